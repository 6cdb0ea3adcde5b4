#!/usr/bin/env python3
"""Floods a running shop with wrong sign-ins, and measures the sign-ins of an owner meanwhile.

Usage: sign_in_flood.py [--url http://localhost:8080] [--rate 1000] [--sign-ins 30]

Start the shop so that it believes the addresses that the script forwards, and does not limit the
owner's own address:

  TRUSTED_PROXIES=127.0.0.0/8 RATE_LIMIT_PER_MINUTE=0 SIGN_IN_LIMIT_PER_IP=0 make run

`make run` uses the optimized program that `make up` has built, if there is one. The program of the
tests is not optimized, and too slow for the flood.

The script registers an account and signs in once, so that the owner's network is known. Then it
measures the owner's sign-ins without a flood, during a flood of wrong passwords for this account, and
during a flood of unknown addresses. A flood has `--rate` attempts a second, by turns from 1,000
networks, at a fixed rate: attempts do not wait for earlier responses. It runs in a process of its
own, bound to one core, on a computer with Linux and Python 3.9 or later.

For each flood the script prints the p95 latency of the owner's sign-ins, compared to the p95 without
a flood, the owner's failed sign-ins, and the number of attempts that were answered, by status. It
fails if a sign-in of the owner failed, or the p95 is more than 2.5 times as high.
"""

import argparse
import asyncio
import collections
import json
import multiprocessing
import sys
import time
import uuid

from attack import address, connect, percentile, use_one_core

MAX_RATIO = 2.5
NETWORKS = 1000
OWNER = "203.0.113.7"
PASSWORD = "correct horse battery staple"
PAUSE = 0.2
TIMEOUT = 10.0
# Attempts that wait for a response. More are not sent, and are counted as "skipped".
MAX_OPEN = 400


def request(path, client, **fields):
    body = json.dumps(fields)
    return (
        f"POST /api/v1/auth/{path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def exchange(reader, writer, message):
    """Sends a request on a connection that is kept; returns the status."""
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    await reader.readexactly(length)
    return int(head.split(b" ")[1])


async def flood(target, new_email, rate, counts):
    """Sends wrong sign-ins until it is cancelled."""
    idle = []

    async def attempt(number):
        client = f"10.{number // 256 % 256}.{number % 256}.1"
        message = request("login", client, email=new_email(), password="wrong password")
        try:
            reader, writer = idle.pop() if idle else await connect(*target, source="127.0.0.1")
            counts[str(await asyncio.wait_for(exchange(reader, writer, message), TIMEOUT))] += 1
            idle.append((reader, writer))
        except (OSError, EOFError, asyncio.TimeoutError):
            counts["failed"] += 1

    running = set()
    started, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - started) * rate)
        for number in range(sent, due):
            if len(running) >= MAX_OPEN:
                counts["skipped"] += 1
                continue
            task = asyncio.create_task(attempt(number % NETWORKS))
            running.add(task)
            task.add_done_callback(running.discard)
        sent = due
        await asyncio.sleep(0.002)


def run_flood(target, email, rate, stop, result):
    """Floods one address, or a new one with each attempt if `email` is None."""
    use_one_core()
    counts = collections.Counter()
    new_email = lambda: email or f"{uuid.uuid4()}@example.com"

    async def run():
        started = time.monotonic()
        attempts = asyncio.create_task(flood(target, new_email, rate, counts))
        while not stop.is_set():
            await asyncio.sleep(0.1)
        attempts.cancel()
        result.put((dict(counts), time.monotonic() - started))

    asyncio.run(run())


async def sign_ins(target, email, count):
    """Returns the latencies of the owner's sign-ins in milliseconds, and how many failed."""
    message = request("login", OWNER, email=email, password=PASSWORD)
    latencies, failed = [], 0
    for _ in range(count):
        started = time.monotonic()
        try:
            reader, writer = await connect(*target, source="127.0.0.1")
            status = await asyncio.wait_for(exchange(reader, writer, message), TIMEOUT)
            failed += status != 200
            writer.close()
        except (OSError, EOFError, asyncio.TimeoutError):
            failed += 1
        latencies.append((time.monotonic() - started) * 1000)
        await asyncio.sleep(PAUSE)
    return latencies, failed


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8080")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--sign-ins", type=int, default=30)
    arguments = parser.parse_args()
    target = address(arguments.url)

    email = f"owner-{uuid.uuid4()}@example.com"
    reader, writer = await connect(*target, source="127.0.0.1")
    account = request("register", OWNER, email=email, password=PASSWORD, name="Ada")
    status = await exchange(reader, writer, account)
    if status != 201:
        sys.exit(f"error: the account was not registered: {status}")
    writer.close()
    await sign_ins(target, email, 1)

    async def during_flood(flooded_email):
        """Returns the owner's latencies and failures, and the attempts of the flood by status."""
        stop, result = multiprocessing.Event(), multiprocessing.Queue()
        process = multiprocessing.Process(
            target=run_flood, args=(target, flooded_email, arguments.rate, stop, result), daemon=True
        )
        process.start()
        await asyncio.sleep(2)
        latencies, failed = await sign_ins(target, email, arguments.sign_ins)
        stop.set()
        counts, seconds = result.get(timeout=TIMEOUT)
        process.kill()
        process.join()
        return latencies, failed, {status: n / seconds for status, n in counts.items()}

    latencies, failed = await sign_ins(target, email, arguments.sign_ins)
    quiet, passed = percentile(latencies, 95), failed == 0
    print(f"{'flood of':10} {'p95 ms':>8} {'ratio':>6} {'failed':>7}  attempts by status")
    print(f"{'none':10} {quiet:8.1f} {1:6.2f} {failed:7}", flush=True)
    for name, flooded_email in [("account", email), ("unknown", None)]:
        latencies, failed, attempts = await during_flood(flooded_email)
        p95 = percentile(latencies, 95)
        rates = " ".join(f"{status}: {rate:.0f}/s" for status, rate in sorted(attempts.items()))
        print(f"{name:10} {p95:8.1f} {p95 / quiet:6.2f} {failed:7}  {rates}", flush=True)
        passed &= failed == 0 and p95 / quiet <= MAX_RATIO
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    asyncio.run(main())
