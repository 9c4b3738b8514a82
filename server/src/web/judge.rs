//! The judge's desk, and the record of its score that a team may dispute.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::exercise::{CommandError, Exercise, JudgeAct};
use rampart_domain::decide::{MarkForm, NewRun, Refusal, RulingForm, VoidForm};
use rampart_domain::records::roc::parse_date_time;
use rampart_pages::{
    ContestRow, CorrectionForm, JudgeDesk, JudgeTeam, Problem, RuledView, ScoreLine, SeatScore, Tone,
    VoidTyped,
};
use scoreboard::{Audience, Component, Contested, Fold, Side, Status};
use serde::Deserialize;

use super::error::{Answer, WebError, refusal};
use super::exercises::row_of;
use super::posted::Posted;
use super::seat::Desk;
use super::state::{Web, see_other};
use super::view;
use super::visit::{Here, flash};
use super::who::{Role, Seated, Staff};

/// Lines shown of a score.
const SHOWN: usize = 300;

/// Query of the desk.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    team: String,
}

/// Entries that moved the score of a team (of all, where it is empty), newest first.
async fn lines(web: &Web, exercise: &Exercise, team: &str) -> Result<Vec<ScoreLine>, WebError> {
    let seqs = scored(&exercise.fold(), team);
    stored_lines(web, exercise, &seqs).await
}

/// Positions of the entries that moved the score of a team (of all, where it is empty), newest first, as many as are shown.
fn scored(fold: &Fold, team: &str) -> Vec<u64> {
    let teams = fold.teams.iter().filter(|known| team.is_empty() || known.id == team);
    let mut seqs: Vec<u64> = teams.flat_map(|known| known.scored.iter().map(|(seq, _)| *seq)).collect();
    seqs.sort_unstable_by(|a, b| b.cmp(a));
    seqs.truncate(SHOWN);
    seqs
}

async fn stored_lines(web: &Web, exercise: &Exercise, seqs: &[u64]) -> Result<Vec<ScoreLine>, WebError> {
    let stored = web.app.store.ledger().at(&exercise.id, seqs).await?;
    let fold = exercise.fold();
    Ok(stored
        .iter()
        .filter_map(|sealed| {
            let (own, part, points, reason) = sealed.entry.body.score()?;
            Some(ScoreLine {
                seq: sealed.entry.seq,
                at_ms: sealed.entry.at_ms,
                team: view::team(&fold, own),
                part: part.as_str().to_owned(),
                reason: reason.clone(),
                points,
            })
        })
        .collect())
}

fn contest(fold: &Fold, contested: &Contested) -> ContestRow {
    ContestRow {
        id: contested.contest.clone(),
        team: view::team(fold, &contested.team),
        about: contested.about,
        text: contested.text.clone(),
        at_ms: contested.at_ms,
        ruled: contested.ruled.as_ref().map(|ruling| RuledView {
            upheld: ruling.upheld,
            points: ruling.points,
            text: ruling.reason.args.get("text").cloned().unwrap_or_default(),
            at_ms: ruling.at_ms,
        }),
    }
}

/// What was typed into the form that was not taken.
#[derive(Default)]
struct Typed {
    correction: CorrectionForm,
    void: Option<VoidTyped>,
}

async fn desk(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    id: &str,
    team: &str,
    refused: Option<(Problem, Typed)>,
) -> Result<JudgeDesk, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let lines = lines(web, &exercise, team).await?;
    let (problem, typed) =
        refused.map_or((None, Typed::default()), |(problem, typed)| (Some(problem), typed));
    let mut rulings = view::rulings::rulings(&web.app, &exercise, visit.locale, typed.void, visit.now_ms);
    view::rulings::shared(&mut rulings, &exercise.fold(), &web.senders.shared(id));
    let fold = exercise.fold();
    let mut contests: Vec<ContestRow> = fold.contests.iter().rev().map(|one| contest(&fold, one)).collect();
    contests.sort_by_key(|one| one.ruled.is_some());
    let mut teams: Vec<&scoreboard::Team> = fold.teams.iter().collect();
    teams.sort_by_key(|team| (team.side, team.range));
    Ok(JudgeDesk {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        may_act: staff.role == Role::Instructor,
        open: !matches!(fold.status, Status::Draft | Status::Provisioning | Status::Ready),
        frozen: fold.frozen.is_some(),
        over: fold.over(),
        teams: teams
            .into_iter()
            .map(|team| JudgeTeam {
                team: view::team(&fold, &team.id),
                points: team.points,
                rulings: team.parts.get(&Component::Rulings).copied().unwrap_or(0),
                out: team.out.clone(),
            })
            .collect(),
        contests,
        lines,
        team: team.to_owned(),
        form: typed.correction,
        rulings,
        problems: problem.into_iter().collect(),
        names: view::all_names(exercise.scenario(), visit.locale),
    })
}

