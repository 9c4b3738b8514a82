//! What staff is told of exercises that do not go as they should.

use axum::http::StatusCode;
use rampart_app::NewExercise;
use scoreboard::{Body, Reason, Status};

use crate::house::House;

const WHY: [(&str, &str); 4] = [("range", "1"), ("host", "www"), ("seconds", "90"), ("said", "no answer")];

/// A second exercise, a draft.
async fn draft(house: &House) -> String {
    let now_ms = house.app.now_ms();
    let new = NewExercise {
        scenario: "qinglan-portal".into(),
        code: "S115-02".into(),
        pairs: 1,
        starts_ms: now_ms,
        ends_ms: now_ms + 3_600_000,
        ..NewExercise::default()
    };
    house.app.create_exercise(&new, &house.accounts["teacher"]).await.unwrap()
}

#[tokio::test]
async fn the_list_says_in_words_why_a_launch_failed() {
    let mut house = House::new().await;
    let id = draft(&house).await;
    let why = Reason::new("launch.host_not_ready", WHY.map(|(name, value)| (name, value.to_owned())));
    let note = Some("range 1: raw words".to_owned());
    let turn = |from, to, note, why| Body::Status { from, to, note, why };
    let failed = vec![
        turn(Status::Draft, Status::Provisioning, None, None),
        turn(Status::Provisioning, Status::Draft, note, Some(why)),
    ];
    house.reopen(&id, failed).await;
    let teacher = house.staff("teacher").await;
    let list = teacher.get("/exercises").await.text();
    assert!(!list.contains("raw words"), "the words of the engine are for the control room");
    assert!(list.contains("的 全球資訊網 在 90 秒內未就緒"), "{list}");
    let room = teacher.get(&format!("/exercises/{id}")).await.text();
    assert!(room.contains("全球資訊網") && room.contains("raw words"), "{room}");
}

