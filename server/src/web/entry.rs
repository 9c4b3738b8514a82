//! Doors: seat code, staff log-in, password, notices.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_app::limits::Limited;
use rampart_app::{AccountError, LogInError, PASSWORD_MIN, SeatCodeError};
use rampart_pages::{
    Accessibility, PasswordChange, Privacy, Problem, SeatLogin, StaffLogin, TodayExercise, Tone,
};
use rampart_store::Exercise as Row;
use scoreboard::Status;
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash, home, log_in, log_out, who_is};
use super::who::{Me, Staff};

/// Exercises of the last and the next half day count as today's.
const HALF_DAY_MS: i64 = 12 * 3_600_000;

/// Exercises that a visitor may hear of, running ones first.
pub(super) async fn visible(
    web: &Web,
    visit: &Here,
    wanted: impl Fn(&Row, Status) -> bool,
) -> Result<Vec<TodayExercise>, WebError> {
    let mut rows = Vec::new();
    for row in web.app.store.exercises().list().await? {
        let Some(exercise) = web.app.exercise(&row.id) else { continue };
        let status = exercise.fold().status;
        if wanted(&row, status) {
            rows.push((status, view::exercises::today(&exercise, &row, visit.locale, visit.now_ms)));
        }
    }
    let running = |status: &Status| matches!(status, Status::Running | Status::Paused);
    rows.sort_by_key(|(status, row)| (!running(status), row.starts_ms));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

async fn seat_page(web: &Web, visit: &Here, code: &str, refused: Option<(StatusCode, Problem)>) -> Answer {
    let now_ms = visit.now_ms;
    let today = visible(web, visit, |row, status| {
        let near = row.starts_ms < now_ms + HALF_DAY_MS && row.ends_ms > now_ms - HALF_DAY_MS;
        matches!(status, Status::Running | Status::Paused | Status::Ready) || near && status != Status::Draft
    })
    .await?;
    let (status, problem) =
        refused.map_or((StatusCode::OK, None), |(status, problem)| (status, Some(problem)));
    web.page_as(status, visit, &SeatLogin { code: code.to_owned(), problem, today })
}

/// `GET /`: seat code, or on to the person's work.
pub(super) async fn seat_form(State(web): State<Web>, visit: Here) -> Answer {
    if visit.me != Me::Nobody {
        return Ok(see_other(home(&visit.me)));
    }
    seat_page(&web, &visit, "", None).await
}

fn limited(limited: &Limited, code: &str) -> (StatusCode, Problem) {
    (StatusCode::TOO_MANY_REQUESTS, Problem::new(code).with("seconds", limited.retry_after_s))
}

fn with_retry(answer: Answer, limited: Option<&Limited>) -> Answer {
    let mut response = answer?;
    if let Some(limited) = limited {
        response.headers_mut().insert(header::RETRY_AFTER, limited.retry_after_s.into());
    }
    Ok(response)
}

/// `POST /`.
pub(super) async fn seat_log_in(State(web): State<Web>, visit: Here, form: Posted) -> Answer {
    let code = form.get("code");
    let error = match web.app.log_in_seat(code, &visit.address.to_string()).await {
        Ok(session) => {
            let mut response = see_other("/seat");
            log_in(&web, &mut response, &session.session, session.expires_ms, visit.now_ms);
            return Ok(response);
        }
        Err(error) => error,
    };
    let unprocessable = |problem: Problem| (StatusCode::UNPROCESSABLE_ENTITY, problem.on("code"));
    let length = code.chars().filter(|c| c.is_alphanumeric()).count();
    let (refused, limit) = match error {
        SeatCodeError::Character { character, .. } => {
            (unprocessable(Problem::new("seat_code_letter").with("letter", character)), None)
        }
        SeatCodeError::Length => {
            (unprocessable(Problem::new("seat_code_length").with("length", length)), None)
        }
        SeatCodeError::Unknown => (unprocessable(Problem::new("seat_code_unknown")), None),
        SeatCodeError::Limited(wait) => (limited(&wait, "seat_code_limited"), Some(wait)),
        SeatCodeError::App(error) => return Err(error.into()),
    };
    with_retry(seat_page(&web, &visit, code, Some(refused)).await, limit.as_ref())
}

/// Where to go after the log-in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// A path of ours: nothing that a browser could take for another host.
fn own_path(next: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    next.starts_with('/') && !next.starts_with("//") && next.bytes().all(plain)
}

/// `GET /staff`.
pub(super) async fn staff_form(State(web): State<Web>, visit: Here, Query(query): Query<Next>) -> Answer {
    if matches!(visit.me, Me::Staff(_)) {
        return Ok(see_other(home(&visit.me)));
    }
    let next = if own_path(&query.next) { query.next } else { String::new() };
    web.page(&visit, &StaffLogin { login: String::new(), next, problem: None })
}

/// `POST /staff`.
pub(super) async fn staff_log_in(State(web): State<Web>, visit: Here, form: Posted) -> Answer {
    let (login, next) = (form.get("login"), form.get("next"));
    let next = if own_path(next) { next } else { "" };
    let error = match web.app.log_in(login, form.raw("password"), &visit.address.to_string()).await {
        Ok(session) => {
            let me = who_is(&web, &session.session).await?;
            let forced = matches!(&me, Me::Staff(staff) if staff.must_change);
            let place = match (forced, next) {
                (true, _) => "/password",
                (false, "") => home(&me),
                (false, next) => next,
            };
            let mut response = see_other(place);
            log_in(&web, &mut response, &session.session, session.expires_ms, visit.now_ms);
            return Ok(response);
        }
        Err(error) => error,
    };
    let ((status, problem), limit) = match error {
        LogInError::Wrong { .. } => ((StatusCode::UNPROCESSABLE_ENTITY, Problem::new("login_refused")), None),
        LogInError::Disabled => ((StatusCode::UNPROCESSABLE_ENTITY, Problem::new("login_disabled")), None),
        LogInError::Limited(wait) => (limited(&wait, "login_limited"), Some(wait)),
        LogInError::App(error) => return Err(error.into()),
    };
    let page = StaffLogin { login: login.to_owned(), next: next.to_owned(), problem: Some(problem) };
    with_retry(web.page_as(status, &visit, &page), limit.as_ref())
}

/// `POST /logout`.
pub(super) async fn leave(State(web): State<Web>, visit: Here) -> Answer {
    if let Some(session) = &visit.session {
        web.app.log_out(session).await?;
    }
    let mut response = see_other("/");
    log_out(&web, &mut response);
    flash(&web, &mut response, Tone::Ok, "logged_out", &[]);
    Ok(response)
}

fn password_page(staff: &Staff, problems: Vec<Problem>) -> PasswordChange {
    PasswordChange { forced: staff.must_change, min_length: view::count(PASSWORD_MIN), problems }
}

/// `GET /password`.
pub(super) async fn password_form(State(web): State<Web>, visit: Here, staff: Staff) -> Answer {
    web.page(&visit, &password_page(&staff, Vec::new()))
}

/// `POST /password`: all sessions of the account end, and this browser gets a new one.
pub(super) async fn change_password(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    form: Posted,
) -> Answer {
    let (current, new, again) = (form.raw("current"), form.raw("new"), form.raw("again"));
    let outcome = if new == again {
        web.app.change_password(&staff.id, current, new).await
    } else {
        let unlike = Problem::new("password_unlike").on("again");
        return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &password_page(&staff, vec![unlike]));
    };
    let problem = match outcome {
        Ok(()) => return again_logged_in(&web, &visit, &staff, new).await,
        Err(AccountError::OldPassword) => Problem::new("password_wrong").on("current"),
        Err(AccountError::NewPassword("password.long")) => {
            Problem::new("too_long").with("max", 200).on("new")
        }
        Err(AccountError::NewPassword("password.same")) => Problem::new("password_same").on("new"),
        Err(AccountError::NewPassword(_)) => {
            Problem::new("password_short").with("min", PASSWORD_MIN).on("new")
        }
        Err(AccountError::App(error)) => return Err(error.into()),
        Err(other) => return Err(WebError::internal(other)),
    };
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &password_page(&staff, vec![problem]))
}

