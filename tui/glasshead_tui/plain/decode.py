"""A decode as plain text, step by step: the explorer's twin for a pipe."""

from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

from glasshead.named import name_head
from glasshead_tui.drawing.masks import told_mask
from glasshead_tui.plain import tables
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.beside import Beside
    from glasshead.session.moment import Moment
    from glasshead.session.session import Session

SHOWN = 5
"""Number of candidates to write."""


def print_decode(session: "Session", name: str, prefix: str, head: int, steps: int | None) -> None:
    """Decode and print every moment.

    name: of the model · prefix: the attention to print · steps: most steps; None goes to the end.
    """
    moment = session.moment
    print(f"glasshead   {visible(name)}   {tables.shape(moment.anatomy)}")
    for remark in moment.anatomy.remarks:
        print(f"            {visible(remark)}")
    if session.subject.recorded:
        print(f"recording   {visible(' · '.join(session.subject.recorded))}")
    for entry in moment.edits.entries:
        print(f"edit        {visible(str(entry.item))}{'' if entry.on else '   (off)'}")
    if moment.source:
        print(f"source      {tables.words(moment.source)}")
    kind = moment.anatomy.kind_at(prefix)
    print(f"attention   {name_head(prefix, head, masked=kind.causal and kind.masked)}   {prefix}.weights")
    print("            a row for each query, a column for each key")
    for line in wrap(told_mask(moment.trace, prefix)[0], 68):
        print(f"            {line}")
    print(f"            {tables.MASKED} may not be looked at; --kind, --layer and --head choose another")
    _write(moment, prefix, head)
    for _ in session.walk(moment.limit if steps is None else steps):
        _write(session.moment, prefix, head)
    print(f"\ntext        {visible(session.line.text)}".rstrip(" "))


def _write_original(beside: "Beside") -> None:
    """Write the line without the edits, and how far both are apart: in the token that was taken, and in the next."""
    tokens = [step.original for step in beside.steps if step.original is not None]
    if tokens:
        print(f"original    {tables.words(tokens)}")
    step = beside.steps[-1] if beside.steps else None
    if step is not None and step.token is not None and step.unedited is not None:
        there = f"without the edits {step.unedited:.3f} after the same tokens"
        before = [each.token for each in beside.steps[:-1] if each.token is not None]
        print(f"apart       took {tables.candidate(step.token, before)}; {there}; KL {_bits(step.divergence)}")
    if beside.next_divergence is not None:
        print(f"            next: KL {_bits(beside.next_divergence)}")


def _bits(divergence: float | None) -> str:
    return "unknown" if divergence is None else f"{divergence:.3g} bits"


def _write(moment: "Moment", prefix: str, head: int) -> None:
    """Write one moment: the last token, the tokens so far, the candidates, one head's attention."""
    took = "" if moment.step == 0 else f"   took {tables.candidate(moment.tokens[-1], moment.tokens[:-1])}"
    print(f"\nstep {moment.step}{took}")
    if moment.tokens:
        print(f"target      {tables.words(moment.tokens)}")
    if moment.beside is not None:
        _write_original(moment.beside)
    if moment.given is not None:
        print(f"follows     {tables.candidate(moment.given, moment.tokens)}")
    for filling in moment.fillings or ():
        print(f"at {filling.place:<9}{tables.candidates(filling.candidates[:SHOWN], moment.source[: filling.place])}")
    if moment.limit:
        print(f"next        {tables.candidates(moment.candidates[:SHOWN], moment.tokens) or 'none: done'}")
    trace = moment.trace
    queries, keys = trace.axes(prefix)
    weights = trace[f"{prefix}.weights"][head]
    # A weight behind a mask would be an error, and must stay visible.
    looks = (trace.may_look(prefix) | (weights != 0)).tolist()
    width = get_terminal_size((100, 24)).columns
    print(*tables.attention(weights.tolist(), looks, queries, keys, width=width), sep="\n", flush=True)
