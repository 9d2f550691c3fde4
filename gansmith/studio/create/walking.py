"""Routes through the latent space of a run: from places that the page was given to others."""

from __future__ import annotations

import time
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, File, Query, UploadFile
from pydantic import BaseModel, Field

from gansmith.convert import to_json
from gansmith.errors import UserError
from gansmith.exploring import SPREAD
from gansmith.given import SPREAD as GIVEN_SPREAD
from gansmith.sample.choices import require_choices
from gansmith.sample.places import Places
from gansmith.sample.projection import STEPS, Projection
from gansmith.serving.limits import RefusedError
from gansmith.serving.uploads import read_uploads, received
from gansmith.studio.create.pool import Loaded, Pool
from gansmith.studio.create.shown import shown, shown_places

# Of a search at a time, so that what others ask for is done in between.
SLICE_SECONDS = 0.4
MOST_SHOWN = 250


class Place(BaseModel):
    """A latent with its class, as an answer before had it."""

    latent: list[float]
    class_: str | None = Field(None, alias="class")


class Way(BaseModel):
    """From one place to another."""

    first: Place
    second: Place
    steps: int = Field(8, ge=2, le=MOST_SHOWN)


class Moves(BaseModel):
    """From a place along the directions: one sample for each row of amounts."""

    place: Place
    amounts: list[list[float]] = Field(min_length=1, max_length=MOST_SHOWN)


class Near(BaseModel):
    """Around a place."""

    place: Place
    n: int = Field(12, ge=1, le=MOST_SHOWN)
    spread: float = SPREAD
    seed: int = 0


class Texts(BaseModel):
    """Between two texts, or around the first."""

    first: str
    second: str | None = None
    steps: int = Field(8, ge=2, le=MOST_SHOWN)
    n: int = Field(8, ge=1, le=MOST_SHOWN)
    spread: float = GIVEN_SPREAD
    seed: int = 0


def add_walking(to: APIRouter, pool: Pool) -> None:
    """All of them."""
    _add_places(to, pool)
    _add_directions(to, pool)
    _add_texts(to, pool)
    _add_searches(to, pool)


def _add_places(to: APIRouter, pool: Pool) -> None:
    @to.get("/runs/{name}/places")
    async def places(
        name: str,
        n: Annotated[int, Query(ge=1)] = 16,
        seed: int = 0,
        class_: Annotated[str | None, Query(alias="class")] = None,
        truncation: float = 1.0,
    ) -> dict[str, Any]:
        """Samples of a seed, with their places."""
        _require_few(n)

        def made(loaded: Loaded) -> dict[str, Any]:
            explorer = loaded.explorer
            found = explorer.places(n, condition=class_, seed=seed, truncation=truncation)
            return _shown(loaded, found)

        return await pool.do(name, made)

    @to.post("/runs/{name}/between")
    async def between(name: str, way: Way) -> dict[str, Any]:
        def made(loaded: Loaded) -> dict[str, Any]:
            first, second = _place(loaded, way.first), _place(loaded, way.second)
            return _shown(loaded, loaded.explorer.between(first, second, way.steps))

        return await pool.do(name, made)

    @to.post("/runs/{name}/around")
    async def around(name: str, near: Near) -> dict[str, Any]:
        def made(loaded: Loaded) -> dict[str, Any]:
            start = _place(loaded, near.place)
            found = loaded.explorer.around(start, near.n, spread=near.spread, seed=near.seed)
            return _shown(loaded, found)

        return await pool.do(name, made)


def _require_few(n: int) -> None:
    if n > MOST_SHOWN:
        raise RefusedError(
            422, f"{n:,} samples are too many to look at.", fix=f"Ask for {MOST_SHOWN} at most."
        )


def _place(loaded: Loaded, place: Place) -> Places:
    classes = [] if place.class_ is None else [place.class_]
    return loaded.explorer.place([place.latent], classes)


def _shown(loaded: Loaded, found: Places) -> dict[str, Any]:
    return shown_places(loaded.run, found, loaded.explorer.raw(found))


def _add_directions(to: APIRouter, pool: Pool) -> None:
    @to.get("/runs/{name}/directions")
    async def directions(name: str) -> dict[str, Any]:
        """How much of all change lies in each direction, the largest first."""
        found = await pool.do(name, lambda loaded: loaded.directions)
        return {"shares": found.shares.tolist(), "strengths": found.strengths.tolist()}

    @to.post("/runs/{name}/moved")
    async def moved(name: str, moves: Moves) -> dict[str, Any]:
        def made(loaded: Loaded) -> dict[str, Any]:
            vectors, start = loaded.directions.vectors, _place(loaded, moves.place)
            amounts = np.zeros((len(moves.amounts), len(vectors)), np.float32)
            for row, given in zip(amounts, moves.amounts, strict=True):
                if len(given) > len(row) or not (np.abs(given) <= 100).all():
                    raise UserError(
                        f"There are {len(row)} directions, along which one goes -100 to 100."
                    )
                row[: len(given)] = given
            return _shown(loaded, loaded.explorer.along(start, vectors, amounts))

        return await pool.do(name, made)


def _add_texts(to: APIRouter, pool: Pool) -> None:
    @to.post("/runs/{name}/texts")
    async def texts(name: str, given: Texts) -> dict[str, Any]:
        """Between two texts, or around one, through what the codec has learned."""

        def made(loaded: Loaded) -> dict[str, Any]:
            if given.second is not None:
                return {"samples": loaded.run.between(given.first, given.second, given.steps)}
            require_choices(given.n, given.seed, 1.0)
            near = loaded.run.around(given.first, given.n, spread=given.spread, seed=given.seed)
            return {"samples": near}

        return await pool.do(name, made)


def _add_searches(to: APIRouter, pool: Pool) -> None:
    @to.post("/runs/{name}/searches")
    async def begin(
        name: str,
        files: Annotated[list[UploadFile], File()],
        class_: Annotated[str | None, Query(alias="class")] = None,
        steps: int = STEPS,
        seed: int = 0,
    ) -> dict[str, Any]:
        """The search for the latent of a picture; it goes on when it is asked to."""
        if len(files) != 1:
            raise RefusedError(422, "A search is for one picture.", fix="Send one file.")

        def made(loaded: Loaded) -> dict[str, Any]:
            _, raw = read_uploads(loaded.run, uploads, pool.limits)
            search = loaded.explorer.project(raw[0], condition=class_, steps=steps, seed=seed)
            target = shown(loaded.run, raw)[0]
            return {"id": loaded.keep(search), "target": target, **_state(loaded, search)}

        async with received(files, pool.limits) as uploads:
            return await pool.do(name, made)

    @to.post("/runs/{name}/searches/{search}")
    async def go_on(name: str, search: str) -> dict[str, Any]:
        """A few more steps, and what was found."""

        def made(loaded: Loaded) -> dict[str, Any]:
            found, until = loaded.search(search), time.monotonic() + SLICE_SECONDS
            while not found.done and time.monotonic() < until:
                found.advance(1)
            return {"id": search, **_state(loaded, found)}

        return await pool.do(name, made)


def _state(loaded: Loaded, search: Projection) -> dict[str, Any]:
    return {
        "taken": search.taken,
        "steps": search.steps,
        "done": search.done,
        "left": to_json(search.left),
        **_shown(loaded, search.found),
    }
