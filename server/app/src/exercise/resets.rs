//! Resets of single hosts, each in a task of its own. That one was asked for stands in the ledger, so a server that dies
//! meanwhile begins it again; the host is whole only when the ledger says that it was done.

use std::sync::Arc;
use std::time::Duration;

use rampart_domain::decide::ResetOutcome;
use rampart_engine::{Engine, EngineError};
use scoreboard::{HostReset, Proof, Reason, Status};
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use super::counters::{self, Reader};
use super::runner::Tools;
use super::{Exercise, Resetting};
use crate::failure::Failure;
use crate::range::{self, LaunchError};

/// Tries that the engine answered with a failure, until it is given up. Its silence counts for none of them.
const TRIES: u32 = 3;
/// Pause between two tries.
const AGAIN: Duration = Duration::from_secs(3);
/// How long after a reset was dropped something that the engine was just making may still appear.
const SETTLE: Duration = Duration::from_millis(500);

/// Carries out a reset; tried until the engine answers. Waits while the exercise is paused: one that a pause falls into is
/// begun again after it. `None` when the exercise ended or the server stops. Whoever removes the range takes `work` for
/// itself first, so that nothing appears behind its back.
pub(super) async fn carry_out(
    exercise: &Exercise,
    tools: &Tools,
    asked: &HostReset,
    work: &Arc<RwLock<()>>,
    stop: &CancellationToken,
) -> Option<(ResetOutcome, Option<Vec<Proof>>)> {
    let done = tokio::select! {
        () = stop.cancelled() => None,
        done = attempts(exercise, tools, asked, work) => done,
    };
    if stop.is_cancelled() {
        let _held = work.read().await;
        tokio::time::sleep(SETTLE).await;
    }
    show(exercise, asked, None);
    done
}

async fn attempts(
    exercise: &Exercise,
    tools: &Tools,
    asked: &HostReset,
    work: &Arc<RwLock<()>>,
) -> Option<(ResetOutcome, Option<Vec<Proof>>)> {
    let mut tries = 0;
    let mut why = None;
    loop {
        show(exercise, asked, Some(("waiting", why.clone())));
        until(exercise, Status::is_live).await?;
        // A range that stands nowhere says so below.
        let engine = tools.fleet.range(&exercise.id);
        let _turn = match &engine {
            Ok(engine) => Some(engine.reset_turn().await?),
            Err(_) => None,
        };
        let _held = work.read().await;
        let Some(plan) = exercise.plan() else {
            return Some((ResetOutcome::Failed { said: "no range stands".to_owned() }, None));
        };
        let known = why.clone();
        let stage = |stage| show(exercise, asked, Some((stage, known.clone())));
        let place = (asked.range, asked.host.as_str());
        let work = async {
            let engine = engine.as_ref().map_err(|error| LaunchError::Engine(error.clone()))?;
            let reader = Reader { store: &tools.store, clock: &*tools.clock, engine, exercise };
            // What a gateway has counted outlives it.
            let gateway = counters::gateway(&plan, asked.range).filter(|host| host.host == asked.host);
            let last = async {
                if let Some(gateway) = gateway {
                    reader.last_word(asked.range, gateway).await;
                }
            };
            let proofs =
                range::reset(&**engine, &plan, &exercise.secret, &tools.own_ports, place, last, &stage)
                    .await?;
            if let Some(gateway) = gateway
                && let Err(error) = reader.read(asked.range, gateway).await
            {
                tracing::warn!(gateway = gateway.name, %error, "its counters are given back later");
            }
            Ok::<_, LaunchError>(proofs)
        };
        let tried = tokio::select! {
            biased;
            over = until(exercise, |status| !status.is_live()) => {
                over?;
                None
            }
            tried = work => Some(tried),
        };
        let Some(tried) = tried else {
            // The clock stands: what was just started stands still, too.
            tokio::time::sleep(SETTLE).await;
            if let Some(host) = plan
                .ranges
                .iter()
                .find_map(|known| (known.range == asked.range).then(|| known.host(&asked.host)).flatten())
                && exercise.fold().status == Status::Paused
                && let Ok(engine) = &engine
            {
                freeze(&**engine, &host.name).await;
            }
            continue;
        };
        let error = match tried {
            Ok(proofs) => {
                let seconds = (tools.clock.now_ms() - asked.asked_ms).max(0) / 1000;
                return Some((ResetOutcome::Done { seconds }, proofs));
            }
            Err(error) => error,
        };
        let silent = error.is_silence();
        let failure = Failure::from(error);
        tracing::warn!(exercise = %exercise.id, range = asked.range, host = asked.host, why = failure.text, "a reset failed");
        tries += u32::from(!silent);
        if tries >= TRIES {
            return Some((ResetOutcome::Failed { said: failure.text }, None));
        }
        why = Some(failure.reason);
        show(exercise, asked, Some(("waiting", why.clone())));
        drop(_held);
        drop(_turn);
        tokio::time::sleep(AGAIN).await;
    }
}

pub(super) async fn freeze(engine: &dyn Engine, name: &str) {
    match engine.pause(name).await {
        Ok(()) | Err(EngineError::NotFound(_) | EngineError::Conflict(_)) => {}
        // The watch over the range sees what does not follow the clock.
        Err(error) => tracing::warn!(container = name, %error, "cannot be frozen yet"),
    }
}

/// Waits for a status; `None` once the exercise is over.
async fn until(exercise: &Exercise, wanted: impl Fn(&Status) -> bool) -> Option<()> {
    let mut changes = exercise.changes();
    loop {
        changes.mark_unchanged();
        let status = exercise.fold().status;
        if wanted(&status) {
            return Some(());
        }
        if matches!(status, Status::Ended | Status::Cleared) {
            return None;
        }
        changes.changed().await.ok()?;
    }
}

/// Shows at which step a reset is, or that there is none any more.
fn show(exercise: &Exercise, asked: &HostReset, at: Option<(&'static str, Option<Reason>)>) {
    let reset = at.map(|(stage, why)| Resetting { stage, since_ms: asked.asked_ms, why });
    exercise.hosts.send_if_modified(|hosts| {
        let known = hosts.iter_mut().find(|known| known.range == asked.range && known.host == asked.host);
        let Some(known) = known.filter(|known| known.reset != reset) else { return false };
        known.reset = reset;
        true
    });
}
