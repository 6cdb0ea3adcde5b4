#!/usr/bin/env python3
"""Attacks a running gateway from one address, and measures what another client notices.

Usage: attack.py [--url http://localhost:8080] [--admin http://localhost:9090] [--seconds 60]
                 [--only NAME] [--probe PATH] [--max-memory-mib 64]

Start the shop with RATE_LIMIT_PER_MINUTE=0 first, so that the probe is not limited. It needs Linux
(addresses in 127.0.0.0/8) and Python 3.9, and no packages. The attacks:

  connections  2,048 connections, half of them idle, half of them with an incomplete head
  window       HTTP/2 connections with a window of 0, each with 100 requests
  byte-window  as window, but each stream opens its window by 1 byte each second
  bodies       100 parallel requests to /auth/refresh, again and again: half of them with the largest
               body that is accepted (16 KiB, with as many values as are accepted), half with 1 MiB
  trickle      2,048 connections that send their body one byte at a time

Use the optimized program, which `make run` takes after `make up`: that of the tests is too slow.
The attack uses one core, at the lowest priority, because an attacker has a machine of its own.
Product bodies of up to 256 KiB are read for administrators only, so they are no attack.

The other client sends by turns a GET request, which must be 200, and a POST request with an unknown
token to /auth/refresh, which must be 401. For each attack the script prints the p99 latency of the
probes, compared to the p99 without an attack, the failed probes, and the highest memory of the
process. It fails if a probe failed, the p99 is more than three times as high, or the memory exceeds
--max-memory-mib, which is the memory limit of a gateway with the profile Dev; 0 disables this check.

The memory is the metric process_resident_memory_bytes of the admin port, twice a second: the whole
resident memory (VmRSS), including the pages of the program. In `make run`, the gateway is part of
one process with all services, which needs more: use --max-memory-mib 0 there. To measure the gateway
alone, start a second one for the services of `make run`:

  make run                                  # in another terminal
  RATE_LIMIT_PER_MINUTE=0 GATEWAY_LISTEN=127.0.0.1:8090 ADMIN_ADDR=127.0.0.1:9091 \\
    cargo run --bin shop -- gateway serve
  attack.py --url http://localhost:8090 --admin http://localhost:9091

Without JWT_PUBLIC_KEYS the gateway accepts no access tokens, which the script does not need.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
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


async def send(host, port, request, body="", source="127.0.0.1"):
    """Sends one request on a connection of its own; returns the status and the body."""
    reader, writer = await connect(host, port, source)
    try:
        head = f"{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(f"{head}\r\n{body}".encode())
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
        except (OSError, asyncio.TimeoutError):
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


async def http2_streams(target, deadline, window):
    """Requests lists on connections whose streams have a window of this many bytes."""
    streams = range(1, 200, 2)
    headers = hpack_get("/api/v1/products?page_size=50")
    # WINDOW_UPDATE of one byte, for the connection and for the streams that the server accepts.
    updates = b"".join(frame(8, 0, stream, struct.pack(">I", 1)) for stream in streams[:32])

    async def attack(_, deadline):
        reader, writer = await connect(*target)
        closed = asyncio.create_task(until_closed(reader, deadline))
        try:
            # SETTINGS_INITIAL_WINDOW_SIZE: with 0 the server may send heads, but no bodies.
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            writer.write(frame(4, 0, 0, struct.pack(">HI", 4, window)))
            for stream in streams:
                writer.write(frame(1, 0x5, stream, headers))
            await writer.drain()
            while window and not closed.done():
                writer.write(updates)
                await writer.drain()
                await asyncio.wait([closed], timeout=1)
            await closed
        finally:
            closed.cancel()
            writer.close()

    await repeat(512, attack, deadline)


async def window(target, deadline):
    await http2_streams(target, deadline, 0)


async def byte_window(target, deadline):
    await http2_streams(target, deadline, 1)


def post(body):
    head = (
        f"POST {REFRESH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def bodies(target, deadline):
    largest = '{"refresh_token":"x","list":[' + ",".join(['{"":0}'] * 240) + "]"
    requests = [
        post(largest + " " * (16 * 1024 - len(largest) - 1) + "}"),
        post('{"refresh_token":"' + "x" * (1024 * 1024 - 20) + '"}'),
    ]

    async def attack(number, deadline):
        request = requests[number % 2]
        reader, writer = await connect(*target)
        try:
            for start in range(0, len(request), 65536):
                writer.write(request[start : start + 65536])
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
    """Returns the latencies of the probes in milliseconds, and the number of failed ones."""
    token = '{"refresh_token":"00000000000000000000000000000000"}'
    probes = [(f"GET {path}", "", 200), (f"POST {REFRESH}", token, 401)]
    latencies, failed = [], 0
    while time.monotonic() < deadline:
        request, body, expected = probes[len(latencies) % len(probes)]
        started = time.monotonic()
        try:
            status, _ = await asyncio.wait_for(send(*target, request, body), PROBE_TIMEOUT)
            failed += status != expected
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
            _, text = await asyncio.wait_for(send(*target, "GET /metrics"), PROBE_TIMEOUT)
            if found := re.search(rb"^process_resident_memory_bytes (\d+)", text, re.M):
                highest = max(highest, int(found[1]))
        except (OSError, asyncio.TimeoutError, IndexError, ValueError):
            pass
        await asyncio.sleep(0.5)
    return highest / 1024 / 1024


def use_one_core():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_attack(attack, target, seconds):
    # An attacker has a machine of its own: the attack gets one core, and only what is left of it.
    use_one_core()
    os.nice(19)
    # asyncio warns about each write to a connection that the server has closed.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    asyncio.run(attack(target, time.monotonic() + seconds))


def percentile(latencies, percent):
    return sorted(latencies)[min(len(latencies) - 1, len(latencies) * percent // 100)]


def address(url):
    parts = urllib.parse.urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return host, parts.port or 80


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8080")
    parser.add_argument("--admin", default="http://localhost:9090")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--max-memory-mib", type=float, default=64)
    attacks = {
        "connections": connections,
        "window": window,
        "byte-window": byte_window,
        "bodies": bodies,
        "trickle": trickle,
    }
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
        return percentile(latencies, 99), len(latencies), failed, highest

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
        passed &= not arguments.max_memory_mib or 0 < highest <= arguments.max_memory_mib
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    asyncio.run(main())
