//! What people state of themselves is read by the programme officer alone: every page, file, stream and route of the API is
//! asked for with ids of things that are there, as everybody else and with each scope of each token. Nothing that comes back
//! holds a word of anybody's gender, and no page or file moves when the answers do.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use futures_util::StreamExt;
use rampart::Who;
use rampart::web::Role;
use rampart_app::webhooks::{Allowed, NewWebhook};
use rampart_domain::records::course::Standing;
use rampart_domain::records::{Age, Answers, Disability, Gender, RocYear};
use rampart_domain::token::Scope;
use rampart_store::{HookAudience, NewClassSession, Officer};
use scoreboard::Side;
use serde_json::{Value, json};

use crate::api::Program;
use crate::api_programme::done;
use crate::hours::Class;
use crate::house::{Answer, House, Visitor};

/// Files of standings and of every table.
const FORMATS: [&str; 4] = ["csv", "ods", "xlsx", "pdf"];
/// Of what whoever may use a route gets no 200, and why.
const NOT_SERVED: [(&str, &str); 12] = [
    ("/assets/{*path}", "files that are built in; none of anybody"),
    ("/in/{session}", "leads nowhere without the room's code"),
    ("/seat/terminal", "speaks over a socket only: bytes of a shell"),
    ("/seat/desktop", "speaks over a socket only: pictures of a screen"),
    ("/exercises/{id}/terminals/{terminal}", "the terminal of the recording is closed: leads to the list"),
    ("/exercises/{id}/terminals/{terminal}/stream", "speaks over a socket only"),
    ("/exercises/{id}/desktops/{seat}/stream", "speaks over a socket only"),
    ("/seat/files/get", "no workstation stands from which a file could come"),
    ("/api/v1/seat/files", "no workstation stands"),
    ("/api/v1/seat/files/content", "no workstation stands"),
    ("/api/v1/exercises/{exercise}/ranges/{range}/counters", "no gateway stands"),
    (
        "/api/v1/exercises/{exercise}/hosts/{range}/{host}/lines",
        "no host stands that could have said anything",
    ),
];
/// Counts what was asked for, so it is another at each look.
const COUNTS: &str = "/metrics";
/// Say by their nature which words there are for gender, the same to everybody.
const OF_WORDS: [&str; 2] = ["/api", "/api/openapi.json"];

/// Everything of which a route could be asked.
struct Ground {
    class: Class,
    /// A session of the course that goes on; the class's own is over.
    goes_on: String,
    known: BTreeMap<&'static str, String>,
}

impl Ground {
    async fn new() -> Self {
        let class = Class::new().await;
        let house = &class.house;
        let teacher = house.program('i', Scope::ALL).await;
        house.app.issue_certificates(&class.course, &house.accounts["teacher"]).await.unwrap();
        let now = NewClassSession {
            id: String::new(),
            course_id: class.course.clone(),
            code: "S115-N".into(),
            class_no: 4,
            place: "資訊中心".into(),
            halves: vec![(house.app.now_ms() - 1_800_000, house.app.now_ms() + 3_600_000)],
            late_minutes: 10,
            exercise_id: None,
        };
        let goes_on = house.app.save_class_session(&now, &house.accounts["teacher"]).await.unwrap();
        house
            .app
            .enter_people(&class.course, &goes_on, Standing::Trainee, "H1\nH2", &house.accounts["teacher"])
            .await
            .unwrap();
        let given = rampart_store::CertificatesOf::Course(&class.course);
        let certificate = house.app.store.certificates().list(given).await.unwrap().remove(0);
        let course = format!("/api/v1/courses/{}", class.course);
        let questions =
            json!({ "title": "課後問卷", "questions": [{ "zh": "難易適中", "en": "Right level" }] });
        let survey = done(&teacher, "POST", &format!("{course}/surveys"), &questions).await;
        let survey = survey["id"].as_str().unwrap().to_owned();
        let slips = format!("{course}/surveys/{survey}/tokens");
        let slips = done(&teacher, "POST", &slips, &json!({ "number": 2 })).await;
        let file = format!("{course}/materials/files?name=%E8%AC%9B%E7%BE%A9.txt");
        let file = teacher.bytes("POST", &file, "application/octet-stream", b"notes".to_vec()).await;
        let hook = NewWebhook {
            url: "http://127.0.0.1:9/in".into(),
            exercise: Some(house.exercise.clone()),
            kinds: vec!["status".into()],
            audience: HookAudience::Public,
        };
        let listed = vec!["127.0.0.1/32".parse().unwrap()];
        let allowed = std::sync::Arc::new(Allowed { listed, block: "10.77.0.0/16".parse().unwrap() });
        let (hook, _) = house.app.make_webhook(hook, &allowed, &house.accounts["teacher"]).await.unwrap();
        let known = [
            ("exercise", house.exercise.clone()),
            ("person", house.person.clone()),
            ("course", class.course.clone()),
            ("session", class.session.clone()),
            ("scenario", "qinglan-portal".to_owned()),
            ("webhook", hook),
            ("recording", house.recording.clone()),
            ("seat", house.seat_id("r1").await),
            ("survey", survey),
            ("token", slips["items"][0]["token"].as_str().unwrap().to_owned()),
            ("material", file.json()["id"].as_str().unwrap().to_owned()),
            ("certificate", certificate.id.clone()),
            ("number", format!("{}-{}", certificate.number, certificate.check_code)),
            ("year", RocYear::of_ms(class.start_ms()).to_string()),
        ];
        drop(teacher);
        Self { class, goes_on, known: known.into() }
    }

