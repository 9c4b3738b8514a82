//! Log-ins: who is believed, and for how long.

use axum::http::{StatusCode, header};
use rampart::web::token::Signer;

use crate::house::{House, PASSWORD, SECRET, Visitor};

fn with_cookie(house: &House, value: &str) -> Visitor {
    let visitor = house.visitor();
    visitor.jar.lock().unwrap().insert("rampart".into(), value.into());
    visitor
}

#[tokio::test]
async fn a_forged_or_foreign_cookie_is_nobody() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let cookie = teacher.session();
    let session = Signer::new(SECRET).session(&cookie).unwrap();
    assert_eq!(with_cookie(&house, &cookie).get("/exercises").await.status, StatusCode::OK);
    let far = 4_102_444_800_000;
    let parts: Vec<&str> = cookie.split('.').collect();
    let forged = [
        String::new(),
        "x".repeat(5000),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43)),
        // The same claims under another house's secret, an unknown session, an old one.
        Signer::new([1; 32]).log_in(&session, far),
        Signer::new(SECRET).log_in("0000", far),
        Signer::new(SECRET).log_in(&session, 1_000),
        // A seat's or account's id is no session.
        Signer::new(SECRET).log_in(&house.accounts["admin"], far),
        Signer::new(SECRET).log_in(&house.seat_id("r1").await, far),
    ];
    for cookie in forged {
        let answer = with_cookie(&house, &cookie).get("/exercises").await;
        assert_eq!(answer.location(), Some("/staff?next=/exercises"), "{cookie:.60}");
    }
}

#[tokio::test]
async fn the_cookie_names_a_session_and_nothing_else() {
    let house = House::new().await;
    let visitor = house.visitor();
    visitor.get("/staff").await;
    let answer = visitor.post("/staff", &[("login", " Teacher "), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), Some("/exercises"));
    let cookie = answer
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .find(|cookie| cookie.starts_with("rampart="))
        .unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let claims = cookie.split('.').nth(1).unwrap();
    assert!(claims.len() < 120, "more than a session and a time: {claims}");
}

#[tokio::test]
async fn rights_end_with_the_next_request() {
    let house = House::new().await;
    let (one, two) = (house.staff("teacher").await, house.staff("teacher").await);
    let (teacher, admin) = (&house.accounts["teacher"], &house.accounts["admin"]);
    house.app.set_role(teacher, rampart_store::Role::Officer, admin).await.unwrap();
    for visitor in [&one, &two] {
        assert_eq!(visitor.get("/exercises").await.status, StatusCode::SEE_OTHER, "demoted");
    }
    let (one, two) = (house.staff("teacher").await, house.staff("teacher").await);
    assert_eq!(one.get("/exercises").await.status, StatusCode::FORBIDDEN, "demoted");
    assert_eq!(two.get("/statistics").await.status, StatusCode::OK, "the new role holds");
    house.app.set_disabled(&house.accounts["teacher"], true, &house.accounts["admin"]).await.unwrap();
    for visitor in [&one, &two] {
        assert_eq!(visitor.get("/statistics").await.status, StatusCode::SEE_OTHER, "disabled");
    }
    let red = house.seat("r1").await;
    assert_eq!(red.get("/seat").await.status, StatusCode::OK);
    house.app.take_seat(&house.exercise, &house.seat_id("r1").await, &house.accounts["admin"]).await.unwrap();
    assert_eq!(red.get("/seat").await.location(), Some("/"), "the seat was taken away");
}

