//! The three files that make the gateway image the gateway of one range. Only addresses stand in them, never interface
//! names: the engine does not promise their order.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde_json::json;

use super::{FilePlan, HostPlan, NetworkPlan};
use crate::scenario::{Allow, End, Proto, Role, Scenario};

/// The ruleset.
pub const FIREWALL: &str = "/etc/rampart/firewall.nft";
/// The zones.
pub const SETTINGS: &str = "/etc/rampart/gateway.json";
/// The names of the range.
pub const NAMES: &str = "/etc/rampart/hosts";

pub(super) fn files(scenario: &Scenario, networks: &[NetworkPlan], hosts: &[HostPlan]) -> Vec<FilePlan> {
    let file = |path: &str, content| FilePlan { path: path.to_owned(), mode: 0o644, content };
    vec![
        file(FIREWALL, firewall(scenario, networks, hosts)),
        file(SETTINGS, settings(networks)),
        file(NAMES, names(scenario, hosts)),
    ]
}

fn settings(networks: &[NetworkPlan]) -> String {
    let zones: Vec<serde_json::Value> = networks
        .iter()
        .map(|network| {
            json!({
                "id": network.zone,
                "cidr": network.subnet.to_string(),
                "router": network.router.to_string(),
                "gateway": network.gateway.to_string(),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "zones": zones }))
}

/// One line for each address: its host's id, then the further names.
fn names(scenario: &Scenario, hosts: &[HostPlan]) -> String {
    let mut text = String::new();
    for host in hosts {
        let further = scenario.host(&host.host).map(|host| host.names.as_slice()).unwrap_or_default();
        for leg in &host.legs {
            let _ = write!(text, "{} {}", leg.address, host.host);
            for name in further {
                let _ = write!(text, " {name}");
            }
            text.push('\n');
        }
    }
    text
}

/// Addresses that an end of a rule stands for, as nft writes them.
fn addresses(end: &End, networks: &[NetworkPlan], hosts: &[HostPlan]) -> Option<String> {
    match &end.host {
        None => {
            networks.iter().find(|network| network.zone == end.zone).map(|network| network.subnet.to_string())
        }
        Some(_) => hosts_of(end, hosts).into_iter().next().map(|(_, address)| address.to_string()),
    }
}

/// Hosts that an end of a rule stands for, without the gateway, with their addresses in its zone.
pub(super) fn hosts_of<'a>(end: &End, hosts: &'a [HostPlan]) -> Vec<(&'a HostPlan, Ipv4Addr)> {
    hosts
        .iter()
        .filter(|host| host.role != Role::Gateway && end.host.as_ref().is_none_or(|id| *id == host.host))
        .filter_map(|host| {
            let leg = host.legs.iter().find(|leg| leg.zone == end.zone)?;
            Some((host, leg.address))
        })
        .collect()
}

pub(super) fn end_text(end: &End) -> String {
    match &end.host {
        Some(host) => format!("{}/{host}", end.zone),
        None => end.zone.clone(),
    }
}

/// What an allow rule lets through, as nft matches it.
fn matching(allow: &Allow, networks: &[NetworkPlan], hosts: &[HostPlan]) -> Option<String> {
    let from = addresses(&allow.from, networks, hosts)?;
    let to = addresses(&allow.to, networks, hosts)?;
    let ports = allow.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let what = match allow.proto {
        Proto::Tcp => format!("tcp dport {{ {ports} }}"),
        Proto::Udp => format!("udp dport {{ {ports} }}"),
        Proto::Icmp => "icmp type echo-request".to_owned(),
    };
    Some(format!("ip saddr {from} ip daddr {to} {what}"))
}

/// Command that reads the counters in the gateway, for [`read_counters`].
pub const COUNTERS: [&str; 4] = ["nft", "-j", "list", "counters"];
/// Command after which the gateway lets nothing through and counts nothing any more, so that what is read next is the last
/// word.
pub const CLOSE: [&str; 2] = ["counted", "close"];
/// Command that takes [`hand_back`] on its standard input.
pub const HAND_BACK: [&str; 3] = ["nft", "-f", "-"];

/// Table of the ruleset, whose counters begin at nothing at each start.
const RULES: &str = "rampart";
/// What earlier lives of the container counted; the gateway keeps it.
const BEFORE: &str = "before";
/// What gateways of this range counted before this container was made; the platform gives it back once.
const EARLIER: &str = "earlier";

/// What a counter of the gateway counts. Numbers are those of the scenario's lists, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Everything of the connections that an allow rule let through, both ways.
    Allowed(usize),
    /// What was dropped between two zones because no rule lets it through.
    Denied {
        /// Zone that it came from.
        from: usize,
        /// Zone that it wanted to.
        to: usize,
    },
    /// What wanted to the gateway itself and was dropped.
    ToGateway,
    /// What wanted anywhere else, and answers to nothing that was asked.
    Elsewhere,
    /// What came with a source address that does not live there.
    Forged,
}

