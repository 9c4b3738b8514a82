//! Bad input and faults: a clear message, and nothing half-made.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::disk::SmallDisk;
use crate::harness::http::Person;
use crate::harness::server::{Server, Setup};
use crate::harness::stage::{self, Staff};
use crate::harness::words::zh;
use crate::harness::{LAUNCH, SOON, docker, eventually, keep, page, unique};
use crate::style::root;

/// A copy of the shipped scenario under another id, with parts of its text replaced.
fn scenario(home: &Path, id: &str, edits: &[(&str, &str)]) -> PathBuf {
    let (from, to) = (root().join("scenarios/qinglan-portal"), home.join("scenarios").join(id));
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    copy(&from, &to);
    let file = to.join("scenario.yaml");
    let mut text =
        std::fs::read_to_string(&file).unwrap().replacen("id: qinglan-portal", &format!("id: {id}"), 1);
    for (old, new) in edits {
        assert!(text.contains(old), "the scenario has no {old:?} any more");
        text = text.replacen(old, new, 1);
    }
    std::fs::write(&file, text).unwrap();
    file
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success(), "cp {} {}", from.display(), to.display());
}

/// An exercise of a scenario with somebody in each seat, about to be launched.
async fn ready_to_launch(server: &mut Server, staff: &Staff, scenario: &str) -> String {
    let people = stage::people(2);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let code = format!("T-{}", unique());
    let run = stage::make_exercise(server, &staff.instructor, scenario, &code, 1).await;
    stage::seat(&staff.instructor, &run, &[(&people[0].0, "r1"), (&people[1].0, "b1")]).await;
    run
}

