//! A terminal through the whole product (WebSocket, server, engine, container) against `docker exec -it` on the same
//! container, driven through a pseudo-terminal. Both alternate in one run. Reported, never asserted.
//!
//! The echo is the terminal line's own, under `cat`: what is measured is the way there and back, not a shell. Output is a
//! file of lines; it is recorded and its screen kept, as always.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::{median, spread, write_down};
use crate::harness::http::Person;
use crate::harness::stage::{self, Scene};
use crate::harness::terminal;
use crate::harness::{SOON, docker, keep};

/// Keystrokes of a round.
const STROKES: usize = 300;
/// Keystrokes of a line; the line is ended then, which is not measured.
const LINE: usize = 40;
/// Bytes of output of a round.
const OUTPUT: usize = 32 * 1024 * 1024;
/// The server is told what was drawn after so many bytes, as the page's script does.
const DRAWN_EVERY: usize = 64 * 1024;
/// Rounds of each kind.
const ROUNDS: usize = 5;
/// Makes the file of lines.
const MAKE: &str =
    "yes 0123456789012345678901234567890123456789012345678901234567890123456789012345678 | head -c";

/// True when `wanted` has come with these bytes; `tail` keeps what it may have begun with.
fn ended(tail: &mut Vec<u8>, bytes: &[u8], wanted: &str) -> bool {
    tail.extend_from_slice(bytes);
    let came = tail.windows(wanted.len()).any(|part| part == wanted.as_bytes());
    tail.drain(..tail.len().saturating_sub(wanted.len()));
    came
}

/// `docker exec -it` on a pseudo-terminal of ours.
struct Exec {
    child: Child,
    line: File,
    buffer: Vec<u8>,
}

impl Exec {
    fn open(container: &str, user: &str) -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = || File::options().read(true).write(true).open(&name).unwrap();
        let child = Command::new("docker")
            .args(["exec", "-it", "-u", user, container, "bash", "-l"])
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Self { child, line: File::from(master), buffer: vec![0; 64 * 1024] }
    }

    fn type_in(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).unwrap();
    }

    /// Reads until `wanted` has come; how many bytes came.
    fn read_until(&mut self, wanted: &str) -> usize {
        let (mut tail, mut count) = (Vec::new(), 0);
        loop {
            let read = self.line.read(&mut self.buffer).unwrap();
            count += read;
            if ended(&mut tail, &self.buffer[..read], wanted) {
                return count;
            }
        }
    }

    fn begin(&mut self) {
        self.type_in("echo rea''dy\r");
        self.read_until("ready\r\n");
    }
}

