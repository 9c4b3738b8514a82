//! The wall of a node. When the node answers for the first time, or again, it is found out whether it stands before work
//! goes there; and while ranges stand on it, somebody may take it away under them. On this very machine it is looked at,
//! and made where it is missing; another machine's firewall is out of our reach, so it is tried from inside, by a network
//! like a range's with one host on it: seldom, as that makes objects.

use std::time::Duration;

use ipnet::Ipv4Net;
use rampart_engine::{EngineError, Wall, trial as inside};
use tokio::time::Instant;

use super::Fleet;
use super::node::{Node, NodeState};
use crate::range;

/// Longest that finding out may take.
const LIMIT: Duration = Duration::from_secs(90);

/// Pause between two looks at the wall of this machine: a command.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Looks again and again while ranges stand on the node. A wall that is gone from this machine is put back at once; a
/// machine whose wall lets something through is fenced, and what stands on it held as lost, until it stands again.
pub(super) async fn keep(fleet: &Fleet, node: &Node, block: Ipv4Net, trial_every: Duration) {
    let mut tried = Instant::now();
    loop {
        tokio::time::sleep(LOOK_EVERY.min(trial_every)).await;
        if *node.state.borrow() != NodeState::Answers || !fleet.holds_ranges(&node.name) {
            continue;
        }
        match tokio::time::timeout(LIMIT, node.engine.wall()).await {
            Ok(Ok(Wall::Kept)) if tried.elapsed() >= trial_every => {
                try_far(fleet, node, block).await;
                tried = Instant::now();
            }
            Ok(found) => node.wall_seen(&found, fleet.0.clock.now_ms()),
            Err(_) => tracing::warn!(node = node.name, "the wall cannot be looked at yet"),
        }
    }
}

/// Tries the wall of a machine that answers. What is heard is heard twice before ranges are shut because of it.
async fn try_far(fleet: &Fleet, node: &Node, block: Ipv4Net) {
    let mut leak = None;
    for _ in 0..2 {
        let tried = tokio::time::timeout(LIMIT, trial(fleet, node, block)).await;
        leak = match tried.unwrap_or_else(|_| Err(EngineError::Timeout("try the wall".to_owned()))) {
            Ok(leak) => leak,
            Err(error) => {
                tracing::warn!(node = node.name, %error, "the wall of a node cannot be tried now");
                return;
            }
        };
        if leak.is_none() {
            return;
        }
    }
    tracing::error!(node = node.name, leak, "THE WALL OF A NODE WAS TAKEN AWAY; its ranges are shut");
    // First the reason: whoever sees the fence asks for it.
    node.leak.send_replace(leak);
    let since_ms = fleet.0.clock.now_ms();
    node.state.send_if_modified(|state| {
        let answers = *state == NodeState::Answers;
        if answers {
            *state = NodeState::Fenced { since_ms };
        }
        answers
    });
}

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
    let found = node.engine.wall().await;
    node.wall_seen(&found, fleet.0.clock.now_ms());
    // That this machine's cannot be made is told by the system's page, and no launch goes on without it.
    match found? {
        Wall::Stood | Wall::Made => Ok(None),
        Wall::Kept => trial(fleet, node, block).await,
    }
}

/// Tries the wall from inside; what was heard.
async fn trial(fleet: &Fleet, node: &Node, block: Ipv4Net) -> Result<Option<String>, EngineError> {
    let _alone = node.trial.lock().await;
    sweep(fleet, node).await?;
    let port = node.address.trim_end_matches('/').rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let ports: Vec<u16> = port.into_iter().collect();
    let heard = inside::wall(node.engine.as_ref(), block, &ports).await?;
    // Read by people of every language.
    let tcp = if heard.tcp.is_empty() { String::new() } else { format!(", TCP {}", heard.tcp.join(" ")) };
    Ok((!heard.nothing())
        .then(|| format!("ARP {}, IPv4 {}, IPv6 {}{tcp}", heard.arp, heard.ipv4, heard.ipv6)))
}

/// Removes what a server of this installation that died at a trial has left of it.
async fn sweep(fleet: &Fleet, node: &Node) -> Result<(), EngineError> {
    let house = fleet.0.house.get();
    for (run, seen) in node.engine.runs().await? {
        if run.starts_with(inside::RUN) && house.is_some() && seen.house.as_ref() == house {
            tracing::warn!(node = node.name, run, "what is left of a trial is removed");
            range::clear(node.engine.as_ref(), &run).await?;
        }
    }
    Ok(())
}
