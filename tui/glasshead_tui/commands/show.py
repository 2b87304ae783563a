"""`glasshead show`: one pane of the explorer as text, for a pipe or a screen reader."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasshead.errors import GlassheadError
from glasshead.opening import Opening
from glasshead_tui.commands.arguments import Checkpoint
from glasshead_tui.commands.line import Line
from glasshead_tui.commands.opening import opens
from glasshead_tui.state.focus import Focus, Stage, Which

if TYPE_CHECKING:
    from glasshead.anatomy import Kind
    from glasshead.session.moment import Moment
    from glasshead.subjects import Subject

Pane = Literal[
    "map", "attention", "sum", "vectors", "norms", "heads", "alignment", "stream", "logits", "feed-forward",
    "positions", "tree", "edits", "breakpoints",
]  # fmt: skip
Writer = Callable[[str, "Moment", Focus, str], Iterator[str]]


@opens()
def show(
    opening: Opening,
    line: Line,
    checkpoint: Checkpoint,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="A sentence in quotes; none for a recording.", show_default=False),
    ] = None,
    pane: Annotated[Pane, typer.Option(help="The pane.")] = "stream",
    step: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="After which step; 0: the start.", show_default="to the end")
    ] = None,
    row: Annotated[
        int | None, typer.Option(metavar="N", help="The row (query), counted from 0.", show_default="the last")
    ] = None,
    key: Annotated[int, typer.Option(metavar="N", help="The key of a cell, counted from 0.")] = 0,
    kind: Annotated[
        Which | None,
        typer.Option(help="The attention; with it the stack of the row.", show_default="the decoder's own"),
    ] = None,
    layer: Annotated[
        int | None, typer.Option(metavar="N", help="The layer, counted from 0.", show_default="the last")
    ] = None,
    head: Annotated[int, typer.Option(metavar="N", help="The head, counted from 0.")] = 0,
    stage: Annotated[Stage, typer.Option(help="Of the attention: its stage.")] = "weights",
    candidate: Annotated[
        int | None,
        typer.Option(
            metavar="RANK", min=0, help="Of the stream: the candidate whose logit is split.",
            show_default="the token that was taken",
        ),
    ] = None,
    against: Annotated[
        bool, typer.Option("--against", help="Of the stream: the best candidate's logit minus that one's.")
    ] = False,
    form: Annotated[
        Literal["table", "json", "tsv"],
        typer.Option("--format", help="A table to read; JSON or TSV with full precision."),
    ] = "table",
    pin: Annotated[
        str | None,
        typer.Option(
            metavar="HEAD", help="Another head beside it, with the difference: 2.cross.3, or decoder.2.cross[head=3].",
            show_default=False,
        ),
    ] = None,
    session: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What explore --session kept, in place of a text: its lines, edits and breakpoints.",
            show_default=False,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Write one pane of the explorer as text.

    With another model or head beside it: both tables, and their difference.
    """
    if session is not None and (text is not None or line.own):
        raise GlassheadError("A session has its own text and edits: give either --session, or a text and edits.")
    from glasshead_tui.terminal.sentences import fitting, sentence

    text = line.text(text)
    text = text if text is None else sentence(text)
    if line.beside is not None and pin is not None:
        raise GlassheadError("--beside compares with another model, --pin with another head: choose one.")
    from glasshead.decoding.threads import one_thread
    from glasshead.found import find, find_beside
    from glasshead.session.session import Session
    from glasshead_tui.plain.show import as_json, as_table, as_tsv

    one_thread()
    guest = None if line.beside is None else find_beside(line.beside, opening)
    subject = find(checkpoint, opening, line.features).open()
    work = Session(subject)
    if session is not None:
        from glasshead.session.file import read_session

        read_session(work, session)
        step = work.line.step_number if step is None else step
    else:
        text = subject.first_sentence if text is None else text
        fitted = fitting(text, subject.vocabulary.source, subject.limit, truncate=line.truncate)
        work.begin(fitted, forced=line.forced, edits=line.edits)
    steps = work.line.limit if step is None else step
    work.rewind(steps)
    for _ in work.walk(steps - work.line.step_number, stopping=False):
        pass
    if guest is not None:
        from glasshead.session.guest import open_guest

        work.stand_beside(open_guest(guest, subject))
    if pane == "edits":
        work.measure_edits()
    moment = work.moment
    if moment.alone:
        raise GlassheadError(moment.alone)
    if candidate is not None:
        _within("candidate", candidate, subject.model.size, "the vocabulary's")
    focus = _focus(subject, moment, kind, layer, head, row, key).to(stage=stage, candidate=candidate, against=against)
    writers: dict[str, Writer] = {"table": as_table, "json": as_json, "tsv": as_tsv}
    if line.beside is not None or pin is not None:
        from glasshead_tui.plain import beside as both

        writers = {"table": both.as_table, "json": both.as_json, "tsv": both.as_tsv}
        focus = focus.to(pinned=None if pin is None else _head(subject, pin))
    for told in writers[form](pane, moment, focus, subject.name):
        print(told)


def _focus(
    subject: "Subject", moment: "Moment", which: Which | None, layer: int | None, head: int, row: int | None, key: int
) -> Focus:
    """Make the focus that the options name. Raises GlassheadError for what is not there."""
    kind = _kind(subject, which)
    layer = kind.layers - 1 if layer is None else layer
    focus = Focus(stack=kind.stack, kind=kind.kind, layer=layer, head=head, step=moment.step)  # type: ignore[arg-type]
    for what, number, count in (("layer", layer, kind.layers), ("head", head, kind.heads)):
        _within(what, number, count, f"the {kind.stack}'s")
    queries, keys = moment.trace.axes(focus.prefix)
    row = len(queries) - 1 if row is None else row
    _within("row", row, len(queries), "those after these steps")
    _within("key", key, len(keys), "those after these steps")
    return focus.to(query=row, key=key)


def _head(subject: "Subject", text: str) -> tuple[str, int]:
    """Find the head that a text names. Raises GlassheadError for one that is not there."""
    from glasshead.session.stops import check_head, parse_head

    found = parse_head(text)
    check_head(*found, subject.anatomy)
    return found


def _kind(subject: "Subject", which: Which | None) -> "Kind":
    """Find the kind of attention that a word names; without one the target's own, or what there is."""
    if not subject.kinds:
        raise GlassheadError(f"{subject.name} has no attention: there is nothing to show of it.")
    if which is not None:
        stack, kind = ("encoder", "self") if which == "encoder" else ("decoder", which)
        return subject.anatomy.kind(stack, kind)
    return next((kind for kind in subject.kinds if kind.queries == "target"), subject.kinds[0])


def _within(what: str, number: int, count: int, whose: str) -> None:
    if not 0 <= number < count:
        raise GlassheadError(f"There is no {what} {number}: {whose} count from 0 to {count - 1}.")
