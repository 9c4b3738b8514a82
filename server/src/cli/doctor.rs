//! `rampart doctor`: what is in order on this machine and what is not.

use std::collections::BTreeMap;
use std::fmt::Display;

use rampart::{Config, nodes};
use rampart_app::fleet::LOCAL;
use rampart_app::library::shelves;
use rampart_app::range;
use rampart_app::range::images::specs;
use rampart_app::strays::{self, Whose};
use rampart_engine::{DockerEngine, Engine, Wall};
use scoreboard::Proof;

use super::{Failure, Outcome, Settings, logs, say};

/// Less free disk than this share is worth a word, per cent.
const DISK_LOW: u64 = 10;

/// What to look at, and what to do about it.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    settings: Settings,
    /// Remove what this installation has on the engine and no exercise knows.
    #[arg(long)]
    clear_orphans: bool,
    /// Remove this run, whoever made it, unless an exercise of this installation has it.
    #[arg(long, value_name = "RUN")]
    clear_run: Option<String>,
    /// Do not make a range to try the walls with.
    #[arg(long)]
    skip_walls: bool,
}

/// What was found, line by line.
struct Findings {
    bad: usize,
    /// Walls that do not hold; they count among the bad, too.
    open: usize,
}

impl Findings {
    fn good(&self, what: &str, detail: impl Display) {
        say(format_args!("  ok    {what:<10} {detail}"));
    }

    fn bad(&mut self, what: &str, detail: impl Display) {
        self.bad += 1;
        say(format_args!("  FAULT {what:<10} {detail}"));
    }
}

/// Looks at everything, whatever fails; ends with 1 if a wall does not hold, with 2 if anything else is not in order.
pub(super) async fn run(doctor: Doctor) -> Outcome {
    logs("error");
    let Doctor { settings, clear_orphans, clear_run, skip_walls } = doctor;
    let config = settings.config();
    let mut findings = Findings { bad: 0, open: 0 };
    store(&config, &mut findings).await;
    scenarios(&config, &mut findings);
    let missing = rampart::web::missing_assets();
    if missing.is_empty() {
        findings.good("pages", "styles and scripts are compiled in");
    } else {
        findings.bad("pages", format_args!("not compiled in: {}", missing.join(", ")));
    }
    match engines(&config) {
        Ok(engines) => {
            let mut is_there = false;
            for one in &engines {
                if engines.len() > 1 || config.engines.is_some() {
                    say(format_args!("node {}", one.name));
                }
                let answers = engine(&config, one, &mut findings).await;
                if answers && !skip_walls {
                    walls(&config, &one.docker, &mut findings).await;
                }
                if answers {
                    let run = clear_run.as_deref();
                    is_there |= orphans(&config, &one.docker, clear_orphans, run, &mut findings).await;
                }
            }
            if let Some(run) = clear_run.filter(|_| !is_there) {
                let whose = if engines.len() > 1 { "any of the engines" } else { "the engine" };
                findings.bad("orphans", format_args!("run {run}: not on {whose}, or an exercise has it"));
            }
        }
        Err(error) => findings.bad("engine", error),
    }
    match findings {
        Findings { bad: 0, open: 0 } => Ok(()),
        Findings { open: 0, .. } => Err(Failure::Refused),
        Findings { .. } => Err(Failure::Open),
    }
}

/// An engine that ranges are built on.
struct Asked {
    /// Key of its node.
    name: String,
    address: String,
    docker: DockerEngine,
}

/// All engines of this installation, as the server takes them.
fn engines(config: &Config) -> Result<Vec<Asked>, String> {
    let Some(file) = &config.engines else {
        let docker = DockerEngine::at(config.engine.as_deref()).map_err(|error| error.to_string())?;
        return Ok(vec![Asked { name: LOCAL.to_owned(), address: config.engine_shown(), docker }]);
    };
    let listed = nodes::read(file).map_err(|error| error.to_string())?;
    let asked = listed.into_iter().map(|node| {
        let docker = DockerEngine::of(&node).map_err(|error| format!("node {}: {error}", node.name))?;
        Ok(Asked { name: node.name, address: node.address, docker })
    });
    asked.collect()
}

/// Makes a small range, tries every wall from inside each of its hosts, and removes it.
async fn walls(config: &Config, docker: &DockerEngine, findings: &mut Findings) {
    // So that what a doctor leaves who is killed is known as this installation's.
    if let Ok(store) = rampart::open_store(config).await {
        if let Ok(house) = strays::house(&store).await {
            docker.mark(&house);
        }
        store.close().await;
    }
    let proofs = match range::examine(docker, config.block, &[config.listen.port()]).await {
        Ok(proofs) => proofs,
        Err(error) => return findings.bad("walls", format_args!("could not be tried: {error}")),
    };
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for (range, proof) in
        proofs.iter().flat_map(|(range, proofs)| proofs.iter().map(move |proof| (range, proof)))
    {
        *tried.entry(&proof.what).or_default() += 1;
        if !proof.holds {
            findings.open += 1;
            let Proof { what, from, to, seen, .. } = proof;
            findings.bad("walls", format_args!("{what}: range {range}, {from} to {to}: {seen}"));
        }
    }
    let kinds: Vec<String> =
        tried.iter().map(|(what, count)| format!("{} {count}", what.replace('_', " "))).collect();
    if findings.open == 0 {
        findings.good("walls", format_args!("all hold, tried from inside a range: {}", kinds.join(", ")));
    }
}

