//! Somebody works on the engine by hand, behind the platform's back: a host is taken away, another loses its network. Pages
//! say so, a reset puts it right, and the end leaves nothing.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::http::Person;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, docker, eventually, keep};
use crate::style::root;

use super::kills::exercise;

/// The web site of the range opens its port so late, seconds.
const LATE: u64 = 20;

/// The light scenario with a web site that takes its time.
fn scenarios() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let to = home.path().join("light");
    let copied =
        Command::new("cp").arg("-a").arg(root().join("tests/it/harness/light")).arg(&to).status().unwrap();
    assert!(copied.success());
    let file = to.join("scenario.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let quick = "command: [python3, -m, http.server, \"80\"]";
    assert_eq!(text.matches(quick).count(), 1);
    let slow = format!("command: [sh, -c, \"sleep {LATE}; exec python3 -m http.server 80\"]");
    std::fs::write(&file, text.replace(quick, &slow)).unwrap();
    home
}

fn site_answers(run: &str) -> bool {
    let attack = docker::host(run, 1, "attack");
    docker::exec(&attack, "root", "curl -fsS -m 5 -o /dev/null http://www/").0 == 0
}

fn memo(run: &str) -> String {
    let (code, text) = docker::exec(&docker::host(run, 1, "www"), "root", "cat /srv/memo.txt");
    assert_eq!(code, 0, "{text}");
    text
}

async fn reset(teacher: &Person, run: &str) {
    let path = format!("/exercises/{run}/hosts/1/www");
    teacher.post_from(&path, &format!("{path}/reset"), &[]).await.went_on();
    eventually("the site is made anew and answers", LAUNCH, || async { site_answers(run).then_some(()) })
        .await;
    eventually("its page says that it runs", LAUNCH, || async {
        teacher.get(&path).await.ok().contains(&zh("machine.state.running")).then_some(())
    })
    .await;
}

/// The control room, until what is said stands in it or not.
async fn room(teacher: &Person, run: &str, what: &str, said: &str) {
    eventually(what, LAUNCH, || async {
        teacher.get(&format!("/exercises/{run}")).await.ok().contains(said).then_some(())
    })
    .await;
}

async fn body(server: &mut Server, staff: &Staff) {
    let teacher = &staff.instructor;
    let (run, code) = exercise(server, staff, 0).await;
    let began = Instant::now();
    stage::act(teacher, &run, "launch", "").await;
    stage::wait_state(teacher, &run, "ready", LAUNCH).await;
    // Running is not ready: it was waited for what the scenario's probe says.
    assert!(began.elapsed() >= Duration::from_secs(LATE));
    assert!(site_answers(&run), "ready was said before the site answers");
    stage::act(teacher, &run, "start", "").await;
    let (www, before) = (docker::host(&run, 1, "www"), memo(&run));
    let at = docker::addresses(&www);

    // Taken away.
    docker::docker_ok(&["rm", "-f", &www]);
    room(teacher, &run, "the host is said to be gone", &zh("rule.alarm.host_missing")).await;
    reset(teacher, &run).await;
    let www = docker::host(&run, 1, "www");
    assert_eq!((docker::addresses(&www), memo(&run)), (at.clone(), before.clone()), "address and secret");

    // Cut off.
    let network = docker::docker_ok(&[
        "inspect",
        "--format",
        "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}",
        &www,
    ]);
    docker::docker_ok(&["network", "disconnect", "-f", network.trim(), &www]);
    room(teacher, &run, "the check is down", "class=\"cell down\"").await;
    reset(teacher, &run).await;
    assert_eq!((docker::addresses(&docker::host(&run, 1, "www")), memo(&run)), (at, before));
    eventually("the check is up", LAUNCH, || async {
        let html = teacher.get(&format!("/exercises/{run}")).await.ok();
        (!html.contains("class=\"cell down\"") && html.contains("class=\"cell up\"")).then_some(())
    })
    .await;

    // Gone for good, and the end is the end all the same.
    docker::docker_ok(&["rm", "-f", &docker::host(&run, 1, "www")]);
    stage::act(teacher, &run, "end", &code).await;
    stage::act(teacher, &run, "clear", &code).await;
    stage::wait_state(teacher, &run, "cleared", LAUNCH).await;
    assert!(docker::objects(&run).is_empty(), "{:?}", docker::objects(&run));
    server.verify_chain(&run);
}

async fn run(scenarios: &Path) {
    let setup = Setup { scenarios: scenarios.to_owned(), ..Setup::default() };
    let mut server = Server::with(setup).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(body(&mut server, &staff)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("hands"));
    }
    keep::conclude(outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_a_range_by_hand_is_seen_and_put_right() {
    let home = scenarios();
    run(home.path()).await;
}
