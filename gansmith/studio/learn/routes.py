"""The routes of Learn."""

from __future__ import annotations

from fastapi import APIRouter

from gansmith.studio.studio import Studio


def router(studio: Studio) -> APIRouter:
    """Frames of games.

    Args:
        studio: for what is let go of at the end.
    """
    del studio
    return APIRouter()
