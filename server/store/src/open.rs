//! Opening: the address, the pragmas, the migrations.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlSafeStr};

use crate::db::{Db, Fence, PREPARED};
use crate::error::{StoreError, wrap, wrap_migration};

/// How long a request waits for a connection before the database counts as out of reach.
const PATIENCE: Duration = Duration::from_secs(10);
/// Readers of a SQLite file, beside the one writer.
const READERS: u32 = 4;
/// Connections beside them for what is read long: a year of records keeps no page from its short questions.
const LONG_READERS: u32 = 2;
/// Connections to PostgreSQL. A machine with few of them to give works with two as well: nothing holds one while it waits
/// for another.
const CONNECTIONS: u32 = 12;

/// A connection to PostgreSQL that was in use within this time is taken for one that stands; any other is asked first.
/// Asking before each use costs as much as what is then asked.
const FRESH: Duration = Duration::from_secs(1);

/// One migration on both engines: number, name, SQLite's text, PostgreSQL's text.
type Pair = (i64, &'static str, &'static str, &'static str);

/// Named by a macro so that a number can never have one engine's text only.
macro_rules! migrations {
    ($(($number:literal, $name:literal)),* $(,)?) => {
        &[$((
            $number,
            $name,
            include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        )),*]
    };
}

const MIGRATIONS: &[Pair] = migrations![
    (1, "0001_house"),
    (2, "0002_schedule"),
    (3, "0003_placement"),
    (4, "0004_recordings"),
    (5, "0005_tokens"),
    (6, "0006_webhooks"),
    (7, "0007_checkpoints"),
    (8, "0008_register"),
    (9, "0009_answers"),
    (10, "0010_courses"),
    (11, "0011_targets"),
    (12, "0012_counts"),
    (13, "0013_withdrawn"),
];

/// Names of the migrations, in order; a test compares them with the two folders.
#[must_use]
pub fn migration_names() -> Vec<&'static str> {
    MIGRATIONS.iter().map(|(_, name, ..)| *name).collect()
}

fn migrator(text: impl Fn(&Pair) -> &'static str) -> Migrator {
    let of = |pair: &Pair| {
        Migration::new(pair.0, pair.1.into(), MigrationType::Simple, text(pair).into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(of).collect())
}

pub(crate) async fn open(url: &str, connections: Option<u32>) -> Result<Db, StoreError> {
    if let Some(rest) = url.strip_prefix("sqlite:") {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path == ":memory:" {
            return Err(StoreError::Address {
                why: "sqlite: needs the path of a file, as in sqlite:data/rampart.db".to_owned(),
            });
        }
        sqlite(Path::new(path), connections.unwrap_or(READERS)).await
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        postgres(url, connections.unwrap_or(CONNECTIONS)).await
    } else {
        Err(StoreError::Address { why: "it must begin with sqlite: or postgres://".to_owned() })
    }
}

/// Makes the file before SQLite does, for its owner only: it holds password hashes and the secrets of the runs. The
/// files that SQLite puts beside it take over its mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::File { path: path.to_owned(), source: Arc::new(source) }),
    }
}

async fn sqlite(path: &Path, readers: u32) -> Result<Db, StoreError> {
    make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .statement_cache_capacity(PREPARED)
        .busy_timeout(PATIENCE);
    // Neither ages: a connection that is replaced while others wait for it only costs time.
    let pool = || SqlitePoolOptions::new().max_lifetime(None).idle_timeout(None).test_before_acquire(false);
    let write = pool()
        .max_connections(1)
        // A roster or a long page of events may be before us in the queue of the one write connection.
        .acquire_timeout(3 * PATIENCE)
        .connect_with(options.clone())
        .await
        .map_err(wrap)?;
    migrator(|pair| pair.2).run(&write).await.map_err(wrap_migration)?;
    let options = options.pragma("query_only", "ON");
    let read = pool()
        .max_connections(readers)
        .acquire_timeout(PATIENCE)
        .connect_with(options.clone())
        .await
        .map_err(wrap)?;
    let long = pool().max_connections(LONG_READERS).acquire_timeout(3 * PATIENCE).connect_lazy_with(options);
    Ok(Db::Sqlite { write, read, long })
}

async fn postgres(url: &str, connections: u32) -> Result<Db, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Address { why: "it is no valid PostgreSQL address".to_owned() })?
        .application_name("rampart")
        .statement_cache_capacity(PREPARED)
        // An answer means durable, whatever the server's default is.
        .options([("synchronous_commit", "on")]);
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(wrap)?;
    migrator(|pair| pair.3).run(&pool).await.map_err(wrap_migration)?;
    Ok(Db::Postgres { pool, fence: Fence::default() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn the_file_is_opened_durably_with_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/t.db", dir.path().display());
        let Db::Sqlite { write, read, long } = open(&url, None).await.unwrap() else { panic!() };
        assert_eq!(write.options().get_max_connections(), 1);
        for (pool, query_only) in [(&write, 0), (&read, 1)] {
            // 2 is FULL: the log is on the disk before a commit answers.
            for (pragma, value) in [("synchronous", 2), ("foreign_keys", 1), ("query_only", query_only)] {
                let sql = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
                let found: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
                assert_eq!(found, value, "{pragma}");
            }
            let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
            assert_eq!(journal, "wal");
        }
        Db::Sqlite { write, read, long }.close().await;
    }
}
