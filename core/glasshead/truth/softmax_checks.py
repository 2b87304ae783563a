"""Checks of attention that somebody wrote by hand, by its softmax (eyes.py): rows, masked weights, the scale."""

import math
from collections.abc import Sequence

import torch

from glasshead.truth.boxes import Box, Line
from glasshead.truth.eyes import Eyes, Look
from glasshead.truth.mask_fuzzer import Draw
from glasshead.truth.report import Verdict

CLOSE = 1e-3
"""Largest difference of a scale from 1/√d_k, as a share of it, and of a row's sum from 1 if precision keeps that."""


def softmax_checks(box: Box, seed: int, scale: float | None) -> list[Verdict]:
    """Watch the softmaxes of a module's own: sums of rows, weights of what is masked, the scale.

    scale: the factor that the owner says the scores have, if it is not 1/√d_k.
    """
    draw = Draw(box, seed)
    source, target = box.longest.get("source", 0), box.longest.get("target", 0)
    if source and target:  # lengths that differ tell the kinds of attention apart
        source, target = max(2, min(source, 5)), max(3, min(target, 7))
    line = Line(draw.ids("source", source), draw.ids("target", target))
    with Eyes() as eyes:
        box.run([line])
    looks = [(number, look) for number, look in enumerate(eyes.looks) if _is_attention(look, line)]
    if not looks:
        return [
            Verdict(
                "attention seen", "no reference", "No softmax of a product of two tensors was seen, so rows, weights "
                "and scale were not: only what logits show.",
            )
        ]  # fmt: skip
    return [_rows(looks), _masked(looks, line), _scales(looks, scale)]


def _is_attention(look: Look, line: Line) -> bool:
    lengths = {len(line.source), len(line.target)} - {0}
    return set(look.used.shape[-2:]) <= lengths


def _rows(looks: Sequence[tuple[int, Look]]) -> Verdict:
    worst, at, query, total, precision = 0.0, 0, 0, 1.0, torch.float32
    for number, look in looks:
        sums = look.used.float().sum(-1)
        blank = look.hidden.all(-1)
        apart = (sums - 1).abs().masked_fill(blank, 0).nan_to_num(nan=math.inf).reshape(-1)
        if float(apart.max()) > worst:
            row = int(apart.argmax())
            worst, at, query = float(apart[row]), number, row % sums.shape[-1]
            total, precision = float(sums.reshape(-1)[row]), look.used.dtype
    if worst <= CLOSE:
        return Verdict(
            "rows sum to 1", "supported", f"In {len(looks)} attentions every row of weights sums to 1.", worst
        )
    if worst <= torch.finfo(precision).eps:  # each weight is rounded by at most half of that share of itself
        return Verdict(
            "rows sum to 1", "degraded", f"A row of weights sums to {total:.3g}, which is as near to 1 as "
            f"{str(precision).removeprefix('torch.')} keeps weights.", worst,
        )  # fmt: skip
    return Verdict(
        "rows sum to 1", "silently wrong", f"The weights of query {query} in attention {at} of the pass sum to "
        f"{total:.3g}: softmax ran along another axis, or a mask took weights away after softmax and the rest was not "
        "divided by its sum.", worst,
    )  # fmt: skip


def _masked(looks: Sequence[tuple[int, Look]], line: Line) -> Verdict:
    """Find weights on what is masked, or, in attention of the target to itself, on what comes later."""
    leaks, largest, cells = 0, 0.0, 0
    first: tuple[int, int, int] | None = None
    for number, look in looks:
        hidden = look.hidden.clone()
        own = look.used.shape[-2:] == (len(line.target), len(line.target)) and len(line.target) != len(line.source)
        if own:
            hidden |= torch.ones_like(hidden).triu(1)
        cells += int(hidden.sum())
        weights = look.used.detach().float().masked_fill(~hidden, 0)
        if bool((weights != 0).any()):
            leaks += int((weights != 0).sum())
            if first is None:
                query, key = (int(each) for each in (weights != 0).nonzero()[0][-2:])
                first = number, query, key
            largest = max(largest, float(weights.abs().max()))
    if not cells:
        return Verdict("masked weights", "no reference", "No mask hides anything in this pass.")
    if first is None:
        return Verdict("masked weights", "supported", f"All {cells} weights that a mask is to hide are exactly 0.", 0.0)
    number, query, key = first
    return Verdict(
        "masked weights", "silently wrong", f"{leaks} of {cells} weights that a mask is to hide are not 0, the largest "
        f"{largest:.2g}; the first: attention {number} of the pass, query {query} looks at key {key}.", largest,
    )  # fmt: skip


def _scales(looks: Sequence[tuple[int, Look]], claim: float | None) -> Verdict:
    odd = []
    for number, look in looks:
        wanted = look.width**-0.5 if claim is None else claim
        if abs(look.scale - wanted) > CLOSE * wanted:
            odd.append((number, look, wanted))
    if not odd:
        scales = sorted({round(look.scale, 6) for _, look in looks})
        said = "1/√d_k" if claim is None else "what was said"
        return Verdict("scale", "supported", f"Scores are q·k × {' or '.join(map('{:.4g}'.format, scales))}, {said}.")
    number, look, wanted = odd[0]
    missing = "the scale is missing" if math.isclose(look.scale, 1.0) else "another scale"
    said = f"1/√{look.width}" if claim is None else "as was said"
    return Verdict(
        "scale", "silently wrong", f"Scores of attention {number} of the pass are q·k × {look.scale:.4g}, and not × "
        f"{wanted:.4g}, {said}: {missing}. If it is meant so, say scale={look.scale:.4g}.", look.scale,
    )  # fmt: skip
