//! What watchers of an exercise get: the board, serialised once for everybody, and a word to staff pages that
//! something changed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use scoreboard::{Audience, Fold};
use tokio::sync::broadcast;

/// Updates kept for clients that come back; who was away longer gets a snapshot.
const KEPT: usize = 256;

/// One update of the board, ready to be sent.
#[derive(Debug, Clone)]
pub struct Update {
    /// Ledger position it starts from.
    pub from: u64,
    /// Ledger position it leads to; the id of the event.
    pub seq: u64,
    /// `BoardDelta` as JSON.
    pub json: Arc<str>,
}

/// The whole board, ready to be sent.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Ledger position.
    pub seq: u64,
    /// `BoardView` as JSON.
    pub json: Arc<str>,
}

struct Shown {
    fold: Fold,
    snapshot: Snapshot,
    recent: VecDeque<Update>,
}

/// The board of one exercise as watchers see it.
pub struct BoardFeed {
    shown: Mutex<Shown>,
    updates: broadcast::Sender<Update>,
}

/// Where a client starts.
#[derive(Debug)]
pub enum Start {
    /// It gets the whole board.
    Snapshot(Snapshot),
    /// It gets what it missed.
    Missed(Vec<Update>),
}

fn serialise(value: &impl serde::Serialize) -> Arc<str> {
    // The view types hold numbers, texts and lists only; writing them cannot fail.
    serde_json::to_string(value).unwrap_or_default().into()
}

impl BoardFeed {
    /// A feed that shows `fold`.
    #[must_use]
    pub fn new(fold: &Fold) -> Self {
        let snapshot =
            Snapshot { seq: fold.seen_seq(Audience::Public), json: serialise(&fold.board(Audience::Public)) };
        let shown = Shown { fold: fold.clone(), snapshot, recent: VecDeque::new() };
        Self { shown: Mutex::new(shown), updates: broadcast::channel(KEPT).0 }
    }

    /// Shows `fold`, a later state of the same ledger. While the board is frozen nothing is sent but changes of status: not
    /// even the pace of what happens is to be seen.
    pub fn publish(&self, fold: &Fold) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if fold.seq <= shown.fold.seq {
            return;
        }
        let seq = fold.seen_seq(Audience::Public);
        if seq == shown.snapshot.seq {
            return;
        }
        let delta = fold.delta(&shown.fold, Audience::Public);
        let update = Update { from: delta.from, seq: delta.seq, json: serialise(&delta) };
        shown.snapshot = Snapshot { seq, json: serialise(&fold.board(Audience::Public)) };
        shown.fold = fold.clone();
        if shown.recent.len() == KEPT {
            shown.recent.pop_front();
        }
        shown.recent.push_back(update.clone());
        // Nobody watching is no error. Sent under the lock, so that a client which subscribes in between neither
        // misses an update nor gets one twice.
        let _ = self.updates.send(update);
    }

    /// The board as it is shown now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).snapshot.clone()
    }

    /// Starts a client that has seen everything up to `last_seen`, if it says so.
    #[must_use]
    pub fn subscribe(&self, last_seen: Option<u64>) -> (Start, broadcast::Receiver<Update>) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.updates.subscribe();
        let start = match last_seen {
            Some(seq) if seq == shown.snapshot.seq => Start::Missed(Vec::new()),
            Some(seq) if shown.recent.iter().any(|update| update.from == seq) => {
                Start::Missed(shown.recent.iter().filter(|update| update.from >= seq).cloned().collect())
            }
            _ => Start::Snapshot(shown.snapshot.clone()),
        };
        (start, receiver)
    }
}
