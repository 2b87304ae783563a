"""From the shell to the explorer: cheap checks first, then the app, or plain text without a terminal.

It imports neither torch nor Typer nor Textual before there is certainly something to open: a wrong name or folder is
reported in a sentence at once, before any screen opens.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError, brief
from glasshead.found import Found, find, find_beside
from glasshead.opening import AS_IT_IS, Opening
from glasshead.spaces import is_blank
from glasshead_tui.state.focus import Which
from glasshead_tui.terminal.tty import terminal

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy, Kind
    from glasshead.edits.edit import Edit

DEFAULT = "english-french"


def explore(
    checkpoint: str = DEFAULT,
    *,
    opening: Opening = AS_IT_IS,
    text: str | None = None,
    forced: str | None = None,
    edits: "tuple[Edit, ...]" = (),
    session: Path | None = None,
    beside: str | None = None,
    features: Path | None = None,
    mouse: bool = True,
    truncate: bool = False,
    plain: bool = False,
    kind: Which | None = None,
    layer: int | None = None,
    head: int = 0,
    steps: int | None = None,
) -> int:
    """Open the explorer on a checkpoint, or print the decoding without a terminal; return the exit status.

    Raises GlassheadError for a checkpoint that is missing, damaged or foreign, and for a sentence that does not fit.
    """
    found = find(checkpoint, opening, features)
    found.check()
    if text is None and features is not None:
        text = features.name
    guest = None
    if beside is not None:
        guest = find_beside(beside, opening)
        guest.check()
    return show(
        found, text, forced, edits=edits, session=session, beside=guest, mouse=mouse, truncate=truncate, plain=plain,
        kind=kind, layer=layer, head=head, steps=steps,
    )  # fmt: skip


def show(
    found: Found,
    text: str | None = None,
    forced: str | None = None,
    *,
    edits: "tuple[Edit, ...]" = (),
    session: Path | None = None,
    beside: Found | None = None,
    mouse: bool = True,
    truncate: bool = False,
    plain: bool = False,
    kind: Which | None = None,
    layer: int | None = None,
    head: int = 0,
    steps: int | None = None,
    piped: bool = True,
) -> int:
    """Show something that was found and checked; return the exit status.

    session: file of the lines, read if it is there and written at the end · beside: a model that stands beside it ·
    piped: without a terminal, decode the lines
    of standard input if there is no text.
    """
    if text is not None:
        from glasshead_tui.terminal.sentences import sentence

        text = sentence(text)
    if session is not None:
        _check_session(session)
    if beside is not None and (plain or not terminal()):
        raise GlassheadError(
            "--beside shows two models in the explorer: it needs a terminal, and no --plain. As text: glasshead show, "
            "or trace, with --beside."
        )
    if plain or not terminal():
        if session is not None:
            raise GlassheadError("--session keeps the lines of the explorer: it needs a terminal, and no --plain.")
        return _decode(
            found, text, forced, edits=edits, truncate=truncate, kind=kind, layer=layer, head=head, steps=steps,
            piped=piped,
        )  # fmt: skip
    first: str | Callable[[], str] | None = text
    if text is not None:
        first = partial(_fit, found, text, truncate)
        if found.light:  # otherwise the screen comes first, and the worker closes it over a text that does not fit
            first = first()

    from glasshead_tui.app import GlassheadApp
    from glasshead_tui.work.garbage import unload

    app = GlassheadApp(found, first, forced=forced, edits=edits, session=session, beside=beside)
    app.run(mouse=mouse)
    if session is not None:
        app.close_session()
    while app.next_model is not None:
        unload()
        app = GlassheadApp(find(app.next_model))
        app.run(mouse=mouse)
    return app.return_code or 0


def _check_session(path: Path) -> None:
    """Raise GlassheadError for a place where no file can be kept, before anything is opened."""
    try:
        there = path.exists()
        whole = path.parent.is_dir()
    except (OSError, ValueError) as error:
        raise GlassheadError(f"--session {brief(str(path))} cannot be: {getattr(error, 'strerror', error)}.") from None
    if not there and not whole:
        raise GlassheadError(f"--session: there is no folder {brief(str(path.parent))}.")
    if there and not path.is_file():
        raise GlassheadError(f"--session: {brief(str(path))} is no plain file.")


def _fit(found: Found, text: str, truncate: bool) -> str:
    from glasshead_tui.terminal.sentences import fitting

    return fitting(text, found.source, found.limit, truncate=truncate)


def _decode(
    found: Found,
    text: str | None,
    forced: str | None,
    *,
    edits: "tuple[Edit, ...]",
    truncate: bool,
    kind: Which | None,
    layer: int | None,
    head: int,
    steps: int | None,
    piped: bool,
) -> int:
    """Decode every sentence and print every step; return the exit status."""
    from glasshead.decoding.threads import one_thread
    from glasshead.session.session import Session
    from glasshead.site import attention
    from glasshead_tui.plain.decode import print_decode
    from glasshead_tui.terminal.sentences import fitting

    one_thread()
    subject = found.open()
    chosen = _kind(subject.anatomy, kind)
    layer = chosen.layers - 1 if layer is None else layer
    for what, number, most in (("layer", layer, chosen.layers), ("head", head, chosen.heads)):
        if not 0 <= number < most:
            raise GlassheadError(f"There is no {what} {number}: the {chosen.stack}'s count from 0 to {most - 1}.")
    prefix = attention(chosen.stack, layer, chosen.kind)
    if text is None and not piped:
        text = subject.first_sentence
    for number, (place, each) in enumerate(_sentences(text, lambda: subject.first_sentence)):
        try:
            each = fitting(each, subject.vocabulary.source, subject.limit, truncate=truncate)
        except GlassheadError as error:
            raise GlassheadError(f"{place}{error}") from None
        if number:
            print()
        patterned = subject.anatomy.attending[prefix].patterned or bool(edits)
        names = ("weights", "masked") if patterned else ("weights",)
        session = Session(subject, keep=[f"{prefix}.{name}" for name in names])
        session.begin(each, forced=forced, edits=edits)
        print_decode(session, subject.name, prefix, head, steps)
    return 0


def _sentences(text: str | None, example: Callable[[], str]) -> Iterator[tuple[str, str]]:
    """Yield what to decode, each with its place: the text, else the lines of standard input, else an example.

    A terminal is not read: its user types sentences in the explorer.
    """
    if text is None and sys.stdin is not None and not sys.stdin.isatty():
        from glasshead_tui.terminal.sentences import lines

        some = False
        for number, line in lines(sys.stdin.buffer, needed=False):
            if not is_blank(line):
                some = True
                yield f"Line {number}: ", line
        if some:
            return
    yield "", example() if text is None else text


def _kind(anatomy: "Anatomy", which: Which | None) -> "Kind":
    """Find the kind of attention that a word of the command line names; without one, the last that there is."""
    if which is None:
        return anatomy.kinds[-1]
    stack, kind = ("encoder", "self") if which == "encoder" else ("decoder", which)
    return anatomy.kind(stack, kind)
