"""The checks of an edited line: what is broken on purpose is said to be, and what is broken otherwise is not."""

from dataclasses import replace

import pytest
from tests.core.helpers import restless

from glasshead.session.session import Session
from glasshead.session.truths import IN_CONE, edited_checks
from glasshead.truth.trace_checks import checks

SUBJECT = restless(10)


@pytest.fixture
def session() -> Session:
    session = Session(SUBJECT)
    session.begin("zebra")
    for _ in session.walk(3):
        pass
    return session


def test_a_line_without_edits_has_the_usual_checks(session: Session) -> None:
    assert [check.label for check in session.check()] == [
        "rows sum to 1", "nothing from the future", "captured = recomputed", "cached = full",
    ]  # fmt: skip


def test_what_is_broken_on_purpose_is_marked_and_said(session: Session) -> None:
    session.edit("decoder.1.cross.weights[head=0] *= 0.5")
    found = {check.label: check for check in session.check()}
    assert [label for label, check in found.items() if check.meant] == ["rows sum to 1", "captured = recomputed"]
    assert found["rows sum to 1"].value == pytest.approx(0.5, abs=1e-5)
    assert all(check.detail.endswith("The edits break this on purpose.") == check.meant for check in found.values())
    assert found[IN_CONE].ok and found[IN_CONE].value == 0


def test_what_an_edit_does_not_break_is_never_excused(session: Session) -> None:
    session.edit("decoder.1.cross.heads[head=0] = 0")
    beside = session.moment.beside
    assert beside is not None
    wrong = [replace(check, ok=False) for check in checks(session.moment.trace)]
    marked = edited_checks(wrong, beside)
    assert len(marked) == len(wrong) + 1 and not any(check.meant for check in marked)
