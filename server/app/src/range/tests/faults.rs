//! Faults, on the fake.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rampart_domain::plan::Plan;
use rampart_engine::fake::{FakeEngine, Fault};
use rampart_engine::{Engine, EngineError, ExecOut, ExecSpec, HostFacts, State};
use serde_json::{Value, json};

use super::super::clear::clear_within;
use super::super::{LaunchError, adopt, clear, launch, pause, resume};
use super::{BASE, light, quiet, secret};

pub(super) fn fake() -> FakeEngine {
    let fake = FakeEngine::new([BASE, "rampart/gateway:latest"]);
    fake.set_host(HostFacts { addresses: vec![IpAddr::from([192, 0, 2, 9])], ..HostFacts::default() });
    fake
}

/// Answers probes as sound walls do; `bend` may change an answer.
pub(super) fn sound(fake: &FakeEngine, plan: &Plan, bend: impl Fn(&str, &mut Value) + Send + Sync + 'static) {
    counting(fake, plan, 9, bend);
}

/// As [`sound`], with gateways that have counted so many forged packets more whenever they are asked.
fn counting(
    fake: &FakeEngine,
    plan: &Plan,
    more: u64,
    bend: impl Fn(&str, &mut Value) + Send + Sync + 'static,
) {
    let plan = plan.clone();
    let packets = AtomicU64::new(1_000);
    fake.answer(move |container, spec: &ExecSpec| {
        if spec.argv.first().map(String::as_str) == Some("nft") {
            let packets = packets.fetch_add(more, Ordering::Relaxed);
            let counter = json!({ "family": "inet", "table": "rampart", "name": "forged", "packets": packets, "bytes": 0 });
            let listing = json!({ "nftables": [{ "counter": counter }] });
            return Some(ExecOut { stdout: listing.to_string().into(), ..ExecOut::default() });
        }
        if spec.argv.first().map(String::as_str) != Some("python3") {
            return None;
        }
        let ask: Value = serde_json::from_slice(&spec.stdin).unwrap();
        let range =
            plan.ranges.iter().find(|range| range.hosts.iter().any(|host| host.name == container)).unwrap();
        let host = range.hosts.iter().find(|host| host.name == container).unwrap();
        let long = |entry: &Value| entry[2].as_f64().unwrap() > 3.0;
        let tcp: Vec<&str> = ask["tcp"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| if long(entry) { "open" } else { "no answer" })
            .collect();
        let names: Vec<Value> = ask["names"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| match range.host(name.as_str().unwrap()) {
                Some(host) => json!([host.legs[0].address.to_string()]),
                None => json!([]),
            })
            .collect();
        let mut links: Vec<String> = host.legs.iter().map(|leg| format!("{}/26", leg.address)).collect();
        if host.forwards {
            links.extend(range.networks.iter().map(|network| format!("{}/26", network.router)));
        }
        let routers =
            vec![("02:42:0a:00:00:02", "02:42:0a:00:00:02"); ask["routers"].as_array().unwrap().len()];
        let raw = vec![0; ask["raw"].as_array().unwrap().len()];
        let forged = vec![3; ask["forged"].as_array().unwrap().len()];
        let mut answer = json!({
            "tcp": tcp, "names": names, "routers": routers, "raw": raw, "links": links, "forged": forged,
            "inside": super::super::limits::tests::sound(host),
        });
        bend(container, &mut answer);
        Some(ExecOut { stdout: answer.to_string().into_bytes(), ..ExecOut::default() })
    });
}

pub(super) fn fault(call: &str, object: &str, error: EngineError) -> Fault {
    Fault { call: call.into(), object: object.into(), error, done: false, times: 1 }
}

pub(super) async fn attempt(
    fake: &FakeEngine,
    plan: &Plan,
) -> Result<Vec<(u16, Vec<scoreboard::Proof>)>, LaunchError> {
    launch(fake, plan, &secret(), &[8443], &quiet).await
}

