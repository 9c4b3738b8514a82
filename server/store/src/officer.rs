//! The officer's view of personal data. Each call checks the officer, does its work and writes its audit line in one
//! transaction: there is no reading without a line, and no line without the reading.

use rampart_domain::records::Gender;
use sqlx::AssertSqlSafe;

use crate::audit;
use crate::db::{Db, Tx, args, marks, texts};
use crate::error::StoreError;
use crate::persons::{self, Person};

/// Ids in one `IN` list.
const LIST: usize = 500;

/// The programme officer who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// Account id.
    pub account_id: String,
}

/// Why personal data is looked at; becomes the audit line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose<'p> {
    /// Id of the audit line.
    pub audit_id: &'p str,
    /// When, ms UTC.
    pub at_ms: i64,
    /// What for, for example the table and the exercise. Names no gender.
    pub detail: &'p str,
}

/// A person with what only the officer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalRow {
    /// The person.
    pub person: Person,
    /// Self-declared gender; `None` when none was given.
    pub gender: Option<Gender>,
}

/// See [`crate::Store::as_officer`].
#[derive(Debug)]
pub struct OfficerView<'s> {
    pub(crate) db: &'s Db,
    pub(crate) account_id: String,
}

impl OfficerView<'_> {
    /// Personal rows of these people for a page, by staff number; audit line `personal.read`.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database; then nothing was read and no line written.
    pub async fn read(
        &self,
        purpose: Purpose<'_>,
        persons: &[String],
    ) -> Result<Vec<PersonalRow>, StoreError> {
        self.rows("personal.read", purpose, persons).await
    }

    /// Personal rows of these people for a file that leaves the office, by staff number; audit line
    /// `personal.export`.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database; then nothing was read and no line written.
    pub async fn export(
        &self,
        purpose: Purpose<'_>,
        persons: &[String],
    ) -> Result<Vec<PersonalRow>, StoreError> {
        self.rows("personal.export", purpose, persons).await
    }

    /// Corrects a person's gender as they declare it; `None` takes it back. Audit line `personal.set`. False when
    /// there is no such person; then no line is written.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database.
    pub async fn set_gender(
        &self,
        purpose: Purpose<'_>,
        person_id: &str,
        gender: Option<Gender>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin("personal.set", purpose).await?;
        if tx.row("SELECT id FROM persons WHERE id = $1", args![person_id]).await?.is_none() {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.run(
            "INSERT INTO personal (person_id, gender) VALUES ($1, $2) \
             ON CONFLICT (person_id) DO UPDATE SET gender = excluded.gender",
            args![person_id, gender.map(Gender::code)],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A transaction that has checked the officer and holds the audit line.
    async fn begin(&self, what: &str, purpose: Purpose<'_>) -> Result<Tx, StoreError> {
        let mut tx = self.db.write().await?;
        let officer = tx
            .row(
                "SELECT id FROM accounts WHERE id = $1 AND role = 'officer' AND disabled = 0",
                args![&self.account_id],
            )
            .await?;
        if officer.is_none() {
            tx.rollback().await?;
            return Err(StoreError::NotOfficer { account_id: self.account_id.clone() });
        }
        audit::write(&mut tx, purpose.audit_id, purpose.at_ms, Some(&self.account_id), what, purpose.detail)
            .await?;
        Ok(tx)
    }

    async fn rows(
        &self,
        what: &str,
        purpose: Purpose<'_>,
        persons: &[String],
    ) -> Result<Vec<PersonalRow>, StoreError> {
        let mut tx = self.begin(what, purpose).await?;
        let mut people = Vec::with_capacity(persons.len());
        for part in persons.chunks(LIST) {
            let sql = format!(
                "SELECT p.id, p.name, p.staff_no, p.agency, p.created_ms, g.gender FROM persons p \
                 LEFT JOIN personal g ON g.person_id = p.id WHERE p.id IN ({})",
                marks(1, part.len())
            );
            for row in tx.rows(AssertSqlSafe(sql), texts(part)).await? {
                let person = persons::read(&row.of("persons", "id"))?;
                let cells = row.of("personal", "id");
                let gender = cells.opt_word("gender", Gender::from_code)?;
                people.push(PersonalRow { person, gender });
            }
        }
        tx.commit().await?;
        people.sort_by(|a, b| a.person.staff_no.cmp(&b.person.staff_no));
        people.dedup_by(|a, b| a.person.id == b.person.id);
        Ok(people)
    }
}
