//! Files on their way into and out of containers, as tar.

use std::io::Read;

use crate::EngineError;

/// A file with its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Absolute path in the container.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owner's number.
    pub uid: u64,
    /// Group's number.
    pub gid: u64,
    /// Content.
    pub content: Vec<u8>,
}

impl File {
    /// A file of root.
    #[must_use]
    pub fn of_root(path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), mode, uid: 0, gid: 0, content: content.into() }
    }
}

/// Packs files for [`crate::Engine::put_files`]. Folders that are missing are made by the engine, owned by root.
///
/// # Errors
/// [`EngineError::Refused`] for a path that is not absolute or climbs with `..`.
pub fn pack(files: &[File]) -> Result<Vec<u8>, EngineError> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let Some(path) = file.path.strip_prefix('/').filter(|path| !path.is_empty()) else {
            return Err(EngineError::Refused(format!("{} is not an absolute path", file.path)));
        };
        if path.split('/').any(|part| part == "..") {
            return Err(EngineError::Refused(format!("{} climbs out with ..", file.path)));
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode & 0o7777);
        header.set_uid(file.uid);
        header.set_gid(file.gid);
        header.set_mtime(0);
        builder
            .append_data(&mut header, path, file.content.as_slice())
            .map_err(|error| EngineError::Refused(format!("{}: {error}", file.path)))?;
    }
    builder.into_inner().map_err(|error| EngineError::Io(error.to_string()))
}

/// Unpacks every plain file of a tar; paths become absolute.
///
/// # Errors
/// [`EngineError::Io`] when it is no tar.
pub fn unpack(tar: &[u8]) -> Result<Vec<File>, EngineError> {
    let bad = |error: std::io::Error| EngineError::Io(format!("the archive cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in tar::Archive::new(tar).entries().map_err(bad)? {
        let mut entry = entry.map_err(bad)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = format!("/{}", entry.path().map_err(bad)?.display());
        let (mode, uid, gid) = {
            let header = entry.header();
            (header.mode().map_err(bad)?, header.uid().map_err(bad)?, header.gid().map_err(bad)?)
        };
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(bad)?;
        files.push(File { path, mode: mode & 0o7777, uid, gid, content });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn files_come_back_as_they_went() {
        let long = format!("/srv/{}/旗標.txt", "a".repeat(150));
        let files = vec![
            File { path: "/etc/x".into(), mode: 0o640, uid: 33, gid: 34, content: b"one".to_vec() },
            File::of_root(&long, 0o4755, "二"),
        ];
        assert_eq!(unpack(&pack(&files).unwrap()).unwrap(), files);
    }

    #[test]
    fn paths_that_leave_are_refused() {
        for path in ["etc/x", "/", "/srv/../../etc/shadow", ""] {
            assert!(
                matches!(pack(&[File::of_root(path, 0o644, "")]), Err(EngineError::Refused(_))),
                "{path}"
            );
        }
    }
}
