//! A node over mutual TLS: whom it lets in, whom it is believed as, and what is noticed when it goes away.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_engine::certs::{Authority, Days, Serves, Signed};
use rampart_engine::guard::Guard;
use rampart_engine::{
    Distrust, DockerEngine, Engine, EngineError, ExecSpec, NodeConfig, Pipe, PipeSpec, TerminalSpec, Trust,
    TrustFiles, Wall, connect, subnets, trial,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, LONG, on_engines, on_node, until};
use crate::node::{self, Node, names, trust, write};

fn desk() -> TerminalSpec {
    TerminalSpec {
        argv: vec!["bash".into(), "-l".into()],
        user: "root".into(),
        cols: 80,
        rows: 24,
        term: "xterm-256color".into(),
        env: Vec::new(),
    }
}

async fn fault(engine: &dyn Engine) -> Distrust {
    let (first, second) = (engine.info().await, engine.images().await);
    match (first, second) {
        (Err(EngineError::Untrusted(first)), Err(EngineError::Untrusted(second))) => {
            assert_eq!(first, second, "told one way each time");
            assert!(EngineError::Untrusted(first.clone()).is_silence(), "nothing is known of its objects");
            first
        }
        other => panic!("{other:?}"),
    }
}

fn signed(by: &Authority, serves: Serves, name: &str, days: Days) -> Signed {
    by.sign(serves, &names(&[name]), days).unwrap()
}

#[tokio::test]
async fn a_node_lets_nobody_in_but_the_platform() {
    let Some((node, _turn)) = node::shared().await else { return };
    let ca = node.authority.cert();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    write(&path, ca);
    assert_eq!(fault(&*node.with(&Trust::nobody(&path).unwrap())).await, Distrust::NoCertificate);
    let (stranger, _) = Authority::new(Days::until(2)).unwrap();
    let foreign = signed(&stranger, Serves::Platform, "platform", Days::until(2));
    assert_eq!(fault(&*node.with(&trust(ca, &foreign))).await, Distrust::OwnAuthority);
    assert_eq!(fault(&*node.with(&trust(ca, &node.own()))).await, Distrust::NotForClients);
    let late = signed(&node.authority, Serves::Platform, "platform", Days { from: -9, to: -3 });
    assert_eq!(fault(&*node.with(&trust(ca, &late))).await, Distrust::OwnOutOfDate);
    let early = signed(&node.authority, Serves::Platform, "platform", Days { from: 3, to: 9 });
    assert_eq!(fault(&*node.with(&trust(ca, &early))).await, Distrust::OwnOutOfDate);
    assert!(node.engine().info().await.is_ok());
}

/// Takes one connection after the other and shows this certificate.
async fn imposter(shown: &Signed) -> String {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(shown.cert.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let _: io::Result<_> = acceptor.accept(tcp).await;
        }
    });
    address
}

#[tokio::test]
async fn nobody_is_taken_for_a_node_but_the_node() {
    let (authority, _) = Authority::new(Days::until(2)).unwrap();
    let (stranger, _) = Authority::new(Days::until(2)).unwrap();
    let own = signed(&authority, Serves::Platform, "platform", Days::until(2));
    let ours = trust(authority.cert(), &own);
    let cases = [
        (signed(&stranger, Serves::Node, "127.0.0.1", Days::until(2)), Distrust::ForeignAuthority),
        (signed(&authority, Serves::Node, "127.0.0.1", Days { from: -9, to: -3 }), Distrust::NodeOutOfDate),
        (signed(&authority, Serves::Node, "127.0.0.1", Days { from: 3, to: 9 }), Distrust::NodeOutOfDate),
        (signed(&authority, Serves::Platform, "127.0.0.1", Days::until(2)), Distrust::NotForServers),
        (
            authority.sign(Serves::Node, &names(&["second.example", "10.9.9.9"]), Days::until(2)).unwrap(),
            Distrust::OtherName { asked: "127.0.0.1".into(), holds: names(&["second.example", "10.9.9.9"]) },
        ),
    ];
    for (shown, wanted) in cases {
        let engine = DockerEngine::remote(&imposter(&shown).await, &ours).unwrap();
        assert_eq!(fault(&engine).await, wanted);
        assert!(wanted.to_string().len() > 40, "it says what to do: {wanted}");
    }
    // One that speaks something else, and one that is not there at all.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            let _ = tcp.read(&mut hello).await;
            let _ = tcp.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nno TLS here").await;
            // Closed on what is unread, the connection would be reset, and the answer perhaps never read.
            while tcp.read(&mut hello).await.is_ok_and(|read| read > 0) {}
        }
    });
    assert_eq!(fault(&DockerEngine::remote(&plain, &ours).unwrap()).await, Distrust::NotTls);
    let nobody = DockerEngine::remote("https://127.0.0.1:1", &ours).unwrap();
    assert!(matches!(nobody.observe("run").await, Err(EngineError::NodeUnreachable { since_ms: Some(_) })));
    for bad in ["https://x", "http://x:1", "unix:///x", "https://x:0", "https://:1", "https://a b:1"] {
        assert!(matches!(DockerEngine::remote(bad, &ours), Err(EngineError::Refused(_))), "{bad}");
    }
}

