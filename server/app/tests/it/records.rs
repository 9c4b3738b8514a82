use rampart_app::{ExportFormat, ExportTable, SignError};
use rampart_store::{Officer, Role};
use scoreboard::Status;

use crate::house::{House, MORNING};

const MINUTE: i64 = 60_000;

struct Class {
    house: House,
    exercise: String,
    teacher: String,
    people: Vec<String>,
    seats: Vec<String>,
}

/// Five people in seats of a running exercise: 女, 男, 其他, 不願透露, blank.
async fn class() -> Class {
    let mut house = House::new().await;
    let (exercise, teacher) = house.running().await;
    let roster = "姓名,員工編號,機關,性別\n甲,1,縣府,女\n乙,2,縣府,男\n丙,3,縣府,其他\n丁,4,縣府,不願透露\n戊,5,縣府,\n";
    let people = house.app.import_roster(roster.as_bytes(), None).await.unwrap().unwrap().ids;
    let mut seats = Vec::new();
    for (index, person) in people.iter().enumerate() {
        let team = ["r1", "b1", "r2", "b2", "r1"][index];
        seats.push(house.app.give_seat(&exercise, person, team, &teacher).await.unwrap().id);
    }
    Class { house, exercise, teacher, people, seats }
}

impl Class {
    /// Pages of these seats are open for some minutes.
    async fn present(&self, seats: &[usize], minutes: i64) {
        for _ in 0..minutes * 4 {
            for seat in seats {
                self.house.app.touch(&self.seats[*seat]);
            }
            self.house.clock.advance(15_000);
        }
        for seat in seats {
            self.house.app.touch(&self.seats[*seat]);
        }
    }

    async fn turn(&self, to: Status) {
        self.house.app.exercise(&self.exercise).unwrap().turn(&self.teacher, to).await.unwrap();
    }

