//! What people state about themselves: given on a trainee's own page, read and entered by the programme officer alone; what
//! people ask for about their data; how long it is kept.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::{AnswersError, AppError, Retention, WISH_MAX};
use rampart_domain::records::register::NOTICE;
use rampart_domain::records::roc::{form_value, parse_date_time};
use rampart_domain::records::{Age, Answers, Disability, Gender, HomeArea, Indigenous, RocYear};
use rampart_pages::{
    AnswersForm, AnswersGiven, AnswersOrigin, AnswersPage, DataRequestRow, DataRequests, OwnCertificate,
    OwnData, OwnHours, OwnRequestRow, Problem, PurgeCounts, RequestKind, RetentionPage, Tone,
};
use rampart_store::{Officer, Origin, Person, Purged, StoreError, Wish};

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::{count, register as view};
use super::visit::{Here, flash};
use super::who::{Seated, Staff};

/// The own page of who has a seat.
const SEAT_ME: &str = "/seat/me";

fn officer(staff: &Staff) -> Officer {
    Officer { account_id: staff.id.clone() }
}

fn failed(error: AppError) -> WebError {
    match error {
        AppError::Store(StoreError::NotOfficer { .. }) => WebError::forbidden(),
        other => other.into(),
    }
}

/// What a refusal says; what is no refusal goes on as an error.
fn problem(error: AnswersError) -> Result<Problem, WebError> {
    match error {
        AnswersError::Field { field, code } => Ok(Problem::new(code).with("max", WISH_MAX).on(field)),
        AnswersError::Missing => Err(WebError::not_found()),
        AnswersError::App(error) => Err(failed(error)),
    }
}

/// The answers of a form. A code that no form of ours sends is no answer, and refused.
fn read(form: &Posted) -> Result<Answers, WebError> {
    fn one<T>(form: &Posted, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, WebError> {
        match form.get(name) {
            "" => Ok(None),
            code => read(code).map(Some).ok_or_else(WebError::bad_request),
        }
    }
    Ok(Answers {
        gender: one(form, "gender", Gender::from_code)?,
        age: one(form, "age", Age::from_code)?,
        area: one(form, "area", HomeArea::from_code)?,
        indigenous: one(form, "indigenous", Indigenous::from_code)?,
        disability: one(form, "disability", Disability::from_code)?,
    })
}

fn shown(answers: &Answers) -> AnswersForm {
    let code = |code: Option<&str>| code.unwrap_or_default().to_owned();
    AnswersForm {
        gender: code(answers.gender.map(Gender::code)),
        age: code(answers.age.map(Age::code)),
        area: code(answers.area.map(HomeArea::code)),
        indigenous: code(answers.indigenous.map(Indigenous::code)),
        disability: code(answers.disability.map(Disability::code)),
    }
}

fn kind(wish: Wish) -> RequestKind {
    match wish {
        Wish::Correct => RequestKind::Correct,
        Wish::Answers => RequestKind::Answers,
        Wish::All => RequestKind::All,
    }
}

async fn person(web: &Web, id: &str) -> Result<Person, WebError> {
    web.app.store.persons().by_id(id).await?.ok_or_else(WebError::not_found)
}

async fn page_of(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    id: &str,
    problems: Vec<Problem>,
) -> Result<AnswersPage, WebError> {
    let person = person(web, id).await?;
    let row = web.app.answers_of(&officer(staff), id).await.map_err(failed)?;
    Ok(AnswersPage {
        person: view::reference(&person),
        form: row.as_ref().map(|row| shown(&row.answers)).unwrap_or_default(),
        given: row.map(|row| AnswersGiven {
            origin: match row.origin {
                Some(Origin::Own) => AnswersOrigin::Own,
                Some(Origin::Form) => AnswersOrigin::Form,
                Some(Origin::Roster) => AnswersOrigin::Roster,
                None => AnswersOrigin::Unknown,
            },
            consent_ms: row.consent_ms,
            notice: row.notice.unwrap_or_default(),
            changed_ms: row.changed_ms,
        }),
        signed: form_value(visit.now_ms).split('T').next().unwrap_or_default().to_owned(),
        notice: NOTICE.to_owned(),
        problems,
    })
}

/// `GET /people/{id}/answers`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    web.page(&visit, &page_of(&web, &visit, &staff, &id, Vec::new()).await?)
}

