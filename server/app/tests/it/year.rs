//! A year's tables from what really stands in the store: an exercise, a class, people who are merged and parted.

use rampart_app::{AppError, Digital, ExportFormat, Reminder, Road, UploadWish};
use rampart_domain::records::course::{MarkSource, TestKind};
use rampart_domain::records::portal::{Category, Profile};
use rampart_domain::records::targets::{Claim, Measure, Target};
use rampart_domain::records::{
    Cell, DutyClass, Edition, Finding, FindingResult, Gender, Kind, RocYear, Standing, Table,
};
use rampart_store::{NewClassMark, NewClassSession, NewPerson, Officer, Role, StoreError, TestResult};
use scoreboard::Status;

use crate::house::{House, MORNING, course_about};

const HOUR: i64 = 3_600_000;
pub const YEAR: RocYear = RocYear(115);

fn shown(table: &Table) -> Vec<String> {
    table.rows.iter().map(|row| row.iter().map(Cell::shown).collect::<Vec<_>>().join(" | ")).collect()
}

pub struct Year {
    pub house: House,
    teacher: String,
    pub officer: Officer,
}

impl Year {
    async fn table(&self, kind: Kind) -> Table {
        let road = Road::Look;
        self.house.app.records_table(kind, YEAR, Edition::Internal, &self.officer, road).await.unwrap()
    }
}

/// An exercise with p1, and a class with p1 and p2 on the list who came, p3 who did not, and p4 who came unlisted.
async fn year() -> Year {
    let mut house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let officer = Officer { account_id: house.account("officer", Role::Officer).await };
    let exercise = house.exercise("S115-01", &teacher).await;
    house.set_going(&exercise, &[Status::Provisioning, Status::Ready, Status::Running]).await;
    house.clock.advance(2 * HOUR);
    let store = &house.app.store;
    let people: Vec<NewPerson> = [
        ("p1", Gender::Male, Some(DutyClass::Dedicated)),
        ("p2", Gender::Female, Some(DutyClass::User)),
        ("p3", Gender::Female, None),
        ("p4", Gender::Female, None),
    ]
    .into_iter()
    .map(|(id, gender, duty)| NewPerson {
        id: id.to_owned(),
        name: format!("學員{id}"),
        staff_no: id.to_uppercase(),
        agency: "縣府".to_owned(),
        gender: Some(gender),
        duty,
        ..NewPerson::default()
    })
    .collect();
    store.persons().import(&people, MORNING).await.unwrap();
    let about = course_about("資安通識", "522");
    store.courses().create("c1", &about, &teacher, MORNING).await.unwrap();
    let session = NewClassSession {
        id: "k1".to_owned(),
        course_id: "c1".to_owned(),
        code: "S115-02".to_owned(),
        class_no: 1,
        place: String::new(),
        halves: vec![(MORNING, MORNING + HOUR)],
        late_minutes: 10,
        exercise_id: None,
    };
    store.courses().add_session(&session, &teacher, MORNING).await.unwrap();
    let listed: Vec<(String, String)> =
        ["p1", "p2", "p3"].map(|person| (format!("l-{person}"), person.to_owned())).to_vec();
    store.courses().enter("k1", Standing::Trainee, &listed, &teacher, MORNING).await.unwrap();
    let trainer = [("l-t".to_owned(), "p3".to_owned())];
    store.courses().enter("k1", Standing::Trainer, &trainer, &teacher, MORNING).await.unwrap();
    let marks: Vec<NewClassMark> = ["p1", "p2", "p4"]
        .into_iter()
        .map(|person| NewClassMark {
            id: format!("m-{person}"),
            person_id: person.to_owned(),
            source: MarkSource::Sheet,
            in_ms: MORNING,
            out_ms: Some(MORNING + HOUR),
        })
        .collect();
    store.class_marks().add("k1", &marks, &teacher, "簽到單", MORNING).await.unwrap();
    for (person, score) in [("p1", 80), ("p2", 69)] {
        let result = TestResult {
            id: format!("r-{person}"),
            session_id: "k1".to_owned(),
            person_id: person.to_owned(),
            kind: TestKind::Post,
            score,
            by_account: teacher.clone(),
            at_ms: MORNING,
            removed_ms: None,
            removed_reason: None,
        };
        store.class_marks().set_results("k1", &[result], "").await.unwrap();
    }
    house.app.give_seat(&exercise, "p1", "r1", &teacher).await.unwrap();
    house.app.sign(&exercise, "p1", MORNING, Some(MORNING + HOUR), "簽到單", &teacher).await.unwrap();
    Year { house, teacher, officer }
}

