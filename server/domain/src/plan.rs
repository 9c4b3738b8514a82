//! A plan: everything that a launch will make, as a value. Making it is pure, so it can be printed, compared and tested
//! without an engine; the engine only carries it out.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::scenario::{PlantWhat, Ready, Resources, Role, Telemetry};
use scoreboard::Side;

mod gateway;
mod make;
mod needs;
mod print;
mod probes;

pub use gateway::{
    CLOSE, COUNTERS, Count, Counted, Counter, Counters, FIREWALL, HAND_BACK, NAMES, SETTINGS, counters,
    hand_back, read_counters, read_forged,
};
pub use make::{MOST_PAIRS, PlanError, make, short_run, subnets_needed};
pub use needs::{ImageNeeds, LABEL_CAPABILITIES, LABEL_READONLY, LABEL_TMPFS};
pub use print::print;

/// Label on every object on the engine: the run's id.
pub const LABEL_RUN: &str = "rampart.run";
/// Label: number of the range.
pub const LABEL_RANGE: &str = "rampart.range";
/// Label: host or zone id of the scenario.
pub const LABEL_NAME: &str = "rampart.name";
/// Label: hash of the plan that the object was made by.
pub const LABEL_PLAN: &str = "rampart.plan";
/// Label: which placement of the run the object belongs to; higher is newer, and without it is 0.
pub const LABEL_EPOCH: &str = "rampart.epoch";
/// Label: the installation that made the object, see `Engine::mark`.
pub const LABEL_HOUSE: &str = "rampart.house";
/// Prefix of the engine's network and bridge names; the host's guard goes by it.
pub const BRIDGE_PREFIX: &str = "rmp";

/// Size of a folder in memory, bytes; it counts as memory of its host.
pub const TMPFS_BYTES: u64 = 16 << 20;

/// A network to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPlan {
    /// Name on the engine, unique, at most 15 characters as it is the bridge's interface name too.
    pub name: String,
    /// Zone id.
    pub zone: String,
    /// Subnet.
    pub subnet: Ipv4Net,
    /// Address that hosts have as their default route; the gateway container adds it itself.
    pub router: Ipv4Addr,
    /// The gateway container's own address.
    pub gateway: Ipv4Addr,
}

/// A leg of a host in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Network name on the engine.
    pub network: String,
    /// Zone id.
    pub zone: String,
    /// Address.
    pub address: Ipv4Addr,
    /// Address that the other zones see in its place, where the zone has `nat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Ipv4Addr>,
}

/// A file written before the container starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    /// Absolute path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Content. Holds no secret; secrets are plants.
    pub content: String,
}

/// A container to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostPlan {
    /// Name on the engine.
    pub name: String,
    /// Host id of the scenario, also its host name.
    pub host: String,
    /// Image reference.
    pub image: String,
    /// Role.
    pub role: Role,
    /// Side, for workstations.
    pub side: Option<Side>,
    /// Legs; the first one is the one it is created with.
    pub legs: Vec<Leg>,
    /// Server that answers its DNS questions: the gateway's address in its first zone.
    pub dns: Ipv4Addr,
    /// Capabilities, policy already applied.
    pub capabilities: Vec<String>,
    /// Nothing of its root can be written; its files lie in volumes of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Folders in memory, [`TMPFS_BYTES`] each, empty at each start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tmpfs: Vec<String>,
    /// Limits.
    pub resources: Resources,
    /// Readiness.
    pub ready: Option<Ready>,
    /// What its standard output carries.
    pub telemetry: Option<Telemetry>,
    /// Command that replaces the image's own.
    pub command: Option<Vec<String>>,
    /// True for the gateway: `net.ipv4.ip_forward`.
    pub forwards: bool,
    /// Files without secrets, written before the start.
    pub files: Vec<FilePlan>,
    /// Things with secrets; texts still hold `{flag:ID}` and `{password:ID}`.
    pub plants: Vec<PlantWhat>,
    /// System log-ins whose password is derived: (login, account id).
    pub logins: Vec<(String, String)>,
}

impl HostPlan {
    /// Folders of its files.
    pub fn file_folders(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.rsplit_once('/').map_or("/", |(folder, _)| folder))
    }
}

/// A probe of the walls or of the rules, run inside the range after launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbePlan {
    /// What it proves: `host`, `engine`, `other_team`, `outside`, `denied`, `allowed`.
    pub what: String,
    /// Host id that tries.
    pub from: String,
    /// Address tried; `None` for those known only at run time (the host's own addresses).
    pub address: Option<Ipv4Addr>,
    /// TCP port tried.
    pub port: u16,
    /// True when a connection must succeed.
    pub reachable: bool,
}

/// One range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangePlan {
    /// Number, from 1.
    pub range: u16,
    /// Networks, in the order of the zones.
    pub networks: Vec<NetworkPlan>,
    /// Containers, gateway first.
    pub hosts: Vec<HostPlan>,
    /// Probes of the rules between zones and of the walls.
    pub probes: Vec<ProbePlan>,
}

impl RangePlan {
    /// Host by id.
    #[must_use]
    pub fn host(&self, id: &str) -> Option<&HostPlan> {
        self.hosts.iter().find(|host| host.host == id)
    }

    /// Host that has this address, or is seen under it.
    #[must_use]
    pub fn host_at(&self, address: Ipv4Addr) -> Option<&HostPlan> {
        let is = |leg: &Leg| leg.address == address || leg.outside == Some(address);
        self.hosts.iter().find(|host| host.legs.iter().any(is))
    }
}

/// Everything that a launch makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Run id: the exercise's id.
    pub run: String,
    /// Scenario id.
    pub scenario: String,
    /// Ranges.
    pub ranges: Vec<RangePlan>,
    /// SHA-256, hex, over the compact JSON of this plan with an empty hash; fields in the order of the types.
    pub hash: String,
}
