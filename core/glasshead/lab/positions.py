"""Positions as sines and cosines (section 3.5 of the paper): a step of k positions is one rotation, whatever pos is.

With PE(pos, 2i) = sin(pos · ω_i), PE(pos, 2i+1) = cos(pos · ω_i), ω_i = 10000^(−2i/m), the sums of angles say

    ⎡sin((pos + k) ω_i)⎤   ⎡ cos(k ω_i)  sin(k ω_i)⎤ ⎡sin(pos · ω_i)⎤
    ⎣cos((pos + k) ω_i)⎦ = ⎣−sin(k ω_i)  cos(k ω_i)⎦ ⎣cos(pos · ω_i)⎦

so PE(pos + k) = M_k PE(pos), with one such block for each pair and zeros elsewhere, and

    PE(pos) · PE(pos + k) = Σ_i cos(k ω_i)

depends on the distance alone. Learned positions promise none of this: a small model learns a table of them, which is
measured in the same way. Without any positions the encoder does not know order: its output permutes with its input.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.lab.tools import checks
from glasshead.lab.tools import small_training as little
from glasshead.lab.tools.progress import Progress, part, silent
from glasshead.lab.tools.sentence import choose_text
from glasshead.model import Config, sinusoids
from glasshead.subjects import Subject
from glasshead.training.schedule import rate

SHOWN = 8
"""Rows and columns of the matrix that are shown: the first blocks."""
LETTERS, LONGEST = 8, 24
"""Letters and longest word of the small model's task, reversing letters."""
LITTLE = Config(
    vocab_size=little.FIRST + LETTERS,
    d_model=16,
    heads=2,
    d_ff=64,
    encoder_layers=1,
    decoder_layers=1,
    dropout=0.0,
    positions="learned",
    max_length=LONGEST + 1,
)
"""Narrow on purpose: a linear map between fewer positions than dimensions would always fit."""
OFFSETS = (1, 2, 3, 4)
"""Offsets k of the fitted linear maps: they leave 21 pairs of positions for 16 dimensions."""
OWN_OFFSETS, PARTS, MOST = (1, 2, 4), 4, 512
"""For an opened model's table: offsets k, number of parts that its pairs are divided into, most positions."""


@dataclass(frozen=True, kw_only=True)
class Offset:
    """One k and its matrix M_k."""

    k: int
    error: float
    """Largest |M_k PE(pos) − PE(pos + k)| over all pairs of positions and all dimensions; the numbers lie in −1…1."""
    pairs: int
    """Number of compared pairs of positions."""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """Dot products of two positions at one distance."""

    distance: int
    mean: float
    """Mean over all pairs."""
    spread: float
    """Largest minus smallest product: 0 if only the distance counts."""
    formula: float | None
    """Σ cos(k ω_i); None without a formula."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Error of the best linear map from PE(pos) to PE(pos + k) on positions that it was not fitted to.

    Root mean square of the error, as a share of that of PE(pos + k): 0 is exact, 1 is no better than predicting 0.
    Fitted by least squares to all pairs but one and tested on that one, for every pair. All tables have the same size.
    """

    k: int
    sinusoidal: float
    learned: float
    untrained: float
    """Fit of the table at the start of the training."""
    random: float
    """Fit of independent random numbers."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """The positions that a small model learned with its task, reversing letters."""

    positions: int
    width: int
    steps: int
    loss: float
    """Loss in nats a token, on unseen words."""
    exact: float
    """Share of unseen words that it reverses without a mistake, 0–1."""
    distances: tuple[Distance, ...]
    """Dot products divided by their mean at distance 0."""
    beside: tuple[Distance, ...]
    """Dot products of as many sinusoids of the same width."""
    fits: tuple[Fit, ...]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One k in the table of an opened model."""

    k: int
    pairs: int
    """Pairs of positions that a linear map is fitted to each time; the rest tests it."""
    mean: float
    """Mean dot product of two positions at this distance, divided by the mean at distance 0."""
    spread: float
    """Largest minus smallest of those products."""
    own: float
    """Error of the best linear map on a quarter of the pairs, fitted to the others: see Fit."""
    sinusoidal: float
    random: float
    """Error for as many random numbers of the same width."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """The positions that an opened model learned. Those that no training sentence reached keep their initial values."""

    positions: int
    width: int
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One sentence and the same tokens in another order, read by a model with positions or without."""

    positions: str
    """Value of `positions` in the model's Config."""
    difference: float
    """Largest difference between the output for the shuffled tokens and the shuffled output for the sentence."""
    size: float
    """Root mean square of the output, for comparison."""
    translation: str
    shuffled: str
    """Translation of the shuffled tokens."""