    /// What stands for a part of a pattern in braces.
    fn of(&self, pattern: &str, hole: &str) -> Vec<String> {
        let area = pattern.trim_start_matches("/api/v1").split('/').nth(1).unwrap();
        let kind = match (hole, area) {
            ("id", "board" | "exercises" | "statistics") => "exercise",
            ("id", "people") => "person",
            ("id", "courses") => "course",
            ("id", "scenarios") => "scenario",
            ("id", "webhooks") => "webhook",
            ("session", "in") => return vec![self.goes_on.clone()],
            ("terminal", _) => "recording",
            ("range", _) => return vec!["1".into()],
            ("host", _) => return vec!["www".into()],
            ("*path", "assets") => return vec!["app.css".into()],
            ("file", _) => return FORMATS.map(|format| format!("standings.{format}")).into(),
            ("format", _) => return FORMATS.map(str::to_owned).into(),
            ("table", _) => return ["x1", "x2", "x5-age", "hours"].map(str::to_owned).into(),
            // Stale after a minute, so it is made when it is asked for.
            ("code", "in") => {
                let (session, slot) = (&self.goes_on, self.class.house.app.now_ms() / 20_000);
                return vec![self.class.house.web.signer.short("room", &format!("{session}|{slot}"))];
            }
            (hole, _) => hole,
        };
        if kind == "person" {
            return vec![self.known["person"].clone(), self.class.people[0].id.clone()];
        }
        let known = self.known.get(kind);
        let known = known.unwrap_or_else(|| panic!("{pattern}: give this test a {{{hole}}} that is there"));
        vec![known.clone()]
    }

    /// Every address that a pattern stands for.
    fn paths(&self, pattern: &str) -> Vec<String> {
        let mut paths = vec![pattern.to_owned()];
        while let Some((from, to)) = paths[0].find('{').zip(paths[0].find('}')) {
            let (hole, braced) = (paths[0][from + 1..to].to_owned(), paths[0][from..=to].to_owned());
            let stands = self.of(pattern, &hole);
            let (stands, braced) = (&stands, braced.as_str());
            let filled =
                paths.iter().flat_map(|path| stands.iter().map(move |one| path.replace(braced, one)));
            paths = filled.collect();
        }
        let queries: Vec<String> = match pattern {
            "/people/export" | "/api/v1/people/export" => {
                ["csv", "ods", "xlsx"].map(|format| format!("?format={format}")).into()
            }
            "/statistics/{id}/export" | "/api/v1/exercises/{exercise}/records/export" => {
                FORMATS.map(|format| format!("?format={format}")).into()
            }
            "/statistics/year/{year}/{table}/export" | "/api/v1/records/{year}/tables/{table}" => {
                FORMATS.map(|format| format!("?format={format}&edition=internal")).into()
            }
            "/api/v1/records/{year}/tables/{table}/rows" => vec!["?edition=internal".into()],
            "/statistics/year/{year}/rows" => vec!["?by=all".into()],
            "/statistics/year/{year}/cross/export" => {
                FORMATS.map(|format| format!("{CROSS}&format={format}")).into()
            }
            "/api/v1/records/{year}/cross" | "/api/v1/records/{year}/cross/{format}" => vec![CROSS.into()],
            "/exercises/{id}/attendance"
            | "/courses/{id}/certificates/{certificate}"
            | "/courses/{id}/sessions/{session}/paper"
            | "/me/certificates/{certificate}" => vec![String::new(), "?format=pdf".into()],
            "/seat/files/get" | "/api/v1/seat/files" | "/api/v1/seat/files/content" => {
                vec!["?path=%2Ftmp%2Fa".into()]
            }
            "/certificates/check" => vec![format!("?number={}", self.known["number"])],
            _ => vec![String::new()],
        };
        paths.iter().flat_map(|path| queries.iter().map(move |query| format!("{path}{query}"))).collect()
    }

