//! The control room: how an exercise is led.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rampart_app::LedgerState;
use rampart_app::exercise::{CommandError, Exercise};
use rampart_domain::decide::Refusal;
use rampart_pages::{
    CapacityView, ChainState, ConfirmAct, ControlRoom, ControlRoomLive, ExerciseAct, ImageRow, ImageState,
    NewerScenario, Problem, Tone,
};
use scoreboard::Status;

use super::error::{Answer, WebError};
use super::exercises::{online, row_of};
use super::posted::Posted;
use super::scenarios;
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// What the watch over the ledgers last found.
fn chain(web: &Web, id: &str) -> ChainState {
    match web.app.ledger_state(id) {
        LedgerState::Whole(seq) => ChainState { intact: true, seq },
        LedgerState::Broken(seq) => ChainState { intact: false, seq },
    }
}

/// What a launch needs, while it has not had its turn.
fn before(web: &Web, exercise: &Exercise) -> Option<CapacityView> {
    let waits = exercise.progress().borrow().queued.is_some();
    let draft = exercise.fold().status == Status::Draft;
    (draft || waits).then(|| {
        let capacity = web.app.capacity(exercise.scenario(), exercise.pairs);
        view::schedule::capacity(&capacity, exercise.pairs)
    })
}

async fn live_part(web: &Web, visit: &Here, staff: &Staff, id: &str) -> Result<ControlRoomLive, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let seats = web.app.store.seats().list_all(id).await?;
    let online = online(web, id, visit.now_ms).await?;
    let facts = view::control::Facts {
        row: &row,
        seats: &seats,
        online: &online,
        chain: chain(web, id),
        capacity: before(web, &exercise),
        may_act: staff.role == Role::Instructor,
        node_grace_ms: web.app.node_grace_ms(),
        locale: visit.locale,
        left_ms: web.app.launch_left_ms(&exercise),
        now_ms: visit.now_ms,
    };
    Ok(view::control::live(&exercise, &facts))
}

fn unready(mut images: Vec<ImageRow>) -> Vec<ImageRow> {
    images.retain(|image| image.state != ImageState::Ready);
    images
}

/// What the scenario folder holds now, where it is not what the exercise keeps from its making.
async fn newer(web: &Web, exercise: &Exercise) -> Option<NewerScenario> {
    let kept = exercise.bundle.clone();
    let shelf = web.app.shelf(kept.scenario.id.as_str()).await?;
    let now = shelf.bundle.ok()?;
    (now.source != kept.source || now.files != kept.files).then(|| NewerScenario {
        scenario: shelf.id,
        kept: kept.scenario.version.into(),
        now: now.scenario.version.into(),
    })
}

/// `GET /exercises/{id}`.
pub(super) async fn room(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let live = live_part(&web, &visit, &staff, &id).await?;
    let exercise = web.exercise(&id)?;
    // Once something stands, what it was made of is no news.
    let draft = exercise.fold().status == Status::Draft;
    let images = match draft {
        true => scenarios::images(&web, exercise.scenario()).await.map(unready),
        false => Some(Vec::new()),
    };
    let newer = newer(&web, &exercise).await;
    web.page(&visit, &ControlRoom { live, images, newer })
}

/// `GET /exercises/{id}/live`: the part that changes.
pub(super) async fn part(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let live = live_part(&web, &visit, &staff, &id).await?;
    web.page(&visit, &live)
}

/// What each act leads to, and what is said then; `None` for one that leads to no other status.
fn target(act: ExerciseAct) -> Option<(Status, &'static str)> {
    Some(match act {
        ExerciseAct::Launch => (Status::Provisioning, "launch_started"),
        ExerciseAct::Start => (Status::Running, "started"),
        ExerciseAct::Pause => (Status::Paused, "paused"),
        ExerciseAct::Resume => (Status::Running, "resumed"),
        ExerciseAct::End => (Status::Ended, "ended"),
        ExerciseAct::Clear => (Status::Cleared, "clearing"),
        ExerciseAct::Rebuild => return None,
    })
}

async fn turn(web: &Web, staff: &Staff, id: &str, act: ExerciseAct) -> Answer {
    let (to, said) = target(act).ok_or_else(WebError::bad_request)?;
    turn_to(web, staff, id, to, said).await
}

