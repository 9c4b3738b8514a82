//! A seat's terminal without a browser: the frames of the WebSocket, as the page's script speaks them.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::http::Person;

/// First byte of a frame: input from us, output to us.
const BYTES: u8 = 0;
/// First byte of a frame to us: a state as JSON.
const STATE: u8 = 1;
/// First byte of a frame from us: bytes of output drawn.
const DRAWN: u8 = 2;

/// An open terminal.
pub struct Terminal {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// All output so far.
    pub output: String,
    /// States told so far.
    pub states: Vec<String>,
    /// True when the server has closed it.
    pub closed: bool,
}

/// Tries to open one; the HTTP status when refused.
pub async fn open(person: &Person, query: &str, origin: Option<&str>) -> Result<Terminal, u16> {
    let address = format!("{}/seat/terminal?{query}", person.base().replace("http://", "ws://"));
    let mut request = address.into_client_request().unwrap();
    let cookies = person.cookies();
    if !cookies.is_empty() {
        request.headers_mut().insert("cookie", cookies.parse().unwrap());
    }
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Terminal { socket, output: String::new(), states: Vec::new(), closed: false }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("no terminal and no answer: {other}"),
    }
}

impl Terminal {
    /// Types.
    pub async fn type_in(&mut self, text: &str) {
        let mut frame = vec![BYTES];
        frame.extend_from_slice(text.as_bytes());
        self.socket.send(Message::Binary(frame.into())).await.unwrap();
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
                self.output.push_str(&String::from_utf8_lossy(bytes));
                let mut drawn = vec![DRAWN];
                drawn.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
                // The server may have closed meanwhile; the next read tells.
                let _ = self.socket.send(Message::Binary(drawn.into())).await;
            }
            Some((&STATE, json)) => {
                let state: serde_json::Value = serde_json::from_slice(json).unwrap();
                self.states.push(state["state"].as_str().unwrap_or_default().to_owned());
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
