//! The judge's desk, second part: penalties, further tries, marks of reports and their release, re-matches. Each is an entry
//! of its own, and so is each undoing.

use std::collections::BTreeMap;

use scoreboard::{Body, Fold, Reason, RematchStep, Side};

use super::judge::{JUDGE_TEXT_LIMIT, field, judgeable, points_of, staff, text_of};
use super::{Entries, Refusal, Rules};

/// Most tries given at once.
pub const TRIES_LIMIT: u32 = 1000;

/// A judge's marks of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkForm {
    /// Report id.
    pub report: String,
    /// Points by criterion.
    pub marks: BTreeMap<String, i64>,
    /// What the team reads with them; may be empty.
    pub text: String,
}

/// What a new run of a pair came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Code of its exercise.
    pub run: String,
    /// Position in its ledger at which the points were read.
    pub position: u64,
    /// Points of its red and its blue team.
    pub points: (i64, i64),
}

/// A judge punishes a team; `points` is how much it loses.
///
/// # Errors
/// When there is nothing to judge yet, the team is not there, or a field is not right.
pub fn penalise(fold: &Fold, account: &str, team: &str, points: i64, text: &str) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    fold.team(team).ok_or(Refusal::NotFound)?;
    // People write what is lost with and without its sign.
    let points = points_of(points)?.abs();
    if points == 0 {
        return Err(field("points", "required"));
    }
    let reason = Reason::new("judge.penalty", [("text", text_of(text)?)]);
    Ok(vec![(staff(account), Body::Penalty { team: team.to_owned(), points: -points, reason })])
}

/// A judge takes a penalty back; `about` is its position.
///
/// # Errors
/// When it is not there or was taken back already, it is of an old run in whose place a re-match counts, or the text is not
/// right.
pub fn lift(fold: &Fold, account: &str, about: u64, text: &str) -> Result<Entries, Refusal> {
    let known = fold.desk.penalties.iter().find(|known| known.seq == about).ok_or(Refusal::NotFound)?;
    if known.lifted.is_some() {
        return Err(Refusal::AlreadySo);
    }
    untouched_run(fold, &known.team, about, "about")?;
    let reason = Reason::new("judge.lifted", [("about", about.to_string()), ("text", text_of(text)?)]);
    let body = Body::PenaltyLifted { team: known.team.clone(), about, points: -known.points, reason };
    Ok(vec![(staff(account), body)])
}

/// A judge gives a red team further tries for an objective.
///
/// # Errors
/// When the exercise is over or has not begun, team or objective are not there, or a field is not right.
pub fn give_tries(
    rules: Rules<'_>,
    fold: &Fold,
    account: &str,
    (team, objective): (&str, &str),
    tries: i64,
    text: &str,
) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    if fold.over() {
        return Err(Refusal::Over);
    }
    if fold.team(team).is_none_or(|team| team.side != Side::Red) {
        return Err(field("team", "tries_team"));
    }
    if rules.scenario.objective(objective).is_none() {
        return Err(field("objective", "required"));
    }
    let tries = u32::try_from(tries).ok().filter(|tries| (1..=TRIES_LIMIT).contains(tries));
    let tries = tries.ok_or(field("tries", "tries_limit"))?;
    let args = [("objective", objective.to_owned()), ("tries", tries.to_string()), ("text", text_of(text)?)];
    let body = Body::TriesGiven {
        team: team.to_owned(),
        objective: objective.to_owned(),
        tries,
        reason: Reason::new("judge.tries", args),
    };
    Ok(vec![(staff(account), body)])
}

