//! The file of hours for the civil servants' portal. The ID numbers come with the form and go with the file; nothing of them
//! stays here, neither in a log nor in an error.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::{UploadError, UploadWish};
use rampart_domain::records::portal::{COUNTIES, Category, Fault, Profile, What};
use rampart_pages::{Locale, Problem};
use rampart_store::Officer;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::Web;
use super::statistics::{download, refused};
use super::visit::Here;
use super::who::Staff;

/// Longest list of ID numbers, bytes; 3,000 people are 60 kB.
const NUMBERS_MAX: usize = 512 * 1024;
/// Faults that are named; more are counted.
const FAULTS_SHOWN: usize = 50;

/// What the form asks for; the text code of what is wrong with it.
fn wish(form: &Posted) -> Result<UploadWish, &'static str> {
    let profile = Profile::of(form.get("profile")).ok_or("bad_request")?;
    let category = Category::from_code(form.get("category")).ok_or("bad_request")?;
    let county = COUNTIES.iter().find(|(code, _)| *code == form.get("county")).ok_or("bad_request")?.0;
    let batch = form.get("batch");
    if batch.is_empty() || batch.chars().count() > 20 {
        return Err("portal_batch");
    }
    let mut numbers = form.raw("numbers").to_owned();
    if let Some(file) = form.file.as_ref().filter(|file| !file.bytes.is_empty()) {
        let text = std::str::from_utf8(&file.bytes).map_err(|_| "portal_list")?;
        numbers.push('\n');
        numbers.push_str(text.trim_start_matches('\u{feff}'));
    }
    if numbers.trim().is_empty() || numbers.len() > NUMBERS_MAX {
        return Err("portal_list");
    }
    Ok(UploadWish {
        profile,
        category,
        county: county.to_owned(),
        batch: batch.to_owned(),
        digital: form.get("digital") == "yes",
        numbers,
    })
}

/// Every fault in words, by person.
fn listed(web: &Web, locale: Locale, faults: &[Fault]) -> String {
    let said = faults.iter().take(FAULTS_SHOWN).map(|fault| {
        let problem = match &fault.what {
            What::Encoding { characters, .. } => {
                Problem::new(fault.what.code()).with("characters", characters.clone())
            }
            _ => Problem::new(fault.what.code()),
        };
        format!("{} {}: {}", fault.staff_no, fault.name, web.say(locale, &problem))
    });
    said.collect::<Vec<_>>().join(" ")
}

/// `POST /statistics/{id}/hours`: the file, or all that stands in its way.
pub(super) async fn hours(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    // Nobody types a list for an exercise that is not there.
    web.app.exercise(&id).ok_or_else(WebError::not_found)?;
    let unfit = |problem| WebError::with(StatusCode::UNPROCESSABLE_ENTITY, problem);
    let wish = wish(&form).map_err(|code| unfit(Problem::new(code)))?;
    let officer = Officer { account_id: staff.id.clone() };
    match web.app.hours_upload(&id, &wish, &officer).await {
        Ok(export) => Ok(download(export)),
        Err(UploadError::Lines(lines)) => {
            let lines = lines.iter().take(FAULTS_SHOWN).map(ToString::to_string).collect::<Vec<_>>();
            Err(unfit(Problem::new("portal_lines").with("lines", lines.join(", "))))
        }
        Err(UploadError::Faults(faults)) => {
            let list = listed(&web, visit.locale, &faults);
            let count = i64::try_from(faults.len()).unwrap_or(i64::MAX);
            Err(unfit(Problem::new("portal_faults").with("count", count).with("list", list)))
        }
        Err(UploadError::Nobody) => Err(unfit(Problem::new("portal_nobody"))),
        Err(UploadError::App(error)) => Err(refused(error)),
    }
}
