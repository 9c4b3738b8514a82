//! An engine in memory, for tests of what stands above an engine.
//!
//! It keeps objects, files and states and refuses what the real one refuses (the contract suite runs on both). It runs
//! nothing: a small set of commands is imitated (`true`, `false`, `echo`, `cat`, `sleep`), anything else is answered by
//! the script given to [`FakeEngine::answer`], or with code 0 and no output. Faults are put in with [`FakeEngine::fail`].

mod pipe;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use ipnet::Ipv4Net;
use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};

use crate::{
    ByteStream, Disk, Engine, EngineError, EngineInfo, ExecOut, ExecSpec, Happening, HostFacts, ImageInfo,
    ImageSpec, Inspection, Labels, LifeStream, Lines, LogLine, LogStream, Observation, Pipe, PipeSpec,
    Pruned, RunSeen, State, Terminal, TerminalControl, TerminalSpec, Wall, archive,
};
use state::{Inner, Link, Made};

/// A fault to put in.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Method of [`Engine`], `create_container`; `*` is any.
    pub call: String,
    /// Name of the object that the call is about; `*` is any.
    pub object: String,
    /// What the caller gets.
    pub error: EngineError,
    /// True: the engine does what was asked all the same, only the reply is lost.
    pub done: bool,
    /// How many calls it strikes; `u32::MAX` is all.
    pub times: u32,
}

/// Answers commands: container, command -> outcome, or `None` for the built-in behaviour.
pub type Script = Arc<dyn Fn(&str, &ExecSpec) -> Option<ExecOut> + Send + Sync>;

/// The engine in memory. Clones share their objects.
#[derive(Clone, Default)]
pub struct FakeEngine {
    inner: Arc<std::sync::Mutex<Inner>>,
}

impl FakeEngine {
    /// An engine with these images and nothing else.
    #[must_use]
    pub fn new<S: Into<String>>(images: impl IntoIterator<Item = S>) -> Self {
        let fake = Self::default();
        fake.set_memory(8 << 30);
        for image in images {
            fake.lock().images.insert(
                crate::images::full_name(&image.into()),
                ImageInfo {
                    id: "sha256:fake".into(),
                    hash: None,
                    size: 0,
                    created_ms: 0,
                    labels: BTreeMap::new(),
                },
            );
        }
        fake
    }

