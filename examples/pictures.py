"""Pictures: train on scanned digits, make some of one class, and let the discriminator judge.

python examples/pictures.py              # about a minute; writes runs/example-pictures
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import gansmith


def main() -> None:
    """Train, sample, judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=60_000, help="length of the run")
    parser.add_argument("--out", type=Path, default=Path("runs/example-pictures"))
    given = parser.parse_args()

    # The same call again goes on where it stopped, or returns the finished run.
    run = gansmith.train("digits", given.out, samples=given.samples, device="cpu", seed=0)
    print(f"Trained: {run}, classes {', '.join(run.classes)}")

    sevens = run.sample(10, condition="7", seed=3)  # (10, 8, 8, 1) uint8
    row = np.concatenate(list(sevens[..., 0]), axis=1)
    path = given.out / "sevens.png"
    Image.fromarray(row).resize(
        (row.shape[1] * 8, row.shape[0] * 8), Image.Resampling.NEAREST
    ).save(path)
    print(f"Ten sevens: {path}")

    noise = np.random.default_rng(0).integers(0, 256, sevens.shape, dtype=np.uint8)
    for name, pictures in (("sevens of the generator", sevens), ("noise", noise)):
        p_fake = np.mean([answer["p_fake"] for answer in run.judge(pictures)])
        print(f"mean p_fake of {name}: {p_fake:.2f}")
    c = run.calibration
    print(
        f"The judge is right on {c.accuracy:.0%} of {c.num_real} held-out real and {c.num_fake} "
        f"fake pictures; calibration error {c.error:.2f}."
    )


if __name__ == "__main__":
    main()
