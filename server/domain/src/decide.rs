//! Decisions: a command and the present state give entries for the ledger, or a refusal. Nothing else may make an entry
//! that carries points.

use std::collections::BTreeSet;

use scoreboard::{
    Actor, Answer, AttackState, Body, Component, Fold, HealthState, Proof, Reason, Side, Status, Verdict,
};

use crate::scenario::{Scenario, Words};
use crate::secret::{RunSecret, Typed, read_flag, tag_of};
use crate::truth::{Confirmed, Labels};

/// Version of the ledger's vocabulary that this code writes.
pub const FORMAT: u16 = 1;
/// Longest text of an incident report, in characters.
pub const REPORT_TEXT_LIMIT: usize = 4000;
/// Most events that a report may cite.
pub const CITE_LIMIT: usize = 40;
/// Longest id of an event, in bytes.
const CITE_ID_LIMIT: usize = 64;
/// What g(t) falls to at the end of its window, in thousandths.
const LATE_SHARE: i64 = 400;
/// False reports are counted over this much exercise time, ms.
const HOUR_MS: i64 = 3_600_000;

/// What decisions need to know besides the state.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The run's secret.
    pub secret: &'a RunSecret,
    /// Tags of other runs, to tell yesterday's flag from a wrong one.
    pub other_tags: &'a [String],
}

/// Why a command was not carried out. Each has a text of the same name in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such thing for this team; says nothing about whether it exists for others.
    #[error("not found")]
    NotFound,
    /// The exercise has not started.
    #[error("the exercise has not started")]
    NotStarted,
    /// The exercise is paused.
    #[error("the exercise is paused")]
    Paused,
    /// The exercise is over.
    #[error("the exercise is over")]
    Over,
    /// The text has not the form of a flag.
    #[error("not the form of a flag")]
    Malformed {
        /// Characters between the braces, where there are braces.
        found: Option<usize>,
    },
    /// The team has this already.
    #[error("already captured by this team")]
    AlreadyYours,
    /// No tries left.
    #[error("no tries left")]
    LimitReached,
    /// Another objective comes first.
    #[error("{needs} comes first")]
    Locked {
        /// Objective id.
        needs: String,
    },
    /// This change of status is not possible from here.
    #[error("cannot go from {} to {}", from.as_str(), to.as_str())]
    Turn {
        /// Present status.
        from: Status,
        /// Status wanted.
        to: Status,
    },
    /// A field of a form is not right.
    #[error("{field}: {code}")]
    Field {
        /// Field name.
        field: &'static str,
        /// Text code.
        code: &'static str,
    },
    /// A retest of this repair is already waiting.
    #[error("a retest is already waiting")]
    Waiting,
    /// The repair has already been paid.
    #[error("already repaired")]
    AlreadyRepaired,
}

/// What became of a flag, as the trainee is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagOutcome {
    /// Right.
    Correct {
        /// Points.
        points: i64,
    },
    /// Wrong, or another team's.
    Wrong {
        /// Tries left.
        left: u32,
    },
    /// Of another run.
    OtherRun {
        /// Tries left.
        left: u32,
    },
    /// After the end; kept, not scored.
    Late,
}

/// Entries to append, each with its actor.
pub type Entries = Vec<(Actor, Body)>;

/// First entries of an exercise: itself and its teams.
#[must_use]
pub fn create(scenario: &Scenario, code: &str, title: &str, account: &str, pairs: u16) -> Entries {
    let actor = Actor::Account(account.to_owned());
    let mut entries = vec![(
        actor.clone(),
        Body::Created {
            format: FORMAT,
            code: code.to_owned(),
            title: title.to_owned(),
            scenario: scenario.id.clone(),
            version: scenario.version,
            duration_ms: scenario.duration_ms,
            max_red: scenario.max_points(Side::Red),
            max_blue: scenario.max_points(Side::Blue),
        },
    )];
    for range in 1..=pairs {
        for side in [Side::Red, Side::Blue] {
            entries.push((
                actor.clone(),
                Body::Team { team: team_id(side, range), name: team_name(side, range), side, range },
            ));
        }
    }
    entries
}

