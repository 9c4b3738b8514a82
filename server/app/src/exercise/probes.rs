//! Availability checks, benign users and retests: scripts of the scenario, run inside the range through the engine.
//!
//! What the platform itself could not do is `Unknown` and counts for nobody: an engine that does not answer, a script that
//! cannot be started, a paused range.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_domain::decide::{self, Rules};
use rampart_domain::plan::{Plan, RangePlan};
use rampart_domain::scenario::{Check, Role, User};
use rampart_engine::ExecSpec;
use scoreboard::{AttackState, HealthState, Status};
use tokio_util::sync::CancellationToken;

use super::runner::Tools;
use super::{Command, Exercise, Inner};
use crate::fleet::RangeEngine;

/// A service is down only when this many probes in a row say so; one lost probe is no outage.
const MISSES: u32 = 2;
/// Longer than this for a command that does nothing, and the machine is too busy to say anything about a team.
const BUSY: Duration = Duration::from_millis(1500);
/// Limit of such a command, ms.
const NOTHING_MS: u64 = 10_000;
/// Tries of a retest that the engine did not carry out, and pause between them.
const RETEST_TRIES: u32 = 3;
const RETEST_AGAIN: Duration = Duration::from_secs(3);
/// Output kept of a probe, bytes.
const OUTPUT_LIMIT: usize = 4096;
/// Exit code by which a script says "serves, but badly".
const DEGRADED: i64 = 2;

/// Starts checks and users of every range. They run while the exercise runs.
pub(super) fn start(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Arc<Plan>,
    stop: &CancellationToken,
) {
    for range in &plan.ranges {
        for check in exercise.scenario().checks.clone() {
            let task = watch_check(exercise.clone(), engine.clone(), range.clone(), check);
            spawn_until(tools, stop, task);
        }
        for user in exercise.scenario().users.clone() {
            let task = play_user(exercise.clone(), engine.clone(), range.clone(), user);
            spawn_until(tools, stop, task);
        }
    }
}

fn spawn_until(tools: &Tools, stop: &CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
    let stop = stop.clone();
    tools.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = task => {}
        }
    });
}

/// Result of a script.
enum Ran {
    Exit(i64, String),
    TimedOut,
    Failed(String),
}

async fn run_script(
    exercise: &Exercise,
    engine: &RangeEngine,
    range: &RangePlan,
    host: &str,
    script: &str,
    timeout_ms: i64,
) -> Ran {
    let Some(text) = exercise.bundle.files.get(script) else {
        return Ran::Failed(format!("{script} is not part of the scenario"));
    };
    let Some(host) = range.host(host) else {
        return Ran::Failed(format!("no host {host} in the range"));
    };
    let spec = ExecSpec::new(["bash", "-s"])
        .stdin(text.clone())
        .timeout_ms(u64::try_from(timeout_ms).unwrap_or(0))
        .limit(OUTPUT_LIMIT);
    match engine.exec(&host.name, spec).await {
        Ok(done) if done.timed_out => Ran::TimedOut,
        Ok(done) => {
            let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&done.stderr));
            let last = text.trim().lines().last().unwrap_or_default().chars().take(200).collect();
            Ran::Exit(done.code, last)
        }
        Err(error) => Ran::Failed(error.to_string()),
    }
}

fn running(exercise: &Exercise) -> bool {
    let fold = exercise.fold();
    fold.status == Status::Running && fold.outage().is_none()
}

/// Which undisturbed stretch of running it is for a range: the number of pauses so far, and of beginnings and ends of
/// resets, and of outages. `None` while it does not run, or nothing is known of it.
fn stretch(exercise: &Exercise, range: u16) -> Option<(usize, usize, usize)> {
    let fold = exercise.fold();
    let of_range = fold.resets.iter().filter(|reset| reset.range == range);
    let resets = of_range.map(|reset| 1 + usize::from(reset.over.is_some())).sum();
    let runs = fold.status == Status::Running && fold.outage().is_none();
    runs.then_some((fold.pauses.len(), resets, fold.outages.len()))
}

/// True while a reset under way keeps this check from saying anything.
fn silenced(exercise: &Exercise, range: u16, check: &str) -> bool {
    let rules = Rules { scenario: exercise.scenario(), secret: &exercise.secret, other_tags: &[] };
    decide::is_silenced(rules, &exercise.fold(), range, check)
}

