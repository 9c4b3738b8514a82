//! One way to speak to two engines. Everything above this file uses the same SQL text, the same [`Value`]s and the
//! same [`Row`]s; the enum over two pools and the macro that picks the arm end here.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Row as _, SqlSafeStr, Sqlite, SqlitePool, Transaction};

use crate::error::{StoreError, wrap};

/// Rows that one INSERT statement writes at most.
const ROWS: usize = 512;
/// Up to here each number of rows has a statement of its own: what waits at the commit queue goes as one.
const OWN: usize = 64;
/// Statements that a connection keeps prepared: those of every number of rows of the ledger, and all others.
pub(crate) const PREPARED: usize = 256;

/// A value to bind. Always typed, so that a NULL has its column's type on the engine that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Vec<u8>),
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $make:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($v: $from) -> Self { $make }
        })*
    };
}

value_from! {
    &str => |v| Self::Text(Some(v.to_owned()));
    String => |v| Self::Text(Some(v));
    &String => |v| Self::Text(Some(v.clone()));
    Option<String> => |v| Self::Text(v);
    &Option<String> => |v| Self::Text(v.clone());
    Option<&str> => |v| Self::Text(v.map(ToOwned::to_owned));
    i64 => |v| Self::Int(Some(v));
    Option<i64> => |v| Self::Int(v);
    u16 => |v| Self::Int(Some(i64::from(v)));
    u32 => |v| Self::Int(Some(i64::from(v)));
    bool => |v| Self::Int(Some(i64::from(v)));
    &[u8] => |v| Self::Bytes(v.to_vec());
}

/// Values for `$1`, `$2`, …
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;

/// Runs the same code in the arm of whichever engine is behind `$on`, with `$db` naming that engine's type.
macro_rules! engine {
    ($on:expr, $kind:ident, |$conn:ident, $db:ident| $body:expr) => {
        match $on {
            $kind::Sqlite($conn) => {
                type $db = Sqlite;
                $body
            }
            $kind::Postgres($conn) => {
                type $db = Postgres;
                $body
            }
        }
    };
}

