//! The ledger's vocabulary and its folds: what happened in an exercise, and what the score is because of it.
//!
//! Pure: no clock, no I/O, no randomness. The same entries always give the same [`Fold`], and every figure that a
//! page shows comes out of one. This crate knows nobody above it; entries name teams, seats and people by id only.

mod component;
mod desk;
mod entry;
mod fold;
mod history;
mod outage;
mod states;
mod told;
mod view;

pub use component::Component;
pub use desk::{Desk, Marking, Penalised, Rematched, ReportScore, VoidWindow};
pub use entry::{Actor, Answer, Body, Entry, Proof, Reason, Side, Status, Witness};
pub use fold::{
    ActionSeen, Capture, Clock, Contested, FeedItem, FiledReport, Fold, Header, HostReset, Point,
    RepairState, Ruling, Team,
};
pub use history::{History, Moment};
pub use outage::Outage;
pub use states::{AttackState, HealthState, RematchStep, Verdict};
pub use told::Told;
pub use view::{Audience, BoardDelta, BoardView, ClockView, Rank, SideView, TeamRow, TickerItem};
