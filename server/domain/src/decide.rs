//! Decisions: a command and the present state give entries for the ledger, or a refusal. Nothing else may make an entry
//! that carries points. What all share stands here; the sides' own rules stand in files of their own.

use scoreboard::{Actor, Body, Fold, Proof, Reason, Side, Status};

use crate::scenario::Scenario;
use crate::secret::RunSecret;

mod blue;
mod desk;
mod judge;
mod outage;
mod red;
mod reset;
mod service;
mod settle;
mod void;

pub use blue::{
    CITE_LIMIT, REPORT_TEXT_LIMIT, ReportForm, decayed, is_technique, judge, repair, report, retested,
};
pub use desk::{
    MarkForm, NewRun, TRIES_LIMIT, give_tries, lift, mark, penalise, release, rematch, undo_rematch,
};
pub use judge::{JUDGE_TEXT_LIMIT, RULING_LIMIT, RulingForm, contest, correct, disqualify, freeze, rule};
pub use outage::{node_back, node_lost, rebuild, rebuilt, take_time_out};
pub use red::{FlagOutcome, action, captures_of, flag, hint, tries_allowed};
pub use reset::{ResetBy, ResetOutcome, checks_silenced, is_silenced, reset, reset_done};
pub use service::{availability, health};
pub use settle::settle;
pub use void::{VoidForm, unvoid, void};

/// Version of the ledger's vocabulary that this code writes.
pub const FORMAT: u16 = 2;
/// False reports are counted over this much exercise time, ms.
const HOUR_MS: i64 = 3_600_000;

/// What decisions need to know besides the state.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The run's secret.
    pub secret: &'a RunSecret,
    /// Tags of other runs, to tell yesterday's flag from a wrong one.
    pub other_tags: &'a [String],
}

/// Why a command was not carried out. Each has a text of the same name in the locale files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such thing for this team; says nothing about whether it exists for others.
    #[error("not found")]
    NotFound,
    /// The exercise has not started.
    #[error("the exercise has not started")]
    NotStarted,
    /// The exercise is paused.
    #[error("the exercise is paused")]
    Paused,
    /// The exercise is over.
    #[error("the exercise is over")]
    Over,
    /// The exercise is not over yet.
    #[error("the exercise is not over yet")]
    NotOver,
    /// The text has not the form of a flag.
    #[error("not the form of a flag")]
    Malformed {
        /// Characters between the braces, where there are braces.
        found: Option<usize>,
    },
    /// The team has this already.
    #[error("already captured by this team")]
    AlreadyYours,
    /// No tries left.
    #[error("no tries left")]
    LimitReached,
    /// Another objective comes first.
    #[error("{needs} comes first")]
    Locked {
        /// Objective id.
        needs: String,
    },
    /// This change of status is not possible from here.
    #[error("cannot go from {} to {}", from.as_str(), to.as_str())]
    Turn {
        /// Present status.
        from: Status,
        /// Status wanted.
        to: Status,
    },
    /// A field of a form is not right.
    #[error("{field}: {code}")]
    Field {
        /// Field name.
        field: &'static str,
        /// Text code.
        code: &'static str,
    },
    /// A retest of this repair is already waiting.
    #[error("a retest is already waiting")]
    Waiting,
    /// The repair has already been paid.
    #[error("already repaired")]
    AlreadyRepaired,
    /// The scenario does not let the team have this host made anew.
    #[error("this host is not reset for a team")]
    NoReset,
    /// The host is being made anew already.
    #[error("already being reset")]
    Resetting,
    /// It is so already.
    #[error("it is so already")]
    AlreadySo,
    /// The entry is disputed already, or was ruled on.
    #[error("disputed or ruled on already")]
    Contested,
    /// The node of the ranges answers.
    #[error("the node of the ranges answers")]
    NoOutage,
    /// The node of the ranges may still come back.
    #[error("the node may still come back")]
    Grace {
        /// Until when that is waited for, ms UTC.
        until_ms: i64,
    },
}

/// Entries to append, each with its actor.
pub type Entries = Vec<(Actor, Body)>;

