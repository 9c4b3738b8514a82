//! Scenarios, images, the engine, strays.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::fleet::NodeView;
use rampart_app::library::Shelf;
use rampart_app::strays::Whose;
use rampart_app::{ImagePresence, Shut as ShutExercise};
use rampart_pages::Locale;
use std::collections::BTreeMap;

use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::Call;
use super::types::{BuildWish, Count, Engine, Image, Node, Scenario, ScenarioFault, Shut, Stray, System};
use super::view;
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::view::say;

fn scenario(shelf: &Shelf, locale: Locale) -> Scenario {
    match &shelf.bundle {
        Ok(bundle) => Scenario {
            id: shelf.id.clone(),
            version: Some(bundle.scenario.version),
            title: say(locale, &bundle.scenario.title),
            duration_ms: Some(bundle.scenario.duration_ms),
            faults: Vec::new(),
        },
        Err(faults) => Scenario {
            id: shelf.id.clone(),
            version: None,
            title: shelf.id.clone(),
            duration_ms: None,
            faults: faults
                .iter()
                .map(|fault| ScenarioFault {
                    file: fault.file.clone(),
                    line: fault.line,
                    column: fault.column,
                    code: fault.code.to_owned(),
                    what: fault.what.clone(),
                    hint: fault.hint.clone(),
                })
                .collect(),
        },
    }
}

/// List scenarios
///
/// The library, with the faults of those that have some.
#[utoipa::path(get, path = "/api/v1/scenarios", tag = "scenarios", responses((status = OK, body = List<Scenario>)))]
pub async fn scenarios(State(web): State<Web>, call: Call) -> Answer<Json<List<Scenario>>> {
    let shelves = web.app.shelves().await.map_err(WebError::internal)?;
    Ok(Json(List::whole(shelves.iter().map(|shelf| scenario(shelf, call.locale)).collect())))
}

/// Show a scenario
///
/// Checked as it lies in its folder now.
#[utoipa::path(get, operation_id = "show_scenario", path = "/api/v1/scenarios/{scenario}", tag = "scenarios",
    params(("scenario" = String, Path, description = "Id of the scenario")),
    responses((status = OK, body = Scenario)))]
pub async fn one(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<Scenario>> {
    let shelf = web.app.shelf(&id).await.ok_or_else(Fault::not_found)?;
    Ok(Json(scenario(&shelf, call.locale)))
}

/// The system
///
/// Version, engine, store.
#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = OK, body = System)))]
pub async fn system(State(web): State<Web>, call: Call) -> Answer<Json<System>> {
    // All nodes together: the first one that answers speaks for the version, each wall must stand.
    let mut version = None;
    let mut guard = None;
    for engine in web.app.fleet.engines() {
        let Ok(info) = engine.info().await else { continue };
        version.get_or_insert(info.version);
        guard = Some(guard.unwrap_or(true) && engine.guard().await.is_ok());
    }
    let file = web.house.store_file.clone();
    let bytes = match file {
        Some(file) => tokio::fs::metadata(file).await.ok().map(|facts| facts.len()),
        None => None,
    };
    let none = BTreeMap::new();
    let shut = |shut: ShutExercise| Shut {
        why: view::reason(&web, call.locale, &shut.reason, &none),
        id: shut.id,
        code: shut.code,
    };
    Ok(Json(System {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_ms: web.house.started_ms,
        engine: Engine {
            reachable: version.is_some(),
            version: version.unwrap_or_default(),
            address: web.house.engine_address.clone(),
            guard,
        },
        store: web.house.store_kind.clone(),
        store_bytes: bytes,
        building: web.app.images_state().borrow().building,
        shut: web.app.shut().into_iter().map(shut).collect(),
    }))
}

/// List nodes
///
/// The machines with an engine: whether each answers, since when, its room, and which exercises stand on it.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "system", responses((status = OK, body = List<Node>)))]
pub async fn nodes(State(web): State<Web>) -> Json<List<Node>> {
    let node = |node: NodeView| {
        let facts = node.facts.as_ref();
        Node {
            state: node.state.as_str().to_owned(),
            heard_ms: node.heard_ms,
            version: facts.map(|facts| facts.version.clone()),
            memory: facts.map(|facts| facts.memory).filter(|memory| *memory > 0),
            available: facts.and_then(|facts| facts.available),
            cpus: facts.map(|facts| facts.cpus),
            disk_free: facts.and_then(|facts| facts.disk).map(|(free, _)| free),
            disk_size: facts.and_then(|facts| facts.disk).map(|(_, size)| size),
            containers: facts.and_then(|facts| facts.containers),
            name: node.name,
            address: node.address,
            exercises: node.runs,
        }
    };
    Json(List::whole(web.app.fleet.nodes().into_iter().map(node).collect()))
}

/// List images
///
/// Which the engine has, and which are old.
#[utoipa::path(get, path = "/api/v1/images", tag = "system", responses((status = OK, body = List<Image>)))]
pub async fn images(State(web): State<Web>) -> Answer<Json<List<Image>>> {
    let image = |image: rampart_app::ImageState| Image {
        presence: match image.presence {
            ImagePresence::Missing => "missing",
            ImagePresence::Old => "old",
            ImagePresence::Current => "current",
        }
        .to_owned(),
        name: image.name,
        size: image.size,
        built_ms: image.built_ms,
        ours: image.ours,
    };
    Ok(Json(List::whole(web.app.images().await?.into_iter().map(image).collect())))
}

/// Build images
///
/// In the background; one build at a time.
#[utoipa::path(post, path = "/api/v1/images/build", tag = "system", request_body = BuildWish,
    responses((status = ACCEPTED)))]
pub async fn build(State(web): State<Web>, call: Call, Body(wish): Body<BuildWish>) -> Answer<StatusCode> {
    if !wish.images.is_empty() {
        let known = web.app.images().await?;
        if wish.images.iter().any(|name| !known.iter().any(|one| one.ours && one.name == *name)) {
            return Err(Fault::field("images", "image_unknown"));
        }
    }
    match web.app.build_images(wish.images, wish.anew, &call.staff()?.id).await? {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(Fault::new(StatusCode::CONFLICT, "images_busy")),
    }
}

/// List strays
///
/// Runs on the engine that no exercise knows.
#[utoipa::path(get, path = "/api/v1/strays", tag = "system", responses((status = OK, body = List<Stray>)))]
pub async fn strays(State(web): State<Web>) -> Answer<Json<List<Stray>>> {
    let stray = |stray: rampart_app::strays::Stray| Stray {
        run: stray.run,
        whose: match stray.whose {
            Whose::Ours => "ours",
            Whose::Other => "other",
            Whose::Unknown => "unknown",
        }
        .to_owned(),
        containers: stray.containers,
        networks: stray.networks,
    };
    Ok(Json(List::whole(web.app.strays().await?.into_iter().map(stray).collect())))
}

/// Clear strays
///
/// Removes what this installation made and no exercise knows.
#[utoipa::path(post, path = "/api/v1/strays/clear", tag = "system", responses((status = OK, body = Count)))]
pub async fn clear_strays(State(web): State<Web>, call: Call) -> Answer<Json<Count>> {
    Ok(Json(Count { count: web.app.clear_strays(&call.staff()?.id).await? }))
}
