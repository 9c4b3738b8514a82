//! Every route as everybody. A route without a line in the table fails.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::house::{House, TITLE, Visitor};

/// Who may: `.` nobody logged in, `a` administrator, `i` instructor, `o` officer, `r` red seat, `b` blue seat.
static MAY: LazyLock<Vec<(&str, &str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("../../../tests/it/security/who.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, who] = words[..] else { panic!("{line:?} is no line of the table") };
            (method, path, who)
        })
        .collect()
});

#[test]
fn the_table_here_and_the_table_there_are_the_same() {
    let there: Vec<(&str, &str)> = rampart::routes().iter().map(|route| (route.method, route.path)).collect();
    let here: Vec<(&str, &str)> = MAY.iter().map(|(method, path, _)| (*method, *path)).collect();
    for route in &there {
        assert!(here.contains(route), "{route:?} has no line in the table of this test");
    }
    for route in &here {
        assert!(there.contains(route), "{route:?} is no route any more");
    }
    assert_eq!(here.len(), there.len(), "a route stands twice");
}

fn real(house: &House, path: &str) -> String {
    let id = match path {
        path if path.starts_with("/scenarios/") => "qinglan-portal",
        path if path.starts_with("/accounts/") => house.accounts["teacher2"].as_str(),
        _ if path.starts_with("/people") => house.person.as_str(),
        _ => house.exercise.as_str(),
    };
    let path = path
        .replace("{id}", id)
        .replace("{range}", "1")
        .replace("{file}", "standings.csv")
        .replace("{host}", "www")
        .replace("{*path}", "app.css");
    let path = path.replace("{terminal}", &house.recording).replace("{recording}", &house.recording);
    let path = path.replace("{seat}", "0198c4").replace("{year}", "115").replace("{table}", "x1");
    match path.rsplit('/').next() {
        Some("export") => format!("{path}?format=csv&edition=internal"),
        Some("rows") => format!("{path}?by=all"),
        _ => path,
    }
}

