//! A house to test in: a store in a folder of its own, a clock that stands, an engine in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rampart_app::clock::SetClock;
use rampart_app::fleet::{NewNode, Nodes};
use rampart_app::{App, AppConfig, NewExercise};
use rampart_domain::ledger::{self, FIRST};
use rampart_domain::plan::{self, Plan};
use rampart_domain::records::course::Aspect;
use rampart_engine::fake::FakeEngine;
use rampart_engine::{Engine, Labels};
use rampart_store::{CourseAbout, Role, Store};
use scoreboard::{Actor, Body, Entry, Fold, Status};

/// Waits until `holds` is true.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("waited in vain until {what}");
}

/// 115-05-13 09:00 in Taipei.
pub const MORNING: i64 = 1_778_634_000_000;

/// Images of the shipped scenario.
const IMAGES: [&str; 7] =
    ["base", "gateway", "www", "doc", "workstation-red", "workstation-red-desktop", "workstation-blue"];

pub struct House {
    pub app: Arc<App>,
    pub clock: Arc<SetClock>,
    pub engine: FakeEngine,
    pub second: Option<FakeEngine>,
    pub dir: tempfile::TempDir,
    /// Its database, where that is none in the folder; last, so that it goes when nobody is on it.
    database: Option<Database>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A database of its own on the server that `RAMPART_TEST_POSTGRES` names; gone with the value.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    fn make(name: &str) -> Option<Self> {
        let server = std::env::var("RAMPART_TEST_POSTGRES").ok()?;
        let made = Self { server, name: format!("rampart_app_{}_{name}", std::process::id()) };
        made.run(&format!("CREATE DATABASE {}", made.name));
        Some(made)
    }