/// Launches, waits until it has failed, and gives what the control room says.
async fn launch_and_fail(staff: &Staff, run: &str) -> String {
    stage::act(&staff.instructor, run, "launch", "").await;
    let html = eventually("the launch fails", LAUNCH, || async {
        let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
        let state = page::first(&html, r#"data-state="([a-z]+)""#);
        assert!(state != "ready", "the launch went well");
        (state == "failed").then_some(html)
    })
    .await;
    assert!(docker::objects(run).is_empty(), "left over: {:?}", docker::objects(run));
    page::said(&html)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_with_errors_is_told_line_by_line() {
    let home = TempDir::new().unwrap();
    let file = scenario(
        home.path(),
        "full-of-faults",
        &[
            ("difficulty: basic ", "difficultty: basic "),
            ("to: dmz/www, proto: tcp, ports: [80] }", "to: dmz/wwww, proto: tcp, ports: [80] }"),
            ("technique: T1190", "technique: hacking"),
            ("every: 20s", "every: often"),
        ],
    );
    // The command line: exit code 2, every fault with file, line and column, and how to spell it.
    let text = std::fs::read_to_string(&file).unwrap();
    let server = Server::with(Setup { scenarios: home.path().join("scenarios"), ..Setup::default() }).await;
    let out = server.command(&["scenario", "check"]).arg(&file).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(2), "{said}");
    let lines: Vec<usize> = ["difficultty", "wwww", "hacking", "every: often"]
        .iter()
        .map(|part| text.lines().position(|line| line.contains(part)).unwrap() + 1)
        .collect();
    for line in &lines {
        let place = regex::Regex::new(&format!(r"scenario\.yaml:{line}:[0-9]+")).unwrap();
        assert!(place.is_match(&said), "line {line} is not told: {said}");
    }
    assert!(said.contains("difficulty"), "no suggestion: {said}");

    // The page tells the same.
    let staff = stage::staff(&server).await;
    let html = staff.instructor.get("/scenarios/full-of-faults").await.ok();
    for line in &lines {
        assert!(
            html.contains(&format!("scenario.yaml:{line}:")),
            "line {line} is not on the page: {}",
            page::said(&html)
        );
    }
    let html = staff.instructor.get("/scenarios").await.ok();
    assert!(html.contains("full-of-faults"));
    // And nobody can make an exercise of it.
    let fields = [
        ("scenario", "full-of-faults"),
        ("code", "T-1"),
        ("title", ""),
        ("pairs", "1"),
        ("place", ""),
        ("starts", &stage::local(0)),
        ("ends", &stage::local(1)),
    ];
    let answer = staff.instructor.post_from("/exercises/new", "/exercises/new", &fields).await;
    assert_eq!(answer.status.as_u16(), 422);
    assert!(answer.text().contains(&zh("error.scenario_unknown")), "{}", page::said(&answer.text()));
    let list = staff.instructor.get("/exercises").await.ok();
    assert!(!list.contains("T-1"), "half of an exercise was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_scenario_is_refused_fast() {
    let home = TempDir::new().unwrap();
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..30 {
        let last = n - 1;
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{last}"); 10].join(", ")));
    }
    let deep = format!("id: {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (name, text) in
        [("bomb", bomb), ("deep", deep), ("empty", String::new()), ("list", "- a\n- b\n".into())]
    {
        let folder = home.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("scenario.yaml"), text).unwrap();
        // The shell's limit stands for the promise: with more than this the check is killed.
        let out = Command::new("bash")
            .args(["-c", "ulimit -v 2000000; exec timeout 120 \"$@\"", "check"])
            .arg(crate::harness::binary())
            .args(["scenario", "check"])
            .arg(folder.join("scenario.yaml"))
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains("scenario.yaml:"), "{name}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_fails_to_build_stops_the_launch() {
    let home = TempDir::new().unwrap();
    let name = format!("broken-{}", unique());
    scenario(home.path(), "broken-image", &[("image: base\n", &format!("image: {name}\n"))]);
    copy(&root().join("images"), &home.path().join("images"));
    let folder = home.path().join("images").join(&name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("Dockerfile"),
        "FROM rampart/base:latest\nRUN echo \"failing on purpose: $((40 + 2))\" >&2; exit 7\n",
    )
    .unwrap();
    let setup = Setup {
        scenarios: home.path().join("scenarios"),
        images: home.path().join("images"),
        ..Setup::default()
    };
    let mut server = Server::with(setup).await;
    let outcome = keep::outcome(async {
        let staff = stage::staff(&server).await;
        let run = ready_to_launch(&mut server, &staff, "broken-image").await;
        let said = launch_and_fail(&staff, &run).await;
        assert!(said.contains(&name), "the image is not named: {said}");
        let out = server.command(&["images", "build"]).output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains(&name) && said.contains("failing on purpose: 42"), "{said}");
    })
    .await;
    if outcome.is_err() {
        server.keep(&keep::folder("faults-image"));
    }
    docker::docker(&["rmi", "-f", &format!("rampart/{name}:latest")]);
    keep::conclude(outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_exits_at_once_stops_the_launch() {
    let home = TempDir::new().unwrap();
    let edits = [("command: [sleep, infinity]", "command: [sh, -c, \"echo gone at once >&2; exit 3\"]")];
    scenario(home.path(), "gone-at-once", &edits);
    let mut server =
        Server::with(Setup { scenarios: home.path().join("scenarios"), ..Setup::default() }).await;
    let outcome = keep::outcome(async {
        let staff = stage::staff(&server).await;
        let run = ready_to_launch(&mut server, &staff, "gone-at-once").await;
        let said = launch_and_fail(&staff, &run).await;
        assert!(said.contains("citizens"), "the host is not named: {said}");
    })
    .await;
    if outcome.is_err() {
        server.keep(&keep::folder("faults-host"));
    }
    keep::conclude(outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_everything_else_works_and_says_so() {
    let home = TempDir::new().unwrap();
    let engine = format!("unix://{}/no-engine.sock", home.path().display());
    let mut server = Server::with(Setup { engine: Some(engine), ..Setup::default() }).await;
    let staff = stage::staff(&server).await;
    let system = staff.admin.get("/system").await.ok();
    assert!(system.contains(&zh("error.engine_unreachable")), "{}", page::said(&system));
    let run = ready_to_launch(&mut server, &staff, "qinglan-portal").await;
    stage::act(&staff.instructor, &run, "launch", "").await;
    let room = async || {
        let html = staff.instructor.get(&format!("/exercises/{run}")).await.ok();
        (page::first(&html, r#"data-state="([a-z]+)""#), html)
    };
    eventually("the launch waits for the engine and says so", Duration::from_secs(120), || async {
        let (state, html) = room().await;
        assert_eq!(state, "provisioning");
        html.contains(&zh("rule.engine.silent")).then_some(())
    })
    .await;
    // Nothing can stand, so whoever does not want to wait is let go at once.
    stage::act(&staff.instructor, &run, "give-up", "").await;
    eventually("the launch is given up", Duration::from_secs(120), || async {
        let (state, html) = room().await;
        (state == "failed" && html.contains(&zh("rule.launch.given_up"))).then_some(())
    })
    .await;
    assert!(docker::objects(&run).is_empty());
    let seats = staff.instructor.get(&format!("/exercises/{run}/seats")).await;
    assert_eq!(seats.status.as_u16(), 200, "pages need no engine");
}

#[tokio::test(flavor = "multi_thread")]
async fn rosters_that_are_none_write_nothing() {
    let server = Server::start().await;
    let staff = stage::staff(&server).await;
    let big5 =
        b"\xa9m\xa6W,\xc2\xbe\xb8\xb9,\xbe\xf7\xc3\xf6\r\n\xb3\\\xc2\xc5\xb9\xcf,A101,\xbf\xa4\xa9\xb2\r\n";
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("Big5", big5.to_vec(), "error.csv_encoding"),
        (
            "no such column",
            "姓名,職號,機關,生日\r\n許藍圖,A101,縣府,1\r\n".into(),
            "error.csv_header_unknown",
        ),
        ("a column missing", "姓名,職號\r\n許藍圖,A101\r\n".into(), "error.csv_header"),
        ("no rows", "姓名,職號,機關,性別\r\n".into(), "error.csv_empty"),
        ("a workbook", b"PK\x03\x04\x14\x00".to_vec(), ""),
    ];
    for (name, bytes, key) in cases {
        staff.instructor.get("/people/import").await;
        let answer = staff.instructor.upload("/people/import", "名冊.csv", &bytes).await;
        let html = answer.text();
        // It may be offered to be read in another way, never to be written.
        assert!(!html.contains("value=\"write\""), "{name} was taken");
        assert!(matches!(answer.status.as_u16(), 200 | 400 | 422), "{name}: {}", answer.status);
        if !key.is_empty() {
            assert!(html.contains(&zh(key)), "{name}: {}", page::said(&html));
        }
    }
    // Too large is refused, and the refusal is heard however much was still on its way, and over the same connection what
    // comes next.
    for megabytes in [8, 6, 32] {
        let file = vec![b'x'; megabytes << 20];
        let answer = staff.instructor.upload("/people/import", "名冊.csv", &file).await;
        assert_eq!(answer.status.as_u16(), 413, "{megabytes} MB");
        assert!(answer.text().contains(&zh("error.too_large")), "{}", page::said(&answer.text()));
        let answer = Person::new(&server.base()).upload("/people/import", "名冊.csv", &file).await;
        assert_ne!(answer.status.as_u16(), 200, "{megabytes} MB of somebody who is nobody");
        staff.instructor.get("/people").await.ok();
    }
    let people = staff.instructor.get("/people").await.ok();
    assert!(people.contains("class=\"card empty\""), "somebody was written");
}

async fn create(instructor: &Person, code: &str) -> u16 {
    let fields = [
        ("scenario", "qinglan-portal"),
        ("code", code),
        ("title", "滿碟"),
        ("pairs", "1"),
        ("place", ""),
        ("starts", &stage::local(0)),
        ("ends", &stage::local(1)),
    ];
    instructor.post("/exercises/new", &fields).await.status.as_u16()
}

async fn fill_and_free(disk: &SmallDisk, server: &Server) {
    let staff = stage::staff(server).await;
    let instructor = &staff.instructor;
    instructor.get("/exercises/new").await.ok();
    assert_eq!(create(instructor, "T-before").await, 303);
    disk.fill();
    // What lies free inside the database's own files is used up first.
    let mut refused = None;
    for n in 0..200 {
        let code = format!("T-full-{n}");
        let status = create(instructor, &code).await;
        if status != 303 {
            refused = Some((code, status));
            break;
        }
    }
    let (code, status) = refused.expect("200 exercises on a full disk");
    assert!((500..=507).contains(&status), "a full disk is answered by {status}");
    // Reading goes on, and the refused exercise is not there.
    let html = instructor.get("/exercises").await;
    assert_eq!(html.status.as_u16(), 200, "{}", page::said(&html.text()));
    let shown = page::all(&html.text(), r"(T-full-[0-9]+)");
    assert!(!shown.contains(&code), "half of {code} was made");
    disk.free();
    eventually("it is taken when the disk has room again", SOON, || async {
        (create(instructor, &code).await == 303).then_some(())
    })
    .await;
    server.verify_chain("T-before");
    server.verify_chain(&code);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_recovers() {
    let disk = SmallDisk::new(24);
    let data = disk.path().join("data");
    let server = Server::with(Setup { data: Some(data), ..Setup::default() }).await;
    let outcome = keep::outcome(fill_and_free(&disk, &server)).await;
    if outcome.is_err() {
        server.keep(&keep::folder("faults-disk"));
    }
    drop(server);
    drop(disk);
    keep::conclude(outcome);
}
