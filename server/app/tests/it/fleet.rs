//! Several nodes: where ranges are built, what a silent one does to the others, and what is removed from one that comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rampart_app::RangeSettings;
use rampart_app::exercise::{CommandError, Exercise};
use rampart_app::fleet::NodeState;
use rampart_app::workstation::{self, WorkstationError};
use rampart_domain::capacity::Needs;
use rampart_domain::decide::Refusal;
use rampart_domain::plan::{self, NetworkPlan, Plan};
use rampart_domain::scenario::Scenario;
use rampart_engine::fake::{FakeEngine, Fault};
use rampart_engine::{Engine, EngineError, ExecOut, HostFacts, Labels, State};
use rampart_store::Role;
use scoreboard::{HealthState, Side, Status};
use serde_json::{Value, json};

use crate::faults::injection;
use crate::house::{House, MORNING, until};

const RUNNING: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running];

fn silence(engine: &FakeEngine) {
    let error = EngineError::NodeUnreachable { since_ms: None };
    engine.fail(Fault { call: "*".into(), object: "*".into(), error, done: false, times: u32::MAX });
}

fn state(house: &House, name: &str) -> NodeState {
    house.app.fleet.nodes().into_iter().find(|node| node.name == name).unwrap().state
}

fn room(engine: &FakeEngine, exercise: &Exercise, times: u64) {
    let needs = Needs::of(exercise.scenario(), exercise.pairs);
    engine.set_memory(RangeSettings::default().kept_memory + needs.memory * times + needs.memory / 2);
}

async fn objects(engine: &FakeEngine, run: &str) -> Vec<u64> {
    let seen = engine.observe(run).await.unwrap();
    let networks = seen.networks.iter().map(|found| found.epoch);
    networks.chain(seen.containers.iter().map(|found| found.epoch)).collect()
}

