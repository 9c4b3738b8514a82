//! Audit lines: who did what, when. Written, listed, never changed.

use crate::db::{Db, Row, Tx, args};
use crate::error::StoreError;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Id; sorts by time among lines of one millisecond.
    pub id: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Account that did it; `None` for Rampart itself and for people not logged in.
    pub account_id: Option<String>,
    /// What, a dotted word such as `personal.export`.
    pub what: String,
    /// Details a person can read.
    pub detail: String,
}

/// Repository of audit lines.
#[derive(Debug)]
pub struct Audit<'s>(pub(crate) &'s Db);

const INSERT: &str = "INSERT INTO audit (id, at_ms, account_id, what, detail) VALUES ($1, $2, $3, $4, $5)";

/// Writes a line as part of a larger transaction.
pub(crate) async fn write(
    tx: &mut Tx,
    id: &str,
    at_ms: i64,
    account_id: Option<&str>,
    what: &str,
    detail: &str,
) -> Result<(), StoreError> {
    tx.run(INSERT, args![id, at_ms, account_id, what, detail]).await?;
    Ok(())
}

/// Writes the line of an act, if it has one, as part of its transaction.
pub(crate) async fn note(tx: &mut Tx, line: Option<&AuditLine>) -> Result<(), StoreError> {
    let Some(line) = line else { return Ok(()) };
    write(tx, &line.id, line.at_ms, line.account_id.as_deref(), &line.what, &line.detail).await
}

fn read(rows: &[Row]) -> Result<Vec<AuditLine>, StoreError> {
    rows.iter()
        .map(|row| {
            let cells = row.of("audit", "id");
            Ok(AuditLine {
                id: cells.text("id")?,
                at_ms: cells.int("at_ms")?,
                account_id: cells.opt_text("account_id")?,
                what: cells.text("what")?,
                detail: cells.text("detail")?,
            })
        })
        .collect()
}

impl Audit<'_> {
    /// Adds a line.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the id is taken, or those of the database.
    pub async fn add(&self, line: &AuditLine) -> Result<(), StoreError> {
        let values = args![&line.id, line.at_ms, &line.account_id, &line.what, &line.detail];
        self.0.run(INSERT, values).await?;
        Ok(())
    }

    /// Lines of one `what` of this moment and later, the latest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn since(&self, what: &str, from_ms: i64) -> Result<Vec<AuditLine>, StoreError> {
        let sql = "SELECT id, at_ms, account_id, what, detail FROM audit \
                   WHERE what = $1 AND at_ms >= $2 ORDER BY at_ms DESC, id DESC";
        read(&self.0.rows(sql, args![what, from_ms]).await?)
    }

    /// Latest lines first, those of one `what` or all; `before` is the last line of the page before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(
        &self,
        what: Option<&str>,
        before: Option<&AuditLine>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let (at_ms, id) = before.map_or((i64::MAX, ""), |line| (line.at_ms, line.id.as_str()));
        let rows = match what {
            Some(what) => {
                self.0
                    .rows(
                        "SELECT id, at_ms, account_id, what, detail FROM audit \
                         WHERE what = $1 AND (at_ms, id) < ($2, $3) ORDER BY at_ms DESC, id DESC LIMIT $4",
                        args![what, at_ms, id, limit],
                    )
                    .await?
            }
            None => {
                self.0
                    .rows(
                        "SELECT id, at_ms, account_id, what, detail FROM audit \
                         WHERE (at_ms, id) < ($1, $2) ORDER BY at_ms DESC, id DESC LIMIT $3",
                        args![at_ms, id, limit],
                    )
                    .await?
            }
        };
        read(&rows)
    }
}
