//! Flags stay where they are planted: in no page, no stream, no environment, no file of the server's.

use std::time::Duration;

use base64::Engine;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use crate::harness::docker::{containers, docker_ok, exec};
use crate::harness::http::Person;
use crate::harness::page;
use crate::harness::stage::{Scene, planted};

/// Bytes as they stand in base64 after so many others, without the digits that also hold bits of what is around.
fn in_base64(bytes: &[u8], before: usize) -> String {
    let all = base64::engine::general_purpose::STANDARD_NO_PAD.encode([&vec![0; before], bytes].concat());
    let first = (before * 8).div_ceil(6);
    let end = (before + bytes.len()) * 8 / 6;
    all[first..end].to_owned()
}

/// Ways in which a flag could be written down.
fn writings(flag: &str) -> Vec<String> {
    let inner = flag.trim_start_matches("RMP{").trim_end_matches('}');
    let mut ways = vec![flag.to_owned(), inner.to_owned(), inner[8..].to_owned()];
    for text in [flag, inner] {
        ways.push(hex::encode(Sha256::digest(text.as_bytes())));
        ways.push(hex::encode(text.as_bytes()));
        ways.extend((0..3).map(|before| in_base64(text.as_bytes(), before)));
        ways.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(Sha256::digest(text.as_bytes())));
    }
    ways
}

pub(super) fn all_writings(scene: &Scene) -> Vec<String> {
    [1, 2]
        .into_iter()
        .flat_map(|range| planted(&scene.exercise, range))
        .flat_map(|(_, flag)| writings(&flag))
        .collect()
}

pub(super) fn found_in(bytes: &[u8], wanted: &[String]) -> Option<String> {
    wanted.iter().find(|one| bytes.windows(one.len()).any(|part| part == one.as_bytes())).cloned()
}

/// What the engine and a process in the container see besides the planted files.
pub fn no_flag_in_any_environment(scene: &Scene) {
    let wanted = all_writings(scene);
    for name in containers(&scene.exercise) {
        let facts = docker_ok(&["inspect", &name]);
        assert_eq!(
            found_in(facts.as_bytes(), &wanted),
            None,
            "{name}: the engine's description holds a flag"
        );
        let script = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; env; set";
        let (_, seen) = exec(&name, "root", script);
        assert_eq!(found_in(seen.as_bytes(), &wanted), None, "{name}: an environment holds a flag");
        let log = crate::harness::docker::log(&name);
        assert_eq!(found_in(log.as_bytes(), &wanted), None, "{name}: its log holds a flag");
    }
}

/// Words by which a page would tell of somebody's gender.
const GENDERS: [&str; 3] = ["不願透露", "undisclosed", "gender"];
const ALL: &[&str] = &["nobody", "administrator", "instructor", "red", "blue", "the other red"];

/// Pages on which these words stand although no person's gender does, who sees them, and why. Everybody reads the same there.
const EXPLAIN: [(&str, &[&str], &str); 5] = [
    ("/people/import", &["instructor"], "what may stand in a roster's column"),
    ("/privacy", ALL, "what is asked of people, and that they need not say"),
    ("/api", ALL, "names of the fields of the officer's figures"),
    ("/api/openapi.json", ALL, "the same for programs"),
    ("/seat/me", &["red", "blue", "the other red"], "the questions, put to the person alone"),
];

/// All pages that somebody can open, filled in with what there is.
fn pages(exercise: &str) -> Vec<String> {
    rampart::routes()
        .iter()
        .filter(|route| {
            route.method == "GET" && !route.path.contains("events") && !route.path.contains("terminal")
        })
        .map(|route| {
            route
                .path
                .replace("{id}", exercise)
                .replace("{range}", "1")
                .replace("{host}", "www")
                .replace("{*path}", "app.js")
        })
        .chain(["/seat?o=portal-db".into(), "/seat?o=doc-sealed".into(), "/scenarios/qinglan-portal".into()])
        .chain([
            format!("/statistics/{exercise}/export?format=csv"),
            format!("/statistics/{exercise}/export?format=ods"),
        ])
        .collect()
}

