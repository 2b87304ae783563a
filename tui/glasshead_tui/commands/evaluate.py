"""`glasshead evaluate`: a checkpoint scored on pairs of sentences, by figures that others can check."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasshead import machine
from glasshead.errors import GlassheadError
from glasshead.opening import Opening
from glasshead_tui.commands.arguments import Checkpoint, EditFile, EditTexts, read_edits
from glasshead_tui.commands.opening import opens
from glasshead_tui.commands.progress import Progress, reporting

if TYPE_CHECKING:
    from glasshead.decoding.protocols import Names, Sides
    from glasshead.recipes import Pair, Recipe
    from glasshead.training.data.pairs import Files, Report
    from glasshead.training.evaluate import Scores

UNSEEN = 2000
"""Default number of a recipe's sentences."""
SENTENCE = 400
"""Bytes that a pair takes, as text and as ids."""


@opens(without=("ids", "chat", "capture"), device="auto")
def evaluate(
    opening: Opening,
    checkpoint: Checkpoint,
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Sentences and their references: TSV, CSV or JSONL, plain, .gz or .zst.",
            show_default="unseen sentences of the checkpoint's recipe",
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sentences, a line each; --target has their references.")
    ] = None,
    target: Annotated[Path | None, typer.Option(metavar="FILE", help="The references, line by line.")] = None,
    source_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --pairs: the column of the sentences, or its number.")
    ] = None,
    target_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --pairs: the column of the references, or its number.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out and count lines that cannot be read.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Score the first N pairs.", show_default="all; 2000 of a recipe"),
    ] = None,
    beam: Annotated[int, typer.Option(metavar="N", min=1, help="Width of the beam search; 1 is greedy.")] = 1,
    length_penalty: Annotated[
        float | None,
        typer.Option(
            metavar="A",
            min=-10,
            max=10,
            help="With --beam: a line of n tokens scores log P / ((5 + n) / 6)^A.",
            show_default="0.6",
        ),
    ] = None,
    batch_tokens: Annotated[int, typer.Option(metavar="N", min=16, help="Most tokens of a batch.")] = 4096,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with full precision.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the translations, a line each.", show_default=False)
    ] = None,
    edit: EditTexts = None,
    edits: EditFile = None,
) -> None:
    """Score a checkpoint: BLEU, chrF, exact match, perplexity.

    BLEU and chrF are sacrebleu's, of the references as they are given; its signatures say how to get them again. Exact
    match compares with the references as the vocabulary sees them, e.g. in lower case: a model can write nothing else.
    """
    from glasshead.found import Checkpoint as Own
    from glasshead.found import find

    changed = read_edits(edit, edits)
    files = _files(pairs, source, target, source_column, target_column)
    if files is None and skip_bad:
        raise GlassheadError("--skip-bad has no meaning without --pairs or --source: a recipe has no bad lines.")
    if length_penalty is not None and beam == 1:
        raise GlassheadError("--length-penalty has no meaning without --beam: greedy decoding compares no lines.")
    if files is not None:
        files.check()
    found = find(checkpoint, opening)
    found.check()
    name = found.title
    recipe = None if files is not None else _recipe(name, found.card if isinstance(found, Own) else {})
    alpha = 0.6 if length_penalty is None else length_penalty
    with Translations(output, files) as translations, reporting() as progress:
        from glasshead.training.evaluate import score

        subject = found.open()
        if changed:
            from glasshead.session.references import edit_subject

            subject = edit_subject(subject, changed)
        held, report = _read(files, recipe, subject.vocabulary, limit, progress, skip_bad=skip_bad)
        scores = score(
            subject.model,
            subject.vocabulary,
            held,
            beam=beam,
            length_penalty=alpha,
            batch_tokens=batch_tokens,
            progress=progress,
        )
        translations.write(sample.given for sample in scores.samples)
    how = {
        "checkpoint": name,
        "recipe": recipe.name if recipe else None,
        "files": [str(path) for path in files.paths.values()] if files else None,
        "edits": [str(each) for each in changed],
        "beam": beam,
        "length_penalty": alpha if beam > 1 else None,
        "device": subject.model.device.type,
    }
    if as_json:
        from glasshead_tui.terminal import strict_json as strict

        print(strict.dumps(_figures(how, scores, report), indent=2))
    else:
        _print(how, scores, report)


