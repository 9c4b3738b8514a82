//! The wall without its controls, and a past moment of an exercise that has ended.

use std::time::{Duration, Instant};

use scoreboard::{Audience, Entry, Fold, Side};
use serde_json::json;

use crate::harness::browser::Browser;
use crate::harness::http::Person;
use crate::harness::stage::{self, Scene};
use crate::harness::{SOON, eventually};

/// Id, rank, score of each team in the order shown.
type Shown = Vec<(String, String, i64)>;

/// The ranks that the page shows.
async fn shown(browser: &Browser) -> Shown {
    let script = "return [...document.querySelectorAll('[data-team]')].map((li) => [li.dataset.team, \
                  li.querySelector('.rank').textContent, li.querySelector('[data-score]').textContent])";
    let rows = browser.js(script, vec![]).await;
    let number = |text: &str| text.replace(',', "").replace('\u{2212}', "-").parse().unwrap();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |at: usize| row[at].as_str().unwrap().to_owned();
            (text(0), text(1), number(&text(2)))
        })
        .collect()
}

/// Waits until the page shows these ranks.
async fn shows(browser: &Browser, wanted: &Shown, when: &str) {
    let began = Instant::now();
    loop {
        let now = shown(browser).await;
        if now == *wanted {
            return;
        }
        assert!(began.elapsed() < SOON, "{when}: {now:?} is shown and not {wanted:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The ranks that the ledger adds up to at a moment of the exercise clock.
fn added_up(entries: &[Entry], at_ms: i64) -> Shown {
    let mut fold = Fold::default();
    for entry in entries {
        let mut next = fold.clone();
        next.apply(entry);
        if next.clock.at(entry.at_ms) > at_ms {
            break;
        }
        fold = next;
    }
    [Side::Red, Side::Blue]
        .into_iter()
        .flat_map(|side| fold.ranks(side, Audience::Staff))
        .map(|row| (row.id, row.rank.to_string(), row.points))
        .collect()
}

async fn entries(scene: &Scene) -> Vec<Entry> {
    let token = stage::token(&scene.staff.instructor, &["ledger:read"]).await;
    let reader = Person::new(&scene.server.base());
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/exercises/{}/ledger?limit=500{cursor}", scene.exercise);
        let request = reader.request(reqwest::Method::GET, &path);
        let part = reader.send(request.header("authorization", format!("Bearer {token}"))).await.json();
        for item in part["items"].as_array().unwrap() {
            entries.push(serde_json::from_value(item["entry"].clone()).unwrap());
        }
        match part["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

/// How opaque the controls of the wall are.
async fn controls(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.chart-acts, .wall-foot a, .wall-foot .langs')]\
                  .map((part) => getComputedStyle(part).opacity)";
    let found = browser.js(script, vec![]).await;
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// A picture of what is shown, for people.
async fn picture(browser: &Browser, name: &str) {
    let folder = crate::harness::artifacts().with_file_name("board-pictures");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), browser.client.screenshot().await.unwrap()).unwrap();
}

pub async fn the_wall_is_bare_and_any_moment_can_be_seen_again(scene: &Scene, browser: &Browser) {
    let run = &scene.exercise;
    // Scores that go up and down, so that moments differ.
    let judge = format!("/exercises/{run}/judge");
    for (team, points) in [("b1", "40"), ("r1", "-130"), ("b1", "-5"), ("r1", "200")] {
        let fields =
            [("act", "correct"), ("team", team), ("points", points), ("about", ""), ("text", "更正")];
        scene.staff.instructor.post_from(&judge, &judge, &fields).await.went_on();
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let board = format!("/board/{run}");
    browser.goto(&board).await;
    browser.client.set_window_size(1366, 900).await.unwrap();

    // Nobody touches the wall: what only a person at it needs goes, and comes back with them.
    eventually("the wall is bare", SOON, || async {
        let seen = controls(browser).await;
        (seen.len() >= 4 && seen.iter().all(|opacity| opacity == "0")).then_some(())
    })
    .await;
    picture(browser, "wall").await;
    eventually("the controls are back", SOON, || async {
        // Moved each time: on a slow machine they may have gone again before the look.
        browser.js("window.dispatchEvent(new PointerEvent('pointermove', {bubbles: true}))", vec![]).await;
        controls(browser).await.iter().all(|opacity| opacity == "1").then_some(())
    })
    .await;

    stage::act(&scene.staff.instructor, run, "end", &scene.code).await;
    stage::wait_state(&scene.staff.instructor, run, "ended", SOON).await;
    let entries = entries(scene).await;
    let last = i64::MAX;
    let finals = added_up(&entries, last);
    assert!(finals.iter().any(|(.., points)| *points != 0));
    browser.goto(&board).await;
    shows(browser, &finals, "the ended board").await;

    browser.click("[data-replay-open]").await;
    browser.wait_for("[data-replaying]:not([hidden])", SOON).await;
    shows(browser, &finals, "a replay begins at its end").await;
    let length: i64 = browser
        .js("return Number(document.querySelector('[data-replay-seek]').max)", vec![])
        .await
        .as_i64()
        .unwrap();
    assert!(length > 4_000, "{length} ms is no exercise");
    let mut differ = 0;
    for (name, at) in
        [("0", 0), ("middle", length / 2 / 1000 * 1000), ("late", length - 3_000), ("end", length)]
    {
        browser.set("[data-replay-seek]", &at.to_string()).await;
        let wanted = if at == length { finals.clone() } else { added_up(&entries, at) };
        shows(browser, &wanted, &format!("at {at} of {length} ms")).await;
        differ += usize::from(wanted != finals);
        picture(browser, &format!("replay-{name}")).await;
    }
    assert!(differ >= 2, "all moments are alike");
    let start = added_up(&entries, 0);
    assert!(start.iter().all(|(.., points)| *points == 0), "{start:?}");

    // At whatever speed it runs, it ends with the final standings.
    for speed in ["300", "60"] {
        let from = if speed == "300" { 0 } else { length - 5_000 };
        browser.set("[data-replay-seek]", &from.to_string()).await;
        browser.choose("[data-replay-speed]", speed).await;
        browser.click("[data-replay-play]").await;
        eventually("the replay has come to its end", SOON, || async {
            let script = "const seek = document.querySelector('[data-replay-seek]'); \
                          return Number(seek.max) - Number(seek.value)";
            let left = browser.js(script, vec![]).await;
            (left.as_i64().unwrap() <= 1_000).then_some(())
        })
        .await;
        shows(browser, &finals, &format!("after a run at {speed}")).await;
    }
    browser.client.set_window_size(390, 844).await.unwrap();
    picture(browser, "replay-narrow").await;
    browser.click("[data-replay-now]").await;
    eventually("the live board is back", SOON, || async {
        let hidden = browser.js("return document.querySelector('[data-replaying]').hidden", vec![]).await;
        (hidden == json!(true)).then_some(())
    })
    .await;
    shows(browser, &finals, "the live board").await;
}
