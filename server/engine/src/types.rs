//! Values that go into an engine and come out of it. None of them is the client library's.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use ipnet::Ipv4Net;
use rampart_domain::plan::ImageNeeds;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::EngineError;

/// Prefix of the platform's labels.
pub(crate) const LABELS: &str = "rampart.";
/// Label on images that the platform builds: hash of their folder and of what they stand on.
pub const LABEL_HASH: &str = "rampart.hash";

/// What an engine says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Version.
    pub version: String,
    /// Kind of processor, `x86_64`.
    pub architecture: String,
    /// Storage driver.
    pub storage: String,
    /// Folder that holds its images and containers.
    pub root: String,
    /// Free bytes there and size of its file system, where the platform can see it.
    pub disk: Option<Disk>,
    /// Processors.
    pub cpus: u32,
    /// Memory, bytes.
    pub memory: u64,
    /// Memory that is not in use, bytes, where the platform can see it.
    pub available: Option<u64>,
}

/// Room on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Free for use, bytes.
    pub free: u64,
    /// All of it, bytes.
    pub size: u64,
}

impl Disk {
    /// Free share, 0 to 100.
    #[must_use]
    pub fn free_percent(&self) -> u64 {
        self.free.saturating_mul(100).checked_div(self.size).unwrap_or(0)
    }
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// The engine's id of it.
    pub id: String,
    /// Hash label, if the platform built it.
    pub hash: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Made at, ms UTC.
    pub created_ms: i64,
    /// Its labels, as far as they are the platform's.
    pub labels: BTreeMap<String, String>,
}

impl ImageInfo {
    /// What it says it needs of its container.
    ///
    /// # Errors
    /// What is wrong with a label, for a person.
    pub fn needs(&self) -> Result<ImageNeeds, String> {
        ImageNeeds::of(|label| self.labels.get(label).map(String::as_str))
    }
}

/// An image to build.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageSpec {
    /// Full name with tag, `rampart/www:latest`.
    pub name: String,
    /// Names of the platform's images that it stands on.
    pub bases: Vec<String>,
    /// Hash over its folder and its bases, hex.
    pub hash: String,
    /// Labels that its Dockerfile and those of its bases give it, as far as they are the platform's.
    pub labels: BTreeMap<String, String>,
    /// Context: a tar with the Dockerfile at its top.
    pub context: Vec<u8>,
}

impl std::fmt::Debug for ImageSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImageSpec({}, {}, {} bytes)", self.name, self.hash, self.context.len())
    }
}

/// Bytes as they come.
pub type ByteStream = BoxStream<'static, Result<Bytes, EngineError>>;

/// What [`crate::Engine::prune_images`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Ids of the images and layers that are gone.
    pub removed: Vec<String>,
    /// Ids of those that a container uses, which stay.
    pub in_use: Vec<String>,
    /// Bytes that they alone held.
    pub freed: u64,
}

/// Takes the lines of a long task as they come.
pub type Lines<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Whose an object is. Written on it when it is made, so that it is found even if the reply is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Run id.
    pub run: String,
    /// Number of the range.
    pub range: u16,
    /// Zone id of a network, host id of a container.
    pub name: String,
    /// Hash of the plan.
    pub plan: String,
    /// Placement of the run, see [`rampart_domain::plan::LABEL_EPOCH`]; 0 writes no label.
    pub epoch: u64,
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Made, never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// It ended and the engine is about to start it again.
    Restarting(Ended),
    /// It ended.
    Exited(Ended),
    /// The engine is taking it away, or failed to.
    Removing,
}

/// How a container's first process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Exit code.
    pub code: i64,
    /// True when the kernel killed something of it for want of memory.
    pub oom: bool,
    /// When, ms UTC.
    pub finished_ms: Option<i64>,
}

/// A container as the engine shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The engine's id.
    pub id: String,
    /// Name on the engine.
    pub name: String,
    /// Host id (label).
    pub host: String,
    /// Number of the range (label).
    pub range: u16,
    /// Plan that it was made by (label).
    pub plan: String,
    /// Placement that it belongs to (label).
    pub epoch: u64,
    /// State.
    pub state: State,
}

