//! What pages show besides: when an exercise is built and until when it lives, whether it fits, desktops that are looked at,
//! boards, and how a board came to be what it is.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use rampart_app::Capacity as Known;
use rampart_domain::capacity::Fit;

use super::error::{Answer, Fault};
use super::extract::List;
use super::gate::Call;
use super::types::{
    BoardHistory, BoardRow, Capacity, CapacityHolder, OpenDesktop, QueuedLaunch, Schedule, ScheduledLaunch,
};
use super::view;
use crate::web::Web;
use crate::web::board::has_board;
use crate::web::view::{public_names, schedule as planned};

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

fn capacity(of: &Known) -> Capacity {
    let node = of.node.unwrap_or_default();
    let fit = match (of.node, of.fit) {
        (None, _) => "unknown",
        (_, Fit::Now) => "now",
        (_, Fit::Later(_)) => "later",
        (_, Fit::Never(_)) => "never",
    };
    Capacity {
        fit: fit.to_owned(),
        containers: count(of.needs.containers),
        subnets: count(of.needs.subnets),
        memory: of.needs.memory,
        memory_most: of.needs.memory_most,
        milli_cpus: of.needs.milli_cpus,
        disk: of.needs.disk,
        disk_most: of.needs.disk_most,
        memory_room: node.room(),
        disk_room: node.disk_room(),
        most_pairs: of.most,
        holders: of
            .holders
            .iter()
            .map(|(code, needs)| CapacityHolder { code: code.clone(), memory: needs.memory })
            .collect(),
    }
}

/// The schedule
///
/// When the ranges are built and until when they live, who said so, whether they fit beside what stands, and their place in the queue.
#[utoipa::path(get, operation_id = "show_schedule", path = "/api/v1/exercises/{exercise}/schedule", tag = "exercises",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = Schedule)))]
pub async fn schedule(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<Schedule>> {
    let live = web.exercise(&id)?;
    let capacity = capacity(&web.app.capacity(live.scenario(), live.pairs));
    let times = live.times();
    let by = times.launch.as_ref().map(|(_, by)| by.clone()).filter(|by| !by.is_empty());
    let fold = live.fold();
    let shown = planned::view(&live, &fold, web.app.now_ms());
    let queued = planned::queued(&live, &fold).map(|queued| QueuedLaunch {
        place: queued.place,
        of: queued.of,
        asked_ms: queued.asked_ms,
        why: view::reason(&web, call.locale, &queued.why, &public_names(live.scenario(), call.locale)),
    });
    Ok(Json(Schedule {
        starts_ms: shown.starts_ms,
        ends_ms: times.ends_ms,
        launch: shown.launch_ms.map(|at_ms| ScheduledLaunch { at_ms, by, missed: shown.missed }),
        plannable: shown.plannable,
        deadline_ms: shown.deadline_ms,
        deadline_by: times.deadline_by,
        deadline_counts: shown.counts,
        queued,
        capacity,
    }))
}

/// List open desktops
///
/// Which seats look at their desktop now, and how many look on.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/desktops", tag = "terminals",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<OpenDesktop>)))]
pub async fn desktops(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<List<OpenDesktop>>> {
    let live = web.exercise(&id)?;
    let open = crate::web::desktop::open_in(&web, &live).await?;
    let shown = open.into_iter().map(|one| OpenDesktop {
        id: one.seat_id,
        team: one.team.id,
        seat: one.seat,
        name: one.name,
        watching: u32::try_from(one.watching).unwrap_or(0),
    });
    Ok(Json(List::whole(shown.collect())))
}

/// List boards
///
/// Exercises whose board everybody may read.
#[utoipa::path(get, path = "/api/v1/boards", tag = "board", responses((status = OK, body = List<BoardRow>)))]
pub async fn boards(State(web): State<Web>) -> Answer<Json<List<BoardRow>>> {
    let mut rows = Vec::new();
    for live in web.app.exercises() {
        let fold = live.fold();
        if !has_board(fold.status) {
            continue;
        }
        let header = fold.header.as_ref();
        rows.push(BoardRow {
            exercise: live.id.clone(),
            code: header.map(|header| header.code.clone()).unwrap_or_default(),
            title: header.map(|header| header.title.clone()).unwrap_or_default(),
            status: fold.status.as_str().to_owned(),
            frozen: fold.frozen.is_some(),
        });
    }
    Ok(Json(List::whole(rows)))
}

/// How a board came to be
///
/// Every change of the public board in order, up to a freeze; whoever applies them has the board of any moment.
#[utoipa::path(get, operation_id = "board_history", path = "/api/v1/exercises/{exercise}/board/history", tag = "board",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = BoardHistory), (status = NOT_MODIFIED)))]
pub async fn history(State(web): State<Web>, Path(id): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let live = web.exercise(&id)?;
    if !has_board(live.fold().status) {
        return Err(Fault::not_found());
    }
    let document = live.history(&web.app.store).await?;
    let mut response = crate::web::board::serve(&document, &headers);
    if let Ok(private) = "private, no-cache".parse() {
        response.headers_mut().insert(header::CACHE_CONTROL, private);
    }
    Ok(response)
}
