#!/usr/bin/env python3
"""Attacks a running gateway from one address, and measures what another client notices.

Usage: attack.py [--url http://localhost:8080] [--admin http://localhost:9090] [--seconds 60]
                 [--only NAME] [--probe PATH]

Start the shop with RATE_LIMIT_PER_MINUTE=0 first, so that the probe is not limited. It needs Linux
(addresses in 127.0.0.0/8) and Python 3.9, and no packages. The attacks:

  connections  2,048 connections, half of them idle, half of them with an incomplete head
  window       HTTP/2 connections with a window of 0, each with 100 requests
  bodies       100 parallel requests with a body of 1 MiB to /auth/refresh, again and again
  trickle      2,048 connections that send their body one byte at a time

For each attack the script prints the p99 latency of the probe, compared to the p99 without an
attack, the failed probes, and the highest memory of the process. It fails if a probe failed or the
p99 is more than three times as high.
"""

import argparse
import asyncio
import multiprocessing
import re
import struct
import sys
import time
import urllib.parse

ATTACKER = "127.0.0.2"
PROBE_PAUSE = 0.02
PROBE_TIMEOUT = 5.0
RECONNECT_PAUSE = 1.0
MAX_RATIO = 3.0
REFRESH = "/api/v1/auth/refresh"


async def connect(host, port, source=ATTACKER):
    return await asyncio.open_connection(host, port, local_addr=(source, 0))


async def get(host, port, path, source="127.0.0.1"):
    """Sends one request on a connection of its own; returns the status and the body."""
    reader, writer = await connect(host, port, source)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        response = await reader.read()
    finally:
        writer.close()
    head, _, body = response.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def repeat(count, attack, deadline):
    """Runs `count` copies of an attack; each starts again when its connection is closed."""

    async def one(number):
        while time.monotonic() < deadline:
            try:
                await attack(number, deadline)
            except (OSError, EOFError):
                pass
            await asyncio.sleep(RECONNECT_PAUSE)

    await asyncio.gather(*(one(number) for number in range(count)))


async def until_closed(reader, deadline):
    """Waits until the server closes the connection, or the attack ends."""
    while (left := deadline - time.monotonic()) > 0:
        try:
            if not await asyncio.wait_for(reader.read(65536), left):
                return
        except asyncio.TimeoutError:
            return


async def connections(target, deadline):
    async def attack(number, deadline):
        reader, writer = await connect(*target)
        try:
            if number % 2:
                writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ")
            await until_closed(reader, deadline)
        finally:
            writer.close()

    await repeat(2048, attack, deadline)


def frame(kind, flags, stream, payload=b""):
    length = struct.pack(">I", len(payload))[1:]
    return length + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def hpack_get(path):
    """Encodes the headers of a GET request without a dynamic table."""
    literal = lambda index, value: bytes([index, len(value)]) + value.encode()
    # Indexed: GET, http. Literal without indexing: path (4), authority (1).
    return b"\x82\x86" + literal(0x04, path) + literal(0x01, "x")


async def window(target, deadline):
    async def attack(_, deadline):
        reader, writer = await connect(*target)
        try:
            # SETTINGS_INITIAL_WINDOW_SIZE = 0: the server may send heads, but no bodies.
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            writer.write(frame(4, 0, 0, struct.pack(">HI", 4, 0)))
            headers = hpack_get("/api/v1/products?page_size=50")
            for stream in range(1, 200, 2):
                writer.write(frame(1, 0x5, stream, headers))
            await writer.drain()
            await until_closed(reader, deadline)
        finally:
            writer.close()

    await repeat(512, attack, deadline)


