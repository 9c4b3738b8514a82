//! What the API carries. Times are milliseconds since 1970 UTC, points are integers, ids are texts that mean nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who a token stands for, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// `administrator`, `instructor`, `officer` or `seat`.
    pub role: String,
    /// Account id, or seat id.
    pub id: String,
    /// Name of the person.
    pub name: String,
    /// Exercise of a seat.
    pub exercise: Option<String>,
    /// Team of a seat.
    pub team: Option<String>,
    /// The token.
    pub token: TokenInfo,
}

/// A token; its text is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenInfo {
    /// Id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_ms: i64,
    /// When it ends by itself.
    pub expires_ms: i64,
    /// When it was last used, to the minute.
    pub used_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// A text of the platform: rule and values for a program, text for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// Rule or code; never renamed.
    pub rule: String,
    /// Values.
    pub args: BTreeMap<String, String>,
    /// The same in the language of `Accept-Language`.
    pub text: String,
}

/// An exercise in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exercise {
    /// Id.
    pub id: String,
    /// Session code.
    #[schema(example = "S115-01")]
    pub code: String,
    /// Title.
    pub title: String,
    /// Scenario id.
    pub scenario: String,
    /// Scenario version.
    pub scenario_version: u32,
    /// Number of red/blue pairs.
    pub pairs: u16,
    /// Place.
    pub place: String,
    /// Planned start.
    pub starts_ms: i64,
    /// Planned end.
    pub ends_ms: i64,
    /// `draft`, `provisioning`, `ready`, `running`, `paused`, `ended` or `cleared`.
    pub status: String,
    /// Ledger position.
    pub seq: u64,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// Id.
    #[schema(example = "r1")]
    pub id: String,
    /// Name.
    pub name: String,
    /// `red` or `blue`.
    pub side: String,
    /// Range number.
    pub range: u16,
    /// Total.
    pub points: i64,
    /// Seats given.
    pub seats: usize,
    /// Why it stands outside the ranks.
    pub out: Option<Reason>,
}

/// The exercise clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Clock {
    /// Time banked, ms.
    pub banked_ms: i64,
    /// Since when it runs; null while it stands.
    pub since_ms: Option<i64>,
    /// Planned length, ms.
    pub duration_ms: i64,
}

/// A host of a standing range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Host {
    /// Range number.
    pub range: u16,
    /// Host id.
    pub host: String,
    /// `unknown`, `running`, `frozen`, `dead` or `missing`.
    pub state: String,
    /// How often it has died since the watch began.
    pub deaths: u32,
    /// Step of its reset, while one is under way.
    pub reset: Option<String>,
}

/// Something that staff must know of a standing range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// What.
    pub what: Reason,
    /// Since when.
    pub at_ms: i64,
    /// Until when; null while it lasts.
    pub over_ms: Option<i64>,
}

/// A launch that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Queued {
    /// Place, from 1.
    pub place: usize,
    /// How many wait.
    pub of: usize,
    /// What it waits for.
    pub why: Reason,
}

/// A launch, a clearing or a freeze under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// `queue`, `launch`, `clear`, `freeze`; empty when nothing goes on.
    pub what: String,
    /// Objects done and in all, over all ranges.
    pub done: usize,
    /// See `done`.
    pub all: usize,
    /// Place in the queue.
    pub queued: Option<Queued>,
    /// Why it failed last.
    pub why: Option<Reason>,
}

/// One exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExerciseDetail {
    /// What lists show.
    #[serde(flatten)]
    pub exercise: Exercise,
    /// Clock.
    pub clock: Clock,
    /// Teams.
    pub teams: Vec<Team>,
    /// When the ranges are to be built; null where nothing is planned.
    pub launch_ms: Option<i64>,
    /// Until when the ranges may live.
    pub deadline_ms: i64,
    /// What goes on.
    pub progress: Progress,
    /// Hosts of standing ranges.
    pub hosts: Vec<Host>,
    /// Alarms, oldest first.
    pub alarms: Vec<Alarm>,
    /// The ledger is what was written, as far as it was checked.
    pub intact: bool,
    /// The public board stands still.
    pub frozen: bool,
}

