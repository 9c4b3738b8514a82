//! Files of a seat: the page with what lies in the home folder, a file out of it, a file into `uploads`.
//!
//! Works as a plain form; the script adds the progress. A file is handed on piece by piece as it comes. What comes out of
//! a workstation is somebody else's: it is an attachment of no type, under a policy that lets nothing of it run.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use rampart_app::files::{self, FileError, Incoming, Kind, Outgoing, Saved};
use rampart_app::workstation::WorkstationError;
use rampart_pages::{FileKind, FileLine, Problem, SeatFiles, Tone};
use scoreboard::Side;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::gate::token;
use super::headers::SANDBOX;
use super::places::Place;
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash};
use super::who::Seated;

/// Longest body of an upload that is read, bytes. It is more than a file may have: a browser that is still sending does
/// not see an answer, so what is too long is read and dropped before it is told.
pub(super) const BODY_LIMIT: usize = 256 * 1024 * 1024;
/// Transfers that a seat may have under way at once.
const PER_SEAT: usize = 2;
/// The longest that a browser may take for the next piece.
const IDLE: Duration = Duration::from_secs(30);
/// The longest that a transfer may take.
pub(crate) const WHOLE: Duration = Duration::from_secs(30 * 60);
/// Longest token of a form, bytes.
const TOKEN_MOST: usize = 512;
/// Bytes of a file read at once.
const CHUNK: usize = 64 * 1024;
/// A browser that asks for more pieces than this of a form sends none of ours.
const FIELDS_MOST: usize = 8;

/// Query of the page and of a file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    /// Path below the home folder; empty is the folder itself.
    #[serde(default)]
    p: String,
}

pub(crate) fn place(seat: &Seated) -> (u16, Side) {
    (seat.range, seat.side)
}

/// Status and text of what went wrong; faults of ours are told as such.
fn problem(error: &FileError) -> (StatusCode, Problem) {
    let megabytes = |bytes: u64| format!("{} MB", bytes >> 20);
    let (status, problem) = match error {
        FileError::Workstation(WorkstationError::NoRange) => {
            (StatusCode::CONFLICT, Problem::new("terminal_not_ready"))
        }
        FileError::Workstation(WorkstationError::Paused) => {
            (StatusCode::CONFLICT, Problem::new("file_paused"))
        }
        FileError::Workstation(WorkstationError::Lost { .. }) => {
            (StatusCode::CONFLICT, Problem::new("terminal_lost"))
        }
        FileError::Workstation(WorkstationError::Over) => (StatusCode::CONFLICT, Problem::new("file_over")),
        FileError::Workstation(WorkstationError::Engine(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, Problem::new("engine_unreachable"))
        }
        FileError::Name => (StatusCode::UNPROCESSABLE_ENTITY, Problem::new("file_name")),
        FileError::Missing => (StatusCode::NOT_FOUND, Problem::new("file_missing")),
        FileError::Kind => (StatusCode::UNPROCESSABLE_ENTITY, Problem::new("file_kind")),
        FileError::Denied => (StatusCode::FORBIDDEN, Problem::new("file_denied")),
        FileError::Large(limit) => {
            (StatusCode::PAYLOAD_TOO_LARGE, Problem::new("file_large").with("limit", megabytes(*limit)))
        }
        FileError::Full => (
            StatusCode::INSUFFICIENT_STORAGE,
            Problem::new("file_full").with("quota", megabytes(files::UPLOADS_QUOTA)),
        ),
        FileError::Broken => (StatusCode::BAD_REQUEST, Problem::new("file_broken")),
        FileError::Odd(_) => (StatusCode::BAD_GATEWAY, Problem::new("file_odd")),
    };
    (status, problem.on("file"))
}

impl From<FileError> for WebError {
    fn from(error: FileError) -> Self {
        let (status, told) = problem(&error);
        let ours = matches!(error, FileError::Workstation(WorkstationError::Engine(_)) | FileError::Odd(_));
        Self { detail: ours.then(|| error.to_string()), ..Self::with(status, told) }
    }
}

fn busy() -> WebError {
    WebError::new(StatusCode::TOO_MANY_REQUESTS, "file_busy")
}

