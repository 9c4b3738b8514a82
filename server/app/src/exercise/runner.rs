//! The runner: one task owns one exercise. It takes what waits, decides on a state that runs ahead of the ledger, appends
//! in one go, and only when the entries are durable applies them to the state that people see and answers.
//!
//! A failed append leaves nothing: the state ahead is thrown away and made anew from the one that the ledger has.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rampart_domain::capacity::Needs;
use rampart_domain::decide::{self, Entries, Refusal, ResetOutcome, Rules};
use rampart_domain::ledger::{self, Sealed};
use rampart_domain::plan::Plan;
use rampart_domain::scenario::Bundle;
use rampart_domain::secret::RunSecret;
use rampart_domain::truth::Labels;
use rampart_store::{AppendError, Desired, Store, StoreError};
use scoreboard::{Actor, Entry, FiledReport, Fold, HealthState, Reason, Side, Status};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::feed::BoardFeed;
use super::{Command, CommandError, Exercise, Inner, NotLaunched, Progress, Reply, Times};
use crate::RangeSettings;
use crate::clock::{Clock, new_id};
use crate::fleet::Fleet;
use crate::queue::Queue;

mod works;

/// Commands decided together at most.
const BATCH: usize = 256;
/// Availability is booked at least this often on the exercise clock, ms.
const BOOK_EVERY_MS: i64 = 60_000;
/// The board is sent at most this often.
const BOARD_EVERY: Duration = Duration::from_millis(150);
/// How often a board's streams say that they live.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Events that a slow watcher of blue's list may lag behind.
const EVENTS_KEPT: usize = 1024;

/// What a runner works with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub store: Store,
    pub fleet: Fleet,
    pub clock: Arc<dyn Clock>,
    pub images: Arc<crate::range::images::Workshop>,
    pub block: ipnet::Ipv4Net,
    pub own_ports: Vec<u16>,
    pub judge_delay_ms: i64,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    /// Terminals that are open; they end before their containers do.
    pub terminals: crate::terminal::Terminals,
    /// The order of launches over all exercises.
    pub queue: Arc<Queue>,
    /// What an installation decides about ranges.
    pub ranges: RangeSettings,
    /// Tags of all runs, to tell yesterday's flag from a wrong one.
    pub tags: Arc<RwLock<Vec<String>>>,
    /// How fast each engine builds.
    pub paces: Arc<super::pace::Paces>,
}

/// What an exercise is started from.
pub(crate) struct Seed {
    pub id: String,
    pub bundle: Bundle,
    pub pairs: u16,
    pub secret: RunSecret,
    pub plan: Option<Plan>,
    pub entries: Vec<Entry>,
    pub last_hash: String,
    /// True when a clearing was begun and has not been confirmed.
    pub clearing: bool,
    /// What was planned.
    pub times: Times,
}

/// Starts the runner of an exercise.
pub(crate) fn spawn(tools: Tools, seed: Seed) -> Arc<Exercise> {
    let fold = Fold::of(&seed.entries);
    let (commands, queue) = super::queue();
    let code = fold.header.as_ref().map(|header| header.code.clone()).unwrap_or_default();
    match fold.status {
        // In its place before any other launch can be given a turn.
        Status::Provisioning => tools.queue.note(&seed.id, &code, fold.asked_ms.unwrap_or_default()),
        Status::Ready | Status::Running | Status::Paused | Status::Ended => {
            let node = tools.fleet.placement(&seed.id).map(|(_, node)| node).unwrap_or_default();
            tools.queue.hold(&seed.id, &code, Needs::of(&seed.bundle.scenario, seed.pairs), &node);
        }
        Status::Draft | Status::Cleared => {}
    }
    let exercise = Arc::new(Exercise {
        id: seed.id,
        bundle: Arc::new(seed.bundle),
        pairs: seed.pairs,
        secret: seed.secret,
        board: BoardFeed::new(&fold),
        changed: watch::channel(fold.seq).0,
        events: broadcast::channel(EVENTS_KEPT).0,
        progress: watch::channel(Progress::default()).0,
        plan: RwLock::new(seed.plan.map(Arc::new)),
        times: watch::channel(seed.times).0,
        hosts: watch::channel(Vec::new()).0,
        history: tokio::sync::Mutex::default(),
        fold: RwLock::new(fold.clone()),
        commands,
    });
    let runner = Runner {
        exercise: exercise.clone(),
        tools: tools.clone(),
        ahead: fold,
        last_hash: seed.last_hash,
        clearing: seed.clearing,
        since_ms: tools.clock.now_ms(),
        labels: None,
        again: Vec::new(),
        range_tasks: None,
        freezing: None,
        hold: Arc::default(),
        resets: Arc::default(),
        give_up: None,
        gave_up: None,
    };
    tools.tasks.spawn(runner.run(queue));
    tools.tasks.spawn(show_board(exercise.clone(), tools.stop.clone()));
    exercise
}

