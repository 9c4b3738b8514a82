//! A year of records: 200 classes, 10,000 people, 100,000 marks; agencies with their levels, duty classes, other parts than
//! trainees, questionnaires and findings, so that no table is an empty one. How long the officer waits for the overview, for each table
//! and for each file, and how much memory the server takes more: for each file over what it had just before, and at most over
//! what it had idle. The floor is the same server's shortest page for the same officer, so that what else the machine does
//! falls on both. The package of the year, all tables in all formats and both editions, is one more figure.

use std::time::Instant;

use rampart_domain::records::course::{Aspect, MarkSource, Standing};
use rampart_domain::records::roc::{RocDate, RocYear};
use rampart_domain::records::{
    Age, Answers, Area, Disability, DutyClass, Finding, FindingResult, Gender, HomeArea, Identity,
    Indigenous, Kind, Level,
};
use rampart_store::{
    Agency, CourseAbout, NewClassMark, NewClassSession, NewPerson, Officer, PaperSheet, Purpose, Question,
    QuestionKind, Stamp, Store, Survey, SurveyAnswer,
};
use serde_json::{Value, json};

use super::{median, on, round, write_down};
use crate::harness::http::Person;
use crate::harness::postgres::Postgres;
use crate::harness::server::Server;
use crate::harness::stage;

const PEOPLE: usize = 10_000;
const SESSIONS: usize = 200;
/// Marks of each session, one for each of its people.
const EACH: usize = 500;
const AGENCIES: usize = 60;
/// People of each session who are there for it and not trained by it, of each part.
const PARTS: usize = 5;
/// Each so many-th person stated more than their gender.
const STATES: usize = 5;
/// Questionnaires, one a course; questions of each, and sheets that came back.
const COURSES: usize = 20;
const QUESTIONS: usize = 5;
const SHEETS: usize = 60;
const FINDINGS: usize = 300;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// How often each page is asked for.
const ROUNDS: usize = 3;
/// How often each file.
const FILES: usize = 2;
const FORMATS: [&str; 4] = ["ods", "csv", "xlsx", "pdf"];

/// The last whole year, so that everything in it has happened.
pub fn year() -> RocYear {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    RocYear::of_ms(i64::try_from(now.as_millis()).unwrap()).before()
}