async fn page(
    web: &Web,
    visit: &Here,
    seat: &Seated,
    path: &str,
    told: Option<Problem>,
) -> Result<SeatFiles, WebError> {
    let exercise = web.exercise(&seat.exercise)?;
    let row = row_of(web, &seat.exercise).await?;
    let path = path.trim_matches('/');
    let (listing, refused) = match files::list(&web.app, &exercise, place(seat), path).await {
        Ok(listing) => (Some(listing), None),
        Err(error) => (None, Some(problem(&error).1)),
    };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    let (entries, cut) = listing.map_or((Vec::new(), false), |listing| (listing.entries, listing.cut));
    Ok(SeatFiles {
        seat: view::seat::head_of(&exercise, &row, seat, visit.locale, visit.now_ms),
        link: coded(path),
        above: (!path.is_empty()).then(|| coded(path.rsplit_once('/').map_or("", |(above, _)| above))),
        path: path.to_owned(),
        entries: entries
            .into_iter()
            .map(|entry| FileLine {
                link: coded(&below(&entry.name)),
                kind: match entry.kind {
                    Kind::Folder => FileKind::Folder,
                    Kind::File if entry.size <= files::DOWNLOAD_LIMIT => FileKind::File,
                    Kind::File | Kind::Other => FileKind::Other,
                },
                name: entry.name,
                size: view::count(usize::try_from(entry.size).unwrap_or(usize::MAX)),
                changed_ms: entry.changed_ms,
            })
            .collect(),
        cut,
        refused,
        problem: told,
        limit: view::count(usize::try_from(files::UPLOAD_LIMIT).unwrap_or(usize::MAX)),
    })
}

/// `GET /seat/files`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    seat: Seated,
    Query(sought): Query<Sought>,
) -> Answer {
    let page = page(&web, &visit, &seat, &sought.p, None).await?;
    web.page(&visit, &page)
}

/// `POST /seat/files`. Answers a script with JSON, a form with the page.
pub(super) async fn receive(State(web): State<Web>, visit: Here, seat: Seated, request: Request) -> Answer {
    let taken =
        timeout(WHOLE, take(&web, &visit, &seat, request)).await.unwrap_or(Err(FileError::Broken.into()));
    let saved = match taken {
        Ok(saved) => saved,
        // A form of another site, or one that is none of ours, has no page to come back to.
        Err(error) if visit.json || error.problem.field.is_none() => return Err(error),
        Err(error) => {
            let page = page(&web, &visit, &seat, "uploads", Some(error.problem)).await?;
            return web.page_as(error.status, &visit, &page);
        }
    };
    let mut response = if visit.json {
        Json(serde_json::json!({ "name": saved.name, "size": saved.size })).into_response()
    } else {
        see_other("/seat/files?p=uploads")
    };
    flash(&web, &mut response, Tone::Ok, "file_saved", &[("name", &saved.name)]);
    Ok(response)
}

fn bad(error: MultipartError) -> WebError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => FileError::Large(files::UPLOAD_LIMIT).into(),
        _ => FileError::Broken.into(),
    }
}

/// The next piece of a field.
async fn next(field: &mut Field<'_>) -> Result<Option<Bytes>, WebError> {
    timeout(IDLE, field.chunk()).await.map_err(|_| FileError::Broken)?.map_err(bad)
}

/// Reads the form: the token first, unless it stood in a header, then the file.
async fn take(web: &Web, visit: &Here, seat: &Seated, request: Request) -> Result<Saved, WebError> {
    let mut known = match token(request.headers()) {
        Some(token) if visit.owns(web, token) => true,
        Some(_) => return Err(WebError::csrf()),
        None => false,
    };
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return Err(WebError::csrf()) };
    for _ in 0..FIELDS_MOST {
        let field = timeout(IDLE, form.next_field()).await.map_err(|_| FileError::Broken)?.map_err(bad)?;
        let Some(mut field) = field else { break };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "csrf" && !known {
            let mut text = Vec::new();
            while let Some(piece) = next(&mut field).await? {
                text.extend_from_slice(&piece);
                if text.len() > TOKEN_MOST {
                    return Err(WebError::csrf());
                }
            }
            known = std::str::from_utf8(&text).is_ok_and(|token| visit.owns(web, token));
        }
        if !known {
            return Err(WebError::csrf());
        }
        if name != "file" {
            continue;
        }
        let given = field.file_name().unwrap_or_default().to_owned();
        if given.is_empty() {
            return Err(WebError::with(
                StatusCode::UNPROCESSABLE_ENTITY,
                Problem::new("file_none").on("file"),
            ));
        }
        let saved = keep(web, seat, &given, (&mut field).map_err(bad)).await;
        if saved.is_err() {
            while next(&mut field).await.is_ok_and(|piece| piece.is_some()) {}
        }
        return saved;
    }
    if known {
        return Err(WebError::with(StatusCode::UNPROCESSABLE_ENTITY, Problem::new("file_none").on("file")));
    }
    Err(WebError::csrf())
}

