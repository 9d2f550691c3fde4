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

    Args:
        spec: of the encoded texts, (L, V).
        latent_size: at least L - 1.
        width: 0
        temperature: t
        final_temperature: t
        feedback: f
    """

    def __init__(
        self, spec: Spec, latent_size: int, *,
        width: int = 0, temperature: float = 1.0, final_temperature: float = 1.0,
        feedback: bool = True, gumbel: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.length, self.vocabulary = spec.shape
        if latent_size < self.length - 1:
            raise ConfigError(
                f"A latent of {latent_size} numbers draws {latent_size} tokens, and a row has "
                f"{self.length - 1}.",
                where="latent.size",
                fix=f"Take {self.length - 1}.",
            )
        known = 0 if spec.start is None else spec.start["recurrent.weight_hh_l0"].shape[1]
        if known and width and known != width:
            raise ConfigError(
                f"The generator starts from a language model of width {known}, not {width}.",
                where="generator.width",
                fix="Set codec.width instead.",
            )
        size = Size(self.vocabulary, width or known or DEFAULT_WIDTH, self.length)
        self.network = RecurrentNetwork(size)
        if spec.start is not None:
            self.network.load_state_dict(dict(spec.start))
        self.temperatures, self.temperature = (temperature, final_temperature), temperature
        self.feedback, self.gumbel = feedback, gumbel

    def follow(self, progress: float) -> None:
        first, last = self.temperatures
        self.temperature = first * (last / first) ** progress

    def _drawn(self, logits: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
        if self.gumbel:
            g = -torch.log(-torch.log(torch.rand_like(logits).clamp(1e-9, 1 - 6e-8)))
            logits = logits + g
            ids = logits.argmax(1)
        else:
            cumulative = logits.detach().softmax(1).cumsum(1)
            place = torch.special.ndtr(latent)[:, None] * cumulative[:, -1:]
            ids = torch.searchsorted(cumulative, place, right=True)[:, 0]
            ids = ids.clamp(max=self.vocabulary - 1)
        return ids, straight_through(ids, logits, self.temperature)

    def forward(self, latent: Tensor, condition: Condition) -> Tensor:
        """(N, latent_size) -> (N, L, V)."""
        del condition
        n, network = len(latent), self.network
        going = torch.arange(n, device=latent.device)
        before, state = network.embedded(torch.full_like(going, EDGE)), None
        parts, places = [], []
        for place in range(self.length - 1):
            known, state = network.recurrent(before[:, None], state)
            ids, x = self._drawn(network.logits(known[:, 0]), latent[going, place])
            parts.append(x)
            places.append(going * self.length + place)
            on = ids != EDGE
            going = going[on]
            if not len(going):
                break
            back = x if self.feedback else x.detach()
            before = (look_up(back, network.embedding.weight) * network.scale)[on]
            state = state[:, on]
        ends = torch.full((n * self.length,), EDGE, device=latent.device)
        rows = one_hot(ends, self.vocabulary, latent.dtype)
        return rows.index_copy(0, torch.cat(places), torch.cat(parts)).view(n, self.length, -1)
