//! What several roads say must be one thing: a class's sheet and a year's tables, the desk and the page of an exercise, rows of
//! the register that are one person. On each database there is.

use std::collections::BTreeMap;

use rampart_app::Road;
use rampart_domain::records::course::{MarkSource, TestKind};
use rampart_domain::records::{Answers, Cell, Edition, Gender, Kind, RocYear, Standing};
use rampart_store::{NewClassMark, NewClassSession, NewPerson, Officer, Role, TestResult};
use scoreboard::Status;

use crate::house::{House, MORNING, course_about};

const MINUTE: i64 = 60_000;
const YEAR: RocYear = RocYear(115);

struct Roads {
    house: House,
    exercise: String,
    teacher: String,
    officer: Officer,
}

/// A course of one session that is an exercise, and six women and men.
async fn roads(mut house: House) -> Roads {
    let teacher = house.account("teacher", Role::Instructor).await;
    let officer = Officer { account_id: house.account("officer", Role::Officer).await };
    let exercise = house.exercise("S115-01", &teacher).await;
    house.set_going(&exercise, &[Status::Provisioning, Status::Ready, Status::Running]).await;
    let store = &house.app.store;
    let people: Vec<NewPerson> = (1..=6)
        .map(|number| NewPerson {
            id: format!("p{number}"),
            name: format!("學員{number}"),
            staff_no: format!("P{number}"),
            agency: "縣府".to_owned(),
            gender: Some(if number % 2 == 0 { Gender::Female } else { Gender::Male }),
            ..NewPerson::default()
        })
        .collect();
    store.persons().import(&people, MORNING).await.unwrap();
    let about = course_about("紅藍對抗實作", "523");
    store.courses().create("c1", &about, &teacher, MORNING).await.unwrap();
    let session = NewClassSession {
        id: "k1".to_owned(),
        course_id: "c1".to_owned(),
        code: "S115-02".to_owned(),
        class_no: 1,
        place: String::new(),
        halves: vec![(MORNING, MORNING + 60 * MINUTE)],
        late_minutes: 60,
        exercise_id: Some(exercise.clone()),
    };
    store.courses().add_session(&session, &teacher, MORNING).await.unwrap();
    Roads { house, exercise, teacher, officer }
}

impl Roads {
    async fn list(&self, standing: Standing, people: &[&str]) {
        let rows: Vec<(String, String)> =
            people.iter().map(|id| (format!("l-{}-{id}", standing.code()), (*id).to_owned())).collect();
        self.house.app.store.courses().enter("k1", standing, &rows, &self.teacher, MORNING).await.unwrap();
    }

    /// A line of the class's sheet, in minutes of the morning.
    async fn mark(&self, person: &str, from: i64, to: i64) {
        let mark = NewClassMark {
            id: format!("m-{person}-{from}"),
            person_id: person.to_owned(),
            source: MarkSource::Sheet,
            in_ms: MORNING + from * MINUTE,
            out_ms: Some(MORNING + to * MINUTE),
        };
        self.house
            .app
            .store
            .class_marks()
            .add("k1", &[mark], &self.teacher, "簽到單", MORNING)
            .await
            .unwrap();
    }

    /// A line of the exercise's sheet.
    async fn sign(&self, person: &str, from: i64, to: i64) {
        let (from, to) = (MORNING + from * MINUTE, MORNING + to * MINUTE);
        self.house.app.sign(&self.exercise, person, from, Some(to), "教室", &self.teacher).await.unwrap();
    }

    async fn seat(&self, person: &str) -> rampart_store::Seat {
        self.house.app.give_seat(&self.exercise, person, "r1", &self.teacher).await.unwrap()
    }

    async fn scored(&self, person: &str, score: u8, later: i64) {
        let result = TestResult {
            id: format!("r-{person}-{later}"),
            session_id: "k1".to_owned(),
            person_id: person.to_owned(),
            kind: TestKind::Post,
            score,
            by_account: self.teacher.clone(),
            at_ms: MORNING + later,
            removed_ms: None,
            removed_reason: None,
        };
        self.house.app.store.class_marks().set_results("k1", &[result], "").await.unwrap();
    }

