//! An answer means durable: the server is killed again and again under load, and the database with it. What was answered
//! is in the ledger once, and nobody was ever shown what is not in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rampart_domain::ledger::file::LedgerFile;
use scoreboard::{Answer, Audience, Body, Entry, Fold};
use serde_json::Value;

use crate::harness::disk::SmallDisk;
use crate::harness::http::Person;
use crate::harness::postgres::Postgres;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, docker, eventually, keep, page, unique};
use crate::style::root;

/// Rounds without `RAMPART_TEST_KILLS`.
const ROUNDS: usize = 10;
/// Trainees at the flag box.
const SEATS: usize = 24;
/// Objectives, each with room for as many wrong answers as the format allows.
pub(super) const OBJECTIVES: usize = 8;
/// Wrong answers that each has.
pub(super) const ATTEMPTS: i64 = 1000;
/// Answers after which a round is over at the latest, so that fifty rounds stay within the attempts.
const MOST: usize = 150;
/// How often one right flag is sent at once, by all seats of its team together.
const RIGHT: usize = 100;
/// People at the board.
const WATCHERS: usize = 3;

/// The light scenario with many objectives.
pub(super) fn scenario(home: &Path) {
    let to = home.join("scenarios/light");
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let from = root().join("tests/it/harness/light");
    assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap().success());
    let file = to.join("scenario.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, rest) = text.split_once("plants:\n").unwrap();
    let (_, rest) = rest.split_once("reports:").unwrap();
    let mut made = format!("{head}plants:\n");
    for n in 1..=OBJECTIVES {
        made.push_str(&format!(
            "  - {{ host: www, file: /srv/memo{n}.txt, owner: root, mode: \"0640\", content: \"{{flag:memo{n}}}\\n\" }}\n"
        ));
    }
    made.push_str("objectives:\n");
    for n in 1..=OBJECTIVES {
        made.push_str(&format!(
            "  - {{ id: memo{n}, title: {{ zh-TW: 備忘錄, en: A memo }}, brief: {{ zh-TW: 在 /srv。, en: In /srv. }}, \
             host: www, technique: T1190, points: 100, attempts: {ATTEMPTS} }}\n"
        ));
    }
    made.push_str("reports:");
    made.push_str(rest);
    std::fs::write(file, made).unwrap();
}

/// A running exercise, and what was answered so far.
pub(super) struct Field {
    pub(super) server: Server,
    pub(super) staff: Staff,
    pub(super) exercise: String,
    pub(super) seats: Vec<Arc<Person>>,
    /// Attempts left, as answered, by objective. Each number is told once.
    left: BTreeMap<String, BTreeSet<i64>>,
    sent: usize,
    corrections: usize,
    corrections_sent: usize,
    /// Where ledgers are written to be looked at.
    desk: tempfile::TempDir,
    looks: usize,
}

/// Captures of an objective by the team, and their points together.
#[derive(Debug, PartialEq)]
struct Captures(usize, i64);

impl Captures {
    fn of(entries: &[Entry], wanted: &str) -> Self {
        let points: Vec<i64> = entries
            .iter()
            .filter_map(|entry| match &entry.body {
                Body::Flag { objective, answer: Answer::Correct, points, .. } if objective == wanted => {
                    Some(*points)
                }
                _ => None,
            })
            .collect();
        Self(points.len(), points.iter().sum())
    }
}

/// How often a right flag was answered how.
#[derive(Debug, PartialEq, Default)]
struct Told {
    correct: usize,
    repeated: usize,
    /// Not at all, or that the server cannot take it now.
    nothing: usize,
}

impl Told {
    fn of(answers: Vec<Option<(u16, Value)>>) -> Self {
        let mut told = Self::default();
        for answer in answers {
            match answer {
                Some((200, said)) if said["answer"] == "correct" => told.correct += 1,
                Some((200, said)) if said["answer"] == "already_yours" => told.repeated += 1,
                Some((status, said)) if status != 503 || said["waits"] != true => panic!("{status}: {said}"),
                _ => told.nothing += 1,
            }
        }
        told
    }
}

/// What somebody at the board was shown: position, and points by team.
type Seen = Vec<(u64, BTreeMap<String, i64>)>;

