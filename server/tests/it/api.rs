//! The API: tokens, scopes, errors, repetition, the document.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use rampart::api::types::{Board, Exercise, ExerciseDetail};
use rampart_app::tokens::{SEAT_SCOPES, scopes_of_role};
use rampart_domain::token::Scope;
use rampart_store::{Role, TokenOwner};
use serde_json::{Value, json};

use crate::house::{Answer, House, TITLE, Visitor};

/// Method, path, who, scope.
type Line = (&'static str, &'static str, &'static str, Option<Scope>);

static MAY: LazyLock<Vec<Line>> = LazyLock::new(|| {
    let lines = include_str!("../../../tests/it/security/who-api.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, who, scope] = words[..] else { panic!("{line:?} is no line of the table") };
            (method, path, who, (scope != "-").then(|| Scope::read(scope).unwrap()))
        })
        .collect()
});

/// Somebody with a token.
pub struct Program<'h> {
    visitor: Visitor,
    token: String,
    house: &'h House,
}

impl Program<'_> {
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "range.test")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.visitor.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.bytes(method, path, "application/json", body.to_string().into_bytes()).await
    }

    pub async fn bytes(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let request = self.request(method.parse().unwrap(), path).header(header::CONTENT_TYPE, kind);
        self.visitor.send(request.body(Body::from(body)).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// The same with a path below the exercise of the house.
    pub async fn of_exercise(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, &format!("/api/v1/exercises/{}{path}", self.house.exercise), body).await
    }
}

impl House {
    /// Whose the tokens of `who` are.
    pub async fn owner(&self, who: char) -> TokenOwner {
        match who {
            'a' => TokenOwner::Account(self.accounts["admin"].clone()),
            'i' => TokenOwner::Account(self.accounts["teacher"].clone()),
            'o' => TokenOwner::Account(self.accounts["officer"].clone()),
            'r' => TokenOwner::Seat(self.seat_id("r1").await),
            _ => TokenOwner::Seat(self.seat_id("b1").await),
        }
    }

    /// A program of `who` (see who-api.txt) with these scopes.
    pub async fn program(&self, who: char, scopes: &[Scope]) -> Program<'_> {
        let owner = self.owner(who).await;
        // No page would offer a role the scopes of another one; here the role alone must do.
        let (_, text) = self.app.make_token(&owner, Scope::ALL, "test", scopes, 1).await.unwrap();
        Program { visitor: self.visitor(), token: text.reveal().to_owned(), house: self }
    }
}

fn real(house: &House, path: &str) -> String {
    let known = [
        ("{exercise}", house.exercise.as_str()),
        ("{range}", "1"),
        ("{host}", "www"),
        ("{scenario}", "qinglan-portal"),
        ("{file}", "standings.csv"),
        ("{name}", "a.txt"),
    ];
    let mut path = known.iter().fold(path.to_owned(), |path, (hole, what)| path.replace(hole, what));
    // There is nothing else of the kinds that are named.
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        path.replace_range(from..=to, "0198c4");
    }
    path
}

fn code(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status.as_u16());
    assert!(!problem["title"].as_str().unwrap().is_empty());
    problem["code"].as_str().unwrap().to_owned()
}

#[test]
fn the_table_the_routes_and_the_document_are_the_same() {
    let routes = rampart::api::routes();
    let here: Vec<_> =
        MAY.iter().map(|(method, path, _, scope)| (*method, (*path).to_owned(), *scope)).collect();
    let there: Vec<_> = routes.iter().map(|route| (route.method, route.path.clone(), route.scope)).collect();
    for route in &there {
        assert!(here.contains(route), "{route:?} has no line in who-api.txt");
    }
    for route in &here {
        assert!(there.contains(route), "{route:?} is no route any more");
    }
    assert_eq!(here.len(), there.len(), "a route stands twice");
    let document = serde_json::to_value(rampart::api::document()).unwrap();
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            told.insert((method.to_uppercase(), path.clone()));
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
            assert!(operation["security"][0]["token"].is_array(), "{path}");
        }
    }
    let served: BTreeSet<_> =
        there.iter().map(|(method, path, _)| ((*method).to_owned(), path.clone())).collect();
    assert_eq!(told, served);
    let ids: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an operation id twice: {ids:?}");
    // A role whose tokens cannot have the scope could never use the route.
    for (method, path, may, scope) in MAY.iter() {
        let Some(scope) = scope else { continue };
        for who in may.chars() {
            let offered = match who {
                'a' => scopes_of_role(Role::Administrator),
                'i' => scopes_of_role(Role::Instructor),
                'o' => scopes_of_role(Role::Officer),
                _ => SEAT_SCOPES,
            };
            assert!(offered.contains(scope), "{who} may {method} {path} but is not offered {scope}");
        }
    }
}

