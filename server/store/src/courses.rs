//! Courses, their sessions, who is what at a session, and materials.

use rampart_domain::records::course::{Aspect, Measure, Standing};

use crate::audit::{self, AuditLine};
use crate::db::{Cells, Db, Tx, Value, args};
use crate::error::StoreError;

/// A course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Id.
    pub id: String,
    /// What it says of itself.
    pub about: CourseAbout,
    /// Account that made it.
    pub created_by: String,
    /// When, ms UTC.
    pub created_ms: i64,
    /// When it was put away, ms UTC. Its sessions, hours and certificates stay.
    pub removed_ms: Option<i64>,
}

/// What an instructor says of a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseAbout {
    /// Code, unique.
    pub code: String,
    /// Title.
    pub title: String,
    /// 策略面, 管理面, 技術面.
    pub aspect: Aspect,
    /// 數位鑑識, 網路攻防, or in other words; empty where nobody said.
    pub speciality: String,
    /// The portal's category: `522`, `523`, or free text.
    pub category: String,
    /// Its hours, in minutes.
    pub minutes: u32,
    /// How many of these are digital.
    pub digital_minutes: u32,
    /// Whether it ends with a test.
    pub tested: bool,
    /// Points that pass the test, 0-100.
    pub pass_mark: u8,
    /// 業務相關.
    pub work_related: bool,
    /// Encouraging measures, in the order of the list.
    pub measures: Vec<Measure>,
    /// The portal's code of the county (上課縣市).
    pub county: String,
}

/// A session of a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassSession {
    /// Id.
    pub id: String,
    /// Course.
    pub course_id: String,
    /// Code, unique, such as `S115-01`.
    pub code: String,
    /// Class number (期別), from 1.
    pub class_no: u32,
    /// Where.
    pub place: String,
    /// First start of its half-days, ms UTC.
    pub start_ms: i64,
    /// Last end of its half-days, ms UTC.
    pub end_ms: i64,
    /// Half-days, in order: start and end, ms UTC.
    pub halves: Vec<(i64, i64)>,
    /// Minutes that somebody may come late or leave early.
    pub late_minutes: u16,
    /// The exercise that is this session, if one is. Its people, seats and sheet count by the exercise's own rule.
    pub exercise_id: Option<String>,
    /// When it was called off, ms UTC. It counts nowhere then.
    pub cancelled_ms: Option<i64>,
    /// Why.
    pub cancelled_reason: Option<String>,
}

impl ClassSession {
    /// Length of all half-days, whole seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.halves.iter().map(|(start, end)| (end - start) / 1000).sum()
    }
}

/// A session to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClassSession {
    /// Id.
    pub id: String,
    /// Course.
    pub course_id: String,
    /// Code.
    pub code: String,
    /// Class number.
    pub class_no: u32,
    /// Where.
    pub place: String,
    /// Half-days in order, at least one: start and end, ms UTC.
    pub halves: Vec<(i64, i64)>,
    /// Minutes that somebody may come late or leave early.
    pub late_minutes: u16,
    /// The exercise that is this session.
    pub exercise_id: Option<String>,
}

/// A person at a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassPerson {
    /// Id of this row.
    pub id: String,
    /// Session.
    pub session_id: String,
    /// Person: the row of the register that was entered; see [`crate::Same`].
    pub person_id: String,
    /// As what.
    pub standing: Standing,
    /// True when a sign-in code was made for their slip.
    pub has_code: bool,
    /// When they were entered, ms UTC.
    pub at_ms: i64,
    /// When they were taken off, ms UTC.
    pub removed_ms: Option<i64>,
    /// Why.
    pub removed_reason: Option<String>,
}

/// A material of a course, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// Id.
    pub id: String,
    /// Course.
    pub course_id: String,
    /// Name of the file or the link.
    pub name: String,
    /// Where it leads; `None` for a file.
    pub link: Option<String>,
    /// Bytes of the file; 0 for a link.
    pub size: u64,
    /// When it was added, ms UTC.
    pub at_ms: i64,
}

/// What a material is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaterialBody {
    /// A link.
    Link(String),
    /// A file.
    File(Vec<u8>),
}

