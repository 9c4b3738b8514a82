//! Proving the walls and the rules from inside every host, by the script `probe.py`.
//!
//! What the plan asks for is tried as it says; besides, from every host: the platform's own ports on the host's addresses,
//! the router address (it must be the gateway's own hardware, not the host's), the host's interfaces (nothing but the
//! plan's), the names of the range (own hosts only) and of other ranges and the world (nobody), its capabilities and
//! limits; and where a host may write raw frames, frames to the bridge itself (IPv6, too) and packets to the gateway under a
//! source address of another zone, which the gateway must have dropped and counted.
//!
//! "Refused" is an answer: behind a wall it means that the wall does not hold.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, try_join_all};
use rampart_domain::plan::{self, HostPlan, Plan, RangePlan};
use rampart_domain::scenario::Role;
use rampart_engine::{Engine, ExecSpec, HostFacts};
use scoreboard::Proof;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore};

use super::limits::Inside;
use super::{LaunchError, Step, Steps};

const SCRIPT: &str = include_str!("probe.py");
/// Hosts that try at once; they mostly wait for what must not come.
const AT_ONCE: usize = 48;
/// Wait for what must not answer, and for what must, seconds. A lost first packet is sent again after one.
const CLOSED_S: f64 = 2.2;
const OPEN_S: f64 = 6.0;
/// Limit of all tries of one host.
const LIMIT_MS: u64 = 60_000;
/// Names of other ranges that are asked for.
const MOST_NAMES: usize = 12;
/// A name of the world outside.
const WORLD: &str = "example.com";
/// Where an engine's host is by default, whether it is there at present or not.
const DEFAULT_BRIDGE: &str = "172.17.0.1";
/// Kind of the proofs about false source addresses.
const FORGED: &str = "forged";
/// Ports tried by raw frames, with the platform's own.
const RAW_PORTS: [u16; 4] = [22, 2375, 5432, 8080];
/// Pause before ways that must be open and were not are tried again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Ask {
    tcp: Vec<(String, u16, f64)>,
    names: Vec<String>,
    routers: Vec<(String, String)>,
    raw: Vec<(String, String, Vec<String>, Vec<u16>)>,
    forged: Vec<(String, String, String, String, u16)>,
    links: bool,
    inside: bool,
}

#[derive(Deserialize)]
struct Answer {
    tcp: Vec<String>,
    names: Vec<Option<Vec<String>>>,
    routers: Vec<(String, String)>,
    raw: Vec<serde_json::Value>,
    forged: Vec<serde_json::Value>,
    links: Vec<String>,
    inside: Inside,
}

/// A connection to try.
struct Try {
    what: String,
    to: String,
    address: String,
    port: u16,
    reachable: bool,
}

/// Everything that one host is to try.
struct Job<'a> {
    range: &'a RangePlan,
    host: &'a HostPlan,
    tries: Vec<Try>,
    own_names: Vec<String>,
    foreign_names: Vec<String>,
    raw_ports: Vec<u16>,
}

/// The tries of a plan. Those of a range may begin when every host of the plan runs: a wall before a host that is not there
/// yet proves nothing.
pub(super) struct Tries<'a> {
    engine: &'a dyn Engine,
    plan: &'a Plan,
    own_ports: &'a [u16],
    facts: OnceCell<HostFacts>,
    turns: Semaphore,
}

impl<'a> Tries<'a> {
    pub(super) fn new(engine: &'a dyn Engine, plan: &'a Plan, own_ports: &'a [u16]) -> Self {
        Self { engine, plan, own_ports, facts: OnceCell::new(), turns: Semaphore::new(AT_ONCE) }
    }

