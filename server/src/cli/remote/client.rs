//! Speaking to a server's API: one token, one call at a time.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rampart::api::error::ProblemBody;
use rampart::api::extract::List;
use rampart::api::types::Exercise;
use rampart_domain::token::TokenText;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Method;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Longest wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Longest answer, bytes.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;

/// Why a command did not do it; each kind has its exit code.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server said no (1).
    Refused(String),
    /// What was typed, or what a file holds, is not in order (2).
    Faults(Vec<String>),
    /// No answer, or none that makes sense (3).
    NoContact(String),
}

impl Failure {
    /// One fault of what was typed.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::Faults(vec![text.into()])
    }

    /// Exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Faults(_) => 2,
            Self::NoContact(_) => 3,
        }
    }

    /// What is said on standard error.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Refused(text) | Self::NoContact(text) => vec![text.clone()],
            Self::Faults(lines) => lines.clone(),
        }
    }
}

/// A server and the token for it.
pub(super) struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
    language: &'static str,
}

/// The language of the person's terminal.
fn language() -> &'static str {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    if set.is_some_and(|set| set.starts_with("zh")) { "zh-TW" } else { "en" }
}

/// Reads a token that nobody but its owner can read.
fn read_token(path: &Path) -> Result<String, Failure> {
    let fault = |error: std::io::Error| Failure::usage(format!("token file {}: {error}", path.display()));
    let mode = std::fs::metadata(path).map_err(fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(Failure::usage(format!("token file {path}: others can read it; chmod 600 {path}")));
    }
    let text = std::fs::read_to_string(path).map_err(fault)?;
    match TokenText::read(text.trim()) {
        Some(token) => Ok(token.reveal().to_owned()),
        None => Err(Failure::usage(format!("token file {}: holds no whole token", path.display()))),
    }
}

fn roots(path: Option<&Path>) -> Result<RootCerts, Failure> {
    let Some(path) = path else { return Ok(RootCerts::PlatformVerifier) };
    let fault =
        |error: &dyn std::fmt::Display| Failure::usage(format!("CA file {}: {error}", path.display()));
    let pem = std::fs::read(path).map_err(|error| fault(&error))?;
    let mut certs: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(cert) = item.map_err(|error| fault(&error))? {
            certs.push(cert);
        }
    }
    if certs.is_empty() {
        return Err(fault(&"no certificate in it"));
    }
    Ok(RootCerts::new_with_certs(&certs))
}

impl Client {
    /// A client for a server; nothing is asked yet.
    pub(super) fn new(server: &str, token_file: &Path, ca: Option<&Path>) -> Result<Self, Failure> {
        let base = server.trim_end_matches('/').to_owned();
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
            .iter()
            .any(|own| base.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        // A token sent in the clear is everybody's.
        if !base.starts_with("https://") && !local {
            return Err(Failure::usage(
                "--server has to begin with https:// (http:// for this machine only)",
            ));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("rampart/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots(ca)?).build())
            .build();
        Ok(Self { agent: config.into(), base, token: read_token(token_file)?, language: language() })
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept-language", self.language)
            .header("accept", "application/json");
        if let Some((kind, _)) = &body {
            request = request.header("content-type", *kind);
        }
        let bytes = body.map(|(_, bytes)| bytes).unwrap_or_default();
        let request = request.body(bytes).map_err(|error| Failure::usage(format!("--server: {error}")))?;
        let no_contact = |error: ureq::Error| Failure::NoContact(format!("{}: {error}", self.base));
        let mut response = self.agent.run(request).map_err(no_contact)?;
        let status = response.status().as_u16();
        let bytes = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec().map_err(no_contact)?;
        Ok((status, bytes))
    }

    fn problem(&self, status: u16, body: &[u8]) -> Failure {
        let Ok(problem) = serde_json::from_slice::<ProblemBody>(body) else {
            return Failure::NoContact(format!("{}: answers {status}, and not as Rampart does", self.base));
        };
        match status {
            400 | 413 | 422 => {
                let fields = problem.errors.iter().map(|one| format!("{}: {}", one.field, one.text));
                let mut lines: Vec<String> = fields.collect();
                if lines.is_empty() {
                    lines.push(problem.title);
                }
                Failure::Faults(lines)
            }
            502..=504 => Failure::NoContact(problem.title),
            500 => Failure::Refused(format!("{} [{}]", problem.title, problem.trace)),
            _ => Failure::Refused(problem.title),
        }
    }

    fn read<T: DeserializeOwned>(&self, answer: (u16, Vec<u8>)) -> Result<T, Failure> {
        let (status, body) = answer;
        if !(200..300).contains(&status) {
            return Err(self.problem(status, &body));
        }
        let body = if body.is_empty() { b"null" } else { body.as_slice() };
        serde_json::from_slice(body)
            .map_err(|error| Failure::NoContact(format!("{}: not the answer expected: {error}", self.base)))
    }

    /// Asks for something.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.read(self.ask(Method::GET, path, None)?)
    }

    /// Asks for a file.
    pub(super) fn fetch(&self, path: &str) -> Result<Vec<u8>, Failure> {
        match self.ask(Method::GET, path, None)? {
            (status, bytes) if (200..300).contains(&status) => Ok(bytes),
            (status, body) => Err(self.problem(status, &body)),
        }
    }

    /// Has something done.
    pub(super) fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let bytes = serde_json::to_vec(body).map_err(|error| Failure::usage(error.to_string()))?;
        self.read(self.ask(method, path, Some(("application/json", bytes)))?)
    }

    /// Has something taken away.
    pub(super) fn remove(&self, path: &str) -> Result<(), Failure> {
        self.read(self.ask(Method::DELETE, path, None)?)
    }

    /// Sends a file.
    pub(super) fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<T, Failure> {
        self.read(self.ask(Method::POST, path, Some((kind, bytes)))?)
    }

    /// All parts of a list; `path` without cursor.
    pub(super) fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let part: List<T> = self.get(&format!("{path}{glue}limit=500{cursor}"))?;
            items.extend(part.items);
            match part.next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// The id of an exercise that was named by its session code or its id.
    pub(super) fn exercise(&self, named: &str) -> Result<String, Failure> {
        if !named.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') || named.is_empty() {
            return Err(Failure::usage(format!("`{named}` is no session code")));
        }
        let found: List<Exercise> = self.get(&format!("/exercises?code={named}"))?;
        Ok(found.items.first().map_or_else(|| named.to_owned(), |one| one.id.clone()))
    }
}
