//! Questionnaires of courses: made, handed out, closed by instructors; their results as the page shows them; sheets on paper
//! entered by the officer, as one says what its writer stated of their gender.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use rampart_app::courses::{CourseError, SurveyQuestion};
use rampart_domain::records::{Gender, Hundredths};
use rampart_pages::Locale;
use rampart_store::{QuestionKind, Survey};

use super::courses::refused;
use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::{Call, address_of};
use super::types::{
    PapersWish, Question, SurveyInfo, SurveyPaper, SurveyResultInfo, SurveySlip, SurveyWish, TokensWish,
};
use crate::web::Web;
use crate::web::view::courses as view;

/// A questionnaire with what it brought, hidden as on the page.
async fn shown(web: &Web, of: &Survey) -> Result<SurveyInfo, Fault> {
    let surveys = web.app.store.surveys();
    let (questions, answers) = (surveys.questions(&of.id).await?, surveys.answers(&of.id).await?);
    let row = view::survey(of, &questions, &answers, Locale::ZhTw);
    let result = |(asked, result): (rampart_store::Question, rampart_pages::SurveyResult)| SurveyResultInfo {
        id: asked.id,
        about: Question { scale: asked.kind == QuestionKind::Scale, zh: asked.zh, en: asked.en },
        answers: result.answers,
        mean: result.mean.map(|mean| Hundredths(mean).to_string()),
        words: result.words,
    };
    Ok(SurveyInfo {
        id: of.id.clone(),
        title: of.title.clone(),
        created_ms: of.created_ms,
        closed_ms: of.closed_ms,
        handed_out: of.handed_out,
        returned: of.returned,
        rate: row.rate,
        papers: of.papers(),
        papers_back: of.papers_back(),
        questions: questions.into_iter().zip(row.results).map(result).collect(),
    })
}

async fn one(web: &Web, course: &str, id: &str) -> Result<SurveyInfo, Fault> {
    shown(web, &web.app.survey(course, id).await.map_err(refused)?).await
}

/// List the questionnaires of a course
///
/// With their results. A mean is of five answers at least, words are of five sheets at least; nothing says who wrote what, nor
/// of which gender (table X4 does, for the officer).
#[utoipa::path(get, operation_id = "list_surveys", path = "/api/v1/courses/{course}/surveys", tag = "courses",
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = List<SurveyInfo>)))]
pub async fn list(State(web): State<Web>, Path(course): Path<String>) -> Answer<Json<List<SurveyInfo>>> {
    web.app.course(&course).await.map_err(refused)?;
    let mut items = Vec::new();
    for survey in web.app.store.surveys().of_course(&course).await? {
        items.push(shown(&web, &survey).await?);
    }
    Ok(Json(List::whole(items)))
}

/// Make a questionnaire
///
/// Its questions never change afterwards. Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_survey", path = "/api/v1/courses/{course}/surveys", tag = "courses", request_body = SurveyWish,
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = CREATED, body = SurveyInfo)))]
pub async fn create(
    State(web): State<Web>,
    call: Call,
    Path(course): Path<String>,
    Body(wish): Body<SurveyWish>,
) -> Answer<(StatusCode, Json<SurveyInfo>)> {
    let asked = |of: Question| SurveyQuestion { scale: of.scale, zh: of.zh, en: of.en };
    let questions: Vec<SurveyQuestion> = wish.questions.into_iter().map(asked).collect();
    let by = &call.staff()?.id;
    let id =
        web.app.make_survey(&course, &wish.title, &questions, by).await.map_err(|error| match error {
            // The form calls it otherwise.
            CourseError::Field { field: "survey_title", code, about } => {
                refused(CourseError::Field { field: "title", code, about })
            }
            other => refused(other),
        })?;
    Ok((StatusCode::CREATED, Json(one(&web, &course, &id).await?)))
}

/// Show a questionnaire
///
/// With its results, see the list.
#[utoipa::path(get, operation_id = "show_survey", path = "/api/v1/courses/{course}/surveys/{survey}", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("survey" = String, Path, description = "Id of the questionnaire")),
    responses((status = OK, body = SurveyInfo)))]
