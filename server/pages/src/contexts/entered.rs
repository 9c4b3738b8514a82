//! What was entered by hand at a session, and taking it back. No gender stands here.

use serde::Serialize;

use super::classes::HalfHead;
use super::common::*;
use super::courses::{ClassSessionRow, CourseHead, sample_person};
use super::register::PersonRef;

/// A mark of an entered sheet.
#[derive(Debug, Clone, Serialize)]
pub struct EnteredLine {
    /// Id.
    pub id: String,
    /// The person.
    pub person: PersonRef,
    /// Its half-day.
    pub half: Option<HalfHead>,
    /// In, ms UTC.
    pub in_ms: i64,
    /// Out, ms UTC; `None` where nobody signed out.
    pub out_ms: Option<i64>,
    /// When it was taken back (ms UTC), by whom, and why.
    pub struck: Option<(i64, String, String)>,
}

/// What one act entered.
#[derive(Debug, Clone, Serialize)]
pub struct EnteredCard {
    /// Id of one of its marks.
    pub id: String,
    /// When it was entered, ms UTC.
    pub at_ms: i64,
    /// Who entered it.
    pub by: String,
    /// `sheet` or `instructor`.
    pub source: &'static str,
    /// Why.
    pub reason: String,
    /// How many of its marks stand.
    pub standing: i64,
    /// Its marks.
    pub lines: Vec<EnteredLine>,
}

/// `/courses/{id}/sessions/{session}/entered`. Forms: POST to the same address with `act` (`one`, `all`), `mark`, `reason`.
#[derive(Debug, Clone, Serialize)]
pub struct EnteredPage {
    /// The course.
    pub course: CourseHead,
    /// The session.
    pub session: ClassSessionRow,
    /// May enter sheets.
    pub may_enter: bool,
    /// What was entered, latest first.
    pub sheets: Vec<EnteredCard>,
    /// What was refused.
    pub problems: Vec<Problem>,
}

impl Page for EnteredPage {
    const TEMPLATE: &'static str = "courses/entered.html";
    fn samples() -> Vec<Self> {
        let half = |start: i64, name| HalfHead {
            start_ms: SAMPLE_NOW_MS - start * HOUR,
            end_ms: SAMPLE_NOW_MS - (start - 3) * HOUR,
            name,
        };
        let struck = |why: &str| Some((SAMPLE_NOW_MS, "王老師".to_owned(), why.to_owned()));
        let line = |id: &str, name: &str, start: i64, of, struck| EnteredLine {
            id: id.into(),
            person: sample_person(id, name),
            half: Some(half(start, of)),
            in_ms: SAMPLE_NOW_MS - start * HOUR,
            out_ms: (id != "3").then_some(SAMPLE_NOW_MS - (start - 3) * HOUR),
            struck,
        };
        let card = |id: &str, at: i64, reason: &str, lines: Vec<EnteredLine>| EnteredCard {
            id: id.into(),
            at_ms: SAMPLE_NOW_MS - at * HOUR,
            by: "王老師".into(),
            source: if id == "m9" { "instructor" } else { "sheet" },
            reason: reason.into(),
            standing: i64::try_from(lines.iter().filter(|line| line.struck.is_none()).count()).unwrap_or(0),
            lines,
        };
        let sheets = vec![
            card(
                "m1",
                1,
                "紙本簽到表",
                vec![
                    line("1", "許藍圖", 7, "morning", None),
                    line("1", "許藍圖", 3, "afternoon", None),
                    line("2", "張示範", 7, "morning", struck("看錯列，簽名的是下一列的人")),
                    line("3", "謝測試", 7, "morning", None),
                ],
            ),
            card("m9", 2, "補登", vec![line("1", "許藍圖", 7, "morning", None)]),
            card("m5", 3, "紙本簽到表", vec![line("1", "許藍圖", 7, "morning", struck("登錄到別的場次"))]),
        ];
        let page = Self {
            course: CourseHead::sample(),
            session: ClassSessionRow::sample(),
            may_enter: true,
            sheets,
            problems: vec![],
        };
        let problems = vec![Problem::new("reason_required").on("reason")];
        vec![
            page.clone(),
            Self { problems, may_enter: false, ..page.clone() },
            Self { sheets: vec![], ..page },
        ]
    }
}
