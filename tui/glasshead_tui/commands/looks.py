"""The two tables of `glasshead heads` that take nothing out: measures of what heads look at, and their alignment."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from glasshead.errors import GlassheadError
from glasshead_tui.commands.progress import reporting

if TYPE_CHECKING:
    from glasshead.subjects import Subject

Form = Literal["table", "json", "tsv"]


def measure(
    subject: "Subject",
    texts: Sequence[str],
    targets: Sequence[str | None],
    name: str,
    longest: int,
    form: Form,
    top: int,
) -> list[str]:
    """Measure the heads over texts, and write them sorted by one measure. Raises GlassheadError for an unknown one."""
    from glasshead.analysis.measures import find_measure
    from glasshead.ranking.measure import gold_of, measure_heads
    from glasshead_tui.plain import measures as plain

    sort = find_measure(name)
    with reporting() as progress:
        found = measure_heads(
            subject, texts, targets, gold=gold_of(subject), longest=longest,
            progress=lambda done, of: progress("texts", done, of),
        )  # fmt: skip
    if not plain.sorted_by(found, sort.name):
        raise GlassheadError(f"No head of {subject.name} has the measure {sort.told} on these texts.")
    if form == "json":
        return list(plain.as_json(subject, found, sort, len(texts)))
    if form == "tsv":
        return list(plain.as_tsv(found, sort))
    return list(plain.as_table(subject, found, sort, len(texts), top))


def align(
    subject: "Subject", pairs: Sequence[tuple[str, str]] | None, name: str | None, count: int, seed: int, form: Form,
    top: int,
) -> list[str]:  # fmt: skip
    """Compare the heads with the gold of pairs; without pairs the recipe draws `count` of its test sentences.

    Raises GlassheadError if no recipe is known that has gold.
    """
    from glasshead.ranking.measure import align_heads
    from glasshead.recipes import names, recipe
    from glasshead_tui.plain import measures as plain

    written = subject.card.get("recipe")
    made = recipe(name) if name is not None else recipe(written) if written in names() else None
    if made is None or (gold := made.gold) is None:
        raise GlassheadError(
            f"Which words belong together is known of pairs that a recipe writes, and the card of {subject.name} names "
            "none: give one with --recipe."
        )
    with reporting() as progress:
        given = made.sample("test", count, seed) if pairs is None else pairs
        found = align_heads(subject, given, gold, progress=lambda done, of: progress("pairs", done, of))
    about = plain.Alignment(made.name, len(given), gold.lacks)
    if form == "json":
        return list(plain.aligned_json(subject, found, about))
    return list(plain.aligned_tsv(found) if form == "tsv" else plain.aligned_table(subject, found, about, top))
