//! Start and stop. A start either gives a server that answers or leaves nothing running; a stop tells everybody, lets
//! what runs come to an end, and knows when it has.

use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use rampart_app::clock::{Clock, SystemClock};
use rampart_app::fleet::{NewNode, Nodes};
use rampart_app::terminal::TerminalRules;
use rampart_app::webhooks::Allowed;
use rampart_app::{App, AppConfig, AppError};
use rampart_domain::ledger::CheckpointKey;
use rampart_engine::{DockerEngine, EngineError};
use rampart_pages::{Pages, PagesError};
use rampart_store::{Store, StoreError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::secret_file::{self, SecretError};
use crate::web::token::Signer;
use crate::web::{House, Web, asset_version, missing_assets, router};

/// The longest that a stop waits for connections to come to an end.
const DRAIN: Duration = Duration::from_secs(10);
/// A peer that acknowledges nothing for this long is gone; without it a vanished browser keeps its stream for a quarter
/// of an hour.
const SILENT_PEER_MS: u32 = 60_000;
/// A connection over which nothing goes either way is asked after this time, and again, whether anybody is there: a browser
/// that vanished between two requests would keep it for ever.
const ASK_IDLE: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Log-ins that ended this long ago are forgotten, ms.
const FORGET_SESSIONS_MS: i64 = 7 * DAY_MS;
/// Tokens that ended this long ago are forgotten, ms.
const FORGET_TOKENS_MS: i64 = 30 * DAY_MS;
/// A request may be sent again for so long, ms.
const FORGET_REPEATS_MS: i64 = DAY_MS;
/// Descriptors for ten thousand spectators and everything else.
const DESCRIPTORS: u64 = 16_384;
/// A day, ms.
const DAY_MS: i64 = 86_400_000;

/// Why it does not start. Each says what to do where there is something to be done.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made or locked.
    #[error("data folder {path}: {source}", path = path.display())]
    Data {
        /// Folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another one runs on this folder.
    #[error("data folder {path}: another rampart is using it", path = .0.display())]
    InUse(PathBuf),
    /// The secret of log-ins.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The address is taken, or none of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store does not open.
    #[error("store: {}", chain(.0))]
    Store(#[from] StoreError),
    /// The engine's address is not understood.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The list of engines is not in order.
    #[error(transparent)]
    Nodes(#[from] crate::nodes::NodesError),
    /// The list of engines names none, or one twice.
    #[error("{}: names no engine, or one twice", .0.display())]
    NoNodes(PathBuf),
    /// Exercises could not be taken up again.
    #[error("{}", chain(.0))]
    App(#[from] AppError),
    /// Templates and texts do not fit the program.
    #[error("{}", chain(.0))]
    Pages(#[from] PagesError),
    /// Styles and scripts were not compiled in.
    #[error(
        "styles and scripts are missing ({}): run `npm ci && npm run build` in server/assets, then build the program again",
        .0.join(", ")
    )]
    Assets(Vec<&'static str>),
}

/// An error with everything that it stands on, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(below) = source {
        let below_text = below.to_string();
        if !text.ends_with(&below_text) {
            text.push_str(": ");
            text.push_str(&below_text);
        }
        source = below.source();
    }
    text
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The use cases.
    pub app: Arc<App>,
    /// Log-in and one-time password of the first administrator, if this start made one.
    pub first: Option<(String, String)>,
    web: Web,
    server: JoinHandle<io::Result<()>>,
    /// Held until the end, so that no second server takes the same folder.
    _lock: File,
}

impl Running {
    /// Tells everybody, waits for what is under way, and closes the store. Ranges stand on; the next start adopts them.
    pub async fn stop(self) {
        self.web.stop();
        self.web.sockets.close();
        let drained = async {
            self.web.sockets.wait().await;
            if let Err(error) = self.server.await {
                tracing::error!(%error, "the server's task failed");
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        // The ledger's writer is the last to go: what was answered is written before.
        self.app.stop().await;
    }
}

/// Makes the data folder for its owner only and takes it for this process.
fn take_data_dir(path: &Path) -> Result<File, StartError> {
    let data = |source| StartError::Data { path: path.to_path_buf(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(data)?;
    let lock = File::options().create(true).append(true).open(path.join("lock")).map_err(data)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(path.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(data(source)),
    }
}

/// Opens the store alone, for commands that only read.
///
/// # Errors
/// When the folder or the store cannot be opened.
pub async fn open_store(config: &Config) -> Result<Store, StartError> {
    let path = &config.data_dir;
    let data = |source| StartError::Data { path: path.clone(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(data)?;
    Ok(Store::open_with(&config.store_url(), config.connections).await?)
}

fn engine(config: &Config) -> Result<DockerEngine, EngineError> {
    Ok(DockerEngine::at(config.engine.as_deref())?.making_at_once(config.engine_at_once))
}

/// The use cases without the web, for commands that change something. The folder is taken as long as the file is held.
///
/// # Errors
/// See [`StartError`].
pub async fn open_app(config: &Config, own_ports: Vec<u16>) -> Result<(Arc<App>, File), StartError> {
    let nodes = nodes(config)?;
    let lock = take_data_dir(&config.data_dir)?;
    let store = Store::open_with(&config.store_url(), config.connections).await?;
    let app = App::start(app_config(config, own_ports)?, store, nodes, Arc::new(SystemClock)).await?;
    Ok((app, lock))
}

/// The key that signs positions of ledgers; made at the first start.
///
/// # Errors
/// See [`SecretError`].
pub fn ledger_key(config: &Config) -> Result<CheckpointKey, SecretError> {
    let path = config.data_dir.join("ledger.key");
    let secret = secret_file::open(&path, "what it signed can then be checked with its public half only")?;
    Ok(CheckpointKey::new(&secret))
}

fn app_config(config: &Config, own_ports: Vec<u16>) -> Result<AppConfig, SecretError> {
    let days = config.recordings_days;
    let terminals = TerminalRules {
        grace: Duration::from_millis(u64::try_from(config.terminal_grace_ms).unwrap_or(0)),
        keep_ms: (days > 0).then_some(i64::from(days) * DAY_MS),
        ..TerminalRules::new(&config.data_dir)
    };
    Ok(AppConfig {
        scenarios_dir: config.scenarios_dir.clone(),
        images_dir: config.images_dir.clone(),
        block: config.block,
        own_ports,
        judge_delay_ms: config.judge_delay_ms,
        ledger_key: ledger_key(config)?,
        terminals,
        ranges: config.ranges,
        fonts: config.fonts.clone(),
    })
}

/// Takes as many descriptors as this process may have: each open stream is one. Says so where they are few.
fn take_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.map_or(DESCRIPTORS, |most| most.max(DESCRIPTORS));
    // Beyond the hard limit only root may go.
    for wanted in [most, now.maximum.unwrap_or(most)] {
        let limit = Rlimit { current: Some(wanted), maximum: now.maximum.map(|most| most.max(wanted)) };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            break;
        }
    }
    let taken = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if taken < DESCRIPTORS {
        tracing::warn!(
            descriptors = taken,
            "connections are limited to about so many; raise `ulimit -n` (LimitNOFILE) to {DESCRIPTORS} for 10,000 spectators"
        );
    }
}

/// Starts everything with the machine's own engine and clock.
///
/// # Errors
/// See [`StartError`].
pub async fn serve(config: Config) -> Result<Running, StartError> {
    let missing = missing_assets();
    if !missing.is_empty() {
        return Err(StartError::Assets(missing));
    }
    take_descriptors();
    let nodes = nodes(&config)?;
    serve_with(config, nodes, Arc::new(SystemClock)).await
}

/// The engines that the file lists; without one the machine's own, or the one that is configured, alone.
fn nodes(config: &Config) -> Result<Nodes, StartError> {
    if let Some(file) = &config.engines {
        let listed = crate::nodes::read(file)?.into_iter().map(|node| {
            let engine = Arc::new(DockerEngine::of(&node)?.making_at_once(config.engine_at_once));
            Ok(NewNode { name: node.name, address: node.address, engine })
        });
        let listed = listed.collect::<Result<Vec<_>, EngineError>>()?;
        return Nodes::new(listed).ok_or_else(|| StartError::NoNodes(file.clone()));
    }
    Ok(Nodes::local(Arc::new(engine(config)?), &config.engine_shown()))
}

/// Starts everything with nodes and a clock of the caller's.
///
/// # Errors
/// See [`StartError`].
pub async fn serve_with(
    config: Config,
    nodes: impl Into<Nodes>,
    clock: Arc<dyn Clock>,
) -> Result<Running, StartError> {
    let pages = Pages::new()?.with_asset_version(asset_version());
    let lock = take_data_dir(&config.data_dir)?;
    let signer =
        Signer::new(secret_file::open(&config.data_dir.join("jwt.secret"), "everybody logs in again")?);
    let refused = |source| StartError::Listen { address: config.listen, source };
    // Before anything is started: a taken port must not leave half a server behind.
    let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    let store = Store::open_with(&config.store_url(), config.connections).await?;
    let app = App::start(app_config(&config, vec![addr.port()])?, store, nodes, clock).await?;
    app.store.sessions().sweep(app.now_ms() - FORGET_SESSIONS_MS).await?;
    app.store.tokens().sweep(app.now_ms() - FORGET_TOKENS_MS).await?;
    app.store.repeats().sweep(app.now_ms() - FORGET_REPEATS_MS).await?;
    app.forget_scans().await?;
    let first = app.first_administrator().await?;
    let web = Web::new(app.clone(), pages, signer, house(&config, app.now_ms()));
    app.start_webhooks(web.house.hooks.clone());
    let service = router(web.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = web.stopping.clone();
    let server = axum::serve(listener.tap_io(set_up), service)
        .with_graceful_shutdown(async move { stopping.cancelled().await });
    let server = tokio::spawn(async move { server.await });
    Ok(Running { addr, app, first, web, server, _lock: lock })
}

/// A connection as it comes in.
fn set_up(connection: &mut TcpStream) {
    use rustix::net::sockopt;
    // Failing only costs speed, or memory for a while.
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let connection = &*connection;
    let asked = sockopt::set_tcp_user_timeout(connection, SILENT_PEER_MS)
        .and_then(|()| sockopt::set_tcp_keepidle(connection, ASK_IDLE))
        .and_then(|()| sockopt::set_tcp_keepintvl(connection, ASK_AGAIN))
        .and_then(|()| sockopt::set_socket_keepalive(connection, true));
    if let Err(error) = asked {
        tracing::debug!(%error, "TCP_USER_TIMEOUT, SO_KEEPALIVE");
    }
}

fn house(config: &Config, now_ms: i64) -> House {
    let (store_kind, store_place) = config.store_shown();
    House {
        secure: config.secure,
        address: config.address.clone(),
        proxies: config.proxies.clone(),
        store_file: (store_kind == "sqlite").then(|| PathBuf::from(&store_place)),
        store_kind: store_kind.to_owned(),
        store_place,
        engine_address: config.engine_shown(),
        hooks: Arc::new(Allowed { listed: config.webhook_allow.clone(), block: config.block }),
        started_ms: now_ms,
    }
}
