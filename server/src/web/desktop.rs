//! The desktop of a seat: a WebSocket on one side, an X server in the workstation on the other.
//!
//! Binary frames are the bytes of the connection (RFB), as they are; text frames to the browser are states as JSON
//! (`state`, `text`). Nothing is queued: a direction that does not take what comes stops the other end of it. A browser
//! that only looks on is read through [`ViewOnly`], whatever it claims to be.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use rampart_app::desktop::rfb::ViewOnly;
use rampart_app::desktop::{self, DesktopError, Viewer};
use rampart_app::exercise::Exercise;
use rampart_engine::{Pipe, PipeControl};
use rampart_pages::{DesktopWatch, Locale, OpenDesktop, TeamRef};
use scoreboard::{Side, Status};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::{Answer, WebError};
use super::exercises::row_of;
use super::gate::own_origin;
use super::live::{PRESENCE, Pass, RECHECK, every};
use super::places::Place;
use super::state::Web;
use super::view;
use super::visit::{Here, seat_label};
use super::who::{Seated, Staff, Who};

/// Bytes of the screen read at once.
const CHUNK: usize = 64 * 1024;
/// Longest frame from a browser, bytes; noVNC sends pieces of 10 kB.
const FRAME_LIMIT: usize = 256 * 1024;
/// Frames that wait to be sent.
const QUEUE: usize = 4;
/// How often the browser is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// A browser that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(65);
/// The longest that ending the connection may keep the end of a socket waiting.
const HANG_UP: Duration = Duration::from_secs(10);
/// Connections to its desktop that a seat may have open at once, and people who may look on at one.
const PER_SEAT: usize = 4;
/// Exit code of a shell for a program that is not there.
const NO_PROGRAM: i64 = 127;

/// Whose desktop, and who looks.
struct Session {
    web: Web,
    pass: Pass,
    locale: Locale,
    exercise: Arc<Exercise>,
    seat: String,
    place: (u16, Side, i64),
    viewer: Viewer,
    /// Counts this connection; `None` when there are too many.
    counted: Option<Place>,
    /// The X server has said something.
    up: AtomicBool,
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

fn begin(session: Session, upgrade: WebSocketUpgrade) -> Answer {
    let tracker = session.web.sockets.clone();
    let task = move |socket| tracker.track_future(session.run(socket));
    Ok(upgrade.max_message_size(FRAME_LIMIT).max_frame_size(FRAME_LIMIT).on_upgrade(task).into_response())
}

fn upgraded(headers: &HeaderMap, upgrade: Upgrade) -> Result<WebSocketUpgrade, WebError> {
    if own_origin(headers) != Some(true) {
        return Err(WebError::forbidden());
    }
    upgrade.map_err(|_| WebError::new(StatusCode::UPGRADE_REQUIRED, "bad_request"))
}

/// `GET /seat/desktop`.
pub(super) async fn open(
    State(web): State<Web>,
    visit: Here,
    seat: Seated,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Answer {
    let upgrade = upgraded(&headers, upgrade)?;
    let session = Session {
        pass: Pass::new(&web, &visit, Who::Seat),
        locale: visit.locale,
        exercise: web.exercise(&seat.exercise)?,
        place: (seat.range, seat.side, seat.number),
        viewer: Viewer::Seat,
        counted: web.desktops.enter(&seat.seat, PER_SEAT),
        seat: seat.seat,
        up: AtomicBool::new(false),
        web,
    };
    begin(session, upgrade)
}

/// A seat of an exercise, for somebody who looks on.
struct Watched {
    exercise: Arc<Exercise>,
    label: String,
    person: String,
    team: TeamRef,
    place: (u16, Side, i64),
}

async fn watched(web: &Web, id: &str, seat: &str) -> Result<Watched, WebError> {
    let exercise = web.exercise(id)?;
    let known = web.app.store.seats().by_id(seat).await?;
    let known = known
        .filter(|known| known.exercise_id == id && known.removed_ms.is_none())
        .ok_or_else(WebError::not_found)?;
    let person = web.app.store.persons().by_id(&known.person_id).await?;
    let (team, place) = {
        let fold = exercise.fold();
        let team = fold.team(&known.team).ok_or_else(WebError::not_found)?;
        (view::team(&fold, &known.team), (team.range, team.side, i64::from(known.number)))
    };
    Ok(Watched {
        label: seat_label(&team.name, i64::from(known.number)),
        person: person.map(|person| person.name).unwrap_or_default(),
        exercise,
        team,
        place,
    })
}

/// Desktops of an exercise that their seats look at now.
pub(crate) async fn open_in(web: &Web, exercise: &Exercise) -> Result<Vec<OpenDesktop>, WebError> {
    let mut open = Vec::new();
    for seat in web.app.store.seats().list(&exercise.id).await? {
        if web.desktops.count(&seat.id) == 0 {
            continue;
        }
        let person = web.app.store.persons().by_id(&seat.person_id).await?;
        let team = view::team(&exercise.fold(), &seat.team);
        open.push(OpenDesktop {
            seat: seat_label(&team.name, i64::from(seat.number)),
            name: person.map(|person| person.name).unwrap_or_default(),
            team,
            watching: view::count(web.desktops_watched.count(&seat.id)),
            seat_id: seat.id,
        });
    }
    Ok(open)
}

/// `GET /exercises/{id}/desktops/{seat}`.
pub(super) async fn watch(
    State(web): State<Web>,
    visit: Here,
    Path((id, seat)): Path<(String, String)>,
) -> Answer {
    let Watched { exercise, label, person, team, .. } = watched(&web, &id, &seat).await?;
    let row = row_of(&web, &id).await?;
    let exercise = view::head(&row, &exercise.fold(), exercise.scenario(), visit.locale);
    web.page(&visit, &DesktopWatch { exercise, seat_id: seat, seat: label, person, team })
}

/// `GET /exercises/{id}/desktops/{seat}/stream`.
pub(super) async fn stream(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((id, seat)): Path<(String, String)>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Answer {
    let Watched { exercise, place, .. } = watched(&web, &id, &seat).await?;
    let upgrade = upgraded(&headers, upgrade)?;
    let counted = web.desktops_watched.enter(&seat, PER_SEAT);
    if counted.is_some() {
        web.app.note_desktop_watched(&id, &seat, &staff.id).await;
    }
    let session = Session {
        pass: Pass::new(&web, &visit, Who::WATCHER),
        locale: visit.locale,
        exercise,
        seat,
        place,
        viewer: Viewer::Watcher,
        counted,
        up: AtomicBool::new(false),
        web,
    };
    begin(session, upgrade)
}

fn state(state: &str, text: &str) -> Message {
    Message::text(serde_json::json!({ "state": state, "text": text }).to_string())
}

fn close() -> Message {
    Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))
}

/// Why a desktop ended: the word for the browser and the text key; `None` when there is nobody to tell, or when the
/// browser is to try again.
type End = Option<(&'static str, &'static str)>;

/// Word for the browser and text for the person when no desktop opens.
fn refused(error: &DesktopError) -> (&'static str, &'static str) {
    match error {
        DesktopError::None => ("refused", "error.desktop_none"),
        DesktopError::Workstation(error) => super::terminal::shut(error),
    }
}

impl Session {
    fn say(&self, key: &str) -> String {
        self.web.pages.text(self.locale, key, &BTreeMap::new())
    }

