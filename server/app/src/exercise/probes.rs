//! Availability checks, benign users and retests: scripts of the scenario, run inside the range through the engine.
//!
//! What the platform itself could not do is `Unknown` and counts for nobody: an engine that does not answer, a script that
//! cannot be started, a paused range.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_domain::plan::{Plan, RangePlan};
use rampart_domain::scenario::{Check, User};
use rampart_engine::ExecSpec;
use scoreboard::{AttackState, HealthState, Status};
use tokio_util::sync::CancellationToken;

use super::runner::Tools;
use super::{Command, Exercise, Inner};

/// A service is down only when this many probes in a row say so; one lost probe is no outage.
const MISSES: u32 = 2;
/// Output kept of a probe, bytes.
const OUTPUT_LIMIT: usize = 4096;
/// Exit code by which a script says "serves, but badly".
const DEGRADED: i64 = 2;

/// Starts checks and users of every range. They run while the exercise runs.
pub(super) fn start(exercise: &Arc<Exercise>, tools: &Tools, plan: &Arc<Plan>, stop: &CancellationToken) {
    for range in &plan.ranges {
        for check in exercise.scenario().checks.clone() {
            let task = watch_check(exercise.clone(), tools.clone(), range.clone(), check);
            spawn_until(tools, stop, task);
        }
        for user in exercise.scenario().users.clone() {
            let task = play_user(exercise.clone(), tools.clone(), range.clone(), user);
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
    tools: &Tools,
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
    match tools.engine.exec(&host.name, spec).await {
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
    exercise.fold().status == Status::Running
}

async fn watch_check(exercise: Arc<Exercise>, tools: Tools, range: RangePlan, check: Check) {
    let every = Duration::from_millis(u64::try_from(check.every_ms).unwrap_or(20_000));
    let mut misses = 0;
    loop {
        let began = Instant::now();
        if running(&exercise) {
            let ran =
                run_script(&exercise, &tools, &range, &check.from, &check.script, check.timeout_ms).await;
            let slow = began.elapsed().as_millis() * 10 > u128::try_from(check.timeout_ms * 7).unwrap_or(0);
            let (state, detail) = match ran {
                Ran::Exit(0, detail) if slow => (HealthState::Degraded, detail),
                Ran::Exit(0, detail) => (HealthState::Up, detail),
                Ran::Exit(DEGRADED, detail) => (HealthState::Degraded, detail),
                Ran::Exit(1, detail) => (HealthState::Down, detail),
                Ran::TimedOut => (HealthState::Down, format!("no answer within {} ms", check.timeout_ms)),
                Ran::Exit(code, detail) => (HealthState::Unknown, format!("exit code {code}: {detail}")),
                Ran::Failed(why) => (HealthState::Unknown, why),
            };
            misses = if state == HealthState::Down { misses + 1 } else { 0 };
            // A probe during which the exercise was paused says nothing.
            if running(&exercise) && (state != HealthState::Down || misses >= MISSES) {
                let told = Inner::Checked { range: range.range, check: check.id.clone(), state, detail };
                if exercise.commands.send(Command::Inner(told)).await.is_err() {
                    return;
                }
            }
        }
        // Probes of one check never overlap: the next begins a whole interval after this one began, or at once.
        tokio::time::sleep(every.saturating_sub(began.elapsed()).max(Duration::from_millis(200))).await;
    }
}

async fn play_user(exercise: Arc<Exercise>, tools: Tools, range: RangePlan, user: User) {
    let every = u64::try_from(user.every_ms).unwrap_or(10_000).max(500);
    loop {
        // Between half and one and a half times the interval, so that nobody can tell benign traffic by its beat.
        let wait = every / 2 + rand::random_range(0..every);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if running(&exercise)
            && let Ran::Failed(why) =
                run_script(&exercise, &tools, &range, &user.host, &user.script, 30_000).await
        {
            tracing::debug!(exercise = %exercise.id, user = %user.id, why, "benign user could not run");
        }
    }
}

/// Runs the attack of a repair and its checks.
pub(super) async fn retest(
    exercise: &Exercise,
    tools: &Tools,
    team: &str,
    repair: &str,
) -> (AttackState, Option<bool>) {
    let unknown = (AttackState::Unknown, None);
    let number = exercise.fold().team(team).map(|team| team.range);
    let plan = exercise.plan();
    let Some(range) =
        plan.as_ref().and_then(|plan| plan.ranges.iter().find(|range| Some(range.range) == number))
    else {
        return unknown;
    };
    let Some(repair) = exercise.scenario().repairs.iter().find(|known| known.id == repair) else {
        return unknown;
    };
    let test = &repair.retest;
    let attack = match run_script(exercise, tools, range, &test.from, &test.script, test.timeout_ms).await {
        Ran::Exit(0, _) => AttackState::Works,
        Ran::Exit(1, _) => AttackState::Fails,
        Ran::Exit(..) | Ran::TimedOut | Ran::Failed(_) => AttackState::Unknown,
    };
    let mut passed = true;
    for id in &repair.checks {
        let Some(check) = exercise.scenario().checks.iter().find(|check| check.id == *id) else { continue };
        match run_script(exercise, tools, range, &check.from, &check.script, check.timeout_ms).await {
            Ran::Exit(0 | DEGRADED, _) => {}
            Ran::Exit(1, _) | Ran::TimedOut => passed = false,
            Ran::Exit(..) | Ran::Failed(_) => return (attack, None),
        }
    }
    (attack, Some(passed))
}
