//! The server and the engine are killed at every stage of a launch, a reset and a clearing, and buttons are pressed at bad
//! moments. Each time everything comes to an end by itself, and nothing is left on the engine.

use std::time::Duration;

use crate::harness::second::SecondEngine;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, docker, eventually, keep, page, unique};
use crate::style::root;

/// Objects of a light range: two networks, four containers.
const ALL: usize = 6;
/// Volumes beside them: the files of the gateway, whose root takes nothing.
const VOLUMES: usize = 1;
/// Objects that stand at 10, 50 and 90 % of a launch; the last of them stand before anything is proven.
const POINTS: [usize; 3] = [1, 3, ALL];

fn setup(engine: Option<String>) -> Setup {
    // The folder of the light scenario lies beside the harness, so that no list of shipped scenarios shows it.
    Setup { scenarios: root().join("tests/it/harness"), engine, ..Setup::default() }
}

/// An exercise of the light scenario with a person in each seat; its id and code.
pub(super) async fn exercise(server: &mut Server, staff: &Staff, number: usize) -> (String, String) {
    let people = stage::people(2);
    if number == 0 {
        stage::import(&staff.instructor, &stage::roster(&people)).await;
    }
    let code = format!("K{number}-{}", unique());
    let run = stage::make_exercise(server, &staff.instructor, "light", &code, 1).await;
    stage::seat(&staff.instructor, &run, &[(&people[0].0, "r1"), (&people[1].0, "b1")]).await;
    (run, code)
}

