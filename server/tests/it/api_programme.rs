//! The API of what the programme officer decides about a year, and of the year itself.

use axum::http::StatusCode;
use rampart_domain::records::RocYear;
use rampart_domain::records::roc::parse_date_time;
use rampart_domain::token::Scope;
use serde_json::{Value, json};

use crate::api::Program;
use crate::hours::Class;
use crate::house::House;

pub async fn done(program: &Program<'_>, method: &str, path: &str, body: &Value) -> Value {
    let answer = program.send(method, path, body).await;
    assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text());
    if answer.status == StatusCode::NO_CONTENT { Value::Null } else { answer.json() }
}

/// Field and code of the one thing that is wrong.
pub async fn wrong(program: &Program<'_>, method: &str, path: &str, body: &Value) -> (String, String) {
    let answer = program.send(method, path, body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path}: {}", answer.text());
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let [one] = errors.as_slice() else { panic!("{errors:?}") };
    assert!(!one["text"].as_str().unwrap().is_empty());
    (one["field"].as_str().unwrap().to_owned(), one["code"].as_str().unwrap().to_owned())
}

fn said(field: &str, code: &str) -> (String, String) {
    (field.to_owned(), code.to_owned())
}

/// Details of the audit lines of a kind, oldest first.
pub async fn audited(house: &House, what: &str) -> Vec<String> {
    let mut lines = house.app.store.audit().list(Some(what), None, 500).await.unwrap();
    lines.reverse();
    lines.into_iter().map(|line| line.detail).collect()
}

