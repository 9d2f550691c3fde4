"""What is shown on a terminal, and what where there is none. All but results goes to stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from gansmith.cli.streams import nowhere, write_now
from gansmith.errors import UserError
from gansmith.progress import Advance, silent
from gansmith.training import Reporter

if TYPE_CHECKING:
    from gansmith.trainer.trainer import Trainer

# Without a terminal, so many lines for a whole run.
PLAIN_LINES, STAGE_LINES = 20, 10
# Of the first column of a table, in characters; names of metrics are shorter.
LONGEST_NAME = 26


def notes() -> Console:
    """Where messages and bars go; of several processes, the first one speaks."""
    return Console(stderr=True, highlight=False, quiet=os.environ.get("RANK", "0") != "0")


def say(text: str) -> None:
    """A message to the user."""
    notes().print(text, markup=False, soft_wrap=True)


def print_result(text: str) -> None:
    """A result on stdout, all of it, now. Raises a UserError where it cannot be written."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # Else Python would try once more at its end, and fail with a code and words of its own.
        sys.stdout = nowhere()
        raise UserError(
            f"The output cannot be written: {error.strerror or error}.", where="standard output"
        ) from error


def print_json(value: Any) -> None:
    """A result on stdout as JSON."""
    print_result(json.dumps(value, indent=2))


def print_table(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Results on stdout: a table, or JSON."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("Nothing to show.")
        return
    if not sys.stdout.isatty():  # for pipes: one line a row, tabs between
        lines = ["\t".join(rows[0]), *("\t".join(_cell(v) for v in r.values()) for r in rows)]
        print_result("\n".join(lines))
        return
    table = Table(box=None, header_style="bold")
    first = max(len(_cell(next(iter(row.values()), ""))) for row in rows)
    for place, (name, value) in enumerate(rows[0].items()):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        # What a row is of stays whole in a narrow terminal, unless it is long itself.
        whole = place == 0 and first <= LONGEST_NAME
        justify: Literal["left", "right"] = "right" if number else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console(highlight=False).print(table)


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


class _Count(ProgressColumn):
    """How many are done, and of how many where that is known."""

    def render(self, task: Task) -> Text:
        """Such as `1,500 of 3,000`."""
        of = "" if task.total is None else f" of {int(task.total):,}"
        return Text(f"{int(task.completed):,}{of}")


class _Bar(Progress):
    """A bar, and below it a line of numbers that a narrow terminal may cut."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar and, for each piece of work that has one, its line."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.fields["detail"]:
                yield Text(task.fields["detail"], no_wrap=True, overflow="ellipsis")


def _bar(console: Console) -> Progress:
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        _Count(),
        TimeRemainingColumn(),
        console=console,
    )


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """A bar for a piece of work on a terminal; one line at its start and end elsewhere."""
    console = notes()
    if not console.is_terminal:
        say(f"{title}: {total:,}" if total else f"{title} ...")
        with silent(title, total) as nothing:
            yield nothing
        return
    with _bar(console) as shown:
        task = shown.add_task(title, total=total or None, detail="")

        def advance(items: int = 1) -> None:
            shown.advance(task, items)

        yield advance


class TrainingReporter(Reporter):
    """Shows a training: a bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._console = notes()
        self._shown: Progress | None = None
        self._task = TaskID(0)
        self._last_line, self._first = -1, (0, 0.0)
        self._now: tuple[int, int] = (0, 1)

    def begun(self, trainer: Trainer, resumed_at: int, broken: list[Path]) -> None:
        """Say what is resumed and what was broken, then open the bar."""
        for path in broken:
            say(f"The checkpoint {path.name} is broken; going on from the one before.")
        if resumed_at:
            say(f"Going on from sample {resumed_at:,} of {trainer.num_samples:,}.")
        self._first = (resumed_at, time.monotonic())
        if self._console.is_terminal:
            self._shown = _bar(self._console)
            self._task = self._shown.add_task(
                "Training", total=trainer.num_samples, completed=resumed_at, detail=""
            )
            self._shown.start()

    def advanced(self, trainer: Trainer) -> None:
        """Move the bar."""
        # The last batch may go beyond the end.
        position = min(trainer.position, trainer.num_samples)
        self._now = (position, trainer.num_samples)
        if self._shown is not None:
            self._shown.update(self._task, completed=position)

    def stopping(self) -> None:
        """Say that the signal was heard. Called from within its handler."""
        write_now(b"\nStopping: this round is played to its end and saved.\n")

    def _detail(self, record: dict[str, Any]) -> str:
        done, since = self._first
        rate = (record["samples"] - done) / max(time.monotonic() - since, 1e-9)
        parts = [f"{rate:,.0f} samples/s"]
        for name, short in (("generator_loss", "G"), ("discriminator_loss", "D")):
            if name in record:
                parts.append(f"{short} {record[name]:.3f}")
        if "real_logit" in record:
            parts.append(f"D(real) {record['real_logit']:+.2f}")
            parts.append(f"D(fake) {record['fake_logit']:+.2f}")
        if "real_above_fake" in record:
            parts.append(f"D right {record['real_above_fake']:.0%}")
        return "  ".join(parts)

    def logged(self, record: dict[str, Any]) -> None:
        """Show the newest numbers."""
        detail = self._detail(record)
        if self._shown is not None:
            self._shown.update(self._task, detail=detail)
            return
        position, total = self._now
        line = position * PLAIN_LINES // max(total, 1)
        if line > self._last_line:
            self._last_line = line
            done, since = self._first
            left = (time.monotonic() - since) / max(position - done, 1) * (total - position)
            say(f"{position:,} of {total:,} samples  {left:,.0f} s left  {detail}")

    @contextmanager
    def stage(self, title: str, total: int) -> Iterator[Advance]:
        """A bar of its own; without a terminal a line for each tenth."""
        if self._console.is_terminal:
            with bar(title, total) as advance:
                yield advance
            return
        done, started = 0, time.monotonic()

        def count(items: int = 1) -> None:
            nonlocal done
            before, done = done, min(done + items, total)
            if done * STAGE_LINES // max(total, 1) > before * STAGE_LINES // max(total, 1):
                seconds = time.monotonic() - started
                say(f"{title}: {done:,} of {total:,} samples  {seconds:,.0f} s")

        yield count

    def noted(self, text: str) -> None:
        """Say it, above the bar where there is one."""
        if self._shown is not None:
            self._shown.console.print(text, markup=False, soft_wrap=True)
        else:
            say(text)

    def ended(self) -> None:
        """Close the bar."""
        if self._shown is not None:
            self._shown.stop()
