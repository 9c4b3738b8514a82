//! Scenarios and plans as the rest of the house sees them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod attack;
mod broken;
mod bundles;
mod cross;
mod good;
mod hostile;
mod plans;
mod schema;
mod scores;

/// The scenario that is shipped, as it is today.
const SHIPPED: &str = include_str!("../../../../scenarios/qinglan-portal/scenario.yaml");
/// An early version of it that stays as it is: these tests change passages and count lines.
const PORTAL: &str = include_str!("portal.yaml");

/// The portal scenario of these tests.
fn portal() -> rampart_domain::scenario::Scenario {
    read(PORTAL)
}

/// A good scenario, read; panics with its faults.
fn read(source: &str) -> rampart_domain::scenario::Scenario {
    match rampart_domain::scenario::parse("scenario.yaml", source) {
        Ok(scenario) => scenario,
        Err(faults) => panic!("{}", shown(&faults)),
    }
}

/// Faults as the command line shows them.
fn shown(faults: &[rampart_domain::scenario::Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The portal scenario with one passage changed; the passage must stand in it once.
fn edited(from: &str, to: &str) -> String {
    edit(PORTAL, from, to)
}

fn edit(source: &str, from: &str, to: &str) -> String {
    assert_eq!(source.matches(from).count(), 1, "{from:?} must stand once in the file");
    source.replacen(from, to, 1)
}