/// A prepared query with its values; a statement that comes again is taken from the connection's cache.
macro_rules! query {
    ($db:ty, $sql:expr, $values:expr) => {{
        let mut query = sqlx::query::<$db>($sql);
        for value in $values {
            query = match value {
                Value::Text(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// The database: SQLite with its one write connection, a pool of readers and a few for what is read long, or PostgreSQL.
#[derive(Debug)]
pub(crate) enum Db {
    Sqlite { write: SqlitePool, read: SqlitePool, long: SqlitePool },
    Postgres { pool: PgPool, fence: Fence },
}

/// Shut while this process may not write though the database is there (see [`crate::taken`]).
#[derive(Debug, Default)]
pub(crate) struct Fence(AtomicBool);

impl Fence {
    pub(crate) fn shut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn pass(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::SeqCst) { Err(StoreError::Lost) } else { Ok(()) }
    }
}

enum Pool<'p> {
    Sqlite(&'p SqlitePool),
    Postgres(&'p PgPool),
}

/// How an insertion ended that did not go through.
pub(crate) enum NotInserted {
    /// Nothing was written.
    Before(StoreError),
    /// Whether it was is to be asked.
    Unsure(StoreError),
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A row of a result.
pub(crate) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

impl From<sqlx::sqlite::SqliteRow> for Row {
    fn from(row: sqlx::sqlite::SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<sqlx::postgres::PgRow> for Row {
    fn from(row: sqlx::postgres::PgRow) -> Self {
        Self::Postgres(row)
    }
}

/// PostgreSQL cannot hold NUL in a text; SQLite could, and the data could then never move.
fn refuse_nul(values: &[Value]) -> Result<(), StoreError> {
    let nul = |value: &Value| matches!(value, Value::Text(Some(text)) if text.as_bytes().contains(&0));
    if values.iter().any(nul) { Err(StoreError::Nul) } else { Ok(()) }
}

impl Db {
    fn reader(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { read, .. } => Pool::Sqlite(read),
            Self::Postgres { pool, .. } => Pool::Postgres(pool),
        }
    }

    fn writer(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { write, .. } => Pool::Sqlite(write),
            Self::Postgres { pool, .. } => Pool::Postgres(pool),
        }
    }

    /// True on SQLite, where this process holds the only writer.
    pub(crate) fn is_single_writer(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// A transaction that writes. On SQLite it takes the write lock at once, as one that reads first and writes later
    /// fails with "locked" however long it would have waited.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { write, .. } => match write.begin_with("BEGIN IMMEDIATE").await {
                Ok(tx) => Ok(Tx::Sqlite(tx)),
                Err(first) => {
                    // When the disk is full SQLite rolls back by itself, and the driver goes on counting the transaction
                    // as open: on that connection none begins ever again. A new connection knows nothing of it.
                    tracing::warn!(error = %first, "no transaction begins; taking a new connection");
                    if let Ok(stale) = write.acquire().await {
                        let _ = stale.close().await;
                    }
                    write.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite)
                }
            },
            Self::Postgres { pool, fence } => {
                fence.pass()?;
                // In a task of its own: of a BEGIN that is given up halfway the driver knows nothing, and what comes next
                // over that connection would be part of a transaction that nobody commits.
                let pool = pool.clone();
                let begun = tokio::spawn(async move { pool.begin().await }).await;
                begun.unwrap_or(Err(sqlx::Error::WorkerCrashed)).map(Tx::Postgres)
            }
        }
        .map_err(wrap)
    }

    /// Rows of one query.
    pub(crate) async fn rows(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        refuse_nul(&values)?;
        engine!(self.reader(), Pool, |pool, Engine| {
            let rows = query!(Engine, sql, values).fetch_all(pool).await.map_err(wrap)?;
            Ok(rows.into_iter().map(Row::from).collect())
        })
    }

    /// The row of a query that gives one or none.
    pub(crate) async fn row(
        &self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        refuse_nul(&values)?;
        engine!(self.reader(), Pool, |pool, Engine| {
            Ok(query!(Engine, sql, values).fetch_optional(pool).await.map_err(wrap)?.map(Row::from))
        })
    }

    /// A transaction for reading much of one moment. On SQLite it keeps nobody from writing and writes nothing itself; on
    /// PostgreSQL it may.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        if let Self::Sqlite { long, .. } = self {
            return long.begin().await.map(Tx::Sqlite).map_err(wrap);
        }
        let mut tx = self.write().await?;
        tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", Vec::new()).await?;
        Ok(tx)
    }

    /// One statement that writes, as its own transaction. Answers with the number of rows it touched.
    pub(crate) async fn run(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        refuse_nul(&values)?;
        if let Self::Postgres { fence, .. } = self {
            fence.pass()?;
        }
        engine!(self.writer(), Pool, |pool, Engine| {
            Ok(query!(Engine, sql, values).execute(pool).await.map_err(wrap)?.rows_affected())
        })
    }

    /// The rows of one INSERT as a transaction of its own, in one turn to the database instead of three: see
    /// [`Tx::insert_many`] for the arguments, and [`fits_one_statement`].
    pub(crate) async fn insert_at_once(
        &self,
        head: &str,
        width: usize,
        values: Vec<Value>,
    ) -> Result<(), NotInserted> {
        refuse_nul(&values).map_err(NotInserted::Before)?;
        if let Self::Postgres { fence, .. } = self {
            fence.pass().map_err(NotInserted::Before)?;
        }
        for (sql, values) in statements(head, width, "", values) {
            engine!(self.writer(), Pool, |pool, Engine| {
                // Without a connection nothing was said to the database.
                let mut connection =
                    pool.acquire().await.map_err(|error| NotInserted::Before(wrap(error)))?;
                let sql = AssertSqlSafe(sql);
                if let Err(error) = query!(Engine, sql, values).execute(&mut *connection).await {
                    // What the database says of the data it says before it keeps them.
                    let refused = matches!(error, sqlx::Error::Database(_));
                    let error = wrap(error);
                    let certain = refused && error.is_about_data();
                    return Err(if certain {
                        NotInserted::Before(error)
                    } else {
                        NotInserted::Unsure(error)
                    });
                }
            });
        }
        Ok(())
    }

    /// Closes all connections once they are idle.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read, long } => {
                long.close().await;
                read.close().await;
                write.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl Tx {
    /// See [`Db::rows`].
    pub(crate) async fn rows(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        refuse_nul(&values)?;
        engine!(self, Self, |tx, Engine| {
            let rows = query!(Engine, sql, values).fetch_all(&mut **tx).await.map_err(wrap)?;
            Ok(rows.into_iter().map(Row::from).collect())
        })
    }

    /// Each row of a query in turn. For results of which all rows at once would be heavy: a row of the driver's weighs many
    /// times what is read of it.
    pub(crate) async fn each(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
        mut take: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        refuse_nul(&values)?;
        engine!(self, Self, |tx, Engine| {
            let mut rows = query!(Engine, sql, values).fetch(&mut **tx);
            while let Some(row) = rows.try_next().await.map_err(wrap)? {
                take(Row::from(row))?;
            }
            Ok(())
        })
    }

    /// See [`Db::row`].
    pub(crate) async fn row(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        refuse_nul(&values)?;
        engine!(self, Self, |tx, Engine| {
            Ok(query!(Engine, sql, values).fetch_optional(&mut **tx).await.map_err(wrap)?.map(Row::from))
        })
    }

    /// A statement that writes. Answers with the number of rows it touched.
    pub(crate) async fn run(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        refuse_nul(&values)?;
        engine!(self, Self, |tx, Engine| {
            Ok(query!(Engine, sql, values).execute(&mut **tx).await.map_err(wrap)?.rows_affected())
        })
    }

    /// Inserts many rows: `head` is `INSERT INTO t (a, b)`, `values` are `width` for each row, one row after the
    /// other, `tail` what follows the rows. Answers with the number of rows written.
    pub(crate) async fn insert_many(
        &mut self,
        head: &str,
        width: usize,
        tail: &str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let mut written = 0;
        for (sql, values) in statements(head, width, tail, values) {
            written += self.run(AssertSqlSafe(sql), values).await?;
        }
        Ok(written)
    }

    /// The same with a `tail` that returns rows.
    pub(crate) async fn insert_returning(
        &mut self,
        head: &str,
        width: usize,
        tail: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut returned = Vec::new();
        for (sql, values) in statements(head, width, tail, values) {
            returned.extend(self.rows(AssertSqlSafe(sql), values).await?);
        }
        Ok(returned)
    }

    /// Keeps other writers that name the same lock waiting until this transaction ends. SQLite has one writer anyway.
    pub(crate) async fn lock(&mut self, name: &'static str) -> Result<(), StoreError> {
        match self.run("UPDATE locks SET turns = turns + 1 WHERE name = $1", args![name]).await? {
            // A lock that is not there would keep nobody waiting.
            0 => Err(StoreError::Missing { what: format!("locks.{name}") }),
            _ => Ok(()),
        }
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        engine!(self, Self, |tx, _Engine| tx.commit().await.map_err(wrap))
    }

    /// Undoes it now rather than at some later use of the connection.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        engine!(self, Self, |tx, _Engine| tx.rollback().await.map_err(wrap))
    }
}

/// Statements that insert these rows: one where there are 64 or less, else as many of 512, 256, 128 and 64 rows as fit and
/// one for the rest, so that few texts serve every number of rows and stay prepared.
fn statements(head: &str, width: usize, tail: &str, values: Vec<Value>) -> Vec<(String, Vec<Value>)> {
    let mut left = values.len() / width;
    let mut values = values.into_iter();
    let mut size = ROWS;
    let mut statements = Vec::new();
    while left > 0 {
        while size > left.max(OWN) {
            size /= 2;
        }
        size = size.min(left);
        let mut sql = String::with_capacity(head.len() + tail.len() + 16 + size * width * 6);
        sql.push_str(head);
        sql.push_str(" VALUES ");
        for row in 0..size {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            sql.push_str(&marks(row * width + 1, width));
            sql.push(')');
        }
        sql.push(' ');
        sql.push_str(tail);
        statements.push((sql, values.by_ref().take(size * width).collect()));
        left -= size;
    }
    statements
}

/// Are so many rows one statement?
pub(crate) fn fits_one_statement(rows: usize) -> bool {
    rows <= OWN || (rows <= ROWS && rows.is_power_of_two())
}

/// `$first, $first+1, …`, `count` of them.
pub(crate) fn marks(first: usize, count: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(count * 6);
    for number in first..first + count {
        if number != first {
            text.push_str(", ");
        }
        // Writing to a String does not fail.
        let _ = write!(text, "${number}");
    }
    text
}

/// Values for an `IN` list.
pub(crate) fn texts<'t>(list: impl IntoIterator<Item = &'t String>) -> Vec<Value> {
    list.into_iter().map(Value::from).collect()
}

impl Row {
    /// The cells of this row as columns of `table`, whose id is in column `key`; both only name the place in an error.
    pub(crate) fn of<'r>(&'r self, table: &'static str, key: &'static str) -> Cells<'r> {
        Cells { row: self, table, key }
    }
}

