//! Questionnaires. A sheet names nobody: it is given for a token that is not noted to anybody, under a random id and without
//! a time. What its writer said of their gender is read by the officer alone, see [`crate::OfficerView::survey_sheets`].

use rampart_domain::records::Gender;

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, Tx, args};
use crate::error::StoreError;

/// A questionnaire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Id.
    pub id: String,
    /// Course.
    pub course_id: String,
    /// The session that it is about, or the whole course.
    pub session_id: Option<String>,
    /// Title.
    pub title: String,
    /// How many were handed out (發出數).
    pub handed_out: u32,
    /// Tokens that were made for it; what was handed out besides is paper.
    pub tokens: u32,
    /// Tokens that were used; what came back besides is paper.
    pub used: u32,
    /// Sheets that came back (回收數).
    pub returned: u32,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// When it was closed, ms UTC.
    pub closed_ms: Option<i64>,
}

/// Ids of questionnaires by when they are booked, as far as `WHERE moment`: what follows compares it. One of a whole course is
/// booked to its last session; one of a course without any, to when it was made.
pub(crate) const SURVEYS_BY_TIME: &str = "SELECT w.id FROM surveys w LEFT JOIN class_sessions c ON c.id = w.session_id \
     WHERE COALESCE(c.start_ms, (SELECT MAX(l.start_ms) FROM class_sessions l \
     WHERE l.course_id = w.course_id AND l.cancelled_ms IS NULL), w.created_ms)";

impl Survey {
    /// Handed out on paper.
    #[must_use]
    pub const fn papers(&self) -> u32 {
        self.handed_out.saturating_sub(self.tokens)
    }

    /// Came back on paper.
    #[must_use]
    pub const fn papers_back(&self) -> u32 {
        self.returned.saturating_sub(self.used)
    }
}

/// What became of a sheet on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperSheet {
    /// It was taken in.
    Taken,
    /// The questionnaire is not there, or closed.
    Closed,
    /// As many came back as went out.
    TooMany,
}

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// 1 (not at all) to 5 (very much).
    Scale,
    /// Words.
    Text,
}

impl QuestionKind {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scale => "scale",
            Self::Text => "text",
        }
    }
}

impl std::str::FromStr for QuestionKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Scale, Self::Text].into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Id.
    pub id: String,
    /// What it asks for.
    pub kind: QuestionKind,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// An answer of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyAnswer {
    /// Question.
    pub question_id: String,
    /// 1 to 5, of a scale.
    pub score: Option<u8>,
    /// Words, of a text.
    pub words: Option<String>,
}

/// A sheet with the gender that its writer stated; only the officer's view gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveySheet {
    /// Id; says nothing.
    pub id: String,
    /// Questionnaire.
    pub survey_id: String,
    /// As stated on the sheet; `None` when the box was left open.
    pub gender: Option<Gender>,
    /// Answers.
    pub answers: Vec<SurveyAnswer>,
}

/// Repository of questionnaires.
#[derive(Debug)]
pub struct Surveys<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

const SURVEY: &str = "SELECT s.*, (SELECT COUNT(*) FROM survey_tokens t WHERE t.survey_id = s.id) AS tokens, \
                      (SELECT COUNT(*) FROM survey_tokens t WHERE t.survey_id = s.id AND t.used = 1) AS used, \
                      (SELECT COUNT(*) FROM survey_sheets a WHERE a.survey_id = s.id) AS returned FROM surveys s";

fn read(cells: &Cells<'_>) -> Result<Survey, StoreError> {
    Ok(Survey {
        id: cells.text("id")?,
        course_id: cells.text("course_id")?,
        session_id: cells.opt_text("session_id")?,
        title: cells.text("title")?,
        handed_out: cells.number("handed_out")?,
        tokens: cells.number("tokens")?,
        used: cells.number("used")?,
        returned: cells.number("returned")?,
        created_ms: cells.int("created_ms")?,
        closed_ms: cells.opt_int("closed_ms")?,
    })
}

pub(crate) fn read_answer(cells: &Cells<'_>) -> Result<SurveyAnswer, StoreError> {
    let score = cells.opt_int("score")?.and_then(|score| u8::try_from(score).ok());
    Ok(SurveyAnswer { question_id: cells.text("question_id")?, score, words: cells.opt_text("words")? })
}

async fn write_sheet(
    tx: &mut Tx,
    survey: &str,
    sheet: &str,
    gender: Option<Gender>,
    answers: &[SurveyAnswer],
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO survey_sheets (id, survey_id, gender) VALUES ($1, $2, $3)",
        args![sheet, survey, gender.map(Gender::code)],
    )
    .await?;
    let mut values = Vec::with_capacity(answers.len() * 4);
    for answer in answers {
        let score = answer.score.map(i64::from);
        values.extend(args![sheet, &answer.question_id, score, &answer.words]);
    }
    let head = "INSERT INTO survey_answers (sheet_id, question_id, score, words)";
    tx.insert_many(head, 4, "", values).await?;
    Ok(())
}

