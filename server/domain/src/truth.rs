//! Truth: which records of a range prove which action of red. Records in, labels and confirmations out; no clock.
//!
//! An action is confirmed when every one of its evidence lines was seen within its time, and the scenario rules see to it
//! that one of them comes from the gateway, which red cannot reach.

use std::collections::{BTreeMap, HashMap};

use regex::Regex;
use scoreboard::Witness;
use sha2::{Digest, Sha256};

use crate::plan::RangePlan;
use crate::scenario::{Action, Evidence, Scenario, Telemetry};

/// A further act of the same kind is a new occurrence only when the last one lies this far back, ms.
const OCCURRENCE_GAP_MS: i64 = 300_000;
/// Seconds with a sighting that are kept of each evidence line. One sighting a second is enough, as only nearness counts,
/// and a flood must not push out what lies a minute back.
const SECONDS_KEPT: usize = 4096;
/// Longest record read; what is longer is cut and says so.
pub const RECORD_LIMIT: usize = 16 * 1024;
/// Agent by which the platform's own retests are known, together with the address they come from.
pub const PLATFORM_AGENT: &str = "rampart-retest";

/// One record of a range, as blue sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Id: a hash of host, time and text, so that reading a log twice gives the same event.
    pub id: String,
    /// Range number.
    pub range: u16,
    /// Host whose record it is.
    pub host: String,
    /// Kind.
    pub kind: Telemetry,
    /// When it arrived at the engine, ms UTC.
    pub at_ms: i64,
    /// Values by field name.
    pub fields: BTreeMap<String, String>,
}

/// Reads one line of a host's standard output; `None` when it is no record of that kind.
#[must_use]
pub fn read_record(range: &RangePlan, host: &str, kind: Telemetry, at_ns: i64, line: &[u8]) -> Option<Event> {
    let line = line.get(..RECORD_LIMIT).unwrap_or(line);
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let object = value.as_object()?;
    let said = object.get("kind").and_then(serde_json::Value::as_str)?;
    let expected = match kind {
        Telemetry::Web => "web",
        Telemetry::Flow => "flow",
    };
    if said != expected {
        return None;
    }
    let mut fields = BTreeMap::new();
    for (key, value) in object {
        // `from` and `to` are the platform's words; a host that red owns does not say who came from where.
        if matches!(key.as_str(), "kind" | "t" | "from" | "to") {
            continue;
        }
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => continue,
            other => other.to_string(),
        };
        fields.insert(key.clone(), text);
    }
    // Names of the range beside the addresses, so that people need not know them by heart.
    for (address, name) in [("src", "from"), ("dst", "to")] {
        let known = fields
            .get(address)
            .and_then(|text| text.parse().ok())
            .and_then(|address| range.host_at(address))
            .map(|host| host.host.clone());
        if let Some(known) = known {
            fields.insert(name.to_owned(), known);
        }
    }
    let mut hasher = Sha256::new();
    hasher.update(range.range.to_be_bytes());
    hasher.update(host.as_bytes());
    hasher.update(at_ns.to_be_bytes());
    hasher.update(line);
    let mut id = hex::encode(hasher.finalize());
    id.truncate(20);
    Some(Event { id, range: range.range, host: host.to_owned(), kind, at_ms: at_ns / 1_000_000, fields })
}

impl Event {
    /// True for what the platform itself caused by a retest; such records are kept out of blue's list.
    #[must_use]
    pub fn is_platform(&self, scenario: &Scenario) -> bool {
        self.fields.get("agent").is_some_and(|agent| agent.starts_with(PLATFORM_AGENT))
            && self
                .fields
                .get("from")
                .is_some_and(|from| scenario.repairs.iter().any(|repair| repair.retest.from == *from))
    }
}

/// A confirmed action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Action id.
    pub action: String,
    /// Host it was done to.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// First evidence, ms UTC.
    pub seen_ms: i64,
    /// The evidence.
    pub witnesses: Vec<Witness>,
}

struct Line {
    evidence: Evidence,
    regex: Option<Regex>,
}

impl Line {
    fn fits(&self, event: &Event) -> bool {
        let evidence = &self.evidence;
        let text = |name: &str| event.fields.get(name).map(String::as_str);
        let same =
            |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|w| text(name) == Some(w));
        event.host == evidence.source
            && event.kind == evidence.kind
            && same(&evidence.from, "from")
            && same(&evidence.to, "to")
            && evidence.port.is_none_or(|port| text("dport") == Some(port.to_string().as_str()))
            && evidence.status.is_none_or(|status| text("status") == Some(status.to_string().as_str()))
            && self.regex.as_ref().is_none_or(|regex| {
                text(evidence.field.as_deref().unwrap_or("uri")).is_some_and(|value| regex.is_match(value))
            })
    }
}

struct Watched {
    action: Action,
    lines: Vec<Line>,
    /// Sightings of each evidence line, by second: (at_ms, event id).
    seen: Vec<BTreeMap<i64, (i64, String)>>,
    last_ms: Option<i64>,
}

/// Watches the records of one range for the scenario's actions.
pub struct Watch {
    actions: Vec<Watched>,
    /// Acts before this prove nothing; `None` while nothing counts.
    from_ms: Option<i64>,
}

