//! What the runner sets going beside itself: launching, clearing, freezing, retests, and the tasks of a standing range.

use rampart_domain::capacity::Needs;
use rampart_domain::decide::{self, Entries, Refusal, Rules};
use rampart_store::Desired;
use scoreboard::{Entry, Fold, HealthState, HostReset, Status};

use super::{Batch, Runner};
use crate::clock::new_id;
use crate::exercise::{
    Command, CommandError, Inner, JudgeAct, Reply, outage, probes, resets, telemetry, vigil,
};

impl Runner {
    /// After a start of the server: goes on with whatever the ledger says is under way.
    pub(super) fn take_up(&mut self, batch: &mut Batch) {
        match self.ahead.status {
            Status::Draft | Status::Cleared => {}
            // One that was given up is begun only to remove what it left.
            Status::Provisioning => self.begin_launch(self.clearing),
            Status::Ready | Status::Running | Status::Paused => {
                // Nobody probed while the server was away: from the last entry of its former life on.
                self.forget_health(batch, self.ahead.at_ms);
                if self.ahead.outage().is_some_and(|outage| outage.rebuild_ms.is_some()) {
                    self.begin_rebuild();
                } else {
                    self.begin_range_tasks(0);
                    self.begin_adoption();
                }
                self.begin_waiting_retests();
                let open: Vec<HostReset> = self.ahead.resetting().cloned().collect();
                for asked in open {
                    self.begin_reset(asked);
                }
            }
            // Ended but not cleared waits for the instructor, unless the clearing was begun.
            Status::Ended => {
                if self.clearing {
                    self.clearing(None)(Ok(()));
                }
                self.begin_waiting_retests();
            }
        }
    }

    /// Nobody can probe since `seen_ms` (ms UTC): every check is unknown from then on.
    pub(super) fn forget_health(&mut self, batch: &mut Batch, seen_ms: i64) {
        if self.ahead.status != Status::Running {
            return;
        }
        let exercise = self.exercise.clone();
        let rules = Self::rules(&exercise, &[]);
        let at_ms = self.now();
        let known: Vec<(u16, String)> = self
            .ahead
            .health
            .iter()
            .filter(|(_, (state, ..))| *state != HealthState::Unknown)
            .map(|(key, _)| key.clone())
            .collect();
        for (range, check) in known {
            let entries =
                decide::health(rules, &self.ahead, range, &check, HealthState::Unknown, "", seen_ms);
            self.propose(batch, entries, at_ms);
        }
    }

    fn begin_waiting_retests(&mut self) {
        for (team, repair) in waiting_repairs(&self.ahead) {
            self.begin_retest(team, repair);
        }
    }

    /// Effects of an entry that is durable.
    pub(super) fn act_on(&mut self, entry: &Entry) {
        match &entry.body {
            scoreboard::Body::Status { from, to, .. } => match to {
                Status::Provisioning => self.begin_launch(false),
                // What was recorded before is the launch itself, the tries of the walls among it.
                Status::Ready => self.begin_range_tasks(entry.at_ms),
                Status::Paused => self.freeze(true),
                Status::Running if *from == Status::Paused => self.freeze(false),
                Status::Ended => {
                    if let Some(tasks) = self.range_tasks.take() {
                        tasks.cancel();
                    }
                    self.end_desktops();
                }
                _ => {}
            },
            // What was started meanwhile, or thawed to be proven, follows the clock again.
            scoreboard::Body::NodeBack { .. } => {
                self.exercise.progress.send_modify(|progress| (progress.error, progress.why) = (None, None));
                self.freeze(self.ahead.status == Status::Paused);
            }
            scoreboard::Body::Rebuild { .. } => self.begin_rebuild(),
            // While its placement is still the lost one, the old node may come back as if nobody had tried.
            scoreboard::Body::Rebuilt { done: false, node, epoch, .. }
                if self.tools.fleet.placement(&self.exercise.id) == Some((*epoch, node.clone())) =>
            {
                let needs = Needs::of(self.exercise.scenario(), self.exercise.pairs);
                self.tools.queue.hold(&self.exercise.id, &self.exercise.code(), needs, node);
                self.begin_range_tasks(0);
            }
            scoreboard::Body::Rebuilt { done: true, .. } => {
                self.begin_range_tasks(entry.at_ms);
                self.freeze(self.ahead.status == Status::Paused);
                let open: Vec<HostReset> = self.ahead.resetting().cloned().collect();
                for asked in open {
                    self.begin_reset(asked);
                }
            }
            scoreboard::Body::Repair { team, repair, .. } => {
                self.begin_retest(team.clone(), repair.clone());
            }
            scoreboard::Body::Reset { request, .. } => {
                let asked = self.ahead.resetting().find(|reset| reset.request == *request).cloned();
                if let Some(asked) = asked {
                    self.begin_reset(asked);
                }
            }
            _ => {}
        }
    }

