//! Presence: when seats were in use, as intervals that grow while they are.

use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// A stretch of time in which a seat was in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// Id.
    pub id: String,
    /// Exercise.
    pub exercise_id: String,
    /// Seat.
    pub seat_id: String,
    /// Person in the seat at that time.
    pub person_id: String,
    /// First sign of activity, ms UTC.
    pub start_ms: i64,
    /// Last sign of activity, ms UTC.
    pub end_ms: i64,
}

/// A sign of activity in a seat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// Seat.
    pub seat_id: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Id of the interval that is opened if none goes on.
    pub new_id: String,
}

/// Repository of presence.
#[derive(Debug)]
pub struct Presence<'s>(pub(crate) &'s Db);

fn read(cells: &Cells<'_>) -> Result<Interval, StoreError> {
    Ok(Interval {
        id: cells.text("id")?,
        exercise_id: cells.text("exercise_id")?,
        seat_id: cells.text("seat_id")?,
        person_id: cells.text("person_id")?,
        start_ms: cells.int("start_ms")?,
        end_ms: cells.int("end_ms")?,
    })
}

impl Presence<'_> {
    /// Notes activity of many seats in one transaction: a seat's last interval is extended if it ended at most
    /// `grace_ms` before, or else a new one is opened. A sign that comes late does not shorten anything. Unknown and
    /// removed seats are left out. Collect signs for some seconds and pass them together: each call is one wait for
    /// the disk. Answers how many signs were noted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touch(&self, touches: &[Touch], grace_ms: i64) -> Result<usize, StoreError> {
        if touches.is_empty() {
            return Ok(0);
        }
        // One order for everyone: two transactions that lock the same seats cannot wait for each other.
        let mut touches: Vec<&Touch> = touches.iter().collect();
        touches.sort();
        let mut tx = self.0.write().await?;
        let mut noted = 0;
        for touch in touches {
            // Locks the seat, so that two first signs at once open one interval.
            let seat = tx
                .row(
                    "UPDATE seats SET created_ms = created_ms WHERE id = $1 AND removed_ms IS NULL \
                     RETURNING id, exercise_id, person_id",
                    args![&touch.seat_id],
                )
                .await?;
            let Some(seat) = seat else { continue };
            noted += 1;
            let extended = tx
                .run(
                    "UPDATE presence SET end_ms = CASE WHEN end_ms < $2 THEN $2 ELSE end_ms END \
                     WHERE id = (SELECT id FROM presence WHERE seat_id = $1 ORDER BY end_ms DESC, id DESC LIMIT 1) \
                     AND start_ms <= $2 AND end_ms >= $3",
                    args![&touch.seat_id, touch.at_ms, touch.at_ms.saturating_sub(grace_ms)],
                )
                .await?;
            if extended == 0 {
                let seat = seat.of("seats", "id");
                tx.run(
                    "INSERT INTO presence (id, exercise_id, seat_id, person_id, start_ms, end_ms) \
                     VALUES ($1, $2, $3, $4, $5, $5)",
                    args![
                        &touch.new_id,
                        seat.text("exercise_id")?,
                        &touch.seat_id,
                        seat.text("person_id")?,
                        touch.at_ms
                    ],
                )
                .await?;
            }
        }
        tx.commit().await?;
        Ok(noted)
    }

    /// Intervals of an exercise, by start.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, exercise_id: &str) -> Result<Vec<Interval>, StoreError> {
        let rows = self
            .0
            .rows("SELECT * FROM presence WHERE exercise_id = $1 ORDER BY start_ms, id", args![exercise_id])
            .await?;
        rows.iter().map(|row| read(&row.of("presence", "id"))).collect()
    }
}
