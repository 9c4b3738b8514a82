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

/// What the sign-in sheet says of the first red and blue: counted seconds, and the lines that stand.
async fn sheet(scene: &Scene, token: &str) -> Vec<(i64, Value)> {
    let at = format!("{}/api/v1/exercises/{}/attendance", scene.server.base(), scene.exercise);
    let answer = reqwest::Client::new().get(at).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let said: Value = answer.json().await.unwrap();
    let rows = said["items"].as_array().unwrap();
    ["r1", "b1"]
        .map(|team| {
            let row = rows.iter().find(|row| row["team"] == team).unwrap_or_else(|| panic!("{said}"));
            (row["seconds"].as_i64().unwrap(), row["signs"].clone())
        })
        .to_vec()
}

/// Killed with the first red at an open page and blue signed in at the desk: what was shown of both stands, nobody is signed
/// out, and the time goes on as if nothing had been.
async fn checked_in(scene: &mut Scene) {
    let token = stage::token(&scene.staff.instructor, &["attendance:write"]).await;
    let path = format!("/exercises/{}/attendance", scene.exercise);
    let blue = stage::persons(&scene.staff.instructor, &scene.exercise).await;
    let blue = blue.iter().find(|(name, _)| name == "學員002").unwrap().1.clone();
    scene.staff.instructor.post_from(&path, &path, &[("act", "in"), ("person", &blue)]).await.went_on();
    let before = eventually("both are counted", SOON, || async {
        let now = sheet(scene, &token).await;
        (now[0].0 >= 3 && now[1].0 >= 3).then_some(now)
    })
    .await;
    let shown = std::time::Instant::now();
    scene.server.kill9();
    // Nobody can tell that they are there for longer than what is written at once.
    tokio::time::sleep(Duration::from_secs(7)).await;
    scene.server.restart().await;
    let asked = shown.elapsed().as_secs();
    let after = sheet(scene, &token).await;
    let most = shown.elapsed().as_secs();
    let gone = i64::try_from(asked).unwrap();
    assert!(after[0].0 >= before[0].0, "red's time was lost: {before:?}, {after:?}");
    assert_eq!(after[1].1, before[1].1, "blue's line is another one");
    assert_eq!(after[1].1[0]["to_ms"], Value::Null, "blue was signed out: {after:?}");
    assert!(after[1].0 >= before[1].0 + gone - 1, "blue's time stood still: {before:?}, {after:?}, {gone} s");
    for (seat, (old, new)) in before.iter().zip(&after).enumerate() {
        let least = i64::try_from(most).unwrap() + 1;
        assert!(new.0 <= old.0 + least, "{seat} gained more than passed: {before:?}, {after:?}");
    }
    // Red's page comes back by itself, and was there all the time by the printed rule: its first sign closes the hole.
    let back = eventually("red's page is back", Duration::from_secs(60), || async {
        let now = sheet(scene, &token).await;
        (now[0].0 > before[0].0).then_some(now)
    })
    .await;
    assert!(back[0].0 >= before[0].0 + gone - 1, "a hole of {gone} s is left: {before:?}, {back:?}");
    scene.staff.instructor.post_from(&path, &path, &[("act", "out"), ("person", &blue)]).await.went_on();
    let out = sheet(scene, &token).await;
    assert_eq!(out[1].1.as_array().map(Vec::len), Some(1), "one line, from before the kill to now: {out:?}");
    assert!(out[1].1[0]["to_ms"].is_i64() && out[1].1[0]["id"] == before[1].1[0]["id"], "{out:?}");
}

async fn body(scene: &mut Scene, red: &Browser) {
    let run = scene.exercise.clone();
    let before = identities(&run);
    assert_eq!(before.len(), 6);
    scene.red(1).get("/seat").await.ok();
    checked_in(scene).await;

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
