use rampart_store::{Store, StoreError};

use crate::bed::{Bed, on_both};

on_both!(what_was_written_is_there_after_a_restart, a_newer_database_is_refused, one_server_has_it_at_a_time);

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
    for _ in 0..50 {
        if other.take().await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    other.take().await.unwrap();
    other.close().await;
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
