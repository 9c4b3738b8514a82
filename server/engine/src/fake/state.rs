//! What the fake remembers.

use std::collections::BTreeMap;

use rampart_domain::plan::{HostPlan, Leg, NetworkPlan};

use super::{Fault, Script};
use crate::{
    Container, Disk, EngineError, Happening, HostFacts, ImageInfo, Labels, Life, LogLine, Network,
    Observation, State, archive, images,
};

/// Accounts of every image: root, and those that the shipped replicas have.
const ACCOUNTS: &str =
    "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\ndoc:x:900:900::/var/lib/doc:/bin/sh\n";

pub(super) struct Link {
    pub plan: NetworkPlan,
    pub labels: Labels,
    pub house: Option<String>,
}

pub(super) struct Made {
    pub id: String,
    pub plan: HostPlan,
    pub labels: Labels,
    pub house: Option<String>,
    pub state: State,
    pub on: Vec<Leg>,
    pub files: BTreeMap<String, archive::File>,
    pub lines: Vec<LogLine>,
    /// What it has written beside its image, bytes.
    pub written: u64,
}

#[derive(Default)]
pub(super) struct Inner {
    pub images: BTreeMap<String, ImageInfo>,
    /// Older builds, which have lost their name to a newer one.
    pub unnamed: Vec<ImageInfo>,
    pub networks: BTreeMap<String, Link>,
    pub containers: BTreeMap<String, Made>,
    pub faults: Vec<Fault>,
    pub script: Option<Script>,
    pub host: HostFacts,
    /// Installation that objects are made for.
    pub house: Option<String>,
    /// Memory of the host, bytes.
    pub memory: u64,
    /// Its disk, where it can be seen.
    pub disk: Option<Disk>,
    pub calls: Vec<String>,
    pub shells: usize,
    pub pipes: usize,
    /// Whether the wall on the host stands.
    pub wall: bool,
    /// Whether it is another machine's.
    pub elsewhere: bool,
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

    /// Gives a name to an image; who had it becomes an older build.
    pub fn name_image(&mut self, name: &str, info: ImageInfo) {
        if let Some(old) = self.images.insert(name.to_owned(), info.clone())
            && old.id != info.id
        {
            self.unnamed.push(old);
        }
    }

    /// Images as the real engine writes them, without their layers.
    pub fn export(&self, names: &[String]) -> Result<Vec<u8>, EngineError> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut list = Vec::new();
        for name in names {
            let image = self.images.get(name).ok_or_else(|| EngineError::NotFound(name.clone()))?;
            let config = format!("{}.json", image.id.trim_start_matches("sha256:"));
            let text =
                serde_json::json!({ "hash": image.hash, "size": image.size, "created": image.created_ms });
            append(&mut tar, &config, text.to_string().as_bytes())?;
            list.push(serde_json::json!({ "Config": config, "RepoTags": [name], "Layers": [] }));
        }
        append(&mut tar, "manifest.json", serde_json::Value::from(list).to_string().as_bytes())?;
        tar.into_inner().map_err(|error| EngineError::Io(error.to_string()))
    }

    /// Takes what [`Inner::export`] wrote, all of it or nothing.
    pub fn load(&mut self, tar: &[u8]) -> Result<(), EngineError> {
        let refused = || EngineError::Refused("invalid tar header".into());
        let files: BTreeMap<String, Vec<u8>> = archive::unpack(tar)
            .map_err(|_| refused())?
            .into_iter()
            .map(|file| (file.path.trim_start_matches('/').to_owned(), file.content))
            .collect();
        let read = |path: &str| -> Result<serde_json::Value, EngineError> {
            files.get(path).and_then(|text| serde_json::from_slice(text).ok()).ok_or_else(refused)
        };
        let mut found = Vec::new();
        for image in read("manifest.json")?.as_array().ok_or_else(refused)? {
            let path = image["Config"].as_str().ok_or_else(refused)?;
            let config = read(path)?;
            let info = ImageInfo {
                id: format!("sha256:{}", path.trim_end_matches(".json")),
                hash: config["hash"].as_str().map(str::to_owned),
                size: config["size"].as_u64().unwrap_or(0),
                created_ms: config["created"].as_i64().unwrap_or(0),
                labels: BTreeMap::new(),
            };
            for name in image["RepoTags"].as_array().into_iter().flatten() {
                found.push((name.as_str().ok_or_else(refused)?.to_owned(), info.clone()));
            }
        }
        for (name, info) in found {
            self.name_image(&name, info);
        }
        Ok(())
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
            house: self.house.clone(),
            state: State::Created,
            on: Vec::new(),
            files: ["passwd", "group"]
                .map(|name| {
                    let path = format!("/etc/{name}");
                    (path.clone(), archive::File::of_root(&path, 0o644, ACCOUNTS))
                })
                .into(),
            lines: Vec::new(),
            written: 0,
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
                    plan: link.labels.plan.clone(),
                    range: link.labels.range,
                    epoch: link.labels.epoch,
                })
                .collect(),
            containers: containers
                .map(|found| Container {
                    id: found.id.clone(),
                    name: found.plan.name.clone(),
                    host: found.labels.name.clone(),
                    range: found.labels.range,
                    plan: found.labels.plan.clone(),
                    epoch: found.labels.epoch,
                    state: found.state.clone(),
                })
                .collect(),
        }
    }
}

fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8]) -> Result<(), EngineError> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, path, content).map_err(|error| EngineError::Io(error.to_string()))
}
