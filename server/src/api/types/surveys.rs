//! Questionnaires of courses, their materials, slips of their sessions, hours for the learning portal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Person;

fn yes() -> bool {
    true
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SurveyQuestion)]
pub struct Question {
    /// Answered on a scale of 1 to 5; else in words.
    #[serde(default = "yes")]
    pub scale: bool,
    /// In Chinese.
    pub zh: String,
    /// In English; as in Chinese if it is empty.
    #[serde(default)]
    pub en: String,
}

/// What a questionnaire is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyWish {
    /// Title.
    pub title: String,
    /// Questions, at most 30.
    pub questions: Vec<Question>,
}

/// A question with what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurveyResultInfo {
    /// Id.
    pub id: String,
    /// The question.
    #[serde(flatten)]
    pub about: Question,
    /// Answers to it.
    pub answers: i64,
    /// Their mean with two decimals, as text; null for fewer than five, and for words.
    pub mean: Option<String>,
    /// Answers in words, in an order that says nothing; none as long as fewer than five sheets came back.
    pub words: Vec<String>,
}

/// A questionnaire with what it brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurveyInfo {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// When it was made.
    pub created_ms: i64,
    /// When it was closed.
    pub closed_ms: Option<i64>,
    /// 發出數, tokens and papers.
    pub handed_out: u32,
    /// 回收數.
    pub returned: u32,
    /// 回收率 in per cent with two decimals, as text; null where nothing was handed out.
    pub rate: Option<String>,
    /// Of those handed out, on paper.
    pub papers: u32,
    /// Of those that came back, on paper.
    pub papers_back: u32,
    /// Questions, in order.
    pub questions: Vec<SurveyResultInfo>,
}

/// How many tokens are to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokensWish {
    /// How many.
    #[schema(minimum = 1, maximum = 500)]
    pub number: usize,
}

/// A token of a questionnaire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SurveySlip {
    /// The token; shown this once.
    pub token: String,
    /// Where it is filled in.
    pub address: String,
}

/// How many were handed out on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PapersWish {
    /// How many, besides the tokens.
    pub papers: u32,
}

/// A sheet that came back on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyPaper {
    /// What its writer said: `M`, `F`, `O` or `N`; null for nothing.
    #[serde(default)]
    pub gender: Option<String>,
    /// Answers by id of the question: `1` to `5`, or words. What was left open is left out.
    pub answers: BTreeMap<String, String>,
}

/// A link of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkWish {
    /// Address, `https://…`.
    pub link: String,
    /// What it is called; the address if it is empty.
    #[serde(default)]
    pub name: String,
}

/// A file or a link of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaterialInfo {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address of a link; null for a file.
    pub link: Option<String>,
    /// Bytes of a file.
    pub size: u64,
}

/// What new courses and sessions begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseDefaults {
    /// Pass mark.
    #[schema(minimum = 0, maximum = 100)]
    pub pass_mark: u8,
    /// Minutes that somebody may come late or leave early.
    #[schema(minimum = 0, maximum = 120)]
    pub late_minutes: u16,
}

/// The slip of a trainee of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionSlip {
    /// Who.
    pub person: Person,
    /// Code to sign in and out by; shown this once.
    pub sign_code: String,
    /// Code that opens their own page; shown this once.
    pub own_code: String,
}

/// Somebody's hours as they go to the learning portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortalHours {
    /// Who.
    pub person: Person,
    /// What counts, seconds.
    pub seconds: i64,
    /// Points of the test after the course.
    pub score: Option<i64>,
    /// Number of the certificate, or empty.
    pub certificate: String,
    /// Why there is no row: `no_official`, `identity_unknown` or `absent`.
    pub left: Option<String>,
    /// Below 4/5 of the course; the hours are entered all the same.
    pub short: bool,
    /// Never signed out; a human should look first.
    pub open: bool,
}

/// The file that is asked for. It is no value that can be printed: the list holds ID numbers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalWish {
    /// Columns: `current` (25) or `v1` (19).
    #[schema(example = "current")]
    pub profile: String,
    /// `522` or `523`.
    pub category: String,
    /// Code of the county.
    #[schema(example = "30")]
    pub county: String,
    /// 期別.
    pub batch: String,
    /// All of it was learnt online.
    #[serde(default)]
    pub all_digital: bool,
    /// Minutes of each person's that were learnt online; 0 for an exercise.
    #[serde(default)]
    pub digital_minutes: u32,
    /// ID numbers, one person a line: staff number, ID number. Used for this one file and kept nowhere.
    pub numbers: String,
}

/// What stands of a certificate's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckedNumber {
    /// Number as printed.
    pub number: String,
    /// Name, masked.
    pub name: String,
    /// Course.
    pub course: String,
    /// Length of the course, minutes.
    pub minutes: u32,
    /// When it was issued.
    pub issued_ms: i64,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}