/// `POST /people/{id}/answers`.
pub(super) async fn set(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let person = person(&web, &id).await?;
    let (code, done) = match form.get("act") {
        "erase" => ("answers_erased", web.app.erase_answers(&officer(&staff), &id).await),
        "save" => {
            let answers = read(&form)?;
            let signed = parse_date_time(&format!("{} 00:00", form.get("signed")));
            let mut problems = Vec::new();
            if form.get("paper") != "yes" {
                problems.push(Problem::new("paper_required").on("paper"));
            }
            match signed {
                Ok(signed) if problems.is_empty() => {
                    ("answers_saved", web.app.enter_answers(&officer(&staff), &id, &answers, signed).await)
                }
                signed => {
                    if signed.is_err() {
                        problems.push(Problem::new("bad_day").on("signed"));
                    }
                    return refused(&web, &visit, &staff, &id, &answers, problems).await;
                }
            }
        }
        _ => return Err(WebError::bad_request()),
    };
    if let Err(error) = done {
        let problems = vec![problem(error)?];
        return refused(&web, &visit, &staff, &id, &read(&form)?, problems).await;
    }
    let mut response = see_other(&format!("/people/{id}/answers"));
    flash(&web, &mut response, Tone::Ok, code, &[("name", &person.name)]);
    Ok(response)
}

async fn refused(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    id: &str,
    typed: &Answers,
    problems: Vec<Problem>,
) -> Answer {
    let mut page = page_of(web, visit, staff, id, problems).await?;
    page.form = shown(typed);
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
}

/// A person's own page, whose forms go to `action`.
pub(super) async fn own_page(
    web: &Web,
    person_id: &str,
    action: &'static str,
    problems: Vec<Problem>,
) -> Result<OwnData, WebError> {
    let person = person(web, person_id).await?;
    let (consent, requests) = web.app.own_data(person_id).await?;
    let emails = web.app.store.persons().emails(&[person_id.to_owned()]).await?;
    let record = web.app.own_record(person_id).await?;
    let parts = web.app.took_part(person_id).await?;
    // An exercise that is a session of a course counts as such, and not twice.
    let mut years: BTreeMap<i64, i64> = BTreeMap::new();
    for course in &record.courses {
        *years.entry(i64::from(course.year.0)).or_default() += course.seconds * 1000;
    }
    for part in parts.iter().filter(|part| !record.exercises.contains(&part.exercise)) {
        *years.entry(i64::from(RocYear::of_ms(part.starts_ms).0)).or_default() += part.seconds * 1000;
    }
    Ok(OwnData {
        person: view::reference(&person),
        grade: person.grade,
        emails: emails.into_iter().map(|(_, email)| email).collect(),
        given_ms: consent.as_ref().and_then(|consent| consent.at_ms),
        from_roster: consent.is_some_and(|consent| consent.at_ms.is_none()),
        notice: NOTICE.to_owned(),
        action,
        hours: parts
            .into_iter()
            .map(|part| OwnHours {
                code: part.code,
                title: part.title,
                starts_ms: part.starts_ms,
                booked_ms: part.seconds * 1000,
            })
            .collect(),
        courses: record
            .courses
            .into_iter()
            .map(|course| OwnHours {
                code: course.code,
                title: course.title,
                starts_ms: course.starts_ms,
                booked_ms: course.seconds * 1000,
            })
            .collect(),
        years: years.into_iter().rev().collect(),
        certificates: record
            .certificates
            .into_iter()
            .map(|one| OwnCertificate {
                number: format!("{}-{}", one.number, one.check_code),
                id: one.id,
                title: one.course_title,
                issued_ms: one.issued_ms,
                revoked: one.revoked_ms.is_some(),
            })
            .collect(),
        requests: requests
            .into_iter()
            .map(|request| OwnRequestRow {
                kind: kind(request.wish),
                at_ms: request.at_ms,
                granted: request.granted,
                reply: request.reply.unwrap_or_default(),
            })
            .collect(),
        problems,
    })
}

/// `GET /seat/me`.
pub(super) async fn own(State(web): State<Web>, visit: Here, seat: Seated) -> Answer {
    web.page(&visit, &own_page(&web, &seat.person, SEAT_ME, Vec::new()).await?)
}

/// `POST /seat/me`.
pub(super) async fn set_own(State(web): State<Web>, visit: Here, seat: Seated, form: Posted) -> Answer {
    act_own(&web, &visit, &seat.person, SEAT_ME, &form).await
}

/// Does what a person asks for on their own page.
pub(super) async fn act_own(
    web: &Web,
    visit: &Here,
    person: &str,
    action: &'static str,
    form: &Posted,
) -> Answer {
    let (code, done) = match form.get("act") {
        "answers" if form.get("consent") != "yes" => {
            let problems = vec![Problem::new("consent_required").on("consent")];
            let page = own_page(web, person, action, problems).await?;
            return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page);
        }
        "answers" => {
            web.app.give_answers(person, &read(form)?).await?;
            ("own_answers_saved", Ok(()))
        }
        "withdraw" => ("own_answers_withdrawn", web.app.withdraw_answers(person).await),
        "ask" => {
            let wish: Wish = form.get("kind").parse().map_err(|()| WebError::bad_request())?;
            ("request_sent", web.app.ask_about_data(person, wish, form.get("wish")).await)
        }
        _ => return Err(WebError::bad_request()),
    };
    match done {
        // Withdrawn twice is withdrawn.
        Ok(()) | Err(AnswersError::Missing) => {
            let mut response = see_other(action);
            flash(web, &mut response, Tone::Ok, code, &[]);
            Ok(response)
        }
        Err(error) => {
            let page = own_page(web, person, action, vec![problem(error)?]).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
        }
    }
}

