//! The server is killed at bad moments and goes on.

use std::time::Duration;

use serde_json::Value;

use crate::harness::browser::{Browser, Driver};
use crate::harness::http::Person;
use crate::harness::server::Server;
use crate::harness::stage::{self, Scene, planted};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, docker, eventually, keep, unique};

/// Id and start of each container: the same before and after means that nothing was made anew.
fn identities(run: &str) -> Vec<String> {
    docker::containers(run)
        .iter()
        .map(|name| docker::docker_ok(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", name]))
        .collect()
}

/// The first red sits down in a browser, blue without one.
async fn sit_down(driver: &Driver, scene: &mut Scene) -> Browser {
    let browser = driver.browser("red", &scene.server.base()).await;
    browser.goto("/").await;
    browser.fill("#f-code", &scene.codes[0]).await;
    browser.click("form[action=\"/\"] button.primary").await;
    browser.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
    scene.seats.push(browser.person().await);
    scene.seats.push(stage::sit(&scene.server.base(), &scene.codes[1]).await);
    browser
}

async fn flag(person: &Person, objective: &str, flag: &str) -> Value {
    person.post_json("/seat/flags", &[("objective", objective), ("flag", flag)]).await.json()
}

/// Sends wrong flags side by side and kills the server under them; how many were answered.
async fn kill_under_load(scene: &mut Scene) -> i64 {
    let person = scene.red(1);
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let typed = format!("RMP{{{n:032x}}}");
            let token = person.token();
            let request = person
                .request(reqwest::Method::POST, "/seat/flags")
                .header("origin", person.base())
                .header("accept", "application/json")
                .header("x-csrf-token", token)
                .form(&[("objective", "portal-db"), ("flag", typed.as_str())]);
            tokio::spawn(async move {
                let answer = request.send().await.ok()?;
                let text = answer.text().await.ok()?;
                serde_json::from_str::<Value>(&text).ok()
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(12)).await;
    scene.server.kill9();
    let mut answered = 0;
    for one in tries {
        if let Some(answer) = one.await.unwrap() {
            assert_eq!(answer["answer"], "wrong", "{answer}");
            answered += 1;
        }
    }
    answered
}

async fn body(scene: &mut Scene, red: &Browser) {
    let run = scene.exercise.clone();
    let before = identities(&run);
    assert_eq!(before.len(), 6);
    scene.red(1).get("/seat").await.ok();

    // Running: an acknowledged flag is still there, and so is each acknowledged try.
    let flags = planted(&run, 1);
    let answer = flag(scene.red(1), "portal-db", &format!("RMP{{{}}}", "f".repeat(32))).await;
    assert_eq!(answer["answer"], "wrong", "{answer}");
    let left = answer["left"].as_i64().unwrap();
    let answered = kill_under_load(scene).await;
    scene.server.restart().await;
    let answer = flag(scene.red(1), "portal-db", &format!("RMP{{{}}}", "e".repeat(32))).await;
    let now = answer["left"].as_i64().unwrap();
    assert!(now < left - answered, "{answered} answered tries, but {left} left became {now}");
    assert!(now >= left - 9, "tries were counted twice");
    // The bucket of the flag box was full of tries; it gains one a second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let answer = flag(scene.red(1), &flags[0].0, &flags[0].1).await;
    assert_eq!(answer["answer"], "correct", "{answer}");
    scene.server.kill9();
    scene.server.restart().await;
    assert_eq!(stage::state(&scene.staff.instructor, &run).await, "running");
    let again = flag(scene.red(1), &flags[0].0, &flags[0].1).await;
    assert_eq!((&again["answer"], &again["team_points"]), (&"already_yours".into(), &100.into()));
    assert_eq!(identities(&run), before, "the ranges were not adopted but made anew");
    scene.server.verify_chain(&run);

    // The terminal comes back without anybody reloading the page.
    red.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
    red.paste_in_terminal("clear; echo back-$((40+2))").await;
    red.wait_screen("back-42", SOON).await;
    // The shells of the killed servers are gone: nobody could reach them any more.
    let attack = docker::host(&run, 1, "attack");
    eventually("only the new shell is left", SOON, || async {
        let (_, shells) = docker::exec(&attack, "root", "pgrep -c -f '^bash -l'");
        (shells.trim() == "1").then_some(())
    })
    .await;

    // Paused stays paused, on the clock and on the engine.
    stage::act(&scene.staff.instructor, &run, "pause", "").await;
    stage::wait_state(&scene.staff.instructor, &run, "paused", SOON).await;
    eventually("everything is frozen", SOON, || async {
        docker::containers(&run).iter().all(|name| docker::state(name) == "paused").then_some(())
    })
    .await;
    scene.server.kill9();
    scene.server.restart().await;
    assert_eq!(stage::state(&scene.staff.instructor, &run).await, "paused");
    tokio::time::sleep(Duration::from_secs(4)).await;
    for name in docker::containers(&run) {
        assert_eq!(docker::state(&name), "paused", "{name} thawed by the restart");
    }
    let refused = flag(scene.red(1), &flags[1].0, &flags[1].1).await;
    assert_eq!(refused["answer"], "paused");
    stage::act(&scene.staff.instructor, &run, "resume", "").await;
    eventually("everything runs again", SOON, || async {
        docker::containers(&run).iter().all(|name| docker::state(name) == "running").then_some(())
    })
    .await;
    let taken = flag(scene.red(1), &flags[1].0, &flags[1].1).await;
    assert_eq!((&taken["answer"], &taken["team_points"]), (&"correct".into(), &250.into()));
    assert_eq!(identities(&run), before);

    // Killed while clearing: it is finished, and only then said.
    let code = scene.code.clone();
    stage::act(&scene.staff.instructor, &run, "end", &code).await;
    stage::act(&scene.staff.instructor, &run, "clear", &code).await;
    scene.server.kill9();
    scene.server.restart().await;
    stage::wait_state(&scene.staff.instructor, &run, "cleared", LAUNCH).await;
    assert!(docker::objects(&run).is_empty());
    scene.server.verify_chain(&run);

    // A stop that is asked for is a quick and clean one.
    assert!(scene.server.stop(SOON), "the server did not stop by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_running_paused_and_clearing() {
    let mut scene = stage::started(1).await;
    let driver = Driver::start().await;
    let red = sit_down(&driver, &mut scene).await;
    let outcome = keep::outcome(body(&mut scene, &red)).await;
    if outcome.is_err() {
        let folder = keep::folder("restart");
        red.keep(&folder).await;
        scene.server.keep(&folder);
    }
    red.close().await;
    keep::conclude(outcome);
}

async fn building(server: &mut Server, staff: &stage::Staff) {
    let people = stage::people(2);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let code = format!("T-{}", unique());
    let run = stage::make_exercise(server, &staff.instructor, "qinglan-portal", &code, 1).await;
    stage::seat(&staff.instructor, &run, &[(&people[0].0, "r1"), (&people[1].0, "b1")]).await;
    stage::act(&staff.instructor, &run, "launch", "").await;
    eventually("some containers are made", LAUNCH, || async {
        (docker::containers(&run).len() >= 2).then_some(())
    })
    .await;
    server.kill9();
    server.restart().await;
    // It may finish or roll back by itself; half of a range is neither.
    eventually("the launch is finished or undone", LAUNCH, || async {
        match stage::state(&staff.instructor, &run).await.as_str() {
            "ready" => (docker::containers(&run).len() == 6).then_some(()),
            "draft" | "failed" => docker::objects(&run).is_empty().then_some(()),
            _ => None,
        }
    })
    .await;
    server.verify_chain(&run);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_building() {
    let mut server = Server::start().await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(building(&mut server, &staff)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("restart-building"));
    }
    keep::conclude(outcome);
}
