//! The register over HTTP: who edits it, what an edit leaves behind.

use axum::http::StatusCode;

use crate::house::House;

async fn id_of(house: &House, name: &str) -> String {
    house.app.store.persons().list(name, 1, 0).await.unwrap().remove(0).id
}

#[tokio::test]
async fn a_person_is_entered_edited_and_taken_off() {
    let house = House::new().await;
    let officer = house.staff("officer").await;
    let new = [
        ("act", "save"),
        ("name", "陳無號 𠮷"),
        ("staff_no", ""),
        ("agency", "嵐山鄉公所"),
        ("identity", "student"),
        ("emails", "office@qinglan.test\nO@qinglan.test"),
    ];
    let made = officer.post("/people/new", &new).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    let path = made.location().unwrap().to_owned();
    let page = officer.get(&path).await.text();
    assert!(page.contains("陳無號 𠮷") && page.contains("o@qinglan.test"), "{page}");
    // Another person's number, a bad address and no name are refused, and what was typed stands again.
    for (field, value, said) in [
        ("staff_no", "A1", "這個員工編號已屬於另一人"),
        ("emails", "nobody", "電子郵件格式不對"),
        ("name", "", "這一欄要填"),
        ("agency", "嵐山\u{200b}鄉", "含有看不見"),
    ] {
        let form: Vec<(&str, &str)> =
            new.iter().map(|(name, old)| (*name, if *name == field { value } else { *old })).collect();
        let refused = officer.post(&path, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(refused.text().contains(said), "{field}: {}", refused.text());
    }
    let form: Vec<(&str, &str)> = new
        .iter()
        .map(|(name, old)| (*name, if *name == "agency" { "白沙嶼鄉公所" } else { *old }))
        .collect();
    assert_eq!(officer.post(&path, &form).await.status, StatusCode::SEE_OTHER);
    let page = officer.get(&path).await.text();
    assert!(page.contains("嵐山鄉公所 → 白沙嶼鄉公所"), "{page}");
    assert_eq!(officer.post(&path, &[("act", "remove")]).await.status, StatusCode::SEE_OTHER);
    assert!(officer.get(&path).await.text().contains("已將 陳無號 𠮷 移出名冊"));
    assert!(!officer.get("/people").await.text().contains("陳無號"));
    assert!(officer.get("/people?show=removed").await.text().contains("陳無號"));
    assert_eq!(officer.post(&path, &[("act", "restore")]).await.status, StatusCode::SEE_OTHER);
    assert!(officer.get("/people?q=%E7%84%A1%E8%99%9F&sort=name&dir=desc").await.text().contains("陳無號"));
    assert_eq!(officer.post(&path, &[("act", "eat")]).await.status, StatusCode::BAD_REQUEST);
    let id = path.rsplit('/').next().unwrap().to_owned();
    let lines = house.app.store.audit().list(None, None, 50).await.unwrap();
    let done: Vec<&str> =
        lines.iter().filter(|line| line.detail.contains(&id)).map(|line| line.what.as_str()).collect();
    assert_eq!(done, ["person.restore", "person.remove", "person.edit", "person.make"]);
    assert!(lines.iter().all(|line| !line.detail.contains("陳無號")), "the audit holds no names");
}

#[tokio::test]
async fn who_sits_in_a_running_exercise_stays_on_the_register() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    let id = id_of(&house, "許藍圖").await;
    let refused = teacher.post(&format!("/people/{id}"), &[("act", "remove")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("先取消席位"), "{}", refused.text());
    let page = teacher.get(&format!("/people/{id}")).await.text();
    assert!(page.contains("S115-01"), "the exercise stands on the person's page: {page}");
    for word in ["女", "男", "gender"] {
        assert!(!page.contains(word), "{word}");
    }
    let admin = house.staff("admin").await;
    assert_eq!(admin.get(&format!("/people/{id}")).await.status, StatusCode::FORBIDDEN);
    assert!(!admin.get("/people").await.text().contains(&format!("/people/{id}")));
}

#[tokio::test]
async fn agencies_are_kept_and_people_follow_a_new_name() {
    let house = House::new().await;
    let officer = house.staff("officer").await;
    let page = officer.get("/people/agencies").await.text();
    assert!(page.contains("木棉雲端（2）"), "people name it, nobody entered it: {page}");
    let form = [("act", "save"), ("code", "QL90"), ("name", "木棉雲端"), ("level", "C"), ("area", "remote")];
    assert_eq!(officer.post("/people/agencies", &form).await.status, StatusCode::SEE_OTHER);
    let again = officer.post("/people/agencies", &form).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let id = house.app.store.agencies().list().await.unwrap().remove(0).id;
    let page = officer.get(&format!("/people/agencies?edit={id}")).await.text();
    assert!(page.contains("value=\"QL90\"") && page.contains("C級"), "{page}");
    let form = [("act", "save"), ("id", id.as_str()), ("code", "QL90"), ("name", "木棉雲端公司")];
    assert_eq!(officer.post("/people/agencies", &form).await.status, StatusCode::SEE_OTHER);
    assert!(officer.get("/people").await.text().contains("木棉雲端公司"));
    let admin = house.staff("admin").await;
    assert!(!admin.get("/people/agencies").await.text().contains("action=\"/people/agencies\""));
    assert_eq!(admin.post("/people/agencies", &form).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        officer.post("/people/agencies", &[("act", "remove"), ("id", id.as_str())]).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(house.app.store.agencies().list().await.unwrap().is_empty());
}