/// Id of the team of a side in a range.
#[must_use]
pub fn team_id(side: Side, range: u16) -> String {
    match side {
        Side::Red => format!("r{range}"),
        Side::Blue => format!("b{range}"),
    }
}

/// Names of trees and birds of the island, and of blue things; beyond them a number.
fn team_name(side: Side, range: u16) -> String {
    let names: &[&str] = match side {
        Side::Red => {
            &["紅檜", "紅楠", "紅雀", "紅隼", "紅蓼", "紅楓", "紅豆", "紅萱", "紅嘴", "紅柴", "紅藜", "紅鳩"]
        }
        Side::Blue => {
            &["藍鵲", "藍染", "藍洋", "藍磯", "藍腹", "藍晴", "藍灣", "藍潭", "藍鯨", "藍雪", "藍瓦", "藍田"]
        }
    };
    names.get(usize::from(range).saturating_sub(1)).map_or_else(
        || match side {
            Side::Red => format!("紅隊 {range}"),
            Side::Blue => format!("藍隊 {range}"),
        },
        |name| (*name).to_owned(),
    )
}

/// A change of status.
///
/// # Errors
/// [`Refusal::Turn`] when it is not possible from the present one.
pub fn turn(fold: &Fold, actor: Actor, to: Status, note: Option<String>) -> Result<Entries, Refusal> {
    turn_because(fold, actor, to, note, None)
}

/// A change of status with its reason as a code.
///
/// # Errors
/// As [`turn`].
pub fn turn_because(
    fold: &Fold,
    actor: Actor,
    to: Status,
    note: Option<String>,
    why: Option<Reason>,
) -> Result<Entries, Refusal> {
    use Status::{Cleared, Draft, Ended, Paused, Provisioning, Ready, Running};
    let from = fold.status;
    let allowed = matches!(
        (from, to),
        (Draft, Provisioning)
            | (Provisioning, Ready | Draft)
            | (Ready, Running | Ended)
            | (Running, Paused | Ended)
            | (Paused, Running | Ended)
            | (Ended, Cleared)
    );
    if !allowed {
        return Err(Refusal::Turn { from, to });
    }
    Ok(vec![(actor, Body::Status { from, to, note, why })])
}

fn open(fold: &Fold) -> Result<(), Refusal> {
    match fold.status {
        Status::Running => Ok(()),
        Status::Paused => Err(Refusal::Paused),
        Status::Ended | Status::Cleared => Err(Refusal::Over),
        Status::Draft | Status::Provisioning | Status::Ready => Err(Refusal::NotStarted),
    }
}

