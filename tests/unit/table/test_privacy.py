"""The guarantee: what a release tells of one row, and that nothing else is ever looked at."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from people import write
from scipy import integrate, stats

import gansmith
from gansmith.cli.main import main
from gansmith.config import DataConfig
from gansmith.data import open_source
from gansmith.data.dataset import Dataset, Schema, content_hashes
from gansmith.errors import ConfigError, ResumeError, RunError, SourceError, UserError
from gansmith.modalities.table import release as releases
from gansmith.modalities.table.mechanism import delta_of, mu_of, noised, together
from gansmith.modalities.table.release import Release, measure
from gansmith.modalities.table.schema import Column, to_dict

SMALL = {"generator.width": 16, "train.batch_size": 32}


# -- the mechanism -------------------------------------------------------------------------------


@given(st.floats(0.05, 8), st.floats(0.05, 4))
def test_delta_is_what_the_worst_event_has(epsilon: float, mu: float) -> None:
    """The integral of the positive part of p - e^epsilon q, for N(mu, 1) and N(0, 1)."""
    p, q = stats.norm(mu), stats.norm(0)
    start = epsilon / mu + mu / 2  # where the two are equal
    found, _ = integrate.quad(
        lambda x: p.pdf(x) - math.exp(epsilon) * q.pdf(x), start, start + 40, epsabs=1e-13
    )
    assert delta_of(epsilon, mu) == pytest.approx(found, abs=1e-9)


@given(st.floats(0.01, 20), st.floats(1e-10, 1e-3))
def test_the_budget_is_used_and_not_exceeded(epsilon: float, delta: float) -> None:
    mu = mu_of(epsilon, delta)
    assert delta_of(epsilon, mu) <= delta < delta_of(epsilon, mu * 1.001)


def test_accountants_of_others_agree() -> None:
    """Opacus' numerical one to its error, its Renyi one from above: three Gaussian mechanisms."""
    from opacus.accountants import PRVAccountant, RDPAccountant

    mus, delta = [0.1, 0.25, 0.3], 1e-5
    numerical, renyi = PRVAccountant(), RDPAccountant()
    for mu in mus:
        numerical.step(noise_multiplier=1 / mu, sample_rate=1.0)
        renyi.step(noise_multiplier=1 / mu, sample_rate=1.0)
    mu = together(mus)
    upper = numerical.get_epsilon(delta, eps_error=0.01)
    assert delta_of(upper, mu) <= delta
    assert delta_of(upper - 0.03, mu) > delta
    assert delta_of(renyi.get_epsilon(delta), mu) <= delta


def test_noise_is_whole_and_of_its_size() -> None:
    found = noised(np.zeros(20_000), 30.0, np.random.default_rng(0))
    assert (found == np.rint(found)).all()
    assert found.std() == pytest.approx(30.0, rel=0.03)


# -- one row -------------------------------------------------------------------------------------

COLUMNS = (
    Column("number", "number", integer=True, low=0, high=100_000, specials=("unknown",),
           missing=True),
    Column("real", "number", low=-3, high=3),
    Column("day", "datetime", low=0.0, high=86_400e6 * 1_000, format="%Y-%m-%d"),
    Column("city", "category", levels=("Bern", "Oslo", "Lima"), missing=True),
    Column("answer", "boolean", levels=("no", "yes")),
    Column("id", "id", levels=("A-99999",)),
)  # fmt: skip


def rows(n: int, seed: int) -> np.ndarray:
    """(n, columns): most numbers crowd at 0 to 50, and everything that a schema allows occurs."""
    random = np.random.default_rng(seed)
    number = np.where(random.random(n) < 0.8, random.integers(0, 50, n), 70_000.0)
    number[random.random(n) < 0.1] = np.nan
    number[random.random(n) < 0.1] = -1e300
    city = random.integers(0, 3, n).astype(float)
    city[random.random(n) < 0.2] = np.nan
    real, day = random.normal(size=n).clip(-3, 3), 86_400e6 * random.integers(0, 1_001, n)
    return np.stack([number, real, day, city, random.integers(0, 2, n), np.zeros(n)], axis=1)


