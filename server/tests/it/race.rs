//! Many at once, through the doors: whatever is sent in parallel counts once, and everybody is answered.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use scoreboard::{Body, Component};

use crate::house::{House, Visitor};

/// A second person of a red team, at a seat of its own.
async fn second(house: &House, team: &str, name: &str) -> Visitor {
    let csv = format!("姓名,職號,機關,性別\n{name},Z{name},木棉雲端,\n");
    let person = house.app.import_roster(csv.as_bytes(), None).await.unwrap().unwrap().ids.remove(0);
    house.app.give_seat(&house.exercise, &person, team, &house.accounts["teacher"]).await.unwrap();
    let seats = house.app.store.seats().list(&house.exercise).await.unwrap();
    let seat = seats.iter().find(|seat| seat.person_id == person).unwrap();
    let slips =
        house.app.make_codes(&house.exercise, Some(&seat.id), &house.accounts["teacher"]).await.unwrap();
    let visitor = house.visitor();
    visitor.get("/").await;
    let answer = visitor.post("/", &[("code", &slips[0].code)]).await;
    assert_eq!(answer.location(), Some("/seat"), "{}", answer.text());
    visitor.get("/seat").await;
    visitor
}

/// Sends the same form from each visitor so many times, all at once; the answers in any order.
async fn at_once(
    visitors: &[Arc<Visitor>],
    each: usize,
    path: &'static str,
    fields: &[(&'static str, String)],
) -> Vec<(StatusCode, String)> {
    let barrier = Arc::new(tokio::sync::Barrier::new(visitors.len() * each));
    let mut sent = tokio::task::JoinSet::new();
    for visitor in visitors {
        for _ in 0..each {
            let (visitor, barrier, fields) = (visitor.clone(), barrier.clone(), fields.to_vec());
            sent.spawn(async move {
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
                barrier.wait().await;
                let token = visitor.token.lock().unwrap().clone();
                let mut form = vec![("csrf", token.as_str())];
                form.extend_from_slice(&fields);
                let mut request = visitor.form(path, &form);
                if path == "/seat/flags" {
                    request
                        .headers_mut()
                        .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
                }
                let answer = visitor.send(request).await;
                (answer.status, answer.text())
            });
        }
    }
    sent.join_all().await
}

fn kind_of(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).unwrap()["answer"].as_str().unwrap().to_owned()
}

async fn entries(house: &House, wanted: impl Fn(&Body) -> bool) -> usize {
    let head = house.app.store.ledger().head(&house.exercise).await.unwrap().unwrap().0;
    let seqs: Vec<u64> = (1..=head).collect();
    let stored = house.app.store.ledger().at(&house.exercise, &seqs).await.unwrap();
    stored.iter().filter(|sealed| wanted(&sealed.entry.body)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_flag_sent_64_times_at_once_counts_once() {
    let house = House::new().await;
    let mut people = vec![Arc::new(house.seat("r1").await)];
    for name in ["甲", "乙", "丙", "丁", "戊", "己", "庚"] {
        people.push(Arc::new(second(&house, "r1", name).await));
    }
    let flag = house.flag("r1", "portal-db");
    let fields = [("objective", "portal-db".to_owned()), ("flag", flag.clone())];
    let answers = at_once(&people, 8, "/seat/flags", &fields).await;
    assert_eq!(answers.len(), 64);
    let of = |kind: &str| answers.iter().filter(|(_, text)| kind_of(text) == kind).count();
    assert!(answers.iter().all(|(status, _)| *status == StatusCode::OK));
    assert_eq!((of("correct"), of("already_yours")), (1, 63), "one capture, and the rest are told so");
    let live = house.app.exercise(&house.exercise).unwrap();
    assert_eq!(live.fold().team("r1").unwrap().points, 100);
    assert!(live.fold().attempts.is_empty(), "nobody lost a try");
    assert_eq!(entries(&house, |body| matches!(body, Body::Flag { .. })).await, 1);
    // Two teams with their own flags at once: each counts once, and there is one first.
    let others = [Arc::new(house.seat("r2").await)];
    let flag = house.flag("r2", "portal-db");
    let answers =
        at_once(&others, 8, "/seat/flags", &[("objective", "portal-db".to_owned()), ("flag", flag)]).await;
    assert_eq!(answers.iter().filter(|(_, text)| kind_of(text) == "correct").count(), 1);
    assert_eq!(live.fold().team("r2").unwrap().points, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_hint_opened_by_many_at_once_is_paid_once_and_all_see_it() {
    let house = House::new().await;
    let mut people = vec![Arc::new(house.seat("r1").await)];
    for name in ["甲", "乙", "丙"] {
        people.push(Arc::new(second(&house, "r1", name).await));
    }
    let price = house.app.exercise(&house.exercise).unwrap().scenario().objectives[0].hints[0].price;
    let answers = at_once(&people, 16, "/seat/hints", &[("hint", "portal-db-1".to_owned())]).await;
    assert_eq!(answers.len(), 64);
    assert!(answers.iter().all(|(status, _)| *status == StatusCode::SEE_OTHER), "{answers:?}");
    let live = house.app.exercise(&house.exercise).unwrap();
    assert_eq!(live.fold().team("r1").unwrap().parts[&Component::Hints], -price);
    assert_eq!(entries(&house, |body| matches!(body, Body::Hint { .. })).await, 1);
    for visitor in &people {
        assert!(visitor.get("/seat?o=portal-db").await.text().contains("試試單引號"), "everybody reads it");
    }
}
