//! The control room.

use std::collections::{BTreeMap, BTreeSet};

use rampart_app::exercise::Exercise;
use rampart_pages::{
    ActOffer, Alert, CapacityView, ChainState, ControlRoomLive, ExerciseAct, FeedLine, HealthCell,
    HealthRange, HealthRow, HealthTable, LaunchRange, LaunchStep, LaunchStepName, LaunchView, Locale,
    OutageView, Pair, PartPoints, Problem, Progress, Stakes, StepState, TeamLine, Tone, WallProof,
};
use rampart_store::{Exercise as Row, Seat};
use scoreboard::{Audience, Component, Fold, Side, Status};

use super::exercises::label;
use super::{all_names, clock, count, head, health, host_health, pairs, phases, team};

/// Lines of the feed shown.
const FEED: usize = 150;
/// How long an alarm that has passed is shown, ms.
const ALARM_SHOWN_MS: i64 = 15 * 60_000;
/// What counts as recent in the teams' table, ms of exercise time.
const RECENT_MS: i64 = 10 * 60_000;

/// What the control room is made of besides the exercise itself.
pub struct Facts<'a> {
    /// Row of the store.
    pub row: &'a Row,
    /// Seats, removed ones too, for their labels.
    pub seats: &'a [Seat],
    /// Seats with somebody in them.
    pub online: &'a BTreeSet<String>,
    /// State of the hash chain.
    pub chain: ChainState,
    /// What a launch needs, before it.
    pub capacity: Option<CapacityView>,
    /// May the viewer act?
    pub may_act: bool,
    /// How long a lost node is waited for, ms.
    pub node_grace_ms: i64,
    /// Language.
    pub locale: Locale,
    /// How long a launch will still take, ms.
    pub left_ms: Option<i64>,
    /// Now, ms UTC.
    pub now_ms: i64,
}

/// The live part.
#[must_use]
pub fn live(exercise: &Exercise, facts: &Facts<'_>) -> ControlRoomLive {
    let fold = exercise.fold();
    let scenario = exercise.scenario();
    ControlRoomLive {
        exercise: head(facts.row, &fold, scenario, facts.locale),
        clock: clock(&fold, facts.now_ms),
        phases: phases(&fold, scenario, facts.now_ms),
        acts: if facts.may_act { acts(exercise, &fold, facts.capacity.as_ref()) } else { Vec::new() },
        stakes: stakes(exercise, &fold),
        launch: launch(exercise, &fold, facts.left_ms),
        schedule: super::schedule::view(exercise, &fold, facts.now_ms),
        outage: outage(&fold, facts),
        queued: super::schedule::queued(exercise, &fold),
        capacity: facts.capacity.clone(),
        walls: walls(&fold),
        walls_ms: None,
        teams: teams(&fold, facts),
        machines: super::hosts::machines(exercise, &fold, facts.locale),
        health: health_table(exercise, &fold, facts.locale),
        alerts: alerts(exercise, &fold, facts),
        feed: feed(&fold),
        chain: facts.chain.clone(),
        names: all_names(scenario, facts.locale),
        seats_online: count(facts.online.len()),
        seats: count(fold.seats.len()),
    }
}

fn acts(exercise: &Exercise, fold: &Fold, capacity: Option<&CapacityView>) -> Vec<ActOffer> {
    let offer = |act| ActOffer { act, blocked: None };
    let busy = !exercise.progress().borrow().what.is_empty();
    match fold.status {
        Status::Draft => {
            let blocked = fold.seats.is_empty().then(|| Problem::new("no_seats")).or_else(|| {
                let capacity = capacity.filter(|capacity| capacity.fit == "never")?;
                Some(Problem::new("too_big").with("most", capacity.most.unwrap_or(0)))
            });
            vec![ActOffer { act: ExerciseAct::Launch, blocked }]
        }
        Status::Provisioning => {
            let blocked = Some(Problem::new("still_building"));
            vec![ActOffer { act: ExerciseAct::Start, blocked }]
        }
        Status::Ready => vec![offer(ExerciseAct::Start), offer(ExerciseAct::End)],
        Status::Running => vec![offer(ExerciseAct::Pause), offer(ExerciseAct::End)],
        Status::Paused => vec![offer(ExerciseAct::Resume), offer(ExerciseAct::End)],
        // A clearing under way shows its progress instead of a button.
        Status::Ended if busy => Vec::new(),
        Status::Ended => vec![offer(ExerciseAct::Clear)],
        Status::Cleared => Vec::new(),
    }
}

