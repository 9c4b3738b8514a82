//! The control room of one exercise.

use std::collections::BTreeMap;

use scoreboard::Reason;
use serde::Serialize;

use super::admin::{ImageRow, ImageState};
use super::common::*;
use super::hosts::MachineTable;
use super::schedule::{CapacityView, QueueView, ScheduleView};

/// `/exercises/{id}`: the whole page. Its live part is [`ControlRoomLive`], which is also served alone at `/exercises/{id}/live`.
#[derive(Debug, Clone, Serialize)]
pub struct ControlRoom {
    /// The live part.
    pub live: ControlRoomLive,
    /// Images that are not ready, before a launch; `None` while the engine does not answer.
    pub images: Option<Vec<ImageRow>>,
    /// What the scenario folder holds now, where it is not what the exercise was made from.
    pub newer: Option<NewerScenario>,
}

/// A scenario that has changed since an exercise was made from it.
#[derive(Debug, Clone, Serialize)]
pub struct NewerScenario {
    /// Id of the scenario.
    pub scenario: String,
    /// Version that the exercise keeps.
    pub kept: i64,
    /// Version in the folder; the same one where only its words changed.
    pub now: i64,
}

/// What an instructor can do to an exercise; also the last part of the path it is posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseAct {
    /// Build the ranges.
    Launch,
    /// Start the clock.
    Start,
    /// Freeze containers and clock.
    Pause,
    /// Undo a pause.
    Resume,
    /// End; field `confirm` carries the session code.
    End,
    /// Remove the ranges; field `confirm` carries the session code.
    Clear,
    /// Build the ranges of a lost node again on another one; field `confirm` carries the session code.
    Rebuild,
}

/// One act with its state.
#[derive(Debug, Clone, Serialize)]
pub struct ActOffer {
    /// Which.
    pub act: ExerciseAct,
    /// Why it cannot be done now; `None` if it can.
    pub blocked: Option<Problem>,
}

/// The part that is fetched again at each `refresh` event of `/exercises/{id}/events`.
#[derive(Debug, Clone, Serialize)]
pub struct ControlRoomLive {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Clock.
    pub clock: ExerciseClock,
    /// Phase wall.
    pub phases: Vec<PhaseBlock>,
    /// Acts offered in this state, in order.
    pub acts: Vec<ActOffer>,
    /// What ending and clearing will remove and keep.
    pub stakes: Stakes,
    /// The launch (or clearing) going on, or the last failed one.
    pub launch: Option<LaunchView>,
    /// What was planned.
    pub schedule: ScheduleView,
    /// The node of the ranges does not answer.
    pub outage: Option<OutageView>,
    /// The launch that waits.
    pub queued: Option<QueueView>,
    /// What a launch needs; before it only.
    pub capacity: Option<CapacityView>,
    /// Proofs of the walls, all ranges.
    pub walls: Vec<WallProof>,
    /// When the walls were last tried, ms UTC.
    pub walls_ms: Option<i64>,
    /// Teams, red by rank then blue by rank.
    pub teams: Vec<TeamLine>,
    /// Services x ranges, as the checks see them.
    pub health: HealthTable,
    /// Hosts x ranges, as the engine sees them.
    pub machines: MachineTable,
    /// Alerts, newest first.
    pub alerts: Vec<Alert>,
    /// Ledger feed, newest first.
    pub feed: Vec<FeedLine>,
    /// State of the hash chain.
    pub chain: ChainState,
    /// Titles of ids that reasons name (objectives, hosts, repairs, techniques).
    pub names: BTreeMap<String, String>,
    /// Seats with somebody in them.
    pub seats_online: i64,
    /// Seats in all.
    pub seats: i64,
}

/// An outage of the node that the ranges stand on. Forms: POST `/exercises/{id}/rebuild` (by its own page) and
/// `/exercises/{id}/time-out`.
#[derive(Debug, Clone, Serialize)]
pub struct OutageView {
    /// Node.
    pub node: String,
    /// Its last answer, ms UTC.
    pub since_ms: i64,
    /// When its ranges may be built again elsewhere, ms UTC.
    pub until_ms: i64,
    /// Since when they are being built again, ms UTC.
    pub rebuild_ms: Option<i64>,
    /// Why building again failed last.
    pub failed: Option<Reason>,
    /// Whether the viewer may build again now.
    pub may_rebuild: bool,
    /// Whether the viewer may take the lost time out.
    pub may_void: bool,
}

