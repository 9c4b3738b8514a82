//! The second part of the judge's desk, and the rules of the score as they are announced.

use std::collections::BTreeMap;

use rampart_app::App;
use rampart_app::exercise::Exercise;
use rampart_domain::records::roc::form_value;
use rampart_domain::scenario::{Decay, Scenario};
use rampart_domain::signs::{Sign, signs};
use rampart_pages::{
    CriterionView, Locale, MarkRow, PenaltyRow, RematchRow, ReportVerdict, Rulings, RunChoice, SignRow,
    VoidRow, VoidTyped,
};
use scoreboard::{Fold, Reason, Side, Verdict};

use super::{count, say, team};

/// A void that is begun to be typed covers this much, ms.
const VOID_TYPED_MS: i64 = 20 * 60_000;

/// How the score is counted, as it is announced before the start: objectives by their number only, since their titles are
/// not everybody's to know.
#[must_use]
pub fn announced(scenario: &Scenario, locale: Locale) -> Vec<Reason> {
    let text = |number: i64| number.to_string();
    let mut rules = Vec::new();
    let parts = scenario.blue_parts().map(text);
    let [availability, detection, response, reports] = parts;
    rules.push(Reason::new(
        "announce.blue",
        [
            ("availability", availability),
            ("detection", detection),
            ("response", response),
            ("reports", reports),
        ],
    ));
    for (index, objective) in scenario.objectives.iter().enumerate() {
        let named = ("objective", format!("O{}", index + 1));
        let points = ("points", text(objective.points));
        match objective.decay {
            None => {}
            Some(Decay::Captures { least, steps }) => {
                let args = [named.clone(), points, ("least", text(least)), ("steps", steps.to_string())];
                rules.push(Reason::new("announce.captures", args));
            }
            Some(Decay::Time { least, until_ms }) => {
                let minutes = ("minutes", text(until_ms / 60_000));
                rules.push(Reason::new(
                    "announce.time",
                    [named.clone(), points, ("least", text(least)), minutes],
                ));
            }
            Some(Decay::Harmonic { least }) => {
                rules.push(Reason::new("announce.harmonic", [named.clone(), points, ("least", text(least))]));
            }
        }
        if objective.first > 0 {
            rules.push(Reason::new("announce.first", [named, ("points", text(objective.first))]));
        }
    }
    let mut stealth: Vec<(i64, i64)> = scenario
        .detections
        .iter()
        .filter(|known| known.stealth > 0)
        .map(|known| (known.window_ms / 60_000, known.stealth))
        .collect();
    stealth.sort_unstable();
    stealth.dedup();
    for (minutes, points) in stealth {
        rules.push(Reason::new("announce.stealth", [("minutes", text(minutes)), ("points", text(points))]));
    }
    let costs: Vec<i64> = scenario.actions.iter().map(|known| known.cost).filter(|cost| *cost > 0).collect();
    if let (Some(least), Some(most)) = (costs.iter().min(), costs.iter().max()) {
        let cost = if least == most { text(*least) } else { format!("{least}–{most}") };
        rules.push(Reason::new("announce.cost", [("cost", cost), ("percent", text(scenario.recovery))]));
    }
    if !scenario.reports.criteria.is_empty() {
        let titles: Vec<String> = scenario
            .reports
            .criteria
            .iter()
            .map(|criterion| format!("{} {}", say(locale, &criterion.title), criterion.points))
            .collect();
        let points = ("points", text(scenario.reports.points));
        rules.push(Reason::new("announce.marks", [("criteria", titles.join("、")), points]));
    }
    rules.push(Reason::new("announce.fixed", []));
    rules
}

fn verdict(verdict: Option<&Verdict>) -> ReportVerdict {
    match verdict {
        None => ReportVerdict::Pending,
        Some(Verdict::Matched { .. }) => ReportVerdict::Matched,
        Some(Verdict::AlreadyClaimed { .. }) => ReportVerdict::AlreadyClaimed,
        Some(Verdict::False) => ReportVerdict::False,
    }
}

/// Numbers of reports as their team reads them.
fn labels(fold: &Fold) -> BTreeMap<&str, String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    fold.reports
        .iter()
        .map(|filed| {
            let number = counts.entry(&filed.team).or_default();
            *number += 1;
            (filed.report.as_str(), format!("N-{number:02}"))
        })
        .collect()
}

fn marks(fold: &Fold, scenario: &Scenario, locale: Locale) -> Vec<MarkRow> {
    let labels = labels(fold);
    let judged = fold.reports.iter().rev().filter(|filed| filed.judged.is_some());
    judged
        .map(|filed| {
            let marking = fold.desk.marks.get(&filed.report);
            let marks: Vec<i64> = marking
                .map(|known| {
                    let criteria = scenario.reports.criteria.iter();
                    criteria.map(|of| known.marks.get(&of.id).copied().unwrap_or(0)).collect()
                })
                .unwrap_or_default();
            MarkRow {
                id: filed.report.clone(),
                label: labels.get(filed.report.as_str()).cloned().unwrap_or_default(),
                team: team(fold, &filed.team),
                host: scenario
                    .host(&filed.host)
                    .map_or_else(|| filed.host.clone(), |host| say(locale, &host.title)),
                technique: filed.technique.clone(),
                text: filed.text.clone(),
                at_ms: filed.at_ms,
                verdict: verdict(filed.judged.as_ref().map(|(verdict, ..)| verdict)),
                sum: marks.iter().sum(),
                marks,
                note: marking.map(|known| known.text.clone()).unwrap_or_default(),
                waiting: fold.desk.is_unreleased(&filed.report),
            }
        })
        .collect()
}

