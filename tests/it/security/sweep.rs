//! Everything that the server hands out, as everybody: pages, JSON, streams, files, errors, assets, the document of the API.
//! In none of it is a flag of the run, whole or in parts, as text, hash or base64; nor in what a weak user in the range sees.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::Method;

use super::roles::API;
use super::secrets::{all_writings, first_seconds, found_in};
use crate::harness::docker::{containers, docker_ok, exec};
use crate::harness::http::Person;
use crate::harness::stage::{self, Scene};
use crate::style::root;

/// The two kinds of scores in all their formats.
const FILES: [&str; 8] = [
    "standings.csv",
    "standings.ods",
    "standings.xlsx",
    "standings.pdf",
    "points.csv",
    "points.ods",
    "points.xlsx",
    "points.pdf",
];

/// Runs a program over bytes.
fn through(program: &str, args: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|fault| panic!("{program}: {fault}"));
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{program} {args:?}");
    output.stdout
}

/// What is inside of an answer: containers are unpacked, papers are read.
fn inside(bytes: &[u8]) -> Vec<u8> {
    let unzip = "import io, sys, zipfile\n\
                 z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n\
                 for name in z.namelist(): sys.stdout.buffer.write(name.encode() + b'\\n' + z.read(name) + b'\\n')";
    match bytes {
        [b'P', b'K', ..] => through("python3", &["-c", unzip], bytes),
        [b'%', b'P', b'D', b'F', ..] => through("pdftotext", &["-raw", "-", "-"], bytes),
        _ => Vec::new(),
    }
}

fn assets(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            assets(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(format!("/assets/{name}"));
        }
    }
}

struct Sweep {
    /// Any of the writings of a flag.
    wanted: regex::bytes::Regex,
    answers: usize,
    opened: usize,
}

impl Sweep {
    fn look(&mut self, who: &str, what: &str, status: u16, bytes: &[u8]) {
        assert!(status < 500, "{who}: {what}: {status}");
        self.answers += 1;
        self.opened += usize::from(status < 300);
        for (bytes, place) in [(bytes, "as it is"), (&inside(bytes), "inside")] {
            let found = self.wanted.find(bytes).map(|found| String::from_utf8_lossy(found.as_bytes()));
            assert_eq!(found, None, "{who}: {what} holds a flag {place}");
        }
    }
}

/// A pattern with its holes filled in all ways that there are.
fn filled(pattern: &str, ids: &[(&str, String)]) -> Vec<String> {
    let mut path = pattern.to_owned();
    for (hole, value) in ids {
        path = path.replace(hole, value);
    }
    if path.contains("{file}") {
        return FILES.iter().map(|file| path.replace("{file}", file)).collect();
    }
    vec![path]
}

