//! Hours of a class session for the portal, its sheet to sign, and the settings of certificates and masking, over HTTP.

use axum::http::StatusCode;
use rampart_domain::records::course::{Aspect, MarkSource, Standing, TestKind};
use rampart_store::{CourseAbout, NewClassSession, Person};

use crate::house::{Answer, House, Visitor};

const HOUR: i64 = 3_600_000;
/// People of public offices, a contractor, and somebody of whom nobody said what they are.
const ROSTER: &str = "姓名,職號,機關,身分,性別\n葉門禁,H1,數位發展處,公務人員,女\n賴備援,H2,圖書館,約聘僱,男\n\
                      曾封包,H3,木棉雲端,委外廠商,男\n王假名,H4,青嵐科技大學,,男\n李模擬,H5,地政處,公務人員,男\n";

/// A course of one session with two half-days, over since an hour: three, two and no half-days' worth of people.
pub struct Class {
    pub house: House,
    pub course: String,
    pub session: String,
    start_ms: i64,
    pub people: Vec<Person>,
}

impl Class {
    pub async fn new() -> Self {
        let house = House::new().await;
        let by = house.accounts["teacher"].clone();
        house.app.import_roster(ROSTER.as_bytes(), None).await.unwrap().unwrap();
        let about = CourseAbout {
            code: "H115".into(),
            title: "藍隊通報應變".into(),
            aspect: Aspect::Management,
            speciality: String::new(),
            category: "522".into(),
            minutes: 300,
            digital_minutes: 60,
            tested: true,
            pass_mark: 70,
            work_related: true,
            measures: vec![],
            county: "26".into(),
        };
        let course = house.app.save_course(None, &about, &by).await.unwrap();
        // Whole minutes, as people type them.
        let start = (house.app.now_ms() - 7 * HOUR) / 60_000 * 60_000;
        let new = NewClassSession {
            id: String::new(),
            course_id: course.clone(),
            code: "S115-H".into(),
            class_no: 3,
            place: "資訊中心".into(),
            halves: vec![(start, start + 2 * HOUR), (start + 3 * HOUR, start + 6 * HOUR)],
            late_minutes: 10,
            exercise_id: None,
        };
        let session = house.app.save_class_session(&new, &by).await.unwrap();
        let list = "H1\nH2\nH3\nH4\nH5";
        house.app.enter_people(&course, &session, Standing::Trainee, list, &by).await.unwrap();
        let sheet = house.app.class_sheet(&course, &session).await.unwrap();
        let mut people: Vec<Person> = sheet.rows.into_iter().map(|row| row.person).collect();
        people.sort_by(|a, b| a.staff_no.cmp(&b.staff_no));
        let stay = |at: usize, hours: i64| (people[at].id.clone(), start, Some(start + hours * HOUR));
        let stays = [stay(0, 6), stay(1, 2), stay(2, 6), stay(3, 6)];
        house.app.mark_class(&course, &session, MarkSource::Sheet, &stays, "紙本", &by).await.unwrap();
        let results: Vec<_> = people.iter().take(2).map(|one| (one.id.clone(), TestKind::Post, 88)).collect();
        house.app.set_test_results(&course, &session, &results, "", &by).await.unwrap();
        Self { house, course, session, start_ms: start, people }
    }

    /// When the session began, ms UTC.
    pub fn start_ms(&self) -> i64 {
        self.start_ms
    }

    /// Address of the session.
    pub fn at(&self) -> String {
        format!("/courses/{}/sessions/{}", self.course, self.session)
    }
}

/// A page with its addresses as browsers read them.
pub fn links(page: &Answer) -> String {
    page.text().replace("&#x2f;", "/")
}

async fn make(officer: &Visitor, at: &str, profile: &str, numbers: &str) -> Answer {
    let fields = [
        ("profile", profile),
        ("category", "522"),
        ("county", "26"),
        ("batch", "3"),
        ("digital", "1"),
        ("numbers", numbers),
    ];
    officer.post(&format!("{at}/hours"), &fields).await
}

/// The files of a container as (name, rows of cells), read by another program.
pub fn files(zip: &[u8], encoding: &str) -> Vec<(String, Vec<Vec<String>>)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hours.zip");
    std::fs::write(&path, zip).unwrap();
    let script = "import csv,io,json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                  def rows(n):\n    e=sys.argv[2] if n.startswith('演練') else 'utf-8-sig'\n    \
                  return list(csv.reader(io.StringIO(z.read(n).decode(e),newline='')))\n\
                  print(json.dumps([[n,rows(n)] for n in z.namelist()]))";
    let out = std::process::Command::new("python3")
        .env("PYTHONIOENCODING", "utf-8")
        .args(["-c", script])
        .arg(&path)
        .arg(encoding)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[tokio::test]
