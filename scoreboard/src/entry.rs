//! One entry of the ledger. This IS a format: it is stored, chained by hash and replayed, so a field once written is
//! never renamed; new kinds and new optional fields may be added.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AttackState, HealthState, RematchStep, Verdict};

/// One thing that happened, in the order in which it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Position in the exercise's ledger, from 1 without gaps.
    pub seq: u64,
    /// When it was accepted, milliseconds since 1970 UTC. Acceptance decides what was in time.
    pub at_ms: i64,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// Who caused an entry. Ids, never names: the ledger outlives a name change and leaves the house without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "id")]
pub enum Actor {
    /// Rampart itself.
    System,
    /// Rampart at a time that was planned by staff.
    Schedule,
    /// A member of staff, by account id.
    Account(String),
    /// A trainee, by seat id.
    Seat(String),
}

/// Side of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Attackers.
    Red,
    /// Defenders.
    Blue,
}

impl Side {
    /// The word used in data and in `data-side` attributes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Blue => "blue",
        }
    }
}

/// Where an exercise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being prepared; nothing exists on the engine.
    Draft,
    /// Ranges are being built.
    Provisioning,
    /// Ranges stand, walls are proven; seats may look round.
    Ready,
    /// The clock runs.
    Running,
    /// Containers frozen, clock stopped.
    Paused,
    /// Over; nothing scores any more.
    Ended,
    /// Ranges removed and the engine answered zero.
    Cleared,
}

impl Status {
    /// True while the range stands and people may work in it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Ready | Self::Running)
    }

    /// The word used in data, addresses and locale keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Provisioning => "provisioning",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ended => "ended",
            Self::Cleared => "cleared",
        }
    }
}

/// What a submitted flag was worth. The trainee is told less than the ledger knows (see [`Answer::Foreign`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// This team's flag of this objective, for the first time.
    Correct,
    /// None that is known.
    Wrong,
    /// Another team's flag: the trainee reads "wrong", the instructor gets an alert.
    Foreign {
        /// Whose flag it is.
        owner: String,
        /// Which objective of theirs.
        theirs: String,
    },
    /// A flag of another run of an exercise.
    OtherRun,
    /// Right or wrong, but after the end: kept, never scored.
    Late,
}

/// Why points were given or taken: a rule's id and the values to fill its text with, so that the reason reads in
/// whichever language a person has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Rule id, also the locale key below `rule.`.
    pub rule: String,
    /// Values for the text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Reason {
    /// A reason of `rule` with `args`.
    #[must_use]
    pub fn new<const N: usize>(rule: &str, args: [(&str, String); N]) -> Self {
        Self { rule: rule.to_owned(), args: args.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
    }
}

/// What the platform saw of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Host whose record it is.
    pub source: String,
    /// Kind of record: `web` or `flow`.
    pub kind: String,
    /// Id of the event in the event store.
    pub event: String,
    /// When it arrived, milliseconds UTC.
    pub at_ms: i64,
}

/// One probe of the walls around a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What is proven, a locale key below `proof.`: `host`, `engine`, `other_team`, `outside`, `denied`, `allowed`.
    pub what: String,
    /// Host inside the range that tried.
    pub from: String,
    /// What it tried to reach, as text.
    pub to: String,
    /// True when it came out as it must.
    pub holds: bool,
    /// What was seen, for a person who has to repair it.
    pub seen: String,
}

