"""Every registered network: shapes, classes, gradients, and what is special about some."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gansmith import registry
from gansmith.config import Component, Scalar
from gansmith.errors import ConfigError
from gansmith.modalities.image import discriminator
from gansmith.modalities.image import generator as _image_g  # noqa: F401
from gansmith.modalities.points import discriminator as _points_d  # noqa: F401
from gansmith.modalities.points import generator as _points_g  # noqa: F401
from gansmith.protocols import Condition, Spec

Options = dict[str, Scalar]
SMALL: dict[str, Options] = {
    "residual": {"width": 4, "max_width": 8, "blocks": 1, "group_size": 4},
    "convolutional": {"width": 2, "growth": 2, "max_width": 8},
    "pyramid": {"width": 2, "max_width": 4},
    "one-layer": {},
    "mlp": {"width": 8, "depth": 2},
}
LATENT_SIZE = 3


def networks(name: str, spec: Spec, **options: Scalar) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    component = Component(name, SMALL[name] | options)
    return (
        registry.build("generator", component, spec, LATENT_SIZE),
        registry.build("discriminator", component, spec),
    )


def condition(n: int, spec: Spec) -> Condition:
    return Condition(classes=torch.arange(n) % spec.num_classes if spec.num_classes else None)


@pytest.mark.parametrize("name", ["residual", "convolutional", "pyramid"])
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 40), st.integers(1, 70)),
    num_classes=st.sampled_from([0, 3]),
)
@settings(deadline=None, max_examples=8)
def test_pictures_of_any_shape(name: str, shape: tuple[int, ...], num_classes: int) -> None:
    spec = Spec(shape, num_classes)
    g, d = networks(name, spec)
    fake = g(torch.randn(2, LATENT_SIZE), condition(2, spec))
    assert fake.shape == (2, *shape)
    assert d(fake, condition(2, spec)).shape == (2,)


@pytest.mark.parametrize("size", [(7, 7), (28, 28), (25, 25), (64, 48), (1, 70), (1, 1)])
@pytest.mark.parametrize("name", SMALL)
def test_every_network_learns_from_every_weight(name: str, size: tuple[int, int]) -> None:
    spec = Spec((2, *size) if name != "mlp" else size[:1], num_classes=2)
    g, d = networks(name, spec)
    # Residual blocks start silent; past the start every weight must count.
    with torch.no_grad():
        for parameter in (*g.parameters(), *d.parameters()):
            parameter.add_(0.05 * torch.randn_like(parameter))
    d(g(torch.randn(4, LATENT_SIZE), condition(4, spec)), condition(4, spec)).sum().backward()
    for network in (g, d):
        for path, parameter in network.named_parameters():
            assert parameter.grad is not None, path
            assert torch.isfinite(parameter.grad).all(), path
            assert parameter.grad.any(), path


@pytest.mark.parametrize("name", SMALL)
def test_the_class_changes_the_answer(name: str) -> None:
    spec = Spec((1, 6, 6), num_classes=4)
    g, d = networks(name, spec)
    classes = [Condition(classes=torch.full((1,), c)) for c in range(4)]
    latent, x = torch.randn(1, LATENT_SIZE), torch.randn(1, 1, 6, 6)
    fakes, logits = [g(latent, c) for c in classes], [d(x, c).item() for c in classes]
    assert all(not torch.allclose(fakes[0], other) for other in fakes[1:])
    assert len(set(logits)) == 4


@pytest.mark.parametrize("name", SMALL)
def test_without_classes_none_are_needed(name: str) -> None:
    g, d = networks(name, Spec((1, 6, 6)))
    assert d(g(torch.randn(2, LATENT_SIZE), Condition()), Condition()).shape == (2,)
    assert not [m for n in (g, d) for m in n.modules() if isinstance(m, nn.Embedding)]


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_decides_the_weights(name: str) -> None:
    spec = Spec((1, 6, 6), num_classes=2)
    for one, other in zip(networks(name, spec), networks(name, spec), strict=True):
        state = other.state_dict()
        assert all(torch.equal(v, state[k]) for k, v in one.state_dict().items())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions(name: str, dtype: torch.dtype) -> None:
    spec = Spec((1, 9, 6), num_classes=2)
    g, d = (network.to(dtype) for network in networks(name, spec))
    fake = g(torch.randn(2, LATENT_SIZE, dtype=dtype), condition(2, spec))
    assert fake.dtype == d(fake, condition(2, spec)).dtype == dtype


@pytest.mark.parametrize("name", SMALL)
def test_a_sample_does_not_depend_on_its_batch(name: str) -> None:
    spec = Spec((1, 6, 6), num_classes=2)
    g, d = (network.double() for network in networks(name, spec))
    latent = torch.randn(4, LATENT_SIZE, dtype=torch.float64)
    together = g(latent, condition(4, spec))
    alone = g(latent[:1], condition(1, spec))
    torch.testing.assert_close(together[:1], alone)
    torch.testing.assert_close(d(together, condition(4, spec))[:1], d(alone, condition(1, spec)))


@pytest.mark.parametrize(("ending", "low"), [("tanh", -1.0), ("sigmoid", 0.0)])
@pytest.mark.parametrize("name", ["residual", "convolutional", "mlp"])
def test_the_generator_ends_as_the_codec_asks(name: str, ending: str, low: float) -> None:
    options: Options = {"bounded": True} if name == "residual" else {}
    component = Component(name, SMALL[name] | options)
    g = registry.build("generator", component, Spec((1, 6, 6), activation=ending), LATENT_SIZE)
    fake = g(100 * torch.randn(64, LATENT_SIZE), Condition())
    assert low <= fake.min() < low + 0.1
    assert 0.9 < fake.max() <= 1.0
    linear = registry.build("generator", Component(name, SMALL[name]), Spec((1, 6, 6)), LATENT_SIZE)
    assert linear(100 * torch.randn(64, LATENT_SIZE), Condition()).abs().max() > 1


def test_the_residual_generator_is_unbounded_unless_asked() -> None:
    g, _ = networks("residual", Spec((1, 6, 6), activation="tanh"))
    assert g(100 * torch.randn(64, LATENT_SIZE), Condition()).abs().max() > 1


def test_pictures_lie_channels_last() -> None:
    for name in ("residual", "convolutional"):
        g, _ = networks(name, Spec((3, 8, 8)))
        fake = g(torch.randn(2, LATENT_SIZE), Condition())
        assert fake.is_contiguous(memory_format=torch.channels_last)


def test_the_papers_dcgan() -> None:
    """Radford et al. 2016, figure 1: 4 halvings from 64x64 to 1024 channels of 4x4, width 128."""
    paper: Options = {"growth": 2, "smallest": 4, "normalization": "batch", "init": "dcgan"}
    spec = Spec((3, 64, 64), activation="tanh")
    wide = Component("convolutional", paper | {"width": 128, "max_width": 1024})
    g = registry.build("generator", wide, spec, 100)
    d = registry.build("discriminator", Component("convolutional", paper), spec)
    assert g.start == (4, 4, 1024)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in g.modules()) == 4
    assert sum(isinstance(m, nn.BatchNorm2d) for m in d.modules()) == 3
    assert d.batch_statistics
    assert not discriminator.ConvolutionalDiscriminator(spec).batch_statistics


def test_spectral_norm_is_an_option() -> None:
    torch.manual_seed(0)
    d = discriminator.ConvolutionalDiscriminator(Spec((1, 16, 16)), spectral_norm=True)
    x = torch.randn(8, 1, 16, 16, requires_grad=True)
    for _ in range(30):
        logits = d(x, Condition())
    (gradient,) = torch.autograd.grad(logits.sum(), x)
    # A 4x4 kernel of stride 2 shows each pixel to 4 outputs: at most twice the norm a layer.
    assert gradient.flatten(1).norm(dim=1).max() < 2**2


def test_one_layer_is_its_formula() -> None:
    """The textbook's weights are the first draws of NumPy's legacy generator of seed 42."""
    drawn = np.random.RandomState(42).standard_normal(13)
    component, spec = Component("one-layer", {"init": "textbook"}), Spec((1, 2, 2))
    g, d = (
        registry.build("generator", component, spec, 1),
        registry.build("discriminator", component, spec),
    )
    z = 0.3745401188473625
    face = 1 / (1 + np.exp(-(z * drawn[5:9] + drawn[9:13])))
    fake = g(torch.tensor([[z]], dtype=torch.float64), Condition())
    assert fake.shape == (1, 1, 2, 2)
    np.testing.assert_allclose(fake.detach().flatten().numpy(), face, rtol=1e-14)
    logit = d(fake, Condition()).item()
    assert logit == pytest.approx(face @ drawn[:4] + drawn[4], rel=1e-14)


def test_the_textbook_has_weights_for_its_own_size_alone() -> None:
    component = Component("one-layer", {"init": "textbook"})
    for kind, context in (("generator", (Spec((9,)), 1)), ("discriminator", (Spec((9,)),))):
        with pytest.raises(ConfigError, match="textbook has"):
            registry.build(kind, component, *context)


def test_options_are_checked_by_the_registry() -> None:
    with pytest.raises(ConfigError, match="no option 'widht'"):
        registry.build("generator", Component("residual", {"widht": 4}), Spec((1, 4, 4)), 2)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "linear"])
def test_a_pyramid_starts_from_the_mean_sample(activation: str) -> None:
    mean = torch.rand(1, 9, 12) * 0.8 + 0.1
    g, _ = networks("pyramid", Spec((1, 9, 12), activation=activation, mean=mean))
    for layer in g.to_picture:  # without what the latent draws
        nn.init.zeros_(layer.weight)
    fake = g(torch.randn(2, LATENT_SIZE), Condition())
    torch.testing.assert_close(fake, mean.expand(2, -1, -1, -1))
