//! The real engine: Docker 20.10 and later, by its API.

mod exec;
mod images;
mod lives;
mod logs;
pub(crate) mod objects;
mod pipe;
mod sweep;
mod tls;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
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
    TerminalSpec, Trust, Wall, archive, host,
};
use tls::{DialError, Node};
use wire::Address;

/// Limit of calls that only read or write state.
const QUICK: Duration = Duration::from_secs(20);
/// Limit of calls that wait for processes or file systems.
const SLOW: Duration = Duration::from_secs(60);
/// Objects in the making at once by default, over all launches; see [`DockerEngine::making_at_once`].
///
/// Measured with `examples/floor.rs`: ten ranges of five hosts (20 networks, 50 containers) on two processors that others
/// used as well, Docker 20.10, seconds until all run and until all is gone:
///
/// | at once | run (busy machine) | run (others at low priority) | gone |
/// |---|---|---|---|
/// | 1 | 28.9, 31.7 | | |
/// | 2 | 19.7, 19.7 | | |
/// | 4 | 17.5, 18.2, 19.2 | 13.3 | 9.2 |
/// | 8 | 16.8, 20.0 | 14.1, 14.6 | 8.4, 9.5 |
/// | 12 | | 13.9 | 7.6 |
/// | 16 | 15.5, 16.1 | 12.3 | 8.0 |
/// | 24 | | 12.0 | 7.5 |
///
/// Four fill both processors; sixteen gain another seventh, and more gain nothing to speak of.
pub const AT_ONCE: usize = 16;
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
    /// What the operator says about a machine that we cannot look at: addresses and subnets of its own.
    told: (Vec<IpAddr>, Vec<Ipv4Net>),
    guard: Guard,
    docker: OnceCell<Docker>,
    /// Commands at once; more wait their turn, so that a thousand probes do not stand in the way of one terminal.
    commands: Semaphore,
    /// Objects in the making at once, whoever makes them, and how many.
    making: Semaphore,
    at_once: usize,
    /// Since when no call got through, ms UTC; 0: the last one did.
    silent_since: AtomicI64,
    /// Installation that objects are made for.
    house: OnceLock<String>,
    /// Names this life of the server among all lives of its installation.
    life: String,
    /// The storage driver has refused to bound what a container writes.
    no_disk_limit: AtomicBool,
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
        let address = Address::parse(address.unwrap_or("unix:///var/run/docker.sock"))?;
        Ok(Self::new(address, guard, (Vec::new(), Vec::new())))
    }

    /// The engine of another machine at `https://host:port`. Does not connect.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for another kind of address.
    pub fn remote(address: &str, trust: &Trust) -> Result<Self, EngineError> {
        Self::remote_knowing(address, trust, Vec::new(), Vec::new())
    }

    /// The same, with further addresses of that machine and the subnets that it needs itself.
    ///
    /// # Errors
    /// As [`DockerEngine::remote`].
    pub fn remote_knowing(
        address: &str,
        trust: &Trust,
        addresses: Vec<IpAddr>,
        routes: Vec<Ipv4Net>,
    ) -> Result<Self, EngineError> {
        let node = Address::Tls(Box::new(Node::parse(address, trust)?));
        Ok(Self::new(node, Guard::default(), (addresses, routes)))
    }

    fn new(address: Address, guard: Guard, told: (Vec<IpAddr>, Vec<Ipv4Net>)) -> Self {
        Self {
            inner: Arc::new(Inner {
                address,
                told,
                guard,
                docker: OnceCell::new(),
                commands: Semaphore::new(COMMANDS),
                making: Semaphore::new(AT_ONCE),
                at_once: AT_ONCE,
                silent_since: AtomicI64::new(0),
                house: OnceLock::new(),
                life: format!("{:x}", jiff::Timestamp::now().as_nanosecond()),
                no_disk_limit: AtomicBool::new(false),
                freezing: RwLock::new(()),
            }),
        }
    }

    /// The same with another bound for networks and containers in the making at once, over all launches; at least 1. To
    /// be called before the engine is shared.
    #[must_use]
    pub fn making_at_once(mut self, bound: usize) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.at_once = bound.max(1);
            inner.making = Semaphore::new(inner.at_once);
        }
        self
    }

    async fn docker(&self) -> Result<&Docker, EngineError> {
        // Those who come while somebody tries wait for his try, and must not wait for all the tries before theirs.
        let docker = tokio::time::timeout(QUICK, self.connected()).await;
        docker.map_err(|_| EngineError::Timeout("reach the engine".into()))?
    }

    async fn connected(&self) -> Result<&Docker, EngineError> {
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
                    Address::Tls(node) => node.client(HEADS),
                };
                let docker = self.noted(made)?;
                let negotiated = tokio::time::timeout(QUICK, docker.negotiate_version()).await;
                self.explained(negotiated.unwrap_or(Err(Error::RequestTimeoutError))).await
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
            Ok(answer) => self.explained(answer).await,
            Err(_) => Err(EngineError::Timeout(what.to_owned())),
        }
    }

    /// As [`Self::noted`]; where a remote node broke a connection off it is asked once whether that is for want of trust.
    async fn explained<T>(&self, answer: Result<T, Error>) -> Result<T, EngineError> {
        if let (Address::Tls(node), Err(Error::HyperLegacyError { err })) = (&self.inner.address, &answer)
            && !err.is_connect()
            && let Some(fault) = node.why().await
        {
            let answer = Err(EngineError::Untrusted(fault));
            self.heard(&answer);
            return answer;
        }
        self.noted(answer)
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

    /// What is known of another machine without looking into it: where it is reached, and what its operator says.
    async fn told_of(&self, node: &Node) -> Result<HostFacts, EngineError> {
        let (told, routes) = &self.inner.told;
        let lookup = tokio::net::lookup_host((node.host(), node.port()));
        let found = tokio::time::timeout(QUICK, lookup).await;
        let found = found.ok().and_then(Result::ok).ok_or(EngineError::NodeUnreachable { since_ms: None })?;
        let mut addresses: Vec<IpAddr> =
            found.map(|address| address.ip()).chain(told.iter().copied()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let own = addresses.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Ipv4Net::new(*address, 32).ok(),
            IpAddr::V6(_) => None,
        });
        let routes = own.chain(routes.iter().copied()).map(|net| ("node".to_owned(), net)).collect();
        Ok(HostFacts { addresses, routes, ports: vec![node.port()], ..HostFacts::default() })
    }

    fn heard<T>(&self, answer: &Result<T, EngineError>) {
        let since = &self.inner.silent_since;
        if matches!(answer, Err(EngineError::NodeUnreachable { .. } | EngineError::Untrusted(_))) {
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
        500.. => EngineError::Failed(message),
        _ => EngineError::Refused(message),
    }
}

