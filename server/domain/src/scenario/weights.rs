//! Blue's total shared by weights, exactly: whole points whose sum is the total.

use serde::Serialize;

use super::fault::Faults;
use super::shape::SHORTEST;
use super::tree::Node;
use super::{Objective, Scenario};

/// Parts of blue's score with the weight that each has where the scenario says nothing.
pub const WEIGHTS: [(&str, i64); 4] =
    [("availability", 40), ("detection", 30), ("response", 20), ("reports", 10)];

/// What blue can have in all, and by which weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Weighted {
    /// The total.
    pub total: i64,
    /// Weights as the scenario says them, in the order of [`WEIGHTS`].
    pub weights: [Option<i64>; 4],
}

impl Weighted {
    /// Weights that count: of a part in which nothing can be earned, none.
    #[must_use]
    pub fn weights(&self, earns: [bool; 4]) -> [i64; 4] {
        let mut weights = [0; 4];
        for (index, weight) in weights.iter_mut().enumerate() {
            if earns.get(index) == Some(&true) {
                let default = WEIGHTS.get(index).map_or(0, |(_, weight)| *weight);
                *weight = self.weights.get(index).copied().flatten().unwrap_or(default);
            }
        }
        weights
    }
}

/// Shares `total` by weights in whole points: each gets its part rounded down, what is left goes to the largest remainders,
/// the earlier first. The sum is `total` where there is any weight, else nothing is shared.
#[must_use]
pub fn share(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|weight| i128::from((*weight).max(0))).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &i64| i128::from(total) * i128::from((*weight).max(0));
    let mut parts: Vec<i64> =
        weights.iter().map(|weight| i64::try_from(exact(weight) / sum).unwrap_or(0)).collect();
    let mut left = total - parts.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(weights.get(*index).map_or(0, |weight| exact(weight) % sum)));
    for index in order {
        if left <= 0 {
            break;
        }
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
            left -= 1;
        }
    }
    parts
}

/// In which parts something can be earned.
fn earns(scenario: &Scenario) -> [bool; 4] {
    [
        !scenario.checks.is_empty(),
        !scenario.detections.is_empty(),
        !scenario.repairs.is_empty(),
        !scenario.reports.criteria.is_empty(),
    ]
}

/// Turns shares into points, where blue's total is shared by weights.
pub(super) fn apply(scenario: &mut Scenario) {
    let Some(weighted) = scenario.blue else { return };
    let parts = share(weighted.total, &weighted.weights(earns(scenario)));
    let part = |index: usize| parts.get(index).copied().unwrap_or(0);
    scenario.availability_points = part(0);
    let shares: Vec<i64> = scenario.detections.iter().map(|it| it.points).collect();
    for (it, points) in scenario.detections.iter_mut().zip(share(part(1), &shares)) {
        it.points = points;
    }
    let shares: Vec<i64> = scenario.repairs.iter().map(|it| it.points).collect();
    for (it, points) in scenario.repairs.iter_mut().zip(share(part(2), &shares)) {
        it.points = points;
    }
    scenario.reports.points = part(3);
}