/// What happened. One variant is one kind of entry; points, where there are any, stand in the entry with their reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Body {
    /// First entry of every ledger.
    Created {
        /// Version of this vocabulary.
        format: u16,
        /// Session code such as `S115-02`.
        code: String,
        /// Title as the instructor typed it.
        title: String,
        /// Scenario id.
        scenario: String,
        /// Scenario version.
        version: u32,
        /// Planned length on the exercise clock, ms.
        duration_ms: i64,
        /// Most points a red team can have.
        max_red: i64,
        /// Most points a blue team can have.
        max_blue: i64,
    },
    /// A team takes part.
    Team {
        /// Team id, `r1`, `b1`, …
        team: String,
        /// Name on the board.
        name: String,
        /// Side.
        side: Side,
        /// Number of the range it plays in, from 1.
        range: u16,
    },
    /// The exercise went from one state to another.
    Status {
        /// Former state.
        from: Status,
        /// New state.
        to: Status,
        /// Why, where there is something to say (a failed build), in the words of whatever failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// The same as a code with values, for a person's own language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Reason>,
    },
    /// A person was put into a seat or taken out of it.
    Seat {
        /// Seat id.
        seat: String,
        /// Person id.
        person: String,
        /// Team id.
        team: String,
        /// False when the seat was taken away.
        given: bool,
    },
    /// The walls of a range were tried from inside.
    Walls {
        /// Range number.
        range: u16,
        /// Each probe.
        proofs: Vec<Proof>,
    },
    /// A flag was submitted.
    Flag {
        /// Submitting team.
        team: String,
        /// Submitting seat.
        seat: String,
        /// Objective it was submitted for.
        objective: String,
        /// What it was.
        #[serde(flatten)]
        answer: Answer,
        /// Points given.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// A hint was bought, once for the whole team.
    Hint {
        /// Team.
        team: String,
        /// Seat that asked.
        seat: String,
        /// Hint id.
        hint: String,
        /// Points, zero or less.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// Red did something that the scenario names, confirmed by its evidence. Never shown to blue or to spectators
    /// while the exercise runs.
    Action {
        /// Range number.
        range: u16,
        /// Action id.
        action: String,
        /// Host it was done to.
        host: String,
        /// ATT&CK id.
        technique: String,
        /// Time of the first evidence, ms UTC.
        seen_ms: i64,
        /// Exercise clock at the first evidence, ms.
        clock_ms: i64,
        /// The evidence.
        witnesses: Vec<Witness>,
    },
    /// Blue filed an incident report.
    Report {
        /// Report id, unique in the exercise.
        report: String,
        /// Team.
        team: String,
        /// Seat.
        seat: String,
        /// Host named.
        host: String,
        /// ATT&CK id named.
        technique: String,
        /// Time named, ms UTC.
        seen_ms: i64,
        /// Events cited, ids of the event store.
        cited: Vec<String>,
        /// What the team wrote.
        text: String,
    },
    /// A report was judged.
    Judged {
        /// Report id.
        report: String,
        /// Team.
        team: String,
        /// How.
        #[serde(flatten)]
        verdict: Verdict,
        /// Points, negative for a false claim beyond the free ones.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// A check changed its state.
    Health {
        /// Range number.
        range: u16,
        /// Check id.
        check: String,
        /// Host checked.
        host: String,
        /// New state.
        state: HealthState,
        /// What was seen.
        detail: String,
    },
    /// Availability was booked up to a moment of the exercise clock.
    Availability {
        /// Team.
        team: String,
        /// Exercise clock up to which this entry counts, ms.
        through_ms: i64,
        /// Weighted time up since the last booking, ms (degraded counts half).
        up_ms: i64,
        /// Weighted time known since the last booking, ms.
        known_ms: i64,
        /// Points.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// Blue asked for a repair to be retested.
    Repair {
        /// Request id, unique in the exercise.
        request: String,
        /// Repair id of the scenario.
        repair: String,
        /// Team.
        team: String,
        /// Seat.
        seat: String,
    },
    /// A repair was retested.
    Retested {
        /// Request id.
        request: String,
        /// Repair id of the scenario.
        repair: String,
        /// Team.
        team: String,
        /// What the attack did.
        attack: AttackState,
        /// Whether the checks passed; `None` when they could not be run.
        checks: Option<bool>,
        /// Points.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// A host is to be made anew: from here on its checks count neither way, until [`Body::ResetDone`].
    Reset {
        /// Request id, unique in the exercise.
        request: String,
        /// Range number.
        range: u16,
        /// Host id.
        host: String,
        /// Team that asked and pays; `None` when staff did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// Points, zero or less.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// A reset is over.
    ResetDone {
        /// Request id.
        request: String,
        /// Range number.
        range: u16,
        /// Host id.
        host: String,
        /// Team that asked; `None` when staff did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// True when the host stands anew with everything planted in it.
        done: bool,
        /// Points given back, where it was not done.
        points: i64,
        /// What came of it.
        reason: Reason,
    },
    /// The public board stands still from here on, or goes on.
    Freeze {
        /// True when it stands still.
        on: bool,
    },
    /// A judge gave or took points.
    Correction {
        /// Team.
        team: String,
        /// Entry that it puts right, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<u64>,
        /// Points.
        points: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// A team was taken out of the ranks, or put back.
    Disqualified {
        /// Team.
        team: String,
        /// True when it is out.
        out: bool,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// A team disputes an entry about its score.
    Contest {
        /// Contest id, unique in the exercise.
        contest: String,
        /// Team.
        team: String,
        /// Seat.
        seat: String,
        /// The entry.
        about: u64,
        /// What the team wrote.
        text: String,
    },
    /// A judge ruled on a contest.
    Ruled {
        /// Contest id.
        contest: String,
        /// Team.
        team: String,
        /// True when the team was right.
        upheld: bool,
        /// Points that follow.
        points: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// Red earned something besides the flag itself: it was the first, or was not found in time.
    Bonus {
        /// Team.
        team: String,
        /// What for: `first` (the first team with this objective) or `stealth` (nobody reported this action in time).
        bonus: String,
        /// Objective or action.
        about: String,
        /// Points.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// What an act of red costs blue, once an action. Entered when it no longer tells blue that something happened.
    Incident {
        /// Team.
        team: String,
        /// Action.
        action: String,
        /// Points, zero or less.
        points: i64,
        /// Why.
        reason: Reason,
    },
    /// A judge punished a team.
    Penalty {
        /// Team.
        team: String,
        /// Points, less than zero.
        points: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// A judge took a penalty back.
    PenaltyLifted {
        /// Team.
        team: String,
        /// Position of the penalty.
        about: u64,
        /// Points, more than zero.
        points: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// A judge gave a team further tries for an objective.
    TriesGiven {
        /// Team.
        team: String,
        /// Objective.
        objective: String,
        /// How many.
        tries: u32,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// A judge marked a report by the scenario's criteria. Worth nothing, and seen by staff only, until it is released.
    Marked {
        /// Report id.
        report: String,
        /// Team.
        team: String,
        /// Points by criterion.
        marks: BTreeMap<String, i64>,
        /// What the judge wrote.
        text: String,
    },
    /// The marks of a report were released; points are the difference to what was released before.
    ReportScored {
        /// Report id.
        report: String,
        /// Team.
        team: String,
        /// Points by criterion.
        marks: BTreeMap<String, i64>,
        /// Points.
        points: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// What checks said between two moments does not count.
    Voided {
        /// Id, unique in the exercise.
        void: String,
        /// Range number; `None` is every range.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<u16>,
        /// Check id; `None` is every check.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<String>,
        /// From, ms UTC.
        from_ms: i64,
        /// To, ms UTC.
        to_ms: i64,
        /// From on the exercise clock, ms.
        from_clock_ms: i64,
        /// To on the exercise clock, ms.
        to_clock_ms: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// It counts again.
    VoidUndone {
        /// Id of the void.
        void: String,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// A new run of a pair counts in place of the old one. For each team the old points are set aside by one entry and
    /// those of the new run counted by another; undoing is a third. What the old run gave stays in the ledger as it was.
    Rematch {
        /// Id, unique in the exercise.
        rematch: String,
        /// Team.
        team: String,
        /// Which of the three.
        step: RematchStep,
        /// Code of the exercise that is the new run.
        run: String,
        /// Position in its ledger at which its points were read.
        position: u64,
        /// Points.
        points: i64,
        /// Why; value `text` is what the judge wrote.
        reason: Reason,
    },
    /// The node that the ranges stand on does not answer. From `since_ms` on nobody can tell what they do: nothing of them
    /// counts for or against anybody until [`Body::NodeBack`], [`Body::Rebuilt`] or the end.
    NodeLost {
        /// Key of the node.
        node: String,
        /// Placement of the ranges.
        epoch: u64,
        /// Its last answer, ms UTC.
        since_ms: i64,
    },
    /// The node answered again, the ranges are whole and their walls proven once more.
    NodeBack {
        /// Key of the node.
        node: String,
        /// Placement of the ranges.
        epoch: u64,
    },
    /// Staff has the ranges of a lost node built again on another one. Their placement is given up with this: what comes
    /// back of it is removed and never counts.
    Rebuild {
        /// Key of the node that is given up.
        node: String,
        /// Placement that is given up.
        epoch: u64,
    },
    /// Building again is over.
    Rebuilt {
        /// Key of the node that they stand on now; where it was not done, of the one that is still lost.
        node: String,
        /// New placement; where it was not done, the lost one.
        epoch: u64,
        /// True when they stand there, walls proven.
        done: bool,
        /// What came of it.
        reason: Reason,
    },
    /// Staff takes time out of the exercise that was lost with a node, as if there had been a pause: the clock goes back to
    /// where it stood at `from_ms`.
    LostTime {
        /// From when on, ms UTC.
        from_ms: i64,
        /// Why.
        reason: Reason,
    },
}

impl Body {
    /// The kind as it stands in the stored entry.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Team { .. } => "team",
            Self::Status { .. } => "status",
            Self::Seat { .. } => "seat",
            Self::Walls { .. } => "walls",
            Self::Flag { .. } => "flag",
            Self::Hint { .. } => "hint",
            Self::Action { .. } => "action",
            Self::Report { .. } => "report",
            Self::Judged { .. } => "judged",
            Self::Health { .. } => "health",
            Self::Availability { .. } => "availability",
            Self::Repair { .. } => "repair",
            Self::Retested { .. } => "retested",
            Self::Reset { .. } => "reset",
            Self::ResetDone { .. } => "reset_done",
            Self::Freeze { .. } => "freeze",
            Self::Correction { .. } => "correction",
            Self::Disqualified { .. } => "disqualified",
            Self::Contest { .. } => "contest",
            Self::Ruled { .. } => "ruled",
            Self::Bonus { .. } => "bonus",
            Self::Incident { .. } => "incident",
            Self::Penalty { .. } => "penalty",
            Self::PenaltyLifted { .. } => "penalty_lifted",
            Self::TriesGiven { .. } => "tries_given",
            Self::Marked { .. } => "marked",
            Self::ReportScored { .. } => "report_scored",
            Self::Voided { .. } => "voided",
            Self::VoidUndone { .. } => "void_undone",
            Self::Rematch { .. } => "rematch",
            Self::NodeLost { .. } => "node_lost",
            Self::NodeBack { .. } => "node_back",
            Self::Rebuild { .. } => "rebuild",
            Self::Rebuilt { .. } => "rebuilt",
            Self::LostTime { .. } => "lost_time",
        }
    }
}
