//! README's map and the tree are the same.
//!
//! The map is the fenced block under the heading `## The map`. A line is `path   what`; folders end in `/`; a segment in
//! capitals (`scenarios/ID/`) stands for any name. A folder's line stands for all that is in it, unless the map goes on
//! below it; then each part of it needs a line.

use std::collections::BTreeSet;

use super::{report, root, text, tracked};

/// Second-level files that every folder may have; naming them in the map would be noise.
const PLAIN: &[&str] =
    &["Cargo.toml", "README.md", ".gitignore", ".npmrc", "package.json", "package-lock.json"];

fn map() -> Vec<String> {
    let readme = text("README.md").expect("README.md is missing");
    let after = readme.split_once("## The map").expect("README.md has no heading `## The map`").1;
    let block = after.split("```").nth(1).expect("no fenced block under `## The map`");
    // The first line may be the block's language.
    let lines = block.lines().skip(1);
    let mut paths = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        // A line that begins with white space goes on with the one above it.
        if line.starts_with(char::is_whitespace) {
            continue;
        }
        let (path, what) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        assert!(!what.trim().is_empty(), "the map says nothing about {path}");
        paths.push(path.to_owned());
    }
    paths
}

fn segment_fits(pattern: &str, name: &str) -> bool {
    let stands_for_any = !pattern.is_empty() && pattern.bytes().all(|b| b.is_ascii_uppercase());
    stands_for_any || pattern == name
}

fn fits(pattern: &str, path: &str) -> bool {
    if pattern.ends_with('/') != path.ends_with('/') {
        return false;
    }
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(pattern, name)| segment_fits(pattern, name))
}

fn covered(map: &[String], path: &str) -> bool {
    let top = path.split_inclusive('/').next().unwrap_or_default();
    let divided = map.iter().any(|line| line.starts_with(top) && line != top);
    map.iter().any(|line| fits(line, path))
        // A folder whose parts are on the map, and a part of a folder that is not divided.
        || (divided && path == top)
        || (!divided && map.iter().any(|line| fits(line, top)))
}

/// All folders (with `/`) and files of the tree.
fn tree() -> BTreeSet<String> {
    let mut tree = BTreeSet::new();
    for file in tracked() {
        let mut folder = String::new();
        let (folders, _) = file.rsplit_once('/').unwrap_or(("", &file));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            folder.push_str(part);
            folder.push('/');
            tree.insert(folder.clone());
        }
        tree.insert(file);
    }
    tree
}

#[test]
fn the_map_knows_the_tree_and_nothing_else() {
    let map = map();
    let tree = tree();
    let mut wrong: Vec<String> = map
        .iter()
        .filter(|line| !tree.iter().any(|path| fits(line, path)))
        .map(|line| format!("the map names {line}, which is not there"))
        .collect();
    for path in &tree {
        let depth = path.trim_end_matches('/').split('/').count();
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let plain = depth == 2 && PLAIN.contains(&name);
        if depth <= 2 && !plain && !covered(&map, path) {
            wrong.push(format!("{path} is not on the map"));
        }
    }
    report("README's map", &wrong);
}

#[test]
fn paths_that_documents_name_exist() {
    let tree = tree();
    let tops: BTreeSet<&str> =
        tree.iter().filter_map(|path| path.split_once('/')).map(|(top, _)| top).collect();
    let mut wrong = Vec::new();
    for document in tracked().iter().filter(|path| path.ends_with(".md") && !path.starts_with("scenarios/")) {
        let text = text(document).unwrap();
        let mut fenced = false;
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            if fenced {
                continue;
            }
            for quoted in line.split('`').skip(1).step_by(2) {
                let path = quoted.split_whitespace().next().unwrap_or_default().trim_start_matches("./");
                let top = path.split('/').next().unwrap_or_default();
                let plain =
                    path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_'));
                if !plain || !path.contains('/') || !tops.contains(top) {
                    continue;
                }
                let known = tree.contains(path)
                    || tree.contains(&format!("{}/", path.trim_end_matches('/')))
                    || tree.iter().any(|known| fits(path, known))
                    || built(path);
                if !known {
                    wrong.push(format!("{document}:{}: {path} is not there", number + 1));
                }
            }
        }
    }
    report("documents name what is gone", &wrong);
}

/// Made by a build, so not tracked.
fn built(path: &str) -> bool {
    path.starts_with("server/assets/dist") || root().join(path).exists()
}
