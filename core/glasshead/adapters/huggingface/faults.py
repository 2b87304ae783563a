"""Faults: what of a model is not shown, because it did not pass the check, and how the header says so. No torch."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from glasshead.named import name_kind
from glasshead.site import NORMS

Problem = Literal["norm", "out", "sum", "scale", "rotation", "left", "silent", "uneven", "repeated", "units", "experts"]
PROBLEMS: frozenset[str] = frozenset(get_args(Problem))


class Fault(NamedTuple):
    """One thing that did not pass."""

    problem: Problem
    site: str
    """Prefix of its place; of a kind of attention its stack and kind, `decoder.self`."""
    amount: float = 1.0
    """The scale, of an embedding that is scaled before it is added to the others."""


def hidden(faults: Iterable[Fault], known: Iterable[str]) -> frozenset[str]:
    """List the sites that faults hide."""
    found: set[str] = set()
    names = list(known)
    for problem, site, _ in faults:
        if problem == "norm":
            found |= {name for name in names if name.startswith(f"{norm_prefix(site)}.")}
        elif problem == "out":
            found.add(f"{site}.out")
        elif problem == "sum":
            found |= {f"{site}.{name}" for name in ("embed", "position", "segment")}
        elif problem == "rotation":
            found |= {f"{site}.{name}_unrotated" for name in "qk"}
        elif problem in ("units", "experts"):
            found |= {f"{site}.{name}" for name in ("hidden", "gate", "up", "active", "out")}
        elif problem in ("silent", "uneven", "repeated"):
            stack, _, kind = site.partition(".")
            found |= {name for name in names if name.startswith(f"{stack}.") and name.split(".")[2:3] == [kind]}
    return frozenset(found).intersection(names)


def norm_prefix(site: str) -> str:
    """Return the prefix of a norm's values; one after a sub-layer's output is at `decoder.0.self.after`."""
    place = site.removesuffix(".after")
    return f"{place}.{NORMS[place != site]}"


def remarks(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Say what is not shown, and why, for the header."""
    found: list[str] = []

    def number(problem: Problem) -> int:
        return len({fault.site for fault in faults if fault.problem == problem})

    if count := number("norm"):
        are = "they are" if count > 1 else "it is"
        found.append(f"{_count(count, 'norm')} not shown: {are} neither LayerNorm nor RMSNorm")
    if count := number("out"):
        found.append(f"output of {_count(count, 'attention')} not shown: it is not the heads through a projection")
    if count := number("rotation"):
        found.append(f"q and k before the rotation not shown in {_count(count, 'attention')}: they do not give q and k")
    if count := number("experts"):
        found.append(f"experts of {_count(count, 'layer')} not shown")
    if count := number("units"):
        found.append(f"units of {_count(count, 'feed-forward layer')} not shown: another form")
    for problem, site, amount in faults:
        if problem == "sum":
            found.append(f"the parts of {site}.sum not shown: they do not add up to it")
        elif problem == "scale":
            found.append(f"{site}.embed is added × {amount:.4g}")
        elif problem == "left":
            found.append("a line padded at the left is read otherwise than alone")
        elif problem == "silent":
            found.append(f"{_attention(site)} not shown: some layers have none, or compute it by themselves")
        elif problem == "uneven":
            found.append(f"{_attention(site)} not shown: its layers differ in heads")
        elif problem == "repeated":
            found.append(f"{_attention(site)} not shown: one layer runs several times")
    return tuple(found)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _attention(site: str) -> str:
    stack, _, part = site.partition(".")
    return name_kind(stack, part, masked=False)
