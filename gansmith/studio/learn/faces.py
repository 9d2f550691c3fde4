"""The slanted faces, one step at a time, with every number of the arithmetic.

The step itself is the package's textbook game; the numbers shown beside it are computed from the
formulas of docs/slanted-faces.md, and a test holds that both are the same.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gansmith.config import DataConfig
from gansmith.game.build import build_game
from gansmith.game.game import Draw
from gansmith.game.latent import textbook
from gansmith.game.objectives import NonSaturating
from gansmith.game.randomness import Randomness
from gansmith.modalities.image.data import SlantedFaces
from gansmith.modalities.image.recipes import slanted_faces
from gansmith.progress import silent
from gansmith.protocols import Condition, Spec
from gansmith.studio.learn.play import Play

NUM_FITTED, NUM_ASKED = 1_000, 10_000
NUM_SHOWN = 5
NAMES = {
    "w": "discriminator.head.linear.weight", "b": "discriminator.head.linear.bias",
    "v": "generator.linear.weight", "c": "generator.linear.bias",
}  # fmt: skip
Numbers = dict[str, Any]


class FacesPlay(Play):
    """One face, one fake, three plain gradient steps; always with the textbook's numbers."""

    letters = "s"

    def _build(self) -> None:
        data = DataConfig("slanted-faces")
        dataset = SlantedFaces().open(data, progress=silent, cache_dir=None)
        experiment = slanted_faces(dataset, data)
        self.faces = torch.from_numpy(dataset.samples).permute(0, 3, 1, 2)
        self.game = build_game(experiment, Spec((1, 2, 2), activation="sigmoid")).double()
        self.rate = experiment.players["generator"].lr.start
        self.optimize_with({"discriminator": experiment.players["discriminator-real"],
                            "generator": experiment.players["generator"]})  # fmt: skip
        named = dict(self.game.networks.named_parameters())
        self._weights = {letter: named[name] for letter, name in NAMES.items()}
        self._made: tuple[int, Draw, dict[str, Tensor]] | None = None

    @property
    def equilibrium(self) -> tuple[float, float]:
        """2 ln 2 and ln 2."""
        return NonSaturating.equilibrium

    @property
    def weights_now(self) -> dict[str, Tensor]:
        """w, b of the discriminator and v, c of the generator, flat copies."""
        return {letter: own.detach().flatten().clone() for letter, own in self._weights.items()}

    def _move(self, letter: str) -> None:
        del letter
        number, turn = divmod(len(self.singles), 3)
        random = Randomness(0, number, stream=0, dtype=torch.float64)
        draw = Draw(self.faces[[number % 5]], textbook(1, 1, random), Condition(), random, number)
        before = self.weights_now
        scalars = self.step(self.game.players[turn], draw)
        if turn == 1:  # when both errors are noted, as in the textbook
            for name in self.tallies:
                self.note(name, scalars[f"{name}_loss"])
        self._made = turn, draw, before

    @property
    def last(self) -> Numbers | None:
        """The arithmetic of the step that was made last, which is only done for those looked at."""
        if self._made is None:
            return None
        turn, draw, before = self._made
        face, z = draw.real.flatten(), draw.latent.flatten()
        work = (_on_face(before, face), _on_fake(before, z), _on_latent(before, z))[turn]
        after = self.weights_now
        return {
            "turn": turn, "number": draw.step + 1, "face": draw.step % 5 + 1, "rate": self.rate,
            **{name: value.tolist() for name, value in work.items()},
            **{f"{name}_before": before[name].tolist() for name in before},
            **{f"{name}_after": after[name].tolist() for name in after},
        }  # fmt: skip

    def scene(self) -> Numbers:
        """The five faces."""
        return {"faces": self.faces.flatten(1).tolist()}

    def frame(self) -> Numbers:
        """The weights, the last step with its numbers, and fakes of a few latents."""
        now = self.weights_now
        latents = torch.linspace(0, 1, NUM_SHOWN, dtype=torch.float64)
        fakes = _fakes(now, latents)
        return {
            "weights": {name: value.tolist() for name, value in now.items()},
            "latents": latents.tolist(),
            "fakes": fakes.tolist(),
            "answers": _answers(now, fakes).tolist(),
            "face_answers": _answers(now, self.faces.flatten(1)).tolist(),
            "step": self.last,
        }

    def critic(self) -> Numbers:
        """A fresh discriminator of the same form, fitted until it can do no better; and D.

        There are only five faces, so the same five are used to fit and to ask; the fakes that are
        asked about are new. Faces and fakes weigh the same.
        """
        now, faces = self.weights_now, self.faces.flatten(1)
        random = torch.Generator().manual_seed(0)
        fitted, asked = (_fakes(now, torch.rand(n, dtype=torch.float64, generator=random))
                         for n in (NUM_FITTED, NUM_ASKED))  # fmt: skip
        fresh = _fitted(faces, fitted)
        return {
            "count": len(self.singles),
            "num_test": NUM_ASKED,
            "fresh": _right(fresh(faces), fresh(asked)),
            "own": _right(*(_logits(now, x) for x in (faces, asked))),
        }


