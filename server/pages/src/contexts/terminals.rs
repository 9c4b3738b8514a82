//! Terminals of an exercise for its instructor: those that are open, those that were recorded.

use serde::Serialize;

use super::common::*;

/// A terminal that is open.
#[derive(Debug, Clone, Serialize)]
pub struct OpenTerminal {
    /// Id.
    pub id: String,
    /// Person in the seat.
    pub name: String,
    /// Team.
    pub team: TeamRef,
    /// Label of the seat.
    pub seat: String,
    /// Since when, ms UTC.
    pub since_ms: i64,
    /// When something was typed last, ms UTC.
    pub typed_ms: i64,
    /// False while the shell waits for its browser.
    pub attached: bool,
    /// How many of the staff look on.
    pub watching: i64,
    /// Columns.
    pub cols: i64,
    /// Rows.
    pub rows: i64,
}

/// How a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingMark {
    /// Its terminal is open.
    Open,
    /// Whole and sealed.
    Whole,
    /// It reached its limit before its terminal ended.
    Cut,
    /// Its last moments are missing.
    Broken,
    /// Its file is deleted.
    Removed,
}

/// A recording.
#[derive(Debug, Clone, Serialize)]
pub struct RecordingLine {
    /// Id.
    pub id: String,
    /// Person in the seat.
    pub name: String,
    /// Team.
    pub team: TeamRef,
    /// Label of the seat.
    pub seat: String,
    /// When it began, ms UTC.
    pub started_ms: i64,
    /// Length, ms; `None` while it is made.
    pub length_ms: Option<i64>,
    /// Size of the file; `None` while it is made.
    pub bytes: Option<i64>,
    /// How it stands.
    pub mark: RecordingMark,
}

/// `/exercises/{id}/terminals`. Form: POST `/exercises/{id}/recordings/delete`, field `confirm` carries the session code.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalList {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Open terminals, oldest first.
    pub open: Vec<OpenTerminal>,
    /// Desktops that their seats look at now.
    pub desktops: Vec<super::desk::OpenDesktop>,
    /// Recordings, newest first.
    pub recordings: Vec<RecordingLine>,
    /// Search text.
    pub query: String,
    /// Sealed recordings whose file is there, whatever was searched for.
    pub kept: i64,
    /// What they hold together.
    pub kept_bytes: i64,
    /// After so many days they are deleted; `None` keeps them.
    pub keep_days: i64,
    /// What was typed to delete them, and what was wrong with it.
    pub typed: String,
    /// See `typed`.
    pub problem: Option<Problem>,
}

/// `/exercises/{id}/terminals/{terminal}`: looking on.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalWatch {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// The terminal.
    pub terminal: OpenTerminal,
}

/// `/exercises/{id}/recordings/{recording}`: a replay.
#[derive(Debug, Clone, Serialize)]
pub struct RecordingReplay {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// The recording.
    pub recording: RecordingLine,
    /// SHA-256 that it was sealed with.
    pub sha256: Option<String>,
    /// Does the file have it? `None` while there is no seal.
    pub intact: Option<bool>,
    /// Bytes of output left out in floods.
    pub skipped: i64,
}

impl OpenTerminal {
    fn sample(id: &str, name: &str, side: Side) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            team: TeamRef::new("t", if side == Side::Red { "紅檜" } else { "藍鵲" }, side),
            seat: if side == Side::Red { "紅檜-1" } else { "藍鵲-2" }.into(),
            since_ms: SAMPLE_NOW_MS - 41 * MINUTE,
            typed_ms: SAMPLE_NOW_MS - 12_000,
            attached: true,
            watching: 0,
            cols: 137,
            rows: 41,
        }
    }
}

impl RecordingLine {
    fn sample(mark: RecordingMark) -> Self {
        let open = mark == RecordingMark::Open;
        Self {
            id: "0198c4".into(),
            name: "許藍圖".into(),
            team: TeamRef::new("r1", "紅檜", Side::Red),
            seat: "紅檜-1".into(),
            started_ms: SAMPLE_NOW_MS - 2 * HOUR,
            length_ms: (!open).then_some(HOUR + 12_000),
            bytes: (!open).then_some(1_840_000),
            mark,
        }
    }
}

impl Page for TerminalList {
    const TEMPLATE: &'static str = "exercises/terminals.html";
    fn samples() -> Vec<Self> {
        use RecordingMark::*;
        let full = Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            open: vec![
                OpenTerminal { watching: 1, ..OpenTerminal::sample("t1", "許藍圖", Side::Red) },
                OpenTerminal { attached: false, ..OpenTerminal::sample("t2", "蔡紅磚", Side::Blue) },
            ],
            desktops: vec![super::desk::OpenDesktop::sample()],
            recordings: [Open, Whole, Cut, Broken, Removed].map(RecordingLine::sample).into(),
            query: String::new(),
            kept: 3,
            kept_bytes: 5_520_000,
            keep_days: 365,
            typed: String::new(),
            problem: None,
        };
        vec![
            Self {
                typed: "S115".into(),
                problem: Some(Problem::new("confirm_code").on("confirm").with("code", "S115-02")),
                ..full.clone()
            },
            Self { query: "王".into(), recordings: Vec::new(), ..full.clone() },
            Self {
                open: Vec::new(),
                desktops: Vec::new(),
                recordings: Vec::new(),
                kept: 0,
                kept_bytes: 0,
                ..full
            },
        ]
    }
}

impl Page for TerminalWatch {
    const TEMPLATE: &'static str = "exercises/terminal.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            terminal: OpenTerminal::sample("t1", "許藍圖", Side::Red),
        }]
    }
}

impl Page for RecordingReplay {
    const TEMPLATE: &'static str = "exercises/recording.html";
    fn samples() -> Vec<Self> {
        let one = |mark, intact: Option<bool>, skipped| Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            recording: RecordingLine::sample(mark),
            sha256: intact.map(|_| "ab".repeat(32)),
            intact,
            skipped,
        };
        vec![
            one(RecordingMark::Open, None, 0),
            one(RecordingMark::Whole, Some(true), 0),
            one(RecordingMark::Cut, Some(true), 38_000_000),
            one(RecordingMark::Broken, Some(false), 0),
        ]
    }
}
