"""The grammar of edits: text ↔ Edit.

    SITE [AXIS=NUMBERS, …] = VALUE          put a value · SITE names values, `*` stands for anything
    SITE [AXIS=NUMBERS, …] *= NUMBER        multiply
    SITE [AXIS=NUMBERS, …] += NUMBER * ("a text" - "another text")

AXIS is `head`, `query`, `key` or `unit`; NUMBERS are single ones and ranges: `3`, `0 2`, `4-7`, `5-` (from 5 on).

VALUE   a number · NUMBER renormalised · uniform · mean · mean of ORIGIN · hidden · revealed · window N · unscaled ·
        swapped · skipped · at N · from ORIGIN · the name of another site
ORIGIN  "a text" · "a text" by "another model" · file "a recording" · line N · the line itself
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from math import isnan

from glasshead.edits.edit import (
    AXES,
    OPEN,
    Action,
    At,
    Copy,
    Edit,
    Hide,
    Mean,
    Narrow,
    Origin,
    Patch,
    Put,
    Reveal,
    Scale,
    Skip,
    Span,
    Spans,
    Steer,
    Swap,
    Uniform,
    Unscale,
    Weigh,
    Where,
)
from glasshead.errors import GlassheadError, brief

EXAMPLE = "decoder.1.cross.heads[head=3] = 0"
WORDS: Mapping[str, Action] = {
    "uniform": Uniform(),
    "hidden": Hide(),
    "revealed": Reveal(),
    "unscaled": Unscale(),
    "swapped": Swap(),
    "skipped": Skip(),
}
"""Values of one word."""
KNOWN = (*WORDS, "mean", "window", "at", "from", "renormalised")

_EDIT = re.compile(
    r"\s*(?P<site>(?:[\w.]|\*(?!=))+)\s*(?:\[(?P<where>[^\]]*)\])?\s*(?P<sign>\*=|\+=|×=|×|=)\s*(?P<value>.*\S)\s*$",
    re.DOTALL,
)
_TOKEN = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|([-+−]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf|∞))(?![\w.])|([\w.*]+)|(\S))""",
    re.DOTALL,
)
"""One word: a text in quotes, a number, a name, or a sign."""
_SPAN = re.compile(r"(\d{1,9})(?:-(\d{1,9})?)?$")


def parse(text: str) -> Edit:
    """Parse one edit. Raises GlassheadError, with the nearest words, for anything that the grammar does not have."""
    found = _EDIT.match(text)
    if found is None:
        raise GlassheadError(f"{brief(text)} is not an edit; one is written like {EXAMPLE}.")
    site, sign = found["site"], found["sign"]
    where = _where(found["where"] or "", text)
    words = _Words(found["value"], text)
    if sign == "=":
        action = _value(words)
    elif sign == "+=":
        action = _steer(words)
    else:
        action = Scale(words.number("a factor"))
    words.end()
    return Edit(site, where, action)


def as_edit(edit: Edit | str) -> Edit:
    """Return an edit; a text is parsed."""
    return parse(edit) if isinstance(edit, str) else edit


def parse_all(text: str) -> tuple[Edit, ...]:
    """Parse a file of edits: one a line; empty lines and what follows a `#` at the beginning of a line do not count.

    Raises GlassheadError, with the number of the line, for a line that is no edit.
    """
    edits = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                edits.append(parse(line))
            except GlassheadError as error:
                raise GlassheadError(f"Line {number}: {error}") from None
    return tuple(edits)


def _where(text: str, whole: str) -> Where:
    chosen: dict[str, Spans] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        axis, sign, numbers = (each.strip() for each in part.partition("="))
        if axis not in AXES or not sign:
            close = get_close_matches(axis, AXES, n=1, cutoff=0.4)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise GlassheadError(f"{brief(part)} in {brief(whole)}: write head, query, key or unit = numbers.{hint}")
        if axis in chosen:
            raise GlassheadError(f"{axis} is said twice in {brief(whole)}; write its numbers in one place: {axis}=0 2.")
        chosen[axis] = _spans(numbers, axis)
    return Where(**chosen)


def _spans(text: str, axis: str) -> Spans:
    spans = []
    for part in re.sub(r"(?<=\d)\s+-\s*(?=\d)", "-", text).split():
        found = _SPAN.match(part)
        if found is None:
            break
        first, last = int(found[1]), int(found[2] or (OPEN if "-" in part else found[1]))
        if last < first:
            raise GlassheadError(f"{axis}={part} goes from {first} down to {last}; write the smaller number first.")
        spans.append(Span(first, last))
    else:
        if spans:
            return tuple(sorted(set(spans)))
    raise GlassheadError(
        f"{axis}={brief(text)} is no choice of numbers; write single ones and ranges: 3, 0 2, 4-7, 5-."
    )


