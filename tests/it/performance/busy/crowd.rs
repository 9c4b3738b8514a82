//! A class at work and an officer who wants everything: fifty people load pages, as many seats as it takes submit two
//! hundred flags a second within what a seat may, one officer asks for a hundred packages of a year at once, and another
//! for one small table now and then.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::records;
use super::super::round;
use crate::harness::http::{Answer, Person};

/// People who load pages, and how often each does.
pub const PEOPLE: usize = 50;
const PAGE_EVERY: Duration = Duration::from_millis(500);
/// Seats that submit flags, and how often each does: one a second is what it may for long.
pub const FLAGGERS: usize = 240;
const FLAG_EVERY: Duration = Duration::from_millis(1200);
/// Objectives of each team, for as many wrong answers as the longest launch sees.
pub const OBJECTIVES: usize = 15;
/// Packages that one client wants at once, and how long it would wait for one.
const EXPORTS: usize = 100;
const EXPORT_WITHIN: Duration = Duration::from_secs(1_800);
/// How often the other officer asks for a table.
const TABLE_EVERY: Duration = Duration::from_secs(2);

/// Everybody.
pub struct Crowd {
    pub pages: Vec<Arc<Person>>,
    pub flags: Vec<Arc<Person>>,
    /// Who asks for packages, and who for a table.
    pub officers: [Arc<Person>; 2],
}

/// What they saw of the server.
#[derive(Default)]
pub struct Seen {
    pages: Mutex<Vec<f64>>,
    flags: Mutex<Vec<f64>>,
    /// Answers of the flag box by what they say.
    answers: Mutex<BTreeMap<String, usize>>,
    packages: Mutex<Vec<f64>>,
    refused: AtomicUsize,
    tables: Mutex<Vec<f64>>,
    /// Answers 503 that say when to come again: nothing was done. None is wanted; a machine that does far more besides may
    /// give some.
    not_now: AtomicUsize,
    /// Answers that nobody should get on any machine, as texts.
    broken: Mutex<Vec<String>>,
}

impl Seen {
    pub fn broken(&self) -> Vec<String> {
        self.broken.lock().unwrap().clone()
    }

    /// Seconds after which a refused one may come again; what is neither in order nor such a refusal is broken.
    fn refused(&self, what: &str, answer: &Answer) -> Option<u64> {
        let seconds = answer.headers.get("retry-after").and_then(|text| text.to_str().ok()?.parse().ok());
        match (answer.status, seconds) {
            (StatusCode::TOO_MANY_REQUESTS, Some(_)) => {}
            (StatusCode::SERVICE_UNAVAILABLE, Some(_)) => {
                self.not_now.fetch_add(1, Ordering::Relaxed);
            }
            (status, _) => {
                self.broken.lock().unwrap().push(format!("{what}: {status}"));
                return None;
            }
        }
        seconds
    }

    /// Answers 503 with a time to come again.
    pub fn not_now(&self) -> usize {
        self.not_now.load(Ordering::Relaxed)
    }

    pub fn pages(&self) -> Value {
        figures(&self.pages)
    }

    pub fn flags(&self, within: Duration) -> Value {
        let mut figures = figures(&self.flags);
        let count = self.flags.lock().unwrap().len();
        figures["per_s"] = json!(round(count as f64 / within.as_secs_f64()));
        figures["answers"] = json!(*self.answers.lock().unwrap());
        figures
    }

    pub fn exports(&self) -> Value {
        json!({
            "asked_at_once": EXPORTS,
            "packages": figures(&self.packages),
            "refused_for_now": self.refused.load(Ordering::Relaxed),
            "table_of_another_officer": figures(&self.tables),
        })
    }

    /// Packages that were made, askings that were refused, tables of the other officer.
    pub fn export_counts(&self) -> (usize, usize, usize) {
        let count = |times: &Mutex<Vec<f64>>| times.lock().unwrap().len();
        (count(&self.packages), self.refused.load(Ordering::Relaxed), count(&self.tables))
    }
}

/// Count, median and 99th percentile, ms.
fn figures(times: &Mutex<Vec<f64>>) -> Value {
    let mut times = times.lock().unwrap().clone();
    times.sort_by(f64::total_cmp);
    let at =
        |of_hundred: usize| times.get((times.len().max(1) - 1) * of_hundred / 100).copied().unwrap_or(0.0);
    json!({ "count": times.len(), "p50_ms": round(at(50)), "p99_ms": round(at(99)) })
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

/// Loads pages until it is over.
async fn load_pages(person: Arc<Person>, number: usize, seen: Arc<Seen>, over: Arc<AtomicBool>) {
    // Not all at the same moment.
    tokio::time::sleep(PAGE_EVERY * u32::try_from(number).unwrap() / u32::try_from(PEOPLE).unwrap()).await;
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = person.get("/seat").await;
        seen.pages.lock().unwrap().push(ms(began));
        if !answer.status.is_success() {
            seen.refused("page", &answer);
        }
        tokio::time::sleep(PAGE_EVERY.saturating_sub(began.elapsed())).await;
    }
}

