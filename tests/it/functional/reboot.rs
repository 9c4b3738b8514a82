//! The machine is started anew under two exercises, one of them paused: server and engine die together, and with the engine
//! every container.

use std::time::Duration;

use crate::harness::second::SecondEngine;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::{LAUNCH, eventually, keep, page};
use crate::style::root;

use super::kills::exercise;

/// Containers of a light range.
const HOSTS: usize = 4;

/// Ids and states of the containers of a run, sorted.
fn containers(engine: &SecondEngine, run: &str) -> Vec<(String, String)> {
    let of_run = format!("label=rampart.run={run}");
    let list = ["ps", "-a", "--no-trunc", "--filter", &of_run, "--format", "{{.ID}} {{.State}}"];
    let out = engine.docker(&list);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut all: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(id, state)| (id.to_owned(), state.to_owned()))
        .collect();
    all.sort();
    all
}

async fn all_are(engine: &SecondEngine, run: &str, wanted: &str) {
    eventually(&format!("all hosts are {wanted}"), LAUNCH, || async {
        let now = containers(engine, run);
        (now.len() == HOSTS && now.iter().all(|(_, state)| state == wanted)).then_some(())
    })
    .await;
}

/// What the exercise's clock shows while it stands.
async fn clock(staff: &Staff, run: &str) -> String {
    let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
    page::first(&html, r#"class="clock-v" role="timer">([0-9:]+)<"#)
}

fn ids(engine: &SecondEngine, run: &str) -> Vec<String> {
    containers(engine, run).into_iter().map(|(id, _)| id).collect()
}

async fn body(server: &mut Server, staff: &Staff, engine: &mut SecondEngine) {
    let teacher = &staff.instructor;
    let going = exercise(server, staff, 0).await;
    let resting = exercise(server, staff, 1).await;
    for (run, _) in [&going, &resting] {
        stage::act(teacher, run, "launch", "").await;
        stage::wait_state(teacher, run, "ready", LAUNCH).await;
        stage::act(teacher, run, "start", "").await;
    }
    stage::act(teacher, &resting.0, "pause", "").await;
    stage::wait_state(teacher, &resting.0, "paused", LAUNCH).await;
    all_are(engine, &resting.0, "paused").await;
    let shown = clock(staff, &resting.0).await;
    let before = (ids(engine, &going.0), ids(engine, &resting.0));

    for dies in ["server", "both"] {
        server.kill9();
        if dies == "both" {
            engine.kill9();
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        if dies == "both" {
            engine.again().unwrap();
        }
        server.restart().await;
        assert_eq!(stage::state(teacher, &going.0).await, "running", "{dies}");
        assert_eq!(stage::state(teacher, &resting.0).await, "paused", "{dies}");
        all_are(engine, &going.0, "running").await;
        all_are(engine, &resting.0, "paused").await;
        // It does not thaw a moment later.
        tokio::time::sleep(Duration::from_secs(8)).await;
        all_are(engine, &resting.0, "paused").await;
        assert_eq!(clock(staff, &resting.0).await, shown, "{dies}: the clock stood all the time");
        assert_eq!((ids(engine, &going.0), ids(engine, &resting.0)), before, "{dies}: made anew");
    }
    stage::act(teacher, &resting.0, "resume", "").await;
    stage::wait_state(teacher, &resting.0, "running", LAUNCH).await;
    all_are(engine, &resting.0, "running").await;
    for (run, code) in [&going, &resting] {
        stage::act(teacher, run, "end", code).await;
        stage::act(teacher, run, "clear", code).await;
        stage::wait_state(teacher, run, "cleared", LAUNCH).await;
        assert_eq!(engine.objects(run), Some(0));
        server.verify_chain(run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_started_anew_finds_its_exercises_as_they_were() {
    let mut engine = match SecondEngine::start() {
        Ok(engine) => engine,
        Err(why) => return eprintln!("skipped: no second engine here: {why}"),
    };
    // The light scenario lies beside the harness, so that no list of shipped scenarios shows it.
    let scenarios = root().join("tests/it/harness");
    let setup = Setup { scenarios, engine: Some(engine.address()), ..Setup::default() };
    let mut server = Server::with(setup).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(body(&mut server, &staff, &mut engine)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("reboot"));
    }
    drop(server);
    keep::conclude(outcome);
}
