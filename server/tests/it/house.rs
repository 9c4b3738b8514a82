//! A house to test in, and people with browsers that only speak HTTP.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use rampart::web::token::Signer;
use rampart::web::{House as Facts, Web, router};
use rampart_app::clock::SystemClock;
use rampart_app::{App, AppConfig, NewExercise};
use rampart_domain::ledger;
use rampart_engine::fake::FakeEngine;
use rampart_pages::Pages;
use rampart_store::{NewRecording, Role, Store};
use scoreboard::{Actor, Body as Entered, Entry, Fold, Status};
use tower::ServiceExt;

/// Password of all staff.
pub const PASSWORD: &str = "nine-stones-in-a-wall";
/// Secret of the house.
pub const SECRET: [u8; 32] = [42; 32];
/// Title of the exercise; no page that is refused may hold it.
pub const TITLE: &str = "演練標題不外洩";

pub struct House {
    pub engine: FakeEngine,
    pub app: Arc<App>,
    pub web: Web,
    pub router: Router,
    /// The exercise: running, two pairs, two people in each seatful team.
    pub exercise: String,
    /// A recording of a closed terminal of r1.
    pub recording: String,
    /// A person of the register.
    pub person: String,
    /// Account ids by log-in name.
    pub accounts: BTreeMap<&'static str, String>,
    dir: tempfile::TempDir,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

async fn start(dir: &Path, engine: &FakeEngine) -> Arc<App> {
    let store = Store::open(&format!("sqlite:{}", dir.join("rampart.db").display())).await.unwrap();
    let config = AppConfig {
        scenarios_dir: repository().join("scenarios"),
        images_dir: repository().join("images"),
        block: "10.77.0.0/16".parse().unwrap(),
        own_ports: vec![],
        judge_delay_ms: 1_000,
        ledger_key: ledger::CheckpointKey::new(&[7; 32]),
        terminals: rampart_app::terminal::TerminalRules::new(dir),
        ranges: rampart_app::RangeSettings::default(),
        fonts: vec!["/usr/share/fonts".into()],
    };
    App::start(config, store, Arc::new(engine.clone()), Arc::new(SystemClock)).await.unwrap()
}

/// A terminal that somebody had and closed.
async fn record(dir: &Path, app: &App, exercise: &str) -> String {
    let seats = app.store.seats().list_all(exercise).await.unwrap();
    let seat = seats.iter().find(|seat| seat.team == "r1").unwrap();
    let id = "0198c4000000000000000000000000aa";
    let new = NewRecording {
        id,
        exercise_id: exercise,
        seat_id: &seat.id,
        person_id: &seat.person_id,
        team: &seat.team,
        seat_no: seat.number,
        at_ms: app.now_ms() - 60_000,
    };
    app.store.recordings().begin(&new).await.unwrap();
    let folder = dir.join("recordings").join(exercise);
    std::fs::create_dir_all(&folder).unwrap();
    let text =
        "{\"version\": 2, \"width\": 80, \"height\": 24}\n[0.5, \"o\", \"台\\r\\n\"]\n[1.5, \"o\", \"ha";
    std::fs::write(folder.join(format!("{id}.cast")), text).unwrap();
    id.to_owned()
}

/// Stops the house and writes into the ledger of an exercise.
async fn write(dir: &Path, app: &App, exercise: &str, bodies: Vec<Entered>) {
    app.stop().await;
    let store = Store::open(&format!("sqlite:{}", dir.join("rampart.db").display())).await.unwrap();
    let known = store.ledger().read_all(exercise).await.unwrap();
    let mut fold = Fold::of(known.iter().map(|sealed| &sealed.entry));
    let mut hash = known.last().map_or(ledger::FIRST.to_owned(), |sealed| sealed.hash.clone());
    let mut entries = Vec::new();
    for body in bodies {
        let entry = Entry { seq: fold.seq + 1, at_ms: app.now_ms(), actor: Actor::System, body };
        fold.apply(&entry);
        let sealed = ledger::seal(&hash, entry).unwrap();
        hash.clone_from(&sealed.hash);
        entries.push(sealed);
    }
    store.ledger().append(exercise, entries).await.unwrap();
    store.close().await;
}

fn web(app: &Arc<App>) -> Web {
    let facts = Facts { store_kind: "sqlite".into(), ..Facts::default() };
    Web::new(app.clone(), Pages::new().unwrap(), Signer::new(SECRET), facts)
}

impl House {
    pub async fn new() -> Self {
        // What a 500 does not tell stands in the log of a failed test.
        let _ = tracing_subscriber::fmt().with_test_writer().with_max_level(tracing::Level::WARN).try_init();
        let dir = tempfile::tempdir().unwrap();
        let engine = FakeEngine::new(["debian:bookworm-slim"]);
        let app = start(dir.path(), &engine).await;
        let mut accounts = BTreeMap::new();
        for (login, role) in [
            ("admin", Role::Administrator),
            ("teacher", Role::Instructor),
            ("teacher2", Role::Instructor),
            ("officer", Role::Officer),
        ] {
            let once = app.create_account(login, login, role, None).await.unwrap();
            let id = app.store.accounts().by_login(login).await.unwrap().unwrap().account.id;
            app.change_password(&id, &once, PASSWORD).await.unwrap();
            accounts.insert(login, id);
        }
        let csv = "姓名,職號,機關,性別\n許藍圖,A1,數位發展處,女\n蔡紅磚,A2,木棉雲端,男\n謝測試,A3,數位發展處,\n王假名,A4,木棉雲端,\n";
        let people = app.import_roster(csv.as_bytes(), None).await.unwrap().unwrap().ids;
        let now_ms = app.now_ms();
        let new = NewExercise {
            scenario: "qinglan-portal".into(),
            code: "S115-01".into(),
            title: TITLE.into(),
            pairs: 2,
            starts_ms: now_ms,
            ends_ms: now_ms + 3_600_000,
            ..NewExercise::default()
        };
        let exercise = app.create_exercise(&new, &accounts["teacher"]).await.unwrap();
        for (person, team) in people.iter().zip(["b1", "r1", "b2", "r2"]) {
            app.give_seat(&exercise, person, team, &accounts["teacher"]).await.unwrap();
        }
        // As if a range stood.
        let steps = [Status::Draft, Status::Provisioning, Status::Ready, Status::Running];
        let turn = |pair: &[Status]| Entered::Status { from: pair[0], to: pair[1], note: None, why: None };
        write(dir.path(), &app, &exercise, steps.windows(2).map(turn).collect()).await;
        let app = start(dir.path(), &engine).await;
        let recording = record(dir.path(), &app, &exercise).await;
        let web = web(&app);
        let person = people[0].clone();
        Self { recording, person, engine, app, router: router(web.clone()), web, exercise, accounts, dir }
    }

