//! Signed files: one line after a PDF's end, or a file beside another one, that says which key of an installation signed
//! these bytes (Ed25519 over their SHA-256). Readers of PDF pass over the line; whoever has the installation's public key
//! can check what was handed in.

use sha2::{Digest as _, Sha256};

use crate::ledger::CheckpointKey;

/// How the line begins. The per cent sign makes it a comment of a PDF.
const HEAD: &str = "%rampart-seal v1 ed25519";
/// Longest line looked for at the end of a file.
const LINE_MAX: usize = 512;

/// A seal that was read and fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Public key that it was made with, 64 hexadecimal digits. Whether it is to be believed is the caller's to know.
    pub key: String,
    /// SHA-256 of what was sealed, hexadecimal.
    pub sha256: String,
}

/// Why a file is not as it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is none.
    #[error("it carries no seal")]
    Absent,
    /// The line is no seal of this kind.
    #[error("its seal cannot be read")]
    Unreadable,
    /// It belongs to other bytes.
    #[error("it was changed after it was sealed, or the seal is another file's")]
    Broken,
}

/// SHA-256, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn said(sha256: &str) -> String {
    format!("rampart file v1\n{sha256}\n")
}

/// The line that seals these bytes, with its end.
#[must_use]
pub fn line(key: &CheckpointKey, bytes: &[u8]) -> String {
    format!("{HEAD} {} {}\n", key.public(), key.sign_text(&said(&sha256(bytes))))
}

/// Puts the line after a PDF.
#[must_use]
pub fn sealed(key: &CheckpointKey, mut pdf: Vec<u8>) -> Vec<u8> {
    if pdf.last() != Some(&b'\n') {
        pdf.push(b'\n');
    }
    let line = line(key, &pdf);
    pdf.extend_from_slice(line.as_bytes());
    pdf
}

/// Checks a seal that stands at the end of a file.
///
/// # Errors
/// [`SealError`].
pub fn check(file: &[u8]) -> Result<Seal, SealError> {
    let from = file.len().saturating_sub(LINE_MAX);
    let end = &file[from..];
    let at = end.windows(HEAD.len()).rposition(|part| part == HEAD.as_bytes()).ok_or(SealError::Absent)?;
    let (body, line) = file.split_at(from + at);
    check_beside(body, line)
}

/// Checks a seal that stands in a file of its own.
///
/// # Errors
/// [`SealError`].
pub fn check_beside(body: &[u8], line: &[u8]) -> Result<Seal, SealError> {
    let line = std::str::from_utf8(line).map_err(|_| SealError::Unreadable)?;
    let rest = line.strip_prefix(HEAD).ok_or(SealError::Unreadable)?;
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    let mut words = rest.split(' ').skip(1);
    let (Some(key), Some(signature), None) = (words.next(), words.next(), words.next()) else {
        return Err(SealError::Unreadable);
    };
    let sha256 = sha256(body);
    if !CheckpointKey::text_signed(key, &said(&sha256), signature) {
        return Err(SealError::Broken);
    }
    Ok(Seal { key: key.to_owned(), sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_fits_its_bytes_and_no_others() {
        let key = CheckpointKey::new(&[7; 32]);
        let good = sealed(&key, b"%PDF-1.7\n%%EOF".to_vec());
        assert_eq!(check(&good).map(|seal| seal.key), Ok(key.public()));
        for at in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(check(&bad).is_err(), "byte {at} was changed");
        }
        let mut longer = good.clone();
        longer.extend_from_slice(b"more\n");
        assert_eq!(check(&longer), Err(SealError::Broken));
        assert_eq!(check(b"%PDF-1.7\n%%EOF\n"), Err(SealError::Absent));
        let other = sealed(&CheckpointKey::new(&[8; 32]), b"%PDF-1.7\n%%EOF".to_vec());
        assert_ne!(check(&other).map(|seal| seal.key), Ok(key.public()), "another key is told apart");
    }

    #[test]
    fn a_seal_beside_a_file_is_the_same_line() {
        let key = CheckpointKey::new(&[7; 32]);
        let line = line(&key, b"index");
        assert_eq!(check_beside(b"index", line.as_bytes()).map(|seal| seal.sha256), Ok(sha256(b"index")));
        assert_eq!(check_beside(b"Index", line.as_bytes()), Err(SealError::Broken));
        assert_eq!(check_beside(b"index", b"nothing"), Err(SealError::Unreadable));
    }
}
