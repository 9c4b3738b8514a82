//! One server at a time on a database: a lock on a file beside SQLite's, a lock of the session on PostgreSQL. Both end with
//! the process, however it ends.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use crate::db::Db;
use crate::error::{StoreError, wrap};

/// Number of the lock on PostgreSQL, where each database has its own: the letters of the product's name.
const NUMBER: i64 = 0x0072_616d_7061_7274;

#[derive(Debug)]
enum Held {
    File { _lock: File },
    Session(PgConnection),
}

/// Whether this process has taken the database.
#[derive(Debug)]
pub(crate) struct Taken {
    /// File of the lock, on SQLite.
    path: Option<PathBuf>,
    held: Mutex<Option<Held>>,
}

impl Taken {
    pub(crate) fn of(url: &str) -> Self {
        let path = url.strip_prefix("sqlite:").map(|rest| {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            PathBuf::from(format!("{path}.lock"))
        });
        Self { path, held: Mutex::default() }
    }

    pub(crate) async fn take(&self, db: &Db) -> Result<(), StoreError> {
        let mut held = self.held.lock().await;
        if held.is_some() {
            return Ok(());
        }
        let taken = match (db, &self.path) {
            (Db::Postgres(pool), _) => {
                let mut session = pool.acquire().await.map_err(wrap)?.detach();
                let sql = "SELECT pg_try_advisory_lock($1)";
                let mine: bool =
                    sqlx::query_scalar(sql).bind(NUMBER).fetch_one(&mut session).await.map_err(wrap)?;
                if !mine {
                    return Err(StoreError::InUse);
                }
                Held::Session(session)
            }
            (Db::Sqlite { .. }, Some(path)) => {
                let failed = |source| StoreError::File { path: path.clone(), source };
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
        if let Some(Held::Session(session)) = self.held.lock().await.take() {
            // A session that is lost has lost its lock too.
            let _ = session.close().await;
        }
    }
}
