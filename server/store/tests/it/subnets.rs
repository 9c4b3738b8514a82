use futures_util::future::join_all;
use ipnet::Ipv4Net;
use rampart_store::{Claim, StoreError};

use crate::bed::{Bed, NOW, on_both, with_exercises};

on_both!(
    claims_at_once_never_overlap,
    a_claim_is_whole_and_may_be_repeated,
    what_is_refused_or_overlaps_is_passed_over,
    five_hundred_zones_are_claimed_in_moments,
);

fn block(prefix: u8) -> Vec<Ipv4Net> {
    let block: Ipv4Net = "10.213.0.0/22".parse().unwrap();
    block.subnets(prefix).unwrap().collect()
}

async fn claims_at_once_never_overlap(bed: Bed) {
    let ids: Vec<String> = (0..8).map(|number| format!("e{number}")).collect();
    with_exercises(&bed.store, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // 64 subnets of /28, eight times nine wanted: seven get theirs.
    let places: Vec<(u16, u16)> = (1..=3).flat_map(|range| (0..3).map(move |zone| (range, zone))).collect();
    let tries = ids.iter().map(|id| {
        let (store, id, places) = (bed.store.clone(), id.clone(), places.clone());
        tokio::spawn(async move { store.subnets().claim(&id, &places, block(28), &[], NOW).await.unwrap() })
    });
    let answers: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let mut taken = Vec::new();
    for answer in &answers {
        match answer {
            Claim::Granted(subnets) => {
                assert_eq!(subnets.iter().map(|s| (s.range, s.zone)).collect::<Vec<_>>(), places);
                taken.extend(subnets.iter().map(|subnet| subnet.cidr));
            }
            Claim::Exhausted { wanted, free } => assert_eq!((*wanted, *free), (9, 1)),
        }
    }
    assert_eq!(taken.len(), 63);
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 63);
    let holders = bed.store.subnets().holders().await.unwrap();
    assert_eq!(holders.len(), 7);
    assert!(
        holders
            .iter()
            .all(|holder| holder.subnets == 9 && holder.code == format!("C-{}", holder.exercise_id))
    );
}

async fn a_claim_is_whole_and_may_be_repeated(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let subnets = bed.store.subnets();
    let all: Vec<(u16, u16)> = (0..16).map(|zone| (1, zone)).collect();
    let first = subnets.claim("e1", &all[..3], block(26), &[], NOW).await.unwrap();
    let again = subnets.claim("e1", &all[..3], block(26), &[], NOW + 9).await.unwrap();
    assert_eq!(first, again);
    let more = subnets.claim("e1", &all[..5], block(26), &[], NOW + 9).await.unwrap();
    let (Claim::Granted(first), Claim::Granted(more)) = (first, more) else { panic!() };
    assert_eq!(more[..3], first);
    assert_eq!(more.len(), 5);
    let none = subnets.claim("e2", &all, block(26), &[], NOW).await.unwrap();
    assert_eq!(none, Claim::Exhausted { wanted: 16, free: 11 });
    assert!(subnets.of("e2").await.unwrap().is_empty());
    assert_eq!(subnets.of("e1").await.unwrap(), more);
    assert_eq!(subnets.release("e1").await.unwrap(), 5);
    assert!(matches!(subnets.claim("e2", &all, block(26), &[], NOW).await.unwrap(), Claim::Granted(_)));
    let nobody = subnets.claim("e9", &[(1, 0)], ["10.9.0.0/24".parse().unwrap()], &[], NOW).await;
    assert!(matches!(nobody, Err(StoreError::Missing { .. })), "{nobody:?}");
}

async fn what_is_refused_or_overlaps_is_passed_over(bed: Bed) {
    with_exercises(&bed.store, &["e1", "e2"]).await;
    let subnets = bed.store.subnets();
    let route: Ipv4Net = "10.213.0.0/25".parse().unwrap();
    let Claim::Granted(first) = subnets.claim("e1", &[(1, 0)], block(26), &[route], NOW).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(first[0].cidr.to_string(), "10.213.0.128/26");
    // The block was cut otherwise before: what overlaps by a part is held all the same.
    let Claim::Granted(second) = subnets.claim("e2", &[(1, 0)], block(24), &[], NOW).await.unwrap() else {
        panic!()
    };
    assert_eq!(second[0].cidr.to_string(), "10.213.1.0/24");
}

async fn five_hundred_zones_are_claimed_in_moments(bed: Bed) {
    // The default block in the size that a launch takes: room for more than 500 zones.
    let block: Ipv4Net = "10.77.0.0/16".parse().unwrap();
    let candidates = || block.subnets(26).unwrap();
    assert_eq!(candidates().count(), 1024);
    let ids: Vec<String> = (0..43).map(|number| format!("e{number}")).collect();
    with_exercises(&bed.store, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // Twelve pairs in two zones each, more than 500 in two rounds of the busiest week.
    let places: Vec<(u16, u16)> = (1..=12).flat_map(|range| (0..2).map(move |zone| (range, zone))).collect();
    let began = std::time::Instant::now();
    let mut granted = 0;
    for id in &ids {
        match bed.store.subnets().claim(id, &places, candidates(), &[], NOW).await.unwrap() {
            Claim::Granted(subnets) => granted += subnets.len(),
            Claim::Exhausted { wanted, free } => {
                assert_eq!((granted, wanted, free), (42 * 24, 24, 1024 - 42 * 24), "{id}");
            }
        }
    }
    let took = began.elapsed();
    assert_eq!(granted, 1008);
    assert!(took.as_secs() < 20, "{granted} claims took {took:?}");
}
