//! A whole class at the flag box, signs of presence, the officer's export and a backup at the same time, over two connections
//! to the database; then the server is killed. Nobody gets an answer of 500 or above, nothing is locked or starved, every
//! answer is in the ledger once, and each export and each backup is one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rampart_domain::ledger::file::LedgerFile;
use scoreboard::{Body, Entry};

use super::durable::{ATTEMPTS, OBJECTIVES, scenario, wrong_flag};
use crate::harness::http::Person;
use crate::harness::postgres::Postgres;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::{LAUNCH, SOON, keep, unique};

/// People at the flag box, of two teams.
const SEATS: usize = 200;
/// Connections to the database.
const CONNECTIONS: u32 = 2;
/// How long they work without `RAMPART_TEST_CROWD`, seconds.
const WORK_S: u64 = 20;
/// A seat may submit so often.
const EVERY: Duration = Duration::from_millis(1100);
/// Opening and leaving a seat's stream is a sign of presence each: 200 a second over all seats.
const PING_EVERY: Duration = Duration::from_secs(2);
/// What a log must not say: words of a database that is locked, and of a pool that has nothing to give.
const TROUBLE: [&str; 5] =
    ["database is locked", "database is busy", "pool timed out", "PoolTimedOut", " ERROR "];

/// What was answered: attempts left, by team and objective. Each number is told once.
type Left = BTreeMap<(usize, String), BTreeSet<i64>>;

struct Class {
    server: Server,
    staff: Staff,
    exercise: String,
    seats: Vec<Arc<Person>>,
    home: tempfile::TempDir,
}

impl Class {
    async fn open(setup: Setup) -> Self {
        let home = tempfile::TempDir::new().unwrap();
        scenario(home.path());
        let setup =
            Setup { scenarios: home.path().join("scenarios"), connections: Some(CONNECTIONS), ..setup };
        let mut server = Server::with(setup).await;
        let staff = stage::staff(&server).await;
        let people = stage::people(SEATS);
        stage::import(&staff.instructor, &stage::roster(&people)).await;
        let code = format!("C-{}", unique());
        let exercise = stage::make_exercise(&mut server, &staff.instructor, "light", &code, 2).await;
        let team = |n: usize| if n.is_multiple_of(2) { "r1" } else { "r2" };
        let places: Vec<(&str, &str)> =
            people.iter().enumerate().map(|(n, (name, ..))| (name.as_str(), team(n))).collect();
        stage::seat(&staff.instructor, &exercise, &places).await;
        let slips = stage::slips(&staff.instructor, &exercise).await;
        stage::act(&staff.instructor, &exercise, "launch", "").await;
        stage::wait_state(&staff.instructor, &exercise, "ready", LAUNCH).await;
        stage::act(&staff.instructor, &exercise, "start", "").await;
        stage::wait_state(&staff.instructor, &exercise, "running", SOON).await;
        let mut seats = Vec::new();
        for (name, ..) in &people {
            let (_, code) = slips.iter().find(|(known, _)| known == name).unwrap();
            let person = stage::sit(&server.base(), code).await;
            person.get("/seat").await.ok();
            seats.push(Arc::new(person));
        }
        Self { server, staff, exercise, seats, home }
    }

