"""A server under load: many clients at once, each asking again as soon as it is answered.

Clients and server share the machine, so the figures are those of both together.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.cases import ROOT, UNWATCHED, Case, Json, Options
from gansmith.api import train

CLIENTS, REQUESTS = 50, 10
# What is asked for: pictures in a request, and whether it names its seed.
ASKED = [(1, True), (1, False), (64, True), (64, False)]
BUSY_SECONDS = 0.05


def cases(options: Options) -> list[Case]:
    """Each kind of request, three times unless asked otherwise."""
    data = options.data or "digits"
    return [
        Case("serve", {"data": data, "n": n, "seeded": seeded, "seed": seed}, data=data,
             toy=options.toy, places=options.places)
        for seed in range(options.seeds or (1 if options.toy else 3))
        for n, seeded in (ASKED[:2] if options.toy else ASKED)
    ]  # fmt: skip


def measure(case: Case) -> Json:
    """Train a little, which the speed does not depend on, serve, and ask."""
    clients, requests = (4, 2) if case.toy else (CLIENTS, REQUESTS)
    with tempfile.TemporaryDirectory(prefix="gansmith-benchmark-") as folder:
        run = train(
            case.data, Path(folder) / "run", samples=256, seed=case.seed, device="cpu",
            settings=UNWATCHED,
        )  # fmt: skip
        with _serving(run.folder.path) as port, ThreadPoolExecutor(clients) as pool:
            _ask(port, "/v1/sample?n=1")
            before, started = _counts(port), time.perf_counter()
            each = list(pool.map(lambda who: _client(port, case, who, requests), range(clients)))
            seconds = time.perf_counter() - started
            after = _counts(port)
    waits = np.array([wait for waits, _ in each for wait in waits])
    codes = sum((codes for _, codes in each), Counter[int]())
    n = int(case.key["n"] or 0)
    return {
        "clients": clients,
        "requests": len(waits),
        "codes": {str(code): count for code, count in sorted(codes.items())},
        "requests_per_second": len(waits) / seconds,
        "samples_per_second": n * len(waits) / seconds,
        "median_seconds": float(np.median(waits)),
        "p95_seconds": float(np.quantile(waits, 0.95)),
        "server_cpu_seconds": after["process_cpu_seconds_total"]
        - before["process_cpu_seconds_total"],
        "merged_requests": int(after["gansmith_merged_requests_total"]),
    }


@contextmanager
def _serving(run: Path) -> Iterator[int]:
    """A server of its own, as a user starts it; its port."""
    command = [sys.executable, "-m", "gansmith", "serve", str(run), "--port", "0",
               "--per-minute", "0"]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield int(process.stderr.readline().rsplit(":", 1)[1].strip("/\n"))
        finally:
            process.terminate()
            process.wait()


def _client(port: int, case: Case, who: int, requests: int) -> tuple[list[float], Counter[int]]:
    """Seconds that each answer took, and the codes; one that is told to wait asks again."""
    waits, codes = [], Counter[int]()
    for number in range(requests):
        seed = f"&seed={who * requests + number}" if case.key["seeded"] else ""
        started = time.perf_counter()
        while True:
            code, _ = _ask(port, f"/v1/sample?n={case.key['n']}{seed}")
            codes[code] += 1
            if code != 503:
                break
            time.sleep(BUSY_SECONDS)
        waits.append(time.perf_counter() - started)
    return waits, codes


def _counts(port: int) -> dict[str, float]:
    """What the server says of itself, without what is told apart by labels."""
    lines = [line.split() for line in _ask(port, "/metrics")[1].decode().splitlines()]
    return {words[0]: float(words[1]) for words in lines if words[0] != "#" and "{" not in words[0]}


def _ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
