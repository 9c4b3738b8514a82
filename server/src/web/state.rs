//! What every handler can reach.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use rampart_app::App;
use rampart_pages::{Locale, Page, Pages, Problem};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::{Answer, WebError};
use super::limit::Buckets;
use super::token::Signer;
use super::visit::Visit;

/// Flags that a seat may submit at once; one more each second.
const FLAG_BURST: i64 = 10;
/// Requests that a token may make at once, and after that one each so many ms.
const TOKEN_BURST: i64 = 120;
const TOKEN_EVERY_MS: i64 = 100;
/// Tokens that are none, from one address at once; one more each second.
const STRANGER_BURST: i64 = 60;
/// How often the last use of a token is written, ms.
const TOKEN_NOTED_MS: i64 = 60_000;

/// Facts about this installation that pages show.
#[derive(Debug, Clone, Default)]
pub struct House {
    /// Cookies only over HTTPS.
    pub secure: bool,
    /// Address that people type, as printed on slips; else the one that the browser used.
    pub address: Option<String>,
    /// Proxies whose word about a client's address is believed.
    pub proxies: Vec<IpAddr>,
    /// `sqlite` or `postgres`.
    pub store_kind: String,
    /// Where the store lies, without a password.
    pub store_place: String,
    /// The store's file, where it is one.
    pub store_file: Option<std::path::PathBuf>,
    /// Where the container engine is asked.
    pub engine_address: String,
    /// Where web hooks may lead.
    pub hooks: Arc<rampart_app::webhooks::Allowed>,
    /// Since when it runs, ms UTC.
    pub started_ms: i64,
}

/// The server as handlers see it. Cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

/// See [`Web`].
pub struct Inner {
    /// The use cases.
    pub app: Arc<App>,
    /// Templates and texts.
    pub pages: Pages,
    /// Signs and checks.
    pub signer: Signer,
    /// Facts for pages.
    pub house: House,
    /// Limits how fast a seat submits flags.
    pub flags: Buckets,
    /// Limits how fast a token is used.
    pub tokens: Buckets,
    /// Limits how fast an address tries tokens that are none.
    pub strangers: Buckets,
    /// The last use of a token is written so often.
    pub noted: Buckets,
    /// Where right flags come from.
    pub senders: super::senders::Senders,
    /// Figures for monitoring.
    pub metrics: crate::metrics::Metrics,
    /// Ends streams and terminals when the server goes down.
    pub stopping: CancellationToken,
    /// Owns the tasks of open terminals, so that the end can wait for them.
    pub sockets: TaskTracker,
    /// Connections to desktops, by seat.
    pub desktops: super::places::Places,
    /// People who look on at desktops, by seat.
    pub desktops_watched: super::places::Places,
    /// Files under way, by seat.
    pub transfers: super::places::Places,
    /// Rosters that wait for a yes.
    pub uploads: super::import::Uploads,
}

impl Deref for Web {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Web {
    /// Tells everything that is open that the server stops.
    pub fn stop(&self) {
        self.stopping.cancel();
        self.app.exercises().iter().for_each(|exercise| exercise.board().close());
    }

    /// Puts it together.
    #[must_use]
    pub fn new(app: Arc<App>, pages: Pages, signer: Signer, house: House) -> Self {
        Self(Arc::new(Inner {
            metrics: crate::metrics::Metrics::new(&app),
            app,
            pages,
            signer,
            house,
            flags: Buckets::new(FLAG_BURST, 1000),
            tokens: Buckets::new(TOKEN_BURST, TOKEN_EVERY_MS),
            strangers: Buckets::new(STRANGER_BURST, 1000),
            noted: Buckets::new(1, TOKEN_NOTED_MS),
            senders: super::senders::Senders::default(),
            stopping: CancellationToken::new(),
            sockets: TaskTracker::new(),
            desktops: super::places::Places::default(),
            desktops_watched: super::places::Places::default(),
            transfers: super::places::Places::default(),
            uploads: super::import::Uploads::default(),
        }))
    }

    /// Renders a page.
    ///
    /// # Errors
    /// When the template and its context do not fit, which is a fault of the program.
    pub fn page<P: Page>(&self, visit: &Visit, page: &P) -> Answer {
        self.page_as(StatusCode::OK, visit, page)
    }

    /// Renders a page with a status of its own: a refused form is 422 and shows the form again.
    ///
    /// # Errors
    /// As [`Web::page`].
    pub fn page_as<P: Page>(&self, status: StatusCode, visit: &Visit, page: &P) -> Answer {
        let html = self.pages.render(&visit.shell(), page)?;
        Ok((status, Html(html)).into_response())
    }

    /// What a problem says in a language.
    #[must_use]
    pub fn say(&self, locale: Locale, problem: &Problem) -> String {
        self.pages.problem(locale, problem)
    }

    /// The live exercise of this id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn exercise(&self, id: &str) -> Result<Arc<rampart_app::exercise::Exercise>, WebError> {
        self.app.exercise(id).ok_or_else(WebError::not_found)
    }
}

/// Goes on at another page after a form.
#[must_use]
pub fn see_other(path: &str) -> Response {
    let place = header::HeaderValue::from_str(path).unwrap_or(header::HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}
