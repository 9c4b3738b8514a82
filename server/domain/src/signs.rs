//! What looks odd in an exercise: for a person to look at. Nothing follows from it by itself, and each may have a good reason.

use scoreboard::{Fold, Reason, Side};

use crate::decide::clock_at;
use crate::scenario::{Objective, Scenario};

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Team.
    pub team: String,
    /// Another team that it concerns.
    pub other: Option<String>,
    /// What, as a text with values.
    pub what: Reason,
    /// Position in the ledger, where there is one.
    pub seq: Option<u64>,
}

/// Everything odd so far, oldest first: another team's flag; an objective taken before the platform saw any act that leads to
/// it or to what comes before it; an objective taken sooner after red's first act than people need.
#[must_use]
pub fn signs(scenario: &Scenario, fold: &Fold) -> Vec<Sign> {
    let mut signs: Vec<Sign> = fold
        .alerts
        .iter()
        .map(|(seq, at_ms, team, _, objective, owner)| Sign {
            at_ms: *at_ms,
            team: team.clone(),
            other: Some(owner.clone()),
            what: Reason::new("sign.foreign", [("objective", objective.clone())]),
            seq: Some(*seq),
        })
        .collect();
    for ((team, id), capture) in &fold.captures {
        let Some(range) = fold.team(team).filter(|team| team.side == Side::Red).map(|team| team.range) else {
            continue;
        };
        let Some(objective) = scenario.objective(id) else { continue };
        let mut odd = |what| {
            let (team, at_ms) = (team.clone(), capture.at_ms);
            signs.push(Sign { at_ms, team, other: None, what, seq: None });
        };
        if let Some(action) = unseen(scenario, fold, range, objective, capture.at_ms) {
            odd(Reason::new("sign.early", [("objective", id.clone()), ("action", action)]));
        }
        let first = fold.actions.iter().filter(|seen| seen.range == range).map(|seen| seen.clock_ms).min();
        if let Some(first) = first {
            let after = clock_at(fold, capture.at_ms) - first;
            if (0..scenario.soonest_ms).contains(&after) {
                let seconds = (after / 1000).to_string();
                odd(Reason::new("sign.fast", [("objective", id.clone()), ("seconds", seconds)]));
            }
        }
    }
    signs.sort_by(|a, b| a.at_ms.cmp(&b.at_ms).then_with(|| a.team.cmp(&b.team)));
    signs
}

/// An action that leads to the objective, or to one that comes before it, and was not seen in the range by `at_ms`. Only where
/// the scenario can see one: an objective whose host and technique no action has, says nothing.
fn unseen(scenario: &Scenario, fold: &Fold, range: u16, objective: &Objective, at_ms: i64) -> Option<String> {
    let mut chain: Vec<&Objective> = vec![objective];
    let mut index = 0;
    while let Some(next) = chain.get(index).copied() {
        for needed in next.requires.iter().filter_map(|id| scenario.objective(id)) {
            if !chain.iter().any(|known| known.id == needed.id) {
                chain.push(needed);
            }
        }
        index += 1;
    }
    let seen = |action: &str| {
        fold.actions.iter().any(|seen| seen.range == range && seen.action == action && seen.seen_ms <= at_ms)
    };
    chain.iter().find_map(|objective| {
        let mut leading = scenario
            .actions
            .iter()
            .filter(|action| action.host == objective.host && action.technique == objective.technique)
            .peekable();
        let first = leading.peek().map(|action| action.id.clone())?;
        let any = leading.any(|action| seen(&action.id));
        (!any).then_some(first)
    })
}