impl Counted {
    /// Name of the counter in the ruleset.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Allowed(rule) => format!("allow_{}", rule + 1),
            Self::Denied { from, to } => format!("deny_{}_{}", from + 1, to + 1),
            Self::ToGateway => "deny_gateway".to_owned(),
            Self::Elsewhere => "deny_elsewhere".to_owned(),
            Self::Forged => "forged".to_owned(),
        }
    }
}

/// Packets and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self {
            packets: self.packets.saturating_add(other.packets),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// A counter as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// What it counts.
    pub what: Counted,
    /// In the whole run.
    pub run: Count,
    /// Since the gateway started last.
    pub life: Count,
}

/// What was read of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    /// Its counters. Those that the ruleset does not have (of a range that an older version made) are left out.
    pub all: Vec<Counter>,
    /// False while a container made anew has not been given back what the former one counted: then that is missing in
    /// [`Counter::run`].
    pub whole: bool,
}

/// The counters of a range's gateway: one for each rule, then one for each way between two zones, then the rest.
#[must_use]
pub fn counters(scenario: &Scenario) -> Vec<Counted> {
    let zones = scenario.zones.len();
    let pairs = (0..zones).flat_map(|from| (0..zones).map(move |to| (from, to)));
    (0..scenario.allow.len())
        .map(Counted::Allowed)
        .chain(pairs.filter(|(from, to)| from != to).map(|(from, to)| Counted::Denied { from, to }))
        .chain([Counted::ToGateway, Counted::Elsewhere, Counted::Forged])
        .collect()
}

#[derive(serde::Deserialize)]
struct Listing {
    nftables: Vec<Item>,
}

#[derive(serde::Deserialize)]
struct Item {
    counter: Option<Named>,
}

#[derive(serde::Deserialize)]
struct Named {
    table: String,
    name: String,
    packets: u64,
    bytes: u64,
}

fn listed(printed: &[u8]) -> Option<Vec<Named>> {
    let listing: Listing = serde_json::from_slice(printed).ok()?;
    Some(listing.nftables.into_iter().filter_map(|item| item.counter).collect())
}

/// Packets that the gateway dropped since it started last because their source does not live where they came from, of
/// what [`COUNTERS`] printed.
#[must_use]
pub fn read_forged(printed: &[u8]) -> Option<u64> {
    let name = Counted::Forged.name();
    let is_it = |named: &Named| named.table == RULES && named.name == name;
    listed(printed)?.into_iter().find(is_it).map(|named| named.packets)
}

/// Reads what [`COUNTERS`] printed; `None` when it is something else.
#[must_use]
pub fn read_counters(scenario: &Scenario, printed: &[u8]) -> Option<Counters> {
    let found = listed(printed)?;
    let of = |table: &str, what: Counted| {
        let named = found.iter().find(|named| named.table == table && named.name == what.name())?;
        Some(Count { packets: named.packets, bytes: named.bytes })
    };
    let read = |what: Counted| {
        let life = of(RULES, what)?;
        let run = [BEFORE, EARLIER]
            .into_iter()
            .filter_map(|table| of(table, what))
            .fold(life, |sum, one| sum.and(one));
        Some(Counter { what, run, life })
    };
    let all = counters(scenario).into_iter().filter_map(read).collect();
    Some(Counters { all, whole: found.iter().any(|named| named.table == EARLIER) })
}

/// What gives a gateway that was made anew back what its predecessors counted, by name. The kernel takes it once: a gateway
/// that has it refuses it.
#[must_use]
pub fn hand_back(scenario: &Scenario, known: impl Fn(&str) -> Option<Count>) -> String {
    let mut text = format!("create table inet {EARLIER}\n");
    for counted in counters(scenario) {
        let name = counted.name();
        let Count { packets, bytes } = known(&name).unwrap_or_default();
        let _ = writeln!(text, "add counter inet {EARLIER} {name} {{ packets {packets} bytes {bytes}; }}");
    }
    text
}

/// Mark on the connections of a rule. The lowest bit is the witness's, which has looked at them by then.
fn mark(rule: usize) -> String {
    format!("{:#x}", (rule + 1) << 8 | 1)
}

