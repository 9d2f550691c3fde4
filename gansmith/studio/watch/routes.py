"""The routes of Watch and of Report: runs, their records and sheets, trainings, reports."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from gansmith.runs.folder import RunFolder
from gansmith.serving.limits import RefusedError
from gansmith.studio.studio import Studio
from gansmith.studio.watch import report as reports
from gansmith.studio.watch.files import read_json
from gansmith.studio.watch.history import Histories
from gansmith.studio.watch.sheets import sheet, sheets
from gansmith.studio.watch.state import state_of
from gansmith.studio.watch.trainings import MOST_TRAININGS, Training, Trainings, sources_named

LEAST_MINUTES, MOST_MINUTES = 0.05, 24 * 60
Name = Annotated[str, Path(max_length=300)]
Samples = Annotated[int, Path(ge=0, lt=10**12)]


class Wish(BaseModel):
    """A training that somebody wants.

    Attributes:
        source: the name of one that the server offers.
        minutes: its time budget.
    """

    model_config = ConfigDict(extra="forbid")

    source: str = Field(max_length=300)
    minutes: float = Field(ge=LEAST_MINUTES, le=MOST_MINUTES, allow_inf_nan=False)


def router(studio: Studio) -> APIRouter:
    """Runs to watch, and their reports.

    Args:
        studio: with the runs that visitors may see, and sources that they may train on.
    """
    made = APIRouter()
    trainings = Trainings(sources_named(studio.sources), studio.home, stops_others=studio.known)
    studio.closing.append(trainings.close)
    _add_runs(made, studio, trainings)
    _add_trainings(made, studio, trainings)
    _add_reports(made, studio)
    return made


def _add_runs(made: APIRouter, studio: Studio, trainings: Trainings) -> None:
    histories = Histories()

    @made.get("/runs")
    def runs() -> dict[str, Any]:
        """All runs, and what can be begun."""
        found = [
            {"name": name, **_state(folder, trainings)}
            for name, folder in studio.runs.folders().items()
        ]
        return {
            "runs": [*_without_run(trainings), *found],
            "lost": studio.runs.lost(),
            "sources": sorted(trainings.sources) if studio.home else [],
            "room": MOST_TRAININGS - trainings.running,
            "minutes": {"min": LEAST_MINUTES, "max": MOST_MINUTES},
        }

    @made.get("/runs/{name}")
    def run(name: Name, seen: str = "") -> dict[str, Any]:
        """One run: where it stands, and what is new in its records."""
        folder = studio.runs.get(name)
        return {
            "name": name,
            **_state(folder, trainings),
            "sheets": sheets(folder),
            "history": histories.of(folder).look(seen),
        }

    @made.get("/runs/{name}/sheets/{samples}")
    def one_sheet(name: Name, samples: Samples) -> Response:
        """Samples of the same latents at a sample count: a picture, or texts as JSON."""
        content = sheet(studio.runs.get(name), samples)
        if isinstance(content, bytes):
            return Response(content, media_type="image/png")
        return JSONResponse(content)


def _add_trainings(made: APIRouter, studio: Studio, trainings: Trainings) -> None:
    @made.post("/start", status_code=201)
    def start(wish: Wish) -> dict[str, str]:
        """Begin a training."""
        return {"name": trainings.start(wish.source, wish.minutes)}

    @made.post("/runs/{name}/stop", status_code=202)
    def stop(name: Name) -> dict[str, str]:
        """Ask a training to save and end."""
        trainings.stop(trainings.beginning(name) or studio.runs.get(name))
        return {"name": name}

    @made.post("/runs/{name}/resume", status_code=202)
    def resume(name: Name) -> dict[str, str]:
        """Let a run go on."""
        folder = studio.runs.get(name)
        state = state_of(folder)["state"]
        if state != "stopped":
            raise RefusedError(409, f"This run does not stand still: its state is {state}.")
        trainings.resume(folder, read_json(folder, "config.json") or {})
        return {"name": name}


def _add_reports(made: APIRouter, studio: Studio) -> None:
    @made.get("/runs/{name}/report")
    def report(name: Name) -> dict[str, Any]:
        """Numbers of the report."""
        return {"name": name, **reports.report(studio.runs.get(name))}

    @made.get("/runs/{name}/report/page")
    def report_page(name: Name) -> Response:
        """The page of the report, as plain text: it is shown where no script of it can run."""
        content = reports.page(studio.runs.get(name))
        return Response(content, media_type="text/plain; charset=utf-8")


def _state(folder: RunFolder, trainings: Trainings) -> dict[str, Any]:
    """Where a run stands, and what may be done about it."""
    found, training = state_of(folder), trainings.of(folder)
    own = training is not None and training.is_running
    elsewhere = found["state"] == "training" and not own
    if own and training is not None:
        found |= {"state": "stopping" if training.asked_to_stop else "training",
                  "since": training.began}  # fmt: skip
    elif elsewhere and folder.is_asked_to_stop():
        found["state"] = "stopping"
    elif training is not None and found["state"] == "stopped":
        found["word"] = training.failure
    resumable = found["state"] == "stopped" and (
        trainings.source_of(read_json(folder, "config.json") or {}) is not None
    )
    can_stop = own or (elsewhere and trainings.stops(folder))
    return {**found, "can_stop": can_stop, "can_resume": resumable, "elsewhere": elsewhere}


def _without_run(trainings: Trainings) -> list[dict[str, Any]]:
    """Trainings that are opening their data, and those that never came to begin."""
    return [
        {"name": name, **_beginning(training)} for name, training in trainings.without_run().items()
    ]


def _beginning(training: Training) -> dict[str, Any]:
    state = "starting" if training.is_running else "failed"
    return {
        "state": state, "since": training.began, "word": training.failure,
        "can_stop": training.is_running,
    }  # fmt: skip
