"""Routes of Inspect: verdicts on samples of a visitor, where D looks, and what is nearest."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import anyio.to_thread
import numpy as np
from fastapi import APIRouter, File, Query, UploadFile
from pydantic import BaseModel

from gansmith.errors import SourceError, UserError
from gansmith.exploring import Inspector
from gansmith.modalities.text.measures.words import normalised
from gansmith.neighbours import MOST_NEIGHBOURS, NEIGHBOURS
from gansmith.prepare import modality_of
from gansmith.run import Array, Run
from gansmith.sample.gradient_map import strengths
from gansmith.serving.uploads import read_uploads, read_values, received
from gansmith.studio.create.pool import Loaded, Pool
from gansmith.studio.create.shown import heat, shown

# Samples that are shown with a map; of more, there are verdicts alone.
MOST_SHOWN = 48


class Values(BaseModel):
    """Samples as JSON: texts, or lists of numbers."""

    samples: list[Any]


def add_inspecting(to: APIRouter, pool: Pool) -> None:
    """All of them."""
    _add_judge(to, pool)
    _add_nearest(to, pool)


def _add_judge(to: APIRouter, pool: Pool) -> None:
    @to.post("/runs/{name}/judge")
    async def judge(name: str, files: Annotated[list[UploadFile], File()]) -> dict[str, Any]:
        async with pool.using(name) as loaded, received(files, pool.limits) as uploads:
            return await loaded.do(
                lambda: judged(loaded.run, *read_uploads(loaded.run, uploads, pool.limits))
            )

    @to.post("/runs/{name}/judge/values")
    async def judge_values(name: str, values: Values) -> dict[str, Any]:
        def made(loaded: Loaded) -> dict[str, Any]:
            raw = read_values(loaded.run, values.samples, pool.limits)
            return judged(loaded.run, [str(i + 1) for i in range(len(raw))], raw)

        return await pool.do(name, made)


def judged(run: Run, names: list[str], raw: Array) -> dict[str, Any]:
    """Verdicts by name; the first few samples as D sees them, pictures with where it looks.

    A map is white where D's logit changes most with a pixel, and ``peaks`` say by how much.
    """
    if not names:
        raise UserError("There is nothing to judge.", fix="Give a sample at least.")
    rows = [{**row, "file": name} for row, name in zip(run.verdicts(raw), names, strict=True)]
    content = {"verdicts": rows, "calibration": asdict(run.calibration)}
    content["samples"] = shown(run, raw[:MOST_SHOWN])
    if modality_of(run.config.modality).read_one is not None:
        maps = strengths(Inspector(run).gradients(raw[:MOST_SHOWN]))
        content["maps"], content["peaks"] = [heat(own) for own in maps], maps.max((1, 2)).tolist()
    return content


def _add_nearest(to: APIRouter, pool: Pool) -> None:
    @to.post("/runs/{name}/nearest")
    async def nearest(
        name: str,
        files: Annotated[list[UploadFile], File()],
        k: Annotated[int, Query(ge=1, le=MOST_NEIGHBOURS)] = NEIGHBOURS,
    ) -> dict[str, Any]:
        async with pool.using(name) as loaded, received(files, pool.limits) as uploads:
            _, raw = await loaded.do(lambda: read_uploads(loaded.run, uploads, pool.limits))
            return await anyio.to_thread.run_sync(lambda: neighbours(loaded, raw, k))

    @to.post("/runs/{name}/nearest/values")
    async def nearest_values(name: str, values: Values) -> dict[str, Any]:
        async with pool.using(name) as loaded:
            raw = await loaded.do(lambda: read_values(loaded.run, values.samples, pool.limits))
            return await anyio.to_thread.run_sync(lambda: neighbours(loaded, raw, NEIGHBOURS))


def same(run: Run, raw: Array, known: Array) -> list[list[bool]]:
    """Which of its neighbours (N, k, ...) each sample (N, ...) is: of texts, word for word.

    In short texts that say nearly the same, distances tell copies from others badly: many held-out
    ones are at distance 0 too.
    """
    words = modality_of(run.config.modality).words
    if words is None:
        return [[bool(np.array_equal(own, one)) for one in few]
                for own, few in zip(raw, known, strict=True)]  # fmt: skip
    return [[normalised(own) == normalised(one) for one in words(few)]
            for own, few in zip(words(raw), known, strict=True)]  # fmt: skip


def neighbours(loaded: Loaded, raw: Array, k: int) -> dict[str, Any]:
    """The nearest training samples of the first few, or why they cannot be shown."""

    def work(inspector: Inspector) -> dict[str, Any]:
        data = inspector.training_samples
        found = data.of(raw[:MOST_SHOWN], k)
        each = [shown(loaded.run, samples) for samples in found.samples]
        return {
            "readable": True, "samples": each, "distances": found.distances.tolist(),
            "indices": found.indices.tolist(), "about": data.about, "usual": data.usual,
            "near": data.near, "num_samples": len(data.indices),
            "same": same(loaded.run, raw[:MOST_SHOWN], found.samples),
        }  # fmt: skip

    try:
        return loaded.inspect(work)
    except SourceError:  # what it says may name a place on the disk
        why = "The data that this run learnt from are not where they were, or cannot be read."
    except UserError as error:
        why = error.what
    return {"readable": False, "why": why}
