//! When exercises are built, desktops, boards and their history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BoardLine, BoardPoint, BoardTeam, Clock, Reason};

/// A planned launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduledLaunch {
    /// When the ranges are built.
    pub at_ms: i64,
    /// Account that planned it.
    pub by: Option<String>,
    /// The time has passed and the planned end, too: it is not carried out any more.
    pub missed: bool,
}

/// A launch that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuedLaunch {
    /// Place, from 1.
    pub place: i64,
    /// How many wait.
    pub of: i64,
    /// When it was asked for.
    pub asked_ms: i64,
    /// What it waits for.
    pub why: Reason,
}

/// Who holds memory of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapacityHolder {
    /// Session code.
    pub code: String,
    /// Bytes.
    pub memory: u64,
}

/// What a launch needs and what there is for it. Sizes in bytes; null while they are not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Capacity {
    /// `now`, `later` (it waits), `never` or `unknown`.
    pub fit: String,
    /// Containers.
    pub containers: u64,
    /// Networks, each with a subnet.
    pub subnets: u64,
    /// Memory used as a rule.
    pub memory: u64,
    /// Memory used at most.
    pub memory_most: u64,
    /// Processors used at most, in thousandths.
    pub milli_cpus: u64,
    /// Disk used as a rule, beside the images.
    pub disk: u64,
    /// Disk used at most.
    pub disk_most: u64,
    /// Memory that the machine has for ranges.
    pub memory_room: Option<u64>,
    /// Disk that may be taken.
    pub disk_room: Option<u64>,
    /// Most pairs that fit on the empty machine.
    pub most_pairs: Option<u16>,
    /// Who holds memory of it.
    pub holders: Vec<CapacityHolder>,
}

/// When ranges are built and until when they live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// Planned start.
    pub starts_ms: i64,
    /// Planned end.
    pub ends_ms: i64,
    /// When the ranges are to be built; null where nothing is planned.
    pub launch: Option<ScheduledLaunch>,
    /// Nothing was built yet: a time for it can be planned.
    pub plannable: bool,
    /// Until when the ranges may live.
    pub deadline_ms: i64,
    /// Account that chose the deadline; null where it follows from the planned end.
    pub deadline_by: Option<String>,
    /// The ranges stand or are being built: the deadline counts.
    pub deadline_counts: bool,
    /// Its place among launches that wait; null where it does not.
    pub queued: Option<QueuedLaunch>,
    /// What it needs and what there is.
    pub capacity: Capacity,
}

/// A desktop that its seat looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenDesktop {
    /// Seat id.
    pub id: String,
    /// Team id.
    pub team: String,
    /// Seat as it is called.
    pub seat: String,
    /// Name of the person.
    pub name: String,
    /// How many look on.
    pub watching: u32,
}

/// An exercise with a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardRow {
    /// Id of the exercise.
    pub exercise: String,
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Status.
    pub status: String,
    /// The board stands still.
    pub frozen: bool,
}

/// One change of a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardMoment {
    /// Ledger position.
    pub seq: u64,
    /// When.
    pub at_ms: i64,
    /// Time on the exercise clock, ms.
    pub clock_ms: i64,
    /// Status, where it is another one than before.
    pub status: Option<String>,
    /// Clock, where it was started or stopped.
    pub clock: Option<Clock>,
    /// Lines of the rank lists that are new or different.
    #[serde(default)]
    pub rows: Vec<BoardTeam>,
    /// New points of the series, by team id.
    #[serde(default)]
    pub series: BTreeMap<String, Vec<BoardPoint>>,
    /// New lines of the ticker, newest first.
    #[serde(default)]
    pub ticker: Vec<BoardLine>,
}

/// The changes of a board from the first team on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardHistory {
    /// Ledger position that it leads to.
    pub seq: u64,
    /// True when it ends where the board was frozen.
    pub frozen: bool,
    /// Changes, in order.
    pub moments: Vec<BoardMoment>,
}
