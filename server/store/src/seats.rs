//! Seats: a person's place in a team of an exercise, with the one-time code that opens it.

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, Tx, args};
use crate::error::StoreError;
use crate::sessions::{self, NewSession};

/// A seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Id.
    pub id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Team.
    pub team: String,
    /// Number in the team, from 1. Never given twice in one team, so that a slip names one person for good.
    pub number: u32,
    /// Person.
    pub person_id: String,
    /// True when a code was issued and not used yet.
    pub code_waits: bool,
    /// When the code was used, ms UTC.
    pub code_used_ms: Option<i64>,
    /// When it was given, ms UTC.
    pub created_ms: i64,
    /// When it was taken away, ms UTC.
    pub removed_ms: Option<i64>,
}

/// A seat to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSeat<'s> {
    /// Id.
    pub id: &'s str,
    /// Exercise.
    pub exercise_id: &'s str,
    /// Team.
    pub team: &'s str,
    /// Person.
    pub person_id: &'s str,
    /// Now, ms UTC.
    pub at_ms: i64,
}

/// Repository of seats.
#[derive(Debug)]
pub struct Seats<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read(cells: &Cells<'_>) -> Result<Seat, StoreError> {
    let code_used_ms = cells.opt_int("code_used_ms")?;
    Ok(Seat {
        id: cells.text("id")?,
        exercise_id: cells.text("exercise_id")?,
        team: cells.text("team")?,
        number: cells.number("number")?,
        person_id: cells.text("person_id")?,
        code_waits: cells.opt_text("code_hash")?.is_some() && code_used_ms.is_none(),
        code_used_ms,
        created_ms: cells.int("created_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
    })
}

/// Locks the exercise's row, so that two seats given at once get two numbers.
async fn lock(tx: &mut Tx, exercise_id: &str) -> Result<(), StoreError> {
    let sql = "UPDATE exercises SET created_ms = created_ms WHERE id = $1";
    if tx.run(sql, args![exercise_id]).await? == 0 {
        return Err(StoreError::Missing { what: "seats.exercise_id".to_owned() });
    }
    Ok(())
}

/// The next number in a team; numbers of removed seats do not come again.
async fn next_number(tx: &mut Tx, exercise_id: &str, team: &str) -> Result<i64, StoreError> {
    let sql = "SELECT MAX(number) AS number FROM seats WHERE exercise_id = $1 AND team = $2";
    let row = tx.row(sql, args![exercise_id, team]).await?;
    let last = row.map(|row| row.of("seats", "number").opt_int("number")).transpose()?.flatten();
    Ok(last.unwrap_or(0) + 1)
}

const USE_CODE: &str = "UPDATE seats SET code_used_ms = $2 \
                        WHERE code_hash = $1 AND code_used_ms IS NULL AND removed_ms IS NULL RETURNING *";

impl Seats<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Gives a person a seat; its number is the team's next one.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `seats.exercise_id, seats.person_id` when the person has a seat in this exercise
    /// already, [`StoreError::Missing`] when exercise or person are unknown, or those of the database.
    pub async fn give(&self, new: &NewSeat<'_>) -> Result<Seat, StoreError> {
        let mut tx = self.db.write().await?;
        lock(&mut tx, new.exercise_id).await?;
        let number = next_number(&mut tx, new.exercise_id, new.team).await?;
        tx.run(
            "INSERT INTO seats (id, exercise_id, team, number, person_id, created_ms) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![new.id, new.exercise_id, new.team, number, new.person_id, new.at_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(Seat {
            id: new.id.to_owned(),
            exercise_id: new.exercise_id.to_owned(),
            team: new.team.to_owned(),
            number: u32::try_from(number).unwrap_or(u32::MAX),
            person_id: new.person_id.to_owned(),
            code_waits: false,
            code_used_ms: None,
            created_ms: new.at_ms,
            removed_ms: None,
        })
    }

    /// Moves a seat to another team, where it gets the next number. `None` when there is no such seat or it was
    /// removed. Log-ins stay; their side is the new one from the next request on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn move_to(&self, id: &str, team: &str) -> Result<Option<Seat>, StoreError> {
        let mut tx = self.db.write().await?;
        let find = "SELECT id, exercise_id, team FROM seats WHERE id = $1 AND removed_ms IS NULL";
        let Some(row) = tx.row(find, args![id]).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let exercise_id = row.of("seats", "id").text("exercise_id")?;
        lock(&mut tx, &exercise_id).await?;
        let number = next_number(&mut tx, &exercise_id, team).await?;
        let row = tx
            .row(
                "UPDATE seats SET team = $2, number = CASE WHEN team = $2 THEN number ELSE $3 END \
                 WHERE id = $1 AND removed_ms IS NULL RETURNING *",
                args![id, team, number],
            )
            .await?;
        let seat = row.map(|row| read(&row.of("seats", "id"))).transpose()?;
        tx.commit().await?;
        Ok(seat)
    }

    /// Takes a seat away, with its code, its log-ins and its tokens; the row stays. `None` when there was none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(&self, id: &str, at_ms: i64) -> Result<Option<Seat>, StoreError> {
        let mut tx = self.db.write().await?;
        let row = tx
            .row(
                "UPDATE seats SET removed_ms = $2, code_hash = NULL WHERE id = $1 AND removed_ms IS NULL RETURNING *",
                args![id, at_ms],
            )
            .await?;
        let seat = row.map(|row| read(&row.of("seats", "id"))).transpose()?;
        for sql in [
            "UPDATE sessions SET revoked_ms = $2 WHERE seat_id = $1 AND revoked_ms IS NULL",
            "UPDATE tokens SET revoked_ms = $2 WHERE seat_id = $1 AND revoked_ms IS NULL",
        ] {
            tx.run(sql, args![id, at_ms]).await?;
        }
        tx.commit().await?;
        Ok(seat)
    }

    /// Seats of an exercise by team and number, without removed ones.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, exercise_id: &str) -> Result<Vec<Seat>, StoreError> {
        self.of(exercise_id, false).await
    }

    /// Seats of an exercise by team and number, removed ones too: attendance counts who left.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_all(&self, exercise_id: &str) -> Result<Vec<Seat>, StoreError> {
        self.of(exercise_id, true).await
    }

    /// Every seat that a person has or had, latest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of_person(&self, person_id: &str) -> Result<Vec<Seat>, StoreError> {
        let sql = "SELECT * FROM seats WHERE person_id = $1 ORDER BY created_ms DESC, id";
        let rows = self.db.rows(sql, args![person_id]).await?;
        rows.iter().map(|row| read(&row.of("seats", "id"))).collect()
    }

    async fn of(&self, exercise_id: &str, removed_too: bool) -> Result<Vec<Seat>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT * FROM seats WHERE exercise_id = $1 AND (removed_ms IS NULL OR $2 = 1) \
                 ORDER BY team, number, created_ms",
                args![exercise_id, removed_too],
            )
            .await?;
        rows.iter().map(|row| read(&row.of("seats", "id"))).collect()
    }

    /// The seat with this id, removed or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Seat>, StoreError> {
        let row = self.db.row("SELECT * FROM seats WHERE id = $1", args![id]).await?;
        row.map(|row| read(&row.of("seats", "id"))).transpose()
    }

    /// Issues codes: (seat id, SHA-256 of the code as 64 hexadecimal digits) each, all in one transaction. A seat's
    /// former code is void from then on. Answers how many seats got one; removed seats get none. Log-ins stay; end
    /// them with [`crate::Sessions::revoke_seat`] when the former slip may be in wrong hands.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when a code is in use, or those of the database; then no code was changed.
    pub async fn set_codes(&self, codes: &[(String, String)]) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        let mut set = 0;
        // One order for everyone: two transactions that lock the same rows cannot wait for each other.
        let mut codes: Vec<&(String, String)> = codes.iter().collect();
        codes.sort();
        for (seat_id, hash) in codes {
            set += tx
                .run(
                    "UPDATE seats SET code_hash = $2, code_used_ms = NULL WHERE id = $1 AND removed_ms IS NULL",
                    args![seat_id, hash],
                )
                .await?;
        }
        if set > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(set)
    }

    /// Uses up a code: the seat it opens, or `None` when it is unknown, used or void. Of many at once, one gets it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn use_code(&self, code_hash: &str, at_ms: i64) -> Result<Option<Seat>, StoreError> {
        let mut tx = self.db.write().await?;
        let row = tx.row(USE_CODE, args![code_hash, at_ms]).await?;
        let seat = row.map(|row| read(&row.of("seats", "id"))).transpose()?;
        tx.commit().await?;
        Ok(seat)
    }

    /// Uses up a code and opens the log-in in the same transaction, so that no crash burns a code for nothing.
    ///
    /// # Errors
    /// Those of the database; then the code is as good as before.
    pub async fn enter(&self, code_hash: &str, new: &NewSession<'_>) -> Result<Option<Seat>, StoreError> {
        let mut tx = self.db.write().await?;
        let Some(row) = tx.row(USE_CODE, args![code_hash, new.at_ms]).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let seat = read(&row.of("seats", "id"))?;
        tx.run(sessions::INSERT, args![new.id, None::<String>, &seat.id, new.at_ms, new.expires_ms]).await?;
        tx.commit().await?;
        Ok(Some(seat))
    }
}
