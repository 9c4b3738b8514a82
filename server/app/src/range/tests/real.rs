//! On Docker.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use rampart_domain::plan::{self, Plan};
use rampart_engine::{DockerEngine, Engine, EngineError, ExecSpec, State};

use super::super::{LaunchError, adopt, clear, launch, pause, resume};
use super::{light, quiet, secret, shipped};

/// Docker, if it has all images of the plan; the reason why not is printed.
pub(in super::super) async fn docker() -> Option<DockerEngine> {
    let engine = DockerEngine::at(None).unwrap();
    let images = match engine.images().await {
        Ok(images) => images,
        Err(error) => {
            eprintln!("skipped: no Docker engine here: {error}");
            return None;
        }
    };
    for image in ["rampart/base:latest", "rampart/gateway:latest"] {
        if !images.contains_key(image) {
            eprintln!("skipped: {image} is not built (rampart images build)");
            return None;
        }
    }
    Some(engine)
}

/// Runs a test and clears up, however it ends.
pub(super) async fn cleared<F: Future<Output = ()>>(engine: &DockerEngine, plan: &Plan, test: F) {
    let ended = AssertUnwindSafe(test).catch_unwind().await;
    clear(engine, &plan.run).await.unwrap();
    assert!(!engine.list_runs().await.unwrap().contains(&plan.run));
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

pub(super) async fn attempt(
    engine: &DockerEngine,
    plan: &Plan,
) -> Result<Vec<(u16, Vec<scoreboard::Proof>)>, LaunchError> {
    launch(engine, plan, &secret(), &[8443], &quiet).await
}

fn print_broken(proofs: &[(u16, Vec<scoreboard::Proof>)]) -> usize {
    let broken: Vec<_> = proofs.iter().flat_map(|(_, proofs)| proofs).filter(|proof| !proof.holds).collect();
    for proof in &broken {
        eprintln!("{proof:?}");
    }
    broken.len()
}

#[tokio::test]
async fn two_ranges_stand_their_walls_hold_they_freeze_and_go() {
    let Some(engine) = docker().await else { return };
    let plan = light(&engine, 2).await;
    cleared(&engine, &plan, async {
        let start = Instant::now();
        let ends = Mutex::new(BTreeMap::new());
        let proofs = launch(&engine, &plan, &secret(), &[8443], &|step| {
            if step.done == step.all {
                ends.lock().unwrap().insert((step.name, step.range), start.elapsed().as_millis());
            }
        })
        .await
        .unwrap();
        let mut ends: Vec<_> = ends.into_inner().unwrap().into_iter().collect();
        ends.sort_by_key(|(_, ms)| *ms);
        eprintln!("ends of steps, ms: {ends:?}");
        let containers = plan.ranges.iter().map(|range| range.hosts.len()).sum::<usize>();
        let took = start.elapsed();
        eprintln!(
            "launch of {containers} containers with proofs: {:.1} s, {:.2} s a container, {} proofs",
            took.as_secs_f64(),
            took.as_secs_f64() / containers as f64,
            proofs.iter().map(|(_, proofs)| proofs.len()).sum::<usize>()
        );
        assert_eq!(print_broken(&proofs), 0);
        let raw = proofs[0].1.iter().find(|proof| proof.to.starts_with("raw frames")).unwrap();
        assert_eq!(raw.from, "attack");

        // The test can fail: the same host does see what it may see.
        let attack = &plan.ranges[0].host("attack").unwrap().name;
        let seen =
            engine.exec(attack, ExecSpec::new(["curl", "-fsS", "-m", "30", "http://www/"])).await.unwrap();
        assert!(seen.ok(), "{}", seen.said());

        let start = Instant::now();
        pause(&engine, &plan.run).await.unwrap();
        let frozen = adopt(&engine, &plan).await.unwrap();
        assert!(frozen.complete());
        assert_eq!((frozen.running, frozen.frozen), (0, containers));
        eprintln!("frozen in {} ms", start.elapsed().as_millis());
        resume(&engine, &plan.run).await.unwrap();
        let thawed = adopt(&engine, &plan).await.unwrap();
        assert_eq!((thawed.running, thawed.frozen), (containers, 0));
        pause(&engine, &plan.run).await.unwrap();

        // Removed behind our back, and frozen: clearing ends in nothing left.
        engine.remove(&plan.ranges[1].host("www").unwrap().name).await.unwrap();
        let start = Instant::now();
        let done = clear(&engine, &plan.run).await.unwrap();
        eprintln!("cleared in {:.1} s: {done:?}", start.elapsed().as_secs_f64());
        assert_eq!(done.found, containers - 1 + 6);
        assert!(engine.observe(&plan.run).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_launch_killed_at_any_moment_is_cleared_to_nothing() {
    let Some(engine) = docker().await else { return };
    for after_ms in [150, 700, 1500, 3000] {
        let plan = light(&engine, 1).await;
        cleared(&engine, &plan, async {
            let killed = tokio::time::timeout(Duration::from_millis(after_ms), attempt(&engine, &plan)).await;
            // On a fast machine the last of them may be too late to kill it; the first ones never are.
            assert!(killed.is_err() || after_ms > 1000, "the launch was over in {after_ms} ms");
            // What the engine was just making appears a moment later; the next life of a server takes longer to come.
            tokio::time::sleep(Duration::from_secs(3)).await;
            let done = clear(&engine, &plan.run).await.unwrap();
            eprintln!("killed after {after_ms} ms: {done:?}");
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(engine.observe(&plan.run).await.unwrap().is_empty());
        })
        .await;
    }
}

#[tokio::test]
async fn a_host_that_ends_is_told_with_code_and_lines() {
    let Some(engine) = docker().await else { return };
    let mut plan = light(&engine, 1).await;
    let host = plan.ranges[0].hosts.iter_mut().find(|host| host.host == "doc").unwrap();
    host.command = Some(
        [
            "bash",
            "-c",
            "for i in $(seq 30); do echo line $i; done; sleep 0.2; echo no such table >&2; exit 3",
        ]
        .map(str::to_owned)
        .into(),
    );
    cleared(&engine, &plan, async {
        let error = attempt(&engine, &plan).await.unwrap_err();
        match &error {
            LaunchError::HostDied { range, host, code, oom, log } => {
                assert_eq!((*range, host.as_str(), *code, *oom), (1, "doc", Some(3), false));
                assert_eq!(log.len(), 20);
                assert!(log.iter().any(|line| line == "no such table"), "{log:?}");
            }
            other => panic!("{other}"),
        }
        assert!(error.to_string().contains("exit code 3"), "{error}");
        assert!(engine.observe(&plan.run).await.unwrap().is_empty(), "rolled back");
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_is_not_there_fails_the_launch_without_being_told() {
    let Some(engine) = docker().await else { return };
    let mut plan = light(&engine, 1).await;
    let host = plan.ranges[0].hosts.iter_mut().find(|host| host.host == "doc").unwrap();
    host.command = Some(
        ["bash", "-c", "rm -r /var/lib/doc; exec python3 -m http.server 8080"].map(str::to_owned).into(),
    );
    cleared(&engine, &plan, async {
        let error = attempt(&engine, &plan).await.unwrap_err();
        assert!(matches!(&error, LaunchError::Plant { host, .. } if host == "doc"), "{error}");
        assert!(!format!("{error:?}").contains("RMP{"));
        // An owner that the image does not have.
        let mut plan = plan.clone();
        for plant in plan.ranges[0].hosts.iter_mut().flat_map(|host| &mut host.plants) {
            if let rampart_domain::scenario::PlantWhat::File { owner, .. } = plant {
                "no-such-user".clone_into(owner);
            }
        }
        let error = attempt(&engine, &plan).await.unwrap_err().to_string();
        assert!(error.contains("no user no-such-user"), "{error}");
        assert!(engine.observe(&plan.run).await.unwrap().is_empty(), "rolled back");
    })
    .await;
}

#[tokio::test]
async fn a_subnet_in_use_is_told_and_a_second_launch_goes_on() {
    let Some(engine) = docker().await else { return };
    let plan = light(&engine, 1).await;
    let mut foreign = plan.ranges[0].networks[2].clone();
    foreign.name = format!("rgf{}", plan::short_run(&plan.run));
    let labels = rampart_engine::Labels {
        run: format!("{}-foreign", plan.run),
        range: 1,
        name: "x".into(),
        plan: String::new(),
        epoch: 0,
    };
    engine.create_network(&foreign, &labels).await.unwrap();
    cleared(&engine, &plan, async {
        let error = attempt(&engine, &plan).await.unwrap_err();
        let told = matches!(&error, LaunchError::SubnetTaken { subnet, by } if *subnet == foreign.subnet.to_string() && *by == foreign.name);
        clear(&engine, &labels.run).await.unwrap();
        assert!(told, "{error}");
        assert!(engine.observe(&plan.run).await.unwrap().is_empty(), "rolled back");
        assert_eq!(print_broken(&attempt(&engine, &plan).await.unwrap()), 0);

        // An ended host comes back with its address; one removed by hand is missed.
        let doc = &plan.ranges[0].host("doc").unwrap().name;
        let out = engine.exec(doc, ExecSpec::new(["bash", "-c", "kill -9 $(pgrep -f http.server)"])).await;
        assert!(out.is_ok() || matches!(out, Err(EngineError::NotFound(_) | EngineError::Conflict(_))), "{out:?}");
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let seen = engine.inspect(doc).await.unwrap();
            if seen.state == State::Running && seen.restarts > 0 {
                break;
            }
            assert!(Instant::now() < end, "{seen:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let flag = engine.get_file(doc, "/var/lib/doc/sealed/115-0042.txt", 1000).await.unwrap();
        assert!(String::from_utf8_lossy(&flag.content).contains(&secret().flag("r1", "doc-sealed")));
        engine.remove(doc).await.unwrap();
        assert_eq!(adopt(&engine, &plan).await.unwrap().missing, std::slice::from_ref(doc));
    })
    .await;
}

#[tokio::test]
async fn the_shipped_scenario_stands_with_its_secrets() {
    let Some(engine) = docker().await else { return };
    let plan = shipped(&engine, 1).await;
    let images = engine.images().await.unwrap();
    if let Some(host) = plan.ranges[0].hosts.iter().find(|host| !images.contains_key(&host.image)) {
        eprintln!("skipped: {} is not built (rampart images build)", host.image);
        return;
    }
    cleared(&engine, &plan, async {
        let start = Instant::now();
        let proofs = attempt(&engine, &plan).await.unwrap();
        eprintln!("launch of the shipped scenario: {:.1} s", start.elapsed().as_secs_f64());
        assert_eq!(print_broken(&proofs), 0);
        let range = &plan.ranges[0];
        let read = async |host: &str, command: &[&str]| {
            let out =
                engine.exec(&range.host(host).unwrap().name, ExecSpec::new(command.to_vec())).await.unwrap();
            out.said()
        };
        let note =
            read("www", &["mariadb", "-N", "portal", "-e", "SELECT note FROM staff WHERE login='admin'"])
                .await;
        assert!(note.contains(&secret().flag("r1", "portal-db")), "{note}");
        let sealed = read("doc", &["cat", "/var/lib/doc/sealed/115-0042.txt"]).await;
        assert!(sealed.contains(&secret().flag("r1", "doc-sealed")), "{sealed}");
        let owner = read("www", &["stat", "-c", "%U %a", "/srv/portal/private/notice.txt"]).await;
        assert_eq!(owner, "www-data 640");
        // No secret in any environment.
        for host in &range.hosts {
            let env = read(&host.host, &["bash", "-c", "tr '\\0' '\\n' < /proc/1/environ; env"]).await;
            assert!(!env.contains("RMP{"), "{env}");
        }
    })
    .await;
}
