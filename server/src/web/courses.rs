//! Courses: list, form, and the page of one.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_app::courses::{CourseError, MATERIAL_MAX, SurveyQuestion};
use rampart_domain::records::course::{Aspect, COUNTIES, Measure};
use rampart_domain::records::roc::parse_date_time;
use rampart_pages::{
    ClassFields, CourseFields, CourseForm, CourseList, CoursePage, Problem, RevokedRow, SurveySlips, Tone,
};
use rampart_store::{CertificatesOf, ClassSession, CourseAbout, MaterialBody, NewClassSession, SessionsOf};
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::{count, courses as view};
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// What a refusal says; what is no refusal goes on as an error.
pub(crate) fn problem(error: CourseError) -> Result<Problem, WebError> {
    match error {
        CourseError::Field { field, code, about } => {
            Ok(Problem::new(code).with("max", &about).with("about", about).on(field))
        }
        CourseError::Missing => Err(WebError::not_found()),
        CourseError::App(error) => Err(error.into()),
    }
}

/// The same where nothing but an error can be shown.
pub(super) fn failed(error: CourseError) -> WebError {
    match problem(error) {
        Ok(problem) => WebError::with(StatusCode::UNPROCESSABLE_ENTITY, problem),
        Err(error) => error,
    }
}

pub(super) fn may_edit(staff: &Staff) -> bool {
    staff.role == Role::Instructor
}

/// Address of this server without a slash at its end.
pub(super) fn base(web: &Web, visit: &Here) -> String {
    base_at(web, &visit.host)
}

/// The same for whoever asked this host.
pub(crate) fn base_at(web: &Web, host: &str) -> String {
    let own = web.house.address.clone().unwrap_or_else(|| {
        let scheme = if web.house.secure { "https" } else { "http" };
        format!("{scheme}://{host}")
    });
    own.trim_end_matches('/').to_owned()
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    q: String,
    #[serde(default)]
    show: String,
}

async fn list_page(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    sought: &Sought,
    refused: Option<(Problem, String, String)>,
) -> Result<CourseList, WebError> {
    let query = sought.q.trim().to_lowercase();
    let away = sought.show == "all";
    let sessions = web.app.store.courses().sessions(SessionsOf::Between(i64::MIN, i64::MAX)).await?;
    let found = |about: &CourseAbout| {
        let text =
            format!("{} {} {} {}", about.code, about.title, about.category, about.speciality).to_lowercase();
        query.split_whitespace().all(|word| text.contains(word))
    };
    let rows = web
        .app
        .store
        .courses()
        .list()
        .await?
        .iter()
        .filter(|course| (away || course.removed_ms.is_none()) && found(&course.about))
        .map(|course| view::row(course, &sessions, visit.now_ms))
        .collect();
    let (pass, late) = web.app.course_defaults().await?;
    let (problems, pass_mark, late) = match refused {
        Some((problem, pass, late)) => (vec![problem], pass, late),
        None => (Vec::new(), pass.to_string(), late.to_string()),
    };
    let query = sought.q.trim().to_owned();
    Ok(CourseList { rows, query, away, may_edit: may_edit(staff), pass_mark, late, problems })
}

/// `GET /courses`.
pub(super) async fn list(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Query(sought): Query<Sought>,
) -> Answer {
    web.page(&visit, &list_page(&web, &visit, &staff, &sought, None).await?)
}

