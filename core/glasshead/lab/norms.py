"""Layer normalisation, over one token, against batch normalisation, over the whole batch.

Both have two steps: scale numbers to mean 0 and variance 1, then apply a gain and a bias for each of the m features.

    LayerNorm (Ba et al. 2016)          mean and variance over the m numbers of one token
    BatchNorm (Ioffe, Szegedy 2015)     mean and variance of one feature over all tokens of the batch;
                                        in evaluation, averages kept from training instead

The input of one LayerNorm of a trained model is given to both, with the same gain and bias. Whether normalisation makes
the loss smoother is measured in smoothness.py.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from glasshead import recipes
from glasshead.errors import GlassheadError
from glasshead.lab.tools import checks
from glasshead.lab.tools.progress import Progress, part, silent
from glasshead.lab.tools.sentence import choose_text
from glasshead.lab.tools.smoothness import Landscape, landscapes
from glasshead.model import LayerNorm
from glasshead.subjects import Subject
from glasshead.text import SPECIALS

FIRST = 6
"""Numbers of a token that are written out."""
POOL = 96
"""Number of sentences that mates are drawn from."""
FURTHER = 8
"""Positions of padding beyond a batch's longest sentence, if the model can take as many."""
AT_ONCE = 24
"""Sentences that the model reads together."""
DRAWS = 10
"""Batches of each size."""
SHALLOW = 2
"""Hidden layers of the net beside the deep one."""
WORK = 25_600
"""Most hidden layers × steps of the deep net: half a minute on one processor."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """Mean and variance over one token's m numbers: as they come, after step 1, and after gain and bias."""

    token: str
    mean: float
    variance: float
    normed_mean: float
    normed_variance: float
    out_mean: float
    out_variance: float


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """The first numbers of one token, line by line."""

    token: str
    mean: float
    variance: float
    came: tuple[float, ...]
    normed: tuple[float, ...]
    gain: tuple[float, ...]
    bias: tuple[float, ...]
    out: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """The change of one sentence's normalised vectors when something other than the sentence changes."""

    what: str
    batch: float
    """Root mean square of the change under batch normalisation."""
    batch_largest: float
    layer: float
    layer_largest: float
    """Largest change under the model's own layer normalisation."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """The same sentence, k m, normalised by both."""

    batch: Tensor
    layer: Tensor


@dataclass(frozen=True, kw_only=True)
class Size:
    """Batches of one size, all with the same sentence in them."""

    sentences: int
    batch: float
    """Root mean square distance of the sentence's vectors from those under the statistics of all sentences."""
    layer: float


@dataclass(frozen=True, kw_only=True)
class Features:
    """Batch-normalised features of a batch, before gain and bias: do they have mean 0 and variance 1?"""

    what: str
    mean: float
    """Largest absolute mean of a feature."""
    smallest: float
    largest: float
    """Smallest and largest of their variances."""


@dataclass(frozen=True, kw_only=True)
class Norms:
    """The result of the experiment."""

    model: str
    site: str
    """The LayerNorm that was looked at."""
    text: str
    mates: int
    mates_from: str
    pool: int
    """Number of sentences to draw mates from."""
    tokens: tuple[Token, ...]
    arithmetic: Arithmetic
    changes: tuple[Change, ...]
    sizes: tuple[Size, ...]
    features: tuple[Features, ...]
    rate: float
    landscapes: tuple[Landscape, ...]


