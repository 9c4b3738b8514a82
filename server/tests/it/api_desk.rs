//! The API of what staff do besides leading an exercise: the judge's desk, re-matches, terminals, nodes, accounts, files.

use axum::http::{Method, StatusCode, header};
use rampart_app::NewExercise;
use rampart_domain::token::Scope;
use scoreboard::{Body, Status};
use serde_json::{Value, json};

use crate::house::House;

fn turns(steps: &[Status]) -> Vec<Body> {
    steps.windows(2).map(|pair| Body::Status { from: pair[0], to: pair[1], note: None, why: None }).collect()
}

#[tokio::test]
async fn what_stands_at_the_judges_desk_is_read_and_undone() {
    let house = House::new().await;
    let teacher = house.program('i', Scope::ALL).await;
    let judge = async |act: Value| {
        let answer = teacher.of_exercise("POST", "/judge", &act).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    };
    let desk = async || teacher.of_exercise("GET", "/judge", &Value::Null).await.json();
    let empty = desk().await;
    for list in ["penalties", "voids", "rematches", "reports"] {
        assert_eq!(empty[list], json!([]), "{list}");
    }
    judge(json!({ "act": "penalise", "team": "r1", "points": 30, "text": "離開靶場" })).await;
    let penalty = desk().await["penalties"][0].clone();
    assert_eq!((&penalty["points"], &penalty["lifted"]), (&json!(-30), &Value::Null));
    judge(json!({ "act": "lift", "about": penalty["about"], "text": "誤會" })).await;
    assert_eq!(desk().await["penalties"][0]["lifted"], "誤會");
    let from_ms = house.app.exercise(&house.exercise).unwrap().fold().clock.started_ms.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let void = json!({ "act": "void", "from_ms": from_ms, "to_ms": house.app.now_ms(), "text": "檢查故障" });
    judge(void).await;
    let void = desk().await["voids"][0].clone();
    assert_eq!(
        (&void["from_ms"], &void["range"], &void["undone"]),
        (&json!(from_ms), &Value::Null, &Value::Null)
    );
    judge(json!({ "act": "unvoid", "void": void["id"], "text": "並無故障" })).await;
    let now = desk().await;
    assert_eq!(now["voids"][0]["undone"], "並無故障");
    assert_eq!(now["seq"], house.app.exercise(&house.exercise).unwrap().fold().seq);
    judge(json!({ "act": "freeze", "on": true })).await;
    assert_eq!(desk().await["frozen"], true);
}

#[tokio::test]
async fn a_rematch_is_counted_seen_and_undone() {
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
    let given = Body::Correction {
        team: "r1".into(),
        about: None,
        points: 250,
        reason: scoreboard::Reason::new("judge.correction", [("text", "x".to_owned())]),
    };
    let mut played = turns(&[Draft, Provisioning, Ready, Running]);
    played.push(given);
    played.extend(turns(&[Running, Ended]));
    house.reopen(&other, played).await;
    let own = house.exercise.clone();
    house.reopen(&own, turns(&[Running, Ended])).await;
    let teacher = house.program('i', Scope::ALL).await;
    let count = json!({ "act": "rematch", "range": 1, "exercise": other, "run": 1, "text": "靶場中斷" });
    let counted = teacher.of_exercise("POST", "/judge", &count).await;
    assert_eq!(counted.status, StatusCode::NO_CONTENT, "{}", counted.text());
    let desk = teacher.of_exercise("GET", "/judge", &Value::Null).await.json();
    let rematch = &desk["rematches"][0];
    assert_eq!((&rematch["run"], &rematch["undone"]), (&json!("S115-02"), &Value::Null));
    assert_eq!(rematch["teams"][0], json!({ "team": "r1", "old": 0, "new": 250 }));
    // Nothing of the old run is entered meanwhile, and the caller reads why.
    let from_ms = house.app.exercise(&own).unwrap().fold().clock.started_ms.unwrap();
    let ended_ms = house.app.exercise(&own).unwrap().fold().ended_ms.unwrap();
    let void = json!({ "act": "void", "range": 1, "from_ms": from_ms, "to_ms": ended_ms, "text": "x" });
    let refused = teacher.of_exercise("POST", "/judge", &void).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["code"], "rematch_counts");
    let undo = json!({ "act": "undo_rematch", "rematch": rematch["id"], "text": "誤選" });
    assert_eq!(teacher.of_exercise("POST", "/judge", &undo).await.status, StatusCode::NO_CONTENT);
    let desk = teacher.of_exercise("GET", "/judge", &Value::Null).await.json();
    assert_eq!(desk["rematches"][0]["undone"], "誤選");
    assert_eq!(house.app.exercise(&own).unwrap().fold().team("r1").unwrap().points, 0);
}