    /// Tries everything from inside every host of a range. A way that must be open and is not fails the launch; a wall that
    /// does not hold is a result.
    pub(super) async fn of(&self, range: &RangePlan, steps: Steps<'_>) -> Result<Vec<Proof>, LaunchError> {
        let facts = self.facts.get_or_try_init(|| self.engine.host()).await?;
        let all = range.hosts.len();
        let done = AtomicUsize::new(0);
        let tell = |done| steps(Step { range: range.range, name: "walls", done, had: 0, all });
        tell(0);
        let jobs: Vec<Job<'_>> =
            range.hosts.iter().map(|host| job(self.plan, range, host, facts, self.own_ports)).collect();
        let forgers: Vec<String> =
            jobs.iter().filter(|job| !job.forged().is_empty()).map(|job| job.host.host.clone()).collect();
        let tasks: Vec<BoxFuture<'_, Proven>> = jobs
            .into_iter()
            .map(|job| -> BoxFuture<'_, Proven> {
                Box::pin(async {
                    // Never closed.
                    let _turn = self.turns.acquire().await;
                    let proofs = prove(self.engine, job, facts).await?;
                    tell(done.fetch_add(1, Ordering::Relaxed) + 1);
                    Ok(proofs)
                })
            })
            .collect();
        // Before anything is tried: what the gateway has counted until now proves nothing.
        let before = match forgers.is_empty() {
            true => None,
            false => Some(forged_at(self.engine, range).await?),
        };
        let mut proofs = try_join_all(tasks).await?.concat();
        if let Some(before) = before {
            let after = forged_at(self.engine, range).await?;
            counted(&before, &after, &forgers, &mut proofs);
        }
        Ok(proofs)
    }
}

/// Runs all probes of a standing plan, or those of one range.
pub(super) async fn all(
    engine: &dyn Engine,
    plan: &Plan,
    only: Option<u16>,
    own_ports: &[u16],
    steps: Steps<'_>,
) -> Result<Vec<(u16, Vec<Proof>)>, LaunchError> {
    let tries = Tries::new(engine, plan, own_ports);
    let ranges = plan.ranges.iter().filter(|range| only.is_none_or(|only| range.range == only));
    let tasks: Vec<BoxFuture<'_, OfRange>> = ranges
        .map(|range| -> BoxFuture<'_, _> {
            let tries = &tries;
            Box::pin(async move { Ok((range.range, tries.of(range, steps).await?)) })
        })
        .collect();
    try_join_all(tasks).await
}

/// The host's addresses, as text, and the one that engines of this kind have by default. Link-local ones are tried by raw
/// frames, as nobody has a route to them.
fn addresses(facts: &HostFacts) -> Vec<String> {
    let local = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let mut all: Vec<String> =
        facts.addresses.iter().filter(|address| !local(address)).map(IpAddr::to_string).collect();
    if !all.iter().any(|address| address == DEFAULT_BRIDGE) {
        all.push(DEFAULT_BRIDGE.to_owned());
    }
    all
}

/// What the gateway of a range has counted as forged since it was started; what it said instead where it told nothing, or
/// where there is none.
async fn forged_at(engine: &dyn Engine, range: &RangePlan) -> Result<Result<u64, String>, LaunchError> {
    let Some(gateway) = range.hosts.iter().find(|host| host.role == Role::Gateway) else {
        return Ok(Err("no gateway".to_owned()));
    };
    let at = |error| LaunchError::At { range: range.range, name: gateway.host.clone(), error };
    let out = engine.exec(&gateway.name, ExecSpec::new(plan::COUNTERS)).await.map_err(at)?;
    Ok(plan::read_forged(&out.stdout).ok_or_else(|| out.said().chars().take(200).collect()))
}

/// Puts what the gateway has counted as forged meanwhile to the proofs of those that tried.
fn counted(
    before: &Result<u64, String>,
    after: &Result<u64, String>,
    forgers: &[String],
    proofs: &mut [Proof],
) {
    let of_forger = |proof: &&mut Proof| proof.what == FORGED && forgers.contains(&proof.from);
    let mut tried: Vec<&mut Proof> = proofs.iter_mut().filter(of_forger).collect();
    let sent: u64 = tried.iter().filter_map(|proof| proof.seen.parse::<u64>().ok()).sum();
    // Repeated tries only add to it. A gateway that was started anew meanwhile counts from nothing and is tried again.
    let dropped = match (before, after) {
        (Ok(before), Ok(after)) => Ok(after.saturating_sub(*before)),
        (Err(said), _) | (_, Err(said)) => Err(said),
    };
    for proof in &mut tried {
        proof.holds = proof.seen.parse::<u64>().is_ok_and(|of_this| of_this > 0)
            && dropped.as_ref().is_ok_and(|dropped| *dropped >= sent);
        let dropped = dropped.as_ref().map_or_else(|said| (*said).clone(), u64::to_string);
        proof.seen = format!("{} sent, {dropped} dropped by the gateway in all", proof.seen);
    }
}

