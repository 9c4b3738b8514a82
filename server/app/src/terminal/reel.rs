//! The file of a recording, and its seal.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A file that is being written. All calls block: they are made off the threads that answer.
pub(super) struct Reel {
    file: File,
    hash: Sha256,
    length: u64,
    dirty: bool,
}

impl Reel {
    /// Makes the file, for its owner only.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { file, hash: Sha256::new(), length: 0, dirty: false })
    }

    /// Adds to it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        self.dirty = true;
        Ok(())
    }

    /// Brings what was added to the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        Ok(())
    }

    /// Brings everything to the disk; gives size and hash.
    pub(super) fn seal(mut self) -> io::Result<(u64, String)> {
        self.dirty = true;
        self.sync()?;
        Ok((self.length, hex::encode(self.hash.finalize())))
    }
}

/// Where the file of a recording lies.
pub(super) fn path(dir: &Path, exercise: &str, recording: &str) -> PathBuf {
    dir.join(exercise).join(format!("{recording}.cast"))
}

/// Cuts a file of a killed server to what is whole of it: size, hash and length in ms. A file that is not there has none.
pub(super) fn mend(path: &Path) -> io::Result<(u64, String, i64)> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let (end, length_ms) = super::tape::whole_part(&bytes);
    if end < bytes.len() {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(end as u64)?;
        file.sync_all()?;
    }
    Ok((end as u64, hex::encode(Sha256::digest(&bytes[..end])), length_ms))
}

/// Hash of a file.
pub(super) fn hash(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_and_its_seal_is_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(&dir.path().join("recordings"), "e1", "r1");
        let mut reel = Reel::create(&path).unwrap();
        reel.write(b"{}\n").unwrap();
        reel.sync().unwrap();
        reel.write(b"[0.1, \"o\", \"x\"]\n").unwrap();
        let (length, sealed) = reel.seal().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!((length, &sealed), (std::fs::metadata(&path).unwrap().len(), &hash(&path).unwrap()));
        assert!(Reel::create(&path).is_err(), "a recording was written over");
        assert_eq!(mend(&path).unwrap(), (length, sealed, 100));
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"[0.2, \"o\", \"ha")
            .unwrap();
        let (mended, again, _) = mend(&path).unwrap();
        assert_eq!((mended, again), (length, hash(&path).unwrap()));
        assert_eq!(mend(&dir.path().join("none")).unwrap().0, 0);
    }
}
