"""Learn: a game is its address; players move alone; the numbers shown are those of the game."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from gansmith.serving.limits import RefusedError
from gansmith.studio.app import create_app
from gansmith.studio.learn import table as tables
from gansmith.studio.learn.dirac import DiracPlay
from gansmith.studio.learn.draws import OwnDraws
from gansmith.studio.learn.faces import FacesPlay
from gansmith.studio.learn.play import Play
from gansmith.studio.learn.points import PENALTIES, PointsPlay, points_of
from gansmith.studio.learn.settings import MOST_MOVES, Settings, read_moves, write_moves
from gansmith.studio.learn.table import PLAYS, Table

SMALL = {"d_width": 8, "g_width": 8, "fourier": 4, "batch": 8}
GAMES = [
    Settings(**SMALL),
    Settings(
        **SMALL,
        source="drawn",
        drawing="AAf_",
        objective="hinge",
        d_steps=2,
        g_steps=3,
        latent_size=1,
    ),
    Settings(game="dirac", objective="minimax", penalty="r1", weight=1, d_lr=0.1, g_lr=0.1),
    Settings(game="faces"),
]
OBJECTIVES = ["relativistic", "non-saturating", "minimax", "least-squares", "hinge", "wasserstein"]
VISITOR = "a-visitor-of-tests"


def played(settings: Settings, moves: str) -> Play:
    play = PLAYS[settings.game](settings)
    for letter in read_moves(moves, play.letters, settings.round):
        play.move(letter)
    return play


def frame_of(play: Play, reached: bool = True) -> str:
    """All that a visitor can see, as it is sent."""
    assert reached
    return json.dumps([play.whole_frame(-1), play.scene()], allow_nan=False)


@given(st.text("dg", max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_moves_are_written_so_that_they_are_read_back(
    singles: str, d_steps: int, g_steps: int
) -> None:
    whole = Settings(d_steps=d_steps, g_steps=g_steps).round
    assert read_moves(write_moves(singles, whole), "rdg", whole) == singles


@pytest.mark.parametrize(
    "text", ["r", "5r", "r-1", "r0", "x1", "s1", "r1 ", "r1" * 5_000, "r999999"]
)
def test_what_is_no_sequence_of_moves_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        read_moves(text, "rdg")


@pytest.mark.parametrize("settings", GAMES, ids=lambda s: f"{s.game}-{s.source}")
def test_a_game_is_its_settings_and_its_moves(settings: Settings) -> None:
    moves = "s10" if settings.game == "faces" else "r2d3g1r1"
    whole = frame_of(played(settings, moves))
    assert frame_of(played(settings, moves)) == whole
    steps = Table()
    singles = read_moves(moves, PLAYS[settings.game].letters, settings.round)
    for count in range(len(singles) + 1):  # by one visitor, a move at a time
        so_far = write_moves(singles[:count], settings.round)
        found = steps.play(VISITOR, settings, so_far, lambda play, _: {"is": frame_of(play)})
    assert found["is"] == whole
    other = settings.model_copy(update={"seed": 1})
    assert settings.game != "points" or frame_of(played(other, moves)) != whole


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_activation_of_each_player_is_the_chosen_one(player: str) -> None:
    """Under a penalty that differentiates twice; a link without it means what it always meant."""
    names = {"leaky-relu": "LeakyReLU", "relu": "ReLU", "tanh": "Tanh", "silu": "SiLU"}
    frames = [frame_of(played(Settings(**SMALL, penalty="r1"), "r2"))]
    for name, layer in names.items():
        settings = Settings(**SMALL, penalty="r1", **{f"{player[0]}_activation": name})
        play = played(settings, "r2")
        frames.append(frame_of(play))
        layers = {type(module).__name__ for module in play.game.networks[player].modules()}
        assert layers & {*names.values()} == {layer}
    assert frames[0] == frames[1]
    assert len(set(frames)) == len(names)


def test_a_generator_that_is_named_is_the_one_that_is_drawn_from() -> None:
    named = [torch.Generator().manual_seed(2) for _ in range(2)]
    with OwnDraws(5):
        own = torch.randn(20, generator=named[0])
    assert torch.equal(own, torch.randn(20, generator=named[1]))


@pytest.mark.parametrize("settings", GAMES, ids=lambda s: f"{s.game}-{s.source}")
def test_first_weights_are_the_seeds_whatever_else_the_server_draws(settings: Settings) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    alone = frame_of(PLAYS[settings.game](settings))
    assert torch.equal(torch.get_rng_state(), before)
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            torch.randn(7)

    others = [threading.Thread(target=draw) for _ in range(2)]
    for other in others:
        other.start()
    try:
        assert frame_of(PLAYS[settings.game](settings)) == alone
    finally:
        ended.set()
        for other in others:
            other.join()


@pytest.mark.parametrize("settings", GAMES[:3], ids=lambda s: f"{s.game}-{s.source}")
@pytest.mark.parametrize(("letter", "mover"), [("d", "discriminator"), ("g", "generator")])
def test_a_player_who_moves_alone_changes_its_own_numbers_alone(
    settings: Settings, letter: str, mover: str
) -> None:
    play = played(settings, "r3")
    before = play.whole_frame(-1)
    play.move(letter)
    after = play.whole_frame(-1)
    for name in ("discriminator", "generator"):
        same = before["players"][name] == after["players"][name]
        assert same == (name != mover)
    if settings.game == "points":
        assert (before["fake"] == after["fake"]) == (mover == "discriminator")
        assert (before["counts"] == after["counts"]) or mover == "generator"


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_every_objective_and_penalty_can_be_played(objective: Any, penalty: Any) -> None:
    play = played(Settings(**SMALL, objective=objective, penalty=penalty), "r3")
    frame = json.loads(frame_of(play))[0]
    assert not frame["diverged"]
    assert len(frame["errors"]) == 6
    assert len(frame["fake"]) == 600
    assert frame["heat"]["is_probability"] == (objective in ("minimax", "non-saturating"))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_dashed_line_is_the_loss_where_fake_equals_real(objective: Any) -> None:
    # In the Dirac game that is where both numbers are 0.
    play = DiracPlay(Settings(game="dirac", objective=objective, penalty="none"))
    play._put(0.0, 0.0)
    for letter in "dg":
        play._put(0.0, 0.0)
        play.move(letter)
    losses = [play.tallies[name].loss for name in ("discriminator", "generator")]
    assert losses == pytest.approx(play.equilibrium)


def test_a_game_that_diverges_says_so_and_stands_still() -> None:
    play = played(Settings(**SMALL, optimizer="sgd", d_lr=10, g_lr=10, objective="least-squares",
                           penalty="none"), "r200")  # fmt: skip
    frame = json.loads(frame_of(play))[0]
    assert frame["diverged"]
    assert frame["count"] == 400
    assert sum(tally["moves"] for tally in frame["players"].values()) < 400


def test_few_training_points_are_those_that_are_shown() -> None:
    settings = Settings(source="spiral", samples=7)
    train, held, _ = points_of(settings)
    assert len(train) == 7
    assert not set(map(tuple, train)) & set(map(tuple, held))
    play = PointsPlay(settings)
    assert len(play.scene()["real"]) == 14
    assert play._copied(train) == 1.0


def test_a_drawing_is_where_it_was_drawn() -> None:
    # Column 0 of row 0 is the top left; the last of both the bottom right.
    train, _, truth = points_of(Settings(source="drawn", drawing="AA__"))
    (left, top), (right, bottom) = truth["centres"]
    assert left == -right == pytest.approx(-3, abs=0.05)
    assert top == -bottom == pytest.approx(3, abs=0.05)
    assert abs(train).max() < 3.5


# -- the slanted faces -----------------------------------------------------------------------------

GOLDEN = {  # docs/slanted-faces.md: the three steps of the first move
    1: {"logit": [1.78559063], "answer": [0.85638582], "loss": [0.15503428],
        "slope": [-0.14361418], "w_after": [0.49815029, -0.13826430, 0.64768854, 1.52446600],
        "b_after": [-0.23271723]},
    2: {"z": [0.43194502], "a": [0.44142575, 0.21871542, -0.13424015, 0.03917515],
        "x": [0.60859871, 0.55446192, 0.46649027, 0.50979253], "logit": [1.07309589],
        "answer": [0.74518522], "loss": [1.36721836],
        "w_after": [0.49361511, -0.14239607, 0.64421232, 1.52066710], "b_after": [-0.24016909]},
    3: {"answer": [0.74212347], "loss": [0.29823964],
        "by_pixel": [-0.12729175, 0.03672060, -0.16612724, -0.39214435],
        "by_activation": [0.23820632, 0.24703390, 0.24887710, 0.24990411],
        "a_gradient": [-0.03032170, 0.00907123, -0.04134526, -0.09799848],
        "v_after": [-0.23400598, 1.57917363, 0.76761332, -0.46905109],
        "c_after": [0.54286326, -0.46350841, -0.46531630, 0.24294226]},
}  # fmt: skip


@pytest.mark.parametrize("steps", GOLDEN)
def test_the_first_move_has_the_numbers_of_the_page(steps: int) -> None:
    play = played(Settings(game="faces"), f"s{steps}")
    assert isinstance(play, FacesPlay)
    assert play.last is not None
    for name, values in GOLDEN[steps].items():
        assert play.last[name] == pytest.approx(values, abs=5e-9), name


def test_the_formulas_shown_are_what_moves_the_weights() -> None:
    play = FacesPlay(Settings(game="faces"))
    for step in range(60):
        play.move("s")
        last = play.last
        assert last is not None
        for name in "wbvc":
            gradient = last.get(f"{name}_gradient", [0.0] * len(last[f"{name}_before"]))
            moved = [w - 0.01 * g for w, g in zip(last[f"{name}_before"], gradient, strict=True)]
            assert last[f"{name}_after"] == pytest.approx(moved, abs=1e-12), (step, name)
        name = "generator" if step % 3 == 2 else "discriminator"
        if step % 3 != 1:  # the step on the fake notes both errors, as the textbook does
            assert last["loss"] == pytest.approx([play.tallies[name].loss])


# -- the Dirac game --------------------------------------------------------------------------------


def test_the_field_is_the_way_that_the_players_go() -> None:
    settings = Settings(
        game="dirac", objective="minimax", penalty="r1", weight=0.7, d_lr=0.1, g_lr=0.1
    )
    play = DiracPlay(settings)
    theta, psi, generator, discriminator = next(
        at for at in play.scene()["field"] if at[0] > 0.5 and at[1] > 0.5
    )
    for letter, moved in (
        ("d", (theta, psi + 0.1 * discriminator)),
        ("g", (theta + 0.1 * generator, psi)),
    ):
        play._put(theta, psi)
        play.move(letter)
        assert play.at == pytest.approx(moved, abs=1e-4)


def test_the_dirac_game_circles_without_r1_and_comes_home_with_it() -> None:
    circling = Settings(game="dirac", objective="minimax", penalty="none", d_lr=0.1, g_lr=0.1)
    damped = circling.model_copy(update={"penalty": "r1", "weight": 1.0})
    assert math.hypot(*played(circling, "r300").at) > 1.0  # type: ignore[attr-defined]
    assert math.hypot(*played(damped, "r300").at) < 1e-3  # type: ignore[attr-defined]


# -- the table -------------------------------------------------------------------------------------


def test_the_table_is_bounded_and_a_dropped_game_is_played_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(tables, "MOST_GAMES", 3)
    table = Table()
    look = lambda play, _: {"is": frame_of(play), "of": id(play)}  # noqa: E731
    first = table.play("visitor-0", GAMES[2], "r5", look)
    for number in range(1, 4):
        table.play(f"visitor-{number}", GAMES[2], "r1", look)
    assert len(table) == 3
    again = table.play("visitor-0", GAMES[2], "r5", look)
    assert again["is"] == first["is"]
    assert again["of"] != first["of"]
    assert len(table) == 3


def test_a_game_that_nobody_looks_at_is_dropped() -> None:
    clock = iter([0.0, 0.0, 0.0, 0.0, *[1e4] * 20])
    table = Table(clock=lambda: next(clock))
    table.play("visitor-0", GAMES[2], "r1", lambda play, _: {})
    table.play("visitor-1", GAMES[2], "r1", lambda play, _: {})
    assert len(table) == 1


def test_too_many_at_once_are_told_to_come_again(monkeypatch: Any) -> None:
    table, told = Table(), []

    def look(play: Play, there: bool) -> dict[str, Any]:
        with pytest.raises(RefusedError) as refused:  # another one, while this one looks
            table.play("visitor-1", GAMES[2], "r1", lambda play, _: {})
        told.append((refused.value.code, refused.value.retry_seconds))
        return {"there": there}

    monkeypatch.setattr(tables, "MOST_WAITING", 1)
    assert table.play("visitor-0", GAMES[2], "r1", look)["there"]
    assert told == [(503, 2)]
    assert table.play("visitor-1", GAMES[2], "r1", lambda play, there: {"there": there})["there"]


def test_a_long_way_is_gone_in_slices() -> None:
    time = iter(range(10_000))
    table = Table(clock=lambda: float(next(time)))
    went = []
    while not (went and went[-1][1]):
        look = lambda play, there: {"at": (len(play.singles), there)}  # noqa: E731
        went.append(table.play(VISITOR, GAMES[2], "r3", look)["at"])
    assert [count for count, _ in went] == [1, 2, 3, 4, 5, 6]


# -- the routes ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(), base_url="http://localhost") as opened:
        yield opened


def ask(client: TestClient, route: str = "frame", **wish: Any) -> Any:
    body = {"visitor": VISITOR, "settings": {"game": "dirac", "d_lr": 0.1, "g_lr": 0.1}, **wish}
    return client.post(f"/api/learn/{route}", json=body)


def test_a_frame_over_http(client: TestClient) -> None:
    first = ask(client, scene=True).json()
    assert (first["moves"], first["count"], first["there"]) == ("", 0, True)
    assert first["scene"]["half"] == 2.0
    later = ask(client, moves="r2d1").json()
    assert (later["moves"], later["count"]) == ("r2d1", 5)
    assert "scene" not in later
    assert len(later["errors"]) == 5
    assert len(ask(client, moves="r3", known=later["errors"][-1][0]).json()["errors"]) == 1


@pytest.mark.parametrize(
    "wish",
    [
        {"visitor": "x"}, {"visitor": "../../etc/passwd"}, {"moves": "r999999"}, {"moves": "x1"},
        {"moves": "r1" * 5_000}, {"known": -7}, {"settings": {"game": "chess"}}, {"more": 1},
        {"settings": {"d_width": 10_000}}, {"settings": {"d_lr": "nan"}}, {"settings": {"x": 1}},
        {"settings": {"drawing": "abc"}}, {"settings": {"drawing": "A" * 402}},
        {"settings": {"weight": -1}}, {"settings": {"seed": 2**31}}, {"settings": {"batch": 1e9}},
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused_in_words(client: TestClient, wish: Any) -> None:
    answer = ask(client, **wish)
    assert answer.status_code == 422
    assert answer.json()["error"]


BROKEN_DRAWINGS = {"abc": "broken", "ab!?": "broken", "A" * 402: "more than 200 places"}


@pytest.mark.parametrize("drawing", BROKEN_DRAWINGS)
def test_a_broken_drawing_is_said_in_a_sentence(client: TestClient, drawing: str) -> None:
    answer = ask(client, settings={"source": "drawn", "drawing": drawing})
    assert answer.status_code == 422
    assert BROKEN_DRAWINGS[drawing] in answer.json()["error"]
    assert not set(answer.json()["error"]) & set("^$[]{}")
    assert "raw anew" in answer.json()["fix"]


def test_the_choices_are_the_settings(client: TestClient) -> None:
    choices = client.get("/api/learn/choices").json()
    assert set(choices["settings"]) == set(Settings.model_fields)
    assert choices["most_moves"] == MOST_MOVES
    for case in choices["cases"]:
        settings = Settings(**case["settings"])
        assert read_moves(case["moves"], PLAYS[settings.game].letters, settings.round)


def test_a_fresh_critic_of_points_over_http(client: TestClient) -> None:
    found = ask(client, "critic", settings=SMALL).json()
    # Nobody has moved yet: any critic tells these fakes.
    assert found["fresh"][0] > 0.95
    assert found["fresh"][1] <= found["fresh"][0] <= found["fresh"][2]
    assert found["num_test"] == 500


def test_the_dirac_game_has_nothing_to_ask_a_critic(client: TestClient) -> None:
    answer = ask(client, "critic")
    assert answer.status_code == 422
    assert "nothing for a fresh critic" in answer.json()["error"]
