//! `rampart ledger`.

use clap::Subcommand;
use rampart_domain::ledger::verify;

use super::{Failure, Outcome, Settings, logs, say, warn};

/// What to do with a ledger.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the stored ledger of an exercise and check its chain of hashes.
    Verify {
        /// Exercise: its id, or its session code such as S115-01.
        exercise: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs it.
pub(super) async fn run(command: Command) -> Outcome {
    logs("warn");
    let Command::Verify { exercise, settings } = command;
    let store = rampart::open_store(&settings.config()).await?;
    let known = match store.exercises().by_id(&exercise).await? {
        Some(known) => Some(known),
        None => store.exercises().by_code(&exercise).await?,
    };
    let Some(known) = known else {
        warn(format_args!("rampart: there is no exercise {exercise}"));
        return Err(Failure::Refused);
    };
    let rows = store.ledger().raw(&known.id).await?;
    let verified = verify(rows.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str())));
    store.close().await;
    match verified {
        Ok(entries) => {
            let last = rows.last().map(|row| row.hash.as_str()).unwrap_or_default();
            say(format_args!(
                "{}: {} entries, the chain is whole; last hash {last}",
                known.code,
                entries.len()
            ));
            Ok(())
        }
        Err(error) => {
            warn(format_args!("rampart: {}: {error}", known.code));
            Err(Failure::Refused)
        }
    }
}