    /// Says for everybody what they are.
    async fn state(&self, women: usize, age: Age, disability: Disability) {
        let house = &self.class.house;
        let officer = Officer { account_id: house.accounts["officer"].clone() };
        let seats = house.app.store.seats().list_all(&house.exercise).await.unwrap();
        let people = seats.into_iter().map(|seat| seat.person_id);
        let people = people.chain(self.class.people.iter().map(|one| one.id.clone()));
        for (at, person) in people.enumerate() {
            let gender = if at % 2 == women { Gender::Female } else { Gender::Male };
            let answers = Answers {
                gender: Some(gender),
                age: Some(age),
                disability: Some(disability),
                ..Answers::default()
            };
            house.app.enter_answers(&officer, &person, &answers, house.app.now_ms()).await.unwrap();
        }
    }

    /// Somebody who opened the own page by the code on a slip, without a seat.
    async fn own(&self) -> Visitor {
        let teacher = self.class.house.program('i', Scope::ALL).await;
        let slips = format!("/api/v1{}/slips", self.class.at());
        let slips = done(&teacher, "POST", &slips, &Value::Null).await;
        let slip = slips["items"].as_array().unwrap().iter();
        let slip = slip.clone().find(|slip| slip.to_string().contains("葉門禁")).unwrap();
        let visitor = self.class.house.visitor();
        visitor.get("/me").await;
        let code = slip["own_code"].as_str().unwrap_or_else(|| panic!("{slip}"));
        let opened = visitor.post("/me", &[("act", "open"), ("code", code)]).await;
        assert_eq!(opened.location(), Some("/me"), "{}", opened.text());
        visitor
    }
}

const CROSS: &str = "?rows=agency&columns=gender&figure=persons&edition=internal";

/// May `who` (see who.txt; `m` has the own page and no seat) use it?
fn may(route: Who, who: char) -> bool {
    match route {
        Who::Open | Who::Public => true,
        Who::LoggedIn => !".m".contains(who),
        Who::Account => "aio".contains(who),
        Who::Roles(roles) => roles.iter().any(|role| {
            who == match role {
                Role::Administrator => 'a',
                Role::Instructor => 'i',
                Role::Officer => 'o',
            }
        }),
        Who::Seat => "rb".contains(who),
        Who::Side(side) => who == if side == Side::Red { 'r' } else { 'b' },
    }
}

/// Text as templates write it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '/' => out.push_str("&#x2f;"),
            c => out.push(c),
        }
    }
    out
}

/// Words of gender.
const WORDS: [&str; 8] = ["女", "男", "female", "Female", "\"gender\"", "\"male\"", "Male", "\"F\" selected"];

/// Looks for the words.
struct Searcher {
    /// Sentences of the product that hold such a word, longest first: they are of nobody.
    sentences: Vec<String>,
}

