//! The sessions of a course: sheet, room, paper, slips.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rampart_app::courses::{ClassSheet, CourseError};
use rampart_domain::records::course::{MarkSource, Standing, TestKind};
use rampart_domain::records::roc::{RocDate, form_value, parse_date_time};
use rampart_pages::{
    ClassFields, ClassPage, ClassSlip, ClassSlips, PaperDay, PaperSheet, Problem, RoomScreen, Tone,
};

use super::courses::{base, exercise_code, exercises, failed, may_edit, problem, read_session};
use super::error::{Answer, WebError};
use super::posted::Posted;
use super::signing::{AsFile, SLOT_MS, room_code};
use super::state::{Web, see_other};
use super::statistics::download;
use super::view::exercises::AT_THE_DESK;
use super::view::{count, courses as view};
use super::visit::{Here, flash};
use super::who::{Role, Staff};

/// What was typed into the forms of a session's page.
#[derive(Default)]
struct Typed {
    form: Option<ClassFields>,
    people: String,
}

fn inside(sheet: &ClassSheet, now_ms: i64) -> i64 {
    count(
        sheet
            .rows
            .iter()
            .filter(|row| row.is_trainee() && row.open(&sheet.session, now_ms).is_some())
            .count(),
    )
}

fn expected(sheet: &ClassSheet) -> i64 {
    count(sheet.rows.iter().filter(|row| row.is_trainee()).count())
}

async fn page_of(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    (course, id): (&str, &str),
    typed: Typed,
    problems: Vec<Problem>,
) -> Result<ClassPage, WebError> {
    let sheet = web.app.class_sheet(course, id).await.map_err(failed)?;
    let open = web.app.signable(id).await?.is_some_and(|(_, open)| open);
    let trainees = || sheet.rows.iter().filter(|row| row.is_trainee());
    Ok(ClassPage {
        course: view::head(&web.app.course(course).await.map_err(failed)?),
        session: view::session(&sheet.session, exercise_code(web, &sheet.session).await?),
        halves: view::halves(&sheet.session),
        rows: view::lines(&sheet, visit.now_ms),
        expected: expected(&sheet),
        arrived: count(trainees().filter(|row| row.counted.seconds > 0).count()),
        inside: inside(&sheet, visit.now_ms),
        counted_ms: trainees().map(|row| row.counted.seconds * 1000).sum(),
        may_edit: may_edit(staff),
        officer: staff.role == Role::Officer,
        open,
        form: typed.form.unwrap_or_else(|| view::class_fields(&sheet.session)),
        exercises: exercises(web).await?,
        typed: typed.people,
        problems,
    })
}

/// `GET /courses/{id}/sessions/{session}`.
pub(super) async fn show(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    let page = page_of(&web, &visit, &staff, (&course, &id), Typed::default(), Vec::new()).await?;
    web.page(&visit, &page)
}

/// Enters all scores of the form that are others than those that stand.
async fn scores(web: &Web, staff: &Staff, course: &str, id: &str, form: &Posted) -> Result<(), CourseError> {
    let mut scores = Vec::new();
    for (prefix, kind) in [("pre.", TestKind::Pre), ("post.", TestKind::Post)] {
        for (person, score) in form.below(prefix) {
            let score = score.trim();
            if !score.is_empty() {
                scores.push((person.to_owned(), kind, score.parse().unwrap_or(u8::MAX)));
            }
        }
    }
    web.app.set_test_results(course, id, &scores, form.get("reason"), &staff.id).await.map(drop)
}