async fn requests_page(web: &Web, staff: &Staff, problems: Vec<Problem>) -> Result<DataRequests, WebError> {
    let accounts = web.app.store.accounts().list().await?;
    let names: BTreeMap<String, String> = accounts.into_iter().map(|of| (of.id, of.name)).collect();
    let rows = web.app.data_requests(&officer(staff)).await.map_err(failed)?;
    Ok(DataRequests {
        rows: rows
            .into_iter()
            .map(|(request, person)| DataRequestRow {
                id: request.id,
                person: view::reference(&person),
                kind: kind(request.wish),
                text: request.text,
                at_ms: request.at_ms,
                granted: request.granted,
                reply: request.reply.unwrap_or_default(),
                decided_by: request.decided_by.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
                decided_ms: request.decided_ms,
            })
            .collect(),
        problems,
    })
}

/// `GET /people/requests`.
pub(super) async fn requests(State(web): State<Web>, visit: Here, staff: Staff) -> Answer {
    web.page(&visit, &requests_page(&web, &staff, Vec::new()).await?)
}

/// `POST /people/requests`.
pub(super) async fn decide(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let granted = match form.get("act") {
        "grant" => true,
        "refuse" => false,
        _ => return Err(WebError::bad_request()),
    };
    let decided =
        web.app.decide_request(&officer(&staff), form.get("request"), granted, form.get("reply")).await;
    match decided {
        Ok(_) => {
            let mut response = see_other("/people/requests");
            let code = if granted { "request_granted" } else { "request_refused" };
            flash(&web, &mut response, Tone::Ok, code, &[]);
            Ok(response)
        }
        Err(error) => {
            let page = requests_page(&web, &staff, vec![problem(error)?]).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
    }
}

async fn retention_page(web: &Web, visit: &Here) -> Result<RetentionPage, WebError> {
    let retention = web.app.retention().await?;
    let rule = retention.rule(visit.now_ms);
    Ok(RetentionPage {
        answers_days: retention.answers_days.to_string(),
        attendance_years: retention.attendance_years.to_string(),
        recordings_days: retention.recordings_days.to_string(),
        recordings_most: i64::from(web.app.recordings_most()),
        recordings_before_ms: rule.recordings_before_ms,
        answers_before_ms: rule.answers_before_ms,
        attendance_before_ms: rule.attendance_before_ms,
        tried: None,
        problems: Vec::new(),
    })
}

/// `GET /people/retention`.
pub(super) async fn retention(State(web): State<Web>, visit: Here) -> Answer {
    web.page(&visit, &retention_page(&web, &visit).await?)
}

fn counts(of: Purged) -> PurgeCounts {
    let number = |n: u64| count(usize::try_from(n).unwrap_or(usize::MAX));
    PurgeCounts {
        answers: number(of.answers),
        presence: number(of.presence),
        signs: number(of.signs),
        requests: number(of.requests),
        sheets: number(of.sheets),
        recordings: number(of.recordings),
    }
}

/// `POST /people/retention`.
pub(super) async fn set_retention(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    match form.get("act") {
        "set" => {
            let number = |name| form.get(name).parse::<u32>().unwrap_or(u32::MAX);
            let to = Retention {
                answers_days: number("answers_days"),
                attendance_years: number("attendance_years"),
                recordings_days: number("recordings_days"),
            };
            if let Err(error) = web.app.set_retention(to, &staff.id).await {
                let page = RetentionPage {
                    answers_days: form.get("answers_days").to_owned(),
                    attendance_years: form.get("attendance_years").to_owned(),
                    recordings_days: form.get("recordings_days").to_owned(),
                    problems: vec![problem(error)?],
                    ..retention_page(&web, &visit).await?
                };
                return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page);
            }
            let mut response = see_other("/people/retention");
            flash(&web, &mut response, Tone::Ok, "saved", &[]);
            Ok(response)
        }
        "try" => {
            let tried = counts(web.app.purge(&officer(&staff), true).await.map_err(failed)?);
            let page = RetentionPage { tried: Some(tried), ..retention_page(&web, &visit).await? };
            web.page(&visit, &page)
        }
        "purge" => {
            let gone = counts(web.app.purge(&officer(&staff), false).await.map_err(failed)?);
            let number = |n: i64| n.to_string();
            let rest = gone.presence + gone.signs + gone.requests + gone.sheets + gone.recordings;
            let (answers, rest) = (number(gone.answers), number(rest));
            let mut response = see_other("/people/retention");
            flash(&web, &mut response, Tone::Ok, "purged", &[("answers", &answers), ("rest", &rest)]);
            Ok(response)
        }
        _ => Err(WebError::bad_request()),
    }
}
