//! The file of hours for the civil servants' portal, with ID numbers that are given once and kept nowhere: they are in the
//! request and in the file that goes back.

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Write as _};

use rampart_domain::records::IntervalSet;
use rampart_domain::records::course::{self, Mode};
use rampart_domain::records::portal::{self, Category, Class, Fault, Learner, Left, Profile};
use rampart_store::{ClassSession, Course, Officer, Person, Purpose};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::clock::new_id;
use crate::courses::{ClassRow, CourseError, PersonStanding};
use crate::records::{big5, guarded};
use crate::statistics::Export;
use crate::{App, AppError, Looked};

/// Which hours were learnt by digital means; the others in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digital {
    /// None.
    None,
    /// All.
    All,
    /// So many seconds of each person's.
    Seconds(i64),
}

impl Digital {
    const fn seconds(self) -> i64 {
        match self {
            Self::None => 0,
            Self::All => i64::MAX,
            Self::Seconds(seconds) => seconds,
        }
    }
}

/// A trainee of a class session as the portal is to know them.
#[derive(Debug, Clone)]
pub struct HoursRow {
    /// The person.
    pub person: Person,
    /// What the row is made of.
    pub learner: Learner,
    /// Why there is no row.
    pub left: Option<Left>,
    /// Below 4/5 of the course: seconds attended of all its sessions, and the least.
    pub short: Option<(i64, i64)>,
    /// Never signed out: a human should look before the hours go.
    pub open: bool,
}

/// The hours of a class session, or of all sessions of a course that stand.
#[derive(Debug, Clone)]
pub struct ClassHours {
    /// The course.
    pub course: Course,
    /// All sessions of the course, rather than one of them.
    pub whole: bool,
    /// The session, or the sessions by start.
    pub sessions: Vec<ClassSession>,
    /// Their trainees by agency and name.
    pub rows: Vec<HoursRow>,
}

impl ClassHours {
    /// The session; `None` of a whole course.
    #[must_use]
    pub fn session(&self) -> Option<&ClassSession> {
        self.sessions.first().filter(|_| !self.whole)
    }

    /// Code of the session, or of the course.
    #[must_use]
    pub fn code(&self) -> &str {
        self.session().map_or(&self.course.about.code, |session| &session.code)
    }

    /// All of it is over, and nothing was called off.
    #[must_use]
    pub fn over(&self, now_ms: i64) -> bool {
        !self.sessions.is_empty()
            && self.sessions.iter().all(|one| one.cancelled_ms.is_none() && one.end_ms <= now_ms)
    }

    /// First start and last end, ms UTC.
    #[must_use]
    pub fn planned(&self) -> (i64, i64) {
        let start = self.sessions.iter().map(|one| one.start_ms).min().unwrap_or_default();
        (start, self.sessions.iter().map(|one| one.end_ms).max().unwrap_or(start))
    }

    /// Planned length in seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.sessions.iter().map(ClassSession::seconds).sum()
    }
}

/// What an officer asks for.
#[derive(Clone)]
pub struct UploadWish {
    /// Profile of columns.
    pub profile: Profile,
    /// Category of the class.
    pub category: Category,
    /// Code of the county, one of [`portal::COUNTIES`].
    pub county: String,
    /// 期別.
    pub batch: String,
    /// Hours that are online instead of in a room.
    pub digital: Digital,
    /// The list of ID numbers, one person a line.
    pub numbers: String,
}

impl std::fmt::Debug for UploadWish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadWish").field("profile", &self.profile.id).finish_non_exhaustive()
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Lines of the list that are no pair of staff number and ID number, counted from 1.
    #[error("lines {0:?} of the list are not in order")]
    Lines(Vec<usize>),
    /// What is wrong, of all people at once.
    #[error("{} people have faults", .0.len())]
    Faults(Vec<Fault>),
    /// The session or exercise goes on, or was called off: its hours are none to enter yet.
    #[error("the session is not over, or was called off")]
    NotOver,
    /// Nobody has a row: no public official attended.
    #[error("nobody is to be entered")]
    Nobody,
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// What somebody attended of the sessions.
struct Attended {
    person: Person,
    counted: Vec<IntervalSet>,
    post: Option<u8>,
    open: bool,
}

