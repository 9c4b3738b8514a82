//! What can go wrong in the store. "Not there" is an `Option` or `false`, not an error.

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::error::{DatabaseError, ErrorKind};

/// A failure of the database's driver or of the database itself. Opaque: nobody above can name the driver.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the database driver reports a failure")]
pub struct DriverError(#[source] Arc<sqlx::Error>);

impl From<sqlx::Error> for DriverError {
    fn from(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }
}

/// Why the store could not do what it was asked. A copy goes to each of those who asked together.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or no connection came free in time.
    #[error("the database cannot be reached")]
    Unavailable(#[source] DriverError),
    /// Another server has taken the database.
    #[error("another rampart is using the database")]
    InUse,
    /// The lock that lets this server alone write is lost for now; nothing was written.
    #[error("the database's lock of this server is lost")]
    Lost,
    /// The disk below the database is full; nothing was written.
    #[error("the disk of the database is full")]
    DiskFull(#[source] DriverError),
    /// The database or its file is read-only.
    #[error("the database is read-only")]
    ReadOnly(#[source] DriverError),
    /// Anything else that the driver reports.
    #[error("the database failed")]
    Driver(#[source] DriverError),
    /// A value that must be unique is taken.
    #[error("{what} is taken")]
    Duplicate {
        /// `table.column`, or several with a comma and a space between, alike on both engines.
        what: String,
    },
    /// The row names another one that is not there.
    #[error("{what} names something that is not there")]
    Missing {
        /// `table.column`, or `reference` where the engine does not say which one.
        what: String,
    },
    /// A stored value that this program could not have written.
    #[error("{table}.{column} of {id} is not readable: {why}")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Column.
        column: String,
        /// Id of the row.
        id: String,
        /// What is wrong with it.
        why: String,
    },
    /// A text with a NUL character, which PostgreSQL cannot hold; refused on both engines.
    #[error("a text holds a NUL character")]
    Nul,
    /// The change would leave nobody who can administer.
    #[error("this is the last enabled administrator")]
    LastAdministrator,
    /// Personal data asked for by an account that is no enabled officer.
    #[error("account {account_id} is no programme officer")]
    NotOfficer {
        /// Who asked.
        account_id: String,
    },
    /// The database's address is not understood. The address is left out, it may hold a password.
    #[error("database address: {why}")]
    Address {
        /// What is wrong.
        why: String,
    },
    /// The database file cannot be opened or made.
    #[error("database file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The database was made by a newer Rampart: it holds a migration that this one does not know.
    #[error("the database is newer than this program: migration {version} is unknown here")]
    Newer {
        /// Number of the unknown migration.
        version: i64,
    },
    /// A migration did not go through, or an applied one was edited afterwards.
    #[error("migration: {why}")]
    Migration {
        /// What the migrator says.
        why: String,
    },
}

impl StoreError {
    /// True when the same write may succeed for another request: the data was refused, not the database broken.
    pub(crate) fn is_about_data(&self) -> bool {
        !matches!(self, Self::Unavailable(_) | Self::Lost | Self::DiskFull(_) | Self::ReadOnly(_))
    }
}

/// Sorts a driver's error once, where it enters.
pub(crate) fn wrap(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error.into()),
        sqlx::Error::Database(fault) => match fault.kind() {
            ErrorKind::UniqueViolation => StoreError::Duplicate { what: taken(fault.as_ref()) },
            ErrorKind::ForeignKeyViolation => StoreError::Missing { what: "reference".to_owned() },
            _ => sort(error),
        },
        _ => StoreError::Driver(error.into()),
    }
}

fn sort(error: sqlx::Error) -> StoreError {
    let sqlite = error
        .as_database_error()
        .and_then(|fault| fault.try_downcast_ref::<sqlx::sqlite::SqliteError>())
        .and_then(|fault| fault.code())
        .and_then(|code| code.parse::<i32>().ok());
    // The low byte is the primary result code: 5 BUSY, 6 LOCKED, 8 READONLY, 13 FULL, 14 CANTOPEN.
    match sqlite.map(|code| code & 0xff) {
        Some(13) => return StoreError::DiskFull(error.into()),
        Some(8) => return StoreError::ReadOnly(error.into()),
        Some(5 | 6 | 14) => return StoreError::Unavailable(error.into()),
        Some(_) => return StoreError::Driver(error.into()),
        None => {}
    }
    let postgres = error.as_database_error().and_then(|fault| fault.code()).unwrap_or_default().into_owned();
    match postgres.as_str() {
        "53100" => StoreError::DiskFull(error.into()),
        "25006" => StoreError::ReadOnly(error.into()),
        // Too many connections, shutting down, starting up, connection exceptions.
        "53300" | "57P01" | "57P02" | "57P03" => StoreError::Unavailable(error.into()),
        code if code.starts_with("08") => StoreError::Unavailable(error.into()),
        _ => StoreError::Driver(error.into()),
    }
}

/// What is taken, in SQLite's way of saying it: `table.column, table.column`.
fn taken(fault: &dyn DatabaseError) -> String {
    if let Some(postgres) = fault.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        // `Key (exercise_id, seq)=(..) already exists.`
        let columns = postgres
            .detail()
            .and_then(|detail| detail.strip_prefix("Key ("))
            .and_then(|rest| rest.split_once(")=("))
            .map(|(columns, _)| columns);
        return match (postgres.table(), columns) {
            (Some(table), Some(columns)) => {
                columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
            }
            (table, _) => postgres.constraint().or(table).unwrap_or("value").to_owned(),
        };
    }
    fault
        .message()
        .strip_prefix("UNIQUE constraint failed: ")
        .map_or_else(|| fault.message().to_owned(), ToOwned::to_owned)
}

