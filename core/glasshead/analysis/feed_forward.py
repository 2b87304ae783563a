"""The units of a feed-forward layer at one row, and what each of them writes.

    paper    FFN(x) = max(0, x W_1 + b_1) W_2 + b_2          (Vaswani et al. 2017, section 3.3)
    gated    FFN(x) = (act(x W_gate) ⊙ x W_up) W_2           (Shazeer 2020)

A unit f writes its activation times its row of W_2 into the stream (Geva et al. 2021). Its strength is the length of
what it writes; where the model does not say W_2, the size of the activation alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.text import Token
from glasshead.traces.reading import Affine
from glasshead.traces.trace import Trace

NAMES = ("hidden", "gate", "up", "active")
"""What a unit may have: before the activation, or of a gated layer both halves; and what goes into W_2."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit at one row."""

    number: int
    values: tuple[float, ...]
    """What it has of `NAMES`, in the order of `Units.names`; `active` is the last."""
    strength: float
    """Length of what it writes; the size of its activation if W_2 is not known."""
    writes: tuple[Token, ...] = ()
    """Tokens whose logits it raises most, through the output matrix alone, the first most; no probabilities."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """The strongest units of a layer at one row."""

    site: str
    names: tuple[str, ...]
    """Values that the model shows of a unit."""
    units: tuple[Unit, ...]
    """The strongest first."""
    count: int
    """Units of the layer."""
    working: int
    """Units whose activation is not 0."""
    share: float
    """Share of the squared strength that the shown units have."""
    written: bool
    """Whether the strength is that of what is written."""
    headed: bool = False
    """Whether a head with an activation lies before the output matrix, so that no unit raises a logit by itself."""
    again: bool = False
    """Whether values were recomputed by running the model, because not every one is kept."""


def units(trace: Trace, site: str, row: int, count: int, *, tokens: int = 0) -> Units:
    """Find the strongest units of the feed-forward layer at `site`, e.g. `decoder.1.ffn`.

    tokens: how many tokens to name that a unit writes, where the model says its output matrix. Raises GlassheadError
    where the activations were not captured.
    """
    names = tuple(name for name in NAMES if f"{site}.{name}" in trace)
    if "active" not in names:
        if trace.recorded and f"{site}.active" in trace.anatomy.sites:
            raise GlassheadError(f"{trace.recorded}: {site}.active was not recorded. Open the model itself to see it.")
        raise GlassheadError(f"This model does not show the units of {site}.")
    again = trace.prepare([f"{site}.{name}" for name in names], row)
    values = [trace.at(f"{site}.{name}", row).double() for name in names]
    active = values[-1]
    last = _last_map(trace, site, len(active))
    strength = active.abs() if last is None else active.abs() * _lengths(last)
    chosen = strength.argsort(descending=True, stable=True)[:count].tolist()
    whole = float(strength.square().sum())
    learned = None if trace.reading is None else trace.reading.learned
    out = None if learned is None else learned.unembedding
    written = _written(trace, site, last, active, chosen, tokens)
    found = tuple(
        Unit(
            number=number, values=tuple(float(each[number]) if number < len(each) else 0.0 for each in values),
            strength=float(strength[number]), writes=written[place],
        )
        for place, number in enumerate(chosen)
    )  # fmt: skip
    return Units(
        site=site, names=names, units=found, count=len(active), working=int((active != 0).sum()),
        share=float(strength[chosen].square().sum()) / whole if whole else 1.0, written=last is not None,
        headed=out is not None and out.head is not None, again=again,
    )  # fmt: skip


def _last_map(trace: Trace, site: str, size: int) -> Affine | None:
    learned = None if trace.reading is None else trace.reading.learned
    found = None if learned is None else learned.outputs.get(site)
    return found if found is not None and len(found.weight) == size else None


def _lengths(last: Affine) -> Tensor:
    with torch.no_grad():
        return last.weight.float().norm(dim=1).cpu().double()


def _written(
    trace: Trace, site: str, last: Affine | None, active: Tensor, chosen: list[int], count: int
) -> list[tuple[Token, ...]]:
    """Name the tokens that units write: a · W_2[f] through the output matrix, its scale and bias left out.

    Nothing for an encoder whose rows the decoder reads, as no output matrix follows it, and nothing through a head.
    """
    reading = trace.reading
    learned = None if reading is None else reading.learned
    predicts = site.startswith("decoder.") or (reading is not None and reading.source is not None)
    out = None if learned is None or not predicts else learned.unembedding
    if last is None or reading is None or out is None or out.head is not None or not count or not chosen:
        return [()] * len(chosen)
    with torch.no_grad():
        signs = active[chosen].sign().to(last.weight)
        raised = (signs.unsqueeze(-1) * last.weight[chosen]).to(out.weight) @ out.weight.T
        best = raised.float().cpu().topk(min(count, raised.shape[-1])).indices.tolist()
    return [tuple(reading.names(ids, None)) for ids in best]
