//! One open terminal. Its shell lives here, not in the socket of a browser: a browser attaches, goes, comes back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use rampart_engine::{Terminal, TerminalControl};
use scoreboard::Status;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::flow::Flow;
use super::keeper::{Fed, Seen};
use super::tape::Mark;
use crate::exercise::Exercise;

/// Output read at once, bytes.
const CHUNK: usize = 64 * 1024;
/// A shorter piece is copied, so that the buffer can be used again.
const SHORT: usize = 8 * 1024;
/// Pieces of output that wait for a browser.
const QUEUE: usize = 8;
/// How often a terminal looks at what is due.
const TICK: Duration = Duration::from_millis(500);
/// How often a terminal without a browser asks whether its log-in still lives.
const RECHECK: Duration = Duration::from_secs(2);
/// The longest that hanging up the shell may keep the end of a terminal waiting.
const HANG_UP: Duration = Duration::from_secs(10);
/// The longest that the last word for a browser may wait.
const LAST_WORD: Duration = Duration::from_secs(5);

/// What a person types goes here.
pub type Writer = Pin<Box<dyn AsyncWrite + Send>>;

/// Whose terminal it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Seat.
    pub seat: String,
    /// Person in the seat.
    pub person: String,
    /// Their name.
    pub name: String,
    /// Team of the seat.
    pub team: String,
    /// Number of the seat in its team.
    pub number: u32,
    /// Log-in that opened it.
    pub login: String,
    /// The browser's tab: the same tab that comes back gets the same terminal.
    pub tab: String,
}

/// Why a terminal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The shell ended.
    Shell,
    /// Nobody came back in time.
    Left,
    /// The exercise is over.
    Over,
    /// The person may not have it any more.
    Revoked,
    /// Another tab of the seat took its place.
    Replaced,
    /// The server goes down.
    Stopping,
}

/// What an attached browser is told.
#[derive(Debug)]
pub enum Told {
    /// Output, with one byte 0 before it: room for the mark of a frame.
    Output(Bytes),
    /// It has ended.
    Ended(End),
}

pub(super) enum Order {
    Attach { owner: Owner, fresh: bool },
    Detach(u64),
    Size(u16, u16),
    Watch(mpsc::Sender<Seen>),
    End(End),
}

pub(super) struct Owner {
    number: u64,
    frames: mpsc::Sender<Told>,
    flow: Arc<Flow>,
    taken: CancellationToken,
}

/// An open terminal.
pub struct Session {
    /// Id; also its recording's.
    pub id: String,
    /// Whose it is.
    pub holder: Holder,
    /// The exercise.
    pub exercise: Arc<Exercise>,
    /// Since when, ms UTC.
    pub since_ms: i64,
    typed_ms: AtomicI64,
    size: AtomicU32,
    attached: AtomicBool,
    watching: watch::Sender<u32>,
    attachments: AtomicU64,
    orders: mpsc::UnboundedSender<Order>,
    writer: Arc<Mutex<Writer>>,
    control: Arc<dyn TerminalControl>,
    /// Fires when its shell is gone and its recording sealed.
    done: CancellationToken,
}

impl Session {
    pub(super) fn new(
        id: String,
        holder: Holder,
        exercise: Arc<Exercise>,
        since_ms: i64,
        shell: Terminal,
        size: (u16, u16),
    ) -> (Arc<Self>, Pump) {
        let Terminal { reader, writer, control } = shell;
        let (orders, queue) = mpsc::unbounded_channel();
        let session = Arc::new(Self {
            id,
            holder,
            exercise,
            since_ms,
            typed_ms: AtomicI64::new(since_ms),
            size: AtomicU32::new(pack(size)),
            attached: AtomicBool::new(false),
            watching: watch::Sender::new(0),
            attachments: AtomicU64::new(0),
            orders,
            writer: Arc::new(Mutex::new(writer)),
            control,
            done: CancellationToken::new(),
        });
        let pump = Pump { session: session.clone(), reader, queue, buffer: BytesMut::new() };
        (session, pump)
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        unpack(self.size.load(Ordering::Relaxed))
    }

