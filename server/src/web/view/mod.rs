//! From state to page contexts: fold, scenario and rows in, typed contexts of rampart-pages out. Nothing here asks or
//! decides anything.

pub mod control;
pub mod courses;
pub mod exercises;
pub mod hosts;
pub mod images;
pub mod register;
pub mod rulings;
pub mod scenarios;
pub mod schedule;
pub mod seat;
pub mod statistics;
pub mod techniques;

use std::collections::BTreeMap;

use rampart_domain::scenario::{Scenario, Words};
use rampart_pages::{
    ClockState, ExerciseClock, ExerciseHead, ExerciseState, HealthState, Locale, Pair, PhaseBlock,
    PhaseState, TeamRef,
};
use rampart_store::Exercise as Row;
use scoreboard::{Fold, Side, Status};

use super::visit::page_side;

/// A text in the page's language.
#[must_use]
pub fn say(locale: Locale, words: &Words) -> String {
    match locale {
        Locale::ZhTw => words.zh.clone(),
        Locale::En => words.en.clone(),
    }
}

/// Status as pages show it. A draft with a note is a launch that failed.
#[must_use]
pub fn state(fold: &Fold) -> ExerciseState {
    match fold.status {
        Status::Draft if fold.note.is_some() => ExerciseState::Failed,
        Status::Draft => ExerciseState::Draft,
        Status::Provisioning => ExerciseState::Provisioning,
        Status::Ready => ExerciseState::Ready,
        Status::Running => ExerciseState::Running,
        Status::Paused => ExerciseState::Paused,
        Status::Ended => ExerciseState::Ended,
        Status::Cleared => ExerciseState::Cleared,
    }
}

/// Sum of the pauses up to now, ms.
fn paused_total(fold: &Fold, now_ms: i64) -> i64 {
    fold.pauses.iter().map(|(from, to)| to.unwrap_or(now_ms) - from).sum()
}

fn duration_ms(fold: &Fold) -> i64 {
    fold.header.as_ref().map_or(0, |header| header.duration_ms)
}

/// The exercise clock.
#[must_use]
pub fn clock(fold: &Fold, now_ms: i64) -> ExerciseClock {
    let elapsed_ms = fold.clock.at(now_ms);
    let left = Some(duration_ms(fold) - elapsed_ms);
    let (state, remaining_ms, paused_since_ms) = match fold.status {
        Status::Running => (ClockState::Running, left, None),
        Status::Paused => (ClockState::Paused, left, fold.pauses.last().map(|(from, _)| *from)),
        Status::Ended | Status::Cleared => (ClockState::Ended, None, None),
        Status::Draft | Status::Provisioning | Status::Ready => (ClockState::Waiting, None, None),
    };
    ExerciseClock {
        state,
        elapsed_ms,
        phase: None,
        remaining_ms,
        paused_since_ms,
        paused_total_ms: paused_total(fold, now_ms),
    }
}

/// The phase wall. A scenario of this format has one phase, its planned length.
#[must_use]
pub fn phases(fold: &Fold, scenario: &Scenario, now_ms: i64) -> Vec<PhaseBlock> {
    let (whole, elapsed) = (scenario.duration_ms.max(1), fold.clock.at(now_ms));
    let state = match fold.status {
        Status::Running | Status::Paused => PhaseState::Running,
        Status::Ended | Status::Cleared => PhaseState::Done,
        Status::Draft | Status::Provisioning | Status::Ready => PhaseState::Coming,
    };
    vec![PhaseBlock {
        title: String::new(),
        minutes: whole / 60_000,
        state,
        percent: (100 * elapsed / whole).clamp(0, 100),
        remaining_ms: (state == PhaseState::Running).then_some(whole - elapsed),
    }]
}

/// What heads the pages of an exercise.
#[must_use]
pub fn head(row: &Row, fold: &Fold, scenario: &Scenario, locale: Locale) -> ExerciseHead {
    ExerciseHead {
        id: row.id.clone(),
        code: row.code.clone(),
        title: row.title.clone(),
        scenario: say(locale, &scenario.title),
        state: state(fold),
        starts_ms: Some(row.starts_ms),
        ends_ms: Some(row.ends_ms),
        place: place(row),
    }
}

/// Where people meet, if it is known.
#[must_use]
pub fn place(row: &Row) -> Option<String> {
    Some(row.place.clone()).filter(|place| !place.is_empty())
}

/// A team by id; an unknown one keeps its id, so that nothing vanishes from a page.
#[must_use]
pub fn team(fold: &Fold, id: &str) -> TeamRef {
    fold.team(id).map_or_else(
        || TeamRef::new(id, id, rampart_pages::Side::White),
        |team| TeamRef::new(&team.id, &team.name, page_side(team.side)),
    )
}

