//! Hosts of standing ranges, and resets.

use rampart_app::exercise::{Exercise, GatewayCounter, GatewayCounters, HostCondition, HostState, Resetting};
use rampart_domain::plan::{Count, Counted};
use rampart_domain::scenario::{End, Proto, Role, Scenario};
use rampart_pages::{
    HealthRange, HostAddress, HostPage, Locale, MachineCell, MachineRow, MachineState, MachineTable, Problem,
    ResetLine, ResetView, RuleKind, RuleLine,
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
    let disk = known.and_then(|known| known.disk);
    let bytes = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    MachineCell {
        range,
        state,
        code: died.map(|(code, _)| code),
        died_ms: died.map(|(_, at_ms)| at_ms),
        oom_ms: known.and_then(|known| known.oom_ms),
        disk: disk.map(|(written, limit)| (bytes(written), bytes(limit))),
        over_disk: disk.is_some_and(|(written, limit)| written > limit),
        full: known.is_some_and(|known| known.full),
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

/// What was read of a host for its page.
pub struct Seen {
    /// Its last lines.
    pub lines: Result<Vec<String>, Problem>,
    /// Of a gateway, its counters.
    pub counters: Option<Result<GatewayCounters, Problem>>,
}

/// A counter of the gateway in words; `None` for one of a rule that the scenario does not have.
#[must_use]
pub fn rule(scenario: &Scenario, counter: &GatewayCounter, locale: Locale) -> Option<RuleLine> {
    let zone = |id: &str| {
        let zone = scenario.zones.iter().find(|zone| zone.id == id);
        zone.map_or_else(|| id.to_owned(), |zone| say(locale, &zone.title))
    };
    let end = |end: &End| match end.host.as_deref().and_then(|id| scenario.host(id)) {
        Some(host) => (say(locale, &host.title), Some(host.id.clone())),
        None => (zone(&end.zone), None),
    };
    let place = |number: usize| Some((say(locale, &scenario.zones.get(number)?.title), None));
    let signed = |Count { packets, bytes }: Count| {
        (i64::try_from(packets).unwrap_or(i64::MAX), i64::try_from(bytes).unwrap_or(i64::MAX))
    };
    let (kind, from, to, what) = match counter.what {
        Counted::Allowed(number) => {
            let allow = scenario.allow.get(number)?;
            let ports = allow.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let proto = match allow.proto {
                Proto::Tcp => "TCP",
                Proto::Udp => "UDP",
                Proto::Icmp => "ICMP",
            };
            let what = format!("{proto} {ports}").trim_end().to_owned();
            (RuleKind::Allow, Some(end(&allow.from)), Some(end(&allow.to)), Some(what))
        }
        Counted::Denied { from, to } => (RuleKind::Deny, place(from), place(to), None),
        Counted::ToGateway => (RuleKind::ToGateway, None, None, None),
        Counted::Elsewhere => (RuleKind::Elsewhere, None, None, None),
        Counted::Forged => (RuleKind::Forged, None, None, None),
    };
    let name = |end: Option<(String, Option<String>)>| {
        end.map(|(title, id)| id.map_or_else(|| title.clone(), |id| format!("{title} ({id})")))
            .unwrap_or_default()
    };
    let (packets, bytes) = signed(counter.run);
    Some(RuleLine {
        kind,
        from: name(from),
        to: name(to),
        what,
        packets,
        bytes,
        life: counter.life.map(signed),
    })
}

/// The page of one host; `None` when there is no such host or range.
#[must_use]
pub fn page(
    exercise: &Exercise,
    row: &Row,
    (range, host): (u16, &str),
    seen: Seen,
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
    let (lines, lines_problem) = match seen.lines {
        Ok(lines) => (lines, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let (counters, rules_problem) = match seen.counters {
        Some(Ok(counters)) => (Some(counters), None),
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    let rules_since_ms = counters.as_ref().and_then(|counters| counters.since_ms);
    let rules_read_ms =
        counters.as_ref().filter(|counters| counters.is_old()).map(|counters| counters.read_ms);
    let rules = counters
        .iter()
        .flat_map(|counters| &counters.all)
        .filter_map(|one| rule(scenario, one, locale))
        .collect();
    Some(HostPage {
        exercise: head(row, &fold, scenario, locale),
        pair,
        host: host.to_owned(),
        title: say(locale, &known.title),
        image: planned.map_or_else(|| known.image.clone(), |planned| planned.image.clone()),
        addresses: planned
            .map(|planned| {
                planned
                    .legs
                    .iter()
                    .map(|leg| HostAddress {
                        zone: zone(&leg.zone),
                        address: leg.address.to_string(),
                        outside: leg.outside.map(|address| address.to_string()),
                    })
                    .collect()
            })
            .unwrap_or_default(),
        cell: cell(&fold, &hosts, range, host),
        lines,
        lines_problem,
        is_gateway: known.role == Role::Gateway,
        rules,
        rules_since_ms,
        rules_read_ms,
        rules_problem,
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