@dataclass(frozen=True, kw_only=True)
class Positions:
    """The result of the experiment."""

    k: int
    width: int
    length: int
    matrix: tuple[tuple[float, ...], ...]
    """The first rows and columns of M_k."""
    offsets: tuple[Offset, ...]
    other: int
    """Another offset, k + 1 or k − 1."""
    borrowed: float
    """Error of M_k for that other offset."""
    distances: tuple[Distance, ...]
    """Distances of the sinusoids."""
    learned: Learned
    own: Own | None
    """Positions of a model that learned them; None for any other, and for a model with hardly any positions."""
    model: str
    text: str
    shuffled: str
    """The same tokens in another order, as a text."""
    readings: tuple[Reading, ...]
    """Reading with the model's positions, then without."""


def positions(
    *,
    subject: Subject,
    k: int = 3,
    width: int = 64,
    length: int = 100,
    steps: int = 600,
    text: str = "",
    seed: int = 0,
    progress: Progress = silent,
) -> Positions:
    """Measure M_k on `length` sinusoids of `width` numbers, train a table in `steps` steps, and remove order.

    k: −length < k < length. text: for the subject; its first example if empty. seed: of the training and the shuffling.

    Raises GlassheadError for an odd width (sines and cosines come in pairs) and for other invalid arguments.
    """
    checks.whole("width", width, least=2, most=1024)
    if width % 2:
        raise GlassheadError(f"width is {width}; it must be even: a sine and a cosine for each frequency.")
    checks.whole("length", length, least=2, most=1024)
    checks.whole("k", k, least=1 - length, most=length - 1)
    checks.whole("steps", steps, least=1, most=10_000)
    checks.seed(seed)
    text = choose_text(subject, text)
    shuffled, readings = _order(subject, text, seed, part(progress, 0.0, 0.1))
    progress(0.1, "rotations")
    table = sinusoids(length, width).double()
    other = k + 1 if k + 1 < length else k - 1
    known = sorted(
        {1, 2, 5, 10, -1, k, 2 * k, -k} & set(range(1 - length, length)), key=lambda each: (abs(each), -each)
    )
    return Positions(
        k=k,
        width=width,
        length=length,
        matrix=tuple(tuple(row) for row in rotation(k, width)[:SHOWN, :SHOWN].tolist()),
        offsets=tuple(
            Offset(k=each, error=error_of(rotation(each, width), table, each), pairs=length - abs(each))
            for each in known
        ),
        other=other,
        borrowed=error_of(rotation(k, width), table, other),
        distances=tuple(_distances(table, rates(width))),
        own=_own(subject, seed, part(progress, 0.1, 0.15)),
        learned=_learned(steps, seed, part(progress, 0.15, 1.0)),
        model=subject.name,
        text=text,
        shuffled=shuffled,
        readings=readings,
    )


def rates(width: int) -> Tensor:
    """Compute ω_i = 10000^(−2i/m) in radians a position: width / 2 numbers, float64."""
    return 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def rotation(k: int, width: int) -> Tensor:
    """Build M_k, with PE(pos + k) = M_k PE(pos): width × width, float64, for an even width."""
    angle = k * rates(width)
    matrix = torch.zeros(width, width, dtype=torch.float64)
    sine, cosine = torch.arange(0, width, 2), torch.arange(1, width, 2)
    matrix[sine, sine] = matrix[cosine, cosine] = torch.cos(angle)
    matrix[sine, cosine] = torch.sin(angle)
    matrix[cosine, sine] = -torch.sin(angle)
    return matrix


def error_of(matrix: Tensor, table: Tensor, k: int) -> float:
    """Compute the largest |matrix · table[pos] − table[pos + k]|. matrix: m m · table: positions × m."""
    start, end = _pairs(table, k)
    return float((start @ matrix.t() - end).abs().max())


def misses(table: Tensor, k: int, parts: int | None = None) -> float:
    """Measure how far the best linear map from table[pos] to table[pos + k] misses pairs outside its fit: see Fit.

    table: positions × m, with more than m + |k| positions, or every map fits. parts: number of parts of the pairs, each
    left out once; None: every pair by itself.
    """
    start, end = _pairs(table.double(), k)
    missed, part_of = torch.empty_like(end), torch.arange(len(start)) % (parts or len(start))
    for out in range(parts or len(start)):
        these = part_of == out
        # By singular values: the slow sinusoids are nearly equal, so their columns are nearly dependent.
        # torch's other driver for this, gelsy, does not give the same numbers every time.
        fitted = torch.linalg.lstsq(start[~these], end[~these], driver="gelsd").solution
        missed[these] = start[these] @ fitted - end[these]
    return float((missed.square().mean() / end.square().mean()).sqrt())