/// Red and blue by range.
#[must_use]
pub fn pairs(fold: &Fold) -> Vec<(u16, Pair)> {
    let name = |range, side| fold.team_of(range, side).map(|team| team.name.clone()).unwrap_or_default();
    let mut ranges: Vec<u16> = fold.teams.iter().map(|team| team.range).collect();
    ranges.sort_unstable();
    ranges.dedup();
    ranges
        .into_iter()
        .map(|range| (range, Pair { red: name(range, Side::Red), blue: name(range, Side::Blue) }))
        .collect()
}

/// Titles of what anybody may know of: hosts, checks, repairs.
#[must_use]
pub fn public_names(scenario: &Scenario, locale: Locale) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for host in &scenario.hosts {
        names.insert(host.id.clone(), say(locale, &host.title));
    }
    for check in &scenario.checks {
        names.insert(check.id.clone(), say(locale, &check.title));
    }
    for repair in &scenario.repairs {
        names.insert(repair.id.clone(), say(locale, &repair.title));
    }
    // As they are numbered on red's page; the objective's title is not everybody's to know.
    for (index, objective) in scenario.objectives.iter().enumerate() {
        for (number, hint) in objective.hints.iter().enumerate() {
            names.insert(hint.id.clone(), format!("O{}-{}", index + 1, number + 1));
        }
    }
    names
}

/// Titles of everything that a reason can name: what red is to do and can do, too. For staff, and for all once it is over.
#[must_use]
pub fn all_names(scenario: &Scenario, locale: Locale) -> BTreeMap<String, String> {
    let mut names = public_names(scenario, locale);
    for objective in &scenario.objectives {
        names.insert(objective.id.clone(), say(locale, &objective.title));
    }
    for action in &scenario.actions {
        names.insert(action.id.clone(), say(locale, &action.title));
    }
    names
}

/// State of a check as pages show it.
#[must_use]
pub fn health(state: scoreboard::HealthState) -> HealthState {
    match state {
        scoreboard::HealthState::Up => HealthState::Up,
        scoreboard::HealthState::Degraded => HealthState::Degraded,
        scoreboard::HealthState::Down => HealthState::Down,
        scoreboard::HealthState::Unknown => HealthState::Unknown,
    }
}

/// The worst state among a host's checks in a range, since when, and what was seen. `None` without checks.
#[must_use]
pub fn host_health(
    fold: &Fold,
    scenario: &Scenario,
    range: u16,
    host: &str,
) -> Option<(scoreboard::HealthState, Option<i64>, String)> {
    use scoreboard::HealthState::{Degraded, Down, Unknown, Up};
    let grave = |state| match state {
        Up => 0,
        Unknown => 1,
        Degraded => 2,
        Down => 3,
    };
    scenario
        .checks
        .iter()
        .filter(|check| check.host == host)
        .map(|check| match fold.health.get(&(range, check.id.clone())) {
            Some((state, since, seen)) => (*state, Some(*since), seen.clone()),
            None => (Unknown, None, String::new()),
        })
        .max_by_key(|(state, ..)| grave(*state))
}

/// An integer for a page; counts of things never come near its end.
#[must_use]
pub fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scoreboard::Clock;

    #[test]
    fn the_clock_of_a_pause_stands_and_counts_the_pause() {
        let mut fold = Fold { status: Status::Running, ..Fold::default() };
        fold.header = Some(scoreboard::Header {
            code: "S".into(),
            title: "t".into(),
            scenario: "s".into(),
            duration_ms: 90_000,
            max_red: 0,
            max_blue: 0,
        });
        fold.clock = Clock { banked_ms: 0, since_ms: Some(1_000), started_ms: Some(1_000) };
        assert_eq!(clock(&fold, 11_000).remaining_ms, Some(80_000));
        fold.status = Status::Paused;
        fold.clock = Clock { banked_ms: 10_000, since_ms: None, started_ms: Some(1_000) };
        fold.pauses = vec![(11_000, None)];
        let paused = clock(&fold, 31_000);
        assert_eq!((paused.elapsed_ms, paused.remaining_ms), (10_000, Some(80_000)));
        assert_eq!((paused.paused_since_ms, paused.paused_total_ms), (Some(11_000), 20_000));
        fold.status = Status::Ended;
        assert_eq!(clock(&fold, 31_000).remaining_ms, None);
    }

    #[test]
    fn a_draft_with_a_note_is_a_failed_launch() {
        let mut fold = Fold::default();
        assert_eq!(state(&fold), ExerciseState::Draft);
        fold.note = Some("www did not get ready".into());
        assert_eq!(state(&fold), ExerciseState::Failed);
    }
}
