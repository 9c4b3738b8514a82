//! What the officer decides about a year: targets, duty rules, findings, texts of tables, settings of the records; and the year
//! itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Heads, Person};

/// What a target is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetWish {
    /// Item of the programme, `3-1`.
    pub item: String,
    /// Title.
    pub title: String,
    /// County, or empty for the programme.
    #[serde(default)]
    pub county: String,
    /// From which ROC year on.
    pub from: i16,
    /// The last ROC year; null for one that goes on.
    #[serde(default)]
    pub until: Option<i16>,
    /// `persons`, `person_times`, `person_hours`, `sessions`, `cases`, `female_share` (per cent), `either_part` (of either gender in
    /// each group one in so many, 3 for one third), `either_share` (the same in per cent), `grave_closed` (per cent of the grave
    /// findings, closed within a week) or `websites` (by hand).
    pub measure: String,
    /// How much of it in a year.
    #[schema(minimum = 1)]
    pub value: i64,
    /// The other half of a target that may be reached in either of two ways.
    #[serde(default)]
    pub or: Option<OtherHalf>,
    /// What shows it, `X1, X2`.
    #[serde(default)]
    pub evidence: String,
}

/// The other half of a target that may be reached in either of two ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherHalf {
    /// As of the target.
    pub measure: String,
    /// How much of it in a year.
    #[schema(minimum = 1)]
    pub value: i64,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TargetInfo {
    /// Id.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub about: TargetWish,
    /// What is claimed of it in the year that was asked for.
    pub claim: ClaimWish,
}

/// What is claimed of a target in a year.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimWish {
    /// Of a target that may be reached in either of two ways, the other half is claimed.
    #[serde(default)]
    pub second: bool,
    /// What was counted by hand, where the register does not count it.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub by_hand: Option<i64>,
}

/// What a duty rule is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DutyRuleWish {
    /// For whom: `dedicated`, `it` or `user`.
    pub class: String,
    /// At agencies of these levels, `A` to `E`.
    pub levels: Vec<String>,
    /// From which ROC year on, until a later rule for the same.
    pub from: i16,
    /// Professional hours; 0 for none.
    #[schema(minimum = 0, maximum = 500)]
    pub professional: i64,
    /// Over how many calendar years these are counted: 1 or 2.
    #[schema(minimum = 1, maximum = 2)]
    pub years: i64,
    /// General hours a year; 0 for none.
    #[schema(minimum = 0, maximum = 500)]
    pub general: i64,
}

/// A duty rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DutyRuleInfo {
    /// Id.
    pub id: String,
    /// What it says.
    #[serde(flatten)]
    pub about: DutyRuleWish,
}

/// What a finding of a red team is to be. Days are any moment of the day in Taipei.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingWish {
    /// ROC year that it is reported in.
    pub roc_year: i16,
    /// Number, unique in its year.
    pub number: String,
    /// System.
    pub system: String,
    /// Weakness.
    pub weakness: String,
    /// CVSS score with one decimal, as text.
    #[schema(example = "9.8")]
    pub cvss: String,
    /// Day of the first test.
    pub first_ms: i64,
    /// What was done about it.
    #[serde(default)]
    pub repair: String,
    /// Day of the repair.
    #[serde(default)]
    pub repaired_ms: Option<i64>,
    /// Day of the retest.
    #[serde(default)]
    pub retest_ms: Option<i64>,
    /// How the retest ended: `repaired`, `partly`, `open` or `accepted`.
    pub result: String,
}

/// A finding. Its days are midnights in Taipei.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingInfo {
    /// Id.
    pub id: String,
    /// What was found.
    #[serde(flatten)]
    pub about: FindingWish,
    /// `高`, `中` or `低` by its score.
    pub risk: String,
    /// Repaired within seven days of the first test, and the retest says so.
    pub within_a_week: bool,
}

/// Text that a table asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextWish {
    /// `x3:` and the group (原因及改善作法), or `x4:` with questionnaire and question (性別分析).
    pub key: String,
    /// The words; empty takes them away.
    pub words: String,
}

/// A text that a table of the year has, or lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableTextInfo {
    /// Key to write it by.
    pub key: String,
    /// Code of the table that it stands under.
    pub table: String,
    /// Group, or question.
    pub title: String,
    /// The words; empty where they are missing.
    pub words: String,
}

/// Settings of the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordSettings {
    /// Counts below this are hidden in the public edition.
    pub hidden_under: i64,
    /// Which office hands papers in, each from a moment on; the last one does now. Without any it is the invented county's.
    pub offices: Vec<OfficeInfo>,
    /// Who issues certificates, each from a moment on; the last one does now.
    pub issuers: Vec<IssuerInfo>,
    /// Which ID numbers the portal's files are made of: `drill` or `real`.
    pub portal_numbers: String,
}

/// Which ID numbers the portal's files are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumbersWish {
    /// `drill`: the people are invented, and numbers have to fail their check digit. `real`: it has to fit.
    pub portal_numbers: String,
}

/// Below which count the public edition hides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskingWish {
    /// Counts below this are hidden.
    #[schema(minimum = 2, maximum = 20)]
    pub hidden_under: i64,
}

/// Which office hands tables, packages, sheets and certificates in from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeWish {
    /// Name.
    pub office: String,
    /// Line at the foot of each page, as long as the ID numbers are those of a drill; empty for none.
    #[serde(default)]
    pub foot: String,
}

