"""Results as JSON: for a pipe or a notebook, and for the results that ship with the program.

A result is a frozen dataclass of plain numbers, texts, tuples and more such dataclasses. `plain` takes it apart,
`restore` rebuilds it from the types of its fields.
"""

import json
import math
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module, resources
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from glasshead.lab.page import Page, Value


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A result that was computed earlier, and its conditions."""

    values: dict[str, Value]
    """Controls of the run."""
    seconds: float
    made_on: str
    """Version of torch, number of threads, kind of processor."""
    result: Any


def plain(value: Any) -> Any:
    """Convert a result to JSON's types. Numbers that are not finite stay floats."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value


def strict(value: Any) -> Any:
    """Replace −∞, ∞ and NaN in the output of `plain` by the texts "-inf", "inf" and "nan", which JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [strict(each) for each in value]
    return {key: strict(each) for key, each in value.items()} if isinstance(value, dict) else value


def restore(kind: Any, value: Any) -> Any:
    """Rebuild a value of a type from the output of `strict(plain(…))`."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return restore(next(each for each in get_args(kind) if each is not NoneType), value)
    if origin is tuple:
        kinds = get_args(kind)
        if len(kinds) == 2 and kinds[1] is Ellipsis:
            return tuple(restore(kinds[0], each) for each in value)
        return tuple(restore(each, entry) for each, entry in zip(kinds, value, strict=True))
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{each.name: restore(hints[each.name], value[each.name]) for each in fields(kind)})
    return float(value) if kind is float else value


def result_class(page: Page) -> Any:
    """Import the class of a page's result."""
    module, _, name = page.result.partition(":")
    return getattr(import_module(module), name)


def dumps(page: Page, values: dict[str, Value], seconds: float, made_on: str, result: Any) -> str:
    """Write a result as the text that `shipped` reads."""
    content = {"experiment": page.name, "values": values, "seconds": round(seconds, 1), "made_on": made_on}
    return json.dumps({**content, "result": strict(plain(result))}, indent=1, allow_nan=False) + "\n"


def shipped(page: Page) -> Shipped | None:
    """Read the result that ships with the program; None if the experiment has none."""
    file = resources.files("glasshead.lab") / "results" / f"{page.name}.json"
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    result = restore(result_class(page), content["result"])
    return Shipped(values=content["values"], seconds=content["seconds"], made_on=content["made_on"], result=result)