/// First entries of an exercise: itself and its teams.
#[must_use]
pub fn create(scenario: &Scenario, code: &str, title: &str, account: &str, pairs: u16) -> Entries {
    let actor = Actor::Account(account.to_owned());
    let mut entries = vec![(
        actor.clone(),
        Body::Created {
            format: FORMAT,
            code: code.to_owned(),
            title: title.to_owned(),
            scenario: scenario.id.clone(),
            version: scenario.version,
            duration_ms: scenario.duration_ms,
            max_red: scenario.max_points(Side::Red),
            max_blue: scenario.max_points(Side::Blue),
        },
    )];
    for range in 1..=pairs {
        for side in [Side::Red, Side::Blue] {
            entries.push((
                actor.clone(),
                Body::Team { team: team_id(side, range), name: team_name(side, range), side, range },
            ));
        }
    }
    entries
}

/// Id of the team of a side in a range.
#[must_use]
pub fn team_id(side: Side, range: u16) -> String {
    match side {
        Side::Red => format!("r{range}"),
        Side::Blue => format!("b{range}"),
    }
}

/// Names of trees and birds of the island, and of blue things; beyond them a number.
fn team_name(side: Side, range: u16) -> String {
    let names: &[&str] = match side {
        Side::Red => {
            &["紅檜", "紅楠", "紅雀", "紅隼", "紅蓼", "紅楓", "紅豆", "紅萱", "紅嘴", "紅柴", "紅藜", "紅鳩"]
        }
        Side::Blue => {
            &["藍鵲", "藍染", "藍洋", "藍磯", "藍腹", "藍晴", "藍灣", "藍潭", "藍鯨", "藍雪", "藍瓦", "藍田"]
        }
    };
    names.get(usize::from(range).saturating_sub(1)).map_or_else(
        || match side {
            Side::Red => format!("紅隊 {range}"),
            Side::Blue => format!("藍隊 {range}"),
        },
        |name| (*name).to_owned(),
    )
}

/// A change of status.
///
/// # Errors
/// [`Refusal::Turn`] when it is not possible from the present one.
pub fn turn(fold: &Fold, actor: Actor, to: Status, note: Option<String>) -> Result<Entries, Refusal> {
    turn_because(fold, actor, to, note, None)
}

/// A change of status with its reason as a code.
///
/// # Errors
/// As [`turn`].
pub fn turn_because(
    fold: &Fold,
    actor: Actor,
    to: Status,
    note: Option<String>,
    why: Option<Reason>,
) -> Result<Entries, Refusal> {
    use Status::{Cleared, Draft, Ended, Paused, Provisioning, Ready, Running};
    let from = fold.status;
    let allowed = matches!(
        (from, to),
        (Draft, Provisioning)
            | (Provisioning, Ready | Draft)
            | (Ready, Running | Ended)
            | (Running, Paused | Ended)
            | (Paused, Running | Ended)
            | (Ended, Cleared)
    );
    if !allowed {
        return Err(Refusal::Turn { from, to });
    }
    Ok(vec![(actor, Body::Status { from, to, note, why })])
}

fn open(fold: &Fold) -> Result<(), Refusal> {
    match fold.status {
        Status::Running => Ok(()),
        Status::Paused => Err(Refusal::Paused),
        Status::Ended | Status::Cleared => Err(Refusal::Over),
        Status::Draft | Status::Provisioning | Status::Ready => Err(Refusal::NotStarted),
    }
}

/// Exercise clock at a past moment: wall time since the first start less the pauses before it.
#[must_use]
pub fn clock_at(fold: &Fold, at_ms: i64) -> i64 {
    let Some(started) = fold.clock.started_ms else { return 0 };
    let paused: i64 = fold
        .pauses
        .iter()
        .filter(|(from, _)| *from < at_ms)
        .map(|(from, to)| to.unwrap_or(at_ms).min(at_ms) - from)
        .sum();
    (at_ms.min(fold.ended_ms.unwrap_or(at_ms)) - started - paused).max(0)
}

/// The walls of a range were tried.
#[must_use]
pub fn walls(range: u16, proofs: Vec<Proof>) -> Entries {
    vec![(Actor::System, Body::Walls { range, proofs })]
}

#[cfg(test)]
mod tests;
