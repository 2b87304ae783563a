"""Any two lines of the tree: what is subtracted is what each has at the same position, and the rest says why not."""

import pytest
import torch
from tests.core.recordings import subject_of

from glasshead import GlassheadError
from glasshead.analysis.difference import difference
from glasshead.session.compared import Compared
from glasshead.session.session import Session


def walk(session: Session, steps: int) -> None:
    for _ in session.walk(steps):
        pass


@pytest.mark.parametrize("kind", ["the paper", "gpt", "gemma"])
def test_two_lines_are_compared_row_by_row_up_to_the_end_of_the_shorter_one(kind: str) -> None:
    subject = subject_of(kind)
    session = Session(subject)
    session.begin("abcadc")
    walk(session, 2)
    session.choose(session.moment.candidates[1].id)
    walk(session, 3)
    other = session.line.branch()
    session.begin("abcadc", edits=["decoder.1.self = skipped"])
    walk(session, 4)
    session.compare_with(2)
    moment = session.moment
    beside = moment.beside
    assert isinstance(beside, Compared) and session.other == 2 and moment.effect is not None
    rows = min(moment.trace.steps, other.outlook.steps)
    prompt = len(other.ids) - other.step_number
    assert beside.edited.steps == beside.trace.steps == rows == prompt + 4
    for site in ("decoder.0.self.weights", "decoder.1.self.out", "logits"):
        beside.check(site)
        here, there = session.line.outlook[site], other.outlook[site]
        if here.dim() == 3:  # h q k
            here, there = here[:, :rows, :rows], there[:, :rows, :rows]
        else:
            here, there = here[:rows], there[:rows]
        found = difference(beside.edited, beside.trace, site)
        assert torch.allclose(found, torch.where(here == there, 0.0, here - there), atol=1e-6)
        assert beside.cone[site].all() and beside.cone[site].shape == found.shape
    assert [(step.token and step.token.id, step.original and step.original.id) for step in beside.steps] == [
        (a and a.id, b and b.id) for a, b in zip([*session.line.produced, None, None], other.produced, strict=True)
    ]
    assert beside.next_divergence is None, "the lines have not come equally far"
    walk(session, 2)
    assert session.moment.beside is not None
    p, q = (torch.softmax(each.rows.through(each.ids).double(), -1) for each in (other, session.line))
    bits = float((p * (p.log2() - q.log2())).sum())
    assert session.moment.beside.next_divergence == pytest.approx(bits, abs=1e-6)
    assert session.moment.beside.trace.steps == other.outlook.steps
    assert moment.alike.trace is beside.edited and moment.original.trace is beside.trace
    aside = moment.original
    assert [token.id for token in aside.tokens] == other.ids and aside.step == other.step_number
    assert (aside.done, aside.candidates) == (other.done, tuple(other.candidates(len(aside.candidates))))
    assert all(check.ok or check.meant for check in session.check()), "the checks are still those of the edits"
    session.compare_with(None)
    assert session.moment.beside is session.moment.effect is not None


def test_what_has_another_shape_says_so_and_the_rest_is_compared() -> None:
    session = Session(subject_of("the paper"))
    session.begin("abcadc")
    walk(session, 2)
    session.name_branch(1, "long")
    session.begin("ab")
    walk(session, 3)
    session.compare_with(1)
    beside = session.moment.beside
    assert isinstance(beside, Compared)
    beside.check("decoder.0.self.weights")
    beside.check("decoder.1.cross.q")
    for site, here, there in (
        ("decoder.0.cross.weights", "3 × 3", "3 × 7"),
        ("encoder.0.self.scores", "3 × 3", "7 × 7"),
        ("encoder.out", "3", "7"),
    ):
        with pytest.raises(
            GlassheadError, match=f"{site} has no difference: {here} tokens in this line, {there} in long"
        ):
            beside.check(site)
    with pytest.raises(GlassheadError, match="You stand in this line"):
        session.compare_with(2)
    with pytest.raises(GlassheadError, match="no line 9"):
        session.compare_with(9)
    session.visit(1)
    assert session.moment.beside is None, "a line has no difference from itself"
    session.visit(2)
    assert session.moment.beside is not None
    session.visit(1)
    session.compare_with(2)
    session.delete_branch(2)
    assert session.other is None and session.moment.beside is None