fn finding(number: &str) -> Finding {
    Finding {
        id: String::new(),
        year: YEAR,
        number: number.to_owned(),
        system: "嵐文".to_owned(),
        weakness: "SQL 注入".to_owned(),
        cvss: 98,
        first_ms: MORNING,
        repair: String::new(),
        repaired_ms: None,
        retest_ms: None,
        result: FindingResult::Open,
    }
}

fn agency() -> rampart_store::Agency {
    rampart_store::Agency {
        id: "a1".to_owned(),
        name: "縣府".to_owned(),
        level: Some(rampart_domain::records::Level::B),
        ..rampart_store::Agency::default()
    }
}

/// A year in which each table has something to say: duties, a questionnaire, a finding.
pub async fn filled() -> Year {
    let year = year().await;
    let app = &year.house.app;
    let stamp = rampart_store::Stamp { id: "s", at_ms: MORNING, by: None };
    app.store.agencies().save(&agency(), &stamp, || "s".to_owned()).await.unwrap();
    app.save_finding(finding("R-01"), &year.teacher).await.unwrap();
    let question =
        rampart_app::courses::SurveyQuestion {
            scale: true, zh: "難易適中".to_owned(), en: String::new()
        };
    let survey = app.make_survey("c1", "課後問卷", &[question], &year.teacher).await.unwrap();
    for slip in app.hand_survey_out("c1", &survey, 5, &year.teacher).await.unwrap() {
        app.answer_survey(&slip, Some(Gender::Female), |_| "4".to_owned()).await.unwrap();
    }
    year
}