/// A row being read. Every value that does not fit is a named error with table, column and id.
pub(crate) struct Cells<'r> {
    row: &'r Row,
    table: &'static str,
    key: &'static str,
}

impl Cells<'_> {
    fn broken(&self, column: &str, why: impl std::fmt::Display) -> StoreError {
        let id = engine!(self.row, Row, |row, _Engine| row.try_get::<String, _>(self.key));
        StoreError::Inconsistent {
            table: self.table,
            column: column.to_owned(),
            id: id.unwrap_or_else(|_| "?".to_owned()),
            why: why.to_string(),
        }
    }

    /// A text that may be NULL.
    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        engine!(self.row, Row, |row, _Engine| row.try_get(column)).map_err(|why| self.broken(column, why))
    }

    /// A text.
    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.broken(column, "it is NULL"))
    }

    /// A number that may be NULL.
    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        engine!(self.row, Row, |row, _Engine| row.try_get(column)).map_err(|why| self.broken(column, why))
    }

    /// A number.
    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| self.broken(column, "it is NULL"))
    }

    /// A number of a narrower type.
    pub(crate) fn number<N: TryFrom<i64>>(&self, column: &str) -> Result<N, StoreError> {
        let wide = self.int(column)?;
        N::try_from(wide).map_err(|_| self.broken(column, format_args!("{wide} is out of range")))
    }

    /// Yes or no, stored as 1 or 0.
    pub(crate) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.broken(column, format_args!("{other} is neither 0 nor 1"))),
        }
    }

    /// Bytes.
    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        engine!(self.row, Row, |row, _Engine| row.try_get(column)).map_err(|why| self.broken(column, why))
    }

    /// Exactly 32 bytes.
    pub(crate) fn bytes32(&self, column: &str) -> Result<[u8; 32], StoreError> {
        let bytes: Vec<u8> = engine!(self.row, Row, |row, _Engine| row.try_get(column))
            .map_err(|why| self.broken(column, why))?;
        let length = bytes.len();
        <[u8; 32]>::try_from(bytes).map_err(|_| self.broken(column, format_args!("{length} bytes, not 32")))
    }

    /// A word of a closed list.
    pub(crate) fn word<W: FromStr>(&self, column: &str) -> Result<W, StoreError> {
        let text = self.text(column)?;
        W::from_str(&text).map_err(|_| self.broken(column, format_args!("{text:?} is no word of this list")))
    }

    /// A word of a closed list that may be NULL.
    pub(crate) fn opt_word<W>(
        &self,
        column: &str,
        read: impl Fn(&str) -> Option<W>,
    ) -> Result<Option<W>, StoreError> {
        let Some(text) = self.opt_text(column)? else { return Ok(None) };
        match read(&text) {
            Some(word) => Ok(Some(word)),
            None => Err(self.broken(column, format_args!("{text:?} is no word of this list"))),
        }
    }
}

/// Rows by a text key.
pub(crate) type ByKey<T> = HashMap<String, T>;
