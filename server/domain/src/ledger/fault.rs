//! What can be wrong with a stored ledger.

use scoreboard::Reason;

use super::{ChainError, CheckpointError};

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A signed position.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Entries that were checked or acknowledged are not there any more.
    #[error("the ledger ends at entry {last}, but entry {seq} had been written")]
    Missing {
        /// Entry that had been written.
        seq: u64,
        /// Last one there.
        last: u64,
    },
}

impl LedgerFault {
    /// As a code with values.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let one = |rule: &str, seq: &u64| Reason::new(rule, [("seq", seq.to_string())]);
        let two = |rule: &str, seq: &u64, found: &u64| {
            Reason::new(rule, [("seq", seq.to_string()), ("found", found.to_string())])
        };
        match self {
            Self::Chain(ChainError::Hash { seq }) => one("shut.hash", seq),
            Self::Chain(ChainError::Unreadable { seq, .. }) => one("shut.unreadable", seq),
            Self::Chain(ChainError::Gap { expected, found }) => two("shut.gap", expected, found),
            Self::Checkpoint(CheckpointError::Signature { seq }) => one("shut.signature", seq),
            Self::Checkpoint(CheckpointError::Rewritten { seq }) => one("shut.rewritten", seq),
            Self::Checkpoint(CheckpointError::CutOff { seq, last }) | Self::Missing { seq, last } => {
                two("shut.cut_off", seq, last)
            }
        }
    }
}
