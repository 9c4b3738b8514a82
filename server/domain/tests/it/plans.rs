//! The plan of the portal scenario.

use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;
use std::process::Command;

use ipnet::Ipv4Net;
use rampart_domain::plan::{
    self, Counted, FIREWALL, ImageNeeds, LABEL_CAPABILITIES, LABEL_READONLY, LABEL_TMPFS, NAMES, Plan,
    PlanError, SETTINGS,
};
use rampart_domain::scenario::{Role, SCENARIO_FILE, Scenario};

use super::{edit, edited, portal, read};

fn subnets(block: &str, prefix: u8) -> Vec<Ipv4Net> {
    block.parse::<Ipv4Net>().unwrap().subnets(prefix).unwrap().collect()
}

pub fn planned(scenario: &Scenario, pairs: u16) -> Plan {
    plan::make(scenario, "0199aabbccdd", pairs, &subnets("10.77.0.0/16", 26)).unwrap()
}

fn file(plan: &Plan, range: usize, path: &str) -> String {
    let gateway = plan.ranges[range].host("gateway").unwrap();
    gateway.files.iter().find(|file| file.path == path).unwrap().content.clone()
}

#[test]
fn the_plan_reads_like_this() {
    let scenario = portal();
    insta::assert_snapshot!(plan::print(&planned(&scenario, 2), &scenario));
}

/// The plan and its hash, of every scenario that is shipped, as text beside this file: a change of a scenario or of the
/// planner shows what it changes of the plans, and a new scenario fails here until its plan is looked at and kept.
/// `INSTA_UPDATE=always cargo test -p rampart-domain plans::` keeps the new texts.
#[test]
fn the_plan_of_every_shipped_scenario_reads_like_this() {
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut shipped: Vec<String> = std::fs::read_dir(scenarios)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join(SCENARIO_FILE).is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    shipped.sort_unstable();
    assert!(shipped.contains(&"qinglan-portal".to_owned()), "{shipped:?}");
    for id in &shipped {
        let source = std::fs::read_to_string(format!("{scenarios}/{id}/{SCENARIO_FILE}")).unwrap();
        let scenario = read(&source);
        let text = plan::print(&planned(&scenario, 2), &scenario);
        insta::assert_snapshot!(format!("shipped_{id}"), text);
    }
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots");
    let left: Vec<String> = std::fs::read_dir(kept)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_prefix("it__plans__shipped_")?.strip_suffix(".snap")?.to_owned()))
        .filter(|id| !shipped.contains(id))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "plans of scenarios that are not shipped any more; remove them");
}

#[test]
fn the_gateway_files_read_like_this() {
    let plan = planned(&portal(), 2);
    let text = [FIREWALL, SETTINGS, NAMES].map(|path| format!("{path}\n{}", file(&plan, 1, path))).join("\n");
    insta::assert_snapshot!(text);
}