impl App {
    /// The hours of an exercise for the portal: a container with the files and with a list of who has no row. An audit line
    /// says that it went out.
    ///
    /// # Errors
    /// See [`UploadError`]; nothing went out then.
    pub async fn hours_upload(
        &self,
        exercise: &str,
        wish: &UploadWish,
        officer: &Officer,
    ) -> Result<Export, UploadError> {
        let row = self.store.exercises().get(exercise).await.map_err(AppError::from)?;
        let row = row.ok_or(AppError::Missing("exercise"))?.exercise;
        let live = self.exercise(exercise).ok_or(AppError::Missing("exercise"))?;
        if live.fold().ended_ms.is_none() {
            return Err(UploadError::NotOver);
        }
        let learners: Vec<Learner> = self
            .attendance(exercise)
            .await?
            .into_iter()
            .map(|one| {
                let spans = one.counted.counted.stretches();
                let came = spans.first().map_or(row.starts_ms, |span| span.start_ms());
                let went = spans.last().map_or(row.ends_ms, |span| span.end_ms());
                Learner {
                    staff_no: one.person.staff_no,
                    name: one.person.name,
                    identity: one.person.identity,
                    seconds: one.counted.seconds,
                    stayed: (came, went),
                    score: None,
                    certificate: String::new(),
                }
            })
            .collect();
        let class = Class {
            course: row.title,
            code: row.code,
            category: wish.category,
            county: wish.county.clone(),
            batch: wish.batch.clone(),
            planned: (row.starts_ms, row.ends_ms),
            mode: match wish.digital {
                Digital::None => Mode::Physical,
                Digital::All => Mode::Digital,
                Digital::Seconds(_) => Mode::Mixed,
            },
            digital_seconds: wish.digital.seconds(),
        };
        self.portal_files((&class, exercise), &learners, wish, officer).await
    }

    /// The hours of a class session as they go to the portal, with what its rules make of each trainee; without a session those
    /// of all sessions of the course that stand, added up for each person.
    ///
    /// # Errors
    /// [`CourseError::Missing`] when the session is not this course's.
    pub async fn class_hours(&self, course: &str, session: Option<&str>) -> Result<ClassHours, CourseError> {
        let sheets = match session {
            Some(session) => vec![self.class_sheet(course, session).await?],
            None => {
                let mut sheets = Vec::new();
                for session in self.standing_sessions(course).await? {
                    sheets.push(self.sheet_of(session).await?);
                }
                sheets
            }
        };
        let (course, standing) = self.course_standing(course).await?;
        let mut standing: HashMap<String, PersonStanding> =
            standing.into_iter().map(|one| (one.person.id.clone(), one)).collect();
        let mut attended: BTreeMap<(String, String, String), Attended> = BTreeMap::new();
        let mut sessions = Vec::with_capacity(sheets.len());
        for sheet in sheets {
            for row in sheet.rows.into_iter().filter(ClassRow::is_trainee) {
                let person = &row.person;
                let key = (person.agency.clone(), person.name.clone(), person.id.clone());
                let one = attended.entry(key).or_insert_with(|| Attended {
                    person: person.clone(),
                    counted: Vec::new(),
                    post: None,
                    open: false,
                });
                one.counted.push(row.counted.counted);
                // Sessions stand in the order of time: the later result replaces the former.
                one.post = row.post.or(one.post);
                one.open |= !row.counted.open.is_empty();
            }
            sessions.push(sheet.session);
        }
        let mut of = ClassHours { course, whole: session.is_none(), sessions, rows: Vec::new() };
        let planned = of.planned();
        of.rows = attended
            .into_values()
            .map(|one| {
                let of_course = standing.remove(&one.person.id);
                // A union, as sessions may overlap.
                let all = one.counted.iter().flat_map(|set| set.stretches().iter().copied());
                let counted = IntervalSet::union(all);
                let spans = counted.stretches();
                let came = spans.first().map_or(planned.0, |span| span.start_ms());
                let went = spans.last().map_or(planned.1, |span| span.end_ms());
                let certificate = of_course.as_ref().and_then(|one| one.certificate.as_ref());
                let learner = Learner {
                    staff_no: one.person.staff_no.clone(),
                    name: one.person.name.clone(),
                    identity: one.person.identity,
                    seconds: counted.seconds(),
                    stayed: (came, went),
                    score: one.post.or(of_course.as_ref().and_then(|one| one.score)).map(i64::from),
                    certificate: certificate
                        .map(|one| format!("{}-{}", one.number, one.check_code))
                        .unwrap_or_default(),
                };
                HoursRow {
                    left: portal::left_out(&learner),
                    short: of_course.and_then(|one| {
                        one.faults.iter().find_map(|fault| match fault {
                            course::Fault::Hours { seconds, least } => Some((*seconds, *least)),
                            _ => None,
                        })
                    }),
                    open: one.open,
                    person: one.person,
                    learner,
                }
            })
            .collect();
        Ok(of)
    }

