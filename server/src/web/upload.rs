//! The file of hours for the civil servants' portal, of an exercise, a class session, or a whole course. The ID numbers come with the form and
//! go with the file; nothing of them stays here, neither in a log nor in an error nor in the page that comes back.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::{ClassHours, Digital, HoursRow, UploadError, UploadWish};
use rampart_domain::records::portal::{COUNTIES, Category, Fault, Left, Numbers, Profile, What};
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

/// What somebody asks for, by words; what is wrong with it, by field.
pub(crate) struct Typed<'t> {
    pub profile: &'t str,
    pub category: &'t str,
    pub county: &'t str,
    pub batch: &'t str,
    pub digital: Digital,
    pub numbers: String,
}

impl Typed<'_> {
    pub(crate) fn read(self) -> Result<UploadWish, Problem> {
        let bad = |field: &str| Problem::new("choice").on(field);
        let profile = Profile::of(self.profile).ok_or_else(|| bad("profile"))?;
        let category = Category::from_code(self.category).ok_or_else(|| bad("category"))?;
        let county = COUNTIES.iter().find(|(code, _)| *code == self.county).ok_or_else(|| bad("county"))?.0;
        if self.batch.is_empty() || self.batch.chars().count() > 20 {
            return Err(Problem::new("portal_batch").on("batch"));
        }
        if self.numbers.trim().is_empty() || self.numbers.len() > NUMBERS_MAX {
            return Err(Problem::new("portal_list").on("numbers"));
        }
        Ok(UploadWish {
            profile,
            category,
            county: county.to_owned(),
            batch: self.batch.to_owned(),
            digital: self.digital,
            numbers: self.numbers,
        })
    }
}

/// What the form asks for; what is wrong with it.
fn wish(form: &Posted, digital: Digital) -> Result<UploadWish, Problem> {
    let mut numbers = form.raw("numbers").to_owned();
    if let Some(file) = form.file.as_ref().filter(|file| !file.bytes.is_empty()) {
        let text = std::str::from_utf8(&file.bytes).map_err(|_| Problem::new("portal_list").on("numbers"))?;
        numbers.push('\n');
        numbers.push_str(text.trim_start_matches('\u{feff}'));
    }
    Typed {
        profile: form.get("profile"),
        category: form.get("category"),
        county: form.get("county"),
        batch: form.get("batch"),
        digital,
        numbers,
    }
    .read()
}

/// Every fault in words, by person.
fn listed(web: &Web, locale: Locale, faults: &[Fault]) -> String {
    let said = faults
        .iter()
        .take(FAULTS_SHOWN)
        .map(|fault| format!("{} {}: {}", fault.staff_no, fault.name, web.say(locale, &worded(fault))));
    said.collect::<Vec<_>>().join(" ")
}

/// What is wrong with somebody.
pub(crate) fn worded(fault: &Fault) -> Problem {
    match &fault.what {
        What::Encoding { characters, .. } => {
            Problem::new(fault.what.code()).with("characters", characters.clone())
        }
        _ => Problem::new(fault.what.code()),
    }
}

