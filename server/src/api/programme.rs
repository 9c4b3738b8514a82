//! What the programme officer decides about a year: targets and their claims, duty rules, texts that tables ask for, settings of
//! the records. Done by the calls of the page `/statistics/settings`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::{Looked, ProgrammeError};
use rampart_domain::records::duty::DutyRule;
use rampart_domain::records::portal::Numbers;
use rampart_domain::records::targets::{Claim, Measure, Target};
use rampart_domain::records::{Book, DutyClass, Kind, Level, RocYear};
use rampart_pages::Problem;

use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List};
use super::findings::OfYear;
use super::gate::Call;
use super::records::officer;
use super::types::{
    ClaimWish, DutyRuleInfo, DutyRuleWish, IssuerInfo, IssuerWish, MaskingWish, NumbersWish, OfficeInfo,
    OfficeWish, OtherHalf, RecordSettings, TableTextInfo, TargetInfo, TargetWish, TextWish,
};
use crate::web::Web;
use crate::web::programme::texts as asked_for;
use crate::web::statistics::refused;

/// A year of an address.
///
/// # Errors
/// 404 for what is none.
pub(super) fn roc_year(year: i16) -> Result<RocYear, Fault> {
    if (1..=999).contains(&year) { Ok(RocYear(year)) } else { Err(Fault::not_found()) }
}

/// A year of a body.
fn year_of(field: &str, year: i16) -> Result<RocYear, Fault> {
    roc_year(year).map_err(|_| Fault::field(field, "record_range"))
}

/// Why something was not written.
pub(super) fn unwritten(error: ProgrammeError) -> Fault {
    match error {
        ProgrammeError::Field { field, code } => {
            // The form calls it otherwise.
            let name = if field == "under" { "hidden_under" } else { field };
            Fault::fields(vec![Problem::new(code).on(name)])
        }
        ProgrammeError::App(error) => refused(error).into(),
    }
}

fn measure(field: &str, code: &str) -> Result<Measure, Fault> {
    Measure::from_code(code).ok_or_else(|| Fault::field(field, "choice"))
}

async fn targets_of(web: &Web, year: RocYear) -> Result<Vec<TargetInfo>, Fault> {
    let claims = web.app.store.programme().claims(year).await?;
    let shown = |of: Target| TargetInfo {
        claim: claims
            .iter()
            .find(|claim| claim.target == of.id)
            .map(|claim| ClaimWish { second: claim.second, by_hand: claim.by_hand })
            .unwrap_or_default(),
        id: of.id,
        about: TargetWish {
            item: of.item,
            title: of.title,
            county: of.county,
            from: of.from.0,
            until: of.until.map(|year| year.0),
            measure: of.measure.code().to_owned(),
            value: of.value,
            or: of.or.map(|(measure, value)| OtherHalf { measure: measure.code().to_owned(), value }),
            evidence: of.evidence,
        },
    };
    Ok(web.app.targets().await?.into_iter().map(shown).collect())
}

async fn target_of(web: &Web, id: &str, year: RocYear) -> Result<TargetInfo, Fault> {
    let all = targets_of(web, year).await?;
    all.into_iter().find(|one| one.id == id).ok_or_else(Fault::not_found)
}

async fn save_target(web: &Web, call: &Call, id: &str, wish: TargetWish) -> Result<TargetInfo, Fault> {
    let or = match wish.or {
        Some(half) => Some((measure("or.measure", &half.measure)?, half.value)),
        None => None,
    };
    let target = Target {
        id: id.to_owned(),
        item: wish.item,
        title: wish.title,
        county: wish.county,
        from: year_of("from", wish.from)?,
        until: wish.until.map(|year| year_of("until", year)).transpose()?,
        measure: measure("measure", &wish.measure)?,
        value: wish.value,
        or,
        evidence: wish.evidence,
    };
    let id = web.app.save_target(target, &call.staff()?.id).await.map_err(unwritten)?;
    target_of(web, &id, RocYear::of_ms(call.now_ms)).await
}

