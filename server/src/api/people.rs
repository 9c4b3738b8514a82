//! The register of people, seats, slips and sign-in sheets.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::SignError;
use rampart_app::records::roster;
use rampart_app::records::sheet::Encoding;
use rampart_app::roster_import::RowEffect;
use rampart_pages::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{Answer, Fault};
use super::extract::{Asked, Body, List, Part};
use super::gate::Call;
use super::types::{
    Attendance, Count, Imported, ImportedRow, Person, Seat, SeatWish, Sign, SignAct, Slip, SlipWish, Spread,
};
use crate::web::Web;
use crate::web::exercises::online;
use crate::web::view::exercises::AT_THE_DESK;

pub(super) fn person(of: &rampart_store::Person) -> Person {
    Person {
        id: of.id.clone(),
        name: of.name.clone(),
        staff_no: of.staff_no.clone(),
        agency: of.agency.clone(),
    }
}

/// Whom.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// Part of a name, staff number or agency.
    pub q: Option<String>,
    /// `next` of the part before; nothing for the first.
    pub cursor: Option<String>,
    /// Most items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
}

/// List people
///
/// Names, staff numbers and agencies; gender is in no list.
#[utoipa::path(get, operation_id = "list_people", path = "/api/v1/people", tag = "people", params(Sought),
    responses((status = OK, body = List<Person>)))]
pub async fn list(State(web): State<Web>, Asked(sought): Asked<Sought>) -> Answer<Json<List<Person>>> {
    let part = Part { cursor: sought.cursor, limit: sought.limit };
    let (limit, offset) = (part.limit()?, u32::try_from(part.after()?).unwrap_or(u32::MAX));
    let filter = sought.q.unwrap_or_default();
    let found = web.app.store.persons().list(filter.trim(), limit, offset).await?;
    let next = (found.len() == limit as usize).then(|| (offset + limit).to_string());
    Ok(Json(List { items: found.iter().map(person).collect(), next }))
}

/// How to import.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// Only say what it would do.
    #[serde(default)]
    #[param(default = false)]
    pub dry_run: bool,
    /// Sheet of a workbook, from 1.
    #[param(minimum = 1)]
    pub sheet: Option<usize>,
    /// The file is Big5 (CP950).
    #[serde(default)]
    #[param(default = false)]
    pub big5: bool,
}

/// Import people
///
/// A roster as CSV, XLSX or ODS, as the page takes it: all rows or none. Every fault comes back at once, as `row:column`.
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people", params(How),
    request_body(content = String, content_type = "text/csv", description = "The roster"),
    responses((status = OK, body = Imported)))]
pub async fn import(
    State(web): State<Web>,
    call: Call,
    Asked(how): Asked<How>,
    bytes: Bytes,
) -> Answer<Json<Imported>> {
    let reading = roster::How {
        sheet: how.sheet.map(|sheet| sheet.saturating_sub(1)),
        encoding: how.big5.then_some(Encoding::Big5),
        columns: None,
    };
    let nobody = BTreeSet::new();
    if how.dry_run {
        let check = web.app.check_roster(&bytes, &reading, &nobody).await?;
        let rows = check.rows.map_err(|faults| faulty(&faults))?;
        let mut would =
            Imported { added: 0, changed: 0, unchanged: 0, withheld: 0, dry_run: true, rows: Vec::new() };
        for row in rows {
            let (number, effect) = match row.effect {
                RowEffect::Added => (&mut would.added, "added"),
                RowEffect::Same => (&mut would.unchanged, "same"),
                RowEffect::Changed => (&mut would.changed, "changed"),
            };
            *number += 1;
            would.rows.push(ImportedRow {
                row: row.row.row,
                effect: effect.to_owned(),
                person: row.person.map(|person| person.id),
                proposed: row.proposed,
            });
        }
        return Ok(Json(would));
    }
    let done = web.app.import_roster_as(&bytes, &reading, &nobody, Some(&call.staff()?.id)).await?;
    let done = done.map_err(|faults| faulty(&faults))?;
    Ok(Json(Imported {
        added: done.added,
        changed: done.changed,
        unchanged: done.unchanged,
        withheld: done.withheld,
        dry_run: false,
        rows: Vec::new(),
    }))
}