pub(super) async fn empty(fake: &FakeEngine, plan: &Plan) -> bool {
    fake.observe(&plan.run).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_sound_launch_has_proofs_of_every_kind_and_its_secrets_in_place() {
    let fake = fake();
    let plan = light(&fake, 2).await;
    sound(&fake, &plan, |_, _| {});
    let steps = Mutex::new(Vec::new());
    let proofs =
        launch(&fake, &plan, &secret(), &[8443], &|step| steps.lock().unwrap().push(step)).await.unwrap();
    assert_eq!(proofs.iter().map(|(range, _)| *range).collect::<Vec<_>>(), [1, 2]);
    for (_, proofs) in &proofs {
        assert!(proofs.iter().all(|proof| proof.holds), "{:?}", proofs.iter().find(|proof| !proof.holds));
        for what in ["host", "engine", "other_team", "outside", "denied", "allowed", "limits", "forged"] {
            assert!(proofs.iter().any(|proof| proof.what == what), "{what}");
        }
        for to in ["192.0.2.9:8443", "192.0.2.9:2375"] {
            assert!(proofs.iter().any(|proof| proof.to == to && proof.from == "attack"), "{to}");
        }
    }
    let www = plan.ranges[1].host("www").unwrap();
    let notice = fake.get_file(&www.name, "/srv/portal/private/notice.txt", 1000).await.unwrap();
    let text = String::from_utf8(notice.content).unwrap();
    assert!(text.contains(&secret().flag("r2", "www-file")), "{text}");
    assert_eq!(notice.mode, 0o640);
    let steps = steps.into_inner().unwrap();
    for name in ["networks", "hosts", "ready", "plants", "walls"] {
        let last = steps.iter().rfind(|step| step.name == name && step.range == 2).unwrap();
        assert_eq!(last.done, last.all, "{name}");
        assert!(last.all > 0, "{name}");
    }
    let adoption = adopt(&fake, &plan).await.unwrap();
    assert!(adoption.complete());
    assert_eq!((adoption.running, adoption.frozen), (12, 0));
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_refuses_with_its_number_before_anything_is_made() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    fake.set_disk(97 << 30, 1000 << 30);
    let error = attempt(&fake, &plan).await.unwrap_err();
    assert!(matches!(error, LaunchError::DiskFull { percent: 9 }), "{error}");
    assert!(!fake.calls().iter().any(|call| call.starts_with("create_")), "{:?}", fake.calls());
    fake.set_disk(100 << 30, 1000 << 30);
    attempt(&fake, &plan).await.unwrap();
}

#[tokio::test]
async fn a_missing_image_is_named_before_anything_is_made() {
    let fake = fake();
    let mut plan = light(&fake, 1).await;
    plan.ranges[0].hosts[3].image = "rampart/typo:latest".into();
    let error = attempt(&fake, &plan).await.unwrap_err();
    assert!(
        matches!(&error, LaunchError::ImagesMissing(missing) if missing == &["rampart/typo:latest"]),
        "{error}"
    );
    assert!(!fake.calls().iter().any(|call| call.starts_with("create_")));
}

#[tokio::test]
async fn a_lost_reply_is_no_failure_when_the_object_is_there() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    let www = plan.ranges[0].host("www").unwrap();
    let late = EngineError::Timeout("x".into());
    for (call, object) in [
        ("create_network", plan.ranges[0].networks[1].name.as_str()),
        ("create_container", www.name.as_str()),
        ("start", www.name.as_str()),
        ("connect", plan.ranges[0].hosts[0].name.as_str()),
    ] {
        fake.fail(Fault { done: true, ..fault(call, object, late.clone()) });
    }
    attempt(&fake, &plan).await.unwrap();
    assert!(adopt(&fake, &plan).await.unwrap().complete());
}

