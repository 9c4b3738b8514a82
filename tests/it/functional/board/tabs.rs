//! Many tabs of one browser over HTTP/1.1: they share a stream, so that the next page still has a connection.

use crate::harness::browser::Browser;
use crate::harness::http::Person;
use crate::harness::stage::{Scene, planted};
use crate::harness::{SOON, eventually};

/// Streams that the server has open.
pub async fn streams(base: &str, token: &str) -> i64 {
    let reader = Person::new(base);
    let request = reader.request(reqwest::Method::GET, "/metrics");
    let text = reader.send(request.header("authorization", format!("Bearer {token}"))).await.ok();
    let line = text.lines().find(|line| line.starts_with("rampart_streams_open ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Eight tabs, then a ninth page, then a flag that the tab in front shows.
pub async fn eight_share_a_stream_and_the_ninth_page_works(scene: &Scene, browser: &Browser, token: &str) {
    let base = scene.server.base();
    let board = format!("/board/{}", scene.exercise);
    browser.goto(&board).await;
    for _ in 1..8 {
        let tab = browser.client.new_window(true).await.unwrap();
        browser.client.switch_to_window(tab.handle).await.unwrap();
        browser.goto(&board).await;
    }
    assert_eq!(browser.client.windows().await.unwrap().len(), 8);
    eventually("the tabs share a stream", SOON, || async {
        (streams(&base, token).await == 1).then_some(())
    })
    .await;
    // The ninth: a page that has to be fetched over the same few connections.
    let tab = browser.client.new_window(true).await.unwrap();
    browser.client.switch_to_window(tab.handle).await.unwrap();
    browser.goto(&format!("{board}/table")).await;
    browser.wait_for("table", SOON).await;
    scene.red(1).get("/seat").await;
    let flag = planted(&scene.exercise, 1).into_iter().find(|(id, _)| id == "portal-db").unwrap().1;
    let answer = scene.red(1).post_json("/seat/flags", &[("objective", "portal-db"), ("flag", &flag)]).await;
    assert_eq!(answer.json()["answer"], "correct", "{}", answer.text());
    // The tab in front moves with it, and it is still one stream.
    let front = browser.client.windows().await.unwrap().remove(0);
    browser.client.switch_to_window(front).await.unwrap();
    let points = answer.json()["points"].as_i64().unwrap().to_string();
    browser.wait_text("main", &points, SOON).await;
    eventually("it is still one stream", SOON, || async { (streams(&base, token).await == 1).then_some(()) })
        .await;
    // One window is left.
    let mut windows = browser.client.windows().await.unwrap();
    let kept = windows.remove(0);
    for window in windows {
        browser.client.switch_to_window(window).await.unwrap();
        browser.client.close_window().await.unwrap();
    }
    browser.client.switch_to_window(kept).await.unwrap();
}
