//! Exactness: whatever is entered in whatever order, every figure follows from the ledger, and nothing that is hidden moves.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scoreboard::{
    Actor, Answer, Audience, Body, Component, Entry, Fold, HealthState, Reason, RematchStep, Side, Status,
    Verdict,
};

const TEAMS: [(&str, Side, u16); 6] = [
    ("r1", Side::Red, 1),
    ("b1", Side::Blue, 1),
    ("r2", Side::Red, 2),
    ("b2", Side::Blue, 2),
    ("r3", Side::Red, 3),
    ("b3", Side::Blue, 3),
];

fn begin() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut put = |at_ms, body| {
        let seq = entries.len() as u64 + 1;
        entries.push(Entry { seq, at_ms, actor: Actor::System, body });
    };
    put(
        0,
        Body::Created {
            format: 2,
            code: "S115-01".into(),
            title: "t".into(),
            scenario: "s".into(),
            version: 1,
            duration_ms: 5_400_000,
            max_red: 500,
            max_blue: 850,
        },
    );
    for (team, side, range) in TEAMS {
        put(0, Body::Team { team: team.into(), name: team.into(), side, range });
    }
    for (from, to) in [
        (Status::Draft, Status::Provisioning),
        (Status::Provisioning, Status::Ready),
        (Status::Ready, Status::Running),
    ] {
        put(0, Body::Status { from, to, note: None, why: None });
    }
    entries
}

/// Appends bodies to a ledger that has begun, each so many ms after the last.
fn ledger(bodies: &[(Body, i64)]) -> Vec<Entry> {
    let mut entries = begin();
    let mut at_ms = 0;
    for (body, step) in bodies {
        at_ms += step;
        let seq = entries.len() as u64 + 1;
        entries.push(Entry { seq, at_ms, actor: Actor::System, body: body.clone() });
    }
    entries
}

fn why(rule: &str) -> Reason {
    Reason::new(rule, [("text", "x".to_owned())])
}

/// Everything that moves a score, and much that does not.
fn any_body() -> impl Strategy<Value = Body> {
    (0_usize..TEAMS.len(), -40_i64..80, 0..17_u8).prop_map(|(team, points, kind)| {
        let (id, _, range) = TEAMS[team];
        let (team, some) = (id.to_owned(), points.unsigned_abs() % 4);
        match kind {
            0 | 1 => Body::Flag {
                team,
                seat: "s".into(),
                objective: format!("o{some}"),
                answer: if kind == 0 { Answer::Correct } else { Answer::Wrong },
                points: if kind == 0 { points.abs() } else { 0 },
                reason: why("flag.correct"),
            },
            2 => Body::Hint {
                team,
                seat: "s".into(),
                hint: "h".into(),
                points: -points.abs(),
                reason: why("hint.bought"),
            },
            3 => Body::Judged {
                report: "n".into(),
                team,
                verdict: Verdict::False,
                points,
                reason: why("report.false"),
            },
            4 => Body::Availability {
                team,
                through_ms: 9,
                up_ms: 1,
                known_ms: 1,
                points,
                reason: why("availability.booked"),
            },
            5 => Body::Bonus {
                team,
                bonus: "first".into(),
                about: format!("o{some}"),
                points: points.abs(),
                reason: why("bonus.first"),
            },
            6 => Body::Incident {
                team,
                action: format!("a{some}"),
                points: -points.abs(),
                reason: why("incident.found"),
            },
            7 => Body::Penalty { team, points: -points.abs(), reason: why("judge.penalty") },
            8 => Body::PenaltyLifted {
                team,
                about: 9 + some,
                points: points.abs(),
                reason: why("judge.lifted"),
            },
            9 => Body::ReportScored {
                report: format!("n{some}"),
                team,
                marks: BTreeMap::new(),
                points,
                reason: why("report.scored"),
            },
            10 => Body::Rematch {
                rematch: format!("m{some}"),
                team,
                step: RematchStep::Counted,
                run: "S115-02".into(),
                position: 5,
                points,
                reason: why("rematch.counted"),
            },
            11 => Body::Correction { team, about: None, points, reason: why("judge.correction") },
            12 => Body::Disqualified { team, out: points > 20, reason: why("judge.disqualified") },
            13 => Body::Health {
                range,
                check: "c".into(),
                host: "h".into(),
                state: HealthState::Up,
                detail: String::new(),
            },
            14 => Body::Reset {
                request: "q".into(),
                range,
                host: "h".into(),
                team: Some(team),
                points: -points.abs(),
                reason: why("reset.asked"),
            },
            15 => Body::Marked { report: format!("n{some}"), team, marks: BTreeMap::new(), text: "x".into() },
            _ => Body::Voided {
                void: format!("v{some}"),
                range: Some(range),
                check: None,
                from_ms: 0,
                to_ms: 1,
                from_clock_ms: 0,
                to_clock_ms: 1,
                reason: why("judge.voided"),
            },
        }
    })
}