/// Waits until something of the run stands, and gives the epochs of what does.
async fn stands(engine: &FakeEngine, run: &str) -> Vec<u64> {
    for _ in 0..1200 {
        let seen = objects(engine, run).await;
        if !seen.is_empty() {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing appears");
}

async fn draft(house: &House, code: &str) -> (Arc<Exercise>, String) {
    let teacher = match house.app.store.accounts().by_login("teacher").await.unwrap() {
        Some(known) => known.account.id,
        None => house.account("teacher", Role::Instructor).await,
    };
    let id = house.exercise(code, &teacher).await;
    (house.app.exercise(&id).unwrap(), teacher)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_launch_goes_where_there_is_room_and_says_so_before_anything_is_made() {
    let house = House::of_two().await;
    let (live, teacher) = draft(&house, "S115-01").await;
    room(&house.engine, &live, 1);
    room(house.second(), &live, 3);
    // Readiness never comes.
    house.second().answer(|_, _| Some(ExecOut { code: 1, ..ExecOut::default() }));
    for epoch in 1..=2 {
        live.turn(&teacher, Status::Provisioning).await.unwrap();
        let seen = stands(house.second(), &live.id).await;
        assert!(seen.iter().all(|of| *of == epoch), "every object names its placement: {seen:?}");
        let row = house.app.store.placements().of(&live.id).await.unwrap().pop().unwrap();
        assert_eq!((row.epoch, row.node.as_str(), row.left_ms), (epoch, "b", None));
        assert_eq!(row.memory, Needs::of(live.scenario(), live.pairs).memory);
        live.turn(&teacher, Status::Draft).await.unwrap();
        until("it is a draft again", || live.fold().status == Status::Draft).await;
        assert!(objects(house.second(), &live.id).await.is_empty());
        let row = house.app.store.placements().of(&live.id).await.unwrap().pop().unwrap();
        assert!(row.left_ms.is_some(), "the placement has ended");
    }
    assert!(!house.engine.calls().iter().any(|call| call.starts_with("create_")), "nothing on the full node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_lacking_is_said_of_each_node() {
    let house = House::of_two().await;
    let (live, teacher) = draft(&house, "S115-01").await;
    let kept = RangeSettings::default().kept_memory;
    house.engine.set_memory(kept + (64 << 20));
    house.second().set_memory(kept + (96 << 20));
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    until("it is refused", || live.fold().status == Status::Draft && live.fold().why.is_some()).await;
    let why = live.fold().why.clone().unwrap();
    assert_eq!((why.rule.as_str(), why.args["has"].as_str()), ("launch.too_big", "a 64 MiB, b 96 MiB"));
    // A silent node may have the room: the launch waits for it.
    silence(house.second());
    until("b is silent", || matches!(state(&house, "b"), NodeState::Silent { .. })).await;
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    let queued = || live.progress().borrow().queued.clone();
    until("it waits", || queued().is_some_and(|queued| queued.why.rule.starts_with("queue.memory"))).await;
    assert_eq!(queued().unwrap().why.args["has"], "a 64 MiB, b –");
    // Given up, it waits no more and says why it is a draft.
    live.turn(&teacher, Status::Draft).await.unwrap();
    until("it is a draft again", || live.fold().status == Status::Draft).await;
    assert_eq!(live.fold().why.as_ref().unwrap().rule, "launch.given_up");
    assert_eq!(queued(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_node_is_asked_nothing_and_takes_nothing_from_the_others() {
    let house = House::of_two().await;
    let (live, teacher) = draft(&house, "S115-01").await;
    silence(&house.engine);
    until("a is silent", || matches!(state(&house, "a"), NodeState::Silent { .. })).await;
    assert_eq!(state(&house, "b"), NodeState::Answers);
    let asked = || house.engine.calls().iter().filter(|call| !call.starts_with("ping")).count();
    let before = asked();
    let error = house.app.fleet.engine("a").unwrap().images().await.unwrap_err();
    assert!(matches!(error, EngineError::NodeUnreachable { since_ms: Some(_) }), "{error:?}");
    house.second().answer(|_, _| Some(ExecOut { code: 1, ..ExecOut::default() }));
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    stands(house.second(), &live.id).await;
    assert_eq!(asked(), before, "only the heartbeat asks it");
    house.engine.heal();
    until("a answers again", || state(&house, "a") == NodeState::Answers).await;
    house.app.fleet.engine("a").unwrap().images().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_asked_of_nobody_does_not_keep_a_dead_node_alive() {
    let house = House::of_two().await;
    silence(&house.engine);
    // What every standing range does all the time: streams that open before the engine has said anything, and looks at the
    // wall, which the platform takes on its own machine.
    let engine = house.app.fleet.engine("a").unwrap();
    let asking = tokio::spawn(async move {
        loop {
            let _ = engine.lives("run", 0).await;
            let _ = engine.guard().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    until("a is silent", || matches!(state(&house, "a"), NodeState::Silent { .. })).await;
    asking.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_given_up_is_removed_before_its_node_takes_work() {
    let mut house = House::of_two().await;
    let (id, _, _) = house.standing(&[Status::Provisioning, Status::Ready]).await;
    let before = objects(&house.engine, &id).await;
    assert!(before.iter().all(|epoch| *epoch == 0) && !before.is_empty(), "made before there were epochs");
    assert_eq!(house.app.fleet.placement(&id), Some((0, "a".to_owned())));
    // As a rebuild on the second node leaves it, and the platform dies then.
    house.app.store.placements().place(&id, "b", (0, 0), 1).await.unwrap();
    let error = EngineError::Refused("busy".into());
    let stuck = house.engine.observe(&id).await.unwrap().containers[0].id.clone();
    house.engine.fail(Fault { call: "remove".into(), object: stuck, error, done: false, times: 4 });
    house.reopen().await;
    assert!(matches!(state(&house, "a"), NodeState::Fenced { .. }));
    let error = house.app.fleet.engine("a").unwrap().images().await.unwrap_err();
    assert!(error.is_silence(), "closed: {error:?}");
    assert_eq!(house.app.fleet.range(&id).unwrap().node(), "b");
    until("the fence opens", || state(&house, "a") == NodeState::Answers).await;
    assert!(objects(&house.engine, &id).await.is_empty());
    let rows = house.app.store.placements().of(&id).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.left_ms.is_some()).collect::<Vec<_>>(), [true, false]);
}

/// Number of a capability that the shipped images ask for (linux/capability.h).
fn capability(name: &str) -> u32 {
    match name {
        "CHOWN" => 0,
        "DAC_OVERRIDE" => 1,
        "FOWNER" => 3,
        "KILL" => 5,
        "SETGID" => 6,
        "SETUID" => 7,
        "NET_BIND_SERVICE" => 10,
        "NET_ADMIN" => 12,
        "NET_RAW" => 13,
        "SYS_CHROOT" => 18,
        "AUDIT_WRITE" => 29,
        other => panic!("no number is known for {other}"),
    }
}

/// Answers as sound walls do, and as hosts do that keep what was planted in them.
fn sound(fake: &FakeEngine, plan: &Plan) {
    let plan = plan.clone();
    let rows = Mutex::new(String::new());
    let forged = AtomicU64::new(0);
    fake.answer(move |container, spec| {
        // A database that gives back all that it was given, and log-ins that have their passwords.
        if spec.argv.first().map(String::as_str) == Some("mariadb") {
            let mut rows = rows.lock().ok()?;
            rows.push_str(&String::from_utf8_lossy(&spec.stdin));
            return Some(ExecOut { stdout: rows.clone().into_bytes(), ..ExecOut::default() });
        }
        if spec.argv.get(2).is_some_and(|script| script.starts_with("chpasswd")) {
            let lines: String = spec.argv[3..].iter().map(|login| format!("{login}:$y$:\n")).collect();
            return Some(ExecOut { stdout: lines.into_bytes(), ..ExecOut::default() });
        }
        if spec.argv.first().map(String::as_str) == Some("nft") {
            // More whenever it is asked, as gateways that drop what is forged have.
            let packets = forged.fetch_add(9, Ordering::Relaxed);
            let counter = serde_json::json!({
                "family": "inet", "table": "rampart", "name": "forged", "packets": packets, "bytes": 0,
            });
            let listing = serde_json::json!({ "nftables": [{ "counter": counter }] });
            return Some(ExecOut { stdout: listing.to_string().into(), ..ExecOut::default() });
        }
        if spec.argv.first().map(String::as_str) != Some("python3") {
            return None;
        }
        let ask: Value = serde_json::from_slice(&spec.stdin).ok()?;
        let range = plan.ranges.iter().find(|range| range.hosts.iter().any(|host| host.name == container))?;
        let host = range.hosts.iter().find(|host| host.name == container)?;
        let long = |entry: &Value| entry[2].as_f64().is_some_and(|seconds| seconds > 3.0);
        let tries = ask["tcp"].as_array()?;
        let tcp: Vec<&str> = tries.iter().map(|one| if long(one) { "open" } else { "no answer" }).collect();
        let address = |name: &Value| match range.host(name.as_str().unwrap_or_default()) {
            Some(host) => json!([host.legs[0].address.to_string()]),
            None => json!([]),
        };
        let names: Vec<Value> = ask["names"].as_array()?.iter().map(address).collect();
        let mut links: Vec<String> = host.legs.iter().map(|leg| format!("{}/26", leg.address)).collect();
        if host.forwards {
            links.extend(range.networks.iter().map(|network| format!("{}/26", network.router)));
        }
        let routers = vec![("02:42:0a:00:00:02", "02:42:0a:00:00:02"); ask["routers"].as_array()?.len()];
        let raw = vec![0; ask["raw"].as_array()?.len()];
        let forged = vec![3; ask["forged"].as_array()?.len()];
        let bounding = host.capabilities.iter().fold(0_u64, |bits, name| bits | 1 << capability(name));
        let inside = json!({
            "bounding": format!("{bounding:016x}"), "no_new_privileges": "1", "seccomp": "2",
            "memory": host.resources.memory.to_string(), "pids": host.resources.pids.to_string(),
            "cpu": format!("{} 100000", u64::from(host.resources.milli_cpus) * 100), "core": "0",
            "file": host.resources.disk().to_string(), "sockets": [], "root": "EROFS",
        });
        let answer = json!({
            "tcp": tcp, "names": names, "routers": routers, "raw": raw, "links": links, "forged": forged,
            "inside": inside,
        });
        Some(ExecOut { stdout: answer.to_string().into_bytes(), ..ExecOut::default() })
    });
}

async fn kinds(house: &House, id: &str) -> Vec<&'static str> {
    let wanted = ["node_lost", "node_back", "rebuild", "rebuilt", "lost_time", "action"];
    let entries = house.ledger(id).await;
    entries.iter().map(|entry| entry.body.kind()).filter(|kind| wanted.contains(kind)).collect()
}

fn all_checks(live: &Exercise, wanted: HealthState) -> bool {
    let fold = live.fold();
    !fold.health.is_empty() && fold.health.values().all(|(state, ..)| *state == wanted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_node_holds_its_exercise_and_opens_it_again_when_it_comes_back_whole() {
    let mut house = House::of_two().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    sound(&house.engine, &plan);
    let live = house.app.exercise(&id).unwrap();
    until("the checks are up", || all_checks(&live, HealthState::Up)).await;
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    assert!(all_checks(&live, HealthState::Unknown), "{:?}", live.fold().health);
    let shut = workstation::of(&live, 1, Side::Red);
    assert!(matches!(shut, Err(WorkstationError::Lost { .. })), "{shut:?}");
    // A restart of the platform changes nothing of it.
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(live.fold().outage().is_some());
    assert_eq!(kinds(&house, &id).await, ["node_lost"], "one entry, however long it lasts");
    let dead = plan.ranges[0].host("www").unwrap().name.clone();
    house.engine.die(&dead, 137, false);
    house.engine.heal();
    until("it is open again", || live.fold().outage().is_none()).await;
    assert_eq!(kinds(&house, &id).await, ["node_lost", "node_back"]);
    assert_eq!(live.fold().walls.len(), 2, "the walls were proven before");
    assert_eq!(house.engine.inspect(&dead).await.unwrap().state, rampart_engine::State::Running);
    assert!(workstation::of(&live, 1, Side::Red).is_ok());
    until("the checks are up again", || all_checks(&live, HealthState::Up)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_comes_back_with_something_missing_or_open_stays_shut() {
    let mut house = House::of_two().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    // Nobody answers the probes as sound walls do.
    house.engine.heal();
    until("it says why", || live.progress().borrow().why.is_some()).await;
    assert!(live.fold().outage().is_some());
    sound(&house.engine, &plan);
    house.engine.vanish(&plan.ranges[0].host("www").unwrap().name);
    let why = || live.progress().borrow().why.as_ref().map(|why| why.rule.clone());
    until("it says what is missing", || why().as_deref() == Some("range.missing")).await;
    assert!(live.fold().outage().is_some());
    assert_eq!(kinds(&house, &id).await, ["node_lost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_a_person_builds_again_elsewhere_and_only_one_copy_counts() {
    let mut house = House::of_two().await;
    let (id, teacher, plan) = house.standing(RUNNING).await;
    sound(&house.engine, &plan);
    sound(house.second(), &plan);
    let live = house.app.exercise(&id).unwrap();
    let (team, objective) = ("r1", live.scenario().objectives[0].id.clone());
    let flag = live.flag_of(team, &objective);
    live.submit_flag(team, "seat", &objective, &flag).await.unwrap();
    let points = live.fold().team(team).unwrap().points;
    assert!(points > 0);
    assert_eq!(live.rebuild(&teacher).await, Err(CommandError::Refused(Refusal::NoOutage)));
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    let until_ms = live.fold().outage().unwrap().since_ms + RangeSettings::default().node_grace_ms;
    assert_eq!(live.rebuild(&teacher).await, Err(CommandError::Refused(Refusal::Grace { until_ms })));
    house.clock.advance(RangeSettings::default().node_grace_ms + 60_000);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(house.app.fleet.placement(&id), Some((0, "a".to_owned())), "nothing happens by itself");
    live.rebuild(&teacher).await.unwrap();
    until("it stands again", || live.fold().outage().is_none()).await;
    assert_eq!(kinds(&house, &id).await, ["node_lost", "rebuild", "rebuilt"]);
    assert_eq!(house.app.fleet.placement(&id), Some((1, "b".to_owned())));
    let seen = house.second().observe(&id).await.unwrap();
    let planned: usize = plan.ranges.iter().map(|range| range.networks.len() + range.hosts.len()).sum();
    assert_eq!(seen.len(), planned);
    assert!(seen.containers.iter().all(|found| found.epoch == 1 && found.plan == plan.hash));
    assert_eq!(live.fold().team(team).unwrap().points, points, "points stay");
    assert_eq!(live.flag_of(team, &objective), flag, "and flags");
    until("the new copy is checked", || all_checks(&live, HealthState::Up)).await;
    // The old copy goes on and writes what would prove an act.
    for (host, at_ns, line) in injection(&plan.ranges[0], house.app.now_ms()) {
        house.engine.write_line(&plan.ranges[0].host(host).unwrap().name, at_ns, &line);
    }
    house.engine.heal();
    until("the old node is taken in", || state(&house, "a") == NodeState::Answers).await;
    assert!(objects(&house.engine, &id).await.is_empty(), "the old copy is gone before it takes work");
    assert_eq!(objects(house.second(), &id).await.len(), planned, "the new one is not touched");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(live.fold().actions.is_empty(), "{:?}", live.fold().actions);
    for (host, at_ns, line) in injection(&plan.ranges[0], house.app.now_ms()) {
        house.second().write_line(&plan.ranges[0].host(host).unwrap().name, at_ns, &line);
    }
    until("the new copy's act counts", || live.fold().actions.len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn silence_never_becomes_cleared() {
    let mut house = House::of_two().await;
    let (id, teacher, plan) = house.standing(RUNNING).await;
    sound(house.second(), &plan);
    let live = house.app.exercise(&id).unwrap();
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    house.clock.advance(RangeSettings::default().node_grace_ms + 60_000);
    live.rebuild(&teacher).await.unwrap();
    until("it stands again", || live.fold().outage().is_none()).await;
    live.turn(&teacher, Status::Ended).await.unwrap();
    live.turn(&teacher, Status::Cleared).await.unwrap();
    let why = || live.progress().borrow().why.as_ref().map(|why| why.rule.clone());
    until("it says what it waits for", || why().as_deref() == Some("engine.silent")).await;
    assert_eq!(live.fold().status, Status::Ended);
    house.engine.heal();
    until("it is cleared", || live.fold().status == Status::Cleared).await;
    assert!(objects(&house.engine, &id).await.is_empty());
    assert!(objects(house.second(), &id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lost_time_can_be_taken_out() {
    let mut house = House::of_two().await;
    let (id, teacher, _) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    house.clock.advance(60_000);
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    house.clock.advance(600_000);
    live.take_time_out(&teacher).await.unwrap();
    let fold = live.fold();
    assert_eq!((fold.status, fold.clock.at(house.app.now_ms())), (Status::Paused, 60_000));
    assert!(fold.outage().is_some(), "the node is as lost as before");
    assert_eq!(fold.pauses.first(), Some(&(MORNING + 60_000, Some(MORNING + 660_000))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_host_that_was_stopped_for_the_disk_stays_so_whatever_restarts() {
    let mut house = House::of_two().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    sound(&house.engine, &plan);
    let range = &plan.ranges[0];
    let (full, dead) = (range.host("www").unwrap(), range.host("doc").unwrap());
    let stays = async |house: &House, what: &str| {
        let is = |state: &State| matches!(state, State::Exited(_));
        assert!(is(&house.engine.inspect(&full.name).await.unwrap().state), "{what}");
        let started = format!("start {}", full.name);
        assert_eq!(house.engine.calls().iter().filter(|call| **call == started).count(), 1, "{what}");
    };
    let told = |live: &Exercise| {
        let hosts = live.hosts();
        let full = hosts.borrow().iter().any(|known| known.is(1, "www") && known.full);
        full && live.progress().borrow().alarms.iter().any(|alarm| alarm.what.rule == "alarm.host_full")
    };
    // As a server leaves them that has stopped one host for the disk, and died; another ended by itself.
    house.app.stop().await;
    house.engine.set_written(&full.name, full.resources.disk() * 2 + 1);
    house.engine.die(&full.name, 143, false);
    house.engine.die(&dead.name, 1, false);
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    until("staff is told", || told(&live)).await;
    let running =
        async |house: &House| house.engine.inspect(&dead.name).await.unwrap().state == State::Running;
    for _ in 0..1200 {
        if running(&house).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(running(&house).await, "the other one is started");
    // Several looks of the watch later.
    tokio::time::sleep(Duration::from_secs(16)).await;
    stays(&house, "after a restart of the server").await;
    // Nor does it keep its node out, or come to life with it.
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    house.engine.heal();
    until("it is open again", || live.fold().outage().is_none()).await;
    stays(&house, "after an outage of the node").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_machine_that_comes_back_without_its_wall_takes_nothing() {
    let mut house = House::of_two().await;
    house.engine.set_elsewhere();
    let (id, _, plan) = house.standing(RUNNING).await;
    sound(&house.engine, &plan);
    house.engine.set_host(HostFacts { addresses: vec!["10.9.9.9".parse().unwrap()], ..HostFacts::default() });
    // What the host of a trial hears of the machine.
    let open = Arc::new(AtomicBool::new(true));
    let (others, is_open) = (house.engine.script().unwrap(), open.clone());
    let hosts: Vec<String> =
        plan.ranges.iter().flat_map(|range| range.hosts.iter().map(|host| host.name.clone())).collect();
    house.engine.answer(move |container, spec| {
        if hosts.iter().any(|host| host == container) {
            return others(container, spec);
        }
        let arp = i32::from(is_open.load(Ordering::Relaxed));
        let heard = json!({ "arp": arp, "ipv4": 0, "ipv6": 0, "tcp": [] });
        Some(ExecOut { stdout: heard.to_string().into_bytes(), ..ExecOut::default() })
    });
    // A trial at which the platform was killed.
    let old = NetworkPlan {
        name: "rmptold".into(),
        subnet: "10.77.240.0/28".parse().unwrap(),
        ..plan.ranges[0].networks[0].clone()
    };
    let labels =
        Labels { run: "trial-old".into(), range: 1, name: "trial".into(), plan: "trial".into(), epoch: 0 };
    house.engine.create_network(&old, &labels).await.unwrap();
    let live = house.app.exercise(&id).unwrap();
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    house.engine.heal();
    let node = || house.app.fleet.nodes().into_iter().find(|node| node.name == "a").unwrap();
    until("it is found out", || node().leak.is_some()).await;
    let why = || live.progress().borrow().why.as_ref().map(|why| why.rule.clone());
    until("staff is told", || why().as_deref() == Some("node.wall")).await;
    assert!(matches!(node().state, NodeState::Fenced { .. }));
    assert!(
        house.app.fleet.engine("a").unwrap().images().await.unwrap_err().is_silence(),
        "no work goes there"
    );
    assert!(live.fold().outage().is_some(), "its ranges stay shut");
    open.store(false, Ordering::Relaxed);
    until("its ranges are open again", || live.fold().outage().is_none()).await;
    assert_eq!((node().state, node().leak), (NodeState::Answers, None));
    let left = house.engine.list_runs().await.unwrap();
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [id], "nothing is left of the trials");
    // The same when nothing was heard of before: at the start of the platform.
    open.store(true, Ordering::Relaxed);
    let was = live.fold().seq;
    drop(live);
    house.reopen().await;
    let live = house.app.exercise(&house.app.exercises()[0].id).unwrap();
    until("its ranges are shut", || live.fold().outage().is_some() && live.fold().seq > was).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadline_ends_nothing_while_the_node_is_lost() {
    let mut house = House::of_two().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    sound(&house.engine, &plan);
    let live = house.app.exercise(&id).unwrap();
    let alarm = |rule: &str| {
        let progress = live.progress();
        let progress = progress.borrow();
        progress.alarms.iter().any(|alarm| alarm.what.rule == rule && alarm.over_ms.is_none())
    };
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    house.clock.advance(live.times().deadline_ms - house.app.now_ms() + 1000);
    until("staff is told that it has passed", || alarm("alarm.deadline_held")).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(live.fold().status, Status::Running, "nothing has ended");
    // Not even over a restart of the platform.
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(live.fold().status, Status::Running);
    house.engine.heal();
    until("it is open again", || live.fold().outage().is_none()).await;
    until("there is some time left", || live.times().deadline_ms > house.app.now_ms()).await;
    assert_eq!(live.fold().status, Status::Running);
    assert_eq!(live.times().deadline_ms, house.app.now_ms() + rampart_app::WARN_MS);
    house.clock.advance(rampart_app::WARN_MS);
    until("now it ends", || live.fold().status == Status::Ended || live.fold().over()).await;
}

/// What the gateway of a range has counted since it started: packets of a counter of the plan by its place. More than what
/// the proofs of the walls send.
fn counted(range: u16, at: usize, factor: u64) -> u64 {
    (u64::from(range) * 100 + at as u64 + 10) * factor
}

/// Texts that gateways have taken back, by container.
type Taken = Arc<Mutex<Vec<(String, String)>>>;

/// Lets the gateways of an engine count as [`counted`] says, and take once what the platform gives back. Of forged packets
/// they have counted none before the walls were tried.
fn counting(fake: &FakeEngine, plan: &Plan, scenario: &Scenario, factor: u64, tried: bool) -> Taken {
    let others = fake.script().unwrap();
    let (plan, names) = (plan.clone(), plan::counters(scenario).into_iter().map(|what| what.name()));
    let names: Vec<String> = names.collect();
    let taken = Taken::default();
    let kept = taken.clone();
    let tried: Mutex<BTreeSet<u16>> =
        Mutex::new(plan.ranges.iter().filter(|_| tried).map(|range| range.range).collect());
    fake.answer(move |container, spec| {
        let range = plan.ranges.iter().find(|range| range.hosts.iter().any(|host| host.name == container))?;
        if spec.argv.first().is_some_and(|program| program == "python3") {
            tried.lock().ok()?.insert(range.range);
        }
        let mut taken = kept.lock().ok()?;
        let has = taken.iter().find(|(name, _)| name == container).map(|(_, text)| text.clone());
        if spec.argv == plan::HAND_BACK {
            if has.is_some() {
                return Some(ExecOut { code: 1, ..ExecOut::default() });
            }
            taken.push((container.to_owned(), String::from_utf8_lossy(&spec.stdin).into_owned()));
            return Some(ExecOut::default());
        }
        if spec.argv != plan::COUNTERS {
            drop(taken);
            return others(container, spec);
        }
        let one = |table: &str, name: &str, packets: u64| json!({ "counter": { "family": "inet", "table": table, "name": name, "packets": packets, "bytes": packets * 60 } });
        let tried = tried.lock().ok()?;
        let mut all: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(at, name)| match name.as_str() {
                "forged" if !tried.contains(&range.range) => one("rampart", name, 0),
                _ => one("rampart", name, counted(range.range, at, factor)),
            })
            .collect();
        for line in has.iter().flat_map(|text| text.lines()) {
            if let ["add", "counter", "inet", table, name, "{", "packets", packets, ..] =
                line.split_whitespace().collect::<Vec<_>>()[..]
            {
                all.push(one(table, name, packets.parse().ok()?));
            }
        }
        Some(ExecOut { stdout: json!({ "nftables": all }).to_string().into_bytes(), ..ExecOut::default() })
    });
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_gateway_built_again_elsewhere_is_given_back_what_the_lost_one_had_counted() {
    let mut house = House::of_two().await;
    let (id, teacher, plan) = house.standing(RUNNING).await;
    let scenario = house.app.exercise(&id).unwrap().scenario().clone();
    for fake in [&house.engine, house.second()] {
        sound(fake, &plan);
    }
    let of_a = counting(&house.engine, &plan, &scenario, 1_000, true);
    let of_b = counting(house.second(), &plan, &scenario, 1, false);
    let all = plan::counters(&scenario).len();
    let rows = async |house: &House, range: u16| {
        let rows = house.app.store.gateway_counts().of(&id, range).await.unwrap();
        rows.into_iter().map(|row| (row.counter, (row.packets, row.bytes))).collect::<BTreeMap<_, _>>()
    };
    let expected = |range: u16, factors: u64| -> BTreeMap<String, (u64, u64)> {
        let packets = (0..all).map(|at| counted(range, at, factors));
        let names = plan::counters(&scenario).into_iter().map(|what| what.name());
        names.zip(packets.map(|packets| (packets, packets * 60))).collect()
    };
    let written = async |house: &House, factors: u64| {
        for _ in 0..1200 {
            if rows(house, 1).await == expected(1, factors) && rows(house, 2).await == expected(2, factors) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not written: {:?} {:?}", rows(house, 1).await, rows(house, 2).await);
    };
    // The gateways were made before there were counters to give back: they take nothing, once.
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    written(&house, 1_000).await;
    assert_eq!(of_a.lock().unwrap().len(), 2);
    silence(&house.engine);
    until("the loss is entered", || live.fold().outage().is_some()).await;
    // What cannot be read is shown as it was last.
    let old = house.app.counters(&live, 1).await.unwrap();
    assert!(old.is_old() && old.all.len() == all, "{old:?}");
    house.clock.advance(RangeSettings::default().node_grace_ms + 60_000);
    live.rebuild(&teacher).await.unwrap();
    until("it stands again", || live.fold().outage().is_none()).await;
    written(&house, 1_001).await;
    let seen = house.app.counters(&live, 2).await.unwrap();
    for (at, one) in seen.all.iter().enumerate() {
        let (run, life) = (one.run.packets, one.life.unwrap().packets);
        assert_eq!((run, life), (counted(2, at, 1_001), counted(2, at, 1)), "{:?}", one.what);
    }
    // Once only, whoever reads it, over a restart of the platform too, and when the lost node comes back.
    house.engine.heal();
    until("the old node is taken in", || state(&house, "a") == NodeState::Answers).await;
    drop(live);
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    for range in [1, 2] {
        let seen = house.app.counters(&live, range).await.unwrap();
        assert!(!seen.is_old());
        assert_eq!(rows(&house, range).await, expected(range, 1_001));
    }
    assert_eq!((of_a.lock().unwrap().len(), of_b.lock().unwrap().len()), (2, 2));
}
