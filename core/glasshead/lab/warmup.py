"""Why the learning rate rises before it falls (section 5.3), and why post-norm is what needs it.

    rate(step) = d_model^-0.5 · min(step^-0.5, step · warmup^-1.5)          peak 1/√(d_model · warmup) at step = warmup

Four small models learn the same task: post- and pre-norm, each with the rise and without it. Both rates have the same
peak and the same fall; the one without begins at the peak. Beside the losses stands what makes the first steps
dangerous: how gradients are spread over the layers at initialisation, how far Adam moves the parameters in its first
updates, and what is left of the gradients when those updates are made.
"""

from dataclasses import dataclass
from math import log, nan
from typing import Literal

import torch
from torch import Tensor

from glasshead.lab.tools import checks
from glasshead.lab.tools import small_training as little
from glasshead.lab.tools.checks import real, whole
from glasshead.lab.tools.curve import POINTS, binned
from glasshead.lab.tools.schedule import noam
from glasshead.lab.tools.telling import Told, named, part, silent
from glasshead.model import Config, Transformer
from glasshead.training import schedule
from glasshead.training.loss import smoothed

Norm = Literal["post", "pre"]
NORMS: tuple[Norm, ...] = ("post", "pre")
WIDTH, HEADS, LETTERS, LONGEST, EXAMPLES, BATCH = 32, 4, 8, 6, 4000, 32
"""The trained models' d_model and heads (d_ff is 4 · d_model), and their task: letters in reverse."""
FIRST = 20
"""How many updates of Adam are measured."""
MANY = 8
"""Batches that the gradients before the first update are taken over."""
LATE, AVERAGED = 30, 5
"""Gradients are looked at again before this update: means over so many updates that end with it."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The schedule at one step."""

    step: int
    rate: float
    bare: float
    """1/√(d_model · step): the schedule without its rise."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training."""

    norm: Norm
    rising: bool
    """Whether the rate rose to its peak, or began there."""
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    """Nats a token: means over the steps up to each of `steps`. NaN where a loss was no number any more."""
    last: float
    """Mean loss of the last tenth of the steps, in nats a token."""
    exact: float
    """The share of unseen sentences that greedy decoding writes backwards without a mistake, 0–1."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Norm of the gradient of one layer's parameters, the loss being in nats a token."""

    name: str
    """As in "decoder.0"."""
    post: float
    """Before the first update."""
    pre: float
    post_rising: float
    """Before update number `Warmup.late`, having trained with the rise …"""
    post_bare: float
    """… and without it."""
    pre_rising: float
    pre_bare: float


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update of Adam without warm-up: root mean square of the parameters' change, divided by the rate.

    There are fewer where a loss was no number any more: that training had ended.
    """

    step: int
    post: float
    pre: float


@dataclass(frozen=True, kw_only=True)
class Warmup:
    """The whole of it."""

    d_model: int
    warmup: int
    peak: float
    """The largest rate of the paper's schedule, by formula: 1/√(d_model · warmup)."""
    schedule: tuple[Point, ...]
    layers: int
    rate: float
    """The peak of the trainings."""
    rise: int
    steps: int
    runs: tuple[Run, ...]
    guess: float
    """Loss of a model that knows where sentences end, and of letters nothing: nats a token."""
    late: int
    """The update before which gradients were looked at again."""
    averaged: int
    """They are means over so many updates, the last of which is `late`."""
    gradients: tuple[Layer, ...]
    """Encoder layers, then decoder layers, each from the input upwards."""
    updates: tuple[Update, ...]


def warmup(
    *,
    d_model: int = 512,
    warmup: int = 4000,
    layers: int = 6,
    rate: float = 0.006,
    rise: int = 25,
    steps: int = 50,
    seed: int = 0,
    told: Told = silent,
) -> Warmup:
    """The schedule for any `d_model` and `warmup`, and four trainings with and without a rise.

    layers: of the encoder, and as many of the decoder · rate: peak of the trainings · rise: their warm-up, in steps ·
    steps: of each. Raises GlassheadError for numbers that cannot be.
    """
    whole("d_model", d_model, most=100_000)
    whole("warmup", warmup, most=1_000_000)
    whole("layers", layers, most=24)
    real("rate", rate, least=1e-6, most=1.0)
    whole("steps", steps, least=10, most=20_000)
    whole("rise", rise, most=20_000)
    checks.seed(seed)
    examples = little.reversals(EXAMPLES, letters=LETTERS, longest=LONGEST, seed=seed)
    unseen = little.reversals(100, letters=LETTERS, longest=LONGEST, seed=seed + 1_000_003)
    first = {
        norm: first_gradients(norm, layers, examples, seed, part(told, 0.01 * number, 0.01 * (number + 1)))
        for number, norm in enumerate(NORMS)
    }
    late, runs, watches = min(LATE, steps), list[Run](), dict[tuple[Norm, bool], Watch]()
    ways = [(norm, rising) for norm in NORMS for rising in (True, False)]
    for number, (norm, rising) in enumerate(ways):
        start, end = (0.02 + 0.98 * place / len(ways) for place in (number, number + 1))
        words = f"{norm}-norm, {'with' if rising else 'without'} warm-up"
        model = model_of(norm, layers, seed)
        watch = watches[norm, rising] = Watch(model, late)
        losses = little.train(
            model,
            examples,
            steps=steps,
            rate=noam(rate, rise, rising=rising),
            batch=BATCH,
            seed=seed,
            after=watch,
            told=part(named(told, words), start, end),
        )
        runs.append(run_of(norm, losses, little.exact(model, unseen), rising=rising))
    bare = noam(rate, rise, rising=False)
    return Warmup(
        d_model=d_model,
        warmup=warmup,
        peak=(d_model * warmup) ** -0.5,
        schedule=points(d_model, warmup),
        layers=layers,
        rate=rate,
        rise=rise,
        steps=steps,
        runs=tuple(runs),
        guess=guess(unseen),
        late=late,
        averaged=min(AVERAGED, late),
        gradients=tuple(
            Layer(
                name=name,
                post=first["post"][name],
                pre=first["pre"][name],
                post_rising=watches["post", True].gradients[name],
                post_bare=watches["post", False].gradients[name],
                pre_rising=watches["pre", True].gradients[name],
                pre_bare=watches["pre", False].gradients[name],
            )
            for name in first["post"]
        ),
        updates=tuple(
            Update(step=step, post=post / bare(step), pre=pre / bare(step))
            for step, (post, pre) in enumerate(
                zip(watches["post", False].moves, watches["pre", False].moves, strict=False), 1
            )
        ),
    )


