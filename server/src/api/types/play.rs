//! Judging, what a seat does, and figures.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Clock;

/// A judge's word about a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ruling {
    /// The team was right.
    pub upheld: bool,
    /// Points that followed.
    pub points: i64,
    /// Why.
    pub text: String,
    /// When.
    pub at_ms: i64,
}

/// A dispute about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contest {
    /// Id.
    pub id: String,
    /// Team id.
    pub team: String,
    /// Ledger position of the entry.
    pub about: u64,
    /// What the team wrote.
    pub text: String,
    /// When.
    pub at_ms: i64,
    /// The ruling; null while there is none.
    pub ruled: Option<Ruling>,
}

/// What a judge does. Each is an entry of the ledger; nothing is edited.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum JudgeAct {
    /// Gives or takes points.
    Correct {
        /// Team id.
        team: String,
        /// Points.
        points: i64,
        /// Ledger position of the entry that this puts right.
        #[serde(default)]
        about: Option<u64>,
        /// Why.
        text: String,
    },
    /// Takes a team out of the ranks, or puts it back.
    Disqualify {
        /// Team id.
        team: String,
        /// True for out.
        out: bool,
        /// Why.
        text: String,
    },
    /// Lets the public board stand still, or go on.
    Freeze {
        /// True for still.
        on: bool,
    },
    /// Rules on a dispute.
    Rule {
        /// Id of the dispute.
        contest: String,
        /// The team is right.
        upheld: bool,
        /// Points that follow; zero when it is not.
        #[serde(default)]
        points: i64,
        /// Why.
        text: String,
    },
    /// Punishes a team.
    Penalise {
        /// Team id.
        team: String,
        /// How many points it loses.
        points: i64,
        /// Why.
        text: String,
    },
    /// Takes a penalty back.
    Lift {
        /// Ledger position of the penalty.
        about: u64,
        /// Why.
        text: String,
    },
    /// Gives a red team further tries for an objective.
    Tries {
        /// Team id.
        team: String,
        /// Objective id.
        objective: String,
        /// How many.
        tries: i64,
        /// Why.
        text: String,
    },
    /// Marks a report. Its team sees the marks once they are released.
    Mark {
        /// Report id.
        report: String,
        /// Points by criterion id; every criterion of the scenario.
        marks: std::collections::BTreeMap<String, i64>,
        /// What the team reads with them.
        #[serde(default)]
        text: String,
    },
    /// Releases all marks that wait.
    Release,
    /// Checks do not count between two moments that lie behind.
    Void {
        /// Range number; null is every range.
        #[serde(default)]
        range: Option<u16>,
        /// Check id; null is every check.
        #[serde(default)]
        check: Option<String>,
        /// From, ms since 1970 UTC.
        from_ms: i64,
        /// To, ms since 1970 UTC.
        to_ms: i64,
        /// Why.
        text: String,
    },
    /// They count again.
    Unvoid {
        /// Id of the void.
        void: String,
        /// Why.
        text: String,
    },
    /// A pair of another exercise that is over counts in place of a pair here.
    Rematch {
        /// Range number of the pair here.
        range: u16,
        /// Id of the other exercise.
        exercise: String,
        /// Range number of the pair there.
        run: u16,
        /// Why.
        text: String,
    },
    /// The old run counts again.
    UndoRematch {
        /// Id of the re-match.
        rematch: String,
        /// Why.
        text: String,
    },
}

/// What a seat sees of its exercise and team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeatState {
    /// Exercise id.
    pub exercise: String,
    /// Session code.
    pub code: String,
    /// Status of the exercise.
    pub status: String,
    /// Clock.
    pub clock: Clock,
    /// Team id.
    pub team: String,
    /// `red` or `blue`.
    pub side: String,
    /// Total of the team.
    pub points: i64,
    /// Objectives captured, ids; empty for blue.
    pub captured: Vec<String>,
}

/// A flag.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagTry {
    /// Objective id.
    pub objective: String,
    /// As found.
    #[schema(example = "RMP{0123456789abcdef0123456789abcdef}")]
    pub flag: String,
}

/// What became of a flag. The request was carried out whatever came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlagAnswer {
    /// `correct`, `wrong`, `other_run` or `late`.
    pub answer: String,
    /// Points for it.
    pub points: i64,
    /// Tries left, where they count.
    pub left: Option<u32>,
    /// Total of the team.
    pub team_points: i64,
}

/// A hint to open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HintWish {
    /// Hint id.
    pub hint: String,
}

/// A text in the caller's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Text {
    /// The text.
    pub text: String,
}

/// An incident report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Host id.
    pub host: String,
    /// ATT&CK id.
    #[schema(example = "T1190")]
    pub technique: String,
    /// When it was seen.
    pub seen_ms: i64,
    /// Events cited, ids.
    #[serde(default)]
    pub events: Vec<String>,
    /// What happened.
    pub text: String,
}

/// Something that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Made {
    /// Its id.
    pub id: String,
}

/// A repair to be retested.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairWish {
    /// Repair id.
    pub repair: String,
}

/// A host to be made anew.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetWish {
    /// Host id.
    pub host: String,
}

/// A dispute to open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// Ledger position of the entry.
    pub about: u64,
    /// Why it is wrong.
    pub text: String,
}

/// People by stated gender; the parts always make the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heads {
    /// 男.
    pub male: i64,
    /// 女.
    pub female: i64,
    /// 其他.
    pub other: i64,
    /// 不願透露.
    pub undisclosed: i64,
    /// 未填.
    pub none: i64,
    /// All.
    pub total: i64,
}

/// Figures of an exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Records {
    /// ROC year that it is booked to.
    pub roc_year: i64,
    /// 人數 by gender.
    pub heads: Heads,
    /// 人數.
    pub persons: i64,
    /// 人次.
    pub person_times: i64,
    /// Seconds, to be printed as 人時.
    pub seconds: i64,
}
