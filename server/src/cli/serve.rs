//! `rampart serve`.

use rampart::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Outcome, logs, say};

/// Why it ended by itself.
const GONE: &str =
    "another rampart has taken the database while this one's lock on it was lost; exercises go on there";

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
