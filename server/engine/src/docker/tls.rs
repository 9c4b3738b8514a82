//! The way to a remote engine: mutual TLS over TCP that notices when nobody is there any more.
//!
//! The client library's own way has none of what makes it quick or honest: it opens a connection for each call, waits for
//! the other side's acknowledgements, believes the machine's list of authorities, and a terminal over a cable that was
//! cut stays open for minutes. So it is given this one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use futures_util::FutureExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Distrust, EngineError, Trust};

/// Until a connection stands, TCP and TLS each.
const CONNECT: Duration = Duration::from_secs(5);
/// A silent connection is asked after this time, and so often in such steps; then it is gone.
const KEEPALIVE: Duration = Duration::from_secs(3);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(2);
const KEEPALIVE_TIMES: u32 = 3;
/// What was sent and is not acknowledged for so long is lost, and the connection with it, ms.
const UNACKNOWLEDGED_MS: u32 = 9_000;
/// Connections kept for the next calls.
const KEPT: usize = 8;
/// How long they are kept.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How long a node may take to say that it does not take our certificate.
const ASK_WHY: Duration = Duration::from_secs(3);

/// A remote engine's place and whom it is believed as.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    host: String,
    port: u16,
    name: ServerName<'static>,
    trust: Trust,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
    }
}

impl Eq for Node {}

impl Node {
    /// Reads `https://host:port`; an IPv6 address stands in brackets.
    pub(crate) fn parse(address: &str, trust: &Trust) -> Result<Self, EngineError> {
        let bad = || EngineError::Refused(format!("{address} is no address of a node: https://host:port"));
        let rest = address.strip_prefix("https://").ok_or_else(bad)?.trim_end_matches('/');
        let (host, port) = rest.rsplit_once(':').ok_or_else(bad)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| bad())?;
        Ok(Self { host: host.to_owned(), port, name, trust: trust.clone() })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address as a person writes it.
    pub(crate) fn shown(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("https://{host}:{}", self.port)
    }

    /// Opens a connection.
    pub(crate) async fn dial(&self) -> Result<Line, DialError> {
        let lost = |what: &str| DialError::Lost(io::Error::new(io::ErrorKind::TimedOut, what.to_owned()));
        let tcp = tokio::time::timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port)))
            .await
            .map_err(|_| lost("no connection in time"))?
            .map_err(DialError::Lost)?;
        watchful(&tcp).map_err(DialError::Lost)?;
        let connector = TlsConnector::from(self.trust.tls());
        let stream = tokio::time::timeout(CONNECT, connector.connect(self.name.clone(), tcp))
            .await
            .map_err(|_| lost("no TLS in time"))?
            .map_err(|error| match self.distrust(&error) {
                Some(fault) => DialError::Distrust(fault),
                None => DialError::Lost(error),
            })?;
        Ok(Line(stream))
    }

    /// What an error of a connection says about certificates.
    pub(crate) fn distrust(&self, error: &io::Error) -> Option<Distrust> {
        let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(self.trust.explain(tls, &self.host))
    }

    /// Why a node that takes connections gives no answers. In this version of TLS it says after the handshake that it does
    /// not take our certificate, and what we send meanwhile can destroy the word. So nothing is sent here.
    pub(crate) async fn why(&self) -> Option<Distrust> {
        let asked = async {
            match self.dial().await {
                Ok(mut line) => line.read_u8().await.err().and_then(|error| self.distrust(&error)),
                Err(DialError::Distrust(fault)) => Some(fault),
                Err(DialError::Lost(_)) => None,
            }
        };
        // One that waits for us has nothing against us.
        tokio::time::timeout(ASK_WHY, asked).await.ok().flatten()
    }

    /// The client library over this way.
    pub(crate) fn client(&self, heads: u64) -> Result<Docker, bollard::errors::Error> {
        let node = Arc::new(self.clone());
        let connector = tower::service_fn(move |_: http::Uri| {
            let node = node.clone();
            async move { node.dial().await.map(TokioIo::new) }.boxed()
        });
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(KEPT)
            .build(connector);
        let client = Arc::new(client);
        let transport = move |request: BollardRequest| {
            let client = client.clone();
            async move { client.request(request).await.map_err(bollard::errors::Error::from) }
        };
        Docker::connect_with_custom_transport(transport, Some(self.shown()), heads, API_DEFAULT_VERSION)
    }
}

/// No waiting for more to send, and a peer that is gone is noticed.
fn watchful(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    sockopt::set_socket_keepalive(tcp, true)?;
    sockopt::set_tcp_keepidle(tcp, KEEPALIVE)?;
    sockopt::set_tcp_keepintvl(tcp, KEEPALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(tcp, KEEPALIVE_TIMES)?;
    sockopt::set_tcp_user_timeout(tcp, UNACKNOWLEDGED_MS)?;
    Ok(())
}

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// Nobody there.
    #[error(transparent)]
    Lost(io::Error),
    /// Somebody else there, or he does not know us.
    #[error(transparent)]
    Distrust(Distrust),
}

impl From<DialError> for EngineError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Lost(_) => Self::NodeUnreachable { since_ms: None },
            DialError::Distrust(fault) => fault.into(),
        }
    }
}

/// One connection.
pub(crate) struct Line(TlsStream<TcpStream>);

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
