//! The queue of launches, planned launches, deadlines and strays, across restarts of the server.

use std::sync::Arc;
use std::time::Duration;

use rampart_app::exercise::Exercise;
use rampart_app::strays::Whose;
use rampart_app::{RangeSettings, ScheduleError, WARN_MS};
use rampart_domain::capacity::Needs;
use rampart_engine::fake::Fault;
use rampart_engine::{Engine, EngineError, Labels};
use rampart_store::Role;
use scoreboard::{Actor, Body, Entry, Status};

use crate::house::{House, MORNING, until};

const HOUR: i64 = 3_600_000;
const READY: &[Status] = &[Status::Provisioning, Status::Ready];
const RUNNING: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running];
const PAUSED: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running, Status::Paused];

fn status(exercise: &Exercise) -> Status {
    exercise.fold().status
}

fn waits_for(exercise: &Exercise) -> Option<(usize, usize, String)> {
    let queued = exercise.progress().borrow().queued.clone()?;
    Some((queued.place, queued.of, queued.why.rule))
}

/// Changes of status with who caused them.
async fn turns(house: &House, id: &str) -> Vec<(Actor, Status, String)> {
    let turn = |entry: Entry| match entry.body {
        Body::Status { to, why, .. } => Some((entry.actor, to, why.map(|why| why.rule).unwrap_or_default())),
        _ => None,
    };
    house.ledger(id).await.into_iter().filter_map(turn).collect()
}

/// Memory of a machine that has room for this many of the shipped exercises at a time.
fn room_for(house: &House, exercise: &Exercise, times: u64) {
    let needs = Needs::of(exercise.scenario(), exercise.pairs);
    house.engine.set_memory(RangeSettings::default().kept_memory + needs.memory * times + needs.memory / 2);
}

/// A house with a standing range and no room for a second one, and two launches that wait for it.
async fn crowded() -> (House, [Arc<Exercise>; 3], String) {
    let mut house = House::new().await;
    let (first, teacher, _) = house.standing(READY).await;
    let standing = house.app.exercise(&first).unwrap();
    room_for(&house, &standing, 1);
    let mut all = vec![standing];
    for code in ["S115-02", "S115-03"] {
        house.clock.advance(1_000);
        let id = house.exercise(code, &teacher).await;
        let exercise = house.app.exercise(&id).unwrap();
        exercise.turn(&teacher, Status::Provisioning).await.unwrap();
        all.push(exercise);
    }
    (house, all.try_into().map_err(|_| "three").unwrap(), teacher)
}