    async fn line(&self, kind: Kind) -> String {
        let app = &self.house.app;
        let table =
            app.records_table(kind, YEAR, Edition::Internal, &self.officer, Road::Look).await.unwrap();
        table.rows[0].iter().map(Cell::shown).collect::<Vec<_>>().join(" | ")
    }

    /// Seconds of each trainee as the sheet says, after comparing it with every other road.
    async fn seconds(&self) -> BTreeMap<String, i64> {
        let app = &self.house.app;
        let sheet = app.class_sheet("c1", "k1").await.unwrap();
        let trainees: Vec<_> = sheet.rows.iter().filter(|row| row.is_trainee()).collect();
        let seconds: BTreeMap<String, i64> =
            trainees.iter().map(|row| (row.person.id.clone(), row.counted.seconds)).collect();
        let portal = app.class_hours("c1", Some("k1")).await.unwrap().rows;
        let portal: BTreeMap<String, i64> =
            portal.into_iter().map(|row| (row.person.id, row.learner.seconds)).collect();
        assert_eq!(portal, seconds, "the portal's hours");
        let standing = app.course_standing("c1").await.unwrap().1;
        let standing: BTreeMap<String, i64> =
            standing.into_iter().map(|row| (row.person.id, row.seconds)).collect();
        assert_eq!(standing, seconds, "certificates");
        for (person, counted) in &seconds {
            let own = app.own_record(person).await.unwrap();
            let own: i64 = own.courses.iter().map(|course| course.seconds).sum();
            assert_eq!(own, *counted, "own page of {person}");
        }
        let year = app.records_year(YEAR, &self.officer).await.unwrap();
        let facts = &year.book.facts;
        let places = facts.places().iter().filter(|place| place.part == Standing::Trainee);
        let of_year: BTreeMap<String, i64> =
            places.map(|place| (facts.person(place).id.clone(), place.seconds)).collect();
        assert_eq!(of_year, seconds, "the year's tables");
        let came = seconds.values().filter(|seconds| **seconds > 0).count();
        let figures = &year.year;
        assert_eq!((figures.sessions, figures.cases), (1, 1), "the exercise is the session");
        assert_eq!(figures.times.total(), i64::try_from(came).unwrap());
        assert_eq!(figures.expected, i64::try_from(seconds.len()).unwrap());
        assert_eq!(figures.seconds, seconds.values().sum::<i64>());
        seconds
    }
}

