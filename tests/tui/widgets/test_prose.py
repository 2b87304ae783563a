"""Text in lines: nothing is lost, nothing is too wide; and entries in rows that know where they are."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from glasshead_tui.widgets.lines import cells
from glasshead_tui.widgets.prose import wrapped
from glasshead_tui.widgets.spots import Row

texts = st.text(st.sampled_from("ab 猫é .-"), max_size=80)
BOLD = Style(bold=True)


@given(parts=st.lists(texts, max_size=4), columns=st.integers(2, 40), hanging=st.integers(0, 4))
def test_a_wrapped_text_is_whole_and_no_line_too_wide(parts: list[str], columns: int, hanging: int) -> None:
    lines = wrapped(
        [Segment(part, BOLD if at % 2 else None) for at, part in enumerate(parts)], columns, hanging=hanging
    )
    assert all(cells(line) <= max(columns, hanging + 2) for line in lines)
    drawn = "".join(segment.text for line in lines for segment in line)
    assert drawn.replace(" ", "") == "".join(parts).replace(" ", "")
    bold = "".join(segment.text for line in lines for segment in line if segment.style == BOLD)
    assert bold.replace(" ", "") == "".join(parts[1::2]).replace(" ", "")


@given(words=st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=12), columns=st.integers(6, 40))
def test_words_that_fit_are_not_cut(words: list[str], columns: int) -> None:
    lines = wrapped([Segment(" ".join(words))], columns)
    assert " ".join("".join(segment.text for segment in line) for line in lines).split() == words
    for line, after in pairwise(lines):  # each line takes as much as it can
        following = "".join(segment.text for segment in after).split()[0]
        assert cells(line) + 1 + len(following) > columns


@given(entries=st.lists(texts.filter(str.strip), max_size=9), columns=st.integers(5, 60))
def test_every_entry_stands_where_its_place_says(entries: list[str], columns: int) -> None:
    row = Row(columns)
    for number, entry in enumerate(entries):
        row.add([Segment(entry)], number)
    for spot, entry in zip(row.spots, entries, strict=True):
        line = "".join(segment.text for segment in row.lines[spot.line])
        before = 0
        while cell_len(line[:before]) < spot.start:
            before += 1
        assert line[before:].startswith(entry)
        assert spot.end - spot.start == cell_len(entry)
        assert spot.end <= columns or spot.start == 0
