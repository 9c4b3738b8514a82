//! Log-ins, forms, limits, headers.

use jsonwebtoken::{EncodingKey, Header, encode};
use reqwest::Method;
use reqwest::header::{ACCEPT, ORIGIN};
use serde_json::json;

use crate::harness::http::Person;
use crate::harness::server::Server;
use crate::harness::words::zh;
use crate::harness::{page, stage};

/// Name of the log-in cookie.
const COOKIE: &str = "rampart";

fn token(secret: &[u8], claims: &serde_json::Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn payload(token: &str) -> serde_json::Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn knocks(base: &str, cookie: &str) -> u16 {
    let person = Person::new(base);
    person.set_cookie(COOKIE, cookie);
    person.get_json("/exercises").await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_are_not_ours_open_nothing() {
    let (server, other) = (Server::start().await, Server::start().await);
    let (staff, strangers) = (stage::staff(&server).await, stage::staff(&other).await);
    let good = staff.admin.cookie(COOKIE).unwrap();
    assert_eq!(knocks(&server.base(), &good).await, 200, "the good one opens");
    let claims = payload(&good);
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 2, "a log-in names a session and an end and nothing more: {names:?}");

    let secret = std::fs::read(server.data().join("jwt.secret")).unwrap();
    let sid = claims["sid"].clone();
    let far = claims["exp"].clone();
    let (head, rest) = good.split_once('.').unwrap();
    let (body, seal) = rest.split_once('.').unwrap();
    let none = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"none"}"#)
    };
    let mut broken = seal.to_owned();
    broken.replace_range(0..1, if seal.starts_with('A') { "B" } else { "A" });
    let forged = [
        ("empty", String::new()),
        ("nonsense", "a.b.c".into()),
        ("signed by another secret", token(b"0123456789abcdef0123456789abcdef", &claims)),
        ("of another server", strangers.admin.cookie(COOKIE).unwrap()),
        ("without signature", format!("{none}.{body}.")),
        ("without signature, head kept", format!("{head}.{body}.")),
        ("signature changed", format!("{head}.{body}.{broken}")),
        ("expired", token(&secret, &json!({ "sid": sid, "exp": 1_000_000_000 }))),
        ("of no session", token(&secret, &json!({ "sid": "0198c40000000000000000000000", "exp": far }))),
        ("with a role of its own", token(b"x", &json!({ "sid": sid, "exp": far, "role": "administrator" }))),
    ];
    for (what, cookie) in &forged {
        assert_eq!(knocks(&server.base(), cookie).await, 401, "a cookie {what} opens the server");
    }
    assert_eq!(
        knocks(&server.base(), &token(&secret, &claims)).await,
        200,
        "the tool that forges can also sign"
    );
    // Logged out is logged out, also for whoever has kept the cookie.
    staff.admin.get("/exercises").await.ok();
    staff.admin.post("/logout", &[]).await.went_on();
    assert_eq!(knocks(&server.base(), &good).await, 401, "the cookie outlives the log-out");
    // And scripts of a page cannot read it.
    let answer = Person::new(&server.base()).get("/staff").await;
    for cookie in answer.headers.get_all("set-cookie") {
        let text = cookie.to_str().unwrap();
        assert!(text.contains("HttpOnly") && text.contains("SameSite="), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_others_are_not_carried_out() {
    let server = Server::start().await;
    let staff = stage::staff(&server).await;
    staff.admin.get("/accounts").await.ok();
    staff.instructor.get("/exercises/new").await.ok();
    let (own, foreign) = (staff.admin.token(), staff.instructor.token());
    let base = server.base();
    let fields = |token: &str| {
        vec![
            ("csrf", token.to_owned()),
            ("login", "ghost".into()),
            ("name", "鬼".into()),
            ("role", "administrator".into()),
        ]
    };
    let cases: [(&str, String, Option<&str>, Option<&str>); 6] = [
        ("without token", String::new(), Some(&base), None),
        ("with somebody else's token", foreign, Some(&base), None),
        ("with a made-up token", "0".repeat(64), Some(&base), None),
        ("from another origin", own.clone(), Some("http://evil.example"), None),
        ("from nowhere", own.clone(), Some("null"), None),
        ("sent across sites", own.clone(), None, Some("cross-site")),
    ];
    for (what, token, origin, site) in &cases {
        let mut request = staff
            .admin
            .request(Method::POST, "/accounts")
            .header(ACCEPT, "application/json")
            .form(&fields(token));
        if let Some(origin) = origin {
            request = request.header(ORIGIN, *origin);
        }
        if let Some(site) = site {
            request = request.header("sec-fetch-site", *site);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "a form {what} was carried out");
    }
    let accounts = staff.admin.get("/accounts").await.ok();
    assert!(!accounts.contains("ghost"));
    // With the own token it works, so it was the token that was missing.
    let page =
        staff.admin.post("/accounts", &[("login", "ghost"), ("name", "鬼"), ("role", "officer")]).await.ok();
    assert!(page.contains("ghost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_limited_by_account_and_flags_by_seat() {
    let mut server = Server::start().await;
    let staff = stage::staff(&server).await;
    let guesser = Person::new(&server.base());
    let mut answers = Vec::new();
    for n in 0..14 {
        let password = format!("guess-number-{n}");
        let answer = guesser
            .post_from("/staff", "/staff", &[("login", "officer"), ("password", &password), ("next", "")])
            .await;
        answers.push(answer.status.as_u16());
        if answer.status.as_u16() == 429 {
            assert!(answer.headers.contains_key("retry-after"), "no word when to try again");
        }
    }
    assert_eq!(answers[..10], [422; 10], "{answers:?}");
    assert!(answers[10..].iter().all(|status| *status == 429), "{answers:?}");
    // Not by address only: from elsewhere the same account stays shut, another one from here opens.
    let fields = [("login", "officer"), ("password", stage::PASSWORD), ("next", "")];
    let elsewhere = Person::new(&server.base());
    assert_eq!(elsewhere.post_from("/staff", "/staff", &fields).await.status.as_u16(), 429);
    stage::enter(&Person::new(&server.base()), "teacher", stage::PASSWORD).await;
    // An unknown name reads like a wrong password.
    let known = Person::new(&server.base())
        .post_from("/staff", "/staff", &[("login", "teacher"), ("password", "wrong-password"), ("next", "")])
        .await;
    let unknown = Person::new(&server.base())
        .post_from(
            "/staff",
            "/staff",
            &[("login", "nobody-here"), ("password", "wrong-password"), ("next", "")],
        )
        .await;
    assert!(
        known.text().contains(&zh("error.login_refused"))
            && unknown.text().contains(&zh("error.login_refused"))
    );

    // A seat that hammers the flag box is slowed, before anything is decided.
    let people = stage::people(1);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let exercise = stage::make_exercise(&mut server, &staff.instructor, "qinglan-portal", "T-LIMIT", 1).await;
    stage::seat(&staff.instructor, &exercise, &[(&people[0].0, "r1")]).await;
    let slips = stage::slips(&staff.instructor, &exercise).await;
    let red = stage::sit(&server.base(), &slips[0].1).await;
    red.get("/seat").await.ok();
    // All at once: one after the other they would be slow enough by themselves on a busy machine.
    let tries = (0..30).map(|n| {
        let red = &red;
        async move {
            let flag = format!("RMP{{{n:032x}}}");
            let answer = red.post_json("/seat/flags", &[("objective", "portal-db"), ("flag", &flag)]).await;
            answer.status.as_u16()
        }
    });
    let statuses = futures_util::future::join_all(tries).await;
    assert!(statuses.iter().filter(|status| **status == 429).count() >= 10, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_what_a_browser_may_do_with_them() {
    let server = Server::start().await;
    let person = Person::new(&server.base());
    for path in ["/", "/staff", "/board", "/privacy", "/nothing", "/assets/app.js", "/health"] {
        let answer = person.get(path).await;
        let header = |name: &str| {
            answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        let html = answer.text();
        if header("content-type").starts_with("text/html") {
            assert!(!html.contains(" style=\"") && !html.contains("<script>"), "{path} has inline parts");
            let foreign = page::all(&html, r#"(?:src|href)="(https?://[^"]+)""#);
            assert!(foreign.is_empty(), "{path} loads {foreign:?}");
        }
    }
    // What a person types comes back as text.
    let typed = "\"><script>alert(1)</script>";
    let answer = person.post_from("/", "/", &[("code", typed)]).await;
    assert!(!answer.text().contains("<script>alert"), "typed text is taken for markup");
    // A door after the log-in leads to our own pages only.
    let staff = stage::staff(&server).await;
    drop(staff);
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let person = Person::new(&server.base());
        let fields = [("login", "teacher"), ("password", stage::PASSWORD), ("next", next)];
        let place = person.post_from("/staff", "/staff", &fields).await.went_on();
        assert!(
            place.starts_with('/') && !place.starts_with("//") && !place.contains("evil"),
            "{next} led to {place}"
        );
    }
}
