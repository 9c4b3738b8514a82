//! A fresh database for each story: a SQLite file always, a database on the server named by `RAMPART_TEST_POSTGRES`
//! when it is set.

use std::future::Future;

use rampart_domain::ledger::{FIRST, Sealed, seal};
use rampart_domain::secret::RunSecret;
use rampart_store::{NewAccount, NewExercise, NewPerson, NewSeat, Role, Seat, Store};
use scoreboard::{Actor, Body, Entry, Status};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgPool, SqlitePool};

/// 2026-11-28 09:00 in Taipei.
pub const NOW: i64 = 1_795_827_600_000;

#[derive(Clone)]
pub struct Bed {
    pub store: Store,
    pub url: String,
}

/// A connection beside the store's own, as another process would have.
#[derive(Clone)]
pub enum Beside {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Beside {
    pub async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => drop(pool.execute(sql).await.unwrap()),
            Self::Postgres(pool) => drop(pool.execute(sql).await.unwrap()),
        }
    }

    /// First column of all rows, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }
}

impl Bed {
    /// One connection, so that a transaction begun on it stays on it.
    pub async fn beside(&self) -> Beside {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(path)
                .foreign_keys(false)
                .busy_timeout(std::time::Duration::from_secs(10));
            Beside::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
        } else {
            Beside::Postgres(PgPoolOptions::new().max_connections(1).connect(&self.url).await.unwrap())
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

pub async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(story: impl FnOnce(Bed) -> F) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/t.db", dir.path().display());
    let store = Store::open(&url).await.unwrap();
    let told = tokio::spawn(story(Bed { store: store.clone(), url })).await;
    store.close().await;
    if let Err(panic) = told {
        std::panic::resume_unwind(panic.into_panic());
    }
}

/// Does nothing without a server; `tests/run` brings one.
pub async fn on_postgres<F: Future<Output = ()> + Send + 'static>(name: &str, story: impl FnOnce(Bed) -> F) {
    let Ok(server) = std::env::var("RAMPART_TEST_POSTGRES") else { return };
    let name = format!("rampart_{}_{name}", std::process::id());
    let name: String = name.chars().take(60).collect();
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (base, query) = server.split_once('?').unwrap_or((&server, ""));
    let scheme = base.find("://").unwrap() + 3;
    let base = base[scheme..].find('/').map_or(base, |slash| &base[..scheme + slash]);
    let url = format!("{base}/{name}?{query}");
    let store = Store::open(&url).await.unwrap();
    let told = tokio::spawn(story(Bed { store: store.clone(), url })).await;
    store.close().await;
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
    if let Err(panic) = told {
        std::panic::resume_unwind(panic.into_panic());
    }
}

/// Each story once on each engine.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                crate::bed::on_sqlite(super::$story).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                crate::bed::on_postgres(stringify!($story), super::$story).await;
            })*
        }
    };
}
pub(crate) use on_both;

pub fn account(id: &str, role: Role) -> NewAccount {
    NewAccount {
        id: id.to_owned(),
        login: id.to_owned(),
        name: format!("帳號 {id}"),
        role,
        password_hash: format!("$argon2id${id}"),
        must_change: false,
        created_ms: NOW,
    }
}

pub fn exercise(id: &str) -> NewExercise {
    let mut secret = [7; 32];
    for (place, byte) in secret.iter_mut().zip(id.bytes()) {
        *place = byte;
    }
    NewExercise {
        id: id.to_owned(),
        code: format!("C-{id}"),
        title: "青嵐縣入口網 𠮷".to_owned(),
        scenario_id: "qinglan-portal".to_owned(),
        scenario_version: 1,
        bundle: "{\"source\":\"id: x\"}".to_owned(),
        pairs: 2,
        secret: RunSecret::new(secret),
        place: "資訊中心".to_owned(),
        starts_ms: NOW,
        ends_ms: NOW + 3_600_000,
        created_by: "boss".to_owned(),
        created_ms: NOW,
    }
}

/// An instructor `boss` and these exercises.
pub async fn with_exercises(store: &Store, ids: &[&str]) {
    store.accounts().create(&account("boss", Role::Instructor)).await.unwrap();
    for id in ids {
        store.exercises().create(&exercise(id), &[]).await.unwrap();
    }
}

pub fn person(id: &str, name: &str) -> NewPerson {
    NewPerson {
        id: id.to_owned(),
        name: name.to_owned(),
        staff_no: format!("S-{id}"),
        agency: "資訊處".to_owned(),
        ..NewPerson::default()
    }
}

/// Exercise `e1` with one person `p1` in seat `s1` of `red-1`.
pub async fn with_seat(store: &Store) -> Seat {
    with_exercises(store, &["e1"]).await;
    store.persons().import(&[person("p1", "王小明")], NOW).await.unwrap();
    let new = NewSeat { id: "s1", exercise_id: "e1", team: "red-1", person_id: "p1", at_ms: NOW };
    store.seats().give(&new).await.unwrap()
}

/// An entry that follows `last`.
pub fn next(last: Option<&Sealed>, note: &str) -> Sealed {
    let (seq, prev) = last.map_or((1, FIRST), |last| (last.entry.seq + 1, last.hash.as_str()));
    let note = Some(note.to_owned());
    let body = Body::Status { from: Status::Draft, to: Status::Provisioning, note, why: None };
    let at_ms = NOW + i64::try_from(seq).unwrap();
    seal(prev, Entry { seq, at_ms, actor: Actor::System, body }).unwrap()
}

/// Entries that follow `last`.
pub fn chain(last: Option<&Sealed>, count: usize) -> Vec<Sealed> {
    let mut entries: Vec<Sealed> = Vec::new();
    for number in 0..count {
        let entry = next(entries.last().or(last), &format!("第 {number} 筆"));
        entries.push(entry);
    }
    entries
}
