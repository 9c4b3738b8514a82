//! Rules between parts of the file: what stands where in the network, where secrets go, what times and points make sense.

use std::collections::HashMap;

use super::fault::{Faults, Mark, nearest, quote};
use super::refs::{Everything, twice};
use super::shape::SHORTEST;
use super::tree::{Node, Value};
use super::{Allow, End, Host, PlantWhat, Proto, Role, Scenario, may_have};

/// Zones, hosts, addresses, names and the rules of the gateway.
pub(super) fn network(root: &Node, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    let mut addresses: HashMap<(&str, u8), (&str, Mark)> = HashMap::new();
    let mut dns: HashMap<&str, (Mark, bool)> = HashMap::new();
    for (node, host) in root.items("hosts").iter().zip(&scenario.hosts) {
        placed(node, host, names, faults);
        sided(node, host, faults);
        screened(node, host, scenario, faults);
        capabilities(node, host, faults);
        resettable(node, host, faults);
        typical(node, host, faults);
        for (zone, number) in &host.at {
            let at = place(node, zone);
            match addresses.get(&(zone.as_str(), *number)) {
                Some((other, before)) => {
                    let what = format!(
                        "host {} stands at {number} of zone {} already, in line {}",
                        quote(other),
                        quote(zone),
                        before.line
                    );
                    faults.add(at, "duplicate", what, Some("choose another host number".to_owned()));
                }
                None => {
                    addresses.insert((zone.as_str(), *number), (host.id.as_str(), at));
                }
            }
        }
        let own = [(host.id.as_str(), node.at("id"), true)];
        let further = node.items("names").iter().filter_map(|item| Some((item.scalar()?, item.at, false)));
        for (name, at, is_id) in own.into_iter().chain(further).filter(|(name, ..)| !name.is_empty()) {
            match dns.get(name) {
                // Two hosts with one id were reported with the ids.
                Some((_, true)) if is_id => {}
                Some((before, _)) => twice(at, "DNS name", name, *before, faults),
                None => {
                    dns.insert(name, (at, is_id));
                }
            }
        }
    }
    roles(root, scenario, names, faults);
    let mut rules: Vec<(&Allow, Mark)> = Vec::new();
    for (node, allow) in root.items("allow").iter().zip(&scenario.allow) {
        rule(node, allow, scenario, names, faults);
        match rules.iter().find(|(other, _)| *other == allow) {
            Some((_, before)) if !allow.from.zone.is_empty() && !allow.to.zone.is_empty() => {
                let what = format!("this rule stands in line {} already", before.line);
                faults.add(node.at, "duplicate", what, Some("take one of them away".to_owned()));
            }
            _ => rules.push((allow, node.at)),
        }
    }
}

/// Place of a host's number in a zone.
fn place(node: &Node, zone: &str) -> Mark {
    node.get("at").map_or(node.at, |at| at.at(zone))
}

fn placed(node: &Node, host: &Host, names: &Everything<'_>, faults: &mut Faults) {
    let Some(at) = node.get("at") else {
        if node.get("role").is_some() && host.role != Role::Gateway {
            let what = format!("host {} stands in no zone", quote(&host.id));
            faults.add(
                node.at,
                "rule",
                what,
                Some("add `at: { ZONE: NUMBER }` with a number from 3 to 62".to_owned()),
            );
        }
        return;
    };
    if host.role == Role::Gateway {
        let hint = "the gateway stands in every zone by itself; take `at` away";
        faults.add(node.key_at("at"), "rule", "the gateway has no `at`", Some(hint.to_owned()));
    }
    if let Value::Map(map) = &at.value {
        for entry in &map.entries {
            names.zones.follow(entry.key_at, &entry.key, faults);
        }
    }
}

