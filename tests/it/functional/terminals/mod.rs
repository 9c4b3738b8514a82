//! Terminals: bytes as they are, floods and pastes, shells that wait for their browser and go when nobody comes, looking
//! on, recordings. One range for all of it.

mod bytes;
mod pages;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::browser::Driver;
use crate::harness::http::Person;
use crate::harness::stage::{self, Scene};
use crate::harness::terminal::{self, Terminal};
use crate::harness::{LAUNCH, SOON, docker, eventually, keep};

/// How long shells wait for their browser in this test's server.
const GRACE: Duration = Duration::from_secs(60);

async fn open(person: &Person, tab: &str, cols: u16, rows: u16) -> Terminal {
    let base = person.base();
    let query = format!("cols={cols}&rows={rows}&tab={tab}");
    terminal::open(person, &query, Some(base)).await.unwrap_or_else(|status| panic!("{tab}: {status}"))
}

async fn watch(person: &Person, exercise: &str, id: &str) -> Terminal {
    let base = person.base();
    let path = format!("/exercises/{exercise}/terminals/{id}/stream");
    terminal::open_at(person, &path, Some(base)).await.unwrap_or_else(|status| panic!("{id}: {status}"))
}

/// Shells and what they started in a workstation, by the container's own list of processes.
fn shells(container: &str) -> Vec<String> {
    let script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null; echo; done";
    let (_, list) = docker::exec(container, "root", script);
    let ours = |line: &&str| line.starts_with("bash -l") || line.starts_with("sleep 98765");
    list.lines().filter(ours).map(str::to_owned).collect()
}

