//! The gateway on Docker: what it counts, under which addresses hosts are seen, and what a restart leaves of it.

use std::time::{Duration, Instant};

use rampart_domain::plan::{self, Count, Counted, Counters, HostPlan, RangePlan};
use rampart_domain::scenario::Scenario;
use rampart_domain::scenario::Telemetry;
use rampart_domain::truth::read_record;
use rampart_engine::{DockerEngine, Engine, ExecSpec};

use super::super::build::says_it_routes;
use super::super::launch;
use super::real::{cleared, docker};
use super::{lighter, planned, quiet, scenario, secret};

async fn shell(engine: &DockerEngine, host: &HostPlan, script: &str) -> (bool, String) {
    let out = engine.exec(&host.name, ExecSpec::new(["bash", "-c", script])).await.unwrap();
    (out.ok(), out.said())
}

async fn counted(engine: &DockerEngine, scenario: &Scenario, range: &RangePlan) -> Counters {
    let gateway = range.host("gateway").unwrap();
    let out = engine.exec(&gateway.name, ExecSpec::new(plan::COUNTERS)).await.unwrap();
    assert!(out.ok(), "{}", out.said());
    let counters = plan::read_counters(scenario, &out.stdout).unwrap();
    assert_eq!(counters.all.len(), plan::counters(scenario).len(), "{counters:?}");
    counters
}

fn packets(counters: &Counters, what: Counted) -> u64 {
    counters.all.iter().find(|counter| counter.what == what).unwrap().life.packets
}

/// Every record of a host so far, read as the platform does.
async fn records(engine: &DockerEngine, range: &RangePlan, host: &str) -> Vec<rampart_domain::truth::Event> {
    use futures_util::StreamExt;
    let name = &range.host(host).unwrap().name;
    let lines: Vec<_> = engine.logs(name, 0, false).await.unwrap().collect().await;
    let read =
        |line: &rampart_engine::LogLine| read_record(range, host, Telemetry::Flow, line.at_ns, &line.bytes);
    lines.iter().filter_map(|line| read(line.as_ref().unwrap())).collect()
}

/// Nobody of a range was started before its gateway said that it routes and answers names.
async fn gateway_was_first(engine: &DockerEngine, range: &RangePlan) {
    use futures_util::StreamExt;
    let gateway = &range.host("gateway").unwrap().name;
    let lines: Vec<_> = engine.logs(gateway, 0, false).await.unwrap().collect().await;
    let said = lines.iter().flatten().find(|line| says_it_routes(&line.bytes));
    let said_ms = said.expect("its log says that it routes").at_ns / 1_000_000;
    for host in range.hosts.iter().filter(|host| host.name != *gateway) {
        let started_ms = engine.inspect(&host.name).await.unwrap().started_ms.unwrap();
        assert!(started_ms >= said_ms, "{} at {started_ms}, the gateway said so at {said_ms}", host.host);
    }
}