/// `POST /courses`: what new courses begin with.
pub(super) async fn set_defaults(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let (pass, late) = (form.get("pass_mark"), form.get("late"));
    let read = (pass.parse::<u8>().unwrap_or(u8::MAX), late.parse::<u16>().unwrap_or(u16::MAX));
    match web.app.set_course_defaults(read.0, read.1, &staff.id).await {
        Ok(()) => {
            let mut response = see_other("/courses");
            flash(&web, &mut response, Tone::Ok, "saved", &[]);
            Ok(response)
        }
        Err(error) => {
            let refused = (problem(error)?, pass.to_owned(), late.to_owned());
            let page = list_page(&web, &visit, &staff, &Sought::default(), Some(refused)).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
    }
}

fn form_page(id: Option<&str>, form: CourseFields, problems: Vec<Problem>) -> CourseForm {
    CourseForm {
        id: id.map(str::to_owned),
        form,
        counties: COUNTIES.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect(),
        measures: Measure::ALL.iter().map(|measure| measure.code()).collect(),
        problems,
    }
}

/// `GET /courses/new`.
pub(super) async fn new_form(State(web): State<Web>, visit: Here) -> Answer {
    let (pass, _) = web.app.course_defaults().await?;
    let form = CourseFields {
        aspect: Aspect::Technique.code().to_owned(),
        category: "523".to_owned(),
        digital: "0".to_owned(),
        tested: true,
        pass_mark: pass.to_string(),
        work_related: true,
        county: "30".to_owned(),
        ..CourseFields::default()
    };
    web.page(&visit, &form_page(None, form, Vec::new()))
}

/// `GET /courses/{id}/edit`.
pub(super) async fn edit_form(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let course = web.app.course(&id).await.map_err(failed)?;
    web.page(&visit, &form_page(Some(&id), view::fields(&course.about), Vec::new()))
}

async fn save(web: &Web, visit: &Here, staff: &Staff, id: Option<&str>, form: &Posted) -> Answer {
    if let Some(id) = id {
        web.app.course(id).await.map_err(failed)?;
    }
    let text = |name| form.get(name).to_owned();
    let typed = CourseFields {
        code: text("code"),
        title: text("title"),
        aspect: text("aspect"),
        speciality: text("speciality"),
        category: text("category"),
        hours: text("hours"),
        digital: text("digital"),
        tested: form.get("tested") == "yes",
        pass_mark: text("pass_mark"),
        work_related: form.get("work_related") == "yes",
        measures: form.all("measure").map(str::to_owned).collect(),
        county: text("county"),
    };
    let about = CourseAbout {
        code: typed.code.clone(),
        title: typed.title.clone(),
        aspect: Aspect::from_code(&typed.aspect).ok_or_else(WebError::bad_request)?,
        speciality: typed.speciality.clone(),
        category: typed.category.clone(),
        minutes: view::minutes(&typed.hours).unwrap_or(0),
        digital_minutes: view::minutes(&typed.digital).unwrap_or(u32::MAX),
        tested: typed.tested,
        pass_mark: typed.pass_mark.parse().unwrap_or(u8::MAX),
        work_related: typed.work_related,
        measures: Measure::ALL
            .iter()
            .copied()
            .filter(|measure| typed.measures.iter().any(|code| code == measure.code()))
            .collect(),
        county: typed.county.clone(),
    };
    match web.app.save_course(id, &about, &staff.id).await {
        Ok(id) => {
            let mut response = see_other(&format!("/courses/{id}"));
            flash(web, &mut response, Tone::Ok, "course_saved", &[]);
            Ok(response)
        }
        Err(error) => {
            let page = form_page(id, typed, vec![problem(error)?]);
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
        }
    }
}

/// `POST /courses/new`.
pub(super) async fn create(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    save(&web, &visit, &staff, None, &form).await
}

/// `POST /courses/{id}/edit`.
pub(super) async fn edit(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    save(&web, &visit, &staff, Some(&id), &form).await
}

/// Exercises that may be a session, id and words, latest first.
pub(super) async fn exercises(web: &Web) -> Result<Vec<(String, String)>, WebError> {
    let mut rows = web.app.store.exercises().list().await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.starts_ms));
    Ok(rows.into_iter().map(|row| (row.id, format!("{} {}", row.code, row.title))).collect())
}

/// Code of the exercise that a session is.
pub(super) async fn exercise_code(web: &Web, session: &ClassSession) -> Result<Option<String>, WebError> {
    let Some(id) = &session.exercise_id else { return Ok(None) };
    Ok(web.app.store.exercises().by_id(id).await?.map(|row| row.code))
}

