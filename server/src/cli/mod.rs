//! The command line. Exit codes: 0 done, 2 refused or not in order (with the reasons on standard error), 1 anything else;
//! those of commands on a server stand in `remote`.

mod demo;
mod demo_year;
mod doctor;
mod images;
mod ledger;
mod node;
mod register;
mod remote;
mod scenario;
mod serve;

use std::fmt::Display;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use ipnet::Ipv4Net;
use rampart::Config;
use rampart::config::{FONTS, RECORDINGS_DAYS, read_bound, read_duration, read_net, read_size};
use rampart_app::RangeSettings;
use tracing_subscriber::EnvFilter;

/// Red/blue exercises on replica networks, from one file to the table of hours.
#[derive(Debug, Parser)]
#[command(name = "rampart", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    remote: remote::Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(Settings),
    /// Make demo accounts, people and an exercise, unless they are there.
    Demo(Settings),
    /// Say what is in order on this machine and what is not.
    Doctor(doctor::Doctor),
    /// Check and show scenarios; needs neither engine nor store.
    #[command(subcommand)]
    Scenario(scenario::Command),
    /// Build and list the images that ranges are made of.
    #[command(subcommand)]
    Images(images::Command),
    /// Set up and try machines whose engines carry ranges.
    #[command(subcommand)]
    Node(node::Command),
    /// Look after ledgers.
    #[command(subcommand)]
    Ledger(ledger::Command),
    #[command(flatten)]
    Remote(remote::Command),
    /// Look after the register of people.
    #[command(subcommand)]
    Roster(register::Command),
    /// The older name of `roster`.
    #[command(subcommand, hide = true)]
    Register(register::Command),
}

/// Settings that several commands share.
#[derive(Debug, Clone, Args)]
struct Settings {
    /// Address to listen on.
    #[arg(long, env = "RAMPART_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder for the store and the secret of log-ins; made if it is not there, for its owner only.
    #[arg(long, env = "RAMPART_DATA", default_value = "data")]
    data: PathBuf,
    /// Scenario folder.
    #[arg(long, env = "RAMPART_SCENARIOS", default_value = "scenarios")]
    scenarios: PathBuf,
    /// Image folder.
    #[arg(long, env = "RAMPART_IMAGES", default_value = "images")]
    images: PathBuf,
    /// Block that ranges take their subnets from.
    #[arg(long, env = "RAMPART_BLOCK", default_value = "10.77.0.0/16")]
    block: Ipv4Net,
    /// Store: `sqlite:PATH` or `postgres://…`; SQLite in the data folder if not given.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
    /// Connections to PostgreSQL (12 if not given), or readers of the SQLite file (4); at least 2.
    #[arg(long, env = "RAMPART_CONNECTIONS", value_parser = clap::value_parser!(u32).range(2..=200))]
    connections: Option<u32>,
    /// Address of the container engine, `unix:///path` or `tcp://host:port`.
    #[arg(long, env = "DOCKER_HOST")]
    engine: Option<String>,
    /// File that lists the engines of several machines; instead of `--engine`.
    #[arg(long, env = "RAMPART_ENGINES", value_name = "FILE")]
    engines: Option<PathBuf>,
    /// Networks and containers that the engine makes at once, over all launches.
    #[arg(long, env = "RAMPART_ENGINE_AT_ONCE", default_value_t = rampart_engine::AT_ONCE, value_parser = read_bound)]
    engine_at_once: usize,
    /// Cookies only over HTTPS; for a server behind a proxy that speaks it.
    #[arg(long, env = "RAMPART_SECURE", value_parser = FalseyValueParser::new())]
    secure: bool,
    /// Address that people are to type, as printed on slips.
    #[arg(long, env = "RAMPART_ADDRESS")]
    address: Option<String>,
    /// Proxies whose word about a client's address is believed.
    #[arg(long = "proxy", env = "RAMPART_PROXIES", value_delimiter = ',')]
    proxies: Vec<IpAddr>,
    /// Addresses or blocks that web hooks may lead to though they are none of the public internet.
    #[arg(long = "webhook-allow", env = "RAMPART_WEBHOOK_ALLOW", value_delimiter = ',', value_parser = read_net)]
    webhook_allow: Vec<ipnet::IpNet>,
    /// How long after filing a report is judged.
    #[arg(long, env = "RAMPART_JUDGE_DELAY", default_value = "30s", value_parser = read_duration)]
    judge_delay: i64,
    /// How long a shell waits for its browser to come back.
    #[arg(long, env = "RAMPART_TERMINAL_GRACE", default_value = "60s", value_parser = read_duration)]
    terminal_grace: i64,
    /// Recordings of terminals are deleted by themselves after so many days at the latest; the officer may set less under
    /// People, Retention, and purge them then. 0 leaves it to the officer, up to ten years.
    #[arg(long, env = "RAMPART_RECORDINGS_DAYS", default_value_t = RECORDINGS_DAYS)]
    recordings_days: u32,
    /// Folders and files with the fonts that papers are set in, one after the other.
    #[arg(long, env = "RAMPART_FONTS", value_delimiter = ',', default_value = FONTS)]
    fonts: Vec<PathBuf>,
    /// Memory that ranges leave to Rampart and whatever else runs on the engine's machine.
    #[arg(long, env = "RAMPART_KEEP_MEMORY", default_value = "1G", value_parser = read_size)]
    keep_memory: u64,
    /// How long after the planned end ranges may live before they are cleared.
    #[arg(long, env = "RAMPART_GRACE", default_value = "2h", value_parser = read_duration)]
    grace: i64,
    /// How long a node that does not answer is waited for before its ranges may be built again on another one.
    #[arg(long, env = "RAMPART_NODE_GRACE", default_value = "5m", value_parser = read_duration)]
    node_grace: i64,
    /// How often the wall of another machine is tried from inside while ranges stand there.
    #[arg(long, env = "RAMPART_WALL_TRIAL", default_value = "10m", value_parser = read_duration)]
    wall_trial: i64,
}

