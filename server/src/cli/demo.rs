//! `rampart demo`: accounts, people and an exercise to try everything with. What is there already stays as it is.

use rampart::Config;
use rampart_app::{AccountError, App, CreateError, NewExercise};
use rampart_domain::records::RocYear;
use rampart_domain::records::course::{Aspect, LATE_MINUTES, Measure, PASS_MARK, Standing};
use rampart_store::{CourseAbout, NewClassSession, Role};

use super::{Failure, Outcome, logs, say, warn};

/// Scenario of the demo exercise.
const SCENARIO: &str = "qinglan-portal";
/// Red/blue pairs of it.
const PAIRS: u16 = 2;
/// Planned length, ms.
const LENGTH_MS: i64 = 3 * 3_600_000;

/// Invented people of an invented county: name, gender as rosters write it, agency, sits in a seat.
const CAST: [(&str, &str, &str, bool); 20] = [
    ("林演練", "女", "縣政府 數位發展處", false),
    ("陳範例", "男", "縣政府 數位發展處", false),
    ("許藍圖", "女", "縣政府 數位發展處", true),
    ("謝測試", "男", "縣政府 數位發展處", true),
    ("張示範", "女", "縣政府 數位發展處", true),
    ("莊公文", "男", "地方稅務局", true),
    ("葉門禁", "女", "縣政府 機房", true),
    ("李模擬", "男", "地政處", true),
    ("黃沙盒", "女", "衛生局", true),
    ("蘇還原", "男", "消防局", true),
    ("曾封包", "女", "縣政府 資安監控中心", true),
    ("廖快照", "其他", "縣政府 端點防護小組", true),
    ("賴備援", "男", "文化局 縣立圖書館", true),
    ("呂差勤", "女", "嵐山鄉公所", false),
    ("吳虛構", "男", "白沙嶼鄉公所", true),
    ("周演習", "不願透露", "環保局", true),
    ("郭日誌", "女", "水晶橋資訊", true),
    ("蔡紅磚", "男", "木棉雲端", true),
    ("鄭白板", "女", "青嵐科技大學", false),
    ("王假名", "男", "青嵐科技大學", true),
];

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
    let counts = match app.import_roster(roster().as_bytes(), None).await? {
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
    course(app).await
}

fn tell(login: &str, password: &str) {
    say(format_args!("  {login:<13} one-time password {password}"));
}

/// The cast as a roster, in the form that the import page takes.
fn roster() -> String {
    let mut text = "姓名,職號,機關,性別\n".to_owned();
    for (index, (name, gender, agency, _)) in CAST.iter().enumerate() {
        text.push_str(&format!("{name},Q{:03},{agency},{gender}\n", index + 1));
    }
    text
}

async fn exercise(app: &App, people: &[String]) -> Outcome {
    let now_ms = app.now_ms();
    let code = format!("S{}-01", RocYear::of_ms(now_ms).0);
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
        title: "紅藍對抗實作".to_owned(),
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
    let code = format!("C{}-01", RocYear::of_ms(now_ms).0);
    if app.store.courses().list().await?.iter().any(|known| known.about.code == code) {
        say(format_args!("  {code:<13} is there already"));
        return Ok(());
    }
    let instructor = app.store.accounts().by_login(STAFF[0].0).await?;
    let Some(by) = instructor.map(|known| known.account.id) else { return Ok(()) };
    let about = CourseAbout {
        code: code.clone(),
        title: "藍隊通報應變".to_owned(),
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
