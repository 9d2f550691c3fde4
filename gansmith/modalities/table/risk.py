"""What an attack gains: its success on training rows, over its success on held-out ones.

With r the shares of successes, the risk is R = (r_train - r_control) / (1 - r_control) (Giomi et
al. 2022, arXiv:2211.10459, section 3): of the attacks that fail where nothing could be given away,
the share that succeeds where something could. 0 is none, 1 is all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansmith.evaluation.estimate import Estimate, share

Numbers = npt.NDArray[np.floating]
# False positives that are allowed where true ones are counted.
RATE = 0.01


@dataclass(frozen=True)
class Attack:
    """How often it succeeded.

    Attributes:
        train: share of successes against training rows.
        control: against held-out rows.
        about: what to say after the shares.
    """

    train: Estimate
    control: Estimate
    about: str = ""


def average(values: Numbers) -> Estimate:
    """Mean of independent numbers (N,) in [0, 1], N >= 2, with Wilson's interval.

    The interval is that of as many answers of yes or no as have a mean of this variance: N where
    the numbers are 0 and 1, more where each is an average itself.

    >>> average(np.array([0.0, 1.0, 1.0, 1.0])).low == share(3, 4).low
    True
    """
    n, value = len(values), float(values.mean())
    variance = float(values.var())
    worth = n if variance == 0 else max(n, round(n * value * (1 - value) / variance))
    return share(value * worth, worth)


def repeated(successes: npt.NDArray[np.int64], n: int) -> Estimate:
    """Share of n attacks that succeeded, each success by naming a row.

    Attacks that name the same row succeed or fail together. So as many count as an average over
    these groups is worth (the design effect, Kish 1965).

    Args:
        successes: (k,) the row that each success named, k <= n.
        n: attacks.

    >>> repeated(np.array([4, 4, 4]), 300).high > repeated(np.array([4, 5, 6]), 300).high
    True
    """
    counts = np.unique(successes, return_counts=True)[1]
    effect = float(np.square(counts).sum() / counts.sum()) if len(counts) else 1.0
    worth = max(round(n / effect), 1)
    return share(len(successes) / n * worth, worth)


def risk(train: Estimate, control: Estimate) -> Estimate | None:
    """R and its interval; None where the attack on held-out rows always succeeds.

    1 - R is a ratio of shares of failures, q_train / q_control, whose interval comes from both of
    theirs (Donner and Zou 2012, doi:10.1177/0962280210383082, the ratio's; Newcombe 2016, MOVER-R).
    Negative where held-out rows give away more, as happens by chance.

    >>> found = risk(share(90, 300), share(30, 300))
    >>> round(found.value, 3), found.low > 0.1, found.high < 0.3
    (0.222, True, True)
    """
    q, p = 1 - train.value, 1 - control.value
    if p <= 0 or control.high >= 1:
        return None
    low = _bound(q * p, (1 - train.high, q), (1 - control.low, p), -1)
    high = _bound(q * p, (1 - train.low, q), (1 - control.high, p), 1)
    return Estimate(1 - q / p, 1 - high, 1 - low, train.level)


def _bound(
    product: float, above: tuple[float, float], below: tuple[float, float], to: int
) -> float:
    """A bound of a ratio, from (an end of the interval, value) of what is divided and by what.

    The root of b x^2 - 2 product x + a = 0 to one side, in the form that cancels nothing.
    """
    a, b = (end * (2 * value - end) for end, value in (above, below))
    root = math.sqrt(max(product**2 - a * b, 0.0))
    if to > 0:
        return (product + root) / b
    return a / (product + root) if a > 0 else 0.0


def true_positives(train: Numbers, control: Numbers, rate: float = RATE) -> Estimate:
    """Share of training rows that score above a threshold that a share of control rows pass.

    The interval adds both chances in squares (Zou and Donner 2008): that of the training rows,
    which is Wilson's, and that of the threshold, which so many control rows place no better.

    Args:
        train, control: (N,) and (M,) scores, higher for those that look like members.
        rate: share of the control rows, of ties a part.
    """
    value = _passing(train, control, rate)
    own, other = share(value * len(train), len(train)), share(rate * len(control), len(control))
    low = value - math.hypot(value - own.low, value - _passing(train, control, other.low))
    high = value + math.hypot(own.high - value, _passing(train, control, other.high) - value)
    return Estimate(value, low, high).clipped(0, 1)


def _passing(train: Numbers, control: Numbers, rate: float) -> float:
    """The share of train that passes where a share of control does, as the ROC curve has it."""
    threshold = np.sort(control)[::-1][
        min(max(math.ceil(rate * len(control)) - 1, 0), len(control) - 1)
    ]
    above = float((control > threshold).mean())
    # Of rows at the threshold as many pass as the rate leaves room for.
    part = (rate - above) / float((control == threshold).mean())
    return float((train > threshold).mean() + min(part, 1.0) * (train == threshold).mean())
