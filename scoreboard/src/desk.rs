//! What judges enter, and what the later rules of the score need to remember: voids and the history of the checks, marks of
//! reports, penalties, re-matches, bonuses and costs that were booked.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Body, Entry, Fold, HealthState, Reason, RematchStep, Side};

/// A stretch of time in which checks do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidWindow {
    /// Id.
    pub void: String,
    /// Range; `None` is every range.
    pub range: Option<u16>,
    /// Check; `None` is every check.
    pub check: Option<String>,
    /// From and to, ms UTC.
    pub wall_ms: (i64, i64),
    /// From and to on the exercise clock, ms.
    pub clock_ms: (i64, i64),
    /// Why.
    pub reason: Reason,
    /// When it was entered, ms UTC.
    pub at_ms: i64,
    /// Why it counts again; `None` while it is void.
    pub undone: Option<Reason>,
}

impl VoidWindow {
    /// True while it stands and means this check of this range.
    #[must_use]
    pub fn covers(&self, range: u16, check: &str) -> bool {
        self.undone.is_none()
            && self.range.is_none_or(|own| own == range)
            && self.check.as_deref().is_none_or(|own| own == check)
    }
}

/// A judge's marks of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marking {
    /// Points by criterion.
    pub marks: BTreeMap<String, i64>,
    /// What the judge wrote.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
}

/// What a report was released with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportScore {
    /// Team.
    pub team: String,
    /// Points by criterion.
    pub marks: BTreeMap<String, i64>,
    /// What the team was given for it in all; less than the sum of the marks where the most was reached.
    pub points: i64,
    /// Why.
    pub reason: Reason,
}

/// A penalty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalised {
    /// Ledger position.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Team.
    pub team: String,
    /// Points, less than zero.
    pub points: i64,
    /// Why.
    pub reason: Reason,
    /// Why it was taken back.
    pub lifted: Option<Reason>,
}

/// A new run that counts, or counted, in place of an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rematched {
    /// Id.
    pub rematch: String,
    /// Position of its first entry in this ledger: what lies before it is of the old run.
    pub seq: u64,
    /// Code of the new run.
    pub run: String,
    /// Position in the new run's ledger.
    pub position: u64,
    /// Teams with the old run's points and the new run's.
    pub teams: Vec<(String, i64, i64)>,
    /// Why.
    pub reason: Reason,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Why it no longer counts.
    pub undone: Option<Reason>,
}

/// What was entered at the judge's desk and by the later rules of the score.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desk {
    /// What each check said and from when on (exercise clock, ms), by (range, check), in order.
    pub history: BTreeMap<(u16, String), Vec<(i64, HealthState)>>,
    /// Voids, in order.
    pub voids: Vec<VoidWindow>,
    /// Last marks of reports, by report.
    pub marks: BTreeMap<String, Marking>,
    /// Released reports, by report.
    pub scored: BTreeMap<String, ReportScore>,
    /// Penalties, in order.
    pub penalties: Vec<Penalised>,
    /// Further tries, by (team, objective).
    pub tries: BTreeMap<(String, String), u32>,
    /// Bonuses given, by (team, bonus, what about).
    pub bonuses: BTreeSet<(String, String, String)>,
    /// Actions whose cost was booked, by (team, action).
    pub incidents: BTreeSet<(String, String)>,
    /// Re-matches, in order.
    pub rematches: Vec<Rematched>,
}

impl Desk {
    /// True when the last marks of a report are not what was released.
    #[must_use]
    pub fn is_unreleased(&self, report: &str) -> bool {
        let Some(marking) = self.marks.get(report) else { return false };
        self.scored.get(report).is_none_or(|scored| {
            scored.marks != marking.marks || scored.reason.args.get("text") != Some(&marking.text)
        })
    }

    /// The re-match that counts in place of what a team had.
    #[must_use]
    pub fn rematched(&self, team: &str) -> Option<&Rematched> {
        let of_team = |known: &&Rematched| known.teams.iter().any(|(own, ..)| own == team);
        self.rematches.iter().filter(|known| known.undone.is_none()).find(of_team)
    }

    /// Points that a team's released reports have brought.
    #[must_use]
    pub fn report_points(&self, team: &str) -> i64 {
        self.scored.values().filter(|scored| scored.team == team).map(|scored| scored.points).sum()
    }
}

