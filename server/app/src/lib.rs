//! The use cases of Rampart: exercises, ranges, people, attendance, records. Siblings never call each other: they append
//! to the ledger or fold it, and the exercise's runner calls them.

mod answers;
mod attendance;
mod audit;
mod capacity;
pub mod clock;
pub mod courses;
pub mod desktop;
pub mod duplicates;
pub mod exercise;
pub mod failure;
pub mod files;
pub mod fleet;
mod hours_upload;
mod images;
mod keeper;
mod launch;
pub mod library;
pub mod limits;
mod looked;
mod papers;
mod people;
pub mod press;
mod programme;
mod queue;
pub mod range;
pub mod records;
mod records_cross;
mod records_read;
mod records_settings;
mod records_year;
mod register;
mod register_export;
pub mod roster_import;
mod schedule;
mod scores;
mod sign_sheets;
mod statistics;
pub mod strays;
pub mod terminal;
pub mod tokens;
pub mod webhooks;
pub mod workstation;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use rampart_domain::decide;
use rampart_domain::ledger;
use rampart_domain::scenario::{Bundle, Fault};
use rampart_domain::secret::RunSecret;
use rampart_store::{Desired, NewExercise as NewRow, Store, StoreError, Touch};
use scoreboard::{Entry, Fold, Reason, Status};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use answers::{AnswersError, Retention, WISH_MAX};
pub use attendance::{AttendanceRow, SignError};
pub use capacity::Capacity;
use clock::{Clock, new_id, random_bytes};
use exercise::{CommandError, Exercise, GatewayCounters, Seed, Tools};
use fleet::{Fleet, Nodes};
pub use hours_upload::{ClassHours, Digital, HoursRow, UploadError, UploadWish};
pub use keeper::{LedgerAlarm, LedgerState};
pub use looked::{LOOKS, Look, Looked};
pub use people::{AccountError, LogIn, LogInError, PASSWORD_MIN, SeatCodeError, Slip};
pub use programme::{ProgrammeError, TEXT_MAX};
pub use rampart_documents::{FontsMissing, Missing as MissingCharacter};
pub use range::images::{ImageState, ImagesState, Presence as ImagePresence, Stage as ImageStage};
pub use records::Format as ExportFormat;
pub use records_settings::{Issuer, Office, UNDER_RANGE};
pub use records_year::{PortalAt, PortalDue, Reminder, YearOverview};
pub use register::{PersonCard, RegisterError, TookPart};
pub use register_export::RegisterFormat;
pub use schedule::{ScheduleError, WARN_MS};
pub use scores::{ScoreWords, Scores};
pub use statistics::{Export, ExportTable, Road, Statistics};

/// Longest that a stop waits for tasks to come to an end.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// Password hashes in the making at once.
const HASHES_AT_ONCE: usize = 4;
/// Last lines of a host that are shown, and characters of each.
const LAST_LINES: usize = 20;
const LINE_LIMIT: usize = 1000;
/// Most ranges of one exercise.
pub const PAIRS_MAX: u16 = 12;

/// What an installation decides about ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeSettings {
    /// Memory that ranges leave to the platform and whatever else runs on the engine's machine, bytes.
    pub kept_memory: u64,
    /// How long after the planned end ranges may live, ms.
    pub grace_ms: i64,
    /// How long a node that does not answer is waited for before its ranges may be built again on another one, ms.
    pub node_grace_ms: i64,
    /// How often the wall of another machine is tried from inside while ranges stand there, ms.
    pub wall_trial_ms: i64,
}

impl Default for RangeSettings {
    /// A gibibyte, two hours, five minutes, and ten.
    fn default() -> Self {
        Self {
            kept_memory: 1 << 30,
            grace_ms: 2 * 3_600_000,
            node_grace_ms: 5 * 60_000,
            wall_trial_ms: 10 * 60_000,
        }
    }
}

/// What the use cases need to know about their surroundings.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// Scenario folder.
    pub scenarios_dir: PathBuf,
    /// Image folder.
    pub images_dir: PathBuf,
    /// Block that ranges take their subnets from.
    pub block: ipnet::Ipv4Net,
    /// Ports that Rampart itself listens on; the walls are tried against them too.
    pub own_ports: Vec<u16>,
    /// How long after filing a report is judged, ms: late evidence comes in, and the score is no oracle.
    pub judge_delay_ms: i64,
    /// Signs positions of ledgers, and papers.
    pub ledger_key: ledger::CheckpointKey,
    /// How terminals are kept and recorded.
    pub terminals: terminal::TerminalRules,
    /// What is decided about ranges.
    pub ranges: RangeSettings,
    /// Folders and files with the fonts that papers are set in.
    pub fonts: Vec<PathBuf>,
}