/// A network as the engine shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Name on the engine.
    pub name: String,
    /// The engine's id; names need not be unique to it.
    pub id: String,
    /// Zone id (label).
    pub zone: String,
    /// Plan that it was made by (label).
    pub plan: String,
    /// Number of the range (label).
    pub range: u16,
    /// Placement that it belongs to (label).
    pub epoch: u64,
}

/// What an engine has of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunSeen {
    /// Installation that made it; `None` where the objects do not say.
    pub house: Option<String>,
    /// Number of containers.
    pub containers: usize,
    /// Number of networks.
    pub networks: usize,
}

/// Everything on an engine that belongs to a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observation {
    /// Networks.
    pub networks: Vec<Network>,
    /// Containers.
    pub containers: Vec<Container>,
}

impl Observation {
    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.networks.len() + self.containers.len()
    }

    /// True when there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Container by its name on the engine.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == name)
    }
}

/// One container, closely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// State.
    pub state: State,
    /// How often the engine has started it again by itself.
    pub restarts: u32,
    /// When it was started last, ms UTC; `None` when it never was.
    pub started_ms: Option<i64>,
    /// How it ended, while it is not running. Engines forget it when they start a container again.
    pub last_end: Option<Ended>,
}

/// A command to run in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecSpec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// User of the image; empty is root.
    pub user: String,
    /// Standard input.
    pub stdin: Vec<u8>,
    /// Ended by force after this time, ms.
    pub timeout_ms: u64,
    /// Ended by force when it has written more than this, bytes (both outputs together).
    pub limit: usize,
}

impl ExecSpec {
    /// A command of root with no input, 30 s and 1 MiB.
    #[must_use]
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            user: "root".into(),
            stdin: Vec::new(),
            timeout_ms: 30_000,
            limit: 1 << 20,
        }
    }

    /// With this standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// As this user.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// With this time limit, ms.
    #[must_use]
    pub fn timeout_ms(mut self, timeout_ms: u64) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// With this limit of output, bytes.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// How a command came out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecOut {
    /// Exit code; -1 when it was ended by force.
    pub code: i64,
    /// Standard output, at most the limit.
    pub stdout: Vec<u8>,
    /// Standard error, at most what the limit left.
    pub stderr: Vec<u8>,
    /// True when the time limit ended it.
    pub timed_out: bool,
    /// True when the output limit ended it.
    pub truncated: bool,
}

impl ExecOut {
    /// True when it ended by itself with code 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.code == 0 && !self.timed_out && !self.truncated
    }

    /// Standard output as text, bad bytes marked.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Both outputs as one text for a person.
    #[must_use]
    pub fn said(&self) -> String {
        let mut text = self.text();
        text.push_str(&String::from_utf8_lossy(&self.stderr));
        text.trim().to_owned()
    }
}

/// A terminal to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalSpec {
    /// Shell and arguments.
    pub argv: Vec<String>,
    /// Log-in name of the image.
    pub user: String,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
    /// `TERM`.
    pub term: String,
    /// Further environment, `NAME=value`. Never a secret: the person sees it.
    pub env: Vec<String>,
}

/// An open terminal. When the last [`TerminalControl`] is dropped the shell is hung up, so none is left behind.
pub struct Terminal {
    /// What the shell writes, raw. Ends when the shell ends or the connection is lost.
    pub reader: Pin<Box<dyn AsyncRead + Send>>,
    /// What the person types, raw.
    pub writer: Pin<Box<dyn AsyncWrite + Send>>,
    /// Size and end of it.
    pub control: Arc<dyn TerminalControl>,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Terminal(..)")
    }
}

/// Size and end of an open terminal.
#[async_trait]
pub trait TerminalControl: Send + Sync {
    /// Sets the size.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] or [`EngineError::Conflict`] when the shell has ended.
    async fn resize(&self, cols: u16, rows: u16) -> Result<(), EngineError>;

