//! An answer means durable: a process that is killed while it appends has lost nothing that it was told is written.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use rampart_domain::ledger::verify;
use rampart_store::Store;

use crate::bed::{next, with_exercises};

const CHILD: &str = "RAMPART_TEST_KILL";

/// Not a test by itself: the process that [`what_was_answered_survives_a_kill`] starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_appends_until_it_is_killed() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let store = Store::open(&url).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for id in ["e1", "e2", "e3", "e4"] {
        let store = store.clone();
        tasks.spawn(async move {
            let mut last = None;
            loop {
                let entry = next(last.as_ref(), "entry");
                store.ledger().append(id, vec![entry.clone()]).await.unwrap();
                writeln!(std::io::stdout(), "#{id} {}", entry.entry.seq).unwrap();
                last = Some(entry);
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/t.db", dir.path().display());
    let ids = ["e1", "e2", "e3", "e4"];
    let store = Store::open(&url).await.unwrap();
    with_exercises(&store, &ids).await;
    store.close().await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_appends_until_it_is_killed", "--nocapture"])
        .env(CHILD, &url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut answered = std::collections::HashMap::new();
    let mut answers = 0;
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        // The last line may be cut by the kill.
        let Some((id, seq)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else { continue };
        let Ok(seq) = seq.parse::<usize>() else { continue };
        answered.insert(id.to_owned(), seq);
        answers += 1;
        if answers == 500 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(answers >= 500, "{answers}");
    let store = Store::open(&url).await.unwrap();
    for id in ids {
        let rows = store.ledger().raw(id).await.unwrap();
        verify(rows.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str()))).unwrap();
        assert!(rows.len() >= answered[id], "{id}: {} stored, {} answered", rows.len(), answered[id]);
    }
    store.close().await;
}
