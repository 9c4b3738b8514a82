//! The two walls, from inside: by root and by the user, from the attack workstation and from targets that red may take.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::docker::{Listener, addresses, containers, docker_ok, exec, exec_python, host, networks};
use crate::harness::stage::Scene;

/// Hosts from which the walls are tried, with an account each besides root.
const FROM: [(&str, &str); 4] = [("attack", "red"), ("www", "www-data"), ("doc", "doc"), ("watch", "blue")];

/// Tries TCP connections side by side and prints what answered, be it with a refusal.
const CONNECT: &str = r#"
import concurrent.futures, errno, json, socket
targets = json.loads(TARGETS)
silent = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM, errno.EACCES, errno.EADDRNOTAVAIL)
def attempt(target):
    address, port = target
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.settimeout(SECONDS)
            s.connect((address, port))
            return [address, port, "open"]
    except (TimeoutError, socket.timeout):
        return None
    except OSError as fault:
        return None if fault.errno in silent else [address, port, errno.errorcode.get(fault.errno, str(fault))]
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps([found for found in pool.map(attempt, targets) if found]))
"#;

/// What answers, of these addresses and ports, when tried from a container.
fn answering(container: &str, user: &str, targets: &[(String, u16)]) -> Vec<Value> {
    answering_within(1.5, container, user, targets)
}

/// The same with so many seconds for each answer: more where one is expected, as the first packet may be lost.
fn answering_within(seconds: f32, container: &str, user: &str, targets: &[(String, u16)]) -> Vec<Value> {
    let list = json!(targets).to_string();
    let program =
        CONNECT.replace("TARGETS", &format!("'''{list}'''")).replace("SECONDS", &seconds.to_string());
    let (code, said) = exec_python(container, user, &program);
    assert_eq!(code, 0, "{container} as {user}: {said}");
    serde_json::from_str(said.lines().last().unwrap_or("null")).unwrap_or_else(|_| panic!("{said}"))
}

/// Addresses of this machine, loopback left out.
fn host_addresses() -> Vec<IpAddr> {
    let out = Command::new("ip").args(["-json", "address"]).output().unwrap();
    let links: Value = serde_json::from_slice(&out.stdout).unwrap();
    let mut found: Vec<IpAddr> = links
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|link| link["addr_info"].as_array().cloned().unwrap_or_default())
        .filter_map(|address| address["local"].as_str().and_then(|text| text.parse().ok()))
        .filter(|address: &IpAddr| !address.is_loopback())
        .filter(|address| !matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local()))
        .collect();
    found.dedup();
    assert!(found.iter().any(IpAddr::is_ipv4), "this machine has no address: {found:?}");
    found
}

fn crossed(targets: &[IpAddr], ports: &[u16]) -> Vec<(String, u16)> {
    targets.iter().flat_map(|address| ports.iter().map(|port| (address.to_string(), *port))).collect()
}

fn inspect(container: &str) -> Value {
    let all: Value = serde_json::from_str(&docker_ok(&["inspect", container])).unwrap();
    all[0].clone()
}