/// What the keys of the total and its weights must be to each other.
pub(super) fn check(root: &Node, scenario: &Scenario, faults: &mut Faults) {
    let Some(scoring) = root.get("scoring") else { return };
    let reports = root.get("reports");
    let report_points = reports.filter(|node| node.get("points").is_some());
    let criteria = reports.filter(|node| node.get("criteria").is_some());
    if scoring.get("blue").is_none() {
        if scoring.get("availability").is_none() && matches!(scoring.value, super::tree::Value::Map(_)) {
            let hint =
                "add `availability`: Points for a full run without outage; or `blue`, shared by weights";
            let what = "`scoring` has no `availability`";
            faults.add(scoring.at, "missing_key", what, Some(hint.to_owned()));
        }
        if scoring.get("weights").is_some() {
            let hint = "add `blue`: what the weights share; or take `weights` away";
            faults.add(scoring.key_at("weights"), "rule", "`weights` without `blue`", Some(hint.to_owned()));
        }
        match (report_points, criteria) {
            (Some(node), None) => {
                let hint = "add `criteria`: what a judge marks; or take `points` away";
                faults.add(
                    node.key_at("points"),
                    "rule",
                    "`points` without `criteria`",
                    Some(hint.to_owned()),
                );
            }
            (None, Some(node)) => {
                let hint = "add `points`: the most that a team's marked reports bring together";
                faults.add(
                    node.key_at("criteria"),
                    "rule",
                    "`criteria` without `points`",
                    Some(hint.to_owned()),
                );
            }
            _ => {}
        }
        return;
    }
    if scoring.get("availability").is_some() {
        let what = "`availability` and `blue` stand together here; the weight says what availability brings";
        faults.add(scoring.key_at("availability"), "rule", what, Some("take one of them away".to_owned()));
    }
    if let Some(node) = report_points {
        let what = "`points` and `scoring.blue` stand together here; the weight says what reports bring";
        faults.add(node.key_at("points"), "rule", what, Some("take one of them away".to_owned()));
    }
    let Some(weighted) = scenario.blue else { return };
    let earns = earns(scenario);
    let said = scoring.get("weights");
    for (index, (name, _)) in WEIGHTS.iter().enumerate() {
        let weight = weighted.weights.get(index).copied().flatten().unwrap_or(0);
        if weight > 0 && earns.get(index) == Some(&false) {
            let what = format!("`{name}` has a weight, but nothing can be earned in it");
            let hint = match *name {
                "availability" => "add `checks`, or set the weight to 0",
                "detection" => "add `detections`, or set the weight to 0",
                "response" => "add `repairs`, or set the weight to 0",
                _ => "add `criteria` to `reports`, or set the weight to 0",
            };
            let at = said.map_or(scoring.at, |node| node.at(name));
            faults.add(at, "rule", what, Some(hint.to_owned()));
        }
    }
    if weighted.weights(earns).iter().sum::<i64>() == 0 {
        let at = said.map_or_else(|| scoring.at("blue"), |node| node.at);
        faults.add(
            at,
            "rule",
            "no part has a weight, so the total goes nowhere",
            Some("give one a weight".to_owned()),
        );
        return;
    }
    let lists = [
        ("detections", scenario.detections.iter().map(|it| it.points).collect::<Vec<i64>>()),
        ("repairs", scenario.repairs.iter().map(|it| it.points).collect()),
    ];
    for (key, points) in lists {
        if let Some((node, _)) = root.items(key).iter().zip(&points).find(|(_, points)| **points == 0) {
            let what = "its share of the total comes to no point at all";
            faults.add(
                node.at("points"),
                "rule",
                what,
                Some("raise its share, the weight or `blue`".to_owned()),
            );
        }
    }
}

/// Values that fit each other: what an objective falls to, what is won back, marks.
pub(super) fn values(root: &Node, scenario: &Scenario, faults: &mut Faults) {
    for (node, objective) in root.items("objectives").iter().zip(&scenario.objectives) {
        if let Some(decay) = node.get("decay") {
            fall(decay, objective, scenario, faults);
        }
    }
    for (node, detection) in root.items("detections").iter().zip(&scenario.detections) {
        let twin =
            scenario.detections.iter().filter(|other| other.action == detection.action && other.stealth > 0);
        if detection.stealth > 0 && twin.count() > 1 {
            let what = format!("two detections of action `{}` reward stealth", detection.action);
            faults.add(node.at("stealth"), "rule", what, Some("leave it to one of them".to_owned()));
        }
    }
}

fn fall(node: &Node, objective: &Objective, scenario: &Scenario, faults: &mut Faults) {
    let by = node.get("by").and_then(Node::scalar).unwrap_or_default();
    if objective.points > 0 && objective.least() > objective.points {
        let hint = "write what it falls to, at most its points";
        faults.add(node.at("least"), "rule", "`least` is more than `points`", Some(hint.to_owned()));
    }
    for (key, of) in [("steps", "captures"), ("until", "time")] {
        if by == of && node.get(key).is_none() {
            let what = format!("a decay by `{of}` has no `{key}`");
            faults.add(node.at, "missing_key", what, Some(format!("add `{key}`")));
        }
        // A word that is none was told already; what it should have been nobody knows.
        if ["captures", "time", "harmonic"].contains(&by) && by != of && node.get(key).is_some() {
            let what = format!("`{key}` means nothing for a decay by `{by}`");
            faults.add(
                node.key_at(key),
                "rule",
                what,
                Some(format!("take `{key}` away, or write `by: {of}`")),
            );
        }
    }
    if let Some(super::Decay::Time { until_ms, .. }) = objective.decay
        && until_ms > scenario.duration_ms
        && scenario.duration_ms >= SHORTEST
    {
        let what = "`until` is longer than the exercise";
        faults.add(
            node.at("until"),
            "rule",
            what,
            Some("shorten it, or make the exercise longer".to_owned()),
        );
    }
}
