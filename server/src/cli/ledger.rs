//! `rampart ledger`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use rampart_app::clock::random_bytes;
use rampart_domain::ledger::file::{Head, LedgerFile, Line};
use rampart_domain::ledger::{self, Checkpoint, Sealed};
use rampart_domain::secret::RunSecret;
use rampart_store::{Exercise, NewExercise, RawEntry, Role, Store, StoreError};
use scoreboard::{Entry, Fold, Status};

use super::{Failure, Outcome, Settings, logs, say, warn};

/// What to do with a ledger.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the stored ledger of an exercise and check its chain of hashes and its signed positions.
    Verify {
        /// Exercise: its id, or its session code such as S115-01.
        exercise: String,
        /// Public key that the positions must be signed with; that of the data folder if not given.
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Write the ledger of an exercise, its scenario and its signed positions into one file.
    Export {
        /// Exercise: its id, or its session code such as S115-01.
        exercise: String,
        /// File to write; it must not be there yet.
        #[arg(short, long)]
        output: PathBuf,
        /// With the secret of the run, from which all its flags and passwords follow.
        #[arg(long)]
        secret: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Check a file of `export` and take its exercise into the store. The server must not be running.
    Import {
        /// File to read.
        file: PathBuf,
        /// Only check the file.
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs it.
pub(super) async fn run(command: Command) -> Outcome {
    logs("warn");
    match command {
        Command::Verify { exercise, key, settings } => {
            let config = settings.config();
            let store = rampart::open_store(&config).await?;
            let key = match key {
                Some(key) => key.to_lowercase(),
                None => rampart::ledger_key(&config)?.public(),
            };
            let outcome = check(&store, &exercise, &key).await;
            store.close().await;
            outcome
        }
        Command::Export { exercise, output, secret, settings } => {
            let store = rampart::open_store(&settings.config()).await?;
            let outcome = export(&store, &exercise, &output, secret).await;
            store.close().await;
            outcome
        }
        Command::Import { file, check, settings } => import(&file, check, settings).await,
    }
}

fn refuse(why: impl std::fmt::Display) -> Failure {
    warn(format_args!("rampart: {why}"));
    Failure::Refused
}

async fn find(store: &Store, exercise: &str) -> Result<Exercise, Failure> {
    let known = match store.exercises().by_id(exercise).await? {
        Some(known) => Some(known),
        None => store.exercises().by_code(exercise).await?,
    };
    known.ok_or_else(|| refuse(format_args!("there is no exercise {exercise}")))
}

/// Entries of a ledger whose chain is whole and whose signed positions fit.
async fn whole(
    store: &Store,
    known: &Exercise,
) -> Result<(Vec<RawEntry>, Vec<Entry>, Vec<Checkpoint>), Failure> {
    let rows = store.ledger().raw(&known.id).await?;
    let checkpoints = store.ledger().checkpoints(&known.id).await?;
    let lines = rows.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str()));
    let entries = ledger::check(&known.id, lines, &checkpoints)
        .map_err(|fault| refuse(format_args!("{}: {fault}", known.code)))?;
    Ok((rows, entries, checkpoints))
}

async fn check(store: &Store, exercise: &str, key: &str) -> Outcome {
    let known = find(store, exercise).await?;
    let (rows, entries, checkpoints) = whole(store, &known).await?;
    let last = rows.last().map(|row| row.hash.as_str()).unwrap_or_default();
    say(format_args!("{}: {} entries, the chain is whole; last hash {last}", known.code, entries.len()));
    match checkpoints.iter().rfind(|one| one.key == key) {
        Some(newest) => say(format_args!(
            "{}: signed up to entry {} by key {key}; {} signed positions fit",
            known.code,
            newest.seq,
            checkpoints.len()
        )),
        None => say(format_args!("{}: no position is signed by key {key}", known.code)),
    }
    let foreign = checkpoints.iter().filter(|one| one.key != key).count();
    if foreign > 0 {
        say(format_args!("{}: {foreign} positions are signed by other keys", known.code));
    }
    Ok(())
}

async fn export(store: &Store, exercise: &str, output: &Path, with_secret: bool) -> Outcome {
    let known = find(store, exercise).await?;
    let full = store
        .exercises()
        .get(&known.id)
        .await?
        .ok_or_else(|| refuse(format_args!("there is no exercise {exercise}")))?;
    let (rows, entries, checkpoints) = whole(store, &known).await?;
    let head = Head {
        id: known.id,
        code: known.code.clone(),
        title: known.title,
        scenario_id: known.scenario_id,
        scenario_version: known.scenario_version,
        pairs: known.pairs,
        place: known.place,
        starts_ms: known.starts_ms,
        ends_ms: known.ends_ms,
        created_ms: known.created_ms,
        bundle: full.bundle,
        secret: with_secret.then(|| hex::encode(full.secret.bytes())),
    };
    let lines = rows
        .into_iter()
        .map(|row| Line { seq: row.seq, prev: row.prev, hash: row.hash, text: row.text })
        .collect();
    let bytes = LedgerFile { head, lines, checkpoints }.write()?;
    let place = |error: std::io::Error| Failure::Error(format!("{}: {error}", output.display()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(output).map_err(place)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(place)?;
    say(format_args!(
        "{}: {} entries, {} bytes in {}",
        known.code,
        entries.len(),
        bytes.len(),
        output.display()
    ));
    Ok(())
}

async fn import(path: &Path, check: bool, settings: Settings) -> Outcome {
    let bytes =
        std::fs::read(path).map_err(|error| Failure::Error(format!("{}: {error}", path.display())))?;
    let file =
        LedgerFile::read(&bytes).map_err(|error| refuse(format_args!("{}: {error}", path.display())))?;
    let mut prev = rampart_domain::ledger::FIRST.to_owned();
    let mut sealed = Vec::with_capacity(file.lines.len());
    for line in file.lines {
        let entry: Entry = serde_json::from_str(&line.text)?;
        sealed.push(Sealed { entry, text: line.text, prev, hash: line.hash.clone() });
        prev = line.hash;
    }
    let fold = Fold::of(sealed.iter().map(|sealed| &sealed.entry));
    let code = file.head.code.clone();
    if check {
        say(format_args!("{code}: {} entries, the file is whole", sealed.len()));
        return Ok(());
    }
    // A range does not come along: an exercise that is going on has nothing to go on with.
    if !matches!(fold.status, Status::Draft | Status::Ended | Status::Cleared) {
        return Err(refuse(format_args!(
            "{code} was {} when it was exported; end and clear it where it runs, then export again",
            fold.status.as_str()
        )));
    }
    let (app, _lock) = rampart::open_app(&settings.config(), vec![]).await?;
    let outcome = restore(&app.store, &file.head, &sealed, &file.checkpoints).await;
    app.stop().await;
    outcome
}

async fn restore(store: &Store, head: &Head, sealed: &[Sealed], checkpoints: &[Checkpoint]) -> Outcome {
    let maker = store
        .accounts()
        .list()
        .await?
        .into_iter()
        .find(|account| account.role == Role::Administrator)
        .ok_or_else(|| refuse("there is no administrator yet: start the server once"))?;
    let secret = match &head.secret {
        Some(text) => hex::decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| refuse("the secret in the file is not 64 hexadecimal digits"))?,
        None => random_bytes(),
    };
    let new = NewExercise {
        id: head.id.clone(),
        code: head.code.clone(),
        title: head.title.clone(),
        scenario_id: head.scenario_id.clone(),
        scenario_version: head.scenario_version,
        bundle: head.bundle.clone(),
        pairs: head.pairs,
        secret: RunSecret::new(secret),
        place: head.place.clone(),
        starts_ms: head.starts_ms,
        ends_ms: head.ends_ms,
        created_by: maker.id,
        created_ms: head.created_ms,
    };
    match store.exercises().restore(&new, sealed, checkpoints).await {
        Ok(()) => {
            say(format_args!("{}: {} entries taken in", head.code, sealed.len()));
            if head.secret.is_none() {
                say("the file has no secret of the run: its flags and passwords cannot be computed here");
            }
            Ok(())
        }
        Err(StoreError::Duplicate { .. }) => {
            Err(refuse(format_args!("an exercise with the id or the code of {} is there already", head.code)))
        }
        Err(error) => Err(error.into()),
    }
}
