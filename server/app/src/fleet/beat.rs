//! The heartbeat of a node.

use std::sync::Arc;
use std::time::Duration;

use ipnet::Ipv4Net;
use rampart_engine::EngineError;

use super::node::{Node, NodeFacts, NodeState};
use super::{Fleet, fence, wall};

/// Pause between two beats.
const EVERY: Duration = Duration::from_secs(1);
/// Longest that a beat waits for its answer.
const LIMIT: Duration = Duration::from_secs(3);
/// A node of which nothing was heard for this long is silent.
const SILENT_AFTER: Duration = Duration::from_secs(3);
/// So many beats in a row that wait in vain are silence; a single one may be a machine that is very busy. Who refuses the
/// connection is not busy.
const LATE_BEATS: u32 = 2;
/// Beats between two looks at what the node has.
const LOOK_EVERY: u32 = 10;

/// Beats between two looks at a wall that did not stand.
const WALL_EVERY: u32 = 10;

/// Asks for ever. Walls are tried on a free subnet of `block`.
pub(super) async fn keep(fleet: &Fleet, node: &Arc<Node>, block: Ipv4Net) {
    let mut late = 0;
    // Beats until the wall is to be looked at; `None` once it stands.
    let mut wall_due = Some(0);
    for beat in 0_u32.. {
        let before = *node.state.borrow();
        let answer = tokio::time::timeout(LIMIT, node.engine.ping(LIMIT)).await;
        late = if matches!(answer, Err(_) | Ok(Err(EngineError::Timeout(_)))) { late + 1 } else { 0 };
        match answer {
            Ok(Ok(())) => {
                node.heard(fleet.0.clock.now_ms());
                come_back(fleet, node, before, &mut wall_due, block).await;
            }
            // Whatever else it answered to others meanwhile counts as life: a busy node is not a dead one.
            _ if node.last().1 < SILENT_AFTER => late = 0,
            _ if (1..LATE_BEATS).contains(&late) => {}
            answer => {
                // Whatever keeps a machine from answering may have taken its wall.
                wall_due = Some(0);
                fall_silent(node, before, &answer);
            }
        }
        if beat.is_multiple_of(LOOK_EVERY) && *node.state.borrow() == NodeState::Answers {
            look(node).await;
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn fall_silent(node: &Node, before: NodeState, answer: &dyn std::fmt::Debug) {
    if matches!(before, NodeState::Silent { .. }) {
        return;
    }
    let since_ms = node.last().0;
    tracing::error!(node = node.name, since_ms, ?answer, "the node does not answer");
    node.state.send_replace(NodeState::Silent { since_ms });
}

/// Opens a node that answers, once nothing superseded is left on it and its wall stands.
async fn come_back(
    fleet: &Fleet,
    node: &Arc<Node>,
    before: NodeState,
    wall_due: &mut Option<u32>,
    block: Ipv4Net,
) {
    let since_ms = match before {
        NodeState::Answers if wall_due.is_none() => return,
        // The first answer in this life of the platform.
        NodeState::Answers => node.last().0,
        NodeState::Silent { since_ms } => {
            tracing::warn!(node = node.name, "the node answers again");
            node.state.send_replace(NodeState::Fenced { since_ms });
            since_ms
        }
        NodeState::Fenced { since_ms } => since_ms,
    };
    if let Err(error) = fence::clean(fleet, node).await {
        tracing::warn!(node = node.name, %error, "what was given up is not removed yet");
        return;
    }
    // One whose wall was found open while it answered is shut until that stands.
    if wall_due.is_none() && node.leak.borrow().is_some() {
        *wall_due = Some(WALL_EVERY);
    }
    if let Some(beats) = wall_due {
        if *beats > 0 {
            *beats -= 1;
            return;
        }
        if let Err(error) = wall::look(fleet, node, block).await {
            tracing::warn!(node = node.name, %error, "whether the wall stands is not known yet");
            return;
        }
        if node.leak.borrow().is_some() {
            *wall_due = Some(WALL_EVERY);
            node.state.send_replace(NodeState::Fenced { since_ms });
            return;
        }
        *wall_due = None;
    }
    if before != NodeState::Answers {
        node.state.send_replace(NodeState::Answers);
    }
}

async fn look(node: &Node) {
    let Ok(Ok(info)) = tokio::time::timeout(LIMIT, node.engine.info()).await else { return };
    let runs = tokio::time::timeout(LIMIT, node.engine.runs()).await;
    let containers = match runs {
        Ok(Ok(runs)) => Some(runs.values().map(|seen| seen.containers as u64).sum()),
        _ => None,
    };
    node.facts.send_replace(Some(NodeFacts {
        version: info.version,
        memory: info.memory,
        available: info.available,
        cpus: info.cpus,
        disk: info.disk.map(|disk| (disk.free, disk.size)),
        containers,
    }));
}
