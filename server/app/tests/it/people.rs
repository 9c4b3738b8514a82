use rampart_app::{AccountError, LogInError, RegisterFormat, SeatCodeError};
use rampart_domain::records::{DutyClass, Identity};
use rampart_store::{NewPerson, PersonQuery, Role, Viewer};

use crate::house::House;

const ROSTER: &str = "姓名,員工編號,機關,性別\n許藍圖,Q001,縣政府,女\n謝測試,Q002,縣政府,男\n廖快照,Q003,縣政府,其他\n周演習,Q004,環保局,不願透露\n王假名,Q005,青嵐科技大學,\n";

async fn roster(house: &House) -> Vec<String> {
    house.app.import_roster(ROSTER.as_bytes(), None).await.unwrap().unwrap().ids
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once_and_must_change_the_password() {
    let house = House::new().await;
    let (login, password) = house.app.first_administrator().await.unwrap().unwrap();
    assert!(house.app.first_administrator().await.unwrap().is_none());
    let opened = house.app.log_in(&login, &password, "127.0.0.1").await.unwrap();
    let viewer = house.app.viewer(&opened.session).await.unwrap().unwrap();
    let Viewer::Account { account_id, must_change: true, .. } = viewer else { panic!("{viewer:?}") };
    let short = house.app.change_password(&account_id, &password, "short").await;
    assert!(matches!(short, Err(AccountError::NewPassword("password.short"))));
    let wrong = house.app.change_password(&account_id, "not it", "a long new password").await;
    assert!(matches!(wrong, Err(AccountError::OldPassword)));
    house.app.change_password(&account_id, &password, "a long new password").await.unwrap();
    assert!(house.app.viewer(&opened.session).await.unwrap().is_none(), "old log-ins end");
    let again = house.app.log_in("ADMIN ", "a long new password", "127.0.0.1").await.unwrap();
    assert!(matches!(
        house.app.viewer(&again.session).await.unwrap(),
        Some(Viewer::Account { must_change: false, role: Role::Administrator, .. })
    ));
    let last = house.app.set_disabled(&account_id, true, &account_id).await;
    assert!(matches!(last, Err(AccountError::LastAdministrator)));
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_a_password_is_stopped_by_account_from_any_address() {
    let house = House::new().await;
    house.account("teacher", Role::Instructor).await;
    let mut answers = Vec::new();
    for n in 0..12 {
        answers.push(house.app.log_in("teacher", "guess", &format!("10.0.0.{n}")).await);
    }
    assert!(answers[..10].iter().all(|answer| matches!(answer, Err(LogInError::Wrong { .. }))));
    assert!(answers[10..].iter().all(|answer| matches!(answer, Err(LogInError::Limited(_)))));
    house.clock.advance(10 * 60_000);
    assert!(matches!(house.app.log_in("teacher", "guess", "1").await, Err(LogInError::Wrong { left: 9 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_made_all_at_once_are_no_more_than_guesses_in_a_row() {
    let house = House::new().await;
    let password = house.app.create_account("teacher", "老師", Role::Instructor, None).await.unwrap();
    let hands: Vec<_> = (0..40)
        .map(|n| {
            let app = house.app.clone();
            tokio::spawn(async move { app.log_in("teacher", "guess", &format!("10.0.0.{n}")).await })
        })
        .collect();
    let mut wrong = 0;
    for hand in hands {
        match hand.await.unwrap() {
            Err(LogInError::Wrong { .. }) => wrong += 1,
            Err(LogInError::Limited(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(wrong, 10);
    house.clock.advance(10 * 60_000);
    for _ in 0..20 {
        house.app.log_in("teacher", &password, "1").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_out_at_once() {
    let house = House::new().await;
    let password = house.app.create_account("teacher", "老師", Role::Instructor, None).await.unwrap();
    let opened = house.app.log_in("teacher", &password, "1").await.unwrap();
    let taken = house.app.create_account("Teacher", "別人", Role::Officer, None).await;
    assert!(matches!(taken, Err(AccountError::Taken)));
    let id = house.app.store.accounts().by_login("teacher").await.unwrap().unwrap().account.id;
    house.app.set_disabled(&id, true, "admin").await.unwrap();
    assert!(house.app.viewer(&opened.session).await.unwrap().is_none());
    assert!(matches!(house.app.log_in("teacher", &password, "1").await, Err(LogInError::Disabled)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_roster_writes_nothing_and_the_same_roster_twice_changes_nothing() {
    let house = House::new().await;
    let bad = "姓名,員工編號,機關,性別\n許藍圖,Q001,縣政府,女\n,Q002,縣政府,男\n陳範例,Q001,縣政府,公\n";
    let faults = house.app.import_roster(bad.as_bytes(), None).await.unwrap().unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| (fault.row, fault.column.as_str())).collect();
    assert!(places.contains(&(3, "姓名")), "{places:?}");
    assert!(places.contains(&(4, "員工編號")), "{places:?}");
    assert!(places.contains(&(4, "性別")), "{places:?}");
    assert_eq!(house.app.store.persons().count("").await.unwrap(), 0);
    let first = house.app.import_roster(ROSTER.as_bytes(), None).await.unwrap().unwrap();
    assert_eq!((first.added, first.changed, first.unchanged), (5, 0, 0));
    let with_mark = format!("\u{feff}{ROSTER}");
    let second = house.app.import_roster(with_mark.as_bytes(), None).await.unwrap().unwrap();
    assert_eq!((second.added, second.changed, second.unchanged), (0, 0, 5));
    assert_eq!(first.ids, second.ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_its_seat_once_and_a_taken_seat_is_shut() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let exercise = house.exercise("S115-01", &teacher).await;
    let people = roster(&house).await;
    assert_eq!(house.app.spread(&exercise, &people, &teacher).await.unwrap(), 5);
    assert_eq!(house.app.spread(&exercise, &people, &teacher).await.unwrap(), 0);
    let slips = house.app.make_codes(&exercise, None, &teacher).await.unwrap();
    assert_eq!(slips.len(), 5);
    let teams: std::collections::BTreeSet<_> = slips.iter().map(|slip| slip.team.clone()).collect();
    assert_eq!(teams.len(), 4, "spread over all teams: {teams:?}");
    let code = &slips[0].code;
    let typed = format!(" {}-{} ", code[..4].to_lowercase(), &code[4..]);
    let opened = house.app.log_in_seat(&typed, "1").await.unwrap();
    assert!(matches!(house.app.log_in_seat(code, "1").await, Err(SeatCodeError::Unknown)));
    assert!(matches!(
        house.app.log_in_seat("ABCD-EFGH", "1").await,
        Err(SeatCodeError::Character { position: 2, character: 'B' })
    ));
    assert!(matches!(house.app.log_in_seat("ACDE", "1").await, Err(SeatCodeError::Length)));
    let viewer = house.app.viewer(&opened.session).await.unwrap().unwrap();
    let Viewer::Seat { seat_id, .. } = viewer else { panic!("{viewer:?}") };
    assert_eq!(seat_id, slips[0].seat);
    // New slips leave opened seats alone; old unused codes die.
    let again = house.app.make_codes(&exercise, None, &teacher).await.unwrap();
    assert_eq!(again.len(), 4);
    assert!(matches!(house.app.log_in_seat(&slips[1].code, "1").await, Err(SeatCodeError::Unknown)));
    house.app.take_seat(&exercise, &seat_id, &teacher).await.unwrap();
    assert!(house.app.viewer(&opened.session).await.unwrap().is_none());
    let fold = house.app.exercise(&exercise).unwrap().fold().clone();
    assert_eq!(fold.seats.len(), 4);
    // No code and no gender in the ledger.
    let text = serde_json::to_string(&house.ledger(&exercise).await).unwrap();
    assert!(slips.iter().all(|slip| !text.contains(&slip.code) && !text.contains(&slip.name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_moved_to_another_team_has_one_seat() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let exercise = house.exercise("S115-01", &teacher).await;
    let people = roster(&house).await;
    let first = house.app.give_seat(&exercise, &people[0], "r1", &teacher).await.unwrap();
    let same = house.app.give_seat(&exercise, &people[0], "r1", &teacher).await.unwrap();
    assert_eq!(first.id, same.id);
    let moved = house.app.give_seat(&exercise, &people[0], "b2", &teacher).await.unwrap();
    let seats = house.app.store.seats().list(&exercise).await.unwrap();
    assert_eq!(seats.len(), 1);
    assert_eq!((seats[0].id.as_str(), seats[0].team.as_str()), (moved.id.as_str(), "b2"));
    assert!(house.app.give_seat(&exercise, &people[1], "r9", &teacher).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_goes_out_and_comes_in_again() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let nasty = [
        "=HYPERLINK(\"http://x\",\"按我\")",
        "+886912345678",
        "-5",
        "@SUM(1)",
        "＝1+1",
        "0012",
        "1E5",
        "𠮷田 堃",
    ];
    let people: Vec<NewPerson> = nasty
        .iter()
        .enumerate()
        .map(|(number, text)| NewPerson {
            id: format!("p{number}"),
            name: (*text).to_owned(),
            staff_no: if number == 0 { String::new() } else { format!("00{number}") },
            agency: format!("{text} 處"),
            grade: Some((*text).to_owned()),
            identity: Some(Identity::ALL[number % 5]),
            duty: DutyClass::ALL.get(number % 4).copied(),
            emails: vec!["office@qinglan.test".to_owned(), format!("p{number}@qinglan.test")],
            ..NewPerson::default()
        })
        .collect();
    house.app.store.persons().import(&people, 1).await.unwrap();
    for format in RegisterFormat::ALL {
        let file = house.app.export_register(&PersonQuery::default(), format, &teacher).await.unwrap();
        let again = house.app.export_register(&PersonQuery::default(), format, &teacher).await.unwrap();
        assert_eq!(file.bytes, again.bytes, "same data, same bytes");
        let back = house.app.import_roster(&file.bytes, Some(&teacher)).await.unwrap().unwrap();
        assert_eq!((back.added, back.changed, back.unchanged), (0, 0, 8), "{}", file.name);
        // Into an empty register it makes the same people.
        let other = House::new().await;
        let made = other.app.import_roster(&file.bytes, None).await.unwrap().unwrap();
        assert_eq!(made.added, 8);
        let duties = house.app.store.programme().duties().await.unwrap();
        let duties_after = other.app.store.programme().duties().await.unwrap();
        assert_eq!(duties.len(), 6, "of four in turn one has none");
        for (before, id) in house.app.store.persons().list("", 20, 0).await.unwrap().iter().zip(&made.ids) {
            let after = other.app.store.persons().by_id(id).await.unwrap().unwrap();
            assert_eq!(
                (&before.name, &before.staff_no, &before.agency, &before.grade, before.identity),
                (&after.name, &after.staff_no, &after.agency, &after.grade, after.identity)
            );
            assert_eq!(duties.get(&before.id), duties_after.get(id), "{}", before.name);
        }
    }
    let lines = house.app.store.audit().list(Some("roster.export"), None, 9).await.unwrap();
    assert_eq!(lines.len(), 2 * RegisterFormat::ALL.len());
}
