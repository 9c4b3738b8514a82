//! Records of a range: the standard output of its hosts, followed through the engine, stored, labelled, and handed to
//! blue's list without the label.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use rampart_domain::plan::{Plan, RangePlan};
use rampart_domain::scenario::Telemetry;
use rampart_domain::truth::{Confirmed, Event, Watch, read_record};
use rampart_store::{Cursor, Page, StoreError, StoredEvent};
use scoreboard::Reason;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::runner::Tools;
use super::{Command, Exercise, Inner};
use crate::fleet::RangeEngine;

/// Records written together at most.
const BATCH: usize = 256;
/// Records that wait at most for one range; the follower of a flooding host waits, the engine's log is its buffer.
const WAITING: usize = 2048;
/// Ids remembered to spare the watch a record that comes twice.
const KNOWN_IDS: usize = 50_000;
/// How long after a broken log stream the next try begins.
const RETRY: Duration = Duration::from_secs(2);
/// Records of one host and one second that are stored; beyond it they are dropped and counted, so that one host cannot
/// drown the others. Evidence has room of its own: a flood must not hide an act.
const PER_SECOND: u32 = 500;
const EVIDENCE_PER_SECOND: u32 = 50;
/// How often the log tells of records that a host had dropped, at most, ms.
const TELL_MS: i64 = 60_000;
/// How far back stored records are watched again after a start, ms before the latest: the act that they prove may not
/// have reached the ledger.
const AGAIN_MS: i64 = 15 * 60_000;
/// Stored records read together.
const PAGE: u32 = 1000;