impl Searcher {
    fn new() -> Self {
        fn walk(value: &Value, into: &mut BTreeSet<String>) {
            match value {
                // A heading may not go unseen as the word of somebody's gender.
                Value::String(text)
                    if text.chars().count() > 6 && WORDS.iter().any(|word| text.contains(word)) =>
                {
                    into.insert(escaped(text));
                    into.insert(text.clone());
                }
                Value::Object(all) => all.values().for_each(|one| walk(one, into)),
                _ => {}
            }
        }
        let mut sentences = BTreeSet::new();
        for locale in
            [include_str!("../../pages/locales/zh-TW.json"), include_str!("../../pages/locales/en.json")]
        {
            walk(&serde_json::from_str(locale).unwrap(), &mut sentences);
        }
        let mut sentences: Vec<String> = sentences.into_iter().collect();
        // What is offered to whoever states it, and is chosen for nobody.
        for (code, word) in [("F", "女"), ("M", "男"), ("F", "Female"), ("M", "Male")] {
            sentences.push(format!("<option value=\"{code}\">{word}</option>"));
            sentences
                .push(format!("<input type=\"radio\" name=\"gender\" value=\"{code}\"><span>{word}</span>"));
        }
        for field in ["<select id=\"f-gender\" name=\"gender\">", "type=\"radio\" name=\"gender\""] {
            sentences.push(field.to_owned());
        }
        sentences.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { sentences }
    }

    /// The words in a text, and what stands around the first.
    fn text(&self, text: &str) -> Option<String> {
        if !WORDS.iter().any(|word| text.contains(word)) {
            return None;
        }
        let rest = self.sentences.iter().fold(text.to_owned(), |text, one| text.replace(one.as_str(), ""));
        let at = WORDS.iter().filter_map(|word| rest.find(word)).min()?;
        let from = rest[..at].char_indices().rev().nth(30).map_or(0, |(at, _)| at);
        Some(rest[from..].chars().take(60).collect())
    }

    /// The words in whatever came: text, a container of files, a paper.
    fn found(&self, bytes: &[u8]) -> Option<String> {
        plain(bytes).iter().find_map(|text| self.text(text))
    }
}

/// What can be read in a file, however it is packed.
fn plain(bytes: &[u8]) -> Vec<String> {
    if bytes.starts_with(b"PK\x03\x04") {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut all = Vec::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            all.push(file.name().to_owned());
            let mut inner = Vec::new();
            file.read_to_end(&mut inner).unwrap();
            all.extend(plain(&inner));
        }
        return all;
    }
    if bytes.starts_with(b"%PDF") {
        return vec![on_paper(bytes)];
    }
    vec![String::from_utf8_lossy(bytes).into_owned()]
}

/// The characters that stand on a paper, out of the tables that say which glyph is which. In no order, each once.
fn on_paper(bytes: &[u8]) -> String {
    let mut characters = BTreeSet::new();
    let mut rest = bytes;
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|part| part == what);
    while let Some(at) = find(rest, b"stream\n").or_else(|| find(rest, b"stream\r\n")) {
        rest = &rest[at + 7..];
        let packed = if rest.starts_with(b"\n") { &rest[1..] } else { rest };
        let mut text = Vec::new();
        let _ = flate2::read::ZlibDecoder::new(packed).read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        if text.contains("beginbfchar") || text.contains("beginbfrange") {
            for line in text.lines().filter(|line| line.starts_with('<')) {
                let last = line.rsplit('<').next().unwrap().trim_end_matches('>');
                let units: Vec<u16> = last
                    .as_bytes()
                    .chunks(4)
                    .filter_map(|unit| u16::from_str_radix(std::str::from_utf8(unit).ok()?, 16).ok())
                    .collect();
                characters.extend(String::from_utf16_lossy(&units).chars());
            }
        }
        let Some(end) = find(rest, b"endstream") else { break };
        rest = &rest[end + 9..];
    }
    assert!(!characters.is_empty(), "no character can be read on a paper");
    characters.into_iter().collect()
}

/// What a page says, without what is another at each look: numbers, and tokens in hexadecimal.
fn said(body: &str) -> String {
    let mut out = String::new();
    for word in body.split(|c: char| !c.is_ascii_alphanumeric()) {
        let hexadecimal = word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
        if !hexadecimal && !word.bytes().any(|b| b.is_ascii_digit()) {
            out.push_str(word);
            out.push(' ');
        }
    }
    out.extend(body.chars().filter(|c| !c.is_ascii()));
    out
}

