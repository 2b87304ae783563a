"""Mistakes that a user can correct: each is a sentence that names what was given, what was expected and what to do."""


class GlassheadError(ValueError):
    """A user's mistake, described in one sentence. The command line prints it and exits with status 2."""


class TooLongError(GlassheadError):
    """A text with more tokens than the model takes. It can be cut if the user agrees."""


class ThereError(GlassheadError):
    """A file that is there already. It can be replaced if the user agrees."""


class WrongError(GlassheadError):
    """A model that fails the check at load: it does not compute what would be shown of it."""


class StoppedError(Exception):
    """The work was asked to stop before it had a result."""


LONGEST = 80
"""Characters of what a sentence quotes."""


def brief(value: object) -> str:
    """Quote a value as Python writes it, or what another library said; of a long one, both ends."""
    return shorten(str(value if isinstance(value, Exception) else repr(value)))


def shorten(text: str, most: int = LONGEST) -> str:
    """Return a text; of one with more characters, both ends."""
    return text if len(text) <= most else f"{text[: most - 20]}…{text[-19:]}"


MANY = 16
"""Names that a sentence may list."""


def nearest(given: str, known: list[str], *, what: str) -> str:
    """End a sentence about an unknown name: with the nearest known names, or with the known ones if none is near."""
    from difflib import get_close_matches

    if not known:
        return f"There is no {what} here."
    close = get_close_matches(given.lower(), known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(known[:MANY])}{f', … ({len(known):,} in all)' if len(known) > MANY else ''}."