#[tokio::test]
async fn what_will_soon_be_out_of_date_is_seen_before() {
    let Some((node, _turn)) = node::shared().await else { return };
    let ca = node.authority.cert();
    let month = Duration::from_secs(30 * 86_400);
    let lasting = signed(&node.authority, Serves::Platform, "platform", Days::until(60));
    let ending = node.platform();
    let soon = |own: &Signed| trust(ca, own).later(month).map(|later| (later.check_own(), node.with(&later)));
    // The test's node has a certificate of two days.
    let (own, engine) = soon(&lasting).unwrap();
    assert_eq!((own, fault(&*engine).await), (Ok(()), Distrust::NodeOutOfDate));
    let (own, _) = soon(&ending).unwrap();
    assert_eq!(own, Err(EngineError::Untrusted(Distrust::OwnOutOfDate)));
}

#[tokio::test]
async fn a_node_that_shows_another_nodes_certificate_is_named() {
    let Some((node, _turn)) = node::shared().await else { return };
    let ours = trust(node.authority.cert(), &node.platform());
    let address = format!("https://{}:2376", node.other_address);
    let other = DockerEngine::remote(&address, &ours).unwrap();
    let wanted = Distrust::OtherName { asked: node.other_address.clone(), holds: vec![node.address.clone()] };
    assert_eq!(fault(&other).await, wanted);
    assert!(wanted.to_string().contains(&node.other_address));
}

#[test]
fn files_of_trust_are_read_closely() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (authority, _) = Authority::new(Days::until(2)).unwrap();
    let [own, other] =
        ["platform", "other"].map(|name| signed(&authority, Serves::Platform, name, Days::until(2)));
    for (name, text) in [
        ("ca", authority.cert()),
        ("cert", &own.cert),
        ("key", &own.key),
        ("other-key", &other.key),
        ("empty", ""),
    ] {
        write(&at(name), text);
    }
    let read = |ca: &str, cert: &str, key: &str| match Trust::read(&at(ca), &at(cert), &at(key)) {
        Ok(_) => "read".to_owned(),
        Err(EngineError::Untrusted(Distrust::File { file, why })) => {
            format!("{}: {why}", file.rsplit('/').next().unwrap())
        }
        Err(other) => panic!("{other}"),
    };
    assert_eq!(read("ca", "cert", "key"), "read");
    assert!(read("none", "cert", "key").starts_with("none: no certificate can be read"));
    assert_eq!(read("ca", "empty", "key"), "empty: there is no certificate (PEM) in it");
    assert_eq!(read("ca", "key", "key"), "key: there is no certificate (PEM) in it");
    assert_eq!(read("ca", "cert", "other-key"), "other-key: it is not the key of that certificate");
    assert!(read("ca", "cert", "cert").starts_with("cert: no private key can be read"));
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(at("key"), std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(read("ca", "cert", "key").contains("chmod 600"));
}

#[tokio::test]
async fn a_nodes_own_addresses_and_subnets_are_what_its_operator_says() {
    let Some((node, _turn)) = node::shared().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let own = node.platform();
    for (name, text) in [("ca", node.authority.cert()), ("cert", &own.cert), ("key", &own.key)] {
        write(&dir.path().join(name), text);
    }
    let at = |name: &str| dir.path().join(name);
    let config = NodeConfig {
        name: "second".into(),
        address: format!("https://{}:2376", node.address),
        trust: Some(TrustFiles { ca: at("ca"), cert: at("cert"), key: at("key") }),
        labels: std::collections::BTreeMap::new(),
        routes: vec!["10.99.0.0/16".parse().unwrap()],
        addresses: vec!["192.0.2.7".parse().unwrap()],
    };
    let engine = connect(&config).unwrap();
    assert_eq!(engine.wall().await.unwrap(), Wall::Kept);
    let facts = engine.host().await.unwrap();
    let addresses: Vec<String> = facts.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, [node.address.as_str(), "192.0.2.7"]);
    assert_eq!(facts.ports, [2376], "the engine's own port is tried from inside");
    let taken: Vec<String> =
        subnets::taken(&*engine).await.unwrap().into_iter().map(|taken| taken.net.to_string()).collect();
    assert!(taken.contains(&"10.99.0.0/16".to_owned()) && taken.contains(&format!("{}/32", node.address)));
    let info = engine.info().await.unwrap();
    assert_eq!((info.disk, info.available), (None, None), "what is this machine's is not the node's");
    assert!(info.memory > 0 && info.version.starts_with(|c: char| c.is_ascii_digit()));
}

