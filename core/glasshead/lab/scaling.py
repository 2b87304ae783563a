"""Why scores are divided by √d_k (section 3.2.1 of the paper, footnote 4).

With components of q and k that are independent, of mean 0 and variance 1, the product q·k = Σ q_i k_i has mean 0 and
variance d_k. So scores grow as √d_k, softmax puts all its weight on one key, and its gradient, the Jacobian

    ∂p_i/∂s_j = p_i (δ_ij − p_j)

vanishes. Divided by √d_k the scores have variance 1, whatever d_k is.
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
from glasshead.lab.tools.sentence import Sentence, read, values
from glasshead.lab.tools.telling import Told, named, part, silent
from glasshead.subject import Subject

Draw = Literal["normal", "uniform", "signs"]
DRAWS = ("normal", "uniform", "signs")
"""Three distributions of mean 0 and variance 1: the claim is about variance, not about any of them."""

LEAST_D_K, LEAST_QUERIES = 4, 500
"""Below these the variance is mostly chance. All keys of a query are multiplied with the same q, so that more keys do
not make up for few queries: with one key or a thousand, the variance found is off by the chance in |q|²."""
MOST_PRODUCTS, MOST_NUMBERS = 1_000_000, 150_000_000
"""keys × queries, and that times d_k: 8 MB of scores, and some 6 seconds on one processor."""
AT_ONCE = 4_000_000
"""Numbers of keys that are drawn at a time: 32 MB."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What one softmax over scores looks like, on average over the queries that were drawn."""

    variance: float
    """Of the scores."""
    largest: float
    """Largest weight, 0–1."""
    entropy: float
    """Of the weights, in bits; log2 of the number of keys if all are alike."""
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
    """One attention of a trained model, as it is and with the scale taken out, on the same sentence."""

    site: str
    largest: float
    entropy: float
    largest_unscaled: float
    entropy_unscaled: float


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The whole of it."""

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
    told: Told = silent,
) -> Scaling:
    """Draw queries and keys for d_k = 1, 2, 4 … up to `d_k`, and look at the softmax over their scores.

    keys: how many each query is compared with · queries: how many are drawn for each d_k · text: a source sentence for
    the trained model, otherwise its first example. Raises GlassheadError for so few numbers that their variance is
    chance, and for more than can be drawn in a few seconds.
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
        telling = part(told, done, done + 0.8 * width / sum(steps))
        widths.append(_width(width, keys, queries, draw, generator, telling))
    sentence = read(subject, text, part(told, 0.8, 0.9))
    bare = subject.changed(scale=False)
    unscaled = read(bare, sentence.text, named(part(told, 0.9, 1.0), "without the scale"))
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
    """scores: … k → what softmax over the last axis makes of them, on average over all rows."""
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
    """weights: … k → their entropy in bits; what is exactly 0 adds nothing."""
    return torch.special.entr(weights).sum(-1) / math.log(2)


def _width(d_k: int, keys: int, queries: int, draw: Draw, generator: torch.Generator, told: Told) -> Width:
    """Every query has keys of its own: queries × keys products, all independent of each other but for the query."""
    at_once = max(1, AT_ONCE // (keys * d_k))
    scores = []
    for start in range(0, queries, at_once):
        told(start / queries, f"d_k {d_k}")
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
    """Every attention of a model while it reads and writes the same tokens, with the scale and without."""
    found = [
        {site: value[0].double() for site, value in values(each, sentence, ["*.weights"]).items()}
        for each in (subject, bare)
    ]
    scaled, unscaled = found
    return tuple(
        Trained(
            site=site.removesuffix(".weights"),
            largest=float(scaled[site].amax(-1).mean()),
            entropy=float(entropy(scaled[site]).mean()),
            largest_unscaled=float(unscaled[site].amax(-1).mean()),
            entropy_unscaled=float(entropy(unscaled[site]).mean()),
        )
        for site in scaled
    )