/// A session's form as typed, and read: each day has the same parts.
pub(super) fn read_session(
    form: &Posted,
    course: &str,
    id: &str,
) -> (ClassFields, Result<NewClassSession, Problem>) {
    let text = |name| form.get(name).to_owned();
    let typed = ClassFields {
        code: text("code"),
        class_no: text("class_no"),
        place: text("place"),
        day_from: text("day_from"),
        day_to: text("day_to"),
        am_from: text("am_from"),
        am_to: text("am_to"),
        pm_from: text("pm_from"),
        pm_to: text("pm_to"),
        late: text("late"),
        exercise: text("exercise"),
    };
    let read = || {
        const DAY_MS: i64 = 86_400_000;
        let bad = || Problem::new("bad_time").on("halves");
        let moment = |day: &str, time: &str| parse_date_time(&format!("{day} {time}")).map_err(|_| bad());
        let first = moment(&typed.day_from, "00:00")?;
        let last = if typed.day_to.is_empty() { first } else { moment(&typed.day_to, "00:00")? };
        let days = (last - first) / DAY_MS;
        if !(0..=31).contains(&days) {
            return Err(bad());
        }
        let parts = [(&typed.am_from, &typed.am_to), (&typed.pm_from, &typed.pm_to)];
        let mut halves = Vec::new();
        for (from, to) in parts.into_iter().filter(|(from, to)| !from.is_empty() || !to.is_empty()) {
            let (start, end) = (moment(&typed.day_from, from)?, moment(&typed.day_from, to)?);
            // An end before its start is on the next day.
            let end = if end < start { end + DAY_MS } else { end };
            halves.extend((0..=days).map(|day| (start + day * DAY_MS, end + day * DAY_MS)));
        }
        let number = |name: &'static str, value: &str| {
            value.parse::<u32>().map_err(|_| Problem::new("not_a_number").on(name))
        };
        Ok(NewClassSession {
            id: id.to_owned(),
            course_id: course.to_owned(),
            code: typed.code.clone(),
            class_no: number("class_no", &typed.class_no)?,
            place: typed.place.clone(),
            halves,
            late_minutes: u16::try_from(number("late", &typed.late)?).unwrap_or(u16::MAX),
            exercise_id: Some(typed.exercise.clone()).filter(|id| !id.is_empty()),
        })
    };
    let read = read();
    (typed, read)
}

/// What was typed into the forms of a course's page.
#[derive(Default)]
struct Typed {
    form: Option<ClassFields>,
    questions: String,
}

async fn page_of(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    id: &str,
    typed: Typed,
    problems: Vec<Problem>,
) -> Result<CoursePage, WebError> {
    let (course, people) = web.app.course_standing(id).await.map_err(failed)?;
    let stored = web.app.store.courses().sessions(SessionsOf::Course(id)).await?;
    let mut sessions = Vec::with_capacity(stored.len());
    for session in &stored {
        sessions.push(view::session(session, exercise_code(web, session).await?));
    }
    let mut surveys = Vec::new();
    for survey in web.app.store.surveys().of_course(id).await? {
        let questions = web.app.store.surveys().questions(&survey.id).await?;
        let answers = web.app.store.surveys().answers(&survey.id).await?;
        surveys.push(view::survey(&survey, &questions, &answers, visit.locale));
    }
    let revoked = web.app.store.certificates().list(CertificatesOf::Course(id)).await?;
    let (_, late) = web.app.course_defaults().await?;
    let form = typed.form.unwrap_or_else(|| ClassFields {
        class_no: (stored.len() + 1).to_string(),
        am_from: "09:00".to_owned(),
        am_to: "12:00".to_owned(),
        pm_from: "13:30".to_owned(),
        pm_to: "16:30".to_owned(),
        late: late.to_string(),
        ..ClassFields::default()
    });
    Ok(CoursePage {
        course: view::head(&course),
        may_edit: may_edit(staff),
        officer: staff.role == Role::Officer,
        sessions,
        to_issue: count(
            people.iter().filter(|row| row.faults.is_empty() && row.certificate.is_none()).count(),
        ),
        standing: people.iter().map(view::standing).collect(),
        revoked: revoked
            .into_iter()
            .filter_map(|one| {
                Some(RevokedRow {
                    at_ms: one.revoked_ms?,
                    number: format!("{}-{}", one.number, one.check_code),
                    id: one.id,
                    name: one.name,
                    reason: one.revoked_reason.unwrap_or_default(),
                })
            })
            .collect(),
        surveys,
        materials: web.app.store.courses().materials(id).await?.into_iter().map(view::material).collect(),
        form,
        exercises: exercises(web).await?,
        questions: typed.questions,
        file_mb: count(MATERIAL_MAX >> 20),
        problems,
    })
}

/// `GET /courses/{id}`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    web.page(&visit, &page_of(&web, &visit, &staff, &id, Typed::default(), Vec::new()).await?)
}

/// Questions, one a line: Chinese / English, with a `?` before those that ask for words.
fn questions(typed: &str) -> Vec<SurveyQuestion> {
    let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (scale, text) = line.strip_prefix('?').map_or((true, line), |text| (false, text));
            let (zh, en) = text.split_once(" / ").unwrap_or((text, ""));
            SurveyQuestion { scale, zh: zh.trim().to_owned(), en: en.trim().to_owned() }
        })
        .collect()
}

