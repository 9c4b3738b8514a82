//! Scenarios as pages.

use rampart_app::library::Shelf;
use rampart_domain::scenario::{Difficulty, End, Fault, Host, Proto, Role, Scenario};
use rampart_pages::{
    AllowRule, CapacityView, LaneHost, Locale, PhaseBlock, PhaseState, ScenarioChoice, ScenarioFault,
    ScenarioObjective, ScenarioRow, ScenarioView, ZoneLane,
};
use scoreboard::Side;

use super::{count, say};
use crate::web::visit::page_side;

fn difficulty(of: Difficulty) -> &'static str {
    match of {
        Difficulty::Basic => "basic",
        Difficulty::Intermediate => "intermediate",
        Difficulty::Advanced => "advanced",
    }
}

/// A line of the list.
#[must_use]
pub fn row(shelf: &Shelf, locale: Locale) -> ScenarioRow {
    match &shelf.bundle {
        Ok(bundle) => {
            let scenario = &bundle.scenario;
            ScenarioRow {
                id: shelf.id.clone(),
                title: say(locale, &scenario.title),
                summary: say(locale, &scenario.summary),
                difficulty: difficulty(scenario.difficulty).to_owned(),
                minutes: scenario.duration_ms / 60_000,
                hosts: count(scenario.hosts.len()),
                objectives: count(scenario.objectives.len()),
                faults: 0,
            }
        }
        Err(faults) => ScenarioRow {
            id: shelf.id.clone(),
            title: shelf.id.clone(),
            summary: String::new(),
            difficulty: String::new(),
            minutes: 0,
            hosts: 0,
            objectives: 0,
            faults: count(faults.len()),
        },
    }
}

/// A scenario to choose for a new exercise.
#[must_use]
pub fn choice(shelf: &Shelf, locale: Locale) -> ScenarioChoice {
    let row = row(shelf, locale);
    ScenarioChoice {
        id: row.id,
        title: row.title,
        summary: row.summary,
        minutes: row.minutes,
        hosts: row.hosts,
        usable: shelf.bundle.is_ok(),
    }
}

/// A fault. The folder that it lies in is the server's business; the file's own name is enough to find it.
#[must_use]
pub fn fault(fault: &Fault) -> ScenarioFault {
    ScenarioFault {
        file: fault.file.rsplit('/').next().unwrap_or_default().to_owned(),
        line: count(fault.line),
        column: count(fault.column),
        text: fault.what.clone(),
        suggestion: fault.hint.clone(),
    }
}

fn end(end: &End) -> String {
    match &end.host {
        Some(host) => format!("{}/{host}", end.zone),
        None => end.zone.clone(),
    }
}

fn lane_host(host: &Host, locale: Locale) -> LaneHost {
    LaneHost {
        id: host.id.clone(),
        title: say(locale, &host.title),
        role: match host.role {
            Role::Gateway => "gateway",
            Role::Target => "target",
            Role::Workstation => "workstation",
            Role::User => "user",
        }
        .to_owned(),
        side: host.side.map(page_side),
        image: host.image.clone(),
        names: host.names.clone(),
    }
}

/// The aspect's key among the texts; the scenario names it in the programme's own words.
fn aspect(word: &str) -> &'static str {
    match word {
        "策略面" => "strategy",
        "管理面" => "management",
        _ => "technology",
    }
}

/// What a scenario says.
#[must_use]
pub fn view(scenario: &Scenario, capacity: CapacityView, locale: Locale) -> ScenarioView {
    let lanes = scenario.zones.iter().map(|zone| ZoneLane {
        id: zone.id.clone(),
        title: say(locale, &zone.title),
        start: zone.start.map(page_side),
        hosts: scenario
            .hosts
            .iter()
            .filter(|host| host.at.iter().any(|(at, _)| *at == zone.id))
            .map(|host| lane_host(host, locale))
            .collect(),
    });
    let title =
        |id: &String| scenario.objective(id).map_or_else(|| id.clone(), |known| say(locale, &known.title));
    ScenarioView {
        capacity,
        title: say(locale, &scenario.title),
        summary: say(locale, &scenario.summary),
        version: i64::from(scenario.version),
        difficulty: difficulty(scenario.difficulty).to_owned(),
        minutes: scenario.duration_ms / 60_000,
        course: scenario.course.code.clone(),
        aspect: aspect(&scenario.course.aspect).to_owned(),
        hours: i64::from(scenario.course.hours),
        techniques: scenario.attack.clone(),
        phases: vec![PhaseBlock {
            title: String::new(),
            minutes: scenario.duration_ms / 60_000,
            state: PhaseState::Coming,
            percent: 0,
            remaining_ms: None,
        }],
        zones: lanes.collect(),
        allow: scenario
            .allow
            .iter()
            .map(|rule| AllowRule {
                from: end(&rule.from),
                to: end(&rule.to),
                proto: match rule.proto {
                    Proto::Tcp => "tcp",
                    Proto::Udp => "udp",
                    Proto::Icmp => "icmp",
                }
                .to_owned(),
                ports: rule.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            })
            .collect(),
        objectives: scenario
            .objectives
            .iter()
            .map(|objective| ScenarioObjective {
                id: objective.id.clone(),
                title: say(locale, &objective.title),
                host: objective.host.clone(),
                technique: objective.technique.clone(),
                points: objective.points,
                requires: objective.requires.iter().map(title).collect(),
            })
            .collect(),
        detections: count(scenario.detections.len()),
        checks: count(scenario.checks.len()),
        repairs: count(scenario.repairs.len()),
        max_red: scenario.max_points(Side::Red),
        max_blue: scenario.max_points(Side::Blue),
        rules: super::rulings::announced(scenario, locale),
    }
}
