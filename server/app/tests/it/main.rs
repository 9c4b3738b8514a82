//! Use cases on a real SQLite file and an engine in memory. Ranges on the real engine are tried in `tests/`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod audit;
mod exercise;
mod faults;
mod fleet;
mod heads;
mod house;
mod ledgers;
mod office;
mod people;
mod records;
mod resets;
mod roads;
mod schedule;
mod subnets;
mod year;
