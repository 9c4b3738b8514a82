//! Rows of the register that a human found to be one person. Nothing is moved: a row points at the one that it is, keeps its
//! own history, seats and hours, and the finding can be taken back.

use std::collections::HashMap;

use crate::audit::{self, AuditLine};
use crate::changes::{self, Stamp};
use crate::db::{Db, Tx, args};
use crate::error::StoreError;

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Id.
    pub id: String,
    /// The row.
    pub person_id: String,
    /// The person that it is.
    pub into_id: String,
    /// Why.
    pub reason: String,
    /// Account.
    pub by_account: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// When it was taken back, ms UTC.
    pub undone_ms: Option<i64>,
}

/// Which row is which person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Same(HashMap<String, String>);

impl Same {
    /// The row that stands for this one's person; itself where nobody found otherwise.
    #[must_use]
    pub fn of<'s>(&'s self, person: &'s str) -> &'s str {
        let mut at = person;
        // A row is merged into one that is not merged itself, so there is no circle; and if there were one, it ends.
        for _ in 0..=self.0.len() {
            match self.0.get(at) {
                Some(into) => at = into,
                None => break,
            }
        }
        at
    }

    /// Every row of this row's person, itself too, sorted.
    #[must_use]
    pub fn rows(&self, person: &str) -> Vec<String> {
        let one = self.of(person);
        let mut rows: Vec<String> = self.0.keys().filter(|row| self.of(row) == one).cloned().collect();
        rows.push(one.to_owned());
        rows.sort();
        rows
    }
}

/// Every row of this row's person, itself too, sorted; none when there is no such row.
pub(crate) async fn rows_of(tx: &mut Tx, person: &str) -> Result<Vec<String>, StoreError> {
    let rows = tx.rows(OWN_ROWS, args![person]).await?;
    rows.iter().map(|row| row.of("persons", "id").text("id")).collect()
}

/// The same outside a transaction.
pub(crate) async fn rows_now(db: &Db, person: &str) -> Result<Vec<String>, StoreError> {
    let rows = db.rows(OWN_ROWS, args![person]).await?;
    rows.iter().map(|row| row.of("persons", "id").text("id")).collect()
}

/// Up to the row that stands for the person, and from there down to all.
const OWN_ROWS: &str = "WITH RECURSIVE up (id, into_id) AS (SELECT id, merged_into FROM persons WHERE id = $1 \
     UNION SELECT p.id, p.merged_into FROM persons p JOIN up ON p.id = up.into_id), \
     own (id) AS (SELECT id FROM up UNION SELECT p.id FROM persons p JOIN own ON p.merged_into = own.id) \
     SELECT id FROM own ORDER BY id";

/// Repository of findings.
#[derive(Debug)]
pub struct Merges<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

impl Merges<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Notes that a row is another row's person. Both get a line in their history. False when one of them is not there, is
    /// found to be a third one already, or both are one row; then nothing is written. `other_line` is the id of the second
    /// line.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn merge(
        &self,
        person: &str,
        into: &str,
        reason: &str,
        stamp: &Stamp<'_>,
        other_line: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("persons").await?;
        let sql = "SELECT COUNT(*) AS number FROM persons WHERE id IN ($1, $2) AND merged_into IS NULL";
        let free = match tx.row(sql, args![person, into]).await? {
            Some(row) => row.of("persons", "number").int("number")?,
            None => 0,
        };
        if free != 2 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.run("UPDATE persons SET merged_into = $2 WHERE id = $1", args![person, into]).await?;
        tx.run(
            "INSERT INTO merges (id, person_id, into_id, reason, by_account, at_ms) VALUES ($1, $2, $3, $4, $5, $6)",
            args![stamp.id, person, into, reason, stamp.by.unwrap_or(""), stamp.at_ms],
        )
        .await?;
        self.tell(&mut tx, person, into, "merged", reason, stamp, other_line).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes the finding about a row back. False when there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn part(
        &self,
        person: &str,
        reason: &str,
        stamp: &Stamp<'_>,
        other_line: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("persons").await?;
        let sql = "UPDATE merges SET undone_reason = $2, undone_by = $3, undone_ms = $4 \
                   WHERE person_id = $1 AND undone_ms IS NULL RETURNING into_id, id";
        let Some(row) = tx.row(sql, args![person, reason, stamp.by, stamp.at_ms]).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        let into = row.of("merges", "id").text("into_id")?;
        tx.run("UPDATE persons SET merged_into = NULL WHERE id = $1", args![person]).await?;
        self.tell(&mut tx, person, &into, "parted", reason, stamp, other_line).await?;
        tx.commit().await?;
        Ok(true)
    }

    #[expect(clippy::too_many_arguments, reason = "one line in two histories")]
    async fn tell(
        &self,
        tx: &mut Tx,
        person: &str,
        into: &str,
        act: &str,
        reason: &str,
        stamp: &Stamp<'_>,
        other_line: &str,
    ) -> Result<(), StoreError> {
        let fields = [("reason", String::new(), reason.to_owned())];
        changes::write(tx, stamp, person, act, &fields).await?;
        changes::write(tx, &Stamp { id: other_line, ..*stamp }, into, act, &fields).await?;
        audit::note(tx, self.note.as_ref()).await
    }

    /// Notes that two rows are two people, however alike.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when one of them is not there, or those of the database.
    pub async fn keep_apart(&self, one: &str, other: &str, by: &str, at_ms: i64) -> Result<(), StoreError> {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        let mut tx = self.db.write().await?;
        let sql = "INSERT INTO distinct_persons (person_id, other_id, by_account, at_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (person_id, other_id) DO NOTHING";
        if tx.run(sql, args![first, second, by, at_ms]).await? > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await
    }

    /// Pairs that are two people, the smaller id first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn kept_apart(&self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = self.db.rows("SELECT person_id, other_id FROM distinct_persons", args![]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("distinct_persons", "person_id");
                Ok((cells.text("person_id")?, cells.text("other_id")?))
            })
            .collect()
    }

    /// Which row is which person.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn same(&self) -> Result<Same, StoreError> {
        let sql = "SELECT id, merged_into FROM persons WHERE merged_into IS NOT NULL";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("persons", "id");
                Ok((cells.text("id")?, cells.text("merged_into")?))
            })
            .collect::<Result<_, _>>()
            .map(Same)
    }

    /// Findings about a row or into it, latest first, those taken back too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn about(&self, person: &str) -> Result<Vec<Merge>, StoreError> {
        let sql = "SELECT * FROM merges WHERE person_id = $1 OR into_id = $1 ORDER BY at_ms DESC, id DESC";
        let rows = self.db.rows(sql, args![person]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("merges", "id");
                Ok(Merge {
                    id: cells.text("id")?,
                    person_id: cells.text("person_id")?,
                    into_id: cells.text("into_id")?,
                    reason: cells.text("reason")?,
                    by_account: cells.text("by_account")?,
                    at_ms: cells.int("at_ms")?,
                    undone_ms: cells.opt_int("undone_ms")?,
                })
            })
            .collect()
    }
}
