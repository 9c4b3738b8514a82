//! The fleet: the machines with an engine on which ranges are built. One machine and many are the same code; a single one
//! needs no configuration.
//!
//! - Where a range stands is a row in the database, committed before its first object exists. A range that is built again
//!   elsewhere has a new row with a higher **epoch**, which every object carries as a label.
//! - Whoever works with a range holds a [`RangeEngine`], made here only. It reaches the node of its placement through a
//!   breaker, and reaches nothing any more once its placement is superseded.
//! - A heartbeat asks every node each second. Silence is never an absence: it clears nothing and builds nothing.
//! - A node that answers again is fenced until the objects of superseded placements are gone from it and its wall was found
//!   to stand: a machine that has been started anew may have lost it.

mod beat;
mod fence;
mod node;
mod through;
mod wall;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use ipnet::Ipv4Net;
use rampart_domain::capacity::Needs;
use rampart_engine::{Engine, EngineError};
use rampart_store::{Store, StoreError};
use tokio::sync::{SemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use node::Node;
pub use node::{NodeFacts, NodeState, NodeWall};
use through::Through;

/// Key of the only node of an installation that configures none.
pub const LOCAL: &str = "local";

/// A node as it is configured.
#[derive(Clone)]
pub struct NewNode {
    /// Key: what the database knows it by.
    pub name: String,
    /// Address as it is shown.
    pub address: String,
    /// Its engine.
    pub engine: Arc<dyn Engine>,
}

/// The nodes of an installation, at least one.
#[derive(Clone)]
pub struct Nodes(Vec<NewNode>);

impl Nodes {
    /// These nodes; `None` when there is none, or two have one name.
    #[must_use]
    pub fn new(nodes: Vec<NewNode>) -> Option<Self> {
        let mut names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let right = !nodes.is_empty() && names.len() == nodes.len();
        right.then_some(Self(nodes))
    }

    /// This machine's own engine alone.
    #[must_use]
    pub fn local(engine: Arc<dyn Engine>, address: &str) -> Self {
        Self(vec![NewNode { name: LOCAL.to_owned(), address: address.to_owned(), engine }])
    }
}

impl<E: Engine + 'static> From<Arc<E>> for Nodes {
    fn from(engine: Arc<E>) -> Self {
        Self::local(engine, "")
    }
}

/// A node as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Key.
    pub name: String,
    /// Address.
    pub address: String,
    /// Whether it can be worked with.
    pub state: NodeState,
    /// Last answer, ms UTC.
    pub heard_ms: i64,
    /// What it said of itself last; `None` before its first answer.
    pub facts: Option<NodeFacts>,
    /// What came through its wall when that was last tried. It takes no work until nothing does.
    pub leak: Option<String>,
    /// Its wall, where the platform keeps it itself.
    pub wall: NodeWall,
    /// Exercises that stand on it.
    pub runs: Vec<String>,
}

/// All nodes and placements. Clones share them.
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    nodes: Vec<Arc<Node>>,
    /// Placements of which something may be left, by run, oldest first.
    placed: RwLock<HashMap<String, Vec<Placed>>>,
    store: Store,
    clock: Arc<dyn Clock>,
    /// This installation.
    house: OnceLock<String>,
}

#[derive(Clone)]
struct Placed {
    epoch: u64,
    node: String,
    superseded: Arc<AtomicBool>,
}

/// A node's engine, for what concerns the node itself: its images, its room, what stands on it that nobody knows.
#[derive(Clone)]
pub struct NodeEngine {
    name: String,
    engine: Arc<dyn Engine>,
}

impl NodeEngine {
    /// Key of the node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.name
    }
}

impl Deref for NodeEngine {
    type Target = dyn Engine;

    fn deref(&self) -> &Self::Target {
        self.engine.as_ref()
    }
}

/// The engine of a run: of the node on which its present placement stands. Only the fleet makes it.
#[derive(Clone)]
pub struct RangeEngine {
    node: Arc<Node>,
    run: String,
    epoch: u64,
    engine: Arc<dyn Engine>,
}

impl Deref for RangeEngine {
    type Target = dyn Engine;

    fn deref(&self) -> &Self::Target {
        self.engine.as_ref()
    }
}

impl std::fmt::Debug for RangeEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RangeEngine({} on {}, epoch {})", self.run, self.node.name, self.epoch)
    }
}

