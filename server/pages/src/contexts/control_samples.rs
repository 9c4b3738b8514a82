//! Samples of the control room: one for each state of an exercise.

use std::collections::BTreeMap;

use scoreboard::Reason;

use super::common::*;
use super::control::*;
use super::hosts::MachineTable;
use super::schedule::{CapacityView, QueueView, ScheduleView};

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
            schedule: ScheduleView {
                launch_ms: None,
                plannable: false,
                counts: true,
                ..ScheduleView::sample()
            },
            queued: None,
            capacity: None,
            outage: None,
            walls: vec![
                proof(1, "host", "attack", "10.77.0.1:22", true, "timeout"),
                proof(1, "other_team", "attack", "10.77.4.10:80", true, "timeout"),
                proof(1, "outside", "www", "1.1.1.1:53", true, "unreachable"),
                proof(1, "denied", "attack", "10.77.2.20:8080", true, "timeout"),
                proof(1, "allowed", "attack", "10.77.1.10:80", true, "open"),
                proof(1, "limits", "attack", "capabilities", true, "KILL NET_RAW SETGID SETUID"),
                proof(
                    1,
                    "forged",
                    "attack",
                    "10.77.1.10:80 as 10.77.2.20",
                    true,
                    "3 sent, 3 dropped by the gateway in all",
                ),
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
                checked: true,
            },
            machines: MachineTable::sample(),
            alerts: vec![
                Alert {
                    at_ms: SAMPLE_NOW_MS - 2 * MINUTE,
                    tone: Tone::Danger,
                    code: "foreign_flag".into(),
                    args: args(&[("seat", "紅雀-2"), ("objective", "公文系統密件")]),
                    teams: vec![team("r3", "紅雀", Side::Red), team("r1", "紅檜", Side::Red)],
                    reason: None,
                    lasting: false,
                },
                Alert {
                    at_ms: SAMPLE_NOW_MS - 4 * MINUTE,
                    tone: Tone::Warn,
                    code: "host_down".into(),
                    args: args(&[("range", "2"), ("host", "www"), ("detail", "登入逾時")]),
                    teams: vec![team("b2", "藍染", Side::Blue)],
                    reason: None,
                    lasting: false,
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
                    reason(
                        "health.changed",
                        &[("check", "portal-search"), ("host", "www"), ("state", "down")],
                    ),
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
            left_ms: (!failed).then_some(42_000),
            since_ms: SAMPLE_NOW_MS - 40_000,
            ranges: vec![LaunchRange {
                range: 1,
                pair: Pair { red: "紅檜".into(), blue: "藍鵲".into() },
                steps,
                error: failed.then(|| Problem::new("launch_failed_because").with("detail", "www")),
                reason: None,
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

    /// A launch that waits for room, and one that was planned.
    pub(crate) fn sample_waiting() -> [Self; 2] {
        let mut queued = Self::sample_state(ExerciseState::Provisioning, ExerciseClock::waiting(), &[]);
        let args = [
            ("needs", "6.0 GiB".to_owned()),
            ("has", "3.0 GiB".to_owned()),
            ("held", "S115-01 9.0 GiB".to_owned()),
        ];
        queued.acts =
            vec![ActOffer { act: ExerciseAct::Start, blocked: Some(Problem::new("still_building")) }];
        queued.queued = Some(QueueView {
            place: 2,
            of: 3,
            why: Reason::new("queue.memory", args),
            asked_ms: SAMPLE_NOW_MS - MINUTE,
        });
        queued.capacity = Some(CapacityView::sample("later"));
        let mut planned = Self::sample_state(ExerciseState::Draft, ExerciseClock::waiting(), &[]);
        planned.schedule = ScheduleView::sample();
        planned.capacity = Some(CapacityView::sample("never"));
        planned.acts = vec![ActOffer {
            act: ExerciseAct::Launch,
            blocked: Some(Problem::new("too_big").with("most", 2)),
        }];
        for live in [&mut queued, &mut planned] {
            live.walls = vec![];
            live.alerts = vec![];
            live.feed = vec![];
        }
        [queued, planned]
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
        draft.acts = vec![ActOffer { act: ExerciseAct::Launch, blocked: Some(Problem::new("no_seats")) }];
        draft.teams = vec![];
        draft.machines = MachineTable::none();
        draft.health = HealthTable { ranges: vec![], rows: vec![], checked: false };
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
        let grave = |code: &str, args: &[(&str, &str)]| Alert {
            at_ms: SAMPLE_NOW_MS,
            tone: Tone::Danger,
            code: code.into(),
            args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            teams: vec![TeamRef::new("white", "白鷺", Side::White)],
            reason: None,
            lasting: false,
        };
        broken.alerts = vec![
            grave("walls_broken", &[("range", "1"), ("detail", "10.77.0.1:22 open")]),
            grave("chain_broken", &[("seq", "1842")]),
            Alert {
                reason: Some(Reason::new("alarm.engine_silent", [])),
                lasting: true,
                ..grave("alarm", &[])
            },
        ];
        let lost = |may: bool, rebuild_ms: Option<i64>| {
            let mut live = Self::sample_state(
                ExerciseState::Running,
                ExerciseClock::sample_late(),
                &[ExerciseAct::Pause, ExerciseAct::End],
            );
            live.outage = Some(OutageView {
                node: "node-2".into(),
                since_ms: SAMPLE_NOW_MS - 340_000,
                until_ms: SAMPLE_NOW_MS - 40_000,
                rebuild_ms,
                failed: may.then(|| Reason::new("node.none_left", [])),
                may_rebuild: may,
                may_void: rebuild_ms.is_none(),
            });
            live
        };
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
            lost(true, None),
            lost(false, None),
            lost(false, Some(SAMPLE_NOW_MS - 9_000)),
            clearing,
        ]
        .into_iter()
        .chain(Self::sample_waiting())
        .collect()
    }
}