    /// When something was typed last, ms UTC.
    #[must_use]
    pub fn typed_ms(&self) -> i64 {
        self.typed_ms.load(Ordering::Relaxed)
    }

    /// Notes that something was typed.
    pub fn typed(&self, now_ms: i64) {
        self.typed_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Is a browser attached?
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.attached.load(Ordering::Relaxed)
    }

    /// How many look on.
    #[must_use]
    pub fn watching(&self) -> watch::Receiver<u32> {
        self.watching.subscribe()
    }

    /// Ends it. Harmless when it has ended.
    pub fn end(&self, why: End) {
        let _ = self.orders.send(Order::End(why));
    }

    /// Waits until its shell is gone and its recording sealed.
    pub async fn ended(&self) {
        self.done.cancelled().await;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.done.is_cancelled() || self.orders.is_closed()
    }

    /// Sets the size: of the screen that is kept, of the recording, of the shell.
    pub async fn resize(&self, cols: u16, rows: u16) {
        if self.size.swap(pack((cols, rows)), Ordering::Relaxed) == pack((cols, rows)) {
            return;
        }
        let _ = self.orders.send(Order::Size(cols, rows));
        if let Err(error) = self.control.resize(cols, rows).await {
            tracing::debug!(%error, "a terminal was not resized");
        }
    }

    /// Attaches a browser; one that was attached before is told that it was taken over. `None` when it has ended.
    pub(super) async fn attach(self: &Arc<Self>, fresh: bool) -> Option<Attachment> {
        let number = self.attachments.fetch_add(1, Ordering::Relaxed);
        let (frames, told) = mpsc::channel(QUEUE);
        let (flow, taken) = (Arc::new(Flow::default()), CancellationToken::new());
        let owner = Owner { number, frames, flow: flow.clone(), taken: taken.clone() };
        self.orders.send(Order::Attach { owner, fresh }).ok()?;
        // The former browser lets go of the writer when it is told.
        let writer = tokio::time::timeout(LAST_WORD, self.writer.clone().lock_owned()).await.ok()?;
        let leash = Leash { session: self.clone(), number };
        Some(Attachment { session: self.clone(), told, flow, taken, writer, leash })
    }

    /// Somebody looks on.
    pub(super) fn watch(self: &Arc<Self>) -> Option<Watch> {
        let (sight, seen) = super::keeper::sight();
        self.orders.send(Order::Watch(sight)).ok()?;
        self.watching.send_modify(|count| *count += 1);
        Some(Watch { session: self.clone(), seen })
    }
}

fn pack((cols, rows): (u16, u16)) -> u32 {
    u32::from(cols) << 16 | u32::from(rows)
}

fn unpack(size: u32) -> (u16, u16) {
    let half = |n: u32| u16::try_from(n & 0xffff).unwrap_or(u16::MAX);
    (half(size >> 16), half(size))
}

/// A browser at a terminal.
pub struct Attachment {
    /// The terminal.
    pub session: Arc<Session>,
    /// What the browser is told.
    pub told: mpsc::Receiver<Told>,
    /// What it has drawn.
    pub flow: Arc<Flow>,
    /// Fires when another browser takes the terminal over.
    pub taken: CancellationToken,
    /// What is typed goes here.
    pub writer: OwnedMutexGuard<Writer>,
    /// Leaves the shell waiting for the next browser when it is dropped.
    pub leash: Leash,
}

/// Ties a browser to a terminal.
pub struct Leash {
    session: Arc<Session>,
    number: u64,
}

impl Drop for Leash {
    fn drop(&mut self) {
        let _ = self.session.orders.send(Order::Detach(self.number));
    }
}

/// A look at a terminal. Dropped, it ends.
pub struct Watch {
    /// The terminal.
    pub session: Arc<Session>,
    /// What is shown; ends with the terminal.
    pub seen: mpsc::Receiver<Seen>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.session.watching.send_modify(|count| *count -= 1);
    }
}

