//! A default nginx in front of the server, and clients that vanish without a word.

use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tempfile::TempDir;

use crate::harness::http::Person;
use crate::harness::own::free_port;
use crate::harness::stage::Scene;
use crate::harness::{SOON, eventually, unique};

/// Clients that vanish: half of them with a stream of the board, half with a connection that nobody uses.
const CLIENTS: usize = 500;
/// Everything of theirs is gone within this time.
const GONE_WITHIN: Duration = Duration::from_secs(120);
/// Descriptors of others that may come or go meanwhile.
const OTHERS: usize = 25;
/// A proxy cuts what is silent for so long unless it was told otherwise.
const CUT_AFTER: Duration = Duration::from_secs(60);
/// Memory that may come and go by itself meanwhile, kB: other pages, the allocator's own.
const SLACK_KB: u64 = 24_000;

/// nginx as Debian ships it, with nothing said but where the server is.
struct Nginx {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl Nginx {
    async fn before(server: u16) -> Self {
        let home = tempfile::Builder::new().prefix("rampart-nginx-").tempdir().unwrap();
        let at = home.path().display();
        let port = free_port();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
            .collect();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{}}\n\
             http {{ access_log off; {temporary}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{server}; }} }} }}\n"
        );
        std::fs::write(home.path().join("nginx.conf"), config).unwrap();
        let child = Command::new("nginx")
            .arg("-p")
            .arg(home.path())
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("no nginx: tests/run installs it");
        let nginx = Self { child, port, _home: home };
        let person = Person::new(&nginx.base());
        eventually("nginx answers", SOON, || async {
            let request = person.request(reqwest::Method::GET, "/health").send().await;
            request.ok().filter(|answer| answer.status().is_success()).map(drop)
        })
        .await;
        nginx
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a stream has brought so far.
#[derive(Default)]
struct Heard {
    events: AtomicUsize,
    beats: AtomicUsize,
    ended: AtomicBool,
}

impl Heard {
    fn events(&self) -> usize {
        self.events.load(Ordering::Relaxed)
    }

    fn beats(&self) -> usize {
        self.beats.load(Ordering::Relaxed)
    }
}

/// Listens to a stream for as long as the test runs.
async fn listen(base: &str, path: &str) -> Arc<Heard> {
    let response = Person::new(base).stream(path).await;
    assert_eq!(response.status().as_u16(), 200);
    let heard = Arc::new(Heard::default());
    let notes = heard.clone();
    tokio::spawn(async move {
        let mut stream = response.bytes_stream();
        let mut rest = Vec::new();
        while let Some(Ok(piece)) = stream.next().await {
            rest.extend_from_slice(&piece);
            while let Some(end) = rest.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = rest.drain(..end + 2).collect();
                let of = if event.starts_with(b":") { &notes.beats } else { &notes.events };
                of.fetch_add(1, Ordering::Relaxed);
            }
        }
        notes.ended.store(true, Ordering::Relaxed);
    });
    heard
}

/// Opens connections and says so; then reads what comes until it is killed.
const CLIENT: &str = r#"
import selectors, socket, sys
host, port, n, stream = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
watch = selectors.DefaultSelector()
kept = []
for i in range(n):
    path = stream if i % 2 == 0 else "/health"
    s = socket.create_connection((host, port), 60)
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n".encode())
    assert b" 200 " in s.recv(65536).split(b"\r\n")[0]
    s.setblocking(False)
    watch.register(s, selectors.EVENT_READ)
    kept.append(s)
print("ready", flush=True)
while True:
    for key, _ in watch.select():
        if not key.fileobj.recv(65536):
            watch.unregister(key.fileobj)
"#;

/// A place of its own on this machine's network, from which packets can be kept from ever arriving.
struct Elsewhere {
    name: String,
    link: String,
    here: Ipv4Addr,
    clients: Option<Child>,
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().expect("no ip: tests/run installs iproute2");
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Elsewhere {
    fn new() -> Self {
        let mark = unique();
        let number = u8::from_str_radix(&mark[..2], 16).unwrap();
        let third = u8::from_str_radix(&mark[2..4], 16).unwrap() & 0xfc;
        // Set apart for measurements between networks, so that it is nobody's.
        let [here, there] = [1, 2].map(|last| Ipv4Addr::new(198, 18 + (number & 1), number, third + last));
        let (name, link) = (format!("rt-{mark}"), format!("rt{mark}"));
        let place = Self { name, link, here, clients: None };
        let peer = format!("{}p", place.link);
        ip(&["netns", "add", &place.name]);
        ip(&["link", "add", &place.link, "type", "veth", "peer", "name", &peer, "netns", &place.name]);
        ip(&["addr", "add", &format!("{here}/30"), "dev", &place.link]);
        ip(&["link", "set", &place.link, "up"]);
        ip(&["-n", &place.name, "addr", "add", &format!("{there}/30"), "dev", &peer]);
        ip(&["-n", &place.name, "link", "set", &peer, "up"]);
        place
    }

    fn run(&self, words: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).args(words);
        command
    }

