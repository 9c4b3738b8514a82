//! One person of the register, agencies, duplicates, requests about data, retention; and one's own data. What people state of
//! themselves is read by the officer alone, and each reading writes its audit line.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use rampart_app::duplicates::{Likeness, MergeError};
use rampart_app::{AnswersError, AppError, RegisterFormat, Retention, WISH_MAX};
use rampart_domain::records::register::NOTICE;
use rampart_domain::records::{
    Age, Answers, Area, Disability, DutyClass, Gender, HomeArea, Identity, Indigenous, Level,
};
use rampart_pages::Problem;
use rampart_store::{Agency, Officer, PersonEdit, PersonQuery, StoreError, Wish};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List};
use super::gate::Call;
use super::people::person;
use super::types::{
    AgencyInfo, AgencyWish, AnswersForm, AnswersInfo, AnswersWish, DataRequestInfo, Decision, DuplicateAct,
    DuplicateInfo, OwnAnswers, OwnData, OwnRequest, OwnWish, PersonDetail, PersonWish, PurgeDone, PurgeWish,
    RetentionWish, TookPart,
};
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::register::problem;
use crate::web::statistics::download;

fn officer(call: &Call) -> Result<Officer, Fault> {
    Ok(Officer { account_id: call.staff()?.id.clone() })
}

fn refused(error: rampart_app::RegisterError) -> Fault {
    match problem(error) {
        Ok(problem) => Fault::fields(vec![problem]),
        Err(error) => error.into(),
    }
}

fn failed(error: AppError) -> Fault {
    match error {
        AppError::Store(StoreError::NotOfficer { .. }) => WebError::forbidden().into(),
        other => other.into(),
    }
}

fn unanswered(error: AnswersError) -> Fault {
    match error {
        AnswersError::Field { field, code } => {
            Fault::fields(vec![Problem::new(code).with("max", WISH_MAX).on(field)])
        }
        AnswersError::Missing => Fault::not_found(),
        AnswersError::App(error) => failed(error),
    }
}

/// A word of a closed list.
fn word<T>(field: &str, code: Option<&String>, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    code.map(|code| read(code).ok_or_else(|| Fault::field(field, "choice"))).transpose()
}

async fn shown(web: &Web, id: &str) -> Result<PersonDetail, Fault> {
    let card = web.app.person_card(id).await?.ok_or_else(Fault::not_found)?;
    let of = card.person;
    Ok(PersonDetail {
        about: PersonWish {
            name: of.name,
            staff_no: of.staff_no,
            agency: of.agency,
            grade: of.grade,
            identity: of.identity.map(|identity| identity.code().to_owned()),
            duty: of.duty.map(|duty| duty.code().to_owned()),
            emails: card.emails,
            removed: of.removed_ms.is_some(),
        },
        id: of.id,
        merged_into: of.merged_into,
        exercises: card
            .took_part
            .into_iter()
            .map(|part| TookPart {
                code: part.code,
                title: part.title,
                starts_ms: part.starts_ms,
                seconds: part.seconds,
            })
            .collect(),
    })
}

async fn save(web: &Web, call: &Call, id: Option<&str>, wish: PersonWish) -> Result<PersonDetail, Fault> {
    let by = &call.staff()?.id;
    let duty = word("duty", wish.duty.as_ref(), DutyClass::from_code)?;
    let edit = PersonEdit {
        name: wish.name,
        staff_no: wish.staff_no,
        agency: wish.agency,
        grade: wish.grade,
        identity: word("identity", wish.identity.as_ref(), Identity::from_code)?,
        emails: wish.emails,
    };
    let before = match id {
        Some(id) => Some(web.app.store.persons().by_id(id).await?.ok_or_else(Fault::not_found)?),
        None => None,
    };
    let id = web.app.save_person(id, &edit, by).await.map_err(refused)?;
    if before.as_ref().and_then(|person| person.duty) != duty {
        web.app.set_duty(&id, duty, by).await?;
    }
    if before.is_some_and(|person| person.removed_ms.is_some()) != wish.removed {
        web.app.set_person_removed(&id, wish.removed, by).await.map_err(refused)?;
    }
    shown(web, &id).await
}

/// Show a person
///
/// What the register says of them, and the exercises that they took part in.
#[utoipa::path(get, operation_id = "show_person", path = "/api/v1/people/{person}", tag = "people",
    params(("person" = String, Path, description = "Id of the person")),
    responses((status = OK, body = PersonDetail)))]
