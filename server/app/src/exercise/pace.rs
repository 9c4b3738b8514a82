//! How far a launch is, and how long it will still take: what is left, at the pace of what its engine has done so far.
//! Parts of different steps take different time; how they compare was measured, how fast they go is the engine's own.
//! Launches that one engine builds side by side share it: each gets as much of it as the others until it is done.

use rampart_domain::plan::Plan;

use super::{Exercise, Progress, Step};
use crate::App;

/// Time of one part of each step as a share, measured with ten ranges of five hosts on one machine, alone and two launches
/// side by side while a class worked (`tests/it/performance`).
const WEIGHTS: [(&str, u64); 6] =
    [("networks", 10), ("created", 8), ("hosts", 20), ("ready", 9), ("plants", 4), ("walls", 10)];
/// Time in which the tries of the walls wait for what must not come, ms: all hosts at once and however fast the machine is.
const WALLS_MS: i64 = 2_500;
/// Nothing is said before this much is done, in thousandths, and this much time has passed, ms: it would be a guess.
const LEAST_DONE: u64 = 100;
const LEAST_MS: i64 = 1_500;

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

fn weight(step: &str) -> u64 {
    WEIGHTS.iter().find(|(known, _)| *known == step).map_or(1, |(_, weight)| *weight)
}

/// What is done and what is to be done, without what stood before.
fn sums(steps: &[Step]) -> (u64, u64) {
    steps.iter().fold((0, 0), |(done, all), step| {
        let weight = weight(&step.step);
        let own = |parts: usize| weight * parts.saturating_sub(step.had) as u64;
        (done + own(step.done), all + own(step.all))
    })
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

    /// How long the launch will still take at the pace so far, its own and that of those that are built `beside` it on the
    /// same engine, ms; `None` while that would be a guess.
    #[must_use]
    pub fn left_ms(&self, beside: &[Self], now_ms: i64) -> Option<i64> {
        let (done, all) = sums(&self.steps);
        let since_ms = self.built_since_ms?;
        if !self.is_built() || done * 1_000 < all * LEAST_DONE || now_ms - since_ms < LEAST_MS {
            return None;
        }
        let (mut spent_ms, mut done_by_all, own) = (now_ms - since_ms, done, all - done);
        let mut work = own;
        for other in beside.iter().filter(|other| other.is_built()) {
            let (done, all) = sums(&other.steps);
            spent_ms = spent_ms.max(now_ms - other.built_since_ms.unwrap_or(now_ms));
            done_by_all += done;
            // It takes as much as this one until either is done.
            work += own.min(all - done);
        }
        let left = i128::from(spent_ms) * i128::from(work) / i128::from(done_by_all.max(1));
        let to_wait = self.steps.iter().any(|step| step.step == "walls" && step.done == 0);
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
        exercise.progress.borrow().left_ms(&beside, self.now_ms())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn step(step: &str, done: usize, all: usize) -> Step {
        Step { range: 1, step: step.to_owned(), done, had: 0, all }
    }

    #[test]
    fn what_is_left_takes_as_long_as_the_same_took() {
        let steps = vec![step("networks", 2, 2), step("hosts", 2, 6)];
        let mut progress =
            Progress { what: "launch".to_owned(), steps, built_since_ms: Some(1_000), ..Progress::default() };
        let (done, all) = sums(&progress.steps);
        let expected = 4_000 * i64::try_from(all - done).unwrap() / i64::try_from(done).unwrap();
        assert_eq!(progress.left_ms(&[], 5_000), Some(expected));
        assert_eq!(progress.left_ms(&[], 1_100), None, "too early");
        progress.steps = vec![step("hosts", 0, 6)];
        assert_eq!(progress.left_ms(&[], 5_000), None, "nothing done");
        progress.steps = vec![step("hosts", 6, 6)];
        assert_eq!(progress.left_ms(&[], 5_000), Some(0));
        progress.what = "clear".to_owned();
        assert_eq!(progress.left_ms(&[], 5_000), None);
    }

    #[test]
    fn what_stood_before_is_neither_work_done_nor_work_to_do() {
        let mut steps = vec![step("hosts", 4, 6), step("walls", 0, 6)];
        steps[0].had = 2;
        let progress =
            Progress { what: "launch".to_owned(), steps, built_since_ms: Some(0), ..Progress::default() };
        // Two hosts in four seconds; two more and the walls of all six are to come, and what these wait for.
        let (host, wall) = (i64::try_from(weight("hosts")).unwrap(), i64::try_from(weight("walls")).unwrap());
        let expected = 4_000 * (2 * host + 6 * wall) / (2 * host) + WALLS_MS;
        assert_eq!(progress.left_ms(&[], 4_000), Some(expected));
    }

    #[test]
    fn launches_side_by_side_share_their_engine() {
        let built = |done, all, since_ms| Progress {
            what: "launch".to_owned(),
            steps: vec![step("hosts", done, all)],
            built_since_ms: Some(since_ms),
            ..Progress::default()
        };
        let (large, small) = (built(20, 50, 0), built(6, 10, 4_000));
        // 26 hosts in ten seconds: four of each until the small one is done, then the 26 that are left of the large one.
        assert_eq!(small.left_ms(std::slice::from_ref(&large), 10_000), Some(10_000 * 8 / 26));
        assert_eq!(large.left_ms(std::slice::from_ref(&small), 10_000), Some(10_000 * 34 / 26));
        // What is not built takes nothing.
        let cleared = Progress { what: "clear".to_owned(), ..small };
        assert_eq!(large.left_ms(&[cleared], 10_000), Some(10_000 * 30 / 20));
    }

    #[test]
    fn hosts_are_those_of_the_ranges() {
        let steps =
            vec![step("networks", 3, 3), step("hosts", 6, 6), step("ready", 4, 6), step("walls", 0, 6)];
        let progress = Progress { what: "launch".to_owned(), steps, ..Progress::default() };
        assert_eq!(progress.hosts(), Some((4, 6)));
    }
}
