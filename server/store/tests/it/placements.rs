use rampart_store::StoreError;

use crate::bed::{Bed, NOW, on_both, with_exercises};

on_both!(epochs_only_rise_and_what_has_left_is_not_open, placements_at_once_get_epochs_of_their_own);

async fn epochs_only_rise_and_what_has_left_is_not_open(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let placements = bed.store.placements();
    placements.adopt("e1", "local", NOW).await.unwrap();
    placements.adopt("e1", "other", NOW).await.unwrap();
    assert_eq!(placements.place("e1", "a", (7 << 30, 5), NOW + 1).await.unwrap(), 1);
    assert_eq!(placements.place("e2", "a", (1, 2), NOW + 2).await.unwrap(), 1);
    placements.left("e1", 1, NOW + 3).await.unwrap();
    placements.left("e1", 1, NOW + 9).await.unwrap();
    assert_eq!(
        placements.place("e1", "b", (7 << 30, 5), NOW + 4).await.unwrap(),
        2,
        "never an old one again"
    );
    let open: Vec<_> = placements
        .open()
        .await
        .unwrap()
        .into_iter()
        .map(|one| (one.exercise_id, one.epoch, one.node))
        .collect();
    let row = |exercise: &str, epoch, node: &str| (exercise.to_owned(), epoch, node.to_owned());
    assert_eq!(open, [row("e1", 0, "local"), row("e1", 2, "b"), row("e2", 1, "a")]);
    let all = placements.of("e1").await.unwrap();
    assert_eq!(all[1].left_ms, Some(NOW + 3));
    assert_eq!((all[1].memory, all[1].disk, all[1].placed_ms), (7 << 30, 5, NOW + 1));
    let none = placements.place("none", "a", (0, 0), NOW).await;
    assert!(matches!(none, Err(StoreError::Missing { .. })), "{none:?}");
}

async fn placements_at_once_get_epochs_of_their_own(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let tries = (0..6).map(|_| {
        let store = bed.store.clone();
        tokio::spawn(async move { store.placements().place("e1", "a", (0, 0), NOW).await.unwrap() })
    });
    let answers = futures_util::future::join_all(tries).await;
    let mut epochs: Vec<u64> = answers.into_iter().map(Result::unwrap).collect();
    epochs.sort_unstable();
    assert_eq!(epochs, [1, 2, 3, 4, 5, 6]);
}
