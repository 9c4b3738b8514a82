//! The state of an exercise as the sum of its ledger.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    Answer, Body, Component, Desk, Entry, HealthState, Outage, Proof, Reason, Side, Status, Verdict,
};

/// How many lines of the feed are kept in memory; older ones are read from the store.
const FEED_KEPT: usize = 400;

/// The exercise clock: time run, pauses left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// Time run up to the last stop, ms.
    pub banked_ms: i64,
    /// Since when it runs, ms UTC; `None` while it stands.
    pub since_ms: Option<i64>,
    /// When it first ran, ms UTC.
    pub started_ms: Option<i64>,
}

impl Clock {
    /// Time on the clock at `at_ms` (ms UTC), in ms.
    #[must_use]
    pub fn at(&self, at_ms: i64) -> i64 {
        self.banked_ms + self.since_ms.map_or(0, |since| (at_ms - since).max(0))
    }
}

/// What the first entry said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Session code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Scenario id.
    pub scenario: String,
    /// Planned length, ms.
    pub duration_ms: i64,
    /// Most points of a red team.
    pub max_red: i64,
    /// Most points of a blue team.
    pub max_blue: i64,
}

/// One value of a team's score over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Exercise clock, ms.
    pub clock_ms: i64,
    /// Score from then on.
    pub points: i64,
}

/// A team and its score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Side.
    pub side: Side,
    /// Range number, from 1.
    pub range: u16,
    /// Total.
    pub points: i64,
    /// Parts of the total.
    pub parts: BTreeMap<Component, i64>,
    /// When the present total was reached, ms UTC. Entries worth nothing do not move it.
    pub reached_ms: i64,
    /// Score over time; one point a change.
    pub series: Vec<Point>,
    /// Why the score last changed, and by how much.
    pub last: Option<(Reason, i64)>,
    /// Entries that moved the score: position, points.
    pub scored: Vec<(u64, i64)>,
    /// Why it stands outside the ranks; `None` while it stands in them.
    pub out: Option<Reason>,
}

/// A dispute about an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// Contest id.
    pub contest: String,
    /// Team.
    pub team: String,
    /// Seat.
    pub seat: String,
    /// The entry.
    pub about: u64,
    /// What the team wrote.
    pub text: String,
    /// When, ms UTC.
    pub at_ms: i64,
    /// The ruling; `None` while there is none.
    pub ruled: Option<Ruling>,
}

/// A judge's word about a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// True when the team was right.
    pub upheld: bool,
    /// Points that followed.
    pub points: i64,
    /// Why.
    pub reason: Reason,
    /// When, ms UTC.
    pub at_ms: i64,
}

/// A captured objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// When, ms UTC.
    pub at_ms: i64,
    /// Seat.
    pub seat: String,
    /// Points.
    pub points: i64,
}

/// An action of red that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSeen {
    /// Range.
    pub range: u16,
    /// Action id.
    pub action: String,
    /// Host.
    pub host: String,
    /// ATT&CK id.
    pub technique: String,
    /// First evidence, ms UTC.
    pub seen_ms: i64,
    /// First evidence on the exercise clock, ms.
    pub clock_ms: i64,
    /// Events that prove it.
    pub events: BTreeSet<String>,
}

/// An incident report and its judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledReport {
    /// Id.
    pub report: String,
    /// Team.
    pub team: String,
    /// Seat.
    pub seat: String,
    /// Host named.
    pub host: String,
    /// Technique named.
    pub technique: String,
    /// Time named, ms UTC.
    pub seen_ms: i64,
    /// When it was filed, ms UTC.
    pub at_ms: i64,
    /// Exercise clock when it was filed, ms.
    pub clock_ms: i64,
    /// Cited events.
    pub cited: Vec<String>,
    /// Text.
    pub text: String,
    /// Judgement, points and reason.
    pub judged: Option<(Verdict, i64, Reason)>,
}

/// Last state of a repair for a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairState {
    /// Id of the last request.
    pub request: String,
    /// Clock at the last request, ms.
    pub clock_ms: i64,
    /// True while the retest is still to come.
    pub waiting: bool,
    /// Points earned; a repair pays once.
    pub points: i64,
    /// What the last retest said.
    pub reason: Option<Reason>,
    /// True once it has passed.
    pub passed: bool,
}

