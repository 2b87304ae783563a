"""The probes: what no model may notice, as data for the mask fuzzer.

same twice            a pass, run again
later tokens          a target token that changes, from the rows before it
growing target        the target that goes on, from the rows that are there
batch mates           other lines of the batch, of the same length
pads                  padding after the tokens of the source, or of the target
pads in a batch       padding that a longer line of the batch makes necessary
left pads             padding before the tokens
cache splits          where the passes of a cached decoding begin
cache crop            tokens that were read and taken back
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from glasshead.site import Side
from glasshead.truth.boxes import Box, Line
from glasshead.truth.mask_fuzzer import Case, Draw, Pair, Probe, compare, tokens


def _twice(box: Box, case: Case) -> Pair:
    return box.run([case.line])[0], box.run([case.line])[0]


TWICE = Probe(
    what="same twice",
    holds="Two passes give the same logits.",
    draw=lambda draw: Case(draw.line()),
    pair=_twice,
    when=lambda _case: "when the same pass runs again",
    same=True,
)


# A later token


def _later_case(draw: Draw) -> Case:
    line = draw.line(2)
    place = 1 + draw.below(len(line.target) - 1)
    return Case(line, place=place, token=draw.other("target", line.target[place]))


def _later(box: Box, case: Case) -> Pair | None:
    target, place = case.line.target, case.place
    if not 0 < place < len(target) or target[place] == case.token:
        return None
    changed = Line(case.line.source, (*target[:place], case.token, *target[place + 1 :]))
    return box.run([changed])[0][:place], box.run([case.line])[0][:place]


def reach(box: Box) -> tuple[int, int]:
    """Return how many positions before a changed token its change is noticed, at most, and the most there could be."""
    draw, farthest = Draw(box, 1), 0
    length = max(2, box.longest["target"])
    for _ in range(3):
        line = Line(box.fixed or draw.ids("source", 3), draw.ids("target", length))
        case = Case(line, place=length - 1, token=draw.other("target", line.target[-1]))
        pair = _later(box, case)
        assert pair is not None
        for place in range(length - 1):
            if compare(pair[0][place : place + 1], pair[1][place : place + 1]).relative > 1e-6:
                farthest = max(farthest, length - 1 - place)
                break
    return farthest, length - 1


def _let_through(box: Box, _case: Case) -> str:
    far, most = reach(box)
    if 0 < far < most:
        return (
            f"A change reaches {far} position{'s' * (far > 1)} back and no further: each layer's mask lets through "
            "a token or so too many, as triu(2) does for triu(1)."
        )
    return "Every earlier position notices: the causal mask is missing, turned, or applied after softmax."


LATER = Probe(
    what="later tokens",
    holds="A target token moves no logits before it.",
    draw=_later_case,
    pair=_later,
    when=lambda case: f"when the token at position {case.place} changes to {case.token}",
    cause=_let_through,
    same=True,
)


def _growing(box: Box, case: Case) -> Pair | None:
    target, place = case.line.target, case.place
    if not 0 < place < len(target):
        return None
    return box.run([Line(case.line.source, target[:place])])[0], box.run([case.line])[0][:place]


GROWING = Probe(
    what="growing target",
    holds="Each beginning is as it is in the whole.",
    draw=_later_case,
    pair=_growing,
    when=lambda case: f"when the target ends after position {case.place - 1}",
    cause=lambda _box, _case: (
        "It is the number of tokens that counts: positions are counted from the end, or a mask has another length."
    ),
)


# Other lines


def _mates_case(draw: Draw) -> Case:
    line = draw.line()
    return Case(line, mate=draw.line(like=line))


def _mates(box: Box, case: Case) -> Pair | None:
    mate = case.mate
    if mate is None or len(mate.source) != len(case.line.source) or len(mate.target) != len(case.line.target):
        return None
    return box.run([case.line, mate])[0], box.run([case.line])[0]


MATES = Probe(
    what="batch mates",
    holds="A line in a batch is as it is alone.",
    draw=_mates_case,
    pair=_mates,
    when=lambda _case: "when another line stands beside it in the batch",
    cause=lambda _box, _case: (
        "Something looks across the batch: an attention made with batch_first=False that gets the batch first, "
        "or a norm over the batch."
    ),
)


# Pads


def _pads_case(draw: Draw) -> Case:
    return Case(draw.line(), pads=1 + draw.below(4))


def _pads(side: Side, left: bool) -> Callable[[Box, Case], Pair | None]:
    def pair(box: Box, case: Case) -> Pair | None:
        if case.pads < 1:
            return None
        room = {side: len(case.line.of(side)) + case.pads}
        found = box.run([case.line], room=room, left=left)[0]
        return found, box.run([case.line])[0]

    return pair


def _after(side: Side) -> Callable[[Case], str]:
    return lambda case: f"when {_count(case.pads)} after the {side}"


def _before(side: Side) -> Callable[[Case], str]:
    return lambda case: f"when {_count(case.pads)} before the {side}"


def _count(pads: int) -> str:
    return "a pad stands" if pads == 1 else f"{pads} pads stand"


def pads(side: Side) -> Probe:
    """Make the probe of pads after the tokens of a side."""
    seen = "Attention sees the pads: the padding mask is missing, or does not reach every attention"
    also = " (encoder self-attention, and encoder–decoder attention)." if side == "source" else "."
    return Probe(
        what=f"pads of the {side}",
        holds=f"Pads after the {side} move nothing.",
        draw=_pads_case,
        pair=_pads(side, left=False),
        when=_after(side),
        cause=lambda _box, _case: seen + also,
    )


def left_pads(side: Side) -> Probe:
    """Make the probe of pads before the tokens of a side."""
    return Probe(
        what=f"left pads of the {side}",
        holds=f"Pads before the {side} move nothing.",
        draw=_pads_case,
        pair=_pads(side, left=True),
        when=_before(side),
    )


def _ragged_case(draw: Draw) -> Case:
    return Case(draw.line(), mate=draw.line())


def _ragged(left: bool) -> Callable[[Box, Case], Pair | None]:
    def pair(box: Box, case: Case) -> Pair | None:
        mate = case.mate
        if mate is None:
            return None
        for side in box.sides:  # a side without padding has one length
            if side not in (box.left if left else box.right) and len(mate.of(side)) != len(case.line.of(side)):
                return None
        return box.run([case.line, mate], left=left)[0], box.run([case.line])[0]

    return pair


RAGGED = Probe(
    what="lengths in a batch",
    holds="Beside other lengths it is as it is alone.",
    draw=_ragged_case,
    pair=_ragged(left=False),
    when=lambda case: f"when a line of {_lengths(case)} stands beside it in the batch",
)


def _lengths(case: Case) -> str:
    assert case.mate is not None
    counts = [len(ids) for ids in (case.mate.source, case.mate.target) if ids]
    return f"{' and '.join(map(str, counts))} token{'s' * (counts[-1] > 1)}"


# The cache


def _split_case(draw: Draw) -> Case:
    line = draw.line(2)
    length = len(line.target)
    cuts = [place for place in range(1, length) if draw.below(2)] or [1 + draw.below(length - 1)]
    return Case(line, cuts=tuple(cuts))


def _split(box: Box, case: Case) -> Pair | None:
    if box.steps is None or not case.cuts or case.cuts[-1] >= len(case.line.target):
        return None
    return box.steps(case.line, case.cuts), box.run([case.line])[0]


def _passes(case: Case) -> str:
    edges = [0, *case.cuts, len(case.line.target)]
    return " + ".join(str(end - start) for start, end in pairwise(edges))


SPLITS = Probe(
    what="cache splits",
    holds="Cached passes, cut anywhere, equal one pass.",
    draw=_split_case,
    pair=_split,
    when=lambda case: f"when it is read in cached passes of {_passes(case)} tokens",
    cause=lambda _box, _case: (
        "The past is joined wrongly: keys out of order or lost, positions that begin again at 0, or a mask that is "
        "aligned with the first key (is_causal=True) and not with the last."
    ),
)


def _crop_case(draw: Draw) -> Case:
    case = _split_case(draw)
    wrong = draw.ids("target", 1 + draw.below(3))
    return replace(case, cuts=case.cuts[:2], wrong=wrong)


def _crop(box: Box, case: Case) -> Pair | None:
    room = len(case.line.target) + len(case.wrong)
    if box.steps is None or not case.cuts or not case.wrong or case.cuts[-1] >= len(case.line.target):
        return None
    if room > 2 * box.longest["target"]:
        return None
    return box.steps(case.line, case.cuts, case.wrong), box.steps(case.line, case.cuts)


CROP = Probe(
    what="cache crop",
    holds="Tokens taken back leave nothing behind.",
    draw=_crop_case,
    pair=_crop,
    when=lambda case: (
        f"when {len(case.wrong)} token{'s' * (len(case.wrong) > 1)} after position {case.cuts[0] - 1} "
        f"{'are' if len(case.wrong) > 1 else 'is'} read and taken back by crop({case.cuts[0]})"
    ),
    cause=lambda _box, _case: (
        "The cache keeps too much or too little of it, in keys, in values, or in the position that it counts."
    ),
)


def hears(box: Box, side: Side) -> bool:
    """Tell whether the logits depend on a side at all: else nothing can be seen through it."""
    draw = Draw(box, 2)
    if len(tokens(box, side)) < 2:
        return False
    for _ in range(4):
        line = draw.line(2)
        ids = line.of(side)
        if side == "source" and box.fixed:
            return True
        changed = (*ids[:-1], draw.other(side, ids[-1]))
        other = Line(changed, line.target) if side == "source" else Line(line.source, changed)
        if compare(box.run([other])[0][-1:], box.run([line])[0][-1:], predicts=False).relative > 1e-6:
            return True
    return False


def every(box: Box) -> list[Probe]:
    """List the probes that a box can be asked, `TWICE` and those of left pads excepted."""
    found: list[Probe] = []
    if "target" in box.sides:
        found += [LATER, GROWING]
    found.append(MATES)
    found += [pads(side) for side in box.sides if side in box.right]
    if box.right:
        found.append(RAGGED)
    if box.steps is not None:
        found += [SPLITS, *([CROP] if box.crops else [])]
    return found


def left_ones(box: Box) -> list[Probe]:
    """List the probes of left pads."""
    return [left_pads(side) for side in box.sides if side in box.left]