/// Fails at once with the reason when a launch was refused before anything could be made, as on a full disk.
async fn still_building(staff: &Staff, run: &str) {
    let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
    assert!(!html.contains(r#"data-state="failed""#), "the launch failed: {}", page::said(&html));
}

/// Waits until a launch has come to an end, one way or the other; true when the range stands.
async fn settled(staff: &Staff, run: &str) -> bool {
    eventually("the launch is finished or undone", LAUNCH, || async {
        match stage::state(&staff.instructor, run).await.as_str() {
            "ready" => Some(true),
            "draft" | "failed" => Some(false),
            _ => None,
        }
    })
    .await
}

async fn press(staff: &Staff, run: &str, act: &str) -> u16 {
    let path = format!("/exercises/{run}");
    staff.instructor.post_from(&path, &format!("{path}/{act}"), &[]).await.status.as_u16()
}

/// Resets the web site and kills the server when its container has gone; the next life finishes it.
async fn killed_while_resetting(server: &mut Server, staff: &Staff, run: &str) {
    let www = docker::host(run, 1, "www");
    let before = docker::docker_ok(&["inspect", "--format", "{{.Id}}", &www]);
    let memo = docker::exec(&www, "root", "cat /srv/memo.txt; rm /srv/memo.txt; touch /srv/mine").1;
    assert!(memo.starts_with("RMP{"), "{memo}");
    assert_eq!(press(staff, run, "hosts/1/www/reset").await, 303);
    assert_eq!(press(staff, run, "hosts/1/www/reset").await, 409, "twice at once is once");
    eventually("the old container is gone", SOON, || async {
        let out = docker::docker(&["inspect", "--format", "{{.Id}}", &www]);
        (String::from_utf8_lossy(&out.stdout) != before).then_some(())
    })
    .await;
    server.kill9();
    server.restart().await;
    let path = format!("/exercises/{run}/hosts/1/www");
    eventually("the host stands anew", LAUNCH, || async {
        let html = staff.instructor.get(&path).await.ok();
        html.contains(&zh("machine.state.running")).then_some(())
    })
    .await;
    // What is planted comes a moment after the host runs.
    eventually("its flag is the same", LAUNCH, || async {
        let (_, again) = docker::exec(&www, "root", "cat /srv/memo.txt; ls /srv");
        assert!(!again.contains("mine"), "{again}");
        assert!(!again.contains("RMP{") || again.starts_with(&memo), "another flag: {again}");
        again.starts_with(&memo).then_some(())
    })
    .await;
    assert_eq!(docker::objects(run).len(), ALL + VOLUMES);
}

async fn server_rounds(server: &mut Server, staff: &Staff) {
    for (number, point) in POINTS.into_iter().enumerate() {
        let (run, code) = exercise(server, staff, number).await;
        stage::act(&staff.instructor, &run, "launch", "").await;
        assert_eq!(press(staff, &run, "launch").await, 409, "launched twice is launched once");
        eventually("so much is made", LAUNCH, || async {
            still_building(staff, &run).await;
            (docker::objects(&run).len() >= point).then_some(())
        })
        .await;
        server.kill9();
        let ran = docker::ids_of_running(&run);
        server.restart().await;
        assert!(settled(staff, &run).await, "what was asked for is finished by the next life of the server");
        assert_eq!(docker::objects(&run).len(), ALL + VOLUMES);
        let stands = docker::ids(&run);
        for (name, id) in ran {
            assert_eq!(stands.get(&name), Some(&id), "{name} was made anew, although it ran");
        }
        if number == 0 {
            killed_while_resetting(server, staff, &run).await;
        }
        stage::act(&staff.instructor, &run, "end", &code).await;
        stage::act(&staff.instructor, &run, "clear", &code).await;
        eventually("so much is removed", SOON, || async {
            (docker::objects(&run).len() <= ALL - point).then_some(())
        })
        .await;
        server.kill9();
        server.restart().await;
        stage::wait_state(&staff.instructor, &run, "cleared", LAUNCH).await;
        assert_eq!(docker::objects(&run), Vec::<String>::new());
        server.verify_chain(&run);
    }
    // Given up at the first sign of it, twice.
    let (run, _) = exercise(server, staff, POINTS.len()).await;
    stage::act(&staff.instructor, &run, "launch", "").await;
    eventually("something is made", LAUNCH, || async { (!docker::objects(&run).is_empty()).then_some(()) })
        .await;
    assert_eq!(press(staff, &run, "give-up").await, 303);
    let second = press(staff, &run, "give-up").await;
    assert!(matches!(second, 303 | 409), "{second}");
    assert!(!settled(staff, &run).await);
    assert_eq!(docker::objects(&run), Vec::<String>::new());
    // Given up, and the server dies before it has removed anything: the next one does not finish what nobody wants.
    stage::act(&staff.instructor, &run, "launch", "").await;
    eventually("something is made", LAUNCH, || async { (!docker::objects(&run).is_empty()).then_some(()) })
        .await;
    assert_eq!(press(staff, &run, "give-up").await, 303);
    server.kill9();
    server.restart().await;
    assert!(!settled(staff, &run).await);
    assert_eq!(docker::objects(&run), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_killed_at_every_stage() {
    let mut server = Server::with(setup(None)).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(server_rounds(&mut server, &staff)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("kills-server"));
    }
    keep::conclude(outcome);
}

async fn engine_rounds(server: &mut Server, staff: &Staff, engine: &mut SecondEngine) {
    for (number, point) in POINTS.into_iter().enumerate() {
        let (run, code) = exercise(server, staff, number).await;
        stage::act(&staff.instructor, &run, "launch", "").await;
        eventually("so much is made", LAUNCH, || async {
            still_building(staff, &run).await;
            engine.objects(&run).is_some_and(|made| made >= point).then_some(())
        })
        .await;
        engine.kill9();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let state = stage::state(&staff.instructor, &run).await;
        assert!(matches!(state.as_str(), "provisioning" | "ready"), "{state}: nobody knows what is left");
        engine.again().unwrap();
        if settled(staff, &run).await {
            assert_eq!(engine.objects(&run), Some(ALL));
        } else {
            assert_eq!(engine.objects(&run), Some(0), "rolled back, but not all of it");
            stage::act(&staff.instructor, &run, "launch", "").await;
            stage::wait_state(&staff.instructor, &run, "ready", LAUNCH).await;
        }
        stage::act(&staff.instructor, &run, "end", &code).await;
        // The first time it is away before the button is pressed, later it goes while things are removed; how far that has
        // got when it dies is chance.
        if number == 0 {
            engine.kill9();
        }
        stage::act(&staff.instructor, &run, "clear", &code).await;
        if number == 0 {
            eventually("it says that the engine is away", SOON, || async {
                let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
                html.contains(&zh("rule.engine.silent")).then_some(())
            })
            .await;
            assert_eq!(stage::state(&staff.instructor, &run).await, "ended", "nothing was confirmed");
        } else {
            eventually("so much is removed", SOON, || async {
                engine.objects(&run).is_some_and(|left| left <= ALL - point).then_some(())
            })
            .await;
            engine.kill9();
        }
        engine.again().unwrap();
        stage::wait_state(&staff.instructor, &run, "cleared", LAUNCH).await;
        assert_eq!(engine.objects(&run), Some(0));
        server.verify_chain(&run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_killed_at_every_stage() {
    let mut engine = match SecondEngine::start() {
        Ok(engine) => engine,
        Err(why) => {
            eprintln!("skipped: no second engine here: {why}");
            return;
        }
    };
    let mut server = Server::with(setup(Some(engine.address()))).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(engine_rounds(&mut server, &staff, &mut engine)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("kills-engine"));
    }
    drop(server);
    keep::conclude(outcome);
}