#[tokio::test(flavor = "multi_thread")]
async fn launches_wait_in_the_order_of_asking_and_go_on_by_themselves() {
    let (_house, [standing, second, third], teacher) = crowded().await;
    until("the second waits for room", || waits_for(&second) == Some((1, 2, "queue.memory".to_owned())))
        .await;
    let why = second.progress().borrow().queued.clone().unwrap().why;
    assert!(why.args["held"].starts_with("S115-01 "), "{why:?}");
    until("the third waits behind it", || waits_for(&third) == Some((2, 2, "queue.behind".to_owned()))).await;
    assert_eq!(third.progress().borrow().queued.clone().unwrap().why.args["codes"], "S115-02");
    standing.turn(&teacher, Status::Ended).await.unwrap();
    standing.turn(&teacher, Status::Cleared).await.unwrap();
    until("the first is cleared although others wait", || status(&standing) == Status::Cleared).await;
    until("the second has had its turn", || waits_for(&second).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_survives_a_restart_in_its_order() {
    let (mut house, [standing, second, third], teacher) = crowded().await;
    until("both wait", || waits_for(&second).is_some() && waits_for(&third).is_some()).await;
    let ids = [standing.id.clone(), second.id.clone(), third.id.clone()];
    house.reopen().await;
    let again = ids.map(|id| house.app.exercise(&id).unwrap());
    until("both wait again, in order", || {
        waits_for(&again[1]) == Some((1, 2, "queue.memory".to_owned()))
            && waits_for(&again[2]) == Some((2, 2, "queue.behind".to_owned()))
    })
    .await;
    // Whoever does not want to wait gives up, and the next one moves up.
    again[1].turn(&teacher, Status::Draft).await.unwrap();
    until("the second has left", || status(&again[1]) == Status::Draft).await;
    until("the third moves up", || waits_for(&again[2]) == Some((1, 1, "queue.memory".to_owned()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_that_never_fits_is_refused_with_the_numbers() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let id = house.exercise("S115-01", &teacher).await;
    let exercise = house.app.exercise(&id).unwrap();
    let one = Needs::of(exercise.scenario(), 1).memory;
    house.engine.set_memory(RangeSettings::default().kept_memory + one + one / 2);
    exercise.turn(&teacher, Status::Provisioning).await.unwrap();
    until("it is refused", || status(&exercise) == Status::Draft && exercise.fold().why.is_some()).await;
    let why = exercise.fold().why.clone().unwrap();
    assert_eq!(
        (why.rule.as_str(), why.args["pairs"].as_str(), why.args["most"].as_str()),
        ("launch.too_big", "2", "1")
    );
    assert!(!house.engine.calls().iter().any(|call| call.starts_with("create_")), "nothing was made");
    let capacity = house.app.capacity(exercise.scenario(), 1);
    assert!(capacity.holders.is_empty(), "a refused launch holds nothing: {:?}", capacity.holders);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_launch_begins_at_its_time_and_once() {
    let mut house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let id = house.exercise("S115-01", &teacher).await;
    let exercise = house.app.exercise(&id).unwrap();
    let refused = house.app.schedule_launch(&exercise, Some(MORNING), &teacher).await;
    assert!(matches!(refused, Err(ScheduleError::Past)), "{refused:?}");
    let refused = house.app.schedule_launch(&exercise, Some(MORNING + 3 * HOUR), &teacher).await;
    assert!(matches!(refused, Err(ScheduleError::AfterEnd)), "{refused:?}");
    house.app.schedule_launch(&exercise, Some(MORNING + 600_000), &teacher).await.unwrap();
    house.clock.advance(599_000);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(turns(&house, &id).await, []);
    house.clock.advance(1_000);
    until("it begins", || exercise.fold().asked_ms == Some(MORNING + 600_000)).await;
    let made = turns(&house, &id).await;
    assert_eq!(made[0], (Actor::Schedule, Status::Provisioning, "schedule.launched".to_owned()));
    until("the plan is done with", || exercise.times().launch.is_none()).await;

    // A server that died before it could note that it was done: the ledger says so.
    house.app.store.schedules().set_launch(&id, Some((MORNING + 600_000, &teacher))).await.unwrap();
    house.reopen().await;
    let exercise = house.app.exercise(&id).unwrap();
    until("the plan is done with again", || exercise.times().launch.is_none()).await;
    let asked = turns(&house, &id).await.into_iter().filter(|(_, to, _)| *to == Status::Provisioning).count();
    assert_eq!(asked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_done_at_the_start_unless_it_is_too_late() {
    let mut house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let ids = [house.exercise("S115-01", &teacher).await, house.exercise("S115-02", &teacher).await];
    for id in &ids {
        let exercise = house.app.exercise(id).unwrap();
        house.app.schedule_launch(&exercise, Some(MORNING + 600_000), &teacher).await.unwrap();
    }
    let cancelled = house.app.exercise(&ids[1]).unwrap();
    house.app.schedule_launch(&cancelled, None, &teacher).await.unwrap();
    house.app.stop().await;
    house.clock.advance(HOUR);
    house.reopen().await;
    let exercise = house.app.exercise(&ids[0]).unwrap();
    until("it begins late", || exercise.fold().asked_ms == Some(MORNING + HOUR)).await;
    let made = turns(&house, &ids[0]).await;
    assert_eq!(made[0], (Actor::Schedule, Status::Provisioning, "schedule.launched_late".to_owned()));
    assert_eq!(turns(&house, &ids[1]).await, [], "a cancelled one does not");

    let other = house.app.exercise(&ids[1]).unwrap();
    house.app.schedule_launch(&other, Some(MORNING + 2 * HOUR), &teacher).await.unwrap();
    house.app.stop().await;
    house.clock.advance(3 * HOUR);
    house.reopen().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(turns(&house, &ids[1]).await, [], "the exercise's own time has passed");
    let times = house.app.exercise(&ids[1]).unwrap().times();
    assert_eq!(
        times.launch.map(|(at_ms, _)| at_ms),
        Some(MORNING + 2 * HOUR),
        "the page says that it was missed"
    );
}

/// Ended by Rampart, cleared, and nothing left.
async fn goes(house: &House, id: &str) {
    let exercise = house.app.exercise(id).unwrap();
    until("it is cleared", || status(&exercise) == Status::Cleared).await;
    let made = turns(house, id).await;
    let ended = made.iter().find(|(_, to, _)| *to == Status::Ended).unwrap();
    assert_eq!((&ended.0, ended.2.as_str()), (&Actor::System, "schedule.deadline"));
    assert!(house.engine.observe(id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_and_clears_even_a_paused_range() {
    let mut house = House::new().await;
    let (id, ..) = house.standing(PAUSED).await;
    let exercise = house.app.exercise(&id).unwrap();
    assert_eq!(exercise.times().deadline_ms, MORNING + 5 * HOUR);
    house.clock.advance(5 * HOUR - WARN_MS);
    let warned =
        || exercise.progress().borrow().alarms.iter().any(|alarm| alarm.what.rule == "alarm.deadline_near");
    until("staff is warned", warned).await;
    assert_eq!(status(&exercise), Status::Paused);
    house.clock.advance(WARN_MS);
    goes(&house, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_deadline_holds_across_a_restart_and_an_overdue_range_goes_at_the_start() {
    let mut house = House::new().await;
    let (id, teacher, _) = house.standing(RUNNING).await;
    let exercise = house.app.exercise(&id).unwrap();
    let refused = house.app.move_deadline(&exercise, MORNING, &teacher).await;
    assert!(matches!(refused, Err(ScheduleError::Past)), "{refused:?}");
    house.app.move_deadline(&exercise, MORNING + 8 * HOUR, &teacher).await.unwrap();
    let lines = house.app.store.audit().list(Some("exercise.deadline"), None, 9).await.unwrap();
    assert_eq!((lines.len(), lines[0].account_id.as_deref()), (1, Some(teacher.as_str())));
    house.app.stop().await;
    house.clock.advance(7 * HOUR);
    house.reopen().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(status(&house.app.exercise(&id).unwrap()), Status::Running);
    house.app.stop().await;
    house.clock.advance(2 * HOUR);
    house.reopen().await;
    goes(&house, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_range_that_nobody_clears_goes_too() {
    let mut house = House::new().await;
    let (id, teacher, _) = house.standing(RUNNING).await;
    let exercise = house.app.exercise(&id).unwrap();
    exercise.turn(&teacher, Status::Ended).await.unwrap();
    // The engine does not answer at first: not cleared before it has.
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault { call: "observe".into(), object: "*".into(), error, done: false, times: 2 });
    house.clock.advance(5 * HOUR);
    until("it is cleared", || status(&exercise) == Status::Cleared).await;
    assert!(house.engine.observe(&id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn strays_are_told_apart_and_only_own_ones_are_removed() {
    let mut house = House::new().await;
    let (id, teacher, plan) = house.standing(READY).await;
    let labels =
        |run: &str| Labels { run: run.into(), range: 1, name: "z".into(), plan: "p".into(), epoch: 0 };
    let mut network = plan.ranges[0].networks[0].clone();
    (network.name, network.subnet) = ("rmpstray".into(), "10.99.0.0/26".parse().unwrap());
    house.engine.create_network(&network, &labels("lost-run")).await.unwrap();
    let found = house.app.strays().await.unwrap();
    assert_eq!(found.len(), 1, "the exercise's own is none: {found:?}");
    assert_eq!((found[0].run.as_str(), found[0].whose, found[0].networks), ("lost-run", Whose::Ours, 1));

    // Another database on the same engine: what this one made is another's there.
    let mut other = House::new().await;
    other.engine = house.engine.clone();
    other.reopen().await;
    let seen = other.app.strays().await.unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|stray| stray.whose == Whose::Other), "{seen:?}");
    assert_eq!(other.app.clear_strays("boss").await.unwrap(), 0);
    assert_eq!(house.app.clear_strays(&teacher).await.unwrap(), 1);
    let engine = house.engine.clone();
    for _ in 0..1200 {
        if engine.observe("lost-run").await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(engine.observe("lost-run").await.unwrap().is_empty());
    assert!(!engine.observe(&id).await.unwrap().is_empty(), "the standing range stays");
}
