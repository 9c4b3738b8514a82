//! Scenarios and plans as the rest of the house sees them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod plans;
