//! The node of a standing range: that it is lost, that it is back, and building the range again on another one.
//!
//! A loss is an entry as soon as the heartbeat says so. When the node answers again, what has stopped is started, gateway
//! first, the walls are proven from inside, and only then the seats open. Building again elsewhere begins with an
//! instructor's entry and never by itself.

use std::sync::Arc;
use std::time::Duration;

use rampart_domain::capacity::Needs;
use rampart_domain::plan::Plan;
use rampart_engine::EngineError;
use scoreboard::{Proof, Reason, Status};
use tokio_util::sync::CancellationToken;

use super::runner::Tools;
use super::{Command, CommandError, Exercise, Inner};
use crate::failure::Failure;
use crate::fleet::{NodeState, RangeEngine};
use crate::{launch, range};

/// Pause between two tries to take a range back.
const AGAIN: Duration = Duration::from_secs(3);

/// Watches the node of a range until `stop`.
pub(super) fn keep(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Arc<Plan>,
    stop: &CancellationToken,
) {
    let (exercise, tools, engine) = (exercise.clone(), tools.clone(), engine.clone());
    let (plan, stop) = (plan.clone(), stop.clone());
    let tasks = tools.tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch(&exercise, &tools, &engine, &plan) => {}
        }
    });
}

/// True while the outage of this placement lasts.
fn is_out(exercise: &Exercise, epoch: u64) -> bool {
    exercise.fold().outage().is_some_and(|outage| outage.epoch == epoch)
}

async fn watch(exercise: &Exercise, tools: &Tools, engine: &RangeEngine, plan: &Plan) {
    let mut state = engine.state();
    let mut changes = exercise.changes();
    loop {
        let now = *state.borrow_and_update();
        changes.mark_unchanged();
        let out = is_out(exercise, engine.epoch());
        match now {
            // A machine whose wall is gone is no place for a range: it is held as a lost one is.
            NodeState::Silent { since_ms } | NodeState::Fenced { since_ms }
                if !out && (matches!(now, NodeState::Silent { .. }) || engine.leak().is_some()) =>
            {
                let told =
                    Inner::NodeLost { node: engine.node().to_owned(), epoch: engine.epoch(), since_ms };
                if exercise.commands.send(Command::Inner(told)).await.is_err() {
                    return;
                }
            }
            NodeState::Answers if out => match take_back(exercise, tools, engine, plan).await {
                Ok(proofs) => {
                    let told = Inner::NodeBack { epoch: engine.epoch(), proofs };
                    if exercise.commands.send(Command::Inner(told)).await.is_err() {
                        return;
                    }
                }
                Err(failure) => {
                    tracing::warn!(exercise = %exercise.id, why = failure.text, "the range is not whole yet");
                    launch::failed(exercise, failure);
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            },
            NodeState::Fenced { .. } => {
                if let Some(leak) = engine.leak() {
                    let text = format!("the wall of node {} does not stand: {leak}", engine.node());
                    let args = [("node", engine.node().to_owned()), ("said", leak)];
                    launch::failed(exercise, Failure::new(&text, "node.wall", args));
                }
            }
            _ => {}
        }
        // A told loss is seen in the ledger; a lost answer of the ledger's is asked for again.
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(AGAIN), if now != NodeState::Answers || out => {}
        }
    }
}

/// Starts what has stopped and proves the walls again.
async fn take_back(
    exercise: &Exercise,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Plan,
) -> Result<Vec<(u16, Vec<Proof>)>, Failure> {
    let lost = launch::take_over(exercise, tools, plan).await?;
    if !lost.is_empty() {
        let lost = lost.join(", ");
        let text = format!("missing in the range: {lost}");
        return Err(Failure::new(&text, "range.missing", [("names", lost)]));
    }
    // Nothing can be tried from inside a frozen container. The runner freezes them again.
    range::resume(&**engine, &exercise.id).await?;
    let proofs = range::prove(&**engine, &without_full(exercise, plan), &tools.own_ports).await?;
    match launch::broken(&proofs) {
        Some(failure) => Err(failure),
        None => Ok(proofs),
    }
}