fn of(said: &[(&str, i64)]) -> BTreeMap<String, i64> {
    said.iter().map(|(person, minutes)| ((*person).to_owned(), minutes * 60)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exercise_that_is_a_class_gives_one_time_on_every_road() {
    for house in House::on_each("class").await {
        let roads = roads(house).await;
        roads.list(Standing::Trainee, &["p1", "p2", "p3", "p4"]).await;
        roads.list(Standing::Judge, &["p6"]).await;
        roads.house.clock.advance(120 * MINUTE);
        assert_eq!(
            roads.seconds().await,
            of(&[("p1", 0), ("p2", 0), ("p3", 0), ("p4", 0)]),
            "nobody came yet"
        );
        // p1 sat only, p2 signed only, p3 did both, p4 stayed away; p5 is on no list and has a seat; p6 judged.
        for person in ["p1", "p3", "p5"] {
            roads.seat(person).await;
        }
        roads.sign("p1", 0, 30).await;
        roads.sign("p3", 20, 50).await;
        roads.sign("p5", 70, 80).await;
        for (person, from, to) in [("p2", 0, 60), ("p3", 0, 40), ("p5", 0, 60), ("p6", 0, 60)] {
            roads.mark(person, from, to).await;
        }
        roads.scored("p2", 80, 0).await;
        roads.scored("p5", 90, 0).await;
        let seconds = roads.seconds().await;
        assert_eq!(seconds, of(&[("p1", 30), ("p2", 60), ("p3", 50), ("p4", 0), ("p5", 70)]));
        // 5 expected, 4 came: 3 men, 1 woman; 3.5 hours; 2 of them passed.
        let x2 = roads.line(Kind::X2).await;
        assert!(x2.ends_with(" | 5 | 4 | 3 | 1 | - | - | 1 | 3.50 | 80.00 | 50.00"), "{x2}");
        assert!(roads.line(Kind::X1).await.starts_with("115 | 4 | 3 | 75.00 | 1 | 25.00 | "));
        // Who only signed holds a certificate and is counted.
        assert_eq!(roads.house.app.issue_certificates("c1", &roads.teacher).await.unwrap(), 2);
        // Rows that are one person: the union, once.
        roads.house.app.merge_persons("p2", "p3", "同一人", &roads.teacher).await.unwrap();
        assert_eq!(roads.seconds().await, of(&[("p1", 30), ("p3", 60), ("p4", 0), ("p5", 70)]));
        // Called off, the class gives the exercise back: seats and its own sheet alone.
        roads.house.app.cancel_class_session("c1", "k1", "場地", &roads.teacher).await.unwrap();
        let year = roads.house.app.records_year(YEAR, &roads.officer).await.unwrap();
        assert_eq!((year.year.sessions, year.year.cases, year.year.seconds), (1, 1, (30 + 30 + 10) * 60));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_persons_last_result_counts_on_every_road() {
    for house in House::on_each("result").await {
        let roads = roads(house).await;
        roads.list(Standing::Trainee, &["p1", "p2"]).await;
        roads.house.clock.advance(120 * MINUTE);
        roads.mark("p1", 0, 60).await;
        for (person, score, later) in [("p1", 90, 1), ("p2", 60, 2)] {
            roads.scored(person, score, later).await;
        }
        assert!(roads.line(Kind::X2).await.ends_with(" | 100.00"), "p1 passed");
        let app = &roads.house.app;
        app.merge_persons("p2", "p1", "同一人", &roads.teacher).await.unwrap();
        assert_eq!(app.course_standing("c1").await.unwrap().1[0].score, Some(60));
        assert_eq!(app.class_sheet("c1", "k1").await.unwrap().rows[0].post, Some(60));
        let x2 = roads.line(Kind::X2).await;
        assert!(x2.ends_with(" | 0.00"), "the later result, as for the certificate: {x2}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_person_holds_one_seat() {
    for house in House::on_each("seat").await {
        let roads = roads(house).await;
        let app = &roads.house.app;
        let first = roads.seat("p1").await;
        app.merge_persons("p2", "p1", "同一人", &roads.teacher).await.unwrap();
        app.merge_persons("p4", "p3", "同一人", &roads.teacher).await.unwrap();
        let people = ["p1", "p2", "p3", "p4"].map(str::to_owned);
        assert_eq!(app.spread(&roads.exercise, &people, &roads.teacher).await.unwrap(), 1, "p3 alone");
        assert_eq!(roads.seat("p2").await.id, first.id, "the seat that they have");
        let moved = app.give_seat(&roads.exercise, "p2", "b1", &roads.teacher).await.unwrap();
        assert_eq!((moved.person_id.as_str(), moved.team.as_str()), ("p1", "b1"));
        let seats = app.store.seats().list(&roads.exercise).await.unwrap();
        assert_eq!(seats.len(), 2, "{seats:?}");
        assert!(seats.iter().all(|seat| seat.id != first.id));
        // Two seats that were given before anybody knew become one at the next move.
        roads.seat("p5").await;
        roads.seat("p6").await;
        app.merge_persons("p6", "p5", "同一人", &roads.teacher).await.unwrap();
        app.give_seat(&roads.exercise, "p5", "b2", &roads.teacher).await.unwrap();
        let seats = app.store.seats().list(&roads.exercise).await.unwrap();
        let held: Vec<_> = seats.iter().filter(|seat| seat.team == "b2" || seat.team == "r1").collect();
        assert!(
            held.iter().filter(|seat| ["p5", "p6"].contains(&&*seat.person_id)).count() == 1,
            "{seats:?}"
        );
    }
}

impl Roads {
    /// Men, women and others without an answer of the year, as all roads say.
    async fn heads(&self, person: &str) -> Option<Gender> {
        let app = &self.house.app;
        let year = app.records_year(YEAR, &self.officer).await.unwrap();
        let exercise = app.statistics(&self.exercise, &self.officer).await.unwrap();
        assert_eq!(year.year.persons, exercise.heads, "the desk and the exercise's page");
        let page = app.answers_of(&self.officer, person).await.unwrap();
        let gender = page.and_then(|row| row.answers.gender);
        let apart = year.book.apart.get(person).copied().unwrap_or_default();
        assert_eq!(apart.gender, gender, "the desk and the person's page");
        gender
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_takes_the_answers_of_a_merged_person_that_their_page_shows() {
    for house in House::on_each("answers").await {
        let roads = roads(house).await;
        roads.house.clock.advance(120 * MINUTE);
        let app = &roads.house.app;
        roads.seat("p1").await;
        roads.sign("p1", 0, 30).await;
        // A roster calls the row that stands for the person a man; they said otherwise on the other row.
        app.merge_persons("p2", "p1", "同一人", &roads.teacher).await.unwrap();
        let said = |gender| Answers { gender: Some(gender), ..Answers::default() };
        assert_eq!(roads.heads("p1").await, Some(Gender::Male), "two rosters: the row that stands for them");
        app.give_answers("p2", &said(Gender::Female)).await.unwrap();
        assert_eq!(roads.heads("p1").await, Some(Gender::Female), "said before what a roster brought");
        roads.house.clock.advance(MINUTE);
        app.give_answers("p1", &said(Gender::Other)).await.unwrap();
        assert_eq!(roads.heads("p1").await, Some(Gender::Other), "the latest");
        roads.house.clock.advance(MINUTE);
        app.give_answers("p2", &Answers::default()).await.unwrap();
        assert_eq!(roads.heads("p1").await, None, "as a whole: nothing said is said");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_roster_brings_back_what_a_person_withdrew() {
    const ROSTER: &[u8] = "姓名,員工編號,機關,性別\n學員1,P1,縣府,男\n學員3,P3,縣府,男\n".as_bytes();
    for house in House::on_each("withdrawn").await {
        let roads = roads(house).await;
        roads.house.clock.advance(120 * MINUTE);
        let app = &roads.house.app;
        roads.seat("p1").await;
        roads.sign("p1", 0, 30).await;
        app.merge_persons("p2", "p1", "同一人", &roads.teacher).await.unwrap();
        let import = async || app.import_roster(ROSTER, None).await.unwrap().unwrap().withheld;
        assert_eq!((import().await, roads.heads("p1").await), (0, Some(Gender::Male)));
        app.withdraw_answers("p2").await.unwrap();
        assert!(app.withdraw_answers("p1").await.is_err(), "nothing is there any more");
        assert!(app.own_data("p1").await.unwrap().0.is_none());
        assert_eq!((import().await, import().await), (1, 1), "and the other man's is taken");
        assert_eq!(roads.heads("p1").await, None);
        let lines = app.store.audit().list(Some("roster.import"), None, 1).await.unwrap();
        assert_eq!(lines[0].detail, "added=0 changed=0 unchanged=2 withheld=1");
        // It holds on after what was kept long enough is gone, and for each row when they are parted.
        app.purge(&roads.officer, false).await.unwrap();
        app.part_persons("p2", "兩人", &roads.teacher).await.unwrap();
        assert_eq!((import().await, roads.heads("p1").await), (1, None));
        // Their own word lifts it.
        app.give_answers("p1", &Answers { gender: Some(Gender::Female), ..Answers::default() })
            .await
            .unwrap();
        assert_eq!((import().await, roads.heads("p1").await), (0, Some(Gender::Female)));
    }
}