def norms(
    *,
    subject: Subject,
    text: str = "",
    layer: int = 0,
    mates: int = 7,
    depth: int = 16,
    rate: float = 0.3,
    steps: int = 150,
    seed: int = 0,
    progress: Progress = silent,
) -> Norms:
    """Normalise one sentence in batches of 1 + `mates`, at the LayerNorm after the self-attention of an encoder layer.

    text: for the subject; its first example if empty. depth, rate, steps: of the nets of smoothness.py. Raises
    GlassheadError for invalid arguments.
    """
    checks.whole("layer", layer, least=0, most=subject.config.encoder_layers - 1)
    checks.whole("mates", mates, most=POOL // 2)
    checks.whole("depth", depth, most=64)
    checks.real("rate", rate, least=1e-6, most=1)
    checks.whole("steps", steps, most=10_000)
    checks.seed(seed)
    if depth * steps > WORK:
        raise GlassheadError(
            f"depth {depth} and steps {steps:,} are {depth * steps:,} layers to learn; at most {WORK:,} are done here. "
            "Take fewer layers or fewer steps."
        )
    text = choose_text(subject, text)
    progress(0.0, f"{subject.name} reads")
    tokens = subject.encode(text)
    pool, mates_from = _mates(subject, seed)
    own = [token.id for token in tokens]
    rows = [own, *pool, *_noise(subject, pool, seed)]
    vectors, pads, norm = _inputs(subject, layer, rows, part(progress, 0.0, 0.15))
    sentence, others, noise = vectors[0], vectors[1 : 1 + POOL], vectors[1 + POOL :]
    progress(0.15, "batches")
    out = norm(sentence)
    plain = nn.functional.layer_norm(sentence, sentence.shape[-1:], eps=norm.eps)
    which = len(tokens) // 2
    numbers = zip(tokens, sentence, plain, out, strict=True)
    return Norms(
        model=subject.name,
        site=f"encoder.{layer}.self.norm",
        text=text,
        mates=mates,
        mates_from=mates_from,
        pool=POOL,
        tokens=tuple(
            Token(
                token=token.text,
                mean=float(came.mean()),
                variance=float(came.var(correction=0)),
                normed_mean=float(normed.mean()),
                normed_variance=float(normed.var(correction=0)),
                out_mean=float(went.mean()),
                out_variance=float(went.var(correction=0)),
            )
            for token, came, normed, went in numbers
        ),
        arithmetic=Arithmetic(
            token=tokens[which].text,
            mean=float(sentence[which].mean()),
            variance=float(sentence[which].var(correction=0)),
            came=_first(sentence[which]),
            normed=_first(plain[which]),
            gain=_first(norm.gain),
            bias=_first(norm.bias),
            out=_first(out[which]),
        ),
        changes=_changes(norm, sentence, others, pads, mates),
        sizes=tuple(_sizes(norm, sentence, others, seed)),
        features=_features(sentence, others, noise, mates),
        rate=float(rate),
        landscapes=landscapes(
            sorted({SHALLOW, depth}), rate=rate, steps=steps, seed=seed, progress=part(progress, 0.25, 1.0)
        ),
    )


def batch_norm(norm: LayerNorm, *, affine: bool = True) -> nn.BatchNorm1d:
    """Make a batch normalisation with the gain and bias of a layer normalisation, averaging over all batches."""
    width = norm.gain.shape[0]
    made = nn.BatchNorm1d(width, eps=norm.eps, momentum=None, affine=affine)
    if affine:
        made.load_state_dict({"weight": norm.gain, "bias": norm.bias}, strict=False)
    return made.requires_grad_(False)


def _changes(
    norm: LayerNorm, sentence: Tensor, others: list[Tensor], pads: list[Tensor], mates: int
) -> tuple[Change, ...]:
    """Compare each situation with the sentence among its first mates, in training mode, without padding."""
    some, more = others[:mates], others[mates : 2 * mates]
    these = [sentence, *some]
    longest = max(map(len, these))
    width = min(longest + FURTHER, len(sentence) + len(pads[0]))
    batches = {
        "other mates": [sentence, *more],
        "same mates, other order": [sentence, *some[::-1]],
        "no mates": [sentence],
        "padding counted": _padded(these, pads, longest),
    }
    if width > longest:
        batches[f"{width - longest} more padding, counted"] = _padded(these, pads, width)
    usual = _outputs(batch_norm(norm), norm, these)
    averaged = _averaged(batch_norm(norm), others, mates)
    alone, among, elsewhere = (_outputs(averaged, norm, rows) for rows in ([sentence], these, [sentence, *more]))
    return (
        *(_change(what, _outputs(batch_norm(norm), norm, rows), usual) for what, rows in batches.items()),
        _change("evaluation mode", alone, usual),
        _change("evaluation mode, other mates", elsewhere, among),
    )


def _outputs(batch: nn.BatchNorm1d, layer: LayerNorm, rows: list[Tensor]) -> Outputs:
    """Normalise sentences, and padding if any, together; return the first sentence."""
    together, count = torch.cat(rows), len(rows[0])
    return Outputs(batch(together)[:count], layer(together)[:count])


def _padded(rows: list[Tensor], pads: list[Tensor], width: int) -> list[Tensor]:
    """Pad sentences to a width with the vectors that the model has at padded positions."""
    return [*rows, *(pad[: width - len(row)] for row, pad in zip(rows, pads, strict=False))]


def _change(what: str, now: Outputs, before: Outputs) -> Change:
    batch, batch_largest = _size(now.batch - before.batch)
    layer, layer_largest = _size(now.layer - before.layer)
    return Change(what=what, batch=batch, batch_largest=batch_largest, layer=layer, layer_largest=layer_largest)


def _sizes(norm: LayerNorm, sentence: Tensor, others: list[Tensor], seed: int) -> Iterator[Size]:
    draw = torch.Generator().manual_seed(seed)
    count = len(sentence)
    wanted, own = batch_norm(norm)(torch.cat([sentence, *others]))[:count], norm(sentence)
    for size in (2, 4, 8, 16, 32, 64):
        off, layer_off = [], []
        for _ in range(DRAWS):
            rows = torch.cat([sentence, *(others[i] for i in torch.randperm(POOL, generator=draw)[: size - 1])])
            off.append(batch_norm(norm)(rows)[:count] - wanted)
            layer_off.append(norm(rows)[:count] - own)
        yield Size(sentences=size, batch=_size(torch.stack(off))[0], layer=_size(torch.stack(layer_off))[0])


def _features(sentence: Tensor, others: list[Tensor], noise: list[Tensor], mates: int) -> tuple[Features, ...]:
    bare = nn.BatchNorm1d(sentence.shape[-1], momentum=None, affine=False)
    these = torch.cat([sentence, *others[:mates]])
    trained = _averaged(bare, others, mates)

    def features(what: str, out: Tensor) -> Features:
        variance = out.var(0, correction=0)
        return Features(
            what=what,
            mean=float(out.mean(0).abs().max()),
            smallest=float(variance.min()),
            largest=float(variance.max()),
        )

    return (
        features("training mode", nn.BatchNorm1d(sentence.shape[-1], affine=False)(these)),
        features("evaluation mode", trained(these)),
        features("evaluation mode, random tokens", trained(torch.cat(noise[: 1 + mates]))),
    )


def _averaged(made: nn.BatchNorm1d, others: list[Tensor], mates: int) -> nn.BatchNorm1d:
    """Switch to evaluation mode after batches of 1 + `mates` sentences of the pool."""
    made.train()
    for start in range(0, POOL, mates + 1):
        made(torch.cat(others[start : start + mates + 1]))
    return made.eval()


@torch.inference_mode()
def _inputs(
    subject: Subject, layer: int, rows: list[list[int]], progress: Progress
) -> tuple[list[Tensor], list[Tensor], LayerNorm]:
    """Capture the input of one LayerNorm of the encoder: each sentence's vectors (k m), and those of its padding.

    All are read once and put into batches afterwards: any change then comes from the normalisation and not from the
    layers below.
    """
    model, pad = subject.native, subject.config.pad_id
    layers: Any = model.encoder.layers
    norm: LayerNorm = layers[layer].self.norm
    width = min(subject.config.max_length, max(map(len, rows)) + FURTHER)
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])
    came: list[Tensor] = []
    with norm.register_forward_pre_hook(lambda _module, given: came.append(given[0])):
        for start in range(0, len(ids), AT_ONCE):
            progress(start / len(ids), f"{subject.name} reads")
            some = ids[start : start + AT_ONCE]
            model.encode(some, model.padding_mask(some))
    read = torch.cat(came)
    lengths = [len(row) for row in rows]
    return (
        [vectors[:length].clone() for vectors, length in zip(read, lengths, strict=True)],
        [vectors[length:].clone() for vectors, length in zip(read, lengths, strict=True)],
        norm,
    )


