"""Frozen dataclasses as JSON values and back. Reading trusts nothing: every value is checked against its field's type.

Known types: str, int, float, bool, Any, Literal, a union with None, tuple, Mapping of names, and dataclasses of these.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from glasshead.errors import brief

LONGEST = 100_000
"""Characters of the longest text."""


class OddError(ValueError):
    """A value that is not of its field's type: where it stands, and what it should be."""


def write(value: Any) -> Any:
    """Return a value as JSON has it: dataclasses and mappings as objects, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: write(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): write(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [write(each) for each in value]
    return value


def read(kind: Any, value: Any, where: str = "") -> Any:
    """Return the value of a type that a JSON value stands for. Raises OddError for any other value.

    A float may be written as a whole number. A field that is missing has its default; one without is an error, and so
    is a name that is no field's.
    """
    if is_dataclass(kind):
        return _read_fields(kind, value, where)
    origin, of = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is Literal:
        return value if value in of and isinstance(value, str) else _refuse(where, value, " or ".join(of))
    if origin in (Union, UnionType):
        return None if value is None else read(next(each for each in of if each is not NoneType), value, where)
    if origin is tuple:
        return _read_tuple(of, value, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            _refuse(where, value, "an object")
        return {_text(name, where): read(of[1], each, f"{where}.{name[:40]}") for name, each in value.items()}
    if kind is str:
        return _text(value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53:
        return float(value)
    if type(value) is not kind:
        _refuse(where, value, {bool: "true or false", int: "a whole number", float: "a number"}[kind])
    if kind is int and abs(value) >= 1 << 63:
        _refuse(where, value, "a whole number of at most 63 bits")
    return value


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_fields(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        _refuse(where, value, "an object")
    known = {field.name: field for field in fields(kind)}
    types, found = _types(kind), {}
    if foreign := next((name for name in value if name not in known), None):
        raise OddError(f"{_at(where, foreign[:40])} is not known")
    for name, field in known.items():
        if name in value:
            found[name] = read(types[name], value[name], _at(where, name))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise OddError(f"{_at(where, name)} is missing")
    return kind(**found)


def _read_tuple(of: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        _refuse(where, value, "a list")
    if len(of) == 2 and of[1] is Ellipsis:
        return tuple(read(of[0], each, f"{where}[{at}]") for at, each in enumerate(value))
    if len(value) != len(of):
        _refuse(where, value, f"a list of {len(of)}")
    return tuple(read(kind, each, f"{where}[{at}]") for at, (kind, each) in enumerate(zip(of, value, strict=True)))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        _refuse(where, value, f"a text of at most {LONGEST:,} characters")
    return str(value)


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _refuse(where: str, value: Any, wanted: str) -> None:
    raise OddError(f"{where} is {brief(value)}; it should be {wanted}")
