//! A seat's terminal without a browser: the frames of the WebSocket, as the page's script speaks them.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::http::Person;

/// First byte of a frame: input from us, output to us.
pub const BYTES: u8 = 0;
/// First byte of a frame to us: a state as JSON.
const STATE: u8 = 1;
/// First byte of a frame from us: bytes of output drawn so far.
pub const DRAWN: u8 = 2;
/// First byte of a frame to somebody who looks on: a size.
const SIZE: u8 = 2;

/// An open terminal.
pub struct Terminal {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// All output so far.
    pub output: String,
    /// The same as it came.
    pub bytes: Vec<u8>,
    /// Up to where `bytes` stand in `output`.
    read: usize,
    /// True: the server is told what was drawn, as a browser that keeps up does.
    pub draws: bool,
    /// Does somebody look on?
    pub watched: bool,
    /// Sizes that somebody who looks on was told.
    pub sizes: Vec<(u16, u16)>,
    /// States told so far.
    pub states: Vec<String>,
    /// True when the server has closed it.
    pub closed: bool,
}

/// Tries to open the seat's own; the HTTP status when refused.
pub async fn open(person: &Person, query: &str, origin: Option<&str>) -> Result<Terminal, u16> {
    open_at(person, &format!("/seat/terminal?{query}"), origin).await
}

/// What opens a socket, as a browser asks for it.
pub fn request(person: &Person, path: &str, origin: Option<&str>) -> Request {
    let address = format!("{}{path}", person.base().replace("http://", "ws://"));
    let mut request = address.into_client_request().unwrap();
    let cookies = person.cookies();
    if !cookies.is_empty() {
        request.headers_mut().insert("cookie", cookies.parse().unwrap());
    }
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    request
}

/// Tries to open a socket; the HTTP status when refused.
pub async fn open_at(person: &Person, path: &str, origin: Option<&str>) -> Result<Terminal, u16> {
    // Browsers send what is typed at once.
    match connect_async_with_config(request(person, path, origin), None, true).await {
        Ok((socket, _)) => Ok(Terminal {
            socket,
            output: String::new(),
            bytes: Vec::new(),
            read: 0,
            draws: true,
            watched: false,
            sizes: Vec::new(),
            states: Vec::new(),
            closed: false,
        }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("no terminal and no answer: {other}"),
    }
}

impl Terminal {
    /// Types.
    pub async fn type_in(&mut self, text: &str) {
        self.type_bytes(text.as_bytes()).await;
    }

    /// Types bytes that need not be whole characters.
    pub async fn type_bytes(&mut self, bytes: &[u8]) {
        let mut frame = vec![BYTES];
        frame.extend_from_slice(bytes);
        self.socket.send(Message::Binary(frame.into())).await.unwrap();
    }

    /// Changes the size of the window.
    pub async fn resize(&mut self, cols: u16, rows: u16) {
        let ([a, b], [c, d]) = (cols.to_be_bytes(), rows.to_be_bytes());
        self.socket.send(Message::Binary(vec![1, a, b, c, d].into())).await.unwrap();
    }

    /// Tells what was drawn.
    pub async fn tell_drawn(&mut self) {
        let mut drawn = vec![DRAWN];
        let all = u32::try_from(self.bytes.len() & 0xffff_ffff).unwrap();
        drawn.extend_from_slice(&all.to_be_bytes());
        // The server may have closed meanwhile; the next read tells.
        let _ = self.socket.send(Message::Binary(drawn.into())).await;
    }

    /// Reads for at most `within`, or until `done` says so. True when it did.
    pub async fn read_until(&mut self, within: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + within;
        while !done(self) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.closed {
                return done(self);
            }
            match tokio::time::timeout(left, self.socket.next()).await {
                Err(_) => return done(self),
                Ok(Some(Ok(Message::Binary(frame)))) => self.take(&frame).await,
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => self.closed = true,
                Ok(Some(Ok(_))) => {}
            }
        }
        true
    }

    async fn take(&mut self, frame: &[u8]) {
        match frame.split_first() {
            Some((&BYTES, bytes)) => {
                self.bytes.extend_from_slice(bytes);
                // A character may be cut between two frames.
                let rest = &self.bytes[self.read..];
                let whole = match std::str::from_utf8(rest) {
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    _ => rest.len(),
                };
                self.output.push_str(&String::from_utf8_lossy(&rest[..whole]));
                self.read += whole;
                if self.draws {
                    self.tell_drawn().await;
                }
            }
            Some((&SIZE, size)) => {
                let half = |at: usize| u16::from_be_bytes([size[at], size[at + 1]]);
                self.sizes.push((half(0), half(2)));
            }
            Some((&STATE, json)) => {
                let state: serde_json::Value = serde_json::from_slice(json).unwrap();
                match state["watched"].as_bool() {
                    Some(watched) => self.watched = watched,
                    None => self.states.push(state["state"].as_str().unwrap_or_default().to_owned()),
                }
            }
            _ => panic!("a frame of no known kind: {frame:?}"),
        }
    }

    /// Runs a command line and gives what it wrote, once it has ended.
    pub async fn run(&mut self, line: &str, within: Duration) -> String {
        let from = self.output.len();
        let mark = super::unique();
        // The mark is put together by the shell, so that the echo of the line does not hold it.
        self.type_in(&format!("{line}; echo \"E\"\"ND {mark}\"\r")).await;
        let wanted = format!("END {mark}");
        let ended = self.read_until(within, |terminal| terminal.output[from..].contains(&wanted)).await;
        assert!(ended, "{line} did not end within {within:?}: {}", &self.output[from..]);
        self.output[from..].split(&wanted).next().unwrap_or_default().to_owned()
    }
}
