//! Exercises: the list, a new one, seats, slips, attendance.

use std::collections::BTreeMap;

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;
use super::schedule::QueueView;

/// Which exercises the list shows; in the query as `show`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseFilter {
    /// All.
    All,
    /// Draft, being built, failed, ready.
    Preparing,
    /// Ended and cleared.
    Over,
}

/// `/exercises`: the running ones large, all in a table. Query: `show`, `q`.
#[derive(Debug, Clone, Serialize)]
pub struct ExerciseList {
    /// Running and paused exercises.
    pub current: Vec<RunningExercise>,
    /// All rows that pass the filter, unplanned first, then by start, newest first.
    pub rows: Vec<ExerciseRow>,
    /// The filter in use.
    pub filter: ExerciseFilter,
    /// Search text.
    pub query: String,
    /// Number of all exercises.
    pub count_all: i64,
    /// Number of those in preparation.
    pub count_preparing: i64,
    /// Number of those that are over.
    pub count_over: i64,
    /// What has been done towards the first exercise; shown when there is none.
    pub steps: FirstSteps,
    /// May the viewer make one?
    pub may_create: bool,
    /// Those that could not be taken up, and stand in no other list.
    pub shut: Vec<ShutExercise>,
}

/// What an empty installation still needs.
#[derive(Debug, Clone, Serialize)]
pub struct FirstSteps {
    /// All images are built.
    pub images_ready: bool,
    /// People in the register.
    pub people: i64,
    /// Scenarios without errors.
    pub scenarios: i64,
}

/// A running exercise, shown large.
#[derive(Debug, Clone, Serialize)]
pub struct RunningExercise {
    /// The same facts as in the table.
    pub row: ExerciseRow,
    /// Clock.
    pub clock: ExerciseClock,
    /// Phase wall.
    pub phases: Vec<PhaseBlock>,
    /// Red and blue by range.
    pub pairs: Vec<Pair>,
    /// Seats with somebody in them now.
    pub seats_online: i64,
    /// Seats in all.
    pub seats: i64,
    /// Alerts in this exercise.
    pub alerts: i64,
}

/// One row of the list.
#[derive(Debug, Clone, Serialize)]
pub struct ExerciseRow {
    /// Id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Title of the scenario.
    pub scenario: String,
    /// State.
    pub state: ExerciseState,
    /// Planned start, ms UTC.
    pub starts_ms: Option<i64>,
    /// Place.
    pub place: Option<String>,
    /// Seats taken on the red side.
    pub seats_red: i64,
    /// Seats taken on the blue side.
    pub seats_blue: i64,
    /// Building: hosts ready.
    pub progress: Option<Progress>,
    /// The launch that waits.
    pub queued: Option<QueueView>,
    /// When the ranges are to be built, ms UTC.
    pub launch_ms: Option<i64>,
    /// Why the last launch failed.
    pub reason: Option<Reason>,
    /// Titles for the ids in the reason.
    pub names: BTreeMap<String, String>,
    /// The same, where no reason is known.
    pub problem: Option<Problem>,
    /// Distinct people who came, once over.
    pub persons: Option<i64>,
    /// Person time booked in ms, once over.
    pub person_ms: Option<i64>,
}

impl ExerciseRow {
    pub(crate) fn sample(
        id: &str,
        code: &str,
        title: &str,
        state: ExerciseState,
        starts_ms: Option<i64>,
    ) -> Self {
        Self {
            id: id.into(),
            code: code.into(),
            title: title.into(),
            scenario: "青嵐縣入口網".into(),
            state,
            starts_ms,
            place: None,
            seats_red: 6,
            seats_blue: 7,
            progress: None,
            queued: None,
            launch_ms: None,
            reason: None,
            names: BTreeMap::new(),
            problem: None,
            persons: None,
            person_ms: None,
        }
    }
}

