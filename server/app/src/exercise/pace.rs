//! How far a launch is, and how long it will still take: what is left, at the pace of what this launch has done so far.
//! Parts of different steps take different time; how they compare was measured, how fast they go is this launch's own.

use rampart_domain::plan::Plan;

use super::{Progress, Step};

/// Time of one part of each step as a share, measured with ranges of five and six hosts on one machine.
const WEIGHTS: [(&str, u64); 6] =
    [("networks", 10), ("created", 9), ("hosts", 22), ("ready", 3), ("plants", 1), ("walls", 10)];
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

    /// How long the launch will still take at its own pace, ms; `None` while that would be a guess.
    #[must_use]
    pub fn left_ms(&self, now_ms: i64) -> Option<i64> {
        let (done, all) = sums(&self.steps);
        let spent_ms = now_ms - self.built_since_ms?;
        if self.what != "launch" || done * 1_000 < all * LEAST_DONE || spent_ms < LEAST_MS {
            return None;
        }
        let left = i128::from(spent_ms) * i128::from(all - done) / i128::from(done.max(1));
        let to_wait = self.steps.iter().any(|step| step.step == "walls" && step.done == 0);
        i64::try_from(left).ok().map(|left| left + if to_wait { WALLS_MS } else { 0 })
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
        assert_eq!(progress.left_ms(5_000), Some(expected));
        assert_eq!(progress.left_ms(1_100), None, "too early");
        progress.steps = vec![step("hosts", 0, 6)];
        assert_eq!(progress.left_ms(5_000), None, "nothing done");
        progress.steps = vec![step("hosts", 6, 6)];
        assert_eq!(progress.left_ms(5_000), Some(0));
        progress.what = "clear".to_owned();
        assert_eq!(progress.left_ms(5_000), None);
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
        assert_eq!(progress.left_ms(4_000), Some(expected));
    }

    #[test]
    fn hosts_are_those_of_the_ranges() {
        let steps =
            vec![step("networks", 3, 3), step("hosts", 6, 6), step("ready", 4, 6), step("walls", 0, 6)];
        let progress = Progress { what: "launch".to_owned(), steps, ..Progress::default() };
        assert_eq!(progress.hosts(), Some((4, 6)));
    }
}
