//! What the programme asks for and what was written for it: targets, claims, duty rules, red teams' findings, the texts that
//! go with the tables, and which duty a person has. No personal answer passes here.

use std::collections::BTreeMap;

use rampart_domain::records::RocYear;
use rampart_domain::records::duty::DutyRule;
use rampart_domain::records::facts::DutyClass;
use rampart_domain::records::findings::{Finding, FindingResult};
use rampart_domain::records::register::Level;
use rampart_domain::records::targets::{Claim, Measure, Target};

use crate::audit::{self, AuditLine};
use crate::changes::{self, Stamp};
use crate::db::{Cells, Db, Tx, Value, args};
use crate::error::StoreError;

/// Repository of targets, rules, findings and texts.
#[derive(Debug)]
pub struct Programme<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn year(cells: &Cells<'_>, column: &str) -> Result<RocYear, StoreError> {
    Ok(RocYear(i16::try_from(cells.int(column)?).unwrap_or(i16::MAX)))
}

fn read_target(cells: &Cells<'_>) -> Result<Target, StoreError> {
    let or = match (cells.opt_word("or_measure", Measure::from_code)?, cells.opt_int("or_value")?) {
        (Some(measure), Some(value)) => Some((measure, value)),
        _ => None,
    };
    Ok(Target {
        id: cells.text("id")?,
        item: cells.text("item")?,
        title: cells.text("title")?,
        county: cells.text("county")?,
        from: year(cells, "from_year")?,
        until: cells.opt_int("until_year")?.map(|year| RocYear(i16::try_from(year).unwrap_or(i16::MAX))),
        measure: cells.opt_word("measure", Measure::from_code)?.unwrap_or(Measure::Persons),
        value: cells.int("value")?,
        or,
        evidence: cells.text("evidence")?,
    })
}

fn read_rule(cells: &Cells<'_>) -> Result<DutyRule, StoreError> {
    Ok(DutyRule {
        id: cells.text("id")?,
        class: cells.opt_word("class", DutyClass::from_code)?.unwrap_or(DutyClass::User),
        levels: cells
            .text("levels")?
            .chars()
            .filter_map(|letter| Level::from_code(letter.encode_utf8(&mut [0; 4])))
            .collect(),
        from: year(cells, "from_year")?,
        professional: cells.int("professional")?,
        years: cells.int("years")?,
        general: cells.int("general")?,
    })
}

fn read_finding(cells: &Cells<'_>) -> Result<Finding, StoreError> {
    Ok(Finding {
        id: cells.text("id")?,
        year: year(cells, "year")?,
        number: cells.text("number")?,
        system: cells.text("system")?,
        weakness: cells.text("weakness")?,
        cvss: cells.int("cvss")?,
        first_ms: cells.int("first_ms")?,
        repair: cells.text("repair")?,
        repaired_ms: cells.opt_int("repaired_ms")?,
        retest_ms: cells.opt_int("retest_ms")?,
        result: cells.opt_word("result", FindingResult::from_code)?.unwrap_or(FindingResult::Open),
    })
}

