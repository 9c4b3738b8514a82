//! Start and stop over a real socket, and what must not start.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart::{Config, Running, StartError, serve_with};
use rampart_app::clock::SystemClock;
use rampart_engine::fake::FakeEngine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn config(data: &Path) -> Config {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        data_dir: data.to_owned(),
        scenarios_dir: root.join("scenarios"),
        images_dir: root.join("images"),
        ..Config::default()
    }
}

async fn start(config: Config) -> Result<Running, StartError> {
    serve_with(config, Arc::new(FakeEngine::new(Vec::<String>::new())), Arc::new(SystemClock)).await
}

/// The start's refusal.
async fn refused(config: Config) -> StartError {
    match start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

async fn ask(running: &Running, path: &str) -> TcpStream {
    let mut connection = TcpStream::connect(running.addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", running.addr);
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

#[tokio::test]
async fn it_starts_once_on_a_folder_stops_by_itself_and_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    let running = start(config(&data)).await.unwrap();
    let (login, password) = running.first.clone().unwrap();
    assert_eq!((login.as_str(), password.len()), ("admin", 12));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for name in ["jwt.secret", "rampart.db"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    let mut text = String::new();
    ask(&running, "/health").await.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("ok\n"), "{text}");
    assert!(matches!(refused(config(&data)).await, StartError::InUse(_)));
    // Somebody who waits for the next page must not keep it from stopping.
    let mut idle = TcpStream::connect(running.addr).await.unwrap();
    let began = Instant::now();
    running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let mut byte = [0];
    assert!(matches!(idle.read(&mut byte).await, Ok(0) | Err(_)));
    let again = start(config(&data)).await.unwrap();
    assert_eq!(again.first, None, "the first administrator is made once");
    again.stop().await;
}

#[tokio::test]
async fn a_secret_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    start(config(dir.path())).await.unwrap().stop().await;
    let secret = dir.path().join("jwt.secret");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = refused(config(dir.path())).await;
    assert!(error.to_string().contains("0644"), "{error}");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    start(config(dir.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_taken_address_or_a_bad_store_is_said_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = taken.local_addr().unwrap();
    let error = refused(Config { listen, ..config(dir.path()) }).await;
    assert!(error.to_string().starts_with(&format!("cannot listen on {listen}")), "{error}");
    let database_url = Some("mysql://user:secret@host/x".to_owned());
    let error = refused(Config { database_url, ..config(dir.path()) }).await;
    assert!(matches!(error, StartError::Store(_)) && !error.to_string().contains("secret"), "{error}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(refused(config(&file)).await, StartError::Data { .. }));
    start(config(dir.path())).await.unwrap().stop().await;
}
