//! Findings of red teams: entered by instructors, who are the judges of exercises, and by the officer, whose table X8 it becomes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::ProgrammeError;
use rampart_domain::records::findings::{self, Finding, FindingResult};
use rampart_domain::records::{RocDate, RocYear};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List};
use super::gate::Call;
use super::programme::{roc_year, unwritten};
use super::types::{FindingInfo, FindingWish};
use crate::web::Web;

fn shown(of: &Finding) -> FindingInfo {
    FindingInfo {
        id: of.id.clone(),
        about: FindingWish {
            roc_year: of.year.0,
            number: of.number.clone(),
            system: of.system.clone(),
            weakness: of.weakness.clone(),
            cvss: findings::score(of.cvss),
            first_ms: of.first_ms,
            repair: of.repair.clone(),
            repaired_ms: of.repaired_ms,
            retest_ms: of.retest_ms,
            result: of.result.code().to_owned(),
        },
        risk: of.risk().to_owned(),
        within_a_week: of.within_a_week(),
    }
}

async fn save(web: &Web, call: &Call, id: &str, wish: FindingWish) -> Result<FindingInfo, Fault> {
    let day = |ms: i64| RocDate::of_ms(ms).start_ms();
    let mut finding = Finding {
        id: id.to_owned(),
        year: RocYear(wish.roc_year),
        number: wish.number,
        system: wish.system,
        weakness: wish.weakness,
        cvss: findings::read_score(&wish.cvss).ok_or_else(|| Fault::field("cvss", "record_number"))?,
        first_ms: day(wish.first_ms),
        repair: wish.repair,
        repaired_ms: wish.repaired_ms.map(day),
        retest_ms: wish.retest_ms.map(day),
        result: FindingResult::from_code(&wish.result).ok_or_else(|| Fault::field("result", "choice"))?,
    };
    if !(1..=999).contains(&wish.roc_year) {
        return Err(Fault::field("roc_year", "record_range"));
    }
    let by = &call.staff()?.id;
    finding.id = web.app.save_finding(finding.clone(), by).await.map_err(|error| match error {
        // The form calls days otherwise.
        ProgrammeError::Field { field: "repaired", code } => Fault::field("repaired_ms", code),
        ProgrammeError::Field { field: "retest", code } => Fault::field("retest_ms", code),
        other => unwritten(other),
    })?;
    Ok(shown(&finding))
}

/// Of which year.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfYear {
    /// ROC year; this one if it is not given.
    pub year: Option<i16>,
}

impl OfYear {
    /// The year.
    ///
    /// # Errors
    /// 404 for what is no year.
    pub fn or_now(&self, now_ms: i64) -> Result<RocYear, Fault> {
        self.year.map_or_else(|| Ok(RocYear::of_ms(now_ms)), roc_year)
    }
}

/// List findings
///
/// Of a year, by number.
#[utoipa::path(get, operation_id = "list_findings", path = "/api/v1/findings", tag = "records", params(OfYear),
    responses((status = OK, body = List<FindingInfo>)))]
pub async fn list(
    State(web): State<Web>,
    call: Call,
    Asked(of): Asked<OfYear>,
) -> Answer<Json<List<FindingInfo>>> {
    let found = web.app.store.programme().findings(of.or_now(call.now_ms)?).await?;
    Ok(Json(List::whole(found.iter().map(shown).collect())))
}

/// Enter a finding
///
/// Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_finding", path = "/api/v1/findings", tag = "records", request_body = FindingWish,
    responses((status = CREATED, body = FindingInfo)))]
pub async fn create(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<FindingWish>,
) -> Answer<(StatusCode, Json<FindingInfo>)> {
    Ok((StatusCode::CREATED, Json(save(&web, &call, "", wish).await?)))
}

/// Change a finding
///
/// All of it, within its year.
#[utoipa::path(put, operation_id = "change_finding", path = "/api/v1/findings/{finding}", tag = "records", request_body = FindingWish,
    params(("finding" = String, Path, description = "Id of the finding")),
    responses((status = OK, body = FindingInfo)))]
pub async fn change(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<FindingWish>,
) -> Answer<Json<FindingInfo>> {
    let found = web.app.store.programme().findings(RocYear(wish.roc_year)).await?;
    if !found.iter().any(|one| one.id == id) {
        return Err(Fault::not_found());
    }
    Ok(Json(save(&web, &call, &id, wish).await?))
}

/// Strike a finding out
#[utoipa::path(delete, operation_id = "remove_finding", path = "/api/v1/findings/{finding}", tag = "records",
    params(("finding" = String, Path, description = "Id of the finding")),
    responses((status = NO_CONTENT)))]
pub async fn remove(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<StatusCode> {
    match web.app.remove_finding(&id, &call.staff()?.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Fault::not_found()),
    }
}
