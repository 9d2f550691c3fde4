"""The routes of Learn: what can be chosen, frames of games, and a fresh critic's word."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from gansmith.convert import to_json
from gansmith.serving.limits import RefusedError
from gansmith.studio.learn.cases import CASES
from gansmith.studio.learn.play import Play
from gansmith.studio.learn.settings import MOST_MOVES, Settings
from gansmith.studio.learn.table import PLAYS, Table
from gansmith.studio.studio import Studio


class Wish(BaseModel):
    """Which game, and how far.

    Attributes:
        visitor: a random name of the page, whose game is kept under it.
        settings: of the game.
        moves: all since its beginning, such as r500d3.
        known: number of the last error that the page has.
        scene: whether the answer says also what stays as it is.
    """

    model_config = ConfigDict(extra="forbid")

    visitor: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")
    settings: Settings
    moves: str = ""
    known: int = Field(-1, ge=-1)
    scene: bool = False


def router(studio: Studio) -> APIRouter:
    """Frames of games.

    Args:
        studio: not needed: a game has no files, and ends with the server.
    """
    del studio
    made, table = APIRouter(), Table()

    @made.get("/choices")
    def choices() -> dict[str, Any]:
        """What the page offers: settings with their bounds, and guided cases."""
        return {
            "settings": Settings.model_json_schema()["properties"],
            "letters": {name: play.letters for name, play in PLAYS.items()},
            "most_moves": MOST_MOVES,
            "cases": to_json(list(CASES)),
        }

    @made.post("/frame")
    def frame(wish: Wish) -> dict[str, Any]:
        """The game where the moves lead, or on the way there."""

        def look(play: Play, there: bool) -> dict[str, Any]:
            shown = {**play.whole_frame(wish.known), "there": there}
            return {**shown, "scene": play.scene()} if wish.scene else shown

        return table.play(wish.visitor, wish.settings, wish.moves, look)

    @made.post("/critic")
    def critic(wish: Wish) -> dict[str, Any]:
        """What a fresh critic makes of the game where the moves lead."""

        def look(play: Play, there: bool) -> dict[str, Any]:
            if not there:
                raise RefusedError(409, "The game is not there yet.", fix="Ask for its frames.")
            return play.critic()

        return table.play(wish.visitor, wish.settings, wish.moves, look)

    return made
