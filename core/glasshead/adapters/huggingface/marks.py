"""Marks: the ids that a model sets around a text, found by asking its tokenizer, which knows."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The ids around a text."""

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    start: tuple[int, ...] = ()
    """Ids that the target of an encoder–decoder begins with."""
    pad: int = 0


def marks_of(tokenizer: Any, module: Any = None) -> Marks:
    """Find what a tokenizer adds to a text; with the model, also what its target begins with."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = next(place for place in range(len(whole) + 1) if whole[place : place + len(plain)] == plain)
    pad = tokenizer.pad_token_id
    found = Marks(before=tuple(whole[:at]), after=tuple(whole[at + len(plain) :]), pad=0 if pad is None else pad)
    if module is None:
        return found
    start: list[int] = []
    for name in ("decoder_start_token_id", "forced_bos_token_id"):
        for config in (getattr(module, "generation_config", None), module.config):
            number = getattr(config, name, None)
            if isinstance(number, int):
                start.append(number)
                break
    return replace(found, start=tuple(start))