fn outage(fold: &Fold, facts: &Facts<'_>) -> Option<OutageView> {
    let outage = fold.outage()?;
    let until_ms = outage.since_ms + facts.node_grace_ms;
    let building = outage.rebuild_ms.is_some();
    let clock = match fold.status {
        Status::Running => true,
        Status::Paused => outage.taken_out_ms.is_none(),
        _ => false,
    };
    Some(OutageView {
        node: outage.node.clone(),
        since_ms: outage.since_ms,
        until_ms,
        rebuild_ms: outage.rebuild_ms,
        failed: outage.failed.clone(),
        may_rebuild: facts.may_act && !building && facts.now_ms >= until_ms,
        may_void: facts.may_act && clock,
    })
}

/// What hangs on ending or clearing.
#[must_use]
pub fn stakes(exercise: &Exercise, fold: &Fold) -> Stakes {
    let standing = !matches!(fold.status, Status::Draft | Status::Cleared);
    let plan = exercise.plan().filter(|_| standing);
    Stakes {
        ranges: plan.as_ref().map_or(0, |plan| count(plan.ranges.len())),
        containers: plan
            .as_ref()
            .map_or(0, |plan| plan.ranges.iter().map(|range| count(range.hosts.len())).sum()),
        entries: i64::try_from(fold.seq).unwrap_or(i64::MAX),
    }
}

const STEPS: [(&str, LaunchStepName); 5] = [
    ("networks", LaunchStepName::Networks),
    ("hosts", LaunchStepName::Hosts),
    ("plants", LaunchStepName::Plants),
    ("ready", LaunchStepName::Ready),
    ("walls", LaunchStepName::Walls),
];

fn launch(exercise: &Exercise, fold: &Fold, left_ms: Option<i64>) -> Option<LaunchView> {
    let progress = exercise.progress().borrow().clone();
    let error = progress.error.clone().or_else(|| fold.note.clone().filter(|_| fold.status == Status::Draft));
    if (progress.what.is_empty() && error.is_none()) || progress.queued.is_some() {
        return None;
    }
    let range = |(number, pair): (u16, Pair)| {
        let mut before_done = true;
        let steps = STEPS
            .iter()
            .map(|(word, name)| {
                let known = progress.steps.iter().find(|step| step.range == number && step.step == *word);
                let (done, all) = known.map_or((0, 0), |step| (step.done, step.all));
                let state = match () {
                    () if known.is_some() && done >= all => StepState::Done,
                    () if known.is_some() && before_done && error.is_some() => StepState::Failed,
                    () if known.is_some() && done > 0 || before_done && error.is_none() => StepState::Running,
                    () => StepState::Waiting,
                };
                before_done = before_done && state == StepState::Done;
                LaunchStep { step: *name, state, done: count(done), total: count(all) }
            })
            .collect();
        LaunchRange { range: number, pair, steps, error: None, reason: None, log: Vec::new() }
    };
    let mut ranges: Vec<LaunchRange> = pairs(fold).into_iter().map(range).collect();
    // The engine's words concern the launch as a whole; they stand with the first range.
    if let Some(first) = ranges.first_mut() {
        first.log.extend(progress.line.clone());
        if let Some(error) = error {
            first.reason = progress.why.clone().or_else(|| fold.why.clone());
            if first.reason.is_some() {
                // The words of whatever failed, for whoever has to repair it.
                first.log.extend(error.lines().map(str::to_owned));
            } else {
                first.error = Some(Problem::new("launch_failed_because").with("detail", error));
            }
        }
    }
    let shown = progress.steps.iter().filter(|step| STEPS.iter().any(|(word, _)| *word == step.step));
    let (done, all) = shown.fold((0, 0), |(done, all), step| (done + step.done, all + step.all));
    Some(LaunchView {
        clearing: progress.what == "clear",
        progress: Progress { done: count(done), total: count(all) },
        left_ms,
        since_ms: progress.since_ms,
        ranges,
    })
}

