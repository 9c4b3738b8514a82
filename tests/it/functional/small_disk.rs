//! An engine whose disk has less than a tenth left: a launch is refused with the numbers before anything is made, and taken
//! when there is room again.

use crate::harness::disk::SmallDisk;
use crate::harness::second::SecondEngine;
use crate::harness::server::{Server, Setup};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, eventually, keep, page, stage, unique};
use crate::style::root;

/// Size of the engine's disk, MB.
const DISK: u32 = 800;
/// What is left of it, MB: more than the range needs, and less than the tenth that no launch may take.
const LEFT: u64 = 70;
/// Containers and networks of a light range.
const OBJECTS: usize = 6;

/// The light range, whose hosts may write little.
fn scenario(home: &std::path::Path) {
    let to = home.join("light");
    let from = root().join("tests/it/harness/light");
    assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap().success());
    let file = to.join("scenario.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("pids: 100 }").count(), 4);
    std::fs::write(&file, text.replace("pids: 100 }", "pids: 100, disk: 16M }")).unwrap();
}

async fn refused_and_taken(server: &mut Server, engine: &SecondEngine, disk: &SmallDisk) {
    let instructor = stage::staff(server).await.instructor;
    let people = stage::people(1);
    stage::import(&instructor, &stage::roster(&people)).await;
    let code = format!("D-{}", unique());
    let run = stage::make_exercise(server, &instructor, "light", &code, 1).await;
    stage::seat(&instructor, &run, &[(&people[0].0, "r1")]).await;
    disk.leave(LEFT);
    stage::act(&instructor, &run, "launch", "").await;
    eventually("the launch is refused", LAUNCH, || async {
        (stage::state(&instructor, &run).await == "failed").then_some(())
    })
    .await;
    let html = instructor.get(&format!("/exercises/{run}")).await.ok();
    let told = html.contains(&zh("rule.launch.too_big_disk")) && html.contains("需要磁碟 64 MiB");
    assert!(told, "{}", page::said(&html));
    assert_eq!(engine.objects(&run), Some(0), "something was made");
    disk.free();
    eventually("the range stands", LAUNCH, || async {
        match stage::state(&instructor, &run).await.as_str() {
            "ready" => Some(()),
            "failed" => {
                let html = instructor.get(&format!("/exercises/{run}")).await.ok();
                assert!(html.contains(&zh("rule.launch.too_big_disk")), "{}", page::said(&html));
                stage::act(&instructor, &run, "launch", "").await;
                None
            }
            _ => None,
        }
    })
    .await;
    assert_eq!(engine.objects(&run), Some(OBJECTS));
    stage::act(&instructor, &run, "end", &code).await;
    stage::act(&instructor, &run, "clear", &code).await;
    stage::wait_state(&instructor, &run, "cleared", LAUNCH).await;
    assert_eq!(engine.objects(&run), Some(0));
    server.verify_chain(&run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_under_a_tenth_refuses_with_the_numbers_before_anything_is_made() {
    let disk = SmallDisk::new(DISK);
    let engine = match SecondEngine::start_in(disk.path()) {
        Ok(engine) => engine,
        Err(why) => return eprintln!("skipped: no second engine here: {why}"),
    };
    let home = tempfile::TempDir::new().unwrap();
    scenario(home.path());
    let setup = Setup {
        scenarios: home.path().to_owned(),
        engine: Some(engine.address()),
        programs: Some(engine.firewall()),
        ..Setup::default()
    };
    let mut server = Server::with(setup).await;
    let outcome = keep::outcome(refused_and_taken(&mut server, &engine, &disk)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("small-disk"));
    }
    drop(server);
    drop(engine);
    keep::conclude(outcome);
}
