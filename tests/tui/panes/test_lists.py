"""The panes that are lists: what is marked stays marked, everything fits, and foreign text is only text."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.tui.panes.conftest import Frame

from glasshead.analysis.measures import measure_trace
from glasshead.found import load
from glasshead.session.moment import Moment
from glasshead.session.session import Session
from glasshead_tui.panes.explore.breakpoints import BreakpointsPane
from glasshead_tui.panes.explore.edits import EditsPane
from glasshead_tui.panes.explore.ranking import RankingPane
from glasshead_tui.panes.explore.tree import TreePane
from glasshead_tui.panes.listed import ListPane
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn

FOCUS = Focus(kind="cross", layer=1, head=3)
SIZES = [(78, 17), (118, 10), (30, 14), (12, 4), (48, 3)]


class ListFrame(Frame):
    """It keeps what lists tell."""

    def on_list_pane_picked(self, event: ListPane.Picked) -> None:
        self.heard.append(event)


@pytest.fixture(scope="module")
def stood(tiny: Path) -> Moment:
    """After texts with markup and escapes, tokens, edits, names, breakpoints and a step."""
    session = Session(load(tiny))
    session.begin("the [red]cat[/red] [/")
    for _ in session.walk(2):
        pass
    for rank in (1, 2, 3):
        session.choose(session.moment.candidates[rank].id)
        session.rewind(2 - rank % 2)
    session.name_branch(2, "a [b]name\x1b[2J")
    session.edit("decoder.1.cross.heads[head=3] = 0", "decoder.*.self.masked = revealed")
    session.switch_edit(0)
    for text in ("best < 0.9", 'token = "[/x]"', "choice differs"):
        session.add_stop(text)
    for _ in session.walk(1, stopping=False):
        pass
    return session.moment


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("plain", [False, True], ids=["colour", "no colour"])
async def test_lists_are_whole_at_any_size(
    stood: Moment, drawn: "Drawn", monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], plain: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", "1") if plain else monkeypatch.delenv("NO_COLOR", raising=False)
    panes: list[Any] = [TreePane(), EditsPane(), BreakpointsPane(), RankingPane()]
    for pane in panes:
        async with ListFrame(pane).run_test(size=size) as pilot:
            pane.show(stood, FOCUS)
            if isinstance(pane, RankingPane):
                pane.take_traits(measure_trace(stood.trace), stood.trace)
            await pilot.pause()
            for place in (0, len(pane.rows) - 1):
                pane.put_mark(place)
                lines = drawn(pane)  # each as wide as the pane
                assert len(lines) == size[1] and not pane.max_scroll_y, "rows are turned over by the mark, not scrolled"
                marked = [line for line in lines if line.lstrip().startswith("»")]
                assert len(marked) == 1, lines
                assert not any("\x1b" in line for line in lines)
            assert len(pane.as_rows()) == 1 + len(pane.rows) and "\x1b" not in pane.as_text()


async def test_a_click_marks_and_a_second_one_takes(stood: Moment) -> None:
    pane = TreePane()
    async with ListFrame(pane).run_test(size=(100, 12)) as pilot:
        pane.show(stood, FOCUS)
        await pilot.pause()
        here = pane.mark
        await pilot.click(TreePane, offset=(5, 2))
        await pilot.click(TreePane, offset=(5, 2))
        assert pane.mark == 1 != here and pane.branch == stood.branches[1]
        heard = pilot.app.heard  # type: ignore[attr-defined]
        assert [(event.pane, event.again) for event in heard] == [(pane, False), (pane, True)]
        await pilot.click(TreePane, offset=(5, 0))  # the heading
        await pilot.click(TreePane, offset=(5, 9))  # below the rows
        assert len(heard) == 2


async def test_the_ranking_opens_at_its_first_rows_and_tells_where_the_head_stands(
    stood: Moment, drawn: "Drawn"
) -> None:
    pane = RankingPane()
    async with ListFrame(pane).run_test(size=(78, 12)) as pilot:
        pane.show(stood, FOCUS)
        pane.take_traits(measure_trace(stood.trace), stood.trace)
        await pilot.pause()
        heads = [row.head for row in pane.rows]
        for _ in range(2):  # another measure begins at its first rows, too
            pane.show(stood, FOCUS.at(pane.rows[-1].head))
            lines = [line.split()[:2] for line in drawn(pane)[1:]]
            apart = next(at for at, line in enumerate(drawn(pane)) if "your head" in line) - 1
            assert f"… your head: {len(heads)} of {len(heads)}" in drawn(pane)[apart + 1]
            assert [line[0] for line in lines[:apart]] == [str(place + 1) for place in range(apart)] and apart > 2
            assert lines[apart + 1][0] == f"»{len(heads)}", "and it stands below them"
            await pilot.click(RankingPane, offset=(5, apart + 2))
            assert [event.pane.mark for event in pilot.app.heard[-1:]] == [len(heads) - 1]  # type: ignore[attr-defined]
            above = pane.head_at(-1)
            assert above == pane.rows[-2].head
            pane.show(stood, FOCUS.at(above))
            shown = [line.split()[0].lstrip("»") for line in drawn(pane)[1:] if line.split()[0].lstrip("»").isdecimal()]
            assert shown[-1] == str(len(heads)) and "1" not in shown, "once it is moved, its neighbours are seen"
            pane.turn(1)


async def test_the_mark_stays_with_what_it_marks(stood: Moment) -> None:
    tree, ranking, edits = TreePane(), RankingPane(), EditsPane()
    async with ListFrame(tree).run_test(size=(100, 12)) as pilot:
        await pilot.app.mount(ranking, edits)
        tree.show(stood, FOCUS)
        assert tree.branch is not None and tree.branch.here, "at first it is the present line"
        there = next(each for each in stood.branches if each.here)
        others = tuple(replace(each, here=each.number == 2) for each in stood.branches)
        tree.show(replace(stood, branches=others), FOCUS)
        assert tree.branch is not None and tree.branch.number == 2, "and it goes with that"
        tree.put_mark(0)
        tree.show(replace(stood, branches=others[:1] + others[2:]), FOCUS)
        assert tree.branch == others[0]
        tree.put_mark(99)
        tree.show(replace(stood, branches=(others[0], others[-1])), FOCUS)
        assert tree.branch == others[-1] and tree.mark == 1
        assert there.number in [row.branch.number for row in tree.rows]

        edits.show(stood, FOCUS)
        assert [entry.on for entry in edits.rows] == [False, True] and edits.mark == 1
        edits.show(replace(stood, edits=stood.edits.remove(0)), FOCUS)
        assert edits.mark == 0 and str(edits.rows[0].item) == "decoder.*.self.masked = revealed"

        ranking.show(stood, FOCUS)
        ranking.take_traits(measure_trace(stood.trace), stood.trace)
        assert ranking.marked is not None and ranking.marked.head == ("decoder.1.cross", 3)
        first = ranking.table.measure
        shares = {name: trait.lift for name, trait in ranking.table.traits["decoder.1.cross", 3].items()
                  if trait.measure.share}  # fmt: skip
        assert first == max(shares, key=lambda name: shares[name])
        ranking.turn(1)
        assert ranking.table.measure != first and ranking.marked.head == ("decoder.1.cross", 3)
        assert ranking.table.measures[-1] == "effect on the line"
        assert ranking.keep("decoder.0") and {row.head[0][:9] for row in ranking.rows} == {"decoder.0"}
        assert not ranking.listed and ranking.head_at(1) == ranking.rows[0].head
        assert not ranking.keep("nothing like it") and ranking.table.part == "decoder.0"
        assert ranking.keep("cross head 3") and {row.head[1] for row in ranking.rows} == {3}
