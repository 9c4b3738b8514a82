//! What blue does: incident reports and how they are judged, repairs and their retests.

use std::collections::BTreeSet;

use scoreboard::{Actor, AttackState, Body, Fold, Reason, Side, Verdict};

use super::{Entries, HOUR_MS, Refusal, Rules, open};
use crate::truth::Labels;

/// Longest text of an incident report, in characters.
pub const REPORT_TEXT_LIMIT: usize = 4000;
/// Most events that a report may cite.
pub const CITE_LIMIT: usize = 40;
/// Longest id of an event, in bytes.
const CITE_ID_LIMIT: usize = 64;
/// What g(t) falls to at the end of its window, in thousandths.
const LATE_SHARE: i64 = 400;

/// An incident report as filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportForm {
    /// Host named.
    pub host: String,
    /// ATT&CK id named.
    pub technique: String,
    /// Time named, ms UTC.
    pub seen_ms: i64,
    /// Events cited.
    pub cited: Vec<String>,
    /// Text.
    pub text: String,
}

/// True for `T1190` and `T1505.003`.
#[must_use]
pub fn is_technique(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('T') else { return false };
    let (main, sub) = rest.split_once('.').map_or((rest, None), |(main, sub)| (main, Some(sub)));
    let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    digits(main, 4) && sub.is_none_or(|sub| digits(sub, 3))
}

/// Blue files a report. It is judged later (see [`judge`]), when late evidence has come in too.
///
/// # Errors
/// The first field that is not right, or that the exercise does not run.
pub fn report(
    rules: Rules<'_>,
    fold: &Fold,
    team: &str,
    seat: &str,
    id: &str,
    form: &ReportForm,
    at_ms: i64,
) -> Result<Entries, Refusal> {
    if fold.team(team).is_none_or(|team| team.side != Side::Blue) {
        return Err(Refusal::NotFound);
    }
    open(fold)?;
    let field = |field, code| Err(Refusal::Field { field, code });
    if rules.scenario.host(&form.host).is_none() {
        return field("host", "report.host");
    }
    if !is_technique(&form.technique) {
        return field("technique", "report.technique");
    }
    if form.seen_ms > at_ms {
        return field("seen", "report.seen_future");
    }
    if fold.clock.started_ms.is_some_and(|started| form.seen_ms < started - HOUR_MS) {
        return field("seen", "report.seen_early");
    }
    // An event counts once, however often it is cited.
    let mut known = BTreeSet::new();
    let cited: Vec<String> = form.cited.iter().filter(|id| known.insert(id.as_str())).cloned().collect();
    if cited.is_empty() {
        return field("cited", "report.cited_none");
    }
    if cited.len() > CITE_LIMIT || cited.iter().any(|id| id.len() > CITE_ID_LIMIT) {
        return field("cited", "report.cited_many");
    }
    if form.text.trim().is_empty() {
        return field("text", "report.text_empty");
    }
    if form.text.chars().count() > REPORT_TEXT_LIMIT {
        return field("text", "report.text_long");
    }
    Ok(vec![(
        Actor::Seat(seat.to_owned()),
        Body::Report {
            report: id.to_owned(),
            team: team.to_owned(),
            seat: seat.to_owned(),
            host: form.host.clone(),
            technique: form.technique.clone(),
            seen_ms: form.seen_ms,
            cited,
            text: form.text.clone(),
        },
    )])
}

/// Value after `t` ms: whole up to `full`, linear to 40 % at `window`, nothing after. Rounded down.
#[must_use]
pub fn decayed(value: i64, t: i64, full: i64, window: i64) -> i64 {
    if t <= full {
        return value;
    }
    if t > window || window <= full {
        return 0;
    }
    let lost = (1000 - LATE_SHARE) * (t - full) / (window - full);
    value * (1000 - lost) / 1000
}

/// The technique without its sub-technique.
fn parent(technique: &str) -> &str {
    technique.split('.').next().unwrap_or(technique)
}

