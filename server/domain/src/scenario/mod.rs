//! A scenario: one file that says everything about an exercise's range and its scoring.
//!
//! [`parse`] turns the text into a [`Scenario`] or into every fault at once, each with line and column. The types here
//! hold only what was validated: ids are unique, references resolve, durations are in milliseconds.

mod build;
mod bundle;
mod check;
mod fault;
mod parse;
mod refs;
mod rules;
mod scalars;
mod schema;
mod shape;
mod tree;
mod weights;

use std::collections::BTreeMap;

use scoreboard::Side;
use serde::{Deserialize, Serialize};

pub use bundle::{BRIEFS, SCENARIO_FILE};
pub use fault::Fault;
pub use parse::parse;
pub use schema::json_schema;
pub use weights::{WEIGHTS, Weighted, share};

/// A text in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Words {
    /// Traditional Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// How hard a scenario is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// First exercises.
    Basic,
    /// Some experience.
    Intermediate,
    /// For teams that do this for a living.
    Advanced,
}

/// What the hours of this exercise count as (domain of the training portal).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Course {
    /// 522 general or 523 professional.
    pub code: String,
    /// 策略面, 管理面 or 技術面.
    pub aspect: String,
    /// Planned hours.
    pub hours: u32,
    /// Topic.
    pub topic: String,
}

/// A network segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// Who starts here, if anyone.
    pub start: Option<Side>,
    /// Its hosts appear to the other zones under addresses outside of the range, each under its own.
    pub nat: bool,
}

/// End of an allow rule: a whole zone, or one host in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// Zone id.
    pub zone: String,
    /// Host id; `None` is the whole zone.
    pub host: Option<String>,
}

/// Transport protocol of an allow rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP echo; has no ports.
    Icmp,
}

/// What the gateway lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allow {
    /// Who opens.
    pub from: End,
    /// To whom.
    pub to: End,
    /// Protocol.
    pub proto: Proto,
    /// Destination ports.
    pub ports: Vec<u16>,
}

/// What a host is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Routes and filters between the zones; exactly one a range; stands in every zone.
    Gateway,
    /// A replica that is attacked.
    Target,
    /// A seat's machine.
    Workstation,
    /// Benign users and probes live here.
    User,
}

/// Limits of one container.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Memory, bytes.
    pub memory: u64,
    /// Memory that it uses as a rule, bytes; 0 where the scenario does not say. See [`Resources::typical`].
    #[serde(default)]
    pub typical: u64,
    /// Processors, in thousandths.
    pub milli_cpus: u32,
    /// Processes and threads.
    pub pids: u32,
    /// What it may write beside its image, bytes; 0 where the scenario does not say. See [`Resources::disk`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub disk: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a host may write where the scenario does not say, bytes.
const DISK_DEFAULT: u64 = 2 << 30;

impl Resources {
    /// What it may write beside its image, bytes: 2 GiB where the scenario does not say.
    #[must_use]
    pub fn disk(&self) -> u64 {
        if self.disk == 0 { DISK_DEFAULT } else { self.disk }
    }

    /// Memory that it uses as a rule, bytes: its limit where the scenario does not say.
    #[must_use]
    pub fn typical(&self) -> u64 {
        if self.typical == 0 { self.memory } else { self.typical.min(self.memory) }
    }
}

/// How a host shows that it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Command run inside the host; exit code 0 is ready.
    pub command: Vec<String>,
    /// How long it may take, ms.
    pub within_ms: i64,
}

/// What the standard output of a host carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Telemetry {
    /// JSON lines of a web access log.
    Web,
    /// JSON lines of flows.
    Flow,
}

/// Whether a team may have one of its hosts made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResetRule {
    /// Only staff may.
    Never,
    /// For so many points.
    Costs(i64),
}

