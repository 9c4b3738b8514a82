//! The plan of the shipped scenario.

use rampart_domain::plan::{self, Plan};
use rampart_domain::scenario::{Scenario, parse};

pub const SHIPPED: &str = include_str!("../../../../scenarios/qinglan-portal/scenario.yaml");

pub fn shipped() -> Scenario {
    match parse("scenario.yaml", SHIPPED) {
        Ok(scenario) => scenario,
        Err(faults) => panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

pub fn planned(scenario: &Scenario, pairs: u16) -> Plan {
    let block: ipnet::Ipv4Net = "10.77.0.0/16".parse().unwrap();
    let subnets: Vec<_> = block.subnets(26).unwrap().collect();
    plan::make(scenario, "0199aabbccdd", pairs, &subnets).unwrap()
}

#[test]
fn the_shipped_plan_reads_like_this() {
    let scenario = shipped();
    insta::assert_snapshot!(plan::print(&planned(&scenario, 2), &scenario));
}