/// List targets
///
/// All of them, also those of other years, with what is claimed of each in one. As long as none was set they are the
/// programme's own.
#[utoipa::path(get, operation_id = "list_targets", path = "/api/v1/targets", tag = "records", params(OfYear),
    responses((status = OK, body = List<TargetInfo>)))]
pub async fn targets(
    State(web): State<Web>,
    call: Call,
    Asked(of): Asked<OfYear>,
) -> Answer<Json<List<TargetInfo>>> {
    Ok(Json(List::whole(targets_of(&web, of.or_now(call.now_ms)?).await?)))
}

/// Enter a target
///
/// It holds from its year on; the one of the same item and county that held before is followed by it. Send `Idempotency-Key` to
/// be able to send it again.
#[utoipa::path(post, operation_id = "create_target", path = "/api/v1/targets", tag = "records", request_body = TargetWish,
    responses((status = CREATED, body = TargetInfo)))]
pub async fn create_target(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<TargetWish>,
) -> Answer<(StatusCode, Json<TargetInfo>)> {
    Ok((StatusCode::CREATED, Json(save_target(&web, &call, "", wish).await?)))
}

/// Change a target
///
/// All of it.
#[utoipa::path(put, operation_id = "change_target", path = "/api/v1/targets/{target}", tag = "records", request_body = TargetWish,
    params(("target" = String, Path, description = "Id of the target")),
    responses((status = OK, body = TargetInfo)))]
pub async fn change_target(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<TargetWish>,
) -> Answer<Json<TargetInfo>> {
    target_of(&web, &id, RocYear::of_ms(call.now_ms)).await?;
    Ok(Json(save_target(&web, &call, &id, wish).await?))
}

/// Take a target away
#[utoipa::path(delete, operation_id = "remove_target", path = "/api/v1/targets/{target}", tag = "records",
    params(("target" = String, Path, description = "Id of the target")),
    responses((status = NO_CONTENT)))]
pub async fn remove_target(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<StatusCode> {
    match web.app.remove_target(&id, &call.staff()?.id).await.map_err(unwritten)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Fault::not_found()),
    }
}

/// Claim a target
///
/// Says for a year which half of it is claimed, and what was counted by hand.
#[utoipa::path(put, operation_id = "claim_target", path = "/api/v1/targets/{target}/claims/{year}", tag = "records",
    request_body = ClaimWish,
    params(("target" = String, Path, description = "Id of the target"), ("year" = i16, Path, description = "ROC year")),
    responses((status = OK, body = TargetInfo)))]
pub async fn claim(
    State(web): State<Web>,
    call: Call,
    Path((id, year)): Path<(String, i16)>,
    Body(wish): Body<ClaimWish>,
) -> Answer<Json<TargetInfo>> {
    let year = roc_year(year)?;
    target_of(&web, &id, year).await?;
    let claim = Claim { target: id.clone(), second: wish.second, by_hand: wish.by_hand };
    web.app.claim(year, &claim, &call.staff()?.id).await.map_err(unwritten)?;
    Ok(Json(target_of(&web, &id, year).await?))
}

async fn rules_of(web: &Web) -> Result<Vec<DutyRuleInfo>, Fault> {
    let shown = |of: DutyRule| DutyRuleInfo {
        id: of.id,
        about: DutyRuleWish {
            class: of.class.code().to_owned(),
            levels: of.levels.iter().map(|level| level.code().to_owned()).collect(),
            from: of.from.0,
            professional: of.professional,
            years: of.years,
            general: of.general,
        },
    };
    Ok(web.app.duty_rules().await?.into_iter().map(shown).collect())
}

