//! Forms: whose they are, and what comes of them.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};

use crate::house::{House, encode};

#[tokio::test]
async fn a_token_belongs_to_one_browser() {
    let house = House::new().await;
    let (one, two) = (house.staff("teacher").await, house.staff("teacher2").await);
    let path = format!("/exercises/{}/pause", house.exercise);
    let foreign = two.token.lock().unwrap().clone();
    let answer = one.send(one.form(&path, &[("csrf", &foreign)])).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let own = one.token.lock().unwrap().clone();
    let evil = |name: &str, value: &str| {
        one.request(Method::POST, &path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value)
            .body(Body::from(encode(&[("csrf", &own)])))
            .unwrap()
    };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://range.test.evil.example"),
        ("origin", "http://range.test:81"),
        ("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(one.send(evil(name, value)).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(one.send(evil("origin", "http://range.test")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_script_sends_its_token_in_a_header() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let token = red.token.lock().unwrap().clone();
    let flag = house.flag("r1", "portal-db");
    let send = |token: &str| {
        red.request(Method::POST, "/seat/flags")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-csrf-token", token)
            .body(Body::from(serde_json::json!({ "objective": "portal-db", "flag": flag }).to_string()))
            .unwrap()
    };
    let refused = red.send(send("nonsense")).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (StatusCode::FORBIDDEN, Some("csrf")));
    let taken = red.send(send(&token)).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    let answer = taken.json();
    assert_eq!((answer["answer"].as_str(), answer["points"].as_i64()), (Some("correct"), Some(100)));
    assert_eq!(answer["team_points"].as_i64(), Some(100));
    assert!(answer["text"].as_str().unwrap().contains("100"));
    let again = red.send(send(&token)).await.json();
    assert_eq!(again["answer"].as_str(), Some("already_yours"));
}

#[tokio::test]
async fn another_teams_flag_reads_like_a_wrong_one() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let foreign = house.flag("r2", "portal-db");
    let wrong = format!("RMP{{{}}}", "0".repeat(32));
    let mut answers = Vec::new();
    for typed in [wrong.as_str(), foreign.as_str()] {
        red.get("/seat?o=portal-db").await;
        let answer = red.post("/seat/flags", &[("objective", "portal-db"), ("flag", typed)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = answer.text().replace(typed, "TYPED");
        // Whatever counts on its own: the tries left, the clocks, the seconds of the page.
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.chars().filter(|c| !c.is_ascii_digit()).collect::<String>())
            .collect();
        answers.push(lines);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn an_unknown_objective_is_like_one_that_is_not_there() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let answer =
        red.post("/seat/flags", &[("objective", "not-yet"), ("flag", &house.flag("r1", "portal-db"))]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hammering_the_flag_box_is_slowed_and_costs_nothing() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let mut slowed = 0;
    // All at once: one after the other, a busy machine would be slow enough by itself.
    let fields = [("objective", "portal-db"), ("flag", "no form of a flag")];
    for answer in futures_util::future::join_all((0..25).map(|_| red.post("/seat/flags", &fields))).await {
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(!answer.header("retry-after").is_empty());
            slowed += 1;
        }
    }
    assert!(slowed >= 10, "{slowed} of 25");
    let fold_tries = house.app.exercise(&house.exercise).unwrap().fold().attempts.len();
    assert_eq!(fold_tries, 0);
}

#[tokio::test]
async fn a_form_too_long_or_of_another_kind_is_refused() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let token = teacher.token.lock().unwrap().clone();
    let post = |kind: &'static str, body: String| {
        teacher
            .request(Method::POST, "/exercises/new")
            .header(header::CONTENT_TYPE, kind)
            .header("x-csrf-token", &token)
            .body(Body::from(body))
            .unwrap()
    };
    let long =
        teacher.send(post("application/x-www-form-urlencoded", format!("a={}", "b".repeat(300_000)))).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    let kind = teacher.send(post("text/plain", "code=S1".into())).await;
    assert_eq!(kind.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let deep = teacher.send(post("application/json", "[".repeat(100_000))).await;
    assert_eq!(deep.status, StatusCode::BAD_REQUEST);
}