/// One machine of the range.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Host {
    /// Id, also its host name.
    pub id: String,
    /// Image name, a folder of `images/`.
    pub image: String,
    /// Role.
    pub role: Role,
    /// Side, for workstations.
    pub side: Option<Side>,
    /// Title.
    pub title: Words,
    /// Zones it stands in, with its host number there. Empty for the gateway, which stands in all of them.
    pub at: Vec<(String, u8)>,
    /// Further names in the range's DNS.
    pub names: Vec<String>,
    /// Capabilities asked for.
    pub capabilities: Vec<String>,
    /// Limits.
    pub resources: Resources,
    /// Readiness; `None`: running is ready.
    pub ready: Option<Ready>,
    /// What its standard output carries, if anything.
    pub telemetry: Option<Telemetry>,
    /// Command that replaces the image's own.
    pub command: Option<Vec<String>>,
    /// Whether its team may have it made anew; `None`: as the scoring says.
    pub reset: Option<ResetRule>,
    /// Workstations: its seats have a screen, too.
    pub desktop: bool,
}

impl Host {
    /// True when a side may call the host its own: blue the targets, each side its workstation.
    #[must_use]
    pub fn is_of(&self, side: Side) -> bool {
        match self.role {
            Role::Target => side == Side::Blue,
            Role::Workstation => self.side == Some(side),
            Role::Gateway | Role::User => false,
        }
    }
}

/// True when policy lets a container of this role have a capability, named without `CAP_`.
#[must_use]
pub fn may_have(role: Role, capability: &str) -> bool {
    shape::CAPABILITIES.contains(&capability) && (role == Role::Gateway || capability != GATEWAY_ONLY)
}

/// The capability that only the gateway may have.
const GATEWAY_ONLY: &str = "NET_ADMIN";

/// A derived secret, and a log-in where it is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Id; the secret is named by it.
    pub id: String,
    /// Side that is told; `None`: nobody is.
    pub side: Option<Side>,
    /// Host of the log-in.
    pub host: Option<String>,
    /// System log-in name.
    pub login: Option<String>,
    /// Title.
    pub title: Words,
}

/// Something put into a host before it is called ready. Texts hold `{flag:ID}` and `{password:ID}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plant {
    /// Host.
    pub host: String,
    /// What.
    pub what: PlantWhat,
}

/// What is planted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlantWhat {
    /// A file.
    File {
        /// Absolute path.
        path: String,
        /// Owner, a user name of the image.
        owner: String,
        /// Permission bits.
        mode: u32,
        /// Content.
        content: String,
    },
    /// A database row, written by the host's own client as root with the statement on standard input.
    Row {
        /// `mariadb`.
        engine: String,
        /// Database.
        database: String,
        /// Statement.
        statement: String,
        /// Query whose answer must hold the planted secret afterwards.
        verify: String,
    },
}

/// A hint with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// Id.
    pub id: String,
    /// Points it costs the team, once.
    pub price: i64,
    /// Text.
    pub text: Words,
}

/// What red is to reach; its flag has the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Objective {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// What red is told.
    pub brief: Words,
    /// Host.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// Points.
    pub points: i64,
    /// Wrong answers allowed.
    pub attempts: u32,
    /// Objectives to capture first.
    pub requires: Vec<String>,
    /// Hints.
    pub hints: Vec<Hint>,
    /// How it loses value for teams that come later; `None`: it does not.
    pub decay: Option<Decay>,
    /// What the first team of the exercise gets on top.
    pub first: i64,
}

/// How an objective loses value for those who take it later. What a team was given stays as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "by")]
pub enum Decay {
    /// Falls evenly with each team that has it.
    Captures {
        /// Least value.
        least: i64,
        /// Captures after which it has fallen to that.
        steps: u32,
    },
    /// Falls evenly with the exercise clock.
    Time {
        /// Least value.
        least: i64,
        /// When it has fallen to that, ms.
        until_ms: i64,
    },
    /// What lies above the least value is divided by one more than the number of teams that have it.
    Harmonic {
        /// Least value.
        least: i64,
    },
}

