"""The discriminator as an inspector: how likely is a sample to be one of the generator's.

Relativistic logits only compare; they are no probabilities. So a logistic curve from logit to
probability is fitted on held-out real samples and fresh fakes; its calibration error is measured
by fitting it on half of them and asking about the other half, both ways round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BINS = 10


@dataclass(frozen=True)
class Calibration:
    """A curve from the discriminator's logit to the probability that a sample is real.

    p_real = sigmoid(slope * logit + offset), for a mixture of as many real samples as fakes.

    Attributes:
        slope, offset: of the curve.
        error: expected calibration error on samples not used for the fit, in [0, 1].
        accuracy: share of those samples on the right side of 1/2.
        num_real, num_fake: samples that fit and error come from, together.
        held_out: whether the real samples were kept from training.
    """

    slope: float
    offset: float
    error: float
    accuracy: float
    num_real: int
    num_fake: int
    held_out: bool

    def p_real(self, logits: Floats) -> Floats:
        """(N,) logits -> (N,) probabilities in [0, 1]."""
        return _sigmoid(self.slope * logits + self.offset)


def _sigmoid(t: Floats) -> Floats:
    out: Floats = 0.5 * (1 + np.tanh(0.5 * t))
    return out


def fit_logistic(logits: Floats, is_real: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of logistic regression on one number (Platt 1999), by Newton's method.

    Targets are drawn in from 0 and 1 as in Platt's paper, so that separable data stay finite; real
    and fake weigh the same however many there are. The slope is never negative.
    """
    centre, scale = float(logits.mean()), float(logits.std()) or 1.0
    t = (logits - centre) / scale
    num_real, num_fake = int(is_real.sum()), int((~is_real).sum())
    target = np.where(is_real, (num_real + 1) / (num_real + 2), 1 / (num_fake + 2))
    weight = np.where(is_real, 0.5 / num_real, 0.5 / num_fake)
    design = np.stack([t, np.ones_like(t)], 1)
    coefficients = np.zeros(2)
    for _ in range(100):
        p = _sigmoid(design @ coefficients)
        gradient = design.T @ (weight * (p - target))
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # A full Newton step can run away where the curve is steep.
        coefficients -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    if coefficients[0] < 0:  # a discriminator that answers the wrong way round knows nothing
        return 0.0, 0.0
    return float(coefficients[0] / scale), float(coefficients[1] - coefficients[0] * centre / scale)


def expected_calibration_error(p: Floats, is_real: npt.NDArray[np.bool_]) -> float:
    """Mean distance of stated probability and observed share, over ten bins of equal count.

    Real and fake weigh the same; equal probabilities share a bin. Guo et al. 2017
    (arXiv:1706.04599), eq. 5, with bins of equal count in place of equal width.
    """
    weight = np.where(is_real, 0.5 / is_real.sum(), 0.5 / (~is_real).sum())
    edges = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, p, side="right")
    sums = np.bincount(bins, weights=weight * (p - is_real))
    return min(float(np.abs(sums).sum()), 1.0)


def calibrate(real: Floats, fake: Floats, *, held_out: bool) -> Calibration:
    """Fit the curve on all samples; measure it on each half after fitting it on the other.

    Args:
        real, fake: (N,) and (M,) logits, at least two each.
        held_out: whether the real samples were kept from training.
    """
    logits = np.concatenate([real, fake]).astype(np.float64)
    is_real = np.concatenate([np.ones(len(real), bool), np.zeros(len(fake), bool)])
    even = np.concatenate([np.arange(len(real)) % 2 == 0, np.arange(len(fake)) % 2 == 0])
    p = np.empty_like(logits)
    for half in (even, ~even):
        slope, offset = fit_logistic(logits[~half], is_real[~half])
        p[half] = _sigmoid(slope * logits[half] + offset)
    weight = np.where(is_real, 0.5 / is_real.sum(), 0.5 / (~is_real).sum())
    slope, offset = fit_logistic(logits, is_real)
    return Calibration(
        slope=slope,
        offset=offset,
        error=expected_calibration_error(p, is_real),
        accuracy=min(float(np.sum(weight * ((p > 0.5) == is_real))), 1.0),
        num_real=len(real),
        num_fake=len(fake),
        held_out=held_out,
    )


def verdict(name: str, logit: float, calibration: Calibration) -> dict[str, Any]:
    """One row of what ``gansmith judge`` prints."""
    p_real = float(calibration.p_real(np.array([logit]))[0])
    return {"file": name, "p_real": p_real, "p_fake": 1 - p_real, "logit": logit}
