//! Ledgers: read here, written by the commit queue only.

use rampart_domain::ledger::{Checkpoint, Sealed};
use scoreboard::Entry;
use sqlx::AssertSqlSafe;

use crate::commit::{AppendError, Queue};
use crate::db::{Db, NotInserted, Row, Tx, Value, args, marks};
use crate::error::StoreError;

/// An entry as it is stored, whether or not it can be read; for checking a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// Position.
    pub seq: u64,
    /// Text.
    pub text: String,
    /// Hash of the entry before it.
    pub prev: String,
    /// Hash.
    pub hash: String,
}

/// Repository of ledgers.
#[derive(Debug)]
pub struct Ledger<'s> {
    pub(crate) db: &'s Db,
    pub(crate) queue: &'s Queue,
}

fn raw(row: &Row) -> Result<RawEntry, StoreError> {
    let cells = row.of("ledger", "hash");
    Ok(RawEntry {
        seq: cells.number("seq")?,
        text: cells.text("text")?,
        prev: cells.text("prev")?,
        hash: cells.text("hash")?,
    })
}

fn sealed(exercise_id: &str, row: &Row) -> Result<Sealed, StoreError> {
    let RawEntry { seq, text, prev, hash } = raw(row)?;
    let broken = |why: String| StoreError::Inconsistent {
        table: "ledger",
        column: "text".to_owned(),
        id: format!("{exercise_id}/{seq}"),
        why,
    };
    let entry: Entry = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
    if entry.seq != seq {
        return Err(broken(format!("the text says that it is entry {}", entry.seq)));
    }
    Ok(Sealed { entry, text, prev, hash })
}

/// SQLite and PostgreSQL count in i64; no ledger gets that long.
pub(crate) fn as_int(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

const INSERT: &str = "INSERT INTO ledger (exercise_id, seq, at_ms, kind, text, prev, hash)";
/// Columns of [`INSERT`].
const WIDTH: usize = 7;

fn cells<'e>(entries: impl Iterator<Item = (&'e str, &'e Sealed)>) -> Vec<Value> {
    let mut values = Vec::new();
    for (exercise_id, sealed) in entries {
        values.extend(args![
            exercise_id,
            as_int(sealed.entry.seq),
            sealed.entry.at_ms,
            sealed.entry.body.kind(),
            &sealed.text,
            &sealed.prev,
            &sealed.hash
        ]);
    }
    values
}

/// Writes entries as they are. Whoever calls has checked that they fit.
pub(crate) async fn insert<'e>(
    tx: &mut Tx,
    entries: impl Iterator<Item = (&'e str, &'e Sealed)>,
) -> Result<(), StoreError> {
    tx.insert_many(INSERT, WIDTH, "", cells(entries)).await?;
    Ok(())
}

/// The same for so few that they are one statement, which is a transaction of its own.
pub(crate) async fn insert_at_once<'e>(
    db: &Db,
    entries: impl Iterator<Item = (&'e str, &'e Sealed)>,
) -> Result<(), NotInserted> {
    db.insert_at_once(INSERT, WIDTH, cells(entries)).await
}

/// Writes signed positions; one that is there already stays as it is.
pub(crate) async fn insert_checkpoints(
    tx: &mut Tx,
    exercise_id: &str,
    checkpoints: &[Checkpoint],
) -> Result<(), StoreError> {
    let mut values = Vec::new();
    for checkpoint in checkpoints {
        values.extend(args![
            exercise_id,
            as_int(checkpoint.seq),
            &checkpoint.hash,
            checkpoint.at_ms,
            &checkpoint.key,
            &checkpoint.signature
        ]);
    }
    let head = "INSERT INTO checkpoints (exercise_id, seq, hash, at_ms, key, signature)";
    tx.insert_many(head, 6, "ON CONFLICT (exercise_id, seq, key) DO NOTHING", values).await?;
    Ok(())
}

