//! The command line as people and scripts see it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn rampart(data: &Path, words: &[&str]) -> Output {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_rampart"))
        .args(words)
        .env("RAMPART_DATA", data)
        .env("RAMPART_SCENARIOS", root.join("scenarios"))
        .env("RAMPART_IMAGES", root.join("images"))
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .env_remove("DATABASE_URL")
        .env_remove("RAMPART_BLOCK")
        .current_dir(root)
        .output()
        .unwrap()
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn scenarios_are_checked_planned_and_described_offline() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = said(&rampart(dir.path(), &["scenario", "check", "scenarios/qinglan-portal"]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("in order"), "{out}");
    let (code, out, _) = said(&rampart(
        dir.path(),
        &["scenario", "plan", "scenarios/qinglan-portal/scenario.yaml", "--pairs", "2"],
    ));
    assert_eq!(code, 0);
    for part in ["range 2", "dmz/www -> office/doc tcp 8080", "12 containers, 6 networks"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, _) =
        said(&rampart(dir.path(), &["scenario", "plan", "scenarios/qinglan-portal", "--json"]));
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, plan["ranges"].as_array().map(Vec::len)), (0, Some(1)));
    let (code, out, _) = said(&rampart(dir.path(), &["scenario", "schema"]));
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, schema["type"].as_str()), (0, Some("object")));
    assert!(!dir.path().join("rampart.db").exists(), "nothing is made by looking");
}

#[test]
fn a_broken_scenario_ends_with_2_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("scenario.yaml");
    std::fs::write(&file, "id: x\nzonez: []\nversion: one\n").unwrap();
    let (code, out, err) = said(&rampart(dir.path(), &["scenario", "check", file.to_str().unwrap()]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("scenario.yaml:2:1: unknown key `zonez`"), "{err}");
    assert!(err.contains("help: did you mean `zones`?"), "{err}");
    assert!(err.contains("scenario.yaml:3:10:"), "all at once: {err}");
    let (code, _, err) = said(&rampart(dir.path(), &["scenario", "plan", "/nonexistent"]));
    assert_eq!(code, 2);
    assert!(err.contains("/nonexistent"), "{err}");
}

#[test]
fn a_missing_engine_is_said_as_that() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, err) = said(&rampart(dir.path(), &["images", "build"]));
    assert_eq!(code, 2);
    assert!(err.contains("/nonexistent/docker.sock") && err.contains("is Docker running"), "{err}");
    let (code, out, _) = said(&rampart(dir.path(), &["doctor"]));
    assert_eq!(code, 2);
    assert!(out.contains("FAULT engine") && out.contains("ok    store"), "{out}");
}

#[test]
fn the_demo_may_be_made_twice_and_its_ledger_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = said(&rampart(dir.path(), &["demo"]));
    assert_eq!(code, 0, "{err}");
    for part in ["admin         one-time password", "66 added", "16 seats given", "57 people, two sessions"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let exercise =
        out.split_whitespace().find(|word| word.starts_with('S') && word.ends_with("-03")).unwrap();
    let (code, again, _) = said(&rampart(dir.path(), &["demo"]));
    assert_eq!(code, 0);
    assert!(
        again.contains("0 added, 66 there already")
            && again.contains("is filled already")
            && !again.contains("one-time"),
        "{again}"
    );
    let (code, out, _) = said(&rampart(dir.path(), &["ledger", "verify", exercise]));
    assert_eq!(code, 0);
    assert!(out.contains("the chain is whole"), "{out}");
    let (code, _, err) = said(&rampart(dir.path(), &["ledger", "verify", "S000-00"]));
    assert_eq!(code, 2);
    assert!(err.contains("no exercise S000-00"), "{err}");
}

/// A store with an administrator, as the first start of the server leaves it.
async fn founded(url: &str) {
    let store = rampart_store::Store::open(url).await.unwrap();
    let admin = rampart_store::NewAccount {
        id: "a".into(),
        login: "admin".into(),
        name: "admin".into(),
        role: rampart_store::Role::Administrator,
        password_hash: "-".into(),
        must_change: true,
        created_ms: 0,
    };
    store.accounts().create(&admin).await.unwrap();
    store.close().await;
}

/// Runs it on the store at `url`.
fn on_store(data: &Path, url: &str, words: &[&str]) -> Output {
    let mut words = words.to_vec();
    words.extend(["--database", url]);
    rampart(data, &words)
}

