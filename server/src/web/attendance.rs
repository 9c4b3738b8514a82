//! The attendance sheet of an exercise.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::SignError;
use rampart_domain::records::roc::parse_date_time;
use rampart_pages::{AttendanceSheet, MarkForm, Problem, Tone};
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::exercises::{online, row_of};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::statistics::download;
use super::view::exercises::AT_THE_DESK;
use super::view::{self, count};
use super::visit::{Here, flash};
use super::who::Staff;

/// Query of the sheet.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    q: String,
    /// `pdf` for the sheet to sign.
    #[serde(default)]
    format: String,
}

async fn sheet(
    web: &Web,
    visit: &Here,
    id: &str,
    query: &str,
    refused: Option<(Problem, Option<MarkForm>)>,
) -> Result<AttendanceSheet, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let online = online(web, id, visit.now_ms).await?;
    let people = web.app.attendance(id).await?;
    let fold = exercise.fold();
    let all: Vec<_> = people.iter().map(|person| view::exercises::attendance(&fold, person)).collect();
    let found = |text: &str| query.is_empty() || text.contains(query);
    let (problem, mark) = refused.map_or((None, None), |(problem, mark)| (Some(problem), mark));
    Ok(AttendanceSheet {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        rule: view::exercises::rule(&fold, &row),
        expected: count(all.iter().filter(|one| one.team.is_some()).count()),
        arrived: count(all.iter().filter(|one| !one.presence.is_empty()).count()),
        online: count(online.len()),
        booked_ms: all.iter().map(|one| one.booked_ms).sum(),
        rows: all.into_iter().filter(|one| found(&one.name) || found(&one.agency)).collect(),
        query: query.to_owned(),
        problems: problem.into_iter().collect(),
        mark,
    })
}

/// `GET /exercises/{id}/attendance`, with `?format=pdf` the sheet to sign as a file.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    Path(id): Path<String>,
    Query(query): Query<Sought>,
) -> Answer {
    if query.format == "pdf" {
        web.exercise(&id)?;
        return Ok(download(web.app.exercise_sign_sheet(&id, visit.person()).await?));
    }
    let page = sheet(&web, &visit, &id, query.q.trim(), None).await?;
    web.page(&visit, &page)
}

fn refusal(error: SignError) -> Result<Problem, WebError> {
    Ok(match error {
        SignError::Order(_) => Problem::new("mark_order").on("to"),
        SignError::Future => Problem::new("mark_future").on("to"),
        SignError::Reason => Problem::new("reason_required").on("reason"),
        SignError::Stranger => Problem::new("person_unknown"),
        SignError::App(error) => return Err(error.into()),
    })
}

/// What was done, as a flash code.
async fn act(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    id: &str,
    form: &Posted,
) -> Result<Result<&'static str, Problem>, WebError> {
    let person = form.get("person");
    let rows = web.app.attendance(id).await?;
    let signs = rows.iter().find(|row| row.person.id == person).map(|row| &row.signs);
    let open = signs.and_then(|signs| signs.iter().find(|sign| sign.to_ms.is_none()));
    let (code, outcome) = match (form.get("act"), open) {
        ("in", Some(_)) => return Ok(Err(Problem::new("already_signed"))),
        ("in", None) => {
            ("signed_in", web.app.sign(id, person, visit.now_ms, None, AT_THE_DESK, &staff.id).await)
        }
        ("out", None) => return Ok(Err(Problem::new("not_signed"))),
        ("out", Some(sign)) => ("signed_out", web.app.sign_out(id, &sign.id, visit.now_ms, &staff.id).await),
        ("strike", _) => {
            // A line of this person only: the name in the question must be the name in the answer.
            let sign = signs.and_then(|signs| signs.iter().find(|sign| sign.id == form.get("sign")));
            let Some(sign) = sign else { return Ok(Err(Problem::new("not_signed"))) };
            ("struck", web.app.unsign(id, &sign.id, &staff.id).await)
        }
        ("mark", _) => {
            let (from, to) = (parse_date_time(form.get("from")), parse_date_time(form.get("to")));
            let (Ok(from), Ok(to)) = (&from, &to) else {
                let field = if from.is_err() { "from" } else { "to" };
                return Ok(Err(Problem::new("bad_time").on(field)));
            };
            ("class_marked", web.app.sign(id, person, *from, Some(*to), form.get("reason"), &staff.id).await)
        }
        _ => return Err(WebError::bad_request()),
    };
    match outcome {
        Ok(()) => Ok(Ok(code)),
        Err(error) => Ok(Err(refusal(error)?)),
    }
}

/// `POST /exercises/{id}/attendance`.
pub(super) async fn write(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let person = form.get("person");
    match act(&web, &visit, &staff, &id, &form).await? {
        Ok(code) => {
            let known = web.app.store.persons().by_id(person).await?;
            let name = known.map(|person| person.name).unwrap_or_default();
            let mut response = see_other(&format!("/exercises/{id}/attendance"));
            flash(&web, &mut response, Tone::Ok, code, &[("name", &name)]);
            Ok(response)
        }
        Err(problem) => {
            let get = |name| form.get(name).to_owned();
            let mark = (form.get("act") == "mark").then(|| MarkForm {
                person: person.to_owned(),
                from: get("from"),
                to: get("to"),
                reason: get("reason"),
            });
            let page = sheet(&web, &visit, &id, "", Some((problem, mark))).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
    }
}