/// Which office hands papers in from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfficeInfo {
    /// Since when.
    pub since_ms: i64,
    /// Name.
    pub office: String,
    /// Line at the foot; empty for none.
    pub foot: String,
}

/// Who is to issue certificates from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerWish {
    /// Agency.
    pub agency: String,
    /// Who signs for it, by title; empty for none.
    #[serde(default)]
    pub signer: String,
}

/// Who issues certificates from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuerInfo {
    /// Since when.
    pub since_ms: i64,
    /// Agency.
    pub agency: String,
    /// Who signs for it, by title; empty for none.
    pub signer: String,
}

/// Figures of a group of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct YearFigures {
    /// 人數: each person once, by gender.
    pub persons: Heads,
    /// 人次, by gender.
    pub person_times: Heads,
    /// Seconds that count (人時).
    pub seconds: i64,
    /// 場次.
    pub sessions: i64,
    /// 案.
    pub cases: i64,
    /// 應到, per session.
    pub expected: i64,
    /// 人次 of sessions with a test.
    pub tested: i64,
    /// Of these, with the pass mark or more.
    pub passed: i64,
}

/// Figures of a part of the year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupFigures {
    /// What the part is: month, agency, title or county.
    pub of: String,
    /// Its figures.
    pub figures: YearFigures,
}

/// A target, or one half of it, with what was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TargetStanding {
    /// Target id.
    pub target: String,
    /// Item of the programme.
    pub item: String,
    /// Title.
    pub title: String,
    /// County, or empty for the programme.
    pub county: String,
    /// What is counted.
    pub measure: String,
    /// How much is asked for.
    pub value: i64,
    /// What was reached, as printed; hours with two decimals, shares in per cent; null where nothing is known.
    pub actual: Option<String>,
    /// Share of what is asked for in per cent, as printed.
    pub share: Option<String>,
    /// Reached; null where nothing is known.
    pub reached: Option<bool>,
    /// Of a target that may be reached in either of two ways: whether this half is claimed.
    pub claimed: Option<bool>,
}

/// A session behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionFigure {
    /// Code of the class session or exercise.
    pub code: String,
    /// Title.
    pub title: String,
    /// When it began.
    pub start_ms: i64,
    /// When it ended.
    pub end_ms: i64,
    /// It is a case.
    pub case: bool,
    /// Trainees who came.
    pub persons: i64,
    /// What they attended.
    pub seconds: i64,
}

/// Something that is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReminderInfo {
    /// `portal`, `portal_late`, `no_sheet`, `not_returned`, `reason`, `analysis`, `no_duty` or `no_gender`.
    pub kind: String,
    /// What it is about: session, questionnaire, group or question; may be empty.
    pub about: String,
    /// How many, or how many days.
    pub number: i64,
}

/// A session whose hours go to the learning portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortalSession {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// When it ended.
    pub end_ms: i64,
    /// When its file was made last, by itself or with its whole course; null where none was made since it ended.
    pub made_ms: Option<i64>,
    /// Course, of a class session.
    pub course: Option<String>,
    /// Class session.
    pub session: Option<String>,
    /// Exercise.
    pub exercise: Option<String>,
}

/// A year at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct YearInfo {
    /// ROC year.
    pub roc_year: i16,
    /// Years of which something is known, newest first.
    pub years: Vec<i16>,
    /// Figures of the year.
    pub figures: YearFigures,
    /// Of the year before.
    pub before: YearFigures,
    /// Of all years up to this one, each person once.
    pub cumulative: YearFigures,
    /// Targets that hold.
    pub targets: Vec<TargetStanding>,
    /// By month.
    pub months: Vec<GroupFigures>,
    /// By agency.
    pub agencies: Vec<GroupFigures>,
    /// By title of the course or exercise.
    pub titles: Vec<GroupFigures>,
    /// By county of the people's agencies.
    pub counties: Vec<GroupFigures>,
    /// What is to be done.
    pub reminders: Vec<ReminderInfo>,
    /// Sessions whose hours go to the learning portal.
    pub portal: Vec<PortalSession>,
}

/// Somebody behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BehindFigure {
    /// Who.
    pub person: Person,
    /// Codes of the sessions that count.
    pub sessions: Vec<String>,
    /// What they add up to, seconds.
    pub seconds: i64,
}

/// An exercise of a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExerciseOfYear {
    /// Id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Planned start.
    pub starts_ms: i64,
    /// People who came.
    pub persons: i64,
    /// Seconds that count.
    pub seconds: i64,
}

/// A heading of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableColumn {
    /// On the form, where it may need its neighbours to be understood.
    pub zh: String,
    /// Gloss.
    pub en: String,
    /// In CSV, where it stands alone.
    pub csv: String,
}

/// A table of a year with everything that stands around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableInfo {
    /// Title.
    pub title: String,
    /// Unit line.
    pub unit: String,
    /// Columns.
    pub columns: Vec<TableColumn>,
    /// Rows of cells as in CSV: without separators of thousands, `-` and `--` where the form has them, `※` for what is hidden.
    pub rows: Vec<Vec<String>>,
    /// Notes.
    pub notes: Vec<String>,
    /// Source line.
    pub source: String,
}

/// A line of the log of looks and exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookInfo {
    /// When.
    pub at_ms: i64,
    /// Account id.
    pub account: Option<String>,
    /// Something left as a file.
    pub exported: bool,
    /// What was read.
    pub detail: String,
}