fn sided(node: &Node, host: &Host, faults: &mut Faults) {
    let workstation = host.role == Role::Workstation;
    match node.get("side") {
        None if workstation => {
            let what = format!("workstation {} has no side", quote(&host.id));
            faults.add(node.at, "rule", what, Some("add `side: red` or `side: blue`".to_owned()));
        }
        Some(side) if !workstation && node.get("role").is_some() => {
            let what = format!("host {} has a side, but only workstations have one", quote(&host.id));
            faults.add(side.at, "rule", what, Some("take `side` away, or make it a workstation".to_owned()));
        }
        _ => {}
    }
}

/// A price makes sense where there is a team that could pay it.
fn resettable(node: &Node, host: &Host, faults: &mut Faults) {
    if node.get("reset").is_some()
        && node.get("role").is_some()
        && matches!(host.role, Role::Gateway | Role::User)
    {
        let what =
            format!("host {} has a price for a reset, but no team that could ask for it", quote(&host.id));
        let hint = "take `reset` away; only staff resets gateways and users";
        faults.add(node.key_at("reset"), "rule", what, Some(hint.to_owned()));
    }
}

/// A desktop runs as the person's own account, and is only there for a person.
fn screened(node: &Node, host: &Host, scenario: &Scenario, faults: &mut Faults) {
    let Some(desktop) = node.get("desktop").filter(|_| host.desktop) else { return };
    if host.role != Role::Workstation && node.get("role").is_some() {
        let what = format!("host {} has a desktop, but only workstations have seats", quote(&host.id));
        faults.add(
            desktop.at,
            "rule",
            what,
            Some("take `desktop` away, or make it a workstation".to_owned()),
        );
        return;
    }
    let has_login = scenario.accounts.iter().any(|account| {
        account.host.as_deref() == Some(host.id.as_str())
            && account.login.as_deref().is_some_and(|login| login != "root")
    });
    if !has_login {
        let what = format!("host {} has a desktop, but no account", quote(&host.id));
        let hint =
            format!("add an account with `host: {}` and a `login`; the desktop runs as this user", host.id);
        faults.add(desktop.at, "rule", what, Some(hint));
    }
}

fn typical(node: &Node, host: &Host, faults: &mut Faults) {
    let Some(node) = node.get("resources") else { return };
    if host.resources.memory > 0 && host.resources.typical > host.resources.memory {
        let what = format!("host {} uses more memory as a rule than its limit allows", quote(&host.id));
        let hint = "measure what it uses, and write less than `memory`";
        faults.add(node.at("typical"), "rule", what, Some(hint.to_owned()));
    }
}

fn capabilities(node: &Node, host: &Host, faults: &mut Faults) {
    for (index, item) in node.items("capabilities").iter().enumerate() {
        let Some(name) = item.scalar() else { continue };
        if host.capabilities.iter().take(index).any(|before| before == name) {
            let what = format!("capability {} is asked for already", quote(name));
            faults.add(item.at, "duplicate", what, Some("take one of them away".to_owned()));
        }
        // Names outside the list were reported with the list; here it is about whose they are.
        if may_have(Role::Gateway, name) && !may_have(host.role, name) {
            let what = format!("host {} asks for {name}, which only the gateway may have", quote(&host.id));
            let hint = "with it a player could change addresses and rules of the range; take it away";
            faults.add(item.at, "rule", what, Some(hint.to_owned()));
        }
    }
    if host.role == Role::Gateway && !host.capabilities.iter().any(|name| name == "NET_ADMIN") {
        let what = format!("the gateway {} does not ask for NET_ADMIN", quote(&host.id));
        let hint = "without it no firewall can be loaded; add `capabilities: [NET_ADMIN, NET_RAW]`";
        faults.add(node.at("capabilities"), "rule", what, Some(hint.to_owned()));
    }
}

