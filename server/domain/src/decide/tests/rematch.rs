//! While a new run counts in place of an old one, nothing of the old run moves the standings; undone, it is as if nobody had
//! tried.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::exact::{Move, any_move};
use super::*;

const COUNTS: &str = "rematch_counts";
const MARKED: &str = "  tolerance: 15m             # how far the reported time may lie from the act\n";

fn code(refused: Result<Entries, Refusal>) -> &'static str {
    match refused {
        Err(Refusal::Field { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

fn new_run() -> NewRun {
    NewRun { run: "S115-02".into(), position: 44, points: (250, 610) }
}

/// Two pairs; of the first a capture, an outage, a penalty, a dispute and a report with marks that wait.
fn played() -> Table {
    let criteria = format!(
        "{MARKED}  points: 50\n  criteria:\n    - {{ id: facts, title: {{ zh-TW: 事實, en: Facts }}, points: 30 }}\n"
    );
    let portal = include_str!("../../../tests/it/portal.yaml");
    assert!(portal.contains(MARKED));
    let mut table = Table::of(2, &portal.replacen(MARKED, &criteria, 1));
    let flag = table.secret.flag("r1", "portal-db");
    table.submit("r1", "portal-db", &flag).unwrap();
    let about = table.fold.seq;
    for (minutes, state) in [(0, HealthState::Up), (10, HealthState::Down), (20, HealthState::Up)] {
        table.now += minutes * 60_000;
        for range in [1, 2] {
            let entries = health(table.rules(), &table.fold, range, "portal-search", state, "", table.now);
            table.apply(entries);
        }
    }
    table.act("search-injection", "e1");
    table.file("www", "T1190", &["e1"]);
    let report = table.fold.reports[0].report.clone();
    let form = MarkForm { report, marks: BTreeMap::from([("facts".to_owned(), 25)]), text: "x".into() };
    let entries = mark(table.rules(), &table.fold, "acc", &form).unwrap();
    table.apply(entries);
    let entries = penalise(&table.fold, "acc", "r1", 30, "x").unwrap();
    table.apply(entries);
    let entries = contest(&table.fold, "r1", "s1", "c1", about, "x").unwrap();
    table.apply(entries);
    for team in ["b1", "b2"] {
        let entries = availability(table.rules(), &table.fold, team, table.now);
        table.apply(entries);
    }
    table.turn(Status::Ended);
    table
}

fn window(table: &Table, range: Option<u16>) -> VoidForm {
    let start = table.fold.clock.started_ms.unwrap();
    VoidForm { range, check: None, from_ms: start + 600_000, to_ms: start + 1_200_000, text: "x".into() }
}

#[test]
fn nothing_of_the_old_run_is_entered_while_the_new_one_counts() {
    let mut table = played();
    let entries = void(table.rules(), &table.fold, "acc", "v0", &window(&table, Some(1)), table.now).unwrap();
    table.apply(entries);
    let had = (table.points("r1"), table.points("b1"));
    let penalty = table.fold.desk.penalties[0].seq;
    let entries = rematch(&table.fold, "acc", "m1", 1, &new_run(), "靶場中斷").unwrap();
    table.apply(entries);
    assert_eq!((table.points("r1"), table.points("b1")), (250, 610));
    let (rules, fold, now) = (table.rules(), &table.fold, table.now);
    for range in [None, Some(1)] {
        assert_eq!(code(void(rules, fold, "acc", "v", &window(&table, range), now)), COUNTS, "{range:?}");
    }
    assert_eq!(code(unvoid(rules, fold, "acc", "v0", "x", now)), COUNTS);
    assert_eq!(code(release(rules, fold, "acc")), COUNTS);
    assert_eq!(code(lift(fold, "acc", penalty, "x")), COUNTS);
    assert_eq!(code(correct(fold, "acc", "r1", 5, Some(penalty), "x")), COUNTS);
    let ruling = |upheld, points| RulingForm { contest: "c1".into(), upheld, points, text: "x".into() };
    assert_eq!(code(rule(fold, "acc", &ruling(true, 20))), COUNTS);
    // Who was right is told so, without points; the other pair is judged as ever; and so is what happens from now on.
    let entries = rule(fold, "acc", &ruling(true, 0)).unwrap();
    let other = void(rules, fold, "acc", "v2", &window(&table, Some(2)), now).unwrap();
    table.apply(entries);
    let before = table.points("b2");
    table.apply(other);
    assert!(table.points("b2") > before);
    assert_eq!((table.points("r1"), table.points("b1")), (250, 610));
    let entries = penalise(&table.fold, "acc", "r1", 40, "x").unwrap();
    table.apply(entries);
    let later = table.fold.seq;
    let entries = correct(&table.fold, "acc", "b1", 7, None, "x").unwrap();
    table.apply(entries);
    assert_eq!((table.points("r1"), table.points("b1")), (210, 617));
    let entries = lift(&table.fold, "acc", later, "x").unwrap();
    table.apply(entries);
    let entries = undo_rematch(&table.fold, "acc", "m1", "誤選").unwrap();
    table.apply(entries);
    assert_eq!((table.points("r1"), table.points("b1")), (had.0, had.1 + 7), "what was ruled since stays");
    // Then the old run's own business goes on.
    let entries = release(table.rules(), &table.fold, "acc").unwrap();
    table.apply(entries);
    let entries = unvoid(table.rules(), &table.fold, "acc", "v0", "x", table.now).unwrap();
    table.apply(entries);
    let entries = lift(&table.fold, "acc", penalty, "x").unwrap();
    table.apply(entries);
    assert_eq!(table.points("r1"), had.0 + 30);
    assert_eq!(table.fold.desk.report_points("b1"), 25);
}

#[test]
fn a_run_whose_points_are_not_settled_has_no_place_to_be_taken() {
    let mut table = Table::new(2);
    let form = ReportForm {
        host: "www".into(),
        technique: "T1190".into(),
        seen_ms: table.now,
        cited: vec!["e1".into()],
        text: "t".into(),
    };
    let entries = report(table.rules(), &table.fold, "b1", "s2", "n1", &form, table.now).unwrap();
    table.apply(entries);
    let entries = repair(table.rules(), &table.fold, "b2", "s4", "q1", "fix-search").unwrap();
    table.apply(entries);
    table.turn(Status::Ended);
    for range in [1, 2] {
        assert_eq!(code(rematch(&table.fold, "acc", "m", range, &new_run(), "x")), "rematch_pending");
    }
    let entries = judge(table.rules(), &table.fold, &table.labels, "n1");
    table.apply(entries);
    assert!(rematch(&table.fold, "acc", "m", 1, &new_run(), "x").is_ok());
    let entries = retested(table.rules(), &table.fold, "b2", "fix-search", AttackState::Fails, Some(true));
    table.apply(entries);
    assert!(rematch(&table.fold, "acc", "m", 2, &new_run(), "x").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is tried at the desk while a re-match counts, the pair has the new run's points and what was ruled since; and
    /// undone, the old run's points and the same rulings.
    #[test]
    fn the_standings_hold_one_run_at_a_time(
        before in prop::collection::vec(any_move(), 1..50),
        after in prop::collection::vec(any_move(), 1..40),
    ) {
        let mut table = Table::new(4);
        let mut ids = 0;
        for one in &before {
            table.make(one, &mut ids);
        }
        table.make(&Move::Book, &mut ids);
        table.turn(Status::Ended);
        let had = (table.points("r1"), table.points("b1"));
        let entries = rematch(&table.fold, "acc", "m1", 1, &new_run(), "x").unwrap();
        table.apply(entries);
        let seq = table.fold.seq;
        for one in &after {
            table.make(one, &mut ids);
            let ruled = |fold: &Fold, team: &str| {
                let since = fold.team(team).unwrap().scored.iter().filter(|(at, _)| *at > seq);
                since.map(|(_, points)| points).sum::<i64>()
            };
            let (red, blue) = (ruled(&table.fold, "r1"), ruled(&table.fold, "b1"));
            prop_assert_eq!((table.points("r1"), table.points("b1")), (250 + red, 610 + blue));
            prop_assert_eq!(blue, 0, "nobody penalises blue here: no availability may come after");
            let own = table.fold.desk.penalties.iter().filter(|known| known.team == "r1" && known.seq > seq);
            prop_assert_eq!(red, own.filter(|known| known.lifted.is_none()).map(|known| known.points).sum::<i64>());
            let mut undone = table.fold.clone();
            for (actor, body) in undo_rematch(&undone, "acc", "m1", "x").unwrap() {
                undone.apply(&Entry { seq: undone.seq + 1, at_ms: table.now, actor, body });
            }
            prop_assert_eq!((undone.team("r1").unwrap().points, undone.team("b1").unwrap().points), (had.0 + red, had.1));
        }
    }
}