    /// Hangs the shell up and waits until it is gone. Harmless when it is gone already.
    ///
    /// # Errors
    /// Any of [`EngineError`]; `Conflict` when the container is frozen, as nothing can be run in it then.
    async fn hangup(&self) -> Result<(), EngineError>;
}

/// A command whose input and output are bytes as they are: a screen, a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipeSpec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Log-in name of the image.
    pub user: String,
    /// Further environment, `NAME=value`. Never a secret: everybody in the container may see it.
    pub env: Vec<String>,
}

impl PipeSpec {
    /// A command of a user, with nothing in its environment but what the image gives.
    #[must_use]
    pub fn new<S: Into<String>>(user: &str, argv: impl IntoIterator<Item = S>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), user: user.to_owned(), env: Vec::new() }
    }
}

/// A running command and both its directions. Nothing is queued without a bound: who does not read stops the command,
/// and a command that does not read stops the writer. When the last [`PipeControl`] is dropped before the command has
/// ended, it is hung up.
pub struct Pipe {
    /// Its standard output, raw. Ends when the command closes it or the connection is lost.
    pub reader: Pin<Box<dyn AsyncRead + Send>>,
    /// Its standard input, raw. Shutting it down is the end of the input.
    pub writer: Pin<Box<dyn AsyncWrite + Send>>,
    /// How it ends.
    pub control: Arc<dyn PipeControl>,
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipe(..)")
    }
}

/// How the command of a pipe ends.
#[async_trait]
pub trait PipeControl: Send + Sync {
    /// Exit code of a command whose output has ended. One that goes on all the same is ended by force: -1.
    ///
    /// # Errors
    /// Any of [`EngineError`].
    async fn code(&self) -> Result<i64, EngineError>;

    /// The last of what it wrote to standard error so far, at most [`SAID_LIMIT`] bytes.
    fn said(&self) -> String;

    /// Ends it and everything that it started and that did not leave its session; waits until it is gone. Harmless when
    /// it is gone already. Drop the reader before, or read on meanwhile: a command whose output waits to be read has not
    /// ended for the engine.
    ///
    /// # Errors
    /// Any of [`EngineError`]; `Conflict` when the container is frozen, as nothing can be run in it then.
    async fn hangup(&self) -> Result<(), EngineError>;
}

/// What is kept of a pipe's standard error, bytes.
pub const SAID_LIMIT: usize = 4096;

/// A line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the engine took it, nanoseconds UTC. With the container's name it marks the place to resume at.
    pub at_ns: i64,
    /// True for standard error.
    pub stderr: bool,
    /// The line without its end.
    pub bytes: Bytes,
}

/// Lines as they come. Ends when the container ends (or at once at the last line, where not followed); an error item is the last one.
pub type LogStream = BoxStream<'static, Result<LogLine, EngineError>>;

/// Something that happened to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Name on the engine.
    pub container: String,
    /// Host id (label).
    pub host: String,
    /// Number of the range (label).
    pub range: u16,
    /// When, ms UTC.
    pub at_ms: i64,
    /// What.
    pub what: Happening,
}

/// What can happen to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It started, perhaps again.
    Started,
    /// Its first process ended with this exit code.
    Died(i64),
    /// The kernel killed something of it for want of memory; it may go on living.
    OutOfMemory,
}

/// Happenings as they come. An error item is the last one.
pub type LifeStream = BoxStream<'static, Result<Life, EngineError>>;

/// How the wall on the host was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// Whole.
    Stood,
    /// It was missing or not whole, and has been made.
    Made,
    /// It stands on another machine, where its operator keeps it: only trying it from inside shows it.
    Kept,
}

/// What the host of an engine looks like from outside of every range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostFacts {
    /// Its addresses without loopback, both families.
    pub addresses: Vec<IpAddr>,
    /// Subnets that it routes to, default route left out, with the interface.
    pub routes: Vec<(String, Ipv4Net)>,
    /// Hardware addresses by interface name.
    pub links: BTreeMap<String, String>,
    /// TCP ports of its own that nobody in a range may reach, besides the platform's.
    pub ports: Vec<u16>,
}
