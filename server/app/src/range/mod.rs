//! The reconciler: makes the engine and a plan alike, proves the walls, freezes, adopts and clears.
//!
//! - [`launch`] makes everything of a plan or leaves nothing: images and room are looked at before the first object is
//!   made, and any failure is rolled back by [`clear`], except the silence of the engine.
//! - Objects are found by the label of the run only, never by a reply, so a launch that was killed half-way is gone on with
//!   by the next one: what carries the plan's hash is taken over, what differs is removed, what is missing is made
//!   (`stand`). A standing range is taken over by [`adopt`].
//! - What may pass is tried again, object by object (`patience`); "there already" and "gone already" are successes.
//! - [`reset`] makes one host of a standing range anew.
//! - [`clear`] says done only when the engine has answered "nothing", twice.
//! - An engine that does not answer proves nothing: its silence is an error everywhere, never an absence.
//!
//! Order of a launch, range by range: networks; the gateway until its log says that it routes and answers names, the other
//! containers made beside it with their files and planted secrets; then they start. When all containers of the launch run:
//! the readiness of each host, its rows and log-ins and the reading back of every secret, and in each range that is ready
//! the probes from inside. Every host needs Python 3 for them, which `images/base` gives.

mod adopt;
mod build;
mod clear;
mod doctor;
mod freeze;
pub mod images;
mod limits;
mod patience;
mod plant;
mod proofs;
mod reset;
mod stand;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rampart_domain::plan::{ImageNeeds, Plan};
use rampart_domain::secret::RunSecret;
use rampart_engine::{Engine, EngineError};
use scoreboard::Proof;

pub use adopt::{Adoption, adopt};
pub use clear::{Cleared, clear};
pub use doctor::examine;
pub(crate) use freeze::follow;
pub use freeze::{pause, resume};
pub use reset::reset;

/// How long after a failure what was in the making may still appear.
const SETTLE: Duration = Duration::from_millis(500);
/// Least free share of the engine's disk for a launch, percent.
const LEAST_FREE_PERCENT: u64 = 10;

/// How far a step of a range's launch has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Number of the range.
    pub range: u16,
    /// `networks`, `created`, `hosts` (started), `ready`, `plants` or `walls`.
    pub name: &'static str,
    /// Parts done.
    pub done: usize,
    /// How many of them stood before this launch began.
    pub had: usize,
    /// Parts in all.
    pub all: usize,
}

/// Takes the steps of a launch as they come.
pub type Steps<'a> = &'a (dyn Fn(Step) + Send + Sync);

/// Why a launch failed. Everything it had made is removed again.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// Images are missing; nothing was made.
    #[error("images missing: {}", .0.join(", "))]
    ImagesMissing(Vec<String>),
    /// The engine's disk is nearly full; nothing was made.
    #[error("only {percent} % of the engine's disk is free, {LEAST_FREE_PERCENT} % are needed")]
    DiskFull {
        /// Free, percent.
        percent: u64,
    },
    /// Another network holds a subnet of the plan.
    #[error("subnet {subnet} is taken by {by}")]
    SubnetTaken {
        /// Subnet of the plan.
        subnet: String,
        /// Who has it, or what the engine says.
        by: String,
    },
    /// A container ended.
    #[error("range {range}: host {host} ended{}{}{}", code_text(*.code), if *.oom { " (out of memory)" } else { "" }, log_text(.log))]
    HostDied {
        /// Range.
        range: u16,
        /// Host id.
        host: String,
        /// Exit code, where the engine still knows it.
        code: Option<i64>,
        /// True when memory ran out.
        oom: bool,
        /// Its last lines.
        log: Vec<String>,
    },
    /// A host did not become ready in its time.
    #[error("range {range}: host {host} is not ready after {seconds} s: {said}")]
    NotReady {
        /// Range.
        range: u16,
        /// Host id.
        host: String,
        /// Its time, seconds.
        seconds: i64,
        /// What its probe said last.
        said: String,
    },
    /// Something could not be planted, or was not there when read back. Never holds the secret.
    #[error("range {range}: {what} could not be planted on {host}: {said}")]
    Plant {
        /// Range.
        range: u16,
        /// Host id.
        host: String,
        /// Path, database or log-in.
        what: String,
        /// Why.
        said: String,
    },
    /// A way that the rules open is closed.
    #[error("range {range}: {from} cannot reach {to}, which the rules allow: {seen}")]
    Blocked {
        /// Range.
        range: u16,
        /// Host that tried.
        from: String,
        /// What it tried to reach.
        to: String,
        /// What was seen.
        seen: String,
    },
    /// The engine failed at an object.
    #[error("range {range}: {name}: {error}")]
    At {
        /// Range.
        range: u16,
        /// Zone or host id.
        name: String,
        /// What the engine said.
        error: EngineError,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl LaunchError {
    /// True when there is no engine to be asked.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::At { error, .. } | Self::Engine(error) => {
                matches!(error, EngineError::NodeUnreachable { .. })
            }
            _ => false,
        }
    }

    /// True when the engine did not answer, so that nothing is known.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        match self {
            Self::At { error, .. } | Self::Engine(error) => error.is_silence(),
            _ => false,
        }
    }
}