class _Words:
    """The words of a value, one after the other."""

    def __init__(self, text: str, whole: str) -> None:
        self._whole, self._left = whole, list(_words(text))

    @property
    def next(self) -> tuple[str, str]:
        """Kind and text of the next word; two empty texts at the end."""
        return self._left[0] if self._left else ("", "")

    def take(self, *wanted: str) -> str | None:
        """Take the next word if it is one of these, as they are written."""
        kind, text = self.next
        if kind in ("word", "sign") and text in wanted:
            self._left.pop(0)
            return text
        return None

    def pop(self, kind: str, what: str) -> str:
        """Take the next word, which must be of this kind."""
        found, text = self.next
        if found != kind:
            raise self.wanted(what)
        self._left.pop(0)
        return text

    def wanted(self, what: str) -> GlassheadError:
        """Say what should come next."""
        text = self.next[1]
        return GlassheadError(
            f"In {brief(self._whole)} must come {what}, {f'not {brief(text)}' if text else 'but it ends'}."
        )

    def number(self, what: str) -> float:
        """Take a number."""
        return _number(self.pop("number", what))

    def whole(self, what: str) -> int:
        """Take a whole number."""
        text = self.pop("number", what)
        if not text.isdecimal() or len(text) > 9:
            raise GlassheadError(f"In {brief(self._whole)} must come {what}, not {brief(text)}.")
        return int(text)

    def expect(self, sign: str) -> None:
        """Take one sign."""
        if self.take(sign) is None:
            raise self.wanted(f"the word {sign}" if sign.isalpha() else f"a {sign}")

    def end(self) -> None:
        """Ensure that nothing is left."""
        if self._left:
            raise GlassheadError(f"{brief(self.next[1])} is too much in {brief(self._whole)}: one edit has one value.")


def _words(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        assert found is not None, "every character is a sign at least"
        string, number, word, sign = found.groups()
        if string is not None:
            yield "text", re.sub(r"\\(.)", lambda mark: "\n" if mark[1] == "n" else mark[1], string, flags=re.DOTALL)
        elif number is not None:
            yield "number", number
        else:
            yield ("word", word) if word is not None else ("sign", sign)
        at = found.end()


def _number(text: str) -> float:
    number = float(text.replace("∞", "inf").replace("−", "-"))
    assert not isnan(number)
    return number


def _value(words: _Words) -> Action:
    kind, text = words.next
    if kind == "number":
        number = words.number("a number")
        return Weigh(number) if words.take("renormalised", "renormalized") else Put(number)
    if word := words.take(*WORDS):
        return WORDS[word]
    if words.take("mean"):
        return Mean(_origin(words)) if words.take("of") else Mean()
    if words.take("window"):
        return Narrow(words.whole("a number of positions"))
    if words.take("at"):
        return At(words.whole("a position"))
    if words.take("from"):
        return Patch(_origin(words))
    if kind == "word" and ("." in text or text.isidentifier()) and not get_close_matches(text, KNOWN, n=1, cutoff=0.75):
        return Copy(words.pop("word", "the name of a site"))
    close = get_close_matches(text, KNOWN, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known: a number, {', '.join(KNOWN[:-1])}, a site."
    raise GlassheadError(f"{brief(text)} is no value of an edit; {hint}")


def _steer(words: _Words) -> Steer:
    factor = 1.0
    if words.next[0] == "number":
        factor = words.number("a factor")
        if words.take("*", "×") is None:
            words.expect("*")
    words.expect("(")
    towards = _origin(words)
    if words.take("-", "−") is None:
        words.expect("-")
    away = _origin(words)
    words.expect(")")
    return Steer(factor, towards, away)


def _origin(words: _Words) -> Origin:
    if words.take("line"):
        return Origin(line=words.whole("the number of a line"))
    if words.take("the"):
        words.expect("line")
        words.expect("itself")
        return Origin()
    if words.take("file"):
        return Origin(path=words.pop("text", "the name of a file in quotes"))
    text = words.pop("text", 'a text in quotes, line N or file "…"')
    return Origin(text, words.pop("text", "the name of a model in quotes") if words.take("by") else None)
