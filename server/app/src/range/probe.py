"""Tries the walls from inside a host. Reads one JSON object from standard input, writes one to standard output.

tcp:     [[address, port, seconds]]      -> "open" | "refused" | "no answer" | "no route"
names:   [name]                          -> [addresses], null where nobody answered in time
routers: [[router, gateway]]             -> [hardware address of the router, of the gateway]
raw:     [[own address, bridge's hardware address, [addresses], [ports]]] -> frames that the bridge answered, or a text
         (another machine's bridge is not known: "", then everybody is called, and answers are known by their addresses)
forged:  [[own address, router, false source, address, port]] -> packets sent to the router, or a text
links:   true                            -> every address of this host but loopback
inside:  true                            -> capabilities, locks and limits of this host, as texts
"""

import errno
import json
import os
import resource
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time

ask = json.load(sys.stdin)
answer = {}


def tcp(tries):
    seen = ["no answer"] * len(tries)
    waiting = selectors.DefaultSelector()
    words = {0: "open", errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "no answer"}
    now = time.monotonic()
    for number, (address, port, seconds) in enumerate(tries):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            code = sock.connect_ex((address, port))
        except OSError as error:
            code = error.errno or errno.ENETUNREACH
        if code == errno.EINPROGRESS:
            waiting.register(sock, selectors.EVENT_WRITE, (number, now + seconds))
        else:
            seen[number] = words.get(code, "no route")
            sock.close()
    while waiting.get_map():
        for key, _ in waiting.select(0.1):
            code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            seen[key.data[0]] = words.get(code, "no route")
            waiting.unregister(key.fileobj)
            key.fileobj.close()
        for key in list(waiting.get_map().values()):
            if time.monotonic() > key.data[1]:
                waiting.unregister(key.fileobj)
                key.fileobj.close()
    return seen


def resolve(wanted, found):
    for number, name in enumerate(wanted):
        try:
            found[number] = sorted({entry[4][0] for entry in socket.getaddrinfo(name, None, socket.AF_INET)})
        except OSError as error:
            # A name server that does not answer is not a name server that says no.
            found[number] = None if getattr(error, "errno", 0) == socket.EAI_AGAIN else []


def hardware():
    with open("/proc/net/arp", encoding="ascii") as table:
        return {line.split()[0]: line.split()[3] for line in list(table)[1:]}


def links():
    return json.loads(subprocess.check_output(["ip", "-json", "address"]))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def by_hand(own):
    """A socket that writes frames on the interface with this address."""
    name = next(
        link["ifname"] for link in links()
        if any(entry["local"] == own for entry in link["addr_info"])
    )
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((name, 0))
    return sock


def opening(source, target, port):
    """An IPv4 packet that opens a TCP connection."""
    syn = struct.pack("!HHIIBBHHH", 40000 + port % 20000, port, 1, 0, 5 << 4, 2, 64240, 0, 0)
    check = checksum(source + target + struct.pack("!HH", 6, len(syn)) + syn)
    syn = syn[:16] + struct.pack("!H", check) + syn[18:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(syn), port, 0, 64, 6, 0, source, target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + syn


def local(mac):
    """The IPv6 address that a hardware address has by itself."""
    return b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]


def icmp6(source, target, kind, body):
    """An IPv6 packet with an ICMPv6 message."""
    text = struct.pack("!BBH", kind, 0, 0) + body
    check = checksum(source + target + struct.pack("!II", len(text), 58) + text)
    text = text[:2] + struct.pack("!H", check) + text[4:]
    return struct.pack("!IHBB", 6 << 28, len(text), 58, 255) + source + target + text


def six(mine, there, addresses):
    """Frames that ask the bridge by IPv6: echo to all nodes and to its addresses, and where they live."""
    source = local(mine)
    echo = struct.pack("!HH", 7, 1)
    everybody = socket.inet_pton(socket.AF_INET6, "ff02::1")
    yield b"\x33\x33\0\0\0\x01" + mine + b"\x86\xdd" + icmp6(source, everybody, 128, echo)
    for address in ([] if there[0] & 1 else [local(there)]) + [socket.inet_pton(socket.AF_INET6, text) for text in addresses]:
        yield there + mine + b"\x86\xdd" + icmp6(source, address, 128, echo)
        asked = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + address[13:]
        where = bytes(4) + address + b"\x01\x01" + mine
        yield b"\x33\x33" + asked[12:] + mine + b"\x86\xdd" + icmp6(source, asked, 135, where)


