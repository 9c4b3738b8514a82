//! One request's circumstances: who looks (asked of the database each time), in which language, with which token.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use rampart_pages::{Flash, Locale, Shell, Tone, Viewer as ShellViewer, ViewerRole};
use scoreboard::Side;

use super::error::WebError;
use super::state::Web;
use super::token::random_text;
use super::who::{Me, Role, Seated, Staff};

/// Cookie that holds the log-in.
pub const SESSION_COOKIE: &str = "rampart";
/// Cookie of a visitor who is not logged in; only ties form tokens to one browser.
const VISITOR_COOKIE: &str = "rampart_visitor";
/// Cookie with the chosen language.
const LANGUAGE_COOKIE: &str = "rampart_lang";
/// Cookie with a message for the next page.
const FLASH_COOKIE: &str = "rampart_flash";
/// Cookie of a visit to one's own page without a seat.
const OWN_COOKIE: &str = "rampart_own";
/// The longest that a browser keeps the visitor cookie, s.
const VISITOR_S: i64 = 86_400;
/// The longest that a browser keeps the language, s.
const LANGUAGE_S: i64 = 400 * 86_400;

/// One request's circumstances.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Language.
    pub locale: Locale,
    /// Path without query.
    pub path: String,
    /// Who looks.
    pub me: Me,
    /// Session id, if logged in.
    pub session: Option<String>,
    /// Token for forms.
    pub csrf: String,
    /// Message from the page before.
    flash: Option<Flash>,
    /// The script asked, not the person: answers are JSON.
    pub json: bool,
    /// Address of the browser, as far as it can be believed.
    pub address: IpAddr,
    /// Host and port as the browser named them.
    pub host: String,
    /// Now, ms UTC.
    pub now_ms: i64,
    /// Mark of this request in the log.
    pub trace: String,
    /// What tokens are tied to.
    visitor: String,
    cookies: Vec<HeaderValue>,
}

/// Value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// A cookie to be set. Values are hexadecimal, a JWT or a language code, so none needs quoting.
fn set_cookie(name: &str, value: &str, secure: bool, max_age_s: i64) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Adds a cookie to a response.
fn add_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

pub(crate) fn client_address(web: &Web, parts: &Parts) -> IpAddr {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip());
    if !web.house.proxies.contains(&peer) {
        return peer;
    }
    // Each hop appends the address that it saw, so only the last one is the trusted proxy's own word.
    parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(peer)
}

impl Visit {
    /// Who counts as one: an account, the person in a seat, or a browser.
    pub(super) fn person(&self) -> &str {
        self.me.person().unwrap_or(&self.visitor)
    }

    /// Looks at a request. Asks the database who is behind the log-in.
    pub(super) async fn of(web: &Web, parts: &Parts) -> Result<Self, WebError> {
        let mut cookies = Vec::new();
        let secure = web.house.secure;
        let query: HashMap<String, String> =
            Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default();
        let chosen = query.get("lang").and_then(|text| Locale::parse(text));
        if let Some(locale) = chosen {
            cookies.extend(set_cookie(LANGUAGE_COOKIE, locale.code(), secure, LANGUAGE_S));
        }
        let locale = chosen
            .or_else(|| cookie(&parts.headers, LANGUAGE_COOKIE).and_then(Locale::parse))
            .unwrap_or_default();
        let session = cookie(&parts.headers, SESSION_COOKIE).and_then(|cookie| web.signer.session(cookie));
        let me = match &session {
            Some(session) => who_is(web, session).await?,
            None => Me::Nobody,
        };
        let session = if me == Me::Nobody { None } else { session };
        let visitor = match (&session, cookie(&parts.headers, VISITOR_COOKIE)) {
            (Some(session), _) => session.clone(),
            (None, Some(known)) if known.len() == 32 => known.to_owned(),
            (None, _) => {
                let fresh = random_text();
                cookies.extend(set_cookie(VISITOR_COOKIE, &fresh, secure, VISITOR_S));
                fresh
            }
        };
        let accept =
            parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut visit = Self {
            locale,
            path: parts.uri.path().to_owned(),
            me,
            session,
            csrf: web.signer.form_token(&visitor),
            flash: None,
            json: accept.starts_with("application/json"),
            address: client_address(web, parts),
            host: host.to_owned(),
            now_ms: web.app.now_ms(),
            trace: random_text().chars().take(8).collect(),
            visitor,
            cookies,
        };
        visit.take_flash(web, &parts.headers);
        Ok(visit)
    }