/// Proves the walls of a standing range again once nothing in it is frozen, and tells staff how it came out.
pub(super) async fn prove_again(exercise: &Exercise, tools: &Tools, engine: &RangeEngine, plan: &Plan) {
    let mut changes = exercise.changes();
    let proofs = loop {
        changes.mark_unchanged();
        let runs = {
            let fold = exercise.fold();
            fold.outage().is_none() && matches!(fold.status, Status::Ready | Status::Running)
        };
        if !runs {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        match range::prove(&**engine, &without_full(exercise, plan), &tools.own_ports).await {
            Ok(proofs) => break proofs,
            Err(error) => {
                tracing::warn!(exercise = %exercise.id, %error, "the walls cannot be proven again yet");
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    let now_ms = tools.clock.now_ms();
    exercise.progress.send_modify(|progress| {
        progress.lower(now_ms, |what| what.rule == "alarm.wall_broken");
        match launch::broken(&proofs) {
            None => progress.note(Reason::new("alarm.wall_proven", []), now_ms),
            Some(failure) => {
                tracing::error!(exercise = %exercise.id, why = failure.text, "A WALL DOES NOT HOLD");
                let said = failure.reason.args.get("said").cloned().unwrap_or_default();
                progress.raise(Reason::new("alarm.wall_broken", [("said", said)]), now_ms);
            }
        }
    });
    let _ = exercise.commands.send(Command::Inner(Inner::Proven { epoch: engine.epoch(), proofs })).await;
}

/// The plan without the hosts that stay stopped because they fill the disk: nothing can be tried from inside them or at them.
fn without_full(exercise: &Exercise, plan: &Plan) -> Plan {
    let states = exercise.hosts.borrow();
    let mut plan = plan.clone();
    for range in &mut plan.ranges {
        let (full, hosts): (Vec<_>, Vec<_>) = std::mem::take(&mut range.hosts)
            .into_iter()
            .partition(|host| states.iter().any(|known| known.is(range.range, &host.host) && known.full));
        range.hosts = hosts;
        let gone = |address| full.iter().flat_map(|host| &host.legs).any(|leg| leg.address == address);
        range.probes.retain(|probe| {
            !full.iter().any(|host| host.host == probe.from) && !probe.address.is_some_and(gone)
        });
    }
    plan
}

/// What building again came to: node, placement and proofs.
pub(crate) type Moved = (String, u64, Vec<(u16, Vec<Proof>)>);

/// Builds the ranges of a lost node again on another one, by the same plan: same subnets, addresses, flags and passwords.
/// `None` when `stop` fires; what stands by then is found by its label.
pub(super) async fn rebuild(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    lost: &(String, u64),
    stop: &CancellationToken,
) -> Option<Result<Moved, Failure>> {
    tokio::select! {
        () = stop.cancelled() => None,
        done = build(exercise, tools, lost) => Some(done),
    }
}

async fn build(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    (lost, epoch): &(String, u64),
) -> Result<Moved, Failure> {
    let Some(plan) = exercise.plan() else {
        return Err(Failure::new("no range stands", "launch.plan", []));
    };
    // What a former try has left; never the lost placement itself, which its node's fence removes.
    for engine in tools.fleet.remains(&exercise.id)? {
        if engine.epoch() > *epoch {
            range::clear(&*engine, &exercise.id).await?;
            tools.fleet.release(&engine).await?;
        }
    }
    let (mut nodes, silent) = launch::nodes(tools).await;
    nodes.retain(|(name, _)| name != lost);
    if nodes.is_empty() {
        let silent = silent.unwrap_or(EngineError::NodeUnreachable { since_ms: None });
        let text = format!("no other node answers: {silent}");
        return Err(Failure::new(&text, "node.none_left", []));
    }
    let needs = Needs::of(exercise.scenario(), exercise.pairs);
    let turn = tools.queue.move_to(&exercise.id, &exercise.code(), needs, &nodes).map_err(|lacks| {
        let has = launch::has(&lacks, tools);
        let needs =
            lacks.first().map(|(_, lack)| rampart_domain::capacity::bytes(lack.needs)).unwrap_or_default();
        let text = format!("no other node has room: {needs} are needed, there is {has}");
        Failure::new(&text, "node.no_room", [("needs", needs), ("has", has)])
    })?;
    exercise.progress.send_modify(|progress| {
        progress.rest();
        "launch".clone_into(&mut progress.what);
        progress.since_ms = tools.clock.now_ms();
    });
    launch::build_images(exercise, tools, &turn.node).await?;
    // From here on the lost placement is given up.
    let engine = tools.fleet.place(&exercise.id, &turn.node, &needs).await.map_err(launch::placing)?;
    let proofs = launch::carry_out(exercise, tools, &engine, &plan).await.map_err(Failure::from)?;
    if let Some(failure) = launch::broken(&proofs) {
        range::clear(&*engine, &exercise.id).await?;
        return Err(failure);
    }
    exercise.progress.send_modify(super::Progress::rest);
    Ok((engine.node().to_owned(), engine.epoch(), proofs))
}

impl Exercise {
    /// Staff has the ranges of a lost node built again on another one. Answers as soon as that is durable; the work goes on
    /// in the background, also after a restart of the server.
    ///
    /// # Errors
    /// See [`CommandError`]; refused before the grace is over.
    pub async fn rebuild(&self, account: &str) -> Result<(), CommandError> {
        let account = account.to_owned();
        self.ask(|reply| Command::Outage { account, rebuild: true, reply }).await
    }

    /// Staff takes the time out of the exercise that has been lost with its node, and stops the clock.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn take_time_out(&self, account: &str) -> Result<(), CommandError> {
        let account = account.to_owned();
        self.ask(|reply| Command::Outage { account, rebuild: false, reply }).await
    }
}
