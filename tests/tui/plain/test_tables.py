"""Lines from tokens and numbers: different tokens look different, and columns are aligned."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from glasshead_tui.plain import tables as plain


@dataclass(frozen=True)
class Named:
    text: str
    probability: float | None = None


@given(st.floats(0, 1))
def test_a_fraction_is_four_characters_and_near(value: float) -> None:
    text = plain.fraction(value)
    assert len(text) == 4
    assert abs(float(text) - value) <= 0.0005 + 1e-12


def test_a_masked_cell_is_not_a_small_weight() -> None:
    tokens = [Named("a"), Named("b")]
    for width, masked in ((100, "///"), (1, "/")):
        row = plain.attention([[1.0, 0.0], [0.0, 1.0]], [[True, False], [True, True]], tokens, tokens, width=width)[-2]
        other = plain.attention([[1.0, 0.0], [0.0, 1.0]], [[True, True], [True, True]], tokens, tokens, width=width)[-2]
        assert masked in row and masked not in other


@pytest.mark.parametrize("width", [1, 200])
def test_columns_line_up_with_wide_and_combining_characters(width: int) -> None:
    names = [Named("▁猫"), Named("e\u0301"), Named("a"), Named("🙂")]
    weights = [[0.25] * 4] * 4
    lines = plain.attention(weights, [[True] * 4] * 4, names, names, width=width)[-4:]
    assert len({cell_len(line.split("most:")[0]) for line in lines}) == 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30, unique=True))
def test_a_darker_character_never_means_a_smaller_weight(weights: list[float]) -> None:
    names = [Named("x")] * len(weights)
    row = plain.attention([weights], [[True] * len(weights)], [Named("q")], names, width=1)[-1]
    drawn = row[len("q  ") :][: len(weights)]
    ranks = [plain.RAMP.index(character) for _, character in sorted(zip(weights, drawn, strict=True))]
    assert ranks == sorted(ranks)


def test_numbers_stand_under_their_names() -> None:
    lines = plain.table([[0.5, float("-inf")], [-12.25, 3.0]], [Named("a"), Named("bb")], [Named("first"), Named("k")])
    assert [line.split() for line in lines] == [["first", "k"], ["a", "0.5000", "-inf"], ["bb", "-12.2500", "3.0000"]]
    assert len({cell_len(line) for line in lines}) == 1
