//! Ten thousand people at the board: the time from a commit to the last of them, against a bare broadcast of the same bytes
//! by a process that does nothing else, and what they weigh.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};

use super::{median, round};
use crate::harness::http::Person;
use crate::harness::server::Server;
use crate::harness::take_descriptors;

/// How many people.
const CROWDS: [usize; 2] = [1_000, 10_000];
/// Updates in each pass; the passes of both kinds alternate.
const UPDATES: usize = 5;
const PASSES: usize = 2;
/// Connections opened side by side.
const OPENING: usize = 100;
/// What an update begins with.
const MARK: &[u8] = b"event: delta";
const BARE: &str = "RAMPART_TEST_BARE";
const LONGEST: Duration = Duration::from_secs(120);

/// Not a test by itself: the process that [`measure`] starts to compare with. Ends when its standard input does.
#[tokio::test(flavor = "multi_thread")]
async fn bare_broadcaster() {
    if std::env::var(BARE).is_err() {
        return;
    }
    take_descriptors();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    eprintln!("#{}", listener.local_addr().unwrap().port());
    let updates: broadcast::Sender<Arc<[u8]>> = broadcast::channel(256).0;
    let serve = async {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.set_nodelay(true).unwrap();
            let updates = updates.clone();
            tokio::spawn(async move {
                let mut kind = [0; 1];
                socket.read_exact(&mut kind).await.unwrap();
                if kind == *b"w" {
                    let mut mine = updates.subscribe();
                    let _ = socket.write_all(b"event: snapshot").await;
                    loop {
                        let update = tokio::select! {
                            update = mine.recv() => update,
                            // Whoever goes away frees the descriptor.
                            _ = socket.read(&mut kind) => return,
                        };
                        let Ok(bytes) = update else { return };
                        if socket.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                } else {
                    let mut length = [0; 4];
                    while socket.read_exact(&mut length).await.is_ok() {
                        let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
                        socket.read_exact(&mut bytes).await.unwrap();
                        let _ = updates.send(bytes.into());
                    }
                }
            });
        }
    };
    let over = tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop));
    tokio::select! { () = serve => {}, _ = over => {} }
}

/// The process of [`bare_broadcaster`].
struct Bare {
    child: Child,
    port: u16,
}

