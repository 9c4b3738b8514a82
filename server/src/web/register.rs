//! One person of the register, and the agencies.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::RegisterError;
use rampart_app::records::roster::CHARS_MAX;
use rampart_domain::records::{Area, DutyClass, Identity, Level};
use rampart_pages::{AgencyForm, AgencyList, PersonForm, PersonPage, PersonRef, Problem, Tone};
use rampart_store::{Agency, PersonEdit};
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::{count, register as view};
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// What a refusal says; what is no refusal goes on as an error.
pub(crate) fn problem(error: RegisterError) -> Result<Problem, WebError> {
    Ok(match error {
        RegisterError::Field { field, code } => Problem::new(code).with("max", CHARS_MAX).on(field),
        RegisterError::Taken("staff_no") => Problem::new("number_taken").on("staff_no"),
        RegisterError::Taken("code") => Problem::new("agency_code_taken").on("code"),
        RegisterError::Taken(_) => Problem::new("agency_name_taken").on("name"),
        RegisterError::Seated => Problem::new("person_seated"),
        RegisterError::Missing => return Err(WebError::not_found()),
        RegisterError::App(error) => return Err(error.into()),
    })
}

/// Agencies to choose from: those on the list, and those that people name.
async fn agency_names(web: &Web) -> Result<Vec<String>, WebError> {
    let mut names: Vec<String> =
        web.app.store.agencies().list().await?.into_iter().map(|agency| agency.name).collect();
    names.extend(web.app.store.persons().agencies().await?.into_iter().map(|(name, _)| name));
    names.sort();
    names.dedup();
    Ok(names)
}

/// Rows that were found to be this person.
async fn merged(web: &Web, id: &str) -> Result<Vec<PersonRef>, WebError> {
    let found = web.app.store.merges().about(id).await?;
    let rows: Vec<String> = found
        .into_iter()
        .filter(|merge| merge.undone_ms.is_none() && merge.into_id == id)
        .map(|merge| merge.person_id)
        .collect();
    Ok(web.app.store.persons().by_ids(&rows).await?.iter().map(view::reference).collect())
}

/// The page of a person, or of one to be entered.
async fn page_of(
    web: &Web,
    staff: &Staff,
    id: Option<&str>,
    refused: Option<(PersonForm, Problem)>,
) -> Result<PersonPage, WebError> {
    let agencies = agency_names(web).await?;
    let (typed, problems) = match refused {
        Some((form, problem)) => (Some(form), vec![problem]),
        None => (None, Vec::new()),
    };
    let Some(id) = id else {
        return Ok(PersonPage {
            id: None,
            form: typed.unwrap_or_default(),
            agencies,
            removed_ms: None,
            merged_into: None,
            merged: Vec::new(),
            history: Vec::new(),
            took_part: Vec::new(),
            duty: String::new(),
            officer: false,
            problems,
        });
    };
    let card = web.app.person_card(id).await?.ok_or_else(WebError::not_found)?;
    let merged_into = match &card.person.merged_into {
        Some(into) => web.app.store.persons().by_id(into).await?,
        None => None,
    };
    let duty = web.app.store.programme().duties().await?.get(id).map_or("", |duty| duty.code());
    Ok(PersonPage {
        id: Some(id.to_owned()),
        form: typed.unwrap_or_else(|| view::form(&card)),
        agencies,
        removed_ms: card.person.removed_ms,
        merged_into: merged_into.as_ref().map(view::reference),
        merged: merged(web, id).await?,
        took_part: view::took_part(&card),
        history: card.history.into_iter().map(view::change).collect(),
        duty: duty.to_owned(),
        officer: staff.role == Role::Officer,
        problems,
    })
}

/// `GET /people/new`.
pub(super) async fn new_form(State(web): State<Web>, visit: Here, staff: Staff) -> Answer {
    web.page(&visit, &page_of(&web, &staff, None, None).await?)
}

/// `GET /people/{id}`.
pub(super) async fn person(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    web.page(&visit, &page_of(&web, &staff, Some(&id), None).await?)
}

fn typed(form: &Posted) -> (PersonEdit, PersonForm) {
    let get = |name| form.get(name).to_owned();
    let identity = Identity::from_code(form.get("identity"));
    let edit = PersonEdit {
        name: get("name"),
        staff_no: get("staff_no"),
        agency: get("agency"),
        grade: get("grade"),
        identity,
        emails: form.get("emails").split_whitespace().map(str::to_owned).collect(),
    };
    let again = PersonForm {
        name: edit.name.clone(),
        staff_no: edit.staff_no.clone(),
        agency: edit.agency.clone(),
        grade: edit.grade.clone(),
        identity: identity.map(view::identity),
        emails: get("emails"),
    };
    (edit, again)
}

