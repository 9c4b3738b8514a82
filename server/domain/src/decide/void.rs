//! A stretch of time in which checks do not count, and its undoing.
//!
//! The rule as people read it: what a void covers is unknown, which counts neither way; the availability booked so far is
//! put right by an entry of its own for each team. Voids that overlap count once. Undoing puts back exactly what was taken.

use scoreboard::{Actor, Body, Component, Fold, HealthState, Reason, Side, VoidWindow};

use super::desk::untouched_run;
use super::judge::{field, judgeable, staff, text_of};
use super::service::{availability, due};
use super::{Entries, Refusal, Rules, clock_at};

/// What is to be void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidForm {
    /// Range; `None` is every range.
    pub range: Option<u16>,
    /// Check; `None` is every check.
    pub check: Option<String>,
    /// From, ms UTC.
    pub from_ms: i64,
    /// To, ms UTC.
    pub to_ms: i64,
    /// Why.
    pub text: String,
}

/// Checks are void between two moments that lie behind.
///
/// # Errors
/// When there is nothing to judge yet, range or check are not there, a re-match counts in place of a pair that is meant, or the times do not enclose time of the exercise.
pub fn void(
    rules: Rules<'_>,
    fold: &Fold,
    account: &str,
    id: &str,
    form: &VoidForm,
    at_ms: i64,
) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    if form.range.is_some_and(|range| fold.team_of(range, Side::Blue).is_none()) {
        return Err(field("range", "void_range"));
    }
    untouched(fold, form.range)?;
    let known = |check: &String| rules.scenario.checks.iter().any(|known| known.id == *check);
    if form.check.as_ref().is_some_and(|check| !known(check)) {
        return Err(field("check", "void_check"));
    }
    if form.to_ms > at_ms {
        return Err(field("to", "void_future"));
    }
    let clock_ms = (clock_at(fold, form.from_ms), clock_at(fold, form.to_ms));
    if form.from_ms >= form.to_ms || clock_ms.0 >= clock_ms.1 {
        return Err(field("to", "void_empty"));
    }
    let args =
        [("text", text_of(&form.text)?), ("check", form.check.clone().unwrap_or_else(|| "all".to_owned()))];
    let reason = Reason::new("judge.voided", args);
    let window = VoidWindow {
        void: id.to_owned(),
        range: form.range,
        check: form.check.clone(),
        wall_ms: (form.from_ms, form.to_ms),
        clock_ms,
        reason: reason.clone(),
        at_ms,
        undone: None,
    };
    let mut after = fold.desk.voids.clone();
    after.push(window);
    let entry = Body::Voided {
        void: id.to_owned(),
        range: form.range,
        check: form.check.clone(),
        from_ms: form.from_ms,
        to_ms: form.to_ms,
        from_clock_ms: clock_ms.0,
        to_clock_ms: clock_ms.1,
        reason,
    };
    Ok(put_right(rules, fold, (staff(account), entry), &after, at_ms, "availability.voided"))
}

/// A void counts again.
///
/// # Errors
/// When it is not there or was undone already, a re-match counts in place of a pair that it means, or the text is not right.
pub fn unvoid(
    rules: Rules<'_>,
    fold: &Fold,
    account: &str,
    id: &str,
    text: &str,
    at_ms: i64,
) -> Result<Entries, Refusal> {
    let known = fold.desk.voids.iter().find(|known| known.void == id).ok_or(Refusal::NotFound)?;
    if known.undone.is_some() {
        return Err(Refusal::AlreadySo);
    }
    untouched(fold, known.range)?;
    let reason = Reason::new("judge.unvoided", [("text", text_of(text)?)]);
    let after: Vec<VoidWindow> = fold.desk.voids.iter().filter(|known| known.void != id).cloned().collect();
    let entry = (staff(account), Body::VoidUndone { void: id.to_owned(), reason });
    Ok(put_right(rules, fold, entry, &after, at_ms, "availability.restored"))
}