    /// Puts a fault in, behind those that are there.
    pub fn fail(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Takes all faults out.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// Sets what commands answer.
    pub fn answer(&self, script: impl Fn(&str, &ExecSpec) -> Option<ExecOut> + Send + Sync + 'static) {
        self.lock().script = Some(Arc::new(script));
    }

    /// What commands answer now, for a script that stands before it.
    #[must_use]
    pub fn script(&self) -> Option<Script> {
        self.lock().script.clone()
    }

    /// Lets a container end by itself.
    pub fn die(&self, container: &str, code: i64, oom: bool) {
        let mut inner = self.lock();
        if let Some(found) = inner.containers.get_mut(container) {
            found.state = State::Exited(crate::Ended { code, oom, finished_ms: Some(1) });
            if oom {
                inner.happened(container, Happening::OutOfMemory);
            }
            inner.happened(container, Happening::Died(code));
        }
    }

    /// Sets what a container has written beside its image, bytes.
    pub fn set_written(&self, container: &str, bytes: u64) {
        if let Some(found) = self.lock().containers.get_mut(container) {
            found.written = bytes;
        }
    }

    /// Makes it the engine of another machine, whose wall is out of reach: it can only be tried from inside.
    pub fn set_elsewhere(&self) {
        self.lock().elsewhere = true;
    }

    /// Takes the wall on the host away.
    pub fn flush_wall(&self) {
        self.lock().wall = false;
    }

    /// Removes a container behind everybody's back.
    pub fn vanish(&self, container: &str) {
        self.lock().containers.remove(container);
    }

    /// Lets a container write a line.
    pub fn write_line(&self, container: &str, at_ns: i64, text: &str) {
        if let Some(found) = self.lock().containers.get_mut(container) {
            found.lines.push(LogLine {
                at_ns,
                stderr: false,
                bytes: Bytes::copy_from_slice(text.as_bytes()),
            });
        }
    }

    /// Sets how much memory the host has, bytes.
    pub fn set_memory(&self, bytes: u64) {
        self.lock().memory = bytes;
    }

    /// Sets how much of its disk is free and how large that is, bytes.
    pub fn set_disk(&self, free: u64, size: u64) {
        self.lock().disk = Some(Disk { free, size });
    }

    /// Sets what the host looks like.
    pub fn set_host(&self, facts: HostFacts) {
        self.lock().host = facts;
    }

    /// Names of the calls made so far, with the object each was about, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// Number of shells that are open.
    #[must_use]
    pub fn shells(&self) -> usize {
        self.lock().shells
    }

    /// Number of pipes whose command runs.
    #[must_use]
    pub fn pipes(&self) -> usize {
        self.lock().pipes
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A test that panicked under the lock has failed already; the others may go on.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Does a step, or what a fault makes of it.
    fn step<T>(
        &self,
        call: &str,
        object: &str,
        act: impl FnOnce(&mut Inner) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut inner = self.lock();
        inner.calls.push(format!("{call} {object}"));
        match inner.strike(call, object) {
            Some((error, true)) => act(&mut inner).and(Err(error)),
            Some((error, false)) => Err(error),
            None => act(&mut inner),
        }
    }
}

fn running(found: &Made, container: &str) -> Result<(), EngineError> {
    match found.state {
        State::Running => Ok(()),
        State::Paused => Err(EngineError::Conflict(format!("container {container} is paused"))),
        _ => Err(EngineError::Conflict(format!("container {container} is not running"))),
    }
}

#[async_trait]
impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.step("info", "", |inner| {
            Ok(EngineInfo {
                version: "fake".into(),
                architecture: "x86_64".into(),
                storage: "memory".into(),
                root: String::new(),
                disk: inner.disk,
                cpus: 2,
                memory: inner.memory,
                available: None,
            })
        })
    }

    async fn ping(&self, _: Duration) -> Result<(), EngineError> {
        self.step("ping", "", |_| Ok(()))
    }

    async fn images(&self) -> Result<BTreeMap<String, ImageInfo>, EngineError> {
        self.step("images", "", |inner| Ok(inner.images.clone()))
    }

    async fn build(
        &self,
        image: &ImageSpec,
        anew: bool,
        _: Duration,
        lines: Lines<'_>,
    ) -> Result<String, EngineError> {
        lines("Step 1/1 : FROM scratch");
        self.step("build", &image.name, |inner| {
            let generation = if anew { inner.unnamed.len() + 1 } else { 0 };
            let id = format!("sha256:{}{generation:04x}", image.hash.get(..60).unwrap_or(&image.hash));
            inner.name_image(
                &image.name,
                ImageInfo {
                    id: id.clone(),
                    hash: Some(image.hash.clone()),
                    size: 1,
                    created_ms: 1,
                    labels: image.labels.clone(),
                },
            );
            Ok(id)
        })
    }

    async fn pull(&self, image: &str, _: Duration, _: Lines<'_>) -> Result<(), EngineError> {
        self.step("pull", image, |_| Err(EngineError::NotFound(format!("no registry has {image}"))))
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.step("remove_image", image, |inner| {
            inner.images.remove(image).map(|_| ()).ok_or_else(|| EngineError::NotFound(image.to_owned()))
        })
    }

    async fn export(&self, images: &[String]) -> Result<ByteStream, EngineError> {
        let tar = self.step("export", &images.join(" "), |inner| inner.export(images))?;
        let pieces: Vec<_> = tar.chunks(1024).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(futures_util::stream::iter(pieces).boxed())
    }

    async fn load(&self, mut tar: ByteStream, _: Duration) -> Result<(), EngineError> {
        let mut whole = Vec::new();
        while let Some(piece) = tar.next().await {
            whole.extend_from_slice(&piece?);
        }
        self.step("load", "", |inner| inner.load(&whole))
    }

