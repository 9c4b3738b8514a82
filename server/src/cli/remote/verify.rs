//! `rampart records verify`: is a file as it was sealed, and by which key.

use std::path::{Path, PathBuf};

use rampart_domain::records::seal::{self, SealError};

use super::Failure;

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// The seal that lies beside a file by its name.
fn beside(file: &Path) -> Option<PathBuf> {
    let mut name = file.as_os_str().to_owned();
    name.push(".seal");
    let path = PathBuf::from(name);
    path.is_file().then_some(path)
}

pub(super) fn run(file: &Path, seal: Option<&Path>, key: Option<&str>, json: bool) -> Result<(), Failure> {
    let bytes = read(file)?;
    let found = match seal.map(Path::to_path_buf).or_else(|| beside(file)) {
        Some(path) => seal::check_beside(&bytes, &read(&path)?),
        None => seal::check(&bytes),
    };
    let refused = |why: &dyn std::fmt::Display| Failure::Refused(format!("{}: {why}", file.display()));
    let seal = found.map_err(|error: SealError| refused(&error))?;
    if key.is_some_and(|key| !key.trim().eq_ignore_ascii_case(&seal.key)) {
        return Err(refused(&format!("it was sealed by another key, {}", seal.key)));
    }
    if json {
        super::super::say(serde_json::json!({ "key": seal.key, "sha256": seal.sha256 }));
    } else {
        super::super::say(format!("as it was sealed\nkey     {}\nsha256  {}", seal.key, seal.sha256));
    }
    Ok(())
}
