"""What turns the logits of a finished run into probabilities."""

from __future__ import annotations

import numpy as np

from gansmith.convert import to_json
from gansmith.prepare import Prepared
from gansmith.runs.folder import RunFolder
from gansmith.sample.judge import calibrate
from gansmith.sample.sampler import Sampler
from gansmith.stages import run_codec

CALIBRATION_SAMPLES = 2_000


def calibrate_run(folder: RunFolder, prepared: Prepared) -> None:
    """Fit what turns the discriminator's logits into probabilities, and write its error down.

    Held-out real samples are used where there are at least 20; else training samples, and the file
    says so. Real samples are compared with as many fakes of a seed that training did not use.
    """
    experiment, dataset = prepared.experiment, prepared.dataset
    if dataset.stand_in:
        return
    codec = run_codec(folder)
    sampler = Sampler(folder, experiment, codec, dataset.schema.classes)
    held = dataset.split("holdout", experiment.data.holdout)
    held_out = len(held) >= 20
    indices = held if held_out else dataset.split("train", experiment.data.holdout)
    # From all over: sources often come sorted by class.
    spread = np.linspace(0, len(indices) - 1, min(len(indices), CALIBRATION_SAMPLES))
    real = np.asarray(dataset.samples[indices[spread.round().astype(int)]])
    if len(real) < 4:
        return
    seed = experiment.train.seed + 1
    fake = np.concatenate([samples for samples, _ in sampler.stream(len(real), seed=seed)])
    result = calibrate(sampler.logits(real), sampler.logits(fake), held_out=held_out)
    folder.write_json("calibration.json", to_json(result))