#[tokio::test]
async fn an_exercise_that_stays_shut_is_told_with_its_reason() {
    let mut house = House::new().await;
    let other = draft(&house).await;
    for (login, path) in [("admin", "/system"), ("teacher", "/exercises")] {
        assert!(!house.staff(login).await.get(path).await.text().contains("與雜湊鏈不符"), "{path}");
    }
    house
        .sql(&format!(
            "UPDATE ledger SET text = replace(text, 'S115-01', 'S115-99') WHERE exercise_id = '{}'",
            house.exercise
        ))
        .await;
    house.reopen(&other, vec![]).await;
    let teacher = house.staff("teacher").await;
    for (visitor, path) in [(&house.staff("admin").await, "/system"), (&teacher, "/exercises")] {
        let text = visitor.get(path).await.text();
        assert!(text.contains("S115-01") && text.contains("演練紀錄第 1 筆與雜湊鏈不符"), "{path}: {text}");
    }
    assert_eq!(teacher.get(&format!("/exercises/{}", house.exercise)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(teacher.get(&format!("/exercises/{other}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_control_room_links_only_to_what_the_viewer_may_open() {
    let house = House::new().await;
    for (login, may) in [("admin", false), ("teacher", true)] {
        let visitor = house.staff(login).await;
        let room = visitor.get(&format!("/exercises/{}", house.exercise)).await.text();
        for part in ["seats", "slips", "attendance"] {
            let path = format!("/exercises/{}/{part}", house.exercise);
            assert_eq!(room.contains(&format!("href=\"{path}\"")), may, "{login} {part}");
            assert_eq!(visitor.get(&path).await.status == StatusCode::OK, may, "{login} {part}");
        }
    }
}

#[tokio::test]
async fn the_forms_of_staff_leave_their_own_account_in_the_audit() {
    let house = House::new().await;
    let admin = house.staff("admin").await;
    admin.get("/accounts").await;
    let fields = [("login", "new"), ("name", "新人"), ("role", "officer")];
    assert_eq!(admin.post("/accounts", &fields).await.status, StatusCode::OK);
    let id = house.app.store.accounts().by_login("new").await.unwrap().unwrap().account.id;
    for act in ["reset", "disable", "enable"] {
        let answer = admin.post(&format!("/accounts/{id}/{act}"), &[]).await;
        assert!(answer.status.is_success() || answer.status.is_redirection(), "{act}: {}", answer.text());
    }
    let teacher = house.staff("teacher").await;
    let slips = format!("/exercises/{}/slips", house.exercise);
    teacher.get(&slips).await;
    assert_eq!(teacher.post(&slips, &[]).await.status, StatusCode::OK);
    let made = [
        ("account.make", "admin"),
        ("account.reset", "admin"),
        ("account.disable", "admin"),
        ("account.enable", "admin"),
        ("seat.codes", "teacher"),
    ];
    for (what, login) in made {
        let line = house.app.store.audit().list(Some(what), None, 1).await.unwrap().remove(0);
        assert_eq!(line.account_id.as_deref(), Some(house.accounts[login].as_str()), "{what}");
    }
}

#[tokio::test]
async fn a_role_is_changed_on_the_page_and_the_last_administrator_keeps_his() {
    let house = House::new().await;
    let admin = house.staff("admin").await;
    let teacher = house.staff("teacher").await;
    let path = |login: &str| format!("/accounts/{}/role", house.accounts[login]);
    let page = admin.get("/accounts").await.text();
    assert!(page.contains(&path("teacher")) && !page.contains(&path("admin")), "{page}");
    let answer = admin.post(&path("admin"), &[("role", "officer")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("最後一個管理員"), "{}", answer.text());
    assert_eq!(admin.post(&path("teacher"), &[("role", "king")]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        admin.post("/accounts/nobody/role", &[("role", "officer")]).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(teacher.get("/exercises").await.status, StatusCode::OK);
    assert_eq!(admin.post(&path("teacher"), &[("role", "officer")]).await.location(), Some("/accounts"));
    assert!(admin.get("/accounts").await.text().contains("teacher 的角色已變更"));
    assert_eq!(teacher.get("/exercises").await.status, StatusCode::SEE_OTHER);
    let again = house.staff("teacher").await;
    assert_eq!(again.get("/statistics").await.status, StatusCode::OK);
    assert_eq!(again.get("/exercises").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_line_of_the_sheet_is_struck_out_on_the_page() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let path = format!("/exercises/{}/attendance", house.exercise);
    let people = house.app.store.persons().list("", 2, 0).await.unwrap();
    let (one, other) = (people[0].id.as_str(), people[1].id.as_str());
    teacher.post(&path, &[("act", "in"), ("person", one)]).await;
    let sign = house.app.store.signs().list(&house.exercise).await.unwrap()[0].id.clone();
    assert!(teacher.get(&path).await.text().contains(&sign));
    let strike = |person| [("act", "strike"), ("person", person), ("sign", sign.as_str())];
    let answer = teacher.post(&path, &strike(other)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "somebody else's line");
    assert_eq!(house.app.store.signs().list(&house.exercise).await.unwrap().len(), 1);
    assert_eq!(teacher.post(&path, &strike(one)).await.status, StatusCode::SEE_OTHER);
    assert!(!teacher.get(&path).await.text().contains(&sign));
    let kept = house.app.store.signs().by_id(&sign).await.unwrap().unwrap();
    assert!(kept.removed_ms.is_some());
}

#[tokio::test]
async fn the_form_offers_as_many_pairs_as_an_exercise_may_have() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let form = teacher.get("/exercises/new").await.text();
    let most = rampart_app::PAIRS_MAX.to_string();
    assert!(form.contains(&format!("max=\"{most}\"")), "{form}");
    let fields = [
        ("scenario", "qinglan-portal"),
        ("code", "S115-12"),
        ("title", "全員"),
        ("pairs", most.as_str()),
        ("starts", "2026-12-01T09:00"),
        ("ends", "2026-12-01T12:00"),
    ];
    assert_eq!(teacher.post("/exercises/new", &fields).await.status, StatusCode::SEE_OTHER);
}
