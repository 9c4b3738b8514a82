//! An exercise that lives: one runner task owns its state, decides, appends to the ledger and only then applies.
//! This handle is what pages talk to.

mod counters;
pub(crate) mod disk;
mod feed;
mod outage;
pub(crate) mod pace;
mod probes;
mod progress;
mod resets;
mod runner;
mod telemetry;
mod vigil;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use rampart_domain::decide::{
    FlagOutcome, MarkForm, NewRun, Refusal, ReportForm, ResetBy, ResetOutcome, RulingForm, VoidForm,
};
use rampart_domain::plan::Plan;
use rampart_domain::scenario::{Bundle, Scenario, Words};
use rampart_domain::secret::RunSecret;
use rampart_domain::truth::Event;
use rampart_store::{Store, StoreError};
use scoreboard::{Actor, Audience, Entry, Fold, History, Reason, Status};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

pub use counters::{GatewayCounter, GatewayCounters};
pub(crate) use counters::{Reader, gateway};
pub use feed::{BoardFeed, Document, Frame, Snapshot, Start, Update};
pub use progress::{Alarm, HostCondition, HostState, Progress, Queued, Resetting, Step, Times};
pub(crate) use runner::{Seed, Tools, spawn};

/// Commands that wait at most; beyond it people are told to try again.
const QUEUE: usize = 4096;
/// A history that was made for somebody serves others for this long.
const HISTORY_KEPT: Duration = Duration::from_secs(5);

/// What went wrong with a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A rule of the exercise says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much waits already; nothing was done.
    #[error("busy")]
    Busy,
    /// The ledger could not be written; nothing was done and nothing is shown.
    #[error("the ledger could not be written: {0}")]
    Ledger(String),
    /// The runner has stopped, because the server is going down.
    #[error("the server is stopping")]
    Stopping,
}

/// What a judge does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JudgeAct {
    /// Gives or takes points.
    Correct {
        /// Team.
        team: String,
        /// Points.
        points: i64,
        /// Entry that this puts right, where it is one.
        about: Option<u64>,
        /// Why.
        text: String,
    },
    /// Takes a team out of the ranks, or puts it back.
    Disqualify {
        /// Team.
        team: String,
        /// True for out.
        out: bool,
        /// Why.
        text: String,
    },
    /// Lets the public board stand still, or go on.
    Freeze {
        /// True for still.
        on: bool,
    },
    /// Rules on a dispute.
    Rule(RulingForm),
    /// Punishes a team.
    Penalise {
        /// Team.
        team: String,
        /// How many points it loses.
        points: i64,
        /// Why.
        text: String,
    },
    /// Takes a penalty back.
    Lift {
        /// Position of the penalty.
        about: u64,
        /// Why.
        text: String,
    },
    /// Gives further tries.
    Tries {
        /// Team.
        team: String,
        /// Objective.
        objective: String,
        /// How many.
        tries: i64,
        /// Why.
        text: String,
    },
    /// Marks a report.
    Mark(MarkForm),
    /// Releases all marks.
    Release,
    /// Checks do not count between two moments.
    Void(VoidForm),
    /// They count again.
    Unvoid {
        /// Id of the void.
        void: String,
        /// Why.
        text: String,
    },
    /// A new run of a pair counts in place of the old one.
    Rematch {
        /// Range number of the pair.
        range: u16,
        /// What the new run came to.
        new: NewRun,
        /// Why.
        text: String,
    },
    /// The old run counts again.
    UndoRematch {
        /// Id of the re-match.
        rematch: String,
        /// Why.
        text: String,
    },
}

pub(crate) enum Command {
    Flag {
        team: String,
        seat: String,
        objective: String,
        typed: String,
        reply: Reply<FlagOutcome>,
    },
    Hint {
        team: String,
        seat: String,
        hint: String,
        reply: Reply<Words>,
    },
    Report {
        team: String,
        seat: String,
        form: ReportForm,
        reply: Reply<String>,
    },
    Repair {
        team: String,
        seat: String,
        repair: String,
        reply: Reply<()>,
    },
    Turn {
        actor: Actor,
        to: Status,
        why: Option<Reason>,
        reply: Reply<()>,
    },
    Seat {
        actor: Actor,
        seat: String,
        person: String,
        team: String,
        given: bool,
        reply: Reply<()>,
    },
    Reset {
        by: ResetBy,
        range: u16,
        host: String,
        reply: Reply<()>,
    },
    Judge {
        account: String,
        act: JudgeAct,
        reply: Reply<()>,
    },
    /// What staff does about a lost node: builds again elsewhere (`true`), or takes the lost time out.
    Outage {
        account: String,
        rebuild: bool,
        reply: Reply<()>,
    },
    Contest {
        team: String,
        seat: String,
        about: u64,
        text: String,
        reply: Reply<()>,
    },
    Inner(Inner),
}

/// A launch that succeeded: its plan, and the proofs of each range's walls.
pub(crate) type Launched = (Plan, Vec<(u16, Vec<scoreboard::Proof>)>);

