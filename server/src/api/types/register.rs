//! One person of the register, agencies, duplicates, requests about data, retention, and what people state of themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Person;

/// What the register says of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonWish {
    /// Name.
    pub name: String,
    /// Staff number; empty for who has none.
    #[serde(default)]
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Grade or title; may be empty.
    #[serde(default)]
    pub grade: String,
    /// `civil`, `contract`, `vendor`, `engineer` or `student`; null where nobody said.
    #[serde(default)]
    pub identity: Option<String>,
    /// What the training duty goes by: `dedicated`, `it` or `user`; null where nobody said.
    #[serde(default)]
    pub duty: Option<String>,
    /// E-mail addresses.
    #[serde(default)]
    pub emails: Vec<String>,
    /// Taken off the register; the history stays.
    #[serde(default)]
    pub removed: bool,
}

/// Somebody of the register, whole. Nothing that people state of themselves is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonDetail {
    /// Id.
    pub id: String,
    /// What the register says.
    #[serde(flatten)]
    pub about: PersonWish,
    /// Id of the person that this row was found to be.
    pub merged_into: Option<String>,
    /// Exercises with a seat of theirs, latest first.
    pub exercises: Vec<TookPart>,
}

/// An exercise, or a session of a course, that somebody took part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TookPart {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Start.
    pub starts_ms: i64,
    /// What counts, whole seconds.
    pub seconds: i64,
}

/// What an agency is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgencyWish {
    /// Name, unique. People who are of the old name move along.
    pub name: String,
    /// Code, unique, or empty.
    #[serde(default)]
    pub code: String,
    /// Responsibility level, `A` to `E`.
    #[serde(default)]
    pub level: Option<String>,
    /// `seat`, `plain` or `remote`.
    #[serde(default)]
    pub area: Option<String>,
    /// County, or empty.
    #[serde(default)]
    pub county: String,
}

/// An agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgencyInfo {
    /// Id; empty for one that people name and nobody listed.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub about: AgencyWish,
    /// People of it on the register.
    pub people: u64,
}

/// Two rows that look like one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateInfo {
    /// The older row.
    pub one: Person,
    /// The newer one.
    pub other: Person,
    /// `number`, `name` or `email`.
    pub likeness: String,
}

/// What a human found of two rows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum DuplicateAct {
    /// They are one person.
    Merge {
        /// Person id of the row.
        person: String,
        /// Person id of the one that it is.
        into: String,
        /// Why.
        reason: String,
    },
    /// They are not, as was thought.
    Part {
        /// Person id of the row.
        person: String,
        /// Why.
        reason: String,
    },
    /// They are two, and are proposed no more.
    Apart {
        /// Person id.
        person: String,
        /// Person id.
        other: String,
    },
}

/// What somebody asks for about their data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataRequestInfo {
    /// Id.
    pub id: String,
    /// Who asks.
    pub person: Person,
    /// `correct`, `answers` (erase them) or `all` (erase what names them).
    pub kind: String,
    /// In their words.
    pub text: String,
    /// When.
    pub at_ms: i64,
    /// Granted, refused; null while it is open.
    pub granted: Option<bool>,
    /// What they were told.
    pub reply: Option<String>,
}

/// How a request is decided.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Grant it, and do what it asks for.
    pub granted: bool,
    /// What they are told; needed where it is refused.
    #[serde(default)]
    pub reply: String,
}

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionWish {
    /// Days after the end of the year in which a person last took part, for what they stated.
    pub answers_days: u32,
    /// Years for attendance and decided requests.
    pub attendance_years: u32,
    /// Days for recordings of terminals; without it they stay as they are set.
    #[serde(default)]
    #[schema(required = false)]
    pub recordings_days: Option<u32>,
}

/// Whether to purge, or only to say how much that would be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeWish {
    /// Only say.
    pub dry_run: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurgeDone {
    /// People whose answers.
    pub answers: u64,
    /// Stretches of presence.
    pub presence: u64,
    /// Lines of sign-in sheets, and results.
    pub signs: u64,
    /// Decided requests.
    pub requests: u64,
    /// Sheets of questionnaires whose gender and words.
    pub sheets: u64,
    /// Recordings of terminals.
    pub recordings: u64,
    /// True when it was only tried.
    pub dry_run: bool,
}

/// What a person states of themselves; all of it optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswersWish {
    /// `M`, `F`, `O`, or `N` for who would not say.
    #[serde(default)]
    pub gender: Option<String>,
    /// `29`, `30`, `40`, `50`, `60`, or `N`.
    #[serde(default)]
    pub age: Option<String>,
    /// `seat`, `plain`, `remote`, or `N`.
    #[serde(default)]
    pub area: Option<String>,
    /// `none`, `plain`, `mountain`, `new`, or `N`.
    #[serde(default)]
    pub indigenous: Option<String>,
    /// `no`, `yes`, or `N`.
    #[serde(default)]
    pub disability: Option<String>,
}

/// What a person stated, for the officer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswersInfo {
    /// The answers.
    #[serde(flatten)]
    pub answers: AnswersWish,
    /// `self`, `form` or `roster`; null where it is not known.
    pub origin: Option<String>,
    /// When consent was given; null for what a roster brought.
    pub consent_ms: Option<i64>,
    /// Version of the notice.
    pub notice: Option<String>,
}

/// What stands on a form that a person signed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswersForm {
    /// The answers.
    pub answers: AnswersWish,
    /// When it was signed.
    pub signed_ms: i64,
}

/// One's own answers, with consent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAnswers {
    /// The answers.
    pub answers: AnswersWish,
    /// Consent to the present notice; has to be true.
    pub consent: bool,
}

/// What one asks for about one's own data.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnWish {
    /// `correct`, `answers` (erase them) or `all` (erase what names one).
    pub kind: String,
    /// In words; needed for `correct`.
    #[serde(default)]
    pub text: String,
}

/// A request of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnRequest {
    /// `correct`, `answers` or `all`.
    pub kind: String,
    /// When.
    pub at_ms: i64,
    /// Granted, refused; null while it is open.
    pub granted: Option<bool>,
    /// What one was told.
    pub reply: Option<String>,
}

/// One's own data, without what one stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnData {
    /// Oneself.
    pub person: Person,
    /// Whether something was stated.
    pub stated: bool,
    /// When consent was given; null without, or for what a roster brought.
    pub consent_ms: Option<i64>,
    /// Version of the notice that holds now.
    pub notice: String,
    /// Sessions of courses and exercises, latest first of each.
    pub took_part: Vec<TookPart>,
    /// Numbers of certificates that stand.
    pub certificates: Vec<String>,
    /// Requests.
    pub requests: Vec<OwnRequest>,
}
