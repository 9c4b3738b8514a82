//! Pause and resume, the board, the sign-in sheet, the end, the officer's table.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::red::code_of;
use super::{PEOPLE, Play, figure};
use crate::harness::browser::Browser;
use crate::harness::http::Person;
use crate::harness::stage::{planted, sit};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, docker, eventually};

async fn all_containers(play: &Play, state: &str) {
    eventually(&format!("all containers are {state}"), SOON, || async {
        let names = docker::containers(&play.exercise);
        (names.len() == 12 && names.iter().all(|name| docker::state(name) == state)).then_some(())
    })
    .await;
}

/// Sits at the second red seat for the rest of the exercise, with the page's stream open.
async fn second_red(play: &Play) -> Person {
    let person = sit(&play.server.base(), &code_of(play, "謝測試")).await;
    let stream = person.stream("/seat/events").await;
    assert_eq!(stream.status().as_u16(), 200);
    tokio::spawn(async move {
        use futures_util::StreamExt;
        let mut stream = stream.bytes_stream();
        while let Some(Ok(_)) = stream.next().await {}
    });
    person
}

/// Containers and clock are frozen, a flag is refused and costs nothing; then everything goes on.
pub async fn pause_and_resume(play: &mut Play) {
    let second = second_red(play).await;
    second.get("/seat").await.ok();
    let flag = planted(&play.exercise, 2)[0].1.clone();
    play.press("pause").await;
    play.wait_state("paused", SOON).await;
    all_containers(play, "paused").await;
    let room = play.of("instructor");
    let board = play.board().await;
    assert_eq!(board["clock"]["since_ms"], Value::Null, "the clock runs while paused");
    let banked = board["clock"]["banked_ms"].clone();
    let fields = [("objective", "portal-db"), ("flag", flag.as_str())];
    let answer = second.post_json("/seat/flags", &fields).await.json();
    assert_eq!((&answer["answer"], &answer["correct"]), (&json!("paused"), &json!(false)));
    let red = play.of("red");
    red.wait_text("#terminal", &zh("error.terminal_paused")[..12], SOON).await;
    // The page may still have been told of its last moment.
    eventually("the clock on the page stands", SOON, || async {
        let clock = room.text(".clock.huge .clock-v").await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        (room.text(".clock.huge .clock-v").await == clock).then_some(())
    })
    .await;
    let board = play.board().await;
    assert_eq!(board["clock"]["banked_ms"], banked);
    let two = board["sides"][0]["teams"].as_array().unwrap().iter().find(|team| team["id"] == "r2").unwrap();
    assert_eq!(two["points"], 0);

    play.press("resume").await;
    play.wait_state("running", SOON).await;
    all_containers(play, "running").await;
    assert!(play.board().await["clock"]["since_ms"].is_i64());
    let answer = second.post_json("/seat/flags", &fields).await.json();
    assert_eq!(answer["answer"], "correct", "the pause cost a try or the flag: {answer}");
    red.wait_text("[data-term-state]", &zh("terminal.connected"), SOON).await;
}

/// (team, rank, points) of every team as a page shows them.
async fn on_the_wall(wall: &Browser) -> Vec<(String, String)> {
    let script = "return [...document.querySelectorAll('li[data-team]')].map((l) => \
                  [l.querySelector('b:not([data-score])').textContent.trim(), l.querySelector('.rank').textContent.trim() + '/' + l.querySelector('[data-score]').textContent.trim()])";
    pairs(&wall.js(script, vec![]).await)
}

async fn in_the_room(room: &Browser) -> Vec<(String, String)> {
    let script = "return [...document.querySelectorAll('section[aria-labelledby=\"teams-t\"] tbody tr')].map((r) => \
                  [r.querySelector('th .team').lastChild.textContent.trim(), r.cells[0].textContent.trim() + '/' + r.cells[2].textContent.trim()])";
    pairs(&room.js(script, vec![]).await)
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().replace(',', "")))
        .collect();
    pairs.sort();
    pairs
}

