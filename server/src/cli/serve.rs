//! `rampart serve`.

use rampart::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, logs, say};

/// Runs the server until it is asked to stop.
pub(super) async fn run(config: Config) -> Outcome {
    logs("info,sqlx=warn,tower_http=warn");
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = rampart::serve(config).await?;
    say(format_args!("Rampart {} listens on http://{}", env!("CARGO_PKG_VERSION"), running.addr));
    if let Some((login, password)) = &running.first {
        say("First administrator; the password works once and has to be changed:");
        say(format_args!("  log-in:   {login}"));
        say(format_args!("  password: {password}"));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}
