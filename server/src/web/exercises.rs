//! The list of exercises, a new one, seats, slips, attendance.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::{CreateError, NewExercise, PAIRS_MAX, ScheduleError};
use rampart_domain::records::roc::parse_date_time;
use rampart_pages::{
    ExerciseFilter, ExerciseForm, ExerciseList, ExerciseNew, ExerciseState, FirstSteps, Problem, Seats,
    Slips, Tone,
};
use rampart_store::Exercise as Row;
use serde::Deserialize;

use super::error::{Answer, WebError};
use super::posted::Posted;
use super::state::{Web, see_other};
use super::view::{self, count};
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// People shown in the seat table at most; a search finds the others.
const PEOPLE_SHOWN: u32 = 1000;
/// A seat whose page has said so within this time has somebody in it, ms.
const ONLINE_MS: i64 = 45_000;

/// Query of a list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Listed {
    #[serde(default)]
    show: String,
    #[serde(default)]
    q: String,
}

/// Row of the store of a live exercise.
pub(crate) async fn row_of(web: &Web, id: &str) -> Result<Row, WebError> {
    web.app.store.exercises().by_id(id).await?.ok_or_else(WebError::not_found)
}

/// Seats with somebody in them now.
pub(crate) async fn online(web: &Web, id: &str, now_ms: i64) -> Result<BTreeSet<String>, WebError> {
    let stretches = web.app.store.presence().list(id).await?;
    Ok(stretches.into_iter().filter(|one| one.end_ms >= now_ms - ONLINE_MS).map(|one| one.seat_id).collect())
}

/// People who came and the time booked for them, ms.
async fn attended(web: &Web, id: &str) -> Result<(i64, i64), WebError> {
    let rows = web.app.attendance(id).await?;
    let came = rows.iter().filter(|row| row.counted.seconds > 0);
    Ok(came.fold((0, 0), |(persons, ms), row| (persons + 1, ms + row.counted.seconds * 1000)))
}

fn is_over(state: ExerciseState) -> bool {
    matches!(state, ExerciseState::Ended | ExerciseState::Cleared)
}

fn is_current(state: ExerciseState) -> bool {
    matches!(state, ExerciseState::Running | ExerciseState::Paused)
}

/// `GET /exercises`.
pub(super) async fn list(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Query(query): Query<Listed>,
) -> Answer {
    let filter = match query.show.as_str() {
        "preparing" => ExerciseFilter::Preparing,
        "over" => ExerciseFilter::Over,
        _ => ExerciseFilter::All,
    };
    let mut page = ExerciseList {
        current: Vec::new(),
        rows: Vec::new(),
        filter,
        query: query.q.trim().to_owned(),
        count_all: 0,
        count_preparing: 0,
        count_over: 0,
        steps: FirstSteps { images_ready: false, people: 0, scenarios: 0 },
        may_create: staff.role == Role::Instructor,
        shut: view::exercises::shut(&web),
    };
    let mut stored = web.app.store.exercises().list().await?;
    stored.sort_by_key(|row| std::cmp::Reverse(row.starts_ms));
    for row in stored {
        add_row(&web, &visit, &mut page, &row).await?;
    }
    // Asks the engine, so only where it is shown: a list must not wait for an engine that hangs.
    if page.count_all == 0 {
        page.steps = first_steps(&web).await?;
    }
    web.page(&visit, &page)
}

async fn add_row(web: &Web, visit: &Here, page: &mut ExerciseList, row: &Row) -> Result<(), WebError> {
    let Some(exercise) = web.app.exercise(&row.id) else { return Ok(()) };
    let state = view::state(&exercise.fold());
    page.count_all += 1;
    page.count_over += i64::from(is_over(state));
    page.count_preparing += i64::from(!is_over(state) && !is_current(state));
    let attended = if is_over(state) { Some(attended(web, &row.id).await?) } else { None };
    let shown = view::exercises::row(&exercise, row, visit.locale, attended);
    if is_current(state) {
        let online = count(online(web, &row.id, visit.now_ms).await?.len());
        page.current.push(view::exercises::running(&exercise, shown.clone(), visit.now_ms, online));
    }
    let wanted = match page.filter {
        ExerciseFilter::All => true,
        ExerciseFilter::Preparing => !is_over(state) && !is_current(state),
        ExerciseFilter::Over => is_over(state),
    };
    let found = [&shown.code, &shown.title, &shown.scenario].iter().any(|text| text.contains(&page.query));
    if wanted && found {
        page.rows.push(shown);
    }
    Ok(())
}

async fn first_steps(web: &Web) -> Result<FirstSteps, WebError> {
    let people = web.app.store.persons().count("").await?;
    let scenarios = web
        .app
        .shelves()
        .await
        .map_or(0, |shelves| shelves.iter().filter(|shelf| shelf.bundle.is_ok()).count());
    // An engine that does not answer is told on the system page; here it only means "not yet".
    let images_ready =
        web.app.images().await.is_ok_and(|images| images.iter().all(rampart_app::ImageState::is_current));
    Ok(FirstSteps {
        images_ready,
        people: i64::try_from(people).unwrap_or(i64::MAX),
        scenarios: count(scenarios),
    })
}

