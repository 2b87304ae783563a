"""Why scores are divided by √d_k (section 3.2.1 of the paper, footnote 4).

If the components of q and k are independent, with mean 0 and variance 1, then q·k = Σ q_i k_i has mean 0 and variance
d_k. Scores therefore grow as √d_k, softmax puts all its weight on one key, and its gradient, the Jacobian

    ∂p_i/∂s_j = p_i (δ_ij − p_j)

vanishes. Divided by √d_k, the scores have variance 1 for any d_k.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.lab.tools import checks
from glasshead.lab.tools.checks import one_of, whole
from glasshead.lab.tools.progress import Progress, named, part, silent
from glasshead.lab.tools.sentence import Sentence, capture, read_sentence
from glasshead.site import Site
from glasshead.subjects import Subject

Draw = Literal["normal", "uniform", "signs"]
DRAWS = ("normal", "uniform", "signs")
"""Three distributions with mean 0 and variance 1: the claim is about variance, not about one of them."""

LEAST_D_K, LEAST_QUERIES = 4, 500
"""Below these the variance is mostly chance. All keys of a query are multiplied by the same q, so more keys do not make
up for few queries: with one key or a thousand, the measured variance varies as |q|².
"""
MOST_PRODUCTS, MOST_NUMBERS = 1_000_000, 150_000_000
"""Most keys × queries, and most keys × queries × d_k: 8 MB of scores, and about 6 seconds on one processor."""
AT_ONCE = 4_000_000
"""Components of keys drawn at a time: 32 MB."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Statistics of softmax over scores, averaged over the drawn queries."""

    variance: float
    """Variance of the scores."""
    largest: float
    """Largest weight, 0–1."""
    entropy: float
    """Entropy of the weights in bits; log2 of the number of keys if all weights are equal."""
    jacobian: float
    """Frobenius norm of ∂weights/∂scores."""


@dataclass(frozen=True, kw_only=True)
class Width:
    """One d_k, with and without the scale."""

    d_k: int
    plain: Spread
    scaled: Spread


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One attention of a trained model on one sentence, with the scale and without it."""

    site: str
    largest: float
    entropy: float
    largest_unscaled: float
    entropy_unscaled: float


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The result of the experiment."""

    keys: int
    widths: tuple[Width, ...]
    model: str
    model_d_k: int
    text: str
    trained: tuple[Trained, ...]
    translation: str
    translation_unscaled: str


def scaling(
    *,
    d_k: int = 512,
    keys: int = 32,
    queries: int = 1000,
    draw: Draw = "normal",
    text: str = "",
    seed: int = 0,
    subject: Subject,
    progress: Progress = silent,
) -> Scaling:
    """Draw queries and keys for d_k = 1, 2, 4 … up to `d_k`, and measure the softmax over their scores.

    keys: number of keys for each query · queries: number of queries for each d_k · text: source sentence for the
    trained model; its first example if empty. Raises GlassheadError for so few numbers that their variance is chance,
    and for more than can be drawn in a few seconds.
    """
    whole("d_k", d_k, least=LEAST_D_K, most=8192)
    whole("keys", keys, least=2, most=2000)
    whole("queries", queries, least=LEAST_QUERIES, most=100_000)
    checks.seed(seed)
    one_of("draw", draw, DRAWS)
    _affordable("keys × queries", keys * queries, MOST_PRODUCTS)
    _affordable("keys × queries × d_k", keys * queries * d_k, MOST_NUMBERS)
    generator = torch.Generator().manual_seed(seed)
    steps = sorted({*(2**power for power in range(d_k.bit_length())), d_k})
    widths = []
    for number, width in enumerate(steps):
        done = 0.8 * sum(steps[:number]) / sum(steps)
        inner = part(progress, done, done + 0.8 * width / sum(steps))
        widths.append(_width(width, keys, queries, draw, generator, inner))
    sentence = read_sentence(subject, text, part(progress, 0.8, 0.9))
    bare = subject.changed(scale=False)
    unscaled = read_sentence(bare, sentence.text, named(part(progress, 0.9, 1.0), "without the scale"))
    return Scaling(
        keys=keys,
        widths=tuple(widths),
        model=subject.name,
        model_d_k=subject.config.key_width,
        text=sentence.text,
        trained=_trained(subject, bare, sentence),
        translation=sentence.translation,
        translation_unscaled=unscaled.translation,
    )


def spread(scores: Tensor) -> Spread:
    """Measure softmax over the last axis, averaged over all rows. scores: … k"""
    weights = torch.softmax(scores, -1)
    squares = weights.square().sum(-1)
    # Σ_ij (p_i (δ_ij − p_j))² = Σ p_i² − 2 Σ p_i³ + (Σ p_i²)²
    jacobian = (squares - 2 * weights.pow(3).sum(-1) + squares.square()).clamp_min(0).sqrt()
    return Spread(
        variance=float(scores.var(correction=0)),
        largest=float(weights.amax(-1).mean()),
        entropy=float(entropy(weights).mean()),
        jacobian=float(jacobian.mean()),
    )


def entropy(weights: Tensor) -> Tensor:
    """Compute the entropy in bits; exact zeros add nothing. weights: … k"""
    return torch.special.entr(weights).sum(-1) / math.log(2)


def _width(d_k: int, keys: int, queries: int, draw: Draw, generator: torch.Generator, progress: Progress) -> Width:
    """Measure one d_k. Each query has its own keys, so the queries × keys products share nothing but the query."""
    at_once = max(1, AT_ONCE // (keys * d_k))
    scores = []
    for start in range(0, queries, at_once):
        progress(start / queries, f"d_k {d_k}")
        count = min(at_once, queries - start)
        q, k = _drawn((count, 1, d_k), draw, generator), _drawn((count, keys, d_k), draw, generator)
        scores.append((q * k).sum(-1))
    found = torch.cat(scores)
    return Width(d_k=d_k, plain=spread(found), scaled=spread(found / d_k**0.5))


def _affordable(what: str, given: int, most: int) -> None:
    if given > most:
        raise GlassheadError(f"{what} is {given:,}; it must be at most {most:,}: make one of them smaller.")


def _drawn(shape: Sequence[int], draw: Draw, generator: torch.Generator) -> Tensor:
    if draw == "normal":
        return torch.randn(*shape, generator=generator, dtype=torch.float64)
    uniform = torch.rand(*shape, generator=generator, dtype=torch.float64)
    return (uniform - 0.5) * 12**0.5 if draw == "uniform" else (uniform < 0.5).double() * 2 - 1


def _trained(subject: Subject, bare: Subject, sentence: Sentence) -> tuple[Trained, ...]:
    """Measure every attention of a model on the same tokens, with the scale and without it."""
    found = [
        {site: value[0].double() for site, value in capture(each, sentence, ["*.weights"]).items()}
        for each in (subject, bare)
    ]
    scaled, unscaled = found
    return tuple(
        Trained(
            site=Site.parse(site).prefix,
            largest=float(scaled[site].amax(-1).mean()),
            entropy=float(entropy(scaled[site]).mean()),
            largest_unscaled=float(unscaled[site].amax(-1).mean()),
            entropy_unscaled=float(entropy(unscaled[site]).mean()),
        )
        for site in scaled
    )
