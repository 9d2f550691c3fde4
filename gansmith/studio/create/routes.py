"""The routes of Create and Inspect. A run is asked for by its name in the list, never by a path."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Response

from gansmith.convert import to_json
from gansmith.errors import GansmithError
from gansmith.modalities.modality import Modality
from gansmith.prepare import modality_of
from gansmith.protocols import encodes_by_network
from gansmith.run import Run
from gansmith.serving.answers import formats
from gansmith.serving.engine import Wish
from gansmith.serving.routes import sample_response
from gansmith.studio.create.inspecting import add_inspecting
from gansmith.studio.create.pool import Loaded, Pool
from gansmith.studio.create.walking import add_walking
from gansmith.studio.studio import Studio

# Levels of a category that a form offers; of more, one types.
MOST_LEVELS = 200


def router(studio: Studio) -> APIRouter:
    """Samples, walks through the latent space, and verdicts.

    Args:
        studio: has the runs.
    """
    made, pool = APIRouter(), Pool(studio.runs, studio.limits)
    studio.closing.append(pool.close)
    _add_about(made, pool)
    _add_sample(made, pool)
    add_walking(made, pool)
    add_inspecting(made, pool)
    return made


def _add_about(to: APIRouter, pool: Pool) -> None:
    @to.get("/runs")
    async def runs() -> dict[str, Any]:
        def work() -> dict[str, Any]:
            return {"runs": listed(pool), "lost": pool.runs.lost()}

        return await anyio.to_thread.run_sync(work)

    @to.get("/runs/{name}")
    async def about(name: str) -> dict[str, Any]:
        return await pool.do(name, lambda loaded: about_run(name, loaded))


def listed(pool: Pool) -> list[dict[str, Any]]:
    """Every run with its kind of data, or what is wrong with it."""
    found: list[dict[str, Any]] = []
    for name, folder in pool.runs.folders().items():
        try:
            found.append({"name": name, "modality": Run(folder).config.modality})
        except GansmithError as error:
            found.append({"name": name, "error": error.what})
    return found


def about_run(name: str, loaded: Loaded) -> dict[str, Any]:
    """What can be asked of a run."""
    run, modality = loaded.run, modality_of(loaded.run.config.modality)
    spec, latent = run.codec.spec, run.config.latent
    return {
        "name": name,
        "modality": modality.name,
        "classes": list(run.classes) if spec.num_classes else [],
        "samples_trained": run.sampler().checkpoint.position,
        "formats": formats(modality),
        "shape": list(spec.shape),
        "latent_size": latent.size,
        "walks": run.sampler().game.finish is None,
        "projects": modality.present is None and run.sampler().game.finish is None,
        "columns": columns_of(run) if modality.restrict is not None else [],
        "given": encodes_by_network(run.codec) and modality.words is not None,
        "judges": judges(modality),
        "calibration": _calibration(run),
        "limits": to_json(loaded.engine.limits),
    }


def judges(modality: Modality) -> dict[str, bool]:
    """What may be given to the discriminator: files, or values as JSON."""
    values = modality.present is None or modality.absent is not None
    return {
        "files": modality.read_file is not None or modality.read_one is not None,
        "values": values and modality.read_one is None,
    }


def _calibration(run: Run) -> dict[str, Any]:
    try:
        return asdict(run.calibration)
    except GansmithError as error:
        return {"missing": error.what, "fix": error.fix}


def columns_of(run: Run) -> list[dict[str, Any]]:
    """Columns of a table that rows can be asked for by, as a form needs them."""
    columns: Any = run.codec.columns  # type: ignore[attr-defined]
    return [
        {
            "name": column.name, "kind": column.kind, "holds": column.describe(),
            "levels": list(column.levels) if len(column.levels) <= MOST_LEVELS else [],
            "low": column.low, "high": column.high, "integer": column.integer,
            "missing": column.missing, "format": column.format,
        }
        for column in columns if column.kind not in {"id", "constant", "empty"}
    ]  # fmt: skip


def _add_sample(to: APIRouter, pool: Pool) -> None:
    @to.get("/runs/{name}/sample", response_class=Response)
    async def sample(
        name: str,
        n: Annotated[int, Query(ge=1)] = 16,
        seed: int | None = None,
        class_: Annotated[str | None, Query(alias="class")] = None,
        truncation: float = 1.0,
        where: str | None = None,
        format_: Annotated[str | None, Query(alias="format")] = None,
    ) -> Response:
        """The bytes that `gansmith sample` writes."""
        async with pool.using(name) as loaded:
            wish = Wish(n, seed, class_, truncation, where)
            return await sample_response(loaded.engine, wish, format_)
