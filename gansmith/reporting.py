"""A report on disk: its numbers as JSON, and a page that shows samples beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansmith.data.address import name_of
from gansmith.evaluation.comparison import Comparison
from gansmith.evaluation.html import figures, page
from gansmith.evaluation.report import Report
from gansmith.modalities.modality import Modality, sheet_columns
from gansmith.prepare import modality_of
from gansmith.runs.folder import write_atomic, writing

if TYPE_CHECKING:
    from PIL.Image import Image

Array = npt.NDArray[Any]
REPORT_JSON, REPORT_PAGE = "report.json", "report.html"


@dataclass(frozen=True)
class Evidence:
    """What a report shows beside its numbers, made when it is written.

    Attributes:
        compared: real samples and fakes.
        pairs: (fake, training sample) raw, closest first.
    """

    compared: Comparison
    pairs: list[tuple[Array, Array]]


def _pictures(evidence: Evidence, modality: Modality) -> dict[str, Image]:
    """Sheets of samples, by their captions."""
    compared, pairs = evidence.compared, evidence.pairs
    shown, columns = modality.sheet_samples, sheet_columns(0)
    first = np.sort(compared.reference_indices[:shown])
    pictures = {
        "Fakes, not chosen": modality.sheet(compared.fake[:shown], columns),
        "Real samples": modality.sheet(np.asarray(compared.dataset.samples[first]), columns),
    }
    if pairs and modality.write_one is not None:
        side_by_side = np.stack([sample for pair in pairs for sample in pair])
        caption = "Closest pairs: a fake, and right of it the training sample nearest to it"
        pictures[caption] = modality.sheet(side_by_side, 2 * min(4, len(pairs)))
    return pictures


def write_report(
    folder: Path, report: Report, evidence: Evidence, records: Sequence[Mapping[str, Any]]
) -> None:
    """Write report.json and report.html into a folder, each at once or not at all.

    Raises:
        RunError: where they cannot be written.
    """
    modality = modality_of(evidence.compared.dataset.schema.modality)
    shown = modality.sections(evidence.compared, evidence.pairs)
    shown = shown or {"Samples": figures(_pictures(evidence, modality))}
    real = report.about["real"]["source"]
    source = name_of(real) or Path(real).name
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(report.to_json(), indent=2, ensure_ascii=False)
    write_atomic(folder / REPORT_JSON, content + "\n")
    write_atomic(folder / REPORT_PAGE, page(report, shown, records, f"gansmith: {source}"))
