//! A scenario together with the files beside it.

use std::collections::BTreeMap;

use super::fault::{Fault, Faults, Mark};
use super::tree::{self, Node};
use super::{Bundle, Scenario, parse};

/// Name of the scenario file in its folder.
pub const SCENARIO_FILE: &str = "scenario.yaml";
/// Briefs that stand beside every scenario.
pub const BRIEFS: [&str; 2] = ["brief.zh-TW.md", "brief.en.md"];

impl Bundle {
    /// Puts a scenario and its files together. `source` is the text that the scenario was read from, `files` are texts by
    /// path below the folder.
    ///
    /// # Errors
    /// Every brief and script that is missing or blank; scripts with the place in `scenario.yaml` that names them.
    pub fn new(
        scenario: Scenario,
        source: String,
        files: BTreeMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        Self::named(SCENARIO_FILE, scenario, source, files)
    }

    /// Reads the scenario and puts it together with its files; `file` is how the faults call `scenario.yaml`.
    ///
    /// # Errors
    /// See [`parse`] and [`Bundle::new`].
    pub fn read(file: &str, source: String, files: BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        Self::named(file, parse(file, &source)?, source, files)
    }

    fn named(
        file: &str,
        scenario: Scenario,
        source: String,
        files: BTreeMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new(file);
        let absent = |path: &str| files.get(path).is_none_or(|text| text.trim().is_empty());
        for brief in BRIEFS.into_iter().filter(|brief| absent(brief)) {
            let hint =
                format!("write {brief} beside the scenario: what both sides are told before they begin");
            faults.add(Mark::START, "missing_file", format!("`{brief}` is missing or blank"), Some(hint));
        }
        let places = script_places(&source);
        for script in scenario.scripts().into_iter().filter(|script| absent(script)) {
            let what = format!("the script `{script}` is missing or blank");
            let mut marks =
                places.iter().filter(|(path, _)| path == script).map(|(_, mark)| *mark).peekable();
            let hint = Some("the path is taken from the scenario's folder".to_owned());
            if marks.peek().is_none() {
                faults.add(Mark::START, "missing_file", what.clone(), hint.clone());
            }
            for mark in marks {
                faults.add(mark, "missing_file", what.clone(), hint.clone());
            }
        }
        if faults.is_empty() { Ok(Self { scenario, source, files }) } else { Err(faults.into_list()) }
    }
}

/// Where the file names scripts.
fn script_places(source: &str) -> Vec<(String, Mark)> {
    let Some(root) = tree::read(source, &mut Faults::new("")) else { return Vec::new() };
    let own = ["checks", "users"].into_iter().flat_map(|key| root.items(key));
    let retests = root.items("repairs").iter().filter_map(|repair| repair.get("retest"));
    own.chain(retests)
        .filter_map(|node| Some((node.get("script").and_then(Node::scalar)?.to_owned(), node.at("script"))))
        .collect()
}
