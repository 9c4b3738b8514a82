//! The heartbeat of a node.

use std::sync::Arc;
use std::time::Duration;

use super::node::{Node, NodeFacts, NodeState};
use super::{Fleet, fence};

/// Pause between two beats.
const EVERY: Duration = Duration::from_secs(1);
/// Longest that a beat waits for its answer.
const LIMIT: Duration = Duration::from_secs(3);
/// A node of which nothing was heard for this long is silent.
const SILENT_AFTER: Duration = Duration::from_secs(3);
/// Beats between two looks at what the node has.
const LOOK_EVERY: u32 = 10;

/// Asks for ever.
pub(super) async fn keep(fleet: &Fleet, node: &Arc<Node>) {
    for beat in 0_u32.. {
        let before = *node.state.borrow();
        match tokio::time::timeout(LIMIT, node.engine.ping(LIMIT)).await {
            Ok(Ok(())) => {
                node.heard(fleet.0.clock.now_ms());
                come_back(fleet, node, before).await;
            }
            // Whatever else it answered to others meanwhile counts as life: a busy node is not a dead one.
            _ if node.last().1 < SILENT_AFTER => {}
            answer => fall_silent(node, before, &answer),
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

/// Opens a node that answers, once nothing superseded is left on it.
async fn come_back(fleet: &Fleet, node: &Arc<Node>, before: NodeState) {
    match before {
        NodeState::Answers => return,
        NodeState::Silent { since_ms } => {
            tracing::warn!(node = node.name, "the node answers again");
            if fleet.superseded_on(&node.name).is_empty() {
                node.state.send_replace(NodeState::Answers);
                return;
            }
            node.state.send_replace(NodeState::Fenced { since_ms });
        }
        NodeState::Fenced { .. } => {}
    }
    match fence::clean(fleet, node).await {
        Ok(()) => {
            node.state.send_replace(NodeState::Answers);
        }
        Err(error) => tracing::warn!(node = node.name, %error, "what was given up is not removed yet"),
    }
}

async fn look(node: &Node) {
    let Ok(Ok(info)) = tokio::time::timeout(LIMIT, node.engine.info()).await else { return };
    node.facts.send_replace(Some(NodeFacts {
        version: info.version,
        memory: info.memory,
        available: info.available,
        cpus: info.cpus,
        disk: info.disk.map(|disk| (disk.free, disk.size)),
    }));
}