#[test]
fn counters_of_all_lives_are_added_up_and_given_back_once() {
    let scenario = portal();
    let counter = |table: &str, name: &str, packets: u64| {
        format!(
            r#"{{"counter": {{"family": "inet", "name": "{name}", "table": "{table}", "handle": 1, "packets": {packets}, "bytes": {}}}}}"#,
            packets * 60
        )
    };
    let listing = |counters: &[String]| format!(r#"{{"nftables": [{}]}}"#, counters.join(", "));
    let read = |text: &str| plan::read_counters(&scenario, text.as_bytes()).unwrap();
    let of = |read: &plan::Counters, name: &str| {
        let one = read.all.iter().find(|one| one.what.name() == name).unwrap();
        (one.run.packets, one.life.packets, one.run.bytes, one.life.bytes)
    };

    let fresh = read(&listing(&[counter("rampart", "allow_1", 7), counter("rampart", "forged", 2)]));
    assert_eq!((fresh.whole, fresh.all.len()), (false, 2));
    assert_eq!(of(&fresh, "allow_1"), (7, 7, 420, 420));
    let restarted = listing(&[
        counter("before", "allow_1", 100),
        counter("before", "forged", 40),
        counter("earlier", "allow_1", 3000),
        counter("rampart", "allow_1", 7),
        counter("rampart", "forged", 2),
    ]);
    let all = read(&restarted);
    assert!(all.whole);
    assert_eq!(of(&all, "allow_1"), (3107, 7, 186_420, 420));
    assert_eq!(of(&all, "forged"), (42, 2, 2520, 120));
    // The proofs of a launch ask for this life alone.
    assert_eq!(plan::read_forged(restarted.as_bytes()), Some(2));
    assert_eq!(plan::read_counters(&scenario, b"no listing"), None);

    let text = plan::hand_back(&scenario, |name| {
        (name == "forged").then_some(plan::Count { packets: 42, bytes: 2520 })
    });
    assert!(text.starts_with("create table inet earlier\n"), "{text}");
    assert!(text.contains("\nadd counter inet earlier forged { packets 42 bytes 2520; }\n"), "{text}");
    assert!(text.contains("\nadd counter inet earlier allow_1 { packets 0 bytes 0; }\n"), "{text}");
}

#[test]
fn the_probes_read_like_this() {
    let plan = planned(&portal(), 1);
    let lines: Vec<String> = plan.ranges[0]
        .probes
        .iter()
        .map(|probe| {
            let to = probe.address.map_or_else(
                || "(known at run time)".to_owned(),
                |address| {
                    let name = plan.ranges[0]
                        .host_at(address)
                        .map(|host| format!(" {}", host.host))
                        .unwrap_or_default();
                    format!("{address}{name}")
                },
            );
            format!(
                "{:<10} {:<8} {to}:{} {}",
                probe.what,
                probe.from,
                probe.port,
                if probe.reachable { "answers" } else { "silent" }
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_same_input_gives_the_same_plan_and_another_run_other_names() {
    let scenario = portal();
    let (first, again) = (planned(&scenario, 3), planned(&scenario, 3));
    assert_eq!(first, again);
    assert_eq!(first.hash.len(), 64);
    let other = plan::make(&scenario, "0199aabbccde", 3, &subnets("10.78.0.0/16", 26)).unwrap();
    let names = |plan: &Plan| -> HashSet<String> {
        let ranges = plan.ranges.iter();
        ranges
            .flat_map(|range| {
                range
                    .networks
                    .iter()
                    .map(|it| it.name.clone())
                    .chain(range.hosts.iter().map(|it| it.name.clone()))
            })
            .collect()
    };
    assert!(names(&first).is_disjoint(&names(&other)));
    assert_ne!(first.hash, other.hash);
    // One changed rule is another plan.
    let changed = planned(&read(&edited("ports: [22, 80]", "ports: [22]")), 3);
    assert_ne!(first.hash, changed.hash);
}

#[test]
fn names_and_addresses_are_unique_and_short_enough_for_interfaces() {
    let scenario = portal();
    let plan = plan::make(&scenario, "0199aabbccdd", 999, &subnets("10.0.0.0/8", 26)).unwrap();
    let mut networks = HashSet::new();
    let mut containers = HashSet::new();
    let mut addresses: HashSet<Ipv4Addr> = HashSet::new();
    for range in &plan.ranges {
        for network in &range.networks {
            assert!(network.name.len() <= 15 && network.name.starts_with("rmp"), "{}", network.name);
            assert!(networks.insert(network.name.clone()), "{}", network.name);
            assert!(addresses.insert(network.router));
        }
        for host in &range.hosts {
            assert!(containers.insert(host.name.clone()), "{}", host.name);
            for leg in &host.legs {
                assert!(addresses.insert(leg.address), "{}", leg.address);
                let network = range.networks.iter().find(|network| network.name == leg.network).unwrap();
                assert!(network.subnet.contains(&leg.address));
            }
        }
        assert_eq!(range.hosts[0].role, Role::Gateway);
        assert_eq!(range.hosts[0].legs.len(), 3);
        assert!(
            range.hosts[0].forwards
                && range.hosts[1..].iter().all(|host| !host.forwards && host.files.is_empty())
        );
        assert!(range.probes.len() < 300, "{}", range.probes.len());
    }
}

#[test]
fn bad_subnets_are_refused_before_anything_is_made() {
    let scenario = portal();
    let block = subnets("10.77.0.0/16", 26);
    assert_eq!(plan::make(&scenario, "r", 2, &block[..5]), Err(PlanError::Subnets { needed: 6, given: 5 }));
    let small = subnets("10.77.0.0/24", 27);
    assert_eq!(plan::make(&scenario, "r", 1, &small), Err(PlanError::TooSmall(small[0])));
    let mut overlapping = block[..3].to_vec();
    overlapping[2] = "10.77.0.0/24".parse().unwrap();
    assert_eq!(
        plan::make(&scenario, "r", 1, &overlapping),
        Err(PlanError::Overlap(overlapping[2], overlapping[0]))
    );
    assert_eq!(plan::make(&scenario, "r", 0, &block), Err(PlanError::Pairs(0)));
    assert_eq!(plan::make(&scenario, "r", 1_000, &block), Err(PlanError::Pairs(1_000)));
}

#[test]
fn no_secret_stands_in_files_or_in_print() {
    let scenario = portal();
    let plan = planned(&scenario, 1);
    let texts: String =
        plan.ranges[0].hosts.iter().flat_map(|host| &host.files).map(|file| file.content.as_str()).collect();
    let printed = plan::print(&plan, &scenario);
    for text in [&texts, &printed] {
        assert!(!text.contains("{flag:") && !text.contains("{password:"), "{text}");
    }
    let www = plan.ranges[0].host("www").unwrap();
    assert_eq!((www.plants.len(), www.logins.clone()), (3, vec![("ops".to_owned(), "www-ops".to_owned())]));
}

#[test]
fn a_host_in_two_zones_has_two_legs_and_two_lines_of_names() {
    let scenario = read(&edited("at: { internet: 50 }", "at: { internet: 50, office: 50 }"));
    let plan = planned(&scenario, 1);
    let citizens = plan.ranges[0].host("citizens").unwrap();
    assert_eq!(citizens.legs.iter().map(|leg| leg.zone.as_str()).collect::<Vec<_>>(), ["internet", "office"]);
    assert_eq!(citizens.dns, plan.ranges[0].networks[0].gateway);
    assert_eq!(file(&plan, 0, NAMES).matches(" citizens citizens.example\n").count(), 2);
}

#[test]
fn probes_try_what_is_shut_and_never_what_is_open() {
    let plan = planned(&portal(), 2);
    let range = &plan.ranges[0];
    let at = |id: &str| range.host(id).unwrap().legs[0].address;
    let has = |what: &str, from: &str, to: Ipv4Addr, port: u16| {
        range.probes.iter().any(|probe| {
            (probe.what.as_str(), probe.from.as_str(), probe.address, probe.port)
                == (what, from, Some(to), port)
        })
    };
    assert!(has("allowed", "attack", at("www"), 80) && has("allowed", "watch", at("www"), 22));
    assert!(
        has("denied", "attack", at("doc"), 8080)
            && has("denied", "attack", at("www"), 22)
            && has("denied", "www", at("watch"), 22)
    );
    assert!(!has("denied", "attack", at("www"), 80) && !has("denied", "www", at("doc"), 8080));
    // Neighbours in one zone reach each other without the gateway; that is nobody's fault.
    assert!(
        !range
            .probes
            .iter()
            .any(|probe| probe.what == "denied" && probe.from == "watch" && probe.address == Some(at("doc")))
    );
    let theirs = plan.ranges[1].host("www").unwrap().legs[0].address;
    assert!(has("other_team", "attack", theirs, 80) && has("other_team", "watch", theirs, 22));
    assert!(range.probes.iter().all(|probe| probe.reachable == (probe.what == "allowed")));
}

/// The kernel's own opinion about the ruleset. Needs `nft` and the right to ask it.
#[test]
fn nft_takes_the_firewall() {
    let may =
        Command::new("nft").args(["list", "ruleset"]).output().is_ok_and(|output| output.status.success());
    if !may {
        return;
    }
    let mut source = edited("proto: tcp, ports: [8080]", "proto: icmp");
    source = edit(
        &source,
        "{ from: internet, to: dmz/www, proto: tcp, ports: [80] }",
        "{ from: internet, to: dmz, proto: udp, ports: [53, 123] }",
    );
    for scenario in [portal(), read(&source)] {
        let path = std::env::temp_dir().join(format!(
            "rampart-firewall-{}-{}.nft",
            std::process::id(),
            scenario.allow[0].ports.len()
        ));
        std::fs::write(&path, file(&planned(&scenario, 1), 0, FIREWALL)).unwrap();
        let output = Command::new("nft").arg("-c").arg("-f").arg(&path).output().unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn hosts_of_a_zone_with_nat_are_seen_under_addresses_of_their_own() {
    let scenario = read(&edited("en: Internet }, start: red", "en: Internet }, start: red, nat: true"));
    let plan = planned(&scenario, 3);
    let outside = |range: usize, host: &str| plan.ranges[range].host(host).unwrap().legs[0].outside;
    let mut seen = HashSet::new();
    for range in 0..3 {
        for host in ["attack", "citizens"] {
            let address = outside(range, host).unwrap();
            assert!(address.octets().starts_with(&[203, 0, 113]) && address.octets()[3] != 0, "{address}");
            assert!(seen.insert((range, address)), "{address} twice in a range");
            assert_eq!(plan.ranges[range].host_at(address).unwrap().host, host);
        }
        assert_eq!(outside(range, "www"), None);
    }
    let own = plan.ranges[1].host("attack").unwrap().legs[0].address;
    let rules = file(&plan, 1, FIREWALL);
    let address = outside(1, "attack").unwrap();
    assert!(rules.contains(&format!("ip daddr {address} dnat ip to {own}\n")), "{rules}");
    assert!(
        rules.contains(&format!("ip saddr {own} ip daddr != 10.77.0.192/26 snat ip to {address}\n")),
        "{rules}"
    );
    assert_eq!(planned(&scenario, 3), plan, "the same input gives the same addresses");
    assert!(plan::print(&plan, &scenario).contains(&format!("seen as {address}")));
}

#[test]
fn counters_are_read_by_their_names() {
    let scenario = portal();
    let line = |name: &str, packets: u64| {
        format!(
            r#"{{"counter":{{"family":"inet","name":"{name}","table":"rampart","packets":{packets},"bytes":7}}}}"#
        )
    };
    let names: Vec<String> = plan::counters(&scenario).into_iter().map(Counted::name).collect();
    let lines: Vec<String> = names.iter().zip(1..).map(|(name, packets)| line(name, packets)).collect();
    let text = format!(r#"{{"nftables":[{{"metainfo":{{"version":"1"}}}},{}]}}"#, lines.join(","));
    let read = plan::read_counters(&scenario, text.as_bytes()).unwrap();
    assert_eq!(read.all.len(), 3 + 6 + 3);
    let life = plan::Count { packets: 2, bytes: 7 };
    assert_eq!(read.all[1], plan::Counter { what: Counted::Allowed(1), run: life, life });
    let rules = file(&planned(&scenario, 1), 0, FIREWALL);
    for name in &names {
        assert!(rules.contains(&format!("counter {name} {{ }}")), "{name}");
        assert!(rules.contains(&format!("\"{name}\"")), "{name} counts nothing");
    }
    let none = plan::Counters { all: Vec::new(), whole: false };
    assert_eq!(plan::read_counters(&scenario, b"{\"nftables\":[]}"), Some(none));
    assert_eq!(plan::read_counters(&scenario, b"Error: no such table"), None);
}

/// Labels as an engine gives them.
fn labelled(pairs: &[(&str, &str)]) -> Result<ImageNeeds, String> {
    ImageNeeds::of(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
}

#[test]
fn a_host_has_what_its_image_declares_and_what_it_asks_for_besides() {
    let scenario = portal();
    let plan = planned(&scenario, 1);
    let before = plan.hash.clone();
    let needs = BTreeMap::from([
        ("rampart/www:latest".to_owned(), labelled(&[(LABEL_CAPABILITIES, "SYS_CHROOT CHOWN")]).unwrap()),
        (
            "rampart/gateway:latest".to_owned(),
            labelled(&[
                (LABEL_CAPABILITIES, "NET_ADMIN NET_RAW"),
                (LABEL_READONLY, "true"),
                (LABEL_TMPFS, "/run /tmp"),
            ])
            .unwrap(),
        ),
    ]);
    let on = plan.on_images(&needs).unwrap();
    assert_ne!(on.hash, before, "another plan has another hash");
    let host = |id: &str| on.ranges[0].host(id).unwrap();
    let asked: HashSet<&str> =
        scenario.host("www").unwrap().capabilities.iter().map(String::as_str).collect();
    let has: HashSet<&str> = host("www").capabilities.iter().map(String::as_str).collect();
    assert_eq!(has, asked.union(&HashSet::from(["SYS_CHROOT", "CHOWN"])).copied().collect());
    assert_eq!(host("www").capabilities.len(), has.len(), "each once");
    assert!(host("gateway").read_only && host("gateway").tmpfs == ["/run", "/tmp"]);
    assert!(!host("www").read_only);
    assert!(plan::print(&on, &scenario).contains("read-only root"));
    // Stored plans of older versions are read as they were.
    let text = serde_json::to_string(&planned(&scenario, 1)).unwrap();
    assert!(!text.contains("\"read_only\"") && !text.contains("\"outside\":"), "an old plan keeps its hash");
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), planned(&scenario, 1));
}

#[test]
fn an_image_that_needs_what_policy_forbids_has_no_plan() {
    let refused = |image: &str, labels: &[(&str, &str)]| {
        let needs = BTreeMap::from([(format!("rampart/{image}:latest"), labelled(labels).unwrap())]);
        planned(&portal(), 1).on_images(&needs).unwrap_err().to_string()
    };
    for capability in ["SYS_ADMIN", "NET_ADMIN", "CAP_CHOWN", "ALL"] {
        let text = refused("www", &[(LABEL_CAPABILITIES, capability)]);
        assert_eq!(
            text,
            format!(
                "host www: the image rampart/www:latest needs {capability}, which no host of this kind may have"
            )
        );
    }
    let text = refused("www", &[(LABEL_READONLY, "true")]);
    assert_eq!(
        text,
        "host www: nothing can be planted, as the root of the image rampart/www:latest is read-only"
    );
}

#[test]
fn labels_that_say_nothing_sensible_are_refused() {
    for (label, value) in [
        (LABEL_READONLY, "yes"),
        (LABEL_READONLY, ""),
        (LABEL_TMPFS, "run"),
        (LABEL_TMPFS, "/"),
        (LABEL_TMPFS, "/run /proc/x"),
        (LABEL_TMPFS, "/a/../etc"),
        (LABEL_TMPFS, "/run,exec"),
    ] {
        assert!(labelled(&[(label, value)]).is_err(), "{label}={value}");
    }
    assert_eq!(labelled(&[]), Ok(ImageNeeds::default()));
}

#[test]
fn the_disk_that_a_host_may_fill_is_part_of_the_plan() {
    let scenario = read(&edited("cpus: 1.0, pids: 200 }", "cpus: 1.0, pids: 200, disk: 512M }"));
    let plan = planned(&scenario, 1);
    let disk = |id: &str| plan.ranges[0].host(id).unwrap().resources.disk();
    assert_eq!((disk("www"), disk("doc")), (512 << 20, 2 << 30));
    let needs = rampart_domain::capacity::Needs::of(&scenario, 3);
    assert_eq!(needs.disk_most, 3 * ((512 << 20) + 5 * (2 << 30)));
    assert!(plan::print(&plan, &scenario).contains("512 MiB disk"));
}
