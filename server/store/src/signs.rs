//! Sign-in sheets: times that an instructor vouches for.

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, Value, args};
use crate::error::StoreError;

/// An entry of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Id.
    pub id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Person.
    pub person_id: String,
    /// From, ms UTC.
    pub from_ms: i64,
    /// To, ms UTC; `None` while the person is there.
    pub to_ms: Option<i64>,
    /// Why it was entered by hand.
    pub reason: String,
    /// Account that entered it.
    pub by_account: String,
    /// When it was entered, ms UTC.
    pub at_ms: i64,
    /// When it was struck out, ms UTC. Struck-out entries stay and do not count.
    pub removed_ms: Option<i64>,
}

/// An entry to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSign {
    /// Id.
    pub id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Person.
    pub person_id: String,
    /// From, ms UTC.
    pub from_ms: i64,
    /// To, ms UTC.
    pub to_ms: Option<i64>,
    /// Why it is entered by hand.
    pub reason: String,
    /// Account that enters it.
    pub by_account: String,
    /// Now, ms UTC.
    pub at_ms: i64,
}

/// Repository of sign-in sheets.
#[derive(Debug)]
pub struct Signs<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read(cells: &Cells<'_>) -> Result<Sign, StoreError> {
    Ok(Sign {
        id: cells.text("id")?,
        exercise_id: cells.text("exercise_id")?,
        person_id: cells.text("person_id")?,
        from_ms: cells.int("from_ms")?,
        to_ms: cells.opt_int("to_ms")?,
        reason: cells.text("reason")?,
        by_account: cells.text("by_account")?,
        at_ms: cells.int("at_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
    })
}

impl Signs<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Adds entries, all or none.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when exercise, person or account are unknown, or those of the database.
    pub async fn add(&self, signs: &[NewSign]) -> Result<(), StoreError> {
        let mut values = Vec::with_capacity(signs.len() * 8);
        for sign in signs {
            values.extend(args![
                &sign.id,
                &sign.exercise_id,
                &sign.person_id,
                sign.from_ms,
                sign.to_ms,
                &sign.reason,
                &sign.by_account,
                sign.at_ms
            ]);
        }
        let head =
            "INSERT INTO signs (id, exercise_id, person_id, from_ms, to_ms, reason, by_account, at_ms)";
        let mut tx = self.db.write().await?;
        tx.insert_many(head, 8, "", values).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await
    }

    /// Ends an open entry. False when there is none that is open.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn close(&self, id: &str, to_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE signs SET to_ms = $2 WHERE id = $1 AND to_ms IS NULL AND removed_ms IS NULL";
        self.change(sql, args![id, to_ms]).await
    }

    /// Strikes an entry out; it stays readable. False when there is none or it was struck out before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE signs SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL";
        self.change(sql, args![id, at_ms]).await
    }

    async fn change(&self, sql: &'static str, values: Vec<Value>) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let changed = tx.run(sql, values).await? > 0;
        if changed {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// The entry with this id, struck out or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Sign>, StoreError> {
        let row = self.db.row("SELECT * FROM signs WHERE id = $1", args![id]).await?;
        row.map(|row| read(&row.of("signs", "id"))).transpose()
    }

    /// All entries of an exercise, struck-out ones too, by start.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, exercise_id: &str) -> Result<Vec<Sign>, StoreError> {
        let rows = self
            .db
            .rows("SELECT * FROM signs WHERE exercise_id = $1 ORDER BY from_ms, id", args![exercise_id])
            .await?;
        rows.iter().map(|row| read(&row.of("signs", "id"))).collect()
    }
}
