//! The probes that a launch runs from inside: what the rules let through answers, everything else does not.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::gateway::hosts_of;
use super::{HostPlan, ProbePlan, RangePlan};
use crate::scenario::{Proto, Role, Scenario};

/// Ports tried where no rule leads, most telling first.
const DENIED_PORTS: [u16; 4] = [80, 22, 8080, 3306];
/// Ports tried on other teams' hosts.
const OTHER_PORTS: [u16; 3] = [80, 22, 8080];
/// Ports tried on the addresses of the engine's host.
const HOST_PORTS: [u16; 4] = [22, 80, 5432, 8080];
/// Ports of an engine's API.
const ENGINE_PORTS: [u16; 2] = [2375, 2376];
/// What nobody may reach: an address of the documentation block, and the metadata service of clouds.
const OUTSIDE: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(169, 254, 169, 254)];
/// Bounds for each range: a probe that must fail costs a time-out.
const MOST_DENIED: usize = 80;
const MOST_OTHER: usize = 120;

/// Probes of `ranges[index]`.
pub(super) fn of_range(scenario: &Scenario, ranges: &[RangePlan], index: usize) -> Vec<ProbePlan> {
    let Some(own) = ranges.get(index) else { return Vec::new() };
    let opened = opened(scenario, own);
    let mut probes: Vec<ProbePlan> = opened
        .iter()
        .filter(|open| open.sure)
        .map(|open| probe("allowed", &open.from, Some(open.to), open.port, true))
        .collect();
    probes.extend(denied(own, &opened));
    for host in own.hosts.iter().filter(|host| host.role != Role::Gateway) {
        probes.extend(HOST_PORTS.map(|port| probe("host", &host.host, None, port, false)));
        probes.extend(ENGINE_PORTS.map(|port| probe("engine", &host.host, None, port, false)));
        probes.extend(OUTSIDE.map(|address| probe("outside", &host.host, Some(address), 80, false)));
    }
    let others = ranges.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, range)| range);
    probes.extend(other_teams(own, &others.collect::<Vec<_>>()));
    probes
}

fn probe(what: &str, from: &str, address: Option<Ipv4Addr>, port: u16, reachable: bool) -> ProbePlan {
    ProbePlan { what: what.to_owned(), from: from.to_owned(), address, port, reachable }
}

/// A way that a rule opens.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Open {
    from: String,
    to: Ipv4Addr,
    port: u16,
    /// Something must answer: the rule names the host. A rule to a whole zone only says that it may.
    sure: bool,
}

fn opened(scenario: &Scenario, range: &RangePlan) -> Vec<Open> {
    let mut opened = BTreeSet::new();
    for allow in scenario.allow.iter().filter(|allow| allow.proto == Proto::Tcp) {
        for (from, _) in hosts_of(&allow.from, &range.hosts) {
            for (_, to) in hosts_of(&allow.to, &range.hosts) {
                for port in &allow.ports {
                    let sure = allow.to.host.is_some();
                    opened.insert(Open { from: from.host.clone(), to, port: *port, sure });
                }
            }
        }
    }
    opened.into_iter().collect()
}

/// From each workstation and target to each host of zones where it does not stand, on ports that no rule opens.
fn denied(range: &RangePlan, opened: &[Open]) -> Vec<ProbePlan> {
    let mut probes = Vec::new();
    for port in DENIED_PORTS {
        let tries = range.hosts.iter().filter(|host| matches!(host.role, Role::Workstation | Role::Target));
        for from in tries {
            for to in range.hosts.iter().filter(|host| host.role != Role::Gateway) {
                probes.extend(denied_pair(from, to, port, opened));
            }
        }
    }
    probes.truncate(MOST_DENIED);
    probes
}

fn denied_pair(from: &HostPlan, to: &HostPlan, port: u16, opened: &[Open]) -> Option<ProbePlan> {
    let neighbours = from.legs.iter().any(|leg| to.legs.iter().any(|other| other.zone == leg.zone));
    let address = to.legs.first()?.address;
    let open = opened.iter().any(|open| open.from == from.host && open.to == address && open.port == port);
    (!neighbours && !open).then(|| probe("denied", &from.host, Some(address), port, false))
}

/// From each workstation to the hosts of the other ranges. With many ranges those next in number come first.
fn other_teams(own: &RangePlan, others: &[&RangePlan]) -> Vec<ProbePlan> {
    let mut others = others.to_vec();
    others.sort_by_key(|other| (other.range.abs_diff(own.range), other.range));
    let mut probes = Vec::new();
    for port in OTHER_PORTS {
        for other in &others {
            for to in other.hosts.iter().flat_map(|host| &host.legs) {
                let workstations = own.hosts.iter().filter(|host| host.role == Role::Workstation);
                probes.extend(
                    workstations.map(|from| probe("other_team", &from.host, Some(to.address), port, false)),
                );
                // A plan of many ranges has thousands of pairs; there is no need to make them all.
                if probes.len() >= MOST_OTHER {
                    probes.truncate(MOST_OTHER);
                    return probes;
                }
            }
        }
    }
    probes
}
