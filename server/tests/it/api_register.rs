//! The API of the register: people one by one, agencies, duplicates, and what people state of themselves.

use axum::http::StatusCode;
use rampart_domain::token::Scope;
use serde_json::{Value, json};

use crate::api::Program;
use crate::house::House;

async fn done(program: &Program<'_>, method: &str, path: &str, body: &Value) -> Value {
    let answer = program.send(method, path, body).await;
    assert!(answer.status.is_success(), "{method} {path}: {}", answer.text());
    if answer.status == StatusCode::NO_CONTENT { Value::Null } else { answer.json() }
}

async fn status(program: &Program<'_>, method: &str, path: &str, body: &Value) -> StatusCode {
    program.send(method, path, body).await.status
}

#[tokio::test]
async fn people_and_agencies_are_kept_by_program() {
    let house = House::new().await;
    let officer = house.program('o', Scope::ALL).await;
    let wish = json!({ "name": "許藍圖", "staff_no": "R1", "agency": "測試處", "identity": "civil", "duty": "dedicated",
        "emails": ["Xu@example.test"] });
    let made = done(&officer, "POST", "/api/v1/people", &wish).await;
    assert_eq!((&made["duty"], &made["emails"]), (&json!("dedicated"), &json!(["xu@example.test"])));
    let again = officer.send("POST", "/api/v1/people", &wish).await;
    assert_eq!(again.json()["errors"][0]["field"], "staff_no", "{}", again.text());
    let path = format!("/api/v1/people/{}", made["id"].as_str().unwrap());
    let wish =
        json!({ "name": "許藍圖", "staff_no": "R1", "agency": "測試處", "grade": "專員", "removed": true });
    let changed = done(&officer, "PUT", &path, &wish).await;
    assert_eq!((&changed["removed"], &changed["duty"]), (&json!(true), &Value::Null));
    let wish = json!({ "name": "許藍圖", "staff_no": "R1", "agency": "測試處", "identity": "guest" });
    assert_eq!(status(&officer, "PUT", &path, &wish).await, StatusCode::UNPROCESSABLE_ENTITY);
    let wish = json!({ "name": "許藍圖", "staff_no": "R1", "agency": "測試處" });
    assert_eq!(done(&officer, "PUT", &path, &wish).await["removed"], false);

    let wish = json!({ "name": "測試處", "code": "A1", "level": "B", "area": "seat", "county": "青嵐縣" });
    let agency = done(&officer, "POST", "/api/v1/agencies", &wish).await;
    assert_eq!((&agency["level"], &agency["people"]), (&json!("B"), &json!(1)));
    let at = format!("/api/v1/agencies/{}", agency["id"].as_str().unwrap());
    let renamed = done(&officer, "PUT", &at, &json!({ "name": "測試新處", "level": "B" })).await;
    assert_eq!(renamed["people"], 1, "people move along");
    assert_eq!(done(&officer, "GET", &path, &Value::Null).await["agency"], "測試新處");
    done(&officer, "DELETE", &at, &Value::Null).await;
    let listed = done(&officer, "GET", "/api/v1/agencies", &Value::Null).await;
    let items = listed["items"].as_array().unwrap();
    assert!(items.iter().any(|one| one["name"] == "測試新處" && one["id"] == ""), "{listed}");

    // A second row of the same, found, merged and parted.
    let twin = done(
        &officer,
        "POST",
        "/api/v1/people",
        &json!({ "name": "許藍圖", "staff_no": "r-01", "agency": "測試新處" }),
    )
    .await;
    let pairs = done(&officer, "GET", "/api/v1/people/duplicates", &Value::Null).await;
    let pair =
        pairs["items"].as_array().unwrap().iter().find(|pair| pair["other"]["id"] == twin["id"]).unwrap();
    assert_eq!((&pair["one"]["id"], &pair["likeness"]), (&made["id"], &json!("number")));
    let merge = json!({ "act": "merge", "person": twin["id"], "into": made["id"], "reason": "" });
    let refused = officer.send("POST", "/api/v1/people/duplicates", &merge).await;
    assert_eq!(refused.json()["errors"][0]["code"], "merge_reason");
    let merge = json!({ "act": "merge", "person": twin["id"], "into": made["id"], "reason": "同一人" });
    done(&officer, "POST", "/api/v1/people/duplicates", &merge).await;
    let twin_at = format!("/api/v1/people/{}", twin["id"].as_str().unwrap());
    assert_eq!(done(&officer, "GET", &twin_at, &Value::Null).await["merged_into"], made["id"]);
    let part = json!({ "act": "part", "person": twin["id"], "reason": "兩人" });
    done(&officer, "POST", "/api/v1/people/duplicates", &part).await;
    assert_eq!(done(&officer, "GET", &twin_at, &Value::Null).await["merged_into"], Value::Null);
    let apart = json!({ "act": "apart", "person": twin["id"], "other": made["id"] });
    done(&officer, "POST", "/api/v1/people/duplicates", &apart).await;
    let pairs = done(&officer, "GET", "/api/v1/people/duplicates", &Value::Null).await;
    assert!(!pairs.to_string().contains(twin["id"].as_str().unwrap()), "{pairs}");

    let file = officer.get("/api/v1/people/export?format=csv&q=R1").await;
    assert!(file.text().contains("許藍圖") && !file.text().contains("r-01"), "{}", file.text());
    let tried = officer
        .request(axum::http::Method::POST, "/api/v1/people/import?dry_run=true")
        .header("content-type", "text/csv")
        .body(axum::body::Body::from("姓名,職號,機關\n許藍圖,R1,測試新處\n新同仁,R9,測試新處\n"));
    let tried = house.visitor().send(tried.unwrap()).await.json();
    assert_eq!(tried["rows"][0]["effect"], "same", "{tried}");
    assert_eq!(tried["rows"][1], json!({ "row": 3, "effect": "added", "person": null, "proposed": false }));
}

