"""The moves of a game: who changes, what is penalised when, and that everything fits together."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from gansmith import registry
from gansmith.config import Component
from gansmith.errors import ConfigError
from gansmith.game import build  # noqa: F401  (registers)
from gansmith.game.critic import Critic
from gansmith.game.game import Draw, Game, Penalty, adversarial, unchanged
from gansmith.game.objectives import NonSaturating, Objective, Relativistic
from gansmith.game.randomness import Randomness
from gansmith.game.regularizers import FiniteDifferenceR1, LeCam, Regularizer
from gansmith.game.textbook import textbook
from gansmith.modalities.image.augment import pictures
from gansmith.modalities.image.discriminator import ConvolutionalDiscriminator
from gansmith.modalities.image.generator import ConvolutionalGenerator
from gansmith.protocols import Condition, Spec

SPEC = Spec((1, 6, 6), num_classes=3)
PENALTIES: list[str] = ["", *registry.names("regularizer")]


def conv_networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "generator": ConvolutionalGenerator(SPEC, 5, width=4, growth=2, smallest=3),
        "discriminator": ConvolutionalDiscriminator(SPEC, width=4, growth=2, smallest=3),
    }


def draw(step: int = 0, strength: float = 0.0) -> Draw:
    noise = Randomness(0, step, 0)
    classes = torch.tensor([0, 1, 2, 0])
    real, latent = noise.normal(4, *SPEC.shape), noise.normal(4, 5)
    return Draw(real, latent, Condition(classes=classes), noise, step=step, strength=strength)


def gradients(network: nn.Module) -> list[Tensor]:
    return [p.grad for p in network.parameters() if p.grad is not None]


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize(
    ("objective", "penalty"), list(product(registry.names("objective"), PENALTIES))
)
def test_any_objective_with_any_regularizer(objective: str, penalty: str, every: int) -> None:
    """Conditional, augmented, exact or lazy: each player's gradient is there and finite."""
    penalties = ()
    if penalty:
        regularizer: Regularizer = registry.build("regularizer", Component(penalty))
        penalties = (Penalty(penalty, regularizer, lambda _: 0.1, every),)
    rules: Objective = registry.build("objective", Component(objective))
    game = adversarial(conv_networks(), rules, penalties, pictures(), 1)
    for player in game.players:
        with game.networks.only(player.moves):
            move = player.play(game.networks, draw(strength=0.5))
            move.loss.backward()
        moved = gradients(game.networks[player.moves[0]])
        assert moved
        assert all(torch.isfinite(g).all() for g in moved)
        assert all(torch.isfinite(s) for s in move.scalars.values())
        game.zero_grad()


def games() -> list[Game]:
    penalty = Penalty("fd-r1", FiniteDifferenceR1(), lambda _: 1.0)
    return [
        adversarial(conv_networks(), Relativistic(), (penalty,), unchanged, 2),
        textbook(conv_networks(), NonSaturating(), (), unchanged, 1),
    ]


@pytest.mark.parametrize("game", games(), ids=["adversarial", "textbook"])
def test_a_player_moves_its_own_networks_alone(game: Game) -> None:
    for player in game.players:
        game.zero_grad(set_to_none=True)
        with game.networks.only(player.moves):
            player.play(game.networks, draw()).loss.backward()
            for name, network in game.networks.items():
                assert all(p.requires_grad == (name in player.moves) for p in network.parameters())
        for name, network in game.networks.items():
            assert bool(gradients(network)) == (name in player.moves)
        assert all(p.requires_grad for p in game.networks.parameters())


def test_networks_thaw_when_a_move_fails() -> None:
    game = games()[0]
    with pytest.raises(ZeroDivisionError), game.networks.only(("generator",)):
        raise ZeroDivisionError
    assert all(p.requires_grad for p in game.networks.parameters())