/// No privileges, no mounts, limits on everything, and nothing of the host in sight.
pub fn containers_have_no_rights(scene: &Scene) {
    let mut wrong = Vec::new();
    for name in containers(&scene.exercise) {
        let facts = inspect(&name);
        let config = &facts["HostConfig"];
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{name}: {what}"));
            }
        };
        must(config["Privileged"] == false, "privileged");
        must(
            config["CapDrop"].as_array().is_some_and(|dropped| dropped.contains(&json!("ALL"))),
            "capabilities not dropped",
        );
        must(config["Binds"].as_array().is_none_or(Vec::is_empty), "a folder of the host is mounted");
        must(facts["Mounts"].as_array().unwrap().iter().all(|mount| mount["Type"] != "bind"), "a bind mount");
        must(
            !matches!(config["NetworkMode"].as_str(), Some("host" | "bridge" | "default")),
            "not on the range's networks only",
        );
        must(
            config["PidMode"] == "" && config["IpcMode"] != "host" && config["UsernsMode"] != "host",
            "a namespace of the host",
        );
        must(config["PidsLimit"].as_i64().is_some_and(|limit| limit > 0), "no limit of processes");
        must(config["Memory"].as_i64().is_some_and(|limit| limit > 0), "no limit of memory");
        must(
            config["NanoCpus"].as_i64().is_some_and(|limit| limit > 0)
                || config["CpuQuota"].as_i64().is_some_and(|limit| limit > 0),
            "no limit of cpu",
        );
        let options = config["SecurityOpt"].to_string();
        must(options.contains("no-new-privileges") && !options.contains("unconfined"), "may gain privileges");
        must(config["Devices"].as_array().is_none_or(Vec::is_empty), "a device of the host");
        must(config["PortBindings"].as_object().is_none_or(serde_json::Map::is_empty), "a port of the host");
        must(!config["LogConfig"]["Config"]["max-size"].is_null(), "no limit of logs");
        let added: Vec<&str> =
            config["CapAdd"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let gateway = name.ends_with("-gateway");
        let ulimit = |kind: &str| {
            let all = config["Ulimits"].as_array().into_iter().flatten();
            all.filter(|limit| limit["Name"] == kind).find_map(|limit| limit["Hard"].as_i64())
        };
        must(ulimit("core") == Some(0), "may leave a core");
        must(ulimit("fsize").is_some_and(|bytes| bytes > 0 && bytes <= 2 << 30), "no limit of a file");
        must(ulimit("nofile").is_some_and(|files| files > 0 && files <= 4096), "no limit of open files");
        must(config["ReadonlyRootfs"] == gateway, "the gateway's root alone is read-only");
        must(config["ShmSize"].as_i64().is_some_and(|bytes| bytes <= 64 << 20), "no limit of shared memory");
        for capability in added {
            let short = capability.trim_start_matches("CAP_");
            let dangerous = [
                "SYS_ADMIN",
                "SYS_MODULE",
                "SYS_PTRACE",
                "SYS_RAWIO",
                "DAC_READ_SEARCH",
                "BPF",
                "SYS_BOOT",
                "MKNOD",
            ];
            must(!dangerous.contains(&short), &format!("has {capability}"));
            must(short != "NET_ADMIN" || gateway, "may change its network");
        }
        let (_, seen) = exec(
            &name,
            "root",
            "ls /var/run/docker.sock /run/docker.sock 2>/dev/null; cat /proc/1/status | grep NoNewPrivs",
        );
        must(!seen.contains("docker.sock"), "sees the engine's socket");
        must(seen.contains("NoNewPrivs:\t1"), "new privileges");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The host's own addresses, the engine, Rampart itself, and a listener that certainly answers everybody else.
pub fn the_host_is_out_of_reach(scene: &Scene) {
    let bait = TcpListener::bind("0.0.0.0:0").unwrap();
    let bait_port = bait.local_addr().unwrap().port();
    let hosts = host_addresses();
    for address in hosts.iter().filter(|address| address.is_ipv4()) {
        let bait = SocketAddr::new(*address, bait_port);
        assert!(
            TcpStream::connect_timeout(&bait, Duration::from_secs(20)).is_ok(),
            "the bait does not answer at {bait}"
        );
    }
    let ports = [22, 53, 80, 443, 2375, 2376, 5432, 8080, scene.server.port, bait_port];
    let mut targets = crossed(&hosts, &ports);
    // Loopback is the container's own; Rampart must not be there either.
    targets.push(("127.0.0.1".into(), scene.server.port));
    targets.push(("127.0.0.1".into(), bait_port));
    targets.extend(crossed(&["172.17.0.1".parse().unwrap()], &ports));
    for (name, user) in FROM {
        let container = host(&scene.exercise, 1, name);
        for user in ["root", user] {
            let found = answering(&container, user, &targets);
            let found: Vec<&Value> = found
                .iter()
                .filter(|found| !(found[0] == "127.0.0.1" && found[2] == "ECONNREFUSED"))
                .collect();
            assert!(found.is_empty(), "{name} as {user} reaches the host: {found:?}");
        }
        // The zone's .1 is the gateway container, not the host: nothing of the host's listens there.
        let routers: Vec<IpAddr> = addresses(&container)
            .iter()
            .map(|address| {
                let [a, b, c, d] = address.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d & 0b1100_0000 | 1))
            })
            .collect();
        let found = answering(
            &container,
            "root",
            &crossed(&routers, &[22, 80, 2375, 8080, scene.server.port, bait_port]),
        );
        assert!(found.iter().all(|found| found[2] != "open"), "{name}: {found:?}");
    }
    drop(bait);
}

/// Hosts of the other range by address; names lead into the own range only.
pub fn the_other_team_is_out_of_reach(scene: &Scene) {
    let theirs: Vec<IpAddr> = containers(&scene.exercise)
        .iter()
        .filter(|name| crate::harness::docker::label(name, "rampart.range") == "2")
        .flat_map(|name| addresses(name))
        .map(IpAddr::V4)
        .collect();
    assert!(theirs.len() >= 6, "{theirs:?}");
    let targets = crossed(&theirs, &[22, 53, 80, 3306, 8080]);
    for (name, user) in FROM {
        let container = host(&scene.exercise, 1, name);
        for user in ["root", user] {
            let found = answering(&container, user, &targets);
            assert!(found.is_empty(), "{name} as {user} reaches the other team: {found:?}");
        }
        for wanted in ["www.qinglan.test", "doc.qinglan.test", "attack.example"] {
            let (_, said) =
                exec(&container, "root", &format!("getent ahostsv4 {wanted} | cut -d ' ' -f 1 | sort -u"));
            for address in said.split_whitespace().filter_map(|text| text.parse::<IpAddr>().ok()) {
                assert!(!theirs.contains(&address), "{name}: {wanted} is the other team's {address}");
            }
        }
    }
}