impl Ledger<'_> {
    /// Notes a signed position. One of the same key at the same position stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn checkpoint(&self, exercise_id: &str, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        insert_checkpoints(&mut tx, exercise_id, std::slice::from_ref(checkpoint)).await?;
        tx.commit().await
    }

    /// Signed positions of a ledger, in order. Not checked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn checkpoints(&self, exercise_id: &str) -> Result<Vec<Checkpoint>, StoreError> {
        let sql = "SELECT seq, hash, at_ms, key, signature FROM checkpoints WHERE exercise_id = $1 ORDER BY seq, key";
        let rows = self.db.rows(sql, args![exercise_id]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("checkpoints", "hash");
                Ok(Checkpoint {
                    seq: cells.number("seq")?,
                    hash: cells.text("hash")?,
                    at_ms: cells.int("at_ms")?,
                    key: cells.text("key")?,
                    signature: cells.text("signature")?,
                })
            })
            .collect()
    }

    /// Entries after `after_seq` as they are stored, in order, at most `limit`; for checking a chain by parts.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn raw_after(
        &self,
        exercise_id: &str,
        after_seq: u64,
        limit: u32,
    ) -> Result<Vec<RawEntry>, StoreError> {
        let sql = "SELECT seq, text, prev, hash FROM ledger WHERE exercise_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let rows = self.db.rows(sql, args![exercise_id, as_int(after_seq), limit]).await?;
        rows.iter().map(raw).collect()
    }

    /// Appends entries, in order and without gaps after the present last one. `Ok` means that they are on the disk.
    /// Entries of many callers and exercises share one transaction; all entries of one call are written or none.
    /// A caller that stops waiting does not take its entries back.
    ///
    /// # Errors
    /// See [`AppendError`]; a refused call leaves the others untouched.
    pub async fn append(&self, exercise_id: &str, entries: Vec<Sealed>) -> Result<(), AppendError> {
        self.queue.append(exercise_id, entries).await
    }

    /// Position and hash of the last entry; `None` for an empty ledger.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn head(&self, exercise_id: &str) -> Result<Option<(u64, String)>, StoreError> {
        let row = self
            .db
            .row(
                "SELECT seq, hash FROM ledger WHERE exercise_id = $1 ORDER BY seq DESC LIMIT 1",
                args![exercise_id],
            )
            .await?;
        row.map(|row| {
            let cells = row.of("ledger", "hash");
            Ok((cells.number("seq")?, cells.text("hash")?))
        })
        .transpose()
    }

    /// Entries after `after_seq`, in order.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a text that is no entry, or those of the database.
    pub async fn read(
        &self,
        exercise_id: &str,
        after_seq: u64,
        limit: u32,
    ) -> Result<Vec<Sealed>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT seq, text, prev, hash FROM ledger WHERE exercise_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                args![exercise_id, as_int(after_seq), limit],
            )
            .await?;
        rows.iter().map(|row| sealed(exercise_id, row)).collect()
    }

    /// The whole ledger of one moment, in order.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a text that is no entry, or those of the database.
    pub async fn read_all(&self, exercise_id: &str) -> Result<Vec<Sealed>, StoreError> {
        self.all(exercise_id).await?.iter().map(|row| sealed(exercise_id, row)).collect()
    }

    /// The whole ledger of one moment as it is stored, for checking its chain with
    /// [`rampart_domain::ledger::verify`].
    ///
    /// # Errors
    /// Those of the database.
    pub async fn raw(&self, exercise_id: &str) -> Result<Vec<RawEntry>, StoreError> {
        self.all(exercise_id).await?.iter().map(raw).collect()
    }

    async fn all(&self, exercise_id: &str) -> Result<Vec<Row>, StoreError> {
        let sql = "SELECT seq, text, prev, hash FROM ledger WHERE exercise_id = $1 ORDER BY seq";
        self.db.rows(sql, args![exercise_id]).await
    }

    /// The entries at these positions, the latest first; those that are not there are left out.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a text that is no entry, or those of the database.
    pub async fn at(&self, exercise_id: &str, seqs: &[u64]) -> Result<Vec<Sealed>, StoreError> {
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = args![exercise_id];
        values.extend(seqs.iter().map(|seq| Value::from(as_int(*seq))));
        let sql = format!(
            "SELECT seq, text, prev, hash FROM ledger WHERE exercise_id = $1 AND seq IN ({}) ORDER BY seq DESC",
            marks(2, seqs.len())
        );
        let rows = self.db.rows(AssertSqlSafe(sql), values).await?;
        rows.iter().map(|row| sealed(exercise_id, row)).collect()
    }

    /// Latest entries first: those of the given kinds ([`scoreboard::Body::kind`]; none given means all) before
    /// `before_seq`.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for a text that is no entry, or those of the database.
    pub async fn page(
        &self,
        exercise_id: &str,
        kinds: &[&str],
        before_seq: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Sealed>, StoreError> {
        let mut values = args![exercise_id, before_seq.map_or(i64::MAX, as_int), limit];
        let mut condition = String::new();
        if !kinds.is_empty() {
            condition = format!("AND kind IN ({})", marks(values.len() + 1, kinds.len()));
            values.extend(kinds.iter().map(|kind| Value::from(*kind)));
        }
        let sql = format!(
            "SELECT seq, text, prev, hash FROM ledger WHERE exercise_id = $1 AND seq < $2 {condition} \
             ORDER BY seq DESC LIMIT $3"
        );
        let rows = self.db.rows(AssertSqlSafe(sql), values).await?;
        rows.iter().map(|row| sealed(exercise_id, row)).collect()
    }
}
