//! When the ranges of an exercise are built, and until when they live.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::ScheduleError;
use rampart_domain::records::roc::{form_value, parse_date_time};
use rampart_pages::{Problem, SchedulePage, Tone};

use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash};
use super::who::Staff;

/// Offered as the next deadline: this much later than the present one, ms.
const LATER_MS: i64 = 3_600_000;
/// Offered for the building: this long before the start, ms.
const BEFORE_MS: i64 = 30 * 60_000;
/// But not earlier than this from now, ms.
const SOON_MS: i64 = 5 * 60_000;

/// What was typed, by field.
#[derive(Default)]
struct Typed {
    at: Option<String>,
    until: Option<String>,
}

async fn page(
    web: &Web,
    visit: &Here,
    id: &str,
    typed: Typed,
    problems: Vec<Problem>,
) -> Result<SchedulePage, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let capacity = web.app.capacity(exercise.scenario(), exercise.pairs);
    let times = exercise.times();
    let fold = exercise.fold();
    let before = (times.starts_ms - BEFORE_MS).max(visit.now_ms + SOON_MS);
    let offered = times.launch.as_ref().map_or(before, |(at_ms, _)| *at_ms);
    let later = times.deadline_ms.max(visit.now_ms) + LATER_MS;
    Ok(SchedulePage {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        schedule: view::schedule::view(&exercise, &fold, visit.now_ms),
        capacity: view::schedule::capacity(&capacity, exercise.pairs),
        queued: view::schedule::queued(&exercise, &fold),
        at: typed.at.unwrap_or_else(|| form_value(offered)),
        until: typed.until.unwrap_or_else(|| form_value(later)),
        problems,
    })
}

/// `GET /exercises/{id}/schedule`.
pub(super) async fn show(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let page = page(&web, &visit, &id, Typed::default(), Vec::new()).await?;
    web.page(&visit, &page)
}

/// What went wrong, as the code of a problem at a field.
fn code(error: ScheduleError) -> Result<&'static str, WebError> {
    match error {
        ScheduleError::Past => Ok("time_passed"),
        ScheduleError::AfterEnd => Ok("time_after_end"),
        ScheduleError::TooFar => Ok("time_too_far"),
        ScheduleError::State => Err(WebError::new(StatusCode::CONFLICT, "state_changed")),
        ScheduleError::App(error) => Err(error.into()),
    }
}

/// `POST /exercises/{id}/schedule`: plans or cancels the building, or moves the deadline.
pub(super) async fn set(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let exercise = web.exercise(&id)?;
    let (field, said) = match form.get("act") {
        "plan" => ("at", "launch_planned"),
        "extend" => ("until", "deadline_moved"),
        "cancel" => ("", "launch_unplanned"),
        _ => return Err(WebError::new(StatusCode::BAD_REQUEST, "bad_request")),
    };
    let wrong = if field.is_empty() {
        web.app.schedule_launch(&exercise, None, &staff.id).await.err().map(code).transpose()?
    } else if let Ok(at_ms) = parse_date_time(form.get(field)) {
        let done = if field == "until" {
            web.app.move_deadline(&exercise, at_ms, &staff.id).await
        } else {
            web.app.schedule_launch(&exercise, Some(at_ms), &staff.id).await
        };
        done.err().map(code).transpose()?
    } else {
        Some("bad_time")
    };
    if let Some(wrong) = wrong {
        let given = |name: &str| (field == name).then(|| form.get(name).to_owned());
        let typed = Typed { at: given("at"), until: given("until") };
        let page = page(&web, &visit, &id, typed, vec![Problem::new(wrong).on(field)]).await?;
        return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page);
    }
    let mut response = see_other(&format!("/exercises/{id}/schedule"));
    flash(&web, &mut response, Tone::Ok, said, &[]);
    Ok(response)
}
