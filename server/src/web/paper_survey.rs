//! Questionnaires on paper: how many went out, and the sheets that came back, for the programme officer, as a sheet holds what
//! its writer said of their gender. Nothing of a sheet is shown again.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_domain::records::Gender;
use rampart_pages::{PaperSurvey, Problem, SurveyItem, Tone};
use rampart_store::QuestionKind;

use super::courses::{failed, problem};
use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::courses as view;
use super::visit::{Here, flash};
use super::who::Staff;

async fn page_of(
    web: &Web,
    visit: &Here,
    (course, id): (&str, &str),
    typed: &Posted,
    problems: Vec<Problem>,
) -> Result<PaperSurvey, WebError> {
    let survey = web.app.survey(course, id).await.map_err(failed)?;
    let questions = web.app.store.surveys().questions(id).await?;
    let sheet = typed.get("act") == "sheet";
    Ok(PaperSurvey {
        course: view::head(&web.app.course(course).await.map_err(failed)?),
        id: id.to_owned(),
        title: survey.title.clone(),
        closed: survey.closed_ms.is_some(),
        handed_out: i64::from(survey.handed_out),
        returned: i64::from(survey.returned),
        rate: view::rate(&survey),
        papers: match typed.get("act") {
            "papers" => typed.get("papers").to_owned(),
            _ => survey.papers().to_string(),
        },
        papers_out: i64::from(survey.papers()),
        papers_back: i64::from(survey.papers_back()),
        items: questions
            .iter()
            .map(|question| SurveyItem {
                id: question.id.clone(),
                text: view::question(question, visit.locale),
                scale: question.kind == QuestionKind::Scale,
                value: if sheet {
                    typed.raw(&format!("q.{}", question.id)).to_owned()
                } else {
                    String::new()
                },
            })
            .collect(),
        gender: if sheet { typed.get("gender").to_owned() } else { String::new() },
        problems,
    })
}

/// `GET /courses/{id}/surveys/{survey}/paper`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    let page = page_of(&web, &visit, (&course, &id), &Posted::default(), Vec::new()).await?;
    web.page(&visit, &page)
}

/// `POST /courses/{id}/surveys/{survey}/paper`: how many went out (`papers`), or a sheet (`q.{question}`, `gender`).
pub(super) async fn act(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    web.app.survey(&course, &id).await.map_err(failed)?;
    let (code, done) = match form.get("act") {
        "papers" => {
            // What is no number is more than can be.
            let papers = form.get("papers").parse().unwrap_or(u32::MAX);
            ("saved", web.app.set_papers(&course, &id, papers, &staff.id).await)
        }
        "sheet" => {
            let gender = match form.get("gender") {
                "" => None,
                code => Some(Gender::from_code(code).ok_or_else(WebError::bad_request)?),
            };
            let typed = |question: &str| form.raw(&format!("q.{question}")).to_owned();
            ("paper_taken", web.app.answer_on_paper(&course, &id, gender, typed, &staff.id).await)
        }
        _ => return Err(WebError::bad_request()),
    };
    match done {
        Ok(()) => {
            let back = web.app.survey(&course, &id).await.map_err(failed)?.papers_back().to_string();
            let mut response = see_other(&format!("/courses/{course}/surveys/{id}/paper"));
            flash(&web, &mut response, Tone::Ok, code, &[("n", &back)]);
            Ok(response)
        }
        Err(error) => {
            let problems = vec![problem(error)?];
            let page = page_of(&web, &visit, (&course, &id), &form, problems).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
    }
}
