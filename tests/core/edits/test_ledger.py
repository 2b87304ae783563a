"""The ledger: order, switches, and the checks that edits break on purpose."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.edits.drawn import edits
from tests.core.helpers import restless

from glasshead.edits.language import parse
from glasshead.edits.ledger import NO_EDITS, Ledger, broken_checks
from glasshead.errors import GlassheadError
from glasshead.session.session import Session

ONE, TWO, THREE = map(parse, ("logits = 0", "*.heads *= 2", "decoder.0.ffn = skipped"))
SUBJECT = restless(10)


def test_moves_make_another_ledger_and_leave_the_first_as_it_was() -> None:
    first = Ledger.of((ONE, TWO))
    assert first.active == (ONE, TWO) and len(first) == 2 and not NO_EDITS.entries
    assert first.add(THREE).active == (ONE, TWO, THREE)
    assert first.switch(0).active == (TWO,) and first.switch(0).switch(0) == first
    assert first.switch(0, on=True) == first and first.switch(1, on=False).active == (ONE,)
    assert first.remove(0).active == (TWO,)
    assert first.add(ONE) == first and first.switch(0).add(ONE) == first, "what is there is switched on, at its place"
    assert first == Ledger.of((ONE, TWO))


@pytest.mark.parametrize("number", [-1, 2])
def test_an_edit_that_is_not_there_is_named(number: int) -> None:
    for move in (Ledger.of((ONE, TWO)).switch, Ledger.of((ONE, TWO)).remove):
        with pytest.raises(GlassheadError, match=f"no edit {number}; there are 2"):
            move(number)


@settings(max_examples=60)
@given(st.lists(edits(SUBJECT.anatomy, 5), min_size=1, max_size=3), st.integers(0, 3))
def test_a_check_that_fails_is_one_that_the_edits_break_on_purpose(made: list[object], steps: int) -> None:
    session = Session(SUBJECT)
    session.begin("zebra")
    try:
        session.edit(*made)  # type: ignore[arg-type]
        for _ in session.walk(steps):
            pass
        found = session.check()
    except GlassheadError:
        return
    broken = broken_checks(session.edits.active, SUBJECT.anatomy)
    for check in found:
        assert check.ok or check.label in broken, check
        assert check.meant == (not check.ok)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("decoder.1.cross.heads[head=3] = 0", set()),
        ("decoder.1.cross.masked[key=1] = hidden", set()),
        ("decoder.0.self.masked = window 1", set()),
        ("decoder.1.cross.scores *= 2", {"captured = recomputed"}),
        ("decoder.1.cross.weights[key=1, query=1] = 0.7 renormalised", {"captured = recomputed"}),
        ("decoder.1.cross.weights = uniform", {"captured = recomputed"}),
        ("decoder.1.cross.weights *= 0.5", {"rows sum to 1", "captured = recomputed"}),
        (
            "decoder.0.self.masked = revealed",
            {"nothing from the future", "cached = full"},
        ),
    ],
)
def test_what_an_edit_breaks_is_broken_and_nothing_else(text: str, broken: set[str]) -> None:
    session = Session(SUBJECT)
    session.begin("zebra")
    session.edit(text)
    for _ in session.walk(3):
        pass
    assert {check.label for check in session.check() if not check.ok} == broken
