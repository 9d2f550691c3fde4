"""Our measures beside those of others, on the same features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from peers import peer

from gansmith.evaluation.frechet import frechet_distance
from gansmith.evaluation.kernel import kernel_distance
from gansmith.evaluation.neighbours import neighbourhoods

Floats = npt.NDArray[np.float64]
N = 300


def pair(d: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Real and fake features, N of each, correlated as features are."""
    random = np.random.default_rng(seed)
    mix = random.normal(size=(d, d)) / d**0.5
    return random.normal(size=(N, d)) @ mix, 1.1 * random.normal(size=(N, d)) @ mix + 0.2


def statistics(x: Floats) -> dict[str, Floats]:
    return {"mu": x.mean(0), "sigma": np.cov(x, rowvar=False)}


@pytest.mark.parametrize("d", [2, 16, 100])
def test_frechet_distance(d: int) -> None:
    real, fake = pair(d)
    ours = frechet_distance(real, fake)
    a, b = statistics(real), statistics(fake)
    theirs = {
        "pytorch-fid": peer("pytorch_fid.fid_score").calculate_frechet_distance(
            a["mu"], a["sigma"], b["mu"], b["sigma"]
        ),
        "torch-fidelity": peer("torch_fidelity.metric_fid").fid_statistics_to_metric(a, b, False)[
            "frechet_inception_distance"
        ],
        "torchmetrics": float(
            peer("torchmetrics.image.fid")._compute_fid(
                *(torch.from_numpy(s[name]) for s in (a, b) for name in ("mu", "sigma"))
            )
        ),
    }
    for name, value in theirs.items():
        assert ours == pytest.approx(value, rel=1e-6), name


def test_frechet_distance_of_fewer_samples_than_dimensions() -> None:
    """Their way takes roots of eigenvalues that are zero but for rounding; ours has none of those.

    So theirs is off by about the root of the rounding, times how many there are.
    """
    real, fake = pair(400)
    a, b = statistics(real), statistics(fake)
    theirs = peer("torch_fidelity.metric_fid").fid_statistics_to_metric(a, b, False)
    value = theirs["frechet_inception_distance"]
    assert frechet_distance(real, fake) == pytest.approx(value, rel=1e-4)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("d", [2, 100])
def test_kernel_distance(d: int) -> None:
    real, fake = pair(d)
    ours = kernel_distance(real, fake).value
    theirs = peer("torch_fidelity.metric_kid").kid_features_to_metric(
        torch.from_numpy(real),
        torch.from_numpy(fake),
        kid_subsets=1,
        kid_subset_size=N,
        verbose=False,
    )
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-6)
    other = peer("torchmetrics.image.kid").poly_mmd(torch.from_numpy(real), torch.from_numpy(fake))
    assert ours == pytest.approx(float(other), rel=1e-6)


@pytest.mark.parametrize("d", [2, 100])
@pytest.mark.parametrize("k", [3, 5])
def test_neighbourhoods(d: int, k: int) -> None:
    real, fake = pair(d)
    ours = neighbourhoods(real, fake, num_neighbours=k)
    theirs = peer("prdc").compute_prdc(real, fake, k)
    for name, value in theirs.items():
        assert getattr(ours, name).value == pytest.approx(value, abs=1e-6), name
    theirs = peer("torch_fidelity.metric_prc").prc_features_to_metric(
        torch.from_numpy(fake), torch.from_numpy(real), prc_neighborhood=k, verbose=False
    )
    for name in ("precision", "recall"):
        assert getattr(ours, name).value == pytest.approx(theirs[name], abs=1e-6), name
