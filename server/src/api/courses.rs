//! Courses and what happens at their sessions: made and led as on the pages.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::courses::{ClassRow, ClassSheet, CourseError, PersonStanding};
use rampart_domain::records::course::{
    Aspect, Fault as Unfit, HalfDay as Half, MarkSource, Measure, Standing, TestKind,
};
use rampart_pages::Problem;
use rampart_store::{
    CertificatesOf, ClassMark, ClassSession as Session, Course as Stored, CourseAbout, NewClassSession,
    SessionsOf, StoredCertificate,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List};
use super::gate::Call;
use super::people::person;
use super::types::{
    CertificateInfo, ClassSession, Count, Course, CourseDetail, CourseStanding, CourseWish, HalfDay, Results,
    SessionAct, SessionWish, Sheet, SheetAct, SheetMark, SheetRole, SheetRow, Why,
};
use crate::web::Web;
use crate::web::courses::problem;

/// What a refusal says, by field.
pub(super) fn refused(error: CourseError) -> Fault {
    match problem(error) {
        Ok(problem) => Fault::fields(vec![problem]),
        Err(error) => error.into(),
    }
}

fn session(of: &Session) -> ClassSession {
    ClassSession {
        id: of.id.clone(),
        course: of.course_id.clone(),
        about: SessionWish {
            code: of.code.clone(),
            class_no: of.class_no,
            place: of.place.clone(),
            halves: of
                .halves
                .iter()
                .map(|(start_ms, end_ms)| HalfDay { start_ms: *start_ms, end_ms: *end_ms })
                .collect(),
            late_minutes: Some(of.late_minutes),
            exercise: of.exercise_id.clone(),
        },
        cancelled: of.cancelled_ms.map(|_| of.cancelled_reason.clone().unwrap_or_default()),
    }
}

fn course<'s>(of: &Stored, sessions: impl Iterator<Item = &'s Session>) -> Course {
    let about = &of.about;
    Course {
        id: of.id.clone(),
        about: CourseWish {
            code: about.code.clone(),
            title: about.title.clone(),
            aspect: about.aspect.code().to_owned(),
            speciality: about.speciality.clone(),
            category: about.category.clone(),
            minutes: about.minutes,
            digital_minutes: about.digital_minutes,
            tested: about.tested,
            pass_mark: Some(about.pass_mark),
            work_related: about.work_related,
            measures: about.measures.iter().map(|measure| measure.code().to_owned()).collect(),
            county: about.county.clone(),
            away: of.removed_ms.is_some(),
        },
        sessions: sessions.map(session).collect(),
    }
}

async fn shown(web: &Web, id: &str) -> Result<Course, Fault> {
    let stored = web.app.course(id).await.map_err(refused)?;
    let sessions = web.app.store.courses().sessions(SessionsOf::Course(id)).await?;
    Ok(course(&stored, sessions.iter()))
}

/// Which courses.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Only the one with this code, or with a session of this code.
    pub code: Option<String>,
    /// Those that were put away too.
    #[serde(default)]
    #[param(default = false)]
    pub away: bool,
}

/// List courses
///
/// By code, with their sessions.
#[utoipa::path(get, operation_id = "list_courses", path = "/api/v1/courses", tag = "courses", params(Sought),
    responses((status = OK, body = List<Course>)))]
pub async fn list(State(web): State<Web>, Asked(sought): Asked<Sought>) -> Answer<Json<List<Course>>> {
    let mut sessions: BTreeMap<String, Vec<Session>> = BTreeMap::new();
    for one in web.app.store.courses().sessions(SessionsOf::Between(i64::MIN, i64::MAX)).await? {
        sessions.entry(one.course_id.clone()).or_default().push(one);
    }
    let none = Vec::new();
    let all = web.app.store.courses().list().await?;
    let items = all.iter().filter(|one| sought.away || one.removed_ms.is_none()).filter_map(|one| {
        let own = sessions.get(&one.id).unwrap_or(&none);
        let named =
            |code: &String| one.about.code == *code || own.iter().any(|session| session.code == *code);
        sought.code.as_ref().is_none_or(named).then(|| course(one, own.iter()))
    });
    Ok(Json(List::whole(items.collect())))
}

