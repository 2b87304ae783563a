"""Is a model what it says? What a person runs who suspects their own masking: `glasshead check`.

Two kinds of checks. What any function of ids can be asked (probes.py, mask_fuzzer.py): nothing that must not be noticed
moves a logit. And what shows where attention can be seen: of a Model by its sites (site_checks.py), of a module of
somebody's own by its softmax (softmax_checks.py), and of a module by its own state (module_checks.py).
"""

import math
from collections.abc import Callable, Sequence

from torch import nn

from glasshead.decoding.protocols import Model
from glasshead.errors import GlassheadError, brief
from glasshead.site import Side
from glasshead.truth import probes
from glasshead.truth.boxes import Box, FailedError, Line
from glasshead.truth.mask_fuzzer import Draw, Finding, Probe, compare, search, spell, tell
from glasshead.truth.module_checks import Tie, claimed_positions, position_tables, tied_weights, training_flags
from glasshead.truth.report import Report, Verdict, Word, judge
from glasshead.truth.site_checks import Claims, site_checks, unmasked_said
from glasshead.truth.softmax_checks import softmax_checks


def check_box(
    name: str,
    box: Box,
    *,
    module: nn.Module | None = None,
    model: Model | None = None,
    given: Line | None = None,
    examples: int = 20,
    seed: int = 0,
    padding: str = "right",
    claims: Claims = Claims(),  # noqa: B008  frozen
    ties: Sequence[Tie] = (),
    unseen: str = "",
) -> Report:
    """Check a model. Modules in training mode are in evaluation mode for all but the first check.

    box: the model as a function of ids · module: the module that runs in it, if it is known · model: the Model, if its
    sites can be watched; else the softmaxes of the module are · given: a line to begin with, besides those drawn ·
    padding: the side at which it is padded in use · ties: pairs of parameters, with what is claimed of them · unseen:
    why no sites can be watched. Raises GlassheadError for what cannot be checked, such as logits of another shape.
    """
    flags = [] if module is None else training_flags(module)
    before = {} if module is None else {each: each.training for each in module.modules()}
    verdicts = [finite(box, examples, seed, given)]
    try:
        if verdicts[0].ok:
            verdicts.append(repeatable(box, flags, examples, seed))
            if module is not None and any(before.values()):
                module.eval()
            if verdicts[-1].ok or repeatable(box, [], examples, seed).ok:
                verdicts += _tried("probes", lambda: black_box(box, examples, seed, given, padding, claims.unmasked))
                verdicts += _tried("order of tokens", lambda: order(box, examples, seed, claims.positions))
                line = given or _line(box, seed)
                verdicts += _tried("inside", lambda: _seen(box, module, model, line, seed, claims, unseen))
            else:
                verdicts.append(_NOTHING)
    finally:
        for each, mode in before.items():
            each.training = mode
    if module is not None:
        verdicts += tied_weights(module, ties)
    return Report(name, tuple(verdicts), examples, seed)


def _tried(what: str, check: Callable[[], list[Verdict]]) -> list[Verdict]:
    try:
        return check()
    except FailedError as error:
        return [Verdict(what, "error", f"The model failed: {error}.")]


_NOTHING = Verdict(
    "everything else", "no reference", "Two passes over the same ids differ, so no difference would say anything: make "
    "the model give the same twice first.",
)  # fmt: skip


def _seen(
    box: Box, module: nn.Module | None, model: Model | None, line: Line, seed: int, claims: Claims, unseen: str
) -> list[Verdict]:
    """Check what can be seen inside: by sites, or else by softmaxes and tables of positions."""
    tables = {} if module is None else position_tables(module)
    if model is not None and model.anatomy.kinds:
        return site_checks(model, box, line, claims, tables)
    found = [Verdict("sites", "no reference", unseen)] if unseen else []
    found += softmax_checks(box, seed, claims.scale)
    return found + [
        claimed_positions(table, claims.positions, path, learned=learned) for path, (table, learned) in tables.items()
    ]


def _line(box: Box, seed: int) -> Line:
    draw = Draw(box, seed)
    return Line(
        box.fixed or draw.ids("source", box.longest.get("source")), draw.ids("target", box.longest.get("target"))
    )


# Of any function of ids


def repeatable(box: Box, flags: Sequence[str], examples: int, seed: int) -> Verdict:
    """Check that a pass gives the same logits again. flags: modules that drop something out, by training_flags."""
    finding = search(box, probes.TWICE, min(examples, 5), seed)
    if finding.word == "error":
        assert finding.case is not None
        return Verdict("same twice", "error", tell(box, probes.TWICE, finding.case, finding.gap))
    if finding.case is not None:
        cause = (
            f"Dropout is on in {len(flags)} module{'s' * (len(flags) > 1)}, such as {flags[0]}: call model.eval()."
            if flags
            else "The module is in evaluation mode, so something draws anew: F.dropout without training=self.training?"
        )
        said = tell(box, probes.TWICE, finding.case, finding.gap)
        return _verdict("same twice", finding, f"{said} {cause}", spell(box, finding.case.line))
    if flags:
        return Verdict(
            "same twice", "silently wrong", f"Dropout is on in {len(flags)} module{'s' * (len(flags) > 1)}, such as "
            f"{flags[0]}, though it moved nothing in these passes: call model.eval().",
        )  # fmt: skip
    return _verdict("same twice", finding, probes.TWICE.holds)


