"""Every option that is a number, with numbers that no machine can hold: a sentence or an answer, never a traceback."""

from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Glasshead

from glasshead_tui.commands.table import app

WORDS = {
    "explore": ["tiny", "--plain", "--text", "a dog", "--steps", "1"],
    "translate": ["tiny", "a dog"],
    "trace": ["tiny", "a dog"],
    "evaluate": ["tiny", "--pairs", "pairs.tsv"],
    "heads": ["tiny", "--pairs", "pairs.tsv"],
}
WITH = {
    "translate --temperature": ["--sample"],
    "translate --top-k": ["--sample"],
    "translate --top-p": ["--sample"],
    "translate --seed": ["--sample"],
    "evaluate --length-penalty": ["--beam", "2"],
}
ENDLESS = {"translate --samples"}
"""Draws that are written as they come, for as long as anyone reads them."""


def numbers() -> list[str]:
    """List the commands with their options that are whole numbers, or others."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    found = [
        f"{name} {each.opts[0]}"
        for name, of in commands.items()
        for each in of.params
        if name in WORDS and any(kind in str(each.type_descriptor.annotation) for kind in ("int", "float"))
    ]
    assert len(found) > 12
    return sorted(set(found) - ENDLESS)


@pytest.mark.parametrize("value", ["1" + "0" * 20, "1" + "0" * 400, "-" + "9" * 20], ids=["large", "huge", "negative"])
@pytest.mark.parametrize("option", numbers())
def test_numbers_beyond_all_bounds(glasshead: Glasshead, here: Path, option: str, value: str) -> None:
    (here / "pairs.tsv").write_text("a dog\tun chien\n", encoding="utf-8")
    command, name = option.split()
    result = glasshead(command, *WORDS[command], *WITH.get(option, []), name, value)
    assert result.status in (0, 2)
    assert bool(result.err) == (result.status == 2)
    assert len(result.err) < 1000