impl Objective {
    /// What it is worth to a team when `others` other teams have it and the exercise clock stands at `clock_ms`. Whole
    /// points, rounded down, never more than its points and never less than its least value.
    #[must_use]
    pub fn worth(&self, others: u32, clock_ms: i64) -> i64 {
        let (least, share) = match self.decay {
            None => return self.points,
            Some(Decay::Captures { least, steps }) => {
                let (steps, others) = (i128::from(steps.max(1)), i128::from(others));
                (least, (steps - others.min(steps), steps))
            }
            Some(Decay::Time { least, until_ms }) => {
                let until = i128::from(until_ms.max(1));
                (least, (until - i128::from(clock_ms).clamp(0, until), until))
            }
            Some(Decay::Harmonic { least }) => (least, (1, i128::from(others) + 1)),
        };
        let above = i128::from(self.points - least) * share.0 / share.1;
        least + i64::try_from(above).unwrap_or(0)
    }

    /// Least value.
    #[must_use]
    pub fn least(&self) -> i64 {
        match self.decay {
            None => self.points,
            Some(Decay::Captures { least, .. } | Decay::Time { least, .. } | Decay::Harmonic { least }) => {
                least
            }
        }
    }
}

/// One kind of record by which an action is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Host whose record it is.
    pub source: String,
    /// Kind of record.
    pub kind: Telemetry,
    /// Field to match, for web records: `uri`, `agent`.
    pub field: Option<String>,
    /// Regular expression for the field.
    pub matches: Option<String>,
    /// Host whose address is the source.
    pub from: Option<String>,
    /// Host whose address is the destination (flows).
    pub to: Option<String>,
    /// Destination port (flows).
    pub port: Option<u16>,
    /// Answer code (web).
    pub status: Option<u16>,
}

/// What red can do, and how the platform knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// ATT&CK id.
    pub technique: String,
    /// Host it is done to.
    pub host: String,
    /// All evidence must lie within this time, ms.
    pub within_ms: i64,
    /// All of these must be seen; at least one comes from the gateway.
    pub evidence: Vec<Evidence>,
    /// What it costs blue once it was done; 0: nothing.
    pub cost: i64,
}

/// What blue earns for reporting an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// Id.
    pub id: String,
    /// Action.
    pub action: String,
    /// Points.
    pub points: i64,
    /// Full value up to this time after the act, ms on the exercise clock.
    pub full_ms: i64,
    /// Falls to 40 % at this time, nothing after it, ms on the exercise clock.
    pub window_ms: i64,
    /// What red gets when nobody reported it within the window; 0: nothing.
    pub stealth: i64,
}

/// What a judge marks in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criterion {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// Most points of one report.
    pub points: i64,
}

/// Rules of incident reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportRules {
    /// Wrong reports an hour that cost nothing.
    pub free_false: u32,
    /// What each further one costs.
    pub false_cost: i64,
    /// How far the reported time may lie from the act, ms.
    pub tolerance_ms: i64,
    /// What a judge marks; empty: reports are not marked.
    pub criteria: Vec<Criterion>,
    /// Most that a team's marked reports bring together.
    pub points: i64,
}

/// An availability check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// Host checked.
    pub host: String,
    /// Host that the script runs in.
    pub from: String,
    /// Interval, ms.
    pub every_ms: i64,
    /// Time limit, ms.
    pub timeout_ms: i64,
    /// Share among the checks.
    pub weight: u32,
    /// Script, a path below the scenario's folder.
    pub script: String,
}

/// The attack itself, run by the platform. Exit code 0: it still works; 1: it fails; else unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retest {
    /// Host that the script runs in.
    pub from: String,
    /// Script, a path below the scenario's folder.
    pub script: String,
    /// Time limit, ms.
    pub timeout_ms: i64,
}

/// A hole that blue can close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Id.
    pub id: String,
    /// Title.
    pub title: Words,
    /// Host.
    pub host: String,
    /// Action that the repair makes impossible.
    pub action: String,
    /// Checks that must pass afterwards.
    pub checks: Vec<String>,
    /// Retest.
    pub retest: Retest,
    /// Points.
    pub points: i64,
    /// Full value up to this time on the exercise clock, ms.
    pub full_ms: i64,
    /// Falls to 40 % here, nothing after it, ms.
    pub window_ms: i64,
}

/// Benign traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Id.
    pub id: String,
    /// Host that the script runs in.
    pub host: String,
    /// Interval, ms.
    pub every_ms: i64,
    /// Script, a path below the scenario's folder.
    pub script: String,
}

