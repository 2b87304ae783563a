"""Why several heads (section 3.2.2 of the paper): "with a single attention head, averaging inhibits this".

    MultiHead(Q, K, V) = Concat(head_1 … head_h) W_O,   head_i = Attention(Q W_Qi, K W_Ki, V W_Vi)

A head has one row of weights for a query, and therefore one mean of the values. If two places are needed at once, their
values arrive mixed, and their order shows only in the share of each. Two heads of half the width bring both, side by
side. With d_k = d_v = d_model / h there are as many parameters and multiplications as with one head.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import log
from statistics import fmean

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.lab.tools import checks
from glasshead.lab.tools.checks import whole
from glasshead.lab.tools.curve import binned
from glasshead.lab.tools.progress import Progress, part, silent
from glasshead.lab.tools.small_training import FIRST, Pairs, build, exact, loss_of, pairs, train
from glasshead.lab.tools.words import counted
from glasshead.model import Attention, Config, Transformer
from glasshead.tap import listen
from glasshead.training.schedule import constant

LETTERS = ("A", "B", "C")
LENGTH = 8
"""Letters of a sentence, so there are 3⁸ = 6561 sentences."""
UNSEEN = 561
"""Number of sentences kept from training."""
PLACES = (1, 6, 3, 4, 0, 7)
"""Places that can be asked for; an experiment uses the first few of them."""
WIDTH = 32
"""d_model of the trained models."""
PEAK, RISE = 0.003, 50
"""Peak learning rate, and the steps of its rise; the same for all trainings."""
BATCH = 32
TOKENS = 10
"""Number of tokens for shapes and multiplications."""
MOST_STEPS = 100_000
"""Most steps of all trainings together: about ten minutes on one processor."""
NOWHERE = -1000.0
"""A score of which softmax makes exactly 0."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """Output of attention to two places that hold a letter each, as numbers for A, B, C."""

    first: str
    second: str
    one: tuple[float, ...]
    """Output of one head that looks at both places alike."""
    two: tuple[float, ...]
    """Output of two heads, one place each, side by side."""


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """One head that looks more at the first place than at the second."""

    share: float
    """Weight on the first place, 0.5–1; the rest is on the second."""
    one: float
    """Smallest distance between the outputs for two different pairs of letters; at 0 they cannot be told apart."""
    two: float
    """The same distance for two heads, one place each."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Multi-head attention with one number of heads: its matrices and its cost."""

    heads: int
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    """(name, shape), in the order of the computation, for 10 tokens."""
    parameters: int
    multiplications: int
    """Multiply–adds of all matrix products."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training."""

    seed: int
    curve: tuple[float, ...]
    """Loss in nats a token, averaged over the steps between two of `Heads.steps`."""
    mean: float
    """Mean loss of all steps: low if the task was learned early."""
    unseen: float
    """Final loss on sentences outside the training."""
    right: float
    """Share of those sentences with a right answer, 0–1."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The same training with one number of heads, from several seeds."""

    heads: int
    parameters: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The result of the experiment."""

    fetched: tuple[Fetched, ...]
    mixed: tuple[Mixed, ...]
    d_model: int
    sizes: tuple[Sizes, ...]
    """Sizes for one head, then for h heads."""
    places: tuple[int, ...]
    """Places of the letters that are asked for, from 0."""
    chance: float
    """Loss in nats a token of a model that knows only that the end follows the answer."""
    steps: tuple[int, ...]
    trained: tuple[Trained, ...]


def heads(
    *,
    heads: str = "1,4",
    places: int = 3,
    steps: int = 300,
    seeds: int = 2,
    d_model: int = 512,
    h: int = 8,
    seed: int = 0,
    progress: Progress = silent,
) -> Heads:
    """Fetch from two places with one head and with two, count the cost of heads, and train small models with 1, 2 …
    heads.

    heads: numbers of heads to train with, as "1,4": 1 and others that divide 32. places: number of letters, of eight,
    that each answer needs. steps, seeds: of the trainings. d_model, h: of the shapes. seed: of the first training.
    Raises GlassheadError for invalid arguments.
    """
    counts = numbers(heads)
    whole("places", places, most=len(PLACES))
    whole("steps", steps, least=10, most=20_000)
    whole("seeds", seeds, most=20)
    checks.seed(seed)
    whole("d_model", d_model, most=2048)
    whole("h", h, most=2048)
    together = steps * seeds * len(counts)
    if together > MOST_STEPS:
        raise GlassheadError(
            f"steps × seeds × numbers of heads is {together:,}; it must be at most {MOST_STEPS:,}: "
            "make one of them smaller."
        )
    if d_model % h:
        raise GlassheadError(f"h is {h}; it does not divide d_model {d_model}: choose another number.")
    progress(0.0, "two places at once")
    fetched, mixed = _fetched(), tuple(_mixed(0.5 + 0.5 * number / 12) for number in range(13))
    progress(0.01, "what heads cost")
    sizes = (_sizes(d_model, 1), _sizes(d_model, h))
    progress(0.015, "sentences")
    chosen = PLACES[:places]
    known, unseen = examples(chosen)
    trained, share = [], 0.98 / (len(counts) * seeds)
    for row, count in enumerate(counts):
        runs = []
        for number in range(seeds):
            start = 0.02 + (row * seeds + number) * share
            here = part(progress, start, start + share)
            model, ran = _trained(_config(count, places), known, unseen, steps=steps, seed=seed + number, progress=here)
            runs.append(ran)
        parameters = sum(each.numel() for each in model.parameters())
        trained.append(Trained(heads=count, parameters=parameters, runs=tuple(runs)))
    return Heads(
        fetched=fetched,
        mixed=mixed,
        d_model=d_model,
        sizes=sizes,
        places=tuple(sorted(chosen)),
        chance=places * log(len(LETTERS)) / 2,
        steps=binned(range(steps))[0],
        trained=tuple(trained),
    )


def numbers(text: str) -> tuple[int, ...]:
    """Parse "4,1" to (1, 4): in rising order, each once. Raises GlassheadError for anything that is no such list."""
    try:
        counts = sorted({int(each) for each in text.split(",")})
    except (ValueError, AttributeError):
        raise GlassheadError(f"heads is {text!r}; give numbers of heads separated by commas, such as 1,4.") from None
    odd = [count for count in counts if count < 1 or WIDTH % count]
    if odd:
        raise GlassheadError(
            f"heads names {odd[0]}; the trained models are {WIDTH} wide: choose from 1, 2, 4, 8, 16, 32."
        )
    if len(counts) < 2:
        raise GlassheadError(f"heads is {text!r}; give at least two numbers to compare, such as 1,4.")
    if 1 not in counts:
        raise GlassheadError(f"heads is {text!r}; 1 must be among them: the question is about one head.")
    return tuple(counts)


def examples(places: Sequence[int]) -> tuple[Pairs, Pairs]:
    """Split all sentences of eight letters into two disjoint parts: to learn from, and the others.

    The answer is one token, which stands for the letters at all of the places in their order.
    """
    order = torch.randperm(len(LETTERS) ** LENGTH, generator=torch.Generator().manual_seed(0)).tolist()
    sentences = list(product(range(len(LETTERS)), repeat=LENGTH))
    shuffled = [sentences[number] for number in order]
    answers = [
        sum(sentence[place] * len(LETTERS) ** power for power, place in enumerate(places)) for sentence in shuffled
    ]
    every = pairs(
        [[FIRST + letter for letter in sentence] for sentence in shuffled],
        [[FIRST + len(LETTERS) + answer] for answer in answers],
    )
    return every.rows(slice(UNSEEN, None)), every.rows(slice(UNSEEN))


def fetch(rows: Sequence[Sequence[float]], letters: Sequence[int]) -> Tensor:
    """Run the project's own attention with given weights for each head over places that hold letters.

    rows: h k, each summing to 1 · letters: numbers of k letters → 6 numbers, those of all heads side by side, in
    float64. Queries and keys see only the place, values only the letter; W_O passes its input on.
    """
    kinds, places, together = len(LETTERS), len(letters), 2 * len(LETTERS)
    width = together + places
    config = Config(
        d_model=width, heads=len(rows), d_k=2 * places // len(rows), d_v=together // len(rows), max_length=places
    )
    with torch.random.fork_rng(devices=[]):
        module = Attention(config, width, width).double().requires_grad_(False)
    for linear in (module.query, module.key, module.value, module.output):
        linear.weight.zero_()
    for head, row in enumerate(rows):
        scores = torch.tensor([log(weight) if weight else NOWHERE for weight in row], dtype=torch.float64)
        start = head * config.key_width
        module.query.weight[start : start + places, 0] = scores / config.score_scale
        module.key.weight[start : start + places, together:] = torch.eye(places, dtype=torch.float64)
        start = head * config.value_width
        module.value.weight[start : start + kinds, :kinds] = torch.eye(kinds, dtype=torch.float64)
    module.output.weight[:together] = torch.eye(together, dtype=torch.float64)
    query, source = torch.zeros(1, 1, width).double(), torch.zeros(1, places, width).double()
    query[..., 0] = 1
    for place, letter in enumerate(letters):
        source[0, place, letter] = source[0, place, together + place] = 1
    brought: Tensor = module(query, source, None)[0, 0, :together]
    return brought


def _fetched() -> tuple[Fetched, ...]:
    """Fetch all pairs of letters."""
    found = []
    for first, second in product(range(len(LETTERS)), repeat=2):
        one, two = fetch([[0.5, 0.5]], (first, second)), fetch([[1, 0], [0, 1]], (first, second))
        found.append(
            Fetched(
                first=LETTERS[first],
                second=LETTERS[second],
                one=tuple(one[: len(LETTERS)].tolist()),
                two=tuple(two.tolist()),
            )
        )
    return tuple(found)


def _mixed(share: float) -> Mixed:
    def nearest(rows: Sequence[Sequence[float]]) -> float:
        brought = torch.stack([fetch(rows, letters) for letters in product(range(len(LETTERS)), repeat=2)])
        return float(torch.pdist(brought).min())

    return Mixed(share=share, one=nearest([[share, 1 - share]]), two=nearest([[1, 0], [0, 1]]))


def _sizes(d_model: int, h: int) -> Sizes:
    """Run the project's own module once on zeros, and record its shapes."""
    config = Config(d_model=d_model, heads=h)
    with torch.random.fork_rng(devices=[]):
        module = Attention(config, d_model, d_model).requires_grad_(False)
    x = torch.zeros(1, TOKENS, d_model)
    with listen(module) as seen:
        module(x, x, None)
    d_k, d_v = config.key_width, config.value_width
    widths = zip("QKV", (d_k, d_k, d_v), strict=True)
    shapes: list[tuple[str, tuple[int, ...]]] = [
        *((f"W_{name} of a head", (d_model, width)) for name, width in widths),
        *((f"{name.upper()} of all heads", tuple(seen[name].shape[1:])) for name in "qkv"),
        ("weights", tuple(seen["weights"].shape[1:])),
        ("heads", tuple(seen["heads"].shape[1:])),
        ("side by side", (TOKENS, module.output.in_features)),
        ("W_O", (module.output.in_features, module.output.out_features)),
        ("out", tuple(seen["out"].shape[1:])),
    ]
    parameters = sum(each.numel() for each in module.parameters())
    # Each parameter is multiplied once a token; each number of Q Kᵀ is d_k products, and takes d_v for its value.
    multiplications = TOKENS * parameters + seen["weights"].numel() * (d_k + d_v)
    return Sizes(heads=h, shapes=tuple(shapes), parameters=parameters, multiplications=multiplications)


def _config(count: int, places: int) -> Config:
    """Configure the trained models: the smallest that have every kind of attention."""
    return Config(
        vocab_size=FIRST + len(LETTERS) + len(LETTERS) ** places,
        d_model=WIDTH,
        heads=count,
        d_ff=2 * WIDTH,
        encoder_layers=1,
        decoder_layers=1,
        dropout=0.0,
        max_length=LENGTH + 2,
    )


def _trained(
    config: Config, known: Pairs, unseen: Pairs, *, steps: int, seed: int, progress: Progress
) -> tuple[Transformer, Run]:
    """Train a model, and return it with its measurements."""

    def step(done: float, words: str) -> None:
        progress(done, f"{counted(config.heads, 'head')}, seed {seed}, {words}")

    model = build(config, seed)
    losses = train(
        model,
        known,
        steps=steps,
        rate=lambda number: constant(number, peak=PEAK, warmup=RISE),
        batch=BATCH,
        seed=seed,
        progress=step,
    )
    return model, Run(
        seed=seed,
        curve=binned(losses)[1],
        mean=fmean(losses),
        unseen=loss_of(model, unseen),
        right=exact(model, unseen),
    )
