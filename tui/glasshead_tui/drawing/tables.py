"""The table behind each pane: what it gives back as rows, and what `glasshead show` writes.

Each function makes the rows of what the analysis found, heads first, numbers in full precision. `TABLES` goes from a
moment and a focus to the rows of a pane, without drawing anything.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.aligned import align, aligned_rows
from glasshead_tui.drawing.choices import row_labels
from glasshead_tui.drawing.heads import compare_heads, heads_rows
from glasshead_tui.drawing.memo import chosen_account, chosen_cell, chosen_distribution, chosen_units
from glasshead_tui.drawing.names import labels, next_labels
from glasshead_tui.drawing.rows import Rows
from glasshead_tui.drawing.switches import breakpoints_rows, edits_rows
from glasshead_tui.drawing.tree import tree_rows
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from glasshead.analysis.account import Account
    from glasshead.analysis.cell import Cell
    from glasshead.analysis.distribution import Distribution
    from glasshead.analysis.feed_forward import Units
    from glasshead.analysis.norms import Normed
    from glasshead.analysis.positions import Positions
    from glasshead.session.moment import Moment
    from glasshead.text import Token
    from glasshead.traces.trace import Trace


def map_rows(trace: "Trace") -> Rows:
    """Make a row for each head: its largest weight, and its place."""
    from glasshead.analysis.strongest import strongest

    rows: Rows = [("attention", "head", "query", "key", "largest weight")]
    rows += [(look.prefix, look.head, look.query, look.key, look.weight) for look in strongest(trace)]
    return rows


def attention_rows(moment: "Moment", focus: Focus) -> Rows:
    """Make a row for each query with a column for each key, in the stage of the focus."""
    trace = moment.trace
    queries, keys = row_labels(moment, focus), labels(trace.axes(focus.prefix)[1])
    return matrix_rows(queries, keys, trace[f"{focus.prefix}.{focus.stage}"][focus.head].tolist())


def matrix_rows(queries: Sequence[str], keys: Sequence[str], values: Sequence[Sequence[float]]) -> Rows:
    """Make a row for each query with a column for each key. values: q k"""
    rows: Rows = [("", *keys)]
    rows += [(name, *row) for name, row in zip(queries, values, strict=True)]
    return rows


def sum_rows(
    cell: "Cell",
    query: str,
    keys: Sequence[str],
    other: "Cell | None" = None,
    names: tuple[str, str] = ("", ""),
) -> Rows:
    """Make a row for each operation, then one for each key with its weight.

    other: a cell that it is compared with, for another column · names: of the two.
    """
    steps = _operations(cell)
    if other is not None:
        there = dict(_operations(other))
        steps = [(name, number, there.get(name)) for name, number in steps]
    rows: Rows = [
        *([("", *names)] if other is not None else []),
        ("query", query, cell.query),
        ("key", keys[cell.key], cell.key),
        *steps,
    ]
    return [*rows, *(("gives", name, amount) for name, amount in zip(keys, cell.weights, strict=True))]


def _operations(cell: "Cell") -> list[tuple[Any, ...]]:
    return [
        ("q·k", cell.dot),
        ("scale", cell.scale),
        *([("bias", cell.bias)] if cell.bias is not None else []),
        *([("cap", cell.cap)] if cell.cap is not None else []),
        ("score", cell.score),
        ("may look", cell.may_look),
        ("exp", cell.exp),
        ("Σ exp", cell.total),
        ("weight", cell.weight),
        ("the model's", cell.captured_weight),
    ]


def vectors_rows(cell: "Cell") -> Rows:
    """Make a row for each number of the vectors."""
    from itertools import zip_longest

    columns = zip_longest(cell.q, cell.k, cell.products, cell.v, cell.output)
    rows: Rows = [("number", "q", "k", "q × k", "v", "out")]
    return [*rows, *((at, *row) for at, row in enumerate(columns))]


def norms_rows(norms: "Sequence[Normed]") -> Rows:
    """Make a row for each normalisation: its statistics before and when normalised, and its output."""
    layer = any(norm.before for norm in norms) or not norms
    rms = any(norm.rms for norm in norms)
    head = ["norm"]
    head += ["mean before", "var before", "mean after", "var after"] if layer else []
    head += ["rms before", "rms after"] if rms else []
    rows: list[tuple[Any, ...]] = [(*head, "gain·x + bias" if layer else "gain·x")]
    for norm in norms:
        of_layer = (*(norm.before or (None, None)), *(norm.after or (None, None))) if layer else ()
        of_rms = (norm.rms or (None, None)) if rms else ()
        rows.append((norm.name, *of_layer, *of_rms, *norm.out))
    return rows


def stream_rows(found: "Account", before: "tuple[Token, ...]") -> Rows:
    """Make a row for each stage of the stream, then one for each part of the logit that is split.

    before: the tokens up to the row.
    """
    share = found.attribution
    places: Rows = [("embedding", None, None, float(found.stream.start.norm()), None)]
    places += [
        (step.label, step.size, step.cosine, None if step.after is None else float(step.after.norm()),
         None if share is None else share.at(step.site))
        for step in found.stream.steps
    ]  # fmt: skip
    rows: Rows = [("after", "adds", "cosine", "stream", "to the logit", "lens", "probability")]
    for place, read in zip(places, found.read, strict=True):
        rows += [(*place, next_labels(before, read[:1])[0], read[0].probability) if read else (*place, None, None)]
    if share is not None and found.asked is not None:
        asked = tuple(token for token in (found.asked.token, found.asked.rival) if token is not None)
        rows += [("share", " − ".join(next_labels(before, asked)), "amount")]
        rows += [("share", each.name, each.amount) for each in share.shares]
        rows += [("share", "sum", share.sum), ("share", "the model's logit", share.logit)]
    return rows


def logits_rows(found: "Distribution", before: "tuple[Token, ...]", most: int | None = None) -> Rows:
    """Make a row for each token of the vocabulary, the most probable first.

    before: the tokens up to the row · most: how many at most.
    """
    tokens = tuple(found.best(0, found.size if most is None else most))
    rows: Rows = [("rank", "id", "token", "probability", "logit")]
    rows += [
        (rank, token.id, name, token.probability, float(found.logits[token.id]))
        for rank, (name, token) in enumerate(zip(next_labels(before, tokens), tokens, strict=True), 1)
    ]
    return rows


def units_rows(found: "Units") -> Rows:
    """Make a row for each of the strongest units."""
    rows: Rows = [("unit", *found.names, "strength", "writes")]
    rows += [(unit.number, *unit.values, unit.strength, " ".join(labels(unit.writes)) or None) for unit in found.units]
    return rows


def positions_rows(found: "Positions") -> Rows:
    """Make a row for each of the vectors that meet before the first layer."""
    rows: Rows = [("vector", "size", "cosine to the sum", "numbers")]
    rows += [(each.name, each.size, each.cosine, *each.vector) for each in found.added]
    return rows


def _map(moment: "Moment", focus: Focus) -> Rows:
    return map_rows(moment.trace)


def _attention(moment: "Moment", focus: Focus) -> Rows:
    return attention_rows(moment, focus)


def _sum(moment: "Moment", focus: Focus) -> Rows:
    queries, keys = (labels(tokens) for tokens in moment.trace.axes(focus.prefix))
    return sum_rows(chosen_cell(moment.trace, focus), queries[focus.query], keys)


def _vectors(moment: "Moment", focus: Focus) -> Rows:
    return vectors_rows(chosen_cell(moment.trace, focus))


def _norms(moment: "Moment", focus: Focus) -> Rows:
    from glasshead.analysis.norms import norms

    trace = moment.trace
    found = norms(trace, focus.stack, focus.query)
    if trace.recorded and not found and any(norm.stack == focus.stack for norm in trace.anatomy.norms):
        raise GlassheadError(f"{trace.recorded}: no norms were recorded. Open the model itself to see them.")
    return norms_rows(found)


def _stream(moment: "Moment", focus: Focus) -> Rows:
    return stream_rows(chosen_account(moment, focus), moment.trace.tokens(focus.stack)[: focus.query + 1])


def _logits(moment: "Moment", focus: Focus) -> Rows:
    before = moment.trace.tokens(focus.stack)[: focus.query + 1]
    return logits_rows(chosen_distribution(moment.trace, focus), before)


def _units(moment: "Moment", focus: Focus) -> Rows:
    return units_rows(chosen_units(moment.trace, focus))


def _positions(moment: "Moment", focus: Focus) -> Rows:
    from glasshead.analysis.positions import positions

    return positions_rows(positions(moment.trace, focus.stack, focus.query))


TABLES: dict[str, Callable[["Moment", Focus], Rows]] = {
    "map": _map,
    "attention": _attention,
    "sum": _sum,
    "vectors": _vectors,
    "norms": _norms,
    "heads": lambda moment, focus: heads_rows(compare_heads(moment, focus)),
    "alignment": lambda moment, focus: aligned_rows(align(moment, focus)),
    "stream": _stream,
    "logits": _logits,
    "feed-forward": _units,
    "positions": _positions,
    "tree": lambda moment, _: tree_rows(moment.branches),
    "edits": lambda moment, _: edits_rows(moment),
    "breakpoints": lambda moment, _: breakpoints_rows(moment),
}
"""The table of each pane, by its name; that of the ranking needs measures, which `glasshead heads` takes."""
