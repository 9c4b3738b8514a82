//! Courses: what is taught and when, who is what at it, who signed in, and who qualifies.

mod certificates;
mod entered;
mod own;
mod sheet;
mod sign;
mod surveys;

pub use certificates::{Checked, PersonStanding};
pub use entered::{EnteredSheet, TakenBack};
pub use own::{OWN_VISIT_MS, OwnCourse, OwnRecord};
pub use sheet::{ClassRow, ClassSheet};
pub use sign::{SIGN_AROUND_MS, SignedFor, Signing, SigningError};
pub use surveys::{PRINTED_MAX, SurveyQuestion};

use rampart_domain::records::course::{COUNTIES, LATE_MINUTES, PASS_MARK, Standing, TestKind};
use rampart_store::{
    ClassSession, Course, CourseAbout, MaterialBody, NewClassSession, SessionsOf, StoreError, TestResult,
};

use crate::clock::new_id;
use crate::records::roster::is_odd;
use crate::{App, AppError};

const PASS: &str = "course.pass_mark";
const LATE: &str = "course.late_minutes";
/// Longest text of one line.
const LINE_MAX: usize = 120;
/// Longest reason.
const REASON_MAX: usize = 200;
/// Half-days of one session at most.
pub const HALVES_MAX: usize = 20;
/// Longest course, minutes.
const MINUTES_MAX: u32 = 400 * 60;
/// Most minutes that somebody may come late.
const LATE_MAX: u16 = 120;
/// Longest file of a course, bytes.
pub const MATERIAL_MAX: usize = 5 << 20;
/// Files and links of a course at most.
const MATERIALS_MAX: usize = 50;
/// People entered at once.
const ENTER_MAX: usize = 2_000;

/// Why something about a course was not done.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// A field is not right: its name, a code, and what it is about.
    #[error("{field}: {code} {about}")]
    Field {
        /// Field of the form.
        field: &'static str,
        /// Code of the text.
        code: &'static str,
        /// What was typed, or a number of the rule; may be empty.
        about: String,
    },
    /// Nothing there.
    #[error("nothing there")]
    Missing,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for CourseError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate { what } if what.ends_with(".code") => Self::field("code", "code_used"),
            StoreError::Duplicate { what } if what.ends_with(".exercise_id") => {
                Self::field("exercise", "exercise_has_course")
            }
            other => Self::App(other.into()),
        }
    }
}

impl CourseError {
    fn field(field: &'static str, code: &'static str) -> Self {
        Self::Field { field, code, about: String::new() }
    }

    fn about(field: &'static str, code: &'static str, about: impl ToString) -> Self {
        Self::Field { field, code, about: about.to_string() }
    }
}

/// One line of text, without what cannot be seen.
fn line(field: &'static str, typed: &str, required: bool, max: usize) -> Result<String, CourseError> {
    let text = typed.trim();
    if required && text.is_empty() {
        return Err(CourseError::field(field, "required"));
    }
    if text.chars().count() > max {
        return Err(CourseError::about(field, "too_long", max));
    }
    if text.chars().any(is_odd) {
        return Err(CourseError::field(field, "text_odd"));
    }
    Ok(text.to_owned())
}

fn reason(typed: &str) -> Result<String, CourseError> {
    if typed.trim().is_empty() {
        return Err(CourseError::field("reason", "reason_required"));
    }
    line("reason", typed, true, REASON_MAX)
}

/// A code: letters, digits and dashes, so that it may stand in a file's name.
fn code(typed: &str) -> Result<String, CourseError> {
    let code = line("code", typed, true, 40)?;
    if code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        Ok(code)
    } else {
        Err(CourseError::field("code", "code_form"))
    }
}

