"""White space, in one definition: that of Unicode. Python's has four more control characters."""

WHITE_SPACE = "".join(
    map(chr, (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
"""All characters of Unicode's property White_Space."""
_PLAIN = str.maketrans(dict.fromkeys(WHITE_SPACE, " "))


def plain_spaces(text: str) -> str:
    """Replace every white space, also a line break, by a space, as a vocabulary does."""
    return text.translate(_PLAIN)


def is_blank(text: str) -> bool:
    """Tell whether a text is empty or only white space."""
    return not text.strip(WHITE_SPACE)