/// A launch that failed and left nothing behind.
pub(crate) struct NotLaunched {
    /// Why.
    pub failure: crate::failure::Failure,
    /// Proofs of the walls, where the launch got that far.
    pub proofs: Vec<(u16, Vec<scoreboard::Proof>)>,
}

/// What the runner's own tasks tell it.
pub(crate) enum Inner {
    Launched(Result<Launched, NotLaunched>),
    Cleared,
    Confirmed {
        range: u16,
        /// Placement that it was seen in.
        epoch: u64,
        confirmed: rampart_domain::truth::Confirmed,
    },
    Checked {
        range: u16,
        /// Placement that was probed.
        epoch: u64,
        check: String,
        state: scoreboard::HealthState,
        detail: String,
    },
    Retested {
        team: String,
        repair: String,
        attack: scoreboard::AttackState,
        checks: Option<bool>,
    },
    /// A reset is over. Of a gateway, with the proofs of its range's walls.
    ResetOver {
        request: String,
        range: u16,
        outcome: ResetOutcome,
        proofs: Option<Vec<scoreboard::Proof>>,
    },
    /// Containers do not do what the clock does.
    Strayed,
    /// The node of the ranges does not answer.
    NodeLost {
        node: String,
        epoch: u64,
        since_ms: i64,
    },
    /// It does, and they are whole.
    NodeBack {
        epoch: u64,
        proofs: Vec<(u16, Vec<scoreboard::Proof>)>,
    },
    /// The walls were proven again while the ranges stand.
    Proven {
        epoch: u64,
        proofs: Vec<(u16, Vec<scoreboard::Proof>)>,
    },
    /// Building again elsewhere is over.
    Rebuilt(Result<outage::Moved, crate::failure::Failure>),
}

impl Inner {
    /// True for what is told once only: if the ledger does not take it, it is to be entered later. A probe comes again
    /// by itself.
    fn is_told_once(&self) -> bool {
        !matches!(self, Self::Checked { .. } | Self::Strayed | Self::NodeLost { .. } | Self::NodeBack { .. })
    }
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, CommandError>>;

/// Events of blue's list, live: those of one range go to its team only.
pub type EventFeed = broadcast::Receiver<Arc<Event>>;

/// A live exercise.
pub struct Exercise {
    /// Id; also the run's id on the engine.
    pub id: String,
    /// Its own copy of the scenario.
    pub bundle: Arc<Bundle>,
    /// Number of ranges.
    pub pairs: u16,
    pub(crate) secret: RunSecret,
    pub(crate) fold: RwLock<Fold>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) board: BoardFeed,
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) events: broadcast::Sender<Arc<Event>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) plan: RwLock<Option<Arc<Plan>>>,
    pub(crate) times: watch::Sender<Times>,
    pub(crate) hosts: watch::Sender<Vec<HostState>>,
    /// The public history as it was asked for last: when, and position of the last change of status or freeze then.
    pub(crate) history: tokio::sync::Mutex<Option<(Instant, u64, Document)>>,
}