    /// Everybody at once until the backup is made; what was answered.
    async fn work(&self, over: &Arc<AtomicBool>, backup: impl AsyncFnOnce()) -> (Left, usize, usize) {
        let (pings, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut flags = Vec::new();
        let mut signs = Vec::new();
        for (n, seat) in self.seats.iter().enumerate() {
            let (person, is_over, count) = (seat.clone(), over.clone(), sent.clone());
            flags.push(tokio::spawn(async move {
                // Not all at the same moment.
                tokio::time::sleep(EVERY * u32::try_from(n).unwrap() / u32::try_from(SEATS).unwrap()).await;
                let mut told = Vec::new();
                let mut k = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let objective = format!("memo{}", (n / 2 + k) % OBJECTIVES + 1);
                    count.fetch_add(1, Ordering::Relaxed);
                    // No answer at all: the server has been killed.
                    let Some((status, said)) = wrong_flag(&person, &objective, n * 1_000 + k).await else {
                        break;
                    };
                    assert_eq!((status, said["answer"].as_str()), (200, Some("wrong")), "{said}");
                    told.push(((n % 2, objective), said["left"].as_i64().unwrap()));
                    k += 1;
                    tokio::time::sleep(EVERY).await;
                }
                told
            }));
            let (person, is_over, count) = (seat.clone(), over.clone(), pings.clone());
            signs.push(tokio::spawn(async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                let address = format!("{}/seat/events", person.base());
                while !is_over.load(Ordering::Relaxed) {
                    let request = client.get(&address).header("cookie", person.cookies());
                    let Ok(stream) = request.send().await else { break };
                    assert_eq!(stream.status().as_u16(), 200);
                    count.fetch_add(2, Ordering::Relaxed);
                    drop(stream);
                    tokio::time::sleep(PING_EVERY).await;
                }
            }));
        }
        let backup = async {
            backup().await;
            // A slow machine works until there is something to compare.
            let end = Instant::now() + LAUNCH;
            while (sent.load(Ordering::Relaxed) <= 2 * SEATS || pings.load(Ordering::Relaxed) <= SEATS)
                && Instant::now() < end
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            over.store(true, Ordering::Relaxed);
        };
        let office = async {
            let mut exports = 0;
            while !over.load(Ordering::Relaxed) {
                one_moment(&self.staff.officer, &self.exercise).await;
                exports += 1;
            }
            exports
        };
        let (exports, ()) = tokio::join!(office, backup);
        let mut left = Left::new();
        let mut answered = 0;
        for one in flags {
            for (place, number) in one.await.unwrap() {
                answered += 1;
                assert!(
                    left.entry(place.clone()).or_default().insert(number),
                    "{place:?}: {number} told twice"
                );
            }
        }
        for one in signs {
            one.await.unwrap();
        }
        let pings = pings.load(Ordering::Relaxed);
        eprintln!(
            "{answered} flags, {pings} signs of presence and {exports} exports over {CONNECTIONS} connections"
        );
        assert!(answered > SEATS && pings > SEATS && exports > 0, "{answered} {pings} {exports}");
        (left, answered, sent.load(Ordering::Relaxed))
    }

    /// The ledger as it lies in a database, read by the program and not by the server.
    fn ledger(&self, database: Option<&str>, name: &str) -> Vec<Entry> {
        let path = self.home.path().join(name);
        let mut command =
            self.server.command(&["ledger", "export", &self.exercise, "-o", path.to_str().unwrap()]);
        if let Some(database) = database {
            command.env("DATABASE_URL", database);
        }
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let file = LedgerFile::read(&std::fs::read(&path).unwrap()).unwrap();
        file.lines.iter().map(|line| serde_json::from_str(&line.text).unwrap()).collect()
    }
}

/// A year's list and an export of the officer; people of the export add up.
async fn one_moment(officer: &Person, exercise: &str) {
    officer.get("/statistics").await.ok();
    let csv = officer.get(&format!("/statistics/{exercise}/export?format=csv")).await.ok();
    let row = csv.trim_start_matches('\u{feff}').lines().nth(1).unwrap();
    let cells: Vec<i64> =
        row.split(',').skip(1).map(|cell| cell.trim_matches('"').parse().unwrap_or(0)).collect();
    // All, then each gender's count and its share.
    let parts: i64 = cells[1..11].iter().step_by(2).sum();
    assert_eq!(cells[0], parts, "{csv}");
    assert!((0..=i64::try_from(SEATS).unwrap()).contains(&cells[0]), "{csv}");
}

/// Entries of flags by team and objective.
fn stored(entries: &[Entry]) -> BTreeMap<(usize, String), i64> {
    let mut flags = BTreeMap::new();
    for entry in entries {
        if let Body::Flag { team, objective, .. } = &entry.body {
            *flags.entry((usize::from(team == "r2"), objective.clone())).or_default() += 1;
        }
    }
    flags
}

/// Every answer has its entry, and there are no more entries than tries.
fn compare(left: &Left, sent: usize, entries: &[Entry]) {
    let flags = stored(entries);
    for (place, left) in left {
        let told = ATTEMPTS - left.first().unwrap();
        let kept = flags.get(place).copied().unwrap_or(0);
        assert!(kept >= told, "{place:?}: {told} tries were answered, {kept} are stored");
    }
    let kept = usize::try_from(flags.values().sum::<i64>()).unwrap();
    assert!(kept <= sent, "{kept} entries of {sent} flags");
}