    /// Circumstances when not even the log-in could be looked up.
    pub(super) fn blind(web: &Web, parts: &Parts) -> Self {
        Self {
            locale: cookie(&parts.headers, LANGUAGE_COOKIE).and_then(Locale::parse).unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            me: Me::Nobody,
            session: None,
            csrf: String::new(),
            flash: None,
            json: false,
            address: client_address(web, parts),
            host: String::new(),
            now_ms: web.app.now_ms(),
            trace: random_text().chars().take(8).collect(),
            visitor: String::new(),
            cookies: Vec::new(),
        }
    }

    fn take_flash(&mut self, web: &Web, headers: &HeaderMap) {
        let Some(sealed) = cookie(headers, FLASH_COOKIE).filter(|sealed| !sealed.is_empty()) else { return };
        let Some((tone, code, args)) = web
            .signer
            .unseal(sealed)
            .and_then(|text| serde_json::from_str::<(String, String, BTreeMap<String, String>)>(&text).ok())
        else {
            return;
        };
        let tone = match tone.as_str() {
            "ok" => Tone::Ok,
            "warn" => Tone::Warn,
            "danger" => Tone::Danger,
            _ => Tone::Info,
        };
        self.flash = Some(Flash { tone, text: web.pages.text(self.locale, &format!("flash.{code}"), &args) });
    }

    /// Is this the token of the visitor's forms?
    pub(super) fn owns(&self, web: &Web, token: &str) -> bool {
        web.signer.is_form_token(&self.visitor, token)
    }

    /// What surrounds the page.
    #[must_use]
    pub fn shell(&self) -> Shell {
        let viewer = match &self.me {
            Me::Nobody => None,
            Me::Staff(staff) => Some(ShellViewer { name: staff.name.clone(), role: viewer_role(staff.role) }),
            Me::Seat(seat) => Some(ShellViewer { name: seat.name.clone(), role: ViewerRole::Trainee }),
        };
        Shell {
            locale: self.locale,
            viewer,
            path: self.path.clone(),
            csrf: self.csrf.clone(),
            now_ms: self.now_ms,
            flash: self.flash.clone(),
        }
    }

    /// Adds the cookies that this visit brings about. A message was shown when the answer was a page.
    pub(super) fn finish(&self, web: &Web, response: &mut Response) {
        for cookie in &self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        let page = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if self.flash.is_some() && page {
            add_cookie(response, set_cookie(FLASH_COOKIE, "", web.house.secure, 0));
        }
    }
}

/// Where this person's work is.
#[must_use]
pub fn home(me: &Me) -> &'static str {
    match me {
        Me::Nobody => "/",
        Me::Seat(_) => "/seat",
        Me::Staff(staff) => match staff.role {
            Role::Officer => "/statistics",
            Role::Instructor | Role::Administrator => "/exercises",
        },
    }
}

/// The role as pages name it.
#[must_use]
pub fn viewer_role(role: Role) -> ViewerRole {
    match role {
        Role::Administrator => ViewerRole::Administrator,
        Role::Instructor => ViewerRole::Instructor,
        Role::Officer => ViewerRole::Officer,
    }
}

/// Puts the log-in of `session` on a response.
pub fn log_in(web: &Web, response: &mut Response, session: &str, expires_ms: i64, now_ms: i64) {
    let token = web.signer.log_in(session, expires_ms);
    let seconds = ((expires_ms - now_ms) / 1000).max(0);
    add_cookie(response, set_cookie(SESSION_COOKIE, &token, web.house.secure, seconds));
}

/// The visit to one's own page that a browser is on.
pub(super) fn own_visit(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, OWN_COOKIE).filter(|key| key.len() == 32)
}

