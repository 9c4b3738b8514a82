//! Lists of exercises, seats, slips, attendance.

use std::collections::BTreeMap;

use rampart_app::AttendanceRow as Attended;
use rampart_app::exercise::Exercise;
use rampart_domain::records::{Interval, IntervalSet, Rule};
use rampart_pages::{
    AttendanceRow, BookingRule, ExerciseRow, Locale, Presence, PresenceSource, Problem, Progress,
    RunningExercise, SeatPerson, ShutExercise, SlipCard, TeamRef, TeamSeats, TodayExercise,
};
use rampart_store::{Exercise as Row, Person, Seat};
use scoreboard::{Fold, Side, Status};

use super::{all_names, clock, count, pairs, phases, place, say, state, team};
use crate::web::state::Web;
use crate::web::visit::{page_side, seat_label};

/// Reason that marks a line of the sheet as signing in at the desk, in place of an instructor's own words.
pub const AT_THE_DESK: &str = "簽到";

fn seats_of(fold: &Fold, side: Side) -> i64 {
    count(fold.seats.values().filter(|(_, id)| fold.team(id).is_some_and(|team| team.side == side)).count())
}

/// Hosts of the ranges that are being built: ready, all.
#[must_use]
pub fn progress(exercise: &Exercise) -> Option<Progress> {
    let hosts = exercise.progress().borrow().hosts();
    hosts.map(|(ready, all)| Progress { done: count(ready), total: count(all) })
}

/// Exercises that could not be taken up.
#[must_use]
pub fn shut(web: &Web) -> Vec<ShutExercise> {
    let shut = web.app.shut();
    shut.into_iter()
        .map(|one| ShutExercise { code: one.code, title: one.title, reason: one.reason })
        .collect()
}

/// Ledgers found not to be what was written while the server ran.
pub fn broken(web: &Web) -> Vec<ShutExercise> {
    let alarms = web.app.ledger_alarms();
    alarms
        .into_iter()
        .map(|one| ShutExercise { code: one.code, title: one.title, reason: one.reason })
        .collect()
}

/// A line of the list. `attended` is (people, ms) where the exercise is over.
#[must_use]
pub fn row(exercise: &Exercise, row: &Row, locale: Locale, attended: Option<(i64, i64)>) -> ExerciseRow {
    let fold = exercise.fold();
    // A note of before there were codes is shown in its own words; those of a coded one are for the control room.
    let note = fold.note.as_ref().filter(|_| fold.status == Status::Draft);
    let reason = fold.why.clone().filter(|_| note.is_some());
    ExerciseRow {
        id: row.id.clone(),
        code: row.code.clone(),
        title: row.title.clone(),
        scenario: say(locale, &exercise.scenario().title),
        state: state(&fold),
        starts_ms: Some(row.starts_ms),
        place: place(row),
        seats_red: seats_of(&fold, Side::Red),
        seats_blue: seats_of(&fold, Side::Blue),
        progress: progress(exercise),
        queued: super::schedule::queued(exercise, &fold),
        launch_ms: exercise.times().launch.filter(|_| fold.status == Status::Draft).map(|(at_ms, _)| at_ms),
        problem: note
            .filter(|_| reason.is_none())
            .map(|note| Problem::new("launch_failed_because").with("detail", note)),
        names: reason.as_ref().map(|_| all_names(exercise.scenario(), locale)).unwrap_or_default(),
        reason,
        persons: attended.map(|(persons, _)| persons),
        person_ms: attended.map(|(_, ms)| ms),
    }
}

/// A running exercise, shown large.
#[must_use]
pub fn running(exercise: &Exercise, row: ExerciseRow, now_ms: i64, online: i64) -> RunningExercise {
    let fold = exercise.fold();
    RunningExercise {
        row,
        clock: clock(&fold, now_ms),
        phases: phases(&fold, exercise.scenario(), now_ms),
        pairs: pairs(&fold).into_iter().map(|(_, pair)| pair).collect(),
        seats_online: online,
        seats: count(fold.seats.len()),
        alerts: count(fold.alerts.len()),
    }
}