fn walls(fold: &Fold) -> Vec<WallProof> {
    fold.walls
        .iter()
        .flat_map(|(range, proofs)| {
            proofs.iter().map(|proof| WallProof {
                range: *range,
                what: proof.what.clone(),
                from: proof.from.clone(),
                to: proof.to.clone(),
                holds: proof.holds,
                seen: proof.seen.clone(),
            })
        })
        .collect()
}

fn teams(fold: &Fold, facts: &Facts<'_>) -> Vec<TeamLine> {
    let since = fold.clock.at(facts.now_ms) - RECENT_MS;
    let seats_of = |id: &str| {
        fold.seats.iter().filter(|(_, (_, team))| team == id).map(|(seat, _)| seat).collect::<Vec<_>>()
    };
    [Side::Red, Side::Blue]
        .into_iter()
        .flat_map(|side| fold.ranks(side, Audience::Staff))
        .map(|row| {
            let series = fold.team(&row.id).map(|team| team.series.as_slice()).unwrap_or_default();
            let before =
                series.iter().rev().find(|point| point.clock_ms <= since).map_or(0, |point| point.points);
            let seats = seats_of(&row.id);
            TeamLine {
                team: team(fold, &row.id),
                rank: row.rank,
                points: row.points,
                parts: Component::of(row.side)
                    .iter()
                    .map(|part| PartPoints {
                        part: part.as_str().to_owned(),
                        points: row.parts.get(part.as_str()).copied().unwrap_or(0),
                    })
                    .collect(),
                recent: row.points - before,
                online: count(seats.iter().filter(|seat| facts.online.contains(**seat)).count()),
                seats: count(seats.len()),
                range: row.range,
                last: row.last,
            }
        })
        .collect()
}

fn health_table(exercise: &Exercise, fold: &Fold, locale: Locale) -> HealthTable {
    let scenario = exercise.scenario();
    let ranges = pairs(fold);
    let rows = scenario
        .hosts
        .iter()
        .filter(|host| scenario.checks.iter().any(|check| check.host == host.id))
        .map(|host| HealthRow {
            host: host.id.clone(),
            title: super::say(locale, &host.title),
            cells: ranges
                .iter()
                .map(|(range, _)| {
                    let (state, since_ms) = host_health(fold, scenario, *range, &host.id)
                        .map_or((scoreboard::HealthState::Unknown, None), |(state, since, _)| (state, since));
                    let trouble = !matches!(state, scoreboard::HealthState::Up);
                    HealthCell {
                        state: health(state),
                        permille: None,
                        since_ms: since_ms.filter(|_| trouble),
                    }
                })
                .collect(),
        })
        .collect();
    HealthTable {
        ranges: ranges.into_iter().map(|(range, pair)| HealthRange { range, pair }).collect(),
        rows,
        checked: !fold.health.is_empty(),
    }
}

fn args<const N: usize>(list: [(&str, String); N]) -> BTreeMap<String, String> {
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn alerts(exercise: &Exercise, fold: &Fold, facts: &Facts<'_>) -> Vec<Alert> {
    let mut alerts = foreign_flags(exercise, fold, facts);
    if !fold.over() {
        alerts.extend(hosts_down(exercise, fold));
    }
    alerts.extend(broken_walls(fold));
    alerts.extend(alarms(exercise, fold, facts));
    if !facts.chain.intact {
        alerts.push(Alert {
            at_ms: facts.now_ms,
            tone: Tone::Danger,
            code: "chain_broken".to_owned(),
            args: args([("seq", facts.chain.seq.to_string())]),
            teams: Vec::new(),
            reason: None,
            lasting: false,
        });
    }
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.at_ms));
    alerts
}

