//! What the API answers when it cannot do what was asked: problem details of RFC 9457 with a stable code and a text in the
//! caller's language.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_pages::{Locale, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::web::Web;
use crate::web::error::WebError;

/// Media type of an error.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Address of the kind of problem, below `/api`.
    #[serde(rename = "type")]
    #[schema(example = "/api#problem-state_changed")]
    pub kind: String,
    /// What happened, for a person, in the language of `Accept-Language`.
    pub title: String,
    /// HTTP status, as in the head.
    pub status: u16,
    /// What happened, for a program. Codes are never renamed.
    #[schema(example = "state_changed")]
    pub code: String,
    /// Mark of this request in the server's log.
    pub trace: String,
    /// Faults of single fields, all at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Name of the field; for files `row:column`.
    pub field: String,
    /// For a program.
    pub code: String,
    /// For a person.
    pub text: String,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Status, code, text, waiting time, and what goes to the log.
    pub error: Box<WebError>,
    /// Faults of fields.
    pub fields: Vec<Problem>,
}

/// An answer of a handler.
pub type Answer<T> = Result<T, Fault>;

impl Fault {
    /// Fields that are not right, all at once.
    #[must_use]
    pub fn fields(fields: Vec<Problem>) -> Self {
        Self { error: Box::new(WebError::new(StatusCode::UNPROCESSABLE_ENTITY, "fields")), fields }
    }

    /// One of them.
    #[must_use]
    pub fn field(name: &str, code: &str) -> Self {
        Self::fields(vec![Problem::new(code).on(name)])
    }

    /// A status with a text code.
    #[must_use]
    pub fn new(status: StatusCode, code: &str) -> Self {
        WebError::new(status, code).into()
    }

    /// No such thing, or none that this one may know of.
    #[must_use]
    pub fn not_found() -> Self {
        WebError::not_found().into()
    }
}

impl<E: Into<WebError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self { error: Box::new(error.into()), fields: Vec::new() }
    }
}

/// Marks a response as a fault that is still to be put into words.
#[derive(Debug, Clone)]
pub(super) struct Undressed(pub Fault);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.error.status.into_response();
        response.extensions_mut().insert(Undressed(self));
        response
    }
}

/// The words for a fault.
pub(super) fn dressed(web: &Web, locale: Locale, trace: &str, fault: &Fault) -> Response {
    let error = &fault.error;
    if error.status.is_server_error() {
        let detail = error.detail.as_deref().unwrap_or_default();
        tracing::error!(trace, code = error.problem.code, detail, "failed");
    }
    let body = ProblemBody {
        kind: format!("/api#problem-{}", error.problem.code),
        title: web.say(locale, &error.problem),
        status: error.status.as_u16(),
        code: error.problem.code.clone(),
        trace: trace.to_owned(),
        errors: fault
            .fields
            .iter()
            .map(|problem| FieldProblem {
                field: problem.field.clone().unwrap_or_default(),
                code: problem.code.clone(),
                text: web.say(locale, problem),
            })
            .collect(),
    };
    let mut response = (error.status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if error.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"rampart\""));
    }
    if let Some(seconds) = error.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
