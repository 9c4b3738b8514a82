//! What must hold when something fails or falls between two lives of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rampart_app::exercise::{CommandError, HostCondition};
use rampart_domain::decide::ReportForm;
use rampart_domain::plan::RangePlan;
use rampart_domain::scenario::Telemetry;
use rampart_domain::truth::{Event, read_record};
use rampart_engine::fake::Fault;
use rampart_engine::{Engine, EngineError, ExecOut, State};
use rampart_store::StoredEvent;
use scoreboard::{HealthState, Reason, Status, Verdict};

use crate::house::{House, MORNING, until};

const RUNNING: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running];
const ENDED: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running, Status::Ended];
const PAUSED: &[Status] = &[Status::Provisioning, Status::Ready, Status::Running, Status::Paused];

/// The two records that a search injection leaves in a range: (host, time in ns, line).
pub fn injection(range: &RangePlan, at_ms: i64) -> [(&'static str, i64, String); 2] {
    let address = |host: &str| range.host(host).unwrap().legs[0].address.to_string();
    let web = serde_json::json!({
        "kind": "web", "src": address("attack"), "method": "GET", "status": "200", "agent": "curl",
        "uri": "/search.php?q=x%27+UNION+SELECT+1,login,note,password+FROM+staff--+-",
    });
    let flow = serde_json::json!({
        "kind": "flow", "proto": "tcp", "src": address("attack"), "dst": address("www"), "dport": "80",
    });
    let ns = at_ms * 1_000_000;
    [("gateway", ns, flow.to_string()), ("www", ns + 1_000_000, web.to_string())]
}

fn event(range: &RangePlan, (host, at_ns, line): &(&str, i64, String)) -> Event {
    let kind = if *host == "gateway" { Telemetry::Flow } else { Telemetry::Web };
    read_record(range, host, kind, *at_ns, line.as_bytes()).unwrap()
}

fn stored(exercise: &str, event: &Event) -> StoredEvent {
    StoredEvent {
        id: event.id.clone(),
        exercise_id: exercise.into(),
        range: event.range,
        at_ms: event.at_ms,
        host: event.host.clone(),
        kind: if event.kind == Telemetry::Web { "web" } else { "flow" }.into(),
        fields: serde_json::to_string(&event.fields).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_the_ledger_did_not_take_is_entered_later() {
    let mut house = House::new().await;
    let (id, ..) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    let go = Arc::new(AtomicBool::new(false));
    let wait = go.clone();
    house.engine.answer(move |_, spec| {
        if String::from_utf8_lossy(&spec.stdin).contains("rampart-retest") {
            while !wait.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        None
    });
    live.ask_retest("b1", "s1", "fix-search").await.unwrap();
    house.disk_full(true).await;
    go.store(true, Ordering::SeqCst);
    let refused = live.submit_flag("r1", "s1", "portal-db", &live.flag_of("r1", "portal-db")).await;
    assert!(refused.is_err(), "nothing is answered that is not durable");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(live.fold().team("r1").unwrap().points, 0);
    house.disk_full(false).await;
    let key = ("b1".to_owned(), "fix-search".to_owned());
    until("the retest's result is entered", || !live.fold().repairs[&key].waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_wins_over_a_thaw_that_is_still_under_way() {
    let mut house = House::new().await;
    let (id, teacher, plan) = house.standing(PAUSED).await;
    let live = house.app.exercise(&id).unwrap();
    let frozen = |house: &House| {
        let (engine, id) = (house.engine.clone(), id.clone());
        async move {
            let seen = engine.observe(&id).await.unwrap();
            seen.containers.iter().filter(|found| found.state == State::Paused).count()
        }
    };
    let all_frozen = async |house: &House| {
        for _ in 0..1200 {
            if frozen(house).await == 12 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    };
    assert!(all_frozen(&house).await);
    // One container is slow to thaw, so the thaw goes round several times.
    let slow = house.engine.observe(&id).await.unwrap();
    let slow = slow.container(&plan.ranges[1].hosts[2].name).unwrap().id.clone();
    let error = EngineError::Refused("not now".into());
    house.engine.fail(Fault { call: "unpause".into(), object: slow, error, done: false, times: 3 });
    live.turn(&teacher, Status::Running).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    live.turn(&teacher, Status::Paused).await.unwrap();
    assert!(all_frozen(&house).await);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(frozen(&house).await, 12, "the clock stands, so everything does");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_records_were_stored_before_a_crash_is_confirmed_after_it() {
    let mut house = House::new().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    let events: Vec<_> = injection(&plan.ranges[0], MORNING + 60_000)
        .iter()
        .map(|line| stored(&id, &event(&plan.ranges[0], line)))
        .collect();
    // As if the server had died between the store and the ledger.
    house.app.store.events().append(&events, &[]).await.unwrap();
    house.app.stop().await;
    house.clock.advance(120_000);
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    until("the action is entered", || live.fold().actions.len() == 1).await;
    assert_eq!(live.fold().actions[0].range, 1);
    house.reopen().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(house.app.exercise(&id).unwrap().fold().actions.len(), 1, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_round_before_the_start_does_not_hide_the_act_after_it() {
    let mut house = House::new().await;
    let (id, teacher, plan) = house.standing(&[Status::Provisioning, Status::Ready]).await;
    let live = house.app.exercise(&id).unwrap();
    let write = |at_ms| {
        for (host, at_ns, line) in injection(&plan.ranges[0], at_ms) {
            house.engine.write_line(&plan.ranges[0].host(host).unwrap().name, at_ns, &line);
        }
    };
    write(MORNING);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    house.clock.advance(60_000);
    live.turn(&teacher, Status::Running).await.unwrap();
    house.clock.advance(60_000);
    write(MORNING + 110_000);
    until("the act is entered", || live.fold().actions.len() == 1).await;
    assert_eq!(live.fold().actions[0].seen_ms, MORNING + 110_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_in_which_the_server_was_away_counts_neither_way() {
    let mut house = House::new().await;
    let (id, teacher, _) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    let up = |live: &rampart_app::exercise::Exercise, since: i64| {
        let is_up = |(state, at, _): &&(HealthState, i64, String)| *state == HealthState::Up && *at >= since;
        live.fold().health.values().filter(is_up).count() == 4
    };
    until("all checks are up", || up(&live, 0)).await;
    house.clock.advance(60_000);
    until("a minute is booked", || live.fold().booked.get("b1").is_some_and(|booked| booked.0 == 60_000))
        .await;
    house.app.stop().await;
    house.clock.advance(1_800_000);
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    until("all checks are up again", || up(&live, house.app.now_ms())).await;
    house.clock.advance(10_000);
    live.turn(&teacher, Status::Ended).await.unwrap();
    let (through, up_ms, known_ms) = live.fold().booked["b1"];
    assert_eq!(through, 1_870_000, "the clock went on, as announced");
    assert_eq!(up_ms, known_ms);
    assert_eq!(known_ms, 3 * 70_000, "half an hour without a probe is unknown");
}

fn form(cited: &[&str], seen_ms: i64) -> ReportForm {
    ReportForm {
        host: "www".into(),
        technique: "T1190".into(),
        seen_ms,
        cited: cited.iter().map(|id| (*id).to_owned()).collect(),
        text: "搜尋頁被注入".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_waits_for_records_that_the_server_has_not_read_yet() {
    let mut house = House::new().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    let range = &plan.ranges[0];
    let lines = injection(range, MORNING + 1_000);
    let cited = event(range, &lines[1]).id;
    house.clock.advance(5_000);
    let live = house.app.exercise(&id).unwrap();
    live.file_report("b1", "s5", form(&[&cited], MORNING + 2_000)).await.unwrap();
    house.app.stop().await;
    for (host, at_ns, line) in &lines {
        house.engine.write_line(&range.host(host).unwrap().name, *at_ns, line);
    }
    house.clock.advance(60_000);
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    until("the action is entered", || live.fold().actions.len() == 1).await;
    assert!(live.fold().reports[0].judged.is_none());
    house.clock.advance(6_000);
    until("the report is judged", || live.fold().reports[0].judged.is_some()).await;
    let judged = live.fold().reports[0].judged.clone().unwrap();
    assert!(matches!(judged.0, Verdict::Matched { .. }), "{judged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_another_range_and_evidence_cited_twice_prove_nothing() {
    let mut house = House::new().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    for range in &plan.ranges {
        for (host, at_ns, line) in injection(range, MORNING) {
            house.engine.write_line(&range.host(host).unwrap().name, at_ns, &line);
        }
    }
    until("both acts are entered", || live.fold().actions.len() == 2).await;
    let of = |range: usize| event(&plan.ranges[range], &injection(&plan.ranges[range], MORNING)[1]).id;
    let (own, foreign) = (of(0), of(1));
    house.clock.advance(1_000);
    live.file_report("b1", "s5", form(&[&foreign], MORNING)).await.unwrap();
    live.file_report("b1", "s5", form(&[&own, &own, &own, "x1", "x2", "x3"], MORNING)).await.unwrap();
    live.file_report("b1", "s5", form(&[&own], MORNING)).await.unwrap();
    house.clock.advance(6_000);
    until("all are judged", || live.fold().reports.iter().all(|filed| filed.judged.is_some())).await;
    let fold = live.fold().clone();
    let verdicts: Vec<&Verdict> =
        fold.reports.iter().map(|filed| &filed.judged.as_ref().unwrap().0).collect();
    assert!(
        matches!(verdicts[..], [Verdict::False, Verdict::False, Verdict::Matched { .. }]),
        "{verdicts:?}"
    );
    assert_eq!(fold.reports[1].cited.len(), 4, "an event counts once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_pause_during_a_retest_does_not_cost_the_team_its_place() {
    let mut house = House::new().await;
    let (id, teacher, _) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    let go = Arc::new(AtomicBool::new(false));
    let wait = go.clone();
    house.engine.answer(move |_, spec| {
        if !String::from_utf8_lossy(&spec.stdin).contains("rampart-retest") {
            return None;
        }
        let first = !wait.load(Ordering::SeqCst);
        while !wait.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Frozen in the middle: the limit ends it. Later: the attack fails.
        Some(ExecOut { code: if first { -1 } else { 1 }, timed_out: first, ..ExecOut::default() })
    });
    live.ask_retest("b1", "s1", "fix-search").await.unwrap();
    live.turn(&teacher, Status::Paused).await.unwrap();
    go.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let key = ("b1".to_owned(), "fix-search".to_owned());
    assert!(live.fold().repairs[&key].waiting, "what the pause spoilt is no result");
    live.turn(&teacher, Status::Running).await.unwrap();
    until("the retest has passed", || live.fold().repairs[&key].passed).await;
    assert_eq!(live.fold().team("b1").unwrap().parts[&scoreboard::Component::Response], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_is_shown_and_started_again() {
    let mut house = House::new().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    let www = plan.ranges[0].host("www").unwrap().name.clone();
    let state = || live.hosts().borrow().iter().find(|host| host.range == 1 && host.host == "www").cloned();
    until("www is seen to run", || state().is_some_and(|www| www.state == HostCondition::Running)).await;
    house.engine.die(&www, 137, true);
    until("the death is seen", || state().is_some_and(|www| www.deaths == 1)).await;
    let seen = state().unwrap();
    assert_eq!((seen.died.unwrap().0, seen.oom_ms.is_some()), (137, true));
    let rules: Vec<String> =
        live.progress().borrow().alarms.iter().map(|alarm| alarm.what.rule.clone()).collect();
    assert!(
        rules.contains(&"alarm.host_died".to_owned()) && rules.contains(&"alarm.host_oom".to_owned()),
        "{rules:?}"
    );
    until("it is seen to run again", || state().unwrap().state == HostCondition::Running).await;
    assert_eq!(house.engine.inspect(&www).await.unwrap().state, State::Running);
    assert!(state().unwrap().oom_ms.is_some(), "what happened stays to be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_that_somebody_took_away_is_an_alarm_and_an_audit_line() {
    let mut house = House::new().await;
    house.engine.guard().await.unwrap();
    house.engine.flush_wall();
    let (id, ..) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    until("the range is looked at", || !live.hosts().borrow().is_empty()).await;
    let made = || live.progress().borrow().alarms.iter().any(|alarm| alarm.what.rule == "alarm.wall_made");
    // The takeover makes the wall again by itself and may still be at it; whoever takes it away goes on doing so.
    for _ in 0..60 {
        house.engine.flush_wall();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if made() {
            break;
        }
    }
    assert!(made());
    let lines = house.app.store.audit().list(Some("range.wall"), None, 5).await.unwrap();
    assert!(lines[0].detail.contains(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_engine_is_an_alarm_while_it_is_silent() {
    let mut house = House::new().await;
    let (id, ..) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    let known = |state| {
        let hosts = live.hosts();
        let hosts = hosts.borrow();
        !hosts.is_empty() && hosts.iter().all(|host| host.state == state)
    };
    until("all run", || known(HostCondition::Running)).await;
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault { call: "*".into(), object: "*".into(), error, done: false, times: u32::MAX });
    until("nothing is known", || known(HostCondition::Unknown)).await;
    let lasting = || live.progress().borrow().alarms.iter().any(|alarm| alarm.over_ms.is_none());
    until("staff is told", lasting).await;
    house.engine.heal();
    until("all run again", || known(HostCondition::Running)).await;
    until("staff is told that it is over", || !lasting()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clearing_goes_on_after_a_restart() {
    let mut house = House::new().await;
    let (id, teacher, _) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    live.turn(&teacher, Status::Ended).await.unwrap();
    let error = EngineError::NodeUnreachable { since_ms: None };
    house.engine.fail(Fault { call: "*".into(), object: "*".into(), error, done: false, times: u32::MAX });
    live.turn(&teacher, Status::Cleared).await.unwrap();
    until("it says why it does not get on", || live.progress().borrow().why.is_some()).await;
    assert_eq!(live.progress().borrow().why.as_ref().unwrap().rule, "engine.silent");
    house.app.stop().await;
    house.engine.heal();
    house.reopen().await;
    let live = house.app.exercise(&id).unwrap();
    until("it is cleared", || live.fold().status == Status::Cleared).await;
    assert!(house.engine.observe(&id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_launch_can_be_given_up_and_leaves_nothing() {
    let house = House::new().await;
    let teacher = house.account("teacher", rampart_store::Role::Instructor).await;
    let id = house.exercise("S115-01", &teacher).await;
    let live = house.app.exercise(&id).unwrap();
    // Readiness never comes.
    house.engine.answer(|_, _| Some(ExecOut { code: 1, ..ExecOut::default() }));
    live.turn(&teacher, Status::Provisioning).await.unwrap();
    let mut stands = false;
    for _ in 0..1200 {
        stands = !house.engine.observe(&id).await.unwrap().is_empty();
        if stands {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(stands, "{:?}", live.progress().borrow());
    live.turn(&teacher, Status::Draft).await.unwrap();
    until("it is a draft again", || live.fold().status == Status::Draft).await;
    assert_eq!(live.fold().why.as_ref().unwrap().rule, "launch.given_up");
    assert!(house.engine.observe(&id).await.unwrap().is_empty());
    assert!(house.app.store.subnets().of(&id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_records_is_dropped_in_sight_and_hides_neither_an_act_nor_the_others() {
    let mut house = House::new().await;
    let (id, _, plan) = house.standing(RUNNING).await;
    let live = house.app.exercise(&id).unwrap();
    let (first, second) = (&plan.ranges[0], &plan.ranges[1]);
    let at_ms = house.app.now_ms() / 1000 * 1000 + 1000;
    let web = |n: i64| {
        let line = serde_json::json!({
            "kind": "web", "src": first.host("citizens").unwrap().legs[0].address.to_string(),
            "method": "GET", "status": "200", "agent": "curl", "uri": format!("/?page={n}"),
        });
        line.to_string()
    };
    // What is stored of one host and one second, and a hundred more; then an act in the same second.
    for n in 0..600 {
        house.engine.write_line(&first.host("www").unwrap().name, (at_ms + n) * 1_000_000, &web(n));
    }
    for (host, at_ns, line) in injection(first, at_ms + 900) {
        house.engine.write_line(&first.host(host).unwrap().name, at_ns, &line);
    }
    house.engine.write_line(&second.host("www").unwrap().name, (at_ms + 950) * 1_000_000, &web(0));
    let dropped = || {
        let progress = live.progress();
        let progress = progress.borrow();
        let of_flood = |what: &Reason| what.rule == "alarm.records_dropped" && what.args["host"] == "www";
        let told = progress.alarms.iter().find(|alarm| of_flood(&alarm.what));
        told.and_then(|alarm| alarm.what.args.get("count").cloned())
    };
    until("staff is told how many", || dropped().as_deref() == Some("100")).await;
    until("the act is confirmed all the same", || live.fold().actions.len() == 1).await;
    let events = house.app.store.events();
    let mut others = Vec::new();
    for _ in 0..1200 {
        others = events.read(&id, 2, None, rampart_store::Page::Latest, 10).await.unwrap();
        if !others.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(others.len(), 1, "the other range's record is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_tampered_with_shuts_its_exercise_only() {
    let mut house = House::new().await;
    let (id, teacher) = house.running().await;
    let other = house.exercise("S115-02", &teacher).await;
    house.app.stop().await;
    house
        .sql(&format!(
            "UPDATE ledger SET text = replace(text, 'S115-01', 'S115-99') WHERE exercise_id = '{id}'"
        ))
        .await;
    house.reopen().await;
    assert!(house.app.exercise(&id).is_none());
    assert!(house.app.exercise(&other).is_some());
    let shut = house.app.shut();
    assert_eq!((shut.len(), shut[0].id.as_str(), shut[0].code.as_str()), (1, id.as_str(), "S115-01"));
    assert_eq!(shut[0].reason, Reason::new("shut.hash", [("seq", "1".to_owned())]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_the_ledger_did_not_take_is_entered_when_it_is_given_again() {
    let mut house = House::new().await;
    let (id, teacher) = house.running().await;
    let roster = "姓名,員工編號,機關,性別\n王小明,A001,資訊處,\n";
    let person = house.app.import_roster(roster.as_bytes(), None).await.unwrap().unwrap().ids.remove(0);
    house.disk_full(true).await;
    assert!(house.app.give_seat(&id, &person, "r1", &teacher).await.is_err());
    house.disk_full(false).await;
    let live = house.app.exercise(&id).unwrap();
    assert!(live.fold().seats.is_empty());
    let seat = house.app.give_seat(&id, &person, "r1", &teacher).await.unwrap();
    assert_eq!(live.fold().seats.get(&seat.id), Some(&(person, "r1".to_owned())));
}

/// Waits until this many objects of a run are on the engine.
async fn objects(house: &House, run: &str, wanted: usize) {
    for _ in 0..1200 {
        if house.engine.observe(run).await.unwrap().len() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {wanted} objects");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clearing_that_the_store_cannot_note_ends_right_when_it_can() {
    // Either nothing that a clearing writes is taken, or everything but its entry in the ledger; and with it the store
    // recovers under a server that runs, or that was started anew meanwhile.
    for (all_of_it, restarts) in [(true, false), (true, true), (false, false), (false, true)] {
        let refuse = async |house: &House, full| {
            if all_of_it { house.store_full(full).await } else { house.disk_full(full).await }
        };
        let mut house = House::new().await;
        let (id, teacher, plan) = house.standing(ENDED).await;
        let all: usize = plan.ranges.iter().map(|range| range.networks.len() + range.hosts.len()).sum();
        let places: Vec<(u16, u16)> =
            (1..=2).flat_map(|range| (0..3).map(move |zone| (range, zone))).collect();
        let nets = (0..6).map(|n| format!("10.77.{n}.0/26").parse().unwrap());
        house.app.store.subnets().claim(&id, &places, nets, &[], MORNING).await.unwrap();
        let live = house.app.exercise(&id).unwrap();
        if all_of_it {
            // What a next life of the server would not know of is not begun.
            refuse(&house, true).await;
            let refused = live.turn(&teacher, Status::Cleared).await;
            assert!(matches!(refused, Err(CommandError::Ledger(_))), "{refused:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
            objects(&house, &id, all).await;
            refuse(&house, false).await;
        }
        // It is begun, and by the time everything is gone nothing can be written.
        let last = plan.ranges[1].hosts[0].name.clone();
        let last = house.engine.observe(&id).await.unwrap().container(&last).unwrap().id.clone();
        let error = EngineError::Refused("busy".into());
        house.engine.fail(Fault { call: "remove".into(), object: last, error, done: false, times: u32::MAX });
        live.turn(&teacher, Status::Cleared).await.unwrap();
        refuse(&house, true).await;
        house.engine.heal();
        objects(&house, &id, 0).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(live.fold().status, Status::Ended, "nothing is said that is not durable");
        let holders = house.app.store.subnets().holders().await.unwrap();
        assert_eq!(holders.len(), usize::from(all_of_it), "subnets are free when that is written");
        drop(live);
        if restarts {
            house.reopen().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert_eq!(house.app.exercise(&id).unwrap().fold().status, Status::Ended);
        }
        refuse(&house, false).await;
        let live = house.app.exercise(&id).unwrap();
        until("it is cleared", || live.fold().status == Status::Cleared).await;
        let told = |entry: &scoreboard::Entry| match &entry.body {
            scoreboard::Body::Status { to, .. } => *to == Status::Cleared,
            _ => false,
        };
        assert_eq!(house.ledger(&id).await.iter().filter(|entry| told(entry)).count(), 1, "said once");
        assert!(house.app.store.subnets().holders().await.unwrap().is_empty(), "its subnets are free");
        assert_eq!(house.app.store.exercises().get(&id).await.unwrap().unwrap().plan, None);
        assert!(house.app.fleet.placement(&id).is_none_or(|(epoch, _)| epoch == 0));
        objects(&house, &id, 0).await;
    }
}