/// What a probe by itself says, and whether the machine may be to blame for it.
fn weigh(ran: Ran, took: Duration, limit: Duration) -> (HealthState, String, bool) {
    let slow = took > limit.mul_f64(0.7);
    match ran {
        Ran::Exit(0, detail) if slow => (HealthState::Degraded, detail, true),
        Ran::Exit(0, detail) => (HealthState::Up, detail, false),
        Ran::Exit(DEGRADED, detail) => (HealthState::Degraded, detail, slow),
        Ran::Exit(1, detail) => (HealthState::Down, detail, true),
        Ran::TimedOut => (HealthState::Down, format!("no answer within {} ms", limit.as_millis()), true),
        Ran::Exit(code, detail) => (HealthState::Unknown, format!("exit code {code}: {detail}"), false),
        Ran::Failed(why) => (HealthState::Unknown, why, false),
    }
}

/// The same in the light of how long a command that does nothing took just then; `None` when it did not come back.
fn acquit(state: HealthState, took: Duration, nothing: Option<Duration>, limit: Duration) -> HealthState {
    match nothing {
        None => HealthState::Unknown,
        Some(nothing) if nothing > BUSY => HealthState::Unknown,
        // What the engine itself needs to run a command is not the service's.
        Some(nothing)
            if state == HealthState::Degraded && took.saturating_sub(nothing) <= limit.mul_f64(0.7) =>
        {
            HealthState::Up
        }
        Some(_) => state,
    }
}

/// How long a command that does nothing takes in the gateway, which neither side can reach.
async fn nothing(engine: &RangeEngine, range: &RangePlan) -> Option<Duration> {
    let gateway = range.hosts.iter().find(|host| host.role == Role::Gateway)?;
    let began = Instant::now();
    let done = engine.exec(&gateway.name, ExecSpec::new(["true"]).timeout_ms(NOTHING_MS)).await;
    done.is_ok_and(|done| done.ok()).then(|| began.elapsed())
}

async fn watch_check(exercise: Arc<Exercise>, engine: RangeEngine, range: RangePlan, check: Check) {
    let millis = |ms: i64| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let (every, limit) = (millis(check.every_ms), millis(check.timeout_ms));
    let mut misses = 0;
    loop {
        let began = Instant::now();
        let before = stretch(&exercise, range.range);
        if let Some(before) = before.filter(|_| !silenced(&exercise, range.range, &check.id)) {
            let ran =
                run_script(&exercise, &engine, &range, &check.from, &check.script, check.timeout_ms).await;
            let took = began.elapsed();
            let (mut state, mut detail, doubtful) = weigh(ran, took, limit);
            if doubtful {
                let said = state;
                state = acquit(said, took, nothing(&engine, &range).await, limit);
                if state == HealthState::Unknown {
                    detail = format!("the machine is too busy to tell: {detail}");
                }
            }
            // A probe during which the exercise was paused, or a host made anew, says nothing.
            if stretch(&exercise, range.range) == Some(before) {
                misses = if state == HealthState::Down { misses + 1 } else { 0 };
                if state != HealthState::Down || misses >= MISSES {
                    let (range, epoch, check) = (range.range, engine.epoch(), check.id.clone());
                    let told = Inner::Checked { range, epoch, check, state, detail };
                    if exercise.commands.send(Command::Inner(told)).await.is_err() {
                        return;
                    }
                }
            }
        }
        // Probes of one check never overlap: the next begins a whole interval after this one began, or at once.
        tokio::time::sleep(every.saturating_sub(began.elapsed()).max(Duration::from_millis(200))).await;
    }
}

async fn play_user(exercise: Arc<Exercise>, engine: RangeEngine, range: RangePlan, user: User) {
    let every = u64::try_from(user.every_ms).unwrap_or(10_000).max(500);
    loop {
        // Between half and one and a half times the interval, so that nobody can tell benign traffic by its beat.
        let wait = every / 2 + rand::random_range(0..every);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if running(&exercise)
            && let Ran::Failed(why) =
                run_script(&exercise, &engine, &range, &user.host, &user.script, 30_000).await
        {
            tracing::debug!(exercise = %exercise.id, user = %user.id, why, "benign user could not run");
        }
    }
}