/// Publishes the board whenever the state moved, but not for every single entry of a burst. Signs of life come by the
/// clock alone, so that they tell nothing of what a freeze hides.
async fn show_board(exercise: Arc<Exercise>, stop: CancellationToken) {
    let mut changes = exercise.changed.subscribe();
    let mut alive = tokio::time::interval(ALIVE_EVERY);
    alive.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            moved = changes.changed() => if moved.is_err() { return },
            _ = alive.tick() => {
                exercise.board.beat();
                continue;
            }
        }
        exercise.board.publish(&exercise.fold());
        tokio::time::sleep(BOARD_EVERY).await;
    }
}

/// An answer that waits until its entries are durable.
type Answer = Box<dyn FnOnce(Result<(), CommandError>) + Send>;

struct Runner {
    exercise: Arc<Exercise>,
    tools: Tools,
    /// The state with what was decided but is not durable yet.
    ahead: Fold,
    last_hash: String,
    /// A clearing of a former life of the server waits to be gone on with.
    clearing: bool,
    /// When this runner began, ms UTC.
    since_ms: i64,
    /// Truth about the events that the reports to be judged now cite; `None` where it could not be read.
    labels: Option<Labels>,
    /// What own tasks told and the ledger did not take; entered with the next tick.
    again: Vec<Inner>,
    /// Log followers, checks and users of the standing range.
    range_tasks: Option<CancellationToken>,
    /// Freezing or thawing under way; a newer wish replaces it.
    freezing: Option<CancellationToken>,
    /// Held by whoever freezes or thaws, so that a wish begins only when the former one has let go.
    hold: Arc<tokio::sync::Mutex<()>>,
    /// Read by whoever resets a host; written by whoever removes the range.
    resets: Arc<tokio::sync::RwLock<()>>,
    /// Ends the launch under way.
    give_up: Option<CancellationToken>,
    /// Why it was given up, where that was no button.
    gave_up: Option<Reason>,
}

/// What one batch has decided so far.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    answers: Vec<Answer>,
    told: Vec<Inner>,
}

fn deferred<T: Send + 'static>(reply: Reply<T>, value: T) -> Answer {
    Box::new(move |durable| {
        // Whoever asked may have gone away; the entry stands all the same.
        let _ = reply.send(durable.map(|()| value));
    })
}