/// A database of its own on the server that `RAMPART_TEST_POSTGRES` names; gone with the value.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn make() -> Option<Self> {
        let server = std::env::var("RAMPART_TEST_POSTGRES").ok()?;
        let made = Self { server, name: format!("rampart_cli_{}", std::process::id()) };
        made.run(&format!("CREATE DATABASE {}", made.name));
        Some(made)
    }

    fn run(&self, sql: &str) {
        let done = Command::new("psql").args([&self.server, "-qc", sql]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_goes_from_store_to_store_and_comes_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let own = format!("sqlite:{}", place("rampart.db"));
    let (code, _, err) = said(&rampart(dir.path(), &["demo"]));
    assert_eq!(code, 0, "{err}");
    let store = rampart_store::Store::open(&own).await.unwrap();
    let exercise = store.exercises().list().await.unwrap().remove(0).code;
    store.close().await;
    let export = |url: &str, file: &str| {
        let file = place(file);
        said(&on_store(dir.path(), url, &["ledger", "export", &exercise, "--secret", "-o", &file]))
    };
    let (code, out, err) = export(&own, "0.jsonl");
    assert_eq!(code, 0, "{out}{err}");
    let first = std::fs::read(place("0.jsonl")).unwrap();
    let text = String::from_utf8(first.clone()).unwrap();
    assert!(text.contains("\"checkpoint\"") && text.contains("\"secret\""), "{text}");
    let (code, _, err) = export(&own, "0.jsonl");
    assert!(code == 2 && err.contains("0.jsonl"), "a file that is there stays: {err}");

    // On to PostgreSQL where there is one, and back to SQLite.
    let postgres = Database::make();
    let mut stores: Vec<String> = postgres.iter().map(Database::url).collect();
    stores.push(format!("sqlite:{}", place("last.db")));
    for (number, url) in stores.iter().enumerate() {
        founded(url).await;
        let (from, to) = (place(&format!("{number}.jsonl")), format!("{}.jsonl", number + 1));
        let (code, out, err) = said(&on_store(dir.path(), url, &["ledger", "import", &from]));
        assert_eq!(code, 0, "{out}{err}");
        let (code, out, err) = export(url, &to);
        assert_eq!(code, 0, "{out}{err}");
        assert!(std::fs::read(place(&to)).unwrap() == first, "{url}: the bytes are others");
        let (code, out, _) = said(&on_store(dir.path(), url, &["ledger", "verify", &exercise]));
        assert!(code == 0 && out.contains("signed up to entry"), "{out}");
        let (code, _, err) = said(&on_store(dir.path(), url, &["ledger", "import", &from]));
        assert!(code == 2 && err.contains("there already"), "{err}");
    }

    let cut = place("cut.jsonl");
    std::fs::write(&cut, &first[..first.len() - 200]).unwrap();
    let (code, _, err) = said(&rampart(dir.path(), &["ledger", "import", "--check", &cut]));
    assert!(code == 2 && err.contains("cut.jsonl: line "), "{err}");
}

#[test]
fn certificates_for_nodes_are_made_once_and_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("certs");
    let at = |words: &[&str]| {
        let mut all = vec!["node", "certs", place.to_str().unwrap()];
        all.extend(words);
        said(&rampart(dir.path(), &all))
    };
    let (code, out, err) = at(&["second=10.20.0.12,second.example", "third"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in ["--tlsverify", "address: https://10.20.0.12:2376", "address: https://third:2376"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let key = place.join("second/key.pem");
    for path in [&key, &place.join("platform/key.pem"), &place.join("authority/ca-key.pem")] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
    assert_eq!(std::fs::metadata(place.join("platform")).unwrap().permissions().mode() & 0o777, 0o700);
    let before = std::fs::read(&key).unwrap();
    let (code, out, _) = at(&["second=10.20.0.12", "fourth=10.20.0.14"]);
    assert!(code == 0 && out.contains("is there already") && place.join("fourth/cert.pem").exists(), "{out}");
    assert_eq!(std::fs::read(&key).unwrap(), before, "what is there stays");
    assert_eq!(
        std::fs::read(place.join("second/ca.pem")).unwrap(),
        std::fs::read(place.join("fourth/ca.pem")).unwrap(),
        "one authority"
    );
    assert_eq!(at(&["--renew", "second=10.20.0.12"]).0, 0);
    assert_ne!(std::fs::read(&key).unwrap(), before);
    for bad in ["Second", "second=", "authority", "a b=10.0.0.1"] {
        let (code, _, err) = at(&[bad]);
        assert!(code == 2 && err.contains("is no node"), "{bad}: {err}");
    }

    let file = dir.path().join("engines.yaml");
    std::fs::write(&file, "nodes:\n  - name: second\n    address: http://x:1\n").unwrap();
    let (code, _, err) = said(&rampart(dir.path(), &["node", "check", "--engines", file.to_str().unwrap()]));
    assert!(code == 2 && err.contains("engines.yaml:3:14: http://x:1 is no address"), "{err}");
    let (code, out, _) = said(&rampart(dir.path(), &["node", "wall"]));
    assert!(
        code == 0 && out.contains("table inet rampart_guard") && out.contains("iifname \"rmp*\""),
        "{out}"
    );
}
