//! Making a plan.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

use super::{BRIDGE_PREFIX, HostPlan, Leg, NetworkPlan, Plan, RangePlan, gateway, probes};
use crate::scenario::{Host, Role, Scenario};

/// Host number of the router address in each zone.
const ROUTER: u8 = 1;
/// Host number of the gateway container in each zone.
const GATEWAY: u8 = 2;
/// Block of documentation addresses that hosts of a zone with `nat` are seen under (TEST-NET-3), and how many it has.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 0);
const OUTSIDE_HOSTS: u8 = 254;
/// Longest prefix of a subnet: host numbers go up to 62.
const LONGEST_PREFIX: u8 = 26;
/// Most ranges of one run: with more, a network's name would be longer than the 15 characters of an interface's.
pub const MOST_PAIRS: u16 = 999;

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Too few subnets were given.
    #[error("the plan needs {needed} subnets, {given} were given")]
    Subnets {
        /// Needed.
        needed: usize,
        /// Given.
        given: usize,
    },
    /// A subnet is too small for the host numbers of a scenario.
    #[error("the subnet {0} is too small, a zone needs a /26")]
    TooSmall(Ipv4Net),
    /// Two subnets overlap.
    #[error("the subnets {0} and {1} overlap")]
    Overlap(Ipv4Net, Ipv4Net),
    /// No range, or more than [`MOST_PAIRS`].
    #[error("a run has 1 to {MOST_PAIRS} ranges, {0} were asked for")]
    Pairs(u16),
    /// An image needs what policy does not allow its host.
    #[error("host {host}: the image {image} needs {capability}, which no host of this kind may have")]
    Capability {
        /// Host id.
        host: String,
        /// Image.
        image: String,
        /// Capability.
        capability: String,
    },
    /// A host whose root is read-only, and that something would be planted in.
    #[error("host {host}: nothing can be planted, as the root of the image {image} is read-only")]
    ReadOnly {
        /// Host id.
        host: String,
        /// Image.
        image: String,
    },
    /// The plan could not be written as JSON for its hash.
    #[error("the plan could not be hashed: {0}")]
    Hash(String),
}

/// Number of subnets that `pairs` ranges of this scenario need.
#[must_use]
pub fn subnets_needed(scenario: &Scenario, pairs: u16) -> usize {
    scenario.zones.len() * usize::from(pairs)
}

/// Short name of a run on the engine: six letters and digits derived from its id.
#[must_use]
pub fn short_run(run: &str) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let hash = Sha256::digest(run.as_bytes());
    let mut number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut short = String::with_capacity(6);
    for _ in 0..6 {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        short.push(char::from(DIGITS[digit]));
        number /= 36;
    }
    short
}

/// Makes the plan of a run with `pairs` ranges in the given subnets, taken in order: range by range, zone by zone.
///
/// # Errors
/// See [`PlanError`].
pub fn make(scenario: &Scenario, run: &str, pairs: u16, subnets: &[Ipv4Net]) -> Result<Plan, PlanError> {
    if pairs == 0 || pairs > MOST_PAIRS {
        return Err(PlanError::Pairs(pairs));
    }
    let needed = subnets_needed(scenario, pairs);
    let Some(subnets) = subnets.get(..needed) else {
        return Err(PlanError::Subnets { needed, given: subnets.len() });
    };
    check_subnets(subnets)?;
    let short = short_run(run);
    let mut ranges: Vec<RangePlan> = (1..=pairs)
        .zip(subnets.chunks(scenario.zones.len().max(1)))
        .map(|(range, subnets)| make_range(scenario, &short, range, subnets))
        .collect();
    for index in 0..ranges.len() {
        let probes = probes::of_range(scenario, &ranges, index);
        ranges[index].probes = probes;
    }
    hashed(Plan { run: run.to_owned(), scenario: scenario.id.clone(), ranges, hash: String::new() })
}

/// The plan with its hash.
pub(super) fn hashed(mut plan: Plan) -> Result<Plan, PlanError> {
    // The hash stands last and empty in what is hashed; fields are written in the order of the types.
    plan.hash.clear();
    let text = serde_json::to_vec(&plan).map_err(|error| PlanError::Hash(error.to_string()))?;
    plan.hash = hex::encode(Sha256::digest(&text));
    Ok(plan)
}

fn check_subnets(subnets: &[Ipv4Net]) -> Result<(), PlanError> {
    if let Some(small) = subnets.iter().find(|subnet| subnet.prefix_len() > LONGEST_PREFIX) {
        return Err(PlanError::TooSmall(*small));
    }
    let mut sorted = subnets.to_vec();
    sorted.sort_by_key(|subnet| (subnet.network(), subnet.prefix_len()));
    match sorted.windows(2).find(|pair| pair[0].contains(&pair[1].network())) {
        Some(pair) => Err(PlanError::Overlap(pair[0], pair[1])),
        None => Ok(()),
    }
}