/// Takes the points out of the events of a board's stream.
fn shown(text: &str) -> Seen {
    // The last event may be cut by the kill.
    let whole = text.rfind("\n\n").map_or("", |end| &text[..end]);
    whole
        .split("\n\n")
        .filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")))
        .map(|data| {
            let board: Value = serde_json::from_str(data).unwrap();
            let sides = board["sides"].as_array().unwrap();
            let teams = sides.iter().flat_map(|side| side["teams"].as_array().unwrap());
            let points =
                teams.map(|team| (team["id"].as_str().unwrap().to_owned(), team["points"].as_i64().unwrap()));
            (board["seq"].as_u64().unwrap(), points.collect())
        })
        .collect()
}

/// Sends one wrong flag; status and answer, or `None` when there was none.
pub(super) async fn wrong_flag(person: &Person, objective: &str, n: usize) -> Option<(u16, Value)> {
    flag(person, objective, &format!("RMP{{{n:032x}}}")).await
}

/// Sends a flag; status and answer, or `None` when there was none.
async fn flag(person: &Person, objective: &str, typed: &str) -> Option<(u16, Value)> {
    let request = person
        .request(reqwest::Method::POST, "/seat/flags")
        .header("origin", person.base())
        .header("accept", "application/json")
        .header("x-csrf-token", person.token())
        .form(&[("objective", objective), ("flag", typed)]);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let waits = answer.headers().contains_key("retry-after");
    let mut said: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
    said["waits"] = waits.into();
    Some((status, said))
}

/// Gives a team a point; true when that was taken.
async fn correct(instructor: &Person, exercise: &str) -> Option<bool> {
    let token = instructor.token();
    let fields =
        [("csrf", token.as_str()), ("act", "correct"), ("team", "r1"), ("points", "1"), ("text", "+1")];
    let request = instructor
        .request(reqwest::Method::POST, &format!("/exercises/{exercise}/judge"))
        .header("origin", instructor.base())
        .form(&fields);
    Some(request.send().await.ok()?.status().as_u16() == 303)
}

impl Field {
    pub(super) async fn open(setup: Setup, home: tempfile::TempDir) -> Self {
        scenario(home.path());
        let setup = Setup { scenarios: home.path().join("scenarios"), ..setup };
        let mut server = Server::with(setup).await;
        let staff = stage::staff(&server).await;
        let people = stage::people(SEATS);
        stage::import(&staff.instructor, &stage::roster(&people)).await;
        let code = format!("D-{}", unique());
        let exercise = stage::make_exercise(&mut server, &staff.instructor, "light", &code, 1).await;
        let places: Vec<(&str, &str)> = people.iter().map(|(name, ..)| (name.as_str(), "r1")).collect();
        stage::seat(&staff.instructor, &exercise, &places).await;
        let mut seats = Vec::new();
        for (_, code) in stage::slips(&staff.instructor, &exercise).await {
            let person = stage::sit(&server.base(), &code).await;
            person.get("/seat").await.ok();
            seats.push(Arc::new(person));
        }
        stage::act(&staff.instructor, &exercise, "launch", "").await;
        stage::wait_state(&staff.instructor, &exercise, "ready", LAUNCH).await;
        stage::act(&staff.instructor, &exercise, "start", "").await;
        stage::wait_state(&staff.instructor, &exercise, "running", SOON).await;
        staff.instructor.get(&format!("/exercises/{exercise}/judge")).await.ok();
        Self {
            server,
            staff,
            exercise,
            seats,
            left: BTreeMap::new(),
            sent: 0,
            corrections: 0,
            corrections_sent: 0,
            desk: home,
            looks: 0,
        }
    }

    /// The ledger as it lies in the database, read by the program and not by the server.
    pub(super) fn ledger(&mut self) -> Vec<Entry> {
        self.looks += 1;
        let path = self.desk.path().join(format!("ledger{}", self.looks));
        let words = ["ledger", "export", &self.exercise, "-o", path.to_str().unwrap()];
        let out = self.server.command(&words).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let file = LedgerFile::read(&std::fs::read(&path).unwrap()).unwrap();
        file.lines.iter().map(|line| serde_json::from_str(&line.text).unwrap()).collect()
    }

