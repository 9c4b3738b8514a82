//! From YAML text to a [`Scenario`], or to every fault at once.
//!
//! Four steps: the text becomes a tree with places ([`super::tree`]), the tree is held against the table of the format
//! ([`super::check`]), becomes a scenario ([`super::build`]), and what refers to something else is followed
//! ([`super::refs`]). Each step reports what it finds and goes on.

use super::fault::{Fault, Faults};
use super::{Scenario, build, check, refs, tree};

/// Reads a scenario. `file` is only used in the faults. A byte-order mark and CRLF line ends are accepted.
///
/// # Errors
/// All faults found, in the order of the file.
pub fn parse(file: &str, source: &str) -> Result<Scenario, Vec<Fault>> {
    let mut faults = Faults::new(file);
    let Some(mut root) = tree::read(source, &mut faults) else { return Err(faults.into_list()) };
    check::scenario(&mut root, &mut faults);
    let scenario = build::scenario(&root);
    refs::check(&root, &scenario, &mut faults);
    if faults.is_empty() { Ok(scenario) } else { Err(faults.into_list()) }
}