/// Bytes until the end, or the error that ended them.
async fn rest(reader: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut buffer = [0; 4096];
    while matches!(reader.read(&mut buffer).await, Ok(read) if read > 0) {}
}

async fn with_node(test: impl AsyncFnOnce(&'static Node, Bench)) {
    let Some((node, _turn)) = node::alone().await else { return };
    on_node(node, move |bench| test(node, bench)).await;
}

#[tokio::test]
async fn a_cut_cable_ends_what_is_open_in_seconds() {
    with_node(async |node, bench| {
        let name = bench.started("desk").await;
        let quiet = bench.engine.terminal(&name, desk()).await.unwrap();
        let mut typing = bench.engine.terminal(&name, desk()).await.unwrap();
        let Pipe { reader: mut piped, .. } =
            bench.engine.pipe(&name, PipeSpec::new("root", ["sleep", "1000"])).await.unwrap();
        let mut quiet_reader = quiet.reader;
        node.cable(false);
        let start = Instant::now();
        let ends = async {
            let typing = async {
                let _ = typing.writer.write_all(b"echo nobody hears this\n").await;
                let _ = typing.writer.flush().await;
                rest(&mut typing.reader).await;
                ("typing", start.elapsed())
            };
            let quiet = async {
                rest(&mut quiet_reader).await;
                ("quiet", start.elapsed())
            };
            let piped = async {
                rest(&mut piped).await;
                ("pipe", start.elapsed())
            };
            tokio::join!(typing, quiet, piped)
        };
        let ended = tokio::time::timeout(LONG, ends).await;
        let asked = bench.engine.observe(&bench.run).await;
        let pinged = bench.engine.ping(Duration::from_secs(3)).await;
        node.cable(true);
        let ended = ended.unwrap();
        eprintln!("after the cut: {ended:?}");
        for (what, after) in [ended.0, ended.1, ended.2] {
            // The kernel takes 9 s; the rest is what a busy machine may add. Without it, minutes would pass.
            assert!(after < Duration::from_secs(30), "{what} ended after {after:?}");
        }
        assert!(matches!(&asked, Err(error) if error.is_silence()), "{asked:?}");
        assert!(matches!(&pinged, Err(error) if error.is_silence()), "{pinged:?}");
        until("the node is back", Duration::from_secs(60), async || {
            bench.engine.ping(Duration::from_secs(3)).await.is_ok()
        })
        .await;
        assert_eq!(bench.engine.observe(&bench.run).await.unwrap().containers.len(), 1);
        assert!(bench.engine.exec(&name, ExecSpec::new(["true"])).await.unwrap().ok());
        drop((quiet.writer, quiet.control, typing));
    })
    .await;
}

#[tokio::test]
async fn a_hung_engine_is_told_by_its_silence() {
    with_node(async |node, bench| {
        let name = bench.started("desk").await;
        bench.engine.ping(Duration::from_secs(20)).await.unwrap();
        node.freeze(true);
        let start = Instant::now();
        let pinged = bench.engine.ping(Duration::from_secs(3)).await;
        let after = start.elapsed();
        node.freeze(false);
        assert!(matches!(pinged, Err(EngineError::Timeout(_))), "{pinged:?}");
        eprintln!("a hung engine was told after {after:?}");
        // It was given three seconds; the rest is what a busy machine may add.
        assert!(after < Duration::from_secs(15), "{after:?}");
        until("it goes on", Duration::from_secs(60), async || {
            bench.engine.ping(Duration::from_secs(3)).await.is_ok()
        })
        .await;
        assert!(bench.engine.exec(&name, ExecSpec::new(["true"])).await.unwrap().ok());
    })
    .await;
}

async fn shells(bench: &Bench, name: &str) -> String {
    let count = "pgrep -c -f '^bash -l'; ls -A /dev/shm | wc -l";
    bench.engine.exec(name, ExecSpec::new(["sh", "-c", count])).await.unwrap().said()
}

#[tokio::test]
async fn fifty_terminals_dropped_leave_no_shell() {
    on_engines(async |bench: Bench| {
        let network = bench.network(0);
        bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
        let mut host = bench.host("desk", vec![bench.leg(&network, 10)]);
        host.resources.pids = 400;
        host.resources.memory = 512 << 20;
        let name = bench.start(&host).await;
        let mut open = Vec::new();
        for _ in 0..50 {
            open.push(bench.engine.terminal(&name, desk()).await.unwrap());
        }
        until("fifty shells", Duration::from_secs(60), async || {
            shells(&bench, &name).await.starts_with("50\n")
        })
        .await;
        drop(open);
        // The one note is that of the counting command.
        until("no shell", Duration::from_secs(120), async || shells(&bench, &name).await == "0\n1").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_server_left_is_swept_and_nothing_else() {
    on_engines(async |bench: Bench| {
        let name = bench.started("desk").await;
        // Another life of the same installation: what it held is forgotten, as when its process is killed.
        let before = bench.again();
        before.mark("house-one");
        let stranger = bench.again();
        stranger.mark("house-two");
        bench.engine.mark("house-one");
        let mut typed = Vec::new();
        for user in ["root", "nobody"] {
            let spec = TerminalSpec { user: user.into(), ..desk() };
            let mut terminal = before.terminal(&name, spec).await.unwrap();
            terminal.writer.write_all(b"sleep 1000 &\n").await.unwrap();
            terminal.writer.flush().await.unwrap();
            typed.push(terminal);
        }
        let pipe =
            before.pipe(&name, PipeSpec::new("nobody", ["sh", "-c", "sleep 1001; true"])).await.unwrap();
        std::mem::forget(pipe.control);
        let ours = bench.engine.terminal(&name, desk()).await.unwrap();
        let theirs = stranger.terminal(&name, desk()).await.unwrap();
        let count = async |pattern: &str| {
            let spec = ExecSpec::new(["sh", "-c", &format!("pgrep -c -f '{pattern}'")]);
            bench.engine.exec(&name, spec).await.unwrap().text().trim().parse::<usize>().unwrap()
        };
        until("all run", Duration::from_secs(60), async || {
            count("^bash -l").await == 4 && count("^sleep 100").await == 3
        })
        .await;
        // Only now: what was typed into a connection that has gone already may never be read.
        for terminal in typed {
            std::mem::forget(terminal.control);
        }
        // A note that somebody wrote by hand names a process that is not his, and one that is another by now.
        let forged = "su nobody -s /bin/sh -c 'echo \"1 $(cut -d\" \" -f22 /proc/1/stat)\" > /dev/shm/.rmp-houseone-0-1; echo \"'$(pgrep -f \"^sleep inf\")' 1\" > /dev/shm/.rmp-houseone-0-2'";
        let spec = ExecSpec::new(["sh", "-c", forged]);
        assert!(bench.engine.exec(&name, spec).await.unwrap().ok());
        let ended = bench.engine.sweep(&name).await.unwrap();
        assert!(ended >= 3, "{ended}");
        // What is killed is gone a moment later.
        until("ours and the stranger's stay", LONG, async || {
            (count("^bash -l").await, count("^sleep 100").await) == (2, 0)
        })
        .await;
        assert_eq!(count("^sleep inf").await, 1, "the host's own stays");
        assert_eq!(bench.engine.sweep(&name).await.unwrap(), 0, "nothing is left to do");
        drop((ours, theirs));
        until("no shell", Duration::from_secs(60), async || count("^bash -l").await == 0).await;

        // A frozen host is swept when it is thawed.
        let frozen = before.terminal(&name, desk()).await.unwrap();
        std::mem::forget(frozen.control);
        until("it runs", Duration::from_secs(60), async || count("^bash -l").await == 1).await;
        bench.engine.pause(&name).await.unwrap();
        assert_eq!(bench.engine.sweep(&name).await.unwrap(), 0);
        bench.engine.unpause(&name).await.unwrap();
        until("swept after the thaw", Duration::from_secs(60), async || count("^bash -l").await == 0).await;
        bench.engine.stop(&name).await.unwrap();
        assert!(matches!(bench.engine.sweep(&name).await, Err(EngineError::Conflict(_))));
    })
    .await;
}

#[tokio::test]
async fn the_trial_tells_a_node_with_its_wall_from_one_without() {
    let Some((node, _turn)) = node::alone().await else { return };
    let engine = node.engine();
    let block = "10.214.0.0/16".parse().unwrap();
    let open = trial::wall(&*engine, block, &[2376]).await.unwrap();
    // A machine that looks at where packets come from answers no ARP there even so.
    assert!(open.ipv6 > 0 && !open.nothing(), "without a wall the machine is heard: {open}");
    node.nft(&Guard::default().text());
    let shut = trial::wall(&*engine, block, &[2376]).await.unwrap();
    assert!(shut.nothing(), "{shut}");
    // Half a wall is none.
    node.nft("delete table inet rampart_guard\n");
    let half = trial::wall(&*engine, block, &[2376]).await.unwrap();
    assert!(half.ipv6 > 0, "{half}");
    node.nft("delete table arp rampart_guard\n");
    assert!(engine.runs().await.unwrap().keys().all(|run| !run.starts_with("trial")), "nothing is left");
}
