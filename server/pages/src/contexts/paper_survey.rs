//! Questionnaires on paper, for the programme officer. No sheet that was entered is shown again.

use serde::Serialize;

use super::common::*;
use super::courses::CourseHead;
use super::signing::SurveyItem;

/// `/courses/{id}/surveys/{survey}/paper`. Forms: POST to the same address with `act` (`papers`, `sheet`).
#[derive(Debug, Clone, Serialize)]
pub struct PaperSurvey {
    /// The course.
    pub course: CourseHead,
    /// Id of the questionnaire.
    pub id: String,
    /// Title.
    pub title: String,
    /// Closed: nothing is taken in.
    pub closed: bool,
    /// Handed out, tokens and papers.
    pub handed_out: i64,
    /// Came back, both.
    pub returned: i64,
    /// Return rate in per cent, as printed; `None` where none went out.
    pub rate: Option<String>,
    /// Papers handed out, as typed.
    pub papers: String,
    /// Papers handed out.
    pub papers_out: i64,
    /// Papers that were entered.
    pub papers_back: i64,
    /// Questions, with what was typed and refused.
    pub items: Vec<SurveyItem>,
    /// Gender as typed and refused.
    pub gender: String,
    /// What was refused.
    pub problems: Vec<Problem>,
}

impl Page for PaperSurvey {
    const TEMPLATE: &'static str = "courses/paper_survey.html";
    fn samples() -> Vec<Self> {
        let item = |id: &str, text: &str, scale, value: &str| SurveyItem {
            id: id.into(),
            text: text.into(),
            scale,
            value: value.into(),
        };
        let page = Self {
            course: CourseHead::sample(),
            id: "v1".into(),
            title: "課後問卷".into(),
            closed: false,
            handed_out: 57,
            returned: 52,
            rate: Some("91.23".into()),
            papers: "20".into(),
            papers_out: 20,
            papers_back: 15,
            items: vec![
                item("1", "難易適中", true, ""),
                item("2", "講師講解清楚", true, ""),
                item("3", "建議", false, ""),
            ],
            gender: String::new(),
            problems: vec![],
        };
        let refused = Self {
            items: vec![item("1", "難易適中", true, "4"), item("3", "建議", false, "再多一點實作")],
            gender: "F".into(),
            problems: vec![Problem::new("papers_more").on("papers"), Problem::new("required").on("answers")],
            ..page.clone()
        };
        let none = Self {
            handed_out: 0,
            returned: 0,
            rate: None,
            papers: "0".into(),
            papers_out: 0,
            papers_back: 0,
            ..page.clone()
        };
        vec![page.clone(), refused, none, Self { closed: true, ..page }]
    }
}
