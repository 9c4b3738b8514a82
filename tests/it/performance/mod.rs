//! Figures of a release build, reported and never asserted: `target/performance.json`.
//!
//! The load is a class of trainees on 127.0.0.1 who submit flags. Stored answers are wrong flags of the right form, each an
//! entry of the ledger before it is answered. The floor is the same server answering the same request with nothing stored:
//! a text that has not the form of a flag goes the same way (session, token, limit, the exercise's runner) and is refused
//! before anything is written. Both alternate in one run, so that what else the machine does falls on both.

mod load;
mod terminal;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::http::Person;
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

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Mean of the medians over the numbers of connections.
fn over(rounds: &Value, what: &str) -> f64 {
    let all: Vec<f64> =
        rounds.as_object().unwrap().values().map(|one| one[what]["median"].as_f64().unwrap()).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

async fn measure(server: &mut Server) -> Value {
    let staff = stage::staff(server).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle_kb = server.resident_kb();
    let code = format!("P-{}", unique());
    let exercise = stage::make_exercise(server, &staff.instructor, "measured", &code, PAIRS).await;
    let seats = class(server, &staff, &exercise).await;
    let (launch_s, made) = launch(&staff, &exercise).await;
    stage::act(&staff.instructor, &exercise, "start", "").await;
    stage::wait_state(&staff.instructor, &exercise, "running", Duration::from_secs(20)).await;

    let mut load = Load::new(server.port, seats);
    // Both kinds once, unmeasured: connections, caches, the first pages of the log.
    load.round(32, 64, true).await;
    load.round(32, 64, false).await;
    let mut rounds = serde_json::Map::new();
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
    server.verify_chain(&exercise);
    let stored_in_all = load.stored();
    let rounds = Value::Object(rounds);
    let (answers, floor) = (over(&rounds, "stored_per_s"), over(&rounds, "floor_per_s"));
    json!({
        "flag_answers_per_s": round(answers),
        "floor_no_storage_per_s": round(floor),
        "ratio": round(answers / floor),
        "p99_ms": round(over(&rounds, "p99_ms")),
        "launch_seconds_per_container": round(launch_s / made as f64),
        "rss_idle_mb": round(idle_kb as f64 / 1024.0),
        "rss_loaded_mb": round(loaded_kb as f64 / 1024.0),
        "connections": rounds,
        "facts": {
            "store": "sqlite, WAL, synchronous=FULL",
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
            "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "seats": SEATS,
            "requests_each_round": REQUESTS,
            "flags_stored": stored_in_all,
            "containers_launched": made,
            "launch_s": round(launch_s),
            "clients": "same machine, same processors",
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn figures() {
    let home = tempfile::TempDir::new().unwrap();
    scenario(home.path());
    let mut server =
        Server::with(Setup { scenarios: home.path().join("scenarios"), ..Setup::default() }).await;
    let mut report = Value::Null;
    let outcome = keep::outcome(async { report = measure(&mut server).await }).await;
    if outcome.is_err() {
        server.keep(&keep::folder("performance"));
    }
    drop(server);
    keep::conclude(outcome);
    write_down(&report);
}

/// Puts figures into `target/performance.json` beside those that are there.
fn write_down(figures: &Value) {
    let path = artifacts().parent().unwrap().join("performance.json");
    let known =
        std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let mut all = known.and_then(|known| known.as_object().cloned()).unwrap_or_default();
    all.extend(figures.as_object().unwrap().clone());
    std::fs::write(&path, format!("{:#}\n", Value::Object(all))).unwrap();
    eprintln!("{figures:#}");
}
