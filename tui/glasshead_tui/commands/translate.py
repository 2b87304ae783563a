"""`glasshead translate`: sentences in, translations out, a line for a line.

A pipe or a file gets the model's text as it is, but on one line; a terminal gets it through `visible`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from glasshead.errors import GlassheadError
from glasshead.opening import Opening
from glasshead.spaces import is_blank
from glasshead_tui.commands.arguments import (
    Checkpoint,
    EditFile,
    EditTexts,
    Features,
    Truncate,
    Until,
    check_stops,
    read_edits,
    read_stops,
)
from glasshead_tui.commands.opening import opens

if TYPE_CHECKING:
    from glasshead.decoding.pick import Pick
    from glasshead.session.stops import Stop
    from glasshead.subjects import Subject


@opens(without=("capture",))
def translate(
    opening: Opening,
    checkpoint: Checkpoint,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="A sentence in quotes. - reads lines from standard input.", show_default=False
        ),
    ] = None,
    features: Features = None,
    beam: Annotated[int, typer.Option(metavar="N", min=1, help="Width of the beam search; 1 is greedy.")] = 1,
    sample: Annotated[bool, typer.Option("--sample", help="Draw each token in place of taking the best.")] = False,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="With --sample: divide the logits by T.", show_default="1")
    ] = None,
    top_k: Annotated[int | None, typer.Option(metavar="K", help="With --sample: draw from the K best.")] = None,
    top_p: Annotated[
        float | None, typer.Option(metavar="P", help="With --sample: draw from the fewest that reach P.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="With --sample: seed of the draws.", show_default="0")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --sample: draws per sentence, one a line.", show_default="1"),
    ] = None,
    truncate: Truncate = False,
    edit: EditTexts = None,
    edits: EditFile = None,
    until: Until = None,
) -> None:
    """Translate a sentence, or lines of standard input."""
    given = {"temperature": temperature, "top-k": top_k, "top-p": top_p, "seed": seed, "samples": samples}
    name = next((name for name, value in given.items() if value is not None), None)
    if name is not None and not sample:
        raise GlassheadError(f"--{name} has no meaning without --sample: greedy and beam search draw nothing.")
    if sample and beam != 1:
        raise GlassheadError("--sample and --beam are two ways of decoding: choose one.")
    if until and beam != 1:
        raise GlassheadError("--until stops one line on its way, and --beam searches many: choose one.")
    changed = read_edits(edit, edits)
    stops = read_stops(until, edited=bool(changed))
    sentences = _sentences(features.name if text is None and features else text)

    from glasshead.decoding.pick import Sample, greedy
    from glasshead.decoding.threads import one_thread
    from glasshead.found import find
    from glasshead_tui.terminal.sentences import fitting

    draw = Sample(temperature=1.0 if temperature is None else temperature, top_k=top_k, top_p=top_p, seed=seed or 0)
    written = _written()
    one_thread()
    subject = unedited = find(checkpoint, opening, features).open()
    check_stops(stops, subject.anatomy)
    if changed:
        from glasshead.session.references import edit_subject

        subject = edit_subject(subject, changed)
    for number, each in sentences:
        try:
            each = fitting(each, subject.vocabulary.source, subject.limit, truncate=truncate)
        except GlassheadError as error:
            raise GlassheadError(f"Line {number}: {error}" if number else str(error)) from None
        for take in range(samples or 1):
            pick = replace(draw, line=max(0, number - 1), take=take) if sample else greedy
            if is_blank(each):
                found = ""
            elif stops:
                found = _decode(subject, unedited if changed else None, each, pick, stops)
            else:
                found = subject.translate(each, pick=pick, beam=beam)
            print(written(found), flush=True)


def _decode(subject: "Subject", unedited: "Subject | None", text: str, pick: "Pick", stops: "tuple[Stop, ...]") -> str:
    """Decode up to a breakpoint, and say beside the output which one that was."""
    from glasshead.session.stopping import find_missed, walk_to_stop
    from glasshead_tui.terminal.complain import complain

    line = subject.start(text, pick=pick, keep=check_stops(stops, subject.anatomy) or None)
    other = None if unedited is None else unedited.start(text, pick=pick, keep=None)
    stopped = walk_to_stop(line, stops, unedited=other)
    complain(str(stopped or find_missed(stops, line, other) or "No breakpoint was met."))
    return line.text


def _written() -> Callable[[str], str]:
    """Choose how a translation is written to standard output."""
    from glasshead.text import one_line
    from glasshead_tui.terminal.visible import visible

    return visible if sys.stdout.isatty() else one_line


def _sentences(text: str | None) -> Iterator[tuple[int, str]]:
    """Yield each sentence with the number of its line of standard input; 0 for a word of the command."""
    from glasshead_tui.terminal.sentences import lines, sentence

    if text is not None and text != "-":
        return iter([(0, sentence(text))])
    if sys.stdin is None or (text is None and sys.stdin.isatty()):
        raise GlassheadError(
            "What shall be translated? Give a sentence in quotes, or - to read lines from standard input."
        )
    return lines(sys.stdin.buffer)
