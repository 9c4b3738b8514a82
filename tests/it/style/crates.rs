//! Crates: who may name whom, who may wrap what.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand, Package};

use super::{report, root, text, tracked};

/// Floors of the house. A crate names crates of lower floors only, so nothing goes sideways or up.
const FLOORS: &[(&str, u8)] = &[
    ("scoreboard", 0),
    ("rampart-domain", 1),
    ("rampart-store", 2),
    ("rampart-engine", 2),
    ("rampart-pages", 2),
    ("rampart-documents", 2),
    ("rampart-detection", 2),
    ("rampart-app", 3),
    ("rampart", 4),
    ("rampart-tests", 5),
];

/// Libraries that one crate wraps, so that only it has to change with them.
const WRAPPED: &[(&str, &str)] = &[
    ("sqlx", "rampart-store"),
    ("bollard", "rampart-engine"),
    ("minijinja", "rampart-pages"),
    ("typst", "rampart-documents"),
    ("axum", "rampart"),
];

/// Crates that stay pure: no runtime, no clock of their own, no input or output.
const PURE: &[&str] = &["scoreboard", "rampart-domain", "rampart-detection"];
const IMPURE: &[&str] = &["tokio", "reqwest", "hyper", "tracing", "tower", "tower-http"];

/// Licences that the product may be handed out under.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "ISC",
    "Zlib",
    "Unlicense",
    "Unicode-3.0",
    "CC0-1.0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    // File by file, used unchanged.
    "MPL-2.0",
];

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec().unwrap()
}

fn members(metadata: &Metadata) -> Vec<&Package> {
    metadata.workspace_packages()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[test]
fn crates_name_only_what_lies_below_them() {
    let metadata = metadata();
    let members = members(&metadata);
    let names: BTreeSet<&str> = members.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &members {
        let name = package.name.as_str();
        let Some(own) = floor(name) else {
            wrong.push(format!("{name} has no floor in the table"));
            continue;
        };
        for dependency in
            package.dependencies.iter().filter(|dependency| names.contains(dependency.name.as_str()))
        {
            match floor(&dependency.name) {
                Some(below) if below < own => {}
                _ => wrong.push(format!("{name} names {}, which does not lie below it", dependency.name)),
            }
        }
    }
    report("arrows that the house does not have", &wrong);
}

#[test]
fn wrapped_libraries_stand_in_one_manifest() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in members(&metadata) {
        let name = package.name.as_str();
        for dependency in &package.dependencies {
            for (library, owner) in WRAPPED {
                let family =
                    dependency.name == *library || dependency.name.starts_with(&format!("{library}-"));
                if family && name != *owner {
                    wrong.push(format!("{name} lists {}; only {owner} may", dependency.name));
                }
            }
            if PURE.contains(&name) && IMPURE.contains(&dependency.name.as_str()) {
                wrong.push(format!("{name} is pure and lists {}", dependency.name));
            }
        }
    }
    for path in tracked().iter().filter(|path| path.ends_with(".rs") && !path.starts_with("tests/")) {
        let Some(text) = text(path) else { continue };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if !line.starts_with("pub use ") && !line.starts_with("pub extern crate ") {
                continue;
            }
            for (library, _) in WRAPPED {
                let named =
                    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == *library);
                if named {
                    wrong.push(format!("{path}:{}: hands {library} on to others", number + 1));
                }
            }
        }
    }
    report("wrapped libraries", &wrong);
}

#[test]
fn crates_share_lints_versions_and_licence() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in members(&metadata) {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let name = &package.name;
        let own: Vec<&str> = manifest.lines().map(str::trim).collect();
        let lints = own.iter().position(|line| *line == "[lints]");
        if lints.and_then(|at| own.get(at + 1)) != Some(&"workspace = true") {
            wrong.push(format!("{name}: no `[lints] workspace = true`"));
        }
        for key in ["version", "edition", "rust-version", "license"] {
            if !own.contains(&format!("{key}.workspace = true").as_str()) {
                wrong.push(format!("{name}: {key} is not the workspace's"));
            }
        }
        // Versions and features stand in the workspace once; a version here would build a library twice.
        let mut in_dependencies = false;
        for line in &own {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
                wrong.push(format!("{name}: `{line}` does not come from the workspace"));
            }
        }
        let entry = package.targets.iter().find(|target| {
            target.is_lib() || target.is_bin() || target.is_test() && package.name == "rampart-tests"
        });
        if let Some(target) = entry {
            let code = std::fs::read_to_string(&target.src_path).unwrap();
            if !code.starts_with("//! ") {
                wrong.push(format!("{}: does not begin with what it is for (//!)", target.src_path));
            }
        }
    }
    let manifest = text("Cargo.toml").unwrap();
    if !manifest.contains("unsafe_code = \"forbid\"") {
        wrong.push("Cargo.toml: unsafe code is not forbidden".into());
    }
    report("crates", &wrong);
}

/// Does an SPDX expression leave a way with accepted licences only?
fn accepted(expression: &str) -> bool {
    let plain = expression.replace(" / ", " OR ").replace('/', " OR ");
    let tokens = plain.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = tokens.split_whitespace().collect();
    let mut at = 0;
    let verdict = any(&tokens, &mut at);
    verdict && at == tokens.len()
}

fn any(tokens: &[&str], at: &mut usize) -> bool {
    let mut verdict = all(tokens, at);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        verdict |= all(tokens, at);
    }
    verdict
}

fn all(tokens: &[&str], at: &mut usize) -> bool {
    let mut verdict = one(tokens, at);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        verdict &= one(tokens, at);
    }
    verdict
}

fn one(tokens: &[&str], at: &mut usize) -> bool {
    if tokens.get(*at) == Some(&"(") {
        *at += 1;
        let verdict = any(tokens, at);
        *at += 1;
        return verdict;
    }
    let mut name = tokens.get(*at).copied().unwrap_or_default().to_owned();
    *at += 1;
    if tokens.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", tokens.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    LICENCES.contains(&name.as_str())
}

#[test]
fn licences_are_known() {
    for good in [
        "MIT OR Apache-2.0",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Unlicense/MIT",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(accepted(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR AGPL-3.0) AND MIT", "", "MIT MIT"] {
        assert!(!accepted(bad), "{bad}");
    }
    let metadata = metadata();
    let mut wrong: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(accepted))
        // Its licence is a file; read: BSD-3-Clause and ISC-like parts.
        .filter(|package| package.license.is_some() || package.license_file.is_none())
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    wrong.sort();
    report("licences", &wrong);
}
