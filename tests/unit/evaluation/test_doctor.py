"""The doctor on records made up to show one failure, and on runs that are broken on purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import gansmith
from gansmith.cli.main import main
from gansmith.evaluation.doctor import diagnose

HEALTHY = {
    "real_above_fake": 0.75, "discriminator_right": 0.8, "coverage": 0.9, "coverage_real": 0.95,
    "generator_gradient_norm": 1.0, "overfitting": 0.2, "unsettled": 0.2, "variety": 0.95,
    "recall": 0.7, "precision": 0.9,
}  # fmt: skip
FAILURES: dict[str, dict[str, float]] = {
    "vanishing gradient": {"generator_gradient_norm": 1e-4, "real_above_fake": 1.0},
    "discriminator won": {"real_above_fake": 1.0, "discriminator_right": 0.99, "coverage": 0.1},
    "memorised": {"overfitting": 0.8},
    "oscillation": {"unsettled": 0.9},
    "mode collapse": {"variety": 0.2, "recall": 0.05, "coverage": 0.1},
}


def records(ending: dict[str, float], n: int = 30) -> list[dict[str, float]]:
    """Healthy at first; with other values in the second half."""
    return [
        {"samples": 100 * (i + 1), **HEALTHY, **(ending if i >= n // 2 else {})} for i in range(n)
    ]


def test_a_healthy_run_is_left_alone() -> None:
    assert diagnose(records({})) == []


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_is_named_with_evidence(name: str) -> None:
    (finding,) = diagnose(records(FAILURES[name]))
    assert finding.name == name
    assert any(character.isdigit() for character in finding.evidence)
    assert finding.change


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_that_was_overcome_is_not_named(name: str) -> None:
    assert diagnose(records(FAILURES[name]) + [
        {**r, "samples": r["samples"] + 3000} for r in records({}, 60)
    ]) == []  # fmt: skip


def test_what_follows_from_a_failure_is_not_named_beside_it() -> None:
    both = {**FAILURES["mode collapse"], **FAILURES["vanishing gradient"]}
    assert [f.name for f in diagnose(records(both))] == ["vanishing gradient"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_little_evidence_is_none(n: int) -> None:
    assert diagnose([{"samples": i + 1.0, "overfitting": 1.0} for i in range(n)]) == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = gansmith.train("ring", tmp_path / "ring", samples=512)
    with pytest.raises(SystemExit) as stop:
        main(["doctor", str(run.folder.path), "--json"])
    assert not stop.value.code
    capsys.readouterr()
    lines = [json.dumps(r) for r in records(FAILURES["oscillation"])]
    run.folder.metrics.write_text("\n".join(lines) + "\n")
    with pytest.raises(SystemExit) as stop:
        main(["doctor", str(run.folder.path)])
    assert not stop.value.code
    out = capsys.readouterr().out
    assert out.startswith("oscillation\n  seen: ")
    assert "change:" in out


# -- runs ----------------------------------------------------------------------------------------

BARE = {"game.regularizers": ""}
LAZY = {**BARE, "game.objective": "non-saturating", "players.generator.lr": 1e-5}
MINIMAX = {**BARE, "game.objective": "minimax"}
NO_AUGMENTATION = {
    "augment.adaptive": False, "augment.transform": "none", "augment.strength": 0.0,
}  # fmt: skip
CHASING = {
    **BARE, "game.objective": "least-squares", "players.generator.lr": "5e-3",
    "players.discriminator.lr": "5e-3",
}  # fmt: skip
SLOW_DISCRIMINATOR = {
    **BARE, "game.objective": "non-saturating", "data.conditional": False,
    "players.generator.lr": "2e-3", "players.discriminator.lr": "1e-5",
}  # fmt: skip
RUNS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "discriminator won": ("ring", 60_000, LAZY),
    "vanishing gradient": ("ring", 60_000, MINIMAX),
    "memorised": ("few", 30_000, NO_AUGMENTATION),
    "oscillation": ("ring", 100_000, CHASING),
    "mode collapse": ("digits", 12_000, SLOW_DISCRIMINATOR),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> str:
    """120 digits, too few for this many rounds without augmentation."""
    path = tmp_path_factory.mktemp("few") / "few.npz"
    np.savez(path, x=(load_digits().images[:120] * 15.9).astype(np.uint8))
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RUNS)
def test_a_run_broken_on_purpose(name: str, seed: int, few: str, tmp_path: Path) -> None:
    source, samples, settings = RUNS[name]
    run = gansmith.train(
        few if source == "few" else source,
        tmp_path / "run",
        samples=samples,
        seed=seed,
        settings=settings,
    )
    assert name in [finding.name for finding in run.diagnose()]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("source", "samples"), [("ring", 200_000), ("digits", 16_000)])
def test_a_healthy_run(source: str, samples: int, seed: int, tmp_path: Path) -> None:
    run = gansmith.train(source, tmp_path / "run", samples=samples, seed=seed)
    assert run.diagnose() == []
