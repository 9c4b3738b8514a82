//! Hosts of standing ranges: the table in the control room, the page of one host, and resets as a team sees them.

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;
use super::control::HealthRange;

/// What a host is doing; a key below `machine.state.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineState {
    /// Not looked at yet, or the engine does not answer.
    Unknown,
    /// It runs.
    Running,
    /// It is frozen.
    Frozen,
    /// It has ended; it is started again.
    Dead,
    /// The engine does not have it.
    Missing,
    /// It is being made anew.
    Resetting,
}

/// A reset under way.
#[derive(Debug, Clone, Serialize)]
pub struct ResetView {
    /// Step, a key below `machine.stage.`.
    pub stage: String,
    /// When it was asked for, ms UTC.
    pub since_ms: i64,
    /// Why the last try failed.
    pub why: Option<Reason>,
}

/// One host in one range.
#[derive(Debug, Clone, Serialize)]
pub struct MachineCell {
    /// Range number.
    pub range: u16,
    /// State.
    pub state: MachineState,
    /// How it ended last: exit code.
    pub code: Option<i64>,
    /// When, ms UTC.
    pub died_ms: Option<i64>,
    /// When memory last ran out in it, ms UTC.
    pub oom_ms: Option<i64>,
    /// What it has written beside its image, and what it may, bytes.
    pub disk: Option<(i64, i64)>,
    /// It has written more than it may.
    pub over_disk: bool,
    /// It was stopped because it filled the disk.
    pub full: bool,
    /// How often it has died.
    pub deaths: i64,
    /// Its reset.
    pub reset: Option<ResetView>,
}

/// A row of the table.
#[derive(Debug, Clone, Serialize)]
pub struct MachineRow {
    /// Host id.
    pub host: String,
    /// Host title.
    pub title: String,
    /// One cell a range.
    pub cells: Vec<MachineCell>,
}

/// Hosts (rows) x ranges (columns); no rows while no range stands.
#[derive(Debug, Clone, Serialize)]
pub struct MachineTable {
    /// Columns.
    pub ranges: Vec<HealthRange>,
    /// Rows.
    pub rows: Vec<MachineRow>,
}

impl MachineTable {
    pub(crate) fn sample() -> Self {
        let calm = |range, state| MachineCell {
            range,
            state,
            code: None,
            died_ms: None,
            oom_ms: None,
            disk: None,
            over_disk: false,
            full: false,
            deaths: 0,
            reset: None,
        };
        let pairs = [("紅檜", "藍鵲"), ("紅楠", "藍染"), ("紅雀", "藍洋")];
        let ranges = pairs.into_iter().zip(1..).map(|((red, blue), range)| HealthRange {
            range,
            pair: Pair { red: red.into(), blue: blue.into() },
        });
        let row =
            |host: &str, title: &str, cells| MachineRow { host: host.into(), title: title.into(), cells };
        let running = |range| calm(range, MachineState::Running);
        Self {
            ranges: ranges.collect(),
            rows: vec![
                row("gateway", "閘道防火牆", vec![running(1), running(2), calm(3, MachineState::Unknown)]),
                row(
                    "www",
                    "全球資訊網",
                    vec![
                        running(1),
                        MachineCell::sample_dead(2),
                        MachineCell {
                            oom_ms: None,
                            full: false,
                            state: MachineState::Running,
                            code: Some(1),
                            ..MachineCell::sample_dead(3)
                        },
                    ],
                ),
                row(
                    "doc",
                    "嵐文公文系統",
                    vec![MachineCell::sample_resetting(1), calm(2, MachineState::Missing), running(3)],
                ),
                row("attack", "攻擊工作站", vec![calm(1, MachineState::Frozen), running(2), running(3)]),
            ],
        }
    }

    pub(crate) fn none() -> Self {
        Self { ranges: Vec::new(), rows: Vec::new() }
    }
}

impl MachineCell {
    fn sample_dead(range: u16) -> Self {
        Self {
            range,
            state: MachineState::Dead,
            code: Some(137),
            died_ms: Some(SAMPLE_NOW_MS - 4 * MINUTE),
            oom_ms: Some(SAMPLE_NOW_MS - 4 * MINUTE),
            disk: Some((5_116_002_304, 2_147_483_648)),
            over_disk: true,
            full: true,
            deaths: 3,
            reset: None,
        }
    }

