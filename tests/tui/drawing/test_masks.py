"""What is said of a mask is what the model's own scores show after it."""

from math import inf

import pytest
import torch
from tests.core.strangers import subject as stranger

from glasshead.named import brief_head, name_head
from glasshead.session.session import Session
from glasshead_tui.drawing.masks import explain_mask, may_hide, told_mask, told_of_kind
from glasshead_tui.screens.meanings import GLYPHS

EDITS = {
    "": "masked: later tokens",
    "decoder.0.self.masked = revealed": "no mask: later tokens may be looked at",
    "decoder.0.self.masked[key=0] = hidden": "masked: later tokens, some keys",
}


@pytest.mark.parametrize("name", ["gpt", "gemma", "t5", "bert"])
def test_every_kind_of_every_model_says_what_its_scores_show(name: str) -> None:
    session = Session(stranger(name))
    session.begin("abcadc")
    list(session.walk(4))
    trace = session.moment.trace
    seen = set()
    for kind in trace.kinds:
        told = told_of_kind(trace.anatomy, kind)
        for prefix in trace.anatomy.attentions(kind):
            hidden = (trace[f"{prefix}.masked"] == -inf).any(0)
            later = torch.ones_like(hidden).triu(1)
            said = told_mask(trace, prefix)
            assert said[0].startswith("no mask here") == (not hidden.any()) == (told == "no mask")
            assert ("later tokens" in said[0]) == (bool(hidden[later].all()) and kind.causal)
            assert ("keys more than 2 away" in said[0]) == bool((hidden & ~later).any())
            assert may_hide(trace, prefix) == bool(hidden.any())
            assert [len(each) for each in said] == sorted(map(len, said), reverse=True)
            if why := explain_mask(trace, prefix):
                assert said[0].endswith(why[0]) and ("may not see" in why[0]) == bool(hidden.any())
            seen.add(said[0])
    assert len(seen) == {"gpt": 1, "gemma": 2, "t5": 3, "bert": 1}[name]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_one_mask_is_told_there_and_nowhere_else(edit: str) -> None:
    session = Session(stranger("gpt"))
    session.begin("abc")
    list(session.walk(3))
    if edit:
        session.edit(edit)
    trace = session.moment.trace
    for prefix, told in (("decoder.0.self", EDITS[edit]), ("decoder.1.self", EDITS[""])):
        said, why = told_mask(trace, prefix), explain_mask(trace, prefix)
        assert told in said and bool(why) == (told == EDITS[""]) == (why[:1] == (said[0].removeprefix(f"{told} – "),))


def test_the_help_explains_the_short_name_of_a_head() -> None:
    said = " ".join(meaning for _, meaning in GLYPHS)
    place = "decoder.2.cross", 6
    assert f"{brief_head(*place)} is {name_head(*place)}" in said
    assert brief_head("encoder.0.self", 1) == "enc self L0 H1"
    assert name_head("encoder.0.self", 1) == "encoder 0 · self-attention · head 1"
    assert name_head("decoder.3.self", 0) == "decoder 3 · masked self-attention · head 0"
    assert name_head("decoder.3.self", 0, masked=False) == "decoder 3 · self-attention · head 0"
