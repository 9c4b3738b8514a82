//! A node: a Docker engine in namespaces of its own, reached over mutual TLS through a cable that can be cut.
//!
//! One for all tests of a run; it goes with the process of the tests, however that ends. Tests that disturb it take it
//! for themselves.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rampart_engine::certs::{Authority, Days, Serves, Signed};
use rampart_engine::{DockerEngine, Engine, EngineError, Trust};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::bench::{IMAGE, docker};

/// Starts the engine as the first process of its namespaces and waits for the end of its input, which is the end of the
/// tests. Arguments: home, control group, cable, block's first three numbers, last number of its network.
const SCRIPT: &str = r#"
home=$1 group=$2 cable=$3 net=$4 at=$5
unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc sh -c '
  home=$1 group=$2 net=$3 at=$4
  mount -t tmpfs tmpfs /run && ip link set lo up
  until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
  ip address add $net.$((at+2))/29 dev eth0; ip address add $net.$((at+3))/29 dev eth0; ip link set eth0 up; ip route add default via $net.$((at+1))
  exec dockerd --data-root $home/data --exec-root $home/run --pidfile $home/pid --host unix://$home/docker.sock \
    --host tcp://$net.$((at+2)):2376 --host tcp://$net.$((at+3)):2376 --tlsverify \
    --tlscacert $home/ca.pem --tlscert $home/node.pem --tlskey $home/node-key.pem \
    --bridge none --iptables=false --ip6tables=false --ip-masq=false --cgroup-parent $group
