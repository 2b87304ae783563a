"""Checks of a Model by its sites, along one line: what the truth line checks, and norms, positions, scale and pads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.decoding.pick import Forced
from glasshead.decoding.protocols import Model, Prompt
from glasshead.decoding.stepper import Stepper
from glasshead.edits.ledger import CACHED, FUTURE
from glasshead.site import Site
from glasshead.tap import ONE_AT_A_TIME
from glasshead.text import Token
from glasshead.traces.trace import Trace
from glasshead.truth.boxes import Box, Line
from glasshead.truth.module_checks import TABLES, claimed_positions, rows_of
from glasshead.truth.report import Verdict
from glasshead.truth.trace_checks import checks

CLOSE = 1e-3
"""Largest difference of a scale from 1/√d_k, as a share of it."""


@dataclass(frozen=True)
class Claims:
    """What a model's configuration, or its owner, says of it; None where nobody says anything."""

    positions: str | None = None
    """`sinusoidal`, `halves`, `tensor2tensor`, `learned`, `rotary` or `none`."""
    scale: float | None = None
    """The factor of q·k, if it is not 1/√d_k."""
    unmasked: str = ""
    """The field of the configuration which says that a decoder has no mask, `masked=False`; empty if none does."""


class Numbers:
    """Names of ids by their numbers, where no tokenizer is asked."""

    def __init__(self, size: int) -> None:
        """size: of the vocabulary."""
        self.size = size

    def encode(self, text: str) -> list[int]:
        """See `Names`."""
        return [int(word) for word in text.split()]

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """See `Names`."""
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, str(number), p) for number, p in zip(ids, given, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """See `Names`."""
        return " ".join(map(str, ids))

    def cut(self, text: str, limit: int) -> str:
        """See `Names`."""
        return " ".join(text.split()[:limit])


def site_checks(
    model: Model, box: Box, line: Line, claims: Claims, tables: Mapping[str, tuple[Tensor, bool]]
) -> list[Verdict]:
    """Check what is seen of a Model along one line. tables: of positions that its module holds, by position_tables.

    Raises GlassheadError for a line that it does not take.
    """
    with torch.no_grad():
        trace, error, peeking = _traced(model, line, whole=not claims.unmasked)
    found = []
    for check in checks(trace, error, peeking):
        verdict = _said(check.label, check.ok, check.value, check.detail)
        if claims.unmasked and check.label in (FUTURE, *CACHED):
            verdict = Verdict(verdict.what, "no reference", unmasked_said(claims.unmasked))
        found.append(verdict)
    more = (_scale(trace, claims), _padded(model, box, line), _norms(trace), _positions(trace, claims, tables))
    return [*found, *(verdict for verdict in more if verdict is not None)]


def unmasked_said(field: str) -> str:
    """Say why nothing is judged that a mask would hold. field: see `Claims.unmasked`."""
    return f"Its configuration says {field}: without a mask a token is another in a longer target, and after a cache."


def _traced(model: Model, line: Line, *, whole: bool = True) -> tuple[Trace, float | None, int | None]:
    """Walk along a line: half of the target as a prompt, the rest step by step, as in decoding.

    whole: whether there is such a prompt, of more than a token, in one pass.
    """
    names = Numbers(model.size)
    half = max(1, len(line.target) // 2 if whole else 1) if line.target else 0
    prompt = Prompt(line.source, line.target[:half])
    stepper = Stepper.begin(model, prompt, names, names, pick=Forced(line.target[half:]))
    for _ in line.target[half:]:
        if not stepper.done:
            stepper.step()
    trace = stepper.outlook
    error, peeking = stepper.verify() if stepper.verifiable else (None, None)
    return trace, error, peeking


CALLED = {"nothing from the future": "masked weights", "captured = recomputed": "weights from q, k"}
RIGHT = {
    "rows sum to 1": "Every row of every attention sums to 1.",
    "nothing from the future": "What the mask hides has weights of 0.",
    "captured = recomputed": "Weights are softmax of captured q·k × scale.",
    "cached = full": "Cached steps have the logits of one pass.",
    "steps = full": "Steps have the logits of one pass.",
}
WRONG = {
    "rows sum to 1": "A row of attention sums to 1 only up to {value:.2g}.",
    "nothing from the future": "{value:.0f} weights that a mask is to hide are not 0.",
    "captured = recomputed": "Weights differ by up to {value:.2g} from softmax of the captured q·k × scale, masked.",
    "cached = full": "The logits of cached steps differ from those of one pass, by {value:.0e} of the largest.",
    "steps = full": "The logits of steps differ from those of one pass, by {value:.0e} of the largest.",
}


def _said(label: str, ok: bool, value: float | None, detail: str) -> Verdict:
    what = CALLED.get(label, label)
    if not ok:
        return Verdict(what, "silently wrong", WRONG[label].format(value=value), value)
    said = detail if "newest row" in detail else RIGHT[label]
    return Verdict(what, "supported", said, value)


def _scale(trace: Trace, claims: Claims) -> Verdict | None:
    """Compare the scale of every attention with 1/√d_k; what the model says otherwise of itself is said."""
    scales: dict[float, list[str]] = {}
    odd: list[tuple[str, float, float]] = []
    for site in trace.find("*.q"):
        prefix = Site.parse(site).prefix
        scale, usual = trace.attending(prefix).scale, trace[site].shape[-1] ** -0.5
        scales.setdefault(scale, []).append(prefix)
        wanted = usual if claims.scale is None else claims.scale
        if abs(scale - wanted) > CLOSE * wanted:
            odd.append((prefix, scale, wanted))
    if not scales:
        return None
    said = " or ".join(f"{scale:.4g}" for scale in sorted(scales))
    if not odd:
        return Verdict("scale", "supported", f"Scores are q·k × {said}, {_root(claims)}.")
    prefix, scale, wanted = odd[0]
    if claims.scale is not None:
        return Verdict(
            "scale", "silently wrong", f"Scores of {prefix} are q·k × {scale:.4g}; × {wanted:.4g} is claimed.", scale
        )
    return Verdict(
        "scale", "supported", f"Scores are q·k × {said}, and not all 1/√d_k, which is {wanted:.4g} at {prefix}: the "
        "model says so itself.", scale,
    )  # fmt: skip


def _root(claims: Claims) -> str:
    return "1/√d_k" if claims.scale is None else "as claimed"


def _padded(model: Model, box: Box, line: Line) -> Verdict | None:
    """Check that pads of a source have no weight, in the encoder and from the decoder."""
    if "source" not in box.right or "source" not in box.sides or len(line.source) < 2:
        return None
    short = line.source[:-1]
    with ONE_AT_A_TIME, torch.no_grad(), model.listen(["*.weights"]) as seen:
        memory = model.read([short, line.source])
        captured = dict(seen)
        if line.target and memory is not None:
            model.logits(torch.tensor([line.target] * 2, device=model.device), memory)
            captured |= dict(seen)
    leaks, cells, first = 0, 0, ""
    for site, weights in captured.items():
        if model.anatomy.kind_at(Site.parse(site).prefix).keys != "source" or len(weights) < 2:
            continue
        rows = len(short) if site.startswith("encoder") else weights.shape[-2]
        pads = weights[0, :, :rows, len(short) :]
        cells += pads.numel()
        if bool((pads != 0).any()):
            leaks += int((pads != 0).sum())
            first = first or site
    if not cells:
        return None
    if leaks:
        return Verdict(
            "weights of pads",
            "silently wrong",
            f"{leaks} of {cells} weights of pads are not 0, in {first} first.",
            leaks,
        )
    return Verdict("weights of pads", "supported", f"All {cells} weights of pads are exactly 0.", 0.0)


def _norms(trace: Trace) -> Verdict | None:
    """Recompute both steps of every norm: mean 0 and variance 1, then one gain and one bias for each number."""
    worst, where, count = 0.0, "", 0
    for norm in trace.anatomy.norms:
        names = {name: f"{norm.prefix}.{name}" for name in ("mean", "var", "rms", "normed", "out")}
        there = {name: trace[site].double() for name, site in names.items() if site in trace}
        if "normed" not in there or "out" not in there:
            continue
        count += 1
        for apart in _differences(there, norm.form, norm.eps):
            if not apart <= worst:
                worst, where = apart, norm.prefix
    if not count:
        return None
    if worst <= 10 * trace.anatomy.tolerance:
        return Verdict(
            "norms",
            "supported",
            f"All {count} norms follow from their two steps.",
            worst,
        )
    return Verdict(
        "norms",
        "silently wrong",
        f"{where} does not follow from its two steps: it differs by {worst:.2g} of its size.",
        worst,
    )


def _differences(there: Mapping[str, Tensor], form: str, eps: float) -> Iterator[float]:
    """Yield the largest relative differences of one norm, from what it should be. Values are q m, statistics q."""
    normed, out = there["normed"], there["out"]
    if form == "layer":
        yield float(normed.mean(-1).abs().max())
        spread, given = normed.square().mean(-1) - normed.mean(-1).square(), there.get("var")
    else:
        spread, given = normed.square().mean(-1), None if "rms" not in there else there["rms"].square()
    if given is not None:
        yield float((spread - given / (given + eps)).abs().max())
    if len(normed) > 2:  # a line through three points or more: gain and bias of each number
        x, y = normed - normed.mean(0), out - out.mean(0)
        bent = x.square().sum(0) > 1e-6
        gain = (x * y).sum(0) / x.square().sum(0).clamp_min(1e-12)
        left = (y - gain * x)[:, bent]
        if left.numel():
            yield float(left.abs().max() / out.abs().max().clamp_min(1.0))


def _positions(trace: Trace, claims: Claims, held: Mapping[str, tuple[Tensor, bool]]) -> Verdict | None:
    """Say what positions are: a formula, a table, a rotation, a bias; compare with what is claimed."""
    tables = [site for site in ("source.position", "target.position") if site in trace]
    if tables:
        verdicts = []
        for site in tables:
            rows = trace[site][0] if trace[site].dim() == 3 else trace[site]
            path = rows_of(rows, held)
            where = f"{site} ({path})" if path else site
            verdicts.append(claimed_positions(rows, claims.positions, where, learned=path is not None))
        return min(verdicts, key=lambda verdict: (verdict.ok, verdict.word != "no reference"))
    turned = [site for site in trace.find("*_unrotated") if site.endswith((".q_unrotated", ".k_unrotated"))]
    if turned:
        return _rotations(trace, turned)
    biased = [name for name, how in trace.anatomy.attending.items() if how.biased]
    said = f"A number for each distance is added to the scores of {len(biased)} attentions." if biased else None
    if claims.positions in (*TABLES, "learned") and said is None:
        return Verdict("positions", "no reference", f"{claims.positions} positions are claimed; no site shows them.")
    return None if said is None else Verdict("positions", "supported", said)


def _rotations(trace: Trace, turned: Sequence[str]) -> Verdict:
    """Check that rotary positions turn and do not stretch, and turn nothing at position 0."""
    worst, where = 0.0, ""
    for site in turned:
        before, after = trace[site].double(), trace[site.removesuffix("_unrotated")].double()
        if before.shape != after.shape:
            continue
        size = before.abs().max().clamp_min(1e-12)
        factor = after[:, 0].norm() / before[:, 0].norm().clamp_min(1e-12)  # some scale on the way
        longer = (before.norm(dim=-1) * factor - after.norm(dim=-1)).abs().max() / size
        straight = (before[:, 0] * factor - after[:, 0]).abs().max() / size
        apart = float(torch.stack([longer, straight]).max())
        if not apart <= worst:
            worst, where = apart, site
    if worst <= 10 * trace.anatomy.tolerance:
        return Verdict(
            "positions", "supported", f"Rotary: {len(turned)} q and k are turned, not stretched, not at position 0.",
            worst,
        )  # fmt: skip
    return Verdict(
        "positions", "silently wrong", f"Rotary: {where} is stretched, or turned at position 0, by {worst:.2g}.", worst
    )
