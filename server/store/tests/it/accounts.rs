use futures_util::future::join_all;
use rampart_store::{AuditLine, NewSession, NewSign, Role, StoreError, Viewer};

use crate::bed::{Bed, NOW, account, on_both, person, with_seat};

on_both!(
    accounts_are_found_however_the_name_is_typed,
    the_first_account_is_made_once,
    the_last_administrator_stays,
    a_log_in_ends_with_what_it_stands_on,
    a_seat_log_in_ends_with_its_seat,
    log_ins_that_are_asked_for_together_are_not_mixed_up,
    audit_lines_come_latest_first,
    an_act_and_its_line_stand_or_fall_together,
    settings_are_kept,
    nul_is_refused_on_both,
);

async fn accounts_are_found_however_the_name_is_typed(bed: Bed) {
    let accounts = bed.store.accounts();
    let mut new = account("a1", Role::Instructor);
    new.login = " Teacher.Wang ".to_owned();
    new.must_change = true;
    accounts.create(&new).await.unwrap();
    let found = accounts.by_login("TEACHER.wang").await.unwrap().unwrap();
    assert_eq!((found.account.login.as_str(), found.account.must_change), ("teacher.wang", true));
    assert_eq!(found.password_hash, "$argon2id$a1");
    assert!(!format!("{found:?} {new:?}").contains("argon2id"), "hashes stay out of logs");
    assert_eq!(accounts.by_login("nobody").await.unwrap(), None);
    new.id = "a2".to_owned();
    let taken = accounts.create(&new).await.unwrap_err();
    assert!(matches!(&taken, StoreError::Duplicate { what } if what == "accounts.login"), "{taken:?}");
    assert!(accounts.set_password("a1", "new", false, NOW).await.unwrap());
    let after = accounts.credentials_of("a1").await.unwrap().unwrap();
    assert_eq!(
        (after.password_hash.as_str(), after.account.epoch, after.account.must_change),
        ("new", 1, false)
    );
    assert!(!accounts.set_password("a9", "new", false, NOW).await.unwrap());
    assert!(accounts.set_name("a1", "王老師 👩‍🏫").await.unwrap());
    assert_eq!(accounts.list().await.unwrap()[0].name, "王老師 👩‍🏫");
}

async fn the_first_account_is_made_once(bed: Bed) {
    let tries = (0..10).map(|number| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            let new = account(&format!("a{number}"), Role::Administrator);
            store.accounts().create_first(&new).await.unwrap()
        })
    });
    let made = futures_util::future::join_all(tries).await;
    assert_eq!(made.into_iter().filter(|made| *made.as_ref().unwrap()).count(), 1);
    assert_eq!(bed.store.accounts().list().await.unwrap().len(), 1);
}

async fn the_last_administrator_stays(bed: Bed) {
    let accounts = bed.store.accounts();
    for id in ["a1", "a2"] {
        accounts.create(&account(id, Role::Administrator)).await.unwrap();
    }
    accounts.create(&account("i1", Role::Instructor)).await.unwrap();
    // Both at once, again and again: one goes, one stays.
    for round in 0..20 {
        let (one, two) = (bed.store.clone(), bed.store.clone());
        let one = tokio::spawn(async move { one.accounts().set_disabled("a1", true, NOW).await });
        let two = tokio::spawn(async move { two.accounts().set_role("a2", Role::Officer, NOW).await });
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        assert!(one.is_ok() != two.is_ok(), "round {round}: {one:?} {two:?}");
        let refused = one.err().or(two.err()).unwrap();
        assert!(matches!(refused, StoreError::LastAdministrator));
        if round < 19 {
            accounts.set_disabled("a1", false, NOW).await.unwrap();
            accounts.set_role("a2", Role::Administrator, NOW).await.unwrap();
        }
    }
    let left: Vec<_> = accounts.list().await.unwrap();
    let left: Vec<_> = left.iter().filter(|a| a.role == Role::Administrator && !a.disabled).collect();
    assert_eq!(left.len(), 1);
    let last = &left[0].id;
    assert!(matches!(
        accounts.set_role(last, Role::Instructor, NOW).await,
        Err(StoreError::LastAdministrator)
    ));
    assert!(accounts.set_role(last, Role::Administrator, NOW).await.unwrap(), "no change is no demotion");
    assert!(accounts.set_disabled("i1", true, NOW).await.unwrap(), "others may go");
    assert!(accounts.set_role("i1", Role::Administrator, NOW).await.unwrap());
    assert!(
        matches!(accounts.set_disabled(last, true, NOW).await, Err(StoreError::LastAdministrator)),
        "a disabled administrator does not count"
    );
    assert!(accounts.set_disabled("i1", false, NOW).await.unwrap());
    assert!(accounts.set_disabled(last, true, NOW).await.unwrap());
}

