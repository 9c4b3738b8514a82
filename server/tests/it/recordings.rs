//! Recordings of terminals: mended after a kill, played by the instructor, deleted for good.

use axum::http::StatusCode;

use crate::house::House;

fn page_of(house: &House) -> String {
    format!("/exercises/{}/terminals", house.exercise)
}

async fn audit(house: &House, what: &str) -> usize {
    house.app.store.audit().list(Some(what), None, 100).await.unwrap().len()
}

#[tokio::test]
async fn a_killed_server_seals_what_is_whole_and_says_that_the_end_is_missing() {
    let mut house = House::new().await;
    let exercise = house.exercise.clone();
    // Another life of the server; the former one left the recording open.
    house.reopen(&exercise, Vec::new()).await;
    let teacher = house.staff("teacher").await;
    let list = teacher.get(&page_of(&house)).await.text();
    assert!(list.contains("結尾不全") && list.contains("蔡紅磚"), "{list}");
    let path = format!("/exercises/{exercise}/recordings/{}", house.recording);
    let page = teacher.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("與封存時相同"), "{}", page.text());
    let cast = teacher.get(&format!("{path}/cast")).await.text();
    assert!(cast.ends_with("\"台\\r\\n\"]\n"), "the half line is still there: {cast}");
    assert_eq!((audit(&house, "recording.play").await, audit(&house, "recording.download").await), (1, 0));
    teacher.get(&format!("{path}/cast?download=1")).await;
    assert_eq!(audit(&house, "recording.download").await, 1);

    // A file that somebody has touched is told from what was sealed.
    let kept = house.app.recording(&exercise, &house.recording).await.unwrap();
    let mut bytes = std::fs::read(&kept.path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&kept.path, bytes).unwrap();
    assert!(teacher.get(&path).await.text().contains("與封存時不同"));
}

#[tokio::test]
async fn recordings_are_deleted_with_the_code_and_their_seals_stay() {
    let mut house = House::new().await;
    let exercise = house.exercise.clone();
    house.reopen(&exercise, Vec::new()).await;
    let teacher = house.staff("teacher").await;
    let kept = house.app.recording(&exercise, &house.recording).await.unwrap();
    let delete = format!("/exercises/{exercise}/recordings/delete");
    teacher.get(&page_of(&house)).await;
    let refused = teacher.post(&delete, &[("confirm", "S115-99")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("S115-99") && kept.path.exists(), "deleted without the code");
    let done = teacher.post(&delete, &[("confirm", "S115-01")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!kept.path.exists());
    let row = house.app.store.recordings().by_id(&house.recording).await.unwrap().unwrap();
    assert!(row.removed_ms.is_some() && row.sha256 == kept.recording.sha256);
    assert_eq!(audit(&house, "recording.delete").await, 1);
    let path = format!("/exercises/{exercise}/recordings/{}", house.recording);
    assert_eq!(teacher.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(teacher.get(&page_of(&house)).await.text().contains("已刪除"));
}
