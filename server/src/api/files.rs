//! Files of a seat: what lies in the home folder of its workstation, a file out of it, a file into `uploads`.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures_util::TryStreamExt;
use rampart_app::files::{self, FileError, Kind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::Answer;
use super::extract::Asked;
use super::gate::Call;
use super::types::{Folder, FolderEntry, SavedFile};
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::files::{WHOLE, keep, place, send};

/// Where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Path below the home folder; empty is the folder itself.
    #[serde(default)]
    #[param(default = "")]
    pub path: String,
}

/// List a folder
///
/// Of the seat's workstation: folders first, at most 500 entries.
#[utoipa::path(get, operation_id = "list_files", path = "/api/v1/seat/files", tag = "seat", params(Sought),
    responses((status = OK, body = Folder)))]
pub async fn list(State(web): State<Web>, call: Call, Asked(sought): Asked<Sought>) -> Answer<Json<Folder>> {
    let seat = call.seat()?;
    let exercise = web.exercise(&seat.exercise)?;
    let path = sought.path.trim_matches('/');
    let listing = files::list(&web.app, &exercise, place(seat), path).await.map_err(WebError::from)?;
    let entry = |entry: files::Entry| FolderEntry {
        kind: match entry.kind {
            Kind::Folder => "folder",
            Kind::File => "file",
            Kind::Other => "other",
        }
        .to_owned(),
        name: entry.name,
        size: entry.size,
        changed_ms: entry.changed_ms,
    };
    Ok(Json(Folder { entries: listing.entries.into_iter().map(entry).collect(), cut: listing.cut }))
}

/// Take a file out
///
/// Of the seat's workstation, at most 200 MB. Each one writes a line in the audit log.
#[utoipa::path(get, operation_id = "take_file", path = "/api/v1/seat/files/content", tag = "seat", params(Sought),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn take(State(web): State<Web>, call: Call, Asked(sought): Asked<Sought>) -> Answer<Response> {
    let seat = call.seat()?.clone();
    Ok(send(web, seat, &sought.path).await?)
}

/// Put a file in
///
/// Into the folder `uploads` of the seat's workstation, at most 50 MB; the body is the file. The answer has its name there: with a number if the one wanted was taken.
#[utoipa::path(put, operation_id = "put_file", path = "/api/v1/seat/files/uploads/{name}", tag = "seat",
    params(("name" = String, Path, description = "Name of the file")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = OK, body = SavedFile)))]
pub async fn put(
    State(web): State<Web>,
    call: Call,
    Path(name): Path<String>,
    request: Request,
) -> Answer<Json<SavedFile>> {
    let seat = call.seat()?;
    let pieces = request.into_body().into_data_stream().map_err(|_| WebError::from(FileError::Broken));
    let saved = tokio::time::timeout(WHOLE, keep(&web, seat, &name, pieces))
        .await
        .unwrap_or_else(|_| Err(FileError::Broken.into()))?;
    Ok(Json(SavedFile { name: saved.name, size: saved.size }))
}
