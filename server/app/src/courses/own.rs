//! A person's own record: hours by course and exercise, certificates, and the road to it without a seat.

use rampart_domain::records::RocYear;
use rampart_store::{CertificatesOf, SessionsOf, StoredCertificate};

use super::CourseError;
use crate::limits::Limited;
use crate::people::{code_hash, random_code};
use crate::{App, AppError};

/// How long a visit to one's own page lasts, ms.
pub const OWN_VISIT_MS: i64 = 30 * 60_000;
/// How long a code for it is good, ms.
const CODE_MS: i64 = 14 * 86_400_000;
/// Letters of such a code: 80 bits.
const CODE_LENGTH: usize = 16;

/// A session that the person attended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCourse {
    /// Code of the session.
    pub code: String,
    /// Title of the course.
    pub title: String,
    /// Start, ms UTC.
    pub starts_ms: i64,
    /// Year of the Republic that its hours are booked to.
    pub year: RocYear,
    /// Counted, whole seconds.
    pub seconds: i64,
    /// Result of the test after.
    pub score: Option<u8>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct OwnRecord {
    /// Sessions of courses, latest first.
    pub courses: Vec<OwnCourse>,
    /// Ids of exercises that are among them.
    pub exercises: Vec<String>,
    /// Certificates, latest first; revoked ones too.
    pub certificates: Vec<StoredCertificate>,
}

impl App {
    /// What a person attended and was given, over all their rows.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_record(&self, person: &str) -> Result<OwnRecord, AppError> {
        let same = self.store.merges().same().await?;
        let one = same.of(person).to_owned();
        let mut record = OwnRecord::default();
        let mut sessions = Vec::new();
        for row in same.rows(person) {
            sessions.extend(self.store.courses().sessions(SessionsOf::Person(&row)).await?);
            record.certificates.extend(self.store.certificates().list(CertificatesOf::Person(&row)).await?);
            // Exercises that are sessions of a course count as such, and not twice.
            for seat in self.store.seats().of_person(&row).await? {
                sessions
                    .extend(self.store.courses().sessions(SessionsOf::Exercise(&seat.exercise_id)).await?);
            }
        }
        sessions.sort_by(|a, b| b.start_ms.cmp(&a.start_ms).then_with(|| a.id.cmp(&b.id)));
        sessions.dedup_by(|a, b| a.id == b.id);
        for session in sessions.into_iter().filter(|session| session.cancelled_ms.is_none()) {
            let Some(course) = self.store.courses().by_id(&session.course_id).await? else { continue };
            let sheet = self.sheet_of(session).await?;
            let Some(row) = sheet.rows.into_iter().find(|row| row.person.id == one) else { continue };
            record.exercises.extend(sheet.session.exercise_id.clone());
            record.courses.push(OwnCourse {
                code: sheet.session.code,
                title: course.about.title,
                starts_ms: sheet.session.start_ms,
                year: RocYear::of_ms(sheet.session.start_ms),
                seconds: row.counted.seconds,
                score: row.post,
            });
        }
        record
            .certificates
            .sort_by(|a, b| b.issued_ms.cmp(&a.issued_ms).then_with(|| a.number.cmp(&b.number)));
        Ok(record)
    }

    /// Makes a code that opens a person's page once; former ones are void. It is shown this once.
    ///
    /// # Errors
    /// [`CourseError::Missing`] for an unknown person.
    pub async fn give_own_code(&self, person: &str, by: &str) -> Result<String, CourseError> {
        let known = self.store.persons().by_id(person).await?.filter(|person| person.removed_ms.is_none());
        let person = known.ok_or(CourseError::Missing)?;
        let code = random_code(CODE_LENGTH);
        let now_ms = self.now_ms();
        let line = self.line(Some(by), "person.code", format!("person={}", person.id));
        let keys = self.store.person_keys().noting(line);
        keys.give(&person.id, &code_hash(&code), by, now_ms, now_ms + CODE_MS).await?;
        Ok(code)
    }

    /// Uses such a code up and begins a visit that `visit` (random) stands for. `None` when the code opens nothing.
    ///
    /// # Errors
    /// [`Limited`] inside after too many that opened nothing from one address; or when the store fails.
    pub async fn open_own_page(
        &self,
        typed: &str,
        visit: &str,
        address: &str,
    ) -> Result<Result<bool, Limited>, AppError> {
        let code: String =
            typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
        let now_ms = self.now_ms();
        let key = format!("own {code}");
        if let Err(limited) = self.guesses.may_try(&key, address, now_ms) {
            return Ok(Err(limited));
        }
        let line = self.line(None, "person.visit", String::new());
        let keys = self.store.person_keys().noting(line);
        match keys.begin(&code_hash(&code), &code_hash(visit), now_ms, now_ms + OWN_VISIT_MS).await {
            Ok(Some(_)) => {
                self.guesses.succeeded(&key);
                Ok(Ok(true))
            }
            Ok(None) => {
                self.guesses.failed(address, now_ms);
                Ok(Ok(false))
            }
            Err(error) => {
                self.guesses.forgiven(&key);
                Err(error.into())
            }
        }
    }

    /// Whose page a visit shows now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_visitor(&self, visit: &str) -> Result<Option<String>, AppError> {
        Ok(self.store.person_keys().visitor(&code_hash(visit), self.now_ms()).await?)
    }

    /// Ends a visit.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn leave_own_page(&self, visit: &str) -> Result<(), AppError> {
        Ok(self.store.person_keys().end(&code_hash(visit), self.now_ms()).await?)
    }
}
