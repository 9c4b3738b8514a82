//! The wall on the host, against somebody who writes frames by hand.

use std::time::Duration;

use rampart_engine::ExecSpec;
use rampart_engine::guard::Guard;

use crate::bench::{Bench, PREFIX, on_docker, test_guard};

/// Sends UDP to the hardware address given, whatever the routes say, and asks by ARP for the address.
const RAW: &str = r#"
import fcntl, socket, struct, sys, time
bridge, source, target, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth0", 0))
own = s.getsockname()[4]
there = bytes.fromhex(bridge.replace(":", ""))
def checksum(head):
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
payload = b"through the wall"
udp = struct.pack("!HHHH", 5555, port, 8 + len(payload), 0) + payload
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, own, socket.inet_aton(source), b"\0" * 6, socket.inet_aton(target))
for _ in range(3):
    s.send(there + own + b"\x08\x00" + head + udp)
    s.send(b"\xff" * 6 + own + b"\x08\x06" + arp)
answers, end = 0, time.time() + 1.5
s.settimeout(0.2)
while time.time() < end:
    try:
        frame = s.recv(2000)
    except TimeoutError:
        continue
    if frame[6:12] == there:
        answers += 1
print(answers)
"#;

/// (datagrams that reached the host, frames that the host's bridge answered).
async fn assault(bench: &Bench, prefix: &str) -> (usize, usize) {
    let network = bench.network_named(prefix, if prefix == PREFIX { 0 } else { 1 });
    bench.engine.create_network(&network, &bench.labels("zone0")).await.unwrap();
    let leg = bench.leg(&network, 10);
    let source = leg.address.to_string();
    let mut host = bench.host(&format!("raw-{prefix}"), vec![leg]);
    host.capabilities = vec!["NET_RAW".into()];
    let name = bench.start(&host).await;
    let facts = bench.engine.host().await.unwrap();
    let target = facts.addresses.iter().find(|address| address.is_ipv4()).unwrap().to_string();
    let bridge = facts.links[&network.name].clone();
    let listener = tokio::net::UdpSocket::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let argv = ["python3", "-c", RAW, &bridge, &source, &target, &port];
    let out = bench.engine.exec(&name, ExecSpec::new(argv)).await.unwrap();
    assert!(out.ok(), "{}", out.said());
    let mut arrived = 0;
    let mut buffer = [0; 100];
    while tokio::time::timeout(Duration::from_millis(300), listener.recv_from(&mut buffer)).await.is_ok() {
        arrived += 1;
    }
    // And one to the outside, through the host.
    let argv = ["python3", "-c", RAW, &bridge, &source, "198.51.100.1", "9"];
    assert!(bench.engine.exec(&name, ExecSpec::new(argv)).await.unwrap().ok());
    (arrived, out.text().trim().parse().unwrap())
}

async fn listing(table: &str) -> String {
    let out =
        tokio::process::Command::new("nft").args(["list", "table", "inet", table]).output().await.unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[tokio::test]
async fn raw_frames_reach_the_host_without_the_wall_and_not_with_it() {
    on_docker(async |bench: Bench| {
        bench.engine.guard().await.unwrap();
        // The same method on a bridge that the wall does not know: it must get through, or this test shows nothing.
        let (arrived, answers) = assault(&bench, "rgu").await;
        assert!(arrived > 0 && answers > 0, "control: {arrived} arrived, {answers} answered");
        let (arrived, answers) = assault(&bench, PREFIX).await;
        assert_eq!((arrived, answers), (0, 0));
        let rules = listing("rampart_guard_test").await;
        let through = rules.lines().find(|line| line.contains("oifname != \"rgt*\"")).unwrap();
        assert!(!through.contains("packets 0 "), "nothing tried to go through: {rules}");

        // Inside the bridge everything goes on, also where bridged frames pass the host's forward hook.
        let network = bench.network(0);
        let mut other = bench.host("other", vec![bench.leg(&network, 20)]);
        other.command = Some(["python3", "-m", "http.server", "8000"].map(str::to_owned).into());
        let address = other.legs[0].address;
        bench.start(&other).await;
        let raw = bench.host(&format!("raw-{PREFIX}"), Vec::new()).name;
        let fetch = format!("for i in $(seq 30); do curl -fsS -m 2 -o /dev/null http://{address}:8000/ && exit 0; sleep 0.2; done; exit 1");
        let out = bench.engine.exec(&raw, ExecSpec::new(["bash", "-c", &fetch])).await.unwrap();
        assert!(out.ok(), "{}", out.said());

        // A hole is noticed and closed.
        let hole = tokio::process::Command::new("nft").args(["flush", "chain", "inet", "rampart_guard_test", "host"]).status().await.unwrap();
        assert!(hole.success());
        let guard = test_guard();
        assert!(guard.missing().await.unwrap().is_some());
        guard.ensure().await.unwrap();
        assert_eq!(guard.missing().await.unwrap(), None);
        guard.remove().await.unwrap();
        assert!(guard.missing().await.unwrap().unwrap().contains("rampart_guard_test"));
    })
    .await;
}

#[tokio::test]
async fn the_walls_text_is_what_nft_reads() {
    // Checked only, nothing is made: works for root alone.
    let guard = Guard::named("rampart_guard_syntax", "rgs").unwrap();
    let mut child = match tokio::process::Command::new("nft")
        .args(["-c", "-f", "-"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => return eprintln!("skipped: no nft here: {error}"),
    };
    use tokio::io::AsyncWriteExt;
    child.stdin.take().unwrap().write_all(guard.text().as_bytes()).await.unwrap();
    let out = child.wait_with_output().await.unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    if text.contains("Operation not permitted") {
        return eprintln!("skipped: not root");
    }
    assert!(out.status.success(), "{text}");
}