#[tokio::test]
async fn whatever_fails_nothing_is_left() {
    let fake = fake();
    let plan = light(&fake, 2).await;
    sound(&fake, &plan, |_, _| {});
    let www = plan.ranges[1].host("www").unwrap().name.clone();
    for (call, object) in [
        ("guard", "*"),
        ("create_network", plan.ranges[1].networks[2].name.as_str()),
        ("create_container", &www),
        ("put_files", &www),
        ("start", &www),
        ("inspect", &www),
        ("exec", &www),
        ("get_file", &www),
        ("host", "*"),
    ] {
        fake.fail(fault(call, object, EngineError::Refused("no room".into())));
        let error = attempt(&fake, &plan).await.unwrap_err();
        assert!(error.to_string().contains("no room"), "{call}: {error}");
        assert!(empty(&fake, &plan).await, "{call}");
        fake.heal();
        // What really was asked for and came late, twice.
        fake.fail(Fault { times: 2, ..fault(call, object, EngineError::Timeout("late".into())) });
        if let Err(error) = attempt(&fake, &plan).await {
            assert!(empty(&fake, &plan).await, "{call}: {error}");
        } else {
            clear(&fake, &plan.run).await.unwrap();
        }
        fake.heal();
    }
    attempt(&fake, &plan).await.unwrap();
}

#[tokio::test]
async fn a_subnet_that_another_network_holds_is_told_from_other_failures() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    let mut foreign = plan.ranges[0].networks[1].clone();
    foreign.name = "their-net".into();
    let labels = rampart_engine::Labels {
        run: "theirs".into(),
        range: 1,
        name: "x".into(),
        plan: String::new(),
        epoch: 0,
    };
    fake.create_network(&foreign, &labels).await.unwrap();
    match attempt(&fake, &plan).await.unwrap_err() {
        LaunchError::SubnetTaken { subnet, by } => {
            assert_eq!((subnet, by.as_str()), (foreign.subnet.to_string(), "their-net"));
        }
        other => panic!("{other}"),
    }
    assert!(empty(&fake, &plan).await);
    assert_eq!(fake.observe("theirs").await.unwrap().len(), 1, "what is not ours stays");
}

#[tokio::test]
async fn a_host_that_ends_is_told_with_its_code() {
    let fake = fake();
    let mut plan = light(&fake, 1).await;
    let host = plan.ranges[0].hosts.iter_mut().find(|host| host.host == "citizens").unwrap();
    host.command = Some(vec!["false".into()]);
    host.ready = None;
    match attempt(&fake, &plan).await.unwrap_err() {
        LaunchError::HostDied { host, code, oom, .. } => {
            assert_eq!((host.as_str(), code, oom), ("citizens", Some(1), false));
        }
        other => panic!("{other}"),
    }
    assert!(empty(&fake, &plan).await);
}

#[tokio::test]
async fn a_host_that_never_is_ready_says_what_its_probe_said() {
    let fake = fake();
    let mut plan = light(&fake, 1).await;
    let host = plan.ranges[0].hosts.iter_mut().find(|host| host.host == "www").unwrap();
    host.ready.as_mut().unwrap().within_ms = 1500;
    let www = host.name.clone();
    fake.answer(move |container, _| {
        (container == www).then(|| ExecOut {
            code: 7,
            stderr: b"connection refused".to_vec(),
            ..ExecOut::default()
        })
    });
    let error = attempt(&fake, &plan).await.unwrap_err();
    match &error {
        LaunchError::NotReady { host, seconds, said, .. } => {
            assert_eq!((host.as_str(), *seconds, said.as_str()), ("www", 1, "connection refused"));
        }
        other => panic!("{other}"),
    }
    assert!(empty(&fake, &plan).await);
}