/// Puts the year into the store, as the server's own roads would.
pub async fn fill(address: &str) {
    let store = Store::open(address).await.unwrap();
    let accounts = store.accounts().list().await.unwrap();
    let account = |login: &str| accounts.iter().find(|one| one.login == login).unwrap().id.clone();
    let by = account("teacher");
    agencies(&store, &by).await;
    let people: Vec<NewPerson> = (0..PEOPLE)
        .map(|n| NewPerson {
            id: format!("person-{n:05}"),
            name: format!("學員{n:05}"),
            staff_no: format!("N{n:05}"),
            agency: agency(n),
            gender: Gender::ALL.get(n % 7 % 5).copied(),
            identity: Identity::ALL.get(n % (Identity::ALL.len() + 1)).copied(),
            duty: Some(DutyClass::ALL[n % DutyClass::ALL.len()]),
            ..NewPerson::default()
        })
        .collect();
    store.persons().import(&people, 1).await.unwrap();
    for n in 0..COURSES {
        let about = CourseAbout {
            code: format!("C{n:02}"),
            title: format!("課程{n:02}"),
            aspect: Aspect::ALL[n % 3],
            speciality: String::new(),
            category: if n % 2 == 0 { "523" } else { "522" }.to_owned(),
            minutes: 180,
            digital_minutes: 0,
            tested: false,
            pass_mark: 70,
            work_related: true,
            measures: Vec::new(),
            county: "30".to_owned(),
        };
        store.courses().create(&format!("course-{n:02}"), &about, &by, 1).await.unwrap();
    }
    let first = RocDate::new(year().0, 1, 2).unwrap().start_ms();
    for n in 0..SESSIONS {
        let start_ms = first + i64::try_from(n).unwrap() * DAY + 9 * HOUR;
        let id = format!("session-{n:03}");
        let session = NewClassSession {
            id: id.clone(),
            course_id: format!("course-{:02}", n % COURSES),
            code: format!("S-{n:03}"),
            class_no: 1,
            place: String::new(),
            halves: vec![(start_ms, start_ms + 3 * HOUR)],
            late_minutes: 10,
            exercise_id: None,
        };
        store.courses().add_session(&session, &by, 1).await.unwrap();
        let who: Vec<String> =
            (0..EACH).map(|k| format!("person-{:05}", (n * EACH / 2 + k * 7) % PEOPLE)).collect();
        let rows: Vec<(String, String)> =
            who.iter().enumerate().map(|(k, person)| (format!("{id}-p{k}"), person.clone())).collect();
        store.courses().enter(&id, Standing::Trainee, &rows, &by, 1).await.unwrap();
        for (at, part) in OTHERS.into_iter().enumerate() {
            let rows: Vec<(String, String)> = (0..PARTS)
                .map(|k| {
                    (format!("{id}-o{at}-{k}"), format!("person-{:05}", (n * 11 + at * PARTS + k) % PEOPLE))
                })
                .collect();
            store.courses().enter(&id, part, &rows, &by, 1).await.unwrap();
        }
        let marks: Vec<NewClassMark> = who
            .iter()
            .enumerate()
            .map(|(k, person)| NewClassMark {
                id: format!("{id}-m{k}"),
                person_id: person.clone(),
                source: MarkSource::Sheet,
                in_ms: start_ms,
                out_ms: Some(start_ms + 3 * HOUR - i64::try_from(k % 9).unwrap() * 60_000),
            })
            .collect();
        store.class_marks().add(&id, &marks, &by, "", 1).await.unwrap();
    }
    stated(&store, &account("officer")).await;
    questionnaires(&store, &by, first).await;
    findings(&store, &by, first).await;
    store.close().await;
}

/// Everybody but trainees.
const OTHERS: [Standing; 4] = [Standing::Planner, Standing::Staff, Standing::Contractor, Standing::Trainer];

fn agency(n: usize) -> String {
    format!("第 {} 公所", n % AGENCIES)
}

/// Agencies with level and place; every tenth is not on the list.
async fn agencies(store: &Store, by: &str) {
    for n in (0..AGENCIES).filter(|n| n % 10 != 9) {
        let one = Agency {
            id: format!("agency-{n:02}"),
            code: format!("A{n:02}"),
            name: agency(n),
            level: Some(Level::ALL[n % Level::ALL.len()]),
            area: Some(Area::ALL[n % Area::ALL.len()]),
            county: "青嵐縣".to_owned(),
            ..Agency::default()
        };
        let id = format!("stamp-agency-{n:02}");
        store.agencies().save(&one, &Stamp { id: &id, at_ms: 1, by: Some(by) }, String::new).await.unwrap();
    }
}

/// What people state beside their gender.
async fn stated(store: &Store, officer: &str) {
    let officer = Officer { account_id: officer.to_owned() };
    for n in (0..PEOPLE).step_by(STATES) {
        let k = n / STATES;
        let answers = Answers {
            gender: Gender::ALL.get(n % 7 % 5).copied(),
            age: Some(Age::ALL[k % Age::ALL.len()]),
            area: Some(HomeArea::ALL[k % HomeArea::ALL.len()]),
            indigenous: Some(Indigenous::ALL[k % Indigenous::ALL.len()]),
            disability: Some(Disability::ALL[k % Disability::ALL.len()]),
        };
        let audit = format!("stated-{n:05}");
        let purpose = Purpose { audit_id: &audit, at_ms: 1, detail: "" };
        let person = format!("person-{n:05}");
        let done = store.as_officer(&officer).set_answers(purpose, &person, &answers, 1, "1").await.unwrap();
        assert!(done, "{person}");
    }
}

