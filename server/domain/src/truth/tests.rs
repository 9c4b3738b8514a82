#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::plan;
use crate::scenario::parse;

const SOURCE: &str = include_str!("../../../../scenarios/qinglan-portal/scenario.yaml");

struct Range {
    scenario: Scenario,
    plan: RangePlan,
    watch: Watch,
    seen: i64,
}

impl Range {
    fn new() -> Self {
        Self::of(parse("scenario.yaml", SOURCE).unwrap())
    }

    fn of(scenario: Scenario) -> Self {
        let nets: Vec<_> = (0..3).map(|n| format!("10.77.0.{}/26", n * 64).parse().unwrap()).collect();
        let plan = plan::make(&scenario, "run1", 1, &nets).unwrap().ranges.remove(0);
        Self { watch: Watch::new(&scenario), scenario, plan, seen: 0 }
    }

    fn address(&self, host: &str) -> String {
        self.plan.host(host).unwrap().legs[0].address.to_string()
    }

    fn event(&mut self, host: &str, kind: Telemetry, at_ms: i64, line: &str) -> Event {
        self.seen += 1;
        read_record(&self.plan, host, kind, at_ms * 1_000_000 + self.seen, line.as_bytes()).unwrap()
    }

    fn web(&mut self, host: &str, from: &str, uri: &str, status: u16, agent: &str, at_ms: i64) -> Observed {
        let src = self.address(from);
        let line = serde_json::json!({
            "t": at_ms, "kind": "web", "src": src, "sport": "40000", "method": "GET", "uri": uri,
            "status": status, "agent": agent, "bytes": 10,
        });
        let event = self.event(host, Telemetry::Web, at_ms, &line.to_string());
        self.watch.observe(&event)
    }

    fn flow(&mut self, from: &str, to: &str, port: u16, at_ms: i64) -> Observed {
        let (src, dst) = (self.address(from), self.address(to));
        let line = serde_json::json!({
            "t": at_ms, "kind": "flow", "proto": "tcp", "src": src, "sport": 40000, "dst": dst, "dport": port,
            "verdict": "allow",
        });
        let event = self.event("gateway", Telemetry::Flow, at_ms, &line.to_string());
        self.watch.observe(&event)
    }
}

const INJECTION: &str = "/search.php?q=x%27+UNION+SELECT+1,login,note,password+FROM+staff--+-";

#[test]
fn an_action_needs_both_witnesses_in_either_order() {
    let mut range = Range::new();
    let alone = range.web("www", "attack", INJECTION, 200, "curl", 10_000);
    assert_eq!(alone.labels, ["search-injection"]);
    assert!(alone.confirmed.is_empty());
    let both = range.flow("attack", "www", 80, 10_002);
    assert!(both.labels.is_empty(), "a flow by itself is no evidence: benign requests make the same one");
    assert_eq!(both.confirmed.len(), 1);
    assert_eq!(both.confirmed[0].action, "search-injection");
    assert_eq!(both.confirmed[0].seen_ms, 10_000);
    assert_eq!(both.confirmed[0].witnesses.len(), 2);

    let mut range = Range::new();
    assert!(range.flow("attack", "www", 80, 9_990).confirmed.is_empty());
    assert_eq!(range.web("www", "attack", INJECTION, 200, "curl", 10_000).confirmed.len(), 1);
}

#[test]
fn the_same_act_again_is_labelled_but_counts_as_new_only_after_a_while() {
    let mut range = Range::new();
    range.flow("attack", "www", 80, 9_990);
    assert_eq!(range.web("www", "attack", INJECTION, 200, "curl", 10_000).confirmed.len(), 1);
    let again = range.web("www", "attack", INJECTION, 200, "curl", 20_000);
    assert_eq!((again.labels.len(), again.confirmed.len()), (1, 0));
    range.flow("attack", "www", 80, 400_000);
    assert_eq!(range.web("www", "attack", INJECTION, 200, "curl", 400_001).confirmed.len(), 1);
}

#[test]
fn benign_searches_and_other_sources_prove_nothing() {
    let mut range = Range::new();
    range.flow("attack", "www", 80, 10_000);
    for uri in ["/search.php?q=%E5%85%AC%E5%91%8A", "/index.php", "/search.php?q=select+committee", "/"] {
        let observed = range.web("www", "attack", uri, 200, "curl", 10_000);
        assert_eq!(observed, Observed::default(), "{uri}");
    }
    assert_eq!(range.web("www", "citizens", INJECTION, 200, "curl", 10_000), Observed::default());
    assert_eq!(range.web("doc", "www", "/documents/115-0042", 401, "curl", 10_000), Observed::default());
}

