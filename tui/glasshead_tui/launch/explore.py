"""The way from the shell into the explorer: cheap checks first, then the app, or plain text where there is no terminal.

Imports neither torch nor Typer nor Textual before it is certain that there is something to open: what can be wrong with
a name or a folder is told in a sentence, at once, and not on a screen that opens and closes again.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from glasshead.checkpoints import format as checkpoints
from glasshead.errors import GlassheadError

if TYPE_CHECKING:
    from glasshead.subject import Subject

DEFAULT = "english-french"
Kind = Literal["cross", "self", "encoder"]


def explore(
    checkpoint: str = DEFAULT,
    *,
    text: str | None = None,
    mouse: bool = True,
    truncate: bool = False,
    plain: bool = False,
    kind: Kind = "cross",
    layer: int | None = None,
    head: int = 0,
    steps: int | None = None,
) -> int:
    """Open the explorer on a checkpoint, or write the decoding as text where there is no terminal; the exit status.

    Raises GlassheadError for a checkpoint that is missing, damaged or foreign, and for a sentence that does not fit.
    """
    folder = checkpoints.find(checkpoint)
    content = checkpoints.describe(folder)
    _has_its_parts(folder, content)
    if text is not None:
        from glasshead_tui.terminal.sentences import sentence

        text = sentence(text)
    if plain or not terminal():
        return _tell(checkpoint, text, truncate=truncate, kind=kind, layer=layer, head=head, steps=steps)
    if text is not None:
        from glasshead_tui.terminal.sentences import fitting

        codec = checkpoints.vocabulary(folder).source
        text = fitting(text, codec, _longest(folder, content["config"]) - 1, truncate=truncate)

    from glasshead_tui.app import GlassheadApp

    app = GlassheadApp(checkpoint=checkpoint, text=text)
    app.run(mouse=mouse)
    return app.return_code or 0


def lesson(name: str | None, *, checkpoint: str, restart: bool, mouse: bool, plain: bool, as_json: bool) -> int:
    """Open the lab where the course was left, or at `name`; where there is no terminal, say how far it is.

    Raises GlassheadError for an experiment or a checkpoint that is none, and for a place that cannot be kept.
    """
    from dataclasses import replace

    from glasshead.lab import page_of
    from glasshead_tui.state import course

    at = None if name is None else page_of(name).name
    written = plain or as_json or not terminal()
    if not written:  # what is asked for is there, before anything is forgotten
        folder = checkpoints.find(checkpoint)
        _has_its_parts(folder, checkpoints.describe(folder))
    if restart:
        course.forget()
    place = course.read() if at is None else replace(course.read(), at=at)
    if at is not None or not written:
        course.write(place)
    if written:
        from glasshead_tui.plain.course import tell

        tell(place, as_json=as_json)
        return 0

    from glasshead_tui.app import GlassheadApp

    app = GlassheadApp(checkpoint=checkpoint, lab=place.at, lesson=True)
    app.run(mouse=mouse)
    return app.return_code or 0


def first_sentence(subject: "Subject") -> str:
    """What to decode where nobody has said: the first example on the model's card."""
    examples = subject.card.get("examples")
    if not isinstance(examples, list) or not examples or not isinstance(examples[0], str):
        raise GlassheadError(f"What shall {subject.name} decode? Its card has no examples: give a sentence (--text).")
    return examples[0]


def terminal() -> bool:
    """Whether a person sits there: keys come from a terminal, the screen goes to one, and it can draw.

    Textual draws on standard error, so that counts as the screen too.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def _longest(folder: Path, config: Mapping[str, Any]) -> int:
    """Most tokens of a source, its end token counted, as config.json has it."""
    length = config.get("max_length")
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        given = f"max_length is {length!r}" if "max_length" in config else "max_length is missing"
        raise GlassheadError(
            f"{folder / checkpoints.CONFIG}: {given}; it must be a whole number of at least 1. "
            "Take a fresh copy of the checkpoint."
        )
    return length


def _has_its_parts(folder: Path, content: Mapping[str, Any]) -> None:
    """The weights are whole and the vocabulary is there. Whether they fit each other is known when they are loaded."""
    from glasshead_tui import weights

    weights.count(folder / checkpoints.WEIGHTS)
    for name in checkpoints.parts(content):
        if not (folder / name).is_file():
            raise GlassheadError(f"{folder} holds no {name}: the checkpoint is not whole. Take a fresh copy of it.")


def _tell(
    checkpoint: str, text: str | None, *, truncate: bool, kind: Kind, layer: int | None, head: int, steps: int | None
) -> int:
    """Decode and write every step: the tokens so far, the candidates, one head's attention."""
    from dataclasses import asdict
    from shutil import get_terminal_size

    from glasshead.decoding.threads import load
    from glasshead_tui.plain import tables as plain
    from glasshead_tui.terminal.sentences import fitting
    from glasshead_tui.terminal.visible import visible

    subject = load(checkpoint)
    stack, local = ("encoder", "self") if kind == "encoder" else ("decoder", kind)
    layers = subject.config.encoder_layers if stack == "encoder" else subject.config.decoder_layers
    layer = layers - 1 if layer is None else layer
    for what, number, most in (("layer", layer, layers), ("head", head, subject.config.heads)):
        if not 0 <= number < most:
            raise GlassheadError(f"There is no {what} {number}: the {stack}'s count from 0 to {most - 1}.")
    prefix = f"{stack}.{layer}.{local}"
    text = fitting(text or first_sentence(subject), subject.vocabulary.source, subject.limit, truncate=truncate)
    line = subject.start(text, keep=[f"{prefix}.weights"])

    width = get_terminal_size((100, 24)).columns

    print(f"glasshead   {visible(subject.name)}   {plain.shape(asdict(subject.config))}")
    print(f"source      {plain.words(line.source)}")
    print(f"attention   {prefix}.weights, head {head}: a row for each query, a column for each key")
    print(f"            {plain.MASKED} may not be looked at; --kind, --layer and --head choose another")
    while True:
        took = "" if line.step_number == 0 else f"   took {plain.candidate(line.tokens[-1])}"
        print(f"\nstep {line.step_number}{took}")
        print(f"target      {plain.words(line.tokens)}")
        print(f"next        {plain.candidates(line.candidates(5)) or 'none: done'}")
        trace = line.outlook
        queries, keys = trace.axes(prefix)
        weights, looks = trace[f"{prefix}.weights"][head].tolist(), trace.may_look(prefix).tolist()
        print(*plain.attention(weights, looks, queries, keys, width=width), sep="\n", flush=True)
        if line.done or line.step_number == steps:
            break
        line.step()
    print(f"\ntext        {visible(line.text)}".rstrip(" "))
    return 0
