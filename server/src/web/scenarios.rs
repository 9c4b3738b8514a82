//! The scenario library.

use std::time::Duration;

use axum::extract::{Path, State};
use rampart_app::library::Shelf;
use rampart_domain::scenario::Scenario;
use rampart_pages::{ImageRow, ScenarioList, ScenarioPage, Tone};

use super::error::{Answer, WebError};
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash};
use super::who::Staff;

/// Longest that a page waits for the engine to name its images.
const ENGINE_WAIT: Duration = Duration::from_secs(2);

/// `GET /scenarios`.
pub(super) async fn list(State(web): State<Web>, visit: Here) -> Answer {
    let shelves = web.app.shelves().await.map_err(WebError::internal)?;
    let rows = shelves.iter().map(|shelf| view::scenarios::row(shelf, visit.locale)).collect();
    web.page(&visit, &ScenarioList { rows })
}

async fn shelf(web: &Web, id: &str) -> Result<Shelf, WebError> {
    let shelves = web.app.shelves().await.map_err(WebError::internal)?;
    shelves.into_iter().find(|shelf| shelf.id == id).ok_or_else(WebError::not_found)
}

/// `GET /scenarios/{id}`.
pub(super) async fn show(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let shelf = shelf(&web, &id).await?;
    let (view, faults) = match &shelf.bundle {
        Ok(bundle) => {
            let capacity = view::schedule::capacity(&web.app.capacity(&bundle.scenario, 1), 1);
            (Some(view::scenarios::view(&bundle.scenario, capacity, visit.locale)), Vec::new())
        }
        Err(faults) => (None, faults.iter().map(view::scenarios::fault).collect()),
    };
    let images = match &shelf.bundle {
        Ok(bundle) => images(&web, &bundle.scenario).await,
        Err(_) => Some(Vec::new()),
    };
    web.page(&visit, &ScenarioPage { id: shelf.id, view, faults, images })
}

/// The images of a scenario; `None` where the engine does not answer in time, which keeps nobody from reading a scenario.
pub(super) async fn images(web: &Web, scenario: &Scenario) -> Option<Vec<ImageRow>> {
    match tokio::time::timeout(ENGINE_WAIT, web.app.images_of(scenario)).await {
        Ok(Ok(images)) => Some(view::images::rows(&images, &web.app.images_state().borrow())),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the images cannot be looked at");
            None
        }
        Err(_) => None,
    }
}

/// `POST /scenarios/{id}/images`: builds what is missing or old of the scenario's images.
pub(super) async fn build_images(State(web): State<Web>, staff: Staff, Path(id): Path<String>) -> Answer {
    let shelf = shelf(&web, &id).await?;
    let Ok(bundle) = &shelf.bundle else { return Err(WebError::not_found()) };
    let names: Vec<String> = web
        .app
        .images_of(&bundle.scenario)
        .await?
        .into_iter()
        .filter(|image| image.ours && !image.is_current())
        .map(|image| image.name)
        .collect();
    let mut response = see_other(&format!("/scenarios/{}", shelf.id));
    let said = match names.is_empty() {
        true => "images_current",
        false if web.app.build_images(names, false, &staff.id).await? => "images_started",
        false => "images_busy",
    };
    flash(&web, &mut response, Tone::Ok, said, &[]);
    Ok(response)
}