def _files(
    pairs: Path | None, source: Path | None, target: Path | None, source_column: str | None, target_column: str | None
) -> "Files | None":
    """Return the files of pairs; None for a recipe. Raises GlassheadError for options that contradict each other."""
    if pairs is not None and (source is not None or target is not None):
        raise GlassheadError("--pairs and --source with --target are two ways to give pairs: choose one.")
    if (source is None) != (target is None):
        raise GlassheadError("--source and --target belong together: a file of sentences, and one of their references.")
    if pairs is None and (source_column is not None or target_column is not None):
        raise GlassheadError("--source-column and --target-column have no meaning without --pairs.")
    if pairs is None and source is None:
        return None
    from glasshead.training.data.pairs import Files

    return Files(pairs, source, target, source_column, target_column)


def _recipe(name: str, card: Mapping[str, Any]) -> "Recipe":
    """Return the recipe that a checkpoint was trained on. Raises GlassheadError if its card names no known one."""
    from glasshead import recipes

    known = card.get("recipe")
    if known not in recipes.names():
        what = "names no recipe" if known is None else f"names {known!r}, which is none of our recipes"
        raise GlassheadError(
            f"On what shall {name} be scored? Its card {what}: give --pairs FILE, or --source FILE and --target FILE."
        )
    return recipes.recipe(known)


def _read(
    files: "Files | None",
    recipe: "Recipe | None",
    vocabulary: "Sides",
    limit: int | None,
    progress: Progress,
    *,
    skip_bad: bool,
) -> "tuple[list[Pair], Report | None]":
    """Read the pairs to score on, and report the left-out ones. Raises GlassheadError if nothing is left."""
    if files is None:
        assert recipe is not None
        _check_limit(limit or UNSEEN)
        progress(f"drawing sentences of {recipe.name}", 0, None)
        return recipe.sample("test", UNSEEN if limit is None else limit), None
    from glasshead.training.data.pairs import Report, read

    report = Report(files.name)

    def whole() -> "Iterator[Pair]":
        for line in read(files, report=report, skip_bad=skip_bad):
            if _says(vocabulary.source, line.source) and _says(vocabulary.target, line.target):
                yield line.source, line.target
            else:
                report.leave_out("empty", line.number)
            if report.pairs % 1000 == 0:
                progress(f"reading {files.name}", report.pairs, None)

    found = list(islice(whole(), None if limit is None else min(limit, sys.maxsize)))
    if not found:
        raise GlassheadError(f"There is nothing to score on. {' '.join(report.lines())}")
    return found, report


def _says(names: "Names", text: str) -> bool:
    """Tell whether a tokenizer makes anything of a text."""
    from glasshead.text import Codec

    return bool(names.normalize(text) if isinstance(names, Codec) else names.encode(text))


def _check_limit(limit: int) -> None:
    """Raise GlassheadError for more sentences of a recipe than there is memory for; a file has as many as it has."""
    room = machine.memory()
    if limit * SENTENCE > room:
        raise GlassheadError(
            f"--limit is {machine.number(limit)}: so many sentences take {machine.size(limit * SENTENCE)}, and this "
            f"machine has {machine.size(room)} of memory. It may be at most {room // SENTENCE:,}."
        )


