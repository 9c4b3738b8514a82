//! The judge's desk.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rampart_app::exercise::{CommandError, Exercise, JudgeAct as Act};
use rampart_domain::decide::{MarkForm, Refusal, RulingForm, VoidForm};
use rampart_domain::signs::Sign;
use rampart_pages::Locale;
use scoreboard::{FiledReport, Fold, Verdict};

use super::error::{Answer, Fault};
use super::extract::{Body, List};
use super::gate::Call;
use super::types::{
    Contest, CountedRematch, JudgeAct, JudgeDesk, MarkedReport, OddSign, Penalty, RematchTeam, Ruling,
    VoidedChecks,
};
use super::view;
use crate::web::Web;
use crate::web::error::refusal;
use crate::web::judge::new_run;
use crate::web::view::all_names;

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
            text: text(&ruling.reason),
            at_ms: ruling.at_ms,
        }),
    };
    Ok(Json(List::whole(fold.contests.iter().map(contest).collect())))
}

fn text(reason: &scoreboard::Reason) -> String {
    reason.args.get("text").cloned().unwrap_or_default()
}

fn marked(fold: &Fold, filed: &FiledReport) -> Option<MarkedReport> {
    let (verdict, ..) = filed.judged.as_ref()?;
    let marking = fold.desk.marks.get(&filed.report);
    Some(MarkedReport {
        report: filed.report.clone(),
        team: filed.team.clone(),
        host: filed.host.clone(),
        technique: filed.technique.clone(),
        at_ms: filed.at_ms,
        text: filed.text.clone(),
        verdict: match verdict {
            Verdict::Matched { .. } => "matched",
            Verdict::AlreadyClaimed { .. } => "already_claimed",
            Verdict::False => "false",
        }
        .to_owned(),
        marks: marking.map(|marking| marking.marks.clone()),
        note: marking.map(|marking| marking.text.clone()).unwrap_or_default(),
        waiting: fold.desk.is_unreleased(&filed.report),
        points: fold.desk.scored.get(&filed.report).map_or(0, |scored| scored.points),
    })
}

/// What looks odd, as the page shows it.
fn signs(web: &Web, live: &Exercise, locale: Locale) -> Vec<OddSign> {
    let names = all_names(live.scenario(), locale);
    let shown = |sign: Sign| OddSign {
        at_ms: sign.at_ms,
        team: sign.team,
        other: sign.other,
        what: view::reason(web, locale, &sign.what, &names),
        seq: sign.seq,
    };
    let mut signs = rampart_domain::signs::signs(live.scenario(), &live.fold());
    for (at_ms, teams) in web.senders.shared(&live.id) {
        let names = {
            let fold = live.fold();
            let name = |id: &String| fold.team(id).map_or_else(|| id.clone(), |team| team.name.clone());
            teams.iter().map(name).collect::<Vec<_>>().join("、")
        };
        let mut teams = teams.into_iter();
        let Some(team) = teams.next() else { continue };
        let what = scoreboard::Reason::new("sign.address", [("teams", names)]);
        signs.push(Sign { at_ms, team, other: teams.next(), what, seq: None });
    }
    signs.sort_by_key(|sign| sign.at_ms);
    signs.into_iter().map(shown).collect()
}

/// The judge's desk
///
/// Penalties, voids, re-matches and marks of reports, each with the id or position by which it is undone or changed; and what looks odd.
#[utoipa::path(get, operation_id = "judge_desk", path = "/api/v1/exercises/{exercise}/judge", tag = "judge",
    params(("exercise" = String, Path, description = "Id of the exercise")),
    responses((status = OK, body = JudgeDesk)))]
pub async fn desk(State(web): State<Web>, call: Call, Path(id): Path<String>) -> Answer<Json<JudgeDesk>> {
    let live = web.exercise(&id)?;
    let signs = signs(&web, &live, call.locale);
    let markable = !live.scenario().reports.criteria.is_empty();
    let fold = live.fold();
    let desk = &fold.desk;
    Ok(Json(JudgeDesk {
        seq: fold.seq,
        frozen: fold.frozen.is_some(),
        penalties: desk
            .penalties
            .iter()
            .map(|known| Penalty {
                about: known.seq,
                at_ms: known.at_ms,
                team: known.team.clone(),
                points: known.points,
                text: text(&known.reason),
                lifted: known.lifted.as_ref().map(text),
            })
            .collect(),
        voids: desk
            .voids
            .iter()
            .map(|known| VoidedChecks {
                id: known.void.clone(),
                range: known.range,
                check: known.check.clone(),
                from_ms: known.wall_ms.0,
                to_ms: known.wall_ms.1,
                at_ms: known.at_ms,
                text: text(&known.reason),
                undone: known.undone.as_ref().map(text),
            })
            .collect(),
        rematches: desk
            .rematches
            .iter()
            .map(|known| CountedRematch {
                id: known.rematch.clone(),
                run: known.run.clone(),
                position: known.position,
                teams: known
                    .teams
                    .iter()
                    .map(|(team, old, new)| RematchTeam { team: team.clone(), old: *old, new: *new })
                    .collect(),
                at_ms: known.at_ms,
                text: text(&known.reason),
                undone: known.undone.as_ref().map(text),
            })
            .collect(),
        reports: fold.reports.iter().filter(|_| markable).filter_map(|filed| marked(&fold, filed)).collect(),
        signs,
    }))
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
