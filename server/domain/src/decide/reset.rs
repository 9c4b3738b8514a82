//! Hosts that are made anew: who may ask, what it costs, and what the checks say meanwhile.
//!
//! The rule as people read it: a team may have its own hosts made anew (blue the targets, each side its own workstation)
//! for the price that the scenario says, staff any host for nothing. The price is due with the request, whatever the
//! score, as with hints, and is given back when the platform could not do it. Meanwhile the checks of the host, and those
//! that run from it, are unknown and count neither way; of the gateway, all checks of its range. What was earned by a
//! repair stays and is not paid a second time, although the hole is open again.

use scoreboard::{Actor, Body, Fold, HealthState, HostReset, Reason, Status};

use super::{Entries, Refusal, Rules, open};
use crate::scenario::{Check, Role, Scenario};

/// Who wants a host made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetBy {
    /// A member of staff, by account id.
    Staff(String),
    /// A seat of a team.
    Team {
        /// Team id.
        team: String,
        /// Seat id.
        seat: String,
    },
}

/// What came of a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetOutcome {
    /// The host stands anew, with everything planted in it.
    Done {
        /// How long it took from the request on, seconds.
        seconds: i64,
    },
    /// It could not be done, for this reason.
    Failed {
        /// In the words of whatever failed.
        said: String,
    },
    /// The exercise ended before.
    Dropped,
}

/// A host of range `range` is to be made anew. `range` is of staff's choosing; a team has its own.
///
/// # Errors
/// When it does not run (staff may before the start, too), the host is not this team's, the scenario says never, or it is
/// under way already.
pub fn reset(
    rules: Rules<'_>,
    fold: &Fold,
    by: &ResetBy,
    id: &str,
    range: u16,
    host: &str,
) -> Result<Entries, Refusal> {
    let known = rules.scenario.host(host).ok_or(Refusal::NotFound)?;
    let (actor, team, points) = match by {
        ResetBy::Staff(account) => {
            if !fold.teams.iter().any(|team| team.range == range) {
                return Err(Refusal::NotFound);
            }
            if fold.status != Status::Ready {
                open(fold)?;
            }
            (Actor::Account(account.clone()), None, 0)
        }
        ResetBy::Team { team, seat } => {
            let own = fold.team(team).filter(|own| own.range == range).ok_or(Refusal::NotFound)?;
            if !known.is_of(own.side) {
                return Err(Refusal::NotFound);
            }
            open(fold)?;
            let price = rules.scenario.reset_price(own.side, host).ok_or(Refusal::NoReset)?;
            (Actor::Seat(seat.clone()), Some(team.clone()), -price)
        }
    };
    if fold.is_resetting(range, host) {
        return Err(Refusal::Resetting);
    }
    let reason = match team {
        Some(_) => Reason::new("reset.asked", [("host", host.to_owned()), ("cost", (-points).to_string())]),
        None => Reason::new("reset.ordered", [("host", host.to_owned())]),
    };
    let body = Body::Reset { request: id.to_owned(), range, host: host.to_owned(), team, points, reason };
    Ok(vec![(actor, body)])
}

/// A reset is over. Whatever was paid for one that was not done is given back.
#[must_use]
pub fn reset_done(fold: &Fold, request: &str, outcome: &ResetOutcome) -> Entries {
    let Some(reset) = fold.resetting().find(|reset| reset.request == request) else { return Vec::new() };
    let host = ("host", reset.host.clone());
    let reason = match outcome {
        ResetOutcome::Done { seconds } => Reason::new("reset.done", [host, ("seconds", seconds.to_string())]),
        ResetOutcome::Failed { said } => Reason::new("reset.failed", [host, ("said", said.clone())]),
        ResetOutcome::Dropped => Reason::new("reset.dropped", [host]),
    };
    let done = matches!(outcome, ResetOutcome::Done { .. });
    let body = Body::ResetDone {
        request: request.to_owned(),
        range: reset.range,
        host: reset.host.clone(),
        team: reset.team.clone(),
        done,
        points: if done { 0 } else { -reset.points },
        reason,
    };
    vec![(Actor::System, body)]
}

/// True when a check says nothing while this host is made anew.
fn concerns(scenario: &Scenario, host: &str, check: &Check) -> bool {
    let gateway = scenario.host(host).is_some_and(|host| host.role == Role::Gateway);
    gateway || check.host == host || check.from == host
}

/// Checks of a reset's range that say nothing while it goes on, and that say something now: they are to be made unknown,
/// one after the other (see [`super::health`]).
#[must_use]
pub fn checks_silenced(rules: Rules<'_>, fold: &Fold, range: u16, host: &str) -> Vec<String> {
    let known = |check: &&Check| {
        let state = fold.health.get(&(range, check.id.clone())).map(|(state, ..)| *state);
        state.is_some_and(|state| state != HealthState::Unknown)
    };
    let checks = rules.scenario.checks.iter().filter(|check| concerns(rules.scenario, host, check));
    checks.filter(known).map(|check| check.id.clone()).collect()
}

/// True while a reset under way keeps a check from saying anything.
#[must_use]
pub fn is_silenced(rules: Rules<'_>, fold: &Fold, range: u16, check: &str) -> bool {
    let Some(check) = rules.scenario.checks.iter().find(|known| known.id == check) else { return false };
    let here = |reset: &&HostReset| reset.range == range;
    fold.resetting().filter(here).any(|reset| concerns(rules.scenario, &reset.host, check))
}
