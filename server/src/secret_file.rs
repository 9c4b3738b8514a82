//! Secrets of 32 bytes, each in a file of its own in the data folder: made at the first start, for its owner alone.

use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Length of a secret, bytes.
pub const SECRET_BYTES: usize = 32;

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read or made.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// File.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others on this machine can read it.
    #[error(
        "{path}: others can read it (mode {mode:04o}); if nobody did, `chmod 600` it, else delete it: {then}",
        path = path.display()
    )]
    Open {
        /// File.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What a new one means.
        then: &'static str,
    },
    /// It is not what was written at the first start.
    #[error("{path}: {found} bytes instead of {SECRET_BYTES}; delete it: {then}", path = path.display())]
    Length {
        /// File.
        path: PathBuf,
        /// Bytes found.
        found: usize,
        /// What a new one means.
        then: &'static str,
    },
}

/// Reads the secret at `path`, or makes it there if there is none. `then` tells a person what a new one means.
///
/// # Errors
/// See [`SecretError`].
pub fn open(path: &Path, then: &'static str) -> Result<[u8; SECRET_BYTES], SecretError> {
    let io = |source| SecretError::Io { path: path.to_path_buf(), source };
    // `create_new`, so that of two processes which start together one writes and the other reads.
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let secret: [u8; SECRET_BYTES] = rand::random();
            file.write_all(&secret).and_then(|()| file.sync_all()).map_err(io)?;
            return Ok(secret);
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    let mut file = std::fs::File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_path_buf(), mode, then });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io)?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| SecretError::Length { path: path.to_path_buf(), found, then })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jwt.secret");
        let first = open(&path, "").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(open(&path, "").unwrap(), first);
        assert_ne!(open(&dir.path().join("other"), "").unwrap(), first);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(open(&path, ""), Err(SecretError::Open { mode: 0o640, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(open(&path, ""), Err(SecretError::Length { found: 5, .. })));
    }
}
