//! What else a judge does, through the forms, and the files of the scores.

use std::collections::BTreeMap;
use std::io::Cursor;

use axum::http::StatusCode;
use calamine::{Data, Reader, Xlsx};
use rampart_app::NewExercise;
use rampart_app::records::export::csv_rows;
use rampart_domain::records::roc::form_value;
use scoreboard::{Answer as Flagged, Audience, Body, Component, Reason, Status};

use crate::house::{House, Visitor};

async fn act(house: &House, staff: &Visitor, fields: &[(&str, &str)]) -> StatusCode {
    let answer = staff.post(&format!("/exercises/{}/judge", house.exercise), fields).await;
    assert!([DONE, REFUSED].contains(&answer.status), "{fields:?}: {} {}", answer.status, answer.text());
    answer.status
}

async fn desk(house: &House, staff: &Visitor) -> String {
    staff.get(&format!("/exercises/{}/judge", house.exercise)).await.text()
}

/// Value of the first hidden field of a form for an act.
fn hidden(page: &str, act: &str, field: &str) -> String {
    let form = page.split(&format!("name=\"act\" value=\"{act}\"")).nth(1).unwrap();
    let value = form.split(&format!("name=\"{field}\" value=\"")).nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

fn points(house: &House, team: &str) -> i64 {
    house.app.exercise(&house.exercise).unwrap().fold().team(team).unwrap().points
}

const DONE: StatusCode = StatusCode::SEE_OTHER;
const REFUSED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

#[tokio::test]
async fn a_penalty_and_tries_go_through_the_desk_and_the_team_reads_why() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let red = house.seat("r1").await;
    let penalty = |points| [("act", "penalise"), ("team", "r1"), ("points", points), ("text", "離開靶場<b>")];
    assert_eq!(act(&house, &teacher, &penalty("0")).await, REFUSED);
    assert_eq!(act(&house, &teacher, &penalty("30")).await, DONE);
    assert_eq!(points(&house, "r1"), -30);
    let record = red.get("/seat/score").await.text();
    assert!(record.contains("離開靶場&lt;b&gt;"), "{record}");
    let page = desk(&house, &teacher).await;
    let about = hidden(&page, "lift", "about");
    assert_eq!(act(&house, &teacher, &[("act", "lift"), ("about", &about), ("text", "誤會")]).await, DONE);
    assert_eq!(act(&house, &teacher, &[("act", "lift"), ("about", &about), ("text", "誤會")]).await, REFUSED);
    assert_eq!(points(&house, "r1"), 0);
    assert!(red.get("/seat/score").await.text().contains("誤會"));
    let tries =
        [("act", "tries"), ("team", "r1"), ("objective", "portal-db"), ("tries", "3"), ("text", "平台故障")];
    assert_eq!(act(&house, &teacher, &tries).await, DONE);
    let page = red.get("/seat?o=portal-db").await.text();
    assert!(page.contains("23"), "20 and 3 tries are left");
}

#[tokio::test]
async fn a_void_needs_past_time_and_keeps_what_was_typed() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let started = house.app.exercise(&house.exercise).unwrap().fold().clock.started_ms.unwrap();
    while house.app.now_ms() < started + 2_000 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let second = |ms: i64| format!("{}:{:02}", form_value(ms), ms / 1000 % 60);
    let (from, to) = (second(started - 60_000), second(started + 1_500));
    let later = second(house.app.now_ms() + 3_600_000);
    let form = |to| {
        [
            ("act", "void"),
            ("range", "1"),
            ("check", "portal-search"),
            ("from", from.as_str()),
            ("to", to),
            ("text", "檢查故障"),
        ]
    };
    let answer = teacher.post(&format!("/exercises/{}/judge", house.exercise), &form(&later)).await;
    assert_eq!(answer.status, REFUSED);
    assert!(answer.text().contains(&format!("value=\"{later}\"")), "typed again");
    assert_eq!(act(&house, &teacher, &form(&to)).await, DONE);
    let page = desk(&house, &teacher).await;
    assert!(page.contains("檢查故障"));
    let void = hidden(&page, "unvoid", "void");
    assert_eq!(
        act(&house, &teacher, &[("act", "unvoid"), ("void", &void), ("text", "並無故障")]).await,
        DONE
    );
    assert_eq!(
        act(&house, &teacher, &[("act", "unvoid"), ("void", &void), ("text", "並無故障")]).await,
        REFUSED
    );
    assert_eq!(points(&house, "b1"), 0);
}

