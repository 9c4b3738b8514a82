//! Going on with what stands, and trying again what may pass.

use std::collections::BTreeMap;
use std::time::Duration;

use rampart_domain::plan::Plan;
use rampart_engine::fake::{FakeEngine, Fault};
use rampart_engine::{Engine, EngineError, ExecOut, ExecSpec, Labels, State};

use super::super::{LaunchError, adopt, clear, launch};
use super::faults::{attempt, empty, fake, fault, sound};
use super::real::{cleared, docker};
use super::{light, quiet, secret};

/// Ids of the containers that run, by name.
async fn running(engine: &dyn Engine, plan: &Plan) -> BTreeMap<String, String> {
    let seen = engine.observe(&plan.run).await.unwrap();
    let runs = seen.containers.into_iter().filter(|found| found.state == State::Running);
    runs.map(|found| (found.name, found.id)).collect()
}

/// Ids of the containers by name.
async fn ids(engine: &dyn Engine, plan: &Plan) -> BTreeMap<String, String> {
    let seen = engine.observe(&plan.run).await.unwrap();
    seen.containers.into_iter().map(|found| (found.name, found.id)).collect()
}

/// A launch that is cut off, as by the death of the server, when so many containers of the run exist; what ran then.
async fn cut_off(engine: &dyn Engine, plan: &Plan, containers: usize) -> BTreeMap<String, String> {
    let secret = secret();
    let work = launch(engine, plan, &secret, &[8443], &quiet);
    let watch = async {
        loop {
            if ids(engine, plan).await.len() >= containers {
                return running(engine, plan).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        biased;
        seen = watch => seen,
        result = work => panic!("the launch was over before {containers} containers stood: {result:?}"),
    }
}

/// Counts the calls of a kind since a number of calls.
fn calls(fake: &FakeEngine, since: usize, call: &str) -> usize {
    fake.calls().iter().skip(since).filter(|made| made.starts_with(&format!("{call} "))).count()
}

#[tokio::test]
async fn a_second_launch_makes_only_what_is_missing() {
    let fake = fake();
    let plan = light(&fake, 2).await;
    sound(&fake, &plan, |_, _| {});
    attempt(&fake, &plan).await.unwrap();
    let before = ids(&fake, &plan).await;
    // All of it stands: nothing is made, everything is looked at and proven again.
    let since = fake.calls().len();
    let proofs = attempt(&fake, &plan).await.unwrap();
    assert_eq!(proofs.len(), 2);
    assert_eq!((calls(&fake, since, "create_network"), calls(&fake, since, "create_container")), (0, 0));
    assert_eq!((calls(&fake, since, "start"), calls(&fake, since, "remove")), (0, 0));
    assert_eq!(ids(&fake, &plan).await, before);

    // One has vanished, one has ended, one is frozen: these three are made anew and no others.
    let name = |range: usize, host: &str| plan.ranges[range].host(host).unwrap().name.clone();
    let (vanished, ended, frozen) = (name(0, "www"), name(1, "doc"), name(1, "gateway"));
    fake.vanish(&vanished);
    fake.die(&ended, 1, false);
    fake.pause(&frozen).await.unwrap();
    let since = fake.calls().len();
    attempt(&fake, &plan).await.unwrap();
    assert_eq!(calls(&fake, since, "create_container"), 3);
    let after = ids(&fake, &plan).await;
    for (name, id) in &before {
        let anew = [&vanished, &ended, &frozen].contains(&name);
        assert_eq!(&after[name] != id, anew, "{name}");
    }
    assert!(adopt(&fake, &plan).await.unwrap().complete());
}

#[tokio::test]
async fn what_another_plan_made_or_never_ran_is_made_anew() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    let labels = |name: &str, hash: &str| Labels {
        run: plan.run.clone(),
        range: 1,
        name: name.into(),
        plan: hash.into(),
        epoch: 0,
    };
    let range = &plan.ranges[0];
    // Two networks of this plan and one of another; containers of both; a host that no plan knows.
    for (number, network) in range.networks.iter().enumerate() {
        let hash = if number == 2 { "old" } else { plan.hash.as_str() };
        fake.create_network(network, &labels(&network.zone, hash)).await.unwrap();
    }
    let on_old = |host: &&rampart_domain::plan::HostPlan| {
        host.legs.iter().any(|leg| leg.network == range.networks[2].name)
    };
    let (lost, kept): (Vec<_>, Vec<_>) = range.hosts.iter().partition(on_old);
    assert!(!lost.is_empty() && !kept.is_empty());
    for host in &range.hosts {
        fake.create_container(host, &labels(&host.host, &plan.hash)).await.unwrap();
    }
    let mut stranger = (*kept[0]).clone();
    stranger.name = format!("{}-old", stranger.name);
    stranger.legs[0].address = "10.0.0.9".parse().unwrap();
    fake.create_container(&stranger, &labels("old", "old")).await.unwrap();
    // Of those of this plan one runs; the others may be in the middle of a start that nobody waits for any more.
    let ran = kept.iter().find(|host| host.plants.is_empty() && host.logins.is_empty()).unwrap();
    fake.start(&ran.name).await.unwrap();
    let before = ids(&fake, &plan).await;
    attempt(&fake, &plan).await.unwrap();
    let after = ids(&fake, &plan).await;
    assert!(!after.contains_key(&stranger.name));
    for host in &kept {
        let same = after[&host.name] == before[&host.name];
        assert_eq!(same, host.name == ran.name, "{}: kept is what runs, and nothing else", host.host);
    }
    for host in &lost {
        assert_ne!(after[&host.name], before[&host.name], "{} hung on another plan's network", host.host);
    }
    let www = range.host("www").unwrap();
    let notice = fake.get_file(&www.name, "/srv/portal/private/notice.txt", 1000).await.unwrap();
    assert!(String::from_utf8_lossy(&notice.content).contains(&secret().flag("r1", "www-file")));
    assert!(adopt(&fake, &plan).await.unwrap().complete());
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_lasts_is_told() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    let www = plan.ranges[0].host("www").unwrap().name.clone();
    let gateway = plan.ranges[0].hosts[0].name.clone();
    let network = plan.ranges[0].networks[0].name.clone();
    let busy = || EngineError::Failed("context deadline exceeded".into());
    let calls = [
        ("create_network", &network),
        ("create_container", &www),
        ("connect", &gateway),
        ("put_files", &www),
        ("start", &www),
        ("inspect", &www),
        ("exec", &www),
        ("get_file", &www),
    ];
    for (call, object) in calls {
        fake.fail(Fault { times: 2, ..fault(call, object, busy()) });
    }
    // A name that is just being given back, and a subnet that nobody holds by now.
    fake.fail(Fault {
        times: 2,
        ..fault("create_container", &gateway, EngineError::Conflict("in use".into()))
    });
    let overlap = EngineError::Conflict("Pool overlaps with other one on this address space".into());
    fake.fail(Fault { times: 2, ..fault("create_network", &plan.ranges[0].networks[1].name, overlap) });
    attempt(&fake, &plan).await.unwrap();
    assert!(adopt(&fake, &plan).await.unwrap().complete());
    clear(&fake, &plan.run).await.unwrap();
    for (call, object) in [("create_container", &www), ("start", &www), ("put_files", &www)] {
        fake.fail(Fault { times: u32::MAX, ..fault(call, object, busy()) });
        let error = attempt(&fake, &plan).await.unwrap_err();
        assert!(error.to_string().contains("context deadline exceeded"), "{call}: {error}");
        assert!(empty(&fake, &plan).await, "{call}");
        fake.heal();
    }
}

#[tokio::test]
async fn an_engine_that_goes_away_loses_nothing_and_the_launch_goes_on_when_it_is_back() {
    let fake = fake();
    let plan = light(&fake, 2).await;
    sound(&fake, &plan, |_, _| {});
    let doc = plan.ranges[1].host("doc").unwrap().name.clone();
    let away = EngineError::NodeUnreachable { since_ms: None };
    fake.fail(Fault { times: u32::MAX, ..fault("start", &doc, away) });
    let error = attempt(&fake, &plan).await.unwrap_err();
    assert!(error.is_away(), "{error}");
    let before = ids(&fake, &plan).await;
    assert_eq!(before.len(), 12, "nothing is removed by an engine that is away");
    let ran = running(&fake, &plan).await;
    assert!(!ran.is_empty() && !ran.contains_key(&doc));
    fake.heal();
    attempt(&fake, &plan).await.unwrap();
    let after = ids(&fake, &plan).await;
    assert_eq!(after.len(), 12);
    for (name, id) in &ran {
        assert_eq!(&after[name], id, "{name} ran and was made anew");
    }
    assert_ne!(after[&doc], before[&doc], "its start may have been done after all, by nobody's knowledge");
}

#[tokio::test]
async fn a_row_that_a_former_life_may_have_written_is_not_written_twice() {
    let fake = fake();
    let mut plan = light(&fake, 1).await;
    let at = plan.ranges[0].hosts.iter().position(|host| host.host == "doc").unwrap();
    plan.ranges[0].hosts[at].plants.push(rampart_domain::scenario::PlantWhat::Row {
        engine: "mariadb".into(),
        database: "portal".into(),
        statement: "INSERT INTO notes VALUES ('{flag:doc-sealed}');".into(),
        verify: "SELECT note FROM notes;".into(),
    });
    sound(&fake, &plan, |_, _| {});
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = written.clone();
    let inner = fake.clone();
    let probes = inner.script();
    fake.answer(move |container, spec: &ExecSpec| {
        if spec.argv.first().map(String::as_str) != Some("mariadb") {
            return probes.as_ref().and_then(|probes| probes(container, spec));
        }
        let insert = spec.stdin.starts_with(b"INSERT");
        if insert {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        let rows = count.load(std::sync::atomic::Ordering::SeqCst);
        let row = format!("{}\n", secret().flag("r1", "doc-sealed")).repeat(rows);
        let stdout = if insert { Vec::new() } else { row.into_bytes() };
        Some(ExecOut { stdout, ..ExecOut::default() })
    });
    attempt(&fake, &plan).await.unwrap();
    attempt(&fake, &plan).await.unwrap();
    assert_eq!(written.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_launch_cut_off_early_half_way_and_late_is_finished_without_starting_over() {
    let Some(engine) = docker().await else { return };
    for containers in [1, 3, 6] {
        let plan = light(&engine, 1).await;
        cleared(&engine, &plan, async {
            let stood = cut_off(&engine, &plan, containers).await;
            // The engine may still be at a call that nobody waits for any more.
            let proofs = launch(&engine, &plan, &secret(), &[8443], &quiet).await.unwrap();
            assert!(proofs[0].1.iter().all(|proof| proof.holds));
            let after = ids(&engine, &plan).await;
            assert_eq!(after.len(), 6);
            for (name, id) in &stood {
                assert_eq!(&after[name], id, "{name} ran when {containers} stood and was made anew");
            }
            let adoption = adopt(&engine, &plan).await.unwrap();
            assert!(adoption.complete(), "{adoption:?}");
            let www = plan.ranges[0].host("www").unwrap();
            let path = "/srv/portal/private/notice.txt";
            let notice = engine.get_file(&www.name, path, 1000).await.unwrap();
            assert!(String::from_utf8_lossy(&notice.content).contains(&secret().flag("r1", "www-file")));
        })
        .await;
    }
}

#[tokio::test]
async fn what_ended_or_belongs_to_another_plan_is_made_anew_on_docker() {
    let Some(engine) = docker().await else { return };
    let plan = light(&engine, 1).await;
    cleared(&engine, &plan, async {
        launch(&engine, &plan, &secret(), &[], &quiet).await.unwrap();
        let before = ids(&engine, &plan).await;
        let doc = &plan.ranges[0].host("doc").unwrap().name;
        engine.stop(doc).await.unwrap();
        let mut other = plan.clone();
        other.hash = "0".repeat(64);
        // The same plan: only the host that was stopped is another one.
        launch(&engine, &plan, &secret(), &[], &quiet).await.unwrap();
        let after = ids(&engine, &plan).await;
        let changed: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
        assert_eq!(changed, [doc]);
        // Another plan of the same run, with the same names and subnets: everything.
        launch(&engine, &other, &secret(), &[], &quiet).await.unwrap();
        let last = ids(&engine, &plan).await;
        assert_eq!(last.len(), after.len());
        assert!(last.iter().all(|(name, id)| after[name] != *id));
        let seen = engine.observe(&plan.run).await.unwrap();
        assert!(seen.networks.iter().all(|network| network.plan == other.hash));
        assert!(
            seen.containers.iter().all(|found| found.plan == other.hash && found.state == State::Running)
        );
    })
    .await;
}

#[tokio::test]
async fn a_name_that_another_run_holds_is_told() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    let www = plan.ranges[0].host("www").unwrap();
    let taken = EngineError::Conflict(format!("the name {} is already in use", www.name));
    fake.fail(Fault { times: u32::MAX, ..fault("create_container", &www.name, taken) });
    let error = attempt(&fake, &plan).await.unwrap_err();
    assert!(
        matches!(&error, LaunchError::At { name, error: EngineError::Conflict(_), .. } if name == "www"),
        "{error}"
    );
    assert!(empty(&fake, &plan).await);
}
