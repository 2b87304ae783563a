"""The lab: what the paper and its teachers claim of the Transformer, as experiments on real numbers.

An experiment is a pure function in a file of its own here, which returns a frozen dataclass of plain numbers: the same
arguments give the same result. How it is told (the claim, the question before it, the tables and plots after it) is a
`Page`, in pages/. Knowing the pages costs no torch; running an experiment does.

    from glasshead.lab.scaling import scaling

    found = scaling(d_k=512, subject=glasshead.load("english-french"))
    found.widths[-1].plain.variance                                                           # of q·k: about 512
"""

from importlib import import_module

from glasshead.errors import GlassheadError, nearest
from glasshead.lab.page import Page

NAMES = (
    "attention",
    "scaling",
    "heads",
    "complexity",
    "block",
    "norms",
    "positions",
    "warmup",
    "masking",
    "subwords",
)
"""In the order of the course."""


def page_of(name: str) -> Page:
    """The page of an experiment. Raises GlassheadError for a name that is none, with the nearest one."""
    if name not in NAMES:
        raise GlassheadError(
            f"There is no experiment {name!r}. {nearest(name, list(NAMES), what='experiment')}"
            " `glasshead lab` lists them."
        )
    found: Page = import_module(f"glasshead.lab.pages.{name}").PAGE
    return found


def all_pages() -> tuple[Page, ...]:
    """All of them, in order."""
    return tuple(page_of(name) for name in NAMES)
