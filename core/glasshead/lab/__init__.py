"""The lab: claims of the paper and its teachers about the Transformer, as experiments on real numbers.

An experiment is a pure function in its own file here. It returns a frozen dataclass of plain numbers: the same
arguments give the same result. Its description (the claim, the question, the tables and plots) is a `Page`, in pages/.
Reading the pages does not import torch; running an experiment does.

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
"""Names of the experiments, in the order of the course."""


def page_of(name: str) -> Page:
    """Return the page of an experiment. Raises GlassheadError for an unknown name and suggests the nearest one."""
    if name not in NAMES:
        raise GlassheadError(
            f"There is no experiment {name!r}. {nearest(name, list(NAMES), what='experiment')}"
            " `glasshead lab` lists them."
        )
    found: Page = import_module(f"glasshead.lab.pages.{name}").PAGE
    return found


def all_pages() -> tuple[Page, ...]:
    """Return all pages, in order."""
    return tuple(page_of(name) for name in NAMES)
