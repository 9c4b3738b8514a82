//! What a handler answers when it cannot do what was asked. Handlers only say what happened; the gate turns it into a
//! page or JSON in the person's language.

use std::fmt::Display;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rampart_app::exercise::CommandError;
use rampart_domain::decide::Refusal;
use rampart_pages::Problem;

/// When trying again makes sense after the database could not be written, s.
const STORE_RETRY_S: i64 = 5;
/// The same after a full queue refused it, s.
const BUSY_RETRY_S: i64 = 2;

/// An answer of a handler.
pub type Answer = Result<Response, WebError>;

/// Why there is no answer.
#[derive(Debug, Clone)]
pub struct WebError {
    /// HTTP status.
    pub status: StatusCode,
    /// What the person reads.
    pub problem: Problem,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<i64>,
    /// For the log only.
    pub detail: Option<String>,
}

impl WebError {
    /// An error with a status and a text code.
    #[must_use]
    pub fn new(status: StatusCode, code: &str) -> Self {
        Self { status, problem: Problem::new(code), retry_after_s: None, detail: None }
    }

    /// With this problem in place of a bare code.
    #[must_use]
    pub fn with(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem, retry_after_s: None, detail: None }
    }

    /// No such thing, or none that this person may know of.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    /// The request is not one that our pages send.
    #[must_use]
    pub fn bad_request() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request")
    }

    /// Known who it is, but not theirs to do.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden")
    }

    /// Not known who it is.
    #[must_use]
    pub fn unauthorised() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "log_in_first")
    }

    /// The form is not one that we gave to this visitor.
    #[must_use]
    pub fn csrf() -> Self {
        Self::new(StatusCode::FORBIDDEN, "csrf")
    }

    /// Too much at once; `wait_ms` until there is room again.
    #[must_use]
    pub fn too_many(wait_ms: i64) -> Self {
        let seconds = (wait_ms + 999) / 1000;
        let problem = Problem::new("too_many").with("seconds", seconds);
        Self { retry_after_s: Some(seconds), ..Self::with(StatusCode::TOO_MANY_REQUESTS, problem) }
    }

    /// As many exports of this person as may wait already; `wait_ms` until one more makes sense.
    fn exports_wait(wait_ms: i64) -> Self {
        let most = rampart_app::press::MOST_WAITING;
        let seconds = (wait_ms + 999) / 1000;
        let problem = Problem::new("exports_wait").with("most", most).with("seconds", seconds);
        Self { retry_after_s: Some(seconds), ..Self::with(StatusCode::TOO_MANY_REQUESTS, problem) }
    }

    /// Not now, as the server goes down.
    #[must_use]
    pub fn unavailable(wait_ms: i64) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, ..Self::too_many(wait_ms) }
    }

    /// Not now: too much waits for the database. Nothing was stored.
    fn busy() -> Self {
        let problem = Problem::new("busy").with("seconds", BUSY_RETRY_S);
        Self { retry_after_s: Some(BUSY_RETRY_S), ..Self::with(StatusCode::SERVICE_UNAVAILABLE, problem) }
    }

    /// The database cannot be written or reached; nothing was stored. `why` goes to the log.
    fn store_unavailable(why: String) -> Self {
        let retry_after_s = Some(STORE_RETRY_S);
        let answer = Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable");
        Self { detail: Some(why), retry_after_s, ..answer }
    }

    /// Something is broken here; `why` goes to the log, the person gets the mark to find it by.
    #[must_use]
    pub fn internal(why: impl Display) -> Self {
        Self { detail: Some(why.to_string()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal") }
    }
}

/// Marks a response as an error that is still to be dressed as a page.
#[derive(Debug, Clone)]
pub(super) struct Undressed(pub WebError);

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Undressed(self));
        response
    }
}

impl From<rampart_app::AppError> for WebError {
    fn from(error: rampart_app::AppError) -> Self {
        use rampart_app::AppError;
        match error {
            AppError::Missing(_) => Self::not_found(),
            AppError::Command(error) => error.into(),
            AppError::Store(error) => error.into(),
            AppError::Engine(error) if error.is_silence() => {
                let detail = Some(error.to_string());
                Self { detail, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "engine_unreachable") }
            }
            AppError::Fonts(missing) => {
                let detail = Some(missing.to_string());
                Self { detail, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "fonts_missing") }
            }
            AppError::Characters(missing) => {
                let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
                let problem = Problem::new("no_font_has").with("list", list.join("; "));
                Self::with(StatusCode::UNPROCESSABLE_ENTITY, problem)
            }
            AppError::Waiting { retry_ms } => Self::exports_wait(retry_ms),
            other => Self::internal(other),
        }
    }
}

impl From<rampart_store::StoreError> for WebError {
    fn from(error: rampart_store::StoreError) -> Self {
        use rampart_store::StoreError;
        let out_of_reach = matches!(
            error,
            StoreError::DiskFull(_) | StoreError::ReadOnly(_) | StoreError::Unavailable(_) | StoreError::Lost
        );
        let detail = crate::start::chain(&error);
        if out_of_reach {
            return Self::store_unavailable(detail);
        }
        Self::internal(detail)
    }
}

impl From<rampart_pages::PagesError> for WebError {
    fn from(error: rampart_pages::PagesError) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        Self::internal(format!("{error}: {source}"))
    }
}

/// What a refusal of the exercise's rules says to a person.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::NotFound => Problem::new("not_found"),
        Refusal::NotStarted => Problem::new("not_started"),
        Refusal::Paused => Problem::new("paused"),
        Refusal::Over => Problem::new("over"),
        Refusal::NotOver => Problem::new("not_over"),
        Refusal::Malformed { found: Some(found) } => {
            Problem::new("malformed").on("flag").with("found", found)
        }
        Refusal::Malformed { found: None } => Problem::new("malformed_form").on("flag"),
        Refusal::AlreadyYours => Problem::new("already_yours"),
        Refusal::LimitReached => Problem::new("limit_reached"),
        Refusal::Locked { needs } => Problem::new("locked").with("needs", needs),
        Refusal::Turn { from, to } => {
            Problem::new("turn").with("from", from.as_str()).with("to", to.as_str())
        }
        // The list of cited events is the field `events` of the form.
        Refusal::Field { field, code } => {
            Problem::new(*code).on(if *field == "cited" { "events" } else { field })
        }
        Refusal::Waiting => Problem::new("waiting"),
        Refusal::AlreadyRepaired => Problem::new("already_repaired"),
        Refusal::NoReset => Problem::new("no_reset"),
        Refusal::Resetting => Problem::new("resetting"),
        Refusal::AlreadySo => Problem::new("already_so"),
        Refusal::Contested => Problem::new("contested"),
        Refusal::NoOutage => Problem::new("no_outage"),
        Refusal::Grace { .. } => Problem::new("node_grace"),
    }
}

impl From<CommandError> for WebError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(Refusal::NotFound) => Self::not_found(),
            CommandError::Refused(other) => Self::with(StatusCode::CONFLICT, refusal(&other)),
            CommandError::Busy => Self::busy(),
            CommandError::Stopping => Self::unavailable(10_000),
            CommandError::Ledger(why) => Self::store_unavailable(why),
        }
    }
}