pub async fn show(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<PersonDetail>> {
    Ok(Json(shown(&web, &id).await?))
}

/// Enter a person
///
/// Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_person", path = "/api/v1/people", tag = "people", request_body = PersonWish,
    responses((status = CREATED, body = PersonDetail)))]
pub async fn create(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<PersonWish>,
) -> Answer<(StatusCode, Json<PersonDetail>)> {
    Ok((StatusCode::CREATED, Json(save(&web, &call, None, wish).await?)))
}

/// Change a person
///
/// All of what the register says; the history keeps what stood.
#[utoipa::path(put, operation_id = "change_person", path = "/api/v1/people/{person}", tag = "people", request_body = PersonWish,
    params(("person" = String, Path, description = "Id of the person")),
    responses((status = OK, body = PersonDetail)))]
pub async fn change(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<PersonWish>,
) -> Answer<Json<PersonDetail>> {
    Ok(Json(save(&web, &call, Some(&id), wish).await?))
}

/// Which people, in which format.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Exported {
    /// `csv`, `ods` or `xlsx`.
    pub format: String,
    /// Words that all occur in name, staff number or agency.
    pub q: Option<String>,
    /// Of this agency only.
    pub agency: Option<String>,
    /// Of this identity only.
    pub identity: Option<String>,
}

/// The register as a file
///
/// As the page gives it; it can be taken in again. Nothing that people state of themselves is in it.
#[utoipa::path(get, operation_id = "export_people", path = "/api/v1/people/export", tag = "people", params(Exported),
    responses((status = OK, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn export(State(web): State<Web>, call: Call, Asked(wanted): Asked<Exported>) -> Answer<Response> {
    let format =
        RegisterFormat::from_ending(&wanted.format).ok_or_else(|| Fault::field("format", "choice"))?;
    let query = PersonQuery {
        text: wanted.q.unwrap_or_default().trim().to_owned(),
        agency: wanted.agency,
        identity: word("identity", wanted.identity.as_ref(), Identity::from_code)?,
        ..PersonQuery::default()
    };
    Ok(download(web.app.export_register(&query, format, &call.staff()?.id).await?))
}

fn agency(of: &Agency, people: u64) -> AgencyInfo {
    AgencyInfo {
        id: of.id.clone(),
        about: AgencyWish {
            name: of.name.clone(),
            code: of.code.clone(),
            level: of.level.map(|level| level.code().to_owned()),
            area: of.area.map(|area| area.code().to_owned()),
            county: of.county.clone(),
        },
        people,
    }
}

/// List agencies
///
/// With level, area and county; those that people name and nobody listed come last.
#[utoipa::path(get, operation_id = "list_agencies", path = "/api/v1/agencies", tag = "people",
    responses((status = OK, body = List<AgencyInfo>)))]
pub async fn agencies(State(web): State<Web>) -> Answer<Json<List<AgencyInfo>>> {
    let mut named: BTreeMap<String, u64> = web.app.store.persons().agencies().await?.into_iter().collect();
    let listed = web.app.store.agencies().list().await?;
    let mut items: Vec<AgencyInfo> =
        listed.iter().map(|one| agency(one, named.remove(&one.name).unwrap_or(0))).collect();
    items.extend(named.into_iter().map(|(name, people)| {
        let unlisted = Agency { name, ..Agency::default() };
        agency(&unlisted, people)
    }));
    Ok(Json(List::whole(items)))
}

async fn save_agency(web: &Web, call: &Call, id: &str, wish: AgencyWish) -> Result<AgencyInfo, Fault> {
    let wanted = Agency {
        id: id.to_owned(),
        code: wish.code,
        name: wish.name.trim().to_owned(),
        level: word("level", wish.level.as_ref(), Level::from_code)?,
        area: word("area", wish.area.as_ref(), Area::from_code)?,
        county: wish.county,
        ..Agency::default()
    };
    web.app.save_agency(&wanted, &call.staff()?.id).await.map_err(refused)?;
    let named: BTreeMap<String, u64> = web.app.store.persons().agencies().await?.into_iter().collect();
    let listed = web.app.store.agencies().list().await?;
    let saved = listed.iter().find(|one| one.name == wanted.name).ok_or_else(Fault::not_found)?;
    Ok(agency(saved, named.get(&saved.name).copied().unwrap_or(0)))
}

