//! Before the exercise: accounts, roster, exercise, seats, slips, ranges.

use std::time::{Duration, Instant};

use super::{PEOPLE, Play, log_in};
use crate::harness::browser::Browser;
use crate::harness::stage::{PASSWORD, first_administrator, local};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, docker};

async fn choose_password(browser: &Browser, once: &str) {
    browser.goto("/people").await;
    assert_eq!(browser.path().await, "/password", "a one-time password opens nothing but its change");
    browser.fill("#f-current", once).await;
    browser.fill("#f-new", PASSWORD).await;
    browser.fill("#f-again", PASSWORD).await;
    browser.click("form[action=\"/password\"] button.primary").await;
    browser.wait_for(".toast.ok", SOON).await;
}

/// The administrator logs in for the first time and makes an instructor and an officer.
pub async fn accounts(play: &mut Play) {
    let (login, once) = first_administrator(&play.server);
    let admin = play.of("admin");
    log_in(admin, &login, "surely-not-the-one").await;
    admin.wait_text("[role=alert]", &zh("error.login_refused"), SOON).await;
    log_in(admin, &login, &once).await;
    choose_password(admin, &once).await;
    for (name, login, role) in [("林教官", "teacher", "instructor"), ("呂差勤", "officer", "officer")] {
        admin.goto("/accounts").await;
        admin.fill("#f-login", login).await;
        admin.fill("#f-name", name).await;
        admin.choose("#f-role", role).await;
        admin.click("form.card.form button.primary").await;
        let once = admin.text("code.secret").await;
        let person = play.of(role);
        log_in(person, login, &once).await;
        choose_password(person, &once).await;
    }
}

async fn upload(browser: &Browser, play: &Play, name: &str, text: &str) {
    let file = play.server.data().with_file_name(name);
    std::fs::write(&file, text).unwrap();
    browser.goto("/people/import").await;
    browser.find("#f-file").await.send_keys(&file.display().to_string()).await.unwrap();
    browser.click("form[enctype] button.primary").await;
}

/// A roster with faults is refused whole, with every fault by row and column; the right one is written after a preview.
pub async fn roster(play: &mut Play) {
    let room = play.of("instructor");
    let bad = "姓名,職號,機關,性別\r\n許藍圖,A101,縣政府 數位發展處,男\r\n,A102,木棉雲端,女\r\n謝測試,A101,縣政府 數位發展處,其他\r\n王假名,S005,青嵐科技大學,某\r\n周無記,S006,青嵐科技大學,,多一欄\r\n";
    upload(room, play, "bad.csv", bad).await;
    room.wait_text("[role=alert]", &zh("import.nothing_written"), SOON).await;
    let rows = room.texts("main table tbody tr").await;
    for (row, column, key) in [
        ("3", "姓名", "error.csv_required"),
        ("4", "職號", "error.csv_duplicate"),
        ("5", "性別", "error.csv_gender"),
        ("6", "", "error.csv_columns"),
    ] {
        let told =
            rows.iter().any(|told| told.starts_with(row) && told.contains(column) && told.contains(&zh(key)));
        assert!(told, "row {row}, column {column}: {} is not told: {rows:?}", zh(key));
    }
    room.goto("/people").await;
    room.wait_for(".card.empty", SOON).await;

    let mut good = String::from("\u{feff}姓名,職號,機關,性別\r\n");
    for (name, number, agency, gender, _) in PEOPLE {
        good.push_str(&format!("{name},{number},{agency},{gender}\r\n"));
    }
    upload(room, play, "good.csv", &good).await;
    room.wait_for("input[name=token]", SOON).await;
    assert_eq!(
        room.texts("main .scroll.tall tbody tr").await.len(),
        PEOPLE.len(),
        "the preview has each person"
    );
    room.click("button[name=act][value=write]").await;
    room.wait_text(".toast", &zh("flash.people_written"), SOON).await;
    room.goto("/people").await;
    let people = room.texts("main table tbody tr").await;
    assert_eq!(people.len(), PEOPLE.len());
    for line in &people {
        for gender in ["不願透露", "其他", "男", "女"] {
            assert!(!line.contains(gender), "the register shows a gender: {line}");
        }
    }
}