/// The internet, the metadata service of clouds, and names of the world.
pub fn there_is_no_way_out(scene: &Scene) {
    // Documentation addresses stand for the world: nothing is sent to anybody even if the walls fall.
    let outside: Vec<IpAddr> = ["198.51.100.1", "203.0.113.7", "192.0.2.1", "169.254.169.254"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let targets = crossed(&outside, &[53, 80, 443]);
    for (name, user) in FROM {
        let container = host(&scene.exercise, 1, name);
        for user in ["root", user] {
            let found = answering(&container, user, &targets);
            assert!(found.is_empty(), "{name} as {user} gets out: {found:?}");
        }
        let (code, said) =
            exec(&container, "root", "getent hosts deb.example.com || getent hosts example.com");
        assert_ne!(code, 0, "{name} resolves names of the world: {said}");
        let (code, said) =
            exec(&container, "root", "ip -6 route show default 2>/dev/null | grep -v unreachable");
        assert!(code != 0 || said.trim().is_empty(), "{name} has a way out by IPv6: {said}");
    }
}

/// Sends one UDP packet as a raw frame to a hardware address.
const RAW: &str = r#"
import json, socket, struct
frames = json.loads(FRAMES)
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
name = [n for _, n in socket.if_nameindex() if n != "lo"][0]
s.bind((name, 0))
own = s.getsockname()[4]
for frame in frames:
    body = frame["text"].encode()
    body += b" " * (len(body) % 2)
    udp = struct.pack("!HHHH", 40000, frame["port"], 8 + len(body), 0) + body
    src, dst = socket.inet_aton(frame["from"]), socket.inet_aton(frame["to"])
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0, src, dst)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    mac = bytes.fromhex(frame["mac"].replace(":", ""))
    for _ in range(3): s.send(mac + own + b"\x08\x00" + ip + udp)
print("sent", len(frames))
"#;

/// With NET_RAW a frame can be written to the bridge's own hardware address, and the host would take what is in it. The
/// same frame to a neighbour arrives, so the tool works.
pub fn raw_frames_do_not_reach_the_host(scene: &Scene) {
    let attack = host(&scene.exercise, 1, "attack");
    let citizens = host(&scene.exercise, 1, "citizens");
    let own = addresses(&attack)[0];
    let bait = UdpSocket::bind("0.0.0.0:0").unwrap();
    bait.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let port = bait.local_addr().unwrap().port();

    // A neighbour listens; the listener tells when it is ready.
    let neighbour = addresses(&citizens)[0];
    let listener = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(60); s.bind(('0.0.0.0', 45454)); print('listening', flush=True); print(s.recv(99).decode(), flush=True)";
    let listening = Listener::start(&citizens, listener);
    let (_, mac) = exec(&citizens, "root", "cat /sys/class/net/eth0/address");
    let mut frames = vec![json!({
        "mac": mac.trim(), "from": own.to_string(), "to": neighbour.to_string(), "port": 45454, "text": "to a neighbour",
    })];
    for bridge in networks(&scene.exercise) {
        let path = format!("/sys/class/net/{bridge}/address");
        let mac = std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        for address in host_addresses().into_iter().filter(IpAddr::is_ipv4) {
            frames.push(json!({
                "mac": mac.trim(), "from": own.to_string(), "to": address.to_string(), "port": port, "text": "to the host",
            }));
        }
    }
    let program = RAW.replace("FRAMES", &format!("'''{}'''", json!(frames)));
    let (code, said) = exec_python(&attack, "root", &program);
    assert_eq!(code, 0, "the frames could not be written: {said}");
    let heard = listening.end();
    assert!(
        heard.contains("to a neighbour"),
        "the frame to the neighbour did not arrive, so nothing is proven: {heard}"
    );
    let mut buffer = [0_u8; 64];
    if let Ok((length, from)) = bait.recv_from(&mut buffer) {
        panic!("a raw frame reached the host: {:?} from {from}", String::from_utf8_lossy(&buffer[..length]));
    }
}

/// What the scenario allows answers, and its neighbours do not.
pub fn rules_between_zones_hold(scene: &Scene) {
    let at = |name: &str| IpAddr::V4(addresses(&host(&scene.exercise, 1, name))[0]);
    let (www, doc, watch) = (at("www"), at("doc"), at("watch"));
    let open = |from: &str, to: IpAddr, ports: &[u16]| -> Vec<u16> {
        let found = answering_within(8.0, &host(&scene.exercise, 1, from), "root", &crossed(&[to], ports));
        found.iter().map(|found| u16::try_from(found[1].as_u64().unwrap()).unwrap()).collect()
    };
    let ports = [22, 53, 80, 3306, 8080];
    assert_eq!(open("attack", www, &ports), [80], "red to the portal");
    assert_eq!(open("attack", doc, &ports), [0_u16; 0], "red to the document system");
    assert_eq!(open("attack", watch, &ports), [0_u16; 0], "red to blue's desk");
    assert_eq!(open("www", doc, &ports), [8080], "portal to the document system");
    assert_eq!(open("watch", www, &ports), [22, 80], "blue's desk to the portal");
    assert_eq!(open("doc", www, &ports), [0_u16; 0], "the document system to the portal");
}
