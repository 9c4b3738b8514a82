//! Objects on the engine that belong to no exercise: their exercise is in no database of this installation. They are
//! listed, and removed only when somebody says so: they may belong to another installation on the same engine, which each
//! object names.

use std::sync::Arc;

use rampart_engine::{Engine, EngineError};
use rampart_store::{Store, StoreError};
use tokio::sync::Semaphore;

use crate::clock::new_id;
use crate::{App, AppError, range};

/// Setting that holds the installation's id.
const HOUSE: &str = "house.id";
/// Strays removed at once.
const AT_ONCE: usize = 2;

/// Whose a stray run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This installation made it, and its database does not know it any more.
    Ours,
    /// Another installation made it.
    Other,
    /// The objects do not say.
    Unknown,
}

/// A run on the engine that no exercise knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Run id.
    pub run: String,
    /// Key of the node that it is on; empty where only one engine was asked.
    pub node: String,
    /// Whose it is.
    pub whose: Whose,
    /// Containers.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
}

/// Id of this installation; made the first time.
///
/// # Errors
/// Those of the store.
pub async fn house(store: &Store) -> Result<String, StoreError> {
    if let Some(known) = store.settings().get(HOUSE).await? {
        return Ok(known);
    }
    let new = new_id();
    store.settings().set(HOUSE, &new).await?;
    Ok(new)
}

/// Runs on the engine that no exercise of the store knows. The engine is asked first: an exercise stands in the store
/// before its first object exists.
///
/// # Errors
/// Those of engine and store.
pub async fn strays(engine: &dyn Engine, store: &Store) -> Result<Vec<Stray>, AppError> {
    let seen = engine.runs().await?;
    let house = store.settings().get(HOUSE).await?;
    let known = store.exercises().list().await?;
    let stray = seen.into_iter().filter(|(run, _)| !known.iter().any(|row| row.id == *run));
    Ok(stray
        .map(|(run, seen)| Stray {
            run,
            node: String::new(),
            whose: match seen.house {
                Some(of) if Some(&of) == house.as_ref() => Whose::Ours,
                Some(_) => Whose::Other,
                None => Whose::Unknown,
            },
            containers: seen.containers,
            networks: seen.networks,
        })
        .collect())
}

/// Removes a stray run; says when the engine has answered that nothing is left of it.
///
/// # Errors
/// [`EngineError`], see [`range::clear`].
pub async fn remove(engine: &dyn Engine, run: &str) -> Result<(), EngineError> {
    range::clear(engine, run).await.map(|_| ())
}

impl App {
    /// Runs on the engines that no exercise knows.
    ///
    /// # Errors
    /// Those of engine and store.
    pub async fn strays(&self) -> Result<Vec<Stray>, AppError> {
        let mut all = Vec::new();
        for engine in self.fleet.engines() {
            match strays(&*engine, &self.store).await {
                Ok(found) => all
                    .extend(found.into_iter().map(|stray| Stray { node: engine.node().to_owned(), ..stray })),
                // What is on a silent node is seen when it answers; the others are listed all the same.
                Err(AppError::Engine(error)) if error.is_silence() && self.fleet.is_many() => {
                    tracing::warn!(node = engine.node(), %error, "a node cannot be searched for strays");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Begins to remove all stray runs that this installation made; gives their number. Whoever looks again sees what is
    /// left.
    ///
    /// # Errors
    /// Those of engine and store.
    pub async fn clear_strays(&self, account: &str) -> Result<usize, AppError> {
        let mut ours = self.strays().await?;
        ours.retain(|stray| stray.whose == Whose::Ours);
        let count = ours.len();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        for stray in ours {
            let Some(engine) = self.fleet.engine(&stray.node) else { continue };
            let store = self.store.clone();
            let (account, now_ms) = (account.to_owned(), self.now_ms());
            let turns = turns.clone();
            self.tools.tasks.spawn(async move {
                let Ok(_turn) = turns.acquire().await else { return };
                let detail = format!(
                    "run {}: {} containers, {} networks",
                    stray.run, stray.containers, stray.networks
                );
                match remove(&*engine, &stray.run).await {
                    Ok(()) => {
                        crate::audit::note(&store, now_ms, Some(&account), "engine.strays", detail).await
                    }
                    Err(error) => tracing::error!(run = stray.run, %error, "a stray run is not removed"),
                }
            });
        }
        Ok(count)
    }
}
