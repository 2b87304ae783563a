"""The standing of the course, in lines or as JSON: the text twin of the lesson."""

from glasshead.lab import NAMES, page_of
from glasshead.lab.page import LETTERS
from glasshead_tui.state.course import Place
from glasshead_tui.terminal import strict_json as strict


def print_course(place: Place, *, as_json: bool) -> None:
    """Print every experiment with the user's and the numbers' answer, then the command to continue."""
    if as_json:
        content = {
            "at": place.at,
            "experiments": [
                {
                    "name": name,
                    "title": page_of(name).title,
                    "foreseen": place.answers.get(name),
                    "right": place.right.get(name),
                }
                for name in NAMES
            ],
        }
        print(strict.dumps(content, indent=1))
        return
    for number, name in enumerate(NAMES, 1):
        mark = ">" if name == place.at else " "
        print(f"{mark} {number:2}  {name:12} {page_of(name).title:34} {_standing(place, name)}".rstrip())
    if place.judged:
        print(f"\n{place.foreseen} of {len(place.judged)} as you foresaw.")
    print(f"\nglasshead lesson goes on at {place.at}, in a terminal; glasshead lab {place.at} writes it as text.")


def _standing(place: Place, name: str) -> str:
    """Describe the outcome of one experiment."""
    right = place.right.get(name)
    if right is None:
        return ""
    foreseen = place.answers.get(name)
    if foreseen is None:
        return "seen"
    return "as you foresaw" if foreseen == right else f"you foresaw {LETTERS[foreseen]}, it was {LETTERS[right]}"
