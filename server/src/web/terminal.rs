//! The terminal of a seat: a WebSocket on one side, a shell in the workstation on the other (which outlives the socket,
//! see `rampart_app::terminal`).
//!
//! Every frame is binary, its first byte says what it is. From the browser: `0` input, `1` size (columns and rows, two
//! bytes each, big endian), `2` how many bytes of output it has drawn so far (four bytes, big endian, starting over).
//! To the browser: `0` output, `1` a state as JSON; to one that looks on also `2` size. Bytes pass as they are, so half a
//! character may stand at the end of a frame. The shell is read only while the browser has drawn all but
//! [`rampart_app::terminal::WINDOW`] bytes, and nothing is queued without a bound, so a flood stops at the shell that
//! makes it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rampart_app::exercise::Exercise;
use rampart_app::terminal::{Attachment, End, Flow, Holder, Session, TerminalError, Told, Writer};
use rampart_app::workstation::WorkstationError;
use rampart_pages::Locale;
use scoreboard::Status;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::time::Instant;

use super::error::{Answer, WebError};
use super::gate::own_origin;
use super::live::{PRESENCE, Pass, RECHECK, every};
use super::state::Web;
use super::visit::Here;
use super::who::{Seated, Who};

/// Input that may wait for the shell, bytes; beyond it the browser is not read.
const TYPED_LIMIT: usize = 1024 * 1024;
/// Longest frame from a browser, bytes; it cuts a paste into smaller ones.
pub(super) const FRAME_LIMIT: usize = 256 * 1024;
/// States that wait to be sent.
const QUEUE: usize = 4;
/// How often the browser is asked whether it is there.
pub(super) const PING: Duration = Duration::from_secs(20);
/// A browser that says nothing for this long is gone.
pub(super) const SILENCE: Duration = Duration::from_secs(65);
/// The longest that a last word may take.
pub(super) const LAST_WORD: Duration = Duration::from_secs(10);
/// Sizes that a terminal can sensibly have.
const SIZES: std::ops::RangeInclusive<u16> = 2..=1000;
/// Longest name of a tab.
const TAB: usize = 64;

/// Query of the socket.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Seat that the page was made for; somebody else's is answered as if it did not exist.
    seat: Option<String>,
    /// The browser's tab; the same one gets the same terminal back.
    #[serde(default)]
    tab: String,
    /// Columns.
    #[serde(default)]
    cols: Option<u16>,
    /// Rows.
    #[serde(default)]
    rows: Option<u16>,
}

/// `GET /seat/terminal`.
pub(super) async fn open(
    State(web): State<Web>,
    visit: Here,
    seat: Seated,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Answer {
    if own_origin(&headers) != Some(true) {
        return Err(WebError::forbidden());
    }
    if wanted.seat.as_ref().is_some_and(|wanted| *wanted != seat.seat) {
        return Err(WebError::not_found());
    }
    let exercise = web.app.exercise(&seat.exercise).ok_or_else(WebError::not_found)?;
    let upgrade = upgrade.map_err(|_| WebError::new(StatusCode::UPGRADE_REQUIRED, "bad_request"))?;
    let fits = |size: Option<u16>, usual: u16| size.unwrap_or(usual).clamp(*SIZES.start(), *SIZES.end());
    let size = (fits(wanted.cols, 80), fits(wanted.rows, 24));
    let named = !wanted.tab.is_empty() && wanted.tab.len() <= TAB;
    let socket = Socket {
        pass: Pass::new(&web, &visit, Who::Seat),
        locale: visit.locale,
        login: visit.session.clone().unwrap_or_default(),
        // A tab without a name is a new one each time.
        tab: if named { wanted.tab } else { super::token::random_text() },
        seat,
        exercise,
        web,
    };
    let tracker = socket.web.sockets.clone();
    let task = move |connection| tracker.track_future(socket.run(connection, size));
    Ok(upgrade.max_message_size(FRAME_LIMIT).max_frame_size(FRAME_LIMIT).on_upgrade(task))
}

/// What a browser sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Input(Bytes),
    Size(u16, u16),
    Drawn(u32),
}

