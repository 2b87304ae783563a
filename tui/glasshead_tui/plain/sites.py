"""The values of one site as text: a table to read, or a row of TSV for every number."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from glasshead.site import Site
from glasshead_tui.plain import tables as plain

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.text import Token
    from glasshead.traces.trace import Trace

TSV_HEAD = "site\thead\trow\trow_token\tcolumn\tcolumn_token\tvalue"


def site_axes(seen: "Trace", site: str) -> tuple[str, "tuple[Token, ...]", "tuple[Token, ...] | None"]:
    """Return the axes of a site by their letters, the tokens of its rows, and those of its columns if they are keys."""
    place = Site.parse(site)
    axes = place.axes
    if place.attention is None:
        return axes, seen.source if place.side == "source" else seen.target, None
    queries, keys = seen.axes(place.attention)
    if axes == "h k d":
        return axes, keys, None
    return axes, queries, keys if axes == "h q k" else None


def site_tsv(seen: "Trace", site: str, found: "Tensor") -> Iterator[str]:
    """Yield a row for every number. found: values in the axes of the site."""
    axes, rows, columns = site_axes(seen, site)
    queries, keys = plain.name_all(rows), () if columns is None else plain.name_all(columns)
    values = found.tolist()
    for head, matrix in enumerate(values) if axes.startswith("h") else [("", values)]:
        for row, (token, entry) in enumerate(zip(queries, matrix, strict=True)):
            start = f"{site}\t{head}\t{row}\t{token}"
            if axes == "q":
                yield f"{start}\t\t\t{entry!r}"
                continue
            for column, value in enumerate(entry):
                name = keys[column] if keys else ""
                yield f"{start}\t{column}\t{name}\t{value!r}"


def site_table(seen: "Trace", site: str, found: "Tensor") -> Iterator[str]:
    """Yield a table for every head. found: values in the axes of the site."""
    axes, rows, columns = site_axes(seen, site)
    values: Any = found.tolist()
    for head, matrix in enumerate(values) if axes.startswith("h") else [(None, values)]:
        if head is not None:
            yield f"head {head}"
        entries = [[entry] for entry in matrix] if axes == "q" else matrix
        yield from plain.table(entries, rows, columns)