/// Faults without the values that were wrong: they may be personal, and the caller has the file.
fn faulty(faults: &[roster::Fault]) -> Fault {
    let one = |fault: &roster::Fault| {
        let problem = Problem::new(fault.code).on(format!("{}:{}", fault.row, fault.column));
        fault.args.iter().fold(problem, |problem, (name, value)| problem.with(*name, value))
    };
    Fault::fields(faults.iter().map(one).collect())
}

/// List seats
///
/// By team and number.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/seats", tag = "seats",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<Seat>)))]
pub async fn seats(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<List<Seat>>> {
    web.exercise(&id)?;
    let seats = web.app.store.seats().list(&id).await?;
    let online = online(&web, &id, call.now_ms).await?;
    let ids: Vec<String> = seats.iter().map(|seat| seat.person_id.clone()).collect();
    let people: BTreeMap<String, rampart_store::Person> = web
        .app
        .store
        .persons()
        .by_ids(&ids)
        .await?
        .into_iter()
        .map(|person| (person.id.clone(), person))
        .collect();
    let seat = |seat: rampart_store::Seat| {
        let person = people.get(&seat.person_id);
        Seat {
            online: online.contains(&seat.id),
            name: person.map(|person| person.name.clone()).unwrap_or_default(),
            agency: person.map(|person| person.agency.clone()).unwrap_or_default(),
            id: seat.id,
            person: seat.person_id,
            team: seat.team,
            number: seat.number,
            code_waits: seat.code_waits,
            code_used_ms: seat.code_used_ms,
        }
    };
    Ok(Json(List::whole(seats.into_iter().map(seat).collect())))
}

fn open(web: &Web, id: &str) -> Result<(), Fault> {
    match web.exercise(id)?.fold().over() {
        true => Err(Fault::new(StatusCode::CONFLICT, "over")),
        false => Ok(()),
    }
}

/// Give a seat
///
/// Puts a person into a team, or moves them there.
#[utoipa::path(put, path = "/api/v1/exercises/{exercise}/seats/{person}", tag = "seats", request_body = SeatWish,
    params(("exercise" = String, Path, description = "Id of the exercise"), ("person" = String, Path, description = "Id of the person")),
    responses((status = NO_CONTENT)))]
pub async fn give_seat(
    State(web): State<Web>,
    call: Call,
    Path((id, person)): Path<(String, String)>,
    Body(wish): Body<SeatWish>,
) -> Answer<StatusCode> {
    open(&web, &id)?;
    if web.exercise(&id)?.fold().team(&wish.team).is_none() {
        return Err(Fault::field("team", "team_unknown"));
    }
    let known = web.app.store.persons().by_id(&person).await?;
    if known.is_none_or(|person| person.removed_ms.is_some()) {
        return Err(Fault::not_found());
    }
    web.app.give_seat(&id, &person, &wish.team, &call.staff()?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a seat
///
/// Its log-in, its tokens and its code end.
#[utoipa::path(delete, path = "/api/v1/exercises/{exercise}/seats/{person}", tag = "seats",
    params(("exercise" = String, Path, description = "Id of the exercise"), ("person" = String, Path, description = "Id of the person")),
    responses((status = NO_CONTENT)))]