async fn save(web: &Web, visit: &Here, staff: &Staff, id: Option<&str>, form: &Posted) -> Answer {
    let (edit, again) = typed(form);
    match web.app.save_person(id, &edit, &staff.id).await {
        Ok(id) => {
            let mut response = see_other(&format!("/people/{id}"));
            flash(web, &mut response, Tone::Ok, "person_saved", &[("name", &edit.name)]);
            Ok(response)
        }
        Err(error) => {
            let page = page_of(web, staff, id, Some((again, problem(error)?))).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
        }
    }
}

/// `POST /people/new`.
pub(super) async fn create(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    save(&web, &visit, &staff, None, &form).await
}

/// `POST /people/{id}`.
pub(super) async fn set_person(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let person = web.app.store.persons().by_id(&id).await?.ok_or_else(WebError::not_found)?;
    let removed = match form.get("act") {
        "save" => return save(&web, &visit, &staff, Some(&id), &form).await,
        "duty" => {
            let duty = match form.get("duty") {
                "" => None,
                code => Some(DutyClass::from_code(code).ok_or_else(WebError::bad_request)?),
            };
            web.app.set_duty(&id, duty, &staff.id).await?;
            let mut response = see_other(&format!("/people/{id}"));
            flash(&web, &mut response, Tone::Ok, "saved", &[]);
            return Ok(response);
        }
        "remove" => true,
        "restore" => false,
        _ => return Err(WebError::bad_request()),
    };
    if let Err(error) = web.app.set_person_removed(&id, removed, &staff.id).await {
        let problem = problem(error)?;
        let mut page = page_of(&web, &staff, Some(&id), None).await?;
        page.problems.push(problem);
        return web.page_as(StatusCode::CONFLICT, &visit, &page);
    }
    let mut response = see_other(&format!("/people/{id}"));
    let code = if removed { "person_removed" } else { "person_restored" };
    flash(&web, &mut response, Tone::Ok, code, &[("name", &person.name)]);
    Ok(response)
}

/// Query of the agencies.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Edited {
    #[serde(default)]
    edit: String,
}

async fn agencies_page(
    web: &Web,
    staff: &Staff,
    form: AgencyForm,
    problems: Vec<Problem>,
) -> Result<AgencyList, WebError> {
    let mut named: BTreeMap<String, u64> = web.app.store.persons().agencies().await?.into_iter().collect();
    let rows = web.app.store.agencies().list().await?;
    let rows = rows
        .into_iter()
        .map(|agency| {
            let people = named.remove(&agency.name).unwrap_or(0);
            view::agency(agency, people)
        })
        .collect();
    let number = |people| count(usize::try_from(people).unwrap_or(usize::MAX));
    Ok(AgencyList {
        rows,
        unlisted: named.into_iter().map(|(name, people)| (name, number(people))).collect(),
        form,
        may_edit: matches!(staff.role, Role::Instructor | Role::Officer),
        problems,
    })
}

/// `GET /people/agencies`.
pub(super) async fn agencies(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Query(query): Query<Edited>,
) -> Answer {
    let known =
        if query.edit.is_empty() { None } else { web.app.store.agencies().by_id(&query.edit).await? };
    let form = known.as_ref().map(view::agency_form).unwrap_or_default();
    web.page(&visit, &agencies_page(&web, &staff, form, Vec::new()).await?)
}

/// `POST /people/agencies`.
pub(super) async fn set_agency(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let id = form.get("id");
    let mut response = see_other("/people/agencies");
    match form.get("act") {
        "remove" => {
            let known = web.app.store.agencies().by_id(id).await?.ok_or_else(WebError::not_found)?;
            match web.app.remove_agency(id, &staff.id).await {
                Ok(()) => flash(&web, &mut response, Tone::Ok, "agency_removed", &[("name", &known.name)]),
                Err(error) => return Err(problem(error).err().unwrap_or_else(WebError::not_found)),
            }
        }
        "save" => {
            let get = |name| form.get(name).to_owned();
            let agency = Agency {
                id: id.to_owned(),
                code: get("code"),
                name: get("name"),
                level: Level::from_code(form.get("level")),
                area: Area::from_code(form.get("area")),
                county: get("county"),
                ..Agency::default()
            };
            match web.app.save_agency(&agency, &staff.id).await {
                Ok(moved) => {
                    let moved = moved.to_string();
                    let args = [("name", agency.name.as_str()), ("n", &moved)];
                    flash(&web, &mut response, Tone::Ok, "agency_saved", &args);
                }
                Err(error) => {
                    let problems = vec![problem(error)?];
                    let page = agencies_page(&web, &staff, view::agency_form(&agency), problems).await?;
                    return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page);
                }
            }
        }
        _ => return Err(WebError::bad_request()),
    }
    Ok(response)
}