impl Programme<'_> {
    /// With an audit line that is written in the transaction of the next act.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    async fn act(&self, sql: &'static str, values: Vec<Value>) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let done = tx.run(sql, values).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Targets that stand, by county, item and first year.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn targets(&self) -> Result<Vec<Target>, StoreError> {
        let sql = "SELECT * FROM targets WHERE removed_ms IS NULL ORDER BY county, item, from_year, id";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter().map(|row| read_target(&row.of("targets", "id"))).collect()
    }

    /// Enters a target or changes the one with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn save_target(&self, one: &Target, by: &str, at_ms: i64) -> Result<(), StoreError> {
        self.act(
            "INSERT INTO targets (id, item, title, county, from_year, until_year, measure, value, or_measure, or_value, \
             evidence, by_account, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (id) DO UPDATE SET item = excluded.item, title = excluded.title, county = excluded.county, \
             from_year = excluded.from_year, until_year = excluded.until_year, measure = excluded.measure, \
             value = excluded.value, or_measure = excluded.or_measure, or_value = excluded.or_value, \
             evidence = excluded.evidence, by_account = excluded.by_account, at_ms = excluded.at_ms",
            args![
                &one.id,
                &one.item,
                &one.title,
                &one.county,
                i64::from(one.from.0),
                one.until.map(|year| i64::from(year.0)),
                one.measure.code(),
                one.value,
                one.or.map(|(measure, _)| measure.code()),
                one.or.map(|(_, value)| value),
                &one.evidence,
                by,
                at_ms
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes a target away. False when it does not stand.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_target(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE targets SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL";
        self.act(sql, args![id, at_ms]).await
    }

    /// Claims of a year.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claims(&self, of: RocYear) -> Result<Vec<Claim>, StoreError> {
        let sql = "SELECT target_id, second, by_hand FROM target_claims WHERE year = $1 ORDER BY target_id";
        let rows = self.db.rows(sql, args![i64::from(of.0)]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("target_claims", "target_id");
                Ok(Claim {
                    target: cells.text("target_id")?,
                    second: cells.int("second")? != 0,
                    by_hand: cells.opt_int("by_hand")?,
                })
            })
            .collect()
    }

    /// Says which half of a target is claimed in a year, and what was counted by hand.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of the target, or those of the database.
    pub async fn claim(&self, of: RocYear, claim: &Claim, by: &str, at_ms: i64) -> Result<(), StoreError> {
        self.act(
            "INSERT INTO target_claims (target_id, year, second, by_hand, by_account, at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (target_id, year) DO UPDATE SET second = excluded.second, \
             by_hand = excluded.by_hand, by_account = excluded.by_account, at_ms = excluded.at_ms",
            args![&claim.target, i64::from(of.0), claim.second, claim.by_hand, by, at_ms],
        )
        .await?;
        Ok(())
    }

    /// Duty rules that stand, by class and first year.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn duty_rules(&self) -> Result<Vec<DutyRule>, StoreError> {
        let sql = "SELECT * FROM duty_rules WHERE removed_ms IS NULL ORDER BY class, from_year, id";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter().map(|row| read_rule(&row.of("duty_rules", "id"))).collect()
    }

    /// Enters a rule or changes the one with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn save_duty_rule(&self, one: &DutyRule, by: &str, at_ms: i64) -> Result<(), StoreError> {
        let levels: String = one.levels.iter().map(|level| level.code()).collect();
        self.act(
            "INSERT INTO duty_rules (id, class, levels, from_year, professional, years, general, by_account, at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET class = excluded.class, \
             levels = excluded.levels, from_year = excluded.from_year, professional = excluded.professional, \
             years = excluded.years, general = excluded.general, by_account = excluded.by_account, at_ms = excluded.at_ms",
            args![
                &one.id,
                one.class.code(),
                levels,
                i64::from(one.from.0),
                one.professional,
                one.years,
                one.general,
                by,
                at_ms
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes a rule away. False when it does not stand.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_duty_rule(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE duty_rules SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL";
        self.act(sql, args![id, at_ms]).await
    }

    /// Findings of a year by number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn findings(&self, of: RocYear) -> Result<Vec<Finding>, StoreError> {
        let sql = "SELECT * FROM findings WHERE year = $1 AND removed_ms IS NULL ORDER BY number, id";
        let rows = self.db.rows(sql, args![i64::from(of.0)]).await?;
        rows.iter().map(|row| read_finding(&row.of("findings", "id"))).collect()
    }

    /// Enters a finding or changes the one with this id.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the number is taken in its year, or those of the database.
    pub async fn save_finding(&self, one: &Finding, by: &str, at_ms: i64) -> Result<(), StoreError> {
        self.act(
            "INSERT INTO findings (id, year, number, system, weakness, cvss, first_ms, repair, repaired_ms, retest_ms, \
             result, by_account, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (id) DO UPDATE SET year = excluded.year, number = excluded.number, system = excluded.system, \
             weakness = excluded.weakness, cvss = excluded.cvss, first_ms = excluded.first_ms, \
             repair = excluded.repair, repaired_ms = excluded.repaired_ms, retest_ms = excluded.retest_ms, \
             result = excluded.result, by_account = excluded.by_account, at_ms = excluded.at_ms",
            args![
                &one.id,
                i64::from(one.year.0),
                &one.number,
                &one.system,
                &one.weakness,
                one.cvss,
                one.first_ms,
                &one.repair,
                one.repaired_ms,
                one.retest_ms,
                one.result.code(),
                by,
                at_ms
            ],
        )
        .await?;
        Ok(())
    }

    /// Strikes a finding out. False when it does not stand.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_finding(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE findings SET removed_ms = $2 WHERE id = $1 AND removed_ms IS NULL";
        self.act(sql, args![id, at_ms]).await
    }

    /// Texts of a year by key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn texts(&self, of: RocYear) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = "SELECT key, words FROM record_texts WHERE year = $1";
        let rows = self.db.rows(sql, args![i64::from(of.0)]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("record_texts", "key");
                Ok((cells.text("key")?, cells.text("words")?))
            })
            .collect()
    }

    /// Writes a text; an empty one takes it away.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_text(
        &self,
        of: RocYear,
        key: &str,
        words: &str,
        by: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        if words.is_empty() {
            let sql = "DELETE FROM record_texts WHERE year = $1 AND key = $2";
            self.act(sql, args![i64::from(of.0), key]).await?;
            return Ok(());
        }
        self.act(
            "INSERT INTO record_texts (year, key, words, by_account, at_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (year, key) DO UPDATE SET words = excluded.words, by_account = excluded.by_account, \
             at_ms = excluded.at_ms",
            args![i64::from(of.0), key, words, by, at_ms],
        )
        .await?;
        Ok(())
    }

    /// Which duty a person has; `None` takes it back. Written into the person's history. False for an unknown person.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_duty(
        &self,
        person: &str,
        duty: Option<DutyClass>,
        stamp: &Stamp<'_>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let done = set_duty(&mut tx, person, duty, stamp).await?;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Duties of everyone who has one, by person.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn duties(&self) -> Result<BTreeMap<String, DutyClass>, StoreError> {
        let sql = "SELECT id, duty FROM persons WHERE duty IS NOT NULL";
        let rows = self.db.rows(sql, args![]).await?;
        let mut duties = BTreeMap::new();
        for row in &rows {
            let cells = row.of("persons", "id");
            if let Some(duty) = cells.opt_word("duty", DutyClass::from_code)? {
                duties.insert(cells.text("id")?, duty);
            }
        }
        Ok(duties)
    }
}

/// Sets the duty of a person as part of a larger transaction. False for an unknown person.
pub(crate) async fn set_duty(
    tx: &mut Tx,
    person: &str,
    duty: Option<DutyClass>,
    stamp: &Stamp<'_>,
) -> Result<bool, StoreError> {
    let Some(row) = tx.row("SELECT id, duty FROM persons WHERE id = $1", args![person]).await? else {
        return Ok(false);
    };
    let had = row.of("persons", "id").opt_text("duty")?.unwrap_or_default();
    let code = duty.map(DutyClass::code);
    let will = code.unwrap_or_default();
    if had != will {
        tx.run("UPDATE persons SET duty = $2 WHERE id = $1", args![person, code]).await?;
        let fields = [("duty", had, will.to_owned())];
        changes::write(tx, stamp, person, "edit", &fields).await?;
    }
    Ok(true)
}
