//! Streams of events (SSE). Each is a value that the connection owns: when the browser goes, it is dropped, and no task
//! is left. Who looks is asked of the database again and again, so that a stream never outlives a right.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use rampart_app::exercise::{Exercise, Frame, HostState, Progress, Resetting, Start, Update};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::board::has_board;
use super::error::{Answer, WebError};
use super::state::Web;
use super::view;
use super::visit::{Here, who_is};
use super::who::{Me, Seated, Who};

/// How often an open stream or terminal asks whether its person may still have it.
pub(super) const RECHECK: Duration = Duration::from_secs(2);
/// How often a quiet stream says that it lives; proxies cut what is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often an open seat says that somebody is there: what a short visit loses at most. A sign costs no write of its own.
pub(super) const PRESENCE: Duration = Duration::from_secs(5);
/// Changes within this time become one `refresh`.
const SETTLE: Duration = Duration::from_millis(250);

/// Ticks from `period` from now on, without catching up.
pub(super) fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Nobody on the way may keep, pack or hold back what a stream says.
fn unbuffered(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn respond(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    unbuffered(
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("alive")).into_response(),
    )
}

/// Does the browser take gzip?
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, ""));
            let never = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
            name.trim().eq_ignore_ascii_case("gzip") && !never
        })
}

fn refresh() -> Event {
    // An event without data is not delivered by browsers.
    Event::default().event("refresh").data("1")
}

/// Asks again who looks.
pub(super) struct Pass {
    web: Web,
    session: Option<String>,
    me: Me,
    who: Who,
}

impl Pass {
    pub(super) fn new(web: &Web, visit: &Here, who: Who) -> Self {
        Self { web: web.clone(), session: visit.session.clone(), me: visit.me.clone(), who }
    }

    /// May the person of the beginning still look, as the same? A store that does not answer is no reason to throw
    /// everybody out; the next question will tell.
    pub(super) async fn holds(&self) -> bool {
        let Some(session) = &self.session else { return self.who == Who::Public };
        match who_is(&self.web, session).await {
            Ok(me) => {
                self.who.admits(&me)
                    && match (&me, &self.me) {
                        (Me::Seat(now), Me::Seat(then)) => (&now.seat, &now.team) == (&then.seat, &then.team),
                        (Me::Staff(now), Me::Staff(then)) => now.id == then.id && !now.must_change,
                        _ => false,
                    }
            }
            Err(error) => {
                tracing::warn!(code = error.problem.code, "could not ask whether a stream may go on");
                true
            }
        }
    }
}

/// A stream of the board: where it stands, and what is still to be sent. All bytes are shared with every other stream.
struct BoardStream {
    exercise: Arc<Exercise>,
    updates: broadcast::Receiver<Arc<Update>>,
    waiting: VecDeque<Bytes>,
    seq: u64,
    packed: bool,
}

impl BoardStream {
    fn new(exercise: Arc<Exercise>, last_seen: Option<u64>, packed: bool) -> Self {
        let (start, updates) = exercise.board().subscribe(last_seen);
        let waiting = if packed { VecDeque::from([Frame::head()]) } else { VecDeque::new() };
        let mut stream = Self { exercise, updates, waiting, seq: last_seen.unwrap_or(0), packed };
        stream.begin(start);
        stream
    }

    fn begin(&mut self, start: Start) {
        match start {
            Start::Snapshot(snapshot) => {
                self.seq = snapshot.seq;
                self.waiting.push_back(snapshot.frame.bytes(self.packed));
            }
            Start::Missed(missed) => {
                for update in missed {
                    self.seq = update.seq;
                    self.waiting.push_back(update.frame.bytes(self.packed));
                }
            }
        }
    }

    /// Who has fallen behind gets the whole board instead of what was lost.
    fn again(&mut self) {
        let (start, updates) = self.exercise.board().subscribe(None);
        self.updates = updates;
        self.begin(start);
    }

    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Some((Ok(bytes), self));
            }
            // Most streams wait most of the time: they keep no empty list.
            self.waiting.shrink_to_fit();
            // The end of the server ends the feed.
            match self.updates.recv().await {
                // A sign of life leads nowhere.
                Ok(update) if update.from == update.seq => {
                    return Some((Ok(update.frame.bytes(self.packed)), self));
                }
                Ok(update) if update.from == self.seq => {
                    self.seq = update.seq;
                    return Some((Ok(update.frame.bytes(self.packed)), self));
                }
                Ok(update) if update.seq <= self.seq => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => self.again(),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// `GET /board/{id}/events`: the board, for anyone.
pub(super) async fn board(State(web): State<Web>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let exercise = web.exercise(&id)?;
    if !has_board(exercise.fold().status) {
        return Err(WebError::not_found());
    }
    let last_seen =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let packed = takes_gzip(&headers);
    let state = BoardStream::new(exercise, last_seen, packed);
    let mut response = Body::from_stream(stream::unfold(state, BoardStream::next)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(unbuffered(response))
}

struct RefreshStream {
    pass: Pass,
    recheck: Interval,
    changes: watch::Receiver<u64>,
    progress: watch::Receiver<Progress>,
    hosts: watch::Receiver<Vec<HostState>>,
    stopping: CancellationToken,
}

impl RefreshStream {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                changed = self.progress.changed() => changed.ok()?,
                changed = self.hosts.changed() => changed.ok()?,
                _ = self.recheck.tick() => {
                    if self.pass.holds().await { continue } else { return None }
                }
                () = self.stopping.cancelled() => return None,
            }
            tokio::time::sleep(SETTLE).await;
            self.changes.mark_unchanged();
            self.progress.mark_unchanged();
            self.hosts.mark_unchanged();
            return Some((Ok(refresh()), self));
        }
    }
}