/// A validated scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// Id, the name of its folder.
    pub id: String,
    /// Version.
    pub version: u32,
    /// Title.
    pub title: Words,
    /// Summary.
    pub summary: Words,
    /// Difficulty.
    pub difficulty: Difficulty,
    /// Planned length, ms.
    pub duration_ms: i64,
    /// Course facts.
    pub course: Course,
    /// ATT&CK ids touched.
    pub attack: Vec<String>,
    /// Zones, in the order of the file.
    pub zones: Vec<Zone>,
    /// Allow rules.
    pub allow: Vec<Allow>,
    /// Hosts; exactly one gateway.
    pub hosts: Vec<Host>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Plants.
    pub plants: Vec<Plant>,
    /// Objectives.
    pub objectives: Vec<Objective>,
    /// Actions.
    pub actions: Vec<Action>,
    /// Detections.
    pub detections: Vec<Detection>,
    /// Report rules.
    pub reports: ReportRules,
    /// Checks.
    pub checks: Vec<Check>,
    /// Repairs.
    pub repairs: Vec<Repair>,
    /// Benign users.
    pub users: Vec<User>,
    /// Points for a full run without outage.
    pub availability_points: i64,
    /// Whether teams may have hosts made anew, where the host itself says nothing.
    pub reset: ResetRule,
    /// Blue wins back at most this share of what an act of red cost, percent.
    pub recovery: i64,
    /// An objective taken sooner than this after red's first act is shown to staff as odd, ms.
    pub soonest_ms: i64,
    /// What blue can have in all, shared by weights; `None`: the parts say their own points.
    pub blue: Option<Weighted>,
}

impl Scenario {
    /// Host by id.
    #[must_use]
    pub fn host(&self, id: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.id == id)
    }

    /// Objective by id.
    #[must_use]
    pub fn objective(&self, id: &str) -> Option<&Objective> {
        self.objectives.iter().find(|objective| objective.id == id)
    }

    /// The workstation of a side.
    #[must_use]
    pub fn workstation(&self, side: Side) -> Option<&Host> {
        self.hosts.iter().find(|host| host.role == Role::Workstation && host.side == Some(side))
    }

    /// Points that a team of a side pays to have a host made anew; `None` when it may not.
    #[must_use]
    pub fn reset_price(&self, side: Side, host: &str) -> Option<i64> {
        let host = self.host(host).filter(|host| host.is_of(side))?;
        match host.reset.unwrap_or(self.reset) {
            ResetRule::Costs(points) => Some(points),
            ResetRule::Never => None,
        }
    }

    /// Most points that a team of a side can have.
    #[must_use]
    pub fn max_points(&self, side: Side) -> i64 {
        match side {
            Side::Red => {
                let flags = self.objectives.iter().map(|objective| objective.points + objective.first);
                flags.sum::<i64>() + self.detections.iter().map(|detection| detection.stealth).sum::<i64>()
            }
            Side::Blue => self.blue_parts().into_iter().sum(),
        }
    }

    /// What blue can have of each part: availability, detection, response, reports.
    #[must_use]
    pub fn blue_parts(&self) -> [i64; 4] {
        [
            self.availability_points,
            self.detections.iter().map(|detection| detection.points).sum(),
            self.repairs.iter().map(|repair| repair.points).sum(),
            self.reports.points,
        ]
    }

    /// Action by id.
    #[must_use]
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// Paths of the scripts it names, below its folder.
    #[must_use]
    pub fn scripts(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = self
            .checks
            .iter()
            .map(|check| check.script.as_str())
            .chain(self.repairs.iter().map(|repair| repair.retest.script.as_str()))
            .chain(self.users.iter().map(|user| user.script.as_str()))
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}

/// A scenario with the files that stand beside it, as one value: what an exercise is made from and keeps a copy of.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The scenario.
    pub scenario: Scenario,
    /// Text of `scenario.yaml`.
    pub source: String,
    /// Other files by path below the folder: briefs, scripts.
    pub files: BTreeMap<String, String>,
}
