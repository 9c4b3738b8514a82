//! `rampart`: the server and its tools.

mod cli;

use std::process::ExitCode;

/// Gives back what ten thousand streams held when they have gone; the system's own allocator keeps it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