impl Page for ExerciseList {
    const TEMPLATE: &'static str = "exercises/list.html";
    fn samples() -> Vec<Self> {
        let day = 24 * HOUR;
        let running = ExerciseRow {
            place: Some("嵐北訓練教室".into()),
            ..ExerciseRow::sample(
                "0198c4",
                "S115-02",
                "紅藍對抗實作",
                ExerciseState::Running,
                Some(SAMPLE_NOW_MS - 5 * HOUR),
            )
        };
        let current = RunningExercise {
            row: running.clone(),
            clock: ExerciseClock::sample(),
            phases: PhaseBlock::samples(),
            pairs: vec![
                Pair { red: "紅檜".into(), blue: "藍鵲".into() },
                Pair { red: "紅楠".into(), blue: "藍染".into() },
                Pair { red: "紅雀".into(), blue: "藍洋".into() },
            ],
            seats_online: 37,
            seats: 39,
            alerts: 3,
        };
        let mut paused = current.clone();
        paused.row.state = ExerciseState::Paused;
        paused.clock = ExerciseClock::sample_paused();
        paused.alerts = 0;
        let rows = vec![
            ExerciseRow {
                queued: Some(QueueView {
                    place: 1,
                    of: 1,
                    why: Reason::new("queue.busy", [("codes", "S115-03".to_owned())]),
                    asked_ms: SAMPLE_NOW_MS - MINUTE,
                }),
                ..ExerciseRow::sample("8", "S115-08", "候場", ExerciseState::Provisioning, None)
            },
            ExerciseRow {
                launch_ms: Some(SAMPLE_NOW_MS + HOUR),
                ..ExerciseRow::sample(
                    "7",
                    "S115-07",
                    "已排程",
                    ExerciseState::Draft,
                    Some(SAMPLE_NOW_MS + 2 * HOUR),
                )
            },
            ExerciseRow {
                seats_red: 4,
                seats_blue: 3,
                ..ExerciseRow::sample("6", "S115-06", "USB 蠕蟲", ExerciseState::Draft, None)
            },
            ExerciseRow::sample(
                "5",
                "S115-05",
                "水坑：嵐聲陳情外掛",
                ExerciseState::Ready,
                Some(SAMPLE_NOW_MS + 50 * day),
            ),
            ExerciseRow {
                reason: Some(Reason::new("launch.images_missing", [("images", "doc, www".to_owned())])),
                ..ExerciseRow::sample(
                    "4",
                    "S115-04",
                    "通報應變演練（上半年）",
                    ExerciseState::Failed,
                    Some(SAMPLE_NOW_MS + 36 * day),
                )
            },
            ExerciseRow {
                progress: Some(Progress { done: 17, total: 24 }),
                ..ExerciseRow::sample(
                    "3",
                    "S115-03",
                    "廠商 VPN 遭駭",
                    ExerciseState::Provisioning,
                    Some(SAMPLE_NOW_MS + 3 * HOUR),
                )
            },
            ExerciseRow::sample(
                "2",
                "S115-07",
                "圖書館無線網路",
                ExerciseState::Paused,
                Some(SAMPLE_NOW_MS - HOUR),
            ),
            running,
            ExerciseRow {
                persons: Some(30),
                person_ms: Some(180 * HOUR),
                ..ExerciseRow::sample(
                    "1",
                    "S115-01",
                    "藍隊通報應變",
                    ExerciseState::Ended,
                    Some(SAMPLE_NOW_MS - 69 * day),
                )
            },
            ExerciseRow {
                persons: Some(22),
                person_ms: Some(132 * HOUR),
                ..ExerciseRow::sample(
                    "0",
                    "S114-06",
                    "冒牌軟體：嵐文更新程式",
                    ExerciseState::Cleared,
                    Some(SAMPLE_NOW_MS - 174 * day),
                )
            },
        ];
        let steps = FirstSteps { images_ready: true, people: 40, scenarios: 1 };
        vec![
            Self {
                current: vec![current],
                rows,
                filter: ExerciseFilter::All,
                query: String::new(),
                count_all: 7,
                count_preparing: 4,
                count_over: 2,
                steps: steps.clone(),
                may_create: true,
                shut: vec![ShutExercise::sample()],
            },
            Self {
                current: vec![paused],
                rows: vec![],
                filter: ExerciseFilter::Over,
                query: "蠕蟲".into(),
                count_all: 1,
                count_preparing: 0,
                count_over: 0,
                steps: steps.clone(),
                may_create: false,
                shut: vec![],
            },
            Self {
                current: vec![],
                rows: vec![],
                filter: ExerciseFilter::All,
                query: String::new(),
                count_all: 0,
                count_preparing: 0,
                count_over: 0,
                steps: FirstSteps { images_ready: false, people: 0, scenarios: 1 },
                may_create: true,
                shut: vec![],
            },
            Self {
                current: vec![],
                rows: vec![],
                filter: ExerciseFilter::All,
                query: String::new(),
                count_all: 0,
                count_preparing: 0,
                count_over: 0,
                steps,
                may_create: true,
                shut: vec![],
            },
        ]
    }
}

