//! What is shipped is itself in order: scenarios pass the check that users run, images say what they are.

use std::process::Command;

use super::{report, root, tracked};
use crate::harness;

#[test]
fn shipped_scenarios_pass_their_own_check() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for path in
        tracked().iter().filter(|path| path.starts_with("scenarios/") && path.ends_with("/scenario.yaml"))
    {
        let out = Command::new(harness::binary())
            .args(["scenario", "check"])
            .arg(root().join(path))
            .output()
            .unwrap();
        checked += 1;
        if !out.status.success() {
            wrong.push(format!(
                "{path}: {}{}",
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            ));
        }
        let folder = path.trim_end_matches("scenario.yaml");
        for part in ["brief.zh-TW.md", "brief.en.md"] {
            if !root().join(folder).join(part).is_file() {
                wrong.push(format!("{folder}{part} is missing"));
            }
        }
    }
    assert!(checked > 0, "no scenario is shipped");
    report("scenarios", &wrong);
}

#[test]
fn images_are_told_apart_and_explained() {
    let mut wrong = Vec::new();
    let tracked = tracked();
    for path in tracked.iter().filter(|path| path.starts_with("images/") && path.ends_with("/Dockerfile")) {
        let readme = path.replace("Dockerfile", "README.md");
        if !tracked.contains(&readme) {
            wrong.push(format!("{readme} is missing: which holes, and how are they repaired?"));
        }
    }
    report("images", &wrong);
}
