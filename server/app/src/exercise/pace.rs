//! How far a launch is, and how long it will still take: what is left, at the pace of what its engine has done so far.
//! Parts of different steps take different time. How they compare was measured on one machine, and each engine is learned
//! anew from its own launches while the server runs. How fast they go is the launch's own.
//! Launches that one engine builds side by side share it. None is put before another, but what waits for the engine waits in
//! the order of its coming, so that of two one may get more than the other for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rampart_domain::plan::Plan;

use super::{Exercise, Progress, Step};
use crate::App;

/// The steps of a launch, in their order, and the time of one part of each as a share: two launches of ten ranges of five
/// hosts side by side while a class worked (`tests/it/performance/busy.rs`), the shares under which what was said at each
/// moment of several such launches came nearest to what was right.
const STEPS: [(&str, u64); 6] =
    [("networks", 9), ("created", 2), ("hosts", 20), ("ready", 4), ("plants", 13), ("walls", 6)];
/// Time in which the tries of the walls wait for what must not come, ms: all hosts at once and however fast the machine is.
const WALLS_MS: i64 = 1_000;
/// Nothing is said before this much is done, in thousandths, and this much time has passed, ms: it would be a guess.
const LEAST_DONE: u64 = 100;
const LEAST_MS: i64 = 1_500;
/// What was measured counts as much as so many parts of each step that an engine has done itself: a large launch changes most
/// of it, and what one of them happened to meet is evened out by the next.
const MEASURED_PARTS: u64 = 40;
/// Fewer hosts than this, started without a pause, say nothing of an engine: they wait for each other more than for it.
const LEAST_HOSTS: u64 = 25;

/// Time of one part of each step, in the order of [`STEPS`]; how they compare is all that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights([u64; STEPS.len()]);

impl Default for Weights {
    fn default() -> Self {
        Self(STEPS.map(|(_, weight)| weight))
    }
}

fn place(step: &str) -> Option<usize> {
    STEPS.iter().position(|(known, _)| *known == step)
}

impl Weights {
    fn of(&self, step: &str) -> u64 {
        place(step).map_or(1, |at| self.0[at])
    }

    /// What is done and what is to be done, without what stood before.
    fn sums(&self, steps: &[Step]) -> (u64, u64) {
        steps.iter().fold((0, 0), |(done, all), step| {
            let weight = self.of(&step.step);
            let to_make = step.all.saturating_sub(step.had);
            (done + weight * step.made() as u64, all + weight * to_make as u64)
        })
    }
}

/// Parts of each step, and the time that they took in all, ms. The time between two parts is the later one's, whichever
/// launch they belong to: what an engine that has enough to do takes for one part more.
#[derive(Debug, Clone, Copy, Default)]
struct Took {
    parts: [u64; STEPS.len()],
    ms: [u64; STEPS.len()],
}

impl Took {
    fn weights(&self) -> Weights {
        let worth: u64 = self.parts.iter().zip(STEPS).map(|(parts, (_, weight))| parts * weight).sum();
        let took: u64 = self.ms.iter().sum();
        if worth == 0 || took == 0 {
            return Weights::default();
        }
        // In thousandths of a millisecond: the measured shares at the pace of this engine, and its own times.
        Weights(std::array::from_fn(|at| {
            let measured = STEPS[at].1 * took * 1_000 / worth;
            (measured * MEASURED_PARTS + self.ms[at] * 1_000) / (MEASURED_PARTS + self.parts[at])
        }))
    }

    /// The later ones weigh more.
    fn then(&mut self, later: &Self) {
        let add = |old: &mut u64, new: u64| *old = *old / 2 + new;
        for at in 0..STEPS.len() {
            add(&mut self.parts[at], later.parts[at]);
            add(&mut self.ms[at], later.ms[at]);
        }
    }
}

/// How fast an engine builds at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    weights: Weights,
    /// Since when it builds without a pause, ms UTC, and what it has done since, all launches together.
    since_ms: i64,
    did: u64,
}

/// What one engine has shown.
#[derive(Debug, Default)]
struct Shown {
    known: Took,
    /// Launches that it builds now.
    building: usize,
    /// Since it built none: when that was, what has been done, and when the last part of it.
    since_ms: i64,
    now: Took,
    last_ms: i64,
    /// One of them came to nothing: times of tries that fail say nothing.
    failed: bool,
}

/// What the launches of this life of the server have shown of each engine.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<String, Shown>>);

impl Paces {
    fn shown(&self) -> MutexGuard<'_, HashMap<String, Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of(&self, node: &str) -> Pace {
        let all = self.shown();
        let Some(shown) = all.get(node) else { return Pace::default() };
        let weights = shown.known.weights();
        let did = shown.now.parts.iter().zip(weights.0).map(|(parts, weight)| parts * weight).sum();
        Pace { weights, since_ms: shown.since_ms, did }
    }

    /// A launch begins on an engine.
    pub(crate) fn begin(self: &Arc<Self>, node: &str, now_ms: i64) -> Building {
        let mut all = self.shown();
        let shown = all.entry(node.to_owned()).or_default();
        if shown.building == 0 {
            (shown.since_ms, shown.last_ms) = (now_ms, now_ms);
        }
        shown.building += 1;
        Building { paces: self.clone(), node: node.to_owned(), whole: false }
    }
}

