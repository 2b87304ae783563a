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
    mask: int | None = None
    """Id of the token that an encoder alone fills in."""


def marks_of(tokenizer: Any) -> Marks:
    """Find what a tokenizer adds to a text."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = next(place for place in range(len(whole) + 1) if whole[place : place + len(plain)] == plain)
    pad = tokenizer.pad_token_id
    return Marks(
        before=tuple(whole[:at]), after=tuple(whole[at + len(plain) :]), pad=0 if pad is None else pad,
        mask=tokenizer.mask_token_id,
    )  # fmt: skip


def begin_target(marks: Marks, module: Any) -> Marks:
    """Add the ids that the target of a model begins with."""
    start: list[int] = []
    for name in ("decoder_start_token_id", "forced_bos_token_id"):
        for config in (getattr(module, "generation_config", None), module.config):
            number = getattr(config, name, None)
            if isinstance(number, int):
                start.append(number)
                break
    return replace(marks, start=tuple(start))


def longest_line(config: Any) -> int | None:
    """Return how many positions a model has a place for; None where any number will do."""
    if hasattr(config, "relative_attention_num_buckets"):
        return None
    for name in ("n_positions", "max_position_embeddings"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found - (2 if config.model_type == "roberta" else 0)  # whose first positions are those of padding
    return None


def text_limit(config: Any, marks: Marks) -> int | None:
    """Return how many tokens a text may have; a model that goes on from it needs the room for one more."""
    longest = longest_line(config)
    if longest is None:
        return None
    more = 0 if marks.after or getattr(config, "is_encoder_decoder", False) else 1
    return longest - len(marks.before) - len(marks.after) - more
