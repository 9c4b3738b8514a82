//! The board: for spectators and for the wall.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_app::exercise::Document;
use rampart_pages::{Board, BoardList, BoardTable};
use scoreboard::{Audience, Status};

use super::entry::visible;
use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::live::takes_gzip;
use super::state::Web;
use super::view;
use super::visit::Here;

/// An exercise has a board from the moment when its ranges stand.
pub(crate) fn has_board(status: Status) -> bool {
    !matches!(status, Status::Draft | Status::Provisioning)
}

/// `GET /board`.
pub(super) async fn list(State(web): State<Web>, visit: Here) -> Answer {
    let rows = visible(&web, &visit, |_, status| has_board(status)).await?;
    web.page(&visit, &BoardList { rows })
}

async fn context(web: &Web, visit: &Here, id: &str) -> Result<Board, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let fold = exercise.fold();
    if !has_board(fold.status) {
        return Err(WebError::not_found());
    }
    let scenario = exercise.scenario();
    // Titles of what red can do would tell a watching blue team what to look for.
    let names = if fold.over() && fold.frozen.is_none() {
        view::all_names(scenario, visit.locale)
    } else {
        view::public_names(scenario, visit.locale)
    };
    Ok(Board {
        exercise: view::head(&row, &fold, scenario, visit.locale),
        clock: view::clock(&fold, visit.now_ms),
        phases: view::phases(&fold, scenario, visit.now_ms),
        board: fold.board(Audience::Public),
        names,
        rules: view::rulings::announced(scenario, visit.locale),
    })
}

/// `GET /board/{id}`.
pub(super) async fn wall(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let board = context(&web, &visit, &id).await?;
    web.page(&visit, &board)
}

/// `GET /board/{id}/table`.
pub(super) async fn table(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let wall = context(&web, &visit, &id).await?;
    web.page(&visit, &BoardTable { wall })
}

/// A document that was made ready for everybody: nothing is serialised or packed for one reader. Its mark is the ledger
/// position, so a reader who has it is told only that.
pub(crate) fn serve(document: &Document, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", document.seq);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let common = [
        (header::ETAG, HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\""))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if takes_gzip(headers) {
        let packed = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return (common, [kind, packed], document.packed.clone()).into_response();
    }
    (common, [kind], document.json.clone()).into_response()
}

/// `GET /board/{id}/state`: the board as JSON, as `scoreboard::BoardView`.
pub(super) async fn state(State(web): State<Web>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let exercise = web.exercise(&id)?;
    if !has_board(exercise.fold().status) {
        return Err(WebError::not_found());
    }
    Ok(serve(&exercise.board().document(), &headers))
}

/// `GET /board/{id}/history`: every change of the board as JSON, as `scoreboard::History`.
pub(super) async fn history(State(web): State<Web>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let exercise = web.exercise(&id)?;
    if !has_board(exercise.fold().status) {
        return Err(WebError::not_found());
    }
    Ok(serve(&exercise.history(&web.app.store).await?, &headers))
}