async fn about(web: &Web, wish: &CourseWish) -> Result<CourseAbout, Fault> {
    let aspect = Aspect::from_code(&wish.aspect).ok_or_else(|| Fault::field("aspect", "choice"))?;
    let measures: Option<Vec<Measure>> = wish.measures.iter().map(|code| Measure::from_code(code)).collect();
    let pass_mark = match wish.pass_mark {
        Some(mark) => mark,
        None => web.app.course_defaults().await?.0,
    };
    Ok(CourseAbout {
        code: wish.code.clone(),
        title: wish.title.clone(),
        aspect,
        speciality: wish.speciality.clone(),
        category: wish.category.clone(),
        minutes: wish.minutes,
        digital_minutes: wish.digital_minutes,
        tested: wish.tested,
        pass_mark,
        work_related: wish.work_related,
        measures: measures.ok_or_else(|| Fault::field("measures", "choice"))?,
        county: wish.county.clone(),
    })
}

/// Make a course
///
/// Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_course", path = "/api/v1/courses", tag = "courses", request_body = CourseWish,
    responses((status = CREATED, body = Course)))]
pub async fn create(
    State(web): State<Web>,
    call: Call,
    Body(wish): Body<CourseWish>,
) -> Answer<(StatusCode, Json<Course>)> {
    let by = &call.staff()?.id;
    let id = web.app.save_course(None, &about(&web, &wish).await?, by).await.map_err(refused)?;
    if wish.away {
        web.app.put_course_away(&id, true, by).await.map_err(refused)?;
    }
    Ok((StatusCode::CREATED, Json(shown(&web, &id).await?)))
}

/// Show a course
///
/// With its sessions, and how each trainee stands.
#[utoipa::path(get, operation_id = "show_course", path = "/api/v1/courses/{course}", tag = "courses",
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = CourseDetail)))]
pub async fn show(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<CourseDetail>> {
    let (_, standing) = web.app.course_standing(&id).await.map_err(refused)?;
    let row = |row: &PersonStanding| CourseStanding {
        person: person(&row.person),
        seconds: row.seconds,
        score: row.score,
        faults: row
            .faults
            .iter()
            .map(|fault| {
                match fault {
                    Unfit::Hours { .. } => "hours",
                    Unfit::NoTest => "no_test",
                    Unfit::Score { .. } => "score",
                    Unfit::NotOver => "not_over",
                }
                .to_owned()
            })
            .collect(),
        certificate: row.certificate.as_ref().map(printed),
    };
    let standing = standing.iter().map(row).collect();
    Ok(Json(CourseDetail { course: shown(&web, &id).await?, standing }))
}

/// Change a course
///
/// All of what it says of itself.
#[utoipa::path(put, operation_id = "change_course", path = "/api/v1/courses/{course}", tag = "courses", request_body = CourseWish,
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = Course)))]
pub async fn change(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<CourseWish>,
) -> Answer<Json<Course>> {
    let by = &call.staff()?.id;
    let known = web.app.course(&id).await.map_err(refused)?;
    web.app.save_course(Some(&id), &about(&web, &wish).await?, by).await.map_err(refused)?;
    if known.removed_ms.is_some() != wish.away {
        web.app.put_course_away(&id, wish.away, by).await.map_err(refused)?;
    }
    Ok(Json(shown(&web, &id).await?))
}

