//! What needs no account: signing by the room's code, questionnaires, certificates, one's own page without a seat.
//!
//! The room's code is a MAC over the session and a slot of time; this and the former slot's are taken, so that one
//! photographed and sent on is stale within two slots. A scan gives a ticket for the browser that scanned, good once and for
//! as long as it takes to type a name.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use rampart_app::courses::{SignedFor, Signing, SigningError};
use rampart_domain::records::roc::time_minutes;
use rampart_domain::records::{Gender, RocDate};
use rampart_pages::{
    CertificateCheck, CertificatePage, CheckedCertificate, Locale, OwnDoor, Problem, SignPage, SurveyItem,
    SurveyPage,
};
use rampart_store::{CertificatesOf, ClassSession, QuestionKind};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::answers;
use super::courses::{base, failed, problem};
use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::statistics::download;
use super::token::random_text;
use super::view::courses as view;
use super::visit::{Here, own_visit, set_own_visit};
use super::who::Me;

/// How long one code stands on the room's screen, ms.
pub(super) const SLOT_MS: i64 = 20_000;
/// How long a scan may take to be filled in, ms.
const TICKET_MS: i64 = 3 * 60_000;
/// Who issues certificates until settings say otherwise: the owner as pages name it.
const ISSUER: &str = "app.owner";

/// The owner as papers name it, who issues as long as no setting says otherwise. Papers are Chinese.
pub(crate) fn owner(web: &Web) -> String {
    web.pages.text(Locale::ZhTw, ISSUER, &std::collections::BTreeMap::new())
}

/// The code of a session in a slot.
pub(super) fn room_code(web: &Web, session: &str, slot: i64) -> String {
    web.signer.short("room", &format!("{session}|{slot}"))
}

fn is_room_code(web: &Web, session: &str, code: &str, now_ms: i64) -> bool {
    let slot = now_ms / SLOT_MS;
    [slot, slot - 1].into_iter().any(|slot| {
        let wanted = room_code(web, session, slot);
        bool::from(wanted.as_bytes().ct_eq(code.as_bytes()))
    })
}

fn ticket(web: &Web, visit: &Here, session: &str) -> String {
    web.signer.seal(&format!("scan|{session}|{}|{}|{}", visit.now_ms, visit.csrf, random_text()))
}

/// The scan of a ticket that this browser got for this session a short while ago.
fn scan(web: &Web, visit: &Here, session: &str, sealed: &str) -> Option<String> {
    let text = web.signer.unseal(sealed)?;
    let mut parts = text.split('|');
    let (kind, of, at, csrf, id) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let at: i64 = at.parse().ok()?;
    let fresh = (0..=TICKET_MS).contains(&(visit.now_ms - at));
    (kind == "scan" && of == session && csrf == visit.csrf && fresh).then(|| id.to_owned())
}

async fn sign_page(
    web: &Web,
    session: &ClassSession,
    problem: Option<Problem>,
) -> Result<SignPage, WebError> {
    let course = web.app.course(&session.course_id).await.map_err(failed)?;
    Ok(SignPage {
        session: session.id.clone(),
        code: session.code.clone(),
        title: course.about.title,
        place: session.place.clone(),
        ticket: String::new(),
        staff_no: String::new(),
        name: String::new(),
        done: None,
        problem,
    })
}

/// `GET /in/{session}/{code}`: what the room's code leads to.
pub(super) async fn scanned(
    State(web): State<Web>,
    visit: Here,
    Path((session, code)): Path<(String, String)>,
) -> Answer {
    let (session, open) = web.app.signable(&session).await?.ok_or_else(WebError::not_found)?;
    let refused = if !is_room_code(&web, &session.id, &code, visit.now_ms) {
        Some("sign_stale")
    } else if !open {
        Some("sign_closed")
    } else {
        None
    };
    let mut page = sign_page(&web, &session, refused.map(Problem::new)).await?;
    if refused.is_some() {
        return web.page_as(StatusCode::GONE, &visit, &page);
    }
    page.ticket = ticket(&web, &visit, &session.id);
    web.page(&visit, &page)
}

