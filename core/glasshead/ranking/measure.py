"""Heads by what they look at, over texts: the measures of `analysis.measures`, and how well they align words."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from glasshead.analysis.alignment import Counts, Marks, Rows, Text, cells, links, marks, word_weights
from glasshead.analysis.measures import Sight, measured
from glasshead.errors import GlassheadError, StoppedError
from glasshead.ranking.lines import LONGEST, Line, line_of, numbered, words
from glasshead.ranking.parts import Part, heads
from glasshead.ranking.passes import Runner
from glasshead.ranking.rank import Progress, sight
from glasshead.ranking.results import Aligned, Measured
from glasshead.recipes import names, recipe
from glasshead.recipes.links import Gold
from glasshead.traces.trace import Trace

if TYPE_CHECKING:
    from glasshead.subjects import Subject

ROWS: tuple[Rows, ...] = ("read", "chosen")


def measure_heads(
    subject: "Subject",
    texts: Sequence[str],
    targets: Sequence[str | None] | None = None,
    *,
    gold: Gold | None = None,
    longest: int = LONGEST,
    progress: Progress = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Measured, ...]:
    """Measure all heads over texts, in the order in which a token meets them. The arguments are those of `rank`.

    gold: what the recipe of the texts knows of their alignment. Raises GlassheadError as `rank` does.
    """
    if not texts:
        raise GlassheadError("There is no text to measure heads on: give one.")
    given = targets or [None] * len(texts)
    seen: dict[str, list[Sight]] = {}
    for number, (text, target) in enumerate(zip(texts, given, strict=True)):
        _tell(progress, stop, number, len(texts))
        with numbered(number + 1, len(texts)):
            line = line_of(subject, text, target, longest=longest)
        made = cells(gold, *words(subject, line)) if gold is not None and line.source and line.ids else None
        for prefix, found in _sights(subject, line, text, made):
            seen.setdefault(prefix, []).append(found)
    return tuple(
        Measured(Part(prefix, head), traits)
        for prefix, sights in seen.items()
        for head, traits in enumerate(measured(sights))
    )


def gold_of(subject: "Subject") -> Gold | None:
    """Return what is known of the pairs that a subject was trained on, by the recipe that its card names."""
    written = subject.card.get("recipe")
    return recipe(written).gold if written in names() else None


def gold_cells(subject: "Subject", trace: Trace) -> Tensor | None:
    """Mark the cells of a whole line whose key made the token of the row: boolean q k; None if nothing is known."""
    gold = gold_of(subject)
    if gold is None or not trace.source or not trace.target:
        return None
    found = cells(gold, trace.source, trace.target)
    return found if bool(found.any()) else None


def align_heads(
    subject: "Subject",
    pairs: Sequence[tuple[str, str]],
    gold: Gold,
    *,
    progress: Progress = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Aligned, ...]:
    """Compare the heads of encoder–decoder attention with the gold of pairs, the targets given; the best head first.

    Raises GlassheadError for a model without such attention, and for pairs of which gold knows nothing.
    """
    if not any(kind.kind == "cross" for kind in subject.kinds):
        raise GlassheadError(f"{subject.name} has no encoder–decoder attention: there are no words to align.")
    counts: dict[Part, dict[Rows, Counts]] = {}
    linked = written = 0
    for number, (source, target) in enumerate(pairs):
        _tell(progress, stop, number, len(pairs))
        with numbered(number + 1, len(pairs)):
            line = line_of(subject, source, target)
        sides = words(subject, line)
        text = Text.of(*sides, whole=gold.unit == "word")
        known = marks(gold, text, *sides)
        linked, written = linked + len(known.known), written + len(text.target)
        runner, prefixes = _run(subject, line)
        for prefix in prefixes:
            if prefix.endswith(".cross"):
                weights = runner.clean.values[f"{prefix}.weights"].cpu().double()
                for part, each in _parts(prefix, weights):
                    _add(counts.setdefault(part, {}), each, text, known)
    found = [Aligned(part, each, linked, written) for part, each in counts.items()]
    if not any(each.counts["read"].sure for each in found):
        raise GlassheadError("The recipe knows no link of these pairs: were they written by it?")
    return tuple(sorted(found, key=lambda each: min(count.error_rate for count in each.counts.values())))


def _parts(prefix: str, weights: Tensor) -> Iterator[tuple[Part, Tensor]]:
    """Yield the heads of an attention, each with its weights, and the mean of them all: h q k."""
    yield from ((Part(prefix, head), each) for head, each in enumerate(weights))
    yield Part(prefix), weights.mean(0)


def _add(counts: dict[Rows, Counts], weights: Tensor, text: Text, known: Marks) -> None:
    for rows in ROWS:
        counts[rows] = counts.get(rows, Counts()) + Counts.of(links(word_weights(weights, text, rows)), known)


def _sights(subject: "Subject", line: Line, text: str, made: Tensor | None) -> Iterator[tuple[str, Sight]]:
    """Yield the attentions of a line, each with its weights."""
    if line.ids:
        runner, prefixes = _run(subject, line)
        yield from ((prefix, sight(subject, runner, prefix, made)) for prefix in prefixes)
        return
    trace = subject.start(text).outlook  # a model that writes nothing: it has read the text
    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            yield prefix, Sight.of(trace, prefix, subject.model.ends)


def _run(subject: "Subject", line: Line) -> tuple[Runner, tuple[str, ...]]:
    """Run a line once, with the weights of all heads kept; return their attentions too."""
    prefixes = tuple(dict.fromkeys(part.prefix for part in heads(subject.anatomy)))
    keep = [f"{prefix}.{name}" for prefix in prefixes for name in ("weights", "masked")]
    return Runner(subject.model, line, keep=keep, resume=False), prefixes


def _tell(progress: Progress, stop: Callable[[], bool], done: int, of: int) -> None:
    """Report progress. Raises StoppedError if `stop` says so."""
    if stop():
        raise StoppedError
    progress(done, of)
