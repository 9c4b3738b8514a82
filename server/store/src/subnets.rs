//! Subnets of the configured block, each held by one zone of one range of one exercise.

use std::collections::HashSet;

use ipnet::Ipv4Net;

use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// A subnet that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// The subnet.
    pub cidr: Ipv4Net,
    /// Exercise that holds it.
    pub exercise_id: String,
    /// Range, from 1.
    pub range: u16,
    /// Position of the zone in the scenario, from 0.
    pub zone: u16,
    /// Since when, ms UTC.
    pub claimed_ms: i64,
}

/// Who holds part of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Exercise.
    pub exercise_id: String,
    /// Its code.
    pub code: String,
    /// How many subnets it holds.
    pub subnets: u32,
}

/// Answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// All that the exercise holds now, by range and zone.
    Granted(Vec<Subnet>),
    /// Not enough is free; nothing was claimed.
    Exhausted {
        /// Number wanted beyond what the exercise held already.
        wanted: usize,
        /// Number free.
        free: usize,
    },
}

/// Repository of subnets.
#[derive(Debug)]
pub struct Subnets<'s>(pub(crate) &'s Db);

fn read(cells: &Cells<'_>) -> Result<Subnet, StoreError> {
    Ok(Subnet {
        cidr: cells.word("cidr")?,
        exercise_id: cells.text("exercise_id")?,
        range: cells.number("range_no")?,
        zone: cells.number("zone_no")?,
        claimed_ms: cells.int("claimed_ms")?,
    })
}

fn overlap(a: &Ipv4Net, b: &Ipv4Net) -> bool {
    a.contains(b) || b.contains(a)
}

impl Subnets<'_> {
    /// Claims a subnet for each (range, zone) of `places`, all or none. Taken are the first of `candidates` that
    /// overlap nothing that is held and nothing in `refused` (the host's own routes). A place that the exercise holds
    /// already keeps its subnet, so a launch that was killed can claim again.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such exercise, or those of the database.
    pub async fn claim(
        &self,
        exercise_id: &str,
        places: &[(u16, u16)],
        candidates: impl IntoIterator<Item = Ipv4Net, IntoIter: Send> + Send,
        refused: &[Ipv4Net],
        at_ms: i64,
    ) -> Result<Claim, StoreError> {
        let mut tx = self.0.write().await?;
        tx.lock("subnets").await?;
        let rows = tx.rows("SELECT * FROM subnets", args![]).await?;
        let mut held = Vec::with_capacity(rows.len());
        for row in &rows {
            held.push(read(&row.of("subnets", "cidr"))?);
        }
        let have: HashSet<(u16, u16)> = held
            .iter()
            .filter(|subnet| subnet.exercise_id == exercise_id)
            .map(|subnet| (subnet.range, subnet.zone))
            .collect();
        let mut wanted: Vec<(u16, u16)> =
            places.iter().filter(|place| !have.contains(place)).copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut taken: Vec<Ipv4Net> = Vec::with_capacity(wanted.len());
        for candidate in candidates {
            if taken.len() == wanted.len() {
                break;
            }
            let candidate = candidate.trunc();
            let clashes = held.iter().any(|subnet| overlap(&subnet.cidr, &candidate))
                || refused.iter().chain(&taken).any(|net| overlap(net, &candidate));
            if !clashes {
                taken.push(candidate);
            }
        }
        if taken.len() < wanted.len() {
            tx.rollback().await?;
            return Ok(Claim::Exhausted { wanted: wanted.len(), free: taken.len() });
        }
        let mut values = Vec::with_capacity(taken.len() * 5);
        for ((range, zone), cidr) in wanted.iter().zip(&taken) {
            values.extend(args![cidr.to_string(), exercise_id, *range, *zone, at_ms]);
        }
        let head = "INSERT INTO subnets (cidr, exercise_id, range_no, zone_no, claimed_ms)";
        tx.insert_many(head, 5, "", values).await?;
        let sql = "SELECT * FROM subnets WHERE exercise_id = $1 ORDER BY range_no, zone_no";
        let rows = tx.rows(sql, args![exercise_id]).await?;
        tx.commit().await?;
        let mine: Result<Vec<Subnet>, StoreError> =
            rows.iter().map(|row| read(&row.of("subnets", "cidr"))).collect();
        Ok(Claim::Granted(mine?))
    }

    /// Gives back all subnets of an exercise; answers how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release(&self, exercise_id: &str) -> Result<u64, StoreError> {
        self.0.run("DELETE FROM subnets WHERE exercise_id = $1", args![exercise_id]).await
    }

    /// Subnets of an exercise, by range and zone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(&self, exercise_id: &str) -> Result<Vec<Subnet>, StoreError> {
        let sql = "SELECT * FROM subnets WHERE exercise_id = $1 ORDER BY range_no, zone_no";
        let rows = self.0.rows(sql, args![exercise_id]).await?;
        rows.iter().map(|row| read(&row.of("subnets", "cidr"))).collect()
    }

    /// Who holds the block, by code.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn holders(&self) -> Result<Vec<Holder>, StoreError> {
        let rows = self
            .0
            .rows(
                "SELECT e.id, e.code, COUNT(*) AS subnets FROM subnets s JOIN exercises e ON e.id = s.exercise_id \
                 GROUP BY e.id, e.code ORDER BY e.code",
                args![],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("subnets", "id");
                Ok(Holder {
                    exercise_id: cells.text("id")?,
                    code: cells.text("code")?,
                    subnets: cells.number("subnets")?,
                })
            })
            .collect()
    }
}