fn job<'a>(
    plan: &'a Plan,
    range: &'a RangePlan,
    host: &'a HostPlan,
    facts: &HostFacts,
    own_ports: &[u16],
) -> Job<'a> {
    let named = |address: std::net::Ipv4Addr, port: u16| {
        let owner = plan.ranges.iter().find_map(|other| other.host_at(address));
        owner
            .map_or_else(|| format!("{address}:{port}"), |owner| format!("{address}:{port} ({})", owner.host))
    };
    let machine = addresses(facts);
    let mut tries = Vec::new();
    let on_machine = |tries: &mut Vec<Try>, what: &str, port: u16| {
        for address in &machine {
            tries.push(Try {
                what: what.to_owned(),
                to: format!("{address}:{port}"),
                address: address.clone(),
                port,
                reachable: false,
            });
        }
    };
    for probe in range.probes.iter().filter(|probe| probe.from == host.host) {
        match probe.address {
            None => on_machine(&mut tries, &probe.what, probe.port),
            Some(address) => tries.push(Try {
                what: probe.what.clone(),
                to: named(address, probe.port),
                address: address.to_string(),
                port: probe.port,
                reachable: probe.reachable,
            }),
        }
    }
    for port in own_ports.iter().chain(&facts.ports) {
        on_machine(&mut tries, "host", *port);
    }
    let mut seen = BTreeSet::new();
    tries.retain(|one| seen.insert((one.address.clone(), one.port)));
    let strangers =
        plan.ranges.iter().filter(|other| other.range != range.range).flat_map(|other| &other.hosts);
    let mut foreign_names: Vec<String> = strangers.map(|host| host.name.clone()).take(MOST_NAMES).collect();
    foreign_names.push(WORLD.to_owned());
    let mut raw_ports: Vec<u16> = RAW_PORTS.iter().chain(own_ports).chain(&facts.ports).copied().collect();
    raw_ports.sort_unstable();
    raw_ports.dedup();
    Job {
        range,
        host,
        tries,
        own_names: range.hosts.iter().map(|host| host.host.clone()).collect(),
        foreign_names,
        raw_ports,
    }
}

