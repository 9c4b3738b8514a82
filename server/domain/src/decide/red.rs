//! What red does: flags, hints, and what is known of its actions.

use scoreboard::{Actor, Answer, Body, Fold, Reason, Side};

use super::{Entries, Refusal, Rules, clock_at, open};
use crate::scenario::Words;
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
