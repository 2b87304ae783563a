"""Direct attribution: how much each head, feed-forward layer, bias and embedding adds to a logit.

A logit is a direction w of the output matrix, times the last vector. Followed backwards along the residual stream, the
direction passes each norm with the variance (or rms) of that row held as it was captured. A norm is linear then:

    norm(x) = gain · (x − mean(x)) / σ + bias        σ = √(var + ε), captured
    w · norm(x) = w · bias + w' · x                  w' = (w·gain − mean(w·gain)) / σ;  an RMSNorm takes no mean

The head of BERT and its relatives, norm(act(x W + b)), is passed in the same way: its norm with the variance, and its
activation with the ratio act(z) / z, that follow from the last vector of the row. Both are linear then.

At each sub-layer w' · x splits into what the sub-layer adds and what the stream before it had; a head adds through its
slice of W_O (Elhage et al. 2021). Each part is counted along this direct path alone: what it changes in later
sub-layers is counted as theirs. The sum is the logit; what edits or rounding leave of it is the share `rest`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.analysis.lens import Lens, own_logits
from glasshead.analysis.stream import Step, Stream, joins
from glasshead.anatomy import Norm
from glasshead.errors import GlassheadError
from glasshead.traces.reading import Gain, Head, Learned
from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Share:
    """One part of a logit, or of the difference of two."""

    name: str
    """`1.cross[head=3]`, `1.ffn`, `biases`, `embedding`, `position`, `rest`."""
    site: str
    """The sub-layer, e.g. `decoder.1.cross`; empty for what is in none."""
    head: int | None
    amount: float


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """All parts of a logit, in the order in which they are added to the stream."""

    shares: tuple[Share, ...]
    logit: float
    """The model's own logit, or the difference of two, before the cap if there is one."""
    capped: bool
    """Whether the model caps its logits: the shares are of what is capped."""
    headed: bool = False
    """Whether a head comes before the output matrix: its variance and the ratios of its activation are held too."""

    @property
    def sum(self) -> float:
        """Sum of all shares."""
        return sum(share.amount for share in self.shares)

    def at(self, site: str) -> float:
        """Return what a whole sub-layer adds, its biases left out."""
        return sum(share.amount for share in self.shares if share.site == site)

    def heads(self, site: str) -> tuple[float, ...]:
        """Return what each head of an attention adds; nothing where heads cannot be told apart."""
        return tuple(share.amount for share in self.shares if share.site == site and share.head is not None)


class _Path:
    """The direction on its way back, and what it has found."""

    def __init__(self, trace: Trace, seen: Stream, learned: Learned, direction: Tensor) -> None:
        self.trace, self.row, self.learned = trace, seen.row, learned
        self.direction = direction
        self.biases = self.rest = 0.0
        self.shares: list[Share] = []

    def through(self, norm: Norm, given: Tensor, found: Tensor) -> None:
        """Pass a norm backwards. given, found: its input and output."""
        learned = self.learned.norms.get(norm.prefix) or Gain(None)
        turned = self.direction if learned.gain is None else self.direction * _exact(learned.gain)
        bias = 0.0 if learned.bias is None else float(self.direction @ _exact(learned.bias))
        if norm.form == "layer":
            turned = turned - turned.mean()
            spread = (self._statistic(norm, "var") + norm.eps) ** 0.5
        else:
            spread = (self._statistic(norm, "rms") ** 2 + norm.eps) ** 0.5
        before, self.direction = self.direction, turned / spread
        self.biases += bias
        self.rest += float(before @ found) - bias - float(self.direction @ given)

    def through_head(self, head: Head, given: Tensor) -> None:
        """Pass the head of the model backwards. given: the last vector, m. Raises GlassheadError: see `attribute`."""
        weight = _exact(head.dense.weight)
        bias = torch.zeros_like(weight[0]) if head.dense.bias is None else _exact(head.dense.bias)
        z = given @ weight + bias
        active = head.activation(z)
        if bool(head.activation(torch.zeros_like(z)).any()):
            raise GlassheadError("The activation of this model's head is not 0 at 0: no logit can be split through it.")
        centred = head.centred(active)
        spread = head.spread(centred)
        turned = self.direction if head.gain.gain is None else self.direction * _exact(head.gain.gain)
        last = 0.0 if head.gain.bias is None else float(self.direction @ _exact(head.gain.bias))
        whole = float(turned @ centred / spread) + last
        turned = head.centred(turned) / spread * torch.where(z == 0, 0.0, active / z)
        own = last + float(turned @ bias)
        self.direction = weight @ turned
        self.biases += own
        self.rest += whole - own - float(self.direction @ given)

    def _statistic(self, norm: Norm, name: str) -> float:
        return float(self.trace.at(f"{norm.prefix}.{name}", self.row))

    def add(self, step: Step) -> None:
        """Count what a sub-layer adds."""
        direction, raw = self.direction, step.gives
        self.direction = direction * step.factor
        if step.inner is not None:
            given = _exact(self.trace.at(f"{step.site}.out", self.row))
            self.through(step.inner, given, raw)
            raw = given
        found = self._parts(step, raw)
        self.direction = direction
        self.shares[:0] = found

    def _parts(self, step: Step, raw: Tensor) -> list[Share]:
        """Split the output of a sub-layer into heads and bias, as far as its last map says it."""
        known = self.learned.outputs.get(step.site)
        whole = float(self.direction @ raw)
        inputs = f"{step.site}.{'active' if step.site.endswith('.ffn') else 'heads'}"
        if known is None or inputs not in self.trace:
            return [Share(name=step.label, site=step.site, head=None, amount=whole)]
        given = _exact(self.trace.at(inputs, self.row))
        bias = torch.zeros_like(raw) if known.bias is None else _exact(known.bias)
        again = _times(given.flatten(), known.weight) + bias if given.numel() == len(known.weight) else None
        near = self.trace.anatomy.tolerance * max(1.0, float(raw.abs().max()))
        if again is None or float((again - raw).abs().max()) > near:  # an edit, or more than the map
            return [Share(name=step.label, site=step.site, head=None, amount=whole)]
        of_bias = float(self.direction @ bias)
        self.biases += of_bias
        if given.dim() == 1:
            return [Share(name=step.label, site=step.site, head=None, amount=whole - of_bias)]
        reach = _times(self.direction, known.weight.T).view_as(given)
        amounts = (given * reach).sum(-1).tolist()
        self.rest += whole - of_bias - sum(amounts)
        return [
            Share(name=f"{step.label}[head={head}]", site=step.site, head=head, amount=amount)
            for head, amount in enumerate(amounts)
        ]


