use rampart_store::{NewRecording, RecordingState, Seal, StoreError};

use crate::bed::{Bed, NOW, on_both, with_seat};

on_both!(a_seal_is_set_once_and_stays, what_is_open_is_found_and_not_deleted);

fn new<'r>(id: &'r str, exercise_id: &'r str, at_ms: i64) -> NewRecording<'r> {
    NewRecording { id, exercise_id, seat_id: "s1", person_id: "p1", team: "red-1", seat_no: 1, at_ms }
}

fn seal(at_ms: i64, state: RecordingState) -> Seal {
    Seal { at_ms, length_ms: 90_000, bytes: 5_000_000_000, sha256: "ab".repeat(32), skipped: 7, state }
}

async fn a_seal_is_set_once_and_stays(bed: Bed) {
    with_seat(&bed.store).await;
    let recordings = bed.store.recordings();
    recordings.begin(&new("r1", "e1", NOW)).await.unwrap();
    assert!(matches!(recordings.begin(&new("r1", "e1", NOW)).await, Err(StoreError::Duplicate { .. })));
    assert!(matches!(recordings.begin(&new("r2", "e9", NOW)).await, Err(StoreError::Missing { .. })));

    assert!(recordings.seal("r1", &seal(NOW + 5, RecordingState::Cut)).await.unwrap());
    let other = Seal { sha256: "cd".repeat(32), ..seal(NOW + 6, RecordingState::Whole) };
    assert!(!recordings.seal("r1", &other).await.unwrap(), "a seal was changed");
    assert!(!recordings.seal("r9", &other).await.unwrap());
    let one = recordings.by_id("r1").await.unwrap().unwrap();
    assert_eq!((one.state, one.bytes, one.skipped), (RecordingState::Cut, Some(5_000_000_000), 7));
    assert_eq!((one.sha256, one.ended_ms), (Some("ab".repeat(32)), Some(NOW + 5)));
    assert_eq!((one.person.as_str(), one.team.as_str(), one.seat_no), ("王小明", "red-1", 1));

    assert!(recordings.remove("r1", NOW + 9).await.unwrap());
    assert!(!recordings.remove("r1", NOW + 10).await.unwrap());
    let gone = recordings.by_id("r1").await.unwrap().unwrap();
    assert_eq!((gone.removed_ms, gone.sha256), (Some(NOW + 9), Some("ab".repeat(32))), "the seal stays");
}

async fn what_is_open_is_found_and_not_deleted(bed: Bed) {
    with_seat(&bed.store).await;
    let recordings = bed.store.recordings();
    for (id, at_ms) in [("r1", NOW), ("r2", NOW + 1), ("r3", NOW + 2)] {
        recordings.begin(&new(id, "e1", at_ms)).await.unwrap();
    }
    recordings.seal("r1", &seal(NOW + 10, RecordingState::Whole)).await.unwrap();
    recordings.seal("r2", &seal(NOW + 20, RecordingState::Broken)).await.unwrap();
    let ids = |list: Vec<rampart_store::Recording>| list.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(recordings.open().await.unwrap()), ["r3"]);
    assert_eq!(ids(recordings.list("e1").await.unwrap()), ["r3", "r2", "r1"]);
    assert!(!recordings.remove("r3", NOW + 30).await.unwrap(), "an open recording was deleted");
    assert_eq!(ids(recordings.older(NOW + 20).await.unwrap()), ["r1"]);
    recordings.remove("r1", NOW + 30).await.unwrap();
    assert_eq!(ids(recordings.older(NOW + 21).await.unwrap()), ["r2"]);
}
