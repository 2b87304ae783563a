"""Whatever a vocabulary file holds, what reaches the terminal does nothing there and can be measured."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from glasshead_tui.terminal.visible import clip, fit, visible

ANY = st.text(alphabet=st.characters(), max_size=40)  # surrogates, controls, private characters: all of Unicode
NASTY = st.text(alphabet="ab \x1b[]\x07\x9b\x7f\u202e\u2066\u200b\u200d\ufe0f\u0301\u2028\ud800\ue000🇫🇷🏽", max_size=20)
DOES_SOMETHING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(ANY | NASTY)
def test_nothing_that_acts_on_a_terminal_comes_through(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(c) for c in shown} & DOES_SOMETHING
    assert not {unicodedata.bidirectional(c) for c in shown} & BIDI_CONTROLS
    shown.encode("utf-8")  # raises on a lone surrogate


@given(ANY | NASTY)
def test_making_visible_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(ANY | NASTY)
def test_its_width_is_the_sum_of_its_characters(text: str) -> None:
    shown = visible(text)
    assert cell_len(shown) == sum(get_character_cell_size(c) for c in shown)
    assert len(text) <= cell_len(shown) + sum(unicodedata.category(c)[0] == "M" for c in text)


@given(ANY | NASTY, st.integers(0, 30))
def test_clip_never_exceeds_its_cells_and_fit_fills_them(text: str, cells: int) -> None:
    shown = visible(text)
    cut = clip(shown, cells)
    assert cell_len(cut) <= cells
    assert cut == shown or cells == 0 or cut.endswith("…")
    assert cell_len(fit(shown, cells)) == cells
    assert cell_len(fit(shown, cells, right=True)) == cells


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("le chat", "le chat"),
        ("▁chat", "▁chat"),
        ("猫が", "猫が"),
        ("\x1b[2J", "␛[2J"),
        ("a\nb\tc\r", "a↵b⇥c␍"),
        ("\x9b31m", "<U+009B>31m"),
        ("\x7f", "<U+007F>"),
        ("12\u202e34", "12<U+202E>34"),
        ("a\u200bb", "a<U+200B>b"),
        ("\u0301x", "◌\u0301x"),
        ("e\u0301", "e\u0301"),
        ("\x00\u0301", "␀◌\u0301"),
        ("\ud83d", "<U+D83D>"),
        ("\U000e0041", "<U+E0041>"),
        ("", ""),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_clip_cuts_between_wide_characters() -> None:
    assert clip("猫猫猫", 5) == "猫猫…"
    assert clip("猫猫猫", 4) == "猫…"
    assert fit("猫猫猫", 4) == "猫… "
    assert clip("chat", 4) == "chat"
    assert clip("chat", 0) == ""