/// Pairs of other exercises of the same scenario that are over.
fn runs(app: &App, exercise: &Exercise) -> Vec<RunChoice> {
    let mut runs = Vec::new();
    for other in app.exercises() {
        if other.id == exercise.id || other.scenario().id != exercise.scenario().id {
            continue;
        }
        let fold = other.fold();
        if !fold.over() {
            continue;
        }
        for range in 1..=other.pairs {
            let points = |side| fold.team_of(range, side).map(|team| team.points);
            if let (Some(red), Some(blue)) = (points(Side::Red), points(Side::Blue)) {
                let code = fold.header.as_ref().map(|header| header.code.clone()).unwrap_or_default();
                runs.push(RunChoice {
                    value: format!("{}:{range}", other.id),
                    code,
                    range,
                    points: (red, blue),
                });
            }
        }
    }
    runs
}

fn sign(fold: &Fold, sign: &Sign) -> SignRow {
    SignRow {
        at_ms: sign.at_ms,
        team: team(fold, &sign.team),
        other: sign.other.as_ref().map(|other| team(fold, other)),
        what: sign.what.clone(),
        seq: sign.seq,
    }
}

/// Adds teams that share an address to what looks odd.
pub fn shared(rulings: &mut Rulings, fold: &Fold, groups: &[(i64, Vec<String>)]) {
    for (at_ms, teams) in groups {
        let names: Vec<String> = teams.iter().map(|id| team(fold, id).name).collect();
        let Some(first) = teams.first() else { continue };
        rulings.signs.push(SignRow {
            at_ms: *at_ms,
            team: team(fold, first),
            other: teams.get(1).map(|other| team(fold, other)),
            what: Reason::new("sign.address", [("teams", names.join("、"))]),
            seq: None,
        });
    }
    rulings.signs.sort_by_key(|sign| std::cmp::Reverse(sign.at_ms));
}

/// The second part of the desk. `typed` is what was typed into the void form.
#[must_use]
pub fn rulings(
    app: &App,
    exercise: &Exercise,
    locale: Locale,
    typed: Option<VoidTyped>,
    now_ms: i64,
) -> Rulings {
    let scenario = exercise.scenario();
    // Looked up before the own state is held: no two states are held at once.
    let runs = if exercise.fold().over() { runs(app, exercise) } else { Vec::new() };
    let fold = exercise.fold();
    let desk = &fold.desk;
    let reports =
        if scenario.reports.criteria.is_empty() { Vec::new() } else { marks(&fold, scenario, locale) };
    let until = fold.ended_ms.unwrap_or(now_ms).min(now_ms);
    let from = (until - VOID_TYPED_MS).max(fold.clock.started_ms.unwrap_or(until));
    Rulings {
        criteria: scenario
            .reports
            .criteria
            .iter()
            .map(|of| CriterionView { id: of.id.clone(), title: say(locale, &of.title), points: of.points })
            .collect(),
        marks_max: scenario.reports.points,
        unreleased: count(reports.iter().filter(|row| row.waiting).count()),
        reports,
        penalties: desk
            .penalties
            .iter()
            .rev()
            .map(|known| PenaltyRow {
                seq: known.seq,
                at_ms: known.at_ms,
                team: team(&fold, &known.team),
                points: known.points,
                reason: known.reason.clone(),
                lifted: known.lifted.clone(),
            })
            .collect(),
        objectives: scenario
            .objectives
            .iter()
            .map(|objective| (objective.id.clone(), say(locale, &objective.title)))
            .collect(),
        checks: scenario.checks.iter().map(|check| (check.id.clone(), say(locale, &check.title))).collect(),
        ranges: (1..=exercise.pairs).collect(),
        voids: desk
            .voids
            .iter()
            .rev()
            .map(|void| VoidRow {
                id: void.void.clone(),
                range: void.range,
                from_ms: void.wall_ms.0,
                to_ms: void.wall_ms.1,
                reason: void.reason.clone(),
                undone: void.undone.clone(),
            })
            .collect(),
        runs,
        rematches: desk
            .rematches
            .iter()
            .rev()
            .map(|known| RematchRow {
                id: known.rematch.clone(),
                run: known.run.clone(),
                position: known.position,
                teams: known.teams.iter().map(|(own, old, new)| (team(&fold, own), *old, *new)).collect(),
                text: known.reason.args.get("text").cloned().unwrap_or_default(),
                at_ms: known.at_ms,
                undone: known.undone.clone(),
            })
            .collect(),
        signs: signs(scenario, &fold).iter().rev().map(|one| sign(&fold, one)).collect(),
        void: typed.unwrap_or_else(|| VoidTyped {
            from: form_value(from),
            to: form_value(until),
            text: String::new(),
        }),
    }
}
