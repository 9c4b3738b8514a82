//! A trainee's seat: page, flags, hints, reports, repairs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use rampart_app::exercise::{CommandError, Exercise};
use rampart_domain::decide::{self, FlagOutcome, Refusal};
use rampart_domain::records::roc::{form_value, parse_date_time};
use rampart_pages::{EventFilter, EventLine, FlagAnswer, Problem, ReportForm, Tone};
use rampart_store::{Exercise as Row, Page};
use scoreboard::Side;
use serde::Deserialize;

use super::error::{Answer, WebError, refusal};
use super::exercises::row_of;
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view;
use super::view::seat::{Asked, Facts};
use super::visit::{Here, flash, seat_label};
use super::who::Seated;

/// Records shown.
const EVENTS: u32 = 200;
/// Records looked through for a filter.
const EVENTS_SOUGHT: u32 = 2000;

/// Query of the seat's page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Looked {
    /// Objective chosen.
    #[serde(default)]
    o: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    q: String,
    /// Name look-ups, too: anything but nothing.
    #[serde(default)]
    dns: String,
}

/// What the seat's pages need of the store.
pub(super) struct Desk {
    pub(super) exercise: Arc<Exercise>,
    row: Row,
    labels: BTreeMap<String, String>,
}

impl Desk {
    pub(super) async fn of(web: &Web, seat: &Seated) -> Result<Self, WebError> {
        let exercise = web.exercise(&seat.exercise)?;
        let row = row_of(web, &seat.exercise).await?;
        let seats = web.app.store.seats().list_all(&seat.exercise).await?;
        let labels = {
            let fold = exercise.fold();
            let name = fold.team(&seat.team).map_or("", |team| team.name.as_str());
            let own = seats.into_iter().filter(|of| of.team == seat.team);
            own.map(|of| (of.id, seat_label(name, i64::from(of.number)))).collect()
        };
        Ok(Self { exercise, row, labels })
    }

    pub(super) fn facts<'a>(&'a self, visit: &Here, seat: &'a Seated) -> Facts<'a> {
        Facts { row: &self.row, seat, labels: &self.labels, locale: visit.locale, now_ms: visit.now_ms }
    }
}

async fn events(web: &Web, seat: &Seated, filter: &EventFilter) -> Result<Vec<EventLine>, WebError> {
    let host = Some(filter.host.as_str()).filter(|host| !host.is_empty());
    // Look-ups are most of what there is, so that leaving them out is a filter, too.
    let narrow = !(filter.source.is_empty() && filter.text.is_empty() && filter.dns);
    let limit = if narrow { EVENTS_SOUGHT } else { EVENTS };
    let stored = web.app.store.events().read(&seat.exercise, seat.range, host, Page::Latest, limit).await?;
    let rows = stored.iter().map(view::seat::stored_line).filter(|row| view::seat::passes(row, filter));
    Ok(rows.take(EVENTS as usize).collect())
}

/// Now as a field with seconds takes it: most reports are about what was just seen.
fn clock_value(now_ms: i64) -> String {
    format!("{}:{:02}", form_value(now_ms), now_ms / 1000 % 60)
}

/// `GET /seat`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    seat: Seated,
    Query(query): Query<Looked>,
) -> Answer {
    let desk = Desk::of(&web, &seat).await?;
    if seat.side == Side::Red {
        let selected = Some(query.o.as_str()).filter(|id| !id.is_empty());
        return web
            .page(&visit, &view::seat::red(&desk.exercise, &desk.facts(&visit, &seat), selected, None));
    }
    let filter = EventFilter {
        host: query.host,
        source: query.source,
        text: query.q.trim().to_owned(),
        dns: !query.dns.is_empty(),
    };
    let form = ReportForm { seen: clock_value(visit.now_ms), ..ReportForm::default() };
    let asked = Asked { events: events(&web, &seat, &filter).await?, filter, form, problems: Vec::new() };
    web.page(&visit, &view::seat::blue(&desk.exercise, &desk.facts(&visit, &seat), asked))
}

/// What became of a flag, for a person and for a script.
struct Told {
    status: StatusCode,
    answer: &'static str,
    points: i64,
    left: Option<u32>,
    /// `None` when it was right.
    problem: Option<Problem>,
}

impl Told {
    fn refused(answer: &'static str, problem: Problem) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            answer,
            points: 0,
            left: None,
            problem: Some(problem),
        }
    }

    fn tried(answer: &'static str, code: &str, left: u32) -> Self {
        Self { left: Some(left), ..Self::refused(answer, Problem::new(code).with("left", left).on("flag")) }
    }
}

fn told(
    exercise: &Exercise,
    visit: &Here,
    outcome: Result<FlagOutcome, CommandError>,
) -> Result<Told, WebError> {
    Ok(match outcome {
        Ok(FlagOutcome::Correct { points }) => {
            Told { status: StatusCode::OK, answer: "correct", points, left: None, problem: None }
        }
        // Another team's flag reads exactly so, too.
        Ok(FlagOutcome::Wrong { left }) => Told::tried("wrong", "flag_wrong", left),
        Ok(FlagOutcome::OtherRun { left }) => Told::tried("other_run", "flag_other_run", left),
        Ok(FlagOutcome::Late) => Told::refused("late", Problem::new("flag_late")),
        Err(CommandError::Refused(reason)) => {
            let answer = match &reason {
                Refusal::Malformed { .. } => "malformed",
                Refusal::AlreadyYours => "already_yours",
                Refusal::LimitReached => "limit_reached",
                Refusal::Locked { .. } => "locked",
                Refusal::Paused => "paused",
                Refusal::NotStarted => "not_started",
                Refusal::Over => "late",
                _ => return Err(WebError::not_found()),
            };
            let problem = match &reason {
                Refusal::Locked { needs } => {
                    let known = exercise.scenario().objective(needs);
                    let title =
                        known.map_or_else(|| needs.clone(), |known| view::say(visit.locale, &known.title));
                    Problem::new("locked").with("needs", title)
                }
                other => refusal(other),
            };
            Told::refused(answer, problem)
        }
        Err(error) => return Err(error.into()),
    })
}