def finite(box: Box, examples: int, seed: int, given: Line | None = None) -> Verdict:
    """Check that logits are numbers: one row of a mask that hides everything makes NaN of a line."""
    draw = Draw(box, seed, given)
    for _ in range(examples):
        line = draw.line()
        try:
            rows = box.run([line])[0]
        except FailedError as error:
            return Verdict("finite", "error", f"{spell(box, line)}: {error}.", None, spell(box, line))
        if bool(rows.isnan().any()) or bool((rows == math.inf).any()) or not bool(rows.isfinite().any(-1).all()):
            bad = (rows.isnan() | (rows == math.inf)).any(-1) | ~rows.isfinite().any(-1)
            return Verdict(
                "finite", "error", f"{spell(box, line)}: the logits at position {int(bad.int().argmax())} are NaN or "
                "infinite. Softmax makes NaN of a row whose mask hides every key.", math.inf, spell(box, line),
            )  # fmt: skip
    return Verdict("finite", "supported", "All logits are finite numbers.")


def black_box(
    box: Box, examples: int, seed: int, given: Line | None = None, padding: str = "right", unmasked: str = ""
) -> list[Verdict]:
    """Ask all probes.

    padding: the side at which the model's owner pads, `right` or `left` · unmasked: see `Claims`.
    """
    deaf = [side for side in box.sides if not probes.hears(box, side)]
    found = []
    asked = probes.every(box)
    if padding == "left":
        asked = [probe for probe in asked if "pads" not in probe.what and probe is not probes.RAGGED]
    alone = _takes_one(box, seed)
    if alone:
        asked = [probe for probe in asked if probe not in (probes.MATES, probes.RAGGED)]
        found.append(Verdict(probes.MATES.what, "no reference", f"It takes one line at a time. Of two: {alone}"))
    for probe in asked:
        if deaf == list(box.sides) or (probe in (probes.LATER, probes.GROWING) and "target" in deaf):
            side = deaf[-1]
            found.append(
                Verdict(
                    probe.what, "no reference", f"A token of the {side} that changes moves no logits, wherever it "
                    "stands: nothing can be seen.",
                )
            )  # fmt: skip
            continue
        if unmasked and probe.what in OF_A_MASK:
            found.append(_unmasked(box, probe, examples, seed, given, unmasked))
            continue
        bad = {each.what for each in found if not each.ok}
        if probe is probes.RAGGED and any(each == "batch mates" or each.startswith("pads of") for each in bad):
            continue  # it would show the same fault again
        found.append(_asked(box, probe, examples, seed, given, _earlier(probe.what, bad)))
    found += _unasked(box)
    lefts = probes.left_ones(box)
    if lefts:
        found.append(_sides_of_pads(box, lefts, found, examples, seed, given, padding))
    return found


OF_A_MASK = ("later tokens", "growing target", "pads of the target", "lengths in a batch", "cache splits")
"""What only a mask of the target keeps from moving a logit."""


def _unmasked(box: Box, probe: Probe, examples: int, seed: int, given: Line | None, field: str) -> Verdict:
    """Hold a model that says it has no mask to that: later tokens must be seen; nothing else can be judged by it."""
    if probe is not probes.LATER:
        return Verdict(probe.what, "no reference", unmasked_said(field))
    finding = search(box, probe, examples, seed, given)
    if finding.word == "error":
        return _verdict(probe.what, finding, _tell(box, probe, finding))
    if finding.case is None:
        said = f"Its configuration says {field}, that there is no mask; but later tokens move nothing."
        return Verdict(probe.what, "silently wrong", said)
    said = _tell(box, probe, finding)
    return Verdict(probe.what, "supported", f"{said} Its configuration says {field}: it has no mask.")


def _tell(box: Box, probe: Probe, finding: Finding) -> str:
    """Tell the smallest case of a finding that has one."""
    assert finding.case is not None
    return tell(box, probe, finding.case, finding.gap)


def _takes_one(box: Box, seed: int) -> str:
    """Return why two lines in a batch fail where one does not; empty if they do not fail."""
    line = _line(box, seed)
    box.run([line])
    try:
        box.run([line, line])
    except (FailedError, GlassheadError) as error:
        return brief(error)
    return ""