/// What one record told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Actions that the record is evidence of by itself; benign traffic can be evidence of a flow, so only records with
    /// a pattern label an event.
    pub labels: Vec<String>,
    /// Actions confirmed now.
    pub confirmed: Vec<Confirmed>,
}

impl Watch {
    /// A watch for a scenario. Patterns were checked when the scenario was read; one that does not compile matches
    /// nothing.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let actions = scenario
            .actions
            .iter()
            .map(|action| Watched {
                action: action.clone(),
                lines: action
                    .evidence
                    .iter()
                    .map(|evidence| Line {
                        evidence: evidence.clone(),
                        regex: evidence.matches.as_deref().and_then(|pattern| Regex::new(pattern).ok()),
                    })
                    .filter(|line| line.evidence.matches.is_none() || line.regex.is_some())
                    .collect(),
                seen: action.evidence.iter().map(|_| BTreeMap::new()).collect(),
                last_ms: None,
            })
            .collect();
        Self { actions, from_ms: Some(i64::MIN) }
    }

    /// Only acts from here on (ms UTC) are confirmed; `None`: none at all for now. What lies before is watched all the
    /// same, as the second witness of an act may do so, but it does not count as an occurrence.
    pub fn counts_from(&mut self, from_ms: Option<i64>) {
        self.from_ms = from_ms;
    }

    /// Tells the watch of an occurrence that the ledger knows already (after a restart).
    pub fn known(&mut self, action: &str, seen_ms: i64) {
        if let Some(watched) = self.actions.iter_mut().find(|watched| watched.action.id == action) {
            watched.last_ms = Some(watched.last_ms.map_or(seen_ms, |last| last.max(seen_ms)));
        }
    }

    /// Takes one record.
    pub fn observe(&mut self, event: &Event) -> Observed {
        let mut observed = Observed::default();
        for watched in &mut self.actions {
            let mut hit = false;
            for (line, seen) in watched.lines.iter().zip(&mut watched.seen) {
                if line.fits(event) {
                    hit = true;
                    if line.regex.is_some() {
                        observed.labels.push(watched.action.id.clone());
                    }
                    seen.insert(event.at_ms.div_euclid(1000), (event.at_ms, event.id.clone()));
                    if seen.len() > SECONDS_KEPT {
                        seen.pop_first();
                    }
                }
            }
            if hit
                && let Some(from_ms) = self.from_ms
                && let Some(confirmed) = watched.confirm(event.at_ms, from_ms)
            {
                observed.confirmed.push(confirmed);
            }
        }
        observed.labels.dedup();
        observed
    }
}

impl Watched {
    /// Looks for one sighting of every line within the action's time, now that one was seen at `at_ms`. A line with a
    /// pattern leads; the others need only lie near it.
    fn confirm(&mut self, at_ms: i64, from_ms: i64) -> Option<Confirmed> {
        if self.lines.is_empty() || self.lines.len() != self.action.evidence.len() {
            return None;
        }
        let lead = self.lines.iter().position(|line| line.regex.is_some()).unwrap_or(0);
        let within = self.action.within_ms;
        // Whatever the new sighting completes has its lead near it.
        for (lead_ms, lead_id) in near(self.seen.get(lead)?, at_ms, within).rev() {
            let again = self.last_ms.is_some_and(|last| lead_ms - last < OCCURRENCE_GAP_MS);
            if again || *lead_ms < from_ms {
                continue;
            }
            let mut witnesses = Vec::new();
            for (index, (line, seen)) in self.lines.iter().zip(&self.seen).enumerate() {
                let found = if index == lead {
                    Some((*lead_ms, lead_id.clone()))
                } else {
                    near(seen, *lead_ms, within).min_by_key(|(at, _)| (at - lead_ms).abs()).cloned()
                };
                let Some((at_ms, event)) = found else { break };
                let kind = match line.evidence.kind {
                    Telemetry::Web => "web",
                    Telemetry::Flow => "flow",
                };
                witnesses.push(Witness {
                    source: line.evidence.source.clone(),
                    kind: kind.to_owned(),
                    event,
                    at_ms,
                });
            }
            if witnesses.len() == self.lines.len() {
                let first = witnesses.iter().map(|witness| witness.at_ms).min().unwrap_or(at_ms);
                self.last_ms = Some(*lead_ms);
                return Some(Confirmed {
                    action: self.action.id.clone(),
                    host: self.action.host.clone(),
                    technique: self.action.technique.clone(),
                    // A connection opened before the start may carry an act after it.
                    seen_ms: first.max(from_ms),
                    witnesses,
                });
            }
        }
        None
    }
}

/// Sightings within `within` ms of a moment, by time.
fn near(
    seen: &BTreeMap<i64, (i64, String)>,
    at_ms: i64,
    within: i64,
) -> impl DoubleEndedIterator<Item = &(i64, String)> {
    let seconds = (at_ms - within).div_euclid(1000)..=(at_ms + within).div_euclid(1000);
    seen.range(seconds).map(|(_, sighting)| sighting).filter(move |(at, _)| (at - at_ms).abs() <= within)
}

/// Labels of events: which action an event is evidence of. Grows with the records of one exercise.
pub type Labels = HashMap<String, Vec<String>>;

#[cfg(test)]
mod tests;