def _logits(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    return x @ weights["w"] + weights["b"]


def _answers(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    return _logits(weights, x).sigmoid()


def _fakes(weights: dict[str, Tensor], z: Tensor) -> Tensor:
    """(N,) latents -> (N, 4)."""
    return (torch.outer(z, weights["v"]) + weights["c"]).sigmoid()


def _on_face(weights: dict[str, Tensor], face: Tensor) -> dict[str, Tensor]:
    """The discriminator on a face: l, D, -ln D, and the derivatives."""
    logit = _logits(weights, face)
    answer = logit.sigmoid()
    slope = answer - 1
    return {"x": face, "logit": logit, "answer": answer, "loss": -answer.log(), "slope": slope,
            "w_gradient": slope * face, "b_gradient": slope}  # fmt: skip


def _on_fake(weights: dict[str, Tensor], z: Tensor) -> dict[str, Tensor]:
    """The discriminator on a fake: the error is -ln(1 - D), its derivative by the logit D."""
    a = z * weights["v"] + weights["c"]
    fake = a.sigmoid()
    logit = _logits(weights, fake)
    answer = logit.sigmoid()
    return {"z": z, "a": a, "x": fake, "logit": logit, "answer": answer,
            "loss": -(1 - answer).log(), "slope": answer,
            "w_gradient": answer * fake, "b_gradient": answer}  # fmt: skip


def _on_latent(weights: dict[str, Tensor], z: Tensor) -> dict[str, Tensor]:
    """The generator on the same latent: the chain is longer by one layer."""
    work = _on_fake(weights, z)
    slope, fake = work["answer"] - 1, work["x"]
    by_pixel, by_activation = slope * weights["w"], fake * (1 - fake)
    a_gradient = by_pixel * by_activation
    return {**{name: work[name] for name in ("z", "a", "x", "logit", "answer")},
            "loss": -work["answer"].log(), "slope": slope, "by_pixel": by_pixel,
            "by_activation": by_activation, "a_gradient": a_gradient,
            "v_gradient": a_gradient * z, "c_gradient": a_gradient}  # fmt: skip


def _fitted(faces: Tensor, fakes: Tensor) -> Any:
    """Logistic regression on standardised pixels: (N, 4) -> logits (N,)."""
    x = torch.cat([faces.repeat(len(fakes) // len(faces), 1), fakes])
    y = (torch.arange(len(x)) < len(x) - len(fakes)).double()
    centre, scale = x.mean(0), x.std(0)
    weights = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    # So weak that it only keeps the weights finite where a plane parts the two sides.
    decay = 0.5 / (1e3 * len(x))

    def logits(of: Tensor) -> Tensor:
        return (of - centre) / scale @ weights[:4] + weights[4]

    optimizer = torch.optim.LBFGS([weights], max_iter=1_000, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(logits(x), y) + decay * weights[:4].square().sum()
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return lambda of: logits(of).detach()


def _right(faces: Tensor, fakes: Tensor) -> dict[str, float]:
    """Shares that logits are right about, and the mean error of a face and a fake together."""
    error = F.softplus(-faces).mean() + F.softplus(fakes).mean()
    on_faces, on_fakes = (faces > 0).double().mean(), (fakes < 0).double().mean()
    return {"faces": float(on_faces), "fakes": float(on_fakes), "error": float(error),
            "accuracy": float(on_faces + on_fakes) / 2}  # fmt: skip
