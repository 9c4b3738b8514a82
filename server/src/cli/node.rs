//! `rampart node`: setting up machines whose engines carry ranges, and trying them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use ipnet::Ipv4Net;
use rampart::nodes;
use rampart_app::range::images::{Spec, specs};
use rampart_engine::certs::{Authority, Days, Serves, Signed};
use rampart_engine::guard::Guard;
use rampart_engine::{
    Distrust, DockerEngine, Engine, EngineError, ImageInfo, NodeConfig, Trust, TrustFiles, Wall, host,
    subnets, trial,
};
use tokio::net::TcpStream;

use super::{Failure, Outcome, logs, say};

/// Longest wait for a node's first word.
const PING: Duration = Duration::from_secs(3);
/// A certificate that ends within this time is worth a word.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// The engine's port without TLS; open, it makes everybody root.
const PLAIN_PORT: u16 = 2375;
/// How long the authority is valid, days.
const AUTHORITY_DAYS: i32 = 3650;

/// What to do with nodes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an authority and certificates: the platform's for clients only, each node's for servers only.
    Certs(Certs),
    /// On the node: print the nftables table that keeps ranges from the machine, or make it.
    Wall {
        /// Make it now, until the next start of the machine, instead of printing it.
        #[arg(long)]
        install: bool,
    },
    /// On the node: print what the file of engines is to say of this machine.
    Facts,
    /// Try nodes from outside and from inside: certificates, version, wall, images.
    Check {
        /// Nodes; all of the file if none is named.
        names: Vec<String>,
        #[command(flatten)]
        listed: Listed,
        /// Image folder.
        #[arg(long, value_name = "IMAGES", env = "RAMPART_IMAGES", default_value = "images")]
        images: PathBuf,
        /// Block that ranges take their subnets from.
        #[arg(long, env = "RAMPART_BLOCK", default_value = "10.77.0.0/16")]
        block: Ipv4Net,
        /// Address of the engine whose images the nodes are to have.
        #[arg(long, env = "DOCKER_HOST")]
        engine: Option<String>,
    },
}

/// The file of engines.
#[derive(Debug, Args)]
pub(super) struct Listed {
    /// File that lists the engines.
    #[arg(long, env = "RAMPART_ENGINES", value_name = "FILE")]
    engines: PathBuf,
}

/// Certificates to make.
#[derive(Debug, Args)]
pub(super) struct Certs {
    /// Folder; what is in it stays.
    dir: PathBuf,
    /// Nodes, as `NAME` or `NAME=ADDRESS,…` with the addresses and host names that they are reached at.
    #[arg(required = true)]
    nodes: Vec<String>,
    /// How long certificates of platform and nodes are valid, days.
    #[arg(long, default_value_t = 730)]
    days: i32,
    /// Make those anew that are there already.
    #[arg(long)]
    renew: bool,
}

/// Runs it.
pub(super) async fn run(command: Command) -> Outcome {
    logs("error");
    match command {
        Command::Certs(wish) => certs(&wish),
        Command::Wall { install } => wall(install).await,
        Command::Facts => facts().await,
        Command::Check { names, listed, images, block, engine } => {
            check(&names, &listed.engines, &images, block, engine.as_deref()).await
        }
    }
}

/// The nodes of a file that are named; all if none is.
pub(super) fn chosen(file: &Path, names: &[String]) -> Result<Vec<NodeConfig>, Failure> {
    let all = nodes::read(file)?;
    if let Some(name) = names.iter().find(|name| !all.iter().any(|node| node.name == **name)) {
        let known: Vec<&str> = all.iter().map(|node| node.name.as_str()).collect();
        return Err(Failure::Error(format!(
            "{}: no node {name}; it lists {}",
            file.display(),
            known.join(", ")
        )));
    }
    Ok(all.into_iter().filter(|node| names.is_empty() || names.contains(&node.name)).collect())
}

async fn wall(install: bool) -> Outcome {
    let guard = Guard::default();
    if !install {
        say(guard.text().trim_end());
        return Ok(());
    }
    match guard.ensure().await? {
        Wall::Made => {
            say("made; it goes with the next start of the machine: let its nftables service make it too")
        }
        Wall::Stood | Wall::Kept => say("it stands"),
    }
    Ok(())
}

