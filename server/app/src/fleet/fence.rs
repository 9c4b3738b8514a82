//! The fence: before a node that was away takes work again, the objects of superseded placements are removed from it. Two
//! copies of a range never live side by side in the eyes of the platform.

use std::sync::Arc;
use std::time::Duration;

use rampart_engine::{Engine, EngineError};
use rampart_store::StoreError;

use super::Fleet;
use super::node::Node;

/// Pause before the engine is asked again.
const AGAIN: Duration = Duration::from_millis(250);
/// How often it is asked until it is left for the next beat.
const ROUNDS: u32 = 120;

/// Why the fence stays shut.
#[derive(Debug, thiserror::Error)]
pub(super) enum FenceError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Removes everything of superseded placements from a node; done when it has twice answered that nothing is left of them.
pub(super) async fn clean(fleet: &Fleet, node: &Arc<Node>) -> Result<(), FenceError> {
    for (run, epoch) in fleet.superseded_on(&node.name) {
        remove(node.engine.as_ref(), &run, epoch).await?;
        fleet.left(&run, epoch).await?;
        tracing::warn!(node = node.name, run, epoch, "a range that was given up is removed");
    }
    Ok(())
}

/// Removes the objects of a run up to an epoch and leaves newer ones.
async fn remove(engine: &dyn Engine, run: &str, epoch: u64) -> Result<(), EngineError> {
    let mut empty = 0;
    let mut last = EngineError::Timeout(format!("removal of run {run} up to epoch {epoch}"));
    for _ in 0..ROUNDS {
        let seen = engine.observe(run).await?;
        let containers: Vec<_> = seen.containers.iter().filter(|found| found.epoch <= epoch).collect();
        let networks: Vec<_> = seen.networks.iter().filter(|found| found.epoch <= epoch).collect();
        if containers.is_empty() && networks.is_empty() {
            empty += 1;
            if empty == 2 {
                return Ok(());
            }
        } else {
            empty = 0;
        }
        let mut answers = Vec::new();
        for found in containers {
            answers.push(engine.remove(&found.id).await);
        }
        for found in networks {
            answers.push(engine.remove_network(&found.id).await);
        }
        for answer in answers {
            match answer {
                Ok(()) | Err(EngineError::NotFound(_)) => {}
                Err(silent) if silent.is_silence() => return Err(silent),
                Err(other) => last = other,
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
    Err(last)
}
