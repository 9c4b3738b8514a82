//! Figures of a release build, reported and never asserted: `target/performance.json`.
//!
//! The load is a class of trainees on 127.0.0.1 who submit flags. Stored answers are wrong flags of the right form, each an
//! entry of the ledger before it is answered. The floor is the same server answering the same request with nothing stored:
//! a text that has not the form of a flag goes the same way (session, token, limit, the exercise's runner) and is refused
//! before anything is written. Both alternate in one run, so that what else the machine does falls on both.

mod busy;
mod launch;
mod load;
mod records;
mod spectators;
mod terminal;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::http::Person;
use crate::harness::postgres::Postgres;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::{LAUNCH, artifacts, docker, keep, unique};
use crate::style::root;
use load::{Load, Seat};

/// Ranges: two red teams.
const PAIRS: u16 = 2;
/// Trainees at the flag box, over both teams. A seat may submit ten flags at once and one more each second.
const SEATS: usize = 300;
/// Requests of one round of one kind. Six rounds of stored ones stay below the wrong answers that two teams have.
const REQUESTS: usize = 900;
/// Connections, as many as a class of that size has.
const CONNECTIONS: [usize; 2] = [32, 64];
/// Reads of the board in a round, and rounds of each kind.
const READS: usize = 4_000;
const READ_ROUNDS: usize = 5;
/// Rounds of each kind and each number of connections.
const ROUNDS: usize = 3;
/// Time in which a seat's bucket is full again.
const REFILL: Duration = Duration::from_secs(11);
/// Wrong answers that the measured scenario allows; the most that the format does.
const ATTEMPTS: &str = "attempts: 1000";
/// Objectives in turn.
const OBJECTIVES: [&str; 3] = ["portal-db", "www-file", "doc-sealed"];

/// The shipped scenario with room for wrong answers and no order of objectives.
fn scenario(home: &std::path::Path) {
    let to = home.join("scenarios/measured");
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let from = root().join("scenarios/qinglan-portal");
    assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap().success());
    let file = to.join("scenario.yaml");
    let text: Vec<String> = std::fs::read_to_string(&file)
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("requires:"))
        .map(|line| line.replace("attempts: 20", ATTEMPTS).replace("id: qinglan-portal", "id: measured"))
        .collect();
    std::fs::write(file, text.join("\n")).unwrap();
}

async fn launch(staff: &Staff, exercise: &str) -> (f64, usize) {
    let began = Instant::now();
    stage::act(&staff.instructor, exercise, "launch", "").await;
    stage::wait_state(&staff.instructor, exercise, "ready", LAUNCH).await;
    (began.elapsed().as_secs_f64(), docker::containers(exercise).len())
}

async fn class(server: &Server, staff: &Staff, exercise: &str) -> Vec<Seat> {
    let people = stage::people(SEATS);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let places: Vec<(&str, &str)> = people
        .iter()
        .enumerate()
        .map(|(n, (name, ..))| (name.as_str(), if n % 2 == 0 { "r1" } else { "r2" }))
        .collect();
    stage::seat(&staff.instructor, exercise, &places).await;
    let slips = stage::slips(&staff.instructor, exercise).await;
    let mut seats = Vec::new();
    for (_, code) in &slips {
        let person: Person = stage::sit(&server.base(), code).await;
        person.get("/seat").await.ok();
        seats.push(Seat { cookies: person.cookies(), token: person.token() });
    }
    seats
}

fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    };
    json!({ "median": round(median), "least": round(values[0]), "most": round(values[values.len() - 1]) })
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Mean of the medians over the numbers of connections.
fn over(rounds: &Value, what: &str) -> f64 {
    let all: Vec<f64> =
        rounds.as_object().unwrap().values().map(|one| one[what]["median"].as_f64().unwrap()).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

/// An exercise that runs, with a class at its flag box.
struct Range {
    staff: Staff,
    exercise: String,
    load: Load,
    idle_kb: u64,
    launch_s: f64,
    made: usize,
}

async fn range(server: &mut Server) -> Range {
    let staff = stage::staff(server).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle_kb = server.resident_kb();
    let code = format!("P-{}", unique());
    let exercise = stage::make_exercise(server, &staff.instructor, "measured", &code, PAIRS).await;
    let seats = class(server, &staff, &exercise).await;
    let (launch_s, made) = launch(&staff, &exercise).await;
    stage::act(&staff.instructor, &exercise, "start", "").await;
    stage::wait_state(&staff.instructor, &exercise, "running", Duration::from_secs(20)).await;
    Range { staff, exercise, load: Load::new(server.port, seats), idle_kb, launch_s, made }
}

/// Flag answers, stored and not, in turns.
async fn flags(server: &Server, range: &mut Range, store: &str) -> Value {
    let load = &mut range.load;
    // Both kinds once, unmeasured: connections, caches, the first pages of the log.
    load.round(32, 64, true).await;
    load.round(32, 64, false).await;
    let mut rounds = serde_json::Map::new();
    let mut figures = serde_json::Map::new();
    let mut loaded_kb = 0;
    for connections in CONNECTIONS {
        let (mut stored, mut floor, mut p99, mut floor_p99) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            tokio::time::sleep(REFILL).await;
            // In turns, so that neither kind always comes second.
            for store in [round % 2 == 0, round % 2 != 0] {
                let one = load.round(connections, REQUESTS, store).await;
                let (speeds, slowest) =
                    if store { (&mut stored, &mut p99) } else { (&mut floor, &mut floor_p99) };
                speeds.push(one.per_s);
                slowest.push(one.p99_ms);
            }
            loaded_kb = loaded_kb.max(server.resident_kb());
        }
        figures.insert(format!("flag_ratio_c{connections}"), json!(round(median(&stored) / median(&floor))));
        figures.insert(format!("p99_ms_c{connections}"), json!(round(median(&p99))));
        rounds.insert(
            connections.to_string(),
            json!({
                "stored_per_s": spread(stored),
                "floor_per_s": spread(floor),
                "p99_ms": spread(p99),
                "floor_p99_ms": spread(floor_p99),
            }),
        );
    }
    server.verify_chain(&range.exercise);
    let rounds = Value::Object(rounds);
    let (answers, floor) = (over(&rounds, "stored_per_s"), over(&rounds, "floor_per_s"));
    figures.extend(
        json!({
            "flag_answers_per_s": round(answers),
            "floor_no_storage_per_s": round(floor),
            "ratio": round(answers / floor),
            "rss_idle_mb": round(range.idle_kb as f64 / 1024.0),
            "rss_loaded_mb": round(loaded_kb as f64 / 1024.0),
            "connections": rounds,
            "facts": {
                "store": store,
                "build": if cfg!(debug_assertions) { "debug" } else { "release" },
                "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
                "seats": SEATS,
                "requests_each_round": REQUESTS,
                "flags_stored": range.load.stored(),
                "clients": "same machine, same processors",
            },
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    Value::Object(figures)
}

/// The board as a document against the shortest answer that the same server gives.
async fn board_reads(server: &Server, exercise: &str) -> Value {
    let path = format!("/board/{exercise}/state");
    let (mut reads, mut floor) = (Vec::new(), Vec::new());
    for round in 0..=READ_ROUNDS {
        let mut one = (0.0, 0.0);
        for board in [round % 2 == 0, round % 2 != 0] {
            if board {
                one.0 = load::reads(server.port, &path, 64, READS, "\"sides\"").await.per_s;
            } else {
                one.1 = load::reads(server.port, "/health", 64, READS, "").await.per_s;
            }
        }
        // The first round warms up.
        if round > 0 {
            reads.push(one.0);
            floor.push(one.1);
        }
    }
    json!({
        "board_read_vs_floor": round(median(&reads) / median(&floor)),
        "board_reads": { "per_s": spread(reads), "bare_get_per_s": spread(floor), "requests_each_round": READS },
    })
}

async fn measure(server: &mut Server) -> Value {
    let mut range = range(server).await;
    let mut all = flags(server, &mut range, "sqlite, WAL, synchronous=FULL").await;
    let own = all.as_object_mut().unwrap();
    own.insert("launch_seconds_per_container".into(), json!(round(range.launch_s / range.made as f64)));
    own.insert(
        "launch_of_measured".into(),
        json!({ "containers": range.made, "seconds": round(range.launch_s) }),
    );
    for more in [
        board_reads(server, &range.exercise).await,
        spectators::measure(server, &range.staff.instructor, &range.exercise).await,
    ] {
        own.extend(more.as_object().unwrap().clone());
    }
    all
}

/// Runs `measure` on a server of its own.
async fn on(name: &str, database: Option<String>, measure: impl AsyncFnOnce(&mut Server) -> Value) -> Value {
    let home = tempfile::TempDir::new().unwrap();
    scenario(home.path());
    let setup = Setup { scenarios: home.path().join("scenarios"), database, ..Setup::default() };
    let mut server = Server::with(setup).await;
    let level = server.level();
    let mut report = Value::Null;
    let outcome = keep::outcome(async { report = measure(&mut server).await }).await;
    if outcome.is_err() {
        server.keep(&keep::folder(name));
    }
    drop(level);
    drop(server);
    keep::conclude(outcome);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn figures() {
    let report = on("performance", None, measure).await;
    write_down(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_on_postgres() {
    let postgres = Postgres::start();
    let report = on("performance-postgres", Some(postgres.url()), async |server: &mut Server| {
        let mut range = range(server).await;
        flags(server, &mut range, "PostgreSQL, fsync, synchronous_commit=on").await
    })
    .await;
    write_down(&json!({ "postgres": report }));
}

/// Puts figures into `target/performance.json` beside those that are there.
pub fn write_down(figures: &Value) {
    let path = artifacts().parent().unwrap().join("performance.json");
    let known =
        std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let mut all = known.and_then(|known| known.as_object().cloned()).unwrap_or_default();
    all.extend(figures.as_object().unwrap().clone());
    std::fs::write(&path, format!("{:#}\n", Value::Object(all))).unwrap();
    eprintln!("{figures:#}");
}