async fn facts() -> Outcome {
    let facts = host::facts().await?;
    let addresses: Vec<String> =
        facts.addresses.iter().filter(|one| one.is_ipv4()).map(ToString::to_string).collect();
    let mut routes: Vec<String> = facts
        .routes
        .iter()
        // The engine's own networks are asked of it.
        .filter(|(link, net)| {
            net.prefix_len() < 32 && !link.starts_with("br-") && !link.starts_with("docker")
        })
        .filter(|(link, _)| !link.starts_with(rampart_domain::plan::BRIDGE_PREFIX))
        .map(|(_, net)| net.to_string())
        .collect();
    routes.dedup();
    say(format_args!("    addresses: [{}]", addresses.join(", ")));
    say(format_args!("    routes: [{}]", routes.join(", ")));
    Ok(())
}

fn folder(path: &Path) -> Outcome {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::Error(format!("{}: {error}", path.display())))
}

/// Writes a file that only its owner reads.
fn write(path: &Path, text: &str) -> Outcome {
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file: File| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::Error(format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Error(format!("{}: {error}", path.display())))
}

fn authority(dir: &Path) -> Result<Authority, Failure> {
    let place = dir.join("authority");
    let (cert, key) = (place.join("ca.pem"), place.join("ca-key.pem"));
    if key.exists() {
        return Ok(Authority::again(&Signed { cert: read(&cert)?, key: read(&key)? })?);
    }
    folder(&place)?;
    let (authority, signed) = Authority::new(Days::until(AUTHORITY_DAYS))?;
    write(&cert, &signed.cert)?;
    write(&key, &signed.key)?;
    say(format_args!("{:<24} the authority; keep it off the machines, it signs new nodes", place.display()));
    Ok(authority)
}

/// Name and what it is reached at.
fn split(node: &str) -> Result<(String, Vec<String>), Failure> {
    let (name, at) = node.split_once('=').unwrap_or((node, node));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let reached: Vec<String> =
        at.split(',').map(str::trim).filter(|at| !at.is_empty()).map(str::to_owned).collect();
    let taken = ["authority", "platform"].contains(&name);
    if name.is_empty() || !plain(name) || taken || reached.is_empty() {
        return Err(Failure::Error(format!(
            "{node} is no node: NAME or NAME=ADDRESS,…; names are lower-case letters, digits and -"
        )));
    }
    Ok((name.to_owned(), reached))
}

fn certs(wish: &Certs) -> Outcome {
    let wanted = wish.nodes.iter().map(|node| split(node)).collect::<Result<Vec<_>, _>>()?;
    folder(&wish.dir)?;
    let authority = authority(&wish.dir)?;
    let days = Days::until(wish.days);
    let give = |name: &str, serves: Serves, reached: &[String]| -> Result<bool, Failure> {
        let place = wish.dir.join(name);
        if place.join("key.pem").exists() && !wish.renew {
            say(format_args!("{:<24} is there already (--renew makes it anew)", place.display()));
            return Ok(false);
        }
        let signed = authority.sign(serves, reached, days)?;
        folder(&place)?;
        write(&place.join("ca.pem"), authority.cert())?;
        write(&place.join("cert.pem"), &signed.cert)?;
        write(&place.join("key.pem"), &signed.key)?;
        Ok(true)
    };
    let platform = wish.dir.join("platform");
    if give("platform", Serves::Platform, &["platform".to_owned()])? {
        say(format_args!(
            "{:<24} for Rampart's machine alone: its key is root on every node",
            platform.display()
        ));
    }
    for (name, reached) in &wanted {
        if give(name, Serves::Node, reached)? {
            let place = wish.dir.join(name);
            say(format_args!("{:<24} for {name}, reached at {}", place.display(), reached.join(", ")));
        }
    }
    say("");
    say("on each node, its folder as /etc/rampart-node (root, 0700), and the engine with");
    say("  --tlsverify --tlscacert /etc/rampart-node/ca.pem --tlscert /etc/rampart-node/cert.pem \\");
    say("  --tlskey /etc/rampart-node/key.pem -H unix:///var/run/docker.sock -H tcp://ADDRESS:2376");
    say(
        "ADDRESS being that of the management network only; then `rampart node wall` and `rampart node facts` there.",
    );
    say("");
    say("the file of engines (RAMPART_ENGINES):");
    say("nodes:");
    let whole = fs::canonicalize(&platform).unwrap_or(platform);
    for (name, reached) in &wanted {
        say(format_args!("  - name: {name}"));
        say(format_args!("    address: https://{}:2376", reached.first().map_or("", String::as_str)));
        for (key, file) in [("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem")] {
            say(format_args!("    {key}: {}", whole.join(file).display()));
        }
    }
    Ok(())
}

