"""Adam without its wrappers is Adam."""

import torch
from torch import nn

from glasshead.training.fast.adam import PlainAdam


def test_updates_and_states_are_those_of_adam_bit_for_bit() -> None:
    torch.manual_seed(0)
    given = [torch.randn(5, 3), torch.randn(7)]
    one, other = ([nn.Parameter(each.clone()) for each in given] for _ in range(2))
    for fused in (False, True):
        mine, theirs = PlainAdam(one, lr=0.1, fused=fused), torch.optim.Adam(other, lr=0.1, fused=fused)
        for step in range(6):
            for a, b in zip(one, other, strict=True):
                a.grad = torch.randn(a.shape)
                b.grad = a.grad.clone()
            if step == 3:
                mine.load_state_dict(mine.state_dict())
            mine.step()
            theirs.step()
            assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        found, wanted = mine.state_dict(), theirs.state_dict()
        assert found["param_groups"] == wanted["param_groups"]
        for number, values in wanted["state"].items():
            assert all(torch.equal(value, found["state"][number][name]) for name, value in values.items())
        mine.zero_grad()
        assert all(each.grad is None for each in one)
