"""Tries the walls from inside a host. Reads one JSON object from standard input, writes one to standard output.

tcp:     [[address, port, seconds]]      -> "open" | "refused" | "no answer" | "no route"
names:   [name]                          -> [addresses], null where nobody answered in time
routers: [[router, gateway]]             -> [hardware address of the router, of the gateway]
raw:     [[own address, bridge's hardware address, [addresses], [ports]]] -> frames that the bridge answered, or a text
         (another machine's bridge is not known: "", then everybody is called, and answers are known by their addresses)
links:   true                            -> every address of this host but loopback
"""

import errno
import json
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
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
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


def raw(own, bridge, addresses, ports):
    """Opens connections by frames written by hand to the bridge itself, and asks it for addresses by ARP."""
    name = next(
        link["ifname"] for link in links()
        if any(entry["local"] == own for entry in link["addr_info"])
    )
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((name, 0))
    mine = sock.getsockname()[4]
    there = bytes.fromhex(bridge.replace(":", "")) or b"\xff" * 6
    known = {socket.inet_aton(address) for address in addresses}
    source = socket.inet_aton(own)
    for address in addresses:
        target = socket.inet_aton(address)
        for port in ports:
            syn = struct.pack("!HHIIBBHHH", 40000 + port % 20000, port, 1, 0, 5 << 4, 2, 64240, 0, 0)
            check = checksum(source + target + struct.pack("!HH", 6, len(syn)) + syn)
            syn = syn[:16] + struct.pack("!H", check) + syn[18:]
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(syn), port, 0, 64, 6, 0, source, target)
            head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
            sock.send(there + mine + b"\x08\x00" + head + syn)
        arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mine, source, b"\0" * 6, target)
        sock.send(b"\xff" * 6 + mine + b"\x08\x06" + arp)
    answers, end = 0, time.monotonic() + 1.5
    sock.settimeout(0.2)
    while time.monotonic() < end:
        try:
            frame = sock.recv(2048)
        except TimeoutError:
            continue
        # To us, from the bridge itself: somebody on the host took a frame of ours.
        sender = {b"\x08\x06": frame[28:32], b"\x08\x00": frame[26:30]}.get(frame[12:14])
        if frame[0:6] == mine and (frame[6:12] == there if bridge else sender in known):
            answers += 1
    return answers


def frames(wanted, found):
    for entry in wanted:
        try:
            found.append(raw(*entry))
        except (OSError, StopIteration, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")


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
answer["links"] = [
    f"{entry['local']}/{entry['prefixlen']}"
    for link in (links() if ask["links"] else []) if link["ifname"] != "lo"
    for entry in link["addr_info"]
]
writer.join(20)
names.join(8)
answer["names"] = found
print(json.dumps(answer), flush=True)
