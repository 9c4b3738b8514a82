//! The control room of one exercise.

use std::collections::BTreeMap;

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;

/// `/exercises/{id}`: the whole page. Its live part is [`ControlRoomLive`], which is also served alone at `/exercises/{id}/live`.
#[derive(Debug, Clone, Serialize)]
pub struct ControlRoom {
    /// The live part.
    pub live: ControlRoomLive,
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
    /// Proofs of the walls, all ranges.
    pub walls: Vec<WallProof>,
    /// When the walls were last tried, ms UTC.
    pub walls_ms: Option<i64>,
    /// Teams, red by rank then blue by rank.
    pub teams: Vec<TeamLine>,
    /// Hosts x ranges.
    pub health: HealthTable,
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
    /// When it began, ms UTC.
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

/// One probe of a wall; `what` is a key below `proof.` (`host`, `engine`, `other_team`, `outside`, `denied`, `allowed`).
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
    /// When last checked, ms UTC.
    pub checked_ms: Option<i64>,
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
    /// Key below `alert.`: `foreign_flag`, `host_down`, `walls_broken`, `chain_broken`, `engine_lost`, `container_exited`.
    pub code: String,
    /// Values for the text.
    pub args: BTreeMap<String, String>,
    /// Teams concerned, in order (who did, whose).
    pub teams: Vec<TeamRef>,
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

impl ControlRoomLive {
    pub(crate) fn sample() -> Self {
        let team = |id: &str, name: &str, side| TeamRef::new(id, name, side);
        let reason = |rule: &str, args: &[(&str, &str)]| Reason {
            rule: rule.into(),
            args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let parts = |list: &[(&str, i64)]| {
            list.iter()
                .map(|(part, points)| PartPoints { part: (*part).into(), points: *points })
                .collect::<Vec<_>>()
        };
        let line = |team: TeamRef, rank, points, parts, recent, online, seats, range, last| TeamLine {
            team,
            rank,
            points,
            parts,
            recent,
            online,
            seats,
            range,
            last,
        };
        let captured = Some(reason("flag.correct", &[("objective", "portal-db")]));
        let pairs = [("紅檜", "藍鵲"), ("紅楠", "藍染"), ("紅雀", "藍洋")]
            .map(|(red, blue)| Pair { red: red.into(), blue: blue.into() });
        let cell = |state, permille, minutes: Option<i64>| HealthCell {
            state,
            permille,
            since_ms: minutes.map(|m| SAMPLE_NOW_MS - m * MINUTE),
        };
        let row =
            |host: &str, title: &str, cells| HealthRow { host: host.into(), title: title.into(), cells };
        let up = |permille| cell(HealthState::Up, Some(permille), None);
        let feed = |seq, seconds: i64, kind: &str, team: Option<TeamRef>, reason, points| FeedLine {
            seq,
            at_ms: SAMPLE_NOW_MS - seconds * 1000,
            kind: kind.into(),
            team,
            reason,
            points,
        };
        let args = |list: &[(&str, &str)]| {
            list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let proof = |range, what: &str, from: &str, to: &str, holds, seen: &str| WallProof {
            range,
            what: what.into(),
            from: from.into(),
            to: to.into(),
            holds,
            seen: seen.into(),
        };
        Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            clock: ExerciseClock::sample(),
            phases: PhaseBlock::samples(),
            acts: vec![
                ActOffer { act: ExerciseAct::Pause, blocked: None },
                ActOffer { act: ExerciseAct::End, blocked: None },
            ],
            stakes: Stakes { ranges: 3, containers: 18, entries: 1842 },
            launch: None,
            walls: vec![
                proof(1, "host", "attack", "10.77.0.1:22", true, "timeout"),
                proof(1, "other_team", "attack", "10.77.4.10:80", true, "timeout"),
                proof(1, "outside", "www", "1.1.1.1:53", true, "unreachable"),
                proof(1, "denied", "attack", "10.77.2.20:8080", true, "timeout"),
                proof(1, "allowed", "attack", "10.77.1.10:80", true, "open"),
                proof(2, "engine", "attack", "10.77.3.1:2375", true, "timeout"),
            ],
            walls_ms: Some(SAMPLE_NOW_MS - 5 * HOUR),
            teams: vec![
                line(
                    team("r1", "紅檜", Side::Red),
                    1,
                    450,
                    parts(&[("objectives", 470), ("hints", -20)]),
                    200,
                    6,
                    6,
                    1,
                    captured.clone(),
                ),
                line(
                    team("r2", "紅楠", Side::Red),
                    2,
                    430,
                    parts(&[("objectives", 450), ("hints", -20)]),
                    0,
                    6,
                    6,
                    2,
                    Some(reason("hint.bought", &[("hint", "portal-db-1")])),
                ),
                line(
                    team("r3", "紅雀", Side::Red),
                    3,
                    240,
                    parts(&[("objectives", 240), ("hints", 0)]),
                    0,
                    5,
                    6,
                    3,
                    None,
                ),
                line(
                    team("b1", "藍鵲", Side::Blue),
                    1,
                    612,
                    parts(&[
                        ("detection", 240),
                        ("availability", 312),
                        ("response", 75),
                        ("false_claims", -15),
                    ]),
                    18,
                    7,
                    7,
                    1,
                    Some(reason("report.matched", &[("action", "search-injection")])),
                ),
                line(
                    team("b3", "藍洋", Side::Blue),
                    2,
                    566,
                    parts(&[("detection", 180), ("availability", 386), ("response", 0), ("false_claims", 0)]),
                    9,
                    7,
                    7,
                    3,
                    Some(reason("availability.booked", &[("percent", "99"), ("minutes", "200")])),
                ),
                line(
                    team("b2", "藍染", Side::Blue),
                    3,
                    541,
                    parts(&[
                        ("detection", 230),
                        ("availability", 341),
                        ("response", 0),
                        ("false_claims", -30),
                    ]),
                    -24,
                    6,
                    7,
                    2,
                    Some(reason("report.false", &[("free", "2"), ("cost", "15")])),
                ),
            ],
            health: HealthTable {
                ranges: pairs
                    .into_iter()
                    .zip(1u16..)
                    .map(|(pair, range)| HealthRange { range, pair })
                    .collect(),
                rows: vec![
                    row(
                        "www",
                        "全球資訊網",
                        vec![up(992), cell(HealthState::Down, Some(827), Some(4)), up(1000)],
                    ),
                    row(
                        "doc",
                        "嵐文公文系統",
                        vec![
                            cell(HealthState::Degraded, Some(880), Some(9)),
                            up(963),
                            cell(HealthState::Unknown, None, None),
                        ],
                    ),
                ],
                checked_ms: Some(SAMPLE_NOW_MS - 12_000),
            },
            alerts: vec![
                Alert {
                    at_ms: SAMPLE_NOW_MS - 2 * MINUTE,
                    tone: Tone::Danger,
                    code: "foreign_flag".into(),
                    args: args(&[("seat", "紅雀-2"), ("objective", "公文系統密件")]),
                    teams: vec![team("r3", "紅雀", Side::Red), team("r1", "紅檜", Side::Red)],
                },
                Alert {
                    at_ms: SAMPLE_NOW_MS - 4 * MINUTE,
                    tone: Tone::Warn,
                    code: "host_down".into(),
                    args: args(&[("range", "2"), ("host", "www"), ("detail", "登入逾時")]),
                    teams: vec![team("b2", "藍染", Side::Blue)],
                },
            ],
            feed: vec![
                feed(
                    1842,
                    3,
                    "judged",
                    Some(team("b1", "藍鵲", Side::Blue)),
                    reason(
                        "report.matched",
                        &[("action", "search-injection"), ("technique", "T1190"), ("host", "www")],
                    ),
                    18,
                ),
                feed(
                    1841,
                    29,
                    "flag",
                    Some(team("r1", "紅檜", Side::Red)),
                    reason("flag.correct", &[("objective", "portal-db")]),
                    200,
                ),
                feed(
                    1840,
                    121,
                    "flag",
                    Some(team("r3", "紅雀", Side::Red)),
                    reason("flag.wrong", &[("objective", "doc-sealed")]),
                    0,
                ),
                feed(
                    1839,
                    214,
                    "hint",
                    Some(team("r2", "紅楠", Side::Red)),
                    reason("hint.bought", &[("hint", "portal-db-1")]),
                    -20,
                ),
                feed(
                    1838,
                    252,
                    "health",
                    None,
                    reason("health.changed", &[("check", "portal-search"), ("host", "www"), ("state", "down")]),
                    0,
                ),
            ],
            chain: ChainState { intact: true, seq: 1842 },
            names: args(&[
                ("portal-db", "入口網資料庫"),
                ("doc-sealed", "公文系統密件"),
                ("www", "全球資訊網"),
                ("search-injection", "搜尋頁 SQL 注入"),
            ]),
            seats_online: 37,
            seats: 39,
        }
    }

    fn sample_launching(failed: bool) -> Self {
        let step = |step, state, done, total| LaunchStep { step, state, done, total };
        let steps = vec![
            step(LaunchStepName::Networks, StepState::Done, 3, 3),
            step(LaunchStepName::Hosts, if failed { StepState::Failed } else { StepState::Running }, 4, 6),
            step(LaunchStepName::Plants, StepState::Waiting, 0, 5),
            step(LaunchStepName::Ready, StepState::Waiting, 0, 3),
            step(LaunchStepName::Walls, StepState::Waiting, 0, 0),
        ];
        let mut live = Self::sample();
        live.exercise.state = if failed { ExerciseState::Failed } else { ExerciseState::Provisioning };
        live.clock = ExerciseClock::waiting();
        live.acts = if failed {
            vec![ActOffer { act: ExerciseAct::Launch, blocked: None }]
        } else {
            vec![
                ActOffer { act: ExerciseAct::Start, blocked: Some(Problem::new("still_building")) },
                ActOffer { act: ExerciseAct::Clear, blocked: None },
            ]
        };
        live.launch = Some(LaunchView {
            clearing: false,
            progress: Progress { done: 7, total: 20 },
            since_ms: SAMPLE_NOW_MS - 40_000,
            ranges: vec![LaunchRange {
                range: 1,
                pair: Pair { red: "紅檜".into(), blue: "藍鵲".into() },
                steps,
                error: failed.then(|| {
                    Problem::new("launch_failed").with("range", 1).with("step", "hosts").with("detail", "www")
                }),
                log: if failed {
                    vec!["mariadbd: Can't create/write to file".into(), "exit status 1".into()]
                } else {
                    vec![]
                },
            }],
        });
        live.walls = vec![];
        live.walls_ms = None;
        live.alerts = vec![];
        live.feed = vec![];
        live
    }

    fn sample_state(state: ExerciseState, clock: ExerciseClock, acts: &[ExerciseAct]) -> Self {
        let mut live = Self::sample();
        live.exercise.state = state;
        live.clock = clock;
        live.acts = acts.iter().map(|act| ActOffer { act: *act, blocked: None }).collect();
        live
    }
}

impl Page for ControlRoomLive {
    const TEMPLATE: &'static str = "control/live.html";
    fn samples() -> Vec<Self> {
        let mut draft = Self::sample_state(ExerciseState::Draft, ExerciseClock::waiting(), &[]);
        draft.acts = vec![ActOffer {
            act: ExerciseAct::Launch,
            blocked: Some(Problem::new("images_missing").with("images", "www, doc")),
        }];
        draft.teams = vec![];
        draft.health = HealthTable { ranges: vec![], rows: vec![], checked_ms: None };
        draft.feed = vec![];
        draft.alerts = vec![];
        draft.walls = vec![];
        draft.walls_ms = None;
        let mut broken = Self::sample_state(
            ExerciseState::Ready,
            ExerciseClock::waiting(),
            &[ExerciseAct::Start, ExerciseAct::Clear],
        );
        broken.chain.intact = false;
        if let Some(wall) = broken.walls.first_mut() {
            wall.holds = false;
            wall.seen = "open".into();
        }
        let mut clearing = Self::sample_launching(false);
        clearing.exercise.state = ExerciseState::Ended;
        if let Some(launch) = clearing.launch.as_mut() {
            launch.clearing = true;
        }
        vec![
            Self::sample(),
            draft,
            Self::sample_launching(false),
            Self::sample_launching(true),
            broken,
            Self::sample_state(
                ExerciseState::Paused,
                ExerciseClock::sample_paused(),
                &[ExerciseAct::Resume, ExerciseAct::End],
            ),
            Self::sample_state(
                ExerciseState::Running,
                ExerciseClock::sample_late(),
                &[ExerciseAct::Pause, ExerciseAct::End],
            ),
            Self::sample_state(
                ExerciseState::Running,
                ExerciseClock::sample_overdue(),
                &[ExerciseAct::Pause, ExerciseAct::End],
            ),
            Self::sample_state(ExerciseState::Ended, ExerciseClock::sample_ended(), &[ExerciseAct::Clear]),
            Self::sample_state(ExerciseState::Cleared, ExerciseClock::sample_ended(), &[]),
            clearing,
        ]
    }
}

impl Page for ControlRoom {
    const TEMPLATE: &'static str = "control/room.html";
    fn samples() -> Vec<Self> {
        ControlRoomLive::samples().into_iter().map(|live| Self { live }).collect()
    }
}

/// `/exercises/{id}/end` and `/exercises/{id}/clear` by GET: the same question as the dialog, for browsers without JavaScript.
/// Form: POST to the same path, field `confirm`.
#[derive(Debug, Clone, Serialize)]
pub struct ConfirmAct {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// [`ExerciseAct::End`] or [`ExerciseAct::Clear`].
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
                stakes,
                typed: "S115-0".into(),
                problem: Some(Problem::new("confirm_code").on("confirm").with("code", "S115-02")),
            },
        ]
    }
}