def test_players_of_one_round() -> None:
    first, second, third = games()[0].players
    assert [p.name for p in (first, second, third)] == ["discriminator"] * 2 + ["generator"]
    assert len({p.stream for p in (first, second, third)}) == 3
    # The textbook shows its three moves the same face and the same latent.
    assert {p.stream for p in games()[1].players} == {0}


@pytest.mark.parametrize("joint", [True, False])
def test_one_pass_or_two_give_the_same_logits(joint: bool) -> None:
    network = conv_networks()["discriminator"]
    now, apart = draw(), draw(step=1).real
    doubled, halved = (lambda x: 2 * x), (lambda x: x / 2)
    critic = Critic(network, now.condition, doubled, halved, joint=joint)
    real, fake = critic.logits(("real", now.real), ("fake", apart))
    torch.testing.assert_close(real, network(2 * now.real, now.condition))
    torch.testing.assert_close(fake, network(apart / 2, now.condition))


def test_batch_normalisation_keeps_real_and_fake_apart() -> None:
    networks = conv_networks()
    networks["discriminator"] = ConvolutionalDiscriminator(SPEC, smallest=2, normalization="batch")
    sizes: list[int] = []
    networks["discriminator"].register_forward_hook(lambda m, args, out: sizes.append(len(out)))
    game = adversarial(networks, Relativistic(), (), unchanged, 1)
    game.players[0].play(game.networks, draw())
    assert sizes == [4, 4]


def test_lazy_penalties_are_due_at_each_kth_step_with_k_times_the_weight() -> None:
    def losses(every: int, step: int) -> tuple[float, float]:
        torch.manual_seed(0)
        penalty = Penalty("lecam", LeCam(), lambda progress: 0.5, every)
        game = adversarial(conv_networks(), NonSaturating(), (penalty,), unchanged, 1)
        move = game.players[0].play(game.networks, draw(step))
        extra = move.loss - move.scalars["discriminator_loss"]
        return extra.item(), float("lecam" in move.scalars)

    assert losses(every=3, step=1) == (0.0, 0.0)
    assert losses(every=3, step=2) == (0.0, 0.0)
    once, lazy = losses(every=1, step=3), losses(every=3, step=3)
    assert lazy[0] == pytest.approx(3 * once[0], rel=1e-4)
    assert once[0] > 0


def test_the_weight_of_a_penalty_follows_progress() -> None:
    seen: list[float] = []

    def weight(progress: float) -> float:
        seen.append(progress)
        return 0.0

    penalty = Penalty("lecam", LeCam(), weight)
    game = adversarial(conv_networks(), NonSaturating(), (penalty,), unchanged, 1)
    now = draw()
    game.players[0].play(
        game.networks, Draw(now.real, now.latent, now.condition, now.randomness, progress=0.25)
    )
    assert seen == [0.25]


def test_a_move_is_a_function_of_its_draw() -> None:
    game = games()[0]
    for player in game.players:
        once, again = (player.play(game.networks, draw(strength=0.7)).loss for _ in range(2))
        assert torch.equal(once, again)


@pytest.mark.parametrize("objective", [Relativistic(), NonSaturating()])
def test_the_textbook_takes_separable_objectives_alone(objective: Objective) -> None:
    penalty = Penalty("lecam", LeCam(), lambda _: 1.0)
    with pytest.raises(ConfigError, match="step on real"):
        textbook(conv_networks(), objective, (penalty,), unchanged, 1)


def test_conditions_repeat_with_their_batch() -> None:
    condition = Condition(
        classes=torch.tensor([0, 1]), mask=torch.ones(2, 3).bool(), tensor=torch.zeros(2, 1, 4)
    ).repeat(2)
    assert condition.classes is not None
    assert condition.classes.tolist() == [0, 1, 0, 1]
    assert condition.mask is not None
    assert condition.mask.shape == (4, 3)
    assert condition.tensor is not None
    assert condition.tensor.shape == (4, 1, 4)
    assert condition.vector is None