async fn a_log_in_ends_with_what_it_stands_on(bed: Bed) {
    let (accounts, sessions) = (bed.store.accounts(), bed.store.sessions());
    accounts.create(&account("boss", Role::Administrator)).await.unwrap();
    accounts.create(&account("a1", Role::Administrator)).await.unwrap();
    let open = |id| NewSession { id, at_ms: NOW, expires_ms: NOW + 1000 };
    sessions.open_account(&open("x1"), "a1").await.unwrap();
    let Some(Viewer::Account { role, account_id, .. }) = sessions.live("x1", NOW).await.unwrap() else {
        panic!()
    };
    assert_eq!((role, account_id.as_str()), (Role::Administrator, "a1"));
    // The role that it has ends nothing.
    accounts.set_role("a1", Role::Administrator, NOW).await.unwrap();
    assert!(matches!(
        sessions.live("x1", NOW).await.unwrap(),
        Some(Viewer::Account { role: Role::Administrator, .. })
    ));
    assert_eq!(sessions.live("x1", NOW + 1000).await.unwrap(), None, "over");
    assert!(sessions.touch("x1", NOW + 500, NOW + 5000).await.unwrap());
    assert!(sessions.live("x1", NOW + 1000).await.unwrap().is_some(), "moved");
    accounts.set_password("a1", "new", false, NOW).await.unwrap();
    assert_eq!(sessions.live("x1", NOW).await.unwrap(), None, "password changed");
    sessions.open_account(&open("x2"), "a1").await.unwrap();
    assert!(sessions.revoke("x2", NOW).await.unwrap() && !sessions.revoke("x2", NOW).await.unwrap());
    assert_eq!(sessions.live("x2", NOW).await.unwrap(), None, "logged out");
    assert!(!sessions.touch("x2", NOW, NOW + 5000).await.unwrap());
    sessions.open_account(&open("x3"), "a1").await.unwrap();
    accounts.set_disabled("a1", true, NOW).await.unwrap();
    assert_eq!(sessions.live("x3", NOW).await.unwrap(), None, "disabled");
    accounts.set_disabled("a1", false, NOW).await.unwrap();
    assert_eq!(sessions.live("x3", NOW).await.unwrap(), None, "enabled again, log in again");
    assert_eq!(sessions.live("never", NOW).await.unwrap(), None);
    let missing = sessions.open_account(&open("x4"), "a9").await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })), "{missing:?}");
    assert_eq!(sessions.sweep(NOW + 5000).await.unwrap(), 2);
    assert_eq!(sessions.sweep(NOW + 5001).await.unwrap(), 1);
}

async fn a_seat_log_in_ends_with_its_seat(bed: Bed) {
    with_seat(&bed.store).await;
    let sessions = bed.store.sessions();
    sessions.open_seat(&NewSession { id: "x1", at_ms: NOW, expires_ms: NOW + 1000 }, "s1").await.unwrap();
    let Some(Viewer::Seat { team, name, exercise_id, number, .. }) = sessions.live("x1", NOW).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((team.as_str(), name.as_str(), exercise_id.as_str(), number), ("red-1", "王小明", "e1", 1));
    bed.store.seats().move_to("s1", "blue-1").await.unwrap().unwrap();
    assert!(
        matches!(sessions.live("x1", NOW).await.unwrap(), Some(Viewer::Seat { team, .. }) if team == "blue-1")
    );
    bed.store.seats().remove("s1", NOW).await.unwrap().unwrap();
    assert_eq!(sessions.live("x1", NOW).await.unwrap(), None);
    assert_eq!(sessions.revoke_seat("s1", NOW).await.unwrap(), 0, "was revoked with the seat");
}

