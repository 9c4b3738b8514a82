//! What was entered by hand at a session, and taking it back.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};

use super::courses::{mark, refused};
use super::error::Answer;
use super::extract::{Body, List};
use super::gate::Call;
use super::people::person;
use super::types::{EnteredMark, EnteredSheet, TakeBack, TakenBack};
use crate::web::Web;

/// List what was entered at a session
///
/// Paper sheets and files of stays, each with its marks, the latest first. What was taken back stays in it.
#[utoipa::path(get, operation_id = "session_entered", path = "/api/v1/courses/{course}/sessions/{session}/entered", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = List<EnteredSheet>)))]
pub async fn list(
    State(web): State<Web>,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Json<List<EnteredSheet>>> {
    let sheets = web.app.entered_sheets(&course, &id).await.map_err(refused)?;
    let accounts = web.app.store.accounts().list().await?;
    let names: BTreeMap<String, String> = accounts.into_iter().map(|of| (of.id, of.name)).collect();
    let name = |id: &String| names.get(id).cloned().unwrap_or_default();
    let items = sheets.iter().map(|sheet| EnteredSheet {
        id: sheet.id().to_owned(),
        entered_ms: sheet.at_ms,
        by: name(&sheet.by),
        source: sheet.source.code().to_owned(),
        reason: sheet.reason.clone(),
        standing: sheet.standing(),
        marks: sheet
            .marks
            .iter()
            .map(|(who, of)| EnteredMark {
                person: person(who),
                mark: mark(of),
                struck_ms: of.removed_ms,
                struck_by: of.removed_by.as_ref().map(name),
            })
            .collect(),
    });
    Ok(Json(List::whole(items.collect())))
}

/// Take back what was entered at a session
///
/// One mark, or all that still stands of its sheet. It stays readable with the reason; hours and figures follow at once.
/// Certificates are not revoked by it.
#[utoipa::path(post, operation_id = "take_back_entered", path = "/api/v1/courses/{course}/sessions/{session}/entered/{mark}/take-back",
    tag = "courses", request_body = TakeBack,
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session"),
        ("mark" = String, Path, description = "Id of a mark of the sheet")),
    responses((status = OK, body = TakenBack)))]
pub async fn take_back(
    State(web): State<Web>,
    call: Call,
    Path((course, id, mark)): Path<(String, String, String)>,
    Body(wish): Body<TakeBack>,
) -> Answer<Json<TakenBack>> {
    let by = &call.staff()?.id;
    let which = (mark.as_str(), wish.whole);
    let done = web.app.take_back_entered(&course, &id, which, &wish.reason, by).await.map_err(refused)?;
    Ok(Json(TakenBack { count: done.marks, unfounded: done.unfounded }))
}
