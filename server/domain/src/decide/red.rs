//! What red does: flags, hints, and what is known of its actions.

use scoreboard::{Actor, Answer, Body, Fold, Reason, Side};

use super::{Entries, Refusal, Rules, clock_at, open};
use crate::scenario::{Objective, Words};
use crate::secret::{Typed, read_flag, tag_of};
use crate::truth::Confirmed;

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

/// How many teams have an objective.
#[must_use]
pub fn captures_of(fold: &Fold, objective: &str) -> u32 {
    let having = fold.captures.keys().filter(|(_, known)| known == objective).count();
    u32::try_from(having).unwrap_or(u32::MAX)
}

/// Wrong answers that a team has for an objective: those of the scenario and those that a judge gave.
#[must_use]
pub fn tries_allowed(fold: &Fold, objective: &Objective, team: &str) -> u32 {
    let given = fold.desk.tries.get(&(team.to_owned(), objective.id.clone())).copied().unwrap_or(0);
    objective.attempts.saturating_add(given)
}

/// A flag is submitted by a seat of `team`. What it is worth is fixed here, at its acceptance.
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
    at_ms: i64,
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
    let allowed = tries_allowed(fold, wanted, team);
    if tried >= allowed {
        return Err(Refusal::LimitReached);
    }
    if rules.secret.is_flag(&typed, &red.id, objective) {
        let others = captures_of(fold, objective);
        let points = wanted.worth(others, fold.clock.at(at_ms));
        let named = ("objective", objective.to_owned());
        let reason = if points == wanted.points {
            Reason::new("flag.correct", [named])
        } else {
            let (value, others) = (wanted.points.to_string(), others.to_string());
            Reason::new("flag.decayed", [named, ("value", value), ("others", others)])
        };
        let mut entries = entry(Answer::Correct, points, reason);
        if wanted.first > 0 && others == 0 {
            let reason = Reason::new("bonus.first", [("objective", objective.to_owned())]);
            let body = Body::Bonus {
                team: team.to_owned(),
                bonus: "first".to_owned(),
                about: objective.to_owned(),
                points: wanted.first,
                reason,
            };
            entries.push((Actor::System, body));
            return Ok((entries, FlagOutcome::Correct { points: points + wanted.first }));
        }
        return Ok((entries, FlagOutcome::Correct { points }));
    }
    let left = allowed - tried - 1;
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
