//! Two teams, and two exercises of the same scenario on the same day: one listens on its own networks while the other
//! tries everything that a cable would carry, and hears nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::docker::{Listener, addresses, containers, docker_ok, exec, exec_python, host, networks};
use crate::harness::server::{Server, Setup};
use crate::harness::{LAUNCH, keep, stage, unique};
use crate::style::root;

/// Listens on every interface until its input ends; prints how many frames came from hardware or addresses of the others,
/// and how many came at all.
const LISTEN: &str = r#"
import json, select, socket, sys
theirs = json.loads(THEIRS)
macs = {bytes.fromhex(mac.replace(":", "")) for mac in theirs["macs"]}
addresses = {socket.inet_aton(address) for address in theirs["addresses"]}
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
all, foreign = 0, []
print("listening", flush=True)
while True:
    ready = select.select([sock, sys.stdin], [], [])[0]
    # What has arrived by the end is still read.
    if sock not in ready:
        break
    frame, link = sock.recvfrom(65536)
    if link[0] == "lo":
        continue
    all += 1
    if frame[6:12] in macs or b"from another team" in frame or frame[26:30] in addresses and frame[12:14] == b"\x08\x00":
        foreign.append([link[0], frame[:60].hex()])
print(json.dumps({"all": all, "foreign": foreign[:5]}))
"#;

/// Tries to be heard by the others: connections, names, ARP, broadcast, multicast, their own addresses as source, frames
/// to their hardware and to the router's, over all interfaces.
const SHOUT: &str = r#"
import json, socket, struct
theirs = json.loads(THEIRS)
text = b"from another team"
for address in theirs["addresses"]:
    for port in (22, 53, 80, 8080):
        s = socket.socket()
        s.settimeout(0.05)
        try: s.connect((address, port))
        except OSError: pass
        s.close()
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try: u.sendto(text, (address, port))
        except OSError: pass
        u.close()
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def packet(source, target):
    body = text + b" " * (len(text) % 2)
    udp = struct.pack("!HHHH", 40000, 80, 8 + len(body), 0) + body
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0, source, target)
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + udp
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
name = [n for _, n in socket.if_nameindex() if n != "lo"][0]
sock.bind((name, 0))
own = sock.getsockname()[4]
router = bytes.fromhex(theirs["router"].replace(":", ""))
mine = socket.inet_aton(theirs["own"])
sent = 0
for address in theirs["addresses"]:
    target = socket.inet_aton(address)
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, own, mine, b"\0" * 6, target)
    sent += sock.send(b"\xff" * 6 + own + b"\x08\x06" + arp) > 0
    for source in [mine] + [socket.inet_aton(other) for other in theirs["addresses"]]:
        for mac in [router, b"\xff" * 6] + [bytes.fromhex(mac.replace(":", "")) for mac in theirs["macs"]]:
            sent += sock.send(mac + own + b"\x08\x00" + packet(source, target)) > 0
sock.send(b"\x33\x33\0\0\0\x01" + own + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(text), 59, 64) + b"\xfe\x80" + bytes(14) + socket.inet_pton(socket.AF_INET6, "ff02::1") + text)
print("sent", sent)
"#;

fn mac(container: &str, interface: &str) -> String {
    exec(container, "root", &format!("cat /sys/class/net/{interface}/address")).1.trim().to_owned()
}

/// Hosts of a range without its gateway.
fn hosts(run: &str, range: u16) -> Vec<String> {
    ["www", "attack", "watch"].iter().map(|name| host(run, range, name)).collect()
}