async def bodies(target, deadline):
    body = b'{"refresh_token":"' + b"x" * (1024 * 1024 - 20) + b'"}'
    head = (
        f"POST {REFRESH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode()

    async def attack(_, deadline):
        reader, writer = await connect(*target)
        try:
            writer.write(head)
            for start in range(0, len(body), 65536):
                writer.write(body[start : start + 65536])
                await asyncio.wait_for(writer.drain(), max(0.1, deadline - time.monotonic()))
            await asyncio.wait_for(reader.read(65536), max(0.1, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            pass
        finally:
            writer.close()

    await repeat(100, attack, deadline)


async def trickle(target, deadline):
    head = (
        f"POST {REFRESH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        "content-length: 10000\r\n\r\n{"
    ).encode()

    async def attack(_, deadline):
        reader, writer = await connect(*target)
        try:
            writer.write(head)
            # Until the response, which the server sends when it gives up.
            while time.monotonic() < deadline and not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                try:
                    await asyncio.wait_for(reader.read(65536), 2)
                    return
                except asyncio.TimeoutError:
                    pass
        finally:
            writer.close()

    await repeat(2048, attack, deadline)


async def probe(target, path, deadline):
    """Returns the latencies of the probe in milliseconds, and the number of failed ones."""
    latencies, failed = [], 0
    while time.monotonic() < deadline:
        started = time.monotonic()
        try:
            status, _ = await asyncio.wait_for(get(*target, path), PROBE_TIMEOUT)
            failed += status != 200
        except (OSError, asyncio.TimeoutError, IndexError, ValueError):
            failed += 1
        latencies.append((time.monotonic() - started) * 1000)
        await asyncio.sleep(PROBE_PAUSE)
    return latencies, failed


async def memory(target, deadline):
    """Returns the highest resident memory of the process in MiB; 0 if it is unknown."""
    highest = 0
    while time.monotonic() < deadline:
        try:
            _, text = await asyncio.wait_for(get(*target, "/metrics"), PROBE_TIMEOUT)
            if found := re.search(rb"^process_resident_memory_bytes (\d+)", text, re.M):
                highest = max(highest, int(found[1]))
        except (OSError, asyncio.TimeoutError, IndexError, ValueError):
            pass
        await asyncio.sleep(0.5)
    return highest / 1024 / 1024


def run_attack(attack, target, seconds):
    asyncio.run(attack(target, time.monotonic() + seconds))


def p99(latencies):
    return sorted(latencies)[min(len(latencies) - 1, len(latencies) * 99 // 100)]


def address(url):
    parts = urllib.parse.urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return host, parts.port or 80


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8080")
    parser.add_argument("--admin", default="http://localhost:9090")
    parser.add_argument("--seconds", type=float, default=60)
    attacks = {"connections": connections, "window": window, "bodies": bodies, "trickle": trickle}
    parser.add_argument("--only", choices=attacks)
    parser.add_argument("--probe", default="/api/v1/products?page_size=5")
    arguments = parser.parse_args()
    target, admin = address(arguments.url), address(arguments.admin)

    async def measure(attack=None):
        # The attack has a process of its own, so that it does not delay the probe.
        process = multiprocessing.Process(
            target=run_attack, args=(attack, target, arguments.seconds), daemon=True
        )
        if attack:
            process.start()
        deadline = time.monotonic() + arguments.seconds
        measured = asyncio.gather(
            probe(target, arguments.probe, deadline), memory(admin, deadline)
        )
        (latencies, failed), highest = await measured
        if attack:
            process.kill()
            process.join()
        return p99(latencies), len(latencies), failed, highest

    quiet, count, failed, highest = await measure()
    print(f"{'attack':12} {'p99 ms':>8} {'ratio':>6} {'probes':>7} {'failed':>7} {'MiB':>7}")
    print(f"{'none':12} {quiet:8.1f} {1:6.1f} {count:7} {failed:7} {highest:7.1f}", flush=True)
    passed = failed == 0
    for name, attack in attacks.items():
        if arguments.only not in (None, name):
            continue
        slow, count, failed, highest = await measure(attack)
        ratio = slow / quiet
        print(f"{name:12} {slow:8.1f} {ratio:6.1f} {count:7} {failed:7} {highest:7.1f}", flush=True)
        passed &= failed == 0 and ratio <= MAX_RATIO
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    asyncio.run(main())
