//! The real engine: Docker 20.10 and later, by its API.

mod exec;
mod images;
mod lives;
mod logs;
mod objects;
mod pipe;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};
use ipnet::Ipv4Net;
use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};
use tokio::sync::{OnceCell, RwLock, Semaphore};

use crate::guard::Guard;
use crate::{
    ByteStream, Engine, EngineError, EngineInfo, ExecOut, ExecSpec, HostFacts, ImageInfo, ImageSpec,
    Inspection, Labels, LifeStream, Lines, LogStream, Observation, Pipe, PipeSpec, Pruned, RunSeen, Terminal,
    TerminalSpec, Wall, archive, host,
};
use wire::Address;

/// Limit of calls that only read or write state.
const QUICK: Duration = Duration::from_secs(20);
/// Limit of calls that wait for processes or file systems.
const SLOW: Duration = Duration::from_secs(60);
/// Commands that run at once; terminals do not count.
const COMMANDS: usize = 64;
/// The library's own limit, for heads of answers; longer than any of ours except that of a build.
const HEADS: u64 = 3600;

/// A Docker engine. Cheap to clone; nothing is connected before the first call.
#[derive(Clone)]
pub struct DockerEngine {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    guard: Guard,
    docker: OnceCell<Docker>,
    /// Commands at once; more wait their turn, so that a thousand probes do not stand in the way of one terminal.
    commands: Semaphore,
    /// Since when no call got through, ms UTC; 0: the last one did.
    silent_since: AtomicI64,
    /// Installation that objects are made for.
    house: OnceLock<String>,
    /// Held for reading while a command starts, for writing while a container is frozen: an engine that freezes a
    /// container in which a command is just starting (seen with 20.10) never answers for it again.
    freezing: RwLock<()>,
}

impl std::fmt::Debug for DockerEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DockerEngine({:?})", self.inner.address)
    }
}

impl DockerEngine {
    /// The engine at `unix:///path` or `tcp://host:port`; `None` is `unix:///var/run/docker.sock`. Does not connect.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for another kind of address.
    pub fn at(address: Option<&str>) -> Result<Self, EngineError> {
        Self::with_guard(address, Guard::default())
    }

    /// The same with a wall of another name, for tests.
    ///
    /// # Errors
    /// As [`DockerEngine::at`].
    pub fn with_guard(address: Option<&str>, guard: Guard) -> Result<Self, EngineError> {
        Ok(Self {
            inner: Arc::new(Inner {
                address: Address::parse(address.unwrap_or("unix:///var/run/docker.sock"))?,
                guard,
                docker: OnceCell::new(),
                commands: Semaphore::new(COMMANDS),
                silent_since: AtomicI64::new(0),
                house: OnceLock::new(),
                freezing: RwLock::new(()),
            }),
        })
    }

    async fn docker(&self) -> Result<&Docker, EngineError> {
        self.inner
            .docker
            .get_or_try_init(|| async {
                let made = match &self.inner.address {
                    Address::Unix(path) => {
                        Docker::connect_with_unix(&path.to_string_lossy(), HEADS, API_DEFAULT_VERSION)
                    }
                    Address::Tcp(host) => {
                        Docker::connect_with_http(&format!("tcp://{host}"), HEADS, API_DEFAULT_VERSION)
                    }
                };
                let docker = self.noted(made)?;
                let negotiated = tokio::time::timeout(QUICK, docker.negotiate_version()).await;
                self.noted(negotiated.unwrap_or(Err(Error::RequestTimeoutError)))
            })
            .await
    }

    /// Version in the path of calls.
    async fn version(&self) -> Result<String, EngineError> {
        let version = self.docker().await?.client_version();
        Ok(format!("{}.{}", version.major_version, version.minor_version))
    }