#[test]
fn the_document_is_the_one_that_was_looked_at() {
    let document = serde_json::to_value(rampart::api::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    insta::assert_json_snapshot!("openapi", document);
}

#[tokio::test]
async fn each_route_as_everybody_with_and_without_its_scope() {
    let house = House::new().await;
    let mut wrong = Vec::new();
    let scopes: BTreeSet<Scope> = MAY.iter().filter_map(|(.., scope)| *scope).collect();
    for who in ['a', 'i', 'o', 'r', 'b'] {
        for scope in &scopes {
            let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|one| one != scope).collect();
            let lesser = house.program(who, &others).await;
            for (method, pattern, may, _) in MAY.iter().filter(|(.., of)| *of == Some(*scope)) {
                let answer = lesser.send(method, &real(&house, pattern), &Value::Null).await;
                let wanted = if may.contains(who) { "scope_missing" } else { "forbidden" };
                if answer.status != StatusCode::FORBIDDEN || code(&answer) != wanted {
                    wrong.push(format!("{method} {pattern} as {who} without {scope}: {}", answer.status));
                }
            }
            house.app.store.tokens().revoke_all(&house.owner(who).await, house.app.now_ms()).await.unwrap();
        }
        // One token alone would be told to wait.
        let full = [house.program(who, Scope::ALL).await, house.program(who, Scope::ALL).await];
        for (at, (method, pattern, may, _)) in MAY.iter().enumerate() {
            // A body that nothing takes: whoever is let in is told so, where there is one to take.
            let answer = full[at % 2].send(method, &real(&house, pattern), &json!({ "nothing": 1 })).await;
            let turned_away =
                [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED, StatusCode::METHOD_NOT_ALLOWED];
            let right = if may.contains(who) {
                !turned_away.contains(&answer.status) && answer.status != StatusCode::INTERNAL_SERVER_ERROR
            } else {
                answer.status == StatusCode::FORBIDDEN
                    && code(&answer) == "forbidden"
                    && !answer.text().contains(TITLE)
            };
            if !right {
                wrong.push(format!("{method} {pattern} as {who}: {} {}", answer.status, answer.text()));
            }
        }
    }
    let nobody = house.visitor();
    for (method, pattern, ..) in MAY.iter() {
        let request = Request::builder().method(method.parse::<Method>().unwrap()).uri(real(&house, pattern));
        let answer = nobody.send(request.body(Body::empty()).unwrap()).await;
        if answer.status != StatusCode::UNAUTHORIZED || code(&answer) != "token_missing" {
            wrong.push(format!("{method} {pattern} as nobody: {}", answer.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_token_opens_no_page_and_a_log_in_no_route_of_the_api() {
    let house = House::new().await;
    let program = house.program('i', Scope::ALL).await;
    assert_eq!(program.get("/api/v1/exercises").await.status, StatusCode::OK);
    for path in ["/exercises", "/tokens", "/people"] {
        assert_eq!(program.get(path).await.status, StatusCode::SEE_OTHER, "{path} opened by a token");
    }
    let made = program.post("/exercises/new", &json!({ "code": "S115-09" })).await;
    assert_eq!(made.status, StatusCode::UNAUTHORIZED);
    let teacher = house.staff("teacher").await;
    let answer = teacher.get("/api/v1/exercises").await;
    assert_eq!((answer.status, code(&answer).as_str()), (StatusCode::UNAUTHORIZED, "token_missing"));
    // As a cookie it is nothing, in a query it is nothing, and a log-in's cookie is no token.
    teacher.jar.lock().unwrap().insert("rampart".into(), program.token.clone());
    assert_eq!(teacher.get("/exercises").await.status, StatusCode::SEE_OTHER);
    let path = format!("/api/v1/exercises?token={0}&access_token={0}", program.token);
    assert_eq!(house.visitor().get(&path).await.status, StatusCode::UNAUTHORIZED);
    let thief =
        Program { visitor: house.visitor(), token: house.staff("teacher").await.session(), house: &house };
    assert_eq!(code(&thief.get("/api/v1/me").await), "token_unknown");
}

#[tokio::test]
async fn a_token_is_made_on_the_page_shown_once_and_dies_at_once() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    teacher.get("/tokens").await;
    let fields = [("name", "腳本"), ("days", "30"), ("scope", "exercises:read"), ("scope", "board:read")];
    let page = teacher.post("/tokens", &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let text = page.text();
    let at = text.find("<code class=\"secret token\">").unwrap() + 27;
    let token = text[at..at + 42].to_owned();
    assert!(!teacher.get("/tokens").await.text().contains(&token), "shown twice");
    house.app.store.accounts().list().await.unwrap();
    let program = Program { visitor: house.visitor(), token, house: &house };
    let me = program.get("/api/v1/me").await.json();
    assert_eq!((&me["role"], &me["id"]), (&json!("instructor"), &json!(house.accounts["teacher"])));
    assert_eq!(me["token"]["scopes"], json!(["board:read", "exercises:read"]));
    let day = 86_400_000;
    assert_eq!(
        me["token"]["expires_ms"].as_i64().unwrap() - me["token"]["created_ms"].as_i64().unwrap(),
        30 * day
    );
    let used = house.app.store.tokens().of(&house.owner('i').await).await.unwrap()[0].used_ms;
    assert!(used.is_some(), "the use was not noted");
    for (field, wrong) in
        [("name", ""), ("days", "366"), ("days", "0"), ("days", "x"), ("scope", "system:run")]
    {
        let mut fields = vec![("name", "n"), ("days", "9"), ("scope", "board:read")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, wrong));
        let page = teacher.post("/tokens", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {wrong}");
    }
    let id = me["token"]["id"].as_str().unwrap();
    // Nobody else's business.
    let other = house.staff("teacher2").await;
    assert_eq!(other.post(&format!("/tokens/{id}/revoke"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(program.get("/api/v1/me").await.status, StatusCode::OK);
    assert_eq!(teacher.post(&format!("/tokens/{id}/revoke"), &[]).await.location(), Some("/tokens"));
    assert_eq!(code(&program.get("/api/v1/me").await), "token_unknown");
    let lines = house.app.store.audit().list(None, None, 50).await.unwrap();
    for what in ["token.make", "token.revoke"] {
        let line = lines.iter().find(|line| line.what == what && line.detail.contains(id)).unwrap();
        assert_eq!(line.account_id.as_ref(), Some(&house.accounts["teacher"]));
        assert!(!line.detail.contains("rmp_"));
    }
}

#[tokio::test]
async fn a_token_ends_with_role_password_account_and_by_the_administrator() {
    let house = House::new().await;
    let (teacher, admin) = (house.accounts["teacher"].clone(), house.accounts["admin"].clone());
    let dead = async |program: &Program<'_>| code(&program.get("/api/v1/me").await) == "token_unknown";
    let program = house.program('i', &[Scope::ExercisesRead]).await;
    assert_eq!(program.get("/api/v1/exercises").await.status, StatusCode::OK);
    house.app.set_role(&teacher, Role::Officer, &admin).await.unwrap();
    assert!(dead(&program).await, "a demoted account's token");
    house.app.set_role(&teacher, Role::Instructor, &admin).await.unwrap();
    assert!(dead(&program).await, "it comes back");
    let program = house.program('i', &[Scope::ExercisesRead]).await;
    house.app.change_password(&teacher, crate::house::PASSWORD, "another-very-long-one").await.unwrap();
    assert!(dead(&program).await, "a new password");
    let program = house.program('i', &[Scope::ExercisesRead]).await;
    house.app.set_disabled(&teacher, true, &admin).await.unwrap();
    assert!(dead(&program).await, "disabled");
    house.app.set_disabled(&teacher, false, &admin).await.unwrap();
    let program = house.program('i', &[Scope::ExercisesRead]).await;
    let page = house.staff("admin").await;
    page.get("/accounts").await;
    assert_eq!(page.post(&format!("/accounts/{teacher}/tokens"), &[]).await.location(), Some("/accounts"));
    assert!(dead(&program).await, "revoked by the administrator");
    let seat = house.program('r', &[Scope::SeatPlay]).await;
    assert_eq!(seat.get("/api/v1/me").await.json()["team"], "r1");
    house.app.take_seat(&house.exercise, &house.seat_id("r1").await, &admin).await.unwrap();
    assert!(dead(&seat).await, "the seat was taken away");
}

#[tokio::test]
async fn hammering_meets_a_limit_that_says_when() {
    let house = House::new().await;
    let program = house.program('i', &[Scope::ExercisesRead]).await;
    // Many at once: one after the other, a busy machine would be slow enough by itself.
    let answers = futures_util::future::join_all((0..500).map(|_| program.get("/api/v1/me"))).await;
    let limited = answers.into_iter().find(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS);
    let limited = limited.expect("no limit");
    assert!(limited.header("retry-after").parse::<i64>().unwrap() > 0);
    assert_eq!(code(&limited), "too_many");
    let stranger = Program { visitor: house.visitor(), token: "rmp_nothing".into(), house: &house };
    let mut last = StatusCode::OK;
    for _ in 0..500 {
        last = stranger.get("/api/v1/me").await.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(last, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "tokens can be tried without end");
    let good = house.program('a', &[Scope::SystemRead]).await;
    assert_eq!(good.get("/api/v1/me").await.status, StatusCode::OK, "whoever has one gets in all the same");
}

#[tokio::test]
async fn errors_are_told_in_the_language_asked_for_and_by_code() {
    let house = House::new().await;
    let program = house.program('i', Scope::ALL).await;
    let ask = async |language: &str, path: &str, body: &str| {
        let request = program
            .request(Method::POST, path)
            .header(header::ACCEPT_LANGUAGE, language)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()));
        program.visitor.send(request.unwrap()).await
    };
    let new =
        json!({ "scenario": "none", "code": "S 1", "pairs": 99, "starts_ms": 9, "ends_ms": 1 }).to_string();
    let (zh, en) =
        (ask("zh-TW", "/api/v1/exercises", &new).await, ask("en", "/api/v1/exercises", &new).await);
    assert_eq!(zh.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = |answer: &Answer| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        errors.iter().map(|one| (text(&one["field"]), text(&one["code"]))).collect()
    };
    assert_eq!(fields(&zh), fields(&en));
    let named: BTreeSet<String> = fields(&zh).into_iter().map(|(field, _)| field).collect();
    assert_eq!(named, ["code", "ends", "pairs", "scenario"].map(str::to_owned).into(), "all at once");
    assert_ne!(zh.json()["errors"][0]["text"], en.json()["errors"][0]["text"]);
    assert_eq!(zh.json()["type"], "/api#problem-fields");
    for (body, status) in [("{", 400), ("{}", 422), (r#"{"scenario":"x","codes":1}"#, 422)] {
        let answer = ask("en", "/api/v1/exercises", body).await;
        assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (status, "body"), "{body}");
    }
    let long = format!("{{\"title\":\"{}\"}}", "x".repeat(300_000));
    assert_eq!(ask("en", "/api/v1/exercises", &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    for path in ["/api/v1/nothing", "/api/v1/exercises/0198c4", "/api/v1/exercises/0198c4/board"] {
        let answer = program.get(path).await;
        assert_eq!((answer.status, code(&answer).as_str()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    let answer = program.send("PATCH", "/api/v1/exercises", &Value::Null).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    code(&answer);
}

#[tokio::test]
async fn an_exercise_is_made_once_listed_in_parts_and_led() {
    let house = House::new().await;
    let program = house.program('i', &[Scope::ExercisesRead, Scope::ExercisesRun]).await;
    let new = |number: u32| {
        json!({ "scenario": "qinglan-portal", "code": format!("A115-{number:02}"), "pairs": 1,
                "starts_ms": 1_800_000_000_000_i64, "ends_ms": 1_800_003_600_000_i64 })
    };
    let keyed = async |key: &str, body: &Value| {
        let request = program
            .request(Method::POST, "/api/v1/exercises")
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        program.visitor.send(request.unwrap()).await
    };
    let first = keyed("one", &new(1)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let again = keyed("one", &new(1)).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (StatusCode::CREATED, "true"));
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(code(&keyed("one", &new(2)).await), "repeat_other");
    assert_eq!(code(&keyed("", &new(2)).await), "repeat_key");
    // Without a key it is another request, which the code refuses; and what was refused may be sent again.
    let taken = keyed("two", &new(1)).await;
    assert_eq!((taken.status, code(&taken).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "fields"));
    assert_eq!(keyed("two", &new(2)).await.status, StatusCode::CREATED);
    for number in 3..6 {
        assert_eq!(program.post("/api/v1/exercises", &new(number)).await.status, StatusCode::CREATED);
    }
    let mut seen: Vec<Exercise> = Vec::new();
    let mut path = "/api/v1/exercises?limit=2".to_owned();
    loop {
        let part = program.get(&path).await.json();
        let items: Vec<Exercise> = serde_json::from_value(part["items"].clone()).unwrap();
        assert!(items.len() <= 2);
        seen.extend(items);
        let Some(next) = part["next"].as_str() else { break };
        path = format!("/api/v1/exercises?limit=2&cursor={next}");
    }
    let codes: Vec<&str> = seen.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["A115-05", "A115-04", "A115-03", "A115-02", "A115-01", "S115-01"]);
    let found = program.get("/api/v1/exercises?code=A115-03&status=draft").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(program.get("/api/v1/exercises?limit=501").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(program.get("/api/v1/exercises?limits=5").await.status, StatusCode::BAD_REQUEST);

    let id = seen[0].id.clone();
    let empty = program.post(&format!("/api/v1/exercises/{id}/launch"), &Value::Null).await;
    assert_eq!(code(&empty), "no_seats");
    let planned = json!({ "at_ms": house.app.now_ms() + 60_000 });
    let path = format!("/api/v1/exercises/{id}/schedule");
    let shown: ExerciseDetail =
        serde_json::from_slice(&program.send("PUT", &path, &planned).await.bytes).unwrap();
    assert_eq!(shown.launch_ms, planned["at_ms"].as_i64());
    let past = program.send("PUT", &path, &json!({ "at_ms": 5 })).await;
    assert_eq!(past.json()["errors"][0]["code"], "time_passed");

    let status = async |act: &str, body: Value| {
        let answer = program.of_exercise("POST", act, &body).await;
        let json = answer.json();
        json["status"].as_str().map_or_else(|| code(&answer), str::to_owned)
    };
    assert_eq!(status("/resume", Value::Null).await, "state_changed", "it is no start either");
    assert_eq!(status("/pause", Value::Null).await, "paused");
    assert_eq!(status("/start", Value::Null).await, "state_changed", "a start is no resume");
    assert_eq!(status("/resume", Value::Null).await, "running");
    assert_eq!(status("/end", json!({ "code": "S115-02" })).await, "fields", "the code of another one");
    assert_eq!(status("/end", json!({ "code": "S115-01" })).await, "ended");
}

#[tokio::test]
async fn the_board_is_the_pages_with_a_tag_of_what_is_seen_and_the_ledger_whole() {
    let house = House::new().await;
    let program = house.program('i', Scope::ALL).await;
    let spectator = house.program('b', &[Scope::BoardRead]).await;
    let path = format!("/api/v1/exercises/{}/board", house.exercise);
    let answer = spectator.get(&path).await;
    let board: Board = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!(
        serde_json::to_value(&board).unwrap(),
        drop_empty(answer.json()),
        "the document leaves nothing out"
    );
    let tag = answer.header("etag").to_owned();
    let known = async |tag: &str| {
        let request = spectator.request(Method::GET, &path).header(header::IF_NONE_MATCH, tag);
        spectator.visitor.send(request.body(Body::empty()).unwrap()).await
    };
    let same = known(&tag).await;
    assert_eq!((same.status, same.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    let live = house.app.exercise(&house.exercise).unwrap();
    let capture = async |objective: &str| {
        let seat = house.seat_id("r1").await;
        live.submit_flag("r1", &seat, objective, &house.flag("r1", objective)).await.unwrap();
    };
    let objectives: Vec<String> = live
        .scenario()
        .objectives
        .iter()
        .filter(|objective| objective.requires.is_empty())
        .map(|objective| objective.id.clone())
        .collect();
    capture(&objectives[0]).await;
    let moved = known(&tag).await;
    assert_eq!(moved.status, StatusCode::OK);
    // Frozen: nothing that happens is seen, not in bytes, not in the tag.
    let freeze = rampart_app::exercise::JudgeAct::Freeze { on: true };
    live.judge(&house.accounts["teacher"], freeze).await.unwrap();
    let frozen = spectator.get(&path).await;
    let judge = rampart_app::exercise::JudgeAct::Correct {
        team: "r1".into(),
        points: 50,
        about: None,
        text: "補分".into(),
    };
    live.judge(&house.accounts["teacher"], judge).await.unwrap();
    let behind = spectator.get(&path).await;
    assert_eq!(
        (frozen.bytes, frozen.headers[header::ETAG].clone()),
        (behind.bytes, behind.headers[header::ETAG].clone())
    );
    assert_eq!(code(&spectator.get(&format!("{path}?audience=staff")).await), "forbidden");
    let staff = program.get(&format!("{path}?audience=staff")).await.json();
    let points = |board: &Value| board["sides"][0]["teams"][0]["points"].as_i64().unwrap();
    let seq = live.fold().seq;
    assert_eq!(staff["seq"], seq);
    // The points are the ledger's own, to the digit.
    let lines = program.get(&format!("/api/v1/exercises/{}/points?team=r1", house.exercise)).await.json();
    let sum: i64 =
        lines["items"].as_array().unwrap().iter().map(|line| line["points"].as_i64().unwrap()).sum();
    assert_eq!(sum, points(&staff));
    assert!(
        lines["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|line| !line["reason"]["text"].as_str().unwrap().is_empty())
    );
    let mut entries = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let path = format!("/api/v1/exercises/{}/ledger?limit=3&cursor={cursor}", house.exercise);
        let part = program.get(&path).await.json();
        entries.extend(part["items"].as_array().unwrap().clone());
        let Some(next) = part["next"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(entries.len() as u64, seq);
    for pair in entries.windows(2) {
        assert_eq!(pair[1]["prev"], pair[0]["hash"]);
    }
}

/// Empty values of reasons are left out where they are written.
fn drop_empty(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => {
                if map.contains_key("rule") && !map.contains_key("args") {
                    map.insert("args".into(), json!({}));
                }
                map.values_mut().for_each(walk);
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

#[tokio::test]
async fn people_sit_play_are_judged_and_counted_by_program() {
    let house = House::new().await;
    let teacher = house.program('i', Scope::ALL).await;
    let people = teacher.get("/api/v1/people?q=A3").await.json();
    let person = people["items"][0].clone();
    assert_eq!(person["staff_no"], "A3");
    assert_eq!(person.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name", "staff_no", "agency"]);
    let path = format!("/seats/{}", person["id"].as_str().unwrap());
    let moved = teacher.of_exercise("PUT", &path, &json!({ "team": "r1" })).await;
    assert_eq!(moved.status, StatusCode::NO_CONTENT, "{}", moved.text());
    let unknown = teacher.of_exercise("PUT", &path, &json!({ "team": "r9" })).await;
    assert_eq!(unknown.json()["errors"][0]["field"], "team");
    let seats = teacher.of_exercise("GET", "/seats", &Value::Null).await.json();
    assert_eq!(seats["items"].as_array().unwrap().iter().filter(|seat| seat["team"] == "r1").count(), 2);
    let slips = teacher.of_exercise("POST", "/slips", &json!({})).await.json();
    assert!(slips["items"].as_array().unwrap().iter().all(|slip| slip["code"].as_str().unwrap().len() == 8));
    assert_eq!(teacher.of_exercise("DELETE", &path, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(teacher.of_exercise("DELETE", &path, &Value::Null).await.status, StatusCode::NOT_FOUND);

    let red = house.program('r', &[Scope::SeatPlay, Scope::BoardRead]).await;
    let live = house.app.exercise(&house.exercise).unwrap();
    let objective = live.scenario().objectives.iter().find(|one| one.requires.is_empty()).unwrap().id.clone();
    let try_flag = async |flag: String| {
        red.post("/api/v1/seat/flags", &json!({ "objective": objective, "flag": flag })).await
    };
    let foreign = try_flag(house.flag("r2", &objective)).await.json();
    assert_eq!(foreign["answer"], "wrong", "another team's flag reads as any wrong one");
    let right = try_flag(house.flag("r1", &objective)).await.json();
    assert_eq!(right["answer"], "correct");
    assert_eq!(code(&try_flag(house.flag("r1", &objective)).await), "already_yours");
    let state = red.get("/api/v1/seat").await.json();
    assert_eq!((&state["captured"], &state["points"]), (&json!([objective]), &right["team_points"]));
    let lines = red.get("/api/v1/seat/points").await.json();
    let seq = lines["items"][0]["seq"].as_u64().unwrap();
    let dispute = red.post("/api/v1/seat/contests", &json!({ "about": seq, "text": "少算了" })).await;
    assert_eq!(dispute.status, StatusCode::NO_CONTENT, "{}", dispute.text());
    let contests = teacher.of_exercise("GET", "/contests", &Value::Null).await.json();
    let contest = contests["items"][0]["id"].clone();
    let rule = json!({ "act": "rule", "contest": contest, "upheld": true, "points": 5, "text": "有理" });
    assert_eq!(teacher.of_exercise("POST", "/judge", &rule).await.status, StatusCode::NO_CONTENT);
    let ruled = teacher.of_exercise("GET", "/contests", &Value::Null).await.json();
    assert_eq!(ruled["items"][0]["ruled"]["points"], 5);
    let bare = json!({ "act": "correct", "team": "r1", "points": 5, "text": "" });
    assert_eq!(teacher.of_exercise("POST", "/judge", &bare).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let blue = house.program('b', &[Scope::SeatPlay]).await;
    let empty = json!({ "host": "www", "technique": "nothing", "seen_ms": house.app.now_ms(), "text": "x" });
    assert_eq!(blue.post("/api/v1/seat/reports", &empty).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let sign = json!({ "act": "in", "person": contestant(&teacher).await });
    assert_eq!(teacher.of_exercise("POST", "/attendance", &sign).await.status, StatusCode::NO_CONTENT);
    assert_eq!(code(&teacher.of_exercise("POST", "/attendance", &sign).await), "already_signed");
    let officer = house.program('o', &[Scope::RecordsRead]).await;
    let before = house.app.store.audit().list(Some("personal.read"), None, 99).await.unwrap().len();
    let records = officer.of_exercise("GET", "/records", &Value::Null).await.json();
    let heads = records["heads"].as_object().unwrap();
    let parts: i64 = ["male", "female", "other", "undisclosed", "none"]
        .iter()
        .map(|part| heads[*part].as_i64().unwrap())
        .sum();
    assert_eq!(parts, heads["total"].as_i64().unwrap());
    let after = house.app.store.audit().list(Some("personal.read"), None, 99).await.unwrap().len();
    assert_eq!(after, before + 1, "a look without its line");
    let file = officer.of_exercise("GET", "/records/export?format=csv", &Value::Null).await;
    assert!(file.header("content-disposition").starts_with("attachment"), "{}", file.text());
}

async fn contestant(teacher: &Program<'_>) -> String {
    let seats = teacher.of_exercise("GET", "/seats", &Value::Null).await.json();
    seats["items"][0]["person"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_guide_names_each_operation_and_each_code_in_both_languages() {
    let house = House::new().await;
    for language in ["zh-TW", "en"] {
        let page = house.visitor().get(&format!("/api?lang={language}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let html = page.text();
        assert!(!html.contains(">api.op.") && !html.contains(">api.tag."), "an operation without its text");
        for route in rampart::api::routes() {
            let path = route.path.replace('/', "&#x2f;");
            assert!(html.contains(&format!("<code>{path}</code>")), "{path} is not shown");
        }
        for code in ["scope_missing", "repeat_open", "state_changed"] {
            assert!(html.contains(&format!("id=\"problem-{code}\"")), "{code}");
        }
        let catalog = house.web.pages.catalog();
        let locale = rampart_pages::Locale::parse(language).unwrap();
        let document = serde_json::to_value(rampart::api::document()).unwrap();
        for operation in document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|item| item.as_object().unwrap().values())
        {
            let key = format!("api.op.{}", operation["operationId"].as_str().unwrap());
            assert!(catalog.get(locale, &key).is_some(), "{key}");
            let key = format!("api.tag.{}", operation["tags"][0].as_str().unwrap());
            assert!(catalog.get(locale, &key).is_some(), "{key}");
        }
    }
    let document = house.visitor().get("/api/openapi.json").await;
    assert_eq!(document.json(), serde_json::to_value(rampart::api::document()).unwrap());
}

#[tokio::test]
async fn figures_count_and_name_nobody() {
    let house = House::new().await;
    let admin = house.program('a', &[Scope::MetricsRead, Scope::SystemRead]).await;
    house.visitor().get("/health").await;
    house.visitor().get("/board").await;
    let figure = |text: &str, name: &str| -> f64 {
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let first = admin.get("/metrics").await;
    assert_eq!(first.status, StatusCode::OK);
    let text = first.text();
    let board = "rampart_http_requests_total{method=\"GET\",route=\"/board\",status=\"200\"}";
    assert!((figure(&text, board) - 1.0).abs() < 0.1);
    assert!((figure(&text, "rampart_exercises{state=\"running\"}") - 1.0).abs() < 0.1);
    assert!((figure(&text, "rampart_ranges{state=\"running\"}") - 2.0).abs() < 0.1);
    assert!(figure(&text, "rampart_resident_memory_bytes") > 1e6);
    let entries = figure(&text, "rampart_ledger_entries_total");
    let commits = figure(&text, "rampart_commit_duration_seconds_count");
    let live = house.app.exercise(&house.exercise).unwrap();
    live.judge(&house.accounts["teacher"], rampart_app::exercise::JudgeAct::Freeze { on: true })
        .await
        .unwrap();
    let text = admin.get("/metrics").await.text();
    assert!(figure(&text, "rampart_ledger_entries_total") > entries);
    assert!(figure(&text, "rampart_commit_duration_seconds_count") > commits);
    assert!(text.ends_with("# EOF\n"));
    for secret in [&house.exercise, &house.accounts["admin"], "S115-01", "許藍圖", "rmp_", "r1"] {
        assert!(!text.contains(&format!("\"{secret}\"")), "{secret} is a label");
    }
}
