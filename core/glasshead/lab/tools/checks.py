"""Checks of an experiment's arguments, before any computation. A mistake is reported in a sentence."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from glasshead.errors import GlassheadError

SEEDS = 2**32 - 1
"""The largest seed."""


def whole(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """Check that a value is a whole number within inclusive bounds. Raises GlassheadError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise GlassheadError(f"{name} is {value!r}; it must be a whole number.")
    _within(name, value, least, most)
    return value


def real(name: str, value: Any, *, least: float | None = None, most: float | None = None) -> float:
    """Check that a value is a finite number within inclusive bounds. Raises GlassheadError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise GlassheadError(f"{name} is {value!r}; it must be a number.")
    _within(name, value, least, most)
    return float(value)


def one_of(name: str, value: Any, known: Sequence[Any]) -> Any:
    """Check that a value is one of the known values. Raises GlassheadError otherwise."""
    if value not in known:
        raise GlassheadError(f"{name} is {value!r}; it is one of {', '.join(map(str, known))}.")
    return value


def seed(value: Any) -> int:
    """Check a seed, 0 … 2³² − 1: the range that every generator takes, with room for further seeds counted from it.

    Raises GlassheadError for anything else.
    """
    return whole("seed", value, least=0, most=SEEDS)


def _within(name: str, value: float, least: float | None, most: float | None) -> None:
    if least is not None and value < least:
        raise GlassheadError(f"{name} is {value:,}; it must be at least {least:,}.")
    if most is not None and value > most:
        raise GlassheadError(f"{name} is {value:,}; it must be at most {most:,}.")
