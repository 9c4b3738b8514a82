//! Files: readable in length, free of the machine they were written on.

use regex::Regex;

use super::{report, text, tracked};

/// Longest file that a person reads in one go.
const LINES: usize = 700;

/// Places that exist on one machine only. Put together here, so that this file does not contain them.
fn foreign_places() -> Vec<(String, &'static str)> {
    vec![
        (["/wor", "k/"].concat(), "a folder of one machine"),
        (["/ro", "ot/"].concat(), "a home of one machine"),
        (["/tmp", "/l/"].concat(), "a folder of one machine"),
        (["/home/", "user"].concat(), "a home of one machine"),
        (["registry.", "npmjs"].concat(), "the address of a registry"),
        (["index.crates", ".io"].concat(), "the address of a registry"),
        (["static.crates", ".io"].concat(), "the address of a registry"),
    ]
}

#[test]
fn files_are_short_enough_to_read() {
    let mut wrong = Vec::new();
    for path in tracked() {
        let kind = path.rsplit('.').next().unwrap_or_default();
        if !matches!(kind, "rs" | "js" | "html" | "css") {
            continue;
        }
        let lines = text(&path).map_or(0, |text| text.lines().count());
        if lines > LINES {
            wrong.push(format!("{path}: {lines} lines"));
        }
    }
    report("files that are too long", &wrong);
}

#[test]
fn no_file_knows_one_machine() {
    let places = foreign_places();
    let mut wrong = Vec::new();
    for path in tracked() {
        let Some(text) = text(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (place, what) in &places {
                // `x/root/` is a folder below another one, not root's home.
                let whole =
                    |at: usize| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                if line.match_indices(place.as_str()).any(|(at, _)| whole(at)) {
                    wrong.push(format!("{path}:{}: names {what} ({place})", number + 1));
                }
            }
        }
    }
    report("files that know one machine", &wrong);
}

#[test]
fn lock_files_name_no_place_to_load_from() {
    let mut wrong = Vec::new();
    for path in tracked() {
        if path.ends_with("package-lock.json") {
            let lock: serde_json::Value = serde_json::from_str(&text(&path).unwrap()).unwrap();
            let packages = lock["packages"].as_object().unwrap();
            for (name, package) in packages {
                if package.get("resolved").is_some() {
                    wrong.push(format!("{path}: {name} says where it was loaded from"));
                }
                if !name.is_empty() && package.get("integrity").is_none() {
                    wrong.push(format!("{path}: {name} has no checksum"));
                }
            }
        }
        if path.ends_with("Cargo.lock") {
            for line in text(&path).unwrap().lines().filter(|line| line.starts_with("source = ")) {
                if line != "source = \"registry+https://github.com/rust-lang/crates.io-index\"" {
                    wrong.push(format!("{path}: {line}"));
                }
            }
        }
        if path.ends_with(".cargo/config.toml") {
            wrong.push(format!("{path}: belongs to a machine, not to the repository"));
        }
        if path.ends_with(".npmrc") && text(&path).unwrap().lines().any(|line| line.starts_with("registry")) {
            wrong.push(format!("{path}: names a registry"));
        }
    }
    report("lock files", &wrong);
}

#[test]
fn source_files_say_what_they_are_and_hold_nothing_unsafe() {
    let unsafe_code = Regex::new(r"\bunsafe\s*(\{|fn\b|impl\b|trait\b|extern\b)").unwrap();
    let mut wrong = Vec::new();
    for path in tracked().iter().filter(|path| path.ends_with(".rs")) {
        let text = text(path).unwrap();
        let own_module = path.contains("/src/") || path.starts_with("tests/it/");
        let test_module = path.ends_with("/tests.rs");
        if own_module && !test_module && !text.starts_with("//! ") {
            wrong.push(format!("{path}: does not begin with what it is for (//!)"));
        }
        for (number, line) in text.lines().enumerate() {
            if unsafe_code.is_match(line.split("//").next().unwrap_or_default())
                && !path.starts_with("tests/it/style/")
            {
                wrong.push(format!("{path}:{}: unsafe code", number + 1));
            }
            if line.ends_with(' ') || line.ends_with('\t') {
                wrong.push(format!("{path}:{}: space at the end of the line", number + 1));
            }
        }
    }
    report("source files", &wrong);
}

#[test]
fn scripts_can_be_run_and_stop_at_the_first_fault() {
    use std::os::unix::fs::PermissionsExt;
    let mut wrong = Vec::new();
    for path in ["tests/run", ".ci/run", "server/up"] {
        let full = super::root().join(path);
        let Ok(facts) = std::fs::metadata(&full) else {
            wrong.push(format!("{path} is missing"));
            continue;
        };
        if facts.permissions().mode() & 0o111 == 0 {
            wrong.push(format!("{path} cannot be run"));
        }
        let text = text(path).unwrap_or_default();
        if !text.starts_with("#!") {
            wrong.push(format!("{path} does not say by what it is run"));
        }
        if !text.lines().any(|line| line.starts_with("set -") && line.contains('u')) {
            wrong.push(format!("{path} takes unset variables for empty ones (set -u)"));
        }
    }
    report("scripts", &wrong);
}
