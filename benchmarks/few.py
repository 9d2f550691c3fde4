"""Few pictures: does adaptive augmentation keep the discriminator from learning them by heart?

Written for 400 faces of 64x64; takes any source of pictures. Classes, where there are any, are not
used: 40 people of 10 pictures each are no help to a generator of faces.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case, Json, Options, data_key
from benchmarks.pictures import keep_sheet, trained
from gansmith.api import Run
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.errors import UserError
from gansmith.evaluation.features import flat
from gansmith.evaluation.novelty import nearest

MINUTES = 10.0
NUM_FAKES = 1_000
CURVE = ("samples", "seconds", "overfitting", "augment_strength")

WITHOUT = {
    "augment.adaptive": False,
    "augment.transform": "none",
    "augment.strength": 0.0,
}
METHODS: dict[str, dict[str, Any]] = {"with augmentation": {}, "without augmentation": WITHOUT}


def cases(options: Options) -> list[Case]:
    """With and without, three seeds unless asked otherwise.

    Raises:
        UserError: if no data are named.
    """
    data = options.data or ("faces" if options.toy else "")
    if not data:
        raise UserError("No pictures were named.", fix="--data olivetti_64.npz")
    minutes = options.minutes or (0.01 if options.toy else MINUTES)
    about = data_key(data)
    return [
        Case(
            "few",
            {"method": name, "seed": seed, "minutes": minutes, **about},
            data=data,
            threads=1,
            toy=options.toy,
            places=options.places,
        )
        for seed in range(options.seeds or (1 if options.toy else 3))
        for name in METHODS
    ]


def measure(case: Case) -> Json:
    """Train, and take the curves of overfitting and of the augmentation's strength."""
    method = str(case.key["method"])
    settings = {"data.conditional": False, **METHODS[method]}
    with tempfile.TemporaryDirectory() as folder:
        run, speed = trained(case, Path(folder) / "run", "few-pictures", settings)
        keep_sheet(case, run, f"few-{method}")
        history = run.history[list(CURVE)]
        # At most a hundred points of the curve; a page shows no more.
        history = history.iloc[:: max(1, len(history) // 100)]
        curve = {name: history[name].tolist() for name in CURVE}
        return {**speed, **copies(case, run), "curve": curve}


def copies(case: Case, run: Run) -> Json:
    """How near fakes come to training pictures, over how near held-out pictures come.

    Distance of pixels to the nearest training picture, medians. Near 1 fakes are
    as new as real pictures that were held out; near 0 they are copies. It says nothing of beauty.
    """
    dataset = open_source(DataConfig(source=case.data, conditional=False))
    known, held = (
        dataset.samples[dataset.split(part, run.config.data.holdout)]
        for part in ("train", "holdout")
    )
    fakes = run.sample(100 if case.toy else NUM_FAKES, seed=case.seed)
    own, others = (float(np.median(nearest(flat(each), flat(known))[1])) for each in (fakes, held))
    return {"fakes_to_train": own, "held_out_to_train": others, "novelty": own / others}
