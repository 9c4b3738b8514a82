use rampart_store::{Desired, ExerciseEdit, StoreError};

use crate::bed::{Bed, NOW, chain, exercise, next, on_both, with_exercises};

on_both!(an_exercise_is_kept_whole, an_exercise_begins_with_its_ledger, an_unreadable_secret_names_its_place);

async fn an_exercise_is_kept_whole(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let exercises = bed.store.exercises();
    let new = exercise("e1");
    let full = exercises.get("e1").await.unwrap().unwrap();
    assert_eq!(full.secret.bytes(), new.secret.bytes());
    assert_eq!((full.bundle, full.plan, full.exercise.pairs), (new.bundle, None, 2));
    assert_eq!(full.exercise.tag, new.secret.tag());
    assert_eq!(exercises.by_id("e1").await.unwrap().as_ref(), Some(&full.exercise));
    assert_eq!(exercises.by_code("C-e1").await.unwrap(), Some(full.exercise));
    assert_eq!(exercises.by_code("c-e1").await.unwrap(), None);
    assert!(exercises.get("e9").await.unwrap().is_none());
    assert_eq!(exercises.other_tags("e1").await.unwrap(), [(exercise("e2").secret.tag(), "e2".to_owned())]);
    assert!(exercises.set_plan("e1", Some("{\"run\":\"e1\"}")).await.unwrap());
    assert!(exercises.set_desired("e1", Desired::Up).await.unwrap());
    let full = exercises.get("e1").await.unwrap().unwrap();
    assert_eq!((full.plan.as_deref(), full.exercise.desired), (Some("{\"run\":\"e1\"}"), Desired::Up));
    assert!(exercises.set_plan("e1", None).await.unwrap());
    assert!(!exercises.set_desired("e9", Desired::Gone).await.unwrap());
    let edit =
        ExerciseEdit {
            title: "新題 🛡".into(), place: "禮堂".into(), starts_ms: NOW + 5, ends_ms: NOW + 6
        };
    assert!(exercises.edit("e2", &edit).await.unwrap());
    let listed = exercises.list().await.unwrap();
    assert_eq!(listed.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["e2", "e1"]);
    assert_eq!((listed[0].title.as_str(), listed[0].ends_ms), ("新題 🛡", NOW + 6));
}

async fn an_exercise_begins_with_its_ledger(bed: Bed) {
    with_exercises(&bed.store, &[]).await;
    let exercises = bed.store.exercises();
    let first = chain(None, 3);
    exercises.create(&exercise("e1"), &first).await.unwrap();
    assert_eq!(bed.store.ledger().read_all("e1").await.unwrap(), first);
    bed.store.ledger().append("e1", vec![next(first.last(), "next")]).await.unwrap();
    let mut taken = exercise("e2");
    taken.code = "C-e1".to_owned();
    let refused = exercises.create(&taken, &first).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Duplicate { what } if what == "exercises.code"), "{refused:?}");
    let twice = [first[0].clone(), first[0].clone()];
    assert!(exercises.create(&exercise("e3"), &twice).await.is_err());
    assert!(exercises.by_id("e3").await.unwrap().is_none(), "no exercise without its ledger");
    let mut nobody = exercise("e4");
    nobody.created_by = "nobody".to_owned();
    assert!(matches!(exercises.create(&nobody, &[]).await, Err(StoreError::Missing { .. })));
}

async fn an_unreadable_secret_names_its_place(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let blob = if bed.is_sqlite() { "x'0102'" } else { "'\\x0102'" };
    bed.beside().await.run(&format!("UPDATE exercises SET secret = {blob}")).await;
    match bed.store.exercises().get("e1").await {
        Err(StoreError::Inconsistent { table, column, id, why }) => {
            assert_eq!((table, column.as_str(), id.as_str()), ("exercises", "secret", "e1"));
            assert_eq!(why, "2 bytes, not 32");
        }
        other => panic!("{other:?}"),
    }
}
