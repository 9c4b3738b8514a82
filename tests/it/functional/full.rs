//! More waits to be written than may wait. Something holds the database, people and programs go on sending, and the queue is
//! full: whoever comes then hears at once that nothing was recorded and when to come again. When the database is free again,
//! what waited is entered once, and what was refused is taken when it is sent again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use scoreboard::Body;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::durable::{Field, OBJECTIVES};
use crate::harness::http::Person;
use crate::harness::postgres::Postgres;
use crate::harness::server::Setup;
use crate::harness::words::zh;
use crate::harness::{docker, eventually, keep, stage, take_descriptors};

/// Corrections sent at the same time: more than an exercise lets wait (4,096) and decides together (256).
const CROWD: usize = 4_600;
/// Connections opened side by side.
const OPENING: usize = 100;
/// Whoever is refused comes again after this time, so that the queue stays full.
const AGAIN: Duration = Duration::from_secs(1);
/// A busy machine takes its time.
const LONGEST: Duration = Duration::from_secs(180);
/// An answer that takes longer than this waits for the database.
const AT_ONCE: Duration = Duration::from_secs(8);

/// Something that holds the database against writers until it is let go.
struct Hold(Child);

impl Hold {
    /// `command` takes the lock by what is written to it, and says `held`.
    fn of(mut command: Command, words: &str) -> Self {
        let mut hold = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
        hold.0.stdin.as_mut().unwrap().write_all(words.as_bytes()).unwrap();
        let mut said = BufReader::new(hold.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(said.any(|line| line == "held"), "the database is not held");
        hold
    }

    fn sqlite(path: &std::path::Path) -> Self {
        let script = "import sqlite3, sys\n\
                      db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)\n\
                      db.execute('BEGIN IMMEDIATE')\n\
                      print('held', flush=True)\n\
                      sys.stdin.read()";
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(path);
        Self::of(command, "")
    }

    fn postgres(postgres: &Postgres) -> Self {
        Self::of(postgres.command_line(), "BEGIN; LOCK TABLE ledger IN EXCLUSIVE MODE;\n\\echo held\n")
    }
}

impl Drop for Hold {
    /// It ends with its input, and its lock with it.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// The crowd's connections, and what was answered.
#[derive(Default)]
struct Crowd {
    over: AtomicBool,
    /// Entered, as answered.
    taken: AtomicUsize,
    /// Refused because the queue is full.
    refused: AtomicUsize,
    /// Refused because the database was not free in time.
    failed: AtomicUsize,
}

impl Crowd {
    /// Sends a correction until it is taken, or told that the database cannot be written, or all is over.
    async fn correct(self: Arc<Self>, port: u16, request: Arc<Vec<u8>>) {
        let mut socket = loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(socket) => break socket,
                // More come at once than a busy machine takes in.
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        };
        loop {
            socket.write_all(&request).await.unwrap();
            let (status, answer) = read_answer(&mut socket).await;
            match status {
                303 => self.taken.fetch_add(1, Ordering::SeqCst),
                503 if answer.contains(&zh("error.busy")) => {
                    assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: 2\r\n"), "{answer}");
                    self.refused.fetch_add(1, Ordering::SeqCst);
                    if !self.over.load(Ordering::SeqCst) {
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    }
                    return;
                }
                503 if answer.contains(&zh("error.store_unavailable")) => {
                    self.failed.fetch_add(1, Ordering::SeqCst)
                }
                _ => panic!("{status}: {answer}"),
            };
            return;
        }
    }
}

/// Status, and the whole answer.
async fn read_answer(socket: &mut TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    loop {
        let read = socket.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the server closed the connection");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if body.len() >= length.trim().parse().unwrap() {
            return (head[9..12].parse().unwrap(), text.into_owned());
        }
    }
}

/// A judge's correction by the page's form, as bytes.
fn correction(field: &Field) -> Vec<u8> {
    let instructor = &field.staff.instructor;
    let body = format!("csrf={}&act=correct&team=r1&points=1&text=%2B1", instructor.token());
    format!(
        "POST /exercises/{exercise}/judge HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\n\
         cookie: {cookies}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}",
        exercise = field.exercise,
        port = field.server.port,
        cookies = instructor.cookies(),
        length = body.len(),
    )
    .into_bytes()
}

/// The true flag of an objective, as it lies on the host.
fn flag(field: &Field, objective: &str) -> String {
    let www = docker::host(&field.exercise, 1, "www");
    let (code, said) = docker::exec(&www, "root", &format!("cat /srv/{objective}.txt"));
    assert_eq!(code, 0, "{said}");
    said.trim().to_owned()
}

/// Sends a flag as the page's script does: status, when to come again, answer. `None` when it waits in the queue.
async fn send(person: &Person, objective: &str, typed: &str) -> Option<(u16, Option<String>, Value)> {
    let request = person
        .request(reqwest::Method::POST, "/seat/flags")
        .header("origin", person.base())
        .header("accept", "application/json")
        .header("x-csrf-token", person.token())
        .form(&[("objective", objective), ("flag", typed)]);
    let answer = tokio::time::timeout(AT_ONCE, request.send()).await.ok()?.unwrap();
    let (status, again) = (answer.status().as_u16(), answer.headers().get("retry-after").cloned());
    let again = again.map(|value| value.to_str().unwrap().to_owned());
    Some((status, again, answer.json().await.unwrap()))
}

/// The same act by the API. `None` when it waits in the queue.
async fn judge(field: &Field, token: &str) -> Option<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let act = json!({ "act": "correct", "team": "r1", "points": 1, "text": "+1" });
    let request = client
        .post(format!("{}/api/v1/exercises/{}/judge", field.server.base(), field.exercise))
        .bearer_auth(token)
        .header("accept-language", "en")
        .json(&act);
    tokio::time::timeout(AT_ONCE, request.send()).await.ok().map(Result::unwrap)
}