/// One range shouts, another listens on all its networks.
fn nothing_arrives(from: (&str, u16), at: (&str, u16)) {
    let (shouter, listener) = (host(from.0, from.1, "attack"), host(at.0, at.1, "gateway"));
    let of = |run: &str, range: u16| -> (Vec<String>, Vec<String>) {
        let all = hosts(run, range);
        let macs = all.iter().map(|name| mac(name, "eth0")).collect();
        (macs, all.iter().flat_map(|name| addresses(name)).map(|address| address.to_string()).collect())
    };
    let (own_macs, own_addresses) = of(from.0, from.1);
    let (their_macs, their_addresses) = of(at.0, at.1);
    let program = LISTEN
        .replace("THEIRS", &format!("'''{}'''", json!({ "macs": own_macs, "addresses": own_addresses })));
    let listening = Listener::start(&listener, &program);
    let gateway = host(from.0, from.1, "gateway");
    let own = addresses(&shouter)[0].to_string();
    let interface = exec(
        &gateway,
        "root",
        &format!(
            "ip -4 -o address | awk '$4 ~ /^{}\\./ {{print $2; exit}}'",
            own.rsplit_once('.').unwrap().0.replace('.', "\\.")
        ),
    );
    let theirs = json!({
        "macs": their_macs, "addresses": their_addresses, "own": own, "router": mac(&gateway, interface.1.trim()),
    });
    let (code, said) = exec_python(&shouter, "root", &SHOUT.replace("THEIRS", &format!("'''{theirs}'''")));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("sent "), "{said}");
    // The listener does hear: a host of its own range asks for a name meanwhile.
    let (code, said) = exec(&host(at.0, at.1, "attack"), "root", "curl -fsS -m 60 -o /dev/null http://www/");
    assert_eq!(code, 0, "{said}");
    // A frame that is on its way has time to arrive.
    std::thread::sleep(Duration::from_secs(2));
    let said = listening.end();
    let heard: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert!(heard["all"].as_u64().unwrap() > 5, "it heard nothing at all, so nothing is proven: {heard}");
    assert_eq!(heard["foreign"], json!([]), "{from:?} is heard at {at:?}: {heard}");
}

/// Names lead to one's own hosts, and the engine's names of the others to nobody.
fn names_stay(run: &str, range: u16, others: &[String]) {
    let attack = host(run, range, "attack");
    let own: Vec<String> = hosts(run, range)
        .iter()
        .flat_map(|name| addresses(name))
        .map(|address| address.to_string())
        .collect();
    for name in ["www", "watch", "attack"] {
        let (_, said) = exec(&attack, "root", &format!("getent ahostsv4 {name} | cut -d ' ' -f 1 | sort -u"));
        let found: Vec<&str> = said.split_whitespace().collect();
        assert!(
            !found.is_empty() && found.iter().all(|address| own.iter().any(|own| own == address)),
            "{name}: {said}"
        );
    }
    for name in others {
        let (code, said) = exec(&attack, "root", &format!("getent hosts {name}"));
        assert_ne!(code, 0, "{name} is known in range {range} of {run}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_teams_and_two_exercises_of_one_scenario_never_hear_each_other() {
    let home = tempfile::tempdir().unwrap();
    let done = std::process::Command::new("cp")
        .arg("-a")
        .arg(root().join("tests/it/harness/light"))
        .arg(home.path())
        .status();
    assert!(done.unwrap().success());
    let file = home.path().join("light/scenario.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let raw = text.replacen(
        "    at: { internet: 11 }\n",
        "    at: { internet: 11 }\n    capabilities: [NET_RAW]\n",
        1,
    );
    assert_ne!(raw, text);
    std::fs::write(&file, raw).unwrap();

    let mut server = Server::with(Setup { scenarios: home.path().to_owned(), ..Setup::default() }).await;
    let staff = stage::staff(&server).await;
    let people = stage::people(8);
    stage::import(&staff.instructor, &stage::roster(&people)).await;
    let mut runs = Vec::new();
    for day in 0..2_usize {
        let code = format!("N{day}-{}", unique());
        let run = stage::make_exercise(&mut server, &staff.instructor, "light", &code, 2).await;
        let own = &people[day * 4..day * 4 + 4];
        let places: Vec<(&str, &str)> =
            own.iter().map(|one| one.0.as_str()).zip(["r1", "b1", "r2", "b2"]).collect();
        stage::seat(&staff.instructor, &run, &places).await;
        stage::act(&staff.instructor, &run, "launch", "").await;
        runs.push(run);
    }
    for run in &runs {
        stage::wait_state(&staff.instructor, run, "ready", LAUNCH).await;
    }
    let outcome = keep::outcome(async {
        let (first, second) = (&runs[0], &runs[1]);
        let mut names = [containers(first), containers(second)].concat();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 16, "the engine's names are unique: {names:?}");
        assert!(networks(first).iter().all(|name| !networks(second).contains(name)));
        for name in &names {
            let own = docker_ok(&["inspect", "--format", "{{.Config.Hostname}}", name]);
            assert!(
                name.ends_with(&format!("-{}", own.trim())),
                "inside it is called as it is written: {name}, {own}"
            );
        }
        let of = |run: &str, range: u16| hosts(run, range);
        names_stay(first, 1, &[of(first, 2), of(second, 1)].concat());
        names_stay(second, 2, &[of(first, 2), of(second, 1)].concat());
        nothing_arrives((first, 1), (first, 2));
        nothing_arrives((first, 1), (second, 1));
    })
    .await;
    if outcome.is_err() {
        server.keep(&keep::folder("neighbours"));
    }
    assert!(outcome.is_ok(), "the teams are not apart");
}
