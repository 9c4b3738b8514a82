//! A whole exercise on another machine, reached by mutual TLS alone: launch, flag, terminal, pause, a start of that machine
//! that takes its wall away, and the end.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::harness::second::SecondEngine;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, binary, docker, eventually, keep, page, terminal, unique};
use crate::style::root;

use super::kills::exercise;

/// Objects of a light range.
const ALL: usize = 6;
/// How long a lost node is waited for.
const GRACE: &str = "20m";
const IMAGES: [&str; 2] = ["rampart/base:latest", "rampart/gateway:latest"];

/// Makes certificates for a node and the file that lists it.
fn certificates(dir: &Path, address: Ipv4Addr) {
    let out = Command::new(binary())
        .args(["node", "certs", "certs", &format!("far={address}")])
        .current_dir(dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let engines = said.split_once("(RAMPART_ENGINES):\n").unwrap_or_else(|| panic!("{said}")).1;
    std::fs::write(dir.join("engines.yaml"), engines).unwrap();
}

fn put_up_wall(node: &SecondEngine) {
    let out = node.on_node(&binary()).args(["node", "wall", "--install"]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Containers of a run with this state.
fn count(node: &SecondEngine, run: &str, state: &str) -> usize {
    let (of_run, status) = (format!("label=rampart.run={run}"), format!("status={state}"));
    let out = node.docker(&["ps", "-aq", "--filter", &of_run, "--filter", &status]);
    String::from_utf8_lossy(&out.stdout).lines().count()
}

fn memo(node: &SecondEngine, run: &str) -> String {
    let of_run = format!("label=rampart.run={run}");
    let out = node.docker(&["ps", "-q", "--filter", &of_run, "--filter", "label=rampart.name=www"]);
    let www = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let out = node.docker(&["exec", &www, "cat", "/srv/memo.txt"]);
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

async fn body(server: &mut Server, staff: &Staff, node: &mut SecondEngine) {
    let teacher = &staff.instructor;
    let (run, code) = exercise(server, staff, 0).await;
    let slips = stage::slips(teacher, &run).await;
    stage::act(teacher, &run, "launch", "").await;
    stage::wait_state(teacher, &run, "ready", LAUNCH).await;
    assert_eq!(node.objects(&run), Some(ALL));
    assert!(docker::objects(&run).is_empty(), "nothing of it is here");
    stage::act(teacher, &run, "start", "").await;

    let base = server.base();
    let red_code = &slips.iter().find(|(name, _)| *name == stage::people(1)[0].0).unwrap().1;
    let red = stage::sit(&base, red_code).await;
    red.get("/seat").await.ok();
    let open = async || terminal::open(&red, "cols=80&rows=24", Some(&base)).await;
    let mut shell = open().await.unwrap_or_else(|status| panic!("no terminal: {status}"));
    let said = shell.run("hostname; curl -fsS -m 10 -o /dev/null http://www/ && echo reached", SOON).await;
    assert!(said.contains("attack") && said.contains("reached"), "{said}");
    let flag = memo(node, &run);
    assert!(flag.starts_with("RMP{"), "{flag}");
    let send = async || red.post_json("/seat/flags", &[("objective", "memo"), ("flag", &flag)]).await.json();
    let answer = send().await;
    assert_eq!(answer["answer"], "correct", "{answer}");

    stage::act(teacher, &run, "pause", "").await;
    eventually("everything is frozen", LAUNCH, || async { (count(node, &run, "paused") == 4).then_some(()) })
        .await;
    assert_eq!(send().await["answer"], "paused");
    stage::act(teacher, &run, "resume", "").await;
    eventually("everything runs", LAUNCH, || async { (count(node, &run, "running") == 4).then_some(()) })
        .await;

    // Somebody takes the wall away while the machine answers all the time.
    let room = async || teacher.get(&format!("/exercises/{run}")).await.ok();
    let missing_wall_is_told = async || {
        eventually("the missing wall is told", LAUNCH, || async {
            let (system, room) = (staff.admin.get("/system").await.ok(), room().await);
            let shut = room.contains(&zh("rule.node.wall")) && room.contains("id=\"outage-t\"");
            (system.contains(&zh("node.leak")) && shut).then_some(())
        })
        .await;
    };
    let range_is_open = async || {
        eventually("its range is open again", LAUNCH, || async {
            (!room().await.contains("id=\"outage-t\"")).then_some(())
        })
        .await;
    };
    let flushed = node.on_node(Path::new("nft")).args(["flush", "ruleset"]).status().unwrap();
    assert!(flushed.success());
    missing_wall_is_told().await;
    put_up_wall(node);
    range_is_open().await;

    // The machine goes down and comes up without its wall.
    node.kill9();
    eventually("the loss is seen", LAUNCH, || async {
        room().await.contains("id=\"outage-t\"").then_some(())
    })
    .await;
    node.again().unwrap();
    missing_wall_is_told().await;
    let opens = match open().await {
        Ok(mut shell) => shell.read_until(Duration::from_secs(30), |t| t.states == ["connected"]).await,
        Err(_) => false,
    };
    assert!(!opens, "a shell on a machine without a wall");
    put_up_wall(node);
    range_is_open().await;
    assert_eq!(memo(node, &run), flag);
    let mut shell = eventually("the seat has a shell again", LAUNCH, || async {
        let mut shell = open().await.ok()?;
        shell.read_until(SOON, |t| t.states == ["connected"]).await.then_some(shell)
    })
    .await;
    let said = shell.run("echo back-$((40+2))", SOON).await;
    assert!(said.contains("back-42"), "{said}");

    stage::act(teacher, &run, "end", &code).await;
    stage::act(teacher, &run, "clear", &code).await;
    stage::wait_state(teacher, &run, "cleared", LAUNCH).await;
    assert_eq!(node.objects(&run), Some(0));
    eventually("nothing is left, of the trials neither", LAUNCH, || async {
        node.docker(&["ps", "-aq"]).stdout.is_empty().then_some(())
    })
    .await;
    server.verify_chain(&run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_exercise_on_a_machine_far_away() {
    let dir = tempfile::tempdir().unwrap();
    let tag = u32::from_str_radix(&unique(), 16).unwrap();
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 212, 0, 2)) + tag % 0x3fff * 4);
    certificates(dir.path(), address);
    let mut node = match SecondEngine::node(address, &dir.path().join("certs/far")) {
        Ok(node) => node,
        Err(why) => return eprintln!("skipped: no second engine here: {why}"),
    };
    let tar = dir.path().join("images.tar").display().to_string();
    docker::docker_ok(&["save", "-o", &tar, IMAGES[0], IMAGES[1]]);
    assert!(node.docker(&["load", "-i", &tar]).status.success());
    std::fs::remove_file(&tar).unwrap();
    put_up_wall(&node);
    let setup = Setup {
        // The light scenario lies beside the harness, so that no list of shipped scenarios shows it.
        scenarios: root().join("tests/it/harness"),
        engines: Some((dir.path().join("engines.yaml"), GRACE.to_owned())),
        wall_trial: Some("3s".to_owned()),
        ..Setup::default()
    };
    let mut server = Server::with(setup).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(body(&mut server, &staff, &mut node)).await;
    if outcome.is_err() {
        eprintln!("{}", page::said(&staff.admin.get("/system").await.text()));
        server.keep(&keep::folder("remote"));
    }
    drop(server);
    keep::conclude(outcome);
}
