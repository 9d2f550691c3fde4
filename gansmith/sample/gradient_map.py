"""Where a discriminator looks: how its answer changes with each number of a sample.

The gradient of the logit (Simonyan et al. 2014, arXiv:1312.6034, section 3). It says what would
move the answer if it changed a little; it does not say why the answer is what it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from gansmith.sample.sampler import CHUNK, Array, Sampler


def logit_gradients(sampler: Sampler, raw: Array) -> npt.NDArray[np.float64]:
    """(N, *spec.shape) change of the discriminator's logit for each encoded number, to first order.

    Where there are classes, of the answer for the class that a sample is judged as (see
    :meth:`gansmith.sample.sampler.Sampler.logits`).

    Args:
        sampler: with the discriminator.
        raw: (N, ...) samples.
    """
    out = [np.zeros((0, *sampler.codec.spec.shape))]
    for first in range(0, len(raw), CHUNK):
        part = torch.from_numpy(np.array(raw[first : first + CHUNK])).to(sampler.device)
        x = sampler.codec.encode(part).to(sampler.dtype).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(sampler.answers(x).sum(), x)
        out.append(gradient.double().cpu().numpy())
    return np.concatenate(out)


def strengths(gradients: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(N, H, W): the largest size of a gradient (N, C, H, W) over the channels of each pixel."""
    largest: npt.NDArray[np.float64] = np.abs(gradients).max(1)
    return largest
