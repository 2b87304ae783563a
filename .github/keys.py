"""Write the README's table of keys anew, from the keys themselves. `--check` only says whether it is true."""

import sys
from pathlib import Path

from glasshead_tui.keys import GROUPS

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- keys -->\n", "<!-- /keys -->"


def table() -> str:
    """The keys as a table."""
    lines = ["| key | what it does |", "|---|---|"]
    for title, keys in GROUPS.items():
        lines.append(f"| **{title}** | |")
        lines += [f"| {' '.join(f'`{shown}`' for shown in key.shown.split())} | {key.meaning} |" for key in keys]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Exit status 1 where the table was not true."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    true = before + BEGIN + table() + END + rest.split(END, 1)[1]
    if "--check" not in sys.argv:
        README.write_text(true, encoding="utf-8")
    return int(true != text)


if __name__ == "__main__":
    raise SystemExit(main())