impl Surveys<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    /// Makes a questionnaire with its questions, which never change afterwards.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of the course, or those of the database.
    pub async fn create(&self, new: &Survey, questions: &[Question], by: &str) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO surveys (id, course_id, session_id, title, handed_out, created_by, created_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![&new.id, &new.course_id, &new.session_id, &new.title, new.handed_out, by, new.created_ms],
        )
        .await?;
        let mut values = Vec::with_capacity(questions.len() * 6);
        for (number, question) in (1_u32..).zip(questions) {
            values.extend(args![
                &question.id,
                &new.id,
                number,
                question.kind.as_str(),
                &question.zh,
                &question.en
            ]);
        }
        let head = "INSERT INTO survey_questions (id, survey_id, number, kind, zh, en)";
        tx.insert_many(head, 6, "", values).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await
    }

    /// Adds tokens (SHA-256, 64 hexadecimal digits each) and counts them as handed out. False when the questionnaire is not
    /// there or closed.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`], or those of the database.
    pub async fn hand_out(&self, id: &str, hashes: &[String]) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let number = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
        let sql = "UPDATE surveys SET handed_out = handed_out + $2 WHERE id = $1 AND closed_ms IS NULL";
        if tx.run(sql, args![id, number]).await? == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        let mut values = Vec::with_capacity(hashes.len() * 3);
        for hash in hashes {
            values.extend(args![hash, id, 0_i64]);
        }
        tx.insert_many("INSERT INTO survey_tokens (hash, survey_id, used)", 3, "", values).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Sets how many were handed out on paper, besides the tokens. False when there is no such questionnaire, it is closed, or
    /// more came back on paper.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_papers(&self, id: &str, papers: u32) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE surveys SET handed_out = (SELECT COUNT(*) FROM survey_tokens t WHERE t.survey_id = $1) + $2 \
                   WHERE id = $1 AND closed_ms IS NULL AND $2 >= \
                   (SELECT COUNT(*) FROM survey_sheets a WHERE a.survey_id = $1) - \
                   (SELECT COUNT(*) FROM survey_tokens t WHERE t.survey_id = $1 AND t.used = 1)";
        let done = tx.run(sql, args![id, papers]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Takes in a sheet that came back on paper, under a random id. No more come back than went out.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn answer_on_paper(
        &self,
        survey: &str,
        sheet: &str,
        gender: Option<Gender>,
        answers: &[SurveyAnswer],
    ) -> Result<PaperSheet, StoreError> {
        let mut tx = self.db.write().await?;
        // The row is held, so that two sheets do not both take the last place.
        let sql = "UPDATE surveys SET handed_out = handed_out WHERE id = $1 AND closed_ms IS NULL";
        if tx.run(sql, args![survey]).await? == 0 {
            tx.rollback().await?;
            return Ok(PaperSheet::Closed);
        }
        let sql = sqlx::AssertSqlSafe(format!("{SURVEY} WHERE s.id = $1"));
        let row = tx.row(sql, args![survey]).await?;
        let known = row.map(|row| read(&row.of("surveys", "id"))).transpose()?;
        if known.is_none_or(|known| known.papers_back() >= known.papers()) {
            tx.rollback().await?;
            return Ok(PaperSheet::TooMany);
        }
        write_sheet(&mut tx, survey, sheet, gender, answers).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(PaperSheet::Taken)
    }

    /// Closes a questionnaire. False when there is none, or it is closed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn close(&self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE surveys SET closed_ms = $2 WHERE id = $1 AND closed_ms IS NULL";
        let done = tx.run(sql, args![id, at_ms]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Questionnaires of a course, in the order in which they were made.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of_course(&self, course: &str) -> Result<Vec<Survey>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SURVEY} WHERE s.course_id = $1 ORDER BY s.created_ms, s.id"));
        let rows = self.db.rows(sql, args![course]).await?;
        rows.iter().map(|row| read(&row.of("surveys", "id"))).collect()
    }

    /// The questionnaire of this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Survey>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SURVEY} WHERE s.id = $1"));
        let row = self.db.row(sql, args![id]).await?;
        row.map(|row| read(&row.of("surveys", "id"))).transpose()
    }

    /// The open questionnaire that a token is good for.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_token(&self, hash: &str) -> Result<Option<Survey>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{SURVEY} JOIN survey_tokens k ON k.survey_id = s.id \
             WHERE k.hash = $1 AND k.used = 0 AND s.closed_ms IS NULL"
        ));
        let row = self.db.row(sql, args![hash]).await?;
        row.map(|row| read(&row.of("surveys", "id"))).transpose()
    }

    /// Its questions, in order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn questions(&self, survey: &str) -> Result<Vec<Question>, StoreError> {
        let sql = "SELECT id, kind, zh, en FROM survey_questions WHERE survey_id = $1 ORDER BY number";
        let rows = self.db.rows(sql, args![survey]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("survey_questions", "id");
                Ok(Question {
                    id: cells.text("id")?,
                    kind: cells.word("kind")?,
                    zh: cells.text("zh")?,
                    en: cells.text("en")?,
                })
            })
            .collect()
    }

    /// Takes a sheet in and uses its token up, in one transaction. `sheet` is a random id. False when the token is unknown
    /// or used, or the questionnaire closed; then nothing is written.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn answer(
        &self,
        token_hash: &str,
        sheet: &str,
        gender: Option<Gender>,
        answers: &[SurveyAnswer],
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE survey_tokens SET used = 1 WHERE hash = $1 AND used = 0 \
                   AND survey_id IN (SELECT id FROM surveys WHERE closed_ms IS NULL) RETURNING survey_id, hash";
        let Some(row) = tx.row(sql, args![token_hash]).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        let survey = row.of("survey_tokens", "hash").text("survey_id")?;
        write_sheet(&mut tx, &survey, sheet, gender, answers).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Answers of all sheets without what any of them says of its writer, ordered by question and answer, so that no sheet
    /// can be put together from them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn answers(&self, survey: &str) -> Result<Vec<SurveyAnswer>, StoreError> {
        let sql = "SELECT a.question_id, a.score, a.words FROM survey_answers a \
                   JOIN survey_sheets s ON s.id = a.sheet_id WHERE s.survey_id = $1 \
                   ORDER BY a.question_id, a.score, a.words";
        let rows = self.db.rows(sql, args![survey]).await?;
        rows.iter().map(|row| read_answer(&row.of("survey_answers", "question_id"))).collect()
    }
}