/// A new exercise.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExercise {
    /// Scenario id.
    #[schema(example = "qinglan-portal")]
    pub scenario: String,
    /// Session code, letters, digits and hyphens; unique.
    #[schema(example = "S115-01")]
    pub code: String,
    /// Title; empty takes the scenario's.
    #[serde(default)]
    pub title: String,
    /// Number of red/blue pairs.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 12, default = 1)]
    pub pairs: u16,
    /// Place.
    #[serde(default)]
    pub place: String,
    /// Planned start.
    pub starts_ms: i64,
    /// Planned end.
    pub ends_ms: i64,
}

fn one() -> u16 {
    1
}

/// The session code, typed once more before something is ended or removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Session code of the exercise.
    #[schema(example = "S115-01")]
    pub code: String,
}

/// When ranges are built.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchPlan {
    /// When; null drops the plan.
    pub at_ms: Option<i64>,
}

/// Until when ranges live.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// When they are ended and cleared.
    pub at_ms: i64,
}

/// A line of the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardTeam {
    /// Team id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `red` or `blue`.
    pub side: String,
    /// Range number.
    pub range: u16,
    /// Rank within its side, shared ranks skip the next; 0 outside the ranks.
    pub rank: u32,
    /// Total.
    pub points: i64,
    /// Parts, by component.
    pub parts: BTreeMap<String, i64>,
    /// When the total was reached.
    pub reached_ms: i64,
    /// Why it last changed.
    pub last: Option<BoardReason>,
    /// By how much it last changed.
    pub last_points: i64,
}

/// A reason as rule and values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardReason {
    /// Rule.
    pub rule: String,
    /// Values.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

/// One rank list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardSide {
    /// `red` or `blue`.
    pub side: String,
    /// Most points that a team of it can have.
    pub max: i64,
    /// Teams in rank order.
    pub teams: Vec<BoardTeam>,
}

/// A score from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardPoint {
    /// Exercise clock, ms.
    pub clock_ms: i64,
    /// Score from then on.
    pub points: i64,
}

/// A line of the ticker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardLine {
    /// Ledger position.
    pub seq: u64,
    /// When.
    pub at_ms: i64,
    /// Kind of entry.
    pub kind: String,
    /// Team id.
    pub team: Option<String>,
    /// Text as rule and values.
    pub reason: BoardReason,
    /// Points.
    pub points: i64,
}

/// The board of an exercise, as its page and its stream carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Board {
    /// Ledger position that it was computed at; while the board is frozen, that of the last change of status.
    pub seq: u64,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Status of the exercise.
    pub status: String,
    /// True while what follows stands still.
    pub frozen: bool,
    /// Clock.
    pub clock: Clock,
    /// Red, then blue.
    pub sides: Vec<BoardSide>,
    /// Score over exercise time, by team id.
    pub series: BTreeMap<String, Vec<BoardPoint>>,
    /// Last lines, newest first.
    pub ticker: Vec<BoardLine>,
}

/// An entry of a ledger, with what chains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LedgerEntry {
    /// Position, from 1 without gaps.
    pub seq: u64,
    /// The entry as it is hashed: `seq`, `at_ms`, `actor`, `kind`, `body`.
    pub entry: serde_json::Value,
    /// Hash of the entry before it.
    pub prev: String,
    /// SHA-256 over `prev` and the entry's text.
    pub hash: String,
}

/// An entry that moved a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScoreLine {
    /// Ledger position.
    pub seq: u64,
    /// When.
    pub at_ms: i64,
    /// Team id.
    pub team: String,
    /// Part of the score.
    pub part: String,
    /// Points.
    pub points: i64,
    /// Why.
    pub reason: Reason,
}

/// Somebody of the register. Nothing personal is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// People who were not there.
    pub added: usize,
    /// People whose row is another one now.
    pub changed: usize,
    /// People who are as they were.
    pub unchanged: usize,
    /// True when it was only tried.
    pub dry_run: bool,
}