/// `GET /exercises/{id}/judge`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    Query(query): Query<Sought>,
) -> Answer {
    let page = desk(&web, &visit, &staff, &id, query.team.trim(), None).await?;
    web.page(&visit, &page)
}

/// A number as people type it, with either minus sign; `None` for what is none. An empty field is zero.
fn number(text: &str) -> Option<i64> {
    let text = text.replace(['\u{2212}', '\u{ff0d}'], "-");
    let text = text.strip_prefix('+').unwrap_or(&text);
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// What a pair of another exercise came to, named as `ID:N`.
pub(crate) fn new_run(web: &Web, own: &Exercise, named: &str) -> Result<NewRun, Refusal> {
    let none = Refusal::Field { field: "run", code: "rematch_run" };
    let (id, range) = named.split_once(':').ok_or(none.clone())?;
    let range: u16 = range.parse().map_err(|_| none.clone())?;
    let other = web.app.exercise(id).filter(|other| other.id != own.id).ok_or(none.clone())?;
    if other.scenario().id != own.scenario().id {
        return Err(none);
    }
    let fold = other.fold();
    let points = |side| fold.team_of(range, side).filter(|_| fold.over()).map(|team| team.points);
    let points = points(Side::Red).zip(points(Side::Blue)).ok_or(none)?;
    let run = fold.header.as_ref().map(|header| header.code.clone()).unwrap_or_default();
    Ok(NewRun { run, position: fold.seq, points })
}

fn read_void(form: &Posted, text: String) -> Result<VoidForm, Refusal> {
    let field = |field, code| Refusal::Field { field, code };
    let time = |name| parse_date_time(form.get(name)).map_err(|_| field(name, "bad_time"));
    let chosen = |name| Some(form.get(name)).filter(|value| !value.is_empty());
    let range = chosen("range").map(str::parse).transpose().map_err(|_| field("range", "void_range"))?;
    Ok(VoidForm {
        range,
        check: chosen("check").map(str::to_owned),
        from_ms: time("from")?,
        to_ms: time("to")?,
        text,
    })
}

fn read(web: &Web, exercise: &Exercise, form: &Posted) -> Result<(JudgeAct, &'static str), Refusal> {
    let field = |field, code| Refusal::Field { field, code };
    let (team, text) = (form.get("team").to_owned(), form.get("text").to_owned());
    let points = || number(form.get("points")).ok_or(field("points", "not_a_number"));
    Ok(match form.get("act") {
        "correct" => {
            let about = match form.get("about") {
                "" => None,
                about => Some(about.trim_start_matches('#').parse().map_err(|_| field("about", "no_entry"))?),
            };
            (JudgeAct::Correct { team, points: points()?, about, text }, "corrected")
        }
        "disqualify" => (JudgeAct::Disqualify { team, out: true, text }, "disqualified"),
        "reinstate" => (JudgeAct::Disqualify { team, out: false, text }, "reinstated"),
        "freeze" => (JudgeAct::Freeze { on: true }, "frozen"),
        "show" => (JudgeAct::Freeze { on: false }, "shown"),
        "rule" => {
            let upheld = match form.get("upheld") {
                "yes" => true,
                "no" => false,
                _ => return Err(field("upheld", "required")),
            };
            let contest = form.get("contest").to_owned();
            (JudgeAct::Rule(RulingForm { contest, upheld, points: points()?, text }), "ruled")
        }
        "penalise" => (JudgeAct::Penalise { team, points: points()?, text }, "penalised"),
        "lift" => {
            let about = form.get("about").parse().map_err(|_| Refusal::NotFound)?;
            (JudgeAct::Lift { about, text }, "lifted")
        }
        "tries" => {
            let tries = number(form.get("tries")).ok_or(field("tries", "not_a_number"))?;
            (
                JudgeAct::Tries { team, objective: form.get("objective").to_owned(), tries, text },
                "tries_given",
            )
        }
        "mark" => {
            let mut marks = BTreeMap::new();
            for (criterion, given) in form.below("mark.") {
                let given = Some(given).filter(|given| !given.trim().is_empty()).and_then(number);
                marks.insert(criterion.to_owned(), given.ok_or(field("marks", "mark_missing"))?);
            }
            let report = form.get("report").to_owned();
            (JudgeAct::Mark(MarkForm { report, marks, text }), "marked")
        }
        "release" => (JudgeAct::Release, "released"),
        "void" => (JudgeAct::Void(read_void(form, text)?), "voided"),
        "unvoid" => (JudgeAct::Unvoid { void: form.get("void").to_owned(), text }, "unvoided"),
        "rematch" => {
            let range = form.get("range").parse().map_err(|_| field("range", "void_range"))?;
            (JudgeAct::Rematch { range, new: new_run(web, exercise, form.get("run"))?, text }, "rematched")
        }
        "unrematch" => {
            (JudgeAct::UndoRematch { rematch: form.get("rematch").to_owned(), text }, "rematch_undone")
        }
        _ => return Err(Refusal::NotFound),
    })
}

/// `POST /exercises/{id}/judge`.
pub(super) async fn act(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let exercise = web.exercise(&id)?;
    let outcome = match read(&web, &exercise, &form) {
        Ok((act, said)) => exercise.judge(&staff.id, act).await.map(|()| said),
        Err(refused) => Err(CommandError::Refused(refused)),
    };
    match outcome {
        Ok(said) => {
            let mut response = see_other(&format!("/exercises/{id}/judge"));
            flash(&web, &mut response, Tone::Ok, said, &[]);
            Ok(response)
        }
        Err(CommandError::Refused(refused)) if refused != Refusal::NotFound => {
            let typed = |name| form.get(name).to_owned();
            let typed = match form.get("act") {
                "correct" => Typed {
                    correction: CorrectionForm {
                        team: typed("team"),
                        points: typed("points"),
                        about: typed("about"),
                        text: typed("text"),
                    },
                    void: None,
                },
                "void" => {
                    let void = VoidTyped { from: typed("from"), to: typed("to"), text: typed("text") };
                    Typed { void: Some(void), ..Typed::default() }
                }
                _ => Typed::default(),
            };
            let page = desk(&web, &visit, &staff, &id, "", Some((refusal(&refused), typed))).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit.at(&format!("/exercises/{id}/judge")), &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn record(
    web: &Web,
    visit: &Here,
    seat: &Seated,
    refused: Option<(Problem, u64, String)>,
) -> Result<SeatScore, WebError> {
    let desk = Desk::of(web, seat).await?;
    let (problem, typed) =
        refused.map_or((None, None), |(problem, about, text)| (Some(problem), Some((about, text))));
    let (seqs, mut page) = own_record(visit, seat, &desk, typed);
    page.problems.extend(problem);
    page.lines = stored_lines(web, &desk.exercise, &seqs).await?;
    Ok(page)
}

/// What one state of the exercise says of a team's score, and the entries that are to be read for it.
fn own_record(
    visit: &Here,
    seat: &Seated,
    desk: &Desk,
    typed: Option<(u64, String)>,
) -> (Vec<u64>, SeatScore) {
    let fold = desk.exercise.fold();
    let own = || fold.contests.iter().rev().filter(|one| one.team == seat.team);
    let team = fold.team(&seat.team);
    let last = team.and_then(|team| team.scored.last()).map_or(0, |(seq, _)| *seq);
    let page = SeatScore {
        seat: view::seat::seat_head(&desk.exercise, &fold, &desk.facts(visit, seat)),
        // While the board stands still nobody counts what others do: no farther than the board or the own last entry.
        position: fold.seen_seq(Audience::Public).max(last),
        parts: team
            .map(|team| team.parts.iter().map(|(part, points)| (part.as_str(), *points)).collect())
            .unwrap_or_default(),
        lines: Vec::new(),
        contests: own().map(|one| contest(&fold, one)).collect(),
        disputed: own().map(|one| one.about).collect(),
        out: team.and_then(|team| team.out.clone()),
        typed,
        problems: Vec::new(),
        // Own entries name what the team has done or been told; a blue team's never name an action that it missed.
        names: match seat.side {
            Side::Red => view::all_names(desk.exercise.scenario(), visit.locale),
            Side::Blue => view::public_names(desk.exercise.scenario(), visit.locale),
        },
    };
    (scored(&fold, &seat.team), page)
}

/// `GET /seat/score`.
pub(super) async fn score(State(web): State<Web>, visit: Here, seat: Seated) -> Answer {
    let page = record(&web, &visit, &seat, None).await?;
    web.page(&visit, &page)
}

/// `POST /seat/contests`.
pub(super) async fn contest_entry(State(web): State<Web>, visit: Here, seat: Seated, form: Posted) -> Answer {
    let exercise = web.exercise(&seat.exercise)?;
    let about: u64 = form.get("about").parse().map_err(|_| WebError::bad_request())?;
    match exercise.contest(&seat.team, &seat.seat, about, form.get("text")).await {
        Ok(()) => {
            let mut response = see_other("/seat/score");
            flash(&web, &mut response, Tone::Ok, "contested", &[]);
            Ok(response)
        }
        Err(CommandError::Refused(refused)) if refused != Refusal::NotFound => {
            let typed = (refusal(&refused), about, form.get("text").to_owned());
            let page = record(&web, &visit, &seat, Some(typed)).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit.at("/seat/score"), &page)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn points_are_read_with_any_sign() {
        for (text, wanted) in [
            ("", Some(0)),
            ("+20", Some(20)),
            ("-7", Some(-7)),
            ("\u{2212}7", Some(-7)),
            ("x", None),
            ("1.5", None),
        ] {
            assert_eq!(number(text), wanted, "{text}");
        }
    }
}
