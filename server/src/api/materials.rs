//! Materials of courses, what new courses begin with, and the papers of courses: certificate, sheet to sign, slips.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rampart_store::{CertificatesOf, Material, MaterialBody};
use serde::Deserialize;
use utoipa::IntoParams;

use super::courses::refused;
use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List};
use super::gate::{Call, address_of};
use super::people::person;
use super::types::{CheckedNumber, CourseDefaults, LinkWish, MaterialInfo, SessionSlip};
use crate::web::Web;
use crate::web::courses::material_file;
use crate::web::signing::owner;
use crate::web::statistics::download;

fn shown(of: Material) -> MaterialInfo {
    MaterialInfo { id: of.id, name: of.name, link: of.link, size: of.size }
}

async fn of_course(web: &Web, course: &str) -> Result<Vec<MaterialInfo>, Fault> {
    web.app.course(course).await.map_err(refused)?;
    Ok(web.app.store.courses().materials(course).await?.into_iter().map(shown).collect())
}

async fn added(
    web: &Web,
    call: &Call,
    course: &str,
    name: &str,
    body: &MaterialBody,
) -> Answer<(StatusCode, Json<MaterialInfo>)> {
    let id = web.app.add_material(course, name, body, &call.staff()?.id).await.map_err(refused)?;
    let all = of_course(web, course).await?;
    let one = all.into_iter().find(|one| one.id == id).ok_or_else(Fault::not_found)?;
    Ok((StatusCode::CREATED, Json(one)))
}

/// List the materials of a course
///
/// Files and links.
#[utoipa::path(get, operation_id = "list_materials", path = "/api/v1/courses/{course}/materials", tag = "courses",
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = List<MaterialInfo>)))]
pub async fn list(State(web): State<Web>, Path(course): Path<String>) -> Answer<Json<List<MaterialInfo>>> {
    Ok(Json(List::whole(of_course(&web, &course).await?)))
}

/// Add a link to a course
///
/// Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "add_link", path = "/api/v1/courses/{course}/materials", tag = "courses", request_body = LinkWish,
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = CREATED, body = MaterialInfo)))]
pub async fn add_link(
    State(web): State<Web>,
    call: Call,
    Path(course): Path<String>,
    Body(wish): Body<LinkWish>,
) -> Answer<(StatusCode, Json<MaterialInfo>)> {
    let name = if wish.name.is_empty() { &wish.link } else { &wish.name };
    added(&web, &call, &course, name, &MaterialBody::Link(wish.link.clone())).await
}

/// What the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// Name of the file.
    pub name: String,
}

/// Add a file to a course
///
/// The body is the file, at most 5 MB.
#[utoipa::path(post, operation_id = "add_file", path = "/api/v1/courses/{course}/materials/files", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = CREATED, body = MaterialInfo)))]
pub async fn add_file(
    State(web): State<Web>,
    call: Call,
    Path(course): Path<String>,
    Asked(named): Asked<Named>,
    bytes: Bytes,
) -> Answer<(StatusCode, Json<MaterialInfo>)> {
    added(&web, &call, &course, &named.name, &MaterialBody::File(bytes.to_vec())).await
}

/// Take a material as a file
#[utoipa::path(get, operation_id = "take_material", path = "/api/v1/courses/{course}/materials/{material}", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("material" = String, Path, description = "Id of the material")),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn take(
    State(web): State<Web>,
    Path((course, material)): Path<(String, String)>,
) -> Answer<Response> {
    Ok(material_file(&web, &course, &material).await?)
}

/// Take a material away
#[utoipa::path(delete, operation_id = "remove_material", path = "/api/v1/courses/{course}/materials/{material}", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("material" = String, Path, description = "Id of the material")),
    responses((status = NO_CONTENT)))]
pub async fn remove(
    State(web): State<Web>,
    call: Call,
    Path((course, material)): Path<(String, String)>,
) -> Answer<StatusCode> {
    web.app.remove_material(&course, &material, &call.staff()?.id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What new courses and sessions begin with
#[utoipa::path(get, operation_id = "course_defaults", path = "/api/v1/courses/defaults", tag = "courses",
    responses((status = OK, body = CourseDefaults)))]
