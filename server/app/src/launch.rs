//! Launching, freezing and clearing the ranges of an exercise: the slow work that a change of status sets going. Runs in
//! tasks of its own, never in a request and never in the runner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join;
use futures_util::{StreamExt, stream};
use rampart_domain::capacity::{Lack, Needs, Node, What, bytes};
use rampart_domain::plan::{self, Plan};
use rampart_domain::scenario::Scenario;
use rampart_engine::EngineError;
use rampart_engine::images::{Wish, short_name};
use rampart_store::{Claim, Desired, StoreError};
use scoreboard::{Proof, Reason, Status};
use tokio_util::sync::CancellationToken;

use crate::exercise::{Exercise, Launched, NotLaunched, Progress, Queued, Step, Tools};
use crate::exercise::{disk, pace};
use crate::failure::Failure;
use crate::fleet::RangeEngine;
use crate::queue::{Turn, Wait};
use crate::range;

/// Size of a zone's subnet.
const PREFIX: u8 = 26;
/// Tries to find subnets that the engine takes too.
const SUBNET_TRIES: usize = 4;
/// Pause between two tries to freeze or clear.
const AGAIN: Duration = Duration::from_secs(3);

/// Hosts that are swept at once.
const SWEEPS: usize = 8;

/// How often a launch that waits for room looks again, whatever else happens: other programs use memory too.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long after a launch was dropped something that the engine was just making may still appear.
const SETTLE: Duration = Duration::from_secs(2);

/// Builds what a launch needs and proves it. A failure leaves nothing behind. `None` when the server stops: the next one
/// goes on with what stands. `give_up` ends it; what stands by then is removed, by the next server if this one dies.
pub(crate) async fn launch(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    give_up: &CancellationToken,
) -> Option<Result<Launched, NotLaunched>> {
    begin(exercise, tools, "launch");
    crate::schedule::grant_time(exercise, tools).await;
    // Whatever a former life of the server left must go before anybody says that nothing stands.
    let mut made = exercise.plan().is_some() || tools.fleet.placement(&exercise.id).is_some();
    if !give_up.is_cancelled() {
        // The ledger has what was asked for; a launch goes on without the note.
        wish(exercise, tools, Desired::Up).await.ok();
        if give_up.is_cancelled() && !tools.stop.is_cancelled() {
            // Given up meanwhile: that word is the last one.
            wish(exercise, tools, Desired::Gone).await.ok();
        }
    }
    // In its place before anything else, so that a long removal costs it nothing. Also what is given up at once has one:
    // what a former life noted leaves the queue with it.
    let asked_ms = exercise.fold().asked_ms.unwrap_or_default();
    let place = tools.queue.enlist(&exercise.id, &exercise.code(), asked_ms);
    let result = tokio::select! {
        biased;
        () = give_up.cancelled() => Err(Failure::new("the launch was given up", "launch.given_up", []).into()),
        result = attempt(exercise, tools, &place, &mut made) => result,
    };
    drop(place);
    if tools.stop.is_cancelled() {
        return None;
    }
    if let Err(NotLaunched { failure, .. }) = &result {
        tracing::warn!(exercise = %exercise.id, why = failure.text, "launch failed");
        if give_up.is_cancelled() {
            tokio::time::sleep(SETTLE).await;
        }
        if made && !sweep_until(exercise, tools).await {
            return None;
        }
        tools.queue.let_go(&exercise.id);
    }
    exercise.progress.send_modify(|progress| {
        progress.what.clear();
        progress.line = None;
        // One that was given up while it waited waits no more: its page says how it ended.
        progress.queued = None;
        let failure = result.as_ref().err().map(|failed| failed.failure.clone());
        progress.why = failure.as_ref().map(|failure| failure.reason.clone());
        progress.error = failure.map(|failure| failure.text);
    });
    Some(result)
}

