"""Points: train on a known distribution, measure, and play with an objective of your own.

python examples/points.py                # about a minute; writes runs/example-points
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from torch import Tensor

import gansmith
from gansmith.game.objectives import Separable


@gansmith.register("objective", "softened")
class Softened(Separable):
    """Cross-entropy whose real samples are only asked to be ``target`` real (Salimans et al. 2016).

    One-sided label smoothing (arXiv:1606.03498, section 3.4): the discriminator need not become
    ever surer of what it knows already.
    """

    def __init__(self, *, target: float = 0.9) -> None:
        self.target = target

    def real_term(self, real: Tensor) -> Tensor:
        """Cross-entropy of the logits of real samples against ``target``."""
        return self.target * F.softplus(-real) + (1 - self.target) * F.softplus(real)

    def fake_term(self, fake: Tensor) -> Tensor:
        """Cross-entropy of the logits of fakes against 0."""
        return F.softplus(fake)

    def generator_term(self, fake: Tensor) -> Tensor:
        """-log D(x')."""
        return F.softplus(-fake)


def ring_quality(points: np.ndarray) -> str:
    """How many of the 8 modes are reached, and how many points lie within 3 sigma of one."""
    angles = 2 * np.pi * np.arange(8) / 8
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], 1)
    distance = np.linalg.norm(points[:, None] - centres, axis=2)
    near = distance.min(1) < 3 * 0.02
    modes = len(np.unique(distance.argmin(1)[near]))
    return f"{modes} of 8 modes, {near.mean():.1%} of {len(points):,} within 3 sigma"


def main() -> None:
    """Train with the default objective and with our own, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=500_000, help="length of each run")
    parser.add_argument("--out", type=Path, default=Path("runs/example-points"))
    given = parser.parse_args()
    for objective in ("relativistic", "softened"):
        run = gansmith.train(
            "ring",
            given.out / objective,
            samples=given.samples,
            device="cpu",
            settings={"game.objective": objective},
        )
        points = run.sample(10_000, seed=1)
        print(f"{objective}: {ring_quality(points)}")
        on, off = run.judge(np.array([[2.0, 0.0], [0.0, 0.0]], np.float32))
        print(f"  p_real on the ring {on['p_real']:.2f}, in its middle {off['p_real']:.2f}")
    print(f"Look at {run.folder.samples}")


if __name__ == "__main__":
    main()
