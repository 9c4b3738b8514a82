//! Terminals of seats: which container and which user, and the shells that are open.
//!
//! A shell lives apart from the browser that opened it: a browser that comes back within [`TerminalRules::grace`] finds
//! the same screen. Staff may look on. What a shell writes is recorded and sealed when it ends, before its container goes.

mod flow;
mod keeper;
mod recordings;
mod reel;
mod screen;
mod session;
mod tape;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rampart_engine::{Terminal, TerminalSpec};
use rampart_store::{NewRecording, Seal, Store, StoreError, Viewer};
use scoreboard::Side;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::App;
use crate::clock::{Clock, new_id};
use crate::exercise::Exercise;
use crate::workstation::{self, WorkstationError};
pub use flow::{Flow, WINDOW};
pub use keeper::Seen;
use keeper::{Allowance, Keeper};
pub use recordings::{Kept, RecordingError};
use session::Surroundings;
pub use session::{Attachment, End, Holder, Leash, Session, Told, Watch, Writer};

/// What a shell is told that it runs in.
const TERM: &str = "xterm-256color";
/// Terminals that a seat may have open at once.
pub const PER_SEAT: usize = 4;
/// The longest that clearing a range waits for the recordings of its terminals.
const SEALED_WITHIN: Duration = Duration::from_secs(30);

/// How terminals are kept and recorded.
#[derive(Debug, Clone)]
pub struct TerminalRules {
    /// How long a shell waits for a browser to come back. Stands still while the exercise is paused.
    pub grace: Duration,
    /// Folder of the recordings.
    pub recordings_dir: PathBuf,
    /// After so many ms a recording is deleted by itself; `None` leaves it to the purge.
    pub keep_ms: Option<i64>,
    /// Longest recording of one terminal, bytes.
    pub terminal_limit: u64,
    /// What the recordings of one exercise may hold together, bytes.
    pub exercise_limit: u64,
}

impl TerminalRules {
    /// The product's own rules for a data folder.
    #[must_use]
    pub fn new(data_dir: &std::path::Path) -> Self {
        Self {
            grace: Duration::from_secs(60),
            recordings_dir: data_dir.join("recordings"),
            keep_ms: None,
            terminal_limit: 64 * 1024 * 1024,
            exercise_limit: 4 * 1024 * 1024 * 1024,
        }
    }
}