    async fn turn_away(&self, mut socket: WebSocket, word: &str, key: &str) {
        // The browser may be gone already; there is nobody else to tell.
        let _ = socket.send(state(word, &self.say(key))).await;
        let _ = socket.send(close()).await;
    }

    async fn run(self, mut socket: WebSocket) {
        if self.counted.is_none() {
            return self.turn_away(socket, "refused", "error.desktop_busy").await;
        }
        // The first one waits for the X server to start.
        let _ = socket.send(state("starting", "")).await;
        let Pipe { reader, writer, control } =
            match desktop::open(&self.web.app, &self.exercise, self.place, self.viewer).await {
                Ok(pipe) => pipe,
                Err(error) => {
                    let (word, key) = refused(&error);
                    if !matches!(word, "paused" | "ended") {
                        tracing::warn!(%error, exercise = %self.exercise.id, seat = self.seat, "no desktop");
                    }
                    return self.turn_away(socket, word, key).await;
                }
            };
        let (sink, stream) = socket.split();
        let (frames, queue) = mpsc::channel(QUEUE);
        let heard = Mutex::new(Instant::now());
        let (send, mut outgoing) = (frames.clone(), Outgoing { sink, queue });
        let filter = (self.viewer == Viewer::Watcher).then(ViewOnly::default);
        let end: End = tokio::select! {
            end = incoming(stream, writer, filter, &heard) => end,
            end = self.screen(reader, &send, control.as_ref()) => end,
            end = self.watch(&send, &heard) => end,
            () = outgoing.run() => None,
        };
        drop((send, frames));
        let told = async {
            if let Some((word, key)) = end {
                outgoing.last(state(word, &self.say(key))).await;
            }
        };
        let hung_up = tokio::time::timeout(HANG_UP, control.hangup());
        let (_, hung_up) = tokio::join!(tokio::time::timeout(HANG_UP, told), hung_up);
        if let Ok(Err(error)) = hung_up {
            // A frozen workstation cannot end anything; the connection ends once it thaws.
            tracing::debug!(%error, exercise = %self.exercise.id, "a desktop's connection was not ended");
        }
    }

