//! Figures by gender, for the programme officer alone: the route lets nobody else in, the store refuses whoever is no
//! officer, and each look writes its audit line.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use rampart_app::{ExportFormat, ExportTable};
use rampart_domain::records::{Edition, Kind, RocYear};
use rampart_store::Officer;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::Asked;
use super::gate::Call;
use super::types::{Heads, Records};
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::statistics::{download, package_download, refused};

/// The programme officer who calls.
///
/// # Errors
/// 403 for a seat.
pub(super) fn officer(call: &Call) -> Result<Officer, Fault> {
    Ok(Officer { account_id: call.staff()?.id.clone() })
}

/// Figures of an exercise
///
/// 人數 by gender, 人次, 人時. Each look writes a line in the audit log, as the page does.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/records", tag = "records",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = Records)))]
pub async fn records(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<Records>> {
    let figures = web.app.statistics(&id, &officer(&call)?).await.map_err(refused)?;
    let heads = figures.heads;
    Ok(Json(Records {
        roc_year: i64::from(figures.year.0),
        heads: Heads {
            male: heads.male,
            female: heads.female,
            other: heads.other,
            undisclosed: heads.undisclosed,
            none: heads.none,
            total: heads.total(),
        },
        persons: figures.counts.persons,
        person_times: figures.counts.person_times,
        seconds: figures.counts.seconds,
    }))
}

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `ods`, `csv`, `xlsx` or `pdf`.
    pub format: String,
    /// `x1` for people by gender, `hours` for person-hours by name.
    #[param(default = "x1")]
    pub table: Option<String>,
}

/// A table as a file
///
/// As the page gives it. Each one writes a line in the audit log.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/records/export", tag = "records",
    params(("exercise" = String, Path, description = "Id of the exercise"), Wanted),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn export(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Answer<Response> {
    let format = ExportFormat::from_ending(&wanted.format).ok_or_else(|| Fault::field("format", "choice"))?;
    let table = match wanted.table.as_deref() {
        None | Some("x1") => ExportTable::Gender,
        Some("hours") => ExportTable::Hours,
        Some(_) => return Err(Fault::field("table", "choice")),
    };
    Ok(download(web.app.export(&id, table, format, &officer(&call)?).await.map_err(refused)?))
}

/// Which edition, and which file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WantedOfYear {
    /// `internal`, or `public`, where small cells are hidden.
    pub edition: String,
    /// `ods`, `csv`, `xlsx` or `pdf`.
    pub format: String,
}

/// A table of a year as a file
///
/// Tables `x1` to `x8` (`x5-age`, `x5-area` and so on) and `hours`. Each one writes a line in the audit log.
#[utoipa::path(get, path = "/api/v1/records/{year}/tables/{table}", tag = "records",
    params(("year" = i16, Path, description = "ROC year"), ("table" = String, Path, description = "Code of the table"), WantedOfYear),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn table(
    State(web): State<Web>,
    call: Call,
    Path((year, table)): Path<(i16, String)>,
    Asked(wanted): Asked<WantedOfYear>,
) -> Answer<Response> {
    let kind = Kind::from_code(&table).ok_or_else(Fault::not_found)?;
    let edition = Edition::from_code(&wanted.edition)
        .filter(|edition| kind.has(*edition))
        .ok_or_else(|| Fault::field("edition", "choice"))?;
    let format = ExportFormat::from_ending(&wanted.format).ok_or_else(|| Fault::field("format", "choice"))?;
    let file = web.app.records_file(kind, RocYear(year), edition, format, &officer(&call)?).await;
    Ok(download(file.map_err(refused)?))
}

/// Everything of a year in one container
///
/// 成果交付包: all tables in all formats, both editions apart, their background, an index with SHA-256, and its seal. Writes a
/// line in the audit log.
#[utoipa::path(get, path = "/api/v1/records/{year}/package", tag = "records",
    params(("year" = i16, Path, description = "ROC year")),
    responses((status = OK, body = Vec<u8>, content_type = "application/zip")))]
pub async fn package(State(web): State<Web>, call: Call, Path(year): Path<i16>) -> Answer<Response> {
    let (name, file) = web.app.records_package(RocYear(year), &officer(&call)?).await.map_err(refused)?;
    Ok(package_download(&name, file).map_err(WebError::internal)?)
}