/// `/exercises/new`. Form: POST `/exercises/new`, the fields of [`ExerciseForm`].
#[derive(Debug, Clone, Serialize)]
pub struct ExerciseNew {
    /// What was typed.
    pub form: ExerciseForm,
    /// Scenarios to choose from.
    pub scenarios: Vec<ScenarioChoice>,
    /// Most pairs of one exercise.
    pub pairs_max: u16,
    /// What has to be repaired.
    pub problems: Vec<Problem>,
}

/// Fields as typed; times as `YYYY-MM-DDTHH:MM` in Taipei.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ExerciseForm {
    /// Scenario id.
    pub scenario: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Number of red/blue pairs, 1 to 6.
    pub pairs: String,
    /// Planned start.
    pub starts: String,
    /// Planned end.
    pub ends: String,
    /// Place.
    pub place: String,
    /// Minutes before the start at which the ranges are to be built; empty: by hand.
    pub warm: String,
}

/// A scenario that can be chosen.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioChoice {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Summary.
    pub summary: String,
    /// Planned length in minutes.
    pub minutes: i64,
    /// Containers in one range.
    pub hosts: i64,
    /// Without errors, so that it can be launched.
    pub usable: bool,
}

impl Page for ExerciseNew {
    const TEMPLATE: &'static str = "exercises/new.html";
    fn samples() -> Vec<Self> {
        let scenarios = vec![
            ScenarioChoice {
                id: "qinglan-portal".into(),
                title: "青嵐縣入口網".into(),
                summary: "縣府入口網的搜尋與附件上傳各有一處弱點。".into(),
                minutes: 90,
                hosts: 6,
                usable: true,
            },
            ScenarioChoice {
                id: "usb-worm".into(),
                title: "USB 蠕蟲".into(),
                summary: "未完成。".into(),
                minutes: 60,
                hosts: 4,
                usable: false,
            },
        ];
        vec![
            Self {
                form: ExerciseForm { pairs: "1".into(), ..ExerciseForm::default() },
                scenarios: scenarios.clone(),
                pairs_max: 12,
                problems: vec![],
            },
            Self {
                form: ExerciseForm {
                    scenario: "qinglan-portal".into(),
                    code: "S115-02".into(),
                    title: String::new(),
                    pairs: "9".into(),
                    starts: "2026-05-13T17:00".into(),
                    ends: "2026-05-13T09:30".into(),
                    place: "嵐北訓練教室".into(),
                    warm: "30".into(),
                },
                scenarios,
                pairs_max: 12,
                problems: vec![
                    Problem::new("code_taken").on("code").with("code", "S115-02"),
                    Problem::new("required").on("title"),
                    Problem::new("pairs_range").on("pairs").with("max", 6),
                    Problem::new("ends_before_start").on("ends"),
                ],
            },
            Self { form: ExerciseForm::default(), scenarios: vec![], pairs_max: 12, problems: vec![] },
        ]
    }
}

/// `/exercises/{id}/seats`. Form: POST `/exercises/{id}/seats`, field `act` = `save` (with `team.PERSON` = team id or empty) or `distribute`.
/// Query: `q`, `show` = `all` or `open`.
#[derive(Debug, Clone, Serialize)]
pub struct Seats {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Teams with the number of seats taken.
    pub teams: Vec<TeamSeats>,
    /// People that pass the filter.
    pub people: Vec<SeatPerson>,
    /// Search text.
    pub query: String,
    /// Only people without a seat.
    pub only_open: bool,
    /// People in all.
    pub count_all: i64,
    /// People without a seat.
    pub count_open: i64,
    /// What was refused.
    pub problems: Vec<Problem>,
    /// Seats can no longer be changed (the exercise is over).
    pub locked: bool,
}

/// A team and its seats.
#[derive(Debug, Clone, Serialize)]
pub struct TeamSeats {
    /// The team.
    pub team: TeamRef,
    /// Seats taken.
    pub taken: i64,
}

