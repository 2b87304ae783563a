"""The loop: draw a batch, take a step, now and then evaluate and save (sections 5.1 to 5.4 of the paper).

`train` is a generator of events, so that the core knows no screen: a command prints them, a test collects them. What it
saves is always a whole checkpoint, the average of the last few snapshots (section 6.1), and the folder holds the best
that is known if the training ends early.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glasshead import checkpoint
from glasshead.errors import GlassheadError
from glasshead.model import Config, Transformer
from glasshead.recipes.base import Recipe
from glasshead.text import Codec
from glasshead.training import engine
from glasshead.training.data import Batch, batches
from glasshead.training.evaluate import Scores, StoppedError, evaluate
from glasshead.training.loss import smoothed
from glasshead.training.schedule import rate

VOCABULARY_PAIRS = 30_000
"""How many training pairs the vocabulary is learned from."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train. Raises GlassheadError for numbers that make no sense."""

    steps: int
    batch_tokens: int = 4096
    """The most target tokens of a batch, and the most source tokens, padding included."""
    warmup: int = 4000
    factor: float = 1.0
    """Departure: multiplies the paper's learning rate."""
    label_smoothing: float = 0.1
    clip: float | None = None
    """Departure: the largest norm of a gradient."""
    average: int = 5
    """How many snapshots, `save_every` steps apart, are averaged into what is saved."""
    save_every: int = 500
    eval_every: int = 1000
    eval_size: int = 200
    """Sentences of an evaluation during training; the last one takes ten times as many."""
    seed: int = 0
    precision: engine.Precision = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "batch_tokens", "warmup", "average", "save_every", "eval_every", "eval_size"):
            if getattr(self, name) < 1:
                raise GlassheadError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if self.batch_tokens < 16:
            raise GlassheadError(
                f"batch_tokens is {self.batch_tokens}; a batch needs room for one sentence, at least 16."
            )
        if not 0 <= self.label_smoothing < 1:
            raise GlassheadError(f"label_smoothing is {self.label_smoothing}; it is at least 0 and below 1.")
        if not 0 < self.factor < math.inf:
            raise GlassheadError(f"factor is {self.factor}; it multiplies the learning rate and must be above 0.")
        if self.clip is not None and not self.clip > 0:
            raise GlassheadError(f"clip is {self.clip}; it is the largest norm of a gradient and must be above 0.")

    @classmethod
    def of(cls, recipe: Recipe, **changes: Any) -> "Plan":
        """The recipe's plan, with what is given (and not None) in its place."""
        return cls(**{**recipe.training, **{name: value for name, value in changes.items() if value is not None}})


@dataclass(frozen=True, slots=True)
class Started:
    """The vocabulary is learned and the model is made."""

    config: Config
    parameters: int
    precision: str
    steps: int


@dataclass(frozen=True, slots=True)
class Progress:
    """One update was made."""

    step: int
    steps: int
    loss: float
    """Mean smoothed loss of a target token in this batch, in nats."""
    perplexity: float
    """e to the mean loss without smoothing."""
    rate: float
    tokens: int
    """Target tokens of this batch."""
    seconds: float
    """Since the first update began, without evaluating and saving."""
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The averaged model was scored: on validation sentences during training, on test sentences (`last`) at the end."""

    step: int
    scores: Scores
    last: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """A whole checkpoint is in the folder."""

    step: int
    folder: Path
    averaged: int


Event = Started | Progress | Evaluated | Saved


def plan_model(recipe: Recipe, vocab_size: int, **changes: Any) -> Config:
    """The recipe's model, with what is given (and not None) in its place."""
    known = {field.name for field in fields(Config)}
    shape = {**recipe.model, **{name: value for name, value in changes.items() if value is not None}}
    if unknown := sorted(set(shape) - known):
        raise GlassheadError(f"A model has no {', '.join(unknown)}.")
    return Config(**{**shape, "vocab_size": vocab_size})


def learn_codec(recipe: Recipe, seed: int, vocab_size: int | None = None) -> Codec:
    """A vocabulary from the first training pairs, source and target together."""
    pairs = islice(recipe.pairs("train", seed), VOCABULARY_PAIRS)
    return Codec.train(
        (text for pair in pairs for text in pair),
        vocab_size=recipe.vocab_size if vocab_size is None else vocab_size,
        lowercase=recipe.lowercase,
    )