/// `GET /in/{session}`: nothing was scanned.
pub(super) async fn unscanned(State(web): State<Web>, visit: Here, Path(session): Path<String>) -> Answer {
    let (session, _) = web.app.signable(&session).await?.ok_or_else(WebError::not_found)?;
    web.page_as(StatusCode::GONE, &visit, &sign_page(&web, &session, Some(Problem::new("sign_stale"))).await?)
}

/// `POST /in/{session}`.
pub(super) async fn sign(
    State(web): State<Web>,
    visit: Here,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let (session, _) = web.app.signable(&id).await?.ok_or_else(WebError::not_found)?;
    let sealed = form.get("ticket");
    let Some(scan) = scan(&web, &visit, &id, sealed) else {
        let page = sign_page(&web, &session, Some(Problem::new("sign_stale"))).await?;
        return web.page_as(StatusCode::GONE, &visit, &page);
    };
    let going_in = match form.get("act") {
        "in" => true,
        "out" => false,
        _ => return Err(WebError::bad_request()),
    };
    let address = visit.address.to_string();
    let signing = Signing {
        session: &id,
        ticket: &scan,
        staff_no: form.get("staff_no"),
        name: form.get("name"),
        code: form.get("code"),
        going_in,
        address: &address,
        browser: &visit.csrf,
    };
    let again = |page: SignPage| SignPage {
        ticket: sealed.to_owned(),
        staff_no: form.get("staff_no").to_owned(),
        name: form.get("name").to_owned(),
        ..page
    };
    let (status, problem, usable) = match web.app.sign_class(&signing).await {
        Ok(SignedFor { name, at_ms }) => {
            let page = sign_page(&web, &session, None).await?;
            return web.page(&visit, &SignPage { done: Some((name, at_ms, going_in)), ..page });
        }
        Err(SigningError::Missing) => return Err(WebError::not_found()),
        Err(SigningError::App(error)) => return Err(error.into()),
        Err(SigningError::Closed) => (StatusCode::GONE, Problem::new("sign_closed"), false),
        Err(SigningError::Replayed) => (StatusCode::CONFLICT, Problem::new("sign_replayed"), false),
        Err(SigningError::Unknown) => (StatusCode::UNPROCESSABLE_ENTITY, Problem::new("sign_unknown"), true),
        Err(SigningError::IsIn(at_ms)) => {
            let problem = Problem::new("sign_is_in").with("at", time_minutes(at_ms));
            (StatusCode::CONFLICT, problem, true)
        }
        Err(SigningError::IsOut) => (StatusCode::CONFLICT, Problem::new("sign_is_out"), true),
        Err(SigningError::Limited(limited)) => {
            let problem = Problem::new("sign_limited").with("seconds", limited.retry_after_s);
            let page = again(sign_page(&web, &session, Some(problem)).await?);
            let mut response = web.page_as(StatusCode::TOO_MANY_REQUESTS, &visit, &page)?;
            response.headers_mut().insert(header::RETRY_AFTER, limited.retry_after_s.into());
            return Ok(response);
        }
    };
    let page = sign_page(&web, &session, Some(problem)).await?;
    web.page_as(status, &visit, &if usable { again(page) } else { page })
}

