//! A place for one test: its own run id, names and subnets, and cleaning up however the test ends.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::Ipv4Addr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use ipnet::Ipv4Net;
use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};
use rampart_domain::scenario::{Resources, Role};
use rampart_engine::guard::Guard;
use rampart_engine::{DockerEngine, Engine, EngineError, Labels, fake::FakeEngine, subnets};

use crate::node;

pub const IMAGE: &str = "rampart/base:latest";
/// Interface names of these tests; the platform's own wall does not know them.
pub const PREFIX: &str = "rgt";

#[derive(Clone)]
pub struct Bench {
    pub engine: Arc<dyn Engine>,
    pub run: String,
    tag: String,
    block: Ipv4Net,
    node: Option<&'static node::Node>,
}

fn tag() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{:04x}{:02x}", std::process::id() & 0xffff, NEXT.fetch_add(1, Ordering::Relaxed) & 0xff)
}

pub fn test_guard() -> Guard {
    Guard::named("rampart_guard_test", PREFIX).unwrap()
}

/// Docker with the base image, or `None` with the reason printed.
pub async fn docker() -> Option<Arc<dyn Engine>> {
    let engine = DockerEngine::with_guard(None, test_guard()).unwrap();
    match engine.images().await {
        Ok(images) if images.contains_key(IMAGE) => Some(Arc::new(engine)),
        Ok(_) => {
            eprintln!("skipped: {IMAGE} is not built (rampart images build)");
            None
        }
        Err(error) => {
            eprintln!("skipped: no Docker engine here: {error}");
            None
        }
    }
}

impl Bench {
    async fn new(engine: Arc<dyn Engine>, node: Option<&'static node::Node>) -> Self {
        let tag = tag();
        let block: Ipv4Net = "10.213.0.0/16".parse().unwrap();
        let taken = subnets::taken(engine.as_ref()).await.unwrap();
        // Tests run side by side: no two of this process get the same, though nothing stands in it yet, and those of
        // another process begin elsewhere in the block.
        static GIVEN: Mutex<BTreeSet<Ipv4Net>> = Mutex::new(BTreeSet::new());
        let mut free: Vec<Ipv4Net> = subnets::candidates(block, 24, &taken).collect();
        let begin = std::process::id() as usize * 61 % free.len();
        free.rotate_left(begin);
        let block = {
            let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
            let own = free.into_iter().find(|net| !given.contains(net)).expect("no subnets are left");
            given.insert(own);
            own
        };
        Self { engine, run: format!("test-{tag}"), tag, block, node }
    }

    /// The same real engine as another server sees it.
    pub fn again(&self) -> Arc<dyn Engine> {
        match self.node {
            Some(node) => node.engine(),
            None => Arc::new(DockerEngine::with_guard(None, test_guard()).unwrap()),
        }
    }

    pub fn labels(&self, name: &str) -> Labels {
        Labels { run: self.run.clone(), range: 1, name: name.into(), plan: "p".into(), epoch: 0 }
    }

    /// Network 0 to 3 of this bench.
    pub fn network(&self, number: u8) -> NetworkPlan {
        self.network_named(PREFIX, number)
    }

    pub fn network_named(&self, prefix: &str, number: u8) -> NetworkPlan {
        let subnet = self.block.subnets(26).unwrap().nth(number.into()).unwrap();
        let at = |n: u32| Ipv4Addr::from(u32::from(subnet.network()) + n);
        NetworkPlan {
            name: format!("{prefix}{}-{number}", self.tag),
            zone: format!("zone{number}"),
            subnet,
            router: at(1),
            gateway: at(2),
        }
    }

    /// Plans of many small networks in a block that no other test uses.
    pub async fn many(&self, count: usize) -> Vec<NetworkPlan> {
        let taken = subnets::taken(self.engine.as_ref()).await.unwrap();
        let free = subnets::candidates("10.215.0.0/16".parse().unwrap(), 28, &taken);
        let skipped = std::process::id() as usize % 3000;
        let plan = |(number, subnet): (usize, Ipv4Net)| NetworkPlan {
            name: format!("{PREFIX}{}n{number}", self.tag),
            zone: "zone".into(),
            subnet,
            router: Ipv4Addr::from(u32::from(subnet.network()) + 1),
            gateway: Ipv4Addr::from(u32::from(subnet.network()) + 2),
        };
        free.skip(skipped).take(count).enumerate().map(plan).collect()
    }

