//! From state to what the API carries.

use std::collections::BTreeMap;

use rampart_app::LedgerState;
use rampart_app::exercise::Exercise as Live;
use rampart_pages::Locale;
use rampart_store::{Exercise as Row, Token};
use scoreboard::{Fold, Status};

use super::types::{Alarm, Clock, Exercise, ExerciseDetail, Host, Progress, Queued, Reason, Team, TokenInfo};
use crate::web::Web;
use crate::web::view::all_names;

/// A reason with its text.
pub(super) fn reason(
    web: &Web,
    locale: Locale,
    reason: &scoreboard::Reason,
    names: &BTreeMap<String, String>,
) -> Reason {
    Reason {
        rule: reason.rule.clone(),
        args: reason.args.clone(),
        text: web.pages.reason(locale, reason, names),
    }
}

pub(super) fn token(token: &Token) -> TokenInfo {
    TokenInfo {
        id: token.id.clone(),
        name: token.name.clone(),
        hint: token.hint.clone(),
        scopes: token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        created_ms: token.created_ms,
        expires_ms: token.expires_ms,
        used_ms: token.used_ms,
        revoked_ms: token.revoked_ms,
    }
}

pub(super) fn exercise(row: &Row, fold: &Fold) -> Exercise {
    Exercise {
        id: row.id.clone(),
        code: row.code.clone(),
        title: row.title.clone(),
        scenario: row.scenario_id.clone(),
        scenario_version: row.scenario_version,
        pairs: row.pairs,
        place: row.place.clone(),
        starts_ms: row.starts_ms,
        ends_ms: row.ends_ms,
        status: fold.status.as_str().to_owned(),
        seq: fold.seq,
    }
}

pub(super) fn clock(fold: &Fold) -> Clock {
    Clock {
        banked_ms: fold.clock.banked_ms,
        since_ms: fold.clock.since_ms,
        duration_ms: fold.header.as_ref().map_or(0, |header| header.duration_ms),
    }
}

pub(super) fn detail(web: &Web, locale: Locale, row: &Row, live: &Live) -> ExerciseDetail {
    let names = all_names(live.scenario(), locale);
    let say = |what: &scoreboard::Reason| reason(web, locale, what, &names);
    let progress = live.progress().borrow().clone();
    let times = live.times();
    let hosts = live.hosts().borrow().clone();
    let fold = live.fold();
    ExerciseDetail {
        exercise: exercise(row, &fold),
        clock: clock(&fold),
        teams: fold
            .teams
            .iter()
            .map(|team| Team {
                id: team.id.clone(),
                name: team.name.clone(),
                side: team.side.as_str().to_owned(),
                range: team.range,
                points: team.points,
                seats: fold.seats.values().filter(|(_, of)| *of == team.id).count(),
                out: team.out.as_ref().map(&say),
            })
            .collect(),
        launch_ms: times.launch.map(|(at_ms, _)| at_ms).filter(|_| fold.status == Status::Draft),
        deadline_ms: times.deadline_ms,
        progress: Progress {
            done: progress.steps.iter().map(|step| step.done).sum(),
            all: progress.steps.iter().map(|step| step.all).sum(),
            queued: progress.queued.as_ref().map(|queued| Queued {
                place: queued.place,
                of: queued.of,
                why: say(&queued.why),
            }),
            why: progress.why.as_ref().or(fold.why.as_ref()).map(&say),
            what: progress.what,
        },
        hosts: hosts
            .iter()
            .map(|host| Host {
                range: host.range,
                host: host.host.clone(),
                state: host.state.as_str().to_owned(),
                deaths: host.deaths,
                reset: host.reset.as_ref().map(|reset| reset.stage.to_owned()),
            })
            .collect(),
        alarms: progress
            .alarms
            .iter()
            .map(|alarm| Alarm { what: say(&alarm.what), at_ms: alarm.at_ms, over_ms: alarm.over_ms })
            .collect(),
        intact: matches!(web.app.ledger_state(&live.id), LedgerState::Whole(_)),
        frozen: fold.frozen.is_some(),
    }
}