/// A person in the seats table.
#[derive(Debug, Clone, Serialize)]
pub struct SeatPerson {
    /// Person id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_no: String,
    /// Agency.
    pub agency: String,
    /// Team id, if seated.
    pub team: Option<String>,
    /// Seat label such as 紅檜-3.
    pub seat: Option<String>,
    /// A seat code has been made for this seat.
    pub code_made: bool,
    /// The seat has been entered, so moving it would take a place away.
    pub entered: bool,
}

impl Page for Seats {
    const TEMPLATE: &'static str = "exercises/seats.html";
    fn samples() -> Vec<Self> {
        let teams: Vec<_> = TeamRef::samples().into_iter().map(|team| TeamSeats { team, taken: 6 }).collect();
        let person = |id: &str, name: &str, agency: &str, team: Option<&str>, seat: Option<&str>, entered| {
            SeatPerson {
                id: id.into(),
                name: name.into(),
                staff_no: format!("A10{id}"),
                agency: agency.into(),
                team: team.map(Into::into),
                seat: seat.map(Into::into),
                code_made: seat.is_some(),
                entered,
            }
        };
        let people = vec![
            person("1", "許藍圖", "縣政府 數位發展處", Some("b1"), Some("藍鵲-2"), true),
            person("2", "謝測試", "縣政府 數位發展處", Some("b1"), Some("藍鵲-1"), false),
            person("3", "蔡紅磚", "木棉雲端", Some("r1"), Some("紅檜-3"), false),
            person("4", "王假名", "青嵐科技大學", None, None, false),
        ];
        vec![
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Draft),
                teams: teams.clone(),
                people: people.clone(),
                query: String::new(),
                only_open: false,
                count_all: 4,
                count_open: 1,
                problems: vec![],
                locked: false,
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Ended),
                teams: teams.clone(),
                people: people.clone(),
                query: String::new(),
                only_open: false,
                count_all: 4,
                count_open: 1,
                problems: vec![],
                locked: true,
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Ready),
                teams,
                people: vec![],
                query: "不存在".into(),
                only_open: true,
                count_all: 0,
                count_open: 0,
                problems: vec![Problem::new("required").on("team")],
                locked: false,
            },
        ]
    }
}

/// `/exercises/{id}/slips`: GET offers to make codes, POST makes and shows them once. Form: POST, field `act` = `make`.
#[derive(Debug, Clone, Serialize)]
pub struct Slips {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// Where to go, as printed on each card.
    pub address: String,
    /// Cards with fresh codes; empty on GET.
    pub cards: Vec<SlipCard>,
    /// People with a seat.
    pub seated: i64,
    /// Codes made earlier and not yet used; they die when new ones are made.
    pub unused: i64,
}

/// One card.
#[derive(Debug, Clone, Serialize)]
pub struct SlipCard {
    /// Name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Team.
    pub team: TeamRef,
    /// Seat label.
    pub seat: String,
    /// Code of eight characters, with or without its hyphen.
    pub code: String,
}

impl Page for Slips {
    const TEMPLATE: &'static str = "exercises/slips.html";
    fn samples() -> Vec<Self> {
        let card = |name: &str, agency: &str, team: TeamRef, seat: &str, code: &str| SlipCard {
            name: name.into(),
            agency: agency.into(),
            team,
            seat: seat.into(),
            code: code.into(),
        };
        let cards = [
            card("蔡紅磚", "木棉雲端", TeamRef::new("r1", "紅檜", Side::Red), "紅檜-3", "QL7K4M2P"),
            card(
                "許藍圖",
                "縣政府 數位發展處",
                TeamRef::new("b1", "藍鵲", Side::Blue),
                "藍鵲-2",
                "HTXW-97CA",
            ),
        ];
        let all = cards.iter().cycle().take(10).cloned().collect();
        vec![
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Ready),
                address: "https://range.qinglan.test/".into(),
                cards: vec![],
                seated: 39,
                unused: 12,
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Draft),
                address: "http://127.0.0.1:8080/".into(),
                cards: vec![],
                seated: 0,
                unused: 0,
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Ready),
                address: "https://range.qinglan.test/".into(),
                cards: all,
                seated: 10,
                unused: 0,
            },
        ]
    }
}
