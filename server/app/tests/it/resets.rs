//! Hosts that are made anew while the exercise goes on, and everything that can get in the way.

use std::sync::Arc;
use std::time::Duration;

use rampart_app::exercise::{CommandError, Exercise, HostCondition};
use rampart_domain::decide::{Refusal, ResetBy};
use rampart_domain::plan::Plan;
use rampart_engine::fake::Fault;
use rampart_engine::{Engine, EngineError, ExecOut, State};
use scoreboard::{Body, Component, HealthState, Status};

use crate::house::{House, until};

const RUNNING: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running];

/// A running exercise whose commands succeed.
async fn running() -> (House, Arc<Exercise>, String, Plan) {
    let mut house = House::new().await;
    let (id, teacher, plan) = house.standing(RUNNING).await;
    house.engine.answer(move |_, spec| {
        spec.argv
            .iter()
            .any(|word| word.contains("getent shadow"))
            .then(|| ExecOut { stdout: b"blue:$y$j9T$x:1::::::\n".to_vec(), ..ExecOut::default() })
    });
    let live = house.app.exercise(&id).unwrap();
    (house, live, teacher, plan)
}

fn blue() -> ResetBy {
    ResetBy::Team { team: "b1".into(), seat: "s5".into() }
}

async fn container(house: &House, id: &str, name: &str) -> Option<(String, State)> {
    let seen = house.engine.observe(id).await.unwrap();
    seen.container(name).map(|found| (found.id.clone(), found.state.clone()))
}

