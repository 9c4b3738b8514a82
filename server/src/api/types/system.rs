//! Scenarios, images, engine, store.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Reason;

/// A fault of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScenarioFault {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Kind of fault.
    pub code: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A scenario of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scenario {
    /// Id.
    pub id: String,
    /// Version; null while it has faults.
    pub version: Option<u32>,
    /// Title in the caller's language.
    pub title: String,
    /// Planned length, ms.
    pub duration_ms: Option<i64>,
    /// All faults at once; empty when it can be used.
    pub faults: Vec<ScenarioFault>,
}

/// An image that ranges are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// Name.
    pub name: String,
    /// `missing`, `old` or `current`.
    pub presence: String,
    /// Size on the engine, bytes.
    pub size: u64,
    /// When it was built.
    pub built_ms: Option<i64>,
    /// It has a folder here, and can be built.
    pub ours: bool,
}

/// Images to build.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildWish {
    /// Names; empty for all that are missing or old.
    #[serde(default)]
    pub images: Vec<String>,
    /// Whether it is needed or not.
    #[serde(default)]
    pub anew: bool,
}

/// The machine that ranges run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Engine {
    /// It answers.
    pub reachable: bool,
    /// Its version.
    pub version: String,
    /// Where it is asked.
    pub address: String,
    /// The wall on its host stands; null where it cannot be asked.
    pub guard: Option<bool>,
}

/// The system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Version of Rampart.
    pub version: String,
    /// Since when it runs.
    pub started_ms: i64,
    /// Engine.
    pub engine: Engine,
    /// `sqlite` or `postgres`.
    pub store: String,
    /// Size of the store's file, bytes, where it is one.
    pub store_bytes: Option<u64>,
    /// Images are being built.
    pub building: bool,
    /// Exercises that could not be taken up: code and why.
    pub shut: Vec<Shut>,
}

/// An exercise that could not be taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shut {
    /// Id.
    pub id: String,
    /// Session code.
    pub code: String,
    /// Why.
    pub why: Reason,
}

/// A run on the engine that no exercise knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stray {
    /// Run id.
    pub run: String,
    /// `ours`, `other` or `unknown`.
    pub whose: String,
    /// Containers.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
}

/// A machine with an engine that ranges stand on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Where its engine is asked.
    pub address: String,
    /// `answers`, `silent`, or `fenced` while what was given up is removed from it.
    pub state: String,
    /// Last answer.
    pub heard_ms: i64,
    /// Version of its engine; null before its first answer.
    pub version: Option<String>,
    /// Memory, bytes, where it is known.
    pub memory: Option<u64>,
    /// Memory that is not in use, bytes, where it can be seen.
    pub available: Option<u64>,
    /// Processors.
    pub cpus: Option<u32>,
    /// Free bytes on the engine's disk, where they can be seen.
    pub disk_free: Option<u64>,
    /// Size of that disk, bytes.
    pub disk_size: Option<u64>,
    /// Containers of ranges on it.
    pub containers: Option<u64>,
    /// Exercises whose ranges stand on it, ids.
    pub exercises: Vec<String>,
}

/// An account of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Id.
    pub id: String,
    /// Log-in name.
    pub login: String,
    /// Name.
    pub name: String,
    /// `administrator`, `instructor` or `officer`.
    pub role: String,
    /// The password has to be changed before anything else.
    pub must_change: bool,
    /// It may not log in.
    pub disabled: bool,
    /// When it was made.
    pub created_ms: i64,
}

/// A new account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Log-in name, unique.
    #[schema(example = "chen.yt")]
    pub login: String,
    /// Name.
    pub name: String,
    /// `administrator`, `instructor` or `officer`.
    pub role: String,
}

/// Another role.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleWish {
    /// `administrator`, `instructor` or `officer`.
    pub role: String,
}

/// A password, shown this once. It works once and has to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuedPassword {
    /// Log-in name.
    pub login: String,
    /// Password.
    pub password: String,
}
