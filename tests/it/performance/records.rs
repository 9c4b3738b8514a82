//! A year of records: 200 classes, 10,000 people, 100,000 marks. How long the officer waits for the overview, for each table
//! and for each file, and how much memory the server takes more: for each file over what it had just before, and at most over
//! what it had idle. The floor is the same server's shortest page for the same officer, so that what else the machine does
//! falls on both. The package of the year, all tables in all formats and both editions, is one more figure.

use std::time::Instant;

use rampart_domain::records::course::{Aspect, MarkSource, Standing};
use rampart_domain::records::roc::{RocDate, RocYear};
use rampart_domain::records::{Gender, Kind};
use rampart_store::{CourseAbout, NewClassMark, NewClassSession, NewPerson, Store};
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
    let by =
        store.accounts().list().await.unwrap().into_iter().find(|one| one.login == "teacher").unwrap().id;
    let people: Vec<NewPerson> = (0..PEOPLE)
        .map(|n| NewPerson {
            id: format!("person-{n:05}"),
            name: format!("學員{n:05}"),
            staff_no: format!("N{n:05}"),
            agency: format!("第 {} 公所", n % 60),
            gender: Gender::ALL.get(n % 7 % 5).copied(),
            ..NewPerson::default()
        })
        .collect();
    store.persons().import(&people, 1).await.unwrap();
    for n in 0..20 {
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
            course_id: format!("course-{:02}", n % 20),
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
    store.close().await;
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
            let (file, _) = ask(officer, &address, FILES).await;
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
            "people": PEOPLE, "sessions": SESSIONS, "marks": SESSIONS * EACH,
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
