//! What the services do: their checks, and the availability that is booked for them.

use scoreboard::{Actor, Body, Component, Fold, HealthState, Reason, Side};

use super::{Entries, Rules, is_silenced};

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
    let given = blue.parts.get(&Component::Availability).copied().unwrap_or(0);
    let points = due(rules, now, up_sum, known_sum).unwrap_or(given) - given;
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

/// Availability points up to `now` on the exercise clock: weight x share of the planned time x share of the known time that
/// was up. `None` where they are more than a number holds.
pub(super) fn due(rules: Rules<'_>, now: i64, up: i64, known: i64) -> Option<i64> {
    if known <= 0 {
        return Some(0);
    }
    let scenario = rules.scenario;
    let due = i128::from(scenario.availability_points) * i128::from(now) * i128::from(up)
        / (i128::from(scenario.duration_ms) * i128::from(known));
    i64::try_from(due).ok()
}

/// A check changed its state (while its host is made anew, nothing but unknown is taken): what lay before is booked with the old state, then the new one stands.
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
    if state != HealthState::Unknown && is_silenced(rules, fold, range, check) {
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
