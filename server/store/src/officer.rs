//! The officer's view of personal data. Each call checks the officer, does its work and writes its audit line in one
//! transaction: there is no reading without a line, and no line without the reading. What reads long gives nothing out before
//! its line is written ([`OfficerView::end_long`]).

use rampart_domain::records::{Age, Answers, Disability, Gender, HomeArea, Indigenous};
use sqlx::AssertSqlSafe;

use crate::answers::{self, FOREMOST, Origin, foremost, upsert};
use crate::audit;
use crate::changes::{self, Stamp};
use crate::db::{Cells, Db, Tx, args, marks, texts};
use crate::error::StoreError;
use crate::merges;
use crate::persons::{self, Person};
use crate::surveys::{self, SURVEYS_BY_TIME, SurveySheet};

/// `same`: each row with the one that stands for its person.
pub(crate) const SAME: &str = "WITH RECURSIVE same (id, root) AS (SELECT id, id FROM persons WHERE merged_into IS NULL \
                    UNION SELECT p.id, s.root FROM persons p JOIN same s ON p.merged_into = s.id)";
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

/// What a person stated about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswersRow {
    /// The answers.
    pub answers: Answers,
    /// From where they came; `None` for what an older Rampart took in.
    pub origin: Option<Origin>,
    /// When consent was given, ms UTC; `None` for what a roster brought.
    pub consent_ms: Option<i64>,
    /// Version of the notice that was agreed to.
    pub notice: Option<String>,
    /// When they were written, ms UTC.
    pub changed_ms: Option<i64>,
}

/// What a person asks for about their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Something is to be corrected.
    Correct,
    /// The answers are to be erased.
    Answers,
    /// All that names the person is to be erased.
    All,
}

impl Wish {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Answers => "answers",
            Self::All => "all",
        }
    }
}

impl std::str::FromStr for Wish {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Correct, Self::Answers, Self::All].into_iter().find(|wish| wish.as_str() == word).ok_or(())
    }
}

/// A request, with what was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRequest {
    /// Id.
    pub id: String,
    /// Who asks.
    pub person_id: String,
    /// For what.
    pub wish: Wish,
    /// In their words.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Granted or refused; `None` while it is open.
    pub granted: Option<bool>,
    /// What they were told.
    pub reply: Option<String>,
    /// Account that decided.
    pub decided_by: Option<String>,
    /// When, ms UTC.
    pub decided_ms: Option<i64>,
}

/// Up to when what is kept is to be purged, ms UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeRule {
    /// Answers of people who neither gave them nor attended anything since, on any of their rows, nor stand on the list of a
    /// class session that began since: planners and trainers sign no sheet.
    pub answers_before_ms: i64,
    /// Presence, lines of sign-in sheets and decided requests from before.
    pub attendance_before_ms: i64,
    /// Recordings that ended before.
    pub recordings_before_ms: i64,
}

/// What a purge removed, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// People whose answers.
    pub answers: u64,
    /// Stretches of presence.
    pub presence: u64,
    /// Lines of sign-in sheets.
    pub signs: u64,
    /// Decided requests.
    pub requests: u64,
    /// Sheets of questionnaires whose gender and free words; what they scored stays, under nobody.
    pub sheets: u64,
    /// Recordings. Whoever holds their files removes them: see [`crate::Recordings::older`].
    pub recordings: u64,
}

/// Stands for the name of who was erased.
pub const ERASED_NAME: &str = "○○○";