/// How many there must be of a role.
fn roles(root: &Node, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    use scoreboard::Side;
    let readable = root.items("hosts").iter().all(|node| node.get("role").is_some());
    if !names.hosts.complete || !readable {
        return;
    }
    let mut of = |is: &dyn Fn(&Host) -> bool, what: &str, hint: &str| {
        let hosts = root.items("hosts").iter().zip(&scenario.hosts);
        let found: Vec<&Node> = hosts.filter(|(_, host)| is(host)).map(|(node, _)| node).collect();
        if found.is_empty() {
            faults.add(root.key_at("hosts"), "rule", format!("there is no {what}"), Some(hint.to_owned()));
        }
        for node in found.iter().skip(1) {
            let text = format!("a second {what}, the first stands in line {}", found[0].at.line);
            faults.add(node.at("role"), "rule", text, Some(format!("there is exactly one {what}")));
        }
    };
    of(
        &|host| host.role == Role::Gateway,
        "gateway",
        "add a host with `role: gateway`; it routes between the zones",
    );
    for (side, name) in [(Side::Red, "red"), (Side::Blue, "blue")] {
        let what = format!("{name} workstation");
        let hint = format!("add a host with `role: workstation` and `side: {name}`; the team sits there");
        // A workstation without a side was reported already, and may be the one that is missed here.
        let undecided =
            scenario.hosts.iter().any(|host| host.role == Role::Workstation && host.side.is_none());
        if !undecided {
            of(&|host| host.role == Role::Workstation && host.side == Some(side), &what, &hint);
        }
    }
}

fn rule(node: &Node, allow: &Allow, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    let ends = [("from", &allow.from), ("to", &allow.to)];
    for (key, end) in ends.into_iter().filter(|(_, end)| !end.zone.is_empty()) {
        end_of_rule(node.at(key), end, scenario, names, faults);
    }
    if allow.from.zone == allow.to.zone && !allow.to.zone.is_empty() {
        let what = format!("both ends lie in zone {}", quote(&allow.to.zone));
        let hint = "the gateway stands between zones; inside a zone everything is open";
        faults.add(node.at("to"), "rule", what, Some(hint.to_owned()));
    }
    if node.get("proto").is_none() {
        return;
    }
    match (allow.proto, node.get("ports")) {
        (Proto::Icmp, Some(_)) => {
            let hint = "take `ports` away".to_owned();
            faults.add(node.key_at("ports"), "rule", "`icmp` has no ports", Some(hint));
        }
        (Proto::Tcp | Proto::Udp, None) => {
            faults.add(
                node.at,
                "missing_key",
                "this allow rule has no `ports`",
                Some("add `ports: [80]`".to_owned()),
            );
        }
        _ => {}
    }
    for (index, item) in node.items("ports").iter().enumerate() {
        let before = node.items("ports").iter().take(index);
        if before.filter_map(Node::scalar).any(|port| Some(port) == item.scalar()) {
            let what = format!("port {} stands here already", quote(item.scalar().unwrap_or_default()));
            faults.add(item.at, "duplicate", what, Some("take one of them away".to_owned()));
        }
    }
}

fn end_of_rule(at: Mark, end: &End, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    let zone = names.zones.follow(at, &end.zone, faults);
    let Some(id) = &end.host else { return };
    if !names.hosts.follow(at, id, faults) || !zone {
        return;
    }
    let Some(host) = scenario.host(id) else { return };
    // A misspelt zone of the host was reported there, and may be the one that is missed here.
    if host.at.iter().any(|(zone, _)| !names.zones.has(zone)) {
        return;
    }
    if !host.at.iter().any(|(zone, _)| *zone == end.zone) {
        let what = format!("host {} does not stand in zone {}", quote(id), quote(&end.zone));
        let zones: Vec<String> = host.at.iter().map(|(zone, _)| format!("`{zone}/{id}`")).collect();
        let hint = match host.role {
            Role::Gateway => "no rule leads to the gateway itself".to_owned(),
            _ if zones.is_empty() => "give the host a place there".to_owned(),
            _ => format!("did you mean {}?", zones.join(" or ")),
        };
        faults.add(at, "reference", what, Some(hint));
    }
}

