"""What a worker opens, and what it tells of it: the model, the one that stands beside it, and how they were opened."""

from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError
from glasshead_tui.work.messages import About

if TYPE_CHECKING:
    from glasshead.found import Found
    from glasshead.subjects import Subject


def open_subject(found: "Found") -> "Subject":
    """Open a model. Raises GlassheadError if it cannot be opened, or has no attention to be explored."""
    subject = found.open()
    if not subject.kinds:
        raise GlassheadError(f"{subject.name} has no attention: there is nothing to explore in it.")
    return subject


def describe(subject: "Subject") -> About:
    """Collect what the screen tells of a model."""
    prompted = all((kind.stack, kind.kind) == ("decoder", "self") for kind in subject.kinds)
    return About(
        name=subject.name, facts=subject.facts, limit=subject.limit, examples=subject.examples, prompted=prompted
    )


def find_again(place: str, beside: "Found") -> "Found":
    """Find the model that stood beside another when a session was kept. Raises GlassheadError if it is gone."""
    from glasshead.found import find_beside
    from glasshead.opening import AS_IT_IS

    try:
        return find_beside(place, getattr(beside, "opening", AS_IT_IS))
    except GlassheadError as error:
        raise GlassheadError(f"The model that stood beside this line is gone. {error}") from None


def write_loading(found: "Found", subject: "Subject") -> str:
    """Write the expression that opens a subject as it was opened."""
    opening = getattr(found, "opening", None)
    given = "" if opening is None else "".join(f", {name}={getattr(opening, name)!r}" for name in opening.given)
    return f"glasshead.load({str(subject.folder or subject.name)!r}{given})"
