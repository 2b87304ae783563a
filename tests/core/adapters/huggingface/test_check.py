"""The self-check finds what would be shown wrongly, and names it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.core.adapters.huggingface.tiny import FAMILIES, wrap
from torch import Tensor

from glasshead.adapters.huggingface import families
from glasshead.adapters.huggingface.check import self_check
from glasshead.attend import attend
from glasshead.errors import GlassheadError


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes(family: str) -> None:
    self_check(wrap(FAMILIES[family].module()))


def spoil(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
    """Let our attention compute something else."""

    def wrong(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **more: Any) -> Tensor:
        return attend(query, key, value, **{"mask": mask, **more, **changes})

    monkeypatch.setattr("glasshead.adapters.huggingface.attention.attend", wrong)


@pytest.mark.parametrize(
    ("family", "changes"),
    [("gpt2", {"mask": None}), ("llama", {"scale": 1.0}), ("t5", {"bias": None}), ("gemma2", {"cap": 0.01})],
)
def test_arithmetic_that_is_not_the_models_is_found(
    family: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = wrap(FAMILIES[family].module())
    spoil(monkeypatch, changes)
    with pytest.raises(GlassheadError, match="its output changes while it is watched"):
        self_check(model)


def test_steps_that_are_not_the_rows_of_the_whole_pass_are_found() -> None:
    """As with a cache that forgets."""
    model = wrap(FAMILIES["gpt2"].module())
    forgetful: Any = model
    forgetful.past = lambda: None
    with pytest.raises(GlassheadError, match="its steps are not the rows of the whole pass"):
        self_check(model)


def test_a_wrong_entry_of_the_table_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    [stack] = families.FAMILIES["llama"].stacks
    own, *others = stack.blocks
    wrong = replace(stack, blocks=(replace(own, output="self_attn.q_proj"), *others))
    monkeypatch.setitem(families.FAMILIES, "llama", families.Family(stacks=(wrong,)))
    with pytest.raises(GlassheadError, match=r"decoder.0.self.out is not its heads through its projection"):
        self_check(wrap(FAMILIES["llama"].module()))