fn any_bodies(most: usize) -> impl Strategy<Value = Vec<(Body, i64)>> {
    // Many at the same millisecond, so that ranks are shared.
    prop::collection::vec((any_body(), prop_oneof![3 => Just(0_i64), 1 => 1_i64..40]), 1..most)
}

/// What a person can read of the standings.
type Standing = (String, u32, i64, BTreeMap<&'static str, i64>, i64);

fn standings(fold: &Fold, side: Side) -> Vec<Standing> {
    let rows = fold.ranks(side, Audience::Staff);
    rows.into_iter().map(|row| (row.id, row.rank, row.points, row.parts, row.reached_ms)).collect()
}

/// The printed rule, as plainly as it can be said: one more than the number of teams that are ahead. Ahead is who has more
/// points, or the same and reached them earlier; teams that have scored nothing yet stand together; who is out has no rank.
fn printed_rank(fold: &Fold, id: &str) -> u32 {
    let own = fold.team(id).unwrap();
    if own.out.is_some() {
        return 0;
    }
    let ahead = |other: &&scoreboard::Team| {
        let untouched = own.last.is_none() && other.last.is_none();
        other.side == own.side
            && other.out.is_none()
            && (other.points > own.points
                || other.points == own.points && other.reached_ms < own.reached_ms && !untouched)
    };
    1 + u32::try_from(fold.teams.iter().filter(ahead).count()).unwrap()
}

fn public(fold: &Fold) -> String {
    serde_json::to_string(&fold.board(Audience::Public)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// At every step: the running fold is the fold from scratch, the parts add up to the total, the total to the entries,
    /// and ranks are those of the printed rule.
    #[test]
    fn every_step_is_the_fold_from_scratch(bodies in any_bodies(40)) {
        let entries = ledger(&bodies);
        let mut fold = Fold::default();
        for (index, entry) in entries.iter().enumerate() {
            fold.apply(entry);
            prop_assert_eq!(&fold, &Fold::of(&entries[..=index]));
            for team in &fold.teams {
                let entered: i64 = entries[..=index]
                    .iter()
                    .filter_map(|entry| entry.body.score())
                    .filter(|(id, ..)| *id == team.id)
                    .map(|(_, _, points, _)| points)
                    .sum();
                prop_assert_eq!(team.points, entered);
                prop_assert_eq!(team.parts.values().sum::<i64>(), entered);
                prop_assert_eq!(team.scored.iter().map(|(_, points)| points).sum::<i64>(), entered);
                prop_assert_eq!(team.series.last().unwrap().points, entered);
                for part in team.parts.keys() {
                    prop_assert!(Component::of(team.side).contains(part) || team.parts[part] == 0 || wrong_side(team.side, *part));
                }
            }
            for side in [Side::Red, Side::Blue] {
                for (id, rank, ..) in standings(&fold, side) {
                    prop_assert_eq!(rank, printed_rank(&fold, &id), "{}", id);
                }
            }
        }
    }

    /// Entries of different teams at the same moment may come in any order: the standings are the same.
    #[test]
    fn the_order_within_a_moment_decides_nothing(bodies in any_bodies(40), seed in any::<u64>()) {
        let mut timed = Vec::new();
        let mut at_ms = 0;
        for (index, (body, step)) in bodies.iter().enumerate() {
            at_ms += step;
            timed.push((at_ms, index, body.clone()));
        }
        let team_of = |body: &Body| body.score().map(|(team, ..)| team.to_owned());
        let mut shuffled = timed.clone();
        // A team's own entries keep their order; between teams a hash decides.
        let mix = |text: &str| text.bytes().fold(seed, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        shuffled.sort_by_key(|(at_ms, index, body)| {
            (*at_ms, team_of(body).map_or(0, |team| mix(&team)), *index)
        });
        let write = |list: &[(i64, usize, Body)]| {
            let mut entries = begin();
            for (at_ms, _, body) in list {
                let seq = entries.len() as u64 + 1;
                entries.push(Entry { seq, at_ms: *at_ms, actor: Actor::System, body: body.clone() });
            }
            entries
        };
        // Only scores: being out is no matter of a moment between teams.
        let only = |list: &[(i64, usize, Body)]| {
            list.iter().filter(|(.., body)| body.score().is_some()).cloned().collect::<Vec<_>>()
        };
        let one = Fold::of(&write(&only(&timed)));
        let other = Fold::of(&write(&only(&shuffled)));
        for side in [Side::Red, Side::Blue] {
            let (mut one, mut other) = (standings(&one, side), standings(&other, side));
            one.sort();
            other.sort();
            prop_assert_eq!(one, other);
        }
    }

    /// Nothing that the public can fetch moves behind a freeze, byte for byte; the end of it brings all at once.
    #[test]
    fn a_frozen_board_does_not_move(before in any_bodies(15), after in any_bodies(25)) {
        let mut entries = ledger(&before);
        let mut fold = Fold::of(&entries);
        let put = |fold: &mut Fold, entries: &mut Vec<Entry>, body: Body| {
            let entry = Entry { seq: fold.seq + 1, at_ms: fold.at_ms + 1, actor: Actor::System, body };
            fold.apply(&entry);
            entries.push(entry);
        };
        put(&mut fold, &mut entries, Body::Freeze { on: true });
        let (frozen, seq) = (public(&fold), fold.seen_seq(Audience::Public));
        for (body, _) in after {
            let earlier = fold.clone();
            put(&mut fold, &mut entries, body);
            prop_assert_eq!(public(&fold), frozen.clone());
            prop_assert_eq!(fold.seen_seq(Audience::Public), seq);
            let delta = fold.delta(&earlier, Audience::Public);
            prop_assert!(delta.series.is_empty() && delta.ticker.is_empty() && delta.from == delta.seq);
            prop_assert_eq!(&fold, &Fold::of(&entries));
        }
        put(&mut fold, &mut entries, Body::Freeze { on: false });
        let staff = fold.ranks(Side::Red, Audience::Staff);
        let shown = fold.board(Audience::Public);
        for (row, own) in shown.sides[0].teams.iter().zip(&staff) {
            prop_assert_eq!((&row.id, row.rank, row.points), (&own.id, own.rank, own.points));
        }
    }

    /// Taken out and put back is as before; a correction and its reversal leave points and parts as they were.
    #[test]
    fn what_is_undone_is_as_before(bodies in any_bodies(30), team in 0_usize..TEAMS.len(), points in 1_i64..500) {
        let (id, side, _) = TEAMS[team];
        let mut fold = Fold::of(&ledger(&bodies));
        let out = |out| Body::Disqualified { team: id.into(), out, reason: why("judge.disqualified") };
        if fold.team(id).unwrap().out.is_some() {
            apply(&mut fold, out(false));
        }
        let before = standings(&fold, side);
        apply(&mut fold, out(true));
        prop_assert_eq!(printed_rank(&fold, id), 0);
        apply(&mut fold, out(false));
        prop_assert_eq!(standings(&fold, side), before);
        let had = fold.team(id).unwrap().clone();
        let correct = |points| Body::Correction { team: id.into(), about: None, points, reason: why("judge.correction") };
        apply(&mut fold, correct(points));
        apply(&mut fold, correct(-points));
        let has = fold.team(id).unwrap();
        prop_assert_eq!(has.points, had.points);
        let parts = |team: &scoreboard::Team| {
            team.parts.iter().filter(|(_, points)| **points != 0).map(|(part, points)| (*part, *points)).collect::<Vec<_>>()
        };
        prop_assert_eq!(parts(has), parts(&had));
    }
}

fn apply(fold: &mut Fold, body: Body) {
    let entry = Entry { seq: fold.seq + 1, at_ms: fold.at_ms + 1, actor: Actor::System, body };
    fold.apply(&entry);
}

/// The random ledger also gives a side what only the other can have; the sums must hold all the same.
fn wrong_side(side: Side, part: Component) -> bool {
    let other = if side == Side::Red { Side::Blue } else { Side::Red };
    Component::of(other).contains(&part)
}
