"""What edits did to some values, counted by hand, and what they could have done."""

import pytest
from tests.core.helpers import restless

from glasshead.analysis.difference import Effect, effect
from glasshead.session.session import Session


@pytest.fixture(scope="module")
def session() -> Session:
    """Three steps; then what the token in row 1 says of head 2 is muted."""
    session = Session(restless(3))
    session.begin("abcd")
    for _ in session.walk(3):
        pass
    session.edit("decoder.0.cross.heads[head=2, query=1] = 0")
    return session


def test_an_effect_counts_the_numbers_that_differ(session: Session) -> None:
    moment, beside = session.moment, session.moment.beside
    assert beside is not None

    def count(*places: tuple[str, tuple[int, ...]]) -> Effect:
        return effect(moment.trace, beside.trace, beside.cone, places)

    heads = moment.trace["decoder.0.cross.heads"]
    width = heads.shape[-1]
    site = "decoder.0.cross.heads"
    assert count((site, (2,))) == Effect(changed=width, of=heads[2].numel(), reached=True)
    assert count((site, (2, 1))) == Effect(changed=width, of=width, reached=True)
    assert count((site, (2, 0)), (site, (3, 1))) == Effect(changed=0, of=2 * width, reached=False)
    assert count(("decoder.1.self.weights", (0, 0))).reached is False, "row 0 comes before the edited row"
    later = count(("decoder.1.self.weights", (0,)))
    by_hand = moment.trace["decoder.1.self.weights"][0] != beside.trace["decoder.1.self.weights"][0]
    assert later.reached and later.changed == sum(sum(row) for row in by_hand.tolist()) > 0
    assert count(("decoder.9.self.weights", ())) == Effect(changed=0, of=0, reached=False)


def test_what_is_in_reach_need_not_change() -> None:
    session = Session(restless(3))
    session.begin("abcd")
    session.edit("decoder.1.self.scores[head=0] *= 2")  # one key alone: its weight stays 1
    beside = session.moment.beside
    assert beside is not None
    found = effect(session.moment.trace, beside.trace, beside.cone, [("decoder.1.self.weights", (0,))])
    assert found == Effect(changed=0, of=1, reached=True)
