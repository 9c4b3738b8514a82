//! Having a host made anew, as people do it.

use axum::http::StatusCode;

use crate::house::House;

#[tokio::test]
async fn a_team_sees_the_price_before_and_pays_it_for_its_own_hosts_only() {
    let house = House::new().await;
    let (red, blue) = (house.seat("r1").await, house.seat("b1").await);
    let page = blue.get("/seat").await.text();
    assert!(page.contains("重設（扣 30 點）"), "{page}");
    assert!(page.contains("value=\"www\"><button") && page.contains("value=\"watch\"><button"));
    assert!(!page.contains("value=\"gateway\"><button"));
    let page = red.get("/seat").await.text();
    assert!(page.contains("value=\"attack\"><button") && !page.contains("value=\"www\"><button"));
    for (who, host) in [(&red, "www"), (&red, "gateway"), (&blue, "attack"), (&blue, "no-such-host")] {
        let answer = who.post("/seat/resets", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{host}");
    }
    let answer = blue.post("/seat/resets", &[("host", "www")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let live = house.app.exercise(&house.exercise).unwrap();
    let asked = live.fold().resets.clone();
    assert_eq!((asked.len(), asked[0].range, asked[0].points), (1, 1, -30));
}

#[tokio::test]
async fn the_instructor_sees_a_host_and_resets_it_for_nothing_but_not_in_a_pause() {
    let house = House::new().await;
    let (teacher, admin) = (house.staff("teacher").await, house.staff("admin").await);
    let path = format!("/exercises/{}/hosts/2/gateway", house.exercise);
    let page = teacher.get(&path).await.text();
    assert!(page.contains("閘道防火牆") && page.contains("重設這台主機"), "{page}");
    assert!(!admin.get(&path).await.text().contains("重設這台主機"), "an administrator only looks");
    for wrong in ["/hosts/3/gateway", "/hosts/1/nothing", "/hosts/0/www"] {
        let path = format!("/exercises/{}{wrong}", house.exercise);
        assert_eq!(teacher.get(&path).await.status, StatusCode::NOT_FOUND, "{wrong}");
        assert_eq!(
            teacher.post(&format!("{path}/reset"), &[]).await.status,
            StatusCode::NOT_FOUND,
            "{wrong}"
        );
    }
    let answer = teacher.post(&format!("{path}/reset"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let live = house.app.exercise(&house.exercise).unwrap();
    let asked = live.fold().resets.clone();
    assert_eq!((asked[0].range, asked[0].host.as_str(), asked[0].points), (2, "gateway", 0));
    assert_eq!(asked[0].team, None);
    let paused = teacher.post(&format!("/exercises/{}/pause", house.exercise), &[]).await;
    assert_eq!(paused.status, StatusCode::SEE_OTHER);
    let answer = teacher.post(&format!("/exercises/{}/hosts/1/www/reset", house.exercise), &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text().contains("演練暫停中；繼續後才能重設"), "{}", answer.text());
}