#[test]
fn the_platforms_retest_is_known_by_agent_and_address_together() {
    let mut range = Range::new();
    let line = |src: &str| {
        serde_json::json!({"kind": "web", "src": src, "uri": INJECTION, "status": 200, "agent": PLATFORM_AGENT})
            .to_string()
    };
    let (citizens, attack) = (range.address("citizens"), range.address("attack"));
    let ours = range.event("www", Telemetry::Web, 1, &line(&citizens));
    assert!(ours.is_platform(&range.scenario));
    let theirs = range.event("www", Telemetry::Web, 1, &line(&attack));
    assert!(!theirs.is_platform(&range.scenario));
}

#[test]
fn what_is_no_record_is_left_out_and_the_same_line_has_the_same_id() {
    let range = Range::new();
    let read = |line: &[u8]| read_record(&range.plan, "www", Telemetry::Web, 5, line);
    for line in [&b"mariadb starts"[..], b"{}", b"{\"kind\":\"flow\"}", b"[1]", &[0xff, 0xfe], b""] {
        assert_eq!(read(line), None);
    }
    let line = br#"{"kind":"web","src":"10.0.0.9","uri":"/"}"#;
    assert_eq!(read(line).unwrap().id, read(line).unwrap().id);
    assert_ne!(read(line).unwrap().id, read_record(&range.plan, "www", Telemetry::Web, 6, line).unwrap().id);
}

#[test]
fn looking_round_before_the_start_is_no_occurrence() {
    let mut range = Range::new();
    range.watch.counts_from(None);
    range.flow("attack", "www", 80, 9_990);
    assert!(range.web("www", "attack", INJECTION, 200, "curl", 10_000).confirmed.is_empty());
    range.watch.counts_from(Some(30_000));
    let after = range.web("www", "attack", INJECTION, 200, "curl", 31_000);
    assert_eq!(after.confirmed.len(), 1, "the connection is from before, the act is not");
    assert_eq!(after.confirmed[0].seen_ms, 30_000);
}

#[test]
fn a_flood_does_not_push_the_second_witness_out() {
    let mut range = Range::new();
    range.flow("attack", "www", 80, 10_000);
    for n in 0..5_000 {
        range.flow("attack", "www", 80, 30_000 + n);
    }
    let act = range.web("www", "attack", INJECTION, 200, "curl", 10_500);
    assert_eq!(act.confirmed.len(), 1);
    assert_eq!(act.confirmed[0].seen_ms, 10_000);
}

#[test]
fn a_record_cannot_say_where_it_came_from() {
    let mut range = Range::new();
    let line = r#"{"kind":"web","src":"203.0.113.9","from":"attack","to":"www","uri":"/"}"#;
    let event = range.event("www", Telemetry::Web, 1_000, line);
    assert!(!event.fields.contains_key("from") && !event.fields.contains_key("to"));
}

#[test]
fn an_attacker_seen_from_outside_is_the_same_attacker() {
    let mut scenario = parse("scenario.yaml", SOURCE).unwrap();
    scenario.zones[0].nat = true;
    let mut range = Range::of(scenario);
    let outside = range.plan.host("attack").unwrap().legs[0].outside.unwrap().to_string();
    // The portal writes what it sees, the gateway what is true.
    let line = serde_json::json!({ "kind": "web", "src": outside, "uri": INJECTION, "status": 200, "agent": "curl" });
    let event = range.event("www", Telemetry::Web, 10_000, &line.to_string());
    assert_eq!((event.fields["src"].as_str(), event.fields["from"].as_str()), (outside.as_str(), "attack"));
    assert_eq!(range.watch.observe(&event).labels, ["search-injection"]);
    let both = range.flow("attack", "www", 80, 11_000);
    assert_eq!(both.confirmed.len(), 1);
    // A neighbour of the attacker has another address, and is no attacker.
    let neighbour = range.plan.host("citizens").unwrap().legs[0].outside.unwrap().to_string();
    assert_ne!(neighbour, outside);
}
