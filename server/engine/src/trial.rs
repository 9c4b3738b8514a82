//! Trying the wall of an engine's machine from inside: a network like a range's with one host on it that calls for the
//! machine in every way it can. Alone on its bridge, whatever it hears is the machine's.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use rampart_domain::plan::{BRIDGE_PREFIX, HostPlan, Leg, NetworkPlan};
use rampart_domain::scenario::{Resources, Role};
use serde::Deserialize;

use crate::{Engine, EngineError, ExecSpec, Labels, subnets};

const SCRIPT: &str = include_str!("trial.py");
/// Image of the host.
pub const IMAGE: &str = "rampart/base:latest";
/// Ports tried by TCP besides the engine's own.
const PORTS: [u16; 2] = [22, 2375];
/// What the id of a trial's run begins with.
pub const RUN: &str = "trial-";
/// Subnets that are tried while others are taken at the same moment.
const TRIES: usize = 4;
const PREFIX: u8 = 28;

/// What the host on the trial network heard of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Heard {
    /// Answers and questions about addresses.
    pub arp: usize,
    /// IPv4 packets.
    pub ipv4: usize,
    /// IPv6 packets.
    pub ipv6: usize,
    /// `address:port` that took a TCP connection, or refused it.
    pub tcp: Vec<String>,
}

impl Heard {
    /// True when nothing came through.
    #[must_use]
    pub fn nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { arp, ipv4, ipv6, tcp } = self;
        write!(f, "{arp} ARP, {ipv4} IPv4 and {ipv6} IPv6 frames")?;
        if !tcp.is_empty() {
            write!(f, ", TCP at {}", tcp.join(" "))?;
        }
        Ok(())
    }
}

/// Makes the network and its host on a subnet of `block`, tries, and removes both however it ends.
///
/// # Errors
/// `NotFound` without the base image; `Refused` when the block is full or the host cannot try; any other of the steps'.
pub async fn wall(engine: &dyn Engine, block: Ipv4Net, ports: &[u16]) -> Result<Heard, EngineError> {
    let addresses = engine.host().await?.addresses;
    if !addresses.iter().any(IpAddr::is_ipv4) {
        let what =
            "no IPv4 address of the machine is known to try: list one as `addresses` (`rampart node facts`)";
        return Err(EngineError::Refused(what.into()));
    }
    let taken = subnets::taken(engine).await?;
    let tag = format!("{:x}", jiff::Timestamp::now().as_millisecond());
    let run = format!("{RUN}{tag}");
    let labels = Labels { run: run.clone(), range: 1, name: "trial".into(), plan: "trial".into(), epoch: 0 };
    let name = format!("{BRIDGE_PREFIX}t{}", &tag[tag.len().saturating_sub(8)..]);
    let mut network = None;
    for subnet in subnets::candidates(block, PREFIX, &taken).take(TRIES) {
        let at = |n: u32| Ipv4Addr::from(u32::from(subnet.network()) + n);
        let plan =
            NetworkPlan { name: name.clone(), zone: "trial".into(), subnet, router: at(1), gateway: at(2) };
        match engine.create_network(&plan, &labels).await {
            Err(EngineError::Conflict(_)) => {}
            other => {
                other?;
                network = Some(plan);
                break;
            }
        }
    }
    let network =
        network.ok_or_else(|| EngineError::Refused(format!("no subnet is free in {block} for a trial")))?;
    let heard = listen(engine, &network, &labels, &addresses, ports).await;
    let cleared = clear(engine, &run).await;
    let heard = heard?;
    cleared?;
    Ok(heard)
}

async fn listen(
    engine: &dyn Engine,
    network: &NetworkPlan,
    labels: &Labels,
    addresses: &[IpAddr],
    ports: &[u16],
) -> Result<Heard, EngineError> {
    let host = HostPlan {
        name: network.name.clone(),
        host: "trial".into(),
        image: IMAGE.into(),
        role: Role::Target,
        side: None,
        dns: network.gateway,
        legs: vec![Leg {
            network: network.name.clone(),
            zone: network.zone.clone(),
            address: Ipv4Addr::from(u32::from(network.subnet.network()) + 10),
            outside: None,
        }],
        capabilities: vec!["NET_RAW".into()],
        read_only: false,
        tmpfs: Vec::new(),
        resources: Resources { memory: 128 << 20, typical: 0, milli_cpus: 500, pids: 60, disk: 0 },
        ready: None,
        telemetry: None,
        command: Some(vec!["sleep".into(), "600".into()]),
        forwards: false,
        files: Vec::new(),
        plants: Vec::new(),
        logins: Vec::new(),
    };
    engine.create_container(&host, labels).await?;
    engine.start(&host.name).await?;
    let mut argv = vec!["python3".to_owned(), "-c".into(), SCRIPT.into()];
    argv.push(
        addresses.iter().filter(|one| one.is_ipv4()).map(IpAddr::to_string).collect::<Vec<_>>().join(","),
    );
    argv.push(PORTS.iter().chain(ports).map(u16::to_string).collect::<Vec<_>>().join(","));
    let out = engine.exec(&host.name, ExecSpec::new(argv)).await?;
    serde_json::from_slice(&out.stdout)
        .map_err(|_| EngineError::Refused(format!("the trial could not be run: {}", out.said())))
}

async fn clear(engine: &dyn Engine, run: &str) -> Result<(), EngineError> {
    let seen = engine.observe(run).await?;
    for container in &seen.containers {
        engine.remove(&container.id).await?;
    }
    for network in &seen.networks {
        engine.remove_network(&network.id).await?;
    }
    Ok(())
}
