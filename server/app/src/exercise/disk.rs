//! What the hosts of a standing range write. Few storage drivers bound it (overlay2 only on xfs with project quotas), so
//! each host is measured once a minute; more often when the engine's disk fills up, as one host can write a gigabyte a
//! second. Above its limit staff is told; above twice the limit the host is stopped and stays so until it is reset, which
//! gives the room back: it is one team's host against everybody's range. A single file cannot pass the limit at all
//! (`RLIMIT_FSIZE`), and what a host writes to its log is bounded by the engine.

use std::sync::Arc;
use std::time::Duration;

use rampart_domain::plan::{HostPlan, Plan};
use rampart_engine::EngineError;
use scoreboard::Status;

use super::Exercise;
use super::runner::Tools;
use super::vigil::of_host;
use crate::audit;
use crate::fleet::RangeEngine;

/// In this time each host is measured once.
const ROUND: Duration = Duration::from_secs(60);
/// Longest pause between two measurements, and pause between two looks at the engine's disk.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Free share of the engine's disk below which all hosts are measured at each look, percent.
const FREE_LOW: u64 = 10;
/// Loss of free room between two looks that is reason to measure all hosts at once, bytes.
const LOST: u64 = 1 << 30;
/// Times its limit at which a host is stopped.
const HARD: u64 = 2;

/// Measures until it is dropped.
pub(super) async fn keep(exercise: Arc<Exercise>, tools: Tools, engine: RangeEngine, plan: Arc<Plan>) {
    let hosts: Vec<(u16, &HostPlan)> = plan
        .ranges
        .iter()
        .flat_map(|range| range.hosts.iter().map(move |host| (range.range, host)))
        .collect();
    if hosts.is_empty() {
        return;
    }
    // So many at a look that all have had their turn in a round.
    let looks = ROUND.as_secs() / LOOK_EVERY.as_secs();
    let each = hosts.len().div_ceil(usize::try_from(looks).unwrap_or(1));
    let mut turn = hosts.iter().cycle();
    let mut free_before = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // Frozen hosts write nothing, and those of a range that is coming down are nobody's trouble.
        if !matches!(exercise.fold().status, Status::Ready | Status::Running) {
            continue;
        }
        let disk = engine.info().await.ok().and_then(|info| info.disk);
        let is_low = disk.is_some_and(|disk| disk.free_percent() < FREE_LOW);
        let is_falling = match (free_before, disk) {
            (Some(before), Some(now)) => now.free.saturating_add(LOST) < before,
            _ => false,
        };
        free_before = disk.map(|disk| disk.free);
        let count = if is_low || is_falling { hosts.len() } else { each };
        for (range, host) in turn.by_ref().take(count) {
            measure(&exercise, &tools, &engine, *range, host).await;
        }
    }
}

async fn measure(exercise: &Exercise, tools: &Tools, engine: &RangeEngine, range: u16, host: &HostPlan) {
    if exercise.fold().is_resetting(range, &host.host) {
        return;
    }
    let written = match engine.written(&host.name).await {
        Ok(written) => written,
        Err(error) => {
            tracing::debug!(container = host.name, %error, "what a host has written cannot be measured");
            return;
        }
    };
    let limit = host.resources.disk();
    let is_stopped = exercise.hosts.borrow().iter().any(|known| known.is(range, &host.host) && known.full);
    exercise.hosts.send_if_modified(|hosts| {
        let known = hosts.iter_mut().find(|known| known.is(range, &host.host));
        known.is_some_and(|known| known.disk.replace((written, limit)) != Some((written, limit)))
    });
    let now_ms = tools.clock.now_ms();
    let over = of_host("alarm.host_disk", range, &host.host);
    let mut is_new = false;
    exercise.progress.send_if_modified(|progress| {
        if written > limit {
            is_new = progress.raise(over.clone(), now_ms);
            is_new
        } else {
            progress.lower(now_ms, |what| *what == over)
        }
    });
    if is_new {
        note(exercise, tools, range, host, written, "has written more than it may").await;
    }
    if !is_too_much(written, host) || is_stopped {
        return;
    }
    // Said before it is done: the watch over the hosts must not start it again.
    set_full(exercise, range, &host.host, true);
    if let Err(error) = engine.stop(&host.name).await {
        set_full(exercise, range, &host.host, false);
        tracing::warn!(container = host.name, %error, "a host that fills the disk does not stop");
        return;
    }
    let stopped = of_host("alarm.host_full", range, &host.host);
    exercise.progress.send_modify(|progress| progress.note(stopped, tools.clock.now_ms()));
    note(exercise, tools, range, host, written, "is stopped, as it fills the disk").await;
}

fn is_too_much(written: u64, host: &HostPlan) -> bool {
    written > host.resources.disk().saturating_mul(HARD)
}

/// Whether a host that has ended is to stay so because it fills the disk. Asked before every start: a server that has been
/// started anew does not remember whom it stopped, and the engine's answer is the truth. Says so once.
pub(crate) async fn is_full(
    exercise: &Exercise,
    tools: &Tools,
    engine: &RangeEngine,
    range: u16,
    host: &HostPlan,
) -> Result<bool, EngineError> {
    let written = match engine.written(&host.name).await {
        Ok(written) => written,
        Err(silent) if silent.is_silence() => return Err(silent),
        // What cannot be measured is no reason to leave a team without its host; the next round measures it again.
        Err(error) => {
            tracing::debug!(container = host.name, %error, "what a host has written cannot be measured");
            return Ok(false);
        }
    };
    if !is_too_much(written, host) {
        return Ok(false);
    }
    let limit = host.resources.disk();
    exercise.hosts.send_if_modified(|hosts| {
        let known = hosts.iter_mut().find(|known| known.is(range, &host.host));
        known.is_some_and(|known| known.disk.replace((written, limit)) != Some((written, limit)))
    });
    if set_full(exercise, range, &host.host, true) {
        let now_ms = tools.clock.now_ms();
        exercise.progress.send_modify(|progress| {
            progress.raise(of_host("alarm.host_disk", range, &host.host), now_ms);
            progress.note(of_host("alarm.host_full", range, &host.host), now_ms);
        });
        note(exercise, tools, range, host, written, "stays stopped, as it fills the disk").await;
    }
    Ok(true)
}

/// True when that is new.
fn set_full(exercise: &Exercise, range: u16, host: &str, full: bool) -> bool {
    exercise.hosts.send_if_modified(|hosts| {
        let known = hosts.iter_mut().find(|known| known.is(range, host));
        known.is_some_and(|known| std::mem::replace(&mut known.full, full) != full)
    })
}

async fn note(exercise: &Exercise, tools: &Tools, range: u16, host: &HostPlan, written: u64, what: &str) {
    let limit = host.resources.disk();
    tracing::warn!(exercise = %exercise.id, range, host = host.host, written, limit, what);
    let text = format!("{}: range {range}, {} {what}: {written} of {limit} bytes", exercise.id, host.host);
    audit::note(&tools.store, tools.clock.now_ms(), None, "range.disk", text).await;
}
