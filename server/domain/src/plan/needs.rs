//! What images say they need of the containers they run in, by labels in their Dockerfiles, and what policy makes of it.

use std::collections::BTreeMap;

use super::{Plan, PlanError, make};
use crate::scenario::may_have;

/// Label of an image: capabilities that it cannot do its work without, without `CAP_`, between spaces.
pub const LABEL_CAPABILITIES: &str = "rampart.capabilities";
/// Label of an image: `true` where nothing of its root may be written.
pub const LABEL_READONLY: &str = "rampart.readonly";
/// Label of an image: folders that are in memory and empty at each start, between spaces.
pub const LABEL_TMPFS: &str = "rampart.tmpfs";

/// What an image says it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageNeeds {
    /// Capabilities, without `CAP_`.
    pub capabilities: Vec<String>,
    /// Whether its root is read-only.
    pub read_only: bool,
    /// Folders in memory, absolute.
    pub tmpfs: Vec<String>,
}

impl ImageNeeds {
    /// Reads the labels of an image.
    ///
    /// # Errors
    /// What is wrong with a label, for a person.
    pub fn of<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Result<Self, String> {
        let words = |name: &str| -> Vec<String> {
            label(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        let read_only = match label(LABEL_READONLY) {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(format!("{LABEL_READONLY} is neither true nor false: {other}")),
        };
        let tmpfs = words(LABEL_TMPFS);
        // Mounted over these, a container would not start, or hide what the engine or the platform puts there.
        let taken = |path: &str| ["/proc", "/sys", "/dev", "/etc"].iter().any(|root| path.starts_with(root));
        let plain = |path: &str| {
            path.starts_with('/')
                && path.len() > 1
                && !path.split('/').any(|part| part == "..")
                && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b))
        };
        if let Some(path) = tmpfs.iter().find(|path| !plain(path) || taken(path)) {
            return Err(format!("{LABEL_TMPFS}: {path} is no folder that may be in memory"));
        }
        Ok(Self { capabilities: words(LABEL_CAPABILITIES), read_only, tmpfs })
    }
}

impl Plan {
    /// The plan with what the images need, by the name that stands in the plan. A host gets what its image declares and
    /// what the scenario asks for besides, and each of it only as far as policy lets a host of its role have it.
    ///
    /// # Errors
    /// [`PlanError::Capability`] for a need that policy does not allow; [`PlanError::ReadOnly`] for a host whose root is
    /// read-only and that something would be planted in.
    pub fn on_images(mut self, needs: &BTreeMap<String, ImageNeeds>) -> Result<Self, PlanError> {
        for host in self.ranges.iter_mut().flat_map(|range| &mut range.hosts) {
            let Some(needs) = needs.get(&host.image) else { continue };
            for capability in &needs.capabilities {
                if !may_have(host.role, capability) {
                    return Err(PlanError::Capability {
                        host: host.host.clone(),
                        image: host.image.clone(),
                        capability: capability.clone(),
                    });
                }
                if !host.capabilities.contains(capability) {
                    host.capabilities.push(capability.clone());
                }
            }
            host.capabilities.sort_unstable();
            host.read_only = needs.read_only;
            host.tmpfs.clone_from(&needs.tmpfs);
            if host.read_only && !(host.plants.is_empty() && host.logins.is_empty()) {
                return Err(PlanError::ReadOnly { host: host.host.clone(), image: host.image.clone() });
            }
        }
        make::hashed(self)
    }
}