async fn save(
    web: &Web,
    call: &Call,
    (course, id): (&str, &str),
    wish: SessionWish,
) -> Result<ClassSession, Fault> {
    let late_minutes = match wish.late_minutes {
        Some(late) => late,
        None => web.app.course_defaults().await?.1,
    };
    let new = NewClassSession {
        id: id.to_owned(),
        course_id: course.to_owned(),
        code: wish.code,
        class_no: wish.class_no,
        place: wish.place,
        halves: wish.halves.iter().map(|half| (half.start_ms, half.end_ms)).collect(),
        late_minutes,
        exercise_id: wish.exercise,
    };
    let id = web.app.save_class_session(&new, &call.staff()?.id).await.map_err(refused)?;
    Ok(session(&web.app.class_session(course, &id).await.map_err(refused)?))
}

/// Make a session
///
/// Send `Idempotency-Key` to be able to send it again.
#[utoipa::path(post, operation_id = "create_session", path = "/api/v1/courses/{course}/sessions", tag = "courses", request_body = SessionWish,
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = CREATED, body = ClassSession)))]
pub async fn create_session(
    State(web): State<Web>,
    call: Call,
    Path(course): Path<String>,
    Body(wish): Body<SessionWish>,
) -> Answer<(StatusCode, Json<ClassSession>)> {
    Ok((StatusCode::CREATED, Json(save(&web, &call, (&course, ""), wish).await?)))
}

/// Change a session
///
/// All of it; who is on its list stays.
#[utoipa::path(put, operation_id = "change_session", path = "/api/v1/courses/{course}/sessions/{session}", tag = "courses",
    request_body = SessionWish,
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = ClassSession)))]
pub async fn change_session(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(wish): Body<SessionWish>,
) -> Answer<Json<ClassSession>> {
    web.app.class_session(&course, &id).await.map_err(refused)?;
    Ok(Json(save(&web, &call, (&course, &id), wish).await?))
}

pub(super) fn mark(of: &ClassMark) -> SheetMark {
    SheetMark {
        id: of.id.clone(),
        source: of.source.code().to_owned(),
        in_ms: of.in_ms,
        out_ms: of.out_ms,
        reason: of.reason.clone(),
        struck: of.removed_ms.map(|_| of.removed_reason.clone().unwrap_or_default()),
    }
}

fn row(of: &ClassRow) -> SheetRow {
    let half = |half: &Half| {
        match half {
            Half::Absent => "absent",
            Half::Late => "late",
            Half::Early => "early",
            Half::Present => "present",
        }
        .to_owned()
    };
    SheetRow {
        person: person(&of.person),
        roles: of
            .standings
            .iter()
            .map(|(standing, id)| SheetRole { id: id.clone(), role: standing.code().to_owned() })
            .collect(),
        marks: of.marks.iter().chain(&of.struck).map(mark).collect(),
        halves: of.counted.halves.iter().map(half).collect(),
        seconds: of.counted.seconds,
        pre: of.pre,
        post: of.post,
    }
}

/// The sheet of a session
///
/// Everybody by role, with marks, what counts of them, and results.
#[utoipa::path(get, operation_id = "session_sheet", path = "/api/v1/courses/{course}/sessions/{session}", tag = "courses",
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = Sheet)))]
pub async fn sheet(
    State(web): State<Web>,
    Path((course, id)): Path<(String, String)>,
) -> Answer<Json<Sheet>> {
    let sheet = web.app.class_sheet(&course, &id).await.map_err(refused)?;
    Ok(Json(Sheet { session: session(&sheet.session), people: sheet.rows.iter().map(row).collect() }))
}