    fn end_desktops(&self) {
        let (exercise, tools) = (self.exercise.clone(), self.tools.clone());
        self.tools.tasks.spawn(async move { crate::desktop::end_all(&exercise, &tools).await });
    }

    fn begin_launch(&mut self, given_up: bool) {
        let (exercise, tools) = (self.exercise.clone(), self.tools.clone());
        let give_up = self.tools.stop.child_token();
        if given_up {
            give_up.cancel();
        }
        self.give_up = Some(give_up.clone());
        self.tools.tasks.spawn(async move {
            if let Some(result) = crate::launch::launch(&exercise, &tools, &give_up).await {
                let _ = exercise.commands.send(Command::Inner(Inner::Launched(result))).await;
            }
        });
    }

    /// Begins the clearing once what it rests on is durable. Who asks is answered when a next life of the server would know
    /// of it; where that cannot be noted nothing is begun. Without anybody who asks it goes on with one that was noted.
    pub(super) fn clearing(
        &self,
        reply: Option<Reply<()>>,
    ) -> impl FnOnce(Result<(), CommandError>) + Send + use<> {
        let (exercise, tools, resets) = (self.exercise.clone(), self.tools.clone(), self.resets.clone());
        move |durable| {
            let tasks = tools.tasks.clone();
            tasks.spawn(async move {
                if let Some(reply) = reply {
                    let noted = match durable {
                        Ok(()) => crate::launch::wish(&exercise, &tools, Desired::Gone)
                            .await
                            .map_err(|error| CommandError::Ledger(error.to_string())),
                        Err(error) => Err(error),
                    };
                    let is_noted = noted.is_ok();
                    let _ = reply.send(noted);
                    if !is_noted {
                        return;
                    }
                }
                // A reset that the end cut off has let go by then.
                let _alone = resets.write_owned().await;
                if crate::launch::clear(&exercise, &tools).await {
                    let _ = exercise.commands.send(Command::Inner(Inner::Cleared)).await;
                }
            });
        }
    }

    /// Records of before `from_ms` (ms UTC) are left out.
    fn begin_range_tasks(&mut self, from_ms: i64) {
        let Some(plan) = self.exercise.plan() else { return };
        if let Some(old) = self.range_tasks.take() {
            old.cancel();
        }
        let stop = self.tools.stop.child_token();
        let engine = match self.tools.fleet.range(&self.exercise.id) {
            Ok(engine) => engine,
            Err(error) => {
                tracing::error!(exercise = %self.exercise.id, %error, "the range cannot be watched");
                return;
            }
        };
        telemetry::follow(&self.exercise, &self.tools, &engine, &plan, from_ms, &stop);
        probes::start(&self.exercise, &self.tools, &engine, &plan, &stop);
        vigil::keep(&self.exercise, &self.tools, &engine, &plan, from_ms, &stop);
        outage::keep(&self.exercise, &self.tools, &engine, &plan, &stop);
        self.range_tasks = Some(stop);
    }

    /// Takes over the containers of a former life of the server, then makes them follow the clock.
    fn begin_adoption(&mut self) {
        let wish = self.tools.stop.child_token();
        self.freezing = Some(wish.clone());
        let frozen = self.ahead.status == Status::Paused;
        let (exercise, tools, hold) = (self.exercise.clone(), self.tools.clone(), self.hold.clone());
        self.tools.tasks.spawn(async move {
            let _held = hold.lock().await;
            crate::launch::adopt(&exercise, &tools, &wish).await;
            crate::launch::freeze(&exercise, &tools, frozen, &wish).await;
        });
    }

    /// What is told of the node of the ranges.
    pub(super) fn outage_told(&mut self, told: &Inner, batch: &mut Batch, at_ms: i64) {
        match told {
            Inner::NodeLost { node, epoch, since_ms }
                if self.tools.fleet.is_current(&self.exercise.id, *epoch) =>
            {
                let entries = decide::node_lost(&self.ahead, node, *epoch, *since_ms);
                if !entries.is_empty() {
                    self.propose(batch, entries, at_ms);
                    self.forget_health(batch, *since_ms);
                }
            }
            // Of a range that stands: what was tried before it was given up or ended says nothing of it any more.
            Inner::Proven { epoch, proofs }
                if self.tools.fleet.is_current(&self.exercise.id, *epoch)
                    && matches!(self.ahead.status, Status::Ready | Status::Running | Status::Paused) =>
            {
                self.enter_walls(batch, proofs, at_ms);
            }
            Inner::NodeBack { epoch, proofs } => {
                let entries = decide::node_back(&self.ahead, *epoch);
                if !entries.is_empty() {
                    self.enter_walls(batch, proofs, at_ms);
                    self.propose(batch, entries, at_ms);
                }
            }
            Inner::Rebuilt(outcome) => {
                if let Ok((.., proofs)) = outcome {
                    self.enter_walls(batch, proofs, at_ms);
                }
                let outcome = outcome.as_ref();
                let outcome = outcome
                    .map(|(node, epoch, _)| (node.as_str(), *epoch))
                    .map_err(|failure| &failure.reason);
                let entries = decide::rebuilt(&self.ahead, outcome);
                self.propose(batch, entries, at_ms);
            }
            _ => {}
        }
    }