async fn store(config: &Config, findings: &mut Findings) {
    let (kind, place) = config.store_shown();
    match rampart::open_store(config).await {
        Ok(store) => {
            match store.exercises().list().await {
                Ok(rows) => findings.good("store", format_args!("{kind} {place}, {} exercises", rows.len())),
                Err(error) => findings.bad("store", error),
            }
            store.close().await;
        }
        Err(error) => findings.bad("store", error),
    }
}

fn scenarios(config: &Config, findings: &mut Findings) {
    match shelves(&config.scenarios_dir) {
        Ok(shelves) => {
            for shelf in &shelves {
                if let Err(faults) = &shelf.bundle {
                    findings.bad("scenario", format_args!("{}: {} faults", shelf.id, faults.len()));
                }
            }
            let usable = shelves.iter().filter(|shelf| shelf.bundle.is_ok()).count();
            findings
                .good("scenarios", format_args!("{usable} in order in {}", config.scenarios_dir.display()));
        }
        Err(error) => findings.bad("scenarios", format_args!("{}: {error}", config.scenarios_dir.display())),
    }
}

/// True when the engine answers.
async fn engine(config: &Config, asked: &Asked, findings: &mut Findings) -> bool {
    let Asked { address, docker, .. } = asked;
    let info = match docker.info().await {
        Ok(info) => info,
        Err(error) => {
            findings.bad("engine", format_args!("{address}: {error}"));
            return false;
        }
    };
    findings.good("engine", format_args!("{} at {address}", info.version));
    match info.disk {
        Some(disk) if disk.free_percent() < DISK_LOW => {
            findings.bad("disk", format_args!("{} % free at {}", disk.free_percent(), info.root));
        }
        Some(disk) => {
            findings.good("disk", format_args!("{} GB free at {}", disk.free / 1_000_000_000, info.root))
        }
        None => findings.good("disk", "the engine's disk is not visible from here"),
    }
    match docker.wall().await {
        Ok(Wall::Kept) => findings.good("wall", "the node keeps it itself; it is tried from inside a range"),
        Ok(Wall::Stood | Wall::Made) => findings.good("wall", "the nftables table on this host stands"),
        Err(error) => findings.bad("wall", format_args!("{error} (root and nftables are needed)")),
    }
    match (specs(&config.images_dir), docker.images().await) {
        (Ok(wanted), Ok(known)) => {
            let current = |spec: &&rampart_app::range::images::Spec| {
                known.get(&spec.reference()).is_some_and(|image| image.hash.as_deref() == Some(&spec.hash))
            };
            let missing: Vec<&str> =
                wanted.iter().filter(|spec| !current(spec)).map(|spec| spec.name.as_str()).collect();
            if missing.is_empty() {
                findings.good("images", format_args!("{} up to date", wanted.len()));
            } else {
                findings.bad(
                    "images",
                    format_args!("to be built (rampart images build): {}", missing.join(", ")),
                );
            }
        }
        (Err(error), _) => findings.bad("images", error),
        (_, Err(error)) => findings.bad("images", error),
    }
    true
}

/// Objects on the engine that no exercise knows; removes what was asked for. True when `run` is among them.
async fn orphans(
    config: &Config,
    docker: &DockerEngine,
    clear: bool,
    run: Option<&str>,
    findings: &mut Findings,
) -> bool {
    // What is wrong with the store has been said.
    let Ok(store) = rampart::open_store(config).await else { return false };
    let found = strays::strays(docker, &store).await;
    store.close().await;
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            findings.bad("orphans", error);
            return false;
        }
    };
    let is_there = run.is_some_and(|run| found.iter().any(|stray| stray.run == run));
    if found.is_empty() {
        findings.good("orphans", "none");
    }
    for stray in found {
        let what = format!("run {}: {} containers, {} networks", stray.run, stray.containers, stray.networks);
        let ours = stray.whose == Whose::Ours;
        if (clear && ours) || run == Some(stray.run.as_str()) {
            match strays::remove(docker, &stray.run).await {
                Ok(()) => findings.good("orphans", format_args!("{what}: removed")),
                Err(error) => findings.bad("orphans", format_args!("{what}: {error}")),
            }
            continue;
        }
        match stray.whose {
            Whose::Ours => findings.bad(
                "orphans",
                format_args!("{what}; no exercise knows it (rampart doctor --clear-orphans removes it)"),
            ),
            // Another's range is in order there.
            Whose::Other => findings.good("orphans", format_args!("{what}; another installation made it")),
            Whose::Unknown => findings.good(
                "orphans",
                format_args!(
                    "{what}; it does not say who made it (rampart doctor --clear-run {} removes it)",
                    stray.run
                ),
            ),
        }
    }
    is_there
}
