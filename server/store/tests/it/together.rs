//! Everybody at once.

use std::time::Instant;

use rampart_store::{AuditLine, NewSession, StoredEvent, Touch};

use crate::bed::{Bed, NOW, chain, next, on_both, person, with_exercises, with_seat};

on_both!(
    eight_kinds_of_writers_do_not_hinder_each_other,
    a_caller_that_gives_up_leaves_nothing_half_done,
    appends_of_many_callers_share_commits,
);

async fn eight_kinds_of_writers_do_not_hinder_each_other(bed: Bed) {
    with_seat(&bed.store).await;
    const ROUNDS: i64 = 40;
    let mut tasks = tokio::task::JoinSet::new();
    for kind in 0..8 {
        let store = bed.store.clone();
        tasks.spawn(async move {
            let mut last = None;
            for round in 0..ROUNDS {
                let id = format!("{kind}-{round}");
                match kind {
                    0 => {
                        let entry = next(last.as_ref(), &id);
                        store.ledger().append("e1", vec![entry.clone()]).await.unwrap();
                        last = Some(entry);
                    }
                    1 => {
                        let touch = Touch { seat_id: "s1".into(), at_ms: NOW + round, new_id: id };
                        assert_eq!(store.presence().touch(&[touch], 60_000).await.unwrap(), 1);
                    }
                    2 => {
                        let people: Vec<_> =
                            (0..100).map(|n| person(&format!("{round}-{n}"), "學員")).collect();
                        assert_eq!(store.persons().import(&people, NOW).await.unwrap().added, 100);
                    }
                    3 => {
                        let events: Vec<_> = (0..100)
                            .map(|n| StoredEvent {
                                id: format!("{id}-{n}"),
                                exercise_id: "e1".into(),
                                range: 1,
                                at_ms: NOW,
                                host: "www".into(),
                                kind: "web".into(),
                                fields: "{}".into(),
                            })
                            .collect();
                        assert_eq!(store.events().append(&events, &[]).await.unwrap().len(), 100);
                    }
                    4 => {
                        let session = NewSession { id: &id, at_ms: NOW, expires_ms: NOW + 9 };
                        store.sessions().open_account(&session, "boss").await.unwrap();
                        assert!(
                            store.sessions().live(&id, NOW).await.unwrap().is_some(),
                            "read what was written"
                        );
                    }
                    5 => {
                        let line = AuditLine {
                            id,
                            at_ms: NOW,
                            account_id: None,
                            what: "x".into(),
                            detail: String::new(),
                        };
                        store.audit().add(&line).await.unwrap();
                    }
                    6 => {
                        store.seats().set_codes(&[("s1".into(), id.clone())]).await.unwrap();
                        assert!(store.seats().use_code(&id, NOW).await.unwrap().is_some());
                    }
                    _ => {
                        store.persons().list("學員", 50, 0).await.unwrap();
                        store.events().read("e1", 1, None, rampart_store::Page::Latest, 50).await.unwrap();
                    }
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(bed.store.ledger().read_all("e1").await.unwrap().len(), 40);
    assert_eq!(bed.store.persons().count("").await.unwrap(), 4001);
    assert_eq!(bed.store.audit().list(None, None, 100).await.unwrap().len(), 40);
}

/// A browser that goes away drops the work in the middle, at any of its waits.
async fn a_caller_that_gives_up_leaves_nothing_half_done(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let mut last = None;
    for round in 0..80 {
        let people: Vec<_> = (0..300).map(|n| person(&format!("{round}-{n}"), "學員")).collect();
        let store = bed.store.clone();
        let task = tokio::spawn(async move { store.persons().import(&people, NOW).await });
        tokio::time::sleep(std::time::Duration::from_micros(150 * round)).await;
        task.abort();
        let _ = task.await;
        let entry = next(last.as_ref(), "goes on");
        bed.store.ledger().append("e1", vec![entry.clone()]).await.unwrap();
        bed.store.settings().set("round", &round.to_string()).await.unwrap();
        assert_eq!(bed.store.persons().count("").await.unwrap() % 300, 0, "whole rosters only");
        last = Some(entry);
    }
    assert_eq!(bed.store.ledger().read_all("e1").await.unwrap().len(), 80);
}

/// Prints what this machine does; asserts only that everything arrived. Run with `--nocapture` to see it.
async fn appends_of_many_callers_share_commits(bed: Bed) {
    const CALLERS: usize = 64;
    const EACH: usize = 50;
    let ids: Vec<String> = (0..CALLERS).map(|number| format!("e{number}")).collect();
    with_exercises(&bed.store, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let entries = chain(None, EACH);
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for id in &ids {
        let (store, id, entries) = (bed.store.clone(), id.clone(), entries.clone());
        tasks.spawn(async move {
            for entry in entries {
                store.ledger().append(&id, vec![entry]).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    say(&format!(
        "{} appends of {CALLERS} callers: {:.0} a second ({})",
        CALLERS * EACH,
        (CALLERS * EACH) as f64 / seconds,
        if bed.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    ));
    for id in &ids {
        assert_eq!(bed.store.ledger().read_all(id).await.unwrap(), entries);
    }
}

#[expect(clippy::print_stdout, reason = "a figure for whoever asked for it")]
fn say(text: &str) {
    println!("{text}");
}
