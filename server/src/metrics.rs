//! Figures for monitoring, in the text format of OpenMetrics. Labels are routes, methods, statuses and states, each of a
//! short list, or names of nodes; nothing of people, teams or exercises is in them.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use rampart_app::App;
use rampart_app::fleet::{NodeState, NodeView};
use scoreboard::Status;

/// Bounds of how long a request takes, s.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// A request as it is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

/// A route as its time is measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    route: String,
}

/// What is counted while the server runs.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<Answered, Counter>,
    seconds: Family<Timed, Histogram, fn() -> Histogram>,
    streams: Gauge,
    registry: Arc<Registry>,
}

/// A stream that is open; counts until it is dropped.
#[derive(Debug)]
pub struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

/// A method as a label; whatever a client makes up is one word.
fn method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

impl Metrics {
    /// Counts from nothing; what stands is asked of `app` at each scrape.
    #[must_use]
    pub fn new(app: &Arc<App>) -> Self {
        let mut registry = Registry::with_prefix("rampart");
        let requests = Family::default();
        let seconds: Family<Timed, Histogram, fn() -> Histogram> = Family::new_with_constructor(histogram);
        let streams = Gauge::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until the head of an answer",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("streams_open", "Event streams open", streams.clone());
        let commit = app.store.commit_metrics();
        registry.register("commit_batch_entries", "Ledger entries of one commit", commit.entries);
        registry.register_with_unit(
            "commit_duration",
            "Time of one commit of ledger entries, its fsync included",
            Unit::Seconds,
            commit.seconds,
        );
        registry.register("commit_failures", "Commits of ledger entries that failed", commit.failures);
        registry.register_collector(Box::new(Standing(Arc::downgrade(app))));
        Self { requests, seconds, streams, registry: Arc::new(registry) }
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        by: &axum::http::Method,
        route: &str,
        status: axum::http::StatusCode,
        took: Duration,
    ) {
        let label = Answered { method: method(by), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&label).inc();
        self.seconds.get_or_create(&Timed { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// A stream was opened.
    pub(crate) fn stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// What stands at the moment of the scrape.
#[derive(Debug)]
struct Standing(std::sync::Weak<App>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OnNode {
    node: String,
}

/// Figures of the nodes; what a node has not said is left out.
fn nodes(encoder: &mut DescriptorEncoder, app: &App) -> std::fmt::Result {
    let now_ms = app.now_ms();
    let nodes = app.fleet.nodes();
    let mut each = |name: &str, help: &str, unit: Option<&Unit>, of: &dyn Fn(&NodeView) -> Option<i64>| {
        let family = Family::<OnNode, Gauge>::default();
        for node in &nodes {
            if let Some(value) = of(node) {
                family.get_or_create(&OnNode { node: node.name.clone() }).set(value);
            }
        }
        family.encode(encoder.encode_descriptor(name, help, unit, family.metric_type())?)
    };
    let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    each("node_up", "1 while the node answers and takes work", None, &|node| {
        Some(i64::from(node.state == NodeState::Answers))
    })?;
    each("node_silent", "1 while the node does not answer", None, &|node| {
        Some(i64::from(matches!(node.state, NodeState::Silent { .. })))
    })?;
    each("node_heartbeat_age", "Time since the last answer of the node", Some(&Unit::Seconds), &|node| {
        Some((now_ms - node.heard_ms).max(0) / 1000)
    })?;
    each("node_exercises", "Exercises whose ranges stand on the node", None, &|node| {
        Some(whole(node.runs.len() as u64))
    })?;
    each("node_containers", "Containers of ranges on the node", None, &|node| {
        node.facts.as_ref()?.containers.map(whole)
    })?;
    each("node_memory_available", "Memory of the node that is not in use", Some(&Unit::Bytes), &|node| {
        node.facts.as_ref()?.available.map(whole)
    })?;
    each("node_disk_free", "Free bytes on the disk of the node's engine", Some(&Unit::Bytes), &|node| {
        node.facts.as_ref()?.disk.map(|(free, _)| whole(free))
    })
}

/// Memory of this process, bytes; `None` where the kernel does not say.
fn memory() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn gauge(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: i64,
) -> std::fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
}

/// Gauges of one name, one for each state.
fn states<'a>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (&'a &'static str, &'a i64)>,
) -> std::fmt::Result {
    let family = Family::<InState, Gauge>::default();
    for (state, value) in values {
        family.get_or_create(&InState { state }).set(*value);
    }
    family.encode(encoder.encode_descriptor(name, help, None, family.metric_type())?)
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder) -> std::fmt::Result {
        let Some(app) = self.0.upgrade() else { return Ok(()) };
        let mut exercises = std::collections::BTreeMap::new();
        for status in [
            Status::Draft,
            Status::Provisioning,
            Status::Ready,
            Status::Running,
            Status::Paused,
            Status::Ended,
            Status::Cleared,
        ] {
            exercises.insert(status.as_str(), 0);
        }
        let mut ranges = exercises.clone();
        let mut hosts = std::collections::BTreeMap::new();
        let (mut entries, mut terminals, mut alarms) = (0_u64, 0_i64, 0_i64);
        for exercise in app.exercises() {
            let (status, seq) = {
                let fold = exercise.fold();
                (fold.status.as_str(), fold.seq)
            };
            entries += seq;
            *exercises.entry(status).or_default() += 1;
            *ranges.entry(status).or_default() += i64::from(exercise.pairs);
            terminals += i64::try_from(app.open_terminals(&exercise.id).len()).unwrap_or(i64::MAX);
            let lasting =
                exercise.progress().borrow().alarms.iter().filter(|alarm| alarm.over_ms.is_none()).count();
            alarms += i64::try_from(lasting).unwrap_or(i64::MAX);
            for host in exercise.hosts().borrow().iter() {
                *hosts.entry(host.state.as_str()).or_default() += 1;
            }
        }
        states(&mut encoder, "exercises", "Exercises by status", &exercises)?;
        states(&mut encoder, "ranges", "Ranges by the status of their exercise", &ranges)?;
        states(&mut encoder, "hosts", "Hosts of standing ranges by what they are doing", &hosts)?;
        nodes(&mut encoder, &app)?;
        let queue = i64::try_from(app.launches_waiting()).unwrap_or(i64::MAX);
        gauge(&mut encoder, "launch_queue_length", "Launches that wait for their turn", None, queue)?;
        gauge(&mut encoder, "terminals_open", "Terminals open", None, terminals)?;
        gauge(&mut encoder, "alarms", "Alarms of standing ranges that last", None, alarms)?;
        let depth = i64::try_from(app.store.commits_waiting()).unwrap_or(i64::MAX);
        gauge(&mut encoder, "commit_queue_depth", "Appends that wait for their commit", None, depth)?;
        let shut = i64::try_from(app.shut().len()).unwrap_or(i64::MAX);
        gauge(&mut encoder, "exercises_shut", "Exercises that could not be taken up", None, shut)?;
        let building = i64::from(app.images_state().borrow().building);
        gauge(&mut encoder, "images_building", "1 while images are built", None, building)?;
        if let Some(bytes) = memory() {
            gauge(&mut encoder, "resident_memory", "Memory of this process", Some(&Unit::Bytes), bytes)?;
        }
        let ledger = ConstCounter::new(entries);
        let about =
            encoder.encode_descriptor("ledger_entries", "Ledger entries", None, ledger.metric_type())?;
        ledger.encode(about)
    }
}
