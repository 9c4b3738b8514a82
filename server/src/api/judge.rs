//! The judge's desk.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::exercise::{CommandError, JudgeAct as Act};
use rampart_domain::decide::{MarkForm, Refusal, RulingForm, VoidForm};

use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::Call;
use super::types::{Contest, JudgeAct, Ruling};
use crate::web::Web;
use crate::web::error::refusal;
use crate::web::judge::new_run;

/// What a rule of the exercise says, by field where it is one.
pub(super) fn refused(error: CommandError) -> Fault {
    match error {
        CommandError::Refused(reason @ Refusal::Field { .. }) => Fault::fields(vec![refusal(&reason)]),
        other => other.into(),
    }
}

/// List disputes
///
/// In the order in which they were opened, each with its ruling.
#[utoipa::path(get, path = "/api/v1/exercises/{exercise}/contests", tag = "judge",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = List<Contest>)))]
pub async fn contests(State(web): State<Web>, Path(id): Path<String>) -> Answer<Json<List<Contest>>> {
    let live = web.exercise(&id)?;
    let fold = live.fold();
    let contest = |one: &scoreboard::Contested| Contest {
        id: one.contest.clone(),
        team: one.team.clone(),
        about: one.about,
        text: one.text.clone(),
        at_ms: one.at_ms,
        ruled: one.ruled.as_ref().map(|ruling| Ruling {
            upheld: ruling.upheld,
            points: ruling.points,
            text: ruling.reason.args.get("text").cloned().unwrap_or_default(),
            at_ms: ruling.at_ms,
        }),
    };
    Ok(Json(List::whole(fold.contests.iter().map(contest).collect())))
}

/// Judge
///
/// Corrects points, takes a team out of the ranks or puts it back, freezes the public board, rules on a dispute, punishes,
/// gives tries, marks reports and releases the marks, makes checks void, counts a re-match; each can be undone.
#[utoipa::path(post, path = "/api/v1/exercises/{exercise}/judge", tag = "judge", request_body = JudgeAct,
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = NO_CONTENT)))]
pub async fn judge(
    State(web): State<Web>,
    call: Call,
    Path(id): Path<String>,
    Body(act): Body<JudgeAct>,
) -> Answer<StatusCode> {
    let live = web.exercise(&id)?;
    let act = match act {
        JudgeAct::Correct { team, points, about, text } => Act::Correct { team, points, about, text },
        JudgeAct::Disqualify { team, out, text } => Act::Disqualify { team, out, text },
        JudgeAct::Freeze { on } => Act::Freeze { on },
        JudgeAct::Rule { contest, upheld, points, text } => {
            Act::Rule(RulingForm { contest, upheld, points, text })
        }
        JudgeAct::Penalise { team, points, text } => Act::Penalise { team, points, text },
        JudgeAct::Lift { about, text } => Act::Lift { about, text },
        JudgeAct::Tries { team, objective, tries, text } => Act::Tries { team, objective, tries, text },
        JudgeAct::Mark { report, marks, text } => Act::Mark(MarkForm { report, marks, text }),
        JudgeAct::Release => Act::Release,
        JudgeAct::Void { range, check, from_ms, to_ms, text } => {
            Act::Void(VoidForm { range, check, from_ms, to_ms, text })
        }
        JudgeAct::Unvoid { void, text } => Act::Unvoid { void, text },
        JudgeAct::Rematch { range, exercise, run, text } => {
            let new = new_run(&web, &live, &format!("{exercise}:{run}"))
                .map_err(|reason| refused(CommandError::Refused(reason)))?;
            Act::Rematch { range, new, text }
        }
        JudgeAct::UndoRematch { rematch, text } => Act::UndoRematch { rematch, text },
    };
    live.judge(&call.staff()?.id, act).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
