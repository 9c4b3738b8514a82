//! The file of hours for the civil servants' portal, of an exercise or of a class session. The ID numbers come with the form and
//! go with the file; nothing of them stays here, neither in a log nor in an error nor in the page that comes back.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::{ClassHours, Digital, HoursRow, UploadError, UploadWish};
use rampart_domain::records::portal::{COUNTIES, Category, Fault, Left, Profile, What};
use rampart_pages::{ClassHoursPage, HoursLine, Locale, PortalFields, Problem};
use rampart_store::Officer;

use super::courses::failed;
use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::Web;
use super::statistics::{download, refused};
use super::view::{count, courses as view, register};
use super::visit::Here;
use super::who::Staff;

/// Longest list of ID numbers, bytes; 3,000 people are 60 kB.
const NUMBERS_MAX: usize = 512 * 1024;
/// Faults that are named; more are counted.
const FAULTS_SHOWN: usize = 50;

/// What the form asks for; what is wrong with it.
fn wish(form: &Posted, digital: Digital) -> Result<UploadWish, Problem> {
    let bad = || Problem::new("bad_request");
    let profile = Profile::of(form.get("profile")).ok_or_else(bad)?;
    let category = Category::from_code(form.get("category")).ok_or_else(bad)?;
    let county = COUNTIES.iter().find(|(code, _)| *code == form.get("county")).ok_or_else(bad)?.0;
    let batch = form.get("batch");
    if batch.is_empty() || batch.chars().count() > 20 {
        return Err(Problem::new("portal_batch").on("batch"));
    }
    let list = || Problem::new("portal_list").on("numbers");
    let mut numbers = form.raw("numbers").to_owned();
    if let Some(file) = form.file.as_ref().filter(|file| !file.bytes.is_empty()) {
        let text = std::str::from_utf8(&file.bytes).map_err(|_| list())?;
        numbers.push('\n');
        numbers.push_str(text.trim_start_matches('\u{feff}'));
    }
    if numbers.trim().is_empty() || numbers.len() > NUMBERS_MAX {
        return Err(list());
    }
    Ok(UploadWish { profile, category, county: county.to_owned(), batch: batch.to_owned(), digital, numbers })
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

/// What a refusal says; what is none goes on as an error.
fn refusal(web: &Web, locale: Locale, error: UploadError) -> Result<Problem, WebError> {
    Ok(match error {
        UploadError::Lines(lines) => {
            let lines = lines.iter().take(FAULTS_SHOWN).map(ToString::to_string).collect::<Vec<_>>();
            Problem::new("portal_lines").with("lines", lines.join(", ")).on("numbers")
        }
        UploadError::Faults(faults) => {
            let list = listed(web, locale, &faults);
            let count = i64::try_from(faults.len()).unwrap_or(i64::MAX);
            Problem::new("portal_faults").with("count", count).with("list", list).on("numbers")
        }
        UploadError::Nobody => Problem::new("portal_nobody"),
        UploadError::NotOver => Problem::new("portal_not_over"),
        UploadError::App(error) => return Err(refused(error)),
    })
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
    let digital = if form.get("digital") == "yes" { Digital::All } else { Digital::None };
    let wish = wish(&form, digital).map_err(unfit)?;
    let officer = Officer { account_id: staff.id.clone() };
    match web.app.hours_upload(&id, &wish, &officer).await {
        Ok(export) => Ok(download(export)),
        Err(error) => Err(unfit(refusal(&web, visit.locale, error)?)),
    }
}

fn line(row: &HoursRow) -> HoursLine {
    HoursLine {
        person: register::reference(&row.person),
        identity: row.learner.identity.map(|identity| identity.code()),
        counted_ms: row.learner.seconds * 1000,
        score: row.learner.score,
        certificate: row.learner.certificate.clone(),
        left: row.left.map(|why| match why {
            Left::NoOfficial => "no_official",
            Left::IdentityUnknown => "identity_unknown",
            Left::Absent => "absent",
        }),
        short: row.short.map(|(seconds, least)| (seconds * 1000, least * 1000)),
        review: row.open,
    }
}

/// What the form of a session begins with.
fn fields(of: &ClassHours) -> PortalFields {
    let about = &of.course.about;
    // Of a course in several sessions each has its share of the digital hours.
    let minutes = u32::try_from(of.session.seconds() / 60).unwrap_or(u32::MAX);
    let share = u64::from(about.digital_minutes) * u64::from(minutes) / u64::from(about.minutes.max(1));
    let digital = u32::try_from(share).unwrap_or(u32::MAX).min(minutes);
    PortalFields {
        profile: Profile::ids().first().copied().unwrap_or_default().to_owned(),
        category: about.category.clone(),
        county: about.county.clone(),
        batch: of.session.class_no.to_string(),
        digital: Some(view::hours_text(digital)),
    }
}

fn page(visit: &Here, of: &ClassHours, form: PortalFields, problems: Vec<Problem>) -> ClassHoursPage {
    ClassHoursPage {
        course: view::head(&of.course),
        session: view::session(&of.session, None),
        over: of.session.cancelled_ms.is_none() && of.session.end_ms <= visit.now_ms,
        entered: count(of.rows.iter().filter(|row| row.left.is_none()).count()),
        entered_ms: of
            .rows
            .iter()
            .filter(|row| row.left.is_none())
            .map(|row| row.learner.seconds * 1000)
            .sum(),
        left: count(of.rows.iter().filter(|row| row.left.is_some()).count()),
        rows: of.rows.iter().map(line).collect(),
        profiles: Profile::ids().to_vec(),
        counties: COUNTIES.to_vec(),
        form,
        problems,
    }
}

async fn class(web: &Web, course: &str, id: &str) -> Result<ClassHours, WebError> {
    web.app.class_hours(course, id).await.map_err(failed)
}

/// `GET /courses/{id}/sessions/{session}/hours`.
pub(super) async fn class_form(
    State(web): State<Web>,
    visit: Here,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    let of = class(&web, &course, &id).await?;
    let form = fields(&of);
    web.page(&visit, &page(&visit, &of, form, Vec::new()))
}

/// `POST /courses/{id}/sessions/{session}/hours`: the file, or the page with all that stands in its way.
pub(super) async fn class_hours(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    let of = class(&web, &course, &id).await?;
    let officer = Officer { account_id: staff.id.clone() };
    let digital = view::minutes(form.get("digital"))
        .map(|minutes| Digital::Seconds(i64::from(minutes) * 60))
        .ok_or_else(|| Problem::new("portal_digital").on("digital"));
    let problem = match digital.and_then(|digital| wish(&form, digital)) {
        Ok(wish) => match web.app.class_hours_upload(&of, &wish, &officer).await {
            Ok(export) => return Ok(download(export)),
            Err(error) => refusal(&web, visit.locale, error)?,
        },
        Err(problem) => problem,
    };
    let typed = |name| form.get(name).to_owned();
    let form = PortalFields {
        profile: typed("profile"),
        category: typed("category"),
        county: typed("county"),
        batch: typed("batch"),
        digital: Some(typed("digital")),
    };
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page(&visit, &of, form, vec![problem]))
}
