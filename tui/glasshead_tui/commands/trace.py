"""`glasshead trace`: captured values of one decode as numbers, for a pipe or a notebook."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from glasshead.errors import GlassheadError
from glasshead.opening import Opening
from glasshead.site import Site
from glasshead_tui.commands.arguments import Checkpoint, Forced, Truncate
from glasshead_tui.commands.opening import opens

if TYPE_CHECKING:
    from glasshead.decoding.stepper import Stepper
    from glasshead.subject import Subject
    from glasshead.text import Token
    from glasshead.traces.trace import Trace

EVERY = "decoder.*.cross.weights"


@opens()
def trace(
    opening: Opening,
    checkpoint: Checkpoint,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="A sentence in quotes.", show_default=False)
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Sites to show, e.g. encoder.0.self.*; may be repeated.", show_default=EVERY),
    ] = None,
    form: Annotated[
        Literal["table", "json", "tsv"],
        typer.Option("--format", help="A table to read; JSON or TSV with full precision."),
    ] = "table",
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps of decoding.", show_default="to the end")
    ] = None,
    truncate: Truncate = False,
    forced: Forced = None,
) -> None:
    """Write the captured values of a decode as numbers."""
    from glasshead_tui.terminal.sentences import fitting, sentence

    if text is None:
        raise GlassheadError("Which sentence? Give one in quotes, after the checkpoint.")
    text = sentence(text)

    from glasshead.decoding.threads import one_thread
    from glasshead.found import find

    one_thread()
    subject = find(checkpoint, opening).open()
    last = subject.kinds[-1]  # decoder → encoder, if there is one
    chosen, needed = _choose(subject, keep or [f"{last.stack}.*.{last.kind}.weights"])
    fitted = fitting(text, subject.vocabulary.source, subject.limit, truncate=truncate)
    line = subject.start(fitted, keep=needed, forced=forced)
    while not line.done and line.step_number != steps:
        line.step()
    write: Callable[[Subject, Stepper, list[str]], Iterator[str]] = {"table": _table, "json": _json, "tsv": _tsv}[form]
    for row in write(subject, line, chosen):
        print(row)


def _choose(subject: "Subject", patterns: list[str]) -> tuple[list[str], list[str]]:
    """Choose the requested sites, and those to capture: scores above the diagonal need the queries and keys."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    known = list(subject.anatomy.sites)
    for pattern in patterns:
        if not any(fnmatchcase(site, pattern) for site in known):
            near = get_close_matches(pattern, known, n=3, cutoff=0.3)
            hint = f"Near it: {', '.join(near)}." if near else "A site is named like decoder.0.cross.weights."
            raise GlassheadError(f"Nothing in {subject.name} is called {pattern!r}. {hint}")
    chosen = [site for site in known if any(fnmatchcase(site, pattern) for pattern in patterns)]
    needed = dict.fromkeys(chosen)
    for site in chosen:
        place = Site.parse(site)
        if place.attention and place.name == "scores":
            needed |= dict.fromkeys([place.beside("q"), place.beside("k")])
    return chosen, list(needed)


def _axes(seen: "Trace", site: str) -> tuple[str, "tuple[Token, ...]", "tuple[Token, ...] | None"]:
    """Return the axes of a site by their letters, the tokens of its rows, and those of its columns if they are keys."""
    place = Site.parse(site)
    axes = place.axes
    if place.attention is None:
        return axes, seen.source if place.side == "source" else seen.target, None
    queries, keys = seen.axes(place.attention)
    if axes == "h k d":
        return axes, keys, None
    return axes, queries, keys if axes == "h q k" else None


def _json(subject: "Subject", line: "Stepper", chosen: list[str]) -> Iterator[str]:
    from glasshead_tui.terminal import strict_json as strict

    seen = line.trace
    yield strict.dumps(
        {
            "checkpoint": subject.name,
            "source": [{"id": token.id, "text": token.text} for token in seen.source],
            "target": [{"id": token.id, "text": token.text} for token in seen.target],
            "produced": [
                {"id": token.id, "text": token.text, "probability": token.probability} for token in line.produced
            ],
            "text": line.text,
            "sites": {
                site: {
                    "axes": _axes(seen, site)[0],
                    "shape": list(seen[site].shape),
                    "origin": seen.origin(site),
                    "values": seen[site].tolist(),
                }
                for site in chosen
            },
        }
    )


def _tsv(subject: "Subject", line: "Stepper", chosen: list[str]) -> Iterator[str]:
    """Yield a row for every number. `row` and `column` count from 0; a column that is a key has a token too."""
    from glasshead_tui.terminal.visible import visible

    seen = line.trace
    yield "site\thead\trow\trow_token\tcolumn\tcolumn_token\tvalue"
    for site in chosen:
        axes, rows, columns = _axes(seen, site)
        values = seen[site].tolist()
        for head, matrix in enumerate(values) if axes.startswith("h") else [("", values)]:
            for row, (token, entry) in enumerate(zip(rows, matrix, strict=True)):
                start = f"{site}\t{head}\t{row}\t{visible(token.text)}"
                if axes == "q":
                    yield f"{start}\t\t\t{entry!r}"
                    continue
                for column, value in enumerate(entry):
                    name = "" if columns is None else visible(columns[column].text)
                    yield f"{start}\t{column}\t{name}\t{value!r}"


def _table(subject: "Subject", line: "Stepper", chosen: list[str]) -> Iterator[str]:
    from glasshead_tui.plain import tables as plain
    from glasshead_tui.terminal.visible import visible

    seen = line.trace
    yield f"checkpoint  {visible(subject.name)}"
    if seen.source:
        yield f"source      {plain.words(seen.source)}"
    yield f"target      {plain.words(line.tokens)}"
    yield f"text        {visible(line.text)}"
    yield f"steps       {line.step_number}"
    for site in chosen:
        axes, rows, columns = _axes(seen, site)
        yield f"\n{site}   {axes}   {' × '.join(map(str, seen[site].shape))}   {seen.origin(site)}"
        values: Any = seen[site].tolist()
        for head, matrix in enumerate(values) if axes.startswith("h") else [(None, values)]:
            if head is not None:
                yield f"head {head}"
            entries = [[entry] for entry in matrix] if axes == "q" else matrix
            yield from plain.table(entries, rows, columns)