pub(super) async fn first_seconds(person: &Person, path: &str) -> Vec<u8> {
    let response = person.stream(path).await;
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    let read = async {
        while let Some(Ok(part)) = stream.next().await {
            bytes.extend_from_slice(&part);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(3), read).await;
    bytes
}

/// Every page and stream as everybody, after right and wrong flags were submitted. Genders are looked for on the same way.
pub async fn no_flag_on_any_page(scene: &Scene) {
    let wanted = all_writings(scene);
    let own = planted(&scene.exercise, 1);
    scene.red(1).get("/seat").await.ok();
    let fields = |flag: &str| [("objective", "portal-db".to_owned()), ("flag", flag.to_owned())];
    for flag in [planted(&scene.exercise, 2)[0].1.as_str(), &own[1].1, &own[0].1] {
        let fields = fields(flag);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = scene.red(1).post_json("/seat/flags", &fields).await;
        // The answer to a flag need not repeat it.
        assert_eq!(found_in(&answer.bytes, &wanted), None, "an answer repeats the flag");
    }
    let nobody = Person::new(&scene.server.base());
    let everybody: [(&str, &Person); 7] = [
        ("nobody", &nobody),
        ("administrator", &scene.staff.admin),
        ("instructor", &scene.staff.instructor),
        ("officer", &scene.staff.officer),
        ("red", scene.red(1)),
        ("blue", scene.blue(1)),
        ("the other red", scene.red(2)),
    ];
    let streams = [
        format!("/board/{}/events", scene.exercise),
        format!("/exercises/{}/events", scene.exercise),
        "/seat/events".to_owned(),
        "/system/events".to_owned(),
    ];
    let mut seen = 0;
    for (who, person) in everybody {
        for path in pages(&scene.exercise) {
            for answer in [person.get(&path).await, person.get_json(&path).await] {
                assert!(!answer.status.is_server_error(), "{who}: {path}: {}", page::said(&answer.text()));
                assert_eq!(found_in(&answer.bytes, &wanted), None, "{who}: {path} holds a flag");
                let text = answer.text();
                let told = GENDERS.iter().find(|word| text.contains(**word));
                let explains = EXPLAIN.iter().any(|(page, whom, _)| *page == path && whom.contains(&who));
                assert!(
                    who == "officer" || explains || told.is_none(),
                    "{who}: {path} tells of genders: {told:?}"
                );
                // A form asks; whatever was answered, nothing in it is chosen.
                assert!(path != "/seat/me" || !text.contains(" selected"), "{who}: {path} shows an answer");
                seen += usize::from(answer.status.is_success());
            }
        }
        let heard =
            futures_util::future::join_all(streams.iter().map(|path| first_seconds(person, path))).await;
        for (path, bytes) in streams.iter().zip(heard) {
            assert_eq!(found_in(&bytes, &wanted), None, "{who}: {path} holds a flag");
        }
    }
    assert!(seen > 100, "only {seen} pages opened: this proves little");
}

/// Neither log nor store nor any other file of the server holds one, though one was won.
pub fn no_flag_at_rest(scene: &Scene) {
    let wanted = all_writings(scene);
    assert_eq!(found_in(scene.server.log().as_bytes(), &wanted), None, "the log holds a flag");
    let mut files = 0;
    for entry in
        std::fs::read_dir(scene.server.data()).unwrap().flatten().filter(|entry| entry.path().is_file())
    {
        // What is there for a moment only, as a file on its way to another name, may be gone again.
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        assert_eq!(found_in(&bytes, &wanted), None, "{} holds a flag", entry.path().display());
        use std::os::unix::fs::PermissionsExt;
        let Ok(about) = entry.metadata() else { continue };
        let mode = about.permissions().mode() & 0o777;
        if entry.file_name().to_string_lossy().contains("secret") {
            assert_eq!(mode, 0o600, "{}", entry.path().display());
        }
        files += 1;
    }
    assert!(files >= 2, "the data folder holds {files} files");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(scene.server.data()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "others can look into the data folder");
}
