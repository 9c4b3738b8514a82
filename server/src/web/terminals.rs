//! Terminals of an exercise for its instructor: which are open, looking on at one, replaying and deleting recordings.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::{SinkExt, StreamExt};
use rampart_app::exercise::Exercise;
use rampart_app::terminal::{Flow, Kept, RecordingError, Seen, Session, Watch};
use rampart_pages::{
    OpenTerminal, Problem, RecordingLine, RecordingMark, RecordingReplay, TerminalList, TerminalWatch, Tone,
};
use rampart_store::{Recording, RecordingState};
use scoreboard::Fold;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::gate::own_origin;
use super::live::{Pass, RECHECK, every};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::terminal::{FRAME_LIMIT, Frame, LAST_WORD, PING, SILENCE, close, read_frame, state};
use super::view::{self, count};
use super::visit::{Here, flash, seat_label};
use super::who::{Staff, Who};

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    q: String,
}

fn open_terminal(fold: &Fold, session: &Session) -> OpenTerminal {
    let team = view::team(fold, &session.holder.team);
    let (cols, rows) = session.size();
    OpenTerminal {
        id: session.id.clone(),
        name: session.holder.name.clone(),
        seat: seat_label(&team.name, i64::from(session.holder.number)),
        team,
        since_ms: session.since_ms,
        typed_ms: session.typed_ms(),
        attached: session.is_attached(),
        watching: i64::from(*session.watching().borrow()),
        cols: i64::from(cols),
        rows: i64::from(rows),
    }
}

fn line(fold: &Fold, recording: &Recording) -> RecordingLine {
    let team = view::team(fold, &recording.team);
    let mark = match (recording.removed_ms, recording.state) {
        (Some(_), _) => RecordingMark::Removed,
        (None, RecordingState::Open) => RecordingMark::Open,
        (None, RecordingState::Whole) => RecordingMark::Whole,
        (None, RecordingState::Cut) => RecordingMark::Cut,
        (None, RecordingState::Broken) => RecordingMark::Broken,
    };
    RecordingLine {
        id: recording.id.clone(),
        name: recording.person.clone(),
        seat: seat_label(&team.name, i64::from(recording.seat_no)),
        team,
        started_ms: recording.started_ms,
        length_ms: recording.length_ms,
        bytes: recording.bytes,
        mark,
    }
}

async fn list_page(web: &Web, visit: &Here, id: &str, query: &str) -> Result<TerminalList, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let recordings = web.app.store.recordings().list(id).await?;
    let open = web.app.open_terminals(id);
    let desktops = super::desktop::open_in(web, &exercise).await?;
    let keep_days = i64::from(web.app.retention().await?.recordings_days);
    let fold = exercise.fold();
    let kept: Vec<&Recording> =
        recordings.iter().filter(|one| one.removed_ms.is_none() && one.bytes.is_some()).collect();
    let lines = recordings.iter().map(|one| line(&fold, one));
    let found =
        |one: &RecordingLine| query.is_empty() || one.name.contains(query) || one.seat.contains(query);
    Ok(TerminalList {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        open: open.iter().map(|session| open_terminal(&fold, session)).collect(),
        desktops,
        kept: count(kept.len()),
        kept_bytes: kept.iter().filter_map(|one| one.bytes).sum(),
        recordings: lines.filter(found).collect(),
        query: query.to_owned(),
        keep_days,
        typed: String::new(),
        problem: None,
    })
}

/// `GET /exercises/{id}/terminals`.
pub(super) async fn list(
    State(web): State<Web>,
    visit: Here,
    Path(id): Path<String>,
    Query(query): Query<Sought>,
) -> Answer {
    let page = list_page(&web, &visit, &id, query.q.trim()).await?;
    web.page(&visit, &page)
}

fn find(web: &Web, exercise: &str, id: &str) -> Option<std::sync::Arc<Session>> {
    web.app.open_terminals(exercise).into_iter().find(|session| session.id == id)
}

/// `GET /exercises/{id}/terminals/{terminal}`.
pub(super) async fn watch(
    State(web): State<Web>,
    visit: Here,
    Path((id, terminal)): Path<(String, String)>,
) -> Answer {
    let exercise = web.exercise(&id)?;
    let row = row_of(&web, &id).await?;
    let Some(session) = find(&web, &id, &terminal) else {
        // The list of a moment ago may have named it.
        let mut response = see_other(&format!("/exercises/{id}/terminals"));
        web.exercise_recording(&id, &terminal).await?;
        flash(&web, &mut response, Tone::Info, "terminal_none", &[]);
        return Ok(response);
    };
    let fold = exercise.fold();
    let page = TerminalWatch {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        terminal: open_terminal(&fold, &session),
    };
    drop(fold);
    web.page(&visit, &page)
}

