//! `rampart scenario`: works on files alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ipnet::Ipv4Net;
use rampart_app::library::load;
use rampart_domain::capacity::{Needs, bytes};
use rampart_domain::plan::{HostPlan, ImageNeeds, Leg, Plan, make, subnets_needed};
use rampart_domain::scenario::{Bundle, End, Scenario, json_schema};

use super::{Failure, Outcome, say, warn};

/// Prefix of the subnets in a printed plan; the same that a launch takes.
const PREFIX: u8 = 26;

/// What to do with a scenario.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say everything that is wrong, with file, line and column.
    Check {
        /// Scenario folder or its scenario.yaml; several may be given.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Print what a launch would make.
    Plan {
        /// Scenario folder or its scenario.yaml.
        path: PathBuf,
        /// Number of red/blue pairs.
        #[arg(long, default_value_t = 1)]
        pairs: u16,
        /// Block that the subnets are taken from.
        #[arg(long, env = "RAMPART_BLOCK", default_value = "10.77.0.0/16")]
        block: Ipv4Net,
        /// Folder of the images, whose Dockerfiles say what they need.
        #[arg(long, env = "RAMPART_IMAGES", default_value = "images")]
        images: PathBuf,
        /// The whole plan as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of scenario files, for editors.
    Schema {
        /// Not needed: the schema is the same for every scenario.
        path: Option<PathBuf>,
    },
}

/// Runs it.
pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Check { paths } => check(paths),
        Command::Plan { path, pairs, block, images, json } => plan(path, *pairs, *block, images, *json),
        Command::Schema { .. } => {
            say(serde_json::to_string_pretty(&json_schema())?);
            Ok(())
        }
    }
}

/// Loads a scenario, or says everything that is wrong with it.
fn loaded(path: &Path) -> Result<Bundle, Failure> {
    load(path).map_err(|faults| {
        for fault in &faults {
            warn(fault);
        }
        let s = if faults.len() == 1 { "" } else { "s" };
        warn(format_args!("{}: {} fault{s}", path.display(), faults.len()));
        Failure::Refused
    })
}

fn check(paths: &[PathBuf]) -> Outcome {
    let mut outcome = Ok(());
    for path in paths {
        match loaded(path) {
            Ok(bundle) => say(format_args!("{}: in order ({})", path.display(), summary(&bundle.scenario))),
            Err(failure) => outcome = Err(failure),
        }
    }
    outcome
}

fn summary(scenario: &Scenario) -> String {
    format!(
        "{} version {}: {} zones, {} hosts, {} objectives, {} actions, {} checks, {} repairs",
        scenario.id,
        scenario.version,
        scenario.zones.len(),
        scenario.hosts.len(),
        scenario.objectives.len(),
        scenario.actions.len(),
        scenario.checks.len(),
        scenario.repairs.len()
    )
}

/// What the images of a folder say they need, by full name.
fn declared(images: &Path) -> Result<BTreeMap<String, ImageNeeds>, Failure> {
    let mut needs = BTreeMap::new();
    for spec in rampart_engine::images::plan(images)? {
        let of = ImageNeeds::of(|label| spec.labels.get(label).map(String::as_str));
        needs.insert(spec.name, of.unwrap_or_default());
    }
    Ok(needs)
}

fn plan(path: &Path, pairs: u16, block: Ipv4Net, images: &Path, json: bool) -> Outcome {
    let bundle = loaded(path)?;
    let scenario = &bundle.scenario;
    let wanted = subnets_needed(scenario, pairs);
    let subnets: Vec<Ipv4Net> =
        block.subnets(PREFIX).map(|all| all.take(wanted).collect()).unwrap_or_default();
    // Where the folder of images is at hand, the plan shows what they need; a launch asks the built images.
    let needs = if images.is_dir() { declared(images)? } else { BTreeMap::new() };
    let plan = make(scenario, "plan", pairs, &subnets)?.on_images(&needs)?;
    if json {
        say(serde_json::to_string_pretty(&plan)?);
        return Ok(());
    }
    for line in describe(scenario, &plan) {
        say(line);
    }
    Ok(())
}

fn end(end: &End) -> String {
    end.host.as_ref().map_or_else(|| end.zone.clone(), |host| format!("{}/{host}", end.zone))
}

/// The plan as lines for a person.
fn describe(scenario: &Scenario, plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!("{} · plan {}", summary(scenario), plan.hash.get(..12).unwrap_or_default())];
    for range in &plan.ranges {
        lines.push(format!("range {}", range.range));
        for network in &range.networks {
            lines.push(format!(
                "  network   {:<12} {:<18} gateway {}",
                network.zone, network.subnet, network.gateway
            ));
        }
        for host in &range.hosts {
            lines.push(format!("  container {}", container(host)));
        }
    }
    lines.push("the gateway lets through".to_owned());
    for rule in &scenario.allow {
        let ports = rule.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        lines.push(
            format!("  {} -> {} {:?} {ports}", end(&rule.from), end(&rule.to), rule.proto).to_lowercase(),
        );
    }
    let pairs = u16::try_from(plan.ranges.len()).unwrap_or(u16::MAX);
    let needs = Needs::of(scenario, pairs);
    lines.push(format!(
        "in all: {} containers, {} networks with a subnet each; memory {} as a rule, at most {}; at most {} processors; \
         disk {} as a rule, at most {}",
        needs.containers,
        needs.subnets,
        bytes(needs.memory),
        bytes(needs.memory_most),
        needs.milli_cpus.div_ceil(1000),
        bytes(needs.disk),
        bytes(needs.disk_most),
    ));
    lines
}

fn container(host: &HostPlan) -> String {
    let leg = |leg: &Leg| {
        let seen = leg.outside.map(|address| format!(" (seen as {address})")).unwrap_or_default();
        format!("{} {}{seen}", leg.zone, leg.address)
    };
    let legs = host.legs.iter().map(leg).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "{:<12} {:<26} {legs} · {} MB, {} cpu, {} pids, {} disk",
        host.host,
        host.image,
        host.resources.memory / 1_000_000,
        f64::from(host.resources.milli_cpus) / 1000.0,
        host.resources.pids,
        bytes(host.resources.disk())
    );
    if host.read_only {
        text.push_str(" · read-only root");
    }
    if !host.capabilities.is_empty() {
        text.push_str(&format!(" · {}", host.capabilities.join(" ")));
    }
    if !host.plants.is_empty() {
        text.push_str(&format!(" · {} plants", host.plants.len()));
    }
    text
}