    /// What the X server sends goes to the browser, as fast as it takes it.
    async fn screen(
        &self,
        mut reader: std::pin::Pin<Box<dyn AsyncRead + Send>>,
        send: &mpsc::Sender<Message>,
        control: &dyn PipeControl,
    ) -> End {
        let mut chunk = vec![0; CHUNK];
        let mut any = false;
        loop {
            let length = match reader.read(&mut chunk).await {
                Ok(length) if length > 0 => length,
                // Desktops end with the exercise; the end of one alone is a reason to come back.
                _ if any => return self.exercise.fold().over().then_some(("ended", "error.terminal_over")),
                _ => break,
            };
            // Only now there is a screen.
            if !any && send.send(self.standing()).await.is_err() {
                return None;
            }
            any = true;
            self.up.store(true, Ordering::Relaxed);
            if send.send(Message::Binary(Bytes::copy_from_slice(&chunk[..length]))).await.is_err() {
                return None;
            }
        }
        drop(reader);
        let code = control.code().await.unwrap_or(-1);
        if self.viewer == Viewer::Watcher {
            return Some(("ended", "error.desktop_not_open"));
        }
        tracing::warn!(exercise = %self.exercise.id, seat = self.seat, code, said = control.said(), "no desktop");
        Some(("refused", if code == NO_PROGRAM { "error.desktop_none" } else { "error.desktop_failed" }))
    }

    /// What a browser is told while the desktop is open.
    fn standing(&self) -> Message {
        if let Some(code) = super::terminal::standstill(&self.exercise) {
            return state("paused", &self.say(code));
        }
        let watched = self.viewer == Viewer::Seat && self.web.desktops_watched.count(&self.seat) > 0;
        if watched { state("watched", &self.say("desktop.watched")) } else { state("connected", "") }
    }

    /// Looks after a desktop while it is open: rights, presence, pauses, lookers-on, a browser that has gone silent.
    async fn watch(&self, send: &mpsc::Sender<Message>, heard: &Mutex<Instant>) -> End {
        let (mut recheck, mut ping, mut presence) = (every(RECHECK), every(PING), every(PRESENCE));
        let own = self.viewer == Viewer::Seat;
        if own {
            self.web.app.touch(&self.seat);
        }
        let mut told = None;
        loop {
            tokio::select! {
                _ = recheck.tick() => {
                    if !self.pass.holds().await {
                        return Some(("ended", "error.forbidden"));
                    }
                    // What is typed towards a lost node must not arrive some time later: the browser comes again by itself.
                    if self.exercise.fold().outage().is_some() {
                        return Some(("paused", "error.terminal_lost"));
                    }
                    if !matches!(self.exercise.fold().status, Status::Ready | Status::Running | Status::Paused) {
                        return Some(("ended", "error.terminal_over"));
                    }
                    let now = self.standing();
                    if self.up.load(Ordering::Relaxed) && told.as_ref() != Some(&now) {
                        if send.send(now.clone()).await.is_err() {
                            return None;
                        }
                        told = Some(now);
                    }
                }
                _ = ping.tick() => {
                    let last = *heard.lock().unwrap_or_else(PoisonError::into_inner);
                    if last.elapsed() > SILENCE || send.send(Message::Ping(Bytes::new())).await.is_err() {
                        return None;
                    }
                }
                _ = presence.tick(), if own => self.web.app.touch(&self.seat),
                () = self.web.stopping.cancelled() => return None,
            }
        }
    }
}

/// What the browser sends goes to the X server; of a looker-on only what serves seeing.
async fn incoming(
    mut stream: SplitStream<WebSocket>,
    mut writer: std::pin::Pin<Box<dyn AsyncWrite + Send>>,
    mut filter: Option<ViewOnly>,
    heard: &Mutex<Instant>,
) -> End {
    while let Some(Ok(message)) = stream.next().await {
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Text(_) | Message::Close(_) => return None,
        };
        let passed = match &mut filter {
            None => bytes,
            Some(filter) => match filter.pass(&bytes) {
                Ok(passed) => passed.into(),
                Err(unknown) => {
                    tracing::warn!(%unknown, "a looker-on sent what nobody needs to see");
                    return Some(("ended", "error.bad_request"));
                }
            },
        };
        if writer.write_all(&passed).await.is_err() || writer.flush().await.is_err() {
            return None;
        }
    }
    None
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
