//! Commands on a server, as people and scripts see them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rampart::{Config, serve_with};
use rampart_app::App;
use rampart_app::clock::SystemClock;
use rampart_domain::records::course::Aspect;
use rampart_domain::records::roc::parse_date_time;
use rampart_domain::token::Scope;
use rampart_engine::fake::FakeEngine;
use rampart_store::{CourseAbout, NewClassSession, Role, TokenOwner};

/// Exit code, standard output, standard error.
pub fn run(server: &str, token: &Path, words: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rampart"))
        .args(["--server", server, "--token-file"])
        .arg(token)
        .args(words)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env_remove("ALL_PROXY")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instructor_leads_an_exercise_from_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        data_dir: dir.path().join("data"),
        scenarios_dir: root.join("scenarios"),
        images_dir: root.join("images"),
        ..Config::default()
    };
    let engine = Arc::new(FakeEngine::new(["debian:bookworm-slim"]));
    let running = serve_with(config, engine, Arc::new(SystemClock)).await.unwrap();
    let app = running.app.clone();
    app.create_account("teacher", "林教官", Role::Instructor, None).await.unwrap();
    let id = app.store.accounts().by_login("teacher").await.unwrap().unwrap().account.id;
    app.change_password(&id, "", "").await.unwrap_err();
    app.store.accounts().set_password(&id, "x", false, app.now_ms()).await.unwrap();
    let owner = TokenOwner::Account(id.clone());
    let scopes = [
        Scope::BoardRead,
        Scope::ExercisesRead,
        Scope::ExercisesRun,
        Scope::SeatsWrite,
        Scope::AttendanceWrite,
        Scope::PeopleRead,
        Scope::PeopleWrite,
    ];
    class(&app, &id).await;
    let (_, token) = app.make_token(&owner, &scopes, "終端機", &scopes, 1).await.unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, format!("{}\n", token.reveal())).unwrap();
    let server = format!("http://{}", running.addr);
    let done = tokio::task::spawn_blocking(move || story(dir.path(), &server, &file)).await;
    running.stop().await;
    done.unwrap();
}

/// A course of one session that is over, without anybody.
async fn class(app: &App, by: &str) {
    let about = CourseAbout {
        code: "C114-01".into(),
        title: "藍隊通報應變".into(),
        aspect: Aspect::Management,
        speciality: String::new(),
        category: "523".into(),
        minutes: 180,
        digital_minutes: 0,
        tested: true,
        pass_mark: 70,
        work_related: true,
        measures: Vec::new(),
        county: "30".into(),
    };
    let course_id = app.save_course(None, &about, by).await.unwrap();
    let at = |text: &str| parse_date_time(text).unwrap();
    let session = NewClassSession {
        id: String::new(),
        course_id,
        code: "S114-01".into(),
        class_no: 1,
        place: "嵐北訓練教室".into(),
        halves: vec![(at("114-03-05 09:00"), at("114-03-05 12:00"))],
        late_minutes: 10,
        exercise_id: None,
    };
    app.save_class_session(&session, by).await.unwrap();
}

