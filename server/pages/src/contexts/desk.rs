//! Files of a seat, and looking on at a desktop.

use serde::Serialize;

use super::common::*;
use super::seat::SeatHead;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A folder.
    Folder,
    /// A file that can be fetched.
    File,
    /// Anything else; shown, but not fetched.
    Other,
}

/// An entry of a folder.
#[derive(Debug, Clone, Serialize)]
pub struct FileLine {
    /// Name.
    pub name: String,
    /// Path below the home folder, as a query holds it.
    pub link: String,
    /// What it is.
    pub kind: FileKind,
    /// Bytes.
    pub size: i64,
    /// Last change, ms UTC.
    pub changed_ms: i64,
}

/// Files of a seat's own workstation.
#[derive(Debug, Clone, Serialize)]
pub struct SeatFiles {
    /// Head of the seat.
    pub seat: SeatHead,
    /// Folder shown, below the home folder; empty is the home folder.
    pub path: String,
    /// The same as a query holds it.
    pub link: String,
    /// The folder above, as a query holds it; `None` at the home folder.
    pub above: Option<String>,
    /// What lies there.
    pub entries: Vec<FileLine>,
    /// There is more.
    pub cut: bool,
    /// Why nothing can be shown.
    pub refused: Option<Problem>,
    /// What went wrong with the file that was sent.
    pub problem: Option<Problem>,
    /// Longest file that may be sent, bytes.
    pub limit: i64,
}

impl Page for SeatFiles {
    const TEMPLATE: &'static str = "seat/files.html";

    fn samples() -> Vec<Self> {
        let line = |name: &str, kind, size| FileLine {
            name: name.into(),
            link: format!("uploads%2F{}", if name.is_ascii() { name } else { "x" }),
            kind,
            size,
            changed_ms: SAMPLE_NOW_MS - 3 * MINUTE,
        };
        let base = Self {
            seat: SeatHead::sample(Side::Red, ExerciseState::Running, ExerciseClock::sample()),
            path: "uploads".into(),
            link: "uploads".into(),
            above: Some(String::new()),
            entries: vec![
                line("字典", FileKind::Folder, 4096),
                line("公文 附件(一).pdf", FileKind::File, 482_113),
                line("<b>&amp;.txt", FileKind::File, 12),
                line("wordlist.txt", FileKind::File, 50 << 20),
                line("pipe", FileKind::Other, 0),
            ],
            cut: false,
            refused: None,
            problem: None,
            limit: 50 << 20,
        };
        vec![
            base.clone(),
            Self {
                problem: Some(Problem::new("file_large").on("file").with("limit", "50 MB")),
                ..base.clone()
            },
            Self {
                seat: SeatHead::sample(Side::Blue, ExerciseState::Paused, ExerciseClock::sample_paused()),
                path: String::new(),
                link: String::new(),
                above: None,
                entries: vec![],
                refused: Some(Problem::new("file_paused")),
                ..base.clone()
            },
            Self { entries: vec![], cut: true, ..base },
        ]
    }
}

/// A desktop that its seat looks at now.
#[derive(Debug, Clone, Serialize)]
pub struct OpenDesktop {
    /// Seat id.
    pub seat_id: String,
    /// Seat label such as 紅檜-3.
    pub seat: String,
    /// Name of the person.
    pub name: String,
    /// Team.
    pub team: TeamRef,
    /// How many look on.
    pub watching: i64,
}

impl OpenDesktop {
    pub(crate) fn sample() -> Self {
        let team = TeamRef::new("r1", "紅檜", Side::Red);
        Self { seat_id: "s1".into(), seat: "紅檜-3".into(), name: "蔡紅磚".into(), team, watching: 1 }
    }
}

/// Somebody looks on at the desktop of a seat.
#[derive(Debug, Clone, Serialize)]
pub struct DesktopWatch {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Seat id.
    pub seat_id: String,
    /// Seat label such as 紅檜-3.
    pub seat: String,
    /// Name of the person.
    pub person: String,
    /// Team.
    pub team: TeamRef,
}

impl Page for DesktopWatch {
    const TEMPLATE: &'static str = "exercises/desktop.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            exercise: ExerciseHead::sample(ExerciseState::Running),
            seat_id: "s1".into(),
            seat: "紅檜-3".into(),
            person: "蔡紅磚".into(),
            team: TeamRef::new("r1", "紅檜", Side::Red),
        }]
    }
}
