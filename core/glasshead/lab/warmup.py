"""Why the learning rate rises before it falls (section 5.3), and why post-norm needs the rise.

    rate(step) = d_model^-0.5 · min(step^-0.5, step · warmup^-1.5)          peak 1/√(d_model · warmup) at step = warmup

Four small models learn the same task: post- and pre-norm, each with the rise and without it. Both schedules have the
same peak and the same fall; the one without a rise begins at the peak. Besides the losses, three measurements show why
the first steps are dangerous: how gradients are spread over the layers at initialisation, how far Adam moves the
parameters in its first updates, and how small the gradients are after those updates.
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
from glasshead.lab.tools.progress import Progress, named, part, silent
from glasshead.lab.tools.schedule import noam
from glasshead.model import Config, Transformer
from glasshead.training import schedule
from glasshead.training.loss import smoothed

Norm = Literal["post", "pre"]
NORMS: tuple[Norm, ...] = ("post", "pre")
WIDTH, HEADS, LETTERS, LONGEST, EXAMPLES, BATCH = 32, 4, 8, 6, 4000, 32
"""The trained models' d_model and heads (d_ff is 4 · d_model), and their task: reversing letters."""
FIRST = 20
"""Number of Adam's updates that are measured."""
MANY = 8
"""Number of batches for the gradients before the first update."""
LATE, AVERAGED = 30, 5
"""The update before which gradients are measured again, and the number of updates up to it that are averaged."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The schedule at one step."""

    step: int
    rate: float
    bare: float
    """The schedule without its rise: 1/√(d_model · step)."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training."""

    norm: Norm
    rising: bool
    """Whether the rate rose to its peak. If not, it began there."""
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    """Nats a token: means over the steps up to each of `steps`. NaN once a loss was not finite."""
    last: float
    """Mean loss of the last tenth of the steps, in nats a token."""
    exact: float
    """Share of unseen sentences that greedy decoding reverses without a mistake, 0–1."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Norm of the gradient of one layer's parameters, for a loss in nats a token."""

    name: str
    """Name such as "decoder.0"."""
    post: float
    """Norm before the first update."""
    pre: float
    post_rising: float
    """Norm before update `Warmup.late` of the training with the rise."""
    post_bare: float
    """Norm before the same update of the training without the rise."""
    pre_rising: float
    pre_bare: float


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update of Adam without warm-up: root mean square of the parameters' change, divided by the rate.

    A training that ended early, because its loss was not finite, has fewer of them.
    """

    step: int
    post: float
    pre: float


@dataclass(frozen=True, kw_only=True)
class Warmup:
    """The result of the experiment."""

    d_model: int
    warmup: int
    peak: float
    """Largest rate of the paper's schedule, by formula: 1/√(d_model · warmup)."""
    schedule: tuple[Point, ...]
    layers: int
    rate: float
    """Peak rate of the trainings."""
    rise: int
    steps: int
    runs: tuple[Run, ...]
    guess: float
    """Loss of a model that knows where sentences end but nothing of the letters: nats a token."""
    late: int
    """The update before which gradients were measured again."""
    averaged: int
    """Number of updates in those means; the last one is `late`."""
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
    progress: Progress = silent,
) -> Warmup:
    """Compute the schedule for any `d_model` and `warmup`, and run four trainings with and without a rise.

    layers: of the encoder, and as many of the decoder · rate: peak of the trainings · rise: their warm-up, in steps ·
    steps: length of each training. Raises GlassheadError for invalid numbers.
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
        norm: first_gradients(norm, layers, examples, seed, part(progress, 0.01 * number, 0.01 * (number + 1)))
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
            progress=part(named(progress, words), start, end),
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
    """Summarise a training by the loss of each of its steps."""
    at_steps, means = binned(losses)
    tenth = losses[-max(1, len(losses) // 10) :]
    return Run(norm=norm, rising=rising, steps=at_steps, losses=means, last=sum(tenth) / len(tenth), exact=exact)


def guess(examples: little.Pairs) -> float:
    """Compute the loss of a model that knows where sentences end and finds all letters equally likely: nats a token."""
    letters = int((examples.labels >= little.FIRST).sum())
    return log(LETTERS) * letters / (letters + len(examples))


def points(d_model: int, warmup: int) -> tuple[Point, ...]:
    """Sample the schedule from step 1 to ten times the warm-up, in steps that grow by a constant factor."""
    last = 10 * warmup
    steps = sorted({round(last ** (place / (POINTS - 1))) for place in range(POINTS)} | {warmup})
    return tuple(
        Point(step=step, rate=schedule.rate(step, d_model=d_model, warmup=warmup), bare=(d_model * step) ** -0.5)
        for step in steps
    )


def model_of(norm: Norm, layers: int, seed: int) -> Transformer:
    """Build an untrained model; without dropout, so that only the steps differ."""
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
    norm: Norm, layers: int, examples: little.Pairs, seed: int, progress: Progress = silent
) -> dict[str, float]:
    """Measure the norm of the gradient in every layer before the first update: "encoder.0" … → norm."""
    model = model_of(norm, layers, seed)
    model.train().requires_grad_(True)
    some = examples.rows(slice(0, MANY * BATCH))
    tokens = int((some.labels != model.config.pad_id).sum())
    for number in range(MANY):  # gradients of the parts add up to the gradient of the whole
        progress(number / MANY, f"{norm}-norm, gradients at the start")
        few = some.rows(slice(number * BATCH, (number + 1) * BATCH))
        loss, _ = smoothed(model(few.source, few.target), few.labels, smoothing=0.0, pad_id=model.config.pad_id)
        torch.autograd.backward(loss / tokens)
    return gradients_of(model)


def gradients_of(model: Transformer) -> dict[str, float]:
    """Measure the norm of the current gradient in every layer: √(Σ over all its parameters)."""
    found = {}
    for stack, layers in (("encoder", model.encoder.layers), ("decoder", model.decoder.layers)):
        for number, layer in enumerate(layers):
            squares = [each.grad.square().sum() for each in layer.parameters() if each.grad is not None]
            found[f"{stack}.{number}"] = float(sum(squares)) ** 0.5
    return found


class Watch:
    """Measurements during a training: how far its first updates move the parameters, and later gradients."""

    def __init__(self, model: Transformer, late: int) -> None:
        self.model, self.late = model, late
        self.moves: list[float] = []
        """Root mean square of the change over all parameters, for each of the first updates."""
        self.gradients: dict[str, float] = dict.fromkeys(gradients_of(model), nan)
        """Layer → norm of its gradient before update `late`, averaged over a few updates."""
        self._before: Tensor | None = None
        self._seen: list[dict[str, float]] = []

    def __call__(self, step: int) -> None:
        """Measure before update number `step`: a change since the last call is the previous update."""
        if step <= FIRST + 1:
            now = torch.cat([each.detach().flatten() for each in self.model.parameters()])
            if self._before is not None:
                self.moves.append(float((now - self._before).double().square().mean().sqrt()))
            self._before = now
        if self.late - AVERAGED < step <= self.late:
            self._seen.append(gradients_of(self.model))
            self.gradients = {name: sum(each[name] for each in self._seen) / len(self._seen) for name in self.gradients}