/// Copies a SQLite file while it is in use, as an operator does.
fn back_up(data: &Path, to: &Path) -> String {
    let script = "import sqlite3, sys\n\
                  with sqlite3.connect(sys.argv[1]) as one, sqlite3.connect(sys.argv[2]) as two: one.backup(two)";
    let done =
        Command::new("python3").args(["-c", script]).arg(data.join("rampart.db")).arg(to).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    format!("sqlite:{}", to.display())
}

async fn play(class: &mut Class, back_up: impl Fn() -> String + Send + Sync + Clone + 'static) {
    let seconds =
        std::env::var("RAMPART_TEST_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(WORK_S);
    let over = Arc::new(AtomicBool::new(false));
    let mut copy = String::new();
    let (left, answered, sent) = class
        .work(&over, async || {
            let began = Instant::now();
            tokio::time::sleep(Duration::from_secs(seconds / 3)).await;
            copy = tokio::task::spawn_blocking(back_up).await.unwrap();
            tokio::time::sleep(Duration::from_secs(seconds).saturating_sub(began.elapsed())).await;
        })
        .await;
    compare(&left, sent, &class.ledger(None, "live"));
    // The copy is a ledger of a moment in between: a beginning of the one that went on.
    let (live, early) = (class.ledger(None, "later"), class.ledger(Some(&copy), "copy"));
    assert!(early.len() < live.len() && live.starts_with(&early), "{} of {}", early.len(), live.len());
    let log = class.server.log();
    for word in TROUBLE {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{line:?}");
    }
    // Once more, and killed in the middle of it.
    let over = Arc::new(AtomicBool::new(false));
    let pid = class.server.pid().to_string();
    let killed = class.kill_under_load(&over, &pid, &left).await;
    class.server.kill9();
    let entries = class.ledger(None, "killed");
    compare(&killed.0, sent + killed.1, &entries);
    assert!(stored(&entries).values().sum::<i64>() >= i64::try_from(answered).unwrap());
    class.server.restart().await;
    class.server.verify_chain(&class.exercise);
    one_moment(&class.staff.officer, &class.exercise).await;
}

impl Class {
    /// All seats submit until the process is killed; what was answered by then, and how many were sent.
    async fn kill_under_load(&self, over: &Arc<AtomicBool>, pid: &str, before: &Left) -> (Left, usize) {
        let sent = Arc::new(AtomicUsize::new(0));
        let mut tries = Vec::new();
        for (n, seat) in self.seats.iter().enumerate() {
            let (person, is_over, count) = (seat.clone(), over.clone(), sent.clone());
            tries.push(tokio::spawn(async move {
                let mut told = Vec::new();
                for k in 0..3 {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let objective = format!("memo{}", (n / 2 + k) % OBJECTIVES + 1);
                    count.fetch_add(1, Ordering::Relaxed);
                    match wrong_flag(&person, &objective, n * 1_000 + 900 + k).await {
                        Some((200, said)) => told.push(((n % 2, objective), said["left"].as_i64().unwrap())),
                        Some((status, said)) => panic!("{status}: {said}"),
                        None => break,
                    }
                }
                told
            }));
        }
        let end = Instant::now() + SOON;
        while sent.load(Ordering::Relaxed) < SEATS * 3 / 2 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let done = Command::new("kill").args(["-9", pid]).status().unwrap();
        assert!(done.success());
        over.store(true, Ordering::Relaxed);
        let mut left = before.clone();
        for one in tries {
            for (place, number) in one.await.unwrap() {
                assert!(
                    left.entry(place.clone()).or_default().insert(number),
                    "{place:?}: {number} told twice"
                );
            }
        }
        (left, sent.load(Ordering::Relaxed))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_over_two_connections() {
    let mut class = Class::open(Setup::default()).await;
    let (data, copy) = (class.server.data().to_owned(), class.home.path().join("copy.db"));
    let outcome = keep::outcome(async {
        play(&mut class, move || back_up(&data, &copy)).await;
    })
    .await;
    if outcome.is_err() {
        class.server.keep(&keep::folder("crowd"));
    }
    drop(class);
    keep::conclude(outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_over_two_connections_to_postgres() {
    let postgres = Arc::new(Postgres::start());
    let mut class = Class::open(Setup { database: Some(postgres.url()), ..Setup::default() }).await;
    let source = postgres.clone();
    let outcome = keep::outcome(async {
        play(&mut class, move || source.back_up("copy")).await;
    })
    .await;
    if outcome.is_err() {
        class.server.keep(&keep::folder("crowd-postgres"));
    }
    drop(class);
    drop(postgres);
    keep::conclude(outcome);
}
