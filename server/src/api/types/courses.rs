//! Courses, their sessions, sheets, results and certificates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Person;

/// What a course says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseWish {
    /// Code, unique.
    #[schema(example = "C115-01")]
    pub code: String,
    /// Title.
    pub title: String,
    /// `strategy`, `management` or `technique`.
    pub aspect: String,
    /// Speciality in words; may be empty.
    #[serde(default)]
    pub speciality: String,
    /// The portal's category, `522`, `523`, or another word.
    #[schema(example = "523")]
    pub category: String,
    /// Its hours, in minutes.
    pub minutes: u32,
    /// How many of these are digital.
    #[serde(default)]
    pub digital_minutes: u32,
    /// Ends with a test.
    #[serde(default = "yes")]
    pub tested: bool,
    /// Points that pass the test; null for the default of the installation.
    #[serde(default)]
    pub pass_mark: Option<u8>,
    /// Related to the job.
    #[serde(default = "yes")]
    pub work_related: bool,
    /// Encouraging measures, by code: `shuttle`, `childcare`, `quota`, `outreach`, `partners`, `hours`, `space`, `content`.
    #[serde(default)]
    pub measures: Vec<String>,
    /// The portal's code of the county that holds it.
    #[schema(example = "30")]
    pub county: String,
    /// Put away: it stays, and is not offered any more.
    #[serde(default)]
    pub away: bool,
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

/// A course with its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Course {
    /// Id.
    pub id: String,
    /// What it says of itself.
    #[serde(flatten)]
    pub about: CourseWish,
    /// Its sessions, by start; cancelled ones too.
    pub sessions: Vec<ClassSession>,
}

/// A half-day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfDay {
    /// From.
    pub start_ms: i64,
    /// To.
    pub end_ms: i64,
}

/// What a session is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionWish {
    /// Code, unique.
    #[schema(example = "S115-01")]
    pub code: String,
    /// Class number, from 1.
    #[serde(default = "one")]
    pub class_no: u32,
    /// Place.
    pub place: String,
    /// Its half-days.
    pub halves: Vec<HalfDay>,
    /// Minutes that somebody may come late or leave early; null for the default of the installation.
    #[serde(default)]
    pub late_minutes: Option<u16>,
    /// Id of the exercise that is this session.
    #[serde(default)]
    pub exercise: Option<String>,
}

/// A session of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassSession {
    /// Id.
    pub id: String,
    /// Course id.
    pub course: String,
    /// What it is.
    #[serde(flatten)]
    pub about: SessionWish,
    /// Why it was called off; null while it stands.
    pub cancelled: Option<String>,
}

/// A course with how its people stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CourseDetail {
    /// The course.
    pub course: Course,
    /// Its trainees, by agency and name.
    pub standing: Vec<CourseStanding>,
}

/// How a trainee stands in a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CourseStanding {
    /// Person.
    pub person: Person,
    /// Attended, whole seconds.
    pub seconds: i64,
    /// Last result of the test after.
    pub score: Option<u8>,
    /// Why there is no certificate: `not_over`, `hours`, `no_test`, `score`. Empty for who qualifies.
    pub faults: Vec<String>,
    /// Number of the certificate that stands.
    pub certificate: Option<String>,
}

/// A session's sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sheet {
    /// The session.
    pub session: ClassSession,
    /// People: trainees first, then by agency and name.
    pub people: Vec<SheetRow>,
}

/// A person at a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SheetRow {
    /// Person.
    pub person: Person,
    /// As what; empty for who has a mark and is on no list.
    pub roles: Vec<SheetRole>,
    /// Marks, by time; those struck out last.
    pub marks: Vec<SheetMark>,
    /// What became of each half-day: `absent`, `late`, `early`, `present`.
    pub halves: Vec<String>,
    /// What counts, whole seconds.
    pub seconds: i64,
    /// Result of the test before.
    pub pre: Option<u8>,
    /// Result of the test after.
    pub post: Option<u8>,
}