/// Change who is at a session
///
/// Enters people by role, takes one off, or calls the session off. Answers how many were new.
#[utoipa::path(post, operation_id = "session_people", path = "/api/v1/courses/{course}/sessions/{session}/people", tag = "courses",
    request_body = SessionAct,
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = Count)))]
pub async fn act(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(act): Body<SessionAct>,
) -> Answer<Json<Count>> {
    let by = &call.staff()?.id;
    web.app.class_session(&course, &id).await.map_err(refused)?;
    let done = match act {
        SessionAct::Enter { role, people } => {
            let role = Standing::from_code(&role).ok_or_else(|| Fault::field("role", "choice"))?;
            web.app.enter_people(&course, &id, role, &people.join("\n"), by).await
        }
        SessionAct::TakeOff { row, reason } => {
            web.app.take_off_session(&course, &id, &row, &reason, by).await.map(|()| 1)
        }
        SessionAct::Cancel { reason } => {
            web.app.cancel_class_session(&course, &id, &reason, by).await.map(|()| 1)
        }
    };
    let count = done.map_err(refused)?;
    Ok(Json(Count { count: usize::try_from(count).unwrap_or(usize::MAX) }))
}

/// People at a session by what the caller calls them: id, or staff number, also that of a row that was found to be somebody
/// else's. All who are nobody at once.
async fn whom(web: &Web, sheet: &ClassSheet, list: &str, names: Vec<String>) -> Result<Vec<String>, Fault> {
    let numbered = web.app.store.persons().by_numbers(&names).await?;
    let same = web.app.store.merges().same().await?;
    let mut problems = Vec::new();
    let mut found = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let number = numbered.iter().find(|person| !name.is_empty() && person.staff_no == *name);
        let id = same.of(number.map_or(name.as_str(), |person| &person.id));
        if sheet.rows.iter().any(|row| row.person.id == id) {
            found.push(id.to_owned());
        } else {
            problems.push(Problem::new("person_unknown").on(format!("{list}[{at}].person")));
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Fault::fields(problems)) }
}

/// Write into the sheet of a session
///
/// Enters stays afterwards (from paper, or by the instructor), signs somebody out, strikes a mark out. All of a request or
/// nothing. Answers how many.
#[utoipa::path(post, operation_id = "session_attendance", path = "/api/v1/courses/{course}/sessions/{session}/attendance", tag = "courses",
    request_body = SheetAct,
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = Count)))]
pub async fn attendance(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(act): Body<SheetAct>,
) -> Answer<Json<Count>> {
    let by = &call.staff()?.id;
    let sheet = web.app.class_sheet(&course, &id).await.map_err(refused)?;
    let count = match act {
        SheetAct::Enter { stays, source, reason, dry_run } => {
            let source = MarkSource::from_code(&source)
                .filter(|source| matches!(source, MarkSource::Sheet | MarkSource::Instructor))
                .ok_or_else(|| Fault::field("source", "choice"))?;
            let names = stays.iter().map(|stay| stay.person.clone()).collect();
            let people = whom(&web, &sheet, "stays", names).await?;
            let wrong = stays.iter().enumerate().filter_map(|(at, stay)| {
                let code = if stay.out_ms.is_some_and(|out_ms| out_ms < stay.in_ms) {
                    "mark_order"
                } else if stay.in_ms > call.now_ms || stay.out_ms.is_some_and(|out_ms| out_ms > call.now_ms) {
                    "mark_future"
                } else {
                    return None;
                };
                Some(Problem::new(code).on(format!("stays[{at}]")))
            });
            let wrong: Vec<Problem> = wrong.collect();
            if !wrong.is_empty() {
                return Err(Fault::fields(wrong));
            }
            let stays: Vec<(String, i64, Option<i64>)> = people
                .into_iter()
                .zip(&stays)
                .map(|(person, stay)| (person, stay.in_ms, stay.out_ms))
                .collect();
            if dry_run {
                return Ok(Json(Count { count: stays.len() }));
            }
            web.app.mark_class(&course, &id, source, &stays, &reason, by).await.map_err(refused)?
        }
        SheetAct::Out { mark } => {
            web.app.close_class_mark(&course, &id, &mark, by).await.map_err(refused)?;
            1
        }
        SheetAct::Strike { mark, reason } => {
            web.app.strike_class_mark(&course, &id, &mark, &reason, by).await.map_err(refused)?;
            1
        }
    };
    Ok(Json(Count { count }))
}