impl Job<'_> {
    fn is_gateway(&self) -> bool {
        self.host.role == Role::Gateway
    }

    /// (router, gateway) of each of its zones; the gateway need not ask for itself.
    fn routers(&self) -> Vec<(String, String)> {
        if self.is_gateway() {
            return Vec::new();
        }
        let zones = self.host.legs.iter().map(|leg| leg.network.as_str());
        zones
            .filter_map(|name| self.range.networks.iter().find(|network| network.name == name))
            .map(|network| (network.router.to_string(), network.gateway.to_string()))
            .collect()
    }

    /// Hosts that can write frames by hand and have somebody at them.
    fn writes_frames(&self) -> bool {
        !self.is_gateway() && self.host.capabilities.iter().any(|capability| capability == "NET_RAW")
    }

    /// What it sends to the gateway under another's address: own address, router, that address, and whom to reach with it.
    fn forged(&self) -> Vec<(String, String, String, String, u16)> {
        if !self.writes_frames() {
            return Vec::new();
        }
        let mut forged = Vec::new();
        for leg in &self.host.legs {
            let Some(network) = self.range.networks.iter().find(|network| network.name == leg.network) else {
                continue;
            };
            let elsewhere = |host: &&HostPlan| {
                host.role != Role::Gateway && !host.legs.iter().any(|other| other.zone == leg.zone)
            };
            let others: Vec<_> =
                self.range.hosts.iter().filter(elsewhere).flat_map(|host| host.legs.first()).collect();
            let open = self.tries.iter().find(|one| one.reachable);
            let to = open
                .map(|one| (one.address.clone(), one.port))
                .or_else(|| others.first().map(|leg| (leg.address.to_string(), 80)));
            let source = others.iter().map(|leg| leg.address.to_string());
            let source = source.into_iter().find(|source| to.as_ref().is_some_and(|(to, _)| to != source));
            if let (Some((to, port)), Some(source)) = (to, source) {
                forged.push((leg.address.to_string(), network.router.to_string(), source, to, port));
            }
        }
        forged
    }

    fn ask(&self, facts: &HostFacts) -> Ask {
        let mut tcp: Vec<(String, u16, f64)> = self
            .tries
            .iter()
            .map(|one| (one.address.clone(), one.port, if one.reachable { OPEN_S } else { CLOSED_S }))
            .collect();
        // So that both hardware addresses are known.
        for (router, gateway) in self.routers() {
            tcp.push((router, 53, CLOSED_S));
            tcp.push((gateway, 53, CLOSED_S));
        }
        let raw = self.host.legs.iter().filter(|_| self.writes_frames()).map(|leg| {
            let bridge = facts.links.get(&leg.network).cloned().unwrap_or_default();
            (leg.address.to_string(), bridge, addresses(facts), self.raw_ports.clone())
        });
        Ask {
            tcp,
            // The gateway asks nobody: it is the name server.
            names: if self.is_gateway() {
                Vec::new()
            } else {
                self.own_names.iter().chain(&self.foreign_names).cloned().collect()
            },
            routers: self.routers(),
            raw: raw.collect(),
            forged: self.forged(),
            links: true,
            inside: true,
        }
    }

    fn proof(&self, what: &str, to: impl Into<String>, holds: bool, seen: impl Into<String>) -> Proof {
        Proof { what: what.into(), from: self.host.host.clone(), to: to.into(), holds, seen: seen.into() }
    }

    /// Reads the answer.
    fn read(&self, answer: &Answer) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for (one, seen) in self.tries.iter().zip(&answer.tcp) {
            let holds =
                if one.reachable { seen == "open" } else { seen == "no answer" || seen == "no route" };
            proofs.push(self.proof(&one.what, &one.to, holds, seen));
        }
        for ((router, gateway), (of_router, of_gateway)) in self.routers().iter().zip(&answer.routers) {
            let known = |address: &str| !address.is_empty() && address != "00:00:00:00:00:00";
            let holds = known(of_router) && of_router == of_gateway;
            let seen = if holds {
                format!("{of_router}, the gateway's own")
            } else {
                format!("{router} is at '{of_router}', the gateway {gateway} at '{of_gateway}'")
            };
            proofs.push(self.proof("host", format!("{router} (router)"), holds, seen));
        }
        for (leg, seen) in self.host.legs.iter().filter(|_| self.writes_frames()).zip(&answer.raw) {
            let holds = seen.as_u64() == Some(0);
            let text = seen.as_u64().map_or_else(|| seen.to_string(), |answers| format!("{answers} answers"));
            proofs.push(self.proof("host", format!("raw frames to the bridge of {}", leg.zone), holds, text));
        }
        for (one, sent) in self.forged().iter().zip(&answer.forged) {
            let text = sent.as_u64().map_or_else(|| sent.to_string(), |sent| sent.to_string());
            // Whether they were dropped, the gateway tells when all have tried.
            proofs.push(self.proof(FORGED, format!("{}:{} as {}", one.3, one.4, one.2), false, text));
        }
        proofs.push(self.interfaces(&answer.links));
        proofs.extend(answer.inside.proofs(self.host));
        if !self.is_gateway() {
            proofs.extend(self.names(&answer.names));
        }
        proofs
    }

    /// No interface but the plan's: no default network, no IPv6.
    fn interfaces(&self, links: &[String]) -> Proof {
        let mut wanted = BTreeSet::new();
        for leg in &self.host.legs {
            let Some(network) = self.range.networks.iter().find(|network| network.name == leg.network) else {
                continue;
            };
            let prefix = network.subnet.prefix_len();
            wanted.insert(format!("{}/{prefix}", leg.address));
            if self.is_gateway() {
                wanted.insert(format!("{}/{prefix}", network.router));
            }
        }
        let there: BTreeSet<String> = links.iter().cloned().collect();
        let seen = there.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.proof("engine", "interfaces", there == wanted, seen)
    }

    fn names(&self, answers: &[Option<Vec<String>>]) -> [Proof; 3] {
        let (own, foreign) = answers.split_at(self.own_names.len().min(answers.len()));
        let mut wrong = Vec::new();
        for (name, found) in self.own_names.iter().zip(own) {
            let addresses: Vec<String> = self
                .range
                .host(name)
                .map(|host| host.legs.iter().map(|leg| leg.address.to_string()).collect())
                .unwrap_or_default();
            let found = found.as_deref().unwrap_or_default();
            if found.is_empty() || !found.iter().all(|address| addresses.contains(address)) {
                wrong.push(format!("{name}: {found:?}"));
            }
        }
        let all = format!("{} names, own hosts only", self.own_names.len());
        let seen = if wrong.is_empty() { all } else { wrong.join(", ") };
        let own = self.proof("other_team", "names of the range", wrong.is_empty(), seen);
        let known = |names: &[String], found: &[Option<Vec<String>>]| -> Vec<String> {
            let pairs = names.iter().zip(found);
            pairs
                .filter_map(|(name, found)| {
                    found.as_ref().filter(|found| !found.is_empty()).map(|_| name.clone())
                })
                .collect()
        };
        let others = self.foreign_names.len().saturating_sub(1);
        let (names, world) = self.foreign_names.split_at(others);
        let (found, of_world) = foreign.split_at(others.min(foreign.len()));
        let leaked = known(names, found);
        let seen = if leaked.is_empty() { format!("{others} names, none known") } else { leaked.join(", ") };
        let strangers = self.proof("other_team", "names of other teams", leaked.is_empty(), seen);
        let leaked = known(world, of_world);
        let seen = if leaked.is_empty() { "not known" } else { "known" };
        let outside = self.proof("outside", format!("name {WORLD}"), leaked.is_empty(), seen);
        [own, strangers, outside]
    }

    fn silent(&self, why: &str) -> Vec<Proof> {
        let mut proofs: Vec<Proof> =
            self.tries.iter().map(|one| self.proof(&one.what, &one.to, false, why)).collect();
        proofs.push(self.proof("host", "all probes", false, why));
        proofs
    }
}

