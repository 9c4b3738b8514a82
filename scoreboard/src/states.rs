//! What a check, a report and a retest can come to.

use serde::{Deserialize, Serialize};

/// State of an availability check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// Serves.
    Up,
    /// Serves, but badly.
    Degraded,
    /// Does not serve.
    Down,
    /// The platform could not tell; counts neither way.
    Unknown,
}

impl HealthState {
    /// The word used in data and locale keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

/// How an incident report was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It names what red did.
    Matched {
        /// The action.
        action: String,
        /// The detection that paid.
        detection: String,
    },
    /// It names something that this team has already been paid for.
    AlreadyClaimed {
        /// The action.
        action: String,
    },
    /// Nothing that red did fits.
    False,
}

/// What a re-match's entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RematchStep {
    /// Sets the old run's points aside.
    SetAside,
    /// Counts the new run's.
    Counted,
    /// Takes both back.
    Undone,
}

/// Whether the attack of a repair's retest still works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttackState {
    /// The attack still works.
    Works,
    /// The attack fails.
    Fails,
    /// The retest itself could not be run.
    Unknown,
}
