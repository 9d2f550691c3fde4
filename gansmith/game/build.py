"""From an experiment to its game: everything is looked up in the registry."""

from __future__ import annotations

from gansmith import registry
from gansmith.config import Component, Experiment
from gansmith.errors import ConfigError
from gansmith.game import latent, objectives, regularizers, textbook  # noqa: F401  (registers)
from gansmith.game.game import Game, Penalty
from gansmith.protocols import Spec


def check(experiment: Experiment) -> None:
    """Raise a ConfigError if the experiment names something that does not exist."""
    registry.check("generator", experiment.generator)
    registry.check("discriminator", experiment.discriminator)
    registry.check("objective", experiment.game.objective)
    registry.check("transform", experiment.augment.transform)
    registry.check("latent", Component(experiment.latent.name))
    registry.check("game", Component(experiment.game.name))
    names = [regularizer.name for regularizer in experiment.game.regularizers]
    if len(set(names)) < len(names):
        raise ConfigError("A penalty is named twice.", where="game.regularizers")
    for regularizer in experiment.game.regularizers:
        registry.check("regularizer", Component(regularizer.name, regularizer.options))


def build_game(experiment: Experiment, spec: Spec) -> Game:
    """The game an experiment describes, with freshly initialised networks.

    Args:
        experiment: names the networks, the rules, the objective and the penalties.
        spec: of the codec, which decides the shapes.
    """
    networks = {
        "generator": registry.build(
            "generator", experiment.generator, spec, experiment.latent.size
        ),
        "discriminator": registry.build("discriminator", experiment.discriminator, spec),
    }
    penalties = tuple(
        Penalty(
            r.name,
            registry.build("regularizer", Component(r.name, r.options)),
            r.weight.at,
            r.every,
        )
        for r in experiment.game.regularizers
    )
    rules = Component(experiment.game.name)
    objective = registry.build("objective", experiment.game.objective)
    transform = registry.build("transform", experiment.augment.transform)
    steps = experiment.game.discriminator_steps
    game: Game = registry.build(
        "game", rules, networks, objective, penalties, transform, steps, spec
    )
    return game
