//! Rampart, the program: configuration, start and stop, the web. What it does is in the crates below; here it is put
//! together, and only here it meets HTTP and the command line.

pub mod api;
pub mod config;
pub mod metrics;
pub mod nodes;
mod secret_file;
mod start;
pub mod web;

pub use config::Config;
pub use secret_file::SecretError;
pub use start::{Running, StartError, ledger_key, open_app, open_store, serve, serve_with};
pub use web::{RouteInfo, Who, routes};
