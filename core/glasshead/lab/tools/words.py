"""Numbers in words, for sentences and tables: counts with their noun, shapes and vectors."""

from collections.abc import Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """Write a count with its noun: 1 head, 4 heads. many: the plural, if it is not formed with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def shape(sizes: Sequence[int]) -> str:
    """Write a shape: 2 × 5 × 4."""
    return " × ".join(map(str, sizes))


def vector(values: Sequence[float], *, form: str = "g", most: int | None = None) -> str:
    """Write a vector, (0.3 −1.2 …): each number in a format, at most `most` of them."""
    shown = " ".join(format(value, form) for value in values[:most]).replace("-", "−")
    return f"({shown}{' …' if most is not None and len(values) > most else ''})"
