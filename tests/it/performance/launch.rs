//! Ten ranges of five hosts in two zones: made and removed by Rampart, by the engine alone and by docker-compose, in turns
//! within one run. The very same networks and containers each time. Reported, never asserted.
//!
//! - floor: bare calls of the client library with Rampart's own requests and its bound (`server/engine/examples/floor.rs`).
//!   Networks and containers, running. No readiness, no secrets, no proofs.
//! - compose: Debian's docker-compose, `up -d` and `down -t 0`, with an equivalent file. Until it has ended.
//! - rampart: through the product, from the press of the button: `made` until the last container has started, by the
//!   engine's own events; `ready` until seats can be opened, that is with every host ready by its probe, every secret
//!   planted and read back, and every wall tried from inside every host.
//!
//! Seen on two processors with Docker 20.10 (release build, nothing else on the machine, medians of three): floor
//! 10.7 s and 6.5 s, compose 12.0 s and 8.9 s, Rampart 10.5 s made, 17.0 s ready and
//! 7.0 s removed. The floor ends while its last containers still come up; nothing of Rampart's starts before its
//! gateway answers names.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use rampart_domain::plan::{self, HostPlan, Plan};
use rampart_domain::scenario::{Role, parse};
use serde_json::{Map, Value, json};

use super::{round, spread, write_down};
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::{LAUNCH, binary, docker, keep, unique};
use crate::style::root;

/// Ranges, and hosts of each.
pub const PAIRS: u16 = 10;
pub const HOSTS: usize = 5;
/// Rounds of each kind.
const ROUNDS: usize = 3;
/// Pause between two looks at the state of an exercise.
const LOOK: Duration = Duration::from_millis(100);
/// Compose's own block of subnets.
const COMPOSE_BLOCK: &str = "10.211.0.0/16";

/// The fifth host.
const DOC: &str = r#"  - id: doc
    image: base
    role: target
    title: { zh-TW: 公文, en: Documents }
    at: { dmz: 12 }
    capabilities: [NET_BIND_SERVICE]
    resources: { memory: 128M, cpus: 0.5, pids: 100 }
    ready: { command: [curl, -fsS, -o, /dev/null, "http://127.0.0.1/"], within: 180s }
    command: [python3, -m, http.server, "80"]
"#;

