"""Texts: sentences, paragraphs, or windows of running text."""

from gansmith.modalities.text import data  # noqa: F401
