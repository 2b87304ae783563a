"""Ticks of an axis: round numbers between two ends, as many as fit, each with a short label."""

from collections.abc import Iterator, Sequence
from math import ceil, floor, isfinite, log2, log10

LABEL = 5
"""Most columns of a tick's label; a longer one would be cut, and show another number."""
ENDS = 5
"""With fewer lines inside the frame, the y axis has its ends for ticks: round numbers would stand between rows."""
TELLING = 3
"""Least ticks of the y axis, if there are more lines."""
POWERS = 10
"""Powers of ten from which a logarithmic axis has ticks only at powers."""
NEAR = 1e-9
"""Relative distance from an end within which a tick counts as being at it."""
MAGNITUDES = 300
"""Largest power of ten with ticks on a logarithmic axis."""


def upwards(y: tuple[float, float], edge: float, lines: int, *, log: bool) -> Sequence[tuple[float, str]]:
    """Choose ticks of the y axis, at most one in a row: those nearest to the middle of their row."""
    if lines < ENDS:
        return [(at, label) for at in y if (label := _brief(10**at if log and abs(at) < MAGNITUDES else at))]
    best: list[tuple[float, str]] = []
    for most in range(max(3, lines * 2 // 5 + 1), lines + 1):
        rows: dict[int, tuple[float, tuple[float, str]]] = {}
        for tick in straight_ticks(y, most, log=log):
            place = (tick[0] - y[0] + edge) / (y[1] - y[0] + 2 * edge) * lines
            off = abs(place - int(place) - 0.5)
            if off < rows.get(int(place), (1.0, tick))[0]:
                rows[int(place)] = off, tick
        if len(rows) > len(best):
            best = [tick for _, tick in rows.values()]
        if len(best) >= TELLING:
            break
    return best


def _brief(value: float) -> str:
    """Write a number with three significant digits, or as many as fit; empty if none does."""
    for digits in (3, 2, 1):
        label = f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
        if len(label) <= LABEL:
            return label
    return ""


def straight_ticks(
    ends: tuple[float, float], most: int, *, log: bool, whole: bool = False
) -> Sequence[tuple[float, str]]:
    """Choose ticks between two ends; on a logarithmic axis the ends and the results are log10."""
    if not log:
        return axis(*ends, most, whole=whole)
    if max(map(abs, ends)) > MAGNITUDES:
        return ()
    found = axis(10 ** ends[0], 10 ** ends[1], most, log=True)
    return [(min(max(log10(at), ends[0]), ends[1]), label) for at, label in found]


def axis(low: float, high: float, most: int, *, log: bool = False, whole: bool = False) -> list[tuple[float, str]]:
    """Choose at most `most` round numbers between two ends, with labels of at most five columns if possible.

    whole: whole numbers only, on a linear axis · log: on a logarithmic axis, between positive numbers: powers of 2 if
    both ends are such, else 1-2-5 or powers of 10; round numbers if there is none of these.
    """
    if not log:
        return ticks(low, high, most, whole=whole)
    if not (isfinite(low) and isfinite(high) and high > low > 0 and most > 0):
        return []
    tries = [_within(_twos(low, high, most), low, high)]
    if high / low < 10:
        tries.append(ticks(low, high, most))
        if len(tries[0]) > 1 or len(tries[1]) >= min(most, TELLING):
            return tries[0] or tries[1]
    tries += [_within(found, low, high) for found in _tens(low, high)]
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        if len(digits) > 1 and len(powers) > POWERS:
            break
        found = _within([_decimal(digit, power) for power in powers for digit in digits], low, high)
        tries += [found[start::stride] for stride in _strides(len(found), most) for start in range(stride)]
    some = [found for found in tries if len(found) <= most] or [[]]
    return next((found for found in some if len(found) >= min(most, TELLING)), max(some, key=len))


def _strides(count: int, most: int) -> range:
    """Return the possible distances between kept ticks, from at most `most` of them to about half as many."""
    return range(max(1, count // most), 2 * count // most + 2)


def _within(found: Sequence[tuple[float, str]], low: float, high: float) -> list[tuple[float, str]]:
    """Keep the ticks between two ends whose label is short enough."""
    return [
        (min(max(at, low), high), label)
        for at, label in found
        if low * (1 - NEAR) <= at <= high * (1 + NEAR) and len(label) <= LABEL
    ]


def _twos(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Choose evenly spaced powers of 2, if both ends are such and no label is too long."""
    first, last = round(log2(low)), round(log2(high))
    exact = abs(low / 2.0**first - 1) < NEAR and abs(high / 2.0**last - 1) < NEAR
    if not exact or first < 0 or last > 16 or last == first:
        return []
    stride = -(-(last - first + 1) // most)
    return [(2.0**power, str(2**power)) for power in range(first, last + 1, stride)]


def _tens(low: float, high: float) -> Iterator[list[tuple[float, str]]]:
    """Yield 1-2-5, 1-3-10, then ever fewer powers of 10, each from below the low end to above the high one."""
    first, last = floor(log10(low)), ceil(log10(high))
    if last - first <= 6:
        for digits in ((1, 2, 5), (1, 3)):
            yield [_decimal(digit, power) for power in range(first, last + 1) for digit in digits]
    for stride in (1, 2, 3, 4, 5, 10, 20, 50, 100, 200):
        yield [_decimal(1, power) for power in range(-(-first // stride) * stride, last + 1, stride)]


def _decimal(digit: int, power: int) -> tuple[float, str]:
    """Return digit · 10^power and its label: 0.05, 200, 1k, 20M, 5e-4, 1e15."""
    at = float(f"{digit}e{power}")
    if 0 <= power < 15:
        return at, f"{digit * 10 ** (power % 3)}{['', *'kMGT'][power // 3]}"
    if -2 <= power < 0:
        return at, f"{at:.{-power}f}"
    label = f"{digit}e{power}"
    return at, label.removeprefix("1") if len(label) > LABEL else label


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[tuple[float, str]]:
    """Choose at most `most` round numbers between two ends, with labels of at most five columns if possible.

    whole: whole numbers only.
    """
    if not (isfinite(low) and isfinite(high) and high > low):
        return []
    step = 10.0 ** floor(log10((high - low) / most))
    while (high - low) / step > most or (whole and step < 1):
        # 1, 2, 5, 10, 20 …
        step *= 2.5 if round(step / 10.0 ** floor(log10(step) + 1e-9)) == 2 else 2
    found = [number * step for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    return [(min(max(at, low), high), short(at, step)) for at in found]


def short(value: float, step: float) -> str:
    """Write a multiple of `step` in few columns: 0, 0.5, 250, 1.5k, 20M, 5e-4."""
    if abs(value) < step / 2:
        return "0"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and step >= size / 1000:
            return f"{value / size:.3f}".rstrip("0").rstrip(".") + letter
    if step >= 1:
        return f"{value:.0f}"
    if step < 1e-3:
        return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    return f"{value:.{-floor(log10(step) + 1e-9)}f}"
