//! What the programme officer automates: targets, duty rules, findings, results of questionnaires, from a terminal.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rampart::{Config, serve_with};
use rampart_app::App;
use rampart_app::clock::SystemClock;
use rampart_app::courses::SurveyQuestion;
use rampart_domain::records::course::Aspect;
use rampart_engine::fake::FakeEngine;
use rampart_store::{CourseAbout, Role, TokenOwner};

use crate::remote::run;

/// A course with a questionnaire of which five sheets came back.
async fn feedback(app: &App) {
    app.create_account("teacher", "林教官", Role::Instructor, None).await.unwrap();
    let by = app.store.accounts().by_login("teacher").await.unwrap().unwrap().account.id;
    let about = CourseAbout {
        code: "C115-01".into(),
        title: "藍隊通報應變".into(),
        aspect: Aspect::Management,
        speciality: String::new(),
        category: "523".into(),
        minutes: 180,
        digital_minutes: 0,
        tested: false,
        pass_mark: 70,
        work_related: true,
        measures: Vec::new(),
        county: "30".into(),
    };
    let course = app.save_course(None, &about, &by).await.unwrap();
    let asked = |scale, zh: &str| SurveyQuestion { scale, zh: zh.into(), en: String::new() };
    let questions = [asked(true, "難易適中"), asked(false, "其他意見")];
    let survey = app.make_survey(&course, "課後問卷", &questions, &by).await.unwrap();
    let known = app.store.surveys().questions(&survey).await.unwrap();
    for (at, token) in app.hand_survey_out(&course, &survey, 6, &by).await.unwrap().iter().enumerate().take(5)
    {
        let typed = |id: &str| if id == known[0].id { (at % 2 + 4).to_string() } else { "=1+1".to_owned() };
        app.answer_survey(token, None, typed).await.unwrap();
    }
}