/// Accounts, plants, and the flags and passwords in them.
pub(super) fn secrets(root: &Node, scenario: &Scenario, names: &Everything<'_>, faults: &mut Faults) {
    let mut logins: HashMap<(&str, &str), Mark> = HashMap::new();
    for (node, account) in root.items("accounts").iter().zip(&scenario.accounts) {
        names.hosts.follow_key(node, "host", faults);
        match (&account.host, &account.login) {
            (Some(host), Some(login)) => {
                let at = node.at("login");
                if let Some(before) = logins.insert((host, login), at) {
                    twice(at, "log-in", &format!("{login} on {host}"), before, faults);
                }
            }
            (None, Some(_)) => {
                let what = format!("account {} has a log-in but no host", quote(&account.id));
                faults.add(
                    node.at("login"),
                    "rule",
                    what,
                    Some("add `host`: where the log-in is".to_owned()),
                );
            }
            (Some(_), None) => {
                let what = format!("account {} has a host but no log-in", quote(&account.id));
                faults.add(
                    node.at("host"),
                    "rule",
                    what,
                    Some("add `login`, or take `host` away".to_owned()),
                );
            }
            (None, None) => {}
        }
    }
    let mut planted: Vec<(String, &str)> = Vec::new();
    let mut paths: HashMap<(&str, &str), Mark> = HashMap::new();
    for (node, plant) in root.items("plants").iter().zip(&scenario.plants) {
        names.hosts.follow_key(node, "host", faults);
        plant_form(node, faults);
        let texts: &[(&str, Option<&Node>)] = match (&plant.what, node.get("row")) {
            (PlantWhat::File { path, .. }, _) => {
                let at = node.at("file");
                if let Some(before) = paths.insert((&plant.host, path), at).filter(|_| !path.is_empty()) {
                    twice(at, "file", path, before, faults);
                }
                &[("content", node.get("content"))]
            }
            (PlantWhat::Row { .. }, row) => &[
                ("statement", row.and_then(|row| row.get("statement"))),
                ("verify", row.and_then(|row| row.get("verify"))),
            ],
        };
        for (key, text) in texts {
            let Some((text, at)) = text.and_then(|node| Some((node.scalar()?, node.at))) else { continue };
            let found = placeholders(text, at, names, faults);
            if *key == "statement" && found == 0 {
                let what = "the statement plants no secret, so nothing could be verified";
                faults.add(at, "rule", what, Some("put `{flag:ID}` or `{password:ID}` into it".to_owned()));
            }
            planted.extend(flags(text).map(|flag| (flag.to_owned(), plant.host.as_str())));
        }
    }
    let plants_readable = !root.is_repeated("plants")
        && matches!(root.get("plants").map(|node| &node.value), None | Some(Value::List(_)));
    for (node, objective) in root.items("objectives").iter().zip(&scenario.objectives) {
        if !plants_readable || objective.id.is_empty() {
            continue;
        }
        let hosts: Vec<&str> =
            planted.iter().filter(|(flag, _)| *flag == objective.id).map(|(_, host)| *host).collect();
        if hosts.is_empty() {
            let what = format!("the flag of objective {} is planted nowhere", quote(&objective.id));
            let hint = format!("put `{{flag:{}}}` into a plant on its host", objective.id);
            faults.add(node.at("id"), "rule", what, Some(hint));
        } else if names.hosts.has(&objective.host) && !hosts.contains(&objective.host.as_str()) {
            let what = format!(
                "objective {} names host {}, its flag is planted on {}",
                quote(&objective.id),
                quote(&objective.host),
                quote(hosts[0])
            );
            faults.add(node.at("host"), "rule", what, Some("name the host where the flag is".to_owned()));
        }
    }
}

/// A plant is a file with its four keys, or a row.
fn plant_form(node: &Node, faults: &mut Faults) {
    const FILE: [&str; 4] = ["file", "owner", "mode", "content"];
    if !matches!(node.value, Value::Map(_)) {
        return;
    }
    let has = |key: &&str| node.get(key).is_some();
    if node.get("row").is_some() {
        for key in FILE.iter().filter(|key| has(key)) {
            let what = format!("a plant is a row or a file; `row` and `{key}` stand together here");
            faults.add(node.key_at(key), "rule", what, Some("make two plants of it".to_owned()));
        }
    } else if FILE.iter().any(has) {
        for key in FILE.iter().filter(|key| !has(key)) {
            let what = format!("this plant of a file has no `{key}`");
            faults.add(
                node.at,
                "missing_key",
                what,
                Some("a file has `file`, `owner`, `mode` and `content`".to_owned()),
            );
        }
    } else {
        let hint = "add `row`, or `file` with `owner`, `mode` and `content`";
        faults.add(node.at, "missing_key", "this plant says nothing to plant", Some(hint.to_owned()));
    }
}