/// Carries what the shell writes to the browser and the keeper.
pub(super) struct Pump {
    session: Arc<Session>,
    reader: Pin<Box<dyn AsyncRead + Send>>,
    queue: mpsc::UnboundedReceiver<Order>,
    buffer: BytesMut,
}

/// What the pump asks of its surroundings.
pub(super) struct Surroundings {
    pub keeper: mpsc::Sender<Fed>,
    pub stop: CancellationToken,
    /// How long a shell waits for a browser to come back.
    pub grace: Duration,
    /// Does a log-in still hold this seat?
    pub holds: Arc<dyn Fn(Holder) -> futures_util::future::BoxFuture<'static, bool> + Send + Sync>,
}

/// Reads a piece, after one byte 0. Losing the future loses nothing that was read.
async fn read(reader: &mut Pin<Box<dyn AsyncRead + Send>>, buffer: &mut BytesMut) -> std::io::Result<Bytes> {
    buffer.clear();
    buffer.reserve(CHUNK + 1);
    buffer.put_u8(0);
    let length = reader.read_buf(&mut (&mut *buffer).limit(CHUNK)).await?;
    if length == 0 {
        return Ok(Bytes::new());
    }
    let short = length < SHORT;
    Ok(if short { Bytes::copy_from_slice(buffer) } else { buffer.split().freeze() })
}

/// Waits for a place in the browser's queue; forever where there is no browser.
async fn place(owner: Option<&Owner>) -> Option<mpsc::OwnedPermit<Told>> {
    match owner {
        Some(owner) => owner.frames.clone().reserve_owned().await.ok(),
        None => std::future::pending().await,
    }
}

async fn room(owner: Option<&Owner>) {
    match owner {
        Some(owner) => owner.flow.room().await,
        None => std::future::pending().await,
    }
}

impl Pump {
    /// Runs until the end, hangs the shell up, and gives why it ended. The keeper is let go.
    pub(super) async fn run(mut self, with: Surroundings) -> End {
        let mut owner = None;
        let why = self.carry(&with, &mut owner).await;
        // No further order is taken: whoever attaches now is told that there is nothing.
        self.queue.close();
        self.session.attached.store(false, Ordering::Relaxed);
        let told = async {
            if let Some(owner) = owner.take() {
                let _ = tokio::time::timeout(LAST_WORD, owner.frames.send(Told::Ended(why))).await;
            }
        };
        let hung_up = tokio::time::timeout(HANG_UP, self.session.control.hangup());
        let (hung_up, ()) = tokio::join!(hung_up, told);
        if let Ok(Err(error)) = hung_up {
            // A frozen workstation cannot hang anything up; the engine does it once it thaws.
            tracing::warn!(%error, exercise = self.session.exercise.id, "a shell was not hung up yet");
        }
        why
    }

