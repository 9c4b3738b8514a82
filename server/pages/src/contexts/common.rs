//! Words that several pages share: who looks, what went wrong, clocks, phases, sides.

use std::collections::BTreeMap;

use scoreboard::Reason;
use serde::Serialize;

/// One moment on which all samples agree: 115-05-13 14:31:41 in Taipei, in milliseconds UTC.
pub const SAMPLE_NOW_MS: i64 = 1_778_653_901_000;
/// One minute in milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
/// One hour in milliseconds.
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// A page: which template shows it, and examples that the tests render in every language.
pub trait Page: Serialize {
    /// File name under `templates/`.
    const TEMPLATE: &'static str;
    /// Examples that together reach every branch of the template.
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Locale {
    /// Traditional Chinese as used in Taiwan; the first language of the product.
    #[default]
    #[serde(rename = "zh-TW")]
    ZhTw,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Locale {
    /// Every language, for tests and switches.
    pub const ALL: [Self; 2] = [Self::ZhTw, Self::En];

    /// The name used in files and in the `lang` query (`zh-TW`, `en`).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ZhTw => "zh-TW",
            Self::En => "en",
        }
    }

    /// The value of the `lang` attribute; the script matters more to a screen reader than the place.
    #[must_use]
    pub const fn html_lang(self) -> &'static str {
        match self {
            Self::ZhTw => "zh-Hant",
            Self::En => "en",
        }
    }

    /// Reads a `lang` query, a cookie or one entry of `Accept-Language`. `None` if it is neither language.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text.starts_with("zh") {
            Some(Self::ZhTw)
        } else if text.starts_with("en") {
            Some(Self::En)
        } else {
            None
        }
    }
}

/// What an account may do; decides the tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewerRole {
    /// Keeps the machine and the accounts.
    Administrator,
    /// Leads exercises (white team).
    Instructor,
    /// Programme officer: hours and statistics.
    Officer,
    /// Sits in a seat.
    Trainee,
}

/// The person who looks at the page.
#[derive(Debug, Clone, Serialize)]
pub struct Viewer {
    /// Name as shown at the upper right.
    pub name: String,
    /// Role; its label is in the locale files.
    pub role: ViewerRole,
}

/// How a flash or a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something was done.
    Ok,
    /// Something to know.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed; stays on the screen until closed.
    Danger,
}

/// One message carried over a redirect, shown once.
#[derive(Debug, Clone, Serialize)]
pub struct Flash {
    /// How it is meant.
    pub tone: Tone,
    /// Ready text (from [`crate::Pages::text`]).
    pub text: String,
}

/// What surrounds every page.
#[derive(Debug, Clone, Serialize)]
pub struct Shell {
    /// Language of the page.
    pub locale: Locale,
    /// The person logged in, if any.
    pub viewer: Option<Viewer>,
    /// Path of this page without the query, for the language switch and the active tab.
    pub path: String,
    /// Token that every form carries as field `csrf`.
    pub csrf: String,
    /// The server's time; clocks in the browser are driven by it.
    pub now_ms: i64,
    /// Message carried over a redirect.
    pub flash: Option<Flash>,
}

impl Shell {
    /// A shell without viewer and flash.
    #[must_use]
    pub fn new(locale: Locale, path: impl Into<String>, csrf: impl Into<String>, now_ms: i64) -> Self {
        Self { locale, viewer: None, path: path.into(), csrf: csrf.into(), now_ms, flash: None }
    }
}

/// Something that was refused or went wrong: a code whose text is `error.CODE` in the locale files, and its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Name of the form field at fault, if one is.
    pub field: Option<String>,
    /// Key under `error.`.
    pub code: String,
    /// Values for the text's `{names}`.
    pub args: BTreeMap<String, String>,
}

impl Problem {
    /// A problem without data.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        Self { field: None, code: code.into(), args: BTreeMap::new() }
    }

    /// Says which form field is at fault.
    #[must_use]
    pub fn on(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds a value for the text.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.args.insert(name.into(), value.to_string());
        self
    }
}

/// An exercise that could not be taken up when the server started; nothing can be done in it.
#[derive(Debug, Clone, Serialize)]
pub struct ShutExercise {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Why.
    pub reason: Reason,
}

impl ShutExercise {
    pub(crate) fn sample() -> Self {
        Self {
            code: "S114-09".into(),
            title: "通報應變演練".into(),
            reason: Reason::new("shut.hash", [("seq", "41".to_owned())]),
        }
    }
}

/// One of the three sides of an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Attacks.
    Red,
    /// Defends.
    Blue,
    /// Judges; also the platform itself.
    White,
}

/// The life of an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseState {
    /// Being prepared; nothing is built.
    Draft,
    /// Ranges are being built.
    Provisioning,
    /// Building failed and everything made was removed.
    Failed,
    /// Built and proven; seats may open.
    Ready,
    /// The exercise clock runs.
    Running,
    /// Containers and clock are frozen.
    Paused,
    /// Over; ranges may still exist.
    Ended,
    /// Over, and the engine answered zero.
    Cleared,
}

/// What the exercise clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Not yet started.
    Waiting,
    /// Runs.
    Running,
    /// Stands still since `paused_since_ms`.
    Paused,
    /// Over.
    Ended,
}

