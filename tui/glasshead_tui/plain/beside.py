"""A pane of two heads, lines or models as text: the tables of both, and their difference or why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.compared import OF_HEADS, OF_LAYERS, check_pane, subtract_rows
from glasshead_tui.drawing.pairs import pair_of
from glasshead_tui.drawing.rows import Rows, text_of
from glasshead_tui.drawing.tables import TABLES
from glasshead_tui.plain.show import as_table as one_table
from glasshead_tui.plain.show import cells_of, describe
from glasshead_tui.plain.tables import spelled, words
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal import strict_json as strict
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment


@dataclass(frozen=True)
class Tables:
    """The tables of a pane."""

    names: tuple[str, str]
    how: str
    """What the tokens of the other one are; empty where that is plain."""
    other: "tuple[Moment, Focus]"
    rows: Rows
    others: Rows
    difference: Rows | None
    why: str
    """Why there is no difference; empty if there is one."""


def tables_of(pane: str, moment: "Moment", focus: Focus) -> Tables:
    """Make the tables of a pane. Raises GlassheadError where there is nothing to compare it with."""
    if focus.pinned is not None and pane not in OF_HEADS:
        raise GlassheadError(f"--pin is for panes of one head, {', '.join(OF_HEADS)}: {pane} is the same for both.")
    pair = pair_of(moment, focus, exact=pane in OF_LAYERS)
    if pair is None:
        raise GlassheadError("There is nothing to compare: the pinned head is the one that is shown.")
    why, difference = "", None
    others = TABLES[pane](*pair.other)
    try:
        check_pane(pair, pane, focus)
        difference = subtract_rows(TABLES[pane](*pair.this), others, pane)
    except GlassheadError as error:
        why = str(error)
    usual = focus.to(pinned=None)
    return Tables(pair.names, pair.how, pair.other, TABLES[pane](moment, usual), others, difference, why)


def as_table(pane: str, moment: "Moment", focus: Focus, name: str) -> Iterator[str]:
    """Yield the tables as aligned lines, one under the other. name: of the model."""
    found = tables_of(pane, moment, focus)
    yield from one_table(pane, moment, focus.to(pinned=None), name)
    there, looked = found.other
    yield f"\nbeside      {visible(found.names[1])}{f', {found.how}' if found.how else ''}"
    if there.tokens != moment.tokens:
        yield f"target      {words(there.tokens)}"
    yield f"{pane:<10}  {describe(pane, there, looked)}"
    yield ""
    yield text_of(found.others)
    yield f"\ndifference  {visible(' − '.join(found.names))}"
    yield ""
    yield visible(found.why) if found.difference is None else text_of(found.difference)


def as_json(pane: str, moment: "Moment", focus: Focus, name: str) -> Iterator[str]:
    """Yield the tables as one JSON document."""
    found = tables_of(pane, moment, focus)
    there, looked = found.other
    document: dict[str, Any] = {
        "checkpoint": name,
        "pane": pane,
        "step": moment.step,
        **_place(moment, focus),
        "rows": found.rows,
        "beside": {"name": found.names[1], "tokens": found.how, **_place(there, looked), "rows": found.others},
        "difference": found.difference,
        "why": found.why,
    }
    yield strict.dumps(document)


def _place(moment: "Moment", focus: Focus) -> dict[str, Any]:
    return {
        "stack": focus.stack, "kind": focus.kind, "layer": focus.layer, "head": focus.head, "row": focus.query,
        "key": focus.key, "source": spelled(moment.source), "target": spelled(moment.tokens),
    }  # fmt: skip


def as_tsv(pane: str, moment: "Moment", focus: Focus, name: str) -> Iterator[str]:
    """Yield the rows of all tables as TSV, in full precision; the first column says of which."""
    found = tables_of(pane, moment, focus)
    for title, rows in zip((*found.names, "difference"), (found.rows, found.others, found.difference), strict=True):
        for row in [(found.why,)] if rows is None else rows:
            yield f"{visible(title)}\t{cells_of(row)}"