    fn sample_resetting(range: u16) -> Self {
        Self {
            range,
            state: MachineState::Resetting,
            code: None,
            died_ms: None,
            oom_ms: None,
            disk: None,
            over_disk: false,
            full: false,
            deaths: 0,
            reset: Some(ResetView {
                stage: "waiting".into(),
                since_ms: SAMPLE_NOW_MS - 9_000,
                why: Some(Reason::new("engine.silent", [("since_ms", String::new())])),
            }),
        }
    }
}

/// What a counter of a gateway counts; a key below `rules.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// What a rule let through, with its answers.
    Allow,
    /// What was dropped between two zones.
    Deny,
    /// What was dropped on its way to the gateway itself.
    ToGateway,
    /// What wanted anywhere else.
    Elsewhere,
    /// What came with a false source address.
    Forged,
}

/// A counter of a gateway.
#[derive(Debug, Clone, Serialize)]
pub struct RuleLine {
    /// Kind.
    pub kind: RuleKind,
    /// From where; empty where the kind says all.
    pub from: String,
    /// To where.
    pub to: String,
    /// Protocol and ports of a rule.
    pub what: Option<String>,
    /// Packets in the whole run.
    pub packets: i64,
    /// Bytes in the whole run.
    pub bytes: i64,
    /// Packets and bytes since the gateway started last; `None` when it cannot be read now.
    pub life: Option<(i64, i64)>,
}

impl RuleLine {
    fn samples() -> Vec<Self> {
        let line = |kind, from: &str, to: &str, what: Option<&str>, packets: i64, bytes: i64| Self {
            kind,
            from: from.into(),
            to: to.into(),
            what: what.map(Into::into),
            packets,
            bytes,
            life: Some((packets / 3, bytes / 3)),
        };
        vec![
            line(RuleKind::Allow, "網際網路", "全球資訊網 (www)", Some("TCP 80"), 18_204, 9_412_770),
            line(RuleKind::Allow, "全球資訊網 (www)", "嵐文公文系統 (doc)", Some("TCP 8080"), 912, 151_002),
            line(RuleKind::Allow, "監看工作站 (watch)", "全球資訊網 (www)", Some("TCP 22, 80"), 0, 0),
            line(RuleKind::Deny, "網際網路", "對外服務區", None, 3_011, 180_660),
            line(RuleKind::Deny, "網際網路", "內部辦公區", None, 12, 720),
            line(RuleKind::ToGateway, "", "", None, 1_004, 60_240),
            line(RuleKind::Elsewhere, "", "", None, 0, 0),
            line(RuleKind::Forged, "", "", None, 4, 176),
        ]
    }
}

/// An address of a host.
#[derive(Debug, Clone, Serialize)]
pub struct HostAddress {
    /// Title of the zone.
    pub zone: String,
    /// Address there.
    pub address: String,
    /// Address that other zones see in its place.
    pub outside: Option<String>,
}

/// `/exercises/{id}/hosts/{range}/{host}`: one host closely. Its inside `.live-body` is fetched again at each `refresh` of
/// `/exercises/{id}/events`. Form: POST to `…/reset`.
#[derive(Debug, Clone, Serialize)]
pub struct HostPage {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Red and blue of the range.
    pub pair: Pair,
    /// Host id.
    pub host: String,
    /// Title.
    pub title: String,
    /// Image.
    pub image: String,
    /// Its addresses, once there is a plan.
    pub addresses: Vec<HostAddress>,
    /// State.
    pub cell: MachineCell,
    /// The last lines that it wrote.
    pub lines: Vec<String>,
    /// Why they could not be had.
    pub lines_problem: Option<Problem>,
    /// True for the gateway, which has counters.
    pub is_gateway: bool,
    /// Its counters.
    pub rules: Vec<RuleLine>,
    /// Why they could not be had.
    pub rules_problem: Option<Problem>,
    /// When the gateway started last, ms UTC.
    pub rules_since_ms: Option<i64>,
    /// When they were read last, ms UTC, where they cannot be read now.
    pub rules_read_ms: Option<i64>,
    /// May the viewer have it made anew at all?
    pub may_reset: bool,
    /// Why not now; `None` if it can be.
    pub reset_blocked: Option<Problem>,
    /// What its team would pay, where it may ask for it itself.
    pub price: Option<i64>,
}