/// The exercise clock at the moment of rendering ([`Shell::now_ms`]).
#[derive(Debug, Clone, Serialize)]
pub struct ExerciseClock {
    /// What it does.
    pub state: ClockState,
    /// Exercise time passed, in ms; pauses do not count.
    pub elapsed_ms: i64,
    /// Title of the running phase.
    pub phase: Option<String>,
    /// Exercise time left in the running phase, in ms; negative when overdue.
    pub remaining_ms: Option<i64>,
    /// Since when it is paused, in ms UTC.
    pub paused_since_ms: Option<i64>,
    /// Sum of the pauses so far, in ms.
    pub paused_total_ms: i64,
}

impl ExerciseClock {
    /// A clock that has not started.
    #[must_use]
    pub const fn waiting() -> Self {
        Self {
            state: ClockState::Waiting,
            elapsed_ms: 0,
            phase: None,
            remaining_ms: None,
            paused_since_ms: None,
            paused_total_ms: 0,
        }
    }

    pub(crate) fn sample() -> Self {
        Self {
            state: ClockState::Running,
            elapsed_ms: 3 * HOUR + 26 * MINUTE + 41_000,
            phase: Some("攻擊".into()),
            remaining_ms: Some(23 * MINUTE + 19_000),
            paused_since_ms: None,
            paused_total_ms: 65 * MINUTE,
        }
    }

    pub(crate) fn sample_paused() -> Self {
        Self {
            state: ClockState::Paused,
            paused_since_ms: Some(SAMPLE_NOW_MS - 12 * MINUTE),
            ..Self::sample()
        }
    }

    pub(crate) fn sample_late() -> Self {
        Self { remaining_ms: Some(8 * MINUTE + 12_000), ..Self::sample() }
    }

    pub(crate) fn sample_overdue() -> Self {
        Self { remaining_ms: Some(-4 * MINUTE - 40_000), ..Self::sample() }
    }

    pub(crate) fn sample_ended() -> Self {
        Self { state: ClockState::Ended, phase: None, remaining_ms: None, ..Self::sample() }
    }
}

/// Where a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseState {
    /// Over.
    Done,
    /// Running now.
    Running,
    /// Not yet.
    Coming,
}

/// One block of the phase wall.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseBlock {
    /// Title in the page's language; empty for the one phase of a scenario that names none.
    pub title: String,
    /// Planned length in minutes of exercise time.
    pub minutes: i64,
    /// Where it stands.
    pub state: PhaseState,
    /// How much of it is over, 0 to 100.
    pub percent: i64,
    /// Time left in ms, for the running one.
    pub remaining_ms: Option<i64>,
}

impl PhaseBlock {
    pub(crate) fn samples() -> Vec<Self> {
        let block = |title: &str, minutes, state, percent, remaining_ms| Self {
            title: title.into(),
            minutes,
            state,
            percent,
            remaining_ms,
        };
        vec![
            block("簡報", 20, PhaseState::Done, 100, None),
            block("攻擊", 210, PhaseState::Running, 89, Some(23 * MINUTE + 19_000)),
            block("修補", 50, PhaseState::Coming, 0, None),
            block("複測", 30, PhaseState::Coming, 0, None),
            block("檢討", 30, PhaseState::Coming, 0, None),
        ]
    }
}

/// A long task in figures.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Progress {
    /// Parts done.
    pub done: i64,
    /// Parts in all.
    pub total: i64,
}

/// A team named on a page.
#[derive(Debug, Clone, Serialize)]
pub struct TeamRef {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Side.
    pub side: Side,
}

impl TeamRef {
    /// Builds one.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, side: Side) -> Self {
        Self { id: id.into(), name: name.into(), side }
    }

    pub(crate) fn samples() -> Vec<Self> {
        vec![
            Self::new("r1", "紅檜", Side::Red),
            Self::new("r2", "紅楠", Side::Red),
            Self::new("r3", "紅雀", Side::Red),
            Self::new("b1", "藍鵲", Side::Blue),
            Self::new("b2", "藍染", Side::Blue),
            Self::new("b3", "藍洋", Side::Blue),
        ]
    }
}

/// A red team and the blue team whose range it attacks.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    /// Name of the red team.
    pub red: String,
    /// Name of the blue team.
    pub blue: String,
}

/// What heads every page of one exercise.
#[derive(Debug, Clone, Serialize)]
pub struct ExerciseHead {
    /// Id, as in the paths.
    pub id: String,
    /// Session code such as S115-02; typed to confirm ending and clearing.
    pub code: String,
    /// Title.
    pub title: String,
    /// Title of the scenario in the page's language.
    pub scenario: String,
    /// State.
    pub state: ExerciseState,
    /// Planned start, ms UTC.
    pub starts_ms: Option<i64>,
    /// Planned end, ms UTC.
    pub ends_ms: Option<i64>,
    /// Where people meet.
    pub place: Option<String>,
}

impl ExerciseHead {
    pub(crate) fn sample(state: ExerciseState) -> Self {
        Self {
            id: "0198c4".into(),
            code: "S115-02".into(),
            title: "紅藍對抗實作".into(),
            scenario: "青嵐縣入口網".into(),
            state,
            starts_ms: Some(SAMPLE_NOW_MS - 5 * HOUR),
            ends_ms: Some(SAMPLE_NOW_MS + 2 * HOUR),
            place: Some("嵐北訓練教室".into()),
        }
    }
}

/// How a host or service answers the checks from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// All checks pass.
    Up,
    /// Some checks fail.
    Degraded,
    /// The checks fail.
    Down,
    /// Not checked yet, or the checker itself could not run.
    Unknown,
}
