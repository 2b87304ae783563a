"""JSON for every parser. The standard has no −∞, ∞ or NaN: they become the strings "-inf", "inf" and "nan".

All but ASCII is written as \\uXXXX, so that no token can control the terminal, and none is altered.
"""

import json
from math import isfinite
from typing import Any


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Write a value as strict JSON."""
    return json.dumps(finite(value), indent=indent, allow_nan=False)


def finite(value: Any) -> Any:
    """Replace every number that JSON lacks by a string."""
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return value
