"""Alignment against loops over Python's numbers, and links and rates that are counted by hand."""

import math
import random

import pytest
import torch

from glasshead.analysis.alignment import (
    Counts,
    Marks,
    Text,
    cells,
    coverage,
    links,
    marks,
    total,
    word_weights,
)
from glasshead.analysis.measures import Sight, measured
from glasshead.recipes.links import Gold, Link
from glasshead.text import Token

SOURCE = tuple(Token(n, text) for n, text in enumerate(["▁bl", "ack", "▁cat", "</s>"]))
TARGET = tuple(Token(n, text) for n, text in enumerate(["<s>", "▁chat", "▁no", "ir"]))
TEXT = Text.of(SOURCE, TARGET)
GOLD = Gold(links=lambda source, target: (
    Link((0, 5), (5, 9)), Link((6, 9), (0, 4)), Link((0, 5), (0, 4), False),
) if (source, target) == ("black cat", "chat noir") else ())  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_words_take_the_mean_of_their_rows_and_the_sum_of_their_columns(seed: int) -> None:
    torch.manual_seed(seed)
    weights = torch.rand(3, 4, 4)
    for rows, ahead in (("read", 0), ("chosen", 1)):
        found = word_weights(weights, TEXT, rows)  # type: ignore[arg-type]
        assert found.shape == (3, 2, 3)
        for head in range(3):
            for target, own in enumerate([[1], [2, 3]]):
                for source, keys in enumerate([[0, 1], [2], [3]]):
                    mean = sum(float(weights[head, row - ahead, key]) for row in own for key in keys) / len(own)
                    assert float(found[head, target, source]) == pytest.approx(mean)
    for head in range(3):
        for source, keys in enumerate([[0, 1], [2]]):
            given = sum(float(weights[head, row, key]) for row in range(4) for key in keys)
            assert float(coverage(weights, TEXT)[head, source]) == pytest.approx(given)


def test_a_row_that_is_not_there_yet_has_no_link() -> None:
    joined = word_weights(torch.full((3, 4), 0.25), TEXT, "read")  # the row of `ir` is missing
    assert joined[1].isnan().all() and links(joined) == {(0, 0)}
    assert {target for _, target in links(word_weights(torch.full((3, 4), 0.25), TEXT, "chosen"))} == {0, 1}


def test_the_strongest_word_is_linked_and_an_end_token_is_none() -> None:
    weights = torch.tensor([[0, 0, 0.1, 0.9], [0.2, 0.2, 0.3, 0.3], [0, 0, 0.1, 0.9], [0.1, 0, 0.2, 0.7]])
    assert links(word_weights(weights, TEXT, "read")) == {(0, 0)}  # 0.4 of two pieces; noir looks at </s>
    weights[2] = torch.tensor([0.1, 0, 0.8, 0.1])
    assert links(word_weights(weights, TEXT, "chosen")) == {(1, 1)}  # chat looks at </s>; noir at (0.3 + 0.8) / 2


def test_gold_in_characters_becomes_words_and_cells() -> None:
    found = marks(GOLD, TEXT, SOURCE, TARGET)
    assert found.sure == {(0, 1), (1, 0)} and found.possible == {(0, 1), (1, 0), (0, 0)}
    assert found.known == {0, 1}
    assert cells(GOLD, SOURCE, TARGET).int().tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert marks(GOLD, Text.of(SOURCE, TARGET[:2]), SOURCE, TARGET[:2]).sure == frozenset()


@pytest.mark.parametrize(
    ("found", "rate"),
    [
        ({(0, 1), (1, 0)}, 0.0),
        ({(0, 0), (0, 1)}, 1 - (1 + 2) / (2 + 2)),
        ({(1, 1)}, 1.0),
        (set(), 1.0),
        ({(1, 0), (5, 7)}, 1 - (1 + 1) / (1 + 2)),  # word 7 is not known: it does not count
    ],
)
def test_the_error_rate(found: set[tuple[int, int]], rate: float) -> None:
    gold = Marks(frozenset({(0, 1), (1, 0)}), frozenset({(0, 1), (1, 0), (0, 0)}))
    assert Counts.of(frozenset(found), gold).error_rate == pytest.approx(rate)


def test_rates_of_many_pairs_are_of_their_sums() -> None:
    draw = random.Random(2)
    counts = [Counts(draw.randrange(9), 1 + draw.randrange(9), draw.randrange(3), draw.randrange(3)) for _ in range(6)]
    sums = [sum(getattr(each, name) for each in counts) for name in ("found", "sure", "found_sure", "found_possible")]
    assert total(counts).error_rate == pytest.approx(1 - (sums[2] + sums[3]) / (sums[0] + sums[1]))
    assert math.isnan(Counts().error_rate)


def test_the_measures_take_the_weight_on_what_made_a_word() -> None:
    weights = torch.softmax(torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(1)), -1)
    looks = torch.ones(4, 4, dtype=torch.bool)
    sight = Sight(weights, looks, TARGET, SOURCE, False, frozenset(), cells(GOLD, SOURCE, TARGET))
    for head, traits in enumerate(measured([sight])):
        w = weights[head].tolist()
        own = (w[1][2] + (w[2][0] + w[2][1]) + (w[3][0] + w[3][1])) / 3
        before = (w[0][2] + (w[1][0] + w[1][1]) + (w[2][0] + w[2][1])) / 3
        assert traits["aligned read"].value == pytest.approx(own)
        assert traits["aligned chosen"].value == pytest.approx(before)
        assert traits["aligned read"].chance == pytest.approx((0.25 + 0.5 + 0.5) / 3)
    without = Sight(weights, looks, TARGET, SOURCE, False)
    assert "aligned read" not in measured([without])[0]
