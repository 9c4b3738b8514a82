//! Random play: points once given stay, sums hold, what is undone is as before.

use proptest::prelude::*;
use scoreboard::Component;

use super::*;
use crate::scenario::{Decay, share};

/// One thing that somebody does.
#[derive(Debug, Clone)]
pub(super) enum Move {
    Flag(u8, u8),
    Wrong(u8, u8),
    Health(u8, u8),
    Void(u8, i64, i64),
    Unvoid(u8),
    Penalty(u8, i64),
    Lift(u8),
    Wait(i64),
    Book,
}

pub(super) fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0_u8..4, 0_u8..3).prop_map(|(team, objective)| Move::Flag(team, objective)),
        (0_u8..4, 0_u8..3).prop_map(|(team, objective)| Move::Wrong(team, objective)),
        (0_u8..2, 0_u8..4).prop_map(|(check, state)| Move::Health(check, state)),
        (0_u8..3, 0_i64..3_000_000, 1_i64..1_500_000)
            .prop_map(|(check, from, long)| Move::Void(check, from, long)),
        (0_u8..6).prop_map(Move::Unvoid),
        (0_u8..4, 1_i64..90).prop_map(|(team, points)| Move::Penalty(team, points)),
        (0_u8..6).prop_map(Move::Lift),
        (1_i64..700_000).prop_map(Move::Wait),
        Just(Move::Book),
    ]
}

const OBJECTIVES: [&str; 3] = ["portal-db", "www-file", "doc-sealed"];
const CHECKS: [&str; 2] = ["portal-search", "doc-exchange"];

impl Table {
    pub(super) fn make(&mut self, one: &Move, ids: &mut u32) {
        let entries = match one {
            Move::Flag(team, objective) | Move::Wrong(team, objective) => {
                let (team, objective) = (format!("r{}", team + 1), OBJECTIVES[usize::from(*objective)]);
                let right = matches!(one, Move::Flag(..));
                let typed = if right {
                    self.secret.flag(&team, objective)
                } else {
                    self.other.flag(&team, objective)
                };
                flag(self.rules(), &self.fold, &team, "s", objective, &typed, self.now)
                    .map(|(entries, _)| entries)
            }
            Move::Health(check, state) => {
                let state = [HealthState::Up, HealthState::Degraded, HealthState::Down, HealthState::Unknown]
                    [usize::from(*state)];
                Ok(health(self.rules(), &self.fold, 1, CHECKS[usize::from(*check)], state, "", self.now))
            }
            Move::Void(check, from, long) => {
                *ids += 1;
                let start = self.fold.clock.started_ms.unwrap();
                let form = VoidForm {
                    range: (*from % 2 == 0).then_some(1),
                    check: CHECKS.get(usize::from(*check)).map(|check| (*check).to_owned()),
                    from_ms: start + from,
                    to_ms: start + from + long,
                    text: "x".into(),
                };
                void(self.rules(), &self.fold, "acc", &format!("v{ids}"), &form, self.now)
            }
            Move::Unvoid(which) => {
                match self.fold.desk.voids.get(usize::from(*which)).map(|known| known.void.clone()) {
                    Some(id) => unvoid(self.rules(), &self.fold, "acc", &id, "x", self.now),
                    None => return,
                }
            }
            Move::Penalty(team, points) => {
                penalise(&self.fold, "acc", &format!("r{}", team + 1), *points, "x")
            }
            Move::Lift(which) => {
                match self.fold.desk.penalties.get(usize::from(*which)).map(|known| known.seq) {
                    Some(seq) => lift(&self.fold, "acc", seq, "x"),
                    None => return,
                }
            }
            Move::Wait(ms) => {
                self.now += ms;
                return;
            }
            Move::Book => Ok(availability(self.rules(), &self.fold, "b1", self.now)),
        };
        if let Ok(entries) = entries {
            self.apply(entries);
        }
    }
}

