//! Somebody works on the engine by hand, behind the platform's back: a host is taken away, another loses its network. Pages
//! say so, a reset puts it right, and the end leaves nothing.

use std::collections::BTreeMap;
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

/// Packets that the gateway has counted in the run, and since it started last, by counter. `None` while it cannot be read.
async fn counted(server: &Server, token: &str, run: &str) -> Option<BTreeMap<String, (u64, u64)>> {
    let at = format!("{}/api/v1/exercises/{run}/ranges/1/counters", server.base());
    let answer = reqwest::Client::new().get(at).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let read: serde_json::Value = answer.json().await.unwrap();
    let one = |one: &serde_json::Value| {
        let run = one["run"]["packets"].as_u64()?;
        Some((one["counter"].as_str()?.to_owned(), (run, one["life"]["packets"].as_u64()?)))
    };
    read["counters"].as_array().unwrap().iter().map(one).collect()
}

/// The same once the gateway has started again; for a moment it may not be there at all.
async fn counted_again(
    server: &Server,
    token: &str,
    run: &str,
    (gateway, started): &(String, String),
) -> BTreeMap<String, (u64, u64)> {
    eventually("the gateway is read again", LAUNCH, || async {
        let now = docker::docker(&["inspect", "--format", "{{.State.StartedAt}}", gateway]);
        if String::from_utf8_lossy(&now.stdout).trim() == started {
            return None;
        }
        counted(server, token, run).await
    })
    .await
}

/// Name of the gateway, and when it started last.
fn started(run: &str) -> (String, String) {
    let gateway = docker::host(run, 1, "gateway");
    let at = docker::docker_ok(&["inspect", "--format", "{{.State.StartedAt}}", &gateway]);
    (gateway, at.trim().to_owned())
}

/// The gateway is restarted and made anew, the server dies: what was counted in the run goes on to the packet.
async fn counts_go_on(server: &mut Server, teacher: &Person, run: &str) {
    let token = stage::token(teacher, &["exercises:read"]).await;
    // Red knocks where it may not: nobody else does.
    let closed = "deny_1_2";
    let (attack, watch) = (docker::host(run, 1, "attack"), docker::host(run, 1, "watch"));
    let knock = format!(
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         for _ in range(50): s.sendto(b'x', ('{}', 9))",
        docker::addresses(&watch)[0]
    );
    let before = counted(server, &token, run).await.unwrap();
    assert_eq!(docker::exec_python(&attack, "root", &knock).0, 0);
    let after = counted(server, &token, run).await.unwrap();
    assert_eq!(after[closed], (before[closed].0 + 50, before[closed].1 + 50));

    let was = started(run);
    docker::docker_ok(&["restart", &docker::host(run, 1, "gateway")]);
    let restarted = counted_again(server, &token, run, &was).await;
    assert_eq!(restarted[closed], (after[closed].0, 0));
    assert_eq!(docker::exec_python(&attack, "root", &knock).0, 0);
    server.kill9();
    server.restart().await;
    let again = &*server;
    let next = eventually("it is read again", LAUNCH, || async { counted(again, &token, run).await }).await;
    assert_eq!(next[closed], (after[closed].0 + 50, 50), "over a death of the server");

    let was = started(run);
    let path = format!("/exercises/{run}/hosts/1/gateway");
    teacher.post_from(&path, &format!("{path}/reset"), &[]).await.went_on();
    let reset = counted_again(server, &token, run, &was).await;
    // Its walls are tried again, so it has counted something already.
    let (all, life) = reset[closed];
    assert_eq!(all - life, next[closed].0, "over a reset");
    for (name, (all, life)) in &reset {
        assert!(all - life >= next[name].0, "{name}: {next:?} {reset:?}");
    }
    eventually("the reset is over", LAUNCH, || async {
        let html = teacher.get(&path).await.ok();
        (html.contains(&zh("machine.state.running")) && html.contains(&zh("counters.run"))).then_some(())
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
    counts_go_on(server, teacher, &run).await;

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
