//! The later rules of the score: values that fall, bonuses, costs, marks, penalties, voids, re-matches.

use std::collections::BTreeMap;

use scoreboard::{Audience, Component};

use super::*;
use crate::scenario::share;

/// A scenario whose parts say their own points.
const PORTAL: &str = include_str!("../../../tests/it/portal.yaml");

/// It with parts of its text replaced; each must be there.
fn changed(changes: &[(&str, &str)]) -> String {
    let mut source = PORTAL.to_owned();
    for (from, to) in changes {
        assert!(source.contains(from), "{from}");
        source = source.replacen(from, to, 1);
    }
    source
}

const OBJECTIVE: &str = "    points: 100\n    attempts: 20\n";
const INJECTION: &str = "    technique: T1190\n    host: www\n    within: 60s\n";

fn with_objective(extra: &str) -> Table {
    Table::of(4, &changed(&[(OBJECTIVE, &format!("{OBJECTIVE}{extra}"))]))
}

fn take(table: &mut Table, team: &str) -> i64 {
    let flag = table.secret.flag(team, "portal-db");
    match table.submit(team, "portal-db", &flag) {
        Ok(FlagOutcome::Correct { points }) => points,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_falls_for_those_who_come_later_and_never_for_those_who_have_it() {
    for (decay, wanted) in [
        ("    decay: { by: captures, least: 40, steps: 3 }\n", [100, 80, 60, 40]),
        ("    decay: { by: harmonic, least: 10 }\n", [100, 55, 40, 32]),
        ("    decay: { by: time, least: 40, until: 60m }\n", [100, 90, 80, 70]),
        ("", [100, 100, 100, 100]),
    ] {
        let mut table = with_objective(decay);
        for (index, points) in wanted.into_iter().enumerate() {
            let team = format!("r{}", index + 1);
            assert_eq!(take(&mut table, &team), points, "{decay}{team}");
            table.now += 600_000;
        }
        for (index, points) in wanted.into_iter().enumerate() {
            assert_eq!(table.points(&format!("r{}", index + 1)), points, "{decay}");
        }
        let reason = table.fold.team("r4").unwrap().last.clone().unwrap().0;
        assert_eq!(reason.rule, if decay.is_empty() { "flag.correct" } else { "flag.decayed" });
    }
}

#[test]
fn the_clock_that_values_fall_by_stands_while_paused() {
    let mut table = with_objective("    decay: { by: time, least: 0, until: 10m }\n");
    table.now += 60_000;
    table.turn(Status::Paused);
    table.now += 3_600_000;
    table.turn(Status::Running);
    assert_eq!(take(&mut table, "r1"), 90);
    table.now += 3_600_000;
    assert_eq!(take(&mut table, "r2"), 0);
}

#[test]
fn the_first_team_of_the_exercise_gets_a_bonus_of_its_own_entry() {
    let mut table = with_objective("    first: 25\n");
    assert_eq!(take(&mut table, "r2"), 125, "told together");
    assert_eq!(take(&mut table, "r1"), 100);
    let first = table.fold.team("r2").unwrap();
    assert_eq!((first.parts[&Component::Objectives], first.parts[&Component::Bonuses]), (100, 25));
    assert_eq!(first.scored.len(), 2);
    assert_eq!(table.scenario.max_points(Side::Red), 525);
    // Where it was won is told to nobody before the end.
    let board = table.fold.ranks(Side::Red, Audience::Public);
    assert_eq!(board[0].last.as_ref().unwrap().rule, "bonus.given");
}

#[test]
fn further_tries_open_an_objective_that_was_tried_out() {
    let mut table = Table::of(1, &changed(&[(OBJECTIVE, "    points: 100\n    attempts: 1\n")]));
    let wrong = table.secret.flag("r1", "www-file");
    assert_eq!(table.submit("r1", "portal-db", &wrong), Ok(FlagOutcome::Wrong { left: 0 }));
    let right = table.secret.flag("r1", "portal-db");
    assert_eq!(table.submit("r1", "portal-db", &right), Err(Refusal::LimitReached));
    let at = ("r1", "portal-db");
    let refused = give_tries(table.rules(), &table.fold, "acc", at, 0, "why");
    assert_eq!(refused, Err(Refusal::Field { field: "tries", code: "tries_limit" }));
    let refused = give_tries(table.rules(), &table.fold, "acc", ("b1", "portal-db"), 1, "why");
    assert_eq!(refused, Err(Refusal::Field { field: "team", code: "tries_team" }));
    let entries = give_tries(table.rules(), &table.fold, "acc", at, 2, "平台故障").unwrap();
    table.apply(entries);
    assert_eq!(table.submit("r1", "portal-db", &wrong), Ok(FlagOutcome::Wrong { left: 1 }));
    assert!(table.submit("r1", "portal-db", &right).is_ok());
}

/// Injection costs blue 100 points; nobody who reports or repairs it wins back more than 80.
fn with_cost(extra: &str) -> Table {
    let stealth = "window: 40m }";
    Table::of(
        1,
        &changed(&[
            (INJECTION, &format!("{INJECTION}    cost: 100\n")),
            (stealth, &format!("window: 40m{extra} }}")),
        ]),
    )
}

fn settled(table: &mut Table, ending: bool) -> usize {
    let entries = settle(table.rules(), &table.fold, table.now, ending);
    table.apply(entries)
}

#[test]
fn blue_wins_back_at_most_the_share_of_what_an_incident_cost() {
    let mut table = with_cost("");
    table.act("search-injection", "e1");
    assert_eq!(settled(&mut table, false), 0, "no oracle while it could still be reported");
    table.now += 60_000;
    assert_eq!(table.file("www", "T1190", &["e1"]), (80, "report.capped".into()));
    assert_eq!(settled(&mut table, false), 1);
    assert_eq!(settled(&mut table, true), 0, "once");
    assert_eq!(table.points("b1"), -20);
    let entries = repair(table.rules(), &table.fold, "b1", "s2", "q1", "fix-search").unwrap();
    table.apply(entries);
    let entries = retested(table.rules(), &table.fold, "b1", "fix-search", AttackState::Fails, Some(true));
    table.apply(entries);
    let last = table.fold.team("b1").unwrap().last.clone().unwrap().0;
    assert_eq!((table.points("b1"), last.rule.as_str()), (-20, "incident.found"), "nothing more to win back");
    let state = &table.fold.repairs[&("b1".to_owned(), "fix-search".to_owned())];
    assert_eq!((state.points, state.reason.as_ref().unwrap().rule.as_str()), (0, "repair.capped"));
}

#[test]
fn a_hole_closed_before_anything_happened_pays_in_full() {
    let mut table = with_cost("");
    let entries = repair(table.rules(), &table.fold, "b1", "s2", "q1", "fix-search").unwrap();
    table.apply(entries);
    let entries = retested(table.rules(), &table.fold, "b1", "fix-search", AttackState::Fails, Some(true));
    table.apply(entries);
    let points = table.scenario.repairs[0].points;
    assert_eq!(table.points("b1"), points);
}

#[test]
fn who_is_not_found_within_the_window_is_rewarded_once_and_a_cut_window_earns_nothing() {
    let mut table = with_cost(", stealth: 60");
    table.act("search-injection", "e1");
    table.now += 40 * 60_000;
    assert_eq!(settled(&mut table, false), 0, "the window's last moment still counts");
    let mut cut = table.fold.clone();
    let entries = settle(table.rules(), &cut, table.now, true);
    for (actor, body) in entries {
        cut.apply(&Entry { seq: cut.seq + 1, at_ms: table.now, actor, body });
    }
    assert_eq!((cut.team("r1").unwrap().points, cut.team("b1").unwrap().points), (0, -100), "cut off");
    table.now += 1;
    assert_eq!(settled(&mut table, false), 2);
    assert_eq!((table.points("r1"), table.points("b1")), (60, -100));
    let missed = table.fold.team("b1").unwrap().last.clone().unwrap().0;
    assert_eq!(missed.rule, "incident.missed");
    assert!(!missed.args.values().any(|value| value == "search-injection"), "{missed:?}");
    assert_eq!(settled(&mut table, true), 0);

    let mut table = with_cost(", stealth: 60");
    table.act("search-injection", "e1");
    table.now += 60_000;
    let form = ReportForm {
        host: "www".into(),
        technique: "T1190".into(),
        seen_ms: table.now,
        cited: vec!["e1".into()],
        text: "t".into(),
    };
    let entries = report(table.rules(), &table.fold, "b1", "s2", "n1", &form, table.now).unwrap();
    table.apply(entries);
    table.now += 60 * 60_000;
    assert_eq!(settled(&mut table, false), 1, "the cost; the reward waits for the judgement");
    let entries = judge(table.rules(), &table.fold, &table.labels, "n1");
    table.apply(entries);
    assert_eq!(settled(&mut table, true), 0);
    assert_eq!(table.points("r1"), 0);
}

#[test]
fn a_penalty_and_its_undoing_are_entries_and_cancel_exactly() {
    let mut table = Table::new(2);
    take(&mut table, "r1");
    for points in [0, 10_001] {
        assert!(penalise(&table.fold, "acc", "r1", points, "why").is_err());
    }
    table.now += 1;
    let entries = penalise(&table.fold, "acc", "r1", 30, "離開靶場").unwrap();
    table.apply(entries);
    let seq = table.fold.seq;
    assert_eq!(table.points("r1"), 70);
    assert_eq!(lift(&table.fold, "acc", 3, "why"), Err(Refusal::NotFound));
    let entries = lift(&table.fold, "acc", seq, "誤會").unwrap();
    table.apply(entries);
    let team = table.fold.team("r1").unwrap();
    assert_eq!((team.points, team.parts[&Component::Penalties]), (100, 0));
    assert_eq!(lift(&table.fold, "acc", seq, "again"), Err(Refusal::AlreadySo));
}

const MARKED: &str = "  tolerance: 15m             # how far the reported time may lie from the act\n";

fn with_marks() -> Table {
    let criteria = format!(
        "{MARKED}  points: 50\n  criteria:\n    - {{ id: facts, title: {{ zh-TW: 事實, en: Facts }}, points: 30 }}\n    - {{ id: impact, title: {{ zh-TW: 影響, en: Impact }}, points: 10 }}\n"
    );
    Table::of(1, &changed(&[(MARKED, &criteria)]))
}

fn marks(table: &mut Table, report: &str, facts: i64, impact: i64) -> Result<usize, Refusal> {
    let marks = BTreeMap::from([("facts".to_owned(), facts), ("impact".to_owned(), impact)]);
    let form = MarkForm { report: report.into(), marks, text: "說明".into() };
    let entries = mark(table.rules(), &table.fold, "acc", &form)?;
    Ok(table.apply(entries))
}

#[test]
fn marks_count_when_they_are_released_up_to_the_most_and_marking_anew_is_a_difference() {
    let mut table = with_marks();
    table.act("search-injection", "e1");
    table.file("www", "T1190", &["e1"]);
    table.file("www", "T1595", &["e2"]);
    let ids: Vec<String> = table.fold.reports.iter().map(|filed| filed.report.clone()).collect();
    let before = table.points("b1");
    assert_eq!(marks(&mut table, &ids[0], 31, 0), Err(Refusal::Field { field: "marks", code: "mark_range" }));
    marks(&mut table, &ids[0], 30, 5).unwrap();
    marks(&mut table, &ids[1], 20, 10).unwrap();
    assert_eq!(table.points("b1"), before, "not before the release");
    let feed = table.fold.feed.len();
    let entries = release(table.rules(), &table.fold, "acc").unwrap();
    assert_eq!(table.apply(entries), 2);
    assert_eq!(table.points("b1") - before, 50, "35 and 15 of 30: the most is 50");
    assert_eq!(table.fold.feed.len(), feed + 2);
    assert_eq!(release(table.rules(), &table.fold, "acc"), Err(Refusal::AlreadySo));
    marks(&mut table, &ids[0], 10, 0).unwrap();
    let entries = release(table.rules(), &table.fold, "acc").unwrap();
    table.apply(entries);
    assert_eq!(table.points("b1") - before, 40, "10, and the other is given what the most had cut");
    let last = table.fold.team("b1").unwrap().last.clone().unwrap();
    assert_eq!((last.0.rule.as_str(), last.1), ("report.room", 15));
    assert_eq!(table.fold.team("b1").unwrap().parts[&Component::Reports], 40);
    // And back: who has something keeps it, the most stands.
    marks(&mut table, &ids[0], 30, 10).unwrap();
    let entries = release(table.rules(), &table.fold, "acc").unwrap();
    assert_eq!(table.apply(entries), 1);
    let scored = &table.fold.desk.scored;
    assert_eq!((scored[&ids[0]].points, scored[&ids[1]].points), (20, 30));
    let shown = table.fold.ranks(Side::Blue, Audience::Public)[0].last.clone().unwrap();
    assert_eq!(shown.rule, "report.marked");
}

fn says(table: &mut Table, check: &str, state: HealthState) {
    let entries = health(table.rules(), &table.fold, 1, check, state, "", table.now);
    table.apply(entries);
}

fn form(table: &Table, from_min: i64, to_min: i64, check: Option<&str>) -> VoidForm {
    let start = table.fold.clock.started_ms.unwrap();
    VoidForm {
        range: Some(1),
        check: check.map(str::to_owned),
        from_ms: start + from_min * 60_000,
        to_ms: start + to_min * 60_000,
        text: "檢查腳本故障".into(),
    }
}

#[test]
fn a_broken_check_is_void_between_two_times_and_undoing_brings_back_what_was() {
    let mut table = Table::new(1);
    says(&mut table, "portal-search", HealthState::Up);
    says(&mut table, "doc-exchange", HealthState::Up);
    table.now += 10 * 60_000;
    says(&mut table, "portal-search", HealthState::Down);
    table.now += 20 * 60_000;
    says(&mut table, "portal-search", HealthState::Up);
    table.now += 6 * 60_000;
    let entries = availability(table.rules(), &table.fold, "b1", table.now);
    table.apply(entries);
    let (points, booked) = (table.points("b1"), table.fold.booked["b1"]);
    assert_eq!(points, 400 * 36 * (36 * 3 - 40) / (90 * 36 * 3));
    for (wrong, code) in [
        (form(&table, 20, 10, None), "void_empty"),
        (form(&table, -20, -10, None), "void_empty"),
        (form(&table, 10, 37, None), "void_future"),
        (form(&table, 10, 12, Some("nothing")), "void_check"),
        (VoidForm { range: Some(9), ..form(&table, 10, 12, None) }, "void_range"),
    ] {
        match void(table.rules(), &table.fold, "acc", "v", &wrong, table.now) {
            Err(Refusal::Field { code: said, .. }) => assert_eq!(said, code),
            other => panic!("{code}: {other:?}"),
        }
    }
    let right = form(&table, 10, 30, Some("portal-search"));
    let entries = void(table.rules(), &table.fold, "acc", "v1", &right, table.now).unwrap();
    table.apply(entries);
    assert_eq!(table.points("b1"), 400 * 36 / 90, "as if it had not been looked at");
    // What lies within another void counts once.
    let inside = form(&table, 12, 20, None);
    let entries = void(table.rules(), &table.fold, "acc", "v2", &inside, table.now).unwrap();
    table.apply(entries);
    assert_eq!(table.points("b1"), 160);
    let entries = unvoid(table.rules(), &table.fold, "acc", "v1", "並無故障", table.now).unwrap();
    table.apply(entries);
    let entries = unvoid(table.rules(), &table.fold, "acc", "v2", "並無故障", table.now).unwrap();
    table.apply(entries);
    assert_eq!((table.points("b1"), table.fold.booked["b1"]), (points, booked));
    assert_eq!(unvoid(table.rules(), &table.fold, "acc", "v1", "x", table.now), Err(Refusal::AlreadySo));
    // And the booking goes on from there.
    table.now += 54 * 60_000;
    let entries = availability(table.rules(), &table.fold, "b1", table.now);
    table.apply(entries);
    assert_eq!(table.points("b1"), 400 * (90 * 3 - 40) / (90 * 3));
}

#[test]
fn a_new_run_counts_in_place_of_the_old_one_and_can_be_undone() {
    let mut table = Table::new(2);
    take(&mut table, "r1");
    take(&mut table, "r2");
    let new = NewRun { run: "S115-02".into(), position: 44, points: (250, 610) };
    assert_eq!(rematch(&table.fold, "acc", "m1", 1, &new, "why"), Err(Refusal::NotOver));
    table.turn(Status::Ended);
    assert!(rematch(&table.fold, "acc", "m1", 7, &new, "why").is_err());
    let entries = rematch(&table.fold, "acc", "m1", 1, &new, "靶場中斷").unwrap();
    assert_eq!(table.apply(entries), 4);
    assert_eq!((table.points("r1"), table.points("b1"), table.points("r2")), (250, 610, 100));
    let own = table.fold.team("r1").unwrap();
    assert_eq!(own.parts[&Component::Objectives], 100, "the old run stays readable");
    assert_eq!(rematch(&table.fold, "acc", "m2", 1, &new, "why"), Err(Refusal::AlreadySo));
    let entries = undo_rematch(&table.fold, "acc", "m1", "誤選").unwrap();
    table.apply(entries);
    assert_eq!((table.points("r1"), table.points("b1")), (100, 0));
    assert!(rematch(&table.fold, "acc", "m2", 1, &new, "why").is_ok());
}

#[test]
fn the_shipped_scenario_shares_its_total_by_the_default_weights() {
    let scenario = parse("s", SOURCE).unwrap();
    assert_eq!(scenario.blue_parts(), [400, 300, 200, 100]);
    assert_eq!(scenario.max_points(Side::Blue), 1000);
}

#[test]
fn a_total_is_shared_by_weights_to_the_last_point() {
    assert_eq!(share(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(share(7, &[40, 30, 20, 10]), [3, 2, 1, 1]);
    assert_eq!(share(5, &[0, 0]), [0, 0]);
    let criteria = format!(
        "{MARKED}  criteria:\n    - {{ id: facts, title: {{ zh-TW: 事實, en: Facts }}, points: 30 }}\n"
    );
    let availability = "  availability: 400          # points for a full run without outage\n";
    let weighted = |scoring: &str, criteria: &str| {
        parse("s", &changed(&[(MARKED, criteria), (availability, scoring)])).unwrap()
    };
    let scenario = weighted("  blue: 999\n", &criteria);
    assert_eq!(scenario.blue_parts(), [399, 300, 200, 100]);
    assert_eq!(scenario.max_points(Side::Blue), 999);
    // Nothing to earn by marks: the other three share it.
    assert_eq!(weighted("  blue: 900\n", MARKED).blue_parts(), [400, 300, 200, 0]);
    let own = weighted("  blue: 1000\n  weights: { detection: 60, availability: 20 }\n", &criteria);
    assert_eq!(own.blue_parts(), [182, 545, 182, 91]);
}
