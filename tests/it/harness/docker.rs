//! The engine, asked by its own command line and not through the code under test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use ipnet::Ipv4Net;

/// Label with the run's id on all that Rampart makes.
pub const LABEL: &str = "rampart.run";

/// Runs the engine's command line.
pub fn docker(args: &[&str]) -> Output {
    Command::new("docker").args(args).output().expect("no docker command: tests/run installs it")
}

/// Its output; fails when it says no.
pub fn docker_ok(args: &[&str]) -> String {
    let out = docker(args);
    assert!(out.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn lines(args: &[&str]) -> Vec<String> {
    docker_ok(args).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Names of the containers of a run, stopped ones too.
pub fn containers(run: &str) -> Vec<String> {
    let mut names =
        lines(&["ps", "-a", "--filter", &format!("label={LABEL}={run}"), "--format", "{{.Names}}"]);
    names.sort();
    names
}

/// Ids of the containers of a run by name.
pub fn ids(run: &str) -> BTreeMap<String, String> {
    let of_run = format!("label={LABEL}={run}");
    lines(&["ps", "-a", "--no-trunc", "--filter", &of_run, "--format", "{{.Names}} {{.ID}}"])
        .iter()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .collect()
}

/// As [`ids`], of those that run.
pub fn ids_of_running(run: &str) -> BTreeMap<String, String> {
    let mut ids = ids(run);
    let of_run = format!("label={LABEL}={run}");
    let names = lines(&["ps", "--filter", &of_run, "--filter", "status=running", "--format", "{{.Names}}"]);
    ids.retain(|name, _| names.contains(name));
    ids
}

/// Names of the networks of a run.
pub fn networks(run: &str) -> Vec<String> {
    lines(&["network", "ls", "--filter", &format!("label={LABEL}={run}"), "--format", "{{.Name}}"])
}

/// Everything of a run: containers, networks, volumes.
pub fn objects(run: &str) -> Vec<String> {
    let mut all = containers(run);
    all.extend(networks(run));
    all.extend(lines(&[
        "volume",
        "ls",
        "--filter",
        &format!("label={LABEL}={run}"),
        "--format",
        "{{.Name}}",
    ]));
    all
}

/// A label of a container.
pub fn label(container: &str, label: &str) -> String {
    docker_ok(&["inspect", "--format", &format!("{{{{index .Config.Labels \"{label}\"}}}}"), container])
        .trim()
        .to_owned()
}

/// State of a container: `running`, `paused`, `exited`.
pub fn state(container: &str) -> String {
    docker_ok(&["inspect", "--format", "{{.State.Status}}", container]).trim().to_owned()
}

/// The container of a host in a range of a run.
pub fn host(run: &str, range: u16, name: &str) -> String {
    let found = lines(&[
        "ps",
        "-a",
        "--filter",
        &format!("label={LABEL}={run}"),
        "--filter",
        &format!("label=rampart.range={range}"),
        "--filter",
        &format!("label=rampart.name={name}"),
        "--format",
        "{{.Names}}",
    ]);
    assert_eq!(found.len(), 1, "host {name} of range {range}: {found:?}");
    found[0].clone()
}

/// Addresses of a container in its zones.
pub fn addresses(container: &str) -> Vec<Ipv4Addr> {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
    docker_ok(&["inspect", "--format", format, container])
        .split_whitespace()
        .map(|address| address.parse().unwrap())
        .collect()
}

/// Runs a shell line in a container; exit code and both outputs.
pub fn exec(container: &str, user: &str, script: &str) -> (i32, String) {
    let out = docker(&["exec", "-u", user, container, "bash", "-c", script]);
    let mut said = String::from_utf8_lossy(&out.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&out.stderr));
    (out.status.code().unwrap_or(-1), said)
}

/// As [`exec`], with a program on standard input.
pub fn exec_python(container: &str, user: &str, program: &str) -> (i32, String) {
    use std::io::Write;
    let mut child = Command::new("docker")
        .args(["exec", "-i", "-u", user, container, "python3", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let mut said = String::from_utf8_lossy(&out.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&out.stderr));
    (out.status.code().unwrap_or(-1), said)
}

/// A program that listens in a container until it is told to end, by the end of its input.
pub struct Listener {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Listener {
    /// Starts a Python program as root and waits until it says with its first line that it listens.
    pub fn start(container: &str, program: &str) -> Self {
        let mut child = Command::new("docker")
            .args(["exec", "-i", "-u", "root", container, "python3", "-c", program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert_eq!(first.trim(), "listening", "{container}");
        Self { child, out }
    }

    /// Ends it; what it said meanwhile.
    pub fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {said}");
        said
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Last lines of a container's log.
pub fn log(container: &str) -> String {
    let out = docker(&["logs", "--tail", "400", container]);
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Subnets of all networks, whoever made them.
pub fn subnets() -> Vec<Ipv4Net> {
    let out = docker(&["network", "ls", "-q"]);
    let format = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
    String::from_utf8_lossy(&out.stdout)
        .split_whitespace()
        .filter_map(|id| {
            let out = docker(&["network", "inspect", "--format", format, id]);
            String::from_utf8_lossy(&out.stdout).trim().parse().ok()
        })
        .collect()
}

/// Ids of runs that have a network in this block of subnets.
pub fn runs_in(block: Ipv4Net) -> Vec<String> {
    let mut runs = Vec::new();
    let out = docker(&["network", "ls", "-q", "--filter", &format!("label={LABEL}")]);
    for id in String::from_utf8_lossy(&out.stdout).split_whitespace() {
        let format =
            format!("{{{{index .Labels \"{LABEL}\"}}}} {{{{range .IPAM.Config}}}}{{{{.Subnet}}}}{{{{end}}}}");
        let out = docker(&["network", "inspect", "--format", &format, id]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut parts = text.split_whitespace();
        let (Some(run), Some(subnet)) = (parts.next(), parts.next()) else { continue };
        if subnet.parse::<Ipv4Net>().is_ok_and(|subnet| block.contains(&subnet))
            && !runs.contains(&run.to_owned())
        {
            runs.push(run.to_owned());
        }
    }
    runs
}

/// Removes all that belongs to a run. Used when a test ends, however it ends; failures are told, not raised.
pub fn remove(run: &str) {
    let of_run = format!("label={LABEL}={run}");
    let ids = |args: &[&str]| -> Vec<String> {
        String::from_utf8_lossy(&docker(args).stdout).split_whitespace().map(str::to_owned).collect()
    };
    let found = ids(&["ps", "-aq", "--filter", &of_run]);
    if !found.is_empty() {
        let mut args = vec!["rm", "-f", "-v"];
        args.extend(found.iter().map(String::as_str));
        docker(&args);
    }
    for network in ids(&["network", "ls", "-q", "--filter", &of_run]) {
        docker(&["network", "rm", &network]);
    }
    for volume in ids(&["volume", "ls", "-q", "--filter", &of_run]) {
        docker(&["volume", "rm", "-f", &volume]);
    }
}