/// Board, control room and stream show the same ranks and points, and nobody has reloaded anything.
pub async fn board_room_and_stream_agree(play: &mut Play) {
    let (wall, room) = (play.of("spectator"), play.of("instructor"));
    let agreed = eventually("board, control room and stream agree", SOON, || async {
        let board = play.board().await;
        let sides = board["sides"].as_array().unwrap();
        let mut stream: Vec<(String, String)> = sides
            .iter()
            .flat_map(|side| side["teams"].as_array().unwrap())
            .map(|team| {
                (team["name"].as_str().unwrap().to_owned(), format!("{}/{}", team["rank"], team["points"]))
            })
            .collect();
        stream.sort();
        let same = on_the_wall(wall).await == stream && in_the_room(room).await == stream;
        same.then_some(stream)
    })
    .await;
    assert_eq!(agreed.len(), 4);
    play.picture("spectator", "board.png").await;
    play.picture("instructor", "control-room.png").await;
    play.picture("blue", "seat-blue.png").await;
    let red = play.team("r1").await;
    assert_eq!((&red["points"], &red["rank"]), (&json!(play.points_red), &json!(1)));
    let text = wall.source().await;
    for secret in ["RMP{", "zzqx", "許藍圖", "謝測試"] {
        assert!(!text.contains(secret), "the public board shows {secret}");
    }
}

/// Somebody who never opened the seat is signed in and out by the instructor.
pub async fn sign_in_sheet(play: &mut Play) {
    let room = play.of("instructor");
    let (name, ..) = PEOPLE[4];
    let mark = "const row = [...document.querySelectorAll('table.attendance tbody tr')].find((r) => r.textContent.includes(arguments[0])); \
                row.dataset.mine = '1'; return row.textContent";
    room.goto(&play.at("/attendance")).await;
    let before = room.js(mark, vec![json!(name)]).await;
    assert!(before.as_str().unwrap().contains(&zh("attendance.absent")), "{before}");
    room.click("tr[data-mine] button[value=in]").await;
    room.wait_text(".toast", &zh("flash.signed_in"), SOON).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    room.js(mark, vec![json!(name)]).await;
    room.click("tr[data-mine] button[value=out]").await;
    room.wait_text(".toast", &zh("flash.signed_out"), SOON).await;
    let sheet = room.source().await;
    for gender in ["不願透露", "其他"] {
        assert!(!sheet.contains(gender), "the sheet shows a gender");
    }
}

async fn confirm(play: &Play, act: &str) {
    let room = play.of("instructor");
    room.goto(&play.at("")).await;
    room.click(&format!("[data-dialog=\"dlg-{act}\"]")).await;
    room.fill(&format!("#f-confirm-{act}"), &play.code).await;
    room.click(&format!("#dlg-{act} button.danger-solid")).await;
}

/// Ending keeps the ledger; cleared means that the engine has nothing of it any more.
pub async fn end_and_clear(play: &mut Play) {
    let instructor_path = play.at("/end");
    let room = play.of("instructor");
    room.goto(&instructor_path).await;
    room.fill("#f-confirm-end", "not-the-code").await;
    room.js("document.querySelector('form.confirm').requestSubmit ? document.querySelector('form.confirm').submit() : 0", vec![]).await;
    room.wait_text(".error", &zh("error.confirm_code"), SOON).await;
    confirm(play, "end").await;
    play.wait_state("ended", SOON).await;
    confirm(play, "clear").await;
    play.wait_state("cleared", LAUNCH).await;
    let left = docker::objects(&play.exercise);
    assert!(left.is_empty(), "said to be cleared, but there are {left:?}");
    let room = play.of("instructor");
    room.wait_text(".control-head", &zh("state.cleared"), SOON).await;

    play.server.verify_chain(&play.exercise);
}