/// Runs the attack of a repair and its checks, while the exercise runs. What a pause or a reset fell into, or what the engine did not
/// carry out, is done again: the team does not lose its place by it. After the end it is done as things are. `None` when
/// the server stops.
pub(super) async fn retest(
    exercise: &Exercise,
    tools: &Tools,
    team: &str,
    repair: &str,
) -> Option<(AttackState, Option<bool>)> {
    let range = exercise.fold().team(team).map_or(0, |team| team.range);
    let work = async {
        let mut changes = exercise.changes();
        let mut tries = 0;
        loop {
            changes.mark_unchanged();
            let before = stretch(exercise, range);
            let placed = tools.fleet.placement(&exercise.id);
            let over = exercise.fold().over();
            let anew = exercise.fold().resetting().any(|reset| reset.range == range);
            if (before.is_none() || anew) && !over {
                changes.changed().await.ok()?;
                continue;
            }
            tries += 1;
            let (attack, checks, ours) = retest_once(exercise, tools, team, repair).await;
            let undisturbed =
                before == stretch(exercise, range) && placed == tools.fleet.placement(&exercise.id);
            if over || (undisturbed && (!ours || tries >= RETEST_TRIES)) {
                return Some((attack, checks));
            }
            tokio::time::sleep(if ours { RETEST_AGAIN } else { Duration::from_millis(200) }).await;
        }
    };
    tokio::select! {
        () = tools.stop.cancelled() => None,
        outcome = work => outcome,
    }
}

/// One try; the last value is true when it failed for want of the engine.
async fn retest_once(
    exercise: &Exercise,
    tools: &Tools,
    team: &str,
    repair: &str,
) -> (AttackState, Option<bool>, bool) {
    let unknown = |ours| (AttackState::Unknown, None, ours);
    let number = exercise.fold().team(team).map(|team| team.range);
    let plan = exercise.plan();
    let Some(range) =
        plan.as_ref().and_then(|plan| plan.ranges.iter().find(|range| Some(range.range) == number))
    else {
        return unknown(false);
    };
    let Some(repair) = exercise.scenario().repairs.iter().find(|known| known.id == repair) else {
        return unknown(false);
    };
    let Ok(engine) = &tools.fleet.range(&exercise.id) else { return unknown(true) };
    let test = &repair.retest;
    let attack = match run_script(exercise, engine, range, &test.from, &test.script, test.timeout_ms).await {
        Ran::Exit(0, _) => AttackState::Works,
        Ran::Exit(1, _) => AttackState::Fails,
        Ran::Exit(..) | Ran::TimedOut => AttackState::Unknown,
        Ran::Failed(_) => return unknown(true),
    };
    let mut passed = true;
    for id in &repair.checks {
        let Some(check) = exercise.scenario().checks.iter().find(|check| check.id == *id) else { continue };
        match run_script(exercise, engine, range, &check.from, &check.script, check.timeout_ms).await {
            Ran::Exit(0 | DEGRADED, _) => {}
            Ran::Exit(1, _) | Ran::TimedOut => passed = false,
            Ran::Exit(..) => return (attack, None, false),
            Ran::Failed(_) => return (attack, None, true),
        }
    }
    (attack, Some(passed), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(8);

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn verdict(ran: Ran, took: f64, nothing: Option<f64>) -> HealthState {
        let (state, _, doubtful) = weigh(ran, secs(took), LIMIT);
        if doubtful { acquit(state, secs(took), nothing.map(secs), LIMIT) } else { state }
    }

    #[test]
    fn a_busy_machine_is_not_counted_against_the_team() {
        use HealthState::{Degraded, Down, Unknown, Up};
        let fine = || Ran::Exit(0, String::new());
        let bad = || Ran::Exit(1, String::new());
        assert_eq!(verdict(fine(), 1.0, None), Up);
        assert_eq!(verdict(fine(), 7.0, Some(0.1)), Degraded);
        assert_eq!(verdict(fine(), 6.0, Some(1.2)), Up, "the engine took the rest");
        assert_eq!(verdict(fine(), 7.0, Some(4.0)), Unknown);
        assert_eq!(verdict(Ran::TimedOut, 8.0, Some(0.1)), Down);
        assert_eq!(verdict(Ran::TimedOut, 8.0, Some(3.0)), Unknown);
        assert_eq!(verdict(Ran::TimedOut, 8.0, None), Unknown);
        assert_eq!(verdict(bad(), 1.0, Some(0.1)), Down);
        assert_eq!(verdict(bad(), 1.0, None), Unknown);
        assert_eq!(verdict(Ran::Exit(127, String::new()), 1.0, Some(0.1)), Unknown);
        assert_eq!(verdict(Ran::Failed(String::new()), 1.0, Some(0.1)), Unknown);
    }
}