/// What of `earned` points for handling an action blue may have: once red did something that the scenario puts a cost on,
/// reports and repairs of it win back at most the scenario's share of that cost.
fn won_back(rules: Rules<'_>, fold: &Fold, team: &str, action: &str, earned: i64) -> i64 {
    let scenario = rules.scenario;
    let cost = scenario.action(action).map_or(0, |known| known.cost);
    let range = fold.team(team).map(|team| team.range);
    if cost == 0 || !fold.actions.iter().any(|seen| seen.action == action && Some(seen.range) == range) {
        return earned;
    }
    let reported: i64 = fold
        .reports
        .iter()
        .filter(|filed| filed.team == team)
        .filter_map(|filed| match &filed.judged {
            Some((Verdict::Matched { action: known, .. }, points, _)) if known == action => Some(*points),
            _ => None,
        })
        .sum();
    let repaired: i64 = scenario
        .repairs
        .iter()
        .filter(|known| known.action == action)
        .filter_map(|known| fold.repairs.get(&(team.to_owned(), known.id.clone())))
        .map(|state| state.points)
        .sum();
    let most = cost * scenario.recovery / 100;
    earned.min((most - reported - repaired).max(0))
}

/// Judges a filed report against what red really did. A report fits an action when the host is the same, the technique
/// is the same (or its parent or a sibling, for half), the time lies within the tolerance of an occurrence, and at least
/// half of the cited events are evidence of the action. `labels` holds events of the team's own range only.
#[must_use]
pub fn judge(rules: Rules<'_>, fold: &Fold, labels: &Labels, report: &str) -> Entries {
    let Some(filed) = fold.reports.iter().find(|filed| filed.report == report && filed.judged.is_none())
    else {
        return Vec::new();
    };
    let Some(range) = fold.team(&filed.team).map(|team| team.range) else { return Vec::new() };
    let scenario = rules.scenario;
    let tolerance = scenario.reports.tolerance_ms;
    let cites = |action: &str| {
        filed
            .cited
            .iter()
            .filter(|event| labels.get(*event).is_some_and(|of| of.iter().any(|label| label == action)))
            .count()
    };
    let fitting = fold.actions.iter().filter(|seen| {
        let cited = cites(&seen.action);
        seen.range == range
            && seen.host == filed.host
            && parent(&seen.technique) == parent(&filed.technique)
            && (seen.seen_ms - filed.seen_ms).abs() <= tolerance
            && seen.seen_ms <= filed.at_ms
            && cited > 0
            && 2 * cited >= filed.cited.len()
    });
    let paid = |action: &str| {
        fold.reports.iter().any(|other| {
            other.team == filed.team
                && matches!(&other.judged, Some((Verdict::Matched { action: known, .. }, ..)) if known == action)
        })
    };
    let mut claimed = None;
    for seen in fitting {
        let Some(detection) = scenario.detections.iter().find(|detection| detection.action == seen.action)
        else {
            continue;
        };
        if paid(&seen.action) {
            claimed = Some(seen.action.clone());
            continue;
        }
        // The delay counts from the first time that red did it, however often it was done again.
        let first = fold
            .actions
            .iter()
            .filter(|other| other.range == range && other.action == seen.action)
            .map(|other| other.clock_ms)
            .min()
            .unwrap_or(seen.clock_ms);
        let exact = seen.technique == filed.technique;
        let value = if exact { detection.points } else { detection.points / 2 };
        let delay = (filed.clock_ms - first).max(0);
        let earned = decayed(value, delay, detection.full_ms, detection.window_ms);
        let points = won_back(rules, fold, &filed.team, &seen.action, earned);
        let rule = match (earned, exact) {
            (0, _) => "report.too_late",
            _ if points < earned => "report.capped",
            (_, true) => "report.matched",
            (_, false) => "report.parent",
        };
        let reason = Reason::new(
            rule,
            [
                ("action", seen.action.clone()),
                ("technique", seen.technique.clone()),
                ("minutes", (delay / 60_000).to_string()),
                ("value", detection.points.to_string()),
                ("percent", scenario.recovery.to_string()),
            ],
        );
        let verdict = Verdict::Matched { action: seen.action.clone(), detection: detection.id.clone() };
        return judged(report, &filed.team, verdict, points, reason);
    }
    if let Some(action) = claimed {
        let reason = Reason::new("report.already", [("action", action.clone())]);
        return judged(report, &filed.team, Verdict::AlreadyClaimed { action }, 0, reason);
    }
    let wrong = fold
        .reports
        .iter()
        .filter(|other| {
            other.team == filed.team
                && matches!(other.judged, Some((Verdict::False, ..)))
                && filed.clock_ms - other.clock_ms < HOUR_MS
        })
        .count();
    let free = scenario.reports.free_false;
    if u32::try_from(wrong).unwrap_or(u32::MAX) < free {
        let reason =
            Reason::new("report.false_free", [("nth", (wrong + 1).to_string()), ("free", free.to_string())]);
        return judged(report, &filed.team, Verdict::False, 0, reason);
    }
    let reason = Reason::new(
        "report.false",
        [("free", free.to_string()), ("cost", scenario.reports.false_cost.to_string())],
    );
    judged(report, &filed.team, Verdict::False, -scenario.reports.false_cost, reason)
}