/// What the watch over the range saw: what lasts, and what passed a short while ago.
fn alarms(exercise: &Exercise, fold: &Fold, facts: &Facts<'_>) -> Vec<Alert> {
    let progress = exercise.progress();
    let progress = progress.borrow();
    let shown = progress
        .alarms
        .iter()
        .filter(|alarm| alarm.over_ms.is_none_or(|over_ms| facts.now_ms - over_ms < ALARM_SHOWN_MS));
    shown
        .map(|alarm| {
            let range = alarm.what.args.get("range").and_then(|range| range.parse().ok());
            let teams = range.map(|range| [Side::Red, Side::Blue].map(|side| fold.team_of(range, side)));
            Alert {
                at_ms: alarm.at_ms,
                tone: if alarm.over_ms.is_none() { Tone::Danger } else { Tone::Warn },
                code: "alarm".to_owned(),
                args: BTreeMap::new(),
                teams: teams.into_iter().flatten().flatten().map(|known| team(fold, &known.id)).collect(),
                reason: Some(alarm.what.clone()),
                lasting: alarm.over_ms.is_none(),
            }
        })
        .collect()
}

fn foreign_flags(exercise: &Exercise, fold: &Fold, facts: &Facts<'_>) -> Vec<Alert> {
    fold.alerts
        .iter()
        .map(|(_, at_ms, submitter, seat, objective, owner)| {
            let seat = facts
                .seats
                .iter()
                .find(|known| known.id == *seat)
                .map_or_else(|| seat.clone(), |known| label(fold, &known.team, known.number));
            let known = exercise.scenario().objective(objective);
            let title =
                known.map_or_else(|| objective.clone(), |known| super::say(facts.locale, &known.title));
            Alert {
                at_ms: *at_ms,
                tone: Tone::Danger,
                code: "foreign_flag".to_owned(),
                args: args([("seat", seat), ("objective", title)]),
                teams: vec![team(fold, submitter), team(fold, owner)],
                reason: None,
                lasting: false,
            }
        })
        .collect()
}

fn hosts_down(exercise: &Exercise, fold: &Fold) -> Vec<Alert> {
    fold.health
        .iter()
        .filter(|(_, (state, ..))| *state == scoreboard::HealthState::Down)
        .map(|((range, check), (_, since, detail))| {
            let known = exercise.scenario().checks.iter().find(|known| known.id == *check);
            let host = known.map_or_else(|| check.clone(), |known| known.host.clone());
            let blue = fold.team_of(*range, Side::Blue).map(|blue| team(fold, &blue.id));
            Alert {
                at_ms: *since,
                tone: Tone::Warn,
                code: "host_down".to_owned(),
                args: args([("range", range.to_string()), ("host", host), ("detail", detail.clone())]),
                teams: blue.into_iter().collect(),
                reason: None,
                lasting: false,
            }
        })
        .collect()
}

fn broken_walls(fold: &Fold) -> Vec<Alert> {
    fold.walls
        .iter()
        .filter_map(|(range, proofs)| {
            let broken = proofs.iter().find(|proof| !proof.holds)?;
            let detail = format!("{} → {}: {}", broken.from, broken.to, broken.seen);
            Some(Alert {
                at_ms: fold.at_ms,
                tone: Tone::Danger,
                code: "walls_broken".to_owned(),
                args: args([("range", range.to_string()), ("detail", detail)]),
                teams: Vec::new(),
                reason: None,
                lasting: false,
            })
        })
        .collect()
}

fn feed(fold: &Fold) -> Vec<FeedLine> {
    fold.feed
        .iter()
        .rev()
        .take(FEED)
        .map(|item| FeedLine {
            seq: item.seq,
            at_ms: item.at_ms,
            kind: item.kind.to_owned(),
            team: item.team.as_ref().map(|id| team(fold, id)),
            reason: item.reason.clone(),
            points: item.points,
        })
        .collect()
}
