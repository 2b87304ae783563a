"""`glasshead heads`: which heads matter, by what a model's output loses without each of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasshead.errors import GlassheadError, brief
from glasshead.opening import Opening
from glasshead_tui.commands.arguments import Checkpoint
from glasshead_tui.commands.looks import Form, align, measure
from glasshead_tui.commands.opening import opens
from glasshead_tui.commands.progress import reporting

if TYPE_CHECKING:
    from glasshead.ranking.lines import Line
    from glasshead.ranking.results import Asked
    from glasshead.subjects import Subject


@opens(without=("chat", "capture"))
def heads(
    opening: Opening,
    checkpoint: Checkpoint,
    text: Annotated[
        str | None, typer.Option(metavar="SENTENCE", help="The text.", show_default="the checkpoint's first example")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Texts and their targets: TSV, CSV or JSONL.")
    ] = None,
    source_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --pairs: the column of the texts, or its number.")
    ] = None,
    target_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --pairs: the column of the targets, or its number.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="With --pairs: leave out lines that cannot be read.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --pairs, --alignment: the first N.", show_default="20, or 200"),
    ] = None,
    forced: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The target, in place of what the model writes.")
    ] = None,
    by: Annotated[
        str,
        typer.Option(metavar="loss|token=WORD@STEP", help="What is asked: the loss of the target, or one token of it."),
    ] = "loss",
    of: Annotated[Literal["heads", "layers", "sources"], typer.Option(help="What is taken out.")] = "heads",
    method: Annotated[
        Literal["knockout", "keep-only", "patch"],
        typer.Option(help="Take it out; take all but it out of its layer; or put it into a run on --corrupted."),
    ] = "knockout",
    instead: Annotated[
        Literal["zero", "mean"], typer.Option("--with", help="What comes in its place: 0, or its mean over the texts.")
    ] = "zero",
    corrupted: Annotated[
        str | None, typer.Option(metavar="TEXT", help="With --method patch: a text with as many tokens.")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="MEASURE", help="Take nothing out: sort by what the heads look at, e.g. previous."),
    ] = None,
    alignment: Annotated[
        bool, typer.Option("--alignment", help="How well the heads align words, by pairs whose alignment is known.")
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --alignment: what made the pairs.", show_default="that of the card"),
    ] = None,
    why: Annotated[
        str | None,
        typer.Option(metavar="A/B@STEP", help="Find a small set without which token B is preferred to token A."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --why, --alignment: seed of what is drawn.", show_default="0"),
    ] = None,
    longest: Annotated[int, typer.Option(metavar="N", min=1, help="Most tokens of a target the model writes.")] = 64,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="Rows of the table.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON.")] = False,
    as_tsv: Annotated[bool, typer.Option("--tsv", help="All rows as TSV.")] = False,
) -> None:
    """Rank heads by what is lost without them, or by what they do.

    Beside each effect stands the placebo: any other head of its layer taken out instead, mean ± spread.
    --sort and --alignment take nothing out.
    """
    from glasshead_tui.terminal.sentences import sentence

    if text is not None and pairs is not None:
        raise GlassheadError("--text and --pairs are two ways to give texts: choose one.")
    if forced is not None and pairs is not None:
        raise GlassheadError("--pairs has the targets; --forced goes with --text.")
    if limit is not None and pairs is None and not alignment:
        raise GlassheadError("--limit has no meaning without --pairs.")
    if pairs is None and (source_column is not None or target_column is not None or skip_bad):
        raise GlassheadError("--source-column, --target-column and --skip-bad have no meaning without --pairs.")
    if as_json and as_tsv:
        raise GlassheadError("--json and --tsv are two forms: choose one.")
    if seed is not None and why is None and not alignment:
        raise GlassheadError("--seed has no meaning without --why or --alignment: nothing else is drawn.")
    if why is not None and as_tsv:
        raise GlassheadError("--why finds sets, and no table: it is told as text, or with --json.")
    if why is not None and (by != "loss" or method != "knockout" or instead != "zero" or pairs is not None):
        raise GlassheadError("--why takes parts of one text out: it goes with --text and --of, and with no other way.")
    _check_looks(sort, alignment, recipe, text, taken=by != "loss" or method != "knockout" or of != "heads" or why)
    text = text if text is None else sentence(text)
    given = None if pairs is None else _pairs(pairs, source_column, target_column, limit or 20, skip_bad=skip_bad)

    from glasshead.decoding.threads import one_thread
    from glasshead.found import find

    one_thread()
    subject = find(checkpoint, opening).open()
    form: Form = "json" if as_json else "tsv" if as_tsv else "table"
    if alignment:
        _print(align(subject, given, recipe, limit or 200, seed or 0, form, top))
        return
    texts = [subject.first_sentence if text is None else text] if given is None else [source for source, _ in given]
    targets = [forced] if given is None else [target for _, target in given]
    if sort is not None:
        _print(measure(subject, texts, targets, sort, longest, form, top))
        return

    from glasshead.ranking.lines import line_of, numbered
    from glasshead.ranking.rank import rank
    from glasshead.ranking.why import why as explain
    from glasshead_tui.plain import ranking as plain

    with reporting() as progress:
        progress("reading the text", 0, None)
        with numbered(1, len(texts)):
            line = line_of(subject, texts[0], targets[0], longest=longest)
        if why is not None:
            asked, rival = _choice(subject, line, why)
            found = explain(
                subject, asked, rival, of=of, seed=seed or 0, progress=lambda done: progress("runs", done, None)
            )
            rows = plain.why_json(subject, asked, found) if as_json else plain.why_lines(subject, asked, found)
        else:
            ranking = rank(
                subject, texts, targets, by=_asked(subject, line, by), method=method, of=of, instead=instead,
                corrupted=corrupted, longest=longest,
                progress=lambda done, all_of: progress("runs", done, all_of),
            )  # fmt: skip
            if as_json:
                rows = plain.as_json(subject, ranking, line)
            else:
                rows = plain.as_tsv(subject, ranking, line) if as_tsv else plain.as_table(subject, ranking, line, top)
    _print(rows)


def _print(rows: Iterable[str]) -> None:
    for row in rows:
        print(row)


def _check_looks(sort: str | None, alignment: bool, recipe: str | None, text: str | None, *, taken: object) -> None:
    """Raise GlassheadError for wishes that do not go with --sort or --alignment."""
    if (sort is not None or alignment) and taken:
        raise GlassheadError("--sort and --alignment take nothing out: leave --by, --of, --method and --why away.")
    if sort is not None and alignment:
        raise GlassheadError("--sort and --alignment are two tables: choose one.")
    if recipe is not None and not alignment:
        raise GlassheadError("--recipe has no meaning without --alignment.")
    if alignment and text is not None:
        raise GlassheadError("--alignment needs pairs whose alignment is known: its own, or those of --pairs.")


def _pairs(
    path: Path, source_column: str | None, target_column: str | None, limit: int, *, skip_bad: bool
) -> list[tuple[str, str]]:
    """Read the first pairs of a file, without those that lack a side, and say what was left out."""
    import sys
    from itertools import islice

    from glasshead.spaces import is_blank
    from glasshead.training.data.pairs import Files, Report, read
    from glasshead_tui.terminal.complain import complain

    files = Files(path, None, None, source_column, target_column)
    files.check()
    report = Report(files.name)

    def whole() -> Iterator[tuple[str, str]]:
        for line in read(files, report=report, skip_bad=skip_bad):
            if is_blank(line.source) or is_blank(line.target):
                report.leave_out("empty", line.number)
            else:
                yield line.source, line.target

    found = list(islice(whole(), min(limit, sys.maxsize)))
    if not found:
        raise GlassheadError(f"There is nothing to rank by. {' '.join(report.lines())}")
    for line in report.lines() if report.left_out else ():
        complain(line)
    return found


def _asked(subject: "Subject", line: "Line", by: str) -> "Asked | None":
    """Read --by. Raises GlassheadError for anything but loss, token=WORD, token=WORD@STEP and token=@STEP."""
    from glasshead.ranking.results import Asked

    if by == "loss":
        return None
    name, equals, what = by.partition("=")
    if name != "token" or not equals or not what:
        raise GlassheadError(f"--by is loss, token=WORD or token=WORD@STEP; not {by!r}.")
    word, step = _step(what)
    if not word:
        return Asked(step if step is not None else 1)
    found, number = _place(subject, line, word, step)
    return Asked(number, found)


def _choice(subject: "Subject", line: "Line", why: str) -> "tuple[Line, int]":
    """Read --why: the line that asks about A, and the id of B."""
    from glasshead.ranking.lines import token_of

    chosen, slash, rest = why.partition("/")
    rival, step = _step(rest)
    if not slash or not chosen or not rival:
        raise GlassheadError(
            f"--why is two tokens, A/B, and a step if A is written more than once: A/B@2. Not {why!r}."
        )
    found, number = _place(subject, line, chosen, step)
    return line.at(number, found), token_of(subject, line, rival)


def _step(text: str) -> tuple[str, int | None]:
    """Split WORD@STEP. Raises GlassheadError for a number that is no step."""
    word, at, step = text.rpartition("@")
    if at and step.isdecimal():
        return word, int(step)
    if at and step.lstrip("+-").replace(".", "").isdecimal():
        raise GlassheadError(f"{brief(step)} in {brief(text)} is no step: they count from 1, as in {word}@2.")
    return text, None


def _place(subject: "Subject", line: "Line", word: str, step: int | None) -> tuple[int, int]:
    """Find the token that a word names, and its step, counted from 1: the first that writes it, if none is given."""
    from glasshead.ranking.lines import token_of
    from glasshead_tui.plain.tables import words

    found = token_of(subject, line, word)
    if step is not None:
        return found, step
    if found not in line.labels:
        written = words(subject.vocabulary.target.tokens(line.labels))
        raise GlassheadError(f"{word!r} is not in the target ({written}): say at which step, as in {word}@1.")
    return found, line.labels.index(found) + 1
