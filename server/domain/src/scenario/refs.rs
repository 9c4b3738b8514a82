//! What refers to something else: ids that are there once, names that lead somewhere.

use std::collections::HashMap;

use super::fault::{Faults, Mark, quote, suggestion};
use super::tree::{Node, Value};
use super::{Evidence, Role, Scenario, Telemetry, rules};

/// Follows every reference of the scenario. `root` is the tree that it was built from: lists have the same order.
pub(super) fn check(root: &Node, scenario: &Scenario, faults: &mut Faults) {
    let ids = |key: &'static str, noun: &'static str, faults: &mut Faults| Names::of(root, key, noun, faults);
    let names = Everything {
        zones: ids("zones", "zone", faults),
        hosts: ids("hosts", "host", faults),
        accounts: ids("accounts", "account", faults),
        objectives: ids("objectives", "objective", faults),
        actions: ids("actions", "action", faults),
        checks: ids("checks", "check", faults),
    };
    for (key, noun) in [("detections", "detection"), ("repairs", "repair"), ("users", "user")] {
        ids(key, noun, faults);
    }
    if let Some(reports) = root.get("reports") {
        Names::of(reports, "criteria", "criterion", faults);
    }
    rules::network(root, scenario, &names, faults);
    rules::secrets(root, scenario, &names, faults);
    objectives(root, scenario, &names, faults);
    actions(root, scenario, &names, faults);
    scripts(root, scenario, &names, faults);
    rules::scoring(root, scenario, faults);
}

/// The ids of a scenario, by what they name.
pub(super) struct Everything<'a> {
    pub zones: Names<'a>,
    pub hosts: Names<'a>,
    pub accounts: Names<'a>,
    pub objectives: Names<'a>,
    pub actions: Names<'a>,
    pub checks: Names<'a>,
}

/// The ids of one list.
pub(super) struct Names<'a> {
    noun: &'static str,
    known: Vec<&'a str>,
    /// False when the list itself is damaged: then an id that is not found says nothing.
    pub complete: bool,
}

impl<'a> Names<'a> {
    /// Ids of the list under `key`; reports those that come twice.
    fn of(root: &'a Node, key: &str, noun: &'static str, faults: &mut Faults) -> Self {
        let mut first: HashMap<&str, Mark> = HashMap::new();
        let mut known = Vec::new();
        let mut complete = match root.get(key).map(|node| &node.value) {
            Some(Value::List(_)) => !root.is_repeated(key),
            Some(_) => false,
            // These lists may be left out; without the others nothing works, and that was said already.
            None => !matches!(key, "zones" | "hosts" | "objectives"),
        };
        for item in root.items(key) {
            let Some(id) = item.get("id").and_then(Node::scalar).filter(|id| !id.is_empty()) else {
                complete = false;
                continue;
            };
            let at = item.at("id");
            match first.get(id) {
                Some(before) => twice(at, noun, id, *before, faults),
                None => {
                    first.insert(id, at);
                    known.push(id);
                }
            }
        }
        Self { noun, known, complete }
    }

    pub fn has(&self, id: &str) -> bool {
        self.known.contains(&id)
    }

    /// Reports an id that leads nowhere. True when it leads somewhere.
    pub fn follow(&self, at: Mark, id: &str, faults: &mut Faults) -> bool {
        if self.has(id) {
            return true;
        }
        if self.complete && !id.is_empty() {
            let what = format!("there is no {} {}", self.noun, quote(id));
            let none = format!("the file has no {}", self.noun);
            faults.add(at, "reference", what, Some(suggestion(id, &self.known, &none)));
        }
        false
    }

    /// [`Names::follow`] for the value of a key, where there is one.
    pub fn follow_key(&self, node: &Node, key: &str, faults: &mut Faults) -> bool {
        match node.get(key).and_then(Node::scalar) {
            Some(id) => self.follow(node.at(key), id, faults),
            None => false,
        }
    }
}

/// Reports something that is there a second time.
pub(super) fn twice(at: Mark, noun: &str, id: &str, before: Mark, faults: &mut Faults) {
    let what = format!("{noun} {} is there already, in line {}", quote(id), before.line);
    faults.add(at, "duplicate", what, Some("every id stands once; choose another".to_owned()));
}

