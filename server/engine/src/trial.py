"""Calls for the machine whose bridge this is, and counts what comes back.

Arguments: IPv4 addresses of the machine, TCP ports; each with commas between. Nobody else is on the bridge, so every
frame of another's is the machine's. Of IPv6 only answers count: the machine's end of the cable to this host announces
itself unasked, and cannot be spoken to.
"""

import json
import os
import select
import socket
import struct
import sys
import time

LISTEN_S = 4.0
addresses = [address for address in sys.argv[1].split(",") if address]
ports = [int(port) for port in sys.argv[2].split(",") if port]

raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
raw.bind(("eth0", 0))
mine = raw.getsockname()[4]


# An address that nobody has: who answers must ask for it first.
source6 = socket.inet_pton(socket.AF_INET6, "fe80::")[:8] + b"\x02\x42" + os.urandom(6)
asked_for = b"\x33\x33\xff" + source6[13:]


def own_address():
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect(("198.51.100.1", 9))
    return probe.getsockname()[0]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ask_by_arp(address):
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mine, socket.inet_aton(own_address()), b"\0" * 6,
                      socket.inet_aton(address))
    raw.send(b"\xff" * 6 + mine + b"\x08\x06" + arp)


def ask_all_nodes():
    """An echo request to everybody on the link."""
    target = socket.inet_pton(socket.AF_INET6, "ff02::1")
    echo = struct.pack("!BBHHH", 128, 0, 0, 7, 1) + b"whoisout"
    check = checksum(source6 + target + struct.pack("!II", len(echo), 58) + echo)
    echo = echo[:2] + struct.pack("!H", check) + echo[4:]
    head = struct.pack("!IHBB", 6 << 28, len(echo), 58, 255) + source6 + target
    raw.send(b"\x33\x33\x00\x00\x00\x01" + mine + b"\x86\xdd" + head + echo)


calls = {}
for address in addresses:
    for port in ports:
        call = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        call.setblocking(False)
        call.connect_ex((address, port))
        calls[call] = f"{address}:{port}"

kinds = {b"\x08\x06": "arp", b"\x08\x00": "ipv4", b"\x86\xdd": "ipv6"}
heard = {"arp": 0, "ipv4": 0, "ipv6": 0, "tcp": []}
end = time.monotonic() + LISTEN_S
again = 0.0
while time.monotonic() < end:
    if time.monotonic() >= again:
        again = time.monotonic() + 1.0
        for address in addresses:
            ask_by_arp(address)
        ask_all_nodes()
    ready, answered, _ = select.select([raw], list(calls), [], 0.2)
    if ready:
        frame = raw.recv(2048)
        kind = kinds.get(frame[12:14])
        if kind and frame[6:12] != mine and (kind != "ipv6" or frame[0:6] in (mine, asked_for)):
            heard[kind] += 1
    for call in answered:
        # Refused is an answer too; only that nobody is there is none.
        if call.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (0, 111):
            heard["tcp"].append(calls[call])
        del calls[call]
        call.close()
print(json.dumps(heard))