/// Notes what the engine should hold, for the next life of the server.
///
/// # Errors
/// Those of the store, which are logged.
pub(crate) async fn wish(exercise: &Exercise, tools: &Tools, desired: Desired) -> Result<(), StoreError> {
    let noted = tools.store.exercises().set_desired(&exercise.id, desired).await.map(|_| ());
    if let Err(error) = &noted {
        tracing::warn!(exercise = %exercise.id, ?desired, %error, "what the engine should hold is not noted");
    }
    noted
}

/// `made` becomes true before the first object can exist; the caller removes everything after a failure then.
async fn attempt(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    place: &crate::queue::Place,
    made: &mut bool,
) -> Result<Launched, NotLaunched> {
    // A plan from a former life of the server: its turn had come, and the launch goes on with what stands of it. Otherwise
    // nothing may stand, and it never waits for room that it takes itself.
    let resumed = exercise.plan().is_some();
    if !resumed {
        sweep(exercise, tools).await?;
    }
    let turn = wait_for_turn(exercise, tools, place, resumed).await?;
    loop {
        match build(exercise, tools, &turn.node, made).await {
            // Nobody knows what stands by now; it is looked at, and gone on with, when the engine is back.
            Err(NotLaunched { failure, .. }) if *made && failure.reason.rule == "engine.silent" => {
                tracing::warn!(exercise = %exercise.id, why = failure.text, "the launch waits for the engine");
                failed(exercise, failure);
                tokio::time::sleep(AGAIN).await;
            }
            result => return result,
        }
    }
}

/// Makes everything, from nothing or from what stands.
async fn build(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    node: &str,
    made: &mut bool,
) -> Result<Launched, NotLaunched> {
    build_images(exercise, tools, node).await?;
    exercise.progress.send_modify(|progress| progress.line = None);

    let mut last = stopping();
    let mut refused = Vec::new();
    *made = true;
    for _ in 0..SUBNET_TRIES {
        let engine = placed(exercise, tools, node).await?;
        let plan = claim(exercise, tools, &engine, &refused).await?;
        let text = serde_json::to_string(&plan)
            .map_err(|error| Failure::new(&error.to_string(), "launch.plan", []))?;
        tools.store.exercises().set_plan(&exercise.id, Some(&text)).await.map_err(Failure::from)?;
        match carry_out(exercise, tools, &engine, &plan).await {
            Ok(proofs) => {
                let Some(failure) = broken(&proofs) else { return Ok((plan, proofs)) };
                return Err(NotLaunched { failure, proofs });
            }
            Err(error @ range::LaunchError::SubnetTaken { .. }) => {
                if let range::LaunchError::SubnetTaken { subnet, .. } = &error {
                    // The engine may hold it for something that it does not list.
                    refused.extend(subnet.parse::<ipnet::Ipv4Net>().ok());
                }
                last = error.into();
                sweep(exercise, tools).await?;
            }
            Err(error) => return Err(on_node(error.into(), tools, engine.node()).into()),
        }
    }
    Err(last.into())
}

/// Names the node in what is said of images: they may be there on another one.
fn on_node(mut failure: Failure, tools: &Tools, node: &str) -> Failure {
    if tools.fleet.is_many() {
        for name in ["image", "images"] {
            if let Some(value) = failure.reason.args.get_mut(name) {
                *value = format!("{value} @ {node}");
            }
        }
        failure.text = format!("node {node}: {}", failure.text);
    }
    failure
}

pub(crate) fn placing(error: crate::AppError) -> Failure {
    match error {
        crate::AppError::Store(error) => error.into(),
        crate::AppError::Engine(error) => error.into(),
        other => Failure::new(&other.to_string(), "store.failed", []),
    }
}

/// The engine of the launch's placement: one that it goes on with, or a new one. Where it stands is durable before the first
/// object can exist.
async fn placed(exercise: &Exercise, tools: &Tools, node: &str) -> Result<RangeEngine, Failure> {
    match tools.fleet.range(&exercise.id) {
        Err(EngineError::NotFound(_)) => {
            let needs = Needs::of(exercise.scenario(), exercise.pairs);
            tools.fleet.place(&exercise.id, node, &needs).await.map_err(placing)
        }
        known => known.map_err(Failure::from),
    }
}