async fn new_page(
    web: &Web,
    visit: &Here,
    form: ExerciseForm,
    problems: Vec<Problem>,
) -> Result<ExerciseNew, WebError> {
    let shelves = web.app.shelves().await.map_err(WebError::internal)?;
    let scenarios = shelves.iter().map(|shelf| view::scenarios::choice(shelf, visit.locale)).collect();
    Ok(ExerciseNew { form, scenarios, pairs_max: PAIRS_MAX, problems })
}

/// `GET /exercises/new`.
pub(super) async fn new_form(State(web): State<Web>, visit: Here) -> Answer {
    let form = ExerciseForm { pairs: "1".to_owned(), ..ExerciseForm::default() };
    web.page(&visit, &new_page(&web, &visit, form, Vec::new()).await?)
}

fn typed(form: &Posted) -> ExerciseForm {
    let get = |name| form.get(name).to_owned();
    ExerciseForm {
        scenario: get("scenario"),
        code: get("code"),
        title: get("title"),
        pairs: get("pairs"),
        starts: get("starts"),
        ends: get("ends"),
        place: get("place"),
        warm: get("warm"),
    }
}

fn read(form: &ExerciseForm) -> Result<NewExercise, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut time = |text: &str, field: &str| {
        parse_date_time(text).unwrap_or_else(|_| {
            let code = if text.is_empty() { "required" } else { "bad_time" };
            problems.push(Problem::new(code).on(field));
            0
        })
    };
    let (starts_ms, ends_ms) = (time(&form.starts, "starts"), time(&form.ends, "ends"));
    // Looked at here, planned when the exercise is there.
    if !form.warm.is_empty() && !form.warm.parse().is_ok_and(|minutes: i64| (1..=1440).contains(&minutes)) {
        problems.push(Problem::new("warm_range").on("warm"));
    }
    let pairs = form.pairs.parse().unwrap_or_else(|_| {
        problems.push(Problem::new("not_a_number").on("pairs"));
        0
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(NewExercise {
        scenario: form.scenario.clone(),
        code: form.code.clone(),
        title: form.title.clone(),
        pairs,
        place: form.place.clone(),
        starts_ms,
        ends_ms,
    })
}

/// What the use case's code for a field says; `typed` is the session code that was asked for.
pub(crate) fn field_problem(field: &str, code: &str, typed: &str) -> Problem {
    match code {
        "exercise.scenario" => Problem::new("scenario_unknown"),
        "exercise.code" if typed.is_empty() => Problem::new("required"),
        "exercise.code" => Problem::new("code_form"),
        "exercise.code_taken" => Problem::new("code_taken").with("code", typed),
        "exercise.title" | "exercise.place" => Problem::new("too_long").with("max", 80),
        "exercise.pairs" => Problem::new("pairs_range").with("max", PAIRS_MAX),
        "exercise.ends" => Problem::new("ends_before_start"),
        other => Problem::new(other),
    }
    .on(field)
}

/// Plans when the ranges of a new exercise are built. Where that time has passed already, it is now.
async fn plan(web: &Web, staff: &Staff, id: &str, starts_ms: i64, warm: &str) -> Result<(), WebError> {
    let Ok(minutes) = warm.parse::<i64>() else { return Ok(()) };
    let at_ms = (starts_ms - minutes * 60_000).max(web.app.now_ms() + 1_000);
    match web.app.schedule_launch(&*web.exercise(id)?, Some(at_ms), &staff.id).await {
        Err(ScheduleError::App(error)) => Err(error.into()),
        // An exercise that lies in the past has nothing to plan; its page says when it was.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// `POST /exercises/new`.
pub(super) async fn create(State(web): State<Web>, visit: Here, staff: Staff, form: Posted) -> Answer {
    let form = typed(&form);
    let problems = match read(&form) {
        Err(problems) => problems,
        Ok(new) => match web.app.create_exercise(&new, &staff.id).await {
            Ok(id) => {
                plan(&web, &staff, &id, new.starts_ms, &form.warm).await?;
                let mut response = see_other(&format!("/exercises/{id}/seats"));
                flash(&web, &mut response, Tone::Ok, "exercise_made", &[("code", &form.code)]);
                return Ok(response);
            }
            Err(CreateError::Fields(fields)) => {
                fields.iter().map(|(field, code)| field_problem(field, code, &form.code)).collect()
            }
            Err(CreateError::Scenario(_)) => vec![Problem::new("scenario_unknown").on("scenario")],
            Err(CreateError::App(error)) => return Err(error.into()),
        },
    };
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &new_page(&web, &visit, form, problems).await?)
}

async fn seats_page(
    web: &Web,
    visit: &Here,
    id: &str,
    query: &Listed,
    problems: Vec<Problem>,
) -> Result<Seats, WebError> {
    let exercise = web.exercise(id)?;
    let row = row_of(web, id).await?;
    let people = web.app.store.persons().list(query.q.trim(), PEOPLE_SHOWN, 0).await?;
    let seats = web.app.store.seats().list(id).await?;
    let fold = exercise.fold();
    let mut people = view::exercises::seat_people(&fold, people, &seats);
    let (count_all, open) =
        (count(people.len()), people.iter().filter(|person| person.team.is_none()).count());
    let only_open = query.show == "open";
    people.retain(|person| !only_open || person.team.is_none());
    Ok(Seats {
        exercise: view::head(&row, &fold, exercise.scenario(), visit.locale),
        teams: view::exercises::team_seats(&fold),
        people,
        query: query.q.trim().to_owned(),
        only_open,
        count_all,
        count_open: count(open),
        problems,
        locked: fold.over(),
    })
}

/// `GET /exercises/{id}/seats`.
pub(super) async fn seats(
    State(web): State<Web>,
    visit: Here,
    Path(id): Path<String>,
    Query(query): Query<Listed>,
) -> Answer {
    let page = seats_page(&web, &visit, &id, &query, Vec::new()).await?;
    web.page(&visit, &page)
}

/// `POST /exercises/{id}/seats`.
pub(super) async fn set_seats(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
    form: Posted,
) -> Answer {
    let exercise = web.exercise(&id)?;
    if exercise.fold().over() {
        return Err(WebError::new(StatusCode::CONFLICT, "over"));
    }
    let problems = save_teams(&web, &id, &staff, &form).await?;
    if !problems.is_empty() {
        let page = seats_page(&web, &visit, &id, &Listed::default(), problems).await?;
        return web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page);
    }
    let mut response = see_other(&format!("/exercises/{id}/seats"));
    if form.get("act") == "distribute" {
        // Those that the form showed: whoever searched first spreads only what was found.
        let persons: Vec<String> = form.below("team.").map(|(person, _)| person.to_owned()).collect();
        let given = web.app.spread(&id, &persons, &staff.id).await?.to_string();
        flash(&web, &mut response, Tone::Ok, "seats_distributed", &[("n", &given)]);
    } else {
        flash(&web, &mut response, Tone::Ok, "seats_saved", &[]);
    }
    Ok(response)
}

/// Carries out what the form changed: gives, moves, takes.
async fn save_teams(web: &Web, id: &str, staff: &Staff, form: &Posted) -> Result<Vec<Problem>, WebError> {
    let exercise = web.exercise(id)?;
    let seats = web.app.store.seats().list(id).await?;
    let mut changes = Vec::new();
    let mut problems = Vec::new();
    for (person, team) in form.below("team.") {
        let present = seats.iter().find(|seat| seat.person_id == person);
        if present.map_or("", |seat| seat.team.as_str()) == team {
            continue;
        }
        if !team.is_empty() && exercise.fold().team(team).is_none() {
            problems.push(Problem::new("team_unknown"));
        } else if present.is_none() && web.app.store.persons().by_id(person).await?.is_none() {
            problems.push(Problem::new("person_unknown"));
        } else {
            changes.push((person, team, present));
        }
    }
    if !problems.is_empty() {
        return Ok(problems);
    }
    for (person, team, present) in changes {
        match present {
            Some(seat) if team.is_empty() => web.app.take_seat(id, &seat.id, &staff.id).await?,
            _ if team.is_empty() => {}
            _ => {
                web.app.give_seat(id, person, team, &staff.id).await?;
            }
        }
    }
    Ok(problems)
}

/// Address that people are to type.
fn address(web: &Web, visit: &Here) -> String {
    web.house.address.clone().unwrap_or_else(|| {
        let scheme = if web.house.secure { "https" } else { "http" };
        format!("{scheme}://{}/", visit.host)
    })
}

/// `GET /exercises/{id}/slips`.
pub(super) async fn slips(State(web): State<Web>, visit: Here, Path(id): Path<String>) -> Answer {
    let exercise = web.exercise(&id)?;
    let row = row_of(&web, &id).await?;
    let seats = web.app.store.seats().list(&id).await?;
    let page = Slips {
        exercise: view::head(&row, &exercise.fold(), exercise.scenario(), visit.locale),
        address: address(&web, &visit),
        cards: Vec::new(),
        seated: count(seats.len()),
        unused: count(seats.iter().filter(|seat| seat.code_waits).count()),
    };
    web.page(&visit, &page)
}

/// `POST /exercises/{id}/slips`: makes codes and shows them, this once.
pub(super) async fn make_slips(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path(id): Path<String>,
) -> Answer {
    let exercise = web.exercise(&id)?;
    let row = row_of(&web, &id).await?;
    let slips = web.app.make_codes(&id, None, &staff.id).await?;
    let cards: Vec<_> = slips.into_iter().map(view::exercises::card).collect();
    let page = Slips {
        exercise: view::head(&row, &exercise.fold(), exercise.scenario(), visit.locale),
        address: address(&web, &visit),
        seated: count(cards.len()),
        cards,
        unused: 0,
    };
    web.page(&visit, &page)
}