pub async fn take_seat(
    State(web): State<Web>,
    call: Call,
    Path((id, person)): Path<(String, String)>,
) -> Answer<StatusCode> {
    open(&web, &id)?;
    let seats = web.app.store.seats().list(&id).await?;
    let same = web.app.store.merges().same().await?;
    let held = |seat: &&rampart_store::Seat| same.of(&seat.person_id) == same.of(&person);
    let seat = seats.iter().find(held).ok_or_else(Fault::not_found)?;
    web.app.take_seat(&id, &seat.id, &call.staff()?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Spread people
///
/// Gives seats to those who have none, evenly over the teams, in the order given.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/seats/spread", tag = "seats", request_body = Spread,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = Count)))]
pub async fn spread(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<Spread>,
) -> Answer<Json<Count>> {
    open(&web, &id)?;
    let known = web.app.store.persons().by_ids(&wish.persons).await?;
    if wish
        .persons
        .iter()
        .any(|person| !known.iter().any(|one| one.id == *person && one.removed_ms.is_none()))
    {
        return Err(Fault::field("persons", "person_unknown"));
    }
    let count = web.app.spread(&id, &wish.persons, &call.staff()?.id).await?;
    Ok(Json(Count { count }))
}

/// Make slips
///
/// New codes; the old ones of the same seats die. They are shown this once and are in no database.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/slips", tag = "seats", request_body = SlipWish,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<Slip>)))]
pub async fn slips(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(wish): Body<SlipWish>,
) -> Answer<Json<List<Slip>>> {
    web.exercise(&id)?;
    let made = web.app.make_codes(&id, wish.seat.as_deref(), &call.staff()?.id).await?;
    if wish.seat.is_some() && made.is_empty() {
        return Err(Fault::field("seat", "not_found"));
    }
    let slip = |slip: rampart_app::Slip| Slip {
        seat: slip.seat,
        name: slip.name,
        agency: slip.agency,
        team: slip.team,
        side: slip.side.as_str().to_owned(),
        number: slip.number,
        code: slip.code,
    };
    Ok(Json(List::whole(made.into_iter().map(slip).collect())))
}

/// The sign-in sheet
///
/// Everybody of an exercise with what counts.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/attendance", tag = "people",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<Attendance>)))]
pub async fn attendance(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<List<Attendance>>> {
    web.exercise(&id)?;
    let rows = web.app.attendance(&id).await?;
    let row = |row: &rampart_app::AttendanceRow| Attendance {
        person: person(&row.person),
        team: row.team.clone(),
        signs: row
            .signs
            .iter()
            .map(|sign| Sign {
                id: sign.id.clone(),
                from_ms: sign.from_ms,
                to_ms: sign.to_ms,
                reason: sign.reason.clone(),
            })
            .collect(),
        seconds: row.counted.seconds,
    };
    Ok(Json(List::whole(rows.iter().map(row).collect())))
}

fn unsigned(error: SignError) -> Fault {
    match error {
        SignError::Order(_) => Fault::field("to_ms", "mark_order"),
        SignError::Future => Fault::field("to_ms", "mark_future"),
        SignError::Reason => Fault::field("reason", "reason_required"),
        SignError::Stranger => Fault::field("person", "person_unknown"),
        SignError::App(error) => error.into(),
    }
}

/// Write into the sign-in sheet
///
/// Signs in or out, enters a stay afterwards, strikes a line out.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/attendance", tag = "people", request_body = SignAct,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = NO_CONTENT)))]
pub async fn sign(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(act): Body<SignAct>,
) -> Answer<StatusCode> {
    web.exercise(&id)?;
    let by = &call.staff()?.id;
    let rows = web.app.attendance(&id).await?;
    let there = |person: &str| {
        let row = rows.iter().find(|row| row.person.id == person)?;
        row.signs.iter().find(|sign| sign.to_ms.is_none())
    };
    let conflict = |code| Err(Fault::new(StatusCode::CONFLICT, code));
    let done = match &act {
        SignAct::In { person } if there(person).is_some() => return conflict("already_signed"),
        SignAct::In { person } => web.app.sign(&id, person, call.now_ms, None, AT_THE_DESK, by).await,
        SignAct::Out { person } => match there(person) {
            Some(sign) => web.app.sign_out(&id, &sign.id, call.now_ms, by).await,
            None => return conflict("not_signed"),
        },
        SignAct::Mark { person, from_ms, to_ms, reason } => {
            web.app.sign(&id, person, *from_ms, Some(*to_ms), reason, by).await
        }
        SignAct::Strike { sign } if rows.iter().any(|row| row.signs.iter().any(|one| one.id == *sign)) => {
            web.app.unsign(&id, sign, by).await
        }
        SignAct::Strike { .. } => return conflict("not_signed"),
    };
    done.map_err(unsigned)?;
    Ok(StatusCode::NO_CONTENT)
}
