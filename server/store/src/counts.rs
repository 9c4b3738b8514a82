//! What gateways of ranges have counted, as it was read last.

use crate::db::{Db, args};
use crate::error::StoreError;

/// A counter of a gateway over its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayCount {
    /// Name in the gateway's ruleset.
    pub counter: String,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
    /// When it was read, ms UTC.
    pub read_ms: i64,
}

/// Repository of counts.
#[derive(Debug)]
pub struct GatewayCounts<'s>(pub(crate) &'s Db);

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl GatewayCounts<'_> {
    /// Keeps what was read of a gateway. A count only rises: an older reading that comes late takes nothing back.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn keep(&self, exercise: &str, range: u16, read: &[GatewayCount]) -> Result<(), StoreError> {
        let values = read
            .iter()
            .flat_map(|one| {
                args![
                    exercise,
                    range,
                    one.counter.as_str(),
                    signed(one.packets),
                    signed(one.bytes),
                    one.read_ms
                ]
            })
            .collect();
        let mut tx = self.0.write().await?;
        tx.insert_many(
            "INSERT INTO gateway_counts (exercise_id, range_no, counter, packets, bytes, read_ms)",
            6,
            "ON CONFLICT (exercise_id, range_no, counter) DO UPDATE SET \
             packets = excluded.packets, bytes = excluded.bytes, read_ms = excluded.read_ms \
             WHERE excluded.packets >= gateway_counts.packets AND excluded.bytes >= gateway_counts.bytes",
            values,
        )
        .await?;
        tx.commit().await
    }

    /// What was read of a gateway last, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(&self, exercise: &str, range: u16) -> Result<Vec<GatewayCount>, StoreError> {
        let sql = "SELECT * FROM gateway_counts WHERE exercise_id = $1 AND range_no = $2 ORDER BY counter";
        let rows = self.0.rows(sql, args![exercise, range]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("gateway_counts", "counter");
                Ok(GatewayCount {
                    counter: cells.text("counter")?,
                    packets: cells.number("packets")?,
                    bytes: cells.number("bytes")?,
                    read_ms: cells.int("read_ms")?,
                })
            })
            .collect()
    }
}
