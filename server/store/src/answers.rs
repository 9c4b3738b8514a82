//! What people state about themselves, from their own page: it goes in, and nothing of it comes out here. Only that
//! something was stated, and what was asked and decided. See [`crate::OfficerView`] for the reading.

use std::collections::BTreeMap;
use std::str::FromStr;

use rampart_domain::records::{Age, Answers, Disability, Gender, HomeArea, Indigenous};

use sqlx::AssertSqlSafe;

use crate::audit::{self, AuditLine};
use crate::db::{Db, Tx, args, marks, texts};
use crate::error::StoreError;
use crate::merges;
use crate::officer::{SAME, Wish};

/// From where answers came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The person's own page.
    Own,
    /// A form that they signed, entered by the officer.
    Form,
    /// A roster.
    Roster,
}

impl Origin {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Form => "form",
            Self::Roster => "roster",
        }
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Own, Self::Form, Self::Roster].into_iter().find(|of| of.as_str() == word).ok_or(())
    }
}

/// That a person stated something, and to what they agreed. Not what they stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// When consent was given, ms UTC; `None` for what a roster brought.
    pub at_ms: Option<i64>,
    /// Version of the notice.
    pub notice: Option<String>,
}

/// A request as the person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRequest {
    /// For what.
    pub wish: Wish,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Granted or refused; `None` while it is open.
    pub granted: Option<bool>,
    /// What they were told.
    pub reply: Option<String>,
}

/// See [`crate::Store::as_self`].
#[derive(Debug)]
pub struct SelfView<'s> {
    pub(crate) db: &'s Db,
    pub(crate) person_id: String,
}

/// Writes answers in place of what stood; a withdrawal from before is lifted, on whichever row of the person.
pub(crate) async fn upsert(
    tx: &mut Tx,
    person_id: &str,
    answers: &Answers,
    origin: Origin,
    consent_ms: i64,
    notice: &str,
    at_ms: i64,
) -> Result<(), StoreError> {
    let own = merges::rows_of(tx, person_id).await?;
    if !own.is_empty() {
        let sql = format!(
            "DELETE FROM personal WHERE withdrawn_ms IS NOT NULL AND person_id IN ({})",
            marks(1, own.len())
        );
        tx.run(AssertSqlSafe(sql), texts(&own)).await?;
    }
    tx.run(
        "INSERT INTO personal (person_id, gender, age, area, indigenous, disability, origin, consent_ms, notice, \
         changed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (person_id) DO UPDATE SET gender = excluded.gender, age = excluded.age, area = excluded.area, \
         indigenous = excluded.indigenous, disability = excluded.disability, origin = excluded.origin, \
         consent_ms = excluded.consent_ms, notice = excluded.notice, changed_ms = excluded.changed_ms",
        args![
            person_id,
            answers.gender.map(Gender::code),
            answers.age.map(Age::code),
            answers.area.map(HomeArea::code),
            answers.indigenous.map(Indigenous::code),
            answers.disability.map(Disability::code),
            origin.as_str(),
            consent_ms,
            notice,
            at_ms
        ],
    )
    .await?;
    Ok(())
}

/// Writes what a roster says of people, by their rows. Answers of how many it was left out, as they withdrew theirs; what
/// people said themselves, or signed, is stronger too.
pub(crate) async fn of_roster(
    tx: &mut Tx,
    mut genders: BTreeMap<String, Gender>,
    at_ms: i64,
) -> Result<usize, StoreError> {
    let before = genders.len();
    if before == 0 {
        return Ok(0);
    }
    let sql = format!(
        "{SAME} SELECT o.root AS person_id FROM personal g JOIN same o ON o.id = g.person_id \
         WHERE g.withdrawn_ms IS NOT NULL"
    );
    for row in tx.rows(AssertSqlSafe(sql), args![]).await? {
        genders.remove(&row.of("personal", "person_id").text("person_id")?);
    }
    let left_out = before - genders.len();
    tx.insert_many(
        "INSERT INTO personal (person_id, gender, origin, changed_ms)",
        4,
        "ON CONFLICT (person_id) DO UPDATE SET gender = excluded.gender, changed_ms = excluded.changed_ms \
         WHERE personal.consent_ms IS NULL",
        genders.iter().flat_map(|(id, gender)| args![id, gender.code(), "roster", at_ms]).collect(),
    )
    .await?;
    Ok(left_out)
}