fn objectives(root: &Node, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    let mut hints: HashMap<&str, Mark> = HashMap::new();
    for (node, objective) in root.items("objectives").iter().zip(&scenario.objectives) {
        names.hosts.follow_key(node, "host", faults);
        for (index, item) in node.items("requires").iter().enumerate() {
            let Some(id) = item.scalar() else { continue };
            names.objectives.follow(item.at, id, faults);
            if objective.requires.iter().take(index).any(|before| before == id) {
                let what = format!("{} is required already", quote(id));
                faults.add(item.at, "duplicate", what, Some("take one of them away".to_owned()));
            }
        }
        for (item, hint) in node.items("hints").iter().zip(&objective.hints) {
            let at = item.at("id");
            if let Some(before) = hints.insert(&hint.id, at).filter(|_| !hint.id.is_empty()) {
                twice(at, "hint", &hint.id, before, faults);
            }
            if hint.price > objective.points && objective.points > 0 {
                let what = format!(
                    "the hint costs {} points, the objective brings {}",
                    hint.price, objective.points
                );
                faults.add(
                    item.at("price"),
                    "rule",
                    what,
                    Some("nobody would buy it; lower the price".to_owned()),
                );
            }
        }
    }
    cycles(root, scenario, faults);
}

/// Objectives that wait for each other. Each circle is reported once, where it closes.
fn cycles(root: &Node, scenario: &Scenario, faults: &mut Faults) {
    let index: HashMap<&str, usize> =
        scenario.objectives.iter().enumerate().rev().map(|(index, it)| (it.id.as_str(), index)).collect();
    // 0 not seen, 1 on the way, 2 done. The list is at most some dozens long, so recursion is no danger.
    let mut state = vec![0_u8; scenario.objectives.len()];
    let mut way = Vec::new();
    for start in 0..state.len() {
        walk(start, root, scenario, &index, &mut state, &mut way, faults);
    }
}

fn walk(
    at: usize,
    root: &Node,
    scenario: &Scenario,
    index: &HashMap<&str, usize>,
    state: &mut [u8],
    way: &mut Vec<usize>,
    faults: &mut Faults,
) {
    if state[at] != 0 {
        return;
    }
    state[at] = 1;
    way.push(at);
    let node = &root.items("objectives")[at];
    for item in node.items("requires") {
        let Some(next) = item.scalar().and_then(|id| index.get(id).copied()) else { continue };
        if state[next] == 1 {
            let from = way.iter().position(|step| *step == next).unwrap_or_default();
            let circle = way[from..].iter().chain([&next]);
            let circle: Vec<&str> = circle.map(|step| scenario.objectives[*step].id.as_str()).collect();
            let what = match circle.len() {
                2 => format!("objective {} requires itself", quote(circle[0])),
                _ => format!("objectives wait for each other in a circle: {}", circle.join(" → ")),
            };
            faults.add(
                item.at,
                "cycle",
                what,
                Some("nobody could ever capture them; take one of the requirements away".to_owned()),
            );
        }
        walk(next, root, scenario, index, state, way, faults);
    }
    way.pop();
    state[at] = 2;
}

fn actions(root: &Node, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    for (node, action) in root.items("actions").iter().zip(&scenario.actions) {
        names.hosts.follow_key(node, "host", faults);
        for (item, line) in node.items("evidence").iter().zip(&action.evidence) {
            evidence(item, line, scenario, names, faults);
        }
        let from_gateway = action
            .evidence
            .iter()
            .any(|line| scenario.host(&line.source).is_some_and(|host| host.role == Role::Gateway));
        let readable = node.items("evidence").iter().all(|item| item.get("source").is_some());
        if names.hosts.complete && readable && !action.evidence.is_empty() && !from_gateway {
            let what = format!("action {} has no evidence from the gateway", quote(&action.id));
            let hint =
                "red can forge the records of a host it owns; add a `{ source: gateway, kind: flow, … }`";
            faults.add(node.at("evidence"), "rule", what, Some(hint.to_owned()));
        }
    }
    let mut detected: HashMap<&str, Mark> = HashMap::new();
    for (node, detection) in root.items("detections").iter().zip(&scenario.detections) {
        names.actions.follow_key(node, "action", faults);
        let at = node.at("action");
        if let Some(before) = detected.insert(&detection.action, at).filter(|_| !detection.action.is_empty())
        {
            let what = format!(
                "action {} has a detection already, in line {}",
                quote(&detection.action),
                before.line
            );
            faults.add(at, "duplicate", what, Some("one report would score twice; keep one".to_owned()));
        }
    }
}

