"""Pictures of any height, width and channel count."""

from gansmith.data.dataset import Dataset
from gansmith.evaluation.comparison import Comparison, of_modes, with_intervals
from gansmith.evaluation.report import Value
from gansmith.modalities.image import (  # noqa: F401
    augment,
    baselines,
    classifier,
    data,
    dinov2,
    discriminator,
    efficientnet,
    generator,
    inception,
    recipes,
    stacked,
)
from gansmith.modalities.image.codec import ImageCodec
from gansmith.modalities.image.render import read_one, sheet, write_one
from gansmith.modalities.modality import Modality
from gansmith.registry import register


def _default_recipe(dataset: Dataset, device: str) -> str:
    if dataset.schema.dtype != "uint8":
        return "slanted-faces"
    if len(dataset) < recipes.FEW_PICTURES:
        return "few-pictures"
    return "pictures" if device == "cpu" else "pictures-gpu"


def _default_extractor(dataset: Dataset) -> str:
    colour = dataset.schema.shape[2] in (3, 4)
    if colour and efficientnet.installed():
        return "efficientnet-lite0"
    return "classifier" if classifier.suits(dataset) else "pca"


def _own_metrics(comparison: Comparison) -> list[Value]:
    if "stacked" not in comparison.dataset.truth:
        return []
    modes = stacked.Modes.of(comparison.dataset, comparison.progress)
    fake, control = (modes.numbers(own) for own in (comparison.fake, comparison.control))
    found = with_intervals(modes.counted, fake, most=len(modes.shares))
    return of_modes(comparison, found, modes.counted(control))


@register("modality", "image")
def image() -> Modality:
    """Pictures."""
    return Modality(
        name="image",
        fit_codec=ImageCodec.fit,
        load_codec=lambda state: ImageCodec(**state),
        default_recipe=_default_recipe,
        sheet=sheet,
        write_one=write_one,
        read_one=read_one,
        default_extractor=_default_extractor,
        own_metrics=_own_metrics,
        suffixes=(".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"),
    )