    /// The hours of a class session, or of a whole course, for the portal, as [`App::hours_upload`]. What somebody attended is
    /// entered as attended, also below 4/5 of the course; such a row has no certificate, as none is issued.
    ///
    /// # Errors
    /// See [`UploadError`]; nothing went out then.
    pub async fn class_hours_upload(
        &self,
        of: &ClassHours,
        wish: &UploadWish,
        officer: &Officer,
    ) -> Result<Export, UploadError> {
        if !of.over(self.now_ms()) {
            return Err(UploadError::NotOver);
        }
        let learners: Vec<Learner> = of.rows.iter().map(|row| row.learner.clone()).collect();
        let digital_seconds = wish.digital.seconds().min(of.seconds());
        let class = Class {
            course: of.course.about.title.clone(),
            code: of.code().to_owned(),
            category: wish.category,
            county: wish.county.clone(),
            batch: wish.batch.clone(),
            planned: of.planned(),
            mode: match digital_seconds {
                0 => Mode::Physical,
                all if all >= of.seconds() => Mode::Digital,
                _ => Mode::Mixed,
            },
            digital_seconds,
        };
        let id = of.session().map_or(of.course.id.as_str(), |session| session.id.as_str());
        self.portal_files((&class, id), &learners, wish, officer).await
    }

    /// A container with the files and with a list of who has no row. `id` is that of what the hours are of.
    async fn portal_files(
        &self,
        (class, id): (&Class, &str),
        learners: &[Learner],
        wish: &UploadWish,
        officer: &Officer,
    ) -> Result<Export, UploadError> {
        let (numbers, wrong) = portal::read_numbers(&wish.numbers);
        if !wrong.is_empty() {
            return Err(UploadError::Lines(wrong));
        }
        let kind = self.portal_numbers().await?;
        let lists = portal::lists(&wish.profile, class, learners, &numbers, kind, big5::lacks)
            .map_err(UploadError::Faults)?;
        if lists.files.is_empty() {
            return Err(UploadError::Nobody);
        }
        let headings: Vec<String> = wish.profile.headings().map(str::to_owned).collect();
        let parts = lists.files.len();
        let mut files = Vec::new();
        for (part, rows) in lists.files.into_iter().enumerate() {
            let rows: Vec<Vec<String>> = std::iter::once(headings.clone()).chain(rows).collect();
            let bytes = big5::file(&rows)
                .ok_or_else(|| AppError::Inner("a heading of the profile is not in Big5".to_owned()))?;
            files.push((portal::file_name(class, part, parts, kind), bytes));
        }
        files.push((portal::left_name(class), left(&lists.left)));
        let name = portal::file_name(class, 0, 1, kind).replace(".csv", ".zip");
        let bytes = packed(&files).map_err(|error| AppError::Inner(error.to_string()))?;
        let detail = Looked::Portal { code: class.code.clone(), id: id.to_owned() }.to_string();
        let purpose = Purpose { audit_id: &new_id(), at_ms: self.now_ms(), detail: &detail };
        // Nothing personal is read here; the view checks the role again and writes the line.
        self.store.as_officer(officer).export(purpose, &[]).await.map_err(AppError::from)?;
        Ok(Export { name, media_type: "application/zip", bytes })
    }
}

/// Who has no row, for a person to read: UTF-8 with mark.
fn left(left: &[(Left, Learner)]) -> Vec<u8> {
    let mut out = String::from("\u{feff}");
    for cells in std::iter::once(portal::LEFT_HEAD.map(str::to_owned))
        .chain(left.iter().map(|(why, one)| [one.staff_no.clone(), one.name.clone(), why.words().to_owned()]))
    {
        let quoted = cells.map(|cell| format!("\"{}\"", guarded(&cell).replace('"', "\"\"")));
        out.push_str(&quoted.join(","));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn packed(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
