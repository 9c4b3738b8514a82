//! The shape of the repository.

mod crates;
mod files;
mod map;
mod scenarios;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Tracked files and those about to be (new and not ignored), relative to the root, that exist.
pub fn tracked() -> Vec<String> {
    let out = Command::new("git")
        .current_dir(root())
        .args(["-c", "core.quotePath=false", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()
        .unwrap();
    assert!(out.status.success(), "git ls-files: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let mut files: Vec<String> = text
        .split('\0')
        .filter(|path| !path.is_empty() && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    assert!(files.len() > 50, "only {} files: this is not the repository", files.len());
    files
}

/// Text of a file, `None` for one that is not text.
pub fn text(path: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).unwrap()).ok()
}

/// Fails with all complaints at once.
pub fn report(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n  {}", complaints.join("\n  "));
}
