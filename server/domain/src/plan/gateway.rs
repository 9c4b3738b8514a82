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

fn rule(allow: &Allow, networks: &[NetworkPlan], hosts: &[HostPlan]) -> Option<String> {
    let from = addresses(&allow.from, networks, hosts)?;
    let to = addresses(&allow.to, networks, hosts)?;
    let ports = allow.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let what = match allow.proto {
        Proto::Tcp => format!("tcp dport {{ {ports} }}"),
        Proto::Udp => format!("udp dport {{ {ports} }}"),
        Proto::Icmp => "icmp type echo-request".to_owned(),
    };
    let comment = format!("{} to {}", end_text(&allow.from), end_text(&allow.to));
    Some(format!("ip saddr {from} ip daddr {to} {what} counter accept comment \"{comment}\""))
}

fn firewall(scenario: &Scenario, networks: &[NetworkPlan], hosts: &[HostPlan]) -> String {
    let mut text = String::from(
        "table inet rampart {\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n\
         \t\tct state invalid drop\n\
         \t\t# A packet whose source does not live where it came from is forged.\n\
         \t\tfib saddr . iif oif missing counter drop\n\
         \t\tct state established,related accept\n",
    );
    for line in scenario.allow.iter().filter_map(|allow| rule(allow, networks, hosts)) {
        let _ = writeln!(text, "\t\t{line}");
    }
    text.push_str("\t\tcounter drop\n\t}\n");
    let zones = networks.iter().map(|network| network.subnet.to_string()).collect::<Vec<_>>().join(", ");
    let _ = write!(
        text,
        "\tchain input {{\n\t\ttype filter hook input priority 0; policy drop;\n\
         \t\tiifname \"lo\" accept\n\
         \t\tct state invalid drop\n\
         \t\tfib saddr . iif oif missing counter drop\n\
         \t\tct state established,related accept\n\
         \t\tip saddr {{ {zones} }} udp dport 53 accept\n\
         \t\tip saddr {{ {zones} }} tcp dport 53 accept\n\
         \t\tip saddr {{ {zones} }} icmp type echo-request accept\n\
         \t\tcounter drop\n\t}}\n}}\n",
    );
    text
}