/// A host that is or was made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReset {
    /// Id of the request.
    pub request: String,
    /// Range.
    pub range: u16,
    /// Host.
    pub host: String,
    /// Team that asked; `None` when staff did.
    pub team: Option<String>,
    /// What the team paid, zero or less.
    pub points: i64,
    /// When it was asked for, ms UTC.
    pub asked_ms: i64,
    /// When it was over, ms UTC, and whether the host stands anew; `None` while it is under way.
    pub over: Option<(i64, bool)>,
}

/// One line of the feed, for whoever may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// Ledger position.
    pub seq: u64,
    /// When, ms UTC.
    pub at_ms: i64,
    /// Kind of entry.
    pub kind: &'static str,
    /// Team concerned.
    pub team: Option<String>,
    /// Text, as rule and values.
    pub reason: Reason,
    /// Points.
    pub points: i64,
    /// True when spectators may see it while the exercise runs.
    pub public: bool,
}

/// The sum of a ledger. Everything in it follows from the entries, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Last entry applied; 0 for none.
    pub seq: u64,
    /// Time of the last entry, ms UTC.
    pub at_ms: i64,
    /// What the first entry said.
    pub header: Option<Header>,
    /// Status.
    pub status: Status,
    /// Note of the last change of status.
    pub note: Option<String>,
    /// The same as a code with values.
    pub why: Option<Reason>,
    /// Clock.
    pub clock: Clock,
    /// Windows in which the exercise stood still, ms UTC; the last may be open.
    pub pauses: Vec<(i64, Option<i64>)>,
    /// Stretches in which the node of the ranges did not answer; the last may be open.
    pub outages: Vec<Outage>,
    /// When a launch was last asked for, ms UTC.
    pub asked_ms: Option<i64>,
    /// When it ended, ms UTC.
    pub ended_ms: Option<i64>,
    /// Teams in the order in which they were entered.
    pub teams: Vec<Team>,
    /// Seats given: seat -> (person, team).
    pub seats: BTreeMap<String, (String, String)>,
    /// Captures by (team, objective).
    pub captures: BTreeMap<(String, String), Capture>,
    /// Attempts that counted, by (team, objective).
    pub attempts: BTreeMap<(String, String), u32>,
    /// Hints bought, by (team, hint).
    pub hints: BTreeSet<(String, String)>,
    /// Confirmed actions, in order.
    pub actions: Vec<ActionSeen>,
    /// Reports, in order.
    pub reports: Vec<FiledReport>,
    /// State of checks by (range, check): state, since when (ms UTC), what was seen.
    pub health: BTreeMap<(u16, String), (HealthState, i64, String)>,
    /// Clock up to which availability is booked, with the sums of up and known time, by team.
    pub booked: BTreeMap<String, (i64, i64, i64)>,
    /// Repairs by (team, repair).
    pub repairs: BTreeMap<(String, String), RepairState>,
    /// Resets of hosts, in order.
    pub resets: Vec<HostReset>,
    /// Disputes, in order.
    pub contests: Vec<Contested>,
    /// What the public sees while the board stands still: the state when it was frozen.
    pub frozen: Option<Box<Fold>>,
    /// Position of the last change of status or of the freeze: what even a frozen board shows.
    pub turned_seq: u64,
    /// Last proof of the walls, by range.
    pub walls: BTreeMap<u16, Vec<Proof>>,
    /// Foreign flags: ledger position, time, submitting team, seat, objective, owner.
    pub alerts: Vec<(u64, i64, String, String, String, String)>,
    /// What judges and the later rules of the score have entered.
    pub desk: Desk,
    /// Last lines of the feed, oldest first.
    pub feed: Vec<FeedItem>,
    /// What seats were told of.
    pub told: crate::Told,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            seq: 0,
            at_ms: 0,
            header: None,
            status: Status::Draft,
            note: None,
            why: None,
            clock: Clock::default(),
            pauses: Vec::new(),
            outages: Vec::new(),
            asked_ms: None,
            ended_ms: None,
            teams: Vec::new(),
            seats: BTreeMap::new(),
            captures: BTreeMap::new(),
            attempts: BTreeMap::new(),
            hints: BTreeSet::new(),
            actions: Vec::new(),
            reports: Vec::new(),
            health: BTreeMap::new(),
            booked: BTreeMap::new(),
            repairs: BTreeMap::new(),
            resets: Vec::new(),
            contests: Vec::new(),
            frozen: None,
            turned_seq: 0,
            walls: BTreeMap::new(),
            alerts: Vec::new(),
            desk: Desk::default(),
            feed: Vec::new(),
            told: Default::default(),
        }
    }
}

