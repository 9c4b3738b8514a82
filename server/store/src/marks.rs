//! Attendance of class sessions as it was noted, and test results. Nothing is overwritten: what was wrong is struck out
//! with a reason, and what is right is entered.

use rampart_domain::records::course::{MarkSource, TestKind};

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, Tx, args};
use crate::error::StoreError;

/// A mark: in, and out once it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMark {
    /// Id.
    pub id: String,
    /// Session.
    pub session_id: String,
    /// Person.
    pub person_id: String,
    /// How it is known.
    pub source: MarkSource,
    /// In, ms UTC.
    pub in_ms: i64,
    /// Out, ms UTC; `None` while they are there, or when nobody signed out.
    pub out_ms: Option<i64>,
    /// Account that entered it; `None` where the person signed.
    pub by_account: Option<String>,
    /// Why it was entered by hand; empty where the person signed.
    pub reason: String,
    /// When it was entered, ms UTC.
    pub at_ms: i64,
    /// Which browser signed.
    pub device: Option<String>,
    /// When it was struck out, ms UTC. Then it does not count.
    pub removed_ms: Option<i64>,
    /// Account that struck it out.
    pub removed_by: Option<String>,
    /// Why.
    pub removed_reason: Option<String>,
}

/// A mark to enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClassMark {
    /// Id.
    pub id: String,
    /// Person.
    pub person_id: String,
    /// How it is known.
    pub source: MarkSource,
    /// In, ms UTC.
    pub in_ms: i64,
    /// Out, ms UTC, not before in.
    pub out_ms: Option<i64>,
}

/// A person who signs for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelfSign<'s> {
    /// Session.
    pub session_id: &'s str,
    /// Person.
    pub person_id: &'s str,
    /// In, or out.
    pub going_in: bool,
    /// Now, ms UTC.
    pub at_ms: i64,
    /// Start of the present half-day or of the break before it, ms UTC: an entry that was left open before that is none to
    /// sign out of.
    pub since_ms: i64,
    /// The scan that this is; good once.
    pub ticket: &'s str,
    /// Id of a new mark.
    pub new_id: &'s str,
    /// Which browser.
    pub device: &'s str,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfSigned {
    /// Noted.
    Done,
    /// This scan was used before.
    Replayed,
    /// They are in already, since then, ms UTC.
    IsIn(i64),
    /// They are not in.
    IsOut,
}

/// A test result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// Id.
    pub id: String,
    /// Session at which the test was held.
    pub session_id: String,
    /// Person.
    pub person_id: String,
    /// Before or after.
    pub kind: TestKind,
    /// Points, 0-100.
    pub score: u8,
    /// Account that entered it.
    pub by_account: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// When it was struck out, ms UTC.
    pub removed_ms: Option<i64>,
    /// Why.
    pub removed_reason: Option<String>,
}

