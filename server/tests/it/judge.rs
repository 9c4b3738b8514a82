//! The judge's desk and the freeze of the board.

use axum::http::StatusCode;

use crate::house::{House, Visitor};

async fn public(house: &House) -> Vec<Vec<u8>> {
    let visitor = house.visitor();
    let mut seen = Vec::new();
    for path in [
        "/board".to_owned(),
        format!("/board/{}", house.exercise),
        format!("/board/{}/table", house.exercise),
        format!("/board/{}/state", house.exercise),
        format!("/board/{}/history", house.exercise),
        format!("/board/{}/scores/standings.csv", house.exercise),
        format!("/board/{}/scores/standings.xlsx", house.exercise),
    ] {
        let answer = visitor.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        seen.push(answer.header("etag").as_bytes().to_vec());
        // Files and documents are compared to the byte.
        if !path.ends_with("/table") && path.matches('/').count() > 2 {
            seen.push(answer.bytes);
            continue;
        }
        // The page's clock runs and its nonce changes; scores may not.
        seen.push(scores(&answer.text()));
    }
    for path in [format!("/board/{}/state", house.exercise), format!("/board/{}/history", house.exercise)] {
        let answer = visitor.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        seen.push(format!("{:?} {}", answer.headers["etag"], answer.text()).into_bytes());
    }
    seen
}

/// What of a page tells of scores: the board's data without its clocks, or the table.
fn scores(text: &str) -> Vec<u8> {
    let clocks = |text: &str| -> String {
        text.lines().filter(|line| !line.contains("clock")).collect::<Vec<_>>().join("\n")
    };
    match text.split_once("id=\"board-data\">") {
        Some((_, rest)) => {
            let json: serde_json::Value =
                serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap();
            json["board"].to_string().into_bytes()
        }
        None => clocks(text.split_once("<main").map_or(text, |(_, rest)| rest)).into_bytes(),
    }
}

async fn ruling(house: &House, staff: &Visitor, fields: &[(&str, &str)]) -> StatusCode {
    staff.post(&format!("/exercises/{}/judge", house.exercise), fields).await.status
}

#[tokio::test]
async fn a_dispute_goes_from_the_seat_to_the_judge_and_back() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let flag = house.flag("r1", "portal-db");
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &flag)]).await;
    let record = red.get("/seat/score").await.text();
    let about = record.split("name=\"about\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = red.post("/seat/contests", &[("about", &about), ("text", " ")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let evil = "<img src=x onerror=alert(1)> 應得 150";
    let answer = red.post("/seat/contests", &[("about", &about), ("text", evil)]).await;
    assert_eq!(answer.location(), Some("/seat/score"), "{}", answer.text());
    let stranger = house.seat("r2").await;
    let answer = stranger.post("/seat/contests", &[("about", &about), ("text", "mine")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "another team's entry");

    let teacher = house.staff("teacher").await;
    let desk = teacher.get(&format!("/exercises/{}/judge", house.exercise)).await.text();
    assert!(desk.contains("&lt;img") && !desk.contains("<img src=x"), "shown as it was typed, and as text");
    let contest =
        desk.split("name=\"contest\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let wrong = [("act", "rule"), ("contest", &contest), ("upheld", "no"), ("points", "50"), ("text", "no")];
    assert_eq!(ruling(&house, &teacher, &wrong).await, StatusCode::UNPROCESSABLE_ENTITY);
    let right =
        [("act", "rule"), ("contest", &contest), ("upheld", "yes"), ("points", "50"), ("text", "題目有誤")];
    assert_eq!(ruling(&house, &teacher, &right).await, StatusCode::SEE_OTHER);
    assert_eq!(house.app.exercise(&house.exercise).unwrap().fold().team("r1").unwrap().points, 150);
    assert!(red.get("/seat/score").await.text().contains("題目有誤"));
}

#[tokio::test]
async fn a_frozen_board_does_not_move_for_the_public() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let red = house.seat("r1").await;
    assert_eq!(ruling(&house, &teacher, &[("act", "freeze")]).await, StatusCode::SEE_OTHER);
    assert_eq!(ruling(&house, &teacher, &[("act", "freeze")]).await, StatusCode::UNPROCESSABLE_ENTITY);
    let live = house.app.exercise(&house.exercise).unwrap();
    wait_shown(&house).await;
    let before = public(&house).await;
    let (_, mut updates) = live.board().subscribe(None);
    let flag = house.flag("r1", "portal-db");
    let answer = red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &flag)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let after = public(&house).await;
    for (place, (before, after)) in before.iter().zip(&after).enumerate() {
        assert!(
            before == after,
            "road {place}: {} / {}",
            String::from_utf8_lossy(before),
            String::from_utf8_lossy(after)
        );
    }
    while let Ok(update) = updates.try_recv() {
        assert_eq!(
            update.from, update.seq,
            "nothing is streamed but signs of life, not even that something happened"
        );
    }
    // The team sees its own score, staff see all.
    assert!(red.get("/seat").await.text().contains(">100<"));
    let room = teacher.get(&format!("/exercises/{}/live", house.exercise)).await.text();
    assert!(room.contains("<b>100</b>"), "{room}");
    assert_eq!(ruling(&house, &teacher, &[("act", "show")]).await, StatusCode::SEE_OTHER);
    let update = loop {
        let within = std::time::Duration::from_secs(120);
        let update = tokio::time::timeout(within, updates.recv()).await.unwrap().unwrap();
        if update.from != update.seq {
            break update;
        }
    };
    let said = String::from_utf8(update.frame.bytes(false).to_vec()).unwrap();
    assert!(said.contains("\"points\":100"), "{said}");
    let history = house.visitor().get(&format!("/board/{}/history", house.exercise)).await.text();
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    assert_eq!(history["frozen"], false);
}

/// Waits until the board shows that it is frozen.
async fn wait_shown(house: &House) {
    let live = house.app.exercise(&house.exercise).unwrap();
    for _ in 0..1200 {
        if live.board().document().json.windows(13).any(|part| part == b"\"frozen\":true") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the board was not frozen");
}