def _pairs(table: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Pair every pos with pos + k, a row each."""
    count = len(table) - abs(k)
    return table[max(0, -k) :][:count], table[max(0, k) :][:count]


def _distances(table: Tensor, rate_of: Tensor | None) -> list[Distance]:
    """Measure dot products by distance. rate_of: ω_i for sinusoids; other tables are divided by distance 0."""
    products = table @ table.t()
    if rate_of is None:
        products = products / products.diagonal().mean()
    return [
        Distance(
            distance=distance,
            mean=float(products.diagonal(distance).mean()),
            spread=float(products.diagonal(distance).max() - products.diagonal(distance).min()),
            formula=None if rate_of is None else float(torch.cos(distance * rate_of).sum()),
        )
        for distance in range(len(table))
    ]


def _learned(steps: int, seed: int, progress: Progress) -> Learned:
    examples = little.reversals(4000, letters=LETTERS, longest=LONGEST, seed=seed + 1)
    unseen = little.reversals(200, letters=LETTERS, longest=LONGEST, seed=seed + 2)
    model = little.build(LITTLE, seed)
    untrained = model.source.positions.detach().clone()
    little.train(
        model,
        examples,
        steps=steps,
        rate=lambda step: rate(step, d_model=LITTLE.d_model, warmup=100, factor=0.4),
        batch=32,
        seed=seed,
        progress=part(progress, 0.0, 0.95),
    )
    progress(0.95, "what it learned")
    table = model.source.positions.detach()
    size = (len(table), LITTLE.d_model)
    drawn = torch.randn(*size, generator=torch.Generator().manual_seed(seed))
    return Learned(
        positions=size[0],
        width=size[1],
        steps=steps,
        loss=little.loss_of(model, unseen),
        exact=little.exact(model, unseen),
        distances=tuple(_distances(table.double(), None)),
        beside=tuple(_distances(sinusoids(*size).double(), None)),
        fits=tuple(
            Fit(
                k=offset,
                sinusoidal=misses(sinusoids(*size), offset),
                learned=misses(table, offset),
                untrained=misses(untrained, offset),
                random=misses(drawn, offset),
            )
            for offset in OFFSETS
        ),
    )


def _own(subject: Subject, seed: int, progress: Progress) -> Own | None:
    """Measure the table of the encoder's positions, if it is learned and long enough."""
    if subject.config.positions != "learned":
        return None
    table = subject.native.source.positions.detach()[:MOST].double()
    size = (len(table), table.shape[1])
    drawn = torch.randn(*size, generator=torch.Generator().manual_seed(seed))
    distances, shifts = _distances(table, None), []
    offsets = [k for k in OWN_OFFSETS if size[0] - k >= PARTS]
    for number, k in enumerate(offsets):
        found = []
        for turn, each in enumerate((table, sinusoids(*size), drawn)):
            progress((number + turn / 3) / len(offsets), f"positions of {subject.name}, {k} further")
            found.append(misses(each, k, PARTS))
        pairs = size[0] - k
        shifts.append(
            Shift(
                k=k,
                pairs=pairs - -(-pairs // PARTS),
                mean=distances[k].mean,
                spread=distances[k].spread,
                own=found[0],
                sinusoidal=found[1],
                random=found[2],
            )
        )
    return Own(positions=size[0], width=size[1], shifts=tuple(shifts)) if shifts else None


@torch.inference_mode()
def _order(subject: Subject, text: str, seed: int, progress: Progress) -> tuple[str, tuple[Reading, ...]]:
    """Shuffle the tokens of a text, the end token excepted, and read them with the model's positions and without."""
    ids = torch.tensor([token.id for token in subject.encode(text)])
    order = _shuffle(ids, seed)
    readings = []
    for number, each in enumerate((subject, subject.changed(positions="none", window=None))):
        progress(number / 2, f"{subject.name}, positions {each.config.positions}")
        straight, mixed = each.native.encode(ids.unsqueeze(0))[0], each.native.encode(ids[order].unsqueeze(0))[0]
        readings.append(
            Reading(
                positions=each.config.positions,
                difference=float((mixed - straight[order]).abs().max()),
                size=float(straight.square().mean().sqrt()),
                translation=_said(each, ids),
                shuffled=_said(each, ids[order]),
            )
        )
    return subject.vocabulary.source.decode(ids[order][:-1].tolist()), tuple(readings)


def _shuffle(ids: Tensor, seed: int) -> Tensor:
    """Draw an order of all tokens but the last that changes the sequence."""
    if len(set(ids[:-1].tolist())) < 2:
        raise GlassheadError("The text has no two different tokens: in any order it is the same. Give a longer one.")
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.cat([torch.randperm(len(ids) - 1, generator=generator), torch.tensor([len(ids) - 1])])
        if not torch.equal(ids[order], ids):
            return order


def _said(subject: Subject, ids: Tensor) -> str:
    """Decode greedily from ids: re-encoding the text of shuffled tokens may give other tokens."""
    limit = min(subject.config.max_length - 1, 2 * len(ids) + 10)
    said = little.decode(subject.native, ids.unsqueeze(0), limit=limit)[0].tolist()
    end = subject.config.eos_id
    return subject.vocabulary.target.decode(said[: said.index(end)] if end in said else said)