/// What hangs on ending or clearing.
#[derive(Debug, Clone, Serialize)]
pub struct Stakes {
    /// Ranges that exist.
    pub ranges: i64,
    /// Containers that exist.
    pub containers: i64,
    /// Ledger entries that stay.
    pub entries: i64,
}

/// A launch or a clearing in figures.
#[derive(Debug, Clone, Serialize)]
pub struct LaunchView {
    /// True for clearing, false for launching.
    pub clearing: bool,
    /// Parts done in all ranges.
    pub progress: Progress,
    /// How long it will still take at its own pace, ms; `None` while that would be a guess.
    pub left_ms: Option<i64>,
    /// When it began, ms UTC; 0 when that was in a former life of the server.
    pub since_ms: i64,
    /// Each range.
    pub ranges: Vec<LaunchRange>,
}

/// One range being built.
#[derive(Debug, Clone, Serialize)]
pub struct LaunchRange {
    /// Range number.
    pub range: u16,
    /// Red and blue of it.
    pub pair: Pair,
    /// Steps in order.
    pub steps: Vec<LaunchStep>,
    /// What went wrong.
    pub error: Option<Problem>,
    /// The same as a code with values, where there is one.
    pub reason: Option<Reason>,
    /// Last lines of the log, for the error.
    pub log: Vec<String>,
}

/// A step of building a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaunchStepName {
    /// Networks.
    Networks,
    /// Containers.
    Hosts,
    /// Flags, passwords, files.
    Plants,
    /// Readiness probes.
    Ready,
    /// Proof of the walls.
    Walls,
}

/// State of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Going on.
    Running,
    /// Done.
    Done,
    /// Failed.
    Failed,
}

/// One step in figures.
#[derive(Debug, Clone, Serialize)]
pub struct LaunchStep {
    /// Which.
    pub step: LaunchStepName,
    /// State.
    pub state: StepState,
    /// Parts done.
    pub done: i64,
    /// Parts in all; 0 if not known yet.
    pub total: i64,
}

/// One probe of a wall; `what` is a key below `proof.` (`host`, `engine`, `other_team`, `outside`, `denied`, `allowed`, `limits`, `forged`).
#[derive(Debug, Clone, Serialize)]
pub struct WallProof {
    /// Range number.
    pub range: u16,
    /// What is proven.
    pub what: String,
    /// Host that tried.
    pub from: String,
    /// What it tried to reach.
    pub to: String,
    /// It came out as it must.
    pub holds: bool,
    /// What was seen.
    pub seen: String,
}

/// A part of a score; `part` is a key below `component.`.
#[derive(Debug, Clone, Serialize)]
pub struct PartPoints {
    /// Component word of the scoreboard.
    pub part: String,
    /// Points.
    pub points: i64,
}

/// A team in the control room.
#[derive(Debug, Clone, Serialize)]
pub struct TeamLine {
    /// Team.
    pub team: TeamRef,
    /// Rank within its side.
    pub rank: u32,
    /// Total.
    pub points: i64,
    /// Parts of it.
    pub parts: Vec<PartPoints>,
    /// Points of the last ten minutes.
    pub recent: i64,
    /// Seats with somebody in them.
    pub online: i64,
    /// Seats.
    pub seats: i64,
    /// Range number.
    pub range: u16,
    /// Why the score last changed.
    pub last: Option<Reason>,
}

/// Hosts (rows) x ranges (columns).
#[derive(Debug, Clone, Serialize)]
pub struct HealthTable {
    /// Columns.
    pub ranges: Vec<HealthRange>,
    /// Rows.
    pub rows: Vec<HealthRow>,
    /// Some check has answered.
    pub checked: bool,
}

/// A column of the health table.
#[derive(Debug, Clone, Serialize)]
pub struct HealthRange {
    /// Range number.
    pub range: u16,
    /// Teams.
    pub pair: Pair,
}

