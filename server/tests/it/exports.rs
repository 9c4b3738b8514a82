//! Exports of one person wait in one line, and nobody else behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use rampart_app::press::MOST_WAITING;
use rampart_domain::records::RocYear;
use rampart_store::Role;

use crate::hours::Class;
use crate::house::{House, PASSWORD, Visitor};

/// What one client asks for at once.
const ASKED: usize = 100;
const LONG: Duration = Duration::from_secs(300);

/// A second programme officer, logged in.
async fn second_officer(house: &House) -> Visitor {
    let once = house.app.create_account("officer2", "officer2", Role::Officer, None).await.unwrap();
    let id = house.app.store.accounts().by_login("officer2").await.unwrap().unwrap().account.id;
    house.app.change_password(&id, &once, PASSWORD).await.unwrap();
    house.staff("officer2").await
}

#[tokio::test]
async fn a_hundred_exports_of_one_officer_keep_no_other_from_one() {
    let class = Class::new().await;
    let year = RocYear::of_ms(class.start_ms());
    let (busy, other) = (Arc::new(class.house.staff("officer").await), second_officer(&class.house).await);
    let (made, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..ASKED {
        let (busy, made, refused) = (busy.clone(), made.clone(), refused.clone());
        tasks.spawn(async move {
            let paper = format!("/statistics/year/{year}/x1/export?format=pdf&edition=internal");
            let answer = busy.get(&paper).await;
            match answer.status {
                StatusCode::OK => {
                    assert!(answer.bytes.starts_with(b"%PDF"));
                    made.fetch_add(1, Ordering::SeqCst);
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
                    assert!(
                        answer.text().contains(&format!("您已有 {MOST_WAITING} 份匯出")),
                        "{}",
                        answer.text()
                    );
                    refused.fetch_add(1, Ordering::SeqCst);
                }
                status => panic!("{status}: {}", answer.text()),
            }
        });
    }
    // As soon as one is refused, as many as may wait do.
    let waited = async {
        while refused.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, waited).await.unwrap();
    let before = made.load(Ordering::SeqCst);
    let table = format!("/statistics/year/{year}/x1/export?format=csv&edition=internal");
    let answer = tokio::time::timeout(LONG, other.get(&table)).await.unwrap();
    let after = made.load(Ordering::SeqCst);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    // The one that was being made, the one that had come to the head of the line, and some until this one was in it.
    assert!(after - before <= 5, "{} papers went before one table of somebody else", after - before);
    while let Some(ended) = tokio::time::timeout(LONG, tasks.join_next()).await.unwrap() {
        ended.unwrap();
    }
    let (made, refused) = (made.load(Ordering::SeqCst), refused.load(Ordering::SeqCst));
    assert!(made >= MOST_WAITING && made + refused == ASKED, "{made} made, {refused} refused");
    // What was refused was not read: a line in the audit log for each paper and for the table, and no more.
    let lines = class.house.app.store.audit().list(None, None, 500).await.unwrap();
    let read = lines.iter().filter(|line| line.what == "personal.export").count();
    assert_eq!(read, made + 1);
    // And nobody is kept from asking again.
    assert_eq!(busy.get(&table).await.status, StatusCode::OK);
}