/// Why no terminal opens. Each has a text in the locale files.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Nothing opens on the workstation now, or the engine said no.
    #[error(transparent)]
    Workstation(#[from] WorkstationError),
    /// The seat has as many terminals as it may.
    #[error("the seat has {PER_SEAT} terminals already")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a shell on the workstation of a team's side.
async fn open_shell(
    app: &App,
    exercise: &Exercise,
    range: u16,
    side: Side,
    (cols, rows): (u16, u16),
) -> Result<Terminal, TerminalError> {
    let workstation = workstation::of(exercise, range, side)?;
    let spec = TerminalSpec {
        argv: vec!["bash".into(), "-l".into()],
        user: workstation.user,
        cols,
        rows,
        term: TERM.into(),
        env: Vec::new(),
    };
    let engine = app.fleet.range(&exercise.id).map_err(WorkstationError::from)?;
    Ok(engine.terminal(&workstation.container, spec).await.map_err(WorkstationError::from)?)
}

/// All open terminals. Clones share them.
#[derive(Clone)]
pub(crate) struct Terminals(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    rules: TerminalRules,
    tasks: TaskTracker,
    stop: CancellationToken,
    open: Mutex<BTreeMap<String, Arc<Session>>>,
    /// One opening at a time for each seat, so that two requests of one tab do not make two shells.
    doors: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
    /// Bytes recorded, by exercise.
    recorded: Mutex<HashMap<String, Arc<AtomicU64>>>,
}

impl Terminals {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        rules: TerminalRules,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            rules,
            tasks,
            stop,
            open: Mutex::default(),
            doors: Mutex::default(),
            recorded: Mutex::default(),
        }))
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Session>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_seat(&self, seat: &str) -> Vec<Arc<Session>> {
        self.open().values().filter(|one| one.holder.seat == seat && !one.has_ended()).cloned().collect()
    }

    fn door(&self, seat: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut doors = self.0.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|_, door| door.strong_count() > 0);
        if let Some(door) = doors.get(seat).and_then(Weak::upgrade) {
            return door;
        }
        let door = Arc::default();
        doors.insert(seat.to_owned(), Arc::downgrade(&door));
        door
    }

    /// Ends all terminals of an exercise and waits until their recordings are sealed.
    pub(crate) async fn close(&self, exercise: &str) {
        let of_it: Vec<_> = self.open().values().filter(|one| one.exercise.id == exercise).cloned().collect();
        for session in &of_it {
            session.end(End::Over);
        }
        let sealed = futures_util::future::join_all(of_it.iter().map(|session| session.ended()));
        if tokio::time::timeout(SEALED_WITHIN, sealed).await.is_err() {
            tracing::error!(exercise, "recordings of terminals were not sealed in time");
        }
    }

    /// Begins the recording and the tasks of a new shell.
    async fn begin(
        &self,
        exercise: &Arc<Exercise>,
        holder: Holder,
        shell: Terminal,
        size: (u16, u16),
    ) -> Result<Arc<Session>, StoreError> {
        let Inner { store, clock, rules, .. } = &*self.0;
        let (id, at_ms) = (new_id(), clock.now_ms());
        let new = NewRecording {
            id: &id,
            exercise_id: &exercise.id,
            seat_id: &holder.seat,
            person_id: &holder.person,
            team: &holder.team,
            seat_no: holder.number,
            at_ms,
        };
        store.recordings().begin(&new).await?;
        let path = reel::path(&rules.recordings_dir, &exercise.id, &id);
        let title = self.title(exercise, &holder);
        let keeper = Keeper::new(path, size, at_ms, &title, self.allowance(&exercise.id)).await;
        let (session, pump) = Session::new(id.clone(), holder, exercise.clone(), at_ms, shell, size);
        let (fed, eaten) = mpsc::channel(keeper::QUEUE);
        let keeping = self.0.tasks.spawn(keeper.run(eaten));
        let with =
            Surroundings { keeper: fed, stop: self.0.stop.clone(), grace: rules.grace, holds: self.holds() };
        self.open().insert(id.clone(), session.clone());
        let (all, session_here) = (self.clone(), session.clone());
        self.0.tasks.spawn(async move {
            let why = pump.run(with).await;
            let at_ms = all.0.clock.now_ms();
            match keeping.await {
                Ok(sealed) => all.seal(&id, at_ms, sealed).await,
                Err(error) => tracing::error!(%error, recording = id, "a recording was not sealed"),
            }
            tracing::info!(terminal = id, ?why, "a terminal has ended");
            all.open().remove(&id);
            session_here.finish();
        });
        Ok(session)
    }

    fn title(&self, exercise: &Exercise, holder: &Holder) -> String {
        let fold = exercise.fold();
        let team = fold.team(&holder.team).map_or(holder.team.as_str(), |team| team.name.as_str());
        let code = fold.header.as_ref().map(|header| header.code.clone()).unwrap_or_default();
        format!("{code} {team}-{}", holder.number)
    }

    fn allowance(&self, exercise: &str) -> Allowance {
        let mut recorded = self.0.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let used = recorded.entry(exercise.to_owned()).or_default().clone();
        Allowance { terminal: self.0.rules.terminal_limit, exercise: self.0.rules.exercise_limit, used }
    }

    fn holds(&self) -> Arc<dyn Fn(Holder) -> futures_util::future::BoxFuture<'static, bool> + Send + Sync> {
        let (store, clock) = (self.0.store.clone(), self.0.clock.clone());
        Arc::new(move |holder| {
            let (store, now_ms) = (store.clone(), clock.now_ms());
            Box::pin(async move {
                match store.sessions().live(&holder.login, now_ms).await {
                    Ok(Some(Viewer::Seat { seat_id, team, .. })) => {
                        (seat_id, team) == (holder.seat, holder.team)
                    }
                    Ok(_) => false,
                    // A store that does not answer is no reason to take everybody's shell away.
                    Err(error) => {
                        tracing::warn!(%error, "could not ask whether a terminal may wait on");
                        true
                    }
                }
            })
        })
    }

    async fn seal(&self, id: &str, at_ms: i64, sealed: keeper::Sealed) {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let seal = Seal {
            at_ms,
            length_ms: sealed.length_ms,
            bytes: signed(sealed.bytes),
            sha256: sealed.sha256,
            skipped: signed(sealed.skipped),
            state: sealed.state,
        };
        if let Err(error) = self.0.store.recordings().seal(id, &seal).await {
            // The next start finds it open and seals it.
            tracing::error!(%error, recording = id, "a recording was not sealed");
        }
    }
}

impl App {
    /// A terminal for a browser's tab: the one that it had, if its shell still waits, or a new one. When the seat has as
    /// many as it may, the one that has waited longest for its browser makes place.
    ///
    /// # Errors
    /// See [`TerminalError`].
    pub async fn attach_terminal(
        &self,
        exercise: &Arc<Exercise>,
        holder: Holder,
        (range, side): (u16, Side),
        size: (u16, u16),
    ) -> Result<Attachment, TerminalError> {
        let door = self.terminals.door(&holder.seat);
        let _turn = door.lock().await;
        let open = self.terminals.of_seat(&holder.seat);
        if let Some(session) = open.iter().find(|one| one.holder.tab == holder.tab) {
            session.resize(size.0, size.1).await;
            if let Some(attachment) = session.attach(false).await {
                return Ok(attachment);
            }
        }
        let open = self.terminals.of_seat(&holder.seat);
        if open.len() >= PER_SEAT {
            let waiting = open.iter().filter(|one| !one.is_attached()).min_by_key(|one| one.typed_ms());
            let Some(waiting) = waiting else { return Err(TerminalError::Busy) };
            waiting.end(End::Replaced);
            waiting.ended().await;
        }
        let shell = open_shell(self, exercise, range, side, size).await?;
        let session = self.terminals.begin(exercise, holder, shell, size).await?;
        session.attach(true).await.ok_or(WorkstationError::Over.into())
    }

    /// Open terminals of an exercise, oldest first.
    #[must_use]
    pub fn open_terminals(&self, exercise: &str) -> Vec<Arc<Session>> {
        // Ids sort by time.
        self.terminals.open().values().filter(|one| one.exercise.id == exercise).cloned().collect()
    }

    /// Looks on at a terminal, and writes the audit line of it. `None` when it is not open.
    pub async fn watch_terminal(&self, exercise: &str, id: &str, account: &str) -> Option<Watch> {
        let session = self.terminals.open().get(id).filter(|one| one.exercise.id == exercise).cloned()?;
        let watch = session.watch()?;
        let detail = format!("{exercise} {id} {}", session.holder.seat);
        self.note(Some(account), "terminal.watch", detail).await;
        Some(watch)
    }
}