/// `POST /courses/{id}/sessions/{session}`.
pub(super) async fn act(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    let app = &web.app;
    app.class_session(&course, &id).await.map_err(failed)?;
    let by = staff.id.as_str();
    let now_ms = visit.now_ms;
    let person = form.get("person");
    let mut typed = Typed { form: None, people: form.raw("people").to_owned() };
    let mut args: Vec<(&str, String)> = Vec::new();
    if !person.is_empty() {
        let known = app.store.persons().by_id(person).await?;
        args.push(("name", known.map(|person| person.name).unwrap_or_default()));
    }
    let (code, done) = match form.get("act") {
        "edit" => {
            let (fields, read) = read_session(&form, &course, &id);
            typed.form = Some(fields);
            match read {
                Ok(new) => ("session_saved", app.save_class_session(&new, by).await.map(drop)),
                Err(problem) => return refused(&web, &visit, &staff, (&course, &id), typed, problem).await,
            }
        }
        "cancel" => {
            ("session_cancelled", app.cancel_class_session(&course, &id, form.get("reason"), by).await)
        }
        "enter" => {
            let standing = Standing::from_code(form.get("standing")).ok_or_else(WebError::bad_request)?;
            let entered = app.enter_people(&course, &id, standing, form.raw("people"), by).await;
            ("entered", entered.map(|n| args.push(("n", n.to_string()))))
        }
        "take_off" => {
            let done = app.take_off_session(&course, &id, form.get("row"), form.get("reason"), by).await;
            ("taken_off", done)
        }
        "in" => {
            let stay = [(person.to_owned(), now_ms, None)];
            let done = app.mark_class(&course, &id, MarkSource::Instructor, &stay, AT_THE_DESK, by).await;
            ("class_in", done.map(drop))
        }
        "out" => ("class_out", app.close_class_mark(&course, &id, form.get("mark"), by).await),
        "mark" => {
            let (from, to) = (parse_date_time(form.get("from")), parse_date_time(form.get("to")));
            let (Ok(from), Ok(to)) = (from, to) else {
                let problem = Problem::new("bad_time").on("to");
                return refused(&web, &visit, &staff, (&course, &id), typed, problem).await;
            };
            let stay = [(person.to_owned(), from, Some(to))];
            let reason = form.get("reason");
            let done = app.mark_class(&course, &id, MarkSource::Instructor, &stay, reason, by).await;
            ("class_marked", done.map(drop))
        }
        "strike" => {
            let done = app.strike_class_mark(&course, &id, form.get("mark"), form.get("reason"), by).await;
            ("struck", done)
        }
        "scores" => ("scores_saved", scores(&web, &staff, &course, &id, &form).await),
        _ => return Err(WebError::bad_request()),
    };
    if let Err(error) = done {
        return refused(&web, &visit, &staff, (&course, &id), typed, problem(error)?).await;
    }
    let mut response = see_other(&format!("/courses/{course}/sessions/{id}"));
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    flash(&web, &mut response, Tone::Ok, code, &args);
    Ok(response)
}

async fn refused(
    web: &Web,
    visit: &Here,
    staff: &Staff,
    which: (&str, &str),
    typed: Typed,
    problem: Problem,
) -> Answer {
    let page = page_of(web, visit, staff, which, typed, vec![problem]).await?;
    web.page_as(StatusCode::UNPROCESSABLE_ENTITY, visit, &page)
}

/// `GET /courses/{id}/sessions/{session}/room`.
pub(super) async fn room(
    State(web): State<Web>,
    visit: Here,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    let sheet = web.app.class_sheet(&course, &id).await.map_err(failed)?;
    let open = web.app.signable(&id).await?.is_some_and(|(_, open)| open);
    let slot = visit.now_ms / SLOT_MS;
    let address = format!("{}/in/{id}/{}", base(&web, &visit), room_code(&web, &id, slot));
    let page = RoomScreen {
        course: view::head(&web.app.course(&course).await.map_err(failed)?),
        session: view::session(&sheet.session, None),
        code: if open { view::qr(&address) } else { None },
        address,
        renew_s: ((slot + 1) * SLOT_MS - visit.now_ms + 999) / 1000,
        expected: expected(&sheet),
        inside: inside(&sheet, visit.now_ms),
    };
    web.page(&visit, &page)
}

async fn paper_page(
    web: &Web,
    visit: &Here,
    (course, id): (&str, &str),
    typed: BTreeMap<String, String>,
    reason: &str,
    problems: Vec<Problem>,
) -> Result<PaperSheet, WebError> {
    let sheet = web.app.class_sheet(course, id).await.map_err(failed)?;
    let mut days: Vec<PaperDay> = Vec::new();
    for (place, half) in (0..).zip(view::halves(&sheet.session)) {
        let day = RocDate::of_ms(half.start_ms);
        match days.last_mut().filter(|last| RocDate::of_ms(last.day_ms) == day) {
            Some(last) => last.halves.push((place, half)),
            None => days.push(PaperDay { day_ms: half.start_ms, halves: vec![(place, half)] }),
        }
    }
    Ok(PaperSheet {
        course: view::head(&web.app.course(course).await.map_err(failed)?),
        session: view::session(&sheet.session, None),
        days,
        rows: view::lines(&sheet, visit.now_ms).into_iter().filter(|row| row.trainee).collect(),
        typed,
        reason: reason.to_owned(),
        problems,
    })
}