#[tokio::test]
async fn what_people_state_is_given_by_them_and_read_by_the_officer_with_a_line() {
    let house = House::new().await;
    let (officer, seat) = (house.program('o', Scope::ALL).await, house.program('r', Scope::ALL).await);
    let own = done(&seat, "GET", "/api/v1/me/data", &Value::Null).await;
    let person = own["person"]["id"].as_str().unwrap().to_owned();
    let given = json!({ "answers": { "gender": "F", "age": "30" }, "consent": false });
    assert_eq!(status(&seat, "PUT", "/api/v1/me/answers", &given).await, StatusCode::UNPROCESSABLE_ENTITY);
    let given = json!({ "answers": { "gender": "F", "age": "30" }, "consent": true });
    done(&seat, "PUT", "/api/v1/me/answers", &given).await;
    let own = done(&seat, "GET", "/api/v1/me/data", &Value::Null).await;
    assert_eq!(own["stated"], true);
    assert!(own["consent_ms"].is_i64() && !own.to_string().contains("gender"), "{own}");

    let path = format!("/api/v1/people/{person}/answers");
    let lines =
        async |what: &'static str| house.app.store.audit().list(Some(what), None, 99).await.unwrap().len();
    let before = lines("personal.read").await;
    let read = done(&officer, "GET", &path, &Value::Null).await;
    assert_eq!((&read["gender"], &read["age"], &read["origin"]), (&json!("F"), &json!("30"), &json!("self")));
    assert_eq!(lines("personal.read").await, before + 1, "a look leaves its line");
    let teacher = house.program('i', Scope::ALL).await;
    for (method, body) in
        [("GET", Value::Null), ("PUT", json!({ "answers": {}, "signed_ms": 1 })), ("DELETE", Value::Null)]
    {
        assert_eq!(status(&teacher, method, &path, &body).await, StatusCode::FORBIDDEN, "{method}");
    }
    let shown = done(&teacher, "GET", &format!("/api/v1/people/{person}"), &Value::Null).await;
    assert!(!shown.to_string().contains("gender"), "{shown}");
    let form = json!({ "answers": { "gender": "X" }, "signed_ms": 1 });
    assert_eq!(status(&officer, "PUT", &path, &form).await, StatusCode::UNPROCESSABLE_ENTITY);
    done(&officer, "PUT", &path, &json!({ "answers": { "gender": "N" }, "signed_ms": 1 })).await;
    assert_eq!(done(&officer, "GET", &path, &Value::Null).await["origin"], "form");

    let ask = json!({ "kind": "answers", "text": "請刪除" });
    done(&seat, "POST", "/api/v1/me/requests", &ask).await;
    let listed = done(&officer, "GET", "/api/v1/people/requests", &Value::Null).await;
    let request = &listed["items"][0];
    assert_eq!((&request["person"]["id"], &request["granted"]), (&json!(person), &Value::Null));
    let decide = format!("/api/v1/people/requests/{}", request["id"].as_str().unwrap());
    done(&officer, "POST", &decide, &json!({ "granted": true })).await;
    assert_eq!(status(&officer, "POST", &decide, &json!({ "granted": true })).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&officer, "GET", &path, &Value::Null).await, StatusCode::NOT_FOUND, "it is erased");
    let own = done(&seat, "GET", "/api/v1/me/data", &Value::Null).await;
    assert_eq!((&own["stated"], &own["requests"][0]["granted"]), (&json!(false), &json!(true)));
    done(&seat, "DELETE", "/api/v1/me/answers", &Value::Null).await;
    // Nor does a roster bring it back, and whoever holds the file is told.
    let one = |name: &str| own["person"][name].as_str().unwrap();
    let roster = format!("姓名,職號,機關,性別\n{},{},{},男\n", one("name"), one("staff_no"), one("agency"));
    let import = officer
        .request(axum::http::Method::POST, "/api/v1/people/import")
        .header("content-type", "text/csv")
        .body(axum::body::Body::from(roster));
    let imported = house.visitor().send(import.unwrap()).await.json();
    assert_eq!((&imported["unchanged"], &imported["withheld"]), (&json!(1), &json!(1)), "{imported}");
    assert_eq!(status(&officer, "GET", &path, &Value::Null).await, StatusCode::NOT_FOUND);

    let keep = json!({ "answers_days": 30, "attendance_years": 7 });
    done(&officer, "PUT", "/api/v1/people/retention", &keep).await;
    let mut kept = keep.clone();
    kept["recordings_days"] = json!(365);
    assert_eq!(done(&officer, "GET", "/api/v1/people/retention", &Value::Null).await, kept);
    kept["recordings_days"] = json!(40);
    done(&officer, "PUT", "/api/v1/people/retention", &kept).await;
    done(&officer, "PUT", "/api/v1/people/retention", &keep).await;
    assert_eq!(
        done(&officer, "GET", "/api/v1/people/retention", &Value::Null).await,
        kept,
        "what is not said stays"
    );
    let long = json!({ "answers_days": 9_999, "attendance_years": 7 });
    assert_eq!(
        status(&officer, "PUT", "/api/v1/people/retention", &long).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let purge = "/api/v1/people/retention/purge";
    assert_eq!(done(&officer, "POST", purge, &json!({ "dry_run": true })).await["dry_run"], true);
    assert_eq!((lines("purge.try").await, lines("purge").await), (1, 0));
    assert_eq!(status(&teacher, "POST", purge, &json!({ "dry_run": true })).await, StatusCode::FORBIDDEN);
}
