"""The tokens with which a model of several languages is told which one to write."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glasshead.adapters.huggingface.marks import Marks
from glasshead.errors import GlassheadError, nearest

IN_SOURCE = re.compile(r">>(.+)<<")
"""Language tokens of Marian, which stand before the source."""
IN_TARGET = tuple(
    re.compile(shape)
    for shape in (r"__([a-z]{2,3})__", r"<\|([a-z]{2,3})\|>", r"([a-z]{2,3}_[A-Z][A-Za-z]{1,3})", r"<2([a-z]{2,3})>")
)
"""Language tokens of M2M100, Whisper, mBART and NLLB, and others, with which the target begins."""


def languages(tokenizer: Any) -> dict[str, int]:
    """Map the languages that a tokenizer has tokens for to the ids of those; empty for one without."""
    known = getattr(tokenizer, "lang_code_to_id", None)
    if isinstance(known, Mapping):
        return {str(code): int(number) for code, number in known.items()}
    names = [*getattr(tokenizer, "supported_language_codes", ()), *tokenizer.all_special_tokens]
    shapes = (IN_SOURCE, *IN_TARGET)
    found = ((shape.fullmatch(str(name)), str(name)) for name in names for shape in shapes)
    return {match[1]: int(tokenizer.convert_tokens_to_ids(name)) for match, name in found if match}


def find_language(tokenizer: Any, wanted: str, what: str) -> tuple[str, int]:
    """Find a language by its code, `fr`, or by the part of it that names the language: `fr` for `fr_XX`.

    what: of the model, for the sentence. Raises GlassheadError, with the nearest, for a language that is not there.
    """
    known = languages(tokenizer)
    if not known:
        raise GlassheadError(
            f"{what} has no tokens for languages. If words of the text choose its language, write them into the text."
        )
    match = [code for code in known if code == wanted] or [code for code in known if code.split("_")[0] == wanted]
    if len(match) == 1:
        return match[0], known[match[0]]
    hint = f"It could be {' or '.join(match)}." if match else nearest(wanted, sorted(known), what="language")
    raise GlassheadError(f"{what} has no language {wanted!r}. {hint}")


def turn_to(marks: Marks, tokenizer: Any, wanted: str, what: str) -> Marks:
    """Put the token of a language where the model expects it: before the source, or at the beginning of the target."""
    _, number = find_language(tokenizer, wanted, what)
    if IN_SOURCE.fullmatch(str(tokenizer.convert_ids_to_tokens(number))):
        return replace(marks, before=(number, *marks.before))
    others = set(languages(tokenizer).values())
    if others.isdisjoint(marks.start):
        return replace(marks, start=(*marks.start, number))
    return replace(marks, start=tuple(number if each in others else each for each in marks.start))


def read_from(tokenizer: Any, wanted: str, what: str) -> None:
    """Tell a tokenizer the language of the texts. Raises GlassheadError for one that does not want to know."""
    if not hasattr(tokenizer, "src_lang"):
        raise GlassheadError(f"{what} does not ask for the language of the text: leave out --from.")
    tokenizer.src_lang = find_language(tokenizer, wanted, what)[0]
