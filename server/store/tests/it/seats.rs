use futures_util::future::join_all;
use rampart_store::{NewSeat, NewSession, NewSign, StoreError, Touch};

use crate::bed::{Bed, NOW, on_both, person, with_exercises, with_seat};

on_both!(
    numbers_are_given_in_order_and_never_twice,
    a_person_has_one_seat_in_an_exercise,
    a_code_opens_once,
    a_new_code_voids_the_old_one,
    presence_grows_and_breaks,
    first_signs_at_once_open_one_interval,
    sign_in_sheets_keep_what_was_struck_out,
);

fn seat<'s>(id: &'s str, team: &'s str, person_id: &'s str) -> NewSeat<'s> {
    NewSeat { id, exercise_id: "e1", team, person_id, at_ms: NOW }
}

async fn numbers_are_given_in_order_and_never_twice(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let people: Vec<_> = (0..20).map(|number| person(&format!("p{number:02}"), "學員")).collect();
    bed.store.persons().import(&people, NOW).await.unwrap();
    let tries = people.iter().map(|person| {
        let (store, id) = (bed.store.clone(), person.id.clone());
        tokio::spawn(async move { store.seats().give(&seat(&format!("s{id}"), "red-1", &id)).await.unwrap() })
    });
    let mut numbers: Vec<u32> = join_all(tries).await.into_iter().map(|seat| seat.unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<u32>>());
    let listed = bed.store.seats().list("e1").await.unwrap();
    assert!(listed.is_sorted_by_key(|seat| seat.number));
    let last = listed.last().unwrap();
    let removed = bed.store.seats().remove(&last.id, NOW + 1).await.unwrap().unwrap();
    assert_eq!(removed.removed_ms, Some(NOW + 1));
    assert_eq!(bed.store.seats().remove(&last.id, NOW + 2).await.unwrap(), None);
    let again = bed.store.seats().give(&seat("again", "red-1", &last.person_id)).await.unwrap();
    assert_eq!(again.number, 21);
    let moved = bed.store.seats().move_to("again", "blue-1").await.unwrap().unwrap();
    assert_eq!((moved.team.as_str(), moved.number), ("blue-1", 1));
    assert_eq!(
        bed.store.seats().move_to("again", "blue-1").await.unwrap().unwrap(),
        moved,
        "no move, no change"
    );
    assert_eq!(bed.store.seats().move_to(&last.id, "blue-1").await.unwrap(), None, "removed");
    assert_eq!(bed.store.seats().list("e1").await.unwrap().len(), 20);
    assert_eq!(bed.store.seats().list_all("e1").await.unwrap().len(), 21);
    assert_eq!(bed.store.seats().by_id("again").await.unwrap(), Some(moved));
}

async fn a_person_has_one_seat_in_an_exercise(bed: Bed) {
    let given = with_seat(&bed.store).await;
    assert_eq!(bed.store.seats().by_id("s1").await.unwrap(), Some(given));
    let second = bed.store.seats().give(&seat("s2", "blue-1", "p1")).await.unwrap_err();
    assert!(
        matches!(&second, StoreError::Duplicate { what } if what == "seats.exercise_id, seats.person_id"),
        "{second:?}"
    );
    let nobody = bed.store.seats().give(&seat("s3", "blue-1", "p9")).await;
    assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
    let nowhere = NewSeat { exercise_id: "e9", ..seat("s4", "blue-1", "p1") };
    assert!(matches!(bed.store.seats().give(&nowhere).await, Err(StoreError::Missing { .. })));
}

async fn a_code_opens_once(bed: Bed) {
    with_seat(&bed.store).await;
    assert_eq!(
        bed.store
            .seats()
            .set_codes(&[("s1".into(), "hash".into()), ("s9".into(), "x".into())])
            .await
            .unwrap(),
        1
    );
    assert!(bed.store.seats().by_id("s1").await.unwrap().unwrap().code_waits);
    let tries = (0..50).map(|number| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            let id = format!("x{number}");
            if number % 2 == 0 {
                let session = NewSession { id: &id, at_ms: NOW + 5, expires_ms: NOW + 1000 };
                store.seats().enter("hash", &session).await.unwrap()
            } else {
                store.seats().use_code("hash", NOW + 5).await.unwrap()
            }
        })
    });
    let opened: Vec<_> = join_all(tries).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(opened.len(), 1);
    assert_eq!(
        (opened[0].id.as_str(), opened[0].code_used_ms, opened[0].code_waits),
        ("s1", Some(NOW + 5), false)
    );
}