/// A flag is submitted by a seat of `team`.
///
/// # Errors
/// A refusal costs nothing and leaves no entry.
pub fn flag(
    rules: Rules<'_>,
    fold: &Fold,
    team: &str,
    seat: &str,
    objective: &str,
    typed: &str,
) -> Result<(Entries, FlagOutcome), Refusal> {
    let red = fold.team(team).filter(|team| team.side == Side::Red).ok_or(Refusal::NotFound)?;
    let wanted = rules.scenario.objective(objective).ok_or(Refusal::NotFound)?;
    let over = match open(fold) {
        Ok(()) => false,
        Err(Refusal::Over) => true,
        Err(refusal) => return Err(refusal),
    };
    let typed = match read_flag(typed) {
        Typed::Flag(text) => text,
        Typed::Malformed(found) => return Err(Refusal::Malformed { found }),
    };
    let key = (team.to_owned(), objective.to_owned());
    if fold.captures.contains_key(&key) {
        return Err(Refusal::AlreadyYours);
    }
    let entry = |answer: Answer, points: i64, reason: Reason| {
        vec![(
            Actor::Seat(seat.to_owned()),
            Body::Flag {
                team: team.to_owned(),
                seat: seat.to_owned(),
                objective: objective.to_owned(),
                answer,
                points,
                reason,
            },
        )]
    };
    if over {
        let reason = Reason::new("flag.late", [("objective", objective.to_owned())]);
        return Ok((entry(Answer::Late, 0, reason), FlagOutcome::Late));
    }
    if let Some(needs) =
        wanted.requires.iter().find(|id| !fold.captures.contains_key(&(team.to_owned(), (*id).clone())))
    {
        return Err(Refusal::Locked { needs: needs.clone() });
    }
    let tried = fold.attempts.get(&key).copied().unwrap_or(0);
    if tried >= wanted.attempts {
        return Err(Refusal::LimitReached);
    }
    if rules.secret.is_flag(&typed, &red.id, objective) {
        let reason = Reason::new("flag.correct", [("objective", objective.to_owned())]);
        return Ok((
            entry(Answer::Correct, wanted.points, reason),
            FlagOutcome::Correct { points: wanted.points },
        ));
    }
    let left = wanted.attempts - tried - 1;
    let owner = fold
        .teams
        .iter()
        .filter(|other| other.side == Side::Red && other.id != red.id)
        .flat_map(|other| rules.scenario.objectives.iter().map(move |objective| (other, objective)))
        .find(|(other, objective)| rules.secret.is_flag(&typed, &other.id, &objective.id));
    if let Some((other, theirs)) = owner {
        let reason = Reason::new("flag.wrong", [("objective", objective.to_owned())]);
        let answer = Answer::Foreign { owner: other.id.clone(), theirs: theirs.id.clone() };
        return Ok((entry(answer, 0, reason), FlagOutcome::Wrong { left }));
    }
    let tag = tag_of(&typed).unwrap_or_default();
    if tag != rules.secret.tag() && rules.other_tags.iter().any(|other| other == tag) {
        let reason = Reason::new("flag.other_run", [("objective", objective.to_owned())]);
        return Ok((entry(Answer::OtherRun, 0, reason), FlagOutcome::OtherRun { left }));
    }
    let reason = Reason::new("flag.wrong", [("objective", objective.to_owned())]);
    Ok((entry(Answer::Wrong, 0, reason), FlagOutcome::Wrong { left }))
}