/// What the engine's images say they need, by full name. A label that cannot be read is an error: its image might get
/// more or less than it was written for.
///
/// # Errors
/// [`EngineError::Refused`] names the image and what is wrong with it.
pub async fn needs(engine: &dyn Engine) -> Result<BTreeMap<String, ImageNeeds>, EngineError> {
    let mut needs = BTreeMap::new();
    for (name, image) in engine.images().await? {
        // Other people's images on the same engine are none of ours.
        if name.starts_with(rampart_engine::images::PREFIX) {
            let of = image.needs().map_err(|what| EngineError::Refused(format!("image {name}: {what}")))?;
            needs.insert(name, of);
        }
    }
    Ok(needs)
}

fn code_text(code: Option<i64>) -> String {
    code.map(|code| format!(" with exit code {code}")).unwrap_or_default()
}

fn log_text(log: &[String]) -> String {
    if log.is_empty() { String::new() } else { format!("; its last lines:\n{}", log.join("\n")) }
}

/// Proves the walls of a standing plan again.
///
/// # Errors
/// See [`LaunchError`]. A wall that does not hold is in the proofs and no error.
pub(crate) async fn prove(
    engine: &dyn Engine,
    plan: &Plan,
    own_ports: &[u16],
) -> Result<Vec<(u16, Vec<Proof>)>, LaunchError> {
    let work: BoxFuture<'_, Result<_, LaunchError>> =
        Box::pin(proofs::all(engine, plan, None, own_ports, &|_| {}));
    work.await
}

/// Makes everything of a plan and proves its walls; gives the proofs of each range. `own_ports` are ports of the platform
/// itself, tried on the host's addresses with the others. A wall that does not hold is in the proofs and no error: who
/// opens the seats decides.
///
/// # Errors
/// See [`LaunchError`]. What was made is removed before it returns; where even that fails, the objects carry the run's
/// label and [`clear`] finds them. When the engine does not answer at all, everything is left as it is: called again, it
/// goes on with what stands.
pub async fn launch(
    engine: &dyn Engine,
    plan: &Plan,
    secret: &RunSecret,
    own_ports: &[u16],
    steps: Steps<'_>,
) -> Result<Vec<(u16, Vec<Proof>)>, LaunchError> {
    // Boxed: the many borrowed futures inside would make the caller's type too much for the compiler to call Send.
    let work: BoxFuture<'_, Result<_, LaunchError>> = Box::pin(async {
        let tries = proofs::Tries::new(engine, plan, own_ports);
        build::everything(engine, plan, secret, &tries, steps).await
    });
    let result = work.await;
    if let Err(error) = &result
        && !error.is_away()
    {
        tracing::info!(run = plan.run, %error, "launch failed, rolling back");
        // The failure dropped its siblings, and what the engine was just making for them may appear a moment later.
        tokio::time::sleep(SETTLE).await;
        if let Err(rest) = clear(engine, &plan.run).await {
            tracing::warn!(run = plan.run, error = %rest, "rolling back is not confirmed");
        }
    }
    result
}