    /// Opens the connections and waits until all stand.
    fn connect(&mut self, port: u16, stream: &str) {
        let (here, port, clients) = (self.here.to_string(), port.to_string(), CLIENTS.to_string());
        let mut child = self
            .run(&["python3", "-c", CLIENT, &here, &port, &clients, stream])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        self.clients = Some(child);
        assert_eq!(said.trim(), "ready");
    }

    /// From now on nothing leaves the place and nothing gets in, and the clients are no more.
    fn vanish(&mut self) {
        let rules = "table inet gone { chain i { type filter hook input priority 0; policy drop; }; \
                     chain o { type filter hook output priority 0; policy drop; }; }";
        let done = self.run(&["nft", rules]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let mut clients = self.clients.take().unwrap();
        clients.kill().unwrap();
        clients.wait().unwrap();
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(mut clients) = self.clients.take() {
            let _ = clients.kill();
            let _ = clients.wait();
        }
        for words in [["netns", "del", &self.name], ["link", "del", &self.link]] {
            let _ = Command::new("ip").args(words).stderr(Stdio::null()).status();
        }
    }
}

/// A score moves.
async fn correct(scene: &Scene, points: &str) {
    let path = format!("/exercises/{}/judge", scene.exercise);
    let fields = [("act", "correct"), ("team", "b1"), ("points", points), ("about", ""), ("text", "更正")];
    scene.staff.instructor.post_from(&path, &path, &fields).await.went_on();
}

pub async fn a_stream_stands_behind_a_proxy_and_vanished_clients_leave_nothing(scene: &Scene) {
    let path = format!("/board/{}/events", scene.exercise);
    let nginx = Nginx::before(scene.server.port).await;
    let began = Instant::now();
    let heard = listen(&nginx.base(), &path).await;
    eventually("the first event passes the proxy", SOON, || async { (heard.events() > 0).then_some(()) })
        .await;
    // An event that is smaller than any buffer passes while nothing else comes.
    let before = heard.events();
    correct(scene, "7").await;
    eventually("an event passes the proxy", SOON, || async { (heard.events() > before).then_some(()) }).await;

    let mut elsewhere = Elsewhere::new();
    let (descriptors, memory) = (scene.server.descriptors(), scene.server.resident_kb());
    elsewhere.connect(scene.server.port, &path);
    let full = scene.server.descriptors();
    // Others' connections, such as the browser's last ones, may have gone meanwhile.
    assert!(full + OTHERS >= descriptors + CLIENTS, "they are not all there: {descriptors}, {full}");
    elsewhere.vanish();
    let vanished = Instant::now();
    eventually("their connections are gone", GONE_WITHIN, || async {
        (scene.server.descriptors() <= descriptors + OTHERS).then_some(())
    })
    .await;
    let gone = vanished.elapsed();
    let after = scene.server.resident_kb();
    assert!(after <= memory + SLACK_KB, "{memory} kB before, {after} kB after");
    eprintln!("{CLIENTS} vanished clients were gone after {gone:?}; {memory} kB before, {after} kB after");

    // Meanwhile the stream behind the proxy has said nothing but that it lives.
    let rest = CUT_AFTER + Duration::from_secs(5);
    tokio::time::sleep(rest.saturating_sub(began.elapsed())).await;
    assert!(!heard.ended.load(Ordering::Relaxed), "the proxy cut the stream");
    let quiet = usize::try_from(began.elapsed().as_secs() / 20).unwrap();
    assert!(heard.beats() >= quiet.min(2), "{} signs of life in {:?}", heard.beats(), began.elapsed());
    let before = heard.events();
    correct(scene, "-7").await;
    eventually("events still pass", SOON, || async { (heard.events() > before).then_some(()) }).await;
}