' sh "$home" "$group" "$net" "$at" </dev/null >>"$home/log" 2>&1 &
child=$!
until [ "$(readlink /proc/$child/ns/net)" != "$(readlink /proc/self/ns/net)" ] || ! kill -0 $child 2>/dev/null; do sleep 0.05; done
ip link add "$cable" type veth peer name eth0 netns $child && ip address add $net.$((at+1))/29 dev "$cable" && ip link set "$cable" up
echo "$child"
cat >/dev/null
kill -9 $child; wait $child 2>/dev/null
ip link delete "$cable" 2>/dev/null
rm -rf "$home"
for controller in /sys/fs/cgroup/*; do rmdir "$controller$group"/* "$controller$group" 2>/dev/null; done
exit 0
"#;

/// What an engine of a busy machine may take to be there.
const STARTS_WITHIN: Duration = Duration::from_secs(90);

pub struct Node {
    home: PathBuf,
    cable: String,
    /// `10.212.x.y` of its certificate, and one that is not in it.
    pub address: String,
    pub other_address: String,
    pub authority: Authority,
    unshare: u32,
    in_use: RwLock<()>,
    /// Its input is the sign that the tests are still there.
    _keeper: Child,
}

async fn node() -> Option<&'static Node> {
    static NODE: OnceCell<Option<Node>> = OnceCell::const_new();
    NODE.get_or_init(|| async {
        match Node::start().await {
            Ok(node) => Some(node),
            Err(why) => {
                eprintln!("skipped: no second engine here: {why}");
                None
            }
        }
    })
    .await
    .as_ref()
}

/// The node, with others.
pub async fn shared() -> Option<(&'static Node, RwLockReadGuard<'static, ()>)> {
    let node = node().await?;
    Some((node, node.in_use.read().await))
}

/// The node, alone.
pub async fn alone() -> Option<(&'static Node, RwLockWriteGuard<'static, ()>)> {
    let node = node().await?;
    Some((node, node.in_use.write().await))
}

/// Names for a certificate.
pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Writes a file that only its owner reads.
pub fn write(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The trust in an authority, shown as this certificate.
pub fn trust(authority: &str, own: &Signed) -> Trust {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = dir.path().join(name);
        write(&path, text);
        path
    };
    Trust::read(&at("ca", authority), &at("cert", &own.cert), &at("key", &own.key)).unwrap()
}

impl Node {
    async fn start() -> Result<Self, String> {
        let local = docker().await.ok_or("no engine to take the image from")?;
        let said = |error: EngineError| error.to_string();
        let number = std::process::id();
        let home = std::env::temp_dir().join(format!("rampart-node-{number}"));
        std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
        let (authority, _) = Authority::new(Days::until(2)).map_err(said)?;
        let (net, at) = (format!("10.212.{}", number / 31 % 250), number % 31 * 8);
        let address = format!("{net}.{}", at + 2);
        let own = authority.sign(Serves::Node, &names(&[&address]), Days::until(2)).map_err(said)?;
        write(&home.join("ca.pem"), authority.cert());
        write(&home.join("node.pem"), &own.cert);
        write(&home.join("node-key.pem"), &own.key);
        let cable = format!("rvn{number}");
        let mut keeper = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&home)
            .args([&format!("/rampart-node-{number}"), &cable, &net, &at.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut first = String::new();
        let mut out = keeper.stdout.take().ok_or("no output")?;
        let mut byte = [0];
        while out.read(&mut byte).is_ok_and(|read| read == 1) && byte[0] != b'\n' {
            first.push(byte[0].into());
        }
        let unshare = first.parse().map_err(|_| "unshare does not start".to_owned())?;
        let node = Self {
            home,
            cable,
            other_address: format!("{net}.{}", at + 3),
            address,
            authority,
            unshare,
            in_use: RwLock::new(()),
            _keeper: keeper,
        };
        let engine = node.engine();
        let end = tokio::time::Instant::now() + STARTS_WITHIN;
        while let Err(error) = engine.ping(Duration::from_secs(3)).await {
            if tokio::time::Instant::now() > end {
                let log = std::fs::read_to_string(node.home.join("log")).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(3).collect();
                return Err(format!("{error}; its log ends with {}", last.join(" | ")));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let base = local.export(&[IMAGE.to_owned()]).await.map_err(said)?;
        engine.load(base, Duration::from_secs(300)).await.map_err(said)?;
        let id = |images: std::collections::BTreeMap<String, rampart_engine::ImageInfo>| {
            images.get(IMAGE).map(|image| image.id.clone())
        };
        let (here, there) = (local.images().await.map_err(said)?, engine.images().await.map_err(said)?);
        assert_eq!(id(here), id(there), "the image has another id after its way over TLS");
        Ok(node)
    }

    /// A platform's certificate.
    pub fn platform(&self) -> Signed {
        self.authority.sign(Serves::Platform, &names(&["platform"]), Days::until(2)).unwrap()
    }

    /// The certificate that the node itself shows.
    pub fn own(&self) -> Signed {
        let read = |name: &str| std::fs::read_to_string(self.home.join(name)).unwrap();
        Signed { cert: read("node.pem"), key: read("node-key.pem") }
    }

    /// The engine, spoken to with this trust.
    pub fn with(&self, trust: &Trust) -> Arc<dyn Engine> {
        Arc::new(DockerEngine::remote(&format!("https://{}:2376", self.address), trust).unwrap())
    }

    /// The engine over TLS.
    pub fn engine(&self) -> Arc<dyn Engine> {
        self.with(&trust(self.authority.cert(), &self.platform()))
    }

    /// Pulls the cable, or puts it in again.
    pub fn cable(&self, up: bool) {
        let word = if up { "up" } else { "down" };
        let done = Command::new("ip").args(["link", "set", &self.cable, word]).status().unwrap();
        assert!(done.success());
    }

    /// Stops the engine's process in the middle of what it does, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let path = format!("/proc/{0}/task/{0}/children", self.unshare);
        let children = std::fs::read_to_string(path).unwrap();
        let dockerd = children.split_whitespace().next().unwrap();
        let word = if frozen { "-STOP" } else { "-CONT" };
        let done = Command::new("kill").args([word, dockerd]).status().unwrap();
        assert!(done.success());
    }
}

impl Node {
    /// Gives rules to the firewall of the node's machine, as its operator does.
    pub fn nft(&self, rules: &str) {
        use std::io::Write;
        let mut child = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.unshare))
            .args(["nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}
