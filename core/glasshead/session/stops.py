"""Stops: breakpoints of a decode as frozen values, their grammar, and the list of them. Strings only, no torch.

entropy > 2                                       bits, of the distribution that the next token is picked from
best < 0.5                                        the largest probability in it
token = chat                                      the newest token, as the screen names it
decoder.2.cross[head=3] looks at cat > 0.6        a weight of the newest row on a token, of one head or of any
2.cross.3 looks at cat > 0.6                      the same in short
choice differs                                    the newest token is not the one of the unedited line
"""

import re
from dataclasses import dataclass
from typing import Literal

from glasshead.anatomy import Anatomy
from glasshead.errors import GlassheadError, brief, nearest
from glasshead.site import attention
from glasshead.switches import Switches

Sign = Literal["<", ">"]
EXAMPLES = ("entropy > 2", "best < 0.5", "token = chat", "2.cross.3 looks at cat > 0.6", "choice differs")
KNOWN = ["entropy", "best", "token", "looks at", "choice differs"]

_WORD = re.compile(r"\s*(\S+)\s*(.*?)\s*$", re.DOTALL)
_BOUND = re.compile(r"\s*([<>])\s*(\d+\.?\d*|\.\d+)(?:\s*bits)?\s*$")
_LOOKS = re.compile(r"\s*(?P<place>\S.*?)\s+looks\s+at\s+(?P<text>\S.*?)(?P<bound>\s*[<>]\s*[\d.]+\s*)$", re.DOTALL)
_PLACE = re.compile(r"(?:(?P<stack>\w+)\.)?(?P<layer>\d{1,6})\.(?P<kind>\w+)(?:\.(?P<head>\d{1,6}))?$")
_HEAD = re.compile(r"\s*\[\s*head\s*=\s*(\d{1,6})\s*\]$")


@dataclass(frozen=True)
class Measured:
    """Stops where the entropy of the next token, or the largest probability, is on one side of a bound."""

    what: Literal["entropy", "best"]
    sign: Sign
    bound: float

    def __str__(self) -> str:
        return f"{self.what} {self.sign} {_number(self.bound)}"


@dataclass(frozen=True)
class Written:
    """Stops where the newest token is this one."""

    text: str

    def __str__(self) -> str:
        return f"token = {_quoted(self.text)}"


@dataclass(frozen=True)
class Looks:
    """Stops where the newest row of an attention has a weight on one side of a bound, on a token."""

    prefix: str
    """Attention, e.g. `decoder.2.cross`."""
    head: int | None
    """None for any."""
    text: str
    sign: Sign
    bound: float

    def __str__(self) -> str:
        head = "" if self.head is None else f"[head={self.head}]"
        return f"{self.prefix}{head} looks at {_quoted(self.text)} {self.sign} {_number(self.bound)}"

    @property
    def site(self) -> str:
        """Site of the weights."""
        return f"{self.prefix}.weights"


@dataclass(frozen=True)
class Differs:
    """Stops where the newest token is the first that is not the one of the unedited line."""

    def __str__(self) -> str:
        return "choice differs"


Stop = Measured | Written | Looks | Differs


def parse_stop(text: str) -> Stop:
    """Parse one breakpoint. Raises GlassheadError, with the nearest words, for a text that is none."""
    if found := _LOOKS.match(text):
        prefix, head = _parse_place(found["place"], text)
        sign, bound = _parse_bound(found["bound"], text, "a weight", 1.0)
        return Looks(prefix, head, _unquoted(found["text"]), sign, bound)
    words = _WORD.match(text)
    if words is None:
        raise GlassheadError(f"A breakpoint is written like {', '.join(EXAMPLES)}.")
    first, rest = words[1], words[2]
    name = re.match(r"[^<>=]*", first)
    assert name is not None, "it may be empty"
    first, rest = name[0], (first[name.end() :] + " " + rest).strip()
    if first == "entropy":
        return Measured("entropy", *_parse_bound(rest, text, "an entropy in bits", None))
    if first == "best":
        return Measured("best", *_parse_bound(rest, text, "a probability", 1.0))
    if first == "token":
        if not rest.startswith("=") or not rest[1:].strip():
            raise GlassheadError(f"{brief(text)}: which token? Write token = chat.")
        return Written(_unquoted(rest[1:].strip()))
    if first == "choice" and rest == "differs":
        return Differs()
    if _PLACE.match(first) or "looks" in rest.split():
        raise GlassheadError(f"{brief(text)}: write the token and the weight, like 2.cross.3 looks at cat > 0.6.")
    hint = nearest(first, KNOWN, what="breakpoint")
    raise GlassheadError(f"{brief(text)} is no breakpoint. {hint} One is written like {EXAMPLES[0]}.")


