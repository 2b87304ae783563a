"""`glasshead trace`: captured values of one decode as numbers, for a pipe or a notebook."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasshead.errors import GlassheadError
from glasshead.opening import Opening
from glasshead.site import Site
from glasshead_tui.commands.arguments import Checkpoint, Until, check_stops, read_stops
from glasshead_tui.commands.line import Line
from glasshead_tui.commands.opening import opens

if TYPE_CHECKING:
    from glasshead.decoding.stepper import Stepper
    from glasshead.found import Found
    from glasshead.session.stops import Stop
    from glasshead.subjects import Subject

EVERY = "decoder.*.cross.weights"


@opens(without=("capture",))
def trace(
    opening: Opening,
    line: Line,
    checkpoint: Checkpoint,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="A sentence in quotes; none for a recording.", show_default=False),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Sites to show, e.g. encoder.0.self.*; may be repeated.", show_default=EVERY),
    ] = None,
    form: Annotated[
        Literal["table", "json", "tsv"] | None,
        typer.Option("--format", help="A table to read; JSON or TSV with full precision.", show_default="table"),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps of decoding.", show_default="to the end")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a recording, FILE.safetensors, in place of numbers: all sites, or those of --keep. "
            "`glasshead FILE.safetensors` opens it without the model.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="With --save: replace a file.")] = False,
    until: Until = None,
) -> None:
    """Write the captured values of a decode: numbers, or a file.

    With another model beside it: the values of both, and their difference.
    """
    from glasshead_tui.terminal.sentences import fitting, sentence

    text = line.text(text)
    if text is not None:
        text = sentence(text)
    if save is None and overwrite:
        raise GlassheadError("--overwrite has no meaning without --save.")
    if save is not None and form is not None:
        raise GlassheadError("--save writes a recording, and --format numbers: choose one.")
    if save is not None and line.beside is not None:
        raise GlassheadError("--save writes one line, and --beside compares two: choose one.")

    stops = read_stops(until, edited=bool(line.edits))

    from glasshead.decoding.threads import one_thread
    from glasshead.found import find, find_beside

    one_thread()
    guest = None if line.beside is None else find_beside(line.beside, opening)
    subject = find(checkpoint, opening, line.features).open()
    if text is None:
        if not subject.recorded:
            raise GlassheadError("Which sentence? Give one in quotes, after the checkpoint.")
        text = subject.first_sentence
    last = subject.kinds[-1]  # encoder–decoder, if there is one
    usual = ["*"] if save is not None else [f"{last.stack}.*.{last.kind}.weights"]
    chosen, needed = _choose(subject, keep or usual)
    needed = list(dict.fromkeys([*needed, *check_stops(stops, subject.anatomy)]))
    if save is not None:
        _check_place(save, overwrite=overwrite)
    fitted = fitting(text, subject.vocabulary.source, subject.limit, truncate=line.truncate)
    changes = None
    if line.edits:
        from glasshead.session.references import changes_of

        changes = changes_of(subject, line.edits, fitted)
    stepper = subject.start(fitted, keep=needed, edit=changes, forced=line.forced)
    unedited = subject.start(fitted, keep=None, forced=line.forced) if stops and line.edits else None
    _walk(stepper, steps, stops, unedited)
    if save is not None:
        print(_saved(stepper, save, overwrite=overwrite))
        return
    if guest is not None:
        for row in _both(subject, stepper, guest, fitted, chosen, form):
            print(row)
        return
    writers: dict[str | None, Callable[[Subject, Stepper, list[str]], Iterator[str]]] = {"json": _json, "tsv": _tsv}
    for row in writers.get(form, _table)(subject, stepper, _recorded(stepper, chosen) if subject.recorded else chosen):
        print(row)


def _both(
    subject: "Subject", line: "Stepper", found: "Found", text: str, chosen: list[str], form: str | None
) -> Iterator[str]:
    """Compare a line with that of another model, in one of the forms. Raises GlassheadError if that does not fit."""
    from glasshead.session.guest import open_guest
    from glasshead_tui.plain import sites_beside as both

    guest = open_guest(found, subject)
    beside = guest.compare(line, text, truncate=False, count=1)
    if beside is None:
        raise GlassheadError(guest.why)
    writers = {"json": both.as_json, "tsv": both.as_tsv}
    return writers.get(form or "", both.as_table)(subject.name, beside, chosen)


def _walk(line: "Stepper", steps: int | None, stops: "tuple[Stop, ...]", unedited: "Stepper | None") -> None:
    """Take the steps, and say beside the output where a breakpoint ended them."""
    from glasshead.session.stopping import find_missed, walk_to_stop
    from glasshead_tui.terminal.complain import complain

    stopped = walk_to_stop(line, stops, steps=steps, unedited=unedited)
    if stops:
        complain(str(stopped or find_missed(stops, line, unedited) or "No breakpoint was met."))


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Check the name of a recording before anything is computed."""
    from glasshead.errors import ThereError
    from glasshead.traces.file import check_place

    try:
        check_place(path, overwrite=overwrite)
    except ThereError:
        raise GlassheadError(f"{path} is there already: give another name, or --overwrite it.") from None