/// The sheet and the results of a session from files, and its certificates.
fn a_class(dir: &Path, server: &str, file: &Path) {
    let (code, out, err) = run(server, file, &["course", "list"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("C114-01  523") && out.contains("S114-01"), "{out}");
    let enter = |numbers: &[&str]| run(server, file, &[&["course", "enter", "S114-01"], numbers].concat());
    assert_eq!(enter(&["A1", "A9"]).0, 2, "there is no A9");
    assert_eq!(enter(&["A1", "A2"]).1, "entered 2\n");
    let sheet = dir.join("sheet.csv");
    let path = sheet.to_str().unwrap();
    let import = |how: &str| run(server, file, &["course", "attendance", "import", "S114-01", path, how]);
    std::fs::write(&sheet, "職號,簽到,簽退\nA1,114-03-05 09:00,gestern\nA2,heute,\n").unwrap();
    let (code, _, err) = import("--apply");
    assert!(code == 2 && err.contains("row 2: `gestern`") && err.contains("row 3: `heute`"), "{err}");
    std::fs::write(&sheet, "職號,簽到,簽退\nA1,114-03-05 09:00,114-03-05 12:00\nA9,114-03-05 09:00,\n")
        .unwrap();
    let (code, _, err) = import("--apply");
    assert!(code == 2 && err.contains("stays[1].person"), "{err}");
    let rows = "職號,簽到,簽退\nA1,114-03-05 09:00,114-03-05 12:00\nA2,114-03-05 09:00,114-03-05 10:00\n";
    std::fs::write(&sheet, rows).unwrap();
    assert_eq!(import("--dry-run").1, "would enter 2\n");
    assert_eq!(import("--apply").1, "entered 2\n");
    std::fs::write(&sheet, "staff_no,score\nA1,88\nA2,90\n").unwrap();
    let (code, out, err) = run(server, file, &["course", "results", "import", "S114-01", path]);
    assert_eq!((code, out.as_str()), (0, "entered 2\n"), "{err}");
    let (_, out, _) = run(server, file, &["course", "attendance", "show", "S114-01"]);
    assert!(out.contains("present") && out.contains("early") && out.contains("3:00"), "{out}");
    let (code, out, err) = run(server, file, &["course", "certificates", "C114-01", "--issue"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("valid") && out.contains("許藍圖") && !out.contains("蔡紅磚"), "{out}");
    let (_, out, _) = run(server, file, &["course", "show", "S114-01"]);
    assert!(out.contains("qualifies") && out.contains("hours"), "{out}");
    assert_eq!(run(server, file, &["course", "show", "S114-99"]).0, 1, "there is none");
}

fn story(dir: &Path, server: &str, file: &Path) {
    // Others can read it: it is not sent.
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = run(server, file, &["whoami"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("chmod 600"), "{err}");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, out, err) = run(server, file, &["whoami"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("林教官 (instructor)") && out.contains("exercises:run"), "{out}");

    let roster = dir.join("roster.csv");
    std::fs::write(&roster, "姓名,職號,機關,性別\n許藍圖,A1,數位處,女\n蔡紅磚,A2,數位處,\n").unwrap();
    let roster = roster.to_str().unwrap();
    let (code, out, err) = run(server, file, &["roster", "import", roster, "--dry-run"]);
    assert_eq!((code, out.as_str()), (0, "would be added 2, changed 0, unchanged 0\n"), "{err}");
    let (code, out, _) = run(server, file, &["roster", "import", roster, "--apply", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["added"]), (0, &serde_json::json!(2)));
    let broken = dir.join("broken.csv");
    std::fs::write(&broken, "姓名,職號,機關,性別\n,A3,數位處,貓\n").unwrap();
    let (code, out, err) = run(server, file, &["roster", "import", broken.to_str().unwrap(), "--apply"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.lines().count() >= 2 && err.contains("2:"), "all faults at once: {err}");
    assert!(!err.contains('貓'), "what was wrong may be personal: {err}");
    a_class(dir, server, file);

    let new =
        ["exercise", "create", "--scenario", "qinglan-portal", "--starts", "2030-12-01T09:00", "--ends"];
    let create = |ends: &str, code: &str| {
        let mut words = new.to_vec();
        words.extend([ends, "--code", code]);
        run(server, file, &words)
    };
    let (code, out, err) = create("2030-12-01T12:00", "T115-01");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("status    draft"), "{out}");
    assert_eq!(create("2030-12-01T12:00", "T115-01").0, 2, "the code is taken");
    assert_eq!(create("2030-12-01T08:00", "T115-02").0, 2, "it ends before it starts");
    assert_eq!(create("gestern", "T115-02").0, 2);
    let (code, out, _) = run(server, file, &["exercise", "list"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("CODE ") && out.contains("T115-01  draft"), "{out}");
    let (code, out, _) = run(server, file, &["exercise", "list", "--status", "running", "--json"]);
    assert_eq!((code, out.as_str()), (0, "[]\n"));
    let (code, _, err) = run(server, file, &["exercise", "launch", "T115-01"]);
    assert_eq!(code, 1, "{err}");
    let (code, out, err) = run(server, file, &["seats", "give", "T115-01", "A2", "r1"]);
    assert_eq!((code, out.as_str()), (0, "A2 蔡紅磚 -> r1\n"), "{err}");
    assert_eq!(run(server, file, &["seats", "give", "T115-01", "A2", "r9"]).0, 2);
    let (code, out, _) = run(server, file, &["seats", "slips", "T115-01"]);
    assert_eq!(code, 0);
    assert!(out.contains("蔡紅磚") && out.lines().nth(1).unwrap().as_bytes()[4] == b'-', "{out}");
    let (_, out, _) = run(server, file, &["seats", "list", "T115-01"]);
    assert!(out.contains("slip made"), "{out}");
    assert_eq!(run(server, file, &["exercise", "start", "T115-01"]).0, 1, "nothing stands");
    assert_eq!(run(server, file, &["exercise", "clear", "T115-01", "--confirm", "T115-99"]).0, 2);
    assert_eq!(run(server, file, &["exercise", "show", "T115-77"]).0, 1, "there is none");
    let (code, out, err) = run(server, file, &["board", "T115-01", "--staff"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("RANK") && out.contains("blue"), "{out}");

    // Nobody there, somebody else there, and a token in the clear.
    let (code, _, err) = run("http://127.0.0.1:1", file, &["whoami"]);
    assert_eq!(code, 3, "{err}");
    let (code, _, err) = run("http://rampart.example.tw", file, &["whoami"]);
    assert_eq!(code, 2, "{err}");
    std::fs::write(file, "rmp_nothing").unwrap();
    assert_eq!(run(server, file, &["whoami"]).0, 2);
    std::fs::write(file, rampart_domain::token::TokenText::new(&[9; 20]).reveal()).unwrap();
    let (code, out, err) = run(server, file, &["whoami"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_takes_tables_and_the_package_and_their_seals_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        data_dir: dir.path().join("data"),
        scenarios_dir: root.join("scenarios"),
        images_dir: root.join("images"),
        ..Config::default()
    };
    let engine = Arc::new(FakeEngine::new(["debian:bookworm-slim"]));
    let running = serve_with(config, engine, Arc::new(SystemClock)).await.unwrap();
    let app = running.app.clone();
    app.create_account("officer", "呂差勤", Role::Officer, None).await.unwrap();
    let id = app.store.accounts().by_login("officer").await.unwrap().unwrap().account.id;
    app.store.accounts().set_password(&id, "x", false, app.now_ms()).await.unwrap();
    let scopes = [Scope::RecordsRead];
    let (_, token) = app.make_token(&TokenOwner::Account(id), &scopes, "終端機", &scopes, 1).await.unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, token.reveal()).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = format!("http://{}", running.addr);
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let export = |table: &str, edition: &str, format: &str| {
        let out = path(&format!("{table}-{edition}.{format}"));
        let words = [
            "records",
            "export",
            table,
            "--year",
            "115",
            "--edition",
            edition,
            "--format",
            format,
            "-o",
            &out,
        ];
        (run(&server, &file, &words), out)
    };
    for (format, begins) in
        [("pdf", &b"%PDF-1.7"[..]), ("ods", b"PK"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")]
    {
        let ((code, _, err), out) = export("x1", "public", format);
        assert_eq!(code, 0, "{format}: {err}");
        assert!(std::fs::read(&out).unwrap().starts_with(begins), "{format}");
        let mode = std::fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read {out}");
    }
    assert_eq!(app.store.audit().list(Some("personal.export"), None, 99).await.unwrap().len(), 4);
    let ((code, _, err), out) = export("hours", "public", "csv");
    assert_eq!(code, 2, "a list by name has no public edition: {err}");
    assert!(!Path::new(&out).exists());
    assert_eq!(export("x9", "internal", "csv").0.0, 1, "there is no such table");

    let pdf = path("x1-public.pdf");
    let (code, out, err) = run(&server, &file, &["records", "verify", &pdf, "--json"]);
    assert_eq!(code, 0, "{err}");
    let seal: serde_json::Value = serde_json::from_str(&out).unwrap();
    let key = seal["key"].as_str().unwrap();
    assert_eq!(run(&server, &file, &["records", "verify", &pdf, "--key", key]).0, 0);
    assert_eq!(run(&server, &file, &["records", "verify", &pdf, "--key", &"0".repeat(64)]).0, 1);
    let mut bytes = std::fs::read(&pdf).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&pdf, bytes).unwrap();
    let (code, _, err) = run(&server, &file, &["records", "verify", &pdf]);
    assert_eq!(code, 1, "one byte was changed");
    assert!(err.contains("changed after it was sealed"), "{err}");

    let zip = path("all.zip");
    let (code, _, err) = run(&server, &file, &["records", "package", "--year", "115", "-o", &zip]);
    assert_eq!(code, 0, "{err}");
    let bytes = std::fs::read(&zip).unwrap();
    let holds = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    for name in ["內部版/", "公開版/", "索引.csv", "索引.csv.seal", "統計資料背景說明_115年.pdf"]
    {
        assert!(holds(name), "{name} is not in it");
    }
    let lines = app.store.audit().list(Some("personal.export"), None, 99).await.unwrap();
    assert!(lines.iter().any(|line| line.detail == "package 115"), "{lines:?}");
}
