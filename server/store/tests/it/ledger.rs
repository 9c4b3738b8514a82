use std::time::Duration;

use futures_util::future::join_all;
use rampart_domain::ledger::{FIRST, seal, verify};
use rampart_store::{AppendError, StoreError};
use scoreboard::{Audience, Entry, Fold};

use crate::bed::{Bed, chain, next, on_both, with_exercises};

on_both!(
    what_was_appended_is_read_back_and_verifies,
    of_fifty_at_once_with_the_same_position_one_wins,
    a_bad_request_spoils_no_other,
    an_entry_that_another_process_wrote_is_noticed,
    gaps_and_forks_are_refused,
    a_full_queue_says_so_at_once,
    what_waits_at_the_close_is_written,
    an_unreadable_entry_names_its_place,
    readers_see_whole_ledgers_while_others_write,
    a_recorded_ledger_is_replayed_to_the_same_standings,
);

/// A ledger of every kind of entry, recorded once: what is read back of it gives the standings of the record, at each step
/// and for everybody; so both engines give the same.
async fn a_recorded_ledger_is_replayed_to_the_same_standings(bed: Bed) {
    let record = include_str!("../../../../scoreboard/tests/it/golden-v2.jsonl");
    let entries: Vec<Entry> = record
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 38);
    with_exercises(&bed.store, &["e1"]).await;
    let mut sealed = Vec::new();
    let mut last = FIRST.to_owned();
    for entry in &entries {
        let one = seal(&last, entry.clone()).unwrap();
        last.clone_from(&one.hash);
        sealed.push(one);
    }
    for part in sealed.chunks(7) {
        bed.store.ledger().append("e1", part.to_vec()).await.unwrap();
    }
    let (mut there, mut here, mut from) = (Fold::default(), Fold::default(), 0);
    loop {
        let part = bed.store.ledger().read("e1", from, 5).await.unwrap();
        let Some(end) = part.last() else { break };
        from = end.entry.seq;
        part.iter().for_each(|sealed| there.apply(&sealed.entry));
        entries.iter().filter(|entry| entry.seq <= from).for_each(|entry| here.apply(entry));
        for audience in [Audience::Public, Audience::Staff] {
            let told = |fold: &Fold| serde_json::to_string(&fold.board(audience)).unwrap();
            assert_eq!(told(&there), told(&here), "at {from}");
        }
        assert_eq!(there, here);
    }
    assert_eq!(there.seq, entries.len() as u64);
    // And its text is that of the record, byte for byte.
    let raw = bed.store.ledger().raw("e1").await.unwrap();
    let lines: Vec<&str> = record.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(raw.iter().map(|row| row.text.as_str()).collect::<Vec<_>>(), lines);
}

async fn what_was_appended_is_read_back_and_verifies(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let ledger = bed.store.ledger();
    assert_eq!(ledger.head("e1").await.unwrap(), None);
    // More than one statement's rows, and a number that is no power of two.
    let entries = chain(None, 1300);
    ledger.append("e1", entries[..7].to_vec()).await.unwrap();
    ledger.append("e1", entries[7..].to_vec()).await.unwrap();
    ledger.append("e1", Vec::new()).await.unwrap();
    assert_eq!(ledger.read_all("e1").await.unwrap(), entries);
    assert_eq!(ledger.head("e1").await.unwrap(), Some((1300, entries[1299].hash.clone())));
    assert_eq!(ledger.read("e1", 1290, 5).await.unwrap(), entries[1290..1295]);
    let raw = ledger.raw("e1").await.unwrap();
    let read =
        verify(raw.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str()))).unwrap();
    assert_eq!(read.len(), 1300);
    let page = ledger.page("e1", &["status", "flag"], Some(1000), 3).await.unwrap();
    assert_eq!(page.iter().map(|row| row.entry.seq).collect::<Vec<_>>(), [999, 998, 997]);
    let some = ledger.at("e1", &[3, 1300, 9_999, 7]).await.unwrap();
    assert_eq!(some.iter().map(|row| row.entry.seq).collect::<Vec<_>>(), [1300, 7, 3]);
    assert!(ledger.at("e1", &[]).await.unwrap().is_empty());
    assert_eq!(ledger.page("e1", &[], None, 1).await.unwrap(), entries[1299..]);
    assert!(ledger.page("e1", &["flag"], None, 9).await.unwrap().is_empty());
    assert!(ledger.read_all("e2").await.unwrap().is_empty());
}

