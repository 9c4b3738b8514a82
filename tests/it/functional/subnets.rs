//! A block of subnets with room for two ranges, filled by launches on the real engine.

use crate::harness::server::{Server, Setup};
use crate::harness::{LAUNCH, docker, eventually, keep, page, stage, unique};
use crate::style::root;

/// Length of the prefix of a block for two light ranges: each has two zones of 64 addresses.
const BLOCK: u8 = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_block_refuses_one_more_launch_and_takes_it_when_one_is_cleared() {
    let home = tempfile::TempDir::new().unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(root().join("tests/it/harness/light"))
        .arg(home.path())
        .status()
        .unwrap();
    assert!(copied.success());
    let scenarios = home.path().to_owned();
    let mut server = Server::with(Setup { scenarios, block: Some(BLOCK), ..Setup::default() }).await;
    let outcome = keep::outcome(fill(&mut server)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("subnets"));
    }
    drop(server);
    keep::conclude(outcome);
}

async fn fill(server: &mut Server) {
    let staff = stage::staff(server).await;
    let instructor = &staff.instructor;
    let people = stage::people(1);
    stage::import(instructor, &stage::roster(&people)).await;
    let codes = ["S", "T", "U"].map(|letter| format!("{letter}-{}", unique()));
    let mut runs = Vec::new();
    for code in &codes {
        let run = stage::make_exercise(server, instructor, "light", code, 1).await;
        stage::seat(instructor, &run, &[(&people[0].0, "r1")]).await;
        runs.push(run);
    }
    let [first, second, late] = [&runs[0], &runs[1], &runs[2]];
    for run in [first, second] {
        stage::act(instructor, run, "launch", "").await;
    }
    for run in [first, second] {
        stage::wait_state(instructor, run, "ready", LAUNCH).await;
        assert_eq!(docker::networks(run).len(), 2);
    }
    let held = || {
        let subnets: Vec<_> =
            docker::subnets().into_iter().filter(|subnet| server.block().contains(subnet)).collect();
        subnets
    };
    let full = held();
    assert_eq!(full.len(), 4, "the block is full: {full:?}");

    let began = docker::docker_ok(&["info", "--format", "{{.SystemTime}}"]);
    stage::act(instructor, late, "launch", "").await;
    let refused = async || stage::state(instructor, late).await == "failed";
    eventually("the launch is refused", LAUNCH, || async { refused().await.then_some(()) }).await;
    let html = instructor.get(&format!("/exercises/{late}")).await.ok();
    let (wanted, holders) = ("需 2，剩 0", format!("{} 2, {} 2", codes[0], codes[1]));
    assert!(html.contains(wanted) && html.contains(&holders), "{}", page::said(&html));
    assert_eq!(docker::objects(late), Vec::<String>::new(), "something was made");
    let now = docker::docker_ok(&["info", "--format", "{{.SystemTime}}"]);
    let of_late = format!("label={}={late}", docker::LABEL);
    let events = ["events", "--since", began.trim(), "--until", now.trim(), "--filter", &of_late];
    assert_eq!(docker::docker_ok(&events), "", "something was made and removed");
    assert_eq!(held(), full);

    stage::act(instructor, first, "end", &codes[0]).await;
    stage::act(instructor, first, "clear", &codes[0]).await;
    stage::wait_state(instructor, first, "cleared", LAUNCH).await;
    stage::act(instructor, late, "launch", "").await;
    // Until it is taken up, the page still tells of the refusal.
    let ready = async || stage::state(instructor, late).await == "ready";
    eventually("the late one stands", LAUNCH, || async { ready().await.then_some(()) }).await;
    assert_eq!(docker::networks(late).len(), 2);
    assert_eq!(docker::networks(first), Vec::<String>::new());
    assert_eq!(held().len(), 4);
    for run in &runs {
        server.verify_chain(run);
    }
}
