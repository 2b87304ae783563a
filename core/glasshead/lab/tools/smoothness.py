"""Does normalisation make the loss smoother? Measured along the gradient, as in Santurkar et al. 2018.

At a point w with gradient g, the loss is evaluated at w − η g for several η:

    range          the largest loss minus the smallest: how little one step says of the next
    difference     largest ‖g(w − η g) − g(w)‖: how far the gradient can be trusted
    β              largest ‖g(w − η g) − g(w)‖ / (η ‖g‖): their "effective β-smoothness", a curvature

A flat loss is smooth too: a net that learns nothing has small figures. And β depends on the size of the weights, while
normalised layers do not depend on it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.lab.tools.progress import Progress, part, silent

Norm = Literal["none", "batch", "layer"]
NORMS: tuple[Norm, ...] = ("none", "batch", "layer")
ALONG = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Distances along the gradient, in learning rates."""
FEATURES, HIDDEN, CLASSES, EXAMPLES, BATCH = 20, 64, 8, 2048, 128


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The loss along one gradient."""

    loss: float
    """Loss at the starting point, in nats."""
    lowest: float
    highest: float
    """Smallest and largest loss along the gradient, without the starting point."""
    difference: float
    """Largest distance between a gradient along the way and the gradient at the start."""
    beta: float
    """Largest distance between gradients, divided by the distance between their points."""


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """The loss around one net at several moments of its training."""

    norm: str
    depth: int
    """Hidden layers."""
    steps: tuple[int, ...]
    """Training steps with a probe."""
    probes: tuple[Probe, ...]
    first: float
    """Loss of the first step, in nats."""
    last: float
    """Mean loss of the last tenth of the steps."""
    range: float
    """Median over the probes of the largest loss minus the smallest."""
    difference: float
    """Median over the probes."""
    beta: float
    """Median over the probes."""
    beta_first: float
    """β at the first step, before anything is learned."""


def landscape(norm: Norm, *, depth: int, rate: float, steps: int, seed: int, progress: Progress = silent) -> Landscape:
    """Train a net of `depth` hidden layers by plain gradient descent, and probe the loss at every fifth step.

    The task: the class that another, randomly drawn net gives to random inputs. rate: learning rate, without units.
    """
    features, labels = _task(seed)
    net = _net(norm, depth, seed)
    parameters = list(net.parameters())
    draw = torch.Generator().manual_seed(seed)
    losses, at, probes = [], [], []
    for step in range(steps):
        progress(step / steps, f"{depth} layers, normalisation {norm}, step {step + 1} of {steps}")
        some = torch.randint(EXAMPLES, (BATCH,), generator=draw)

        def loss_of(some: Tensor = some) -> Tensor:
            return F.cross_entropy(net(features[some]), labels[some])

        loss = loss_of()
        gradient = torch.autograd.grad(loss, parameters)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            break
        if step % 5 == 0:
            at.append(step + 1)
            probes.append(probe(loss_of, parameters, [rate * each for each in ALONG]))
        _move(parameters, gradient, rate)
    return Landscape(
        norm=norm,
        depth=depth,
        steps=tuple(at),
        probes=tuple(probes),
        first=losses[0],
        last=fmean(losses[-max(1, len(losses) // 10) :]),
        range=median(each.highest - each.lowest for each in probes),
        difference=median(each.difference for each in probes),
        beta=median(each.beta for each in probes),
        beta_first=probes[0].beta,
    )


def landscapes(
    depths: Sequence[int], *, rate: float, steps: int, seed: int, progress: Progress = silent
) -> tuple[Landscape, ...]:
    """Train every depth with every normalisation."""
    each = [(depth, norm) for depth in depths for norm in NORMS]
    return tuple(
        landscape(
            norm,
            depth=depth,
            rate=rate,
            steps=steps,
            seed=seed,
            progress=part(progress, number / len(each), (number + 1) / len(each)),
        )
        for number, (depth, norm) in enumerate(each)
    )


def probe(loss_of: Callable[[], Tensor], parameters: Sequence[Tensor], along: Sequence[float]) -> Probe:
    """Evaluate the loss along the gradient at these distances, and restore the parameters."""
    here = loss_of()
    gradient = torch.autograd.grad(here, parameters)
    size = _norm(gradient)
    old = [each.detach().clone() for each in parameters]
    losses, differences, betas = [], [], []
    try:
        for step in along:
            _move(parameters, gradient, step)
            there = loss_of()
            turned = torch.autograd.grad(there, parameters)
            _put(parameters, old)
            losses.append(there.item())
            differences.append(_norm([a - b for a, b in zip(turned, gradient, strict=True)]))
            betas.append(differences[-1] / (step * size) if size else 0.0)
    finally:
        _put(parameters, old)
    return Probe(
        loss=here.item(), lowest=min(losses), highest=max(losses), difference=max(differences), beta=max(betas)
    )


@torch.no_grad()
def _move(parameters: Sequence[Tensor], gradient: Sequence[Tensor], step: float) -> None:
    for each, slope in zip(parameters, gradient, strict=True):
        each.sub_(slope, alpha=step)


@torch.no_grad()
def _put(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for each, value in zip(parameters, values, strict=True):
        each.copy_(value)


def _norm(tensors: Sequence[Tensor]) -> float:
    return math.sqrt(sum(each.square().sum().item() for each in tensors))


def _task(seed: int) -> tuple[Tensor, Tensor]:
    """Draw inputs of mean 0 and variance 1, and label them by a random net of one hidden layer."""
    draw = torch.Generator().manual_seed(seed)
    features = torch.randn(EXAMPLES, FEATURES, generator=draw)
    first = 2 * torch.randn(FEATURES, 32, generator=draw) / FEATURES**0.5
    second = 2 * torch.randn(32, CLASSES, generator=draw) / 32**0.5
    return features, (torch.tanh(features @ first) @ second).argmax(-1)


def _net(norm: Norm, depth: int, seed: int) -> nn.Sequential:
    """Build linear, normalisation, ReLU for each hidden layer, with He et al. (2015) initial weights."""
    modules: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for number in range(depth):
            linear = nn.Linear(HIDDEN if number else FEATURES, HIDDEN)
            nn.init.kaiming_normal_(linear.weight)
            nn.init.zeros_(linear.bias)
            modules.append(linear)
            if norm == "batch":
                modules.append(nn.BatchNorm1d(HIDDEN))
            elif norm == "layer":
                modules.append(nn.LayerNorm(HIDDEN))
            modules.append(nn.ReLU())
        return nn.Sequential(*modules, nn.Linear(HIDDEN if depth else FEATURES, CLASSES))