impl Settings {
    fn config(self) -> Config {
        Config {
            listen: self.listen,
            data_dir: self.data,
            scenarios_dir: self.scenarios,
            images_dir: self.images,
            block: self.block,
            database_url: self.database.filter(|url| !url.is_empty()),
            connections: self.connections,
            engine: self.engine.filter(|address| !address.is_empty()),
            engines: self.engines.filter(|file| !file.as_os_str().is_empty()),
            engine_at_once: self.engine_at_once,
            secure: self.secure,
            address: self.address,
            proxies: self.proxies,
            webhook_allow: self.webhook_allow,
            judge_delay_ms: self.judge_delay,
            terminal_grace_ms: self.terminal_grace,
            recordings_days: self.recordings_days,
            fonts: self.fonts,
            ranges: RangeSettings {
                kept_memory: self.keep_memory,
                grace_ms: self.grace,
                node_grace_ms: self.node_grace,
                wall_trial_ms: self.wall_trial,
            },
        }
    }
}

/// How a command that did not do it ends.
enum Failure {
    /// A wall of the ranges does not hold; everything has been said.
    Open,
    /// What was asked for is not in order; everything has been said.
    Refused,
    /// Something stood in the way.
    Error(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(below) = source {
            let said = below.to_string();
            if !text.ends_with(&said) {
                text = format!("{text}: {said}");
            }
            source = below.source();
        }
        Self::Error(text)
    }
}

type Outcome = Result<(), Failure>;

/// Says a line on standard output. Nobody listening is no error.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Says a line on standard error.
fn warn(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn logs(default: &str) {
    let filter = EnvFilter::try_from_env("RAMPART_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colour =
        std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second subscriber cannot be set; the first one then stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr)
        .try_init();
}

/// Runs what the command line says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let command = match cli.command {
        Command::Remote(command) => return remote::run(cli.remote, command),
        Command::Roster(register::Command::Import(import)) if cli.remote.named() => {
            return remote::import(cli.remote, &import);
        }
        here => here,
    };
    if matches!(command, Command::Serve(_)) {
        serve::go_first();
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            warn(format_args!("rampart: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve(settings) => serve::run(settings.config()).await,
            Command::Demo(settings) => demo::run(settings.config()).await,
            Command::Doctor(doctor) => doctor::run(doctor).await,
            Command::Scenario(command) => scenario::run(&command),
            Command::Images(command) => images::run(command).await,
            Command::Node(command) => node::run(command).await,
            Command::Ledger(command) => ledger::run(command).await,
            // Done before a runtime was made: it asks and waits, one thing after the other.
            Command::Remote(_) => Ok(()),
            Command::Roster(command) | Command::Register(command) => register::run(command).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Open) => ExitCode::from(1),
        Err(Failure::Refused) => ExitCode::from(2),
        Err(Failure::Error(text)) => {
            warn(format_args!("rampart: {text}"));
            ExitCode::from(2)
        }
    }
}
