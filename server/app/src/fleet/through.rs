//! The way to a node. Every call goes through its breaker: while the node is silent, a call fails at once instead of waiting
//! for its deadline, and one that is under way ends when the node goes silent. What is made carries the epoch of the
//! placement it is made for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ipnet::Ipv4Net;
use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};
use rampart_engine::{
    ByteStream, Engine, EngineError, EngineInfo, ExecOut, ExecSpec, HostFacts, ImageInfo, ImageSpec,
    Inspection, Labels, LifeStream, Lines, LogStream, Observation, Pipe, PipeSpec, Pruned, RunSeen, Terminal,
    TerminalSpec, Wall, archive,
};

use super::node::{Node, NodeState};
use crate::clock::Clock;

/// What a call goes through.
pub(super) struct Through {
    pub node: Arc<Node>,
    pub clock: Arc<dyn Clock>,
    /// Epoch of the placement; `None` for what concerns the node itself.
    pub epoch: Option<u64>,
    /// True once another placement has taken the run over.
    pub superseded: Arc<AtomicBool>,
    /// Removes what was given up: goes to a fenced node too, and to a superseded placement.
    pub sweeps: bool,
}

impl Through {
    fn open(&self) -> Result<&dyn Engine, EngineError> {
        if !self.sweeps && self.superseded.load(Ordering::Relaxed) {
            return Err(EngineError::Refused("the range has been built again elsewhere".to_owned()));
        }
        match *self.node.state.borrow() {
            NodeState::Fenced { .. } if self.sweeps => {}
            _ => self.node.open()?,
        }
        Ok(self.node.engine.as_ref())
    }

    async fn watched<T>(
        &self,
        call: impl Future<Output = Result<T, EngineError>> + Send,
    ) -> Result<T, EngineError> {
        let answer = self.unheard(call).await;
        if is_word_of_the_engine(&answer) {
            self.node.heard(self.clock.now_ms());
        }
        answer
    }

    /// The same for calls of which the answer need not be the engine's: what is read from the host that the platform runs on,
    /// and streams, which open before anybody is asked. They say nothing about the node's life; taken for a sign of it, one
    /// that is opened again and again would keep a dead node alive.
    async fn unheard<T>(
        &self,
        call: impl Future<Output = Result<T, EngineError>> + Send,
    ) -> Result<T, EngineError> {
        tokio::select! {
            biased;
            answer = call => answer,
            silent = self.node.silence() => Err(silent),
        }
    }

    fn stamped(&self, labels: &Labels) -> Labels {
        Labels { epoch: self.epoch.unwrap_or(labels.epoch), ..labels.clone() }
    }
}

/// Whether only the engine can have said this. Refusals are also made on this side of the wire.
fn is_word_of_the_engine<T>(answer: &Result<T, EngineError>) -> bool {
    match answer {
        Ok(_) | Err(EngineError::NotFound(_) | EngineError::Conflict(_) | EngineError::Failed(_)) => true,
        Err(
            EngineError::Refused(_)
            | EngineError::NodeUnreachable { .. }
            | EngineError::Untrusted(_)
            | EngineError::Timeout(_)
            | EngineError::Io(_),
        ) => false,
    }
}

#[async_trait]
impl Engine for Through {
    fn at_once(&self) -> usize {
        self.node.engine.at_once()
    }

