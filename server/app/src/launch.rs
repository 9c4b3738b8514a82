//! Launching, freezing and clearing the ranges of an exercise: the slow work that a change of status sets going. Runs in
//! tasks of its own, never in a request and never in the runner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rampart_domain::plan::{self, Plan};
use rampart_engine::EngineError;
use rampart_store::Claim;
use scoreboard::{Proof, Status};
use tokio_util::sync::CancellationToken;

use crate::exercise::{Exercise, Launched, NotLaunched, Progress, Step, Tools};
use crate::range;

/// Size of a zone's subnet.
const PREFIX: u8 = 26;
/// Tries to find subnets that the engine takes too.
const SUBNET_TRIES: usize = 4;
/// Pause between two tries to freeze or clear.
const AGAIN: Duration = Duration::from_secs(3);

/// Builds what a launch needs and proves it. A failure leaves nothing behind and comes back as a text for a person.
pub(crate) async fn launch(exercise: &Arc<Exercise>, tools: &Tools) -> Result<Launched, NotLaunched> {
    let Ok(_turn) = tools.turns.acquire().await else { return Err("the server is stopping".into()) };
    begin(exercise, tools, "launch");
    let result = attempt(exercise, tools).await;
    exercise.progress.send_modify(|progress| {
        progress.what.clear();
        progress.line = None;
        progress.error = result.as_ref().err().map(|failure| failure.why.clone());
    });
    result
}

async fn attempt(exercise: &Arc<Exercise>, tools: &Tools) -> Result<Launched, NotLaunched> {
    // What a former try or a former life of the server left is removed first, so that a launch always begins at nothing.
    sweep(exercise, tools).await?;
    let lines = exercise.clone();
    let wanted: Vec<String> = exercise.scenario().hosts.iter().map(|host| host.image.clone()).collect();
    range::images::build_missing(tools.engine.as_ref(), &tools.images_dir, &wanted, &move |line: &str| {
        lines.progress.send_modify(|progress| progress.line = Some(line.to_owned()));
    })
    .await
    .map_err(|error| error.to_string())?;
    exercise.progress.send_modify(|progress| progress.line = None);

    let mut last = String::new();
    for _ in 0..SUBNET_TRIES {
        let plan = claim(exercise, tools).await?;
        let text = serde_json::to_string(&plan).map_err(|error| error.to_string())?;
        tools
            .store
            .exercises()
            .set_plan(&exercise.id, Some(&text))
            .await
            .map_err(|error| error.to_string())?;
        match carry_out(exercise, tools, &plan).await {
            Ok(proofs) => {
                let broken = broken(&proofs);
                if broken.is_empty() {
                    return Ok((plan, proofs));
                }
                sweep(exercise, tools).await?;
                return Err(NotLaunched { why: broken, proofs });
            }
            Err(range::LaunchError::SubnetTaken { subnet, by }) => {
                last = format!("subnet {subnet} is taken by {by}");
                sweep(exercise, tools).await?;
            }
            Err(error) => {
                let text = error.to_string();
                sweep(exercise, tools).await?;
                return Err(text.into());
            }
        }
    }
    Err(last.into())
}

impl From<String> for NotLaunched {
    fn from(why: String) -> Self {
        Self { why, proofs: Vec::new() }
    }
}