#[tokio::test]
async fn rules_are_counted_red_is_seen_outside_and_a_restart_changes_nothing() {
    let Some(engine) = docker().await else { return };
    let mut scenario = scenario();
    scenario.zones[0].nat = true;
    let plan = lighter(planned(&engine, &scenario, 1).await);
    cleared(&engine, &plan, async {
        let proofs = launch(&engine, &plan, &secret(), &[], &quiet).await.unwrap();
        assert!(proofs[0].1.iter().all(|proof| proof.holds), "{proofs:?}");
        let range = &plan.ranges[0];
        gateway_was_first(&engine, range).await;
        let host = |id: &str| range.host(id).unwrap();
        let outside = host("attack").legs[0].outside.unwrap();
        assert!(outside.to_string().starts_with("203.0.113."), "{outside}");
        assert_ne!(host("citizens").legs[0].outside, Some(outside), "each host has its own");

        for life in ["made", "restarted"] {
            let before = counted(&engine, &scenario, range).await;
            // Red comes to the portal, which sees the address outside; nothing else has changed for either.
            let (ok, said) = shell(&engine, host("attack"), "curl -fsS -m 30 -o /dev/null http://www/").await;
            assert!(ok, "{life}: {said}");
            let log = engine.tail(&host("www").name, 200).await.unwrap();
            assert!(log.iter().any(|line| line.starts_with(&format!("{outside} "))), "{life}: {log:?}");
            assert!(!log.iter().any(|line| line.contains(&host("attack").legs[0].address.to_string())));
            let (ok, said) =
                shell(&engine, host("citizens"), "curl -fsS -m 30 -o /dev/null http://www/").await;
            assert!(ok, "{life}: {said}");
            // The way back is closed under either address, and red does not reach the office.
            for way in [outside.to_string(), host("attack").legs[0].address.to_string()] {
                let (ok, _) = shell(&engine, host("www"), &format!("curl -m 2 -s http://{way}:22/")).await;
                assert!(!ok, "{life}: the portal reaches {way}");
            }
            let doc = host("doc").legs[0].address;
            let (ok, _) = shell(&engine, host("attack"), &format!("curl -m 2 -s http://{doc}:8080/")).await;
            assert!(!ok, "{life}: red reaches the office");

            let after = counted(&engine, &scenario, range).await;
            let more = |what| packets(&after, what) - packets(&before, what);
            assert!(more(Counted::Allowed(0)) >= 10, "{life}: both ways of two connections: {after:?}");
            assert_eq!(more(Counted::Allowed(2)), 0, "{life}: {after:?}");
            assert!(more(Counted::Denied { from: 0, to: 2 }) > 0, "{life}: {after:?}");
            assert!(more(Counted::Denied { from: 1, to: 0 }) > 0, "{life}: {after:?}");

            // The gateway, which red cannot reach, has the true address.
            let is_it = |event: &rampart_domain::truth::Event| {
                event.fields.get("src") == Some(&host("attack").legs[0].address.to_string())
                    && event.fields.get("from").map(String::as_str) == Some("attack")
                    && event.fields.get("to").map(String::as_str) == Some("www")
                    && event.fields.get("dport").map(String::as_str) == Some("80")
                    && event.fields.get("verdict").map(String::as_str) == Some("allow")
            };
            // Its record is written a moment after the packet has gone.
            let until = Instant::now() + Duration::from_secs(60);
            let flows = loop {
                let flows = records(&engine, range, "gateway").await;
                if flows.iter().any(is_it) {
                    break flows;
                }
                assert!(Instant::now() < until, "{life}: {flows:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            };
            assert!(
                !flows.iter().any(|event| event.fields.values().any(|text| text.starts_with("203.0.113.")))
            );

            if life == "made" {
                let name = &host("gateway").name;
                // What the platform gives back is taken once, and outlives restarts too.
                let back = plan::hand_back(&scenario, |_| Some(Count { packets: 1_000, bytes: 60_000 }));
                for taken in [true, false] {
                    let spec = ExecSpec::new(plan::HAND_BACK).stdin(back.clone());
                    assert_eq!(engine.exec(name, spec).await.unwrap().ok(), taken);
                }
                let last = counted(&engine, &scenario, range).await;
                assert!(last.whole && !after.whole, "{last:?}");
                engine.restart(name).await.unwrap();
                let until = Instant::now() + Duration::from_secs(180);
                while !engine
                    .exec(name, ExecSpec::new(["/usr/local/bin/ready"]))
                    .await
                    .is_ok_and(|out| out.ok())
                {
                    assert!(Instant::now() < until, "the gateway is not ready again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                let fresh = counted(&engine, &scenario, range).await;
                assert_eq!(packets(&fresh, Counted::Denied { from: 0, to: 2 }), 0, "counted since the start");
                // Nobody else is in the range: what was counted in the run is what was counted when it was stopped.
                assert!(fresh.whole);
                for (was, is) in last.all.iter().zip(&fresh.all) {
                    assert_eq!(was.run.packets, was.life.packets + 1_000, "{was:?}");
                    assert_eq!(is.run.packets - is.life.packets, was.run.packets, "{was:?} {is:?}");
                    assert_eq!(is.run.bytes - is.life.bytes, was.run.bytes, "{was:?} {is:?}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_logs_in_to_the_gateway() {
    let Some(engine) = docker().await else { return };
    let plan = lighter(planned(&engine, &scenario(), 1).await);
    cleared(&engine, &plan, async {
        launch(&engine, &plan, &secret(), &[], &quiet).await.unwrap();
        let range = &plan.ranges[0];
        let gateway = range.host("gateway").unwrap();
        // Every port of every address of it, from red's desk: names answer, and nothing else.
        let mut addresses: Vec<String> = Vec::new();
        for network in &range.networks {
            addresses.extend([network.router.to_string(), network.gateway.to_string()]);
        }
        let scan = format!(
            "import socket, selectors, time\nfound = []\nfor address in {addresses:?}:\n for first in range(1, 65536, 2048):\n  s = selectors.DefaultSelector()\n  for port in range(first, min(first + 2048, 65536)):\n   k = socket.socket()\n   k.setblocking(False)\n   code = k.connect_ex((address, port))\n   if code in (0, 111): found.append((address, port, code))\n   elif code == 115: s.register(k, selectors.EVENT_WRITE, (address, port))\n   else: k.close()\n  end = time.monotonic() + 0.3\n  while s.get_map() and time.monotonic() < end:\n   for key, _ in s.select(0.05):\n    found.append((*key.data, key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))\n    s.unregister(key.fileobj)\n    key.fileobj.close()\n  for key in list(s.get_map().values()):\n   key.fileobj.close()\n  s.close()\nprint(sorted(found))"
        );
        let spec = ExecSpec::new(["python3", "-c", &scan]).timeout_ms(600_000);
        let out = engine.exec(&range.host("attack").unwrap().name, spec).await.unwrap();
        assert!(out.ok(), "{}", out.said());
        let mut open: Vec<String> =
            addresses.iter().map(|address| format!("('{address}', 53, 0)")).collect();
        open.sort();
        assert_eq!(out.text().trim(), format!("[{}]", open.join(", ")));
        // And there is no account in it with a password or a key.
        let (_, accounts) = shell(
            &engine,
            gateway,
            "cut -d: -f2 /etc/shadow | grep -v '^[*!]' ; find / -xdev -name authorized_keys 2>/dev/null ; ls /usr/sbin/sshd 2>/dev/null; true",
        )
        .await;
        assert_eq!(accounts, "");
    })
    .await;
}
