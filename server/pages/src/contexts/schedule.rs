//! When ranges are built, until when they live, and whether they fit.

use scoreboard::Reason;
use serde::Serialize;

use super::common::*;

/// What a launch needs and what there is for it. Sizes are texts such as `14.2 GiB`.
#[derive(Debug, Clone, Serialize)]
pub struct CapacityView {
    /// Pairs asked about.
    pub pairs: i64,
    /// Containers.
    pub containers: i64,
    /// Networks, each with a subnet.
    pub subnets: i64,
    /// Memory used as a rule.
    pub memory: String,
    /// Memory used at most.
    pub memory_most: String,
    /// Processors used at most, in thousandths.
    pub milli_cpus: i64,
    /// Disk used as a rule, beside the images.
    pub disk: String,
    /// Disk used at most.
    pub disk_most: String,
    /// Memory that the machine has for ranges; `None` while it is not known.
    pub room: Option<String>,
    /// Memory of it that is held.
    pub held: String,
    /// Who holds it: session code and memory.
    pub holders: Vec<(String, String)>,
    /// Processors of the machine; 0 while they are not known.
    pub cpus: i64,
    /// Disk that may be taken.
    pub disk_room: Option<String>,
    /// Most pairs that fit on the empty machine.
    pub most: Option<i64>,
    /// The worst case is more than the machine has.
    pub tight: bool,
    /// It fits: `now`, `later` (it waits), `never`, `unknown`.
    pub fit: String,
}

/// A launch that waits.
#[derive(Debug, Clone, Serialize)]
pub struct QueueView {
    /// Place, from 1.
    pub place: i64,
    /// How many wait.
    pub of: i64,
    /// What it waits for.
    pub why: Reason,
    /// When it was asked for, ms UTC.
    pub asked_ms: i64,
}

/// What was planned for an exercise.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleView {
    /// Planned start, ms UTC, and how long until then; `None` once it has passed.
    pub starts_ms: i64,
    /// Time until the planned start, ms; negative once it has passed.
    pub until_start_ms: i64,
    /// When the ranges are to be built, ms UTC.
    pub launch_ms: Option<i64>,
    /// Time until then, ms.
    pub until_launch_ms: i64,
    /// That time has passed and nothing was built.
    pub missed: bool,
    /// Until when the ranges may live, ms UTC.
    pub deadline_ms: i64,
    /// Time until then, ms.
    pub left_ms: i64,
    /// Staff has chosen the deadline.
    pub moved: bool,
    /// The ranges stand or are being built: the deadline counts.
    pub counts: bool,
    /// Nothing was built yet: a time for it can be planned.
    pub plannable: bool,
}

impl CapacityView {
    pub(crate) fn sample(fit: &str) -> Self {
        Self {
            pairs: 3,
            containers: 18,
            subnets: 9,
            memory: "1.3 GiB".into(),
            memory_most: "5.0 GiB".into(),
            milli_cpus: 12_750,
            disk: "1.7 GiB".into(),
            disk_most: "36.0 GiB".into(),
            room: Some("15.0 GiB".into()),
            held: "2.1 GiB".into(),
            holders: vec![("S115-01".into(), "2.1 GiB".into())],
            cpus: 4,
            disk_room: Some("48.0 GiB".into()),
            most: Some(34),
            tight: fit != "now",
            fit: fit.into(),
        }
    }
}

impl ScheduleView {
    pub(crate) fn sample() -> Self {
        Self {
            starts_ms: SAMPLE_NOW_MS + 135 * MINUTE,
            until_start_ms: 135 * MINUTE,
            launch_ms: Some(SAMPLE_NOW_MS + 105 * MINUTE),
            until_launch_ms: 105 * MINUTE,
            missed: false,
            deadline_ms: SAMPLE_NOW_MS + 8 * HOUR,
            left_ms: 8 * HOUR,
            moved: false,
            counts: false,
            plannable: true,
        }
    }
}

/// `/exercises/{id}/schedule`. Forms: POST to the same path, `act` = `plan` with `at` (`YYYY-MM-DDTHH:MM`, Taipei),
/// `cancel`, or `extend` with `until`.
#[derive(Debug, Clone, Serialize)]
pub struct SchedulePage {
    /// The exercise.
    pub exercise: ExerciseHead,
    /// What was planned.
    pub schedule: ScheduleView,
    /// What a launch needs.
    pub capacity: CapacityView,
    /// The launch that waits.
    pub queued: Option<QueueView>,
    /// Time typed for the building.
    pub at: String,
    /// Time typed for the deadline.
    pub until: String,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
}

impl Page for SchedulePage {
    const TEMPLATE: &'static str = "control/schedule.html";
    fn samples() -> Vec<Self> {
        let base = Self {
            exercise: ExerciseHead::sample(ExerciseState::Draft),
            schedule: ScheduleView::sample(),
            capacity: CapacityView::sample("now"),
            queued: None,
            at: "2026-05-13T16:30".into(),
            until: "2026-05-13T19:30".into(),
            problems: vec![],
        };
        let args = [
            ("needs", "6.0 GiB".to_owned()),
            ("has", "3.0 GiB".to_owned()),
            ("held", "S115-01 9.0 GiB".to_owned()),
        ];
        vec![
            base.clone(),
            Self {
                schedule: ScheduleView { launch_ms: None, ..ScheduleView::sample() },
                capacity: CapacityView {
                    holders: vec![],
                    room: None,
                    disk_room: None,
                    most: None,
                    cpus: 0,
                    ..CapacityView::sample("unknown")
                },
                problems: vec![
                    Problem::new("time_passed").on("at"),
                    Problem::new("time_too_far").on("until"),
                ],
                ..base.clone()
            },
            Self {
                schedule: ScheduleView {
                    missed: true,
                    until_launch_ms: -HOUR,
                    until_start_ms: -HOUR,
                    ..ScheduleView::sample()
                },
                capacity: CapacityView::sample("never"),
                problems: vec![Problem::new("time_after_end").on("at")],
                ..base.clone()
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Provisioning),
                schedule: ScheduleView {
                    launch_ms: None,
                    plannable: false,
                    counts: true,
                    ..ScheduleView::sample()
                },
                capacity: CapacityView::sample("later"),
                queued: Some(QueueView {
                    place: 2,
                    of: 3,
                    why: Reason::new("queue.memory", args),
                    asked_ms: SAMPLE_NOW_MS - MINUTE,
                }),
                ..base.clone()
            },
            Self {
                exercise: ExerciseHead::sample(ExerciseState::Running),
                schedule: ScheduleView {
                    launch_ms: None,
                    plannable: false,
                    counts: true,
                    moved: true,
                    left_ms: 9 * MINUTE,
                    ..ScheduleView::sample()
                },
                ..base
            },
        ]
    }
}
