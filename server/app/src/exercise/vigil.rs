//! The watch over a standing range: hosts that die, containers that do not follow the clock, the wall on the host, an
//! engine that does not answer. What it sees stands in [`super::HostState`] and in the alarms of [`super::Progress`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use rampart_domain::plan::{HostPlan, Plan};
use rampart_engine::{Happening, Life, Observation, State};
use scoreboard::{Reason, Status};
use tokio_util::sync::CancellationToken;

use super::runner::Tools;
use super::{Command, Exercise, HostCondition, HostState, Inner};
use crate::audit;
use crate::fleet::RangeEngine;

/// Pause between two looks at the containers.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often in a row something must be seen before anything is done about it: what is just changing is not wrong.
const TWICE: u32 = 2;
/// Pause before the engine is asked again for what happens.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// Watches a range that stands since `from_ms` (ms UTC) until `stop`.
pub(super) fn keep(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Arc<Plan>,
    from_ms: i64,
    stop: &CancellationToken,
) {
    exercise.hosts.send_replace(hosts(plan));
    let since_ms = tools.clock.now_ms();
    let lives = follow(exercise.clone(), engine.clone(), since_ms);
    let looks = look(exercise.clone(), tools.clone(), engine.clone(), plan.clone());
    let disks = super::disk::keep(exercise.clone(), tools.clone(), engine.clone(), plan.clone());
    let counts = super::counters::keep(exercise.clone(), tools.clone(), engine.clone(), plan.clone());
    let walls = walls(exercise.clone(), tools.clone(), engine.clone(), plan.clone(), from_ms);
    let (exercise, stop) = (exercise.clone(), stop.clone());
    tools.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = async { tokio::join!(lives, looks, disks, counts, walls); } => {}
        }
        // A newer watch has its own list.
        if exercise.fold().over() {
            exercise.hosts.send_replace(Vec::new());
        }
    });
}

fn hosts(plan: &Plan) -> Vec<HostState> {
    let hosts = plan.ranges.iter().flat_map(|range| range.hosts.iter().map(move |host| (range.range, host)));
    hosts
        .map(|(range, host)| HostState {
            range,
            host: host.host.clone(),
            state: HostCondition::Unknown,
            died: None,
            oom_ms: None,
            disk: None,
            full: false,
            deaths: 0,
            reset: None,
        })
        .collect()
}

pub(super) fn of_host(rule: &str, range: u16, host: &str) -> Reason {
    Reason::new(rule, [("range", range.to_string()), ("host", host.to_owned())])
}

