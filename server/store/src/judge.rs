//! The truth about events: what each really was. Only the platform's own scoring may hold this view.

use sqlx::AssertSqlSafe;

use crate::db::{Db, Tx, Value, args, marks, texts};
use crate::error::StoreError;

/// Ids in one `IN` list.
const LIST: usize = 500;

/// See [`crate::Store::as_judge`].
#[derive(Debug)]
pub struct JudgeView<'s>(pub(crate) &'s Db);

/// Writes truths, (event id, label, exercise id) each; those that are there already are left out.
pub(crate) async fn insert(tx: &mut Tx, truths: Vec<Value>) -> Result<(), StoreError> {
    let head = "INSERT INTO event_truth (event_id, label, exercise_id)";
    tx.insert_many(head, 3, "ON CONFLICT (event_id, label) DO NOTHING", truths).await?;
    Ok(())
}

impl JudgeView<'_> {
    /// Adds labels to events, (event id, label) each, all or none. An event may have several; one that it has already
    /// is left out.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when an event or the exercise is unknown, or those of the database.
    pub async fn label(&self, exercise_id: &str, labels: &[(String, String)]) -> Result<(), StoreError> {
        let mut truths = Vec::with_capacity(labels.len() * 3);
        for (event, label) in labels {
            truths.extend(args![event, label, exercise_id]);
        }
        let mut tx = self.0.write().await?;
        insert(&mut tx, truths).await?;
        tx.commit().await
    }

    /// Labels of these events, (event id, label) by id; events of other exercises and without a label are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn labels_of(
        &self,
        exercise_id: &str,
        ids: &[String],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut labels = Vec::with_capacity(ids.len());
        for part in ids.chunks(LIST) {
            let sql = format!(
                "SELECT event_id, label FROM event_truth WHERE exercise_id = $1 AND event_id IN ({})",
                marks(2, part.len())
            );
            let mut values = args![exercise_id];
            values.extend(texts(part));
            for row in self.0.rows(AssertSqlSafe(sql), values).await? {
                let cells = row.of("event_truth", "event_id");
                labels.push((cells.text("event_id")?, cells.text("label")?));
            }
        }
        labels.sort();
        labels.dedup();
        Ok(labels)
    }

    /// All labels of an exercise, (event id, label) by id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn labels(&self, exercise_id: &str) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT event_id, label FROM event_truth WHERE exercise_id = $1 ORDER BY event_id, label";
        let rows = self.0.rows(sql, args![exercise_id]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("event_truth", "event_id");
                Ok((cells.text("event_id")?, cells.text("label")?))
            })
            .collect()
    }
}
