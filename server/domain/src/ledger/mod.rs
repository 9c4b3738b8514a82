//! The chain: each stored entry carries the hash of the one before it. [`Checkpoint`]s are signed positions of it,
//! [`file`] is a ledger that leaves the house.

mod checkpoint;
mod fault;
pub mod file;

pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKey};
pub use fault::LedgerFault;

use scoreboard::Entry;
use sha2::{Digest, Sha256};

/// Hash that the first entry names as its predecessor.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The entry.
    pub entry: Entry,
    /// Its text as hashed and stored.
    pub text: String,
    /// Hash of the entry before it, 64 hexadecimal digits.
    pub prev: String,
    /// SHA-256 over `prev`, a line feed and `text`, 64 hexadecimal digits.
    pub hash: String,
}

/// A broken chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A text that is no entry.
    #[error("entry {seq}: not readable: {why}")]
    Unreadable {
        /// Position.
        seq: u64,
        /// Why.
        why: String,
    },
    /// A hash that does not fit.
    #[error("entry {seq}: its hash does not fit its text and predecessor")]
    Hash {
        /// Position.
        seq: u64,
    },
    /// A gap.
    #[error("entry {found} stands where entry {expected} is expected")]
    Gap {
        /// Position expected.
        expected: u64,
        /// Position found.
        found: u64,
    },
}

fn hash_of(prev: &str, text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(prev.as_bytes());
    hasher.update(b"\n");
    hasher.update(text.as_bytes());
    hex::encode(hasher.finalize())
}

/// Puts an entry into the chain after the entry with hash `prev`.
///
/// # Errors
/// When the entry cannot be written as JSON, which no entry of this vocabulary does.
pub fn seal(prev: &str, entry: Entry) -> Result<Sealed, serde_json::Error> {
    let text = serde_json::to_string(&entry)?;
    let hash = hash_of(prev, &text);
    Ok(Sealed { entry, text, prev: prev.to_owned(), hash })
}

/// Checks a whole chain, given as (text, prev, hash) in order, and reads its entries.
///
/// # Errors
/// The first place where it breaks.
pub fn verify<'a>(
    rows: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
) -> Result<Vec<Entry>, ChainError> {
    verify_after(0, FIRST, rows)
}

/// Checks the part of a chain that follows entry `after`, whose hash is `last`, and reads its entries.
///
/// # Errors
/// The first place where it breaks.
pub fn verify_after<'a>(
    after: u64,
    last: &str,
    rows: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
) -> Result<Vec<Entry>, ChainError> {
    let mut last = last.to_owned();
    let mut entries = Vec::new();
    for (text, prev, hash) in rows {
        let expected = after + entries.len() as u64 + 1;
        let entry: Entry = serde_json::from_str(text)
            .map_err(|error| ChainError::Unreadable { seq: expected, why: error.to_string() })?;
        if entry.seq != expected {
            return Err(ChainError::Gap { expected, found: entry.seq });
        }
        if prev != last || hash_of(prev, text) != hash {
            return Err(ChainError::Hash { seq: expected });
        }
        hash.clone_into(&mut last);
        entries.push(entry);
    }
    Ok(entries)
}

/// Checks a whole ledger, given as (text, prev, hash) in order, with its signed positions, and reads its entries.
///
/// # Errors
/// The first thing that does not fit.
pub fn check<'a>(
    exercise: &str,
    rows: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
    checkpoints: &[Checkpoint],
) -> Result<Vec<Entry>, LedgerFault> {
    let rows: Vec<_> = rows.into_iter().collect();
    let entries = verify(rows.iter().copied())?;
    let hashes: Vec<&str> = rows.iter().map(|(_, _, hash)| *hash).collect();
    for checkpoint in checkpoints {
        checkpoint.fits(exercise, &hashes)?;
    }
    Ok(entries)
}
