//! Several nodes: where ranges are built, what a silent one does to the others, and what is removed from one that comes back.

use std::sync::Arc;
use std::time::Duration;

use rampart_app::RangeSettings;
use rampart_app::exercise::Exercise;
use rampart_app::fleet::NodeState;
use rampart_domain::capacity::Needs;
use rampart_engine::fake::{FakeEngine, Fault};
use rampart_engine::{Engine, EngineError, ExecOut};
use rampart_store::Role;
use scoreboard::Status;

use crate::house::{House, until};

fn silence(engine: &FakeEngine) {
    let error = EngineError::NodeUnreachable { since_ms: None };
    engine.fail(Fault { call: "*".into(), object: "*".into(), error, done: false, times: u32::MAX });
}

fn state(house: &House, name: &str) -> NodeState {
    house.app.fleet.nodes().into_iter().find(|node| node.name == name).unwrap().state
}

fn room(engine: &FakeEngine, exercise: &Exercise, times: u64) {
    let needs = Needs::of(exercise.scenario(), exercise.pairs);
    engine.set_memory(RangeSettings::default().kept_memory + needs.memory * times + needs.memory / 2);
}

async fn objects(engine: &FakeEngine, run: &str) -> Vec<u64> {
    let seen = engine.observe(run).await.unwrap();
    let networks = seen.networks.iter().map(|found| found.epoch);
    networks.chain(seen.containers.iter().map(|found| found.epoch)).collect()
}

/// Waits until something of the run stands, and gives the epochs of what does.
async fn stands(engine: &FakeEngine, run: &str) -> Vec<u64> {
    for _ in 0..400 {
        let seen = objects(engine, run).await;
        if !seen.is_empty() {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing appears");
}

async fn draft(house: &House, code: &str) -> (Arc<Exercise>, String) {
    let teacher = match house.app.store.accounts().by_login("teacher").await.unwrap() {
        Some(known) => known.account.id,
        None => house.account("teacher", Role::Instructor).await,
    };
    let id = house.exercise(code, &teacher).await;
    (house.app.exercise(&id).unwrap(), teacher)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_launch_goes_where_there_is_room_and_says_so_before_anything_is_made() {
    let house = House::of_two().await;
    let (live, teacher) = draft(&house, "S115-01").await;
    room(&house.engine, &live, 1);
    room(house.second(), &live, 3);
    // Readiness never comes.
    house.second().answer(|_, _| Some(ExecOut { code: 1, ..ExecOut::default() }));
    for epoch in 1..=2 {
        live.turn(&teacher, Status::Provisioning).await.unwrap();
        let seen = stands(house.second(), &live.id).await;
        assert!(seen.iter().all(|of| *of == epoch), "every object names its placement: {seen:?}");
        let row = house.app.store.placements().of(&live.id).await.unwrap().pop().unwrap();
        assert_eq!((row.epoch, row.node.as_str(), row.left_ms), (epoch, "b", None));
        assert_eq!(row.memory, Needs::of(live.scenario(), live.pairs).memory);
        live.turn(&teacher, Status::Draft).await.unwrap();
        until("it is a draft again", || live.fold().status == Status::Draft).await;
        assert!(objects(house.second(), &live.id).await.is_empty());
        let row = house.app.store.placements().of(&live.id).await.unwrap().pop().unwrap();
        assert!(row.left_ms.is_some(), "the placement has ended");
    }
    assert!(!house.engine.calls().iter().any(|call| call.starts_with("create_")), "nothing on the full node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_lacking_is_said_of_each_node() {
    let house = House::of_two().await;
    let (live, teacher) = draft(&house, "S115-01").await;
    let kept = RangeSettings::default().kept_memory;
    house.engine.set_memory(kept + (64 << 20));
    house.second().set_memory(kept + (96 << 20));
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    until("it is refused", || live.fold().status == Status::Draft && live.fold().why.is_some()).await;
    let why = live.fold().why.clone().unwrap();
    assert_eq!((why.rule.as_str(), why.args["has"].as_str()), ("launch.too_big", "a 64 MiB, b 96 MiB"));
    // A silent node may have the room: the launch waits for it.
    silence(house.second());
    until("b is silent", || matches!(state(&house, "b"), NodeState::Silent { .. })).await;
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    let queued = || live.progress().borrow().queued.clone();
    until("it waits", || queued().is_some_and(|queued| queued.why.rule.starts_with("queue.memory"))).await;
    assert_eq!(queued().unwrap().why.args["has"], "a 64 MiB, b –");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_node_is_asked_nothing_and_takes_nothing_from_the_others() {
    let house = House::of_two().await;
    let (live, teacher) = draft(&house, "S115-01").await;
    silence(&house.engine);
    until("a is silent", || matches!(state(&house, "a"), NodeState::Silent { .. })).await;
    assert_eq!(state(&house, "b"), NodeState::Answers);
    let asked = || house.engine.calls().iter().filter(|call| !call.starts_with("ping")).count();
    let before = asked();
    let error = house.app.fleet.engine("a").unwrap().images().await.unwrap_err();
    assert!(matches!(error, EngineError::NodeUnreachable { since_ms: Some(_) }), "{error:?}");
    house.second().answer(|_, _| Some(ExecOut { code: 1, ..ExecOut::default() }));
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    stands(house.second(), &live.id).await;
    assert_eq!(asked(), before, "only the heartbeat asks it");
    house.engine.heal();
    until("a answers again", || state(&house, "a") == NodeState::Answers).await;
    house.app.fleet.engine("a").unwrap().images().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_given_up_is_removed_before_its_node_takes_work() {
    let mut house = House::of_two().await;
    let (id, _, _) = house.standing(&[Status::Provisioning, Status::Ready]).await;
    let before = objects(&house.engine, &id).await;
    assert!(before.iter().all(|epoch| *epoch == 0) && !before.is_empty(), "made before there were epochs");
    assert_eq!(house.app.fleet.placement(&id), Some((0, "a".to_owned())));
    // As a rebuild on the second node leaves it, and the platform dies then.
    house.app.store.placements().place(&id, "b", (0, 0), 1).await.unwrap();
    let error = EngineError::Refused("busy".into());
    let stuck = house.engine.observe(&id).await.unwrap().containers[0].id.clone();
    house.engine.fail(Fault { call: "remove".into(), object: stuck, error, done: false, times: 4 });
    house.reopen().await;
    assert!(matches!(state(&house, "a"), NodeState::Fenced { .. }));
    let error = house.app.fleet.engine("a").unwrap().images().await.unwrap_err();
    assert!(error.is_silence(), "closed: {error:?}");
    assert_eq!(house.app.fleet.range(&id).unwrap().node(), "b");
    until("the fence opens", || state(&house, "a") == NodeState::Answers).await;
    assert!(objects(&house.engine, &id).await.is_empty());
    let rows = house.app.store.placements().of(&id).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.left_ms.is_some()).collect::<Vec<_>>(), [true, false]);
}
