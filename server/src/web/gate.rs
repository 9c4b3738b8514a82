//! The gate before every route: who may pass, whose form it is, and how errors look.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::FutureExt;
use http_body::{Frame, SizeHint};
use rampart_pages::{ErrorPage, Locale};

use super::error::{Undressed, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::visit::{Here, Visit};
use super::who::{Me, Who};
use crate::metrics::OpenStream;

/// How a route answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page: who is not logged in is led to the door.
    Page,
    /// A form.
    Form,
    /// A form with a file that is handed on as it comes: its handler reads it, and checks its token with [`token`].
    Upload,
    /// A stream or a terminal: who is not logged in gets 401.
    Live,
    /// A file.
    File,
}

/// Below it errors are for programs.
const API: &str = "/api/v1/";

/// What the gate knows of a route.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// Pattern.
    pub path: &'static str,
    /// Who may pass.
    pub who: Who,
    /// How it answers.
    pub kind: Kind,
}

/// The host and port that an `Origin` names.
fn origin_host(origin: &str) -> Option<&str> {
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))
}

/// Does the browser say that the request comes from one of our own pages? `None` when it does not say.
pub(super) fn own_origin(headers: &HeaderMap) -> Option<bool> {
    let origin = headers.get(header::ORIGIN)?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let from = origin.to_str().ok().and_then(origin_host);
    Some(!host.is_empty() && from.is_some_and(|from| from.eq_ignore_ascii_case(host)))
}

/// The form token that a script sends beside a form.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-csrf-token").and_then(|token| token.to_str().ok())
}