/// A row of the health table.
#[derive(Debug, Clone, Serialize)]
pub struct HealthRow {
    /// Host id.
    pub host: String,
    /// Host title.
    pub title: String,
    /// One cell a range.
    pub cells: Vec<HealthCell>,
}

/// One host in one range.
#[derive(Debug, Clone, Serialize)]
pub struct HealthCell {
    /// State.
    pub state: HealthState,
    /// Availability so far in thousandths; `None` if never known.
    pub permille: Option<i64>,
    /// Since when it is in trouble, ms UTC.
    pub since_ms: Option<i64>,
}

/// Something that the instructor has to see; text is `alert.CODE` with the args.
#[derive(Debug, Clone, Serialize)]
pub struct Alert {
    /// When, ms UTC.
    pub at_ms: i64,
    /// How grave.
    pub tone: Tone,
    /// Key below `alert.`: `foreign_flag`, `host_down`, `walls_broken`, `chain_broken`; `alarm` for one that `reason` tells.
    pub code: String,
    /// Values for the text.
    pub args: BTreeMap<String, String>,
    /// Teams concerned, in order (who did, whose).
    pub teams: Vec<TeamRef>,
    /// What the watch over the range saw, for `alarm`.
    pub reason: Option<Reason>,
    /// It lasts; of other kinds than `alarm` this says nothing.
    pub lasting: bool,
}

/// One line of the ledger feed; the text is `rule.RULE`.
#[derive(Debug, Clone, Serialize)]
pub struct FeedLine {
    /// Ledger position.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Kind of entry.
    pub kind: String,
    /// Team, if one is concerned.
    pub team: Option<TeamRef>,
    /// Text as rule and values.
    pub reason: Reason,
    /// Points moved.
    pub points: i64,
}

/// State of the ledger's hash chain.
#[derive(Debug, Clone, Serialize)]
pub struct ChainState {
    /// Whole up to `seq`.
    pub intact: bool,
    /// Last position checked.
    pub seq: u64,
}

impl Page for ControlRoom {
    const TEMPLATE: &'static str = "control/room.html";
    fn samples() -> Vec<Self> {
        let newer = |now| Some(NewerScenario { scenario: "qinglan-portal".into(), kept: 1, now });
        let plain = |live| Self { live, images: Some(Vec::new()), newer: None };
        let mut samples: Vec<_> = ControlRoomLive::samples().into_iter().map(plain).collect();
        if let Some(draft) = samples.first().cloned() {
            let mut unready = ImageRow::samples();
            unready.retain(|image| image.state != ImageState::Ready);
            samples.push(Self { images: Some(unready), newer: newer(2), ..draft.clone() });
            samples.push(Self { images: None, newer: newer(1), ..draft });
        }
        samples
    }
}

/// `/exercises/{id}/end` and `/exercises/{id}/clear` by GET: the same question as the dialog, for browsers without JavaScript.
/// Form: POST to the same path, field `confirm`.
#[derive(Debug, Clone, Serialize)]
pub struct ConfirmAct {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// [`ExerciseAct::End`], [`ExerciseAct::Clear`] or [`ExerciseAct::Rebuild`].
    pub act: ExerciseAct,
    /// What hangs on it.
    pub stakes: Stakes,
    /// What was typed.
    pub typed: String,
    /// Why it was refused.
    pub problem: Option<Problem>,
}

impl Page for ConfirmAct {
    const TEMPLATE: &'static str = "control/confirm.html";
    fn samples() -> Vec<Self> {
        let stakes = Stakes { ranges: 3, containers: 18, entries: 1842 };
        vec![
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Running),
                act: ExerciseAct::End,
                stakes: stakes.clone(),
                typed: String::new(),
                problem: None,
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Ended),
                act: ExerciseAct::Clear,
                stakes: stakes.clone(),
                typed: "S115-0".into(),
                problem: Some(Problem::new("confirm_code").on("confirm").with("code", "S115-02")),
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Running),
                act: ExerciseAct::Rebuild,
                stakes,
                typed: String::new(),
                problem: None,
            },
        ]
    }
}