fn upload(csv: &str, token: &str) -> (String, String) {
    let mark = "----------------x1y2z3";
    let body = format!(
        "--{mark}\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--{mark}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"r.csv\"\r\nContent-Type: text/csv\r\n\r\n{csv}\r\n--{mark}--\r\n"
    );
    (format!("multipart/form-data; boundary={mark}"), body)
}

#[tokio::test]
async fn a_roster_is_shown_before_it_is_written() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let send = |csv: &str| {
        let (kind, body) = upload(csv, &teacher.token.lock().unwrap());
        teacher
            .request(Method::POST, "/people/import")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .unwrap()
    };
    let people = async || house.app.store.persons().count("").await.unwrap();
    let bad = teacher.send(send("姓名,職號,機關,性別\n甲,B1,處,女\n乙,B1,處,貓\n,B3,處,\n")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!bad.text().contains('貓'), "what stands in the gender column is not shown");
    let good = teacher.send(send("姓名,職號,機關,性別\n甲,B1,處,女\n謝測試,A3,數位發展處,\n")).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text());
    assert!(!good.text().contains("女</td>"), "no gender on the page");
    assert_eq!(people().await, 4, "nothing is written yet");
    let (_, rest) =
        good.text().split_once("name=\"token\" value=\"").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let token = rest.split('"').next().unwrap().to_owned();
    let officer = house.staff("officer").await;
    let stolen = officer.post("/people/import", &[("token", &token)]).await;
    assert_eq!(stolen.status, StatusCode::UNPROCESSABLE_ENTITY, "a preview is for who made it");
    assert_eq!(teacher.post("/people/import", &[("token", &token)]).await.location(), Some("/people"));
    assert_eq!(people().await, 5);
    let twice = teacher.post("/people/import", &[("token", &token)]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn ending_wants_the_session_code() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let path = format!("/exercises/{}/end", house.exercise);
    assert_eq!(teacher.get(&path).await.status, StatusCode::OK);
    let status = || house.app.exercise(&house.exercise).unwrap().fold().status;
    assert_eq!(teacher.post(&path, &[("confirm", "S115-02")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status(), scoreboard::Status::Running);
    assert_eq!(teacher.post(&path, &[("confirm", "S115-01")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(status(), scoreboard::Status::Ended);
    let again = teacher.post(&path, &[("confirm", "S115-01")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "an old page changes nothing");
}

#[tokio::test]
async fn a_new_exercise_says_all_that_is_wrong_at_once_and_keeps_what_was_typed() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let fields = |code: &'static str, pairs: &'static str| {
        [
            ("scenario", "qinglan-portal"),
            ("code", code),
            ("title", "第二場"),
            ("pairs", pairs),
            ("starts", "2026-05-13T09:00"),
            ("ends", "2026-05-13T12:00"),
        ]
    };
    let wrong = teacher.post("/exercises/new", &fields("S115-01", "99")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("第二場"));
    let answer = teacher.post("/exercises/new", &fields("S115-02", "1")).await;
    let place = answer.location().unwrap().to_owned();
    assert!(place.ends_with("/seats"), "{place}");
    let seats = teacher.get(&place).await;
    assert_eq!(seats.status, StatusCode::OK);
    assert!(seats.text().contains("S115-02"), "the message of the form stands on the next page");
    let after = teacher.get(&place).await.text();
    assert_eq!(after.matches("toast").count(), 0, "and only on that one");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = House::new().await;
    let admin = house.staff("admin").await;
    let path = format!("/accounts/{}/disable", house.accounts["admin"]);
    assert_eq!(admin.post(&path, &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(admin.get("/accounts").await.status, StatusCode::OK);
}

#[tokio::test]
async fn names_with_markup_are_text_everywhere() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let nasty = "\"><img src=x onerror=alert(1)>{{7*7}}";
    let csv = format!(
        "姓名,職號,機關,性別\n\"{}\",C1,</script><script>alert(1)</script>,\n",
        nasty.replace('"', "\"\"")
    );
    house.app.import_roster(csv.as_bytes(), None).await.unwrap().unwrap();
    for path in ["/people".to_owned(), format!("/exercises/{}/seats", house.exercise)] {
        let text = teacher.get(&path).await.text();
        assert!(!text.contains("<img src=x") && !text.contains("<script>alert"), "{path}");
        assert!(text.contains("{{7*7}}"), "{path} shows it literally");
    }
}
