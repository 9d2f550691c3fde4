"""The run folder: the only link between training and everything that uses its result.

``config.json env.json codec.json metrics.jsonl samples/ checkpoints/ README.md``. Weights are
safetensors, all else is JSON or pictures: nothing in a run folder can execute.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith.errors import RunError

# Noised counts of a table, where a run learns from these alone.
RELEASE = "data.release"
# Held by the process that trains into the folder; within, a name of this very training.
LOCK = ".lock"
# The name of a training that is asked to save and end.
STOP = ".stop"
_MOST_NAME_BYTES = 64
# What a codec with networks has learned, how that went, and how well samples come back.
CODEC, CODEC_WEIGHTS, CODEC_SCORE = "codec", "codec.safetensors", "codec/score.json"


def fsync_folder(path: Path) -> None:
    """Make a rename inside ``path`` survive a power cut; a no-op where folders cannot be synced."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make what was written to ``path`` survive a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within, a file that cannot be written (a full disk) is a RunError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{path.name} could not be written: {error.strerror or error}.",
            where=str(path),
            fix="Make room and give the same command again; it goes on from what is saved.",
        ) from error


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file to the side, sync it, rename it: a reader sees all of it or nothing.

    Raises:
        RunError: where it cannot be written (a full disk).
    """
    side = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with writing(path):
        try:
            with side.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            side.replace(path)
        finally:
            side.unlink(missing_ok=True)
    fsync_folder(path.parent)


@dataclass(frozen=True)
class RunFolder:
    """Paths and formats of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved experiment; written last, it makes the folder a run."""
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        """One line of JSON per record."""
        return self.path / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        """Sheets of samples, named by sample count: pictures, or texts."""
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        """One folder per checkpoint, named by sample count."""
        return self.path / "checkpoints"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "README.md"

    def exists(self) -> bool:
        """Whether a run has begun here."""
        return self.config.is_file()

    def require(self) -> RunFolder:
        """This folder, or a RunError that says what is missing."""
        if not self.path.exists():
            raise RunError(
                "There is no such run.",
                where=str(self.path),
                fix="Train one first: gansmith train SOURCE --out FOLDER",
            )
        if not self.exists():
            raise RunError(
                "This is not a run folder: it has no config.json.",
                where=str(self.path),
                fix="Name the folder that was given to `gansmith train --out`.",
            )
        return self

    def create(self) -> None:
        """Make the folders. Raises a RunError if the place holds something else."""
        if self.path.is_file():
            raise RunError("The output is a file, not a folder.", where=str(self.path))
        if self.path.is_dir() and not self.exists() and self._holds_other_things():
            raise RunError(
                "The output folder is not empty and holds no run.",
                where=str(self.path),
                fix="Name another folder with --out, or empty this one yourself.",
            )
        try:
            for folder in (self.samples, self.checkpoints):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"The run folder cannot be made: {error.strerror}.", where=str(self.path)
            ) from error

    def _holds_other_things(self) -> bool:
        """Whether there is more here than a run that was killed while it began leaves."""
        own = {"samples", "checkpoints", CODEC, "env.json", "codec.json", RELEASE, LOCK, STOP}
        left = (p for p in self.path.iterdir() if p.name not in own)
        return any(not (p.name.startswith(".") and p.name.endswith(".tmp")) for p in left)

    def write_json(self, name: str, value: Any) -> None:
        """Write ``name`` as indented JSON, atomically."""
        write_atomic(self.path / name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def read_json(self, name: str) -> Any:
        """Read ``name``. Raises a RunError if it is missing or not JSON."""
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"The run has no {name}.", where=str(self.path)) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise RunError(f"{name} is not valid JSON: {error}.", where=str(path)) from error

    def metrics_size_bytes(self) -> int:
        """Length of metrics.jsonl now; 0 where there is none."""
        return self.metrics.stat().st_size if self.metrics.exists() else 0

    def truncate_metrics(self, size_bytes: int) -> None:
        """Forget what was written after a checkpoint, so that a resumed run writes it again."""
        if self.metrics_size_bytes() > size_bytes:
            with writing(self.metrics), self.metrics.open("r+b") as file:
                file.truncate(size_bytes)

    def sync_metrics(self) -> None:
        """Bring metrics.jsonl to the disk before a checkpoint says how long it is."""
        if self.metrics.exists():
            with writing(self.metrics):
                sync_file(self.metrics)

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Add one line to metrics.jsonl. Raises a RunError where that cannot be done."""
        with writing(self.metrics), self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def read_metrics(self) -> Iterator[dict[str, Any]]:
        """The lines of metrics.jsonl; a last line cut short by a crash is left out."""
        if not self.metrics.exists():
            return
        with self.metrics.open(encoding="utf-8") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    return

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within, no other process trains into this folder. Raises a RunError if one does.

        The training gets a name of its own, which a request to stop must give: so what was asked of
        an earlier one stops none that goes on.
        """
        with holding(self.path / LOCK, secrets.token_hex(16)) as held:
            if not held:
                raise RunError(
                    "Another process is training into this folder.",
                    where=str(self.path),
                    fix="Wait for it, stop it, or name another folder with --out.",
                )
            try:
                yield
            finally:
                with suppress(OSError):  # what is left of it stops nothing
                    (self.path / STOP).unlink(missing_ok=True)

    def is_training(self) -> bool:
        """Whether a process trains into this folder now; always False without advisory locks."""
        try:
            # Not to wait at what is no file, such as a pipe.
            handle = os.open(self.path / LOCK, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return False
        try:
            return not _locked(handle, shared=True)
        finally:
            os.close(handle)

    def can_be_asked_to_stop(self) -> bool:
        """Whether a training runs here that looks for requests, and one can be written."""
        return self.is_training() and bool(_name_in(self.path / LOCK)) and (
            os.access(self.path, os.W_OK)
        )  # fmt: skip

    def ask_to_stop(self) -> None:
        """Ask the training that runs here to save and end, by a file that it looks for.

        It needs no process id, which in another container would be another process'.

        Raises:
            RunError: if the file cannot be written.
        """
        write_atomic(self.path / STOP, _name_in(self.path / LOCK))

    def is_asked_to_stop(self) -> bool:
        """Whether the training that runs here, and not an earlier one, was asked to stop."""
        asked = _name_in(self.path / STOP)
        return bool(asked) and asked == _name_in(self.path / LOCK)


def _name_in(path: Path) -> str:
    """The name of a training that a file holds; empty where there is none."""
    try:
        # Not to wait at what is no file, such as a pipe.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    try:
        return os.read(handle, _MOST_NAME_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""
    finally:
        os.close(handle)


@contextmanager
def holding(path: Path, name: str = "") -> Iterator[bool]:
    """Within, hold a lock file, and with it the lock: False where another process has it.

    Args:
        path: of the file.
        name: of the holder, written into it; empty for none.
    """
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        held = _locked(handle)
        if not held:  # who only asks whether it is held has it for an instant
            time.sleep(0.05)
            held = _locked(handle)
        if held and name:
            with writing(path):
                os.ftruncate(handle, 0)
                os.write(handle, name.encode("ascii"))
        try:
            yield held
        finally:
            if held and name:
                with suppress(OSError):  # a kill leaves it, too; the next holder writes its own
                    os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _locked(handle: int, *, shared: bool = False) -> bool:
    """Take an advisory lock that dies with its process, where the system has them."""
    try:
        import fcntl
    except ImportError:  # Windows: two trainings into one folder are not noticed there
        return True
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
