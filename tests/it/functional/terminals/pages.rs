//! The same in real browsers: a reload finds the screen, the instructor looks on, the recording replays it.

use std::time::Duration;

use serde_json::json;

use crate::harness::browser::{Browser, Driver};
use crate::harness::http::Person;
use crate::harness::stage::Scene;
use crate::harness::words::zh;
use crate::harness::{SOON, eventually};

/// A browser that has somebody's log-in.
async fn as_person(driver: &Driver, scene: &Scene, name: &str, person: &Person) -> Browser {
    let browser = driver.browser(name, &scene.server.base()).await;
    browser.goto("/accessibility").await;
    let cookies = person.cookies();
    let log_in = cookies.split("; ").find(|pair| pair.starts_with("rampart=")).expect("no log-in");
    browser.js("document.cookie = arguments[0]", vec![json!(format!("{log_in}; path=/"))]).await;
    browser
}

async fn shown(browser: &Browser, css: &str) -> Vec<String> {
    let text = browser
        .js("return document.querySelector(arguments[0]).terminalText?.() ?? ''", vec![json!(css)])
        .await;
    text.as_str().unwrap_or_default().lines().map(|line| line.trim_end().to_owned()).collect()
}

async fn wait_shown(browser: &Browser, css: &str, line: &str) -> Vec<String> {
    let what = format!("{}: {css} shows {line:?}", browser.name);
    eventually(&what, SOON, || async {
        let screen = shown(browser, css).await;
        screen.iter().any(|one| one.trim() == line).then_some(screen)
    })
    .await
}

/// The terminal once it shows a line and the shell asks again below it.
async fn settled(browser: &Browser, line: &str) -> Vec<String> {
    let what = format!("{}: the terminal shows {line:?} and asks again", browser.name);
    eventually(&what, SOON, || async {
        let screen = browser.screen().await;
        let at = screen.iter().rposition(|one| one.trim() == line)?;
        screen[at + 1..].iter().any(|one| !one.trim().is_empty()).then_some(screen)
    })
    .await
}

pub async fn reloaded_watched_and_replayed(scene: &Scene, driver: &Driver) {
    let red = as_person(driver, scene, "red", scene.red(1)).await;
    red.goto("/seat").await;
    red.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
    red.paste_in_terminal(
        "clear; printf '\\033[33m台灣\\033[0m 地方政府\\n'; echo $((40+2)) $$ > pid; cat pid",
    )
    .await;
    red.wait_screen("台灣 地方政府", SOON).await;
    red.paste_in_terminal("seq 1 120; echo 畫面-$((6*7))").await;
    let before = settled(&red, "畫面-42").await;

    // A reload is no new shell: the same screen, with what has scrolled away.
    red.goto("/seat").await;
    let after = settled(&red, "畫面-42").await;
    assert_eq!(after.iter().filter(|line| *line == "台灣 地方政府").count(), 1, "{after:#?}");
    let tail = |screen: &[String]| screen[screen.len().saturating_sub(60)..].to_vec();
    assert_eq!(tail(&after), tail(&before), "the screen after the reload is another one");
    red.paste_in_terminal("clear; [ $(cut -d' ' -f2 pid) = $$ ] && echo same-shell").await;
    red.wait_screen("same-shell", SOON).await;

    // The instructor opens the list, looks on, and sees what happens; the trainee is told.
    let teacher = as_person(driver, scene, "teacher", &scene.staff.instructor).await;
    teacher.goto(&format!("/exercises/{}/terminals", scene.exercise)).await;
    let link = "table a[href*='/terminals/']";
    let links = teacher
        .js("return [...document.querySelectorAll(arguments[0])].map((a) => a.pathname)", vec![json!(link)]);
    let path = links.await.as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
    teacher.goto(&path).await;
    teacher.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
    wait_shown(&teacher, "[data-watch]", "same-shell").await;
    red.wait_for("[data-term-watched]:not([hidden])", SOON).await;
    red.paste_in_terminal("echo 講師看得到-$((6*7))").await;
    red.wait_screen("講師看得到-42", SOON).await;
    wait_shown(&teacher, "[data-watch]", "講師看得到-42").await;
    let size = "return document.querySelector('[data-term-size]').textContent";
    assert_eq!(teacher.js(size, vec![]).await, red.js(size, vec![]).await, "the size is the owner's");
    teacher.goto(&format!("/exercises/{}/terminals", scene.exercise)).await;
    red.wait_for("[data-term-watched][hidden]", SOON).await;
    red.paste_in_terminal("exit").await;
    red.wait_text("[data-term-state]", &zh("terminal.ended"), SOON).await;

    // The recording replays it, at any place.
    let id = path.rsplit('/').next().unwrap();
    let replay = format!("/exercises/{}/recordings/{id}", scene.exercise);
    eventually("the recording is sealed", SOON, || async {
        let page = scene.staff.instructor.get(&replay).await.ok();
        page.contains(&zh("replay.intact")).then_some(())
    })
    .await;
    teacher.goto(&replay).await;
    teacher.wait_for("[data-play]:not([disabled])", SOON).await;
    let to = "const s = document.querySelector('[data-seek]'); s.value = s.max * arguments[0]; s.dispatchEvent(new Event('input'))";
    teacher.js(to, vec![json!(1)]).await;
    wait_shown(&teacher, "[data-replay]", "講師看得到-42").await;
    teacher.js(to, vec![json!(0)]).await;
    eventually("the beginning is shown again", SOON, || async {
        (!shown(&teacher, "[data-replay]").await.iter().any(|line| line.contains("講師"))).then_some(())
    })
    .await;
    // Played at 8x, a line may stand for less than a look at the page takes: looked at is where the playing ends.
    teacher.choose("[data-speed]", "8").await;
    teacher.click("[data-play]").await;
    wait_shown(&teacher, "[data-replay]", "講師看得到-42").await;
    teacher.wait_text("[data-play-text]", &zh("terminals.play"), SOON).await;
    let marks = teacher.texts("[data-marks-list] li").await;
    assert!(marks.iter().any(|mark| mark.contains(&zh("replay.mark.watched"))), "{marks:?}");
    let back = marks.iter().position(|mark| mark.contains(&zh("replay.mark.back")));
    let back = back.unwrap_or_else(|| panic!("no mark of the way back: {marks:?}"));
    teacher.click(&format!("[data-marks-list] li:nth-child({}) button", back + 1)).await;
    wait_shown(&teacher, "[data-replay]", "畫面-42").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    red.close().await;
    teacher.close().await;
}