def table(cells: np.ndarray) -> Dataset:
    schema = Schema("table", (len(COLUMNS),), "float64", label="rows")
    return Dataset(schema, cells, None, content_hashes(cells), "rows", columns=COLUMNS)


class Tape:
    """In the place of noise: what was counted is written down, and the same comes out each time."""

    def __init__(self) -> None:
        self.counted: list[np.ndarray] = []
        self.given: list[np.ndarray] = []
        self.again: Iterator[np.ndarray] | None = None

    def __call__(self, counts: np.ndarray, sigma: float, generator: object) -> np.ndarray:
        self.counted.append(counts)
        if self.again is not None:
            return next(self.again).copy()
        out = noised(counts, sigma, np.random.default_rng(len(self.counted)))
        self.given.append(out.copy())
        return out


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_one_row_more_changes_no_count_by_more_than_its_sensitivity(seed: int) -> None:
    """All counts of each part together, given what came out of those before."""
    tape = Tape()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "noised", tape)
        cells = rows(400, seed)
        made = measure(table(cells[:-1]), 20.0, 1e-5)
        before, tape.counted, tape.again = tape.counted, [], iter(tape.given)
        measure(table(cells), 20.0, 1e-5)
    squares = [float(np.square(np.triu(a) - np.triu(b)).sum() if a.ndim == 2
                     else np.square(a - b).sum())
               for a, b in zip(before, tape.counted, strict=True)]  # fmt: skip
    assert [part.name for part in made.parts] == [
        "columns", "crowded places", "pairs of columns",
    ]  # fmt: skip
    learned = len(COLUMNS) - 1
    columns, crowded, pairs = squares[:learned], squares[learned:-1], squares[-1:]
    for found, part in zip((columns, crowded, pairs), made.parts, strict=True):
        assert sum(found) <= part.sensitivity**2 + 1e-9
    assert sum(columns) == pytest.approx(made.parts[0].sensitivity ** 2)
    assert sum(pairs) == pytest.approx(made.parts[2].sensitivity ** 2)


def test_the_parts_add_up_to_the_budget() -> None:
    made = measure(table(rows(400, 0)), 3.0, 1e-6, np.random.default_rng(0))
    mu = together([part.mu for part in made.parts])
    assert delta_of(3.0, mu) <= 1e-6 < delta_of(3.0, 1.001 * mu)


CANARY = np.array([[3.0, 2.9, 86_400e6 * 7, 2.0, 1.0, 0.0]])


def likeness(made: Release) -> float:
    """How many rows like the canary a release shows: of all its pairs of codes, added up."""
    codec = made.codec()
    codes = torch.from_numpy(codec.codes(CANARY)[0][0])
    pairs = made.pairs[codes][:, codes].sum() / 2 + made.mean[codes].sum()
    return float(pairs) * made.num_rows


def least_epsilon(with_it: np.ndarray, without: np.ndarray, delta: float) -> float:
    """What an attacker has proven at 99.9 %, by a threshold chosen on half of the trials."""
    half = len(with_it) // 2
    thresholds = np.quantile(
        np.concatenate([with_it[:half], without[:half]]), np.arange(1, 20) / 20
    )

    def bound(own: np.ndarray, other: np.ndarray, threshold: float) -> float:
        hits, false = (own > threshold).sum(), (other > threshold).sum()
        n = len(own)
        low = stats.beta.ppf(0.0005, hits, n - hits + 1) if hits else 0.0
        high = stats.beta.ppf(0.9995, false + 1, n - false) if false < n else 1.0
        return math.log(max((low - delta) / high, 1e-9))

    best = max(thresholds, key=lambda t: bound(with_it[:half], without[:half], t))
    return bound(with_it[half:], without[half:], best)


