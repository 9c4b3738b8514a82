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
/// When it is not there or was taken back already, or the text is not right.
pub fn lift(fold: &Fold, account: &str, about: u64, text: &str) -> Result<Entries, Refusal> {
    let known = fold.desk.penalties.iter().find(|known| known.seq == about).ok_or(Refusal::NotFound)?;
    if known.lifted.is_some() {
        return Err(Refusal::AlreadySo);
    }
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
/// together.
///
/// # Errors
/// When nothing waits to be released.
pub fn release(rules: Rules<'_>, fold: &Fold, account: &str) -> Result<Entries, Refusal> {
    let mut given: BTreeMap<&str, i64> = BTreeMap::new();
    let mut entries = Entries::new();
    for filed in fold.reports.iter().filter(|filed| fold.desk.is_unreleased(&filed.report)) {
        let Some(marking) = fold.desk.marks.get(&filed.report) else { continue };
        let total = given.entry(&filed.team).or_insert_with(|| fold.desk.report_points(&filed.team));
        let before = fold.desk.scored.get(&filed.report).map_or(0, |scored| scored.points);
        let marked: i64 = marking.marks.values().sum();
        let room = (rules.scenario.reports.points - (*total - before)).max(0);
        let points = marked.min(room) - before;
        *total += points;
        let args = [
            ("marked", marked.to_string()),
            ("technique", filed.technique.clone()),
            ("text", marking.text.clone()),
        ];
        let body = Body::ReportScored {
            report: filed.report.clone(),
            team: filed.team.clone(),
            marks: marking.marks.clone(),
            points,
            reason: Reason::new("report.scored", args),
        };
        entries.push((staff(account), body));
    }
    if entries.is_empty() { Err(Refusal::AlreadySo) } else { Ok(entries) }
}

/// A new run of a pair counts in place of what its teams have: their points are set aside by one entry each, the new run's
/// counted by another.
///
/// # Errors
/// Before the end, when the pair is not there, when a re-match of it counts already, or the text is not right.
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
    let counts = |known: &scoreboard::Rematched| {
        known.undone.is_none()
            && known.teams.iter().any(|(team, ..)| teams.iter().any(|(own, _)| own.id == *team))
    };
    if fold.desk.rematches.iter().any(counts) {
        return Err(Refusal::AlreadySo);
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