    /// One call, with a deadline over its whole answer. `what` names it in [`EngineError::Timeout`].
    async fn call<'a, T, F>(
        &'a self,
        what: &str,
        deadline: Duration,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let docker = self.docker().await?;
        match tokio::time::timeout(deadline, call(docker)).await {
            Ok(answer) => self.noted(answer),
            Err(_) => Err(EngineError::Timeout(what.to_owned())),
        }
    }

    /// Maps the library's error and keeps the time since when the node is silent.
    fn noted<T>(&self, answer: Result<T, Error>) -> Result<T, EngineError> {
        let answer = answer.map_err(translate);
        self.heard(&answer);
        match answer {
            Err(EngineError::NodeUnreachable { .. }) => Err(EngineError::NodeUnreachable {
                since_ms: Some(self.inner.silent_since.load(Ordering::Relaxed)).filter(|ms| *ms != 0),
            }),
            other => other,
        }
    }

    fn heard<T>(&self, answer: &Result<T, EngineError>) {
        let since = &self.inner.silent_since;
        if matches!(answer, Err(EngineError::NodeUnreachable { .. })) {
            let now = jiff::Timestamp::now().as_millisecond();
            // Only the first silence counts.
            let _ = since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        } else if !matches!(answer, Err(EngineError::Timeout(_))) {
            since.store(0, Ordering::Relaxed);
        }
    }
}

/// An answer of the engine that is no success.
pub(crate) fn refusal(status: u16, message: String) -> EngineError {
    // The engine's codes are not even: overlapping subnets are 403, a busy network 403, a taken address 403 or 500.
    const IN_THE_WAY: [&str; 9] = [
        "Pool overlaps",
        "already exists",
        "already in use",
        "has active endpoints",
        "is already paused",
        "is not paused",
        "is not running",
        "already attached",
        "conflicts with network",
    ];
    match status {
        404 => EngineError::NotFound(message),
        409 => EngineError::Conflict(message),
        _ if IN_THE_WAY.iter().any(|text| message.contains(text)) => EngineError::Conflict(message),
        _ => EngineError::Refused(message),
    }
}