/// Checks are always of the run that was played here.
fn untouched(fold: &Fold, range: Option<u16>) -> Result<(), Refusal> {
    let meant = fold.teams.iter().filter(|team| range.is_none_or(|range| team.range == range));
    meant
        .filter(|team| team.side == Side::Blue)
        .try_for_each(|team| untouched_run(fold, &team.id, 0, "range"))
}

/// The entry, after what is due is booked and before what it changes.
fn put_right(
    rules: Rules<'_>,
    fold: &Fold,
    entry: (Actor, Body),
    after: &[VoidWindow],
    at_ms: i64,
    rule: &str,
) -> Entries {
    // On a copy that has booked what is due, so that the difference is taken from what the entry follows.
    let mut booked = fold.clone();
    let mut entries = Entries::new();
    let counts =
        |team: &&scoreboard::Team| team.side == Side::Blue && fold.desk.rematched(&team.id).is_none();
    for team in fold.teams.iter().filter(counts) {
        for (actor, body) in availability(rules, fold, &team.id, at_ms) {
            let seq = booked.seq + 1;
            booked.apply(&scoreboard::Entry { seq, at_ms, actor: actor.clone(), body: body.clone() });
            entries.push((actor, body));
        }
    }
    entries.push(entry);
    for team in booked.teams.iter().filter(counts) {
        let Some((through, up_sum, known_sum)) = booked.booked.get(&team.id).copied() else { continue };
        // What the voids take out depends on them alone, so that undoing gives back exactly what was taken.
        let taken = |voids: &[VoidWindow]| {
            let (all, left) = (&[][..], voids);
            let (all, left) = (
                counted(rules, &booked, team.range, through, all),
                counted(rules, &booked, team.range, through, left),
            );
            (half(all.0 - left.0), half(all.1 - left.1))
        };
        let (before, then) = (taken(&booked.desk.voids), taken(after));
        let (up, known) = (before.0 - then.0, before.1 - then.1);
        let given = team.parts.get(&Component::Availability).copied().unwrap_or(0);
        let points = due(rules, through, up_sum + up, known_sum + known).unwrap_or(given) - given;
        if (up, known, points) == (0, 0, 0) {
            continue;
        }
        let minutes = (through / 60_000).to_string();
        let body = Body::Availability {
            team: team.id.clone(),
            through_ms: through,
            up_ms: up,
            known_ms: known,
            points,
            reason: Reason::new(rule, [("minutes", minutes)]),
        };
        entries.push((Actor::System, body));
    }
    entries
}

/// Sums are kept doubled, for the half that degraded counts.
fn half(doubled: i128) -> i64 {
    i64::try_from(doubled / 2).unwrap_or(0)
}

/// Twice the weighted time up, and twice the weighted time known, of a range's checks up to `through`, without what is void.
fn counted(rules: Rules<'_>, fold: &Fold, range: u16, through: i64, voids: &[VoidWindow]) -> (i128, i128) {
    let (mut up, mut known) = (0, 0);
    for check in &rules.scenario.checks {
        let Some(history) = fold.desk.history.get(&(range, check.id.clone())) else { continue };
        let windows = merged(voids.iter().filter(|void| void.covers(range, &check.id)));
        let ends = history.iter().skip(1).map(|(from, _)| *from).chain([through]);
        for ((from, state), to) in history.iter().zip(ends) {
            let (from, to) = (*from, to.min(through));
            let void: i64 = windows.iter().map(|(start, end)| (to.min(*end) - from.max(*start)).max(0)).sum();
            let counts = i128::from((to - from).max(0) - void) * i128::from(check.weight);
            match state {
                HealthState::Up => (up, known) = (up + 2 * counts, known + 2 * counts),
                HealthState::Degraded => (up, known) = (up + counts, known + 2 * counts),
                HealthState::Down => known += 2 * counts,
                HealthState::Unknown => {}
            }
        }
    }
    (up, known)
}

/// Windows on the exercise clock, those that touch made one.
fn merged<'a>(voids: impl Iterator<Item = &'a VoidWindow>) -> Vec<(i64, i64)> {
    let mut windows: Vec<(i64, i64)> = voids.map(|void| void.clock_ms).collect();
    windows.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (from, to) in windows {
        match out.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => out.push((from, to)),
        }
    }
    out
}
