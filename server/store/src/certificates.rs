//! Certificates, and the keys by which people reach their own page.

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, args};
use crate::error::StoreError;

/// A certificate as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// Id.
    pub id: String,
    /// Number, unique, such as `115-0001`.
    pub number: String,
    /// Stands beside the number on the paper.
    pub check_code: String,
    /// Course.
    pub course_id: String,
    /// Person.
    pub person_id: String,
    /// Name as printed.
    pub name: String,
    /// Title of the course as printed.
    pub course_title: String,
    /// Start of the first session, ms UTC.
    pub from_ms: i64,
    /// End of the last session, ms UTC.
    pub to_ms: i64,
    /// Hours of the course, minutes.
    pub course_minutes: u32,
    /// Attended, whole seconds.
    pub attended_s: i64,
    /// Points of the test.
    pub score: Option<u8>,
    /// When it was issued, ms UTC.
    pub issued_ms: i64,
    /// When it was revoked, ms UTC.
    pub revoked_ms: Option<i64>,
    /// Why.
    pub revoked_reason: Option<String>,
}

/// A certificate to issue; its number is the next one of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// Id.
    pub id: String,
    /// Random code.
    pub check_code: String,
    /// Person.
    pub person_id: String,
    /// Name as printed.
    pub name: String,
    /// Title of the course.
    pub course_title: String,
    /// Start of the first session, ms UTC.
    pub from_ms: i64,
    /// End of the last session, ms UTC.
    pub to_ms: i64,
    /// Hours of the course, minutes.
    pub course_minutes: u32,
    /// Attended, whole seconds.
    pub attended_s: i64,
    /// Points of the test.
    pub score: Option<u8>,
}

