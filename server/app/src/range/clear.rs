//! Removing everything of a run.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rampart_engine::{Engine, EngineError};
use tokio::time::Instant;

/// Pause before the engine is asked again.
const AGAIN: Duration = Duration::from_millis(250);
/// Longest that a clear tries by itself.
const WITHIN: Duration = Duration::from_secs(180);

/// What a clear found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// Different objects that the engine showed.
    pub found: usize,
    /// Objects whose removal it confirmed; the others were gone when their turn came.
    pub removed: usize,
    /// How often the engine was asked what there is.
    pub asked: usize,
}

/// Removes everything that carries the run's label, until the engine has twice answered that there is nothing: an object
/// whose making was under way when its maker was killed appears a moment later.
///
/// # Errors
/// [`EngineError::NodeUnreachable`] at once, the last refusal or [`EngineError::Timeout`] when objects remain. Then
/// nothing is known about what is left, and it is to be called again.
pub async fn clear(engine: &dyn Engine, run: &str) -> Result<Cleared, EngineError> {
    clear_within(engine, run, WITHIN).await
}

pub(super) async fn clear_within(
    engine: &dyn Engine,
    run: &str,
    within: Duration,
) -> Result<Cleared, EngineError> {
    let until = Instant::now() + within;
    let mut known = BTreeSet::new();
    let (mut removed, mut asked, mut empty) = (0, 0, 0);
    let mut last = None;
    loop {
        let seen = engine.observe(run).await?;
        asked += 1;
        if seen.is_empty() {
            empty += 1;
            if empty == 2 {
                return Ok(Cleared { found: known.len(), removed, asked });
            }
        } else {
            empty = 0;
            if Instant::now() > until {
                let left = EngineError::Timeout(format!("removal of {} objects", seen.len()));
                return Err(last.unwrap_or(left));
            }
            let containers: Vec<String> = seen.containers.into_iter().map(|found| found.id).collect();
            let networks: Vec<String> = seen.networks.into_iter().map(|found| found.id).collect();
            known.extend(containers.iter().chain(&networks).cloned());
            // As many at once as are made at once: removing is bound by the same processors.
            let mut answers: Vec<Result<(), EngineError>> = stream::iter(containers)
                .map(|id| async move { engine.remove(&id).await })
                .buffer_unordered(engine.at_once())
                .collect()
                .await;
            // Networks only when their containers have gone.
            let freed: Vec<Result<(), EngineError>> = stream::iter(networks)
                .map(|id| async move { engine.remove_network(&id).await })
                .buffer_unordered(engine.at_once())
                .collect()
                .await;
            answers.extend(freed);
            let mut confirmed = true;
            for answer in answers {
                match answer {
                    Ok(()) => removed += 1,
                    Err(silent @ EngineError::NodeUnreachable { .. }) => return Err(silent),
                    // Gone already, or in the way of each other: the next look tells.
                    Err(EngineError::NotFound(_)) => confirmed = false,
                    Err(other) => (last, confirmed) = (Some(other), false),
                }
            }
            // Nothing is waited for when everything was removed: of the two looks that follow, the first is now.
            if confirmed {
                continue;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}