pub(super) fn read_frame(bytes: &Bytes) -> Option<Frame> {
    let (kind, rest) = (bytes.first()?, bytes.slice(1..));
    match (kind, rest.len()) {
        (0, _) => Some(Frame::Input(rest)),
        (1, 4) => {
            Some(Frame::Size(u16::from_be_bytes([rest[0], rest[1]]), u16::from_be_bytes([rest[2], rest[3]])))
        }
        (2, 4) => Some(Frame::Drawn(u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]))),
        _ => None,
    }
}

fn json(value: &serde_json::Value) -> Message {
    let mut frame = vec![1];
    frame.extend_from_slice(value.to_string().as_bytes());
    Message::Binary(frame.into())
}

pub(super) fn state(state: &str, text: &str) -> Message {
    json(&serde_json::json!({ "state": state, "text": text }))
}

fn watched(watched: bool) -> Message {
    json(&serde_json::json!({ "watched": watched }))
}

pub(super) fn close() -> Message {
    Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))
}

struct Socket {
    web: Web,
    pass: Pass,
    locale: Locale,
    login: String,
    tab: String,
    seat: Seated,
    exercise: std::sync::Arc<Exercise>,
}

/// How a socket ends.
enum Over {
    /// The browser is gone, or is to try again: the shell waits for it.
    Gone,
    /// A word and a text key for the browser.
    Said(&'static str, &'static str),
}

fn ended(end: End) -> Over {
    match end {
        End::Shell => Over::Said("ended", "terminal.ended"),
        End::Over => Over::Said("ended", "error.terminal_over"),
        End::Revoked => Over::Said("ended", "error.forbidden"),
        End::Replaced | End::Left => Over::Said("ended", "error.terminal_replaced"),
        End::Stopping => Over::Gone,
    }
}

impl Socket {
    fn say(&self, key: &str) -> String {
        self.web.pages.text(self.locale, key, &BTreeMap::new())
    }

    fn holder(&self) -> Holder {
        let Seated { seat, person, name, team, number, .. } = self.seat.clone();
        let number = u32::try_from(number).unwrap_or(0);
        Holder { seat, person, name, team, number, login: self.login.clone(), tab: self.tab.clone() }
    }

    async fn run(self, mut connection: WebSocket, size: (u16, u16)) {
        let place = (self.seat.range, self.seat.side);
        let attachment = match self.web.app.attach_terminal(&self.exercise, self.holder(), place, size).await
        {
            Ok(attachment) => attachment,
            Err(error) => {
                let (word, code) = refused(&error);
                if let TerminalError::Workstation(WorkstationError::Engine(_)) | TerminalError::Store(_) =
                    &error
                {
                    let range = self.seat.range;
                    tracing::warn!(%error, exercise = self.seat.exercise, range, "no terminal");
                }
                // The browser may be gone already; there is nobody else to tell.
                let _ = connection.send(state(word, &self.say(code))).await;
                let _ = connection.send(close()).await;
                return;
            }
        };
        let Attachment { session, mut told, flow, taken, mut writer, leash } = attachment;
        let (sink, stream) = connection.split();
        let (states, queue) = mpsc::channel(QUEUE);
        let heard = Mutex::new(Instant::now());
        let mut outgoing = Outgoing { sink, queue };
        let person = Incoming { web: &self.web, session: &session, flow: &flow, heard: &heard };
        let over = tokio::select! {
            // First: the queue of a browser that was taken over ends too.
            biased;
            () = taken.cancelled() => Over::Said("elsewhere", "terminal.elsewhere"),
            over = person.carry(stream, &mut writer) => over,
            over = outgoing.run(&mut told) => over,
            over = self.watch(&session, &states, &heard) => over,
        };
        // A shell that ended because its node is lost comes back as another one when the node does.
        let over = match over {
            Over::Said("ended", "terminal.ended") if self.exercise.fold().outage().is_some() => {
                Over::Said("paused", "error.terminal_lost")
            }
            over => over,
        };
        // Whoever took it over waits for this.
        drop(writer);
        if let Over::Said(word, code) = over {
            let _ = tokio::time::timeout(LAST_WORD, outgoing.last(state(word, &self.say(code)))).await;
        }
        drop(leash);
    }

