//! What the tests stand on: the real server, real containers, a real browser, and people who use them.

pub mod browser;
pub mod disk;
pub mod docker;
pub mod http;
pub mod keep;
pub mod own;
pub mod page;
pub mod postgres;
pub mod second;
pub mod server;
pub mod stage;
pub mod terminal;
pub mod words;

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The server's binary: it lies beside this test's own folder.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.parent().unwrap().parent().unwrap().join("rampart");
    assert!(
        built.is_file(),
        "{} is missing: use tests/run, or `cargo build --workspace` first",
        built.display()
    );
    built
}

/// Folder for what a failed test leaves: `target/test-artifacts`.
pub fn artifacts() -> PathBuf {
    binary().parent().unwrap().parent().unwrap().join("test-artifacts")
}

/// Takes descriptors for ten thousand connections: each is one here as it is at the server.
pub fn take_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    for wanted in [Some(32_768), most] {
        if setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum: most.max(wanted) }).is_ok() {
            return;
        }
    }
}

/// A short random text, for names that must not meet.
pub fn unique() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{random:016x}")[..8].to_owned()
}

/// Asks again and again until there is an answer; fails with `what` when there is none in time.
pub async fn eventually<T, F>(what: &str, within: Duration, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let began = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// Time that a launch of real containers may take on a small machine.
pub const LAUNCH: Duration = Duration::from_secs(420);
/// Time that a page may take to show what it is told: far more than it needs, as a machine may be busy with much else.
pub const SOON: Duration = Duration::from_secs(90);
