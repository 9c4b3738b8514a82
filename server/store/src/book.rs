//! A year's personal records in bulk, for the tables: one query for each kind, in the officer's transaction that writes the
//! audit line.

use rampart_domain::records::Standing;
use rampart_domain::records::facts::DutyClass;
use rampart_domain::records::{
    Age, Answers, Area, Disability, Gender, HomeArea, Identity, Indigenous, Level,
};

use crate::answers::FOREMOST;
use crate::db::{ByKey, args};
use crate::error::StoreError;
use crate::ids::{Id, Ids};
use crate::officer::{OfficerView, Purpose};
use crate::persons::shown_number;
use crate::surveys::{SURVEYS_BY_TIME, SurveyAnswer, SurveySheet, read_answer};

/// A row of the register with what its agency says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// Id.
    pub id: String,
    /// The row that this one was found to be.
    pub merged_into: Option<String>,
    /// Name.
    pub name: String,
    /// Staff number, or empty.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Grade or title, or empty.
    pub grade: String,
    /// Identity.
    pub identity: Option<Identity>,
    /// Duty.
    pub duty: Option<DutyClass>,
    /// Taken off the register.
    pub removed: bool,
    /// Level of the agency, where it is on the list.
    pub level: Option<Level>,
    /// Where the agency lies.
    pub area: Option<Area>,
    /// County of the agency, or empty.
    pub county: String,
}

/// A questionnaire with its questions that are answered by 1 to 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyRow {
    /// Id.
    pub id: String,
    /// Title of the course.
    pub course: String,
    /// Its own title.
    pub title: String,
    /// How many were handed out.
    pub handed_out: i64,
    /// Id and text in Chinese, in order.
    pub questions: Vec<(String, String)>,
}

/// A person at a class session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// Session.
    pub session_id: Id,
    /// Row of the register.
    pub person_id: Id,
    /// As what.
    pub standing: Standing,
    /// Taken off.
    pub removed: bool,
}

/// What only the officer reads of a year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct YearRows {
    /// The register.
    pub register: Vec<RegisterRow>,
    /// Answers by row of the register. Of several rows of one person those count that come first here, and as a whole.
    pub answers: Vec<(String, Answers)>,
    /// Exercise and person of everyone who has or had a seat.
    pub seats: Vec<(Id, Id)>,
    /// Exercise, person, from, to: when seats were in use, ms UTC.
    pub presence: Vec<(Id, Id, i64, i64)>,
    /// Exercise, person, from, to: lines of sign-in sheets that stand, ms UTC.
    pub signs: Vec<(Id, Id, i64, Option<i64>)>,
    /// People at class sessions that began before the end of the time.
    pub listed: Vec<ListedRow>,
    /// Class session, person, in, out: marks of these sessions that stand, ms UTC.
    pub marks: Vec<(Id, Id, i64, Option<i64>)>,
    /// Class session, person, points: results of these sessions' last tests that stand, in the order of time.
    pub scores: Vec<(Id, Id, u8)>,
    /// Questionnaires of sessions of the time, and of courses whose last session is of the time.
    pub surveys: Vec<SurveyRow>,
    /// Their sheets.
    pub sheets: Vec<SurveySheet>,
}

const OF: &str = "FROM survey_sheets s JOIN surveys v ON v.id = s.survey_id";
/// Questionnaires of `[$1, $2)`.
fn within() -> String {
    format!("v.id IN ({SURVEYS_BY_TIME} BETWEEN $1 AND $2 - 1)")
}