async fn turn_to(web: &Web, staff: &Staff, id: &str, to: Status, said: &'static str) -> Answer {
    let exercise = web.exercise(id)?;
    match exercise.turn(&staff.id, to).await {
        Ok(()) => {
            let mut response = see_other(&format!("/exercises/{id}"));
            flash(web, &mut response, Tone::Ok, said, &[]);
            Ok(response)
        }
        // Somebody else was quicker, or the page was old.
        Err(CommandError::Refused(Refusal::Turn { .. })) => {
            Err(WebError::new(StatusCode::CONFLICT, "state_changed"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /exercises/{id}/launch`.
pub(super) async fn launch(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    if web.exercise(&id)?.fold().seats.is_empty() {
        return Err(WebError::new(StatusCode::CONFLICT, "no_seats"));
    }
    turn(&web, &staff, &id, ExerciseAct::Launch).await
}

/// `POST /exercises/{id}/give-up`: the launch stops where it is and removes what it has made.
pub(super) async fn give_up(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    turn_to(&web, &staff, &id, Status::Draft, "giving_up").await
}

/// `POST /exercises/{id}/start`.
pub(super) async fn start(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    turn(&web, &staff, &id, ExerciseAct::Start).await
}

/// `POST /exercises/{id}/pause`.
pub(super) async fn pause(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    turn(&web, &staff, &id, ExerciseAct::Pause).await
}

/// `POST /exercises/{id}/resume`.
pub(super) async fn resume(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    turn(&web, &staff, &id, ExerciseAct::Resume).await
}

async fn confirm_page(
    web: &Web,
    visit: &Here,
    id: &str,
    act: ExerciseAct,
    typed: &str,
    problem: Option<Problem>,
) -> Answer {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = {
        let fold = exercise.fold();
        ConfirmAct {
            exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
            act,
            stakes: view::control::stakes(&exercise, &fold),
            typed: typed.to_owned(),
            problem,
        }
    };
    web.page_as(status, visit, &page).map(IntoResponse::into_response)
}

/// Ends or clears, if the session code was typed.
async fn confirmed(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    id: &str,
    act: ExerciseAct,
    form: &Posted,
) -> Answer {
    if let Some(asked) = unconfirmed(web, visit, id, act, form).await? {
        return Ok(asked);
    }
    turn(web, staff, id, act).await
}

/// The question once more, where the session code was not typed.
async fn unconfirmed(
    web: &Web,
    visit: &Here,
    id: &str,
    act: ExerciseAct,
    form: &Posted,
) -> Result<Option<Response>, WebError> {
    let row = row_of(web, id).await?;
    let typed = form.get("confirm");
    if typed == row.code {
        return Ok(None);
    }
    let problem = Problem::new("confirm_code").on("confirm").with("code", &row.code);
    confirm_page(web, visit, id, act, typed, Some(problem)).await.map(Some)
}

/// `GET /exercises/{id}/rebuild`.
pub(super) async fn rebuild_form(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    confirm_page(&web, &visit, &id, ExerciseAct::Rebuild, "", None).await
}

/// `POST /exercises/{id}/rebuild`: the ranges of a lost node are built again on another one.
pub(super) async fn rebuild(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    if let Some(asked) = unconfirmed(&web, &visit, &id, ExerciseAct::Rebuild, &form).await? {
        return Ok(asked);
    }
    said(&web, &id, web.exercise(&id)?.rebuild(&staff.id).await, "rebuilding")
}

/// `POST /exercises/{id}/time-out`: the time lost with a node is taken out, and the clock stops.
pub(super) async fn time_out(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    said(&web, &id, web.exercise(&id)?.take_time_out(&staff.id).await, "time_taken_out")
}

fn said(web: &Web, id: &str, done: Result<(), CommandError>, text: &'static str) -> Answer {
    match done {
        Ok(()) => {
            let mut response = see_other(&format!("/exercises/{id}"));
            flash(web, &mut response, Tone::Ok, text, &[]);
            Ok(response)
        }
        Err(CommandError::Refused(Refusal::NoOutage | Refusal::AlreadySo | Refusal::NotStarted)) => {
            Err(WebError::new(StatusCode::CONFLICT, "state_changed"))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /exercises/{id}/end`.
pub(super) async fn end_form(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    confirm_page(&web, &visit, &id, ExerciseAct::End, "", None).await
}

/// `POST /exercises/{id}/end`.
pub(super) async fn end(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    confirmed(&web, &visit, &staff, &id, ExerciseAct::End, &form).await
}

/// `GET /exercises/{id}/clear`.
pub(super) async fn clear_form(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    confirm_page(&web, &visit, &id, ExerciseAct::Clear, "", None).await
}

/// `POST /exercises/{id}/clear`.
pub(super) async fn clear(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    confirmed(&web, &visit, &staff, &id, ExerciseAct::Clear, &form).await
}
