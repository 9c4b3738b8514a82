//! What was entered by hand at a session of a course, and taking it back.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_pages::{EnteredCard, EnteredLine, EnteredPage, Problem, Tone};
use rampart_store::ClassSession;

use super::courses::{failed, problem};
use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::{count, courses as view, register};
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// The half-day that a sign-in belongs to: the one it lies in, the next one after a break, else the last.
fn half_of(session: &ClassSession, in_ms: i64) -> usize {
    let at = session.halves.iter().position(|(_, end_ms)| *end_ms > in_ms);
    at.unwrap_or_else(|| session.halves.len().saturating_sub(1))
}

async fn page_of(
    web: &Web,
    staff: &Staff,
    (course, id): (&str, &str),
    problems: Vec<Problem>,
) -> Result<EnteredPage, WebError> {
    let session = web.app.class_session(course, id).await.map_err(failed)?;
    let accounts = web.app.store.accounts().list().await?;
    let names: BTreeMap<String, String> = accounts.into_iter().map(|of| (of.id, of.name)).collect();
    let name = |id: &str| names.get(id).cloned().unwrap_or_default();
    let halves = view::halves(&session);
    let sheets = web.app.entered_sheets(course, id).await.map_err(failed)?;
    let sheets = sheets
        .into_iter()
        .map(|sheet| EnteredCard {
            id: sheet.id().to_owned(),
            at_ms: sheet.at_ms,
            by: name(&sheet.by),
            source: sheet.source.code(),
            reason: sheet.reason.clone(),
            standing: count(sheet.standing()),
            lines: sheet
                .marks
                .iter()
                .map(|(person, mark)| EnteredLine {
                    id: mark.id.clone(),
                    person: register::reference(person),
                    half: halves.get(half_of(&session, mark.in_ms)).cloned(),
                    in_ms: mark.in_ms,
                    out_ms: mark.out_ms,
                    struck: mark.removed_ms.map(|at_ms| {
                        let by = mark.removed_by.as_deref().map(name).unwrap_or_default();
                        (at_ms, by, mark.removed_reason.clone().unwrap_or_default())
                    }),
                })
                .collect(),
        })
        .collect();
    Ok(EnteredPage {
        course: view::head(&web.app.course(course).await.map_err(failed)?),
        session: view::session(&session, None),
        may_enter: staff.role == Role::Instructor,
        sheets,
        problems,
    })
}

/// `GET /courses/{id}/sessions/{session}/entered`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    let page = page_of(&web, &staff, (&course, &id), Vec::new()).await?;
    web.page(&visit, &page)
}

/// `POST /courses/{id}/sessions/{session}/entered`: takes back a mark (`act=one`), or all of its sheet (`act=all`).
pub(super) async fn act(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    web.app.class_session(&course, &id).await.map_err(failed)?;
    let whole = match form.get("act") {
        "one" => false,
        "all" => true,
        _ => return Err(WebError::bad_request()),
    };
    let which = (form.get("mark"), whole);
    match web.app.take_back_entered(&course, &id, which, form.get("reason"), &staff.id).await {
        Ok(done) => {
            let mut response = see_other(&format!("/courses/{course}/sessions/{id}/entered"));
            let (n, unfounded) = (done.marks.to_string(), done.unfounded.to_string());
            let args = [("n", n.as_str()), ("certificates", unfounded.as_str())];
            match done.unfounded {
                0 => flash(&web, &mut response, Tone::Ok, "entered_taken_back", &args[..1]),
                _ => flash(&web, &mut response, Tone::Warn, "entered_taken_back_unfounded", &args),
            }
            Ok(response)
        }
        Err(error) => {
            let page = page_of(&web, &staff, (&course, &id), vec![problem(error)?]).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
    }
}
