//! Red: seat code, terminal, flags.

use super::{LONG, Play};
use crate::harness::browser::Browser;
use crate::harness::stage::planted;
use crate::harness::words::zh;
use crate::harness::{SOON, eventually};
use crate::style::root;

/// Objectives of the scenario with their points, in order of use.
pub const OBJECTIVES: [(&str, i64); 3] = [("portal-db", 100), ("www-file", 150), ("doc-sealed", 250)];

/// Somebody opens the seat by the code on the slip.
pub async fn enter_seat(browser: &Browser, code: &str) {
    browser.goto("/").await;
    browser.fill("#f-code", code).await;
    browser.click("form[action=\"/\"] button.primary").await;
    browser.wait_for("main.seat-main, [data-terminal]", SOON).await;
    assert_eq!(browser.path().await, "/seat");
}

/// Code of a person, as printed.
pub fn code_of(play: &Play, name: &str) -> String {
    play.codes.iter().find(|(known, _)| known == name).unwrap().1.clone()
}

/// A wrong code says what is wrong with it; the right one opens the seat, once.
pub async fn sits_down(play: &mut Play) {
    let red = play.of("red");
    red.goto("/").await;
    red.fill("#f-code", "QL7K-4M2O").await;
    red.click("form[action=\"/\"] button.primary").await;
    red.wait_for("#e-code", SOON).await;
    assert!(red.text("#e-code").await.contains('O'), "the letter that no code has is named");
    let code = code_of(play, "許藍圖");
    enter_seat(red, &code).await;
    // Used up: nobody else gets in by the same slip.
    let second = crate::harness::http::Person::new(&play.server.base());
    let answer = second.post_from("/", "/", &[("code", &code)]).await;
    assert_eq!(answer.status.as_u16(), 422, "a seat code opened two seats");
}

/// Types the scenario's solution into the terminal and reads the flags off its screen.
pub async fn solves_in_the_terminal(play: &mut Play) -> Vec<String> {
    let red = play.of("red");
    red.goto("/seat").await;
    red.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
    let script = std::fs::read_to_string(root().join("scenarios/qinglan-portal/solve/red.sh")).unwrap();
    let screen = red.run_in_terminal("red.sh", script.trim_end(), "bash red.sh", LONG).await;
    play.picture("red", "seat-red.png").await;
    OBJECTIVES
        .iter()
        .map(|(objective, _)| {
            let start = format!("FLAG {objective} ");
            let line = screen.iter().find_map(|line| line.strip_prefix(&start));
            line.unwrap_or_else(|| panic!("no flag of {objective} on the screen: {screen:#?}")).to_owned()
        })
        .collect()
}

/// Submits a flag in the box of an objective; what the page answers.
async fn submit(play: &Play, objective: &str, flag: &str) -> (bool, String) {
    let red = play.of("red");
    red.goto(&format!("/seat?o={objective}")).await;
    red.fill("#f-flag", flag).await;
    red.click("form[data-flag] button.primary").await;
    eventually("the flag box answers", SOON, || async {
        let text = red.text("#flag-answer").await;
        (!text.trim().is_empty()).then_some(())
    })
    .await;
    let right = red.has("#flag-answer.right").await;
    (right, red.text("#flag-answer").await)
}

async fn tries_of(play: &Play, objective: &str) -> String {
    let red = play.of("red");
    red.goto(&format!("/seat?o={objective}")).await;
    red.text("#objectives li.selected small").await
}

/// Malformed, wrong, the right flag in the wrong box, another team's.
pub async fn answers_that_do_not_score(play: &mut Play) {
    let before = tries_of(play, "portal-db").await;
    let (right, said) = submit(play, "portal-db", "RMP{not a flag}").await;
    assert!(!right && said.contains(&zh("error.malformed_form")[..12]), "malformed: {said}");
    assert_eq!(tries_of(play, "portal-db").await, before, "a malformed flag costs no try");

    let wrong = format!("RMP{{{}}}", "0".repeat(32));
    let (right, said) = submit(play, "portal-db", &wrong).await;
    assert!(!right, "wrong: {said}");

    // Another team's flag reads like any wrong one to red; the instructor gets an alert that names both.
    let theirs = planted(&play.exercise, 2);
    let (right, foreign) = submit(play, "portal-db", &theirs[0].1).await;
    assert!(!right, "another team's flag: {foreign}");
    let plain = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let (_, wrong_again) = submit(play, "portal-db", &wrong.replace('0', "1")).await;
    assert_eq!(plain(&foreign), plain(&wrong_again), "red can tell another team's flag from a wrong one");
    let room = play.of("instructor");
    let alert = room.wait_text(".alerts li", &zh("alert.foreign_flag.title"), SOON).await;
    let teams = room.texts(".alerts li .team").await;
    assert!(teams.len() >= 2, "the alert names both teams: {alert}");

    // The own flag of another objective is wrong here.
    let own = planted(&play.exercise, 1);
    let (right, said) = submit(play, "portal-db", &own[1].1).await;
    assert!(!right, "the flag of another objective: {said}");
    assert_eq!(play.team("r1").await["points"], 0, "nothing of this scores");
}

/// The three flags score, each once.
pub async fn submits(play: &mut Play, flags: &[String]) {
    for ((objective, points), flag) in OBJECTIVES.iter().zip(flags) {
        let (right, said) = submit(play, objective, flag).await;
        assert!(right, "{objective}: {said}");
        assert!(said.contains(&points.to_string()), "{objective}: {said}");
        play.points_red += points;
        let team = play.team("r1").await;
        assert_eq!(team["points"], play.points_red, "an answer means that it stands");
    }
    // The box of a captured objective is gone, so the second time is asked of the server itself.
    let red = play.of("red");
    red.goto("/seat?o=portal-db").await;
    let script = "const done = arguments[arguments.length - 1]; \
                  const csrf = document.querySelector('input[name=csrf]').value; \
                  fetch('/seat/flags', {method: 'POST', headers: {Accept: 'application/json'}, \
                    body: new URLSearchParams({csrf, objective: arguments[0], flag: arguments[1]})}) \
                  .then((answer) => answer.text()).then(done)";
    let args = vec![OBJECTIVES[0].0.into(), flags[0].as_str().into()];
    let said = red.client.execute_async(script, args).await.unwrap();
    let said = said.as_str().unwrap_or_default().to_owned();
    assert!(said.contains(&zh("error.already_yours")), "the same again: {said}");
    assert_eq!(play.team("r1").await["points"], play.points_red);
}