/// Submits wrong flags until it is over, each another one.
async fn submit(person: Arc<Person>, number: usize, seen: Arc<Seen>, over: Arc<AtomicBool>) {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    tokio::time::sleep(FLAG_EVERY * u32::try_from(number).unwrap() / u32::try_from(FLAGGERS).unwrap()).await;
    while !over.load(Ordering::Relaxed) {
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let objective = format!("memo-{:02}", made / FLAGGERS % OBJECTIVES);
        let flag = format!("RMP{{{made:032x}}}");
        let began = Instant::now();
        let answer = person.post_json("/seat/flags", &[("objective", &objective), ("flag", &flag)]).await;
        seen.flags.lock().unwrap().push(ms(began));
        let said = match answer.status {
            StatusCode::OK => answer.json()["answer"].as_str().unwrap_or_default().to_owned(),
            other => other.as_u16().to_string(),
        };
        *seen.answers.lock().unwrap().entry(said).or_default() += 1;
        if answer.status.is_server_error() {
            seen.refused("flag", &answer);
        }
        tokio::time::sleep(FLAG_EVERY.saturating_sub(began.elapsed())).await;
    }
}

/// One of the many askings of one client: asks for the package of a year, and again as soon as it has it, or when a
/// refusal says that it may. Ends by being ended.
async fn want_package(officer: Arc<Person>, path: Arc<str>, seen: Arc<Seen>) {
    loop {
        let began = Instant::now();
        let request = officer.request(Method::GET, &path).timeout(EXPORT_WITHIN);
        let answer = officer.send(request).await;
        if answer.status == StatusCode::OK {
            assert_eq!(answer.bytes.get(..2), Some(&b"PK"[..]), "a package is a zip file");
            seen.packages.lock().unwrap().push(ms(began));
            continue;
        }
        let Some(again) = seen.refused("package", &answer) else { return };
        seen.refused.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(again)).await;
    }
}

/// Another officer wants one table now and then.
async fn want_table(officer: Arc<Person>, path: Arc<str>, seen: Arc<Seen>) {
    loop {
        let began = Instant::now();
        let request = officer.request(Method::GET, &path).timeout(EXPORT_WITHIN);
        let answer = officer.send(request).await;
        if answer.status == StatusCode::OK {
            seen.tables.lock().unwrap().push(ms(began));
        } else {
            seen.refused("table", &answer);
        }
        tokio::time::sleep(TABLE_EVERY).await;
    }
}

impl Crowd {
    /// Everybody works while something goes on; what they saw, how long it took, and what it came to.
    pub async fn meanwhile<T>(
        &self,
        exports: bool,
        something: impl Future<Output = T>,
    ) -> (Arc<Seen>, Duration, T) {
        let (seen, over): (Arc<Seen>, Arc<AtomicBool>) = Default::default();
        let mut tasks = Vec::new();
        for (number, person) in self.pages.iter().enumerate() {
            tasks.push(tokio::spawn(load_pages(person.clone(), number, seen.clone(), over.clone())));
        }
        for (number, person) in self.flags.iter().enumerate() {
            tasks.push(tokio::spawn(submit(person.clone(), number, seen.clone(), over.clone())));
        }
        let mut wanting = tokio::task::JoinSet::new();
        if exports {
            let [wants_all, wants_little] = &self.officers;
            let year = records::year();
            let package: Arc<str> = format!("/statistics/year/{year}/package").into();
            let table: Arc<str> =
                format!("/statistics/year/{year}/x1/export?format=csv&edition=internal").into();
            for _ in 0..EXPORTS {
                wanting.spawn(want_package(wants_all.clone(), package.clone(), seen.clone()));
            }
            wanting.spawn(want_table(wants_little.clone(), table, seen.clone()));
        }
        let began = Instant::now();
        let result = something.await;
        // On a slow machine one package takes longer than all else, and the other officer comes after it.
        while exports && seen.export_counts().2 == 0 {
            assert!(began.elapsed() < EXPORT_WITHIN, "the other officer gets no table");
            tokio::time::sleep(TABLE_EVERY).await;
        }
        let took = began.elapsed();
        over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        // Whoever still waits for a file goes away.
        wanting.abort_all();
        while let Some(ended) = wanting.join_next().await {
            if let Err(fault) = ended {
                assert!(fault.is_cancelled(), "{fault}");
            }
        }
        (seen, took, result)
    }
}