impl Bare {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "performance::spectators::bare_broadcaster", "--nocapture"])
            .env(BARE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let port = said.find_map(|line| line.strip_prefix('#')?.parse().ok()).unwrap();
        Self { child, port }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// People at a board, each of them a connection that reads.
struct Crowd {
    tasks: Vec<tokio::task::JoinHandle<()>>,
    /// People who have not had the present update yet.
    missing: Arc<AtomicUsize>,
    /// When the first one got it, and then when the last one did.
    ends: mpsc::UnboundedReceiver<Instant>,
    /// What the first of them read of the last update.
    sample: Arc<Mutex<Vec<u8>>>,
}

impl Crowd {
    async fn open(port: u16, hello: &str, count: usize) -> Self {
        let missing = Arc::new(AtomicUsize::new(0));
        let sample = Arc::new(Mutex::new(Vec::new()));
        let (tell, ends) = mpsc::unbounded_channel();
        let mut tasks = Vec::with_capacity(count);
        while tasks.len() < count {
            let opened = (tasks.len()..count.min(tasks.len() + OPENING)).map(async |_| {
                let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                socket.write_all(hello.as_bytes()).await.unwrap();
                let mut first = Vec::new();
                while !first.windows(15).any(|part| part == b"event: snapshot") {
                    assert!(socket.read_buf(&mut first).await.unwrap() > 0, "no stream");
                }
                socket
            });
            for socket in futures_util::future::join_all(opened).await {
                let sample = tasks.is_empty().then(|| sample.clone());
                tasks.push(tokio::spawn(watch(socket, count, missing.clone(), tell.clone(), sample)));
            }
        }
        // The rest of the first snapshots.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Self { tasks, missing, ends, sample }
    }

    /// Ready for the next update.
    fn arm(&mut self) -> Instant {
        self.missing.store(self.tasks.len(), Ordering::SeqCst);
        while self.ends.try_recv().is_ok() {}
        Instant::now()
    }

    /// When the first and when the last of them got it.
    async fn all_have_it(&mut self) -> (Instant, Instant) {
        let both = async { (self.ends.recv().await.unwrap(), self.ends.recv().await.unwrap()) };
        tokio::time::timeout(LONGEST, both).await.expect("an update did not reach everybody")
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

async fn watch(
    mut socket: TcpStream,
    count: usize,
    missing: Arc<AtomicUsize>,
    tell: mpsc::UnboundedSender<Instant>,
    sample: Option<Arc<Mutex<Vec<u8>>>>,
) {
    let mut buffer = vec![0; 8192];
    while let Ok(read @ 1..) = socket.read(&mut buffer).await {
        // Signs of life are no update.
        if !buffer[..read].windows(MARK.len()).any(|part| part == MARK) {
            continue;
        }
        if let Some(sample) = &sample {
            *sample.lock().unwrap() = buffer[..read].to_vec();
        }
        let before = missing.fetch_sub(1, Ordering::SeqCst);
        if before == count || before == 1 {
            let _ = tell.send(Instant::now());
        }
    }
}

/// Gives a team a point. Answered when it is durable.
async fn commit(instructor: &Person, exercise: &str) {
    let fields = [("act", "correct"), ("team", "r1"), ("points", "1"), ("text", "+1")];
    instructor.post(&format!("/exercises/{exercise}/judge"), &fields).await.went_on();
}

fn ms(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1000.0
}

/// Measures on a server whose exercise is running.
pub async fn measure(server: &Server, instructor: &Person, exercise: &str) -> Value {
    take_descriptors();
    instructor.get(&format!("/exercises/{exercise}/judge")).await.ok();
    let mut commits = Vec::new();
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let began = Instant::now();
        commit(instructor, exercise).await;
        commits.push(ms(began, Instant::now()));
    }
    let commit_ms = median(&commits);
    let hello = format!(
        "GET /board/{exercise}/events HTTP/1.1\r\nhost: 127.0.0.1:{}\r\naccept: text/event-stream\r\n\r\n",
        server.port
    );
    let bare = Bare::start();
    let mut control = TcpStream::connect(("127.0.0.1", bare.port)).await.unwrap();
    control.set_nodelay(true).unwrap();
    control.write_all(b"c").await.unwrap();
    let mut of = serde_json::Map::new();
    let mut worst: f64 = 0.0;
    for people in CROWDS {
        let idle_kb = server.resident_kb();
        let mut full_kb = 0;
        let (mut ours, mut floor, mut bytes) = (Vec::new(), Vec::new(), 0);
        let (mut first, mut bare_first) = (Vec::new(), Vec::new());
        for _ in 0..PASSES {
            let mut crowd = Crowd::open(server.port, &hello, people).await;
            for _ in 0..UPDATES {
                tokio::time::sleep(Duration::from_millis(500)).await;
                let began = crowd.arm();
                commit(instructor, exercise).await;
                let (one, all) = crowd.all_have_it().await;
                first.push((ms(began, one) - commit_ms).max(0.0));
                ours.push((ms(began, all) - commit_ms).max(0.0));
            }
            full_kb = full_kb.max(server.resident_kb());
            let sample = crowd.sample.lock().unwrap().clone();
            bytes = sample.len();
            drop(crowd);
            let mut crowd = Crowd::open(bare.port, "w", people).await;
            let length = u32::try_from(sample.len()).unwrap().to_be_bytes();
            let frame = [&length[..], &sample].concat();
            for _ in 0..UPDATES {
                tokio::time::sleep(Duration::from_millis(500)).await;
                let began = crowd.arm();
                control.write_all(&frame).await.unwrap();
                let (one, all) = crowd.all_have_it().await;
                bare_first.push(ms(began, one));
                floor.push(ms(began, all));
            }
        }
        let ratio = median(&ours) / median(&floor);
        worst = worst.max(ratio);
        of.insert(
            people.to_string(),
            json!({
                "first_client_ms": super::spread(first),
                "last_client_ms": super::spread(ours),
                "bare_first_client_ms": super::spread(bare_first),
                "bare_last_client_ms": super::spread(floor),
                "vs_floor": round(ratio),
                "bytes_each": bytes,
                "rss_mb": round(full_kb as f64 / 1024.0),
                "kb_each": round(full_kb.saturating_sub(idle_kb) as f64 / people as f64),
            }),
        );
    }
    // What stays when they have gone, a while later.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let left_kb = server.resident_kb();
    json!({
        "sse_last_client_vs_floor": round(worst),
        "rss_after_streams_mb": round(left_kb as f64 / 1024.0),
        "rss_10000_streams_mb": of["10000"]["rss_mb"],
        "spectators": { "commit_ms": round(commit_ms), "of": of, "passes": PASSES, "updates_each_pass": UPDATES },
    })
}
