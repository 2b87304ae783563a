"""Beside: the numbers of the comparison, against passes of the models themselves."""

import math

import pytest
import torch
from tests.core.helpers import restless
from torch import Tensor

from glasshead.session.beside import kl
from glasshead.session.references import changes_of
from glasshead.session.session import Session

SUBJECT = restless(10)


def session_under(*edits: str, steps: int = 5, text: str = "zebra") -> Session:
    session = Session(SUBJECT)
    session.begin(text)
    session.edit(*edits)
    for _ in session.walk(steps):
        pass
    return session


def chances(ids: list[int], *edits: str) -> Tensor:
    """Probabilities after each of these tokens, of one pass under edits: q v."""
    model = SUBJECT.model
    with torch.inference_mode(), model.listen((), changes_of(SUBJECT, edits)):
        memory = model.read([[token.id for token in SUBJECT.encode("zebra")]])
        return torch.softmax(model.logits(torch.tensor([ids]), memory)[0].double(), -1)


EDITS = (
    "decoder.1.cross.heads[head=3] = 0",
    "decoder.0.self.heads *= 4",
    "decoder.*.cross.masked[key=1] = hidden",
    "encoder.1.self.heads[head=0] *= 9",
    "decoder.0.ffn = skipped",
)


def look_at_each(session: Session) -> None:
    """Go back and forth over the steps, and look at each: what is kept from moment to moment must stay true."""
    steps = session.line.step_number
    for first in (0, 3, 1):
        session.rewind(first)
        session.moment  # noqa: B018  what is looked at is computed
        for _ in session.walk(steps - first):
            session.moment  # noqa: B018


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("looking", [False, True], ids=["at the end", "at each"])
def test_every_probability_and_divergence_is_that_of_one_pass(edit: str, looking: bool) -> None:
    session = session_under(edit)
    if looking:
        look_at_each(session)
    beside, ids = session.moment.beside, session.line.ids
    assert beside is not None
    alone = SUBJECT.start("zebra")
    alone.goto(5)
    own, usual = chances(ids, edit), chances(ids)
    along = chances(alone.ids, edit)
    assert len(beside.steps) == 5
    for place, step in enumerate(beside.steps, 1):
        assert step.token is not None and step.original is not None
        assert (step.token.id, step.original.id) == (ids[place], alone.ids[place])
        assert step.differs == (ids[place] != alone.ids[place])
        assert step.token.probability == pytest.approx(float(own[place - 1, ids[place]]), abs=1e-5)
        assert step.unedited == pytest.approx(float(usual[place - 1, ids[place]]), abs=1e-5)
        assert step.original.probability == pytest.approx(
            float(chances(alone.ids)[place - 1, alone.ids[place]]), abs=1e-5
        )
        assert step.edited == pytest.approx(float(along[place - 1, alone.ids[place]]), abs=1e-5)
        assert step.divergence == pytest.approx(bits(usual[place - 1], own[place - 1]), abs=1e-4)
    assert beside.next_divergence == pytest.approx(bits(usual[-1], own[-1]), abs=1e-4)
    differs = [place for place, step in enumerate(beside.steps) if step.differs]
    assert beside.first == (differs[0] if differs else None)
    assert [token.id for token in beside.candidates] == usual[-1].topk(24).indices.tolist()
    assert beside.entropy == pytest.approx(float(-(usual[-1] * usual[-1].log2()).sum()), abs=1e-4)


def bits(usual: Tensor, own: Tensor) -> float:
    return sum(float(p * (p / q).log2()) for p, q in zip(usual, own, strict=True) if p > 0)


def test_the_twin_has_the_tokens_of_the_line_and_the_values_of_the_model_alone() -> None:
    session = session_under("decoder.1.ffn = skipped")
    beside = session.moment.beside
    assert beside is not None
    assert [token.id for token in beside.trace.target] == session.line.ids
    alone = SUBJECT.start("zebra")
    for token in session.line.ids[1:]:
        alone.choose(token)
    for site in alone.outlook.sites:
        assert torch.equal(alone.outlook[site], beside.trace[site]), site


def test_the_divergence_is_that_of_torch_and_infinite_where_a_token_became_impossible() -> None:
    draw = torch.Generator().manual_seed(0)
    one, other = torch.log_softmax(torch.randn(2, 50, generator=draw, dtype=torch.float64), -1)
    expected = torch.nn.functional.kl_div(other, one, reduction="sum", log_target=True) / math.log(2)
    assert kl(one, other) == pytest.approx(float(expected)) and kl(one, one) == 0
    assert kl(one, other.index_fill(0, torch.tensor([3]), -torch.inf)) == math.inf
    assert kl(other.index_fill(0, torch.tensor([3]), -torch.inf), other) < math.inf


def test_without_edits_and_with_all_of_them_off_there_is_nothing_to_see() -> None:
    session = session_under(EDITS[0], steps=2)
    session.switch_edit(0)
    assert session.moment.beside is None or all(not step.divergence for step in session.moment.beside.steps)
    session.remove_edit(0)
    assert session.moment.beside is None
    plain = Session(SUBJECT, keep=None)
    plain.begin("zebra")
    plain.edit(EDITS[0])
    assert plain._beside() is None, "nothing is captured"


def test_the_lines_part_in_length_where_one_ends_earlier() -> None:
    session = session_under("logits[unit=2, query=2-] = 1000", steps=9)
    assert session.line.ended
    beside = session.moment.beside
    assert beside is not None and beside.next_divergence is None
    assert session.line.step_number == 3 and len(beside.steps) == 3
