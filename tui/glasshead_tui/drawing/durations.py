"""Durations, shares and amounts as a person reads them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def reached(peak: float) -> str:
    """Name the reference of a utilisation."""
    return f"{operations(peak)} that a large matrix product reaches here"


def number(value: float) -> str:
    """Write a perplexity in few characters: `3.12`, `41.7`, `1,234`, `2.1e+09`."""
    if value < 10:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}" if value < 1e7 else f"{value:.1e}"


def percent(share: float, digits: int = 1) -> str:
    """Write a share from 0 to 1 in percent: `24.0 %`."""
    return f"{100 * share:.{digits}f} %"


def operations(rate: float) -> str:
    """Write a number of operations a second: `210 GFLOP/s`, `1.2 TFLOP/s`."""
    size, name = next((each for each in ((1e15, "P"), (1e12, "T")) if rate >= each[0]), (1e9, "G"))
    return f"{rate / size:.{0 if rate >= 10 * size else 1}f} {name}FLOP/s"


def clocked(seconds: float) -> str:
    """Write a time like a clock: `4:05`, `1:02:03`, `2 d 03:04`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02}:{minutes:02}"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def silence(seconds: float) -> str:
    """Write the time since the last sign of life: `42 s`, `4 min`, `3 h 5 min`, `3 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24:,} d {hours % 24} h"