def forge(own, router, claimed, address, port):
    """Opens a connection through the router under somebody else's address."""
    there = bytes.fromhex(hardware()[router].replace(":", ""))
    sock = by_hand(own)
    packet = opening(socket.inet_aton(claimed), socket.inet_aton(address), port)
    return sum(sock.send(there + sock.getsockname()[4] + b"\x08\x00" + packet) > 0 for _ in range(3))


def attempts(work, wanted):
    found = []
    for entry in wanted:
        try:
            found.append(work(*entry))
        except (OSError, KeyError, StopIteration, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


def raw(own, bridge, addresses, ports):
    """Opens connections by frames written by hand to the bridge itself, and asks it for addresses by ARP and IPv6."""
    sock = by_hand(own)
    mine = sock.getsockname()[4]
    there = bytes.fromhex(bridge.replace(":", "")) or b"\xff" * 6
    known = {socket.inet_aton(text) for text in addresses if ":" not in text}
    source = socket.inet_aton(own)
    for address in [text for text in addresses if ":" not in text]:
        target = socket.inet_aton(address)
        for port in ports:
            sock.send(there + mine + b"\x08\x00" + opening(source, target, port))
        arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mine, source, b"\0" * 6, target)
        sock.send(b"\xff" * 6 + mine + b"\x08\x06" + arp)
    for frame in six(mine, there, [text for text in addresses if ":" in text]):
        sock.send(frame)
    answers, end = 0, time.monotonic() + 1.5
    sock.settimeout(0.2)
    while time.monotonic() < end:
        try:
            frame = sock.recv(2048)
        except TimeoutError:
            continue
        sender = {b"\x08\x06": frame[28:32], b"\x08\x00": frame[26:30]}.get(frame[12:14])
        # From the bridge itself: somebody on the host took a frame of ours, or asks who we are.
        if frame[6:12] == there if bridge else frame[0:6] == mine and sender in known:
            answers += 1
    return answers


def frames(wanted, found):
    found.extend(attempts(raw, wanted))


def first(*paths):
    """What stands in the first of these files that is there."""
    for path in paths:
        try:
            with open(path, encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            pass
    return ""


def inside():
    """Rights and limits as the kernel shows them in here, under control groups of either version."""
    with open("/proc/self/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    groups = "/sys/fs/cgroup"
    cpu = first(f"{groups}/cpu.max")
    if not cpu:
        cpu = " ".join(first(f"{groups}/cpu/cpu.cfs_{what}_us") for what in ("quota", "period"))
    try:
        os.close(os.open("/.rampart-probe", os.O_WRONLY | os.O_CREAT, 0o600))
        os.unlink("/.rampart-probe")
        root = "written"
    except OSError as error:
        root = errno.errorcode.get(error.errno, str(error.errno))
    sockets = [
        f"{folder}/{name}" for folder in ("/run", "/var/run")
        for name in ("docker.sock", "containerd/containerd.sock", "crio/crio.sock", "podman/podman.sock")
        if os.path.lexists(f"{folder}/{name}")
    ]
    return {
        "bounding": status.get("CapBnd", ""),
        "no_new_privileges": status.get("NoNewPrivs", ""),
        "seccomp": status.get("Seccomp", ""),
        "memory": first(f"{groups}/memory.max", f"{groups}/memory/memory.limit_in_bytes"),
        "pids": first(f"{groups}/pids.max", f"{groups}/pids/pids.max"),
        "cpu": cpu,
        "core": str(resource.getrlimit(resource.RLIMIT_CORE)[1]),
        "file": str(resource.getrlimit(resource.RLIMIT_FSIZE)[1]),
        "sockets": sockets,
        "root": root,
    }


# All three mostly wait, so they wait together.
found = [None] * len(ask["names"])
names = threading.Thread(target=resolve, args=(ask["names"], found), daemon=True)
names.start()
answer["raw"] = []
writer = threading.Thread(target=frames, args=(ask["raw"], answer["raw"]), daemon=True)
writer.start()
answer["tcp"] = tcp(ask["tcp"])
known = hardware()
answer["routers"] = [[known.get(router, ""), known.get(gateway, "")] for router, gateway in ask["routers"]]
answer["forged"] = attempts(forge, ask["forged"])
answer["inside"] = inside() if ask["inside"] else None
answer["links"] = [
    f"{entry['local']}/{entry['prefixlen']}"
    for link in (links() if ask["links"] else []) if link["ifname"] != "lo"
    for entry in link["addr_info"]
]
writer.join(20)
names.join(8)
answer["names"] = found
print(json.dumps(answer), flush=True)