#[tokio::test]
async fn targets_are_read_dated_claimed_and_taken_away() {
    let house = House::new().await;
    let officer = house.program('o', Scope::ALL).await;
    let list = done(&officer, "GET", "/api/v1/targets?year=115", &Value::Null).await;
    let own = list["items"].as_array().unwrap().clone();
    assert_eq!(own.len(), 5, "the programme's own as long as none was set");
    assert_eq!((&own[1]["item"], &own[1]["value"], &own[1]["or"]), (&json!("3-1"), &json!(50), &Value::Null));
    let asked: Vec<_> =
        own.iter().map(|one| (one["measure"].as_str().unwrap(), one["value"].as_i64())).collect();
    assert_eq!(
        (asked[0], asked[3], asked[4]),
        (("grave_closed", Some(75)), ("female_share", Some(30)), ("either_part", Some(3)))
    );

    let wish = json!({ "item": "3-1", "title": "培訓人次", "county": "新竹市", "from": 115, "until": 116,
        "measure": "person_times", "value": 30, "or": { "measure": "websites", "value": 30 }, "evidence": "X2" });
    let made = done(&officer, "POST", "/api/v1/targets", &wish).await;
    let place = format!("/api/v1/targets/{}", made["id"].as_str().unwrap());
    assert_eq!((&made["or"]["measure"], &made["until"]), (&json!("websites"), &json!(116)));
    assert_eq!(made["claim"], json!({ "second": false, "by_hand": null }));
    let all = done(&officer, "GET", "/api/v1/targets", &Value::Null).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 6, "the programme's own were written down");

    let changed = |field: &str, value: Value| {
        let mut wish = wish.clone();
        wish[field] = value;
        wish
    };
    for (wish, what) in [
        (changed("measure", json!("heads")), said("measure", "choice")),
        (changed("or", json!({ "measure": "none", "value": 1 })), said("or.measure", "choice")),
        (changed("value", json!(0)), said("value", "record_positive")),
        (changed("or", json!({ "measure": "female_share", "value": 101 })), said("or_value", "record_range")),
        (changed("until", json!(114)), said("until", "record_before")),
        (changed("from", json!(0)), said("from", "record_range")),
        (changed("title", json!(" ")), said("title", "record_empty")),
    ] {
        assert_eq!(wrong(&officer, "PUT", &place, &wish).await, what);
    }
    let more = done(&officer, "PUT", &place, &changed("value", json!(40))).await;
    assert_eq!((&more["id"], &more["value"]), (&made["id"], &json!(40)));

    let claim = json!({ "second": true, "by_hand": 31 });
    let claimed = done(&officer, "PUT", &format!("{place}/claims/115"), &claim).await;
    assert_eq!(claimed["claim"], claim);
    let of = async |year: &str| {
        let all = done(&officer, "GET", &format!("/api/v1/targets?year={year}"), &Value::Null).await;
        all["items"].as_array().unwrap().iter().find(|one| one["id"] == made["id"]).unwrap().clone()
    };
    assert_eq!(of("115").await["claim"], claim);
    assert_eq!(of("116").await["claim"]["second"], false, "claimed for one year");
    let below = json!({ "by_hand": -1 });
    let what = wrong(&officer, "PUT", &format!("{place}/claims/115"), &below).await;
    assert_eq!(what, said("by_hand", "record_positive"));
    // Both halves stand in the overview, and the claimed one is reached by what was counted by hand.
    let year = done(&officer, "GET", "/api/v1/records/115", &Value::Null).await;
    let halves: Vec<&Value> =
        year["targets"].as_array().unwrap().iter().filter(|one| one["target"] == made["id"]).collect();
    assert_eq!(halves.len(), 2, "{year}");
    assert_eq!(
        (&halves[1]["measure"], &halves[1]["actual"], &halves[1]["reached"], &halves[1]["claimed"]),
        (&json!("websites"), &json!("31"), &json!(true), &json!(true))
    );
    assert_eq!((&halves[0]["claimed"], &halves[0]["value"]), (&json!(false), &json!(40)));

    done(&officer, "DELETE", &place, &Value::Null).await;
    for (method, path, body) in [
        ("DELETE", place.clone(), Value::Null),
        ("PUT", place.clone(), wish),
        ("PUT", format!("{place}/claims/115"), claim),
        ("GET", "/api/v1/targets?year=0".into(), Value::Null),
    ] {
        let answer = officer.send(method, &path, &body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {}", answer.text());
    }
    let lines = audited(&house, "target.save").await;
    assert!(lines.len() == 2 && lines[1].contains("value=40"), "{lines:?}");
    assert_eq!(audited(&house, "target.claim").await.len(), 1);
    assert_eq!(audited(&house, "target.remove").await.len(), 1);
}