/// Questions at the same time share a query. Each has its own answer, and none is older than its question.
async fn log_ins_that_are_asked_for_together_are_not_mixed_up(bed: Bed) {
    with_seat(&bed.store).await;
    let sessions = bed.store.sessions();
    for n in 0..150_i64 {
        let id = format!("x{n}");
        let new = NewSession { id: &id, at_ms: NOW, expires_ms: NOW + n };
        if n % 3 == 0 {
            sessions.open_seat(&new, "s1").await.unwrap();
        } else {
            sessions.open_account(&new, "boss").await.unwrap();
        }
        if n % 10 == 0 {
            sessions.revoke(&id, NOW).await.unwrap();
        }
    }
    let asked = (0..200_i64).map(|n| {
        let sessions = bed.store.sessions();
        async move { (n, sessions.live(&format!("x{n}"), NOW + 20).await.unwrap()) }
    });
    for (n, viewer) in join_all(asked).await {
        let live = n > 20 && n < 150 && n % 10 != 0;
        match viewer {
            Some(Viewer::Account { session_id, account_id, .. }) => {
                assert!(live && n % 3 != 0, "x{n}");
                assert_eq!((session_id, account_id.as_str()), (format!("x{n}"), "boss"));
            }
            Some(Viewer::Seat { session_id, seat_id, .. }) => {
                assert!(live && n % 3 == 0, "x{n}");
                assert_eq!((session_id, seat_id.as_str()), (format!("x{n}"), "s1"));
            }
            None => assert!(!live, "x{n}"),
        }
    }
    // One that ends while others are asked for is over for whoever asks after it.
    let noise = join_all((0..200).map(|n| {
        let sessions = bed.store.sessions();
        async move { sessions.live(&format!("x{}", n % 150), NOW).await.unwrap() }
    }));
    let ended = async {
        for n in 101..110 {
            let id = format!("x{n}");
            assert!(sessions.live(&id, NOW).await.unwrap().is_some());
            sessions.revoke(&id, NOW).await.unwrap();
            assert_eq!(sessions.live(&id, NOW).await.unwrap(), None, "{id}");
        }
    };
    tokio::join!(noise, ended);
    assert!(matches!(sessions.live("x\0", NOW).await, Err(StoreError::Nul)));
}

async fn audit_lines_come_latest_first(bed: Bed) {
    for number in 0..5 {
        let line = AuditLine {
            id: format!("l{number}"),
            at_ms: NOW + number / 2,
            account_id: (number % 2 == 0).then(|| "a1".to_owned()),
            what: if number == 3 { "roster.import" } else { "log_in" }.to_owned(),
            detail: "登入 ✓".to_owned(),
        };
        bed.store.audit().add(&line).await.unwrap();
    }
    let ids = |lines: &[AuditLine]| lines.iter().map(|line| line.id.clone()).collect::<Vec<_>>();
    let page = bed.store.audit().list(None, None, 2).await.unwrap();
    assert_eq!(ids(&page), ["l4", "l3"]);
    let page = bed.store.audit().list(None, page.last(), 9).await.unwrap();
    assert_eq!(ids(&page), ["l2", "l1", "l0"]);
    assert_eq!(ids(&bed.store.audit().list(Some("log_in"), None, 2).await.unwrap()), ["l4", "l2"]);
}

async fn settings_are_kept(bed: Bed) {
    assert_eq!(bed.store.settings().get("zone").await.unwrap(), None);
    bed.store.settings().set("zone", "Asia/Taipei").await.unwrap();
    bed.store.settings().set("zone", "亞洲/臺北").await.unwrap();
    assert_eq!(bed.store.settings().get("zone").await.unwrap().as_deref(), Some("亞洲/臺北"));
}

async fn nul_is_refused_on_both(bed: Bed) {
    assert!(matches!(bed.store.settings().set("a", "b\0c").await, Err(StoreError::Nul)));
    assert!(matches!(bed.store.settings().get("a\0").await, Err(StoreError::Nul)));
}

