//! A trainee signs in with a phone: the room's screen in one browser, a window of a phone's size in another, and the
//! code that changes between them.

use serde_json::json;

use crate::harness::browser::{Browser, Driver};
use crate::harness::server::Server;
use crate::harness::{SOON, eventually, page, stage, unique};

/// Width and height of the phone's window.
const PHONE: (u32, u32) = (390, 844);

async fn address(room: &Browser) -> String {
    room.wait_text(".room-words .address", "/in/", SOON).await;
    room.text(".room-words .address").await.trim().to_owned()
}

/// Where an address of this server leads, without the server's name.
fn path(address: &str) -> String {
    address.split_once("/in/").map(|(_, rest)| format!("/in/{rest}")).unwrap()
}

/// True when nothing of the page is wider than its window.
async fn fits(browser: &Browser) -> bool {
    browser.js("return document.documentElement.scrollWidth <= innerWidth", vec![]).await == json!(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trainee_signs_in_and_out_with_the_rooms_code_on_a_phone() {
    let server = Server::start().await;
    let staff = stage::staff(&server).await;
    let teacher = &staff.instructor;
    stage::import(teacher, &stage::roster(&stage::people(2))).await;
    let mark = unique();
    let code = format!("C-{mark}");
    let course = [
        ("code", code.as_str()),
        ("title", "藍隊通報應變"),
        ("aspect", "management"),
        ("category", "523"),
        ("hours", "6"),
        ("digital", "0"),
        ("pass_mark", "70"),
        ("county", "30"),
    ];
    let course = teacher.post_from("/courses/new", "/courses/new", &course).await.went_on();
    let session_code = format!("S-{mark}");
    // A half-day lies within a day: late in the evening it is the one that ends with it.
    let (mut from, mut to) = (stage::local(0), stage::local(2));
    if from[..10] != to[..10] {
        to = format!("{}T23:59", &from[..10]);
        from = format!("{}T21:00", &from[..10]);
    }
    let (day, start) = from.split_once('T').unwrap();
    let end = to.split_once('T').unwrap().1;
    let session = [
        ("act", "session"),
        ("code", session_code.as_str()),
        ("class_no", "1"),
        ("place", "嵐北訓練教室"),
        ("late", "10"),
        ("day_from", day),
        ("am_from", start),
        ("am_to", end),
    ];
    let session = teacher.post_from(&course, &course, &session).await.went_on();
    let entered = [("act", "enter"), ("standing", "trainee"), ("people", "A0001\nA0002")];
    teacher.post_from(&session, &session, &entered).await.went_on();

    let driver = Driver::start().await;
    let room = driver.browser("room", &server.base()).await;
    super::story::log_in(&room, "teacher", stage::PASSWORD).await;
    room.wait_for("nav.tabs", SOON).await;
    room.goto(&format!("{session}/room")).await;
    room.find("svg.qr path").await;
    let first = address(&room).await;

    let phone = driver.browser("phone", &server.base()).await;
    phone.client.set_window_size(PHONE.0, PHONE.1).await.unwrap();
    phone.goto(&path(&first)).await;
    assert!(fits(&phone).await, "the page is wider than the phone");
    phone.fill("[name=staff_no]", "A0001").await;
    phone.fill("[name=name]", "學員001").await;
    phone.click("button[value=in]").await;
    phone.wait_text(".notice.ok", "學員001", SOON).await;

    // The screen changes by itself, and what was on it before is stale two codes later.
    let mut seen = vec![first.clone()];
    while seen.len() < 3 {
        let last = seen.last().unwrap().clone();
        let next = eventually("the room shows another code", SOON * 4, || async {
            Some(address(&room).await).filter(|now| *now != last)
        })
        .await;
        seen.push(next);
    }
    phone.goto(&path(&first)).await;
    phone.wait_text(".notice.danger", "已失效", SOON).await;
    assert!(!phone.has("[name=staff_no]").await, "a stale code asks for nothing");
    phone.goto(&path(&address(&room).await)).await;
    phone.fill("[name=staff_no]", "A0001").await;
    phone.fill("[name=name]", "學員001").await;
    phone.click("button[value=out]").await;
    phone.wait_text(".notice.ok", "已簽退", SOON).await;
    assert!(fits(&phone).await, "the page is wider than the phone");

    let sheet = page::said(&teacher.get(&session).await.ok());
    assert!(sheet.contains("掃碼") && sheet.contains("學員001"), "{sheet}");
    phone.close().await;
    room.close().await;
}