/// Address with a host number in a subnet.
fn address(subnet: Ipv4Net, number: u8) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(subnet.network()).saturating_add(u32::from(number)))
}

fn make_range(scenario: &Scenario, short: &str, range: u16, subnets: &[Ipv4Net]) -> RangePlan {
    let networks: Vec<NetworkPlan> = scenario
        .zones
        .iter()
        .zip(subnets)
        .enumerate()
        .map(|(index, (zone, subnet))| NetworkPlan {
            name: format!("{BRIDGE_PREFIX}{short}-{range}-{index}"),
            zone: zone.id.clone(),
            subnet: subnet.trunc(),
            router: address(*subnet, ROUTER),
            gateway: address(*subnet, GATEWAY),
        })
        .collect();
    let (gateways, others): (Vec<&Host>, Vec<&Host>) =
        scenario.hosts.iter().partition(|host| host.role == Role::Gateway);
    let mut hosts: Vec<HostPlan> = gateways
        .into_iter()
        .chain(others)
        .filter_map(|host| make_host(scenario, short, range, &networks, host))
        .collect();
    look_outside(scenario, short, range, &mut hosts);
    let files = gateway::files(scenario, &networks, &hosts);
    if let Some(gateway) = hosts.iter_mut().find(|host| host.role == Role::Gateway) {
        gateway.files = files;
    }
    RangePlan { range, networks, hosts, probes: Vec::new() }
}

/// Gives each host of a zone with `nat` its address outside. They differ from range to range and tell nothing by their
/// order, so that nobody knows an attacker by habit.
fn look_outside(scenario: &Scenario, short: &str, range: u16, hosts: &mut [HostPlan]) {
    let mut taken = HashSet::new();
    for zone in scenario.zones.iter().filter(|zone| zone.nat) {
        for host in hosts.iter_mut().filter(|host| host.role != Role::Gateway) {
            for leg in host.legs.iter_mut().filter(|leg| leg.zone == zone.id) {
                let hash = Sha256::digest(format!("{short}/{range}/{}/{}", zone.id, host.host));
                // A scenario has 60 hosts at most, so there is always a free one of 254.
                let first = hash[0] % OUTSIDE_HOSTS;
                let free = (0..OUTSIDE_HOSTS)
                    .map(|step| 1 + u8::try_from((u16::from(first) + u16::from(step)) % 254).unwrap_or(0))
                    .find(|number| taken.insert(*number));
                leg.outside = free.map(|number| {
                    let [a, b, c, _] = OUTSIDE.octets();
                    Ipv4Addr::new(a, b, c, number)
                });
            }
        }
    }
}

/// `None` for a host without a leg, which a validated scenario does not have.
fn make_host(
    scenario: &Scenario,
    short: &str,
    range: u16,
    networks: &[NetworkPlan],
    host: &Host,
) -> Option<HostPlan> {
    let leg = |network: &NetworkPlan, address| Leg {
        network: network.name.clone(),
        zone: network.zone.clone(),
        address,
        outside: None,
    };
    let legs: Vec<Leg> = if host.role == Role::Gateway {
        networks.iter().map(|network| leg(network, network.gateway)).collect()
    } else {
        host.at
            .iter()
            .filter_map(|(zone, number)| {
                let network = networks.iter().find(|network| network.zone == *zone)?;
                Some(leg(network, address(network.subnet, *number)))
            })
            .collect()
    };
    let first = legs.first()?.zone.clone();
    let dns = networks.iter().find(|network| network.zone == first)?.gateway;
    Some(HostPlan {
        name: format!("{BRIDGE_PREFIX}-{short}-{range}-{}", host.id),
        host: host.id.clone(),
        image: format!("rampart/{}:latest", host.image),
        role: host.role,
        side: host.side,
        legs,
        dns,
        capabilities: capabilities(host),
        read_only: false,
        tmpfs: Vec::new(),
        resources: host.resources,
        ready: host.ready.clone(),
        telemetry: host.telemetry,
        command: host.command.clone(),
        forwards: host.role == Role::Gateway,
        files: Vec::new(),
        plants: scenario
            .plants
            .iter()
            .filter(|plant| plant.host == host.id)
            .map(|plant| plant.what.clone())
            .collect(),
        logins: scenario
            .accounts
            .iter()
            .filter(|account| account.host.as_deref() == Some(host.id.as_str()))
            .filter_map(|account| Some((account.login.clone()?, account.id.clone())))
            .collect(),
    })
}

/// Capabilities that a host gets: what it asks for and policy allows. The parser refuses the rest by name; this is the
/// second lock, for scenarios that come from elsewhere.
fn capabilities(host: &Host) -> Vec<String> {
    let mut seen = HashSet::new();
    host.capabilities
        .iter()
        .filter(|name| crate::scenario::may_have(host.role, name))
        .filter(|name| seen.insert(name.as_str()))
        .cloned()
        .collect()
}
