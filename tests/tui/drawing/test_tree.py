"""The tree as rows: where parents, children and siblings stand, and what a beam search gave up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.session.tree import Branch, Elsewhere, GivenUp
from glasshead.text import Token
from glasshead_tui.drawing.tree import (
    MOST_LOST,
    Listed,
    child,
    describe,
    list_rows,
    looks_elsewhere,
    parent,
    sibling,
    tree_rows,
    what_made,
)

PARENTS = st.lists(st.integers(0, 20), max_size=12)
"""For each line the place of its parent among those before it; itself for a text."""


def branch(number: int, parent: int | None, depth: int) -> Branch:
    return Branch(number, parent, depth, number == 1, "", f"▁cause{number}", "text", 2, 0, None, None, None, None)


def tree(parents: list[int]) -> list[Branch]:
    """Lines in the order in which they are drawn."""
    children: dict[int | None, list[int]] = {}
    for number, wish in enumerate(parents, 1):
        children.setdefault(wish if 0 < wish < number else None, []).append(number)
    found: list[Branch] = []

    def add(number: int, above: int | None, depth: int) -> None:
        found.append(branch(number, above, depth))
        for each in children.get(number, ()):
            add(each, number, depth + 1)

    for root in children.get(None, ()):
        add(root, None, 0)
    return found


@given(PARENTS, st.integers(-3, 3))
def test_parent_child_and_sibling_are_those_of_the_lines(parents: list[int], by: int) -> None:
    lines = tree(parents)
    rows = list_rows(lines)
    assert [row.branch for row in rows] == lines
    for at, line in enumerate(lines):
        above, below = parent(rows, at), child(rows, at)
        assert (None if above is None else lines[above].number) == line.parent
        own = [each.number for each in lines if each.parent == line.number]
        assert (None if below is None else lines[below].number) == next(iter(own), None)
        beside = sibling(rows, at, by)
        assert beside is not None and lines[beside].parent == line.parent
        like = [each.number for each in lines if each.parent == line.parent]
        place = min(max(like.index(line.number) + by, 0), len(like) - 1)
        assert lines[beside].number == like[place]


def test_what_was_given_up_stands_after_all_that_comes_from_the_line() -> None:
    lost = tuple(GivenUp(f"line {number}", 3, "crowded out") for number in range(MOST_LOST + 5))
    lines = [replace(branch(1, None, 0), given_up=lost), branch(2, 1, 1), branch(3, None, 0)]
    rows = list_rows(lines)
    assert [row.branch.number for row in rows if row.stands] == [1, 2, 3]
    assert [row.lost for row in rows[2 : 2 + MOST_LOST]] == list(lost[:MOST_LOST])
    more = rows[2 + MOST_LOST]
    assert more == Listed(lines[0], None, 5) and "✂ and 5 more" in what_made(more, 40)
    assert (
        parent(rows, 2) == parent(rows, 2 + MOST_LOST) == 0 and child(rows, 2) is None and sibling(rows, 2, 1) is None
    )
    assert "gave it up after step 3: crowded out" in describe(rows[2]) and "first 60" in describe(more)
    told = tree_rows(lines)
    assert len(told) == 1 + 3 + len(lost) and {len(row) for row in told} == {len(told[0])}


@pytest.mark.parametrize("columns", [8, 14, 40])
def test_how_many_lines_are_folded_away_is_never_cut(columns: int) -> None:
    line = replace(branch(5, 4, 3), cause="decoder.0.cross.heads[head=0] = 0", folded=12)
    shown = what_made(Listed(line), columns)
    assert len(shown) == columns and "(+12)" in shown


def test_a_fork_is_described_with_its_numbers() -> None:
    found = Elsewhere("decoder.1.cross", 3, 2, 0.25, Token(7, "▁cat"))
    line = replace(branch(2, 1, 1), lost=-1.5, divergence=0.125, after=2.5, differs=found)
    told = describe(Listed(line))
    parts = ["step 3", "1.500 bits below", "KL .1250 bits there and 2.500 one token on"]
    for part in (*parts, "decoder 1 · encoder–decoder attention · head 3", "on cat (token 2), by .250"):
        assert part in told
    assert looks_elsewhere(found) == "enc–dec L1 H3, cat .250"
    assert tree_rows([line])[1][6:] == (1.5, 0.125, 2.5, "decoder.1.cross", 3, 2, "cat", 0.25, "text")
    same = found._replace(apart=0.0)
    assert looks_elsewhere(same) == "nowhere" and "no weight differs" in describe(Listed(replace(line, differs=same)))


def test_a_line_that_goes_along_with_its_parent_has_left_it_nowhere() -> None:
    along = replace(branch(2, 1, 1), divergence=0.25, left=False)
    row = next(row for row in list_rows([branch(1, None, 0), along]) if row.branch.number == 2)
    assert describe(row) == "It has the tokens of its parent; KL .2500 bits on the next one."
    assert tree_rows([along])[1][5] is None and tree_rows([replace(along, left=True)])[1][5] == 3
