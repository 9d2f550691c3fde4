"""The routes, as a router that other apps can mount too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Query, Response, UploadFile
from pydantic import BaseModel, Field

from gansmith.convert import to_json
from gansmith.prepare import modality_of
from gansmith.sample.choices import require_choices
from gansmith.serving.answers import Answer, answer_as, formats
from gansmith.serving.engine import Engine, Wish
from gansmith.serving.limits import RefusedError
from gansmith.serving.metrics import MEDIA, Metrics
from gansmith.serving.uploads import judge_uploads, judge_values, received

DEFAULT_N = 16
Format = Literal["zip", "png", "npz", "csv", "json", "txt"]


class Values(BaseModel):
    """Samples as JSON.

    Attributes:
        samples: texts, or lists of numbers.
    """

    samples: list[Any] = Field(description="Texts, or lists of numbers of one shape.")


def router(engine: Engine, metrics: Metrics) -> APIRouter:
    """Samples, verdicts, what the run is, and counts.

    Args:
        engine: has the run.
        metrics: is told what was made.
    """
    made = APIRouter()
    _add_sample(made, engine, metrics)
    _add_judge(made, engine, metrics)
    _add_about(made, engine, metrics)
    return made


async def _result(job: Future[Any]) -> Any:
    return await asyncio.wrap_future(job)


def _add_sample(to: APIRouter, engine: Engine, metrics: Metrics) -> None:
    most = engine.limits.samples

    @to.get("/v1/sample", summary="New samples", response_class=Response)
    async def sample(
        n: Annotated[int, Query(ge=1, description="How many.")] = min(DEFAULT_N, most),
        seed: Annotated[
            int | None,
            Query(description="The same seed gives the bytes that `gansmith sample` gives; "
                  "without one the server chooses, and says so in X-Gansmith-Seed."),
        ] = None,
        class_: Annotated[
            str | None, Query(alias="class", description="Names, separated by commas.")
        ] = None,
        truncation: Annotated[
            float, Query(description="Below 1, samples are more typical and more alike.")
        ] = 1.0,
        where: Annotated[
            str | None, Query(description="Of a table: a condition that each row meets.")
        ] = None,
        format_: Annotated[
            Format | None, Query(alias="format", description="Of the answer.")
        ] = None,
    ) -> Response:  # fmt: skip
        wish = Wish(n, seed, class_, truncation, where)
        response = await sample_response(engine, wish, format_)
        metrics.add("samples", n)
        return response


async def sample_response(engine: Engine, wish: Wish, format_: str | None) -> Response:
    """The samples, with what they are of in the headers.

    Raises:
        RefusedError: for too many, or a format that they do not come in.
        UserError: for a number that nothing can be sampled with.
    """
    most = engine.limits.samples
    if wish.n > most:
        raise RefusedError(
            422, f"{wish.n:,} samples are too many.", fix=f"Ask for {most:,} at most."
        )
    require_choices(wish.n, wish.seed or 0, wish.truncation)
    answer: Answer = await _result(engine.sample(wish, answer_as(engine.run, format_)))
    about = {name: str(getattr(answer.made, name)) for name in ("seed", "first", "total")}
    headers = {f"X-Gansmith-{name.capitalize()}": value for name, value in about.items()}
    return Response(answer.content, media_type=answer.media, headers=headers)


def _add_judge(to: APIRouter, engine: Engine, metrics: Metrics) -> None:
    async def verdicts(work: Callable[[], list[dict[str, Any]]]) -> dict[str, Any]:
        def judged() -> dict[str, Any]:
            return {"verdicts": work(), "calibration": to_json(engine.run.calibration)}

        found: dict[str, Any] = await _result(engine.do(judged))
        metrics.add("verdicts", len(found["verdicts"]))
        return found

    @to.post("/v1/judge", summary="How likely files are the generator's")
    async def judge(
        files: Annotated[list[UploadFile], File(description="Pictures, or texts in UTF-8.")],
    ) -> dict[str, Any]:
        async with received(files, engine.limits) as uploads:
            return await verdicts(lambda: judge_uploads(engine.run, uploads, engine.limits))

    @to.post("/v1/judge/values", summary="How likely texts or numbers are the generator's")
    async def judge_as_values(values: Values) -> dict[str, Any]:
        return await verdicts(lambda: judge_values(engine.run, values.samples, engine.limits))


def _add_about(to: APIRouter, engine: Engine, metrics: Metrics) -> None:
    run = engine.run

    @to.get("/v1/run", summary="What the run is")
    async def about() -> dict[str, Any]:
        return {
            "modality": run.config.modality,
            "classes": list(run.classes),
            "samples_trained": run.sampler().checkpoint.position,
            "formats": formats(modality_of(run.config.modality)),
            "limits": to_json(engine.limits),
        }

    @to.get("/v1/card", summary="The model card", response_class=Response)
    async def card() -> Response:
        if not run.folder.card.is_file():
            raise RefusedError(404, "The run has no card yet.")
        return Response(run.folder.card.read_bytes(), media_type="text/markdown; charset=utf-8")

    @to.get("/metrics", summary="Counts for Prometheus", response_class=Response)
    async def counts() -> Response:
        now = {"queue_length": engine.num_waiting, "merged_requests_total": engine.num_merged}
        return Response(metrics.text(now), media_type=MEDIA)

    @to.get("/health", summary="Whether the server answers")
    async def health() -> dict[str, str]:
        return {"status": "ok"}
