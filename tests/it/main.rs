//! Tests of the whole house. `tests/run` builds what they need and calls them; each folder is one kind:
//!
//! - `style`: the shape of the repository, read from its own files;
//! - `functional`: the real server, real containers and a real browser;
//! - `security`: each barrier between the zones of trust, tried from the hostile side;
//! - `performance`: figures, reported and never asserted.
//!
//! All load goes to 127.0.0.1, and every test has its own server, data folder, block of subnets and browser profiles, so
//! they run beside each other and beside a Rampart that is in use.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "what a test says is its report")]

mod functional;
mod harness;
mod performance;
mod security;
mod style;
