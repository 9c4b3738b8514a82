//! What time itself decides: what an act of red costs blue, and red's reward when nobody saw it.
//!
//! The rule as people read it: an act with a cost is booked once for each range, when blue has reported it, when the window
//! of its detection is over, or at the end; so the score tells blue nothing that it could still be paid for. The reward for
//! stealth is due when the whole window has passed on the exercise clock and no report filed within it names the act; a
//! window that the end cuts off earns nothing.

use scoreboard::{Actor, Body, Fold, Reason, Side, Verdict};

use super::{Entries, Rules};
use crate::scenario::Detection;

/// Books what is due at `at_ms`; with `ending`, what the end makes due.
#[must_use]
pub fn settle(rules: Rules<'_>, fold: &Fold, at_ms: i64, ending: bool) -> Entries {
    let now = fold.clock.at(at_ms);
    let mut entries = Entries::new();
    for action in &rules.scenario.actions {
        let of_action = |known: &&Detection| known.action == action.id;
        let detections: Vec<&Detection> = rules.scenario.detections.iter().filter(of_action).collect();
        let window = detections.iter().map(|known| known.window_ms).max();
        let stealth = detections.iter().map(|known| known.stealth).max().unwrap_or(0);
        if action.cost == 0 && stealth == 0 {
            continue;
        }
        let mut ranges: Vec<u16> =
            fold.actions.iter().filter(|seen| seen.action == action.id).map(|seen| seen.range).collect();
        ranges.sort_unstable();
        ranges.dedup();
        for range in ranges {
            let occurrences =
                fold.actions.iter().filter(|seen| seen.range == range && seen.action == action.id);
            let Some(first) = occurrences.map(|seen| seen.clock_ms).min() else { continue };
            let closes = window.map(|window| first.saturating_add(window));
            let closed = closes.is_some_and(|closes| now > closes);
            let Some(blue) = fold.team_of(range, Side::Blue) else { continue };
            let found = |by: Option<i64>| {
                fold.reports.iter().any(|filed| {
                    filed.team == blue.id
                        && by.is_none_or(|by| filed.clock_ms <= by)
                        && matches!(&filed.judged, Some((Verdict::Matched { action: known, .. }, ..)) if *known == action.id)
                })
            };
            let key = (blue.id.clone(), action.id.clone());
            let seen = found(None);
            if action.cost > 0 && !fold.desk.incidents.contains(&key) && (seen || closed || ending) {
                // Who did not find it is not told what it was.
                let reason = if seen {
                    Reason::new("incident.found", [("action", action.id.clone())])
                } else {
                    Reason::new("incident.missed", [("host", action.host.clone())])
                };
                let body = Body::Incident {
                    team: blue.id.clone(),
                    action: action.id.clone(),
                    points: -action.cost,
                    reason,
                };
                entries.push((Actor::System, body));
            }
            let Some(red) = fold.team_of(range, Side::Red) else { continue };
            let bonus = (red.id.clone(), "stealth".to_owned(), action.id.clone());
            let Some(closes) = closes.filter(|_| closed && stealth > 0) else { continue };
            let open = fold
                .reports
                .iter()
                .any(|filed| filed.team == blue.id && filed.judged.is_none() && filed.clock_ms <= closes);
            if open || fold.desk.bonuses.contains(&bonus) || found(Some(closes)) {
                continue;
            }
            let body = Body::Bonus {
                team: red.id.clone(),
                bonus: bonus.1,
                about: action.id.clone(),
                points: stealth,
                reason: Reason::new("bonus.stealth", [("action", action.id.clone())]),
            };
            entries.push((Actor::System, body));
        }
    }
    entries
}
