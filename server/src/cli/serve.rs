//! `rampart serve`.

use rampart::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Outcome, logs, say};

/// Why it ended by itself.
const GONE: &str =
    "another rampart has taken the database while this one's lock on it was lost; exercises go on there";

/// Priority of the server among the processes of its machine (nice). Answers and streams need little of a processor, but at
/// once; the engine on the same machine, which starts hundreds of processes for a launch, loses nothing by it that can be
/// measured (`tests/it/performance/busy.rs`).
const PRIORITY: i32 = -5;

/// Puts the server before what else runs on the machine. Whoever started it at a priority of his own keeps that, and where
/// it is not allowed it runs like everything else. Before the first thread is made: each has what its maker has.
pub(super) fn go_first() {
    if rustix::process::getpriority_process(None) == Ok(0) {
        let _ = rustix::process::setpriority_process(None, PRIORITY);
    }
}

/// Runs the server until it is asked to stop.
pub(super) async fn run(config: Config) -> Outcome {
    logs("info,sqlx=warn,tower_http=warn");
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    if let Ok(priority) = rustix::process::getpriority_process(None) {
        tracing::info!(priority, "of this server among the processes of the machine");
    }
    let running = rampart::serve(config).await?;
    say(format_args!("Rampart {} listens on http://{}", env!("CARGO_PKG_VERSION"), running.addr));
    if let Some((login, password)) = &running.first {
        say("First administrator; the password works once and has to be changed:");
        say(format_args!("  log-in:   {login}"));
        say(format_args!("  password: {password}"));
    }
    let gone = tokio::select! {
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
        () = running.app.store.gone() => true,
    };
    tracing::info!("stopping");
    running.stop().await;
    if gone {
        return Err(Failure::Error(GONE.to_owned()));
    }
    Ok(())
}
