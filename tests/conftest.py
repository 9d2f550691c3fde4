"""What all tests share: one thread that does not spin, a cache of their own, no deadlines."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator

# Before torch is imported: threads that spin while they wait cost a busy machine dearly.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
_CACHE = tempfile.TemporaryDirectory(prefix="gansmith-tests-")
os.environ["GANSMITH_CACHE"] = _CACHE.name
# A shell's background job ignores Ctrl-C, and so would every command that a test starts and stops.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402
import torch  # noqa: E402
from hypothesis import settings  # noqa: E402

# It has no doctests; one of another folder may have been imported under its name already.
collect_ignore = ["conftest.py"]

settings.register_profile("gansmith", deadline=None)
settings.load_profile("gansmith")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Torch on one thread: small networks gain nothing from more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