class Translations:
    """The file of `--output`: written beside its place, and moved there when it is whole.

    Raises GlassheadError on entering if it cannot be written, or would replace the input.
    """

    def __init__(self, output: Path | None, files: "Files | None") -> None:
        self.output, self._files = output, files
        self._part: Path | None = None

    def __enter__(self) -> "Translations":
        if self.output is None:
            return self
        if "\0" in str(self.output):
            raise GlassheadError("--output holds a NUL character, which no file's name can.")
        try:
            place = self.output.resolve()  # replace the target of a link, not the link
            if place.exists():
                self._check(place)
            self._place, self._part = place, place.with_name(f".{place.name}.{os.getpid()}.part")
            self._part.touch()
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
            raise GlassheadError(self._unwritten(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def write(self, texts: Iterable[str]) -> None:
        """Write a line each."""
        from glasshead.files import flush
        from glasshead.text import one_line

        if self._part is None:
            return
        try:
            with self._part.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(one_line(text) + "\n" for text in texts)
            flush(self._part)
            self._part.replace(self._place)
            flush(self._place.parent)
        except OSError as error:
            raise GlassheadError(self._unwritten(error)) from error

    def _check(self, place: Path) -> None:
        if not place.is_file():
            raise GlassheadError(f"--output {self.output} is not an ordinary file; give a file, which may be new.")
        if not os.access(place, os.W_OK):
            raise GlassheadError(f"--output {self.output} cannot be written: it is read-only.")
        if self._files and any(place.samefile(path) for path in self._files.paths.values()):
            raise GlassheadError(f"--output {self.output} would replace the pairs that are read; give another file.")

    def _unwritten(self, error: Exception) -> str:
        return f"--output {self.output} cannot be written: {getattr(error, 'strerror', None) or error}."


def _figures(how: Mapping[str, Any], scores: "Scores", report: "Report | None") -> dict[str, Any]:
    """Collect the figures for JSON. A missing number, such as a perplexity of no sentence, is null."""
    numbers = {
        "bleu": scores.bleu,
        "chrf": scores.chrf,
        "exact_match": scores.exact,
        "perplexity": scores.perplexity,
        "loss": scores.loss,
        "length_ratio": scores.length_ratio,
        "seconds": scores.seconds,
        "sentences_per_second": scores.rate,
    }
    return {
        **how,
        "sentences": scores.sentences,
        "too_long": scores.too_long,
        "left_out": {reason: count for reason, (count, _) in report.left_out.items()} if report else {},
        **{name: value if isfinite(value) else None for name, value in numbers.items()},
        "signatures": dict(zip(("bleu", "chrf"), scores.signatures, strict=True)),
    }


def _print(how: Mapping[str, Any], scores: "Scores", report: "Report | None") -> None:
    """Print a line for each figure: its name, its value, and its meaning."""
    from glasshead_tui.terminal.visible import visible

    kind = f"unseen test sentences of the recipe {how['recipe']}" if report is None else "pairs"
    way = f"a beam of {how['beam']}, length penalty {how['length_penalty']:g}" if how["beam"] > 1 else "greedily"
    bleu, chrf = scores.signatures
    rows = [
        ("checkpoint", how["checkpoint"], ""),
        ("sentences", f"{scores.sentences:,}", kind),
        ("BLEU", f"{scores.bleu:.2f}", bleu),
        ("chrF", f"{scores.chrf:.2f}", chrf),
        ("exact match", f"{100 * scores.exact:.2f} %", "of the sentences, as the vocabulary sees the references"),
        ("perplexity", f"{scores.perplexity:.4g}", "of a target token; without smoothing, end tokens counted"),
        ("loss", f"{scores.loss:.4f}", "nats a target token, its logarithm"),
        ("length ratio", f"{scores.length_ratio:.3f}", "words of the translations ÷ words of the references"),
        ("speed", f"{scores.rate:,.0f}", f"sentences/s, {way}, on {how['device']}"),
    ]
    if scores.too_long:
        rows.append(
            (
                "too long",
                f"{scores.too_long:,}",
                "for the model: not in the perplexity; where it is the source, not translated",
            )
        )
    first, second = (max(len(visible(row[column])) for row in rows) for column in (0, 1))
    for name, figure, meaning in rows:
        print(f"{name:{first}}  {visible(figure):{second}}  {visible(meaning)}".rstrip())
    for line in report.lines() if report else ():
        print(visible(line))