/// What can go wrong in a use case, beyond what its own error says.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] rampart_engine::EngineError),
    /// An exercise said no.
    #[error(transparent)]
    Command(CommandError),
    /// A ledger is not what was written.
    #[error("ledger of exercise {exercise}: {fault}")]
    Ledger {
        /// Exercise id.
        exercise: String,
        /// What does not fit.
        fault: ledger::LedgerFault,
    },
    /// Something asked for is not there.
    #[error("no such {0}")]
    Missing(&'static str),
    /// A stored scenario cannot be read any more.
    #[error("the stored scenario of exercise {exercise} cannot be read: {why}")]
    Bundle {
        /// Exercise id.
        exercise: String,
        /// First fault.
        why: String,
    },
    /// Papers cannot be printed on this machine as it is.
    #[error(transparent)]
    Fonts(#[from] FontsMissing),
    /// Characters that no font of this machine has; nothing was printed.
    #[error("no font has {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Characters(Vec<MissingCharacter>),
    /// As many exports of this person as may wait already; nothing was read.
    #[error("too many exports of one person wait")]
    Waiting {
        /// When one more makes sense, ms from now.
        retry_ms: i64,
    },
    /// Anything else.
    #[error("{0}")]
    Inner(String),
}

/// What an instructor types to make an exercise.
#[derive(Debug, Clone, Default)]
pub struct NewExercise {
    /// Scenario id.
    pub scenario: String,
    /// Session code, `S115-01`.
    pub code: String,
    /// Title; empty takes the scenario's.
    pub title: String,
    /// Number of red/blue pairs.
    pub pairs: u16,
    /// Place.
    pub place: String,
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Planned end, ms UTC.
    pub ends_ms: i64,
}

/// Why an exercise could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Fields that are not right: name and text code.
    #[error("{} fields are not right", .0.len())]
    Fields(Vec<(&'static str, &'static str)>),
    /// The scenario has faults.
    #[error("the scenario has {} faults", .0.len())]
    Scenario(Vec<Fault>),
    /// Something of ours failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// An exercise that could not be taken up: its ledger is not what was written, or its scenario cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shut {
    /// Id.
    pub id: String,
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Why, in the words of the check.
    pub why: String,
    /// The same as a code with values: `shut.hash`, `shut.unreadable`, `shut.signature` and `shut.rewritten` (`seq`),
    /// `shut.gap` and `shut.cut_off` (`seq`, `found`), `shut.scenario` (`said`).
    pub reason: Reason,
}

impl Shut {
    /// An exercise that was not taken up because of `error`; `None` where that is no fault of the exercise.
    fn new(row: &rampart_store::Exercise, error: &AppError) -> Option<Self> {
        let reason = match error {
            AppError::Ledger { fault, .. } => fault.reason(),
            AppError::Bundle { why, .. } => Reason::new("shut.scenario", [("said", why.clone())]),
            _ => return None,
        };
        let why = error.to_string();
        Some(Self { id: row.id.clone(), code: row.code.clone(), title: row.title.clone(), why, reason })
    }
}