/// Sets up, lets `hold` hold the database, and looks at it all.
async fn fill(field: &mut Field, hold: impl FnOnce() -> Hold) {
    take_descriptors();
    let token = stage::token(&field.staff.instructor, &["exercises:read", "judge:write"]).await;
    let before = judge(field, &token).await.unwrap();
    assert_eq!(before.status().as_u16(), 204, "{}", before.text().await.unwrap());
    field.staff.instructor.get(&format!("/exercises/{}/judge", field.exercise)).await.ok();
    let flags: Vec<(String, String)> = (1..=OBJECTIVES)
        .map(|n| format!("memo{n}"))
        .map(|objective| (objective.clone(), flag(field, &objective)))
        .collect();
    let hold = hold();
    let crowd = Arc::new(Crowd::default());
    let request = Arc::new(correction(field));
    let port = field.server.port;
    let mut people = Vec::new();
    while people.len() < CROWD {
        for _ in 0..OPENING {
            people.push(tokio::spawn(crowd.clone().correct(port, request.clone())));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eventually("the queue is full", LONGEST, || async {
        (crowd.refused.load(Ordering::SeqCst) > 0).then_some(())
    })
    .await;

    // A trainee's flag. What waits in the queue instead counts later; then the next one is tried.
    let seat = field.seats[0].clone();
    let (mut waiting, mut refused) = (Vec::new(), None);
    for (objective, typed) in &flags {
        match send(&seat, objective, typed).await {
            Some((503, again, said)) if said["error"] == "busy" => {
                assert_eq!(again.as_deref(), Some("2"), "{said}");
                assert!(said["text"].as_str().unwrap().contains(&zh("error.busy")), "{said}");
                refused = Some((objective.clone(), typed.clone()));
                break;
            }
            Some((503, _, said)) => assert_eq!(said["error"], "store_unavailable", "{said}"),
            Some((status, _, said)) => panic!("{status}: {said}"),
            None => waiting.push(objective.clone()),
        }
    }
    let (objective, typed) = refused.expect("eight flags, and the queue took each");
    // A program.
    let tries = AtomicUsize::new(0);
    let problem = eventually("the API refuses", LONGEST, || async {
        let Some(answer) = judge(field, &token).await else {
            tries.fetch_add(1, Ordering::SeqCst);
            return None;
        };
        assert_eq!(answer.status().as_u16(), 503);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(answer.headers().contains_key("retry-after"));
        let problem: Value = answer.json().await.unwrap();
        (problem["code"] == "busy").then_some(problem)
    })
    .await;
    assert_eq!(problem["status"], 503);
    assert!(problem["title"].as_str().unwrap().starts_with("Too much waits"), "{problem}");

    crowd.over.store(true, Ordering::SeqCst);
    drop(hold);
    for one in people {
        tokio::time::timeout(LONGEST, one).await.expect("a correction was never answered").unwrap();
    }
    let taken = crowd.taken.load(Ordering::SeqCst);
    let told = (taken, crowd.refused.load(Ordering::SeqCst), crowd.failed.load(Ordering::SeqCst));
    eprintln!("{told:?} corrections taken, refused, failed");
    assert!(taken > 0, "{told:?}");

    // Sent again, the refused flag counts, once.
    let (status, _, said) = eventually("flags are taken again", LONGEST, || async {
        send(&seat, &objective, &typed).await.filter(|(status, ..)| *status != 503)
    })
    .await;
    assert_eq!((status, &said["answer"]), (200, &json!("correct")), "{said}");
    let (status, _, said) = send(&seat, &objective, &typed).await.unwrap();
    assert_eq!((status, &said["answer"]), (200, &json!("already_yours")), "{said}");

    let entries = field.ledger();
    let own = |entry: &&scoreboard::Entry| matches!(&entry.body, Body::Correction { .. });
    let corrections = entries.iter().filter(own).count();
    // The API's first one is there too, and those of its tries that waited may be.
    let most = taken + 1 + tries.into_inner();
    assert!((taken + 1..=most).contains(&corrections), "{corrections} are stored, {taken} were answered");
    let captured = |objective: &str| {
        let of = |entry: &&scoreboard::Entry| matches!(&entry.body, Body::Flag { objective: of, points: 1.., .. } if of == objective);
        entries.iter().filter(of).count()
    };
    assert_eq!(captured(&objective), 1);
    for objective in &waiting {
        assert!(captured(objective) <= 1, "{objective} was captured twice");
    }
    field.server.verify_chain(&field.exercise);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_loses_nothing() {
    let mut field = Field::open(Setup::default(), tempfile::TempDir::new().unwrap()).await;
    let database = field.server.data().join("rampart.db");
    let outcome = keep::outcome(fill(&mut field, || Hold::sqlite(&database))).await;
    if outcome.is_err() {
        field.server.keep(&keep::folder("full"));
    }
    drop(field);
    keep::conclude(outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_loses_nothing_on_postgres() {
    let postgres = Postgres::start();
    let setup = Setup { database: Some(postgres.url()), ..Setup::default() };
    let mut field = Field::open(setup, tempfile::TempDir::new().unwrap()).await;
    let outcome = keep::outcome(fill(&mut field, || Hold::postgres(&postgres))).await;
    if outcome.is_err() {
        field.server.keep(&keep::folder("full-postgres"));
    }
    drop(field);
    drop(postgres);
    keep::conclude(outcome);
}
