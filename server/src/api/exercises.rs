//! Exercises: listed, made, led.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::exercise::CommandError;
use rampart_app::{CreateError, NewExercise as Wanted, ScheduleError};
use rampart_domain::decide::{Refusal, ResetBy};
use rampart_pages::Problem;
use scoreboard::Status;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List, Part};
use super::gate::Call;
use super::types::{
    Confirm, Deadline, Exercise, ExerciseDetail, GatewayCounter, GatewayCounters, LaunchPlan, NewExercise,
    Traffic,
};
use super::view;
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::exercises::{field_problem, row_of};

/// Which exercises.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Only those in this status.
    pub status: Option<String>,
    /// Only the one with this session code.
    pub code: Option<String>,
    /// `next` of the part before; nothing for the first.
    pub cursor: Option<String>,
    /// Most items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
}

/// List exercises
///
/// Newest first.
#[utoipa::path(get, operation_id = "list_exercises", path = "/api/v1/exercises", tag = "exercises", params(Sought),
    responses((status = OK, body = List<Exercise>)))]
pub async fn list(State(web): State<Web>, Asked(sought): Asked<Sought>) -> Answer<Json<List<Exercise>>> {
    let part = Part { cursor: sought.cursor, limit: sought.limit };
    let limit = part.limit()? as usize;
    let mut rows = web.app.store.exercises().list().await?;
    // Ids sort by the time of making.
    rows.sort_by(|a, b| b.id.cmp(&a.id));
    let mut items = Vec::new();
    let mut next = None;
    for row in rows.iter().filter(|row| part.cursor.as_ref().is_none_or(|cursor| row.id < *cursor)) {
        if sought.code.as_ref().is_some_and(|code| row.code != *code) {
            continue;
        }
        let Some(live) = web.app.exercise(&row.id) else { continue };
        let shown = view::exercise(row, &live.fold());
        if sought.status.as_ref().is_some_and(|status| shown.status != *status) {
            continue;
        }
        if items.len() == limit {
            next = items.last().map(|last: &Exercise| last.id.clone());
            break;
        }
        items.push(shown);
    }
    Ok(Json(List { items, next }))
}

/// Show an exercise
///
/// With its clock, teams, plan, place in the queue, hosts and alarms.
#[utoipa::path(get, operation_id = "show_exercise", path = "/api/v1/exercises/{exercise}", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn show(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    Ok(Json(shown(&web, &call, &id).await?))
}

async fn shown(web: &Web, call: &Call, id: &str) -> Result<ExerciseDetail, Fault> {
    let live = web.exercise(id)?;
    let row = row_of(web, id).await?;
    Ok(view::detail(web, call.locale, &row, &live))
}

/// Make an exercise
///
/// It is a draft then: give seats and launch it. Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_exercise", path = "/api/v1/exercises", tag = "exercises", request_body = NewExercise,
    responses((status = CREATED, body = ExerciseDetail)))]
pub async fn create(
    State(web): State<Web>,
    call: Call,
    Body(new): Body<NewExercise>,
) -> Answer<(StatusCode, Json<ExerciseDetail>)> {
    let wanted = Wanted {
        scenario: new.scenario,
        code: new.code,
        title: new.title,
        pairs: new.pairs,
        place: new.place,
        starts_ms: new.starts_ms,
        ends_ms: new.ends_ms,
    };
    match web.app.create_exercise(&wanted, &call.staff()?.id).await {
        Ok(id) => Ok((StatusCode::CREATED, Json(shown(&web, &call, &id).await?))),
        Err(CreateError::Fields(fields)) => Err(Fault::fields(
            fields.iter().map(|(field, code)| field_problem(field, code, &wanted.code)).collect(),
        )),
        Err(CreateError::Scenario(_)) => Err(Fault::field("scenario", "scenario_unknown")),
        Err(CreateError::App(error)) => Err(error.into()),
    }
}

async fn turn(web: &Web, call: &Call, id: &str, to: Status) -> Answer<Json<ExerciseDetail>> {
    let exercise = web.exercise(id)?;
    match exercise.turn(&call.staff()?.id, to).await {
        Ok(()) => Ok(Json(shown(web, call, id).await?)),
        // Somebody else was quicker, or it is in another state than the caller thought.
        Err(CommandError::Refused(Refusal::Turn { .. })) => {
            Err(Fault::new(StatusCode::CONFLICT, "state_changed"))
        }
        Err(error) => Err(error.into()),
    }
}

