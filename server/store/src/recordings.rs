//! Recordings of terminals: whose, when, and the seal (length, size, hash) that they got at their end. The bytes
//! themselves are files, which the caller keeps.

use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// How a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingState {
    /// The terminal is open, or its server died and has not come back.
    Open,
    /// Whole.
    Whole,
    /// It ends before its terminal did, because it had reached its limit.
    Cut,
    /// Its last moments are missing: the server was killed, or the file could not be written.
    Broken,
}

impl RecordingState {
    /// As it is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Whole => "whole",
            Self::Cut => "cut",
            Self::Broken => "broken",
        }
    }
}

impl std::str::FromStr for RecordingState {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        [Self::Open, Self::Whole, Self::Cut, Self::Broken]
            .into_iter()
            .find(|state| state.code() == code)
            .ok_or(())
    }
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Id; also the name of its file and of the terminal while it is open.
    pub id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Seat whose terminal it was.
    pub seat_id: String,
    /// Person in the seat.
    pub person_id: String,
    /// Their name.
    pub person: String,
    /// Team of the seat.
    pub team: String,
    /// Number of the seat in its team.
    pub seat_no: u32,
    /// When the terminal opened, ms UTC.
    pub started_ms: i64,
    /// When it ended, ms UTC.
    pub ended_ms: Option<i64>,
    /// Length of the recording, ms.
    pub length_ms: Option<i64>,
    /// Size of the file.
    pub bytes: Option<i64>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// Bytes of output left out in floods.
    pub skipped: i64,
    /// How it stands.
    pub state: RecordingState,
    /// When the file was deleted, ms UTC.
    pub removed_ms: Option<i64>,
}

/// A recording that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecording<'r> {
    /// Id.
    pub id: &'r str,
    /// Exercise.
    pub exercise_id: &'r str,
    /// Seat.
    pub seat_id: &'r str,
    /// Person in the seat.
    pub person_id: &'r str,
    /// Team of the seat.
    pub team: &'r str,
    /// Number of the seat in its team.
    pub seat_no: u32,
    /// Now, ms UTC.
    pub at_ms: i64,
}

/// What is known of a recording at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Now, ms UTC.
    pub at_ms: i64,
    /// Length, ms.
    pub length_ms: i64,
    /// Size of the file.
    pub bytes: i64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Bytes of output left out in floods.
    pub skipped: i64,
    /// How it ended; not `Open`.
    pub state: RecordingState,
}

/// Repository of recordings.
#[derive(Debug)]
pub struct Recordings<'s>(pub(crate) &'s Db);

const SELECT: &str = "SELECT r.*, p.name AS person FROM recordings r JOIN persons p ON p.id = r.person_id";

fn read(cells: &Cells<'_>) -> Result<Recording, StoreError> {
    Ok(Recording {
        id: cells.text("id")?,
        exercise_id: cells.text("exercise_id")?,
        seat_id: cells.text("seat_id")?,
        person_id: cells.text("person_id")?,
        person: cells.text("person")?,
        team: cells.text("team")?,
        seat_no: cells.number("seat_no")?,
        started_ms: cells.int("started_ms")?,
        ended_ms: cells.opt_int("ended_ms")?,
        length_ms: cells.opt_int("length_ms")?,
        bytes: cells.opt_int("bytes")?,
        sha256: cells.opt_text("sha256")?,
        skipped: cells.int("skipped")?,
        state: cells.word("state")?,
        removed_ms: cells.opt_int("removed_ms")?,
    })
}

impl Recordings<'_> {
    /// Enters a recording that begins.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when exercise, seat or person are unknown, [`StoreError::Duplicate`] when the id is taken,
    /// or those of the database.
    pub async fn begin(&self, new: &NewRecording<'_>) -> Result<(), StoreError> {
        self.0
            .run(
                "INSERT INTO recordings \
                 (id, exercise_id, seat_id, person_id, team, seat_no, started_ms, skipped, state) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'open')",
                args![new.id, new.exercise_id, new.seat_id, new.person_id, new.team, new.seat_no, new.at_ms],
            )
            .await?;
        Ok(())
    }

    /// Seals one that is open. False when there is none, or it was sealed before: a seal is never changed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn seal(&self, id: &str, seal: &Seal) -> Result<bool, StoreError> {
        let values =
            args![id, seal.at_ms, seal.length_ms, seal.bytes, &seal.sha256, seal.skipped, seal.state.code()];
        let sql = "UPDATE recordings SET ended_ms = $2, length_ms = $3, bytes = $4, sha256 = $5, skipped = $6, \
                   state = $7 WHERE id = $1 AND state = 'open'";
        Ok(self.0.run(sql, values).await? > 0)
    }

    /// The recording with this id, deleted or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Recording>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT} WHERE r.id = $1"));
        let row = self.0.row(sql, args![id]).await?;
        row.map(|row| read(&row.of("recordings", "id"))).transpose()
    }

    /// All of an exercise, deleted ones too, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, exercise_id: &str) -> Result<Vec<Recording>, StoreError> {
        let sql = format!("{SELECT} WHERE r.exercise_id = $1 ORDER BY r.started_ms DESC, r.id DESC");
        self.all(sql, args![exercise_id]).await
    }

    /// Those that are open: at a start, what a killed server left.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(&self) -> Result<Vec<Recording>, StoreError> {
        self.all(format!("{SELECT} WHERE r.state = 'open' ORDER BY r.id"), args![]).await
    }

    /// Sealed ones that ended before a time and are not deleted, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn older(&self, before_ms: i64) -> Result<Vec<Recording>, StoreError> {
        let sql =
            format!("{SELECT} WHERE r.ended_ms < $1 AND r.removed_ms IS NULL ORDER BY r.ended_ms, r.id");
        self.all(sql, args![before_ms]).await
    }

    /// Notes that the file of a sealed one is deleted; whose it was and its seal stay. False when there is no such one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql =
            "UPDATE recordings SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL AND state <> 'open'";
        Ok(self.0.run(sql, args![id, at_ms]).await? > 0)
    }

    async fn all(&self, sql: String, values: Vec<crate::db::Value>) -> Result<Vec<Recording>, StoreError> {
        let rows = self.0.rows(sqlx::AssertSqlSafe(sql), values).await?;
        rows.iter().map(|row| read(&row.of("recordings", "id"))).collect()
    }
}