def _earlier(what: str, bad: set[str]) -> str:
    """Name what another fault explains already."""
    if what in ("growing target", "pads of the target", "cache splits") and "later tokens" in bad:
        return "Mend what later tokens move first: this may follow from it."
    if what.startswith("pads of") and "growing target" in bad and "later tokens" not in bad:
        return "The number of tokens counts, pads or not: mend that first."
    return ""


def _asked(box: Box, probe: Probe, examples: int, seed: int, given: Line | None, known: str) -> Verdict:
    """Ask one probe. known: the cause of what is wrong, if another verdict has it already."""
    finding = search(box, probe, examples, seed, given)
    if finding.case is None:
        said = probe.holds
        if finding.word == "degraded":
            said += (
                f" But for {finding.gap.relative:.0e} of the largest logit, which is what {box.precision} leaves "
                "between two orders of arithmetic."
            )
        return _verdict(probe.what, finding, said)
    said = tell(box, probe, finding.case, finding.gap)
    cause = "" if finding.word == "error" else known or probe.cause(box, finding.case)
    return _verdict(probe.what, finding, f"{said} {cause}".rstrip(), spell(box, finding.case.line))


def _verdict(what: str, finding: Finding, said: str, smallest: str = "") -> Verdict:
    return Verdict(what, finding.word, said, finding.gap.relative, smallest)


def _unasked(box: Box) -> list[Verdict]:
    return [
        Verdict(f"pads of the {side}", "no reference", f"Which id pads the {side}? Give pad=.")
        for side in box.sides
        if side not in box.right and not (side == "source" and box.fixed)
    ]


def _sides_of_pads(
    box: Box, lefts: Sequence[Probe], before: Sequence[Verdict], examples: int, seed: int, given: Line | None,
    padding: str,
) -> Verdict:  # fmt: skip
    """Say at which side a model may be padded: judged for the side that its owner names, told for the other."""
    findings = [(probe, search(box, probe, examples, seed, given)) for probe in lefts]
    wrong = [(probe, finding) for probe, finding in findings if finding.case is not None]
    right_holds = all(each.ok for each in before if each.what.startswith("pads of"))
    if not wrong:
        worst = max((finding for _, finding in findings), key=lambda finding: finding.gap.relative)
        either = "either side" if padding == "right" and right_holds else "the left"
        return _verdict("side of the pads", worst, f"Pads at {either} move nothing.")
    probe, finding = wrong[0]
    assert finding.case is not None
    said = tell(box, probe, finding.case, finding.gap)
    if padding == "left":
        cause = (
            "Positions are absolute and count the pads, or attention sees the pads: give positions that count from the "
            "first token (position_ids) and a mask of the pads, or pad at the right."
        )
        return _verdict("side of the pads", finding, f"{said} {cause}", spell(box, finding.case.line))
    if not right_holds:
        return Verdict("side of the pads", "no reference", f"Pads are noticed at either side. {said}")
    return Verdict(
        "side of the pads", "supported", f"Pad at the right, and not at the left. {said} There positions are absolute "
        "and count the pads, or attention sees them. If you pad at the left, say so: padding='left'.", None,
        spell(box, finding.case.line),
    )  # fmt: skip


def order(box: Box, examples: int, seed: int, claim: str | None) -> list[Verdict]:
    """Check whether the order of tokens counts, as positions are to make it. claim: what positions there are, if known.

    The source is turned around; of a decoder alone the tokens before the last. A causal mask too tells the order, so of
    a decoder alone that it counts says nothing of positions.
    """
    side: Side = box.sides[0]
    if box.fixed:
        return []
    draw, seen = Draw(box, seed), None
    for _ in range(examples):
        line = draw.line(3)
        ids = line.of(side)
        turned = (*reversed(ids[:-1]), ids[-1]) if side == "target" else tuple(reversed(ids))
        if turned == ids:
            continue
        other = Line(turned, line.target) if side == "source" else Line(line.source, turned)
        one, two = box.run([line])[0], box.run([other])[0]
        if box.rows == "source" and len(one) == len(ids):
            two = two.flip(0)
        if side == "target":
            one, two = one[-1:], two[-1:]
        gap = compare(two, one, predicts=box.predicts)
        seen = f"Turned around, the {side} moves logits by {gap.moved:.2g}: {spell(box, line)}."
        if judge(gap.relative, box.precision) == "silently wrong":
            if claim == "none" and side == "source":
                return [Verdict("order of tokens", "silently wrong", f"{seen} No positions are claimed.")]
            return [Verdict("order of tokens", "supported", seen)]
    if seen is None:
        return []
    if claim == "none":
        return [Verdict("order of tokens", "supported", f"No positions: the {side}'s order moves nothing.")]
    word: Word = "no reference" if claim is None else "silently wrong"
    said = f"{seen} The model does not know the order of the {side}: it has no positions, or they are not added."
    return [Verdict("order of tokens", word, said)]
