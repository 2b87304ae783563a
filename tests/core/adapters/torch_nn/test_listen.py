"""Listening around a call of one's own: everything is seen as it is, in our layout, with every line of the batch."""

from typing import Any

import torch
from tests.core.adapters.torch_nn.tutorials import PAD, SOURCE, TARGET, TUTORIALS


def test_an_owner_may_watch_a_batch_in_a_call_of_ones_own() -> None:
    module = TUTORIALS["translation"].module()
    of: Any = TUTORIALS["translation"].subject(module).model
    source = torch.tensor([SOURCE, [*SOURCE[:3], *[PAD] * 5]]).T
    target = torch.tensor([TARGET, TARGET[::-1]]).T
    with torch.no_grad(), of.listen(["*"]) as seen:
        logits = module.run(source, target)
    assert seen["encoder.0.self.weights"].shape == (2, 4, 8, 8) and seen["decoder.2.cross.weights"].shape == (
        2,
        4,
        6,
        8,
    )
    assert not seen["encoder.1.self.weights"][1, ..., 3:].any()
    assert seen["decoder.norm.out"].shape == (2, 6, 16)
    again = module.generator(seen["decoder.norm.out"]).transpose(0, 1)
    assert torch.allclose(again, logits, atol=1e-5)


def test_blocks_may_be_nested_and_edits_add_up() -> None:
    module = TUTORIALS["gpt"].module()
    of: Any = TUTORIALS["gpt"].subject(module).model
    ids = torch.tensor([TARGET])
    with torch.no_grad():
        plain = module(ids)[0]
        with of.listen(["decoder.0.self.out"], {"decoder.0.self.out": lambda out: out * 2}) as outer:
            with of.listen(["decoder.0.self.out"], {"decoder.0.self.out": lambda out: out + 1}) as inner:
                module(ids)
            first = outer["decoder.0.self.out"]
            assert torch.equal(first, inner["decoder.0.self.out"])
            assert "forward" in vars(module.blocks[0].attn), "the outer block still listens"
            module(ids)
        assert torch.allclose(outer["decoder.0.self.out"] + 1, first, atol=1e-6)
        assert "forward" not in vars(module.blocks[0].attn) and torch.equal(module(ids)[0], plain)


def test_two_models_may_be_watched_at_once_and_the_fast_path_comes_back_as_it_was() -> None:
    one, two = TUTORIALS["classifier"], TUTORIALS["translation, batch first"]
    modules = one.module(), two.module()
    subjects: list[Any] = [one.subject(modules[0]).model, two.subject(modules[1]).model]
    for before in (True, False):
        torch.backends.mha.set_fastpath_enabled(before)
        with subjects[0].listen(["*.weights"]) as first, subjects[1].listen(["*.weights"]) as second:
            assert not torch.backends.mha.get_fastpath_enabled()
            modules[0](torch.tensor([SOURCE]))
            modules[1].run(torch.tensor([SOURCE]), torch.tensor([TARGET]))
        assert torch.backends.mha.get_fastpath_enabled() == before and len(first) == 2 and len(second) == 8
    torch.backends.mha.set_fastpath_enabled(True)


def test_only_what_is_watched_is_touched() -> None:
    module = TUTORIALS["gpt"].module()
    of: Any = TUTORIALS["gpt"].subject(module).model
    with of.listen(["decoder.1.self.weights"]):
        touched = [path for path, each in module.named_modules() if "forward" in vars(each) or each._forward_hooks]
        assert touched == ["blocks.1.attn"]
