"""The one door through which untrusted text reaches the terminal.

Tokens, prompts, paths, metadata and the texts of exceptions come from files and people. A terminal obeys its input: an
escape sequence in a vocabulary could clear the screen or write the clipboard, a bidi control could reverse a number.
`visible` lets no character act: each one stands for itself, or is spelled out.
"""

import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size

from glasshead_tui.widgets.cells import clip, fit

__all__ = ["clip", "fit", "visible"]

_ARROWS = {"\n": "↵", "\t": "⇥"}
_SPELLED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BASE = "◌"

# Letters and marks that Unicode calls default-ignorable: they are drawn as nothing, and would go unnoticed.
_INVISIBLE = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
# Halves of flags and tones of skin: terminals disagree on their columns.
_JOINING = (*range(0x1F1E6, 0x1F200), *range(0x1F3FB, 0x1F400))
_UNCLEAR = frozenset(_INVISIBLE + _JOINING)


def visible(text: str) -> str:
    """Make text safe for a terminal, without hiding anything; `visible(visible(x)) == visible(x)`.

    C0 controls become their pictures (␛ ␀ …, and ↵ ⇥ for line feed and tab). DEL, C1, bidi controls, zero-width and
    other invisible characters, surrogates, line and paragraph separators, private and unassigned ones, and those whose
    width depends on their neighbours become `<U+XXXX>`. A combining mark with nothing before it stands on ◌.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    alone = True  # a combining mark could not join anything here
    for character in text:
        drawn = _drawn(character)
        if drawn != character:
            shown.append(drawn)
            alone = True
        elif unicodedata.category(character)[0] == "M":
            shown.append(_BASE + character if alone else character)
            alone = False
        else:
            shown.append(character)
            alone = character.isspace()
    return "".join(shown)


@lru_cache(maxsize=4096)
def _drawn(character: str) -> str:
    """Return the character if a terminal only draws it, or its replacement."""
    code = ord(character)
    if code < 0x20:
        return _ARROWS.get(character, chr(0x2400 + code))
    category = unicodedata.category(character)
    nothing_wide = category[0] != "M" and get_character_cell_size(character) == 0
    if category in _SPELLED or code in _UNCLEAR or nothing_wide:
        return f"<U+{code:04X}>"
    return character
