//! The store's contract, on SQLite always and on PostgreSQL when `RAMPART_TEST_POSTGRES` names a server.
#![expect(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod answers;
mod bed;
mod counts;
mod courses;
mod events;
mod exercises;
mod kill;
mod ledger;
mod merges;
mod opening;
mod people;
mod placements;
mod programme;
mod recordings;
mod register;
mod schema;
mod seats;
mod subnets;
mod together;
mod tokens;
