"""The layers that several networks share."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck, gradgradcheck

from gansmith.config import Cosine
from gansmith.errors import ConfigError
from gansmith.nn.activation import activation, normalization
from gansmith.nn.condition import EmbeddedLatent, ProjectionHead
from gansmith.nn.fourier import FourierFeatures
from gansmith.nn.initialise import LEAKY_GAIN, initialise, scaled_normal
from gansmith.nn.resample import (
    DoublingConv2d,
    Downsample,
    HalvingConv2d,
    Upsample,
    halvings,
    widths,
)
from gansmith.nn.residual import LearnedBasis, ResidualBlock
from gansmith.nn.spectral import spectrally_normalised
from gansmith.protocols import Condition

side = st.integers(1, 70)
quick = settings(deadline=None, max_examples=30)


@given(height=side, width=side, smallest=st.integers(1, 8))
@quick
def test_halvings(height: int, width: int, smallest: int) -> None:
    sizes = halvings(height, width, smallest)
    assert sizes[0] == (height, width)
    assert max(sizes[-1]) <= smallest or len(sizes) == 1
    for large, small in pairwise(sizes):
        assert small == tuple(math.ceil(n / 2) for n in large)
        assert max(large) > smallest


def test_halvings_at_least() -> None:
    assert halvings(3, 1, 8, at_least=2) == [(3, 1), (2, 1), (1, 1)]


def test_widths() -> None:
    assert widths(4, 16, 3, 100) == [16, 48, 100, 100]


@given(height=side, width=side, channels=st.integers(1, 3))
@quick
def test_resampling_fits_any_size_and_keeps_constants(
    height: int, width: int, channels: int
) -> None:
    flat = torch.full((2, channels, height, width), 0.7)
    small = Downsample()(flat)
    assert small.shape[2:] == halvings(height, width, 1, at_least=1)[1]
    torch.testing.assert_close(small, torch.full_like(small, 0.7))
    torch.testing.assert_close(Upsample((height, width))(small), flat)


def test_resampling_weighs_by_1_3_3_1() -> None:
    line = torch.zeros(1, 1, 1, 8)
    line[..., 3] = 8.0
    assert Downsample()(line).flatten().tolist() == pytest.approx([0, 3, 1, 0])
    # Doubling puts 3/4 and 1/4 of a pixel on its neighbours, as bilinear interpolation does.
    doubled = Upsample((1, 16))(line)
    expected = nn.functional.interpolate(line, scale_factor=2, mode="bilinear")[:, :, :1]
    torch.testing.assert_close(doubled, expected)


@pytest.mark.parametrize("layer", [Downsample(), Upsample((7, 5)), HalvingConv2d(2, 3)])
def test_resampling_can_be_differentiated_twice(layer: nn.Module) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(layer.double(), x)
    assert gradgradcheck(layer.double(), x)


@given(height=side, width=side)
@quick
def test_strided_convolutions_fit_any_size(height: int, width: int) -> None:
    x = torch.randn(1, 2, height, width)
    small = HalvingConv2d(2, 3)(x)
    assert small.shape[1:] == (3, *halvings(height, width, 1, at_least=1)[1])
    assert DoublingConv2d(3, 2, (height, width))(small).shape == x.shape


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Linear(300, 200), 300),
        (nn.Conv2d(32, 64, 3), 32 * 9),
        (nn.Conv2d(32, 64, 3, groups=4), 8 * 9),
        (HalvingConv2d(32, 64), 32 * 16),
        (DoublingConv2d(64, 32, (8, 8)), 64 * 4),
    ],
    ids=str,
)
def test_weights_start_scaled_by_what_they_sum(
    layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, inputs: int
) -> None:
    torch.manual_seed(0)
    weight = scaled_normal(layer, gain=2.0).weight
    assert weight.std().item() == pytest.approx(2 / math.sqrt(inputs), rel=0.05)
    assert abs(weight.mean().item()) < 0.1 * weight.std().item()
    assert layer.bias is not None
    assert not layer.bias.any()


def test_the_signal_keeps_its_size_through_layers() -> None:
    torch.manual_seed(0)
    layers = [(scaled_normal(nn.Linear(512, 512), LEAKY_GAIN), activation("leaky-relu"))] * 6
    x = nn.Sequential(*[part for pair in layers for part in pair])(torch.randn(64, 512))
    # The root mean square of what goes into the next layer, times the gain of none.
    assert x.square().mean().sqrt().item() == pytest.approx(1.0, rel=0.2)


def test_dcgan_start() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(16, 64, 4), nn.BatchNorm2d(64), nn.ConvTranspose2d(64, 8, 4))
    initialise(network, "dcgan")
    convolution, norm, transposed = (layer.weight for layer in network)
    assert convolution.std().item() == pytest.approx(0.02, rel=0.05)
    assert transposed.std().item() == pytest.approx(0.02, rel=0.05)
    assert norm.mean().item() == pytest.approx(1.0, abs=0.02)
    with pytest.raises(ConfigError, match="init cannot be"):
        initialise(network, "dcgann")


@pytest.mark.parametrize("group_size", [0, 4])
def test_a_residual_block_starts_as_the_identity(group_size: int) -> None:
    block, x = ResidualBlock(8, 6, 2, group_size), torch.randn(2, 8, 5, 3)
    assert torch.equal(block(x), x)
    inner = block.layers[2]
    assert isinstance(inner, nn.Conv2d)
    assert inner.groups == (16 // group_size if group_size else 1)


def test_deep_residual_networks_start_smaller() -> None:
    """By L^(-1/4) in each of the two layers that do not start at zero."""
    torch.manual_seed(0)
    one, sixteen = (ResidualBlock(64, n, 2, 0).layers[0].weight.std().item() for n in (1, 16))
    assert one / sixteen == pytest.approx(2.0, rel=0.05)


def test_groups_must_fit() -> None:
    with pytest.raises(ConfigError, match="groups of 7"):
        ResidualBlock(8, 1, 2, 7)


def test_a_learned_basis_is_linear_in_the_latent() -> None:
    basis, z = LearnedBasis(3, 4, (2, 5)), torch.randn(6, 3)
    assert basis(z).shape == (6, 4, 2, 5)
    torch.testing.assert_close(basis(2 * z), 2 * basis(z))


def test_an_embedded_latent_keeps_the_latent() -> None:
    layer, z = EmbeddedLatent(3, 5, class_size=2), torch.randn(4, 3)
    out = layer(z, Condition(classes=torch.tensor([0, 4, 0, 1])))
    assert out.shape == (4, layer.size) == (4, 5)
    assert torch.equal(out[:, :3], z)
    assert torch.equal(out[0, 3:], out[2, 3:])
    assert not torch.equal(out[0, 3:], out[1, 3:])
    plain = EmbeddedLatent(3, 0)
    assert plain(z, Condition()) is z
    with pytest.raises(AssertionError, match="classes"):
        layer(z, Condition())


def test_the_projection_head_by_hand() -> None:
    head, h = ProjectionHead(3, 2, class_size=4), torch.randn(1, 3)
    assert head.embedding is not None
    v, rest = head.linear.weight[0], head.linear.weight[1:]
    expected = h @ v + (head.embedding.weight[1] @ (rest @ h[0])) / 2
    torch.testing.assert_close(head(h, Condition(classes=torch.tensor([1]))), expected)
    plain = ProjectionHead(3, 0)
    torch.testing.assert_close(plain(h, Condition()), plain.linear(h)[:, 0])


def test_fourier_features() -> None:
    torch.manual_seed(0)
    layer, x = FourierFeatures(2, 100, 0.5, 60.0, Cosine(1.0, 0.6)), torch.randn(5, 2)
    assert layer(x).shape == (5, layer.size) == (5, 202)
    torch.testing.assert_close(layer(x)[:, :2], x)
    frequencies = layer.directions.norm(dim=0)[:100]
    assert 0.5 < frequencies.min() < 0.53
    assert 57 < frequencies.max() < 60
    for progress, decay in ((0.0, 1.0), (1.0, 0.6)):
        layer.follow(progress)
        sines, cosines = layer(x)[:, 2:].chunk(2, 1)
        squares = 2 * (frequencies / 0.5) ** (-2 * decay)
        torch.testing.assert_close(sines**2 + cosines**2, squares.expand(5, -1))


def test_spectral_norm_bounds_every_matrix() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 8, 3), nn.Flatten(), nn.Linear(8 * 4 * 4, 5))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(10)
    spectrally_normalised(network)
    for _ in range(50):
        network(torch.randn(1, 2, 6, 6))
    for layer in (network[0], network[2]):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert largest.item() == pytest.approx(1.0, rel=0.02)


def test_unknown_names_are_config_errors() -> None:
    with pytest.raises(ConfigError, match="leaky"):
        activation("leaky")
    with pytest.raises(ConfigError, match="normalization cannot be 'layer'"):
        normalization("layer", 3)