#[tokio::test]
async fn an_open_wall_is_shown_and_a_closed_way_fails() {
    let fake = fake();
    let plan = light(&fake, 2).await;
    // Each way in which a wall may be open, seen from red's workstation.
    type Bend = fn(&mut Value);
    let bends: [(&str, Bend); 14] = [
        ("open port of the host", |answer| answer["tcp"][0] = "open".into()),
        ("refusal of the host", |answer| answer["tcp"][0] = "refused".into()),
        ("router is somebody else", |answer| answer["routers"][0][0] = "02:00:00:00:00:99".into()),
        ("router is nobody", |answer| answer["routers"][0] = json!(["", ""])),
        ("frames are answered", |answer| answer["raw"][0] = 2.into()),
        ("one more interface", |answer| answer["links"].as_array_mut().unwrap().push("172.17.0.5/16".into())),
        ("a capability too many", |answer| answer["inside"]["bounding"] = "0000003fffffffff".into()),
        ("new privileges", |answer| answer["inside"]["no_new_privileges"] = "0".into()),
        ("no filter of system calls", |answer| answer["inside"]["seccomp"] = "0".into()),
        ("no limit of memory", |answer| answer["inside"]["memory"] = "9223372036854771712".into()),
        ("no limit of processors", |answer| answer["inside"]["cpu"] = "max 100000".into()),
        ("the engine's socket", |answer| answer["inside"]["sockets"] = json!(["/run/docker.sock"])),
        ("a false source cannot be tried", |answer| answer["forged"][0] = "PermissionError".into()),
        ("the world has a name", |answer| {
            *answer["names"].as_array_mut().unwrap().last_mut().unwrap() = json!(["1.2.3.4"])
        }),
    ];
    let attack = plan.ranges[0].host("attack").unwrap().name.clone();
    for (what, bend) in bends {
        // The first try of red's workstation goes to www, which is open; take the first that must not be.
        let own = attack.clone();
        sound(&fake, &plan, move |container, answer| {
            if container == own {
                let tcp = answer["tcp"].as_array_mut().unwrap();
                let first = tcp.iter().position(|seen| seen == "no answer").unwrap();
                tcp.swap(0, first);
                bend(answer);
                let tcp = answer["tcp"].as_array_mut().unwrap();
                tcp.swap(0, first);
            }
        });
        let proofs = attempt(&fake, &plan).await.unwrap();
        let broken: Vec<_> =
            proofs.iter().flat_map(|(_, proofs)| proofs).filter(|proof| !proof.holds).collect();
        assert_eq!(broken.len(), 1, "{what}: {broken:?}");
        assert_eq!(broken[0].from, "attack", "{what}");
        clear(&fake, &plan.run).await.unwrap();
    }
    sound(&fake, &plan, |_, answer| {
        for seen in answer["tcp"].as_array_mut().unwrap() {
            *seen = "no answer".into();
        }
    });
    let error = attempt(&fake, &plan).await.unwrap_err();
    assert!(
        matches!(&error, LaunchError::Blocked { from, .. } if from == "attack" || from == "www" || from == "watch"),
        "{error}"
    );
    assert!(empty(&fake, &plan).await);
    // Probes that cannot run prove nothing.
    fake.answer(|_, spec| {
        let mut out = ExecOut { code: 127, stderr: b"python3: not found".to_vec(), ..ExecOut::default() };
        out.code = if spec.argv[0] == "python3" { 127 } else { 0 };
        Some(out)
    });
    let error = attempt(&fake, &plan).await.unwrap_err();
    assert!(error.to_string().contains("python3: not found"), "{error}");
}

#[tokio::test]
async fn a_gateway_that_drops_nothing_more_proves_nothing() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    // What it had counted before is more than what is sent now.
    counting(&fake, &plan, 0, |_, _| {});
    let proofs = attempt(&fake, &plan).await.unwrap();
    let forged: Vec<_> =
        proofs.iter().flat_map(|(_, proofs)| proofs).filter(|proof| proof.what == "forged").collect();
    assert!(!forged.is_empty() && forged.iter().all(|proof| !proof.holds), "{forged:?}");
    assert!(forged[0].seen.contains(" 0 dropped"), "{}", forged[0].seen);
    // Tried once more on the standing range, as after its wall was put back.
    let again = super::super::prove(&fake, &plan, &[8443]).await.unwrap();
    assert!(again[0].1.iter().any(|proof| proof.what == "forged" && !proof.holds));
    sound(&fake, &plan, |_, _| {});
    let again = super::super::prove(&fake, &plan, &[8443]).await.unwrap();
    assert!(again[0].1.iter().all(|proof| proof.holds));
}

