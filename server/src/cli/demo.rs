//! `rampart demo`: accounts, people, an exercise to try everything with, and a year that is over. What is there already stays as it is.

use rampart::Config;
use rampart_app::{AccountError, App, CreateError, NewExercise};
use rampart_domain::records::RocYear;
use rampart_domain::records::course::{Aspect, LATE_MINUTES, Measure, PASS_MARK, Standing};
use rampart_store::{CourseAbout, NewClassSession, Role};

use super::demo_year::{self, CAST};
use super::{Failure, Outcome, logs, say, warn};

/// Scenario of the demo exercise.
const SCENARIO: &str = "qinglan-portal";
/// Red/blue pairs of it.
const PAIRS: u16 = 2;
/// Planned length, ms.
const LENGTH_MS: i64 = 3 * 3_600_000;

/// Staff accounts of the demo: log-in, name, role.
const STAFF: [(&str, &str, Role); 2] =
    [("instructor", "鄭白板", Role::Instructor), ("officer", "呂差勤", Role::Officer)];

/// Makes what is missing.
pub(super) async fn run(config: Config) -> Outcome {
    logs("warn");
    let (app, lock) = rampart::open_app(&config, vec![config.listen.port()]).await?;
    let outcome = make(&app).await;
    app.stop().await;
    drop(lock);
    outcome
}

async fn make(app: &App) -> Outcome {
    match app.first_administrator().await? {
        Some((login, password)) => tell(&login, &password),
        None => say("  admin         is there already"),
    }
    for (login, name, role) in STAFF {
        match app.create_account(login, name, role, None).await {
            Ok(password) => tell(login, &password),
            Err(AccountError::Taken) => say(format_args!("  {login:<13} is there already")),
            Err(error) => return Err(error.into()),
        }
    }
    let counts = match app.import_roster(demo_year::roster().as_bytes(), None).await? {
        Ok(counts) => counts,
        Err(faults) => {
            for fault in faults {
                warn(format_args!("rampart: the demo's roster: {fault}"));
            }
            return Err(Failure::Refused);
        }
    };
    say(format_args!(
        "  people        {} added, {} there already",
        counts.added,
        counts.unchanged + counts.changed
    ));
    exercise(app, &counts.ids).await?;
    course(app).await?;
    filled_year(app, &counts.ids).await
}

/// A year that is over, with its tables filled.
async fn filled_year(app: &App, people: &[String]) -> Outcome {
    let instructor = app.store.accounts().by_login(STAFF[0].0).await?;
    let Some(by) = instructor.map(|known| known.account.id) else { return Ok(()) };
    match demo_year::make(app, people, &by).await {
        Ok((year, true)) => {
            let year = year.to_string();
            say(format_args!(
                "  {year:<13} a year with its tables: 57 people, two sessions, a questionnaire"
            ));
        }
        Ok((year, false)) => say(format_args!("  {:<13} is filled already", year.to_string())),
        Err(error) => {
            warn(format_args!("rampart: the demo's year: {error}"));
            return Err(Failure::Refused);
        }
    }
    Ok(())
}

fn tell(login: &str, password: &str) {
    say(format_args!("  {login:<13} one-time password {password}"));
}

async fn exercise(app: &App, people: &[String]) -> Outcome {
    let now_ms = app.now_ms();
    let code = format!("S{}-03", RocYear::of_ms(now_ms).0);
    if let Some(known) = app.store.exercises().by_code(&code).await? {
        say(format_args!("  {code:<13} is there already ({})", known.title));
        return Ok(());
    }
    let instructor = app.store.accounts().by_login(STAFF[0].0).await?;
    let Some(instructor) = instructor.map(|known| known.account.id) else {
        warn("rampart: the instructor's account is gone");
        return Err(Failure::Refused);
    };
    let new = NewExercise {
        scenario: SCENARIO.to_owned(),
        code: code.clone(),
        title: "紅藍對抗演練".to_owned(),
        pairs: PAIRS,
        place: "嵐北訓練教室".to_owned(),
        starts_ms: now_ms,
        ends_ms: now_ms + LENGTH_MS,
    };
    let id = match app.create_exercise(&new, &instructor).await {
        Ok(id) => id,
        Err(CreateError::Scenario(faults)) => {
            for fault in faults {
                warn(fault);
            }
            return Err(Failure::Refused);
        }
        Err(error) => return Err(error.into()),
    };
    let seated: Vec<String> =
        people.iter().zip(&CAST).filter(|(_, (.., seated))| *seated).map(|(id, _)| id.clone()).collect();
    let given = app.spread(&id, &seated, &instructor).await?;
    say(format_args!("  {code:<13} {SCENARIO}, {PAIRS} pairs, {given} seats given"));
    Ok(())
}

/// A course whose session is on now, so that the room's screen has a code.
async fn course(app: &App) -> Outcome {
    let now_ms = app.now_ms();
    let code = format!("C{}-03", RocYear::of_ms(now_ms).0);
    if app.store.courses().list().await?.iter().any(|known| known.about.code == code) {
        say(format_args!("  {code:<13} is there already"));
        return Ok(());
    }
    let instructor = app.store.accounts().by_login(STAFF[0].0).await?;
    let Some(by) = instructor.map(|known| known.account.id) else { return Ok(()) };
    let about = CourseAbout {
        code: code.clone(),
        title: "藍隊值勤".to_owned(),
        aspect: Aspect::Management,
        speciality: "網路攻防".to_owned(),
        category: "523".to_owned(),
        minutes: 180,
        digital_minutes: 0,
        tested: true,
        pass_mark: PASS_MARK,
        work_related: true,
        measures: vec![Measure::Shuttle, Measure::Content],
        county: "30".to_owned(),
    };
    let seated = |row: &&(&str, &str, &str, bool)| row.3;
    let names: Vec<&str> = CAST.iter().filter(seated).map(|row| row.0).collect();
    let made = async {
        let course = app.save_course(None, &about, &by).await?;
        let new = NewClassSession {
            id: String::new(),
            course_id: course.clone(),
            code: format!("{code}-1"),
            class_no: 1,
            place: "嵐北訓練教室".to_owned(),
            halves: vec![(now_ms, now_ms + LENGTH_MS)],
            late_minutes: LATE_MINUTES,
            exercise_id: None,
        };
        let session = app.save_class_session(&new, &by).await?;
        app.enter_people(&course, &session, Standing::Trainee, &names.join("\n"), &by).await
    };
    match made.await {
        Ok(entered) => say(format_args!("  {code:<13} a course of one session, {entered} trainees")),
        Err(error) => {
            warn(format_args!("rampart: the demo's course: {error}"));
            return Err(Failure::Refused);
        }
    }
    Ok(())
}