def audit(seed: int, epsilon: float, trials: int = 120) -> float:
    """Releases of a table with the canary and without; the attacker knows all other rows."""
    random = np.random.default_rng(seed)
    cells = rows(30, seed)
    found = [
        np.array([likeness(measure(table(own), epsilon, 1e-5, random)) for _ in range(trials)])
        for own in (np.concatenate([cells, CANARY]), cells)
    ]
    return least_epsilon(found[0], found[1], 1e-5)


@pytest.mark.slow
def test_an_attacker_proves_no_more_than_epsilon() -> None:
    assert max(audit(seed, 1.0) for seed in range(20)) <= 1.0


@pytest.mark.slow
def test_the_attacker_would_notice_noise_that_is_too_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        releases,
        "noised",
        lambda counts, sigma, generator: noised(counts, sigma / 12, generator),
    )
    assert min(audit(seed, 1.0) for seed in range(3)) > 1.0


# -- the counts, and what comes of them ----------------------------------------------------------


def test_counts_with_little_noise_are_the_tables() -> None:
    cells = rows(5_000, 1)
    made = measure(table(cells), 100.0, 1e-3, np.random.default_rng(0))
    assert made.num_rows == pytest.approx(5_000, abs=5)
    codec = made.codec()
    x = codec.encode(torch.from_numpy(cells))
    true = x[:, : codec.num_codes].mean(0)
    assert (made.mean[: codec.num_codes] - true).abs().max() < 0.005
    assert (
        codec.decode(x)[:, 3].nan_to_num(9) == torch.from_numpy(cells[:, 3]).nan_to_num(9)
    ).all()
    own = codec.decode(x).numpy()
    assert np.array_equal(own[:, 0] == -1e300, cells[:, 0] == -1e300)
    known = cells[:, 0] >= 0
    assert np.abs(own[known, 0] - cells[known, 0]).max() <= 100_000 / 512
    assert np.abs(own[:, 1] - cells[:, 1]).max() <= 6 / 512