/// `GET /exercises/{id}/terminals/{terminal}/stream`.
pub(super) async fn stream(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((id, terminal)): Path<(String, String)>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Answer {
    web.exercise(&id)?;
    find(&web, &id, &terminal).ok_or_else(WebError::not_found)?;
    if own_origin(&headers) != Some(true) {
        return Err(WebError::forbidden());
    }
    let upgrade = upgrade.map_err(|_| WebError::new(StatusCode::UPGRADE_REQUIRED, "bad_request"))?;
    let watch = web.app.watch_terminal(&id, &terminal, &staff.id).await.ok_or_else(WebError::not_found)?;
    let look = Look {
        pass: Pass::new(&web, &visit, Who::WATCHER),
        over: web.pages.text(visit.locale, "error.terminal_none", &BTreeMap::new()),
        web,
    };
    let tracker = look.web.sockets.clone();
    let task = move |connection| tracker.track_future(look.run(connection, watch));
    Ok(upgrade.max_message_size(FRAME_LIMIT).max_frame_size(FRAME_LIMIT).on_upgrade(task))
}

struct Look {
    web: Web,
    pass: Pass,
    over: String,
}

fn framed(kind: u8, bytes: &[u8]) -> Message {
    let mut frame = Vec::with_capacity(bytes.len() + 1);
    frame.push(kind);
    frame.extend_from_slice(bytes);
    Message::Binary(frame.into())
}

fn size(cols: u16, rows: u16) -> Message {
    let ([a, b], [c, d]) = (cols.to_be_bytes(), rows.to_be_bytes());
    framed(2, &[a, b, c, d])
}

impl Look {
    /// Shows the terminal as long as the browser keeps up; while it does not, what is shown is dropped for the screen as it
    /// is then.
    async fn run(self, connection: WebSocket, mut watch: Watch) {
        let (mut sink, mut stream) = connection.split();
        let flow = Flow::default();
        let (mut recheck, mut ping) = (every(RECHECK), every(PING));
        let mut heard = Instant::now();
        if sink.send(state("connected", "")).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                seen = watch.seen.recv(), if flow.has_room() => {
                    let Some(seen) = seen else { break };
                    let sent = match seen {
                        Seen::Output(bytes) => {
                            flow.sent(bytes.len());
                            sink.send(framed(0, &bytes)).await
                        }
                        Seen::Size(cols, rows) => sink.send(size(cols, rows)).await,
                        Seen::Screen { cols, rows, bytes } => {
                            flow.sent(bytes.len());
                            match sink.feed(size(cols, rows)).await {
                                Ok(()) => sink.send(framed(0, &bytes)).await,
                                lost => lost,
                            }
                        }
                    };
                    if sent.is_err() {
                        return;
                    }
                }
                message = stream.next() => {
                    heard = Instant::now();
                    let Some(Ok(message)) = message else { return };
                    match message {
                        Message::Binary(bytes) => {
                            // Nothing that is typed gets further than this.
                            if let Some(Frame::Drawn(drawn)) = read_frame(&bytes) {
                                flow.drawn(drawn);
                            }
                        }
                        Message::Close(_) => return,
                        _ => {}
                    }
                }
                _ = recheck.tick() => if !self.pass.holds().await { break },
                _ = ping.tick() => {
                    if heard.elapsed() > SILENCE || sink.send(Message::Ping(Bytes::new())).await.is_err() {
                        return;
                    }
                }
                () = self.web.stopping.cancelled() => return,
            }
        }
        let last = async {
            let _ = sink.send(state("ended", &self.over)).await;
            let _ = sink.send(close()).await;
        };
        let _ = tokio::time::timeout(LAST_WORD, last).await;
    }
}

impl From<RecordingError> for WebError {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::Missing => Self::not_found(),
            RecordingError::Store(error) => error.into(),
            file @ RecordingError::File { .. } => Self::internal(file.to_string()),
        }
    }
}

impl Web {
    async fn exercise_recording(&self, exercise: &str, id: &str) -> Result<Kept, WebError> {
        Ok(self.app.recording(exercise, id).await?)
    }
}

/// `GET /exercises/{id}/recordings/{recording}`.
pub(super) async fn replay(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((id, recording)): Path<(String, String)>,
) -> Answer {
    let exercise: std::sync::Arc<Exercise> = web.exercise(&id)?;
    let row = row_of(&web, &id).await?;
    let kept = web.exercise_recording(&id, &recording).await?;
    let intact = web.app.is_sealed_as_kept(&kept).await?;
    web.app.note_replay(&kept, &staff.id, false).await;
    let fold = exercise.fold();
    let page = RecordingReplay {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        recording: line(&fold, &kept.recording),
        sha256: kept.recording.sha256.clone(),
        intact,
        skipped: kept.recording.skipped,
    };
    drop(fold);
    web.page(&visit, &page)
}

/// Query of a file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    download: String,
}

/// `GET /exercises/{id}/recordings/{recording}/cast`.
pub(super) async fn cast(
    State(web): State<Web>,
    staff: Staff,
    Path((id, recording)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    web.exercise(&id)?;
    let kept = web.exercise_recording(&id, &recording).await?;
    let away = !wanted.download.is_empty();
    let response = file_of(&kept, away).await?;
    if away {
        web.app.note_replay(&kept, &staff.id, true).await;
    }
    Ok(response)
}

/// The file of a recording; `away` as one to keep.
pub(crate) async fn file_of(kept: &Kept, away: bool) -> Answer {
    let id = &kept.recording.id;
    let file = tokio::fs::File::open(&kept.path)
        .await
        .map_err(|source| WebError::internal(RecordingError::File { id: id.clone(), source }.to_string()))?;
    let mut response = Body::from_stream(ReaderStream::with_capacity(file, 64 * 1024)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-asciicast"));
    if away && let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{id}.cast\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// `POST /exercises/{id}/recordings/delete`.
pub(super) async fn delete(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let row = row_of(&web, &id).await?;
    let place = format!("/exercises/{id}/terminals");
    if form.get("confirm").trim() != row.code {
        let mut page = list_page(&web, &visit, &id, "").await?;
        page.typed = form.get("confirm").to_owned();
        page.problem = Some(Problem::new("confirm_code").on("confirm").with("code", &row.code));
        return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit.at(&place), &page);
    }
    let deleted = web.app.delete_recordings(&id, &staff.id).await?;
    let mut response = see_other(&place);
    flash(&web, &mut response, Tone::Ok, "recordings_deleted", &[("n", &deleted.to_string())]);
    Ok(response)
}
