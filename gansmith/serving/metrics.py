"""Counts for Prometheus, in its text format (version 0.0.4)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Metrics:
    """What was answered so far, and how fast."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._below: Counter[tuple[str, float]] = Counter()
        self._items: Counter[str] = Counter()

    def answered(self, route: str, code: int, seconds: float) -> None:
        """Count a request; ``route`` is one of ours, so that there are never many."""
        with self._lock:
            self._requests[route, code] += 1
            self._seconds[route] += seconds  # type: ignore[assignment]
            for bound in BUCKETS:
                self._below[route, bound] += seconds <= bound

    def add(self, name: str, count: int) -> None:
        """Count ``samples`` that were made, or ``verdicts`` that were given."""
        with self._lock:
            self._items[name] += count

    def text(self, now: Mapping[str, int]) -> str:
        """All of it.

        Args:
            now: what is counted elsewhere, by name; what ends in ``_total`` never falls.
        """
        with self._lock:
            lines = ["# TYPE gansmith_requests_total counter"]
            lines += [
                f'gansmith_requests_total{{route="{route}",code="{code}"}} {count}'
                for (route, code), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE gansmith_request_seconds histogram")
            for route in sorted(self._seconds):
                lines += self._histogram(route)
            for name, count in sorted(self._items.items()):
                lines += [f"# TYPE gansmith_{name}_total counter", f"gansmith_{name}_total {count}"]
        lines += [
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {time.process_time():.3f}",
        ]
        for name, count in now.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE gansmith_{name} {kind}", f"gansmith_{name} {count}"]
        return "\n".join(lines) + "\n"

    def _histogram(self, route: str) -> list[str]:
        name, of = "gansmith_request_seconds", f'route="{route}"'
        total = sum(count for (own, _), count in self._requests.items() if own == route)
        lines = [f'{name}_bucket{{{of},le="{b:g}"}} {self._below[route, b]}' for b in BUCKETS]
        return [
            *lines,
            f'{name}_bucket{{{of},le="+Inf"}} {total}',
            f"{name}_sum{{{of}}} {self._seconds[route]:.6f}",
            f"{name}_count{{{of}}} {total}",
        ]
