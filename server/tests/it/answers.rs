//! What people state about themselves: who gives it and who reads it. That nobody else does is told in [`crate::gender`].

use axum::http::StatusCode;
use rampart_domain::records::{Age, Answers, Disability, Gender, HomeArea, Indigenous};
use rampart_store::Officer;

use crate::house::House;

const GIVEN: [(&str, &str); 7] = [
    ("act", "answers"),
    ("gender", "F"),
    ("age", "50"),
    ("area", "remote"),
    ("indigenous", "N"),
    ("disability", "yes"),
    ("consent", "yes"),
];

async fn answers(house: &House) -> Option<Answers> {
    let officer = Officer { account_id: house.accounts["officer"].clone() };
    house.app.answers_of(&officer, &house.person).await.unwrap().map(|row| row.answers)
}

#[tokio::test]
async fn a_trainee_gives_and_withdraws_and_is_shown_nothing_of_it() {
    let house = House::new().await;
    let trainee = house.seat("b1").await;
    let without: Vec<(&str, &str)> = GIVEN.into_iter().filter(|(name, _)| *name != "consent").collect();
    let refused = trainee.post("/seat/me", &without).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("要勾選同意"), "{}", refused.text());
    assert_eq!(answers(&house).await.unwrap().age, None, "what the roster brought stands alone");
    let odd: Vec<(&str, &str)> =
        GIVEN.into_iter().map(|(name, value)| (name, if name == "age" { "49" } else { value })).collect();
    assert_eq!(trainee.post("/seat/me", &odd).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(trainee.post("/seat/me", &GIVEN).await.status, StatusCode::SEE_OTHER);
    let all = Answers {
        gender: Some(Gender::Female),
        age: Some(Age::Fifties),
        area: Some(HomeArea::Remote),
        indigenous: Some(Indigenous::Undisclosed),
        disability: Some(Disability::Yes),
    };
    assert_eq!(answers(&house).await, Some(all));
    let page = trainee.get("/seat/me").await.text();
    assert!(page.contains("填寫並同意") && page.contains("許藍圖") && page.contains("S115-01"), "{page}");
    assert!(!page.contains(" selected"), "nothing that was stated is shown: {page}");
    assert!(page.matches("不願透露").count() >= 5, "it is offered with each");
    let officer = house.staff("officer").await;
    let page = officer.get(&format!("/people/{}/answers", house.person)).await.text();
    assert!(page.contains("<option value=\"F\" selected>") && page.contains("本人填寫"), "{page}");
    assert_eq!(trainee.post("/seat/me", &[("act", "withdraw")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(answers(&house).await, None);
}

#[tokio::test]
async fn requests_are_decided_by_the_officer_and_done() {
    let house = House::new().await;
    let trainee = house.seat("b1").await;
    let officer = house.staff("officer").await;
    let empty = trainee.post("/seat/me", &[("act", "ask"), ("kind", "correct"), ("wish", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (kind, wish) in [("correct", "職稱是科長"), ("all", "")] {
        let asked = trainee.post("/seat/me", &[("act", "ask"), ("kind", kind), ("wish", wish)]).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{kind}");
    }
    let page = officer.get("/people/requests").await.text();
    assert!(page.contains("職稱是科長") && page.contains("刪除個人資料"), "{page}");
    let me = trainee.get("/seat/me").await.text();
    assert!(me.contains("處理中") && !me.contains("職稱是科長"), "{me}");
    let id = |kind: &str| {
        let at = page.find(kind).unwrap();
        let rest = &page[at..];
        let from = rest.find("name=\"request\" value=\"").unwrap() + 22;
        rest[from..].split('"').next().unwrap().to_owned()
    };
    let (correct, all) = (id("<td>更正名冊資料</td>"), id("<td>刪除個人資料</td>"));
    let refused =
        officer.post("/people/requests", &[("act", "refuse"), ("request", &correct), ("reply", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "a refusal needs a reason");
    let told = [("act", "refuse"), ("request", correct.as_str()), ("reply", "人事資料為科員")];
    assert_eq!(officer.post("/people/requests", &told).await.status, StatusCode::SEE_OTHER);
    assert!(trainee.get("/seat/me").await.text().contains("人事資料為科員"));
    let grant = [("act", "grant"), ("request", all.as_str()), ("reply", "")];
    assert_eq!(officer.post("/people/requests", &grant).await.status, StatusCode::SEE_OTHER);
    assert_eq!(officer.post("/people/requests", &grant).await.status, StatusCode::NOT_FOUND, "decided once");
    let page = officer.get("/people?show=removed").await.text();
    assert!(page.contains("○○○") && !page.contains("許藍圖"), "{page}");
    assert!(answers(&house).await.is_none());
    let lines = house.app.store.audit().list(Some("request.decide"), None, 9).await.unwrap();
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_purge_is_tried_first_and_the_periods_are_settings() {
    let mut house = House::new().await;
    let exercise = house.exercise.clone();
    // Another life of the server: the recording that the former one left open is sealed.
    house.reopen(&exercise, Vec::new()).await;
    let officer = house.staff("officer").await;
    assert_eq!(
        officer
            .post(
                "/people/retention",
                &[
                    ("act", "set"),
                    ("answers_days", "x"),
                    ("attendance_years", "5"),
                    ("recordings_days", "365")
                ]
            )
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(house.app.retention().await.unwrap().recordings_days, 365, "a year unless something is set");
    let set = |recordings_days| {
        let set = [("act", "set"), ("answers_days", "0"), ("attendance_years", "1")];
        set.into_iter().chain([("recordings_days", recordings_days)]).collect::<Vec<_>>()
    };
    for odd in ["0", "4000", ""] {
        let refused = officer.post("/people/retention", &set(odd)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
        assert!(refused.text().contains("不超過系統上限"), "{}", refused.text());
    }
    let set = set("30");
    assert_eq!(officer.post("/people/retention", &set).await.status, StatusCode::SEE_OTHER);
    assert!(
        officer
            .get("/people/retention")
            .await
            .text()
            .contains("name=\"answers_days\" type=\"number\" value=\"0\"")
    );
    // As if it had been entered two years ago.
    house.sql("UPDATE personal SET changed_ms = changed_ms - 63072000000").await;
    house.sql("UPDATE recordings SET ended_ms = ended_ms - 63072000000").await;
    let kept = house.app.recording(&exercise, &house.recording).await.unwrap();
    let teacher = house.staff("teacher").await;
    let terminals = format!("/exercises/{exercise}/terminals");
    assert!(teacher.get(&terminals).await.text().contains("保存 30 天"));
    let tried = officer.post("/people/retention", &[("act", "try")]).await;
    assert_eq!(tried.status, StatusCode::OK);
    assert!(tried.text().contains("這是試算") && tried.text().contains("<dd>2</dd>"), "{}", tried.text());
    assert!(tried.text().contains("<dt>錄影（段）</dt><dd>1</dd>"), "{}", tried.text());
    assert!(answers(&house).await.is_some() && kept.path.exists(), "a trial removes nothing");
    assert_eq!(officer.post("/people/retention", &[("act", "purge")]).await.status, StatusCode::SEE_OTHER);
    assert!(answers(&house).await.is_none());
    assert!(!kept.path.exists());
    let row = house.app.store.recordings().by_id(&house.recording).await.unwrap().unwrap();
    assert!(
        row.removed_ms.is_some() && row.sha256 == kept.recording.sha256,
        "whose it was, and its seal, stay"
    );
    let lines = house.app.store.audit().list(Some("recording.expire"), None, 9).await.unwrap();
    assert_eq!(lines[0].account_id.as_deref(), Some(house.accounts["officer"].as_str()));
    let again = officer.post("/people/retention", &[("act", "try")]).await.text();
    assert!(!again.contains("value=\"purge\""), "nothing is left to purge: {again}");
}

#[tokio::test]
async fn a_roster_is_told_whom_it_does_not_speak_for() {
    let house = House::new().await;
    let trainee = house.seat("b1").await;
    let teacher = house.staff("teacher").await;
    assert_eq!(trainee.post("/seat/me", &GIVEN).await.status, StatusCode::SEE_OTHER);
    assert_eq!(trainee.post("/seat/me", &[("act", "withdraw")]).await.status, StatusCode::SEE_OTHER);
    let bring = async || {
        let mark = "----x1y2z3";
        let part = |name: &str, value: &str| {
            format!("--{mark}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let token = teacher.token.lock().unwrap().clone();
        let body = format!(
            "{}--{mark}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"r.csv\"\r\n\r\n\
             姓名,職號,機關,性別\n許藍圖,A1,數位發展處,女\n蔡紅磚,A2,木棉雲端,男\n\r\n--{mark}--\r\n",
            part("csrf", &token)
        );
        let file = teacher
            .request(axum::http::Method::POST, "/people/import")
            .header(axum::http::header::CONTENT_TYPE, format!("multipart/form-data; boundary={mark}"))
            .body(axum::body::Body::from(body))
            .unwrap();
        let page = teacher.send(file).await.text();
        let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
        let token = rest.split('"').next().unwrap().to_owned();
        assert_eq!(teacher.post("/people/import", &[("token", &token)]).await.status, StatusCode::SEE_OTHER);
        teacher.get("/people").await.text()
    };
    let told = bring().await;
    assert!(told.contains("名冊中 1 人的性別未採用") && !told.contains("許藍圖的性別"), "{told}");
    assert_eq!(answers(&house).await, None, "nothing came back");
    // Their own word counts again, and lifts it.
    assert_eq!(trainee.post("/seat/me", &GIVEN).await.status, StatusCode::SEE_OTHER);
    assert!(!bring().await.contains("未採用"));
    assert_eq!(answers(&house).await.unwrap().gender, Some(Gender::Female));
}
