//! The vocabulary is a format: these lines were written by version 1 and must be read for ever.

use scoreboard::{Entry, Fold, Side, Status};

const GOLDEN: &str = include_str!("golden-v1.jsonl");

#[test]
fn every_line_of_version_1_reads_and_writes_back_unchanged() {
    for (number, line) in GOLDEN.lines().enumerate() {
        let entry: Entry = serde_json::from_str(line).unwrap_or_else(|e| panic!("line {}: {e}", number + 1));
        assert_eq!(serde_json::to_string(&entry).unwrap(), line, "line {}", number + 1);
        assert_eq!(entry.seq, number as u64 + 1);
    }
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
