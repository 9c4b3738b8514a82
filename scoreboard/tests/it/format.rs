//! The vocabulary is a format: these lines were written by versions 1 and 2 and must be read for ever.

use scoreboard::{Component, Entry, Fold, Side, Status};

const GOLDEN: &str = include_str!("golden-v1.jsonl");
const GOLDEN_2: &str = include_str!("golden-v2.jsonl");

#[test]
fn every_line_of_every_version_reads_and_writes_back_unchanged() {
    for golden in [GOLDEN, GOLDEN_2] {
        for (number, line) in golden.lines().enumerate() {
            let entry: Entry =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("line {}: {e}", number + 1));
            assert_eq!(serde_json::to_string(&entry).unwrap(), line, "line {}", number + 1);
            assert_eq!(entry.seq, number as u64 + 1);
        }
    }
}

#[test]
fn version_2_holds_the_kinds_that_came_with_it_and_folds_to_known_figures() {
    let entries: Vec<Entry> = GOLDEN_2.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.body.kind()).collect();
    for kind in [
        "bonus",
        "incident",
        "lost_time",
        "marked",
        "node_back",
        "node_lost",
        "penalty",
        "penalty_lifted",
        "rebuild",
        "rebuilt",
        "rematch",
        "report_scored",
        "tries_given",
        "void_undone",
        "voided",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
    let fold = Fold::of(&entries);
    let red = fold.team("r1").unwrap();
    assert_eq!(red.points, 75 + 20 + 60);
    assert_eq!(red.parts[&Component::Bonuses], 80);
    assert_eq!((red.parts[&Component::Penalties], red.parts[&Component::Rematch]), (0, 0));
    let blue = fold.team("b1").unwrap();
    assert_eq!(blue.points, 80 - 100 + 40 + 4);
    assert_eq!(blue.parts[&Component::Reports], 40);
    assert_eq!(fold.booked["b1"], (60_000, 120_000, 120_000));
    // What the old run gave stays readable beside the new run's points.
    let rematch = &fold.desk.rematches[0];
    assert_eq!(rematch.teams, [("r1".to_owned(), 155, 300), ("b1".to_owned(), 24, 500)]);
    assert!(rematch.undone.is_some());
    assert_eq!(fold.desk.voids.iter().map(|void| void.undone.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(fold.desk.tries[&("r1".to_owned(), "www-file".to_owned())], 5);
    assert!(!fold.desk.is_unreleased("n1"));
    assert_eq!(
        fold.outages.iter().map(|outage| (outage.epoch, outage.over_ms)).collect::<Vec<_>>(),
        [(3, Some(1_092_000)), (3, Some(1_096_000))]
    );
    assert_eq!(fold.outages[1].taken_out_ms, Some(1_094_000));
    // Halfway, the new run counts.
    let half = Fold::of(entries.iter().take(30));
    assert_eq!((half.team("r1").unwrap().points, half.team("b1").unwrap().points), (300, 500));
}

#[test]
fn the_golden_ledger_holds_every_kind_and_folds_to_known_figures() {
    let entries: Vec<Entry> = GOLDEN.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.body.kind()).collect();
    let all = [
        "action",
        "availability",
        "contest",
        "correction",
        "created",
        "disqualified",
        "flag",
        "freeze",
        "health",
        "hint",
        "judged",
        "repair",
        "report",
        "reset",
        "reset_done",
        "retested",
        "ruled",
        "seat",
        "status",
        "team",
        "walls",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    let fold = Fold::of(&entries);
    assert_eq!(fold.status, Status::Cleared);
    assert_eq!(fold.team("r1").unwrap().points, 80 + 20);
    assert_eq!(fold.team("b1").unwrap().points, 120 + 7 + 150 - 15 - 30 - 7 + 3);
    assert_eq!(fold.team_of(1, Side::Blue).unwrap().id, "b1");
    // 10 s ran, 20 s paused, 30 s ran.
    assert_eq!(fold.clock.banked_ms, 40_000);
    assert_eq!(fold.pauses, vec![(1_010_000, Some(1_030_000))]);
    assert_eq!(fold.ended_ms, Some(1_060_000));
    assert_eq!(fold.alerts.len(), 1);
    assert_eq!(
        fold.resets.iter().map(|reset| reset.over).collect::<Vec<_>>(),
        [Some((1_090_000, true)), Some((1_091_000, false))]
    );
}