/// Which sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsOf<'s> {
    /// Of a course.
    Course(&'s str),
    /// Those that begin in `[from, to)`, ms UTC.
    Between(i64, i64),
    /// One by id.
    Id(&'s str),
    /// The one that is this exercise.
    Exercise(&'s str),
    /// Those at which a person is or was something.
    Person(&'s str),
}

/// Repository of courses and their sessions.
#[derive(Debug)]
pub struct Courses<'s> {
    pub(crate) db: &'s Db,
    /// Audit line of what is done next.
    pub(crate) note: Option<AuditLine>,
}

fn read_course(cells: &Cells<'_>) -> Result<Course, StoreError> {
    let measures = cells.text("measures")?;
    Ok(Course {
        id: cells.text("id")?,
        about: CourseAbout {
            code: cells.text("code")?,
            title: cells.text("title")?,
            aspect: cells.word("aspect")?,
            speciality: cells.text("speciality")?,
            category: cells.text("category")?,
            minutes: cells.number("minutes")?,
            digital_minutes: cells.number("digital_minutes")?,
            tested: cells.flag("tested")?,
            pass_mark: cells.number("pass_mark")?,
            work_related: cells.flag("work_related")?,
            // A measure that is none any more is left out.
            measures: measures.split_whitespace().filter_map(Measure::from_code).collect(),
            county: cells.text("county")?,
        },
        created_by: cells.text("created_by")?,
        created_ms: cells.int("created_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
    })
}

fn read_session(cells: &Cells<'_>) -> Result<ClassSession, StoreError> {
    Ok(ClassSession {
        id: cells.text("id")?,
        course_id: cells.text("course_id")?,
        code: cells.text("code")?,
        class_no: cells.number("class_no")?,
        place: cells.text("place")?,
        start_ms: cells.int("start_ms")?,
        end_ms: cells.int("end_ms")?,
        halves: Vec::new(),
        late_minutes: cells.number("late_minutes")?,
        exercise_id: cells.opt_text("exercise_id")?,
        cancelled_ms: cells.opt_int("cancelled_ms")?,
        cancelled_reason: cells.opt_text("cancelled_reason")?,
    })
}

fn read_person(cells: &Cells<'_>) -> Result<ClassPerson, StoreError> {
    Ok(ClassPerson {
        id: cells.text("id")?,
        session_id: cells.text("session_id")?,
        person_id: cells.text("person_id")?,
        standing: cells.word("role")?,
        has_code: cells.opt_text("code_hash")?.is_some(),
        at_ms: cells.int("at_ms")?,
        removed_ms: cells.opt_int("removed_ms")?,
        removed_reason: cells.opt_text("removed_reason")?,
    })
}

fn about_values(id: &str, about: &CourseAbout) -> Vec<Value> {
    let measures: Vec<&str> = about.measures.iter().map(|measure| measure.code()).collect();
    args![
        id,
        &about.code,
        &about.title,
        about.aspect.code(),
        &about.speciality,
        &about.category,
        about.minutes,
        about.digital_minutes,
        about.tested,
        u16::from(about.pass_mark),
        about.work_related,
        measures.join(" "),
        &about.county,
    ]
}

async fn put_halves(tx: &mut Tx, session: &str, halves: &[(i64, i64)]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(halves.len() * 4);
    for (number, (start, end)) in (1_u32..).zip(halves) {
        values.extend(args![session, number, *start, *end]);
    }
    let head = "INSERT INTO class_periods (session_id, number, start_ms, end_ms)";
    tx.insert_many(head, 4, "", values).await?;
    Ok(())
}

fn span(halves: &[(i64, i64)]) -> (i64, i64) {
    let start = halves.iter().map(|half| half.0).min().unwrap_or(0);
    (start, halves.iter().map(|half| half.1).max().unwrap_or(start))
}

impl Courses<'_> {
    /// With an audit line that is written in the transaction of the next act, and only if that changes something.
    #[must_use]
    pub fn noting(mut self, line: AuditLine) -> Self {
        self.note = Some(line);
        self
    }

    async fn change(&self, sql: &'static str, values: Vec<Value>) -> Result<bool, StoreError> {
        let mut tx = self.db.write().await?;
        let changed = tx.run(sql, values).await? > 0;
        if changed {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Makes a course.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `courses.code`, or those of the database.
    pub async fn create(
        &self,
        id: &str,
        about: &CourseAbout,
        by: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let mut values = about_values(id, about);
        values.extend(args![by, at_ms]);
        let sql = "INSERT INTO courses (id, code, title, aspect, speciality, category, minutes, digital_minutes, tested, \
                   pass_mark, work_related, measures, county, created_by, created_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        self.change(sql, values).await?;
        Ok(())
    }

    /// Changes what a course says of itself. False when there is none, or it was put away.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `courses.code`, or those of the database.
    pub async fn edit(&self, id: &str, about: &CourseAbout) -> Result<bool, StoreError> {
        let sql = "UPDATE courses SET code = $2, title = $3, aspect = $4, speciality = $5, category = $6, minutes = $7, \
                   digital_minutes = $8, tested = $9, pass_mark = $10, work_related = $11, measures = $12, county = $13 \
                   WHERE id = $1 AND removed_ms IS NULL";
        self.change(sql, about_values(id, about)).await
    }

    /// Puts a course away, or takes it out again (`None`). False when nothing changes.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put_away(&self, id: &str, at_ms: Option<i64>) -> Result<bool, StoreError> {
        let sql = "UPDATE courses SET removed_ms = $2 WHERE id = $1 AND (removed_ms IS NULL) = ($3 = 1)";
        self.change(sql, args![id, at_ms, at_ms.is_some()]).await
    }

    /// The course of this id, put away or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_id(&self, id: &str) -> Result<Option<Course>, StoreError> {
        let row = self.db.row("SELECT * FROM courses WHERE id = $1", args![id]).await?;
        row.map(|row| read_course(&row.of("courses", "id"))).transpose()
    }

    /// All courses by code, those put away too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Course>, StoreError> {
        let rows = self.db.rows("SELECT * FROM courses ORDER BY code", args![]).await?;
        rows.iter().map(|row| read_course(&row.of("courses", "id"))).collect()
    }

    /// Makes a session.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] of `class_sessions.code` or `class_sessions.exercise_id`, [`StoreError::Missing`] of
    /// course or exercise, or those of the database.
    pub async fn add_session(&self, new: &NewClassSession, by: &str, at_ms: i64) -> Result<(), StoreError> {
        let (start, end) = span(&new.halves);
        let mut tx = self.db.write().await?;
        tx.run(
            "INSERT INTO class_sessions (id, course_id, code, class_no, place, start_ms, end_ms, late_minutes, \
             exercise_id, created_by, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            args![
                &new.id,
                &new.course_id,
                &new.code,
                new.class_no,
                &new.place,
                start,
                end,
                new.late_minutes,
                &new.exercise_id,
                by,
                at_ms
            ],
        )
        .await?;
        put_halves(&mut tx, &new.id, &new.halves).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await
    }

    /// Changes a session; its course and id stay. False when there is none, or it was called off.
    ///
    /// # Errors
    /// As [`Courses::add_session`].
    pub async fn edit_session(&self, new: &NewClassSession) -> Result<bool, StoreError> {
        let (start, end) = span(&new.halves);
        let mut tx = self.db.write().await?;
        let sql = "UPDATE class_sessions SET code = $2, class_no = $3, place = $4, start_ms = $5, end_ms = $6, \
                   late_minutes = $7, exercise_id = $8 WHERE id = $1 AND cancelled_ms IS NULL";
        let values = args![
            &new.id,
            &new.code,
            new.class_no,
            &new.place,
            start,
            end,
            new.late_minutes,
            &new.exercise_id
        ];
        if tx.run(sql, values).await? == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.run("DELETE FROM class_periods WHERE session_id = $1", args![&new.id]).await?;
        put_halves(&mut tx, &new.id, &new.halves).await?;
        audit::note(&mut tx, self.note.as_ref()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Calls a session off. False when there is none, or it was called off before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cancel_session(&self, id: &str, reason: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE class_sessions SET cancelled_ms = $2, cancelled_reason = $3, exercise_id = NULL \
                   WHERE id = $1 AND cancelled_ms IS NULL";
        self.change(sql, args![id, at_ms, reason]).await
    }

    /// Sessions by start, those called off too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sessions(&self, of: SessionsOf<'_>) -> Result<Vec<ClassSession>, StoreError> {
        const BY_COURSE: &str = "course_id = $1";
        const BETWEEN: &str = "start_ms >= $1 AND start_ms < $2";
        const BY_ID: &str = "id = $1";
        const BY_EXERCISE: &str = "exercise_id = $1";
        const BY_PERSON: &str = "id IN (SELECT session_id FROM class_people WHERE person_id = $1 \
                                 UNION SELECT session_id FROM class_marks WHERE person_id = $1)";
        let (which, values) = match of {
            SessionsOf::Course(id) => (BY_COURSE, args![id]),
            SessionsOf::Between(from, to) => (BETWEEN, args![from, to]),
            SessionsOf::Id(id) => (BY_ID, args![id]),
            SessionsOf::Exercise(id) => (BY_EXERCISE, args![id]),
            SessionsOf::Person(id) => (BY_PERSON, args![id]),
        };
        let sql = format!("SELECT * FROM class_sessions WHERE {which} ORDER BY start_ms, id");
        let rows = self.db.rows(sqlx::AssertSqlSafe(sql), values.clone()).await?;
        let mut sessions = rows
            .iter()
            .map(|row| read_session(&row.of("class_sessions", "id")))
            .collect::<Result<Vec<_>, _>>()?;
        let sql = format!(
            "SELECT session_id, start_ms, end_ms FROM class_periods \
             WHERE session_id IN (SELECT id FROM class_sessions WHERE {which}) ORDER BY session_id, number"
        );
        let mut halves = crate::db::ByKey::<Vec<(i64, i64)>>::new();
        for row in self.db.rows(sqlx::AssertSqlSafe(sql), values).await? {
            let cells = row.of("class_periods", "session_id");
            let half = (cells.int("start_ms")?, cells.int("end_ms")?);
            halves.entry(cells.text("session_id")?).or_default().push(half);
        }
        for session in &mut sessions {
            session.halves = halves.remove(&session.id).unwrap_or_default();
        }
        Ok(sessions)
    }

    /// The session of this id, called off or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session(&self, id: &str) -> Result<Option<ClassSession>, StoreError> {
        Ok(self.sessions(SessionsOf::Id(id)).await?.pop())
    }

    /// Enters people at a session, each `(row id, person id)`; who is it already stays as they are. Answers how many were
    /// new.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of session or person, or those of the database; then none was entered.
    pub async fn enter(
        &self,
        session: &str,
        standing: Standing,
        people: &[(String, String)],
        by: &str,
        at_ms: i64,
    ) -> Result<u64, StoreError> {
        let mut values = Vec::with_capacity(people.len() * 6);
        for (id, person) in people {
            values.extend(args![id, session, person, standing.code(), by, at_ms]);
        }
        let head = "INSERT INTO class_people (id, session_id, person_id, role, by_account, at_ms)";
        let tail = "ON CONFLICT (session_id, person_id, role) WHERE removed_ms IS NULL DO NOTHING";
        let mut tx = self.db.write().await?;
        let entered = tx.insert_many(head, 6, tail, values).await?;
        if entered > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(entered)
    }

    /// Takes somebody off a session; the row stays readable. False when there is none, or it was taken off before.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_off(&self, id: &str, by: &str, reason: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE class_people SET removed_ms = $2, removed_by = $3, removed_reason = $4, code_hash = NULL \
                   WHERE id = $1 AND removed_ms IS NULL";
        self.change(sql, args![id, at_ms, by, reason]).await
    }

    /// Sets sign-in codes: (row id, SHA-256 as 64 hexadecimal digits) each. A former code is void. Answers how many.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when a code is in use, or those of the database; then none was changed.
    pub async fn set_codes(&self, codes: &[(String, String)]) -> Result<u64, StoreError> {
        let mut codes: Vec<&(String, String)> = codes.iter().collect();
        codes.sort();
        let mut tx = self.db.write().await?;
        let mut set = 0;
        for (id, hash) in codes {
            let sql = "UPDATE class_people SET code_hash = $2 WHERE id = $1 AND removed_ms IS NULL";
            set += tx.run(sql, args![id, hash]).await?;
        }
        if set > 0 {
            audit::note(&mut tx, self.note.as_ref()).await?;
        }
        tx.commit().await?;
        Ok(set)
    }

    /// Whose sign-in code this is, at this session.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn by_code(&self, session: &str, code_hash: &str) -> Result<Option<ClassPerson>, StoreError> {
        let sql =
            "SELECT * FROM class_people WHERE code_hash = $1 AND session_id = $2 AND removed_ms IS NULL";
        let row = self.db.row(sql, args![code_hash, session]).await?;
        row.map(|row| read_person(&row.of("class_people", "id"))).transpose()
    }

    /// Who is what at a session, those taken off too, in the order in which they were entered.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn people(&self, session: &str) -> Result<Vec<ClassPerson>, StoreError> {
        let sql = "SELECT * FROM class_people WHERE session_id = $1 ORDER BY at_ms, id";
        let rows = self.db.rows(sql, args![session]).await?;
        rows.iter().map(|row| read_person(&row.of("class_people", "id"))).collect()
    }

    /// The same for all sessions that begin in `[from, to)`, ms UTC, by session.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn people_between(&self, from_ms: i64, to_ms: i64) -> Result<Vec<ClassPerson>, StoreError> {
        let sql = "SELECT p.* FROM class_people p JOIN class_sessions s ON s.id = p.session_id \
                   WHERE s.start_ms >= $1 AND s.start_ms < $2 ORDER BY p.session_id, p.at_ms, p.id";
        let rows = self.db.rows(sql, args![from_ms, to_ms]).await?;
        rows.iter().map(|row| read_person(&row.of("class_people", "id"))).collect()
    }

    /// Adds a material. The caller bounds its bytes.
    ///
    /// # Errors
    /// [`StoreError::Missing`] of the course, or those of the database.
    pub async fn add_material(
        &self,
        id: &str,
        course: &str,
        name: &str,
        body: &MaterialBody,
        by: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        match body {
            MaterialBody::Link(link) => {
                let sql = "INSERT INTO materials (id, course_id, name, link, size, by_account, at_ms) \
                           VALUES ($1, $2, $3, $4, 0, $5, $6)";
                self.change(sql, args![id, course, name, link, by, at_ms]).await?;
            }
            MaterialBody::File(bytes) => {
                let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
                let sql = "INSERT INTO materials (id, course_id, name, bytes, size, by_account, at_ms) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7)";
                self.change(sql, args![id, course, name, bytes.as_slice(), size, by, at_ms]).await?;
            }
        }
        Ok(())
    }

    /// Takes a material away. False when there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_material(&self, course: &str, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let sql =
            "UPDATE materials SET removed_ms = $3 WHERE id = $1 AND course_id = $2 AND removed_ms IS NULL";
        self.change(sql, args![id, course, at_ms]).await
    }

    /// Materials of a course, in the order in which they were added.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn materials(&self, course: &str) -> Result<Vec<Material>, StoreError> {
        let sql = "SELECT id, course_id, name, link, size, at_ms FROM materials \
                   WHERE course_id = $1 AND removed_ms IS NULL ORDER BY at_ms, id";
        let rows = self.db.rows(sql, args![course]).await?;
        rows.iter()
            .map(|row| {
                let cells = row.of("materials", "id");
                Ok(Material {
                    id: cells.text("id")?,
                    course_id: cells.text("course_id")?,
                    name: cells.text("name")?,
                    link: cells.opt_text("link")?,
                    size: cells.number("size")?,
                    at_ms: cells.int("at_ms")?,
                })
            })
            .collect()
    }

    /// Name and bytes of a file of a course.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn material_file(
        &self,
        course: &str,
        id: &str,
    ) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let sql = "SELECT id, name, bytes FROM materials \
                   WHERE id = $1 AND course_id = $2 AND removed_ms IS NULL AND bytes IS NOT NULL";
        let row = self.db.row(sql, args![id, course]).await?;
        row.map(|row| {
            let cells = row.of("materials", "id");
            Ok((cells.text("name")?, cells.bytes("bytes")?))
        })
        .transpose()
    }
}
