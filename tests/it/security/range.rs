//! A running range with two pairs, and everything that is tried against it. One launch serves all tries; each is told by
//! name, and one that fails does not keep the others from being made.

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::{secrets, sweep, walls};
use crate::harness::http::Person;
use crate::harness::stage::{self, Scene};
use crate::harness::{SOON, keep, terminal};

/// A right that is gone closes what is open within this time. Five seconds are promised, and the server looks every two; a
/// busy machine may take more.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_against_a_running_range() {
    let scene = stage::running(2).await;
    let mut failed = Vec::new();
    macro_rules! attempt {
        ($name:literal, $body:expr) => {
            match keep::outcome($body).await {
                Ok(()) => eprintln!("holds: {}", $name),
                Err(_) => failed.push($name),
            }
        };
    }
    attempt!("containers are made without rights", async { walls::containers_have_no_rights(&scene) });
    attempt!("the host is out of reach", async { walls::the_host_is_out_of_reach(&scene) });
    attempt!("the other team is out of reach", async { walls::the_other_team_is_out_of_reach(&scene) });
    attempt!("there is no way out", async { walls::there_is_no_way_out(&scene) });
    attempt!("raw frames do not reach the host", async { walls::raw_frames_do_not_reach_the_host(&scene) });
    attempt!("rules between zones hold", async { walls::rules_between_zones_hold(&scene) });
    attempt!("no flag in any environment", async { secrets::no_flag_in_any_environment(&scene) });
    attempt!("terminals ask who comes", terminals_ask_who_comes(&scene));
    attempt!("no secret in the environment of a weak user", async {
        sweep::no_secret_in_the_environment_of_a_weak_user(&scene);
    });
    attempt!("no flag on any page", secrets::no_flag_on_any_page(&scene));
    attempt!("no flag in anything that is served", sweep::nothing_that_is_served_holds_a_flag(&scene));
    attempt!("no flag at rest", async { secrets::no_flag_at_rest(&scene) });
    attempt!("a lost right closes what is open", a_lost_right_closes_what_is_open(&scene));
    if !failed.is_empty() {
        scene.server.keep(&keep::folder("range"));
    }
    assert!(failed.is_empty(), "does not hold: {failed:?}");
}

/// A WebSocket is asked for its origin, its log-in and its seat like any other route.
async fn terminals_ask_who_comes(scene: &Scene) {
    let base = scene.server.base();
    let own = Some(base.as_str());
    let size = "cols=80&rows=24";
    let refused = |answer: Result<terminal::Terminal, u16>| answer.err();
    let stranger = Person::new(&base);
    assert_eq!(refused(terminal::open(&stranger, size, own).await), Some(401), "without log-in");
    for foreign in [Some("http://evil.example"), Some("null"), Some("http://127.0.0.1:1"), None] {
        let answer = refused(terminal::open(scene.red(1), size, foreign).await);
        assert_eq!(answer, Some(403), "from {foreign:?}");
    }
    for staff in [&scene.staff.admin, &scene.staff.instructor, &scene.staff.officer] {
        assert_eq!(refused(terminal::open(staff, size, own).await), Some(403), "staff have no seat");
    }
    let answer = refused(terminal::open(scene.red(1), &format!("{size}&seat=0198c4"), own).await);
    assert_eq!(answer, Some(404), "somebody else's seat");

    // And the right person gets the own workstation, of the own range, without rights.
    let mut red = terminal::open(scene.red(1), size, own).await.ok().unwrap();
    let said = red.run("id -un; hostname; hostname -I", SOON).await;
    assert!(said.contains("red") && said.contains("attack"), "{said}");
    let address =
        crate::harness::docker::addresses(&crate::harness::docker::host(&scene.exercise, 1, "attack"))[0];
    assert!(said.contains(&address.to_string()), "{said} is not {address}");
    let said =
        red.run("sudo -n true 2>&1; su -c true </dev/null 2>&1; cat /etc/shadow 2>&1 | head -1", SOON).await;
    assert!(!said.contains("root:"), "{said}");
}

async fn ends_within(stream: reqwest::Response, within: Duration) -> bool {
    let mut stream = stream.bytes_stream();
    let end = async { while let Some(Ok(_)) = stream.next().await {} };
    tokio::time::timeout(within, end).await.is_ok()
}

/// Seat taken away, account disabled, password reset: streams and terminals end by themselves.
async fn a_lost_right_closes_what_is_open(scene: &Scene) {
    let (admin, instructor) = (&scene.staff.admin, &scene.staff.instructor);
    let run = &scene.exercise;
    let base = scene.server.base();

    // A trainee loses the seat.
    let red = scene.red(2);
    let mut shell = terminal::open(red, "cols=80&rows=24", Some(base.as_str())).await.ok().unwrap();
    shell.run("echo here", SOON).await;
    let stream = red.stream("/seat/events").await;
    assert_eq!(stream.status().as_u16(), 200);
    let people = stage::persons(instructor, run).await;
    // Of the people of this scene, two to a pair, the third sits in the second red seat.
    let (_, person) = people.iter().find(|(name, _)| name == "學員003").unwrap();
    let field = format!("team.{person}");
    let path = format!("/exercises/{run}/seats");
    instructor.post(&path, &[("act", "save"), (&field, "")]).await.went_on();
    let began = Instant::now();
    let (closed, ended) = tokio::join!(
        shell.read_until(CLOSED_WITHIN, |shell| shell.closed),
        ends_within(stream, CLOSED_WITHIN)
    );
    assert!(closed, "the terminal is open {:?} after the seat was taken", began.elapsed());
    assert!(ended, "the stream is open {:?} after the seat was taken", began.elapsed());
    let answer = red.get_json("/seat").await;
    assert_eq!(answer.status.as_u16(), 401, "the seat's page still opens");

    // A member of staff is disabled.
    let once = stage::make_account(admin, "helper", "助教", "instructor").await;
    let helper = stage::first_log_in(&base, "helper", &once).await;
    let stream = helper.stream(&format!("/exercises/{run}/events")).await;
    assert_eq!(stream.status().as_u16(), 200);
    let accounts = admin.get("/accounts").await.ok();
    let row = accounts.split("<tr>").find(|row| row.contains(">helper<")).unwrap();
    let id = crate::harness::page::first(row, r"/accounts/([^/]+)/disable");
    admin.post(&format!("/accounts/{id}/disable"), &[]).await.went_on();
    assert!(ends_within(stream, CLOSED_WITHIN).await, "the stream of a disabled account stays open");
    assert_eq!(helper.get_json("/exercises").await.status.as_u16(), 401);

    // A password is reset: whoever uses the old log-in is out.
    admin.get("/accounts").await.ok();
    admin.post(&format!("/accounts/{id}/enable"), &[]).await.went_on();
    stage::enter(&helper, "helper", stage::PASSWORD).await;
    let stream = helper.stream(&format!("/exercises/{run}/events")).await;
    assert_eq!(stream.status().as_u16(), 200);
    admin.get("/accounts").await.ok();
    admin.post(&format!("/accounts/{id}/reset"), &[]).await;
    assert!(ends_within(stream, CLOSED_WITHIN).await, "the stream outlives the password");
    assert_eq!(helper.get_json("/exercises").await.status.as_u16(), 401);
}