#[tokio::test]
async fn marks_of_a_report_are_blues_to_see_once_they_are_released() {
    let house = House::new().await;
    let (teacher, blue) = (house.staff("teacher").await, house.seat("b1").await);
    let now = house.app.now_ms();
    let seen = form_value(now - 60_000);
    let report =
        [("host", "www"), ("technique", "T1190"), ("seen", &seen), ("events", "e1"), ("text", "搜尋頁注入")];
    let answer = blue.post("/seat/reports", &report).await;
    assert_eq!(answer.status, DONE, "{}", answer.text());
    let live = house.app.exercise(&house.exercise).unwrap();
    while live.fold().reports[0].judged.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let before = points(&house, "b1");
    let page = desk(&house, &teacher).await;
    let id = hidden(&page, "mark", "report");
    let fields: Vec<(String, String)> = live
        .scenario()
        .reports
        .criteria
        .iter()
        .map(|criterion| (format!("mark.{}", criterion.id), (criterion.points - 1).to_string()))
        .collect();
    let mut form = vec![("act", "mark"), ("report", id.as_str()), ("text", "時間線清楚")];
    assert_eq!(act(&house, &teacher, &form).await, REFUSED, "no mark is given");
    form.extend(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    assert_eq!(act(&house, &teacher, &form).await, DONE);
    assert!(!blue.get("/seat/score").await.text().contains("時間線清楚"));
    assert!(!blue.get("/seat").await.text().contains("時間線清楚"));
    assert_eq!(points(&house, "b1"), before);
    assert_eq!(act(&house, &teacher, &[("act", "release")]).await, DONE);
    assert_eq!(act(&house, &teacher, &[("act", "release")]).await, REFUSED);
    let sum: i64 = live.scenario().reports.criteria.iter().map(|criterion| criterion.points - 1).sum();
    assert_eq!(points(&house, "b1") - before, sum);
    assert!(blue.get("/seat/score").await.text().contains("時間線清楚"));
}

fn turns(steps: &[Status]) -> Vec<Body> {
    steps.windows(2).map(|pair| Body::Status { from: pair[0], to: pair[1], note: None, why: None }).collect()
}

fn flag(team: &str, points: i64) -> Body {
    Body::Flag {
        team: team.into(),
        seat: "s".into(),
        objective: "portal-db".into(),
        answer: Flagged::Correct,
        points,
        reason: Reason::new("flag.correct", [("objective", "portal-db".to_owned())]),
    }
}

#[tokio::test]
async fn a_new_run_of_a_pair_counts_in_place_of_the_old_one() {
    use Status::{Draft, Ended, Provisioning, Ready, Running};
    let mut house = House::new().await;
    let now_ms = house.app.now_ms();
    let new = NewExercise {
        scenario: "qinglan-portal".into(),
        code: "S115-02".into(),
        title: "重賽".into(),
        pairs: 1,
        starts_ms: now_ms,
        ends_ms: now_ms + 3_600_000,
        ..NewExercise::default()
    };
    let other = house.app.create_exercise(&new, &house.accounts["teacher"]).await.unwrap();
    let mut played = turns(&[Draft, Provisioning, Ready, Running]);
    played.push(flag("r1", 250));
    house.reopen(&other, played).await;
    let own = house.exercise.clone();
    house.reopen(&own, vec![flag("r1", 100), flag("r2", 70)]).await;
    house.reopen(&own, turns(&[Running, Ended])).await;
    let teacher = house.staff("teacher").await;
    let run = format!("{other}:1");
    let form = [("act", "rematch"), ("range", "1"), ("run", run.as_str()), ("text", "靶場中斷")];
    assert_eq!(act(&house, &teacher, &form).await, REFUSED, "the new run goes on");
    house.reopen(&other, turns(&[Running, Ended])).await;
    let teacher = house.staff("teacher").await;
    assert!(desk(&house, &teacher).await.contains("S115-02"));
    assert_eq!(act(&house, &teacher, &form).await, DONE);
    assert_eq!((points(&house, "r1"), points(&house, "r2")), (250, 70));
    let page = desk(&house, &teacher).await;
    assert!(page.contains("100 → 250"), "the old points stay readable");
    let id = hidden(&page, "unrematch", "rematch");
    assert_eq!(
        act(&house, &teacher, &[("act", "unrematch"), ("rematch", &id), ("text", "誤選")]).await,
        DONE
    );
    assert_eq!(points(&house, "r1"), 100);
    assert_eq!(
        act(&house, &teacher, &[("act", "rematch"), ("range", "1"), ("run", "x:1"), ("text", "x")]).await,
        REFUSED
    );
}

type Rows = Vec<Vec<String>>;

async fn csv(visitor: &Visitor, path: &str) -> Rows {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    csv_rows(&answer.bytes).unwrap()
}

async fn xlsx(visitor: &Visitor, path: &str) -> Vec<Rows> {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    let mut book = Xlsx::new(Cursor::new(answer.bytes)).unwrap();
    let cell = |cell: &Data| match cell {
        Data::Float(number) => format!("{number:.0}"),
        Data::Empty => String::new(),
        other => other.to_string(),
    };
    let sheets = book.sheet_names().to_vec();
    sheets
        .iter()
        .map(|name| {
            book.worksheet_range(name).unwrap().rows().map(|row| row.iter().map(cell).collect()).collect()
        })
        .collect()
}

/// The board of an audience as the file must say it: team id -> total, parts, rank, position.
fn told(house: &House, audience: Audience) -> BTreeMap<String, Vec<String>> {
    let live = house.app.exercise(&house.exercise).unwrap();
    let board = live.fold().board(audience);
    let mut order = Component::of(scoreboard::Side::Red).to_vec();
    order.extend(
        Component::of(scoreboard::Side::Blue)
            .iter()
            .filter(|part| !Component::of(scoreboard::Side::Red).contains(part)),
    );
    let mut told = BTreeMap::new();
    for team in board.sides.iter().flat_map(|side| &side.teams) {
        let mut row = vec![
            if team.rank == 0 { "—".to_owned() } else { team.rank.to_string() },
            team.points.to_string(),
        ];
        row.extend(order.iter().map(|part| team.parts.get(part.as_str()).copied().unwrap_or(0).to_string()));
        row.push(board.seq.to_string());
        told.insert(team.id.clone(), row);
    }
    told
}

/// The same out of a file's rows: columns are side, rank, team, id, score, parts, reached, position.
fn said(rows: &Rows) -> BTreeMap<String, Vec<String>> {
    rows[1..]
        .iter()
        .map(|row| {
            let parts = row.len() - 7;
            let rank = if row[1].parse::<u32>().is_ok() { row[1].clone() } else { "—".to_owned() };
            let mut out = vec![rank, row[4].clone()];
            out.extend_from_slice(&row[5..5 + parts]);
            out.push(row[row.len() - 1].clone());
            (row[3].clone(), out)
        })
        .collect()
}

/// A file of standings and the board say the same. Time may be booked in between: then it is asked again.
async fn agree(house: &House, visitor: &Visitor, path: &str, audience: Audience) {
    loop {
        let before = told(house, audience);
        let rows = if path.ends_with(".csv") {
            csv(visitor, path).await
        } else {
            xlsx(visitor, path).await.remove(0)
        };
        if before == told(house, audience) {
            assert_eq!(said(&rows), before, "{path}");
            return;
        }
    }
}

#[tokio::test]
async fn files_say_what_the_board_says_to_the_digit_and_obey_the_freeze() {
    let mut house = House::new().await;
    let (teacher, visitor) = (house.staff("teacher").await, house.visitor());
    let red = house.seat("r1").await;
    let path = |house: &House, name: &str, staff: bool| {
        format!("/{}/{}/scores/{name}", if staff { "exercises" } else { "board" }, house.exercise)
    };
    let captured = house.flag("r1", "portal-db");
    red.post("/seat/flags", &[("objective", "portal-db"), ("flag", &captured)]).await;
    red.post("/seat/hints", &[("hint", "portal-db-1")]).await;
    act(&house, &teacher, &[("act", "penalise"), ("team", "b2"), ("points", "7"), ("text", "=1+1")]).await;
    act(&house, &teacher, &[("act", "disqualify"), ("team", "r2"), ("text", "代打")]).await;
    agree(&house, &visitor, &path(&house, "standings.csv", false), Audience::Public).await;
    agree(&house, &visitor, &path(&house, "standings.xlsx", false), Audience::Public).await;
    for name in ["points.csv", "points.xlsx", "nothing.csv"] {
        assert_eq!(visitor.get(&path(&house, name, false)).await.status, StatusCode::NOT_FOUND, "{name}");
    }
    act(&house, &teacher, &[("act", "freeze")]).await;
    let mut before = Vec::new();
    for name in ["standings.csv", "standings.xlsx"] {
        let answer = visitor.get(&path(&house, name, false)).await;
        let etag = answer.header("etag").to_owned();
        before.push((answer.bytes, etag));
    }
    act(&house, &teacher, &[("act", "correct"), ("team", "r1"), ("points", "-3"), ("text", "更正")]).await;
    act(&house, &teacher, &[("act", "reinstate"), ("team", "r2"), ("text", "查無實據")]).await;
    for (name, before) in ["standings.csv", "standings.xlsx"].into_iter().zip(before) {
        let answer = visitor.get(&path(&house, name, false)).await;
        let etag = answer.header("etag").to_owned();
        assert_eq!((answer.bytes, etag), before, "{name} stands still");
    }
    agree(&house, &teacher, &path(&house, "standings.csv", true), Audience::Staff).await;
    agree(&house, &teacher, &path(&house, "points.xlsx", true), Audience::Staff).await;
    // Every entry with its reason in both languages; the last total of a team is its score.
    let rows = csv(&teacher, &path(&house, "points.csv", true)).await;
    let book = xlsx(&teacher, &path(&house, "points.xlsx", true)).await;
    let told = |rows: &Rows| -> Rows { rows.iter().map(|row| row[..11].to_vec()).collect() };
    assert_eq!(told(&rows), told(&book[1]), "one table in both files");
    assert!(rows.iter().any(|row| row[8].contains("=1+1") && row[9].contains("=1+1")), "{rows:?}");
    for team in ["r1", "b2"] {
        let last = rows.iter().rfind(|row| row[4] == team).unwrap();
        assert_eq!(last[7], points(&house, team).to_string());
        let sum: i64 =
            rows[1..].iter().filter(|row| row[4] == team).map(|row| row[6].parse::<i64>().unwrap()).sum();
        assert_eq!(sum, points(&house, team));
    }
    // After the end, and once it is shown, everybody reads the reasons.
    let own = house.exercise.clone();
    house.reopen(&own, turns(&[Status::Running, Status::Ended])).await;
    let visitor = house.visitor();
    assert_eq!(visitor.get(&path(&house, "points.csv", false)).await.status, StatusCode::NOT_FOUND, "frozen");
    let teacher = house.staff("teacher").await;
    act(&house, &teacher, &[("act", "show")]).await;
    let rows = csv(&visitor, &path(&house, "points.csv", false)).await;
    assert!(rows.len() > 4);
}
