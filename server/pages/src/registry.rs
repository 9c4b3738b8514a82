//! The list of all pages. A page that is not here is neither checked at start nor rendered by the tests.

use minijinja::Value;
use minijinja::value::Serde;

use crate::contexts::*;

/// All samples of one page.
pub struct Sample {
    /// Its template.
    pub template: &'static str,
    pub(crate) values: Vec<Value>,
}

impl Sample {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if the page has no sample, which the tests refuse.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

macro_rules! pages {
    ($($page:ty),* $(,)?) => {
        /// Templates of all pages.
        pub const TEMPLATES: &[&str] = &[$(<$page as Page>::TEMPLATE),*];

        /// Samples of all pages.
        #[must_use]
        pub fn samples() -> Vec<Sample> {
            vec![$(Sample {
                template: <$page as Page>::TEMPLATE,
                values: <$page as Page>::samples().into_iter().map(|page| Value::from(Serde(page))).collect(),
            }),*]
        }
    };
}

pages![
    SeatLogin,
    StaffLogin,
    PasswordChange,
    ErrorPage,
    Privacy,
    Accessibility,
    ExerciseList,
    ExerciseNew,
    Seats,
    Slips,
    AttendanceSheet,
    TerminalList,
    TerminalWatch,
    RecordingReplay,
    ControlRoom,
    ControlRoomLive,
    ConfirmAct,
    HostPage,
    JudgeDesk,
    SchedulePage,
    SeatScore,
    People,
    PeopleImport,
    PersonPage,
    AgencyList,
    AnswersPage,
    Duplicates,
    OwnData,
    CourseList,
    CourseForm,
    CoursePage,
    ClassPage,
    RoomScreen,
    PaperSheet,
    EnteredPage,
    ClassHoursPage,
    ClassSlips,
    SurveySlips,
    SignPage,
    SurveyPage,
    PaperSurvey,
    CertificateCheck,
    CertificatePage,
    OwnDoor,
    DataRequests,
    RetentionPage,
    SeatRed,
    SeatFiles,
    DesktopWatch,
    SeatBlue,
    BoardList,
    Board,
    BoardTable,
    StatisticsList,
    YearDesk,
    YearTable,
    CrossPage,
    YearBehind,
    ProgrammePage,
    FindingsPage,
    LooksPage,
    Statistics,
    Accounts,
    ScenarioList,
    ScenarioPage,
    System,
    Tokens,
    ApiGuide,
    Webhooks,
    WebhookDeliveries,
];
