"""The kinds of data. Importing this package registers all of them."""

from gansmith.modalities import image, points, table, text  # noqa: F401