/// Everything that runs.
pub struct App {
    /// Storage; simple reads go straight to its repositories.
    pub store: Store,
    /// The machines with an engine.
    pub fleet: Fleet,
    config: AppConfig,
    clock: Arc<dyn Clock>,
    tools: Tools,
    live: RwLock<HashMap<String, Arc<Exercise>>>,
    shut: RwLock<Vec<Shut>>,
    guesses: limits::Guesses,
    /// A hash that no password fits, so that an unknown log-in costs the same time as a wrong password.
    idle_hash: String,
    /// Password hashes in the making at once.
    hashing: tokio::sync::Semaphore,
    /// Signs of presence that are not written yet.
    touched: Mutex<Vec<Touch>>,
    /// What the watch over the ledgers knows.
    keeper: Mutex<keeper::Keeper>,
    /// Terminals that are open.
    terminals: terminal::Terminals,
    /// Fonts and the key that seals.
    papers: Arc<papers::Papers>,
    /// The turn at the press.
    pub(crate) press: press::Press,
    /// Papers of scores that were set last.
    set_papers: scores::SetPapers,
    /// The nodes as they were seen last.
    room: tokio::sync::watch::Sender<Vec<(String, rampart_domain::capacity::Node)>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct StoredBundle {
    source: String,
    files: std::collections::BTreeMap<String, String>,
}

impl App {
    /// Starts everything: reads every exercise's ledger, checks its chain, and goes on where it stood. An exercise whose
    /// chain is broken or whose stored scenario cannot be read stays shut, see [`App::shut`].
    ///
    /// # Errors
    /// When the store fails, or another server has taken it.
    pub async fn start(
        config: AppConfig,
        store: Store,
        nodes: impl Into<Nodes>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, AppError> {
        store.take().await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let terminals = terminal::Terminals::new(
            store.clone(),
            clock.clone(),
            config.terminals.clone(),
            tasks.clone(),
            stop.clone(),
        );
        terminals.mend().await?;
        let fleet = Fleet::open(nodes.into(), store.clone(), clock.clone()).await?;
        fleet.mark(&strays::house(&store).await?);
        let trial_every = Duration::from_millis(config.ranges.wall_trial_ms.try_into().unwrap_or_default());
        fleet.watch(config.block, trial_every, &tasks, &stop);
        let tools = Tools {
            store: store.clone(),
            fleet: fleet.clone(),
            clock: clock.clone(),
            images: Arc::new(range::images::Workshop::new(config.images_dir.clone())),
            block: config.block,
            own_ports: config.own_ports.clone(),
            judge_delay_ms: config.judge_delay_ms,
            stop,
            tasks,
            terminals: terminals.clone(),
            queue: Arc::default(),
            ranges: config.ranges,
            tags: Arc::default(),
            paces: Arc::default(),
        };
        let papers = papers::Papers::new(config.fonts.clone(), config.ledger_key.clone());
        let app = Arc::new(Self {
            store,
            fleet,
            config,
            clock,
            tools,
            live: RwLock::default(),
            shut: RwLock::default(),
            guesses: limits::Guesses::default(),
            idle_hash: people::idle_hash().await?,
            hashing: tokio::sync::Semaphore::new(HASHES_AT_ONCE),
            touched: Mutex::default(),
            keeper: Mutex::default(),
            terminals,
            papers,
            press: press::Press::default(),
            set_papers: scores::SetPapers::default(),
            room: tokio::sync::watch::channel(Vec::new()).0,
        });
        for row in app.store.exercises().list().await? {
            if let Err(error) = app.wake(&row.id).await {
                // One exercise that cannot be trusted or read must not keep all others from going on.
                let Some(shut) = Shut::new(&row, &error) else { return Err(error) };
                tracing::error!(exercise = %row.id, code = row.code, %error, "an exercise stays shut");
                app.shut.write().unwrap_or_else(PoisonError::into_inner).push(shut);
            }
        }
        app.tools.queue.open();
        app.tools.tasks.spawn(capacity::keep(Arc::downgrade(&app), app.stopping()));
        app.tools.tasks.spawn(schedule::keep(Arc::downgrade(&app), app.stopping()));
        app.tools.tasks.spawn(Self::keep_presence(Arc::downgrade(&app), app.stopping()));
        app.tools.tasks.spawn(keeper::keep(Arc::downgrade(&app), app.stopping()));
        app.tools.tasks.spawn(Self::keep_recordings(Arc::downgrade(&app), app.stopping()));
        Ok(app)
    }

    /// Writes collected signs of presence until the end, and the last ones then.
    async fn keep_presence(app: Weak<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(attendance::NOTE_EVERY) => {}
            }
            let Some(app) = app.upgrade() else { return };
            if let Err(error) = app.note_presence().await {
                tracing::error!(%error, "signs of presence could not be written; they are kept");
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// Tells every task to stop and waits until they have. Ranges stand on; a later start adopts them.
    pub async fn stop(&self) {
        self.tools.stop.cancel();
        self.tools.tasks.close();
        if tokio::time::timeout(STOP_WITHIN, self.tools.tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not stop in time");
        }
        self.store.close().await;
    }

    /// Fires when the server goes down; long answers end then.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.tools.stop.clone()
    }

    /// The last lines that a host of a standing range wrote, for a person.
    ///
    /// # Errors
    /// [`AppError::Missing`] when the plan or the engine does not have it, or what the engine says.
    pub async fn last_lines(
        &self,
        exercise: &Exercise,
        range: u16,
        host: &str,
    ) -> Result<Vec<String>, AppError> {
        let plan = exercise.plan();
        let planned = plan.as_ref().and_then(|plan| plan.ranges.iter().find(|known| known.range == range));
        let planned = planned.and_then(|range| range.host(host)).ok_or(AppError::Missing("host"))?;
        match self.fleet.range(&exercise.id)?.tail(&planned.name, LAST_LINES).await {
            Ok(lines) => Ok(lines.into_iter().map(|line| line.chars().take(LINE_LIMIT).collect()).collect()),
            Err(rampart_engine::EngineError::NotFound(_)) => Err(AppError::Missing("host")),
            Err(error) => Err(error.into()),
        }
    }

    /// What the gateway of a range has counted, in the run and since it started last.
    ///
    /// # Errors
    /// [`AppError::Missing`] when the plan or the engine does not have it, or what the engine says.
    pub async fn counters(&self, exercise: &Exercise, range: u16) -> Result<GatewayCounters, AppError> {
        let plan = exercise.plan().ok_or(AppError::Missing("gateway"))?;
        let gateway = exercise::gateway(&plan, range).ok_or(AppError::Missing("gateway"))?;
        let engine = self.fleet.range(&exercise.id)?;
        let reader = exercise::Reader { store: &self.store, clock: &*self.clock, engine: &engine, exercise };
        reader.show(range, gateway).await
    }

    /// How long a lost node is waited for before its ranges may be built again on another one, ms.
    #[must_use]
    pub fn node_grace_ms(&self) -> i64 {
        self.config.ranges.node_grace_ms
    }

    /// Milliseconds since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The scenarios on the shelf, with the faults of those that have some. Reads files and parses them: call it where a
    /// thread may be kept busy, or use [`App::shelves`].
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn library(&self) -> std::io::Result<Vec<library::Shelf>> {
        library::shelves(&self.config.scenarios_dir)
    }

    /// As [`App::library`], off the threads that answer.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn shelves(&self) -> std::io::Result<Vec<library::Shelf>> {
        let dir = self.config.scenarios_dir.clone();
        tokio::task::spawn_blocking(move || library::shelves(&dir)).await.map_err(std::io::Error::other)?
    }

