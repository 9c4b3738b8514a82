//! The watch over the ledgers: what it signs, and what it finds.

use rampart_domain::ledger::CheckpointKey;
use scoreboard::{Reason, Status};

use crate::house::House;

#[tokio::test]
async fn positions_are_signed_and_a_whole_ledger_raises_nothing() {
    let mut house = House::new().await;
    let (exercise, account) = house.running().await;
    house.clock.advance(600_000);
    assert!(house.app.check_ledgers().await.is_empty());
    let signed = house.app.store.ledger().checkpoints(&exercise).await.unwrap();
    // The stop before the exercise was set going signed its first entries; ten minutes later the next ones are due.
    assert_eq!(signed.len(), 2);
    let last = signed.last().unwrap();
    let before = last.seq;
    assert!(before >= 8, "{signed:?}");
    let rows = house.ledger_rows(&exercise).await;
    let hashes: Vec<&str> = rows.iter().map(|row| row.hash.as_str()).collect();
    last.fits(&exercise, &hashes).unwrap();
    assert_eq!(last.key, CheckpointKey::new(&[7; 32]).public());
    let live = house.app.exercise(&exercise).unwrap();
    live.turn(&account, Status::Paused).await.unwrap();
    assert!(house.app.check_ledgers().await.is_empty());
    let after = house.ledger(&exercise).await.len() as u64;
    let signed = house.app.store.ledger().checkpoints(&exercise).await.unwrap();
    assert!(after > before);
    assert_eq!(signed.last().unwrap().seq, after, "a pause is signed at once");
    house.app.check_ledgers().await;
    assert_eq!(
        house.app.store.ledger().checkpoints(&exercise).await.unwrap(),
        signed,
        "nothing new, nothing signed"
    );
}

#[tokio::test]
async fn a_change_while_the_server_runs_is_an_alarm_until_it_is_put_right() {
    let mut house = House::new().await;
    let (exercise, _) = house.running().await;
    assert!(house.app.check_ledgers().await.is_empty());
    house.sql("UPDATE ledger SET text = text || ' ' WHERE seq = 3").await;
    let alarms = house.app.check_ledgers().await;
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].exercise, exercise);
    assert_eq!(alarms[0].code, "S115-01");
    assert!(alarms[0].reason.rule.starts_with("shut."), "{:?}", alarms[0].reason);
    assert_eq!(house.app.check_ledgers().await, alarms, "told once, kept");
    house.sql("UPDATE ledger SET text = rtrim(text) WHERE seq = 3").await;
    assert!(house.app.check_ledgers().await.is_empty());
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_at_once_and_after_a_restart() {
    let mut house = House::new().await;
    let (exercise, _) = house.running().await;
    house.clock.advance(600_000);
    house.app.check_ledgers().await;
    let signed = house.app.store.ledger().checkpoints(&exercise).await.unwrap().last().unwrap().seq;
    house.sql(&format!("DELETE FROM ledger WHERE seq >= {signed}")).await;
    let alarms = house.app.check_ledgers().await;
    assert_eq!(alarms.iter().map(|alarm| alarm.reason.rule.as_str()).collect::<Vec<_>>(), ["shut.cut_off"]);
    // The chain that is left is whole; only the signature tells.
    house.reopen().await;
    let shut = house.app.shut();
    let wanted =
        Reason::new("shut.cut_off", [("seq", signed.to_string()), ("found", (signed - 1).to_string())]);
    assert_eq!(shut.iter().map(|shut| &shut.reason).collect::<Vec<_>>(), [&wanted]);
}

#[tokio::test]
async fn a_ledger_computed_anew_is_found_by_its_signatures() {
    let mut house = House::new().await;
    let (exercise, _) = house.running().await;
    house.app.check_ledgers().await;
    house.app.stop().await;
    // Somebody who can write the table makes a chain of his own.
    let rows = house.ledger_rows(&exercise).await;
    let mut prev = rampart_domain::ledger::FIRST.to_owned();
    for row in &rows {
        let mut entry: scoreboard::Entry = serde_json::from_str(&row.text).unwrap();
        entry.at_ms += 1;
        let sealed = rampart_domain::ledger::seal(&prev, entry).unwrap();
        house
            .sql(&format!(
                "UPDATE ledger SET text = '{}', prev = '{}', hash = '{}' WHERE seq = {}",
                sealed.text.replace('\'', "''"),
                sealed.prev,
                sealed.hash,
                row.seq
            ))
            .await;
        prev = sealed.hash;
    }
    house.reopen().await;
    let shut = house.app.shut();
    assert_eq!(shut.len(), 1);
    assert_eq!(shut[0].reason.rule, "shut.rewritten");
}
