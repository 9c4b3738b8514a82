//! What stands at the judge's desk, and what instructors see of terminals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Reason;

/// A penalty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Penalty {
    /// Ledger position, by which it is taken back.
    pub about: u64,
    /// When.
    pub at_ms: i64,
    /// Team id.
    pub team: String,
    /// Points, less than zero.
    pub points: i64,
    /// Why.
    pub text: String,
    /// Why it was taken back; null while it stands.
    pub lifted: Option<String>,
}

/// A stretch of time in which checks do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidedChecks {
    /// Id, by which it is undone.
    pub id: String,
    /// Range number; null is every range.
    pub range: Option<u16>,
    /// Check id; null is every check.
    pub check: Option<String>,
    /// From.
    pub from_ms: i64,
    /// To.
    pub to_ms: i64,
    /// When it was entered.
    pub at_ms: i64,
    /// Why.
    pub text: String,
    /// Why it counts again; null while it is void.
    pub undone: Option<String>,
}

/// A team of a re-match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RematchTeam {
    /// Team id.
    pub team: String,
    /// Points of the run here, which are set aside.
    pub old: i64,
    /// Points of the run that counts in its place.
    pub new: i64,
}

/// A run that counts, or counted, in place of one here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountedRematch {
    /// Id, by which it is undone.
    pub id: String,
    /// Session code of the exercise that is the new run.
    pub run: String,
    /// Position in its ledger at which its points were read.
    pub position: u64,
    /// The pair.
    pub teams: Vec<RematchTeam>,
    /// When it was entered.
    pub at_ms: i64,
    /// Why.
    pub text: String,
    /// Why it no longer counts; null while it does.
    pub undone: Option<String>,
}

/// A judged report and its marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkedReport {
    /// Id.
    pub report: String,
    /// Team id.
    pub team: String,
    /// Host named.
    pub host: String,
    /// Technique named.
    pub technique: String,
    /// When it was filed.
    pub at_ms: i64,
    /// What the team wrote.
    pub text: String,
    /// `matched`, `already_claimed` or `false`.
    pub verdict: String,
    /// Last marks by criterion; null where there are none.
    pub marks: Option<BTreeMap<String, i64>>,
    /// What the judge wrote with them.
    pub note: String,
    /// The marks wait to be released.
    pub waiting: bool,
    /// Points that its marks have brought so far.
    pub points: i64,
}

/// Something odd that a person may look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OddSign {
    /// When.
    pub at_ms: i64,
    /// Team id.
    pub team: String,
    /// Another team that it concerns.
    pub other: Option<String>,
    /// What.
    pub what: Reason,
    /// Ledger position, where there is one.
    pub seq: Option<u64>,
}

/// What stands at the judge's desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JudgeDesk {
    /// Ledger position that it was read at.
    pub seq: u64,
    /// The public board stands still.
    pub frozen: bool,
    /// Penalties, in order.
    pub penalties: Vec<Penalty>,
    /// Voids, in order.
    pub voids: Vec<VoidedChecks>,
    /// Re-matches, in order.
    pub rematches: Vec<CountedRematch>,
    /// Judged reports, in order, where the scenario has criteria to mark them by.
    pub reports: Vec<MarkedReport>,
    /// What looks odd, oldest first: for information only, nothing follows from it.
    pub signs: Vec<OddSign>,
}

/// An open terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenTerminal {
    /// Id; its recording will have the same.
    pub id: String,
    /// Team id.
    pub team: String,
    /// Number of the seat in its team.
    pub seat: u32,
    /// Name of the person.
    pub name: String,
    /// Since when.
    pub since_ms: i64,
    /// When something was last typed.
    pub typed_ms: i64,
    /// A browser shows it now.
    pub attached: bool,
    /// How many look on.
    pub watching: u32,
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// A recording of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recording {
    /// Id.
    pub id: String,
    /// Team id.
    pub team: String,
    /// Number of the seat in its team.
    pub seat: u32,
    /// Name of the person.
    pub name: String,
    /// When the terminal was opened.
    pub started_ms: i64,
    /// Length, ms; null while it is open.
    pub length_ms: Option<i64>,
    /// Size of the file; null while it is open.
    pub bytes: Option<i64>,
    /// SHA-256 of the file, hexadecimal; null while it is open.
    pub sha256: Option<String>,
    /// Bytes of output that were left out in floods.
    pub skipped: i64,
    /// `open`, `whole`, `cut` (it reached its limit), `broken` (the server was killed) or `removed` (its file was deleted).
    pub state: String,
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FolderEntry {
    /// Name.
    pub name: String,
    /// `folder`, `file` or `other`, which cannot be taken out.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Last change.
    pub changed_ms: i64,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Folder {
    /// Folders first, then by name.
    pub entries: Vec<FolderEntry>,
    /// There are more.
    pub cut: bool,
}

/// A file that was put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedFile {
    /// Its name in `uploads`.
    pub name: String,
    /// Bytes.
    pub size: u64,
}
