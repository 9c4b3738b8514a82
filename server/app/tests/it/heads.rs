//! Heads and person-times: five people, eight enrolments, and the traps between them.

use rampart_app::duplicates::{Likeness, MergeError};
use rampart_domain::records::RocYear;
use rampart_store::{NewPerson, PersonEdit, Role};
use scoreboard::Status;

use crate::house::{House, MORNING};

const HOUR: i64 = 3_600_000;

/// Two courses and an exercise, all begun.
async fn sessions(house: &mut House) -> (Vec<String>, String) {
    let teacher = house.account("teacher", Role::Instructor).await;
    let mut ids = Vec::new();
    for code in ["S115-01", "S115-02", "S115-03"] {
        let id = house.exercise(code, &teacher).await;
        house.set_going(&id, &[Status::Provisioning, Status::Ready, Status::Running]).await;
        ids.push(id);
    }
    (ids, teacher)
}

async fn enrol(house: &House, exercise: &str, person: &str, team: &str, teacher: &str) {
    house.app.give_seat(exercise, person, team, teacher).await.unwrap();
    house.app.sign(exercise, person, MORNING, Some(MORNING + HOUR), "簽到單", teacher).await.unwrap();
}

async fn count(house: &House) -> (i64, i64, i64) {
    let counts = house.app.counts_of_year(RocYear(115)).await.unwrap();
    (counts.persons, counts.person_times, counts.seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn five_heads_and_eight_person_times() {
    let mut house = House::new().await;
    let (sessions, teacher) = sessions(&mut house).await;
    house.clock.advance(2 * HOUR);
    // P1 stands in two rows with two addresses, P2 and P3 share one, P4 comes under two surnames and has no number.
    let roster = "姓名,員工編號,機關,電子郵件\n王小明,A1,縣府,a@qinglan.test\n王小明,A1,縣府,b@qinglan.test\n\
                  許功蓋,A2,地政處,office@qinglan.test\n謝測試,A3,地政處,office@qinglan.test\n\
                  陳藍圖,,木棉雲端,p4@mumian.example\n許藍圖,,木棉雲端,p4@mumian.example\n";
    let done = house.app.import_roster(roster.as_bytes(), None).await.unwrap().unwrap();
    let [p1, p2, p3, old, new] = <[String; 5]>::try_from(done.ids).unwrap();
    let again = house.app.import_roster(roster.as_bytes(), None).await.unwrap().unwrap();
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 5), "the same file again is no change");
    // P5 has no account and is entered by the instructor.
    let edit =
        PersonEdit { name: "王假名".into(), agency: "青嵐科技大學".into(), ..PersonEdit::default() };
    let p5 = house.app.save_person(None, &edit, &teacher).await.unwrap();
    let [first, second, exercise] = <[String; 3]>::try_from(sessions).unwrap();
    for (session, person, team) in [
        (&first, &p1, "r1"),
        (&first, &p2, "b1"),
        (&first, &old, "r2"),
        (&second, &new, "r1"),
        // Under both names in one course.
        (&first, &new, "b2"),
        (&exercise, &p1, "r1"),
        (&exercise, &p2, "b1"),
        (&exercise, &p3, "r2"),
        (&exercise, &p5, "b2"),
    ] {
        enrol(&house, session, person, team, &teacher).await;
    }
    assert_eq!(
        count(&house).await,
        (6, 9, 9 * 3600),
        "until somebody says that the two surnames are one person"
    );

    // The address of two people is a hint, and nobody is merged by it.
    let pairs = house.app.duplicates().await.unwrap();
    let seen: Vec<_> =
        pairs.iter().map(|pair| (pair.likeness, pair.one.name.as_str(), pair.other.name.as_str())).collect();
    assert_eq!(
        seen.iter().filter(|(likeness, ..)| *likeness == Likeness::Email).count(),
        seen.len(),
        "{seen:?}"
    );
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(matches!(house.app.merge_persons(&new, &old, " ", &teacher).await, Err(MergeError::Reason)));
    assert!(matches!(house.app.merge_persons(&new, &new, "x", &teacher).await, Err(MergeError::Unfit)));
    house.app.merge_persons(&new, &old, "婚後改姓", &teacher).await.unwrap();
    // In the course of both names once, and the time is the union.
    assert_eq!(count(&house).await, (5, 8, 8 * 3600));
    let parts = house.app.took_part(&old).await.unwrap();
    assert_eq!(parts.len(), 2, "the exercises of both rows are the person's");
    // Shared addresses are two people, and proposed no more.
    house.app.keep_apart(&p3, &p2, &teacher).await.unwrap();
    assert!(house.app.duplicates().await.unwrap().is_empty());

    house.app.part_persons(&new, "是姊妹", &teacher).await.unwrap();
    // Each row has its own lines again.
    let (persons, times, _) = count(&house).await;
    assert_eq!((persons, times), (6, 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_are_proposed_by_number_then_by_name() {
    let house = House::new().await;
    let person = |id: &str, name: &str, staff_no: &str, agency: &str| NewPerson {
        id: id.into(),
        name: name.into(),
        staff_no: staff_no.into(),
        agency: agency.into(),
        ..NewPerson::default()
    };
    let people = [
        person("p1", "許藍圖", "A-0101", "縣府"),
        person("p2", "陳藍圖", "a101", "縣府"),
        person("p3", "王 小明", "", "縣府"),
        person("p4", "王小明", "B7", "縣 府"),
        person("p5", "李模擬", "C1", "地政處"),
        person("p6", "李模擬", "C2", "地政處"),
        person("p7", "王小明", "", "地政處"),
    ];
    house.app.store.persons().import(&people, MORNING).await.unwrap();
    let pairs = house.app.duplicates().await.unwrap();
    let seen: Vec<_> =
        pairs.iter().map(|pair| (pair.likeness, pair.one.id.as_str(), pair.other.id.as_str())).collect();
    assert_eq!(
        seen,
        [(Likeness::Number, "p1", "p2"), (Likeness::Name, "p3", "p4")],
        "two numbers that differ are two people who share a name"
    );
}