/// `POST /courses/{id}`.
pub(super) async fn act(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let app = &web.app;
    app.course(&id).await.map_err(failed)?;
    let by = staff.id.as_str();
    let mut typed = Typed { form: None, questions: form.raw("questions").to_owned() };
    let mut place = format!("/courses/{id}");
    let mut args: Vec<(&str, String)> = Vec::new();
    let (code, done) = match form.get("act") {
        "away" => ("saved", app.put_course_away(&id, true, by).await),
        "back" => ("saved", app.put_course_away(&id, false, by).await),
        "session" => {
            let (fields, read) = read_session(&form, &id, "");
            typed.form = Some(fields);
            match read {
                Ok(new) => (
                    "session_saved",
                    app.save_class_session(&new, by).await.map(|session| {
                        place = format!("/courses/{id}/sessions/{session}");
                    }),
                ),
                Err(problem) => return refused(&web, &visit, &staff, &id, typed, problem).await,
            }
        }
        "issue" => ("issued", app.issue_certificates(&id, by).await.map(|n| args.push(("n", n.to_string())))),
        "revoke" => {
            let done = app.revoke_certificate(&id, form.get("certificate"), form.get("reason"), by).await;
            ("revoked", done)
        }
        "survey" => {
            let done = app.make_survey(&id, form.get("survey_title"), &questions(&typed.questions), by).await;
            ("survey_made", done.map(drop))
        }
        "material_link" => {
            let link = form.get("link").to_owned();
            let name = if form.get("link_name").is_empty() {
                link.clone()
            } else {
                form.get("link_name").to_owned()
            };
            ("material_saved", app.add_material(&id, &name, &MaterialBody::Link(link), by).await.map(drop))
        }
        "material_file" => {
            let file = form.file.clone().unwrap_or_default();
            let body = MaterialBody::File(file.bytes.to_vec());
            ("material_saved", app.add_material(&id, &file.name, &body, by).await.map(drop))
        }
        "material_remove" => ("material_saved", app.remove_material(&id, form.get("material"), by).await),
        _ => return Err(WebError::bad_request()),
    };
    if let Err(error) = done {
        return refused(&web, &visit, &staff, &id, typed, problem(error)?).await;
    }
    let mut response = see_other(&place);
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    flash(&web, &mut response, Tone::Ok, code, &args);
    Ok(response)
}

async fn refused(web: &Web, visit: &Here, staff: &Staff, id: &str, typed: Typed, problem: Problem) -> Answer {
    let page = page_of(web, visit, staff, id, typed, vec![problem]).await?;
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
}

/// `POST /courses/{id}/surveys/{survey}`: makes tokens and shows them, this once, or closes the questionnaire.
pub(super) async fn survey_act(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((id, survey)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    web.app.survey(&id, &survey).await.map_err(failed)?;
    let at = visit.at(&format!("/courses/{id}"));
    match form.get("act") {
        "hand_out" => {
            let number = form.get("number").parse().unwrap_or(0);
            let tokens = match web.app.hand_survey_out(&id, &survey, number, &staff.id).await {
                Ok(tokens) => tokens,
                Err(error) => {
                    return refused(&web, &at, &staff, &id, Typed::default(), problem(error)?).await;
                }
            };
            let known = web.app.survey(&id, &survey).await.map_err(failed)?;
            let base = base(&web, &visit);
            let slip = |token: String| {
                let address = format!("{base}/survey/{token}");
                view::qr(&address).map(|code| (address, code))
            };
            let page = SurveySlips {
                course: view::head(&web.app.course(&id).await.map_err(failed)?),
                title: known.title,
                slips: tokens.into_iter().filter_map(slip).collect(),
            };
            web.page(&at, &page)
        }
        "close" => {
            web.app.close_survey(&id, &survey, &staff.id).await.map_err(failed)?;
            let mut response = see_other(&format!("/courses/{id}"));
            flash(&web, &mut response, Tone::Ok, "survey_closed", &[]);
            Ok(response)
        }
        _ => Err(WebError::bad_request()),
    }
}

/// `GET /courses/{id}/materials/{material}`.
pub(super) async fn material(State(web): State<Web>, Path((id, material)): Path<(String, String)>) -> Answer {
    material_file(&web, &id, &material).await
}

/// A material to be saved, never shown: it is whatever somebody uploaded.
pub(crate) async fn material_file(web: &Web, course: &str, material: &str) -> Answer {
    let found = web.app.store.courses().material_file(course, material).await?;
    let (name, bytes) = found.ok_or_else(WebError::not_found)?;
    let mut response: Response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(super::headers::SANDBOX));
    headers.insert(header::CONTENT_DISPOSITION, super::files::disposition(&name));
    Ok(response)
}