/// The proofs of a range, with its number.
pub(super) type OfRange = Result<(u16, Vec<Proof>), LaunchError>;

/// The proofs of one host.
type Proven = Result<Vec<Proof>, LaunchError>;

async fn prove(engine: &dyn Engine, job: Job<'_>, facts: &HostFacts) -> Proven {
    let number = job.range.range;
    let mut proofs = once(engine, &job, facts).await?;
    if shut(&job, &proofs).is_some() {
        // One more time: a busy machine is no closed way.
        tokio::time::sleep(AGAIN).await;
        proofs = once(engine, &job, facts).await?;
    }
    if let Some(proof) = shut(&job, &proofs) {
        return Err(LaunchError::Blocked {
            range: number,
            from: proof.from.clone(),
            to: proof.to.clone(),
            seen: proof.seen.clone(),
        });
    }
    Ok(proofs)
}

/// The first way that must be open and is not.
fn shut<'p>(job: &Job<'_>, proofs: &'p [Proof]) -> Option<&'p Proof> {
    let open = job.tries.iter().zip(proofs).find(|(one, proof)| one.reachable && !proof.holds);
    open.map(|(_, proof)| proof)
}

async fn once(engine: &dyn Engine, job: &Job<'_>, facts: &HostFacts) -> Result<Vec<Proof>, LaunchError> {
    let at = |error| LaunchError::At { range: job.range.range, name: job.host.host.clone(), error };
    let ask = serde_json::to_vec(&job.ask(facts))
        .map_err(|error| at(rampart_engine::EngineError::Io(error.to_string())))?;
    let spec = ExecSpec::new(["python3", "-I", "-S", "-c", SCRIPT]).stdin(ask).timeout_ms(LIMIT_MS);
    let out = engine.exec(&job.host.name, spec).await.map_err(at)?;
    let answer = if out.ok() { serde_json::from_slice::<Answer>(&out.stdout).ok() } else { None };
    Ok(match answer {
        Some(answer) if answer.tcp.len() >= job.tries.len() => job.read(&answer),
        _ => job.silent(&format!(
            "the probes could not run: {}",
            out.said().chars().take(300).collect::<String>()
        )),
    })
}