fn checked(about: &CourseAbout) -> Result<CourseAbout, CourseError> {
    let about = CourseAbout {
        code: code(&about.code)?,
        title: line("title", &about.title, true, LINE_MAX)?,
        speciality: line("speciality", &about.speciality, false, LINE_MAX)?,
        category: line("category", &about.category, true, 40)?,
        ..about.clone()
    };
    if about.minutes == 0 || about.minutes > MINUTES_MAX {
        return Err(CourseError::about("hours", "hours_range", MINUTES_MAX / 60));
    }
    if about.digital_minutes > about.minutes {
        return Err(CourseError::field("digital", "digital_range"));
    }
    if about.pass_mark > 100 {
        return Err(CourseError::field("pass_mark", "score_range"));
    }
    if !COUNTIES.iter().any(|(code, _)| *code == about.county) {
        return Err(CourseError::field("county", "choice"));
    }
    Ok(about)
}

impl App {
    /// Pass mark and tolerance in minutes that new courses and sessions begin with.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn course_defaults(&self) -> Result<(u8, u16), AppError> {
        let settings = self.store.settings();
        let pass = settings.get(PASS).await?.and_then(|value| value.parse().ok()).unwrap_or(PASS_MARK);
        let late = settings.get(LATE).await?.and_then(|value| value.parse().ok()).unwrap_or(LATE_MINUTES);
        Ok((pass, late))
    }

    /// Sets them; what exists keeps its own.
    ///
    /// # Errors
    /// [`CourseError::Field`] out of range.
    pub async fn set_course_defaults(&self, pass: u8, late: u16, by: &str) -> Result<(), CourseError> {
        if pass > 100 {
            return Err(CourseError::field("pass_mark", "score_range"));
        }
        if late > LATE_MAX {
            return Err(CourseError::about("late", "late_range", LATE_MAX));
        }
        self.intend(Some(by), "course.defaults", &format!("pass_mark={pass} late_minutes={late}")).await?;
        self.store.settings().set(PASS, &pass.to_string()).await?;
        self.store.settings().set(LATE, &late.to_string()).await?;
        Ok(())
    }

    /// Makes a course, or changes one; gives its id.
    ///
    /// # Errors
    /// See [`CourseError`]; nothing is written then.
    pub async fn save_course(
        &self,
        id: Option<&str>,
        about: &CourseAbout,
        by: &str,
    ) -> Result<String, CourseError> {
        let about = checked(about)?;
        if let Some(id) = id {
            let line = self.line(Some(by), "course.edit", format!("course={id}"));
            let done = self.store.courses().noting(line).edit(id, &about).await?;
            return if done { Ok(id.to_owned()) } else { Err(CourseError::Missing) };
        }
        let id = new_id();
        let line = self.line(Some(by), "course.make", format!("course={id}"));
        self.store.courses().noting(line).create(&id, &about, by, self.now_ms()).await?;
        Ok(id)
    }

    /// Puts a course away, or takes it out again.
    ///
    /// # Errors
    /// See [`CourseError`].
    pub async fn put_course_away(&self, id: &str, away: bool, by: &str) -> Result<(), CourseError> {
        let what = if away { "course.away" } else { "course.back" };
        let line = self.line(Some(by), what, format!("course={id}"));
        let at_ms = away.then(|| self.now_ms());
        let done = self.store.courses().noting(line).put_away(id, at_ms).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// A course.
    ///
    /// # Errors
    /// [`CourseError::Missing`], or when the store fails.
    pub async fn course(&self, id: &str) -> Result<Course, CourseError> {
        self.store.courses().by_id(id).await?.ok_or(CourseError::Missing)
    }

    /// A session of a course.
    ///
    /// # Errors
    /// [`CourseError::Missing`] also when it is another course's.
    pub async fn class_session(&self, course: &str, id: &str) -> Result<ClassSession, CourseError> {
        let session = self.store.courses().session(id).await?;
        session.filter(|session| session.course_id == course).ok_or(CourseError::Missing)
    }

    /// Makes a session (with an empty id) or changes one; gives its id.
    ///
    /// # Errors
    /// See [`CourseError`]; nothing is written then.
    pub async fn save_class_session(&self, new: &NewClassSession, by: &str) -> Result<String, CourseError> {
        let mut new = NewClassSession {
            code: code(&new.code)?,
            place: line("place", &new.place, true, LINE_MAX)?,
            ..new.clone()
        };
        if new.late_minutes > LATE_MAX {
            return Err(CourseError::about("late", "late_range", LATE_MAX));
        }
        if new.halves.is_empty() {
            return Err(CourseError::field("halves", "halves_none"));
        }
        if new.halves.len() > HALVES_MAX {
            return Err(CourseError::about("halves", "halves_many", HALVES_MAX));
        }
        new.halves.sort_unstable();
        if new.halves.iter().any(|(start, end)| end <= start) {
            return Err(CourseError::field("halves", "ends_before_start"));
        }
        if new.halves.windows(2).any(|pair| matches!(pair, [one, next] if next.0 < one.1)) {
            return Err(CourseError::field("halves", "halves_overlap"));
        }
        if let Some(exercise) = &new.exercise_id
            && self.store.exercises().by_id(exercise).await?.is_none()
        {
            return Err(CourseError::field("exercise", "choice"));
        }
        self.course(&new.course_id).await?;
        if new.id.is_empty() {
            new.id = new_id();
            let detail = format!("course={} session={}", new.course_id, new.id);
            let line = self.line(Some(by), "course.session", detail);
            self.store.courses().noting(line).add_session(&new, by, self.now_ms()).await?;
        } else {
            self.class_session(&new.course_id, &new.id).await?;
            let detail = format!("course={} session={}", new.course_id, new.id);
            let line = self.line(Some(by), "course.session_edit", detail);
            if !self.store.courses().noting(line).edit_session(&new).await? {
                return Err(CourseError::Missing);
            }
        }
        Ok(new.id)
    }

    /// Calls a session off.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a reason.
    pub async fn cancel_class_session(
        &self,
        course: &str,
        id: &str,
        why: &str,
        by: &str,
    ) -> Result<(), CourseError> {
        let why = reason(why)?;
        self.class_session(course, id).await?;
        let line = self.line(Some(by), "course.session_cancel", format!("course={course} session={id}"));
        let done = self.store.courses().noting(line).cancel_session(id, &why, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// Enters people at a session: one a line, by staff number or, where it names one person only, by name. All or none.
    /// Answers how many were new.
    ///
    /// # Errors
    /// [`CourseError::Field`] names the first line that is nobody or several people.
    pub async fn enter_people(
        &self,
        course: &str,
        session: &str,
        standing: Standing,
        typed: &str,
        by: &str,
    ) -> Result<u64, CourseError> {
        self.class_session(course, session).await?;
        let lines: Vec<String> =
            typed.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return Err(CourseError::field("people", "required"));
        }
        if lines.len() > ENTER_MAX {
            return Err(CourseError::about("people", "people_many", ENTER_MAX));
        }
        let persons = self.store.persons();
        let numbered = persons.by_numbers(&lines).await?;
        let named = persons.named(&lines).await?;
        let mut rows = Vec::with_capacity(lines.len());
        for line in &lines {
            let by_number =
                numbered.iter().find(|person| person.staff_no == *line && person.removed_ms.is_none());
            let mut of_name = named.iter().filter(|person| person.name == *line);
            let person = match (by_number, of_name.next(), of_name.next()) {
                (Some(person), ..) | (None, Some(person), None) => person,
                (None, Some(_), Some(_)) => {
                    return Err(CourseError::about("people", "name_of_several", line));
                }
                (None, None, _) => return Err(CourseError::about("people", "nobody_of", line)),
            };
            rows.push((new_id(), person.merged_into.clone().unwrap_or_else(|| person.id.clone())));
        }
        let detail = format!("session={session} role={} n={}", standing.code(), rows.len());
        let line = self.line(Some(by), "course.enter", detail);
        Ok(self.store.courses().noting(line).enter(session, standing, &rows, by, self.now_ms()).await?)
    }

    /// Takes somebody off a session.
    ///
    /// # Errors
    /// [`CourseError::Field`] without a reason; [`CourseError::Missing`] when the row is not this session's.
    pub async fn take_off_session(
        &self,
        course: &str,
        session: &str,
        row: &str,
        why: &str,
        by: &str,
    ) -> Result<(), CourseError> {
        let why = reason(why)?;
        self.class_session(course, session).await?;
        if !self.store.courses().people(session).await?.iter().any(|person| person.id == row) {
            return Err(CourseError::Missing);
        }
        let line = self.line(Some(by), "course.take_off", format!("session={session} row={row}"));
        let done = self.store.courses().noting(line).take_off(row, by, &why, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// Enters test results of a session, all or none: person, which test, points. Those that stand need a reason to be
    /// replaced; the same points again are left. Answers how many were written.
    ///
    /// # Errors
    /// [`CourseError::Field`] out of range or without a reason; [`CourseError::Missing`] for who is not at the session.
    pub async fn set_test_results(
        &self,
        course: &str,
        session: &str,
        new: &[(String, TestKind, u8)],
        why: &str,
        by: &str,
    ) -> Result<u64, CourseError> {
        let sheet = self.class_sheet(course, session).await?;
        let now_ms = self.now_ms();
        let mut replaces = false;
        let mut results = Vec::with_capacity(new.len());
        for (person, kind, score) in new {
            let row = sheet.rows.iter().find(|row| row.person.id == *person).ok_or(CourseError::Missing)?;
            let stands = if *kind == TestKind::Pre { row.pre } else { row.post };
            if stands == Some(*score) {
                continue;
            }
            if *score > 100 {
                return Err(CourseError::field("score", "score_range"));
            }
            replaces |= stands.is_some();
            results.push(TestResult {
                id: new_id(),
                session_id: session.to_owned(),
                person_id: person.clone(),
                kind: *kind,
                score: *score,
                by_account: by.to_owned(),
                at_ms: now_ms,
                removed_ms: None,
                removed_reason: None,
            });
        }
        let why = if replaces { reason(why)? } else { String::new() };
        if results.is_empty() {
            return Ok(0);
        }
        let line = self.line(Some(by), "course.score", format!("session={session} n={}", results.len()));
        Ok(self.store.class_marks().noting(line).set_results(session, &results, &why).await?)
    }

    /// Adds a file or a link to a course; gives its id.
    ///
    /// # Errors
    /// [`CourseError::Field`] for a link that is none, or a file that is too large.
    pub async fn add_material(
        &self,
        course: &str,
        name: &str,
        body: &MaterialBody,
        by: &str,
    ) -> Result<String, CourseError> {
        self.course(course).await?;
        let field = if matches!(body, MaterialBody::Link(_)) { "link" } else { "file" };
        let name = line(field, name, true, LINE_MAX)?;
        match body {
            MaterialBody::Link(link) if !link.starts_with("https://") && !link.starts_with("http://") => {
                return Err(CourseError::field("link", "link_form"));
            }
            MaterialBody::Link(link) => drop(crate::courses::line("link", link, true, 500)?),
            MaterialBody::File(bytes) if bytes.is_empty() => {
                return Err(CourseError::field("file", "required"));
            }
            MaterialBody::File(bytes) if bytes.len() > MATERIAL_MAX => {
                return Err(CourseError::about("file", "material_large", MATERIAL_MAX >> 20));
            }
            MaterialBody::File(_) => {}
        }
        if self.store.courses().materials(course).await?.len() >= MATERIALS_MAX {
            return Err(CourseError::about(field, "materials_many", MATERIALS_MAX));
        }
        let id = new_id();
        let note = self.line(Some(by), "course.material", format!("course={course} material={id}"));
        self.store.courses().noting(note).add_material(&id, course, &name, body, by, self.now_ms()).await?;
        Ok(id)
    }

    /// Takes a material away.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when it is not this course's.
    pub async fn remove_material(&self, course: &str, id: &str, by: &str) -> Result<(), CourseError> {
        let note = self.line(Some(by), "course.material_remove", format!("course={course} material={id}"));
        let done = self.store.courses().noting(note).remove_material(course, id, self.now_ms()).await?;
        if done { Ok(()) } else { Err(CourseError::Missing) }
    }

    /// Sessions of a course that stand.
    pub(crate) async fn standing_sessions(&self, course: &str) -> Result<Vec<ClassSession>, AppError> {
        let sessions = self.store.courses().sessions(SessionsOf::Course(course)).await?;
        Ok(sessions.into_iter().filter(|session| session.cancelled_ms.is_none()).collect())
    }
}
