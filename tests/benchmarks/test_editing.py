"""The cost of an edit, as ratios of processor time within one run; `pytest -s` prints them."""

import pytest
from tests.benchmarks.clock import best

import glasshead
from glasshead.session.session import Session

TEXT = "the black cat does not see the small house and the white dog sleeps in the garden"
STEPS, AT = 14, 4


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session(glasshead.load("english-french"))
    made.begin(TEXT)
    for _ in made.walk(STEPS):
        pass
    assert made.moment.step == STEPS
    return made


def test_an_edit_costs_what_decoding_from_there_costs(session: Session) -> None:
    """Goal: 1.15 × decoding the same steps again. Not reached yet; it must not become worse than 1.8."""
    edit = f"decoder.*.cross.masked[key=2, query={AT}-] = hidden"

    def edited() -> None:
        session.edit(edit)
        session.undo()
        session.delete_branch(max(each.branch for each in session.standings))

    def again() -> None:
        line = session.line.branch()
        line.rows.crop(AT)
        for _ in range(AT, STEPS):
            line.rows.reach(line.ids[: len(line.rows) + 1])

    ours, theirs = best(edited, again, times=15)
    print(f"\nan edit ÷ decoding the same steps again: {ours / theirs:.2f} ({ours * 1e3:.0f} ms)")
    assert ours <= 1.8 * theirs


def test_a_muted_head_answers_within_100_ms(session: Session) -> None:
    def mute() -> None:
        session.edit("decoder.1.cross.heads[head=3] = 0")
        assert session.moment.beside is not None
        session.undo()
        session.delete_branch(max(each.branch for each in session.standings))

    (spent,) = best(mute, times=15)
    print(f"\na muted head, with everything beside it: {spent * 1e3:.0f} ms")
    assert spent <= 0.1
