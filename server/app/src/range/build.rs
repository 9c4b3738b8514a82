//! Making networks and containers.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, try_join, try_join_all};
use futures_util::{StreamExt, TryStreamExt};
use rampart_domain::plan::{HostPlan, NetworkPlan, Plan, RangePlan};
use rampart_domain::scenario::Role;
use rampart_domain::secret::RunSecret;
use rampart_engine::{Ended, Engine, EngineError, ExecSpec, Inspection, Labels, State};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::reset::Stage;
use super::{LEAST_FREE_PERCENT, LaunchError, Step, Steps, plant};

/// Objects in the making at once; the engine works one after the other at its firewall anyway.
const AT_ONCE: usize = 4;
/// Pause between two tries of a readiness probe.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Limit of one try.
const TRY_MS: u64 = 10_000;
/// How long a host without a probe must run to count as ready.
const SETTLE: Duration = Duration::from_millis(700);
/// How long a host that died and was started again is watched for its exit code.
const DIES_AGAIN: Duration = Duration::from_secs(4);
/// Lines of a dead host that are told.
const LAST_LINES: usize = 20;
/// Age of the oldest of them, ms before the end, and how late the engine may have taken the newest. The engine waits
/// longer than that before it starts a container again.
const LAST_WORDS_MS: i64 = 600_000;
const LATE_WORDS_MS: i64 = 50;

/// What all steps of one launch share.
struct Work<'a> {
    engine: &'a dyn Engine,
    plan: &'a Plan,
    secret: &'a RunSecret,
    steps: Steps<'a>,
    turns: Semaphore,
}

/// Counts the parts of a step.
struct Count<'a> {
    steps: Steps<'a>,
    range: u16,
    name: &'static str,
    done: AtomicUsize,
    all: usize,
}

impl<'a> Count<'a> {
    fn new(steps: Steps<'a>, range: u16, name: &'static str, all: usize) -> Self {
        steps(Step { range, name, done: 0, all });
        Self { steps, range, name, done: AtomicUsize::new(0), all }
    }

    fn one(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.steps)(Step { range: self.range, name: self.name, done, all: self.all });
    }
}

/// Makes everything of the plan.
pub(super) async fn everything(
    engine: &dyn Engine,
    plan: &Plan,
    secret: &RunSecret,
    steps: Steps<'_>,
) -> Result<(), LaunchError> {
    look_before(engine, plan).await?;
    engine.guard().await?;
    let work = Work { engine, plan, secret, steps, turns: Semaphore::new(AT_ONCE) };
    work.networks().await?;
    try_join_all(plan.ranges.iter().map(|range| work.range(range))).await?;
    Ok(())
}

/// Makes one host of a standing range whose container has been taken away.
pub(super) async fn one(
    engine: &dyn Engine,
    plan: &Plan,
    secret: &RunSecret,
    range: u16,
    host: &HostPlan,
    stage: Stage<'_>,
) -> Result<(), LaunchError> {
    let work = Work { engine, plan, secret, steps: &|_| {}, turns: Semaphore::new(AT_ONCE) };
    stage("make");
    work.make(range, host).await?;
    work.start(range, host).await?;
    stage("ready");
    work.wait(range, host).await?;
    stage("plants");
    plant::after_start(engine, secret, range, host, &|| {}).await?;
    let seen = engine.inspect(&host.name).await.map_err(|error| at(range, host, error))?;
    work.alive(range, host, &seen).await
}

/// What can be known before anything is made.
async fn look_before(engine: &dyn Engine, plan: &Plan) -> Result<(), LaunchError> {
    let info = engine.info().await?;
    let there = engine.images().await?;
    let wanted: BTreeSet<&str> =
        plan.ranges.iter().flat_map(|range| &range.hosts).map(|host| host.image.as_str()).collect();
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|image| !there.contains_key(&rampart_engine::images::full_name(image)))
        .map(str::to_owned)
        .collect();
    if !missing.is_empty() {
        return Err(LaunchError::ImagesMissing(missing));
    }
    match info.disk.map(|disk| disk.free_percent()) {
        Some(percent) if percent < LEAST_FREE_PERCENT => Err(LaunchError::DiskFull { percent }),
        _ => Ok(()),
    }
}