fn over(live: &Exercise) -> Vec<Option<bool>> {
    live.fold().resets.iter().map(|reset| reset.over.map(|(_, done)| done)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_has_its_host_made_anew_once_and_pays_once() {
    let (house, live, _, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    let before = container(&house, &live.id, &watch).await.unwrap().0;
    let hands: Vec<_> = (0..6)
        .map(|_| {
            let live = live.clone();
            tokio::spawn(async move { live.reset_host(blue(), 1, "watch").await })
        })
        .collect();
    let mut taken = 0;
    for hand in hands {
        match hand.await.unwrap() {
            Ok(()) => taken += 1,
            Err(CommandError::Refused(Refusal::Resetting)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, 1, "asked at once, made anew once");
    until("it is done", || over(&live) == [Some(true)]).await;
    assert_eq!(live.fold().team("b1").unwrap().parts[&Component::Resets], -30);
    let (after, state) = container(&house, &live.id, &watch).await.unwrap();
    assert_ne!(after, before);
    assert_eq!(state, State::Running);
    let made =
        house.engine.calls().iter().filter(|call| **call == format!("create_container {watch}")).count();
    assert_eq!(made, 2, "at the launch and now");
    until("nothing is shown of it", || live.hosts().borrow().iter().all(|host| host.reset.is_none())).await;
    let died = live.progress().borrow().alarms.iter().any(|alarm| alarm.what.rule == "alarm.host_died");
    assert!(!died, "that it went away is no alarm");
    let refused = live.reset_host(blue(), 2, "watch").await;
    assert_eq!(refused, Err(CommandError::Refused(Refusal::NotFound)), "another team's");
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_are_unknown_while_their_host_is_made_anew() {
    let (house, live, teacher, plan) = running().await;
    let up = |range: u16, check: &str| {
        live.fold().health.get(&(range, check.to_owned())).map(|(state, ..)| *state)
    };
    until("the checks are up", || up(1, "portal-search") == Some(HealthState::Up)).await;
    until("the checks are up", || up(2, "portal-search") == Some(HealthState::Up)).await;
    // The engine is away when it is to be made.
    let citizens = plan.ranges[0].host("citizens").unwrap().name.clone();
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault {
        call: "create_container".into(),
        object: citizens,
        error,
        done: false,
        times: 1,
    });
    live.reset_host(ResetBy::Staff(teacher), 1, "citizens").await.unwrap();
    assert_eq!(up(1, "portal-search"), Some(HealthState::Unknown), "it is run from there");
    assert_eq!(up(2, "portal-search"), Some(HealthState::Up), "another range goes on");
    house.clock.advance(60_000);
    until("it says that it waits for the engine", || {
        let hosts = live.hosts();
        let hosts = hosts.borrow();
        hosts.iter().any(|host| {
            host.reset.as_ref().is_some_and(|reset| {
                reset.stage == "waiting" && reset.why.as_ref().is_some_and(|why| why.rule == "engine.silent")
            })
        })
    })
    .await;
    until("it is done", || over(&live) == [Some(true)]).await;
    assert_eq!(live.fold().team("b1").unwrap().parts.get(&Component::Resets), None, "staff pays nothing");
    house.clock.advance(30_000);
    let states: Vec<HealthState> = house
        .ledger(&live.id)
        .await
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::Health { range: 1, check, state, .. } if check == "portal-search" => Some(*state),
            _ => None,
        })
        .collect();
    assert_eq!(states[..2], [HealthState::Up, HealthState::Unknown]);
    assert!(!states.contains(&HealthState::Down), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_engine_is_asked_until_it_answers() {
    let (house, live, _, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    until("the hosts are shown", || !live.hosts().borrow().is_empty()).await;
    let error = EngineError::NodeUnreachable { since_ms: Some(1) };
    house.engine.fail(Fault { call: "*".into(), object: "*".into(), error, done: false, times: u32::MAX });
    live.reset_host(blue(), 1, "watch").await.unwrap();
    let told = || {
        let hosts = live.hosts();
        let hosts = hosts.borrow();
        let host = hosts.iter().find(|host| host.range == 1 && host.host == "watch").cloned();
        host.and_then(|host| host.reset)
    };
    until("it says why it waits", || told().is_some_and(|reset| reset.why.is_some())).await;
    // More than the tries that an answering engine gets.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(over(&live), [None]);
    house.engine.heal();
    until("it is done", || over(&live) == [Some(true)]).await;
    assert_eq!(container(&house, &live.id, &watch).await.unwrap().1, State::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_cut_off_by_the_end_of_the_server_is_finished_by_the_next() {
    let (mut house, live, _, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    let before = container(&house, &live.id, &watch).await.unwrap().0;
    // It is removed, but not made again, when the server dies.
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault {
        call: "create_container".into(),
        object: watch.clone(),
        error,
        done: false,
        times: u32::MAX,
    });
    live.reset_host(blue(), 1, "watch").await.unwrap();
    for _ in 0..1200 {
        if container(&house, &live.id, &watch).await.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(container(&house, &live.id, &watch).await, None);
    let id = live.id.clone();
    drop(live);
    house.app.stop().await;
    house.engine.heal();
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    until("it is done", || over(&live) == [Some(true)]).await;
    let (after, state) = container(&house, &id, &watch).await.unwrap();
    assert_ne!(after, before);
    assert_eq!(state, State::Running);
    assert_eq!(live.fold().team("b1").unwrap().points, -30, "paid once");
    assert!(live.progress().borrow().error.is_none(), "that it was missing is no news");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_again_is_not_taken_away_and_not_paid_for() {
    let (house, live, _, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    let before = container(&house, &live.id, &watch).await.unwrap();
    house.engine.remove_image("rampart/workstation-blue:latest").await.unwrap();
    live.reset_host(blue(), 1, "watch").await.unwrap();
    assert_eq!(live.fold().team("b1").unwrap().points, -30);
    until("it is given up", || over(&live) == [Some(false)]).await;
    assert_eq!(live.fold().team("b1").unwrap().points, 0, "given back");
    assert_eq!(container(&house, &live.id, &watch).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_a_reset_up_and_refuses_new_ones() {
    let (house, live, teacher, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    // The engine is away, so that the reset still goes on when the pause comes.
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault {
        call: "create_container".into(),
        object: watch.clone(),
        error,
        done: false,
        times: u32::MAX,
    });
    live.reset_host(blue(), 1, "watch").await.unwrap();
    live.turn(&teacher, Status::Paused).await.unwrap();
    house.engine.heal();
    let refused = live.reset_host(ResetBy::Staff(teacher.clone()), 2, "watch").await;
    assert_eq!(refused, Err(CommandError::Refused(Refusal::Paused)));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(over(&live), [None], "it waits for the end of the pause");
    let mut moving = Vec::new();
    for _ in 0..1200 {
        let seen = house.engine.observe(&live.id).await.unwrap();
        let runs = seen.containers.into_iter().filter(|found| found.state == State::Running);
        moving = runs.map(|found| found.name).collect();
        if moving.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(moving, Vec::<String>::new(), "everything stands still");
    live.turn(&teacher, Status::Running).await.unwrap();
    until("it is done", || over(&live) == [Some(true)]).await;
    assert_eq!(container(&house, &live.id, &watch).await.unwrap().1, State::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_drops_a_reset_and_a_clearing_leaves_nothing() {
    let (house, live, teacher, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault { call: "start".into(), object: watch, error, done: false, times: u32::MAX });
    live.reset_host(blue(), 1, "watch").await.unwrap();
    live.turn(&teacher, Status::Ended).await.unwrap();
    assert_eq!(over(&live), [Some(false)]);
    assert_eq!(live.fold().team("b1").unwrap().parts[&Component::Resets], 0, "given back");
    live.turn(&teacher, Status::Cleared).await.unwrap();
    until("it is cleared", || live.fold().status == Status::Cleared).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(house.engine.observe(&live.id).await.unwrap().is_empty());
    assert!(house.app.store.subnets().of(&live.id).await.unwrap().is_empty());
    let refused = live.reset_host(ResetBy::Staff(teacher), 1, "www").await;
    assert_eq!(refused, Err(CommandError::Refused(Refusal::Over)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_under_reset_is_not_started_half_made() {
    let (house, live, _, plan) = running().await;
    let watch = plan.ranges[0].host("watch").unwrap().name.clone();
    // The container is made, its start fails for long: the watch over the range must leave it alone.
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault {
        call: "start".into(),
        object: watch.clone(),
        error,
        done: false,
        times: u32::MAX,
    });
    live.reset_host(blue(), 1, "watch").await.unwrap();
    tokio::time::sleep(Duration::from_secs(13)).await;
    let starts = house.engine.calls().iter().filter(|call| **call == format!("start {watch}")).count();
    let makes =
        house.engine.calls().iter().filter(|call| **call == format!("create_container {watch}")).count();
    assert_eq!(starts, makes, "each start was the reset's own");
    let missing = live.progress().borrow().alarms.iter().any(|alarm| alarm.what.rule == "alarm.host_missing");
    assert!(!missing);
    house.engine.heal();
    until("it is done", || over(&live) == [Some(true)]).await;
    until("it is seen to run", || {
        let hosts = live.hosts();
        let hosts = hosts.borrow();
        hosts
            .iter()
            .any(|host| host.range == 1 && host.host == "watch" && host.state == HostCondition::Running)
    })
    .await;
}
