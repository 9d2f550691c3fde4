"""Sources of samples, their split into training and holdout, and the loader."""

from gansmith.data.dataset import Dataset, Schema, content_hashes
from gansmith.data.loader import Loader
from gansmith.data.resolve import open_source
from gansmith.data.source import Source

__all__ = ["Dataset", "Loader", "Schema", "Source", "content_hashes", "open_source"]