    async fn prune_images(&self) -> Result<Pruned, EngineError> {
        self.step("prune_images", "", |inner| {
            let (gone, kept): (Vec<_>, Vec<_>) =
                std::mem::take(&mut inner.unnamed).into_iter().partition(|image| image.hash.is_some());
            inner.unnamed = kept;
            Ok(Pruned {
                freed: gone.iter().map(|image| image.size).sum(),
                removed: gone.into_iter().map(|image| image.id).collect(),
                in_use: Vec::new(),
            })
        })
    }

    async fn wall(&self) -> Result<Wall, EngineError> {
        self.step("guard", "", |inner| {
            Ok(match (inner.elsewhere, std::mem::replace(&mut inner.wall, true)) {
                (true, _) => Wall::Kept,
                (false, true) => Wall::Stood,
                (false, false) => Wall::Made,
            })
        })
    }

    async fn host(&self) -> Result<HostFacts, EngineError> {
        self.step("host", "", |inner| Ok(inner.host.clone()))
    }

    async fn subnets(&self) -> Result<Vec<(String, Ipv4Net)>, EngineError> {
        self.step("subnets", "", |inner| {
            Ok(inner.networks.iter().map(|(name, link)| (name.clone(), link.plan.subnet)).collect())
        })
    }

    async fn create_network(&self, network: &NetworkPlan, labels: &Labels) -> Result<(), EngineError> {
        self.step("create_network", &network.name, |inner| {
            let subnet = network.subnet;
            if inner.networks.contains_key(&network.name) {
                return Err(EngineError::Conflict(format!("network {} already exists", network.name)));
            }
            let overlaps = |link: &Link| {
                link.plan.subnet.contains(&subnet.network()) || subnet.contains(&link.plan.subnet.network())
            };
            if inner.networks.values().any(overlaps) {
                return Err(EngineError::Conflict(
                    "Pool overlaps with other one on this address space".into(),
                ));
            }
            let house = inner.house.clone();
            let link = Link { plan: network.clone(), labels: labels.clone(), house };
            inner.networks.insert(network.name.clone(), link);
            Ok(())
        })
    }

    async fn remove_network(&self, network: &str) -> Result<(), EngineError> {
        self.step("remove_network", network, |inner| {
            if inner.containers.values().any(|found| found.on.iter().any(|leg| leg.network == network)) {
                return Err(EngineError::Conflict(format!("network {network} has active endpoints")));
            }
            inner
                .networks
                .remove(network)
                .map(|_| ())
                .ok_or_else(|| EngineError::NotFound(network.to_owned()))
        })
    }

    async fn create_container(&self, host: &HostPlan, labels: &Labels) -> Result<String, EngineError> {
        self.step("create_container", &host.name, |inner| inner.make(host, labels))
    }

    async fn connect(&self, container: &str, leg: &Leg) -> Result<(), EngineError> {
        self.step("connect", container, |inner| inner.join(container, leg))
    }

    async fn start(&self, container: &str) -> Result<(), EngineError> {
        self.step("start", container, |inner| {
            let found = inner.container(container)?;
            // The one command that the fake knows to end at once.
            found.state = if found.plan.command.as_deref() == Some(&["false".to_owned()]) {
                State::Exited(crate::Ended { code: 1, oom: false, finished_ms: Some(1) })
            } else {
                State::Running
            };
            inner.happened(container, Happening::Started);
            Ok(())
        })
    }

    async fn stop(&self, container: &str) -> Result<(), EngineError> {
        self.step("stop", container, |inner| {
            let found = inner.container(container)?;
            if !matches!(found.state, State::Created | State::Exited(_)) {
                found.state = State::Exited(crate::Ended { code: 143, oom: false, finished_ms: Some(1) });
            }
            Ok(())
        })
    }

    async fn remove(&self, container: &str) -> Result<(), EngineError> {
        self.step("remove", container, |inner| {
            let name = inner.container(container)?.plan.name.clone();
            inner.containers.remove(&name);
            Ok(())
        })
    }

    async fn pause(&self, container: &str) -> Result<(), EngineError> {
        self.step("pause", container, |inner| {
            let found = inner.container(container)?;
            running(found, container)?;
            found.state = State::Paused;
            Ok(())
        })
    }

