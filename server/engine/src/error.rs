//! What can go wrong between the platform and an engine, told apart by what the caller must do about it.

use crate::Distrust;

/// An engine's refusal or silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The engine answered that this does not exist. Holds what was asked for.
    #[error("not found: {0}")]
    NotFound(String),
    /// The engine answered that something else stands in the way: a name or subnet taken, a removal in progress, a
    /// container in the wrong state. Holds the engine's text.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The engine answered no. Holds its text.
    #[error("the engine refused: {0}")]
    Refused(String),
    /// The engine tried and did not manage it, by its own account (its answers of 500 and above): a lock held by another
    /// program, a process that did not start in time. Asked again it may. Holds its text.
    #[error("the engine did not manage it: {0}")]
    Failed(String),
    /// No answer from the node. Never means that an object is gone.
    #[error("the container engine does not answer{}", since(*.since_ms))]
    NodeUnreachable {
        /// Since when no call has got through, ms UTC, where known.
        since_ms: Option<i64>,
    },
    /// Somebody answers at the node's address, but node and platform do not believe each other. Says nothing about objects
    /// either.
    #[error("no trust between platform and node: {0}")]
    Untrusted(Distrust),
    /// No answer within the call's deadline; what was asked for may have been done all the same. Holds what was asked for.
    #[error("no answer in time: {0}")]
    Timeout(String),
    /// Anything else on the way: an answer that cannot be read, a child process that cannot be started.
    #[error("{0}")]
    Io(String),
}

fn since(since_ms: Option<i64>) -> String {
    since_ms
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|at| format!(" since {at}"))
        .unwrap_or_default()
}

impl EngineError {
    /// True when the node did not answer: nothing may be concluded about the objects on it.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::NodeUnreachable { .. } | Self::Timeout(_) | Self::Untrusted(_))
    }

    /// True when the same call may succeed a moment later, although the node is there. What was asked for may also have
    /// been done already, so that the second call finds it there or gone.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Timeout(_) | Self::Failed(_))
    }
}
