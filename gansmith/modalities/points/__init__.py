"""Points of a few dimensions: the game where the truth is known."""

from gansmith.data.dataset import Dataset
from gansmith.evaluation.comparison import Comparison, of_modes
from gansmith.evaluation.report import Value
from gansmith.modalities.modality import Modality
from gansmith.modalities.points import data, discriminator, generator, metrics, recipes  # noqa: F401
from gansmith.modalities.points.codec import PointsCodec
from gansmith.modalities.points.render import sheet
from gansmith.registry import register


def _default_recipe(dataset: Dataset, device: str) -> str:
    del dataset, device
    return "points"


def _default_extractor(dataset: Dataset) -> str:
    del dataset
    return "raw"


def _own_metrics(comparison: Comparison) -> list[Value]:
    truth = comparison.dataset.truth
    if "centres" not in truth:
        return []
    found = metrics.estimated_modes(comparison.fake, truth)
    return of_modes(comparison, found, metrics.modes(comparison.control, truth))


@register("modality", "points")
def points() -> Modality:
    """Points of a few dimensions."""
    return Modality(
        name="points",
        fit_codec=PointsCodec.fit,
        load_codec=lambda state: PointsCodec(**state),
        default_recipe=_default_recipe,
        sheet=sheet,
        sheet_samples=2_000,
        default_extractor=_default_extractor,
        watch_extractor="raw",
        duality_rounds=50,
        own_metrics=_own_metrics,
    )
