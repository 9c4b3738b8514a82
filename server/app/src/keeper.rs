//! The watch over the ledgers. Every minute it checks what was added to each ledger as the database has it now, compares it
//! with what people were told, and signs its position; and one ledger after the other is checked again from its first entry,
//! so that a change of something old is found too. What it finds is an alarm for the administrator and goes into the log.

use std::collections::HashMap;
use std::sync::{PoisonError, Weak};
use std::time::Duration;

use rampart_domain::ledger::{self, ChainError, CheckpointError};
use rampart_store::StoreError;
use scoreboard::{Reason, Status};
use tokio_util::sync::CancellationToken;

use crate::exercise::Exercise;
use crate::{App, AppError};

/// How often.
const EVERY: Duration = Duration::from_secs(60);
/// Entries read at once.
const PART: u32 = 2000;
/// Entries after which a position is signed, and the longest that new ones go unsigned, ms.
const SIGN_ENTRIES: u64 = 500;
const SIGN_EVERY_MS: i64 = 600_000;

/// A ledger that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerAlarm {
    /// Exercise.
    pub exercise: String,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// When it was found, ms UTC.
    pub at_ms: i64,
    /// Why, in the words of the check.
    pub why: String,
    /// The same as a code with values, see [`crate::Shut::reason`].
    pub reason: Reason,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A signed position.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Entries that were checked or acknowledged are not there any more.
    #[error("the ledger ends at entry {last}, but entry {seq} had been written")]
    Missing {
        /// Entry that had been written.
        seq: u64,
        /// Last one there.
        last: u64,
    },
}

impl LedgerFault {
    /// As a code with values.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let one = |rule: &str, seq: &u64| Reason::new(rule, [("seq", seq.to_string())]);
        let two = |rule: &str, seq: &u64, found: &u64| {
            Reason::new(rule, [("seq", seq.to_string()), ("found", found.to_string())])
        };
        match self {
            Self::Chain(ChainError::Hash { seq }) => one("shut.hash", seq),
            Self::Chain(ChainError::Unreadable { seq, .. }) => one("shut.unreadable", seq),
            Self::Chain(ChainError::Gap { expected, found }) => two("shut.gap", expected, found),
            Self::Checkpoint(CheckpointError::Signature { seq }) => one("shut.signature", seq),
            Self::Checkpoint(CheckpointError::Rewritten { seq }) => one("shut.rewritten", seq),
            Self::Checkpoint(CheckpointError::CutOff { seq, last }) | Self::Missing { seq, last } => {
                two("shut.cut_off", seq, last)
            }
        }
    }
}

/// How far a ledger has been checked and signed.
#[derive(Debug, Clone)]
struct Checked {
    seq: u64,
    hash: String,
    signed: u64,
    signed_ms: i64,
}

impl Checked {
    fn nothing() -> Self {
        Self { seq: 0, hash: ledger::FIRST.to_owned(), signed: 0, signed_ms: 0 }
    }
}

/// What stopped a check.
enum Stop {
    Fault(LedgerFault),
    Store(StoreError),
}

impl<E: Into<LedgerFault>> From<E> for Stop {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

/// The watch's memory.
#[derive(Default)]
pub(crate) struct Keeper {
    known: HashMap<String, Checked>,
    /// Exercise that is checked from its first entry next.
    turn: usize,
}

/// Watches until the server stops, and signs what is unsigned then.
pub(crate) async fn keep(app: Weak<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(app) = app.upgrade() else { return };
        app.check_ledgers().await;
        if stop.is_cancelled() {
            return;
        }
    }
}

impl App {
    /// One round of the watch over the ledgers; gives the alarms there are now. The server calls it every minute.
    pub async fn check_ledgers(&self) -> Vec<LedgerAlarm> {
        let mut keeper = self.keeper.lock().await;
        let mut all = self.exercises();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        let whole = keeper.turn.checked_rem(all.len());
        keeper.turn = keeper.turn.wrapping_add(1);
        for (place, exercise) in all.iter().enumerate() {
            let known = if whole == Some(place) { None } else { keeper.known.remove(&exercise.id) };
            let from_start = known.is_none();
            match self.check_one(exercise, known.unwrap_or_else(Checked::nothing), from_start).await {
                Ok(checked) => {
                    self.settle_alarm(&exercise.id, from_start);
                    keeper.known.insert(exercise.id.clone(), checked);
                }
                Err(Stop::Fault(fault)) => self.raise_alarm(exercise, &fault).await,
                Err(Stop::Store(error)) => {
                    tracing::warn!(exercise = exercise.id, %error, "a ledger could not be checked");
                }
            }
        }
        self.ledger_alarms()
    }