async fn survey_page(
    web: &Web,
    visit: &Here,
    token: &str,
    typed: impl Fn(&str) -> String,
    problems: Vec<Problem>,
) -> Result<Option<SurveyPage>, WebError> {
    let (survey, questions) = match web.app.survey_of(token).await {
        Ok(found) => found,
        Err(rampart_app::courses::CourseError::Missing) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let items = questions
        .iter()
        .map(|question| SurveyItem {
            id: question.id.clone(),
            text: view::question(question, visit.locale),
            scale: question.kind == QuestionKind::Scale,
            value: typed(&question.id),
        })
        .collect();
    Ok(Some(SurveyPage { token: token.to_owned(), title: survey.title, items, done: false, problems }))
}

fn gone(web: &Web, visit: &Here, token: &str) -> Answer {
    let page = SurveyPage {
        token: token.to_owned(),
        title: String::new(),
        items: Vec::new(),
        done: false,
        problems: Vec::new(),
    };
    web.page_as(StatusCode::NOT_FOUND, visit, &page)
}

/// Tries at tokens from one address are limited as those at seat codes are.
fn strangers(web: &Web, visit: &Here) -> Result<(), i64> {
    web.strangers.take(&format!("paper {}", visit.address), visit.now_ms)
}

/// `GET /survey/{token}`.
pub(super) async fn survey(State(web): State<Web>, visit: Here, Path(token): Path<String>) -> Answer {
    match survey_page(&web, &visit, &token, |_| String::new(), Vec::new()).await? {
        Some(page) => web.page(&visit, &page),
        None => {
            strangers(&web, &visit).map_err(WebError::too_many)?;
            gone(&web, &visit, &token)
        }
    }
}

/// `POST /survey/{token}`.
pub(super) async fn answer_survey(
    State(web): State<Web>,
    visit: Here,
    Path(token): Path<String>,
    form: Posted,
) -> Answer {
    let gender = match form.get("gender") {
        "" => None,
        code => Some(Gender::from_code(code).ok_or_else(WebError::bad_request)?),
    };
    let typed = |id: &str| form.raw(&format!("q.{id}")).to_owned();
    match web.app.answer_survey(&token, gender, typed).await {
        Ok(()) => {
            let page = SurveyPage {
                token,
                title: String::new(),
                items: Vec::new(),
                done: true,
                problems: Vec::new(),
            };
            web.page(&visit, &page)
        }
        Err(rampart_app::courses::CourseError::Missing) => {
            strangers(&web, &visit).map_err(WebError::too_many)?;
            gone(&web, &visit, &token)
        }
        Err(error) => {
            let problems = vec![problem(error)?];
            match survey_page(&web, &visit, &token, typed, problems).await? {
                Some(page) => web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page),
                None => gone(&web, &visit, &token),
            }
        }
    }
}

/// Query of the check page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    number: String,
}

/// `GET /certificates/check`.
pub(super) async fn check(State(web): State<Web>, visit: Here, Query(asked): Query<Asked>) -> Answer {
    let number: String = asked.number.trim().chars().take(40).collect();
    let mut page = CertificateCheck { number, found: None, wait_s: None };
    if page.number.is_empty() {
        return web.page(&visit, &page);
    }
    if let Err(wait_ms) = strangers(&web, &visit) {
        page.wait_s = Some((wait_ms + 999) / 1000);
        return web.page_as(StatusCode::TOO_MANY_REQUESTS, &visit, &page);
    }
    page.found = web.app.check_certificate(&page.number).await?.map(|one| CheckedCertificate {
        number: one.number,
        name: one.name,
        course: one.course,
        length_ms: i64::from(one.minutes) * 60_000,
        issued_ms: one.issued_ms,
        revoked_ms: one.revoked_ms,
    });
    web.page(&visit, &page)
}

/// Query of what is a page or a file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct AsFile {
    /// `pdf`, or nothing for the page.
    #[serde(default)]
    format: String,
}

impl AsFile {
    pub(super) fn is_pdf(&self) -> bool {
        self.format == "pdf"
    }
}

async fn certificate_page(web: &Web, visit: &Here, id: &str, wanted: &AsFile, person: &str) -> Answer {
    let issuer = web.pages.text(visit.locale, ISSUER, &std::collections::BTreeMap::new());
    if wanted.is_pdf() {
        // The paper is Chinese whatever the page is read in.
        let issuer = owner(web);
        let file = web.app.certificate_file(id, &base(web, visit), &issuer, person).await;
        return Ok(download(file.map_err(failed)?));
    }
    let one = web.app.certificate(id, &base(web, visit), &issuer).await.map_err(failed)?;
    let code =
        view::qr(&one.check_address).ok_or_else(|| WebError::internal("an address too long for a code"))?;
    let page = CertificatePage {
        number: one.number,
        name: one.name,
        agency: one.agency,
        course: one.course,
        course_code: one.course_code,
        from_ms: one.from.start_ms(),
        to_ms: one.to.start_ms(),
        length_ms: i64::from(one.course_minutes) * 60_000,
        attended_ms: one.attended_seconds * 1000,
        score: one.score.map(i64::from),
        issued_ms: one.issued.start_ms(),
        issuer: one.issuer,
        signer: one.signer,
        check_address: one.check_address,
        code,
        revoked_ms: one.revoked.map(RocDate::start_ms),
    };
    web.page(visit, &page)
}