/// What somebody is at a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SheetRole {
    /// Id of the line, to take it off; empty where a seat says it.
    pub id: String,
    /// `trainee`, `trainer`, `planner`, `staff`, `contractor`, `judge` or `observer`.
    pub role: String,
}

/// A mark of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SheetMark {
    /// Id.
    pub id: String,
    /// `qr`, `sheet`, `instructor` or `seat`.
    pub source: String,
    /// In.
    pub in_ms: i64,
    /// Out; null when nobody signed out.
    pub out_ms: Option<i64>,
    /// Why it was entered by hand.
    pub reason: String,
    /// Why it was struck out; null while it counts.
    pub struck: Option<String>,
}

/// What is done to a session's list of people.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum SessionAct {
    /// Enters people, all or none.
    Enter {
        /// As what.
        role: String,
        /// Staff numbers, or names that one person only has.
        people: Vec<String>,
    },
    /// Takes somebody off.
    TakeOff {
        /// Id of the line.
        row: String,
        /// Why.
        reason: String,
    },
    /// Calls the session off; it counts nowhere then.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// A stay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StayWish {
    /// Person id, or staff number.
    pub person: String,
    /// In.
    pub in_ms: i64,
    /// Out; null when nobody signed out.
    #[serde(default)]
    pub out_ms: Option<i64>,
}

/// What is written into a session's sheet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum SheetAct {
    /// Enters stays afterwards, all or none. They are added, and joined with what is there.
    Enter {
        /// The stays.
        stays: Vec<StayWish>,
        /// `sheet` for the paper sheet, `instructor` for the instructor's own marks.
        source: String,
        /// Why.
        reason: String,
        /// Only say whether it could be.
        #[serde(default)]
        dry_run: bool,
    },
    /// Signs a person out who signed in, now.
    Out {
        /// Id of the mark.
        mark: String,
    },
    /// Strikes a mark out; it stays and does not count.
    Strike {
        /// Id of the mark.
        mark: String,
        /// Why.
        reason: String,
    },
}

/// What one act entered by hand: a paper sheet, or a file of stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnteredSheet {
    /// Id: that of one of its marks.
    pub id: String,
    /// When it was entered.
    pub entered_ms: i64,
    /// Name of the account that entered it.
    pub by: String,
    /// `sheet` or `instructor`.
    pub source: String,
    /// Why.
    pub reason: String,
    /// How many of its marks stand.
    pub standing: usize,
    /// Its marks, those taken back too.
    pub marks: Vec<EnteredMark>,
}

/// A mark of an entered sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnteredMark {
    /// Person.
    pub person: Person,
    /// The mark.
    #[serde(flatten)]
    pub mark: SheetMark,
    /// When it was taken back.
    pub struck_ms: Option<i64>,
    /// Name of the account that took it back.
    pub struck_by: Option<String>,
}

/// Taking back what was entered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBack {
    /// Why.
    pub reason: String,
    /// All that still stands of the sheet; without it the one mark alone.
    #[serde(default)]
    pub whole: bool,
}

/// What taking back came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TakenBack {
    /// Marks that do not count any more.
    pub count: usize,
    /// Certificates of these people that stand and that nobody would be given now; they are revoked one by one.
    pub unfounded: usize,
}

/// A result.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultWish {
    /// Person id, or staff number.
    pub person: String,
    /// `pre` or `post`.
    pub test: String,
    /// Points, 0 to 100.
    pub score: u8,
}

/// Results of a session's tests, all or none.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The results.
    pub results: Vec<ResultWish>,
    /// Why results that stand are replaced; may be empty where none is.
    #[serde(default)]
    pub reason: String,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateInfo {
    /// Id.
    pub id: String,
    /// Number with its check code, as printed.
    pub number: String,
    /// Person id.
    pub person: String,
    /// Name as printed.
    pub name: String,
    /// Attended, whole seconds.
    pub seconds: i64,
    /// Points of the test.
    pub score: Option<u8>,
    /// When it was issued.
    pub issued_ms: i64,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// Why something is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// In words.
    pub reason: String,
}
