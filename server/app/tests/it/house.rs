//! A house to test in: a store in a folder of its own, a clock that stands, an engine in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rampart_app::clock::SetClock;
use rampart_app::{App, AppConfig, NewExercise};
use rampart_domain::ledger::{self, FIRST};
use rampart_engine::fake::FakeEngine;
use rampart_store::{Role, Store};
use scoreboard::{Actor, Body, Entry, Fold, Status};

/// 115-05-13 09:00 in Taipei.
pub const MORNING: i64 = 1_778_634_000_000;

pub struct House {
    pub app: Arc<App>,
    pub clock: Arc<SetClock>,
    pub engine: FakeEngine,
    pub dir: tempfile::TempDir,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn start(dir: &Path, clock: &Arc<SetClock>, engine: &FakeEngine) -> Arc<App> {
    let store = Store::open(&format!("sqlite:{}", dir.join("rampart.db").display())).await.unwrap();
    let config = AppConfig {
        scenarios_dir: repository().join("scenarios"),
        images_dir: repository().join("images"),
        block: "10.77.0.0/16".parse().unwrap(),
        own_ports: vec![],
        judge_delay_ms: 5_000,
    };
    App::start(config, store, Arc::new(engine.clone()), clock.clone()).await.unwrap()
}

impl House {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(MORNING));
        let engine = FakeEngine::new(Vec::<String>::new());
        let app = start(dir.path(), &clock, &engine).await;
        Self { app, clock, engine, dir }
    }

    /// Stops the house and opens it again, as after a restart of the server.
    pub async fn reopen(&mut self) {
        self.app.stop().await;
        self.app = start(self.dir.path(), &self.clock, &self.engine).await;
    }

    pub async fn account(&self, login: &str, role: Role) -> String {
        self.app.create_account(login, login, role).await.unwrap();
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
        let url = format!("sqlite:{}", self.dir.path().join("rampart.db").display());
        let store = Store::open(&url).await.unwrap();
        let known = store.ledger().read_all(exercise).await.unwrap();
        let mut fold = Fold::of(known.iter().map(|sealed| &sealed.entry));
        let mut hash = known.last().map_or(FIRST.to_owned(), |sealed| sealed.hash.clone());
        let mut entries = Vec::new();
        for to in statuses {
            let body = Body::Status { from: fold.status, to: *to, note: None };
            let entry = Entry { seq: fold.seq + 1, at_ms: self.app.now_ms(), actor: Actor::System, body };
            fold.apply(&entry);
            let sealed = ledger::seal(&hash, entry).unwrap();
            hash.clone_from(&sealed.hash);
            entries.push(sealed);
        }
        store.ledger().append(exercise, entries).await.unwrap();
        store.close().await;
        self.app = start(self.dir.path(), &self.clock, &self.engine).await;
    }

    /// A running exercise with an instructor.
    pub async fn running(&mut self) -> (String, String) {
        let account = self.account("teacher", Role::Instructor).await;
        let exercise = self.exercise("S115-01", &account).await;
        self.set_going(&exercise, &[Status::Provisioning, Status::Ready, Status::Running]).await;
        (exercise, account)
    }

    pub async fn ledger(&self, exercise: &str) -> Vec<Entry> {
        let rows = self.app.store.ledger().raw(exercise).await.unwrap();
        ledger::verify(rows.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str())))
            .unwrap()
    }
}