/// Follows what happens to the containers.
async fn follow(exercise: Arc<Exercise>, engine: RangeEngine, mut since_ms: i64) {
    loop {
        match engine.lives(&exercise.id, since_ms).await {
            Ok(mut lives) => {
                while let Some(Ok(life)) = lives.next().await {
                    since_ms = since_ms.max(life.at_ms + 1);
                    happened(&exercise, &life);
                }
            }
            Err(error) => tracing::debug!(exercise = %exercise.id, %error, "what happens cannot be followed"),
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

fn happened(exercise: &Exercise, life: &Life) {
    // That a host ends which is made anew is no trouble.
    let quiet = {
        let fold = exercise.fold();
        fold.over() || (fold.is_resetting(life.range, &life.host) && life.what != Happening::Started)
    };
    if quiet {
        return;
    }
    exercise.hosts.send_modify(|hosts| {
        let Some(host) = hosts.iter_mut().find(|host| host.range == life.range && host.host == life.host)
        else {
            return;
        };
        match life.what {
            Happening::Started => {
                host.state = HostCondition::Running;
                host.full = false;
            }
            Happening::Died(code) => {
                host.state = HostCondition::Dead;
                host.died = Some((code, life.at_ms));
                host.deaths += 1;
            }
            Happening::OutOfMemory => host.oom_ms = Some(life.at_ms),
        }
    });
    let mut what = match life.what {
        Happening::Started => return,
        Happening::Died(_) => of_host("alarm.host_died", life.range, &life.host),
        Happening::OutOfMemory => of_host("alarm.host_oom", life.range, &life.host),
    };
    if let Happening::Died(code) = life.what {
        what.args.insert("code".to_owned(), code.to_string());
    }
    tracing::warn!(exercise = %exercise.id, range = life.range, host = life.host, what = ?life.what, "host in trouble");
    // A host that dies over and over is one alarm with a count.
    exercise.progress.send_if_modified(|progress| progress.count(what, 1, life.at_ms));
}

/// Looks at the containers.
async fn look(exercise: Arc<Exercise>, tools: Tools, engine: RangeEngine, plan: Arc<Plan>) {
    let mut stray = 0;
    let mut dead: BTreeMap<String, u32> = BTreeMap::new();
    loop {
        match engine.observe(&exercise.id).await {
            Ok(seen) => {
                let now_ms = tools.clock.now_ms();
                let silent = |what: &Reason| what.rule == "alarm.engine_silent";
                exercise.progress.send_if_modified(|progress| progress.lower(now_ms, silent));
                note_hosts(&exercise, &plan, &seen, now_ms);
                stray = if strays(&exercise, &seen) { stray + 1 } else { 0 };
                if stray >= TWICE {
                    stray = 0;
                    let _ = exercise.commands.send(Command::Inner(Inner::Strayed)).await;
                }
                start_dead(&exercise, &tools, &engine, &plan, &seen, &mut dead).await;
            }
            Err(error) if error.is_silence() => {
                let now_ms = tools.clock.now_ms();
                let what = Reason::new("alarm.engine_silent", []);
                exercise.progress.send_if_modified(|progress| progress.raise(what, now_ms));
                exercise.hosts.send_if_modified(|hosts| {
                    let known = |host: &&mut HostState| host.state != HostCondition::Unknown;
                    hosts.iter_mut().filter(known).map(|host| host.state = HostCondition::Unknown).count() > 0
                });
            }
            Err(error) => tracing::warn!(exercise = %exercise.id, %error, "the range cannot be looked at"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells staff when the wall of the machine had to be put back under the range, and has it proven again from inside. What
/// was before `from_ms` (ms UTC) was before this range.
async fn walls(exercise: Arc<Exercise>, tools: Tools, engine: RangeEngine, plan: Arc<Plan>, from_ms: i64) {
    let mut wall = engine.wall_known();
    let mut to_prove = false;
    loop {
        let now = wall.borrow_and_update().clone();
        let down = |what: &Reason| what.rule == "alarm.wall_down";
        let now_ms = tools.clock.now_ms();
        let mut said = None;
        exercise.progress.send_if_modified(|progress| match &now.down {
            Some(why) => {
                let is_new = progress.raise(Reason::new("alarm.wall_down", []), now_ms);
                said = is_new.then(|| why.clone());
                is_new
            }
            None => progress.lower(now_ms, down),
        });
        if let Some(made_ms) = now.made_ms.filter(|made_ms| *made_ms >= from_ms) {
            let made = Reason::new("alarm.wall_made", []);
            exercise.progress.send_if_modified(|progress| {
                let is_told =
                    progress.alarms.iter().any(|alarm| alarm.what == made && alarm.at_ms == made_ms);
                if !is_told {
                    progress.note(made.clone(), made_ms);
                    said = Some("the wall on the host was gone and has been made again".to_owned());
                    to_prove = true;
                }
                !is_told
            });
        }
        if let Some(said) = said {
            tracing::error!(exercise = %exercise.id, said, "the wall on the host did not stand");
            audit::note(&tools.store, now_ms, None, "range.wall", format!("{}: {said}", exercise.id)).await;
        }
        tokio::select! {
            changed = wall.changed() => if changed.is_err() { return },
            () = super::outage::prove_again(&exercise, &tools, &engine, &plan), if to_prove => to_prove = false,
        }
    }
}

fn note_hosts(exercise: &Exercise, plan: &Plan, seen: &Observation, now_ms: i64) {
    let mut missing = Vec::new();
    let anew: Vec<(u16, String)> =
        exercise.fold().resetting().map(|reset| (reset.range, reset.host.clone())).collect();
    exercise.hosts.send_if_modified(|hosts| {
        let mut changed = false;
        for (range, host) in
            plan.ranges.iter().flat_map(|range| range.hosts.iter().map(move |host| (range.range, host)))
        {
            let state = match seen.container(&host.name).map(|found| &found.state) {
                None | Some(State::Removing) => HostCondition::Missing,
                Some(State::Running) => HostCondition::Running,
                Some(State::Paused) => HostCondition::Frozen,
                Some(State::Created | State::Restarting(_) | State::Exited(_)) => HostCondition::Dead,
            };
            let is_anew = anew.iter().any(|(of, name)| *of == range && *name == host.host);
            if state == HostCondition::Missing && !is_anew {
                missing.push((range, host.host.clone()));
            }
            let known = hosts.iter_mut().find(|known| known.range == range && known.host == host.host);
            if let Some(known) = known.filter(|known| known.state != state) {
                known.state = state;
                changed = true;
            }
        }
        changed
    });
    exercise.progress.send_if_modified(|progress| {
        let gone = |what: &Reason| what.rule == "alarm.host_missing";
        let back = progress.lower(now_ms, |what| {
            gone(what) && !missing.iter().any(|(range, host)| *what == of_host(&what.rule, *range, host))
        });
        let mut new = false;
        for (range, host) in &missing {
            new |= progress.raise(of_host("alarm.host_missing", *range, host), now_ms);
        }
        back || new
    });
}

/// Whether containers run while the clock stands, or are frozen while it runs.
fn strays(exercise: &Exercise, seen: &Observation) -> bool {
    let wrong = match exercise.fold().status {
        Status::Paused => State::Running,
        Status::Ready | Status::Running => State::Paused,
        _ => return false,
    };
    seen.containers.iter().any(|found| found.state == wrong)
}

/// Starts what has ended and is not about to be started by the engine, while the clock stands too: it is frozen then.
async fn start_dead(
    exercise: &Exercise,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Plan,
    seen: &Observation,
    dead: &mut BTreeMap<String, u32>,
) {
    let ended = |name: &str| {
        seen.container(name).is_some_and(|found| matches!(found.state, State::Exited(_) | State::Created))
    };
    dead.retain(|name, _| ended(name));
    if !matches!(exercise.fold().status, Status::Ready | Status::Running | Status::Paused) {
        return;
    }
    let full = |range: u16, host: &str| {
        exercise.hosts.borrow().iter().any(|known| known.is(range, host) && known.full)
    };
    // The plan has the gateway first in each range.
    let due: Vec<(u16, &HostPlan)> = plan
        .ranges
        .iter()
        .flat_map(|range| range.hosts.iter().map(move |host| (range.range, host)))
        // One that is being made anew has not got its files yet.
        .filter(|(range, host)| ended(&host.name) && !exercise.fold().is_resetting(*range, &host.host))
        // One that was stopped because it filled the disk waits for a reset.
        .filter(|(range, host)| !full(*range, &host.host))
        .collect();
    for (range, host) in due {
        let looks = dead.entry(host.name.clone()).or_default();
        *looks += 1;
        if *looks < TWICE {
            continue;
        }
        // Silence is told by the look at the containers.
        if !matches!(super::disk::is_full(exercise, tools, engine, range, host).await, Ok(false)) {
            continue;
        }
        match engine.start(&host.name).await {
            Ok(()) if exercise.fold().status == Status::Paused => {
                super::resets::freeze(&**engine, &host.name).await;
            }
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(exercise = %exercise.id, host = host.host, %error, "a dead host does not start");
                if !error.is_silence() {
                    let what = of_host("alarm.host_stuck", range, &host.host);
                    let now_ms = tools.clock.now_ms();
                    exercise.progress.send_if_modified(|progress| progress.count(what, 1, now_ms));
                }
            }
        }
    }
}
