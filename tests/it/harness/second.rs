//! A second container engine, of a test's own: it can be killed without hurting anybody else's containers.
//!
//! It lives in namespaces of its own (network, processes, mounts), as the first process of them: killing it kills
//! everything that it runs, as a power cut does. Its socket is a file that the server reaches from outside.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::docker::LABEL;
use super::unique;

/// Images that the light scenario needs.
const IMAGES: [&str; 2] = ["rampart/base:latest", "rampart/gateway:latest"];
/// What an engine of a small machine needs to be there, and to start again on what it has.
const STARTS_WITHIN: Duration = Duration::from_secs(180);

/// The second engine.
pub struct SecondEngine {
    home: TempDir,
    group: String,
    child: Option<Child>,
    wire: Option<Wire>,
}

/// How a node is reached from outside: a cable, and certificates.
struct Wire {
    cable: String,
    /// The node's address; ours is the one before.
    address: Ipv4Addr,
    /// Folder with `ca.pem`, `cert.pem` and `key.pem`.
    certs: PathBuf,
}

impl SecondEngine {
    /// Starts one with the images of the light scenario, or says why there can be none here.
    pub fn start() -> Result<Self, String> {
        Self::start_in(&std::env::temp_dir())
    }

    /// The same, which keeps all that it has below this folder.
    pub fn start_in(place: &Path) -> Result<Self, String> {
        let home = tempfile::Builder::new()
            .prefix("rampart-engine-")
            .tempdir_in(place)
            .map_err(|e| e.to_string())?;
        let mut engine = Self { home, group: format!("/rampart-test-{}", unique()), child: None, wire: None };
        engine.again()?;
        let mut save = Command::new("docker")
            .arg("save")
            .args(IMAGES)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let from = save.stdout.take().ok_or("docker save says nothing")?;
        let load = engine.command().arg("load").stdin(from).output().map_err(|e| e.to_string())?;
        let saved = save.wait().map_err(|e| e.to_string())?;
        if !saved.success() || !load.status.success() {
            return Err(format!("images not loaded: {}", String::from_utf8_lossy(&load.stderr)));
        }
        Ok(engine)
    }

    /// Starts one without images on a machine of its own, so to speak, that lets in whom the certificates in this folder
    /// name; or says why there can be none here.
    pub fn node(address: Ipv4Addr, certs: &Path) -> Result<Self, String> {
        let home = tempfile::Builder::new().prefix("rampart-engine-").tempdir().map_err(|e| e.to_string())?;
        let tag = unique();
        let wire = Wire { cable: format!("rvt{tag}"), address, certs: certs.to_path_buf() };
        let mut engine = Self { home, group: format!("/rampart-test-{tag}"), child: None, wire: Some(wire) };
        engine.again()?;
        Ok(engine)
    }

    /// A command on the machine of a node: with its interfaces and its firewall.
    pub fn on_node(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let unshare = self.child.as_ref().expect("the engine does not run").id();
        command.arg(format!("--net=/proc/{unshare}/ns/net")).arg(program);
        command
    }