/// Runs a route behind the gate.
pub(super) async fn gate(State((web, gate)): State<(Web, Gate)>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    if gate.who == Who::Open {
        return caught(request, next)
            .await
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    }
    let (parts, body) = request.into_parts();
    let (visit, result) = match Visit::of(&web, &parts).await {
        Ok(visit) => {
            let visit = Here(Arc::new(visit));
            let result = pass(&web, gate, &visit, parts, body, next).await;
            (visit, result)
        }
        Err(error) => (Here(Arc::new(Visit::blind(&web, &parts))), Err(error)),
    };
    let mut response = dress(&web, &visit, gate.kind, result.unwrap_or_else(IntoResponse::into_response));
    visit.finish(&web, &mut response);
    web.metrics.answered(&method, gate.path, response.status(), began.elapsed());
    if gate.kind == Kind::Live && response.status() == StatusCode::OK {
        response = counted(&web, response);
    }
    tracing::info!(
        trace = visit.trace,
        %method,
        route = gate.path,
        status = response.status().as_u16(),
        ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

/// A stream that counts as open until its last byte, or until nobody reads it any more.
fn counted(web: &Web, response: Response) -> Response {
    let open = web.metrics.stream();
    response.map(|body| Body::new(Counted { body, _open: open }))
}

/// A body that counts as open while it is there. As thin as can be: each of ten thousand streams goes through it.
struct Counted {
    body: Body,
    _open: OpenStream,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn caught(request: Request, next: Next) -> Result<Response, WebError> {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.map_err(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        WebError::internal(format!("a handler panicked: {said}"))
    })
}

async fn pass(
    web: &Web,
    gate: Gate,
    visit: &Here,
    mut parts: Parts,
    body: Body,
    next: Next,
) -> Result<Response, WebError> {
    if !gate.who.admits(&visit.me) {
        return turned_away(gate, visit, &parts);
    }
    if let Me::Staff(staff) = &visit.me
        && staff.must_change
        && gate.who != Who::Public
        && !matches!(gate.path, "/password" | "/logout")
    {
        return if gate.kind == Kind::Page { Ok(see_other("/password")) } else { Err(WebError::forbidden()) };
    }
    if matches!(parts.method, Method::GET | Method::HEAD) {
        parts.extensions.insert(visit.clone());
        return caught(Request::from_parts(parts, body), next).await;
    }
    // A form of another site is refused before its body is read.
    let cross_site = parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if own_origin(&parts.headers) == Some(false) || cross_site {
        return Err(WebError::csrf());
    }
    if gate.kind == Kind::Upload {
        parts.extensions.insert(visit.clone());
        return caught(Request::from_parts(parts, body), next).await;
    }
    let posted = Posted::read(&parts, body).await?;
    if !visit.owns(web, token(&parts.headers).unwrap_or_else(|| posted.get("csrf"))) {
        return Err(WebError::csrf());
    }
    parts.extensions.insert(visit.clone());
    parts.extensions.insert(posted);
    caught(Request::from_parts(parts, Body::empty()), next).await
}

fn turned_away(gate: Gate, visit: &Visit, parts: &Parts) -> Result<Response, WebError> {
    if visit.me != Me::Nobody {
        return Err(WebError::forbidden());
    }
    if gate.kind != Kind::Page || visit.json {
        return Err(WebError::unauthorised());
    }
    if !gate.who.is_for_staff() {
        return Ok(see_other("/"));
    }
    // Characters that a path may hold but a query may not are none that our own paths have.
    let path = parts.uri.path();
    let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
    Ok(see_other(&if plain { format!("/staff?next={path}") } else { "/staff".to_owned() }))
}

/// Turns an error into a page, or into JSON for scripts and streams, and logs what is ours.
fn dress(web: &Web, visit: &Visit, kind: Kind, mut response: Response) -> Response {
    if let Some(Undressed(error)) = response.extensions_mut().remove::<Undressed>() {
        response = dressed(web, visit, kind, &error);
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn dressed(web: &Web, visit: &Visit, kind: Kind, error: &WebError) -> Response {
    let ours = error.status.is_server_error();
    if ours {
        let detail = error.detail.as_deref().unwrap_or_default();
        tracing::error!(trace = visit.trace, path = visit.path, code = error.problem.code, detail, "failed");
    }
    let mut response = if visit.json || kind == Kind::Live {
        let text = web.say(visit.locale, &error.problem);
        let body = serde_json::json!({ "error": error.problem.code, "text": text });
        (error.status, Json(body)).into_response()
    } else {
        let page = ErrorPage {
            status: error.status.as_u16(),
            problem: error.problem.clone(),
            trace: ours.then(|| visit.trace.clone()),
        };
        match web.pages.render(&visit.shell(), &page) {
            Ok(html) => (error.status, Html(html)).into_response(),
            Err(fault) => {
                tracing::error!(trace = visit.trace, %fault, "the error page itself failed");
                (error.status, plain(visit.locale)).into_response()
            }
        }
    };
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The last resort, when even templates fail.
fn plain(locale: Locale) -> &'static str {
    match locale {
        Locale::ZhTw => "系統發生錯誤",
        Locale::En => "Something failed on this server",
    }
}

/// An address that is none of ours.
pub(super) async fn nowhere(State(web): State<Web>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.uri.path().starts_with(API) {
        return crate::api::gate::nowhere(&web, &parts.headers, StatusCode::NOT_FOUND);
    }
    let visit = Visit::of(&web, &parts).await.unwrap_or_else(|_| Visit::blind(&web, &parts));
    dress(&web, &visit, Kind::Page, WebError::not_found().into_response())
}

/// A known address, but not for this method.
pub(super) async fn wrong_method(State(web): State<Web>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.uri.path().starts_with(API) {
        return crate::api::gate::nowhere(&web, &parts.headers, StatusCode::METHOD_NOT_ALLOWED);
    }
    let visit = Visit::of(&web, &parts).await.unwrap_or_else(|_| Visit::blind(&web, &parts));
    let error = WebError::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request");
    dress(&web, &visit, Kind::Page, error.into_response())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_origin_is_ours_only_with_our_host_and_port() {
        let said = |origin: Option<&str>, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            own_origin(&headers)
        };
        assert_eq!(said(None, "a:8080"), None);
        assert_eq!(said(Some("http://a:8080"), "a:8080"), Some(true));
        assert_eq!(said(Some("https://A:8080"), "a:8080"), Some(true));
        for foreign in
            ["http://a", "http://a:8081", "https://evil.example", "null", "http://a:8080.evil.example", ""]
        {
            assert_eq!(said(Some(foreign), "a:8080"), Some(false), "{foreign}");
        }
        assert_eq!(said(Some("http://"), ""), Some(false));
    }
}
