//! Resets, deaths and pauses of single hosts, on Docker.

use std::time::{Duration, Instant};

use rampart_domain::plan::{HostPlan, Plan};
use rampart_domain::scenario::PlantWhat;
use rampart_engine::{DockerEngine, Engine, EngineError, ExecSpec, State, TerminalSpec};

use super::super::{LaunchError, adopt, clear, launch, pause, reset, resume};
use super::real::{attempt, cleared, docker};
use super::{light, quiet, secret};

/// Reads a file as it stands in the container.
async fn read(engine: &DockerEngine, host: &HostPlan, path: &str) -> Option<String> {
    let file = engine.get_file(&host.name, path, 1 << 16).await.ok()?;
    Some(String::from_utf8_lossy(&file.content).into_owned())
}

async fn run(engine: &DockerEngine, host: &HostPlan, script: &str) -> String {
    let out = engine.exec(&host.name, ExecSpec::new(["bash", "-c", script])).await.unwrap();
    assert!(out.ok(), "{script}: {}", out.said());
    out.said()
}

/// Id; addresses, capabilities and name as seen from inside.
async fn identity(engine: &DockerEngine, plan: &Plan, host: &HostPlan) -> (String, String) {
    let seen = engine.observe(&plan.run).await.unwrap();
    let id = seen.container(&host.name).unwrap().id.clone();
    let script = "ip -4 -o addr show scope global | awk '{print $4}'; ip route show default; \
        grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status; hostname";
    (id, run(engine, host, script).await)
}

fn flag_file(host: &HostPlan) -> String {
    let path = host.plants.iter().find_map(|plant| match plant {
        PlantWhat::File { path, content, .. } if content.contains("{flag:") => Some(path.clone()),
        _ => None,
    });
    path.unwrap()
}

async fn anew(engine: &DockerEngine, plan: &Plan, host: &str) -> Result<Vec<&'static str>, LaunchError> {
    let stages = std::sync::Mutex::new(Vec::new());
    let stage = |stage| stages.lock().unwrap().push(stage);
    let began = Instant::now();
    let proofs = reset(engine, plan, &secret(), &[8443], (1, host), async {}, &stage).await?;
    eprintln!("{host} made anew in {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(proofs.is_some(), host == "gateway");
    let broken: Vec<_> = proofs.into_iter().flatten().filter(|proof| !proof.holds).collect();
    assert!(broken.is_empty(), "{broken:?}");
    Ok(stages.into_inner().unwrap())
}