/// A judge marks a report by the scenario's criteria. It can be marked anew as often as needed; the last marks count, once
/// they are released.
///
/// # Errors
/// When the report is not there or not judged yet, a criterion has no mark or one beyond its points, or the text is too long.
pub fn mark(rules: Rules<'_>, fold: &Fold, account: &str, form: &MarkForm) -> Result<Entries, Refusal> {
    let filed = fold.reports.iter().find(|filed| filed.report == form.report).ok_or(Refusal::NotFound)?;
    if rules.scenario.reports.criteria.is_empty() {
        return Err(Refusal::NotFound);
    }
    if filed.judged.is_none() {
        return Err(field("report", "mark_early"));
    }
    let text = form.text.trim();
    if text.chars().count() > JUDGE_TEXT_LIMIT {
        return Err(field("text", "too_long"));
    }
    let mut marks = BTreeMap::new();
    for criterion in &rules.scenario.reports.criteria {
        let given = form.marks.get(&criterion.id).copied().ok_or(field("marks", "mark_missing"))?;
        if !(0..=criterion.points).contains(&given) {
            return Err(field("marks", "mark_range"));
        }
        marks.insert(criterion.id.clone(), given);
    }
    let body =
        Body::Marked { report: form.report.clone(), team: filed.team.clone(), marks, text: text.to_owned() };
    Ok(vec![(staff(account), body)])
}

/// All marks that are not released yet are: each report's points become an entry, up to the most that a team's reports bring
/// together. Reports are given their points in the order in which they were filed; what the most has cut from one is given
/// later, as soon as marks that were lowered leave room. Marks of an old run wait while a re-match counts.
///
/// # Errors
/// When nothing waits to be released, or only what belongs to an old run.
pub fn release(rules: Rules<'_>, fold: &Fold, account: &str) -> Result<Entries, Refusal> {
    let waits = |team: &str| {
        fold.reports.iter().any(|filed| filed.team == team && fold.desk.is_unreleased(&filed.report))
    };
    let teams: Vec<&str> =
        fold.teams.iter().map(|team| team.id.as_str()).filter(|team| waits(team)).collect();
    let mut entries = Entries::new();
    for team in teams.iter().filter(|team| fold.desk.rematched(team).is_none()) {
        entries.extend(release_of(rules, fold, account, team));
    }
    match (entries.is_empty(), teams.is_empty()) {
        (false, _) => Ok(entries),
        (true, true) => Err(Refusal::AlreadySo),
        (true, false) => Err(field("report", "rematch_counts")),
    }
}

/// The entries of one team.
fn release_of(rules: Rules<'_>, fold: &Fold, account: &str, team: &str) -> Entries {
    struct Given<'f> {
        report: &'f str,
        technique: &'f str,
        marks: &'f BTreeMap<String, i64>,
        text: &'f str,
        waiting: bool,
        before: i64,
        wanted: i64,
    }
    let desk = &fold.desk;
    let list: Vec<Given<'_>> = fold
        .reports
        .iter()
        .filter(|filed| filed.team == team)
        .filter_map(|filed| {
            // Where nothing waits, the last marks are those that were released.
            let marking = desk.marks.get(&filed.report)?;
            Some(Given {
                report: &filed.report,
                technique: &filed.technique,
                marks: &marking.marks,
                text: &marking.text,
                waiting: desk.is_unreleased(&filed.report),
                before: desk.scored.get(&filed.report).map_or(0, |scored| scored.points),
                wanted: marking.marks.values().sum(),
            })
        })
        .collect();
    // Nobody loses to another report: first what was lowered makes room, then it is given out.
    let kept: i64 = list.iter().map(|one| one.before.min(one.wanted)).sum();
    let mut room = (rules.scenario.reports.points - kept).max(0);
    let mut entries = Entries::new();
    for one in &list {
        let least = one.before.min(one.wanted);
        let more = (one.wanted - least).min(room);
        room -= more;
        let points = least + more - one.before;
        if !one.waiting && points == 0 {
            continue;
        }
        let rule = if one.waiting { "report.scored" } else { "report.room" };
        let args = [
            ("marked", one.wanted.to_string()),
            ("technique", one.technique.to_owned()),
            ("text", one.text.to_owned()),
        ];
        let body = Body::ReportScored {
            report: one.report.to_owned(),
            team: team.to_owned(),
            marks: one.marks.clone(),
            points,
            reason: Reason::new(rule, args),
        };
        entries.push((staff(account), body));
    }
    entries
}

