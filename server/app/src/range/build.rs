//! Making networks and containers, from nothing or from what stands.
//!
//! How many are in the making at once is the engine's bound, over all launches. What is made goes first: no command runs in
//! a container before all of the launch run, since commands take the same processors. Nothing is lost by it, seats open
//! when all are ready. The gateways go before everything else of their ranges, and come up while the others are made.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, try_join, try_join_all, try_join3};
use rampart_domain::plan::{HostPlan, Leg, NetworkPlan, Plan, RangePlan};
use rampart_domain::scenario::Role;
use rampart_domain::secret::RunSecret;
use rampart_engine::{Ended, Engine, EngineError, ExecSpec, Inspection, Labels, Network, State};
use scoreboard::Proof;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::patience::{Patience, persist};
use super::plant::Accounts;
use super::proofs::{OfRange, Tries};
use super::reset::Stage;
use super::stand::{self, Stands};
use super::{LEAST_FREE_PERCENT, LaunchError, Step, Steps, plant};

/// Pause between two looks at a host.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Tries a readiness probe inside the host, soon at first and then at leisure, so that a service that needs a moment costs
/// one command of the engine and not ten. Says what the last try said when none succeeded.
const TRY: &str = r#"i=0
while :; do
  said=$("$@" 2>&1) && exit 0
  i=$((i+1))
  [ $i -lt "$0" ] || { printf '%s\n' "$said"; exit 1; }
  if [ $i -le 6 ]; then sleep 0.05; elif [ $i -le 12 ]; then sleep 0.1; else sleep 0.25; fi
done"#;
/// Tries of one such command, and its limit, ms.
const TRIES: &str = "24";
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

/// Hosts of a launch that are made ready at once, when all run.
const AT_ONCE: usize = 48;
/// What our gateway's log says as soon as it routes and answers names (`images/gateway`: the rules and the addresses stand
/// before its name server is started, which says this when it listens everywhere).
const GATEWAY_SAYS: &[u8] = b": started, version ";
/// How long that is waited for; a gateway that says something else is asked by its probe then.
const SAYS_WITHIN: Duration = Duration::from_secs(10);

/// What all steps of one launch share.
struct Work<'a> {
    engine: &'a dyn Engine,
    plan: &'a Plan,
    secret: &'a RunSecret,
    steps: Steps<'a>,
    stands: Stands,
    accounts: Accounts,
    /// Turns of hosts to be made ready: none before all run.
    turns: Semaphore,
    /// Hosts that do not run yet.
    to_start: AtomicUsize,
    /// Fires when all run.
    all_run: CancellationToken,
}

/// Counts the parts of a step.
struct Count<'a> {
    steps: Steps<'a>,
    range: u16,
    name: &'static str,
    done: AtomicUsize,
    had: usize,
    all: usize,
}

impl<'a> Count<'a> {
    /// Of `all` parts `had` stood before.
    fn new(steps: Steps<'a>, range: u16, name: &'static str, had: usize, all: usize) -> Self {
        let count = Self { steps, range, name, done: AtomicUsize::new(had), had, all };
        count.tell(had);
        count
    }

    fn one(&self) {
        self.tell(self.done.fetch_add(1, Ordering::Relaxed) + 1);
    }

    fn tell(&self, done: usize) {
        let Self { range, name, had, all, .. } = *self;
        (self.steps)(Step { range, name, done, had, all });
    }
}

