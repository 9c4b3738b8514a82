//! Doors: seat code, staff log-in, password, errors, and the two notices.

use serde::Serialize;

use super::common::*;

/// `/`: seat-code log-in, with today's exercises. Form: POST `/`, field `code`.
#[derive(Debug, Clone, Serialize)]
pub struct SeatLogin {
    /// What was typed, kept after a refusal.
    pub code: String,
    /// Why it was refused.
    pub problem: Option<Problem>,
    /// Today's exercises in order of start.
    pub today: Vec<TodayExercise>,
}

/// One of today's exercises as a visitor may see it.
#[derive(Debug, Clone, Serialize)]
pub struct TodayExercise {
    /// Id, for the board link.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Title of the scenario.
    pub scenario: String,
    /// Place.
    pub place: Option<String>,
    /// State.
    pub state: ExerciseState,
    /// Planned start, ms UTC.
    pub starts_ms: Option<i64>,
    /// Clock.
    pub clock: ExerciseClock,
    /// Names of red teams.
    pub red: Vec<String>,
    /// Names of blue teams.
    pub blue: Vec<String>,
    /// Is there a board to look at?
    pub board: bool,
}

impl TodayExercise {
    pub(crate) fn samples() -> Vec<Self> {
        let names = |list: [&str; 3]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        vec![
            Self {
                id: "0198c4".into(),
                code: "S115-02".into(),
                title: "紅藍對抗實作".into(),
                scenario: "青嵐縣入口網".into(),
                place: Some("嵐北訓練教室".into()),
                state: ExerciseState::Running,
                starts_ms: Some(SAMPLE_NOW_MS - 5 * HOUR),
                clock: ExerciseClock::sample(),
                red: names(["紅檜", "紅楠", "紅雀"]),
                blue: names(["藍鵲", "藍染", "藍洋"]),
                board: true,
            },
            Self {
                id: "0198c5".into(),
                code: "S115-03".into(),
                title: "試跑".into(),
                scenario: "廠商 VPN 遭駭".into(),
                place: None,
                state: ExerciseState::Draft,
                starts_ms: Some(SAMPLE_NOW_MS + 3 * HOUR),
                clock: ExerciseClock::waiting(),
                red: vec![],
                blue: vec![],
                board: false,
            },
        ]
    }
}

impl Page for SeatLogin {
    const TEMPLATE: &'static str = "entry/seat.html";
    fn samples() -> Vec<Self> {
        let today = TodayExercise::samples();
        let mut paused = today.clone();
        paused[0].state = ExerciseState::Paused;
        paused[0].clock = ExerciseClock::sample_paused();
        vec![
            Self { code: String::new(), problem: None, today },
            Self {
                code: "QL7K-4M2B".into(),
                problem: Some(
                    Problem::new("seat_code_letter").on("code").with("letter", "B").with("left", 4),
                ),
                today: paused,
            },
            Self {
                code: "QL7K-4M2P".into(),
                problem: Some(Problem::new("seat_code_unknown").on("code").with("left", 3)),
                today: vec![],
            },
        ]
    }
}

/// `/staff`: log-in of people with an account. Form: POST `/staff`, fields `login`, `password`, `next`.
#[derive(Debug, Clone, Serialize)]
pub struct StaffLogin {
    /// What was typed, kept after a refusal.
    pub login: String,
    /// Local path to go to afterwards, or empty.
    pub next: String,
    /// Why it was refused.
    pub problem: Option<Problem>,
}

impl Page for StaffLogin {
    const TEMPLATE: &'static str = "entry/staff.html";
    fn samples() -> Vec<Self> {
        vec![
            Self { login: String::new(), next: String::new(), problem: None },
            Self {
                login: "cheng".into(),
                next: "/exercises".into(),
                problem: Some(Problem::new("login_refused")),
            },
            Self {
                login: "cheng".into(),
                next: String::new(),
                problem: Some(Problem::new("login_limited").with("seconds", 60)),
            },
        ]
    }
}

/// `/password`: change of the own password. Form: POST `/password`, fields `current`, `new`, `again`.
#[derive(Debug, Clone, Serialize)]
pub struct PasswordChange {
    /// The account must change it before anything else.
    pub forced: bool,
    /// Shortest accepted length in characters.
    pub min_length: i64,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
}

impl Page for PasswordChange {
    const TEMPLATE: &'static str = "entry/password.html";
    fn samples() -> Vec<Self> {
        vec![
            Self { forced: true, min_length: 12, problems: vec![] },
            Self {
                forced: false,
                min_length: 12,
                problems: vec![
                    Problem::new("password_wrong").on("current"),
                    Problem::new("password_short").on("new").with("min", 12),
                    Problem::new("password_unlike").on("again"),
                ],
            },
        ]
    }
}

/// Any error as a page: the code of HTTP, what happened and what to do.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorPage {
    /// HTTP status.
    pub status: u16,
    /// What happened; the text is `error.CODE`.
    pub problem: Problem,
    /// A mark by which the log line can be found, for faults of the server.
    pub trace: Option<String>,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "entry/error.html";
    fn samples() -> Vec<Self> {
        vec![
            Self { status: 400, problem: Problem::new("bad_request"), trace: None },
            Self { status: 403, problem: Problem::new("forbidden"), trace: None },
            Self { status: 403, problem: Problem::new("csrf"), trace: None },
            Self { status: 404, problem: Problem::new("not_found"), trace: None },
            Self { status: 409, problem: Problem::new("state_changed"), trace: None },
            Self { status: 413, problem: Problem::new("too_large").with("limit", "1 MB"), trace: None },
            Self { status: 429, problem: Problem::new("too_many").with("seconds", 30), trace: None },
            Self { status: 500, problem: Problem::new("internal"), trace: Some("0198c4e2".into()) },
            Self { status: 503, problem: Problem::new("engine_unreachable"), trace: None },
        ]
    }
}

/// `/privacy`: the notice that the personal data act asks for (art. 8).
#[derive(Debug, Clone, Serialize)]
pub struct Privacy {}

impl Page for Privacy {
    const TEMPLATE: &'static str = "entry/privacy.html";
    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

/// `/accessibility`: how the pages can be used by everyone, and how to complain.
#[derive(Debug, Clone, Serialize)]
pub struct Accessibility {}

impl Page for Accessibility {
    const TEMPLATE: &'static str = "entry/accessibility.html";
    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}
