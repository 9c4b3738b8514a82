use std::time::Duration;

use rampart_app::exercise::{CommandError, Start};
use rampart_domain::decide::{FlagOutcome, Refusal, ReportForm};
use scoreboard::{Answer, Body, Fold, Status};

use crate::house::{House, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_hands_on_one_flag_capture_it_once() {
    let mut house = House::new().await;
    let (id, _) = house.running().await;
    let live = house.app.exercise(&id).unwrap();
    let flag = live.flag_of("r1", "portal-db");
    let hands: Vec<_> = (0..100)
        .map(|n| {
            let (live, flag) = (live.clone(), flag.clone());
            tokio::spawn(async move {
                live.submit_flag("r1", if n % 2 == 0 { "s1" } else { "s2" }, "portal-db", &flag).await
            })
        })
        .collect();
    let (mut correct, mut already) = (0, 0);
    for hand in hands {
        match hand.await.unwrap() {
            Ok(FlagOutcome::Correct { points: 100 }) => correct += 1,
            Err(CommandError::Refused(Refusal::AlreadyYours)) => already += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((correct, already), (1, 99));
    let captures = |entries: &[scoreboard::Entry]| {
        entries
            .iter()
            .filter(|entry| matches!(entry.body, Body::Flag { answer: Answer::Correct, .. }))
            .count()
    };
    assert_eq!(captures(&house.ledger(&id).await), 1);
    house.reopen().await;
    let fold = house.app.exercise(&id).unwrap().fold().clone();
    assert_eq!(fold.team("r1").unwrap().points, 100);
    assert!(fold.attempts.is_empty());
    assert_eq!(fold, Fold::of(&house.ledger(&id).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_on_the_disk_without_a_farewell() {
    let mut house = House::new().await;
    let (id, _) = house.running().await;
    let live = house.app.exercise(&id).unwrap();
    let wrong = format!("RMP{{{}}}", "0".repeat(32));
    for _ in 0..5 {
        live.submit_flag("r2", "s9", "portal-db", &wrong).await.unwrap();
    }
    // A second reader sees what a crash at this moment would leave.
    let path = house.dir.path().join("rampart.db");
    let store = rampart_store::Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    let fold = Fold::of(store.ledger().read_all(&id).await.unwrap().iter().map(|sealed| &sealed.entry));
    assert_eq!(fold.attempts.get(&("r2".into(), "portal-db".into())), Some(&5));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_clock_and_flags_and_outlives_a_restart() {
    let mut house = House::new().await;
    let (id, teacher) = house.running().await;
    house.clock.advance(600_000);
    let live = house.app.exercise(&id).unwrap();
    live.turn(&teacher, Status::Paused).await.unwrap();
    house.clock.advance(3_600_000);
    let flag = live.flag_of("r1", "portal-db");
    let refused = live.submit_flag("r1", "s1", "portal-db", &flag).await;
    assert_eq!(refused, Err(CommandError::Refused(Refusal::Paused)));
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    assert_eq!(live.fold().status, Status::Paused);
    assert_eq!(live.fold().clock.at(house.app.now_ms()), 600_000);
    live.turn(&teacher, Status::Running).await.unwrap();
    house.clock.advance(1_000);
    assert_eq!(live.fold().clock.at(house.app.now_ms()), 601_000);
    assert!(live.submit_flag("r1", "s1", "portal-db", &flag).await.is_ok());
    live.turn(&teacher, Status::Ended).await.unwrap();
    let late = live.submit_flag("r2", "s1", "portal-db", &live.flag_of("r2", "portal-db")).await;
    assert_eq!(late, Ok(FlagOutcome::Late));
    assert_eq!(live.fold().team("r2").unwrap().points, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn four_members_pay_a_hint_once() {
    let mut house = House::new().await;
    let (id, _) = house.running().await;
    let live = house.app.exercise(&id).unwrap();
    let hands: Vec<_> = (0..4)
        .map(|n| {
            let live = live.clone();
            tokio::spawn(async move { live.open_hint("r1", &format!("s{n}"), "portal-db-1").await })
        })
        .collect();
    for hand in hands {
        assert!(!hand.await.unwrap().unwrap().zh.is_empty());
    }
    assert_eq!(live.fold().team("r1").unwrap().points, -20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_judged_after_the_delay_and_at_the_end_at_the_latest() {
    let mut house = House::new().await;
    let (id, teacher) = house.running().await;
    let live = house.app.exercise(&id).unwrap();
    let form = ReportForm {
        host: "www".into(),
        technique: "T1190".into(),
        seen_ms: house.app.now_ms(),
        cited: vec!["e".into()],
        text: "看到了".into(),
    };
    live.file_report("b1", "s5", form.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert!(live.fold().reports[0].judged.is_none());
    house.clock.advance(6_000);
    until("it is judged", || live.fold().reports[0].judged.is_some()).await;
    live.file_report("b1", "s5", form).await.unwrap();
    live.turn(&teacher, Status::Ended).await.unwrap();
    let fold = live.fold().clone();
    assert!(fold.reports[1].judged.is_some());
    assert!(fold.booked.contains_key("b1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_client_gets_a_snapshot_then_what_it_missed() {
    let mut house = House::new().await;
    let (id, _) = house.running().await;
    let live = house.app.exercise(&id).unwrap();
    let (start, mut updates) = live.board().subscribe(None);
    let Start::Snapshot(first) = start else { panic!("{start:?}") };
    let text = |frame: &rampart_app::exercise::Frame| String::from_utf8(frame.bytes(false).to_vec()).unwrap();
    assert!(text(&first.frame).contains("紅檜"));
    live.submit_flag("r1", "s1", "portal-db", &live.flag_of("r1", "portal-db")).await.unwrap();
    let next = async {
        loop {
            // Signs of life lead nowhere.
            let update = updates.recv().await.unwrap();
            if update.seq != update.from {
                return update;
            }
        }
    };
    let update = tokio::time::timeout(Duration::from_secs(60), next).await.unwrap();
    assert_eq!(update.from, first.seq);
    assert!(!text(&update.frame).contains("portal-db"), "{}", text(&update.frame));
    let (Start::Missed(missed), _) = live.board().subscribe(Some(first.seq)) else { panic!() };
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0].seq, update.seq);
    let (Start::Missed(missed), _) = live.board().subscribe(Some(update.seq)) else { panic!() };
    assert!(missed.is_empty());
    assert!(matches!(live.board().subscribe(Some(999_999)).0, Start::Snapshot(_)));
    // The end of the server ends every stream, after what was sent.
    let (_, mut late) = live.board().subscribe(None);
    live.board().beat();
    live.board().close();
    assert!(late.recv().await.is_ok());
    assert!(late.recv().await.is_err());
    assert!(live.board().subscribe(None).1.recv().await.is_err());
    assert_eq!(live.board().watchers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_flag_is_known_as_such() {
    let mut house = House::new().await;
    let (first, teacher) = house.running().await;
    let flag = house.app.exercise(&first).unwrap().flag_of("r1", "portal-db");
    let second = house.exercise("S115-02", &teacher).await;
    house.set_going(&second, &[Status::Provisioning, Status::Ready, Status::Running]).await;
    let live = house.app.exercise(&second).unwrap();
    let answer = live.submit_flag("r1", "s1", "portal-db", &flag).await;
    assert_eq!(answer, Ok(FlagOutcome::OtherRun { left: 19 }));
}