    /// Looks after a terminal while a browser is there: rights, presence, pauses, who looks on, a browser gone silent.
    async fn watch(&self, session: &Session, send: &mpsc::Sender<Message>, heard: &Mutex<Instant>) -> Over {
        let (mut recheck, mut ping, mut presence) = (every(RECHECK), every(PING), every(PRESENCE));
        let mut paused = standstill(&self.exercise);
        let mut watching = session.watching();
        let mut seen = *watching.borrow_and_update() > 0;
        self.web.app.touch(&self.seat.seat);
        if send.send(state(if paused.is_some() { "paused" } else { "connected" }, "")).await.is_err() {
            return Over::Gone;
        }
        if seen && send.send(watched(true)).await.is_err() {
            return Over::Gone;
        }
        loop {
            tokio::select! {
                _ = recheck.tick() => {
                    if !self.pass.holds().await {
                        session.end(End::Revoked);
                        return ended(End::Revoked);
                    }
                    let now = standstill(&self.exercise);
                    if now != paused {
                        paused = now;
                        let frame = match paused {
                            Some(code) => state("paused", &self.say(code)),
                            None => state("connected", ""),
                        };
                        if send.send(frame).await.is_err() {
                            return Over::Gone;
                        }
                    }
                }
                changed = watching.changed() => {
                    let now = *watching.borrow_and_update() > 0;
                    if changed.is_err() {
                        return Over::Gone;
                    }
                    if now != seen {
                        seen = now;
                        if send.send(watched(seen)).await.is_err() {
                            return Over::Gone;
                        }
                    }
                }
                _ = ping.tick() => {
                    let last = *heard.lock().unwrap_or_else(PoisonError::into_inner);
                    if last.elapsed() > SILENCE || send.send(Message::Ping(Bytes::new())).await.is_err() {
                        return Over::Gone;
                    }
                }
                _ = presence.tick() => self.web.app.touch(&self.seat.seat),
                () = self.web.stopping.cancelled() => return Over::Gone,
            }
        }
    }
}

/// Why a terminal that is open stands still: text for the person.
pub(super) fn standstill(exercise: &Exercise) -> Option<&'static str> {
    let fold = exercise.fold();
    match (fold.outage(), fold.status) {
        (Some(_), _) => Some("error.terminal_lost"),
        (None, Status::Paused) => Some("error.terminal_paused"),
        (None, _) => None,
    }
}

/// Word for the browser and text for the person when nothing opens on a workstation.
pub(super) fn shut(error: &WorkstationError) -> (&'static str, &'static str) {
    match error {
        WorkstationError::NoRange => ("refused", "error.terminal_not_ready"),
        WorkstationError::Paused => ("paused", "error.terminal_paused"),
        WorkstationError::Over => ("ended", "error.terminal_over"),
        WorkstationError::Lost { .. } => ("paused", "error.terminal_lost"),
        WorkstationError::Engine(_) => ("refused", "error.engine_unreachable"),
    }
}

/// The same when no terminal opens.
fn refused(error: &TerminalError) -> (&'static str, &'static str) {
    match error {
        TerminalError::Workstation(error) => shut(error),
        TerminalError::Busy => ("refused", "error.terminal_busy"),
        TerminalError::Store(_) => ("refused", "error.internal"),
    }
}

struct Incoming<'s> {
    web: &'s Web,
    session: &'s Session,
    flow: &'s Flow,
    heard: &'s Mutex<Instant>,
}

impl Incoming<'_> {
    /// What the browser types goes to the shell.
    async fn carry(&self, mut stream: SplitStream<WebSocket>, writer: &mut OwnedMutexGuard<Writer>) -> Over {
        let mut typed = Typed::default();
        loop {
            let full = typed.bytes >= TYPED_LIMIT;
            self.flow.jam(full);
            tokio::select! {
                written = writer.write(typed.front()), if !typed.is_empty() => {
                    match written {
                        Ok(0) | Err(_) => return ended(End::Shell),
                        Ok(length) => typed.advance(length),
                    }
                    if typed.is_empty() && writer.flush().await.is_err() {
                        return ended(End::Shell);
                    }
                }
                message = stream.next(), if !full => {
                    *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    let bytes = match message {
                        Some(Ok(Message::Binary(bytes))) => bytes,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => return Over::Gone,
                    };
                    match read_frame(&bytes) {
                        // Nobody knows when it would arrive: what is typed towards a lost node is not kept for later.
                        Some(Frame::Input(_)) if self.session.exercise.fold().outage().is_some() => {
                            typed = Typed::default();
                        }
                        Some(Frame::Input(bytes)) => {
                            self.session.typed(self.web.app.now_ms());
                            typed.push(bytes);
                        }
                        Some(Frame::Size(cols, rows)) if SIZES.contains(&cols) && SIZES.contains(&rows) => {
                            self.session.resize(cols, rows).await;
                        }
                        Some(Frame::Size(..)) => {}
                        Some(Frame::Drawn(bytes)) => self.flow.drawn(bytes),
                        None => return Over::Gone,
                    }
                }
            }
        }
    }
}

