"""What runs have recorded, kept while somebody looks, so that only new lines are read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import islice
from typing import Any

from gansmith.convert import to_json
from gansmith.evaluation.doctor import diagnose
from gansmith.runs.folder import RunFolder
from gansmith.runs.tail import Tail
from gansmith.studio.watch.files import within
from gansmith.studio.watch.series import Series

# Lines that one request reads; a longer file is read by several.
MOST_LINES = 20_000
# Runs that are remembered; the one that nobody has asked for longest is forgotten.
MOST_RUNS = 32


class History:
    """Records of one run."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._tail, self._series, self._restarts = Tail(folder.metrics), Series(), 0

    def look(self, seen: str) -> dict[str, Any]:
        """What is recorded so far, unless it is what ``seen`` names: the version of a look before.

        Returns:
            ``version``; and where there is something new ``curves``, ``thinned``, ``more`` (whether
            the file goes on), ``broken`` and ``findings``.
        """
        with self._lock:
            read = self._read()
            version = f"{self._restarts}.{self._series.records}.{self._tail.broken}"
            if seen == version:
                return {"version": version}
            return {
                "version": version,
                "records": self._series.records,
                "curves": self._series.curves(),
                "thinned": self._series.thinned,
                "more": read == MOST_LINES,
                "broken": self._tail.broken,
                "findings": to_json(diagnose(self._series.means())),
            }

    def _read(self) -> int:
        if within(self._folder, self._folder.metrics) is None:
            return 0
        read = 0
        for record in islice(self._tail.records(), MOST_LINES):
            self._begin_anew_with_the_file()
            self._series.add(record)
            read += 1
        self._begin_anew_with_the_file()
        return read

    def _begin_anew_with_the_file(self) -> None:
        if self._tail.restarts != self._restarts:
            self._restarts, self._series = self._tail.restarts, Series()


class Histories:
    """Those of the runs that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, History] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: RunFolder) -> History:
        """The run's."""
        key = str(folder.path.resolve())
        with self._lock:
            kept = self._kept.pop(key, None) or History(folder)
            self._kept[key] = kept
            if len(self._kept) > MOST_RUNS:
                self._kept.popitem(last=False)
        return kept
