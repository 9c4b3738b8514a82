//! The words and rules of Rampart: scenarios, plans, secrets, decisions, attendance. Pure: no clock, no I/O, no runtime;
//! whoever calls brings the time and the files.

pub mod capacity;
pub mod decide;
pub mod ledger;
pub mod plan;
pub mod records;
pub mod scenario;
pub mod secret;
pub mod signs;
pub mod token;
pub mod truth;

pub use scoreboard;