/// What was found of a node, line by line.
struct Findings {
    bad: usize,
}

impl Findings {
    fn good(&self, what: &str, detail: impl Display) {
        say(format_args!("  ok    {what:<12} {detail}"));
    }

    fn bad(&mut self, what: &str, detail: impl Display) {
        self.bad += 1;
        say(format_args!("  FAULT {what:<12} {detail}"));
    }
}

async fn check(
    names: &[String],
    file: &Path,
    folder: &Path,
    block: Ipv4Net,
    engine: Option<&str>,
) -> Outcome {
    let nodes = chosen(file, names)?;
    let wanted = specs(folder).unwrap_or_default();
    let here = images_here(engine).await;
    let mut findings = Findings { bad: 0 };
    for node in &nodes {
        say(format_args!("{} {}", node.name, node.address));
        one(node, &wanted, here.as_ref(), block, &mut findings).await;
    }
    if findings.bad == 0 { Ok(()) } else { Err(Failure::Refused) }
}

/// Images of the engine that builds them, when there is one here.
async fn images_here(engine: Option<&str>) -> Option<BTreeMap<String, ImageInfo>> {
    let engine = DockerEngine::at(engine.filter(|address| !address.is_empty())).ok()?;
    engine.ping(PING).await.ok()?;
    engine.images().await.ok()
}

async fn one(
    node: &NodeConfig,
    wanted: &[Spec],
    here: Option<&BTreeMap<String, ImageInfo>>,
    block: Ipv4Net,
    findings: &mut Findings,
) {
    let engine = match DockerEngine::of(node) {
        Ok(engine) => engine,
        Err(error) => return findings.bad("trust", error),
    };
    if let Some(files) = &node.trust {
        certificate(node, files, findings).await;
    }
    if let Err(error) = engine.ping(PING).await {
        return findings.bad("engine", error);
    }
    match engine.info().await {
        Ok(info) => findings.good(
            "engine",
            format_args!(
                "{} on {}, {} processors, {} MB of memory, {}",
                info.version,
                info.architecture,
                info.cpus,
                info.memory / 1_000_000,
                info.storage
            ),
        ),
        Err(error) => return findings.bad("engine", error),
    }
    if let Some(files) = &node.trust {
        outside(node, files, findings).await;
    }
    routes(node, &engine, block, findings).await;
    let ports: Vec<u16> = port(&node.address).into_iter().collect();
    match trial::wall(&engine, block, &ports).await {
        Ok(heard) if heard.nothing() => {
            findings.good("wall", "nothing of the machine is heard from inside a range")
        }
        Ok(heard) => findings.bad(
            "wall",
            format_args!(
                "from inside a range the machine is heard ({heard}): `rampart node wall --install` there"
            ),
        ),
        Err(EngineError::NotFound(_)) => {
            findings.bad("wall", format_args!("not tried: {} is not on it yet", trial::IMAGE));
        }
        Err(error) => findings.bad("wall", error),
    }
    match engine.images().await {
        Ok(known) => images(&node.name, wanted, here, &known, findings),
        Err(error) => findings.bad("images", error),
    }
}