/// The change ended every session, this one too; whoever has just typed the new password need not type it again.
async fn again_logged_in(web: &Web, visit: &Here, staff: &Staff, password: &str) -> Answer {
    let account = web.app.store.accounts().by_id(&staff.id).await?.ok_or_else(WebError::not_found)?;
    let mut response = see_other("/");
    match web.app.log_in(&account.login, password, &visit.address.to_string()).await {
        Ok(session) => log_in(web, &mut response, &session.session, session.expires_ms, visit.now_ms),
        Err(error) => {
            // Too many tries before the change: the new password works, only later.
            tracing::info!(%error, "logged out after a change of password");
            log_out(web, &mut response);
        }
    }
    flash(web, &mut response, Tone::Ok, "password_changed", &[]);
    Ok(response)
}

/// `GET /privacy`.
pub(super) async fn privacy(State(web): State<Web>, visit: Here) -> Answer {
    web.page(&visit, &Privacy {})
}

/// `GET /accessibility`.
pub(super) async fn accessibility(State(web): State<Web>, visit: Here) -> Answer {
    web.page(&visit, &Accessibility {})
}

/// `GET /health`: the server answers. For whoever starts it and for load figures; says nothing about exercises.
pub(super) async fn alive() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_log_in_leads_to_our_own_pages_only() {
        for good in ["/exercises", "/exercises/0198c4/seats", "/"] {
            assert!(own_path(good), "{good}");
        }
        for bad in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a?b", "/a\r\nb", "/%2f"]
        {
            assert!(!own_path(bad), "{bad}");
        }
    }
}