impl OfficerView<'_> {
    /// The register, everyone's answers, and the sheets of questionnaires of `[from_ms, to_ms)`. Audit line `personal.read`,
    /// or `personal.export` for a file that leaves the office.
    ///
    /// # Errors
    /// [`StoreError::NotOfficer`], or those of the database; then nothing is given out and no line written.
    pub async fn year(
        &self,
        purpose: Purpose<'_>,
        leaves: bool,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<YearRows, StoreError> {
        let mut tx = self.begin_long().await?;
        let mut all = YearRows::default();
        let mut ids = Ids::default();
        let sql = "SELECT p.id, p.merged_into, p.name, p.staff_no, p.agency, p.grade, p.identity, p.duty, p.removed_ms, \
                   a.level, a.area, a.county FROM persons p \
                   LEFT JOIN agencies a ON a.name = p.agency AND a.removed_ms IS NULL";
        tx.each(sql, args![], |row| {
            let cells = row.of("persons", "id");
            all.register.push(RegisterRow {
                id: cells.text("id")?,
                merged_into: cells.opt_text("merged_into")?,
                name: cells.text("name")?,
                staff_no: shown_number(cells.text("staff_no")?),
                agency: cells.text("agency")?,
                grade: cells.text("grade")?,
                identity: cells.opt_word("identity", Identity::from_code)?,
                duty: cells.opt_word("duty", DutyClass::from_code)?,
                removed: cells.opt_int("removed_ms")?.is_some(),
                level: cells.opt_word("level", Level::from_code)?,
                area: cells.opt_word("area", Area::from_code)?,
                county: cells.opt_text("county")?.unwrap_or_default(),
            });
            Ok(())
        })
        .await?;
        let sql = format!(
            "SELECT g.person_id, g.gender, g.age, g.area, g.indigenous, g.disability FROM personal g ORDER BY {FOREMOST}"
        );
        tx.each(sqlx::AssertSqlSafe(sql), args![], |row| {
            let cells = row.of("personal", "person_id");
            let answers = Answers {
                gender: cells.opt_word("gender", Gender::from_code)?,
                age: cells.opt_word("age", Age::from_code)?,
                area: cells.opt_word("area", HomeArea::from_code)?,
                indigenous: cells.opt_word("indigenous", Indigenous::from_code)?,
                disability: cells.opt_word("disability", Disability::from_code)?,
            };
            all.answers.push((cells.text("person_id")?, answers));
            Ok(())
        })
        .await?;
        tx.each("SELECT id, exercise_id, person_id FROM seats", args![], |row| {
            let cells = row.of("seats", "id");
            all.seats.push((ids.of(cells.text("exercise_id")?), ids.of(cells.text("person_id")?)));
            Ok(())
        })
        .await?;
        let sql = "SELECT id, exercise_id, person_id, start_ms, end_ms FROM presence";
        tx.each(sql, args![], |row| {
            let cells = row.of("presence", "id");
            let (start_ms, end_ms) = (cells.int("start_ms")?, cells.int("end_ms")?);
            all.presence.push((
                ids.of(cells.text("exercise_id")?),
                ids.of(cells.text("person_id")?),
                start_ms,
                end_ms,
            ));
            Ok(())
        })
        .await?;
        let sql = "SELECT id, exercise_id, person_id, from_ms, to_ms FROM signs WHERE removed_ms IS NULL";
        tx.each(sql, args![], |row| {
            let cells = row.of("signs", "id");
            let (from_ms, to_ms) = (cells.int("from_ms")?, cells.opt_int("to_ms")?);
            all.signs.push((
                ids.of(cells.text("exercise_id")?),
                ids.of(cells.text("person_id")?),
                from_ms,
                to_ms,
            ));
            Ok(())
        })
        .await?;
        const OF_SESSIONS: &str = "JOIN class_sessions s ON s.id = r.session_id WHERE s.start_ms < $1";
        let sql = format!(
            "SELECT r.id, r.session_id, r.person_id, r.role, r.removed_ms FROM class_people r {OF_SESSIONS}"
        );
        tx.each(sqlx::AssertSqlSafe(sql), args![to_ms], |row| {
            let cells = row.of("class_people", "id");
            all.listed.push(ListedRow {
                session_id: ids.of(cells.text("session_id")?),
                person_id: ids.of(cells.text("person_id")?),
                standing: cells.word("role")?,
                removed: cells.opt_int("removed_ms")?.is_some(),
            });
            Ok(())
        })
        .await?;
        let sql = format!(
            "SELECT r.id, r.session_id, r.person_id, r.in_ms, r.out_ms FROM class_marks r {OF_SESSIONS} \
             AND r.removed_ms IS NULL"
        );
        tx.each(sqlx::AssertSqlSafe(sql), args![to_ms], |row| {
            let cells = row.of("class_marks", "id");
            let (in_ms, out_ms) = (cells.int("in_ms")?, cells.opt_int("out_ms")?);
            all.marks.push((
                ids.of(cells.text("session_id")?),
                ids.of(cells.text("person_id")?),
                in_ms,
                out_ms,
            ));
            Ok(())
        })
        .await?;
        let sql = format!(
            "SELECT r.id, r.session_id, r.person_id, r.score FROM test_results r {OF_SESSIONS} \
             AND r.removed_ms IS NULL AND r.kind = 'post' ORDER BY r.at_ms, r.id"
        );
        tx.each(sqlx::AssertSqlSafe(sql), args![to_ms], |row| {
            let cells = row.of("test_results", "id");
            let score = u8::try_from(cells.int("score")?).unwrap_or(u8::MAX);
            all.scores.push((ids.of(cells.text("session_id")?), ids.of(cells.text("person_id")?), score));
            Ok(())
        })
        .await?;
        let within = within();
        let sql = format!(
            "SELECT a.sheet_id, a.question_id, a.score, a.words {OF} JOIN survey_answers a ON a.sheet_id = s.id \
             WHERE a.score IS NOT NULL AND {within} ORDER BY a.sheet_id, a.question_id"
        );
        let mut answers: ByKey<Vec<SurveyAnswer>> = ByKey::new();
        for row in tx.rows(sqlx::AssertSqlSafe(sql), args![from_ms, to_ms]).await? {
            let cells = row.of("survey_answers", "sheet_id");
            answers.entry(cells.text("sheet_id")?).or_default().push(read_answer(&cells)?);
        }
        let sql = format!("SELECT s.id, s.survey_id, s.gender {OF} WHERE {within} ORDER BY s.id");
        for row in tx.rows(sqlx::AssertSqlSafe(sql), args![from_ms, to_ms]).await? {
            let cells = row.of("survey_sheets", "id");
            let id = cells.text("id")?;
            all.sheets.push(SurveySheet {
                survey_id: cells.text("survey_id")?,
                gender: cells.opt_word("gender", Gender::from_code)?,
                answers: answers.remove(&id).unwrap_or_default(),
                id,
            });
        }
        let sql = format!(
            "SELECT v.id, v.title, v.handed_out, k.title AS course FROM surveys v JOIN courses k ON k.id = v.course_id \
             WHERE {within} ORDER BY v.created_ms, v.id"
        );
        for row in tx.rows(sqlx::AssertSqlSafe(sql), args![from_ms, to_ms]).await? {
            let cells = row.of("surveys", "id");
            all.surveys.push(SurveyRow {
                id: cells.text("id")?,
                course: cells.text("course")?,
                title: cells.text("title")?,
                handed_out: cells.int("handed_out")?,
                questions: Vec::new(),
            });
        }
        let mut questions: ByKey<Vec<(String, String)>> = ByKey::new();
        let sql =
            "SELECT id, survey_id, zh FROM survey_questions WHERE kind = 'scale' ORDER BY survey_id, number";
        for row in tx.rows(sql, args![]).await? {
            let cells = row.of("survey_questions", "id");
            questions
                .entry(cells.text("survey_id")?)
                .or_default()
                .push((cells.text("id")?, cells.text("zh")?));
        }
        for survey in &mut all.surveys {
            survey.questions = questions.remove(&survey.id).unwrap_or_default();
        }
        self.end_long(tx, if leaves { "personal.export" } else { "personal.read" }, purpose).await?;
        Ok(all)
    }
}
