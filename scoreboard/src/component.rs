//! The parts of a score.

use serde::{Deserialize, Serialize};

use crate::{Body, Reason, Side};

/// Part of the score that points belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Flags.
    Objectives,
    /// Hints bought.
    Hints,
    /// Incident reports matched to what red did.
    Detection,
    /// Services kept up.
    Availability,
    /// Repairs that passed their retest.
    Response,
    /// Wrong incident reports.
    FalseClaims,
    /// Hosts that the team had made anew.
    Resets,
    /// What a judge gave or took.
    Rulings,
    /// Rewards for being first and for not being found.
    Bonuses,
    /// What red's acts cost.
    Incidents,
    /// Incident reports by the judge's marks.
    Reports,
    /// Penalties.
    Penalties,
    /// A new run that counts in place of the old one.
    Rematch,
}

impl Component {
    /// The word used in data and locale keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Objectives => "objectives",
            Self::Hints => "hints",
            Self::Detection => "detection",
            Self::Availability => "availability",
            Self::Response => "response",
            Self::FalseClaims => "false_claims",
            Self::Resets => "resets",
            Self::Rulings => "rulings",
            Self::Bonuses => "bonuses",
            Self::Incidents => "incidents",
            Self::Reports => "reports",
            Self::Penalties => "penalties",
            Self::Rematch => "rematch",
        }
    }

    /// Components that a side can earn or lose points in, in the order in which pages show them.
    #[must_use]
    pub fn of(side: Side) -> &'static [Component] {
        match side {
            Side::Red => &[
                Self::Objectives,
                Self::Bonuses,
                Self::Hints,
                Self::Resets,
                Self::Penalties,
                Self::Rulings,
                Self::Rematch,
            ],
            Side::Blue => &[
                Self::Detection,
                Self::Availability,
                Self::Response,
                Self::Reports,
                Self::FalseClaims,
                Self::Incidents,
                Self::Resets,
                Self::Penalties,
                Self::Rulings,
                Self::Rematch,
            ],
        }
    }
}

impl Body {
    /// Points that the entry moves: team, component, points, reason. `None` for entries that never carry any.
    #[must_use]
    pub fn score(&self) -> Option<(&str, Component, i64, &Reason)> {
        match self {
            Self::Flag { team, points, reason, .. } => Some((team, Component::Objectives, *points, reason)),
            Self::Hint { team, points, reason, .. } => Some((team, Component::Hints, *points, reason)),
            Self::Judged { team, points, reason, .. } => {
                let component = if *points < 0 { Component::FalseClaims } else { Component::Detection };
                Some((team, component, *points, reason))
            }
            Self::Availability { team, points, reason, .. } => {
                Some((team, Component::Availability, *points, reason))
            }
            Self::Retested { team, points, reason, .. } => Some((team, Component::Response, *points, reason)),
            Self::Reset { team: Some(team), points, reason, .. }
            | Self::ResetDone { team: Some(team), points, reason, .. } => {
                Some((team, Component::Resets, *points, reason))
            }
            Self::Correction { team, points, reason, .. } | Self::Ruled { team, points, reason, .. } => {
                Some((team, Component::Rulings, *points, reason))
            }
            Self::Bonus { team, points, reason, .. } => Some((team, Component::Bonuses, *points, reason)),
            Self::Incident { team, points, reason, .. } => {
                Some((team, Component::Incidents, *points, reason))
            }
            Self::Penalty { team, points, reason } | Self::PenaltyLifted { team, points, reason, .. } => {
                Some((team, Component::Penalties, *points, reason))
            }
            Self::ReportScored { team, points, reason, .. } => {
                Some((team, Component::Reports, *points, reason))
            }
            Self::Rematch { team, points, reason, .. } => Some((team, Component::Rematch, *points, reason)),
            _ => None,
        }
    }
}
