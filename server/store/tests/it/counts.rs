use rampart_store::{GatewayCount, StoreError};

use crate::bed::{Bed, NOW, on_both, with_exercises};

on_both!(counts_only_rise);

fn count(counter: &str, packets: u64, read_ms: i64) -> GatewayCount {
    GatewayCount { counter: counter.to_owned(), packets, bytes: packets * 60, read_ms }
}

async fn counts_only_rise(bed: Bed) {
    with_exercises(&bed.store, &["e1"]).await;
    let counts = bed.store.gateway_counts();
    assert_eq!(counts.of("e1", 1).await.unwrap(), []);
    let first = [count("allow_1", 7, NOW), count("forged", 0, NOW)];
    counts.keep("e1", 1, &first).await.unwrap();
    assert_eq!(counts.of("e1", 1).await.unwrap(), first);
    assert_eq!(counts.of("e1", 2).await.unwrap(), [], "of another range");
    // One that was read before comes late.
    counts.keep("e1", 1, &[count("allow_1", 6, NOW - 5), count("forged", 1, NOW + 5)]).await.unwrap();
    let now = counts.of("e1", 1).await.unwrap();
    assert_eq!(now, [count("allow_1", 7, NOW), count("forged", 1, NOW + 5)]);
    counts.keep("e1", 1, &[]).await.unwrap();
    assert_eq!(counts.of("e1", 1).await.unwrap(), now);
    let none = counts.keep("none", 1, &[count("forged", 1, NOW)]).await;
    assert!(matches!(none, Err(StoreError::Missing { .. })), "{none:?}");
}