impl Work<'_> {
    fn labels(&self, range: u16, name: &str) -> Labels {
        Labels { run: self.plan.run.clone(), range, name: name.to_owned(), plan: self.plan.hash.clone() }
    }

    async fn networks(&self) -> Result<(), LaunchError> {
        let counts: Vec<Count<'_>> = self
            .plan
            .ranges
            .iter()
            .map(|range| Count::new(self.steps, range.range, "networks", range.networks.len()))
            .collect();
        let mut tasks: Vec<BoxFuture<'_, Result<(), LaunchError>>> = Vec::new();
        for (range, count) in self.plan.ranges.iter().zip(&counts) {
            for network in &range.networks {
                tasks.push(Box::pin(async move {
                    self.network(range.range, network).await?;
                    count.one();
                    Ok(())
                }));
            }
        }
        futures_util::stream::iter(tasks).buffer_unordered(AT_ONCE).try_collect::<()>().await
    }

    async fn network(&self, range: u16, network: &NetworkPlan) -> Result<(), LaunchError> {
        let labels = self.labels(range, &network.zone);
        let at = |error| LaunchError::At { range, name: network.zone.clone(), error };
        let mut answer = self.engine.create_network(network, &labels).await;
        if matches!(answer, Err(EngineError::Timeout(_))) {
            // Asked again: if the first call was done after all, this one says so.
            answer = self.engine.create_network(network, &labels).await;
        }
        match answer {
            Ok(()) => Ok(()),
            Err(EngineError::Conflict(text)) => {
                let ours = self.engine.observe(&self.plan.run).await.map_err(at)?;
                if ours.networks.iter().any(|made| made.name == network.name) {
                    return Ok(());
                }
                let taken = self.engine.subnets().await.map_err(at)?;
                let by = taken.into_iter().find(|(_, subnet)| {
                    subnet.contains(&network.subnet.network()) || network.subnet.contains(&subnet.network())
                });
                Err(LaunchError::SubnetTaken {
                    subnet: network.subnet.to_string(),
                    by: by.map_or(text, |(name, _)| name),
                })
            }
            Err(error) => Err(at(error)),
        }
    }

    /// One range up to its last planted secret.
    async fn range(&self, range: &RangePlan) -> Result<(), LaunchError> {
        let all = range.hosts.len();
        let made = Count::new(self.steps, range.range, "hosts", all);
        let ready = Count::new(self.steps, range.range, "ready", all);
        let (gateways, others): (Vec<&HostPlan>, Vec<&HostPlan>) =
            range.hosts.iter().partition(|host| host.role == Role::Gateway);
        // The gateway must route and answer names before anybody asks; the others are made meanwhile, but not started.
        let first = try_join_all(gateways.iter().map(|host| async {
            self.make(range.range, host).await?;
            self.start(range.range, host).await?;
            made.one();
            self.wait(range.range, host).await?;
            ready.one();
            Ok::<(), LaunchError>(())
        }));
        let beside = try_join_all(others.iter().map(|host| self.make(range.range, host)));
        try_join(first, beside).await?;
        try_join_all(others.iter().map(|host| async {
            self.start(range.range, host).await?;
            made.one();
            self.wait(range.range, host).await?;
            ready.one();
            Ok::<(), LaunchError>(())
        }))
        .await?;

        let things = range.hosts.iter().map(|host| host.plants.len() + host.logins.len()).sum();
        let planted = Count::new(self.steps, range.range, "plants", things);
        try_join_all(range.hosts.iter().map(|host| async {
            plant::after_start(self.engine, self.secret, range.range, host, &|| planted.one()).await
        }))
        .await?;
        // Who died while others were made ready is found here.
        for host in &range.hosts {
            let seen = self.engine.inspect(&host.name).await.map_err(|error| at(range.range, host, error))?;
            self.alive(range.range, host, &seen).await?;
        }
        Ok(())
    }

    /// Makes a container with all its legs and files.
    async fn make(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let Ok(_turn) = self.turns.acquire().await else { return Ok(()) };
        let labels = self.labels(range, &host.host);
        let mut answer = self.engine.create_container(host, &labels).await;
        if matches!(answer, Err(EngineError::Timeout(_))) {
            answer = self.engine.create_container(host, &labels).await;
        }
        match answer {
            Ok(_) => {}
            Err(EngineError::Conflict(text)) => {
                let seen =
                    self.engine.observe(&self.plan.run).await.map_err(|error| at(range, host, error))?;
                if seen.container(&host.name).is_none_or(|made| made.plan != self.plan.hash) {
                    return Err(at(range, host, EngineError::Conflict(text)));
                }
            }
            Err(error) => return Err(at(range, host, error)),
        }
        for leg in host.legs.iter().skip(1) {
            match self.engine.connect(&host.name, leg).await {
                Err(EngineError::Timeout(_)) => match self.engine.connect(&host.name, leg).await {
                    // It says "already" then.
                    Ok(()) | Err(EngineError::Conflict(_)) => {}
                    Err(error) => return Err(at(range, host, error)),
                },
                other => other.map_err(|error| at(range, host, error))?,
            }
        }
        plant::before_start(self.engine, self.secret, range, host).await
    }

    async fn start(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let Ok(_turn) = self.turns.acquire().await else { return Ok(()) };
        match self.engine.start(&host.name).await {
            Err(EngineError::Timeout(_)) => self.engine.start(&host.name).await,
            other => other,
        }
        .map_err(|error| at(range, host, error))
    }

    /// Waits until a host is ready, or finds that it died.
    async fn wait(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let began = Instant::now();
        let within = host
            .ready
            .as_ref()
            .map_or(SETTLE, |ready| Duration::from_millis(u64::try_from(ready.within_ms).unwrap_or(0)));
        let mut said = String::new();
        loop {
            let seen = self.engine.inspect(&host.name).await.map_err(|error| at(range, host, error))?;
            self.alive(range, host, &seen).await?;
            let Some(ready) = &host.ready else {
                if began.elapsed() >= within {
                    return Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            };
            let left = within.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(LaunchError::NotReady {
                    range,
                    host: host.host.clone(),
                    seconds: ready.within_ms / 1000,
                    said,
                });
            }
            let limit = u64::try_from(left.as_millis()).unwrap_or(TRY_MS).clamp(1, TRY_MS);
            match self.engine.exec(&host.name, ExecSpec::new(ready.command.clone()).timeout_ms(limit)).await {
                Ok(out) if out.ok() => return Ok(()),
                Ok(out) => said = out.said(),
                // It may be between two lives; the next look tells.
                Err(EngineError::Conflict(text)) => said = text,
                Err(error) => return Err(at(range, host, error)),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Nothing of a launch may have ended, not even once: the engine starts it again, but what it did is lost.
    async fn alive(&self, range: u16, host: &HostPlan, seen: &Inspection) -> Result<(), LaunchError> {
        if matches!(seen.state, State::Running) && seen.restarts == 0 {
            return Ok(());
        }
        // Running again, its exit code forgotten: what ends at its start will soon end once more.
        let mut end = seen.last_end;
        let until = Instant::now() + DIES_AGAIN;
        while end.is_none() && Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY / 5).await;
            end = match self.engine.inspect(&host.name).await {
                Ok(seen) => seen.last_end,
                Err(_) => break,
            };
        }
        Err(LaunchError::HostDied {
            range,
            host: host.host.clone(),
            code: end.map(|end| end.code),
            oom: end.is_some_and(|end| end.oom),
            log: self.last_words(host, end).await,
        })
    }

    /// The last lines of the life that ended; the next one may be writing already.
    async fn last_words(&self, host: &HostPlan, end: Option<Ended>) -> Vec<String> {
        let Some(ended_ms) = end.and_then(|end| end.finished_ms) else {
            return self.engine.tail(&host.name, LAST_LINES).await.unwrap_or_default();
        };
        let Ok(lines) = self.engine.logs(&host.name, ended_ms - LAST_WORDS_MS, false).await else {
            return Vec::new();
        };
        let until_ns = (ended_ms + LATE_WORDS_MS).saturating_mul(1_000_000);
        let mut last = VecDeque::new();
        let mut lines = lines.take_while(|line| std::future::ready(line.is_ok()));
        while let Some(Ok(line)) = lines.next().await {
            if line.at_ns <= until_ns {
                last.push_back(String::from_utf8_lossy(&line.bytes).into_owned());
                if last.len() > LAST_LINES {
                    last.pop_front();
                }
            }
        }
        last.into()
    }
}

fn at(range: u16, host: &HostPlan, error: EngineError) -> LaunchError {
    LaunchError::At { range, name: host.host.clone(), error }
}