#[tokio::test]
async fn duty_rules_settings_and_texts_are_set_as_on_the_page() {
    let house = House::new().await;
    let officer = house.program('o', Scope::ALL).await;
    let rules = done(&officer, "GET", "/api/v1/duty-rules", &Value::Null).await;
    assert_eq!(rules["items"].as_array().unwrap().len(), 3);
    let wish = json!({ "class": "it", "levels": ["C", "A", "A"], "from": 116, "professional": 6, "years": 2, "general": 3 });
    let made = done(&officer, "POST", "/api/v1/duty-rules", &wish).await;
    assert_eq!(made["levels"], json!(["A", "C"]));
    let place = format!("/api/v1/duty-rules/{}", made["id"].as_str().unwrap());
    let changed = |field: &str, value: Value| {
        let mut wish = wish.clone();
        wish[field] = value;
        wish
    };
    for (wish, what) in [
        (changed("levels", json!(["F"])), said("levels", "choice")),
        (changed("levels", json!([])), said("levels", "record_empty")),
        (changed("class", json!("chief")), said("class", "choice")),
        (changed("years", json!(3)), said("years", "record_range")),
        (changed("professional", json!(501)), said("professional", "record_range")),
    ] {
        assert_eq!(wrong(&officer, "PUT", &place, &wish).await, what);
    }
    done(&officer, "PUT", &place, &changed("general", json!(4))).await;
    let rules = done(&officer, "GET", "/api/v1/duty-rules", &Value::Null).await;
    let known =
        rules["items"].as_array().unwrap().iter().find(|one| one["id"] == made["id"]).unwrap().clone();
    assert_eq!((&known["general"], &known["from"]), (&json!(4), &json!(116)));
    assert_eq!(rules["items"].as_array().unwrap().len(), 4);
    let nobody = officer.send("PUT", "/api/v1/duty-rules/0198c4", &wish).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);

    let settings = done(&officer, "GET", "/api/v1/records/settings", &Value::Null).await;
    assert_eq!((&settings["hidden_under"], &settings["issuers"]), (&json!(3), &json!([])));
    let masking = "/api/v1/records/settings/masking";
    let what = wrong(&officer, "PUT", masking, &json!({ "hidden_under": 1 })).await;
    assert_eq!(what, said("hidden_under", "record_range"));
    assert_eq!(done(&officer, "PUT", masking, &json!({ "hidden_under": 5 })).await["hidden_under"], 5);
    let issuer = "/api/v1/records/settings/issuer";
    assert_eq!(
        wrong(&officer, "PUT", issuer, &json!({ "agency": "" })).await,
        said("agency", "record_empty")
    );
    let office = "/api/v1/records/settings/office";
    let what = wrong(&officer, "PUT", office, &json!({ "office": " " })).await;
    assert_eq!(what, said("office", "record_empty"));
    let set = done(&officer, "PUT", office, &json!({ "office": "山海縣政府資安科", "foot": "演訓" })).await;
    assert_eq!(
        (&set["offices"][0]["office"], &set["offices"][0]["foot"]),
        (&json!("山海縣政府資安科"), &json!("演訓"))
    );
    let x1 = done(&officer, "GET", "/api/v1/records/115/tables/x1/rows?edition=internal", &Value::Null).await;
    assert!(x1.to_string().contains("山海縣政府資安科"), "{x1}");
    let set = done(&officer, "PUT", issuer, &json!({ "agency": "青嵐縣政府", "signer": "縣長" })).await;
    assert_eq!(set["issuers"][0]["signer"], "縣長");

    let texts = "/api/v1/records/115/texts";
    assert_eq!(
        wrong(&officer, "PUT", texts, &json!({ "key": "x2:all", "words": "x" })).await,
        said("key", "record_key")
    );
    done(
        &officer,
        "PUT",
        texts,
        &json!({ "key": "x3:trainer", "words": "師資以男性為多，次年優先聘請女性講師。" }),
    )
    .await;
    let list = done(&officer, "GET", texts, &Value::Null).await;
    assert_eq!(
        (&list["items"][0]["key"], &list["items"][0]["table"], &list["items"][0]["title"]),
        (&json!("x3:trainer"), &json!("x3"), &json!("trainer"))
    );
    done(&officer, "PUT", texts, &json!({ "key": "x3:trainer", "words": "" })).await;
    assert_eq!(done(&officer, "GET", texts, &Value::Null).await["items"], json!([]));
    assert_eq!(audited(&house, "personal.read").await, ["X1 115 internal", "texts 115", "texts 115"]);
    for what in ["duty.save", "records.hidden_under", "records.office", "certificate.issuer", "record.text"] {
        assert!(!audited(&house, what).await.is_empty(), "{what} left no line");
    }
}

