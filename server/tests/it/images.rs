//! Images on the pages: what is told before a launch, and who built what.

use std::time::Duration;

use axum::http::StatusCode;
use rampart_app::NewExercise;
use rampart_engine::fake::Fault;
use rampart_engine::{Engine, EngineError};
use scoreboard::Status;

use crate::house::House;

fn broken(image: &str) -> Fault {
    Fault {
        call: "build".into(),
        object: format!("rampart/{image}:latest"),
        error: EngineError::Refused(format!(
            "rampart/{image}:latest: unable to locate package mod-security\nStep 4/9"
        )),
        done: false,
        times: u32::MAX,
    }
}

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
    let id = house.app.create_exercise(&new, &house.accounts["teacher"]).await.unwrap();
    for (person, team) in house.app.store.persons().list("", 2, 0).await.unwrap().iter().zip(["b1", "r1"]) {
        house.app.give_seat(&id, &person.id, team, &house.accounts["teacher"]).await.unwrap();
    }
    id
}

async fn built(house: &House) {
    let mut state = house.app.images_state();
    tokio::time::timeout(Duration::from_secs(120), state.wait_for(|state| !state.building))
        .await
        .unwrap()
        .unwrap();
}

async fn audit(house: &House, what: &str) -> Vec<(Option<String>, String)> {
    let lines = house.app.store.audit().list(Some(what), None, 10).await.unwrap();
    lines.into_iter().map(|line| (line.account_id, line.detail)).collect()
}

async fn until_audited(house: &House, what: &str, lines: usize) {
    for _ in 0..1200 {
        if audit(house, what).await.len() == lines {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no {lines} lines of {what}: {:?}", audit(house, what).await);
}

#[tokio::test]
async fn a_launch_names_the_image_that_cannot_be_built_and_why() {
    let house = House::new().await;
    house.engine.fail(broken("www"));
    let id = draft(&house).await;
    let teacher = house.staff("teacher").await;
    let room = teacher.get(&format!("/exercises/{id}")).await.text();
    assert!(
        room.contains("未建置") && room.contains(">www<"),
        "missing images stand there before a launch: {room}"
    );
    let answer = teacher.post(&format!("/exercises/{id}/launch"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let exercise = house.app.exercise(&id).unwrap();
    for _ in 0..1200 {
        let over = {
            let fold = exercise.fold();
            fold.status == Status::Draft && fold.why.is_some()
        };
        if over {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let why = exercise.fold().why.clone().unwrap();
    assert_eq!(why.rule, "launch.image_failed");
    assert_eq!(
        (why.args["image"].as_str(), why.args["said"].as_str()),
        ("www", "unable to locate package mod-security")
    );
    let list = teacher.get("/exercises").await.text();
    let said = "映像 www 建置失敗：unable to locate package mod-security";
    assert!(list.contains(said), "the image is not the host of the same name: {list}");
    let room = teacher.get(&format!("/exercises/{id}")).await.text();
    assert!(room.contains(said) && room.contains("建置失敗"), "{room}");
    assert!(house.engine.list_runs().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_scenario_page_shows_its_images_and_builds_them() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let page = teacher.get("/scenarios/qinglan-portal").await.text();
    assert!(
        page.contains("action=\"/scenarios/qinglan-portal/images\"") && page.contains("未建置"),
        "{page}"
    );
    teacher.post("/scenarios/qinglan-portal/images", &[]).await;
    until_audited(&house, "images.built", 1).await;
    built(&house).await;
    let page = teacher.get("/scenarios/qinglan-portal").await.text();
    assert!(
        !page.contains("action=\"/scenarios/qinglan-portal/images\"") && !page.contains("未建置"),
        "{page}"
    );
    let (by, asked) = audit(&house, "images.build").await.remove(0);
    assert_eq!(by.as_ref(), Some(&house.accounts["teacher"]));
    assert!(asked.contains("www") && asked.contains("base"), "{asked}");
    // Nothing to do is said, and no build is begun.
    teacher.post("/scenarios/qinglan-portal/images", &[]).await;
    assert_eq!(audit(&house, "images.build").await.len(), 1);
}

#[tokio::test]
async fn a_ready_image_is_built_anew_and_a_failure_is_shown() {
    let house = House::new().await;
    let admin = house.staff("admin").await;
    admin.post("/system/images", &[("image", "")]).await;
    until_audited(&house, "images.built", 1).await;
    built(&house).await;
    let before = house.engine.images().await.unwrap();
    admin.post("/system/images", &[("image", "doc")]).await;
    until_audited(&house, "images.built", 2).await;
    assert_eq!(audit(&house, "images.built").await[0].1, "nothing to do");
    assert_eq!(house.engine.images().await.unwrap(), before);
    admin.post("/system/images", &[("image", "doc"), ("anew", "1")]).await;
    until_audited(&house, "images.built", 3).await;
    let after = house.engine.images().await.unwrap();
    let changed: Vec<_> = before.iter().filter(|(name, image)| after[*name].id != image.id).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(audit(&house, "images.build").await[0].1, "doc anew");

    house.engine.fail(broken("doc"));
    built(&house).await;
    admin.post("/system/images", &[("image", "doc"), ("anew", "1")]).await;
    until_audited(&house, "images.built", 4).await;
    assert_eq!(audit(&house, "images.built").await[0].1, "failed rampart/doc:latest");
    let page = admin.get("/system").await.text();
    assert!(page.contains("unable to locate package mod-security"), "{page}");
    assert_eq!(admin.post("/system/images", &[("image", "../etc")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_engine_that_is_away_keeps_nobody_from_the_pages() {
    let house = House::new().await;
    let id = draft(&house).await;
    house.engine.fail(Fault {
        call: "*".into(),
        object: "*".into(),
        error: EngineError::NodeUnreachable { since_ms: None },
        done: false,
        times: u32::MAX,
    });
    let teacher = house.staff("teacher").await;
    for path in [format!("/exercises/{id}"), "/scenarios/qinglan-portal".into()] {
        let answer = teacher.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text().contains("容器引擎沒有回應"), "{path}");
    }
}
