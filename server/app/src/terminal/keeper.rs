//! What follows a terminal beside the hot path: the screen, the recording, those who look on. It is fed in order and takes
//! what has come every few milliseconds, so that a keystroke's echo never waits for it; what may lie before it is bounded.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rampart_store::RecordingState;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::reel::{self, Reel};
use super::screen::Screen;
use super::tape::{Mark, Tape};

/// Pieces of output that may wait.
pub(super) const QUEUE: usize = 64;
/// Output is collected for this long before it is looked at.
const COLLECT: Duration = Duration::from_millis(8);
/// Output looked at in one go, bytes.
const BATCH: usize = 512 * 1024;
/// Time between looks at what is due.
const TICK: Duration = Duration::from_millis(250);
/// Recorded bytes that are written at once; fewer wait for [`WRITE_EVERY`].
const WRITE: usize = 64 * 1024;
/// What a killed server loses of a recording at most.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// What a power cut loses of a recording at most, beside [`WRITE_EVERY`].
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// Recorded bytes that may wait for a disk that does not take them.
const WAITING: usize = 8 * 1024 * 1024;
/// Messages that may wait for somebody who looks on; beyond them they are shown the screen anew.
const SIGHT: usize = 8;
/// Output of one batch beyond which those who look on are rather shown the screen.
const SIGHT_BATCH: usize = 64 * 1024;

/// What the keeper is told, in the order in which it happened.
pub(super) enum Fed {
    /// The shell wrote.
    Output(Bytes),
    /// A new size.
    Size(u16, u16),
    /// A mark for the recording.
    Mark(Mark),
    /// The screen is wanted, as it is after all that was told before.
    Snapshot(oneshot::Sender<Vec<u8>>),
    /// Somebody looks on from here.
    Watch(mpsc::Sender<Seen>),
}

/// What somebody who looks on is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The whole screen: forget what was shown before.
    Screen {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
        /// How to draw it.
        bytes: Bytes,
    },
    /// The shell wrote.
    Output(Bytes),
    /// A new size.
    Size(u16, u16),
}

/// A channel for somebody who looks on.
pub(super) fn sight() -> (mpsc::Sender<Seen>, mpsc::Receiver<Seen>) {
    mpsc::channel(SIGHT)
}

/// Limits of recordings, and what the recordings of an exercise hold together.
#[derive(Clone)]
pub(super) struct Allowance {
    pub terminal: u64,
    pub exercise: u64,
    pub used: Arc<AtomicU64>,
}

/// What is known of a recording at its end.
pub(super) struct Sealed {
    pub bytes: u64,
    pub sha256: String,
    pub length_ms: i64,
    pub skipped: u64,
    pub state: RecordingState,
}

struct Watcher {
    sight: mpsc::Sender<Seen>,
    /// It did not keep up; it gets the screen once it has taken everything that waits.
    stale: bool,
}

/// See the module.
pub(super) struct Keeper {
    screen: Screen,
    tape: Tape,
    path: PathBuf,
    reel: Option<Reel>,
    writing: Option<JoinHandle<io::Result<Reel>>>,
    broken: bool,
    began: Instant,
    written: Instant,
    synced: Instant,
    allowance: Allowance,
    watchers: Vec<Watcher>,
}