#[tokio::test]
async fn findings_are_the_instructors_and_the_officers() {
    let house = House::new().await;
    let day = |text: &str| parse_date_time(&format!("{text} 00:00")).unwrap();
    let noon = 12 * 3_600_000;
    let wish = json!({ "roc_year": 115, "number": "R-01", "system": "全球資訊網", "weakness": "SQL 注入", "cvss": "9.8",
        "first_ms": day("115-05-12") + noon, "repair": "改用參數化查詢", "repaired_ms": day("115-05-15") + noon,
        "retest_ms": day("115-05-20"), "result": "repaired" });
    let teacher = house.program('i', Scope::ALL).await;
    let made = done(&teacher, "POST", "/api/v1/findings", &wish).await;
    assert_eq!(
        (&made["risk"], &made["within_a_week"], &made["first_ms"]),
        (&json!("高"), &json!(true), &json!(day("115-05-12")))
    );
    let place = format!("/api/v1/findings/{}", made["id"].as_str().unwrap());
    let officer = house.program('o', Scope::ALL).await;
    let listed = done(&officer, "GET", "/api/v1/findings?year=115", &Value::Null).await;
    assert_eq!(listed["items"], json!([made]));
    assert_eq!(done(&officer, "GET", "/api/v1/findings?year=114", &Value::Null).await["items"], json!([]));
    let changed = |field: &str, value: Value| {
        let mut wish = wish.clone();
        wish[field] = value;
        wish
    };
    for (wish, what) in [
        (changed("cvss", json!("10.1")), said("cvss", "record_range")),
        (changed("cvss", json!("9,8")), said("cvss", "record_number")),
        (changed("result", json!("done")), said("result", "choice")),
        (changed("repaired_ms", json!(day("115-05-11"))), said("repaired_ms", "record_before")),
        (changed("weakness", json!("")), said("weakness", "record_empty")),
    ] {
        assert_eq!(wrong(&officer, "PUT", &place, &wish).await, what);
    }
    assert_eq!(wrong(&teacher, "POST", "/api/v1/findings", &wish).await, said("number", "record_taken"));
    let late = done(&officer, "PUT", &place, &changed("repaired_ms", json!(day("115-05-20")))).await;
    assert_eq!(late["within_a_week"], false);
    let gone = officer.send("PUT", "/api/v1/findings/0198c4", &wish).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    done(&teacher, "DELETE", &place, &Value::Null).await;
    assert_eq!(teacher.send("DELETE", &place, &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(audited(&house, "finding.save").await.len(), 2);
    assert_eq!(audited(&house, "finding.remove").await.len(), 1);
}

#[tokio::test]
async fn a_year_is_read_as_data_and_each_look_leaves_its_line() {
    let class = Class::new().await;
    let house = &class.house;
    let officer = house.program('o', Scope::ALL).await;
    let year = RocYear::of_ms(class.start_ms());
    let at = format!("/api/v1/records/{year}");
    let read = async |path: &str| done(&officer, "GET", &format!("{at}{path}"), &Value::Null).await;
    let known = read("").await;
    assert_eq!(known["roc_year"], year.0);
    let of_class = known["titles"].as_array().unwrap().iter().find(|one| one["of"] == "藍隊通報應變");
    let figures = &of_class.unwrap_or_else(|| panic!("{known}"))["figures"];
    assert_eq!(
        (&figures["persons"]["total"], &figures["persons"]["female"], &figures["expected"]),
        (&json!(4), &json!(1), &json!(5))
    );
    assert_eq!((&figures["tested"], &figures["passed"]), (&json!(4), &json!(2)));
    let due = known["portal"].as_array().unwrap().iter().find(|one| one["code"] == "S115-H").unwrap();
    assert_eq!(due["course"], class.course);
    assert!(known["reminders"].as_array().unwrap().iter().any(|one| one["kind"] == "no_duty"), "{known}");

    let behind =
        read("/people?by=title&of=%E8%97%8D%E9%9A%8A%E9%80%9A%E5%A0%B1%E6%87%89%E8%AE%8A&limit=3").await;
    assert_eq!((behind["items"].as_array().unwrap().len(), &behind["next"]), (3, &json!("3")));
    let rest =
        read("/people?by=title&of=%E8%97%8D%E9%9A%8A%E9%80%9A%E5%A0%B1%E6%87%89%E8%AE%8A&limit=3&cursor=3")
            .await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert!(!behind.to_string().contains('女') && !behind.to_string().contains("gender"));
    // Behind each other figure the rows that it counts.
    for (path, rows) in [
        ("/people?by=all", 4),
        ("/people?by=women", 1),
        ("/people?by=times", 4),
        ("/people?by=passed", 2),
        ("/people?by=cumulative", 4),
        ("/people?by=all&held=%E6%9F%90%E7%B8%A3", 0),
        ("/sessions", 2),
        ("/sessions?by=cases", 1),
    ] {
        let found = read(path).await;
        assert_eq!(found["items"].as_array().unwrap().len(), rows, "{path}: {found}");
    }
    for path in ["/people?by=sessions", "/sessions?by=all"] {
        let nothing = officer.get(&format!("{at}{path}")).await;
        assert_eq!(nothing.json()["errors"][0]["field"], "by", "{path}");
    }
    let nothing = officer.get(&format!("{at}/people?by=gender")).await;
    assert_eq!(nothing.json()["errors"][0]["field"], "by");

    let table = read("/tables/x2/rows?edition=internal").await;
    let rows = table["rows"].as_array().unwrap();
    let columns = table["columns"].as_array().unwrap().len();
    assert!(rows.iter().all(|row| row.as_array().unwrap().len() == columns));
    assert!(rows.iter().any(|row| row[0] == "S115-H"), "{table}");
    let public = read("/tables/x1/rows?edition=public").await;
    assert!(public["rows"].to_string().contains('※'), "four people, one woman: {public}");
    let none = officer.get(&format!("{at}/tables/hours/rows?edition=public")).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "a list by name has no public edition");
    assert_eq!(
        officer.get(&format!("{at}/tables/x9/rows?edition=public")).await.status,
        StatusCode::NOT_FOUND
    );

    let cross = read("/cross?rows=agency&columns=gender&figure=persons&edition=internal").await;
    assert!(cross["rows"].to_string().contains("圖書館"), "{cross}");
    let same =
        officer.get(&format!("{at}/cross?rows=agency&columns=agency&figure=persons&edition=internal")).await;
    assert_eq!(same.json()["errors"][0]["code"], "cross_same");
    let file = officer.get(&format!("{at}/cross/csv?rows=agency&figure=persons&edition=internal")).await;
    assert_eq!((file.status, &file.bytes[..3]), (StatusCode::OK, &b"\xef\xbb\xbf"[..]));

    let exercises = read("/exercises").await;
    assert!(!exercises.to_string().contains("female"));
    let looks = audited(house, "personal.read").await;
    assert_eq!(
        looks,
        [
            format!("overview {year}"),
            format!("rows {year} title"),
            format!("rows {year} title"),
            format!("rows {year} all"),
            format!("rows {year} women"),
            format!("rows {year} times"),
            format!("rows {year} passed"),
            format!("rows {year} cumulative"),
            format!("rows {year} all"),
            format!("rows {year} sessions"),
            format!("rows {year} cases"),
            format!("X2 {year} internal"),
            format!("X1 {year} public"),
            format!("cross agency gender persons {year} internal"),
        ]
    );
    assert_eq!(audited(house, "personal.export").await.len(), 1);
    let log = done(&officer, "GET", "/api/v1/records/looks", &Value::Null).await;
    let log = log["items"].as_array().unwrap();
    assert_eq!(log.len(), looks.len() + 1);
    assert_eq!(log.iter().filter(|line| line["exported"] == true).count(), 1);
    assert!(log.iter().all(|line| line["account"] == house.accounts["officer"]), "{log:?}");

    // The role decides, whatever a token was made for.
    for who in ['a', 'i', 'r'] {
        let other = house.program(who, Scope::ALL).await;
        for path in ["", "/people", "/tables/x1/rows?edition=public", "/cross", "/texts", "/exercises"] {
            let answer = other.get(&format!("{at}{path}")).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{who} {path}");
        }
    }
    assert_eq!(audited(house, "personal.read").await.len(), looks.len(), "who was turned away read nothing");
}