def _saved(line: "Stepper", path: Path, *, overwrite: bool) -> str:
    """Write a recording, and describe it."""
    import shlex

    from glasshead import machine
    from glasshead_tui.terminal.visible import visible

    written = line.save(path, overwrite=overwrite)
    trace, steps = line.trace, f"{line.step_number} step{'s' if line.step_number != 1 else ''}"
    dropped = len(trace.dropped)
    without = f", without {dropped} sites that exceeded the memory budget" if dropped else ""
    size, opens = machine.size(written.stat().st_size), visible(shlex.quote(str(written)))
    return f"{steps} at {len(trace.sites) - dropped} sites{without}: {size}. To open them: glasshead {opens}"


def _recorded(line: "Stepper", chosen: list[str]) -> list[str]:
    """Return the chosen sites that a recording can show; name the others. Raises GlassheadError if there are none."""
    from glasshead_tui.terminal.complain import complain

    found: list[str] = []
    refused: list[str] = []
    for site in chosen:
        try:
            line.trace[site]
        except GlassheadError as error:
            refused.append(str(error))
        else:
            found.append(site)
    if not found:
        raise GlassheadError(refused[0])
    if refused:
        complain(f"{len(refused)} of {len(chosen)} sites are left out. The first: {refused[0]}")
    return found


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


def _json(subject: "Subject", line: "Stepper", chosen: list[str]) -> Iterator[str]:
    from glasshead_tui.plain.sites import site_axes
    from glasshead_tui.plain.tables import with_ids
    from glasshead_tui.terminal import strict_json as strict

    seen = line.trace
    yield strict.dumps(
        {
            "checkpoint": subject.name,
            **({"recording": list(subject.recorded)} if subject.recorded else {}),
            "source": with_ids(seen.source),
            "target": with_ids(seen.target),
            "produced": [
                {**named, "probability": token.probability}
                for named, token in zip(with_ids(line.tokens)[-len(line.produced) :], line.produced, strict=True)
            ],
            "text": line.text,
            "sites": {
                site: {
                    "axes": site_axes(seen, site)[0],
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
    from glasshead_tui.plain.sites import TSV_HEAD, site_tsv

    yield TSV_HEAD
    for site in chosen:
        yield from site_tsv(line.trace, site, line.trace[site])


def _table(subject: "Subject", line: "Stepper", chosen: list[str]) -> Iterator[str]:
    from glasshead_tui.plain import tables as plain
    from glasshead_tui.plain.sites import site_axes, site_table
    from glasshead_tui.terminal.visible import visible

    seen = line.trace
    yield f"checkpoint  {visible(subject.name)}"
    if subject.recorded:
        yield f"recording   {visible(' · '.join(subject.recorded))}"
    if seen.source:
        yield f"source      {plain.words(seen.source)}"
    yield f"target      {plain.words(line.tokens)}"
    yield f"text        {visible(line.text)}"
    yield f"steps       {line.step_number}"
    for site in chosen:
        yield f"\n{site}   {site_axes(seen, site)[0]}   {' × '.join(map(str, seen[site].shape))}   {seen.origin(site)}"
        yield from site_table(seen, site, seen[site])