/// `{word:rest}` in a text, as (word, rest); a missing brace ends at the line's end.
fn braces(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.match_indices('{').filter_map(|(start, _)| {
        let inner = &text[start + 1..];
        let (word, rest) = inner.split_at(inner.find(|c: char| !c.is_ascii_alphabetic())?);
        let rest = rest.strip_prefix(':')?;
        let line = rest.lines().next().unwrap_or_default();
        Some((word, line.find('}').map(|end| &line[..end])))
    })
}

/// Ids of the flags in a text.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    braces(text).filter(|(word, _)| *word == "flag").filter_map(|(_, id)| id)
}

/// Follows the placeholders of a text; the number found.
fn placeholders(text: &str, at: Mark, names: &Everything<'_>, faults: &mut Faults) -> usize {
    let mut found = 0;
    for (word, id) in braces(text) {
        let list = match word {
            "flag" => &names.objectives,
            "password" => &names.accounts,
            other => {
                // Braces with a colon also stand in style sheets and JSON: only near misses are meant for us.
                if let Some(meant) = nearest(other, ["flag", "password"]) {
                    let what = format!("unknown placeholder {}", quote(&format!("{{{other}:…}}")));
                    faults.add(at, "reference", what, Some(format!("did you mean `{{{meant}:ID}}`?")));
                }
                continue;
            }
        };
        found += 1;
        match id {
            Some("") => {
                let what = format!("the placeholder `{{{word}:}}` names nothing");
                faults.add(at, "reference", what, Some(format!("write `{{{word}:ID}}`")));
            }
            Some(id) => {
                list.follow(at, id, faults);
            }
            None => {
                let what = format!("a placeholder begins with `{{{word}:` and is not closed");
                faults.add(at, "reference", what, Some(format!("write `{{{word}:ID}}`")));
            }
        }
    }
    found
}

/// Times that fit each other.
pub(super) fn scoring(root: &Node, scenario: &Scenario, faults: &mut Faults) {
    let detections = scenario.detections.iter().map(|it| (it.full_ms, it.window_ms));
    let repairs = scenario.repairs.iter().map(|it| (it.full_ms, it.window_ms));
    let nodes =
        root.items("detections").iter().zip(detections).chain(root.items("repairs").iter().zip(repairs));
    for (node, (full, window)) in nodes {
        if full > 0 && window > 0 && window < full {
            let hint = "the value is full up to `full` and falls until `window`";
            faults.add(node.at("window"), "rule", "`window` is shorter than `full`", Some(hint.to_owned()));
        }
        if window > scenario.duration_ms && scenario.duration_ms >= SHORTEST {
            let hint = "shorten it, or make the exercise longer";
            faults.add(
                node.at("window"),
                "rule",
                "`window` is longer than the exercise",
                Some(hint.to_owned()),
            );
        }
    }
    for (node, check) in root.items("checks").iter().zip(&scenario.checks) {
        if check.timeout_ms > check.every_ms && check.every_ms > 0 {
            let hint = "a check must end before the next begins";
            faults.add(node.at("timeout"), "rule", "`timeout` is longer than `every`", Some(hint.to_owned()));
        }
    }
    super::weights::values(root, scenario, faults);
    super::weights::check(root, scenario, faults);
    if scenario.availability_points > 0 && root.get("checks").is_none() {
        let what = "availability brings points, but there are no checks";
        let at = root.get("scoring").map_or(root.at, |node| node.at("availability"));
        faults.add(at, "rule", what, Some("add `checks`, or set `availability: 0`".to_owned()));
    }
}