    /// A folder with an `nft` that works on the firewall of this engine's machine, whichever life it is in: a server that
    /// finds it first keeps its wall there and not on the machine of the tests.
    pub fn firewall(&self) -> PathBuf {
        let folder = self.path("programs");
        std::fs::create_dir_all(&folder).unwrap();
        let script = format!(
            "#!/bin/sh\nexec nsenter --net=/proc/$(cat {})/ns/net /usr/sbin/nft \"$@\"\n",
            self.path("machine").display()
        );
        let nft = folder.join("nft");
        std::fs::write(&nft, script).unwrap();
        std::fs::set_permissions(&nft, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        folder
    }

    /// Pulls the cable of a node, or puts it in again.
    pub fn cable(&self, up: bool) {
        let wire = self.wire.as_ref().expect("no node");
        ip(&["link", "set", &wire.cable, if up { "up" } else { "down" }]).unwrap();
    }

    /// Address for the server.
    pub fn address(&self) -> String {
        format!("unix://{}", self.path("docker.sock").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.arg("-H").arg(self.address());
        command
    }

    /// Runs its command line.
    pub fn docker(&self, args: &[&str]) -> Output {
        self.command().args(args).output().expect("no docker command: tests/run installs it")
    }

    /// Containers and networks of a run; `None` when the engine does not answer.
    pub fn objects(&self, run: &str) -> Option<usize> {
        let label = format!("label={LABEL}={run}");
        let count = |args: &[&str]| {
            let out = self.docker(args);
            out.status.success().then(|| String::from_utf8_lossy(&out.stdout).lines().count())
        };
        Some(
            count(&["ps", "-aq", "--filter", &label])? + count(&["network", "ls", "-q", "--filter", &label])?,
        )
    }

    /// Kills it with everything that runs on it.
    pub fn kill9(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // `unshare` passes its own death on to the engine, and that one's ends the whole namespace.
        let _ = child.kill();
        let _ = child.wait();
        let _ = std::fs::remove_file(self.path("docker.sock"));
        self.end_groups();
    }

    /// Control groups of its containers: a machine that goes down keeps none. What is frozen dies only when it thaws.
    fn end_groups(&self) {
        let began = Instant::now();
        let mut left = true;
        while left && began.elapsed() < STARTS_WITHIN {
            left = false;
            for controller in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
                let group = controller.path().join(self.group.trim_start_matches('/'));
                for inner in std::fs::read_dir(&group).into_iter().flatten().flatten() {
                    if !inner.path().is_dir() {
                        continue;
                    }
                    for (file, word) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
                        let file = inner.path().join(file);
                        if file.exists() {
                            let _ = std::fs::write(file, word);
                        }
                    }
                    left |= std::fs::remove_dir(inner.path()).is_err();
                }
                let _ = std::fs::remove_dir(group);
            }
            if left {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// Starts it on what it had.
    pub fn again(&mut self) -> Result<(), String> {
        assert!(self.child.is_none(), "the engine still runs");
        // A process number that was left by another life would keep it from starting.
        let _ = std::fs::remove_dir_all(self.path("run"));
        let _ = std::fs::remove_file(self.path("pid"));
        let at = |name: &str| self.path(name).display().to_string();
        let (plugged, listens) = self.wire.as_ref().map_or_else(Default::default, Wire::of_node);
        let script = format!(
            "mount -t tmpfs tmpfs /run && ip link set lo up && {plugged} exec dockerd {listens} --data-root {} --exec-root {} \
             --pidfile {} --host {} --bridge none --iptables=false --ip6tables=false --ip-masq=false \
             --cgroup-parent {}",
            at("data"),
            at("run"),
            at("pid"),
            self.address(),
            self.group
        );
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .map_err(|e| e.to_string())?;
        let flags = ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"];
        let mut child = Command::new("unshare")
            .args(flags)
            .args(["sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| e.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let began = Instant::now();
        if let Some(wire) = &self.wire
            && let Err(error) = wire.plug(child.id())
        {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        while !self.docker(&["version"]).status.success() {
            let ended = child.try_wait().is_ok_and(|status| status.is_some());
            if ended || began.elapsed() > STARTS_WITHIN {
                let _ = child.kill();
                let _ = child.wait();
                let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(3).collect();
                return Err(format!("the engine does not start: {}", last.join(" | ")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        std::fs::write(self.path("machine"), child.id().to_string()).map_err(|e| e.to_string())?;
        self.child = Some(child);
        Ok(())
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    let out = Command::new("ip").args(words).output().map_err(|e| e.to_string())?;
    if out.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
}

impl Wire {
    fn ours(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) - 1)
    }

    /// What the node does before its engine starts, and how that is told to listen.
    fn of_node(&self) -> (String, String) {
        let (address, certs) = (self.address, self.certs.display());
        let plugged = format!(
            "until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done; ip address add {address}/30 dev eth0; \
             ip link set eth0 up; ip route add default via {};",
            self.ours()
        );
        let listens = format!(
            "--host tcp://{address}:2376 --tlsverify --tlscacert {certs}/ca.pem --tlscert {certs}/cert.pem \
             --tlskey {certs}/key.pem"
        );
        (plugged, listens)
    }

    /// Puts the cable into the network that the process has made for itself.
    fn plug(&self, process: u32) -> Result<(), String> {
        let network = |of: String| std::fs::read_link(format!("/proc/{of}/ns/net")).ok();
        let began = Instant::now();
        while network(process.to_string()) == network("self".into()) {
            if began.elapsed() > STARTS_WITHIN {
                return Err("no network of its own".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let process = process.to_string();
        // The end of a former life of the node that is still there goes with that one's network, sooner or later.
        let _ = ip(&["link", "del", &self.cable]);
        ip(&["link", "add", &self.cable, "type", "veth", "peer", "name", "eth0", "netns", &process])?;
        ip(&["address", "add", &format!("{}/30", self.ours()), "dev", &self.cable])?;
        ip(&["link", "set", &self.cable, "up"])
    }
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        self.kill9();
    }
}