impl Exercise {
    /// The state as the ledger has it. Held only for as long as it takes to read from it; never across an await.
    pub fn fold(&self) -> RwLockReadGuard<'_, Fold> {
        self.fold.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that pages show has changed beside the ledger.
    pub(crate) fn poke(&self) {
        self.progress.send_modify(|_| {});
    }

    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.bundle.scenario
    }

    /// The plan of the present range, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<Arc<Plan>> {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Session code.
    #[must_use]
    pub fn code(&self) -> String {
        self.fold().header.as_ref().map(|header| header.code.clone()).unwrap_or_default()
    }

    /// What was planned.
    #[must_use]
    pub fn times(&self) -> Times {
        self.times.borrow().clone()
    }

    /// The board.
    #[must_use]
    pub fn board(&self) -> &BoardFeed {
        &self.board
    }

    /// How the public board came to be what it is, as `scoreboard::History`. Of a running exercise it may be
    /// some seconds old; it never holds anything that the board does not show.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn history(&self, store: &Store) -> Result<Document, StoreError> {
        // Held while it is made: a class that opens it at once makes it once.
        let mut kept = self.history.lock().await;
        let (seq, turned) = {
            let fold = self.fold();
            (fold.seen_seq(Audience::Public), fold.turned_seq)
        };
        // A freeze, its end and a change of status are seen at once.
        if let Some((made, then, document)) = &*kept
            && *then == turned
            && (document.seq == seq || made.elapsed() < HISTORY_KEPT)
        {
            return Ok(document.clone());
        }
        let entries: Vec<Entry> =
            store.ledger().read_all(&self.id).await?.into_iter().map(|sealed| sealed.entry).collect();
        let make = move || {
            let history = History::of(&entries, Audience::Public);
            Document::of(history.seq, &history)
        };
        let document = tokio::task::spawn_blocking(make).await.map_err(|error| StoreError::Inconsistent {
            table: "ledger",
            column: "text".to_owned(),
            id: self.id.clone(),
            why: error.to_string(),
        })?;
        *kept = Some((Instant::now(), turned, document.clone()));
        Ok(document)
    }

    /// Changes when anything in the exercise does; the value is the ledger position.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What is going on with the range.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Hosts of the standing ranges; empty while none stands.
    #[must_use]
    pub fn hosts(&self) -> watch::Receiver<Vec<HostState>> {
        self.hosts.subscribe()
    }

    /// New records of all ranges; the reader keeps its own range's.
    #[must_use]
    pub fn events(&self) -> EventFeed {
        self.events.subscribe()
    }

    /// Password of an account of a range, as planted.
    #[must_use]
    pub fn password(&self, range: u16, account: &str) -> String {
        self.secret.range_password(range, account)
    }

    /// The flag of a red team's objective. For tests and proofs of scenarios; no page shows it.
    #[must_use]
    pub fn flag_of(&self, team: &str, objective: &str) -> String {
        self.secret.flag(team, objective)
    }

    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Command) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(make(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommandError::Busy,
            mpsc::error::TrySendError::Closed(_) => CommandError::Stopping,
        })?;
        answer.await.map_err(|_| CommandError::Stopping)?
    }

    /// A seat submits a flag. The answer comes when it is durable.
    ///
    /// # Errors
    /// See [`CommandError`]; a refusal costs nothing.
    pub async fn submit_flag(
        &self,
        team: &str,
        seat: &str,
        objective: &str,
        typed: &str,
    ) -> Result<FlagOutcome, CommandError> {
        let (team, seat) = (team.to_owned(), seat.to_owned());
        let (objective, typed) = (objective.to_owned(), typed.to_owned());
        self.ask(|reply| Command::Flag { team, seat, objective, typed, reply }).await
    }

    /// A seat opens a hint; the team pays once.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn open_hint(&self, team: &str, seat: &str, hint: &str) -> Result<Words, CommandError> {
        let (team, seat, hint) = (team.to_owned(), seat.to_owned(), hint.to_owned());
        self.ask(|reply| Command::Hint { team, seat, hint, reply }).await
    }

    /// A seat files an incident report; its id comes back.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn file_report(
        &self,
        team: &str,
        seat: &str,
        form: ReportForm,
    ) -> Result<String, CommandError> {
        let (team, seat) = (team.to_owned(), seat.to_owned());
        self.ask(|reply| Command::Report { team, seat, form, reply }).await
    }

    /// A seat asks for a retest.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn ask_retest(&self, team: &str, seat: &str, repair: &str) -> Result<(), CommandError> {
        let (team, seat, repair) = (team.to_owned(), seat.to_owned(), repair.to_owned());
        self.ask(|reply| Command::Repair { team, seat, repair, reply }).await
    }

    /// A host is to be made anew. Answers as soon as that is durable; the work goes on in the background, also after a
    /// restart of the server, and [`Exercise::hosts`] tells how far it is.
    ///
    /// # Errors
    /// See [`CommandError`]; a refusal costs nothing.
    pub async fn reset_host(&self, by: ResetBy, range: u16, host: &str) -> Result<(), CommandError> {
        let host = host.to_owned();
        self.ask(|reply| Command::Reset { by, range, host, reply }).await
    }

    /// A judge rules.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn judge(&self, account: &str, act: JudgeAct) -> Result<(), CommandError> {
        let account = account.to_owned();
        self.ask(|reply| Command::Judge { account, act, reply }).await
    }

    /// A seat disputes an entry that moved its team's score.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn contest(&self, team: &str, seat: &str, about: u64, text: &str) -> Result<(), CommandError> {
        let (team, seat, text) = (team.to_owned(), seat.to_owned(), text.to_owned());
        self.ask(|reply| Command::Contest { team, seat, about, text, reply }).await
    }

    /// Staff changes the status: launch (`Provisioning`), give a launch up (`Draft`), start and resume (`Running`), pause,
    /// end, clear (`Cleared`). Giving up answers as soon as it has begun; the status says so when nothing is left.
    /// Clearing answers as soon as it has begun; the status says 已清除 only when the engine answered zero.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn turn(&self, account: &str, to: Status) -> Result<(), CommandError> {
        self.turn_by(Actor::Account(account.to_owned()), to, None).await
    }

    /// The same by whoever it was, and why, where that was no button.
    pub(crate) async fn turn_by(
        &self,
        actor: Actor,
        to: Status,
        why: Option<Reason>,
    ) -> Result<(), CommandError> {
        self.ask(|reply| Command::Turn { actor, to, why, reply }).await
    }

    /// Enters a seat given to or taken from a person.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn enter_seat(
        &self,
        account: &str,
        seat: &str,
        person: &str,
        team: &str,
        given: bool,
    ) -> Result<(), CommandError> {
        let actor = Actor::Account(account.to_owned());
        let (seat, person, team) = (seat.to_owned(), person.to_owned(), team.to_owned());
        self.ask(|reply| Command::Seat { actor, seat, person, team, given, reply }).await
    }
}

pub(crate) fn queue() -> (mpsc::Sender<Command>, mpsc::Receiver<Command>) {
    mpsc::channel(QUEUE)
}
