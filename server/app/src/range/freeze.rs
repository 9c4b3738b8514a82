//! Freezing and thawing all containers of a run.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use rampart_engine::{Container, Engine, EngineError, State};
use tokio_util::sync::CancellationToken;

/// Containers at once.
const AT_ONCE: usize = 8;
/// Rounds until what is asked must hold.
const ROUNDS: usize = 5;
/// Pause between rounds.
const AGAIN: Duration = Duration::from_millis(200);

/// Freezes every running container. One that ended, or that the engine is about to start again, cannot be frozen and is
/// left.
///
/// # Errors
/// Any of [`EngineError`]; `Conflict` naming those that still run.
pub async fn pause(engine: &dyn Engine, run: &str) -> Result<(), EngineError> {
    all(engine, run, true, &CancellationToken::new()).await
}

/// Thaws every frozen container.
///
/// # Errors
/// Any of [`EngineError`]; `Conflict` naming those that are still frozen.
pub async fn resume(engine: &dyn Engine, run: &str) -> Result<(), EngineError> {
    all(engine, run, false, &CancellationToken::new()).await
}

/// Freezes or thaws, and stops between two rounds when the wish is withdrawn (`Ok` then: who withdrew it sees to the rest).
pub(crate) async fn follow(
    engine: &dyn Engine,
    run: &str,
    frozen: bool,
    wish: &CancellationToken,
) -> Result<(), EngineError> {
    all(engine, run, frozen, wish).await
}

async fn all(
    engine: &dyn Engine,
    run: &str,
    frozen: bool,
    wish: &CancellationToken,
) -> Result<(), EngineError> {
    let from = if frozen { State::Running } else { State::Paused };
    let mut left: Vec<Container> = Vec::new();
    for round in 0..=ROUNDS {
        if wish.is_cancelled() {
            return Ok(());
        }
        let seen = engine.observe(run).await?;
        left = seen.containers.into_iter().filter(|found| found.state == from).collect();
        if left.is_empty() {
            return Ok(());
        }
        if round == ROUNDS {
            break;
        }
        if round > 0 {
            tokio::time::sleep(AGAIN).await;
        }
        let ids: Vec<String> = left.iter().map(|found| found.id.clone()).collect();
        let answers: Vec<Result<(), EngineError>> = stream::iter(ids)
            .map(|id| async move { if frozen { engine.pause(&id).await } else { engine.unpause(&id).await } })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for answer in answers {
            if let Err(silent @ EngineError::NodeUnreachable { .. }) = answer {
                return Err(silent);
            }
        }
    }
    let names: Vec<&str> = left.iter().map(|found| found.name.as_str()).collect();
    let what = if frozen { "still running" } else { "still frozen" };
    Err(EngineError::Conflict(format!("{what}: {}", names.join(", "))))
}
