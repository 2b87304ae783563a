"""Numbers as text, in one style: at most four decimals, no 0 before the point, `0` for exactly zero alone.

Short in a cell, longer in a readout, never wider than requested, and never misleading: what is too small for the
decimals is a power of ten where there is room for one, and `.00` in a narrow cell.
"""

from math import isfinite, isnan

SMALL = 5
"""Columns from which on a number too small for its decimals is a power of ten."""


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
    for decimals in range(4, -1, -1):
        shown = _signed(f"{value:.{decimals}f}")
        if decimals and shown.lstrip("−").startswith("0."):
            shown = shown.replace("0.", ".", 1)
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


def error(value: float) -> str:
    """Write a measured error in one digit: 3e-7."""
    if value == 0 or not isfinite(value):
        return real(value, 4) if value else "0"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")


def _signed(shown: str) -> str:
    """Use a minus as wide as a digit, and no sign on a zero."""
    if shown.startswith("-") and not shown.strip("-0."):
        shown = shown[1:]
    return shown.replace("-", "−", 1) if shown.startswith("-") else shown
