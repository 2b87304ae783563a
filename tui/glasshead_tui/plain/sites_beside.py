"""The values of sites in two models as text: both, and their difference or why there is none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead_tui.plain.sites import TSV_HEAD, site_axes, site_table, site_tsv
from glasshead_tui.plain.tables import with_ids, words
from glasshead_tui.terminal import strict_json as strict
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.session.compared import Compared
    from glasshead.traces.trace import Trace

DIFFERENCE = "difference"


def _subtract(beside: "Compared", site: str) -> "tuple[Tensor | None, str]":
    """Subtract the values of the other model; None and why, if they have no difference."""
    from glasshead.analysis.difference import difference

    try:
        beside.check(site)
        return difference(beside.edited, beside.trace, site), ""
    except GlassheadError as error:
        return None, str(error)


def as_table(name: str, beside: "Compared", chosen: list[str]) -> Iterator[str]:
    """Yield tables, of each site one under the other. name: of the present model."""
    here, there, other = beside.edited, beside.trace, visible(beside.names[1])
    yield f"checkpoint  {visible(name)}"
    yield from _tokens(here)
    yield f"beside      {other}, {beside.how}"
    yield from _tokens(there)
    for site in chosen:
        apart, why = _subtract(beside, site)
        yield f"\n{site}   {site_axes(here, site)[0]}"
        for title, trace, values in _three(beside, site, apart):
            yield f"\n{visible(title)}"
            yield from site_table(trace, site, values)
        if why:
            yield f"\n{visible(why)}"


def as_tsv(name: str, beside: "Compared", chosen: list[str]) -> Iterator[str]:
    """Yield a row for every number; the first column says of which model it is, or that it is a difference."""
    yield f"of\t{TSV_HEAD}"
    for site in chosen:
        for title, trace, values in _three(beside, site, _subtract(beside, site)[0]):
            for row in site_tsv(trace, site, values):
                yield f"{visible(title)}\t{row}"


def as_json(name: str, beside: "Compared", chosen: list[str]) -> Iterator[str]:
    """Yield one JSON document."""
    here, there = beside.edited, beside.trace
    sites: dict[str, Any] = {}
    for site in chosen:
        apart, why = _subtract(beside, site)
        sites[site] = {
            "axes": site_axes(here, site)[0],
            "values": here[site].tolist(),
            "beside": there[site].tolist() if site in there else None,
            "difference": None if apart is None else apart.tolist(),
            "why": why,
        }
    yield strict.dumps(
        {
            "checkpoint": name,
            **_named(here),
            "beside": {"checkpoint": beside.names[1], "tokens": beside.how, **_named(there)},
            "sites": sites,
        }
    )


def _three(beside: "Compared", site: str, apart: "Tensor | None") -> "Iterator[tuple[str, Trace, Tensor]]":
    """Yield what there is of a site: title, the trace whose tokens stand at its axes, and values."""
    yield beside.names[0], beside.edited, beside.edited[site]
    if site in beside.trace:
        yield beside.names[1], beside.trace, beside.trace[site]
    if apart is not None:
        yield DIFFERENCE, beside.edited, apart


def _tokens(trace: "Trace") -> Iterator[str]:
    if trace.source:
        yield f"source      {words(trace.source)}"
    yield f"target      {words(trace.target)}"


def _named(trace: "Trace") -> dict[str, Any]:
    return {"source": with_ids(trace.source), "target": with_ids(trace.target)}
