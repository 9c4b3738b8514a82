//! On which node the ranges of an exercise stand, and stood.

use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// One placement of an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Exercise.
    pub exercise_id: String,
    /// Which one it is; higher is newer. 0 is what stood before there were placements.
    pub epoch: u64,
    /// Key of the node.
    pub node: String,
    /// Memory that it was placed with, bytes.
    pub memory: u64,
    /// Disk that it was placed with, bytes.
    pub disk: u64,
    /// When, ms UTC.
    pub placed_ms: i64,
    /// When the node answered that nothing of it is left, ms UTC; `None` while it may hold something.
    pub left_ms: Option<i64>,
}

/// Repository of placements.
#[derive(Debug)]
pub struct Placements<'s>(pub(crate) &'s Db);

fn read(cells: &Cells<'_>) -> Result<Placement, StoreError> {
    Ok(Placement {
        exercise_id: cells.text("exercise_id")?,
        epoch: cells.number("epoch")?,
        node: cells.text("node")?,
        memory: cells.number("memory")?,
        disk: cells.number("disk")?,
        placed_ms: cells.int("placed_ms")?,
        left_ms: cells.opt_int("left_ms")?,
    })
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Placements<'_> {
    /// Places an exercise on a node and gives the new epoch, from 1. Durable before it answers, so that whoever makes the
    /// first object afterwards can be killed and the object is found.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn place(
        &self,
        exercise: &str,
        node: &str,
        (memory, disk): (u64, u64),
        at_ms: i64,
    ) -> Result<u64, StoreError> {
        let mut tx = self.0.write().await?;
        tx.lock("placements").await?;
        let sql = "SELECT COALESCE(MAX(epoch), 0) AS epoch FROM placements WHERE exercise_id = $1";
        let last = tx.row(sql, args![exercise]).await?;
        let last: i64 = last.map(|row| row.of("placements", "epoch").int("epoch")).transpose()?.unwrap_or(0);
        tx.run(
            "INSERT INTO placements (exercise_id, epoch, node, memory, disk, placed_ms) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![exercise, last + 1, node, signed(memory), signed(disk), at_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(u64::try_from(last + 1).unwrap_or(0))
    }

    /// Enters what stands since before there were placements, as epoch 0. A second time changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn adopt(&self, exercise: &str, node: &str, at_ms: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO placements (exercise_id, epoch, node, memory, disk, placed_ms) \
                   VALUES ($1, 0, $2, 0, 0, $3) ON CONFLICT (exercise_id, epoch) DO NOTHING";
        self.0.run(sql, args![exercise, node, at_ms]).await?;
        Ok(())
    }

    /// Nothing is left of a placement. A second time changes nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn left(&self, exercise: &str, epoch: u64, at_ms: i64) -> Result<(), StoreError> {
        let sql =
            "UPDATE placements SET left_ms = $1 WHERE exercise_id = $2 AND epoch = $3 AND left_ms IS NULL";
        self.0.run(sql, args![at_ms, exercise, signed(epoch)]).await?;
        Ok(())
    }

    /// Placements of which something may be left, by exercise and epoch.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(&self) -> Result<Vec<Placement>, StoreError> {
        let sql = "SELECT * FROM placements WHERE left_ms IS NULL ORDER BY exercise_id, epoch";
        let rows = self.0.rows(sql, args![]).await?;
        rows.iter().map(|row| read(&row.of("placements", "exercise_id"))).collect()
    }

    /// All placements of an exercise, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(&self, exercise: &str) -> Result<Vec<Placement>, StoreError> {
        let sql = "SELECT * FROM placements WHERE exercise_id = $1 ORDER BY epoch";
        let rows = self.0.rows(sql, args![exercise]).await?;
        rows.iter().map(|row| read(&row.of("placements", "exercise_id"))).collect()
    }
}