/// The platform's certificate, and whether it or the node's will soon be out of date.
async fn certificate(node: &NodeConfig, files: &TrustFiles, findings: &mut Findings) {
    let trust = match Trust::read(&files.ca, &files.cert, &files.key) {
        Ok(trust) => trust,
        Err(error) => return findings.bad("certificate", error),
    };
    match trust.check_own() {
        Ok(()) => {
            findings.good("certificate", "the platform's serves a client, is valid and of this authority")
        }
        Err(error) => return findings.bad("certificate", error),
    }
    let later = match trust.later(SOON) {
        Ok(later) => later,
        Err(error) => return findings.bad("certificate", error),
    };
    if later.check_own().is_err() {
        findings.bad("certificate", "the platform's ends within 30 days: `rampart node certs --renew`");
    }
    let Ok(engine) = DockerEngine::remote(&node.address, &later) else { return };
    if let Err(EngineError::Untrusted(Distrust::NodeOutOfDate)) = engine.ping(PING).await {
        findings
            .bad("certificate", "the node's has ended or ends within 30 days: `rampart node certs --renew`");
    }
}

fn port(address: &str) -> Option<u16> {
    address.trim_end_matches('/').rsplit_once(':')?.1.parse().ok()
}

/// What others can do who have no certificate.
async fn outside(node: &NodeConfig, files: &TrustFiles, findings: &mut Findings) {
    let nobody = Trust::nobody(&files.ca).and_then(|trust| DockerEngine::remote(&node.address, &trust));
    match nobody {
        Err(error) => findings.bad("outside", error),
        Ok(engine) => match engine.info().await {
            Err(EngineError::Untrusted(Distrust::NoCertificate)) => {
                findings.good("outside", "without a certificate nobody is let in");
            }
            Ok(_) => findings.bad(
                "outside",
                "everybody is let in, and is root there: start its engine with --tlsverify, not --tls",
            ),
            Err(error) => findings.bad("outside", format_args!("not clear whom it lets in: {error}")),
        },
    }
    let host = node.address.trim_start_matches("https://").rsplit_once(':').map_or("", |(host, _)| host);
    let address = format!("{host}:{PLAIN_PORT}");
    if let Ok(Ok(_)) = tokio::time::timeout(PING, TcpStream::connect(&address)).await {
        findings.bad(
            "outside",
            format_args!("{address} takes connections: an engine without TLS lets everybody in"),
        );
    }
}

async fn routes(node: &NodeConfig, engine: &DockerEngine, block: Ipv4Net, findings: &mut Findings) {
    let overlaps = |net: &Ipv4Net| net.contains(&block.network()) || block.contains(&net.network());
    match subnets::taken(engine).await {
        Err(error) => findings.bad("subnets", error),
        Ok(taken) => {
            let free = subnets::candidates(block, 26, &taken).count();
            let inside = taken.iter().filter(|taken| overlaps(&taken.net)).count();
            findings.good(
                "subnets",
                format_args!("{free} zones fit into {block}, of which {inside} subnets are in use there"),
            );
        }
    }
    if node.trust.is_some() && node.routes.is_empty() {
        // Only a word: another machine's routes cannot be seen through its engine.
        say(
            "  -     subnets      what the machine itself needs is not stated (`routes`); `rampart node facts` there prints it",
        );
    }
}

fn images(
    name: &str,
    wanted: &[Spec],
    here: Option<&BTreeMap<String, ImageInfo>>,
    there: &BTreeMap<String, ImageInfo>,
    findings: &mut Findings,
) {
    let mut unlike = Vec::new();
    for spec in wanted {
        let reference = spec.reference();
        let what = match (there.get(&reference), here.and_then(|here| here.get(&reference))) {
            (None, _) => "missing",
            (Some(image), _) if image.hash.as_deref() != Some(spec.hash.as_str()) => "old",
            (Some(image), Some(own)) if image.id != own.id => "another build than here",
            _ => continue,
        };
        unlike.push(format!("{} ({what})", spec.name));
    }
    if wanted.is_empty() {
        say("  -     images       not compared: no image folder here");
    } else if unlike.is_empty() {
        let how = if here.is_some() { "the same by id as here" } else { "of this version" };
        findings.good("images", format_args!("{}, {how}", wanted.len()));
    } else {
        findings
            .bad("images", format_args!("{}: `rampart images load FILE --node {name}`", unlike.join(", ")));
    }
}