/// List an agency
///
/// Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_agency", path = "/api/v1/agencies", tag = "people", request_body = AgencyWish,
    responses((status = CREATED, body = AgencyInfo)))]
pub async fn create_agency(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<AgencyWish>,
) -> Answer<(StatusCode, Json<AgencyInfo>)> {
    Ok((StatusCode::CREATED, Json(save_agency(&web, &call, "", wish).await?)))
}

/// Change an agency
///
/// People who are of its old name move along.
#[utoipa::path(put, operation_id = "change_agency", path = "/api/v1/agencies/{agency}", tag = "people", request_body = AgencyWish,
    params(("agency" = String, Path, description = "Id of the agency")),
    responses((status = OK, body = AgencyInfo)))]
pub async fn change_agency(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<AgencyWish>,
) -> Answer<Json<AgencyInfo>> {
    Ok(Json(save_agency(&web, &call, &id, wish).await?))
}

/// Take an agency off the list
///
/// People keep its name.
#[utoipa::path(delete, operation_id = "remove_agency", path = "/api/v1/agencies/{agency}", tag = "people",
    params(("agency" = String, Path, description = "Id of the agency")),
    responses((status = NO_CONTENT)))]
pub async fn remove_agency(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<StatusCode> {
    web.app.remove_agency(&id, &call.staff()?.id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what looks like one person twice
///
/// The strongest likeness first. A human decides.
#[utoipa::path(get, operation_id = "list_duplicates", path = "/api/v1/people/duplicates", tag = "people",
    responses((status = OK, body = List<DuplicateInfo>)))]
pub async fn duplicates(State(web): State<Web>) -> Answer<Json<List<DuplicateInfo>>> {
    let pairs = web.app.duplicates().await?;
    let one = |pair: &rampart_app::duplicates::Pair| DuplicateInfo {
        one: person(&pair.one),
        other: person(&pair.other),
        likeness: match pair.likeness {
            Likeness::Number => "number",
            Likeness::Name => "name",
            Likeness::Email => "email",
        }
        .to_owned(),
    };
    Ok(Json(List::whole(pairs.iter().map(one).collect())))
}

/// Say what two rows are
///
/// One person, two after all, or two that are proposed no more. Both rows keep their history; what was merged can be parted.
#[utoipa::path(post, operation_id = "decide_duplicates", path = "/api/v1/people/duplicates", tag = "people", request_body = DuplicateAct,
    responses((status = NO_CONTENT)))]
pub async fn decide_duplicates(
    State(web): State<Web>,
    call: Call,
    Body(act): Body<DuplicateAct>,
) -> Answer<StatusCode> {
    let by = &call.staff()?.id;
    let done = match &act {
        DuplicateAct::Merge { person, into, reason } => web.app.merge_persons(person, into, reason, by).await,
        DuplicateAct::Part { person, reason } => web.app.part_persons(person, reason, by).await,
        DuplicateAct::Apart { person, other } => {
            let known = web.app.store.persons().by_ids(&[person.clone(), other.clone()]).await?;
            if known.len() != 2 {
                return Err(Fault::not_found());
            }
            web.app.keep_apart(person, other, by).await?;
            Ok(())
        }
    };
    match done {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(MergeError::Reason) => Err(Fault::field("reason", "merge_reason")),
        Err(MergeError::Unfit) => Err(Fault::field("person", "merge_unfit")),
        Err(MergeError::App(error)) => Err(error.into()),
    }
}

/// List requests about data
///
/// Open ones first. Each look writes its audit line.
#[utoipa::path(get, operation_id = "list_requests", path = "/api/v1/people/requests", tag = "people",
    responses((status = OK, body = List<DataRequestInfo>)))]
pub async fn requests(State(web): State<Web>, call: Call) -> Answer<Json<List<DataRequestInfo>>> {
    let rows = web.app.data_requests(&officer(&call)?).await.map_err(failed)?;
    let one = |(of, who): (rampart_store::DataRequest, rampart_store::Person)| DataRequestInfo {
        id: of.id,
        person: person(&who),
        kind: of.wish.as_str().to_owned(),
        text: of.text,
        at_ms: of.at_ms,
        granted: of.granted,
        reply: of.reply,
    };
    Ok(Json(List::whole(rows.into_iter().map(one).collect())))
}

