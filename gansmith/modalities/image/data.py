"""Sources of pictures: three built-in sets, and every usual way to keep pictures of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.config import DataConfig
from gansmith.data import hub, idx, parquet
from gansmith.data.arrays import holds_points, is_array_file
from gansmith.data.cache import OpenWriter, cached
from gansmith.data.dataset import Array, Dataset, Schema, content_hashes
from gansmith.data.decoding import Feed, Item, evenly, write_pictures
from gansmith.data.idx import is_idx
from gansmith.data.layout import Place, arrange, decides
from gansmith.data.pictures import Look, choose_target, decode
from gansmith.data.pixels import array_parts, idx_parts, write_pixels
from gansmith.data.texts import holds_texts
from gansmith.data.trees import Tree, is_tree, open_tree, stamp
from gansmith.errors import MissingExtraError, SourceError
from gansmith.progress import Progress
from gansmith.registry import register


class _BuiltIn:
    """Pictures that need no file of the user's; few enough to stay in memory."""

    built_in = True
    name: str

    def matches(self, uri: str) -> bool:
        return uri == self.name


@register("source", "digits")
class Digits(_BuiltIn):
    """1,797 scanned handwritten digits, 8x8 grey, ten classes (UCI, in scikit-learn)."""

    name = "digits"

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del progress, cache_dir
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise MissingExtraError("scikit-learn", "digits", "The source 'digits'") from error
        bunch = load_digits()
        pixels = np.round(bunch.images * (255 / 16)).astype(np.uint8)  # scanned as 0 to 16
        classes = tuple(str(digit) for digit in range(10))
        return _in_memory(pixels, bunch.target.astype(np.int64), classes, config)


@register("source", "faces")
class Faces(_BuiltIn):
    """100 faces cut from Labeled Faces in the Wild, 25x25 grey (in scikit-image)."""

    name = "faces"

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del progress, cache_dir
        try:
            import skimage.data
        except ImportError as error:
            raise MissingExtraError("scikit-image", "faces", "The source 'faces'") from error
        load: Any = skimage.data.lfw_subset
        faces = load()[:100]  # the other hundred are no faces
        return _in_memory(np.round(faces * 255).astype(np.uint8), None, (), config)


@register("source", "slanted-faces")
class SlantedFaces(_BuiltIn):
    """The five 2x2 faces of the textbook game, raw values in [0, 1], in a fixed order."""

    name = "slanted-faces"

    # Rows are faces: top left, top right, bottom left, bottom right.
    FACES = (
        (1.0, 0.0, 0.0, 1.0),
        (0.9, 0.1, 0.2, 0.8),
        (0.9, 0.2, 0.1, 0.8),
        (0.8, 0.1, 0.2, 0.9),
        (0.8, 0.2, 0.1, 0.9),
    )

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        del progress, cache_dir
        if config.size not in {None, (2, 2)} or config.channels not in {0, 1}:
            raise SourceError(
                "The slanted faces are 2x2 and grey; their exact values are their point.",
                where="slanted-faces",
                fix="Leave size and channels as they are.",
            )
        samples = np.array(self.FACES).reshape(5, 2, 2, 1)
        schema = Schema("image", (2, 2, 1), "float64", label="pictures")
        return Dataset(schema, samples, None, content_hashes(samples), config.source)


def _in_memory(
    pixels: Array,
    labels: npt.NDArray[np.int64] | None,
    classes: tuple[str, ...],
    config: DataConfig,
) -> Dataset:
    """A small data set from (N, H, W) uint8, brought to the size and channels asked for."""
    look = Look(pixels.shape[1], pixels.shape[2], grey=True, transparent=False)
    target, notes = choose_target(config, [look])
    rows = np.stack([decode(each, target).row for each in pixels])
    schema = Schema("image", target.shape, "uint8", classes, label="pictures")
    return Dataset(schema, rows, labels, content_hashes(rows), config.source, notes=notes)


@register("source", "pictures")
class Pictures:
    """A folder of pictures, or a zip or tar of one, read in place."""

    built_in = False

    def matches(self, uri: str) -> bool:
        path = Path(uri).expanduser()
        taken = is_idx(path) or parquet.is_parquet(path) or holds_texts(path)
        return is_tree(path) and not taken

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        tree = open_tree(Path(config.source).expanduser())

        def build(open_writer: OpenWriter) -> None:
            places, skipped = arrange(tree)
            looks = _items(tree, dict(evenly(list(places.items()))))
            feed = Feed(lambda: _items(tree, places), len(places), looks, skipped)
            write_pictures(feed, config, open_writer, progress)

        return cached(tree.identity(decides), config, cache_dir, build)


def _items(tree: Tree, places: Mapping[str, Place]) -> Iterator[Item]:
    for name, read in tree.read_each(places):
        yield Item(name, read, places[name].label, places[name].held)


@register("source", "idx")
class Idx:
    """IDX files as MNIST has them, or the folder they lie in."""

    built_in = False

    def matches(self, uri: str) -> bool:
        return is_idx(Path(uri).expanduser())

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        path = Path(config.source).expanduser()
        identity = (line for part in idx.parts(path) for line in part.identity())
        return cached(
            identity,
            config,
            cache_dir,
            lambda open_writer: write_pixels(idx_parts(path), config, open_writer, progress),
        )


@register("source", "arrays")
class Arrays:
    """A .npz or .npy file of pixels, (N, H, W) or (N, H, W, C)."""

    built_in = False

    def matches(self, uri: str) -> bool:
        path = Path(uri).expanduser()
        return is_array_file(path) and not holds_points(path)

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        path = Path(config.source).expanduser()
        return cached(
            [f"{path.resolve()} {stamp(path)}"],
            config,
            cache_dir,
            lambda open_writer: write_pixels(array_parts(path), config, open_writer, progress),
        )


@register("source", "parquet")
class Parquet:
    """A parquet file, or a folder of them, with a column of encoded pictures."""

    built_in = False

    def matches(self, uri: str) -> bool:
        path = Path(uri).expanduser()
        return parquet.is_parquet(path) and (path.is_dir() or parquet.holds_pictures(path))

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        path = Path(config.source).expanduser()

        def build(open_writer: OpenWriter) -> None:
            columns, num_rows = parquet.columns(path)
            feed = Feed(
                lambda: parquet.items(path, columns), num_rows, class_names=columns.class_names
            )
            write_pictures(feed, config, open_writer, progress)

        return cached(parquet.identity(path), config, cache_dir, build)


@register("source", "hub")
class Hub:
    """hf:owner/name on the Hugging Face Hub, or hf:/folder for a local copy."""

    built_in = False

    def matches(self, uri: str) -> bool:
        return uri.startswith(hub.PREFIX) and "::" not in uri  # which names a column of texts

    def open(self, config: DataConfig, *, progress: Progress, cache_dir: Path | None) -> Dataset:
        hub_set = hub.HubSet(config.source)
        feed = Feed(hub_set.items, len(hub_set), class_names=hub_set.columns.class_names)
        return cached(
            hub_set.identity(),
            config,
            cache_dir,
            lambda open_writer: write_pictures(feed, config, open_writer, progress),
        )
