//! The terminal of a seat: a WebSocket on one side, a shell in the workstation on the other.
//!
//! Every frame is binary, its first byte says what it is. From the browser: `0` input, `1` size (columns and rows, two
//! bytes each, big endian), `2` how many bytes of output it has drawn so far (four bytes, big endian, starting over).
//! To the browser: `0` output, `1` a state as JSON. Bytes pass as they are, so half a character may stand at the end of a
//! frame. The shell is read only while the browser has drawn all but [`WINDOW`] bytes, and nothing is queued without a
//! bound, so a flood stops at the shell that makes it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rampart_app::exercise::Exercise;
use rampart_app::terminal::{self, TerminalError};
use rampart_engine::{Terminal, TerminalControl};
use rampart_pages::Locale;
use scoreboard::Status;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::error::{Answer, WebError};
use super::gate::own_origin;
use super::live::{PRESENCE, Pass, RECHECK, every};
use super::state::Web;
use super::visit::Here;
use super::who::{Seated, Who};

/// Output that the browser may not have drawn yet, bytes.
const WINDOW: u64 = 256 * 1024;
/// Output read at once, bytes.
const CHUNK: usize = 16 * 1024;
/// Input that may wait for the shell, bytes; beyond it the browser is not read.
const TYPED_LIMIT: usize = 1024 * 1024;
/// Longest frame from a browser, bytes; it cuts a paste into smaller ones.
const FRAME_LIMIT: usize = 256 * 1024;
/// Frames that wait to be sent.
const QUEUE: usize = 4;
/// How often the browser is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// A browser that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(65);
/// The longest that hanging up the shell may keep the end of a socket waiting.
const HANG_UP: Duration = Duration::from_secs(10);
/// Terminals that a seat may have open at once.
const PER_SEAT: usize = 4;
/// Sizes that a terminal can sensibly have.
const SIZES: std::ops::RangeInclusive<u16> = 2..=1000;

/// Query of the socket.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Seat that the page was made for; somebody else's is answered as if it did not exist.
    seat: Option<String>,
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
    let size = (wanted.cols.unwrap_or(80), wanted.rows.unwrap_or(24));
    let place = web.terminals.enter(&seat.seat, PER_SEAT);
    let session = Session {
        pass: Pass::new(&web, &visit, Who::Seat),
        locale: visit.locale,
        seat,
        exercise,
        web,
        place,
    };
    let tracker = session.web.sockets.clone();
    let task = move |socket| tracker.track_future(session.run(socket, size));
    Ok(upgrade.max_message_size(FRAME_LIMIT).max_frame_size(FRAME_LIMIT).on_upgrade(task))
}

/// What a browser sent.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    Input(Bytes),
    Size(u16, u16),
    Drawn(u32),
}

fn read_frame(bytes: &Bytes) -> Option<Frame> {
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

fn output(bytes: &[u8]) -> Message {
    let mut frame = Vec::with_capacity(bytes.len() + 1);
    frame.push(0);
    frame.extend_from_slice(bytes);
    Message::Binary(frame.into())
}

fn state(state: &str, text: &str) -> Message {
    let mut frame = vec![1];
    frame.extend_from_slice(serde_json::json!({ "state": state, "text": text }).to_string().as_bytes());
    Message::Binary(frame.into())
}

fn close() -> Message {
    Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))
}

/// Output sent and drawn so far, bytes.
#[derive(Default)]
struct Flow {
    sent: AtomicU64,
    drawn: AtomicU64,
    jammed: AtomicBool,
    less: Notify,
}

impl Flow {
    fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    /// The browser's count starts over at 2^32. One that claims more than it was sent has drawn all of it.
    fn drawn(&self, said: u32) {
        let before = self.drawn.load(Ordering::SeqCst);
        let low = u32::try_from(before & u64::from(u32::MAX)).unwrap_or(0);
        let now = before + u64::from(said.wrapping_sub(low));
        self.drawn.store(now.min(self.sent.load(Ordering::SeqCst)), Ordering::SeqCst);
        self.less.notify_one();
    }

    fn open(&self) -> u64 {
        self.sent.load(Ordering::SeqCst) - self.drawn.load(Ordering::SeqCst)
    }

    /// While a shell takes no input, its output passes whatever the browser has drawn: the shell may take nothing
    /// because nobody reads what it writes, and the browser's word that it has drawn stands behind its input.
    fn jam(&self, jammed: bool) {
        if self.jammed.swap(jammed, Ordering::SeqCst) != jammed {
            self.less.notify_one();
        }
    }

    async fn room(&self) {
        while self.open() > WINDOW && !self.jammed.load(Ordering::SeqCst) {
            self.less.notified().await;
        }
    }
}