#[tokio::test]
async fn recordings_are_listed_taken_with_a_line_and_deleted_with_the_code() {
    let mut house = House::new().await;
    // The next life of the server seals what the last one left.
    let own = house.exercise.clone();
    house.reopen(&own, Vec::new()).await;
    let teacher = house.program('i', Scope::ALL).await;
    let open = teacher.of_exercise("GET", "/terminals", &Value::Null).await.json();
    assert_eq!(open["items"], json!([]));
    let list = teacher.of_exercise("GET", "/recordings", &Value::Null).await.json();
    let known = &list["items"][0];
    assert_eq!((&known["id"], &known["team"]), (&json!(house.recording), &json!("r1")));
    let path = format!("/recordings/{}", house.recording);
    let file = teacher.of_exercise("GET", &path, &Value::Null).await;
    assert_eq!(file.header("content-type"), "application/x-asciicast");
    assert!(file.text().starts_with("{\"version\": 2") && file.text().contains('台'), "{}", file.text());
    let page = house.staff("teacher").await;
    let shown = page.get(&format!("/exercises/{}/recordings/{}/cast", house.exercise, house.recording)).await;
    assert_eq!(shown.bytes, file.bytes);
    let lines = house.app.store.audit().list(None, None, 99).await.unwrap();
    let about = |line: &&rampart_store::AuditLine| line.detail.contains(&house.recording);
    assert_eq!(lines.iter().filter(about).count(), 1, "taken away once");
    let wrong = teacher.of_exercise("POST", "/recordings/delete", &json!({ "code": "S115-09" })).await;
    assert_eq!(wrong.json()["errors"][0]["field"], "code");
    let done = teacher.of_exercise("POST", "/recordings/delete", &json!({ "code": "S115-01" })).await;
    assert_eq!(done.json()["count"], 1, "{}", done.text());
    assert_eq!(teacher.of_exercise("GET", &path, &Value::Null).await.status, StatusCode::NOT_FOUND);
    let list = teacher.of_exercise("GET", "/recordings", &Value::Null).await.json();
    assert_eq!(list["items"][0]["state"], "removed");
}

