//! The wall of a node that answers for the first time, or again: whether it stands is found out before work goes there. On
//! this very machine it is looked at, and made where it is missing; another machine's firewall is out of our reach, so it is
//! tried from inside, by a network like a range's with one host on it.

use std::time::Duration;

use ipnet::Ipv4Net;
use rampart_engine::{EngineError, Wall, trial};

use super::Fleet;
use super::node::Node;
use crate::range;

/// Longest that finding out may take.
const LIMIT: Duration = Duration::from_secs(90);

/// Finds out whether the wall stands and notes what came through it. What cannot be tried for another reason than silence is
/// left to the proofs of the next launch.
///
/// # Errors
/// The node's silence.
pub(super) async fn look(fleet: &Fleet, node: &Node, block: Ipv4Net) -> Result<(), EngineError> {
    let found = tokio::time::timeout(LIMIT, find(fleet, node, block)).await;
    let leak = match found.unwrap_or_else(|_| Err(EngineError::Timeout("try the wall".to_owned()))) {
        Ok(leak) => leak,
        Err(silent) if silent.is_silence() => return Err(silent),
        Err(error) => {
            tracing::warn!(node = node.name, %error, "the wall of a node cannot be tried; the next launch tries it");
            None
        }
    };
    if let Some(leak) = &leak {
        tracing::error!(node = node.name, leak, "THE WALL OF A NODE DOES NOT STAND; it takes no work");
    }
    node.leak.send_replace(leak);
    Ok(())
}

async fn find(fleet: &Fleet, node: &Node, block: Ipv4Net) -> Result<Option<String>, EngineError> {
    match node.engine.wall().await {
        Ok(Wall::Stood) => return Ok(None),
        Ok(Wall::Made) => {
            tracing::warn!(node = node.name, "the wall was gone and has been made again");
            return Ok(None);
        }
        Ok(Wall::Kept) => {}
        // That this machine's cannot be made is told by the system's page, and no launch goes on without it.
        Err(error) => return Err(error),
    }
    sweep(fleet, node).await?;
    let port = node.address.trim_end_matches('/').rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let ports: Vec<u16> = port.into_iter().collect();
    let heard = trial::wall(node.engine.as_ref(), block, &ports).await?;
    // Read by people of every language.
    let tcp = if heard.tcp.is_empty() { String::new() } else { format!(", TCP {}", heard.tcp.join(" ")) };
    Ok((!heard.nothing())
        .then(|| format!("ARP {}, IPv4 {}, IPv6 {}{tcp}", heard.arp, heard.ipv4, heard.ipv6)))
}

/// Removes what a server of this installation that died at a trial has left of it.
async fn sweep(fleet: &Fleet, node: &Node) -> Result<(), EngineError> {
    let house = fleet.0.house.get();
    for (run, seen) in node.engine.runs().await? {
        if run.starts_with(trial::RUN) && house.is_some() && seen.house.as_ref() == house {
            tracing::warn!(node = node.name, run, "what is left of a trial is removed");
            range::clear(node.engine.as_ref(), &run).await?;
        }
    }
    Ok(())
}
