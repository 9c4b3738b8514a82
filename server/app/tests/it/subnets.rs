//! The block of subnets: full, taken by others, and left behind.

use rampart_domain::plan::NetworkPlan;
use rampart_engine::{Engine, HostFacts, Labels};
use rampart_store::{Claim, Role};
use scoreboard::Status;

use crate::house::{House, MORNING, until};

fn block() -> impl Iterator<Item = ipnet::Ipv4Net> + Send {
    "10.77.0.0/16".parse::<ipnet::Ipv4Net>().unwrap().subnets(26).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_block_refuses_a_launch_before_anything_is_made_and_names_who_holds_it() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let (holder, late) =
        (house.exercise("S115-01", &teacher).await, house.exercise("S115-02", &teacher).await);
    // Six zones are wanted; the host's own routes and other networks take what the holder leaves.
    let places: Vec<(u16, u16)> = (1..=509).flat_map(|range| [(range, 0), (range, 1)]).collect();
    let claim = house.app.store.subnets().claim(&holder, &places, block(), &[], MORNING).await.unwrap();
    assert!(matches!(claim, Claim::Granted(subnets) if subnets.len() == 1018));
    house.engine.set_host(HostFacts {
        routes: vec![("vpn0".into(), "10.77.255.192/26".parse().unwrap())],
        ..HostFacts::default()
    });
    let live = house.app.exercise(&late).unwrap();
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    until("it is refused", || live.fold().status == Status::Draft).await;
    let why = live.fold().why.clone().unwrap();
    assert_eq!(why.rule, "launch.subnets_exhausted");
    assert_eq!((why.args["wanted"].as_str(), why.args["free"].as_str()), ("6", "5"));
    assert_eq!(why.args["holders"], "S115-01 1018");
    let made = house.engine.calls().iter().any(|call| call.starts_with("create_"));
    assert!(!made, "something was made");
    assert!(house.app.store.subnets().of(&late).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_goes_round_what_others_hold_even_if_it_appears_under_its_hands() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let id = house.exercise("S115-01", &teacher).await;
    house.engine.set_host(HostFacts {
        routes: vec![("vpn0".into(), "10.77.0.0/24".parse().unwrap())],
        ..HostFacts::default()
    });
    let foreign = NetworkPlan {
        name: "foreign".into(),
        zone: "x".into(),
        subnet: "10.77.1.64/26".parse().unwrap(),
        router: "10.77.1.65".parse().unwrap(),
        gateway: "10.77.1.66".parse().unwrap(),
    };
    let labels = Labels { run: "another".into(), range: 1, name: "x".into(), plan: String::new(), epoch: 0 };
    house.engine.create_network(&foreign, &labels).await.unwrap();
    // Holds a subnet that no list of the engine shows: only the making of a network tells.
    let error =
        rampart_engine::EngineError::Conflict("Pool overlaps with other one on this address space".into());
    house.engine.fail(rampart_engine::fake::Fault {
        call: "create_network".into(),
        object: "*".into(),
        error,
        done: false,
        times: 1,
    });
    let live = house.app.exercise(&id).unwrap();
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..1200 {
        held = house.app.store.subnets().of(&id).await.unwrap();
        let made = house.engine.calls().iter().filter(|call| call.starts_with("create_network rmp")).count();
        if made > 6 && held.len() == 6 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(held.len(), 6);
    for subnet in &held {
        let cidr = subnet.cidr;
        assert!(!"10.77.0.0/24".parse::<ipnet::Ipv4Net>().unwrap().contains(&cidr), "{cidr} is the host's");
        assert!(cidr != foreign.subnet, "{cidr} is somebody else's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subnets_that_a_dead_server_left_are_given_back_by_the_next() {
    let mut house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let (idle, busy) = (house.exercise("S115-01", &teacher).await, house.exercise("S115-02", &teacher).await);
    house.set_going(&busy, &[Status::Provisioning, Status::Ready, Status::Running]).await;
    let subnets = |house: &House| house.app.store.clone();
    for id in [&idle, &busy] {
        subnets(&house).subnets().claim(id, &[(1, 0), (1, 1)], block(), &[], MORNING).await.unwrap();
    }
    house.reopen().await;
    assert!(subnets(&house).subnets().of(&idle).await.unwrap().is_empty());
    assert_eq!(subnets(&house).subnets().of(&busy).await.unwrap().len(), 2, "a range stands there");
}