def run_of(norm: Norm, losses: tuple[float, ...], exact: float, *, rising: bool) -> Run:
    """A training, of the loss of each of its steps."""
    at_steps, means = binned(losses)
    tenth = losses[-max(1, len(losses) // 10) :]
    return Run(norm=norm, rising=rising, steps=at_steps, losses=means, last=sum(tenth) / len(tenth), exact=exact)


def guess(examples: little.Pairs) -> float:
    """The loss of who knows where sentences end, while to him all letters are as likely: nats a token."""
    letters = int((examples.labels >= little.FIRST).sum())
    return log(LETTERS) * letters / (letters + len(examples))


def points(d_model: int, warmup: int) -> tuple[Point, ...]:
    """The schedule from step 1 to ten times the warm-up, each step some per cent after the one before."""
    last = 10 * warmup
    steps = sorted({round(last ** (place / (POINTS - 1))) for place in range(POINTS)} | {warmup})
    return tuple(
        Point(step=step, rate=schedule.rate(step, d_model=d_model, warmup=warmup), bare=(d_model * step) ** -0.5)
        for step in steps
    )


def model_of(norm: Norm, layers: int, seed: int) -> Transformer:
    """A model as it is before its first step; without dropout, so that only the steps differ."""
    return little.build(
        Config(
            vocab_size=little.FIRST + LETTERS,
            d_model=WIDTH,
            heads=HEADS,
            d_ff=4 * WIDTH,
            encoder_layers=layers,
            decoder_layers=layers,
            dropout=0.0,
            max_length=LONGEST + 2,
            norm=norm,
        ),
        seed,
    )


def first_gradients(
    norm: Norm, layers: int, examples: little.Pairs, seed: int, told: Told = silent
) -> dict[str, float]:
    """The norm of the gradient in every layer before the first update, on many sentences: "encoder.0" … → norm."""
    model = model_of(norm, layers, seed)
    model.train().requires_grad_(True)
    some = examples.rows(slice(0, MANY * BATCH))
    tokens = int((some.labels != model.config.pad_id).sum())
    for number in range(MANY):  # gradients of the parts add up to that of the whole
        told(number / MANY, f"{norm}-norm, gradients at the start")
        few = some.rows(slice(number * BATCH, (number + 1) * BATCH))
        loss, _ = smoothed(model(few.source, few.target), few.labels, smoothing=0.0, pad_id=model.config.pad_id)
        torch.autograd.backward(loss / tokens)
    return gradients_of(model)


def gradients_of(model: Transformer) -> dict[str, float]:
    """The norm of the gradient that stands in every layer: √(Σ over all its parameters)."""
    found = {}
    for stack, layers in (("encoder", model.encoder.layers), ("decoder", model.decoder.layers)):
        for number, layer in enumerate(layers):
            squares = [each.grad.square().sum() for each in layer.parameters() if each.grad is not None]
            found[f"{stack}.{number}"] = float(sum(squares)) ** 0.5
    return found


class Watch:
    """What is measured during a training: how far its first updates move the parameters, and later gradients."""

    def __init__(self, model: Transformer, late: int) -> None:
        self.model, self.late = model, late
        self.moves: list[float] = []
        """Of each of the first updates: root mean square of the change, over all parameters."""
        self.gradients: dict[str, float] = dict.fromkeys(gradients_of(model), nan)
        """Layer → norm of its gradient before update `late`, a mean over a few updates."""
        self._before: Tensor | None = None
        self._seen: list[dict[str, float]] = []

    def __call__(self, step: int) -> None:
        """Called before update number `step`: what changed since the last call is the update before it."""
        if step <= FIRST + 1:
            now = torch.cat([each.detach().flatten() for each in self.model.parameters()])
            if self._before is not None:
                self.moves.append(float((now - self._before).double().square().mean().sqrt()))
            self._before = now
        if self.late - AVERAGED < step <= self.late:
            self._seen.append(gradients_of(self.model))
            self.gradients = {name: sum(each[name] for each in self._seen) / len(self._seen) for name in self.gradients}
