//! What red teams found: entered by instructors, who are the judges of exercises, and by the officer, whose table X8 it becomes.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use rampart_app::ProgrammeError;
use rampart_domain::records::findings::{self, Finding, FindingResult};
use rampart_domain::records::roc::{form_value, parse_date_time};
use rampart_domain::records::targets::grave_closed;
use rampart_domain::records::{Hundredths, RocDate, RocYear};
use rampart_pages::{FindingRow, FindingsPage, Locale, Problem, Tone};

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::programme::{OfYear, number, wrong, year_or_now};
use super::state::{Web, see_other};
use super::statistics::refused;
use super::visit::{Here, flash};
use super::who::Staff;

/// `115-05-12`.
fn printed(ms: Option<i64>) -> String {
    ms.map(|ms| RocDate::of_ms(ms).to_string()).unwrap_or_default()
}

/// As a date field of a form has it.
fn day(ms: Option<i64>) -> String {
    ms.map(|ms| form_value(ms).split('T').next().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// A finding with its days as `day` writes them.
fn finding_row(one: &Finding, day: fn(Option<i64>) -> String) -> FindingRow {
    FindingRow {
        id: one.id.clone(),
        number: one.number.clone(),
        system: one.system.clone(),
        weakness: one.weakness.clone(),
        cvss: findings::score(one.cvss),
        first: day(Some(one.first_ms)),
        repair: one.repair.clone(),
        repaired: day(one.repaired_ms),
        retest: day(one.retest_ms),
        result: one.result.code().to_owned(),
    }
}

async fn findings_page(
    web: &Web,
    locale: Locale,
    year: RocYear,
    form: Option<FindingRow>,
    id: &str,
    problems: Vec<Problem>,
) -> Result<FindingsPage, WebError> {
    let found = web.app.store.programme().findings(year).await?;
    let (done, grave) = findings::grave(&found);
    let target = grave_closed(&web.app.targets().await?, year);
    let printed = if locale == Locale::En { day } else { printed };
    let rows: Vec<FindingRow> = found.iter().map(|one| finding_row(one, printed)).collect();
    let form = form.or_else(|| found.iter().find(|one| one.id == id).map(|one| finding_row(one, day)));
    Ok(FindingsPage {
        year: i64::from(year.0),
        done,
        grave,
        share: Hundredths::share(done, grave).map_or_else(|| "-".to_owned(), |share| share.to_string()),
        target,
        reached: findings::in_time(&found, target).map(|(_, reached)| reached),
        form: form.unwrap_or_else(|| FindingRow { result: "open".to_owned(), ..FindingRow::default() }),
        rows,
        results: FindingResult::ALL.iter().map(|one| one.code().to_owned()).collect(),
        problems,
    })
}

/// `GET /findings`.
pub(super) async fn list(State(web): State<Web>, visit: Here, Query(query): Query<OfYear>) -> Answer {
    let year = year_or_now(&query.year, &visit);
    let page = findings_page(&web, visit.locale, year, None, &query.id, Vec::new()).await?;
    web.page(&visit, &page)
}

fn typed_finding(form: &Posted) -> Result<Finding, ProgrammeError> {
    let day = |name: &'static str| -> Result<Option<i64>, ProgrammeError> {
        match form.get(name) {
            "" => Ok(None),
            text => {
                parse_date_time(&format!("{text} 00:00")).map(Some).map_err(|_| wrong(name, "record_date"))
            }
        }
    };
    let cvss = findings::read_score(form.get("cvss")).ok_or_else(|| wrong("cvss", "record_number"))?;
    Ok(Finding {
        id: form.get("id").to_owned(),
        year: RocYear(number(form, "year")?),
        number: form.get("number").to_owned(),
        system: form.get("system").to_owned(),
        weakness: form.get("weakness").to_owned(),
        cvss,
        first_ms: day("first")?.ok_or_else(|| wrong("first", "record_empty"))?,
        repair: form.get("repair").to_owned(),
        repaired_ms: day("repaired")?,
        retest_ms: day("retest")?,
        result: FindingResult::from_code(form.get("result")).ok_or_else(|| wrong("result", "record_key"))?,
    })
}

/// `POST /findings`.
pub(super) async fn set(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let year = year_or_now(form.get("year"), &visit);
    let done = match form.get("act") {
        "save" => match typed_finding(&form) {
            Ok(finding) => web.app.save_finding(finding, &staff.id).await.map(drop),
            Err(error) => Err(error),
        },
        "drop" => web.app.remove_finding(form.get("id"), &staff.id).await.map(|_| ()).map_err(Into::into),
        _ => return Err(WebError::bad_request()),
    };
    match done {
        Ok(()) => {
            let mut response = see_other(&format!("/findings?year={year}"));
            flash(&web, &mut response, Tone::Ok, "saved", &[]);
            Ok(response)
        }
        Err(ProgrammeError::Field { field, code }) => {
            let own = |name: &str| form.get(name).to_owned();
            let typed = FindingRow {
                id: own("id"),
                number: own("number"),
                system: own("system"),
                weakness: own("weakness"),
                cvss: own("cvss"),
                first: own("first"),
                repair: own("repair"),
                repaired: own("repaired"),
                retest: own("retest"),
                result: own("result"),
            };
            let problems = vec![Problem::new(code).on(field)];
            let page = findings_page(&web, visit.locale, year, Some(typed), "", problems).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
        Err(ProgrammeError::App(error)) => Err(refused(error)),
    }
}