/// A questionnaire for each course, with sheets that came back on paper.
async fn questionnaires(store: &Store, by: &str, first_ms: i64) {
    for n in 0..COURSES {
        let survey = Survey {
            id: format!("survey-{n:02}"),
            course_id: format!("course-{n:02}"),
            session_id: None,
            title: "課後問卷".to_owned(),
            handed_out: u32::try_from(SHEETS + 10).unwrap(),
            tokens: 0,
            used: 0,
            returned: 0,
            created_ms: first_ms + i64::try_from(n).unwrap() * DAY,
            closed_ms: None,
        };
        let questions: Vec<Question> = (0..QUESTIONS)
            .map(|at| Question {
                id: format!("question-{n:02}-{at}"),
                kind: QuestionKind::Scale,
                zh: format!("第 {at} 題"),
                en: format!("Question {at}"),
            })
            .collect();
        store.surveys().create(&survey, &questions, by).await.unwrap();
        for sheet in 0..SHEETS {
            let scores: Vec<SurveyAnswer> = questions
                .iter()
                .enumerate()
                .map(|(at, question)| SurveyAnswer {
                    question_id: question.id.clone(),
                    score: u8::try_from((sheet + at + n) % 5 + 1).ok(),
                    words: None,
                })
                .collect();
            let id = format!("sheet-{n:02}-{sheet:03}");
            let gender = Gender::ALL.get(sheet % 5).copied();
            let done = store.surveys().answer_on_paper(&survey.id, &id, gender, &scores).await.unwrap();
            assert_eq!(done, PaperSheet::Taken, "{id}");
        }
    }
}

/// Weaknesses that the year's tests found.
async fn findings(store: &Store, by: &str, first_ms: i64) {
    for n in 0..FINDINGS {
        let day = |days: usize| first_ms + i64::try_from(days).unwrap() * DAY;
        let found = n % 300;
        let one = Finding {
            id: format!("finding-{n:03}"),
            year: year(),
            number: format!("F-{n:03}"),
            system: format!("系統{}", n % 40),
            weakness: "跨站指令碼".to_owned(),
            cvss: i64::try_from(n % 101).unwrap(),
            first_ms: day(found),
            repair: "輸出編碼".to_owned(),
            repaired_ms: (n % 3 > 0).then(|| day(found + n % 14)),
            retest_ms: (n % 3 > 0).then(|| day(found + n % 14 + 1)),
            result: FindingResult::ALL[n % FindingResult::ALL.len()],
        };
        store.programme().save_finding(&one, by, 1).await.unwrap();
    }
}

/// Fails unless a table, as CSV, has what was filled in: a measured table is no empty one.
fn is_full(kind: Kind, csv: &str) {
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.trim_end().split(',').collect()).collect();
    let positive = |cell: &str| {
        let digits = cell.trim_matches('"').split(['(', '.']).next().unwrap_or_default();
        digits.parse::<u64>().is_ok_and(|count| count > 0)
    };
    let with = |first: &dyn Fn(&str) -> bool, column: usize| {
        rows.iter()
            .filter(|row| {
                first(row[0].trim_matches('"')) && row.get(column).is_some_and(|cell| positive(cell))
            })
            .count()
    };
    let any = |_: &str| true;
    let (found, least) = match kind {
        // The four groups, each with people.
        Kind::X3 => (with(&any, 1), OTHERS.len()),
        Kind::X4 => (with(&|first| first.contains("課後問卷"), 1), COURSES * QUESTIONS),
        // At least two classes, and the total.
        Kind::X5(_) => (with(&any, 1), 3),
        // A tenth of them is of agencies without a level.
        Kind::X7 => (rows.iter().filter(|row| row[0].contains("公所")).count(), PEOPLE * 9 / 10),
        Kind::X8 => (rows.iter().filter(|row| row[0].contains("F-")).count(), FINDINGS),
        _ => return,
    };
    assert!(found >= least, "{} has {found} rows that say something, not {least}: {csv}", kind.code());
}

/// Median of some rounds, ms, and what came.
async fn ask(officer: &Person, path: &str, rounds: usize) -> (f64, String) {
    let mut times = Vec::new();
    let mut text = String::new();
    for _ in 0..rounds {
        let began = Instant::now();
        let answer = officer.get(path).await;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        text = answer.ok();
    }
    (median(&times), text)
}