    /// One scenario of the folder, faults and all, off the threads that answer; `None` where there is none of this id.
    pub async fn shelf(&self, id: &str) -> Option<library::Shelf> {
        // An id is a plain word; whatever could lead out of the folder is none.
        let plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let path = self.config.scenarios_dir.join(id);
        if !plain {
            return None;
        }
        let id = id.to_owned();
        let read = move || {
            let there = path.join("scenario.yaml").is_file();
            there.then(|| library::Shelf { id, bundle: library::load(&path) })
        };
        tokio::task::spawn_blocking(read).await.ok().flatten()
    }

    /// A live exercise by id.
    pub fn exercise(&self, id: &str) -> Option<Arc<Exercise>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Exercises that could not be taken up at the start.
    pub fn shut(&self) -> Vec<Shut> {
        self.shut.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All exercises, newest first.
    pub fn exercises(&self) -> Vec<Arc<Exercise>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = live.values().cloned().collect();
        all.sort_by(|a, b| b.id.cmp(&a.id));
        all
    }

    async fn wake(&self, id: &str) -> Result<Arc<Exercise>, AppError> {
        let row = self.store.exercises().get(id).await?.ok_or(AppError::Missing("exercise"))?;
        let (entries, last_hash) = self.read_ledger(id).await?;
        let broken = |why: String| AppError::Bundle { exercise: id.to_owned(), why };
        let stored: StoredBundle =
            serde_json::from_str(&row.bundle).map_err(|error| broken(error.to_string()))?;
        let first = |faults: Vec<Fault>| broken(faults.first().map(ToString::to_string).unwrap_or_default());
        let scenario = rampart_domain::scenario::parse("scenario.yaml", &stored.source).map_err(first)?;
        let bundle = Bundle::new(scenario, stored.source, stored.files).map_err(first)?;
        let plan = match &row.plan {
            Some(text) => Some(serde_json::from_str(text).map_err(|error| broken(error.to_string()))?),
            None => None,
        };
        give_back(&self.store, id, &entries, plan.is_some()).await?;
        if plan.is_some() || !matches!(Fold::of(&entries).status, Status::Draft | Status::Cleared) {
            self.fleet.adopt(id).await?;
        }
        self.terminals.count(id).await?;
        self.tools.tags.write().unwrap_or_else(PoisonError::into_inner).push(row.secret.tag());
        let seed = Seed {
            id: row.exercise.id,
            bundle,
            pairs: row.exercise.pairs,
            secret: row.secret,
            plan,
            entries,
            last_hash,
            clearing: row.exercise.desired == Desired::Gone,
            times: schedule::times(
                row.exercise.starts_ms,
                row.exercise.ends_ms,
                self.store.schedules().get(id).await?,
                self.config.ranges,
            ),
        };
        let exercise = exercise::spawn(self.tools.clone(), seed);
        self.live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(exercise.id.clone(), exercise.clone());
        Ok(exercise)
    }

