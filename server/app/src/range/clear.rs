//! Removing everything of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use rampart_engine::{Engine, EngineError};
use tokio::sync::Semaphore;
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

/// What there is of one range, by id.
#[derive(Debug, Default)]
struct Objects {
    containers: Vec<String>,
    networks: Vec<String>,
}

impl Objects {
    /// Asks for the removal of all of them; the networks when their containers have gone, while other ranges still go.
    async fn remove(self, engine: &dyn Engine, turns: &Semaphore) -> Vec<Result<(), EngineError>> {
        // The semaphore is never closed.
        let gone = join_all(self.containers.iter().map(async |id| {
            let _turn = turns.acquire().await;
            engine.remove(id).await
        }));
        let mut answers = gone.await;
        let freed = join_all(self.networks.iter().map(async |id| {
            let _turn = turns.acquire().await;
            engine.remove_network(id).await
        }));
        answers.extend(freed.await);
        answers
    }
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
            known.extend(seen.containers.iter().map(|found| found.id.clone()));
            known.extend(seen.networks.iter().map(|found| found.id.clone()));
            let mut ranges: BTreeMap<u16, Objects> = BTreeMap::new();
            for found in seen.containers {
                ranges.entry(found.range).or_default().containers.push(found.id);
            }
            for found in seen.networks {
                ranges.entry(found.range).or_default().networks.push(found.id);
            }
            // As many at once as are made at once: removing is bound by the same processors.
            let turns = Semaphore::new(engine.at_once());
            let work = ranges.into_values().map(|objects| objects.remove(engine, &turns));
            let answers = join_all(work).await.concat();
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
