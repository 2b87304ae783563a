"""Fast updates on a processor: precision and kernels. The computation itself is model.py's.

`prepare` gives the modules of a model a twin's `forward`: the same parameters under the same names, the same numbers up
to rounding. A GPU has its own kernels, and keeps the modules as they are. The gains, in milliseconds a step without and
with each of them, on an EPYC with bfloat16 in hardware, one thread, at m = 256, 3 + 3 layers, 8,000 subwords and 64
sentences of 20 or 48 tokens:

    bfloat16   residual stream in bfloat16 too, not only the products       335 → 234       779 → 528
               attention written out, against PyTorch's fused one           435 → 234       953 → 528
                                      against its unfused one               240 → 234       588 → 528
               dropout by bits, and added in one go                         252 → 234       571 → 528
               memory kept (`keep_memory`), sentences of 64                                 772 → 667
    float32    products by oneDNN, not MKL                                  705 → 390     1,712 → 943
               memory kept                                                  414 → 376

Sizes of products rounded (`rounded`): no gain where sizes repeat; where they do not, as in a corpus, 2 to 5 % of a
step, and 1.5 instead of 2.5 GB of heap after 90 updates of 4,096 tokens.
"""

import ctypes
import sys
from typing import Any

import torch
from torch import Tensor, nn

from glasshead import model as plain
from glasshead.model import Past
from glasshead.training.fast.attention import View, attention
from glasshead.training.fast.products import product, rounded

LEVELS = 1 << 16
"""Number of levels of the probability of dropout."""
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Names of options in malloc.h."""
INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Integer type for each number of bytes."""


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether the hardware multiplies bfloat16 matrices; in software, float32 is faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        # These functions have no public names, and a future version may lack them.
        questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, question, lambda: False)() for question in questions)
    return False


def prepare(model: nn.Module, dtype: torch.dtype, device: torch.device) -> None:
    """Prepare a model for training in `dtype`. Its parameters stay float32, and so does what is saved."""
    model.train()
    if device.type == "cpu":
        keep_memory()
    for module in list(model.modules()):
        if device.type == "cpu":
            module.__class__ = TWINS.get(type(module), type(module))
        if isinstance(module, plain.Embedding) and dtype is not torch.float32:
            # The residual stream has that precision too: converting it before every product took a tenth of a step.
            module.register_forward_hook(lambda _module, _inputs, output: output.to(dtype))


def keep_memory() -> None:
    """Ask GNU's C library to keep freed memory for the next allocations.

    By default it returns large tensors to the system one by one, and much of the rest at the end of every step: each
    page that the next step touches is then fetched and cleared again, 15,000 of them.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1)):
            library.mallopt(option, value)


def give_back() -> None:
    """Return free memory to the system: batches of many shapes fragment it more and more.

    After 25 updates of 4,096 tokens this took a process from 1.46 GB to 0.58, in 0.09 s: worth it now and then.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


class Dropout(nn.Dropout):
    """nn.Dropout, with the probability rounded to 1/65,536 and a quarter of the random numbers drawn."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop from x, of any shape."""
        return dropped(x, self.p) if self.training and self.p else x


class Encoder(plain.Encoder):
    """The encoder with all tokens of a batch in one row (`in_a_row`)."""

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Run the encoder: b q m → b q m."""
        if _watched(self):
            return super().forward(x, mask)
        view: Any = View(_shape(x), _shape(x), mask)
        return _back(super().forward(in_a_row(x), view), x)


class Decoder(plain.Decoder):
    """The decoder with all tokens of a batch in one row, and those of its source in another."""

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, memory_mask: Tensor | None, past: Any = None
    ) -> Tensor:
        """Run the decoder. x: b q m · memory: b k m → b q m."""
        if past is not None or _watched(self):
            return super().forward(x, memory, mask, memory_mask, past)
        view: Any = View(_shape(x), _shape(x), mask)
        across: Any = View(_shape(x), _shape(memory), memory_mask)
        return _back(super().forward(in_a_row(x), in_a_row(memory), view, across), x)


def in_a_row(x: Tensor) -> Tensor:
    """Put all tokens in one row, with some empty ones at its end (see `rounded`): b q m → 1 n m."""
    return rounded(x.flatten(0, 1)).unsqueeze(0)


def _back(rows: Tensor, like: Tensor) -> Tensor:
    """Undo `in_a_row`: 1 n m → b q m."""
    batch, length = _shape(like)
    return rows[0, : batch * length].view(batch, length, -1)


def _shape(x: Tensor) -> tuple[int, int]:
    return x.shape[0], x.shape[1]


def _watched(stack: nn.Module) -> bool:
    return any(getattr(module, "tap", None) is not None for module in stack.modules())


class Attention(plain.Attention):
    """Attention with its gradient written out (attention.py)."""

    def forward(self, x: Tensor, source: Tensor, mask: Any, past: Past | None = None) -> Tensor:
        """Attend. x: b q m · source: b k m · mask: to b h q k, True where a query may look. Or rows, with a View."""
        if self.tap is not None or past is not None:
            return super().forward(x, source, mask, past)
        view = mask if isinstance(mask, View) else View(_shape(x), _shape(source), mask)
        mixed = attention(self.query(x), self.key(source), self.value(source), view, heads=self.heads, scale=self.scale)
        return self.output(mixed)


class Linear(nn.Linear):
    """nn.Linear, by the fastest kernel available (products.py)."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply: … i → … j."""
        return product(x, self.weight, self.bias)


class Residual(plain.Residual):
    """A sub-layer whose dropout and residual addition are one operation."""

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Compute x + Dropout(y): both b q m."""
        same = x.dtype is y.dtype
        return dropped(y, self.dropout.p, onto=x) if self.training and self.dropout.p and same else super().add(x, y)


TWINS: dict[type[nn.Module], type[nn.Module]] = {
    nn.Dropout: Dropout,
    nn.Linear: Linear,
    plain.Attention: Attention,
    plain.Residual: Residual,
    plain.Encoder: Encoder,
    plain.Decoder: Decoder,
}


def dropped(y: Tensor, p: float, onto: Tensor | None = None) -> Tensor:
    """Compute Dropout(y), or `onto` + Dropout(y), of the same shape and precision. p is rounded to 1/65,536."""
    apply: Any = _Dropped.apply
    result: Tensor = apply(onto, y, p)
    return result


class _Dropped(torch.autograd.Function):
    """Dropout by bits: `y & 0` is zero and `y & −1` is y, in a tenth of the time of a product.

    One draw of 64 bits decides for four numbers.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor | None, y: Tensor, p: float) -> Tensor:
        size, levels = y.numel(), min(round(p * LEVELS), LEVELS - 1)
        draws = torch.empty((size + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        draws = draws.view(torch.int16)[:size].view(y.shape)
        keep = torch.ge(draws, levels - LEVELS // 2, out=torch.empty_like(draws)).neg_().to(INTEGERS[y.element_size()])
        ctx.save_for_backward(keep)
        ctx.scale = LEVELS / (LEVELS - levels)
        rest = _masked(y, keep)
        return rest.mul_(ctx.scale) if x is None else torch.add(x, rest, alpha=ctx.scale, out=rest)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None]:
        (keep,) = ctx.saved_tensors
        gradient = gradients[0]
        return gradient if ctx.needs_input_grad[0] else None, _masked(gradient, keep).mul_(ctx.scale), None


def _masked(x: Tensor, keep: Tensor) -> Tensor:
    return (x.contiguous().view(keep.dtype) & keep).view(x.dtype)