/// Enter results
///
/// Of the tests before and after, all or none; the same again is left. Answers how many were written.
#[utoipa::path(post, operation_id = "session_results", path = "/api/v1/courses/{course}/sessions/{session}/results", tag = "courses",
    request_body = Results,
    params(("course" = String, Path, description = "Id of the course"), ("session" = String, Path, description = "Id of the session")),
    responses((status = OK, body = Count)))]
pub async fn results(
    State(web): State<Web>,
    call: Call,
    Path((course, id)): Path<(String, String)>,
    Body(wish): Body<Results>,
) -> Answer<Json<Count>> {
    let sheet = web.app.class_sheet(&course, &id).await.map_err(refused)?;
    let names = wish.results.iter().map(|one| one.person.clone()).collect();
    let people = whom(&web, &sheet, "results", names).await?;
    let mut new = Vec::with_capacity(people.len());
    for (at, (person, one)) in people.into_iter().zip(&wish.results).enumerate() {
        let kind = TestKind::from_code(&one.test)
            .ok_or_else(|| Fault::fields(vec![Problem::new("choice").on(format!("results[{at}].test"))]))?;
        new.push((person, kind, one.score));
    }
    let by = &call.staff()?.id;
    let done = web.app.set_test_results(&course, &id, &new, &wish.reason, by).await.map_err(refused)?;
    Ok(Json(Count { count: usize::try_from(done).unwrap_or(usize::MAX) }))
}

fn printed(of: &StoredCertificate) -> String {
    format!("{}-{}", of.number, of.check_code)
}

/// List the certificates of a course
///
/// Revoked ones too.
#[utoipa::path(get, operation_id = "list_certificates", path = "/api/v1/courses/{course}/certificates", tag = "courses",
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = List<CertificateInfo>)))]
pub async fn certificates(
    State(web): State<Web>,
    Path(course): Path<String>,
) -> Answer<Json<List<CertificateInfo>>> {
    web.app.course(&course).await.map_err(refused)?;
    let all = web.app.store.certificates().list(CertificatesOf::Course(&course)).await?;
    let one = |of: StoredCertificate| CertificateInfo {
        number: printed(&of),
        id: of.id,
        person: of.person_id,
        name: of.name,
        seconds: of.attended_s,
        score: of.score,
        issued_ms: of.issued_ms,
        revoked_ms: of.revoked_ms,
    };
    Ok(Json(List::whole(all.into_iter().map(one).collect())))
}

/// Issue certificates
///
/// To all who qualify and have none. Answers how many.
#[utoipa::path(post, operation_id = "issue_certificates", path = "/api/v1/courses/{course}/certificates", tag = "courses",
    params(("course" = String, Path, description = "Id of the course")),
    responses((status = OK, body = Count)))]
pub async fn issue(State(web): State<Web>, call: Call, Path(course): Path<String>) -> Answer<Json<Count>> {
    let count = web.app.issue_certificates(&course, &call.staff()?.id).await.map_err(refused)?;
    Ok(Json(Count { count: usize::try_from(count).unwrap_or(usize::MAX) }))
}

/// Revoke a certificate
///
/// Its check page says so from then on.
#[utoipa::path(post, operation_id = "revoke_certificate", path = "/api/v1/courses/{course}/certificates/{certificate}/revoke", tag = "courses",
    request_body = Why,
    params(("course" = String, Path, description = "Id of the course"), ("certificate" = String, Path, description = "Id of the certificate")),
    responses((status = NO_CONTENT)))]
pub async fn revoke(
    State(web): State<Web>,
    call: Call,
    Path((course, certificate)): Path<(String, String)>,
    Body(why): Body<Why>,
) -> Answer<StatusCode> {
    let by = &call.staff()?.id;
    web.app.revoke_certificate(&course, &certificate, &why.reason, by).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