impl Drop for Exec {
    fn drop(&mut self) {
        let _ = self.line.write_all(b"\x03exit\r");
        std::thread::sleep(Duration::from_millis(300));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The product's terminal, read as a browser reads it but not drawn: by one thread that waits for one descriptor, as the
/// other side is.
struct Ours {
    socket: WebSocket<TcpStream>,
    /// Bytes of output that came, and how many of them the server was told.
    seen: usize,
    told: usize,
}

impl Ours {
    fn open(person: &Person, port: u16) -> Self {
        let origin = person.base().to_owned();
        let request = terminal::request(person, "/seat/terminal?cols=80&rows=24&tab=measured", Some(&origin));
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = tungstenite::client(request, stream).unwrap();
        Self { socket, seen: 0, told: 0 }
    }

    fn send(&mut self, kind: u8, bytes: &[u8]) {
        self.socket.send(Message::Binary([&[kind], bytes].concat().into())).unwrap();
    }

    /// Reads until `wanted` has come; how many bytes came. Tells what it drew as often as the page's script does.
    fn read_until(&mut self, wanted: &str) -> usize {
        let (mut tail, mut count) = (Vec::new(), 0);
        loop {
            let Message::Binary(frame) = self.socket.read().unwrap() else { continue };
            let Some((&terminal::BYTES, bytes)) = frame.split_first() else { continue };
            count += bytes.len();
            self.seen += bytes.len();
            if self.seen - self.told >= DRAWN_EVERY {
                self.told = self.seen;
                let all = u32::try_from(self.seen & 0xffff_ffff).unwrap();
                self.send(terminal::DRAWN, &all.to_be_bytes());
            }
            if ended(&mut tail, bytes, wanted) {
                return count;
            }
        }
    }
}

/// A terminal of either kind.
trait Line {
    fn type_in(&mut self, text: &str);
    fn read_until(&mut self, wanted: &str) -> usize;

    fn say(&mut self, line: &str, wanted: &str) {
        self.type_in(line);
        self.read_until(wanted);
    }

    /// Microseconds from each keystroke to its echo.
    fn echo(&mut self) -> Vec<f64> {
        self.say("echo no''w; cat > /dev/null; echo e''nd\r", "now\r\n");
        let mut times = Vec::with_capacity(STROKES);
        for stroke in 0..STROKES {
            let began = Instant::now();
            self.say("x", "x");
            times.push(began.elapsed().as_secs_f64() * 1e6);
            if stroke % LINE == LINE - 1 {
                self.say("\r", "\r\n");
            }
        }
        self.say("\r\u{4}", "end\r\n");
        times
    }

    /// MiB/s of a file of lines.
    fn output(&mut self) -> f64 {
        self.type_in("cat big; echo e''nd\r");
        let began = Instant::now();
        let count = self.read_until("end\r\n");
        assert!(count > OUTPUT, "{count}");
        count as f64 / began.elapsed().as_secs_f64() / 1024.0 / 1024.0
    }
}

impl Line for Exec {
    fn type_in(&mut self, text: &str) {
        self.type_in(text);
    }

    fn read_until(&mut self, wanted: &str) -> usize {
        self.read_until(wanted)
    }
}

impl Line for Ours {
    fn type_in(&mut self, text: &str) {
        self.send(terminal::BYTES, text.as_bytes());
    }

    fn read_until(&mut self, wanted: &str) -> usize {
        self.read_until(wanted)
    }
}

/// One measure, in a thread of its own.
async fn measured<T: Line + Send + 'static>(mut line: T) -> (T, Vec<f64>, f64) {
    tokio::task::spawn_blocking(move || {
        let (echo, output) = (line.echo(), line.output());
        (line, echo, output)
    })
    .await
    .unwrap()
}

fn percentile(sorted: &[f64], of_hundred: usize) -> f64 {
    sorted[(sorted.len() - 1) * of_hundred / 100]
}

/// p50 and p99 in microseconds over all rounds.
fn echo_figures(mut times: Vec<f64>) -> (f64, Value) {
    times.sort_by(f64::total_cmp);
    let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
    (p50, json!({ "p50_us": p50.round(), "p99_us": p99.round() }))
}

async fn measure(scene: &Scene) -> Value {
    let container = docker::host(&scene.exercise, 1, "attack");
    let query = "cols=80&rows=24&tab=measured";
    let base = scene.server.base();
    let mut first = terminal::open(scene.red(1), query, Some(&base)).await.ok().unwrap();
    first.run(&format!("{MAKE} {OUTPUT} > big"), SOON).await;
    drop(first);
    let port = scene.server.port;
    let mut ours = tokio::task::block_in_place(|| Ours::open(scene.red(1), port));
    let mut exec = Exec::open(&container, "red");
    exec.begin();
    let (mut echo_ours, mut echo_exec) = (Vec::new(), Vec::new());
    let (mut out_ours, mut out_exec) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let mut one = (Vec::new(), Vec::new(), 0.0, 0.0);
        // In turns, so that neither always comes second.
        for first in [round % 2 == 0, round % 2 != 0] {
            if first {
                (ours, one.0, one.2) = measured(ours).await;
            } else {
                (exec, one.1, one.3) = measured(exec).await;
            }
        }
        // The first round fills caches.
        if round > 0 {
            echo_ours.extend(one.0);
            echo_exec.extend(one.1);
            out_ours.push(one.2);
            out_exec.push(one.3);
        }
    }
    let ((ours_us, echo_ours), (exec_us, echo_exec)) = (echo_figures(echo_ours), echo_figures(echo_exec));
    let hundredths = |value: f64| (value * 100.0).round() / 100.0;
    json!({
        "terminal_echo_vs_exec": hundredths(ours_us / exec_us),
        "terminal_output_vs_exec": hundredths(median(&out_ours) / median(&out_exec)),
        "terminal": {
            "echo": { "rampart": echo_ours, "docker_exec": echo_exec },
            "output_mib_per_s": { "rampart": spread(out_ours), "docker_exec": spread(out_exec) },
            "rounds": ROUNDS,
            "keystrokes_each_round": STROKES,
            "output_bytes_each_round": OUTPUT,
            "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn against_docker_exec() {
    let scene = stage::running(1).await;
    let level = scene.server.level();
    let mut figures = Value::Null;
    let outcome = keep::outcome(async { figures = measure(&scene).await }).await;
    if outcome.is_err() {
        scene.server.keep(&keep::folder("performance-terminal"));
    }
    drop(level);
    drop(scene);
    keep::conclude(outcome);
    write_down(&figures);
}