    /// Makes an exercise from a scenario on the shelf; it keeps its own copy of it.
    ///
    /// # Errors
    /// All fields that are not right, at once; the scenario's faults; or what of ours failed.
    pub async fn create_exercise(&self, new: &NewExercise, account: &str) -> Result<String, CreateError> {
        let mut fields = check_fields(new);
        let shelf = self
            .shelves()
            .await
            .map_err(|error| AppError::Inner(error.to_string()))?
            .into_iter()
            .find(|shelf| shelf.id == new.scenario);
        let bundle = match shelf {
            Some(shelf) => Some(shelf.bundle.map_err(CreateError::Scenario)?),
            None => {
                fields.push(("scenario", "exercise.scenario"));
                None
            }
        };
        let code = new.code.trim().to_owned();
        if self.store.exercises().list().await.map_err(AppError::from)?.iter().any(|row| row.code == code) {
            fields.push(("code", "exercise.code_taken"));
        }
        let Some(bundle) = bundle.filter(|_| fields.is_empty()) else {
            return Err(CreateError::Fields(fields));
        };
        let secret = RunSecret::new(random_bytes());
        let title = if new.title.trim().is_empty() {
            bundle.scenario.title.zh.clone()
        } else {
            new.title.trim().into()
        };
        let stored = StoredBundle { source: bundle.source.clone(), files: bundle.files.clone() };
        let row = NewRow {
            id: new_id(),
            code: code.clone(),
            title: title.clone(),
            scenario_id: bundle.scenario.id.clone(),
            scenario_version: bundle.scenario.version,
            bundle: serde_json::to_string(&stored).map_err(|error| AppError::Inner(error.to_string()))?,
            pairs: new.pairs,
            secret,
            place: new.place.trim().to_owned(),
            starts_ms: new.starts_ms,
            ends_ms: new.ends_ms,
            created_by: account.to_owned(),
            created_ms: self.now_ms(),
        };
        let entries = decide::create(&bundle.scenario, &code, &title, account, new.pairs);
        let mut sealed = Vec::new();
        let mut hash = ledger::FIRST.to_owned();
        for (index, (actor, body)) in entries.into_iter().enumerate() {
            let entry = Entry { seq: index as u64 + 1, at_ms: row.created_ms, actor, body };
            let next = ledger::seal(&hash, entry).map_err(|error| AppError::Inner(error.to_string()))?;
            hash.clone_from(&next.hash);
            sealed.push(next);
        }
        match self.store.exercises().create(&row, &sealed).await {
            Ok(()) => {}
            // Two instructors with one code at once: the table decides.
            Err(StoreError::Duplicate { .. }) => {
                return Err(CreateError::Fields(vec![("code", "exercise.code_taken")]));
            }
            Err(error) => return Err(AppError::from(error).into()),
        }
        self.wake(&row.id).await?;
        Ok(row.id)
    }
}

/// Fields of the form that are not right, whatever the scenario.
fn check_fields(new: &NewExercise) -> Vec<(&'static str, &'static str)> {
    let mut fields = Vec::new();
    let code = new.code.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if code.is_empty() || code.len() > 20 || !code.chars().all(plain) {
        fields.push(("code", "exercise.code"));
    }
    let long = |text: &str, limit| text.chars().count() > limit || text.chars().any(char::is_control);
    if long(&new.title, 80) {
        fields.push(("title", "exercise.title"));
    }
    if long(&new.place, 80) {
        fields.push(("place", "exercise.place"));
    }
    if new.pairs == 0 || new.pairs > PAIRS_MAX {
        fields.push(("pairs", "exercise.pairs"));
    }
    if new.ends_ms <= new.starts_ms {
        fields.push(("ends", "exercise.ends"));
    }
    fields
}

/// Subnets of an exercise that has nothing on the engine: a server that died between the last removal and their return has
/// left them.
async fn give_back(store: &Store, id: &str, entries: &[Entry], planned: bool) -> Result<(), StoreError> {
    let status = Fold::of(entries).status;
    if planned || !matches!(status, Status::Draft | Status::Cleared) {
        return Ok(());
    }
    let subnets = store.subnets().release(id).await?;
    if subnets > 0 {
        tracing::warn!(exercise = id, subnets, "subnets that nothing used are given back");
    }
    Ok(())
}