    /// Builds the ranges of a lost node again elsewhere. Nobody follows the lost ones any more.
    fn begin_rebuild(&mut self) {
        let Some(lost) = self.ahead.outage().map(|outage| (outage.node.clone(), outage.epoch)) else {
            return;
        };
        if let Some(old) = self.range_tasks.take() {
            old.cancel();
        }
        let stop = self.tools.stop.child_token();
        self.range_tasks = Some(stop.clone());
        let (exercise, tools, work) = (self.exercise.clone(), self.tools.clone(), self.resets.clone());
        self.tools.tasks.spawn(async move {
            // Shells of the lost ranges are gone; what was recorded of them is sealed.
            tools.terminals.close(&exercise.id).await;
            // Whoever removes the range waits for this.
            let _held = work.read_owned().await;
            let Some(outcome) = outage::rebuild(&exercise, &tools, &lost, &stop).await else { return };
            if let Err(failure) = &outcome {
                tracing::error!(exercise = %exercise.id, why = failure.text, "building again failed");
                crate::launch::failed(&exercise, failure.clone());
            }
            let _ = exercise.commands.send(Command::Inner(Inner::Rebuilt(outcome))).await;
        });
    }

    fn begin_reset(&mut self, asked: HostReset) {
        let (exercise, tools, work) = (self.exercise.clone(), self.tools.clone(), self.resets.clone());
        // The end of the exercise ends it, like everything else that needs the range.
        let stop =
            self.range_tasks.as_ref().map_or_else(|| tools.stop.child_token(), |tasks| tasks.child_token());
        self.tools.tasks.spawn(async move {
            let over = resets::carry_out(&exercise, &tools, &asked, &work, &stop).await;
            let Some((outcome, proofs)) = over else { return };
            let told = Inner::ResetOver { request: asked.request, range: asked.range, outcome, proofs };
            let _ = exercise.commands.send(Command::Inner(told)).await;
        });
    }

    fn begin_retest(&mut self, team: String, repair: String) {
        let (exercise, tools) = (self.exercise.clone(), self.tools.clone());
        self.tools.tasks.spawn(async move {
            let Some((attack, checks)) = probes::retest(&exercise, &tools, &team, &repair).await else {
                return;
            };
            let told = Inner::Retested { team, repair, attack, checks };
            let _ = exercise.commands.send(Command::Inner(told)).await;
        });
    }

    /// Makes the containers follow the clock. Tried again until it holds or the wish changes.
    pub(super) fn freeze(&mut self, frozen: bool) {
        if let Some(former) = self.freezing.take() {
            former.cancel();
        }
        let wish = self.tools.stop.child_token();
        self.freezing = Some(wish.clone());
        let (exercise, tools, hold) = (self.exercise.clone(), self.tools.clone(), self.hold.clone());
        self.tools.tasks.spawn(async move {
            // The former wish may have calls at the engine that cannot be called back.
            let _held = hold.lock().await;
            crate::launch::freeze(&exercise, &tools, frozen, &wish).await;
        });
    }
}

/// What a judge's act comes to.
pub(super) fn ruling(
    rules: Rules<'_>,
    fold: &Fold,
    account: &str,
    act: &JudgeAct,
    at_ms: i64,
) -> Result<Entries, Refusal> {
    match act {
        JudgeAct::Correct { team, points, about, text } => {
            decide::correct(fold, account, team, *points, *about, text)
        }
        JudgeAct::Disqualify { team, out, text } => decide::disqualify(fold, account, team, *out, text),
        JudgeAct::Freeze { on } => decide::freeze(fold, account, *on),
        JudgeAct::Rule(form) => decide::rule(fold, account, form),
        JudgeAct::Penalise { team, points, text } => decide::penalise(fold, account, team, *points, text),
        JudgeAct::Lift { about, text } => decide::lift(fold, account, *about, text),
        JudgeAct::Tries { team, objective, tries, text } => {
            decide::give_tries(rules, fold, account, (team, objective), *tries, text)
        }
        JudgeAct::Mark(form) => decide::mark(rules, fold, account, form),
        JudgeAct::Release => decide::release(rules, fold, account),
        JudgeAct::Void(form) => decide::void(rules, fold, account, &new_id(), form, at_ms),
        JudgeAct::Unvoid { void, text } => decide::unvoid(rules, fold, account, void, text, at_ms),
        JudgeAct::Rematch { range, new, text } => {
            decide::rematch(fold, account, &new_id(), *range, new, text)
        }
        JudgeAct::UndoRematch { rematch, text } => decide::undo_rematch(fold, account, rematch, text),
    }
}

fn waiting_repairs(fold: &Fold) -> Vec<(String, String)> {
    fold.repairs
        .iter()
        .filter(|(_, state)| state.waiting)
        .map(|((team, repair), _)| (team.clone(), repair.clone()))
        .collect()
}