def test_the_noise_is_another_each_time_and_no_seed_gives_it_back() -> None:
    data = table(rows(100, 0))
    first, second = (measure(data, 1.0, 1e-6) for _ in range(2))
    assert first.pairs.shape != second.pairs.shape or not torch.equal(first.pairs, second.pairs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of people, the schema that somebody has written, and a run with a guarantee."""
    path = tmp_path_factory.mktemp("privacy")
    source = write(path / "people.csv")
    columns = open_source(DataConfig(source=str(source))).columns
    (path / "people.json").write_text(json.dumps(to_dict(columns)))
    train(path)
    return path


def train(path: Path, **changes: object) -> gansmith.Run:
    given = {"epsilon": 5.0, "samples": 640, **changes}
    schema = {"data.schema": str(path / "people.json")}
    return gansmith.train(path / "people.csv", path / "run", settings={**SMALL, **schema}, **given)


def test_rows_are_made_and_asked_for(folder: Path) -> None:
    run = gansmith.load(folder / "run")
    frame = run.sample(300)
    assert list(frame.columns) == list(pd.read_csv(folder / "people.csv").columns)
    assert frame["age"].between(18, 89).all()
    assert (run.sample(100, where="age > 60")["age"] > 60).all()
    assert run.diagnose() is not None


def test_the_table_is_not_looked_at_again(folder: Path, tmp_path: Path) -> None:
    """Stopped and gone on with, the run needs the table no more, and its counts stay."""
    source = folder / "people.csv"
    copy = tmp_path / "people.csv"
    copy.write_bytes(source.read_bytes())
    (tmp_path / "people.json").write_bytes((folder / "people.json").read_bytes())
    first = train(tmp_path, samples=64)
    counts = (tmp_path / "run" / "data.release").read_bytes()
    for path in (tmp_path / "run").iterdir():  # as if it had been killed right after counting
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "data.release":
            path.unlink()
    copy.unlink()
    again = train(tmp_path, samples=64)
    assert (tmp_path / "run" / "data.release").read_bytes() == counts
    pd.testing.assert_frame_equal(first.sample(20), again.sample(20))


def test_another_guarantee_is_another_run(folder: Path) -> None:
    with pytest.raises(ResumeError) as caught:
        train(folder, epsilon=6.0)
    assert "epsilon: 5 there, 6 now" in str(caught.value)


def test_nothing_of_the_rows_is_in_the_folder(folder: Path) -> None:
    """No fingerprint, no row: ids and zips of the table occur in no file but the schema's own."""
    table = pd.read_csv(folder / "people.csv", dtype=str)
    written = [p for p in (folder / "run").rglob("*") if p.suffix in {".json", ".jsonl", ".md"}]
    text = "".join(path.read_text() for path in written)
    assert not any(name in text for name in table["id"])
    whole = open_source(DataConfig(source=str(folder / "people.csv")))
    assert whole.fingerprint not in text


def test_the_card_says_what_is_promised(folder: Path) -> None:
    card = (folder / "run" / "README.md").read_text()
    assert "epsilon 5 and delta 1e-06" in card
    assert "Accountant: Gaussian differential privacy" in card
    assert "No claim about privacy" not in card


def test_what_needs_the_rows_says_so(folder: Path) -> None:
    run = gansmith.load(folder / "run")
    with pytest.raises(UserError, match="does not know the rows"):
        run.evaluate(n=100)
    with pytest.raises(RunError, match="no discriminator"):
        run.judge(np.zeros((1, 3)))


def test_a_release_is_a_source(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "people.release"
    schema = str(folder / "people.json")
    with pytest.raises(SystemExit) as stop:
        main(["release", str(folder / "people.csv"), "--schema", schema, "--epsilon", "2",
              "--out", str(out)])  # fmt: skip
    assert not stop.value.code
    run = gansmith.train(out, tmp_path / "run", samples=64, settings=SMALL)
    assert len(run.sample(10)) == 10
    assert "epsilon 2 and delta 1e-06" in (tmp_path / "run" / "README.md").read_text()
    with pytest.raises(RunError, match="already"):
        gansmith.release(folder / "people.csv", out, schema=schema, epsilon=1)
    out.write_bytes(out.read_bytes()[:-9])
    with pytest.raises(SourceError, match="no release"):
        gansmith.train(out, tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "error", "hint"),
    [
        ({"epsilon": 0.0}, ConfigError, "no guarantee"),
        ({"epsilon": 1.0, "delta": 0.5}, ConfigError, "no guarantee"),
        ({"schema": ""}, ConfigError, "needs a schema"),
        ({"drop": "age"}, ConfigError, "does not say what 'age' holds"),
        ({"levels": "city"}, ConfigError, "does not allow"),
        ({"bounds": "age"}, ConfigError, "no bounds"),
    ],
)
def test_what_is_no_guarantee_is_refused(
    folder: Path, tmp_path: Path, change: dict[str, object], error: type, hint: str
) -> None:
    columns = json.loads((folder / "people.json").read_text())
    for column in columns:
        if column["name"] == change.get("levels"):
            column["levels"] = column["levels"][1:]
        if column["name"] == change.get("bounds"):
            column["low"] = column["high"]
    columns = [column for column in columns if column["name"] != change.get("drop")]
    (tmp_path / "own.json").write_text(json.dumps(columns))
    schema = change.get("schema", str(tmp_path / "own.json"))
    budget = {"epsilon": 1.0, **{k: v for k, v in change.items() if k in {"epsilon", "delta"}}}
    settings = {"data.schema": schema} if schema else {}
    with pytest.raises(error, match=hint):
        gansmith.train(folder / "people.csv", tmp_path / "run", settings=settings, **budget)
    assert not (tmp_path / "run").exists()
