"""What a pane looks like, without what the last bits of a number decide."""

import re
from collections.abc import Iterable

NUMBER = re.compile(r" *[−-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:e[−-]?\d+)?")
BARS = re.compile(r" *[▀-▟][▀-▟ ]*")


def still(lines: Iterable[str]) -> str:
    """Write `#` for each number, with the spaces before it, and one bar for a row of bars."""
    return "\n".join(BARS.sub("▂", NUMBER.sub("#", line)).rstrip() for line in lines)
