"""Heads by what they do, as text: a table of 80 columns, tab-separated rows, or JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from glasshead_tui.drawing import numbers
from glasshead_tui.drawing.remarks import share
from glasshead_tui.plain.ranking import WIDTH, Ranked, kind_of, place_of
from glasshead_tui.terminal import strict_json
from glasshead_tui.terminal.visible import fit, visible

if TYPE_CHECKING:
    from glasshead.analysis.measures import Measure
    from glasshead.ranking.results import Aligned, Measured

AER = "1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|), A the strongest source word of each target word"


@dataclass(frozen=True)
class Alignment:
    """What an alignment was measured on."""

    recipe: str
    pairs: int
    lacks: str
    """What its gold leaves out."""


def sorted_by(found: "Sequence[Measured]", name: str) -> "list[Measured]":
    """Sort heads by a measure, the largest first; leave out those that do not have it."""
    there = [each for each in found if name in each.traits]
    return sorted(there, key=lambda each: -each.traits[name].value)


def as_table(subject: Ranked, found: "Sequence[Measured]", measure: "Measure", texts: int, top: int) -> Iterator[str]:
    """Write the heads with the largest values of a measure."""
    rows = sorted_by(found, measure.name)
    values = [each.traits[measure.name].value for each in rows]
    yield fit(f"checkpoint  {visible(subject.name)}", WIDTH).rstrip()
    yield f"texts       {texts:,}"
    yield f"measure     {measure.told}"
    yield from _wrapped("value", measure.formula)
    if measure.share:
        yield "even        the same, of a head that tells no key from another"
    yield ""
    yield _row("", "part", "layer", "head", "value", "even" if measure.share else "", "")
    for each, value, shown in zip(rows[:top], values, numbers.told_apart(values, 8), strict=False):
        even = numbers.weight(each.traits[measure.name].chance) if measure.share else ""
        rank = str(1 + values.index(value))  # equal ones have the same
        yield _row(rank, *place_of(each.part), shown, even, "█" * round(24 * value / max(values[0], 1e-9)))
    if len(rows) > top:
        yield f"… {len(rows) - top} more (--top, --json, --tsv)"


def _row(rank: str, part: str, layer: str, head: str, value: str, even: str, rest: str) -> str:
    shown = f"{rank:>3}  {fit(part, 12)}  {layer:>5}  {head:>4}  {value:>8}  {even:>6}  {rest}"
    return fit(shown, WIDTH).rstrip()


def as_rows(found: "Sequence[Measured]", name: str) -> list[dict[str, Any]]:
    """Make a row of plain values for each head, sorted by a measure."""
    rows = []
    for each in sorted_by(found, name):
        kind, (_, layer, head) = kind_of(each.part), place_of(each.part)
        rows.append(
            {
                "part": kind, "layer": int(layer), "head": int(head),
                "measures": {key: trait.value for key, trait in each.traits.items()},
                "chances": {key: trait.chance for key, trait in each.traits.items()},
            }
        )  # fmt: skip
    return rows


def as_json(subject: Ranked, found: "Sequence[Measured]", measure: "Measure", texts: int) -> Iterator[str]:
    """Write all measures of all heads."""
    yield strict_json.dumps(
        {
            "checkpoint": subject.name, "sort": measure.name, "formula": measure.formula, "texts": texts,
            "heads": as_rows(found, measure.name),
        },
        indent=2,
    )  # fmt: skip


def as_tsv(found: "Sequence[Measured]", measure: "Measure") -> Iterator[str]:
    """Write a row for each head, with all measures in columns."""
    rows = as_rows(found, measure.name)
    names = list(dict.fromkeys(name for row in rows for name in row["measures"]))
    yield "\t".join(["part", "layer", "head", *names])
    for row in rows:
        cells = [row["part"], row["layer"], row["head"], *(row["measures"].get(name) for name in names)]
        yield "\t".join("" if cell is None else str(cell) for cell in cells)


def aligned_rows(found: "Sequence[Aligned]") -> list[dict[str, Any]]:
    """Make a row of plain values for each head, and for the mean of each layer (head None)."""
    rows = []
    for each in found:
        _, layer, head = place_of(each.part)
        row: dict[str, Any] = {"layer": int(layer), "head": int(head) if head else None}
        for name, counts in each.counts.items():
            row |= {
                f"aer_{name}": counts.error_rate, f"found_{name}": counts.found, f"sure_{name}": counts.found_sure,
                f"possible_{name}": counts.found_possible,
            }  # fmt: skip
        rows.append(row | {"gold": each.counts["read"].sure})
    return rows


def aligned_table(subject: Ranked, found: "Sequence[Aligned]", about: Alignment, top: int) -> Iterator[str]:
    """Write the heads that align best."""
    yield fit(f"checkpoint  {visible(subject.name)}", WIDTH).rstrip()
    yield f"pairs       {about.pairs:,} of {about.recipe}, {found[0].counts['read'].sure:,} sure links"
    yield f"known       {found[0].linked:,} of {found[0].written:,} target words: {share(found[0].coverage)}"
    yield from _wrapped("AER", AER)
    yield "read        by the rows that read a word (SHIFT-ATT, Chen et al. 2020)"
    yield "chosen      by the rows that choose it, one before (NAIVE-ATT)"
    if about.lacks:
        yield from _wrapped("left out", about.lacks)
    yield ""
    yield f"{'part':12}  layer  head     read   chosen"
    for each in found[:top]:
        kind, layer, head = place_of(each.part)
        rates = (numbers.weight(each.counts[name].error_rate, 5) for name in ("read", "chosen"))
        shown = "  ".join(f"{rate:>7}" for rate in rates)
        yield f"{kind:12}  {layer:>5}  {head or 'mean':>4}  {shown}"
    if len(found) > top:
        yield f"… {len(found) - top} more (--top, --json, --tsv)"


def _wrapped(head: str, sentence: str) -> Iterator[str]:
    for number, line in enumerate(wrap(sentence, WIDTH - 12)):
        yield f"{head if number == 0 else '':11} {line}"


def aligned_json(subject: Ranked, found: "Sequence[Aligned]", about: Alignment) -> Iterator[str]:
    """Write all heads."""
    yield strict_json.dumps(
        {
            "checkpoint": subject.name, "recipe": about.recipe, "pairs": about.pairs, "known": found[0].linked,
            "words": found[0].written, "left_out": about.lacks,
            "formula": AER, "heads": aligned_rows(found),
        },
        indent=2,
    )  # fmt: skip


def aligned_tsv(found: "Sequence[Aligned]") -> Iterator[str]:
    """Write a row for each head."""
    rows = aligned_rows(found)
    yield "\t".join(rows[0])
    for row in rows:
        yield "\t".join("" if cell is None else str(cell) for cell in row.values())