/// Makes everything of the plan, and tries the walls of each range that stands as soon as all containers run.
pub(super) async fn everything(
    engine: &dyn Engine,
    plan: &Plan,
    secret: &RunSecret,
    tries: &Tries<'_>,
    steps: Steps<'_>,
) -> Result<Vec<(u16, Vec<Proof>)>, LaunchError> {
    // All looks at once: none of them makes anything of the plan, and every one that fails ends the launch.
    let guard = async { Ok::<(), LaunchError>(engine.guard().await?) };
    let stands = async { Ok(stand::look(engine, plan).await?) };
    let ((), (), stands) = try_join3(look_before(engine, plan), guard, stands).await?;
    let work = Work::new(engine, plan, secret, steps, stands);
    // All of them: the engine's bound keeps the order, and while one range waits for its gateway the others go on.
    let ranges: Vec<BoxFuture<'_, OfRange>> = plan
        .ranges
        .iter()
        .map(|range| -> BoxFuture<'_, _> {
            let work = &work;
            Box::pin(async move {
                work.range(range).await?;
                work.all_run.cancelled().await;
                Ok((range.range, tries.of(range, steps).await?))
            })
        })
        .collect();
    try_join_all(ranges).await
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
    let work = Work::new(engine, plan, secret, &|_| {}, Stands::default());
    stage("make");
    work.make(range, host).await?;
    work.start(range, host).await?;
    stage("ready");
    work.wait(range, host).await?;
    stage("plants");
    plant::after_start(engine, secret, range, host, false, &|| {}).await?;
    work.still_alive(range, host).await
}