/// Decide a request about data
///
/// What it asks for is done in the same transaction, with its audit line.
#[utoipa::path(post, operation_id = "decide_request", path = "/api/v1/people/requests/{request}", tag = "people", request_body = Decision,
    params(("request" = String, Path, description = "Id of the request")),
    responses((status = NO_CONTENT)))]
pub async fn decide_request(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(decision): Body<Decision>,
) -> Answer<StatusCode> {
    let done = web.app.decide_request(&officer(&call)?, &id, decision.granted, &decision.reply).await;
    done.map_err(unanswered)?;
    Ok(StatusCode::NO_CONTENT)
}

/// How long what is kept
///
/// As set, or by default.
#[utoipa::path(get, operation_id = "show_retention", path = "/api/v1/people/retention", tag = "people",
    responses((status = OK, body = RetentionWish)))]
pub async fn retention(State(web): State<Web>) -> Answer<Json<RetentionWish>> {
    let Retention { answers_days, attendance_years, recordings_days } = web.app.retention().await?;
    Ok(Json(RetentionWish { answers_days, attendance_years, recordings_days: Some(recordings_days) }))
}

/// Set how long what is kept
///
/// Nothing is removed by it.
#[utoipa::path(put, operation_id = "set_retention", path = "/api/v1/people/retention", tag = "people", request_body = RetentionWish,
    responses((status = NO_CONTENT)))]
pub async fn set_retention(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<RetentionWish>,
) -> Answer<StatusCode> {
    let RetentionWish { answers_days, attendance_years, recordings_days } = wish;
    let recordings_days = match recordings_days {
        Some(days) => days,
        None => web.app.retention().await?.recordings_days,
    };
    let to = Retention { answers_days, attendance_years, recordings_days };
    web.app.set_retention(to, &call.staff()?.id).await.map_err(unanswered)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Purge what was kept long enough
///
/// Or only say how much that would be. Either writes its audit line.
#[utoipa::path(post, operation_id = "purge", path = "/api/v1/people/retention/purge", tag = "people", request_body = PurgeWish,
    responses((status = OK, body = PurgeDone)))]
pub async fn purge(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<PurgeWish>,
) -> Answer<Json<PurgeDone>> {
    let done = web.app.purge(&officer(&call)?, wish.dry_run).await.map_err(failed)?;
    Ok(Json(PurgeDone {
        answers: done.answers,
        presence: done.presence,
        signs: done.signs,
        requests: done.requests,
        sheets: done.sheets,
        recordings: done.recordings,
        dry_run: wish.dry_run,
    }))
}

fn read(wish: &AnswersWish) -> Result<Answers, Fault> {
    Ok(Answers {
        gender: word("gender", wish.gender.as_ref(), Gender::from_code)?,
        age: word("age", wish.age.as_ref(), Age::from_code)?,
        area: word("area", wish.area.as_ref(), HomeArea::from_code)?,
        indigenous: word("indigenous", wish.indigenous.as_ref(), Indigenous::from_code)?,
        disability: word("disability", wish.disability.as_ref(), Disability::from_code)?,
    })
}

/// What a person stated
///
/// For the officer alone; writes its audit line.
#[utoipa::path(get, operation_id = "show_answers", path = "/api/v1/people/{person}/answers", tag = "people",
    params(("person" = String, Path, description = "Id of the person")),
    responses((status = OK, body = AnswersInfo)))]
pub async fn answers(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
) -> Answer<Json<AnswersInfo>> {
    web.app.store.persons().by_id(&id).await?.ok_or_else(Fault::not_found)?;
    let row =
        web.app.answers_of(&officer(&call)?, &id).await.map_err(failed)?.ok_or_else(Fault::not_found)?;
    let of = row.answers;
    Ok(Json(AnswersInfo {
        answers: AnswersWish {
            gender: of.gender.map(|one| one.code().to_owned()),
            age: of.age.map(|one| one.code().to_owned()),
            area: of.area.map(|one| one.code().to_owned()),
            indigenous: of.indigenous.map(|one| one.code().to_owned()),
            disability: of.disability.map(|one| one.code().to_owned()),
        },
        origin: row.origin.map(|origin| origin.as_str().to_owned()),
        consent_ms: row.consent_ms,
        notice: row.notice,
    }))
}

/// Enter what a person stated on a form
///
/// In place of what stood; writes its audit line.
#[utoipa::path(put, operation_id = "set_answers", path = "/api/v1/people/{person}/answers", tag = "people", request_body = AnswersForm,
    params(("person" = String, Path, description = "Id of the person")),
    responses((status = NO_CONTENT)))]
