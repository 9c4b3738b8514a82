//! One struct for each page: plain strings, numbers (times in ms UTC, points as integers) and enums. Templates format them.
//! Texts that come from a scenario are given in the page's language already.

mod admin;
mod api;
mod attendance;
mod board;
mod common;
mod control;
mod control_samples;
mod desk;
mod entry;
mod exercises;
mod hosts;
mod judge;
mod people;
mod records;
mod register;
mod rulings;
mod scenarios;
mod schedule;
mod seat;
mod seat_blue;
mod terminals;
mod tokens;
mod webhooks;

pub use admin::*;
pub use api::*;
pub use attendance::*;
pub use board::*;
pub use common::*;
pub use control::*;
pub use desk::*;
pub use entry::*;
pub use exercises::*;
pub use hosts::*;
pub use judge::*;
pub use people::*;
pub use records::*;
pub use register::*;
pub use rulings::*;
pub use scenarios::*;
pub use schedule::*;
pub use seat::*;
pub use seat_blue::*;
pub use terminals::*;
pub use tokens::*;
pub use webhooks::*;
