"""The causal cone: nothing outside of it changes, most of what is inside does, and a leak raises the alarm."""

from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.core import strangers
from tests.core.adapters.huggingface.test_families import Numbers
from tests.core.adapters.huggingface.tiny import FAMILIES, wrap
from tests.core.adapters.torch_nn.tutorials import TUTORIALS
from tests.core.edits.drawn import edits
from tests.core.helpers import restless

from glasshead.edits.cone import cone, reduced
from glasshead.edits.edit import At, Copy, Edit, Hide, Mean, Narrow, Patch, Put, Reveal, Swap, Uniform, Weigh
from glasshead.edits.language import parse
from glasshead.errors import GlassheadError
from glasshead.session.session import Session
from glasshead.session.truths import IN_CONE, leaks
from glasshead.site import SQUARE, Site
from glasshead.subjects import Subject
from glasshead.text import Vocabulary

NATIVES: dict[str, dict[str, Any]] = {
    "post": {}, "pre": {"norm": "pre"}, "window": {"window": 3, "attention_bias": True},
}  # fmt: skip
HUGGING = ("marian", "t5", "gpt2", "llama", "gemma2", "gpt_neox", "bert", "bart")
TORCH = ("torch translation, norms first", "torch gpt", "torch alibi")
TEXT = {"hugging": "5 9 6 7", "torch": "the cat sees"}


@cache
def opened(name: str) -> tuple[Subject, str]:
    """A model, and a text for it."""
    if name in NATIVES:
        return restless(3, **NATIVES[name]), "abcd"
    if name in strangers.NAMES:
        return strangers.subject(name), "abcd"
    if name in TORCH:
        tutorial = TUTORIALS[name.removeprefix("torch ")]
        return tutorial.subject(tutorial.module()), TEXT["torch"]
    names: Any = Numbers()
    return Subject(name, wrap(FAMILIES[name].module()), Vocabulary.shared(names)), TEXT["hugging"]


def edited(name: str, made: list[Edit], steps: int, later: int) -> Session:
    """Stand at an edited line: after some steps, and more steps under the edits."""
    subject, text = opened(name)
    session = Session(subject)
    session.begin(text)
    for _ in session.walk(steps):
        pass
    session.edit(*made)
    for _ in session.walk(later):
        pass
    return session


@pytest.mark.parametrize("name", [*NATIVES, *strangers.NAMES])
@settings(max_examples=4)
@given(st.data())
def test_nothing_changes_outside_the_cone(name: str, data: st.DataObject) -> None:
    kept(name, data)


@pytest.mark.parametrize("name", [*HUGGING, *TORCH])
@settings(max_examples=2)
@given(st.data())
def test_nothing_changes_outside_the_cone_of_a_foreign_model(name: str, data: st.DataObject) -> None:
    kept(name, data)


def kept(name: str, data: st.DataObject) -> None:
    subject, _ = opened(name)
    made = data.draw(st.lists(edits(subject.anatomy, 5), min_size=1, max_size=3))
    try:
        session = edited(name, made, data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3)))
    except GlassheadError:
        return  # it does not fit this line, and says so
    moment = session.moment
    assert moment.beside is not None
    assert leaks(moment.beside.cone, moment.trace, moment.beside.trace) == (0, None)
    alarm = next(check for check in session.check() if check.label == IN_CONE)
    assert alarm.ok and not alarm.value


@pytest.mark.parametrize("name", ["post", "pre", "gpt", "t5", "bert", "llama"])
@settings(max_examples=6)
@given(st.data())
def test_most_of_what_is_inside_changes(name: str, data: st.DataObject) -> None:
    """So a cone that holds everything would not do. Edits that may change nothing are left out: a row of one key has a
    weight of 1 whatever its score, and what is set to a value may have it already.
    """
    subject, _ = opened(name)
    made = data.draw(
        edits(subject.anatomy, 4, (Patch, Hide, Reveal, Copy, Put, Swap, Mean, At, Uniform, Weigh, Narrow))
    )
    assume(made.site.split(".")[-1] not in (*SQUARE, "q", "k", "q_unrotated", "k_unrotated"))
    try:
        session = edited(name, [made], 2, 1)
    except GlassheadError:
        return
    beside = session.moment.beside
    assert beside is not None
    trace, twin = session.moment.trace, beside.trace
    rows = {"source": len(trace.source), "target": trace.steps}
    inside = cone(session.edits.active, trace.anatomy, rows, twin.may_look)
    changed = reached = 0
    for site, could in inside.items():
        if Site.parse(site).name in SQUARE:  # what is not computed cannot change
            could = could & twin.may_look(Site.parse(site).prefix)
        differs = reduced(site, trace.captured(site) != twin.captured(site))
        changed, reached = changed + int(differs.sum()), reached + int(could.sum())
    if not changed:  # e.g. a head's weights where there is one key
        return
    assert changed >= 0.9 * reached, (changed, reached)


def parts(name: str, text: str, steps: int = 3) -> dict[str, torch.Tensor]:
    subject, sentence = opened(name)
    line = subject.start(sentence)
    for _ in range(steps):
        line.step()
    trace = line.outlook

    return cone([parse(text)], subject.anatomy, {"source": len(trace.source), "target": trace.steps}, trace.may_look)