struct Session {
    web: Web,
    pass: Pass,
    locale: Locale,
    seat: Seated,
    exercise: Arc<Exercise>,
    /// Counts this terminal among those of the seat; `None` when there are too many.
    place: Option<Place>,
}

/// Terminals open, by seat.
#[derive(Debug, Clone, Default)]
pub struct Terminals(Arc<Mutex<HashMap<String, usize>>>);

/// One terminal among those of a seat; leaves when dropped.
#[derive(Debug)]
pub struct Place {
    all: Terminals,
    seat: String,
}

impl Terminals {
    fn enter(&self, seat: &str, most: usize) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(seat.to_owned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { all: self.clone(), seat: seat.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.seat) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.seat);
            }
        }
    }
}

/// Why a terminal ended, as a text key; `None` when there is nobody to tell, or when the browser is to try again.
type End = Option<&'static str>;

impl Session {
    fn say(&self, key: &str) -> String {
        self.web.pages.text(self.locale, key, &BTreeMap::new())
    }

    async fn run(self, mut socket: WebSocket, (cols, rows): (u16, u16)) {
        let (cols, rows) =
            (cols.clamp(*SIZES.start(), *SIZES.end()), rows.clamp(*SIZES.start(), *SIZES.end()));
        if self.place.is_none() {
            let _ = socket.send(state("refused", &self.say("error.terminal_busy"))).await;
            let _ = socket.send(close()).await;
            return;
        }
        let Seated { range, side, .. } = self.seat;
        let shell = match terminal::open(&self.web.app, &self.exercise, range, side, cols, rows).await {
            Ok(shell) => shell,
            Err(error) => {
                let (word, code) = refused(&error);
                if let TerminalError::Engine(error) = &error {
                    tracing::warn!(%error, exercise = self.seat.exercise, range = self.seat.range, "no terminal");
                }
                // The browser may be gone already; there is nobody else to tell.
                let _ = socket.send(state(word, &self.say(code))).await;
                let _ = socket.send(close()).await;
                return;
            }
        };
        let Terminal { reader, writer, control } = shell;
        let (sink, stream) = socket.split();
        let (frames, queue) = mpsc::channel(QUEUE);
        let flow = Flow::default();
        let heard = Mutex::new(Instant::now());
        let (send, mut outgoing) = (frames.clone(), Outgoing { sink, queue });
        let end: End = tokio::select! {
            end = incoming(stream, writer, control.as_ref(), &flow, &heard) => end,
            end = read_shell(reader, &send, &flow) => end,
            end = self.watch(&send, &heard) => end,
            () = outgoing.run() => None,
        };
        drop((send, frames));
        let told = async {
            if let Some(code) = end {
                outgoing.last(state("ended", &self.say(code))).await;
            }
        };
        let hung_up = tokio::time::timeout(HANG_UP, control.hangup());
        let (_, hung_up) = tokio::join!(tokio::time::timeout(HANG_UP, told), hung_up);
        if let Ok(Err(error)) = hung_up {
            // A frozen workstation cannot hang anything up; the shell ends with its connection once it thaws.
            tracing::warn!(%error, exercise = self.seat.exercise, "a shell was not hung up");
        }
    }

    /// Looks after a terminal while it is open: rights, presence, pauses, a browser that has gone silent.
    async fn watch(&self, send: &mpsc::Sender<Message>, heard: &Mutex<Instant>) -> End {
        let (mut recheck, mut ping, mut presence) = (every(RECHECK), every(PING), every(PRESENCE));
        let mut paused = self.exercise.fold().status == Status::Paused;
        self.web.app.touch(&self.seat.seat);
        if send.send(state(if paused { "paused" } else { "connected" }, "")).await.is_err() {
            return None;
        }
        loop {
            tokio::select! {
                _ = recheck.tick() => {
                    if !self.pass.holds().await {
                        return Some("error.forbidden");
                    }
                    let status = self.exercise.fold().status;
                    if !matches!(status, Status::Ready | Status::Running | Status::Paused) {
                        return Some("error.terminal_over");
                    }
                    let now = status == Status::Paused;
                    if now != paused {
                        paused = now;
                        let frame = if paused {
                            state("paused", &self.say("error.terminal_paused"))
                        } else {
                            state("connected", "")
                        };
                        if send.send(frame).await.is_err() {
                            return None;
                        }
                    }
                }
                _ = ping.tick() => {
                    let last = *heard.lock().unwrap_or_else(PoisonError::into_inner);
                    if last.elapsed() > SILENCE || send.send(Message::Ping(Bytes::new())).await.is_err() {
                        return None;
                    }
                }
                _ = presence.tick() => self.web.app.touch(&self.seat.seat),
                () = self.web.stopping.cancelled() => return None,
            }
        }
    }
}