fn evidence(node: &Node, line: &Evidence, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    names.hosts.follow_key(node, "source", faults);
    names.hosts.follow_key(node, "from", faults);
    names.hosts.follow_key(node, "to", faults);
    if node.get("kind").is_none() {
        return;
    }
    let (kind, foreign): (&str, &[&str]) = match line.kind {
        Telemetry::Web => ("web", &["to", "port"]),
        Telemetry::Flow => ("flow", &["field", "matches", "status"]),
    };
    if let Some(host) = scenario.host(&line.source).filter(|host| host.telemetry != Some(line.kind)) {
        let what = format!("host {} has no {kind} records", quote(&host.id));
        let hint = format!("give the host `telemetry: {kind}`, or name another source");
        faults.add(node.at("source"), "rule", what, Some(hint));
    }
    for key in foreign.iter().filter(|key| node.get(key).is_some()) {
        let what = format!("a {kind} record has no `{key}`");
        faults.add(node.key_at(key), "rule", what, Some("take it away, or change `kind`".to_owned()));
    }
    match line.kind {
        Telemetry::Web if line.field.is_some() && line.matches.is_none() => {
            let hint = "add `matches` with a regular expression, or take `field` away";
            faults.add(
                node.at("field"),
                "rule",
                "`field` without `matches` says nothing",
                Some(hint.to_owned()),
            );
        }
        Telemetry::Web if line.matches.is_none() && line.status.is_none() => {
            let hint = "add `field` and `matches`; otherwise any request would be evidence";
            faults.add(node.at, "rule", "this evidence matches every web record", Some(hint.to_owned()));
        }
        Telemetry::Flow if node.get("to").is_none() => {
            let hint = "add `to`; otherwise any connection would be evidence";
            faults.add(
                node.at,
                "rule",
                "this evidence does not say where the flow goes",
                Some(hint.to_owned()),
            );
        }
        _ => {}
    }
}

fn scripts(root: &Node, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    for (node, check) in root.items("checks").iter().zip(&scenario.checks) {
        names.hosts.follow_key(node, "host", faults);
        runner(node, "from", scenario, names, faults);
        if check.host == check.from && !check.host.is_empty() {
            let what = format!("check {} would run inside the host that it checks", quote(&check.id));
            faults.add(
                node.at("from"),
                "rule",
                what,
                Some("an outage seen from inside proves nothing; name another host".to_owned()),
            );
        }
    }
    for (node, repair) in root.items("repairs").iter().zip(&scenario.repairs) {
        names.hosts.follow_key(node, "host", faults);
        names.actions.follow_key(node, "action", faults);
        for (index, item) in node.items("checks").iter().enumerate() {
            let Some(id) = item.scalar() else { continue };
            names.checks.follow(item.at, id, faults);
            if repair.checks.iter().take(index).any(|before| before == id) {
                let what = format!("check {} is named already", quote(id));
                faults.add(item.at, "duplicate", what, Some("take one of them away".to_owned()));
            }
        }
        if let Some(retest) = node.get("retest") {
            runner(retest, "from", scenario, names, faults);
        }
    }
    for node in root.items("users") {
        runner(node, "host", scenario, names, faults);
    }
}

/// A host that a script of the platform runs in.
fn runner(node: &Node, key: &str, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    if !names.hosts.follow_key(node, key, faults) {
        return;
    }
    let id = node.get(key).and_then(Node::scalar).unwrap_or_default();
    if scenario.host(id).is_some_and(|host| host.role == Role::Gateway) {
        let hint = "name a target, a workstation or a user";
        faults.add(node.at(key), "rule", "no script runs in the gateway", Some(hint.to_owned()));
    }
}
