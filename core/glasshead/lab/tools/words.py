"""Numbers in words: counts with their noun, shapes and vectors, as sentences and tables have them."""

from collections.abc import Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """1 head, 4 heads: the noun's plural is given where it has more than an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def shape(sizes: Sequence[int]) -> str:
    """2 × 5 × 4."""
    return " × ".join(map(str, sizes))


def vector(values: Sequence[float], *, form: str = "g", most: int | None = None) -> str:
    """(0.3 −1.2 …): every number by a format, no more of them than `most`."""
    shown = " ".join(format(value, form) for value in values[:most]).replace("-", "−")
    return f"({shown}{' …' if most is not None and len(values) > most else ''})"