def test_the_cone_of_a_head_begins_at_its_row_and_goes_to_the_later_rows_only() -> None:
    found = parts("post", "decoder.0.cross.heads[head=2, query=1] = 0")
    assert not any(reached.any() for site, reached in found.items() if site.startswith(("encoder", "source", "target")))
    assert found["decoder.0.cross.heads"].tolist() == [
        [head == 2 and row == 1 for row in range(4)] for head in range(4)
    ]
    assert found["decoder.0.cross.resid"].tolist() == [False, True, False, False]
    assert found["decoder.1.self.q"].tolist() == [[False, True, False, False]] * 4
    weights = found["decoder.1.self.weights"][0]
    assert weights.tolist() == [[row >= 1 and key <= row for key in range(4)] for row in range(4)]
    assert found["logits"].tolist() == [False, True, True, True]


def test_the_cone_of_a_key_that_query_heads_share_is_their_group() -> None:
    found = parts("gpt", "decoder.1.self.k[head=1, key=3] = 0")
    weights = found["decoder.1.self.weights"]
    assert not weights[:2].any() and weights[2].tolist() == weights[3].tolist()
    assert not found["decoder.1.self.v"].any() and not weights[2, :3].any() and weights[2, 3, : 3 + 1].all()


def test_the_cone_of_the_first_layer_is_kept_in_its_window() -> None:
    found = parts("gemma", "decoder.0.self.v[key=0] = 0")
    assert found["decoder.0.self.resid"].tolist() == [True] * 3 + [False] * (len(found["logits"]) - 3)
    assert found["decoder.1.self.resid"].all(), "the next layer has no window"


def test_heads_that_nothing_tells_apart_and_layers_that_are_alike_take_the_room_of_one() -> None:
    """Of a long line and a deep model: a cone has a number for each cell of each head of each layer."""
    anatomy = restless(3, encoder_layers=1, decoder_layers=6).anatomy
    rows = {"source": 5, "target": 400}
    shapes = {"encoder": (5, 5), "decoder.self": (400, 400), "decoder.cross": (400, 5)}

    def may_look(prefix: str) -> torch.Tensor:
        stack, _, kind = prefix.split(".")
        looks = torch.ones(shapes[stack if stack == "encoder" else f"{stack}.{kind}"], dtype=torch.bool)
        return looks.tril() if stack == "decoder" and kind == "self" else looks

    edit = parse("decoder.1.self.heads[head=2, query=7] = 0")
    found = cone([edit], anatomy, rows, may_look)
    assert found["decoder.1.self.heads"].nonzero().tolist() == [[2, 7]]
    cells = {name: value for name, value in found.items() if name.startswith("decoder") and value.dim() == 3}
    taken = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in cells.values()}
    assert sum(taken.values()) < sum(value.numel() for value in cells.values()) / 5
    assert bool(cells["decoder.5.self.weights"][:, 7:, :7].all()) and not cells["decoder.5.self.weights"][:, :7].any()


def test_the_alarm_hears_one_value_outside() -> None:
    session = edited("post", [], 2, 0)
    session.edit("decoder.1.cross.heads[head=2, query=1-] = 0")
    beside = session.moment.beside
    assert beside is not None
    trace, twin = session.moment.trace, beside.trace
    active = session.edits.active
    assert leaks(beside.cone, trace, twin) == (0, None)
    for site, index in {"encoder.1.self.out": (0, 0, 3), "decoder.0.self.weights": (0, 3, 0, 0)}.items():
        planted = edited("post", [], 2, 0)
        planted.edit(*active)

        def wrong(value: torch.Tensor, index: tuple[int, ...] = index) -> torch.Tensor:
            if value.dim() == len(index) and all(at < size for at, size in zip(index, value.shape, strict=True)):
                value[index] += 1e-3
            return value

        other = opened("post")[0].start("abcd", edit={site: wrong})
        for _ in range(2):
            other.choose(session.line.ids[len(other.ids)])
        count, first = leaks(beside.cone, trace, other.outlook)
        assert count > 0 and first == site
    check = next(check for check in session.check() if check.label == IN_CONE)
    assert check.ok and not check.meant


class Leaking(strangers.Stranger):
    """A decoder whose earlier rows take something from the last one: a fault that an edit brings to light."""

    def logits(self, ids: Any, memory: Any, past: Any = None) -> Any:
        from glasshead.tap import listen

        def mix(value: torch.Tensor) -> torch.Tensor:
            return value + 0.01 * value[:, -1:]

        with listen(self.net, (), {"decoder.0.self.out": mix}):
            return super().logits(ids, memory, past)


def test_a_model_whose_earlier_rows_depend_on_a_later_one_raises_the_alarm() -> None:
    """Its prompt is one pass: there a change of the last row reaches the first."""
    letters: Any = strangers.Letters()
    session = Session(Subject("leaking", Leaking("gpt"), Vocabulary.shared(letters), None, {}))
    session.begin("abcd")
    session.edit("decoder.0.self.heads[query=4] *= 3")
    check = next(check for check in session.check() if check.label == IN_CONE)
    assert not check.ok and not check.meant and check.value
    assert "decoder.0.self.resid" in check.detail or "decoder.0.self.out" in check.detail
