//! The API of courses, from the first wish to the certificate, and what it refuses.

use axum::http::StatusCode;
use rampart_domain::records::roc::parse_date_time;
use rampart_domain::token::Scope;
use serde_json::{Value, json};

use crate::api::Program;
use crate::house::House;

const ROSTER: &[u8] = "姓名,職號,機關,性別\n許藍圖,B001,數位處,女\n謝測試,B002,數位處,男\n李模擬,B003,地政處,男\n李模擬,D003,地政處,男\n"
    .as_bytes();

fn at(text: &str) -> i64 {
    parse_date_time(text).unwrap()
}

async fn done(program: &Program<'_>, method: &str, path: &str, body: &Value) -> Value {
    let answer = program.send(method, path, body).await;
    assert!(answer.status.is_success(), "{method} {path}: {}", answer.text());
    if answer.status == StatusCode::NO_CONTENT { Value::Null } else { answer.json() }
}

/// Codes by field of a refusal.
async fn refused(program: &Program<'_>, method: &str, path: &str, body: &Value) -> Vec<(String, String)> {
    let answer = program.send(method, path, body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    errors.iter().map(|one| (text(&one["field"]), text(&one["code"]))).collect()
}

#[tokio::test]
async fn a_course_is_made_held_and_certified_by_program() {
    let house = House::new().await;
    house.app.import_roster(ROSTER, None).await.unwrap().unwrap();
    let teacher = house.program('i', Scope::ALL).await;
    let wish = json!({ "code": "C114-09", "title": "藍隊通報應變", "aspect": "management", "category": "523",
        "minutes": 360, "measures": ["shuttle"], "county": "30" });
    let made = done(&teacher, "POST", "/api/v1/courses", &wish).await;
    assert_eq!(
        (&made["pass_mark"], &made["tested"], &made["away"]),
        (&json!(70), &json!(true), &json!(false))
    );
    assert_eq!(
        refused(&teacher, "POST", "/api/v1/courses", &wish).await,
        [("code".into(), "code_used".into())]
    );
    let other = json!({ "code": "C114-10", "title": "x", "aspect": "none", "category": "523", "minutes": 60, "county": "30" });
    assert_eq!(
        refused(&teacher, "POST", "/api/v1/courses", &other).await,
        [("aspect".into(), "choice".into())]
    );
    let course = format!("/api/v1/courses/{}", made["id"].as_str().unwrap());
    let session = json!({ "code": "S114-09", "place": "嵐北訓練教室", "halves": [
        { "start_ms": at("114-03-05 09:00"), "end_ms": at("114-03-05 12:00") },
        { "start_ms": at("114-03-05 13:30"), "end_ms": at("114-03-05 16:30") } ] });
    let session = done(&teacher, "POST", &format!("{course}/sessions"), &session).await;
    assert_eq!((&session["class_no"], &session["late_minutes"]), (&json!(1), &json!(10)));
    let place = format!("{course}/sessions/{}", session["id"].as_str().unwrap());

    let enter = json!({ "act": "enter", "role": "trainee", "people": ["B001", "B002", "B003", "D003"] });
    assert_eq!(done(&teacher, "POST", &format!("{place}/people"), &enter).await["count"], 4);
    // Two rows are found to be one man: either number says who he is.
    let of = async |number: &str| house.app.store.persons().by_number(number).await.unwrap().unwrap().id;
    let (one, two) = (of("B003").await, of("D003").await);
    house.app.merge_persons(&two, &one, "同一人", &house.accounts["officer"]).await.unwrap();
    let stay = |person: &str, from: &str, to: &str| json!({ "person": person, "in_ms": at(&format!("114-03-05 {from}")), "out_ms": at(&format!("114-03-05 {to}")) });
    let attendance = format!("{place}/attendance");
    let mut act = json!({ "act": "enter", "source": "sheet", "reason": "紙本簽到表", "dry_run": true, "stays": [
        stay("B001", "09:00", "16:30"), stay("B009", "09:00", "16:30"), stay("B002", "09:30", "16:30"), stay("", "09:00", "10:00") ] });
    let unknown =
        ["stays[1].person", "stays[3].person"].map(|field| (field.to_owned(), "person_unknown".to_owned()));
    assert_eq!(refused(&teacher, "POST", &attendance, &act).await, unknown);
    act["stays"] = json!([stay("B001", "12:00", "09:00")]);
    assert_eq!(
        refused(&teacher, "POST", &attendance, &act).await,
        [("stays[0]".into(), "mark_order".into())]
    );
    act["stays"] = json!([
        stay("B001", "09:00", "16:30"),
        stay("B002", "09:30", "16:30"),
        stay("D003", "09:00", "16:30")
    ]);
    assert_eq!(done(&teacher, "POST", &attendance, &act).await["count"], 3);
    let sheet = done(&teacher, "GET", &place, &Value::Null).await;
    assert!(
        sheet["people"].as_array().unwrap().iter().all(|row| row["marks"] == json!([])),
        "it was only tried"
    );
    act["dry_run"] = json!(false);
    assert_eq!(done(&teacher, "POST", &attendance, &act).await["count"], 3);

    let results = format!("{place}/results");
    let score = |person: &str, score: u16| json!({ "person": person, "test": "post", "score": score });
    let wish = json!({ "results": [score("B001", 88), score("B002", 90), score("B003", 69)] });
    assert_eq!(done(&teacher, "POST", &results, &wish).await["count"], 3);
    assert_eq!(done(&teacher, "POST", &results, &wish).await["count"], 0, "the same again");
    let better = json!({ "results": [score("B003", 70)] });
    let why = [("reason".to_owned(), "reason_required".to_owned())];
    assert_eq!(refused(&teacher, "POST", &results, &better).await, why);
    let better = json!({ "results": [score("B003", 70)], "reason": "複查加分" });
    assert_eq!(done(&teacher, "POST", &results, &better).await["count"], 1);

    let sheet = done(&teacher, "GET", &place, &Value::Null).await;
    let row = |number: &str| {
        let people = sheet["people"].as_array().unwrap();
        people
            .iter()
            .find(|row| row["person"]["staff_no"] == number)
            .unwrap_or_else(|| panic!("{sheet}"))
            .clone()
    };
    assert_eq!(
        (&row("B001")["seconds"], &row("B001")["halves"]),
        (&json!(21_600), &json!(["present", "present"]))
    );
    assert_eq!(
        (&row("B002")["seconds"], &row("B002")["halves"]),
        (&json!(10_800), &json!(["late", "present"]))
    );
    assert_eq!((&row("B003")["post"], &row("B003")["seconds"]), (&json!(70), &json!(21_600)));
    let detail = done(&teacher, "GET", &course, &Value::Null).await;
    let faults: Vec<&Value> =
        detail["standing"].as_array().unwrap().iter().map(|row| &row["faults"]).collect();
    assert_eq!(faults, [&json!([]), &json!([]), &json!(["hours"])], "{detail}");
    let certificates = format!("{course}/certificates");
    assert_eq!(done(&teacher, "POST", &certificates, &Value::Null).await["count"], 2);
    let listed = done(&teacher, "GET", &certificates, &Value::Null).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let first = listed["items"][0]["id"].as_str().unwrap();
    let why = json!({ "reason": "冒名" });
    done(&teacher, "POST", &format!("{certificates}/{first}/revoke"), &why).await;
    let again = teacher.send("POST", &format!("{certificates}/{first}/revoke"), &why).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "revoked once");

    // The officer reads and does nothing; gender is in none of it.
    let officer = house.program('o', Scope::ALL).await;
    let read = done(&officer, "GET", &place, &Value::Null).await;
    assert_eq!(read, done(&teacher, "GET", &place, &Value::Null).await);
    assert!(!read.to_string().contains("gender") && !read.to_string().contains('女'), "{read}");
    assert_eq!(officer.send("POST", &attendance, &act).await.status, StatusCode::FORBIDDEN);
    let cancel = json!({ "act": "cancel", "reason": "颱風" });
    done(&teacher, "POST", &format!("{place}/people"), &cancel).await;
    let list = done(&officer, "GET", "/api/v1/courses?code=S114-09", &Value::Null).await;
    assert_eq!(list["items"][0]["sessions"][0]["cancelled"], "颱風");
    let away = json!({ "code": "C114-09", "title": "藍隊通報應變", "aspect": "management", "category": "523",
        "minutes": 360, "county": "30", "away": true });
    assert_eq!(done(&teacher, "PUT", &course, &away).await["away"], true);
    assert_eq!(done(&teacher, "GET", "/api/v1/courses", &Value::Null).await["items"], json!([]));
}