/// Puts such a visit on a response; an empty one takes it off.
pub(super) fn set_own_visit(web: &Web, response: &mut Response, key: &str) {
    let seconds = if key.is_empty() { 0 } else { rampart_app::courses::OWN_VISIT_MS / 1000 };
    add_cookie(response, set_cookie(OWN_COOKIE, key, web.house.secure, seconds));
}

/// Takes the log-in off the browser.
pub fn log_out(web: &Web, response: &mut Response) {
    add_cookie(response, set_cookie(SESSION_COOKIE, "", web.house.secure, 0));
}

/// Leaves a message for the next page: a code below `flash.` and its values.
pub fn flash(web: &Web, response: &mut Response, tone: Tone, code: &str, args: &[(&str, &str)]) {
    let tone = match tone {
        Tone::Ok => "ok",
        Tone::Info => "info",
        Tone::Warn => "warn",
        Tone::Danger => "danger",
    };
    let args: BTreeMap<&str, &str> = args.iter().copied().collect();
    let text = serde_json::to_string(&(tone, code, args)).unwrap_or_default();
    add_cookie(response, set_cookie(FLASH_COOKIE, &web.signer.seal(&text), web.house.secure, 60));
}

/// Who is behind a session at this moment. Also asked by streams and terminals while they are open.
pub(super) async fn who_is(web: &Web, session: &str) -> Result<Me, WebError> {
    Ok(web.app.viewer(session).await?.map_or(Me::Nobody, |viewer| me_of(web, viewer)))
}

/// Whoever is behind a log-in or a token, as routes know them.
pub(crate) fn me_of(web: &Web, viewer: rampart_store::Viewer) -> Me {
    use rampart_store::Viewer;
    match viewer {
        Viewer::Account { account_id, name, role, must_change, .. } => {
            Me::Staff(Staff { id: account_id, name, role: role_of(role), must_change })
        }
        Viewer::Seat { seat_id, exercise_id, team, number, person_id, name, .. } => {
            // A seat whose exercise or team is gone opens nothing.
            let Some(exercise) = web.app.exercise(&exercise_id) else { return Me::Nobody };
            let known = exercise.fold().team(&team).map(|team| (team.side, team.range));
            let Some((side, range)) = known else { return Me::Nobody };
            Me::Seat(Seated {
                seat: seat_id,
                exercise: exercise_id,
                team,
                side,
                range,
                person: person_id,
                name,
                number: i64::from(number),
            })
        }
    }
}

/// The store's role as the web names it.
#[must_use]
pub fn role_of(role: rampart_store::Role) -> Role {
    match role {
        rampart_store::Role::Administrator => Role::Administrator,
        rampart_store::Role::Instructor => Role::Instructor,
        rampart_store::Role::Officer => Role::Officer,
    }
}

/// The visit, as handlers take it.
#[derive(Debug, Clone)]
pub struct Here(pub Arc<Visit>);

impl Here {
    /// The same visit as if it were to `path`: the answer to a form is a page that has its own address, which its links
    /// must name.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        Self(Arc::new(Visit { path: path.to_owned(), ..Visit::clone(&self.0) }))
    }
}

impl std::ops::Deref for Here {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Here {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| WebError::internal("no visit on this route"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        match &Here::from_request_parts(parts, state).await?.me {
            Me::Staff(staff) => Ok(staff.clone()),
            _ => Err(WebError::forbidden()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Seated {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        match &Here::from_request_parts(parts, state).await?.me {
            Me::Seat(seat) => Ok(seat.clone()),
            _ => Err(WebError::forbidden()),
        }
    }
}

/// Label of a seat such as 紅檜-3.
#[must_use]
pub fn seat_label(team: &str, number: i64) -> String {
    format!("{team}-{number}")
}

/// The side as pages name it.
#[must_use]
pub fn page_side(side: Side) -> rampart_pages::Side {
    match side {
        Side::Red => rampart_pages::Side::Red,
        Side::Blue => rampart_pages::Side::Blue,
    }
}
