//! Two machines with an engine: one is lost with a range on it, comes back, is lost for good, and what returns of it later is
//! removed before it can count.

use crate::harness::second::SecondEngine;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, eventually, keep};
use crate::style::root;

use super::kills::exercise;

/// Objects of a light range.
const ALL: usize = 6;
/// How long a lost node is waited for here.
const GRACE: &str = "20s";

async fn room(staff: &Staff, run: &str) -> String {
    staff.instructor.get(&format!("/exercises/{run}")).await.ok()
}

/// Waits until the control room does or does not say that the node is lost.
async fn lost(staff: &Staff, run: &str, wanted: bool) {
    let what = if wanted { "the loss is seen" } else { "the ranges are open again" };
    eventually(what, LAUNCH, || async {
        (room(staff, run).await.contains("id=\"outage-t\"") == wanted).then_some(())
    })
    .await;
}

fn memo(engine: &SecondEngine, run: &str) -> String {
    let of_run = format!("label=rampart.run={run}");
    let list = ["ps", "-q", "--filter", &of_run, "--filter", "label=rampart.name=www"];
    let www = String::from_utf8_lossy(&engine.docker(&list).stdout).trim().to_owned();
    let out = engine.docker(&["exec", &www, "cat", "/srv/memo.txt"]);
    String::from_utf8_lossy(&out.stdout).into_owned()
}

async fn rounds(server: &mut Server, staff: &Staff, engines: &mut [SecondEngine; 2]) {
    let (run, code) = exercise(server, staff, 0).await;
    let path = format!("/exercises/{run}");
    stage::act(&staff.instructor, &run, "launch", "").await;
    stage::wait_state(&staff.instructor, &run, "ready", LAUNCH).await;
    let at = usize::from(engines[1].objects(&run) == Some(ALL));
    assert_eq!(engines[at].objects(&run), Some(ALL));
    assert_eq!(engines[1 - at].objects(&run), Some(0), "the whole range is on one node");
    stage::act(&staff.instructor, &run, "start", "").await;
    let before = memo(&engines[at], &run);
    assert!(before.starts_with("RMP{"), "{before}");

    engines[at].kill9();
    lost(staff, &run, true).await;
    assert!(!room(staff, &run).await.contains("/rebuild\""), "nobody builds again while it may come back");
    engines[at].again().unwrap();
    lost(staff, &run, false).await;
    assert!(room(staff, &run).await.contains(&zh("rule.node.back")));
    assert_eq!(memo(&engines[at], &run), before, "what was in it is still in it");

    engines[at].kill9();
    lost(staff, &run, true).await;
    eventually("it may be built again", LAUNCH, || async {
        room(staff, &run).await.contains("/rebuild\"").then_some(())
    })
    .await;
    assert_eq!(engines[1 - at].objects(&run), Some(0), "never by itself");
    let form = format!("{path}/rebuild");
    staff.instructor.post_from(&form, &form, &[("confirm", &code)]).await.went_on();
    lost(staff, &run, false).await;
    assert_eq!(engines[1 - at].objects(&run), Some(ALL));
    assert_eq!(memo(&engines[1 - at], &run), before, "the same flag");
    assert_eq!(stage::state(&staff.instructor, &run).await, "running");

    engines[at].again().unwrap();
    eventually("the old copy is removed", LAUNCH, || async {
        (engines[at].objects(&run) == Some(0)).then_some(())
    })
    .await;
    assert_eq!(engines[1 - at].objects(&run), Some(ALL), "the new one is not touched");
    let html = room(staff, &run).await;
    for rule in ["rule.node.lost", "rule.node.rebuild", "rule.node.rebuilt"] {
        assert!(html.contains(&zh(rule)), "{rule}");
    }
    stage::act(&staff.instructor, &run, "end", &code).await;
    stage::act(&staff.instructor, &run, "clear", &code).await;
    stage::wait_state(&staff.instructor, &run, "cleared", LAUNCH).await;
    for engine in &*engines {
        assert_eq!(engine.objects(&run), Some(0));
    }
    server.verify_chain(&run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_lost_comes_back_and_is_given_up() {
    let started = [SecondEngine::start(), SecondEngine::start()];
    let mut engines = match started {
        [Ok(first), Ok(second)] => [first, second],
        [Err(why), _] | [_, Err(why)] => {
            eprintln!("skipped: no further engines here: {why}");
            return;
        }
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("engines.yaml");
    let list = format!(
        "nodes:\n  - {{ name: one, address: \"{}\" }}\n  - {{ name: two, address: \"{}\" }}\n",
        engines[0].address(),
        engines[1].address()
    );
    std::fs::write(&file, list).unwrap();
    let setup = Setup {
        scenarios: root().join("tests/it/harness"),
        engines: Some((file, GRACE.to_owned())),
        ..Setup::default()
    };
    let mut server = Server::with(setup).await;
    let staff = stage::staff(&server).await;
    let outcome = keep::outcome(rounds(&mut server, &staff, &mut engines)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("nodes"));
    }
    drop(server);
    keep::conclude(outcome);
}