/// Word for the browser and text for the person when no terminal opens.
fn refused(error: &TerminalError) -> (&'static str, &'static str) {
    match error {
        TerminalError::NoRange => ("refused", "error.terminal_not_ready"),
        TerminalError::Paused => ("paused", "error.terminal_paused"),
        TerminalError::Over => ("ended", "error.terminal_over"),
        TerminalError::Engine(_) => ("refused", "error.engine_unreachable"),
    }
}

/// What the browser types goes to the shell.
async fn incoming(
    mut stream: SplitStream<WebSocket>,
    mut writer: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
    control: &dyn TerminalControl,
    flow: &Flow,
    heard: &Mutex<Instant>,
) -> End {
    let mut typed = Typed::default();
    loop {
        let full = typed.bytes >= TYPED_LIMIT;
        flow.jam(full);
        tokio::select! {
            written = writer.write(typed.front()), if !typed.is_empty() => {
                match written {
                    Ok(0) | Err(_) => return Some("terminal.ended"),
                    Ok(length) => typed.advance(length),
                }
                if typed.is_empty() && writer.flush().await.is_err() {
                    return Some("terminal.ended");
                }
            }
            message = stream.next(), if !full => {
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                let bytes = match message {
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Text(_) | Message::Close(_)) | Err(_)) | None => return None,
                };
                match read_frame(&bytes) {
                    Some(Frame::Input(bytes)) => typed.push(bytes),
                    Some(Frame::Size(cols, rows)) if SIZES.contains(&cols) && SIZES.contains(&rows) => {
                        if let Err(error) = control.resize(cols, rows).await {
                            tracing::debug!(%error, "a terminal was not resized");
                        }
                    }
                    Some(Frame::Size(..)) => {}
                    Some(Frame::Drawn(bytes)) => flow.drawn(bytes),
                    None => return None,
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

/// What the shell writes goes to the browser, as far as it keeps up.
async fn read_shell(
    mut reader: std::pin::Pin<Box<dyn tokio::io::AsyncRead + Send>>,
    send: &mpsc::Sender<Message>,
    flow: &Flow,
) -> End {
    let mut chunk = vec![0; CHUNK];
    loop {
        flow.room().await;
        match reader.read(&mut chunk).await {
            Ok(0) | Err(_) => return Some("terminal.ended"),
            Ok(length) => {
                flow.sent(length);
                if send.send(output(&chunk[..length])).await.is_err() {
                    return None;
                }
            }
        }
    }
}

struct Outgoing {
    sink: SplitSink<WebSocket, Message>,
    queue: mpsc::Receiver<Message>,
}

impl Outgoing {
    async fn run(&mut self) {
        while let Some(message) = self.queue.recv().await {
            if self.sink.send(message).await.is_err() {
                return;
            }
        }
    }

    /// Sends what still waits, a last word, and the end.
    async fn last(&mut self, word: Message) {
        self.queue.close();
        self.run().await;
        let _ = self.sink.send(word).await;
        let _ = self.sink.send(close()).await;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
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
    fn a_seat_has_a_few_terminals_and_gets_the_places_back() {
        let all = Terminals::default();
        let first = all.enter("s1", 2);
        let second = all.enter("s1", 2);
        assert!(first.is_some() && second.is_some());
        assert!(all.enter("s1", 2).is_none());
        assert!(all.enter("s2", 2).is_some());
        drop(first);
        assert!(all.enter("s1", 2).is_some());
        drop(second);
        assert!(all.0.lock().unwrap().is_empty());
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

    #[tokio::test]
    async fn output_waits_for_the_browser_and_no_longer() {
        let window = usize::try_from(WINDOW).unwrap();
        let flow = Flow::default();
        flow.room().await;
        flow.sent(window + 1);
        let waits = tokio::time::timeout(Duration::from_millis(20), flow.room()).await;
        assert!(waits.is_err(), "more than the window is open");
        flow.drawn(1);
        tokio::time::timeout(Duration::from_secs(1), flow.room()).await.unwrap();
        flow.sent(window);
        flow.jam(true);
        tokio::time::timeout(Duration::from_secs(1), flow.room()).await.unwrap();
        flow.drawn(u32::MAX);
        assert_eq!(flow.open(), 0);
    }

    #[test]
    fn the_count_of_drawn_bytes_starts_over() {
        let flow = Flow::default();
        let turn = 1_u64 << 32;
        flow.sent.store(turn + 100, Ordering::SeqCst);
        flow.drawn(u32::MAX);
        assert_eq!(flow.open(), 101);
        flow.drawn(50);
        assert_eq!(flow.open(), 50);
        flow.drawn(50);
        assert_eq!(flow.open(), 50);
    }
}
