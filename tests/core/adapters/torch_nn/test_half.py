"""Modules in half precision, with the float32 masks of their owners: they are shown truly, and can be changed."""

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import TUTORIALS

from glasshead.session.session import Session


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["language model", "alibi", "gpt", "translation, norms first"])
def test_a_module_in_half_precision_is_shown_and_changed(name: str, precision: torch.dtype) -> None:
    session = Session(TUTORIALS[name].subject(TUTORIALS[name].module().to(precision)))
    session.begin("the cat sees")
    for _ in session.walk(3):
        pass
    assert all(check.ok for check in session.check())
    for edit in ("decoder.0.self.resid = out", "decoder.*.ffn.resid = out", "decoder.1.self.heads[head=0] = 0"):
        session.edit(edit)
        beside = session.moment.beside
        assert beside is not None and not torch.equal(session.moment.trace["logits"], beside.trace["logits"])
        assert all(check.ok or check.meant for check in session.check()), edit
        session.undo()
