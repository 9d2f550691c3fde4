"""The generator of tokens, one after the other."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.errors import ConfigError
from gansmith.modalities.text.byte_pairs import EDGE
from gansmith.modalities.text.language_model import RecurrentNetwork, Size
from gansmith.modalities.text.one_hot import look_up, one_hot, straight_through
from gansmith.protocols import Condition, Spec
from gansmith.registry import register

DEFAULT_WIDTH = 256


@register("generator", "token-recurrent")
class TokenGenerator(nn.Module):
    """A recurrent network that draws each token and reads it before the next.

    What it draws is one-hot, and its gradient that of the softmax, also through what it reads (Nie
    et al. 2019, RelGAN, section 2.2). Deviates from the paper: a gated recurrent layer for
    relational memory, and one number of the latent for each token, by where it falls in the
    shares of all tokens put end to end, in place of Gumbel noise for all of them, which took
    longer to draw than to use. So the temperature changes gradients alone, and samples are one-hot
    from the first round on.

    Args:
        spec: of the encoded texts, (L, V); with the weights of a language model, it starts there.
        latent_size: numbers of a latent, at least L - 1, of which the first L - 1 are read.
        width: of the recurrent state; 0 takes that of the language model, or 256.
        temperature: of the softmax that gradients go through, when the run begins.
        final_temperature: when it ends; between, its logarithm goes in a straight line.
    """

    def __init__(
        self, spec: Spec, latent_size: int, *,
        width: int = 0, temperature: float = 1.0, final_temperature: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.length, self.vocabulary = spec.shape
        _require_sensible(self.length - 1, latent_size, min(temperature, final_temperature))
        size = Size(self.vocabulary, _width(spec, width), self.length)
        self.network = RecurrentNetwork(size)
        if spec.start is not None:
            self.network.load_state_dict(dict(spec.start))
        # Zeros, so that a class changes nothing until the game has found what to change.
        starts = torch.zeros(spec.num_classes, size.hidden)
        self.classes = nn.Parameter(starts) if spec.num_classes else None
        self.temperatures, self.temperature = (temperature, final_temperature), temperature

    def follow(self, progress: float) -> None:
        """Bring the temperature to where it is at ``progress`` in [0, 1] of the run."""
        first, last = self.temperatures
        self.temperature = first * (last / first) ** progress

    def _drawn(self, logits: Tensor, latent: Tensor) -> Tensor:
        """(N, V) logits and (N,) standard normal -> (N,) tokens."""
        ends = logits.detach().softmax(1).cumsum(1)
        place = torch.special.ndtr(latent)[:, None] * ends[:, -1:]
        # Rounding may put a place behind the last end.
        return torch.searchsorted(ends, place, right=True)[:, 0].clamp(max=self.vocabulary - 1)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, L, V), one-hot; texts that have ended are not carried along."""
        n, network = len(latent), self.network
        going = torch.arange(n, device=latent.device)
        before, state = network.embedded(torch.full_like(going, EDGE)), None
        if self.classes is not None:
            assert condition.classes is not None, "a conditional network needs classes"
            state = self.classes[condition.classes][None]
        parts, places = [], []
        for place in range(self.length - 1):
            known, state = network.recurrent(before[:, None], state)
            logits = network.logits(known[:, 0])
            ids = self._drawn(logits, latent[going, place])
            x = straight_through(ids, logits, self.temperature)
            parts.append(x)
            places.append(going * self.length + place)
            on = ids != EDGE
            going = going[on]
            if not len(going):
                break
            before = (look_up(x, network.embedding.weight) * network.scale)[on]
            state = state[:, on]
        ends, drawn = torch.full((n * self.length,), EDGE, device=latent.device), torch.cat(parts)
        rows = one_hot(ends, self.vocabulary, drawn.dtype)
        return rows.index_copy(0, torch.cat(places), drawn).view(n, self.length, -1)


def _require_sensible(tokens: int, latent_size: int, temperature: float) -> None:
    if latent_size < tokens:
        raise ConfigError(
            f"A latent of {latent_size} numbers draws as many tokens, and a row has {tokens}.",
            where="latent.size",
            fix=f"Take {tokens}.",
        )
    if not temperature > 0:
        raise ConfigError(
            f"A temperature must be above 0, and is {temperature:g}.",
            where="generator.temperature, generator.final_temperature",
        )


def _width(spec: Spec, width: int) -> int:
    """Of the state: that of the language model, where there is one."""
    if spec.start is None:
        return width or DEFAULT_WIDTH
    known = spec.start["recurrent.weight_hh_l0"].shape[1]
    if width and known != width:
        raise ConfigError(
            f"The generator starts from a language model of width {known}, not {width}.",
            where="generator.width",
            fix="Set codec.width instead.",
        )
    return known
