"""Heads measured and aligned over texts, against the trace of a line decoded step by step."""

from pathlib import Path

import pytest
from tests.core import strangers

import glasshead
from glasshead.analysis.words import words
from glasshead.errors import GlassheadError
from glasshead.ranking.measure import align_heads, measure_heads
from glasshead.ranking.parts import Part
from glasshead.recipes import recipe
from glasshead.recipes.links import Gold

PAIRS = [("the black cat", "le chat noir"), ("the small house is red", "la petite maison est rouge")]


def gold() -> Gold:
    found = recipe("english-french").gold
    assert found is not None
    return found


def test_error_rates_are_those_of_a_decode(tiny: Path) -> None:
    """AER from the weights of a line that is told what to write, one row at a time, word by word."""
    subject = glasshead.load(tiny)
    found = {each.part: each.counts for each in align_heads(subject, PAIRS, gold())}
    assert len(found) == 2 * (4 + 1)
    sums = {(part, rows): [0, 0, 0] for part in found for rows in ("read", "chosen")}
    for source, target in PAIRS:
        line = subject.start(source, forced=target)
        while not line.done:
            line.step()
        trace = line.trace
        here, there = words(trace.source), words(trace.target)
        expected = {(source[slice(*link.source)], target[slice(*link.target)]): link.sure
                    for link in gold().links(source, target)}  # fmt: skip
        english, french = source.split(), target.split()
        assert len(here) == len(english) and len(there) == len(french)
        known = {other for (_, other), sure in expected.items() if sure}
        for part in found:
            matrix = trace[f"{part.prefix}.weights"]
            weights = (matrix.mean(0) if part.head is None else matrix[part.head]).tolist()
            for rows, ahead in (("read", 0), ("chosen", 1)):
                count = sums[part, rows]
                count[2] += sum(expected.values())
                for word, places in zip(french, there, strict=True):
                    if word not in known:
                        continue
                    given = [sum(weights[row - ahead][key] for row in places for key in keys) for keys in here]
                    end = sum(weights[row - ahead][-1] for row in places)
                    best = max(given)
                    if best > end:
                        count[0] += 1
                        pair = english[given.index(best)], word
                        count[1] += (expected.get(pair) is True) + (pair in expected)
    for (part, rows), (asked, good, sure) in sums.items():
        counts = found[part][rows]  # type: ignore[index]
        assert (counts.found, counts.sure) == (asked, sure)
        assert counts.error_rate == pytest.approx(1 - good / (asked + sure))


def test_measures_over_texts_are_means_over_the_texts(tiny: Path) -> None:
    subject = glasshead.load(tiny)
    texts, targets = [pair[0] for pair in PAIRS], [pair[1] for pair in PAIRS]
    both = {each.part: each.traits for each in measure_heads(subject, texts, targets, gold=gold())}
    ones = [
        {each.part: each.traits for each in measure_heads(subject, [text], [target], gold=gold())}
        for text, target in PAIRS
    ]
    assert len(both) == 24
    for part, traits in both.items():
        for name, trait in traits.items():
            values = [one[part][name].value for one in ones if name in one[part]]
            assert trait.value == pytest.approx(sum(values) / len(values))
    assert "aligned read" in both[Part("decoder.0.cross", 1)] and "aligned read" not in both[Part("decoder.0.self", 1)]


def test_what_cannot_be_aligned_is_said() -> None:
    alone, reader = strangers.subject("gpt"), strangers.subject("bert")
    found = measure_heads(alone, ["abc"], longest=3, gold=gold())
    assert {each.part.prefix for each in found} == {f"decoder.{layer}.self" for layer in range(strangers.LAYERS)}
    assert {each.part.prefix.partition(".")[0] for each in measure_heads(reader, ["abc"])} == {"encoder"}
    with pytest.raises(GlassheadError, match="no encoder–decoder attention"):
        align_heads(alone, PAIRS, gold())
    with pytest.raises(GlassheadError, match="no text"):
        measure_heads(alone, [])


def test_pairs_that_the_recipe_did_not_write_are_refused(tiny: Path) -> None:
    with pytest.raises(GlassheadError, match="knows no link"):
        align_heads(glasshead.load(tiny), [("zzz", "yyy")], gold())
