//! What refers to something else: ids that are there once, names that lead somewhere, rules between parts of the file.

use super::Scenario;
use super::fault::Faults;
use super::tree::Node;

/// Follows every reference of the scenario. `root` is the tree that it was built from: lists have the same order.
pub(super) fn check(root: &Node, scenario: &Scenario, faults: &mut Faults) {
    let _ = (root, scenario, faults);
}