fn judged(report: &str, team: &str, verdict: Verdict, points: i64, reason: Reason) -> Entries {
    let body = Body::Judged { report: report.to_owned(), team: team.to_owned(), verdict, points, reason };
    vec![(Actor::System, body)]
}

/// Blue asks for a retest.
///
/// # Errors
/// When the exercise does not run, one is waiting, or the repair is paid already.
pub fn repair(
    rules: Rules<'_>,
    fold: &Fold,
    team: &str,
    seat: &str,
    id: &str,
    repair: &str,
) -> Result<Entries, Refusal> {
    if fold.team(team).is_none_or(|team| team.side != Side::Blue) {
        return Err(Refusal::NotFound);
    }
    if !rules.scenario.repairs.iter().any(|known| known.id == repair) {
        return Err(Refusal::NotFound);
    }
    open(fold)?;
    if let Some(state) = fold.repairs.get(&(team.to_owned(), repair.to_owned())) {
        if state.passed {
            return Err(Refusal::AlreadyRepaired);
        }
        if state.waiting {
            return Err(Refusal::Waiting);
        }
    }
    Ok(vec![(
        Actor::Seat(seat.to_owned()),
        Body::Repair {
            request: id.to_owned(),
            repair: repair.to_owned(),
            team: team.to_owned(),
            seat: seat.to_owned(),
        },
    )])
}

/// The result of a retest. The delay counts to the request, not to the end of the retest.
#[must_use]
pub fn retested(
    rules: Rules<'_>,
    fold: &Fold,
    team: &str,
    repair: &str,
    attack: AttackState,
    checks: Option<bool>,
) -> Entries {
    let Some(state) = fold.repairs.get(&(team.to_owned(), repair.to_owned())).filter(|state| state.waiting)
    else {
        return Vec::new();
    };
    let Some(known) = rules.scenario.repairs.iter().find(|known| known.id == repair) else {
        return Vec::new();
    };
    let (points, rule) = match (attack, checks) {
        (AttackState::Fails, Some(true)) => {
            let earned = decayed(known.points, state.clock_ms, known.full_ms, known.window_ms);
            let points = won_back(rules, fold, team, &known.action, earned);
            (points, if points < earned { "repair.capped" } else { "repair.passed" })
        }
        (AttackState::Works, _) => (0, "repair.attack_works"),
        (AttackState::Fails, Some(false)) => (0, "repair.check_fails"),
        _ => (0, "repair.unknown"),
    };
    let reason = Reason::new(
        rule,
        [
            ("repair", repair.to_owned()),
            ("value", known.points.to_string()),
            ("percent", rules.scenario.recovery.to_string()),
        ],
    );
    vec![(
        Actor::System,
        Body::Retested {
            request: state.request.clone(),
            repair: repair.to_owned(),
            team: team.to_owned(),
            attack,
            checks,
            points,
            reason,
        },
    )]
}
