"""What all tabs of the studio share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gansmith.errors import UserError
from gansmith.runs.folder import RunFolder, writing
from gansmith.serving.limits import Limits, RefusedError


@dataclass(frozen=True)
class Runs:
    """Which run folders visitors may see; looked up anew each time, so that new ones appear.

    Args:
        places: run folders, and folders of run folders.
    """

    places: tuple[Path, ...] = ()

    def require(self) -> Runs:
        """These places, or a UserError about the first one that is no folder."""
        for place in self.places:
            if not place.is_dir():
                raise UserError(
                    "There is no such folder.",
                    where=str(place),
                    fix="Name run folders, or a folder that holds some.",
                )
        return self

    def folders(self) -> dict[str, RunFolder]:
        """Every run under a name that is no path, in the order of the places.

        Two folders of one name are told apart by a number. Of a place that is gone or cannot be
        read there are none; :meth:`lost` names it.
        """
        found: dict[str, RunFolder] = {}
        for place in self.places:
            try:
                there = _runs_at(place)
            except OSError:  # see lost()
                continue
            for folder in there:
                name, number = folder.path.resolve().name, 2
                while name in found:
                    name, number = f"{folder.path.resolve().name} ({number})", number + 1
                found[name] = folder
        return found

    def lost(self) -> list[str]:
        """A sentence about each place that is gone or cannot be read, by its last name alone."""
        found = []
        for place in self.places:
            try:
                if not RunFolder(place).exists():
                    os.scandir(place).close()
            except OSError as error:
                found.append(
                    f"The folder {place.resolve().name!r} cannot be read, so its runs are missing "
                    f"here: {error.strerror or type(error).__name__}."
                )
        return found

    def get(self, name: str) -> RunFolder:
        """The run of that name.

        Raises:
            RefusedError: 404, if there is none.
        """
        folder = self.folders().get(name)
        if folder is None:
            raise RefusedError(404, f"There is no run {name[:80]!r} here.")
        return folder


def _runs_at(place: Path) -> list[RunFolder]:
    """The run, or the runs inside. Raises an OSError where the place cannot be read."""
    own = RunFolder(place)
    if own.exists():
        return [own]
    return [folder for folder in map(RunFolder, sorted(place.iterdir())) if _is_run(folder)]


def _is_run(folder: RunFolder) -> bool:
    """Whether it is one, as far as can be seen: one may be closed to this user."""
    try:
        return folder.exists()
    except OSError:
        return False


@dataclass(frozen=True)
class Studio:
    """Given to the router of each tab.

    Attributes:
        runs: that visitors may see.
        limits: of what a visitor may ask for.
        sources: that visitors may train on.
        known: whether visitors are known to be the owner's: they come from this machine, or give a
            token.
        closing: called when the server ends, last added first.
    """

    runs: Runs
    limits: Limits
    sources: tuple[str, ...] = ()
    known: bool = True
    closing: list[Callable[[], None]] = field(default_factory=list)

    @property
    def home(self) -> Path | None:
        """The folder in which new runs are made: the first place that is no run itself."""
        return next((p for p in self.runs.places if not RunFolder(p).exists()), None)

    def close(self) -> None:
        """Let go of everything."""
        while self.closing:
            self.closing.pop()()


def runs_at(places: Sequence[Path], *, trains: bool = False) -> Runs:
    """The runs at these places; of the folder ``runs`` where none is named and there is one.

    Args:
        places: run folders, and folders of them.
        trains: whether there must be a folder for new runs; ``runs`` is then made if none is named.

    Raises:
        UserError: if a place is no folder.
    """
    usual = Path("runs")
    if trains and not places:
        with writing(usual):
            usual.mkdir(exist_ok=True)
    if trains and places and all(RunFolder(place).exists() for place in places):
        raise UserError(
            "There is no folder in which runs could be made.",
            where=", ".join(map(str, places)),
            fix="Name a folder of runs too: gansmith studio runs --source SOURCE",
        )
    chosen = tuple(places) or ((usual,) if usual.is_dir() else ())
    return Runs(chosen).require()