def _mates(subject: Subject, seed: int) -> tuple[list[list[int]], str]:
    """Draw sentences from the model's recipe; tokens at random if it has none."""
    name = str(subject.card.get("recipe", ""))
    if name in recipes.names():
        texts = (source for source, _ in recipes.recipe(name).pairs("test", seed))
        rows = ([token.id for token in subject.encode(text, truncate=True)] for text in texts)
        return list(islice(rows, POOL)), f"sentences of the recipe {name}"
    draw = random.Random(seed)
    longest = min(12, subject.config.max_length - 1)
    return [_drawn(subject, draw.randint(1, longest), draw) for _ in range(POOL)], "tokens drawn at random"


def _noise(subject: Subject, like: list[list[int]], seed: int) -> list[list[int]]:
    """Draw random tokens in sentences of the same lengths."""
    draw = random.Random(seed + 1)
    return [_drawn(subject, len(row) - 1, draw) for row in like]


def _drawn(subject: Subject, count: int, draw: random.Random) -> list[int]:
    size = subject.config.source_size
    return [*(draw.randrange(min(len(SPECIALS), size - 1), size) for _ in range(count)), subject.config.eos_id]


def _first(vector: Tensor) -> tuple[float, ...]:
    return tuple(vector[:FIRST].tolist())


def _size(difference: Tensor) -> tuple[float, float]:
    """Compute the root mean square and the largest absolute value."""
    return float(difference.square().mean().sqrt()), float(difference.abs().max())
