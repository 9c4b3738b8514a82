//! What the fake remembers.

use std::collections::BTreeMap;

use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};

use super::{Fault, Script};
use crate::{
    Container, EngineError, Happening, HostFacts, ImageInfo, Labels, Life, LogLine, Network, Observation,
    State, archive, images,
};

pub(super) struct Link {
    pub plan: NetworkPlan,
    pub labels: Labels,
}

pub(super) struct Made {
    pub id: String,
    pub plan: HostPlan,
    pub labels: Labels,
    pub state: State,
    pub on: Vec<Leg>,
    pub files: BTreeMap<String, archive::File>,
    pub lines: Vec<LogLine>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub images: BTreeMap<String, ImageInfo>,
    pub networks: BTreeMap<String, Link>,
    pub containers: BTreeMap<String, Made>,
    pub faults: Vec<Fault>,
    pub script: Option<Script>,
    pub host: HostFacts,
    pub calls: Vec<String>,
    pub shells: usize,
    /// Whether the wall on the host stands.
    pub wall: bool,
    /// What happened to containers, with the run of each.
    lives: Vec<(String, Life)>,
    next: u64,
}

impl Inner {
    /// The fault that strikes this call: its error, and whether the call is done all the same.
    pub fn strike(&mut self, call: &str, object: &str) -> Option<(EngineError, bool)> {
        let fits = |pattern: &str, word: &str| pattern == "*" || pattern == word;
        let at =
            self.faults.iter().position(|fault| fits(&fault.call, call) && fits(&fault.object, object))?;
        let fault = &mut self.faults[at];
        let struck = (fault.error.clone(), fault.done);
        if fault.times != u32::MAX {
            fault.times = fault.times.saturating_sub(1);
            if fault.times == 0 {
                self.faults.remove(at);
            }
        }
        Some(struck)
    }

    /// Notes what happened to a container. Times count on, so that each is later than the one before.
    pub fn happened(&mut self, container: &str, what: Happening) {
        let now = jiff::Timestamp::now().as_millisecond();
        let at_ms = self.lives.last().map_or(now, |(_, last)| now.max(last.at_ms + 1));
        let Ok(found) = self.container(container) else { return };
        let life = Life {
            container: found.plan.name.clone(),
            host: found.labels.name.clone(),
            range: found.labels.range,
            at_ms,
            what,
        };
        let run = found.labels.run.clone();
        self.lives.push((run, life));
    }

    pub fn lives_of(&self, run: &str) -> Vec<Life> {
        self.lives.iter().filter(|(of, _)| of == run).map(|(_, life)| life.clone()).collect()
    }

    /// By name or id.
    pub fn container(&mut self, container: &str) -> Result<&mut Made, EngineError> {
        self.containers
            .values_mut()
            .find(|found| found.plan.name == container || found.id == container)
            .ok_or_else(|| EngineError::NotFound(format!("No such container: {container}")))
    }

    pub fn make(&mut self, host: &HostPlan, labels: &Labels) -> Result<String, EngineError> {
        if !self.images.contains_key(&images::full_name(&host.image)) {
            return Err(EngineError::NotFound(format!("No such image: {}", host.image)));
        }
        if self.containers.contains_key(&host.name) {
            return Err(EngineError::Conflict(format!("the name {} is already in use", host.name)));
        }
        self.next += 1;
        let id = format!("{:064x}", self.next);
        let made = Made {
            id: id.clone(),
            plan: host.clone(),
            labels: labels.clone(),
            state: State::Created,
            on: Vec::new(),
            files: ["passwd", "group"]
                .map(|name| {
                    let path = format!("/etc/{name}");
                    (path.clone(), archive::File::of_root(&path, 0o644, "root:x:0:0::/root:/bin/sh\n"))
                })
                .into(),
            lines: Vec::new(),
        };
        self.containers.insert(host.name.clone(), made);
        if let Some(leg) = host.legs.first()
            && let Err(error) = self.join(&host.name, leg)
        {
            self.containers.remove(&host.name);
            return Err(error);
        }
        Ok(id)
    }

    pub fn join(&mut self, container: &str, leg: &Leg) -> Result<(), EngineError> {
        if !self.networks.contains_key(&leg.network) {
            return Err(EngineError::NotFound(format!("network {} not found", leg.network)));
        }
        let taken = self
            .containers
            .values()
            .any(|found| found.on.iter().any(|on| on.network == leg.network && on.address == leg.address));
        if taken {
            return Err(EngineError::Conflict(format!("address {} already in use", leg.address)));
        }
        self.container(container)?.on.push(leg.clone());
        Ok(())
    }

    pub fn observe(&self, run: &str) -> Observation {
        let networks = self.networks.iter().filter(|(_, link)| link.labels.run == run);
        let containers = self.containers.values().filter(|found| found.labels.run == run);
        Observation {
            networks: networks
                .map(|(name, link)| Network {
                    name: name.clone(),
                    id: name.clone(),
                    zone: link.labels.name.clone(),
                    range: link.labels.range,
                })
                .collect(),
            containers: containers
                .map(|found| Container {
                    id: found.id.clone(),
                    name: found.plan.name.clone(),
                    host: found.labels.name.clone(),
                    range: found.labels.range,
                    plan: found.labels.plan.clone(),
                    state: found.state.clone(),
                })
                .collect(),
        }
    }
}