pub async fn show(
    State(web): State<Web>,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Json<SurveyInfo>> {
    Ok(Json(one(&web, &course, &id).await?))
}

/// Make tokens of a questionnaire
///
/// Each lets one sheet in. They are shown this once, are noted to nobody, and count as handed out.
#[utoipa::path(post, operation_id = "hand_survey_out", path = "/api/v1/courses/{course}/surveys/{survey}/tokens", tag = "courses",
    request_body = TokensWish,
    params(("course" = String, Path, description = "Id of the course"), ("survey" = String, Path, description = "Id of the questionnaire")),
    responses((status = OK, body = List<SurveySlip>)))]
pub async fn hand_out(
    State(web): State<Web>,
    call: Call,
    headers: HeaderMap,
    Path((course, id)): Path<(String, String)>,
    Body(wish): Body<TokensWish>,
) -> Answer<Json<List<SurveySlip>>> {
    let by = &call.staff()?.id;
    let tokens = web.app.hand_survey_out(&course, &id, wish.number, by).await.map_err(refused)?;
    let base = address_of(&web, &headers);
    let slip = |token: String| SurveySlip { address: format!("{base}/survey/{token}"), token };
    Ok(Json(List::whole(tokens.into_iter().map(slip).collect())))
}

/// Close a questionnaire
///
/// Tokens that were not used open nothing from then on.
#[utoipa::path(post, operation_id = "close_survey", path = "/api/v1/courses/{course}/surveys/{survey}/close", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("survey" = String, Path, description = "Id of the questionnaire")),
    responses((status = OK, body = SurveyInfo)))]
pub async fn close(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Json<SurveyInfo>> {
    web.app.close_survey(&course, &id, &call.staff()?.id).await.map_err(refused)?;
    Ok(Json(one(&web, &course, &id).await?))
}

/// Say how many were handed out on paper
///
/// Besides the tokens.
#[utoipa::path(put, operation_id = "set_survey_papers", path = "/api/v1/courses/{course}/surveys/{survey}/papers", tag = "courses",
    request_body = PapersWish,
    params(("course" = String, Path, description = "Id of the course"), ("survey" = String, Path, description = "Id of the questionnaire")),
    responses((status = OK, body = SurveyInfo)))]
pub async fn papers(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(wish): Body<PapersWish>,
) -> Answer<Json<SurveyInfo>> {
    web.app.set_papers(&course, &id, wish.papers, &call.staff()?.id).await.map_err(refused)?;
    Ok(Json(one(&web, &course, &id).await?))
}

/// Enter a sheet that came back on paper
///
/// Whose it was is not known, and nothing of it is shown again.
#[utoipa::path(post, operation_id = "enter_survey_paper", path = "/api/v1/courses/{course}/surveys/{survey}/papers", tag = "courses",
    request_body = SurveyPaper,
    params(("course" = String, Path, description = "Id of the course"), ("survey" = String, Path, description = "Id of the questionnaire")),
    responses((status = OK, body = SurveyInfo)))]
pub async fn enter(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(wish): Body<SurveyPaper>,
) -> Answer<Json<SurveyInfo>> {
    let gender = match &wish.gender {
        None => None,
        Some(code) => Some(Gender::from_code(code).ok_or_else(|| Fault::field("gender", "choice"))?),
    };
    web.app.survey(&course, &id).await.map_err(refused)?;
    let known = web.app.store.surveys().questions(&id).await?;
    if wish.answers.keys().any(|key| !known.iter().any(|question| question.id == *key)) {
        return Err(Fault::field("answers", "choice"));
    }
    let answers: BTreeMap<String, String> = wish.answers;
    let typed = |question: &str| answers.get(question).cloned().unwrap_or_default();
    let by = &call.staff()?.id;
    web.app.answer_on_paper(&course, &id, gender, typed, by).await.map_err(refused)?;
    Ok(Json(one(&web, &course, &id).await?))
}
