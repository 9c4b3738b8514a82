//! Records of a range: the standard output of its hosts, followed through the engine, stored, labelled, and handed to
//! blue's list without the label.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use rampart_domain::plan::{Plan, RangePlan};
use rampart_domain::scenario::Telemetry;
use rampart_domain::truth::{Confirmed, Event, Watch, read_record};
use rampart_store::StoredEvent;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::runner::Tools;
use super::{Command, Exercise, Inner};

/// Records written together at most.
const BATCH: usize = 256;
/// Records that wait at most for one range; the follower of a flooding host waits, the engine's log is its buffer.
const WAITING: usize = 2048;
/// Ids remembered to spare the watch a record that comes twice.
const KNOWN_IDS: usize = 50_000;
/// How long after a broken log stream the next try begins.
const RETRY: Duration = Duration::from_secs(2);
/// Records a host may deliver in one second; beyond it they are dropped and counted, so that one host cannot drown the
/// others.
const PER_SECOND: u32 = 500;

/// Follows every host of every range that has telemetry.
pub(super) fn follow(exercise: &Arc<Exercise>, tools: &Tools, plan: &Arc<Plan>, stop: &CancellationToken) {
    for range in &plan.ranges {
        let (sender, receiver) = mpsc::channel(WAITING);
        for host in &range.hosts {
            let Some(kind) = host.telemetry else { continue };
            let follower = Follower {
                exercise: exercise.clone(),
                tools: tools.clone(),
                range: range.clone(),
                host: host.host.clone(),
                container: host.name.clone(),
                kind,
                sender: sender.clone(),
            };
            let stop = stop.clone();
            tools.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = follower.run() => {}
                }
            });
        }
        tools.tasks.spawn(keep(exercise.clone(), tools.clone(), range.range, receiver));
    }
}

struct Follower {
    exercise: Arc<Exercise>,
    tools: Tools,
    range: RangePlan,
    host: String,
    container: String,
    kind: Telemetry,
    sender: mpsc::Sender<Event>,
}

impl Follower {
    async fn run(self) {
        let mut since_ms = self.resume_from().await;
        loop {
            match self.tools.engine.logs(&self.container, since_ms, true).await {
                Ok(mut lines) => {
                    let (mut second, mut count, mut dropped) = (0, 0, 0_u64);
                    while let Some(line) = lines.next().await {
                        let Ok(line) = line else { break };
                        let at_ms = line.at_ns / 1_000_000;
                        since_ms = since_ms.max(at_ms);
                        if at_ms / 1000 != second {
                            (second, count) = (at_ms / 1000, 0);
                            if dropped > 0 {
                                tracing::warn!(host = %self.container, dropped, "records dropped: too many a second");
                                dropped = 0;
                            }
                        }
                        count += 1;
                        if count > PER_SECOND {
                            dropped += 1;
                            continue;
                        }
                        let Some(event) =
                            read_record(&self.range, &self.host, self.kind, line.at_ns, &line.bytes)
                        else {
                            continue;
                        };
                        if event.is_platform(self.exercise.scenario()) {
                            continue;
                        }
                        if self.sender.send(event).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    tracing::debug!(host = %self.container, %error, "log stream not to be had; trying again");
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Where the store's records of this host end; those of the last millisecond come again and are known by their id.
    async fn resume_from(&self) -> i64 {
        match self.tools.store.events().last_ms(&self.exercise.id, self.range.range, &self.host).await {
            Ok(last) => last.unwrap_or(0),
            Err(error) => {
                tracing::warn!(%error, "cannot tell where the records end; reading from the start");
                0
            }
        }
    }
}

/// Stores, labels and hands on the records of one range, in order.
async fn keep(exercise: Arc<Exercise>, tools: Tools, range: u16, mut receiver: mpsc::Receiver<Event>) {
    let mut watch = Watch::new(exercise.scenario());
    for seen in exercise.fold().actions.iter().filter(|seen| seen.range == range) {
        watch.known(&seen.action, seen.seen_ms);
    }
    let mut waiting = Vec::with_capacity(BATCH);
    // After a broken stream its last lines come again. The store knows them too; this spares the watch.
    let mut known_ids: HashSet<String> = HashSet::new();
    while receiver.recv_many(&mut waiting, BATCH).await > 0 {
        let batch: Vec<Event> = std::mem::take(&mut waiting);
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut confirmed: Vec<Confirmed> = Vec::new();
        let mut fresh: Vec<Event> = Vec::with_capacity(batch.len());
        for event in batch {
            if known_ids.len() > KNOWN_IDS {
                known_ids.clear();
            }
            if !known_ids.insert(event.id.clone()) {
                continue;
            }
            let observed = watch.observe(&event);
            labels.extend(observed.labels.into_iter().map(|label| (event.id.clone(), label)));
            confirmed.extend(observed.confirmed);
            fresh.push(event);
        }
        if fresh.is_empty() {
            continue;
        }
        let rows: Vec<StoredEvent> = fresh.iter().map(|event| stored(&exercise.id, event)).collect();
        let added = loop {
            match tools.store.events().append(&rows, &labels).await {
                Ok(added) => break added,
                Err(error) => {
                    tracing::error!(exercise = %exercise.id, %error, "records could not be stored; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        };
        {
            let mut known = exercise.labels.write().unwrap_or_else(PoisonError::into_inner);
            for (event, label) in labels {
                let of = known.entry(event).or_default();
                if !of.contains(&label) {
                    of.push(label);
                }
            }
        }
        for event in fresh {
            if added.contains(&event.id) {
                let _ = exercise.events.send(Arc::new(event));
            }
        }
        for confirmed in confirmed {
            let told = Command::Inner(Inner::Confirmed { range, confirmed });
            if exercise.commands.send(told).await.is_err() {
                return;
            }
        }
    }
}

fn stored(exercise: &str, event: &Event) -> StoredEvent {
    StoredEvent {
        id: event.id.clone(),
        exercise_id: exercise.to_owned(),
        range: event.range,
        at_ms: event.at_ms,
        host: event.host.clone(),
        kind: match event.kind {
            Telemetry::Web => "web".to_owned(),
            Telemetry::Flow => "flow".to_owned(),
        },
        fields: serde_json::to_string(&event.fields).unwrap_or_default(),
    }
}
