//! Two launches on a machine with room for one.

use crate::harness::server::{Server, Setup};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, docker, eventually, page, stage, unique};

/// Memory left for ranges, MiB: one pair of the shipped scenario fits, two do not.
const ROOM: u64 = 1_200;

/// A setting in which ranges have [`ROOM`] on this machine.
fn small() -> Setup {
    let info = docker::docker_ok(&["info", "--format", "{{.MemTotal}}"]);
    let memory: u64 = info.trim().parse().unwrap();
    let keep = (memory >> 20).checked_sub(ROOM).expect("a machine with more memory than one range needs");
    Setup { keep_memory: Some(format!("{keep}M")), ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_launch_waits_keeps_its_place_over_a_kill_and_goes_on_by_itself() {
    let mut server = Server::with(small()).await;
    let staff = stage::staff(&server).await;
    let people = stage::people(1);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let codes = [format!("T-{}", unique()), format!("U-{}", unique())];
    let mut runs = Vec::new();
    for code in &codes {
        let run = stage::make_exercise(&mut server, &staff.instructor, "qinglan-portal", code, 1).await;
        stage::seat(&staff.instructor, &run, &[(&people[0].0, "r1")]).await;
        runs.push(run);
    }
    let [first, second] = [&runs[0], &runs[1]];
    stage::act(&staff.instructor, first, "launch", "").await;
    stage::act(&staff.instructor, second, "launch", "").await;
    let waits = || async {
        let html = staff.instructor.get(&format!("/exercises/{second}")).await.ok();
        let said = page::said(&html);
        let holder = format!("{} 824 MiB", codes[0]);
        (said.contains(zh("queue.place").trim()) && said.contains(&holder)).then_some(())
    };
    eventually("the second waits and says for whom", LAUNCH, waits).await;
    eventually("the first is begun", LAUNCH, || async { (docker::objects(first).len() > 3).then_some(()) })
        .await;
    server.kill9();
    server.restart().await;
    stage::wait_state(&staff.instructor, first, "ready", LAUNCH).await;
    eventually("the second still waits", LAUNCH, waits).await;
    assert_eq!(docker::objects(second), Vec::<String>::new(), "nothing is made before there is room");
    stage::act(&staff.instructor, first, "end", &codes[0]).await;
    stage::act(&staff.instructor, first, "clear", &codes[0]).await;
    stage::wait_state(&staff.instructor, first, "cleared", LAUNCH).await;
    stage::wait_state(&staff.instructor, second, "ready", LAUNCH).await;
    stage::act(&staff.instructor, second, "end", &codes[1]).await;
    stage::act(&staff.instructor, second, "clear", &codes[1]).await;
    stage::wait_state(&staff.instructor, second, "cleared", LAUNCH).await;
    for run in &runs {
        assert_eq!(docker::objects(run), Vec::<String>::new());
        server.verify_chain(run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_that_never_fits_is_not_even_offered() {
    let mut server = Server::with(small()).await;
    let staff = stage::staff(&server).await;
    let people = stage::people(1);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let code = format!("T-{}", unique());
    let run = stage::make_exercise(&mut server, &staff.instructor, "qinglan-portal", &code, 2).await;
    stage::seat(&staff.instructor, &run, &[(&people[0].0, "r1")]).await;
    let said = zh("error.too_big");
    eventually("the page says how many would fit", LAUNCH, || async {
        let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
        html.contains(&said).then_some(())
    })
    .await;
    // Who presses it all the same reads the numbers.
    stage::act(&staff.instructor, &run, "launch", "").await;
    eventually("it is refused", LAUNCH, || async {
        (stage::state(&staff.instructor, &run).await == "failed").then_some(())
    })
    .await;
    let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
    assert!(html.contains(zh("rule.launch.too_big").trim()), "{}", page::said(&html));
    assert!(html.contains("1.6 GiB"), "{}", page::said(&html));
    assert_eq!(docker::objects(&run), Vec::<String>::new());
}
