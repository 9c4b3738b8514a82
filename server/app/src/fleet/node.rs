//! One node: its engine, whether it answers, and the bounds of the work on it. Bounds are per node, so that a dead one
//! takes nobody else's turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rampart_engine::{Engine, EngineError, Wall};
use tokio::sync::{Mutex, Semaphore, watch};

/// Commands at once on one node.
const EXECS: usize = 64;
/// Clearings of ranges at once on one node.
const CLEARS: usize = 2;
/// Resets of hosts at once on one node.
const RESETS: usize = 4;

/// Whether a node can be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// It answers.
    Answers,
    /// It does not answer. What stands on it is not known, and nothing may be concluded from it.
    Silent {
        /// Last answer, ms UTC.
        since_ms: i64,
    },
    /// It answers again or for the first time, and takes no work yet: what was given up meanwhile is removed from it first,
    /// and its wall has to stand.
    Fenced {
        /// Since when, ms UTC.
        since_ms: i64,
    },
}

impl NodeState {
    /// The word used in data and locale keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Silent { .. } => "silent",
            Self::Fenced { .. } => "fenced",
        }
    }
}

/// What a node said of itself last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Version of its engine.
    pub version: String,
    /// Memory, bytes; 0 where it is not known.
    pub memory: u64,
    /// Memory that is not in use, bytes, where it can be seen.
    pub available: Option<u64>,
    /// Processors.
    pub cpus: u32,
    /// Free and whole size of the engine's disk, bytes, where it can be seen.
    pub disk: Option<(u64, u64)>,
    /// Containers of ranges on it, whosever they are; `None` while it did not say.
    pub containers: Option<u64>,
}

/// What is known of the wall of a machine where the platform keeps it itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeWall {
    /// When it was last found gone under ranges and put back, ms UTC, in this life of the server.
    pub made_ms: Option<i64>,
    /// How often that was.
    pub made: u32,
    /// Why it cannot be put back, while it cannot.
    pub down: Option<String>,
}

/// A node.
pub(super) struct Node {
    pub name: String,
    pub address: String,
    pub engine: Arc<dyn Engine>,
    pub state: watch::Sender<NodeState>,
    pub facts: watch::Sender<Option<NodeFacts>>,
    /// What came through its wall when that was last tried; `None` when nothing did, or it could not be tried.
    pub leak: watch::Sender<Option<String>>,
    /// The wall, where the platform keeps it.
    pub wall: watch::Sender<NodeWall>,
    /// The wall has stood: that it had to be made is news from then on.
    stood: AtomicBool,
    /// Held by whoever tries the wall from inside.
    pub trial: Mutex<()>,
    /// When it last answered, ms UTC and by the machine's own count.
    heard: watch::Sender<(i64, tokio::time::Instant)>,
    pub execs: Semaphore,
    pub clears: Semaphore,
    pub resets: Semaphore,
}

impl Node {
    /// `stood`: ranges stand on it, so its wall was there.
    pub fn new(
        name: String,
        address: String,
        engine: Arc<dyn Engine>,
        state: NodeState,
        stood: bool,
        now_ms: i64,
    ) -> Self {
        Self {
            name,
            address,
            engine,
            state: watch::channel(state).0,
            facts: watch::channel(None).0,
            leak: watch::channel(None).0,
            wall: watch::channel(NodeWall::default()).0,
            stood: AtomicBool::new(stood),
            trial: Mutex::default(),
            heard: watch::channel((now_ms, tokio::time::Instant::now())).0,
            execs: Semaphore::new(EXECS),
            clears: Semaphore::new(CLEARS),
            resets: Semaphore::new(RESETS),
        }
    }

    /// Somebody has looked at its wall. Whoever it was may have put it back; it is told all the same.
    pub fn wall_seen(&self, found: &Result<Wall, EngineError>, now_ms: i64) {
        match found {
            Ok(Wall::Kept) => {}
            Ok(found) => {
                let is_news = self.stood.swap(true, Ordering::Relaxed) && *found == Wall::Made;
                if is_news {
                    tracing::error!(node = self.name, "THE WALL ON THE HOST WAS GONE and has been put back");
                }
                self.wall.send_if_modified(|wall| {
                    let was_down = wall.down.take().is_some();
                    if is_news {
                        wall.made_ms = Some(now_ms);
                        wall.made += 1;
                    }
                    was_down || is_news
                });
            }
            Err(silent) if silent.is_silence() => {}
            Err(error) => {
                let said = error.to_string();
                self.wall.send_if_modified(|wall| {
                    let is_news = wall.down.as_ref() != Some(&said);
                    if is_news {
                        tracing::error!(node = self.name, said, "THE WALL ON THE HOST DOES NOT STAND");
                        wall.down = Some(said);
                    }
                    is_news
                });
            }
        }
    }

    /// It answered something.
    pub fn heard(&self, now_ms: i64) {
        self.heard.send_replace((now_ms, tokio::time::Instant::now()));
    }

    /// Last answer, ms UTC, and how long ago that is.
    pub fn last(&self) -> (i64, Duration) {
        let (at_ms, at) = *self.heard.borrow();
        (at_ms, at.elapsed())
    }

    /// Whether work may go there.
    pub fn open(&self) -> Result<(), EngineError> {
        match *self.state.borrow() {
            NodeState::Answers => Ok(()),
            NodeState::Silent { since_ms } | NodeState::Fenced { since_ms } => {
                Err(EngineError::NodeUnreachable { since_ms: Some(since_ms) })
            }
        }
    }

    /// Comes back when the node has gone silent.
    pub async fn silence(&self) -> EngineError {
        let mut state = self.state.subscribe();
        loop {
            if let NodeState::Silent { since_ms } = *state.borrow_and_update() {
                return EngineError::NodeUnreachable { since_ms: Some(since_ms) };
            }
            if state.changed().await.is_err() {
                return EngineError::NodeUnreachable { since_ms: None };
            }
        }
    }
}
