//! When ranges are built, until when they live, and whether they fit.

use rampart_app::Capacity;
use rampart_app::exercise::Exercise;
use rampart_domain::capacity::{Fit, bytes};
use rampart_pages::{CapacityView, QueueView, ScheduleView};
use scoreboard::{Fold, Status};

use super::count;

/// What a launch needs and what there is for it.
#[must_use]
pub fn capacity(of: &Capacity, pairs: u16) -> CapacityView {
    let node = of.node.unwrap_or_default();
    let (room, disk_room) = (node.room(), node.disk_room());
    let held: u64 = of.holders.iter().map(|(_, needs)| needs.memory).sum();
    let over = |most: u64, room: Option<u64>| room.is_some_and(|room| most > room);
    CapacityView {
        pairs: i64::from(pairs),
        containers: count(of.needs.containers),
        subnets: count(of.needs.subnets),
        memory: bytes(of.needs.memory),
        memory_most: bytes(of.needs.memory_most),
        milli_cpus: i64::try_from(of.needs.milli_cpus).unwrap_or(i64::MAX),
        disk: bytes(of.needs.disk),
        disk_most: bytes(of.needs.disk_most),
        room: room.map(bytes),
        held: bytes(held),
        holders: of.holders.iter().map(|(code, needs)| (code.clone(), bytes(needs.memory))).collect(),
        cpus: i64::from(node.cpus),
        disk_room: disk_room.map(bytes),
        most: of.most.map(i64::from),
        tight: over(of.needs.memory_most, room) || over(of.needs.disk_most, disk_room),
        fit: match (of.node, of.fit) {
            (None, _) => "unknown",
            (_, Fit::Now) => "now",
            (_, Fit::Later(_)) => "later",
            (_, Fit::Never(_)) => "never",
        }
        .to_owned(),
    }
}

/// A launch that waits.
#[must_use]
pub fn queued(exercise: &Exercise, fold: &Fold) -> Option<QueueView> {
    let queued = exercise.progress().borrow().queued.clone()?;
    Some(QueueView {
        place: count(queued.place),
        of: count(queued.of),
        why: queued.why,
        asked_ms: fold.asked_ms.unwrap_or_default(),
    })
}

/// What was planned.
#[must_use]
pub fn view(exercise: &Exercise, fold: &Fold, now_ms: i64) -> ScheduleView {
    let times = exercise.times();
    let launch_ms = times.launch.map(|(at_ms, _)| at_ms).filter(|_| fold.status == Status::Draft);
    ScheduleView {
        starts_ms: times.starts_ms,
        until_start_ms: times.starts_ms - now_ms,
        launch_ms,
        until_launch_ms: launch_ms.unwrap_or(now_ms) - now_ms,
        missed: launch_ms.is_some_and(|at_ms| at_ms <= now_ms) && now_ms >= times.ends_ms,
        deadline_ms: times.deadline_ms,
        left_ms: times.deadline_ms - now_ms,
        moved: times.deadline_by.is_some(),
        counts: !matches!(fold.status, Status::Draft | Status::Cleared),
        plannable: fold.status == Status::Draft,
    }
}
