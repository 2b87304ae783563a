"""Write the README's tables of keys from the keys themselves. `--check` only tells whether they are up to date."""

import sys
from pathlib import Path

from glasshead_tui.state.keymaps import EXPLORE as GROUPS
from glasshead_tui.state.keymaps import LAB, WATCH
from glasshead_tui.state.keys import Groups

README = Path(__file__).resolve().parents[1] / "README.md"
TABLES = {"keys": GROUPS, "lab keys": LAB, "watch keys": WATCH}


def table(groups: Groups) -> str:
    """Format keys as a table."""
    lines = ["| key | what it does |", "|---|---|"]
    for title, keys in groups.items():
        lines.append(f"| **{title}** | |")
        lines += [f"| {' '.join(f'`{shown}`' for shown in key.shown.split())} | {key.meaning} |" for key in keys]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Update the tables; return 1 if one was out of date."""
    text = README.read_text(encoding="utf-8")
    true = text
    for name, groups in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = true.split(begin)
        true = before + begin + table(groups) + end + rest.split(end, 1)[1]
    if "--check" not in sys.argv:
        README.write_text(true, encoding="utf-8")
    return int(true != text)


if __name__ == "__main__":
    raise SystemExit(main())
