//! Hosts of standing ranges, and resets.

use rampart_app::exercise::{Exercise, HostCondition, HostState, Resetting};
use rampart_domain::scenario::Scenario;
use rampart_pages::{
    HealthRange, HostPage, Locale, MachineCell, MachineRow, MachineState, MachineTable, Problem, ResetLine,
    ResetView,
};
use rampart_store::Exercise as Row;
use scoreboard::{Fold, Side, Status};

use super::{head, pairs, say};
use crate::web::who::Seated;

fn reset_view(reset: &Resetting) -> ResetView {
    ResetView { stage: reset.stage.to_owned(), since_ms: reset.since_ms, why: reset.why.clone() }
}

/// A host as the watch over the range sees it, and the ledger: a reset that has just been asked for has no task yet.
fn cell(fold: &Fold, hosts: &[HostState], range: u16, host: &str) -> MachineCell {
    let known = hosts.iter().find(|known| known.range == range && known.host == host);
    let asked = fold.resetting().find(|reset| reset.range == range && reset.host == host);
    let reset = asked.map(|asked| match known.and_then(|known| known.reset.as_ref()) {
        Some(reset) => reset_view(reset),
        None => ResetView { stage: "waiting".to_owned(), since_ms: asked.asked_ms, why: None },
    });
    let state = match known.map(|known| known.state) {
        _ if reset.is_some() => MachineState::Resetting,
        None | Some(HostCondition::Unknown) => MachineState::Unknown,
        Some(HostCondition::Running) => MachineState::Running,
        Some(HostCondition::Frozen) => MachineState::Frozen,
        Some(HostCondition::Dead) => MachineState::Dead,
        Some(HostCondition::Missing) => MachineState::Missing,
    };
    let died = known.and_then(|known| known.died);
    MachineCell {
        range,
        state,
        code: died.map(|(code, _)| code),
        died_ms: died.map(|(_, at_ms)| at_ms),
        oom_ms: known.and_then(|known| known.oom_ms),
        deaths: known.map_or(0, |known| known.deaths.into()),
        reset,
    }
}

/// All hosts; no rows while no range stands.
#[must_use]
pub fn machines(exercise: &Exercise, fold: &Fold, locale: Locale) -> MachineTable {
    let hosts = exercise.hosts().borrow().clone();
    let standing = matches!(fold.status, Status::Ready | Status::Running | Status::Paused);
    if hosts.is_empty() || !standing {
        return MachineTable { ranges: Vec::new(), rows: Vec::new() };
    }
    let ranges = pairs(fold);
    let row = |host: &rampart_domain::scenario::Host| MachineRow {
        host: host.id.clone(),
        title: say(locale, &host.title),
        cells: ranges.iter().map(|(range, _)| cell(fold, &hosts, *range, &host.id)).collect(),
    };
    let rows = exercise.scenario().hosts.iter().map(row).collect();
    MachineTable {
        ranges: ranges.into_iter().map(|(range, pair)| HealthRange { range, pair }).collect(),
        rows,
    }
}

fn price(scenario: &Scenario, host: &str) -> Option<i64> {
    [Side::Red, Side::Blue].into_iter().find_map(|side| scenario.reset_price(side, host))
}

/// Why a host cannot be made anew now.
fn blocked(fold: &Fold, range: u16, host: &str, staff: bool) -> Option<Problem> {
    let code = match fold.status {
        _ if fold.is_resetting(range, host) => "resetting",
        Status::Running => return None,
        Status::Ready if staff => return None,
        Status::Paused => "reset_paused",
        Status::Ended | Status::Cleared => "over",
        Status::Draft | Status::Provisioning | Status::Ready => "not_started",
    };
    Some(Problem::new(code))
}

/// The page of one host; `None` when there is no such host or range.
#[must_use]
pub fn page(
    exercise: &Exercise,
    row: &Row,
    (range, host): (u16, &str),
    lines: Result<Vec<String>, Problem>,
    may_reset: bool,
    locale: Locale,
) -> Option<HostPage> {
    let scenario = exercise.scenario();
    let known = scenario.host(host)?;
    let fold = exercise.fold();
    let (_, pair) = pairs(&fold).into_iter().find(|(number, _)| *number == range)?;
    let hosts = exercise.hosts().borrow().clone();
    let plan = exercise.plan();
    let planned =
        plan.as_ref().and_then(|plan| plan.ranges.iter().find(|known| known.range == range)?.host(host));
    let zone = |id: &str| {
        let zone = scenario.zones.iter().find(|zone| zone.id == id);
        zone.map_or_else(|| id.to_owned(), |zone| say(locale, &zone.title))
    };
    let (lines, lines_problem) = match lines {
        Ok(lines) => (lines, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    Some(HostPage {
        exercise: head(row, &fold, scenario, locale),
        pair,
        host: host.to_owned(),
        title: say(locale, &known.title),
        image: planned.map_or_else(|| known.image.clone(), |planned| planned.image.clone()),
        addresses: planned
            .map(|planned| {
                planned.legs.iter().map(|leg| (zone(&leg.zone), leg.address.to_string())).collect()
            })
            .unwrap_or_default(),
        cell: cell(&fold, &hosts, range, host),
        lines,
        lines_problem,
        may_reset,
        reset_blocked: blocked(&fold, range, host, true),
        price: price(scenario, host),
    })
}

/// Hosts that a seat's team may have made anew.
#[must_use]
pub fn own(exercise: &Exercise, fold: &Fold, seat: &Seated, locale: Locale) -> Vec<ResetLine> {
    let hosts = exercise.hosts().borrow().clone();
    let scenario = exercise.scenario();
    let line = |host: &rampart_domain::scenario::Host| {
        let price = scenario.reset_price(seat.side, &host.id)?;
        let times = fold.resets.iter().filter(|reset| {
            reset.host == host.id
                && reset.team.as_deref() == Some(seat.team.as_str())
                && matches!(reset.over, Some((_, true)))
        });
        Some(ResetLine {
            host: host.id.clone(),
            title: say(locale, &host.title),
            price,
            times: super::count(times.count()),
            reset: cell(fold, &hosts, seat.range, &host.id).reset,
            blocked: blocked(fold, seat.range, &host.id, false),
        })
    };
    if matches!(fold.status, Status::Running | Status::Paused) {
        scenario.hosts.iter().filter_map(line).collect()
    } else {
        Vec::new()
    }
}