#[tokio::test(flavor = "multi_thread")]
async fn exercises_and_classes_are_counted_by_their_own_rules() {
    let year = year().await;
    let x2 = shown(&year.table(Kind::X2).await);
    let class = x2.iter().find(|line| line.starts_with("S115-02")).unwrap();
    assert!(class.contains(" | 管理面 | 522 | "), "{class}");
    assert!(class.ends_with(" | 3 | 3 | 1 | 2 | - | - | 1 | 3 | 100.00 | 33.33"), "{class}");
    let exercise = x2.iter().find(|line| line.starts_with("S115-01")).unwrap();
    assert!(exercise.contains(" | 1 | 1 | 1 | - | - | - | 3 | 1 | 100.00 | -"), "{exercise}");
    assert!(x2.last().unwrap().contains(" | 3 | 1 | 2 | - | - | "), "{x2:?}");
    assert!(shown(&year.table(Kind::X1).await)[0].starts_with("115 | 3 | 1 | 33.33 | 2 | 66.67 | "));
    // The trainer is no trainee, and one woman of one is not a third of men.
    let x3 = shown(&year.table(Kind::X3).await);
    assert!(x3[3].starts_with("師資(含紅隊教官) | 1 | - | 1 | 100.00 | 0.00 | 未符合"), "{x3:?}");
    let hours = shown(&year.table(Kind::Hours).await);
    assert!(hours.iter().any(|line| line.ends_with(" | P1 | 學員p1 | 2 | 2.00")), "{hours:?}");
    // What two rows did is one person's, until they are found to be two.
    let app = &year.house.app;
    app.merge_persons("p4", "p2", "同一人", &year.teacher).await.unwrap();
    assert!(shown(&year.table(Kind::X1).await)[0].starts_with("115 | 2 | 1 | 50.00 | 1 | 50.00 | "));
    app.part_persons("p4", "兩人", &year.teacher).await.unwrap();
    assert_eq!(shown(&year.table(Kind::X2).await), x2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_that_is_taken_back_counts_in_no_figure_and_stays_readable() {
    let year = year().await;
    let app = &year.house.app;
    assert_eq!(app.issue_certificates("c1", &year.teacher).await.unwrap(), 1, "p1 alone passed");
    let given = app.course_standing("c1").await.unwrap().1;
    let given = given.into_iter().find_map(|row| row.certificate).unwrap();
    let number = format!("{}-{}", given.number, given.check_code);
    let sheets = app.entered_sheets("c1", "k1").await.unwrap();
    assert_eq!((sheets.len(), sheets[0].marks.len(), sheets[0].standing()), (1, 3, 3));
    let officer = year.officer.account_id.as_str();
    let why = "登錄到別的場次";
    assert!(app.take_back_entered("c1", "k1", (sheets[0].id(), true), " ", officer).await.is_err());
    assert!(app.take_back_entered("c1", "k1", ("m-p9", true), why, officer).await.is_err());
    // One entry: its certificate does not hold any more, and stands until somebody revokes it.
    let one = app.take_back_entered("c1", "k1", ("m-p1", false), why, officer).await.unwrap();
    assert_eq!((one.marks, one.unfounded), (1, 1));
    assert!(app.take_back_entered("c1", "k1", ("m-p1", false), why, officer).await.is_err(), "once");
    let class = |table: Table| shown(&table).into_iter().find(|line| line.starts_with("S115-02")).unwrap();
    let x2 = class(year.table(Kind::X2).await);
    assert!(x2.contains(" | 3 | 2 | - | 2 | - | - | 1 | 2 | 66.67 | 0.00"), "{x2}");
    let standing = app.course_standing("c1").await.unwrap().1;
    let who: Vec<(&str, bool)> =
        standing.iter().map(|row| (row.person.id.as_str(), row.is_unfounded())).collect();
    assert_eq!(who, [("p1", true), ("p2", false), ("p3", false)]);
    assert_eq!(app.check_certificate(&number).await.unwrap().unwrap().revoked_ms, None);
    app.revoke_certificate("c1", &given.id, why, &year.teacher).await.unwrap();
    // The rest of it.
    let rest = app.take_back_entered("c1", "k1", ("m-p1", true), why, officer).await.unwrap();
    assert_eq!((rest.marks, rest.unfounded), (2, 0));
    let x2 = class(year.table(Kind::X2).await);
    assert!(x2.contains(" | 3 | - | - | - | - | - | 1 | - | 0.00 | -"), "{x2}");
    assert!(shown(&year.table(Kind::X1).await)[0].starts_with("115 | 1 | 1 | 100.00 | - | "));
    let hours = shown(&year.table(Kind::Hours).await);
    assert!(hours.len() == 2 && hours[0].ends_with(" | P1 | 學員p1 | 1 | 1.00"), "{hours:?}");
    let kept = app.entered_sheets("c1", "k1").await.unwrap();
    assert_eq!(
        (kept[0].reason.as_str(), kept[0].by.as_str(), kept[0].standing()),
        ("簽到單", &*year.teacher, 0)
    );
    for (_, mark) in &kept[0].marks {
        assert_eq!((mark.removed_by.as_deref(), mark.removed_reason.as_deref()), (Some(officer), Some(why)));
    }
    let lines = app.store.audit().list(Some("class.take_back"), None, 9).await.unwrap();
    assert_eq!(lines[0].detail, "session=k1 mark=m-p1 n=2");
    // Entered anew, it counts again.
    let stay = [("p2".to_owned(), MORNING, Some(MORNING + HOUR))];
    app.mark_class("c1", "k1", MarkSource::Sheet, &stay, "重新登錄", &year.teacher).await.unwrap();
    assert!(class(year.table(Kind::X2).await).contains(" | 3 | 1 | - | 1 | "));
    assert_eq!(app.entered_sheets("c1", "k1").await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_officer_reads_and_each_reading_leaves_its_line() {
    let year = year().await;
    let app = &year.house.app;
    let other = Officer { account_id: year.teacher.clone() };
    let refused = app.records_table(Kind::X1, YEAR, Edition::Internal, &other, Road::Look).await;
    assert!(matches!(refused, Err(AppError::Store(StoreError::NotOfficer { .. }))), "{refused:?}");
    assert!(app.records_year(YEAR, &other).await.is_err());
    let none = app.records_table(Kind::Hours, YEAR, Edition::Public, &year.officer, Road::Look).await;
    assert!(matches!(none, Err(AppError::Missing("edition"))));
    year.table(Kind::X2).await;
    let public = Edition::Public;
    let file = app.records_file(Kind::X1, YEAR, public, ExportFormat::Csv, &year.officer).await.unwrap();
    assert_eq!(file.name, "性別統計表_115年_公開版.csv");
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(text.contains("115,3,※,※,※,※,※,※"), "{text}");
    let lines = |what: &'static str| async move {
        let lines = app.store.audit().list(Some(what), None, 9).await.unwrap();
        lines.into_iter().map(|line| line.detail).collect::<Vec<_>>()
    };
    assert_eq!(lines("personal.read").await, ["X2 115 internal"]);
    assert_eq!(lines("personal.export").await, ["X1 115 public csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_duties_findings_and_texts_reach_their_tables() {
    let year = year().await;
    let app = &year.house.app;
    assert!(
        shown(&year.table(Kind::X6).await)[1]
            .starts_with("115 | 3-1 | 培訓人數 | 不重複人數 | 50 | 3 | 6.00")
    );
    let target = Target {
        id: String::new(),
        item: "1-1".to_owned(),
        title: "演練".to_owned(),
        county: String::new(),
        from: YEAR,
        until: None,
        measure: Measure::PersonTimes,
        value: 4,
        or: Some((Measure::Websites, 30)),
        evidence: "X2".to_owned(),
    };
    let wrong = app.save_target(Target { value: 0, ..target.clone() }, "officer").await;
    assert!(wrong.is_err());
    app.save_target(target, "officer").await.unwrap();
    let kept = app.targets().await.unwrap();
    assert_eq!(kept.len(), 6, "the programme's own stay");
    let id = kept.into_iter().find(|one| one.item == "1-1").unwrap().id;
    let claim = Claim { target: id, second: true, by_hand: Some(15) };
    app.claim(YEAR, &claim, "officer").await.unwrap();
    let x6 = shown(&year.table(Kind::X6).await);
    assert!(x6[0].starts_with("115 | 1-1 | 演練（未申報） | 人次 | 4 | 4 | 100.00 | 4"), "{x6:?}");
    assert!(x6[1].starts_with("115 | 1-1 | 演練（申報） | 網站數 | 30 | 15 | 50.00 | -"), "{x6:?}");

    let overview = app.records_year(YEAR, &year.officer).await.unwrap();
    assert_eq!((overview.year.persons.total(), overview.year.cases, overview.year.sessions), (3, 1, 2));
    assert!(overview.reminders.contains(&Reminder::Reason(Standing::Trainer)), "{:?}", overview.reminders);
    app.set_record_text(YEAR, "x3:trainer", "次年增聘", "officer").await.unwrap();
    assert!(app.set_record_text(YEAR, "x9:trainer", "x", "officer").await.is_err());
    let overview = app.records_year(YEAR, &year.officer).await.unwrap();
    assert!(!overview.reminders.contains(&Reminder::Reason(Standing::Trainer)));
    assert!(year.table(Kind::X3).await.notes.iter().any(|note| note.contains("次年增聘")));

    let finding = finding("R-01");
    app.save_finding(finding.clone(), "teacher").await.unwrap();
    assert!(app.save_finding(finding, "teacher").await.is_err(), "the number is taken");
    assert!(shown(&year.table(Kind::X8).await)[0].starts_with("R-01 | 嵐文 | SQL 注入 | 9.8 | 高"));

    // Without a level of the agency nobody can be judged.
    assert!(shown(&year.table(Kind::X7).await).is_empty());
    let stamp = rampart_store::Stamp { id: "s", at_ms: MORNING, by: None };
    app.store.agencies().save(&agency(), &stamp, || "s".to_owned()).await.unwrap();
    let x7 = shown(&year.table(Kind::X7).await);
    assert!(x7[0].contains("資安專職 | 12 專業或職能/年 | 1 | 1 | 專業 11 | 未達成"), "{x7:?}");
    assert!(x7[1].contains("一般使用者 | 3 通識/年 | 0 | 1 | 通識 2 | 未達成"), "{x7:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_years_figures_are_one_wherever_they_stand() {
    let mut year = year().await;
    let exercise = year.house.app.exercises()[0].id.clone();
    let desk = year.house.app.records_year(YEAR, &year.officer).await.unwrap();
    // Three people: one at the exercise, and with the class two more.
    assert_eq!(desk.year.persons.total(), 3);
    let page = year.house.app.statistics(&exercise, &year.officer).await.unwrap();
    assert_eq!(page.heads.total(), 1, "the exercise's own row");
    let x1 = year.table(Kind::X1).await;
    assert_eq!((page.years.rows, page.years.columns), (x1.rows, x1.columns));
    // One reading, one line; a file of the exercise alone has its own.
    let lines = year.house.app.store.audit().list(Some("personal.read"), None, 9).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.detail == "X1 S115-01").count(), 1, "{lines:?}");
    let table = rampart_app::ExportTable::Gender;
    let file = year.house.app.export(&exercise, table, ExportFormat::Csv, &year.officer).await.unwrap();
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(text.contains(",1,1,100.00,-,-,"), "{text}");
    // What the officer asks for is what the page judges by.
    for one in year.house.app.targets().await.unwrap() {
        if one.measure == Measure::FemaleShare {
            year.house.app.save_target(Target { value: 70, ..one }, "officer").await.unwrap();
        }
    }
    let x1 = year.table(Kind::X1).await;
    assert!(x1.columns.last().unwrap().zh.contains("70%") && shown(&x1)[0].ends_with("未達成"), "{x1:?}");
    let page = year.house.app.statistics(&exercise, &year.officer).await.unwrap();
    assert_eq!(page.years.rows, x1.rows);
    let out_of_reach = Target { value: 101, ..page.targets[0].clone() };
    assert!(year.house.app.save_target(out_of_reach, "officer").await.is_err(), "no share is more than all");
    year.house.set_going(&exercise, &[Status::Ended]).await;
    let after = year.house.app.statistics(&exercise, &year.officer).await.unwrap();
    assert_eq!(after.years.rows, x1.rows);
}

fn wish(numbers: &str) -> UploadWish {
    UploadWish {
        profile: Profile::of("current").unwrap(),
        category: Category::General,
        county: "30".to_owned(),
        batch: "1".to_owned(),
        digital: Digital::None,
        numbers: numbers.to_owned(),
    }
}

/// Codes of the sessions whose hours the desk asks for, with the days that are left.
async fn asked_for(year: &Year) -> Vec<(String, i64)> {
    let desk = year.house.app.records_year(YEAR, &year.officer).await.unwrap();
    let due = desk.reminders.into_iter().filter_map(|one| match one {
        Reminder::Portal { code, left, .. } => Some((code, left)),
        _ => None,
    });
    let mut due: Vec<_> = due.collect();
    due.sort();
    due
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_asked_for_until_their_file_is_made() {
    let mut year = year().await;
    let exercise = year.house.app.exercises()[0].id.clone();
    year.house.set_going(&exercise, &[Status::Ended]).await;
    assert_eq!(asked_for(&year).await, []);
    const DAY: i64 = 24 * HOUR;
    year.house.clock.advance(11 * DAY);
    let both = |left: i64| [("S115-01".to_owned(), left), ("S115-02".to_owned(), left)];
    assert_eq!(asked_for(&year).await, both(3));
    // However late it is.
    year.house.clock.advance(60 * DAY);
    assert_eq!(asked_for(&year).await, both(-57));
    let app = &year.house.app;
    year.house.sql("UPDATE persons SET identity = 'civil' WHERE id = 'p1'").await;
    // The table of hours by name is another file, also where it is a CSV.
    let hours = rampart_app::ExportTable::Hours;
    app.export(&exercise, hours, ExportFormat::Csv, &year.officer).await.unwrap();
    assert_eq!(asked_for(&year).await, both(-57));
    // With a fault there is no file, and nothing is settled.
    assert!(app.hours_upload(&exercise, &wish("P1,A123456789"), &year.officer).await.is_err());
    assert_eq!(asked_for(&year).await.len(), 2);
    app.hours_upload(&exercise, &wish("P1,A123456788"), &year.officer).await.unwrap();
    assert_eq!(asked_for(&year).await, both(-57)[1..]);
    let desk = app.records_year(YEAR, &year.officer).await.unwrap();
    let made: Vec<_> = desk.portal.iter().map(|due| (due.code.as_str(), due.made_ms.is_some())).collect();
    assert_eq!(made.len(), 2);
    assert!(made.contains(&("S115-01", true)) && made.contains(&("S115-02", false)), "{made:?}");
    // The file of the whole course holds the hours of each of its sessions.
    let of = app.class_hours("c1", None).await.unwrap();
    app.class_hours_upload(&of, &wish("P1,A123456788"), &year.officer).await.unwrap();
    assert_eq!(asked_for(&year).await, []);
    // Of people who are all no officials no file can be made: nobody asks for it.
    year.house.sql("DELETE FROM audit WHERE what = 'personal.export'").await;
    year.house.sql("UPDATE persons SET identity = 'vendor'").await;
    assert_eq!(asked_for(&year).await, []);
}
