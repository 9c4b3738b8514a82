//! Questionnaires. A sheet names nobody: it is given for a token that is not noted to anybody, under a random id and without
//! a time. What its writer said of their gender is read by the officer alone, see [`crate::OfficerView::survey_sheets`].

use rampart_domain::records::Gender;

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, args};
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
    /// Tokens that were made for it.
    pub tokens: u32,
    /// Sheets that came back (回收數).
    pub returned: u32,
    /// When it was made, ms UTC.
    pub created_ms: i64,
    /// When it was closed, ms UTC.
    pub closed_ms: Option<i64>,
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
                      (SELECT COUNT(*) FROM survey_sheets a WHERE a.survey_id = s.id) AS returned FROM surveys s";

fn read(cells: &Cells<'_>) -> Result<Survey, StoreError> {
    Ok(Survey {
        id: cells.text("id")?,
        course_id: cells.text("course_id")?,
        session_id: cells.opt_text("session_id")?,
        title: cells.text("title")?,
        handed_out: cells.number("handed_out")?,
        tokens: cells.number("tokens")?,
        returned: cells.number("returned")?,
        created_ms: cells.int("created_ms")?,
        closed_ms: cells.opt_int("closed_ms")?,
    })
}

pub(crate) fn read_answer(cells: &Cells<'_>) -> Result<SurveyAnswer, StoreError> {
    let score = cells.opt_int("score")?.and_then(|score| u8::try_from(score).ok());
    Ok(SurveyAnswer { question_id: cells.text("question_id")?, score, words: cells.opt_text("words")? })
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

    /// Sets how many were handed out, where paper went out besides. False when there is no such questionnaire.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_handed_out(&self, id: &str, handed_out: u32) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let sql = "UPDATE surveys SET handed_out = $2 WHERE id = $1";
        let done = tx.run(sql, args![id, handed_out]).await? > 0;
        if done {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(done)
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