    /// Sends flags and corrections side by side, with people at the board, and calls `kill` after `after` answers. Compares
    /// what was answered and shown with the ledger that `kill` leaves.
    async fn round(&mut self, number: usize, after: usize, kill: impl AsyncFnOnce(&mut Server)) -> usize {
        let path = format!("/board/{}/events", self.exercise);
        let mut watchers = Vec::new();
        for _ in 0..WATCHERS {
            let mut stream = Person::new(&self.server.base()).stream(&path).await;
            assert_eq!(stream.status().as_u16(), 200);
            // How it stands is shown before the first flag is sent.
            let mut text = Vec::new();
            while shown(&String::from_utf8_lossy(&text)).is_empty() {
                text.extend_from_slice(&stream.chunk().await.unwrap().expect("the stream has ended"));
            }
            watchers.push(tokio::spawn(async move {
                // Ends with the server.
                while let Ok(Some(piece)) = stream.chunk().await {
                    text.extend_from_slice(&piece);
                }
                // The kill may have cut a character.
                shown(&String::from_utf8_lossy(&text))
            }));
        }
        let answered = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut tries = Vec::new();
        for (n, seat) in self.seats.iter().enumerate() {
            let (seat, answered, stop) = (seat.clone(), answered.clone(), stop.clone());
            let first = number * 10_000 + n * 10;
            tries.push(tokio::spawn(async move {
                let (mut told, mut sent) = (Vec::new(), 0);
                // As many as a seat may at once.
                for k in 0..10 {
                    if stop.load(Ordering::Relaxed) || answered.load(Ordering::Relaxed) >= MOST {
                        break;
                    }
                    let objective = format!("memo{}", (n + k) % OBJECTIVES + 1);
                    sent += 1;
                    match wrong_flag(&seat, &objective, first + k).await {
                        Some((200, said)) => {
                            assert_eq!(said["answer"], "wrong", "{said}");
                            told.push((objective, said["left"].as_i64().unwrap()));
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Some((status, said)) => {
                            assert_eq!(status, 503, "{said}");
                            assert_eq!(said["waits"], true, "{said}");
                            assert!(!said["text"].as_str().unwrap().is_empty());
                        }
                        None => break,
                    }
                }
                (told, sent)
            }));
        }
        let judge = {
            let (stop, exercise) = (stop.clone(), self.exercise.clone());
            let instructor = &self.staff.instructor;
            async move {
                let (mut taken, mut sent) = (0, 0);
                while !stop.load(Ordering::Relaxed) {
                    sent += 1;
                    match correct(instructor, &exercise).await {
                        Some(true) => taken += 1,
                        Some(false) => {}
                        None => break,
                    }
                }
                (taken, sent)
            }
        };
        let server = &mut self.server;
        let killer = async {
            let end = std::time::Instant::now() + SOON;
            while answered.load(Ordering::Relaxed) < after && std::time::Instant::now() < end {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            kill(server).await;
            stop.store(true, Ordering::Relaxed);
        };
        let ((taken, sent), ()) = tokio::join!(judge, killer);
        self.corrections += taken;
        self.corrections_sent += sent;
        let mut count = 0;
        for one in tries {
            let (told, sent) = one.await.unwrap();
            self.sent += sent;
            for (objective, left) in told {
                count += 1;
                let first = self.left.entry(objective.clone()).or_default().insert(left);
                assert!(first, "{objective}: {left} left was answered twice");
            }
        }
        if self.server.is_running() {
            self.server.kill9();
        }
        let entries = self.ledger();
        self.compare(&entries);
        for watcher in watchers {
            let seen = watcher.await.unwrap();
            assert!(!seen.is_empty(), "nobody was shown anything");
            Self::was_durable(&entries, &seen);
        }
        self.server.restart().await;
        count
    }

    /// Sends the right flag of an objective [`RIGHT`] times at once from all seats of the team, kills the server after so
    /// many answers, and sends it again to the next one: it is captured once, with its points once, whatever was answered.
    async fn one_right_flag(&mut self, objective: &str, after: usize) {
        let before = Fold::of(&self.ledger()).team("r1").unwrap().points;
        let www = docker::host(&self.exercise, 1, "www");
        let number = objective.trim_start_matches("memo");
        let (code, text) = docker::exec(&www, "root", &format!("cat /srv/memo{number}.txt"));
        assert_eq!(code, 0, "{text}");
        let right = page::first(&text, r"(RMP\{[0-9a-f]{32}\})");
        let answered = Arc::new(AtomicUsize::new(0));
        let barrier = Arc::new(tokio::sync::Barrier::new(RIGHT));
        let mut posts = Vec::new();
        for n in 0..RIGHT {
            let (seat, objective, right) =
                (self.seats[n % SEATS].clone(), objective.to_owned(), right.clone());
            let (answered, barrier) = (answered.clone(), barrier.clone());
            posts.push(tokio::spawn(async move {
                barrier.wait().await;
                let answer = flag(&seat, &objective, &right).await;
                answered.fetch_add(usize::from(answer.is_some()), Ordering::Relaxed);
                answer
            }));
        }
        eventually("answers come", SOON, || async {
            (answered.load(Ordering::Relaxed) >= after).then_some(())
        })
        .await;
        self.server.kill9();
        let mut answers = Vec::new();
        for post in posts {
            answers.push(post.await.unwrap());
        }
        let before_kill = Told::of(answers);
        let kept = Captures::of(&self.ledger(), objective);
        // What was answered had been on the disk before.
        assert!(before_kill.correct <= kept.0, "told of a capture that is lost: {before_kill:?}");
        assert!(before_kill.repeated == 0 || kept.0 == 1, "told of a capture that is lost: {before_kill:?}");
        self.server.restart().await;
        let again = self.seats.iter().map(|seat| flag(seat, objective, &right));
        let after_kill = Told::of(futures_util::future::join_all(again).await);
        eprintln!("{objective}, {} entries at the kill: {before_kill:?}, then {after_kill:?}", kept.0);
        // Whoever finds it captured is told so; nobody is told nothing.
        let wanted = Told { correct: 1 - kept.0, repeated: SEATS - (1 - kept.0), nothing: 0 };
        assert_eq!(after_kill, wanted);
        let entries = self.ledger();
        assert_eq!(Captures::of(&entries, objective), Captures(1, 100));
        let points = Fold::of(&entries).team("r1").unwrap().points;
        assert_eq!(points - before, 100, "the points of one capture");
        self.sent += RIGHT + SEATS;
    }

    /// Every answer has its entry, and there are no more entries than tries.
    fn compare(&self, entries: &[Entry]) {
        let mut flags: BTreeMap<&str, i64> = BTreeMap::new();
        let mut corrections = 0;
        for entry in entries {
            match &entry.body {
                Body::Flag { objective, .. } => *flags.entry(objective).or_default() += 1,
                Body::Correction { .. } => corrections += 1,
                _ => {}
            }
        }
        for (objective, left) in &self.left {
            let told = ATTEMPTS - left.first().unwrap();
            let stored = flags.get(objective.as_str()).copied().unwrap_or(0);
            assert!(stored >= told, "{objective}: {told} tries were answered, {stored} are stored");
        }
        let stored = usize::try_from(flags.values().sum::<i64>()).unwrap();
        assert!(stored <= self.sent, "{stored} entries of {} flags", self.sent);
        assert!(
            (self.corrections..=self.corrections_sent).contains(&corrections),
            "{} corrections were answered, {} sent, {corrections} are stored",
            self.corrections,
            self.corrections_sent
        );
    }

    /// What was shown is what the ledger has at that position.
    fn was_durable(entries: &[Entry], seen: &Seen) {
        for (seq, points) in seen {
            let last = entries.last().map_or(0, |entry| entry.seq);
            assert!(*seq <= last, "entry {seq} was shown, the ledger ends with {last}");
            let fold = Fold::of(entries.iter().take_while(|entry| entry.seq <= *seq));
            assert_eq!(fold.seen_seq(Audience::Public), *seq);
            for (team, shown) in points {
                assert_eq!(fold.team(team).unwrap().points, *shown, "{team} at entry {seq}");
            }
        }
    }

    /// A flag that is taken again once the trouble is over.
    async fn goes_on(&mut self) {
        let seat = self.seats[0].clone();
        let answer = eventually("flags are taken again", SOON, || async {
            let (status, said) = wrong_flag(&seat, "memo1", 7).await?;
            (status == 200).then_some(said)
        })
        .await;
        self.left.entry("memo1".into()).or_default().insert(answer["left"].as_i64().unwrap());
        // Tries that were refused before are no entries, so more may have been sent than are stored, never less.
        self.sent += 1;
    }
}

/// Kills the server `rounds` times under load; how many answers were given.
async fn killed(field: &mut Field, rounds: usize) -> usize {
    let mut answered = 0;
    for number in 0..rounds {
        // From the very first answers to well into the load.
        let after = 1 + number * 37 % 90;
        answered += field.round(number, after, async |server: &mut Server| server.kill9()).await;
    }
    answered
}

fn rounds() -> usize {
    std::env::var("RAMPART_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

async fn full_disk(field: &mut Field, disk: &SmallDisk) {
    let before = field.ledger().len();
    disk.fill();
    let mut refused = None;
    // What lies free inside the database's own files is used up first.
    'tries: for k in 0..10 {
        for (n, seat) in field.seats.iter().enumerate() {
            field.sent += 1;
            match wrong_flag(seat, &format!("memo{}", n % OBJECTIVES + 1), k).await.unwrap() {
                (200, _) => {}
                (429, said) => panic!("{said}"),
                (status, said) => {
                    refused = Some((status, said));
                    break 'tries;
                }
            }
        }
    }
    let (status, said) = refused.expect("240 flags on a full disk");
    assert_eq!((status, &said["waits"]), (503, &Value::Bool(true)), "{said}");
    assert_eq!(said["text"].as_str().unwrap(), zh("error.store_unavailable"));
    // Nobody is shown it.
    let board = Person::new(&field.server.base()).get(&format!("/board/{}", field.exercise)).await.ok();
    assert!(board.contains("data-team=\"r1\""));
    disk.free();
    field.goes_on().await;
    assert!(field.ledger().len() > before);
    field.server.verify_chain(&field.exercise);
}

/// A burst on one right flag, with a kill at the first answer and one in the midst of the answers.
async fn right_flags(field: &mut Field) {
    // In a new life of the server no seat has sent too many flags.
    field.server.kill9();
    field.server.restart().await;
    field.one_right_flag("memo7", 1).await;
    field.one_right_flag("memo8", RIGHT / 2).await;
    field.server.verify_chain(&field.exercise);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_survives_kills_and_a_full_disk() {
    let disk = SmallDisk::new(96);
    let data = disk.path().join("data");
    let mut field =
        Field::open(Setup { data: Some(data), ..Setup::default() }, tempfile::TempDir::new().unwrap()).await;
    let outcome = keep::outcome(async {
        let answered = killed(&mut field, rounds()).await;
        eprintln!("{answered} answers over {} kills, all of them kept", rounds());
        full_disk(&mut field, &disk).await;
        right_flags(&mut field).await;
    })
    .await;
    if outcome.is_err() {
        field.server.keep(&keep::folder("durable"));
    }
    drop(field);
    drop(disk);
    keep::conclude(outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_survives_kills_of_server_and_postgres() {
    let postgres = Postgres::start();
    let setup = Setup { database: Some(postgres.url()), ..Setup::default() };
    let mut field = Field::open(setup, tempfile::TempDir::new().unwrap()).await;
    let outcome = keep::outcome(async {
        let answered = killed(&mut field, rounds()).await;
        eprintln!("{answered} answers over {} kills, all of them kept", rounds());
        for number in 0..3 {
            // The database alone: the server stands, refuses, and goes on by itself.
            field
                .round(1000 + number, 20, async |_: &mut Server| {
                    postgres.kill9();
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    postgres.again();
                })
                .await;
        }
        field.goes_on().await;
        right_flags(&mut field).await;
    })
    .await;
    if outcome.is_err() {
        field.server.keep(&keep::folder("durable-postgres"));
    }
    drop(field);
    drop(postgres);
    keep::conclude(outcome);
}
