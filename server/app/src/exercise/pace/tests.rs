#![expect(clippy::unwrap_used, reason = "tests")]

mod curves;

use super::*;
use curves::Look;

const NODE: &str = "local";

fn step(step: &str, done: usize, all: usize) -> Step {
    Step { range: 1, step: step.to_owned(), done, had: 0, all }
}

fn built(steps: Vec<Step>, since_ms: i64) -> Progress {
    Progress { what: "launch".to_owned(), steps, built_since_ms: Some(since_ms), ..Progress::default() }
}

/// An engine that has done all this since it began.
fn pace(since_ms: i64, launches: &[&Progress]) -> Pace {
    let weights = Weights::default();
    let did = launches.iter().map(|one| weights.sums(&one.steps).0).sum();
    Pace { weights, since_ms, did }
}

#[test]
fn what_is_left_takes_as_long_as_the_same_took() {
    let mut progress = built(vec![step("networks", 2, 2), step("hosts", 2, 6)], 1_000);
    let so_far = pace(1_000, &[&progress]);
    let (done, all) = so_far.weights.sums(&progress.steps);
    let expected = 4_000 * i64::try_from(all - done).unwrap() / i64::try_from(done).unwrap();
    assert_eq!(progress.left_ms(&so_far, &[], 5_000), Some(expected));
    assert_eq!(progress.left_ms(&so_far, &[], 1_100), None, "too early");
    progress.steps = vec![step("hosts", 0, 6)];
    assert_eq!(progress.left_ms(&so_far, &[], 5_000), None, "nothing done");
    progress.steps = vec![step("hosts", 6, 6)];
    assert_eq!(progress.left_ms(&so_far, &[], 5_000), Some(0));
    progress.what = "clear".to_owned();
    assert_eq!(progress.left_ms(&so_far, &[], 5_000), None);
}

#[test]
fn what_stood_before_is_neither_work_done_nor_work_to_do() {
    let mut steps = vec![step("hosts", 4, 6), step("walls", 0, 6)];
    steps[0].had = 2;
    let progress = built(steps, 0);
    // Two hosts in four seconds; two more and the walls of all six are to come, and what these wait for.
    let of = |step| i64::try_from(Weights::default().of(step)).unwrap();
    let (host, wall) = (of("hosts"), of("walls"));
    let expected = 4_000 * (2 * host + 6 * wall) / (2 * host) + WALLS_MS;
    assert_eq!(progress.left_ms(&pace(0, &[&progress]), &[], 4_000), Some(expected));
}

#[test]
fn launches_side_by_side_share_their_engine() {
    let (large, small) = (built(vec![step("hosts", 20, 50)], 0), built(vec![step("hosts", 6, 10)], 4_000));
    let both = pace(0, &[&large, &small]);
    // 26 hosts in ten seconds: four of each until the small one is done, then the 26 that are left of the large one. That the
    // large one gets up to four more before the small one is done is as likely as not.
    assert_eq!(small.left_ms(&both, std::slice::from_ref(&large), 10_000), Some(10_000 * 10 / 26));
    assert_eq!(large.left_ms(&both, std::slice::from_ref(&small), 10_000), Some(10_000 * 34 / 26));
    // What is over takes nothing more, and what the engine did for it still tells its pace.
    assert_eq!(large.left_ms(&both, &[Progress::default()], 10_000), Some(10_000 * 30 / 26));
}

#[test]
fn hosts_are_those_of_the_ranges() {
    let steps = vec![step("networks", 3, 3), step("hosts", 6, 6), step("ready", 4, 6), step("walls", 0, 6)];
    assert_eq!(built(steps, 0).hosts(), Some((4, 6)));
}