    async fn carry(&mut self, with: &Surroundings, owner: &mut Option<Owner>) -> End {
        let session = self.session.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut changes = session.exercise.changes();
        let mut paused = session.exercise.fold().status == Status::Paused;
        // Told first, then what was read: a piece that found no place in the browser's queue.
        let mut pending: Option<Bytes> = None;
        let (mut left, mut looked, mut asked) = (Duration::ZERO, Instant::now(), Instant::now());
        loop {
            let has_room = owner.as_ref().is_none_or(|owner| owner.flow.has_room());
            tokio::select! {
                biased;
                order = self.queue.recv() => match order {
                    Some(Order::End(why)) => return why,
                    Some(order) => {
                        if matches!(order, Order::Attach { .. }) {
                            // The snapshot that it gets holds what waited.
                            pending = None;
                            left = Duration::ZERO;
                        }
                        Self::obey(&session, order, with, owner).await;
                    }
                    None => return End::Left,
                },
                () = with.stop.cancelled() => return End::Stopping,
                changed = changes.changed() => {
                    let status = session.exercise.fold().status;
                    if changed.is_err() || !matches!(status, Status::Ready | Status::Running | Status::Paused) {
                        return End::Over;
                    }
                    let now = status == Status::Paused;
                    if now != paused {
                        paused = now;
                        let mark = if paused { Mark::Pause } else { Mark::Resume };
                        let _ = with.keeper.send(Fed::Mark(mark)).await;
                    }
                }
                _ = tick.tick() => {
                    let passed = looked.elapsed();
                    looked = Instant::now();
                    if owner.is_some() {
                        left = Duration::ZERO;
                        continue;
                    }
                    // A lunch break is no reason to lose a shell: the wait stands still while everything is frozen.
                    if !paused {
                        left += passed;
                    }
                    if left >= with.grace {
                        return End::Left;
                    }
                    if asked.elapsed() >= RECHECK {
                        asked = Instant::now();
                        if !(with.holds)(session.holder.clone()).await {
                            return End::Revoked;
                        }
                    }
                }
                place = place(owner.as_ref()), if pending.is_some() => match (place, pending.take()) {
                    (Some(place), Some(piece)) => drop(place.send(Told::Output(piece))),
                    _ => Self::detach(&session, with, owner).await,
                },
                () = room(owner.as_ref()), if pending.is_none() && !has_room => {}
                piece = read(&mut self.reader, &mut self.buffer), if pending.is_none() && has_room => {
                    let piece = match piece {
                        Ok(piece) if !piece.is_empty() => piece,
                        _ => return End::Shell,
                    };
                    if let Some(owner) = owner.as_ref() {
                        owner.flow.sent(piece.len() - 1);
                        if let Err(mpsc::error::TrySendError::Full(Told::Output(piece))) =
                            owner.frames.try_send(Told::Output(piece.clone()))
                        {
                            pending = Some(piece);
                        }
                    }
                    if with.keeper.send(Fed::Output(piece.slice(1..))).await.is_err() {
                        return End::Shell;
                    }
                }
            }
        }
    }

    async fn obey(session: &Session, order: Order, with: &Surroundings, owner: &mut Option<Owner>) {
        match order {
            Order::Attach { owner: new, fresh } => {
                if let Some(former) = owner.take() {
                    former.taken.cancel();
                } else if !fresh {
                    let _ = with.keeper.send(Fed::Mark(Mark::Back)).await;
                }
                Self::redraw(with, &new).await;
                session.attached.store(true, Ordering::Relaxed);
                *owner = Some(new);
            }
            Order::Detach(number) => {
                if owner.as_ref().is_some_and(|owner| owner.number == number) {
                    Self::detach(session, with, owner).await;
                }
            }
            Order::Size(cols, rows) => drop(with.keeper.send(Fed::Size(cols, rows)).await),
            Order::Watch(sight) => drop(with.keeper.send(Fed::Watch(sight)).await),
            // Handled where it ends the loop.
            Order::End(_) => {}
        }
    }

    /// Gives a browser the screen as it is after everything that was read; nothing is read meanwhile.
    async fn redraw(with: &Surroundings, owner: &Owner) {
        let (reply, screen) = oneshot::channel();
        if with.keeper.send(Fed::Snapshot(reply)).await.is_err() {
            return;
        }
        let Ok(screen) = screen.await else { return };
        owner.flow.sent(screen.len());
        let mut piece = BytesMut::with_capacity(screen.len() + 1);
        piece.put_u8(0);
        piece.extend_from_slice(&screen);
        // The queue is new and empty.
        let _ = owner.frames.try_send(Told::Output(piece.freeze()));
    }

    async fn detach(session: &Session, with: &Surroundings, owner: &mut Option<Owner>) {
        *owner = None;
        session.attached.store(false, Ordering::Relaxed);
        let _ = with.keeper.send(Fed::Mark(Mark::Left)).await;
    }
}

impl Session {
    pub(super) fn finish(&self) {
        self.done.cancel();
    }
}