impl Fold {
    /// Keeps what an entry adds to the desk.
    pub(crate) fn keep(&mut self, entry: &Entry) {
        let at_ms = entry.at_ms;
        match &entry.body {
            Body::Health { range, check, state, .. } => {
                // Every change is booked first, so what is booked ends exactly where the new state begins.
                let from = self
                    .team_of(*range, Side::Blue)
                    .and_then(|team| self.booked.get(&team.id))
                    .map_or(0, |(through, ..)| *through);
                self.desk.history.entry((*range, check.clone())).or_default().push((from, *state));
            }
            Body::Bonus { team, bonus, about, .. } => {
                self.desk.bonuses.insert((team.clone(), bonus.clone(), about.clone()));
            }
            Body::Incident { team, action, .. } => {
                self.desk.incidents.insert((team.clone(), action.clone()));
            }
            Body::Penalty { team, points, reason } => self.desk.penalties.push(Penalised {
                seq: entry.seq,
                at_ms,
                team: team.clone(),
                points: *points,
                reason: reason.clone(),
                lifted: None,
            }),
            Body::PenaltyLifted { about, reason, .. } => {
                if let Some(known) = self.desk.penalties.iter_mut().find(|known| known.seq == *about) {
                    known.lifted = Some(reason.clone());
                }
            }
            Body::TriesGiven { team, objective, tries, .. } => {
                let given = self.desk.tries.entry((team.clone(), objective.clone())).or_default();
                *given = given.saturating_add(*tries);
            }
            Body::Marked { report, marks, text, .. } => {
                let marking = Marking { marks: marks.clone(), text: text.clone(), at_ms };
                self.desk.marks.insert(report.clone(), marking);
            }
            Body::ReportScored { report, team, marks, points, reason } => {
                let before = self.desk.scored.get(report).map_or(0, |scored| scored.points);
                let scored = ReportScore {
                    team: team.clone(),
                    marks: marks.clone(),
                    points: before + points,
                    reason: reason.clone(),
                };
                self.desk.scored.insert(report.clone(), scored);
            }
            Body::Voided { void, range, check, from_ms, to_ms, from_clock_ms, to_clock_ms, reason } => {
                self.desk.voids.push(VoidWindow {
                    void: void.clone(),
                    range: *range,
                    check: check.clone(),
                    wall_ms: (*from_ms, *to_ms),
                    clock_ms: (*from_clock_ms, *to_clock_ms),
                    reason: reason.clone(),
                    at_ms,
                    undone: None,
                });
            }
            Body::VoidUndone { void, reason } => {
                if let Some(known) = self.desk.voids.iter_mut().find(|known| known.void == *void) {
                    known.undone = Some(reason.clone());
                }
            }
            Body::Rematch { rematch, team, step, run, position, points, reason } => {
                self.rematch((entry.seq, at_ms), (rematch, team), *step, (run, *position), *points, reason);
            }
            _ => {}
        }
    }

    fn rematch(
        &mut self,
        (seq, at_ms): (u64, i64),
        (id, team): (&str, &str),
        step: RematchStep,
        (run, position): (&str, u64),
        points: i64,
        reason: &Reason,
    ) {
        let list = &mut self.desk.rematches;
        let index = list.iter().position(|known| known.rematch == id).unwrap_or_else(|| {
            list.push(Rematched {
                rematch: id.to_owned(),
                seq,
                run: run.to_owned(),
                position,
                teams: Vec::new(),
                reason: reason.clone(),
                at_ms,
                undone: None,
            });
            list.len() - 1
        });
        let Some(known) = list.get_mut(index) else { return };
        match step {
            RematchStep::SetAside => known.teams.push((team.to_owned(), -points, 0)),
            RematchStep::Counted => {
                if let Some((.., counted)) = known.teams.iter_mut().find(|(own, ..)| own == team) {
                    *counted = points;
                }
            }
            RematchStep::Undone => known.undone = Some(reason.clone()),
        }
    }
}

/// The feed's line of an entry that the desk keeps: team, text, points, seen by spectators.
pub(crate) fn line(body: &Body) -> Option<(Option<&String>, Reason, i64, bool)> {
    Some(match body {
        // What these are about is not everybody's to know; the points themselves show on the board.
        Body::Bonus { team, points, reason, .. } | Body::Incident { team, points, reason, .. } => {
            (Some(team), reason.clone(), *points, false)
        }
        Body::Penalty { team, points, reason }
        | Body::PenaltyLifted { team, points, reason, .. }
        | Body::Rematch { team, points, reason, .. } => (Some(team), reason.clone(), *points, true),
        Body::ReportScored { team, points, reason, .. } => {
            (Some(team), reason.clone(), *points, *points != 0)
        }
        Body::TriesGiven { team, reason, .. } => (Some(team), reason.clone(), 0, false),
        Body::Voided { reason, .. } | Body::VoidUndone { reason, .. } => (None, reason.clone(), 0, false),
        _ => return None,
    })
}
