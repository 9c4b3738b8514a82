//! The API of what belongs to courses besides their sheets: questionnaires, materials, papers, hours for the learning portal.

use axum::http::{StatusCode, header};
use rampart_domain::records::course::MarkSource;
use rampart_domain::token::Scope;
use rampart_store::NewClassSession;
use serde_json::{Value, json};

use crate::api_programme::{audited, done, wrong};
use crate::hours::{Class, files};

fn said(field: &str, code: &str) -> (String, String) {
    (field.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_questionnaire_is_made_handed_out_answered_and_masked() {
    let class = Class::new().await;
    let house = &class.house;
    let teacher = house.program('i', Scope::ALL).await;
    let officer = house.program('o', Scope::ALL).await;
    let at = format!("/api/v1/courses/{}/surveys", class.course);
    let wish = json!({ "title": "課後問卷", "questions": [
        { "zh": "難易適中", "en": "Right level" }, { "scale": false, "zh": "其他意見" } ] });
    assert_eq!(
        wrong(&teacher, "POST", &at, &json!({ "title": "", "questions": [{ "zh": "難易" }] })).await,
        said("title", "required")
    );
    let none = json!({ "title": "x", "questions": [] });
    assert_eq!(wrong(&teacher, "POST", &at, &none).await, said("questions", "required"));
    let made = done(&teacher, "POST", &at, &wish).await;
    assert_eq!((&made["rate"], &made["questions"][1]["en"]), (&Value::Null, &json!("其他意見")));
    let place = format!("{at}/{}", made["id"].as_str().unwrap());

    let many = json!({ "number": 501 });
    assert_eq!(wrong(&teacher, "POST", &format!("{place}/tokens"), &many).await.0, "number");
    let slips = done(&teacher, "POST", &format!("{place}/tokens"), &json!({ "number": 4 })).await;
    let slips = slips["items"].as_array().unwrap().clone();
    let token = slips[0]["token"].as_str().unwrap();
    assert_eq!(slips[0]["address"], format!("http://range.test/survey/{token}"));
    let question = |at: usize| made["questions"][at]["id"].as_str().unwrap().to_owned();
    for (slip, score) in slips.iter().zip(["4", "4", "5", "3"]) {
        let typed =
            |id: &str| if id == question(0) { score.to_owned() } else { "多一些實作".to_owned() };
        house.app.answer_survey(slip["token"].as_str().unwrap(), None, typed).await.unwrap();
    }
    // Four sheets are too few to be shown, on the page and here.
    let few = done(&officer, "GET", &place, &Value::Null).await;
    assert_eq!((&few["returned"], &few["rate"]), (&json!(4), &json!("100.00")));
    assert_eq!((&few["questions"][0]["answers"], &few["questions"][0]["mean"]), (&json!(4), &Value::Null));
    assert!(!few.to_string().contains("多一些實作"), "{few}");

    // A fifth one on paper, entered by the officer.
    let papers = format!("{place}/papers");
    let sheet = json!({ "gender": "F", "answers": { (question(0)): "5" } });
    assert_eq!(wrong(&officer, "POST", &papers, &sheet).await, said("papers", "papers_more"));
    done(&officer, "PUT", &papers, &json!({ "papers": 1 })).await;
    let odd = json!({ "gender": "X", "answers": { (question(0)): "5" } });
    assert_eq!(wrong(&officer, "POST", &papers, &odd).await, said("gender", "choice"));
    let odd = json!({ "answers": { (question(0)): "6" } });
    assert_eq!(wrong(&officer, "POST", &papers, &odd).await, said("answers", "choice"));
    let odd = json!({ "answers": { "0198c4": "5" } });
    assert_eq!(wrong(&officer, "POST", &papers, &odd).await, said("answers", "choice"));
    let five = done(&officer, "POST", &papers, &sheet).await;
    assert_eq!(five["questions"][0]["mean"], "4.20", "{five}");
    assert_eq!(five["questions"][1]["words"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&five["papers"], &five["papers_back"], &five["handed_out"]),
        (&json!(1), &json!(1), &json!(5))
    );
    assert!(!five.to_string().contains("gender"), "nothing of a sheet is shown again: {five}");
    let listed = done(&teacher, "GET", &at, &Value::Null).await;
    assert_eq!(listed["items"], json!([five]), "the instructor reads what the page shows");

    // Closed: nothing goes out or comes in, and a second closing finds nothing.
    assert!(done(&teacher, "POST", &format!("{place}/close"), &Value::Null).await["closed_ms"].is_i64());
    let again = teacher.send("POST", &format!("{place}/close"), &Value::Null).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_eq!(wrong(&officer, "POST", &papers, &sheet).await, said("papers", "survey_is_closed"));
    // Each may what the page lets them.
    for (program, method, path) in [
        (&officer, "POST", at.clone()),
        (&officer, "POST", format!("{place}/tokens")),
        (&officer, "POST", format!("{place}/close")),
        (&teacher, "POST", papers.clone()),
        (&teacher, "PUT", papers.clone()),
    ] {
        let answer = program.send(method, &path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    for (what, count) in [
        ("survey.make", 1),
        ("survey.hand_out", 1),
        ("survey.papers", 1),
        ("survey.paper", 1),
        ("survey.close", 1),
    ] {
        assert_eq!(audited(house, what).await.len(), count, "{what}");
    }
}

#[tokio::test]
async fn materials_defaults_and_papers_of_a_course() {
    let class = Class::new().await;
    let house = &class.house;
    let teacher = house.program('i', Scope::ALL).await;
    let officer = house.program('o', Scope::ALL).await;
    let course = format!("/api/v1/courses/{}", class.course);
    let at = format!("{course}/materials");
    assert_eq!(wrong(&teacher, "POST", &at, &json!({ "link": "ftp://x" })).await, said("link", "link_form"));
    let link = done(&teacher, "POST", &at, &json!({ "link": "https://qlu.example/a" })).await;
    assert_eq!(
        (&link["name"], &link["link"]),
        (&json!("https://qlu.example/a"), &json!("https://qlu.example/a"))
    );
    let file = teacher
        .bytes(
            "POST",
            &format!("{at}/files?name=%E8%AC%9B%E7%BE%A9.pdf"),
            "application/octet-stream",
            b"%PDF-x".to_vec(),
        )
        .await;
    assert_eq!(file.status, StatusCode::CREATED, "{}", file.text());
    let file = file.json();
    assert_eq!((&file["name"], &file["size"], &file["link"]), (&json!("講義.pdf"), &json!(6), &Value::Null));
    let listed = done(&officer, "GET", &at, &Value::Null).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let taken = officer.get(&format!("{at}/{}", file["id"].as_str().unwrap())).await;
    assert_eq!((taken.status, &taken.bytes[..]), (StatusCode::OK, &b"%PDF-x"[..]));
    assert!(taken.header(header::CONTENT_DISPOSITION.as_str()).starts_with("attachment"));
    let path = format!("{at}/{}", link["id"].as_str().unwrap());
    done(&teacher, "DELETE", &path, &Value::Null).await;
    assert_eq!(teacher.send("DELETE", &path, &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(officer.send("DELETE", &path, &Value::Null).await.status, StatusCode::FORBIDDEN);
    assert_eq!(audited(house, "course.material").await.len(), 2);

    let defaults = "/api/v1/courses/defaults";
    let known = done(&officer, "GET", defaults, &Value::Null).await;
    assert_eq!(known, json!({ "pass_mark": 70, "late_minutes": 10 }));
    let odd = json!({ "pass_mark": 101, "late_minutes": 10 });
    assert_eq!(wrong(&teacher, "PUT", defaults, &odd).await, said("pass_mark", "score_range"));
    let new = json!({ "pass_mark": 60, "late_minutes": 30 });
    assert_eq!(done(&teacher, "PUT", defaults, &new).await, new);

    house.app.issue_certificates(&class.course, &house.accounts["teacher"]).await.unwrap();
    let all = done(&officer, "GET", &format!("{course}/certificates"), &Value::Null).await;
    let one = all["items"][0]["id"].as_str().unwrap();
    let paper = officer.get(&format!("{course}/certificates/{one}")).await;
    assert_eq!((paper.status, paper.header("content-type")), (StatusCode::OK, "application/pdf"));
    assert!(paper.bytes.starts_with(b"%PDF-"));
    assert_eq!(officer.get("/api/v1/courses/0198c4/certificates/0198c4").await.status, StatusCode::NOT_FOUND);
    let session = format!("/api/v1{}", class.at());
    let sheet = teacher.get(&format!("{session}/paper")).await;
    assert!(sheet.bytes.starts_with(b"%PDF-"), "{}", sheet.text());
    let slips = done(&teacher, "POST", &format!("{session}/slips"), &Value::Null).await;
    let slips = slips["items"].as_array().unwrap();
    assert_eq!(slips.len(), 5);
    assert!(
        slips.iter().all(|one| one["sign_code"].as_str().is_some_and(|code| code.len() >= 8)),
        "{slips:?}"
    );
}

/// A second session of the course, two days after the first one and over too: the first person comes for an hour, and the fifth.
async fn second_session(class: &Class) {
    let (app, by) = (&class.house.app, class.house.accounts["teacher"].clone());
    let start = class.start_ms() - 2 * 86_400_000;
    let new = NewClassSession {
        id: String::new(),
        course_id: class.course.clone(),
        code: "S115-G".into(),
        class_no: 2,
        place: "資訊中心".into(),
        halves: vec![(start, start + 3_600_000)],
        late_minutes: 10,
        exercise_id: None,
    };
    let id = app.save_class_session(&new, &by).await.unwrap();
    let standing = rampart_domain::records::course::Standing::Trainee;
    app.enter_people(&class.course, &id, standing, "H1\nH5", &by).await.unwrap();
    let people = app.class_sheet(&class.course, &id).await.unwrap().rows;
    let stays: Vec<_> =
        people.into_iter().map(|row| (row.person.id, start, Some(start + 3_600_000))).collect();
    app.mark_class(&class.course, &id, MarkSource::Sheet, &stays, "紙本", &by).await.unwrap();
}

fn wish(numbers: &str) -> Value {
    json!({ "profile": "current", "category": "522", "county": "26", "batch": "3", "digital_minutes": 60, "numbers": numbers })
}

#[tokio::test]
async fn hours_go_to_the_portal_by_session_and_by_course() {
    let class = Class::new().await;
    second_session(&class).await;
    let officer = class.house.program('o', Scope::ALL).await;
    let session = format!("/api/v1{}/hours", class.at());
    let course = format!("/api/v1/courses/{}/hours", class.course);
    let of = async |path: &str| {
        let rows = done(&officer, "GET", path, &Value::Null).await;
        let one = |row: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            (text(&row["person"]["staff_no"]), row["seconds"].as_i64().unwrap(), text(&row["left"]))
        };
        let mut rows: Vec<_> = rows["items"].as_array().unwrap().iter().map(one).collect();
        rows.sort();
        rows
    };
    let row = |number: &str, hours: i64, left: &str| (number.to_owned(), hours * 3600, left.to_owned());
    let one = [
        row("H1", 5, "-"),
        row("H2", 2, "-"),
        row("H3", 5, "no_official"),
        row("H4", 5, "identity_unknown"),
        row("H5", 0, "absent"),
    ];
    assert_eq!(of(&session).await, one);
    // Both sessions: hours add up, and who missed the one came to the other.
    let both = [
        row("H1", 6, "-"),
        row("H2", 2, "-"),
        row("H3", 5, "no_official"),
        row("H4", 5, "identity_unknown"),
        row("H5", 1, "-"),
    ];
    assert_eq!(of(&course).await, both);

    let made = officer.send("POST", &course, &wish("H1,A123456788\nH2,B123456789\nH5,C123456789\n")).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let made = files(&made.bytes, "cp950");
    assert_eq!(made[0].0, "演練資料，勿上傳_研習時數登錄_H115.csv");
    let rows = &made[0].1;
    let cell = |row: usize, heading: &str| {
        let at = rows[0].iter().position(|one| one.trim_start_matches('*') == heading).unwrap();
        rows[row][at].clone()
    };
    let stands =
        |row| ["姓名", "訓練總數", "學習性質", "數位時數", "實體時數"].map(|heading| cell(row, heading));
    assert_eq!(rows.len(), 4, "one row a person: {rows:?}");
    assert_eq!(stands(1), ["葉門禁", "6", "3", "1", "5"]);
    assert_eq!(stands(3), ["李模擬", "1", "3", "1", "0"]);
    // From the first session's first to the last one's last.
    let day = |ms: i64| rampart_domain::records::RocDate::of_ms(ms).to_string();
    assert_eq!(cell(1, "開課起始日期"), day(class.start_ms() - 2 * 86_400_000));
    assert_eq!(cell(1, "開課結束日期"), day(class.start_ms() + 6 * 3_600_000));
    assert_eq!(cell(3, "實際上課結束日期"), day(class.start_ms() - 2 * 86_400_000));
    assert_eq!(audited(&class.house, "personal.export").await, [format!("portal H115 {}", class.course)]);

    // What stands in the way comes back at once, by staff number and without an ID number.
    let faults = officer.send("POST", &session, &wish("H1,A123456789\n")).await;
    assert_eq!(faults.status, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = faults.json()["errors"].clone();
    let codes: Vec<_> = errors.as_array().unwrap().iter().map(|one| (&one["field"], &one["code"])).collect();
    assert_eq!(
        codes,
        [
            (&json!("numbers.H1"), &json!("portal_number_living")),
            (&json!("numbers.H2"), &json!("portal_no_number"))
        ]
    );
    assert!(!faults.text().contains("123456789"), "{}", faults.text());
    for (field, value, what) in [
        ("profile", json!("v3"), said("profile", "choice")),
        ("county", json!("99"), said("county", "choice")),
        ("batch", json!(""), said("batch", "portal_batch")),
        ("numbers", json!("H1 A123456788 X"), said("numbers", "portal_lines")),
    ] {
        let mut wish = wish("H1,A123456788\nH2,B123456789\n");
        wish[field] = value;
        assert_eq!(wrong(&officer, "POST", &session, &wish).await, what);
    }
    let exercise = format!("/api/v1/exercises/{}/records/hours", class.house.exercise);
    let what = wrong(&officer, "POST", &exercise, &wish("H1,A123456788\n")).await;
    assert_eq!(what, said("digital_minutes", "choice"), "of an exercise all or nothing is online");

    // The people are said to be real: then the check digit has to fit, and the name of the file says nothing.
    let numbers = "/api/v1/records/settings/numbers";
    assert_eq!(
        wrong(&officer, "PUT", numbers, &json!({ "portal_numbers": "some" })).await,
        said("portal_numbers", "choice")
    );
    done(&officer, "PUT", numbers, &json!({ "portal_numbers": "real" })).await;
    let refused = officer.send("POST", &session, &wish("H1,A123456788\nH2,B123456789\n")).await;
    assert_eq!(refused.json()["errors"][0]["code"], "portal_number_check", "{}", refused.text());
    assert_eq!(audited(&class.house, "portal.numbers").await, ["drill -> real"]);

    let teacher = class.house.program('i', Scope::ALL).await;
    for (method, path) in [("GET", &session), ("POST", &session), ("GET", &course), ("POST", &course)] {
        let answer = teacher.send(method, path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_of_a_course_makes_one_file_of_all_its_sessions() {
    let class = Class::new().await;
    second_session(&class).await;
    let officer = class.house.staff("officer").await;
    let at = format!("/courses/{}", class.course);
    let links = crate::hours::links(&officer.get(&at).await);
    assert!(links.contains(&format!("{at}/hours\"")), "{links}");
    let page = officer.get(&format!("{at}/hours")).await.text();
    for part in ["S115-G", "S115-H", "全課程", "請勿再依課程登錄", "只接受檢查碼不符"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let fields = [
        ("profile", "v1"),
        ("category", "522"),
        ("county", "26"),
        ("batch", "1"),
        ("digital", "0"),
        ("numbers", "H1,A123456788\nH2,B123456789\nH5,C123456789\n"),
    ];
    let made = officer.post(&format!("{at}/hours"), &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let rows = &files(&made.bytes, "cp950")[0].1;
    assert_eq!((rows.len(), rows[0].len()), (4, 19));
    officer.get("/statistics/settings").await;
    let set = [("act", "numbers"), ("year", "115"), ("numbers", "real")];
    assert_eq!(officer.post("/statistics/settings", &set).await.status, StatusCode::SEE_OTHER);
    assert!(officer.get(&format!("{at}/hours")).await.text().contains("號碼須符合檢查碼"));
    let refused = officer.post(&format!("{at}/hours"), &fields).await;
    assert!(
        refused.text().contains("檢查碼不符") && !refused.text().contains("123456"),
        "{}",
        refused.text()
    );
    let odd = [("act", "numbers"), ("year", "115"), ("numbers", "some")];
    assert_eq!(officer.post("/statistics/settings", &odd).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let teacher = class.house.staff("teacher").await;
    assert_eq!(teacher.get(&format!("{at}/hours")).await.status, StatusCode::FORBIDDEN);
    // One session that goes on keeps the whole course back.
    let later = class.house.app.now_ms() + 3_600_000;
    class.house.sql(&format!("UPDATE class_sessions SET end_ms = {later} WHERE code = 'S115-H'")).await;
    assert!(officer.get(&format!("{at}/hours")).await.text().contains("尚未結束"));
}
