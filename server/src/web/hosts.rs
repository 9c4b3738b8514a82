//! One host of a standing range, and having it made anew.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::exercise::CommandError;
use rampart_domain::decide::{Refusal, ResetBy};
use rampart_domain::scenario::Role as HostRole;
use rampart_pages::{Problem, Tone};

use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash};
use super::who::{Role, Seated, Staff};

/// Longest wait for the last lines of a host: the page is there for when something is wrong.
const LINES_WITHIN: Duration = Duration::from_secs(3);

/// `GET /exercises/{id}/hosts/{range}/{host}`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((id, range, host)): Path<(String, u16, String)>,
) -> Answer {
    let exercise = web.exercise(&id)?;
    let row = row_of(&web, &id).await?;
    let is_gateway = exercise.scenario().host(&host).is_some_and(|known| known.role == HostRole::Gateway);
    let (wanted, counted) = tokio::join!(
        tokio::time::timeout(LINES_WITHIN, web.app.last_lines(&exercise, range, &host)),
        async {
            if is_gateway {
                Some(tokio::time::timeout(LINES_WITHIN, web.app.counters(&exercise, range)).await)
            } else {
                None
            }
        }
    );
    let lines = match wanted {
        Ok(Ok(lines)) => Ok(lines),
        Ok(Err(rampart_app::AppError::Missing(_))) => Err(Problem::new("host_missing")),
        Ok(Err(error)) => {
            tracing::warn!(exercise = id, range, host, %error, "the last lines of a host are not to be had");
            Err(Problem::new("engine_unreachable"))
        }
        Err(_) => Err(Problem::new("engine_unreachable")),
    };
    let counters = counted.map(|counted| match counted {
        Ok(Ok(counters)) => Ok(counters),
        Ok(Err(error)) => {
            tracing::warn!(exercise = id, range, %error, "the counters of a gateway are not to be had");
            Err(Problem::new("counters_unread"))
        }
        Err(_) => Err(Problem::new("engine_unreachable")),
    });
    let seen = view::hosts::Seen { lines, counters };
    let may_reset = staff.role == Role::Instructor;
    let page = view::hosts::page(&exercise, &row, (range, &host), seen, may_reset, visit.locale);
    web.page(&visit, &page.ok_or_else(WebError::not_found)?)
}

/// `POST /exercises/{id}/hosts/{range}/{host}/reset`.
pub(super) async fn reset(
    State(web): State<Web>,
    staff: Staff,
    Path((id, range, host)): Path<(String, u16, String)>,
) -> Answer {
    let exercise = web.exercise(&id)?;
    exercise.reset_host(ResetBy::Staff(staff.id.clone()), range, &host).await.map_err(refused)?;
    let mut response = see_other(&format!("/exercises/{id}/hosts/{range}/{host}"));
    flash(&web, &mut response, Tone::Ok, "reset_begun", &[("host", &host)]);
    Ok(response)
}

/// `POST /seat/resets`: a team has a host of its own made anew.
pub(super) async fn reset_own(State(web): State<Web>, seat: Seated, form: Posted) -> Answer {
    let exercise = web.exercise(&seat.exercise)?;
    let by = ResetBy::Team { team: seat.team.clone(), seat: seat.seat.clone() };
    let host = form.get("host");
    match exercise.reset_host(by, seat.range, host).await {
        Ok(()) => {
            let mut response = see_other("/seat");
            flash(&web, &mut response, Tone::Ok, "reset_begun", &[("host", host)]);
            Ok(response)
        }
        // Somebody of the team was quicker: it is what this person wanted, too.
        Err(CommandError::Refused(Refusal::Resetting)) => {
            let mut response = see_other("/seat");
            flash(&web, &mut response, Tone::Info, "reset_runs", &[("host", host)]);
            Ok(response)
        }
        Err(error) => Err(refused(error)),
    }
}

/// What is said elsewhere of a pause is about flags.
fn refused(error: CommandError) -> WebError {
    match error {
        CommandError::Refused(Refusal::Paused) => WebError::new(StatusCode::CONFLICT, "reset_paused"),
        other => other.into(),
    }
}