async fn save_rule(web: &Web, call: &Call, id: &str, wish: DutyRuleWish) -> Result<DutyRuleInfo, Fault> {
    let levels: Option<Vec<Level>> = wish.levels.iter().map(|code| Level::from_code(code)).collect();
    let mut levels = levels.ok_or_else(|| Fault::field("levels", "choice"))?;
    levels.sort_unstable();
    levels.dedup();
    let rule = DutyRule {
        id: id.to_owned(),
        class: DutyClass::from_code(&wish.class).ok_or_else(|| Fault::field("class", "choice"))?,
        levels,
        from: year_of("from", wish.from)?,
        professional: wish.professional,
        years: wish.years,
        general: wish.general,
    };
    let id = web.app.save_duty_rule(rule, &call.staff()?.id).await.map_err(unwritten)?;
    rules_of(web).await?.into_iter().find(|one| one.id == id).ok_or_else(Fault::not_found)
}

/// List duty rules
///
/// All of them with the year from which each holds. As long as none was set they are those of the regulation.
#[utoipa::path(get, operation_id = "list_duty_rules", path = "/api/v1/duty-rules", tag = "records",
    responses((status = OK, body = List<DutyRuleInfo>)))]
pub async fn rules(State(web): State<Web>) -> Answer<Json<List<DutyRuleInfo>>> {
    Ok(Json(List::whole(rules_of(&web).await?)))
}

/// Enter a duty rule
///
/// It holds from its year on, for its class at its levels. Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_duty_rule", path = "/api/v1/duty-rules", tag = "records", request_body = DutyRuleWish,
    responses((status = CREATED, body = DutyRuleInfo)))]
pub async fn create_rule(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<DutyRuleWish>,
) -> Answer<(StatusCode, Json<DutyRuleInfo>)> {
    Ok((StatusCode::CREATED, Json(save_rule(&web, &call, "", wish).await?)))
}

/// Change a duty rule
///
/// All of it.
#[utoipa::path(put, operation_id = "change_duty_rule", path = "/api/v1/duty-rules/{rule}", tag = "records", request_body = DutyRuleWish,
    params(("rule" = String, Path, description = "Id of the rule")),
    responses((status = OK, body = DutyRuleInfo)))]
pub async fn change_rule(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<DutyRuleWish>,
) -> Answer<Json<DutyRuleInfo>> {
    if !rules_of(&web).await?.iter().any(|one| one.id == id) {
        return Err(Fault::not_found());
    }
    Ok(Json(save_rule(&web, &call, &id, wish).await?))
}

/// List texts of tables
///
/// What tables X3 and X4 of a year ask for or have. Writes a line in the audit log, as a look at the tables does.
#[utoipa::path(get, operation_id = "list_table_texts", path = "/api/v1/records/{year}/texts", tag = "records",
    params(("year" = i16, Path, description = "ROC year")),
    responses((status = OK, body = List<TableTextInfo>)))]
pub async fn texts(
    State(web): State<Web>,
    call: Call,
    Path(year): Path<i16>,
) -> Answer<Json<List<TableTextInfo>>> {
    let year = roc_year(year)?;
    let texts = move |book: &Book| {
        let of = |kind: Kind| {
            asked_for(book, kind, year).into_iter().map(move |text| TableTextInfo {
                key: text.key,
                table: kind.code().to_owned(),
                title: text.title,
                words: text.words,
            })
        };
        of(Kind::X3).chain(of(Kind::X4)).collect()
    };
    let what = Looked::Texts(year.to_string());
    let texts = web.app.records_of(year, &officer(&call)?, &what, texts).await.map_err(refused)?;
    Ok(Json(List::whole(texts)))
}

/// Write a text of a table
///
/// 原因及改善作法, or 性別分析.
#[utoipa::path(put, operation_id = "write_table_text", path = "/api/v1/records/{year}/texts", tag = "records", request_body = TextWish,
    params(("year" = i16, Path, description = "ROC year")),
    responses((status = NO_CONTENT)))]