fn translate(error: Error) -> EngineError {
    match error {
        Error::DockerResponseServerError { status_code, message } => refusal(status_code, message),
        Error::DockerStreamError { error } => EngineError::Refused(error),
        Error::RequestTimeoutError => EngineError::Timeout("the engine's answer".into()),
        Error::IOError { .. }
        | Error::HyperResponseError { .. }
        | Error::HyperLegacyError { .. }
        | Error::SocketNotFoundError(_) => EngineError::NodeUnreachable { since_ms: None },
        other => EngineError::Io(other.to_string()),
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        let info = self.call("ask the engine about itself", QUICK, |docker| docker.info()).await?;
        let root = info.docker_root_dir.unwrap_or_default();
        let disk = match &self.inner.address {
            Address::Unix(_) if !root.is_empty() => host::disk(&root).await,
            _ => None,
        };
        Ok(EngineInfo {
            version: info.server_version.unwrap_or_default(),
            architecture: info.architecture.unwrap_or_default(),
            storage: info.driver.unwrap_or_default(),
            root,
            disk,
            cpus: info.ncpu.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            memory: info.mem_total.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            available: match &self.inner.address {
                Address::Unix(_) => host::available_memory().await,
                Address::Tcp(_) => None,
            },
        })
    }

    async fn images(&self) -> Result<BTreeMap<String, ImageInfo>, EngineError> {
        self.list_images().await
    }

    async fn build(
        &self,
        image: &ImageSpec,
        anew: bool,
        deadline: Duration,
        lines: Lines<'_>,
    ) -> Result<String, EngineError> {
        self.build_image(image, anew, deadline, lines).await
    }

    async fn pull(&self, image: &str, deadline: Duration, lines: Lines<'_>) -> Result<(), EngineError> {
        self.pull_image(image, deadline, lines).await
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.drop_image(image).await
    }

    async fn export(&self, images: &[String]) -> Result<ByteStream, EngineError> {
        self.export_images(images).await
    }

    async fn load(&self, tar: ByteStream, deadline: Duration) -> Result<(), EngineError> {
        self.load_images(tar, deadline).await
    }

    async fn prune_images(&self) -> Result<Pruned, EngineError> {
        self.prune_unnamed().await
    }

    async fn wall(&self) -> Result<Wall, EngineError> {
        self.inner.guard.ensure().await
    }

    async fn host(&self) -> Result<HostFacts, EngineError> {
        host::facts().await
    }

    async fn subnets(&self) -> Result<Vec<(String, Ipv4Net)>, EngineError> {
        self.all_subnets().await
    }

    async fn create_network(&self, network: &NetworkPlan, labels: &Labels) -> Result<(), EngineError> {
        self.make_network(network, labels).await
    }

    async fn remove_network(&self, network: &str) -> Result<(), EngineError> {
        self.call("remove a network", SLOW, |docker| docker.remove_network(network)).await
    }

    async fn create_container(&self, host: &HostPlan, labels: &Labels) -> Result<String, EngineError> {
        self.make_container(host, labels).await
    }

    async fn connect(&self, container: &str, leg: &Leg) -> Result<(), EngineError> {
        self.join_network(container, leg).await
    }

    async fn start(&self, container: &str) -> Result<(), EngineError> {
        self.call("start a container", SLOW, |docker| docker.start_container(container, None)).await
    }

    async fn stop(&self, container: &str) -> Result<(), EngineError> {
        let options =
            bollard::query_parameters::StopContainerOptionsBuilder::new().t(objects::STOP_S).build();
        self.call("stop a container", SLOW, |docker| docker.stop_container(container, Some(options))).await
    }

    async fn remove(&self, container: &str) -> Result<(), EngineError> {
        let options =
            bollard::query_parameters::RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        self.call("remove a container", SLOW, |docker| docker.remove_container(container, Some(options)))
            .await
    }

    async fn pause(&self, container: &str) -> Result<(), EngineError> {
        let _no_starts = self.inner.freezing.write().await;
        self.call("freeze a container", QUICK, |docker| docker.pause_container(container)).await
    }

    async fn unpause(&self, container: &str) -> Result<(), EngineError> {
        self.call("thaw a container", QUICK, |docker| docker.unpause_container(container)).await
    }

    async fn restart(&self, container: &str) -> Result<(), EngineError> {
        let options =
            bollard::query_parameters::RestartContainerOptionsBuilder::new().t(objects::STOP_S).build();
        self.call("restart a container", SLOW, |docker| docker.restart_container(container, Some(options)))
            .await
    }

    async fn observe(&self, run: &str) -> Result<Observation, EngineError> {
        self.observe_run(run).await
    }

    async fn inspect(&self, container: &str) -> Result<Inspection, EngineError> {
        self.inspect_one(container).await
    }

    async fn list_runs(&self) -> Result<BTreeSet<String>, EngineError> {
        self.all_runs().await
    }

    fn mark(&self, house: &str) {
        let _ = self.inner.house.set(house.to_owned());
    }

    async fn runs(&self) -> Result<BTreeMap<String, RunSeen>, EngineError> {
        self.runs_seen().await
    }

    async fn exec(&self, container: &str, spec: ExecSpec) -> Result<ExecOut, EngineError> {
        self.run_exec(container, spec).await
    }

    async fn terminal(&self, container: &str, spec: TerminalSpec) -> Result<Terminal, EngineError> {
        self.open_terminal(container, spec).await
    }

    async fn pipe(&self, container: &str, spec: PipeSpec) -> Result<Pipe, EngineError> {
        self.open_pipe(container, spec).await
    }

    async fn put_files(&self, container: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        self.put_tar(container, tar).await
    }

    async fn get_file(
        &self,
        container: &str,
        path: &str,
        limit: usize,
    ) -> Result<archive::File, EngineError> {
        self.read_file(container, path, limit).await
    }

    async fn logs(&self, container: &str, since_ms: i64, follow: bool) -> Result<LogStream, EngineError> {
        self.read_logs(container, since_ms, follow).await
    }

    async fn lives(&self, run: &str, since_ms: i64) -> Result<LifeStream, EngineError> {
        self.watch_lives(run, since_ms).await
    }

    async fn tail(&self, container: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        self.last_lines(container, lines).await
    }
}