#[tokio::test]
async fn accounts_are_kept_by_program() {
    let house = House::new().await;
    let admin = house.program('a', Scope::ALL).await;
    let list = admin.get("/api/v1/accounts").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 4);
    let text = list.to_string();
    assert!(!text.contains("argon2") && !text.contains("password"), "{text}");
    let new = json!({ "login": "Chen.YT", "name": "陳藍圖", "role": "instructor" });
    let made = admin.post("/api/v1/accounts", &new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.json()["login"], "chen.yt");
    let once = made.json()["password"].as_str().unwrap().to_owned();
    assert!(house.app.log_in("chen.yt", &once, "203.0.113.1").await.is_ok());
    let again = admin.post("/api/v1/accounts", &new).await;
    assert_eq!(
        (again.status, &again.json()["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("login_taken"))
    );
    for (field, value) in [("role", "boss"), ("login", "x y"), ("name", "")] {
        let mut wrong = json!({ "login": "lin", "name": "林", "role": "officer" });
        wrong[field] = value.into();
        let refused = admin.post("/api/v1/accounts", &wrong).await;
        assert_eq!(refused.json()["errors"][0]["field"], field, "{}", refused.text());
    }
    let id = house.app.store.accounts().by_login("chen.yt").await.unwrap().unwrap().account.id;
    let path = |what: &str| format!("/api/v1/accounts/{id}/{what}");
    let fresh =
        admin.post(&path("reset"), &Value::Null).await.json()["password"].as_str().unwrap().to_owned();
    assert_ne!(fresh, once);
    assert!(house.app.log_in("chen.yt", &once, "203.0.113.2").await.is_err());
    let role = admin.send("PUT", &path("role"), &json!({ "role": "officer" })).await;
    assert_eq!(role.status, StatusCode::NO_CONTENT, "{}", role.text());
    assert_eq!(admin.post(&path("disable"), &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert!(house.app.log_in("chen.yt", &fresh, "203.0.113.3").await.is_err());
    assert_eq!(admin.post(&path("enable"), &Value::Null).await.status, StatusCode::NO_CONTENT);
    let list = admin.get("/api/v1/accounts").await.json();
    let shown = list["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!(
        (&shown["role"], &shown["disabled"], &shown["must_change"]),
        (&json!("officer"), &json!(false), &json!(true))
    );
    let teacher = house.program('i', &[Scope::BoardRead]).await;
    let path = format!("/api/v1/accounts/{}/tokens", house.accounts["teacher"]);
    assert_eq!(admin.send("DELETE", &path, &Value::Null).await.json()["count"], 1);
    assert_eq!(teacher.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    let last = format!("/api/v1/accounts/{}/disable", house.accounts["admin"]);
    let refused = admin.post(&last, &Value::Null).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::CONFLICT, &json!("last_admin")));
    let nobody = admin.post("/api/v1/accounts/0198c4/reset", &Value::Null).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nodes_are_told_and_counted() {
    let house = House::new().await;
    let admin = house.program('a', &[Scope::SystemRead, Scope::MetricsRead]).await;
    let node = admin.get("/api/v1/nodes").await.json()["items"][0].clone();
    assert_eq!((&node["name"], &node["state"]), (&json!("local"), &json!("answers")));
    let mut text = String::new();
    // What a node has is looked at a moment after the start.
    for _ in 0..600 {
        text = admin.get("/metrics").await.text();
        if text.contains("rampart_node_containers{") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let figure = |name: &str| -> f64 {
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!((figure("rampart_node_up{node=\"local\"}") - 1.0).abs() < 0.1);
    assert!(figure("rampart_node_silent{node=\"local\"}") < 0.1);
    assert!(figure("rampart_node_heartbeat_age_seconds{node=\"local\"}") >= 0.0);
    assert!(figure("rampart_node_containers{node=\"local\"}") >= 0.0);
    assert!(figure("rampart_node_exercises{node=\"local\"}") >= 0.0);
    assert!(figure("rampart_launch_queue_length") < 0.1);
}

#[tokio::test]
async fn what_is_of_a_lost_node_is_refused_while_none_is_lost() {
    let house = House::new().await;
    let teacher = house.program('i', &[Scope::ExercisesRun]).await;
    let wrong = teacher.of_exercise("POST", "/rebuild", &json!({ "code": "no" })).await;
    assert_eq!(wrong.json()["errors"][0]["code"], "confirm_code");
    for (path, body) in [("/rebuild", json!({ "code": "S115-01" })), ("/time-out", Value::Null)] {
        let refused = teacher.of_exercise("POST", path, &body).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (StatusCode::CONFLICT, &json!("state_changed")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn files_of_a_seat_without_a_range_are_refused_with_a_reason() {
    let house = House::new().await;
    let red = house.program('r', &[Scope::SeatPlay]).await;
    for path in ["/api/v1/seat/files", "/api/v1/seat/files/content?path=a.txt"] {
        let refused = red.get(path).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{path}: {}", refused.text());
        assert_eq!(refused.json()["code"], "terminal_not_ready");
    }
    let request = red
        .request(Method::PUT, "/api/v1/seat/files/uploads/a.txt")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(axum::body::Body::from(vec![7_u8; 300_000]));
    let refused = house.visitor().send(request.unwrap()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "larger than other bodies may be: {}", refused.text());
}

#[tokio::test]
async fn a_web_hooks_secret_is_changed_by_program() {
    let house = House::new().await;
    let teacher = house.program('i', &[Scope::WebhooksWrite]).await;
    let new = json!({ "url": "https://hooks.example.tw/x", "audience": "public", "kinds": [] });
    let made = teacher.post("/api/v1/webhooks", &new).await.json();
    let path = format!("/api/v1/webhooks/{}/rotate", made["id"].as_str().unwrap());
    let rotated = teacher.post(&path, &Value::Null).await.json();
    assert_eq!(rotated["id"], made["id"]);
    assert_ne!(rotated["secret"], made["secret"]);
    let hook = house.app.store.webhooks().list().await.unwrap().remove(0);
    assert_eq!(hook.secret, rotated["secret"].as_str().unwrap());
    assert_eq!(hook.former.unwrap().0, made["secret"].as_str().unwrap());
    assert_eq!(
        teacher.post("/api/v1/webhooks/0198c4/rotate", &Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
}

/// What a road answers: body and mark.
async fn road(house: &House, path: &str, token: Option<&crate::api::Program<'_>>) -> (Vec<u8>, String) {
    let answer = match token {
        Some(program) => program.get(path).await,
        None => house.visitor().get(path).await,
    };
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    let etag = answer.header("etag").to_owned();
    (answer.bytes, etag)
}

#[tokio::test]
async fn files_of_scores_are_the_pages_and_a_freeze_holds_on_every_road() {
    let house = House::new().await;
    let teacher = house.program('i', Scope::ALL).await;
    let rival = house.program('b', &[Scope::BoardRead]).await;
    let page = house.staff("teacher").await;
    let act = |points: i64| json!({ "act": "correct", "team": "r1", "points": points, "text": "x" });
    assert_eq!(teacher.of_exercise("POST", "/judge", &act(40)).await.status, StatusCode::NO_CONTENT);
    for name in ["standings.csv", "standings.xlsx", "points.csv", "points.xlsx"] {
        let there = format!("/exercises/{}/scores/{name}", house.exercise);
        let mut same = false;
        // Time may be booked in between.
        for _ in 0..50 {
            let by_page = page.get(&there).await;
            let by_program = teacher.of_exercise("GET", &format!("/scores/{name}"), &Value::Null).await;
            assert_eq!(by_program.status, StatusCode::OK, "{name}");
            assert_eq!(by_program.header("content-disposition"), by_page.header("content-disposition"));
            same = by_page.bytes == by_program.bytes;
            if same {
                break;
            }
        }
        assert!(same, "{name}");
    }
    let freeze = json!({ "act": "freeze", "on": true });
    assert_eq!(teacher.of_exercise("POST", "/judge", &freeze).await.status, StatusCode::NO_CONTENT);
    let live = house.app.exercise(&house.exercise).unwrap();
    let frozen = || live.board().document().json.windows(13).any(|part| part == b"\"frozen\":true");
    for _ in 0..1200 {
        if frozen() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(frozen(), "the board was not frozen");
    let board = format!("/board/{}", house.exercise);
    let roads = [
        (format!("{board}/state"), None),
        (format!("{board}/history"), None),
        (format!("{board}/scores/standings.csv"), None),
        (format!("{board}/scores/standings.xlsx"), None),
        (format!("/api/v1/exercises/{}/board", house.exercise), Some(&rival)),
    ];
    let mut before = Vec::new();
    for (path, token) in &roads {
        before.push(road(&house, path, *token).await);
    }
    assert!(!before[0].1.is_empty() && !before[1].1.is_empty() && !before[4].1.is_empty(), "marks are sent");
    assert_eq!(teacher.of_exercise("POST", "/judge", &act(7)).await.status, StatusCode::NO_CONTENT);
    let red = house.program('r', &[Scope::SeatPlay]).await;
    let flag = json!({ "objective": "portal-db", "flag": house.flag("r1", "portal-db") });
    assert_eq!(red.post("/api/v1/seat/flags", &flag).await.json()["answer"], "correct");
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    for ((path, token), before) in roads.iter().zip(&before) {
        let after = road(&house, path, *token).await;
        assert!(after == *before, "{path} moved: {} / {}", before.1, after.1);
    }
    let staff =
        teacher.get(&format!("/api/v1/exercises/{}/board?audience=staff", house.exercise)).await.json();
    assert!(staff["sides"][0]["teams"][0]["points"].as_i64().unwrap() >= 147);
}

#[tokio::test]
async fn schedule_desktops_boards_and_their_history_are_there_for_programs() {
    let house = House::new().await;
    let teacher = house.program('i', Scope::ALL).await;
    let schedule = teacher.of_exercise("GET", "/schedule", &Value::Null).await.json();
    let detail = teacher.of_exercise("GET", "", &Value::Null).await.json();
    for (here, there) in [("starts_ms", "starts_ms"), ("ends_ms", "ends_ms"), ("deadline_ms", "deadline_ms")]
    {
        assert_eq!(schedule[here], detail[there], "{here}");
    }
    assert_eq!((&schedule["plannable"], &schedule["deadline_counts"]), (&json!(false), &json!(true)));
    assert_eq!(schedule["deadline_by"], Value::Null);
    assert!(schedule["capacity"]["containers"].as_u64().unwrap() > 0, "{schedule}");
    let later = json!({ "at_ms": schedule["deadline_ms"].as_i64().unwrap() + 60_000 });
    assert_eq!(teacher.of_exercise("PUT", "/deadline", &later).await.status, StatusCode::OK);
    let moved = teacher.of_exercise("GET", "/schedule", &Value::Null).await.json();
    assert_eq!(moved["deadline_ms"], later["at_ms"]);
    assert_eq!(moved["deadline_by"], json!(house.accounts["teacher"]));

    let desktops = teacher.of_exercise("GET", "/desktops", &Value::Null).await.json();
    assert_eq!(desktops["items"], json!([]), "nobody looks at one");

    let rival = house.program('b', &[Scope::BoardRead]).await;
    let boards = rival.get("/api/v1/boards").await.json();
    assert_eq!(boards["items"][0]["exercise"], json!(house.exercise));
    assert_eq!(boards["items"][0]["status"], "running");
    let path = format!("/api/v1/exercises/{}/board/history", house.exercise);
    let known = rival.get(&path).await;
    let history: rampart::api::types::BoardHistory = serde_json::from_slice(&known.bytes).unwrap();
    assert_eq!(history.seq, house.app.exercise(&house.exercise).unwrap().fold().seq);
    assert!(history.moments.iter().any(|moment| moment.rows.iter().any(|row| row.id == "r1")));
    let page = house.visitor().get(&format!("/board/{}/history", house.exercise)).await;
    assert_eq!(page.bytes, known.bytes, "the page's own");

    // Another team's flag is a sign at the desk, naming both; as on the page.
    let red = house.program('r', &[Scope::SeatPlay]).await;
    let flag = json!({ "objective": "portal-db", "flag": house.flag("r2", "portal-db") });
    assert_eq!(red.post("/api/v1/seat/flags", &flag).await.json()["answer"], "wrong");
    let desk = teacher.of_exercise("GET", "/judge", &Value::Null).await.json();
    let sign = &desk["signs"][0];
    assert_eq!((&sign["team"], &sign["other"]), (&json!("r1"), &json!("r2")), "{desk}");
    assert_eq!(sign["what"]["rule"], "sign.foreign");
}