async fn a_new_code_voids_the_old_one(bed: Bed) {
    with_seat(&bed.store).await;
    let seats = bed.store.seats();
    let code = |hash: &str| vec![("s1".to_owned(), hash.to_owned())];
    seats.set_codes(&code("one")).await.unwrap();
    seats.set_codes(&code("two")).await.unwrap();
    assert_eq!(seats.use_code("one", NOW).await.unwrap(), None);
    let session = NewSession { id: "x1", at_ms: NOW, expires_ms: NOW + 1000 };
    // A log-in that cannot be opened burns no code.
    bed.store.sessions().open_account(&session, "boss").await.unwrap();
    assert!(matches!(seats.enter("two", &session).await, Err(StoreError::Duplicate { .. })));
    let session = NewSession { id: "x2", ..session };
    assert!(seats.enter("two", &session).await.unwrap().is_some());
    assert!(bed.store.sessions().live("x2", NOW).await.unwrap().is_some());
    assert_eq!(seats.use_code("two", NOW).await.unwrap(), None);
    seats.set_codes(&code("three")).await.unwrap();
    seats.remove("s1", NOW).await.unwrap().unwrap();
    assert_eq!(seats.use_code("three", NOW).await.unwrap(), None);
    assert_eq!(seats.set_codes(&code("four")).await.unwrap(), 0);
}

fn touch(at_ms: i64, new_id: &str) -> Touch {
    Touch { seat_id: "s1".to_owned(), at_ms, new_id: new_id.to_owned() }
}

async fn presence_grows_and_breaks(bed: Bed) {
    with_seat(&bed.store).await;
    let presence = bed.store.presence();
    assert_eq!(presence.touch(&[], 60).await.unwrap(), 0);
    let signs = [touch(1000, "i1"), touch(1060, "i2"), touch(1121, "i3"), touch(1150, "i4")];
    assert_eq!(presence.touch(&signs, 60).await.unwrap(), 4);
    let spans = async || -> Vec<(String, i64, i64)> {
        presence.list("e1").await.unwrap().into_iter().map(|i| (i.id, i.start_ms, i.end_ms)).collect()
    };
    assert_eq!(spans().await, [("i1".to_owned(), 1000, 1060), ("i3".to_owned(), 1121, 1150)]);
    presence.touch(&[touch(1130, "i5")], 60).await.unwrap();
    assert_eq!(spans().await.len(), 2, "a late sign shortens nothing");
    assert_eq!(spans().await[1].2, 1150);
    bed.store.seats().remove("s1", NOW).await.unwrap();
    let unknown = Touch { seat_id: "s9".to_owned(), ..touch(1, "i7") };
    assert_eq!(presence.touch(&[touch(1160, "i6"), unknown], 60).await.unwrap(), 0);
    assert_eq!(presence.list("e1").await.unwrap()[1].person_id, "p1");
}

async fn first_signs_at_once_open_one_interval(bed: Bed) {
    with_seat(&bed.store).await;
    let tries = (0..20).map(|number| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            store.presence().touch(&[touch(1000 + number, &format!("i{number}"))], 60).await
        })
    });
    for answer in join_all(tries).await {
        assert_eq!(answer.unwrap().unwrap(), 1);
    }
    let intervals = bed.store.presence().list("e1").await.unwrap();
    let (first, last) = (intervals.first().unwrap(), intervals.last().unwrap());
    assert!(first.end_ms == 1019 || last.end_ms == 1019, "{intervals:?}");
    // A sign may come before the interval's start and then opens its own; at the same start there is one.
    let mut starts: Vec<i64> = intervals.iter().map(|interval| interval.start_ms).collect();
    starts.dedup();
    assert_eq!(starts.len(), intervals.len());
}

async fn sign_in_sheets_keep_what_was_struck_out(bed: Bed) {
    with_seat(&bed.store).await;
    let signs = bed.store.signs();
    let new = |id: &str, to_ms| NewSign {
        id: id.to_owned(),
        exercise_id: "e1".to_owned(),
        person_id: "p1".to_owned(),
        from_ms: NOW,
        to_ms,
        reason: "忘記簽退".to_owned(),
        by_account: "boss".to_owned(),
        at_ms: NOW,
    };
    signs.add(&[new("n1", None), new("n2", Some(NOW + 60))]).await.unwrap();
    assert!(signs.close("n1", NOW + 30).await.unwrap() && !signs.close("n1", NOW + 40).await.unwrap());
    assert!(signs.remove("n2", NOW + 90).await.unwrap() && !signs.remove("n2", NOW + 91).await.unwrap());
    let listed = signs.list("e1").await.unwrap();
    assert_eq!(
        listed.iter().map(|s| (s.id.as_str(), s.to_ms, s.removed_ms)).collect::<Vec<_>>(),
        [("n1", Some(NOW + 30), None), ("n2", Some(NOW + 60), Some(NOW + 90))]
    );
    assert_eq!(signs.by_id("n2").await.unwrap().as_ref(), listed.get(1));
    let mut bad = [new("n3", None), new("n4", None)];
    bad[1].person_id = "p9".to_owned();
    assert!(matches!(signs.add(&bad).await, Err(StoreError::Missing { .. })));
    assert_eq!(signs.list("e1").await.unwrap().len(), 2, "all or none");
}