/// `GET /exercises/{id}/events`: `refresh` for the control room.
pub(super) async fn control(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let exercise = web.exercise(&id)?;
    let state = RefreshStream {
        pass: Pass::new(&web, &visit, Who::OVERSEER),
        recheck: every(RECHECK),
        changes: exercise.changes(),
        progress: exercise.progress(),
        hosts: exercise.hosts(),
        stopping: web.stopping.clone(),
    };
    Ok(respond(stream::unfold(state, RefreshStream::next)))
}

struct SystemStream {
    pass: Pass,
    recheck: Interval,
    images: watch::Receiver<rampart_app::ImagesState>,
    stopping: CancellationToken,
}

impl SystemStream {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            tokio::select! {
                changed = self.images.changed() => changed.ok()?,
                _ = self.recheck.tick() => {
                    if self.pass.holds().await { continue } else { return None }
                }
                () = self.stopping.cancelled() => return None,
            }
            // A build writes hundreds of lines a second at times; the page is asked to look once a second.
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.images.mark_unchanged();
            return Some((Ok(refresh()), self));
        }
    }
}

fn builds(web: &Web, visit: &Here, who: Who) -> Answer {
    let state = SystemStream {
        pass: Pass::new(web, visit, who),
        recheck: every(RECHECK),
        images: web.app.images_state(),
        stopping: web.stopping.clone(),
    };
    Ok(respond(stream::unfold(state, SystemStream::next)))
}

/// `GET /system/events`: `refresh` while images are built.
pub(super) async fn system(State(web): State<Web>, visit: Here) -> Answer {
    builds(&web, &visit, Who::ADMINISTRATOR)
}

/// `GET /scenarios/{id}/events`: `refresh` while images are built.
pub(super) async fn scenario(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    web.app.shelf(&id).await.ok_or_else(WebError::not_found)?;
    builds(&web, &visit, Who::AUTHOR)
}

struct SeatStream {
    web: Web,
    exercise: Arc<Exercise>,
    pass: Pass,
    seat: Seated,
    recheck: Interval,
    presence: Interval,
    changes: watch::Receiver<u64>,
    /// Position of the last entry that the page knows of those that it is told of.
    told: u64,
    hosts: watch::Receiver<Vec<HostState>>,
    /// How far the resets of the range's hosts are, as the page knows it.
    resets: Vec<(String, Resetting)>,
    events: rampart_app::exercise::EventFeed,
}

/// Resets under way in a range, by host.
fn resets(hosts: &[HostState], range: u16) -> Vec<(String, Resetting)> {
    let own = hosts.iter().filter(|host| host.range == range);
    own.filter_map(|host| Some((host.host.clone(), host.reset.clone()?))).collect()
}

impl Drop for SeatStream {
    /// The person was there until the page was left.
    fn drop(&mut self) {
        self.web.app.touch(&self.seat.seat);
    }
}

impl SeatStream {
    /// One record as the seat may see it; `None` for those of other ranges, and for red, which has no list.
    fn row(&self, event: &rampart_domain::truth::Event) -> Option<Event> {
        let own = self.seat.side == scoreboard::Side::Blue && event.range == self.seat.range;
        own.then(|| Event::default().event("event").json_data(view::seat::event_line(event)).ok())?
    }

    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            tokio::select! {
                changed = self.changes.changed() => {
                    changed.ok()?;
                    tokio::time::sleep(SETTLE).await;
                    self.changes.mark_unchanged();
                    // What others do is no reason to look again: even that it happened would tell something.
                    let told = self.exercise.fold().told_seq(&self.seat.team);
                    if std::mem::replace(&mut self.told, told) != told {
                        return Some((Ok(refresh()), self));
                    }
                }
                changed = self.hosts.changed() => {
                    changed.ok()?;
                    tokio::time::sleep(SETTLE).await;
                    let resets = resets(&self.hosts.borrow_and_update(), self.seat.range);
                    if std::mem::replace(&mut self.resets, resets) != self.resets {
                        return Some((Ok(refresh()), self));
                    }
                }
                event = self.events.recv() => match event {
                    Ok(event) => if let Some(row) = self.row(&event) { return Some((Ok(row), self)) },
                    // The list on the page has a gap then: it is read again.
                    Err(broadcast::error::RecvError::Lagged(_)) => return Some((Ok(refresh()), self)),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                _ = self.recheck.tick() => if !self.pass.holds().await { return None },
                _ = self.presence.tick() => self.web.app.touch(&self.seat.seat),
                () = self.web.stopping.cancelled() => return None,
            }
        }
    }
}

/// `GET /seat/events`.
pub(super) async fn seat(State(web): State<Web>, visit: Here, seat: Seated) -> Answer {
    let exercise = web.app.exercise(&seat.exercise).ok_or_else(WebError::not_found)?;
    web.app.touch(&seat.seat);
    let told = exercise.fold().told_seq(&seat.team);
    let state = SeatStream {
        pass: Pass::new(&web, &visit, Who::Seat),
        recheck: every(RECHECK),
        presence: every(PRESENCE),
        changes: exercise.changes(),
        told,
        hosts: exercise.hosts(),
        resets: resets(&exercise.hosts().borrow(), seat.range),
        events: exercise.events(),
        exercise,
        seat,
        web,
    };
    Ok(respond(stream::unfold(state, SeatStream::next)))
}
