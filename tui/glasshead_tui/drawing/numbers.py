"""Numbers as text, in one style: at most four decimals, no 0 before the point, `0` for exactly zero alone.

Short in a cell, longer in a readout, never wider than requested, and never misleading: what is too small for the
decimals is a power of ten where there is room for one, and `.00` in a narrow cell. Numbers in an order have as many
decimals as tell each from those beside it.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, isnan

SMALL = 5
"""Columns from which on a number too small for its decimals is a power of ten."""
DECIMALS = 4
MOST = 8
"""Decimals that tell any two weights of almost 1 apart: they are float32."""


def weight(value: float, room: int = 5) -> str:
    """Write a number of 0 … 1 in at most `room` (3 …) columns: .81, .810, 1.00, 3e-7."""
    return real(value, room)


def drawn_with(probability: float, *, cuts: bool) -> str:
    """Write the probability with which a token is drawn. cuts: whether tokens are cut off, which leaves them 0."""
    return "cut" if cuts and probability == 0 else weight(probability)


def real(value: float, room: int = 9) -> str:
    """Write any number in at most `room` (4 …) columns."""
    if isnan(value):
        return "nan"
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    for decimals in range(DECIMALS, -1, -1):
        shown = _fixed(value, decimals)
        if len(shown) <= room:
            break
    fits, counts = len(shown) <= room, bool(shown.strip("−0."))
    if fits and (counts or room < SMALL):
        return shown
    for digits in (2, 1, 0) if abs(value) >= 1 else (1, 0):
        power = f"{value:.{digits}e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
        if len(power) <= room:
            return _signed(power)
    if fits:
        return shown
    return ("−" if value < 0 else "") + "▲" * 2  # too large for the cell: the readout has it


def told_apart(values: Sequence[float], room: int = 9) -> list[str]:
    """Write sorted numbers, each with the decimals that tell it from its neighbours, in at most `room` columns.

    Equal numbers stay equal, and so do those that the room cannot tell apart.
    """
    apart = list(dict.fromkeys(values))
    gaps = [0, *(_decimals_between(*pair) for pair in pairwise(apart)), 0]
    shown = {}
    for at, value in enumerate(apart):
        wanted = range(max(gaps[at : at + 2]), DECIMALS, -1)
        longer = (_fixed(value, decimals) for decimals in wanted)
        shown[value] = next((text for text in longer if len(text) <= room), real(value, room))
    return [shown[value] for value in values]


def _decimals_between(one: float, other: float) -> int:
    """Count the decimals at which two numbers are written differently."""
    return next((each for each in range(DECIMALS, MOST) if _fixed(one, each) != _fixed(other, each)), MOST)


def error(value: float) -> str:
    """Write a measured error in one digit: 3e-7."""
    if value == 0 or not isfinite(value):
        return real(value, 4) if value else "0"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")


def _fixed(value: float, decimals: int) -> str:
    """Write a number with so many decimals, and no 0 before the point."""
    shown = _signed(f"{value:.{decimals}f}")
    return shown.replace("0.", ".", 1) if decimals and shown.lstrip("−").startswith("0.") else shown


def _signed(shown: str) -> str:
    """Use a minus as wide as a digit, and no sign on a zero."""
    if shown.startswith("-") and not shown.strip("-0."):
        shown = shown[1:]
    return shown.replace("-", "−", 1) if shown.startswith("-") else shown