/// Gets it; of a stream what it says before it waits. True for a stream.
async fn get(visitor: &Visitor, path: &str) -> (Answer, bool) {
    let request = visitor.request(Method::GET, path).body(Body::empty()).unwrap();
    let response = visitor.open(request).await;
    let (parts, body) = response.into_parts();
    let stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let mut bytes = Vec::new();
    let mut body = body.into_data_stream();
    loop {
        let piece = if stream {
            tokio::time::timeout(Duration::from_millis(150), body.next()).await.unwrap_or(None)
        } else {
            body.next().await
        };
        let Some(piece) = piece else { break };
        bytes.extend_from_slice(&piece.unwrap());
    }
    (Answer { status: parts.status, headers: parts.headers, bytes }, stream)
}

/// As a program; one that asks too often waits.
async fn ask(program: &Program<'_>, path: &str) -> Answer {
    loop {
        let answer = program.get(path).await;
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// How an answer begins, without the head of a page.
fn start(answer: &Answer) -> String {
    let text = answer.text();
    let body = text.split_once("<main").map_or(text.as_str(), |(_, body)| body);
    body.chars().take(300).collect()
}

fn served(pattern: &str, status: StatusCode) -> bool {
    status == StatusCode::OK || NOT_SERVED.iter().any(|(one, _)| *one == pattern)
}

/// Pages, files and streams: (pattern, who may).
fn pages() -> Vec<(String, Who)> {
    let all = rampart::routes().into_iter().filter(|route| route.method == "GET");
    all.map(|route| (route.path.to_owned(), route.who)).collect()
}

/// Routes of the API: (pattern, who may, scope).
fn of_api() -> Vec<(String, Who, Option<Scope>)> {
    let all = rampart::api::routes().into_iter().filter(|route| route.method == "GET");
    all.map(|route| (route.path, route.who, route.scope)).collect()
}

#[tokio::test]
async fn nothing_that_anybody_else_is_given_says_or_moves_with_what_people_state() {
    let ground = Ground::new().await;
    let house = &ground.class.house;
    let everybody: Vec<(char, Visitor)> = vec![
        ('.', house.visitor()),
        ('a', house.staff("admin").await),
        ('i', house.staff("teacher").await),
        ('r', house.seat("r1").await),
        ('b', house.seat("b1").await),
        ('m', ground.own().await),
    ];
    let mut programs = Vec::new();
    for who in ['a', 'i', 'r', 'b'] {
        programs.push((who, house.program(who, Scope::ALL).await));
    }
    let searcher = Searcher::new();
    let look = async |most: usize| {
        let (mut seen, mut wrong) = (Vec::new(), Vec::new());
        let mut note =
            |who: char, (pattern, right): (&str, bool), path: &str, answer: &Answer, stream: bool| {
                if right && !served(pattern, answer.status) {
                    wrong.push(format!("{path} as {who}: {} {}", answer.status, start(answer)));
                }
                if !OF_WORDS.contains(&pattern) {
                    wrong.extend(
                        searcher.found(&answer.bytes).map(|what| format!("{path} as {who} says {what}")),
                    );
                }
                // How much of a stream has come by now is another at each look, and so is the ledger of what runs, which
                // programs read.
                if !stream && pattern != COUNTS && !pattern.starts_with("/api/") {
                    let said: Vec<String> = plain(&answer.bytes).iter().map(|text| said(text)).collect();
                    seen.push((format!("{who} {pattern} {}", answer.status), said));
                }
            };
        for (pattern, right) in pages() {
            for (who, visitor) in &everybody {
                // One's own certificate alone; and one with a seat has a page of it there.
                let right = match pattern.as_str() {
                    "/me/certificates/{certificate}" => *who == 'm',
                    "/" | "/staff" => *who == '.',
                    "/me" => !"rb".contains(*who),
                    _ => may(right, *who),
                };
                for path in ground.paths(&pattern).into_iter().take(most) {
                    let (answer, stream) = get(visitor, &path).await;
                    note(*who, (&pattern, right), &path, &answer, stream);
                }
            }
        }
        for (pattern, right, _) in of_api() {
            for (who, program) in &programs {
                for path in ground.paths(&pattern).into_iter().take(most) {
                    let answer = ask(program, &path).await;
                    note(*who, (&pattern, may(right, *who)), &path, &answer, false);
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        seen
    };
    ground.state(0, Age::Under30, Disability::No).await;
    // Once to begin with: looking at a page leaves traces of its own, such as a seat that is open.
    look(1).await;
    let before = look(usize::MAX).await;
    ground.state(1, Age::Sixty, Disability::Yes).await;
    let after = look(usize::MAX).await;
    assert!(before.len() > 400, "{}", before.len());
    for (one, other) in before.iter().zip(&after) {
        assert_eq!(one, other, "it moved with the answers");
    }
}

#[tokio::test]
async fn no_scope_but_the_records_lets_any_token_see_it() {
    let ground = Ground::new().await;
    let house = &ground.class.house;
    ground.state(0, Age::Under30, Disability::No).await;
    let searcher = Searcher::new();
    let routes = of_api();
    let mut wrong = Vec::new();
    let mut told = 0;
    for who in ['a', 'i', 'o', 'r', 'b'] {
        for scope in Scope::ALL {
            if (who, *scope) == ('o', Scope::RecordsRead) {
                continue;
            }
            let program = house.program(who, &[*scope]).await;
            for (pattern, right, wanted) in &routes {
                let right = may(*right, who) && wanted.is_none_or(|wanted| wanted == *scope);
                for path in ground.paths(pattern).iter().take(if right { 99 } else { 1 }) {
                    let answer = ask(&program, path).await;
                    told += usize::from(right);
                    let as_it_must = if right {
                        served(pattern, answer.status)
                    } else {
                        answer.status == StatusCode::FORBIDDEN
                    };
                    if !as_it_must {
                        wrong.push(format!("{path} as {who} with {scope}: {}", answer.status));
                    }
                    wrong.extend(
                        searcher
                            .found(&answer.bytes)
                            .map(|what| format!("{path} as {who} with {scope} says {what}")),
                    );
                }
            }
            // One owner has so many tokens and no more.
            house.app.store.tokens().revoke_all(&house.owner(who).await, house.app.now_ms()).await.unwrap();
        }
    }
    assert!(told > 50, "{told}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The ids are of things that are there, and the words would be found: the officer is given both.
#[tokio::test]
async fn the_officer_is_given_what_nobody_else_is() {
    let ground = Ground::new().await;
    let house: &House = &ground.class.house;
    ground.state(0, Age::Under30, Disability::No).await;
    let (officer, program) = (house.staff("officer").await, house.program('o', Scope::ALL).await);
    let searcher = Searcher::new();
    let (mut wrong, mut said) = (Vec::new(), BTreeSet::new());
    for (pattern, right) in pages() {
        let right =
            may(right, 'o') && !["/", "/staff", "/me/certificates/{certificate}"].contains(&pattern.as_str());
        for path in ground.paths(&pattern) {
            let (answer, _) = get(&officer, &path).await;
            if right && !served(&pattern, answer.status) {
                wrong.push(format!("{path}: {} {}", answer.status, start(&answer)));
            }
            if searcher.found(&answer.bytes).is_some() {
                said.insert(path);
            }
        }
    }
    for (pattern, right, _) in of_api() {
        for path in ground.paths(&pattern) {
            let answer = ask(&program, &path).await;
            if may(right, 'o') && !served(&pattern, answer.status) {
                wrong.push(format!("{path}: {} {}", answer.status, start(&answer)));
            }
            if searcher.found(&answer.bytes).is_some() {
                said.insert(path);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (year, person) = (&ground.known["year"], &ground.known["person"]);
    let mut must = vec![
        format!("/people/{person}/answers"),
        format!("/api/v1/people/{person}/answers"),
        format!("/statistics/year/{year}/x1"),
        format!("/statistics/year/{year}/package"),
        format!("/api/v1/records/{year}/package"),
    ];
    for format in FORMATS {
        must.push(format!("/statistics/year/{year}/x1/export?format={format}&edition=internal"));
        must.push(format!("/api/v1/records/{year}/tables/x1?format={format}&edition=internal"));
        must.push(format!("/api/v1/records/{year}/cross/{format}{CROSS}"));
    }
    let missing: Vec<&String> = must.iter().filter(|path| !said.contains(*path)).collect();
    assert!(missing.is_empty(), "nothing was found in {missing:?}, but in {said:?}");
}
