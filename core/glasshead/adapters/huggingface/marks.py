"""Marks: the ids that a model sets around a text, found by asking its tokenizer, which knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glasshead.errors import GlassheadError, brief

AFTER_PADDING = frozenset(
    {"camembert", "data2vec-text", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"}
)
"""Types of models whose positions begin after that of the id of padding."""


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
    """Add the ids that the target of a model begins with, as `generate` does.

    Raises GlassheadError for an encoder–decoder that does not say it.
    """
    start = _named_id(module, "decoder_start_token_id")
    if module.config.is_encoder_decoder and start is None:
        start = _named_id(module, "bos_token_id")
        if start is None:
            raise GlassheadError(
                f"{type(module).__name__} does not say what its target begins with: its config.json needs a "
                "decoder_start_token_id or a bos_token_id."
            )
    ids = start, _named_id(module, "forced_bos_token_id")
    return replace(marks, start=tuple(number for number in ids if number is not None))


def _named_id(module: Any, name: str) -> int | None:
    """Return an id of the generation config, or of the model's own."""
    found = (getattr(config, name, None) for config in (getattr(module, "generation_config", None), module.config))
    return next((number for number in found if isinstance(number, int)), None)


def places_before(config: Any) -> int:
    """Count the places of positions that lie before that of the first token."""
    if config.model_type not in AFTER_PADDING:
        return 0
    return 1 + int(getattr(config, "pad_token_id", None) or 0)


def longest_line(config: Any) -> int | None:
    """Return how many positions a model has a place for; None where any number will do."""
    if hasattr(config, "relative_attention_num_buckets"):
        return None
    for name in ("n_positions", "max_position_embeddings", "max_target_positions"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found - places_before(config)
    return None


def text_limit(config: Any, marks: Marks) -> int | None:
    """Return how many tokens a text may have; a model that goes on from it needs the room for one more."""
    longest = longest_line(config)
    if longest is None:
        return None
    more = 0 if marks.after or getattr(config, "is_encoder_decoder", False) else 1
    return longest - len(marks.before) - len(marks.after) - more


def speech_start(generation: Any, detect: Callable[[Sequence[int]], int]) -> tuple[int, ...]:
    """Find what the text of a sound begins with: start, language, task, whether times are written.

    generation: the generation config of the model, which says all but a language that is to be detected · detect:
    chooses one of the ids of languages. Raises GlassheadError for a language or a task that the model does not know.
    """
    languages: Mapping[str, int] = getattr(generation, "lang_to_id", None) or {}
    tasks: Mapping[str, int] = getattr(generation, "task_to_id", None) or {}
    language, task = getattr(generation, "language", None), getattr(generation, "task", None)
    start: list[int | None] = [generation.decoder_start_token_id]
    if language is None and task is None:  # older models list the ids after the first, None where one is to be found
        start += [number for _, number in getattr(generation, "forced_decoder_ids", None) or ()]
    if language is not None:
        start[1:2] = [_named(f"<|{_code(str(language))}|>", languages, "language")]
    elif languages and (len(start) == 1 or start[1] is None):
        start[1:2] = [detect(sorted(languages.values()))]
    if task is not None:
        start = [number for number in start if number not in tasks.values()] + [_named(str(task), tasks, "task")]
    elif language is not None and "transcribe" in tasks:
        start.append(tasks["transcribe"])
    plain = getattr(generation, "no_timestamps_token_id", None)
    if plain is not None and not getattr(generation, "return_timestamps", False) and start[-1] != plain:
        start.append(plain)
    return tuple(number for number in start if number is not None)


def _named(name: str, known: Mapping[str, int], what: str) -> int:
    if name not in known:
        raise GlassheadError(
            f"The generation config of this model names the {what} {brief(name)}, which it does not know."
        )
    return known[name]


def _code(language: str) -> str:
    """Return the code of a language: `en` of `English`, `<|en|>` or `en`."""
    from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    name = language.lower().removeprefix("<|").removesuffix("|>")
    return str(TO_LANGUAGE_CODE.get(name, name))
