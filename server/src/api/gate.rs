//! The gate before every route of the API: a token, how often it is used, what its owner may, what it may. Cookies open
//! nothing here, and tokens open nothing elsewhere, so there are no forms of others to fear.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use rampart_domain::token::{Scope, TokenText};
use rampart_pages::{Locale, Problem};
use rampart_store::{Begun, Token, TokenOwner};
use sha2::{Digest, Sha256};

use super::error::{Fault, Undressed, dressed};
use crate::web::Web;
use crate::web::courses::base_at;
use crate::web::error::WebError;
use crate::web::token::random_text;
use crate::web::visit::{client_address, me_of};
use crate::web::who::{Me, Seated, Staff, Who};

/// Longest body, bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// Longest file, bytes.
const FILE_LIMIT: usize = rampart_app::records::roster::BYTES_MAX;
/// A body has to be here within this time.
const READ_TIME: Duration = Duration::from_secs(20);
/// Longest key of a request that may be sent again.
const KEY_LIMIT: usize = 100;

/// What the gate knows of a route.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// Pattern.
    pub path: String,
    /// Who may pass.
    pub who: Who,
    /// What the token must be for; `None` for what every token may.
    pub scope: Option<Scope>,
    /// Its body is a file.
    pub file: bool,
    /// Its body is handed on as it comes, and measured by whoever takes it.
    pub stream: bool,
    /// It makes something, and takes `Idempotency-Key`.
    pub makes: bool,
}

/// Who calls, with what.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who is behind the token, as the database says now.
    pub me: Me,
    /// The token.
    pub token: Arc<Token>,
    /// Address of the caller, as far as it can be believed.
    pub address: std::net::IpAddr,
    /// Language of texts.
    pub locale: Locale,
    /// Now, ms UTC.
    pub now_ms: i64,
}

impl Call {
    /// Account id of whoever calls.
    ///
    /// # Errors
    /// 403 for a seat.
    pub fn staff(&self) -> Result<&Staff, Fault> {
        match &self.me {
            Me::Staff(staff) => Ok(staff),
            _ => Err(WebError::forbidden().into()),
        }
    }

    /// Who counts as one: an account, or the person in a seat.
    pub(super) fn person(&self) -> &str {
        self.me.person().unwrap_or(&self.token.id)
    }

    /// The seat that calls.
    ///
    /// # Errors
    /// 403 for an account.
    pub fn seat(&self) -> Result<&Seated, Fault> {
        match &self.me {
            Me::Seat(seat) => Ok(seat),
            _ => Err(WebError::forbidden().into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| WebError::internal("no caller on this route").into())
    }
}

/// The language that the caller prefers; Chinese where neither is named.
pub(super) fn language(headers: &HeaderMap) -> Locale {
    let text = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best: Option<(u32, Locale)> = None;
    for part in text.split(',').take(20) {
        let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
        let Some(locale) = Locale::parse(tag) else { continue };
        let weight = match rest.trim().strip_prefix("q=") {
            None => 1000,
            Some(q) => q.parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32),
        };
        if weight > best.map_or(0, |(known, _)| known) {
            best = Some((weight, locale));
        }
    }
    best.map(|(_, locale)| locale).unwrap_or_default()
}

/// Runs a route behind the gate.
pub(super) async fn gate(
    State((web, gate)): State<(Web, Arc<Gate>)>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let (parts, body) = request.into_parts();
    let locale = language(&parts.headers);
    let trace: String = random_text().chars().take(8).collect();
    let result = pass(&web, &gate, locale, parts, body, next).await;
    let response = finish(&web, locale, &trace, result.unwrap_or_else(IntoResponse::into_response));
    web.metrics.answered(&method, &gate.path, response.status(), began.elapsed());
    tracing::info!(
        trace,
        %method,
        route = gate.path,
        status = response.status().as_u16(),
        ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

fn finish(web: &Web, locale: Locale, trace: &str, mut response: Response) -> Response {
    if let Some(Undressed(fault)) = response.extensions_mut().remove::<Undressed>() {
        response = dressed(web, locale, trace, &fault);
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("authorization, accept-language"));
    response
}

/// An address below `/api/` that is none of ours, or a method that it does not take.
pub(crate) fn nowhere(web: &Web, headers: &HeaderMap, status: StatusCode) -> Response {
    let code = if status == StatusCode::NOT_FOUND { "not_found" } else { "bad_request" };
    let trace: String = random_text().chars().take(8).collect();
    let locale = language(headers);
    finish(web, locale, &trace, Fault::new(status, code).into_response())
}

/// The token of a request; tries with what is none are counted by address.
async fn bearer(web: &Web, parts: &Parts, now_ms: i64) -> Result<(Token, Me), Fault> {
    let sent = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(sent) = sent else {
        return Err(WebError::new(StatusCode::UNAUTHORIZED, "token_missing").into());
    };
    let text = sent
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, text)| TokenText::read(text.trim()));
    if let Some(text) = text
        && let Some((token, viewer)) = web.app.bearer(&text).await?
    {
        return match me_of(web, viewer) {
            Me::Nobody => Err(WebError::new(StatusCode::UNAUTHORIZED, "token_unknown").into()),
            me => Ok((token, me)),
        };
    }
    let address = client_address(web, parts).to_string();
    web.strangers.take(&address, now_ms).map_err(WebError::too_many)?;
    Err(WebError::new(StatusCode::UNAUTHORIZED, "token_unknown").into())
}