def check_stop(stop: Stop, anatomy: Anatomy) -> None:
    """Raise GlassheadError for a breakpoint at a place that a model does not have."""
    if not any(kind.queries == "target" for kind in anatomy.kinds):
        raise GlassheadError("This model reads, and writes no text: there are no steps to stop at.")
    if not isinstance(stop, Looks):
        return
    stack, layer, part = stop.prefix.split(".")
    if stack == "encoder":
        raise GlassheadError(f"{stop}: the encoder reads the source before the first step; nothing there changes.")
    kind = anatomy.kind(stack, part)
    if int(layer) >= kind.layers:
        raise GlassheadError(f"{stop}: there is no layer {layer}; the {stack}'s count from 0 to {kind.layers - 1}.")
    if stop.head is not None and stop.head >= kind.heads:
        raise GlassheadError(f"{stop}: there is no head {stop.head}; they count from 0 to {kind.heads - 1}.")


class Stops(Switches[Stop]):
    """The breakpoints of a session in their order, each on or off."""

    NAME = "breakpoint"


NO_STOPS = Stops()


def _parse_bound(text: str, whole: str, what: str, most: float | None) -> tuple[Sign, float]:
    found = _BOUND.match(text)
    if found is None or (most is not None and "bits" in text):
        raise GlassheadError(f"{brief(whole)}: write > or < and {what}, like {EXAMPLES[0 if most is None else 1]}.")
    bound = float(found[2])
    if most is not None and bound > most:
        raise GlassheadError(f"{brief(whole)}: {found[2]} is not {what}; that is from 0 to {most:g}.")
    return ">" if found[1] == ">" else "<", bound


def _parse_place(text: str, whole: str) -> tuple[str, int | None]:
    """Parse an attention, and its head if one is named."""
    bracket = _HEAD.search(text)
    found = _PLACE.match(text[: bracket.start()] if bracket else text)
    if found is None or (bracket and found["head"]):
        raise GlassheadError(f"{brief(whole)}: name an attention like decoder.2.cross[head=3], or 2.cross.3 in short.")
    head = bracket[1] if bracket else found["head"]
    known = {"stack": ["decoder", "encoder"], "kind": ["self", "cross"]}
    for part, names in known.items():
        given = found[part]
        if given is not None and given not in names:
            raise GlassheadError(f"{brief(whole)}: {given!r} is no {part}. {nearest(given, names, what=part)}")
    place = attention(found["stack"] or "decoder", int(found["layer"]), found["kind"])
    return place, None if head is None else int(head)


def parse_head(text: str) -> tuple[str, int]:
    """Parse one head, `decoder.2.cross[head=3]` or `2.cross.3`. Raises GlassheadError for any other text."""
    place, head = _parse_place(text, text)
    if head is None:
        raise GlassheadError(f"{brief(text)}: which head? Write decoder.2.cross[head=3], or 2.cross.3 in short.")
    return place, head


def name_head(prefix: str, head: int) -> str:
    """Write a head as `parse_head` reads it."""
    return f"{prefix}[head={head}]"


def check_head(prefix: str, head: int, anatomy: Anatomy) -> None:
    """Raise GlassheadError for a head that a model does not have."""
    stack, layer, part = prefix.split(".")
    kind = anatomy.kind(stack, part)
    for what, number, count in (("layer", int(layer), kind.layers), ("head", head, kind.heads)):
        if number >= count:
            raise GlassheadError(f"There is no {what} {number}: the {stack}'s count from 0 to {count - 1}.")


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _quoted(text: str) -> str:
    return f'"{text}"' if text != text.strip() or text[:1] == '"' else text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