/// The reason of the transport in an error of the library.
fn distrust(error: &Error) -> Option<EngineError> {
    let mut below: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = below {
        if let Some(DialError::Distrust(fault)) = error.downcast_ref::<DialError>() {
            return Some(EngineError::Untrusted(fault.clone()));
        }
        below = error.source();
    }
    None
}

fn translate(error: Error) -> EngineError {
    if let Some(fault) = distrust(&error) {
        return fault;
    }
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
    fn at_once(&self) -> usize {
        self.inner.at_once
    }

    async fn info(&self) -> Result<EngineInfo, EngineError> {
        let info = self.call("ask the engine about itself", QUICK, |docker| docker.info()).await?;
        let root = info.docker_root_dir.unwrap_or_default();
        let here = self.inner.address.is_here();
        let disk = if here && !root.is_empty() { host::disk(&root).await } else { None };
        Ok(EngineInfo {
            version: info.server_version.unwrap_or_default(),
            architecture: info.architecture.unwrap_or_default(),
            storage: info.driver.unwrap_or_default(),
            root,
            disk,
            cpus: info.ncpu.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            memory: info.mem_total.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            available: if here { host::available_memory().await } else { None },
        })
    }

    async fn ping(&self, within: Duration) -> Result<(), EngineError> {
        let asked = async {
            let docker = self.docker().await?;
            self.explained(docker.ping().await).await
        };
        let answer = tokio::time::timeout(within, asked).await;
        answer.map_err(|_| EngineError::Timeout("is the engine there".into()))?.map(|_| ())
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
        match &self.inner.address {
            // Its firewall is out of our reach; that it holds is proven from inside of each range.
            Address::Tls(_) => Ok(Wall::Kept),
            Address::Unix(_) | Address::Tcp(_) => self.inner.guard.ensure().await,
        }
    }

    async fn host(&self) -> Result<HostFacts, EngineError> {
        match &self.inner.address {
            Address::Tls(node) => self.told_of(node).await,
            Address::Unix(_) | Address::Tcp(_) => host::facts().await,
        }
    }

    async fn subnets(&self) -> Result<Vec<(String, Ipv4Net)>, EngineError> {
        self.all_subnets().await
    }

    async fn create_network(&self, network: &NetworkPlan, labels: &Labels) -> Result<(), EngineError> {
        let _turn = self.inner.making.acquire().await;
        self.make_network(network, labels).await
    }

    async fn remove_network(&self, network: &str) -> Result<(), EngineError> {
        self.call("remove a network", SLOW, |docker| docker.remove_network(network)).await
    }

    async fn create_container(&self, host: &HostPlan, labels: &Labels) -> Result<String, EngineError> {
        let _turn = self.inner.making.acquire().await;
        self.make_container(host, labels).await
    }

    async fn connect(&self, container: &str, leg: &Leg) -> Result<(), EngineError> {
        let _turn = self.inner.making.acquire().await;
        self.join_network(container, leg).await
    }

    async fn start(&self, container: &str) -> Result<(), EngineError> {
        let _turn = self.inner.making.acquire().await;
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

    async fn sweep(&self, container: &str) -> Result<usize, EngineError> {
        self.sweep_container(container).await
    }

    async fn put_files(&self, container: &str, at: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        self.put_tar(container, at, tar).await
    }

    async fn written(&self, container: &str) -> Result<u64, EngineError> {
        self.written_by(container).await
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
