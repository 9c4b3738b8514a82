//! The plan as text for a person: what a launch would make.

use std::fmt::Write as _;

use super::{HostPlan, Leg, Plan, gateway};
use crate::scenario::{PlantWhat, Proto, Scenario};

/// What `rampart scenario plan` prints. No secret stands in it.
#[must_use]
pub fn print(plan: &Plan, scenario: &Scenario) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "scenario {} version {}, run {}", plan.scenario, scenario.version, plan.run);
    let _ = writeln!(out, "plan     {}", plan.hash);
    totals(&mut out, plan);
    let _ = writeln!(out, "\nlet through between zones (everything else is dropped)");
    for allow in &scenario.allow {
        let proto = match allow.proto {
            Proto::Tcp => "tcp",
            Proto::Udp => "udp",
            Proto::Icmp => "icmp echo",
        };
        let ports = allow.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let line = format!(
            "  {:<16} to {:<16} {proto} {ports}",
            gateway::end_text(&allow.from),
            gateway::end_text(&allow.to)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    plants(&mut out, scenario);
    for range in &plan.ranges {
        let _ = writeln!(out, "\nrange {}", range.range);
        for network in &range.networks {
            let _ = writeln!(
                out,
                "  network   {:<15}  {:<12} {:<18} router {}, gateway {}",
                network.name,
                network.zone,
                network.subnet.to_string(),
                network.router,
                network.gateway
            );
        }
        for host in &range.hosts {
            host_line(&mut out, host);
        }
        let _ = writeln!(out, "  probes    {}", probes(&range.probes));
    }
    out
}

fn totals(out: &mut String, plan: &Plan) {
    let hosts = || plan.ranges.iter().flat_map(|range| &range.hosts);
    let networks: usize = plan.ranges.iter().map(|range| range.networks.len()).sum();
    let memory: u64 = hosts().map(|host| host.resources.memory).sum();
    let typical: u64 = hosts().map(|host| host.resources.typical()).sum();
    let cpus: u64 = hosts().map(|host| u64::from(host.resources.milli_cpus)).sum();
    let disk: u64 = hosts().map(|host| host.resources.disk()).sum();
    let pids: u64 = hosts().map(|host| u64::from(host.resources.pids)).sum();
    let _ = writeln!(
        out,
        "total    {} ranges, {networks} networks, {} containers; {} MiB memory as a rule, at most {} MiB, {} cpus, {pids} processes, {} MiB disk",
        plan.ranges.len(),
        hosts().count(),
        typical.div_ceil(1 << 20),
        memory.div_ceil(1 << 20),
        thousandths(cpus),
        disk.div_ceil(1 << 20),
    );
}

fn plants(out: &mut String, scenario: &Scenario) {
    let _ = writeln!(out, "\nplanted in each range (secrets are derived per team at launch)");
    for plant in &scenario.plants {
        let _ = match &plant.what {
            PlantWhat::File { path, owner, mode, .. } => {
                writeln!(out, "  {:<12} file {path}, {owner} {mode:04o}", plant.host)
            }
            PlantWhat::Row { engine, database, .. } => {
                writeln!(out, "  {:<12} row in {engine} database {database}", plant.host)
            }
        };
    }
    for account in &scenario.accounts {
        if let (Some(host), Some(login)) = (&account.host, &account.login) {
            let _ = writeln!(out, "  {host:<12} password of {login}");
        }
    }
}

fn host_line(out: &mut String, host: &HostPlan) {
    let addresses = host.legs.iter().map(leg_text).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "  container {}  {}", host.name, host.image);
    let _ = writeln!(out, "            at {addresses}; dns {}", host.dns);
    let capabilities =
        if host.capabilities.is_empty() { "none".to_owned() } else { host.capabilities.join(" ") };
    let root = if host.read_only { "; read-only root" } else { "" };
    let _ = writeln!(
        out,
        "            {} MiB, {} cpus, {} processes, {} MiB disk; capabilities {capabilities}{root}",
        host.resources.memory >> 20,
        thousandths(u64::from(host.resources.milli_cpus)),
        host.resources.pids,
        host.resources.disk().div_ceil(1 << 20),
    );
}

fn leg_text(leg: &Leg) -> String {
    let seen = leg.outside.map(|address| format!(", seen as {address}")).unwrap_or_default();
    format!("{} ({}{seen})", leg.address, leg.zone)
}

fn probes(probes: &[super::ProbePlan]) -> String {
    let count = |what: &str| probes.iter().filter(|probe| probe.what == what).count();
    let parts: Vec<String> = ["allowed", "denied", "host", "engine", "outside", "other_team"]
        .iter()
        .map(|what| format!("{} {}", count(what), what.replace('_', " ")))
        .collect();
    format!("{} ({})", probes.len(), parts.join(", "))
}

/// `1.25` of 1,250.
fn thousandths(number: u64) -> String {
    let text = format!("{}.{:03}", number / 1_000, number % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