fn firewall(scenario: &Scenario, networks: &[NetworkPlan], hosts: &[HostPlan]) -> String {
    let mut text = String::from("table inet rampart {\n");
    for counted in counters(scenario) {
        let _ = writeln!(text, "\tcounter {} {{ }}", counted.name());
    }
    let (forged, elsewhere, to_gateway) =
        (Counted::Forged.name(), Counted::Elsewhere.name(), Counted::ToGateway.name());
    // Before the kernel's own look at sources, whatever it is set to, so that each of them is counted.
    let _ = write!(
        text,
        "\tchain arrive {{\n\t\ttype filter hook prerouting priority -300; policy accept;\n\
         \t\t# A packet whose source does not live where it came from is forged.\n\
         \t\tiifname != \"lo\" fib saddr . iif oif missing counter name \"{forged}\" drop\n\t}}\n",
    );
    let _ = write!(
        text,
        "\tchain forward {{\n\t\ttype filter hook forward priority 0; policy drop;\n\
         \t\tct state invalid counter name \"{elsewhere}\" drop\n\
         \t\tct state established,related accept\n",
    );
    let rules = || {
        let numbered = scenario.allow.iter().enumerate();
        numbered.filter_map(|(number, allow)| Some((number, allow, matching(allow, networks, hosts)?)))
    };
    for (_, allow, matching) in rules() {
        let comment = format!("{} to {}", end_text(&allow.from), end_text(&allow.to));
        let _ = writeln!(text, "\t\t{matching} accept comment \"{comment}\"");
    }
    for (from, to) in counters(scenario).into_iter().filter_map(|counted| match counted {
        Counted::Denied { from, to } => Some((from, to)),
        _ => None,
    }) {
        if let (Some(source), Some(target)) = (networks.get(from), networks.get(to)) {
            let name = Counted::Denied { from, to }.name();
            let _ = writeln!(
                text,
                "\t\tip saddr {} ip daddr {} counter name \"{name}\" drop",
                source.subnet, target.subnet
            );
        }
    }
    let _ = write!(text, "\t\tcounter name \"{elsewhere}\" drop\n\t}}\n");
    count(&mut text, rules().map(|(number, _, matching)| (number, matching)).collect());
    let zones = networks.iter().map(|network| network.subnet.to_string()).collect::<Vec<_>>().join(", ");
    let _ = write!(
        text,
        "\tchain input {{\n\t\ttype filter hook input priority 0; policy drop;\n\
         \t\tiifname \"lo\" accept\n\
         \t\tct state invalid counter name \"{to_gateway}\" drop\n\
         \t\tct state established,related accept\n\
         \t\tip saddr {{ {zones} }} udp dport 53 accept\n\
         \t\tip saddr {{ {zones} }} tcp dport 53 accept\n\
         \t\tip saddr {{ {zones} }} icmp type echo-request accept\n\
         \t\tcounter name \"{to_gateway}\" drop\n\t}}\n",
    );
    outside(&mut text, networks, hosts);
    text.push_str("}\n");
    text
}

/// The chain that counts what was let through. It comes after the witness, which knows new connections by having no mark:
/// each is marked with its rule, and all its packets, answers too, are counted by the mark.
fn count(text: &mut String, rules: Vec<(usize, String)>) {
    if rules.is_empty() {
        return;
    }
    text.push_str("\tchain count {\n\t\ttype filter hook forward priority 20; policy accept;\n");
    for (number, matching) in &rules {
        let _ = writeln!(
            text,
            "\t\tct state new ct mark {{ 0x0, 0x1 }} {matching} ct mark set {}",
            mark(*number)
        );
    }
    let names: Vec<String> = rules
        .iter()
        .map(|(number, _)| format!("{} : \"{}\"", mark(*number), Counted::Allowed(*number).name()))
        .collect();
    let _ = write!(text, "\t\tcounter name ct mark map {{ {} }}\n\t}}\n", names.join(", "));
}

/// Address translation of zones with `nat`, one to one, after everything that looks at addresses has seen the true ones:
/// rules, counters and the witness.
fn outside(text: &mut String, networks: &[NetworkPlan], hosts: &[HostPlan]) {
    let legs = || hosts.iter().flat_map(|host| &host.legs);
    let seen: Vec<(Ipv4Addr, Ipv4Addr, String)> = legs()
        .filter_map(|leg| {
            let network = networks.iter().find(|network| network.zone == leg.zone)?;
            Some((leg.address, leg.outside?, network.subnet.to_string()))
        })
        .collect();
    if seen.is_empty() {
        return;
    }
    text.push_str("\tchain from_outside {\n\t\ttype nat hook prerouting priority -100; policy accept;\n");
    for (own, outside, _) in &seen {
        let _ = writeln!(text, "\t\tip daddr {outside} dnat ip to {own}");
    }
    text.push_str("\t}\n\tchain to_outside {\n\t\ttype nat hook postrouting priority 100; policy accept;\n");
    for (own, outside, zone) in &seen {
        let _ = writeln!(text, "\t\tip saddr {own} ip daddr != {zone} snat ip to {outside}");
    }
    text.push_str("\t}\n");
}
