//! Making one host anew: its container is removed and made again from the plan, with the same name, addresses and limits,
//! and everything is planted in it once more and read back. What was changed in it is gone; nothing else is touched.
//!
//! It may be dropped at any moment and begun again: whatever stands by the host's name by then is removed first.

use std::time::Duration;

use rampart_domain::plan::Plan;
use rampart_domain::scenario::Role;
use rampart_domain::secret::RunSecret;
use rampart_engine::images::full_name;
use rampart_engine::{Engine, EngineError};
use scoreboard::Proof;
use tokio::time::Instant;

use super::{LaunchError, build, proofs};

/// How long the last records of a host that was stopped have until its container goes.
const LAST_RECORDS: Duration = Duration::from_millis(500);
/// Pause before the engine is asked again for a removal, and longest that it is asked.
const AGAIN: Duration = Duration::from_millis(250);
const REMOVED_WITHIN: Duration = Duration::from_secs(30);

/// Which step a reset is at: `remove`, `make`, `ready`, `plants` or `walls`.
pub type Stage<'a> = &'a (dyn Fn(&'static str) + Send + Sync);

/// Makes a host of a standing range anew and waits until it is ready with all its secrets. A gateway brings its rules and
/// names with it, and the walls of its range are proven again: the proofs come back then. `last` is done when it is certain
/// that the container goes, and before it is stopped.
///
/// # Errors
/// See [`LaunchError`]. Before the first removal nothing has changed; after it the host may be missing or half made, and
/// it is to be called again.
pub async fn reset(
    engine: &dyn Engine,
    plan: &Plan,
    secret: &RunSecret,
    own_ports: &[u16],
    (range, host): (u16, &str),
    last: impl Future<Output = ()> + Send,
    stage: Stage<'_>,
) -> Result<Option<Vec<Proof>>, LaunchError> {
    let found = plan.ranges.iter().find(|known| known.range == range).and_then(|known| known.host(host));
    let Some(found) = found else {
        let error = EngineError::NotFound(format!("no host {host} in the plan"));
        return Err(LaunchError::At { range, name: host.to_owned(), error });
    };
    stage("remove");
    // What cannot be made again must not be taken away.
    if !engine.images().await?.contains_key(&full_name(&found.image)) {
        return Err(LaunchError::ImagesMissing(vec![found.image.clone()]));
    }
    engine.guard().await?;
    last.await;
    take_away(engine, &found.name).await.map_err(|error| LaunchError::At {
        range,
        name: host.to_owned(),
        error,
    })?;
    build::one(engine, plan, secret, range, found, stage).await?;
    if found.role != Role::Gateway {
        return Ok(None);
    }
    stage("walls");
    let proven = proofs::all(engine, plan, Some(range), own_ports, &|_| {}).await?;
    Ok(proven.into_iter().next().map(|(_, proofs)| proofs))
}

/// Stops a container, lets its last records be read, and removes it until it is gone.
async fn take_away(engine: &dyn Engine, name: &str) -> Result<(), EngineError> {
    match engine.stop(name).await {
        Ok(()) => tokio::time::sleep(LAST_RECORDS).await,
        Err(EngineError::NotFound(_)) => return Ok(()),
        Err(silent) if silent.is_silence() => return Err(silent),
        // One that cannot be stopped is removed by force.
        Err(error) => tracing::warn!(container = name, %error, "does not stop"),
    }
    let until = Instant::now() + REMOVED_WITHIN;
    loop {
        match engine.remove(name).await {
            Err(EngineError::NotFound(_)) => return Ok(()),
            Err(silent) if silent.is_silence() => return Err(silent),
            Err(error) if Instant::now() > until => return Err(error),
            // Removed, or another removal is at it: gone is what the engine says next.
            Ok(()) | Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}