/// `GET /courses/{id}/certificates/{certificate}`.
pub(super) async fn certificate(
    State(web): State<Web>,
    visit: Here,
    Path((course, id)): Path<(String, String)>,
    Query(wanted): Query<AsFile>,
) -> Answer {
    let known = web.app.store.certificates().list(CertificatesOf::Id(&id)).await?;
    if !known.iter().any(|one| one.course_id == course) {
        return Err(WebError::not_found());
    }
    certificate_page(&web, &visit, &id, &wanted, visit.person()).await
}

/// The person whose own page this browser may see: by a visit, or by a seat.
async fn own_person(web: &Web, visit: &Here, headers: &HeaderMap) -> Result<Option<String>, WebError> {
    if let Some(key) = own_visit(headers)
        && let Some(person) = web.app.own_visitor(key).await?
    {
        return Ok(Some(person));
    }
    Ok(match &visit.me {
        Me::Seat(seat) => Some(seat.person.clone()),
        _ => None,
    })
}

/// `GET /me/certificates/{certificate}`.
pub(super) async fn own_certificate(
    State(web): State<Web>,
    visit: Here,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(wanted): Query<AsFile>,
) -> Answer {
    let person = own_person(&web, &visit, &headers).await?.ok_or_else(WebError::not_found)?;
    let rows = web.app.store.merges().same().await?.rows(&person);
    let known = web.app.store.certificates().list(CertificatesOf::Id(&id)).await?;
    if !known.iter().any(|one| rows.contains(&one.person_id)) {
        return Err(WebError::not_found());
    }
    certificate_page(&web, &visit, &id, &wanted, &person).await
}

/// `GET /me`: the own page, or its door.
pub(super) async fn own(State(web): State<Web>, visit: Here, headers: HeaderMap) -> Answer {
    if let Some(key) = own_visit(&headers)
        && let Some(person) = web.app.own_visitor(key).await?
    {
        return web.page(&visit, &answers::own_page(&web, &person, "/me", Vec::new()).await?);
    }
    if matches!(visit.me, Me::Seat(_)) {
        return Ok(see_other("/seat/me"));
    }
    web.page(&visit, &OwnDoor { problem: None })
}

/// `POST /me`: opens the page with a code, closes it, or does what the page offers.
pub(super) async fn own_act(State(web): State<Web>, visit: Here, headers: HeaderMap, form: Posted) -> Answer {
    if form.get("act") == "open" {
        let key = random_text();
        return match web.app.open_own_page(form.get("code"), &key, &visit.address.to_string()).await? {
            Ok(true) => {
                let mut response = see_other("/me");
                set_own_visit(&web, &mut response, &key);
                Ok(response)
            }
            Ok(false) => {
                let page = OwnDoor { problem: Some(Problem::new("own_code_unknown").on("code")) };
                web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
            }
            Err(limited) => Err(WebError::too_many(limited.retry_after_s * 1000)),
        };
    }
    let Some(key) = own_visit(&headers) else { return Ok(see_other("/me")) };
    let Some(person) = web.app.own_visitor(key).await? else { return Ok(see_other("/me")) };
    if form.get("act") == "leave" {
        web.app.leave_own_page(key).await?;
        let mut response = see_other("/me");
        set_own_visit(&web, &mut response, "");
        return Ok(response);
    }
    answers::act_own(&web, &visit, &person, "/me", &form).await
}