async fn pass(
    web: &Web,
    gate: &Gate,
    locale: Locale,
    mut parts: Parts,
    body: Body,
    next: Next,
) -> Result<Response, Fault> {
    let now_ms = web.app.now_ms();
    let (token, me) = bearer(web, &parts, now_ms).await?;
    web.tokens.take(&token.id, now_ms).map_err(WebError::too_many)?;
    if !gate.who.admits(&me) || matches!(&me, Me::Staff(staff) if staff.must_change) {
        return Err(WebError::forbidden().into());
    }
    if let Some(scope) = gate.scope
        && !token.scopes.contains(&scope)
    {
        let problem = Problem::new("scope_missing").with("scope", scope);
        return Err(WebError::with(StatusCode::FORBIDDEN, problem).into());
    }
    if web.noted.take(&token.id, now_ms).is_ok()
        && let Err(error) = web.app.store.tokens().touch(&token.id, now_ms).await
    {
        // The use counts even when it cannot be noted: a full disk must not shut out whoever frees it.
        tracing::warn!(%error, token = token.id, "the use of a token could not be noted");
    }
    let owner = match &token.owner {
        TokenOwner::Account(id) | TokenOwner::Seat(id) => id.clone(),
    };
    let address = client_address(web, &parts);
    parts.extensions.insert(Call { me, token: Arc::new(token), address, locale, now_ms });
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return caught(Request::from_parts(parts, Body::empty()), next).await;
    }
    if gate.stream {
        return caught(Request::from_parts(parts, body), next).await;
    }
    let limit = if gate.file { FILE_LIMIT } else { BODY_LIMIT };
    let bytes = tokio::time::timeout(READ_TIME, to_bytes(body, limit))
        .await
        .map_err(|_| WebError::new(StatusCode::REQUEST_TIMEOUT, "bad_request"))?
        .map_err(|_| {
            let text = if gate.file { format!("{} MB", limit >> 20) } else { format!("{} kB", limit >> 10) };
            WebError::with(StatusCode::PAYLOAD_TOO_LARGE, Problem::new("too_large").with("limit", text))
        })?;
    let key = parts.headers.get("idempotency-key").filter(|_| gate.makes).cloned();
    match key {
        None => caught(Request::from_parts(parts, Body::from(bytes)), next).await,
        // Whoever asked may hang up: what has a key is carried to its end all the same.
        Some(key) => {
            let web = web.clone();
            tokio::spawn(async move { once(&web, &owner, &key, parts, bytes, next).await })
                .await
                .map_err(WebError::internal)?
        }
    }
}

/// Address of this server as whoever asked knows it, without a slash at its end.
pub(super) fn address_of(web: &Web, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    base_at(web, host)
}

async fn caught(request: Request, next: Next) -> Result<Response, Fault> {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.map_err(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        WebError::internal(format!("a handler panicked: {said}")).into()
    })
}

/// Carries a request with a key out once, however often it is sent, and gives the same answer again.
async fn once(
    web: &Web,
    owner: &str,
    key: &HeaderValue,
    parts: Parts,
    bytes: Bytes,
    next: Next,
) -> Result<Response, Fault> {
    let key = key.to_str().ok().filter(|key| (1..=KEY_LIMIT).contains(&key.len()));
    let key = key.ok_or_else(|| Fault::new(StatusCode::BAD_REQUEST, "repeat_key"))?.to_owned();
    let mut hash = Sha256::new();
    hash.update(format!("{} {}\n", parts.method, parts.uri).as_bytes());
    hash.update(&bytes);
    let repeats = web.app.store.repeats();
    match repeats.begin(owner, &key, &hex::encode(hash.finalize()), web.app.now_ms()).await? {
        Begun::New => {}
        Begun::Other => return Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "repeat_other")),
        Begun::Open => return Err(Fault::new(StatusCode::CONFLICT, "repeat_open")),
        Begun::Done { status, answer } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let kind = [(header::CONTENT_TYPE, "application/json"), (REPLAYED, "true")];
            return Ok((status, kind, answer).into_response());
        }
    }
    let response = caught(Request::from_parts(parts, Body::from(bytes)), next).await?;
    let status = response.status();
    if !status.is_success() {
        // What was refused may be sent again. After a fault of ours nobody knows, so the key stays taken.
        if !status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE {
            repeats.forget(owner, &key).await?;
        }
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let answer = to_bytes(body, usize::MAX).await.map_err(WebError::internal)?;
    let text = String::from_utf8_lossy(&answer);
    if let Err(error) = repeats.end(owner, &key, status.as_u16(), &text).await {
        // It is done and answered; only a repetition will not be.
        tracing::error!(%error, "the answer to a request with a key could not be kept");
    }
    Ok(Response::from_parts(head, Body::from(answer)))
}

/// Says that an answer is that of an earlier request.
const REPLAYED: header::HeaderName = header::HeaderName::from_static("idempotent-replayed");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_language_is_the_one_preferred() {
        for (said, wanted) in [
            ("", Locale::ZhTw),
            ("fr", Locale::ZhTw),
            ("en", Locale::En),
            ("en-GB,en;q=0.9", Locale::En),
            ("fr, en;q=0.5, zh-TW;q=0.7", Locale::ZhTw),
            ("zh;q=0, en;q=0.1", Locale::En),
            ("zh;q=x, en", Locale::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, said.parse().unwrap());
            assert_eq!(language(&headers), wanted, "{said}");
        }
    }
}