async fn head(visitor: &Visitor, path: &str) -> (StatusCode, Option<String>, String) {
    let request = visitor.request(Method::GET, path).body(Body::empty()).unwrap();
    let response = visitor.open(request).await;
    let place = response.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    let stream = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let status = response.status();
    // A stream has no end to wait for.
    let body = if stream {
        Vec::new()
    } else {
        axum::body::to_bytes(response.into_body(), 10_000_000).await.unwrap().to_vec()
    };
    (status, place, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn everybody_gets_what_is_theirs_and_nothing_else() {
    let house = House::new().await;
    let everybody = [
        ('.', house.visitor()),
        ('a', house.staff("admin").await),
        ('i', house.staff("teacher").await),
        ('o', house.staff("officer").await),
        ('r', house.seat("r1").await),
        ('b', house.seat("b1").await),
    ];
    let mut wrong = Vec::new();
    for (method, pattern, may) in MAY.iter().filter(|(method, ..)| *method == "GET") {
        let path = real(&house, pattern);
        let route = rampart::routes()
            .into_iter()
            .find(|route| route.path == *pattern && route.method == *method)
            .unwrap();
        for (who, visitor) in &everybody {
            let (status, place, body) = head(visitor, &path).await;
            let as_it_must = if may.contains(*who) {
                let led_on = status == StatusCode::SEE_OTHER
                    && matches!(path.as_str(), "/" | "/staff" | "/me")
                    && *who != '.';
                let socket =
                    ["/seat/terminal", "/seat/desktop"].contains(pattern) && status == StatusCode::FORBIDDEN;
                // Nothing stands from which a file could come, and no seat of this id.
                let none = pattern == &"/seat/files/get" && status == StatusCode::CONFLICT
                    || pattern.contains("{seat}") && status == StatusCode::NOT_FOUND;
                // No course, session, token or certificate of this id.
                let none = none
                    || ["/courses/{", "/in/", "/survey/", "/me/"].iter().any(|way| pattern.starts_with(way))
                        && status == StatusCode::NOT_FOUND;
                let none = none || pattern.starts_with("/webhooks/") && status == StatusCode::NOT_FOUND;
                let file = pattern.starts_with("/assets/") && status == StatusCode::NOT_FOUND;
                // The terminal of the recording is closed: the page leads on, and there is nothing to look on at.
                let closed = pattern.contains("{terminal}")
                    && status == if route.page { StatusCode::SEE_OTHER } else { StatusCode::NOT_FOUND };
                status == StatusCode::OK || led_on || socket || none || file || closed
            } else if *who == '.' && route.page {
                status == StatusCode::SEE_OTHER
                    && place.as_ref().is_some_and(|place| place == "/" || place.starts_with("/staff"))
            } else if *who == '.' {
                status == StatusCode::UNAUTHORIZED
            } else {
                status == StatusCode::FORBIDDEN && !body.contains(TITLE)
            };
            if !as_it_must {
                wrong.push(format!("{method} {path} as {who}: {status} {place:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_form_is_taken_from_the_wrong_hands_even_with_a_right_token() {
    let house = House::new().await;
    let everybody = [
        ('.', house.visitor()),
        ('a', house.staff("admin").await),
        ('i', house.staff("teacher").await),
        ('o', house.staff("officer").await),
        ('r', house.seat("r1").await),
        ('b', house.seat("b1").await),
    ];
    everybody[0].1.get("/").await;
    let before = house.app.exercise(&house.exercise).unwrap().fold().seq;
    for (_, pattern, may) in MAY.iter().filter(|(method, ..)| *method == "POST") {
        let path = real(&house, pattern);
        for (who, visitor) in everybody.iter().filter(|(who, _)| !may.contains(*who)) {
            let answer = visitor.post(&path, &[("confirm", "S115-01"), ("act", "save")]).await;
            let wanted = if *who == '.' { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, wanted, "{path} as {who}");
            assert!(!answer.text().contains(TITLE), "{path} as {who} tells a title");
        }
    }
    assert_eq!(house.app.exercise(&house.exercise).unwrap().fold().seq, before, "something was done");
}

#[tokio::test]
async fn no_form_is_taken_without_its_token() {
    let house = House::new().await;
    let (admin, teacher, officer) =
        (house.staff("admin").await, house.staff("teacher").await, house.staff("officer").await);
    let (red, blue, nobody) = (house.seat("r1").await, house.seat("b1").await, house.visitor());
    nobody.get("/").await;
    for (_, pattern, may) in MAY.iter().filter(|(method, ..)| *method == "POST") {
        let visitor = match may.chars().next().unwrap() {
            '.' => &nobody,
            'a' => &admin,
            'i' => &teacher,
            'o' => &officer,
            'r' => &red,
            _ => &blue,
        };
        let answer = visitor.send(visitor.form(&real(&house, pattern), &[("confirm", "S115-01")])).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{pattern}");
    }
    assert!(officer.session() != admin.session());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_and_no_fault() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let admin = house.staff("admin").await;
    let officer = house.staff("officer").await;
    for (method, pattern, may) in MAY.iter().filter(|(_, pattern, _)| pattern.contains("{id}")) {
        let none = "0000000000000000000000000000ffff";
        let path = pattern
            .replace("{id}", none)
            .replace("{range}", "1")
            .replace("{host}", "www")
            .replace("{terminal}", none)
            .replace("{recording}", none)
            .replace("{seat}", none);
        let visitor = match *may {
            "a" => &admin,
            "o" => &officer,
            _ => &teacher,
        };
        let path = if path.ends_with("/export") { format!("{path}?format=ods") } else { path };
        let answer = if *method == "GET" { visitor.get(&path).await } else { visitor.post(&path, &[]).await };
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {}", answer.text());
    }
    for path in ["/nothing", "/exercises/a/b/c", "/../etc/passwd", "/assets/../Cargo.toml", "/seat/"] {
        assert_eq!(teacher.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let wrong =
        teacher.send(teacher.request(Method::DELETE, "/exercises").body(Body::empty()).unwrap()).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
}