def attribute(trace: Trace, seen: Stream, lens: Lens, token: int, rival: int | None = None) -> Attribution:
    """Split the logit of a token at the end of a stream, or its difference to the logit of a rival.

    Raises GlassheadError where a value that is needed was not captured, and for a head whose activation is not 0 at 0.
    """
    out, learned = lens.unembedding, lens.reading.learned
    assert learned is not None
    rows = [token] if rival is None else [token, rival]
    signs = torch.tensor([1.0, -1.0][: len(rows)], dtype=torch.float64)
    path = _Path(trace, seen, learned, signs @ _exact(out.weight[rows]) * out.scale)
    own = out.linear(seen.end.unsqueeze(0))[0] if out.cap is not None else own_logits(trace, seen, lens.reading)
    logit = float(signs @ own[rows].double())
    if out.bias is not None:
        path.biases += float(signs @ _exact(out.bias[rows]))
    given = seen.end if out.head is None else _exact(out.head(seen.end.unsqueeze(0))[0])
    path.rest += logit - path.biases - float(path.direction @ given)
    if out.head is not None:
        path.through_head(out.head, seen.end)
    if seen.last is not None:
        path.through(seen.last, _left(seen), seen.end)
    whole = _back(path, seen.steps)
    return Attribution(
        shares=(*(_embeddings(path, seen) if whole else ()), *path.shares, *_others(path)),
        logit=logit, capped=out.cap is not None, headed=out.head is not None,
    )  # fmt: skip


def _left(seen: Stream) -> Tensor:
    """Return the stream after all layers, before the last norm."""
    return next((step.after for step in reversed(seen.steps) if step.after is not None), seen.start)


def _back(path: _Path, steps: Sequence[Step]) -> bool:
    """Go back through all sub-layers; return whether the path reaches the embeddings."""
    together: list[Step] = []
    """Sub-layers that are added at once, the last first."""
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        if step.norm is not None and step.resid is not None and step.after is not None:
            path.through(step.norm, step.resid, step.after)
        together.append(step)
        if place and steps[place - 1].resid is None:
            continue
        adds = sum((each.adds for each in together), torch.zeros_like(step.adds))
        resid = together[0].resid
        joined = len(together) > 1 or joins(step)
        if resid is not None:
            path.rest += float(path.direction @ (resid - adds - (step.before if joined else 0.0)))
        for each in together:
            path.add(each)
        together = []
        if not joined:
            return False
    return True


def _embeddings(path: _Path, seen: Stream) -> list[Share]:
    """Count the embeddings: of the position, of the segment, and the rest, which is that of the token."""
    left, found = seen.start, list[Share]()
    if seen.embedded is not None and seen.sum is not None:
        path.through(seen.embedded, seen.sum, seen.start)
        left = seen.sum
    side = "source" if seen.stack == "encoder" else "target"
    for name in () if seen.sum is None else ("position", "segment"):
        site = f"{side}.{name}"
        if site in path.trace and (value := _exact(path.trace.at(site, seen.row))).shape == left.shape:
            found.append(Share(name=name, site="", head=None, amount=float(path.direction @ value)))
            left = left - value
    return [Share(name="embedding", site="", head=None, amount=float(path.direction @ left)), *found]


def _others(path: _Path) -> list[Share]:
    return [
        Share(name=name, site="", head=None, amount=amount)
        for name, amount in (("biases", path.biases), ("rest", path.rest))
    ]


def _times(vector: Tensor, weight: Tensor) -> Tensor:
    """Multiply a vector by a matrix where that lies, in float32 at least: n, n m → m, in float64."""
    with torch.no_grad():
        wide = weight if weight.dtype == torch.float64 else weight.float()
        return _exact(vector.to(wide) @ wide)


def _exact(value: Tensor) -> Tensor:
    return value.detach().to("cpu", torch.float64)