    fn run(&self, sql: &str) {
        let done = std::process::Command::new("psql").args([&self.server, "-qc", sql]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

async fn start(dir: &Path, url: &str, clock: &Arc<SetClock>, nodes: Nodes) -> Arc<App> {
    let store = Store::open(url).await.unwrap();
    let config = AppConfig {
        scenarios_dir: repository().join("scenarios"),
        images_dir: repository().join("images"),
        block: "10.77.0.0/16".parse().unwrap(),
        own_ports: vec![],
        judge_delay_ms: 5_000,
        ledger_key: rampart_domain::ledger::CheckpointKey::new(&[7; 32]),
        terminals: rampart_app::terminal::TerminalRules::new(dir),
        ranges: rampart_app::RangeSettings::default(),
        fonts: vec!["/usr/share/fonts".into()],
    };
    App::start(config, store, nodes, clock.clone()).await.unwrap()
}

fn url_of(dir: &tempfile::TempDir, database: Option<&Database>) -> String {
    database.map_or_else(|| format!("sqlite:{}", dir.path().join("rampart.db").display()), Database::url)
}

/// A course of an hour, tested, in everybody's county.
pub fn course_about(title: &str, category: &str) -> CourseAbout {
    CourseAbout {
        code: "C1".to_owned(),
        title: title.to_owned(),
        aspect: Aspect::Management,
        speciality: String::new(),
        category: category.to_owned(),
        minutes: 60,
        digital_minutes: 0,
        tested: true,
        pass_mark: 70,
        work_related: true,
        measures: Vec::new(),
        county: "30".to_owned(),
    }
}

impl House {
    pub async fn new() -> Self {
        Self::on(None).await
    }

    /// A house on each database there is: SQLite, and PostgreSQL where a server is named. `name` is the test's.
    pub async fn on_each(name: &str) -> Vec<Self> {
        let mut houses = vec![Self::new().await];
        if let Some(database) = Database::make(name) {
            houses.push(Self::on(Some(database)).await);
        }
        houses
    }

    async fn on(database: Option<Database>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(MORNING));
        let engine = FakeEngine::new(IMAGES.map(|image| format!("rampart/{image}:latest")));
        let url = url_of(&dir, database.as_ref());
        let app = start(dir.path(), &url, &clock, Arc::new(engine.clone()).into()).await;
        Self { app, clock, engine, second: None, dir, database }
    }

    fn url(&self) -> String {
        url_of(&self.dir, self.database.as_ref())
    }

    /// A house with two nodes, `a` (its `engine`) and `b` (its `second`).
    pub async fn of_two() -> Self {
        let mut house = Self::new().await;
        house.second = Some(FakeEngine::new(IMAGES.map(|image| format!("rampart/{image}:latest"))));
        house.reopen().await;
        house
    }

    fn nodes(&self) -> Nodes {
        let Some(second) = &self.second else { return Arc::new(self.engine.clone()).into() };
        let node = |name: &str, engine: &FakeEngine| NewNode {
            name: name.into(),
            address: format!("https://{name}:2376"),
            engine: Arc::new(engine.clone()),
        };
        Nodes::new(vec![node("a", &self.engine), node("b", second)]).unwrap()
    }

    pub fn second(&self) -> &FakeEngine {
        self.second.as_ref().unwrap()
    }

    /// Stops the house and opens it again, as after a restart of the server.
    pub async fn reopen(&mut self) {
        self.app.stop().await;
        self.app = start(self.dir.path(), &self.url(), &self.clock, self.nodes()).await;
    }

    /// A second house with what the first one's disk holds at this moment, as after `kill -9`: what was not written is lost.
    /// It has the same clock and engine.
    pub async fn killed(&self) -> Self {
        assert!(self.database.is_none(), "the database is in the folder");
        let dir = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            // What the processes of a machine share of it is no part of the disk.
            if name.starts_with("rampart.db") && !name.ends_with("-shm") {
                std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
            }
        }
        let (clock, engine) = (self.clock.clone(), self.engine.clone());
        let app = start(dir.path(), &url_of(&dir, None), &clock, self.nodes()).await;
        Self { app, clock, engine, second: None, dir, database: None }
    }

    pub async fn account(&self, login: &str, role: Role) -> String {
        self.app.create_account(login, login, role, None).await.unwrap();
        self.app.store.accounts().by_login(login).await.unwrap().unwrap().account.id
    }

    /// An exercise of the shipped scenario.
    pub async fn exercise(&self, code: &str, account: &str) -> String {
        let new = NewExercise {
            scenario: "qinglan-portal".into(),
            code: code.into(),
            pairs: 2,
            starts_ms: MORNING,
            ends_ms: MORNING + 3 * 3_600_000,
            ..NewExercise::default()
        };
        self.app.create_exercise(&new, account).await.unwrap()
    }

    /// Writes changes of status into the ledger as if a range stood, and wakes the exercise in that state.
    pub async fn set_going(&mut self, exercise: &str, statuses: &[Status]) {
        self.app.stop().await;
        let store = Store::open(&self.url()).await.unwrap();
        let known = store.ledger().read_all(exercise).await.unwrap();
        let mut fold = Fold::of(known.iter().map(|sealed| &sealed.entry));
        let mut hash = known.last().map_or(FIRST.to_owned(), |sealed| sealed.hash.clone());
        let mut entries = Vec::new();
        for to in statuses {
            let body = Body::Status { from: fold.status, to: *to, note: None, why: None };
            let entry = Entry { seq: fold.seq + 1, at_ms: self.app.now_ms(), actor: Actor::System, body };
            fold.apply(&entry);
            let sealed = ledger::seal(&hash, entry).unwrap();
            hash.clone_from(&sealed.hash);
            entries.push(sealed);
        }
        store.ledger().append(exercise, entries).await.unwrap();
        store.close().await;
        self.app = start(self.dir.path(), &self.url(), &self.clock, self.nodes()).await;
    }

    /// A running exercise with an instructor.
    pub async fn running(&mut self) -> (String, String) {
        let account = self.account("teacher", Role::Instructor).await;
        let exercise = self.exercise("S115-01", &account).await;
        self.set_going(&exercise, &[Status::Provisioning, Status::Ready, Status::Running]).await;
        (exercise, account)
    }

    /// An exercise in the last of `statuses` whose containers stand on the engine.
    pub async fn standing(&mut self, statuses: &[Status]) -> (String, String, Plan) {
        let account = self.account("teacher", Role::Instructor).await;
        let exercise = self.exercise("S115-01", &account).await;
        let scenario = self.app.exercise(&exercise).unwrap().bundle.scenario.clone();
        let nets: Vec<_> = (0..6).map(|n| format!("10.77.{n}.0/26").parse().unwrap()).collect();
        let plan = plan::make(&scenario, &exercise, 2, &nets).unwrap();
        for range in &plan.ranges {
            let labels = |name: &str| Labels {
                run: exercise.clone(),
                range: range.range,
                name: name.into(),
                plan: plan.hash.clone(),
                epoch: 0,
            };
            for network in &range.networks {
                self.engine.create_network(network, &labels(&network.zone)).await.unwrap();
            }
            for host in &range.hosts {
                self.engine.create_container(host, &labels(&host.host)).await.unwrap();
                for leg in host.legs.iter().skip(1) {
                    self.engine.connect(&host.name, leg).await.unwrap();
                }
                self.engine.start(&host.name).await.unwrap();
            }
        }
        let text = serde_json::to_string(&plan).unwrap();
        assert!(self.app.store.exercises().set_plan(&exercise, Some(&text)).await.unwrap());
        self.set_going(&exercise, statuses).await;
        (exercise, account, plan)
    }

    /// Lets the ledger's table refuse every entry, as a full disk does, or take them again.
    pub async fn disk_full(&self, full: bool) {
        let what = if full {
            "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        } else {
            "DROP TRIGGER full"
        };
        self.sql(what).await;
    }

    /// Lets everything be refused that a clearing writes: its entry, its wish, subnets and placements.
    pub async fn store_full(&self, full: bool) {
        self.disk_full(full).await;
        for (table, act) in [
            ("exercises", "UPDATE"),
            ("subnets", "DELETE"),
            ("placements", "INSERT"),
            ("placements", "UPDATE"),
        ] {
            self.sql(&if full {
                format!("CREATE TRIGGER full_{table}_{act} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END")
            } else {
                format!("DROP TRIGGER full_{table}_{act}")
            })
            .await;
        }
    }

    /// Reaches around the store into its file. Not on the runtime's own thread: whoever holds the file there could never let
    /// it go.
    pub async fn sql(&self, what: &str) {
        let script = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1],timeout=90); d.execute(sys.argv[2]); d.commit()";
        let mut python = std::process::Command::new("python3");
        python.args(["-c", script]).arg(self.dir.path().join("rampart.db")).arg(what);
        assert!(tokio::task::spawn_blocking(move || python.status()).await.unwrap().unwrap().success());
    }

    /// Rows of a ledger as they lie in the file, whether or not the house is open.
    pub async fn ledger_rows(&self, exercise: &str) -> Vec<rampart_store::RawEntry> {
        let store = Store::open(&self.url()).await.unwrap();
        let rows = store.ledger().raw(exercise).await.unwrap();
        store.close().await;
        rows
    }

    pub async fn ledger(&self, exercise: &str) -> Vec<Entry> {
        let rows = self.app.store.ledger().raw(exercise).await.unwrap();
        ledger::verify(rows.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str())))
            .unwrap()
    }
}