async fn of_fifty_at_once_with_the_same_position_one_wins(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let first = next(None, "first");
    bed.store.ledger().append("e1", vec![first.clone()]).await.unwrap();
    let second = next(Some(&first), "second");
    let tries = (0..50).map(|_| {
        let (store, second) = (bed.store.clone(), second.clone());
        tokio::spawn(async move { store.ledger().append("e1", vec![second]).await })
    });
    let answers: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let conflicts =
        answers.iter().filter(|answer| matches!(answer, Err(AppendError::Conflict { last: 2, found: 2 })));
    assert_eq!(conflicts.count(), 49);
    assert_eq!(bed.store.ledger().read_all("e1").await.unwrap(), [first, second]);
}

async fn a_bad_request_spoils_no_other(bed: Bed) {
    let ids: Vec<String> = (0..30).map(|number| format!("e{number:02}")).collect();
    with_exercises(&bed.store, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let tries = ids.iter().enumerate().map(|(number, id)| {
        let mut entries = chain(None, 3);
        if number % 10 == 5 {
            // Refused by the database, not by the chain: the common transaction fails.
            entries[2].text.push('\0');
        }
        let (store, id) = (bed.store.clone(), id.clone());
        tokio::spawn(async move { store.ledger().append(&id, entries).await })
    });
    let unknown = bed.store.ledger().append("nobody", chain(None, 1)).await;
    assert!(matches!(unknown, Err(AppendError::NoExercise)), "{unknown:?}");
    for (number, answer) in join_all(tries).await.into_iter().enumerate() {
        let answer = answer.unwrap();
        let stored = bed.store.ledger().read_all(&ids[number]).await.unwrap().len();
        if number % 10 == 5 {
            assert!(matches!(&answer, Err(AppendError::Failed(why)) if matches!(**why, StoreError::Nul)));
            assert_eq!(stored, 0, "all of a request or nothing");
        } else {
            answer.unwrap();
            assert_eq!(stored, 3);
        }
    }
}

async fn an_entry_that_another_process_wrote_is_noticed(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2", "e3"]).await;
    let first = next(None, "first");
    for id in ["e1", "e2", "e3"] {
        bed.store.ledger().append(id, vec![first.clone()]).await.unwrap();
    }
    let beside = bed.beside().await;
    beside
        .run("INSERT INTO ledger (exercise_id, seq, at_ms, kind, text, prev, hash) VALUES ('e2', 2, 0, '', '', '', 'h')")
        .await;
    // The writer still believes that e2 has one entry.
    let second = next(Some(&first), "second");
    let tries = ["e1", "e2", "e3"].map(|id| {
        let (store, second) = (bed.store.clone(), second.clone());
        tokio::spawn(async move { store.ledger().append(id, vec![second]).await })
    });
    let answers: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert!(matches!(answers[1], Err(AppendError::Conflict { last: 2, found: 2 })), "{answers:?}");
}

async fn gaps_and_forks_are_refused(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let entries = chain(None, 4);
    let ledger = bed.store.ledger();
    ledger.append("e1", entries[..2].to_vec()).await.unwrap();
    let gap = ledger.append("e1", entries[3..].to_vec()).await;
    assert!(matches!(gap, Err(AppendError::Conflict { last: 2, found: 4 })), "{gap:?}");
    let fork = ledger.append("e1", vec![next(Some(&next(Some(&entries[0]), "other")), "fork")]).await;
    assert!(matches!(fork, Err(AppendError::Conflict { last: 2, found: 3 })), "{fork:?}");
    let hole = ledger.append("e1", vec![entries[2].clone(), entries[2].clone()]).await;
    assert!(matches!(hole, Err(AppendError::Broken { seq: 3 })), "{hole:?}");
    ledger.append("e1", entries[2..].to_vec()).await.unwrap();
    assert_eq!(ledger.read_all("e1").await.unwrap(), entries);
}

/// Keeps the ledger from being written until it is dropped by `ROLLBACK`.
async fn hold(bed: &Bed) -> crate::bed::Beside {
    let beside = bed.beside().await;
    if bed.is_sqlite() {
        beside.run("BEGIN IMMEDIATE").await;
    } else {
        beside.run("BEGIN").await;
        beside.run("LOCK TABLE ledger IN EXCLUSIVE MODE").await;
    }
    beside
}

async fn a_full_queue_says_so_at_once(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let held = hold(&bed).await;
    let entry = next(None, "x");
    let tries: Vec<_> = (0..9000)
        .map(|_| {
            let (store, entry) = (bed.store.clone(), entry.clone());
            tokio::spawn(async move { store.ledger().append("e1", vec![entry]).await })
        })
        .collect();
    tokio::time::timeout(Duration::from_secs(60), async {
        while !tries.iter().any(|task| task.is_finished()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    held.run("ROLLBACK").await;
    let answers: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let busy = answers.iter().filter(|answer| matches!(answer, Err(AppendError::Busy))).count();
    let won = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(busy > 0 && won == 1, "{busy} busy, {won} written");
}

async fn what_waits_at_the_close_is_written(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2", "e3"]).await;
    let held = hold(&bed).await;
    let tries: Vec<_> = ["e1", "e2", "e3"]
        .into_iter()
        .map(|id| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.ledger().append(id, chain(None, 2)).await })
        })
        .collect();
    // Time to come to the queue.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let closing = tokio::spawn({
        let store = bed.store.clone();
        async move { store.close().await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    held.run("ROLLBACK").await;
    closing.await.unwrap();
    for answer in join_all(tries).await {
        answer.unwrap().unwrap();
    }
    let late = bed.store.ledger().append("e1", chain(None, 1)).await;
    assert!(matches!(late, Err(AppendError::Closed)), "{late:?}");
    let again = rampart_store::Store::open(&bed.url).await.unwrap();
    for id in ["e1", "e2", "e3"] {
        assert_eq!(again.ledger().read_all(id).await.unwrap(), chain(None, 2));
    }
    again.close().await;
}

async fn an_unreadable_entry_names_its_place(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    bed.store.ledger().append("e1", chain(None, 3)).await.unwrap();
    bed.beside().await.run("UPDATE ledger SET text = '{\"seq\":2' WHERE seq = 2").await;
    match bed.store.ledger().read_all("e1").await {
        Err(StoreError::Inconsistent { table, column, id, .. }) => {
            assert_eq!((table, column.as_str(), id.as_str()), ("ledger", "text", "e1/2"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bed.store.ledger().raw("e1").await.unwrap().len(), 3, "the check of the chain still gets it");
}

async fn readers_see_whole_ledgers_while_others_write(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let entries = chain(None, 600);
    let writing = tokio::spawn({
        let (store, entries) = (bed.store.clone(), entries.clone());
        async move {
            for piece in entries.chunks(3) {
                store.ledger().append("e1", piece.to_vec()).await.unwrap();
            }
        }
    });
    let mut seen = 0;
    while !writing.is_finished() {
        let rows = bed.store.ledger().read_all("e1").await.unwrap();
        assert!(rows.len() >= seen && rows.len() % 3 == 0, "whole requests, never fewer than before");
        assert_eq!(rows, entries[..rows.len()]);
        seen = rows.len();
    }
    writing.await.unwrap();
    assert_eq!(bed.store.ledger().read_all("e1").await.unwrap(), entries);
}