impl Fold {
    /// The fold of a whole ledger.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut fold = Self::default();
        for entry in entries {
            fold.apply(entry);
        }
        fold
    }

    /// The team with this id.
    #[must_use]
    pub fn team(&self, id: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == id)
    }

    /// The team of a side in a range.
    #[must_use]
    pub fn team_of(&self, range: u16, side: Side) -> Option<&Team> {
        self.teams.iter().find(|team| team.range == range && team.side == side)
    }

    /// Resets under way.
    pub fn resetting(&self) -> impl Iterator<Item = &HostReset> {
        self.resets.iter().filter(|reset| reset.over.is_none())
    }

    /// True while this host is made anew.
    #[must_use]
    pub fn is_resetting(&self, range: u16, host: &str) -> bool {
        self.resetting().any(|reset| reset.range == range && reset.host == host)
    }

    /// Adds one entry. Entries come in ledger order; one that was applied already is left out, so that a replay
    /// which overlaps does no harm.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.seq <= self.seq {
            return;
        }
        self.seq = entry.seq;
        self.at_ms = entry.at_ms;
        let at_ms = entry.at_ms;
        match &entry.body {
            Body::Created { code, title, scenario, duration_ms, max_red, max_blue, .. } => {
                self.header = Some(Header {
                    code: code.clone(),
                    title: title.clone(),
                    scenario: scenario.clone(),
                    duration_ms: *duration_ms,
                    max_red: *max_red,
                    max_blue: *max_blue,
                });
            }
            Body::Team { team, name, side, range } => self.teams.push(Team {
                id: team.clone(),
                name: name.clone(),
                side: *side,
                range: *range,
                points: 0,
                parts: BTreeMap::new(),
                reached_ms: at_ms,
                series: vec![Point { clock_ms: 0, points: 0 }],
                last: None,
                scored: Vec::new(),
                out: None,
            }),
            Body::Status { to, note, why, .. } => {
                self.turn(*to, note.clone(), at_ms);
                self.why.clone_from(why);
                self.turned_seq = entry.seq;
            }
            Body::Seat { seat, person, team, given } => {
                if *given {
                    self.seats.insert(seat.clone(), (person.clone(), team.clone()));
                } else {
                    self.seats.remove(seat);
                }
            }
            Body::Walls { range, proofs } => {
                self.walls.insert(*range, proofs.clone());
            }
            Body::Flag { team, seat, objective, answer, points, .. } => {
                let key = (team.clone(), objective.clone());
                match answer {
                    Answer::Correct => {
                        self.captures.insert(key, Capture { at_ms, seat: seat.clone(), points: *points });
                    }
                    Answer::Wrong | Answer::OtherRun => *self.attempts.entry(key).or_default() += 1,
                    Answer::Foreign { owner, .. } => {
                        *self.attempts.entry(key).or_default() += 1;
                        self.alerts.push((
                            entry.seq,
                            at_ms,
                            team.clone(),
                            seat.clone(),
                            objective.clone(),
                            owner.clone(),
                        ));
                    }
                    Answer::Late => {}
                }
            }
            Body::Hint { team, hint, .. } => {
                self.hints.insert((team.clone(), hint.clone()));
            }
            Body::Action { range, action, host, technique, seen_ms, clock_ms, witnesses } => {
                self.actions.push(ActionSeen {
                    range: *range,
                    action: action.clone(),
                    host: host.clone(),
                    technique: technique.clone(),
                    seen_ms: *seen_ms,
                    clock_ms: *clock_ms,
                    events: witnesses.iter().map(|w| w.event.clone()).collect(),
                });
            }
            Body::Report { report, team, seat, host, technique, seen_ms, cited, text } => {
                self.reports.push(FiledReport {
                    report: report.clone(),
                    team: team.clone(),
                    seat: seat.clone(),
                    host: host.clone(),
                    technique: technique.clone(),
                    seen_ms: *seen_ms,
                    at_ms,
                    clock_ms: self.clock.at(at_ms),
                    cited: cited.clone(),
                    text: text.clone(),
                    judged: None,
                });
            }
            Body::Judged { report, verdict, points, reason, .. } => {
                if let Some(filed) = self.reports.iter_mut().find(|filed| filed.report == *report) {
                    filed.judged = Some((verdict.clone(), *points, reason.clone()));
                }
            }
            Body::Health { range, check, state, detail, .. } => {
                self.health.insert((*range, check.clone()), (*state, at_ms, detail.clone()));
            }
            Body::Availability { team, through_ms, up_ms, known_ms, .. } => {
                let (through, up, known) = self.booked.entry(team.clone()).or_default();
                *through = *through_ms;
                *up += up_ms;
                *known += known_ms;
            }
            Body::Repair { request, repair, team, .. } => {
                let clock_ms = self.clock.at(at_ms);
                let state = self.repairs.entry((team.clone(), repair.clone())).or_insert(RepairState {
                    request: String::new(),
                    clock_ms,
                    waiting: false,
                    points: 0,
                    reason: None,
                    passed: false,
                });
                state.request.clone_from(request);
                state.clock_ms = clock_ms;
                state.waiting = true;
            }
            Body::Retested { repair, team, points, reason, attack, checks, .. } => {
                if let Some(state) = self.repairs.get_mut(&(team.clone(), repair.clone())) {
                    state.waiting = false;
                    state.points += points;
                    state.reason = Some(reason.clone());
                    state.passed |= *attack == crate::AttackState::Fails && *checks == Some(true);
                }
            }
            Body::Reset { request, range, host, team, points, .. } => self.resets.push(HostReset {
                request: request.clone(),
                range: *range,
                host: host.clone(),
                team: team.clone(),
                points: *points,
                asked_ms: at_ms,
                over: None,
            }),
            Body::ResetDone { request, done, .. } => {
                if let Some(reset) = self.resets.iter_mut().find(|reset| reset.request == *request) {
                    reset.over = Some((at_ms, *done));
                }
            }
            Body::Freeze { on } => {
                self.turned_seq = entry.seq;
                self.frozen = on.then(|| Box::new(Self { frozen: None, ..self.clone() }));
            }
            Body::Correction { .. } => {}
            Body::Disqualified { team, out, reason } => {
                if let Some(team) = self.teams.iter_mut().find(|known| known.id == *team) {
                    team.out = out.then(|| reason.clone());
                }
            }
            Body::Contest { contest, team, seat, about, text } => self.contests.push(Contested {
                contest: contest.clone(),
                team: team.clone(),
                seat: seat.clone(),
                about: *about,
                text: text.clone(),
                at_ms,
                ruled: None,
            }),
            Body::Ruled { contest, upheld, points, reason, .. } => {
                if let Some(contested) = self.contests.iter_mut().find(|known| known.contest == *contest) {
                    let reason = reason.clone();
                    contested.ruled = Some(Ruling { upheld: *upheld, points: *points, reason, at_ms });
                }
            }
            // The desk and the outages keep these.
            _ => {}
        }
        self.keep(entry);
        self.apply_outage(&entry.body, at_ms);
        self.score(entry);
        self.feed(entry);
        self.tell(entry);
    }

    fn turn(&mut self, to: Status, note: Option<String>, at_ms: i64) {
        let ran = self.clock.since_ms.is_some();
        if to == Status::Running && !ran {
            self.clock.since_ms = Some(at_ms);
            self.clock.started_ms.get_or_insert(at_ms);
            if let Some((_, end @ None)) = self.pauses.last_mut() {
                *end = Some(at_ms);
            }
        } else if to != Status::Running && ran {
            self.clock.banked_ms = self.clock.at(at_ms);
            self.clock.since_ms = None;
            if to == Status::Paused {
                self.pauses.push((at_ms, None));
            }
        }
        self.end_outage(to, at_ms);
        if to == Status::Ended {
            self.ended_ms = Some(at_ms);
            if let Some((_, end @ None)) = self.pauses.last_mut() {
                *end = Some(at_ms);
            }
        }
        if to == Status::Provisioning {
            self.asked_ms = Some(at_ms);
        }
        self.status = to;
        self.note = note;
    }

    fn score(&mut self, entry: &Entry) {
        let Some((id, component, points, reason)) = entry.body.score() else { return };
        if points == 0 {
            return;
        }
        let clock_ms = self.clock.at(entry.at_ms);
        if let Some(team) = self.teams.iter_mut().find(|team| team.id == id) {
            team.points += points;
            *team.parts.entry(component).or_default() += points;
            team.reached_ms = entry.at_ms;
            team.last = Some((reason.clone(), points));
            // Time that was taken out must not let the line of the score run backwards.
            let clock_ms = team.series.last().map_or(clock_ms, |last| clock_ms.max(last.clock_ms));
            team.series.push(Point { clock_ms, points: team.points });
            team.scored.push((entry.seq, points));
        }
    }

    fn feed(&mut self, entry: &Entry) {
        let (team, reason, points, public) = match &entry.body {
            // Nobody pressed a button: it says what did it.
            Body::Status { to: Status::Provisioning | Status::Ended, why: Some(why), .. } => {
                (None, why.clone(), 0, true)
            }
            Body::Status { from, to, .. } => (
                None,
                Reason::new(
                    "status.changed",
                    [("from", from.as_str().to_owned()), ("to", to.as_str().to_owned())],
                ),
                0,
                true,
            ),
            Body::Flag { team, answer, points, reason, .. } => {
                (Some(team), reason.clone(), *points, *answer == Answer::Correct)
            }
            Body::Hint { team, points, reason, .. } => (Some(team), reason.clone(), *points, false),
            Body::Action { range, action, host, technique, .. } => {
                let red = self.team_of(*range, Side::Red).map(|team| team.id.clone());
                self.feed.push(FeedItem {
                    seq: entry.seq,
                    at_ms: entry.at_ms,
                    kind: entry.body.kind(),
                    team: red,
                    reason: Reason::new(
                        "action.seen",
                        [
                            ("action", action.clone()),
                            ("host", host.clone()),
                            ("technique", technique.clone()),
                        ],
                    ),
                    points: 0,
                    public: false,
                });
                return;
            }
            Body::Report { team, host, technique, .. } => (
                Some(team),
                Reason::new("report.filed", [("host", host.clone()), ("technique", technique.clone())]),
                0,
                false,
            ),
            Body::Judged { team, points, reason, .. } => (Some(team), reason.clone(), *points, *points != 0),
            Body::Health { range, check, host, state, .. } => {
                let blue = self.team_of(*range, Side::Blue).map(|team| team.id.clone());
                self.feed.push(FeedItem {
                    seq: entry.seq,
                    at_ms: entry.at_ms,
                    kind: entry.body.kind(),
                    team: blue,
                    reason: Reason::new(
                        "health.changed",
                        [
                            ("check", check.clone()),
                            ("host", host.clone()),
                            ("state", state.as_str().to_owned()),
                        ],
                    ),
                    points: 0,
                    public: false,
                });
                return;
            }
            Body::Availability { team, points, reason, .. } if *points != 0 => {
                (Some(team), reason.clone(), *points, false)
            }
            Body::Repair { team, repair, .. } => {
                (Some(team), Reason::new("repair.asked", [("repair", repair.clone())]), 0, false)
            }
            Body::Retested { team, points, reason, .. } => {
                (Some(team), reason.clone(), *points, *points != 0)
            }
            Body::Reset { team, points, reason, .. } | Body::ResetDone { team, points, reason, .. } => {
                (team.as_ref(), reason.clone(), *points, false)
            }
            Body::Freeze { on } => {
                (None, Reason::new(if *on { "board.frozen" } else { "board.shown" }, []), 0, true)
            }
            Body::Correction { team, points, reason, .. } => (Some(team), reason.clone(), *points, true),
            Body::Disqualified { team, reason, .. } => (Some(team), reason.clone(), 0, true),
            Body::Contest { team, about, .. } => {
                (Some(team), Reason::new("judge.contested", [("about", about.to_string())]), 0, false)
            }
            Body::Ruled { team, points, reason, .. } => (Some(team), reason.clone(), *points, *points != 0),
            body => match crate::desk::line(body).or_else(|| crate::outage::line(body)) {
                Some(line) => line,
                None => return,
            },
        };
        self.feed.push(FeedItem {
            seq: entry.seq,
            at_ms: entry.at_ms,
            kind: entry.body.kind(),
            team: team.cloned(),
            reason,
            points,
            public,
        });
        if self.feed.len() > 2 * FEED_KEPT {
            self.feed.drain(..FEED_KEPT);
        }
    }
}
