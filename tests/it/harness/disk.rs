//! A file system of its own, small enough to fill.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// See the module.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one.
    pub fn new(megabytes: u32) -> Self {
        let place = TempDir::new().unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(place.path())
            .status()
            .unwrap();
        assert!(done.success(), "a small file system cannot be mounted here: tests/run wants root");
        Self(place)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let out = Command::new("dd")
            .args(["if=/dev/zero", "bs=4k"])
            .arg(format!("of={}/ballast", self.0.path().display()))
            .output()
            .unwrap();
        assert!(!out.status.success(), "the disk is not full");
    }

    /// Leaves so many megabytes.
    pub fn leave(&self, megabytes: u64) {
        let out = Command::new("df").args(["-m", "--output=avail"]).arg(self.0.path()).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let free: u64 = said.lines().nth(1).unwrap().trim().parse().unwrap();
        let taken = free.checked_sub(megabytes).filter(|taken| *taken > 0).expect("too little is free");
        let ballast = self.0.path().join("ballast");
        let done =
            Command::new("fallocate").arg("-l").arg(format!("{taken}M")).arg(ballast).status().unwrap();
        assert!(done.success(), "no {taken} MB to take");
    }

    /// Gives it back.
    pub fn free(&self) {
        std::fs::remove_file(self.0.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