fn story(dir: &Path, server: &str, file: &Path) {
    let rampart = |words: &[&str]| run(server, file, words);
    let done = |words: &[&str]| {
        let (code, out, err) = rampart(words);
        assert_eq!(code, 0, "{words:?}: {err}");
        out
    };
    // Targets: the programme's own, one more with two halves, claimed, changed, taken away.
    let own = done(&["records", "targets", "list", "--year", "115"]);
    assert!(own.contains("3-1") && own.contains("112-") && own.contains("persons 50"), "{own}");
    let county = [
        "records",
        "targets",
        "set",
        "--item",
        "3-1",
        "--title",
        "培訓人次",
        "--county",
        "新竹市",
        "--from",
        "115",
        "--measure",
        "person_times",
        "--or-measure",
        "websites",
        "--or-value",
        "30",
    ];
    let (code, _, err) = rampart(&[&county[..], &["--value", "0"]].concat());
    assert!(code == 2 && err.contains("value: "), "{code} {err}");
    let made = done(&[&county[..], &["--value", "30", "--json"]].concat());
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let id = made["id"].as_str().unwrap();
    let more = done(&[&county[..], &["--value", "40", "--id", id]].concat());
    assert!(more.contains("person_times 40 or websites 30") && more.contains("first"), "{more}");
    let claimed = done(&["records", "targets", "claim", id, "--year", "115", "--second", "--by-hand", "31"]);
    assert!(claimed.contains("second by hand 31"), "{claimed}");
    assert_eq!(done(&["records", "targets", "list"]).lines().count(), 7);
    done(&["records", "targets", "remove", id]);
    assert_eq!(rampart(&["records", "targets", "remove", id]).0, 1, "taken away once");

    assert_eq!(done(&["records", "office", "list"]).lines().count(), 1, "none was set");
    let set = done(&["records", "office", "set", "山海縣政府資安科", "--foot", "演訓"]);
    assert!(set.contains("山海縣政府資安科") && set.contains("演訓"), "{set}");
    assert_eq!(rampart(&["records", "office", "set", " "]).0, 2);

    let rule =
        ["records", "duty", "set", "--class", "it", "--from", "116", "--professional", "6", "--years", "2"];
    let (code, _, err) = rampart(&[&rule[..], &["--levels", "A,F"]].concat());
    assert!(code == 2 && err.contains("levels: "), "{err}");
    let made = done(&[&rule[..], &["--levels", "C,A", "--general", "3"]].concat());
    assert!(made.contains("AC") && made.contains("116") && made.contains("6 in 2"), "{made}");
    assert_eq!(done(&["records", "duty", "list"]).lines().count(), 5);

    // Findings from a file: all faults at once, then what would be done, then done, then nothing more.
    let csv = dir.join("findings.csv");
    let path = csv.to_str().unwrap();
    let import = |how: &str| rampart(&["records", "findings", "import", path, "--year", "115", how]);
    let head = "編號,系統,弱點,CVSS,初測日,修補說明,修補日,複測日,結果\n";
    let write = |rows: &str| std::fs::write(&csv, format!("{head}{rows}")).unwrap();
    write("R-01,全球資訊網,SQL 注入,98,115-05-12,,,,未修補\nR-01,,弱密碼,7.5,gestern,,,,done\n");
    let (code, _, err) = import("--apply");
    assert_eq!(code, 2);
    for part in ["row 2: `98`", "row 3: `gestern` is no day for first", "row 3: `done`", "row 3: no system"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    let rows = "R-01,全球資訊網,SQL 注入,9.8,115-05-12,參數化查詢,115-05-15,115-05-20,已修補\nR-02,嵐文,弱密碼,7.5,115-05-12,,,,open\n";
    write(rows);
    assert_eq!(import("--dry-run").1, "would add 2, changed 0, left 0\n");
    assert_eq!(done(&["records", "findings", "list", "--year", "115"]).lines().count(), 1);
    assert_eq!(import("--apply").1, "added 2, changed 0, left 0\n");
    assert_eq!(import("--apply").1, "added 0, changed 0, left 2\n");
    write(&rows.replace("115-05-15", "115-05-20"));
    assert_eq!(import("--apply").1, "added 0, changed 1, left 1\n");
    let list = done(&["records", "findings", "list", "--year", "115"]);
    let late = list.lines().find(|line| line.starts_with("R-01")).unwrap();
    assert!(late.contains("9.8") && late.contains("115-05-20") && late.contains("repaired  no"), "{list}");
    // What the server refuses is said with the number, and what went before it stands.
    write(
        "R-03,嵐勤,初始密碼,6.0,115-06-01,,,,open\nR-04,嵐勤,提權,6.0,115-06-01,,115-05-01,,open\nR-05,嵐勤,x,6.0,115-06-01,,,,open\n",
    );
    let (code, _, err) = import("--apply");
    assert!(code == 2 && err.contains("stopped at R-04: 1 added") && err.contains("repaired_ms: "), "{err}");
    done(&["records", "findings", "remove", "R-03", "--year", "115"]);
    assert_eq!(rampart(&["records", "findings", "remove", "R-03", "--year", "115"]).0, 1);

    // Results of a questionnaire, as read and as a file.
    let list = done(&["course", "survey", "list", "C115-01"]);
    assert!(list.contains("83.33%") && list.contains("課後問卷") && list.contains("open"), "{list}");
    let shown = done(&["course", "survey", "results", "C115-01"]);
    assert!(shown.contains("4.40") && shown.contains("難易適中"), "{shown}");
    let out = dir.join("feedback.csv");
    done(&["course", "survey", "results", "C115-01", "-o", out.to_str().unwrap()]);
    let bytes = std::fs::read(&out).unwrap();
    let rows = rampart_app::records::export::csv_rows(&bytes).unwrap();
    assert_eq!(rows.len(), 8, "{rows:?}");
    assert_eq!(rows[1], ["課後問卷", "6", "5", "83.33", "難易適中", "5", "4.40", ""]);
    assert_eq!(rows[3][7], "=1+1");
    assert!(!String::from_utf8(bytes).unwrap().contains(",=1+1"), "a spreadsheet would count");
    let (code, _, err) = rampart(&["course", "survey", "close", "C115-01", "0198c4"]);
    assert_eq!(code, 1, "the officer closes none: {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_sets_a_year_from_a_terminal() {
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
    app.create_account("officer", "林演練", Role::Officer, None).await.unwrap();
    let id = app.store.accounts().by_login("officer").await.unwrap().unwrap().account.id;
    app.store.accounts().set_password(&id, "x", false, app.now_ms()).await.unwrap();
    feedback(&app).await;
    let scopes = rampart_app::tokens::scopes_of_role(Role::Officer);
    let owner = TokenOwner::Account(id.clone());
    let (_, token) = app.make_token(&owner, scopes, "終端機", scopes, 1).await.unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, format!("{}\n", token.reveal())).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = format!("http://{}", running.addr);
    let told = tokio::task::spawn_blocking(move || {
        story(dir.path(), &server, &file);
        dir
    });
    let told = told.await;
    let lines = app.store.audit().list(Some("finding.save"), None, 99).await.unwrap();
    running.stop().await;
    told.unwrap();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| line.account_id.as_deref() == Some(id.as_str())));
}