/// What a refusal says; what is none goes on as an error.
fn refusal(web: &Web, locale: Locale, error: UploadError) -> Result<Problem, WebError> {
    Ok(match error {
        UploadError::Lines(lines) => no_pairs(&lines),
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

/// Lines of the list that are no pair.
pub(crate) fn no_pairs(lines: &[usize]) -> Problem {
    let lines = lines.iter().take(FAULTS_SHOWN).map(ToString::to_string).collect::<Vec<_>>();
    Problem::new("portal_lines").with("lines", lines.join(", ")).on("numbers")
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

/// The word for why somebody has no row.
pub(crate) const fn why_left(why: Left) -> &'static str {
    match why {
        Left::NoOfficial => "no_official",
        Left::IdentityUnknown => "identity_unknown",
        Left::Absent => "absent",
    }
}

fn line(row: &HoursRow) -> HoursLine {
    HoursLine {
        person: register::reference(&row.person),
        identity: row.learner.identity.map(|identity| identity.code()),
        counted_ms: row.learner.seconds * 1000,
        score: row.learner.score,
        certificate: row.learner.certificate.clone(),
        left: row.left.map(why_left),
        short: row.short.map(|(seconds, least)| (seconds * 1000, least * 1000)),
        review: row.open,
    }
}

/// What the form begins with.
fn fields(of: &ClassHours) -> PortalFields {
    let about = &of.course.about;
    // Of a course in several sessions each has its share of the digital hours.
    let minutes = u32::try_from(of.seconds() / 60).unwrap_or(u32::MAX);
    let share = u64::from(about.digital_minutes) * u64::from(minutes) / u64::from(about.minutes.max(1));
    let digital = u32::try_from(share).unwrap_or(u32::MAX).min(minutes);
    PortalFields {
        profile: Profile::ids().first().copied().unwrap_or_default().to_owned(),
        category: about.category.clone(),
        county: about.county.clone(),
        batch: of.session().map_or(1, |session| session.class_no).to_string(),
        digital: Some(view::hours_text(digital)),
    }
}

async fn page(
    web: &Web,
    visit: &Here,
    of: &ClassHours,
    form: PortalFields,
    problems: Vec<Problem>,
) -> Result<ClassHoursPage, WebError> {
    let entered: Vec<&HoursRow> = of.rows.iter().filter(|row| row.left.is_none()).collect();
    Ok(ClassHoursPage {
        course: view::head(&of.course),
        code: of.code().to_owned(),
        whole: of.whole,
        sessions: of.sessions.iter().map(|session| view::session(session, None)).collect(),
        over: of.over(visit.now_ms),
        drill: web.app.portal_numbers().await? == Numbers::Drill,
        entered: count(entered.len()),
        entered_ms: entered.iter().map(|row| row.learner.seconds * 1000).sum(),
        left: count(of.rows.len() - entered.len()),
        rows: of.rows.iter().map(line).collect(),
        profiles: Profile::ids().to_vec(),
        counties: COUNTIES.to_vec(),
        form,
        problems,
    })
}

async fn shown(web: &Web, visit: &Here, course: &str, session: Option<&str>) -> Answer {
    let of = web.app.class_hours(course, session).await.map_err(failed)?;
    let form = fields(&of);
    web.page(visit, &page(web, visit, &of, form, Vec::new()).await?)
}

async fn made(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    (course, session): (&str, Option<&str>),
    form: &Posted,
) -> Answer {
    let of = web.app.class_hours(course, session).await.map_err(failed)?;
    let officer = Officer { account_id: staff.id.clone() };
    let digital = view::minutes(form.get("digital"))
        .map(|minutes| Digital::Seconds(i64::from(minutes) * 60))
        .ok_or_else(|| Problem::new("portal_digital").on("digital"));
    let problem = match digital.and_then(|digital| wish(form, digital)) {
        Ok(wish) => match web.app.class_hours_upload(&of, &wish, &officer).await {
            Ok(export) => return Ok(download(export)),
            Err(error) => refusal(web, visit.locale, error)?,
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
    let page = page(web, visit, &of, form, vec![problem]).await?;
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
}

/// `GET /courses/{id}/sessions/{session}/hours`.
pub(super) async fn class_form(
    State(web): State<Web>,
    visit: Here,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    shown(&web, &visit, &course, Some(&id)).await
}

/// `POST /courses/{id}/sessions/{session}/hours`: the file, or the page with all that stands in its way.
pub(super) async fn class_hours(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    made(&web, &visit, &staff, (&course, Some(&id)), &form).await
}

/// `GET /courses/{id}/hours`: all sessions of a course, added up for each person.
pub(super) async fn course_form(State(web): State<Web>, visit: Here, Path(course): Path<String>) -> Answer {
    shown(&web, &visit, &course, None).await
}

/// `POST /courses/{id}/hours`.
pub(super) async fn course_hours(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(course): Path<String>,
    form: Posted,
) -> Answer {
    made(&web, &visit, &staff, (&course, None), &form).await
}