    /// Ledgers that are not what was written, found while the server ran. Those found at its start are in [`App::shut`].
    pub fn ledger_alarms(&self) -> Vec<LedgerAlarm> {
        self.ledger_alarms.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn check_one(&self, exercise: &Exercise, mut at: Checked, whole: bool) -> Result<Checked, Stop> {
        let (told, status) = {
            let fold = exercise.fold();
            (fold.seq, fold.status)
        };
        let mut hashes = Vec::new();
        loop {
            // The last entry that was checked comes along: it must still stand where it stood.
            let after = at.seq.saturating_sub(1);
            let rows = self.store.ledger().raw_after(&exercise.id, after, PART).await.map_err(Stop::Store)?;
            let (known, new) = rows.split_at(usize::from(at.seq > 0).min(rows.len()));
            if at.seq > 0 {
                match known.first() {
                    None => {
                        let head = self.store.ledger().head(&exercise.id).await.map_err(Stop::Store)?;
                        return Err(LedgerFault::Missing {
                            seq: at.seq,
                            last: head.map_or(0, |(seq, _)| seq),
                        }
                        .into());
                    }
                    Some(row) if row.hash != at.hash => return Err(ChainError::Hash { seq: at.seq }.into()),
                    Some(_) => {}
                }
            }
            ledger::verify_after(
                at.seq,
                &at.hash,
                new.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str())),
            )?;
            if whole {
                hashes.extend(new.iter().map(|row| row.hash.clone()));
            }
            let Some(last) = new.last() else { break };
            at.seq = last.seq;
            at.hash.clone_from(&last.hash);
        }
        if at.seq < told {
            return Err(LedgerFault::Missing { seq: told, last: at.seq }.into());
        }
        if whole {
            let signed = self.store.ledger().checkpoints(&exercise.id).await.map_err(Stop::Store)?;
            for checkpoint in &signed {
                checkpoint.fits(&exercise.id, &hashes)?;
            }
            if let Some(last) = signed.iter().rfind(|one| one.key == self.config.ledger_key.public()) {
                (at.signed, at.signed_ms) = (last.seq, last.at_ms);
            }
        }
        let now = self.now_ms();
        let resting = matches!(status, Status::Paused | Status::Ended | Status::Cleared);
        let due = at.seq - at.signed.min(at.seq) >= SIGN_ENTRIES
            || now - at.signed_ms >= SIGN_EVERY_MS
            || resting
            || self.stopping().is_cancelled();
        if at.seq > at.signed && due {
            let checkpoint = self.config.ledger_key.sign(&exercise.id, at.seq, &at.hash, now);
            self.store.ledger().checkpoint(&exercise.id, &checkpoint).await.map_err(Stop::Store)?;
            (at.signed, at.signed_ms) = (at.seq, now);
        }
        Ok(at)
    }

    async fn raise_alarm(&self, exercise: &Exercise, fault: &LedgerFault) {
        let row = self.store.exercises().by_id(&exercise.id).await.ok().flatten();
        let (code, title) = row.map(|row| (row.code, row.title)).unwrap_or_default();
        let alarm = LedgerAlarm {
            exercise: exercise.id.clone(),
            code,
            title,
            at_ms: self.now_ms(),
            why: fault.to_string(),
            reason: fault.reason(),
        };
        let mut alarms = self.ledger_alarms.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = alarms.iter_mut().find(|known| known.exercise == exercise.id) {
            if known.reason != alarm.reason {
                *known = alarm;
            }
            return;
        }
        tracing::error!(
            exercise = exercise.id,
            code = alarm.code,
            why = alarm.why,
            "A LEDGER IS NOT WHAT WAS WRITTEN"
        );
        alarms.push(alarm);
    }

    /// A ledger that was put right is believed again only after a check from its first entry.
    fn settle_alarm(&self, exercise: &str, whole: bool) {
        if whole {
            let mut alarms = self.ledger_alarms.write().unwrap_or_else(PoisonError::into_inner);
            alarms.retain(|alarm| alarm.exercise != exercise);
        }
    }

    /// The signed positions of a ledger that is being taken up must fit its entries.
    pub(crate) async fn check_signed(&self, id: &str, hashes: &[&str]) -> Result<(), AppError> {
        for checkpoint in self.store.ledger().checkpoints(id).await? {
            checkpoint
                .fits(id, hashes)
                .map_err(|error| AppError::Ledger { exercise: id.to_owned(), fault: error.into() })?;
        }
        Ok(())
    }
}
