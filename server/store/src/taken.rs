//! One server at a time on a database: a lock on a file beside SQLite's, a lock of the session on PostgreSQL. Both end with
//! the process, however it ends.
//!
//! A session can end before its process: the database starts anew, or somebody ends it. Then the lock is gone while the
//! server goes on, so it is looked at all the time. Who finds it gone writes nothing more until it has it again, and never
//! again once another server has had it: that one has decided on what this one does not know of. Each taking is counted in
//! the database, so that this is seen even when the other has gone again.

use std::fs::{File, TryLockError};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::{Mutex, watch};

use crate::db::Db;
use crate::error::{StoreError, wrap};

/// Number of the lock on PostgreSQL, where each database has its own: the letters of the product's name.
const NUMBER: i64 = 0x0072_616d_7061_7274;
/// How often the lock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest that its session may take to answer; after that it counts as lost.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Key of the count of takings.
const TURN: &str = "server.turn";

#[derive(Debug)]
enum Held {
    File {
        _lock: File,
    },
    Session {
        session: PgConnection,
        turn: i64,
    },
    /// The session was lost; it was the one of this turn.
    Lost {
        turn: i64,
    },
}

/// Whether this process has taken the database.
#[derive(Debug)]
pub(crate) struct Taken {
    /// File of the lock, on SQLite.
    path: Option<PathBuf>,
    held: Mutex<Option<Held>>,
    /// True once another server has taken it from this one.
    gone: watch::Sender<bool>,
}

impl Taken {
    pub(crate) fn of(url: &str) -> Self {
        let path = url.strip_prefix("sqlite:").map(|rest| {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            PathBuf::from(format!("{path}.lock"))
        });
        Self { path, held: Mutex::default(), gone: watch::Sender::new(false) }
    }

    pub(crate) async fn take(self: &Arc<Self>, db: &Arc<Db>) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        if held.is_some() {
            return Ok(());
        }
        let taken = match (&**db, &self.path) {
            (Db::Postgres { pool, .. }, _) => {
                let mut session = locked(pool).await?.ok_or(StoreError::InUse)?;
                let sql = "INSERT INTO settings (key, value) VALUES ($1, '1') ON CONFLICT (key) DO UPDATE \
                           SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT) \
                           RETURNING CAST(value AS BIGINT)";
                let turn = sqlx::query_scalar(sql).bind(TURN).fetch_one(&mut session).await.map_err(wrap)?;
                tokio::spawn(keep(Arc::downgrade(self), Arc::clone(db)));
                Held::Session { session, turn }
            }
            (Db::Sqlite { .. }, Some(path)) => {
                let failed = |source| StoreError::File { path: path.clone(), source: Arc::new(source) };
                let lock = File::options().create(true).append(true).open(path).map_err(failed)?;
                match lock.try_lock() {
                    Ok(()) => Held::File { _lock: lock },
                    Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
                    Err(TryLockError::Error(source)) => return Err(failed(source)),
                }
            }
            (Db::Sqlite { .. }, None) => return Ok(()),
        };
        *held = Some(taken);
        Ok(())
    }

    pub(crate) async fn give_back(&self) {
        if let Some(Held::Session { session, .. }) = self.held.lock().await.take() {
            // A session that is lost has lost its lock too.
            let _ = session.close().await;
        }
    }

    /// Waits until another server has taken the database from this one; for ever where that does not happen.
    pub(crate) async fn gone(&self) {
        // The sender lives as long as this does, so waiting ends with true alone.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }

    /// Looks at the lock once. Breaks when there is nothing more to look at.
    async fn look(&self, db: &Db) -> ControlFlow<()> {
        let Db::Postgres { pool, fence } = db else { return ControlFlow::Break(()) };
        let mut held = self.held.lock().await;
        match held.as_mut() {
            Some(Held::Session { session, turn }) => {
                let turn = *turn;
                if !matches!(tokio::time::timeout(ANSWERS_WITHIN, has_lock(session)).await, Ok(Ok(true))) {
                    fence.shut();
                    tracing::error!(
                        "the database's lock of this server is lost; nothing is written until it is taken again"
                    );
                    *held = Some(Held::Lost { turn });
                }
                ControlFlow::Continue(())
            }
            Some(Held::Lost { turn }) => {
                let turn = *turn;
                match tokio::time::timeout(ANSWERS_WITHIN, again(pool, turn)).await {
                    Ok(Ok(Again::Taken(session))) => {
                        *held = Some(Held::Session { session, turn });
                        fence.open();
                        tracing::warn!("the database's lock was taken again; writing goes on");
                        ControlFlow::Continue(())
                    }
                    Ok(Ok(Again::Anothers)) => {
                        tracing::error!(
                            "another rampart has taken the database while the lock was lost; this one never writes again"
                        );
                        self.gone.send_replace(true);
                        ControlFlow::Break(())
                    }
                    // Out of reach still, or the old session is not at its end yet.
                    Ok(Ok(Again::NotYet) | Err(_)) | Err(_) => ControlFlow::Continue(()),
                }
            }
            Some(Held::File { .. }) | None => ControlFlow::Break(()),
        }
    }
}

async fn keep(taken: Weak<Taken>, db: Arc<Db>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(taken) = taken.upgrade() else { return };
        if taken.look(&db).await.is_break() {
            return;
        }
    }
}

/// A session that has the lock; `None` when another one has it.
async fn locked(pool: &PgPool) -> Result<Option<PgConnection>, StoreError> {
    let mut session = pool.acquire().await.map_err(wrap)?.detach();
    let sql = "SELECT pg_try_advisory_lock($1)";
    let mine: bool = sqlx::query_scalar(sql).bind(NUMBER).fetch_one(&mut session).await.map_err(wrap)?;
    if mine {
        return Ok(Some(session));
    }
    let _ = session.close().await;
    Ok(None)
}

/// A session that answers still has what it took, unless somebody ended the lock alone or another session answers for it.
async fn has_lock(session: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted \
               AND objsubid = 1 AND ((CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT)) = $1)";
    sqlx::query_scalar(sql).bind(NUMBER).fetch_one(session).await
}

enum Again {
    Taken(PgConnection),
    Anothers,
    NotYet,
}

/// Tries to take the lock again that was lost in this turn.
async fn again(pool: &PgPool, turn: i64) -> Result<Again, StoreError> {
    let session = locked(pool).await?;
    // After the lock: who took it in between has counted already, or takes it only after this one.
    let sql = "SELECT CAST(value AS BIGINT) FROM settings WHERE key = $1";
    let now: i64 = sqlx::query_scalar(sql).bind(TURN).fetch_one(pool).await.map_err(wrap)?;
    Ok(match session {
        _ if now != turn => Again::Anothers,
        Some(session) => Again::Taken(session),
        None => Again::NotYet,
    })
}