/// `GET /courses/{id}/sessions/{session}/paper`, with `?format=pdf` as a file.
pub(super) async fn paper(
    State(web): State<Web>,
    visit: Here,
    Path((course, id)): Path<(String, String)>,
    Query(wanted): Query<AsFile>,
) -> Answer {
    if wanted.is_pdf() {
        let sheet = web.app.class_sign_sheet(&course, &id, visit.person()).await;
        return Ok(download(sheet.map_err(failed)?));
    }
    let page = paper_page(&web, &visit, (&course, &id), BTreeMap::new(), "", Vec::new()).await?;
    web.page(&visit, &page)
}

/// The moment of a time on the sheet: of the half-day's own day, or the next one where it runs past midnight.
fn on_sheet(half: (i64, i64), time: &str) -> Option<i64> {
    let day = form_value(half.0).split('T').next().unwrap_or_default().to_owned();
    let at = parse_date_time(&format!("{day} {time}")).ok()?;
    // Six hours before its start is no early bird but the night after it began.
    let past_midnight = half.1 - half.0 > 0 && at < half.0 - 6 * 3_600_000;
    Some(if past_midnight { at + 86_400_000 } else { at })
}

/// `POST /courses/{id}/sessions/{session}/paper`.
pub(super) async fn enter_paper(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
    form: Posted,
) -> Answer {
    let session = web.app.class_session(&course, &id).await.map_err(failed)?;
    let mut stays = Vec::new();
    let mut wrong = None;
    for (rest, from) in form.below("in.") {
        let to = form.get(&format!("out.{rest}"));
        if from.trim().is_empty() && to.is_empty() {
            continue;
        }
        let (place, person) = rest.split_once('.').ok_or_else(WebError::bad_request)?;
        let half = place.parse::<usize>().ok().and_then(|place| session.halves.get(place));
        let half = *half.ok_or_else(WebError::bad_request)?;
        let out = if to.is_empty() { Some(None) } else { on_sheet(half, to).map(Some) };
        match (on_sheet(half, from.trim()), out) {
            (Some(in_ms), Some(out_ms)) => stays.push((person.to_owned(), in_ms, out_ms)),
            _ => wrong = Some(Problem::new("bad_time").on("times")),
        }
    }
    let reason = form.get("reason");
    let done = match wrong {
        Some(problem) => Err(problem),
        None => match web.app.mark_class(&course, &id, MarkSource::Sheet, &stays, reason, &staff.id).await {
            Ok(number) => Ok(number),
            Err(error) => Err(problem(error)?),
        },
    };
    match done {
        Ok(number) => {
            let mut response = see_other(&format!("/courses/{course}/sessions/{id}"));
            flash(&web, &mut response, Tone::Ok, "sheet_saved", &[("n", &number.to_string())]);
            Ok(response)
        }
        Err(problem) => {
            let mut typed = BTreeMap::new();
            for way in ["in.", "out."] {
                typed.extend(form.below(way).map(|(rest, value)| (format!("{way}{rest}"), value.to_owned())));
            }
            let page = paper_page(&web, &visit, (&course, &id), typed, reason, vec![problem]).await?;
            web.page_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, &page)
        }
    }
}

/// A code in groups of four, as it is read aloud.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// `POST /courses/{id}/sessions/{session}/slips`: makes codes and shows them, this once.
pub(super) async fn slips(
    State(web): State<Web>,
    visit: Here,
    staff: Staff,
    Path((course, id)): Path<(String, String)>,
) -> Answer {
    let session = web.app.class_session(&course, &id).await.map_err(failed)?;
    let mut slips = Vec::new();
    for (person, code) in web.app.make_sign_codes(&course, &id, &staff.id).await.map_err(failed)? {
        let own = web.app.give_own_code(&person.id, &staff.id).await.map_err(failed)?;
        slips.push(ClassSlip {
            name: person.name,
            agency: person.agency,
            sign_code: grouped(&code),
            own_code: grouped(&own),
        });
    }
    let page = ClassSlips {
        course: view::head(&web.app.course(&course).await.map_err(failed)?),
        session: view::session(&session, None),
        address: format!("{}/me", base(&web, &visit)),
        slips,
    };
    web.page(&visit.at(&format!("/courses/{course}/sessions/{id}")), &page)
}