async fn measure(server: &mut Server, address: &str) -> Value {
    let staff = stage::staff(server).await;
    fill(address).await;
    let officer = &staff.officer;
    let (floor, _) = ask(officer, "/privacy", ROUNDS).await;
    let idle_kb = server.resident_kb();
    let year = year();
    server.forget_peak();
    let (overview, text) = ask(officer, &format!("/statistics/year/{year}"), ROUNDS).await;
    let overview_kb = server.peak_kb();
    // What is measured is the year that was filled in.
    assert!(text.contains("100,000"), "the overview does not show 100,000 person-times");
    let mut most_kb = overview_kb;
    let (mut pages, mut files) = (serde_json::Map::new(), serde_json::Map::new());
    let mut added_by = serde_json::Map::new();
    let megabytes = |kb: u64| round(kb.saturating_sub(idle_kb) as f64 / 1024.0);
    let (mut slowest, mut slowest_file, mut most_added) = (0.0_f64, 0.0_f64, 0.0_f64);
    for kind in Kind::ALL {
        let code = kind.code();
        let (page, _) = ask(officer, &format!("/statistics/year/{year}/{code}"), ROUNDS).await;
        pages.insert(code.to_owned(), json!(round(page)));
        slowest = slowest.max(page);
        most_kb = most_kb.max(server.resident_kb());
        let (mut of_formats, mut of_added) = (serde_json::Map::new(), serde_json::Map::new());
        for format in FORMATS {
            let address = format!("/statistics/year/{year}/{code}/export?format={format}&edition=internal");
            let before_kb = server.resident_kb();
            server.forget_peak();
            let (file, text) = ask(officer, &address, FILES).await;
            if format == "csv" {
                is_full(kind, &text);
            }
            of_formats.insert(format.to_owned(), json!(round(file)));
            slowest_file = slowest_file.max(file);
            let peak_kb = server.peak_kb();
            most_kb = most_kb.max(peak_kb);
            let added = round(peak_kb.saturating_sub(before_kb) as f64 / 1024.0);
            of_added.insert(format.to_owned(), json!(added));
            most_added = most_added.max(added);
        }
        files.insert(code.to_owned(), Value::Object(of_formats));
        added_by.insert(code.to_owned(), Value::Object(of_added));
    }
    let before_kb = server.resident_kb();
    server.forget_peak();
    let began = Instant::now();
    let package = officer.get(&format!("/statistics/year/{year}/package")).await;
    let package_s = began.elapsed().as_secs_f64();
    assert_eq!(package.status.as_u16(), 200);
    let package_kb = server.peak_kb().saturating_sub(before_kb);
    json!({
        "records_package_s": round(package_s),
        "records_package_memory_mb": round(package_kb as f64 / 1024.0),
        "records_year_overview_ms": round(overview),
        "records_table_ms": round(slowest),
        "records_export_ms": round(slowest_file),
        "records_export_memory_mb": most_added,
        "records_year_memory_mb": megabytes(most_kb),
        "records_overview_memory_mb": megabytes(overview_kb),
        "records_floor_ms": round(floor),
        "records_tables_ms": pages,
        "records_exports_ms": files,
        "records_exports_memory_mb": added_by,
        "records_facts": {
            "people": PEOPLE, "sessions": SESSIONS, "marks": SESSIONS * EACH, "agencies": AGENCIES,
            "with_duty": PEOPLE, "with_answers": PEOPLE / STATES, "other_parts": SESSIONS * PARTS * OTHERS.len(),
            "questionnaires": COURSES, "sheets": COURSES * SHEETS, "findings": FINDINGS,
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn year_of_records() {
    let report = on("performance-records", None, async |server: &mut Server| {
        let address = format!("sqlite:{}", server.data().join("rampart.db").display());
        measure(server, &address).await
    })
    .await;
    write_down(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn year_of_records_on_postgres() {
    let postgres = Postgres::start();
    let address = postgres.url();
    let report = on("performance-records-postgres", Some(address.clone()), async |server: &mut Server| {
        measure(server, &address).await
    })
    .await;
    write_down(&json!({ "records_postgres": report }));
}