/// An exercise with two pairs.
pub async fn exercise(play: &mut Play) {
    let code = play.code.clone();
    let room = play.of("instructor");
    room.goto("/exercises/new").await;
    room.click("input[name=scenario][value=qinglan-portal]").await;
    room.fill("#f-title", "紅藍對抗實作").await;
    room.fill("#f-pairs", "2").await;
    room.fill("#f-place", "嵐北訓練教室").await;
    room.set("#f-starts", &local(2)).await;
    room.set("#f-ends", &local(1)).await;
    // A code that is none, and an end before the start: both are told at once, and what was typed is kept.
    room.fill("#f-code", "S 115/02").await;
    room.click("form[action=\"/exercises/new\"] button.primary").await;
    room.wait_for("[role=alert]", SOON).await;
    let told = room.text("[role=alert]").await;
    assert!(!told.is_empty());
    assert_eq!(room.find("#f-place").await.prop("value").await.unwrap().as_deref(), Some("嵐北訓練教室"));
    room.fill("#f-code", &code).await;
    room.set("#f-starts", &local(0)).await;
    room.set("#f-ends", &local(3)).await;
    room.click("form[action=\"/exercises/new\"] button.primary").await;
    room.wait_for("select[name^=\"team.\"]", SOON).await;
    let path = room.path().await;
    let id = path.trim_start_matches("/exercises/").split('/').next().unwrap().to_owned();
    assert_eq!(path, format!("/exercises/{id}/seats"));
    play.server.owns(&id);
    play.exercise = id;
}

/// People into teams, and a slip for each.
pub async fn seats_and_slips(play: &mut Play) {
    let room = play.of("instructor");
    for (name, .., team) in PEOPLE {
        room.choose(&format!("select[aria-label*=\"{name}\"]"), team).await;
    }
    room.click("button[name=act][value=save]").await;
    room.wait_text(".toast", &zh("flash.seats_saved"), SOON).await;
    room.goto(&play.at("/slips")).await;
    room.click("button[name=act][value=make]").await;
    room.wait_for(".slips li", SOON).await;
    let names = room.texts(".slip-name b").await;
    let codes = room.texts(".slip-code").await;
    assert_eq!((names.len(), codes.len()), (PEOPLE.len(), PEOPLE.len()));
    let codes: Vec<(String, String)> = names.into_iter().zip(codes).collect();
    // Shown once: the page does not hold them when it is opened again.
    room.goto(&play.at("/slips")).await;
    let again = room.source().await;
    assert!(codes.iter().all(|(_, code)| !again.contains(code)), "codes are shown twice");
    play.codes = codes;
}

/// The ranges are built with progress, and both walls are proven from inside before anybody sits down.
pub async fn launch(play: &mut Play) {
    let room = play.of("instructor");
    room.goto(&play.at("")).await;
    play.press("launch").await;
    room.wait_for("[aria-labelledby=\"launch-t\"]", SOON).await;
    play.wait_state("ready", LAUNCH).await;
    assert_eq!(docker::containers(&play.exercise).len(), 12, "two ranges of six hosts");
    assert_eq!(docker::networks(&play.exercise).len(), 6, "three zones each");
    let kinds = ["host", "engine", "other_team", "outside", "denied", "allowed"];
    let is_of = |row: &String, range: &str, what: &str| {
        row.starts_with(range) && row.contains(&zh(&format!("proof.{what}")))
    };
    let all: Vec<(&str, &str)> = kinds.iter().flat_map(|what| [("1", *what), ("2", *what)]).collect();
    let began = Instant::now();
    let proofs = loop {
        let proofs = room.texts("section[aria-labelledby=\"walls-t\"] tbody tr").await;
        if all.iter().all(|(range, what)| proofs.iter().any(|row| is_of(row, range, what))) {
            break proofs;
        }
        assert!(began.elapsed() < SOON, "not all walls were tried in both ranges: {proofs:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(
        !room.has("section[aria-labelledby=\"walls-t\"] tr.danger-row").await,
        "a wall does not hold: {proofs:?}"
    );
}

/// The clock runs.
pub async fn start(play: &mut Play) {
    play.press("start").await;
    play.wait_state("running", SOON).await;
    let spectator = play.of("spectator");
    spectator.goto("/board").await;
    spectator.click(&format!("a[href=\"/board/{}\"]", play.exercise)).await;
    spectator.wait_for("li[data-team=r1]", SOON).await;
}