pub async fn nothing_that_is_served_holds_a_flag(scene: &Scene) {
    let base = scene.server.base();
    let run = &scene.exercise;
    let wanted: Vec<String> = all_writings(scene).iter().map(|one| regex::escape(one)).collect();
    let wanted = regex::bytes::Regex::new(&wanted.join("|")).unwrap();
    let mut sweep = Sweep { wanted, answers: 0, opened: 0 };
    let nobody = Person::new(&base);
    let staff = &scene.staff;
    let everybody: Vec<(&str, char, &Person)> = vec![
        ("nobody", '.', &nobody),
        ("red", 'r', scene.red(1)),
        ("blue", 'b', scene.blue(1)),
        ("instructor", 'i', &staff.instructor),
    ];
    // A recording and seats that are really there.
    let watcher = stage::token(&staff.instructor, &["terminals:read", "seats:write"]).await;
    let ask = async |path: String| {
        let request = nobody.request(Method::GET, &path).header("authorization", format!("Bearer {watcher}"));
        nobody.send(request).await.json()
    };
    let kept = ask(format!("/api/v1/exercises/{run}/recordings")).await;
    let recording = kept["items"][0]["id"].as_str().unwrap_or("0198c4").to_owned();
    let seat = ask(format!("/api/v1/exercises/{run}/seats")).await["items"][0]["id"]
        .as_str()
        .unwrap_or("0198c4")
        .to_owned();
    let ids = |pattern: &str| {
        let id = if pattern.starts_with("/scenarios") { "qinglan-portal" } else { run };
        let mut ids: Vec<(&str, String)> = vec![
            ("{id}", id.to_owned()),
            ("{exercise}", run.clone()),
            ("{scenario}", "qinglan-portal".to_owned()),
            ("{terminal}", recording.clone()),
            ("{recording}", recording.clone()),
            ("{seat}", seat.clone()),
            ("{range}", "1".to_owned()),
            ("{host}", "www".to_owned()),
            ("{year}", "115".to_owned()),
            ("{*path}", "nothing.js".to_owned()),
        ];
        ids.push(("{table}", "x1".to_owned()));
        ids
    };

    let mut paths: Vec<String> = Vec::new();
    for route in rampart::routes().iter().filter(|route| route.method == "GET") {
        // Streams are listened to below; a socket gives its refusal.
        if !route.path.ends_with("/events") {
            paths.extend(filled(route.path, &ids(route.path)));
        }
    }
    for objective in ["portal-db", "www-file", "doc-sealed", "nothing"] {
        paths.push(format!("/seat?o={objective}"));
    }
    for file in ["readme.txt", "../../etc/passwd", "/proc/1/environ"] {
        paths.push(format!("/seat/files/get?path={file}"));
    }
    for wrong in [
        "/nothing",
        "/exercises/0198c4",
        "/board/0198c4",
        "/exercises/..%2f..%2fetc",
        "/assets/../Cargo.toml",
    ] {
        paths.push(wrong.to_owned());
    }
    for (who, _, person) in &everybody {
        for path in &paths {
            for accept in ["text/html", "application/json"] {
                let answer = person.send(person.request(Method::GET, path).header("accept", accept)).await;
                sweep.look(who, path, answer.status.as_u16(), &answer.bytes);
            }
        }
        // What is wrongly asked: another method, a form without its token, a body that is none.
        for method in [Method::DELETE, Method::POST] {
            for path in ["/seat", "/seat/flags", "/board", "/exercises"] {
                let request =
                    person.request(method.clone(), path).body("objective=portal-db&flag=RMP%7B0%7D");
                let answer = person.send(request).await;
                sweep.look(who, path, answer.status.as_u16(), &answer.bytes);
            }
        }
        let streams: Vec<String> = rampart::routes()
            .iter()
            .filter(|route| route.path.ends_with("/events"))
            .flat_map(|route| filled(route.path, &ids(route.path)))
            .collect();
        let heard =
            futures_util::future::join_all(streams.iter().map(|path| first_seconds(person, path))).await;
        for (path, bytes) in streams.iter().zip(heard) {
            sweep.look(who, path, 200, &bytes);
        }
    }
    let mut all = Vec::new();
    assets(&root().join("server/assets/dist"), "", &mut all);
    for path in &all {
        let answer = nobody.get(path).await;
        sweep.look("nobody", path, answer.status.as_u16(), &answer.bytes);
    }

    // The API: what a token of each may read, and what it is told where it may not; the same without one.
    let hole = regex::Regex::new(r"\{[a-z]+\}").unwrap();
    for (who, role, person) in &everybody {
        let offered: std::collections::BTreeSet<&str> = API
            .iter()
            .filter(|(.., may, scope)| may.contains(*role) && *scope != "-")
            .map(|line| line.3)
            .collect();
        let token = if *role == '.' {
            None
        } else {
            let all: Vec<&str> = offered.into_iter().collect();
            Some(stage::token(person, &all).await)
        };
        for (method, pattern, ..) in API.iter().filter(|(method, ..)| *method == "GET") {
            for path in filled(pattern, &ids(pattern)) {
                let path = hole.replace_all(&path, "0198c4").into_owned();
                let mut request = nobody.request(method.parse().unwrap(), &path);
                if let Some(token) = &token {
                    request = request.header("authorization", format!("Bearer {token}"));
                }
                let answer = nobody.send(request).await;
                sweep.look(who, &path, answer.status.as_u16(), &answer.bytes);
            }
        }
        // An objective that does not exist, and one of whose flag nothing is known.
        if *role == 'r' {
            for objective in ["nothing", "doc-sealed"] {
                let body = serde_json::json!({ "objective": objective, "flag": "RMP{00000000000000000000000000000000}" });
                let request = nobody
                    .request(Method::POST, "/api/v1/seat/flags")
                    .header("authorization", format!("Bearer {}", token.as_deref().unwrap_or_default()))
                    .json(&body);
                let answer = nobody.send(request).await;
                // What comes later in the scenario is refused in words of its own.
                let none = answer.status.as_u16() == 404;
                assert_eq!(none, objective == "nothing", "{objective}: {}", answer.text());
                sweep.look(who, objective, answer.status.as_u16(), &answer.bytes);
            }
        }
    }
    eprintln!("{} answers were read, {} of them opened", sweep.answers, sweep.opened);
    assert!(sweep.opened > 150, "only {} answers opened: this proves little", sweep.opened);
}

/// Who works in a container, weakest first: those who log in, and the user that its services are kept away from.
fn users(container: &str) -> Vec<String> {
    let (_, accounts) = exec(container, "root", "getent passwd | awk -F: '$3 >= 1000 { print $1 }'");
    let mut users: Vec<String> = accounts.split_whitespace().map(str::to_owned).collect();
    if !users.iter().any(|user| user == "nobody") {
        users.push("nobody".to_owned());
    }
    users
}

/// Neither flag nor team nor token nor session in what a weak user finds in any environment.
pub fn no_secret_in_the_environment_of_a_weak_user(scene: &Scene) {
    let wanted = all_writings(scene);
    let teams = ["r1", "b1", "r2", "b2"];
    let mut seen = 0;
    for name in containers(&scene.exercise) {
        if docker_ok(&["inspect", "--format", "{{.State.Running}}", &name]).trim() != "true" {
            continue;
        }
        for user in users(&name) {
            let script = "env; tr '\\0' '\\n' < /proc/1/environ 2>/dev/null; \
                          for one in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $one 2>/dev/null; done; true";
            let (code, said) = exec(&name, &user, script);
            assert_eq!(code, 0, "{name} as {user}: {said}");
            assert_eq!(found_in(said.as_bytes(), &wanted), None, "{name} as {user}: a flag");
            assert!(!said.contains(&scene.exercise), "{name} as {user}: the id of the exercise in {said}");
            for line in said.lines() {
                let value = line.split_once('=').map_or(line, |(_, value)| value).trim();
                assert!(!teams.contains(&value), "{name} as {user}: a team's id: {line}");
                assert!(
                    !value.contains("rmp_") && !value.contains("eyJ"),
                    "{name} as {user}: a token: {line}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} environments were seen");
}
