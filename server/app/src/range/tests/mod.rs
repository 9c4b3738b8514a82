//! The reconciler on the fake, for every fault, and on Docker, for what is true.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod anew;
mod faults;
mod gateway;
mod real;
mod resume;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use ipnet::Ipv4Net;
use rampart_domain::plan::{self, Plan};
use rampart_domain::scenario::{PlantWhat, Ready, Scenario, parse};
use rampart_domain::secret::RunSecret;
use rampart_engine::{Engine, subnets};

const BASE: &str = "rampart/base:latest";

fn scenario() -> Scenario {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/qinglan-portal/scenario.yaml");
    parse("scenario.yaml", &std::fs::read_to_string(path).unwrap()).unwrap()
}

fn secret() -> RunSecret {
    RunSecret::new([7; 32])
}

fn run_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-range-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A plan of the shipped scenario in subnets that are free on this engine.
async fn shipped(engine: &dyn Engine, pairs: u16) -> Plan {
    planned(engine, &scenario(), pairs).await
}

/// So many of these subnets, for tests that run side by side on a real engine: no two of this process get the same, though
/// nothing stands in it yet, and those of another process begin elsewhere.
fn own(mut free: Vec<Ipv4Net>, count: usize) -> Vec<Ipv4Net> {
    static GIVEN: Mutex<BTreeSet<Ipv4Net>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    free.retain(|net| !given.contains(net));
    let begin = std::process::id() as usize * 61 % free.len();
    free.rotate_left(begin);
    free.truncate(count);
    given.extend(&free);
    free
}

async fn planned(engine: &dyn Engine, scenario: &Scenario, pairs: u16) -> Plan {
    let run = run_id();
    let taken = subnets::taken(engine).await.unwrap();
    let free = subnets::candidates("10.214.0.0/16".parse().unwrap(), 26, &taken).collect();
    let wanted = plan::subnets_needed(scenario, pairs);
    // A fake engine is its test's alone, and has nothing.
    let free = if taken.is_empty() { free } else { own(free, wanted) };
    let free = &free[..wanted];
    let needs = super::needs(engine).await.unwrap();
    plan::make(scenario, &run, pairs, free).unwrap().on_images(&needs).unwrap()
}

/// The same with the base image in place of the replicas: quick to start, same names, rules and probes.
async fn light(engine: &dyn Engine, pairs: u16) -> Plan {
    lighter(shipped(engine, pairs).await)
}

fn lighter(mut plan: Plan) -> Plan {
    for host in plan.ranges.iter_mut().flat_map(|range| &mut range.hosts) {
        let (ports, script): (&[u16], &str) = match host.host.as_str() {
            "gateway" => continue,
            "www" => (&[80, 22], "python3 -m http.server 22 & exec python3 -m http.server 80"),
            "doc" => (&[8080], "exec python3 -m http.server 8080"),
            _ => (&[], "exec sleep infinity"),
        };
        host.image = BASE.into();
        host.command = Some(["bash", "-c", script].map(str::to_owned).into());
        let probes: Vec<String> =
            ports.iter().map(|port| format!("curl -fsS -o /dev/null http://127.0.0.1:{port}/")).collect();
        let probe = if probes.is_empty() { "true".to_owned() } else { probes.join(" && ") };
        host.ready =
            Some(Ready { command: ["bash", "-c", &probe].map(str::to_owned).into(), within_ms: 60_000 });
        host.logins.clear();
        host.plants.retain(|plant| matches!(plant, PlantWhat::File { .. }));
        for plant in &mut host.plants {
            if let PlantWhat::File { owner, .. } = plant {
                "root".clone_into(owner);
            }
        }
        host.resources.memory = 96 << 20;
    }
    plan
}

pub(super) use real::docker;

fn quiet(_: super::Step) {}