impl Keeper {
    /// Begins with an empty screen. A file that cannot be made is no reason to refuse a terminal: the recording is marked
    /// as broken then, and the log says why.
    pub(super) async fn new(
        path: PathBuf,
        size: (u16, u16),
        at_ms: i64,
        title: &str,
        allowance: Allowance,
    ) -> Self {
        let file = path.clone();
        let made = tokio::task::spawn_blocking(move || Reel::create(&file)).await.map_err(io::Error::other);
        let reel = made.and_then(|made| made);
        if let Err(error) = &reel {
            tracing::error!(%error, path = %path.display(), "a terminal is not recorded");
        }
        let now = Instant::now();
        Self {
            screen: Screen::new(size.0, size.1),
            tape: Tape::new(allowance.terminal, size, at_ms, title),
            path,
            broken: reel.is_err(),
            reel: reel.ok(),
            writing: None,
            began: now,
            written: now,
            synced: now,
            allowance,
            watchers: Vec::new(),
        }
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Follows until the other end is dropped, and gives the seal.
    pub(super) async fn run(mut self, mut fed: mpsc::Receiver<Fed>) -> Sealed {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                first = fed.recv() => {
                    let Some(first) = first else { break };
                    if matches!(first, Fed::Output(_)) && fed.len() < QUEUE / 4 {
                        tokio::time::sleep(COLLECT).await;
                    }
                    self.take(first, &mut fed).await;
                }
                _ = tick.tick() => self.tick().await,
            }
        }
        self.seal().await
    }

    async fn take(&mut self, first: Fed, fed: &mut mpsc::Receiver<Fed>) {
        let mut output = BytesMut::new();
        let mut next = Some(first);
        while let Some(one) = next {
            match one {
                Fed::Output(bytes) => {
                    output.extend_from_slice(&bytes);
                    if output.len() >= BATCH {
                        self.output(output.split().freeze());
                        tokio::task::yield_now().await;
                    }
                }
                other => {
                    self.output(output.split().freeze());
                    self.other(other);
                }
            }
            next = fed.try_recv().ok();
        }
        self.output(output.freeze());
        if self.tape.ready() >= WRITE {
            self.write().await;
        }
    }

    fn output(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let text = self.screen.feed(&bytes);
        self.tape.output(self.now_ms(), &text, &self.screen);
        self.show(&Seen::Output(bytes));
    }

    fn other(&mut self, other: Fed) {
        match other {
            Fed::Output(bytes) => self.output(bytes),
            Fed::Size(cols, rows) => {
                self.screen.resize(cols, rows);
                self.tape.size(self.now_ms(), cols, rows);
                self.show(&Seen::Size(cols, rows));
            }
            Fed::Mark(mark) => self.tape.mark(self.now_ms(), mark),
            // Whoever asked may be gone.
            Fed::Snapshot(reply) => drop(reply.send(self.screen.snapshot(true))),
            Fed::Watch(sight) => {
                self.tape.mark(self.now_ms(), Mark::Watched);
                self.watchers.push(Watcher { sight, stale: true });
                self.refresh();
            }
        }
    }

    /// Shows it to everybody who keeps up. Nobody is waited for.
    fn show(&mut self, seen: &Seen) {
        let flood = matches!(seen, Seen::Output(bytes) if bytes.len() > SIGHT_BATCH);
        self.watchers.retain_mut(|watcher| {
            if !watcher.stale {
                watcher.stale = flood || watcher.sight.try_send(seen.clone()).is_err();
            }
            !watcher.sight.is_closed()
        });
    }

    /// Shows the screen to those who have fallen behind and have taken what waited.
    fn refresh(&mut self) {
        let behind =
            |watcher: &Watcher| watcher.stale && watcher.sight.capacity() == watcher.sight.max_capacity();
        if !self.watchers.iter().any(behind) {
            return;
        }
        let size = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let (cols, rows) = self.screen.size();
        let bytes = Bytes::from(self.screen.snapshot(true));
        let seen = Seen::Screen { cols: size(cols), rows: size(rows), bytes };
        for watcher in self.watchers.iter_mut().filter(|watcher| behind(watcher)) {
            watcher.stale = watcher.sight.try_send(seen.clone()).is_err();
        }
    }

    async fn tick(&mut self) {
        self.tape.tick(self.now_ms(), &self.screen);
        self.watchers.retain(|watcher| !watcher.sight.is_closed());
        self.refresh();
        if self.written.elapsed() >= WRITE_EVERY {
            self.write().await;
        }
    }

    /// Takes the file back from a write that has ended.
    async fn written_back(&mut self) {
        if let Some(writing) = self.writing.take() {
            match writing.await.map_err(io::Error::other).and_then(|outcome| outcome) {
                Ok(reel) => self.reel = Some(reel),
                Err(error) => {
                    tracing::error!(%error, path = %self.path.display(), "a recording is not written on");
                    self.broken = true;
                }
            }
        }
    }

    /// Begins to write what waits, unless the last write is still under way: nobody waits for a disk.
    async fn write(&mut self) {
        if self.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            if self.tape.ready() > WAITING && !self.broken {
                tracing::error!(path = %self.path.display(), "the disk does not take a recording");
                self.tape.stop(self.now_ms());
                self.broken = true;
            }
            return;
        }
        self.written_back().await;
        let used = self.allowance.used.fetch_add(self.tape.ready() as u64, Ordering::Relaxed);
        if used > self.allowance.exercise {
            self.tape.stop(self.now_ms());
        }
        let bytes = self.tape.take();
        let sync = self.synced.elapsed() >= SYNC_EVERY;
        self.written = Instant::now();
        if sync {
            self.synced = self.written;
        }
        let Some(mut reel) = self.reel.take() else { return };
        self.writing = Some(tokio::task::spawn_blocking(move || {
            reel.write(&bytes)?;
            if sync {
                reel.sync()?;
            }
            Ok(reel)
        }));
    }

    async fn seal(mut self) -> Sealed {
        self.watchers.clear();
        let length_ms = self.tape.finish(self.now_ms(), &self.screen);
        self.written_back().await;
        let (bytes, reel, path) = (self.tape.take(), self.reel.take(), self.path.clone());
        self.allowance.used.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let sealed = tokio::task::spawn_blocking(move || match reel {
            Some(mut reel) => {
                reel.write(&bytes)?;
                reel.seal().map(|(length, hash)| (length, hash, None))
            }
            None => reel::mend(&path).map(|(length, hash, ms)| (length, hash, Some(ms))),
        })
        .await
        .map_err(io::Error::other)
        .and_then(|outcome| outcome);
        let state = match (self.broken, self.tape.cut) {
            (true, _) => RecordingState::Broken,
            (false, true) => RecordingState::Cut,
            (false, false) => RecordingState::Whole,
        };
        let skipped = self.tape.skipped;
        match sealed {
            Ok((bytes, sha256, mended_ms)) => {
                Sealed { bytes, sha256, length_ms: mended_ms.unwrap_or(length_ms), skipped, state }
            }
            Err(error) => {
                tracing::error!(%error, path = %self.path.display(), "a recording is not whole");
                Sealed { bytes: 0, sha256: String::new(), length_ms, skipped, state: RecordingState::Broken }
            }
        }
    }
}