#[test]
fn an_engine_is_learned_from_launches_that_came_to_something() {
    let paces = Arc::new(Paces::default());
    let launch = |parts: usize, whole: bool| {
        let (one, other) = (paces.begin(NODE, 1_000), paces.begin(NODE, 1_000));
        // Each part of either takes ten milliseconds, but for the walls, which take a hundred.
        let mut at_ms = 1_000;
        for (step, ms) in STEPS.map(|(step, _)| (step, if step == "walls" { 100 } else { 10 })) {
            for _ in 0..parts {
                for building in [&one, &other] {
                    at_ms += ms;
                    building.did(step, 1, at_ms);
                }
            }
        }
        one.stands();
        if whole {
            other.stands();
        }
    };
    launch(1_000, false);
    assert_eq!(paces.of(NODE).weights, Weights::default(), "a launch that failed says nothing");
    launch(1, true);
    assert_eq!(paces.of(NODE).weights, Weights::default(), "nor does a small one");
    let ratio = |weights: Weights| weights.of("walls") as f64 / weights.of("hosts") as f64;
    for _ in 0..6 {
        launch(1_000, true);
    }
    let (after, weights) = (ratio(paces.of(NODE).weights), paces.of(NODE).weights);
    assert!((8.0..=10.5).contains(&after), "{after}: {weights:?}");
    assert_eq!(paces.of("another").weights, Weights::default());
    // Nothing is built: the pace is that of nobody until the next begins.
    assert_eq!(paces.of(NODE).did, 0);
}

/// The launches of a recording, as the server has them at one look.
fn at(curve: &[Look], look: &Look) -> [Progress; 2] {
    let all = curve.last().unwrap().done;
    [0, 1].map(|launch| {
        let of = |at: usize| step(STEPS[at].0, look.done[launch][at], all[launch][at]);
        built((0..STEPS.len()).map(of).collect(), 0)
    })
}

/// Plays a recording of two launches side by side on an engine: what was said and what was right at each look, ms.
fn play(paces: &Arc<Paces>, curve: &[Look]) -> Vec<(i64, i64)> {
    let both = [paces.begin(NODE, 0), paces.begin(NODE, 0)];
    let mut said = Vec::new();
    let mut before = Look { at_ms: 0, done: Default::default() };
    for look in curve {
        // One after the other in the time since the look before.
        let parts = |launch: usize, step: usize| look.done[launch][step] - before.done[launch][step];
        let places: Vec<(usize, usize)> = (0..STEPS.len()).flat_map(|step| [(0, step), (1, step)]).collect();
        let all: usize = places.iter().map(|(launch, step)| parts(*launch, *step)).sum();
        let mut done: i64 = 0;
        for (launch, step) in places {
            for _ in 0..parts(launch, step) {
                done += 1;
                let gap_ms = (look.at_ms - before.at_ms) * done;
                let at_ms = before.at_ms + gap_ms / i64::try_from(all).unwrap();
                both[launch].did(STEPS[step].0, 1, at_ms);
            }
        }
        before = *look;
        let [one, other] = at(curve, look);
        for (own, beside, end_ms) in
            [(&one, &other, curves::end(curve, 0)), (&other, &one, curves::end(curve, 1))]
        {
            let left = own.left_ms(&paces.of(NODE), std::slice::from_ref(beside), look.at_ms);
            said.extend(left.filter(|_| end_ms > look.at_ms).map(|left| (left, end_ms - look.at_ms)));
        }
    }
    for building in both {
        building.stands();
    }
    said
}

/// Share of what was said within a fifth of what was right, where five seconds or more were left.
fn within(said: &[(i64, i64)]) -> f64 {
    let judged: Vec<_> = said.iter().filter(|(_, right)| *right >= 5_000).collect();
    assert!(judged.len() > 20, "{judged:?}");
    let good = judged.iter().filter(|(said, right)| (said - right).abs() * 5 <= *right).count();
    good as f64 / judged.len() as f64
}

#[test]
fn remaining_times_of_recorded_launches_are_true_within_a_fifth() {
    for (name, curve) in curves::ALL {
        let said = play(&Arc::default(), curve);
        assert!(within(&said) >= 0.8, "{name}: {} of {said:?}", within(&said));
    }
}

#[test]
fn an_engine_that_has_launched_before_is_known() {
    // One whose hosts start ten times as fast as ours: by the measured shares it would be ever wrong, by its own it is not.
    let (_, curve) = curves::ALL[0];
    let other = curves::with_fast_starts(curve);
    let paces = Arc::default();
    let first = within(&play(&paces, &other));
    for _ in 0..4 {
        play(&paces, &other);
    }
    let later = within(&play(&paces, &other));
    assert!(later > first + 0.3 && later >= 0.75, "{first}, then {later}");
}