/// A seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Seat {
    /// Seat id.
    pub id: String,
    /// Person id.
    pub person: String,
    /// Name of the person.
    pub name: String,
    /// Agency of the person.
    pub agency: String,
    /// Team id.
    pub team: String,
    /// Number within the team.
    pub number: u32,
    /// A code was made and nobody has used it.
    pub code_waits: bool,
    /// When its code was used.
    pub code_used_ms: Option<i64>,
    /// Somebody has its page open.
    pub online: bool,
}

/// Where a person is to sit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatWish {
    /// Team id.
    #[schema(example = "r1")]
    pub team: String,
}

/// People to spread over the teams.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Person ids; who has a seat keeps it.
    pub persons: Vec<String>,
}

/// How many were done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// How many.
    pub count: usize,
}

/// For whom slips are made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlipWish {
    /// One seat, whether or not it was opened already; null for all that nobody has opened yet.
    #[serde(default)]
    pub seat: Option<String>,
}

/// A slip: who sits where, and the code that opens the seat once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Slip {
    /// Seat id.
    pub seat: String,
    /// Person's name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Team name.
    pub team: String,
    /// `red` or `blue`.
    pub side: String,
    /// Number within the team.
    pub number: u32,
    /// Code, eight characters; shown this once.
    pub code: String,
}

/// A line of a sign-in sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sign {
    /// Id.
    pub id: String,
    /// From.
    pub from_ms: i64,
    /// To; null while the person is there.
    pub to_ms: Option<i64>,
    /// Why it was entered.
    pub reason: String,
}

/// One person's attendance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attendance {
    /// Person.
    pub person: Person,
    /// Team id of the present seat.
    pub team: Option<String>,
    /// Lines that stand.
    pub signs: Vec<Sign>,
    /// What counts, in whole seconds.
    pub seconds: i64,
}

/// What is written into a sign-in sheet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignAct {
    /// Signs a person in, from now on.
    In {
        /// Person id.
        person: String,
    },
    /// Signs a person out, now.
    Out {
        /// Person id.
        person: String,
    },
    /// Enters a stay afterwards.
    Mark {
        /// Person id.
        person: String,
        /// From.
        from_ms: i64,
        /// To.
        to_ms: i64,
        /// Why.
        reason: String,
    },
    /// Strikes a line out; it stays and does not count.
    Strike {
        /// Id of the line.
        sign: String,
    },
}

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

/// A fault of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScenarioFault {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Kind of fault.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A scenario of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scenario {
    /// Id.
    pub id: String,
    /// Version; null while it has faults.
    pub version: Option<u32>,
    /// Title in the caller's language.
    pub title: String,
    /// Planned length, ms.
    pub duration_ms: Option<i64>,
    /// All faults at once; empty when it can be used.
    pub faults: Vec<ScenarioFault>,
}

/// An image that ranges are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// Name.
    pub name: String,
    /// `missing`, `old` or `current`.
    pub presence: String,
    /// Size on the engine, bytes.
    pub size: u64,
    /// When it was built.
    pub built_ms: Option<i64>,
    /// It has a folder here, and can be built.
    pub ours: bool,
}

/// Images to build.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildWish {
    /// Names; empty for all that are missing or old.
    #[serde(default)]
    pub images: Vec<String>,
    /// Whether it is needed or not.
    #[serde(default)]
    pub anew: bool,
}

/// The machine that ranges run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Engine {
    /// It answers.
    pub reachable: bool,
    /// Its version.
    pub version: String,
    /// Where it is asked.
    pub address: String,
    /// The wall on its host stands; null where it cannot be asked.
    pub guard: Option<bool>,
}

/// The system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Version of Rampart.
    pub version: String,
    /// Since when it runs.
    pub started_ms: i64,
    /// Engine.
    pub engine: Engine,
    /// `sqlite` or `postgres`.
    pub store: String,
    /// Size of the store's file, bytes, where it is one.
    pub store_bytes: Option<u64>,
    /// Images are being built.
    pub building: bool,
    /// Exercises that could not be taken up: code and why.
    pub shut: Vec<Shut>,
}

/// An exercise that could not be taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shut {
    /// Id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Why.
    pub why: Reason,
}

/// A run on the engine that no exercise knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stray {
    /// Run id.
    pub run: String,
    /// `ours`, `other` or `unknown`.
    pub whose: String,
    /// Containers.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
}