fn falling() -> String {
    SOURCE
        .replacen(
            "    points: 100\n",
            "    points: 100\n    decay: { by: captures, least: 30, steps: 3 }\n    first: 7\n",
            1,
        )
        .replacen("    points: 150\n", "    points: 150\n    decay: { by: time, least: 10, until: 80m }\n", 1)
        .replacen(
            "    points: 250\n",
            "    points: 250\n    decay: { by: harmonic, least: 1 }\n    first: 40\n",
            1,
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// What a team has of an objective is what it was given when it took it, whoever takes it later.
    #[test]
    fn decay_never_revalues_and_every_point_is_an_entry(moves in prop::collection::vec(any_move(), 1..60)) {
        let mut table = Table::of(4, &falling());
        let mut ids = 0;
        let mut given: std::collections::BTreeMap<(String, String), i64> = std::collections::BTreeMap::new();
        for one in &moves {
            table.make(one, &mut ids);
            for (key, capture) in &table.fold.captures {
                let first = *given.entry(key.clone()).or_insert(capture.points);
                prop_assert_eq!(first, capture.points);
            }
            for team in &table.fold.teams {
                let flags: i64 = table.fold.captures.iter().filter(|((own, _), _)| *own == team.id).map(|(_, c)| c.points).sum();
                prop_assert_eq!(team.parts.get(&Component::Objectives).copied().unwrap_or(0), flags);
                prop_assert_eq!(team.parts.values().sum::<i64>(), team.points);
                prop_assert_eq!(team.scored.iter().map(|(_, points)| points).sum::<i64>(), team.points);
            }
            let firsts = table.fold.desk.bonuses.iter().filter(|(_, kind, _)| kind == "first").count();
            let taken = ["portal-db", "doc-sealed"].iter().filter(|id| captures_of(&table.fold, id) > 0).count();
            prop_assert_eq!(firsts, taken, "one bonus an objective, with its first capture");
        }
    }

    /// Undoing every void gives exactly the availability of the same play without any.
    #[test]
    fn voids_undone_leave_nothing(moves in prop::collection::vec(any_move(), 1..60)) {
        let (mut table, mut plain) = (Table::new(4), Table::new(4));
        let mut ids = 0;
        for one in &moves {
            let seq = table.fold.seq;
            table.make(one, &mut ids);
            // A ruling books what is due first, and each booking rounds: without the ruling it is booked all the same.
            match one {
                Move::Void(..) | Move::Unvoid(_) if table.fold.seq > seq => plain.make(&Move::Book, &mut ids),
                Move::Void(..) | Move::Unvoid(_) => {}
                one => plain.make(one, &mut ids),
            }
            let (_, up, known) = table.fold.booked.get("b1").copied().unwrap_or_default();
            // A booking of a degraded check rounds half a millisecond down.
            prop_assert!(up >= -60 && known >= 0 && known >= up, "{} of {}", up, known);
        }
        for table in [&mut table, &mut plain] {
            table.make(&Move::Book, &mut ids);
        }
        for which in 0..u8::try_from(table.fold.desk.voids.len()).unwrap() {
            table.make(&Move::Unvoid(which), &mut ids);
        }
        for table in [&mut table, &mut plain] {
            table.make(&Move::Wait(1), &mut ids);
            table.make(&Move::Book, &mut ids);
        }
        prop_assert_eq!(table.points("b1"), plain.points("b1"));
        let times = |table: &Table| table.fold.booked.get("b1").copied();
        prop_assert_eq!(times(&table), times(&plain));
    }

    /// A share is whole, never negative, off by less than one point, and the shares add up to the total.
    #[test]
    fn shares_add_up(total in 0_i64..1_000_000, weights in prop::collection::vec(0_i64..1000, 1..12)) {
        let parts = share(total, &weights);
        let sum: i64 = weights.iter().sum();
        prop_assert_eq!(parts.iter().sum::<i64>(), if sum == 0 { 0 } else { total });
        for (part, weight) in parts.iter().zip(&weights) {
            if sum > 0 {
                let floor = i128::from(total) * i128::from(*weight) / i128::from(sum);
                prop_assert!((floor..=floor + 1).contains(&i128::from(*part)));
            }
        }
    }

    /// A value only falls, and stays between the least and the points.
    #[test]
    fn a_value_only_falls(points in 1_i64..100_000, share in 0_i64..=100, steps in 1_u32..50, others in 0_u32..80, clock in 0_i64..9_000_000) {
        let least = points * share / 100;
        let mut objective = Table::new(1).scenario.objectives[0].clone();
        objective.points = points;
        for decay in [
            Decay::Captures { least, steps },
            Decay::Time { least, until_ms: i64::from(steps) * 100_000 },
            Decay::Harmonic { least },
        ] {
            objective.decay = Some(decay);
            let worth = objective.worth(others, clock);
            prop_assert!((least..=points).contains(&worth));
            prop_assert!(objective.worth(others + 1, clock) <= worth);
            prop_assert!(objective.worth(others, clock + 1000) <= worth);
            prop_assert_eq!(objective.worth(0, 0), points);
        }
    }
}
