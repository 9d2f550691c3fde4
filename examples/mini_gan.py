"""The whole idea on one screen, with torch alone: a GAN for 8 Gaussians on a ring.

A generator turns latents into points; a discriminator tells real points from fake ones; each gets
better at beating the other. The names are those of the package, which does the same at large.

    python examples/mini_gan.py                  # under 20 seconds; writes mini_gan.png
"""

from __future__ import annotations

import argparse
import copy
import math

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

LATENT_SIZE, WIDTH, BATCH = 8, 64, 256
MODES, RADIUS, SIGMA = 8, 2.0, 0.02
GAMMA = 0.05  # weight of the penalties at the start; it falls a hundredfold


def draw_real(n: int) -> Tensor:
    """(n, 2) points of the true distribution."""
    angle = torch.randint(MODES, (n,)) * (2 * math.pi / MODES)
    centres = RADIUS * torch.stack([angle.cos(), angle.sin()], 1)
    return centres + SIGMA * torch.randn(n, 2)


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """Three hidden layers."""
    layers: list[nn.Module] = []
    for before in (inputs, WIDTH, WIDTH):
        linear = nn.Linear(before, WIDTH)
        nn.init.kaiming_normal_(linear.weight, a=0.2)
        layers += [linear, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(WIDTH, outputs))


class Objective:
    """Relativistic pairing: is this real sample more real than that fake (arXiv:2501.05441)?"""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Logits of real and fake -> the discriminator's loss."""
        return F.softplus(fake - real)

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The same with the roles exchanged."""
        return F.softplus(real - fake)


def penalties(logits: Tensor, points: list[Tensor]) -> list[Tensor]:
    """How steep the discriminator is: half its squared gradient at each point."""
    gradients = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return [0.5 * gradient.square().sum(1) for gradient in gradients]


def discriminator_loss(
    generator: nn.Module, discriminator: nn.Module, objective: Objective, gamma: float
) -> Tensor:
    """Tell real from fake, and stay smooth."""
    real = draw_real(BATCH).requires_grad_()
    fake = generator(torch.randn(BATCH, LATENT_SIZE)).detach().requires_grad_()
    real_logits, fake_logits = discriminator(real), discriminator(fake)
    r1, r2 = penalties(real_logits + fake_logits, [real, fake])
    loss = objective.discriminator(real_logits, fake_logits).mean()
    return loss + gamma * (r1 + r2).mean()


def generator_loss(generator: nn.Module, discriminator: nn.Module, objective: Objective) -> Tensor:
    """Be taken for real."""
    fake = generator(torch.randn(BATCH, LATENT_SIZE))
    return objective.generator(discriminator(draw_real(BATCH)), discriminator(fake)).mean()


def move(player: torch.optim.Optimizer, loss: Tensor, lr: float) -> float:
    """One step of one player; its loss."""
    player.param_groups[0]["lr"] = lr
    player.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    player.step()
    return loss.item()


def train(num_samples: int) -> nn.Module:
    """Play rounds until the discriminator has seen ``num_samples``; the averaged generator."""
    generator, discriminator = perceptron(LATENT_SIZE, 2), perceptron(2, 1)
    average = copy.deepcopy(generator)
    objective, rounds = Objective(), max(1, num_samples // BATCH)
    critic = torch.optim.Adam(discriminator.parameters(), betas=(0.0, 0.99))
    artist = torch.optim.Adam(generator.parameters(), betas=(0.0, 0.99))
    for step in range(rounds):
        share = 0.5 + 0.5 * math.cos(math.pi * step / rounds)  # one cosine, from 1 to 0
        lr, gamma = 1e-4 + 2e-3 * share, GAMMA * 0.01 ** (1 - share)
        loss = discriminator_loss(generator, discriminator, objective, gamma)
        d = move(critic, loss, lr)
        discriminator.requires_grad_(False)  # only the player who moves learns
        g = move(artist, generator_loss(generator, discriminator, objective), lr)
        discriminator.requires_grad_(True)
        for mean, weight in zip(average.parameters(), generator.parameters(), strict=True):
            mean.data.lerp_(weight.data, 0.005)
        if step % max(1, rounds // 10) == 0 or step == rounds - 1:
            print(f"{(step + 1) * BATCH:>8,} samples  D {d:.3f}  G {g:.3f}")
    return average


def quality(fake: Tensor) -> tuple[int, float]:
    """Modes that were reached, and the share of fakes within 3 sigma of one."""
    angle = torch.arange(MODES) * (2 * math.pi / MODES)
    distance = torch.cdist(fake, RADIUS * torch.stack([angle.cos(), angle.sin()], 1))
    nearest, mode = distance.min(1)
    near = nearest < 3 * SIGMA
    return len(set(mode[near].tolist())), near.float().mean().item()


def draw(fake: Tensor, path: str, pixels: int = 400) -> None:
    """Write points as a picture, dark where they are dense."""
    places = ((fake / (1.5 * RADIUS) + 1) / 2 * pixels).long().clamp(0, pixels - 1)
    counts = torch.zeros(pixels, pixels).index_put_(
        (pixels - 1 - places[:, 1], places[:, 0]), torch.ones(len(fake)), accumulate=True
    )
    shade = 255 - 255 * (counts / counts.quantile(0.999).clamp(min=1)).clamp(max=1).sqrt()
    Image.fromarray(shade.byte().numpy()).save(path)


def main() -> None:
    """Train, measure, draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=700_000)
    parser.add_argument("--out", default="mini_gan.png")
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)  # networks this small gain nothing from more
    generator = train(given.samples)
    with torch.no_grad():
        fake = generator(torch.randn(10_000, LATENT_SIZE))
    modes, share = quality(fake)
    print(f"{modes} of {MODES} modes, {share:.1%} within 3 sigma (of real points: 98.9%)")
    draw(fake, given.out)
    print(f"Written: {given.out}")


if __name__ == "__main__":
    main()
