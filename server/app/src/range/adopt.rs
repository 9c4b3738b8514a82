//! Taking over what runs after a restart of the platform.

use std::collections::BTreeSet;

use rampart_domain::plan::Plan;
use rampart_engine::{Engine, EngineError, State};

/// How an engine stands to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// Names of networks and containers of the plan that the engine has not.
    pub missing: Vec<String>,
    /// Containers that are there but neither run nor are frozen, and what they are doing.
    pub dead: Vec<(String, State)>,
    /// Names of objects of the run that the plan does not know, or that another plan made.
    pub strange: Vec<String>,
    /// Containers that run.
    pub running: usize,
    /// Containers that are frozen.
    pub frozen: usize,
}

impl Adoption {
    /// True when everything of the plan is there and alive, and nothing else.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.missing.is_empty() && self.dead.is_empty() && self.strange.is_empty()
    }
}

/// Compares the engine with a plan. Changes nothing but the wall on the host, which a reboot takes away and which is made
/// again first.
///
/// # Errors
/// Any of [`EngineError`]. An engine that does not answer has lost nothing.
pub async fn adopt(engine: &dyn Engine, plan: &Plan) -> Result<Adoption, EngineError> {
    engine.guard().await?;
    let seen = engine.observe(&plan.run).await?;
    let mut adoption = Adoption::default();
    let mut wanted: BTreeSet<&str> = plan
        .ranges
        .iter()
        .flat_map(|range| {
            let networks = range.networks.iter().map(|network| network.name.as_str());
            networks.chain(range.hosts.iter().map(|host| host.name.as_str()))
        })
        .collect();
    for network in &seen.networks {
        if !wanted.remove(network.name.as_str()) {
            adoption.strange.push(network.name.clone());
        }
    }
    for container in seen.containers {
        if !wanted.remove(container.name.as_str()) || container.plan != plan.hash {
            adoption.strange.push(container.name);
            continue;
        }
        match container.state {
            State::Running => adoption.running += 1,
            State::Paused => adoption.frozen += 1,
            other => adoption.dead.push((container.name, other)),
        }
    }
    adoption.missing = wanted.into_iter().map(str::to_owned).collect();
    Ok(adoption)
}