    async fn seconds(&self) -> Vec<i64> {
        let rows = self.house.app.attendance(&self.exercise).await.unwrap();
        self.people
            .iter()
            .map(|person| rows.iter().find(|row| row.person.id == *person).unwrap().counted.seconds)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_sheet_and_pauses_make_the_hours() {
    let class = class().await;
    class.present(&[0, 1], 20).await;
    class.turn(Status::Paused).await;
    class.present(&[0], 10).await;
    class.turn(Status::Running).await;
    class.present(&[0], 10).await;
    // 丙 was in the room all the time without a screen; 丁 until the pause.
    let app = &class.house.app;
    app.sign(&class.exercise, &class.people[2], MORNING, None, "教室簽到", &class.teacher).await.unwrap();
    app.sign(&class.exercise, &class.people[3], MORNING, Some(MORNING + 15 * MINUTE), "早退", &class.teacher)
        .await
        .unwrap();
    class.turn(Status::Ended).await;
    class.present(&[0], 5).await;
    assert_eq!(class.seconds().await, [1800, 1200, 1800, 900, 0]);
    let rows = app.attendance(&class.exercise).await.unwrap();
    let open = rows.iter().find(|row| row.person.id == class.people[2]).unwrap();
    assert_eq!(open.counted.review.len(), 1, "never signed out: to be looked at");
    // Taken out of the exercise afterwards: the hours stay.
    app.take_seat(&class.exercise, &class.seats[0], &class.teacher).await.unwrap();
    assert_eq!(class.seconds().await[0], 1800);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_with_people_checked_in_neither_loses_nor_makes_time() {
    let mut class = class().await;
    class.present(&[0, 1], 5).await;
    let (exercise, person) = (class.exercise.clone(), class.people[2].clone());
    class.house.app.sign(&exercise, &person, MORNING, None, "教室簽到", &class.teacher).await.unwrap();
    let before = class.seconds().await;
    assert_eq!(before, [300, 300, 300, 0, 0]);
    // 甲's page tells once more that it is open, and the server is killed before that is written.
    class.house.app.touch(&class.seats[0]);
    class.house = class.house.killed().await;
    class.house.clock.advance(90_000);
    let after = class.seconds().await;
    assert_eq!(after, [300, 300, 390, 0, 0], "what was shown stands, and who is signed in is still there");
    let rows = class.house.app.attendance(&class.exercise).await.unwrap();
    let open = rows.iter().find(|row| row.person.id == person).unwrap();
    assert_eq!((open.signs.len(), open.signs[0].to_ms, open.counted.review.len()), (1, None, 0));
    // 甲's page comes back: they sat there all the time, by the printed rule. 乙 went away meanwhile.
    class.present(&[0], 1).await;
    assert_eq!(class.seconds().await, [450, 300, 450, 0, 0]);
    // Killed while all is paused: no time passes, for whoever is signed in either.
    class.turn(Status::Paused).await;
    class.house = class.house.killed().await;
    class.house.clock.advance(90_000);
    class.present(&[0], 1).await;
    assert_eq!(class.house.app.exercise(&class.exercise).unwrap().fold().status, Status::Paused);
    assert_eq!(class.seconds().await, [450, 300, 450, 0, 0]);
    class.turn(Status::Running).await;
    class.present(&[0], 1).await;
    assert_eq!(class.seconds().await, [510, 300, 510, 0, 0]);
    // Signed out after the kill, the line that was opened before it is closed: it stays one.
    let app = &class.house.app;
    app.sign_out(&class.exercise, &open.signs[0].id, app.now_ms(), &class.teacher).await.unwrap();
    class.present(&[0], 1).await;
    assert_eq!(class.seconds().await, [570, 300, 510, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_line_that_cannot_be_is_refused() {
    let class = class().await;
    let app = &class.house.app;
    class.house.clock.advance(10 * MINUTE);
    let sign = |person: &str, from, to, reason: &'static str| {
        let person = person.to_owned();
        let (exercise, teacher) = (class.exercise.clone(), class.teacher.clone());
        async move { app.sign(&exercise, &person, from, to, reason, &teacher).await }
    };
    let person = class.people[0].as_str();
    assert!(matches!(sign(person, MORNING + 5, Some(MORNING), "x").await, Err(SignError::Order(_))));
    assert!(matches!(sign(person, MORNING + 60 * MINUTE, None, "x").await, Err(SignError::Future)));
    assert!(matches!(sign(person, MORNING, None, " ").await, Err(SignError::Reason)));
    assert!(matches!(sign("nobody", MORNING, None, "x").await, Err(SignError::Stranger)));
    assert!(app.store.signs().list(&class.exercise).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_officer_gets_figures_and_each_look_leaves_a_line() {
    let class = class().await;
    class.present(&[0, 1, 2, 3, 4], 12).await;
    class.turn(Status::Ended).await;
    let app = &class.house.app;
    let admin = class.house.account("root", Role::Administrator).await;
    for account_id in [class.teacher.clone(), admin] {
        assert!(app.statistics(&class.exercise, &Officer { account_id }).await.is_err());
    }
    for what in ["personal.read", "personal.export"] {
        assert!(app.store.audit().list(Some(what), None, 10).await.unwrap().is_empty());
    }
    let officer = Officer { account_id: class.house.account("officer", Role::Officer).await };
    let figures = app.statistics(&class.exercise, &officer).await.unwrap();
    let heads = figures.heads;
    assert_eq!(
        (heads.total(), heads.female, heads.male, heads.other, heads.undisclosed, heads.none),
        (5, 1, 1, 1, 1, 1)
    );
    assert_eq!(figures.counts.seconds, 5 * 12 * 60);
    let csv = app.export(&class.exercise, ExportTable::Gender, ExportFormat::Csv, &officer).await.unwrap();
    let text = String::from_utf8(csv.bytes.clone()).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("20.00"), "{text}");
    assert!(csv.name.ends_with(".csv"), "{}", csv.name);
    let again = app.export(&class.exercise, ExportTable::Gender, ExportFormat::Csv, &officer).await.unwrap();
    assert_eq!(csv.bytes, again.bytes, "same data, same bytes");
    let ods = app.export(&class.exercise, ExportTable::Gender, ExportFormat::Ods, &officer).await.unwrap();
    assert!(ods.bytes.starts_with(b"PK"));
    let hours = app.export(&class.exercise, ExportTable::Hours, ExportFormat::Csv, &officer).await.unwrap();
    let text = String::from_utf8(hours.bytes).unwrap();
    // 5 people x 12 minutes.
    assert!(text.contains("丙") && text.contains("0.20") && text.contains("1.00"), "{text}");
    assert_ne!(hours.name, csv.name);
    let lines = app.store.audit().list(None, None, 100).await.unwrap();
    let what: Vec<_> =
        lines.iter().map(|line| line.what.as_str()).filter(|what| what.starts_with("personal.")).collect();
    assert_eq!(
        what,
        ["personal.export", "personal.export", "personal.export", "personal.export", "personal.read"]
    );
}