/// Sorts what the migrator reports.
pub(crate) fn wrap_migration(error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) => wrap(error),
        MigrateError::VersionMissing(version) => StoreError::Newer { version },
        MigrateError::ExecuteMigration(error, version) => match wrap(error) {
            StoreError::Driver(DriverError(error)) => {
                StoreError::Migration { why: format!("number {version}: {error}") }
            }
            sorted => sorted,
        },
        other => StoreError::Migration { why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use sqlx::{ConnectOptions, Executor};

    use super::*;

    /// What SQLite really says, sorted.
    async fn failure(prepare: &'static str, statement: &'static str) -> StoreError {
        let mut conn = sqlx::sqlite::SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        conn.execute("CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b TEXT CHECK (b <> 'x'))").await.unwrap();
        conn.execute(prepare).await.unwrap();
        wrap(conn.execute(statement).await.unwrap_err())
    }

    #[tokio::test]
    async fn a_full_disk_is_told_from_other_failures() {
        let full =
            failure("PRAGMA max_page_count = 4", "INSERT INTO t VALUES ('a', hex(zeroblob(100000)))").await;
        assert!(matches!(full, StoreError::DiskFull(_)), "{full:?}");
        assert!(!full.is_about_data());
    }

    #[tokio::test]
    async fn a_read_only_database_is_told_from_other_failures() {
        let read_only = failure("PRAGMA query_only = ON", "INSERT INTO t VALUES ('a', 'b')").await;
        assert!(matches!(read_only, StoreError::ReadOnly(_)), "{read_only:?}");
    }

    #[tokio::test]
    async fn what_is_taken_is_named_and_a_broken_rule_is_about_the_data() {
        let taken = failure("INSERT INTO t VALUES ('a', 'b')", "INSERT INTO t VALUES ('a', 'c')").await;
        assert!(matches!(&taken, StoreError::Duplicate { what } if what == "t.a"), "{taken:?}");
        let rule = failure("SELECT 1", "INSERT INTO t VALUES ('a', 'x')").await;
        assert!(matches!(rule, StoreError::Driver(_)) && rule.is_about_data(), "{rule:?}");
    }
}
