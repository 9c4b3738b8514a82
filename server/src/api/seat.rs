//! What a seat does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rampart_app::exercise::CommandError;
use rampart_domain::decide::{FlagOutcome, Refusal, ReportForm, ResetBy};
use scoreboard::Side;

use super::board::scored;
use super::error::Answer;
use super::exercises::paused_reset;
use super::extract::{Asked, Body, List, Part};
use super::gate::Call;
use super::judge::refused;
use super::types::{
    Dispute, FlagAnswer, FlagTry, HintWish, Made, RepairWish, Report, ResetWish, ScoreLine, SeatState, Text,
};
use super::view;
use crate::web::Web;
use crate::web::error::WebError;
use crate::web::view::say;

/// The seat
///
/// Exercise, team, clock and what the team has captured.
#[utoipa::path(get, path = "/api/v1/seat", tag = "seat", responses((status = OK, body = SeatState)))]
pub async fn state(State(web): State<Web>, call: Call) -> Answer<Json<SeatState>> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    let fold = live.fold();
    let captured = fold.captures.keys().filter(|(team, _)| *team == seat.team);
    Ok(Json(SeatState {
        exercise: seat.exercise.clone(),
        code: fold.header.as_ref().map(|header| header.code.clone()).unwrap_or_default(),
        status: fold.status.as_str().to_owned(),
        clock: view::clock(&fold),
        team: seat.team.clone(),
        side: seat.side.as_str().to_owned(),
        points: fold.team(&seat.team).map_or(0, |team| team.points),
        captured: captured.map(|(_, objective)| objective.clone()).collect(),
    }))
}

/// Submit a flag
///
/// The answer comes when it is durable. Sending it again is told `already_yours` and costs nothing.
#[utoipa::path(post, path = "/api/v1/seat/flags", tag = "seat", request_body = FlagTry,
    responses((status = OK, body = FlagAnswer)))]
pub async fn flag(
    State(web): State<Web>,
    call: Call,
    Body(typed): Body<FlagTry>,
) -> Answer<Json<FlagAnswer>> {
    let seat = call.seat()?;
    web.flags.take(&seat.seat, call.now_ms).map_err(WebError::too_many)?;
    let live = web.exercise(&seat.exercise)?;
    let outcome = live.submit_flag(&seat.team, &seat.seat, &typed.objective, &typed.flag).await;
    let (answer, points, left) = match outcome {
        Ok(FlagOutcome::Correct { points }) => ("correct", points, None),
        // Another team's flag reads exactly so, too.
        Ok(FlagOutcome::Wrong { left }) => ("wrong", 0, Some(left)),
        Ok(FlagOutcome::OtherRun { left }) => ("other_run", 0, Some(left)),
        Ok(FlagOutcome::Late) => ("late", 0, None),
        Err(error) => return Err(refused(error)),
    };
    if answer == "correct" {
        web.senders.note(&live.id, call.address, &seat.team, call.now_ms);
    }
    let team_points = live.fold().team(&seat.team).map_or(0, |team| team.points);
    Ok(Json(FlagAnswer { answer: answer.to_owned(), points, left, team_points }))
}

/// Open a hint
///
/// The team pays once; opening it again gives the text for nothing.
#[utoipa::path(post, path = "/api/v1/seat/hints", tag = "seat", request_body = HintWish,
    responses((status = OK, body = Text)))]
pub async fn hint(State(web): State<Web>, call: Call, Body(wish): Body<HintWish>) -> Answer<Json<Text>> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    let words = live.open_hint(&seat.team, &seat.seat, &wish.hint).await.map_err(refused)?;
    Ok(Json(Text { text: say(call.locale, &words) }))
}

/// File an incident report
///
/// It is judged later; the ledger tells the points.
#[utoipa::path(post, path = "/api/v1/seat/reports", tag = "seat", request_body = Report,
    responses((status = CREATED, body = Made)))]
pub async fn report(
    State(web): State<Web>,
    call: Call,
    Body(report): Body<Report>,
) -> Answer<(StatusCode, Json<Made>)> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    let form = ReportForm {
        host: report.host,
        technique: report.technique,
        seen_ms: report.seen_ms,
        cited: report.events,
        text: report.text,
    };
    let id = live.file_report(&seat.team, &seat.seat, form).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Ask for a retest
///
/// The platform runs the attack again; its outcome is in the ledger.
#[utoipa::path(post, path = "/api/v1/seat/repairs", tag = "seat", request_body = RepairWish,
    responses((status = ACCEPTED)))]
pub async fn repair(State(web): State<Web>, call: Call, Body(wish): Body<RepairWish>) -> Answer<StatusCode> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    live.ask_retest(&seat.team, &seat.seat, &wish.repair).await.map_err(refused)?;
    Ok(StatusCode::ACCEPTED)
}

/// Reset an own host
///
/// For the price that the scenario says.
#[utoipa::path(post, path = "/api/v1/seat/resets", tag = "seat", request_body = ResetWish,
    responses((status = ACCEPTED)))]
pub async fn reset(State(web): State<Web>, call: Call, Body(wish): Body<ResetWish>) -> Answer<StatusCode> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    let by = ResetBy::Team { team: seat.team.clone(), seat: seat.seat.clone() };
    match live.reset_host(by, seat.range, &wish.host).await {
        // Somebody of the team was quicker: it is what this one wanted, too.
        Ok(()) | Err(CommandError::Refused(Refusal::Resetting)) => Ok(StatusCode::ACCEPTED),
        Err(error) => Err(paused_reset(error)),
    }
}

/// Points of the own team
///
/// Every entry that moved its score, with its reason.
#[utoipa::path(get, path = "/api/v1/seat/points", tag = "seat", params(Part),
    responses((status = OK, body = List<ScoreLine>)))]
pub async fn own_points(
    State(web): State<Web>,
    call: Call,
    Asked(part): Asked<Part>,
) -> Answer<Json<List<ScoreLine>>> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    // Own entries of a blue team never name an action that it missed.
    let all = seat.side == Side::Red;
    Ok(Json(scored(&web, &live, call.locale, Some(&seat.team), &part, all).await?))
}

/// Dispute an entry
///
/// A judge rules on it; both texts stay.
#[utoipa::path(post, path = "/api/v1/seat/contests", tag = "seat", request_body = Dispute,
    responses((status = NO_CONTENT)))]
pub async fn dispute(State(web): State<Web>, call: Call, Body(of): Body<Dispute>) -> Answer<StatusCode> {
    let seat = call.seat()?;
    let live = web.exercise(&seat.exercise)?;
    live.contest(&seat.team, &seat.seat, of.about, &of.text).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
