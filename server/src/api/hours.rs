//! Hours for the civil servants' portal, for the programme officer alone: who gets a row, and the file, which holds ID numbers that
//! are given once and kept nowhere.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use rampart_app::{ClassHours, Digital, HoursRow, UploadError, UploadWish};
use rampart_pages::Problem;

use super::courses::refused;
use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::Call;
use super::people::person;
use super::records::officer;
use super::types::{PortalHours, PortalWish};
use crate::web::Web;
use crate::web::statistics::{download, refused as failed};
use crate::web::upload::{Typed, no_pairs, why_left, worded};

fn row(of: &HoursRow) -> PortalHours {
    PortalHours {
        person: person(&of.person),
        seconds: of.learner.seconds,
        score: of.learner.score,
        certificate: of.learner.certificate.clone(),
        left: of.left.map(|why| why_left(why).to_owned()),
        short: of.short.is_some(),
        open: of.open,
    }
}

fn wish(of: PortalWish) -> Result<UploadWish, Fault> {
    let digital = match (of.all_digital, of.digital_minutes) {
        (true, _) => Digital::All,
        (false, 0) => Digital::None,
        (false, minutes) => Digital::Seconds(i64::from(minutes) * 60),
    };
    let PortalWish { profile, category, county, batch, numbers, .. } = of;
    Typed { profile: &profile, category: &category, county: &county, batch: &batch, digital, numbers }
        .read()
        .map_err(|problem| Fault::fields(vec![problem]))
}

/// Every fault by staff number. None of them holds an ID number.
fn unmade(error: UploadError) -> Fault {
    match error {
        UploadError::Lines(lines) => Fault::fields(vec![no_pairs(&lines)]),
        UploadError::Faults(faults) => Fault::fields(
            faults.iter().map(|fault| worded(fault).on(format!("numbers.{}", fault.staff_no))).collect(),
        ),
        UploadError::NotOver => Fault::fields(vec![Problem::new("portal_not_over")]),
        UploadError::Nobody => Fault::fields(vec![Problem::new("portal_nobody")]),
        UploadError::App(error) => failed(error).into(),
    }
}

async fn file(web: &Web, call: &Call, of: &ClassHours, wanted: PortalWish) -> Answer<Response> {
    let wish = wish(wanted)?;
    let file = web.app.class_hours_upload(of, &wish, &officer(call)?).await;
    Ok(download(file.map_err(unmade)?))
}

/// The hours of a session as they go to the portal
///
/// Each trainee with what counts, and why somebody has no row.
#[utoipa::path(get, operation_id = "session_hours", path = "/api/v1/courses/{course}/sessions/{session}/hours", tag = "records",
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = List<PortalHours>)))]
pub async fn of_session(
    State(web): State<Web>,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Json<List<PortalHours>>> {
    let of = web.app.class_hours(&course, Some(&id)).await.map_err(refused)?;
    Ok(Json(List::whole(of.rows.iter().map(row).collect())))
}

/// Make the portal's file of a session
///
/// A container with the files in Big5 and a list of who has no row, or every fault at once, by staff number. Writes a line in the
/// audit log.
#[utoipa::path(post, operation_id = "session_hours_file", path = "/api/v1/courses/{course}/sessions/{session}/hours", tag = "records",
    request_body = PortalWish,
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = Vec<u8>, content_type = "application/zip")))]
pub async fn session_file(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(wanted): Body<PortalWish>,
) -> Answer<Response> {
    let of = web.app.class_hours(&course, Some(&id)).await.map_err(refused)?;
    file(&web, &call, &of, wanted).await
}

/// The hours of a course as they go to the portal
///
/// Of all its sessions that stand, added up for each person.
#[utoipa::path(get, operation_id = "course_hours", path = "/api/v1/courses/{course}/hours", tag = "records",
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = List<PortalHours>)))]
pub async fn of_course(
    State(web): State<Web>,
    Path(course): Path<String>,
) -> Answer<Json<List<PortalHours>>> {
    let of = web.app.class_hours(&course, None).await.map_err(refused)?;
    Ok(Json(List::whole(of.rows.iter().map(row).collect())))
}

/// Make the portal's file of a course
///
/// As that of a session, with one row a person for all sessions. What was entered by session must not be entered again.
#[utoipa::path(post, operation_id = "course_hours_file", path = "/api/v1/courses/{course}/hours", tag = "records", request_body = PortalWish,
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = Vec<u8>, content_type = "application/zip")))]
pub async fn course_file(
    State(web): State<Web>,
    call: Call,
    Path(course): Path<String>,
    Body(wanted): Body<PortalWish>,
) -> Answer<Response> {
    let of = web.app.class_hours(&course, None).await.map_err(refused)?;
    file(&web, &call, &of, wanted).await
}

/// Make the portal's file of an exercise
///
/// As that of a session; either all of it was learnt online or nothing.
#[utoipa::path(post, operation_id = "exercise_hours_file", path = "/api/v1/exercises/{exercise}/records/hours", tag = "records",
    request_body = PortalWish,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = Vec<u8>, content_type = "application/zip")))]
pub async fn exercise_file(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wanted): Body<PortalWish>,
) -> Answer<Response> {
    web.app.exercise(&id).ok_or_else(Fault::not_found)?;
    if wanted.digital_minutes > 0 {
        return Err(Fault::field("digital_minutes", "choice"));
    }
    let wish = wish(wanted)?;
    Ok(download(web.app.hours_upload(&id, &wish, &officer(&call)?).await.map_err(unmade)?))
}