pub async fn write_text(
    State(web): State<Web>,
    call: Call,
    Path(year): Path<i16>,
    Body(wish): Body<TextWish>,
) -> Answer<StatusCode> {
    let year = roc_year(year)?;
    let by = &call.staff()?.id;
    web.app.set_record_text(year, &wish.key, &wish.words, by).await.map_err(unwritten)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn settings_of(web: &Web) -> Result<RecordSettings, Fault> {
    let one =
        |of: rampart_app::Issuer| IssuerInfo { since_ms: of.since_ms, agency: of.agency, signer: of.signer };
    let office =
        |of: rampart_app::Office| OfficeInfo { since_ms: of.since_ms, office: of.name, foot: of.foot };
    Ok(RecordSettings {
        hidden_under: web.app.hidden_under().await?,
        offices: web.app.offices().await?.into_iter().map(office).collect(),
        issuers: web.app.issuers().await?.into_iter().map(one).collect(),
        portal_numbers: web.app.portal_numbers().await?.code().to_owned(),
    })
}

/// Settings of the records
///
/// Below which count the public edition hides, which office hands papers in, who issues certificates, whose ID numbers are taken.
#[utoipa::path(get, operation_id = "record_settings", path = "/api/v1/records/settings", tag = "records",
    responses((status = OK, body = RecordSettings)))]
pub async fn settings(State(web): State<Web>) -> Answer<Json<RecordSettings>> {
    Ok(Json(settings_of(&web).await?))
}

/// Set the masking
///
/// Of the public edition.
#[utoipa::path(put, operation_id = "set_masking", path = "/api/v1/records/settings/masking", tag = "records", request_body = MaskingWish,
    responses((status = OK, body = RecordSettings)))]
pub async fn set_masking(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<MaskingWish>,
) -> Answer<Json<RecordSettings>> {
    web.app.set_hidden_under(wish.hidden_under, &call.staff()?.id).await.map_err(unwritten)?;
    Ok(Json(settings_of(&web).await?))
}

/// Set the office of papers
///
/// That stands on tables, packages, sheets and certificates made from now on, with the line at their foot.
#[utoipa::path(put, operation_id = "set_office", path = "/api/v1/records/settings/office", tag = "records", request_body = OfficeWish,
    responses((status = OK, body = RecordSettings)))]
pub async fn set_office(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<OfficeWish>,
) -> Answer<Json<RecordSettings>> {
    web.app.set_office(&wish.office, &wish.foot, &call.staff()?.id).await.map_err(unwritten)?;
    Ok(Json(settings_of(&web).await?))
}

/// Set the issuer of certificates
///
/// Of those from now on; what was issued keeps what it says.
#[utoipa::path(put, operation_id = "set_issuer", path = "/api/v1/records/settings/issuer", tag = "records", request_body = IssuerWish,
    responses((status = OK, body = RecordSettings)))]
pub async fn set_issuer(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<IssuerWish>,
) -> Answer<Json<RecordSettings>> {
    web.app.set_issuer(&wish.agency, &wish.signer, &call.staff()?.id).await.map_err(unwritten)?;
    Ok(Json(settings_of(&web).await?))
}

/// Set which ID numbers the portal's files are made of
///
/// Those of a drill have to fail their check digit, so that no living person can be hit, and the file's name says so.
#[utoipa::path(put, operation_id = "set_portal_numbers", path = "/api/v1/records/settings/numbers", tag = "records", request_body = NumbersWish,
    responses((status = OK, body = RecordSettings)))]
pub async fn set_numbers(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<NumbersWish>,
) -> Answer<Json<RecordSettings>> {
    let numbers = Numbers::from_code(&wish.portal_numbers);
    let numbers = numbers.ok_or_else(|| Fault::field("portal_numbers", "choice"))?;
    web.app.set_portal_numbers(numbers, &call.staff()?.id).await.map_err(unwritten)?;
    Ok(Json(settings_of(&web).await?))
}
