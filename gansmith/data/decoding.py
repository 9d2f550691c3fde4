"""From encoded pictures to rows of the cache: in parallel, in order, with bounded memory."""

from __future__ import annotations

import os
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from gansmith.config import DataConfig
from gansmith.data.cache import OpenWriter, Writer
from gansmith.data.dataset import Array, content_hashes
from gansmith.data.pictures import Decoded, Look, PictureError, Target, choose_target, decode, look
from gansmith.data.trees import printable
from gansmith.errors import SourceError
from gansmith.progress import Progress

T = TypeVar("T")

# Pictures to look at before a size is chosen. All of them would cost a pass over the data.
NUM_LOOKS = 1000

# A thread takes so many at once: for small pictures, handing over costs more than decoding.
CHUNK = 32


class Item(NamedTuple):
    """One picture that has still to be read.

    Attributes:
        name: for messages.
        read: the encoded file, or (H, W) or (H, W, C) uint8 pixels; called in another thread.
        label: of its class, or None.
        held: whether the source itself holds it out.
    """

    name: str
    read: Callable[[], bytes | Array]
    label: Hashable | None = None
    held: bool = False


class _Failure(NamedTuple):
    line: str


class _Chunk(NamedTuple):
    items: Sequence[Item]
    results: Sequence[Decoded | _Failure]
    hashes: npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Feed:
    """Pictures that are to be decoded, and what is known of them before.

    Attributes:
        items: gives them, from the first, each time it is called.
        num_items: how many, for the bar.
        looks: those that size and channels are chosen by; None for the first thousand.
        skipped: lines about pictures that were left out before.
        class_names: where labels are numbers into them.
    """

    items: Callable[[], Iterable[Item]]
    num_items: int
    looks: Iterable[Item] | None = None
    skipped: Sequence[str] = ()
    class_names: Sequence[str] | None = None


def write_pictures(
    feed: Feed,
    config: DataConfig,
    open_writer: OpenWriter,
    progress: Progress,
    chosen: tuple[Target, list[str]] | None = None,
) -> None:
    """Decode all pictures into the cache.

    Args:
        feed: the pictures.
        config: size, fit, channels and strict.
        open_writer: what :func:`gansmith.data.cache.cached` gives to its ``build``.
        progress: opens the bar.
        chosen: what to bring the pictures to, and notes on it; None looks at them and chooses.

    Raises:
        SourceError: if none can be read, or with ``strict`` at the first that cannot.
    """
    with _PillowWarnings():
        target, notes = chosen or _choose(feed, config)
        chunks = _in_threads(lambda part: _decode_chunk(part, target), feed.items())
        with (
            closing(chunks),
            open_writer(target.shape) as writer,
            progress("Decoding", feed.num_items) as advance,
        ):
            writer.class_names = feed.class_names
            writer.skipped += feed.skipped
            counts: Counter[str] = Counter()
            for chunk in chunks:
                _append(chunk, writer, config, counts)
                advance(len(chunk.items))
            writer.notes += [*notes, *_notes(counts, target, config)]
    if not counts["read"]:
        raise _none_read(config, writer.skipped)


def evenly(names: Sequence[T]) -> Sequence[T]:
    """At most :data:`NUM_LOOKS` of them, evenly spaced."""
    step = max(1, -(-len(names) // NUM_LOOKS))
    return names[::step]


def _choose(feed: Feed, config: DataConfig) -> tuple[Target, list[str]]:
    """What to bring the pictures to, from those among the first that can be read."""
    if config.size and config.channels:
        return Target(*config.size, config.channels, config.fit), []
    looks: list[Look] = []
    failures: list[str] = []
    items = feed.items() if feed.looks is None else feed.looks
    for item in islice(items, NUM_LOOKS):
        try:
            looks.append(look(item.read()))
        except (PictureError, OSError, ValueError) as error:
            failures.append(_line(item, error))
    if not looks:
        raise _none_read(config, failures)
    return choose_target(config, looks)


def _none_read(config: DataConfig, failures: Sequence[str]) -> SourceError:
    return SourceError(
        f"None of the {len(failures)} pictures can be read." if failures else "It is empty.",
        where=f"{config.source}: {failures[0]}" if failures else config.source,
    )


def _line(item: Item, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return f"{printable(item.name)}: {reason}"


def _decode_chunk(items: Sequence[Item], target: Target) -> _Chunk:
    results: list[Decoded | _Failure] = []
    for item in items:
        try:
            results.append(decode(item.read(), target))
        except (PictureError, OSError, ValueError) as error:
            results.append(_Failure(_line(item, error)))
    rows = [result.row for result in results if isinstance(result, Decoded)]
    hashes = content_hashes(np.stack(rows)) if rows else np.empty(0, np.uint64)
    return _Chunk(items, results, hashes)


def _append(chunk: _Chunk, writer: Writer, config: DataConfig, counts: Counter[str]) -> None:
    """Put one chunk into the cache, and what failed into the list of what was skipped."""
    good: list[tuple[Item, Decoded]] = []
    for item, result in zip(chunk.items, chunk.results, strict=True):
        if isinstance(result, Decoded):
            good.append((item, result))
        elif config.strict:
            raise SourceError(
                "A picture cannot be read.",
                where=f"{config.source}: {result.line}",
                fix="Take it out, or leave strict off to skip it.",
            )
        else:
            writer.skipped.append(result.line)
    counts["read"] += len(good)
    counts["resized"] += sum(result.resized for _, result in good)
    counts["alpha dropped"] += sum(result.alpha_dropped for _, result in good)
    if good:
        writer.append(
            np.stack([result.row for _, result in good]),
            chunk.hashes,
            [item.label for item, _ in good],
            [item.held for item, _ in good],
        )


def _notes(counts: Counter[str], target: Target, config: DataConfig) -> list[str]:
    notes = []
    if counts["resized"] and counts["resized"] < counts["read"]:
        notes.append(
            f"{counts['resized']} of {counts['read']} pictures had another size and were brought "
            f"to {target.width}x{target.height} ({config.fit})."
        )
    if counts["alpha dropped"]:
        notes.append(
            f"{counts['alpha dropped']} of {counts['read']} pictures have transparency and were "
            "laid on white. data.channels=4 keeps it."
        )
    return notes


def _in_threads(
    work: Callable[[Sequence[Item]], _Chunk], items: Iterable[Item]
) -> Generator[_Chunk, None, None]:
    """The results of ``work`` on chunks of ``items``, in order, a few chunks ahead at most.

    Threads, not processes: Pillow lets go of the interpreter's lock while it decodes.
    """
    num_threads = min(32, os.cpu_count() or 1)
    waiting: deque[Future[_Chunk]] = deque()
    left = iter(items)
    with ThreadPoolExecutor(num_threads, thread_name_prefix="decode") as pool:
        try:
            while chunk := list(islice(left, CHUNK)):
                waiting.append(pool.submit(work, chunk))
                if len(waiting) > 2 * num_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class _PillowWarnings(warnings.catch_warnings):
    """Within, also in threads: a suspiciously large picture is an error, odd metadata are not."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