/// The same, if the session code was given.
async fn confirmed(
    web: &Web,
    call: &Call,
    id: &str,
    to: Status,
    confirm: &Confirm,
) -> Answer<Json<ExerciseDetail>> {
    confirm_code(web, id, confirm).await?;
    turn(web, call, id, to).await
}

/// Was the session code given?
pub(super) async fn confirm_code(web: &Web, id: &str, confirm: &Confirm) -> Result<(), Fault> {
    let row = row_of(web, id).await?;
    if confirm.code == row.code {
        return Ok(());
    }
    Err(Fault::fields(vec![Problem::new("confirm_code").on("code").with("code", &row.code)]))
}

/// What was asked for about a lost node.
async fn lost(
    web: &Web,
    call: &Call,
    id: &str,
    done: Result<(), CommandError>,
) -> Answer<Json<ExerciseDetail>> {
    match done {
        Ok(()) => Ok(Json(shown(web, call, id).await?)),
        Err(CommandError::Refused(Refusal::NoOutage | Refusal::AlreadySo | Refusal::NotStarted)) => {
            Err(Fault::new(StatusCode::CONFLICT, "state_changed"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Build again elsewhere
///
/// The ranges of a node that does not answer are built again on another one, and what stood on it is given up: so the session code is asked for.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/rebuild", tag = "exercises", request_body = Confirm,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn rebuild(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(confirm): Body<Confirm>,
) -> Answer<Json<ExerciseDetail>> {
    confirm_code(&web, &id, &confirm).await?;
    let done = web.exercise(&id)?.rebuild(&call.staff()?.id).await;
    lost(&web, &call, &id, done).await
}

/// Take lost time out
///
/// The time since a node does not answer, or did not, is taken out of the exercise as if there had been a pause; the clock stands.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/time-out", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn time_out(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    let done = web.exercise(&id)?.take_time_out(&call.staff()?.id).await;
    lost(&web, &call, &id, done).await
}

/// Launch
///
/// Builds the ranges: the answer comes at once, `progress` tells how far it is.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/launch", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn launch(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    if web.exercise(&id)?.fold().seats.is_empty() {
        return Err(Fault::new(StatusCode::CONFLICT, "no_seats"));
    }
    turn(&web, &call, &id, Status::Provisioning).await
}

/// Give a launch up
///
/// The launch stops where it is and removes what it has made.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/give-up", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn give_up(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    turn(&web, &call, &id, Status::Draft).await
}

/// Start
///
/// The clock runs from here on.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/start", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn start(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    if web.exercise(&id)?.fold().status != Status::Ready {
        return Err(Fault::new(StatusCode::CONFLICT, "state_changed"));
    }
    turn(&web, &call, &id, Status::Running).await
}

/// Pause
///
/// Containers freeze, the clock stands, nothing scores.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/pause", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn pause(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    turn(&web, &call, &id, Status::Paused).await
}

/// Resume
///
/// Everything goes on where it stood.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/resume", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn resume(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<ExerciseDetail>> {
    if web.exercise(&id)?.fold().status != Status::Paused {
        return Err(Fault::new(StatusCode::CONFLICT, "state_changed"));
    }
    turn(&web, &call, &id, Status::Running).await
}

/// End
///
/// Nothing scores any more. Cannot be undone, so the session code is asked for.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/end", tag = "exercises", request_body = Confirm,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn end(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(confirm): Body<Confirm>,
) -> Answer<Json<ExerciseDetail>> {
    confirmed(&web, &call, &id, Status::Ended, &confirm).await
}

/// Clear
///
/// Removes the ranges: the answer comes at once, the status says `cleared` when the engine has nothing left. Cannot be undone, so the session code is asked for.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/clear", tag = "exercises", request_body = Confirm,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn clear(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(confirm): Body<Confirm>,
) -> Answer<Json<ExerciseDetail>> {
    confirmed(&web, &call, &id, Status::Cleared, &confirm).await
}

