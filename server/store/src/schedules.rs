//! When the ranges of an exercise are to be built, and until when they may live.

use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// What was planned for an exercise. Nothing of it was planned where there is no row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Exercise.
    pub exercise_id: String,
    /// When its ranges are to be built, ms UTC.
    pub launch_ms: Option<i64>,
    /// Account that planned it.
    pub launch_by: Option<String>,
    /// Until when its ranges may live, ms UTC.
    pub deadline_ms: Option<i64>,
    /// Account that moved it; `None` for Rampart itself.
    pub deadline_by: Option<String>,
}

/// Repository of schedules.
#[derive(Debug)]
pub struct Schedules<'s>(pub(crate) &'s Db);

fn read(cells: &Cells<'_>) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        exercise_id: cells.text("exercise_id")?,
        launch_ms: cells.opt_int("launch_ms")?,
        launch_by: cells.opt_text("launch_by")?,
        deadline_ms: cells.opt_int("deadline_ms")?,
        deadline_by: cells.opt_text("deadline_by")?,
    })
}

impl Schedules<'_> {
    /// What was planned for an exercise.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, exercise: &str) -> Result<Option<Schedule>, StoreError> {
        let sql = "SELECT exercise_id, launch_ms, launch_by, deadline_ms, deadline_by FROM schedules \
                   WHERE exercise_id = $1";
        let row = self.0.row(sql, args![exercise]).await?;
        row.map(|row| read(&row.of("schedules", "exercise_id"))).transpose()
    }

    /// Plans the launch of an exercise by an account, or drops the plan.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn set_launch(&self, exercise: &str, launch: Option<(i64, &str)>) -> Result<(), StoreError> {
        let (at_ms, by) = launch.unzip();
        let sql = "INSERT INTO schedules (exercise_id, launch_ms, launch_by) VALUES ($1, $2, $3) \
                   ON CONFLICT (exercise_id) DO UPDATE SET launch_ms = excluded.launch_ms, \
                   launch_by = excluded.launch_by";
        self.0.run(sql, args![exercise, at_ms, by]).await?;
        Ok(())
    }

    /// Sets until when the ranges of an exercise may live; `by` is `None` for Rampart itself.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn set_deadline(&self, exercise: &str, at_ms: i64, by: Option<&str>) -> Result<(), StoreError> {
        let sql = "INSERT INTO schedules (exercise_id, deadline_ms, deadline_by) VALUES ($1, $2, $3) \
                   ON CONFLICT (exercise_id) DO UPDATE SET deadline_ms = excluded.deadline_ms, \
                   deadline_by = excluded.deadline_by";
        self.0.run(sql, args![exercise, at_ms, by]).await?;
        Ok(())
    }
}
