"""A program of its own: a small name server on loopback, a resolver asking it, and what came, as JSON.

Runs in network and mount namespaces of its own (`python -m tests.real.name_server DIRECTORY`), so that the system's
resolver asks it. It answers A and AAAA for `host.example`, thousands of addresses for `many.example`, that there is no
`none.example`, and nothing at all for `silent.example`.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from stockade.model.clock import Monotonic
from stockade.resolve import Answer, Resolver

RECORDS = {
    ("host.example", 1): [b"\xc0\x00\x02\x07"],
    ("host.example", 28): [bytes.fromhex("20010db8" + "0" * 23 + "7")],
}
RECORDS["many.example", 1] = [bytes((10, 0, n >> 8, n & 255)) for n in range(1000)]


def question_of(query: bytes) -> tuple[str, int, int]:
    """Name, type and end of the question (RFC 1035 §4.1.2)."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), int.from_bytes(query[at + 1 : at + 3], "big"), at + 5


def reply_to(query: bytes, limit: int) -> bytes:
    """The reply: records, emptiness or NXDOMAIN; truncated where it is longer than the transport takes."""
    name, kind, end = question_of(query)
    found = RECORDS.get((name, kind), [])
    is_known = any(known == name for known, _ in RECORDS)
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data for data in found)
    is_cut = 12 + end + len(body) > limit
    flags = 0x8580 | (0x0200 if is_cut else 0) | (0 if is_known else 3)
    counts = (1, 0 if is_cut else len(found), 0, 0)
    return query[:2] + struct.pack(">HHHHH", flags, *counts) + query[12:end] + (b"" if is_cut else body)


def serve(packets: socket.socket, streams: socket.socket) -> None:
    """Answers until the process ends."""
    while True:
        for ready in select.select([packets, streams], [], [])[0]:
            if ready is packets:
                query, sender = packets.recvfrom(4096)
                if question_of(query)[0] != "silent.example":
                    packets.sendto(reply_to(query, 512), sender)
            else:
                client = streams.accept()[0]
                with client:
                    while size := int.from_bytes(client.recv(2, socket.MSG_WAITALL), "big"):
                        reply = reply_to(client.recv(size, socket.MSG_WAITALL), 65535)
                        client.sendall(len(reply).to_bytes(2, "big") + reply)


def start(directory: Path) -> None:
    """Brings loopback up, points the system's resolver here and serves from a thread."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"), ("hosts", "")):
        (directory / name).write_text(text)
        subprocess.run(["mount", "--bind", str(directory / name), os.path.realpath(f"/etc/{name}")], check=True)
    packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    packets.bind(("127.0.0.1", 53))
    streams = socket.create_server(("127.0.0.1", 53))
    threading.Thread(target=serve, args=(packets, streams), daemon=True).start()


def answers_to(resolver: Resolver, names: set[str]) -> dict[str, Answer]:
    """Asks and waits, at most 20 seconds."""
    for name in names:
        resolver.ask(name)
    found: dict[str, Answer] = {}
    while found.keys() != names and select.select([resolver], [], [], 20)[0]:
        found.update((answer.name, answer) for answer in resolver.take())
    return found


def main() -> None:
    """Asks for known and unknown names, then closes while a silent server keeps both threads busy."""
    start(Path(sys.argv[1]))
    resolver = Resolver(lambda: Monotonic(time.monotonic()))
    found = answers_to(resolver, {"host.example", "none.example", "many.example"})
    before = time.monotonic()
    for n in range(10):
        resolver.ask(f"silent{n}.example" if n else "silent.example")
    resolver.close()
    seconds = time.monotonic() - before
    result = {name: [answer.addresses, answer.error] for name, answer in found.items()}
    sys.stdout.write(json.dumps({"answers": result, "closing": seconds}))


if __name__ == "__main__":
    main()
