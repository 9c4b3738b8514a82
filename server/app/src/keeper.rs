//! The watch over the ledgers. Every minute it checks what was added to each ledger as the database has it now, compares it
//! with what people were told, and signs its position; and one ledger after the other is checked again from its first entry,
//! so that a change of something old is found too. What it finds is an alarm for the administrator and goes into the log.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rampart_domain::ledger::{self, ChainError, Checkpoint, CheckpointKey, LedgerFault};
use rampart_store::StoreError;
use scoreboard::{Entry, Reason, Status};
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

    /// The last of these that the key has signed.
    fn signed_by(mut self, key: &CheckpointKey, checkpoints: &[Checkpoint]) -> Self {
        let public = key.public();
        if let Some(last) = checkpoints.iter().rfind(|one| one.key == public) {
            (self.signed, self.signed_ms) = (last.seq, last.at_ms);
        }
        self
    }
}

/// What is known of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerState {
    /// Whole up to this entry.
    Whole(u64),
    /// Not what was written; the check found it at this entry.
    Broken(u64),
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
    /// Ledgers that were found whole, by exercise.
    known: HashMap<String, Checked>,
    alarms: Vec<LedgerAlarm>,
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
        let mut all = self.exercises();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        let whole = {
            let mut keeper = self.keeper();
            keeper.turn = keeper.turn.wrapping_add(1);
            keeper.turn.checked_rem(all.len())
        };
        for (place, exercise) in all.iter().enumerate() {
            let known = self.keeper().known.get(&exercise.id).filter(|_| whole != Some(place)).cloned();
            let from_start = known.is_none();
            match self.check_one(exercise, known.unwrap_or_else(Checked::nothing), from_start).await {
                Ok(checked) => {
                    self.settle_alarm(&exercise.id, from_start);
                    self.keeper().known.insert(exercise.id.clone(), checked);
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
        self.keeper().alarms.clone()
    }

    /// Held for moments only, never across an await.
    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last check of a ledger found; it lies a minute back at most.
    pub fn ledger_state(&self, exercise: &str) -> LedgerState {
        let keeper = self.keeper();
        match keeper.alarms.iter().find(|alarm| alarm.exercise == exercise) {
            None => LedgerState::Whole(keeper.known.get(exercise).map_or(0, |checked| checked.seq)),
            Some(alarm) => {
                let seq = alarm.reason.args.get("seq").and_then(|seq| seq.parse().ok());
                LedgerState::Broken(seq.unwrap_or(0))
            }
        }
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
            at = at.signed_by(&self.config.ledger_key, &signed);
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
        let mut keeper = self.keeper();
        // The next check begins at the first entry.
        keeper.known.remove(&exercise.id);
        if let Some(known) = keeper.alarms.iter_mut().find(|known| known.exercise == exercise.id) {
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
        keeper.alarms.push(alarm);
    }

    /// A ledger that was put right is believed again only after a check from its first entry.
    fn settle_alarm(&self, exercise: &str, whole: bool) {
        if whole {
            self.keeper().alarms.retain(|alarm| alarm.exercise != exercise);
        }
    }

    /// Reads a ledger that is being taken up and checks all of it, so that the watch goes on from there.
    pub(crate) async fn read_ledger(&self, id: &str) -> Result<(Vec<Entry>, String), AppError> {
        let rows = self.store.ledger().raw(id).await?;
        let signed = self.store.ledger().checkpoints(id).await?;
        let lines = rows.iter().map(|row| (row.text.as_str(), row.prev.as_str(), row.hash.as_str()));
        let entries = ledger::check(id, lines, &signed)
            .map_err(|fault| AppError::Ledger { exercise: id.to_owned(), fault })?;
        let mut checked = Checked::nothing().signed_by(&self.config.ledger_key, &signed);
        if let Some(last) = rows.last() {
            (checked.seq, checked.hash) = (last.seq, last.hash.clone());
        }
        let hash = checked.hash.clone();
        self.keeper().known.insert(id.to_owned(), checked);
        Ok((entries, hash))
    }
}
