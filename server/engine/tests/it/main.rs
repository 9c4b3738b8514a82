//! One contract for every engine, run on the fake and on Docker, and what only Docker can show.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod bench;
mod contract;
mod docker;
mod images;
mod node;
mod remote;
mod walls;