def train(
    recipe: Recipe,
    folder: Path,
    *,
    plan: Plan | None = None,
    model: Mapping[str, Any] | None = None,
    vocab_size: int | None = None,
    card: Mapping[str, Any] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train the recipe's model into a folder, telling what happens.

    model: fields of Config that differ from the recipe's. card: what the model card should say besides. stop: asked
    after every update, and within an evaluation, which is then forgotten; once it is true, what has been learned is
    scored, saved, and the generator ends.
    """
    plan = plan or Plan.of(recipe)
    torch.manual_seed(plan.seed)
    codec = learn_codec(recipe, plan.seed, vocab_size)
    network = Transformer(plan_model(recipe, codec.size, **(model or {})))
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    dtype = engine.chosen(plan.precision, parameters[0].device)
    twin = deepcopy(network)  # holds averages, to be scored and saved, while the other goes on
    engine.prepare(network, dtype)
    yield Started(network.config, sum(map(Tensor.numel, parameters)), named(dtype), plan.steps)

    optimizer = torch.optim.Adam(parameters, lr=0.0, betas=(0.9, 0.98), eps=1e-9, fused=True)
    stream = batches(
        recipe.pairs("train", plan.seed),
        codec,
        batch_tokens=plan.batch_tokens,
        max_length=network.config.max_length,
        seed=plan.seed,
    )
    valid = recipe.sample("valid", plan.eval_size)
    snapshots: deque[list[Tensor]] = deque(maxlen=plan.average)
    scores: dict[int, Scores] = {}
    seconds, tokens = 0.0, 0
    for step in range(1, plan.steps + 1):
        began = time.perf_counter()
        learning_rate = rate(step, d_model=network.config.d_model, warmup=plan.warmup, factor=plan.factor)
        batch = next(stream)
        loss, likelihood = update(network, optimizer, batch, learning_rate, plan, dtype)
        seconds += time.perf_counter() - began
        tokens += batch.tokens
        yield Progress(
            step, plan.steps, loss, math.exp(min(likelihood, 700.0)), learning_rate, batch.tokens, seconds, tokens
        )
        if not math.isfinite(loss):
            raise GlassheadError(
                f"The loss of step {step} is {loss}: the training has diverged. Try a longer warmup or clip=1."
            )
        last = step == plan.steps or stop()
        if step % plan.save_every == 0 or last:
            snapshots.append([parameter.detach().clone() for parameter in parameters])
        if step % plan.eval_every == 0 and not last:
            fill(twin, average(snapshots) if snapshots else [parameter.detach() for parameter in parameters])
            try:
                scores[step] = evaluate(twin, codec, valid, stop=stop)
            except StoppedError:
                last = True
                if step % plan.save_every:
                    snapshots.append([parameter.detach().clone() for parameter in parameters])
            else:
                yield Evaluated(step, scores[step], last=False)
        if step % plan.save_every == 0 and not last:
            fill(twin, average(snapshots))
            checkpoint.save(folder, twin, codec, describe(recipe, plan, dtype, card, step, tokens, seconds, scores))
            yield Saved(step, folder, len(snapshots))
        if last:
            break

    fill(twin, average(snapshots))
    checkpoint.save(folder, twin, codec, describe(recipe, plan, dtype, card, step, tokens, seconds, scores))
    saved, _, _ = checkpoint.load(folder)  # what is scored is what was saved, rounding included
    final = evaluate(saved, codec, recipe.sample("test", 10 * plan.eval_size))
    checkpoint.save(folder, twin, codec, describe(recipe, plan, dtype, card, step, tokens, seconds, scores, final))
    yield Saved(step, folder, len(snapshots))
    yield Evaluated(step, final, last=True)


def update(
    network: Transformer,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    learning_rate: float,
    plan: Plan,
    dtype: torch.dtype,
) -> tuple[float, float]:
    """One update of the parameters. Mean loss of a target token, with smoothing and without, in nats."""
    device = next(network.parameters()).device
    with engine.running(device, dtype):
        logits = network(batch.source.to(device), batch.target.to(device))
        loss, likelihood = smoothed(logits, batch.labels.to(device), smoothing=plan.label_smoothing, pad_id=Codec.PAD)
        torch.autograd.backward(loss / batch.tokens)
    if plan.clip is not None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), plan.clip)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach()) / batch.tokens, float(likelihood) / batch.tokens


def average(snapshots: "deque[list[Tensor]]") -> list[Tensor]:
    """The mean of snapshots, parameter by parameter."""
    return [torch.stack(same).mean(0) for same in zip(*snapshots, strict=True)]


@torch.no_grad()
def fill(model: Transformer, values: list[Tensor]) -> None:
    """Give a model's parameters these values, in their order."""
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.copy_(value)


def named(dtype: torch.dtype) -> engine.Precision:
    """The name of a precision: "float32" or "bfloat16"."""
    return "bfloat16" if dtype is torch.bfloat16 else "float32"


def describe(
    recipe: Recipe,
    plan: Plan,
    dtype: torch.dtype,
    card: Mapping[str, Any] | None,
    step: int,
    tokens: int,
    seconds: float,
    scores: Mapping[int, Scores],
    final: Scores | None = None,
) -> dict[str, Any]:
    """What the model card says: data, plan, with what and when it was computed, scores.

    The precision is the one that was really used: what `auto` chose depends on the processor.
    """
    told: dict[str, Any] = {
        "recipe": recipe.name,
        "summary": recipe.summary,
        "examples": list(recipe.examples),
        **(card or {}),
        "training": {
            **asdict(plan),
            "precision": named(dtype),
            "torch": str(torch.__version__),
            "threads": torch.get_num_threads(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "steps_taken": step,
            "target_tokens": tokens,
            "seconds": round(seconds),
            "target_tokens_per_second": round(tokens / seconds) if seconds else None,
        },
        "validation": {
            f"step {at}": f"perplexity {found.perplexity:.3f} exact match {found.exact:.3f}"
            for at, found in scores.items()
        },
    }
    if final is not None:
        told["test"] = {
            "sentences": final.sentences,
            "perplexity": round(final.perplexity, 4),
            "exact_match": round(final.exact, 4),
        }
    return told
