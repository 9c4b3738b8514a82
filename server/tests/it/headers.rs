//! Headers, languages, caching.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};

use crate::house::{House, TITLE};

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let house = House::new().await;
    let nobody = house.visitor();
    for path in ["/", "/board", "/nothing", "/exercises", "/health", "/assets/app.css", "/assets/none"] {
        let answer = nobody.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'self'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn no_page_breaks_the_policy_itself() {
    let house = House::new().await;
    let (admin, teacher, red, blue) = (
        house.staff("admin").await,
        house.staff("teacher").await,
        house.seat("r1").await,
        house.seat("b1").await,
    );
    let exercise = format!("/exercises/{}", house.exercise);
    let pages = [
        (&teacher, "/exercises".to_owned()),
        (&teacher, exercise.clone()),
        (&teacher, format!("{exercise}/seats")),
        (&teacher, format!("{exercise}/attendance")),
        (&teacher, format!("/board/{}", house.exercise)),
        (&admin, "/accounts".to_owned()),
        (&admin, "/system".to_owned()),
        (&red, "/seat".to_owned()),
        (&blue, "/seat".to_owned()),
    ];
    for (visitor, path) in pages {
        let answer = visitor.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        let text = answer.text();
        assert!(!text.contains("style=\""), "{path}: inline style");
        for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
            assert!(!text.contains(handler), "{path}: {handler}");
        }
        for script in text.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains("src=") || tag.contains("application/json"), "{path}: inline script {tag}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_language_is_chosen_once_and_kept() {
    let house = House::new().await;
    let nobody = house.visitor();
    assert!(nobody.get("/privacy").await.text().contains("lang=\"zh-Hant\""));
    assert!(nobody.get("/privacy?lang=en").await.text().contains("<html lang=\"en\""));
    assert!(nobody.get("/privacy").await.text().contains("<html lang=\"en\""));
    assert!(
        nobody.get("/privacy?lang=tlh").await.text().contains("<html lang=\"en\""),
        "unknown ones change nothing"
    );
    assert!(nobody.get("/privacy?lang=zh-TW").await.text().contains("<html lang=\"zh-Hant\""));
}

#[tokio::test]
async fn pages_and_the_board_travel_compressed_and_other_streams_do_not() {
    let house = House::new().await;
    let nobody = house.visitor();
    let open = |path: String| {
        nobody
            .request(Method::GET, &path)
            .header(header::ACCEPT_ENCODING, "gzip")
            .body(Body::empty())
            .unwrap()
    };
    let page = nobody.open(open("/".into())).await;
    assert_eq!(page.headers()[header::CONTENT_ENCODING], "gzip");
    let stream = nobody.open(open(format!("/board/{}/events", house.exercise))).await;
    assert_eq!(stream.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    assert_eq!(stream.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    let seat = house.seat("r1").await;
    let request = seat.request(Method::GET, "/seat/events").header(header::ACCEPT_ENCODING, "gzip");
    let stream = seat.open(request.body(Body::empty()).unwrap()).await;
    assert!(stream.headers().get(header::CONTENT_ENCODING).is_none());
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    assert_eq!(stream.headers()[header::CACHE_CONTROL], "no-store, no-transform");
}

#[tokio::test]
async fn an_error_is_a_page_for_people_and_json_for_scripts() {
    let house = House::new().await;
    let red = house.seat("r1").await;
    let page = red.get("/exercises").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(!page.text().contains(TITLE));
    let request = red.request(Method::GET, "/exercises").header(header::ACCEPT, "application/json");
    let json = red.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((json.status, json.json()["error"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")));
}

#[tokio::test]
async fn the_register_shows_no_gender_to_anybody() {
    let house = House::new().await;
    for login in ["admin", "teacher", "officer"] {
        let visitor = house.staff(login).await;
        let text = visitor.get("/people").await.text();
        assert!(text.contains("許藍圖"), "{login}");
        assert!(!text.contains(">女<") && !text.contains(">男<"), "{login}");
    }
}

#[tokio::test]
async fn an_export_has_its_name_and_leaves_its_line() {
    let house = House::new().await;
    let officer = house.staff("officer").await;
    // Somebody has been there, so that there is something to count.
    house.app.touch(&house.seat_id("b1").await);
    let path = format!("/statistics/{}", house.exercise);
    assert_eq!(officer.get(&path).await.status, StatusCode::OK);
    let file = officer.get(&format!("{path}/export?format=csv")).await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.header("content-disposition").starts_with("attachment; filename=\""));
    assert!(file.header("content-disposition").contains("filename*=UTF-8''"));
    let ods = officer.get(&format!("{path}/export?format=ods")).await;
    assert_eq!(&ods.bytes[..2], b"PK");
    assert_eq!(officer.get(&format!("{path}/export?format=exe")).await.status, StatusCode::BAD_REQUEST);
    let lines = house.app.store.audit().list(Some("personal.export"), None, 10).await.unwrap();
    assert_eq!(lines.len(), 2);
    assert!(officer.get(&path).await.text().contains("CSV"), "the page says that it was taken");
}
