"""Rows that join a pass layer by layer: what is computed, and what is given again."""

from collections import Counter
from typing import Any

import pytest
import torch
from tests.core.helpers import make
from torch import Tensor, nn

from glasshead.adapters.native import Native
from glasshead.ranking.lines import Line
from glasshead.ranking.parts import Part
from glasshead.ranking.passes import Runner

LINE = Line((4, 7, 5, 9, 2), (1, 5, 8, 4), (5, 8, 4, 6), 1)
PARTS = [Part("encoder.1.self", 0), Part("decoder.0.self", 1), Part("decoder.1.cross", 2), Part("decoder.1.ffn")]


def computed(module: nn.Module, runner: Runner, parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the rows that each linear map in a layer computes in one batch, by its path."""
    names = {each.weight.data_ptr(): path for path, each in module.named_modules() if isinstance(each, nn.Linear)}
    found: Counter[str] = Counter()
    linear = nn.functional.linear

    def counted(x: Tensor, weight: Tensor, *rest: Any) -> Tensor:
        found[names.get(weight.data_ptr(), "")] += len(x)
        return linear(x, weight, *rest)

    passes = runner.passes
    with monkeypatch.context() as patch:
        patch.setattr(nn.functional, "linear", counted)
        runner.run([frozenset({part}) for part in parts])
    assert runner.passes == passes + 1
    return found


def test_each_row_is_computed_from_where_it_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    module = make(dtype=torch.float64, encoder_layers=3, decoder_layers=2)
    runner = Runner(Native(module), LINE)
    runner.run([frozenset({part}) for part in PARTS])  # the line itself is in it, too
    found = computed(module, runner, PARTS, monkeypatch)
    expected = {
        # Queries, keys and values of the layer at which the row joins are given again.
        "encoder.layers.1.self.sublayer.output": 1, "encoder.layers.1.ffn.sublayer.inner": 1,
        "encoder.layers.1.ffn.sublayer.outer": 1, "encoder.layers.2.self.sublayer.query": 1,
        "encoder.layers.2.self.sublayer.key": 1, "encoder.layers.2.self.sublayer.value": 1,
        "encoder.layers.2.self.sublayer.output": 1, "encoder.layers.2.ffn.sublayer.inner": 1,
        "encoder.layers.2.ffn.sublayer.outer": 1,
        # The row of the encoder reaches the decoder in its attention to the source; the other joins before.
        "decoder.layers.0.self.sublayer.output": 2, "decoder.layers.0.cross.sublayer.query": 2,
        "decoder.layers.0.cross.sublayer.key": 1, "decoder.layers.0.cross.sublayer.value": 1,
        "decoder.layers.0.cross.sublayer.output": 2, "decoder.layers.0.ffn.sublayer.inner": 2,
        "decoder.layers.0.ffn.sublayer.outer": 2, "decoder.layers.1.self.sublayer.query": 2,
        "decoder.layers.1.self.sublayer.key": 2, "decoder.layers.1.self.sublayer.value": 2,
        "decoder.layers.1.self.sublayer.output": 2, "decoder.layers.1.cross.sublayer.query": 2,
        # The keys and values of a source that no other row has changed are given again; the last row joins at the end.
        "decoder.layers.1.cross.sublayer.key": 1, "decoder.layers.1.cross.sublayer.value": 1,
        "decoder.layers.1.cross.sublayer.output": 3, "decoder.layers.1.ffn.sublayer.inner": 3,
        "decoder.layers.1.ffn.sublayer.outer": 3,
    }  # fmt: skip
    del found[""]  # the logits, of all rows
    assert found == expected


def test_nothing_is_given_again_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of linear maps, on long lines: the numbers are the same."""
    module = make(dtype=torch.float64, encoder_layers=3, decoder_layers=2)
    made = Native(module)
    removals = [frozenset({part}) for part in PARTS]
    whole = Runner(made, LINE).run(removals)
    monkeypatch.setattr("glasshead.ranking.resume.ROOM", 2000)
    runner = Runner(made, LINE)
    found = computed(module, runner, PARTS, monkeypatch)
    assert found["encoder.layers.1.self.sublayer.query"] == 1
    assert found["decoder.layers.1.cross.sublayer.key"] == 4
    for one, other in zip(whole, runner.run(removals), strict=True):
        torch.testing.assert_close(one.logp, other.logp)


def test_hooks_run_once() -> None:
    """Also one that changes in place what a linear map gave, which is given again as it was."""
    module = make(dtype=torch.float64, encoder_layers=2, decoder_layers=2)
    for each in module.modules():
        if isinstance(each, nn.Linear):
            each.register_forward_hook(lambda _module, _given, found: found.mul_(0.5))
    made = Native(module)
    runner = Runner(made, LINE)
    outcomes = runner.run([frozenset({part}) for part in PARTS])
    assert runner.kept.names == {"encoder", "decoder"}
    for part, outcome in zip(PARTS, outcomes, strict=True):
        alone = Runner(made, LINE, resume=False).run([frozenset({part})])[0]
        torch.testing.assert_close(outcome.logp, alone.logp)
