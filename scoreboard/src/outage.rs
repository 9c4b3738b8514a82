//! Nodes that do not answer, as the ledger tells of them.

use crate::{Body, Fold, Reason, Status};

/// A stretch in which the node of the ranges did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Key of the node.
    pub node: String,
    /// Placement that was lost.
    pub epoch: u64,
    /// Last answer of the node, ms UTC.
    pub since_ms: i64,
    /// When it was entered, ms UTC.
    pub at_ms: i64,
    /// When staff had the ranges built again elsewhere, ms UTC; `None` while nobody has, and after it failed.
    pub rebuild_ms: Option<i64>,
    /// Why building again failed last.
    pub failed: Option<Reason>,
    /// Up to when its time was taken out of the exercise, ms UTC.
    pub taken_out_ms: Option<i64>,
    /// When it was over, ms UTC.
    pub over_ms: Option<i64>,
}

impl Fold {
    /// The outage that lasts: nothing is known of the ranges.
    #[must_use]
    pub fn outage(&self) -> Option<&Outage> {
        self.outages.last().filter(|outage| outage.over_ms.is_none())
    }

    pub(crate) fn open_outage(&mut self) -> Option<&mut Outage> {
        self.outages.last_mut().filter(|outage| outage.over_ms.is_none())
    }

    /// Where no range stands any more, nothing is lost.
    pub(crate) fn end_outage(&mut self, to: Status, at_ms: i64) {
        if matches!(to, Status::Ended | Status::Cleared | Status::Draft)
            && let Some(outage) = self.open_outage()
        {
            outage.over_ms = Some(at_ms);
        }
    }

    /// Takes the time from `from_ms` to `at_ms` out of the clock, as far as it ran in one piece.
    fn take_out(&mut self, from_ms: i64, at_ms: i64) {
        if let Some(since) = self.clock.since_ms {
            let from = from_ms.max(since);
            self.clock.banked_ms += from - since;
            self.clock.since_ms = Some(at_ms);
            self.pauses.push((from, Some(at_ms)));
        } else if let Some((paused, None)) = self.pauses.last_mut()
            && from_ms < *paused
        {
            self.clock.banked_ms = (self.clock.banked_ms - (*paused - from_ms)).max(0);
            *paused = from_ms;
        }
        if let Some(outage) = self.open_outage() {
            outage.taken_out_ms = Some(at_ms);
        }
    }

    /// Adds what an entry says about the node of the ranges.
    pub(crate) fn apply_outage(&mut self, body: &Body, at_ms: i64) {
        match body {
            Body::NodeLost { node, epoch, since_ms } => self.outages.push(Outage {
                node: node.clone(),
                epoch: *epoch,
                since_ms: *since_ms,
                at_ms,
                rebuild_ms: None,
                failed: None,
                taken_out_ms: None,
                over_ms: None,
            }),
            Body::NodeBack { .. } => {
                if let Some(outage) = self.open_outage() {
                    outage.over_ms = Some(at_ms);
                }
            }
            Body::Rebuild { .. } => {
                if let Some(outage) = self.open_outage() {
                    outage.rebuild_ms = Some(at_ms);
                    outage.failed = None;
                }
            }
            Body::Rebuilt { done, reason, .. } => {
                if let Some(outage) = self.open_outage() {
                    outage.rebuild_ms = outage.rebuild_ms.filter(|_| *done);
                    outage.failed = (!done).then(|| reason.clone());
                    outage.over_ms = done.then_some(at_ms);
                }
            }
            Body::LostTime { from_ms, .. } => self.take_out(*from_ms, at_ms),
            _ => {}
        }
    }
}

/// Line of the feed of such an entry: team, text, points, and whether spectators may see it.
pub(crate) fn line(body: &Body) -> Option<(Option<&String>, Reason, i64, bool)> {
    Some(match body {
        Body::NodeLost { node, .. } => (None, Reason::new("node.lost", [("node", node.clone())]), 0, false),
        Body::NodeBack { node, .. } => (None, Reason::new("node.back", [("node", node.clone())]), 0, false),
        Body::Rebuild { node, .. } => (None, Reason::new("node.rebuild", [("node", node.clone())]), 0, false),
        Body::Rebuilt { reason, .. } => (None, reason.clone(), 0, false),
        Body::LostTime { reason, .. } => (None, reason.clone(), 0, true),
        _ => return None,
    })
}
