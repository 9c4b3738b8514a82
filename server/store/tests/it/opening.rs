use std::time::Duration;

use rampart_store::{Store, StoreError};

use crate::bed::{Bed, on_both};

on_both!(
    what_was_written_is_there_after_a_restart,
    a_newer_database_is_refused,
    one_server_has_it_at_a_time,
    a_lock_that_was_lost_is_taken_again_before_anything_is_written,
    who_lost_the_lock_to_another_server_never_writes_again,
);

async fn what_was_written_is_there_after_a_restart(bed: Bed) {
    bed.store.settings().set("k", "v").await.unwrap();
    bed.store.close().await;
    bed.store.close().await;
    let again = Store::open(&bed.url).await.unwrap();
    assert_eq!(again.settings().get("k").await.unwrap().as_deref(), Some("v"));
    again.close().await;
    assert!(matches!(again.settings().get("k").await, Err(StoreError::Unavailable(_))));
}

async fn one_server_has_it_at_a_time(bed: Bed) {
    bed.store.take().await.unwrap();
    bed.store.take().await.unwrap();
    let other = Store::open(&bed.url).await.unwrap();
    assert!(matches!(other.take().await, Err(StoreError::InUse)));
    assert!(other.settings().get("k").await.unwrap().is_none(), "looking is allowed");
    bed.store.close().await;
    // PostgreSQL notices the end of a session a moment later.
    for _ in 0..LOOKS {
        if other.take().await.is_ok() {
            break;
        }
        tokio::time::sleep(MOMENT).await;
    }
    other.take().await.unwrap();
    other.close().await;
}

/// Ends the session that holds the lock of this database; true when there was one.
async fn end_the_session(bed: &Bed) -> bool {
    let sql = "SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_locks WHERE locktype = 'advisory' AND granted \
               AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    !bed.beside().await.texts(sql).await.is_empty()
}

/// Looks this often, a moment apart, before something counts as never coming.
const LOOKS: usize = 1200;
const MOMENT: Duration = Duration::from_millis(50);

async fn a_lock_that_was_lost_is_taken_again_before_anything_is_written(bed: Bed) {
    if bed.is_sqlite() {
        return;
    }
    bed.store.take().await.unwrap();
    for round in 0..3 {
        assert!(end_the_session(&bed).await, "nobody has the lock");
        let (mut refused, mut again) = (false, false);
        for _ in 0..LOOKS {
            match bed.store.settings().set("k", &round.to_string()).await {
                // Written just before the loss was noticed is not yet what is waited for.
                Ok(()) => again = refused,
                Err(StoreError::Lost) => refused = true,
                Err(other) => panic!("{other:?}"),
            }
            if again {
                break;
            }
            tokio::time::sleep(MOMENT).await;
        }
        assert!(again, "writing never went on; refused: {refused}");
        assert_eq!(bed.store.settings().get("k").await.unwrap(), Some(round.to_string()));
        let other = Store::open(&bed.url).await.unwrap();
        assert!(matches!(other.take().await, Err(StoreError::InUse)), "the lock is not there");
        other.close().await;
    }
}

async fn who_lost_the_lock_to_another_server_never_writes_again(bed: Bed) {
    if bed.is_sqlite() {
        return;
    }
    bed.store.take().await.unwrap();
    let other = Store::open(&bed.url).await.unwrap();
    let mut has_it = false;
    for turn in 0..LOOKS {
        // This one may be quicker to take it again than the other: then once more.
        if turn % 20 == 0 {
            end_the_session(&bed).await;
        }
        has_it = other.take().await.is_ok();
        if has_it {
            break;
        }
        tokio::time::sleep(MOMENT / 10).await;
    }
    assert!(has_it, "the other never took it");
    tokio::time::timeout(Duration::from_secs(60), bed.store.gone()).await.expect("nobody noticed");
    other.settings().set("k", "the other's").await.unwrap();
    other.close().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused = bed.store.settings().set("k", "mine").await;
    assert!(matches!(refused, Err(StoreError::Lost)), "{refused:?}");
    assert_eq!(bed.store.settings().get("k").await.unwrap().as_deref(), Some("the other's"));
    // Another server, which reads all that is there first, may take it.
    let third = Store::open(&bed.url).await.unwrap();
    let mut has_it = false;
    for _ in 0..LOOKS {
        has_it = third.take().await.is_ok();
        if has_it {
            break;
        }
        tokio::time::sleep(MOMENT).await;
    }
    assert!(has_it, "a third server is kept out");
    third.close().await;
}

async fn a_newer_database_is_refused(bed: Bed) {
    bed.beside()
        .await
        .run(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    let refused = Store::open(&bed.url).await;
    assert!(matches!(refused, Err(StoreError::Newer { version: 9999 })), "{refused:?}");
}

#[tokio::test]
async fn addresses_that_make_no_sense_are_refused_without_being_repeated() {
    for url in ["", "mysql://u:geheim@h/d", "sqlite:", "sqlite::memory:", "postgres://u:geheim@h:port/d"] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(matches!(refused, StoreError::Address { .. }), "{url}: {refused:?}");
        assert!(!format!("{refused} {refused:?}").contains("geheim"));
    }
    let nowhere = Store::open("sqlite:/nonexistent/folder/t.db").await;
    assert!(matches!(nowhere, Err(StoreError::File { .. })), "{nowhere:?}");
    let refused = Store::open("postgres://u:geheim@127.0.0.1:1/d").await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone_and_durable() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.db");
    let store = Store::open(&format!("sqlite://{}", path.display())).await.unwrap();
    store.settings().set("k", "v").await.unwrap();
    for name in ["r.db", "r.db-wal", "r.db-shm"] {
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
    store.close().await;
}