fn read_request(cells: &Cells<'_>) -> Result<DataRequest, StoreError> {
    Ok(DataRequest {
        id: cells.text("id")?,
        person_id: cells.text("person_id")?,
        wish: cells.word("kind")?,
        text: cells.text("wish")?,
        at_ms: cells.int("at_ms")?,
        granted: cells.opt_int("granted")?.map(|granted| granted != 0),
        reply: cells.opt_text("reply")?,
        decided_by: cells.opt_text("decided_by")?,
        decided_ms: cells.opt_int("decided_ms")?,
    })
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
        let own = merges::rows_of(&mut tx, person_id).await?;
        if own.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        // With the answers that count, wherever they stand, so that no others come to count in their place.
        let sql = format!("SELECT g.person_id FROM personal g WHERE {}", foremost(own.len()));
        let row = tx.row(AssertSqlSafe(sql), texts(&own)).await?;
        let row = row.map(|row| row.of("personal", "person_id").text("person_id")).transpose()?;
        let person_id = row.unwrap_or_else(|| person_id.to_owned());
        tx.run(
            "INSERT INTO personal (person_id, gender, origin, changed_ms) VALUES ($1, $2, 'form', $3) \
             ON CONFLICT (person_id) DO UPDATE SET gender = excluded.gender, changed_ms = excluded.changed_ms, \
             origin = COALESCE(personal.origin, excluded.origin), withdrawn_ms = NULL",
            args![person_id, gender.map(Gender::code), purpose.at_ms],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What a person stated about themselves, on whichever of their rows; audit line `personal.read`. `None` when they
    /// stated nothing.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database; then nothing was read and no line written.
    pub async fn answers(
        &self,
        purpose: Purpose<'_>,
        person_id: &str,
    ) -> Result<Option<AnswersRow>, StoreError> {
        let mut tx = self.begin("personal.read", purpose).await?;
        let own = merges::rows_of(&mut tx, person_id).await?;
        if own.is_empty() {
            tx.commit().await?;
            return Ok(None);
        }
        let sql = format!(
            "SELECT person_id, gender, age, area, indigenous, disability, origin, consent_ms, notice, changed_ms, \
             withdrawn_ms FROM personal g WHERE {}",
            foremost(own.len())
        );
        let row = tx.row(AssertSqlSafe(sql), texts(&own)).await?;
        let row = row
            .map(|row| {
                let cells = row.of("personal", "person_id");
                if cells.opt_int("withdrawn_ms")?.is_some() {
                    return Ok(None);
                }
                Ok::<_, StoreError>(Some(AnswersRow {
                    answers: Answers {
                        gender: cells.opt_word("gender", Gender::from_code)?,
                        age: cells.opt_word("age", Age::from_code)?,
                        area: cells.opt_word("area", HomeArea::from_code)?,
                        indigenous: cells.opt_word("indigenous", Indigenous::from_code)?,
                        disability: cells.opt_word("disability", Disability::from_code)?,
                    },
                    origin: cells.opt_word("origin", |word| word.parse().ok())?,
                    consent_ms: cells.opt_int("consent_ms")?,
                    notice: cells.opt_text("notice")?,
                    changed_ms: cells.opt_int("changed_ms")?,
                }))
            })
            .transpose()?;
        tx.commit().await?;
        Ok(row.flatten())
    }

    /// Enters what a person stated on a form that they signed at `signed_ms`, in place of what stood. Audit line
    /// `personal.set`. False when there is no such person; then no line is written.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database.
    pub async fn set_answers(
        &self,
        purpose: Purpose<'_>,
        person_id: &str,
        answers: &Answers,
        signed_ms: i64,
        notice: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin("personal.set", purpose).await?;
        if tx.row("SELECT id FROM persons WHERE id = $1", args![person_id]).await?.is_none() {
            tx.rollback().await?;
            return Ok(false);
        }
        upsert(&mut tx, person_id, answers, Origin::Form, signed_ms, notice, purpose.at_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Erases what a person stated, on every row of theirs; a roster brings nothing back. Audit line `personal.erase`. False
    /// when nothing stood there; then no line is written.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database.
    pub async fn erase_answers(&self, purpose: Purpose<'_>, person_id: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin("personal.erase", purpose).await?;
        if !answers::erase(&mut tx, person_id, purpose.at_ms).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// What people ask for about their data, open ones first, then the latest. Audit line `request.read`.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database.
    pub async fn requests(&self, purpose: Purpose<'_>, limit: u32) -> Result<Vec<DataRequest>, StoreError> {
        let mut tx = self.begin("request.read", purpose).await?;
        let sql = "SELECT * FROM data_requests ORDER BY CASE WHEN decided_ms IS NULL THEN 0 ELSE 1 END, at_ms DESC, id \
                   LIMIT $1";
        let rows = tx.rows(sql, args![limit]).await?;
        let list = rows.iter().map(|row| read_request(&row.of("data_requests", "id"))).collect();
        tx.commit().await?;
        list
    }

    /// Decides an open request and does what it grants, in one transaction: `Wish::Answers` erases the answers,
    /// `Wish::All` the name, number, grade, addresses, answers and history's values as well (attendance stays, under no
    /// name), each on every row of the person; `Wish::Correct` nothing more, as the correction is made by hand. Audit line `request.decide`. `None` when
    /// there is no such open request; then no line is written.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database.
    pub async fn decide(
        &self,
        purpose: Purpose<'_>,
        request: &str,
        granted: bool,
        reply: &str,
    ) -> Result<Option<DataRequest>, StoreError> {
        let mut tx = self.begin("request.decide", purpose).await?;
        let sql = "UPDATE data_requests SET granted = $2, reply = $3, decided_by = $4, decided_ms = $5 \
                   WHERE id = $1 AND decided_ms IS NULL RETURNING *";
        let row = tx.row(sql, args![request, granted, reply, &self.account_id, purpose.at_ms]).await?;
        let Some(row) = row else {
            tx.rollback().await?;
            return Ok(None);
        };
        let decided = read_request(&row.of("data_requests", "id"))?;
        // All rows that were found to be this person are: what stays on one of them would name them still.
        if granted && decided.wish != Wish::Correct {
            answers::erase(&mut tx, &decided.person_id, purpose.at_ms).await?;
        }
        if granted && decided.wish == Wish::All {
            let own = merges::rows_of(&mut tx, &decided.person_id).await?;
            for (number, person) in own.iter().enumerate() {
                for sql in [
                    "DELETE FROM person_emails WHERE person_id = $1",
                    "UPDATE person_changes SET detail = '' WHERE person_id = $1",
                    "UPDATE data_requests SET wish = '' WHERE person_id = $1",
                    "UPDATE merges SET reason = '', undone_reason = NULL WHERE person_id = $1 OR into_id = $1",
                ] {
                    tx.run(sql, args![person]).await?;
                }
                tx.run("UPDATE certificates SET name = $2 WHERE person_id = $1", args![person, ERASED_NAME])
                    .await?;
                tx.run(
                    "UPDATE person_keys SET revoked_ms = $2 WHERE person_id = $1 AND revoked_ms IS NULL",
                    args![person, purpose.at_ms],
                )
                .await?;
                persons::erase(&mut tx, person, ERASED_NAME, purpose.at_ms).await?;
                let id = if number == 0 {
                    purpose.audit_id.to_owned()
                } else {
                    format!("{}.{number}", purpose.audit_id)
                };
                let stamp = Stamp { id: &id, at_ms: purpose.at_ms, by: Some(&self.account_id) };
                changes::write(&mut tx, &stamp, person, "erased", &[]).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(decided))
    }

    /// Sheets of a questionnaire with the gender that each states; audit line `personal.read`.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database; then nothing was read and no line written.
    pub async fn survey_sheets(
        &self,
        purpose: Purpose<'_>,
        survey: &str,
    ) -> Result<Vec<SurveySheet>, StoreError> {
        let mut tx = self.begin("personal.read", purpose).await?;
        let sql = "SELECT id, survey_id, gender FROM survey_sheets WHERE survey_id = $1 ORDER BY id";
        let mut sheets = Vec::new();
        for row in tx.rows(sql, args![survey]).await? {
            let cells = row.of("survey_sheets", "id");
            sheets.push(SurveySheet {
                id: cells.text("id")?,
                survey_id: cells.text("survey_id")?,
                gender: cells.opt_word("gender", Gender::from_code)?,
                answers: Vec::new(),
            });
        }
        let sql = "SELECT a.sheet_id, a.question_id, a.score, a.words FROM survey_answers a \
                   JOIN survey_sheets s ON s.id = a.sheet_id JOIN survey_questions q ON q.id = a.question_id \
                   WHERE s.survey_id = $1 ORDER BY a.sheet_id, q.number";
        let mut answers = crate::db::ByKey::<Vec<_>>::new();
        for row in tx.rows(sql, args![survey]).await? {
            let cells = row.of("survey_answers", "sheet_id");
            answers.entry(cells.text("sheet_id")?).or_default().push(surveys::read_answer(&cells)?);
        }
        for sheet in &mut sheets {
            sheet.answers = answers.remove(&sheet.id).unwrap_or_default();
        }
        tx.commit().await?;
        Ok(sheets)
    }

    /// Removes what has been kept long enough, or (`dry`) only says how much that would be; audit line `purge` or
    /// `purge.try`.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database; then nothing was removed.
    pub async fn purge(
        &self,
        purpose: Purpose<'_>,
        rule: PurgeRule,
        dry: bool,
    ) -> Result<Purged, StoreError> {
        let mut tx = self.begin(if dry { "purge.try" } else { "purge" }, purpose).await?;
        // Counted by removing: what is tried is what would be done. A trial is undone, and its line written after it.
        // That somebody withdrew theirs holds on: a roster would bring them back.
        let due = "g.withdrawn_ms IS NULL AND COALESCE(g.changed_ms, 0) < $1 AND NOT EXISTS (SELECT 1 FROM same a JOIN same b ON b.root = a.root \
                   WHERE a.id = g.person_id AND (EXISTS (SELECT 1 FROM presence p WHERE p.person_id = b.id AND p.end_ms >= $1) \
                   OR EXISTS (SELECT 1 FROM signs s WHERE s.person_id = b.id AND s.from_ms >= $1) \
                   OR EXISTS (SELECT 1 FROM class_marks m WHERE m.person_id = b.id AND m.in_ms >= $1) \
                   OR EXISTS (SELECT 1 FROM class_people l JOIN class_sessions c ON c.id = l.session_id \
                   WHERE l.person_id = b.id AND l.removed_ms IS NULL AND c.cancelled_ms IS NULL AND c.start_ms >= $1)))";
        let sql = format!(
            "{SAME} SELECT COUNT(DISTINCT o.root) AS people FROM personal g JOIN same o ON o.id = g.person_id WHERE {due}"
        );
        let row = tx.row(AssertSqlSafe(sql), args![rule.answers_before_ms]).await?;
        let answers = row.map(|row| row.of("personal", "people").number("people")).transpose()?.unwrap_or(0);
        let sql = format!(
            "{SAME} DELETE FROM personal WHERE person_id IN (SELECT g.person_id FROM personal g WHERE {due})"
        );
        tx.run(AssertSqlSafe(sql), args![rule.answers_before_ms]).await?;
        let before = rule.attendance_before_ms;
        let presence = tx.run("DELETE FROM presence WHERE end_ms < $1", args![before]).await?;
        let mut signs = tx
            .run("DELETE FROM signs WHERE COALESCE(to_ms, from_ms) < $1 AND from_ms < $1", args![before])
            .await?;
        // A class session's sheet and results, each as a whole.
        for sql in [
            "DELETE FROM class_marks WHERE session_id IN (SELECT id FROM class_sessions WHERE end_ms < $1)",
            "DELETE FROM test_results WHERE session_id IN (SELECT id FROM class_sessions WHERE end_ms < $1)",
        ] {
            signs += tx.run(sql, args![before]).await?;
        }
        let requests = tx.run("DELETE FROM data_requests WHERE decided_ms < $1", args![before]).await?;
        // Sheets name nobody; what could still tell who wrote them goes with the answers.
        let due = format!("survey_id IN ({SURVEYS_BY_TIME} < $1)");
        let sql = format!(
            "SELECT COUNT(*) AS sheets FROM survey_sheets s WHERE {due} AND (s.gender IS NOT NULL OR EXISTS \
             (SELECT 1 FROM survey_answers a WHERE a.sheet_id = s.id AND a.words IS NOT NULL))"
        );
        let sheets = tx.row(AssertSqlSafe(sql), args![rule.answers_before_ms]).await?;
        let sheets = sheets.map(|row| row.of("survey_sheets", "sheets").number("sheets")).transpose()?;
        let of_due = format!("words IS NOT NULL AND sheet_id IN (SELECT id FROM survey_sheets WHERE {due})");
        for sql in [
            format!("DELETE FROM survey_answers WHERE score IS NULL AND {of_due}"),
            format!("UPDATE survey_answers SET words = NULL WHERE {of_due}"),
            format!("UPDATE survey_sheets SET gender = NULL WHERE gender IS NOT NULL AND {due}"),
        ] {
            tx.run(AssertSqlSafe(sql), args![rule.answers_before_ms]).await?;
        }
        let sql = "SELECT COUNT(*) AS recordings FROM recordings WHERE ended_ms < $1 AND removed_ms IS NULL";
        let recordings = tx.row(sql, args![rule.recordings_before_ms]).await?;
        let recordings =
            recordings.map(|row| row.of("recordings", "recordings").number("recordings")).transpose()?;
        if dry {
            tx.rollback().await?;
            self.begin("purge.try", purpose).await?.commit().await?;
        } else {
            tx.commit().await?;
        }
        Ok(Purged {
            answers,
            presence,
            signs,
            requests,
            sheets: sheets.unwrap_or(0),
            recordings: recordings.unwrap_or(0),
        })
    }

    /// A transaction that has checked the officer and holds the audit line.
    pub(crate) async fn begin(&self, what: &str, purpose: Purpose<'_>) -> Result<Tx, StoreError> {
        let mut tx = self.checked(self.db.write().await?).await?;
        self.note(&mut tx, what, purpose).await?;
        Ok(tx)
    }

    /// Begins to read much; [`OfficerView::end_long`] comes before anything of it goes out.
    pub(crate) async fn begin_long(&self) -> Result<Tx, StoreError> {
        self.checked(self.db.snapshot().await?).await
    }

    /// Ends such a reading with its audit line. On SQLite the line is a transaction of its own: one that read for a second
    /// and wrote at its end would hold up everybody's flags that long. What was read is dropped when the line cannot be
    /// written, or when the account is no officer any more.
    pub(crate) async fn end_long(
        &self,
        mut tx: Tx,
        what: &str,
        purpose: Purpose<'_>,
    ) -> Result<(), StoreError> {
        if self.db.is_single_writer() {
            tx.rollback().await?;
            tx = self.begin(what, purpose).await?;
        } else {
            self.note(&mut tx, what, purpose).await?;
        }
        tx.commit().await
    }

    /// The transaction, if the account is an enabled officer in it.
    async fn checked(&self, mut tx: Tx) -> Result<Tx, StoreError> {
        let sql = "SELECT id FROM accounts WHERE id = $1 AND role = 'officer' AND disabled = 0";
        if tx.row(sql, args![&self.account_id]).await?.is_none() {
            tx.rollback().await?;
            return Err(StoreError::NotOfficer { account_id: self.account_id.clone() });
        }
        Ok(tx)
    }

    async fn note(&self, tx: &mut Tx, what: &str, purpose: Purpose<'_>) -> Result<(), StoreError> {
        audit::write(tx, purpose.audit_id, purpose.at_ms, Some(&self.account_id), what, purpose.detail).await
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
                "SELECT {} FROM persons p WHERE p.id IN ({})",
                persons::columns_of("p"),
                marks(1, part.len())
            );
            for row in tx.rows(AssertSqlSafe(sql), texts(part)).await? {
                people.push(PersonalRow { person: persons::read(&row.of("persons", "id"))?, gender: None });
            }
        }
        // Rows that were found to be one person answer for each other, however often one was merged into the next; which
        // answers count says `FOREMOST`.
        let mut of_rows = crate::db::ByKey::new();
        for part in persons.chunks(LIST) {
            let sql = format!(
                "WITH RECURSIVE own (id, root) AS (SELECT id, id FROM persons WHERE id IN ({}) \
                 UNION SELECT p.id, o.root FROM persons p JOIN own o ON p.merged_into = o.id) \
                 SELECT o.root AS id, g.gender FROM own o JOIN personal g ON g.person_id = o.id ORDER BY {FOREMOST}",
                marks(1, part.len())
            );
            for row in tx.rows(AssertSqlSafe(sql), texts(part)).await? {
                let cells = row.of("personal", "id");
                let gender = cells.opt_word("gender", Gender::from_code)?;
                of_rows.entry(cells.text("id")?).or_insert(gender);
            }
        }
        for row in &mut people {
            row.gender = of_rows.get(&row.person.id).copied().flatten();
        }
        tx.commit().await?;
        people.sort_by(|a, b| a.person.staff_no.cmp(&b.person.staff_no));
        people.dedup_by(|a, b| a.person.id == b.person.id);
        Ok(people)
    }
}
