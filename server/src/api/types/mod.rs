//! What the API carries. Times are milliseconds since 1970 UTC, points are integers, ids are texts that mean nothing.

mod courses;
mod desk;
mod people;
mod plans;
mod play;
mod programme;
mod register;
mod surveys;
mod system;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use courses::*;
pub use desk::*;
pub use people::*;
pub use plans::*;
pub use play::*;
pub use programme::*;
pub use register::*;
pub use surveys::*;
pub use system::*;

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

/// Packets and bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A counter of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatewayCounter {
    /// `allow_N` for what rule N of the scenario let through, both ways, `deny_A_B` for what was dropped from zone A to zone B
    /// (all from 1), `deny_gateway`, `deny_elsewhere`, `forged`.
    pub counter: String,
    /// In the whole run, over restarts and resets of the gateway.
    pub run: Traffic,
    /// Since the gateway started last; null while it cannot be read.
    pub life: Option<Traffic>,
}

/// What the gateway of a range has counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GatewayCounters {
    /// When the gateway started last; null where it is not known.
    pub since_ms: Option<i64>,
    /// When they were read: now, or the last time that they could be.
    pub read_ms: i64,
    /// In the order of the scenario.
    pub counters: Vec<GatewayCounter>,
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
