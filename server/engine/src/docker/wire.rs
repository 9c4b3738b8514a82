//! The raw connection of a running exec.
//!
//! The client library reads every exec's output as a framed log and takes a chunk that begins with a byte below 3 for
//! the head of a frame. With a TTY there are no frames, so a program that writes such a byte (binary output, a NUL)
//! would stall the terminal. This module makes the one call that starts an exec by itself and gives the bytes as they
//! are; it also leaves back-pressure to the socket.

use std::io::Cursor;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::tls::Node;
use crate::EngineError;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(String),
    Tls(Box<Node>),
}

impl Address {
    /// True for an engine of this very machine: its disk, addresses and firewall are ours.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// Reads `unix:///path` or `tcp://host:port`, the latter for this very machine only.
    pub(crate) fn parse(text: &str) -> Result<Self, EngineError> {
        let tcp = text.strip_prefix("tcp://").and_then(|rest| rest.trim_end_matches('/').rsplit_once(':'));
        if let Some((host, _)) = tcp
            && !matches!(host, "127.0.0.1" | "localhost" | "[::1]")
        {
            return Err(EngineError::Refused(format!(
                "{text}: another machine's engine without TLS lets everybody in as root; list it with https:// in a file \
                 of engines (`rampart node certs`)"
            )));
        }
        if let Some(path) = text.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
            Ok(Self::Unix(path.into()))
        } else if let Some(host) = text.strip_prefix("tcp://").filter(|host| host.contains(':')) {
            Ok(Self::Tcp(host.trim_end_matches('/').to_owned()))
        } else {
            Err(EngineError::Refused(format!(
                "{text} is no address of an engine: unix:///path or tcp://host:port (https:// takes a file of nodes)"
            )))
        }
    }
}

/// Both directions of a running exec.
pub(crate) struct Duplex {
    pub reader: Pin<Box<dyn AsyncRead + Send>>,
    pub writer: Pin<Box<dyn AsyncWrite + Send>>,
}

/// Largest head of an answer that is read.
const MAX_HEAD: usize = 16 * 1024;
/// Largest text of a refusal that is read.
const MAX_REFUSAL: u64 = 16 * 1024;

/// Starts an exec and takes over its connection.
pub(crate) async fn start_exec(
    address: &Address,
    version: &str,
    id: &str,
    tty: bool,
    deadline: Duration,
) -> Result<Duplex, EngineError> {
    tokio::time::timeout(deadline, async {
        let lost = |_| EngineError::NodeUnreachable { since_ms: None };
        match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(lost)?;
                let (reader, writer) = stream.into_split();
                open(reader, writer, version, id, tty).await
            }
            Address::Tcp(host) => {
                let stream = TcpStream::connect(host).await.map_err(lost)?;
                stream.set_nodelay(true).map_err(lost)?;
                let (reader, writer) = stream.into_split();
                open(reader, writer, version, id, tty).await
            }
            Address::Tls(node) => {
                let (reader, writer) = tokio::io::split(node.dial().await?);
                open(reader, writer, version, id, tty).await
            }
        }
    })
    .await
    .map_err(|_| EngineError::Timeout("start a command".into()))?
}

async fn open<R, W>(
    mut reader: R,
    mut writer: W,
    version: &str,
    id: &str,
    tty: bool,
) -> Result<Duplex, EngineError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let lost = |_| EngineError::NodeUnreachable { since_ms: None };
    let body = format!("{{\"Detach\":false,\"Tty\":{tty}}}");
    let request = format!(
        "POST /v{version}/exec/{id}/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    writer.write_all(request.as_bytes()).await.map_err(lost)?;

    let mut head = Vec::with_capacity(512);
    let end = loop {
        if let Some(at) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if head.len() > MAX_HEAD {
            return Err(EngineError::Io("the engine's answer has no end of its head".into()));
        }
        if reader.read_buf(&mut head).await.map_err(lost)? == 0 {
            return Err(EngineError::NodeUnreachable { since_ms: None });
        }
    };
    let rest = head.split_off(end);
    let text = String::from_utf8_lossy(&head);
    let status: u16 = text.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    if status == 101 || status == 200 {
        return Ok(Duplex { reader: Box::pin(Cursor::new(rest).chain(reader)), writer: Box::pin(writer) });
    }
    let length = text
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<u64>())
        })
        .and_then(Result::ok)
        .unwrap_or(0);
    let mut refusal = rest;
    let wanted = length.min(MAX_REFUSAL).saturating_sub(refusal.len() as u64);
    (&mut reader).take(wanted).read_to_end(&mut refusal).await.map_err(lost)?;
    let message = serde_json::from_slice::<serde_json::Value>(&refusal)
        .ok()
        .and_then(|value| value.get("message").and_then(|text| text.as_str()).map(str::to_owned))
        .unwrap_or_else(|| String::from_utf8_lossy(&refusal).into_owned());
    Err(super::refusal(status, message))
}

/// Takes a framed output (no TTY) apart.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
}

impl Frames {
    /// Takes bytes and gives whole or part frames as (is standard error, payload). A payload may come in pieces.
    pub(crate) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(bool, &[u8])) {
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(head) = self.buffer.get(at..at + 8) {
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let stderr = head[0] == 2;
            let Some(payload) = self.buffer.get(at + 8..at + 8 + length) else { break };
            take(stderr, payload);
            at += 8 + length;
        }
        self.buffer.drain(..at);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn frames_survive_any_cut() {
        let bytes = [
            &[1, 0, 0, 0, 0, 0, 0, 3][..],
            b"out",
            &[2, 0, 0, 0, 0, 0, 0, 2],
            b"er",
            &[1, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        for cut in 0..bytes.len() {
            let mut frames = Frames::default();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            for part in [&bytes[..cut], &bytes[cut..]] {
                frames.push(part, |stderr, bytes| if stderr { err.extend(bytes) } else { out.extend(bytes) });
            }
            assert_eq!((out.as_slice(), err.as_slice()), (&b"out"[..], &b"er"[..]), "cut at {cut}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(Address::parse("unix:///run/d.sock").unwrap(), Address::Unix("/run/d.sock".into()));
        assert_eq!(Address::parse("tcp://127.0.0.1:2375/").unwrap(), Address::Tcp("127.0.0.1:2375".into()));
        let plain = Address::parse("tcp://10.0.0.1:2375").unwrap_err().to_string();
        assert!(plain.contains("lets everybody in"), "{plain}");
        for bad in ["", "unix://d.sock", "ssh://x", "tcp://x", "/run/d.sock"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_refusal_has_its_text_and_early_bytes_are_kept() {
        let (client, mut server) = tokio::io::duplex(4096);
        let (reader, writer) = tokio::io::split(client);
        server
            .write_all(b"HTTP/1.1 409 Conflict\r\nContent-Length: 28\r\n\r\n{\"message\":\"it is paused!!\"}")
            .await
            .unwrap();
        let refused = open(reader, writer, "1.41", "x", true).await.err().unwrap();
        assert_eq!(refused, EngineError::Conflict("it is paused!!".into()));

        let (client, mut server) = tokio::io::duplex(4096);
        let (reader, writer) = tokio::io::split(client);
        server.write_all(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n\x00\x01early").await.unwrap();
        let mut duplex = open(reader, writer, "1.41", "x", true).await.unwrap();
        let mut got = [0; 7];
        duplex.reader.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"\x00\x01early");
    }
}