    async fn unpause(&self, container: &str) -> Result<(), EngineError> {
        self.step("unpause", container, |inner| {
            let found = inner.container(container)?;
            if found.state != State::Paused {
                return Err(EngineError::Conflict(format!("container {container} is not paused")));
            }
            found.state = State::Running;
            Ok(())
        })
    }

    async fn restart(&self, container: &str) -> Result<(), EngineError> {
        self.step("restart", container, |inner| {
            inner.container(container)?.state = State::Running;
            Ok(())
        })
    }

    async fn observe(&self, run: &str) -> Result<Observation, EngineError> {
        self.step("observe", run, |inner| Ok(inner.observe(run)))
    }

    async fn inspect(&self, container: &str) -> Result<Inspection, EngineError> {
        self.step("inspect", container, |inner| {
            let found = inner.container(container)?;
            let last_end = match found.state {
                State::Exited(end) | State::Restarting(end) => Some(end),
                _ => None,
            };
            let started_ms = (found.state != State::Created).then_some(1);
            Ok(Inspection { state: found.state.clone(), restarts: 0, started_ms, last_end })
        })
    }

    async fn list_runs(&self) -> Result<BTreeSet<String>, EngineError> {
        self.step("list_runs", "", |inner| {
            let networks = inner.networks.values().map(|link| link.labels.run.clone());
            Ok(networks.chain(inner.containers.values().map(|found| found.labels.run.clone())).collect())
        })
    }

    fn mark(&self, house: &str) {
        self.lock().house.get_or_insert_with(|| house.to_owned());
    }

    async fn runs(&self) -> Result<BTreeMap<String, RunSeen>, EngineError> {
        self.step("runs", "", |inner| {
            let mut runs: BTreeMap<String, RunSeen> = BTreeMap::new();
            for link in inner.networks.values() {
                let seen = runs.entry(link.labels.run.clone()).or_default();
                seen.networks += 1;
                seen.house = seen.house.take().or_else(|| link.house.clone());
            }
            for made in inner.containers.values() {
                let seen = runs.entry(made.labels.run.clone()).or_default();
                seen.containers += 1;
                seen.house = seen.house.take().or_else(|| made.house.clone());
            }
            Ok(runs)
        })
    }

    async fn exec(&self, container: &str, spec: ExecSpec) -> Result<ExecOut, EngineError> {
        let script = self.step("exec", container, |inner| {
            running(inner.container(container)?, container)?;
            Ok(inner.script.clone())
        })?;
        if let Some(out) = script.and_then(|script| script(container, &spec)) {
            return Ok(out);
        }
        Ok(imitate(&spec).await)
    }

    async fn terminal(&self, container: &str, _: TerminalSpec) -> Result<Terminal, EngineError> {
        self.step("terminal", container, |inner| {
            running(inner.container(container)?, container)?;
            inner.shells += 1;
            Ok(())
        })?;
        // It says back what is typed.
        let (person, shell) = tokio::io::duplex(64 * 1024);
        let (reader, writer) = tokio::io::split(person);
        let echo = tokio::spawn(async move {
            let (mut from, mut to) = tokio::io::split(shell);
            let _ = tokio::io::copy(&mut from, &mut to).await;
        });
        let control = Control { fake: self.clone(), echo, gone: std::sync::atomic::AtomicBool::new(false) };
        Ok(Terminal { reader: Box::pin(reader), writer: Box::pin(writer), control: Arc::new(control) })
    }

    async fn pipe(&self, container: &str, spec: PipeSpec) -> Result<Pipe, EngineError> {
        let script = self.step("pipe", container, |inner| {
            running(inner.container(container)?, container)?;
            inner.pipes += 1;
            Ok(inner.script.clone())
        })?;
        Ok(pipe::open(self.clone(), container, spec, script))
    }

    async fn sweep(&self, container: &str) -> Result<usize, EngineError> {
        // Its shells die with the process that holds them, so no former life leaves any.
        self.step("sweep", container, |inner| {
            let found = inner.container(container)?;
            if found.state == State::Paused { Ok(0) } else { running(found, container).map(|()| 0) }
        })
    }

