"""Two lines that are compared: each stands once above the panes, under its mark; what both share has none."""

from typing import TYPE_CHECKING

import pytest
from tests.core.strangers import subject as stranger

from glasshead.session.session import Session
from glasshead_tui.panes.explore.texts import count_beside, cursors, texts_of
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.state.focus import VIEWS, Focus

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Drawn, Framed

HEADS = {
    "gpt": ["◆ this line", "◇ line 1"],
    "bert": ["◆ this line", "◇ line 1"],
    "t5": ["◆ source", "◇ source", "◆ this line", "◇ line 1"],
}


def compared(name: str) -> Session:
    """Two lines of two texts, the first one beside the second."""
    session = Session(stranger(name))
    for text in ("abcadc", "cab"):
        session.begin(text)
        list(session.walk(2))
    session.compare_with(1)
    return session


@pytest.mark.parametrize("name", HEADS)
def test_lines_of_two_texts_have_both_texts_whole_and_nothing_is_called_changed(name: str) -> None:
    moment = compared(name).moment
    for view in VIEWS:
        shown = texts_of(moment, view)
        assert [text.head for text in shown] == HEADS[name]
        assert [text.tokens for text in shown] == [
            tokens
            for tokens in (moment.source, moment.original.source, moment.tokens, moment.original.tokens)
            if tokens
        ]
        assert not any(text.changed or text.noted for text in shown)
    assert count_beside(moment) == len(HEADS[name]) // 2
    plain = [text.head for text in texts_of(moment, None)]  # the marks are those of two heads
    assert plain[-2:] == ["this line", "line 1"] and not any(set(head) & {"◆", "◇"} for head in plain)


def test_without_anything_beside_there_are_no_marks() -> None:
    session = compared("t5")
    session.compare_with(None)
    shown = texts_of(session.moment, "edited")
    assert [text.head for text in shown] == ["source", "target"] and count_beside(session.moment) == 0


def test_an_edited_line_and_its_original_share_the_source() -> None:
    session = Session(stranger("t5"))
    session.begin("abc")
    list(session.walk(3))
    session.edit("decoder.*.cross.out *= -9")
    moment = session.moment
    source, edited, original = texts_of(moment, "original")
    assert (source.head, edited.head, original.head) == ("source", "◆ edited", "◇ original")
    beside = moment.beside
    assert beside is not None and beside.first is not None, "the edit changes a token"
    differing = [at for at, step in enumerate(beside.steps, 1) if step.differs]
    assert sorted(edited.changed) == differing and sorted(original.changed) == differing
    assert original.tails[-1] == "shown: ◇ at the tokens of ◆"
    assert texts_of(moment, "edited")[-1].tails[-1] == "shown: ◆"
    assert list(cursors(moment, Focus(view="original"))) == ["original"]
    assert "original" in edited.views, "the panes of the original have the tokens of the edited line"


@pytest.mark.parametrize("lines", [3, 5, 6])
async def test_the_cursor_is_in_the_line_that_is_looked_at_and_both_tell_their_next_token(
    framed: "Framed", drawn: "Drawn", lines: int
) -> None:
    moment = compared("t5").moment
    pane = TokensPane()
    pane.styles.height = lines
    async with framed(pane, (90, lines)) as pilot:
        await pilot.pause()
        for view in VIEWS:
            pane.show(moment, Focus(kind="cross", query=1, key=2, view=view))
            shown = drawn(pane)
            heads = [line[:12].strip() for line in shown]
            assert heads.count("◆ this line") == heads.count("◇ line 1") == 1
            assert heads.count("◇ source") == heads.count("◆ source") == (lines > 3)
            offered = {"◆ next": moment.candidates, "◇ next": moment.original.candidates}
            rows = pane.as_rows()
            for head, tokens in offered.items():
                assert [row[2] for row in rows if row[0] == head] == [token.text for token in tokens]
            at = heads.index("◆ next")
            one, _, other = (shown[at] if lines < 6 else f"{shown[at]}{shown[at + 1]}")[1:].partition("◇")
            assert moment.candidates[0].text in one and moment.original.candidates[0].text in other
            assert [row[2] for row in rows if row[0] == "◇ source"] == [each.text for each in moment.original.source]