/// An exercise as a visitor may see it.
#[must_use]
pub fn today(exercise: &Exercise, row: &Row, locale: Locale, now_ms: i64) -> TodayExercise {
    let fold = exercise.fold();
    let names =
        |side| fold.teams.iter().filter(|team| team.side == side).map(|team| team.name.clone()).collect();
    TodayExercise {
        id: row.id.clone(),
        code: row.code.clone(),
        title: row.title.clone(),
        scenario: say(locale, &exercise.scenario().title),
        place: place(row),
        state: state(&fold),
        starts_ms: Some(row.starts_ms),
        clock: clock(&fold, now_ms),
        red: names(Side::Red),
        blue: names(Side::Blue),
        board: !matches!(fold.status, Status::Draft | Status::Provisioning),
    }
}

/// Teams with their seats.
#[must_use]
pub fn team_seats(fold: &Fold) -> Vec<TeamSeats> {
    fold.teams
        .iter()
        .map(|of| TeamSeats {
            team: team(fold, &of.id),
            taken: count(fold.seats.values().filter(|(_, team)| *team == of.id).count()),
        })
        .collect()
}

/// People with their seats.
#[must_use]
pub fn seat_people(fold: &Fold, people: Vec<Person>, seats: &[Seat]) -> Vec<SeatPerson> {
    let seats: BTreeMap<&str, &Seat> = seats.iter().map(|seat| (seat.person_id.as_str(), seat)).collect();
    people
        .into_iter()
        .map(|person| {
            let seat = seats.get(person.id.as_str());
            SeatPerson {
                team: seat.map(|seat| seat.team.clone()),
                seat: seat.map(|seat| label(fold, &seat.team, seat.number)),
                code_made: seat.is_some_and(|seat| seat.code_waits || seat.code_used_ms.is_some()),
                entered: seat.is_some_and(|seat| seat.code_used_ms.is_some()),
                id: person.id,
                name: person.name,
                staff_no: person.staff_no,
                agency: person.agency,
            }
        })
        .collect()
}

/// Label of a seat such as 紅檜-3.
#[must_use]
pub fn label(fold: &Fold, team: &str, number: u32) -> String {
    seat_label(fold.team(team).map_or(team, |team| &team.name), i64::from(number))
}

/// A card with a fresh code.
#[must_use]
pub fn card(slip: rampart_app::Slip) -> SlipCard {
    SlipCard {
        seat: seat_label(&slip.team, i64::from(slip.number)),
        team: TeamRef::new("", &slip.team, page_side(slip.side)),
        name: slip.name,
        agency: slip.agency,
        code: slip.code,
    }
}

/// The booking rule and the session that it clips to.
#[must_use]
pub fn rule(fold: &Fold, row: &Row) -> BookingRule {
    BookingRule {
        name: "R-1".to_owned(),
        gap_minutes: Rule::default().gap_ms / 60_000,
        from_ms: fold.clock.started_ms.unwrap_or(row.starts_ms),
        to_ms: fold.ended_ms.unwrap_or(row.ends_ms),
    }
}

/// One person's attendance.
#[must_use]
pub fn attendance(fold: &Fold, row: &Attended) -> AttendanceRow {
    // Shown as it is counted: a seat that comes back soon was not left.
    let seen = row.seen.iter().filter_map(|(from, to)| Interval::new(*from, *to).ok());
    let joined = IntervalSet::joined(seen, Rule::default().gap_ms);
    let mut presence: Vec<Presence> = joined
        .stretches()
        .iter()
        .map(|seen| Presence {
            from_ms: seen.start_ms(),
            to_ms: Some(seen.end_ms()),
            source: PresenceSource::Seat,
            reason: None,
            sign: None,
        })
        .collect();
    presence.extend(row.signs.iter().map(|sign| {
        let at_desk = sign.reason == AT_THE_DESK;
        Presence {
            from_ms: sign.from_ms,
            to_ms: sign.to_ms,
            source: if at_desk { PresenceSource::Signed } else { PresenceSource::Instructor },
            reason: (!at_desk).then(|| sign.reason.clone()),
            sign: Some(sign.id.clone()),
        }
    }));
    presence.sort_by_key(|one| one.from_ms);
    AttendanceRow {
        person: row.person.id.clone(),
        name: row.person.name.clone(),
        agency: row.person.agency.clone(),
        team: row.team.as_ref().map(|id| team(fold, id)),
        seat: row.team.as_ref().zip(row.number).map(|(team, number)| label(fold, team, number)),
        presence,
        booked_ms: row.counted.seconds * 1000,
        signed_in: row.signs.iter().any(|sign| sign.to_ms.is_none()),
    }
}