    async fn put_files(&self, container: &str, at: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        let mut files = archive::unpack(&tar)?;
        for file in &mut files {
            file.path = format!("{}{}", at.trim_end_matches('/'), file.path);
        }
        self.step("put_files", container, |inner| {
            let found = inner.container(container)?;
            found.files.extend(files.into_iter().map(|file| (file.path.clone(), file)));
            Ok(())
        })
    }

    async fn written(&self, container: &str) -> Result<u64, EngineError> {
        self.step("written", container, |inner| Ok(inner.container(container)?.written))
    }

    async fn get_file(
        &self,
        container: &str,
        path: &str,
        limit: usize,
    ) -> Result<archive::File, EngineError> {
        self.step("get_file", container, |inner| {
            let file = inner.container(container)?.files.get(path).cloned();
            let file = file.ok_or_else(|| EngineError::NotFound(path.to_owned()))?;
            if file.content.len() > limit {
                return Err(EngineError::Refused(format!("{path} is larger than {limit} bytes")));
            }
            Ok(file)
        })
    }

    async fn logs(&self, container: &str, since_ms: i64, _: bool) -> Result<LogStream, EngineError> {
        let lines = self.step("logs", container, |inner| Ok(inner.container(container)?.lines.clone()))?;
        let from = since_ms.saturating_mul(1_000_000);
        let lines: Vec<_> = lines.into_iter().filter(|line| line.at_ns >= from).map(Ok).collect();
        Ok(futures_util::stream::iter(lines).boxed())
    }

    async fn lives(&self, run: &str, since_ms: i64) -> Result<LifeStream, EngineError> {
        // As with the real engine, whoever asks learns only from the stream that nobody answers.
        let lives = match self.step("lives", run, |inner| Ok(inner.lives_of(run))) {
            Err(silent) if silent.is_silence() => {
                return Ok(futures_util::stream::iter([Err(silent)]).boxed());
            }
            other => other?,
        };
        let lives: Vec<_> = lives.into_iter().filter(|life| life.at_ms >= since_ms).map(Ok).collect();
        Ok(futures_util::stream::iter(lives).boxed())
    }

    async fn tail(&self, container: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        self.step("tail", container, |inner| {
            let all = &inner.container(container)?.lines;
            let last = &all[all.len().saturating_sub(lines)..];
            Ok(last.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect())
        })
    }
}

/// The few commands that the fake runs.
async fn imitate(spec: &ExecSpec) -> ExecOut {
    let word = |at: usize| spec.argv.get(at).map(String::as_str).unwrap_or_default();
    let mut out = ExecOut::default();
    match word(0) {
        "false" => out.code = 1,
        "echo" => out.stdout = format!("{}\n", spec.argv[1..].join(" ")).into_bytes(),
        "cat" => out.stdout.clone_from(&spec.stdin),
        "sleep" => {
            let wanted = Duration::from_secs(word(1).parse().unwrap_or(u64::from(u32::MAX)));
            let allowed = Duration::from_millis(spec.timeout_ms);
            tokio::time::sleep(wanted.min(allowed)).await;
            out.timed_out = wanted >= allowed;
        }
        _ => {}
    }
    if out.stdout.len() > spec.limit {
        out.stdout.truncate(spec.limit);
        out.truncated = true;
    }
    if out.timed_out || out.truncated {
        out.code = -1;
    }
    out
}

struct Control {
    fake: FakeEngine,
    echo: tokio::task::JoinHandle<()>,
    gone: std::sync::atomic::AtomicBool,
}

impl Control {
    fn end(&self) {
        if !self.gone.swap(true, std::sync::atomic::Ordering::Relaxed) {
            self.echo.abort();
            self.fake.lock().shells -= 1;
        }
    }
}

#[async_trait]
impl TerminalControl for Control {
    async fn resize(&self, _: u16, _: u16) -> Result<(), EngineError> {
        if self.gone.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(EngineError::NotFound("the shell has ended".into()));
        }
        Ok(())
    }

    async fn hangup(&self) -> Result<(), EngineError> {
        self.end();
        Ok(())
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.end();
    }
}
