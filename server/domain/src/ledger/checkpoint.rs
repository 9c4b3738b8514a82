//! Signed checkpoints. A chain of hashes shows that nothing was changed in the middle; who can write the whole table could
//! still compute it anew from some entry on, or cut its end off. A checkpoint is the installation's signature under a
//! position and its hash; the key lies in a file of its own, apart from the database.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// The key that signs checkpoints (Ed25519).
#[derive(Clone)]
pub struct CheckpointKey(SigningKey);

impl std::fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CheckpointKey({})", self.public())
    }
}

impl CheckpointKey {
    /// The key of 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// Its public half, 64 hexadecimal digits. Whoever has it can check what was signed.
    #[must_use]
    pub fn public(&self) -> String {
        hex::encode(self.0.verifying_key().as_bytes())
    }

    /// Signs that entry `seq` of an exercise has this hash, at `at_ms` (ms UTC).
    #[must_use]
    pub fn sign(&self, exercise: &str, seq: u64, hash: &str, at_ms: i64) -> Checkpoint {
        let signature = hex::encode(self.0.sign(text(exercise, seq, hash, at_ms).as_bytes()).to_bytes());
        Checkpoint { seq, hash: hash.to_owned(), at_ms, key: self.public(), signature }
    }

    /// Signs another text, 128 hexadecimal digits. It has to begin with what it is, so that it cannot be taken for a checkpoint.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        hex::encode(self.0.sign(text.as_bytes()).to_bytes())
    }

    /// Whether the signature is this public key's under this text.
    pub(crate) fn text_signed(key: &str, text: &str, signature: &str) -> bool {
        let fits = || {
            let key: [u8; 32] = hex::decode(key).ok()?.try_into().ok()?;
            let signature: [u8; 64] = hex::decode(signature).ok()?.try_into().ok()?;
            let key = VerifyingKey::from_bytes(&key).ok()?;
            key.verify_strict(text.as_bytes(), &Signature::from_bytes(&signature)).ok()
        };
        fits().is_some()
    }
}

/// A signed position of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Position of the entry.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// When it was signed, ms UTC.
    pub at_ms: i64,
    /// Public key that it was signed with, 64 hexadecimal digits.
    pub key: String,
    /// Signature, 128 hexadecimal digits.
    pub signature: String,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The signature does not belong to it.
    #[error("the signature of checkpoint {seq} does not fit")]
    Signature {
        /// Position.
        seq: u64,
    },
    /// The ledger ends before it.
    #[error("the ledger ends at entry {last}, but entry {seq} was signed: its end was cut off")]
    CutOff {
        /// Position signed.
        seq: u64,
        /// Position of the last entry.
        last: u64,
    },
    /// Another entry stands there.
    #[error("entry {seq} is not the one that was signed: the ledger was written anew")]
    Rewritten {
        /// Position.
        seq: u64,
    },
}

fn text(exercise: &str, seq: u64, hash: &str, at_ms: i64) -> String {
    format!("rampart ledger checkpoint v1\n{exercise}\n{seq}\n{hash}\n{at_ms}\n")
}

impl Checkpoint {
    /// Checks the signature with the public key that the checkpoint names. Whether that key is to be believed is the
    /// caller's to know.
    ///
    /// # Errors
    /// [`CheckpointError::Signature`].
    pub fn signed(&self, exercise: &str) -> Result<(), CheckpointError> {
        let said = text(exercise, self.seq, &self.hash, self.at_ms);
        let fits = CheckpointKey::text_signed(&self.key, &said, &self.signature);
        fits.then_some(()).ok_or(CheckpointError::Signature { seq: self.seq })
    }

    /// Checks signature and place in a ledger whose entries have these hashes, in order from entry 1.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn fits<S: AsRef<str>>(&self, exercise: &str, hashes: &[S]) -> Result<(), CheckpointError> {
        self.signed(exercise)?;
        let place = self.seq.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        match place.and_then(|at| hashes.get(at)) {
            None => Err(CheckpointError::CutOff { seq: self.seq, last: hashes.len() as u64 }),
            Some(hash) if hash.as_ref() == self.hash => Ok(()),
            Some(_) => Err(CheckpointError::Rewritten { seq: self.seq }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_holds_its_exercise_its_place_and_its_hash() {
        let key = CheckpointKey::new(&[7; 32]);
        let hashes = ["aa", "bb", "cc"];
        let good = key.sign("e1", 2, "bb", 1_000);
        assert_eq!(good.fits("e1", &hashes), Ok(()));
        assert_eq!(good.fits("e2", &hashes), Err(CheckpointError::Signature { seq: 2 }));
        assert_eq!(good.fits("e1", &hashes[..1]), Err(CheckpointError::CutOff { seq: 2, last: 1 }));
        assert_eq!(good.fits("e1", &["aa", "xx"]), Err(CheckpointError::Rewritten { seq: 2 }));
        for forged in [
            Checkpoint { seq: 3, hash: "cc".into(), ..good.clone() },
            Checkpoint { at_ms: 1_001, ..good.clone() },
            Checkpoint { key: CheckpointKey::new(&[8; 32]).public(), ..good.clone() },
            Checkpoint { signature: String::new(), ..good.clone() },
            Checkpoint { key: "zz".into(), ..good },
        ] {
            assert!(
                matches!(forged.fits("e1", &hashes), Err(CheckpointError::Signature { .. })),
                "{forged:?}"
            );
        }
        assert!(!format!("{key:?}").contains("0707"));
    }
}