impl From<&str> for NotLaunched {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

/// Names the walls that do not hold; empty when all do.
fn broken(proofs: &[(u16, Vec<Proof>)]) -> String {
    let texts: Vec<String> = proofs
        .iter()
        .flat_map(|(range, proofs)| proofs.iter().map(move |proof| (range, proof)))
        .filter(|(_, proof)| !proof.holds)
        .take(5)
        .map(|(range, proof)| {
            format!("range {range}: {} from {} to {}: {}", proof.what, proof.from, proof.to, proof.seen)
        })
        .collect();
    if texts.is_empty() { String::new() } else { format!("walls do not hold: {}", texts.join("; ")) }
}

async fn carry_out(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    plan: &Plan,
) -> Result<Vec<(u16, Vec<Proof>)>, range::LaunchError> {
    // Last word of each step of each range.
    let steps: Mutex<BTreeMap<(u16, String), Step>> = Mutex::default();
    let shown = exercise.clone();
    range::launch(
        tools.engine.as_ref(),
        plan,
        &exercise.secret,
        &tools.own_ports,
        &move |step: range::Step| {
            let mut known = steps.lock().unwrap_or_else(PoisonError::into_inner);
            let step = Step { range: step.range, step: step.name.to_owned(), done: step.done, all: step.all };
            known.insert((step.range, step.step.clone()), step);
            let steps = known.values().cloned().collect();
            shown.progress.send_modify(|progress| progress.steps = steps);
        },
    )
    .await
}

/// Claims subnets in the database and makes the plan in them.
async fn claim(exercise: &Arc<Exercise>, tools: &Tools) -> Result<Plan, String> {
    let zones = u16::try_from(exercise.scenario().zones.len()).unwrap_or(u16::MAX);
    let places: Vec<(u16, u16)> =
        (1..=exercise.pairs).flat_map(|range| (0..zones).map(move |zone| (range, zone))).collect();
    let taken =
        rampart_engine::subnets::taken(tools.engine.as_ref()).await.map_err(|error| error.to_string())?;
    let candidates: Vec<_> = rampart_engine::subnets::candidates(tools.block, PREFIX, &taken).collect();
    let claim = tools
        .store
        .subnets()
        .claim(&exercise.id, &places, candidates, &[], tools.clock.now_ms())
        .await
        .map_err(|error| error.to_string())?;
    let mut claimed = match claim {
        Claim::Granted(subnets) => subnets,
        Claim::Exhausted { wanted, free } => return Err(full(tools, wanted, free).await),
    };
    claimed.sort_by_key(|subnet| (subnet.range, subnet.zone));
    let claimed: Vec<_> = claimed.into_iter().map(|subnet| subnet.cidr).collect();
    plan::make(exercise.scenario(), &exercise.id, exercise.pairs, &claimed).map_err(|error| error.to_string())
}

/// What a person reads when the block has no room: who holds it.
async fn full(tools: &Tools, wanted: usize, free: usize) -> String {
    let holders = match tools.store.subnets().holders().await {
        Ok(holders) => holders
            .iter()
            .map(|holder| format!("{} {}", holder.code, holder.subnets))
            .collect::<Vec<_>>()
            .join(", "),
        Err(error) => error.to_string(),
    };
    format!("{} has {free} free subnets, {wanted} are needed; held by: {holders}", tools.block)
}

/// Removes everything of the run and gives its subnets back.
async fn sweep(exercise: &Arc<Exercise>, tools: &Tools) -> Result<(), String> {
    range::clear(tools.engine.as_ref(), &exercise.id).await.map_err(|error| error.to_string())?;
    *exercise.plan.write().unwrap_or_else(PoisonError::into_inner) = None;
    tools.store.exercises().set_plan(&exercise.id, None).await.map_err(|error| error.to_string())?;
    tools.store.subnets().release(&exercise.id).await.map_err(|error| error.to_string())?;
    Ok(())
}

/// Clears until the engine has answered zero; true then. Goes on trying while the engine is silent, and says so.
pub(crate) async fn clear(exercise: &Arc<Exercise>, tools: &Tools) -> bool {
    let Ok(_turn) = tools.turns.acquire().await else { return false };
    begin(exercise, tools, "clear");
    loop {
        match sweep(exercise, tools).await {
            Ok(()) => {
                exercise.progress.send_replace(Progress::default());
                return true;
            }
            Err(why) => {
                tracing::warn!(exercise = %exercise.id, why, "clearing not confirmed; trying again");
                exercise.progress.send_modify(|progress| progress.error = Some(why));
            }
        }
        tokio::select! {
            () = tools.stop.cancelled() => return false,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Looks at what stands of a range after a restart and starts what has stopped, gateway first. What is missing is not
/// rebuilt behind the instructor's back: a page says so.
pub(crate) async fn adopt(exercise: &Arc<Exercise>, tools: &Tools, wish: &CancellationToken) {
    let Some(plan) = exercise.plan() else { return };
    loop {
        match take_over(tools, &plan).await {
            Ok(lost) if lost.is_empty() => return,
            Ok(lost) => {
                tracing::error!(exercise = %exercise.id, ?lost, "part of the range is gone");
                exercise.progress.send_modify(|progress| {
                    progress.error = Some(format!("missing in the range: {}", lost.join(", ")));
                });
                return;
            }
            Err(error) => {
                tracing::warn!(exercise = %exercise.id, %error, "range cannot be looked at yet");
                exercise.progress.send_modify(|progress| progress.error = Some(error.to_string()));
            }
        }
        tokio::select! {
            () = wish.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Starts what has stopped; gives the names of what is not there.
async fn take_over(tools: &Tools, plan: &Plan) -> Result<Vec<String>, EngineError> {
    tools.engine.guard().await?;
    let mut adoption = range::adopt(tools.engine.as_ref(), plan).await?;
    // The plan has the gateway first in each range.
    let order: Vec<&str> =
        plan.ranges.iter().flat_map(|range| range.hosts.iter().map(|host| host.name.as_str())).collect();
    adoption.dead.sort_by_key(|(name, _)| order.iter().position(|known| known == name));
    for (name, state) in &adoption.dead {
        tracing::warn!(container = name, ?state, "starting a container that had stopped");
        tools.engine.start(name).await?;
    }
    Ok(adoption.missing)
}

/// Freezes or thaws all containers; tried again until it holds or `wish` is withdrawn.
pub(crate) async fn freeze(exercise: &Arc<Exercise>, tools: &Tools, frozen: bool, wish: &CancellationToken) {
    loop {
        let done: Result<(), EngineError> = if frozen {
            range::pause(tools.engine.as_ref(), &exercise.id).await
        } else {
            range::resume(tools.engine.as_ref(), &exercise.id).await
        };
        match done {
            Ok(()) => {
                exercise.progress.send_modify(|progress| {
                    if progress.what == "freeze" {
                        *progress = Progress::default();
                    }
                });
                return;
            }
            Err(error) => {
                let over = matches!(exercise.fold().status, Status::Ended | Status::Cleared);
                if over {
                    return;
                }
                tracing::warn!(exercise = %exercise.id, frozen, %error, "containers do not follow the clock yet");
                exercise.progress.send_modify(|progress| {
                    progress.what = "freeze".to_owned();
                    progress.error = Some(error.to_string());
                });
            }
        }
        tokio::select! {
            () = wish.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

fn begin(exercise: &Exercise, tools: &Tools, what: &str) {
    exercise.progress.send_replace(Progress {
        what: what.to_owned(),
        since_ms: tools.clock.now_ms(),
        ..Progress::default()
    });
}