/// Ids of the open terminals as the instructor's page links to them, oldest first.
async fn listed(scene: &Scene) -> Vec<String> {
    let html = scene.staff.instructor.get(&format!("/exercises/{}/terminals", scene.exercise)).await.ok();
    crate::harness::page::all(&html, r#"/terminals/([0-9a-f]+)""#)
}

/// A browser that loses its connection finds the same screen; another tab takes over only what is its own.
async fn comes_back(scene: &Scene) {
    let red = scene.red(1);
    let mut first = open(red, "back", 100, 30).await;
    first.run("stty size; echo 台灣", SOON).await;
    first.type_in("printf '\\033[?1049h\\033[2J\\033[5;9H\\033[1;31m紅色\\033[0m'; read -r line\r").await;
    assert!(first.read_until(SOON, |t| t.output.contains("紅色\u{1b}[0m")).await);
    drop(first);
    // Something happens while nobody is there.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut again = open(red, "back", 100, 30).await;
    assert!(again.read_until(SOON, |t| t.output.contains("紅色")).await, "{:?}", again.output);
    assert!(
        again.output.starts_with("\u{1b}c") && again.output.contains("\u{1b}[?1047h"),
        "{:?}",
        again.output
    );
    again.type_in("\rprintf '\\033[?1049l'\r").await;
    assert!(again.run("echo same-shell-$((40+2))", SOON).await.contains("same-shell-42"));

    // The same tab twice: the later one has it, the former one is told so.
    let mut twin = open(red, "back", 90, 20).await;
    assert!(again.read_until(SOON, |t| t.closed).await);
    assert_eq!(again.states.last().map(String::as_str), Some("elsewhere"));
    assert!(twin.run("stty size", SOON).await.contains("20 90"));
    twin.resize(137, 41).await;
    eventually_size(&mut twin, "41 137").await;

    // Two tabs are two shells; a fifth one is refused while all four are in use.
    let mut others = Vec::new();
    for tab in ["t2", "t3", "t4"] {
        let mut other = open(red, tab, 80, 24).await;
        assert!(other.read_until(SOON, |t| t.states.contains(&"connected".to_owned())).await);
        others.push(other);
    }
    let mut fifth = open(red, "t5", 80, 24).await;
    assert!(fifth.read_until(SOON, |t| t.closed).await);
    assert_eq!(fifth.states, ["refused"]);
    // One that only waits makes place.
    drop(others.pop());
    let mut fifth = eventually("a waiting shell makes place", SOON, || async {
        let mut fifth = open(red, "t5", 80, 24).await;
        fifth.read_until(SOON, |t| t.closed || !t.states.is_empty()).await;
        (fifth.states == ["connected"]).then_some(fifth)
    })
    .await;
    fifth.run("true", SOON).await;
}

/// A new size is told beside what is typed, so it may come a moment later.
async fn eventually_size(shell: &mut Terminal, wanted: &str) {
    for _ in 0..20 {
        if shell.run("stty size", SOON).await.contains(wanted) {
            return;
        }
    }
    panic!("the shell is not {wanted}: {}", shell.output);
}

/// Shells that were opened and dropped are gone with everything that they started.
async fn nothing_is_left(scene: &Scene) {
    let red = scene.red(1);
    let container = docker::host(&scene.exercise, 1, "attack");
    for number in 0..50 {
        let mut one = open(red, &format!("drop{number}"), 80, 24).await;
        assert!(one.read_until(SOON, |t| t.states.contains(&"connected".to_owned())).await, "{number}");
        if number % 5 == 0 {
            one.run("sleep 98765 & sleep 98765 & true", SOON).await;
        }
    }
    let began = Instant::now();
    let left = shells(&container);
    assert!(left.len() >= 4, "{left:?}");
    eventually("no shell is left", GRACE + SOON, || async { shells(&container).is_empty().then_some(()) })
        .await;
    assert!(began.elapsed() > GRACE - Duration::from_secs(5), "shells went before anybody could come back");
    // The server hears of the last shell's end a moment after its container does.
    eventually("no terminal is listed", SOON, || async { listed(scene).await.is_empty().then_some(()) })
        .await;
}

/// Log-out takes the shell at once, not after a minute.
async fn log_out_ends_it(scene: &Scene) {
    let blue = scene.blue(1);
    let container = docker::host(&scene.exercise, 1, "watch");
    let mut one = open(blue, "out", 80, 24).await;
    one.run("sleep 98765 & true", SOON).await;
    assert_eq!(shells(&container).len(), 2);
    blue.post_from("/seat", "/logout", &[]).await;
    // Both within the time that a shell waits for its browser.
    assert!(one.read_until(GRACE / 3, |t| t.closed).await, "the socket outlived the log-in");
    eventually("the shell is gone", GRACE / 2, || async { shells(&container).is_empty().then_some(()) })
        .await;
}

/// Every recording is sealed, and its seal is the file's hash, when the range is gone.
async fn sealed_before_the_range_goes(scene: &Scene) {
    let (run, instructor) = (&scene.exercise, &scene.staff.instructor);
    let mut open_still = open(scene.red(1), "last", 80, 24).await;
    open_still.run("echo the last words", SOON).await;
    stage::act(instructor, run, "end", &scene.code).await;
    assert!(open_still.read_until(SOON, |t| t.closed).await);
    assert_eq!(open_still.states.last().map(String::as_str), Some("ended"));
    stage::act(instructor, run, "clear", &scene.code).await;
    stage::wait_state(instructor, run, "cleared", LAUNCH).await;
    let folder = scene.server.data().join("recordings").join(run);
    let mut last_words = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        let page = instructor.get(&format!("/exercises/{run}/recordings/{id}")).await.ok();
        assert!(page.contains(&crate::harness::words::zh("replay.intact")), "{id}");
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|fault| panic!("{id}: {fault}: {line}"));
        }
        last_words += usize::from(text.contains("the last words\\r\\n"));
    }
    assert_eq!(last_words, 1);
}

async fn body(scene: &mut Scene, driver: &Driver) {
    bytes::arrive_as_they_are(scene).await;
    bytes::a_paste_arrives_whole(scene).await;
    bytes::a_flood_stops_at_its_maker(scene).await;
    bytes::ctrl_c_is_near_the_engines_own(scene).await;
    comes_back(scene).await;
    pages::reloaded_watched_and_replayed(scene, driver).await;
    nothing_is_left(scene).await;
    log_out_ends_it(scene).await;
    sealed_before_the_range_goes(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_of_a_range() {
    let mut scene = stage::running(1).await;
    let driver = Driver::start().await;
    let outcome = keep::outcome(body(&mut scene, &driver)).await;
    if outcome.is_err() {
        scene.server.keep(&keep::folder("terminals"));
    }
    keep::conclude(outcome);
}