async fn the_portals_file_of_a_class_session_holds_who_attended_and_nothing_stays_of_the_numbers() {
    let class = Class::new().await;
    let (app, at) = (&class.house.app, class.at());
    assert_eq!(app.issue_certificates(&class.course, &class.house.accounts["teacher"]).await.unwrap(), 1);
    let officer = class.house.staff("officer").await;
    // The way there: the year's desk, the session.
    let year = rampart_domain::records::RocYear::of_ms(class.start_ms());
    let desk = links(&officer.get(&format!("/statistics/year/{year}")).await);
    assert!(desk.contains(&format!("{at}/hours")), "{desk}");
    assert!(links(&officer.get(&at).await).contains(&format!("{at}/hours")));
    let page = links(&officer.get(&format!("{at}/hours")).await);
    for part in [
        "葉門禁",
        "非公務人員",
        "身分未填",
        "未出席",
        "未達 4/5",
        "value=\"3\"",
        "<option value=\"522\" selected>",
        "<option value=\"26\" selected>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let numbers = "H1,A123456788\nH2,B123456789\n";
    let done = make(&officer, &at, "current", numbers).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(done.header("content-type"), "application/zip");
    let made = files(&done.bytes, "cp950");
    assert_eq!(
        made.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["演練資料，勿上傳_研習時數登錄_S115-H.csv", "不登錄名單_S115-H.csv"]
    );
    let rows = &made[0].1;
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(rows[0].len(), 25);
    let cell = |row: usize, heading: &str| {
        let at = rows[0].iter().position(|one| one.trim_start_matches('*') == heading).unwrap();
        rows[row][at].as_str()
    };
    let first = [
        "身分證字號",
        "姓名",
        "課程類別代碼",
        "上課縣市",
        "期別",
        "訓練總數",
        "學習性質",
        "數位時數",
        "實體時數",
    ];
    let said = |row| first.map(|heading| cell(row, heading));
    assert_eq!(said(1), ["A123456788", "葉門禁", "522", "26", "3", "5", "3", "1", "4"]);
    // Two of five hours: entered as attended, without a certificate.
    assert_eq!(said(2), ["B123456789", "賴備援", "522", "26", "3", "2", "3", "1", "1"]);
    assert_eq!([cell(1, "訓練成績"), cell(2, "訓練成績")], ["88", "88"]);
    assert!(cell(1, "證件字號").len() > 10 && cell(2, "證件字號").is_empty(), "{rows:?}");
    let left: Vec<[&str; 2]> = made[1].1[1..].iter().map(|row| [row[0].as_str(), row[2].as_str()]).collect();
    assert_eq!(left, [["H3", "非公務人員，不登錄"], ["H4", "身分未填，不登錄"], ["H5", "未出席，不登錄"]]);
    let old = make(&officer, &at, "v1", numbers).await;
    assert_eq!(files(&old.bytes, "cp950")[0].1[0].len(), 19);
    // The look is written down, and no number is.
    let lines = app.store.audit().list(None, None, 100).await.unwrap();
    assert_eq!(
        lines.iter().filter(|line| line.detail == format!("portal S115-H {}", class.session)).count(),
        2
    );
    let script = "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); print('\\n'.join(d.iterdump()))";
    let file = class.house.database();
    let mut python = std::process::Command::new("python3");
    let dump = python.env("PYTHONIOENCODING", "utf-8").args(["-c", script]).arg(file).output().unwrap();
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(dump.contains("portal S115-H") && !dump.contains("123456788"), "the number stays nowhere");
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_class_file_is_said_on_its_page() {
    let class = Class::new().await;
    let at = class.at();
    let officer = class.house.staff("officer").await;
    officer.get(&format!("{at}/hours")).await;
    let refused = |answer: Answer, word: &str| {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = answer.text();
        assert!(text.contains(word) && text.contains("name=\"numbers\""), "{word}: {text}");
        assert!(!text.contains("123456"), "no number comes back: {text}");
    };
    refused(make(&officer, &at, "current", "").await, "請貼上身分證字號");
    refused(make(&officer, &at, "current", "H1 A123456788 X\n").await, "第 1 行");
    // Of all people at once: one may be a living person's, one is missing.
    let both = make(&officer, &at, "current", "H1,A123456789\n").await;
    assert!(both.text().contains("共 2 處錯誤"), "{}", both.text());
    refused(both, "可能屬於真人");
    let fields =
        [("profile", "current"), ("category", "522"), ("county", "26"), ("batch", "3"), ("digital", "x")];
    refused(officer.post(&format!("{at}/hours"), &fields).await, "數位時數應為");
    // A name that the encoding does not hold.
    let person = &class.people[0];
    class.house.sql(&format!("UPDATE persons SET name = '葉𠮷' WHERE id = '{}'", person.id)).await;
    refused(make(&officer, &at, "current", "H1,A123456788\nH2,B123456789\n").await, "Big5 沒有「𠮷」");
    // While it goes on there is nothing to enter.
    class
        .house
        .sql(&format!(
            "UPDATE class_sessions SET end_ms = {} WHERE id = '{}'",
            class.house.app.now_ms() + HOUR,
            class.session
        ))
        .await;
    let early = make(&officer, &at, "current", "H1,A123456788\nH2,B123456789\n").await;
    assert!(early.status == StatusCode::UNPROCESSABLE_ENTITY && early.text().contains("尚未結束"));
    assert_eq!(officer.get("/courses/nothing/sessions/nothing/hours").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_exercise_that_goes_on_has_no_hours_to_enter_by_page_and_program() {
    use scoreboard::Status;
    let mut house = House::new().await;
    let exercise = house.exercise.clone();
    let by = house.accounts["teacher"].clone();
    let asked = serde_json::json!({
        "profile": "current", "category": "523", "county": "26", "batch": "1", "digital_minutes": 0, "numbers": "A1,A123456788\n",
    });
    let both = async |house: &House| {
        let officer = house.staff("officer").await;
        let at = format!("/statistics/{exercise}");
        officer.get(&at).await;
        let page = make(&officer, &at, "current", "A1,A123456788\n").await;
        let program = house.program('o', rampart_domain::token::Scope::ALL).await;
        let at = format!("/api/v1/exercises/{exercise}/records/hours");
        (page, program.send("POST", &at, &asked).await)
    };
    house.sql("UPDATE persons SET identity = 'civil' WHERE staff_no = 'A1'").await;
    let person = house.person.clone();
    let from = house.app.now_ms();
    // Somebody attended, so that there would be a file if nobody looked at the time.
    while house.app.now_ms() < from + 1_200 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    house.app.sign(&exercise, &person, from, Some(from + 1_100), "紙本", &by).await.unwrap();
    let (page, program) = both(&house).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text().contains("尚未結束"), "{}", page.text());
    assert_eq!(program.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(program.json()["errors"][0]["code"], "portal_not_over", "{}", program.text());
    let end = scoreboard::Body::Status { from: Status::Running, to: Status::Ended, note: None, why: None };
    house.reopen(&exercise, vec![end]).await;
    let (page, program) = both(&house).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert_eq!(program.status, StatusCode::OK, "{}", program.text());
}

#[tokio::test]
async fn sheets_to_sign_are_papers() {
    let class = Class::new().await;
    let teacher = class.house.staff("teacher").await;
    let page = teacher.get(&format!("{}/paper", class.at())).await.text();
    assert!(page.contains("/paper?format=pdf\""), "{page}");
    let exercise = format!("/exercises/{}/attendance", class.house.exercise);
    assert!(teacher.get(&exercise).await.text().contains("/attendance?format=pdf\""));
    for (at, name) in [
        (format!("{}/paper?format=pdf", class.at()), "S115-H.pdf"),
        (format!("{exercise}?format=pdf"), "S115-01.pdf"),
    ] {
        let sheet = teacher.get(&at).await;
        assert_eq!(sheet.status, StatusCode::OK, "{}", sheet.text());
        assert_eq!(sheet.header("content-type"), "application/pdf");
        assert!(sheet.bytes.starts_with(b"%PDF-") && sheet.header("content-disposition").contains(name));
    }
    let officer = class.house.staff("officer").await;
    let refused = officer.get(&format!("{}/paper?format=pdf", class.at())).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn another_issuer_signs_new_certificates_and_old_ones_keep_their_bytes() {
    let class = Class::new().await;
    let app = &class.house.app;
    let by = class.house.accounts["teacher"].clone();
    app.issue_certificates(&class.course, &by).await.unwrap();
    let of_course = rampart_store::CertificatesOf::Course(&class.course);
    let old = app.store.certificates().list(of_course).await.unwrap().pop().unwrap();
    let officer = class.house.staff("officer").await;
    let at = |id: &str| format!("/courses/{}/certificates/{id}", class.course);
    let before = officer.get(&format!("{}?format=pdf", at(&old.id))).await;
    assert!(before.bytes.starts_with(b"%PDF-"), "{}", before.text());
    officer.get("/statistics/settings").await;
    let set = |agency: &'static str, signer: &'static str| {
        [("act", "issuer"), ("year", "115"), ("agency", agency), ("signer", signer)]
    };
    let empty = officer.post("/statistics/settings", &set("", "處長")).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.text().contains("請填寫此欄"));
    assert!(empty.text().contains("value=\"處長\""), "what was typed stands: {}", empty.text());
    let done = officer.post("/statistics/settings", &set("青嵐縣政府", "縣長 林演練")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert!(officer.get("/statistics/settings").await.text().contains("縣長 林演練"));
    let after = officer.get(&format!("{}?format=pdf", at(&old.id))).await;
    assert!(before.bytes == after.bytes, "a certificate that was issued before keeps its bytes");
    assert!(!officer.get(&at(&old.id)).await.text().contains("縣長"));
    // The next one is theirs.
    app.revoke_certificate(&class.course, &old.id, "測試", &by).await.unwrap();
    assert_eq!(app.issue_certificates(&class.course, &by).await.unwrap(), 1);
    let known =
        app.store.certificates().list(rampart_store::CertificatesOf::Course(&class.course)).await.unwrap();
    let new = known.into_iter().find(|one| one.revoked_ms.is_none()).unwrap();
    let page = officer.get(&at(&new.id)).await.text();
    assert!(page.contains("青嵐縣政府") && page.contains("縣長 林演練"), "{page}");
    let lines = app.store.audit().list(Some("certificate.issuer"), None, 10).await.unwrap();
    assert!(lines.len() == 1 && lines[0].detail.contains("縣長 林演練"), "{lines:?}");
    assert_eq!(lines[0].account_id.as_deref(), Some(class.house.accounts["officer"].as_str()));
    let teacher = class.house.staff("teacher").await;
    assert_eq!(teacher.post("/statistics/settings", &set("我", "")).await.status, StatusCode::FORBIDDEN);
}

/// The words of a paper, and what its properties say: a sheet to sign names its office there alone.
fn words_of(pdf: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("paper.pdf");
    std::fs::write(&path, pdf).unwrap();
    let said = |program: &str, after: &[&str]| {
        let mut command = std::process::Command::new(program);
        let out = command.args(["-enc", "UTF-8"]).arg(&path).args(after).output().unwrap();
        assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    said("pdftotext", &["-"]) + &said("pdfinfo", &[])
}

#[tokio::test]
async fn papers_carry_the_office_of_their_moment_and_real_people_no_foot() {
    const FOOT: &str = "虛構機關，僅供演訓";
    let class = Class::new().await;
    let app = &class.house.app;
    let by = class.house.accounts["teacher"].clone();
    app.issue_certificates(&class.course, &by).await.unwrap();
    let of_course = rampart_store::CertificatesOf::Course(&class.course);
    let old = app.store.certificates().list(of_course).await.unwrap().pop().unwrap();
    let officer = class.house.staff("officer").await;
    let teacher = class.house.staff("teacher").await;
    let year = rampart_domain::records::RocYear::of_ms(class.start_ms());
    let certificate = |id: &str| format!("/courses/{}/certificates/{id}?format=pdf", class.course);
    let before = officer.get(&certificate(&old.id)).await.bytes;
    assert!(words_of(&before).contains(FOOT));
    let papers = async || {
        let x2 = officer.get(&format!("/statistics/year/{year}/x2/export?format=pdf&edition=internal")).await;
        let x1 =
            officer.get(&format!("/statistics/{}/export?format=pdf&table=x1", class.house.exercise)).await;
        let cross = format!("/statistics/year/{year}/cross/export?rows=agency&columns=none&figure=persons");
        let cross = officer.get(&format!("{cross}&edition=internal&format=pdf")).await;
        let sheet = teacher.get(&format!("{}/paper?format=pdf", class.at())).await;
        let seats = format!("/exercises/{}/attendance?format=pdf", class.house.exercise);
        let seats = teacher.get(&seats).await;
        [x2, x1, cross, sheet, seats].map(|answer| {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            words_of(&answer.bytes)
        })
    };
    for text in papers().await {
        assert!(text.contains("青嵐縣政府數位發展處") && text.contains(FOOT), "{text}");
    }
    officer.get("/statistics/settings").await;
    let set = |office: &'static str, foot: &'static str| {
        [("act", "office"), ("year", "115"), ("office", office), ("foot", foot)]
    };
    let empty = officer.post("/statistics/settings", &set("", "演訓用")).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.text().contains("value=\"演訓用\""));
    let done = officer.post("/statistics/settings", &set("山海縣政府資安科", "演訓用紙")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert!(officer.get("/statistics/settings").await.text().contains("演訓用紙"));
    for text in papers().await {
        assert!(text.contains("山海縣政府資安科") && text.contains("演訓用紙"), "{text}");
        assert!(!text.contains("青嵐縣政府") && !text.contains(FOOT), "{text}");
    }
    let page = officer.get(&format!("/statistics/{}", class.house.exercise)).await.text();
    assert!(page.contains("編製機關：山海縣政府資安科"), "{page}");
    // Real people: the foot goes, wherever it stood.
    let real = [("act", "numbers"), ("year", "115"), ("numbers", "real")];
    assert_eq!(officer.post("/statistics/settings", &real).await.status, StatusCode::SEE_OTHER);
    for text in papers().await {
        assert!(text.contains("山海縣政府資安科") && !text.contains("演訓用紙"), "{text}");
    }
    let package = officer.get(&format!("/statistics/year/{year}/package")).await;
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("year.zip"), &package.bytes).unwrap();
    let script = "import sys,zipfile,io\nz=zipfile.ZipFile(sys.argv[1])\nfor n in z.namelist():\n  b=z.read(n)\n  \
                  if n.endswith('.ods'): b=zipfile.ZipFile(io.BytesIO(b)).read('content.xml')\n  \
                  t=b.decode('utf-8','ignore')\n  assert '虛構機關' not in t and '青嵐縣政府' not in t, n\n  \
                  ok='山海縣政府資安科' in t\n  print(n, ok)";
    let mut python = std::process::Command::new("python3");
    python.env("PYTHONIOENCODING", "utf-8").args(["-c", script]).arg(files.path().join("year.zip"));
    let said = python.output().unwrap();
    let names = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let ods: Vec<&str> = names.lines().filter(|line| line.contains(".ods ")).collect();
    assert!(ods.len() > 20 && ods.iter().all(|line| line.ends_with("True")), "{names}");
    // A certificate says what held when it was issued.
    assert!(officer.get(&certificate(&old.id)).await.bytes == before, "it keeps its bytes");
    app.revoke_certificate(&class.course, &old.id, "測試", &by).await.unwrap();
    assert_eq!(app.issue_certificates(&class.course, &by).await.unwrap(), 1);
    let of_course = rampart_store::CertificatesOf::Course(&class.course);
    let known = app.store.certificates().list(of_course).await.unwrap();
    let new = known.into_iter().find(|one| one.revoked_ms.is_none()).unwrap();
    let text = words_of(&officer.get(&certificate(&new.id)).await.bytes);
    assert!(
        text.contains("山海縣政府資安科") && !text.contains(FOOT) && !text.contains("演訓用紙"),
        "{text}"
    );
    let lines = app.store.audit().list(Some("records.office"), None, 10).await.unwrap();
    assert!(lines.len() == 1 && lines[0].detail.contains("山海縣政府資安科"), "{lines:?}");
    assert_eq!(teacher.post("/statistics/settings", &set("我", "")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_limit_of_masking_is_set_by_the_officer_and_holds_for_the_public_edition() {
    let class = Class::new().await;
    // Three men and one woman were at the class; below the usual limit the woman is hidden.
    let app = &class.house.app;
    let officer = class.house.staff("officer").await;
    let account = class.house.accounts["officer"].as_str();
    let year = rampart_domain::records::RocYear::of_ms(class.start_ms());
    let at = format!("/statistics/year/{year}/x2?edition=public");
    let table = || officer.get(&at);
    assert!(table().await.text().contains('※'));
    officer.get("/statistics/settings").await;
    let set = |under: &'static str| [("act", "under"), ("year", "115"), ("under", under)];
    for wrong in ["1", "21", "x"] {
        let refused = officer.post("/statistics/settings", &set(wrong)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(refused.text().contains(&format!("value=\"{wrong}\"")), "{}", refused.text());
    }
    assert_eq!(app.hidden_under().await.unwrap(), 3);
    let done = officer.post("/statistics/settings", &set("20")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert_eq!(app.hidden_under().await.unwrap(), 20);
    assert!(table().await.text().contains("未達 20 人"), "{}", table().await.text());
    let lines = app.store.audit().list(Some("records.hidden_under"), None, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].detail.as_str(), lines[0].account_id.as_deref()), ("3 -> 20", Some(account)));
}
