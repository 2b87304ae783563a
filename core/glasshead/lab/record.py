"""Results as JSON: written for a pipe or a notebook, and shipped where an experiment trains for minutes.

A result is a frozen dataclass of plain numbers, texts, tuples and more such dataclasses; `plain` takes it apart,
`restore` puts it together by the types of its fields.
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
    """A result that was made before, and how."""

    values: dict[str, Value]
    """The controls it was made with."""
    seconds: float
    made_on: str
    """Torch's version, the threads, the kind of processor."""
    result: Any


def plain(value: Any) -> Any:
    """A result as what JSON has, but for numbers that are not finite."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value


def strict(value: Any) -> Any:
    """`plain` with −∞, ∞ and NaN as the texts "-inf", "inf" and "nan", which JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [strict(each) for each in value]
    return {key: strict(each) for key, each in value.items()} if isinstance(value, dict) else value


def restore(kind: Any, value: Any) -> Any:
    """A value of a type, of what `strict(plain(…))` made of it."""
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
    """The class of a page's result."""
    module, _, name = page.result.partition(":")
    return getattr(import_module(module), name)


def dumps(page: Page, values: dict[str, Value], seconds: float, made_on: str, result: Any) -> str:
    """A result as the text that `shipped` reads, a pair of a few lines each."""
    content = {"experiment": page.name, "values": values, "seconds": round(seconds, 1), "made_on": made_on}
    return json.dumps({**content, "result": strict(plain(result))}, indent=1, allow_nan=False) + "\n"


def shipped(page: Page) -> Shipped | None:
    """The result that comes with the program, of an experiment that trains; None where there is none."""
    file = resources.files("glasshead.lab") / "results" / f"{page.name}.json"
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    result = restore(result_class(page), content["result"])
    return Shipped(values=content["values"], seconds=content["seconds"], made_on=content["made_on"], result=result)
