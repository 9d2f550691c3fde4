"""What a kind of data must bring to be trained on: the same few functions for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from gansmith.data.dataset import Dataset
    from gansmith.evaluation.baselines import Trained
    from gansmith.evaluation.comparison import Comparison
    from gansmith.evaluation.report import Baselines, Missing, Value
    from gansmith.protocols import Codec, Ledger, Restriction

Array = npt.NDArray[Any]


def principal_components(dataset: Dataset) -> str:
    """The extractor that needs nothing but the samples."""
    del dataset
    return "pca"


def no_sections(comparison: Comparison, closest: Any) -> dict[str, str]:
    """For kinds of data that are shown as pictures."""
    del comparison, closest
    return {}


def no_metrics(comparison: Comparison) -> list[Value]:
    """For kinds of data that have no metrics of their own."""
    del comparison
    return []


@dataclass(frozen=True)
class Ways:
    """Simpler ways to such samples, that a generator is compared with.

    Attributes:
        named: what they are, for a sentence: ``a language model``.
        measure: (what was compared, the training) -> both beside each other.
        seconds: (the training, samples at most) -> how long fitting takes before anything is
            measured; 0 where what is needed is kept.
    """

    named: str
    measure: Callable[[Comparison, Trained], Baselines]
    seconds: Callable[[Trained, int], float]


@dataclass(frozen=True)
class Modality:
    """A kind of data, registered under ``modality``.

    Attributes:
        name: for example ``image``.
        fit_codec: (dataset, training indices) -> a codec.
        load_codec: from what its ``state()`` returned.
        default_recipe: (dataset, device) -> name of the recipe for somebody who named none.
        sheet: raw samples (N, ...) and how many columns -> one picture to look at.
        sheet_samples: how many a sheet shows while training.
        default_extractor: dataset -> name of the extractor that samples are measured in.
        watch_extractor: name of the one, a cheap one, that samples are measured in while training.
        duality_rounds: that the players get to better themselves when the duality gap is measured
            while training; 0 measures none, where rounds cost too much.
        own_metrics: what is measured of raw samples besides, as where the true distribution of a
            source is known, and what could not be; shown by ``gansmith evaluate``.
        require_target: (data set, name of a column) raises a UserError where that column cannot be
            predicted from the others; None where samples have no columns.
        baselines: simpler ways to such samples, which a run is always compared with; None where
            there are none.
        sections: (what was compared, closest pairs of a fake and a training sample) -> pieces of
            HTML for a report, by their titles; nothing where samples are shown as pictures.
        restrict: (codec, text of a condition) -> what may be drawn, so that each sample meets it;
            None where samples cannot be asked for by conditions.
        ledger: (codec, samples that are wanted, seed) -> what is given out once alone in one
            sampling; a UserError if it is not enough; None where nothing is.
        align: (real, fake) data sets from two sources -> the fakes in the real ones' terms; None
            where samples mean the same wherever they are from.
        write_file: (path, codec, chunks of raw samples and classes, advance) -> all of them in one
            file of the kind that its name ends with, one of ``file_suffixes``; None where none is.
        present: (codec, raw samples) -> what ``run.sample`` returns; None for the array itself.
        absent: (codec, what ``present`` made, or anything alike) -> raw samples; None for an array.
        words: raw samples -> their texts, for kinds of data that are shown as such while training;
            None where a sheet is a picture.
        read_file: (path, codec) -> names and raw samples of a file that holds many, for judging;
            None where a file holds one.
        suffixes: of files that hold one sample, the one written first; empty where none does.
        write_one: (path, raw sample) -> a file.
        read_one: (path, codec, ``data.fit``) -> a raw sample, for judging files.
    """

    name: str
    fit_codec: Callable[[Dataset, npt.NDArray[np.int64]], Codec]
    load_codec: Callable[[dict[str, Any]], Codec]
    default_recipe: Callable[[Dataset, str], str]
    sheet: Callable[[Array, int], Image]
    write_one: Callable[[Any, Array], None] | None = None
    read_one: Callable[[Any, Codec, str], Array] | None = None
    write_file: Callable[[Any, Codec, Iterator[tuple[Array, Any]], Any], None] | None = None
    file_suffixes: tuple[str, ...] = ()
    present: Callable[[Codec, Array], Any] | None = None
    absent: Callable[[Codec, Any], Any] | None = None
    words: Callable[[Array], list[str]] | None = None
    read_file: Callable[[Path, Codec], tuple[list[str], Array]] | None = None
    suffixes: tuple[str, ...] = ()
    sheet_samples: int = 100
    default_extractor: Callable[[Dataset], str] = principal_components
    watch_extractor: str = "pca"
    duality_rounds: int = 0
    own_metrics: Callable[[Comparison], Sequence[Value | Missing]] = no_metrics
    baselines: Ways | None = None
    require_target: Callable[[Dataset, str], None] | None = None
    sections: Callable[[Comparison, Any], dict[str, str]] = no_sections
    restrict: Callable[[Codec, str], Restriction] | None = None
    ledger: Callable[[Codec, int, int], Ledger | None] | None = None
    align: Callable[[Dataset, Dataset], Dataset] | None = None


def sheet_columns(num_classes: int) -> int:
    """Samples in a row of a sheet: one of each class where these are 5 to 20, else 10."""
    return num_classes if 5 <= num_classes <= 20 else 10