/// Follows every host of every range that has telemetry, from where the store's records end, or from `from_ms` (ms UTC).
pub(super) fn follow(
    exercise: &Arc<Exercise>,
    tools: &Tools,
    engine: &RangeEngine,
    plan: &Arc<Plan>,
    from_ms: i64,
    stop: &CancellationToken,
) {
    for range in &plan.ranges {
        let (sender, receiver) = mpsc::channel(WAITING);
        for host in &range.hosts {
            let Some(kind) = host.telemetry else { continue };
            let follower = Follower {
                exercise: exercise.clone(),
                tools: tools.clone(),
                engine: engine.clone(),
                range: range.clone(),
                host: host.host.clone(),
                container: host.name.clone(),
                kind,
                from_ms,
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
        tools.tasks.spawn(keep(exercise.clone(), tools.clone(), (range.range, engine.epoch()), receiver));
    }
}

struct Follower {
    exercise: Arc<Exercise>,
    tools: Tools,
    engine: RangeEngine,
    range: RangePlan,
    host: String,
    container: String,
    kind: Telemetry,
    from_ms: i64,
    sender: mpsc::Sender<Event>,
}

impl Follower {
    async fn run(self) {
        let mut since_ms = self.resume_from().await;
        loop {
            match self.engine.logs(&self.container, since_ms, true).await {
                Ok(mut lines) => {
                    while let Some(line) = lines.next().await {
                        let Ok(line) = line else { break };
                        since_ms = since_ms.max(line.at_ns / 1_000_000);
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
            Ok(last) => last.unwrap_or(self.from_ms),
            Err(error) => {
                tracing::warn!(%error, "cannot tell where the records end; reading from the beginning");
                self.from_ms
            }
        }
    }
}

/// Lets through what a host may deliver in a second, by the records' own time.
#[derive(Default)]
struct Meter {
    hosts: HashMap<String, Second>,
}

#[derive(Default)]
struct Second {
    second: i64,
    plain: u32,
    evidence: u32,
    dropped: u64,
}

impl Meter {
    /// Whether a record has room.
    fn takes(&mut self, event: &Event, is_evidence: bool) -> bool {
        let of = self.hosts.entry(event.host.clone()).or_default();
        if event.at_ms / 1000 != of.second {
            *of = Second { second: event.at_ms / 1000, dropped: of.dropped, ..Second::default() };
        }
        let room = if of.plain < PER_SECOND {
            of.plain += 1;
            true
        } else if is_evidence && of.evidence < EVIDENCE_PER_SECOND {
            of.evidence += 1;
            true
        } else {
            false
        };
        of.dropped += u64::from(!room);
        room
    }

    /// Hosts of which records were dropped since the last time, and how many.
    fn dropped(&mut self) -> Vec<(String, u64)> {
        let dropped = self.hosts.iter_mut().filter(|(_, of)| of.dropped > 0);
        dropped.map(|(host, of)| (host.clone(), std::mem::take(&mut of.dropped))).collect()
    }
}

/// Watches again what was stored before this start. A crash may lie between a record and the entry that it proves.
async fn watch_again(exercise: &Exercise, tools: &Tools, range: u16, watch: &mut Watch) -> Vec<Confirmed> {
    let mut confirmed = Vec::new();
    let events = tools.store.events();
    let read = async {
        let latest = events.read(&exercise.id, range, None, Page::Latest, 1).await?;
        let mut place = (latest.first().map_or(i64::MAX, |event| event.at_ms - AGAIN_MS), String::new());
        loop {
            let cursor = Cursor { at_ms: place.0, id: &place.1 };
            let page = events.read(&exercise.id, range, None, Page::After(cursor), PAGE).await?;
            let Some(last) = page.last() else { return Ok::<(), StoreError>(()) };
            place = (last.at_ms, last.id.clone());
            for event in page.into_iter().filter_map(restored) {
                confirmed.extend(watch.observe(&event).confirmed);
            }
        }
    };
    if let Err(error) = read.await {
        tracing::error!(exercise = %exercise.id, %error, "stored records cannot be watched again");
    }
    confirmed
}

/// Stores, labels and hands on the records of one range, in order.
async fn keep(
    exercise: Arc<Exercise>,
    tools: Tools,
    (range, epoch): (u16, u64),
    mut receiver: mpsc::Receiver<Event>,
) {
    let mut watch = Watch::new(exercise.scenario());
    {
        let fold = exercise.fold();
        for seen in fold.actions.iter().filter(|seen| seen.range == range) {
            watch.known(&seen.action, seen.seen_ms);
        }
        watch.counts_from(fold.clock.started_ms);
    }
    for confirmed in watch_again(&exercise, &tools, range, &mut watch).await {
        if exercise.commands.send(Command::Inner(Inner::Confirmed { range, epoch, confirmed })).await.is_err()
        {
            return;
        }
    }
    let mut meter = Meter::default();
    // Dropped since the log was told last, and when that was, by host: a flood must not flood the log too.
    let mut untold: HashMap<String, (u64, i64)> = HashMap::new();
    let mut waiting = Vec::with_capacity(BATCH);
    // After a broken stream its last lines come again. The store knows them too; this spares the watch.
    let mut known_ids: HashSet<String> = HashSet::new();
    while receiver.recv_many(&mut waiting, BATCH).await > 0 {
        let batch: Vec<Event> = std::mem::take(&mut waiting);
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut confirmed: Vec<Confirmed> = Vec::new();
        let mut fresh: Vec<Event> = Vec::with_capacity(batch.len());
        watch.counts_from(exercise.fold().clock.started_ms);
        for event in batch {
            if known_ids.len() > KNOWN_IDS {
                known_ids.clear();
            }
            if !known_ids.insert(event.id.clone()) {
                continue;
            }
            let observed = watch.observe(&event);
            if !meter.takes(&event, !observed.labels.is_empty() || !observed.confirmed.is_empty()) {
                continue;
            }
            labels.extend(observed.labels.into_iter().map(|label| (event.id.clone(), label)));
            confirmed.extend(observed.confirmed);
            fresh.push(event);
        }
        for (host, count) in meter.dropped() {
            let (dropped, told_ms) = untold.entry(host.clone()).or_default();
            *dropped += count;
            if tools.clock.now_ms() - *told_ms >= TELL_MS {
                let count = std::mem::take(dropped);
                *told_ms = tools.clock.now_ms();
                tracing::warn!(exercise = %exercise.id, range, host, count, "records dropped: too many a second");
            }
            let what = Reason::new("alarm.records_dropped", [("range", range.to_string()), ("host", host)]);
            let now_ms = tools.clock.now_ms();
            exercise.progress.send_if_modified(|progress| progress.count(what, count, now_ms));
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
                    tokio::select! {
                        // The engine has them still; the next life of the server reads them again.
                        () = tools.stop.cancelled() => return,
                        () = tokio::time::sleep(RETRY) => {}
                    }
                }
            }
        };
        for event in fresh {
            if added.contains(&event.id) {
                let _ = exercise.events.send(Arc::new(event));
            }
        }
        for confirmed in confirmed {
            let told = Command::Inner(Inner::Confirmed { range, epoch, confirmed });
            if exercise.commands.send(told).await.is_err() {
                return;
            }
        }
    }
}

/// A stored record as it was read.
fn restored(row: StoredEvent) -> Option<Event> {
    let kind = match row.kind.as_str() {
        "web" => Telemetry::Web,
        "flow" => Telemetry::Flow,
        _ => return None,
    };
    let fields = serde_json::from_str(&row.fields).ok()?;
    Some(Event { id: row.id, range: row.range, host: row.host, kind, at_ms: row.at_ms, fields })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_thinned_and_its_evidence_is_not() {
        let mut meter = Meter::default();
        let event = |at_ms| Event {
            id: String::new(),
            range: 1,
            host: "www".into(),
            kind: Telemetry::Web,
            at_ms,
            fields: std::collections::BTreeMap::new(),
        };
        let plain = (0..2_000).filter(|_| meter.takes(&event(5_000), false)).count();
        assert_eq!(plain, PER_SECOND as usize);
        assert!(meter.takes(&event(5_999), true));
        assert_eq!(meter.dropped(), [("www".to_owned(), 1_500)]);
        assert!(meter.dropped().is_empty());
        assert!(meter.takes(&event(6_000), false));
    }
}