/// Takes a file into `uploads`, piece by piece as it comes.
pub(crate) async fn keep(
    web: &Web,
    seat: &Seated,
    name: &str,
    mut pieces: impl Stream<Item = Result<Bytes, WebError>> + Unpin,
) -> Result<Saved, WebError> {
    let _place: Place = web.transfers.enter(&seat.seat, PER_SEAT).ok_or_else(busy)?;
    let exercise = web.exercise(&seat.exercise)?;
    let mut incoming: Incoming = files::receive(&web.app, &exercise, place(seat), name).await?;
    let mut hash = Sha256::new();
    while let Some(piece) = timeout(IDLE, pieces.next()).await.map_err(|_| FileError::Broken)? {
        let piece = piece?;
        hash.update(&piece);
        incoming.write(&piece).await?;
    }
    let saved = incoming.finish().await?;
    web.app.touch(&seat.seat);
    web.app.note_file(&seat.exercise, &seat.seat, true, saved.size, &hex::encode(hash.finalize())).await;
    Ok(saved)
}

/// Every byte that is no letter, digit or one of few signs as `%XX`: what a query and a header parameter take alike.
fn coded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// `attachment` with the name for every browser: RFC 6266 with the form of RFC 8187 (once 5987), and a plain one beside.
pub(super) fn disposition(name: &str) -> HeaderValue {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", coded(name)))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// `GET /seat/files/get`.
pub(super) async fn fetch(
    State(web): State<Web>,
    seat: Seated,
    headers: HeaderMap,
    Query(sought): Query<Sought>,
) -> Answer {
    // A page of another site may not make a browser fetch a file out of a range, even if it never sees it.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(WebError::forbidden());
    }
    send(web, seat, &sought.p).await
}

/// A file out of the workstation, as an attachment of no type.
pub(crate) async fn send(web: Web, seat: Seated, path: &str) -> Answer {
    let place_taken = web.transfers.enter(&seat.seat, PER_SEAT).ok_or_else(busy)?;
    let exercise = web.exercise(&seat.exercise)?;
    let outgoing = files::open(&web.app, &exercise, place(&seat), path).await?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, disposition(name)),
        (header::CONTENT_LENGTH, HeaderValue::from(outgoing.size)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let sending = Sending { web, seat, outgoing, left: 0, hash: Sha256::new(), _place: place_taken };
    Ok((headers, sending.body()).into_response())
}

/// A file on its way to the browser. Dropped half-way when the browser goes.
struct Sending {
    web: Web,
    seat: Seated,
    outgoing: Outgoing,
    left: u64,
    hash: Sha256,
    _place: Place,
}

impl Sending {
    fn body(mut self) -> Body {
        self.left = self.outgoing.size;
        Body::from_stream(stream::unfold(Some(self), |state| async {
            let mut sending = state?;
            match sending.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(sending))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        if self.left == 0 {
            let (web, seat, size) = (&self.web, &self.seat, self.outgoing.size);
            let hash = hex::encode(std::mem::take(&mut self.hash).finalize());
            web.app.note_file(&seat.exercise, &seat.seat, false, size, &hash).await;
            return Ok(None);
        }
        let mut chunk = vec![0; CHUNK];
        let length = match timeout(IDLE, self.outgoing.reader.read(&mut chunk)).await {
            Ok(read) => read?,
            Err(_) => return Err(std::io::ErrorKind::TimedOut.into()),
        };
        if length == 0 {
            // Shorter than it was when it was opened: the browser must not take it for the whole.
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(length);
        self.hash.update(&chunk);
        self.left -= length as u64;
        Ok(Some(chunk.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_go_out_in_a_form_that_every_browser_reads() {
        assert_eq!(
            disposition("公文 1.pdf"),
            "attachment; filename=\"___1.pdf\"; filename*=UTF-8''%E5%85%AC%E6%96%87%201.pdf"
        );
        assert_eq!(
            disposition("a\"\r\nX: y;.txt"),
            "attachment; filename=\"a___X__y_.txt\"; filename*=UTF-8''a%22%0D%0AX%3A%20y%3B.txt"
        );
    }
}
