"""Numbers as text: short in a cell, longer in a readout, never wider than requested, and never misleading."""

from math import isfinite, isnan


def weight(value: float, room: int = 5) -> str:
    """Write a number of 0 … 1 in at most `room` (3 …) columns: .81, .810, 1.00; `0` is exactly zero.

    A number too small for any digit is `.00` in a narrow room and 3e-7 in a wider one.
    """
    if not isfinite(value):
        return real(value, room)
    if value == 0:
        return "0"
    shown = f"{value:.{room - 1}f}"
    if room >= 5 and float(shown) == 0 and len(small := error(value)) <= room:
        return small
    return shown[1:] if shown[0] == "0" else shown[:room]


def real(value: float, room: int = 9) -> str:
    """Write any number in at most `room` (4 …) columns, with at most four decimals."""
    if isnan(value):
        return "nan"
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    for decimals in range(4, -1, -1):
        shown = f"{value:.{decimals}f}"
        if len(shown) > room and abs(value) < 1:
            shown = shown.replace("0.", ".", 1)
        if len(shown) <= room:
            return _signed(shown)
    for digits in (2, 1, 0):
        shown = f"{value:.{digits}e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
        if len(shown) <= room:
            return _signed(shown)
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
