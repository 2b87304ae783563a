"""How one update is computed fast: in which precision, with which kernels. What it computes is in loss.py and engine.py.

Measured at m = 256, 3 + 3 layers, 4,096 target tokens in sentences of 20, on two AVX-512 cores:

- **bfloat16** for the matrix products, where the processor has it in hardware: half the time of float32. Parameters,
  gradients and the optimizer stay float32. The residual stream is bfloat16 too: converting it before every matrix took
  a tenth of the step.
- **Attention written out** (attention.py): on a CPU the backward pass of the fused kernel makes a step half as long
  again when sentences are short.
- **Cheap random numbers** for dropout: one draw of 64 bits decides for four numbers, which is three times as fast.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from glasshead.model import Embedding
from glasshead.training.attention import ShortAttention


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 matrices; where it can only in software, float32 is faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        # The questions about the processor have no public names, and may be gone in some version that we accept.
        questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, question, lambda: False)() for question in questions)
    return False


def prepare(model: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Make a model ready to be trained in `dtype`. Its parameters stay float32, and so does what is saved."""
    model.train()
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout and device.type == "cpu":
                setattr(module, name, Dropout(child.p))
        if isinstance(module, Embedding) and dtype is not torch.float32:
            module.register_forward_hook(lambda _module, _inputs, output: output.to(dtype))


@contextmanager
def running(device: torch.device) -> Iterator[None]:
    """Within it forward passes run with the kernels that are fast in training. Autocast is the engine's."""
    with ShortAttention() if device.type == "cpu" else nullcontext():
        yield


class Dropout(nn.Dropout):
    """nn.Dropout, with the probability rounded to 1/65,536 and a quarter of the random numbers drawn."""

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape → the same."""
        if not self.training or self.p == 0:
            return x
        apply: Any = _Dropped.apply
        result: Tensor = apply(x, self.p)
        return result


class _Dropped(torch.autograd.Function):
    LEVELS = 1 << 16

    @staticmethod
    def forward(ctx: Any, x: Tensor, p: float) -> Tensor:
        levels, size = _Dropped.LEVELS, x.numel()
        dropped = min(round(p * levels), levels - 1)
        draws = torch.empty((size + 3) // 4, dtype=torch.int64, device=x.device).random_(-(2**63), None)
        keep = draws.view(torch.int16)[:size].view(x.shape) >= dropped - levels // 2
        ctx.save_for_backward(keep)
        ctx.scale = levels / (levels - dropped)
        return torch.ops.aten.native_dropout_backward(x, keep, ctx.scale)  # multiplies by mask and scale in one pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (keep,) = ctx.saved_tensors
        return torch.ops.aten.native_dropout_backward(gradients[0], keep, ctx.scale), None
