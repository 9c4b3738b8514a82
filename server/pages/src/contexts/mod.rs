//! One struct for each page: plain strings, numbers (times in ms UTC, points as integers) and enums. Templates format them.
//! Texts that come from a scenario are given in the page's language already.

mod admin;
mod board;
mod common;
mod control;
mod entry;
mod exercises;
mod people;
mod records;
mod scenarios;
mod seat;

pub use admin::*;
pub use board::*;
pub use common::*;
pub use control::*;
pub use entry::*;
pub use exercises::*;
pub use people::*;
pub use records::*;
pub use scenarios::*;
pub use seat::*;
