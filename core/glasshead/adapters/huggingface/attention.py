"""Our `attend` as an attention of Hugging Face, and its mask, under one name in both of its registries.

A name registered without a mask of the same name would get no mask at all, silently. The mask is always a real one,
boolean, True where a query may look, so that every view can show it. Only a model whose other parts read the mask gets
it in the form that these ask for: 0 where a query may look.
"""

from dataclasses import dataclass, fields
from typing import Any
from weakref import WeakSet, ref

import torch
from torch import Tensor, nn

from glasshead.adapters.huggingface.families import UNSHOWN
from glasshead.attend import attend
from glasshead.errors import GlassheadError
from glasshead.tap import go_on

NAME = "glasshead"
ADDED = ("nllb-moe",)
"""Types of models that read a mask not only in their attention: a router of experts takes its zeros for tokens, and all
else for padding."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of an attention: what of its arithmetic its module alone knows, and shows by calling it."""

    heads: int
    key_heads: int
    width: int
    """Numbers of a query and a key."""
    scale: float
    cap: float | None
    biased: bool
    window: int | None
    """Positions that a query may look back on, its own included."""
    causal: bool
    """Whether its mask hides later keys."""
    times: int
    """How often the module was called in one pass."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Call(Form):
    """One call of an attention: its form and its numbers."""

    q: Tensor
    """b h q d"""
    k: Tensor
    """b h k d"""
    out: Tensor
    """What it gave: b q (h d)."""

    @property
    def queries(self) -> int:
        """Number of queries."""
        return self.q.shape[2]

    @property
    def keys(self) -> int:
        """Number of keys."""
        return self.k.shape[2]

    @property
    def form(self) -> Form:
        """Its form, without its numbers."""
        return Form(**{each.name: getattr(self, each.name) for each in fields(Form)})


calls: dict[nn.Module, Call] | None = None
"""While a model is examined: the call of every module; otherwise None."""
unbiased: WeakSet[nn.Module] = WeakSet()
"""Modules of examined models that add no position bias, or, as T5 in its encoder–decoder attention, zeros."""


def register() -> None:
    """Make the attention known to Hugging Face. It is used by a model only while it is watched."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, mask)


def mask(*given: Any, **more: Any) -> Tensor | None:
    """Make the boolean mask, b 1 q k, even where it hides nothing; or one that is 0 where a query may look."""
    from transformers.masking_utils import eager_mask, sdpa_mask

    make = eager_mask if getattr(more.get("config"), "model_type", "") in ADDED else sdpa_mask
    return make(*given, **{**more, "allow_is_causal_skip": False, "allow_is_bidirectional_skip": False})


_judged: tuple["ref[Tensor]", bool] | None = None
"""The mask that was looked at last, which all layers of a pass share, and whether it hides nothing."""


def _hides_nothing(mask: Tensor) -> bool:
    """Tell whether every query may look at every key: then attention is faster without a mask."""
    global _judged
    if _judged is None or _judged[0]() is not mask:
        _judged = ref(mask), bool(mask.all())
    return _judged[1]


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
    sliding_window: int | None = None,
    s_aux: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Compute an attention as Hugging Face asks for it: b h q d, b g k d, b g k d → b q h d."""
    go_on()
    if s_aux is not None:
        raise GlassheadError(f"{type(module).__name__} {UNSHOWN['gpt_oss']}.")
    scale = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    if attention_mask is not None and _adds(module):
        attention_mask = attention_mask == 0
    if attention_mask is not None and attention_mask.dtype is not torch.bool:
        raise GlassheadError(f"{type(module).__name__} adds its mask to the scores instead of giving it as a mask.")
    if attention_mask is not None:
        attention_mask = None if _hides_nothing(attention_mask) else attention_mask[..., : key.shape[-2]]
    biased = position_bias is not None and bool(position_bias.any()) if calls is not None else False
    if module in unbiased:
        position_bias = None
    heads = attend(
        query, key, value, attention_mask,
        scale=scale, bias=position_bias, cap=softcap, dropout=dropout, tap=module.__dict__.get("tap"),
    )  # fmt: skip
    found = heads.transpose(1, 2).contiguous()
    if calls is not None:
        calls[module] = Call(
            heads=query.shape[1], key_heads=key.shape[1], width=query.shape[-1], scale=scale, cap=softcap,
            biased=biased, window=sliding_window, causal=_hides_later(attention_mask, query, key),
            times=1 + (calls[module].times if module in calls else 0), q=query, k=key, out=found.flatten(2),
        )  # fmt: skip
    return found, None


def _adds(module: nn.Module) -> bool:
    """Tell whether a module belongs to a model of `ADDED`."""
    return getattr(getattr(module, "config", None), "model_type", "") in ADDED


def _hides_later(mask: Tensor | None, query: Tensor, key: Tensor) -> bool:
    """Tell whether a mask hides every later key from every query, of the same tokens."""
    square = query.shape[2] == key.shape[2] > 1
    return square and mask is not None and not bool(mask.triu(1).any())