impl Runner {
    async fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut batch = Batch::default();
        self.take_up(&mut batch);
        self.commit(batch).await;
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut waiting = Vec::with_capacity(BATCH);
        loop {
            let mut batch = Batch::default();
            let stop = self.tools.stop.clone();
            tokio::select! {
                () = stop.cancelled() => break,
                count = queue.recv_many(&mut waiting, BATCH) => {
                    if count == 0 { break }
                    self.look_up(&waiting).await;
                    for command in waiting.drain(..) {
                        self.decide(command, &mut batch);
                    }
                }
                _ = tick.tick() => {
                    for inner in std::mem::take(&mut self.again) {
                        self.decide(Command::Inner(inner), &mut batch);
                    }
                    self.tick(&mut batch).await;
                }
            }
            self.commit(batch).await;
        }
        if let Some(tasks) = self.range_tasks.take() {
            tasks.cancel();
        }
    }

    /// Before an end, which judges everything that is open: reads the truth about what is cited.
    async fn look_up(&mut self, waiting: &[Command]) {
        if !waiting.iter().any(|command| matches!(command, Command::Turn { to: Status::Ended, .. })) {
            return;
        }
        let mut cited: Vec<(String, Vec<String>)> = self
            .ahead
            .reports
            .iter()
            .filter(|filed| filed.judged.is_none())
            .map(|filed| (filed.team.clone(), filed.cited.clone()))
            .collect();
        cited.extend(waiting.iter().filter_map(|command| match command {
            Command::Report { team, form, .. } => Some((team.clone(), form.cited.clone())),
            _ => None,
        }));
        self.labels = self.truth(cited).await;
    }

    /// Truth about cited events, those of the citing team's own range only. `None` when the store does not answer.
    async fn truth(&self, cited: Vec<(String, Vec<String>)>) -> Option<Labels> {
        let read = async {
            let mut labels = Labels::new();
            for (team, ids) in cited {
                let Some(range) = self.ahead.team(&team).map(|team| team.range) else { continue };
                let own = self.tools.store.events().by_ids(&self.exercise.id, range, &ids).await?;
                let own: Vec<String> = own.into_iter().map(|event| event.id).collect();
                for (event, label) in self.tools.store.as_judge().labels_of(&self.exercise.id, &own).await? {
                    let of = labels.entry(event).or_default();
                    if !of.contains(&label) {
                        of.push(label);
                    }
                }
            }
            Ok::<Labels, StoreError>(labels)
        };
        match read.await {
            Ok(labels) => Some(labels),
            Err(error) => {
                tracing::error!(exercise = %self.exercise.id, %error, "truth cannot be read; nothing is judged yet");
                None
            }
        }
    }

    fn now(&self) -> i64 {
        self.tools.clock.now_ms()
    }

    fn rules<'a>(exercise: &'a Exercise, other_tags: &'a [String]) -> Rules<'a> {
        Rules { scenario: &exercise.bundle.scenario, secret: &exercise.secret, other_tags }
    }

    /// Puts entries on the state ahead; they become real with the batch.
    fn propose(&mut self, batch: &mut Batch, entries: Entries, at_ms: i64) {
        for (actor, body) in entries {
            // The ledger's time never runs backwards, whatever the machine's clock does.
            let at_ms = at_ms.max(self.ahead.at_ms);
            let entry = Entry { seq: self.ahead.seq + 1, at_ms, actor, body };
            self.ahead.apply(&entry);
            batch.entries.push(entry);
        }
    }

    fn decide(&mut self, command: Command, batch: &mut Batch) {
        let at_ms = self.now();
        let exercise = self.exercise.clone();
        let all_tags = self.tools.tags.clone();
        let tags = all_tags.read().unwrap_or_else(PoisonError::into_inner);
        let rules = Self::rules(&exercise, &tags);
        match command {
            Command::Flag { team, seat, objective, typed, reply } => {
                match decide::flag(rules, &self.ahead, &team, &seat, &objective, &typed, at_ms) {
                    Ok((entries, outcome)) => {
                        self.propose(batch, entries, at_ms);
                        batch.answers.push(deferred(reply, outcome));
                    }
                    Err(refusal) => Self::refuse(reply, refusal, batch),
                }
            }
            Command::Hint { team, seat, hint, reply } => {
                match decide::hint(rules, &self.ahead, &team, &seat, &hint) {
                    Ok((entries, words)) => {
                        self.propose(batch, entries, at_ms);
                        batch.answers.push(deferred(reply, words));
                    }
                    Err(refusal) => Self::refuse(reply, refusal, batch),
                }
            }
            Command::Report { team, seat, form, reply } => {
                let id = new_id();
                match decide::report(rules, &self.ahead, &team, &seat, &id, &form, at_ms) {
                    Ok(entries) => {
                        self.propose(batch, entries, at_ms);
                        batch.answers.push(deferred(reply, id));
                    }
                    Err(refusal) => Self::refuse(reply, refusal, batch),
                }
            }
            Command::Repair { team, seat, repair, reply } => {
                match decide::repair(rules, &self.ahead, &team, &seat, &new_id(), &repair) {
                    Ok(entries) => {
                        self.propose(batch, entries, at_ms);
                        batch.answers.push(deferred(reply, ()));
                    }
                    Err(refusal) => Self::refuse(reply, refusal, batch),
                }
            }
            Command::Reset { by, range, host, reply } => {
                match decide::reset(rules, &self.ahead, &by, &new_id(), range, &host) {
                    Ok(entries) => {
                        self.propose(batch, entries, at_ms);
                        for check in decide::checks_silenced(rules, &self.ahead, range, &host) {
                            let unknown = HealthState::Unknown;
                            let entries =
                                decide::health(rules, &self.ahead, range, &check, unknown, "", at_ms);
                            self.propose(batch, entries, at_ms);
                        }
                        batch.answers.push(deferred(reply, ()));
                    }
                    Err(refusal) => Self::refuse(reply, refusal, batch),
                }
            }
            Command::Judge { account, act, reply } => {
                let decided = works::ruling(rules, &self.ahead, &account, &act, at_ms);
                self.settle(decided, reply, batch, at_ms);
            }
            Command::Outage { account, rebuild, reply } => {
                let decided = if rebuild {
                    decide::rebuild(&self.ahead, &account, at_ms, self.tools.ranges.node_grace_ms)
                } else {
                    decide::take_time_out(&self.ahead, &account, at_ms)
                };
                self.settle(decided, reply, batch, at_ms);
            }
            Command::Contest { team, seat, about, text, reply } => {
                let decided = decide::contest(&self.ahead, &team, &seat, &new_id(), about, &text);
                self.settle(decided, reply, batch, at_ms);
            }
            Command::Seat { actor, seat, person, team, given, reply } => {
                let body = scoreboard::Body::Seat { seat, person, team, given };
                self.propose(batch, vec![(actor, body)], at_ms);
                batch.answers.push(deferred(reply, ()));
            }
            Command::Turn { actor, to, why, reply } => {
                self.turn(rules, (actor, to, why), reply, batch, at_ms);
            }
            Command::Inner(inner) => {
                self.inner(rules, &inner, batch, at_ms);
                if inner.is_told_once() {
                    batch.told.push(inner);
                }
            }
        }
    }

    /// Enters what was decided and answers when it is durable, or tells the refusal.
    fn settle(&mut self, decided: Result<Entries, Refusal>, reply: Reply<()>, batch: &mut Batch, at_ms: i64) {
        match decided {
            Ok(entries) => {
                self.propose(batch, entries, at_ms);
                batch.answers.push(deferred(reply, ()));
            }
            Err(refusal) => Self::refuse(reply, refusal, batch),
        }
    }

    /// A refusal may rest on something that is decided but not durable (a capture in the same batch), so it is told
    /// only together with it.
    fn refuse<T: Send + 'static>(reply: Reply<T>, refusal: Refusal, batch: &mut Batch) {
        batch.answers.push(Box::new(move |durable| {
            let _ = reply.send(durable.and(Err(CommandError::Refused(refusal))));
        }));
    }

    fn turn(
        &mut self,
        rules: Rules<'_>,
        (actor, to, why): (Actor, Status, Option<Reason>),
        reply: Reply<()>,
        batch: &mut Batch,
        at_ms: i64,
    ) {
        if to == Status::Cleared {
            // Cleared is said by the engine's answer, not by a button: the button only begins it.
            if self.ahead.status == Status::Ended {
                batch.answers.push(Box::new(self.clearing(Some(reply))));
            } else {
                Self::refuse(reply, Refusal::Turn { from: self.ahead.status, to }, batch);
            }
            return;
        }
        if to == Status::Draft
            && self.ahead.status == Status::Provisioning
            && let Some(give_up) = &self.give_up
        {
            give_up.cancel();
            self.gave_up = why;
            let (exercise, tools) = (self.exercise.clone(), self.tools.clone());
            // Answered when a next life of the server would know it too.
            self.tools.tasks.spawn(async move {
                let noted = crate::launch::wish(&exercise, &tools, Desired::Gone).await;
                let _ = reply.send(noted.map_err(|error| CommandError::Ledger(error.to_string())));
            });
            return;
        }
        if to == Status::Ended
            && self.labels.is_none()
            && self.ahead.reports.iter().any(|r| r.judged.is_none())
        {
            let error = CommandError::Ledger("the records cannot be read".to_owned());
            batch.answers.push(Box::new(move |_| {
                let _ = reply.send(Err(error));
            }));
            return;
        }
        if matches!(to, Status::Ready | Status::Draft) {
            // Only a launch itself says these.
            Self::refuse(reply, Refusal::Turn { from: self.ahead.status, to }, batch);
            return;
        }
        match decide::turn_because(&self.ahead, actor, to, None, why) {
            Ok(entries) => {
                if to == Status::Ended {
                    self.close(rules, batch, at_ms);
                }
                self.propose(batch, entries, at_ms);
                batch.answers.push(deferred(reply, ()));
            }
            Err(refusal) => Self::refuse(reply, refusal, batch),
        }
    }

    /// Everything that is still open is settled before the end: reports judged, availability booked, resets dropped.
    fn close(&mut self, rules: Rules<'_>, batch: &mut Batch, at_ms: i64) {
        let open: Vec<String> = self.ahead.resetting().map(|reset| reset.request.clone()).collect();
        for request in open {
            let entries = decide::reset_done(&self.ahead, &request, &ResetOutcome::Dropped);
            self.propose(batch, entries, at_ms);
        }
        self.judge(rules, batch, at_ms, i64::MAX);
        self.propose(batch, decide::settle(rules, &self.ahead, at_ms, true), at_ms);
        self.book(rules, batch, at_ms, 0);
    }

    fn inner(&mut self, rules: Rules<'_>, inner: &Inner, batch: &mut Batch, at_ms: i64) {
        match inner {
            Inner::Launched(Ok((plan, proofs))) => {
                let plan = Arc::new(plan.clone());
                *self.exercise.plan.write().unwrap_or_else(PoisonError::into_inner) = Some(plan);
                self.enter_walls(batch, proofs, at_ms);
                if let Ok(entries) = decide::turn(&self.ahead, Actor::System, Status::Ready, None) {
                    self.propose(batch, entries, at_ms);
                }
            }
            Inner::Launched(Err(NotLaunched { failure, proofs })) => {
                self.enter_walls(batch, proofs, at_ms);
                let given_up = self.gave_up.take().filter(|_| failure.reason.rule == "launch.given_up");
                let why = Some(given_up.unwrap_or_else(|| failure.reason.clone()));
                let text = Some(failure.text.clone());
                if let Ok(entries) =
                    decide::turn_because(&self.ahead, Actor::System, Status::Draft, text, why)
                {
                    self.propose(batch, entries, at_ms);
                }
            }
            Inner::Cleared => {
                if let Ok(entries) = decide::turn(&self.ahead, Actor::System, Status::Cleared, None) {
                    self.propose(batch, entries, at_ms);
                }
            }
            // What a placement tells that has been given up meanwhile does not count.
            Inner::Confirmed { epoch, .. } | Inner::Checked { epoch, .. }
                if !self.tools.fleet.is_current(&self.exercise.id, *epoch) =>
            {
                tracing::warn!(exercise = %self.exercise.id, epoch, "told by a range that was given up");
            }
            Inner::Confirmed { range, confirmed, .. } => {
                let entries = decide::action(&self.ahead, *range, confirmed);
                self.propose(batch, entries, at_ms);
            }
            Inner::Checked { range, check, state, detail, .. } => {
                // A probe that ends after the exercise stopped says nothing about the team.
                if self.ahead.status == Status::Running && self.ahead.outage().is_none() {
                    let entries = decide::health(rules, &self.ahead, *range, check, *state, detail, at_ms);
                    self.propose(batch, entries, at_ms);
                }
            }
            Inner::Retested { team, repair, attack, checks } => {
                let entries = decide::retested(rules, &self.ahead, team, repair, *attack, *checks);
                self.propose(batch, entries, at_ms);
            }
            Inner::ResetOver { request, range, outcome, proofs } => {
                let entries = decide::reset_done(&self.ahead, request, outcome);
                if let (false, Some(proofs)) = (entries.is_empty(), proofs) {
                    self.propose(batch, decide::walls(*range, proofs.clone()), at_ms);
                }
                self.propose(batch, entries, at_ms);
            }
            Inner::Strayed => match self.ahead.status {
                Status::Paused => self.freeze(true),
                Status::Ready | Status::Running => self.freeze(false),
                _ => {}
            },
            told => self.outage_told(told, batch, at_ms),
        }
    }

    fn enter_walls(&mut self, batch: &mut Batch, proofs: &[(u16, Vec<scoreboard::Proof>)], at_ms: i64) {
        for (range, proofs) in proofs {
            self.propose(batch, decide::walls(*range, proofs.clone()), at_ms);
        }
    }

    async fn tick(&mut self, batch: &mut Batch) {
        if self.ahead.status != Status::Running {
            return;
        }
        let at_ms = self.now();
        // After a start of the server the records of the time in which it was away have yet to be read.
        let filed_by_ms = at_ms - self.tools.judge_delay_ms;
        if filed_by_ms >= self.since_ms {
            let cited: Vec<(String, Vec<String>)> =
                self.due(filed_by_ms).map(|filed| (filed.team.clone(), filed.cited.clone())).collect();
            self.labels = if cited.is_empty() { None } else { self.truth(cited).await };
        }
        let exercise = self.exercise.clone();
        let rules = Self::rules(&exercise, &[]);
        if self.labels.is_some() {
            self.judge(rules, batch, at_ms, filed_by_ms);
            self.labels = None;
        }
        // While nothing is known of the ranges there is nothing to book.
        if self.ahead.outage().is_none() {
            self.propose(batch, decide::settle(rules, &self.ahead, at_ms, false), at_ms);
            self.book(rules, batch, at_ms, BOOK_EVERY_MS);
        }
    }

    /// Reports filed up to `filed_by_ms` that nobody has judged.
    fn due(&self, filed_by_ms: i64) -> impl Iterator<Item = &FiledReport> {
        self.ahead.reports.iter().filter(move |filed| filed.judged.is_none() && filed.at_ms <= filed_by_ms)
    }

    /// Judges reports filed up to `filed_by_ms` by the labels looked up before.
    fn judge(&mut self, rules: Rules<'_>, batch: &mut Batch, at_ms: i64, filed_by_ms: i64) {
        let due: Vec<String> = self.due(filed_by_ms).map(|filed| filed.report.clone()).collect();
        let labels = self.labels.take().unwrap_or_default();
        for report in due {
            let entries = decide::judge(rules, &self.ahead, &labels, &report);
            self.propose(batch, entries, at_ms);
        }
    }

    /// Books availability of teams whose last booking lies `after_ms` or more back.
    fn book(&mut self, rules: Rules<'_>, batch: &mut Batch, at_ms: i64, after_ms: i64) {
        let now = self.ahead.clock.at(at_ms);
        let due: Vec<String> = self
            .ahead
            .teams
            .iter()
            .filter(|team| {
                let booked = self.ahead.booked.get(&team.id).map_or(0, |(through, ..)| *through);
                team.side == Side::Blue && now - booked >= after_ms
            })
            .map(|team| team.id.clone())
            .collect();
        for team in due {
            let entries = decide::availability(rules, &self.ahead, &team, at_ms);
            self.propose(batch, entries, at_ms);
        }
    }

    async fn commit(&mut self, batch: Batch) {
        let result = self.append(&batch.entries).await;
        if result.is_ok() {
            {
                let mut fold = self.exercise.fold.write().unwrap_or_else(PoisonError::into_inner);
                for entry in &batch.entries {
                    fold.apply(entry);
                }
            }
            if !batch.entries.is_empty() {
                self.exercise.changed.send_replace(self.ahead.seq);
            }
        } else {
            self.ahead = self.exercise.fold().clone();
        }
        for answer in batch.answers {
            answer(result.clone());
        }
        if result.is_ok() {
            for entry in &batch.entries {
                self.act_on(entry);
            }
        } else {
            self.again.extend(batch.told);
            // A full disk is not repaired by asking again at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn append(&mut self, entries: &[Entry]) -> Result<(), CommandError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut hash = self.last_hash.clone();
        let mut sealed: Vec<Sealed> = Vec::with_capacity(entries.len());
        for entry in entries {
            let next = ledger::seal(&hash, entry.clone())
                .map_err(|error| CommandError::Ledger(error.to_string()))?;
            hash.clone_from(&next.hash);
            sealed.push(next);
        }
        match self.tools.store.ledger().append(&self.exercise.id, sealed).await {
            Ok(()) => {
                self.last_hash = hash;
                Ok(())
            }
            Err(AppendError::Unsure(error)) => {
                tracing::error!(exercise = %self.exercise.id, %error, "ledger append unsure; reading it again");
                if self.is_written(&hash).await {
                    self.last_hash = hash;
                    return Ok(());
                }
                Err(CommandError::Ledger(error.to_string()))
            }
            Err(AppendError::Busy) => {
                tracing::warn!(exercise = %self.exercise.id, "the commit queue is full; nothing was applied");
                Err(CommandError::Busy)
            }
            Err(AppendError::Closed) => Err(CommandError::Stopping),
            Err(error) => {
                tracing::error!(exercise = %self.exercise.id, %error, "ledger append failed; nothing was applied");
                Err(CommandError::Ledger(error.to_string()))
            }
        }
    }

    /// Asks the store until it says whether the ledger now ends with `hash`. Nothing else writes this ledger, so either
    /// everything is there or nothing.
    async fn is_written(&self, hash: &str) -> bool {
        loop {
            match self.tools.store.ledger().head(&self.exercise.id).await {
                Ok(head) => return head.is_some_and(|(_, last)| last == hash),
                Err(error) => tracing::error!(exercise = %self.exercise.id, %error, "ledger cannot be read"),
            }
            tokio::select! {
                () = self.tools.stop.cancelled() => return false,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }
}
