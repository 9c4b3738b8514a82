//! What stands of a plan already: what a former life of the server made is taken over, what differs is removed.
//!
//! Kept are networks and containers that carry the hash of this very plan. A container that runs was whole when it was
//! started. Whatever ended, is frozen or was started again by the engine has lost something and is made anew. So is what was
//! made and does not run: the engine may still be at a call of the former life that starts it, in the middle of which its
//! files must not be written again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rampart_domain::plan::{HostPlan, NetworkPlan, Plan};
use rampart_engine::{Container, Engine, EngineError, Network, State};
use tokio::time::Instant;

/// Pause before the engine is looked at again, and longest that removals are tried.
const AGAIN: Duration = Duration::from_millis(250);
const WITHIN: Duration = Duration::from_secs(120);

/// What stands of a plan.
#[derive(Debug, Default)]
pub(super) struct Stands {
    /// Names of networks.
    pub networks: BTreeSet<String>,
    /// Names of containers that run.
    pub containers: BTreeSet<String>,
}

/// Looks at what there is of the run, removes what is not as the plan has it, and says what can be taken over.
pub(super) async fn look(engine: &dyn Engine, plan: &Plan) -> Result<Stands, EngineError> {
    let until = Instant::now() + WITHIN;
    loop {
        let seen = engine.observe(&plan.run).await?;
        if seen.is_empty() {
            return Ok(Stands::default());
        }
        let (keep, networks, containers) = sort(engine, plan, seen.networks, seen.containers).await?;
        if networks.is_empty() && containers.is_empty() {
            tracing::info!(
                run = plan.run,
                networks = keep.networks.len(),
                containers = keep.containers.len(),
                "a launch goes on with what stands"
            );
            return Ok(keep);
        }
        tracing::info!(run = plan.run, ?networks, ?containers, "removing what the plan does not have so");
        if Instant::now() > until {
            return Err(EngineError::Timeout(format!(
                "removal of {} objects",
                networks.len() + containers.len()
            )));
        }
        // Networks only when their containers have gone. What is in the way, the next look tells.
        let bound = engine.at_once();
        let gone: Vec<_> = stream::iter(containers)
            .map(|id| async move { engine.remove(&id).await })
            .buffer_unordered(bound)
            .collect()
            .await;
        let freed: Vec<_> = stream::iter(networks)
            .map(|id| async move { engine.remove_network(&id).await })
            .buffer_unordered(bound)
            .collect()
            .await;
        for answer in gone.into_iter().chain(freed) {
            if let Err(silent @ EngineError::NodeUnreachable { .. }) = answer {
                return Err(silent);
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// What is kept, and the ids of networks and of containers that are not.
async fn sort(
    engine: &dyn Engine,
    plan: &Plan,
    networks: Vec<Network>,
    containers: Vec<Container>,
) -> Result<(Stands, Vec<String>, Vec<String>), EngineError> {
    let wanted: BTreeMap<&str, &NetworkPlan> = plan
        .ranges
        .iter()
        .flat_map(|range| &range.networks)
        .map(|network| (network.name.as_str(), network))
        .collect();
    let hosts: BTreeMap<&str, &HostPlan> =
        plan.ranges.iter().flat_map(|range| &range.hosts).map(|host| (host.name.as_str(), host)).collect();
    // Names of networks need not be unique to an engine: of two with one name nobody knows which a container is on.
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for network in &networks {
        *count.entry(network.name.as_str()).or_default() += 1;
    }
    let sound = |network: &Network| {
        wanted.contains_key(network.name.as_str())
            && network.plan == plan.hash
            && count.get(network.name.as_str()) == Some(&1)
    };
    let mut keep = Stands {
        networks: networks.iter().filter(|one| sound(one)).map(|one| one.name.clone()).collect(),
        ..Stands::default()
    };
    let others = networks.iter().filter(|one| !sound(one)).map(|one| one.id.clone()).collect();
    let mut strange = Vec::new();
    for found in containers {
        let whole = hosts.get(found.name.as_str()).is_some_and(|host| {
            found.plan == plan.hash && host.legs.iter().all(|leg| keep.networks.contains(&leg.network))
        });
        let runs = whole
            && found.state == State::Running
            && match engine.inspect(&found.id).await {
                Ok(seen) => seen.state == State::Running && seen.restarts == 0,
                Err(EngineError::NotFound(_)) => false,
                Err(other) => return Err(other),
            };
        if runs {
            keep.containers.insert(found.name);
        } else {
            strange.push(found.id);
        }
    }
    Ok((keep, others, strange))
}
