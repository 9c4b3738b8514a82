//! The board: for the wall, for spectators.

use std::collections::BTreeMap;

use scoreboard::{BoardView, ClockView, Point, Reason, SideView, Status, TeamRow, TickerItem};
use serde::Serialize;

use super::common::*;
use super::entry::TodayExercise;

/// `/board`: exercises with a board.
#[derive(Debug, Clone, Serialize)]
pub struct BoardList {
    /// Running ones first, then by start, newest first.
    pub rows: Vec<TodayExercise>,
}

impl Page for BoardList {
    const TEMPLATE: &'static str = "board/list.html";
    fn samples() -> Vec<Self> {
        vec![Self { rows: TodayExercise::samples() }, Self { rows: vec![] }]
    }
}

/// `/board/{id}`. Live by `/board/{id}/events`: `snapshot` ([`BoardView`]) and `delta` ([`scoreboard::BoardDelta`]).
#[derive(Debug, Clone, Serialize)]
pub struct Board {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Clock, as on other pages.
    pub clock: ExerciseClock,
    /// Phase wall.
    pub phases: Vec<PhaseBlock>,
    /// First state; the stream goes on from its `seq`.
    pub board: BoardView,
    /// Titles of ids that reasons name, in the page's language.
    pub names: BTreeMap<String, String>,
    /// How the score is counted, as announced before the start.
    pub rules: Vec<Reason>,
}

/// Rules as a scenario announces them.
pub(crate) fn sample_rules() -> Vec<Reason> {
    let word = |rule: &str, args: &[(&str, &str)]| Reason {
        rule: rule.into(),
        args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    };
    vec![
        word(
            "announce.blue",
            &[("availability", "400"), ("detection", "300"), ("response", "200"), ("reports", "100")],
        ),
        word("announce.first", &[("objective", "O1"), ("points", "20")]),
        word("announce.stealth", &[("minutes", "40"), ("points", "30")]),
        word("announce.fixed", &[]),
    ]
}