/// A launch under way on an engine, until it is dropped.
pub(crate) struct Building {
    paces: Arc<Paces>,
    node: String,
    whole: bool,
}

impl Building {
    /// More parts of a step are done.
    pub(crate) fn did(&self, step: &str, parts: usize, now_ms: i64) {
        let (Some(at), 1..) = (place(step), parts) else { return };
        if let Some(shown) = self.paces.shown().get_mut(&self.node) {
            shown.now.parts[at] += parts as u64;
            shown.now.ms[at] += u64::try_from(now_ms - shown.last_ms).unwrap_or(0);
            shown.last_ms = now_ms;
        }
    }

    /// All of it stands.
    pub(crate) fn stands(mut self) {
        self.whole = true;
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if let Some(shown) = self.paces.shown().get_mut(&self.node) {
            shown.building -= 1;
            shown.failed |= !self.whole;
            if shown.building == 0 {
                let now = std::mem::take(&mut shown.now);
                let enough = place("hosts").is_some_and(|at| now.parts[at] >= LEAST_HOSTS);
                if !std::mem::take(&mut shown.failed) && enough {
                    shown.known.then(&now);
                }
            }
        }
    }
}

/// All parts of a launch, nothing of them done: those of the plan and no others.
pub(crate) fn steps(plan: &Plan) -> Vec<Step> {
    let of = |range: u16, step: &str, all: usize| Step { range, step: step.to_owned(), done: 0, had: 0, all };
    plan.ranges
        .iter()
        .flat_map(|range| {
            let hosts = range.hosts.len();
            let plants = range.hosts.iter().map(|host| host.plants.len() + host.logins.len()).sum();
            [
                ("networks", range.networks.len()),
                ("created", hosts),
                ("hosts", hosts),
                ("ready", hosts),
                ("plants", plants),
                ("walls", hosts),
            ]
            .map(|(step, all)| of(range.range, step, all))
        })
        .filter(|step| step.all > 0)
        .collect()
}

impl Progress {
    /// Hosts that are ready, and hosts of all ranges; `None` where nothing is being built.
    #[must_use]
    pub fn hosts(&self) -> Option<(usize, usize)> {
        let ready = self.steps.iter().filter(|step| step.step == "ready");
        let sums = ready.fold((0, 0), |(done, all), step| (done + step.done, all + step.all));
        (self.what == "launch" && sums.1 > 0).then_some(sums)
    }

    fn is_built(&self) -> bool {
        self.what == "launch" && self.built_since_ms.is_some()
    }

    /// How long the launch will still take at the pace of its engine so far, which it shares with those that are built
    /// `beside` it, ms; `None` while that would be a guess.
    #[must_use]
    pub fn left_ms(&self, pace: &Pace, beside: &[Self], now_ms: i64) -> Option<i64> {
        let (done, all) = pace.weights.sums(&self.steps);
        let since_ms = self.built_since_ms?;
        if !self.is_built() || done * 1_000 < all * LEAST_DONE || now_ms - since_ms < LEAST_MS {
            return None;
        }
        let own = all - done;
        let mut work = own;
        for other in beside.iter().filter(|other| other.is_built()) {
            let (done, all) = pace.weights.sums(&other.steps);
            // It takes as much as this one until either is done. One that has more left may get more than its half too: the
            // middle between that and none of it, of not more than as much again.
            let its = all - done;
            work += own.min(its) + its.saturating_sub(own).min(own) / 2;
        }
        let left = i128::from(now_ms - pace.since_ms) * i128::from(work) / i128::from(pace.did.max(1));
        let tried = self.steps.iter().any(|step| step.step == "walls" && step.done > 0);
        let to_wait = !tried && self.steps.iter().any(|step| step.step == "walls");
        i64::try_from(left).ok().map(|left| left + if to_wait { WALLS_MS } else { 0 })
    }
}

impl App {
    /// How long the launch of an exercise will still take, ms; `None` while that would be a guess.
    #[must_use]
    pub fn launch_left_ms(&self, exercise: &Exercise) -> Option<i64> {
        let node_of = |id: &str| self.fleet.placement(id).map(|(_, node)| node);
        let node = node_of(&exercise.id)?;
        let others = self.exercises().into_iter().filter(|other| other.id != exercise.id);
        let beside: Vec<Progress> = others
            .map(|other| (other.id.clone(), other.progress.borrow().clone()))
            .filter(|(id, progress)| progress.is_built() && node_of(id).as_ref() == Some(&node))
            .map(|(_, progress)| progress)
            .collect();
        let pace = self.tools.paces.of(&node);
        exercise.progress.borrow().left_ms(&pace, &beside, self.now_ms())
    }
}

#[cfg(test)]
mod tests;
