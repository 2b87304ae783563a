"""Models in half precision: all that is shown of them is still true, and every edit and ranking works."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.test_families import Numbers
from tests.core.adapters.huggingface.tiny import BART, FAMILIES, Tiny, wrap

from glasshead.analysis.positions import positions
from glasshead.errors import GlassheadError
from glasshead.ranking.rank import rank
from glasshead.session.script import make_test
from glasshead.session.session import Session
from glasshead.subjects import Subject
from glasshead.text import Vocabulary

TEXT = "5 9 6 7"
MODELS = {
    "marian, multiplied": Tiny("MarianMTModel", "MarianConfig", {**BART, "scale_embedding": True}),
    **{name: FAMILIES[name] for name in ("marian", "bart", "t5", "llama", "gpt2", "gemma2")},
}


def standing(family: str, precision: torch.dtype) -> Session:
    """Stand at the end of a line of such a model."""
    names: Any = Numbers()
    session = Session(Subject(family, wrap(MODELS[family].module().to(precision)), Vocabulary.shared(names)))
    session.begin(TEXT)
    for _ in session.walk(3):
        pass
    return session


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", MODELS)
def test_a_model_in_half_precision_is_shown_truly(
    family: str, precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = standing(family, precision)
    moment, line, anatomy = session.moment, session.line, session.subject.anatomy
    assert anatomy.precision == str(precision).removeprefix("torch.")
    assert all(check.ok for check in session.check())
    logits = line.rows.through(line.ids)
    assert logits.dtype == precision
    exact = logits.double().softmax(-1)
    assert torch.allclose(line.probabilities().double(), exact, rtol=1e-5), "not rounded to half precision"
    assert line.probabilities().sum() == pytest.approx(1, abs=1e-5)
    assert moment.candidates[0].id == int(logits.argmax())
    for one, other in pairwise(moment.candidates):
        assert (-exact[one.id], one.id) < (-exact[other.id], other.id), "equal ones in the order of their ids"
    for stack in dict.fromkeys(kind.stack for kind in anatomy.kinds):
        assert positions(moment.trace, stack, 1).scaled == (family == "marian, multiplied")
    prefix = next(iter(anatomy.attending))
    stack = prefix.split(".")[0]
    for edit in (f"{prefix}.heads[head=0] = 0", f"{prefix}.weights[head=1] = uniform", f"{prefix}.resid = out",
                 f"{stack}.1 = skipped", f"{prefix}.weights[head=0, query=2, key=1] = 0.9 renormalised"):  # fmt: skip
        session.edit(edit)
        assert session.moment.beside is not None and all(check.ok or check.meant for check in session.check()), edit
        session.undo()
    if precision == torch.float16:
        with pytest.raises(GlassheadError, match=r"is float16 in this model, whose numbers go up to 65,504\."):
            session.edit(f"{prefix}.scores = 100000")
    ranking = rank(session.subject, [TEXT])
    assert len(ranking.effects) == sum(kind.layers * kind.heads for kind in anatomy.kinds)
    assert max(abs(each.effect) for each in ranking.effects) > 0
    found: dict[str, Any] = {}
    exec(make_test(session, "subject", f"{prefix}.weights", 1), found)
    found["subject"] = session.subject
    found["test_the_line_is_as_it_was"]()