/// Which certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificatesOf<'s> {
    /// Of a course.
    Course(&'s str),
    /// Of a person's row.
    Person(&'s str),
    /// One by id.
    Id(&'s str),
    /// One by number.
    Number(&'s str),
}

/// Repository of certificates.
#[derive(Debug)]
pub struct Certificates<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read(cells: &Cells<'_>) -> Result<StoredCertificate, StoreError> {
    Ok(StoredCertificate {
        id: cells.text("id")?,
        number: cells.text("number")?,
        check_code: cells.text("check_code")?,
        course_id: cells.text("course_id")?,
        person_id: cells.text("person_id")?,
        name: cells.text("name")?,
        course_title: cells.text("course_title")?,
        from_ms: cells.int("from_ms")?,
        to_ms: cells.int("to_ms")?,
        course_minutes: cells.number("course_minutes")?,
        attended_s: cells.int("attended_s")?,
        score: cells.opt_int("score")?.and_then(|score| u8::try_from(score).ok()),
        issued_ms: cells.int("issued_ms")?,
        revoked_ms: cells.opt_int("revoked_ms")?,
        revoked_reason: cells.opt_text("revoked_reason")?,
    })
}

impl Certificates<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Issues certificates of a course; whoever has one of it that is not revoked gets none. `year` is the year of the
    /// Republic that numbers begin with. Answers how many were issued.
    ///
    /// # Errors
    /// Those of the database; then none was issued.
    pub async fn issue(
        &self,
        course: &str,
        year: i16,
        new: &[NewCertificate],
        by: &str,
        at_ms: i64,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        tx.lock("certificates").await?;
        // Numbers of one year are as long as each other up to 9999, and longer ones sort behind them by length.
        let sql = "SELECT number FROM certificates WHERE number LIKE $1 ORDER BY LENGTH(number) DESC, number DESC LIMIT 1";
        let last = tx.row(sql, args![format!("{year}-%")]).await?;
        let last = last.map(|row| row.of("certificates", "number").text("number")).transpose()?;
        let mut next = last
            .and_then(|number| number.rsplit_once('-').and_then(|(_, tail)| tail.parse::<u32>().ok()))
            .unwrap_or(0);
        let mut issued = 0;
        for one in new {
            let sql = "INSERT INTO certificates (id, number, check_code, course_id, person_id, name, course_title, \
                       from_ms, to_ms, course_minutes, attended_s, score, issued_by, issued_ms) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
                       ON CONFLICT (course_id, person_id) WHERE revoked_ms IS NULL DO NOTHING";
            let values = args![
                &one.id,
                format!("{year}-{:04}", next + 1),
                &one.check_code,
                course,
                &one.person_id,
                &one.name,
                &one.course_title,
                one.from_ms,
                one.to_ms,
                one.course_minutes,
                one.attended_s,
                one.score.map(i64::from),
                by,
                at_ms
            ];
            if tx.run(sql, values).await? > 0 {
                next += 1;
                issued += 1;
            }
        }
        if issued > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(issued)
    }

    /// Revokes a certificate; it stays readable. False when there is none, or it was revoked before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke(&self, id: &str, by: &str, reason: &str, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE certificates SET revoked_ms = $2, revoked_by = $3, revoked_reason = $4 \
                   WHERE id = $1 AND revoked_ms IS NULL";
        let done = tx.run(sql, args![id, at_ms, by, reason]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Certificates, revoked ones too, by number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, of: CertificatesOf<'_>) -> Result<Vec<StoredCertificate>, StoreError> {
        let (which, value) = match of {
            CertificatesOf::Course(id) => ("course_id", id),
            CertificatesOf::Person(id) => ("person_id", id),
            CertificatesOf::Id(id) => ("id", id),
            CertificatesOf::Number(number) => ("number", number),
        };
        let sql = format!("SELECT * FROM certificates WHERE {which} = $1 ORDER BY LENGTH(number), number");
        let rows = self.db.rows(sqlx::AssertSqlSafe(sql), args![value]).await?;
        rows.iter().map(|row| read(&row.of("certificates", "id"))).collect()
    }
}

/// Repository of the keys to people's own pages. Only hashes are kept (SHA-256, 64 hexadecimal digits).
#[derive(Debug)]
pub struct PersonKeys<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

impl PersonKeys<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Gives a person a code that opens their page once, until `expires_ms`. Their former codes are void.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of the person, or those of the database.
    pub async fn give(
        &self,
        person: &str,
        hash: &str,
        by: &str,
        at_ms: i64,
        expires_ms: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE person_keys SET revoked_ms = $2 WHERE person_id = $1 AND kind = 'code' AND used_ms IS NULL \
                   AND revoked_ms IS NULL";
        tx.run(sql, args![person, at_ms]).await?;
        tx.run(
            "INSERT INTO person_keys (hash, person_id, kind, by_account, made_ms, expires_ms) \
             VALUES ($1, $2, 'code', $3, $4, $5)",
            args![hash, person, by, at_ms, expires_ms],
        )
        .await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await
    }

    /// Uses a code up and begins a visit in the same transaction. The person whose page it is, or `None` when the code is
    /// unknown, used, void or over.
    ///
    /// # Errors
    /// Those of the database; then the code is as good as before.
    pub async fn begin(
        &self,
        code_hash: &str,
        visit_hash: &str,
        at_ms: i64,
        until_ms: i64,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE person_keys SET used_ms = $2 WHERE hash = $1 AND kind = 'code' AND used_ms IS NULL \
                   AND revoked_ms IS NULL AND expires_ms > $2 RETURNING person_id, hash";
        let Some(row) = tx.row(sql, args![code_hash, at_ms]).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let person = row.of("person_keys", "hash").text("person_id")?;
        tx.run(
            "INSERT INTO person_keys (hash, person_id, kind, made_ms, expires_ms) VALUES ($1, $2, 'visit', $3, $4)",
            args![visit_hash, &person, at_ms, until_ms],
        )
        .await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(Some(person))
    }

    /// Whose page a visit shows, while it lasts.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn visitor(&self, visit_hash: &str, at_ms: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT hash, person_id FROM person_keys WHERE hash = $1 AND kind = 'visit' AND revoked_ms IS NULL \
                   AND expires_ms > $2";
        let row = self.db.row(sql, args![visit_hash, at_ms]).await?;
        row.map(|row| row.of("person_keys", "hash").text("person_id")).transpose()
    }

    /// Ends a visit.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end(&self, visit_hash: &str, at_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE person_keys SET revoked_ms = $2 WHERE hash = $1 AND kind = 'visit' AND revoked_ms IS NULL";
        self.db.run(sql, args![visit_hash, at_ms]).await?;
        Ok(())
    }
}