/// A hint is opened. The first time costs the team its price; after the end it is free.
///
/// # Errors
/// Refused while paused or before the start.
pub fn hint(
    rules: Rules<'_>,
    fold: &Fold,
    team: &str,
    seat: &str,
    hint: &str,
) -> Result<(Entries, Words), Refusal> {
    if fold.team(team).is_none_or(|team| team.side != Side::Red) {
        return Err(Refusal::NotFound);
    }
    let wanted = rules
        .scenario
        .objectives
        .iter()
        .flat_map(|objective| &objective.hints)
        .find(|known| known.id == hint)
        .ok_or(Refusal::NotFound)?;
    if fold.hints.contains(&(team.to_owned(), hint.to_owned())) || fold.over() {
        return Ok((Vec::new(), wanted.text.clone()));
    }
    open(fold)?;
    let entry = Body::Hint {
        team: team.to_owned(),
        seat: seat.to_owned(),
        hint: hint.to_owned(),
        points: -wanted.price,
        reason: Reason::new("hint.bought", [("hint", hint.to_owned())]),
    };
    Ok((vec![(Actor::Seat(seat.to_owned()), entry)], wanted.text.clone()))
}

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
        let points = decayed(value, delay, detection.full_ms, detection.window_ms);
        let rule = match (points, exact) {
            (0, _) => "report.too_late",
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

/// Enters a confirmed action of red. Only while the exercise runs: looking round before the start proves nothing.
#[must_use]
pub fn action(fold: &Fold, range: u16, confirmed: &Confirmed) -> Entries {
    if fold.clock.started_ms.is_none_or(|started| confirmed.seen_ms < started) || fold.over() {
        return Vec::new();
    }
    vec![(
        Actor::System,
        Body::Action {
            range,
            action: confirmed.action.clone(),
            host: confirmed.host.clone(),
            technique: confirmed.technique.clone(),
            seen_ms: confirmed.seen_ms,
            clock_ms: clock_at(fold, confirmed.seen_ms),
            witnesses: confirmed.witnesses.clone(),
        },
    )]
}

/// Exercise clock at a past moment: wall time since the first start less the pauses before it.
#[must_use]
pub fn clock_at(fold: &Fold, at_ms: i64) -> i64 {
    let Some(started) = fold.clock.started_ms else { return 0 };
    let paused: i64 = fold
        .pauses
        .iter()
        .filter(|(from, _)| *from < at_ms)
        .map(|(from, to)| to.unwrap_or(at_ms).min(at_ms) - from)
        .sum();
    (at_ms.min(fold.ended_ms.unwrap_or(at_ms)) - started - paused).max(0)
}

/// Books availability of a team up to the present clock. Between two bookings the state of its checks does not change,
/// because every change books first (see [`health`]).
#[must_use]
pub fn availability(rules: Rules<'_>, fold: &Fold, team: &str, at_ms: i64) -> Entries {
    let Some(blue) = fold.team(team).filter(|team| team.side == Side::Blue) else { return Vec::new() };
    let scenario = rules.scenario;
    let now = fold.clock.at(at_ms).min(scenario.duration_ms);
    let (through, up_sum, known_sum) = fold.booked.get(team).copied().unwrap_or_default();
    let span = now - through;
    if span <= 0 {
        return Vec::new();
    }
    let (mut up, mut known) = (0, 0);
    for check in &scenario.checks {
        let weight = i64::from(check.weight);
        let state = fold
            .health
            .get(&(blue.range, check.id.clone()))
            .map_or(HealthState::Unknown, |(state, ..)| *state);
        match state {
            HealthState::Up => {
                up += 2 * weight * span;
                known += 2 * weight * span;
            }
            HealthState::Degraded => {
                up += weight * span;
                known += 2 * weight * span;
            }
            HealthState::Down => known += 2 * weight * span,
            HealthState::Unknown => {}
        }
    }
    let (up, known) = (up / 2, known / 2);
    let (up_sum, known_sum) = (up_sum + up, known_sum + known);
    // Points so far = weight x share of the planned time x share of known time that was up.
    let due = if known_sum == 0 {
        0
    } else {
        i128::from(scenario.availability_points) * i128::from(now) * i128::from(up_sum)
            / (i128::from(scenario.duration_ms) * i128::from(known_sum))
    };
    let given = blue.parts.get(&Component::Availability).copied().unwrap_or(0);
    let points = i64::try_from(due).unwrap_or(given) - given;
    let minutes = ("minutes", (now / 60_000).to_string());
    let reason = if known == 0 {
        Reason::new("availability.unknown", [minutes])
    } else {
        Reason::new("availability.booked", [("percent", (100 * up / known).to_string()), minutes])
    };
    vec![(
        Actor::System,
        Body::Availability {
            team: team.to_owned(),
            through_ms: now,
            up_ms: up,
            known_ms: known,
            points,
            reason,
        },
    )]
}

/// A check changed its state: what lay before is booked with the old state, then the new one stands.
#[must_use]
pub fn health(
    rules: Rules<'_>,
    fold: &Fold,
    range: u16,
    check: &str,
    state: HealthState,
    detail: &str,
    at_ms: i64,
) -> Entries {
    let Some(known) = rules.scenario.checks.iter().find(|known| known.id == check) else {
        return Vec::new();
    };
    let before = fold.health.get(&(range, check.to_owned())).map(|(state, ..)| *state);
    if before == Some(state) || fold.over() {
        return Vec::new();
    }
    let mut entries = fold
        .team_of(range, Side::Blue)
        .map(|blue| availability(rules, fold, &blue.id, at_ms))
        .unwrap_or_default();
    entries.push((
        Actor::System,
        Body::Health {
            range,
            check: check.to_owned(),
            host: known.host.clone(),
            state,
            detail: detail.to_owned(),
        },
    ));
    entries
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
            (decayed(known.points, state.clock_ms, known.full_ms, known.window_ms), "repair.passed")
        }
        (AttackState::Works, _) => (0, "repair.attack_works"),
        (AttackState::Fails, Some(false)) => (0, "repair.check_fails"),
        _ => (0, "repair.unknown"),
    };
    let reason = Reason::new(rule, [("repair", repair.to_owned()), ("value", known.points.to_string())]);
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

/// The walls of a range were tried.
#[must_use]
pub fn walls(range: u16, proofs: Vec<Proof>) -> Entries {
    vec![(Actor::System, Body::Walls { range, proofs })]
}

#[cfg(test)]
mod tests;