pub async fn set_answers(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(form): Body<AnswersForm>,
) -> Answer<StatusCode> {
    let said = read(&form.answers)?;
    web.app.enter_answers(&officer(&call)?, &id, &said, form.signed_ms).await.map_err(unanswered)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erase what a person stated
///
/// Writes its audit line.
#[utoipa::path(delete, operation_id = "erase_answers", path = "/api/v1/people/{person}/answers", tag = "people",
    params(("person" = String, Path, description = "Id of the person")),
    responses((status = NO_CONTENT)))]
pub async fn erase_answers(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<StatusCode> {
    web.app.erase_answers(&officer(&call)?, &id).await.map_err(unanswered)?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own data
///
/// Hours, certificates, requests, and whether something was stated; what was stated is shown to nobody here.
#[utoipa::path(get, operation_id = "own_data", path = "/api/v1/me/data", tag = "seat",
    responses((status = OK, body = OwnData)))]
pub async fn own(State(web): State<Web>, call: Call) -> Answer<Json<OwnData>> {
    let own = &call.seat()?.person;
    let known = web.app.store.persons().by_id(own).await?.ok_or_else(Fault::not_found)?;
    let (consent, requests) = web.app.own_data(own).await?;
    let record = web.app.own_record(own).await?;
    let mut took_part: Vec<TookPart> = record
        .courses
        .into_iter()
        .map(|one| TookPart {
            code: one.code,
            title: one.title,
            starts_ms: one.starts_ms,
            seconds: one.seconds,
        })
        .collect();
    // An exercise that is a session of a course counts as such, and not twice.
    let parts = web.app.took_part(own).await?;
    let apart = parts.into_iter().filter(|part| !record.exercises.contains(&part.exercise));
    took_part.extend(apart.map(|part| TookPart {
        code: part.code,
        title: part.title,
        starts_ms: part.starts_ms,
        seconds: part.seconds,
    }));
    Ok(Json(OwnData {
        person: person(&known),
        stated: consent.is_some(),
        consent_ms: consent.and_then(|consent| consent.at_ms),
        notice: NOTICE.to_owned(),
        took_part,
        certificates: record
            .certificates
            .iter()
            .filter(|one| one.revoked_ms.is_none())
            .map(|one| format!("{}-{}", one.number, one.check_code))
            .collect(),
        requests: requests
            .into_iter()
            .map(|one| OwnRequest {
                kind: one.wish.as_str().to_owned(),
                at_ms: one.at_ms,
                granted: one.granted,
                reply: one.reply,
            })
            .collect(),
    }))
}

/// State one's own answers
///
/// With consent to the present notice; in place of what stood. They cannot be read back.
#[utoipa::path(put, operation_id = "give_answers", path = "/api/v1/me/answers", tag = "seat", request_body = OwnAnswers,
    responses((status = NO_CONTENT)))]
pub async fn give_answers(
    State(web): State<Web>,
    call: Call,
    Body(own): Body<OwnAnswers>,
) -> Answer<StatusCode> {
    if !own.consent {
        return Err(Fault::field("consent", "consent_required"));
    }
    web.app.give_answers(&call.seat()?.person, &read(&own.answers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take one's consent back
///
/// What was stated is erased.
#[utoipa::path(delete, operation_id = "withdraw_answers", path = "/api/v1/me/answers", tag = "seat",
    responses((status = NO_CONTENT)))]
pub async fn withdraw_answers(State(web): State<Web>, call: Call) -> Answer<StatusCode> {
    match web.app.withdraw_answers(&call.seat()?.person).await {
        // Withdrawn twice is withdrawn.
        Ok(()) | Err(AnswersError::Missing) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(unanswered(error)),
    }
}

/// Ask for something about one's own data
///
/// The officer decides.
#[utoipa::path(post, operation_id = "ask_about_data", path = "/api/v1/me/requests", tag = "seat", request_body = OwnWish,
    responses((status = NO_CONTENT)))]
pub async fn ask(State(web): State<Web>, call: Call, Body(wish): Body<OwnWish>) -> Answer<StatusCode> {
    let kind: Wish = wish.kind.parse().map_err(|()| Fault::field("kind", "choice"))?;
    web.app.ask_about_data(&call.seat()?.person, kind, &wish.text).await.map_err(unanswered)?;
    Ok(StatusCode::NO_CONTENT)
}