    /// Another life of the server, after these entries were written into the ledger of an exercise.
    pub async fn reopen(&mut self, exercise: &str, bodies: Vec<Entered>) {
        write(self.dir.path(), &self.app, exercise, bodies).await;
        self.app = start(self.dir.path(), &self.engine).await;
        self.web = web(&self.app);
        self.router = router(self.web.clone());
    }

    /// The store's file.
    pub fn database(&self) -> PathBuf {
        self.dir.path().join("rampart.db")
    }

    /// Reaches around the store into its file. Not on the runtime's own thread: whoever holds the file there could never let
    /// it go.
    pub async fn sql(&self, what: &str) {
        let script = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1],timeout=90); d.execute(sys.argv[2]); d.commit()";
        let mut python = std::process::Command::new("python3");
        python.args(["-c", script]).arg(self.dir.path().join("rampart.db")).arg(what);
        assert!(tokio::task::spawn_blocking(move || python.status()).await.unwrap().unwrap().success());
    }

    /// Somebody who has not been here before.
    pub fn visitor(&self) -> Visitor {
        Visitor { router: self.router.clone(), jar: Mutex::default(), token: Mutex::default() }
    }

    /// Somebody with an account, logged in through the door.
    pub async fn staff(&self, login: &str) -> Visitor {
        let visitor = self.visitor();
        visitor.get("/staff").await;
        let answer = visitor.post("/staff", &[("login", login), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        visitor.get("/privacy").await;
        visitor
    }

    /// The person in the only seat of a team, logged in with a fresh code.
    pub async fn seat(&self, team: &str) -> Visitor {
        let seats = self.app.store.seats().list(&self.exercise).await.unwrap();
        let seat = seats.iter().find(|seat| seat.team == team).unwrap();
        let slips =
            self.app.make_codes(&self.exercise, Some(&seat.id), &self.accounts["teacher"]).await.unwrap();
        let visitor = self.visitor();
        visitor.get("/").await;
        let answer = visitor.post("/", &[("code", &slips[0].code)]).await;
        assert_eq!(answer.location(), Some("/seat"), "{}", answer.text());
        visitor.get("/seat").await;
        visitor
    }

    /// Id of a team's seat.
    pub async fn seat_id(&self, team: &str) -> String {
        let seats = self.app.store.seats().list(&self.exercise).await.unwrap();
        seats.into_iter().find(|seat| seat.team == team).unwrap().id
    }

    pub fn flag(&self, team: &str, objective: &str) -> String {
        self.app.exercise(&self.exercise).unwrap().flag_of(team, objective)
    }
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION).map(|place| place.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|fault| panic!("{fault}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Somebody at a browser: keeps cookies and the form token of the last page.
pub struct Visitor {
    router: Router,
    pub jar: Mutex<BTreeMap<String, String>>,
    pub token: Mutex<String>,
}

impl Visitor {
    /// A request with this visitor's cookies.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let jar = self.jar.lock().unwrap();
        let cookies =
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = Request::builder().method(method).uri(path).header(header::HOST, "range.test");
        if cookies.is_empty() { request } else { request.header(header::COOKIE, cookies) }
    }

    /// Sends it; gives the head and the body still to be read.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut jar = self.jar.lock().unwrap();
            if text.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.into(), value.into());
            }
        }
        response
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.unwrap().to_vec();
        let answer = Answer { status: parts.status, headers: parts.headers, bytes };
        if let Some((_, rest)) = answer.text().split_once("name=\"csrf\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token.lock().unwrap());
        } else if let Some((_, rest)) = answer.text().split_once("data-csrf=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token.lock().unwrap());
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        self.request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(encode(fields)))
            .unwrap()
    }

    /// Sends a form with the token of the last page.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.lock().unwrap().clone();
        let mut form = vec![("csrf", token.as_str())];
        form.extend_from_slice(fields);
        self.send(self.form(path, &form)).await
    }

    pub fn session(&self) -> String {
        self.jar.lock().unwrap().get("rampart").cloned().unwrap_or_default()
    }
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect::<Vec<_>>()
        .join("&")
}
