use rampart_domain::token::Scope;
use rampart_store::{AuditLine, Begun, NewToken, Role, TokenOwner, Viewer};

use crate::bed::{Bed, NOW, account, on_both, with_seat};

on_both!(
    a_token_ends_with_what_it_stands_on,
    a_seat_token_ends_with_its_seat,
    an_owner_has_so_many_and_sees_only_its_own,
    a_request_with_a_key_is_carried_out_once,
);

const DAY: i64 = 86_400_000;

async fn make(bed: &Bed, id: &str, owner: &TokenOwner, at_ms: i64) -> bool {
    let new = NewToken {
        id,
        owner,
        name: "腳本",
        hash: &format!("hash-{id}"),
        hint: "rmp_abcd",
        scopes: &[Scope::BoardRead, Scope::ExercisesRun],
        at_ms,
        expires_ms: at_ms + DAY,
        most: 3,
    };
    let line = AuditLine {
        id: format!("line-{id}"),
        at_ms,
        account_id: None,
        what: "token.make".into(),
        detail: id.into(),
    };
    bed.store.tokens().noting(line).make(&new).await.unwrap()
}

async fn opens(bed: &Bed, id: &str, at_ms: i64) -> Option<Viewer> {
    bed.store.tokens().live(&format!("hash-{id}"), at_ms).await.unwrap().map(|(_, viewer)| viewer)
}

async fn a_token_ends_with_what_it_stands_on(bed: Bed) {
    let accounts = bed.store.accounts();
    accounts.create(&account("root", Role::Administrator)).await.unwrap();
    accounts.create(&account("a1", Role::Instructor)).await.unwrap();
    let owner = TokenOwner::Account("a1".into());
    let mut number = 0;
    let mut fresh = async || {
        number += 1;
        let id = format!("t{number}");
        assert!(make(&bed, &id, &owner, NOW).await);
        assert!(
            matches!(opens(&bed, &id, NOW).await, Some(Viewer::Account { account_id, .. }) if account_id == "a1")
        );
        id
    };
    let id = fresh().await;
    assert_eq!(opens(&bed, &id, NOW + DAY).await, None, "over");
    let kept = bed.store.tokens().of(&owner).await.unwrap();
    assert_eq!(kept[0].scopes, [Scope::BoardRead, Scope::ExercisesRun]);
    assert_eq!(bed.store.audit().list(Some("token.make"), None, 9).await.unwrap().len(), 1);
    assert!(bed.store.tokens().revoke(&owner, &id, NOW).await.unwrap());
    assert!(!bed.store.tokens().revoke(&owner, &id, NOW).await.unwrap(), "once");
    assert_eq!(opens(&bed, &id, NOW).await, None, "revoked");
    let id = fresh().await;
    accounts.set_password("a1", "new", false, NOW).await.unwrap();
    assert_eq!(opens(&bed, &id, NOW).await, None, "a new password");
    let id = fresh().await;
    accounts.set_role("a1", Role::Officer, NOW).await.unwrap();
    assert_eq!(opens(&bed, &id, NOW).await, None, "another role");
    let id = fresh().await;
    accounts.set_disabled("a1", true, NOW).await.unwrap();
    accounts.set_disabled("a1", false, NOW).await.unwrap();
    assert_eq!(opens(&bed, &id, NOW).await, None, "disabled in between");
    let (one, two) = (fresh().await, fresh().await);
    assert_eq!(bed.store.tokens().revoke_all(&owner, NOW).await.unwrap(), 2);
    assert_eq!((opens(&bed, &one, NOW).await, opens(&bed, &two, NOW).await), (None, None));
    assert_eq!(bed.store.tokens().sweep(NOW + 1).await.unwrap(), number);
    assert!(bed.store.tokens().of(&owner).await.unwrap().is_empty());
}

async fn a_seat_token_ends_with_its_seat(bed: Bed) {
    with_seat(&bed.store).await;
    let owner = TokenOwner::Seat("s1".into());
    assert!(make(&bed, "t1", &owner, NOW).await);
    let viewer = opens(&bed, "t1", NOW).await;
    assert!(
        matches!(&viewer, Some(Viewer::Seat { seat_id, team, .. }) if seat_id == "s1" && team == "red-1"),
        "{viewer:?}"
    );
    bed.store.tokens().touch("t1", NOW + 5).await.unwrap();
    bed.store.tokens().touch("t1", NOW + 4).await.unwrap();
    assert_eq!(bed.store.tokens().of(&owner).await.unwrap()[0].used_ms, Some(NOW + 5));
    bed.store.seats().remove("s1", NOW).await.unwrap();
    assert_eq!(opens(&bed, "t1", NOW).await, None);
    assert!(bed.store.tokens().of(&owner).await.unwrap()[0].revoked_ms.is_some());
}

async fn an_owner_has_so_many_and_sees_only_its_own(bed: Bed) {
    with_seat(&bed.store).await;
    let (boss, seat) = (TokenOwner::Account("boss".into()), TokenOwner::Seat("s1".into()));
    for id in ["t1", "t2", "t3"] {
        assert!(make(&bed, id, &boss, NOW).await);
    }
    assert!(!make(&bed, "t4", &boss, NOW).await, "a fourth");
    assert!(make(&bed, "t5", &seat, NOW).await, "somebody else's first");
    assert!(make(&bed, "t6", &boss, NOW + DAY).await, "those that are over do not count");
    assert!(!bed.store.tokens().revoke(&seat, "t1", NOW).await.unwrap(), "not theirs");
    let of = async |owner| bed.store.tokens().of(owner).await.unwrap().len();
    assert_eq!((of(&boss).await, of(&seat).await), (4, 1));
}

async fn a_request_with_a_key_is_carried_out_once(bed: Bed) {
    let repeats = bed.store.repeats();
    let begun = futures_util::future::join_all((0..10).map(|_| repeats.begin("a1", "k", "r", NOW))).await;
    let begun: Vec<Begun> = begun.into_iter().map(Result::unwrap).collect();
    assert_eq!(begun.iter().filter(|one| **one == Begun::New).count(), 1);
    assert_eq!(begun.iter().filter(|one| **one == Begun::Open).count(), 9);
    assert_eq!(repeats.begin("a2", "k", "r", NOW).await.unwrap(), Begun::New, "somebody else's key");
    repeats.end("a1", "k", 201, "{\"id\":1}").await.unwrap();
    let done = Begun::Done { status: 201, answer: "{\"id\":1}".into() };
    assert_eq!(repeats.begin("a1", "k", "r", NOW).await.unwrap(), done);
    assert_eq!(repeats.begin("a1", "k", "another", NOW).await.unwrap(), Begun::Other);
    repeats.forget("a2", "k").await.unwrap();
    assert_eq!(repeats.begin("a2", "k", "another", NOW + 5).await.unwrap(), Begun::New);
    assert_eq!(repeats.sweep(NOW + 1).await.unwrap(), 1);
    assert_eq!(repeats.begin("a1", "k", "r", NOW).await.unwrap(), Begun::New);
}
