//! Whose pages an entry changes at once. A page that is told to look again tells whoever watches its stream that something
//! happened, so a seat is told of its own team's entries, and of others' only what the public board shows at the same time.

use std::collections::BTreeMap;

use crate::{Answer, Body, Entry, Fold, Side};

/// Whom an entry is told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells<'a> {
    /// All seats.
    Everybody,
    /// A capture: all seats while the board shows it, otherwise the team.
    Capture(&'a str),
    /// The team.
    Team(&'a str),
    /// Both teams of the range.
    Range(u16),
    /// The blue team of the range.
    Blue(u16),
    /// Staff alone.
    Nobody,
}

/// Positions of the last entries that seats were told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    everybody: u64,
    teams: BTreeMap<String, u64>,
}

impl Body {
    /// Every kind stands here: a new one is told nobody by oversight.
    fn tells(&self) -> Tells<'_> {
        match self {
            Self::Created { .. }
            | Self::Team { .. }
            | Self::Status { .. }
            | Self::Freeze { .. }
            | Self::VoidUndone { .. }
            | Self::NodeLost { .. }
            | Self::NodeBack { .. }
            | Self::Rebuild { .. }
            | Self::Rebuilt { .. }
            | Self::LostTime { .. } => Tells::Everybody,
            Self::Flag { team, answer: Answer::Correct, .. } => Tells::Capture(team),
            Self::Seat { team, .. }
            | Self::Flag { team, .. }
            | Self::Hint { team, .. }
            | Self::Report { team, .. }
            | Self::Judged { team, .. }
            | Self::Availability { team, .. }
            | Self::Repair { team, .. }
            | Self::Retested { team, .. }
            | Self::Correction { team, .. }
            | Self::Disqualified { team, .. }
            | Self::Contest { team, .. }
            | Self::Ruled { team, .. }
            | Self::Bonus { team, .. }
            | Self::Incident { team, .. }
            | Self::Penalty { team, .. }
            | Self::PenaltyLifted { team, .. }
            | Self::TriesGiven { team, .. }
            | Self::ReportScored { team, .. }
            | Self::Rematch { team, .. } => Tells::Team(team),
            Self::Reset { range, .. } | Self::ResetDone { range, .. } => Tells::Range(*range),
            Self::Voided { range, .. } => range.map_or(Tells::Everybody, Tells::Range),
            // What red has broken is blue's to see.
            Self::Health { range, .. } => Tells::Blue(*range),
            Self::Walls { .. } | Self::Action { .. } | Self::Marked { .. } => Tells::Nobody,
        }
    }
}

impl Fold {
    pub(crate) fn tell(&mut self, entry: &Entry) {
        let of = |range: u16, side: Side| self.team_of(range, side).map(|team| team.id.clone());
        let teams = match entry.body.tells() {
            Tells::Everybody => {
                self.told.everybody = entry.seq;
                return;
            }
            Tells::Capture(_) if self.frozen.is_none() => {
                self.told.everybody = entry.seq;
                return;
            }
            Tells::Capture(team) | Tells::Team(team) => vec![Some(team.to_owned())],
            Tells::Range(range) => vec![of(range, Side::Red), of(range, Side::Blue)],
            Tells::Blue(range) => vec![of(range, Side::Blue)],
            Tells::Nobody => return,
        };
        for team in teams.into_iter().flatten() {
            self.told.teams.insert(team, entry.seq);
        }
    }

    /// Position of the last entry that a team's seats are told of; it stands still while nothing of theirs changes.
    #[must_use]
    pub fn told_seq(&self, team: &str) -> u64 {
        self.told.teams.get(team).map_or(self.told.everybody, |own| self.told.everybody.max(*own))
    }
}