/// Input that the shell has not taken yet.
#[derive(Default)]
struct Typed {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

impl Typed {
    fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    fn front(&self) -> &[u8] {
        self.frames.front().map_or(&[], |frame| frame)
    }

    fn push(&mut self, frame: Bytes) {
        if !frame.is_empty() {
            self.bytes += frame.len();
            self.frames.push_back(frame);
        }
    }

    fn advance(&mut self, length: usize) {
        if let Some(front) = self.frames.front_mut() {
            let taken = front.split_to(length.min(front.len()));
            self.bytes -= taken.len();
            if front.is_empty() {
                self.frames.pop_front();
            }
        }
    }
}

struct Outgoing {
    sink: SplitSink<WebSocket, Message>,
    queue: mpsc::Receiver<Message>,
}

impl Outgoing {
    /// Sends states and output until either ends. What waits goes out together.
    async fn run(&mut self, told: &mut mpsc::Receiver<Told>) -> Over {
        loop {
            let mut next = tokio::select! {
                biased;
                state = self.queue.recv() => match state {
                    Some(state) => Ok(state),
                    None => return Over::Gone,
                },
                told = told.recv() => told.map_or(Err(None), message),
            };
            loop {
                match next {
                    Ok(message) => {
                        if self.sink.feed(message).await.is_err() {
                            return Over::Gone;
                        }
                    }
                    Err(None) => return Over::Gone,
                    Err(Some(end)) => return ended(end),
                }
                let Ok(more) = told.try_recv() else { break };
                next = message(more);
            }
            if self.sink.flush().await.is_err() {
                return Over::Gone;
            }
        }
    }

    /// Sends what still waits, a last word, and the end.
    async fn last(&mut self, word: Message) {
        self.queue.close();
        while let Ok(state) = self.queue.try_recv() {
            let _ = self.sink.feed(state).await;
        }
        let _ = self.sink.send(word).await;
        let _ = self.sink.send(close()).await;
    }
}

/// Output is a frame already: its first byte is 0.
fn message(told: Told) -> Result<Message, Option<End>> {
    match told {
        Told::Output(bytes) => Ok(Message::Binary(bytes)),
        Told::Ended(end) => Err(Some(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_browser() {
        let read = |bytes: &[u8]| read_frame(&Bytes::copy_from_slice(bytes));
        assert_eq!(read(b"\x00\xe5\x8f"), Some(Frame::Input(Bytes::from_static(b"\xe5\x8f"))));
        assert_eq!(read(&[0]), Some(Frame::Input(Bytes::new())));
        assert_eq!(read(&[1, 0, 137, 0, 41]), Some(Frame::Size(137, 41)));
        assert_eq!(read(&[2, 0, 1, 0, 0]), Some(Frame::Drawn(65536)));
        for bad in [&[][..], &[1], &[1, 0, 80, 0], &[2, 0], &[3, 0], &[1, 0, 80, 0, 24, 0]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn input_is_taken_in_pieces_and_in_order() {
        let mut typed = Typed::default();
        typed.push(Bytes::new());
        assert!(typed.is_empty());
        typed.push(Bytes::from_static(b"abc"));
        typed.push(Bytes::from_static(b"de"));
        assert_eq!((typed.front(), typed.bytes), (&b"abc"[..], 5));
        typed.advance(2);
        assert_eq!((typed.front(), typed.bytes), (&b"c"[..], 3));
        typed.advance(1);
        assert_eq!((typed.front(), typed.bytes), (&b"de"[..], 2));
        typed.advance(9);
        assert!(typed.is_empty() && typed.bytes == 0);
    }
}