#[tokio::test]
async fn hosts_are_made_anew_as_the_plan_has_them() {
    let Some(engine) = docker().await else { return };
    let mut plan = light(&engine, 1).await;
    // One that takes its time: its service opens the port long after the container runs.
    let slow = plan.ranges[0].hosts.iter_mut().find(|host| host.host == "citizens").unwrap();
    let script = "sleep 20; exec python3 -m http.server 9000";
    slow.command = Some(["bash", "-c", script].map(str::to_owned).into());
    let probe = "curl -fsS -o /dev/null http://127.0.0.1:9000/";
    slow.ready = Some(rampart_domain::scenario::Ready {
        command: ["bash", "-c", probe].map(str::to_owned).into(),
        within_ms: 60_000,
    });
    cleared(&engine, &plan, async {
        let began = Instant::now();
        attempt(&engine, &plan).await.unwrap();
        assert!(began.elapsed() > Duration::from_secs(20), "running is not ready");
        let range = &plan.ranges[0];
        let (www, attack, gateway) =
            (range.host("www").unwrap(), range.host("attack").unwrap(), range.host("gateway").unwrap());
        let flag = flag_file(www);
        let planted = read(&engine, www, &flag).await.unwrap();

        // Wrecked from inside, then made anew: as before, and a stranger to what was changed.
        let before = identity(&engine, &plan, www).await;
        run(&engine, www, &format!("rm {flag}; touch /srv/left-behind; rm -rf /usr/share/doc")).await;
        let stages = anew(&engine, &plan, "www").await.unwrap();
        assert_eq!(stages, ["remove", "make", "ready", "plants"]);
        let after = identity(&engine, &plan, www).await;
        assert_ne!(after.0, before.0);
        assert_eq!(after.1, before.1, "addresses, capabilities and name");
        assert_eq!(read(&engine, www, &flag).await.as_ref(), Some(&planted));
        assert_eq!(read(&engine, www, "/srv/left-behind").await, None);
        run(&engine, attack, "curl -fsS -m 30 -o /dev/null http://www/").await;

        // The gateway brings rules, names and router addresses back, and the walls are proven again.
        let rules = run(&engine, gateway, "nft list chain inet rampart forward").await;
        anew(&engine, &plan, "gateway").await.unwrap();
        let again = run(&engine, gateway, "nft list chain inet rampart forward").await;
        let bare = |text: &str| {
            text.split_whitespace().filter(|word| word.parse::<u64>().is_err()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(bare(&again), bare(&rules));
        run(&engine, attack, "curl -fsS -m 30 -o /dev/null http://www/").await;
        assert!(adopt(&engine, &plan).await.unwrap().complete());

        // Removed by hand, or cut off from its network: a reset makes it whole, a clearing ends in nothing.
        engine.remove(&www.name).await.unwrap();
        anew(&engine, &plan, "www").await.unwrap();
        let leg = &www.legs[0];
        let cut = ["network", "disconnect", "-f", leg.network.as_str(), www.name.as_str()];
        assert!(std::process::Command::new("docker").args(cut).status().unwrap().success());
        anew(&engine, &plan, "www").await.unwrap();
        assert_eq!(identity(&engine, &plan, www).await.1, before.1);
        assert_eq!(read(&engine, www, &flag).await.as_ref(), Some(&planted));

        // Cut off at any step and begun again: one host, whole.
        for after_ms in [30, 700, 1_100] {
            let secret = secret();
            let cut = reset(&engine, &plan, &secret, &[], (1, "www"), async {}, &|_| {});
            let _ = tokio::time::timeout(Duration::from_millis(after_ms), cut).await;
            anew(&engine, &plan, "www").await.unwrap();
        }
        assert!(adopt(&engine, &plan).await.unwrap().complete());

        let cut = ["network", "disconnect", "-f", leg.network.as_str(), www.name.as_str()];
        assert!(std::process::Command::new("docker").args(cut).status().unwrap().success());
        engine.remove(&attack.name).await.unwrap();
        clear(&engine, &plan.run).await.unwrap();
        assert!(engine.observe(&plan.run).await.unwrap().is_empty());
        // There is nothing left to make anew: a network is missing, and that is said.
        let error = anew(&engine, &plan, "www").await.unwrap_err();
        assert!(matches!(error, LaunchError::At { error: EngineError::NotFound(_), .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_host_that_dies_comes_back_with_everything_and_a_pause_holds_it() {
    let Some(engine) = docker().await else { return };
    let plan = light(&engine, 1).await;
    cleared(&engine, &plan, async {
        launch(&engine, &plan, &secret(), &[], &quiet).await.unwrap();
        let range = &plan.ranges[0];
        let www = range.host("www").unwrap();
        let flag = flag_file(www);
        let planted = read(&engine, www, &flag).await.unwrap();
        let before = identity(&engine, &plan, www).await;
        run(&engine, www, "echo mine > /srv/mine").await;

        // Its main process is killed from inside: the same container comes back by itself.
        let kill = "kill -9 $(pgrep -f 'http.server 80')";
        let _ = engine.exec(&www.name, ExecSpec::new(["bash", "-c", kill])).await;
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let seen = engine.inspect(&www.name).await.unwrap();
            if seen.state == State::Running && seen.restarts > 0 {
                break;
            }
            assert!(Instant::now() < end, "{seen:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(identity(&engine, &plan, www).await, before, "same container, same address");
        assert_eq!(read(&engine, www, &flag).await.as_ref(), Some(&planted));
        assert_eq!(read(&engine, www, "/srv/mine").await.as_deref(), Some("mine\n"), "work is not lost");

        // One dies just before a pause: whatever the engine starts meanwhile is frozen at the latest by the next look.
        let shell = engine.terminal(
            &range.host("attack").unwrap().name,
            TerminalSpec {
                argv: vec!["bash".into()],
                user: "root".into(),
                cols: 80,
                rows: 24,
                term: "xterm".into(),
                env: Vec::new(),
            },
        );
        let shell = shell.await.unwrap();
        let _ = engine.exec(&www.name, ExecSpec::new(["bash", "-c", kill])).await;
        pause(&engine, &plan.run).await.unwrap();
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            pause(&engine, &plan.run).await.unwrap();
            let seen = adopt(&engine, &plan).await.unwrap();
            if (seen.running, seen.frozen) == (0, range.hosts.len()) {
                break;
            }
            assert!(Instant::now() < end, "{seen:?}");
        }
        let refused = engine.exec(&www.name, ExecSpec::new(["true"])).await;
        assert!(matches!(refused, Err(EngineError::Conflict(_))), "{refused:?}");
        resume(&engine, &plan.run).await.unwrap();
        assert_eq!(adopt(&engine, &plan).await.unwrap().running, range.hosts.len());
        run(
            &engine,
            range.host("attack").unwrap(),
            "curl -fsS --retry 5 --retry-connrefused -m 30 -o /dev/null http://www/",
        )
        .await;
        drop(shell);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_start_is_told_and_leaves_nothing() {
    let Some(engine) = docker().await else { return };
    // A command that ends at once; an image with a typo; a step that plants nothing.
    let mut ends = light(&engine, 1).await;
    let doc = |plan: &mut Plan| plan.ranges[0].hosts.iter().position(|host| host.host == "doc").unwrap();
    let at = doc(&mut ends);
    ends.ranges[0].hosts[at].command = Some(vec!["false".into()]);
    // Waited for it would be for ten minutes.
    ends.ranges[0].hosts[at].ready.as_mut().unwrap().within_ms = 600_000;
    cleared(&engine, &ends, async {
        let began = Instant::now();
        let error = attempt(&engine, &ends).await.unwrap_err();
        assert!(
            matches!(&error, LaunchError::HostDied { host, code: Some(1), .. } if host == "doc"),
            "{error}"
        );
        assert!(began.elapsed() < Duration::from_secs(300), "told after {:?}", began.elapsed());
        assert!(engine.observe(&ends.run).await.unwrap().is_empty());
    })
    .await;
    let mut typo = light(&engine, 1).await;
    let at = doc(&mut typo);
    typo.ranges[0].hosts[at].image = "rampart/bsae:latest".into();
    cleared(&engine, &typo, async {
        let error = attempt(&engine, &typo).await.unwrap_err();
        assert!(
            matches!(&error, LaunchError::ImagesMissing(missing) if missing == &["rampart/bsae:latest"]),
            "{error}"
        );
        assert!(engine.observe(&typo.run).await.unwrap().is_empty(), "nothing was made");
    })
    .await;
    let mut empty = light(&engine, 1).await;
    let at = doc(&mut empty);
    empty.ranges[0].hosts[at].plants.push(PlantWhat::Row {
        engine: "mariadb".into(),
        database: "portal".into(),
        statement: "UPDATE staff SET note='{flag:doc-sealed}' WHERE login='nobody';".into(),
        verify: "SELECT note FROM staff;".into(),
    });
    // A client that says yes to everything and writes nothing.
    let quiet_client = "printf '#!/bin/sh\\ncat >/dev/null\\n' > /usr/local/bin/mariadb; chmod +x /usr/local/bin/mariadb; \
        exec python3 -m http.server 8080";
    empty.ranges[0].hosts[at].command = Some(["bash", "-c", quiet_client].map(str::to_owned).into());
    cleared(&engine, &empty, async {
        let error = attempt(&engine, &empty).await.unwrap_err();
        assert!(matches!(&error, LaunchError::Plant { host, .. } if host == "doc"), "{error}");
        assert!(!format!("{error:?}").contains("RMP{"));
        assert!(engine.observe(&empty.run).await.unwrap().is_empty());
    })
    .await;
}
