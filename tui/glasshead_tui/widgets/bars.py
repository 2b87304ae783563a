"""A fraction as a horizontal bar, in eighths of a column."""

PARTS = " ▏▎▍▌▋▊▉█"


def bar(fraction: float, columns: int) -> str:
    """Draw a bar of `fraction` (0 … 1) of `columns`; anything above zero shows at least an eighth."""
    eighths = round(min(1.0, max(0.0, fraction)) * columns * 8)
    if eighths == 0:
        return PARTS[1] if fraction > 0 and columns else ""
    whole, rest = divmod(eighths, 8)
    return PARTS[8] * whole + (PARTS[rest] if rest else "")
