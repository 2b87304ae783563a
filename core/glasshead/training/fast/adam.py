"""Adam of torch as it is, without the wrappers that hide its methods from TorchDynamo.

Each of them imports TorchDynamo when it is first called, which takes a second, to tell a compiler that does not run to
leave the method alone.
"""

from inspect import unwrap
from typing import Any

import torch
from torch.optim import Adam, Optimizer


class PlainAdam(Adam):
    """See the module. For parameters that no compiled code updates; the updates are the same bit for bit."""

    add_param_group = unwrap(Optimizer.add_param_group)
    state_dict = unwrap(Optimizer.state_dict)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    zero_grad = unwrap(Optimizer.zero_grad)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Make an update, as `Adam.step` does."""
        return unwrap(Adam.step)(self, closure)