#[tokio::test]
async fn logging_out_ends_the_session_itself() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let stolen = with_cookie(&house, &teacher.session());
    assert_eq!(teacher.post("/logout", &[]).await.location(), Some("/"));
    assert_eq!(stolen.get("/exercises").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let house = House::new().await;
    let (here, elsewhere) = (house.staff("teacher").await, house.staff("teacher").await);
    here.get("/password").await;
    let fields = |new, again| [("current", PASSWORD), ("new", new), ("again", again)];
    let unlike = here.post("/password", &fields("another-long-one", "another-long-two")).await;
    assert_eq!(unlike.status, StatusCode::UNPROCESSABLE_ENTITY);
    let short = here.post("/password", &fields("short", "short")).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = here.post("/password", &fields("another-long-one", "another-long-one")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert_eq!(here.get("/exercises").await.status, StatusCode::OK, "who changed it stays");
    assert_eq!(elsewhere.get("/exercises").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_its_own_change() {
    let house = House::new().await;
    let once =
        house.app.create_account("fresh", "新人", rampart_store::Role::Instructor, None).await.unwrap();
    let fresh = house.visitor();
    fresh.get("/staff").await;
    let answer =
        fresh.post("/staff", &[("login", "fresh"), ("password", &once), ("next", "/exercises")]).await;
    assert_eq!(answer.location(), Some("/password"));
    assert_eq!(fresh.get("/exercises").await.location(), Some("/password"));
    fresh.get("/password").await;
    let made = fresh.post("/exercises/new", &[("code", "S115-09")]).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
    let changed = [("current", once.as_str()), ("new", PASSWORD), ("again", PASSWORD)];
    assert_eq!(fresh.post("/password", &changed).await.status, StatusCode::SEE_OTHER);
    assert_eq!(fresh.get("/exercises").await.status, StatusCode::OK);
}

#[tokio::test]
async fn guessing_meets_a_limit_that_says_when() {
    let house = House::new().await;
    let guesser = house.visitor();
    guesser.get("/staff").await;
    let mut refused = 0;
    for _ in 0..12 {
        let answer = guesser.post("/staff", &[("login", "teacher"), ("password", "wrong")]).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.header("retry-after").parse::<i64>().unwrap() > 0);
            refused += 1;
        } else {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
    assert_eq!(refused, 2);
    let other = house.visitor();
    other.get("/staff").await;
    let answer = other.post("/staff", &[("login", "officer"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "somebody else at the same address gets in");
}

#[tokio::test]
async fn a_seat_code_works_once_and_says_what_is_wrong_with_it() {
    let house = House::new().await;
    let seat = house.seat_id("r1").await;
    let code = house.app.make_codes(&house.exercise, Some(&seat), &house.accounts["teacher"]).await.unwrap()
        [0]
    .code
    .clone();
    let one = house.visitor();
    one.get("/").await;
    let typed = format!("{}-{}", &code[..4].to_lowercase(), &code[4..]);
    assert_eq!(one.post("/", &[("code", &typed)]).await.location(), Some("/seat"));
    let two = house.visitor();
    two.get("/").await;
    let again = two.post("/", &[("code", &code)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains(&code), "what was typed is kept");
    for wrong in ["", "ABC", "QL7K4M2O", "<script>"] {
        let answer = two.post("/", &[("code", wrong)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(!answer.text().contains("<script>"));
    }
}

#[tokio::test]
async fn a_log_in_leads_to_our_own_pages_only() {
    let house = House::new().await;
    let visitor = house.visitor();
    assert!(!visitor.get("/staff?next=//evil.example/").await.text().contains("evil.example"));
    let fields = [("login", "teacher"), ("password", PASSWORD), ("next", "https://evil.example/")];
    assert_eq!(visitor.post("/staff", &fields).await.location(), Some("/exercises"));
}

#[tokio::test]
async fn a_class_of_350_behind_one_address_gets_in() {
    let house = House::new().await;
    let mut csv = "姓名,職號,機關,性別\n".to_owned();
    for n in 0..350 {
        csv.push_str(&format!("學員{n:03},K{n:04},某機關,\n"));
    }
    let people = house.app.import_roster(csv.as_bytes(), None).await.unwrap().unwrap().ids;
    assert_eq!(house.app.spread(&house.exercise, &people, &house.accounts["teacher"]).await.unwrap(), 350);
    let slips = house.app.make_codes(&house.exercise, None, &house.accounts["teacher"]).await.unwrap();
    assert!(slips.len() >= 350);
    for slip in &slips {
        let visitor = house.visitor();
        visitor.get("/").await;
        // One in ten mistypes first, as people do.
        if slip.number.is_multiple_of(10) {
            let mistyped = visitor.post("/", &[("code", &slip.code.chars().rev().collect::<String>())]).await;
            assert_eq!(mistyped.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let answer = visitor.post("/", &[("code", &slip.code)]).await;
        assert_eq!(answer.location(), Some("/seat"), "{}", slip.name);
    }
}
