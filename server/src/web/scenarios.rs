//! The scenario library.

use axum::extract::{Path, State};
use rampart_pages::{ScenarioList, ScenarioPage};

use super::error::{Answer, WebError};
use super::state::Web;
use super::view;
use super::visit::Here;

/// `GET /scenarios`.
pub(super) async fn list(State(web): State<Web>, visit: Here) -> Answer {
    let shelves = web.app.shelves().await.map_err(WebError::internal)?;
    let rows = shelves.iter().map(|shelf| view::scenarios::row(shelf, visit.locale)).collect();
    web.page(&visit, &ScenarioList { rows })
}

/// `GET /scenarios/{id}`.
pub(super) async fn show(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let shelves = web.app.shelves().await.map_err(WebError::internal)?;
    let shelf = shelves.into_iter().find(|shelf| shelf.id == id).ok_or_else(WebError::not_found)?;
    let (view, faults) = match &shelf.bundle {
        Ok(bundle) => (Some(view::scenarios::view(&bundle.scenario, visit.locale)), Vec::new()),
        Err(faults) => (None, faults.iter().map(view::scenarios::fault).collect()),
    };
    web.page(&visit, &ScenarioPage { id: shelf.id, view, faults })
}