impl Board {
    fn sample(status: Status) -> Self {
        let reason = |rule: &str, args: &[(&str, &str)]| Reason {
            rule: rule.into(),
            args: args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let row = |id: &str,
                   name: &str,
                   side,
                   range,
                   rank,
                   parts: &[(&'static str, i64)],
                   last: Option<Reason>,
                   last_points| TeamRow {
            id: id.into(),
            name: name.into(),
            side,
            range,
            rank,
            points: parts.iter().map(|(_, points)| points).sum(),
            parts: parts.iter().copied().collect(),
            reached_ms: SAMPLE_NOW_MS - 3 * MINUTE,
            last,
            last_points,
        };
        use scoreboard::Side::{Blue, Red};
        let sides = vec![
            SideView {
                side: Red,
                max: 1100,
                teams: vec![
                    row(
                        "r1",
                        "紅檜",
                        Red,
                        1,
                        1,
                        &[("objectives", 470), ("hints", -20)],
                        Some(reason("flag.captured", &[])),
                        200,
                    ),
                    row(
                        "r2",
                        "紅楠",
                        Red,
                        2,
                        2,
                        &[("objectives", 450), ("hints", -20)],
                        Some(reason("hint.bought", &[("hint", "portal-db-1")])),
                        -20,
                    ),
                    row("r3", "紅雀", Red, 3, 3, &[("objectives", 240), ("hints", 0)], None, 0),
                ],
            },
            SideView {
                side: Blue,
                max: 1000,
                teams: vec![
                    row(
                        "b1",
                        "藍鵲",
                        Blue,
                        1,
                        1,
                        &[("detection", 240), ("availability", 312), ("response", 75), ("resets", -15)],
                        Some(reason("report.paid", &[])),
                        18,
                    ),
                    row(
                        "b3",
                        "藍洋",
                        Blue,
                        3,
                        2,
                        &[("detection", 180), ("availability", 386), ("response", 0), ("false_claims", 0)],
                        Some(reason("report.paid", &[])),
                        25,
                    ),
                    row(
                        "b2",
                        "藍染",
                        Blue,
                        2,
                        3,
                        &[("detection", 230), ("availability", 341), ("response", 0), ("false_claims", -30)],
                        Some(reason("report.false", &[("free", "2"), ("cost", "15")])),
                        -15,
                    ),
                ],
            },
        ];
        let series = [
            ("r1", vec![(0, 0), (38, 100), (112, 250), (206, 450)]),
            ("r2", vec![(0, 0), (29, 100), (96, 250), (179, 450), (203, 430)]),
            ("r3", vec![(0, 0), (64, 100), (140, 240)]),
            (
                "b1",
                vec![
                    (0, 0),
                    (6, 55),
                    (60, 165),
                    (62, 220),
                    (120, 340),
                    (122, 385),
                    (190, 520),
                    (192, 565),
                    (206, 612),
                ],
            ),
            (
                "b2",
                vec![(0, 0), (6, 55), (60, 165), (75, 190), (77, 230), (150, 380), (152, 430), (206, 541)],
            ),
            ("b3", vec![(0, 0), (6, 55), (60, 220), (110, 320), (112, 380), (160, 470), (206, 566)]),
        ]
        .into_iter()
        .map(|(team, points)| {
            (
                team.to_owned(),
                points
                    .into_iter()
                    .map(|(minute, points)| Point { clock_ms: minute * MINUTE, points })
                    .collect(),
            )
        })
        .collect();
        let tick = |seq, seconds: i64, kind, team: Option<&str>, reason, points| TickerItem {
            seq,
            at_ms: SAMPLE_NOW_MS - seconds * 1000,
            kind,
            team: team.map(Into::into),
            reason,
            points,
        };
        let running = status == Status::Running;
        Self {
            exercise: ExerciseHead::sample(match status {
                Status::Paused => ExerciseState::Paused,
                Status::Ended => ExerciseState::Ended,
                Status::Ready => ExerciseState::Ready,
                _ => ExerciseState::Running,
            }),
            clock: match status {
                Status::Paused => ExerciseClock::sample_paused(),
                Status::Ended => ExerciseClock::sample_ended(),
                Status::Ready => ExerciseClock::waiting(),
                _ => ExerciseClock::sample(),
            },
            phases: PhaseBlock::samples(),
            board: BoardView {
                seq: 1842,
                code: "S115-02".into(),
                title: "紅藍對抗實作".into(),
                status,
                frozen: false,
                clock: ClockView {
                    banked_ms: 206 * MINUTE,
                    since_ms: running.then_some(SAMPLE_NOW_MS - 41_000),
                    duration_ms: 340 * MINUTE,
                },
                sides,
                series,
                ticker: vec![
                    tick(1842, 3, "judged", Some("b1"), reason("report.paid", &[]), 18),
                    tick(1841, 29, "flag", Some("r1"), reason("flag.captured", &[]), 200),
                    tick(
                        1838,
                        252,
                        "status",
                        None,
                        reason("status.changed", &[("from", "paused"), ("to", "running")]),
                        0,
                    ),
                ],
            },
            names: [
                ("portal-db".to_owned(), "入口網資料庫".to_owned()),
                ("www".to_owned(), "全球資訊網".to_owned()),
            ]
            .into(),
            rules: sample_rules(),
        }
    }
}

impl Page for Board {
    const TEMPLATE: &'static str = "board/wall.html";
    fn samples() -> Vec<Self> {
        let mut fresh = Self::sample(Status::Ready);
        fresh.board.ticker = vec![];
        fresh.board.series = BTreeMap::new();
        for side in &mut fresh.board.sides {
            side.teams.clear();
        }
        vec![Self::sample(Status::Running), Self::sample(Status::Paused), Self::sample(Status::Ended), fresh]
    }
}

/// `/board/{id}/table`: the same figures as plain tables, for people who cannot use the chart.
#[derive(Debug, Clone, Serialize)]
pub struct BoardTable {
    /// The same as the wall.
    #[serde(flatten)]
    pub wall: Board,
}

impl Page for BoardTable {
    const TEMPLATE: &'static str = "board/table.html";
    fn samples() -> Vec<Self> {
        Board::samples().into_iter().map(|wall| Self { wall }).collect()
    }
}
