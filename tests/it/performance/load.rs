//! A client that costs little: requests are made before the clock starts, and a connection is a loop over one socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::OBJECTIVES;

/// A round that takes longer than this is broken.
const LONGEST: Duration = Duration::from_secs(120);

/// A trainee's log-in.
pub struct Seat {
    pub cookies: String,
    pub token: String,
}

/// What a round came to.
pub struct Round {
    pub per_s: f64,
    pub p99_ms: f64,
}

/// Load on one server.
pub struct Load {
    port: u16,
    seats: Vec<Seat>,
    /// Requests made so far; each has its own flag.
    made: usize,
    stored: usize,
}

impl Load {
    pub fn new(port: u16, seats: Vec<Seat>) -> Self {
        Self { port, seats, made: 0, stored: 0 }
    }

    /// Wrong flags that were answered, and so stored.
    pub fn stored(&self) -> usize {
        self.stored
    }

    fn request(&mut self, store: bool) -> Vec<u8> {
        let n = self.made;
        self.made += 1;
        let seat = &self.seats[n % self.seats.len()];
        let objective = OBJECTIVES[n / self.seats.len() % OBJECTIVES.len()];
        // 32 digits are a wrong flag, 31 are none: the same length of body but for one byte.
        let flag = if store { format!("{n:032x}") } else { format!("{n:031x}") };
        let body = format!("objective={objective}&flag=RMP%7B{flag}%7D");
        format!(
            "POST /seat/flags HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\naccept: application/json\r\n\
             x-csrf-token: {token}\r\ncookie: {cookies}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}",
            port = self.port,
            token = seat.token,
            cookies = seat.cookies,
            length = body.len(),
        )
        .into_bytes()
    }

    /// Sends `requests` flags over `connections` and waits for every answer.
    pub async fn round(&mut self, connections: usize, requests: usize, store: bool) -> Round {
        let made: Vec<Vec<u8>> = (0..requests).map(|_| self.request(store)).collect();
        let expected = if store { "\"answer\":\"wrong\"" } else { "\"answer\":\"malformed\"" };
        let round = send(self.port, connections, made, expected).await;
        if store {
            self.stored += requests;
        }
        round
    }
}

/// Reads `path` so many times over `connections`; each answer holds `expected`.
pub async fn reads(
    port: u16,
    path: &str,
    connections: usize,
    requests: usize,
    expected: &'static str,
) -> Round {
    let one = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: */*\r\n\r\n").into_bytes();
    send(port, connections, vec![one; requests], expected).await
}

async fn send(port: u16, connections: usize, requests: Vec<Vec<u8>>, expected: &'static str) -> Round {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut sockets = Vec::new();
    for _ in 0..connections {
        let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.set_nodelay(true).unwrap();
        sockets.push(socket);
    }
    let began = Instant::now();
    let tasks: Vec<_> = sockets
        .into_iter()
        .map(|socket| {
            let (requests, next) = (requests.clone(), next.clone());
            tokio::spawn(connection(socket, requests, next, expected))
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(tokio::time::timeout(LONGEST, task).await.expect("the round does not end").unwrap());
    }
    let took = began.elapsed();
    assert_eq!(times.len(), requests.len());
    times.sort();
    let p99 = times[(times.len() * 99 / 100).min(times.len() - 1)];
    Round { per_s: times.len() as f64 / took.as_secs_f64(), p99_ms: p99.as_secs_f64() * 1000.0 }
}

async fn connection(
    mut socket: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    expected: &'static str,
) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut buffer = Vec::with_capacity(4096);
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        socket.write_all(request).await.unwrap();
        read_answer(&mut socket, &mut buffer).await;
        times.push(began.elapsed());
        let text = String::from_utf8_lossy(&buffer);
        assert!(text.starts_with("HTTP/1.1 200") && text.contains(expected), "{text}");
    }
    times
}

/// Reads one answer; its length stands in its head.
async fn read_answer(socket: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        let read = socket.read_buf(buffer).await.unwrap();
        assert!(read > 0, "the server closed the connection");
        let Some(end) = buffer.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("an answer without length").trim().parse().unwrap();
        if buffer.len() >= end + 4 + length {
            return;
        }
    }
}