pub async fn defaults(State(web): State<Web>) -> Answer<Json<CourseDefaults>> {
    let (pass_mark, late_minutes) = web.app.course_defaults().await?;
    Ok(Json(CourseDefaults { pass_mark, late_minutes }))
}

/// Set what new courses and sessions begin with
///
/// What exists keeps its own.
#[utoipa::path(put, operation_id = "set_course_defaults", path = "/api/v1/courses/defaults", tag = "courses", request_body = CourseDefaults,
    responses((status = OK, body = CourseDefaults)))]
pub async fn set_defaults(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<CourseDefaults>,
) -> Answer<Json<CourseDefaults>> {
    let by = &call.staff()?.id;
    web.app.set_course_defaults(wish.pass_mark, wish.late_minutes, by).await.map_err(refused)?;
    let (pass_mark, late_minutes) = web.app.course_defaults().await?;
    Ok(Json(CourseDefaults { pass_mark, late_minutes }))
}

/// A certificate as PDF
///
/// Sealed, with its number and the address of its check page.
#[utoipa::path(get, operation_id = "print_certificate", path = "/api/v1/courses/{course}/certificates/{certificate}", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("certificate" = String, Path, description = "Id of the certificate")),
    responses((status = OK, body = Vec<u8>, content_type = "application/pdf")))]
pub async fn certificate(
    State(web): State<Web>,
    call: Call,
    headers: HeaderMap,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Response> {
    let known = web.app.store.certificates().list(CertificatesOf::Id(&id)).await?;
    if !known.iter().any(|one| one.course_id == course) {
        return Err(Fault::not_found());
    }
    let base = address_of(&web, &headers);
    let file = web.app.certificate_file(&id, &base, &owner(&web), call.person()).await;
    Ok(download(file.map_err(refused)?))
}

/// The sheet of a session to sign on, as PDF
#[utoipa::path(get, operation_id = "print_session_sheet", path = "/api/v1/courses/{course}/sessions/{session}/paper", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = Vec<u8>, content_type = "application/pdf")))]
pub async fn paper(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Response> {
    Ok(download(web.app.class_sign_sheet(&course, &id, call.person()).await.map_err(refused)?))
}

/// Make the slips of a session
///
/// New codes for all of its trainees; the old ones die. They are shown this once and are in no database.
#[utoipa::path(post, operation_id = "session_slips", path = "/api/v1/courses/{course}/sessions/{session}/slips", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = List<SessionSlip>)))]
pub async fn slips(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Json<List<SessionSlip>>> {
    let by = &call.staff()?.id;
    let mut items = Vec::new();
    for (of, sign_code) in web.app.make_sign_codes(&course, &id, by).await.map_err(refused)? {
        let own_code = web.app.give_own_code(&of.id, by).await.map_err(refused)?;
        items.push(SessionSlip { person: person(&of), sign_code, own_code });
    }
    Ok(Json(List::whole(items)))
}

/// The sheet of an exercise to sign on, as PDF
#[utoipa::path(get, operation_id = "print_exercise_sheet", path = "/api/v1/exercises/{exercise}/attendance/paper", tag = "people",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = Vec<u8>, content_type = "application/pdf")))]
pub async fn exercise_paper(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Response> {
    web.exercise(&id)?;
    Ok(download(web.app.exercise_sign_sheet(&id, call.person()).await?))
}

/// Check a certificate
///
/// What its check page says: the name is masked.
#[utoipa::path(get, operation_id = "check_certificate", path = "/api/v1/certificates/{number}", tag = "courses",
    params(("number" = String, Path, description = "Number as printed, with its check code")),
    responses((status = OK, body = CheckedNumber)))]
pub async fn check(State(web): State<Web>, Path(number): Path<String>) -> Answer<Json<CheckedNumber>> {
    let number: String = number.chars().take(40).collect();
    let found = web.app.check_certificate(&number).await?.ok_or_else(Fault::not_found)?;
    Ok(Json(CheckedNumber {
        number: found.number,
        name: found.name,
        course: found.course,
        minutes: found.minutes,
        issued_ms: found.issued_ms,
        revoked_ms: found.revoked_ms,
    }))
}