/// What was entered before a re-match belongs to the run that it was played in place of: while the re-match counts, nothing
/// that would give or take points for it is entered, since the standings hold none of it. The re-match is undone first.
pub(super) fn untouched_run(fold: &Fold, team: &str, about: u64, name: &'static str) -> Result<(), Refusal> {
    match fold.desk.rematched(team) {
        Some(known) if about < known.seq => Err(field(name, "rematch_counts")),
        _ => Ok(()),
    }
}

/// True while something of these teams is under way that may still bring them points.
fn is_pending(fold: &Fold, teams: &[&str]) -> bool {
    let own = |team: &str| teams.contains(&team);
    fold.reports.iter().any(|filed| own(&filed.team) && filed.judged.is_none())
        || fold.repairs.iter().any(|((team, _), state)| own(team) && state.waiting)
        || fold.resetting().any(|reset| reset.team.as_deref().is_some_and(own))
}

/// A new run of a pair counts in place of what its teams have: their points are set aside by one entry each, the new run's
/// counted by another.
///
/// # Errors
/// Before the end, when the pair is not there, when a re-match of it counts already, while one of its reports, retests or
/// resets is not decided, or the text is not right.
pub fn rematch(
    fold: &Fold,
    account: &str,
    id: &str,
    range: u16,
    new: &NewRun,
    text: &str,
) -> Result<Entries, Refusal> {
    if !fold.over() {
        return Err(Refusal::NotOver);
    }
    let sides = [(Side::Red, new.points.0), (Side::Blue, new.points.1)];
    let teams: Vec<_> =
        sides.iter().filter_map(|(side, points)| Some((fold.team_of(range, *side)?, *points))).collect();
    if teams.len() != sides.len() {
        return Err(field("range", "void_range"));
    }
    if teams.iter().any(|(own, _)| fold.desk.rematched(&own.id).is_some()) {
        return Err(Refusal::AlreadySo);
    }
    let ids: Vec<&str> = teams.iter().map(|(own, _)| own.id.as_str()).collect();
    if is_pending(fold, &ids) {
        return Err(field("range", "rematch_pending"));
    }
    let text = text_of(text)?;
    let entry = |team: &str, step, points: i64, rule: &str| {
        let args = [("run", new.run.clone()), ("text", text.clone())];
        let body = Body::Rematch {
            rematch: id.to_owned(),
            team: team.to_owned(),
            step,
            run: new.run.clone(),
            position: new.position,
            points,
            reason: Reason::new(rule, args),
        };
        (staff(account), body)
    };
    let mut entries = Entries::new();
    for (team, points) in teams {
        entries.push(entry(&team.id, RematchStep::SetAside, -team.points, "rematch.set_aside"));
        entries.push(entry(&team.id, RematchStep::Counted, points, "rematch.counted"));
    }
    Ok(entries)
}

/// The old run counts again.
///
/// # Errors
/// When the re-match is not there or was undone already, or the text is not right.
pub fn undo_rematch(fold: &Fold, account: &str, id: &str, text: &str) -> Result<Entries, Refusal> {
    let known = fold.desk.rematches.iter().find(|known| known.rematch == id).ok_or(Refusal::NotFound)?;
    if known.undone.is_some() {
        return Err(Refusal::AlreadySo);
    }
    let text = text_of(text)?;
    let back = |(team, old, new): &(String, i64, i64)| {
        let args = [("run", known.run.clone()), ("text", text.clone())];
        let body = Body::Rematch {
            rematch: id.to_owned(),
            team: team.clone(),
            step: RematchStep::Undone,
            run: known.run.clone(),
            position: known.position,
            points: old - new,
            reason: Reason::new("rematch.undone", args),
        };
        (staff(account), body)
    };
    Ok(known.teams.iter().map(back).collect())
}
