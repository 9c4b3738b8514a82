//! `rampart roster import`: rosters taken into the register, of the server that `--server` names, else of this installation's
//! store. `rampart register import` is its older name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use rampart_app::clock::{Clock, SystemClock, new_id};
use rampart_app::records::roster::{BYTES_MAX, Fault, How};
use rampart_app::records::sheet::Encoding;
use rampart_app::roster_import::{self, RowEffect};
use rampart_store::{AuditLine, Store};

use super::{Failure, Outcome, Settings, logs, say, warn};

/// What to do with the register.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look at a roster (CSV, XLSX, ODS), or take it into the register of the server, or without --server into this
    /// installation's store; its server may be running. Exit code 2 and every fault by row, column and value when it is not in
    /// order: nothing is written then.
    Import(Box<Import>),
}

/// A roster, and what to do with it.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("act").required(true))]
pub(super) struct Import {
    /// File to read.
    pub(super) file: PathBuf,
    /// Only say what it would do.
    #[arg(long, group = "act")]
    pub(super) dry_run: bool,
    /// Write it, all or nothing.
    #[arg(long, group = "act")]
    pub(super) apply: bool,
    /// Sheet of a workbook, from 1.
    #[arg(long)]
    pub(super) sheet: Option<usize>,
    /// The file is Big5 (CP950), as a dry run showed it.
    #[arg(long)]
    pub(super) big5: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs it.
pub(super) async fn run(command: Command) -> Outcome {
    logs("warn");
    let Command::Import(import) = command;
    let Import { file, dry_run, apply, sheet, big5, settings } = *import;
    let how = How {
        sheet: sheet.map(|sheet| sheet.saturating_sub(1)),
        encoding: big5.then_some(Encoding::Big5),
        columns: None,
    };
    let store = rampart::open_store(&settings.config()).await?;
    let outcome = take_in(&store, &file, apply && !dry_run, &how).await;
    store.close().await;
    outcome
}

fn refused(faults: &[Fault]) -> Failure {
    for fault in faults {
        warn(fault);
    }
    warn(format_args!("{} faults; nothing was written", faults.len()));
    Failure::Refused
}

async fn take_in(store: &Store, file: &Path, apply: bool, how: &How) -> Outcome {
    let unreadable = |error| Failure::Error(format!("{}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > BYTES_MAX as u64 {
        warn(format_args!("{} has {size} bytes; at most {BYTES_MAX}", file.display()));
        return Err(Failure::Refused);
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let nobody = BTreeSet::new();
    let check = roster_import::check(store, &bytes, how, &nobody).await?;
    for note in &check.seen.notes {
        say(note);
    }
    for row in &check.seen.as_big5 {
        say(format!("as Big5: {}", row.join(", ")));
    }
    let rows = match check.rows {
        Ok(rows) => rows,
        Err(faults) => return Err(refused(&faults)),
    };
    for one in rows.iter().filter(|one| one.proposed) {
        let id = one.person.as_ref().map_or("", |person| person.id.as_str());
        say(format!("row {}: {} taken for person {id} by name and agency", one.row.row, one.row.name));
    }
    if !apply {
        let number = |effect| rows.iter().filter(|one| one.effect == effect).count();
        say(format!(
            "would add {}, change {}, leave {}; nothing was written",
            number(RowEffect::Added),
            number(RowEffect::Changed),
            number(RowEffect::Same)
        ));
        return Ok(());
    }
    let line = AuditLine {
        id: new_id(),
        at_ms: SystemClock.now_ms(),
        account_id: None,
        what: "roster.import".to_owned(),
        detail: "command line".to_owned(),
    };
    match roster_import::write(store, &bytes, how, &nobody, line).await? {
        Ok(done) => {
            say(format!("added {}, changed {}, left {}", done.added, done.changed, done.unchanged));
            if done.withheld > 0 {
                say(format!(
                    "left out the gender of {}, who withdrew what they had stated of themselves",
                    done.withheld
                ));
            }
            Ok(())
        }
        Err(faults) => Err(refused(&faults)),
    }
}
