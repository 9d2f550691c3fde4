"""The length of the generator's average, chosen after training.

Snapshots of two power-function averages are kept during training. Any other average over time is
approximated by the linear combination of them that is nearest in the least-squares sense.
Source: Karras et al. 2024 (arXiv:2312.02696), section 3.2 and appendix C.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def exponent_of(width: float) -> float:
    """The exponent g of a power-function profile s^g of relative standard deviation ``width``.

    On [0, 1] the density (g+1) s^g has variance (g+1) / ((g+2)^2 (g+3)).

    Raises:
        ValueError: unless 0 < width < 0.288 (the uniform profile's).

    >>> round(exponent_of(0.10), 2)
    6.94
    """
    if not 0 < width < 12**-0.5:
        raise ValueError(f"the width of a profile lies between 0 and 0.288, not at {width}")
    # width^-2 = (g+2)^2 (g+3) / (g+1), a cubic in g with one root above 0.
    t = width**-2
    roots = np.roots([1.0, 7.0, 16.0 - t, 12.0 - t])
    return float(max(r.real for r in roots if abs(r.imag) < 1e-9))


def _overlaps(times_a: Floats, exp_a: Floats, times_b: Floats, exp_b: Floats) -> Floats:
    """Inner products of profiles: p_i(s) = (g_i+1) s^g_i / t_i^(g_i+1) on [0, t_i]."""
    ta, ga = times_a[:, None], exp_a[:, None]
    tb, gb = times_b[None, :], exp_b[None, :]
    first = np.minimum(ta, tb)
    log = (ga + gb + 1) * np.log(first) - (ga + 1) * np.log(ta) - (gb + 1) * np.log(tb)
    product: Floats = (ga + 1) * (gb + 1) / (ga + gb + 1) * np.exp(log)
    return product


def combination(times: Floats, widths: Floats, time: float, width: float) -> Floats:
    """Weights (K,) of K snapshots that together come nearest to one profile.

    Args:
        times: (K,) sample counts of the snapshots, above 0.
        widths: (K,) relative widths of the snapshots' profiles.
        time: sample count at which the wanted profile ends.
        width: its relative width.

    Returns:
        Weights that sum to 1: what did not move while it was averaged comes out as it is. Deviates
        from the paper, whose weights sum to 1 only as well as the snapshots span the profile; with
        the ten that a run keeps, a wide average would be all of 1 % too small.
    """
    scale = times.max()
    exponents = np.array([exponent_of(w) for w in widths])
    wanted = np.array([exponent_of(width)])
    gram = _overlaps(times / scale, exponents, times / scale, exponents)
    target = _overlaps(times / scale, exponents, np.array([time / scale]), wanted)
    # Nearest in the least-squares sense among those that sum to 1, by a Lagrange multiplier.
    ones = np.ones((len(gram), 1))
    system = np.block([[gram, ones], [ones.T, np.zeros((1, 1))]])
    solution = np.linalg.lstsq(system, np.append(target, 1.0), rcond=1e-12)[0]
    weights: Floats = solution[:-1].astype(np.float64)
    return weights