/// Short names of the images that a scenario's hosts are made of.
pub(crate) fn images_of(scenario: &Scenario) -> Vec<String> {
    let mut names: Vec<String> = scenario.hosts.iter().map(|host| host.image.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// Builds what is missing of the scenario's images; lines of the build, also of one that is waited for, are shown.
pub(crate) async fn build_images(exercise: &Arc<Exercise>, tools: &Tools, node: &str) -> Result<(), Failure> {
    let Some(engine) = tools.fleet.engine(node) else { return Err(stopping()) };
    let wanted = images_of(exercise.scenario());
    let mut state = tools.images.state();
    let wish = Wish { names: &wanted, anew: false };
    let mut build = std::pin::pin!(tools.images.build(&*engine, wish));
    loop {
        tokio::select! {
            built = &mut build => {
                return built.map(|_| ()).map_err(|error| on_node(error.into(), tools, node));
            }
            Ok(()) = state.changed() => {
                let line = state.borrow_and_update().line.clone();
                exercise.progress.send_modify(|progress| progress.line = (!line.is_empty()).then_some(line));
            }
        }
    }
}

/// What the nodes that answer have, as it is seen now, and what the first one says that does not.
pub(crate) async fn nodes(tools: &Tools) -> (Vec<(String, Node)>, Option<EngineError>) {
    let engines = tools.fleet.engines();
    let asked = engines.iter().map(|engine| async move { (engine.node().to_owned(), engine.info().await) });
    let (mut seen, mut silent) = (Vec::new(), None);
    for (name, info) in futures_util::future::join_all(asked).await {
        match info {
            Ok(info) => {
                let disk = info.disk.map(|disk| (disk.free, disk.size));
                let (memory, available, kept) = (info.memory, info.available, tools.ranges.kept_memory);
                seen.push((name, Node { memory, available, cpus: info.cpus, disk, kept }));
            }
            Err(error) => silent = silent.or(Some(error)),
        }
    }
    (seen, silent)
}

/// Waits until everybody who asked before has had a turn and there is room. Says meanwhile what it waits for.
async fn wait_for_turn(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    place: &crate::queue::Place,
    resumed: bool,
) -> Result<Turn, Failure> {
    let needs = Needs::of(exercise.scenario(), exercise.pairs);
    let mut changes = tools.queue.changes();
    loop {
        changes.borrow_and_update();
        let resumes = tools.fleet.placement(&exercise.id).filter(|_| resumed);
        let taken = if let Some((_, node)) = resumes {
            Ok(place.resume(needs, &node))
        } else {
            let (nodes, silent) = nodes(tools).await;
            match silent.filter(|_| nodes.is_empty()) {
                None => match place.take(needs, &nodes) {
                    // A silent node may have the room that the others have not.
                    Err(Wait::Never(lacks)) if nodes.len() == tools.fleet.engines().len() => {
                        return Err(never(exercise, &nodes, &lacks));
                    }
                    Err(Wait::Never(lacks)) => Ok(Err(Wait::Room(lacks, Vec::new()))),
                    other => Ok(other),
                },
                Some(error) => Err(error),
            }
        };
        let wait = match taken {
            Ok(Ok(turn)) => {
                exercise.progress.send_modify(|progress| {
                    "launch".clone_into(&mut progress.what);
                    progress.since_ms = tools.clock.now_ms();
                    progress.queued = None;
                });
                return Ok(turn);
            }
            Ok(Err(wait)) => waiting(&wait, tools),
            Err(error) => Failure::from(error).reason,
        };
        let (place, of) = tools.queue.place(&exercise.id).unwrap_or((1, 1));
        exercise.progress.send_if_modified(|progress| {
            let queued = Some(Queued { place, of, why: wait });
            let moved = progress.what != "queue" || progress.queued != queued;
            "queue".clone_into(&mut progress.what);
            progress.queued = queued;
            moved
        });
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// What a person reads of a launch that waits.
fn waiting(wait: &Wait, tools: &Tools) -> Reason {
    match wait {
        Wait::Behind(codes) if codes.is_empty() => Reason::new("queue.starting", []),
        Wait::Behind(codes) => Reason::new("queue.behind", [("codes", codes.join(", "))]),
        Wait::Busy(codes) => Reason::new("queue.busy", [("codes", codes.join(", "))]),
        Wait::Room(lacks, holders) => {
            let Some((_, lack)) = lacks.first() else { return Reason::new("queue.starting", []) };
            let memory = lack.what == What::Memory;
            let share = |needs: &Needs| if memory { needs.memory } else { needs.disk };
            let held: Vec<String> =
                holders.iter().map(|held| format!("{} {}", held.code, bytes(share(&held.needs)))).collect();
            let rule = match (memory, held.is_empty()) {
                (true, false) => "queue.memory",
                (true, true) => "queue.memory_others",
                (false, _) => "queue.disk",
            };
            let (needs, has) = (bytes(lack.needs), has(lacks, tools));
            Reason::new(rule, [("needs", needs), ("has", has), ("held", held.join(", "))])
        }
        Wait::Never(_) => Reason::new("queue.starting", []),
    }
}

/// What there is, where there are several nodes with their names: `a 3.1 GiB, b 512 MiB, c –` (silent).
pub(crate) fn has(lacks: &[(String, Lack)], tools: &Tools) -> String {
    if !tools.fleet.is_many() {
        return lacks.first().map(|(_, lack)| bytes(lack.has)).unwrap_or_default();
    }
    let of = |engine: crate::fleet::NodeEngine| {
        let lack = lacks.iter().find(|(name, _)| name == engine.node());
        format!("{} {}", engine.node(), lack.map_or("–".to_owned(), |(_, lack)| bytes(lack.has)))
    };
    tools.fleet.engines().into_iter().map(of).collect::<Vec<_>>().join(", ")
}

/// A launch that can never fit: refused with the numbers of each node.
fn never(exercise: &Exercise, nodes: &[(String, Node)], lacks: &[(String, Lack)]) -> Failure {
    let most = nodes.iter().map(|(_, node)| node.most_pairs(exercise.scenario())).max().unwrap_or(0);
    let needs = lacks.first().map(|(_, lack)| bytes(lack.needs)).unwrap_or_default();
    let has = match lacks {
        [(_, lack)] => bytes(lack.has),
        many => many
            .iter()
            .map(|(name, lack)| format!("{name} {}", bytes(lack.has)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let memory = lacks.iter().any(|(_, lack)| lack.what == What::Memory);
    let (word, rule) = if memory { ("memory", "launch.too_big") } else { ("disk", "launch.too_big_disk") };
    let pairs = exercise.pairs;
    let text =
        format!("{pairs} pairs need {needs} of {word}, there is {has}; at most {most} pairs would fit");
    let args = [("pairs", pairs.to_string()), ("needs", needs), ("has", has), ("most", most.to_string())];
    Failure::new(&text, rule, args)
}

fn stopping() -> Failure {
    Failure::new("the server is stopping", "launch.given_up", [])
}

impl From<Failure> for NotLaunched {
    fn from(failure: Failure) -> Self {
        Self { failure, proofs: Vec::new() }
    }
}

/// Names the walls that do not hold; `None` when all do.
pub(crate) fn broken(proofs: &[(u16, Vec<Proof>)]) -> Option<Failure> {
    let texts: Vec<String> = proofs
        .iter()
        .flat_map(|(range, proofs)| proofs.iter().map(move |proof| (range, proof)))
        .filter(|(_, proof)| !proof.holds)
        .take(5)
        .map(|(range, proof)| {
            format!("range {range}: {} from {} to {}: {}", proof.what, proof.from, proof.to, proof.seen)
        })
        .collect();
    let said = texts.join("; ");
    (!texts.is_empty()).then(|| {
        Failure::new(&format!("walls do not hold: {said}"), "launch.walls", [("said", said.clone())])
    })
}

pub(crate) async fn carry_out(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Plan,
) -> Result<Vec<(u16, Vec<Proof>)>, range::LaunchError> {
    // Last word of each step of each range.
    let all = pace::steps(plan).into_iter().map(|step| ((step.range, step.step.clone()), step));
    let steps: Mutex<BTreeMap<(u16, String), Step>> = Mutex::new(all.collect());
    let began_ms = tools.clock.now_ms();
    let building = tools.paces.begin(engine.node(), began_ms);
    exercise.progress.send_modify(|progress| {
        progress.built_since_ms = Some(began_ms);
        (progress.error, progress.why) = (None, None);
    });
    let tell = |step: range::Step| {
        let mut known = steps.lock().unwrap_or_else(PoisonError::into_inner);
        tracing::debug!(
            run = exercise.id,
            range = step.range,
            step = step.name,
            done = step.done,
            all = step.all
        );
        let range::Step { range, done, had, all, .. } = step;
        let step = Step { range, step: step.name.to_owned(), done, had, all };
        let place = (step.range, step.step.clone());
        let before = known.get(&place).map_or(0, Step::made);
        building.did(&step.step, step.made().saturating_sub(before), tools.clock.now_ms());
        known.insert(place, step);
        let steps = known.values().cloned().collect();
        exercise.progress.send_modify(|progress| progress.steps = steps);
    };
    let proofs = range::launch(&**engine, plan, &exercise.secret, &tools.own_ports, &tell).await?;
    building.stands();
    Ok(proofs)
}

/// Claims subnets in the database and makes the plan in them.
async fn claim(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    engine: &RangeEngine,
    refused: &[ipnet::Ipv4Net],
) -> Result<Plan, Failure> {
    let zones = u16::try_from(exercise.scenario().zones.len()).unwrap_or(u16::MAX);
    let places: Vec<(u16, u16)> =
        (1..=exercise.pairs).flat_map(|range| (0..zones).map(move |zone| (range, zone))).collect();
    let (taken, needs) = try_join(rampart_engine::subnets::taken(&**engine), range::needs(&**engine)).await?;
    let candidates: Vec<_> = rampart_engine::subnets::candidates(tools.block, PREFIX, &taken).collect();
    let claim =
        tools.store.subnets().claim(&exercise.id, &places, candidates, refused, tools.clock.now_ms()).await?;
    let mut claimed = match claim {
        Claim::Granted(subnets) => subnets,
        Claim::Exhausted { wanted, free } => return Err(full(tools, wanted, free).await),
    };
    claimed.sort_by_key(|subnet| (subnet.range, subnet.zone));
    let claimed: Vec<_> = claimed.into_iter().map(|subnet| subnet.cidr).collect();
    plan::make(exercise.scenario(), &exercise.id, exercise.pairs, &claimed)
        .and_then(|plan| plan.on_images(&needs))
        .map_err(unplanned)
}

fn unplanned(error: plan::PlanError) -> Failure {
    let text = error.to_string();
    match error {
        plan::PlanError::Capability { host, image, capability } => {
            let image = short_name(&image).to_owned();
            let args = [("host", host), ("image", image), ("capability", capability)];
            Failure::new(&text, "launch.capability", args)
        }
        plan::PlanError::ReadOnly { host, image } => {
            let args = [("host", host), ("image", short_name(&image).to_owned())];
            Failure::new(&text, "launch.read_only", args)
        }
        _ => Failure::new(&text, "launch.plan", []),
    }
}

/// What a person reads when the block has no room: who holds it.
async fn full(tools: &Tools, wanted: usize, free: usize) -> Failure {
    let holders = match tools.store.subnets().holders().await {
        Ok(holders) => holders
            .iter()
            .map(|holder| format!("{} {}", holder.code, holder.subnets))
            .collect::<Vec<_>>()
            .join(", "),
        Err(error) => error.to_string(),
    };
    let text = format!("{} has {free} free subnets, {wanted} are needed; held by: {holders}", tools.block);
    let (block, free, wanted) = (tools.block.to_string(), free.to_string(), wanted.to_string());
    let args = [("block", block), ("free", free), ("wanted", wanted), ("holders", holders)];
    Failure::new(&text, "launch.subnets_exhausted", args)
}

/// Removes everything of the run, on every node where something of it may be left, and gives its subnets back. A node that
/// is silent keeps it from being said.
async fn sweep(exercise: &Arc<Exercise>, tools: &Tools) -> Result<(), Failure> {
    for engine in tools.fleet.remains(&exercise.id)? {
        let Some(_turn) = engine.clear_turn().await else { return Err(stopping()) };
        range::clear(&*engine, &exercise.id).await?;
        tools.fleet.release(&engine).await?;
    }
    *exercise.plan.write().unwrap_or_else(PoisonError::into_inner) = None;
    tools.store.exercises().set_plan(&exercise.id, None).await?;
    tools.store.subnets().release(&exercise.id).await?;
    Ok(())
}

/// Sweeps until the engine has answered zero; true then, false when the server stops. Says so while the engine is silent.
/// The turn is given back between two tries: one container that will not go must not keep all other ranges waiting.
async fn sweep_until(exercise: &Arc<Exercise>, tools: &Tools) -> bool {
    loop {
        let tried = tokio::select! {
            () = tools.stop.cancelled() => return false,
            tried = sweep(exercise, tools) => tried,
        };
        match tried {
            Ok(()) => return true,
            Err(failure) => {
                tracing::warn!(exercise = %exercise.id, why = failure.text, "removal not confirmed; trying again");
                failed(exercise, failure);
            }
        }
        tokio::select! {
            () = tools.stop.cancelled() => return false,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Clears until the engine has answered zero; true then. It has been noted already, so that a server that dies meanwhile
/// goes on with it.
pub(crate) async fn clear(exercise: &Arc<Exercise>, tools: &Tools) -> bool {
    begin(exercise, tools, "clear");
    // What was recorded is sealed before the containers go.
    tools.terminals.close(&exercise.id).await;
    let cleared = sweep_until(exercise, tools).await;
    if cleared {
        tools.queue.let_go(&exercise.id);
        exercise.progress.send_modify(Progress::rest);
    }
    cleared
}

/// Looks at what stands of a range after a restart and starts what has stopped, gateway first. What is missing is not
/// rebuilt behind the instructor's back: a page says so.
pub(crate) async fn adopt(exercise: &Arc<Exercise>, tools: &Tools, wish: &CancellationToken) {
    let Some(plan) = exercise.plan() else { return };
    while !wish.is_cancelled() {
        match take_over(exercise, tools, &plan).await {
            Ok(lost) if lost.is_empty() => {
                exercise.progress.send_modify(Progress::rest);
                return;
            }
            Ok(lost) => {
                tracing::error!(exercise = %exercise.id, ?lost, "part of the range is gone");
                let lost = lost.join(", ");
                let text = format!("missing in the range: {lost}");
                failed(exercise, Failure::new(&text, "range.missing", [("names", lost)]));
                return;
            }
            Err(error) => {
                tracing::warn!(exercise = %exercise.id, %error, "range cannot be looked at yet");
                failed(exercise, error.into());
            }
        }
        tokio::select! {
            () = wish.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

pub(crate) fn failed(exercise: &Exercise, failure: Failure) {
    exercise.progress.send_modify(|progress| {
        progress.error = Some(failure.text);
        progress.why = Some(failure.reason);
    });
}

/// Starts what has stopped; gives the names of what is not there.
pub(crate) async fn take_over(
    exercise: &Exercise,
    tools: &Tools,
    plan: &Plan,
) -> Result<Vec<String>, EngineError> {
    let engine = tools.fleet.range(&exercise.id)?;
    engine.guard().await?;
    let mut adoption = range::adopt(&*engine, plan).await?;
    // Hosts that are made anew are their reset's business.
    let anew: Vec<String> = {
        let fold = exercise.fold();
        let of = |range: &rampart_domain::plan::RangePlan| {
            let hosts = range.hosts.iter().filter(|host| fold.is_resetting(range.range, &host.host));
            hosts.map(|host| host.name.clone()).collect::<Vec<_>>()
        };
        plan.ranges.iter().flat_map(of).collect()
    };
    adoption.missing.retain(|name| !anew.contains(name));
    adoption.dead.retain(|(name, _)| !anew.contains(name));
    // The plan has the gateway first in each range.
    let order: Vec<&str> =
        plan.ranges.iter().flat_map(|range| range.hosts.iter().map(|host| host.name.as_str())).collect();
    adoption.dead.sort_by_key(|(name, _)| order.iter().position(|known| known == name));
    let planned = |name: &str| {
        plan.ranges.iter().find_map(|range| {
            range.hosts.iter().find(|host| host.name == name).map(|host| (range.range, host))
        })
    };
    for (name, state) in &adoption.dead {
        if let Some((range, host)) = planned(name)
            && disk::is_full(exercise, tools, &engine, range, host).await?
        {
            continue;
        }
        tracing::warn!(container = name, ?state, "starting a container that had stopped");
        match engine.start(name).await {
            Err(silent) if silent.is_silence() => return Err(silent),
            // One that will not start must not keep the others from it; the watch over the hosts tells of it.
            Err(error) => tracing::error!(container = name, %error, "a container does not start again"),
            Ok(()) => {}
        }
    }
    let standing: Vec<&str> =
        order.into_iter().filter(|name| !adoption.missing.iter().any(|gone| gone == name)).collect();
    end_former(exercise, &engine, &standing).await?;
    Ok(adoption.missing)
}

/// Ends the shells and commands that a killed server left in the range's hosts: nobody can reach them any more, and they
/// fill the limit of processes.
async fn end_former(exercise: &Exercise, engine: &RangeEngine, names: &[&str]) -> Result<(), EngineError> {
    let sweeps = names.iter().map(|name| async move { (*name, engine.sweep(name).await) });
    let mut swept = stream::iter(sweeps.collect::<Vec<_>>()).buffer_unordered(SWEEPS);
    while let Some((name, answer)) = swept.next().await {
        match answer {
            Ok(0) | Err(EngineError::NotFound(_) | EngineError::Conflict(_)) => {}
            Ok(ended) => {
                tracing::info!(exercise = %exercise.id, container = name, ended, "shells of before were ended");
            }
            Err(silent) if silent.is_silence() => return Err(silent),
            Err(error) => tracing::warn!(exercise = %exercise.id, container = name, %error, "sweep"),
        }
    }
    Ok(())
}

/// Freezes or thaws all containers; tried again until it holds or `wish` is withdrawn.
pub(crate) async fn freeze(exercise: &Arc<Exercise>, tools: &Tools, frozen: bool, wish: &CancellationToken) {
    while !wish.is_cancelled() {
        let followed = async {
            let engine = tools.fleet.range(&exercise.id)?;
            range::follow(&*engine, &exercise.id, frozen, wish).await
        };
        let error = match followed.await {
            Ok(()) => None,
            Err(_) if matches!(exercise.fold().status, Status::Ended | Status::Cleared) => None,
            Err(error) => Some(error),
        };
        let Some(error) = error else {
            exercise.progress.send_modify(|progress| {
                if progress.what == "freeze" {
                    progress.rest();
                }
            });
            return;
        };
        tracing::warn!(exercise = %exercise.id, frozen, %error, "containers do not follow the clock yet");
        exercise.progress.send_modify(|progress| "freeze".clone_into(&mut progress.what));
        failed(exercise, error.into());
        tokio::select! {
            () = wish.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// A new task; alarms of a former range are over with it, those of a standing one stay.
fn begin(exercise: &Exercise, tools: &Tools, what: &str) {
    exercise.progress.send_modify(|progress| {
        progress.rest();
        what.clone_into(&mut progress.what);
        progress.since_ms = tools.clock.now_ms();
        if what == "launch" {
            progress.alarms.clear();
        }
    });
}