/// Which rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsOf<'s> {
    /// Those of a session.
    Session(&'s str),
    /// Those of all sessions of a course.
    Course(&'s str),
    /// Those of a person.
    Person(&'s str),
    /// Those of sessions that begin in `[from, to)`, ms UTC.
    Between(i64, i64),
}

impl RowsOf<'_> {
    fn sql(self, table: &str) -> (String, Vec<crate::db::Value>) {
        let (which, values) = match self {
            Self::Session(id) => ("s.id = $1", args![id]),
            Self::Course(id) => ("s.course_id = $1", args![id]),
            Self::Person(id) => ("r.person_id = $1", args![id]),
            Self::Between(from, to) => ("s.start_ms >= $1 AND s.start_ms < $2", args![from, to]),
        };
        let sql =
            format!("SELECT r.* FROM {table} r JOIN class_sessions s ON s.id = r.session_id WHERE {which}");
        (sql, values)
    }
}

/// Repository of marks and results.
#[derive(Debug)]
pub struct ClassMarks<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read_mark(cells: &Cells<'_>) -> Result<ClassMark, StoreError> {
    Ok(ClassMark {
        id: cells.text("id")?,
        session_id: cells.text("session_id")?,
        person_id: cells.text("person_id")?,
        source: cells.word("source")?,
        in_ms: cells.int("in_ms")?,
        out_ms: cells.opt_int("out_ms")?,
        by_account: cells.opt_text("by_account")?,
        reason: cells.text("reason")?,
        at_ms: cells.int("at_ms")?,
        device: cells.opt_text("device")?,
        removed_ms: cells.opt_int("removed_ms")?,
        removed_by: cells.opt_text("removed_by")?,
        removed_reason: cells.opt_text("removed_reason")?,
    })
}

fn read_result(cells: &Cells<'_>) -> Result<TestResult, StoreError> {
    Ok(TestResult {
        id: cells.text("id")?,
        session_id: cells.text("session_id")?,
        person_id: cells.text("person_id")?,
        kind: cells.word("kind")?,
        score: cells.number("score")?,
        by_account: cells.text("by_account")?,
        at_ms: cells.int("at_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
        removed_reason: cells.opt_text("removed_reason")?,
    })
}

/// Keeps two who sign for one person at once, or enter a result for them, waiting for each other.
async fn lock(tx: &mut Tx, session: &str) -> Result<(), StoreError> {
    let sql = "UPDATE class_sessions SET created_ms = created_ms WHERE id = $1";
    if tx.run(sql, args![session]).await? == 0 {
        return Err(StoreError::Missing { what: "class_marks.session_id".to_owned() });
    }
    Ok(())
}

impl ClassMarks<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Enters marks by hand, all or none.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of session or person, or those of the database.
    pub async fn add(
        &self,
        session: &str,
        marks: &[NewClassMark],
        by: &str,
        reason: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let mut values = Vec::with_capacity(marks.len() * 9);
        for mark in marks {
            values.extend(args![
                &mark.id,
                session,
                &mark.person_id,
                mark.source.code(),
                mark.in_ms,
                mark.out_ms,
                by,
                reason,
                at_ms
            ]);
        }
        let head = "INSERT INTO class_marks \
                    (id, session_id, person_id, source, in_ms, out_ms, by_account, reason, at_ms)";
        let mut tx = self.db.write().await?;
        tx.insert_many(head, 9, "", values).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await
    }

    /// A person signs themselves in or out. Of two at once, one is told that it is done already.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of session or person, or those of the database; then the scan is as good as before.
    pub async fn sign(&self, sign: &SelfSign<'_>) -> Result<SelfSigned, StoreError> {
        let mut tx = self.db.write().await?;
        lock(&mut tx, sign.session_id).await?;
        let sql = "SELECT id, in_ms FROM class_marks WHERE session_id = $1 AND person_id = $2 AND out_ms IS NULL \
                   AND removed_ms IS NULL AND in_ms >= $3 ORDER BY in_ms DESC, id DESC LIMIT 1";
        let row = tx.row(sql, args![sign.session_id, sign.person_id, sign.since_ms]).await?;
        let open = row
            .map(|row| {
                let cells = row.of("class_marks", "id");
                Ok::<_, StoreError>((cells.text("id")?, cells.int("in_ms")?))
            })
            .transpose()?;
        let refused = match (&open, sign.going_in) {
            (Some((_, in_ms)), true) => Some(SelfSigned::IsIn(*in_ms)),
            (None, false) => Some(SelfSigned::IsOut),
            _ => None,
        };
        if let Some(refused) = refused {
            tx.rollback().await?;
            return Ok(refused);
        }
        let sql = "INSERT INTO class_tickets (id, used_ms) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
        if tx.run(sql, args![sign.ticket, sign.at_ms]).await? == 0 {
            tx.rollback().await?;
            return Ok(SelfSigned::Replayed);
        }
        if let Some((id, in_ms)) = open {
            let sql = "UPDATE class_marks SET out_ms = $2 WHERE id = $1";
            tx.run(sql, args![id, sign.at_ms.max(in_ms)]).await?;
        } else {
            let sql = "INSERT INTO class_marks (id, session_id, person_id, source, in_ms, reason, at_ms, device) \
                       VALUES ($1, $2, $3, 'qr', $4, '', $4, $5)";
            let values = args![sign.new_id, sign.session_id, sign.person_id, sign.at_ms, sign.device];
            tx.run(sql, values).await?;
        }
        tx.commit().await?;
        Ok(SelfSigned::Done)
    }

    /// Forgets scans that were used before `before_ms`; they are stale anyway.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_tickets(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.db.run("DELETE FROM class_tickets WHERE used_ms < $1", args![before_ms]).await
    }

    /// Signs somebody out by hand. False when the mark is not there, not open, or began later.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn close(&self, session: &str, id: &str, out_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE class_marks SET out_ms = $3 WHERE id = $1 AND session_id = $2 AND out_ms IS NULL \
                   AND removed_ms IS NULL AND in_ms <= $3";
        let done = tx.run(sql, args![id, session, out_ms]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Strikes a mark out; it stays readable. False when it is not there, or was struck out before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(
        &self,
        session: &str,
        id: &str,
        by: &str,
        reason: &str,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE class_marks SET removed_ms = $3, removed_by = $4, removed_reason = $5 \
                   WHERE id = $1 AND session_id = $2 AND removed_ms IS NULL";
        let done = tx.run(sql, args![id, session, at_ms, by, reason]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Strikes out all that was entered by hand together with a mark (one act has one account, moment, and source); it stays
    /// readable. Answers which were struck out now: none when there is no such mark, when the person signed it, or when
    /// nothing of it stands. The audit line gets their number as `n`.
    ///
    /// # Errors
    /// Those of the database; then all of it stands.
    pub async fn remove_entered(
        &self,
        session: &str,
        id: &str,
        by: &str,
        reason: &str,
        at_ms: i64,
    ) -> Result<Vec<String>, StoreError> {
        let mut tx = self.db.write().await?;
        lock(&mut tx, session).await?;
        let sql = "UPDATE class_marks SET removed_ms = $3, removed_by = $4, removed_reason = $5 \
                   WHERE session_id = $1 AND removed_ms IS NULL AND EXISTS (SELECT 1 FROM class_marks m WHERE m.id = $2 \
                   AND m.session_id = $1 AND m.by_account = class_marks.by_account AND m.at_ms = class_marks.at_ms \
                   AND m.source = class_marks.source) RETURNING id";
        let rows = tx.rows(sql, args![session, id, at_ms, by, reason]).await?;
        let struck: Vec<String> =
            rows.iter().map(|row| row.of("class_marks", "id").text("id")).collect::<Result<_, _>>()?;
        if struck.is_empty() {
            tx.rollback().await?;
            return Ok(struck);
        }
        let line = self
            .note
            .clone()
            .map(|line| AuditLine { detail: format!("{} n={}", line.detail, struck.len()), ..line });
        audit::note(&mut tx, line.as_ref()).await?;
        tx.commit().await?;
        Ok(struck)
    }

    /// Marks by session, then by time; those struck out too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, of: RowsOf<'_>) -> Result<Vec<ClassMark>, StoreError> {
        let (sql, values) = of.sql("class_marks");
        let sql = sqlx::AssertSqlSafe(format!("{sql} ORDER BY r.session_id, r.in_ms, r.id"));
        let rows = self.db.rows(sql, values).await?;
        rows.iter().map(|row| read_mark(&row.of("class_marks", "id"))).collect()
    }

    /// Enters results of one session, all or none. One that stands is struck out in the same transaction, with `reason`; the
    /// same score again is left. Answers how many were written; for none there is no audit line.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of session or person, or those of the database.
    pub async fn set_results(
        &self,
        session: &str,
        new: &[TestResult],
        reason: &str,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.write().await?;
        lock(&mut tx, session).await?;
        let mut written = 0;
        for one in new {
            written += u64::from(put_result(&mut tx, session, one, reason).await?);
        }
        if written == 0 {
            tx.rollback().await?;
            return Ok(0);
        }
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Results by session, then by time; those struck out too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn results(&self, of: RowsOf<'_>) -> Result<Vec<TestResult>, StoreError> {
        let (sql, values) = of.sql("test_results");
        let sql = sqlx::AssertSqlSafe(format!("{sql} ORDER BY r.session_id, r.at_ms, r.id"));
        let rows = self.db.rows(sql, values).await?;
        rows.iter().map(|row| read_result(&row.of("test_results", "id"))).collect()
    }
}

async fn put_result(tx: &mut Tx, session: &str, new: &TestResult, reason: &str) -> Result<bool, StoreError> {
    let same = tx
        .row(
            "SELECT id FROM test_results WHERE session_id = $1 AND person_id = $2 AND kind = $3 AND score = $4 \
             AND removed_ms IS NULL",
            args![session, &new.person_id, new.kind.code(), u16::from(new.score)],
        )
        .await?;
    if same.is_some() {
        return Ok(false);
    }
    tx.run(
        "UPDATE test_results SET removed_ms = $4, removed_by = $5, removed_reason = $6 \
         WHERE session_id = $1 AND person_id = $2 AND kind = $3 AND removed_ms IS NULL",
        args![session, &new.person_id, new.kind.code(), new.at_ms, &new.by_account, reason],
    )
    .await?;
    tx.run(
        "INSERT INTO test_results (id, session_id, person_id, kind, score, by_account, at_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            &new.id,
            session,
            &new.person_id,
            new.kind.code(),
            u16::from(new.score),
            &new.by_account,
            new.at_ms
        ],
    )
    .await?;
    Ok(true)
}