fn unplanned(error: ScheduleError) -> Fault {
    match error {
        ScheduleError::Past => Fault::field("at_ms", "time_passed"),
        ScheduleError::AfterEnd => Fault::field("at_ms", "time_after_end"),
        ScheduleError::TooFar => Fault::field("at_ms", "time_too_far"),
        ScheduleError::State => Fault::new(StatusCode::CONFLICT, "state_changed"),
        ScheduleError::App(error) => error.into(),
    }
}

/// Plan the building
///
/// The ranges are built at this time; the start stays a button.
#[utoipa::path(put, path = "/api/v1/exercises/{exercise}/schedule", tag = "exercises", request_body = LaunchPlan,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn schedule(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(plan): Body<LaunchPlan>,
) -> Answer<Json<ExerciseDetail>> {
    let live = web.exercise(&id)?;
    web.app.schedule_launch(&live, plan.at_ms, &call.staff()?.id).await.map_err(unplanned)?;
    Ok(Json(shown(&web, &call, &id).await?))
}

/// Move the deadline
///
/// Ranges are ended and cleared at this time, paused or not.
#[utoipa::path(put, path = "/api/v1/exercises/{exercise}/deadline", tag = "exercises", request_body = Deadline,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = ExerciseDetail)))]
pub async fn deadline(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(deadline): Body<Deadline>,
) -> Answer<Json<ExerciseDetail>> {
    let live = web.exercise(&id)?;
    web.app.move_deadline(&live, deadline.at_ms, &call.staff()?.id).await.map_err(unplanned)?;
    Ok(Json(shown(&web, &call, &id).await?))
}

/// Reset a host
///
/// It is made anew in the background; `hosts` of the exercise tells how far that is.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/hosts/{range}/{host}/reset", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise"),
        ("range" = u16, Path, description = "Range number"), ("host" = String, Path, description = "Host id")),
    responses((status = ACCEPTED)))]
pub async fn reset_host(
    State(web): State<Web>,
    call: Call,
    Path((id, range, host)): Path<(String, u16, String)>,
) -> Answer<StatusCode> {
    let live = web.exercise(&id)?;
    let by = ResetBy::Staff(call.staff()?.id.clone());
    live.reset_host(by, range, &host).await.map_err(paused_reset)?;
    Ok(StatusCode::ACCEPTED)
}

/// What is said elsewhere of a pause is about flags.
pub(super) fn paused_reset(error: CommandError) -> Fault {
    match error {
        CommandError::Refused(Refusal::Paused) => WebError::new(StatusCode::CONFLICT, "reset_paused").into(),
        other => other.into(),
    }
}

/// Last lines of a host.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Lines {
    /// What it wrote last, oldest first.
    pub lines: Vec<String>,
}

/// Last lines of a host
///
/// What a host of a standing range wrote last.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/hosts/{range}/{host}/lines", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise"),
        ("range" = u16, Path, description = "Range number"), ("host" = String, Path, description = "Host id")),
    responses((status = OK, body = Lines)))]
pub async fn lines(
    State(web): State<Web>,
    Path((id, range, host)): Path<(String, u16, String)>,
) -> Answer<Json<Lines>> {
    let live = web.exercise(&id)?;
    Ok(Json(Lines { lines: web.app.last_lines(&live, range, &host).await? }))
}

/// Counters of a gateway
///
/// What the gateway of a standing range has let through and dropped, in the whole run and since its last start. After a sudden
/// end of the gateway (killed, or its machine lost) the counts of its last 10 s at most are missing in the run.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/ranges/{range}/counters", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise"),
        ("range" = u16, Path, description = "Range number")),
    responses((status = OK, body = GatewayCounters)))]
pub async fn counters(
    State(web): State<Web>,
    Path((id, range)): Path<(String, u16)>,
) -> Answer<Json<GatewayCounters>> {
    let live = web.exercise(&id)?;
    let read = web.app.counters(&live, range).await?;
    let count = |of: rampart_domain::plan::Count| Traffic { packets: of.packets, bytes: of.bytes };
    let counters = read.all.into_iter().map(|one| GatewayCounter {
        counter: one.what.name(),
        run: count(one.run),
        life: one.life.map(count),
    });
    let counters = counters.collect();
    Ok(Json(GatewayCounters { since_ms: read.since_ms, read_ms: read.read_ms, counters }))
}
