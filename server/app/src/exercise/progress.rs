//! What goes on with the ranges of an exercise, beside its ledger: for the control room and for who waits.

use scoreboard::Reason;

/// A launch, a clearing or a freeze under way, for the control room.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Progress {
    /// What is going on: `queue`, `launch`, `clear`, `freeze`; empty when nothing is.
    pub what: String,
    /// Place in the queue, while it waits there.
    pub queued: Option<Queued>,
    /// Steps done, for each range: number, step (`networks`, `created`, `hosts`, `plants`, `ready`, `walls`), done, all.
    pub steps: Vec<Step>,
    /// Last line of an image build.
    pub line: Option<String>,
    /// What went wrong last, in the words of whatever failed.
    pub error: Option<String>,
    /// The same as a code with values, for a person's own language (see [`crate::failure`]).
    pub why: Option<Reason>,
    /// When it began, ms UTC.
    pub since_ms: i64,
    /// When a launch began to make things, ms UTC: images were there by then.
    pub built_since_ms: Option<i64>,
    /// What staff must know of the standing range, oldest first.
    pub alarms: Vec<Alarm>,
}

/// A launch that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Queued {
    /// Place, from 1.
    pub place: usize,
    /// How many wait.
    pub of: usize,
    /// What it waits for: `queue.starting`, `queue.behind` and `queue.busy` (`codes`), `queue.memory`,
    /// `queue.memory_others` and `queue.disk` (`needs`, `has`, `held`), or why the engine cannot be asked.
    pub why: Reason,
}

/// What was planned for an exercise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// Planned start, ms UTC.
    pub starts_ms: i64,
    /// Planned end, ms UTC.
    pub ends_ms: i64,
    /// When its ranges are to be built, ms UTC, and the account that planned it.
    pub launch: Option<(i64, String)>,
    /// Until when its ranges may live, ms UTC: they are ended and cleared then, paused or not.
    pub deadline_ms: i64,
    /// Account that moved the deadline; `None` while it is Rampart's own.
    pub deadline_by: Option<String>,
}

/// Something that staff must know of a standing range.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Alarm {
    /// What: `alarm.wall_down`, `alarm.wall_made`, `alarm.wall_proven`, `alarm.wall_broken`, `alarm.engine_silent`,
    /// `alarm.host_died`, `alarm.host_oom`,
    /// `alarm.host_missing`, `alarm.host_stuck`, `alarm.host_disk`, `alarm.host_full`,
    /// `alarm.records_dropped`, with their values.
    pub what: Reason,
    /// Since when, ms UTC.
    pub at_ms: i64,
    /// Until when, ms UTC; `None` while it lasts.
    pub over_ms: Option<i64>,
}

/// Alarms kept; the oldest that are over go first.
const ALARMS: usize = 50;

impl Progress {
    /// Nothing goes on any more. Alarms stay.
    pub(crate) fn rest(&mut self) {
        *self = Self { alarms: std::mem::take(&mut self.alarms), ..Self::default() };
    }

    /// An alarm that lasts, unless the same one lasts already; true when it is new.
    pub(crate) fn raise(&mut self, what: Reason, at_ms: i64) -> bool {
        if self.alarms.iter().any(|alarm| alarm.over_ms.is_none() && alarm.what == what) {
            return false;
        }
        self.push(Alarm { what, at_ms, over_ms: None });
        true
    }

    /// Adds to the count of an alarm (`count` among its values) whose last addition lies less than a minute back, or
    /// makes one. Always true: something changed.
    pub(crate) fn count(&mut self, mut what: Reason, count: u64, at_ms: i64) -> bool {
        let same = |alarm: &&mut Alarm| {
            alarm.what.rule == what.rule
                && what.args.iter().all(|(name, value)| alarm.what.args.get(name) == Some(value))
                && alarm.over_ms.is_some_and(|over| at_ms - over < 60_000)
        };
        if let Some(alarm) = self.alarms.iter_mut().rev().find(same) {
            let before: u64 = alarm.what.args.get("count").and_then(|text| text.parse().ok()).unwrap_or(0);
            alarm.what.args.insert("count".to_owned(), (before + count).to_string());
            alarm.over_ms = Some(at_ms);
        } else {
            what.args.insert("count".to_owned(), count.to_string());
            self.note(what, at_ms);
        }
        true
    }

    /// An alarm about a moment.
    pub(crate) fn note(&mut self, what: Reason, at_ms: i64) {
        self.push(Alarm { what, at_ms, over_ms: Some(at_ms) });
    }

    /// Ends the lasting alarms that `ended` picks; true when there was one.
    pub(crate) fn lower(&mut self, at_ms: i64, ended: impl Fn(&Reason) -> bool) -> bool {
        let mut any = false;
        for alarm in &mut self.alarms {
            if alarm.over_ms.is_none() && ended(&alarm.what) {
                alarm.over_ms = Some(at_ms);
                any = true;
            }
        }
        any
    }

    fn push(&mut self, alarm: Alarm) {
        self.alarms.push(alarm);
        if self.alarms.len() > ALARMS {
            let old = self.alarms.iter().position(|alarm| alarm.over_ms.is_some()).unwrap_or(0);
            self.alarms.remove(old);
        }
    }
}

/// A host of a standing range, as the engine shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HostState {
    /// Range number.
    pub range: u16,
    /// Host id.
    pub host: String,
    /// What it is doing.
    pub state: HostCondition,
    /// How it ended last: exit code and time, ms UTC.
    pub died: Option<(i64, i64)>,
    /// When memory last ran out in it, ms UTC.
    pub oom_ms: Option<i64>,
    /// What it has written beside its image when it was measured last, and what it may, bytes.
    pub disk: Option<(u64, u64)>,
    /// It was stopped because it filled the disk; only a reset starts it again.
    pub full: bool,
    /// How often it has died since the watch began.
    pub deaths: u32,
    /// Its reset, while one is under way.
    pub reset: Option<Resetting>,
}

impl HostState {
    /// True for this host of this range.
    #[must_use]
    pub fn is(&self, range: u16, host: &str) -> bool {
        self.range == range && self.host == host
    }
}

/// A reset under way.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Resetting {
    /// Step: `waiting` (for its turn, the end of a pause, or the engine), `remove`, `make`, `ready`, `plants`, `walls`.
    pub stage: &'static str,
    /// When it was asked for, ms UTC.
    pub since_ms: i64,
    /// Why the last try failed.
    pub why: Option<Reason>,
}

/// What a host is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HostCondition {
    /// Not looked at yet, or the engine does not answer.
    Unknown,
    /// It runs.
    Running,
    /// It is frozen.
    Frozen,
    /// It has ended; it is started again.
    Dead,
    /// The engine does not have it.
    Missing,
}

impl HostCondition {
    /// The word in data.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Running => "running",
            Self::Frozen => "frozen",
            Self::Dead => "dead",
            Self::Missing => "missing",
        }
    }
}

/// One step of a launch.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// Range number; 0 for what concerns all.
    pub range: u16,
    /// Step.
    pub step: String,
    /// Objects done.
    pub done: usize,
    /// How many of them stood before: a launch that goes on after a restart did not make them.
    pub had: usize,
    /// Objects in all.
    pub all: usize,
}

impl Step {
    /// Objects that this launch has made.
    #[must_use]
    pub fn made(&self) -> usize {
        self.done.saturating_sub(self.had)
    }
}
