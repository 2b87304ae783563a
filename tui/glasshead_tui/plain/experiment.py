"""An experiment on the command line: what there is to know, the user's answer, the numbers' answer, the claim."""

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glasshead.lab import all_pages
from glasshead.lab.page import Page, Value
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal import strict_json as strict

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request to show one experiment."""

    page: Page
    values: dict[str, Value]
    checkpoint: str
    """The trained model, if the experiment needs one."""
    answer: int | None
    """The user's answer, if it was given on the command line."""
    anew: bool
    """Whether to run the experiment even if a result ships with the program."""
    as_json: bool


def print_list(*, as_json: bool) -> None:
    """Print the list of the experiments."""
    if as_json:
        print(strict.dumps([_described(each) for each in all_pages()], indent=2))
        return
    from glasshead_tui.plain.exhibits import console, listing

    console().print(listing(all_pages()))
    print("\nglasshead lab NAME runs one, glasshead lesson walks through all of them on the screen.")


def describe_outcome(asked: Asked, outcome: Outcome) -> dict[str, Any]:
    """Collect everything for a program."""
    from glasshead.lab.record import plain

    return {
        "experiment": asked.page.name,
        "claim": asked.page.claim,
        "values": outcome.values,
        **({"model": asked.checkpoint} if asked.page.model and outcome.made_on is None else {}),
        "seconds": outcome.seconds,
        "made_on": outcome.made_on,
        "question": asked.page.question.text,
        "answers": list(asked.page.question.answers),
        "foreseen": asked.answer,
        "right": outcome.verdict.answer,
        "finding": outcome.verdict.sentence,
        "result": plain(outcome.result),
    }


def introduce(page: Page, width: int) -> None:
    """Print the page up to its question."""
    width = min(width, 100)
    print(f"{page.name} · {page.title}\n")
    for paragraph in page.paragraphs[:2]:  # the third explains where to look in a result
        print(textwrap.fill(paragraph, width), end="\n\n")
    print(textwrap.fill(page.question.text, width))
    for mark, answer in zip(page.question.letters, page.question.answers, strict=True):
        print(textwrap.fill(f"  {mark}  {answer}", width, subsequent_indent="     "), flush=True)


def _described(page: Page) -> dict[str, Any]:
    """Describe a page for a program."""
    return {
        "name": page.name,
        "title": page.title,
        "claim": page.claim,
        "paragraphs": list(page.paragraphs),
        "question": page.question.text,
        "answers": list(page.question.answers),
        "sources": list(page.sources),
        "model": page.model,
        "trained": page.trained,
        "controls": [
            {
                "name": each.name,
                "help": each.help,
                "usual": each.usual,
                "quick": each.of("quick"),
                "full": each.of("full"),
                "stops": list(each.stops),
                "least": each.least,
                "most": each.most,
            }
            for each in page.controls
        ],
    }
