//! The machine is started anew under two exercises, one of them paused: server and engine die together, and with the engine
//! every container.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::second::SecondEngine;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
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

/// Where the engine keeps what a host has written; without it the host does not start.
fn layer(engine: &SecondEngine, run: &str, host: &str) -> PathBuf {
    let said = |args: &[&str]| {
        let out = engine.docker(args);
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    };
    let (of_run, of_host) = (format!("label=rampart.run={run}"), format!("label=rampart.name={host}"));
    let name = said(&["ps", "-a", "-q", "--filter", &of_run, "--filter", &of_host]);
    said(&["inspect", "--format", "{{.GraphDriver.Data.UpperDir}}", &name]).into()
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

/// How often the control room says something.
async fn told(staff: &Staff, run: &str, rule: &str) -> usize {
    staff.instructor.get(&format!("/exercises/{run}")).await.ok().matches(&zh(rule)).count()
}

/// Somebody flushes the machine's firewall while ranges stand: the wall is put back, everybody is told, and what runs is
/// tried from inside again.
async fn wall_taken_away(staff: &Staff, engine: &SecondEngine, going: &str, resting: &str) {
    let nft =
        |words: &[&str]| engine.on_node(Path::new("nft")).args(words).output().unwrap().status.success();
    let stands = || {
        nft(&["list", "table", "inet", "rampart_guard"]) && nft(&["list", "table", "arp", "rampart_guard"])
    };
    // The start of the machine took it away, too, and what stood was tried again then.
    eventually("the walls are tried after the start", LAUNCH, || async {
        (told(staff, going, "rule.alarm.wall_proven").await > 0).then_some(())
    })
    .await;
    assert!(stands());
    let (made, proven) = ("rule.alarm.wall_made", "rule.alarm.wall_proven");
    let before =
        (told(staff, going, made).await, told(staff, going, proven).await, told(staff, resting, made).await);
    // It may stand again before anybody has looked; that it was gone is told below.
    assert!(nft(&["flush", "ruleset"]));
    eventually("the wall is put back", LAUNCH, || async { stands().then_some(()) }).await;
    eventually("the instructor of each range is told", LAUNCH, || async {
        let now = (
            told(staff, going, made).await,
            told(staff, going, proven).await,
            told(staff, resting, made).await,
        );
        (now.0 > before.0 && now.1 > before.1 && now.2 > before.2).then_some(())
    })
    .await;
    assert_eq!(told(staff, resting, proven).await, 0, "nothing can be tried in what is frozen");
    assert!(staff.admin.get("/system").await.ok().contains(&zh("node.wall_made")));
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

    let layer = layer(engine, &resting.0, "www");
    for dies in ["server", "both"] {
        server.kill9();
        if dies == "both" {
            engine.kill9();
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        if dies == "both" {
            // One of the hosts that are to stand still does not start with the machine.
            std::fs::rename(&layer, layer.with_extension("away")).unwrap();
            engine.again().unwrap();
        }
        server.restart().await;
        assert_eq!(stage::state(teacher, &going.0).await, "running", "{dies}");
        assert_eq!(stage::state(teacher, &resting.0).await, "paused", "{dies}");
        all_are(engine, &going.0, "running").await;
        if dies == "both" {
            // Staff is told while it lasts, and once it can start it does, and stands still.
            eventually("staff is told", LAUNCH, || async {
                let html = teacher.get(&format!("/exercises/{}", resting.0)).await.ok();
                html.contains(&zh("rule.alarm.host_stuck")).then_some(())
            })
            .await;
            assert!(containers(engine, &resting.0).iter().any(|(_, state)| state == "exited"));
            std::fs::rename(layer.with_extension("away"), &layer).unwrap();
        }
        all_are(engine, &resting.0, "paused").await;
        // It does not thaw a moment later.
        tokio::time::sleep(Duration::from_secs(8)).await;
        all_are(engine, &resting.0, "paused").await;
        assert_eq!(clock(staff, &resting.0).await, shown, "{dies}: the clock stood all the time");
        assert_eq!((ids(engine, &going.0), ids(engine, &resting.0)), before, "{dies}: made anew");
    }
    wall_taken_away(staff, engine, &going.0, &resting.0).await;
    stage::act(teacher, &resting.0, "resume", "").await;
    stage::wait_state(teacher, &resting.0, "running", LAUNCH).await;
    all_are(engine, &resting.0, "running").await;
    eventually("its walls are tried, too", LAUNCH, || async {
        (told(staff, &resting.0, "rule.alarm.wall_proven").await > 0).then_some(())
    })
    .await;
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
    let programs = Some(engine.firewall());
    let setup = Setup { scenarios, engine: Some(engine.address()), programs, ..Setup::default() };
    let mut server = Server::with(setup).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(body(&mut server, &staff, &mut engine)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("reboot"));
    }
    drop(server);
    keep::conclude(outcome);
}