/// What can be known before anything is made.
async fn look_before(engine: &dyn Engine, plan: &Plan) -> Result<(), LaunchError> {
    let (info, there) = try_join(engine.info(), engine.images()).await?;
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

impl<'a> Work<'a> {
    fn new(
        engine: &'a dyn Engine,
        plan: &'a Plan,
        secret: &'a RunSecret,
        steps: Steps<'a>,
        stands: Stands,
    ) -> Self {
        let hosts = plan.ranges.iter().flat_map(|range| &range.hosts);
        let to_start = hosts.filter(|host| !stands.containers.contains(&host.name)).count();
        let (turns, accounts) = (Semaphore::new(0), Accounts::default());
        let (all_run, to_start) = (CancellationToken::new(), AtomicUsize::new(to_start));
        let work = Self { engine, plan, secret, steps, stands, accounts, turns, to_start, all_run };
        if work.to_start.load(Ordering::Relaxed) == 0 {
            work.begin_rest();
        }
        work
    }

    /// All containers run: the processors are free for what is done inside them.
    fn begin_rest(&self) {
        self.turns.add_permits(AT_ONCE);
        self.all_run.cancel();
    }
}

impl Work<'_> {
    fn labels(&self, range: u16, name: &str) -> Labels {
        Labels {
            run: self.plan.run.clone(),
            range,
            name: name.to_owned(),
            plan: self.plan.hash.clone(),
            epoch: 0,
        }
    }

    async fn networks(&self, range: &RangePlan) -> Result<(), LaunchError> {
        let stands = |network: &&NetworkPlan| self.stands.networks.contains(&network.name);
        let had = range.networks.iter().filter(stands).count();
        let count = Count::new(self.steps, range.range, "networks", had, range.networks.len());
        let make = async |network| {
            self.network(range.range, network).await?;
            count.one();
            Ok::<(), LaunchError>(())
        };
        try_join_all(range.networks.iter().filter(|network| !stands(network)).map(make)).await?;
        Ok(())
    }

    async fn network(&self, range: u16, network: &NetworkPlan) -> Result<(), LaunchError> {
        let labels = self.labels(range, &network.zone);
        let at = |error| LaunchError::At { range, name: network.zone.clone(), error };
        let mut patience = Patience::default();
        loop {
            match self.engine.create_network(network, &labels).await {
                Ok(()) => return Ok(()),
                Err(EngineError::Conflict(text)) => {
                    let ours = self.engine.observe(&self.plan.run).await.map_err(at)?;
                    let made = |one: &Network| one.name == network.name && one.plan == self.plan.hash;
                    if ours.networks.iter().any(made) {
                        return Ok(());
                    }
                    let taken = self.engine.subnets().await.map_err(at)?;
                    let holder = taken.into_iter().find(|(_, subnet)| {
                        subnet.contains(&network.subnet.network())
                            || network.subnet.contains(&subnet.network())
                    });
                    let by = match holder {
                        Some((name, _)) => name,
                        // Nobody has it by now: it was just being given back, or the engine holds it for something that
                        // it does not list.
                        None => match patience.wait(EngineError::Conflict(text.clone())).await {
                            Ok(()) => continue,
                            Err(_) => text,
                        },
                    };
                    return Err(LaunchError::SubnetTaken { subnet: network.subnet.to_string(), by });
                }
                // Asked again: if the call was done after all, the next one says so.
                Err(error) if error.may_pass() => patience.wait(error).await.map_err(at)?,
                Err(error) => return Err(at(error)),
            }
        }
    }

    /// One range up to its last planted secret.
    async fn range(&self, range: &RangePlan) -> Result<(), LaunchError> {
        let all = range.hosts.len();
        let had = range.hosts.iter().filter(|host| self.runs(host)).count();
        let created = Count::new(self.steps, range.range, "created", had, all);
        let made = Count::new(self.steps, range.range, "hosts", had, all);
        let ready = Count::new(self.steps, range.range, "ready", 0, all);
        let things = range.hosts.iter().map(|host| host.plants.len() + host.logins.len()).sum();
        let planted = Count::new(self.steps, range.range, "plants", 0, things);
        let (gateways, others): (Vec<&HostPlan>, Vec<&HostPlan>) =
            range.hosts.iter().partition(|host| host.role == Role::Gateway);
        let make = |host| self.make_one(range.range, host, &created);
        let run = |host| self.run(range.range, host, &made);
        self.networks(range).await?;
        try_join_all(gateways.iter().map(|host| make(host))).await?;
        try_join_all(gateways.iter().map(|host| run(host))).await?;
        // The gateway must route and answer names before anybody asks; the others are made meanwhile, but not started.
        let routing = try_join_all(gateways.iter().map(|host| self.routes(range.range, host)));
        let beside = try_join_all(others.iter().map(|host| make(host)));
        try_join(routing, beside).await?;
        try_join_all(others.iter().map(|host| run(host))).await?;
        let began = Instant::now();
        try_join_all(range.hosts.iter().map(|host| self.up(range.range, host, began, [&ready, &planted])))
            .await?;
        // Who died while others were made ready is found here.
        try_join_all(range.hosts.iter().map(|host| self.still_alive(range.range, host))).await?;
        Ok(())
    }

    /// True when a former life of the server has made and started it.
    fn runs(&self, host: &HostPlan) -> bool {
        self.stands.containers.contains(&host.name)
    }

    async fn make_one(&self, range: u16, host: &HostPlan, created: &Count<'_>) -> Result<(), LaunchError> {
        if !self.runs(host) {
            self.make(range, host).await?;
            created.one();
        }
        Ok(())
    }

    /// Starts a container that is made.
    async fn run(&self, range: u16, host: &HostPlan, made: &Count<'_>) -> Result<(), LaunchError> {
        if self.runs(host) {
            return Ok(());
        }
        self.start(range, host).await?;
        made.one();
        if self.to_start.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.begin_rest();
        }
        Ok(())
    }

    /// Waits until a gateway that runs routes and answers names. Its log says so, which costs no command; that its probe
    /// agrees is asked with those of all other hosts.
    async fn routes(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let says = async {
            let mut lines = self.engine.logs(&host.name, 0, true).await?;
            while let Some(line) = lines.next().await {
                if says_it_routes(&line?.bytes) {
                    return Ok::<bool, EngineError>(true);
                }
            }
            Ok(false)
        };
        match tokio::time::timeout(SAYS_WITHIN, says).await {
            Ok(Ok(true)) => Ok(()),
            // Another image, or a gateway that ended: the probe and a look tell.
            _ => self.wait(range, host).await,
        }
    }

    /// Waits until a host that runs since `began` is ready, and plants and reads back.
    async fn up(
        &self,
        range: u16,
        host: &HostPlan,
        began: Instant,
        [ready, planted]: [&Count<'_>; 2],
    ) -> Result<(), LaunchError> {
        // A host without a probe only has to last for a moment, which costs nobody a turn.
        if host.ready.is_none() {
            self.all_run.cancelled().await;
            tokio::time::sleep_until(began + SETTLE).await;
            self.still_alive(range, host).await?;
        }
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await.ok();
        if host.ready.is_some() {
            self.wait(range, host).await?;
        }
        ready.one();
        let ran = self.runs(host);
        plant::after_start(self.engine, self.secret, range, host, ran, &|| planted.one()).await
    }

    /// Makes a container with all its legs and files.
    async fn make(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let at = |error| at(range, host, error);
        self.create(range, host).await.map_err(at)?;
        for leg in host.legs.iter().skip(1) {
            self.connect(host, leg).await.map_err(at)?;
        }
        plant::before_start(self.engine, self.secret, range, host, &self.accounts).await
    }

    async fn create(&self, range: u16, host: &HostPlan) -> Result<(), EngineError> {
        let labels = self.labels(range, &host.host);
        let mut patience = Patience::default();
        loop {
            let error = match self.engine.create_container(host, &labels).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if let EngineError::Conflict(_) = &error {
                let seen = self.engine.observe(&self.plan.run).await?;
                match seen.container(&host.name) {
                    // Made by a call whose reply was lost, perhaps one of a former life of the server.
                    Some(made) if made.plan == self.plan.hash && made.state == State::Created => {
                        return Ok(());
                    }
                    // Gone, going, or in the way: the next try tells.
                    Some(made) => {
                        if let Err(silent @ EngineError::NodeUnreachable { .. }) =
                            self.engine.remove(&made.id).await
                        {
                            return Err(silent);
                        }
                    }
                    // Another's, or one that is just being removed.
                    None => {}
                }
            } else if !error.may_pass() {
                return Err(error);
            }
            patience.wait(error).await?;
        }
    }

    /// Gives a container a further leg.
    async fn connect(&self, host: &HostPlan, leg: &Leg) -> Result<(), EngineError> {
        let mut patience = Patience::default();
        loop {
            match self.engine.connect(&host.name, leg).await {
                Ok(()) => return Ok(()),
                // Whether it is this very leg, the proof of the interfaces says later.
                Err(EngineError::Conflict(_)) if patience.is_again() => return Ok(()),
                Err(error @ EngineError::Conflict(_)) => patience.wait(error).await?,
                Err(error) if error.may_pass() => patience.wait(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn start(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        persist(|| self.engine.start(&host.name)).await.map_err(|error| at(range, host, error))
    }

    /// Waits until a host is ready, or finds that it died.
    async fn wait(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let began = Instant::now();
        let Some(ready) = &host.ready else {
            tokio::time::sleep(SETTLE).await;
            return self.still_alive(range, host).await;
        };
        let within = Duration::from_millis(u64::try_from(ready.within_ms).unwrap_or(0));
        let mut said = String::new();
        loop {
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
            let tries = ["sh", "-c", TRY, TRIES].map(str::to_owned);
            let command = tries.into_iter().chain(ready.command.iter().cloned());
            match self.engine.exec(&host.name, ExecSpec::new(command).timeout_ms(limit)).await {
                Ok(out) if out.ok() => return Ok(()),
                // What it said the time before tells more than its silence.
                Ok(out) if out.timed_out && out.said().is_empty() && !said.is_empty() => {}
                Ok(out) if out.timed_out && out.said().is_empty() => "no end in time".clone_into(&mut said),
                Ok(out) => said = out.said(),
                // It may be between two lives; the look tells.
                Err(EngineError::Conflict(text)) => said = text,
                Err(error) if error.may_pass() => said = error.to_string(),
                Err(error) => return Err(at(range, host, error)),
            }
            self.still_alive(range, host).await?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn still_alive(&self, range: u16, host: &HostPlan) -> Result<(), LaunchError> {
        let seen = persist(|| self.engine.inspect(&host.name)).await;
        self.alive(range, host, &seen.map_err(|error| at(range, host, error))?).await
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

/// Whether a line of a gateway's log says that it routes and answers names.
pub(super) fn says_it_routes(line: &[u8]) -> bool {
    line.windows(GATEWAY_SAYS.len()).any(|part| part == GATEWAY_SAYS)
}

fn at(range: u16, host: &HostPlan, error: EngineError) -> LaunchError {
    LaunchError::At { range, name: host.host.clone(), error }
}