/// Which answers `g` count among those of a person's rows, as an order whose first counts, as a whole: what the person said,
/// signed or withdrew before what a roster brought, the latest, and of two at one moment those of the row that stands for the
/// person. Whoever reads answers reads them in this order.
pub(crate) const FOREMOST: &str = "CASE WHEN g.origin IN ('self', 'form') OR g.withdrawn_ms IS NOT NULL THEN 0 ELSE 1 END, \
     COALESCE(g.changed_ms, 0) DESC, \
     CASE WHEN g.person_id IN (SELECT id FROM persons WHERE merged_into IS NULL) THEN 0 ELSE 1 END, g.person_id";

/// The answers that count among those of `rows` rows, whose ids are the values.
pub(crate) fn foremost(rows: usize) -> String {
    format!("g.person_id IN ({}) ORDER BY {FOREMOST} LIMIT 1", marks(1, rows))
}

/// Erases the answers of all rows of a person and marks the rows, so that no roster brings anything back. False when there
/// were none.
pub(crate) async fn erase(tx: &mut Tx, person: &str, at_ms: i64) -> Result<bool, StoreError> {
    let own = merges::rows_of(tx, person).await?;
    if own.is_empty() {
        return Ok(false);
    }
    let sql =
        format!("DELETE FROM personal WHERE withdrawn_ms IS NULL AND person_id IN ({})", marks(1, own.len()));
    let found = tx.run(AssertSqlSafe(sql), texts(&own)).await? > 0;
    let marks = own.iter().flat_map(|row| args![row, at_ms, at_ms]).collect();
    let again = "ON CONFLICT (person_id) DO UPDATE SET withdrawn_ms = excluded.withdrawn_ms, \
                 changed_ms = excluded.changed_ms";
    tx.insert_many("INSERT INTO personal (person_id, withdrawn_ms, changed_ms)", 3, again, marks).await?;
    Ok(found)
}

impl SelfView<'_> {
    /// States answers in place of what stood (on any row of the person: the latest count), with consent given now to this version of the notice. `line` is written in
    /// the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an unknown person, or those of the database.
    pub async fn give(&self, answers: &Answers, notice: &str, line: &AuditLine) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        upsert(&mut tx, &self.person_id, answers, Origin::Own, line.at_ms, notice, line.at_ms).await?;
        audit::note(&mut tx, Some(line)).await?;
        tx.commit().await
    }

    /// Takes the consent back and erases what was stated, on every row of the person; a roster brings nothing back until the
    /// person states something anew. False when nothing was; then no line is written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn withdraw(&self, line: &AuditLine) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        if !erase(&mut tx, &self.person_id, line.at_ms).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        audit::note(&mut tx, Some(line)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether the person stated something, and to what they agreed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn consent(&self) -> Result<Option<Consent>, StoreError> {
        let own = merges::rows_now(self.db, &self.person_id).await?;
        if own.is_empty() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT person_id, consent_ms, notice, withdrawn_ms FROM personal g WHERE {}",
            foremost(own.len())
        );
        let Some(row) = self.db.row(AssertSqlSafe(sql), texts(&own)).await? else {
            return Ok(None);
        };
        let cells = row.of("personal", "person_id");
        if cells.opt_int("withdrawn_ms")?.is_some() {
            return Ok(None);
        }
        Ok(Some(Consent { at_ms: cells.opt_int("consent_ms")?, notice: cells.opt_text("notice")? }))
    }

    /// Asks for something about the own data. `line` is written in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an unknown person, or those of the database.
    pub async fn ask(&self, id: &str, wish: Wish, text: &str, line: &AuditLine) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO data_requests (id, person_id, kind, wish, at_ms) VALUES ($1, $2, $3, $4, $5)",
            args![id, &self.person_id, wish.as_str(), text, line.at_ms],
        )
        .await?;
        audit::note(&mut tx, Some(line)).await?;
        tx.commit().await
    }

    /// What the person asked for, on any of their rows, latest first. Not in which words: those may hold what no other page shows.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn requests(&self) -> Result<Vec<OwnRequest>, StoreError> {
        let own = merges::rows_now(self.db, &self.person_id).await?;
        if own.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id, kind, at_ms, granted, reply FROM data_requests WHERE person_id IN ({}) \
             ORDER BY at_ms DESC, id DESC LIMIT 50",
            marks(1, own.len())
        );
        let rows = self.db.rows(AssertSqlSafe(sql), texts(&own)).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("data_requests", "id");
                Ok(OwnRequest {
                    wish: cells.word("kind")?,
                    at_ms: cells.int("at_ms")?,
                    granted: cells.opt_int("granted")?.map(|granted| granted != 0),
                    reply: cells.opt_text("reply")?,
                })
            })
            .collect()
    }
}