impl Page for HostPage {
    const TEMPLATE: &'static str = "control/host.html";
    fn samples() -> Vec<Self> {
        let dead = Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            pair: Pair { red: "紅楠".into(), blue: "藍染".into() },
            host: "www".into(),
            title: "全球資訊網".into(),
            image: "rampart/www:latest".into(),
            addresses: vec![HostAddress {
                zone: "對外服務區".into(),
                address: "10.77.1.10".into(),
                outside: None,
            }],
            cell: MachineCell::sample_dead(2),
            lines: vec![
                "AH00094: Command line: 'nginx -g daemon off;'".into(),
                "mariadbd: Out of memory (Needed 134217728 bytes)".into(),
            ],
            lines_problem: None,
            is_gateway: false,
            rules: Vec::new(),
            rules_problem: None,
            rules_since_ms: None,
            rules_read_ms: None,
            may_reset: true,
            reset_blocked: None,
            price: Some(30),
        };
        let at = |stage: &str| Self {
            cell: MachineCell {
                reset: Some(ResetView { stage: stage.into(), since_ms: SAMPLE_NOW_MS - 9_000, why: None }),
                ..MachineCell::sample_resetting(2)
            },
            ..dead.clone()
        };
        let stages = ["remove", "make", "ready", "plants", "walls"].map(at);
        let mut samples = vec![
            dead.clone(),
            Self {
                cell: MachineCell::sample_resetting(2),
                lines: vec![],
                lines_problem: Some(Problem::new("engine_unreachable")),
                reset_blocked: Some(Problem::new("resetting")),
                price: None,
                ..dead.clone()
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Paused),
                cell: MachineCell {
                    state: MachineState::Frozen,
                    code: None,
                    died_ms: None,
                    oom_ms: None,
                    disk: Some((48_234_496, 2_147_483_648)),
                    over_disk: false,
                    full: false,
                    deaths: 0,
                    ..MachineCell::sample_dead(2)
                },
                lines: vec![],
                may_reset: false,
                reset_blocked: Some(Problem::new("reset_paused")),
                ..dead.clone()
            },
        ];
        samples.extend(stages);
        let gateway = Self {
            host: "gateway".into(),
            title: "閘道防火牆".into(),
            image: "rampart/gateway:latest".into(),
            addresses: vec![HostAddress {
                zone: "網際網路".into(),
                address: "10.77.0.2".into(),
                outside: Some("203.0.113.77".into()),
            }],
            cell: MachineCell {
                state: MachineState::Running,
                code: None,
                died_ms: None,
                oom_ms: None,
                disk: Some((122_880, 2_147_483_648)),
                over_disk: false,
                full: false,
                deaths: 0,
                ..MachineCell::sample_dead(2)
            },
            lines: vec![],
            is_gateway: true,
            rules: RuleLine::samples(),
            rules_since_ms: Some(SAMPLE_NOW_MS - 40 * 60_000),
            price: None,
            ..dead.clone()
        };
        samples.push(Self {
            rules: vec![],
            rules_since_ms: None,
            rules_problem: Some(Problem::new("counters_unread")),
            ..gateway.clone()
        });
        samples.push(Self {
            rules: gateway.rules.iter().cloned().map(|line| RuleLine { life: None, ..line }).collect(),
            rules_since_ms: None,
            rules_read_ms: Some(SAMPLE_NOW_MS - 50_000),
            ..gateway.clone()
        });
        samples.push(gateway);
        samples
    }
}

/// A host of the team's own that it may have made anew. Form: POST `/seat/resets`, field `host`.
#[derive(Debug, Clone, Serialize)]
pub struct ResetLine {
    /// Host id.
    pub host: String,
    /// Title.
    pub title: String,
    /// Points it costs.
    pub price: i64,
    /// How often it was done for the team.
    pub times: i64,
    /// The reset under way.
    pub reset: Option<ResetView>,
    /// Why it cannot be asked for now.
    pub blocked: Option<Problem>,
}

impl ResetLine {
    pub(crate) fn samples(host: &str, title: &str) -> Vec<Self> {
        let line =
            Self { host: host.into(), title: title.into(), price: 30, times: 1, reset: None, blocked: None };
        vec![
            line.clone(),
            Self {
                host: "doc".into(),
                title: "嵐文公文系統".into(),
                price: 0,
                times: 0,
                reset: Some(ResetView { stage: "ready".into(), since_ms: SAMPLE_NOW_MS - 7_000, why: None }),
                ..line
            },
        ]
    }
}
