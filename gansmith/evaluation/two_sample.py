"""Can a fresh critic tell real from fake? The classifier two-sample test.

Half of each side trains critics, the other half tests the best of them (Lopez-Paz and Oquab 2017,
arXiv:1610.06545). What it tells apart is different; what it cannot tell apart may be too. For
balanced sides the test's cross-entropy H, in nats, bounds the Jensen-Shannon divergence from below,
JSD >= log 2 - H (Goodfellow et al. 2014, arXiv:1406.2661, theorem 1: equality for the best critic).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gansmith.config import constant
from gansmith.evaluation.estimate import Estimate, mean, share, student_quantile
from gansmith.nn.fourier import FourierFeatures

Features = npt.NDArray[np.floating]

LEAST_SAMPLES = 40
BATCH, EPOCHS, PATIENCE = 128, 40, 6
# Below this many dimensions, fine detail is a matter of scale, which a plain network misses.
FEW_DIMENSIONS = 8


@dataclass(frozen=True)
class TwoSampleTest:
    """What a fresh critic makes of held-out halves.

    Attributes:
        accuracy: share of test samples it is right about; one half where it knows nothing.
        auc: probability that it finds a real sample more real than a fake one.
        divergence: lower bound of the Jensen-Shannon divergence, in nats, at most log 2.
        critic: which kind of critic was best on the validation part.
        p_value: of the rank test, that samples of one distribution come out as far apart as these.
        num_test: test samples of each side.
    """

    accuracy: Estimate
    auc: Estimate
    divergence: Estimate
    critic: str
    p_value: float
    num_test: int

    @property
    def told_apart(self) -> bool:
        """Whether the rank test says so: by chance in 2.5 % of cases."""
        return self.p_value < 0.025


@dataclass(frozen=True)
class _Parts:
    """Training, validation and test samples (N, d) with 1 for real, 0 for fake."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def _split(real: Features, fake: Features, seed: int) -> _Parts:
    """Equally many of both sides, standardised by the training part."""
    n = min(len(real), len(fake))
    # A stream of its own: the samples may have been drawn with the same seed.
    random = np.random.default_rng((seed, 2))
    sides = [torch.from_numpy(np.asarray(x[random.permutation(len(x))[:n]], np.float32))
             for x in (real, fake)]  # fmt: skip
    ends = [0, int(0.4 * n), n // 2, n]
    parts = []
    for first, last in pairwise(ends):
        x = torch.cat([side[first:last] for side in sides])
        y = torch.cat([torch.ones(last - first), torch.zeros(last - first)])
        parts.append((x, y))
    centre, scale = parts[0][0].mean(0), parts[0][0].std(0)
    scale = torch.where(scale > 1e-6 * scale.max().clamp(min=1e-30), scale, torch.inf)
    scaled = [((x - centre) / scale, y) for x, y in parts]
    return _Parts(scaled[0], scaled[1], scaled[2])


class _Neighbours(nn.Module):
    """Votes of the nearest training samples, as logits."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        super().__init__()
        self.x, self.y, self.k = x, y, max(3, round(math.sqrt(len(x)) / 2))

    def forward(self, x: Tensor) -> Tensor:
        parts = []
        for chunk in torch.split(x, 1024):
            nearest = torch.cdist(chunk, self.x).topk(self.k, largest=False).indices
            votes = (self.y[nearest].sum(1) + 1) / (self.k + 2)
            parts.append(votes.logit())
        return torch.cat(parts)


def _network(dimensions: int, hidden: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    if dimensions <= FEW_DIMENSIONS:
        fourier = FourierFeatures(dimensions, 128, 1.0, 256.0, constant(1.0))
        layers.append(fourier)
        dimensions = fourier.size
    if hidden:
        layers += [nn.Linear(dimensions, hidden), nn.ReLU(), nn.Dropout(0.2),
                   nn.Linear(hidden, hidden), nn.ReLU()]  # fmt: skip
        dimensions = hidden
    return nn.Sequential(*layers, nn.Linear(dimensions, 1), nn.Flatten(0))


def _fit(network: nn.Module, parts: _Parts) -> nn.Module:
    """Trained until the validation part gets no better; the best of all epochs."""
    (x, y), (held_x, held_y) = parts.train, parts.validation
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.1)
    best, kept, since = math.inf, _weights(network), 0
    for _ in range(EPOCHS):
        network.train()
        for chosen in torch.split(torch.randperm(len(x)), BATCH):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits(network(x[chosen]), y[chosen])
            torch.autograd.backward(loss)
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss = F.binary_cross_entropy_with_logits(network(held_x), held_y)
        since += 1
        if float(loss) < best:
            best, kept, since = float(loss), _weights(network), 0
        if since >= PATIENCE:
            break
    network.load_state_dict(kept)
    return network.eval()


def _weights(network: nn.Module) -> dict[str, Tensor]:
    """A copy of them, which costs a fraction of a copy of the network."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def _critics(parts: _Parts) -> Iterator[tuple[str, nn.Module]]:
    dimensions = parts.train[0].shape[1]
    yield "linear", _fit(_network(dimensions, 0), parts)
    yield "network", _fit(_network(dimensions, 256), parts)
    yield "neighbours", _Neighbours(*parts.train)


def _temperature(logits: Tensor, y: Tensor) -> float:
    """The factor for logits that costs least; never turns them round."""
    factors = torch.logspace(-2, 1, 61)
    losses = [F.binary_cross_entropy_with_logits(f * logits, y) for f in factors]
    return float(factors[int(torch.stack(losses).argmin())])


def two_sample_test(real: Features, fake: Features, seed: int = 0) -> TwoSampleTest:
    """Train fresh critics and test the best one, on features (n, d) and (m, d).

    Args:
        real: at least 40, so is ``fake``; of the larger side as many are taken as of the smaller.
        fake: see above.
        seed: of the split and the critics.
    """
    parts = _split(real, fake, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        best: tuple[float, str, Tensor] | None = None
        for name, critic in _critics(parts):
            with torch.no_grad():
                held, tested = critic(parts.validation[0]), critic(parts.test[0])
            factor = _temperature(held, parts.validation[1])
            loss = float(F.binary_cross_entropy_with_logits(factor * held, parts.validation[1]))
            if best is None or loss < best[0]:
                best = (loss, name, factor * tested)
    assert best is not None
    return _measured(best[1], best[2].double().numpy(), len(parts.test[1]) // 2)


def _measured(critic: str, logits: npt.NDArray[np.float64], n: int) -> TwoSampleTest:
    real, fake = logits[:n], logits[n:]
    # As half where the critic has no opinion, so that a critic without any is right half the time.
    right = (real > 0).sum() + (fake < 0).sum() + 0.5 * (logits == 0).sum()
    # Both sides of one pair together, since the sides are balanced by design and not by chance.
    losses = (np.logaddexp(0, -real) + np.logaddexp(0, fake)) / 2
    entropy = mean(losses)
    bound = Estimate(
        math.log(2) - entropy.value, math.log(2) - entropy.high, math.log(2) - entropy.low
    )
    return TwoSampleTest(
        accuracy=share(float(right), 2 * n),
        auc=(ranked := above(real, fake)),
        p_value=_chance(ranked.value, n),
        divergence=bound.clipped(0, math.log(2)),
        critic=critic,
        num_test=n,
    )


def _chance(auc: float, n: int) -> float:
    """Probability of an AUC as large among n + n samples of one distribution, n not very small."""
    return 1 - NormalDist().cdf((auc - 0.5) / math.sqrt((2 * n + 1) / (12 * n * n)))


def above(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> Estimate:
    """Probability that a number of x (N,) is above one of y (M,), ties counting half.

    The Mann-Whitney statistic over N M, its interval after DeLong et al. 1988.

    >>> above(np.array([2.0, 3.0]), np.array([0.0, 1.0])).value
    1.0
    """
    value, below_x, below_y = auc(x, y), _placements(x, y), _placements(y, x)
    variance = below_x.var(ddof=1) / len(x) + below_y.var(ddof=1) / len(y)
    half = student_quantile(0.975, min(len(x), len(y)) - 1) * math.sqrt(float(variance))
    return Estimate(value, value - half, value + half).clipped(0, 1)


def auc(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> float:
    """The value of :func:`above` alone, which a single number of each side suffices for."""
    return float(_placements(x, y).mean())


def _placements(
    x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """(N,) share of y below each x, ties counting half."""
    ordered = np.sort(y)
    left, right = (np.searchsorted(ordered, x, side) for side in ("left", "right"))
    return (left + right) / (2.0 * len(y))