    pub fn leg(&self, network: &NetworkPlan, number: u32) -> Leg {
        Leg {
            network: network.name.clone(),
            zone: network.zone.clone(),
            address: Ipv4Addr::from(u32::from(network.subnet.network()) + number),
            outside: None,
        }
    }

    pub fn host(&self, id: &str, legs: Vec<Leg>) -> HostPlan {
        HostPlan {
            name: format!("rgt-{}-{id}", self.tag),
            host: id.into(),
            image: IMAGE.into(),
            role: Role::Target,
            side: None,
            dns: Ipv4Addr::new(10, 213, 255, 2),
            legs,
            read_only: false,
            tmpfs: Vec::new(),
            capabilities: ["CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE", "FOWNER", "KILL"]
                .map(str::to_owned)
                .into(),
            resources: Resources { memory: 128 << 20, typical: 0, milli_cpus: 500, pids: 60, disk: 0 },
            ready: None,
            telemetry: None,
            command: Some(vec!["sleep".into(), "infinity".into()]),
            forwards: false,
            files: Vec::new(),
            plants: Vec::new(),
            logins: Vec::new(),
        }
    }

    /// Makes network 0 and a running host on it; its name on the engine.
    pub async fn started(&self, id: &str) -> String {
        let network = self.network(0);
        match self.engine.create_network(&network, &self.labels(&network.zone)).await {
            Ok(()) | Err(EngineError::Conflict(_)) => {}
            Err(other) => panic!("{other}"),
        }
        let used = self.engine.observe(&self.run).await.unwrap().containers.len() as u32;
        let host = self.host(id, vec![self.leg(&network, 10 + used)]);
        self.start(&host).await
    }

    pub async fn start(&self, host: &HostPlan) -> String {
        self.engine.create_container(host, &self.labels(&host.host)).await.unwrap();
        self.engine.start(&host.name).await.unwrap();
        host.name.clone()
    }

    async fn clear(&self) {
        for _ in 0..300 {
            let seen = self.engine.observe(&self.run).await.unwrap();
            if seen.is_empty() {
                return;
            }
            for container in &seen.containers {
                let _ = self.engine.remove(&container.id).await;
            }
            for network in &seen.networks {
                let _ = self.engine.remove_network(&network.id).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{} could not be cleared", self.run);
    }
}

/// Runs a test on an engine and clears up, also when it fails.
pub async fn on<F: Future<Output = ()>>(engine: Arc<dyn Engine>, test: impl FnOnce(Bench) -> F) {
    on_bench(Bench::new(engine, None).await, test).await;
}

/// On a node's engine.
pub async fn on_node<F: Future<Output = ()>>(node: &'static node::Node, test: impl FnOnce(Bench) -> F) {
    on_bench(Bench::new(node.engine(), Some(node)).await, test).await;
}

async fn on_bench<F: Future<Output = ()>>(bench: Bench, test: impl FnOnce(Bench) -> F) {
    let ended = AssertUnwindSafe(test(bench.clone())).catch_unwind().await;
    bench.clear().await;
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

pub async fn on_docker<F: Future<Output = ()>>(test: impl FnOnce(Bench) -> F) {
    if let Some(engine) = docker().await {
        on(engine, test).await;
    }
}

/// On the engine of this machine and on that of a node over TLS.
pub async fn on_engines<F: Future<Output = ()>>(test: impl Fn(Bench) -> F) {
    on_docker(&test).await;
    if let Some((node, _turn)) = node::shared().await {
        on_node(node, &test).await;
    }
}

/// On the fake one too.
pub async fn on_all<F: Future<Output = ()>>(test: impl Fn(Bench) -> F) {
    on(Arc::new(FakeEngine::new([IMAGE])), &test).await;
    on_engines(&test).await;
}

/// What a busy machine may take for anything.
pub const LONG: Duration = Duration::from_secs(120);

/// Waits until something holds; `within` is what a machine with little else to do may take, a busy one has [`LONG`].
pub async fn until<F: Future<Output = bool>>(what: &str, within: Duration, holds: impl Fn() -> F) {
    let within = within.max(LONG);
    let end = tokio::time::Instant::now() + within;
    while !holds().await {
        assert!(tokio::time::Instant::now() < end, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