    async fn ping(&self, within: Duration) -> Result<(), EngineError> {
        self.watched(self.open()?.ping(within)).await
    }

    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.watched(self.open()?.info()).await
    }

    async fn images(&self) -> Result<BTreeMap<String, ImageInfo>, EngineError> {
        self.watched(self.open()?.images()).await
    }

    async fn build(
        &self,
        image: &ImageSpec,
        anew: bool,
        deadline: Duration,
        lines: Lines<'_>,
    ) -> Result<String, EngineError> {
        self.watched(self.open()?.build(image, anew, deadline, lines)).await
    }

    async fn pull(&self, image: &str, deadline: Duration, lines: Lines<'_>) -> Result<(), EngineError> {
        self.watched(self.open()?.pull(image, deadline, lines)).await
    }

    async fn remove_image(&self, image: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.remove_image(image)).await
    }

    async fn export(&self, images: &[String]) -> Result<ByteStream, EngineError> {
        self.watched(self.open()?.export(images)).await
    }

    async fn load(&self, tar: ByteStream, deadline: Duration) -> Result<(), EngineError> {
        self.watched(self.open()?.load(tar, deadline)).await
    }

    async fn prune_images(&self) -> Result<Pruned, EngineError> {
        self.watched(self.open()?.prune_images()).await
    }

    async fn wall(&self) -> Result<Wall, EngineError> {
        let found = self.unheard(self.open()?.wall()).await;
        self.node.wall_seen(&found, self.clock.now_ms());
        found
    }

    async fn host(&self) -> Result<HostFacts, EngineError> {
        self.unheard(self.open()?.host()).await
    }

    async fn subnets(&self) -> Result<Vec<(String, Ipv4Net)>, EngineError> {
        self.watched(self.open()?.subnets()).await
    }

    async fn create_network(&self, network: &NetworkPlan, labels: &Labels) -> Result<(), EngineError> {
        let labels = self.stamped(labels);
        self.watched(self.open()?.create_network(network, &labels)).await
    }

    async fn remove_network(&self, network: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.remove_network(network)).await
    }

    async fn create_container(&self, host: &HostPlan, labels: &Labels) -> Result<String, EngineError> {
        let labels = self.stamped(labels);
        self.watched(self.open()?.create_container(host, &labels)).await
    }

    async fn connect(&self, container: &str, leg: &Leg) -> Result<(), EngineError> {
        self.watched(self.open()?.connect(container, leg)).await
    }

    async fn start(&self, container: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.start(container)).await
    }

    async fn stop(&self, container: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.stop(container)).await
    }

    async fn remove(&self, container: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.remove(container)).await
    }

    async fn pause(&self, container: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.pause(container)).await
    }

    async fn unpause(&self, container: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.unpause(container)).await
    }

    async fn restart(&self, container: &str) -> Result<(), EngineError> {
        self.watched(self.open()?.restart(container)).await
    }

    async fn observe(&self, run: &str) -> Result<Observation, EngineError> {
        self.watched(self.open()?.observe(run)).await
    }

    async fn inspect(&self, container: &str) -> Result<Inspection, EngineError> {
        self.watched(self.open()?.inspect(container)).await
    }

    async fn list_runs(&self) -> Result<BTreeSet<String>, EngineError> {
        self.watched(self.open()?.list_runs()).await
    }

    fn mark(&self, house: &str) {
        self.node.engine.mark(house);
    }

    async fn runs(&self) -> Result<BTreeMap<String, RunSeen>, EngineError> {
        self.watched(self.open()?.runs()).await
    }

    async fn exec(&self, container: &str, spec: ExecSpec) -> Result<ExecOut, EngineError> {
        let _turn = self.node.execs.acquire().await.map_err(|error| EngineError::Io(error.to_string()))?;
        self.watched(self.open()?.exec(container, spec)).await
    }

    async fn terminal(&self, container: &str, spec: TerminalSpec) -> Result<Terminal, EngineError> {
        self.watched(self.open()?.terminal(container, spec)).await
    }

    async fn pipe(&self, container: &str, spec: PipeSpec) -> Result<Pipe, EngineError> {
        self.watched(self.open()?.pipe(container, spec)).await
    }

    async fn sweep(&self, container: &str) -> Result<usize, EngineError> {
        self.watched(self.open()?.sweep(container)).await
    }

    async fn written(&self, container: &str) -> Result<u64, EngineError> {
        self.watched(self.open()?.written(container)).await
    }

    async fn put_files(&self, container: &str, at: &str, tar: Vec<u8>) -> Result<(), EngineError> {
        self.watched(self.open()?.put_files(container, at, tar)).await
    }

    async fn get_file(
        &self,
        container: &str,
        path: &str,
        limit: usize,
    ) -> Result<archive::File, EngineError> {
        self.watched(self.open()?.get_file(container, path, limit)).await
    }

    async fn logs(&self, container: &str, since_ms: i64, follow: bool) -> Result<LogStream, EngineError> {
        self.unheard(self.open()?.logs(container, since_ms, follow)).await
    }

    async fn lives(&self, run: &str, since_ms: i64) -> Result<LifeStream, EngineError> {
        self.unheard(self.open()?.lives(run, since_ms)).await
    }

    async fn tail(&self, container: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        self.watched(self.open()?.tail(container, lines)).await
    }
}