impl RangeEngine {
    /// Key of the node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node.name
    }

    /// Placement of the run that it belongs to.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether its node can be worked with, as it changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<NodeState> {
        self.node.state.subscribe()
    }

    /// What came through the node's wall when that was last tried; it takes no work then.
    #[must_use]
    pub fn leak(&self) -> Option<String> {
        self.node.leak.borrow().clone()
    }

    /// The wall of its machine, where the platform keeps it itself, as it changes.
    #[must_use]
    pub fn wall_known(&self) -> watch::Receiver<NodeWall> {
        self.node.wall.subscribe()
    }

    /// A turn to clear a range on this node. `None` never comes while the server runs.
    pub(crate) async fn clear_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.node.clears.acquire().await.ok()
    }

    /// A turn to reset a host on this node.
    pub(crate) async fn reset_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.node.resets.acquire().await.ok()
    }
}

impl Fleet {
    /// The fleet of these nodes with what the database knows of placements. A node on which something superseded may stand
    /// begins fenced.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(nodes: Nodes, store: Store, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let mut placed: HashMap<String, Vec<Placed>> = HashMap::new();
        for row in store.placements().open().await? {
            let of = placed.entry(row.exercise_id).or_default();
            for older in &*of {
                older.superseded.store(true, Ordering::Relaxed);
            }
            of.push(Placed { epoch: row.epoch, node: row.node, superseded: Arc::default() });
        }
        let now_ms = clock.now_ms();
        let fenced = |name: &str| {
            placed.values().flatten().any(|one| one.node == name && one.superseded.load(Ordering::Relaxed))
        };
        let nodes = nodes
            .0
            .into_iter()
            .map(|node| {
                let state = if fenced(&node.name) {
                    NodeState::Fenced { since_ms: now_ms }
                } else {
                    NodeState::Answers
                };
                let holds = placed.values().flatten().any(|one| one.node == node.name);
                Arc::new(Node::new(node.name, node.address, node.engine, state, holds, now_ms))
            })
            .collect();
        Ok(Self(Arc::new(Inner { nodes, placed: RwLock::new(placed), store, clock, house: OnceLock::new() })))
    }

    /// Begins to ask every node whether it is there, until `stop`. Walls are tried on a free subnet of `block`; those of
    /// other machines every `trial_every` while ranges stand there.
    pub fn watch(
        &self,
        block: Ipv4Net,
        trial_every: Duration,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) {
        for node in &self.0.nodes {
            let (fleet, node, stop) = (self.clone(), node.clone(), stop.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = beat::keep(&fleet, &node, block) => {}
                    () = wall::keep(&fleet, &node, block, trial_every) => {}
                }
            });
        }
    }

    /// Marks whatever is made from now on as this installation's.
    pub fn mark(&self, house: &str) {
        let _ = self.0.house.set(house.to_owned());
        for node in &self.0.nodes {
            node.engine.mark(house);
        }
    }

    fn node(&self, name: &str) -> Option<&Arc<Node>> {
        self.0.nodes.iter().find(|node| node.name == name)
    }

    /// All nodes as they are now, in the order of their configuration.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeView> {
        let placed = self.0.placed.read().unwrap_or_else(PoisonError::into_inner);
        let view = |node: &Arc<Node>| {
            let stands = |of: &[Placed]| of.last().is_some_and(|one| one.node == node.name);
            let mut runs: Vec<String> =
                placed.iter().filter(|(_, of)| stands(of)).map(|(run, _)| run.clone()).collect();
            runs.sort();
            NodeView {
                name: node.name.clone(),
                address: node.address.clone(),
                state: *node.state.borrow(),
                heard_ms: node.last().0,
                facts: node.facts.borrow().clone(),
                leak: node.leak.borrow().clone(),
                wall: node.wall.borrow().clone(),
                runs,
            }
        };
        self.0.nodes.iter().map(view).collect()
    }

    /// Whether there is more than one node: texts name the node then.
    #[must_use]
    pub fn is_many(&self) -> bool {
        self.0.nodes.len() > 1
    }

    /// The engines of all nodes, in the order of their configuration.
    #[must_use]
    pub fn engines(&self) -> Vec<NodeEngine> {
        self.0.nodes.iter().map(|node| self.of_node(node)).collect()
    }

    /// The engine of a node by its key.
    #[must_use]
    pub fn engine(&self, node: &str) -> Option<NodeEngine> {
        self.node(node).map(|node| self.of_node(node))
    }

    fn of_node(&self, node: &Arc<Node>) -> NodeEngine {
        let through = Through {
            node: node.clone(),
            clock: self.0.clock.clone(),
            epoch: None,
            superseded: Arc::default(),
            sweeps: false,
        };
        NodeEngine { name: node.name.clone(), engine: Arc::new(through) }
    }

    fn handle(&self, run: &str, placed: &Placed, sweeps: bool) -> Result<RangeEngine, EngineError> {
        // A node that is not configured any more is one that does not answer: what stands on it is not known.
        let Some(node) = self.node(&placed.node) else {
            return Err(EngineError::NodeUnreachable { since_ms: None });
        };
        let through = Through {
            node: node.clone(),
            clock: self.0.clock.clone(),
            epoch: Some(placed.epoch),
            superseded: placed.superseded.clone(),
            sweeps,
        };
        Ok(RangeEngine {
            node: node.clone(),
            run: run.to_owned(),
            epoch: placed.epoch,
            engine: Arc::new(through),
        })
    }

    fn placed(&self, run: &str) -> Vec<Placed> {
        let placed = self.0.placed.read().unwrap_or_else(PoisonError::into_inner);
        placed.get(run).cloned().unwrap_or_default()
    }

    /// The engine of a run.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] when it is placed nowhere, `NodeUnreachable` when its node is not configured any more.
    pub fn range(&self, run: &str) -> Result<RangeEngine, EngineError> {
        match self.placed(run).last() {
            Some(placed) => self.handle(run, placed, false),
            None => Err(EngineError::NotFound(format!("run {run} is placed on no node"))),
        }
    }

    /// Present placement of a run: epoch and node.
    #[must_use]
    pub fn placement(&self, run: &str) -> Option<(u64, String)> {
        self.placed(run).last().map(|placed| (placed.epoch, placed.node.clone()))
    }

    /// Whether something told by a placement of this epoch still counts.
    #[must_use]
    pub fn is_current(&self, run: &str, epoch: u64) -> bool {
        self.placement(run).is_none_or(|(current, _)| current == epoch)
    }

    /// Places a run on a node. The row is durable when the engine comes back; what was placed before is superseded.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn place(
        &self,
        run: &str,
        node: &str,
        needs: &Needs,
    ) -> Result<RangeEngine, crate::AppError> {
        let now_ms = self.0.clock.now_ms();
        let epoch = self.0.store.placements().place(run, node, (needs.memory, needs.disk), now_ms).await?;
        let new = Placed { epoch, node: node.to_owned(), superseded: Arc::default() };
        {
            let mut placed = self.0.placed.write().unwrap_or_else(PoisonError::into_inner);
            let of = placed.entry(run.to_owned()).or_default();
            for older in &*of {
                older.superseded.store(true, Ordering::Relaxed);
            }
            of.push(new.clone());
        }
        tracing::info!(run, node, epoch, "placed");
        Ok(self.handle(run, &new, false)?)
    }

    /// Takes over a run that stands since before there were placements: on the first node.
    pub(crate) async fn adopt(&self, run: &str) -> Result<(), StoreError> {
        let Some(first) = self.0.nodes.first().filter(|_| self.placed(run).is_empty()) else { return Ok(()) };
        self.0.store.placements().adopt(run, &first.name, self.0.clock.now_ms()).await?;
        let new = Placed { epoch: 0, node: first.name.clone(), superseded: Arc::default() };
        self.0.placed.write().unwrap_or_else(PoisonError::into_inner).insert(run.to_owned(), vec![new]);
        Ok(())
    }

    /// Engines of all nodes on which something of a run may be left, the present one last, for removing it.
    ///
    /// # Errors
    /// `NodeUnreachable` when one of them is not configured any more: nobody can say then that nothing is left.
    pub(crate) fn remains(&self, run: &str) -> Result<Vec<RangeEngine>, EngineError> {
        self.placed(run).iter().map(|placed| self.handle(run, placed, true)).collect()
    }

    /// The node has answered that nothing is left of a placement.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn release(&self, handle: &RangeEngine) -> Result<(), StoreError> {
        self.left(&handle.run, handle.epoch).await
    }

    async fn left(&self, run: &str, epoch: u64) -> Result<(), StoreError> {
        self.0.store.placements().left(run, epoch, self.0.clock.now_ms()).await?;
        let mut placed = self.0.placed.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = placed.get_mut(run) {
            of.retain(|one| one.epoch != epoch);
            if of.is_empty() {
                placed.remove(run);
            }
        }
        Ok(())
    }

    /// Whether the present placement of some run is on a node.
    fn holds_ranges(&self, node: &str) -> bool {
        let placed = self.0.placed.read().unwrap_or_else(PoisonError::into_inner);
        placed.values().any(|of| of.last().is_some_and(|one| one.node == node))
    }

    /// Superseded placements of which something may be left on a node: run, epoch.
    fn superseded_on(&self, node: &str) -> Vec<(String, u64)> {
        let placed = self.0.placed.read().unwrap_or_else(PoisonError::into_inner);
        let of = |(run, of): (&String, &Vec<Placed>)| {
            let old = of.iter().filter(|one| one.node == node && one.superseded.load(Ordering::Relaxed));
            old.map(|one| (run.clone(), one.epoch)).collect::<Vec<_>>()
        };
        placed.iter().flat_map(of).collect()
    }
}
