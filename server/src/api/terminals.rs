//! Terminals of an exercise for its instructor: which are open, and the recordings of all that were.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use rampart_store::{Recording as Kept, RecordingState};

use super::error::Answer;
use super::exercises::confirm_code;
use super::extract::{Body, List};
use super::gate::Call;
use super::types::{Confirm, Count, OpenTerminal, Recording};
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::terminals::file_of;

/// List open terminals
///
/// Who has one, since when, and when they last typed.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/terminals", tag = "terminals",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<OpenTerminal>)))]
pub async fn terminals(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<List<OpenTerminal>>> {
    web.exercise(&id)?;
    let open = web.app.open_terminals(&id);
    let shown = open.iter().map(|session| {
        let (columns, rows) = session.size();
        OpenTerminal {
            id: session.id.clone(),
            team: session.holder.team.clone(),
            seat: session.holder.number,
            name: session.holder.name.clone(),
            since_ms: session.since_ms,
            typed_ms: session.typed_ms(),
            attached: session.is_attached(),
            watching: *session.watching().borrow(),
            columns,
            rows,
        }
    });
    Ok(Json(List::whole(shown.collect())))
}

fn recording(kept: Kept) -> Recording {
    let state = match (kept.removed_ms, kept.state) {
        (Some(_), _) => "removed",
        (None, RecordingState::Open) => "open",
        (None, RecordingState::Whole) => "whole",
        (None, RecordingState::Cut) => "cut",
        (None, RecordingState::Broken) => "broken",
    };
    Recording {
        id: kept.id,
        team: kept.team,
        seat: kept.seat_no,
        name: kept.person,
        started_ms: kept.started_ms,
        length_ms: kept.length_ms,
        bytes: kept.bytes,
        sha256: kept.sha256,
        skipped: kept.skipped,
        state: state.to_owned(),
    }
}

/// List recordings
///
/// Of all terminals of the exercise, those whose file was deleted too.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/recordings", tag = "terminals",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<Recording>)))]
pub async fn recordings(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<List<Recording>>> {
    web.exercise(&id)?;
    let kept = web.app.store.recordings().list(&id).await?;
    Ok(Json(List::whole(kept.into_iter().map(recording).collect())))
}

/// Take a recording
///
/// The file as asciicast, for a player. Each one writes a line in the audit log, as the page does.
#[utoipa::path(get, operation_id = "take_recording", path = "/api/v1/exercises/{exercise}/recordings/{recording}", tag = "terminals",
    params(("exercise" = String, Path, description = "Id of the exercise"), ("recording" = String, Path, description = "Id of the recording")),
    responses((status = OK, body = String, content_type = "application/x-asciicast")))]
pub async fn cast(
    State(web): State<Web>,
    call: Call,
    Path((id, recording)): Path<(String, String)>,
) -> Answer<Response> {
    web.exercise(&id)?;
    let kept = web.app.recording(&id, &recording).await.map_err(WebError::from)?;
    let file = file_of(&kept, true).await?;
    web.app.note_replay(&kept, &call.staff()?.id, true).await;
    Ok(file)
}

/// Delete recordings
///
/// The files of all recordings of the exercise; that they were there stays known. Cannot be undone, so the session code is asked for.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/recordings/delete", tag = "terminals", request_body = Confirm,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = Count)))]
pub async fn delete_recordings(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(confirm): Body<Confirm>,
) -> Answer<Json<Count>> {
    confirm_code(&web, &id, &confirm).await?;
    let count = web.app.delete_recordings(&id, &call.staff()?.id).await.map_err(WebError::from)?;
    Ok(Json(Count { count }))
}
