//! The board: for spectators and for the wall.

use axum::extract::{Path, State};
use rampart_pages::{Board, BoardList, BoardTable};
use scoreboard::{Audience, Status};

use super::entry::visible;
use super::error::{Answer, WebError};
use super::exercises::row_of;
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