async fn an_act_and_its_line_stand_or_fall_together(bed: Bed) {
    let store = &bed.store;
    let seat = with_seat(store).await;
    let accounts = || store.accounts();
    for id in ["a1", "a2"] {
        accounts().create(&account(id, Role::Administrator)).await.unwrap();
    }
    let line = |id: &str| AuditLine {
        id: id.into(),
        at_ms: NOW,
        account_id: Some("a1".into()),
        what: "test.act".into(),
        detail: format!("line {id}"),
    };
    let lines = async || store.audit().list(Some("test.act"), None, 50).await.unwrap().len();
    store.audit().add(&line("taken")).await.unwrap();
    let sign = |id: &str| NewSign {
        id: id.into(),
        exercise_id: seat.exercise_id.clone(),
        person_id: seat.person_id.clone(),
        from_ms: NOW,
        to_ms: None,
        reason: "簽到".into(),
        by_account: "a1".into(),
        at_ms: NOW,
    };
    store.signs().add(&[sign("s1")]).await.unwrap();

    // The line cannot be written: nothing is done either.
    let clash = || line("taken");
    let refused = [
        accounts().noting(clash()).create(&account("a3", Role::Officer)).await.err(),
        accounts().noting(clash()).set_password("a2", "new", false, NOW).await.err(),
        accounts().noting(clash()).set_role("a2", Role::Officer, NOW).await.err(),
        accounts().noting(clash()).set_disabled("a2", true, NOW).await.err(),
        store.persons().noting(clash()).import(&[person("p9", "新人")], NOW).await.err(),
        store.seats().noting(clash()).set_codes(&[(seat.id.clone(), "f".repeat(64))]).await.err(),
        store.signs().noting(clash()).add(&[sign("s2")]).await.err(),
        store.signs().noting(clash()).close("s1", NOW + 1).await.err(),
        store.signs().noting(clash()).remove("s1", NOW + 1).await.err(),
    ];
    for (number, error) in refused.iter().enumerate() {
        assert!(matches!(error, Some(StoreError::Duplicate { .. })), "{number}: {error:?}");
    }
    assert_eq!(accounts().by_id("a3").await.unwrap(), None);
    let known = accounts().credentials_of("a2").await.unwrap().unwrap();
    assert_eq!(known.password_hash, "$argon2id$a2");
    assert_eq!((known.account.role, known.account.disabled), (Role::Administrator, false));
    assert_eq!(store.persons().by_id("p9").await.unwrap(), None);
    assert!(!store.seats().by_id(&seat.id).await.unwrap().unwrap().code_waits);
    let sheet = store.signs().by_id("s1").await.unwrap().unwrap();
    assert_eq!((sheet.to_ms, sheet.removed_ms), (None, None));
    assert_eq!(store.signs().by_id("s2").await.unwrap(), None);
    assert_eq!(lines().await, 1);

    // An act that changes nothing has no line.
    assert!(!accounts().noting(line("n1")).set_password("nobody", "new", false, NOW).await.unwrap());
    assert!(!accounts().noting(line("n2")).set_disabled("nobody", true, NOW).await.unwrap());
    assert!(accounts().noting(line("n3")).set_role("a2", Role::Administrator, NOW).await.unwrap());
    assert!(!store.signs().noting(line("n4")).close("nothing", NOW).await.unwrap());
    assert_eq!(store.seats().noting(line("n5")).set_codes(&[]).await.unwrap(), 0);
    assert_eq!(lines().await, 1);

    assert!(accounts().noting(line("y1")).set_role("a2", Role::Officer, NOW).await.unwrap());
    assert!(store.signs().noting(line("y2")).remove("s1", NOW + 1).await.unwrap());
    store.persons().noting(line("y3")).import(&[person("p9", "新人")], NOW).await.unwrap();
    assert_eq!(lines().await, 4);
    let last = store.audit().list(Some("test.act"), None, 1).await.unwrap().remove(0);
    assert_eq!(last.detail, "line y3 added=1 changed=0 unchanged=0");
}