/// A folder of scenarios with the light one and one host more, as `five`; its file.
pub fn scenario(home: &Path) -> PathBuf {
    let to = home.join("scenarios/five");
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let from = root().join("tests/it/harness/light");
    assert!(Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap().success());
    let file = to.join("scenario.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let at = text.find("  - id: attack").unwrap();
    let text = format!("{}{DOC}{}", &text[..at], &text[at..])
        .replace("id: light", "id: five")
        .replace("within: 60s", "within: 180s")
        .replace("attempts: 20", "attempts: 1000");
    std::fs::write(&file, text).unwrap();
    file
}

/// Seconds of a piece of work.
fn timed(command: &mut Command) -> f64 {
    let began = Instant::now();
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    began.elapsed().as_secs_f64()
}

/// The engine by itself: seconds until all runs, and until all is gone.
fn floor(file: &Path, at_once: usize) -> (f64, f64) {
    let program = binary().parent().unwrap().join("examples/floor");
    let mut command = Command::new(program);
    command.arg(file).arg(PAIRS.to_string()).arg(at_once.to_string());
    let out = command.output().expect("examples/floor is missing: tests/run builds it");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    (said["made_s"].as_f64().unwrap(), said["removed_s"].as_f64().unwrap())
}

fn service(host: &HostPlan, folder: &Path) -> Value {
    let legs: Map<String, Value> = host
        .legs
        .iter()
        .map(|leg| (leg.network.clone(), json!({ "ipv4_address": leg.address.to_string() })))
        .collect();
    let mut service = json!({
        "container_name": host.name, "hostname": host.host, "image": host.image, "networks": legs,
        "cap_drop": ["ALL"], "cap_add": host.capabilities, "security_opt": ["no-new-privileges:true"],
        "init": true, "restart": "unless-stopped", "dns": [host.dns.to_string()], "dns_search": ".",
        "mem_limit": host.resources.memory, "memswap_limit": host.resources.memory,
        "cpus": f64::from(host.resources.milli_cpus) / 1000.0, "pids_limit": host.resources.pids,
        "logging": { "driver": "json-file", "options": { "max-size": "10m", "max-file": "3" } },
    });
    if let Some(command) = &host.command {
        service["command"] = json!(command);
    }
    if host.forwards {
        service["sysctls"] = json!({ "net.ipv4.ip_forward": "1" });
    }
    // A gateway without its files would end at once, again and again.
    if host.role == Role::Gateway {
        let mut mounts = Vec::new();
        for (number, file) in host.files.iter().enumerate() {
            let path = folder.join(format!("{}-{number}", host.name));
            std::fs::write(&path, &file.content).unwrap();
            mounts.push(format!("{}:{}:ro", path.display(), file.path));
        }
        service["volumes"] = json!(mounts);
    }
    service
}

/// The same ranges as a file of docker-compose.
fn compose_file(file: &Path, folder: &Path) -> PathBuf {
    let scenario = parse("scenario.yaml", &std::fs::read_to_string(file).unwrap()).unwrap();
    let block: ipnet::Ipv4Net = COMPOSE_BLOCK.parse().unwrap();
    let subnets: Vec<_> = block.subnets(26).unwrap().take(plan::subnets_needed(&scenario, PAIRS)).collect();
    let plan: Plan = plan::make(&scenario, &format!("compose-{}", unique()), PAIRS, &subnets).unwrap();
    let networks: Map<String, Value> = plan
        .ranges
        .iter()
        .flat_map(|range| &range.networks)
        .map(|network| {
            let options = json!({
                "com.docker.network.bridge.inhibit_ipv4": "true",
                "com.docker.network.bridge.enable_ip_masquerade": "false",
                "com.docker.network.bridge.name": network.name,
            });
            let pool =
                json!([{ "subnet": network.subnet.to_string(), "gateway": network.router.to_string() }]);
            let made = json!({
                "name": network.name, "driver": "bridge", "driver_opts": options, "ipam": { "config": pool },
            });
            (network.name.clone(), made)
        })
        .collect();
    let hosts = plan.ranges.iter().flat_map(|range| &range.hosts);
    let services: Map<String, Value> = hosts.map(|host| (host.name.clone(), service(host, folder))).collect();
    let path = folder.join("docker-compose.json");
    let whole = json!({ "version": "2.4", "networks": networks, "services": services });
    std::fs::write(&path, whole.to_string()).unwrap();
    path
}

fn compose(file: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("docker-compose");
    command.args(["-p", "rampart-measured", "-f"]).arg(file).args(words);
    command.env("COMPOSE_HTTP_TIMEOUT", "600").env("DOCKER_CLIENT_TIMEOUT", "600");
    command
}

/// Times at which the engine started containers of a run, told by the engine.
struct Starts {
    child: Child,
    seen: Arc<Mutex<Vec<u128>>>,
}

impl Starts {
    fn of(run: &str) -> Self {
        let mut child = Command::new("docker")
            .args([
                "events",
                "--filter",
                &format!("label={}={run}", docker::LABEL),
                "--filter",
                "event=start",
            ])
            .args(["--format", "{{.TimeNano}}"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let seen: Arc<Mutex<Vec<u128>>> = Arc::default();
        let (out, into) = (child.stdout.take().unwrap(), seen.clone());
        std::thread::spawn(move || {
            for line in std::io::BufReader::new(out).lines().map_while(Result::ok) {
                into.lock().unwrap().extend(line.trim().parse::<u128>().ok());
            }
        });
        Self { child, seen }
    }

    /// Seconds from `since` to the last start.
    fn last(&self, since: SystemTime) -> f64 {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), usize::from(PAIRS) * HOSTS, "each host starts once");
        let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        seen.iter().max().unwrap().saturating_sub(since) as f64 / 1e9
    }
}

impl Drop for Starts {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn until(staff: &Staff, run: &str, wanted: &str) {
    let end = Instant::now() + LAUNCH;
    loop {
        let now = stage::state(&staff.instructor, run).await;
        if now == wanted {
            return;
        }
        assert!(Instant::now() < end && now != "failed" && now != "draft", "{now} instead of {wanted}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The product: seconds until all runs, until seats can be opened, and until all is gone.
async fn rampart(server: &mut Server, staff: &Staff) -> (f64, f64, f64) {
    let code = format!("L-{}", unique());
    let run = stage::make_exercise(server, &staff.instructor, "five", &code, PAIRS).await;
    let people = stage::people(2);
    stage::seat(&staff.instructor, &run, &[(&people[0].0, "r1"), (&people[1].0, "b1")]).await;
    let starts = Starts::of(&run);
    // So that the events are listened to.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (began, since) = (Instant::now(), SystemTime::now());
    stage::act(&staff.instructor, &run, "launch", "").await;
    until(staff, &run, "ready").await;
    let ready = began.elapsed().as_secs_f64();
    let made = starts.last(since);
    drop(starts);
    stage::act(&staff.instructor, &run, "end", &code).await;
    let began = Instant::now();
    stage::act(&staff.instructor, &run, "clear", &code).await;
    until(staff, &run, "cleared").await;
    let gone = began.elapsed().as_secs_f64();
    assert!(docker::objects(&run).is_empty());
    (made, ready, gone)
}

async fn measure(server: &mut Server, file: &Path, at_once: usize) -> Value {
    let staff = stage::staff(server).await;
    stage::import(&staff.instructor, &stage::roster(&stage::people(2))).await;
    let folder = tempfile::TempDir::new().unwrap();
    let compose_file = compose_file(file, folder.path());
    let (mut floors, mut gone_floor) = (Vec::new(), Vec::new());
    let (mut composed, mut gone_compose) = (Vec::new(), Vec::new());
    let (mut made, mut ready, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turns, each of them first once.
        for turn in 0..3 {
            match (round + turn) % 3 {
                0 => {
                    let (up, down) = floor(file, at_once);
                    floors.push(up);
                    gone_floor.push(down);
                }
                1 => {
                    let up = std::panic::catch_unwind(|| timed(&mut compose(&compose_file, &["up", "-d"])));
                    gone_compose.push(timed(&mut compose(&compose_file, &["down", "-t", "0"])));
                    composed.push(up.expect("docker-compose could not make the ranges"));
                }
                _ => {
                    let (all, open, down) = rampart(server, &staff).await;
                    made.push(all);
                    ready.push(open);
                    gone.push(down);
                }
            }
        }
        eprintln!(
            "round {round}: floor {floors:?} compose {composed:?} made {made:?} ready {ready:?} gone {gone:?}"
        );
    }
    let median = |values: &[f64]| spread(values.to_vec())["median"].as_f64().unwrap();
    let against = |ours: &[f64], theirs: &[f64]| round(median(ours) / median(theirs));
    json!({
        "launch_vs_floor": against(&made, &floors),
        "launch_ready_vs_floor": against(&ready, &floors),
        "launch_vs_compose": against(&made, &composed),
        "launch_ready_vs_compose": against(&ready, &composed),
        "stop_vs_floor": against(&gone, &gone_floor),
        "stop_vs_compose": against(&gone, &gone_compose),
        "launch": {
            "ranges": PAIRS, "hosts_each": HOSTS, "zones_each": 2, "rounds": ROUNDS, "engine_at_once": at_once,
            "launch_is": "from the press of the button until the last container has started",
            "ready_is": "the same until every host is ready, every secret is read back and every wall is tried",
            "floor_s": spread(floors), "floor_removed_s": spread(gone_floor),
            "compose_s": spread(composed), "compose_removed_s": spread(gone_compose),
            "made_s": spread(made), "ready_s": spread(ready), "removed_s": spread(gone),
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        },
    })
}

/// The server's own bound, as its help says it.
fn bound() -> usize {
    let out = Command::new(binary()).args(["serve", "--help"]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let help = text.split("--engine-at-once").nth(1).unwrap_or_default();
    crate::harness::page::first(help, r"\[default: (\d+)\]").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn against_the_engine_alone_and_docker_compose() {
    let home = tempfile::TempDir::new().unwrap();
    let file = scenario(home.path());
    let mut server =
        Server::with(Setup { scenarios: home.path().join("scenarios"), ..Setup::default() }).await;
    let level = server.level();
    let mut figures = Value::Null;
    let outcome = keep::outcome(async { figures = measure(&mut server, &file, bound()).await }).await;
    if outcome.is_err() {
        server.keep(&keep::folder("performance-launch"));
    }
    drop(level);
    drop(server);
    keep::conclude(outcome);
    write_down(&figures);
}
