use rampart_store::{Cursor, Page, StoreError, StoredEvent};

use crate::bed::{Bed, NOW, on_both, with_exercises};

on_both!(events_are_kept_once, pages_meet_without_gap, truth_stays_apart);

fn event(number: usize) -> StoredEvent {
    StoredEvent {
        id: format!("v{number:05}"),
        exercise_id: "e1".to_owned(),
        range: if number % 5 == 4 { 2 } else { 1 },
        // Three events to a millisecond.
        at_ms: NOW + i64::try_from(number / 3).unwrap(),
        host: if number.is_multiple_of(2) { "www" } else { "gateway" }.to_owned(),
        kind: "web".to_owned(),
        fields: format!("{{\"cs-uri\":\"/查詢?q={number}𠮷🙂\"}}"),
    }
}

async fn events_are_kept_once(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let events: Vec<_> = (0..2500).map(event).collect();
    let store = bed.store.events();
    assert_eq!(store.append(&events[..1700], &[]).await.unwrap().len(), 1700);
    let new = store.append(&events[1000..], &[]).await.unwrap();
    assert_eq!(new.len(), 800);
    assert!(new.contains("v01700") && !new.contains("v01699"));
    assert!(store.append(&events, &[]).await.unwrap().is_empty());
    assert!(store.append(&[], &[]).await.unwrap().is_empty());
    assert_eq!(store.last_ms("e1", 1, "www").await.unwrap(), Some(event(2498).at_ms));
    assert_eq!(store.last_ms("e1", 1, "doc").await.unwrap(), None);
    let ids = ["v00003".to_owned(), "v00001".to_owned(), "v00004".to_owned(), "none".to_owned()];
    assert_eq!(
        store.by_ids("e1", 1, &ids).await.unwrap(),
        [event(1), event(3)],
        "v00004 is of the other range"
    );
    assert!(store.by_ids("e2", 1, &ids).await.unwrap().is_empty());
    let mut foreign = event(9000);
    foreign.exercise_id = "e9".to_owned();
    let refused = store.append(&[event(9001), foreign], &[]).await;
    assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
    assert!(store.by_ids("e1", 1, &["v09001".to_owned()]).await.unwrap().is_empty());
}

async fn pages_meet_without_gap(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let events: Vec<_> = (0..50).map(event).collect();
    let store = bed.store.events();
    store.append(&events, &[]).await.unwrap();
    let mine: Vec<_> = events.iter().filter(|event| event.range == 1).cloned().collect();
    let mut back = store.read("e1", 1, None, Page::Latest, 7).await.unwrap();
    while let Some(last) = back.last().cloned() {
        let more = store.read("e1", 1, None, Page::Before(last.cursor()), 7).await.unwrap();
        if more.is_empty() {
            break;
        }
        back.extend(more);
    }
    back.reverse();
    assert_eq!(back, mine);
    let mut forth = Vec::new();
    let mut place = Some((0, String::new()));
    while let Some((at_ms, id)) = place.take() {
        let page = store.read("e1", 1, None, Page::After(Cursor { at_ms, id: &id }), 7).await.unwrap();
        place = page.last().map(|last| (last.at_ms, last.id.clone()));
        forth.extend(page);
    }
    assert_eq!(forth, mine);
    let www = store.read("e1", 1, Some("www"), Page::Latest, 100).await.unwrap();
    assert_eq!(www.len(), mine.iter().filter(|event| event.host == "www").count());
    assert!(www.iter().all(|event| event.host == "www"));
}

async fn truth_stays_apart(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let label = |event: &str, label: &str| (event.to_owned(), label.to_owned());
    let (store, judge) = (bed.store.events(), bed.store.as_judge());
    let labels = [label("v00001", "sqli"), label("v00001", "exfil"), label("v00002", "benign")];
    store.append(&[event(1), event(2), event(3)], &labels).await.unwrap();
    store.append(&[event(1), event(2), event(3)], &labels).await.unwrap();
    judge.label("e1", &[label("v00003", "sqli"), label("v00003", "sqli")]).await.unwrap();
    assert_eq!(
        judge.labels("e1").await.unwrap(),
        [
            label("v00001", "exfil"),
            label("v00001", "sqli"),
            label("v00002", "benign"),
            label("v00003", "sqli")
        ]
    );
    assert_eq!(
        judge.labels_of("e1", &["v00003".to_owned(), "v00002".to_owned(), "none".to_owned()]).await.unwrap(),
        [label("v00002", "benign"), label("v00003", "sqli")]
    );
    assert!(judge.labels("e2").await.unwrap().is_empty());
    let unknown = judge.label("e1", &[label("v00002", "late"), label("none", "sqli")]).await;
    assert!(matches!(unknown, Err(StoreError::Missing { .. })), "{unknown:?}");
    assert_eq!(judge.labels("e1").await.unwrap().len(), 4, "all or none");
    let seen = store.read("e1", 1, None, Page::Latest, 9).await.unwrap();
    assert!(!format!("{seen:?}").contains("sqli"));
}
