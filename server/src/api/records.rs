//! Figures by gender, for the programme officer alone: the route lets nobody else in, the store refuses whoever is no
//! officer, and each look writes its audit line.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use rampart_app::{ExportFormat, ExportTable};
use rampart_store::Officer;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::Asked;
use super::gate::Call;
use super::types::{Heads, Records};
use crate::web::Web;
use crate::web::statistics::{download, refused};

fn officer(call: &Call) -> Result<Officer, Fault> {
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
