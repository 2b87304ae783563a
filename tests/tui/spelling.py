"""The spelling of tokens for a reader, written once more."""

from collections.abc import Sequence


def spell(names: Sequence[str]) -> list[str]:
    """Spell the tokens of a line of a vocabulary that begins its words with ▁."""
    found: list[str] = []
    for name in names:
        if name.startswith("<0x"):
            found.append(name[3:5])
        elif name in ("<s>", "</s>"):
            found.append("▸" if name == "<s>" else "■")
        elif name[0] in "▁<" or not found or found[-1] in "▸■":
            found.append(name.removeprefix("▁"))
        else:
            found.append(f"‿{name}")
    return found