/// Cells of the rows of an ODS table, by a reader that is not ours.
fn ods_rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let reader = r#"
import json, sys, zipfile
import xml.etree.ElementTree as tree
t = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
x = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
assert archive.namelist()[0] == "mimetype" and archive.read("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
rows = []
for row in tree.fromstring(archive.read("content.xml")).iter(t + "table-row"):
    rows.append(["".join("".join(p.itertext()) for p in cell.iter(x + "p")) for cell in row if cell.tag == t + "table-cell"])
print(json.dumps(rows))
"#;
    let out = Command::new("python3").args(["-c", reader]).arg(file.path()).output().unwrap();
    assert!(out.status.success(), "the ODS cannot be read: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// The table counts who came, page and files say the same, and each look leaves a line.
pub async fn the_officers_table(play: &mut Play) {
    let room = play.of("instructor");
    room.goto(&play.at("/attendance")).await;
    let hours_of_the_sheet = room.texts("dl.figures dd").await[3].clone();

    let office = play.of("officer");
    office.goto("/statistics").await;
    office.click(&format!("a[href=\"/statistics/{}\"]", play.exercise)).await;
    office.wait_for("table.x1 tbody tr", SOON).await;
    let figures = office.texts("dl.figures dd").await;
    assert_eq!(figure(&figures[0]), 4, "four of five came: {figures:?}");
    assert_eq!(figures[1], hours_of_the_sheet, "person-hours of the table and of the sheet");
    let head = office.texts("table.x1 thead th").await;
    let row = office.texts("table.x1 tbody tr:first-child td").await;
    let cell = |key: &str| {
        let name = zh(key);
        let at = head
            .iter()
            .position(|column| *column == name)
            .unwrap_or_else(|| panic!("no column {name}: {head:?}"));
        row[at - 1].clone()
    };
    for (key, count) in [
        ("x1.total", "4"),
        ("gender.male", "1"),
        ("gender.female", "1"),
        ("gender.other", "1"),
        ("gender.undisclosed", "-"),
        ("gender.unfilled", "1"),
    ] {
        assert_eq!(cell(key), count, "{key}: {head:?} {row:?}");
    }

    let officer = play.of("officer").person().await;
    let export = |format: &str| format!("/statistics/{}/export?format={format}", play.exercise);
    let csv = officer.get(&export("csv")).await;
    assert!(csv.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let csv = csv.ok();
    assert!(csv.starts_with('\u{feff}'), "a spreadsheet takes it for another encoding without the mark");
    let lines: Vec<Vec<&str>> =
        csv.trim_start_matches('\u{feff}').lines().map(|line| line.split(',').collect()).collect();
    let values: Vec<&str> = lines[1][1..].iter().map(|value| value.trim_matches('"')).collect();
    assert_eq!(values[0], "4");
    let counts: Vec<&str> = values[1..11].iter().step_by(2).copied().collect();
    assert_eq!(counts, ["1", "1", "1", "-", "1"], "{csv}");
    assert_eq!(values[1..11].to_vec(), row[1..11].to_vec(), "page and file differ: {csv}");
    let ods = officer.get(&export("ods")).await;
    assert_eq!(ods.status.as_u16(), 200);
    let rows = ods_rows(&ods.bytes);
    let in_ods = rows.iter().any(|cells| cells.len() > 11 && cells[1..12] == row[..11]);
    assert!(in_ods, "the page's row is not in the ODS: {rows:?}");

    let hours =
        officer.get(&format!("/statistics/{}/export?table=hours&format=csv", play.exercise)).await.ok();
    let sum = hours.lines().last().unwrap_or_default();
    assert!(
        sum.contains(hours_of_the_sheet.split_whitespace().next().unwrap_or_default()),
        "person-hours of the page ({hours_of_the_sheet}) are not the sum of the file: {hours}"
    );

    office.client.refresh().await.unwrap();
    let audit = office.texts("ol.lines li").await;
    for what in ["ODS", "CSV"] {
        assert!(
            audit.iter().any(|line| line.contains(what) && line.contains("呂差勤")),
            "no line for {what}: {audit:?}"
        );
    }
}

/// Instructor, administrator, trainee and passer-by get nothing of it.
pub async fn nobody_else_sees_it(play: &mut Play) {
    let id = play.exercise.clone();
    let paths = [
        "/statistics".to_owned(),
        format!("/statistics/{id}"),
        format!("/statistics/{id}/export?format=csv"),
    ];
    for name in ["admin", "instructor", "red", "spectator"] {
        let person = play.of(name).person().await;
        for path in &paths {
            let answer = person.get(path).await;
            let refused = matches!(answer.status.as_u16(), 303 | 401 | 403);
            assert!(refused, "{name} gets {} for {path}", answer.status);
            if matches!(name, "admin" | "instructor") {
                assert_eq!(answer.status.as_u16(), 403, "{name}: {path}");
            }
            assert!(!answer.text().contains(&zh("gender.female")), "{name}: {path}");
        }
    }
}
