"""A pane as text: the table behind it, to read, or as JSON or TSV in full precision."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glasshead_tui.drawing.compared import OF_HEADS
from glasshead_tui.drawing.names import attention_name, labels
from glasshead_tui.drawing.remarks import REMARKS
from glasshead_tui.drawing.rows import Cell, text_of
from glasshead_tui.drawing.tables import TABLES
from glasshead_tui.plain.tables import spelled, words
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal import strict_json as strict
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

ROWLESS = ("map", "tree", "edits", "breakpoints")
"""Panes that show no single row."""


def as_table(pane: str, moment: "Moment", focus: Focus, name: str) -> Iterator[str]:
    """Yield a pane as aligned lines, under what it shows of which model. name: of the model."""
    rows = TABLES[pane](moment, focus)
    yield f"checkpoint  {visible(name)}"
    if moment.source:
        yield f"source      {words(moment.source)}"
    if moment.tokens:
        yield f"target      {words(moment.tokens)}"
    yield f"{pane:<10}  {describe(pane, moment, focus)}"
    yield ""
    yield text_of(rows)
    remarks = REMARKS[pane](moment, focus) if pane in REMARKS else ()
    yield from ("", *(visible(remark) for remark in remarks if remark)) if any(remarks) else ()


def as_json(pane: str, moment: "Moment", focus: Focus, name: str) -> Iterator[str]:
    """Yield a pane as one JSON document: `rows` are those of the table, heads first where it has any."""
    yield strict.dumps(
        {
            "checkpoint": name,
            "pane": pane,
            "step": moment.step,
            "stack": focus.stack,
            "kind": focus.kind,
            "layer": focus.layer,
            "head": focus.head,
            "row": focus.query,
            "key": focus.key,
            "source": spelled(moment.source),
            "target": spelled(moment.tokens),
            "rows": TABLES[pane](moment, focus),
            "remarks": [each for each in (REMARKS[pane](moment, focus) if pane in REMARKS else ()) if each],
        }
    )


def as_tsv(pane: str, moment: "Moment", focus: Focus, name: str) -> Iterator[str]:
    """Yield the rows of a pane as TSV, in full precision."""
    for row in TABLES[pane](moment, focus):
        yield cells_of(row)


def cells_of(row: tuple[Cell, ...]) -> str:
    """Write a row as TSV."""
    return "\t".join("" if cell is None else visible(cell) if isinstance(cell, str) else repr(cell) for cell in row)


def describe(pane: str, moment: "Moment", focus: Focus) -> str:
    """Say which row of which part is shown, after which step."""
    after = f"after step {moment.step}"
    if pane in ROWLESS:
        return after
    token = labels(moment.trace.tokens(focus.stack))[focus.query]
    where = f"row {focus.query}: {token}"
    if pane in OF_HEADS:
        key = labels(moment.trace.axes(focus.prefix)[1])[focus.key]
        head = attention_name(focus, moment.anatomy.kind_at(focus.prefix))
        return f"{head} · {where} · key {focus.key}: {key} · {after}"
    layer = f" {focus.layer}" if pane == "feed-forward" else ""
    return f"{focus.stack}{layer} · {where} · {after}"
