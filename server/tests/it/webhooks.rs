//! Web hooks against a receiver that is really there.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use hmac::{Hmac, KeyInit, Mac};
use rampart_app::exercise::JudgeAct;
use rampart_app::webhooks::{Allowed, NewWebhook, WebhookError};
use rampart_store::{DeliveryState, HookAudience};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::House;

/// A message as it came.
#[derive(Debug, Clone)]
struct Message {
    head: String,
    body: String,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> String {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
        line.map(|line| line.split_once(':').unwrap().1.trim().to_owned()).unwrap_or_default()
    }
}

/// Takes what is sent; answers with the statuses given, then with 204.
struct Receiver {
    addr: SocketAddr,
    got: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    async fn new(answers: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<Message>>> = Arc::default();
        let (kept, mut answers) = (got.clone(), answers.iter().copied().collect::<VecDeque<u16>>());
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                let message = loop {
                    let mut part = [0; 4096];
                    let read = connection.read(&mut part).await.unwrap_or(0);
                    if read == 0 {
                        break None;
                    }
                    bytes.extend_from_slice(&part[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .lines()
                        .find_map(|line| {
                            line.to_lowercase().strip_prefix("content-length:").map(str::to_owned)
                        })
                        .map_or(0, |length| length.trim().parse::<usize>().unwrap());
                    if body.len() >= length {
                        break Some(Message { head: head.to_owned(), body: body.to_owned() });
                    }
                };
                let Some(message) = message else { continue };
                kept.lock().unwrap().push(message);
                let status = answers.pop_front().unwrap_or(204);
                let more = if status == 302 { "location: http://127.0.0.1:1/elsewhere\r\n" } else { "" };
                let answer =
                    format!("HTTP/1.1 {status} X\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        });
        Self { addr, got }
    }

    fn url(&self) -> String {
        format!("http://{}/in", self.addr)
    }

    fn got(&self) -> Vec<Message> {
        self.got.lock().unwrap().clone()
    }

    /// Waits for the first message of a kind.
    async fn of_kind(&self, kind: &str) -> Message {
        for _ in 0..1200 {
            if let Some(message) = self.got().into_iter().find(|one| one.json()["kind"] == kind) {
                return message;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {kind} came: {:?}", self.got());
    }

    /// Waits until `count` messages came.
    async fn until(&self, count: usize) -> Vec<Message> {
        for _ in 0..1200 {
            if self.got().len() >= count {
                return self.got();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} of {count} messages came", self.got().len());
    }
}

fn allowed() -> Arc<Allowed> {
    let listed = vec!["127.0.0.1/32".parse().unwrap()];
    Arc::new(Allowed { listed, block: "10.77.0.0/16".parse().unwrap() })
}

async fn hook(house: &House, url: String, audience: HookAudience, kinds: &[&str]) -> (String, String) {
    let new = NewWebhook {
        url,
        exercise: Some(house.exercise.clone()),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        audience,
    };
    house.app.make_webhook(new, &allowed(), &house.accounts["teacher"]).await.unwrap()
}

fn is_signed(message: &Message, secret: &str) -> bool {
    let signature = message.header("rampart-signature");
    let mut parts = signature.split(',');
    let at = parts.next().unwrap().strip_prefix("t=").unwrap().to_owned();
    parts.any(|part| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{at}.{}", message.body).as_bytes());
        part == format!("v1={}", hex::encode(mac.finalize().into_bytes()))
    })
}

/// The messages of a web hook, once all were taken: the receiver has one a moment before that is noted.
async fn taken(house: &House, id: &str) -> Vec<rampart_store::Delivery> {
    for _ in 0..1200 {
        let rows = house.app.store.webhooks().deliveries(id, 9).await.unwrap();
        if rows.iter().all(|row| row.state == DeliveryState::Done) {
            return rows;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("something waits");
}

async fn correct(house: &House, points: i64) {
    let act = JudgeAct::Correct { team: "r1".into(), points, about: None, text: "機密的理由".into() };
    house.app.exercise(&house.exercise).unwrap().judge(&house.accounts["teacher"], act).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_come_signed_in_order_and_again_after_a_failure() {
    let house = House::new().await;
    // The first message fails twice: once by status, once by leading elsewhere.
    let receiver = Receiver::new(&[500, 302]).await;
    let (id, secret) = hook(&house, receiver.url(), HookAudience::Staff, &["correction"]).await;
    house.app.start_webhooks(allowed());
    for points in [10, 20, 30] {
        correct(&house, points).await;
    }
    let got = receiver.until(5).await;
    let points: Vec<i64> =
        got.iter().map(|one| one.json()["entry"]["body"]["points"].as_i64().unwrap()).collect();
    assert_eq!(points, [10, 10, 10, 20, 30], "in order, and nothing before what failed");
    assert_eq!(got[0].body, got[2].body);
    for message in &got {
        assert!(is_signed(message, &secret), "{message:?}");
        assert!(!is_signed(message, "another"));
        assert_eq!(message.header("rampart-event"), "correction");
        assert_eq!(message.header("rampart-delivery"), message.json()["delivery"].as_str().unwrap());
    }
    let rows = taken(&house, &id).await;
    assert_eq!(rows.iter().map(|row| row.tries).collect::<Vec<_>>(), [1, 1, 3]);
    // A new secret: for a day both sign.
    let new = house.app.rotate_webhook(&id, &house.accounts["teacher"]).await.unwrap();
    house.app.resend(&id, &rows[0].id, &house.accounts["teacher"]).await.unwrap();
    let got = receiver.until(6).await;
    assert!(is_signed(&got[5], &new) && is_signed(&got[5], &secret));
    assert_eq!(got[5].body, got[4].body);
    house.app.remove_webhook(&id, &house.accounts["teacher"]).await.unwrap();
    assert!(house.app.store.webhooks().deliveries(&id, 9).await.unwrap().is_empty());
    let lines = house.app.store.audit().list(None, None, 50).await.unwrap();
    for what in ["webhook.make", "webhook.rotate", "webhook.resend", "webhook.remove"] {
        let line = lines.iter().find(|line| line.what == what).unwrap_or_else(|| panic!("{what}"));
        assert!(!line.detail.contains("rmpwh_"));
    }
}

/// Takes connections and never answers. While one is open: how many messages had come to `other` when it was opened.
async fn mute(other: Arc<Mutex<Vec<Message>>>) -> (SocketAddr, Arc<Mutex<Option<usize>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let open: Arc<Mutex<Option<usize>>> = Arc::default();
    let held = open.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            *held.lock().unwrap() = Some(other.lock().unwrap().len());
            let mut part = [0; 4096];
            while connection.read(&mut part).await.unwrap_or(0) > 0 {}
            *held.lock().unwrap() = None;
        }
    });
    (addr, open)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_keeps_nobody_else_waiting() {
    let house = House::new().await;
    let receiver = Receiver::new(&[]).await;
    let (addr, open) = mute(receiver.got.clone()).await;
    hook(&house, format!("http://{addr}/in"), HookAudience::Staff, &["correction"]).await;
    hook(&house, receiver.url(), HookAudience::Staff, &["correction"]).await;
    house.app.start_webhooks(allowed());
    // One message at a time to each: that several came while one try of the mute one lasts shows that nobody waits for it.
    for points in 1..600 {
        correct(&house, points).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = *open.lock().unwrap();
        if before.is_some_and(|before| receiver.got().len() >= before + 3) {
            return;
        }
    }
    panic!("{} messages came, never several in one try of the other", receiver.got().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_is_told_nothing_while_the_board_is_frozen_and_never_what_it_may_not_see() {
    let mut house = House::new().await;
    let receiver = Receiver::new(&[]).await;
    hook(&house, receiver.url(), HookAudience::Public, &[]).await;
    let exercise = house.exercise.clone();
    let live = house.app.exercise(&exercise).unwrap();
    live.judge(&house.accounts["teacher"], JudgeAct::Freeze { on: true }).await.unwrap();
    correct(&house, 77).await;
    house.app.start_webhooks(allowed());
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(receiver.got().is_empty(), "{:?}", receiver.got());
    // Another life of the server: what was not told yet is not forgotten.
    house.reopen(&exercise, Vec::new()).await;
    let live = house.app.exercise(&exercise).unwrap();
    house.app.start_webhooks(allowed());
    live.judge(&house.accounts["teacher"], JudgeAct::Freeze { on: false }).await.unwrap();
    let told = receiver.of_kind("correction").await.json();
    let got = receiver.got();
    assert_eq!((&told["audience"], &told["entry"]["points"]), (&json!("public"), &json!(77)));
    assert_eq!(told["entry"]["reason"], json!({ "rule": "judge.corrected" }), "no words of the judge");
    assert!(!got.iter().any(|one| one.body.contains("機密")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_into_the_house() {
    let house = House::new().await;
    let teacher = house.staff("teacher").await;
    teacher.get("/webhooks").await;
    for url in [
        "http://127.0.0.1:80/",
        "https://127.0.0.1/",
        "https://169.254.169.254/x",
        "https://10.77.1.10/",
        "gopher://x/",
    ] {
        let page = teacher.post("/webhooks", &[("url", url), ("audience", "public")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
    }
    // A name that leads inside is found out when it is looked up.
    let receiver = Receiver::new(&[]).await;
    let url = format!("https://localhost:{}/", receiver.addr.port());
    let page = teacher.post("/webhooks", &[("url", &url), ("audience", "staff")]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.text().contains("rmpwh_"));
    let hook = house.app.store.webhooks().list().await.unwrap().remove(0);
    let none = Arc::new(Allowed { listed: Vec::new(), block: "10.77.0.0/16".parse().unwrap() });
    house.app.start_webhooks(none);
    correct(&house, 5).await;
    let mut tried = None;
    for _ in 0..600 {
        let rows = house.app.store.webhooks().deliveries(&hook.id, 9).await.unwrap();
        tried = rows.into_iter().find(|row| row.tries > 0);
        if tried.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let tried = tried.expect("nothing was tried");
    assert_eq!((tried.state, tried.status), (DeliveryState::Waiting, None));
    assert!(tried.said.contains("host not found"), "{}", tried.said);
    assert!(receiver.got().is_empty());
    // An exercise that is none, a kind that is none, and too many.
    let by = &house.accounts["teacher"];
    let new = |exercise: Option<&str>, kind: &str| NewWebhook {
        url: "https://hooks.example.tw/".into(),
        exercise: exercise.map(str::to_owned),
        kinds: vec![kind.to_owned()],
        audience: HookAudience::Public,
    };
    let made = house.app.make_webhook(new(Some("0198c4"), "flag"), &allowed(), by).await;
    assert!(matches!(made, Err(WebhookError::Field("exercise", _))));
    let made = house.app.make_webhook(new(None, "flags"), &allowed(), by).await;
    assert!(matches!(made, Err(WebhookError::Field("kinds", _))));
    let mut last = Ok(());
    for _ in 0..20 {
        last = house.app.make_webhook(new(None, "flag"), &allowed(), by).await.map(|_| ());
    }
    assert!(matches!(last, Err(WebhookError::Many)), "there is no bound");
}
