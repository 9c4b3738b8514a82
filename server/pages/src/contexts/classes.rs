//! The sessions of a course: sheet, room, paper, slips. No gender stands here.

use serde::Serialize;

use super::common::*;
use super::courses::{ClassFields, ClassSessionRow, CourseHead, sample_person};
use super::register::PersonRef;

/// A mark of the sheet.
#[derive(Debug, Clone, Serialize)]
pub struct ClassMarkLine {
    /// Id.
    pub id: String,
    /// In, ms UTC.
    pub in_ms: i64,
    /// Out, ms UTC.
    pub out_ms: Option<i64>,
    /// `qr`, `sheet`, `instructor`, `seat`.
    pub source: &'static str,
    /// Why it was entered by hand.
    pub reason: String,
    /// Somebody else signed in the same browser.
    pub shared: bool,
    /// Why it was struck out.
    pub struck: Option<String>,
}

/// A person of the sheet.
#[derive(Debug, Clone, Serialize)]
pub struct ClassLine {
    /// The person.
    pub person: PersonRef,
    /// Grade or title.
    pub grade: String,
    /// As what, each with the id of its row (empty where it comes from a seat).
    pub standings: Vec<(&'static str, String)>,
    /// A trainee.
    pub trainee: bool,
    /// What became of each half-day: `absent`, `late`, `early`, `present`.
    pub halves: Vec<&'static str>,
    /// All marks by time, struck ones too.
    pub marks: Vec<ClassMarkLine>,
    /// Counted, ms.
    pub counted_ms: i64,
    /// Never signed out: to be looked at.
    pub review: bool,
    /// The mark that is open now.
    pub open: Option<String>,
    /// Points of the test before, as typed.
    pub pre: String,
    /// Points of the test after, as typed.
    pub post: String,
}

/// A half-day.
#[derive(Debug, Clone, Serialize)]
pub struct HalfHead {
    /// From, ms UTC.
    pub start_ms: i64,
    /// To, ms UTC.
    pub end_ms: i64,
    /// `morning`, `afternoon`, `evening`.
    pub name: &'static str,
}

/// `/courses/{id}/sessions/{session}`. Forms: POST to the same address with `act`.
#[derive(Debug, Clone, Serialize)]
pub struct ClassPage {
    /// The course.
    pub course: CourseHead,
    /// The session.
    pub session: ClassSessionRow,
    /// Its half-days.
    pub halves: Vec<HalfHead>,
    /// People.
    pub rows: Vec<ClassLine>,
    /// Trainees.
    pub expected: i64,
    /// Trainees who count for at least one half-day.
    pub arrived: i64,
    /// Who is in now.
    pub inside: i64,
    /// Counted, all trainees, ms.
    pub counted_ms: i64,
    /// May change.
    pub may_edit: bool,
    /// An officer looks: the hours for the portal are theirs.
    pub officer: bool,
    /// Can be signed in to now.
    pub open: bool,
    /// The session's form.
    pub form: ClassFields,
    /// Exercises to choose from.
    pub exercises: Vec<(String, String)>,
    /// Names typed into the list.
    pub typed: String,
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// A QR code: modules in a row, and the dark ones as the data of a path in a box of so many units.
#[derive(Debug, Clone, Serialize)]
pub struct QrCode {
    /// Modules in a row.
    pub size: i64,
    /// Data of a path.
    pub path: String,
}

impl QrCode {
    pub(crate) fn sample() -> Self {
        Self { size: 21, path: "M0 0h7v1h-7zM0 1h1v6h-1z".into() }
    }
}

/// `/courses/{id}/sessions/{session}/room`: for the screen in the room; renews itself.
#[derive(Debug, Clone, Serialize)]
pub struct RoomScreen {
    /// The course.
    pub course: CourseHead,
    /// The session.
    pub session: ClassSessionRow,
    /// The code; `None` while nobody can sign.
    pub code: Option<QrCode>,
    /// What is in it, for who has no camera.
    pub address: String,
    /// When it changes, seconds from now.
    pub renew_s: i64,
    /// Trainees.
    pub expected: i64,
    /// Who is in now.
    pub inside: i64,
}

/// A day of the printable sheet.
#[derive(Debug, Clone, Serialize)]
pub struct PaperDay {
    /// A moment of the day, ms UTC.
    pub day_ms: i64,
    /// Its half-days, each with its place among all.
    pub halves: Vec<(i64, HalfHead)>,
}

/// `/courses/{id}/sessions/{session}/paper`: printed empty, and filled in afterwards. Form: POST to the same address, fields
/// `in.{half}.{person}` and `out.{half}.{person}` (`HH:MM`), `reason`.
#[derive(Debug, Clone, Serialize)]
pub struct PaperSheet {
    /// The course.
    pub course: CourseHead,
    /// The session.
    pub session: ClassSessionRow,
    /// Days.
    pub days: Vec<PaperDay>,
    /// Trainees.
    pub rows: Vec<ClassLine>,
    /// What was typed, by the name of its field.
    pub typed: std::collections::BTreeMap<String, String>,
    /// Why.
    pub reason: String,
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// A slip for a trainee.
#[derive(Debug, Clone, Serialize)]
pub struct ClassSlip {
    /// Name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Code to sign with.
    pub sign_code: String,
    /// Code that opens their own page once.
    pub own_code: String,
}

/// Slips, shown once. Form: POST `/courses/{id}/sessions/{session}/slips`.
#[derive(Debug, Clone, Serialize)]
pub struct ClassSlips {
    /// The course.
    pub course: CourseHead,
    /// The session.
    pub session: ClassSessionRow,
    /// Address of the own page.
    pub address: String,
    /// Slips.
    pub slips: Vec<ClassSlip>,
}

/// Tokens of a questionnaire, shown once.
#[derive(Debug, Clone, Serialize)]
pub struct SurveySlips {
    /// The course.
    pub course: CourseHead,
    /// Title.
    pub title: String,
    /// Address and QR code of each.
    pub slips: Vec<(String, QrCode)>,
}

fn half(start: i64, end: i64, name: &'static str) -> HalfHead {
    HalfHead { start_ms: SAMPLE_NOW_MS + start * HOUR, end_ms: SAMPLE_NOW_MS + end * HOUR, name }
}

fn lines() -> Vec<ClassLine> {
    let mark = |id: &str, out: bool, source, reason: &str, struck: Option<&str>| ClassMarkLine {
        id: id.into(),
        in_ms: SAMPLE_NOW_MS - 2 * HOUR,
        out_ms: out.then_some(SAMPLE_NOW_MS),
        source,
        reason: reason.into(),
        shared: source == "qr",
        struck: struck.map(Into::into),
    };
    let line =
        |id: &str, name: &str, standing, halves: [&'static str; 3], marks: Vec<ClassMarkLine>| ClassLine {
            person: sample_person(id, name),
            grade: "科員".into(),
            standings: vec![(standing, format!("r{id}"))],
            trainee: standing == "trainee",
            halves: halves.into(),
            counted_ms: if marks.is_empty() { 0 } else { 3 * HOUR },
            review: id == "2",
            open: (id == "1").then(|| "m1".into()),
            marks,
            pre: String::new(),
            post: "88".into(),
        };
    vec![
        line(
            "1",
            "許藍圖",
            "trainee",
            ["present", "absent", "absent"],
            vec![mark("m1", false, "qr", "", None)],
        ),
        line(
            "2",
            "張示範",
            "trainee",
            ["late", "early", "absent"],
            vec![
                mark("m2", true, "sheet", "紙本簽到表", None),
                mark("m3", true, "instructor", "補登", Some("看錯列")),
                mark("m4", true, "seat", "", None),
            ],
        ),
        line("3", "鄭白板", "judge", ["absent"; 3], vec![]),
    ]
}

impl Page for ClassPage {
    const TEMPLATE: &'static str = "courses/session.html";
    fn samples() -> Vec<Self> {
        let page = Self {
            course: CourseHead::sample(),
            session: ClassSessionRow::sample(),
            halves: vec![half(-2, 1, "morning"), half(2, 4, "afternoon"), half(5, 6, "evening")],
            rows: lines(),
            expected: 2,
            arrived: 1,
            inside: 1,
            counted_ms: 6 * HOUR,
            may_edit: true,
            officer: false,
            open: true,
            form: ClassFields::sample(),
            exercises: vec![("e1".into(), "E115-03 入口網攻防".into())],
            typed: String::new(),
            problems: vec![],
        };
        let fields =
            ["code", "class_no", "place", "halves", "late", "exercise", "people", "reason", "to", "score"];
        let problems = fields.map(|field| Problem::new("required").on(field)).into();
        let cancelled =
            ClassSessionRow { cancelled: Some("颱風".into()), exercise: None, ..ClassSessionRow::sample() };
        vec![
            page.clone(),
            Self { problems, typed: "QL-1".into(), ..page.clone() },
            Self { may_edit: false, officer: true, open: false, ..page.clone() },
            Self { session: cancelled, may_edit: false, open: false, rows: vec![], ..page },
        ]
    }
}

impl Page for RoomScreen {
    const TEMPLATE: &'static str = "courses/room.html";
    fn samples() -> Vec<Self> {
        let page = Self {
            course: CourseHead::sample(),
            session: ClassSessionRow::sample(),
            code: Some(QrCode::sample()),
            address: "https://rampart.qinglan.test/in/s1/0123456789abcdef".into(),
            renew_s: 12,
            expected: 30,
            inside: 12,
        };
        vec![page.clone(), Self { code: None, ..page }]
    }
}

impl Page for PaperSheet {
    const TEMPLATE: &'static str = "courses/paper.html";
    fn samples() -> Vec<Self> {
        let page = Self {
            course: CourseHead::sample(),
            session: ClassSessionRow::sample(),
            days: vec![PaperDay {
                day_ms: SAMPLE_NOW_MS,
                halves: vec![(0, half(-2, 1, "morning")), (1, half(2, 4, "afternoon"))],
            }],
            rows: lines(),
            typed: [("in.0.1".to_owned(), "09:00".to_owned())].into(),
            reason: "紙本簽到表".into(),
            problems: vec![],
        };
        let problems =
            vec![Problem::new("bad_time").on("times"), Problem::new("reason_required").on("reason")];
        vec![page.clone(), Self { problems, rows: vec![], ..page }]
    }
}

impl Page for ClassSlips {
    const TEMPLATE: &'static str = "courses/slips.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            course: CourseHead::sample(),
            session: ClassSessionRow::sample(),
            address: "https://rampart.qinglan.test/me".into(),
            slips: vec![ClassSlip {
                name: "許藍圖".into(),
                agency: "縣政府 數位發展處".into(),
                sign_code: "7K3M-QX2A".into(),
                own_code: "AAAA-BBBB-CCCC-DDDD".into(),
            }],
        }]
    }
}

impl Page for SurveySlips {
    const TEMPLATE: &'static str = "courses/survey_slips.html";
    fn samples() -> Vec<Self> {
        vec![Self {
            course: CourseHead::sample(),
            title: "課後問卷".into(),
            slips: vec![("https://rampart.qinglan.test/survey/AAAABBBB".into(), QrCode::sample())],
        }]
    }
}