#[tokio::test]
async fn clearing_is_done_only_when_the_engine_says_so() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    let nothing = clear(&fake, &plan.run).await.unwrap();
    assert_eq!((nothing.found, nothing.removed, nothing.asked), (0, 0, 2));

    sound(&fake, &plan, |_, _| {});
    attempt(&fake, &plan).await.unwrap();
    let silence = EngineError::NodeUnreachable { since_ms: Some(5) };
    for call in ["observe", "remove", "remove_network"] {
        fake.fail(fault(call, "*", silence.clone()));
        assert_eq!(clear(&fake, &plan.run).await.unwrap_err(), silence, "{call}");
        fake.heal();
    }
    attempt_again_after_clear(&fake, &plan).await;

    // A removal whose reply was lost, one that is in progress, one that another did.
    fake.fail(Fault { done: true, ..fault("remove", "*", EngineError::Timeout("late".into())) });
    fake.fail(fault("remove", "*", EngineError::Conflict("removal in progress".into())));
    fake.vanish(&plan.ranges[0].hosts[2].name);
    let cleared = clear(&fake, &plan.run).await.unwrap();
    assert!(cleared.found >= 8 && cleared.asked >= 3, "{cleared:?}");
    assert!(empty(&fake, &plan).await);

    // An engine that refuses for ever: an error, not an endless loop and not a success.
    attempt(&fake, &plan).await.unwrap();
    fake.fail(Fault { times: u32::MAX, ..fault("remove_network", "*", EngineError::Refused("no".into())) });
    let lasting = clear_within(&fake, &plan.run, Duration::from_secs(1)).await;
    assert_eq!(lasting.unwrap_err(), EngineError::Refused("no".into()));
}

async fn attempt_again_after_clear(fake: &FakeEngine, plan: &Plan) {
    clear(fake, &plan.run).await.unwrap();
    attempt(fake, plan).await.unwrap();
}

#[tokio::test]
async fn freezing_holds_for_all_or_is_an_error() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    attempt(&fake, &plan).await.unwrap();
    let www = plan.ranges[0].host("www").unwrap().name.clone();
    fake.die(&plan.ranges[0].host("doc").unwrap().name, 137, true);
    // A lost reply is looked after, a lasting refusal is named.
    fake.fail(Fault { done: true, ..fault("pause", "*", EngineError::Timeout("late".into())) });
    pause(&fake, &plan.run).await.unwrap();
    let adoption = adopt(&fake, &plan).await.unwrap();
    assert_eq!((adoption.running, adoption.frozen, adoption.dead.len()), (0, 5, 1));
    assert!(matches!(&adoption.dead[0].1, State::Exited(end) if end.oom && end.code == 137));
    pause(&fake, &plan.run).await.unwrap();
    resume(&fake, &plan.run).await.unwrap();
    resume(&fake, &plan.run).await.unwrap();
    fake.fail(Fault { times: u32::MAX, ..fault("pause", "*", EngineError::Refused("no".into())) });
    let error = pause(&fake, &plan.run).await.unwrap_err().to_string();
    assert!(error.contains(&www), "{error}");
    fake.heal();
    fake.fail(fault("observe", "*", EngineError::NodeUnreachable { since_ms: None }));
    assert!(pause(&fake, &plan.run).await.unwrap_err().is_silence());
}

#[tokio::test]
async fn adopting_names_what_is_missing_and_what_is_strange() {
    let fake = fake();
    let plan = light(&fake, 1).await;
    sound(&fake, &plan, |_, _| {});
    let nothing = adopt(&fake, &plan).await.unwrap();
    assert_eq!(nothing.missing.len(), 9);
    assert!(!nothing.complete());
    attempt(&fake, &plan).await.unwrap();
    let doc = plan.ranges[0].host("doc").unwrap().name.clone();
    fake.vanish(&doc);
    assert_eq!(adopt(&fake, &plan).await.unwrap().missing, [doc]);
    let mut other = plan.clone();
    other.hash = "another".into();
    assert_eq!(adopt(&fake, &other).await.unwrap().strange.len(), 5);
    fake.fail(fault("observe", "*", EngineError::NodeUnreachable { since_ms: None }));
    assert!(adopt(&fake, &plan).await.unwrap_err().is_silence());
}