/// `POST /seat/flags`. Answers a script with JSON, a form with the page.
pub(super) async fn flag(State(web): State<Web>, visit: Here, seat: Seated, form: Posted) -> Answer {
    web.flags.take(&seat.seat, visit.now_ms).map_err(WebError::too_many)?;
    let exercise = web.exercise(&seat.exercise)?;
    let (objective, typed) = (form.get("objective"), form.get("flag"));
    let outcome = exercise.submit_flag(&seat.team, &seat.seat, objective, typed).await;
    let told = told(&exercise, &visit, outcome)?;
    if told.problem.is_none() {
        web.senders.note(&exercise.id, visit.address, &seat.team, visit.now_ms);
    }
    if visit.json {
        return Ok(flag_json(&web, &visit, &exercise, &seat, &told));
    }
    let desk = Desk::of(&web, &seat).await?;
    let answer = FlagAnswer {
        correct: told.problem.is_none(),
        problem: told.problem,
        points: told.points,
        typed: if told.answer == "correct" { String::new() } else { typed.to_owned() },
    };
    let page = view::seat::red(&desk.exercise, &desk.facts(&visit, &seat), Some(objective), Some(answer));
    web.page_as(told.status, &visit.at("/seat"), &page)
}

fn flag_json(
    web: &Web,
    visit: &Here,
    exercise: &Exercise,
    seat: &Seated,
    told: &Told,
) -> axum::response::Response {
    let text = match &told.problem {
        Some(problem) => web.say(visit.locale, problem),
        None => {
            let args = BTreeMap::from([("points".to_owned(), format!("+{}", told.points))]);
            web.pages.text(visit.locale, "flag.correct", &args)
        }
    };
    let team_points = exercise.fold().team(&seat.team).map_or(0, |team| team.points);
    // The request was carried out whatever came of the flag, so a script gets 200 with the answer in it.
    Json(serde_json::json!({
        "answer": told.answer,
        "correct": told.problem.is_none(),
        "points": told.points,
        "left": told.left,
        "text": text,
        "team_points": team_points,
    }))
    .into_response()
}

/// `POST /seat/hints`.
pub(super) async fn hint(State(web): State<Web>, seat: Seated, form: Posted) -> Answer {
    let exercise = web.exercise(&seat.exercise)?;
    let hint = form.get("hint");
    let taken = exercise.fold().hints.contains(&(seat.team.clone(), hint.to_owned()));
    exercise.open_hint(&seat.team, &seat.seat, hint).await?;
    let owner = exercise
        .scenario()
        .objectives
        .iter()
        .find(|objective| objective.hints.iter().any(|known| known.id == hint));
    let price =
        owner.and_then(|of| of.hints.iter().find(|known| known.id == hint)).map_or(0, |hint| hint.price);
    let mut response = see_other(&format!("/seat?o={}", owner.map_or("", |objective| objective.id.as_str())));
    if !taken {
        flash(&web, &mut response, Tone::Ok, "hint_bought", &[("points", &format!("−{price}"))]);
    }
    Ok(response)
}

fn report_form(form: &Posted) -> ReportForm {
    let events = form.all("events").flat_map(str::split_whitespace).map(str::to_owned).collect();
    let get = |name| form.get(name).to_owned();
    ReportForm {
        host: get("host"),
        technique: get("technique"),
        seen: get("seen"),
        events,
        text: get("text"),
    }
}

/// `POST /seat/reports`.
pub(super) async fn report(State(web): State<Web>, visit: Here, seat: Seated, form: Posted) -> Answer {
    let exercise = web.exercise(&seat.exercise)?;
    let form = report_form(&form);
    let problem = match parse_date_time(&form.seen) {
        Err(_) => Problem::new(if form.seen.is_empty() { "required" } else { "bad_time" }).on("seen"),
        Ok(seen_ms) => {
            let filed = decide::ReportForm {
                host: form.host.clone(),
                technique: form.technique.clone(),
                seen_ms,
                cited: form.events.clone(),
                text: form.text.clone(),
            };
            match exercise.file_report(&seat.team, &seat.seat, filed).await {
                Ok(_) => {
                    let mut response = see_other("/seat");
                    flash(&web, &mut response, Tone::Ok, "report_sent", &[]);
                    return Ok(response);
                }
                Err(CommandError::Refused(reason @ Refusal::Field { .. })) => refusal(&reason),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let desk = Desk::of(&web, &seat).await?;
    let filter = EventFilter::default();
    let events = events(&web, &seat, &filter).await?;
    let page = view::seat::blue(
        &desk.exercise,
        &desk.facts(&visit, &seat),
        Asked { events, filter, form, problems: vec![problem] },
    );
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit.at("/seat"), &page)
}

/// `POST /seat/repairs`.
pub(super) async fn repair(State(web): State<Web>, seat: Seated, form: Posted) -> Answer {
    let exercise = web.exercise(&seat.exercise)?;
    exercise.ask_retest(&seat.team, &seat.seat, form.get("repair")).await?;
    let mut response = see_other("/seat");
    flash(&web, &mut response, Tone::Ok, "retest_asked", &[]);
    Ok(response)
}
